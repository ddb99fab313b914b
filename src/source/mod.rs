//! A listing's bytes to entries: feeds and sitemaps.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use url::Url;

use crate::date::Dated;

#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Default,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum SourceKind {
    /// RSS, Atom, RDF or JSON Feed, told by the bytes.
    #[default]
    Feed,
    /// A sitemap or an index of sitemaps.
    Sitemap,
}

/// One article as a listing announces it. Texts are plain text, cleaned.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    pub guid: Option<String>,
    /// Absolute http or https address of the article.
    pub url: Option<Url>,
    /// Where the publisher says the article lives when `url` is a counting redirector.
    pub original_url: Option<Url>,
    pub title: Option<String>,
    /// The teaser, paragraphs apart by a blank line.
    pub summary: Option<String>,
    /// The full text where the feed carries one, paragraphs apart by a blank line.
    pub content: Option<String>,
    pub authors: Vec<String>,
    pub tags: Vec<String>,
    pub published: Option<Dated>,
    pub updated: Option<Dated>,
    /// BCP 47, as declared.
    pub language: Option<String>,
    pub image_url: Option<Url>,
    /// Enclosures and media, absolute.
    pub media: Vec<Url>,
}

/// Which reader made sense of the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReadBy {
    FeedRs,
    Lenient,
    Sitemap,
}

/// What a listing says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Listing {
    pub title: Option<String>,
    /// BCP 47, as declared.
    pub language: Option<String>,
    /// In document order.
    pub entries: Vec<Entry>,
    /// Further listings to read: parts of a sitemap index.
    pub more: Vec<Url>,
    /// `ttl` of RSS, or the period and frequency of the syndication module: how often to ask.
    pub interval: Option<Duration>,
    /// Hours (0 to 23, UTC) in which the publisher asks not to be polled.
    pub skip_hours: Vec<u8>,
    /// Weekdays (1 Monday to 7 Sunday, UTC) on which the publisher asks not to be polled.
    pub skip_days: Vec<u8>,
    pub read_by: ReadBy,
    /// Encoding the bytes were decoded from (WHATWG label).
    pub charset: String,
    /// What was wrong with the document, in words, without repetition.
    pub flaws: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    #[error("the document is empty")]
    Empty,
    #[error("the document is a web page, not a feed{}", .title.as_ref().map(|t| format!(" (titled {t:?})")).unwrap_or_default())]
    WebPage { title: Option<String> },
    #[error("the document is no feed that can be read: {0}")]
    Unreadable(String),
}

/// Reads a listing. Pure; never panics; the cost is bounded by the number of bytes.
/// `content_type` is the HTTP header's value, `base` the address that answered.
pub fn parse(
    kind: SourceKind,
    bytes: &[u8],
    content_type: Option<&str>,
    base: &Url,
) -> Result<Listing, SourceError> {
    let _ = kind;
    let feed = feed_rs::parser::Builder::new().base_uri(Some(base.as_str())).build().parse(bytes)
        .map_err(|e| SourceError::Unreadable(e.to_string()))?;
    let _ = content_type;
    Ok(Listing {
        title: feed.title.map(|t| t.content),
        language: feed.language,
        entries: feed.entries.into_iter().map(|e| Entry {
            guid: Some(e.id),
            url: e.links.first().and_then(|l| base.join(&l.href).ok()),
            title: e.title.map(|t| t.content),
            summary: e.summary.map(|t| t.content),
            content: e.content.and_then(|c| c.body),
            published: e.published.and_then(|at| crate::date::parse(&at.to_rfc3339(), &crate::date::Hints::default())),
            updated: e.updated.and_then(|at| crate::date::parse(&at.to_rfc3339(), &crate::date::Hints::default())),
            ..Entry::default()
        }).collect(),
        more: vec![], interval: None, skip_hours: vec![], skip_days: vec![], read_by: ReadBy::FeedRs, charset: "utf-8".into(), flaws: vec![],
    })
}
