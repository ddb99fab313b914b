//! A text cut into words, numbers and signs, and the absolute date among them: month names of any
//! language, numeric dates, dates in Chinese characters.

use jiff::{civil::Date, tz::TimeZone};

use super::{
    Hints, Reading, iso,
    lexicon::{LEXICON, Lexicon, Meaning, Sense},
    primary, solar_hijri, weekday,
};

/// More tokens than this are prose.
const MOST_TOKENS: usize = 96;
/// A date without a year stands among no more other words than this.
const MOST_WORDS_WITHOUT_YEAR: usize = 4;
/// So many words may stand between the parts of a date ("16 de enero del año 2022").
const MOST_WORDS_BETWEEN: usize = 3;
/// The longest listed word in a script that writes words without blanks, in characters.
const LONGEST_UNSPACED: usize = 12;

/// Reads an absolute date.
pub(super) fn read(folded: &str, raw: &str, hints: &Hints<'_>) -> Option<Reading> {
    let mut text = Text::new(folded, raw, hints);
    let mut clock = text.take_clock().or_else(|| text.take_clock_of_four_digits());
    let mut zone = clock.and_then(|(_, end)| text.take_zone(end));
    let (date, end) = text.date()?;
    if clock.is_none() {
        clock = text.take_dotted_clock(end);
        zone = clock.and_then(|(_, end)| text.take_zone(end));
    }
    Some(Reading { date, clock: clock.map(|(clock, _)| clock), zone })
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Token<'a> {
    Number {
        value: i64,
        /// Digits written.
        length: usize,
    },
    Word {
        text: &'a str,
        senses: &'static [Sense],
    },
    Sign {
        sign: char,
        /// White space stands before it.
        spaced: bool,
        /// White space stands after it.
        loose: bool,
    },
    /// What was here is read already.
    Gap,
}

/// A text cut into tokens.
pub(super) struct Text<'a> {
    pub(super) tokens: Vec<Token<'a>>,
    pub(super) raw: &'a str,
    pub(super) language: Option<&'a str>,
    hints: &'a Hints<'a>,
}

impl<'a> Text<'a> {
    /// `folded` is `raw` as [`super::lexicon::fold`] gives it.
    pub(super) fn new(folded: &'a str, raw: &'a str, hints: &'a Hints<'a>) -> Self {
        let tokens = merge_phrases(&tokens(folded), folded);
        Self { tokens, raw, language: primary(hints), hints }
    }

    /// The sense of a token that `pick` accepts.
    pub(super) fn sense<T>(
        &self,
        token: &Token<'_>,
        pick: impl Fn(Meaning) -> Option<T>,
    ) -> Option<T> {
        match token {
            Token::Word { senses, .. } => Lexicon::best(senses, self.language, pick),
            _ => None,
        }
    }

    pub(super) fn means(&self, index: usize, meaning: Meaning) -> bool {
        let token = self.tokens.get(index);
        token.is_some_and(|token| {
            self.sense(token, |other| (other == meaning).then_some(())).is_some()
        })
    }

    /// The first token with a sense that `pick` accepts.
    pub(super) fn any<T>(&self, pick: impl Fn(Meaning) -> Option<T>) -> Option<T> {
        self.tokens.iter().find_map(|token| self.sense(token, &pick))
    }

    /// How many words say nothing about time.
    pub(super) fn other_words(&self) -> usize {
        let other = |token: &&Token<'_>| matches!(token, Token::Word { senses: [], .. });
        self.tokens.iter().filter(other).count()
    }

    pub(super) fn has_numbers(&self) -> bool {
        self.tokens.iter().any(|token| matches!(token, Token::Number { .. }))
    }

    pub(super) fn number(&self, index: usize) -> Option<(i64, usize)> {
        match self.tokens.get(index) {
            Some(Token::Number { value, length }) => Some((*value, *length)),
            _ => None,
        }
    }

    pub(super) fn sign(&self, index: usize) -> Option<char> {
        match self.tokens.get(index) {
            Some(Token::Sign { sign, .. }) => Some(*sign),
            _ => None,
        }
    }

    pub(super) fn forget(&mut self, range: std::ops::Range<usize>) {
        for token in self.tokens.get_mut(range).unwrap_or_default() {
            *token = Token::Gap;
        }
    }

    /// The first date, and the index of the token after it.
    fn date(&self) -> Option<(Date, usize)> {
        let whole = (0..self.tokens.len())
            .find_map(|start| self.numeric_date(start).or_else(|| self.named_date(start)))
            .or_else(|| (0..self.tokens.len()).find_map(|start| self.plain_date(start)));
        let ago = || self.any(|meaning| (meaning == Meaning::Ago).then_some(())).is_some();
        let has_year = || (0..self.tokens.len()).any(|index| self.is_year(index));
        if whole.is_some() || self.other_words() > MOST_WORDS_WITHOUT_YEAR || has_year() || ago() {
            return whole;
        }
        (0..self.tokens.len()).find_map(|start| self.date_without_year(start))
    }

    /// `2022-01-16`, `16.01.2022`, `20220116`.
    fn numeric_date(&self, start: usize) -> Option<(Date, usize)> {
        let first = self.number(start)?;
        if first.1 == 8 {
            let (year, rest) = (first.0 / 10_000, first.0 % 10_000);
            return Some((self.calendar(year, rest / 100, rest % 100)?, start + 1));
        }
        let sign = self.sign(start + 1).filter(|sign| matches!(sign, '-' | '/' | '.'))?;
        let second = self.number(start + 2)?;
        if self.sign(start + 3) != Some(sign) || second.1 > 2 || first.1 > 4 {
            return None;
        }
        let third = self.number(start + 4)?;
        let date = match (first.1, third.1) {
            (4, 1 | 2) => self.calendar(first.0, second.0, third.0),
            (1 | 2, 4) => self.ordered(sign, first.0, second.0, third.0),
            (2, 2) if self.year_stands_first() => self.calendar(2000 + first.0, second.0, third.0),
            (1 | 2, 2) => self.ordered(sign, first.0, second.0, century(third.0)),
            _ => None,
        }?;
        Some((date, start + 5))
    }

    /// A day and a month in the order that the sign, the numbers or the language give.
    fn ordered(&self, sign: char, first: i64, second: i64, year: i64) -> Option<Date> {
        let day_first = || self.calendar(year, second, first);
        let month_first = || self.calendar(year, first, second);
        if first > 12 || sign == '.' && second <= 12 {
            return day_first();
        }
        if second > 12 || first == second {
            return month_first();
        }
        if let Some(date) = self.on_its_weekday([day_first(), month_first()]) {
            return Some(date);
        }
        let region = self.hints.language?.split(['-', '_']).skip(1).find(|tag| tag.len() == 2);
        match (self.language?, region.map(str::to_ascii_uppercase).as_deref()) {
            ("en", None | Some("CA")) => None,
            ("en", Some("US" | "PH")) => month_first(),
            _ => day_first(),
        }
    }

    /// The one of two days that falls on the weekday that the text names.
    fn on_its_weekday(&self, dates: [Option<Date>; 2]) -> Option<Date> {
        let words = self.tokens.iter().filter_map(|token| match token {
            Token::Word { text, .. } => Some(weekday::days(text, self.language)),
            _ => None,
        });
        let days = words.fold(0, |days, day| days | day);
        let mut falls =
            dates.into_iter().flatten().filter(|date| days & weekday::bit(date.weekday()) != 0);
        falls.next().filter(|_| falls.next().is_none())
    }

    fn year_stands_first(&self) -> bool {
        matches!(self.language, Some("zh" | "ja" | "ko" | "hu" | "mn" | "lt"))
    }

    /// A day of the calendar that a year's number tells: Gregorian, Solar Hijri or Thai.
    fn calendar(&self, year: i64, month: i64, day: i64) -> Option<Date> {
        let persian = matches!(self.language, Some("fa" | "ps" | "prs"));
        match year {
            // Years 1410 to 1450 are also those of the lunar Islamic calendar.
            1300..=1409 => solar_hijri::to_gregorian(year, small(month)?, small(day)?),
            1410..=1500 if persian => solar_hijri::to_gregorian(year, small(month)?, small(day)?),
            2400..=2700 => iso::civil(year - 543, month, day),
            1800..2200 => iso::civil(year, month, day),
            _ => None,
        }
    }

    /// A date with its month in words, all three parts there, in any order.
    fn named_date(&self, start: usize) -> Option<(Date, usize)> {
        if let Some((month, next)) = self.month(start) {
            let day = self.next(next)?;
            let year = self.next(day + 1)?;
            return Some((month.date(self, self.year(year)?, self.day(day)?)?, year + 1));
        }
        let second = self.next(start + 1)?;
        if let Some((month, next)) = self.month(second) {
            let third = self.next(next)?;
            if let Some(day) = self.day(start) {
                let year = self.year(third).or_else(|| self.short_year(next, third))?;
                return Some((month.date(self, year, day)?, third + 1));
            }
            return Some((month.date(self, self.year(start)?, self.day(third)?)?, third + 1));
        }
        let (month, next) = self.month(self.next(second + 1)?)?;
        Some((month.date(self, self.year(start)?, self.day(second)?)?, next))
    }

    /// A day, a month and a year next to each other: that is a date also where the month's name is
    /// one only in a language that the page is not known to be in.
    fn plain_date(&self, start: usize) -> Option<(Date, usize)> {
        let day = self.day(start)?;
        let beyond_signs = |from: usize| {
            (from..from + 3)
                .find(|index| self.sign(*index).is_none_or(|sign| !"-./,".contains(sign)))
        };
        let name = beyond_signs(start + 1)?;
        let Some(Token::Word { senses, .. }) = self.tokens.get(name) else { return None };
        let index = beyond_signs(name + 1)?;
        let year = self.year(index)?;
        let gregorian = senses.iter().filter_map(|sense| match sense.meaning {
            Meaning::Month(month) => Some(self.calendar(year, month.into(), day)),
            _ => None,
        });
        // The year tells the calendar: no other has both these months and these years.
        let persian = senses.iter().filter_map(|sense| match sense.meaning {
            Meaning::SolarHijriMonth(month) if (1300..=1500).contains(&year) => {
                Some(Month::SolarHijri(month).date(self, year, day))
            }
            _ => None,
        });
        let mut dates = persian.chain(gregorian.filter(|_| year >= 1800));
        let date = dates.next()?;
        let is_certain = dates.all(|other| other == date);
        is_certain.then_some((date?, index + 1))
    }

    /// A day and a month: of the year that puts it last before tomorrow.
    fn date_without_year(&self, start: usize) -> Option<(Date, usize)> {
        let zone = self.hints.zone.cloned().unwrap_or(TimeZone::UTC);
        let today = self.hints.now?.to_zoned(zone).date();
        let (month, day, end) = if let Some((month, next)) = self.month(start) {
            let day = self.next(next)?;
            (month, self.day(day)?, day + 1)
        } else {
            let (month, next) = self.month(self.next(start + 1)?)?;
            (month, self.day(start)?, next)
        };
        let latest = today.tomorrow().ok()?;
        let this_year = i64::from(today.year());
        let years = match month {
            Month::Gregorian(_) => [this_year + 1, this_year, this_year - 1],
            Month::SolarHijri(_) => [this_year - 621, this_year - 622, this_year - 623],
        };
        let mut dates = years.into_iter().filter_map(|year| month.date(self, year, day));
        Some((dates.find(|date| *date <= latest)?, end))
    }

    /// The month at a token and the index after it: a name, `1月`, `tháng 1`.
    fn month(&self, index: usize) -> Option<(Month, usize)> {
        let token = self.tokens.get(index)?;
        if let Some((value, length)) = self.number(index) {
            let marked = length <= 2 && self.means(index + 1, Meaning::MonthMark);
            return marked.then_some((Month::Gregorian(value), index + 2));
        }
        if self.means(index, Meaning::MonthPrefix)
            && let Some((value, 1 | 2)) = self.number(index + 1)
        {
            return Some((Month::Gregorian(value), index + 2));
        }
        let month = self.sense(token, |meaning| match meaning {
            Meaning::Month(month) => Some(Month::Gregorian(month.into())),
            Meaning::SolarHijriMonth(month) => Some(Month::SolarHijri(month)),
            _ => None,
        })?;
        Some((month, index + 1))
    }

    fn day(&self, index: usize) -> Option<i64> {
        let (value, length) = self.number(index)?;
        (length <= 2 && !self.is_year(index) && (1..=31).contains(&value)).then_some(value)
    }

    /// Whether it is called a year: one of two digits may be of any era.
    fn is_year(&self, index: usize) -> bool {
        let mark = self.tokens.get(index + 1);
        self.number(index).is_some() && matches!(mark, Some(Token::Word { text: "年" | "년", .. }))
    }

    fn year(&self, index: usize) -> Option<i64> {
        let (value, length) = self.number(index)?;
        (length == 4).then_some(value)
    }

    /// A year of two digits, right behind the month.
    fn short_year(&self, after_month: usize, index: usize) -> Option<i64> {
        let (value, length) = self.number(index)?;
        let between = self.tokens.get(after_month..index)?;
        let close = between.iter().all(|token| matches!(token, Token::Sign { .. }));
        // Of the Buddhist era: 2565 is 2022.
        let year = if self.language == Some("th") { 2500 + value } else { century(value) };
        (length == 2 && close).then_some(year)
    }

    /// The next part of a date from `index` on: a number or a month, beyond signs and a few words.
    fn next(&self, index: usize) -> Option<usize> {
        let mut words = 0;
        for (index, token) in self.tokens.iter().enumerate().skip(index) {
            match token {
                Token::Number { .. } => return Some(index),
                Token::Sign { sign: '-' | '.' | ',' | '/' | '\'' | '(' | ')' | '|', .. }
                | Token::Gap => {}
                Token::Sign { .. } => return None,
                Token::Word { .. } if self.month(index).is_some() => return Some(index),
                Token::Word { .. } => {
                    words += 1;
                    if words > MOST_WORDS_BETWEEN {
                        return None;
                    }
                }
            }
        }
        None
    }
}

#[derive(Debug, Clone, Copy)]
enum Month {
    Gregorian(i64),
    SolarHijri(i8),
}

impl Month {
    fn date(self, text: &Text<'_>, year: i64, day: i64) -> Option<Date> {
        match self {
            Self::Gregorian(month) if year >= 1800 => text.calendar(year, month, day),
            Self::Gregorian(_) => None,
            Self::SolarHijri(month) => solar_hijri::to_gregorian(year, month, small(day)?),
        }
    }
}

fn small(number: i64) -> Option<i8> {
    i8::try_from(number).ok()
}

/// The year that two digits mean (RFC 2822 section 4.3 puts the border at 50; dates of news lie
/// after 1970).
fn century(year: i64) -> i64 {
    if year < 70 { 2000 + year } else { 1900 + year }
}

fn tokens(folded: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = folded;
    let mut spaced = true;
    while let Some(first) = rest.chars().next() {
        if tokens.len() >= MOST_TOKENS {
            break;
        }
        let length = if first.is_ascii_digit() {
            let length = length_while(rest, |c| c.is_ascii_digit());
            let digits = rest.get(..length).unwrap_or_default();
            // A number too long to be read is none of a date.
            let value = digits.parse().unwrap_or(0);
            tokens.push(Token::Number { value, length });
            length
        } else if is_letter(first) {
            let length = length_while(rest, is_letter);
            push_words(rest.get(..length).unwrap_or_default(), &mut tokens);
            length
        } else {
            let length = first.len_utf8();
            // An apostrophe joins or cuts off an ending: the words around it stand by themselves.
            if !first.is_whitespace() && first != '\'' {
                let loose = rest.chars().nth(1).is_none_or(char::is_whitespace);
                tokens.push(Token::Sign { sign: first, spaced, loose });
            }
            length
        };
        spaced = first.is_whitespace();
        rest = rest.get(length..).unwrap_or_default();
    }
    tokens
}

fn length_while(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|c| !belongs(c)).unwrap_or(text.len())
}

/// Letters, and the vowel signs of the scripts of South and South East Asia.
fn is_letter(c: char) -> bool {
    c.is_alphabetic()
        || (matches!(c, '\u{900}'..='\u{dff}' | '\u{e00}'..='\u{eff}'
                | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}')
            && !c.is_numeric()
            && !matches!(c, '\u{964}' | '\u{965}' | '\u{104a}'..='\u{104f}'
                | '\u{17d4}'..='\u{17da}'))
}

/// Scripts that write words without blanks between them, and those that glue marks to words.
fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}'
        | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}')
}

/// Pushes a run of letters: one word, or the listed words that an unspaced run begins with.
fn push_words<'a>(run: &'a str, tokens: &mut Vec<Token<'a>>) {
    let senses = LEXICON.senses(run);
    if !senses.is_empty() || !run.chars().any(is_unspaced) {
        tokens.push(Token::Word { text: run, senses });
        return;
    }
    let mut rest = run;
    while !rest.is_empty() {
        let ends = rest.char_indices().map(|(at, c)| at + c.len_utf8()).take(LONGEST_UNSPACED);
        let ends: Vec<usize> = ends.collect();
        let known = ends.iter().rev().find_map(|end| {
            let word = rest.get(..*end)?;
            Some((word, LEXICON.phrase(word)?))
        });
        let first = ends.first().and_then(|end| rest.get(..*end)).unwrap_or(rest);
        let (text, senses) = known.unwrap_or((first, &[]));
        tokens.push(Token::Word { text, senses });
        rest = rest.get(text.len()..).unwrap_or_default();
    }
}

/// Joins words that mean something together ("il y a", "كانون الثاني").
fn merge_phrases<'a>(tokens: &[Token<'a>], folded: &'a str) -> Vec<Token<'a>> {
    let mut merged = Vec::with_capacity(tokens.len());
    let mut index = 0;
    while let Some(token) = tokens.get(index) {
        let found = (2..=3).rev().find_map(|count| {
            let words = tokens.get(index..index + count)?;
            let words = words.iter().map(|token| match token {
                Token::Word { text, .. } => Some(*text),
                _ => None,
            });
            let words: Option<Vec<&str>> = words.collect();
            Some((count, LEXICON.phrase(&words?.join(" "))?))
        });
        if let Some((count, senses)) = found {
            merged.push(Token::Word { text: folded, senses });
            index += count;
        } else {
            merged.push(*token);
            index += 1;
        }
    }
    merged
}
