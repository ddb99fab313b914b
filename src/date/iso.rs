//! ISO 8601 and RFC 3339 with the liberties publishers take, and Unix time.

use jiff::{
    ToSpan,
    civil::{Date, ISOWeekDate, Weekday},
    tz::TimeZone,
};

use super::{Clock, Hints, Reading, primary, zone};

/// Reads `2022-01-16T14:05:00+06:00` and its kin: a blank for the T, no zone, no seconds, a
/// fraction, an offset without colon, the basic format, week and ordinal dates, seconds and
/// milliseconds since 1970.
pub(super) fn read(text: &str, hints: &Hints<'_>) -> Option<Reading> {
    let mut cursor = Cursor { rest: text.as_bytes() };
    if !cursor.rest.first()?.is_ascii_digit() {
        return None;
    }
    if let Some(reading) = unix_time(text) {
        return Some(reading);
    }
    let date = date(&mut cursor)?;
    let separated = cursor.separator();
    let clock = if separated { clock(&mut cursor)? } else { None };
    let Ok(zone) = zone_of(&mut cursor, hints) else { return None };
    Some(Reading { date, clock, zone })
}

/// Digits only: seconds (9 or 10 digits), milliseconds (12 or 13) or microseconds (16) since 1970.
fn unix_time(text: &str) -> Option<Reading> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(fraction) {
        return None;
    }
    let number: i64 = whole.parse().ok()?;
    let mut fraction = Cursor { rest: fraction.as_bytes() };
    let microseconds = match whole.len() {
        9 | 10 => {
            let fraction = i64::from(fraction.fraction().unwrap_or(0) / 1000);
            number.checked_mul(1_000_000)?.checked_add(fraction)?
        }
        // Twelve digits may be a date and a time without any sign between them.
        12 if !whole.starts_with("19") && !whole.starts_with("20") => number.checked_mul(1000)?,
        13 => number.checked_mul(1000)?,
        16 => number,
        _ => return None,
    };
    let at = jiff::Timestamp::from_microsecond(microseconds).ok()?.to_zoned(TimeZone::UTC);
    let clock = Clock::new(at.hour().into(), at.minute().into(), Some(at.second().into()))?;
    Some(Reading {
        date: at.date(),
        clock: Some(clock.with_nanosecond(at.subsec_nanosecond())),
        zone: Some(TimeZone::UTC),
    })
}

fn date(cursor: &mut Cursor<'_>) -> Option<Date> {
    match cursor.digits_ahead() {
        4 => {
            let year = cursor.number(4)?;
            if !cursor.take(b'-') {
                return None;
            }
            if cursor.take(b'W') {
                return week_date(year, cursor);
            }
            if cursor.digits_ahead() == 3 {
                let day = cursor.number(3)?;
                let start = civil(year, 1, 1)?;
                let date = start.checked_add((day - 1).days()).ok()?;
                return (day >= 1 && i64::from(date.year()) == year).then_some(date);
            }
            let month = cursor.number(2)?;
            if !cursor.take(b'-') {
                return None;
            }
            let day = cursor.number(2)?;
            civil(year, month, day)
        }
        // 20220116, 20220116140500 and 202201161405.
        8 | 12 | 14 => civil(cursor.number(4)?, cursor.number(2)?, cursor.number(2)?),
        _ => None,
    }
}

fn week_date(year: i64, cursor: &mut Cursor<'_>) -> Option<Date> {
    let week = cursor.number(2)?;
    let day = if cursor.take(b'-') { cursor.number(1)? } else { return None };
    let weekday = Weekday::from_monday_one_offset(i8::try_from(day).ok()?).ok()?;
    let year = i16::try_from(year).ok()?;
    ISOWeekDate::new(year, i8::try_from(week).ok()?, weekday).ok().map(ISOWeekDate::date)
}

/// A day of the Gregorian calendar.
pub(super) fn civil(year: i64, month: i64, day: i64) -> Option<Date> {
    let year = i16::try_from(year).ok()?;
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

/// `None` where the text is none that this reader knows; `Some(None)` where there is no time.
#[expect(clippy::option_option, reason = "absent and unreadable are two answers")]
fn clock(cursor: &mut Cursor<'_>) -> Option<Option<Clock>> {
    let digits = cursor.digits_ahead();
    let hour = match digits {
        0 => return Some(None),
        1 => cursor.number(1)?,
        _ => cursor.number(2)?,
    };
    let basic = matches!(digits, 4 | 6);
    if !basic && !cursor.take(b':') {
        return None;
    }
    let minute = cursor.number(2)?;
    if !basic && !cursor.take(b':') {
        return Some(Some(Clock::new(hour, minute, None)?));
    }
    if basic && digits == 4 {
        return Some(Some(Clock::new(hour, minute, None)?));
    }
    let second = cursor.number(2)?;
    let clock = Clock::new(hour, minute, Some(second))?;
    if matches!(cursor.rest.first(), Some(b'.' | b',')) {
        cursor.skip(1);
        return Some(Some(clock.with_nanosecond(cursor.fraction()?)));
    }
    Some(Some(clock))
}

/// The zone up to the end of the text; an error where the rest is no zone.
fn zone_of(cursor: &mut Cursor<'_>, hints: &Hints<'_>) -> Result<Option<TimeZone>, ()> {
    cursor.blanks();
    let rest = str::from_utf8(cursor.rest).map_err(|_| ())?;
    // RFC 9557: the name in brackets repeats what the offset says.
    let rest = match rest.split_once('[') {
        Some(("", name)) => {
            return zone::iana(name.trim_end_matches(']')).map(Some).ok_or(());
        }
        Some((offset, _)) => offset,
        None => rest,
    };
    if rest.is_empty() {
        return Ok(None);
    }
    text_zone(rest.trim(), primary(hints)).map(Some).ok_or(())
}

/// A zone that stands alone: `Z`, `+0600`, `+06:00`, `+6`, `UTC`, `MSK`, `GMT+9`.
pub(super) fn text_zone(text: &str, language: Option<&str>) -> Option<TimeZone> {
    if let Some(zone) = offset(text) {
        return Some(zone);
    }
    let letters = text.bytes().take_while(u8::is_ascii_alphabetic).count();
    let (name, offset_text) = text.split_at_checked(letters)?;
    if name.is_empty() {
        return None;
    }
    let name = name.to_ascii_uppercase();
    if offset_text.is_empty() {
        return zone::abbreviation(&name, language);
    }
    if matches!(name.as_str(), "GMT" | "UTC" | "UT" | "Z") {
        offset(offset_text.trim())
    } else {
        None
    }
}

/// `+0600`, `+06:00`, `+06`, `+6`, and the same with a minus.
fn offset(text: &str) -> Option<TimeZone> {
    let mut cursor = Cursor { rest: text.as_bytes() };
    let sign = match cursor.rest.first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    cursor.skip(1);
    let (hours, minutes) = match cursor.digits_ahead() {
        4 | 6 => (cursor.number(2)?, cursor.number(2)?),
        1 | 2 => {
            let hours = cursor.number(2)?;
            (hours, if cursor.take(b':') { cursor.number(2)? } else { 0 })
        }
        _ => return None,
    };
    if !cursor.rest.is_empty() || minutes >= 60 {
        return None;
    }
    zone::offset(sign * i32::try_from(hours * 3600 + minutes * 60).ok()?)
}

/// Bytes being read.
pub(super) struct Cursor<'a> {
    pub(super) rest: &'a [u8],
}

impl Cursor<'_> {
    pub(super) fn skip(&mut self, count: usize) {
        self.rest = self.rest.get(count..).unwrap_or_default();
    }

    pub(super) fn take(&mut self, byte: u8) -> bool {
        let found = self.rest.first() == Some(&byte);
        if found {
            self.skip(1);
        }
        found
    }

    pub(super) fn blanks(&mut self) {
        self.rest = self.rest.trim_ascii_start();
    }

    pub(super) fn digits_ahead(&self) -> usize {
        self.rest.iter().take_while(|b| b.is_ascii_digit()).count()
    }

    /// A number of one to `most` digits.
    pub(super) fn number(&mut self, most: usize) -> Option<i64> {
        let length = self.digits_ahead().min(most);
        let digits = self.rest.get(..length)?;
        if digits.is_empty() {
            return None;
        }
        self.skip(length);
        Some(digits.iter().fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0')))
    }

    /// The digits of a decimal fraction, in billionths.
    fn fraction(&mut self) -> Option<i32> {
        let length = self.digits_ahead();
        let digits = self.rest.get(..length.min(9))?;
        if digits.is_empty() {
            return None;
        }
        let value = digits.iter().fold(0, |sum, digit| sum * 10 + i32::from(digit - b'0'));
        let scale = u32::try_from(9 - digits.len()).ok()?;
        self.skip(length);
        Some(value * 10_i32.pow(scale))
    }

    /// A T or blanks between date and time; none is needed in the basic format.
    fn separator(&mut self) -> bool {
        if matches!(self.rest.first(), Some(b'T' | b't')) {
            self.skip(1);
            return true;
        }
        let before = self.rest.len();
        self.blanks();
        let digits = self.digits_ahead();
        (self.rest.len() < before && digits > 0) || matches!(digits, 4 | 6)
    }
}
