//! Scripts: which are in a text, and which of them tell the language by themselves.

/// A script that several languages are written in, told apart by the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Alphabet {
    Latin,
    Cyrillic,
    Arabic,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Writing {
    Shared(Alphabet),
    /// Chinese, or Japanese where there is kana beside it.
    Han,
    /// One language that we know; after it those that a declaration may turn it into.
    One(&'static str, &'static [&'static str]),
}

/// Letters of a text by how they are written.
pub(super) struct Census {
    counts: Vec<(Writing, usize)>,
    /// Latin letters of words with a capital one, names for the most part.
    in_names: usize,
}

impl Census {
    pub(super) fn of(text: &str) -> Self {
        let mut counts: Vec<(Writing, usize)> = Vec::new();
        let mut in_names = 0;
        let (mut length, mut is_name) = (0, false);
        for c in text.chars() {
            let writing = writing(c);
            if writing == Some(LATIN) {
                length += 1;
                is_name |= c.is_uppercase();
            } else if length > 0 {
                in_names += if is_name { length } else { 0 };
                (length, is_name) = (0, false);
            }
            let Some(writing) = writing else { continue };
            match counts.iter_mut().find(|(known, _)| *known == writing) {
                Some((_, count)) => *count += 1,
                None => counts.push((writing, 1)),
            }
        }
        in_names += if is_name { length } else { 0 };
        let mut census = Self { counts, in_names };
        census.give_han_to_japanese();
        census
    }

    /// Kana is between the Han characters of nearly every Japanese sentence, and in Chinese it is
    /// a quoted name.
    fn give_han_to_japanese(&mut self) {
        let (han, kana) = (self.letters(Writing::Han), self.letters(KANA));
        if kana > 0 && kana * 8 >= han {
            self.counts.retain(|(writing, _)| *writing != Writing::Han && *writing != KANA);
            self.counts.push((KANA, han + kana));
        }
    }

    pub(super) fn letters(&self, writing: Writing) -> usize {
        self.counts.iter().find(|(known, _)| *known == writing).map_or(0, |(_, count)| *count)
    }

    /// The writing of most of the text, the first in order of a tie.
    pub(super) fn main(&self) -> Option<Writing> {
        self.counts
            .iter()
            .max_by_key(|(writing, count)| {
                (self.weight(*writing, *count), std::cmp::Reverse(*writing))
            })
            .map(|(writing, _)| *writing)
    }

    /// Names in Latin letters stand in texts of every script, and seldom the reverse; a character of
    /// Han, kana or Hangul is worth several letters.
    fn weight(&self, writing: Writing, letters: usize) -> usize {
        match writing {
            LATIN => letters * 2 - self.in_names,
            Writing::Han | KANA | HANGUL => letters * 6,
            Writing::Shared(_) | Writing::One(..) => letters * 3,
        }
    }

    /// The part of the text that is in `writing`, 0 to 1; names in Latin letters are left out of a
    /// text in another script.
    #[expect(clippy::cast_precision_loss, reason = "a sample has at most thousands of letters")]
    pub(super) fn share(&self, writing: Writing) -> f32 {
        let own = self.weight(writing, self.letters(writing));
        let others = self.counts.iter().filter(|(known, _)| *known != writing);
        let others: usize = others
            .map(|(known, count)| match *known {
                LATIN => (count - self.in_names) * 2,
                known => self.weight(known, *count),
            })
            .sum();
        own as f32 / (own + others).max(1) as f32
    }
}

/// The languages that have a script of their own, with those that a declaration may turn them into.
pub(super) fn alone() -> impl Iterator<Item = &'static str> {
    let writings = ('\u{0}'..='\u{2FFF}').chain(['あ', '가']).filter_map(writing);
    let languages = writings.filter_map(|writing| match writing {
        Writing::One(language, relatives) => Some([&[language], relatives].concat()),
        _ => None,
    });
    languages.flatten()
}

const LATIN: Writing = Writing::Shared(Alphabet::Latin);
const KANA: Writing = Writing::One("ja", &[]);
const HANGUL: Writing = Writing::One("ko", &[]);

fn writing(c: char) -> Option<Writing> {
    if c.is_ascii() {
        return c.is_ascii_alphabetic().then_some(LATIN);
    }
    Some(match c {
        '\u{D7}' | '\u{F7}' | '\u{482}'..='\u{489}' => return None,
        '\u{C0}'..='\u{2AF}' | '\u{1E00}'..='\u{1EFF}' => LATIN,
        '\u{370}'..='\u{3FF}' | '\u{1F00}'..='\u{1FFF}' => Writing::One("el", &[]),
        '\u{400}'..='\u{52F}' => Writing::Shared(Alphabet::Cyrillic),
        '\u{531}'..='\u{587}' => Writing::One("hy", &[]),
        '\u{5D0}'..='\u{5F2}' => Writing::One("he", &["yi"]),
        '\u{620}'..='\u{63F}'
        | '\u{641}'..='\u{64A}'
        | '\u{66E}'..='\u{6D3}'
        | '\u{6D5}'
        | '\u{6FA}'..='\u{6FF}'
        | '\u{750}'..='\u{77F}' => Writing::Shared(Alphabet::Arabic),
        '\u{780}'..='\u{7B1}' => Writing::One("dv", &[]),
        '\u{900}'..='\u{963}' => Writing::One("hi", &["mr", "ne"]),
        '\u{980}'..='\u{9E3}' => Writing::One("bn", &["as"]),
        '\u{A01}'..='\u{A74}' => Writing::One("pa", &[]),
        '\u{A81}'..='\u{AE3}' => Writing::One("gu", &[]),
        '\u{B01}'..='\u{B63}' => Writing::One("or", &[]),
        '\u{B82}'..='\u{BD7}' => Writing::One("ta", &[]),
        '\u{C00}'..='\u{C63}' => Writing::One("te", &[]),
        '\u{C80}'..='\u{CE3}' => Writing::One("kn", &[]),
        '\u{D00}'..='\u{D63}' => Writing::One("ml", &[]),
        '\u{D81}'..='\u{DDF}' => Writing::One("si", &[]),
        '\u{E01}'..='\u{E4E}' => Writing::One("th", &[]),
        '\u{E81}'..='\u{EDF}' => Writing::One("lo", &[]),
        '\u{F40}'..='\u{FBC}' => Writing::One("bo", &["dz"]),
        '\u{1000}'..='\u{103F}' => Writing::One("my", &[]),
        '\u{10A0}'..='\u{10FF}' | '\u{1C90}'..='\u{1CBF}' => Writing::One("ka", &[]),
        '\u{1200}'..='\u{135A}' => Writing::One("am", &["ti"]),
        '\u{1780}'..='\u{17D3}' => Writing::One("km", &[]),
        '\u{3041}'..='\u{309F}' | '\u{30A1}'..='\u{30FA}' | '\u{30FC}'..='\u{30FF}' => KANA,
        '\u{1100}'..='\u{11FF}' | '\u{3131}'..='\u{318E}' | '\u{AC00}'..='\u{D7A3}' => HANGUL,
        '\u{3400}'..='\u{4DBF}'
        | '\u{4E00}'..='\u{9FFF}'
        | '\u{F900}'..='\u{FAFF}'
        | '\u{20000}'..='\u{323AF}' => Writing::Han,
        _ => return None,
    })
}

/// Letters of a language of whose texts the model has seen few or none, and what it takes them for.
struct Telling {
    alphabet: Alphabet,
    /// One of each stands often in such a text.
    letters: &'static [&'static [char]],
    language: &'static str,
    /// Empty: anything.
    taken_for: &'static [&'static str],
}

const TELLING: [Telling; 3] = [
    Telling {
        alphabet: Alphabet::Cyrillic,
        letters: &[&['ҡ', 'Ҡ', 'ҙ', 'Ҙ']],
        language: "ba",
        taken_for: &["kk", "tt", "ky"],
    },
    Telling {
        alphabet: Alphabet::Latin,
        letters: &[&['ǵ', 'Ǵ']],
        language: "kk-Latn",
        taken_for: &[],
    },
    // Uyghur has the one, Arabic the other.
    Telling {
        alphabet: Alphabet::Arabic,
        letters: &[&['ۇ'], &['ع']],
        language: "kk-Arab",
        taken_for: &[],
    },
];

/// One of so many letters is often.
const OFTEN: usize = 150;

/// The language that single letters tell, of a text with so many in `alphabet` that the model took
/// for `taken`.
pub(super) fn told_by_letters(
    text: &str,
    alphabet: Alphabet,
    letters: usize,
    taken: &str,
) -> Option<&'static str> {
    let is_often = |one: &&[char]| text.matches(*one).count() * OFTEN >= letters;
    let told = |telling: &&Telling| {
        telling.alphabet == alphabet
            && (telling.taken_for.is_empty() || telling.taken_for.contains(&taken))
            && telling.letters.iter().all(is_often)
    };
    TELLING.iter().find(told).map(|telling| telling.language)
}

/// The letter that `c` counts as in a text of `alphabet`; a letter of another script is none.
pub(super) fn letter(c: char, alphabet: Alphabet) -> Option<char> {
    if writing(c)? != Writing::Shared(alphabet) {
        return None;
    }
    if c.is_ascii() { Some(c.to_ascii_lowercase()) } else { c.to_lowercase().next() }
}

/// Between two letters these are one sign: Uzbek o‘, Ukrainian п’ять, l’avion.
pub(super) fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '‘' | '’' | 'ʻ' | 'ʼ' | '`' | '´')
}
