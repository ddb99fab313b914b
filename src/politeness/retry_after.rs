//! How long a server asks to be left alone.

use jiff::{SignedDuration, Timestamp};

use super::header::{self, Headers};

/// The longest wait that is believed: longer ones are mistakes, and a week is asked again anyway.
pub const LONGEST: SignedDuration = SignedDuration::from_hours(7 * 24);

/// The wait that `Retry-After` asks for, in seconds or as a date (RFC 9110 §10.2.3), from zero to
/// [`LONGEST`]; none where the field is missing or means nothing. `now` is when the head arrived.
pub fn wait(headers: &Headers, now: Timestamp) -> Option<SignedDuration> {
    let value = header::values(headers, "retry-after").next()?;
    let wait = match header::seconds(value) {
        Some(seconds) => SignedDuration::from_secs(seconds),
        // The server's own clock is what its date was reckoned by.
        None => header::date(value)?.duration_since(header::sent_at(headers, now)),
    };
    Some(wait.clamp(SignedDuration::ZERO, LONGEST))
}
