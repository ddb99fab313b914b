//! The index of an archive: a SQLite file that can be deleted at any time.
//!
//! The full text stands in a contentless FTS5 table over the tokens of [`super::tokens`]; what is
//! filtered and counted stands in memory, a [`Row`] a record, stored in chunks so that a million of
//! them are loaded in a moment. The text itself stays in the archive, and is read where the index
//! says that its line begins. Rows are counted from 0 in the order of the archive.

mod facets;
mod find;
mod page;
mod read;
mod take;

use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet},
    path::Path,
    rc::Rc,
    time::Duration,
};

use rusqlite::{Connection, OptionalExtension};

use super::{
    ReviewError,
    bits::Bits,
    names::{self, Names},
    row::{self, CHUNK, NameId, Row},
};
use crate::{
    archive::{ArchiveError, Checkpoint, Lines, Position, SegmentName, line_at, segments_dropped},
    jsonl::Folder,
};

pub use facets::{Bucket, Facets};
pub use page::{Key, Order, Page};
pub use read::{Item, Story};
pub use take::Progress;

/// Raised when the tables or the tokens change: an index of another version is built anew.
const VERSION: i64 = 1;

/// Pages of the file that are kept in memory, in KiB.
const CACHE: i64 = 48 << 10;

/// An archive's index, open.
pub struct Index {
    connection: Connection,
    archive: Folder,
    rows: Vec<Row>,
    /// The terms of all rows, one after the other.
    terms: Vec<NameId>,
    /// By row: records of the story that begins there.
    sizes: Vec<u32>,
    /// By row: whether a later record replaces it.
    replaced: Vec<bool>,
    names: Names,
    segments: Vec<SegmentName>,
    /// What the rows come from; after another process built the file anew it is another number.
    generation: i64,
    checkpoint: Option<Checkpoint>,
    /// Where the last line begins.
    last: Option<Position>,
    /// The rows before this one were dropped from the archive: nothing finds them any more.
    gone: u32,
    /// The last segment that was dropped.
    dropped: Option<SegmentName>,
    /// Rows that are committed.
    stored: usize,
    lines: Option<Lines>,
    writing: bool,
    /// Where the archive could not be read as records.
    passed_over: BTreeSet<Position>,
    /// Records of the index that were asked for and whose lines are damaged now.
    unread: Cell<u32>,
    /// What is said of the first of them that a later version of the program wrote.
    newer: Option<String>,
    /// Answers of the full-text table, by their expression; valid for one number of rows.
    answers: BTreeMap<String, Rc<Bits>>,
    answers_of: Edition,
}

/// Which rows an index has: what was found in others does not hold any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Edition {
    /// Another one counts its rows anew.
    generation: i64,
    len: u32,
    gone: u32,
}

impl Edition {
    /// Whether its rows are those of `older`, and perhaps more.
    pub(super) fn continues(self, older: Self) -> bool {
        self.generation == older.generation && self.len >= older.len
    }
}

impl Index {
    /// Opens the index in `path` of the archive in `archive`; makes it where it is missing, of
    /// another version, or of another archive. What the archive has beyond it is taken in by
    /// [`Self::advance`].
    pub fn open(path: &Path, archive: Folder) -> Result<Self, ReviewError> {
        let connection = Connection::open(path)?;
        connection.busy_timeout(Duration::from_millis(500))?;
        connection.pragma_update(None, "page_size", 8192)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        connection.pragma_update(None, "cache_size", -CACHE)?;
        connection.pragma_update(None, "temp_store", "MEMORY")?;
        let mut index = Self {
            connection,
            archive,
            rows: Vec::new(),
            terms: Vec::new(),
            sizes: Vec::new(),
            replaced: Vec::new(),
            names: Names::default(),
            segments: Vec::new(),
            generation: 0,
            checkpoint: None,
            last: None,
            gone: 0,
            dropped: None,
            stored: 0,
            lines: None,
            writing: false,
            passed_over: BTreeSet::new(),
            unread: Cell::new(0),
            newer: None,
            answers: BTreeMap::new(),
            answers_of: Edition::default(),
        };
        let version: i64 =
            index.connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        if version == VERSION {
            index.load()?;
        } else {
            index.clear()?;
        }
        if !index.is_of_archive() {
            index.clear()?;
        }
        Ok(index)
    }

    /// Whether the last line taken in is still where it was.
    fn is_of_archive(&self) -> bool {
        let (Some(checkpoint), Some(last)) = (self.checkpoint, self.last) else {
            return self.checkpoint.is_none();
        };
        line_at(&self.archive, last).is_ok_and(|line| line.checkpoint() == checkpoint)
    }

    /// Empties the file.
    fn clear(&mut self) -> Result<(), ReviewError> {
        self.connection.execute_batch("BEGIN IMMEDIATE")?;
        let generation: i64 = meta(&self.connection, "generation").unwrap_or_default();
        self.connection.execute_batch(
            "DROP TABLE IF EXISTS text; DROP TABLE IF EXISTS article; DROP TABLE IF EXISTS chunk;
             DROP TABLE IF EXISTS segment; DROP TABLE IF EXISTS name; DROP TABLE IF EXISTS meta;
             CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
             CREATE TABLE segment (id INTEGER PRIMARY KEY, path TEXT NOT NULL);
             CREATE TABLE chunk (id INTEGER PRIMARY KEY, rows BLOB NOT NULL);
             CREATE TABLE article (
                 row INTEGER PRIMARY KEY, id TEXT NOT NULL,
                 segment INTEGER NOT NULL, start INTEGER NOT NULL
             );
             CREATE INDEX article_id ON article (id);
             CREATE VIRTUAL TABLE text USING fts5(
                 title, body, byline, content = '', columnsize = 0, tokenize = 'ascii'
             );
             INSERT INTO text (text, rank) VALUES ('hashsize', 33554432);",
        )?;
        names::create(&self.connection)?;
        self.put_meta("generation", generation + 1)?;
        self.passed_over.clear();
        self.connection.pragma_update(None, "user_version", VERSION)?;
        self.connection.execute_batch("COMMIT")?;
        self.load()
    }

    /// Takes what is committed and not yet in memory.
    fn load(&mut self) -> Result<(), ReviewError> {
        let generation = meta(&self.connection, "generation").unwrap_or_default();
        if generation != self.generation {
            self.rows.clear();
            self.generation = generation;
        }
        let first = self.rows.len() / CHUNK as usize;
        self.rows.truncate(first * CHUNK as usize);
        self.terms.truncate(self.rows.last().map_or(0, |row| row.terms_end as usize));
        {
            let mut statement = self
                .connection
                .prepare_cached("SELECT rows FROM chunk WHERE id >= ?1 ORDER BY id")?;
            let mut chunks = statement.query([i64::try_from(first).unwrap_or(i64::MAX)])?;
            while let Some(chunk) = chunks.next()? {
                let bytes = chunk.get_ref(0)?.as_blob().unwrap_or_default();
                row::decode(bytes, &mut self.rows, &mut self.terms).ok_or(ReviewError::Index)?;
            }
            let mut statement =
                self.connection.prepare_cached("SELECT path FROM segment ORDER BY id")?;
            let paths = statement.query_map([], |row| row.get::<_, String>(0))?;
            self.segments.clear();
            for path in paths {
                self.segments.push(path?.parse().map_err(|_| ReviewError::Index)?);
            }
        }
        self.names = Names::load(&self.connection)?;
        let text: Option<String> = meta(&self.connection, "checkpoint");
        self.checkpoint = text.and_then(|text| text.parse().ok());
        let text: Option<String> = meta(&self.connection, "last");
        self.last = text.and_then(|text| text.parse().ok());
        let text: Option<String> = meta(&self.connection, "passed_over");
        let places = text.unwrap_or_default();
        self.passed_over.extend(places.lines().filter_map(|place| place.parse::<Position>().ok()));
        self.stored = self.rows.len();
        self.sizes.clear();
        self.replaced.clear();
        for at in 0..self.rows.len() {
            self.relate(at);
        }
        self.dropped = None;
        self.follow_drops()
    }

    /// Leaves out what the archive has dropped. When that is most of the index, it is built anew.
    fn follow_drops(&mut self) -> Result<(), ReviewError> {
        let dropped = segments_dropped(&self.archive).map_err(|source| ArchiveError::Io {
            action: "list",
            path: "the archive".to_owned(),
            source,
        })?;
        let dropped = dropped.last().copied();
        if dropped == self.dropped {
            return Ok(());
        }
        let segments = self.segments.iter().filter(|name| Some(**name) <= dropped).count();
        self.gone = self
            .connection
            .prepare_cached("SELECT count(*) FROM article WHERE segment <= ?1")?
            .query_row([i64::try_from(segments).unwrap_or(i64::MAX)], |row| row.get(0))?;
        self.dropped = dropped;
        if self.gone > self.len() / 2 {
            match self.clear() {
                // Another process is at it.
                Err(ReviewError::Sqlite(error))
                    if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy) => {}
                cleared => return cleared,
            }
        }
        // A story begins and counts with what is left of it.
        self.sizes.fill(0);
        for row in self.rows.iter().skip(self.gone as usize) {
            if let Some(size) = self.sizes.get_mut(row.cluster as usize) {
                *size += 1;
            }
        }
        Ok(())
    }

    pub(super) fn edition(&self) -> Edition {
        Edition { generation: self.generation, len: self.len(), gone: self.gone }
    }

    /// Every row that is still in the archive.
    fn all(&self) -> Bits {
        let mut all = Bits::all(self.len());
        all.clear_before(self.gone);
        all
    }

    /// Counts a row in its story, and marks the one that it replaces.
    fn relate(&mut self, at: usize) {
        let Some(row) = self.rows.get(at) else { return };
        self.sizes.resize(at + 1, 0);
        self.replaced.resize(at + 1, false);
        if let Some(size) = self.sizes.get_mut(row.cluster as usize) {
            *size += 1;
        }
        if row.is_revision
            && let Some(older) = (row.of as usize).checked_sub(1)
            && let Some(replaced) = self.replaced.get_mut(older)
        {
            *replaced = true;
        }
    }

    fn put_meta(&self, name: &str, value: impl rusqlite::ToSql) -> rusqlite::Result<usize> {
        self.connection
            .prepare_cached("INSERT OR REPLACE INTO meta VALUES (?1, ?2)")?
            .execute(rusqlite::params![name, value])
    }

    /// Records that are there.
    pub fn count(&self) -> u32 {
        self.len() - self.gone
    }

    /// Records taken in, also those that were dropped since.
    pub fn len(&self) -> u32 {
        u32::try_from(self.rows.len()).unwrap_or(u32::MAX)
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// In how many places the archive could not be read as records: lines, and rests of files.
    pub fn passed_over(&self) -> usize {
        self.passed_over.len()
    }

    /// Records that were asked for so far and left out, since their lines are damaged.
    pub fn unread(&self) -> u32 {
        self.unread.get()
    }

    /// Says which line a later version of the program wrote, where one was passed over. Once the
    /// index goes beyond it, it is not met again before the index is built anew.
    pub fn newer(&self) -> Option<&str> {
        self.newer.as_deref()
    }

    fn terms_of(&self, at: u32) -> &[NameId] {
        let end = |at: u32| self.rows.get(at as usize).map_or(0, |row| row.terms_end as usize);
        let start = at.checked_sub(1).map_or(0, end);
        self.terms.get(start..end(at)).unwrap_or_default()
    }
}

fn meta<T: rusqlite::types::FromSql>(connection: &Connection, name: &str) -> Option<T> {
    let mut statement = connection.prepare_cached("SELECT value FROM meta WHERE name = ?1").ok()?;
    statement.query_row([name], |row| row.get(0)).optional().ok().flatten()
}
