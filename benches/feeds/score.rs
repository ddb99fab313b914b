//! Compares what `source::parse` reads with what a feed should give, as the README of the data
//! says. Shared by the benchmark and by the test that asserts the floors.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    unreachable_pub,
    reason = "shell: reads the data of a measurement, which may stop at a fault"
)]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use newswatch::{
    date::Dated,
    source::{self, Entry, Listing, SourceError, SourceKind},
};
use serde_json::Value;
use url::Url;

/// One file with what it should give.
pub struct Case {
    pub file: String,
    pub bytes: Vec<u8>,
    pub content_type: Option<String>,
    pub base: Url,
    pub expected: Value,
}

/// The cases of a folder that holds an `expected.json`; none where it holds no such file.
pub fn cases(folder: &Path) -> Vec<Case> {
    let Ok(text) = fs::read_to_string(folder.join("expected.json")) else { return Vec::new() };
    let expected: Vec<Value> = serde_json::from_str(&text).expect("expected.json is a JSON array");
    let case = |expected: Value| {
        let file = expected["file"].as_str().expect("an entry names its file").to_owned();
        let bytes = fs::read(folder.join(&file)).expect("the file is there");
        let content_type = expected["content_type"].as_str().map(str::to_owned);
        let base = match content_type {
            Some(_) => "http://news.example.org/rss.xml",
            None => "http://example.org/feed",
        };
        let base = Url::parse(base).expect("an address");
        Case { file, bytes, content_type, base, expected }
    };
    expected.into_iter().map(case).collect()
}

impl Case {
    pub fn read(&self) -> Result<Listing, SourceError> {
        source::parse(SourceKind::Feed, &self.bytes, self.content_type.as_deref(), &self.base)
    }

    pub fn is_must(&self) -> bool {
        self.expected["level"] == "must"
    }

    /// What is wrong; nothing where all that is checked is right.
    pub fn wrong(&self, read: &Result<Listing, SourceError>) -> Vec<String> {
        let by_construction = self.content_type.is_some();
        let listing = match (read, self.expected["error"] == true) {
            (Err(_), true) => return Vec::new(),
            (Ok(_), true) => return vec!["read, though it is no feed".to_owned()],
            (Err(error), false) if self.expected["entries"].is_null() => {
                return if by_construction { Vec::new() } else { vec![error.to_string()] };
            }
            (Err(error), false) => return vec![error.to_string()],
            (Ok(listing), false) => listing,
        };
        let mut wrong = Vec::new();
        if let Some(title) = self.expected["feed_title"].as_str() {
            compare(
                "feed title",
                &fold_title(title),
                listing.title.as_deref().map(fold_title).as_deref(),
                &mut wrong,
            );
        }
        let Some(entries) = self.expected["entries"].as_array() else { return wrong };
        let may_miss_last = self.expected["class"] == "truncated XML";
        let least = entries.len() - usize::from(may_miss_last);
        if !(least..=entries.len()).contains(&listing.entries.len()) {
            wrong.push(format!("{} entries, not {}", listing.entries.len(), entries.len()));
            return wrong;
        }
        let checked = if may_miss_last { least } else { entries.len() };
        for (index, (expected, entry)) in
            entries.iter().zip(&listing.entries).take(checked).enumerate()
        {
            let mut faults = Vec::new();
            self.compare_entry(expected, entry, by_construction, &mut faults);
            wrong.extend(faults.into_iter().map(|fault| format!("entry {}: {fault}", index + 1)));
        }
        wrong
    }

    fn compare_entry(
        &self,
        expected: &Value,
        entry: &Entry,
        by_construction: bool,
        wrong: &mut Vec<String>,
    ) {
        if let Some(title) = expected["title"].as_str() {
            compare(
                "title",
                &fold_title(title),
                entry.title.as_deref().map(fold_title).as_deref(),
                wrong,
            );
        }
        // A reader that has both addresses is to give the article's own.
        let link = entry.original_url.as_ref().or(entry.url.as_ref());
        let link = link.map(|url| fold_link(url.as_str()));
        match (expected["link"].as_str(), expected["orig_link"].as_str()) {
            (Some(_), Some(original)) if link.as_deref() == Some(&fold_link(original)) => {}
            (Some(expected), _) => compare("link", &fold_link(expected), link.as_deref(), wrong),
            (None, _) if by_construction && link.is_some() => {
                wrong.push(format!("link: {link:?}, not none"));
            }
            (None, _) => {}
        }
        let published = entry.published.as_ref().map(second);
        let updated = entry.updated.as_ref().map(second);
        let date = published.clone().or_else(|| updated.clone());
        match expected["published"].as_str() {
            Some(expected) => {
                let is_atom = self.expected["kind"].as_str().is_some_and(|k| k.starts_with("atom"));
                if !is_atom || updated.as_deref() != Some(expected) {
                    compare("published", expected, date.as_deref(), wrong);
                }
            }
            None if by_construction && date.is_some() => {
                wrong.push(format!("published: {date:?}, not none"));
            }
            None => {}
        }
        // Parsers differ in what they report where an entry has no identifier.
        if let (Some(id), Some(guid)) = (expected["id"].as_str(), &entry.guid) {
            compare("id", id.trim(), Some(guid.trim()), wrong);
        }
    }
}

fn compare(what: &str, expected: &str, found: Option<&str>, wrong: &mut Vec<String>) {
    if found != Some(expected) {
        wrong.push(format!("{what}: {found:?}, not {expected:?}"));
    }
}

/// HTML-unescapes twice, removes tags and control characters, turns white space into one blank.
fn fold_title(title: &str) -> String {
    let once =
        |text: &str| scraper::Html::parse_fragment(text).root_element().text().collect::<String>();
    let text = once(&once(title));
    let text: String = text.chars().filter(|c| c.is_whitespace() || !is_dropped(*c)).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn is_dropped(c: char) -> bool {
    c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}' | '\u{fffd}')
}

fn fold_link(link: &str) -> String {
    let link = link.trim().replace(' ', "%20");
    link.strip_suffix('/').unwrap_or(&link).to_owned()
}

/// To the second, in UTC.
pub fn second(dated: &Dated) -> String {
    dated.at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Reads bytes as a feed and as a sitemap.
pub fn read_anything(bytes: &[u8], content_type: Option<&str>, base: &Url) {
    for kind in [SourceKind::Feed, SourceKind::Sitemap] {
        drop(std::hint::black_box(source::parse(kind, bytes, content_type, base)));
    }
}

/// The development data beside the project.
pub fn development_data() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/bench/feeds"))
}

/// Counts of one folder.
#[derive(Debug, Default)]
pub struct Tally {
    pub files: usize,
    pub right: usize,
    pub must_files: usize,
    pub must_right: usize,
    pub wrong: Vec<(String, Vec<String>)>,
    pub ways: BTreeMap<String, usize>,
    pub flaws: BTreeMap<String, usize>,
}

impl Tally {
    pub fn of(cases: &[Case]) -> Self {
        let mut tally = Self::default();
        for case in cases {
            let read = case.read();
            let way = match &read {
                Ok(listing) => format!("{:?}", listing.read_by),
                Err(_) => "refused".to_owned(),
            };
            for flaw in read.iter().flat_map(|listing| &listing.flaws) {
                *tally.flaws.entry(flaw.clone()).or_default() += 1;
            }
            *tally.ways.entry(way).or_default() += 1;
            let wrong = case.wrong(&read);
            tally.files += 1;
            tally.right += usize::from(wrong.is_empty());
            tally.must_files += usize::from(case.is_must());
            tally.must_right += usize::from(case.is_must() && wrong.is_empty());
            if !wrong.is_empty() {
                let level = case.expected["level"].as_str().unwrap_or("collected");
                tally.wrong.push((format!("{} ({level})", case.file), wrong));
            }
        }
        tally
    }
}
