//! feed-rs behind guards: what would overflow its stack, fill the memory or make it panic is not
//! shown to it, and a panic that comes all the same is caught.

use std::{
    cell::Cell,
    panic::{AssertUnwindSafe, catch_unwind},
};

use feed_rs::{model::Feed, parser::Builder};
use memchr::{memchr, memmem};
use url::Url;

use super::skeleton::{Name, Skeleton};

/// feed-rs 3.0 recurses into `media:group` and overflows a stack of 2 MiB at about 1000.
const DEEPEST: usize = 64;
/// Every element is a structure of up to a kilobyte.
const MOST_TAGS: usize = 250_000;
/// A group is given a copy of all that its parent holds.
const MOST_GROUPS: usize = 16;
/// Every element is given a copy of its base address, in bytes.
const LONGEST_BASE: usize = 2048;

thread_local! {
    static IS_READING: Cell<bool> = const { Cell::new(false) };
}

/// Whether a panic on this thread, now, is one of feed-rs's that is caught and told as a flaw. A
/// panic hook asks this to keep such panics off standard error.
pub fn expects_panic() -> bool {
    IS_READING.get()
}

/// Lets feed-rs read a document; otherwise why it could not.
pub(super) fn read(text: &str, base: &Url) -> Result<Feed, String> {
    // Identifiers that feed-rs would invent depend on the headline or on chance; dates are read
    // from the text, because feed-rs loses how they were written.
    let parser = Builder::new()
        .base_uri(Some(base))
        .id_generator(|_, _, _| String::new())
        .timestamp_parser(|_| None)
        .sanitize_content(false)
        .build();
    IS_READING.set(true);
    let outcome = catch_unwind(AssertUnwindSafe(|| parser.parse(text.as_bytes())));
    IS_READING.set(false);
    match outcome {
        Ok(Ok(feed)) => Ok(feed),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("feed-rs panics on it".to_owned()),
    }
}

/// Why feed-rs is not to see a document.
pub(super) fn danger(text: &str, skeleton: &Skeleton<'_>) -> Option<String> {
    if skeleton.is_cut {
        return Some("too many entries".to_owned());
    }
    let entries = skeleton.entries.iter().flat_map(|entry| &entry.fields);
    let people = entries
        .chain(&skeleton.fields)
        .filter(|field| matches!(field.name, Name::Author | Name::Creator | Name::Contact));
    // feed-rs cuts a byte off beside an address, which may be the middle of a character.
    let cuts_badly = |text: &str| !text.is_ascii() && text.contains('@');
    if people.into_iter().any(|field| cuts_badly(field.inner)) {
        return Some("an author with an e-mail address among letters beyond ASCII".to_owned());
    }
    shape(text)
}

/// Looks at the shape of the elements as an XML reader sees them.
fn shape(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let has_bases = memmem::find(bytes, b"xml:base").is_some();
    // Length of the base addresses that hold at each depth.
    let mut bases: Vec<usize> = vec![0];
    let (mut at, mut tags, mut groups) = (0, 0, 0);
    while let Some(found) = memchr(b'<', bytes.get(at..).unwrap_or_default()) {
        at += found;
        let rest = bytes.get(at..).unwrap_or_default();
        let skip = |end: &[u8]| memmem::find(rest, end).map(|found| at + found + end.len());
        match rest.get(1) {
            Some(b'/') => {
                if bases.len() > 1 {
                    bases.pop();
                }
                at += 2;
            }
            Some(b'?') => at = skip(b"?>")?,
            Some(b'!') if rest.starts_with(b"<!--") => at = skip(b"-->")?,
            Some(b'!') if rest.starts_with(b"<![CDATA[") => at = skip(b"]]>")?,
            Some(b'!') => return Some("a document type within the feed".to_owned()),
            Some(_) => {
                let length = tag_length(rest);
                let tag = rest.get(..length).unwrap_or_default();
                at += length;
                tags += 1;
                let name = tag.get(1..).unwrap_or_default();
                let end =
                    name.iter().position(|b| b.is_ascii_whitespace() || matches!(b, b'/' | b'>'));
                let name = name.get(..end.unwrap_or(name.len())).unwrap_or_default();
                groups = match name {
                    b"item" | b"entry" => 0,
                    name if name.ends_with(b"group") => groups + 1,
                    _ => groups,
                };
                let own =
                    if has_bases && memmem::find(tag, b"xml:base").is_some() { length } else { 0 };
                let base = bases.last().copied().unwrap_or(0) + own;
                if !tag.ends_with(b"/>") {
                    bases.push(base);
                }
                if bases.len() > DEEPEST {
                    return Some(format!("elements nested deeper than {DEEPEST}"));
                }
                if base > LONGEST_BASE || tags > MOST_TAGS || groups > MOST_GROUPS {
                    return Some("too many or too long elements".to_owned());
                }
            }
            None => return None,
        }
    }
    None
}

/// The length of a tag with its `>`: a quotation may contain one.
fn tag_length(rest: &[u8]) -> usize {
    let mut quote = None;
    for (index, byte) in rest.iter().enumerate() {
        match (quote, byte) {
            (None, b'>') => return index + 1,
            (None, b'"' | b'\'') => quote = Some(*byte),
            (Some(open), byte) if open == *byte => quote = None,
            _ => {}
        }
    }
    rest.len()
}
