//! When a page that could not be had is asked for again, and when it is given up.

use jiff::{SignedDuration, Timestamp};

use crate::politeness::backoff;

/// The pause before a page is tried again whose host failed, doubled with each failure.
pub const FIRST_RETRY: SignedDuration = SignedDuration::from_mins(1);
/// How long it is waited for a host that gives no answer to anything, while others do: over a weekend.
pub const PATIENCE: SignedDuration = SignedDuration::from_hours(72);
/// The longest pause meanwhile.
const LOOK: SignedDuration = SignedDuration::from_hours(1);
/// A page that is refused or not there is asked for at least so often …
const REFUSALS: u32 = 3;
/// … and until so long after it was first, …
pub const REFUSED_FOR: SignedDuration = SignedDuration::from_hours(4);
/// … with pauses from so long …
const FIRST_REFUSED: SignedDuration = SignedDuration::from_mins(15);
/// … to so long.
const LAST_REFUSED: SignedDuration = SignedDuration::from_hours(3);

/// Why a page could not be had, where another time it might.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// The host failed, or broke off.
    Failed,
    /// The page is not there, or is refused: a cache may be behind its feed, a filter overzealous.
    Refused,
    /// The host has no name or takes no connection: that is nothing of this page.
    Unreachable,
    /// No answer in time.
    NoAnswer,
}

/// How a page and its host stand when the page is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chances {
    /// How often it was tried in vain, and may be at the most.
    pub attempts: u32,
    pub most: u32,
    /// When it was first tried in vain; `None` at its first try. What comes before is no fault of its
    /// host's: a page waits for its turn, and to be looked at again.
    pub tried_since: Option<Timestamp>,
    /// The last request to its host had no answer either.
    pub is_silent: bool,
}

/// A page is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Again {
    /// How often it was tried in vain. What cannot be the page's fault is not counted.
    pub attempts: u32,
    pub wait: SignedDuration,
}

impl Chances {
    /// What follows from a failure at `now`: `None` where the page is given up. `name` seeds the
    /// jitter.
    pub fn after(&self, trouble: Trouble, name: &str, now: Timestamp) -> Option<Again> {
        let since = self.tried_since.unwrap_or(now);
        let age = now.duration_since(since).max(SignedDuration::ZERO);
        let attempts = self.attempts.saturating_add(1);
        let is_hosts = match trouble {
            Trouble::Unreachable => true,
            Trouble::NoAnswer => self.is_silent,
            Trouble::Failed | Trouble::Refused => false,
        };
        // Of a host that stays silent the page is given up without asking, by what others answer.
        if is_hosts && (self.is_silent || age < PATIENCE) {
            return Some(Again { attempts: self.attempts, wait: age.clamp(FIRST_RETRY, LOOK) });
        }
        if attempts >= self.most {
            return None;
        }
        if trouble != Trouble::Refused {
            return Some(Again { attempts, wait: backoff::delay(FIRST_RETRY, attempts, name) });
        }
        let is_final = attempts >= REFUSALS && age >= REFUSED_FOR;
        // A quarter of an hour, an hour and four hours after the first try.
        let wait = age.saturating_mul(3).clamp(FIRST_REFUSED, LAST_REFUSED);
        (!is_final).then_some(Again { attempts, wait })
    }
}
