//! Feeds: their polling state and what became of their entries.

use rusqlite::{Connection, OptionalExtension, params};

use super::{Result, State, from_json, to_json};
use crate::schedule::FeedState;

/// What became of a feed's entries. Every entry that was new ends in one of the last four or
/// still waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Counters {
    pub polls: u32,
    /// Entries that were new.
    pub entries: u32,
    pub kept: u32,
    pub duplicates: u32,
    pub rejected: u32,
    pub failed: u32,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct FeedRow {
    pub id: String,
    pub state: FeedState,
    pub counters: Counters,
}

pub(super) fn create(connection: &Connection) -> Result<()> {
    Ok(connection.execute_batch(
        "CREATE TABLE feed (
             id TEXT PRIMARY KEY,
             state TEXT NOT NULL,
             polls INTEGER NOT NULL DEFAULT 0,
             entries INTEGER NOT NULL DEFAULT 0,
             kept INTEGER NOT NULL DEFAULT 0,
             duplicates INTEGER NOT NULL DEFAULT 0,
             rejected INTEGER NOT NULL DEFAULT 0,
             failed INTEGER NOT NULL DEFAULT 0
         ) WITHOUT ROWID;",
    )?)
}

pub(super) const COLUMNS: &str = "id, state, polls, entries, kept, duplicates, rejected, failed";

pub(super) fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<(String, String, Counters)> {
    let counters = Counters {
        polls: row.get(2)?,
        entries: row.get(3)?,
        kept: row.get(4)?,
        duplicates: row.get(5)?,
        rejected: row.get(6)?,
        failed: row.get(7)?,
    };
    Ok((row.get(0)?, row.get(1)?, counters))
}

impl State {
    pub fn feed(&self, id: &str) -> Result<Option<FeedRow>> {
        let row = self
            .connection
            .prepare_cached(&format!("SELECT {COLUMNS} FROM feed WHERE id = ?1"))?
            .query_row([id], read)
            .optional()?;
        row.map(|(id, state, counters)| Ok(FeedRow { id, state: from_json(&state)?, counters }))
            .transpose()
    }

    /// All feeds that were ever polled, by id.
    pub fn feeds(&self) -> Result<Vec<FeedRow>> {
        let mut statement =
            self.connection.prepare_cached(&format!("SELECT {COLUMNS} FROM feed ORDER BY id"))?;
        let rows = statement.query_map([], read)?.collect::<rusqlite::Result<Vec<_>>>()?;
        rows.into_iter()
            .map(|(id, state, counters)| Ok(FeedRow { id, state: from_json(&state)?, counters }))
            .collect()
    }

    pub fn put_feed(&self, id: &str, state: &FeedState) -> Result<()> {
        self.connection
            .prepare_cached(
                "INSERT INTO feed (id, state) VALUES (?1, ?2)
                 ON CONFLICT (id) DO UPDATE SET state = excluded.state
                     WHERE state <> excluded.state",
            )?
            .execute(params![id, to_json(state)?])?;
        Ok(())
    }

    /// Adds to a feed's counters.
    pub fn count(&self, id: &str, more: Counters) -> Result<()> {
        self.connection
            .prepare_cached(
                "UPDATE feed SET polls = polls + ?2, entries = entries + ?3, kept = kept + ?4,
                     duplicates = duplicates + ?5, rejected = rejected + ?6, failed = failed + ?7
                 WHERE id = ?1",
            )?
            .execute(params![
                id,
                more.polls,
                more.entries,
                more.kept,
                more.duplicates,
                more.rejected,
                more.failed
            ])?;
        Ok(())
    }
}
