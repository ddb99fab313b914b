//! The time of day and its zone among the words of a date.

use jiff::tz::TimeZone;

use super::{
    Clock,
    lexicon::Meaning,
    words::{Text, Token},
    zone,
};

/// A zone named in words stands at most so many tokens after its time.
const ZONE_WORDS_REACH: usize = 4;

impl Text<'_> {
    /// Reads the time of day and forgets its tokens; with it the index after it.
    pub(super) fn take_clock(&mut self) -> Option<(Clock, usize)> {
        let starts = 0..self.tokens.len();
        let (start, clock, end) = starts
            .clone()
            .find_map(|at| self.clock_with_colons(at).map(|(clock, end)| (at, clock, end)))
            .or_else(|| {
                starts
                    .clone()
                    .find_map(|at| self.clock_with_marks(at).map(|(clock, end)| (at, clock, end)))
            })
            .or_else(|| {
                starts
                    .clone()
                    .find_map(|at| self.hour_of_half_day(at).map(|(clock, end)| (at, clock, end)))
            })?;
        let (clock, end) = self.half_of_day(start, clock, end);
        self.forget(start..end);
        Some((clock, end))
    }

    /// Reads `1030 GMT`, `2030 hrs` and forgets all such times, where another number of four digits
    /// is left for the year.
    pub(super) fn take_clock_of_four_digits(&mut self) -> Option<(Clock, usize)> {
        let is_time = |at: usize| self.clock_of_four_digits(at);
        let four = |at: &usize| matches!(self.number(*at), Some((_, 4)));
        let numbers: Vec<usize> = (0..self.tokens.len()).filter(four).collect();
        let times: Vec<usize> =
            numbers.iter().copied().filter(|at| is_time(*at).is_some()).collect();
        let first = *times.first().filter(|_| times.len() < numbers.len())?;
        let (clock, end) = is_time(first)?;
        for other in times.iter().skip(1) {
            self.forget(*other..other + 2);
        }
        self.forget(first..end);
        Some((clock, end))
    }

    /// The end is before the zone and behind any other word.
    fn clock_of_four_digits(&self, start: usize) -> Option<(Clock, usize)> {
        let (value, 4) = self.number(start)? else { return None };
        let Some(Token::Word { text, .. }) = self.tokens.get(start + 1) else { return None };
        let clock = Clock::new(value / 100, value % 100, None)?;
        let hours = matches!(*text, "hrs" | "hours") || self.means(start + 1, Meaning::HourMark);
        let name = text.to_uppercase();
        let zone = matches!(name.as_str(), "GMT" | "UTC" | "UT" | "Z")
            || zone::abbreviation(&name, self.language).is_some();
        if hours { Some((clock, start + 2)) } else { zone.then_some((clock, start + 1)) }
    }

    /// Reads `14.05`, `14.05.09` behind a date that ends at `from`.
    pub(super) fn take_dotted_clock(&mut self, from: usize) -> Option<(Clock, usize)> {
        let start = (from..(from + 4).min(self.tokens.len()))
            .find(|index| self.number(*index).is_some())?;
        let ((hour, 1 | 2), (minute, 2)) = (self.number(start)?, self.number(start + 2)?) else {
            return None;
        };
        if self.sign(start + 1) != Some('.') {
            return None;
        }
        let (second, end) = match (self.sign(start + 3), self.number(start + 4)) {
            (Some('.'), Some((second, 2))) => (Some(second), start + 5),
            (Some('.'), Some(_)) => return None,
            _ => (None, start + 3),
        };
        let (clock, end) = self.half_of_day(start, Clock::new(hour, minute, second)?, end);
        self.forget(start..end);
        Some((clock, end))
    }

    /// `14:05`, `14:05:09`, `14:05:09.123`.
    fn clock_with_colons(&self, start: usize) -> Option<(Clock, usize)> {
        let (hour, 1 | 2) = self.number(start)? else { return None };
        let (minute, 2) = self.number(start + 2)? else { return None };
        let after_colon = start.checked_sub(1).is_some_and(|before| self.sign(before) == Some(':'));
        if self.sign(start + 1) != Some(':') || after_colon {
            return None;
        }
        if self.sign(start + 3) == Some(':')
            && let Some((second, 1 | 2)) = self.number(start + 4)
        {
            let clock = Clock::new(hour, minute, Some(second))?;
            let fraction = matches!(self.sign(start + 5), Some('.' | ','))
                && self.number(start + 6).is_some_and(|(_, length)| length >= 3);
            return Some((clock, if fraction { start + 7 } else { start + 5 }));
        }
        Some((Clock::new(hour, minute, None)?, start + 3))
    }

    /// `14h05`, `14 ч 05`, `9时30分`, `14 Uhr`.
    fn clock_with_marks(&self, start: usize) -> Option<(Clock, usize)> {
        let (hour, 1 | 2) = self.number(start)? else { return None };
        // The minutes of "14.05 Uhr" are no hours.
        let before = start.checked_sub(1).and_then(|before| self.tokens.get(before));
        let dotted = matches!(before, Some(Token::Sign { sign: '.', loose: false, .. }));
        if dotted || !self.means(start + 1, Meaning::HourMark) {
            return None;
        }
        let Some((minute, 2)) = self.number(start + 2) else {
            return Some((Clock::new(hour, 0, None)?, start + 2));
        };
        if !self.means(start + 3, Meaning::MinuteMark) {
            return Some((Clock::new(hour, minute, None)?, start + 3));
        }
        match self.number(start + 4) {
            Some((second, 1 | 2)) if self.means(start + 5, Meaning::SecondMark) => {
                Some((Clock::new(hour, minute, Some(second))?, start + 6))
            }
            _ => Some((Clock::new(hour, minute, None)?, start + 4)),
        }
    }

    /// `9 am`, `12.01am`.
    fn hour_of_half_day(&self, start: usize) -> Option<(Clock, usize)> {
        let (hour, 1 | 2) = self.number(start)? else { return None };
        let is_half = |at: usize| self.means(at, Meaning::Am) || self.means(at, Meaning::Pm);
        if !(1..=12).contains(&hour) {
            return None;
        }
        if is_half(start + 1) {
            return Some((Clock::new(hour, 0, None)?, start + 1));
        }
        let dotted = self.sign(start + 1) == Some('.') && is_half(start + 3);
        let (minute, 2) = self.number(start + 2).filter(|_| dotted)? else { return None };
        Some((Clock::new(hour, minute, None)?, start + 3))
    }

    /// Applies the mark of the half of the day that stands behind or before a time.
    fn half_of_day(&self, start: usize, clock: Clock, end: usize) -> (Clock, usize) {
        let before = start.checked_sub(1);
        let marked = |meaning| {
            if self.means(end, meaning) {
                Some(end + 1)
            } else {
                before.filter(|before| self.means(*before, meaning)).map(|_| end)
            }
        };
        if let Some(end) = marked(Meaning::Pm) {
            let hour = if clock.hour < 12 { clock.hour + 12 } else { clock.hour };
            return (Clock { hour, ..clock }, end);
        }
        match marked(Meaning::Am) {
            Some(end) if clock.hour == 12 => (Clock { hour: 0, ..clock }, end),
            Some(end) => (clock, end),
            None => (clock, end),
        }
    }

    /// Reads the zone behind a time that ends at `from`, and forgets its tokens.
    pub(super) fn take_zone(&mut self, from: usize) -> Option<TimeZone> {
        let mut start = from;
        while matches!(self.sign(start), Some('(' | '[' | ',' | '|')) {
            start += 1;
        }
        if let Some((zone, end)) = self.offset(start) {
            self.forget(start..end);
            return Some(zone);
        }
        if let Some(zone) = self.iana_name() {
            return Some(zone);
        }
        let Some(Token::Word { text, .. }) = self.tokens.get(start) else {
            return self.zone_in_words(start);
        };
        let name = text.to_uppercase();
        let universal = matches!(name.as_str(), "GMT" | "UTC" | "UT" | "Z");
        if universal && let Some((zone, end)) = self.offset(start + 1) {
            self.forget(start..end);
            return Some(zone);
        }
        // Many abbreviations are words in small letters.
        let in_capitals = |word: &str| word == name;
        let written = universal || self.raw.split(|c: char| !c.is_alphanumeric()).any(in_capitals);
        if written && let Some(zone) = zone::abbreviation(&name, self.language) {
            self.forget(start..start + 1);
            return Some(zone);
        }
        self.zone_in_words(start)
    }

    /// `+0300`, `+03:00`, `+3` without blank behind the sign.
    fn offset(&self, start: usize) -> Option<(TimeZone, usize)> {
        let Some(Token::Sign { sign, loose: false, spaced }) = self.tokens.get(start) else {
            return None;
        };
        let negative = match sign {
            '+' => false,
            '-' => true,
            _ => return None,
        };
        let (value, length) = self.number(start + 1)?;
        let is_date = matches!(self.sign(start + 2), Some('.' | '/' | '-'))
            && self.number(start + 3).is_some();
        let (hours, minutes, end) = match length {
            4 if !is_date => (value / 100, value % 100, start + 2),
            1 | 2 if self.sign(start + 2) == Some(':') => {
                // "10:05-11:30" is from then to then.
                if negative && !spaced {
                    return None;
                }
                let (minutes, 2) = self.number(start + 3)? else { return None };
                (value, minutes, start + 4)
            }
            1 | 2 if !is_date => (value, 0, start + 2),
            _ => return None,
        };
        if hours > 14 || minutes > 59 {
            return None;
        }
        let seconds = i32::try_from(hours * 3600 + minutes * 60).ok()?;
        Some((zone::offset(if negative { -seconds } else { seconds })?, end))
    }

    fn iana_name(&self) -> Option<TimeZone> {
        let words =
            self.raw.split(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '[' | ']'));
        let mut names = words.filter(|word| {
            word.contains('/') && word.starts_with(|c: char| c.is_ascii_uppercase())
        });
        names.find_map(zone::iana)
    }

    /// "14:05 по московскому времени", "14:05 (время Астаны)".
    fn zone_in_words(&self, start: usize) -> Option<TimeZone> {
        let mut words = self.tokens.iter().skip(start).take(ZONE_WORDS_REACH);
        words.find_map(|token| match token {
            Token::Word { text, .. } => zone::in_words(text),
            _ => None,
        })
    }
}
