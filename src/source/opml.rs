//! Lists of feeds as other programs write them: OPML 1.0 and 2.0 (<http://opml.org/spec2.opml>).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use url::Url;

use super::{
    SourceError, decode,
    markup::{Markup, Piece, Tag},
};
use crate::{
    canonical_url::LONGEST,
    text::{clean_line, escape_xml},
};

/// Feeds beyond these are left out.
const MOST_FEEDS: usize = 100_000;

/// What an OPML document holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outlines {
    /// In document order, each once.
    pub feeds: Vec<Subscription>,
    /// The outlines that name something else, or nothing that can be asked for, and why.
    pub left_out: Vec<(String, String)>,
}

/// A feed of an OPML document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscription {
    pub feed: Url,
    /// What a newswatch that wrote the document calls it.
    pub id: Option<String>,
    pub title: Option<String>,
    pub site: Option<Url>,
    /// BCP 47.
    pub language: Option<String>,
    /// The outlines around it, from the outside, and its categories.
    pub groups: Vec<String>,
}

/// The name of our own attribute, and the namespace that OPML 2.0 wants for it.
const ID: &str = "newswatch:id";
const NAMESPACE: &str = "urn:newswatch";

/// The feeds of an OPML document. A damaged document gives the feeds that can be found.
pub fn read(bytes: &[u8]) -> Result<Outlines, SourceError> {
    let mut flaws = Vec::new();
    let bytes = decode::inflate(bytes, &mut flaws);
    let decoded = decode::decode(&bytes, None, None);
    if decoded.text.trim().is_empty() {
        return Err(SourceError::Empty);
    }
    let markup = Markup::new(&decoded.text);
    let (mut is_opml, mut outlines, mut known) = (false, Outlines::default(), BTreeSet::new());
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
                let name = name(tag).unwrap_or_default();
                let Outlines { feeds, left_out } = &mut outlines;
                let is_feed = match subscription(tag, &open) {
                    Ok(None) => false,
                    Ok(Some(feed)) if feeds.len() < MOST_FEEDS => {
                        if known.insert(feed.feed.to_string()) {
                            feeds.push(feed);
                        } else {
                            let words = "the list has its address already";
                            left_out.push((feed.feed.into(), words.to_owned()));
                        }
                        true
                    }
                    Ok(Some(feed)) => {
                        let words = format!("no more than {MOST_FEEDS} feeds are read");
                        left_out.push((feed.feed.into(), words));
                        true
                    }
                    Err((address, words)) => {
                        left_out
                            .push((if address.is_empty() { name.clone() } else { address }, words));
                        true
                    }
                };
                let name = if is_feed { String::new() } else { name };
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
    Ok(outlines)
}

/// The feed that an outline is; none where it is a heading. Else its address, and what is wrong with it.
fn subscription(tag: Tag<'_>, open: &[String]) -> Result<Option<Subscription>, (String, String)> {
    let Some(address) = tag.attribute("xmlUrl") else {
        return match tag.attribute("type") {
            Some(kind) => {
                let words = format!("it is of type {:?} and has no xmlUrl", clean_line(&kind));
                Err((String::new(), words))
            }
            None => Ok(None),
        };
    };
    let address = address.trim();
    // The scheme that some programs write for http.
    let address = address.strip_prefix("feed://").map_or_else(
        || address.strip_prefix("feed:").unwrap_or(address).to_owned(),
        |rest| format!("http://{rest}"),
    );
    let faulty = |words: String| (clean_line(&address), words);
    let feed =
        Url::parse(&address).map_err(|error| faulty(format!("it is no address: {error}")))?;
    if !matches!(feed.scheme(), "http" | "https") {
        return Err(faulty(format!("{} is neither http nor https", feed.scheme())));
    }
    if feed.as_str().len() > LONGEST {
        return Err(faulty("its address is too long".to_owned()));
    }
    let mut groups: Vec<String> = open.iter().filter(|name| !name.is_empty()).cloned().collect();
    for category in tag.attribute("category").unwrap_or_default().split(',') {
        let category = clean_line(category.trim().trim_matches('/'));
        if !category.is_empty() && !groups.contains(&category) {
            groups.push(category);
        }
    }
    let language = tag.attribute("language").map(|language| clean_line(&language));
    let id = tag.attribute(ID).map(|id| clean_line(&id)).filter(|id| !id.is_empty());
    Ok(Some(Subscription {
        feed,
        id,
        title: name(tag),
        site: tag.attribute("htmlUrl").and_then(|site| Url::parse(site.trim()).ok()),
        language: language.filter(|language| !language.is_empty() && language != "unknown"),
        groups,
    }))
}

fn name(tag: Tag<'_>) -> Option<String> {
    let name = |attribute| tag.attribute(attribute).map(|name| clean_line(&name));
    name("title").filter(|name| !name.is_empty()).or_else(|| name("text")).filter(|n| !n.is_empty())
}

/// Writes an OPML 2.0 document; a feed stands in the outline of its first group, and its further
/// groups are its categories. [`read`] gives the same feeds back, group by group.
pub fn write(title: &str, feeds: &[Subscription]) -> String {
    let mut opml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <opml version=\"2.0\" xmlns:newswatch=\"{NAMESPACE}\">\n"
    );
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
    if let Some(id) = &feed.id {
        attribute(ID, id);
    }
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
