//! Which part of an article a place belongs to. Pages leave headlines of other stories in the
//! text; what stands there must not make an article relevant.

use super::Place;
use crate::text::fold;

/// Where the parts of a field end, in bytes of its folded form.
pub(super) struct Layout {
    headline: usize,
    lead: usize,
    /// In order, apart from each other.
    asides: Vec<(usize, usize)>,
}

impl Layout {
    pub(super) const TITLE: Self = Self { headline: usize::MAX, lead: 0, asides: Vec::new() };
    pub(super) const SUMMARY: Self = Self { headline: 0, lead: usize::MAX, asides: Vec::new() };

    /// `lead` in code points; `title` as given, empty where there is none: then the first sentence
    /// is the title.
    pub(super) fn of_text(folded: &str, title: &str, lead: usize) -> Self {
        let headline =
            if title.trim().is_empty() { first_sentence(folded, LONGEST_HEADLINE) } else { 0 };
        // Many pages repeat the title above the text; the lead begins behind it.
        let title = fold(title);
        let begin = match folded.strip_prefix(title.as_str()) {
            Some(_) if headline == 0 => title.as_bytes().len(),
            _ => headline,
        };
        let lines = lines(folded, begin);
        let prose = lines.iter().filter(|line| !line.is_aside);
        let length: usize = prose.map(|line| line.characters - line.tail_characters).sum();
        // The second half of a short text is no lead.
        let mut left = lead.min(length / 2);
        let mut lead_end = begin;
        for line in lines.iter().filter(|line| !line.is_aside) {
            let text = folded.get(line.start..line.end).unwrap_or_default();
            if lead_end == begin {
                let sentence = line.start + first_sentence(text, lead);
                lead_end = sentence.max(line.start + byte_of_char(text, left));
            } else if left > 0 {
                lead_end = lead_end.max(line.start + byte_of_char(text, left));
            }
            left = left.saturating_sub(line.characters);
            if left == 0 {
                break;
            }
        }
        let asides = lines.iter().filter_map(|line| {
            let start = if line.is_aside { Some(line.start) } else { line.tail };
            Some((start?, line.end))
        });
        Self { headline, lead: lead_end, asides: asides.collect() }
    }

    pub(super) fn place(&self, at: usize) -> Place {
        let next = self.asides.partition_point(|(_, end)| *end <= at);
        let is_aside = self.asides.get(next).is_some_and(|(start, _)| *start <= at);
        match at {
            _ if at < self.headline => Place::Title,
            _ if is_aside => Place::Aside,
            _ if at < self.lead => Place::Lead,
            _ => Place::Body,
        }
    }
}

/// Code points.
const LONGEST_HEADLINE: usize = 200;

/// Code points; a longer line is a paragraph even without a full stop.
const LONGEST_ASIDE: usize = 160;

/// Code points of several headlines in one line, in a text that ends its sentences.
const LONGEST_ASIDES: usize = 400;

/// Code points of the sentences before what a page runs on.
const SHORTEST_PROSE: usize = 60;

/// So many lines without the end of a sentence may stand before the text: a date, a standfirst.
/// More are headlines.
const MOST_STANDFIRSTS: usize = 2;

/// A line with something in it.
struct Line {
    start: usize,
    end: usize,
    characters: usize,
    is_aside: bool,
    /// Where what follows its last whole sentence begins, if that is no sentence: headlines that
    /// the page runs on.
    tail: Option<usize>,
    tail_characters: usize,
}

/// The lines of `text` from `begin` on, those marked that are no prose.
fn lines(text: &str, begin: usize) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut kinds = Vec::new();
    let mut end = begin;
    for line in text.get(begin..).unwrap_or_default().split_inclusive('\n') {
        let start = end;
        end += line.len();
        let trimmed = line.trim_end();
        if trimmed.is_empty() {
            continue;
        }
        let kind = Kind::of(trimmed);
        kinds.push(kind);
        let characters = trimmed.chars().count();
        lines.push(Line {
            start,
            end,
            characters,
            is_aside: false,
            tail: None,
            tail_characters: 0,
        });
    }
    let ended: usize = characters(&lines, &kinds, |kind| kind == Kind::Sentences);
    let all: usize = lines.iter().map(|line| line.characters).sum();
    let longest = if ended * 4 > all { LONGEST_ASIDES } else { LONGEST_ASIDE };
    let is_open = |line: &Line, kind: Kind| kind == Kind::Open && line.characters <= longest;
    let opens: Vec<bool> =
        lines.iter().zip(&kinds).map(|(line, kind)| is_open(line, *kind)).collect();
    let Some(first) =
        opens.iter().zip(&kinds).position(|(open, kind)| !open && *kind != Kind::Exclamation)
    else {
        return lines;
    };
    for (at, line) in lines.iter_mut().enumerate() {
        let open = |at: usize| opens.get(at).copied().unwrap_or_default();
        let kind = kinds.get(at).copied().unwrap_or(Kind::Sentences);
        // A headline may ask: a question between headlines is one.
        let asks = kind == Kind::Exclamation
            && line.characters <= LONGEST_ASIDE
            && (open(at + 1) || at.checked_sub(1).is_some_and(open));
        line.is_aside = (open(at) || asks) && (at > first || first > MOST_STANDFIRSTS);
        if kind == Kind::Mixed {
            let content = text.get(line.start..line.end).unwrap_or_default();
            let tail = last_sentence_end(content);
            let before = content.get(..tail).unwrap_or_default().chars().count();
            let behind = line.characters.saturating_sub(before);
            // `MOSCOW, Jan. 6` ends no sentence.
            if before >= SHORTEST_PROSE && behind <= longest {
                line.tail = Some(line.start + tail);
                line.tail_characters = behind;
            }
        }
    }
    lines
}

fn characters(lines: &[Line], kinds: &[Kind], wanted: impl Fn(Kind) -> bool) -> usize {
    let both = lines.iter().zip(kinds).filter(|(_, kind)| wanted(**kind));
    both.map(|(line, _)| line.characters).sum()
}

/// How a line ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// In a full stop.
    Sentences,
    /// It is one sentence that asks or calls.
    Exclamation,
    /// Without the end of a sentence, and with none before.
    Open,
    /// Without the end of a sentence, behind whole ones.
    Mixed,
}

impl Kind {
    fn of(line: &str) -> Self {
        let closed = line.trim_end_matches(['"', '\'', ')', '»', '”', '」', '』', ']']);
        let has_more = |text: &str| last_sentence_end(text) > 0;
        let Some(last) = closed.chars().next_back() else { return Self::Open };
        let inside = closed.get(..closed.len() - last.len_utf8()).unwrap_or_default();
        match last {
            '?' | '!' | '？' | '！' | '؟' if !has_more(inside) => Self::Exclamation,
            '.' | '!' | '?' | '…' | '。' | '！' | '？' | '।' | '؟' | '։' | ':' => {
                Self::Sentences
            }
            _ if has_more(line) && !line.contains(" | ") => Self::Mixed,
            _ => Self::Open,
        }
    }
}

/// Behind the last end of a sentence in `text`, with the quotes that close it.
fn last_sentence_end(text: &str) -> usize {
    let ends = text.char_indices().rev().find(|(at, c)| ends_sentence(text, *at, *c));
    ends.map_or(0, |(at, c)| at + c.len_utf8())
}

/// Where the first sentence ends, or so many code points.
fn first_sentence(text: &str, most: usize) -> usize {
    let begin = text.len() - text.trim_start().len();
    text.char_indices()
        .take(most)
        .find(|(at, c)| *at >= begin && (*c == '\n' || ends_sentence(text, *at, *c)))
        .map_or_else(|| byte_of_char(text, most), |(at, c)| at + c.len_utf8())
}

fn byte_of_char(text: &str, count: usize) -> usize {
    text.char_indices().nth(count).map_or(text.len(), |(at, _)| at)
}

fn ends_sentence(text: &str, at: usize, c: char) -> bool {
    match c {
        '。' | '！' | '？' | '।' | '؟' | '։' | '\n' => true,
        '.' | '!' | '?' | '…' => text
            .get(at + c.len_utf8()..)
            .is_none_or(|rest| !rest.starts_with(char::is_alphanumeric)),
        _ => false,
    }
}
