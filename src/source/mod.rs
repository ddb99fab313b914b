//! A listing's bytes to entries: feeds and sitemaps.
//!
//! A feed is decoded and cut up by the lenient reader (`skeleton`), which keeps slices of its
//! fields; feed-rs (`strict`) reads the outline that is left without the long texts, unless its
//! shape is dangerous. Where both find the same entries, the feed is sound; where feed-rs fails,
//! panics or finds fewer, the skeleton is what counts, and the listing says so; where feed-rs finds
//! more, it is feed-rs. `feed` makes entries of the slices: links, dates, authors, plain text.

mod clean;
mod decode;
mod discover;
mod feed;
mod json;
mod markup;
pub mod opml;
mod plain;
mod sitemap;
mod skeleton;
mod strict;

#[cfg(test)]
mod tests;

pub use discover::{Found, discover, well_known};
pub use strict::expects_panic;

use std::time::Duration;

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use url::Url;

use self::{
    markup::{Markup, Piece},
    skeleton::Root,
};
use crate::date::{self, Dated, Hints};

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

/// A part of a sitemap index.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct More {
    pub url: Url,
    /// When it changed last.
    pub updated: Option<Dated>,
}

/// Which reader made sense of the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReadBy {
    FeedRs,
    Lenient,
    Sitemap,
}

impl ReadBy {
    pub fn words(self) -> &'static str {
        match self {
            Self::FeedRs => "feed-rs",
            Self::Lenient => "lenient",
            Self::Sitemap => "sitemap",
        }
    }
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
    pub more: Vec<More>,
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
    /// It is only the beginning of what was too large to be read: later entries are missing.
    pub is_cut: bool,
}

impl Listing {
    /// A listing that says nothing yet.
    fn bare(read_by: ReadBy) -> Self {
        Self {
            title: None,
            language: None,
            entries: Vec::new(),
            more: Vec::new(),
            interval: None,
            skip_hours: Vec::new(),
            skip_days: Vec::new(),
            read_by,
            charset: String::new(),
            flaws: Vec::new(),
            is_cut: false,
        }
    }

    /// What is left of it where the document was cut after so many bytes: the last entry may lack
    /// its end, and be another one for it.
    fn cut(mut self, bytes: usize) -> Result<Self, SourceError> {
        self.entries.pop();
        self.more.pop();
        if self.entries.is_empty() && self.more.is_empty() {
            return Err(SourceError::TooLarge { bytes });
        }
        self.flaws.insert(
            0,
            format!(
                "it is larger than limits.max_feed_size: entries after its first {bytes} bytes are \
                 missing"
            ),
        );
        self.is_cut = true;
        Ok(self)
    }

    /// Reads the dates that name no zone, which were taken for UTC, in the feed's own zone.
    pub fn set_zone(&mut self, zone: Option<&TimeZone>) {
        if zone.is_none() {
            return;
        }
        let own = self.language.as_deref();
        let reread = |dated: &mut Option<Dated>, language| {
            if let Some(assumed) = dated.as_ref().filter(|dated| dated.assumed_zone.is_some()) {
                let hints = Hints { zone, language, ..Hints::default() };
                *dated = date::parse(&assumed.raw, &hints).or_else(|| dated.take());
            }
        };
        for entry in &mut self.entries {
            let language = entry.language.as_deref().or(own);
            reread(&mut entry.published, language);
            reread(&mut entry.updated, language);
        }
        self.more.iter_mut().for_each(|more| reread(&mut more.updated, own));
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum SourceError {
    #[error("the document is empty")]
    Empty,
    #[error("the document is a web page, not a feed{}", .title.as_ref().map(|t| format!(" (titled {t:?})")).unwrap_or_default())]
    WebPage { title: Option<String> },
    #[error("the document is no feed that can be read: {0}")]
    Unreadable(String),
    #[error("no entry ends in the first {bytes} bytes, which limits.max_feed_size lets be read")]
    TooLarge { bytes: usize },
}

/// Reads a listing. Pure; never panics; the cost is bounded by the number of bytes.
/// `content_type` is the HTTP header's value, `base` the address that answered. A feed is read as
/// one also where `kind` says sitemap (a feed may serve as one); the reverse is refused.
pub fn parse(
    kind: SourceKind,
    bytes: &[u8],
    content_type: Option<&str>,
    base: &Url,
) -> Result<Listing, SourceError> {
    let mut flaws = Vec::new();
    let bytes = decode::inflate(bytes, &mut flaws);
    let decoded = decode::decode(&bytes, content_type, base.domain());
    flaws.extend(decoded.flaws);
    let text = decoded.text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    if text.is_empty() {
        return Err(SourceError::Empty);
    }
    let mut listing = read(kind, text, content_type, base)?;
    decoded.charset.clone_into(&mut listing.charset);
    listing.flaws.splice(0..0, flaws);
    Ok(clean::clean(listing))
}

/// [`parse`] for bytes that are only the beginning of a document.
pub fn parse_beginning(
    kind: SourceKind,
    bytes: &[u8],
    content_type: Option<&str>,
    base: &Url,
) -> Result<Listing, SourceError> {
    match parse(kind, bytes, content_type, base) {
        Ok(listing) => listing.cut(bytes.len()),
        Err(SourceError::WebPage { title }) => Err(SourceError::WebPage { title }),
        Err(_) => Err(SourceError::TooLarge { bytes: bytes.len() }),
    }
}

fn read(
    kind: SourceKind,
    text: &str,
    content_type: Option<&str>,
    base: &Url,
) -> Result<Listing, SourceError> {
    // What some programming interfaces put before JSON so that no browser runs it.
    let bare = text.strip_prefix(")]}'").map_or(text, str::trim_start);
    if bare.starts_with(['{', '[']) {
        return json::read(bare, base);
    }
    let markup = Markup::new(text);
    match skeleton::root(&markup) {
        Some((Root::UrlSet | Root::SitemapIndex, _, start)) => match kind {
            SourceKind::Sitemap => Ok(sitemap::read(&markup, start, base)),
            SourceKind::Feed => Err(SourceError::Unreadable("it is a sitemap".to_owned())),
        },
        Some((root, tag, start)) => Ok(feed::read(&markup, root, tag, start, base)),
        None => {
            let addresses = match kind {
                SourceKind::Sitemap => sitemap::read_text(text, base),
                SourceKind::Feed => None,
            };
            addresses.ok_or_else(|| no_listing(text, content_type))
        }
    }
}

/// Why a text without a root element is no listing.
fn no_listing(text: &str, content_type: Option<&str>) -> SourceError {
    let markup = Markup::new(text);
    let mut is_page = content_type.is_some_and(|kind| kind.contains("html"));
    let mut at = 0;
    while let Some(open) = markup.next(at) {
        let (piece, end) = markup.piece(open);
        at = end;
        let Piece::Start(tag) = piece else { continue };
        match tag.name.to_ascii_lowercase().as_str() {
            "title" => {
                let title = crate::text::clean_line(&feed::leaf(&markup, end).0);
                return SourceError::WebPage {
                    title: Some(title).filter(|title| !title.is_empty()),
                };
            }
            "html" | "head" | "body" | "div" | "p" | "meta" | "script" => is_page = true,
            _ => {}
        }
    }
    if is_page {
        return SourceError::WebPage { title: None };
    }
    SourceError::Unreadable("it has no element of a feed".to_owned())
}
