//! Pages that wait to be fetched, and the robots.txt of their hosts.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};
use url::Url;

use super::{Result, State, StateError, from_json, time, to_json};
use crate::{
    canonical_url::{Host, UrlKey},
    politeness::Robots,
    schedule::PageId,
    source::Entry,
};

/// An entry whose page is to be read.
#[derive(Debug, Clone, PartialEq)]
pub struct Pending {
    pub id: PageId,
    pub key: UrlKey,
    /// The address to fetch.
    pub url: Url,
    pub feed_id: String,
    pub entry: Entry,
    pub first_seen_at: Timestamp,
    pub not_before: Timestamp,
    /// How often it was tried in vain, …
    pub attempts: u32,
    /// … and since when it is.
    pub tried_since: Option<Timestamp>,
    /// The address is known: its entry changed, and the page is read again.
    pub revisit: bool,
}

impl Pending {
    pub fn host(&self) -> Host {
        Host::of(&self.url)
    }

    /// Since when its page would have been read, had it been there.
    pub fn due_since(&self) -> Timestamp {
        self.tried_since.unwrap_or(self.not_before)
    }
}

/// What kept a page that waits from being read, when it was last asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// How often it was asked for in vain, also where that is the host's fault.
    pub tries: u32,
    /// In words.
    pub error: String,
    pub at: Timestamp,
}

/// How long an expired robots.txt is kept.
const ROBOTS_KEPT: SignedDuration = SignedDuration::from_hours(48);

pub(super) fn create(connection: &Connection) -> Result<()> {
    Ok(connection.execute_batch(
        "CREATE TABLE pending (
             id INTEGER PRIMARY KEY AUTOINCREMENT,
             key TEXT NOT NULL UNIQUE,
             url TEXT NOT NULL,
             feed TEXT NOT NULL,
             entry TEXT NOT NULL,
             first_seen_at INTEGER NOT NULL,
             not_before INTEGER NOT NULL,
             attempts INTEGER NOT NULL,
             revisit INTEGER NOT NULL,
             trouble TEXT,
             tried_since INTEGER
         );
         CREATE TABLE robots (host TEXT PRIMARY KEY, rules TEXT NOT NULL) WITHOUT ROWID;
         CREATE TABLE hold (host TEXT PRIMARY KEY, until INTEGER NOT NULL) WITHOUT ROWID;",
    )?)
}

/// Gives a table of an earlier version what has come to it since.
pub(super) fn complete(connection: &Connection) -> Result<()> {
    for (name, kind) in [("trouble", "TEXT"), ("tried_since", "INTEGER")] {
        let has_it = "SELECT count(*) > 0 FROM pragma_table_info('pending') WHERE name = ?1";
        if !connection.query_row(has_it, [name], |row| row.get::<_, bool>(0))? {
            connection.execute_batch(&format!("ALTER TABLE pending ADD COLUMN {name} {kind}"))?;
        }
    }
    Ok(connection.execute_batch("CREATE INDEX IF NOT EXISTS pending_feed ON pending (feed)")?)
}

const COLUMNS: &str =
    "id, key, url, feed, entry, first_seen_at, not_before, attempts, revisit, tried_since";
/// What is taken over from an index of any version.
pub(super) const EARLIER_COLUMNS: &str =
    "id, key, url, feed, entry, first_seen_at, not_before, attempts, revisit, NULL";

pub(super) struct Row {
    id: i64,
    key: String,
    url: String,
    feed: String,
    entry: String,
    first_seen_at: i64,
    not_before: i64,
    attempts: u32,
    revisit: bool,
    tried_since: Option<i64>,
}

/// A row of [`COLUMNS`] or [`EARLIER_COLUMNS`].
pub(super) fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    Ok(Row {
        id: row.get(0)?,
        key: row.get(1)?,
        url: row.get(2)?,
        feed: row.get(3)?,
        entry: row.get(4)?,
        first_seen_at: row.get(5)?,
        not_before: row.get(6)?,
        attempts: row.get(7)?,
        revisit: row.get(8)?,
        tried_since: row.get(9)?,
    })
}

/// The host of a table's first column.
pub(super) fn read_host(row: &rusqlite::Row<'_>) -> Result<Host> {
    from_json(&to_json(&row.get::<_, String>(0)?)?)
}

/// A host and until when it is held.
pub(super) fn read_hold(row: &rusqlite::Row<'_>) -> Result<(Host, Timestamp)> {
    Ok((read_host(row)?, time(row.get(1)?)))
}

impl Row {
    pub(super) fn pending(self) -> Result<Pending> {
        let key = serde_json::from_value(serde_json::Value::String(self.key));
        Ok(Pending {
            id: PageId(self.id),
            key: key.map_err(|error| StateError::Value(error.to_string()))?,
            url: Url::parse(&self.url).map_err(|error| StateError::Value(error.to_string()))?,
            feed_id: self.feed,
            entry: from_json(&self.entry)?,
            first_seen_at: time(self.first_seen_at),
            not_before: time(self.not_before),
            attempts: self.attempts,
            tried_since: self.tried_since.map(time),
            revisit: self.revisit,
        })
    }
}

impl State {
    /// Puts a page on the waiting list; `id` of what is passed counts for nothing. `None` where
    /// its address waits already.
    pub fn add_pending(&self, page: &Pending) -> Result<Option<PageId>> {
        let is_added = self.insert_pending(page, None)?;
        Ok(is_added.then(|| PageId(self.connection.last_insert_rowid())))
    }

    /// The same, under the number that it had, which is its place among the others.
    pub(super) fn put_pending(&self, page: &Pending) -> Result<()> {
        self.insert_pending(page, Some(page.id.0)).map(drop)
    }

    fn insert_pending(&self, page: &Pending, id: Option<i64>) -> Result<bool> {
        let insert = format!(
            "INSERT OR IGNORE INTO pending ({COLUMNS})
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"
        );
        let added = self.connection.prepare_cached(&insert)?.execute(params![
            id,
            page.key.as_str(),
            page.url.as_str(),
            page.feed_id,
            to_json(&page.entry)?,
            page.first_seen_at.as_millisecond(),
            page.not_before.as_millisecond(),
            page.attempts,
            page.revisit,
            page.tried_since.map(Timestamp::as_millisecond)
        ])?;
        Ok(added > 0)
    }

    pub fn pending(&self, id: PageId) -> Result<Option<Pending>> {
        self.connection
            .prepare_cached(&format!("SELECT {COLUMNS} FROM pending WHERE id = ?1"))?
            .query_row([id.0], read)
            .optional()?
            .map(Row::pending)
            .transpose()
    }

    /// The page that waits at an address.
    pub fn pending_at(&self, key: &UrlKey) -> Result<Option<Pending>> {
        self.connection
            .prepare_cached(&format!("SELECT {COLUMNS} FROM pending WHERE key = ?1"))?
            .query_row([key.as_str()], read)
            .optional()?
            .map(Row::pending)
            .transpose()
    }

    /// The feed says something else of a page that waits.
    pub fn put_entry(&self, id: PageId, entry: &Entry) -> Result<()> {
        self.connection
            .prepare_cached("UPDATE pending SET entry = ?2 WHERE id = ?1")?
            .execute(params![id.0, to_json(entry)?])?;
        Ok(())
    }

    /// A page that was just read is to be read once more, at `not_before`.
    pub fn read_again(&self, id: PageId, not_before: Timestamp) -> Result<()> {
        self.connection
            .prepare_cached(
                "UPDATE pending SET attempts = 0, tried_since = NULL, trouble = NULL,
                     revisit = TRUE, not_before = ?2 WHERE id = ?1",
            )?
            .execute(params![id.0, not_before.as_millisecond()])?;
        Ok(())
    }

    /// Tries a page again at `not_before`, having tried it `attempts` times, with `error` at `now`.
    pub fn postpone(
        &self,
        id: PageId,
        attempts: u32,
        not_before: Timestamp,
        error: &str,
        now: Timestamp,
    ) -> Result<()> {
        self.connection
            .prepare_cached(
                "UPDATE pending SET attempts = ?2, not_before = ?3,
                     tried_since = coalesce(tried_since, ?6), trouble = json_object(
                     'tries', coalesce(json_extract(trouble, '$.tries'), 0) + 1,
                     'error', ?4, 'at', ?5)
                 WHERE id = ?1",
            )?
            .execute(params![
                id.0,
                attempts,
                not_before.as_millisecond(),
                error,
                now.to_string(),
                now.as_millisecond()
            ])?;
        Ok(())
    }

    /// Why a page that waits was not read yet; `None` where it was not asked for, or an earlier
    /// version did.
    pub fn trouble(&self, id: PageId) -> Result<Option<Trouble>> {
        let select = self.connection.prepare_cached("SELECT trouble FROM pending WHERE id = ?1");
        let Ok(mut select) = select else { return Ok(None) };
        let text: Option<Option<String>> = select.query_row([id.0], |row| row.get(0)).optional()?;
        text.flatten().map(|text| from_json(&text)).transpose()
    }

    /// Whether it was on the waiting list.
    pub fn remove_pending(&self, key: &UrlKey) -> Result<bool> {
        let mut statement = self.connection.prepare_cached("DELETE FROM pending WHERE key = ?1")?;
        Ok(statement.execute([key.as_str()])? > 0)
    }

    /// The same, unless it waits to be read once more.
    pub fn remove_announced(&self, key: &UrlKey) -> Result<bool> {
        let delete = "DELETE FROM pending WHERE key = ?1 AND NOT revisit";
        Ok(self.connection.prepare_cached(delete)?.execute([key.as_str()])? > 0)
    }

    /// All that waits: number, feed, host and time, in the order in which it came.
    pub fn waiting(&self) -> Result<Vec<(PageId, String, Host, Timestamp)>> {
        let mut statement =
            self.connection.prepare("SELECT id, feed, url, not_before FROM pending ORDER BY id")?;
        let rows = statement.query_map([], |row| {
            let (id, not_before): (i64, i64) = (row.get(0)?, row.get(3)?);
            Ok((id, row.get(1)?, row.get::<_, String>(2)?, not_before))
        })?;
        let mut waiting = Vec::new();
        for row in rows {
            let (id, feed, url, not_before) = row?;
            let url = Url::parse(&url).map_err(|error| StateError::Value(error.to_string()))?;
            waiting.push((PageId(id), feed, Host::of(&url), time(not_before)));
        }
        Ok(waiting)
    }

    /// How many pages of a feed wait, counted up to `most`.
    pub fn waiting_of(&self, feed: &str, most: u32) -> Result<u32> {
        Ok(self
            .connection
            .prepare_cached(
                "SELECT count(*) FROM (SELECT 1 FROM pending WHERE feed = ?1 LIMIT ?2)",
            )?
            .query_row(params![feed, most], |row| row.get(0))?)
    }

    /// Pages that wait, by feed.
    pub fn waiting_by_feed(&self) -> Result<std::collections::BTreeMap<String, u32>> {
        let mut statement =
            self.connection.prepare("SELECT feed, count(*) FROM pending GROUP BY feed")?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    pub fn robots(&self, host: &Host) -> Result<Option<Robots>> {
        let text: Option<String> = self
            .connection
            .prepare_cached("SELECT rules FROM robots WHERE host = ?1")?
            .query_row([host.as_str()], |row| row.get(0))
            .optional()?;
        text.map(|text| from_json(&text)).transpose()
    }

    pub fn put_robots(&self, host: &Host, robots: &Robots) -> Result<()> {
        self.connection
            .prepare_cached("INSERT OR REPLACE INTO robots VALUES (?1, ?2)")?
            .execute(params![host.as_str(), to_json(robots)?])?;
        Ok(())
    }

    /// Forgets holds that are over at `now`, and the robots.txt of hosts that nobody has asked for
    /// since theirs expired: it would only tell what to keep to while the host cannot be reached.
    pub fn forget_hosts(&self, now: Timestamp) -> Result<()> {
        self.connection
            .prepare_cached("DELETE FROM hold WHERE until <= ?1")?
            .execute([now.as_millisecond()])?;
        self.forget_standings(now)?;
        let before = now.checked_sub(ROBOTS_KEPT).unwrap_or(Timestamp::MIN);
        self.connection
            .prepare_cached("DELETE FROM robots WHERE json_extract(rules, '$.expires') < ?1")?
            .execute([before.to_string()])?;
        Ok(())
    }

    /// The clock was set back by so much: pages and holds wait as long as they would have.
    pub fn set_back(&self, by: SignedDuration) -> Result<()> {
        let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        for update in [
            "UPDATE pending SET not_before = not_before - ?1, tried_since = tried_since - ?1",
            "UPDATE hold SET until = until - ?1",
        ] {
            self.connection.execute(update, [by])?;
        }
        self.set_back_standings(SignedDuration::from_millis(by))
    }

    /// Nothing is to be asked of a host before `until`. A hold that ends later stays.
    pub fn put_hold(&self, host: &Host, until: Timestamp) -> Result<()> {
        self.connection
            .prepare_cached(
                "INSERT INTO hold VALUES (?1, ?2)
                 ON CONFLICT (host) DO UPDATE SET until = max(until, excluded.until)",
            )?
            .execute(params![host.as_str(), until.as_millisecond()])?;
        Ok(())
    }

    /// The hosts that are held after `now`.
    pub fn holds(&self, now: Timestamp) -> Result<Vec<(Host, Timestamp)>> {
        let mut statement = self
            .connection
            .prepare("SELECT host, until FROM hold WHERE until > ?1 ORDER BY host")?;
        let mut rows = statement.query([now.as_millisecond()])?;
        let mut holds = Vec::new();
        while let Some(row) = rows.next()? {
            holds.push(read_hold(row)?);
        }
        Ok(holds)
    }
}
