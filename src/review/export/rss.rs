//! RSS 2.0 (<https://www.rssboard.org/rss-specification>): what was found, for a feed reader.

use std::io::{self, Write};

use jiff::{Timestamp, fmt::rfc2822, tz::TimeZone};

use crate::{archive::Record, text::escape_xml};

/// Characters of a description.
const DESCRIPTION: usize = 500;

pub(super) fn start(out: &mut impl Write, title: &str) -> io::Result<()> {
    let title = escape_xml(if title.is_empty() { "everything" } else { title });
    write!(
        out,
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
         <rss version=\"2.0\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\">\n<channel>\n\
         <title>newswatch: {title}</title>\n<link>http://127.0.0.1/</link>\n\
         <description>Articles of a newswatch archive: {title}</description>\n\
         <generator>newswatch {}</generator>\n",
        env!("CARGO_PKG_VERSION")
    )
}

pub(super) fn push(out: &mut impl Write, record: &Record) -> io::Result<()> {
    writeln!(out, "<item>")?;
    let mut element = |name: &str, text: &str| {
        if text.is_empty() {
            Ok(())
        } else {
            writeln!(out, "<{name}>{}</{name}>", escape_xml(text))
        }
    };
    element("title", record.title.as_deref().unwrap_or("(untitled)"))?;
    if record.url.starts_with("http") {
        element("link", &record.url)?;
    }
    element("pubDate", &date(record.published_at.unwrap_or(record.first_seen_at)))?;
    let lead = record.summary.as_deref().or(record.text.as_deref()).unwrap_or_default();
    element("description", &lead.chars().take(DESCRIPTION).collect::<String>())?;
    for author in &record.authors {
        element("dc:creator", author)?;
    }
    element("dc:language", record.language.as_deref().unwrap_or_default())?;
    for term in &record.matched_terms {
        element("category", term)?;
    }
    writeln!(
        out,
        "<source url=\"{}\">{}</source>\n<guid isPermaLink=\"false\">{}</guid>\n</item>",
        escape_xml(&record.feed_url),
        escape_xml(record.source_name.as_deref().unwrap_or(&record.source_domain)),
        escape_xml(&record.id)
    )
}

pub(super) fn finish(out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "</channel>\n</rss>")
}

fn date(at: Timestamp) -> String {
    rfc2822::to_string(&at.to_zoned(TimeZone::UTC)).unwrap_or_default()
}
