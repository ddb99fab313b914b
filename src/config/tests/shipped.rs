//! The shipped files and schemas are what the settings' types say.
//!
//! After a change of the settings `BLESS=1 cargo test --lib config` brings them up to date.

use std::{env, fs, path::Path};

use serde_json::Value;

use super::super::*;

#[test]
fn the_shipped_settings_are_all_keys_with_their_docs_and_defaults() {
    let mut text = "#:schema schema/newswatch.json\n\n".to_owned();
    text += &comment(
        "Settings of newswatch. Every key stands here with its default: what you delete stays as it \
         is. The environment overrides this file: NEWSWATCH__SCHEDULE__INTERVAL=1h. Durations and \
         sizes carry their unit: \"90s\", \"1h30m\", \"24h\", \"30d\"; \"512KiB\", \"64MiB\". \
         `newswatch check` reports all faults at once.",
    );
    let schema = schema::settings();
    for (section, keys) in members(&schema) {
        text += &format!("\n{}[{section}]\n", comment(description(keys)));
        for (key, of_key) in members(keys) {
            text += &format!(
                "\n{}{}{}",
                comment(description(of_key)),
                choices(of_key),
                line(key, of_key)
            );
        }
    }
    is_file("config/newswatch.toml", &text);
}

#[test]
fn the_shipped_feeds_begin_with_all_keys_of_a_feed() {
    let mut head = "#:schema schema/feeds.json\n\n".to_owned();
    head += &comment(
        "Feeds that newswatch polls. `newswatch check` reports all faults at once, `newswatch feeds \
         list` shows what is read here. The keys of a feed, the first two required, the others with \
         an example or their default:",
    );
    head += "#\n# [[feed]]\n";
    let schema = schema::feeds();
    for (key, of_key) in members(schema.pointer("/properties/feed/items").unwrap()) {
        head += &format!("# {}", line(key, of_key).trim_start_matches("# "));
        for line in (comment(description(of_key)) + &choices(of_key)).lines() {
            head += &format!("#   {}\n", line.trim_start_matches('#'));
        }
    }
    head += "\n";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/feeds.toml");
    let shipped = fs::read_to_string(path).unwrap();
    let feeds = shipped.split_once("\n# ---- ").map_or("", |(_, feeds)| feeds);
    is_file("config/feeds.toml", &format!("{head}# ---- {feeds}"));
}

#[test]
fn the_shipped_schemas_are_those_of_the_settings() {
    let text = |schema| serde_json::to_string_pretty(&schema).unwrap() + "\n";
    is_file("config/schema/newswatch.json", &text(schema::settings()));
    is_file("config/schema/feeds.json", &text(schema::feeds()));
}

fn is_file(path: &str, expected: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if env::var_os("BLESS").is_some() {
        fs::write(&path, expected).unwrap();
    }
    let shipped = fs::read_to_string(&path).unwrap_or_default();
    assert!(shipped == expected, "{} is out of date: see the head of this file", path.display());
}

fn members(schema: &Value) -> impl Iterator<Item = (&String, &Value)> {
    schema["properties"].as_object().unwrap().iter()
}

fn description(schema: &Value) -> &str {
    schema["description"].as_str().unwrap()
}

/// The values of a key that knows only some.
fn choices(schema: &Value) -> String {
    let all: Vec<String> = reader::choices(schema).map(|name| format!("{name:?}")).collect();
    if all.is_empty() { String::new() } else { format!("# One of {}.\n", all.join(", ")) }
}

/// `key = default`, or an example behind a `#` where there is no default.
fn line(key: &str, schema: &Value) -> String {
    match schema.get("default") {
        Some(default) => format!("{key} = {}\n", literal(default)),
        None => format!("# {key} = {}\n", literal(&schema["examples"][0])),
    }
}

fn literal(value: &Value) -> String {
    serde_json::from_value::<toml::Value>(value.clone()).unwrap().to_string()
}

/// The text as comment lines of at most 100 characters.
fn comment(text: &str) -> String {
    let mut lines = vec!["#".to_owned()];
    for word in text.split_whitespace() {
        if lines.last().unwrap().chars().count() + 1 + word.chars().count() > 100 {
            lines.push("#".to_owned());
        }
        let line = lines.last_mut().unwrap();
        line.push(' ');
        line.push_str(word);
    }
    lines.join("\n") + "\n"
}
