//! The sketch of a text: the part of its shingles that stands for all of them.

use super::shingle::Text;

/// So many of the smallest hashes are kept of every text.
const SMALLEST: usize = 24;
/// And of a long text every hash below this: one in 32.
const SAMPLE: u64 = u64::MAX / 32;

/// The smallest hashes of a text's shingles: 24, or one in 32 where that is more. Two texts that
/// share much share hashes of their sketches, however different their lengths (Hera, Pierce-Ward
/// and Koslicki, "Deriving confidence intervals for mutation rates across a wide range of
/// evolutionary distances using `FracMinHash`", 2023; Broder, 1997).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sketch {
    pub(super) hashes: Vec<u64>,
}

impl Sketch {
    pub fn of(title: &str, text: &str) -> Self {
        Self::of_text(&Text::of(title, text))
    }

    pub fn of_text(text: &Text) -> Self {
        Self { hashes: text.smallest(SMALLEST, SAMPLE) }
    }

    /// Sixteen hexadecimal digits a hash, the eight smallest: what a record shows of it.
    pub fn fingerprint(&self) -> String {
        let words: Vec<String> = self.hashes.iter().take(8).map(|h| format!("{h:016x}")).collect();
        words.concat()
    }
}
