//! Words: cleaning, folding, counting, telling the language.

pub mod charset;
mod clean;
mod fold;
pub mod language;
pub(crate) mod translit;
#[cfg(test)]
mod tests;

pub use fold::{Folded, fold};
pub use language::Detected;

/// One line of text from the web made safe to store: NFC, white space runs to one space, trimmed;
/// control characters, bidirectional overrides, zero-width and soft hyphens out. A joiner (ZWNJ,
/// ZWJ) stays where Persian, an Indic script or an emoji needs it. Idempotent.
pub fn clean_line(text: &str) -> String {
    clean::line(text)
}

/// Like [`clean_line`], paragraph by paragraph: every line of `text` is a paragraph, and paragraphs
/// stay apart by one blank line. Idempotent.
pub fn clean_text(text: &str) -> String {
    clean::paragraphs(text)
}

/// Whether a text of several lines has nothing in it that [`clean_text`] takes out for being unseen.
pub fn is_clean(text: &str) -> bool {
    !text.chars().any(|c| c != '\n' && clean::is_unwanted(c))
}

/// Words as a reader counts them, rounded up; a Han or kana character weighs as one half, a Thai,
/// Lao, Khmer, Myanmar or Tibetan letter with its signs as one quarter of a word. A token without
/// a letter or digit is none.
pub fn word_count(text: &str) -> usize {
    clean::word_count(text)
}

/// The length of the longest sequence that both have in that order. Takes time by the product of
/// their lengths.
pub fn subsequence<T>(a: &[T], b: &[T], is_same: impl Fn(&T, &T) -> bool) -> usize {
    let mut row = vec![0_usize; b.len() + 1];
    for left in a {
        let mut diagonal = 0;
        let mut before = 0;
        for (right, place) in b.iter().zip(row.iter_mut().skip(1)) {
            let up = *place;
            *place = if is_same(left, right) { diagonal + 1 } else { up.max(before) };
            (diagonal, before) = (up, *place);
        }
    }
    row.last().copied().unwrap_or(0)
}

/// The name that a misspelt one was probably meant for: at most a third of its characters, one of a
/// short word, are missing, added, changed or swapped, whatever their case. The first of the nearest.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let bound = (word.chars().count() / 3).max(1);
    let distances =
        known.into_iter().map(|known| (strsim::osa_distance(&word, &known.to_lowercase()), known));
    let (distance, known) = distances.min_by_key(|(distance, _)| *distance)?;
    (distance <= bound).then_some(known)
}

/// Text to stand in an element or an attribute of XML or HTML, without what XML 1.0 cannot hold.
pub fn escape_xml(text: &str) -> String {
    let is_held = |c: &char| match c {
        '\n' | '\t' => true,
        '\u{fffe}' | '\u{ffff}' => false,
        c => !c.is_control(),
    };
    let held: String = text.chars().filter(is_held).collect();
    quick_xml::escape::escape(held).into_owned()
}

/// An error and its causes in one line; what the next cause says again is said once.
pub fn with_causes(error: &(dyn std::error::Error + 'static)) -> String {
    let mut words: Vec<String> = anyhow::Chain::new(error).map(ToString::to_string).collect();
    words.dedup();
    words.join(": ")
}

/// Whether `c` is of a script that writes words without spaces between them, or (Hangul) whose
/// words run together freely: a term of it is found anywhere.
pub fn is_spaceless(c: char) -> bool {
    clean::is_ideographic(c)
        || clean::is_unspaced_alphabet(c)
        || matches!(c, '\u{1100}'..='\u{11FF}' | '\u{AC00}'..='\u{D7A3}')
}
