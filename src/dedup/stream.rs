//! Judging a stream of articles without an archive: JSON lines in, a verdict a line out.

use std::io::{self, BufRead, Write};

use jiff::{Timestamp, civil, tz::TimeZone};
use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Class, Document, Evidence, Index, Kept, Verdict, index::Prepared};
use crate::canonical_url::{CanonicalUrl, UrlKey};

/// What stops a stream.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    #[error("line {line} is no article")]
    Line { line: u64, source: serde_json::Error },
    #[error("the articles cannot be read, or the verdicts not written")]
    Io(#[from] io::Error),
    #[error("the index of the stream failed")]
    Index(#[from] rusqlite::Error),
}

#[derive(Deserialize)]
struct Article {
    id: Value,
    #[serde(default)]
    url: Option<String>,
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    published_at: Option<String>,
}

/// One line of the answer.
#[derive(Serialize)]
struct Answer<'a> {
    id: &'a Value,
    class: Class,
    of: Option<&'a str>,
    cluster: &'a str,
    evidence: Option<&'a Evidence>,
}

/// Reads an article a line (`id, url, title, text, published_at`) and writes for each its class, of
/// which id, its cluster and the evidence. `connection` is an empty database that takes the index
/// and the texts; a temporary one (`Connection::open("")`) keeps memory small. Returns how many
/// articles were judged.
pub fn judge_stream(
    connection: &Connection,
    articles: impl BufRead,
    mut verdicts: impl Write,
) -> Result<u64, StreamError> {
    connection.execute_batch(
        "CREATE TABLE stream_texts (id TEXT PRIMARY KEY, title TEXT NOT NULL, text TEXT NOT NULL) WITHOUT ROWID",
    )?;
    Index::create(connection)?;
    let mut index = Index::open(connection)?;
    let mut judged = 0;
    for (line, number) in articles.lines().zip(1_u64..) {
        let line = line?;
        if line.trim().is_empty() {
            continue;
        }
        let article: Article = serde_json::from_str(line.trim_start_matches('\u{feff}'))
            .map_err(|source| StreamError::Line { line: number, source })?;
        if judged % BATCH == 0 {
            connection.execute_batch(if judged == 0 { "BEGIN" } else { "COMMIT; BEGIN" })?;
        }
        let document = document(&article);
        let verdict = judge(connection, &mut index, &document)?;
        let answer = Answer {
            id: &article.id,
            class: verdict.class,
            of: verdict.of.as_deref(),
            cluster: &verdict.cluster,
            evidence: verdict.evidence.as_ref(),
        };
        serde_json::to_writer(&mut verdicts, &answer).map_err(io::Error::from)?;
        verdicts.write_all(b"\n")?;
        judged += 1;
    }
    if judged > 0 {
        connection.execute_batch("COMMIT")?;
    }
    verdicts.flush()?;
    Ok(judged)
}

/// Articles in a transaction.
const BATCH: u64 = 4096;

fn judge(
    connection: &Connection,
    index: &mut Index,
    document: &Document,
) -> rusqlite::Result<Verdict> {
    let prepared = Prepared::of(document);
    let mut failed = None;
    let verdict = index.judge(connection, &prepared, |id| {
        text_of(connection, id).unwrap_or_else(|e| {
            failed = Some(e);
            None
        })
    })?;
    if let Some(error) = failed {
        return Err(error);
    }
    // A stream has no time of its own but what its articles say.
    index.insert(
        connection,
        &prepared,
        &verdict,
        document.published_at.unwrap_or(Timestamp::UNIX_EPOCH),
    )?;
    connection
        .prepare_cached("INSERT OR IGNORE INTO stream_texts (id, title, text) VALUES (?1, ?2, ?3)")?
        .execute(params![document.id, document.title, document.text])?;
    Ok(verdict)
}

fn text_of(connection: &Connection, id: &str) -> rusqlite::Result<Option<Kept>> {
    connection
        .prepare_cached("SELECT title, text FROM stream_texts WHERE id = ?1")?
        .query_row([id], |row| Ok(Kept { title: row.get(0)?, text: row.get(1)? }))
        .optional()
}

fn document(article: &Article) -> Document {
    let id = match &article.id {
        Value::String(id) => id.clone(),
        other => other.to_string(),
    };
    let url_key = match article.url.as_deref().map(CanonicalUrl::parse) {
        Some(Ok(url)) => url.key,
        // Without an address an article has no earlier form of its own.
        _ => UrlKey::verbatim(article.url.as_deref().unwrap_or(&id)),
    };
    Document {
        url_key,
        title: article.title.clone().unwrap_or_default(),
        text: article.text.clone().unwrap_or_default(),
        published_at: article.published_at.as_deref().and_then(time),
        id,
    }
}

/// RFC 3339, or a date with or without a time, in UTC.
fn time(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let civil = || -> Option<Timestamp> {
        let at: civil::DateTime =
            text.parse().or_else(|_| text.parse::<civil::Date>().map(|d| d.at(0, 0, 0, 0))).ok()?;
        at.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
    };
    text.parse().ok().or_else(civil)
}
