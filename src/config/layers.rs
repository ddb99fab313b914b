//! The settings from their layers: flags override the environment, it the file, and it the default.

use std::{collections::BTreeMap, ops::Range};

use serde::Deserialize;
use serde_json::Value as Json;
use toml::{Spanned, Table, Value, de::DeValue};

use super::{
    reader::{self, Leaf},
    report::Document,
    schema,
    settings::Settings,
};
use crate::fault::Fault;

const PREFIX: &str = "NEWSWATCH__";

/// The file, then the variables of the environment, then the flags, each with its own text.
pub(super) fn documents(
    file: Document,
    env: &BTreeMap<String, String>,
    flags: &[(String, String)],
) -> Vec<Document> {
    let variables = env.iter().filter(|(name, _)| name.starts_with(PREFIX));
    let variables =
        variables.map(|(name, value)| Document::new("environment", format!("{name}={value}")));
    let flags =
        flags.iter().map(|(key, value)| Document::new("command line", format!("{key}={value}")));
    [file].into_iter().chain(variables).chain(flags).collect()
}

/// The last layer that writes a setting, and where.
struct Origin {
    layer: usize,
    leaf: Leaf,
}

/// Reads the settings from layers, the first of them the file; a later one overrides an earlier.
pub(super) fn settings(layers: &mut [Document]) -> Settings {
    let schema = schema::settings();
    let mut written: BTreeMap<(String, String), Origin> = BTreeMap::new();
    for (layer, document) in layers.iter_mut().enumerate() {
        let leaves = if layer == 0 {
            file(document, &schema)
        } else {
            variable(document, &schema).into_iter().collect()
        };
        written.extend(leaves.into_iter().map(|(key, leaf)| (key, Origin { layer, leaf })));
    }
    let mut table = Table::new();
    for ((section, key), origin) in &written {
        let section = table.entry(section.clone()).or_insert_with(|| Value::Table(Table::new()));
        if let Value::Table(keys) = section {
            keys.insert(key.clone(), origin.leaf.value.clone());
        }
    }
    let settings = match Settings::deserialize(table) {
        Ok(settings) => settings,
        Err(error) => {
            // Each value was accepted alone, so this is not reached; if it is, it must be seen.
            if let Some(file) = layers.first_mut() {
                let message = error.message().to_owned();
                file.faults.push(Fault { span: 0..0, message, help: None });
            }
            return Settings::default();
        }
    };
    for conflict in settings.conflicts() {
        let origin = conflict
            .keys
            .iter()
            .find_map(|(section, key)| written.get(&((*section).to_owned(), (*key).to_owned())));
        let Some(origin) = origin else { continue };
        if let Some(document) = layers.get_mut(origin.layer) {
            document.faults.push(conflict.at(origin.leaf.span.clone()));
        }
    }
    settings
}

type Leaves = Vec<((String, String), Leaf)>;

/// The settings of the file.
fn file(document: &mut Document, schema: &Json) -> Leaves {
    let mut leaves = Vec::new();
    let faults = &mut document.faults;
    let root = reader::parse(&document.text, faults);
    for (name, value) in reader::in_order(&root) {
        let section = name.get_ref().as_ref();
        let is_known = reader::known_keys(schema).any(|known| known == section);
        match value.get_ref() {
            DeValue::Table(table) if is_known => {
                let keys = reader::of_key(schema, section);
                let unknown = |name: &str, span| unknown_key(name, span, keys, schema);
                let found =
                    reader::keys(table, keys, faults, unknown, |key| fits_section(section, key));
                leaves.extend(found.into_iter().map(|(k, leaf)| ((section.to_owned(), k), leaf)));
            }
            _ if is_known => faults.push(Fault {
                span: value.span(),
                message: format!("`{section}` is a section"),
                help: Some(format!("write its keys below a line [{section}]")),
            }),
            _ if section == "feed" => faults.push(Fault {
                span: name.span(),
                message: "feeds do not stand in this file".to_owned(),
                help: Some("write them to feeds.toml beside it".to_owned()),
            }),
            DeValue::Table(_) => faults.push(unknown_section(section, name.span(), schema)),
            _ => faults.push(unknown_key(section, name.span(), schema, schema)),
        }
    }
    leaves
}

/// The setting that a line `NEWSWATCH__SECTION__KEY=value` or `section.key=value` gives.
fn variable(document: &mut Document, schema: &Json) -> Option<((String, String), Leaf)> {
    let text = &document.text;
    let (name, value) = text.split_once('=')?;
    let (prefix, separator) = if name.starts_with(PREFIX) { (PREFIX, "__") } else { ("", ".") };
    let path = name.get(prefix.len()..).unwrap_or_default();
    let Some((section, key)) = path.split_once(separator) else {
        document.faults.push(Fault {
            span: 0..name.len(),
            message: "a setting is named by its section and its key".to_owned(),
            help: Some(format!("expected {prefix}SECTION{separator}KEY")),
        });
        return None;
    };
    let section_span = prefix.len()..prefix.len() + section.len();
    let key_span = name.len() - key.len()..name.len();
    let value_start = name.len() + 1;
    let (section, key) = (section.to_lowercase(), key.to_lowercase());
    let is_in = |name: &str, schema| reader::known_keys(schema).any(|known| known == name);
    let keys = reader::of_key(schema, &section);
    let faults = if !is_in(&section, schema) {
        vec![unknown_section(&section, section_span, schema)]
    } else if !is_in(&key, keys) {
        vec![unknown_key(&key, key_span, keys, schema)]
    } else {
        let value = plain_value(value, value_start, reader::of_key(keys, &key));
        let written = Spanned::new(value_start..text.len(), value);
        match reader::leaf(&key, &written, keys, |table| fits_section(&section, table)) {
            Ok(leaf) => return Some(((section, key), leaf)),
            Err(faults) => faults,
        }
    };
    document.faults.extend(faults);
    None
}

/// A value as a shell gives it: no quotes around text, elements apart by commas; or an array as the
/// file has it. `start` is where it begins in its document.
fn plain_value<'a>(text: &'a str, start: usize, schema: &Json) -> DeValue<'a> {
    let string = |text: &'a str| DeValue::String(text.into());
    match schema.get("type").and_then(Json::as_str) {
        Some("boolean" | "integer") => {
            DeValue::parse(text).map_or_else(|_| string(text), Spanned::into_inner)
        }
        Some("array") => {
            let mut elements = toml::de::DeArray::new();
            if text.starts_with('[')
                && let Ok(DeValue::Array(written)) = DeValue::parse(text).map(Spanned::into_inner)
            {
                for element in written {
                    let span = start + element.span().start..start + element.span().end;
                    elements.push(Spanned::new(span, element.into_inner()));
                }
                return DeValue::Array(elements);
            }
            let mut offset = start;
            for part in text.split(',') {
                let element = part.trim();
                if !element.is_empty() {
                    let from = offset + part.len() - part.trim_start().len();
                    elements.push(Spanned::new(from..from + element.len(), string(element)));
                }
                offset += part.len() + 1;
            }
            DeValue::Array(elements)
        }
        _ => string(text),
    }
}

fn fits_section(section: &str, keys: Table) -> Result<(), toml::de::Error> {
    let table = Table::from_iter([(section.to_owned(), Value::Table(keys))]);
    Settings::deserialize(table).map(|_| ())
}

fn unknown_section(name: &str, span: Range<usize>, schema: &Json) -> Fault {
    reader::unknown("section", name, span, reader::known_keys(schema).collect())
}

/// A key that its table does not know; where another section does, that is told.
fn unknown_key(name: &str, span: Range<usize>, keys: &Json, schema: &Json) -> Fault {
    let home = reader::known_keys(schema).find(|section| {
        reader::known_keys(reader::of_key(schema, section)).any(|known| known == name)
    });
    let fault = reader::unknown("key", name, span, reader::known_keys(keys).collect());
    match home {
        Some(section) => {
            Fault { help: Some(format!("`{name}` belongs to the section [{section}]")), ..fault }
        }
        None => fault,
    }
}
