//! Judging a stream of articles without an archive: JSON lines in, a verdict a line out.

use std::io::{self, BufRead, Write};

use jiff::{Timestamp, civil, fmt::rfc2822, tz::TimeZone};
use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Class, Document, Evidence, Index, Kept, Verdict, index::Prepared};
use crate::canonical_url::{CanonicalUrl, UrlKey};

/// What stops a stream.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    #[error("cannot read line {line}")]
    Read { line: u64, source: io::Error },
    #[error("cannot write the verdicts")]
    Write(#[source] io::Error),
    #[error("the index of the stream failed")]
    Index(#[from] rusqlite::Error),
}

/// How much of a stream was judged, in lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Judged {
    pub articles: u64,
    /// Those that are no articles.
    pub passed_over: u64,
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
    published_at: Option<Value>,
}

/// One line of the answer.
#[derive(Serialize)]
struct Answer<'a> {
    id: &'a Value,
    class: Class,
    of: Option<Value>,
    cluster: Value,
    evidence: Option<&'a Evidence>,
}

/// Reads an article a line (`id, url, title, text, published_at`) and writes for each its class, of
/// which id, its cluster and the evidence. `connection` is an empty database that takes the index
/// and the texts; a temporary one (`Connection::open("")`) keeps memory small. `note` is told, with
/// the number of the line, what cannot be taken as it is.
pub fn judge_stream(
    connection: &Connection,
    mut articles: impl BufRead,
    mut verdicts: impl Write,
    mut note: impl FnMut(u64, &str),
) -> Result<Judged, StreamError> {
    connection.execute_batch(
        "CREATE TABLE stream_texts (id TEXT PRIMARY KEY, title TEXT NOT NULL, text TEXT NOT NULL) WITHOUT ROWID",
    )?;
    Index::create(connection)?;
    let mut index = Index::open(connection)?;
    let mut judged = Judged::default();
    let mut bytes = Vec::new();
    for line in 1.. {
        bytes.clear();
        let read = articles
            .read_until(b'\n', &mut bytes)
            .map_err(|source| StreamError::Read { line, source })?;
        if read == 0 {
            break;
        }
        let text = String::from_utf8_lossy(&bytes);
        let text = text.trim_start_matches('\u{feff}').trim();
        if text.is_empty() {
            continue;
        }
        let article: Article = match serde_json::from_str(text) {
            Ok(article) => article,
            Err(error) => {
                judged.passed_over += 1;
                note(line, &no_article(&error));
                continue;
            }
        };
        let document = document(&article);
        if document.published_at.is_none()
            && article.published_at.as_ref().is_some_and(|time| !time.is_null())
        {
            note(line, "published_at is no time: taken for unknown");
        }
        if judged.articles % BATCH == 0 {
            let first = judged.articles == 0;
            connection.execute_batch(if first { "BEGIN" } else { "COMMIT; BEGIN" })?;
        }
        let verdict = judge(connection, &mut index, &document)?;
        let answer = Answer {
            id: &article.id,
            class: verdict.class,
            of: verdict.of.as_deref().map(id_of),
            cluster: id_of(&verdict.cluster),
            evidence: verdict.evidence.as_ref(),
        };
        serde_json::to_writer(&mut verdicts, &answer)
            .map_err(io::Error::from)
            .and_then(|()| verdicts.write_all(b"\n"))
            .map_err(StreamError::Write)?;
        judged.articles += 1;
    }
    if judged.articles > 0 {
        connection.execute_batch("COMMIT")?;
    }
    verdicts.flush().map_err(StreamError::Write)?;
    Ok(judged)
}

/// What is wrong with a line, which the parser knows by its column only.
fn no_article(error: &serde_json::Error) -> String {
    let words = error.to_string();
    let (cause, _) = words.rsplit_once(" at line ").unwrap_or((&words, ""));
    format!("no article, passed over: {cause} (column {})", error.column())
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
        .query_row([id], |row| Ok(Kept { title: row.get(0)?, text: Some(row.get(1)?) }))
        .optional()
}

fn document(article: &Article) -> Document {
    // As JSON, so that the number 5 and the text "5" are two.
    let id = article.id.to_string();
    let url_key = match article.url.as_deref().map(CanonicalUrl::parse) {
        Some(Ok(url)) => url.key,
        // Without an address an article has no earlier form of its own.
        _ => UrlKey::verbatim(&id),
    };
    Document {
        url_key,
        title: article.title.clone().unwrap_or_default(),
        text: article.text.clone().unwrap_or_default(),
        published_at: article.published_at.as_ref().and_then(time),
        id,
    }
}

/// The id as it was given.
fn id_of(id: &str) -> Value {
    serde_json::from_str(id).unwrap_or_else(|_| id.into())
}

/// Seconds since 1970, RFC 3339, RFC 2822, or a date with or without a time, in UTC.
fn time(value: &Value) -> Option<Timestamp> {
    let Value::String(text) = value else { return Timestamp::from_second(value.as_i64()?).ok() };
    let text = text.trim();
    let civil = || -> Option<Timestamp> {
        let at: civil::DateTime =
            text.parse().or_else(|_| text.parse::<civil::Date>().map(|d| d.at(0, 0, 0, 0))).ok()?;
        at.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
    };
    let mail = || rfc2822::parse(text).ok().map(|zoned| zoned.timestamp());
    text.parse().ok().or_else(civil).or_else(mail)
}
