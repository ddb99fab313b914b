//! The Solar Hijri calendar of Iran and Afghanistan.

use jiff::{ToSpan, civil::Date};

/// Leap years recur in a cycle of 33 years; it agrees with the astronomical calendar from 1300 to
/// 1500 (1921 to 2121).
const LEAP_YEARS_OF_CYCLE: [i64; 8] = [1, 5, 9, 13, 17, 22, 26, 30];

/// The Gregorian day of a Solar Hijri date; `None` outside of the years 1300 to 1500 or where the
/// month has no such day.
pub(super) fn to_gregorian(year: i64, month: i8, day: i8) -> Option<Date> {
    if !(1300..=1500).contains(&year) || !(1..=12).contains(&month) {
        return None;
    }
    let length = match month {
        1..=6 => 31,
        7..=11 => 30,
        _ if is_leap(year) => 30,
        _ => 29,
    };
    if !(1..=length).contains(&day) {
        return None;
    }
    let leap_days = (1300..year).filter(|year| is_leap(*year)).count();
    let month = i64::from(month);
    let day_of_year =
        if month <= 7 { (month - 1) * 31 } else { 6 * 31 + (month - 7) * 30 } + i64::from(day) - 1;
    let days = (year - 1300) * 365 + i64::try_from(leap_days).ok()? + day_of_year;
    // 1 Farvardin 1300.
    Date::new(1921, 3, 21).ok()?.checked_add(days.days()).ok()
}

fn is_leap(year: i64) -> bool {
    LEAP_YEARS_OF_CYCLE.contains(&year.rem_euclid(33))
}
