//! The configuration in effect as one value: its hash, and how two of them differ.

use std::{collections::BTreeMap, fmt};

use serde_json::{Value, json};
use url::Url;

use super::{Config, Document};

/// `c_` and 16 characters that stand for all that decides over a record and does not stand in it: the
/// same topics, site rules and settings of `topic` and `dedup` have the same hash, however and in whatever
/// order they are written.
pub fn hash(config: &Config) -> String {
    let mut hasher = blake3::Hasher::new();
    let decides = |name: &str| {
        let (kind, _) = name.split_once(' ').unwrap_or((name, ""));
        DECIDING.contains(&kind)
    };
    for (name, members) in parts(config).into_iter().filter(|(name, _)| decides(name)) {
        for (key, value) in members {
            hasher.update(json!([name, key, value]).to_string().as_bytes());
        }
    }
    let hash = hasher.finalize().to_hex();
    format!("c_{}", hash.get(..16).unwrap_or(&hash))
}

/// The sections, and the kinds of files, that decide over a record.
const DECIDING: [&str; 3] = ["topic", "dedup", "site"];

/// What a hash stands for, as a document: the settings that count, and the files as they are written.
pub fn rules(config: &Config) -> Value {
    let topics = config.topics.iter().map(|it| (it.value.id().to_owned(), &it.document.text));
    let sites = config.sites.iter().map(|it| (it.value.host.clone(), &it.document.text));
    json!({
        "config_hash": hash(config),
        "crawler_version": env!("CARGO_PKG_VERSION"),
        "settings": { "topic": config.settings.topic, "dedup": config.settings.dedup },
        "topics": topics.collect::<BTreeMap<_, _>>(),
        "sites": sites.collect::<BTreeMap<_, _>>(),
    })
}

/// What a new configuration has that the old one had not. Its text is one line for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// `schedule.interval`, `feed tass-ru`, `feed tass-ru.url`, `topic csto-kz-2022`.
    pub key: String,
    /// `added`, `removed`, `changed`, or the values before and after.
    pub words: String,
}

impl fmt::Display for Change {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{}: {}", self.key, self.words)
    }
}

/// What is different in `new`, by key.
pub fn diff(old: &Config, new: &Config) -> Vec<Change> {
    let (old, new) = (parts(old), parts(new));
    let mut changes = Vec::new();
    for name in union(&old, &new) {
        let (before, after) = match (old.get(name), new.get(name)) {
            (Some(before), Some(after)) => (before, after),
            (before, _) => {
                let words = if before.is_none() { "added" } else { "removed" };
                changes.push(Change { key: name.clone(), words: words.to_owned() });
                continue;
            }
        };
        for key in union(before, after) {
            let (before, after) = (before.get(key), after.get(key));
            if before == after {
                continue;
            }
            let (from, to) = (shown(name, key, before), shown(name, key, after));
            changes.push(if key.is_empty() {
                Change { key: name.clone(), words: "changed".to_owned() }
            } else {
                let words = if from == to { "changed".into() } else { format!("{from} -> {to}") };
                Change { key: format!("{name}.{key}"), words }
            });
        }
    }
    changes
}

fn union<'m, V>(old: &'m BTreeMap<String, V>, new: &'m BTreeMap<String, V>) -> Vec<&'m String> {
    let mut keys: Vec<_> = old.keys().chain(new.keys()).collect();
    keys.sort();
    keys.dedup();
    keys
}

/// A value for people. Of addresses and programs that are told a secret, no more than which they are.
fn shown(part: &str, key: &str, value: Option<&Value>) -> String {
    let is_secret = match key {
        "proxy" => part == "network",
        "webhook" | "smtp" | "command" => part.starts_with("alert "),
        _ => false,
    };
    match value {
        None | Some(Value::Null) => "unset".to_owned(),
        Some(value) if !is_secret => value.to_string(),
        Some(Value::String(address)) => match Url::parse(address) {
            Ok(url) => {
                let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
                let host = url.host_str().unwrap_or_default();
                json!(format!("{}://{host}{port}/…", url.scheme())).to_string()
            }
            Err(_) => "…".to_owned(),
        },
        Some(Value::Array(words)) => {
            words.first().map_or_else(String::new, |word| format!("[{word}, …]"))
        }
        Some(_) => "…".to_owned(),
    }
}

/// The configuration by sections, feeds, topics and sites, each with its keys and values. What is
/// compared as a whole has one key, the empty one.
fn parts(config: &Config) -> BTreeMap<String, BTreeMap<String, Value>> {
    let mut parts = BTreeMap::new();
    for (section, keys) in object(json!(config.settings)) {
        parts.insert(section, object(keys));
    }
    for feed in &config.feeds {
        parts.insert(format!("feed {}", feed.id), object(json!(feed)));
    }
    for alert in &config.alerts {
        parts.insert(format!("alert {}", alert.id), object(json!(alert)));
    }
    let topics = config.topics.iter().map(|topic| ("topic", topic.value.id(), &topic.document));
    let sites = config.sites.iter().map(|site| ("site", site.value.host.as_str(), &site.document));
    for (kind, name, document) in topics.chain(sites) {
        let whole = BTreeMap::from([(String::new(), content(document))]);
        parts.insert(format!("{kind} {name}"), whole);
    }
    parts
}

fn object(value: Value) -> BTreeMap<String, Value> {
    match value {
        Value::Object(members) => members.into_iter().collect(),
        _ => BTreeMap::new(),
    }
}

/// What a file says, not how it is written: comments and layout do not count.
fn content(document: &Document) -> Value {
    match document.text.parse::<toml::Table>() {
        Ok(table) => json!(table),
        Err(_) => json!(document.text),
    }
}
