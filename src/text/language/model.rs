//! The linear model: a weight per bucket of n-grams and language.
//!
//! The file: a line per script, `NAME BITS UNIT LANGUAGE...`, an empty line, then for each script
//! 2^BITS rows of one signed byte a language, in units of UNIT logits. `train.py` computes the
//! same n-grams; a change here is a change there, and a new model.

use std::sync::LazyLock;

use super::script::{Alphabet, is_apostrophe, letter};

/// Longest n-gram, in characters, the space before and after a word among them.
const ORDER: usize = 4;
/// Letters of a word that count.
const WORD: usize = 24;
const SPACE: u32 = 32;

static MODEL: LazyLock<Vec<(Alphabet, Table)>> =
    LazyLock::new(|| parse(include_bytes!("model.bin")).unwrap_or_default());

struct Table {
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
        .logits(&codes(text, alphabet))
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

impl Table {
    /// A sum over the features, over the root of their number: so were the weights learnt, and so
    /// a long text is surer than a short one.
    #[expect(clippy::cast_precision_loss, reason = "sums of bytes over a sample of 4 KB")]
    fn logits(&self, codes: &[u32]) -> Vec<f32> {
        let mut sums = vec![0_i32; self.languages.len()];
        let mut features = 0_usize;
        each_feature(codes, |hash| {
            let start = (hash >> (32 - self.bits)) as usize * sums.len();
            if let Some(row) = self.weights.get(start..start + sums.len()) {
                for (sum, weight) in sums.iter_mut().zip(row) {
                    *sum += i32::from(weight.cast_signed());
                }
            }
            features += 1;
        });
        let scale = self.unit / (features.max(1) as f32).sqrt();
        sums.into_iter().map(|sum| sum as f32 * scale).collect()
    }
}

/// Lower-case letters, every run of anything else one space, a space at both ends.
fn codes(text: &str, alphabet: Alphabet) -> Vec<u32> {
    let mut codes = Vec::with_capacity(text.len() + 2);
    codes.push(SPACE);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if let Some(c) = letter(c, alphabet) {
            codes.push(u32::from(c));
        } else if codes.last().is_some_and(|last| *last != SPACE) {
            let inner = is_apostrophe(c)
                && codes.last() != Some(&u32::from('\''))
                && chars.peek().is_some_and(|next| letter(*next, alphabet).is_some());
            codes.push(if inner { u32::from('\'') } else { SPACE });
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
        let (mine, rest) = weights.split_at_checked(languages.len() << bits)?;
        tables.push((alphabet, Table { bits, unit, languages, weights: mine }));
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
            codes(s, Alphabet::Latin).into_iter().filter_map(char::from_u32).collect::<String>()
        };
        assert_eq!(text("‘O‘zbek’  2022 L'ÎLE''x"), " o'zbek l'île x ");
    }
}
