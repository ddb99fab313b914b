//! JSON Feed, of any version number and with or without a title.

use serde_json::{Deserializer, Map, Value};
use url::Url;

use super::{
    Entry, Listing, ReadBy, SourceError,
    feed::{Flaws, resolve},
    plain, skeleton, strict,
};
use crate::{
    date::{self, Dated, Hints},
    text::{clean_line, clean_text},
};

/// Reads a JSON Feed (<https://www.jsonfeed.org/version/1.1/>). Of a text that is cut off, the whole
/// items are kept.
pub(super) fn read(text: &str, base: &Url) -> Result<Listing, SourceError> {
    let mut flaws = Flaws::default();
    let (feed, items) = match serde_json::from_str::<Value>(text) {
        Ok(Value::Object(mut feed)) => {
            let items = feed.remove("items");
            (feed, items.and_then(into_array))
        }
        Ok(_) => (Map::new(), None),
        Err(error) => {
            flaws.add(format!("damaged JSON: {error}"));
            (Map::new(), whole_items(text))
        }
    };
    let names_itself = string(&feed, "version").is_some_and(|v| v.contains("jsonfeed"));
    let Some(items) = items.or_else(|| names_itself.then(Vec::new)) else {
        return Err(SourceError::Unreadable("JSON, but no JSON Feed".to_owned()));
    };
    if items.len() > skeleton::MOST_ENTRIES {
        flaws.add(format!("only the first {} entries were read", skeleton::MOST_ENTRIES));
    }
    let language = string(&feed, "language").map(str::to_owned);
    let authors = authors(&feed);
    let mut entries = Vec::new();
    for item in items.iter().take(skeleton::MOST_ENTRIES) {
        if let Value::Object(item) = item {
            entries.push(entry(item, base, language.as_deref(), &authors, &mut flaws));
        }
    }
    let read_by = match strict::read(text, base) {
        Ok(feed) if feed.entries.len() == entries.len() => ReadBy::FeedRs,
        Ok(_) => ReadBy::Lenient,
        Err(reason) => {
            flaws.add(format!("not read by feed-rs: {reason}"));
            ReadBy::Lenient
        }
    };
    Ok(Listing {
        title: string(&feed, "title").map(clean_line).filter(|title| !title.is_empty()),
        language,
        entries,
        more: Vec::new(),
        interval: None,
        skip_hours: Vec::new(),
        skip_days: Vec::new(),
        read_by,
        charset: String::new(),
        flaws: flaws.list,
    })
}

fn into_array(value: Value) -> Option<Vec<Value>> {
    match value {
        Value::Array(items) => Some(items),
        _ => None,
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
    let own_language = string(item, "language").map(str::to_owned);
    let hint = own_language.as_deref().or(language);
    let mut date = |name| -> Option<Dated> {
        let text = string(item, name)?;
        let dated = date::parse(text, &Hints { language: hint, ..Hints::default() });
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
