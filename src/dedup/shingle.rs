//! Words and word 3-grams.

use std::sync::{LazyLock, OnceLock};

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
    /// Hash of all words of the text, without the title, in their order.
    pub(super) content: u64,
}

/// Below this weight (in quarters of a word) the title is part of the text.
const SHORT: u32 = 4 * 8;

impl Text {
    pub fn of(title: &str, text: &str) -> Self {
        let mut tokens = Tokens::default();
        words(text, |word| tokens.push(word));
        let content = tokens.words.iter().fold(SEED, |state, (hash, _)| mix(state ^ hash));
        let mut headline = Tokens::default();
        words(title, |word| headline.push(word));
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
        Self { shingles, set: OnceLock::new(), numbers, title, weight: tokens.weight, content }
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
        let mut small: Vec<u64> =
            self.shingles.iter().copied().filter(|hash| *hash < bound.max(likely)).collect();
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
}

impl Tokens {
    fn push(&mut self, word: &[u8]) {
        let hash = hash(word);
        let weight = weight(word);
        // One digit alone counts paragraphs and points, not facts.
        if word.first().is_some_and(u8::is_ascii_digit) && word.len() > 1 {
            self.numbers.push(hash);
        }
        self.words.push((hash, weight));
        self.weight += weight;
    }

    fn shingles(&self) -> Vec<u64> {
        let mut shingles = Vec::with_capacity(self.words.len());
        let mut start = 0;
        let mut weight = 0;
        for (end, (_, added)) in self.words.iter().enumerate() {
            weight += added;
            // The window is as short as its weight allows.
            while weight >= SHINGLE_WEIGHT {
                let window = self.words.get(start..=end).unwrap_or_default();
                shingles.push(window.iter().fold(SEED, |state, (hash, _)| mix(state ^ hash)));
                weight -= window.first().map_or(weight, |(_, weight)| *weight);
                start += 1;
            }
        }
        if shingles.is_empty() && !self.words.is_empty() {
            shingles.push(self.words.iter().fold(SEED, |state, (hash, _)| mix(state ^ hash)));
        }
        shingles
    }
}

/// Quarters of a word.
fn weight(word: &[u8]) -> u32 {
    let Some(&first) = word.first() else { return 4 };
    if first.is_ascii() {
        return 4;
    }
    match std::str::from_utf8(word).ok().and_then(|word| word.chars().next()).map(script) {
        Some(Script::Half) => 2,
        Some(Script::Quarter) => 1,
        _ => 4,
    }
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

/// Calls `found` with each word of `text`: a run of letters and digits in lower case, compatible
/// forms folded; or one character where the script sets no spaces. In a number, separators of
/// thousands and decimals are left out.
pub(super) fn words(text: &str, mut found: impl FnMut(&[u8])) {
    let plain = PLAIN.as_slice();
    let is_plain = |c: char| plain.get(c as usize).is_some_and(|kind| *kind != UNKNOWN);
    if text.chars().all(is_plain) || is_nfkc_quick(text.chars()) == IsNormalized::Yes {
        split(plain, text.chars(), &mut found);
    } else {
        split(plain, text.nfkc(), &mut found);
    }
}

/// What a character below U+2100 is, most letters of spaced scripts among them: the letter in lower
/// case, or one of the kinds below. NFKC changes none of them, or to what makes the same words.
static PLAIN: LazyLock<Vec<u32>> = LazyLock::new(|| {
    let kind = |code: u32| {
        let Some(c) = char::from_u32(code) else { return UNKNOWN };
        let mut lower = c.to_lowercase();
        let single = lower.next().filter(|_| lower.next().is_none());
        if c.is_ascii_digit() {
            DIGIT
        } else if matches!(c, '\u{a0}' | '\u{2009}' | '\u{202f}' | '…') {
            SEPARATOR
        } else if is_nfkc_quick([c].into_iter()) != IsNormalized::Yes
            || canonical_combining_class(c) != 0
            || !matches!(script(c), Script::Spaced)
        {
            UNKNOWN
        } else if c.is_alphabetic() {
            single.map_or(UNKNOWN, u32::from)
        } else if c.is_alphanumeric() || is_mark(c) {
            UNKNOWN
        } else {
            SEPARATOR
        }
    };
    (0..0x2100).map(kind).collect()
});

/// Takes a closer look.
const UNKNOWN: u32 = 0;
/// An ASCII digit.
const DIGIT: u32 = 1;
/// No part of a word.
const SEPARATOR: u32 = u32::MAX;

fn split(plain: &[u32], text: impl Iterator<Item = char>, found: &mut impl FnMut(&[u8])) {
    let mut word = Vec::with_capacity(32);
    let mut number = false;
    // After a number, what may set off its thousands or decimals: the next character tells.
    let mut pending = false;
    for c in text {
        let mut kind = plain.get(c as usize).copied().unwrap_or(UNKNOWN);
        let mut digit = c;
        if kind == UNKNOWN {
            if let Some(found) = decimal(c) {
                (kind, digit) = (DIGIT, char::from(found));
            } else if !c.is_alphanumeric() && !is_mark(c) {
                kind = SEPARATOR;
            }
        }
        if kind == DIGIT {
            if !number {
                flush(&mut word, found);
            }
            word.push(u8::try_from(digit).unwrap_or(b'0'));
            (number, pending) = (true, false);
            continue;
        }
        if kind == SEPARATOR && number && !pending && matches!(c, '.' | ',' | '\'') {
            pending = true;
            continue;
        }
        if number || kind == SEPARATOR {
            flush(&mut word, found);
            (number, pending) = (false, false);
        }
        match kind {
            SEPARATOR => {}
            // Marks belong to the letter before them: vowel signs of Indic scripts, Arabic points.
            UNKNOWN if matches!(script(c), Script::Spaced) => {
                c.to_lowercase().for_each(|lower| push(&mut word, lower));
            }
            UNKNOWN => {
                flush(&mut word, found);
                push(&mut word, c);
                flush(&mut word, found);
            }
            lower => push(&mut word, char::from_u32(lower).unwrap_or(c)),
        }
    }
    flush(&mut word, found);
}

fn push(word: &mut Vec<u8>, c: char) {
    if let Ok(byte) = u8::try_from(c)
        && byte.is_ascii()
    {
        word.push(byte);
    } else {
        word.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    }
}

fn flush(word: &mut Vec<u8>, found: &mut impl FnMut(&[u8])) {
    if !word.is_empty() {
        found(word);
        word.clear();
    }
}

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

/// The finalizer of `SplitMix64` (Steele, Lea and Flood, 2014).
pub(super) fn mix(state: u64) -> u64 {
    let state = state.wrapping_add(SEED);
    let state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}
