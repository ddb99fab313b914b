//! Who answers: what tells a dead site from a dead line, and a refused page from a refused crawler.

use jiff::{SignedDuration, Timestamp};

use super::hosts::HostQueue;
use crate::{
    canonical_url::Host,
    politeness::{backoff, earlier},
};

/// What a host had to say to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    Answer,
    /// An answer, and a page.
    Page,
    /// An answer, that a page is refused or not there.
    Refusal,
    /// It has no name, takes no connection or gives no answer.
    Nothing,
}

/// The pause after a second request without an answer, doubled with each further one …
const FIRST_PAUSE: SignedDuration = SignedDuration::from_mins(1);
/// … up to this: however much waits for a host that is down, one request after another looks
/// whether it is back.
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_mins(10);
/// A host that has given only refusals for so long …
const BARRED_AFTER: SignedDuration = SignedDuration::from_hours(24);
/// … and so many, of three pages or more, refuses us, and not a page.
const BARRED_BY: u32 = 12;
/// Two hosts and no others that give no answer for longer than this are two dead hosts.
const LONGEST_OUTAGE: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Since the last answer of any host.
#[derive(Debug, Default)]
pub(super) struct Silence(Option<Silent>);

#[derive(Debug)]
struct Silent {
    since: Timestamp,
    /// The host that was the first to give no answer.
    first: Host,
    /// Another one gave none either.
    is_wide: bool,
}

impl Silence {
    pub(super) fn note(&mut self, host: &Host, heard: Heard, now: Timestamp) {
        match (&mut self.0, heard) {
            (Some(silent), Heard::Nothing) => silent.is_wide |= silent.first != *host,
            (None, Heard::Nothing) => {
                self.0 = Some(Silent { since: now, first: host.clone(), is_wide: false });
            }
            (_, Heard::Answer | Heard::Page | Heard::Refusal) => self.0 = None,
        }
    }

    /// Several hosts were asked since the last answer: the fault is not theirs.
    pub(super) fn is_wide(&self, now: Timestamp) -> bool {
        let is_outage =
            |silent: &Silent| silent.is_wide && now.duration_since(silent.since) < LONGEST_OUTAGE;
        self.0.as_ref().is_some_and(is_outage)
    }

    pub(super) fn set_back(&mut self, by: SignedDuration) {
        if let Some(silent) = &mut self.0 {
            silent.since = earlier(silent.since, by);
        }
    }
}

impl HostQueue {
    pub(super) fn note(&mut self, heard: Heard, now: Timestamp) {
        match heard {
            Heard::Nothing => {
                self.unanswered = self.unanswered.saturating_add(1);
                if self.unanswered > 1 {
                    let turn = (self.unanswered - 1).min(5);
                    let pause = backoff::delay(FIRST_PAUSE, turn, self.name.as_str());
                    let until = now.checked_add(pause.min(LONGEST_PAUSE));
                    self.pace.hold(until.unwrap_or(Timestamp::MAX));
                }
                return;
            }
            Heard::Page => self.refused = None,
            Heard::Refusal => {
                let (_, times) = self.refused.get_or_insert((now, 0));
                *times = times.saturating_add(1);
            }
            Heard::Answer => {}
        }
        self.unanswered = 0;
    }

    pub(super) fn is_barred(&self, now: Timestamp) -> bool {
        self.refused.is_some_and(|(since, times)| {
            times >= BARRED_BY && now.duration_since(since) >= BARRED_AFTER
        })
    }
}
