//! Reads `feeds.toml`.

use std::{collections::BTreeMap, ops::Range};

use serde::Deserialize;
use serde_json::Value as Json;
use toml::{
    Table,
    de::{DeTable, DeValue},
};

use super::{
    feed::Feed,
    reader::{self, Leaf},
    report::{Document, position},
    schema,
    settings::Schedule,
};
use crate::fault::Fault;

/// A feed and where its values stand.
type Placed = (Feed, BTreeMap<String, Leaf>);

/// The feeds of the document that will do; what is wrong with the others goes to its faults.
pub(super) fn read(document: &mut Document, schedule: &Schedule) -> Vec<Feed> {
    let schema = schema::feeds();
    let keys = schema.pointer("/properties/feed/items").unwrap_or(&Json::Null);
    let mut feeds = Vec::new();
    let faults = &mut document.faults;
    let root = reader::parse(&document.text, faults);
    for (name, value) in reader::in_order(&root) {
        match (name.get_ref().as_ref(), value.get_ref()) {
            ("feed", DeValue::Array(tables)) => {
                for table in tables {
                    let DeValue::Table(written) = table.get_ref() else {
                        faults.push(not_a_feed(table.span()));
                        continue;
                    };
                    feeds.extend(feed(written, &table.span(), keys, faults));
                }
            }
            ("feed", _) => faults.push(not_a_feed(value.span())),
            (key, _) => faults.push(unknown_key(key, name.span(), &schema)),
        }
    }
    repeated(&feeds, &document.text, "id", |feed| &feed.id, faults);
    repeated(&feeds, &document.text, "url", |feed| feed.url.as_str(), faults);
    for (feed, leaves) in &feeds {
        for conflict in feed.conflicts(schedule) {
            let place = conflict.keys.iter().find_map(|key| leaves.get(*key));
            faults.extend(place.map(|leaf| conflict.at(leaf.span.clone())));
        }
    }
    feeds.into_iter().map(|(feed, _)| feed).collect()
}

fn unknown_key(name: &str, span: Range<usize>, schema: &Json) -> Fault {
    reader::unknown("key", name, span, reader::known_keys(schema).collect())
}

fn not_a_feed(span: Range<usize>) -> Fault {
    let help = Some("write each feed below a line [[feed]]".to_owned());
    Fault { span, message: "this is not a feed".to_owned(), help }
}

/// Reads one feed. It is none where a required key is missing or wrong; other keys that are wrong
/// fall back to their defaults, so that the checks over all feeds see as many as there are.
fn feed(
    written: &DeTable<'_>,
    span: &Range<usize>,
    schema: &Json,
    faults: &mut Vec<Fault>,
) -> Option<Placed> {
    let fits = |key: Table| {
        let mut whole = Table::new();
        whole.insert("id".to_owned(), "a".into());
        whole.insert("url".to_owned(), "http://localhost/".into());
        whole.extend(key);
        Feed::deserialize(whole).map(|_| ())
    };
    let unknown = |name: &str, span| unknown_key(name, span, schema);
    let leaves = reader::keys(written, schema, faults, unknown, fits);
    let required = schema.get("required").and_then(Json::as_array).into_iter().flatten();
    for key in required.filter_map(Json::as_str).filter(|key| !written.contains_key(*key)) {
        let message = format!("the feed has no `{key}`");
        faults.push(Fault { span: span.clone(), message, help: None });
    }
    let table: Table = leaves.iter().map(|(key, leaf)| (key.clone(), leaf.value.clone())).collect();
    Feed::deserialize(table).ok().map(|feed| (feed, leaves))
}

/// Reports the values of a key that several feeds share.
fn repeated<'f>(
    feeds: &'f [Placed],
    text: &str,
    key: &str,
    value: impl Fn(&'f Feed) -> &'f str,
    faults: &mut Vec<Fault>,
) {
    let mut first = BTreeMap::new();
    for (feed, leaves) in feeds {
        let Some(span) = leaves.get(key).map(|leaf| leaf.span.clone()) else { continue };
        let value = value(feed);
        match first.get(value) {
            Some(start) => {
                let line = position(text, *start).0;
                let message = format!("the {key} `{value}` is used twice");
                faults.push(Fault { span, message, help: Some(format!("line {line} has it too")) });
            }
            None => {
                first.insert(value, span.start);
            }
        }
    }
}
