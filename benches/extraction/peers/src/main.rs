//! Reads the pages of the sets with another crate, one thread, a page after the other.
//!
//! `newswatch-extraction-peers trafilatura|rs-trafilatura|dom_smoothie SET_DIR... --jsonl OUT`
//!
//! Writes the predictions as JSON lines, and prints pages/s, MB/s and the peak of memory. One crate
//! a process, so that each has its own peak.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde_json::{Value, json};

type Reader = fn(&str, &str) -> Option<Value>;

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().context("which crate?")?;
    let read: Reader = match name.as_str() {
        "trafilatura" => by_trafilatura,
        "rs-trafilatura" => by_rs_trafilatura,
        "dom_smoothie" => by_dom_smoothie,
        _ => bail!("no such crate: {name}"),
    };
    let (mut sets, mut out) = (Vec::new(), None);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--jsonl" => out = arguments.next(),
            _ => sets.push(PathBuf::from(argument)),
        }
    }
    let mut out = BufWriter::new(File::create(out.context("--jsonl OUT is needed")?)?);
    let (mut pages, mut bytes, mut took) = (0_u32, 0_usize, Duration::ZERO);
    for set in &sets {
        for line in BufReader::new(File::open(set.join("truth.jsonl"))?).lines() {
            let truth: Value = serde_json::from_str(&line?)?;
            let page = page(set, &truth)?;
            let url = truth["url"].as_str().unwrap_or("https://example.org/");
            let started = Instant::now();
            let (text, _, _) = encoding_rs::Encoding::for_label(
                truth["encoding"].as_str().unwrap_or("utf-8").as_bytes(),
            )
            .unwrap_or(encoding_rs::UTF_8)
            .decode(&page);
            let reading = read(&text, url);
            took += started.elapsed();
            pages += 1;
            bytes += page.len();
            let mut prediction = reading.unwrap_or_else(|| json!({ "text": "" }));
            prediction["id"] = truth["id"].clone();
            writeln!(out, "{prediction}")?;
        }
    }
    let seconds = took.as_secs_f64();
    println!(
        "  {name:14} {:7.0} pages/s {:7.1} MB/s, peak {} MB",
        f64::from(pages) / seconds,
        bytes as f64 / 1e6 / seconds,
        peak_megabytes()
    );
    Ok(())
}

fn page(set: &Path, truth: &Value) -> anyhow::Result<Vec<u8>> {
    let id = truth["id"].as_str().unwrap_or_default();
    let mut bytes = Vec::new();
    let file = File::open(set.join("html").join(format!("{id}.html.gz")))?;
    flate2::read::GzDecoder::new(file).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn by_trafilatura(html: &str, url: &str) -> Option<Value> {
    use trafilatura::{ExtractionFocus, Options, extract};
    let mut options =
        Options::default().with_focus(ExtractionFocus::FavorPrecision).with_fallback(true);
    options.original_url = url::Url::parse(url).ok();
    let result = extract(html, &options).ok()?;
    Some(json!({
        // Its plain text has no line breaks.
        "text": lines(&result.content_html),
        "title": result.metadata.title,
        "authors": names(&result.metadata.author),
        "date": result.metadata.date.map(|date| date.to_string()),
        "lang": result.metadata.language,
    }))
}

fn by_rs_trafilatura(html: &str, url: &str) -> Option<Value> {
    let options = rs_trafilatura::Options { url: Some(url.to_owned()), ..Default::default() };
    let result = rs_trafilatura::extract_with_options(html, &options).ok()?;
    Some(json!({
        "text": result.content_text,
        "title": result.metadata.title,
        "authors": names(result.metadata.author.as_deref().unwrap_or_default()),
        "date": result.metadata.date.map(|date| date.to_string()),
        "lang": result.metadata.language,
    }))
}

fn by_dom_smoothie(html: &str, url: &str) -> Option<Value> {
    use dom_smoothie::{Config, Readability, TextMode};
    let config = Config { text_mode: TextMode::Formatted, ..Config::default() };
    let article = Readability::new(html, Some(url), Some(config)).ok()?.parse().ok()?;
    Some(json!({
        "text": article.text_content.to_string(),
        "title": article.title,
        "authors": names(article.byline.as_deref().unwrap_or_default()),
        "date": article.published_time,
        "lang": article.lang,
    }))
}

fn names(authors: &str) -> Vec<&str> {
    authors.split([';', ',']).map(str::trim).filter(|name| !name.is_empty()).collect()
}

/// Simple HTML as text: a line for each block.
fn lines(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut rest = html;
    while let Some((front, tag)) = rest.split_once('<') {
        text.push_str(front);
        let (tag, after) = tag.split_once('>').unwrap_or((tag, ""));
        let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap_or_default();
        if !["a", "b", "i", "em", "strong", "span", "u", "code", "sub", "sup", "del"].contains(&name) {
            text.push('\n');
        }
        rest = after;
    }
    text.push_str(rest);
    let entities = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&nbsp;", " ")];
    let unescaped = entities.iter().fold(text, |text, (from, to)| text.replace(from, to));
    unescaped.replace("&amp;", "&")
}

/// The highest resident size of this process so far; 0 where the system does not say.
fn peak_megabytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kilobytes.unwrap_or(0) / 1024
}
