//! The shipped files and schemas are what the settings' types say.
//!
//! After a change of the settings `BLESS=1 cargo test --lib config` brings them up to date.
#![expect(clippy::disallowed_methods, reason = "test: compares files with the types")]

use std::{collections::BTreeSet, env, fmt::Write, fs, path::Path};

use serde_json::Value;

use super::{Document, Files, Report, embedded, read, reader, schema};

#[test]
fn the_shipped_settings_are_all_keys_with_their_docs_and_defaults() {
    let mut text = "#:schema schema/newswatch.json\n\n".to_owned();
    text += &comment(
        "Settings of newswatch. Every key stands here with its default; a key that you delete keeps \
         it. The environment overrides this file: NEWSWATCH__SCHEDULE__INTERVAL=1h. Durations and \
         sizes carry their unit: \"90s\", \"1h30m\", \"30d\"; \"512KiB\", \"64MiB\". `newswatch \
         check` reports all faults at once.",
    );
    let schema = schema::settings();
    for (section, keys) in members(&schema) {
        write!(text, "\n\n{}[{section}]\n", comment(description(keys))).unwrap();
        for (key, of_key) in members(keys) {
            let doc = comment(description(of_key)) + &choices(of_key);
            write!(text, "\n{doc}{}", line(key, of_key)).unwrap();
        }
    }
    is_file("config/newswatch.toml", &text);
}

/// A comment that names all keys of a kind of table.
fn keys_of(kind: &str, schema: &Value) -> String {
    let mut text = format!("#\n# [[{kind}]]\n");
    for (key, of_key) in members(schema.pointer(&format!("/properties/{kind}/items")).unwrap()) {
        write!(text, "# {}", line(key, of_key).trim_start_matches("# ")).unwrap();
        let doc = comment(description(of_key)) + &choices(of_key);
        for line in doc.lines() {
            writeln!(text, "#   {}", line.trim_start_matches('#')).unwrap();
        }
    }
    text
}

#[test]
fn the_shipped_alerts_are_all_keys_of_an_alert() {
    let mut text = "#:schema schema/alerts.json\n\n".to_owned();
    text += &comment(
        "Who is told of kept articles, of feeds that fail, of a full disk. Nobody is by default. \
         `newswatch alerts test ID` shows whether a message arrives. The keys of an alert are these; \
         it needs an id and one of webhook, smtp and command.",
    );
    is_file("config/alerts.toml", &(text + &keys_of("alert", &schema::alerts())));
}

#[test]
fn the_shipped_feeds_begin_with_all_keys_of_a_feed() {
    let mut text = "#:schema schema/feeds.json\n\n".to_owned();
    text += &comment(
        "Feeds that newswatch polls. `newswatch check` reports all faults at once, `newswatch feeds \
         list` shows what is read here. The keys of a feed are these; only the id and the url are \
         required.",
    );
    text += &keys_of("feed", &schema::feeds());
    let shipped = shipped("config/feeds.toml");
    let (_, feeds) = shipped.split_once("\n# ---- ").unwrap();
    is_file("config/feeds.toml", &format!("{text}\n# ---- {feeds}"));
}

#[test]
fn the_shipped_feeds_are_in_27_languages() {
    let document = Document::new("config/feeds.toml", shipped("config/feeds.toml"));
    let feeds = check(Document::new("newswatch.toml", ""), document).unwrap().feeds;
    let languages: BTreeSet<_> = feeds.iter().filter_map(|feed| feed.language.as_ref()).collect();
    assert_eq!((feeds.len(), languages.len()), (110, 27), "{languages:?}");
}

#[test]
fn all_shipped_topics_and_sites_are_built_in() {
    for (folder, built_in) in [("topics", embedded::TOPICS), ("sites", embedded::SITES)] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config").join(folder);
        let files = fs::read_dir(path).unwrap().map(|file| file.unwrap().path());
        let files = files.filter(|file| file.extension().is_some_and(|kind| kind == "toml"));
        let names: BTreeSet<String> =
            files.map(|file| file.file_name().unwrap().to_str().unwrap().to_owned()).collect();
        let built_in: BTreeSet<_> = built_in.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(names, built_in, "config/{folder} and src/config/embedded.rs");
    }
}

#[test]
fn the_shipped_schemas_are_those_of_the_settings() {
    let text = |schema| serde_json::to_string_pretty(&schema).unwrap() + "\n";
    is_file("config/schema/newswatch.json", &text(schema::settings()));
    is_file("config/schema/feeds.json", &text(schema::feeds()));
    is_file("config/schema/alerts.json", &text(schema::alerts()));
}

#[test]
fn the_schemas_accept_the_shipped_files() {
    for (path, schema) in
        [("config/newswatch.toml", schema::settings()), ("config/feeds.toml", schema::feeds())]
    {
        let value = json(&shipped(path));
        let validator = jsonschema::validator_for(&schema).unwrap();
        let faults: Vec<String> = validator.iter_errors(&value).map(|e| e.to_string()).collect();
        assert!(faults.is_empty(), "{path}: {faults:?}");
    }
}

/// An editor that follows the schema must not praise what the program refuses, nor the reverse.
#[test]
fn the_schema_and_the_reader_refuse_and_accept_the_same_lines() {
    let settings = jsonschema::validator_for(&schema::settings()).unwrap();
    let feeds = jsonschema::validator_for(&schema::feeds()).unwrap();
    let lines = [
        ("schedule", "interval = \"45m\"", true),
        ("schedule", "interval = \"1h 30m\"", true),
        ("schedule", "interval = 45", false),
        ("schedule", "interval = \"45\"", false),
        ("schedule", "interval = \"45 minutes\"", false),
        ("schedule", "intervall = \"45m\"", false),
        ("schedule", "jitter_percent = 50", true),
        ("schedule", "jitter_percent = 51", false),
        ("schedule", "jitter_percent = -1", false),
        ("schedule", "jitter_percent = \"5\"", false),
        ("limits", "max_page_size = \"5 MB\"", true),
        ("limits", "max_page_size = \"5\"", false),
        ("archive", "compression = \"zstd\"", true),
        ("archive", "compression = \"Zstd\"", false),
        ("archive", "compression = true", false),
        ("archive", "folder = \"/data\"", true),
        ("archive", "folder = \"\"", false),
        ("topic", "judge_before_fetch = \"yes\"", false),
        ("network", "allow = [\"10.0.0.0/8\"]", true),
        ("network", "allow = \"10.0.0.0/8\"", false),
        ("politeness", "contact = \"mailto:desk@example.org\"", true),
        ("politeness", "contact = \"https://example.org/\"", true),
        ("politeness", "contact = \"desk\"", false),
        ("network", "proxy = \"socks5://127.0.0.1:1080\"", false),
        ("network", "proxy = \"127.0.0.1\"", false),
        ("metrics", "listen = \"127.0.0.1:9464\"", true),
        ("metrics", "listen = \"[::1]:9464\"", true),
        ("metrics", "listen = \"0.0.0.0:9464\"\nbeyond_loopback = true", true),
        ("metrics", "listen = \"localhost:9464\"", false),
        ("metrics", "listen = \"127.0.0.1\"", false),
        ("feed", "id = \"a\"\nurl = \"https://example.org/\"", true),
        ("feed", "id = \"a-1\"\nurl = \"https://example.org/\"\nzone = \"Asia/Almaty\"", true),
        ("feed", "id = \"1\"\nurl = \"https://example.org/\"", false),
        ("feed", "id = \"A\"\nurl = \"https://example.org/\"", false),
        ("feed", "id = \"a\"", false),
        ("feed", "id = \"a\"\nurl = \"gopher://example.org/\"", false),
        ("feed", "id = \"a\"\nurl = \"https://me:secret@example.org/\"", false),
        ("feed", "id = \"a\"\nurl = \"https://example.org/\"\nlanguage = \"zh-Hant\"", true),
        ("feed", "id = \"a\"\nurl = \"https://example.org/\"\nlanguage = \"Chinese\"", false),
        ("feed", "id = \"a\"\nurl = \"https://example.org/\"\ncountry = \"kz\"", false),
        ("feed", "id = \"a\"\nurl = \"https://example.org/\"\nkind = \"sitemap\"", true),
        ("feed", "id = \"a\"\nurl = \"https://example.org/\"\nkind = \"atom\"", false),
        ("feed", "id = \"a\"\nurl = \"https://example.org/\"\ntags = [1]", false),
        ("feed", "id = \"a\"\nurl = \"https://example.org/\"\ninterval = \"2h\"", true),
        ("feed", "id = \"a\"\nurl = \"https://example.org/\"\ninterval = \"2 hours\"", false),
    ];
    for (section, line, is_right) in lines {
        let is_feed = section == "feed";
        let text =
            if is_feed { format!("[[feed]]\n{line}") } else { format!("[{section}]\n{line}") };
        let validator = if is_feed { &feeds } else { &settings };
        assert_eq!(validator.is_valid(&json(&text)), is_right, "the schema on {text}");
        let (written, other) = (Document::new("a", text.as_str()), Document::new("b", ""));
        let result = if is_feed { check(other, written) } else { check(written, other) };
        assert_eq!(result.is_ok(), is_right, "the reader on {text}");
    }
}

fn check(settings: Document, feeds: Document) -> Result<super::Config, Report> {
    let alerts = Document::new("c", "");
    let files = Files { settings, feeds, alerts, topics: Vec::new(), sites: Vec::new() };
    read(files, &std::collections::BTreeMap::new(), &[])
}

fn json(text: &str) -> Value {
    serde_json::to_value(text.parse::<toml::Table>().unwrap()).unwrap()
}

fn shipped(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap_or_default()
}

fn is_file(path: &str, expected: &str) {
    if env::var_os("BLESS").is_some() {
        fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join(path), expected).unwrap();
    }
    assert!(shipped(path) == expected, "{path} is out of date: see the head of {}", file!());
}

fn members(schema: &Value) -> impl Iterator<Item = (&String, &Value)> {
    schema["properties"].as_object().unwrap().iter()
}

fn description(schema: &Value) -> &str {
    schema["description"].as_str().unwrap()
}

/// The values of a key that knows only some, a comment line each.
fn choices(schema: &Value) -> String {
    let mut text = String::new();
    for choice in schema["oneOf"].as_array().into_iter().flatten() {
        let (value, doc) = (&choice["const"], description(choice).trim_end_matches('.'));
        writeln!(text, "#   {value}: {doc}").unwrap();
    }
    assert_eq!(text.lines().count(), reader::choices(schema).count(), "a choice has no doc");
    text
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
