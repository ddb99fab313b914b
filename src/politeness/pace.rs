//! How fast one host may be asked.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{earlier, later};

/// How long any host is left alone between two requests.
#[derive(Debug, Clone, PartialEq)]
pub struct Rest {
    /// At least this long from the start of a request to the start of the next one.
    pub delay: SignedDuration,
    /// A `Crawl-delay` above this is a slip of the pen or a ban meant otherwise: taken for this.
    pub longest_crawl_delay: SignedDuration,
    /// The rest after the end of an answer, in answer times: a host that takes long to answer is
    /// loaded, by us or by others.
    pub answer_times: f64,
}

impl Default for Rest {
    fn default() -> Self {
        Self {
            delay: SignedDuration::from_secs(5),
            longest_crawl_delay: SignedDuration::from_mins(5),
            answer_times: 1.0,
        }
    }
}

/// When one host may be asked again. Its owner sees to it that one request is in flight at most:
/// [`Self::start`], then [`Self::finish`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pace {
    started_at: Timestamp,
    rested_at: Timestamp,
    held_until: Timestamp,
    crawl_delay: SignedDuration,
}

impl Default for Pace {
    fn default() -> Self {
        // A clock may stand before 1970.
        let never = Timestamp::MIN;
        let crawl_delay = SignedDuration::ZERO;
        Self { started_at: never, rested_at: never, held_until: never, crawl_delay }
    }
}

impl Pace {
    /// The earliest start of the next request.
    pub fn ready_at(&self) -> Timestamp {
        self.rested_at.max(self.held_until)
    }

    /// Until when the host has asked to be left alone, or was given up for a while.
    pub fn held_until(&self) -> Option<Timestamp> {
        (self.held_until > Timestamp::MIN).then_some(self.held_until)
    }

    /// A request goes out.
    pub fn start(&mut self, rest: &Rest, now: Timestamp) {
        self.started_at = now;
        self.rested_at = later(now, self.delay(rest));
    }

    /// The request that [`Self::start`] let go has ended, however it did; the host took so long to
    /// answer. What has passed since the start may be longer: a disk was full, the machine slept.
    pub fn finish(&mut self, rest: &Rest, answer_time: SignedDuration, now: Timestamp) {
        let rested = later(now, answer_time.mul_f64(rest.answer_times.max(0.0)));
        self.rested_at = rested.max(later(self.started_at, self.delay(rest)));
    }

    /// Somebody else asks the host, for so long at the most.
    pub fn lend(&mut self, rest: &Rest, time: SignedDuration, now: Timestamp) {
        self.started_at = now;
        self.rested_at = later(later(now, time), self.delay(rest));
    }

    /// No request went out after all since it was as `before`. A hold, or a delay, that was asked for
    /// in between stays.
    pub fn take_back_start(&mut self, before: &Self) {
        (self.started_at, self.rested_at) = (before.started_at, before.rested_at);
    }

    /// Nothing is asked before `until`. A hold that ends later stays.
    pub fn hold(&mut self, until: Timestamp) {
        self.held_until = self.held_until.max(until);
    }

    /// The clock was set back by so much.
    pub fn set_back(&mut self, by: SignedDuration) {
        for at in [&mut self.started_at, &mut self.rested_at, &mut self.held_until] {
            *at = earlier(*at, by);
        }
    }

    /// What robots.txt asks for between two starts. Counts from the next start.
    pub fn set_crawl_delay(&mut self, delay: Option<SignedDuration>) {
        self.crawl_delay = delay.unwrap_or_default();
    }

    fn delay(&self, rest: &Rest) -> SignedDuration {
        rest.delay.max(self.crawl_delay.min(rest.longest_crawl_delay)).max(SignedDuration::ZERO)
    }
}
