//! What the page and the feed state of the article, and how much of it a text has.

use super::Anchors;
use super::numbers::real_size;

/// What the page and the feed state of the article, as hashed words.
pub(super) struct Stated {
    title: Vec<u32>,
    summary: Vec<u32>,
    /// Runs of three words of the stated body.
    body: Vec<u32>,
    /// Of each author.
    authors: Vec<Vec<u32>>,
    pub(super) site: Vec<u32>,
}

impl Stated {
    pub(super) fn of(anchors: &Anchors<'_>) -> Self {
        let sorted = |text: Option<&str>| {
            let mut words = words(text.unwrap_or_default());
            words.sort_unstable();
            words
        };
        let Runs(body) = Runs::of(anchors.stated_body.unwrap_or_default());
        Self {
            title: sorted(anchors.title),
            summary: sorted(anchors.summary),
            body,
            authors: anchors.authors.iter().map(|name| words(name)).collect(),
            site: words(anchors.site_name.unwrap_or_default()),
        }
    }

    /// The largest share of an author's name that is among some words; -1 where none is known.
    pub(super) fn author_share(&self, words: &[u32]) -> f32 {
        self.authors.iter().map(|name| share_of(name, words)).fold(-1.0, f32::max)
    }

    /// How a block's words and runs agree with the title, the summary and the body: shares, and
    /// lengths as multiples of theirs.
    pub(super) fn agreement(&self, words: &[u32], runs: &[u32]) -> [f32; 5] {
        let shares = |stated: &[u32]| {
            if stated.is_empty() { -1.0 } else { share(stated, words) }
        };
        let length = |stated: &[u32]| real_size(words.len()) / real_size(stated.len().max(1));
        // Nothing stated, or nothing to compare, says neither yes nor no.
        let unknown = self.body.is_empty() || runs.is_empty();
        let body = if unknown { 0.3 } else { share(&self.body, runs) };
        let (title, summary) = (&self.title, &self.summary);
        [shares(title), length(title), shares(summary), length(summary), body]
    }
}

/// The share of a name's words that is among others.
pub(super) fn share_of(name: &[u32], words: &[u32]) -> f32 {
    let found = name.iter().filter(|word| words.contains(word)).count();
    real_size(found) / real_size(name.len().max(1))
}

/// The share of some words or runs of words that is among `stated`, which is sorted.
fn share(stated: &[u32], own: &[u32]) -> f32 {
    let shared = own.iter().filter(|one| stated.binary_search(one).is_ok()).count();
    real_size(shared) / real_size(own.len().max(1))
}

/// The runs of three words of a text that others are compared with.
pub(super) struct Runs(Vec<u32>);

impl Runs {
    pub(super) fn of(text: &str) -> Self {
        let mut runs = runs(&words(text));
        runs.sort_unstable();
        Self(runs)
    }

    /// The share of another text's runs that this one has too; 0 for a text of fewer words.
    pub(super) fn shared_with(&self, other: &str) -> f32 {
        share(&self.0, &runs(&words(other)))
    }

    /// The same for the text itself.
    pub(super) fn shared_with_itself(&self) -> f32 {
        if self.0.is_empty() { 0.0 } else { 1.0 }
    }
}

/// Each word's hash, in order.
pub(super) fn words(text: &str) -> Vec<u32> {
    let mut words = Vec::new();
    let mut hash = 0_u32;
    for c in text.chars().chain([' ']) {
        if c.is_alphanumeric() {
            let seed = if hash == 0 { 0x811c_9dc5 } else { hash };
            let lower = c.to_lowercase().next().unwrap_or(c);
            hash = (seed ^ lower as u32).wrapping_mul(0x0100_0193).max(1);
        } else if hash != 0 {
            words.push(hash);
            hash = 0;
        }
    }
    words
}

/// Hashes of the runs of three words.
pub(super) fn runs(words: &[u32]) -> Vec<u32> {
    words
        .windows(3)
        .map(|run| run.iter().fold(7, |hash: u32, word| hash.wrapping_mul(0x9e37_79b1) ^ *word))
        .collect()
}
