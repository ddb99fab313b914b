//! "2 hours ago", "вчера, 14:05", "today".

use jiff::{Timestamp, ToSpan, tz::TimeZone};

use super::{
    Dated, Hints, Precision, Reading,
    lexicon::{Meaning, Unit},
    settle,
    words::{Text, Token},
    zone,
};

/// A text with more words than this that say nothing about time is prose.
const MOST_OTHER_WORDS: usize = 3;

/// Reads a date that counts from `hints.now`.
pub(super) fn read(folded: &str, raw: &str, hints: &Hints<'_>) -> Option<Dated> {
    let now = hints.now?;
    let mut text = Text::new(folded, raw, hints);
    let others = text.other_words();
    if others > MOST_OTHER_WORDS {
        return None;
    }
    let zone = hints.zone.cloned().unwrap_or(TimeZone::UTC);
    if let Some(dated) = ago(&text, raw, now, &zone) {
        return Some(dated);
    }
    if others == 0 && text.any(|meaning| (meaning == Meaning::Now).then_some(())).is_some() {
        return Some(at(now, raw, Precision::Minute));
    }
    let days = text.any(|meaning| match meaning {
        Meaning::DaysBack(days) => Some(days),
        _ => None,
    })?;
    let clock = text.take_clock();
    let written = clock.and_then(|(_, end)| text.take_zone(end));
    let today = now.to_zoned(written.clone().unwrap_or(zone)).date();
    let date = today.checked_sub(days.days()).ok()?;
    settle(Reading { date, clock: clock.map(|(clock, _)| clock), zone: written }, raw, hints)
}

fn at(at: Timestamp, raw: &str, precision: Precision) -> Dated {
    Dated { at, raw: raw.to_owned(), precision, assumed_zone: None }
}

/// An amount of time and a word for "ago". Weeks and longer are refused: they do not tell the day.
fn ago(text: &Text<'_>, raw: &str, now: Timestamp, zone: &TimeZone) -> Option<Dated> {
    text.any(|meaning| (meaning == Meaning::Ago).then_some(()))?;
    let (number, unit) = amount(text)?;
    let seconds = match unit {
        Unit::Second => number,
        Unit::Minute => number.checked_mul(60)?,
        Unit::Hour => number.checked_mul(3600)?,
        Unit::Day => {
            let today = now.to_zoned(zone.clone()).date();
            let date = today.checked_sub(number.days()).ok()?;
            let start = zone.to_ambiguous_timestamp(date.at(0, 0, 0, 0)).compatible().ok()?;
            let assumed_zone = Some(zone::name(zone));
            return Some(Dated { assumed_zone, ..at(start, raw, Precision::Day) });
        }
        Unit::Week | Unit::Month | Unit::Year => return None,
    };
    let precision = if unit == Unit::Second { Precision::Second } else { Precision::Minute };
    Some(at(now.checked_sub(seconds.seconds()).ok()?, raw, precision))
}

fn amount(text: &Text<'_>) -> Option<(i64, Unit)> {
    let whole = text.any(|meaning| match meaning {
        Meaning::Amount(number, unit) => Some((number, unit)),
        _ => None,
    });
    if whole.is_some() {
        return whole;
    }
    for (index, token) in text.tokens.iter().enumerate() {
        let unit = |meaning| match meaning {
            Meaning::Unit(unit) => Some(unit),
            _ => None,
        };
        let Some(unit) = text.sense(token, unit) else { continue };
        let number = index.checked_sub(1).and_then(|before| text.tokens.get(before));
        let number = number.and_then(|token| match token {
            Token::Number { value, length } if *length <= 3 => Some(*value),
            token => text.sense(token, |meaning| match meaning {
                Meaning::Number(number) => Some(number),
                _ => None,
            }),
        });
        match number {
            Some(number) => return Some((number, unit)),
            // "an hour ago" without the "an": only where no number is there at all.
            None if !text.has_numbers() => return Some((1, unit)),
            None => {}
        }
    }
    None
}
