//! Hosts that an operator has paused.

use super::{Result, State};
use crate::canonical_url::Host;

pub(super) const PAUSED: &str = "paused-hosts";

impl State {
    /// In their order by name.
    pub fn paused(&self) -> Result<Vec<Host>> {
        Ok(self.note(PAUSED)?.unwrap_or_default())
    }

    pub fn pause(&self, host: &Host) -> Result<()> {
        let mut paused = self.paused()?;
        if let Err(place) = paused.binary_search(host) {
            paused.insert(place, host.clone());
            self.put_note(PAUSED, &paused)?;
        }
        Ok(())
    }

    /// Whether the host was paused.
    pub fn resume(&self, host: &Host) -> Result<bool> {
        let mut paused = self.paused()?;
        let Ok(place) = paused.binary_search(host) else { return Ok(false) };
        paused.remove(place);
        self.put_note(PAUSED, &paused)?;
        Ok(true)
    }
}
