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
    let root = reader::parse(&document.text, &mut document.faults);
    for (name, value) in reader::in_order(&root) {
        let section = name.get_ref().as_ref();
        let is_known = reader::known_keys(schema).any(|known| known == section);
        let fault = match value.get_ref() {
            DeValue::Table(table) if is_known => {
                let keys = reader::of_key(schema, section);
                let fits = |keys| fits_section(section, keys);
                let mut faults = Vec::new();
                let found = reader::keys(table, keys, &mut faults, fits);
                place_elsewhere(&mut faults, schema);
                document.faults.extend(faults);
                leaves.extend(found.into_iter().map(|(k, leaf)| ((section.to_owned(), k), leaf)));
                continue;
            }
            _ if is_known => Fault {
                span: value.span(),
                message: format!("`{section}` is a section"),
                help: Some(format!("write its keys below a line [{section}]")),
            },
            _ if section == "feed" => Fault {
                span: name.span(),
                message: "feeds do not stand in this file".to_owned(),
                help: Some("write them to feeds.toml beside it".to_owned()),
            },
            DeValue::Table(_) => unknown_section(section, name.span(), schema),
            _ => {
                let mut faults = vec![Fault {
                    span: name.span(),
                    message: format!("unknown key `{section}`"),
                    help: Some("every key stands in a section".to_owned()),
                }];
                place_elsewhere(&mut faults, schema);
                document.faults.extend(faults);
                continue;
            }
        };
        document.faults.push(fault);
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
        vec![reader::unknown_key(&key, key_span, keys)]
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

/// A value as a shell gives it: no quotes around text, elements apart by commas. `start` is where
/// it begins in its document.
fn plain_value<'a>(text: &'a str, start: usize, schema: &Json) -> DeValue<'a> {
    let string = |text: &'a str| DeValue::String(text.into());
    match schema.get("type").and_then(Json::as_str) {
        Some("boolean" | "integer") => {
            DeValue::parse(text).map_or_else(|_| string(text), Spanned::into_inner)
        }
        Some("array") => {
            let mut elements = toml::de::DeArray::new();
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
    let help = match reader::nearest(name, reader::known_keys(schema)) {
        Some(known) => format!("did you mean [{known}]?"),
        None => format!("expected one of {}", reader::list(reader::known_keys(schema))),
    };
    Fault { span, message: format!("unknown section `{name}`"), help: Some(help) }
}

/// A key in the wrong section is told its own.
fn place_elsewhere(faults: &mut [Fault], schema: &Json) {
    for fault in faults {
        let Some(key) =
            fault.message.strip_prefix("unknown key `").map(|m| m.trim_end_matches('`'))
        else {
            continue;
        };
        let home = reader::known_keys(schema).find(|section| {
            reader::known_keys(reader::of_key(schema, section)).any(|known| known == key)
        });
        if let Some(section) = home {
            fault.help = Some(format!("`{key}` belongs to the section [{section}]"));
        }
    }
}
