//! Does this text concern us, and by which words.
//!
//! A topic file names concepts (terms by language) and rules over concepts. A text is folded once
//! and passed once through one automaton over all terms of all topics; what stands in the text is
//! then judged by each topic's rules. Terms are looked for in every text, whatever its language: a
//! page mixes languages, and a title is too short to tell. A term that means something else in
//! another language goes under `only`.

mod explain;
mod judge;
#[cfg(test)]
mod labelled;
mod layout;
mod lint;
mod matcher;
mod parse;
mod reason;
mod scan;
mod term;
#[cfg(test)]
mod tests;

pub use explain::{Explanation, Found, RuleTrace, explain};

use std::ops::Range;

use jiff::{Timestamp, civil::Date};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::fault::Fault;

/// What is judged. Offsets in the outcome count code points of the field as given here.
#[derive(Debug, Clone, Copy, Default)]
pub struct Text<'a> {
    pub title: &'a str,
    pub summary: &'a str,
    pub text: &'a str,
    /// BCP 47, detected.
    pub language: Option<&'a str>,
    pub url: Option<&'a str>,
    /// Of the feed or the metadata, never of the visible page.
    pub published: Option<Timestamp>,
}

#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    Relevant,
    Passing,
    Irrelevant,
}

#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Field {
    /// The headline.
    Title,
    /// The summary.
    Summary,
    /// The text.
    Text,
}

/// One occurrence of a term.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Match {
    /// The term as the topic file writes it.
    pub term: String,
    /// The concept the term belongs to.
    pub group: String,
    /// Where the term was found.
    pub field: Field,
    /// First code point of the occurrence in the field.
    pub start: u32,
    /// One past its last code point.
    pub end: u32,
    /// The characters there.
    pub matched: String,
}

/// What one topic says of one text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Judgement {
    pub topic: String,
    pub outcome: Outcome,
    pub score: f32,
    /// One readable sentence.
    pub reason: String,
    /// Names of the rules that held.
    pub rules: Vec<String>,
    pub matches: Vec<Match>,
    /// For a text that is not relevant: the concepts that were looked for and not found.
    pub missing: Vec<String>,
}

/// A commented topic file to start from.
pub const TEMPLATE: &str = include_str!("template.toml");

/// What to look for: one topic file, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Topic {
    id: String,
    name: String,
    description: String,
    threshold: f32,
    threshold_span: Range<usize>,
    passing: f32,
    boost: Boost,
    lead: usize,
    window: Option<Window>,
    concepts: Vec<Concept>,
    rules: Vec<Rule>,
    ignores: Vec<Ignore>,
}

impl Topic {
    /// Reads a topic file, or gives all its faults at once.
    pub fn parse(toml_text: &str) -> Result<Self, Vec<Fault>> {
        parse::parse(toml_text)
    }

    /// What is allowed in the file and probably not meant: short and shadowed terms, rules that
    /// never hold, concepts without terms for a language of the feeds (BCP 47).
    pub fn lints(&self, feed_languages: &[&str]) -> Vec<Fault> {
        lint::lints(self, feed_languages)
    }

    /// Small letters, digits, `-` and `_`.
    pub fn id(&self) -> &str {
        &self.id
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn description(&self) -> &str {
        &self.description
    }
}

/// All topics, compiled into one automaton.
#[derive(Debug, Clone)]
pub struct Topics {
    topics: Vec<Topic>,
    matcher: matcher::Matcher,
}

impl Topics {
    /// Compiles `topics`. Fails only where their terms together are too many for an automaton.
    pub fn new(topics: Vec<Topic>) -> Result<Self, TooManyTerms> {
        let matcher = matcher::Matcher::new(&topics).map_err(|_| TooManyTerms)?;
        Ok(Self { topics, matcher })
    }

    pub fn iter(&self) -> impl Iterator<Item = &Topic> {
        self.topics.iter()
    }

    /// What each topic says of `text`: relevant ones first, then by score, then in the order of
    /// the topics. A feed's entry is judged the same way, with an empty `text.text`.
    pub fn judge(&self, text: &Text<'_>) -> Vec<Judgement> {
        judge::judge(&self.topics, &self.matcher, text)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the topics have too many terms for one automaton")]
pub struct TooManyTerms;

/// Something that the terms stand for.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Concept {
    name: String,
    /// In bytes of the file.
    span: Range<usize>,
    terms: Vec<term::Term>,
    /// For which it has terms of their own.
    languages: Vec<String>,
}

/// Where in an article something stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Place {
    /// The title, or the first sentence of an article without one.
    Title,
    /// The summary, and the first characters of the text.
    Lead,
    Body,
    /// A short line without the end of a sentence: a caption, a headline of another story.
    Aside,
}

impl Place {
    const ALL: [Self; 4] = [Self::Title, Self::Lead, Self::Body, Self::Aside];

    /// As a topic file writes it.
    fn name(self) -> &'static str {
        match self {
            Self::Title => "title",
            Self::Lead => "lead",
            Self::Body => "body",
            Self::Aside => "aside",
        }
    }
}

/// By what a rule's score is multiplied, by the place of what it found.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Boost {
    title: f32,
    lead: f32,
    body: f32,
    aside: f32,
}

impl Default for Boost {
    fn default() -> Self {
        Self { title: 3.0, lead: 1.5, body: 1.0, aside: 0.3 }
    }
}

impl Boost {
    fn of(&self, place: Place) -> f32 {
        match place {
            Place::Title => self.title,
            Place::Lead => self.lead,
            Place::Body => self.body,
            Place::Aside => self.aside,
        }
    }
}

/// When articles on the topic are published, in days of UTC; both ends belong to it.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Window {
    from: Option<Date>,
    to: Option<Date>,
    undated: Undated,
    /// By what the score of an article inside is multiplied.
    inside: f32,
    outside: f32,
}

/// What becomes of an article without a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Undated {
    /// Its score is left as it is.
    Keep,
    /// Judged as outside.
    Doubt,
}

#[derive(Debug, Clone, PartialEq)]
struct Rule {
    name: String,
    /// Of its name, in bytes of the file.
    span: Range<usize>,
    slots: Vec<Slot>,
    none_of: Vec<Slot>,
    near: Option<Near>,
    places: Vec<Place>,
    /// How often each slot must be filled.
    times: usize,
    score: f32,
}

/// What a rule looks for: one of some concepts, perhaps in one place only (`title:kazakhstan`).
#[derive(Debug, Clone, PartialEq, Eq)]
struct Slot {
    concepts: Vec<usize>,
    place: Option<Place>,
}

impl Slot {
    fn takes(&self, concept: usize, place: Place) -> bool {
        self.concepts.contains(&concept) && self.place.is_none_or(|only| only == place)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Near {
    Words(u32),
    Sentences(u32),
}

/// Occurrences that do not count.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Ignore {
    /// Within so many words of another concept (of a title also: in the lead), unless one of some
    /// is as near.
    Beside { concept: usize, beside: usize, within: u32, unless: Vec<usize> },
    /// In a list with at least so many others of `peers`.
    Listed { concept: usize, peers: usize, at_least: usize },
}

impl Ignore {
    /// The concepts that it speaks of.
    fn concepts(&self) -> Vec<usize> {
        match self {
            Self::Beside { concept, beside, unless, .. } => {
                [&[*concept, *beside], unless.as_slice()].concat()
            }
            Self::Listed { concept, peers, .. } => vec![*concept, *peers],
        }
    }
}
