//! Pages that wait to be fetched, and the robots.txt of their hosts.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};
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
             tried_since INTEGER
         );
         CREATE TABLE robots (host TEXT PRIMARY KEY, rules TEXT NOT NULL) WITHOUT ROWID;
         CREATE TABLE hold (host TEXT PRIMARY KEY, until INTEGER NOT NULL) WITHOUT ROWID;",
    )?)
}

/// Adds what a table that an earlier version made lacks.
pub(super) fn complete(connection: &Connection) -> Result<()> {
    let has_it = "SELECT count(*) > 0 FROM pragma_table_info('pending') WHERE name = 'tried_since'";
    if !connection.query_row(has_it, [], |row| row.get::<_, bool>(0))? {
        connection.execute_batch("ALTER TABLE pending ADD COLUMN tried_since INTEGER")?;
    }
    Ok(connection.execute_batch("CREATE INDEX IF NOT EXISTS pending_feed ON pending (feed)")?)
}

/// Those of every version: what is taken over from an earlier index.
pub(super) const COLUMNS: &str =
    "id, key, url, feed, entry, first_seen_at, not_before, attempts, revisit";

struct Row {
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

impl Row {
    fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
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

    fn pending(self) -> Result<Pending> {
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
        let added = self
            .connection
            .prepare_cached(
                "INSERT OR IGNORE INTO pending
                     (key, url, feed, entry, first_seen_at, not_before, attempts, revisit,
                      tried_since)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )?
            .execute(params![
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
        Ok((added > 0).then(|| PageId(self.connection.last_insert_rowid())))
    }

    pub fn pending(&self, id: PageId) -> Result<Option<Pending>> {
        self.connection
            .prepare_cached(&format!("SELECT {COLUMNS}, tried_since FROM pending WHERE id = ?1"))?
            .query_row([id.0], Row::read)
            .optional()?
            .map(Row::pending)
            .transpose()
    }

    /// The page that waits at an address.
    pub fn pending_at(&self, key: &UrlKey) -> Result<Option<Pending>> {
        self.connection
            .prepare_cached(&format!("SELECT {COLUMNS}, tried_since FROM pending WHERE key = ?1"))?
            .query_row([key.as_str()], Row::read)
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
                "UPDATE pending SET attempts = 0, tried_since = NULL, revisit = TRUE,
                     not_before = ?2 WHERE id = ?1",
            )?
            .execute(params![id.0, not_before.as_millisecond()])?;
        Ok(())
    }

    /// Tries a page again at `not_before`, having tried it in vain at `now`, and `attempts` times.
    pub fn postpone(
        &self,
        id: PageId,
        attempts: u32,
        now: Timestamp,
        not_before: Timestamp,
    ) -> Result<()> {
        self.connection
            .prepare_cached(
                "UPDATE pending SET attempts = ?2, not_before = ?3,
                     tried_since = coalesce(tried_since, ?4) WHERE id = ?1",
            )?
            .execute(params![id.0, attempts, not_before.as_millisecond(), now.as_millisecond()])?;
        Ok(())
    }

    /// Whether it was on the waiting list.
    pub fn remove_pending(&self, key: &UrlKey) -> Result<bool> {
        let mut statement = self.connection.prepare_cached("DELETE FROM pending WHERE key = ?1")?;
        Ok(statement.execute([key.as_str()])? > 0)
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
        let rows = statement
            .query_map([now.as_millisecond()], |row| Ok((row.get::<_, String>(0)?, row.get(1)?)))?;
        let mut holds = Vec::new();
        for row in rows {
            let (host, until) = row?;
            holds.push((from_json(&to_json(&host)?)?, time(until)));
        }
        Ok(holds)
    }
}
