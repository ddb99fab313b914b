//! Sitemaps (<https://www.sitemaps.org/protocol.html>), with the extensions for news and images,
//! indexes of sitemaps, and sitemaps that are a text with an address a line.

use url::Url;

use super::{
    Entry, Listing, More, ReadBy,
    feed::{Flaws, leaf, resolve},
    markup::{Markup, Piece},
};
use crate::{
    date::{self, Hints},
    text::{clean_line, language::tag as language_tag},
};

/// The protocol's bound; what goes beyond is left out.
const MOST_ADDRESSES: usize = 50_000;

/// Reads the sitemap or the index whose root element begins at `start`.
pub(super) fn read(markup: &Markup<'_>, start: usize, base: &Url) -> Listing {
    let mut flaws = Flaws::default();
    let (mut entries, mut more) = (Vec::new(), Vec::new());
    let mut open: Option<Open> = None;
    let mut at = start;
    while let Some(position) = markup.next(at) {
        let (piece, end) = markup.piece(position);
        at = end;
        match piece {
            Piece::Start(tag) => {
                let local = tag.split_name().1.to_ascii_lowercase();
                if matches!(local.as_str(), "url" | "sitemap") {
                    if let Some(before) = open.replace(Open::new(local == "sitemap")) {
                        flaws.add(format!("<{}> is not closed", before.name()));
                        before.close(&mut entries, &mut more);
                    }
                } else if let Some(open) = &mut open
                    && !tag.is_empty
                {
                    let (text, after) = leaf(markup, end);
                    at = after;
                    // The end of the document cuts what is not followed by a tag.
                    if after < markup.text.len() {
                        open.take(tag.split_name(), &text, base, &mut flaws);
                    }
                }
            }
            Piece::End { name } => {
                let closed = open.take_if(|open| name.eq_ignore_ascii_case(open.name()));
                if let Some(closed) = closed {
                    closed.close(&mut entries, &mut more);
                }
            }
            Piece::Cdata(_) | Piece::Other | Piece::Text => {}
        }
        if entries.len() + more.len() >= MOST_ADDRESSES {
            flaws.add(format!("only the first {MOST_ADDRESSES} addresses were read"));
            break;
        }
    }
    if let Some(open) = open {
        flaws.add(format!("<{}> is not closed", open.name()));
        open.close(&mut entries, &mut more);
    }
    listing(entries, more, flaws)
}

/// Reads a text of one address a line; `None` where it is something else.
pub(super) fn read_text(text: &str, base: &Url) -> Option<Listing> {
    let mut entries = Vec::new();
    let mut flaws = Flaws::default();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if entries.len() >= MOST_ADDRESSES {
            flaws.add(format!("only the first {MOST_ADDRESSES} addresses were read"));
            break;
        }
        if !line.starts_with("http://") && !line.starts_with("https://") {
            return None;
        }
        entries.push(Entry { url: Some(resolve(base, line)?), ..Entry::default() });
    }
    (!entries.is_empty()).then(|| listing(entries, Vec::new(), flaws))
}

fn listing(entries: Vec<Entry>, more: Vec<More>, flaws: Flaws) -> Listing {
    Listing { entries, more, flaws: flaws.list, ..Listing::bare(ReadBy::Sitemap) }
}

/// An address that is being read.
struct Open {
    is_index: bool,
    entry: Entry,
}

impl Open {
    fn new(is_index: bool) -> Self {
        Self { is_index, entry: Entry::default() }
    }

    fn name(&self) -> &'static str {
        if self.is_index { "sitemap" } else { "url" }
    }

    fn take(&mut self, (prefix, local): (&str, &str), text: &str, base: &Url, flaws: &mut Flaws) {
        let entry = &mut self.entry;
        let line = clean_line(text);
        if line.is_empty() {
            return;
        }
        let is_image = prefix.to_ascii_lowercase().contains("image");
        let hints = Hints { language: entry.language.as_deref(), ..Hints::default() };
        match local.to_ascii_lowercase().as_str() {
            "loc" if is_image => {
                let url = resolve(base, text);
                entry.image_url = entry.image_url.take().or(url);
            }
            "loc" if entry.url.is_none() => entry.url = resolve(base, text),
            "lastmod" => entry.updated = date::parse(text, &hints),
            // Of a video on the page there may be another.
            "publication_date" if entry.published.is_none() => {
                entry.published = date::parse(text, &hints);
                if entry.published.is_none() {
                    flaws.add(format!("no date: {line:?}"));
                }
            }
            "language" => entry.language = language_tag(&line),
            "title" if !is_image => {
                entry.title = entry.title.take().or_else(|| Some(super::plain::line(&line)));
            }
            "keywords" => {
                let words = line.split(',').map(str::trim).filter(|word| !word.is_empty());
                entry.tags = words.map(str::to_owned).collect();
            }
            _ => {}
        }
    }

    fn close(self, entries: &mut Vec<Entry>, more: &mut Vec<More>) {
        match (self.is_index, self.entry) {
            (true, Entry { url: Some(url), updated, .. }) => more.push(More { url, updated }),
            (false, entry) if entry.url.is_some() => entries.push(entry),
            _ => {}
        }
    }
}
