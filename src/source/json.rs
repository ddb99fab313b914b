//! JSON Feed, of any version number and with or without a title.

use std::borrow::Cow;

use serde_json::{Deserializer, Map, Value};
use url::Url;

use super::{
    Entry, Listing, ReadBy, SourceError,
    feed::{Flaws, resolve},
    plain, skeleton, strict,
};
use crate::{
    date::{self, Dated, Hints},
    text::{clean_line, clean_text, language::tag as language_tag},
};

/// Reads a JSON Feed (<https://www.jsonfeed.org/version/1.1/>). Of a text that is cut off, the whole
/// items are kept.
pub(super) fn read(text: &str, base: &Url) -> Result<Listing, SourceError> {
    let mut flaws = Flaws::default();
    let mut is_whole = true;
    let mut value = serde_json::from_str::<Value>(text);
    let mut mended = Cow::Borrowed(text);
    if let Err(error) = &value {
        flaws.add(format!("damaged JSON: {error}"));
        mended = Cow::Owned(mend(text));
        value = serde_json::from_str(&mended);
    }
    let (mut feed, items) = match value {
        Ok(Value::Object(mut feed)) => {
            let items = feed.remove("items");
            (feed, items.and_then(into_array))
        }
        Ok(_) => (Map::new(), None),
        Err(_) => {
            is_whole = false;
            (Map::new(), whole_items(&mended))
        }
    };
    let names_itself = string(&feed, "version").is_some_and(|v| v.contains("jsonfeed"));
    let Some(mut items) = items.or_else(|| names_itself.then(Vec::new)) else {
        return Err(SourceError::Unreadable("JSON, but no JSON Feed".to_owned()));
    };
    if items.len() > skeleton::MOST_ENTRIES {
        flaws.add(format!("only the first {} entries were read", skeleton::MOST_ENTRIES));
    }
    let language = string(&feed, "language").and_then(language_tag);
    let authors = authors(&feed);
    let mut entries = Vec::new();
    for item in items.iter().take(skeleton::MOST_ENTRIES) {
        if let Value::Object(item) = item {
            entries.push(entry(item, base, language.as_deref(), &authors, &mut flaws));
        }
    }
    let title = string(&feed, "title").map(clean_line).filter(|title| !title.is_empty());
    let mut read_by = ReadBy::Lenient;
    if is_whole {
        items.iter_mut().for_each(cut_texts);
        feed.insert("items".to_owned(), Value::Array(items));
        match strict::read_all(&Value::Object(feed).to_string()) {
            Ok(feed) if feed.entries.len() == entries.len() => read_by = ReadBy::FeedRs,
            Ok(_) => {}
            Err(reason) => flaws.add(format!("not read by feed-rs: {reason}")),
        }
    }
    Ok(Listing { title, language, entries, flaws: flaws.list, ..Listing::bare(read_by) })
}

/// feed-rs is shown what makes an item an item, as with the other formats.
fn cut_texts(item: &mut Value) {
    for name in ["content_html", "content_text", "summary"] {
        if let Some(Value::String(text)) = item.get_mut(name) {
            text.clear();
        }
    }
}

fn into_array(value: Value) -> Option<Vec<Value>> {
    match value {
        Value::Array(items) => Some(items),
        _ => None,
    }
}

/// The text without what programs leave in JSON that write it by hand: line feeds and other control
/// characters in strings, escapes that JSON does not know, halves of surrogate pairs, commas at the
/// end of a list.
fn mend(text: &str) -> String {
    let mut mended = String::with_capacity(text.len());
    let (mut in_string, mut rest) = (false, text);
    while let Some(first) = rest.chars().next() {
        let after = rest.get(first.len_utf8()..).unwrap_or_default();
        rest = after;
        match first {
            '"' => {
                in_string = !in_string;
                mended.push('"');
            }
            '\\' if in_string => {
                let (escape, after) = escape(after);
                mended.push_str(&escape);
                rest = after;
            }
            c if in_string && c.is_control() => mended.push(' '),
            ',' if !in_string && after.trim_start().starts_with([']', '}']) => {}
            c => mended.push(c),
        }
    }
    mended
}

/// What stands for an escape after its backslash, and what follows it.
fn escape(after: &str) -> (Cow<'_, str>, &str) {
    let unit = |text: &str| u32::from_str_radix(text.get(..4)?, 16).ok();
    let kind = after.chars().next();
    let (kind_text, rest) = after.split_at(kind.map_or(0, char::len_utf8));
    match kind {
        Some('"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't') => {
            (format!("\\{kind_text}").into(), rest)
        }
        Some('u') => match unit(rest) {
            Some(0xd800..0xdc00) => {
                let low = rest.get(4..).and_then(|rest| rest.strip_prefix("\\u")).and_then(unit);
                match low {
                    Some(0xdc00..0xe000) => {
                        let (pair, rest) = rest.split_at_checked(10).unwrap_or((rest, ""));
                        (format!("\\u{pair}").into(), rest)
                    }
                    _ => ("\u{fffd}".into(), rest.get(4..).unwrap_or_default()),
                }
            }
            Some(0xdc00..0xe000) => ("\u{fffd}".into(), rest.get(4..).unwrap_or_default()),
            Some(_) => {
                let (digits, rest) = rest.split_at_checked(4).unwrap_or((rest, ""));
                (format!("\\u{digits}").into(), rest)
            }
            None => (kind_text.into(), rest),
        },
        _ => (kind_text.into(), rest),
    }
}

/// The items before the damage.
fn whole_items(text: &str) -> Option<Vec<Value>> {
    let (_, rest) = text.split_once("\"items\"")?;
    let (_, mut rest) = rest.split_once('[')?;
    let mut items = Vec::new();
    loop {
        let mut values = Deserializer::from_str(rest).into_iter::<Value>();
        let Some(Ok(item)) = values.next() else { break };
        let read = values.byte_offset();
        items.push(item);
        rest = rest.get(read..).unwrap_or_default().trim_start();
        let Some(after) = rest.strip_prefix(',') else { break };
        rest = after;
    }
    (!items.is_empty()).then_some(items)
}

fn entry(
    item: &Map<String, Value>,
    base: &Url,
    language: Option<&str>,
    feed_authors: &[String],
    flaws: &mut Flaws,
) -> Entry {
    let guid = item.get("id").and_then(|id| match id {
        Value::String(id) => Some(clean_line(id)),
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    });
    let guid = guid.filter(|id| !id.is_empty());
    let address = |name| string(item, name).and_then(|address| resolve(base, address));
    let id_address = || {
        let id = guid.as_deref().filter(|id| id.starts_with("http"))?;
        resolve(base, id)
    };
    let own_language = string(item, "language").and_then(language_tag);
    let hint = own_language.as_deref().or(language);
    let mut date = |name| -> Option<Dated> {
        let text = match item.get(name)? {
            Value::String(text) => text.clone(),
            Value::Number(seconds) => seconds.to_string(),
            _ => return None,
        };
        let dated = date::parse(&text, &Hints { language: hint, ..Hints::default() });
        if dated.is_none() && !text.trim().is_empty() {
            flaws.add(format!("no date: {:?}", text.chars().take(80).collect::<String>()));
        }
        dated
    };
    let (published, updated) = (date("date_published"), date("date_modified"));
    let html = string(item, "content_html").map(plain::text);
    let plain = || string(item, "content_text").map(clean_text);
    let mut own_authors = authors(item);
    if own_authors.is_empty() {
        own_authors.extend_from_slice(feed_authors);
    }
    Entry {
        url: address("url").or_else(|| address("external_url")).or_else(id_address),
        original_url: None,
        title: string(item, "title").map(plain::line).filter(|title| !title.is_empty()),
        summary: string(item, "summary").map(plain::text).filter(|text| !text.is_empty()),
        content: html.filter(|text| !text.is_empty()).or_else(plain).filter(|t| !t.is_empty()),
        authors: own_authors,
        tags: strings(item, "tags"),
        published,
        updated,
        language: own_language,
        image_url: address("image").or_else(|| address("banner_image")),
        media: attachments(item, base),
        guid,
    }
}

fn string<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    object.get(name).and_then(Value::as_str)
}

fn strings(object: &Map<String, Value>, name: &str) -> Vec<String> {
    let values = object.get(name).and_then(Value::as_array);
    let texts = values.into_iter().flatten().filter_map(Value::as_str).map(clean_line);
    texts.filter(|text| !text.is_empty()).collect()
}

/// `authors` of version 1.1 and `author` of version 1.
fn authors(object: &Map<String, Value>) -> Vec<String> {
    let several = object.get("authors").and_then(Value::as_array);
    let people = several.into_iter().flatten().chain(object.get("author"));
    let mut names = Vec::new();
    for person in people {
        let name = person.as_str().or_else(|| person.get("name").and_then(Value::as_str));
        let name = clean_line(name.unwrap_or_default());
        if !name.is_empty() && !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

fn attachments(item: &Map<String, Value>, base: &Url) -> Vec<Url> {
    let attachments = item.get("attachments").and_then(Value::as_array);
    let addresses = attachments
        .into_iter()
        .flatten()
        .filter_map(|attachment| attachment.get("url").and_then(Value::as_str));
    addresses.filter_map(|address| resolve(base, address)).collect()
}
