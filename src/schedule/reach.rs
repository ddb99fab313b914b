//! Who answers: what tells a dead site from a dead line, and a refused page from a refused crawler.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    frontier::PageId,
    hosts::HostQueue,
    retry::{PATIENCE, REFUSED_FOR},
};
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
    /// An answer, that this page is refused. One that is not there is none: that says nothing of us.
    Refusal(PageId),
    /// An answer, that the server cannot give this page now.
    Failure(PageId),
    /// It has no name, takes no connection or gives no answer.
    Nothing,
}

/// Why the pages of a host are asked for in vain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Vain {
    Silent,
    Refusing,
}

/// The pause after a request that is refused or has no answer, doubled with each further one …
const FIRST_PAUSE: SignedDuration = SignedDuration::from_mins(1);
/// … up to this where there is no answer: however much waits for a host that is down, one request
/// after another looks whether it is back …
const LONGEST_SILENCE: SignedDuration = SignedDuration::from_mins(10);
/// … and up to this where pages are refused: whoever asks on and on is banned.
const LONGEST_REFUSAL: SignedDuration = SignedDuration::from_hours(3);
/// One page that is refused, or two, may be at fault themselves.
const BARRED_PAGES: usize = 3;
/// What was heard of a host counts for so long after it was to be asked again: where it was not asked,
/// we were down ourselves.
const NEWS: SignedDuration = SignedDuration::from_hours(2);
/// Between two answers of others a host was asked in vain for so long at the most: in a longer time
/// our own line may have been down, or we.
const SURELY_ASKED: SignedDuration = SignedDuration::from_hours(6);
/// An outage that lasts longer than this is told of as what it is for each feed.
const LONGEST_OUTAGE: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How long it is remembered that a host did not answer, or refused, that was not asked since.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(7 * 24);

/// What stands against a host; most often nothing, and that takes little room. Outlasts restarts.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Standing {
    /// Since its last answer.
    pub(super) silent: Option<Box<Silent>>,
    /// Since it last gave a page.
    pub(super) refusing: Option<Box<Refusing>>,
}

/// A host that gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Silent {
    since: Timestamp,
    /// Requests in a row.
    times: u32,
    /// For how long it was asked in vain while others answered …
    in_vain: SignedDuration,
    /// … as far as it was reckoned.
    reckoned_to: Timestamp,
    /// Nothing is asked of it before.
    until: Timestamp,
}

/// A host that refuses pages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Refusing {
    since: Timestamp,
    /// Refusals in a row, from the one on that made it [`BARRED_PAGES`] pages.
    times: u32,
    /// The first of these pages, no more of them than count.
    pages: BTreeSet<PageId>,
    /// No page is asked for before.
    until: Timestamp,
    /// Its last word was that it fails: that passes, as silence does.
    is_failing: bool,
}

impl Standing {
    /// What stands against `host` after it was heard at `now`; some host last answered at
    /// `answered_at`.
    #[must_use]
    pub(super) fn after(
        &self,
        heard: Heard,
        host: &Host,
        answered_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Self {
        let refusing = self.refusing.clone();
        match heard {
            Heard::Answer => Self { silent: None, refusing },
            Heard::Page => Self::default(),
            Heard::Refusal(page) | Heard::Failure(page) => {
                let mut refusing = Refusing::after(refusing.map(|it| *it), page, host, now);
                refusing.is_failing = matches!(heard, Heard::Failure(_));
                Self { silent: None, refusing: Some(refusing.into()) }
            }
            Heard::Nothing => {
                let silent = self.silent.as_deref().cloned();
                let silent = Silent::after(silent, host, answered_at, now);
                Self { silent: Some(silent.into()), refusing }
            }
        }
    }

    /// Why a page that has been due `since` is given up without asking for it, if it is.
    pub(super) fn vain(&self, since: Timestamp, now: Timestamp) -> Option<Vain> {
        let is_news = |until: Timestamp| now.duration_since(until) <= NEWS;
        let waited = now.duration_since(since);
        let is_lost = |silent: &Silent| silent.in_vain >= PATIENCE && is_news(silent.until);
        let is_barred = |refusing: &Refusing| {
            let patience = if refusing.is_failing { PATIENCE } else { REFUSED_FOR };
            refusing.is_barring()
                && now.duration_since(refusing.since).min(waited) >= patience
                && is_news(refusing.until)
        };
        match self {
            Self { silent: Some(silent), .. } if waited >= PATIENCE && is_lost(silent) => {
                Some(Vain::Silent)
            }
            Self { silent: None, refusing: Some(refusing) } if is_barred(refusing) => {
                Some(Vain::Refusing)
            }
            _ => None,
        }
    }

    /// What is worth telling of it: since when it is so, and when the host is asked again. One request
    /// without an answer is an accident, and a page that is refused may be at fault itself.
    pub fn told(&self) -> Option<(Vain, Timestamp, Timestamp)> {
        let silent = self.silent.as_ref().filter(|silent| silent.times > 1);
        let refusing = self.refusing.as_ref().filter(|refusing| refusing.is_barring());
        let silent = silent.map(|it| (Vain::Silent, it.since, it.until));
        silent.or_else(|| refusing.map(|it| (Vain::Refusing, it.since, it.until)))
    }

    /// Nothing of it counts any more.
    pub fn is_over(&self, now: Timestamp) -> bool {
        let of_silence = self.silent.as_ref().map(|silent| silent.until);
        let of_refusals = self.refusing.as_ref().map(|refusing| refusing.until);
        of_silence.max(of_refusals).is_none_or(|until| now.duration_since(until) > REMEMBERED)
    }

    /// The clock was set back by so much.
    pub(crate) fn set_back(&mut self, by: SignedDuration) {
        if let Some(silent) = &mut self.silent {
            for at in [&mut silent.since, &mut silent.reckoned_to, &mut silent.until] {
                *at = earlier(*at, by);
            }
        }
        if let Some(refusing) = &mut self.refusing {
            for at in [&mut refusing.since, &mut refusing.until] {
                *at = earlier(*at, by);
            }
        }
    }
}

impl Silent {
    fn after(
        before: Option<Self>,
        host: &Host,
        answered_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Self {
        let Some(mut silent) = before else {
            let in_vain = SignedDuration::ZERO;
            return Self { since: now, times: 1, in_vain, reckoned_to: now, until: now };
        };
        if let Some(at) = answered_at.filter(|at| *at > silent.reckoned_to) {
            silent.in_vain += at.duration_since(silent.reckoned_to).min(SURELY_ASKED);
            silent.reckoned_to = at;
        }
        silent.until = pause(silent.times, LONGEST_SILENCE, host, now);
        silent.times = silent.times.saturating_add(1);
        silent
    }
}

impl Refusing {
    fn after(before: Option<Self>, page: PageId, host: &Host, now: Timestamp) -> Self {
        let mut refusing = before.unwrap_or_else(|| Self {
            since: now,
            times: 0,
            pages: BTreeSet::new(),
            until: now,
            is_failing: false,
        });
        if !refusing.is_barring() {
            refusing.pages.insert(page);
        }
        refusing.until = now;
        if refusing.is_barring() {
            refusing.times = refusing.times.saturating_add(1);
            refusing.until = pause(refusing.times, LONGEST_REFUSAL, host, now);
        }
        refusing
    }

    /// It refuses us, and not a page.
    fn is_barring(&self) -> bool {
        self.pages.len() >= BARRED_PAGES
    }
}

/// Until when a host is left alone the `turn`th time.
fn pause(turn: u32, longest: SignedDuration, host: &Host, now: Timestamp) -> Timestamp {
    let pause = backoff::delay(FIRST_PAUSE, turn.min(backoff::LASTING), host.as_str());
    now.checked_add(pause.min(longest)).unwrap_or(Timestamp::MAX)
}

/// Since the last answer of any host.
#[derive(Debug, Default)]
pub(super) struct Silence {
    /// When that was, in this run.
    pub(super) answered_at: Option<Timestamp>,
    fallen: Option<Fallen>,
}

/// Hosts that answered when they were last asked before, and do so no more.
#[derive(Debug)]
struct Fallen {
    since: Timestamp,
    first: Host,
    /// There is another one.
    is_wide: bool,
}

impl Silence {
    /// A host gave no answer that had answered before. One that is known to be dead tells nothing.
    pub(super) fn fall(&mut self, host: &Host, now: Timestamp) {
        match &mut self.fallen {
            Some(fallen) => fallen.is_wide |= fallen.first != *host,
            None => {
                self.fallen = Some(Fallen { since: now, first: host.clone(), is_wide: false });
            }
        }
    }

    pub(super) fn end(&mut self, now: Timestamp) {
        *self = Self { answered_at: Some(now), fallen: None };
    }

    /// Several hosts fell silent since the last answer: the fault is not theirs.
    pub(super) fn is_wide(&self, now: Timestamp) -> bool {
        let is_outage =
            |fallen: &Fallen| fallen.is_wide && now.duration_since(fallen.since) < LONGEST_OUTAGE;
        self.fallen.as_ref().is_some_and(is_outage)
    }

    pub(super) fn set_back(&mut self, by: SignedDuration) {
        self.answered_at = self.answered_at.map(|at| earlier(at, by));
        if let Some(fallen) = &mut self.fallen {
            fallen.since = earlier(fallen.since, by);
        }
    }
}

impl HostQueue {
    /// When the next page may be asked for, as far as refusals go.
    pub(super) fn pages_from(&self) -> Timestamp {
        self.standing.refusing.as_ref().map_or(Timestamp::MIN, |refusing| refusing.until)
    }

    pub(super) fn set_standing(&mut self, standing: Standing) {
        if let Some(silent) = &standing.silent {
            self.pace.hold(silent.until);
        }
        self.standing = standing;
    }
}
