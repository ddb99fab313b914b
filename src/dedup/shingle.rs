//! Words and word 3-grams.

use std::{
    str::Chars,
    sync::{LazyLock, OnceLock},
};

use unicode_normalization::{
    IsNormalized, UnicodeNormalization, char::canonical_combining_class, is_nfkc_quick,
};

/// Weight of a shingle: three words. A Han or kana character is half a word, and a character of a
/// script that sets no spaces between words a quarter.
const SHINGLE_WEIGHT: u32 = 12;

/// A text ready to be compared: its shingles, in order and as a set, and its numbers.
#[derive(Debug, Clone, Default)]
pub struct Text {
    /// Hashes of the word 3-grams in the order of the text.
    pub(super) shingles: Vec<u64>,
    /// Made of them when first asked for: most texts are like no other.
    set: OnceLock<Vec<u64>>,
    /// Hashes of the numbers in the text, sorted, each once.
    pub(super) numbers: Vec<u64>,
    /// Hashes of the words of the title, sorted, each once.
    pub(super) title: Vec<u64>,
    /// Length in quarters of a word.
    pub(super) weight: u32,
    /// Hash of all words of the text, without the title, in their order; where it has none, of the
    /// words of the title.
    pub(super) content: u64,
    /// There is nothing but a title.
    pub(super) is_bare: bool,
}

/// Below this weight (in quarters of a word) the title is part of the text.
const SHORT: u32 = 4 * 8;

impl Text {
    pub fn of(title: &str, text: &str) -> Self {
        let mut tokens = Tokens::of(text);
        let mut headline = Tokens::of(title);
        let is_bare = tokens.words.is_empty();
        let content = hash_of(if is_bare { &headline.words } else { &tokens.words });
        let mut title: Vec<u64> = headline.words.iter().map(|(hash, _)| *hash).collect();
        sort_once(&mut title);
        if tokens.weight < SHORT {
            headline.words.append(&mut tokens.words);
            headline.numbers.append(&mut tokens.numbers);
            headline.weight += tokens.weight;
            tokens = headline;
        }
        let shingles = tokens.shingles();
        let mut numbers = tokens.numbers;
        sort_once(&mut numbers);
        let weight = tokens.weight;
        Self { shingles, set: OnceLock::new(), numbers, title, weight, content, is_bare }
    }

    /// The shingles, sorted, each once.
    pub(super) fn set(&self) -> &[u64] {
        self.set.get_or_init(|| {
            let mut set = self.shingles.clone();
            sort_once(&mut set);
            set
        })
    }

    /// The smallest shingles, sorted, each once: all up to `bound`, and `least` of them (or all
    /// there are) where fewer are below it.
    pub(super) fn smallest(&self, least: usize, bound: u64) -> Vec<u64> {
        // Twice as many as are wanted are expected below this; so seldom are they too few.
        let likely = (u64::MAX / (self.shingles.len() as u64 + 1)).saturating_mul(2 * least as u64);
        let mut small = Vec::with_capacity(4 * least);
        small.extend(self.shingles.iter().filter(|hash| **hash < bound.max(likely)));
        sort_once(&mut small);
        if small.len() < least {
            small = self.set().to_vec();
        }
        let below = small.partition_point(|hash| *hash < bound);
        small.truncate(below.max(least));
        small
    }

    /// Words, counting characters of scripts without spaces at their share.
    pub fn words(&self) -> u32 {
        self.weight / 4
    }
}

fn sort_once(hashes: &mut Vec<u64>) {
    hashes.sort_unstable();
    hashes.dedup();
}

#[derive(Debug, Clone, Default)]
struct Tokens {
    /// Hash and weight, in quarters of a word.
    words: Vec<(u64, u32)>,
    numbers: Vec<u64>,
    /// Of all words.
    weight: u32,
    /// Of the word being read: its letters, 0 where it has none, and how many of them are digits.
    state: u64,
    digits: u32,
}

impl Words for Tokens {
    fn letter(&mut self, c: char) {
        self.state = spell(self.state, u32::from(c));
        self.digits += u32::from(c.is_ascii_digit());
    }

    fn end(&mut self, weight: u32) {
        if self.state == 0 {
            return;
        }
        let hash = mix(self.state);
        // One digit alone counts paragraphs and points, not facts.
        if self.digits > 1 {
            self.numbers.push(hash);
        }
        self.words.push((hash, weight));
        self.weight += weight;
        (self.state, self.digits) = (0, 0);
    }

    fn plain(&mut self, kinds: &Kinds, chars: &mut Chars<'_>) {
        // As it was before the last character that was taken, which what follows may change.
        let (mut before, mut behind) = (self.state, chars.clone());
        let mut state = self.state;
        loop {
            let here = chars.clone();
            match chars.next().map_or(END, |c| kind_of(kinds, c)) {
                letter @ FIRST_LETTER..SPECIAL => {
                    before = state;
                    state = spell(state, letter);
                }
                SEPARATOR | POINT => {
                    self.state = state;
                    self.end(WORD);
                    (before, state) = (0, 0);
                }
                UNKNOWN => {
                    (self.state, *chars) = (before, behind);
                    return;
                }
                _ => {
                    (self.state, *chars) = (state, here);
                    return;
                }
            }
            behind = here;
        }
    }
}

impl Tokens {
    fn of(text: &str) -> Self {
        let words = Vec::with_capacity(text.len() / 6);
        let mut tokens = Self { words, ..Self::default() };
        split(text, &mut tokens);
        tokens
    }

    fn shingles(&self) -> Vec<u64> {
        if self.words.len() > 2 && self.words.iter().all(|(_, weight)| *weight == WORD) {
            return self.words.array_windows().map(|window: &[_; 3]| shingle_of(window)).collect();
        }
        let mut shingles = Vec::with_capacity(self.words.len());
        let mut start = 0;
        let mut weight = 0;
        for (end, (_, added)) in self.words.iter().enumerate() {
            weight += added;
            // The window is as short as its weight allows.
            while weight >= SHINGLE_WEIGHT {
                let window = self.words.get(start..=end).unwrap_or_default();
                shingles.push(shingle_of(window));
                weight -= window.first().map_or(weight, |(_, weight)| *weight);
                start += 1;
            }
        }
        if shingles.is_empty() && !self.words.is_empty() {
            shingles.push(shingle_of(&self.words));
        }
        shingles
    }
}

fn hash_of(words: &[(u64, u32)]) -> u64 {
    mix(words.iter().fold(SEED, |state, (hash, _)| chain(state, *hash)))
}

/// Of a few words, in their order. Each has a hash as good as chance, so that to tabulate is enough
/// (Patrascu and Thorup, "The power of simple tabulation hashing", 2012).
#[inline]
fn shingle_of(words: &[(u64, u32)]) -> u64 {
    words.iter().fold(0, |state, (hash, _)| state.rotate_left(25) ^ hash)
}

enum Script {
    Spaced,
    /// Han and kana.
    Half,
    /// Thai, Lao, Khmer, Myanmar, Tibetan.
    Quarter,
}

fn script(c: char) -> Script {
    match u32::from(c) {
        0x3041..=0x30ff
        | 0x3400..=0x4dbf
        | 0x4e00..=0x9fff
        | 0xf900..=0xfaff
        | 0x2_0000..=0x3_ffff => Script::Half,
        0x0e01..=0x0fff | 0x1000..=0x109f | 0x1780..=0x17ff => Script::Quarter,
        _ => Script::Spaced,
    }
}

/// Takes the words of a text letter by letter: a run of letters and digits in lower case, compatible
/// forms folded; or one character where the script sets no spaces. In a number, separators of
/// thousands and decimals are left out.
trait Words {
    fn letter(&mut self, c: char);
    /// The word, if it has a letter, is over. `weight` is in quarters of a word.
    fn end(&mut self, weight: u32);
    /// May take, outside of a number, letters and what sets words apart as far as they are sure.
    fn plain(&mut self, _: &Kinds, _: &mut Chars<'_>) {}
}

/// Calls `found` with each word of `text`, in UTF-8.
pub(super) fn words(text: &str, found: impl FnMut(&[u8])) {
    split(text, &mut Bytes { word: Vec::with_capacity(32), found });
}

struct Bytes<F> {
    word: Vec<u8>,
    found: F,
}

impl<F: FnMut(&[u8])> Words for Bytes<F> {
    fn letter(&mut self, c: char) {
        self.word.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    }

    fn end(&mut self, _: u32) {
        if !self.word.is_empty() {
            (self.found)(&self.word);
            self.word.clear();
        }
    }
}

/// What the characters of the basic plane are, where that does not rest on those around them.
static KINDS: LazyLock<Box<Kinds>> = LazyLock::new(|| {
    let kind = |code: u32| {
        let Some(c) = char::from_u32(code) else { return UNKNOWN };
        let mut lower = c.to_lowercase();
        let single = lower.next().filter(|_| lower.next().is_none());
        if matches!(c, '\u{a0}' | '\u{2009}' | '\u{202f}' | '…') {
            // NFKC makes of them what sets words apart as well.
            SEPARATOR
        } else if is_nfkc_quick([c].into_iter()) != IsNormalized::Yes
            || canonical_combining_class(c) != 0
        {
            UNKNOWN
        } else {
            match closer_look(c) {
                UNKNOWN => single.map_or(UNKNOWN, u32::from),
                kind => kind,
            }
        }
    };
    let mut kinds = Box::new([UNKNOWN; 1 << 16]);
    (0..).zip(kinds.iter_mut()).for_each(|(code, known)| *known = kind(code));
    kinds
});

type Kinds = [u32; 1 << 16];

/// No part of a word.
const SEPARATOR: u32 = 0;
/// The same, but one may stand in a number.
const POINT: u32 = 1;
/// From here on to [`CHARACTER`] it is a letter, in lower case.
const FIRST_LETTER: u32 = 2;
const CHARACTER: u32 = (1 << 28) - 1;
/// Anything but those.
const SPECIAL: u32 = 1 << 31;
/// Takes a closer look, and NFKC where the text is not normalized.
const UNKNOWN: u32 = SPECIAL;
/// Behind the last character.
const END: u32 = SPECIAL | 1;
/// With the ASCII digit.
const DIGIT: u32 = SPECIAL | 1 << 28;
/// With a character that is a word of its own, and half of one or a quarter by its weight.
const HALF: u32 = SPECIAL | 1 << 29;
const QUARTER: u32 = SPECIAL | 1 << 30;

/// The kind of a character that the table does not know: [`UNKNOWN`] for a letter or a mark.
fn closer_look(c: char) -> u32 {
    match (decimal(c), script(c)) {
        (Some(digit), _) => DIGIT | u32::from(digit),
        _ if matches!(c, '.' | ',' | '\'') => POINT,
        _ if !c.is_alphanumeric() && !is_mark(c) => SEPARATOR,
        (None, Script::Spaced) => UNKNOWN,
        (None, Script::Half) => HALF | u32::from(c),
        (None, Script::Quarter) => QUARTER | u32::from(c),
    }
}

/// Goes over a text as if it were in NFKC. What the table knows is normal by itself and composes
/// with nothing before it, so that only what it does not know, with the character before, has to be
/// looked at.
fn split(text: &str, words: &mut impl Words) {
    let kinds = &**KINDS;
    let mut splitter = Splitter { words, number: false, pending: false };
    let mut chars = text.chars();
    loop {
        if !splitter.number {
            splitter.words.plain(kinds, &mut chars);
        }
        let rest = chars.as_str();
        let Some(kind) = chars.next().map(|c| kind_of(kinds, c)) else { break };
        let next = chars.clone().next().map_or(END, |c| kind_of(kinds, c));
        if kind != UNKNOWN && next != UNKNOWN {
            splitter.take(kind);
        } else {
            let (unsure, rest) = unsure(kinds, rest);
            unsure.nfkc().for_each(|c| splitter.take_char(c));
            chars = rest.chars();
        }
    }
    splitter.words.end(WORD);
}

fn kind_of(kinds: &Kinds, c: char) -> u32 {
    kinds.get(c as usize).copied().unwrap_or(UNKNOWN)
}

/// The first character and those after it that the table does not know, and what comes then.
fn unsure<'t>(kinds: &Kinds, text: &'t str) -> (&'t str, &'t str) {
    let mut behind = text.char_indices().skip(1);
    let end = behind.find(|(_, c)| kind_of(kinds, *c) != UNKNOWN).map_or(text.len(), |(at, _)| at);
    text.split_at_checked(end).unwrap_or((text, ""))
}

/// Tells words apart, character by character.
struct Splitter<'w, W> {
    words: &'w mut W,
    number: bool,
    /// After a number, what may set off its thousands or decimals: the next character tells.
    pending: bool,
}

impl<W: Words> Splitter<'_, W> {
    fn take_char(&mut self, c: char) {
        match closer_look(c) {
            // Marks belong to the letter before them: vowel signs of Indic scripts, Arabic points.
            UNKNOWN => c.to_lowercase().for_each(|lower| self.take(u32::from(lower))),
            kind => self.take(kind),
        }
    }

    fn take(&mut self, kind: u32) {
        let letter = char::from_u32(kind & CHARACTER).unwrap_or_default();
        if kind & DIGIT == DIGIT {
            if !self.number {
                self.words.end(WORD);
            }
            self.words.letter(letter);
            (self.number, self.pending) = (true, false);
            return;
        }
        if self.number {
            if kind == POINT && !self.pending {
                self.pending = true;
                return;
            }
            self.words.end(WORD);
            (self.number, self.pending) = (false, false);
        }
        match kind {
            UNKNOWN | SEPARATOR | POINT => self.words.end(WORD),
            FIRST_LETTER..=CHARACTER => self.words.letter(letter),
            _ => {
                self.words.end(WORD);
                self.words.letter(letter);
                self.words.end(if kind & HALF == HALF { WORD / 2 } else { WORD / 4 });
            }
        }
    }
}

/// A word's weight, in quarters.
const WORD: u32 = 4;

fn is_mark(c: char) -> bool {
    matches!(u32::from(c), 0x0300..=0x036f | 0x0483..=0x0487 | 0x0591..=0x05c7 | 0x064b..=0x065f | 0x0670
        | 0x0900..=0x0903 | 0x093a..=0x094f | 0x0981..=0x0983 | 0x09bc..=0x09cd | 0x0a01..=0x0a4d
        | 0x0abc..=0x0acd | 0x0b01..=0x0b4d | 0x0bbe..=0x0bcd | 0x0c00..=0x0c4d | 0x0cbc..=0x0ccd
        | 0x0d3b..=0x0d4d | 0x0dca..=0x0ddf | 0x200c | 0x200d)
}

/// ASCII digit of a decimal digit of another script.
fn decimal(c: char) -> Option<u8> {
    let code = u32::from(c);
    let zero = [
        0x0030, 0x0660, 0x06f0, 0x0966, 0x09e6, 0x0a66, 0x0ae6, 0x0b66, 0x0be6, 0x0c66, 0x0ce6,
        0x0d66, 0x0e50, 0x0ed0, 0x0f20, 0x1040, 0x17e0,
    ]
    .into_iter()
    .find(|zero| (*zero..zero + 10).contains(&code))?;
    u8::try_from(code - zero).ok().map(|digit| b'0' + digit)
}

const SEED: u64 = 0x9e37_79b9_7f4a_7c15;

/// A hash of our own: what is persisted must not change with a library.
pub(super) fn hash(bytes: &[u8]) -> u64 {
    let (chunks, rest) = bytes.as_chunks::<8>();
    let mut state = SEED ^ bytes.len() as u64;
    for chunk in chunks {
        state = mix(state ^ u64::from_le_bytes(*chunk));
    }
    let mut last = [0_u8; 8];
    for (to, from) in last.iter_mut().zip(rest) {
        *to = *from;
    }
    mix(state ^ u64::from_le_bytes(last))
}

/// Takes one more letter into a word, to be finished by [`mix`]: what has to wait for the letter
/// before is a turn.
#[inline]
fn spell(state: u64, letter: u32) -> u64 {
    state.rotate_left(7) ^ u64::from(letter).wrapping_mul(SEED)
}

/// Takes one more into a hash, to be finished by [`mix`].
fn chain(state: u64, next: u64) -> u64 {
    (state.rotate_left(25) ^ next).wrapping_mul(0xd6e8_feb8_6659_fd93)
}

/// The finalizer of `SplitMix64` (Steele, Lea and Flood, 2014).
pub(super) fn mix(state: u64) -> u64 {
    let state = state.wrapping_add(SEED);
    let state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_come_in_nfkc_whatever_stands_beside_them() {
        // Letters, marks before and after one another, compatible forms, jamo, scripts with viramas.
        let pieces = [
            "a",
            "é",
            "e\u{301}",
            "\u{301}\u{323}",
            "\u{323}",
            "ﬁ",
            "½",
            " ",
            "12,5",
            "क्",
            "क़",
            "\u{93c}",
            "ㄱ",
            "\u{1100}",
            "\u{1161}",
            "\u{11a8}",
            "각",
            "ｶ\u{ff9e}",
            "𝔘",
            "😀",
            "ẛ\u{323}",
            "\u{345}",
            "ں",
            "و\u{654}",
            "\u{200d}",
            "Å",
            "한",
            "中",
        ];
        let mut random = 1_u64;
        for _ in 0..20_000 {
            let mut text = String::new();
            for _ in 0..8 {
                random = mix(random);
                text.push_str(pieces[usize::try_from(random % pieces.len() as u64).unwrap()]);
            }
            let mut words = Vec::new();
            super::words(&text, |word| words.push(word.to_vec()));
            assert_eq!(words, words_of(&text), "{text:?}");
            assert_eq!(hashes_of(&text), spelled(&words), "{text:?}");
        }
    }

    fn hashes_of(text: &str) -> Vec<u64> {
        Tokens::of(text).words.into_iter().map(|(hash, _)| hash).collect()
    }

    fn spelled(words: &[Vec<u8>]) -> Vec<u64> {
        let letters = |word| str::from_utf8(word).unwrap().chars().map(u32::from);
        words.iter().map(|word| mix(letters(word).fold(0, spell))).collect()
    }

    #[test]
    fn no_two_words_are_spelled_alike() {
        // Neighbours in the alphabet and in the order of letters, where little chance helps.
        let mut hashes: Vec<u64> = (0..1_u32 << 20)
            .map(|word| (0..5).map(|place| 0x430 + (word >> (4 * place) & 15)).fold(0, spell))
            .collect();
        hashes.extend((b'a'..=b'z').map(|letter| spell(0, u32::from(letter))));
        let words = hashes.len();
        sort_once(&mut hashes);
        assert_eq!(hashes.len(), words);
    }

    /// The words by way of the library's NFKC and without the table.
    fn words_of(text: &str) -> Vec<Vec<u8>> {
        let mut words = Vec::new();
        let found = |word: &[u8]| words.push(word.to_vec());
        let mut bytes = Bytes { word: Vec::new(), found };
        let mut splitter = Splitter { words: &mut bytes, number: false, pending: false };
        text.nfkc().for_each(|c| splitter.take_char(c));
        bytes.end(WORD);
        words
    }

    #[test]
    fn the_table_of_characters_says_what_a_closer_look_says() {
        for c in (0..=0xffff).filter_map(char::from_u32) {
            let text = format!("a{c}b 12{c}34 {c} Ж{c}");
            let mut words = Vec::new();
            super::words(&text, |word| words.push(word.to_vec()));
            assert_eq!(words, words_of(&text), "{c:?} {text}");
            assert_eq!(hashes_of(&text), spelled(&words), "{c:?} {text}");
        }
    }
}
