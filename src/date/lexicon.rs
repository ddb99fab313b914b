//! The words of `languages`, folded and indexed.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use unicode_normalization::UnicodeNormalization;

use super::era;
use super::languages::{
    DAY_MARKS, HOUR_MARKS, LANGUAGES, MINUTE_MARKS, MONTH_MARKS, MONTH_PREFIXES, ONLY_AT_HOME,
    SECOND_MARKS, SOLAR_HIJRI_MONTHS, THAI_SHORT_MONTHS, YEAR_MARKS,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Year,
}

const UNITS: [Unit; 7] =
    [Unit::Second, Unit::Minute, Unit::Hour, Unit::Day, Unit::Week, Unit::Month, Unit::Year];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    Month(i8),
    SolarHijriMonth(i8),
    Now,
    /// Today is 0, yesterday 1, the day before 2.
    DaysBack(i8),
    Am,
    Pm,
    Ago,
    Unit(Unit),
    Number(i64),
    /// A number and its unit in one word.
    Amount(i64, Unit),
    YearMark,
    MonthMark,
    MonthPrefix,
    DayMark,
    HourMark,
    MinuteMark,
    SecondMark,
}

/// A meaning, and the language that gives it; `""` where that does not matter.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sense {
    pub(super) language: &'static str,
    pub(super) meaning: Meaning,
    /// Counts only where the page is known to be in that language.
    only_at_home: bool,
}

/// The words by their folded spelling. `stems` take endings.
pub(super) struct Lexicon {
    words: BTreeMap<String, Vec<Sense>>,
    stems: BTreeMap<String, Vec<Sense>>,
}

/// The longest ending that a stem takes, in characters.
const LONGEST_ENDING: usize = 6;
/// The shortest stem, in characters.
const SHORTEST_STEM: usize = 3;

pub(super) static LEXICON: LazyLock<Lexicon> = LazyLock::new(Lexicon::build);

/// Folds a text for looking up its words: compatibility forms to plain ones, digits of every
/// script to ASCII, lower case, accents of European letters, Hebrew points and Arabic vowel signs
/// out, spellings of one Arabic letter to one.
pub(super) fn fold(text: &str) -> String {
    text.nfkd()
        .flat_map(char::to_lowercase)
        .nfkd()
        .filter(|c| !is_dropped(*c))
        .map(one_spelling)
        .nfc()
        .collect::<String>()
}

/// Folds a text, its half-day marks with dots (`p.m.`, `μ.μ.`) to ones without, Thai short months
/// to long ones and the years of East Asian eras to those of the common one.
pub(super) fn fold_text(text: &str) -> String {
    let folded = era::to_common(fold(text));
    if !folded.contains('.') {
        return folded;
    }
    let is_thai = |c: char| matches!(c, '\u{e00}'..='\u{e7f}');
    let folded = if folded.contains(is_thai) {
        let months = THAI_SHORT_MONTHS.iter();
        months.fold(folded, |text, (short, long)| text.replace(short, long))
    } else {
        folded
    };
    ["a", "p", "π", "μ"].iter().fold(folded, |folded, half| {
        let second = if half.is_ascii() { "m" } else { "μ" };
        folded
            .replace(&format!("{half}. {second}."), &format!("{half}{second}"))
            .replace(&format!("{half}.{second}."), &format!("{half}{second}"))
            .replace(&format!("{half}.{second}"), &format!("{half}{second}"))
    })
}

fn is_dropped(c: char) -> bool {
    matches!(c,
        '\u{300}'..='\u{36f}' | '\u{591}'..='\u{5c7}' | '\u{610}'..='\u{61a}'
        | '\u{640}' | '\u{64b}'..='\u{65f}' | '\u{670}' | '\u{93c}' | '\u{9bc}'
        | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

fn one_spelling(c: char) -> char {
    if let Some(digit) = decimal_digit(c) {
        return digit;
    }
    match c {
        'ı' => 'i',
        'ى' | 'ی' | 'ې' | 'ۍ' => 'ي',
        'ک' => 'ك',
        'ة' | 'ہ' | 'ۀ' => 'ه',
        '\u{2212}' | '\u{2010}'..='\u{2015}' => '-',
        '\u{2236}' => ':',
        '،' | '、' | '，' => ',',
        '。' | '۔' => '.',
        '\u{2018}' | '\u{2019}' | '\u{2bc}' | '\u{2bb}' | '`' => '\'',
        other => other,
    }
}

/// ASCII digit of a decimal digit in another script (Unicode general category Nd; full-width ones
/// are folded before).
fn decimal_digit(c: char) -> Option<char> {
    const ZEROS: [u32; 14] = [
        0x660, 0x6f0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xe50, 0xed0,
        0x1040,
    ];
    let code = u32::from(c);
    ZEROS.iter().find_map(|zero| {
        let digit = code.checked_sub(*zero).filter(|digit| *digit < 10)?;
        char::from_digit(digit, 10)
    })
}

impl Lexicon {
    /// What `word`, folded, may mean.
    pub(super) fn senses(&self, word: &str) -> &[Sense] {
        if let Some(senses) = self.words.get(word) {
            return senses;
        }
        let ends = word.char_indices().map(|(at, _)| at).skip(SHORTEST_STEM).chain([word.len()]);
        let ends: Vec<usize> = ends.collect();
        let mut stems =
            ends.iter().rev().take(LONGEST_ENDING + 1).filter_map(|end| word.get(..*end));
        stems.find_map(|stem| self.stems.get(stem)).map_or(&[], Vec::as_slice)
    }

    /// What a run of words apart by one blank means, where it is listed as such.
    pub(super) fn phrase(&self, words: &str) -> Option<&[Sense]> {
        self.words.get(words).map(Vec::as_slice)
    }

    /// The sense of a word that `pick` accepts: among those of `language` where that knows the
    /// word, else among those of all others.
    pub(super) fn best<T>(
        senses: &[Sense],
        language: Option<&str>,
        pick: impl Fn(Meaning) -> Option<T>,
    ) -> Option<T> {
        let at_home = |sense: &&Sense| Some(sense.language) == language;
        let marks = |sense: &&Sense| sense.language.is_empty();
        if senses.iter().any(|sense| at_home(&sense)) {
            let near = senses.iter().filter(|sense| at_home(sense) || marks(sense));
            return near.map(|sense| sense.meaning).find_map(pick);
        }
        let away = senses.iter().filter(|sense| !sense.only_at_home);
        away.map(|sense| sense.meaning).find_map(pick)
    }

    fn build() -> Self {
        let mut lexicon = Self { words: BTreeMap::new(), stems: BTreeMap::new() };
        let shy: BTreeSet<String> = ONLY_AT_HOME.split_whitespace().map(fold).collect();
        for language in LANGUAGES {
            for (month, names) in (1..).zip(language.months) {
                lexicon.add(language.tag, names, Meaning::Month(month), &shy);
            }
            for (unit, names) in UNITS.into_iter().zip(language.units) {
                lexicon.add(language.tag, names, Meaning::Unit(unit), &shy);
            }
            for (names, meaning) in [
                (language.now, Meaning::Now),
                (language.today, Meaning::DaysBack(0)),
                (language.yesterday, Meaning::DaysBack(1)),
                (language.day_before, Meaning::DaysBack(2)),
                (language.am, Meaning::Am),
                (language.pm, Meaning::Pm),
                (language.ago, Meaning::Ago),
            ] {
                lexicon.add(language.tag, names, meaning, &shy);
            }
            for pair in language.numbers.split_whitespace() {
                if let Some((word, value)) = pair.split_once('=') {
                    lexicon.add(language.tag, word, amount(value), &shy);
                }
            }
        }
        // "Th1", as WordPress writes it; elsewhere an ordinal's ending.
        let prefix = Sense { language: "vi", meaning: Meaning::MonthPrefix, only_at_home: true };
        lexicon.words.entry("th".to_owned()).or_default().push(prefix);
        for (month, names) in (1..).zip(SOLAR_HIJRI_MONTHS) {
            lexicon.add("fa", names, Meaning::SolarHijriMonth(month), &shy);
        }
        for (names, meaning) in [
            (YEAR_MARKS, Meaning::YearMark),
            (MONTH_MARKS, Meaning::MonthMark),
            (MONTH_PREFIXES, Meaning::MonthPrefix),
            (DAY_MARKS, Meaning::DayMark),
            (HOUR_MARKS, Meaning::HourMark),
            (MINUTE_MARKS, Meaning::MinuteMark),
            (SECOND_MARKS, Meaning::SecondMark),
        ] {
            lexicon.add("", names, meaning, &BTreeSet::new());
        }
        lexicon
    }

    fn add(
        &mut self,
        language: &'static str,
        names: &str,
        meaning: Meaning,
        shy: &BTreeSet<String>,
    ) {
        for name in names.split_whitespace() {
            let (name, index) = match name.strip_suffix('*') {
                Some(stem) => (stem, &mut self.stems),
                None => (name, &mut self.words),
            };
            let word = fold(&name.replace('_', " "));
            let only_at_home = shy.contains(&word);
            index.entry(word).or_default().push(Sense { language, meaning, only_at_home });
        }
    }
}

/// `3`, or `2hour`.
fn amount(value: &str) -> Meaning {
    let digits = value.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number = digits.parse().unwrap_or(1);
    match value.get(digits.len()..) {
        Some("minute") => Meaning::Amount(number, Unit::Minute),
        Some("hour") => Meaning::Amount(number, Unit::Hour),
        Some("day") => Meaning::Amount(number, Unit::Day),
        Some("week") => Meaning::Amount(number, Unit::Week),
        Some("month") => Meaning::Amount(number, Unit::Month),
        Some("year") => Meaning::Amount(number, Unit::Year),
        _ => Meaning::Number(number),
    }
}
