//! What an index that is built anew takes over from the one before it: all that no archive tells.
//!
//! Pages that wait, hosts that are held or paused, robots.txt, the feeds' records and, of each
//! address, what its feed said of it last. Not what an answer would be compared with: the archive may
//! have lost what it stood for, and a 304 would hide that.

use std::path::Path;

use rusqlite::{OptionalExtension, params};

use super::{CHECKPOINT, FIRST_LINE, Result, State, StateError, from_json, pages, seen, to_json};
use crate::{
    canonical_url::{CanonicalUrl, KEY_VERSION},
    politeness::Robots,
    schedule::FeedState,
};

/// Tables and columns that are taken over as they are, and what they hold, in words.
const TABLES: [(&str, &str, &str); 4] = [
    ("pending", pages::COLUMNS, "pages that wait"),
    ("hold", "host, until", "holds of hosts"),
    ("robots", "host, rules", "robots.txt of hosts"),
    ("feed", super::feeds::COLUMNS, "records of feeds"),
];

const NOTES: &str = "pauses of hosts";
const SIGNATURES: &str = "what feeds said of their articles";

/// What was known of addresses, until the archive has told which of them it has.
const SEEN: &str = "before_seen";
const SELECT_SEEN: &str =
    "SELECT key, fate, record, revision, content_hash, signature, at, visits FROM";

/// The checkpoint of the index before: what the archive has beyond it was still waited for.
const CHECKPOINT_BEFORE: &str = "checkpoint-before";

/// Whether an index of this version knows addresses by the keys of today.
fn has_our_keys(version: i64) -> bool {
    version & 0xffff == i64::from(KEY_VERSION)
}

impl State {
    /// Takes over what the index in the file `old` knew. Gives what could not be, in words.
    pub fn take_over_file(&self, old: &Path) -> Result<Vec<&'static str>> {
        // Bytes: a path need not be UTF-8.
        let path = old.as_os_str().as_encoded_bytes();
        if self.connection.execute("ATTACH ?1 AS old", [path]).is_err() {
            let what = TABLES.iter().map(|(.., what)| *what);
            return Ok(what.chain([NOTES, SIGNATURES]).collect());
        }
        let version =
            self.connection.pragma_query_value(Some("old"), "user_version", |row| row.get(0));
        let same_keys = version.is_ok_and(has_our_keys);
        let is_empty = "SELECT count(*) = 0 FROM old.sqlite_master";
        if self.connection.query_row(is_empty, [], |row| row.get(0)).unwrap_or_default() {
            self.connection.execute_batch("DETACH old")?;
            return Ok(Vec::new());
        }
        self.begin()?;
        let left = self.take_over("old.", same_keys, || self.copy_seen());
        match &left {
            Ok(_) => self.commit()?,
            Err(_) => self.rollback()?,
        }
        self.connection.execute_batch("DETACH old")?;
        left
    }

    /// Begins with the tables renamed that are to be taken over.
    pub(super) fn set_aside(&self, tables: &[String]) -> Result<()> {
        let is_there = |table: &str| tables.iter().any(|other| other == table);
        for table in tables {
            let kept = ["meta", "seen"].iter().chain(TABLES.iter().map(|(table, ..)| table));
            let aside = format!("before_{table}");
            if table == SEEN {
                // An earlier taking over did not come to its end.
            } else if kept.into_iter().any(|kept| kept == table) && !is_there(&aside) {
                self.connection
                    .execute_batch(&format!("ALTER TABLE \"{table}\" RENAME TO \"{aside}\""))?;
            } else {
                self.connection.execute_batch(&format!("DROP TABLE \"{table}\""))?;
            }
        }
        Ok(())
    }

    /// Takes over what was set aside of an index of this version.
    pub(super) fn take_over_aside(&self, version: i64) -> Result<Vec<&'static str>> {
        let is_read = || {
            self.connection.prepare(&format!("{SELECT_SEEN} {SEEN}"))?;
            Ok(())
        };
        let left = self.take_over("before_", has_our_keys(version), is_read)?;
        for table in TABLES.iter().map(|(table, ..)| *table).chain(["meta"]) {
            self.connection.execute_batch(&format!("DROP TABLE IF EXISTS before_{table}"))?;
        }
        Ok(left)
    }

    /// `from` stands before the name of each table that is read; `seen` has what was known of
    /// addresses stand in its place.
    fn take_over(
        &self,
        from: &str,
        same_keys: bool,
        seen: impl FnOnce() -> Result<()>,
    ) -> Result<Vec<&'static str>> {
        let mut left = Vec::new();
        let mut copy = |copied: Result<()>, what| match copied {
            Err(error) if error.is_full() => Err(error),
            // Too damaged, or of a version that had other columns.
            Err(_) => {
                left.push(what);
                Ok(())
            }
            Ok(()) => Ok(()),
        };
        let run = |sql: &str| -> Result<()> {
            self.connection.execute(sql, [])?;
            Ok(())
        };
        for (table, columns, what) in TABLES {
            let into = format!("INSERT OR IGNORE INTO main.{table} ({columns})");
            copy(run(&format!("{into} SELECT {columns} FROM {from}{table}")), what)?;
        }
        let meta = format!("INSERT OR IGNORE INTO main.meta SELECT name, value FROM {from}meta");
        let others = format!("{meta} WHERE name NOT IN ('{CHECKPOINT}', '{FIRST_LINE}')");
        copy(run(&others), NOTES)?;
        let before = format!("SELECT '{CHECKPOINT_BEFORE}', value");
        let before = meta.replace("SELECT name, value", &before);
        copy(run(&format!("{before} WHERE name = '{CHECKPOINT}'")), NOTES)?;
        let other_keys = || Err(StateError::Value("keys of another definition".to_owned()));
        copy(if same_keys { seen() } else { other_keys() }, SIGNATURES)?;
        if left.contains(&SIGNATURES) {
            self.connection.execute_batch(&format!("DROP TABLE IF EXISTS main.{SEEN}"))?;
        }
        left.extend(self.check_feeds()?);
        left.extend(self.check_pending(same_keys)?);
        self.check_robots()?;
        if self.paused().is_err() {
            self.connection.execute("DELETE FROM meta WHERE name = ?1", [super::paused::PAUSED])?;
            left.push(NOTES);
        }
        left.dedup();
        Ok(left)
    }

    fn copy_seen(&self) -> Result<()> {
        let unfinished = format!("{SELECT_SEEN} old.{SEEN}");
        let is_unfinished = self.connection.prepare(&unfinished).is_ok();
        let select = if is_unfinished { unfinished } else { format!("{SELECT_SEEN} old.seen") };
        seen::create_as(&self.connection, SEEN)?;
        self.connection.execute(&format!("INSERT INTO main.{SEEN} {select}"), [])?;
        Ok(())
    }

    /// Leaves out feeds' records that cannot be read, and of the others what hides an answer.
    fn check_feeds(&self) -> Result<Option<&'static str>> {
        let mut left = None;
        for (id, text) in self.texts("SELECT id, state FROM feed")? {
            let Ok(mut state) = from_json::<FeedState>(&text) else {
                self.connection.execute("DELETE FROM feed WHERE id = ?1", [id])?;
                left = Some("records of feeds");
                continue;
            };
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
            let sql = "UPDATE feed SET state = ?2 WHERE id = ?1";
            self.connection.execute(sql, params![id, to_json(&state)?])?;
        }
        Ok(left)
    }

    /// Leaves out pages that cannot be read, and gives the others the keys of today.
    fn check_pending(&self, same_keys: bool) -> Result<Option<&'static str>> {
        let mut left = None;
        let mut ids = self.connection.prepare("SELECT id FROM pending ORDER BY id")?;
        let ids: Vec<i64> =
            ids.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
        for id in ids {
            let page = self.pending(crate::schedule::PageId(id));
            let Ok(Some(page)) = page else {
                self.connection.execute("DELETE FROM pending WHERE id = ?1", [id])?;
                left = Some("pages that wait");
                continue;
            };
            // A part of its feed is known by that, and not by where it is read.
            if same_keys || page.key.as_str().contains("#!entry=") {
                continue;
            }
            if let Ok(address) = CanonicalUrl::parse(page.url.as_str()) {
                let sql = "UPDATE OR REPLACE pending SET key = ?2 WHERE id = ?1";
                self.connection.execute(sql, params![id, address.key.as_str()])?;
            }
        }
        Ok(left)
    }

    fn check_robots(&self) -> Result<()> {
        for (host, text) in self.texts("SELECT host, rules FROM robots")? {
            if from_json::<Robots>(&text).is_err() {
                self.connection.execute("DELETE FROM robots WHERE host = ?1", [host])?;
            }
        }
        Ok(())
    }

    fn texts(&self, sql: &str) -> Result<Vec<(String, String)>> {
        let mut statement = self.connection.prepare(sql)?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Up to which line the index before this one knew the archive; 0 where there was none.
    pub fn known_before(&self) -> Result<u32> {
        let text: Option<String> = self.note(CHECKPOINT_BEFORE)?;
        let known = text.and_then(|text| text.parse::<crate::archive::Checkpoint>().ok());
        Ok(known.map_or(0, |known| known.seq))
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
             INSERT OR IGNORE INTO seen {SELECT_SEEN} {SEEN} WHERE record IS NULL;
             DROP TABLE {SEEN};"
        ))?;
        self.commit()
    }
}
