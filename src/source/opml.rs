//! Lists of feeds as other programs write them: OPML 1.0 and 2.0 (<http://opml.org/spec2.opml>).

use std::collections::BTreeMap;

use url::Url;

use super::{
    SourceError, decode,
    feed::resolve,
    markup::{Markup, Piece, Tag},
};
use crate::text::{clean_line, escape_xml};

/// Feeds beyond these are left out.
const MOST_FEEDS: usize = 100_000;

/// A feed of an OPML document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    pub feed: Url,
    pub title: Option<String>,
    pub site: Option<Url>,
    /// BCP 47.
    pub language: Option<String>,
    /// The outlines around it, from the outside, and its categories.
    pub groups: Vec<String>,
}

/// The feeds of an OPML document, in document order, each once; what else it holds is passed over.
/// A damaged document gives the feeds that can be found.
pub fn read(bytes: &[u8]) -> Result<Vec<Subscription>, SourceError> {
    let Ok(base) = Url::parse("http://localhost/") else { return Ok(Vec::new()) };
    let mut flaws = Vec::new();
    let bytes = decode::inflate(bytes, &mut flaws);
    let decoded = decode::decode(&bytes, None, &base);
    if decoded.text.trim().is_empty() {
        return Err(SourceError::Empty);
    }
    let markup = Markup::new(&decoded.text);
    let (mut is_opml, mut feeds) = (false, BTreeMap::new());
    // One name for each open outline; empty for those that are feeds.
    let mut open: Vec<String> = Vec::new();
    let mut at = 0;
    while let Some(position) = markup.next(at) {
        let (piece, end) = markup.piece(position);
        at = end;
        match piece {
            Piece::Start(tag) if tag.name.eq_ignore_ascii_case("opml") => is_opml = true,
            Piece::Start(tag) if tag.name.eq_ignore_ascii_case("outline") => {
                is_opml = true;
                let feed = subscription(tag, &open, &base);
                let name =
                    if feed.is_some() { String::new() } else { name(tag).unwrap_or_default() };
                if let Some(feed) = feed.filter(|_| feeds.len() < MOST_FEEDS) {
                    let order = feeds.len();
                    feeds.entry(feed.feed.to_string()).or_insert((order, feed));
                }
                if !tag.is_empty && open.len() < 64 {
                    open.push(name);
                }
            }
            Piece::End { name } if name.eq_ignore_ascii_case("outline") => drop(open.pop()),
            _ => {}
        }
    }
    if !is_opml {
        return Err(SourceError::Unreadable("it has no outline of OPML".to_owned()));
    }
    let mut feeds: Vec<(usize, Subscription)> = feeds.into_values().collect();
    feeds.sort_by_key(|(order, _)| *order);
    Ok(feeds.into_iter().map(|(_, feed)| feed).collect())
}

fn subscription(tag: Tag<'_>, open: &[String], base: &Url) -> Option<Subscription> {
    let address = tag.attribute("xmlUrl")?;
    let address = address.trim();
    // The scheme that some programs write for http.
    let address = address.strip_prefix("feed://").map_or_else(
        || address.strip_prefix("feed:").unwrap_or(address).to_owned(),
        |rest| format!("http://{rest}"),
    );
    let feed = Url::parse(&address).ok().filter(|url| resolve(base, url.as_str()).is_some())?;
    let mut groups: Vec<String> = open.iter().filter(|name| !name.is_empty()).cloned().collect();
    for category in tag.attribute("category").unwrap_or_default().split(',') {
        let category = clean_line(category.trim().trim_matches('/'));
        if !category.is_empty() && !groups.contains(&category) {
            groups.push(category);
        }
    }
    let language = tag.attribute("language").map(|language| clean_line(&language));
    Some(Subscription {
        feed,
        title: name(tag),
        site: tag.attribute("htmlUrl").and_then(|site| Url::parse(site.trim()).ok()),
        language: language.filter(|language| !language.is_empty() && language != "unknown"),
        groups,
    })
}

fn name(tag: Tag<'_>) -> Option<String> {
    let name = |attribute| tag.attribute(attribute).map(|name| clean_line(&name));
    name("title").filter(|name| !name.is_empty()).or_else(|| name("text")).filter(|n| !n.is_empty())
}

/// Writes an OPML 2.0 document; a feed stands in the outline of its first group, and its further
/// groups are its categories. [`read`] gives the same feeds back, group by group.
pub fn write(title: &str, feeds: &[Subscription]) -> String {
    let mut opml =
        String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<opml version=\"2.0\">\n");
    push(
        &mut opml,
        &[
            "  <head>
    <title>",
            &escape_xml(title),
            "</title>
  </head>
  <body>
",
        ],
    );
    let mut groups: Vec<Option<&str>> = Vec::new();
    for feed in feeds {
        let group = feed.groups.first().map(String::as_str);
        if !groups.contains(&group) {
            groups.push(group);
        }
    }
    for group in groups {
        if let Some(group) = group {
            push(&mut opml, &["    <outline text=\"", &escape_xml(group), "\">\n"]);
        }
        let indent = if group.is_some() { "      " } else { "    " };
        let members = feeds.iter().filter(|feed| feed.groups.first().map(String::as_str) == group);
        members.for_each(|feed| push(&mut opml, &[indent, &outline(feed), "\n"]));
        if group.is_some() {
            opml.push_str("    </outline>\n");
        }
    }
    opml.push_str("  </body>\n</opml>\n");
    opml
}

fn outline(feed: &Subscription) -> String {
    let name = feed.title.as_deref().unwrap_or(feed.feed.as_str());
    let mut outline = format!(
        "<outline type=\"rss\" text=\"{name}\" title=\"{name}\" xmlUrl=\"{}\"",
        escape_xml(feed.feed.as_str()),
        name = escape_xml(name)
    );
    let mut attribute = |name: &str, value: &str| {
        push(&mut outline, &[" ", name, "=\"", &escape_xml(value), "\""]);
    };
    if let Some(site) = &feed.site {
        attribute("htmlUrl", site.as_str());
    }
    if let Some(language) = &feed.language {
        attribute("language", language);
    }
    if let Some(categories) = feed.groups.get(1..).filter(|categories| !categories.is_empty()) {
        attribute("category", &categories.join(","));
    }
    outline.push_str("/>");
    outline
}

fn push(into: &mut String, parts: &[&str]) {
    into.extend(parts.iter().copied());
}
