//! Header fields that politeness reads.

use jiff::{Timestamp, fmt::rfc2822};

/// Header fields as a response carries them: names in lower case, values as bytes.
pub type Headers = [(String, Vec<u8>)];

/// The values of a field, where they are text, in their order.
pub(super) fn values<'a>(headers: &'a Headers, name: &'a str) -> impl Iterator<Item = &'a str> {
    headers
        .iter()
        .filter(move |(field, _)| field == name)
        .filter_map(|(_, value)| std::str::from_utf8(value).ok())
        .map(str::trim)
}

/// A date of HTTP in any of its three forms (RFC 9110 §5.6.7), or with a zone as in mail, which
/// some servers send.
pub(super) fn date(value: &str) -> Option<Timestamp> {
    let value = value.trim();
    if let Ok(time) = httpdate::parse_http_date(value) {
        return Timestamp::try_from(time).ok();
    }
    rfc2822::DateTimeParser::new().relaxed_weekday(true).parse_timestamp(value).ok()
}

/// A number of seconds; more digits than a number holds are a very long time (RFC 9111 §1.2.2).
pub(super) fn seconds(value: &str) -> Option<i64> {
    let whole = value.split_once('.').map_or(value, |(whole, _)| whole);
    let is_number = !whole.is_empty() && whole.bytes().all(|b| b.is_ascii_digit());
    let longest = i64::from(i32::MAX);
    is_number.then(|| whole.parse().unwrap_or(longest).min(longest))
}

/// When the server says that it answered, else when the answer came.
pub(super) fn sent_at(headers: &Headers, now: Timestamp) -> Timestamp {
    values(headers, "date").next().and_then(date).unwrap_or(now)
}
