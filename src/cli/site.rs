//! `newswatch site …` and `newswatch feeds test`: how a page or a feed is read.

use std::fmt::Write as _;

use anyhow::Context;

use super::{
    Exit,
    args::SiteCommand,
    compose,
    format::{print_json, print_text, safe},
    input,
};
use crate::{article, config::Loaded, fetch::Wanted, source::SourceKind};

pub(super) fn run(loaded: &Loaded, command: &SiteCommand, json: bool) -> anyhow::Result<Exit> {
    match command {
        SiteCommand::Test { page } => test_page(loaded, page, json),
        SiteCommand::New { page } => new(loaded, page),
    }
}

fn test_page(loaded: &Loaded, name: &str, json: bool) -> anyhow::Result<Exit> {
    let rules = compose::rules(&loaded.config)?;
    let document = input::document(loaded, name, Wanted::Page)?;
    let article = document.read(loaded, &rules, name)?;
    if json {
        print_json(&article)?;
        return Ok(Exit::Success);
    }
    let mut shown = String::new();
    let mut line = |name: &str, value: &str| {
        writeln!(shown, "{name:12} {}", if value.is_empty() { "-" } else { value })
    };
    let dated = |date: &Option<(crate::date::Dated, article::DateSource)>| match date {
        Some((dated, from)) => format!("{} ({from:?}: {})", dated.at, safe(&dated.raw, 60)),
        None => String::new(),
    };
    line("title", &safe(article.title.as_deref().unwrap_or_default(), 200))?;
    line("authors", &safe(&article.authors.join("; "), 200))?;
    line("published", &dated(&article.published))?;
    line("modified", &dated(&article.modified))?;
    line("language", article.language_declared.as_deref().unwrap_or_default())?;
    line("section", &safe(article.section.as_deref().unwrap_or_default(), 80))?;
    line("tags", &safe(&article.tags.join(", "), 200))?;
    for image in &article.images {
        let caption = image.caption.as_deref().unwrap_or("no caption");
        line("image", &safe(&format!("{} ({caption})", image.url), 300))?;
    }
    line("licence", &safe(article.licence.as_deref().unwrap_or_default(), 200))?;
    line("goes on at", article.next_page.as_ref().map_or("", |url| url.as_str()))?;
    line("canonical", article.canonical_url.as_ref().map_or("", |url| url.as_str()))?;
    line("charset", &article.charset)?;
    line("status", &format!("{:?}", article.text_status))?;
    line(
        "read by",
        &format!("{} (confidence {:.2})", article.extraction.method, article.extraction.confidence),
    )?;
    for candidate in &article.extraction.candidates {
        line(
            "candidate",
            &format!(
                "{}: {} words, {:.0} % of them in the text",
                candidate.method,
                candidate.words,
                candidate.shared * 100.0
            ),
        )?;
    }
    for warning in &article.extraction.warnings {
        line("warning", &safe(warning, 200))?;
    }
    for paragraph in article.text.split("\n\n") {
        write!(shown, "\n{}\n", safe(paragraph, 100_000))?;
    }
    if article.extraction.method == "generic" {
        for line in document.left_out(loaded)? {
            write!(shown, "\nleft out ({:.2}) {}\n", line.likely, safe(&line.text, 160))?;
        }
    }
    print_text(&shown)?;
    Ok(Exit::Success)
}

/// Prints a rules file to begin with.
fn new(loaded: &Loaded, name: &str) -> anyhow::Result<Exit> {
    let document = input::document(loaded, name, Wanted::Page)?;
    let draft = document.draft(loaded, name)?;
    if document.response.is_none() {
        let words = "the page is a file and tells no host: write the site's for file.invalid";
        anstream::eprintln!("newswatch: {words}");
        print_text(&format!("# {words}\n"))?;
    }
    print_text(&draft)?;
    Ok(Exit::Success)
}

pub(super) fn test_feed(
    loaded: &Loaded,
    name: &str,
    kind: Option<SourceKind>,
    json: bool,
) -> anyhow::Result<Exit> {
    let configured = loaded.config.feeds.iter().find(|feed| feed.id == name);
    let address = configured.map_or(name, |feed| feed.url.as_str());
    let configured_kind = configured.map(|feed| feed.kind);
    let kind = kind.or(configured_kind).unwrap_or_default();
    let document = input::document(loaded, address, Wanted::Listing);
    // A name may be a feed's or a file's.
    let document = document.with_context(|| match configured {
        None if !address.contains("://") => format!("no feed has the id {name:?}"),
        _ => format!("cannot test {name}"),
    })?;
    let listing = document.listing(loaded, kind);
    let mut listing = listing.with_context(|| format!("{address} cannot be read"))?;
    listing.set_zone(configured.and_then(|feed| feed.zone.as_ref()));
    if json {
        print_json(&listing)?;
        return Ok(Exit::Success);
    }
    let mut shown = format!(
        "title     {}\nread by   {:?}, charset {}\nentries   {}\n",
        safe(listing.title.as_deref().unwrap_or("-"), 120),
        listing.read_by,
        listing.charset,
        listing.entries.len()
    );
    if let Some(response) = &document.response {
        let header = |name| safe(response.header(name).unwrap_or("-"), 80);
        writeln!(shown, "etag      {}\nmodified  {}", header("etag"), header("last-modified"))?;
    }
    for flaw in &listing.flaws {
        writeln!(shown, "flaw      {}", safe(flaw, 160))?;
    }
    for more in &listing.more {
        let updated = more.updated.as_ref().map(|dated| format!(", changed {}", dated.at));
        writeln!(shown, "more      {}{}", more.url, updated.unwrap_or_default())?;
    }
    for entry in &listing.entries {
        let date = entry.published.as_ref().or(entry.updated.as_ref());
        writeln!(
            shown,
            "{:24} {}\n{:24} {}",
            date.map(|dated| dated.at.to_string()).unwrap_or_default(),
            safe(entry.title.as_deref().unwrap_or("-"), 160),
            "",
            entry.url.as_ref().map_or("-", |url| url.as_str())
        )?;
    }
    print_text(&shown)?;
    Ok(Exit::Success)
}
