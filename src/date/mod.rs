//! A date as a publisher writes it: RFC 3339, RFC 822 and their faults, and dates in the words of
//! the page's language.

mod clock;
mod era;
mod iso;
mod languages;
mod lexicon;
mod relative;
mod rfc822;
mod solar_hijri;
mod weekday;
mod words;
mod zone;

#[cfg(test)]
mod tests;

use jiff::{
    Timestamp, ToSpan,
    civil::{Date, Time},
    tz::TimeZone,
};
use serde::{Deserialize, Serialize};

use crate::text;

/// How exactly a date was given.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// To the second.
    Second,
    /// To the minute.
    Minute,
    /// A day without a time.
    Day,
}

/// An instant, and what was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dated {
    pub at: Timestamp,
    /// The text as it was found, cleaned.
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

/// Texts longer than this, in bytes, are prose and no date.
const LONGEST: usize = 320;

/// Reads one date; `None` where `text` is none. A day without a time is taken at 00:00 in its zone.
///
/// A text that could mean two days (`03/04/2022` on a page of unknown language) is refused, and so
/// are days that no calendar has, years outside of 1800 to 2199, and the midnight at which Unix time
/// begins, which is how programs write "unknown": in UTC, and in the zone of the text.
pub fn parse(text: &str, hints: &Hints<'_>) -> Option<Dated> {
    let raw = text.trim_matches(|c: char| c.is_whitespace() || c.is_control());
    if raw.is_empty() || raw.len() > LONGEST {
        return None;
    }
    let dated = read(raw, hints)?;
    Some(Dated { raw: text::clean_line(raw), ..dated })
}

/// Whether a date that can be read was written without its year, as "13 Aug" is.
pub fn is_year_assumed(text: &str, hints: &Hints<'_>) -> bool {
    let without_clock = Hints { now: None, ..hints.clone() };
    parse(text, &without_clock).is_none()
        && words::read(&lexicon::fold_text(text), text, hints).is_some()
}

/// Whether a word is the name of a day of the week, or its short form, in any language.
pub fn is_weekday(word: &str) -> bool {
    weekday::days(lexicon::fold(word).trim_end_matches('.'), None) != 0
}

fn read(raw: &str, hints: &Hints<'_>) -> Option<Dated> {
    if let Some(reading) = iso::read(raw, hints).or_else(|| rfc822::read(raw, hints)) {
        return settle(reading, raw, hints);
    }
    let folded = lexicon::fold_text(raw);
    if let Some(reading) = words::read(&folded, raw, hints) {
        return settle(reading, raw, hints);
    }
    relative::read(&folded, raw, hints)
}

/// What a text says, before zone and calendar are applied.
#[derive(Debug, Clone)]
struct Reading {
    date: Date,
    clock: Option<Clock>,
    zone: Option<TimeZone>,
}

/// A time of day as written: hour 24 and second 60 are possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Clock {
    hour: i8,
    minute: i8,
    second: i8,
    nanosecond: i32,
    precision: Precision,
}

impl Clock {
    fn new(hour: i64, minute: i64, second: Option<i64>) -> Option<Self> {
        let day_end = hour == 24 && minute == 0 && second.unwrap_or(0) == 0;
        let fits = (0..24).contains(&hour) || day_end;
        if !fits || !(0..60).contains(&minute) || !(0..=60).contains(&second.unwrap_or(0)) {
            return None;
        }
        Some(Self {
            hour: i8::try_from(hour).ok()?,
            minute: i8::try_from(minute).ok()?,
            second: i8::try_from(second.unwrap_or(0)).ok()?,
            nanosecond: 0,
            precision: if second.is_some() { Precision::Second } else { Precision::Minute },
        })
    }

    fn with_nanosecond(self, nanosecond: i32) -> Self {
        Self { nanosecond, ..self }
    }
}

fn settle(reading: Reading, raw: &str, hints: &Hints<'_>) -> Option<Dated> {
    let Reading { mut date, clock, zone } = reading;
    if !(1800..2200).contains(&date.year()) {
        return None;
    }
    let time = match clock {
        None => Time::midnight(),
        Some(Clock { hour: 24, .. }) => {
            date = date.checked_add(1.day()).ok()?;
            Time::midnight()
        }
        // Unix time has no leap seconds.
        Some(clock) => {
            Time::new(clock.hour, clock.minute, clock.second.min(59), clock.nanosecond).ok()?
        }
    };
    let assumed = zone.is_none();
    let zone = zone.or_else(|| hints.zone.cloned()).unwrap_or(TimeZone::UTC);
    let at = zone.to_ambiguous_timestamp(date.to_datetime(time)).compatible().ok()?;
    let unknown = date.year() == 1970 && date.day_of_year() == 1 && time == Time::midnight();
    if unknown || at.as_second() == 0 {
        return None;
    }
    Some(Dated {
        at,
        raw: raw.to_owned(),
        precision: clock.map_or(Precision::Day, |clock| clock.precision),
        assumed_zone: assumed.then(|| zone::name(&zone)),
    })
}

/// The primary subtag of the page's language.
fn primary<'a>(hints: &Hints<'a>) -> Option<&'a str> {
    hints.language.and_then(|tag| tag.split(['-', '_']).next())
}
