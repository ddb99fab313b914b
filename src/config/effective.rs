//! The configuration in effect as one value: its hash, and how two of them differ.

use std::{collections::BTreeMap, fmt};

use serde_json::{Value, json};

use super::{Config, Document};

/// `c_` and 16 characters that stand for the configuration in effect: the same settings, feeds,
/// topics and site rules have the same hash, however and in whatever order they are written.
pub fn hash(config: &Config) -> String {
    let mut hasher = blake3::Hasher::new();
    for (key, value) in flat(config) {
        hasher.update(key.as_bytes()).update(&[0]);
        hasher.update(value.to_string().as_bytes()).update(&[0]);
    }
    let hash = hasher.finalize().to_hex();
    format!("c_{}", hash.get(..16).unwrap_or(&hash))
}

/// A key whose value is another in the new configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// `schedule.interval`, `feed tass interval`, `topic csto-kazakhstan`.
    pub key: String,
    pub before: Option<String>,
    pub after: Option<String>,
}

impl fmt::Display for Change {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.before, &self.after) {
            (Some(before), Some(after)) => write!(to, "{}: {before} -> {after}", self.key),
            (None, Some(after)) => write!(to, "{}: added, {after}", self.key),
            (Some(before), None) => write!(to, "{}: removed, was {before}", self.key),
            (None, None) => to.write_str(&self.key),
        }
    }
}

/// What is different in `new`, by key.
pub fn diff(old: &Config, new: &Config) -> Vec<Change> {
    let (old, new) = (flat(old), flat(new));
    let mut keys: Vec<&String> = old.keys().chain(new.keys()).collect();
    keys.sort();
    keys.dedup();
    let text = |values: &BTreeMap<String, Value>, key| values.get(key).map(Value::to_string);
    keys.into_iter()
        .filter(|key| old.get(*key) != new.get(*key))
        .map(|key| Change { key: key.clone(), before: text(&old, key), after: text(&new, key) })
        .collect()
}

/// Every key with its value, in the order of the keys.
fn flat(config: &Config) -> BTreeMap<String, Value> {
    let mut keys = BTreeMap::new();
    let mut insert = |prefix: &str, value: Value| match value {
        Value::Object(members) => {
            keys.extend(members.into_iter().map(|(key, value)| (format!("{prefix}{key}"), value)));
        }
        value => {
            keys.insert(prefix.to_owned(), value);
        }
    };
    if let Ok(Value::Object(sections)) = serde_json::to_value(&config.settings) {
        for (section, members) in sections {
            insert(&format!("{section}."), members);
        }
    }
    for feed in &config.feeds {
        insert(&format!("feed {} ", feed.id), json!(feed));
    }
    for (kind, documents) in [("topic", &config.topics), ("site", &config.sites)] {
        for document in documents {
            let name = document.name.rsplit(['/', '\\']).next().unwrap_or_default();
            let name = name.strip_suffix(".toml").unwrap_or(name);
            insert(&format!("{kind} {name}"), Value::from(content_hash(document)));
        }
    }
    keys
}

/// Of what the file says, not of how it is written: comments and layout do not count.
fn content_hash(document: &Document) -> String {
    let content = match document.text.parse::<toml::Table>() {
        Ok(table) => json!(table).to_string(),
        Err(_) => document.text.clone(),
    };
    blake3::hash(content.as_bytes()).to_hex().chars().take(16).collect()
}
