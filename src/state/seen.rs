//! Addresses and texts that were seen: what makes a second visit needless.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use super::{Result, State, StateError, time};
use crate::{archive::Position, canonical_url::UrlKey};

/// What became of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// There is a record of it.
    Kept,
    /// It was read and is about no topic.
    Rejected,
    /// It could not be read.
    Failed,
}

/// The newest record of an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    pub record_id: String,
    pub revision: u32,
    pub content_hash: Option<String>,
}

/// What is known of an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    pub fate: Fate,
    pub known: Option<Known>,
    /// Hash of what the feed said of it last: another one is a reason to look again.
    pub signature: i64,
    pub at: Timestamp,
    /// How often its page was read.
    pub visits: u32,
}

pub(super) fn create(connection: &Connection) -> Result<()> {
    create_as(connection, "seen")?;
    Ok(connection.execute_batch(
        "CREATE TABLE place (record TEXT PRIMARY KEY, position TEXT NOT NULL) WITHOUT ROWID;",
    )?)
}

/// The table of addresses, by this name.
pub(super) fn create_as(connection: &Connection, name: &str) -> Result<()> {
    Ok(connection.execute_batch(&format!(
        "CREATE TABLE {name} (
             key BLOB PRIMARY KEY,
             fate INTEGER NOT NULL,
             record TEXT,
             revision INTEGER,
             content_hash TEXT,
             signature INTEGER NOT NULL,
             at INTEGER NOT NULL,
             visits INTEGER NOT NULL
         ) WITHOUT ROWID;"
    ))?)
}

/// A table's key for a string of any length: 128 bits, so that a chance collision among a billion
/// addresses has odds of one in 10^20.
fn digest(text: &str) -> [u8; 16] {
    let mut key = [0; 16];
    key.copy_from_slice(blake3::hash(text.as_bytes()).as_bytes().split_at(16).0);
    key
}

impl State {
    pub fn seen(&self, key: &UrlKey) -> Result<Option<Seen>> {
        Ok(self
            .connection
            .prepare_cached(
                "SELECT fate, record, revision, content_hash, signature, at, visits
                 FROM seen WHERE key = ?1",
            )?
            .query_row([digest(key.as_str())], |row| {
                let record: Option<String> = row.get(1)?;
                let known = match record {
                    Some(record_id) => {
                        Some(Known { record_id, revision: row.get(2)?, content_hash: row.get(3)? })
                    }
                    None => None,
                };
                Ok(Seen {
                    fate: match row.get::<_, i64>(0)? {
                        0 => Fate::Kept,
                        1 => Fate::Rejected,
                        _ => Fate::Failed,
                    },
                    known,
                    signature: row.get(4)?,
                    at: time(row.get(5)?),
                    visits: row.get(6)?,
                })
            })
            .optional()?)
    }

    pub fn put_seen(&self, key: &UrlKey, seen: &Seen) -> Result<()> {
        let fate = match seen.fate {
            Fate::Kept => 0,
            Fate::Rejected => 1,
            Fate::Failed => 2,
        };
        self.connection
            .prepare_cached("INSERT OR REPLACE INTO seen VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?
            .execute(params![
                digest(key.as_str()),
                fate,
                seen.known.as_ref().map(|known| &known.record_id),
                seen.known.as_ref().map(|known| known.revision),
                seen.known.as_ref().map(|known| &known.content_hash),
                seen.signature,
                seen.at.as_millisecond(),
                seen.visits
            ])?;
        Ok(())
    }

    /// Where a record stands in the archive.
    pub fn place(&self, record_id: &str) -> Result<Option<Position>> {
        let text: Option<String> = self
            .connection
            .prepare_cached("SELECT position FROM place WHERE record = ?1")?
            .query_row([record_id], |row| row.get(0))
            .optional()?;
        let parse = |text: String| text.parse().map_err(|_| StateError::Value(text));
        text.map(parse).transpose()
    }

    pub fn put_place(&self, record_id: &str, position: Position) -> Result<()> {
        self.connection
            .prepare_cached("INSERT OR REPLACE INTO place VALUES (?1, ?2)")?
            .execute(params![record_id, position.to_string()])?;
        Ok(())
    }
}
