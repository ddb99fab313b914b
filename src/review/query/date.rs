//! The dates of `after:`, `before:` and `day:`.

use std::ops::Range;

use jiff::{
    Timestamp, ToSpan,
    civil::{Date, date},
    tz::TimeZone,
};

/// From the first second of what a text names to the first one behind it, in seconds since 1970:
/// `2022`, `2022-01`, `2022-01-05`, `2022-01-05T12:00Z`, or `7d`, `36h`, `2w` counted back from now,
/// `today`, `yesterday`. Days are those of UTC.
pub(super) fn seconds(text: &str, now: Timestamp) -> Option<Range<i64>> {
    let today = now.to_zoned(TimeZone::UTC).date();
    match text {
        "today" => return days(today, today.tomorrow().ok()?),
        "yesterday" => return days(today.yesterday().ok()?, today),
        _ => {}
    }
    if let Some(ago) = ago(text) {
        let start = now.as_second() - ago;
        return Some(start..start + 1);
    }
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at.as_second()..at.as_second() + 1);
    }
    let parts: Vec<&str> = text.split('-').collect();
    let number = |text: &&str, digits: usize| -> Option<i16> {
        (text.len() == digits && text.bytes().all(|b| b.is_ascii_digit()))
            .then(|| text.parse().ok())?
    };
    let small = |text: &&str| number(text, 2).and_then(|n| i8::try_from(n).ok());
    match parts.as_slice() {
        [year] => {
            let year = number(year, 4)?;
            days(Date::new(year, 1, 1).ok()?, Date::new(year + 1, 1, 1).ok()?)
        }
        [year, month] => {
            let first = Date::new(number(year, 4)?, small(month)?, 1).ok()?;
            days(first, first.checked_add(1.month()).ok()?)
        }
        [year, month, day] => {
            let day = Date::new(number(year, 4)?, small(month)?, small(day)?).ok()?;
            days(day, day.tomorrow().ok()?)
        }
        _ => None,
    }
}

fn days(start: Date, end: Date) -> Option<Range<i64>> {
    Some(midnight(start)?..midnight(end)?)
}

fn midnight(day: Date) -> Option<i64> {
    let days = day.since((jiff::Unit::Day, date(1970, 1, 1))).ok()?.get_days();
    Some(i64::from(days) * 86_400)
}

fn ago(text: &str) -> Option<i64> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let number: i64 = number.parse().ok().filter(|number| (0..1_000_000).contains(number))?;
    let unit = match unit {
        "h" => 3_600,
        "d" => 86_400,
        "w" => 7 * 86_400,
        _ => return None,
    };
    Some(number * unit)
}
