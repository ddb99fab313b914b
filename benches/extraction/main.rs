//! Reads the pages of a set and prints how right and how fast that is.
//!
//! `cargo bench --bench extraction -- SET_DIR... [--jsonl OUT] [--worst N] [--blocks OUT]
//! [--model FILE] [--score FILE]`
//!
//! A set is a folder with `truth.jsonl` and `html/<id>.html.gz`. `--jsonl` writes the predictions
//! as JSON lines, `--blocks` the blocks of every page with their features, for training;
//! `--model` reads with another choice of blocks than the one that ships.
//! `--score` reads nothing and scores the predictions of another program; `peers/run` compares.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::indexing_slicing,
    reason = "a program that measures, outside the library"
)]

mod score;

use std::collections::BTreeMap;
use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use newswatch::article::body::Model;
use newswatch::article::{self, Article, Expected, NotAnArticle, Page};
use serde_json::{Value, json};
use url::Url;

#[derive(Default)]
struct Options {
    sets: Vec<PathBuf>,
    jsonl: Option<PathBuf>,
    blocks: Option<PathBuf>,
    worst: usize,
    model: Option<Model>,
    score: Option<BTreeMap<String, Value>>,
}

struct Sample {
    truth: Value,
    bytes: Vec<u8>,
    url: Url,
    fetched_at: Timestamp,
}

fn main() -> anyhow::Result<()> {
    let options = options(std::env::args().skip(1))?;
    let mut predictions = options.jsonl.as_deref().map(create).transpose()?;
    let mut blocks = options.blocks.as_deref().map(create).transpose()?;
    let model = options.model.as_ref().unwrap_or_else(|| Model::shipped());
    for set in &options.sets {
        let mut scores = score::Scores::default();
        let mut speed = Speed::default();
        for truth in std::fs::read_to_string(set.join("truth.jsonl"))?.lines() {
            let truth: Value = serde_json::from_str(truth)?;
            if let Some(known) = &options.score {
                let id = truth["id"].as_str().unwrap_or_default();
                scores.add(&truth, known.get(id).unwrap_or(&Value::Null));
                continue;
            }
            let sample = load(set, truth)?;
            let prediction = prediction(&sample.truth, &speed.read(&sample, model));
            if let Some(out) = &mut predictions {
                writeln!(out, "{prediction}")?;
            }
            if let Some(out) = &mut blocks {
                writeln!(out, "{}", dump(&sample))?;
            }
            scores.add(&sample.truth, &prediction);
        }
        println!("{}", set.display());
        scores.print(options.worst);
        if options.score.is_none() {
            speed.print();
        }
    }
    if options.score.is_none() {
        println!("peak of memory {} MB", peak_megabytes());
    }
    Ok(())
}

/// Times of reading whole pages and of parsing alone, a page after the other on one thread.
#[derive(Default)]
struct Speed {
    pages: u32,
    bytes: usize,
    reading: Duration,
    parsing: Duration,
}

impl Speed {
    fn read(&mut self, sample: &Sample, model: &Model) -> Result<Article, NotAnArticle> {
        self.pages += 1;
        self.bytes += sample.bytes.len();
        let started = Instant::now();
        let reading = article::read_with(&page(sample), None, model);
        self.reading += started.elapsed();
        let text = String::from_utf8_lossy(&sample.bytes);
        let started = Instant::now();
        std::hint::black_box(scraper::Html::parse_document(&text));
        self.parsing += started.elapsed();
        reading
    }

    fn print(&self) {
        for (name, took) in [("whole reading", self.reading), ("bare parse", self.parsing)] {
            let seconds = took.as_secs_f64().max(1e-9);
            println!(
                "  {name:14} {:7.0} pages/s {:7.1} MB/s",
                f64::from(self.pages) / seconds,
                self.bytes as f64 / 1e6 / seconds
            );
        }
        println!(
            "  reading at {:.2} of the rate of a bare parse",
            self.parsing.as_secs_f64() / self.reading.as_secs_f64()
        );
    }
}

/// The highest resident size of this process so far; 0 where the system does not say.
fn peak_megabytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kilobytes.unwrap_or(0) / 1024
}

fn options(arguments: impl Iterator<Item = String>) -> anyhow::Result<Options> {
    let mut options = Options::default();
    let mut arguments = arguments;
    while let Some(argument) = arguments.next() {
        // Cargo puts a flag of its own behind all others.
        let mut value = || {
            let value = arguments.next().filter(|value| !value.starts_with("--"));
            value.ok_or_else(|| anyhow::anyhow!("{argument} needs a value"))
        };
        match argument.as_str() {
            "--jsonl" => options.jsonl = Some(value()?.into()),
            "--blocks" => options.blocks = Some(value()?.into()),
            "--worst" => options.worst = value()?.parse()?,
            "--model" => {
                let model = Model::parse(&std::fs::read_to_string(value()?)?);
                options.model = Some(model.ok_or_else(|| anyhow::anyhow!("no model file"))?);
            }
            "--score" => options.score = Some(predictions(Path::new(&value()?))?),
            "--bench" => {}
            _ => options.sets.push(argument.into()),
        }
    }
    if options.sets.is_empty() {
        println!("no set given: cargo bench --bench extraction -- SET_DIR...");
    }
    Ok(options)
}

fn create(path: &Path) -> anyhow::Result<BufWriter<std::fs::File>> {
    Ok(BufWriter::new(std::fs::File::create(path)?))
}

fn load(set: &Path, truth: Value) -> anyhow::Result<Sample> {
    let id = truth["id"].as_str().unwrap_or_default();
    let file = std::fs::File::open(set.join("html").join(format!("{id}.html.gz")))?;
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(file).read_to_end(&mut bytes)?;
    let url = truth["url"].as_str().and_then(|url| Url::parse(url).ok());
    let url = url.map_or_else(|| Url::parse("https://example.org/"), Ok)?;
    let day = truth["crawled"].as_str().unwrap_or("2024-01-01");
    let fetched_at = format!("{day}T23:00:00Z").parse()?;
    Ok(Sample { truth, bytes, url, fetched_at })
}

/// The predictions of a file of JSON lines, by page.
fn predictions(path: &Path) -> anyhow::Result<BTreeMap<String, Value>> {
    let mut known = BTreeMap::new();
    for line in std::fs::read_to_string(path)?.lines() {
        let prediction: Value = serde_json::from_str(line)?;
        known.insert(prediction["id"].as_str().unwrap_or_default().to_owned(), prediction);
    }
    Ok(known)
}

fn page(sample: &Sample) -> Page<'_> {
    Page {
        bytes: &sample.bytes,
        content_type: None,
        url: &sample.url,
        fetched_at: sample.fetched_at,
        expected: Expected::default(),
    }
}

fn dump(sample: &Sample) -> Value {
    let blocks = article::blocks(&page(sample));
    json!({
        "id": sample.truth["id"],
        "publisher": sample.truth["publisher"],
        "features": article::block_features(),
        "blocks": blocks,
    })
}

fn prediction(truth: &Value, reading: &Result<Article, NotAnArticle>) -> Value {
    match reading {
        Ok(article) => json!({
            "id": truth["id"],
            "text": article.text,
            "title": article.title,
            "authors": article.authors,
            "date": article.published.as_ref().map(|(dated, _)| day(&dated.raw, dated.at)),
            "lang": article.language_declared,
        }),
        Err(error) => json!({"id": truth["id"], "text": "", "error": error.to_string()}),
    }
}

/// The day as the page writes it where that is plain, else the day in UTC: the truth has the day in
/// the page's own zone.
fn day(raw: &str, at: Timestamp) -> String {
    let head: String = raw.chars().take(10).collect();
    match head.parse::<jiff::civil::Date>() {
        Ok(date) => date.to_string(),
        Err(_) => at.to_string().chars().take(10).collect(),
    }
}
