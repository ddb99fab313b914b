//! What one pass over the demo has to leave.

use jiff::Timestamp;

use crate::article::TextStatus;

use super::{
    article::{Article, Edition, Expect, Quirk, instant},
    markup::Block,
    outlet::{Format, World},
};

/// What becomes of one line of one feed.
#[derive(Debug, Clone, PartialEq)]
pub struct Expectation {
    pub feed_id: String,
    /// As the feed gives it.
    pub url: String,
    pub outcome: Outcome,
    /// Why this is expected, in words.
    pub why: String,
    pub title: String,
    pub standfirst: String,
    /// BCP 47.
    pub language: String,
    pub published: Timestamp,
    /// What the record's text has to consist of, in this order.
    pub paragraphs: Vec<String>,
    /// What it becomes after [`advance`](super::Site::advance).
    pub revision: Option<Revision>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// A record with this status of its text.
    Kept(TextStatus),
    /// A record that is linked with the record of the same text at another outlet. Which of the two
    /// points at the other depends on which was read first.
    Copy,
    /// No record of its own: another address of an article that another line stands for. Which of
    /// the two gives the record depends on which was read first.
    Same,
    /// No record: not about the topic.
    OffTopic,
    /// No record: the feed breaks off inside this line.
    Lost,
}

/// The second edition of an article.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    pub title: String,
    pub modified: Timestamp,
    pub paragraphs: Vec<String>,
}

/// In the order of the feeds, newest first.
pub(super) fn of(world: &World) -> Vec<Expectation> {
    let mut expectations: Vec<Expectation> = Vec::new();
    for outlet in &world.outlets {
        for feed in &outlet.feeds {
            if feed.format == Format::Page {
                continue;
            }
            let listed: Vec<(&Article, String)> = world.listed(outlet, feed).collect();
            let last = listed.len().saturating_sub(1);
            for (at, (article, url)) in listed.into_iter().enumerate() {
                let broken_off = feed.format == Format::Truncated && at == last;
                let outcome = match article.expect {
                    _ if broken_off => Outcome::Lost,
                    Expect::OffTopic => Outcome::OffTopic,
                    _ if feed.section.is_some() => Outcome::Same,
                    Expect::Full => Outcome::Kept(TextStatus::Full),
                    Expect::Paywalled => Outcome::Kept(TextStatus::Paywalled),
                    Expect::FeedOnly => Outcome::Kept(TextStatus::FeedOnly),
                    Expect::Copy => Outcome::Copy,
                };
                let revision = article.revised.as_ref().map(|revised| Revision {
                    title: revised.title.clone(),
                    modified: instant(&revised.at),
                    paragraphs: paragraphs(&article.edition(true)),
                });
                expectations.push(Expectation {
                    feed_id: feed.id.clone(),
                    url,
                    outcome,
                    why: article.why.clone(),
                    title: article.title.clone(),
                    standfirst: article.standfirst.clone(),
                    language: outlet.language.clone(),
                    published: article.published_at(),
                    paragraphs: paragraphs(&article.edition(false)),
                    revision,
                });
            }
        }
    }
    expectations
}

/// The paragraphs that a reader without a subscription sees, or the feed's own where the page
/// cannot be had.
fn paragraphs(edition: &Edition<'_>) -> Vec<String> {
    let article = edition.article;
    if article.expect == Expect::FeedOnly && article.quirk != Quirk::Gone {
        return vec![article.standfirst.clone()];
    }
    let mut paragraphs = Vec::new();
    for block in &edition.blocks {
        match block {
            Block::Paragraph(text) | Block::Heading(text) | Block::Quote(text) => {
                paragraphs.push(text.clone());
            }
            Block::List(items) => paragraphs.extend(items.iter().cloned()),
            Block::Wall => return paragraphs,
        }
    }
    paragraphs
}
