//! RFC 822 dates as RFC 2822 mends them: the common case, read without allocation. What differs
//! more is left to `words`.

use super::{Clock, Hints, Reading, iso, iso::Cursor, primary};

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// Reads `Sun, 16 Jan 2022 14:05:00 +0600`; the weekday may be wrong or absent, the month in full,
/// the seconds and the zone may be missing.
pub(super) fn read(text: &str, hints: &Hints<'_>) -> Option<Reading> {
    let mut cursor = Cursor { rest: text.as_bytes() };
    cursor.skip(letters(&cursor).len());
    while matches!(cursor.rest.first(), Some(b',' | b'.' | b' ')) {
        cursor.skip(1);
    }
    let day = cursor.number(2)?;
    gap(&mut cursor);
    let month = month(letters(&cursor))?;
    cursor.skip(letters(&cursor).len());
    gap(&mut cursor);
    if cursor.digits_ahead() != 4 {
        return None;
    }
    let year = cursor.number(4)?;
    cursor.blanks();
    let date = iso::civil(year, month, day)?;
    let hour = cursor.number(2)?;
    if !cursor.take(b':') || cursor.digits_ahead() != 2 {
        return None;
    }
    let minute = cursor.number(2)?;
    let second = if cursor.take(b':') { Some(cursor.number(2)?) } else { None };
    let clock = Clock::new(hour, minute, second)?;
    cursor.blanks();
    let rest = str::from_utf8(cursor.rest).ok()?;
    let rest = rest.split('(').next().unwrap_or_default().trim_end();
    let zone = if rest.is_empty() { None } else { Some(iso::text_zone(rest, primary(hints))?) };
    Some(Reading { date, clock: Some(clock), zone })
}

fn letters<'a>(cursor: &Cursor<'a>) -> &'a [u8] {
    let length = cursor.rest.iter().take_while(|b| b.is_ascii_alphabetic()).count();
    cursor.rest.get(..length).unwrap_or_default()
}

fn gap(cursor: &mut Cursor<'_>) {
    while matches!(cursor.rest.first(), Some(b' ' | b'-' | b'\t' | b'\n' | b'\r')) {
        cursor.skip(1);
    }
}

fn month(name: &[u8]) -> Option<i64> {
    let known = |month: &&str| {
        let start = month.as_bytes().get(..name.len());
        name.len() >= 3 && start.is_some_and(|start| start.eq_ignore_ascii_case(name))
    };
    let index = MONTHS.iter().position(known)?;
    i64::try_from(index + 1).ok()
}
