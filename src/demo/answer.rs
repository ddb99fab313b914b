//! What the demo answers: a function of what is asked and of what was asked before.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    article::{Edition, Quirk},
    feed,
    markup::each,
    outlet::{Feed, Format, Outlet, World},
    page,
};

/// What a client asks of one host.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) outlet: String,
    /// Path and query.
    pub(super) path: String,
    pub(super) if_none_match: Option<String>,
}

/// What it is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    Whole {
        status: u16,
        headers: Vec<(&'static str, String)>,
        body: Vec<u8>,
    },
    /// A head and a few bytes of a longer body, then the connection is closed.
    Cut,
    /// Nothing, ever.
    Hang,
}

/// What an address can be made to answer instead of what it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// This status and an error page.
    Status(u16),
    /// A web page, with status 200.
    Page,
    /// Status 200 and no byte.
    Empty,
    /// The connection stays open without an answer.
    Hang,
    /// The connection is closed in the body.
    Close,
}

/// What was asked before, as far as it matters.
#[derive(Debug)]
pub(super) struct Memory {
    /// The second edition of revised articles is out.
    pub(super) second_edition: bool,
    /// It comes out when a feed with a revised article has been answered so often.
    pub(super) edit_after: Option<u32>,
    asked: u32,
    refused: BTreeSet<String>,
    /// By outlet and path.
    pub(super) faults: BTreeMap<(String, String), Fault>,
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            second_edition: false,
            edit_after: Some(1),
            asked: 0,
            refused: BTreeSet::new(),
            faults: BTreeMap::new(),
        }
    }
}

pub(super) fn answer(world: &World, memory: &mut Memory, asked: &Asked) -> Answer {
    let Some(outlet) = world.outlet(&asked.outlet) else {
        return missing();
    };
    let path = asked.path.split('?').next().unwrap_or_default();
    if let Some(fault) = memory.faults.get(&(outlet.id.clone(), path.to_owned())) {
        return faulty(*fault, outlet, world);
    }
    if path == "/robots.txt" {
        return whole(200, "text/plain; charset=utf-8", robots(outlet).into_bytes());
    }
    if path == "/" {
        let html = page::front(world, outlet).unwrap_or_default();
        return whole(200, "text/html; charset=utf-8", html.into_bytes());
    }
    if let Some(feed) = outlet.feeds.iter().find(|feed| feed.path == path) {
        return listing(world, memory, outlet, feed, asked);
    }
    let Some(edition) = find(world, memory, asked) else {
        return missing();
    };
    match edition.article.quirk {
        Quirk::Gone => return nothing(410),
        Quirk::Busy if memory.refused.insert(path.to_owned()) => {
            return Answer::Whole {
                status: 429,
                headers: vec![
                    ("content-type", "text/plain; charset=utf-8".to_owned()),
                    ("retry-after", "2".to_owned()),
                ],
                body: b"too many requests\n".to_vec(),
            };
        }
        _ => {}
    }
    let html = page::write(world, outlet, &edition).unwrap_or_default();
    if edition.article.quirk == Quirk::Windows1251 {
        let (body, _, _) = encoding_rs::WINDOWS_1251.encode(&html);
        return validated(asked, "text/html", body.into_owned());
    }
    validated(asked, "text/html; charset=utf-8", html.into_bytes())
}

/// The article at an address, whatever the feed appended to it.
fn find<'a>(world: &'a World, memory: &Memory, asked: &Asked) -> Option<Edition<'a>> {
    let path = asked.path.split('?').next().unwrap_or_default();
    let article = world.articles_of(&asked.outlet).find(|article| {
        let second = article.second_address.as_ref().map(|second| second.path.as_str());
        [Some(article.path.as_str()), second].into_iter().flatten().any(|own| {
            own == path
                || asked.path.strip_prefix(own).is_some_and(|rest| {
                    rest.is_empty() || own.contains('?') && rest.starts_with('&')
                })
        })
    })?;
    Some(article.edition(memory.second_edition))
}

fn listing(
    world: &World,
    memory: &mut Memory,
    outlet: &Outlet,
    feed: &Feed,
    asked: &Asked,
) -> Answer {
    let revised = world.listed(outlet, feed).any(|(article, _)| article.revised.is_some());
    if revised && !memory.second_edition {
        // Who shows the second edition's validator has read it from an earlier run of this site:
        // going back to the first would be a second revision.
        let (second, _) = feed::write(world, outlet, feed, true);
        let seen = asked.if_none_match.as_deref() == Some(etag(second.as_bytes()).as_str());
        let due = memory.edit_after.is_some_and(|after| memory.asked >= after);
        memory.second_edition = seen || due;
        memory.asked += 1;
    }
    let (text, content_type) = feed::write(world, outlet, feed, memory.second_edition);
    if feed.format == Format::Page {
        return whole(200, content_type, text.into_bytes());
    }
    validated(asked, content_type, text.into_bytes())
}

fn robots(outlet: &Outlet) -> String {
    let rules = each(&outlet.disallow, |path| format!("Disallow: {path}\n"));
    format!("User-agent: *\n{}", if rules.is_empty() { "Disallow:\n" } else { &rules })
}

fn faulty(fault: Fault, outlet: &Outlet, world: &World) -> Answer {
    match fault {
        Fault::Status(status) => {
            whole(status, "text/html", b"<html><body><h1>Error</h1></body></html>\n".to_vec())
        }
        Fault::Page => {
            let html = page::front(world, outlet).unwrap_or_default();
            whole(200, "text/html; charset=utf-8", html.into_bytes())
        }
        Fault::Empty => whole(200, "application/rss+xml", Vec::new()),
        Fault::Hang => Answer::Hang,
        Fault::Close => Answer::Cut,
    }
}

fn missing() -> Answer {
    nothing(404)
}

fn nothing(status: u16) -> Answer {
    let page = format!(
        "<!DOCTYPE html>\n<html><head><title>{status}</title></head><body><h1>{status}</h1></body></html>\n"
    );
    whole(status, "text/html; charset=utf-8", page.into_bytes())
}

fn whole(status: u16, content_type: &str, body: Vec<u8>) -> Answer {
    Answer::Whole { status, headers: vec![("content-type", content_type.to_owned())], body }
}

/// With an entity tag, and 304 for who shows it.
fn validated(asked: &Asked, content_type: &str, body: Vec<u8>) -> Answer {
    let etag = etag(&body);
    if asked.if_none_match.as_deref() == Some(etag.as_str()) {
        return Answer::Whole { status: 304, headers: vec![("etag", etag)], body: Vec::new() };
    }
    Answer::Whole {
        status: 200,
        headers: vec![("content-type", content_type.to_owned()), ("etag", etag)],
        body,
    }
}

fn etag(body: &[u8]) -> String {
    format!("\"{}\"", blake3::hash(body).to_hex().get(..16).unwrap_or_default())
}
