//! How long an answer stays fresh: before that, asking again is asking in vain.

use jiff::{SignedDuration, Timestamp};

use super::header::{self, Headers};

/// Longer lifetimes are as good as for ever.
pub const LONGEST: SignedDuration = SignedDuration::from_hours(366 * 24);

/// What remains of the lifetime that a server gave its answer by `max-age`, else by `Expires`
/// (RFC 9111 §4.2), zero where it is to be asked again at once; none where it says nothing. `now`
/// is when the head arrived.
///
/// `s-maxage` speaks to shared caches only (§5.2.2.10): sites set it to months for a cache that
/// they purge themselves, so that it says nothing about when there will be news.
pub fn lifetime(headers: &Headers, now: Timestamp) -> Option<SignedDuration> {
    let mut max_age = None;
    for directive in header::values(headers, "cache-control").flat_map(|v| v.split(',')) {
        let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
        match name.trim().to_ascii_lowercase().as_str() {
            "no-store" => return Some(SignedDuration::ZERO),
            // With field names it speaks of those fields, not of the answer (§5.2.2.4).
            "no-cache" if value.is_empty() => return Some(SignedDuration::ZERO),
            // The first counts (§4.2.1); one that cannot be read is stale.
            "max-age" if max_age.is_none() => {
                max_age = Some(header::seconds(value.trim().trim_matches('"')).unwrap_or(0));
            }
            _ => {}
        }
    }
    let given = if let Some(seconds) = max_age {
        SignedDuration::from_secs(seconds)
    } else {
        let expires = header::values(headers, "expires").next()?;
        // A date that cannot be read, above all "0", is in the past (§5.3).
        header::date(expires)
            .map_or(SignedDuration::ZERO, |at| at.duration_since(header::sent_at(headers, now)))
    };
    // How old the answer was when it came; `Date` is not compared with our clock, which may be off.
    let age = header::values(headers, "age").next().and_then(header::seconds).unwrap_or(0);
    Some((given - SignedDuration::from_secs(age)).clamp(SignedDuration::ZERO, LONGEST))
}
