//! What a reviewer asks for: words, phrases, prefixes and fields, joined by AND, OR, NOT.

mod date;
mod lex;
mod parse;
#[cfg(test)]
mod tests;

use std::ops::Range;

use jiff::Timestamp;

use super::{names::Kind, tokens};
use crate::text::fold;

/// A query as it was written, and what it means.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    text: String,
    pub(super) root: Node,
    parts: Vec<Part>,
}

/// What a query asks for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    Text(Phrase),
    Filter(Filter),
}

/// A condition at the top of a query: they all hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// In bytes of the query.
    pub span: Range<usize>,
    /// Of `lang:ru`, `lang`.
    pub field: Option<&'static str>,
}

/// Tokens that stand one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phrase {
    pub(super) column: Option<Column>,
    pub(super) tokens: Vec<String>,
    /// The last token only begins so.
    pub(super) is_prefix: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    Title,
    Byline,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Filter {
    /// One of the values.
    Name(Kind, Vec<String>),
    /// Seconds since 1970.
    From(i64),
    /// Not this second any more.
    Before(i64),
    /// An id: of the story's first record, or of any of its records.
    Cluster(String),
    Is(Is),
    Status(Status),
    /// Tenths.
    Score(u16),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Is {
    Original,
    Duplicate,
    Copy,
    Abridged,
    Extended,
    Excerpt,
    Revision,
    Replaced,
    Latest,
    /// By the place in the list of statuses.
    Text(u8),
}

/// Where a record stands in the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    Open,
    Reviewed,
    Flagged,
    NotRelevant,
    /// There is a note, whatever else.
    Noted,
}

impl Status {
    /// As a query writes it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Reviewed => "reviewed",
            Self::Flagged => "flagged",
            Self::NotRelevant => "not-relevant",
            Self::Noted => "noted",
        }
    }
}

/// What is wrong with a query, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}{}", help.as_ref().map(|help| format!("; {help}")).unwrap_or_default())]
pub struct QueryError {
    pub message: String,
    pub help: Option<String>,
    /// In bytes of the query.
    pub span: Range<usize>,
}

impl QueryError {
    /// The query with a line of carets below what is wrong.
    pub fn pointed(&self, query: &str) -> String {
        let before = query.get(..self.span.start).unwrap_or_default();
        let wrong = query.get(self.span.clone()).unwrap_or_default();
        let carets = "^".repeat(super::width(wrong).max(1));
        format!("{query}\n{}{carets} {}", " ".repeat(super::width(before)), self.message)
    }
}

impl Query {
    /// Reads a query; an empty one asks for everything. `now` is what `after:7d` counts from.
    pub fn parse(text: &str, now: Timestamp) -> Result<Self, QueryError> {
        let (root, parts) = parse::parse(text, now)?;
        Ok(Self { text: text.to_owned(), root, parts })
    }

    /// Asks for everything.
    pub fn all() -> Self {
        Self { text: String::new(), root: Node::All(Vec::new()), parts: Vec::new() }
    }

    /// Whether another query means the same.
    pub(super) fn asks_as(&self, other: &Self) -> bool {
        self.root == other.root
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// The conditions that all have to hold.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The query without one of its parts.
    pub fn without(&self, part: &Part) -> String {
        let before = self.text.get(..part.span.start).unwrap_or_default().trim_end();
        let after = self.text.get(part.span.end..).unwrap_or_default().trim_start();
        [before, after].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" ")
    }

    /// The query with a condition more, which takes the place of those on the same field.
    pub fn with(&self, field: &str, value: &str) -> String {
        let mut text = self.text.clone();
        let same = self.parts.iter().rev().filter(|part| part.field == Some(field));
        for part in same {
            let before = text.get(..part.span.start).unwrap_or_default().trim_end();
            let after = text.get(part.span.end..).unwrap_or_default().trim_start();
            text = [before, after].join(" ");
        }
        let mut text = text.trim().to_owned();
        if matches!(self.root, Node::Any(_)) {
            text = format!("({text})");
        }
        if !text.is_empty() {
            text.push(' ');
        }
        text + &condition(field, value)
    }

    /// The texts that are looked for and not excluded, to mark them.
    pub fn phrases(&self) -> Vec<&Phrase> {
        let mut phrases = Vec::new();
        self.root.collect(&mut phrases);
        phrases
    }
}

/// `field:value`, the value in quotes where it needs them.
pub fn condition(field: &str, value: &str) -> String {
    let plain = value.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_'));
    let value = value.replace('"', "");
    if plain && !value.is_empty() {
        format!("{field}:{value}")
    } else {
        format!("{field}:\"{value}\"")
    }
}

impl Node {
    fn collect<'a>(&'a self, phrases: &mut Vec<&'a Phrase>) {
        match self {
            Self::All(nodes) | Self::Any(nodes) => {
                for node in nodes {
                    node.collect(phrases);
                }
            }
            Self::Text(phrase) => phrases.push(phrase),
            Self::Not(_) | Self::Filter(_) => {}
        }
    }
}

impl Phrase {
    /// The tokens of a text that is looked for; `None` where there is no letter and no digit in it.
    /// `is_prefix` where a `*` stands behind it.
    pub(super) fn new(text: &str, column: Option<Column>, is_prefix: bool) -> Option<Self> {
        let folded = fold(text);
        let mut found: Vec<tokens::Token<'_>> = tokens::tokens(folded.as_str()).collect();
        let last = found.last()?;
        // The closing character of a run goes on in the text, unless it is all there is.
        let (tail, start) = (last.is_tail, last.start);
        let before = found.len().checked_sub(2).and_then(|at| found.get(at));
        let is_within = before.is_some_and(|pair| !pair.is_tail && pair.end() > start);
        if tail && is_within {
            found.pop();
        }
        Some(Self {
            column,
            tokens: found.iter().map(|token| token.text.to_owned()).collect(),
            is_prefix: if tail { !is_within } else { is_prefix },
        })
    }
}
