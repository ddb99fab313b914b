//! `newswatch topic …`: try a topic on texts.

use std::{
    fmt::Write as _,
    io::{BufRead, BufWriter, Write},
};

use anyhow::Context;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    Exit, compose,
    format::{is_closed_pipe, print_json, print_text, safe},
    input,
};
use crate::{
    config::Loaded,
    date,
    fetch::Wanted,
    text::{clean_line, clean_text, language},
    topic::{self, Match, Outcome, Text, Topics},
};

/// One line of `--jsonl`.
#[derive(Debug, Deserialize)]
struct Article {
    id: Value,
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    url: Option<String>,
    #[serde(default)]
    published_at: Option<String>,
}

/// A commented topic to start from.
pub(super) fn new() -> anyhow::Result<Exit> {
    print_text(topic::TEMPLATE)?;
    Ok(Exit::Success)
}

/// Judges one article a line.
pub(super) fn test_lines(loaded: &Loaded, name: &str) -> anyhow::Result<Exit> {
    match judge_lines(loaded, name) {
        // A reader that closed the pipe has seen enough.
        Err(error) if !is_closed_pipe(&error) => Err(error),
        _ => Ok(Exit::Success),
    }
}

fn judge_lines(loaded: &Loaded, name: &str) -> anyhow::Result<()> {
    let topics = compose::rules(&loaded.config)?.topics;
    let mut out = BufWriter::new(std::io::stdout().lock());
    for (line, number) in input::lines(name)?.lines().zip(1_u64..) {
        let line = line.with_context(|| format!("cannot read line {number} of {name}"))?;
        if line.trim().is_empty() {
            continue;
        }
        let article: Article = serde_json::from_str(&line)
            .with_context(|| format!("line {number} of {name} is no article"))?;
        judge(&topics, &article, &mut out)?;
    }
    Ok(out.flush()?)
}

/// One judgement, as `--jsonl` writes it.
#[derive(Serialize)]
struct Judged<'a> {
    id: &'a Value,
    topic: String,
    outcome: Outcome,
    relevant: bool,
    score: f32,
    language: &'a str,
    reason: String,
    matches: Vec<Match>,
}

fn judge(topics: &Topics, article: &Article, out: &mut impl Write) -> anyhow::Result<()> {
    let title = clean_line(article.title.as_deref().unwrap_or_default());
    let text = clean_text(article.text.as_deref().unwrap_or_default());
    let sample = if text.is_empty() { &title } else { &text };
    let language = language::detect(sample, &[]).language;
    let published = article.published_at.as_deref();
    let published = published.and_then(|text| date::parse(text, &date::Hints::default()));
    let judgements = topics.judge(&Text {
        title: &title,
        summary: "",
        text: &text,
        language: Some(&language),
        url: article.url.as_deref(),
        published: published.map(|dated| dated.at),
    });
    for judgement in judgements {
        let judged = Judged {
            id: &article.id,
            topic: judgement.topic,
            relevant: judgement.outcome == Outcome::Relevant,
            outcome: judgement.outcome,
            score: judgement.score,
            language: &language,
            reason: judgement.reason,
            matches: judgement.matches,
        };
        writeln!(out, "{}", serde_json::to_string(&judged)?)?;
    }
    Ok(())
}

/// Explains every stage for one text: a page at an address, an HTML file, or plain text.
pub(super) fn test(loaded: &Loaded, name: &str, as_json: bool) -> anyhow::Result<Exit> {
    let rules = compose::rules(&loaded.config)?;
    let document = input::document(loaded, name, Wanted::Page)?;
    let is_html =
        document.response.is_some() || document.bytes.trim_ascii_start().starts_with(b"<");
    let (title, text, published) = if is_html {
        let article = document.read(loaded, &rules, name)?;
        let published = article.published.map(|(dated, _)| dated.at);
        (article.title.unwrap_or_default(), article.text, published)
    } else {
        let all = String::from_utf8_lossy(&document.bytes).into_owned();
        let (title, text) = all.split_once('\n').unwrap_or((&all, ""));
        (clean_line(title), clean_text(text), None)
    };
    let sample = if text.is_empty() { &title } else { &text };
    let detected = language::detect(sample, &[]);
    let explanations = topic::explain(
        &rules.topics,
        &Text {
            title: &title,
            text: &text,
            language: Some(&detected.language),
            published,
            ..Text::default()
        },
    );
    if as_json {
        print_json(&explanations)?;
        return Ok(Exit::Success);
    }
    let mut shown = format!(
        "title      {}\nlanguage   {} ({:.2})\n",
        safe(&title, 200),
        detected.language,
        detected.confidence
    );
    for one in &explanations {
        let judgement = &one.judgement;
        writeln!(shown, "\ntopic      {}", judgement.topic)?;
        writeln!(
            shown,
            "outcome    {:?}, score {:.1} of {:.1} (passing from {:.1}, window ×{:.2})",
            judgement.outcome, judgement.score, one.threshold, one.passing, one.window
        )?;
        writeln!(shown, "reason     {}", safe(&judgement.reason, 400))?;
        writeln!(shown, "rules")?;
        for rule in &one.rules {
            match &rule.failed {
                None => writeln!(shown, "  + {:5.1}  {}", rule.gain, rule.rule)?,
                Some(why) => writeln!(shown, "  -        {}: {}", rule.rule, safe(why, 200))?,
            }
        }
        writeln!(shown, "found")?;
        for found in &one.found {
            writeln!(
                shown,
                "  {:6} {}{} ({}): {}",
                found.place,
                found.occurrence.group,
                if found.counts { "" } else { " [ignored]" },
                found.occurrence.term,
                safe(&found.snippet, 120)
            )?;
        }
    }
    print_text(&shown)?;
    Ok(Exit::Success)
}
