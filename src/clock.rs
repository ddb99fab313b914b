//! The wall clock, for the shell.
#![expect(clippy::disallowed_methods, reason = "shell: reads the clock")]

use std::time::SystemTime;

use jiff::{SignedDuration, Timestamp};

/// The time, to be handed on to what decides by it. A clock that stands beyond the years that can be
/// written, as broken ones do, is taken to stand still an hour before their end: nothing panics, and
/// nothing is due all the time.
pub fn now() -> Timestamp {
    let last = Timestamp::MAX.checked_sub(SignedDuration::from_hours(1));
    let last = last.unwrap_or(Timestamp::MAX);
    Timestamp::try_from(SystemTime::now()).map_or(last, |now| now.min(last))
}
