//! The feeds of a site: from the links of a page, and the paths where feeds usually are. Nothing is
//! fetched here.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use url::Url;

use super::{
    SourceKind, decode,
    feed::{leaf, resolve},
    markup::{Markup, Piece, Tag},
};
use crate::text::clean_line;

/// Addresses beyond these are left out.
const MOST_FOUND: usize = 50;

/// Where feeds usually are, under the site's root or under a section of it.
const FEED_PATHS: &[&str] = &[
    "feed",
    "feed/",
    "rss",
    "rss/",
    "rss.xml",
    "feed.xml",
    "atom.xml",
    "index.xml",
    "rss/all",
    "news.rss",
    "feeds/posts/default",
    "feed.json",
    "export/rss2/archive/index.xml",
];

/// Where news sitemaps usually are, under the site's root.
const SITEMAP_PATHS: &[&str] = &[
    "news-sitemap.xml",
    "sitemap-news.xml",
    "sitemap_news.xml",
    "sitemap.xml",
    "sitemap_index.xml",
];

/// An address that may be a listing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    pub url: Url,
    /// What the page calls it.
    pub title: Option<String>,
    pub kind: SourceKind,
}

/// The feeds that a page names: those of its `link` elements, then links that look like feeds, each
/// in document order, feeds of comments last. `base` is the address that answered.
pub fn discover(html: &[u8], content_type: Option<&str>, base: &Url) -> Vec<Found> {
    let mut flaws = Vec::new();
    let bytes = decode::inflate(html, &mut flaws);
    let decoded = decode::decode(&bytes, content_type, base.domain());
    let markup = Markup::new(&decoded.text);
    let mut base = base.clone();
    let (mut named, mut guessed) = (Vec::new(), Vec::new());
    let mut at = 0;
    while let Some(open) = markup.next(at) {
        let (piece, end) = markup.piece(open);
        at = end;
        let Piece::Start(tag) = piece else { continue };
        let Some(address) = tag.attribute("href") else { continue };
        let Some(url) = resolve(&base, &address) else { continue };
        if tag.name.eq_ignore_ascii_case("base") {
            base = url;
        } else if tag.name.eq_ignore_ascii_case("link") {
            let title = tag.attribute("title").map(|title| clean_line(&title));
            if is_feed_link(tag) {
                named.push(Found::new(url, title, SourceKind::Feed));
            } else if relations(tag).any(|relation| relation == "sitemap") {
                guessed.push(Found::new(url, title, SourceKind::Sitemap));
            }
        } else if tag.name.eq_ignore_ascii_case("a") && looks_like_feed(&url) {
            let title = Some(clean_line(&leaf(&markup, end).0));
            guessed.push(Found::new(url, title, SourceKind::Feed));
        }
    }
    named.extend(guessed);
    let mut named = distinct(named);
    named.sort_by_key(is_of_comments);
    named.truncate(MOST_FOUND);
    named
}

/// Addresses worth a try where a site names none, the likeliest first: under the section that
/// `site` points at, then under its root.
pub fn well_known(site: &Url) -> Vec<Found> {
    let mut found = Vec::new();
    let mut section = site.clone();
    section.set_query(None);
    section.set_fragment(None);
    if !section.path().ends_with('/') {
        let path = format!("{}/", section.path());
        section.set_path(&path);
    }
    for path in FEED_PATHS {
        for url in [section.join(path), section.join(&format!("/{path}"))].into_iter().flatten() {
            found.push(Found::new(url, None, SourceKind::Feed));
        }
    }
    found.sort_by_key(|found| {
        found.url.path().starts_with(section.path()) != (section.path() != "/")
    });
    for path in SITEMAP_PATHS {
        if let Ok(url) = section.join(&format!("/{path}")) {
            found.push(Found::new(url, None, SourceKind::Sitemap));
        }
    }
    distinct(found)
}

impl Found {
    fn new(url: Url, title: Option<String>, kind: SourceKind) -> Self {
        Self { url, title: title.filter(|title| !title.is_empty()), kind }
    }
}

/// The first of each address.
fn distinct(mut found: Vec<Found>) -> Vec<Found> {
    let mut known = BTreeSet::new();
    found.retain(|found| known.insert(found.url.clone()));
    found
}

fn relations(tag: Tag<'_>) -> impl Iterator<Item = String> {
    let relations = tag.attribute("rel").unwrap_or_default().to_ascii_lowercase();
    relations.split_whitespace().map(str::to_owned).collect::<Vec<_>>().into_iter()
}

fn is_feed_link(tag: Tag<'_>) -> bool {
    let kind = tag.attribute("type").unwrap_or_default().to_ascii_lowercase();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_owned();
    let is_feed = matches!(
        kind.as_str(),
        "application/rss+xml"
            | "application/atom+xml"
            | "application/rdf+xml"
            | "application/feed+json"
            | "application/rss"
            | "application/x.atom+xml"
            | "text/rss+xml"
            | "text/rss"
    );
    let may_be = matches!(kind.as_str(), "application/json" | "application/xml" | "text/xml");
    relations(tag).any(|relation| match relation.as_str() {
        "feed" => true,
        "alternate" => {
            let address = tag.attribute("href").unwrap_or_default().to_ascii_lowercase();
            // WordPress names its programming interface in the same way.
            is_feed || may_be && !address.contains("wp-json") && !address.contains("oembed")
        }
        _ => false,
    })
}

fn looks_like_feed(url: &Url) -> bool {
    let path = url.path().to_ascii_lowercase();
    let last = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let (name, extension) = last.rsplit_once('.').unwrap_or((last, ""));
    matches!(extension, "rss" | "rdf" | "atom")
        || extension == "xml" && ["rss", "feed", "atom"].iter().any(|word| path.contains(word))
        || matches!(name, "rss" | "feed" | "feeds" | "atom" | "rss2") && extension.is_empty()
}

fn is_of_comments(found: &Found) -> bool {
    let title = found.title.as_deref().unwrap_or_default().to_lowercase();
    found.url.path().contains("/comments/")
        || ["comment", "комментар", "kommentar", "yorum"].iter().any(|word| title.contains(word))
}
