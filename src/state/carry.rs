//! What an index that is built anew takes over from the one before it: all that no archive tells.
//!
//! Pages that wait, hosts that are held or paused, robots.txt, the feeds' records and, of each
//! address, what its feed said of it last. Not what an answer would be compared with: the archive may
//! have lost what it stood for, and a 304 would hide that.
//!
//! The one before may be damaged, or of another version. It is read through a connection of its own,
//! since SQLite writes nothing more through one that has met damage, and row by row: what cannot be
//! read is left out, and named.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, Params, Row, types::Value};

use super::{
    CHECKPOINT, FIRST_LINE, Result, State, StateError, feeds, from_json, pages, paused, seen,
};
use crate::{
    canonical_url::{CanonicalUrl, Host, KEY_VERSION},
    politeness::Robots,
    schedule::FeedState,
};

/// What is taken over, in words.
const PAGES: &str = "pages that wait";
const HOLDS: &str = "holds of hosts";
const ROBOTS: &str = "robots.txt of hosts";
const FEEDS: &str = "records of feeds";
const NOTES: &str = "pauses of hosts";
const SIGNATURES: &str = "what feeds said of their articles";
const ALL: [&str; 6] = [PAGES, HOLDS, ROBOTS, FEEDS, NOTES, SIGNATURES];

/// What was known of addresses, until the archive has told which of them it has.
const SEEN: &str = "before_seen";
const SEEN_COLUMNS: &str = "key, fate, record, revision, content_hash, signature, at, visits";

/// The checkpoint of the index before: what the archive has beyond it was still waited for.
const CHECKPOINT_BEFORE: &str = "checkpoint-before";

/// The index before.
struct Old {
    connection: Connection,
    /// It knows addresses by the keys of today.
    same_keys: bool,
}

impl Old {
    /// `None` where not even its list of tables can be read.
    fn open(path: &Path) -> Result<Option<Self>> {
        let opened = State::open_read_only(path).and_then(|State { connection, .. }| {
            // Told of a page that is none, rather than given what stands there.
            connection.pragma_update(None, "cell_size_check", true)?;
            let version: i64 = connection.pragma_query_value(None, "user_version", |r| r.get(0))?;
            connection.query_row("SELECT count(*) FROM sqlite_master", [], |_| Ok(()))?;
            Ok(Self { connection, same_keys: version & 0xffff == i64::from(KEY_VERSION) })
        });
        match opened {
            Ok(old) => Ok(Some(old)),
            Err(StateError::Damaged(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn is_empty(&self) -> bool {
        let sql = "SELECT count(*) = 0 FROM sqlite_master";
        self.connection.query_row(sql, [], |row| row.get(0)).unwrap_or_default()
    }

    /// Reads the columns of each row of a table that can be read, in the order of `key`, and hands
    /// it on; a row may come twice. Gives whether all could be read.
    fn each<T>(
        &self,
        (table, key, columns): (&str, &str, &str),
        read: impl Fn(&Row<'_>) -> Result<T>,
        mut put: impl FnMut(T) -> Result<()>,
    ) -> Result<bool> {
        let mut is_whole = true;
        let mut take = |row: &Row<'_>| {
            let value = read(row);
            is_whole &= value.is_ok();
            value.map_or(Ok(()), &mut put)
        };
        // By the table alone: an index of it is a further thing that may be damaged.
        let rows = format!("SELECT {columns} FROM {table} NOT INDEXED");
        if self.scan(&format!("{rows} ORDER BY {key}"), [], &mut take)? {
            return Ok(is_whole);
        }
        // Up to what is damaged from both ends, and each row by itself: what it runs over into may
        // be all that is damaged.
        let row = format!("{rows} WHERE {key} = ?1");
        for order in ["ASC", "DESC"] {
            let keys = format!("SELECT {key} FROM {table} NOT INDEXED ORDER BY {key} {order}");
            self.scan(&keys, [], |at| {
                let Ok(key) = at.get::<_, Value>(0) else { return Ok(()) };
                self.scan(&row, [key], &mut take).map(drop)
            })?;
        }
        Ok(false)
    }

    /// Gives whether all rows could be read.
    fn scan(
        &self,
        sql: &str,
        params: impl Params,
        mut take: impl FnMut(&Row<'_>) -> Result<()>,
    ) -> Result<bool> {
        let mut statement = match self.connection.prepare_cached(sql) {
            Ok(statement) => statement,
            Err(error) => return unreadable(error),
        };
        let mut rows = match statement.query(params) {
            Ok(rows) => rows,
            Err(error) => return unreadable(error),
        };
        loop {
            match rows.next() {
                Ok(Some(row)) => take(row)?,
                Ok(None) => return Ok(true),
                Err(error) => return unreadable(error),
            }
        }
    }
}

/// Too damaged, or of a version that had other tables. Where only room is missing it is tried again.
fn unreadable(error: rusqlite::Error) -> Result<bool> {
    let error = StateError::from(error);
    if error.is_full() { Err(error) } else { Ok(false) }
}

impl State {
    /// Takes over what the index in the file `old` knew. Gives what could not be, or not all of it,
    /// in words.
    pub(super) fn take_over(&self, old: &Path) -> Result<Vec<&'static str>> {
        let Some(old) = Old::open(old)? else { return Ok(ALL.to_vec()) };
        if old.is_empty() {
            return Ok(Vec::new());
        }
        self.begin()?;
        let is_whole = [
            self.take_pages(&old)?,
            self.take_holds(&old)?,
            self.take_robots(&old)?,
            self.take_feeds(&old)?,
            self.take_notes(&old)?,
            self.take_seen(&old)?,
        ];
        self.commit()?;
        Ok(ALL.into_iter().zip(is_whole).filter_map(|(what, is)| (!is).then_some(what)).collect())
    }

    fn take_pages(&self, old: &Old) -> Result<bool> {
        let read = |row: &Row<'_>| pages::read(row)?.pending();
        old.each(("pending", "id", pages::EARLIER_COLUMNS), read, |mut page| {
            // A part of its feed is known by that, and not by where it is read.
            if !old.same_keys
                && !page.key.as_str().contains("#!entry=")
                && let Ok(address) = CanonicalUrl::parse(page.url.as_str())
            {
                page.key = address.key;
            }
            self.put_pending(&page)
        })
    }

    fn take_holds(&self, old: &Old) -> Result<bool> {
        let put = |(host, until): (Host, _)| self.put_hold(&host, until);
        old.each(("hold", "host", "host, until"), pages::read_hold, put)
    }

    fn take_robots(&self, old: &Old) -> Result<bool> {
        let read = |row: &Row<'_>| {
            let rules: String = row.get(1)?;
            Ok((pages::read_host(row)?, from_json(&rules)?))
        };
        let put = |(host, robots): (Host, Robots)| self.put_robots(&host, &robots);
        old.each(("robots", "host", "host, rules"), read, put)
    }

    fn take_feeds(&self, old: &Old) -> Result<bool> {
        let read = |row: &Row<'_>| {
            let (id, state, counters) = feeds::read(row)?;
            Ok((id, from_json::<FeedState>(&state)?, counters))
        };
        old.each(("feed", "id", feeds::COLUMNS), read, |(id, mut state, counters)| {
            if self.feed(&id)?.is_some() {
                return Ok(());
            }
            std::mem::take(&mut state.validators);
            state.validators_of = None;
            // Soon: what the archive has lost may leave the feed. One that fails is left its rest.
            if state.failures == 0 {
                state.next_at = None;
            }
            for part in &mut state.parts {
                std::mem::take(&mut part.validators);
                part.waiting = true;
            }
            self.put_feed(&id, &state)?;
            self.count(&id, counters)
        })
    }

    fn take_notes(&self, old: &Old) -> Result<bool> {
        let read = |row: &Row<'_>| {
            let (name, value): (String, String) = (row.get(0)?, row.get(1)?);
            if name == paused::PAUSED {
                from_json::<Vec<Host>>(&value)?;
            }
            Ok((name, from_json::<serde_json::Value>(&value)?))
        };
        old.each(("meta", "name", "name, value"), read, |(name, value)| match name.as_str() {
            FIRST_LINE => Ok(()),
            CHECKPOINT => self.put_note(CHECKPOINT_BEFORE, &value),
            name => self.put_note(name, &value),
        })
    }

    fn take_seen(&self, old: &Old) -> Result<bool> {
        if !old.same_keys {
            return Ok(false);
        }
        seen::create_as(&self.connection, SEEN)?;
        let read = |row: &Row<'_>| {
            let key: Vec<u8> = row.get(0)?;
            let (fate, at): (i64, i64) = (row.get(1)?, row.get(6)?);
            let (record, hash): (Option<String>, Option<String>) = (row.get(2)?, row.get(4)?);
            let (revision, signature): (Option<u32>, i64) = (row.get(3)?, row.get(5)?);
            let visits: u32 = row.get(7)?;
            Ok((key, fate, record, revision, hash, signature, at, visits))
        };
        let mut insert = self.connection.prepare(&format!(
            "INSERT OR IGNORE INTO {SEEN} ({SEEN_COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
        ))?;
        old.each(("seen", "key", SEEN_COLUMNS), read, |row| {
            insert.execute(row)?;
            Ok(())
        })
    }

    /// Up to which line the index before this one knew the archive, as far as that is known.
    pub fn known_before(&self) -> Result<Option<u32>> {
        let text: Option<String> = self.note(CHECKPOINT_BEFORE)?;
        let known = text.and_then(|text| text.parse::<crate::archive::Checkpoint>().ok());
        Ok(known.map(|known| known.seq))
    }

    /// Once the archive and the rejects are taken in: gives the addresses back what was known of them
    /// besides, and those that are of no record their place. An address whose record is not in the
    /// archive any more stays unknown, so that it is read again.
    pub fn end_taking_over(&self) -> Result<()> {
        self.connection.execute("DELETE FROM meta WHERE name = ?1", [CHECKPOINT_BEFORE])?;
        let is_there = self
            .connection
            .query_row("SELECT 1 FROM sqlite_master WHERE name = ?1", [SEEN], |_| Ok(()))
            .optional()?;
        if is_there.is_none() {
            return Ok(());
        }
        self.begin()?;
        self.connection.execute_batch(&format!(
            "UPDATE seen SET fate = b.fate, signature = b.signature, at = b.at, visits = b.visits
                 FROM {SEEN} AS b
                 WHERE b.key = seen.key AND b.record IS seen.record
                     AND b.revision IS seen.revision
                     AND (b.record IS NOT NULL OR b.at >= seen.at);
             INSERT OR IGNORE INTO seen
                 SELECT {SEEN_COLUMNS} FROM {SEEN} WHERE record IS NULL;
             DROP TABLE {SEEN};"
        ))?;
        self.commit()
    }
}
