//! Seen before: the same address, the same text, or a revision.
//!
//! A text is the set of its word 3-grams; two texts are compared by how much of each is in the
//! other. A small sketch of that set finds the few texts worth comparing among millions
//! ([`Index`]); the comparison itself ([`compare`]) reads the archived text.
//!
//! Nothing is dropped on a verdict: a copy is a record that says whose copy it is. The index is
//! disposable: it is rebuilt by inserting the archive's records in their order.

mod compare;
mod index;
mod precedence;
mod revision;
mod segment;
mod shingle;
mod sketch;
mod stream;

#[cfg(test)]
#[path = "../../benches/pairs/mod.rs"]
mod pairs;
#[cfg(test)]
mod tests;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::canonical_url::UrlKey;

pub use compare::{Circumstances, Evidence, compare};
pub use index::{Index, Prepared};
pub use precedence::{Claim, first};
pub use revision::{Revision, revision};
pub use shingle::Text;
pub use sketch::Sketch;
pub use stream::{Judged, StreamError, judge_stream};

/// What is judged: an article as it would be archived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Id of the record that it is or would become.
    pub id: String,
    pub url_key: UrlKey,
    pub title: String,
    pub text: String,
    pub published_at: Option<Timestamp>,
}

/// What an archived record says, as the index asks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    pub title: String,
    /// `None` of a copy that was kept without its text.
    pub text: Option<String>,
}

/// What a document is to those before it.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// Nothing like it is known.
    New,
    /// The same text at another address, but for small changes.
    Copy,
    /// A shorter form of a known text.
    Abridged,
    /// A known text with more around it.
    Extended,
    /// A passage of a known text, or a text of which a passage is known: a link, not a copy.
    Excerpt,
    /// Another text at a known address.
    Revision,
    /// The same text at the same address: there is nothing to write.
    Same,
}

/// A document's class and what it rests on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    pub class: Class,
    /// Id of the record that it is a copy, a revision or an excerpt of.
    pub of: Option<String>,
    /// Id of the first record of the cluster: its own where it opens one.
    pub cluster: String,
    pub evidence: Option<Evidence>,
}

/// blake3, in hexadecimal, of the text's words: equal whatever the case, the punctuation and the
/// white space.
pub fn content_hash(text: &str) -> String {
    let mut hasher = blake3::Hasher::new();
    shingle::words(text, |word| {
        hasher.update(word);
        hasher.update(b" ");
    });
    hasher.finalize().to_hex().to_string()
}
