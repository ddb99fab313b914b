//! What changed between two texts, word by word.

use similar::{Algorithm, DiffOp, capture_diff_slices};

use crate::text::is_spaceless;

/// A stretch of one of two texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change<'a> {
    Same(&'a str),
    Removed(&'a str),
    Added(&'a str),
}

/// Words of both sides that are compared one by one; of more than this the paragraphs are.
const LONGEST: usize = 6_000;

/// The way from `old` to `new`. Paragraphs are compared first, then the words of those that differ.
pub fn diff<'a>(old: &'a str, new: &'a str) -> Vec<Change<'a>> {
    let (a, b) = (paragraphs(old), paragraphs(new));
    let mut changes = Vec::new();
    for op in capture_diff_slices(Algorithm::Patience, &a, &b) {
        let (of_old, of_new) = (op.old_range(), op.new_range());
        let before = joined(old, a.get(of_old).unwrap_or_default());
        let after = joined(new, b.get(of_new).unwrap_or_default());
        match op {
            DiffOp::Equal { .. } => push(&mut changes, Change::Same(after)),
            DiffOp::Delete { .. } => push(&mut changes, Change::Removed(before)),
            DiffOp::Insert { .. } => push(&mut changes, Change::Added(after)),
            DiffOp::Replace { .. } => words_changed(before, after, &mut changes),
        }
    }
    changes
}

fn words_changed<'a>(old: &'a str, new: &'a str, changes: &mut Vec<Change<'a>>) {
    let (a, b) = (words(old), words(new));
    if a.len() + b.len() > LONGEST {
        push(changes, Change::Removed(old));
        push(changes, Change::Added(new));
        return;
    }
    for op in capture_diff_slices(Algorithm::Patience, &a, &b) {
        let before = joined(old, a.get(op.old_range()).unwrap_or_default());
        let after = joined(new, b.get(op.new_range()).unwrap_or_default());
        if let DiffOp::Equal { .. } = op {
            push(changes, Change::Same(after));
        } else {
            push(changes, Change::Removed(before));
            push(changes, Change::Added(after));
        }
    }
}

fn push<'a>(changes: &mut Vec<Change<'a>>, change: Change<'a>) {
    let (Change::Same(text) | Change::Removed(text) | Change::Added(text)) = change;
    if !text.is_empty() {
        changes.push(change);
    }
}

/// The piece of `whole` from the first part to the last; they stand one behind the other in it.
fn joined<'a>(whole: &'a str, parts: &[&'a str]) -> &'a str {
    let start = parts.first().map(|part| part.as_ptr() as usize - whole.as_ptr() as usize);
    let length: usize = parts.iter().map(|part| part.len()).sum();
    start.and_then(|start| whole.get(start..start + length)).unwrap_or_default()
}

/// Lines with their ends.
fn paragraphs(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

/// Words, single characters of scripts without spaces, white space and punctuation.
fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let class = |c: char| match c {
            _ if is_spaceless(c) => 0,
            _ if c.is_alphanumeric() => 1,
            _ if c.is_whitespace() => 2,
            _ => 3,
        };
        let end = match class(first) {
            kind @ (1 | 2) => rest.find(|c| class(c) != kind).unwrap_or(rest.len()),
            _ => first.len_utf8(),
        };
        let (word, behind) = rest.split_at_checked(end).unwrap_or((rest, ""));
        words.push(word);
        rest = behind;
    }
    words
}
