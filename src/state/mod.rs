//! What the daemon remembers over a restart: a disposable index.
//!
//! The archive and `rejects.jsonl` are the truth. This SQLite file can be deleted at any time: the
//! next start rebuilds what was seen from them, and asks the feeds again.
//!
//! A visit is taken in inside one transaction: look up, decide, append to the archive and sync,
//! and only then commit. So neither a seen address nor a feed's validators are ever newer than the
//! records that they stand for.

mod carry;
mod feeds;
mod file;
mod lock;
mod pages;
mod paused;
mod rejects;
mod seen;
mod standing;
#[cfg(test)]
mod tests;

use std::path::{self, Path, PathBuf};

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, params};

use crate::canonical_url::KEY_VERSION;

pub use feeds::{Counters, FeedRow};
pub use lock::StateLock;
pub use pages::{Pending, Trouble};
pub use rejects::{Reject, RejectLog, read_rejects};
pub use seen::{Fate, Known, Seen};
pub use standing::Troubled;

/// Raised when the tables change. An index of another version, or with keys of another definition,
/// is built anew.
const TABLES: i64 = 3;
const VERSION: i64 = TABLES << 16 | KEY_VERSION as i64;
/// The tables of an index that was found damaged.
const DAMAGED: i64 = 0x7fff;

/// The name of the note that holds up to where the archive is known …
pub const CHECKPOINT: &str = "checkpoint";
/// … and of the one that holds the hash of its first line. Both are of this index alone.
pub const FIRST_LINE: &str = "first-line";

#[derive(Debug, thiserror::Error)]
pub enum StateError {
    // The error of SQLite says what its own source says again.
    #[error("the state index cannot be used: {0}{limit}", limit = limit_words(.0))]
    Sqlite(rusqlite::Error),
    /// SQLite says how.
    #[error(
        "the state index is damaged ({0}): `newswatch run`, `once` and `archive reindex` build it anew"
    )]
    Damaged(String),
    #[error(
        "the state index is of another version: `newswatch run`, `once` and `archive reindex` build it anew"
    )]
    Outdated,
    #[error("the state index cannot be opened: there is no room for another file: {0}")]
    NoInodes(rusqlite::Error),
    #[error("cannot sync the state index")]
    Sync(#[source] std::io::Error),
    #[error("the state is in use by another process{}", pid.map(|pid| format!(" (pid {pid})")).unwrap_or_default())]
    Locked { pid: Option<u32> },
    #[error("the state cannot be locked")]
    Lock(#[source] std::io::Error),
    #[error("the state index holds a value that cannot be read: {0}")]
    Value(String),
}

impl From<rusqlite::Error> for StateError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
                Self::Damaged(error.to_string())
            }
            _ => Self::Sqlite(error),
        }
    }
}

impl StateError {
    /// The disk has no room: wait and try again. Anything else ends the daemon.
    pub fn is_full(&self) -> bool {
        match self {
            Self::Sqlite(error) => has_no_room(error),
            Self::NoInodes(_) => true,
            Self::Lock(error) => crate::jsonl::is_full(error),
            Self::Damaged(_)
            | Self::Outdated
            | Self::Sync(_)
            | Self::Locked { .. }
            | Self::Value(_) => false,
        }
    }

    /// The same error, told by its reason where a file could not be made.
    fn for_want_of_inodes(self, index: &Path) -> Self {
        match self {
            Self::Sqlite(error)
                if error.sqlite_error_code() == Some(ErrorCode::CannotOpen)
                    && !file::has_inodes(index) =>
            {
                Self::NoInodes(error)
            }
            error => error,
        }
    }

    /// An index that is built anew in the place of this one has the fault no more.
    pub fn is_mended_by_building(&self) -> bool {
        matches!(self, Self::Damaged(_) | Self::Outdated | Self::Value(_))
    }
}

/// Whether a database could not be written to for want of room alone.
pub fn has_no_room(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DiskFull)
        || error.sqlite_error().is_some_and(|it| it.extended_code == NO_ROOM_TO_SHARE)
        || is_too_large(error)
}

/// `SQLITE_IOERR_SHMSIZE`: the file that readers and writer share could not be made any longer.
const NO_ROOM_TO_SHARE: i32 = 4874;

/// Whether a write failed where files may only grow so far (`ulimit -f`): SQLite does not tell it
/// from other errors of a disk, as it does where there is no room.
fn is_too_large(error: &rusqlite::Error) -> bool {
    let is_write = error.sqlite_error().is_some_and(|error| {
        [rusqlite::ffi::SQLITE_IOERR_WRITE, NO_ROOM_TO_SHARE].contains(&error.extended_code)
    });
    is_write && rustix::process::getrlimit(rustix::process::Resource::Fsize).current.is_some()
}

fn limit_words(error: &rusqlite::Error) -> &'static str {
    if is_too_large(error) { ": a file may not grow any more (see `ulimit -f`)" } else { "" }
}

pub type Result<T> = std::result::Result<T, StateError>;

/// The index. One owner, one connection.
#[derive(Debug)]
pub struct State {
    connection: Connection,
    /// None in memory. SQLite tells a path only where it is UTF-8.
    path: Option<PathBuf>,
}

impl State {
    /// Opens the index, and makes it where there is none.
    pub fn open(path: &Path) -> Result<Self> {
        let opened = Connection::open(path).map_err(StateError::from).and_then(|connection| {
            let state = Self { connection, path: Some(path.to_owned()) };
            state.prepare()?;
            Ok(state)
        });
        opened.map_err(|error| error.for_want_of_inodes(path))
    }

    /// Opens the index of a daemon, running or not, for reading only: also where the folder may not
    /// be written to.
    pub fn open_read_only(path: &Path) -> Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        let state = Self { connection, path: Some(path.to_owned()) };
        // Even to read a write-ahead log SQLite writes beside it. Where there is none nobody writes,
        // and a reader who may not either can do without.
        if state.is_refused() && !file::has_log(path) {
            let mut address = url::Url::from_file_path(path::absolute(path).unwrap_or_default())
                .map_err(|()| StateError::Value(path.display().to_string()))?;
            address.set_query(Some("immutable=1"));
            let flags = flags | OpenFlags::SQLITE_OPEN_URI;
            let connection = Connection::open_with_flags(address.as_str(), flags)?;
            return Ok(Self { connection, ..state });
        }
        Ok(state)
    }

    /// The system does not let us read it as it should be read.
    fn is_refused(&self) -> bool {
        let read = self.connection.query_row("SELECT count(*) FROM sqlite_master", [], |_| Ok(()));
        let code = read.err().and_then(|error| error.sqlite_error_code());
        matches!(code, Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen))
    }

    /// Whether it has the tables of this version: an empty or older file is built anew when a daemon
    /// starts.
    pub fn is_current(&self) -> Result<bool> {
        Ok(self.version()? == VERSION)
    }

    /// Makes an index that is filled in one go and then put into its place: nothing of it is safe
    /// before its file is synced, and nothing can be undone. Gives with it what could not be taken
    /// over from the index `old`, or not all of it.
    pub fn build(path: &Path, old: Option<&Path>) -> Result<(Self, Vec<&'static str>)> {
        let connection = Connection::open(path);
        let connection =
            connection.map_err(|error| StateError::from(error).for_want_of_inodes(path))?;
        let state = Self { connection, path: Some(path.to_owned()) };
        state.connection.pragma_update(None, "journal_mode", "OFF")?;
        state.connection.pragma_update(None, "synchronous", "OFF")?;
        // In KiB where negative: random inserts want the tables in memory.
        state.connection.pragma_update(None, "cache_size", -262_144)?;
        state.create()?;
        let left = old.map_or(Ok(Vec::new()), |old| state.take_over(old))?;
        Ok((state, left))
    }

    pub fn in_memory() -> Result<Self> {
        let state = Self { connection: Connection::open_in_memory()?, path: None };
        state.prepare()?;
        Ok(state)
    }

    fn prepare(&self) -> Result<()> {
        self.connection.pragma_update(None, "journal_mode", "WAL")?;
        self.connection.pragma_update(None, "synchronous", "NORMAL")?;
        // In KiB where negative: what is looked up for each article is spread over the tables.
        self.connection.pragma_update(None, "cache_size", -16_384)?;
        self.connection.busy_timeout(std::time::Duration::from_secs(5))?;
        if self.is_empty()? {
            self.create()?;
        }
        match self.version()? {
            // Of a state that an earlier version made, too.
            VERSION => pages::complete(&self.connection),
            version if version >> 16 == DAMAGED => {
                Err(StateError::Damaged("as it was left".into()))
            }
            _ => Err(StateError::Outdated),
        }
    }

    fn version(&self) -> Result<i64> {
        Ok(self.connection.pragma_query_value(None, "user_version", |row| row.get(0))?)
    }

    /// Whether it has no tables: it is new, or an empty file.
    pub fn is_empty(&self) -> Result<bool> {
        let sql = "SELECT count(*) = 0 FROM sqlite_master";
        Ok(self.connection.query_row(sql, [], |row| row.get(0))?)
    }

    fn create(&self) -> Result<()> {
        self.begin()?;
        self.connection.execute_batch(
            "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;",
        )?;
        feeds::create(&self.connection)?;
        pages::create(&self.connection)?;
        pages::complete(&self.connection)?;
        seen::create(&self.connection)?;
        crate::dedup::Index::create(&self.connection)?;
        self.connection.pragma_update(None, "user_version", VERSION)?;
        self.commit()
    }

    /// Looks through the tables that no archive tells. They are small, and a start reads them but in
    /// part.
    pub fn check(&self) -> Result<()> {
        for table in ["meta", "feed", "pending", "robots", "hold"] {
            let sql = format!("PRAGMA quick_check('{table}')");
            let told: String = self.connection.query_row(&sql, [], |row| row.get(0))?;
            if told != "ok" {
                return Err(StateError::Damaged(told.trim().replace('\n', ", ")));
            }
        }
        Ok(())
    }

    /// Has the next opening know that an index is damaged: it may be damaged where a start does not
    /// look. Once nobody has it open.
    pub fn mark_damaged(path: &Path) -> Result<()> {
        let state = Self { connection: Connection::open(path)?, path: Some(path.to_owned()) };
        let version = DAMAGED << 16 | state.version()? & 0xffff;
        Ok(state.connection.pragma_update(None, "user_version", version)?)
    }

    pub fn begin(&self) -> Result<()> {
        Ok(self.connection.execute_batch("BEGIN IMMEDIATE")?)
    }

    /// From here to [`Self::rollback`] all that is read is of one moment.
    pub fn freeze(&self) -> Result<()> {
        Ok(self.connection.execute_batch("BEGIN DEFERRED")?)
    }

    pub fn commit(&self) -> Result<()> {
        Ok(self.connection.execute_batch("COMMIT")?)
    }

    /// Undoes all since [`Self::begin`]. Harmless where nothing was begun.
    pub fn rollback(&self) -> Result<()> {
        if self.connection.is_autocommit() {
            return Ok(());
        }
        Ok(self.connection.execute_batch("ROLLBACK")?)
    }

    /// Makes durable what was committed.
    pub fn sync(&self) -> Result<()> {
        self.path.as_deref().map_or(Ok(()), file::sync).map_err(StateError::Sync)
    }

    /// The same, and folds the write-ahead log into the index file where there is room.
    pub fn close(&self) -> Result<()> {
        self.sync()?;
        let folded = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        match folded.map_err(StateError::from) {
            Err(error) if !error.is_full() => Err(error),
            _ => Ok(()),
        }
    }

    /// The connection, for the near-duplicate index, which lives in the same file so that it
    /// changes in the same transactions.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// A value by its name: the archive's checkpoint, what the daemon is doing.
    pub fn note<T: serde::de::DeserializeOwned>(&self, name: &str) -> Result<Option<T>> {
        let text: Option<String> = self
            .connection
            .prepare_cached("SELECT value FROM meta WHERE name = ?1")?
            .query_row([name], |row| row.get(0))
            .optional()?;
        text.map(|text| from_json(&text)).transpose()
    }

    pub fn put_note<T: serde::Serialize>(&self, name: &str, value: &T) -> Result<()> {
        self.connection
            .prepare_cached(
                "INSERT INTO meta VALUES (?1, ?2)
                 ON CONFLICT (name) DO UPDATE SET value = excluded.value
                     WHERE value <> excluded.value",
            )?
            .execute(params![name, to_json(value)?])?;
        Ok(())
    }
}

fn from_json<T: serde::de::DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| StateError::Value(error.to_string()))
}

fn to_json<T: serde::Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|error| StateError::Value(error.to_string()))
}

fn time(milliseconds: i64) -> jiff::Timestamp {
    jiff::Timestamp::from_millisecond(milliseconds).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
}
