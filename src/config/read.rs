//! From the texts of the files and the environment to a checked configuration.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value as Json;
use toml::{
    Spanned, Table, Value,
    de::{DeTable, DeValue},
};

use super::{
    Config,
    feed::Feed,
    reader::{self, Leaf},
    report::{Document, Report, position},
    schema,
    settings::Settings,
};
use crate::fault::Fault;

const PREFIX: &str = "NEWSWATCH__";

/// The texts of a configuration.
#[derive(Debug, Clone)]
pub struct Files {
    pub settings: Document,
    pub feeds: Document,
    pub topics: Vec<Document>,
    pub sites: Vec<Document>,
}

/// Reads and checks everything that needs no network.
pub fn config(
    mut files: Files,
    env: &BTreeMap<String, String>,
    flags: &[(String, String)],
) -> Result<Config, Report> {
    let mut layers = vec![files.settings];
    layers.extend(
        env.iter()
            .filter(|(name, _)| name.starts_with(PREFIX))
            .map(|(name, value)| Document::new("environment", format!("{name}={value}"))),
    );
    layers.extend(
        flags.iter().map(|(key, value)| Document::new("command line", format!("{key}={value}"))),
    );
    let settings = settings(&mut layers);
    let feeds = feeds(&mut files.feeds, &settings);
    let (topics, sites) = (files.topics.clone(), files.sites.clone());
    let documents = layers.into_iter().chain([files.feeds]).chain(files.topics).chain(files.sites);
    match Report::of(documents) {
        Some(report) => Err(report),
        None => Ok(Config { settings, feeds, topics, sites }),
    }
}

/// The last layer that writes a setting, and where.
struct Origin {
    layer: usize,
    leaf: Leaf,
}

/// Reads the settings from layers, the first of them the file; a later one overrides an earlier.
fn settings(layers: &mut [Document]) -> Settings {
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
            let span = origin.leaf.span.clone();
            document.faults.push(Fault { span, message: conflict.message, help: conflict.help });
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
    let text = document.text.clone();
    let (name, value) = text.split_once('=')?;
    let is_flag = !name.starts_with(PREFIX);
    let start = if is_flag { 0 } else { PREFIX.len() };
    let path = name.get(start..).unwrap_or_default();
    let (section, key) = path.split_once(if is_flag { "." } else { "__" }).unwrap_or((path, ""));
    let (section, key) = (section.to_lowercase(), key.to_lowercase());
    let section_end = start + section.len();
    let key_start = name.len() - key.len();
    if !reader::known_keys(schema).any(|known| known == section) {
        document.faults.push(unknown_section(&section, start..section_end, schema));
        return None;
    }
    let keys = reader::of_key(schema, &section);
    if !reader::known_keys(keys).any(|known| known == key) {
        document.faults.push(reader::unknown_key(&key, key_start..name.len(), keys));
        return None;
    }
    let span = name.len() + 1..text.len();
    let written = Spanned::new(span, plain_value(value, reader::of_key(keys, &key)));
    match reader::leaf(&key, &written, keys, |table| fits_section(&section, table)) {
        Ok(leaf) => Some(((section, key), leaf)),
        Err(faults) => {
            document.faults.extend(faults);
            None
        }
    }
}

/// A value as a shell gives it: no quotes around text, elements apart by commas.
fn plain_value<'a>(text: &'a str, schema: &Json) -> DeValue<'a> {
    let string = |text: &'a str| DeValue::String(text.into());
    match schema.get("type").and_then(Json::as_str) {
        Some("boolean" | "integer") => {
            DeValue::parse(text).map_or_else(|_| string(text), Spanned::into_inner)
        }
        Some("array") if !text.trim_start().starts_with('[') => {
            let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
            let elements = parts.map(|part| Spanned::new(0..0, string(part)));
            DeValue::Array(elements.collect())
        }
        Some("array") => DeValue::parse(text).map_or_else(|_| string(text), Spanned::into_inner),
        _ => string(text),
    }
}

fn fits_section(section: &str, keys: Table) -> Result<(), toml::de::Error> {
    let table = Table::from_iter([(section.to_owned(), Value::Table(keys))]);
    Settings::deserialize(table).map(|_| ())
}

fn unknown_section(name: &str, span: std::ops::Range<usize>, schema: &Json) -> Fault {
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

/// Reads `feeds.toml`.
fn feeds(document: &mut Document, settings: &Settings) -> Vec<Feed> {
    let schema = schema::feeds();
    let mut feeds = Vec::new();
    let mut faults = Vec::new();
    let root = reader::parse(&document.text, &mut faults);
    for (name, value) in reader::in_order(&root) {
        match (name.get_ref().as_ref(), value.get_ref()) {
            ("feed", DeValue::Array(tables)) => {
                let keys = schema.pointer("/properties/feed/items").unwrap_or(&Json::Null);
                for table in tables.iter() {
                    let DeValue::Table(written) = table.get_ref() else {
                        faults.push(not_a_feed(table.span()));
                        continue;
                    };
                    if let Some(feed) = feed(written, &table.span(), keys, &mut faults) {
                        feeds.push(feed);
                    }
                }
            }
            ("feed", _) => faults.push(not_a_feed(value.span())),
            (key, _) => faults.push(reader::unknown_key(key, name.span(), &schema)),
        }
    }
    check_feeds(&feeds, settings, &document.text, &mut faults);
    document.faults.extend(faults);
    feeds.into_iter().map(|(feed, _)| feed).collect()
}

fn not_a_feed(span: std::ops::Range<usize>) -> Fault {
    let help = Some("write each feed below a line [[feed]]".to_owned());
    Fault { span, message: "this is not a feed".to_owned(), help }
}

type Placed = (Feed, BTreeMap<String, Leaf>);

fn feed(
    written: &DeTable<'_>,
    span: &std::ops::Range<usize>,
    schema: &Json,
    faults: &mut Vec<Fault>,
) -> Option<Placed> {
    let whole = || {
        Table::from_iter([
            ("id".to_owned(), Value::from("a")),
            ("url".to_owned(), Value::from("http://localhost/")),
        ])
    };
    let fits = |key: Table| {
        let mut table = whole();
        table.extend(key);
        Feed::deserialize(table).map(|_| ())
    };
    let before = faults.len();
    let leaves = reader::keys(written, schema, faults, fits);
    let required = schema.get("required").and_then(Json::as_array).into_iter().flatten();
    for key in required.filter_map(Json::as_str) {
        if !written.contains_key(key) {
            let message = format!("the feed has no `{key}`");
            faults.push(Fault { span: span.clone(), message, help: None });
        }
    }
    if faults.len() > before && !(leaves.contains_key("id") && leaves.contains_key("url")) {
        return None;
    }
    let table: Table = leaves.iter().map(|(key, leaf)| (key.clone(), leaf.value.clone())).collect();
    match Feed::deserialize(table) {
        Ok(feed) => Some((feed, leaves)),
        Err(error) => {
            let message = error.message().to_owned();
            faults.push(Fault { span: span.clone(), message, help: None });
            None
        }
    }
}

/// What one feed alone cannot tell: names and addresses used twice, times against the settings.
fn check_feeds(feeds: &[Placed], settings: &Settings, text: &str, faults: &mut Vec<Fault>) {
    let mut ids = BTreeMap::new();
    let mut urls = BTreeMap::new();
    let span = |leaves: &BTreeMap<String, Leaf>, key: &str| {
        leaves.get(key).map_or(0..0, |leaf| leaf.span.clone())
    };
    for (feed, leaves) in feeds {
        let id = span(leaves, "id");
        if let Some(first) = ids.get(feed.id.as_str()) {
            let message = format!("the id `{}` is used twice", feed.id);
            let help = Some(format!("line {first} has it too"));
            faults.push(Fault { span: id.clone(), message, help });
        } else {
            ids.insert(feed.id.as_str(), position(text, id.start).0);
        }
        let url = span(leaves, "url");
        if let Some(first) = urls.get(feed.url.as_str()) {
            let message = format!("the address {} is listed twice", feed.url);
            let help = Some(format!("line {first} has it too"));
            faults.push(Fault { span: url, message, help });
        } else {
            urls.insert(feed.url.as_str(), position(text, url.start).0);
        }
        for conflict in feed.conflicts(&settings.schedule) {
            let place = conflict.keys.iter().find_map(|key| leaves.get(*key));
            let Some(place) = place else { continue };
            let span = place.span.clone();
            faults.push(Fault { span, message: conflict.message, help: conflict.help });
        }
    }
}
