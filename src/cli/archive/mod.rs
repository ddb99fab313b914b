//! `newswatch archive …`

mod maintain;
mod report;

use std::{
    io::{BufWriter, ErrorKind},
    path::Path,
};

use anyhow::Context;
use rusqlite::Connection;
use serde_json::json;

use super::{
    Exit,
    format::{print_json, print_text, several},
    index::{STATE, read_acknowledged},
    input,
};
use crate::{
    archive::{self, Checkpoint, Finding},
    config::Loaded,
    dedup::{self, Judged, StreamError},
    jsonl::Folder,
    text::with_causes,
};

pub(super) use maintain::{reindex, repair};
pub(super) use report::dedup_report;

/// Proves that nothing was changed, cut or inserted.
pub(super) fn verify(loaded: &Loaded, witness: Option<&str>, json: bool) -> anyhow::Result<Exit> {
    let path = &loaded.paths.archive;
    let witness = match witness {
        Some(text) => Some(archive::LineHash::parse(text).with_context(|| {
            format!("{text:?} is no hash of a line; the log and HEAD write them as sha256:…")
        })?),
        None => None,
    };
    // Before the archive is read: a daemon that runs goes on with both.
    let acknowledged = acknowledged(loaded);
    let report = archive::verify_with(&existing(path)?, witness, acknowledged)
        .with_context(|| format!("cannot read the archive {}", path.display()))?;
    let findings: Vec<String> =
        report.findings.iter().map(|finding| with_causes(finding)).collect();
    let exit = if findings.is_empty() { Exit::Success } else { Exit::Failure };
    let tip = report.tip.map(|tip| (tip.seq, tip.hash.to_string()));
    if json {
        print_json(&json!({
            "ok": findings.is_empty(),
            "segments": report.segments,
            "records": report.lines,
            "bytes": report.bytes,
            "dropped": report.dropped,
            "raw": report.raw,
            "last_seq": tip.as_ref().map(|tip| tip.0),
            "last_hash": tip.as_ref().map(|tip| &tip.1),
            "findings": findings,
            "quarantined": report.quarantined,
        }))?;
        return Ok(exit);
    }
    let mut text = String::new();
    for finding in findings.iter().take(SHOWN) {
        text.push_str(&format!("{finding}\n"));
    }
    if findings.len() > SHOWN {
        text.push_str(&format!("and {} more; --json gives all\n", findings.len() - SHOWN));
    }
    for path in &report.quarantined {
        let is_torn = Path::new(path).extension().is_some_and(|end| end == "torn");
        let why = if is_torn { "set aside after a crash" } else { "kept by a repair" };
        text.push_str(&format!("{why}, no fault: {path}\n"));
    }
    text.push_str(&format!(
        "{} in {} ({} bytes): {}\n",
        several(report.lines, "record"),
        several(report.segments, "segment"),
        report.bytes,
        if findings.is_empty() { "unchanged since they were written" } else { "NOT as written" }
    ));
    if report.dropped > 0 {
        text.push_str(&format!(
            "retention dropped {}; the chain goes on from the statement that stays\n",
            several(report.dropped, "earlier record")
        ));
    }
    if report.raw > 0 {
        text.push_str(&format!("what {} came from is kept\n", several(report.raw, "record")));
    }
    if let Some((seq, hash)) = tip {
        text.push_str(&format!("the last line is number {seq}, {hash}\n"));
    }
    if report.findings.iter().any(Finding::is_mended_by_repair) {
        text.push_str(
            "next: `newswatch archive repair`, while no daemon runs, takes out what is damaged, and \
             keeps each file as it was\n",
        );
    }
    if report.lacks_lines() {
        text.push_str(
            "next: missing lines come back only with a copy of the folder; `newswatch archive verify \
             --witness HASH`, with a hash that the log stated, tells whether that line is still there\n",
        );
    }
    print_text(&text)?;
    Ok(exit)
}

/// The end of the archive as its state remembers it, where there is one that can be read.
fn acknowledged(loaded: &Loaded) -> Option<Checkpoint> {
    let archive = Folder::at(&loaded.paths.archive);
    read_acknowledged(&loaded.paths.state.join(STATE), &archive).ok().flatten()
}

/// So many findings are printed for a person.
const SHOWN: usize = 100;

fn existing(path: &Path) -> anyhow::Result<Folder> {
    if !path.exists() {
        anyhow::bail!("there is no archive in {}", path.display());
    }
    Ok(Folder::at(path))
}

/// Judges a stream of articles without touching the archive.
pub(super) fn dedup_lines(name: &str) -> anyhow::Result<Exit> {
    // A temporary database: memory does not grow with the stream.
    let connection = Connection::open("")?;
    connection.pragma_update(None, "cache_size", -16_384)?;
    let out = BufWriter::new(std::io::stdout().lock());
    let note =
        |line: u64, what: &str| anstream::eprintln!("newswatch: {name}, line {line}: {what}");
    match dedup::judge_stream(&connection, input::lines(name)?, out, note) {
        Ok(Judged { passed_over: 0, .. }) => Ok(Exit::Success),
        Ok(Judged { articles, passed_over }) => {
            anstream::eprintln!(
                "newswatch: of {name} judged: {articles}, passed over: {passed_over}; an article is a JSON object on a line, with an id"
            );
            Ok(Exit::Failure)
        }
        // A reader that closed the pipe has seen enough.
        Err(StreamError::Write(error)) if error.kind() == ErrorKind::BrokenPipe => {
            Ok(Exit::Success)
        }
        Err(error) => Err(error).with_context(|| format!("cannot judge the articles of {name}")),
    }
}
