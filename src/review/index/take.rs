//! Following the archive: the lines beyond the checkpoint become rows.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::{Index, meta};
use crate::{
    archive::{self, Line, Position, ReadError, Record, RecordType},
    article::TextStatus,
    dedup,
    review::{
        ReviewError,
        names::{self, Kind},
        row::{self, CHUNK, Class, Row},
        tokens,
    },
    text::fold,
};

/// Records of one transaction while much is taken in: fewer, larger pieces need less merging.
const BATCH: usize = 20_000;

/// So many lines that cannot be read are told apart.
const MOST_PASSED_OVER: usize = 1_000;

/// How far [`Index::advance`] came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// All that the archive has is taken in.
    Current,
    /// There is more; of how many records, as far as the last line says, is known only at the end.
    More,
    /// Another process takes it in.
    Elsewhere,
}

impl Index {
    /// Takes in up to `most` records that the archive has beyond the index. The archive may be
    /// written meanwhile, and other processes may do the same.
    pub fn advance(&mut self, most: usize) -> Result<Progress, ReviewError> {
        let progress = self.take_up_to(most);
        if progress.is_err() {
            // Memory goes back to what is committed.
            self.lines = None;
            if std::mem::take(&mut self.writing) && !self.connection.is_autocommit() {
                self.connection.execute_batch("ROLLBACK")?;
            }
            self.generation = 0;
            self.load()?;
        }
        progress
    }

    fn take_up_to(&mut self, most: usize) -> Result<Progress, ReviewError> {
        if self.lines.is_none() {
            self.follow_others()?;
            self.follow_drops()?;
            let start = self.checkpoint.map(|checkpoint| checkpoint.end);
            self.lines = Some(archive::read_from(&self.archive, start)?);
        }
        for _ in 0..most {
            let Some(line) = self.lines.as_mut().and_then(Iterator::next) else {
                self.lines = None;
                self.commit()?;
                return Ok(Progress::Current);
            };
            if !self.writing && !self.begin()? {
                self.lines = None;
                return Ok(Progress::Elsewhere);
            }
            self.take(line)?;
            if self.rows.len() - self.stored >= BATCH {
                self.commit()?;
            }
        }
        Ok(Progress::More)
    }

    /// Starts a transaction; `false` where another process has one, or was faster.
    fn begin(&mut self) -> Result<bool, ReviewError> {
        match self.connection.execute_batch("BEGIN IMMEDIATE") {
            Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy) => {
                return Ok(false);
            }
            other => other?,
        }
        let theirs: Option<String> = meta(&self.connection, "checkpoint");
        let generation: i64 = meta(&self.connection, "generation").unwrap_or_default();
        let ours = self.checkpoint.map(|checkpoint| checkpoint.to_string());
        if theirs == ours && generation == self.generation {
            self.writing = true;
            return Ok(true);
        }
        self.connection.execute_batch("ROLLBACK")?;
        self.load()?;
        Ok(false)
    }

    /// What another process has committed since.
    fn follow_others(&mut self) -> Result<(), ReviewError> {
        let theirs: Option<String> = meta(&self.connection, "checkpoint");
        let generation: i64 = meta(&self.connection, "generation").unwrap_or_default();
        let ours = self.checkpoint.map(|checkpoint| checkpoint.to_string());
        if theirs != ours || generation != self.generation {
            self.load()?;
        }
        Ok(())
    }

    fn commit(&mut self) -> Result<(), ReviewError> {
        if !self.writing {
            return Ok(());
        }
        let chunk = CHUNK as usize;
        for id in self.stored / chunk..self.rows.len().div_ceil(chunk) {
            let (start, end) = (id * chunk, ((id + 1) * chunk).min(self.rows.len()));
            let rows = self.rows.get(start..end).unwrap_or_default();
            let ends = |at: usize| self.rows.get(at).map_or(0, |row| row.terms_end as usize);
            let terms = start.checked_sub(1).map_or(0, ends)..ends(end - 1);
            let bytes = row::encode(rows, self.terms.get(terms).unwrap_or_default());
            self.connection
                .prepare_cached("INSERT OR REPLACE INTO chunk VALUES (?1, ?2)")?
                .execute(params![i64::try_from(id).unwrap_or(i64::MAX), bytes])?;
        }
        self.put_meta("checkpoint", self.checkpoint.map(|checkpoint| checkpoint.to_string()))?;
        if !self.passed_over.is_empty() {
            let places: Vec<String> = self.passed_over.iter().map(ToString::to_string).collect();
            self.put_meta("passed_over", places.join("\n"))?;
        }
        self.put_meta("last", self.last.map(|last| last.to_string()))?;
        self.connection.execute_batch("COMMIT")?;
        self.stored = self.rows.len();
        self.writing = false;
        Ok(())
    }

    fn take(&mut self, line: Result<Line, ReadError>) -> Result<(), ReviewError> {
        let line = match line {
            Ok(line) => line,
            Err(ReadError::Damaged(damage)) => {
                self.pass_over(damage.position);
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        };
        let record = match line.record() {
            Ok(record) => record,
            Err(error) => {
                if error.is_newer() && self.newer.is_none() {
                    self.newer = Some(error.to_string());
                }
                self.pass_over(line.position);
                return Ok(());
            }
        };
        let at = self.rows.len();
        let row = self.row(&record)?;
        if self.segments.last() != Some(&line.position.segment) {
            self.segments.push(line.position.segment);
            self.connection.execute(
                "INSERT INTO segment (path) VALUES (?1)",
                [line.position.segment.to_string()],
            )?;
        }
        let number = i64::try_from(at).unwrap_or(i64::MAX);
        self.connection.prepare_cached("INSERT INTO article VALUES (?1, ?2, ?3, ?4)")?.execute(
            params![
                number,
                record.id,
                i64::try_from(self.segments.len()).unwrap_or_default(),
                i64::try_from(line.position.offset).unwrap_or(i64::MAX)
            ],
        )?;
        insert_text(&self.connection, number, &record)?;
        self.rows.push(row);
        self.relate(at);
        self.checkpoint = Some(line.checkpoint());
        self.last = Some(line.position);
        Ok(())
    }

    /// A line at the end that cannot be read is met again and again, and counts once.
    fn pass_over(&mut self, position: Position) {
        if self.passed_over.len() < MOST_PASSED_OVER {
            self.passed_over.insert(position);
        }
    }

    fn row(&mut self, record: &Record) -> Result<Row, ReviewError> {
        let connection = &self.connection;
        let names = &mut self.names;
        let mut intern = |kind, value: Option<&str>, label: Option<&str>| {
            names.intern(connection, kind, value, label)
        };
        let (source, label) = names::source(record);
        let source = intern(Kind::Source, Some(source), label)?;
        let feed = intern(Kind::Feed, Some(&record.feed_id), None)?;
        let language = intern(Kind::Language, record.language.as_deref(), None)?;
        let country = intern(Kind::Country, record.source_country.as_deref(), None)?;
        let topic = intern(Kind::Topic, record.topic.as_deref(), None)?;
        for term in &record.matched_terms {
            let term = intern(Kind::Term, Some(term), None)?;
            self.terms.push(term);
        }
        let own = self.len();
        let known = |id: Option<&str>| match id {
            Some(id) if id != record.id => row_of(connection, id),
            _ => Ok(None),
        };
        let cluster = known(record.cluster_id.as_deref())?;
        let of = known(record.revision_of.as_deref().or(record.duplicate_of.as_deref()))?;
        Ok(Row {
            at: seconds(record.published_at.unwrap_or(record.first_seen_at)),
            fetched: seconds(record.fetched_at),
            source,
            feed,
            language,
            country,
            topic,
            cluster: cluster
                .map_or(own, |row| self.rows.get(row as usize).map_or(row, |first| first.cluster)),
            of: of.map_or(0, |row| row + 1),
            words: record.word_count,
            score: tenths(record.topic_score),
            class: class(record),
            is_revision: record.record_type == RecordType::Revision,
            status: status_byte(record.text_status),
            terms_end: u32::try_from(self.terms.len()).unwrap_or(u32::MAX),
        })
    }
}

/// The row of a record.
pub(super) fn row_of(connection: &Connection, id: &str) -> Result<Option<u32>, ReviewError> {
    use rusqlite::OptionalExtension;
    Ok(connection
        .prepare_cached("SELECT row FROM article WHERE id = ?1")?
        .query_row([id], |row| row.get(0))
        .optional()?)
}

fn insert_text(connection: &Connection, row: i64, record: &Record) -> rusqlite::Result<()> {
    let write = |texts: &mut dyn Iterator<Item = &str>| {
        let mut out = String::new();
        for text in texts {
            tokens::write(fold(text).as_str(), &mut out);
        }
        out
    };
    let title = write(&mut record.title.iter().map(String::as_str));
    let body = record.text.as_deref().or(record.summary.as_deref());
    let body = write(&mut body.into_iter());
    let byline = record.authors.iter().chain(&record.tags).chain(&record.section);
    let byline = write(&mut byline.map(String::as_str));
    connection
        .prepare_cached("INSERT INTO text (rowid, title, body, byline) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![row, title, body, byline])?;
    Ok(())
}

fn class(record: &Record) -> Class {
    match record.duplicate_class {
        Some(dedup::Class::Copy) => Class::Copy,
        Some(dedup::Class::Abridged) => Class::Abridged,
        Some(dedup::Class::Extended) => Class::Extended,
        Some(dedup::Class::Excerpt) => Class::Excerpt,
        _ if record.duplicate_of.is_some() => Class::Copy,
        _ => Class::Original,
    }
}

/// Every status of a text; its place is its number.
pub(super) const STATUSES: [TextStatus; 5] = [
    TextStatus::Full,
    TextStatus::Partial,
    TextStatus::Paywalled,
    TextStatus::FeedOnly,
    TextStatus::Failed,
];

fn status_byte(status: TextStatus) -> u8 {
    (0..).zip(STATUSES).find(|(_, known)| *known == status).map_or(0, |(byte, _)| byte)
}

/// Seconds since 1970, from then to 2106.
fn seconds(at: Timestamp) -> u32 {
    u32::try_from(at.as_second().max(0)).unwrap_or(u32::MAX)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped before")]
fn tenths(score: Option<f32>) -> u16 {
    (score.unwrap_or_default() * 10.0).round().clamp(0.0, 65_535.0) as u16
}
