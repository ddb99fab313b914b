//! Does this text concern us, and by which words.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
    Title,
    Summary,
    Text,
}

/// One occurrence of a term.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Match {
    /// The term as the topic file writes it.
    pub term: String,
    /// The concept the term belongs to.
    pub group: String,
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
