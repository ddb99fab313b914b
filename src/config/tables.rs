//! Files of one kind of table: `[[feed]]` of `feeds.toml`, `[[alert]]` of `alerts.toml`.

use std::{collections::BTreeMap, ops::Range};

use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use toml::{
    Table,
    de::{DeTable, DeValue},
};

use super::{
    reader::{self, Leaf},
    report::{Document, position},
};
use crate::fault::Fault;

/// What a file has many of.
pub(super) trait Entry: DeserializeOwned {
    /// `feed` in `[[feed]]`.
    const NAME: &'static str;
    /// Values that do for the keys that are required.
    fn sample() -> Table;
}

/// An entry and where its values stand.
pub(super) type Placed<T> = (T, BTreeMap<String, Leaf>);

/// The entries of the document that will do; what is wrong with the others goes to its faults.
pub(super) fn read<T: Entry>(document: &mut Document, schema: &Json) -> Vec<Placed<T>> {
    let keys = schema.pointer(&format!("/properties/{}/items", T::NAME)).unwrap_or(&Json::Null);
    let mut entries = Vec::new();
    let faults = &mut document.faults;
    let root = reader::parse(&document.text, faults);
    for (name, value) in reader::in_order(&root) {
        match (name.get_ref().as_ref(), value.get_ref()) {
            (key, DeValue::Array(tables)) if key == T::NAME => {
                for table in tables {
                    let DeValue::Table(written) = table.get_ref() else {
                        faults.push(not_an_entry(T::NAME, table.span()));
                        continue;
                    };
                    entries.extend(entry(written, &table.span(), keys, faults));
                }
            }
            (key, _) if key == T::NAME => faults.push(not_an_entry(T::NAME, value.span())),
            (key, _) => faults.push(unknown_key(key, name.span(), schema)),
        }
    }
    entries
}

fn unknown_key(name: &str, span: Range<usize>, schema: &Json) -> Fault {
    reader::unknown("key", name, span, reader::known_keys(schema).collect())
}

fn not_an_entry(name: &str, span: Range<usize>) -> Fault {
    let help = Some(format!("write each {name} below a line [[{name}]]"));
    let article = if name.starts_with('a') { "an" } else { "a" };
    Fault { span, message: format!("this is not {article} {name}"), help }
}

/// Reads one entry. It is none where a required key is missing or wrong; other keys that are wrong
/// fall back to their defaults, so that the checks over all entries see as many as there are.
fn entry<T: Entry>(
    written: &DeTable<'_>,
    span: &Range<usize>,
    schema: &Json,
    faults: &mut Vec<Fault>,
) -> Option<Placed<T>> {
    let fits = |key: Table| {
        let mut whole = T::sample();
        whole.extend(key);
        T::deserialize(whole).map(|_| ())
    };
    let unknown = |name: &str, span| unknown_key(name, span, schema);
    let leaves = reader::keys(written, schema, faults, unknown, fits);
    let required = schema.get("required").and_then(Json::as_array).into_iter().flatten();
    for key in required.filter_map(Json::as_str).filter(|key| !written.contains_key(*key)) {
        let message = format!("the {} has no `{key}`", T::NAME);
        faults.push(Fault { span: span.clone(), message, help: None });
    }
    let table: Table = leaves.iter().map(|(key, leaf)| (key.clone(), leaf.value.clone())).collect();
    T::deserialize(table).ok().map(|entry| (entry, leaves))
}

/// Reports the values of a key that several entries share.
pub(super) fn repeated<'e, T>(
    entries: &'e [Placed<T>],
    text: &str,
    key: &str,
    value: impl Fn(&'e T) -> &'e str,
    faults: &mut Vec<Fault>,
) {
    let mut first = BTreeMap::new();
    for (entry, leaves) in entries {
        let Some(span) = leaves.get(key).map(|leaf| leaf.span.clone()) else { continue };
        let value = value(entry);
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
