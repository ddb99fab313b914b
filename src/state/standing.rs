//! Hosts that did not answer when they were last asked, or refuse their pages.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use rusqlite::params;
use serde::Serialize;

use super::{Result, State, from_json, to_json};
use crate::{
    canonical_url::Host,
    schedule::{Standing, Vain},
};

/// Before the name of the host in the name of a note.
const HOST: &str = "host ";

/// A host that pages wait for, and that gives no answer, or none of them.
#[derive(Debug, Serialize)]
pub struct Troubled {
    pub host: Host,
    /// `silent` or `refusing`.
    pub trouble: Vain,
    pub since: Timestamp,
    pub asked_again_at: Timestamp,
    pub waiting_pages: u32,
}

impl State {
    /// What stands against a host from now on.
    pub fn put_standing(&self, host: &Host, standing: &Standing) -> Result<()> {
        let name = format!("{HOST}{}", host.as_str());
        if *standing != Standing::default() {
            return self.put_note(&name, standing);
        }
        self.connection.prepare_cached("DELETE FROM meta WHERE name = ?1")?.execute([name])?;
        Ok(())
    }

    /// What stands against hosts, by their names. What another version has written says nothing.
    pub fn standings(&self) -> Result<Vec<(Host, Standing)>> {
        // What follows a space is an exclamation mark.
        let mut statement = self
            .connection
            .prepare_cached("SELECT name, value FROM meta WHERE name > ?1 AND name < 'host!'")?;
        let rows = statement.query_map(params![HOST], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
        })?;
        let mut standings = Vec::new();
        for row in rows {
            let (name, text) = row?;
            let host = from_json(&to_json(&name.trim_start_matches(HOST))?);
            if let (Ok(host), Ok(standing)) = (host, from_json(&text)) {
                standings.push((host, standing));
            }
        }
        Ok(standings)
    }

    /// The hosts that pages wait for in vain, by their names.
    pub fn troubled(&self) -> Result<Vec<Troubled>> {
        let mut waiting: BTreeMap<Host, u32> = BTreeMap::new();
        for (_, _, host, _) in self.waiting()? {
            *waiting.entry(host).or_default() += 1;
        }
        let troubled = |(host, standing): (Host, Standing)| {
            let (trouble, since, asked_again_at) = standing.told()?;
            let waiting_pages = waiting.get(&host).copied()?;
            Some(Troubled { host, trouble, since, asked_again_at, waiting_pages })
        };
        Ok(self.standings()?.into_iter().filter_map(troubled).collect())
    }

    pub(super) fn forget_standings(&self, now: Timestamp) -> Result<()> {
        for (host, standing) in self.standings()? {
            if standing.is_over(now) {
                self.put_standing(&host, &Standing::default())?;
            }
        }
        Ok(())
    }

    pub(super) fn set_back_standings(&self, by: SignedDuration) -> Result<()> {
        for (host, mut standing) in self.standings()? {
            standing.set_back(by);
            self.put_standing(&host, &standing)?;
        }
        Ok(())
    }
}
