//! Hosts that did not answer when they were last asked, or refuse their pages.

use jiff::{SignedDuration, Timestamp};
use rusqlite::params;

use super::{Result, State, from_json, to_json};
use crate::{canonical_url::Host, schedule::Standing};

/// Before the name of the host in the name of a note.
const HOST: &str = "host ";

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
