//! From the text of a file to the values of known keys, with everything that is wrong on the way.
//!
//! serde stops at the first error. Here every key is looked up in the file's schema and every value
//! is offered to serde alone, so that all faults are found at once and each has its place.

use std::{collections::BTreeMap, ops::Range};

use serde::Deserialize;
use serde_json::Value as Json;
use toml::{
    Spanned, Table, Value,
    de::{DeTable, DeValue, ValueDeserializer},
};

use crate::{fault::Fault, text};

/// A value that its key accepts, and the bytes that hold it.
#[derive(Debug, Clone)]
pub(super) struct Leaf {
    pub(super) value: Value,
    pub(super) span: Range<usize>,
}

/// Parses the TOML. After a fault of syntax the rest is still read as well as it can be.
pub(super) fn parse<'a>(text: &'a str, faults: &mut Vec<Fault>) -> DeTable<'a> {
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let span = error.span().unwrap_or(text.len()..text.len());
        faults.push(in_words(Fault { span, message: error.message().to_owned(), help: None }));
    }
    table.into_inner()
}

/// The keys of a table in the order of the text.
pub(super) fn in_order<'t, 'a>(
    table: &'t DeTable<'a>,
) -> Vec<(&'t Spanned<toml::de::DeString<'a>>, &'t Spanned<DeValue<'a>>)> {
    let mut keys: Vec<_> = table.iter().collect();
    keys.sort_by_key(|(key, _)| key.span().start);
    keys
}

/// Reads the keys of one table. `unknown` makes the fault of a key that the schema does not have;
/// `fits` tells of a table with a single key whether its value will do.
pub(super) fn keys(
    table: &DeTable<'_>,
    schema: &Json,
    faults: &mut Vec<Fault>,
    unknown: impl Fn(&str, Range<usize>) -> Fault,
    fits: impl Fn(Table) -> Result<(), toml::de::Error>,
) -> BTreeMap<String, Leaf> {
    let mut leaves = BTreeMap::new();
    for (key, value) in in_order(table) {
        let name = key.get_ref().as_ref();
        if !known_keys(schema).any(|known| known == name) {
            faults.push(unknown(name, key.span()));
            continue;
        }
        match leaf(name, value, schema, &fits) {
            Ok(leaf) => {
                leaves.insert(name.to_owned(), leaf);
            }
            Err(found) => faults.extend(found),
        }
    }
    leaves
}

/// Reads one value of a key that is known.
pub(super) fn leaf(
    key: &str,
    written: &Spanned<DeValue<'_>>,
    schema: &Json,
    fits: impl Fn(Table) -> Result<(), toml::de::Error>,
) -> Result<Leaf, Vec<Fault>> {
    let span = written.span();
    let value = to_value(written).map_err(|error| vec![fault(key, &span, error.message())])?;
    let Some(error) = misfit(key, &value, schema, &fits) else {
        return Ok(Leaf { value, span });
    };
    // Where one element of an array is wrong, the caret belongs under it and not under all.
    if let DeValue::Array(elements) = written.get_ref() {
        let faults: Vec<Fault> = elements
            .iter()
            .filter_map(|element| {
                let single = Value::Array(vec![to_value(element).ok()?]);
                misfit(key, &single, schema, &fits).map(|text| fault(key, &element.span(), &text))
            })
            .collect();
        if !faults.is_empty() {
            return Err(faults);
        }
    }
    Err(vec![fault(key, &span, &error)])
}

/// The keys that a table's schema knows.
pub(super) fn known_keys(schema: &Json) -> impl Iterator<Item = &str> {
    schema
        .get("properties")
        .and_then(Json::as_object)
        .into_iter()
        .flatten()
        .map(|(key, _)| key.as_str())
}

/// The schema of a key of a table.
pub(super) fn of_key<'s>(schema: &'s Json, key: &str) -> &'s Json {
    schema.get("properties").and_then(|keys| keys.get(key)).unwrap_or(&Json::Null)
}

/// The values that a key has to choose from, where they are few.
pub(super) fn choices(schema: &Json) -> impl Iterator<Item = &str> {
    let of = |name| schema.get(name).and_then(Json::as_array).into_iter().flatten();
    let documented = of("oneOf").filter_map(|choice| choice.get("const"));
    of("enum").chain(documented).filter_map(Json::as_str)
}

/// The fault of a name that is none of the known ones.
pub(super) fn unknown(kind: &str, name: &str, span: Range<usize>, known: Vec<&str>) -> Fault {
    let help = match text::nearest(name, known.iter().copied()) {
        Some(known) => format!("did you mean `{known}`?"),
        None => format!("expected one of {}", list(known.into_iter())),
    };
    Fault { span, message: format!("unknown {kind} `{name}`"), help: Some(help) }
}

/// Where a fault is a sentence of serde's or of the TOML parser's, what was expected goes to the
/// caret, and a misspelt key is told the right one.
pub(super) fn in_words(fault: Fault) -> Fault {
    let (found, Some(expected)) = halves(&fault.message) else { return fault };
    if fault.help.is_some() {
        return fault;
    }
    match found.strip_prefix("unknown field `") {
        Some(name) => unknown("key", name.trim_end_matches('`'), fault.span, quoted(expected)),
        None => Fault {
            message: found.to_owned(),
            help: Some(format!("expected {expected}")),
            span: fault.span,
        },
    }
}

/// The names between backticks.
fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

pub(super) fn list<'c>(names: impl Iterator<Item = &'c str>) -> String {
    names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn to_value(written: &Spanned<DeValue<'_>>) -> Result<Value, toml::de::Error> {
    Value::deserialize(ValueDeserializer::from(written.clone()))
}

/// Why a value will not do: by the bounds of the schema, or in serde's words.
fn misfit(
    key: &str,
    value: &Value,
    schema: &Json,
    fits: impl Fn(Table) -> Result<(), toml::de::Error>,
) -> Option<String> {
    let schema = of_key(schema, key);
    let choices: Vec<&str> = choices(schema).collect();
    let bound = |name| schema.get(name).and_then(Json::as_i64);
    if let (Some(least), Some(most)) = (bound("minimum"), bound("maximum")) {
        let is_within = value.as_integer().is_some_and(|number| (least..=most).contains(&number));
        return (!is_within).then(|| {
            format!("{} `{value}`, expected a number from {least} to {most}", value.type_str())
        });
    }
    if !choices.is_empty() && !value.is_str() {
        let choices = list(choices.into_iter());
        return Some(format!("{} `{value}`, expected one of {choices}", value.type_str()));
    }
    let single = Table::from_iter([(key.to_owned(), value.clone())]);
    let error = fits(single).err()?;
    // serde speaks of Rust's types; the user writes TOML.
    let message = error.message().replace("a sequence", "an array");
    Some(message.replace("a boolean", "true or false"))
}

/// What is there, and what was expected.
fn halves(error: &str) -> (&str, Option<&str>) {
    match error.split_once(", expected ") {
        Some((found, expected)) => (found, Some(expected)),
        None => (error, None),
    }
}

/// Puts serde's sentence into the two halves of a fault: what is there, what was expected.
fn fault(key: &str, span: &Range<usize>, error: &str) -> Fault {
    let (found, expected) = halves(error);
    let (message, slip) = if let Some(found) = found.strip_prefix("unknown variant ") {
        let names = quoted(expected.unwrap_or_default());
        let slip = text::nearest(found.trim_matches('`'), names);
        (format!("wrong value for `{key}`: {found}"), slip)
    } else {
        let found = found.strip_prefix("invalid ").unwrap_or(found);
        let found = found.split_once(": ").map_or(found, |(_, found)| found);
        let found = found.strip_prefix("string ").unwrap_or(found);
        (format!("wrong value for `{key}`: {found}"), None)
    };
    let help = match (slip, expected) {
        (Some(slip), _) => Some(format!("did you mean \"{slip}\"?")),
        (None, Some(expected)) => Some(format!("expected {expected}")),
        (None, None) => None,
    };
    Fault { span: span.clone(), message, help }
}
