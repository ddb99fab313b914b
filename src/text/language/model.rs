//! The linear model: a weight per bucket of n-grams and language.
//!
//! The file: a line per script, `NAME BITS UNIT LANGUAGE...`, an empty line, then for each script
//! 2^BITS rows of a half byte a language, the lower half first: the weight in units of UNIT logits,
//! plus 8. Rows are filled up to four bytes. `train.py` computes the same n-grams; a change here is
//! a change there, and a new model.

use std::sync::LazyLock;

use super::script::{Alphabet, is_apostrophe, letter};

/// Longest n-gram, in characters, the space before and after a word among them.
const ORDER: usize = 5;
/// Letters of a word that count.
const WORD: usize = 24;
const SPACE: u32 = 32;
const APOSTROPHE: u32 = 39;
/// Most that one script may have.
const LANGUAGES: usize = 48;

static MODEL: LazyLock<Vec<(Alphabet, Table)>> =
    LazyLock::new(|| parse(include_bytes!("model.bin")).unwrap_or_default());

struct Table {
    letters: Letters,
    bits: u32,
    unit: f32,
    languages: Vec<&'static str>,
    weights: &'static [u8],
}

/// The likeliest language of a text in `alphabet`, and its probability. `bonus` is added to the
/// logit of a language.
pub(super) fn classify(
    text: &str,
    alphabet: Alphabet,
    bonus: impl Fn(&str) -> f32,
) -> (&'static str, f32) {
    let Some((_, table)) = MODEL.iter().find(|(known, _)| *known == alphabet) else {
        return ("und", 0.0);
    };
    let logits: Vec<(&'static str, f32)> = table
        .logits(&codes(text, &table.letters))
        .into_iter()
        .zip(&table.languages)
        .map(|(logit, language)| (*language, logit + bonus(language)))
        .collect();
    let Some(best) = logits.iter().copied().max_by(|(_, a), (_, b)| a.total_cmp(b)) else {
        return ("und", 0.0);
    };
    let total: f32 = logits.iter().map(|(_, logit)| (logit - best.1).exp()).sum();
    (best.0, 1.0 / total.max(1.0))
}

/// All that it tells apart, as BCP 47.
pub(super) fn languages() -> impl Iterator<Item = &'static str> {
    MODEL.iter().flat_map(|(_, table)| &table.languages).copied()
}

impl Table {
    /// A sum over the features, over the root of their number: so were the weights learnt, and so
    /// a long text is surer than a short one.
    #[expect(clippy::cast_precision_loss, reason = "sums of half bytes over a sample of 4 KB")]
    fn logits(&self, codes: &[u32]) -> Vec<f32> {
        let (features, sums) = match row_length(self.languages.len()) {
            4 => self.sums::<4>(codes),
            8 => self.sums::<8>(codes),
            12 => self.sums::<12>(codes),
            16 => self.sums::<16>(codes),
            20 => self.sums::<20>(codes),
            _ => self.sums::<24>(codes),
        };
        let scale = self.unit / (features.max(1) as f32).sqrt();
        let middle = 8.0 * features as f32;
        sums.into_iter()
            .take(self.languages.len())
            .map(|sum| (sum as f32 - middle) * scale)
            .collect()
    }

    /// The number of features and, by language, the sum of their half bytes. Rows of a length that
    /// the compiler knows are added in a few instructions.
    fn sums<const ROW: usize>(&self, codes: &[u32]) -> (u32, Vec<u32>) {
        let (rows, _) = self.weights.as_chunks::<ROW>();
        let mut sums = [[0_u32; 2]; ROW];
        let mut low = [0_u8; ROW];
        let mut high = [0_u8; ROW];
        let mut features = 0;
        each_feature(codes, |hash| {
            let Some(row) = rows.get((hash >> (32 - self.bits)) as usize) else { return };
            for ((low, high), pair) in low.iter_mut().zip(&mut high).zip(row) {
                *low += pair & 15;
                *high += pair >> 4;
            }
            features += 1;
            if features % IN_A_BYTE == 0 {
                empty(&mut low, &mut high, &mut sums);
            }
        });
        empty(&mut low, &mut high, &mut sums);
        (features, sums.into_iter().flatten().collect())
    }
}

fn empty<const ROW: usize>(low: &mut [u8; ROW], high: &mut [u8; ROW], sums: &mut [[u32; 2]; ROW]) {
    for (([even, odd], low), high) in sums.iter_mut().zip(low).zip(high) {
        *even += u32::from(std::mem::take(low));
        *odd += u32::from(std::mem::take(high));
    }
}

/// So many half bytes a byte can sum.
const IN_A_BYTE: u32 = 255 / 15;

/// Bytes.
fn row_length(languages: usize) -> usize {
    languages.div_ceil(8) * 4
}

/// By code point, up to the last block with letters of an alphabet: the letter as it is counted,
/// or 0.
struct Letters(Vec<u16>);

impl Letters {
    fn of(alphabet: Alphabet) -> Self {
        let code = |c: u32| u16::try_from(u32::from(letter(char::from_u32(c)?, alphabet)?)).ok();
        Self((0..0x1F00).map(|c| code(c).unwrap_or(0)).collect())
    }

    fn code(&self, c: char) -> Option<u32> {
        let code = *self.0.get(c as usize)?;
        (code > 0).then(|| code.into())
    }
}

/// Lower-case letters, every run of anything else one space, a space at both ends.
fn codes(text: &str, letters: &Letters) -> Vec<u32> {
    let mut codes = Vec::with_capacity(text.len() + 2);
    codes.push(SPACE);
    let mut last = SPACE;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if let Some(code) = letters.code(c) {
            last = code;
            codes.push(code);
        } else if last != SPACE {
            let inner = is_apostrophe(c)
                && last != APOSTROPHE
                && chars.peek().is_some_and(|next| letters.code(*next).is_some());
            last = if inner { APOSTROPHE } else { SPACE };
            codes.push(last);
        }
    }
    if codes.last() != Some(&SPACE) {
        codes.push(SPACE);
    }
    codes
}

/// Calls `feature` with the hash of every n-gram that holds no space inside, and of every word.
fn each_feature(codes: &[u32], mut feature: impl FnMut(u32)) {
    let (mut word, mut length) = (WORD_SEED, 0);
    for (at, first) in codes.iter().enumerate() {
        if *first == SPACE {
            if length > 0 {
                feature(word);
            }
            (word, length) = (WORD_SEED, 0);
        } else if length < WORD {
            (word, length) = (step(word, *first), length + 1);
        }
        let mut hash = step(GRAM_SEED, *first);
        if *first != SPACE {
            feature(hash);
        }
        for code in codes.iter().skip(at + 1).take(ORDER - 1) {
            hash = step(hash, *code);
            feature(hash);
            if *code == SPACE {
                break;
            }
        }
    }
}

const GRAM_SEED: u32 = 0x811C_9DC5;
const WORD_SEED: u32 = 0x0100_0193;

fn step(state: u32, code: u32) -> u32 {
    let state = (state ^ code).wrapping_mul(0x9E37_79B1);
    state ^ (state >> 15)
}

fn parse(file: &'static [u8]) -> Option<Vec<(Alphabet, Table)>> {
    let end = file.windows(2).position(|pair| pair == b"\n\n")?;
    let header = std::str::from_utf8(file.get(..end)?).ok()?;
    let mut weights = file.get(end + 2..)?;
    let mut tables = Vec::new();
    for line in header.lines() {
        let mut words = line.split(' ');
        let alphabet = match words.next()? {
            "latin" => Alphabet::Latin,
            "cyrillic" => Alphabet::Cyrillic,
            "arabic" => Alphabet::Arabic,
            _ => return None,
        };
        let bits: u32 = words.next()?.parse().ok().filter(|bits| (1..=24).contains(bits))?;
        let unit = words.next()?.parse().ok()?;
        let languages: Vec<&str> = words.collect();
        if languages.len() > LANGUAGES {
            return None;
        }
        let (mine, rest) = weights.split_at_checked(row_length(languages.len()) << bits)?;
        let letters = Letters::of(alphabet);
        tables.push((alphabet, Table { letters, bits, unit, languages, weights: mine }));
        weights = rest;
    }
    weights.is_empty().then_some(tables)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_model_is_whole_and_under_two_megabytes() {
        let file = include_bytes!("model.bin");
        assert!(file.len() < 2_000_000, "{} bytes", file.len());
        assert_eq!(parse(file).map(|tables| tables.len()), Some(3));
    }

    #[test]
    fn an_apostrophe_is_a_letter_between_letters_only() {
        let text = |s: &str| {
            codes(s, &Letters::of(Alphabet::Latin))
                .into_iter()
                .filter_map(char::from_u32)
                .collect::<String>()
        };
        assert_eq!(text("‘O‘zbek’  2022 L'ÎLE''x"), " o'zbek l'île x ");
    }
}
