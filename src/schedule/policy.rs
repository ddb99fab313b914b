//! When to ask a feed again, and how: a state, what came of a poll and `now` in, the next state out.

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};
use url::Url;

use super::parts::Part;
use crate::{fetch::Validators, politeness::backoff};

/// How often one feed may and should be asked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cadence {
    /// Where the adaptive interval starts and what it returns to when there is news.
    pub interval: SignedDuration,
    pub floor: SignedDuration,
    /// The floor where the server offers neither `ETag` nor `Last-Modified`.
    pub floor_without_validators: SignedDuration,
    pub ceiling: SignedDuration,
    /// Share of the interval by which polls are moved, 0 to 0.5, so that feeds do not beat in step.
    pub jitter: f64,
}

impl Default for Cadence {
    fn default() -> Self {
        Self {
            interval: SignedDuration::from_mins(30),
            floor: SignedDuration::from_mins(15),
            floor_without_validators: SignedDuration::from_mins(60),
            ceiling: SignedDuration::from_hours(24),
            jitter: 0.1,
        }
    }
}

/// After so long with nothing but 304s the feed is asked once without validators.
const TRUST: SignedDuration = SignedDuration::from_hours(8 * 24);
/// The same for a server whose 304 was once found to be false.
const DISTRUST: SignedDuration = SignedDuration::from_hours(24);
/// What a server says for good, that a feed has moved (301, 308) or is gone (410), is believed after
/// this many equal answers …
const BELIEVED_ANSWERS: u32 = 3;
/// … over at least this time.
const BELIEVED_OVER: SignedDuration = SignedDuration::from_hours(24);
/// After so many failures in a row where a feed has moved to, the configured address is asked too.
const DOUBTED: u32 = 3;

/// Why a feed is asked next at the time it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// Never asked before: first polls are spread over the interval.
    #[default]
    First,
    /// The interval learned from how much of each answer was new.
    Habit,
    /// The server's `max-age` or `Expires`.
    Freshness,
    /// The feed's own `ttl` or update period.
    Ttl,
    Floor,
    Ceiling,
    /// The feed's `skipHours` or `skipDays`.
    SkipHours,
    /// The server's `Retry-After`, or its 429 or 503 without one.
    RetryAfter,
    /// The last polls failed.
    Backoff,
    /// Nothing anywhere answered, which is no failure of the feed.
    Offline,
    /// The server says that the feed is gone (410): it is asked no more.
    Gone,
    /// Another feed that leads to the same address was asked a short while ago.
    Beside,
}

impl Why {
    pub fn words(self) -> &'static str {
        match self {
            Self::First => "first poll, spread over the interval",
            Self::Habit => "learned from how much of each answer is new",
            Self::Freshness => "the server's max-age or Expires",
            Self::Ttl => "the feed's ttl or update period",
            Self::Floor => "not more often than the floor",
            Self::Ceiling => "not more seldom than the ceiling",
            Self::SkipHours => "the feed's skipHours or skipDays",
            Self::RetryAfter => "the server asked to wait",
            Self::Backoff => "backing off after failures",
            Self::Offline => "no host answered: asked again as before",
            Self::Gone => "gone (410): no longer asked",
            Self::Beside => "not sooner after another feed of the same address than the floor",
        }
    }
}

/// A permanent redirect that is being watched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moving {
    pub to: Url,
    pub answers: u32,
    pub since: Timestamp,
}

/// Answers in a row that say that a feed is gone (410).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Going {
    pub answers: u32,
    pub since: Timestamp,
}

/// What is remembered of one feed.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "each says something else of the feed")]
pub struct FeedState {
    /// Hash of the configured address that all this is of.
    pub configured_hash: u64,
    /// When to ask next; `None` before the first poll was placed and when the feed is gone.
    pub next_at: Option<Timestamp>,
    pub why: Why,
    /// The adaptive interval in seconds; 0 before the first answer.
    pub habit_s: u32,
    pub validators: Validators,
    /// The address the validators came from: they are sent to no other.
    pub validators_of: Option<Box<str>>,
    /// First of the 304s since the last 200.
    pub unchanged_since: Option<Timestamp>,
    /// A 304 of this server was found to be false.
    pub distrusted: bool,
    /// How many seconds the feed itself asks to wait between two polls …
    pub ttl_s: Option<u32>,
    /// … and at which hours and on which days of UTC it asks not to be polled (1 is Monday).
    pub skip_hours: Vec<u8>,
    pub skip_days: Vec<u8>,
    /// First half of the body's hash at the last 200, to tell a false 304.
    pub body_hash: u64,
    pub failures: u32,
    /// What went wrong last, in words; kept until the next success.
    pub last_error: Option<Box<str>>,
    pub last_poll_at: Option<Timestamp>,
    pub last_success_at: Option<Timestamp>,
    /// When an entry that was not known was last seen.
    pub last_new_at: Option<Timestamp>,
    pub first_success_at: Option<Timestamp>,
    /// Entries that were new, since the first success.
    pub new_entries: u32,
    pub moving: Option<Box<Moving>>,
    /// Where the feed lives now, once the redirect was believed.
    pub moved_to: Option<Box<Url>>,
    pub going: Option<Box<Going>>,
    /// Where the last answer with the feed came from, if not from the configured address.
    pub leads_to: Option<Box<Url>>,
    /// The feed that is read there anyway.
    pub same_as: Option<Box<str>>,
    /// The server's word for it was believed: it is asked no more.
    pub gone: bool,
    pub status: Option<u16>,
    /// How many seconds later than it was due the last poll could begin, other requests to its host
    /// standing before it; 0 where it was on time.
    pub late_s: u32,
    /// Which reader made sense of the last answer.
    pub read_by: Option<Box<str>>,
    /// What was wrong with the last answer that could be read all the same, in words.
    pub flaws: Option<Box<str>>,
    /// The log has said that the feed is faulty: it says so once.
    pub warned: bool,
    /// The last answer was too large to be read to its end; the log says so when that begins.
    pub is_cut: bool,
    /// There was no room for all that the last answer named; said when that begins.
    pub is_full: bool,
    /// The parts that are watched, where the feed is a sitemap index.
    pub parts: Vec<Part>,
    /// What the next of them is called.
    pub next_part: u32,
}

/// What came of asking a feed.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// 304.
    Unchanged {
        validators: Validators,
        freshness: Option<SignedDuration>,
    },
    /// A 200 that could be read.
    Read {
        validators: Validators,
        body_hash: u64,
        /// Entries in the answer, and how many of them were not known.
        entries: u32,
        new: u32,
        freshness: Option<SignedDuration>,
        /// `ttl` or update period.
        ttl: Option<SignedDuration>,
        skip_hours: Vec<u8>,
        skip_days: Vec<u8>,
    },
    /// 429, or 503 with Retry-After.
    Refused {
        error: String,
        retry_after: Option<SignedDuration>,
    },
    /// 410.
    Gone {
        error: String,
    },
    Failed {
        error: String,
    },
    /// It could not be reached, and nor can anything else.
    Offline {
        error: String,
    },
}

impl Outcome {
    /// Names the address that was asked, where it is not the configured one.
    pub fn note_asked(&mut self, address: &Url) {
        if let Self::Refused { error, .. }
        | Self::Gone { error }
        | Self::Failed { error }
        | Self::Offline { error } = self
        {
            *error = format!("{error} (asked: {address})");
        }
    }
}

impl FeedState {
    /// What is known of a feed with this configured address: nothing yet.
    pub fn new(configured: &Url) -> Self {
        Self { configured_hash: hash(configured), ..Self::default() }
    }

    /// Whether this is of a feed with this configured address.
    pub fn is_of(&self, configured: &Url) -> bool {
        self.configured_hash == hash(configured)
    }

    /// The address to ask, given the configured one. Where a feed has moved to may die, while the
    /// old address has the feed again: after some failures both are asked by turns.
    pub fn address<'a>(&'a self, configured: &'a Url) -> &'a Url {
        let is_doubted = self.failures >= DOUBTED && self.failures % 2 == 1;
        self.moved_to.as_deref().filter(|_| !is_doubted).unwrap_or(configured)
    }

    /// The validators to send to `address` at `now`: none where they came from another address, and
    /// none where a long row of 304s has to be checked.
    pub fn validators_for(&self, address: &Url, now: Timestamp) -> Validators {
        if self.validators_of.as_deref() == Some(address.as_str()) && !self.check_due(now) {
            self.validators.clone()
        } else {
            Validators::default()
        }
    }

    fn check_due(&self, now: Timestamp) -> bool {
        let trusted_for = if self.distrusted { DISTRUST } else { TRUST };
        self.unchanged_since.is_some_and(|since| now.duration_since(since) >= trusted_for)
    }

    /// Its host answered when it was last asked, outages of our own apart.
    pub fn was_answered(&self) -> bool {
        self.last_poll_at.is_some() && (self.status.is_some() || self.why == Why::Offline)
    }

    /// Places the first poll somewhere in the interval, by the feed's name.
    pub fn place_first(&mut self, name: &str, cadence: &Cadence, now: Timestamp) {
        if self.next_at.is_none() && !self.gone {
            let offset = cadence.interval.mul_f64(backoff::fraction(name, 0));
            self.next_at = Some(later(now, offset));
            self.why = Why::First;
        }
    }

    /// The state after a poll of `address` that ended with `outcome` at `now`. `name` seeds the
    /// jitter.
    #[must_use]
    pub fn after(
        mut self,
        outcome: &Outcome,
        address: &Url,
        name: &str,
        cadence: &Cadence,
        now: Timestamp,
    ) -> Self {
        self.follow_clock(now);
        self.last_poll_at = Some(now);
        self.gone = false;
        if !matches!(outcome, Outcome::Gone { .. } | Outcome::Offline { .. }) {
            self.going = None;
        }
        match outcome {
            Outcome::Unchanged { validators, freshness } => {
                if validators.etag.is_some() || validators.last_modified.is_some() {
                    self.validators = validators.clone();
                    self.validators_of = Some(address.as_str().into());
                }
                self.unchanged_since.get_or_insert(now);
                self.succeed(now);
                self.learn(0.0, cadence);
                self.place(*freshness, name, cadence, now);
            }
            Outcome::Read {
                validators,
                body_hash,
                entries,
                new,
                freshness,
                ttl,
                skip_hours,
                skip_days,
            } => {
                if self.check_due(now) && self.body_hash != *body_hash {
                    self.distrusted = true;
                }
                let first = self.first_success_at.is_none();
                self.unchanged_since = None;
                self.body_hash = *body_hash;
                self.validators = validators.clone();
                self.validators_of = Some(address.as_str().into());
                self.succeed(now);
                if *new > 0 {
                    self.last_new_at = Some(now);
                    if !first {
                        self.new_entries = self.new_entries.saturating_add(*new);
                    }
                }
                // All of a first answer is new: that says nothing about the pace of the feed.
                let share = if first || *entries == 0 {
                    0.0
                } else {
                    f64::from(*new) / f64::from(*entries)
                };
                if first {
                    self.habit_s = seconds(cadence.interval);
                } else {
                    self.learn(share, cadence);
                }
                self.ttl_s = ttl.map(seconds);
                self.skip_hours.clone_from(skip_hours);
                self.skip_days.clone_from(skip_days);
                self.place(*freshness, name, cadence, now);
            }
            Outcome::Refused { error, retry_after } => {
                self.fail(error);
                let backoff = backoff::delay(cadence.interval, self.failures, name);
                self.next_at = Some(later(now, backoff.max(retry_after.unwrap_or_default())));
                self.why = Why::RetryAfter;
            }
            Outcome::Gone { error } => {
                self.fail(error);
                let going =
                    self.going.get_or_insert_with(|| Going { answers: 0, since: now }.into());
                going.answers = going.answers.saturating_add(1);
                self.gone = is_believed(going.answers, going.since, now);
                if self.gone {
                    (self.next_at, self.why) = (None, Why::Gone);
                } else {
                    self.back_off(Why::Backoff, name, cadence, now);
                }
            }
            Outcome::Failed { error } => {
                self.fail(error);
                self.back_off(Why::Backoff, name, cadence, now);
            }
            Outcome::Offline { error } => {
                self.failures = self.failures.max(1);
                self.last_error = Some(error.as_str().into());
                self.back_off(Why::Offline, name, cadence, now);
            }
        }
        self
    }

    fn back_off(&mut self, why: Why, name: &str, cadence: &Cadence, now: Timestamp) {
        self.next_at = Some(later(now, backoff::delay(cadence.interval, self.failures, name)));
        self.why = why;
    }

    /// Takes note of an answer with the feed: which address was `asked`, and where it redirects for
    /// good (301 or 308), or that it does not. What the configured address says of itself outweighs
    /// where it once led to.
    pub fn note_way(&mut self, asked: &Url, to: Option<&Url>, now: Timestamp) {
        if let Some(moved_to) = self.moved_to.as_deref()
            && moved_to != asked
            && to != Some(moved_to)
        {
            self.moved_to = None;
        }
        self.note_permanent_redirect(to, now);
    }

    fn note_permanent_redirect(&mut self, to: Option<&Url>, now: Timestamp) {
        let Some(to) = to else {
            self.moving = None;
            return;
        };
        match &mut self.moving {
            Some(moving) if moving.to == *to => {
                moving.answers += 1;
                if is_believed(moving.answers, moving.since, now) {
                    self.moved_to = self.moving.take().map(|m| Box::new(m.to));
                }
            }
            _ => self.moving = Some(Box::new(Moving { to: to.clone(), answers: 1, since: now })),
        }
    }

    /// Takes note of how much later than due a poll began. What the pause between two polls swallows
    /// is not late: a tenth of it, and a minute at the least.
    pub fn note_lateness(&mut self, late: SignedDuration, cadence: &Cadence) {
        let usual = SignedDuration::from_secs(i64::from(self.habit_s)).max(cadence.interval);
        let tolerated = (usual / 10).max(SignedDuration::from_mins(1));
        self.late_s = if late > tolerated { seconds(late) } else { 0 };
    }

    /// New entries came by another way than the feed's own poll: from a part of it.
    pub fn note_new(&mut self, new: u32, cadence: &Cadence, now: Timestamp) {
        if new > 0 {
            self.last_new_at = Some(now);
            self.new_entries = self.new_entries.saturating_add(new);
            self.habit_s = self.habit_s.min(seconds(cadence.interval));
        }
    }

    /// Entries that were new per day, over the time the feed is known.
    pub fn entries_per_day(&self, now: Timestamp) -> Option<f64> {
        let days = now.duration_since(self.first_success_at?).as_secs_f64() / 86_400.0;
        (days >= 0.25).then(|| f64::from(self.new_entries) / days)
    }

    /// The feed used to bring entries and has brought none for ten times as long as was usual, and
    /// for a week at least.
    pub fn is_stale(&self, now: Timestamp) -> bool {
        let (Some(last), Some(first)) = (self.last_new_at, self.first_success_at) else {
            return false;
        };
        let known = last.duration_since(first).as_secs_f64();
        let usual = known / f64::from(self.new_entries.max(1));
        now.duration_since(last).as_secs_f64() > (usual * 10.0).max(7.0 * 86_400.0)
    }

    /// The clock was set back: what seems to be still to come has happened by now, or a feed would
    /// not be stale, moved, gone or looked at again until the clock has caught up.
    fn follow_clock(&mut self, now: Timestamp) {
        let times = [
            self.unchanged_since.as_mut(),
            self.last_success_at.as_mut(),
            self.last_new_at.as_mut(),
            self.first_success_at.as_mut(),
            self.moving.as_mut().map(|moving| &mut moving.since),
            self.going.as_mut().map(|going| &mut going.since),
        ];
        for time in times.into_iter().flatten() {
            *time = (*time).min(now);
        }
    }

    fn succeed(&mut self, now: Timestamp) {
        self.failures = 0;
        self.last_error = None;
        self.last_success_at = Some(now);
        self.first_success_at.get_or_insert(now);
    }

    fn fail(&mut self, error: &str) {
        self.failures = self.failures.saturating_add(1);
        self.last_error = Some(error.into());
    }

    /// The interval follows the share of each answer that was new, so it needs no dates. It grows
    /// by a tenth with each answer without news: a feed is asked within a tenth of its silence.
    fn learn(&mut self, new_share: f64, cadence: &Cadence) {
        let base = cadence.interval.as_secs_f64();
        let habit = f64::from(self.habit_s.max(1));
        let habit = match new_share {
            0.0 => habit * 1.1,
            s if s <= 0.2 => (habit / 2.0).max(habit.min(base)),
            // More than a half was new: the next answer might not overlap with this one.
            s if s > 0.5 => habit.min(base) / 3.0,
            _ => habit.min(base) / 1.5,
        };
        let lowest = cadence.floor.as_secs_f64();
        let highest = cadence.ceiling.as_secs_f64().max(lowest);
        self.habit_s = seconds(SignedDuration::from_secs_f64(habit.clamp(lowest, highest)));
    }

    /// The shortest time between two polls.
    pub fn floor(&self, cadence: &Cadence) -> SignedDuration {
        if self.validators.etag.is_some() || self.validators.last_modified.is_some() {
            cadence.floor
        } else {
            cadence.floor_without_validators.max(cadence.floor)
        }
    }

    fn place(
        &mut self,
        freshness: Option<SignedDuration>,
        name: &str,
        cadence: &Cadence,
        now: Timestamp,
    ) {
        let habit = SignedDuration::from_secs(i64::from(self.habit_s));
        let mut wait = (habit, Why::Habit);
        let ttl = self.ttl_s.map(|ttl| SignedDuration::from_secs(i64::from(ttl)));
        for (asked, why) in [(freshness, Why::Freshness), (ttl, Why::Ttl)] {
            if let Some(asked) = asked.filter(|asked| *asked > wait.0) {
                wait = (asked, why);
            }
        }
        let floor = self.floor(cadence);
        if wait.0 < floor {
            wait = (floor, Why::Floor);
        }
        let ceiling = cadence.ceiling.max(floor);
        if wait.0 > ceiling {
            wait = (ceiling, Why::Ceiling);
        }
        // Never earlier than the floor, nor later than the ceiling: jitter around them goes one way.
        let turn = now.as_second().unsigned_abs();
        let swing = cadence.jitter * (2.0 * backoff::fraction(name, turn) - 1.0);
        let jittered = wait.0.mul_f64(1.0 + swing);
        let jittered = match jittered {
            late if late > ceiling => wait.0.mul_f64(1.0 - swing).max(floor),
            early => early.max(floor),
        };
        self.next_at = Some(later(now, jittered));
        self.why = wait.1;
        self.skip();
    }

    /// Moves the next poll out of the hours and days on which the feed asks not to be polled, by a
    /// week at the most.
    fn skip(&mut self) {
        let Some(mut at) = self.next_at else { return };
        let (hours, days) = (&self.skip_hours, &self.skip_days);
        if hours.len() >= 24 || days.len() >= 7 {
            return;
        }
        for _ in 0..(7 * 24) {
            let civil = at.to_zoned(TimeZone::UTC);
            let hour = u8::try_from(civil.hour()).unwrap_or_default();
            let day = u8::try_from(civil.weekday().to_monday_one_offset()).unwrap_or_default();
            if !hours.contains(&hour) && !days.contains(&day) {
                break;
            }
            self.why = Why::SkipHours;
            // To the minute after the hour that the poll would have had anyway.
            at = later(at, SignedDuration::from_hours(1));
        }
        self.next_at = Some(at);
    }
}

fn is_believed(answers: u32, since: Timestamp, now: Timestamp) -> bool {
    answers >= BELIEVED_ANSWERS && now.duration_since(since) >= BELIEVED_OVER
}

/// Stands for an address, in this and later runs.
pub(crate) fn hash(address: &Url) -> u64 {
    let mut bytes = [0; 8];
    blake3::Hasher::new().update(address.as_str().as_bytes()).finalize_xof().fill(&mut bytes);
    u64::from_le_bytes(bytes)
}

fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}

fn seconds(duration: SignedDuration) -> u32 {
    u32::try_from(duration.as_secs().max(0)).unwrap_or(u32::MAX)
}
