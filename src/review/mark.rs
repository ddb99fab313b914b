//! Where in a text stands what was matched and what is looked for.

use super::{query::Phrase, tokens};
use crate::{
    text::fold,
    topic::{Field, Match},
};

/// A stretch of a text to be marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark {
    /// In bytes.
    pub start: usize,
    pub end: usize,
    /// Looked for, rather than matched by a topic.
    pub is_sought: bool,
}

/// The marks of one field of a record, in order and apart from each other. Where a match of the
/// topic and a match of the query meet, the query wins.
pub fn marks(text: &str, field: Field, matches: &[Match], phrases: &[&Phrase]) -> Vec<Mark> {
    let mut all = Vec::new();
    for phrase in phrases {
        sought(text, phrase, &mut all);
    }
    matched(text, field, matches, &mut all);
    // What is sought comes first among those that begin alike.
    all.sort_by_key(|mark| (mark.start, !mark.is_sought, std::cmp::Reverse(mark.end)));
    let mut apart: Vec<Mark> = Vec::new();
    for mark in all {
        match apart.last_mut() {
            Some(last) if mark.start < last.end => {
                if mark.is_sought && !last.is_sought {
                    // The rest of the topic's match is given up.
                    last.end = mark.start;
                    apart.push(mark);
                } else if mark.is_sought == last.is_sought {
                    last.end = last.end.max(mark.end);
                }
            }
            _ => apart.push(mark),
        }
    }
    apart.retain(|mark| mark.start < mark.end);
    apart
}

fn matched(text: &str, field: Field, matches: &[Match], marks: &mut Vec<Mark>) {
    let mut points: Vec<u32> = matches
        .iter()
        .filter(|found| found.field == field)
        .flat_map(|found| [found.start, found.end])
        .collect();
    if points.is_empty() {
        return;
    }
    points.sort_unstable();
    points.dedup();
    // From code points to bytes, in one pass.
    let ends = (0_u32..).zip(text.char_indices().map(|(at, _)| at).chain([text.len()]));
    let mut bytes = Vec::with_capacity(points.len());
    let mut wanted = points.iter().peekable();
    for (point, at) in ends {
        if wanted.next_if(|wanted| **wanted == point).is_some() {
            bytes.push(at);
        }
    }
    let byte = |point: u32| points.binary_search(&point).ok().and_then(|at| bytes.get(at).copied());
    for found in matches.iter().filter(|found| found.field == field) {
        if let (Some(start), Some(end)) = (byte(found.start), byte(found.end)) {
            marks.push(Mark { start, end, is_sought: false });
        }
    }
}

fn sought(text: &str, phrase: &Phrase, marks: &mut Vec<Mark>) {
    let folded = fold(text);
    let found: Vec<tokens::Token<'_>> = tokens::tokens(folded.as_str()).collect();
    let count = phrase.tokens.len();
    for window in found.windows(count.max(1)) {
        let fits = window.iter().zip(&phrase.tokens).enumerate().all(|(at, (token, wanted))| {
            if phrase.is_prefix && at + 1 == count {
                token.text.starts_with(wanted.as_str())
            } else {
                token.text == wanted
            }
        });
        let (true, Some(first), Some(last)) = (fits, window.first(), window.last()) else {
            continue;
        };
        // Of a pair that begins with the one character looked for, only that one is meant.
        let wanted = phrase.tokens.last().map_or(0, String::len);
        let is_pair = last.text.chars().next().is_some_and(crate::text::is_spaceless);
        let end = if is_pair { last.start + wanted.min(last.text.len()) } else { last.end() };
        let range = folded.original_range(text, first.start..end);
        marks.push(Mark { start: range.start, end: range.end, is_sought: true });
    }
}

/// A piece of a text around its first marks: at most about `most` characters, whole words, and the
/// marks within, counted from its start.
pub fn excerpt<'a>(text: &'a str, marks: &[Mark], most: usize) -> (&'a str, Vec<Mark>) {
    let first = marks.iter().find(|mark| mark.is_sought).or_else(|| marks.first());
    let at = first.map_or(0, |mark| mark.start);
    let before = text.get(..at).unwrap_or_default();
    // A mark near the beginning is shown with the beginning.
    let far = before.char_indices().rev().nth(most / 2).is_some();
    let back = before.char_indices().rev().nth(most / 3).map_or(0, |(at, _)| at);
    let window = before.get(back..).unwrap_or_default();
    let start = match (far, beginning(window)) {
        (false, _) => 0,
        (true, Some(at)) => back + at,
        (true, None) => back + window.find(char::is_whitespace).map_or(0, |space| space + 1),
    };
    let rest = text.get(start..).unwrap_or_default();
    let end = match rest.char_indices().nth(most) {
        None => text.len(),
        Some((length, _)) => {
            let cut = rest.get(..length).unwrap_or_default();
            let space = cut.rfind(char::is_whitespace).filter(|space| *space > length / 2);
            start + space.unwrap_or(length)
        }
    };
    let inside = marks.iter().filter(|mark| mark.start >= start && mark.end <= end);
    let inside = inside
        .map(|mark| Mark { start: mark.start - start, end: mark.end - start, ..*mark })
        .collect();
    (text.get(start..end).unwrap_or_default(), inside)
}

/// Where the last paragraph or sentence of a text begins.
fn beginning(text: &str) -> Option<usize> {
    let ends = ["\n\n", ". ", "! ", "? ", "。", "؟ ", "। "];
    ends.iter().filter_map(|end| text.rfind(end).map(|at| at + end.len())).max()
}
