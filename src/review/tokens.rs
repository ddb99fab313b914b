//! A text as the full-text index knows it: words, and pairs of characters where a script writes no
//! spaces.
//!
//! Text is folded first. A run of Han, kana, Hangul, Thai and the like gives its pairs of neighbours
//! and its last character alone, so that two characters are found as they stand, one by the prefix
//! of a pair, and a longer word as a phrase of its pairs. What is looked for is cut up alike.

use crate::text::is_spaceless;

/// Bytes of a word that count; what is longer is no word.
const LONGEST: usize = 96;

/// One word or pair, and where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub(super) text: &'a str,
    /// In bytes of the folded text.
    pub(super) start: usize,
    /// The one character that closes a run.
    pub(super) is_tail: bool,
}

impl Token<'_> {
    pub(super) fn end(&self) -> usize {
        self.start + self.text.len()
    }
}

/// The tokens of a folded text.
pub(super) fn tokens(folded: &str) -> impl Iterator<Item = Token<'_>> {
    let mut chars = folded.char_indices().peekable();
    std::iter::from_fn(move || {
        loop {
            let (start, first) = chars.next()?;
            let token = |end: usize, is_tail| {
                Some(Token { text: folded.get(start..end).unwrap_or_default(), start, is_tail })
            };
            if is_spaceless(first) {
                let after = start + first.len_utf8();
                return match chars.peek() {
                    Some((_, next)) if is_spaceless(*next) => token(after + next.len_utf8(), false),
                    _ => token(after, true),
                };
            }
            if !is_word(first) {
                continue;
            }
            let mut end = start + first.len_utf8();
            while let Some((at, c)) = chars.next_if(|(_, c)| is_word(*c) && !is_spaceless(*c)) {
                end = at + c.len_utf8();
            }
            let end = folded.floor_char_boundary(end.min(start + LONGEST));
            return token(end, false);
        }
    })
}

fn is_word(c: char) -> bool {
    // A virama and a nukta stand within an Indic word and are no letters; dandas end sentences.
    c.is_alphanumeric() || matches!(c, '\u{900}'..='\u{DFF}' if !matches!(c, '।' | '॥' | '॰'))
}

/// Tokens apart by spaces, appended to `out`: what the index's tokenizer takes apart again.
pub(super) fn write(folded: &str, out: &mut String) {
    for token in tokens(folded) {
        out.push_str(token.text);
        out.push(' ');
    }
}
