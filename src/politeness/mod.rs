//! How a host may be treated: robots.txt, pace, Retry-After.
//!
//! Everything here is a pure function of what a server said and of the time: nothing waits.

use jiff::{SignedDuration, Timestamp};

pub mod backoff;
pub mod freshness;
mod header;
pub mod pace;
pub mod retry_after;
pub mod robots;

#[cfg(test)]
mod tests;

pub use header::Headers;
pub use robots::Robots;

/// As long before as [`later`] is after.
pub(crate) fn earlier(time: Timestamp, by: SignedDuration) -> Timestamp {
    time.checked_sub(by).unwrap_or(Timestamp::MIN)
}

fn later(time: Timestamp, wait: SignedDuration) -> Timestamp {
    time.checked_add(wait).unwrap_or(Timestamp::MAX)
}
