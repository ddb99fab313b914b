//! Text from the web made safe to store and to count.

use unicode_normalization::{
    UnicodeNormalization, char::canonical_combining_class, char::is_combining_mark, is_nfc,
};

pub(super) fn line(text: &str) -> String {
    if is_clean_ascii(text) {
        return text.to_owned();
    }
    let mut visible = String::with_capacity(text.len());
    let mut last = None;
    let mut joiners = false;
    for c in text.chars() {
        let c = if c.is_whitespace() { ' ' } else { c };
        let kept = match c {
            ' ' => !matches!(last, None | Some(' ')),
            ZWNJ | ZWJ => {
                joiners = true;
                true
            }
            // The flags of England, Scotland and Wales are a black flag and tag characters.
            '\u{E0020}'..='\u{E007F}' => {
                matches!(last, Some('\u{1F3F4}' | '\u{E0020}'..='\u{E007E}'))
            }
            _ => !is_unwanted(c),
        };
        if kept {
            visible.push(c);
            last = Some(c);
        }
    }
    let mut visible = if is_nfc(&visible) { visible } else { visible.nfc().collect() };
    while joiners {
        let without: String = needed_joiners(&visible).nfc().collect();
        // A joiner that went lets marks change places, and another one may then stand where it is
        // of no use. Each turn takes out one at least.
        joiners = without.len() < visible.len();
        visible = without;
    }
    while visible.ends_with(' ') {
        visible.pop();
    }
    visible
}

pub(super) fn paragraphs(text: &str) -> String {
    let mut cleaned = String::with_capacity(text.len());
    for paragraph in text.split(is_line_end) {
        let paragraph = line(paragraph);
        if paragraph.is_empty() {
            continue;
        }
        if !cleaned.is_empty() {
            cleaned.push_str("\n\n");
        }
        cleaned.push_str(&paragraph);
    }
    cleaned
}

pub(super) fn word_count(text: &str) -> usize {
    let mut quarters = 0;
    let mut in_word = false;
    for c in text.chars() {
        match c {
            _ if is_ideographic(c) => {
                quarters += 2;
                in_word = false;
            }
            _ if is_unspaced_alphabet(c) => {
                quarters += usize::from(c.is_alphanumeric() && !is_combining_mark(c));
                in_word = false;
            }
            // A dash without spaces parts two words, a hyphen joins one.
            '\u{2013}'..='\u{2015}' => in_word = false,
            _ if c.is_whitespace() => in_word = false,
            _ if !in_word && c.is_alphanumeric() => {
                quarters += 4;
                in_word = true;
            }
            _ => {}
        }
    }
    usize::div_ceil(quarters, 4)
}

const ZWNJ: char = '\u{200C}';
const ZWJ: char = '\u{200D}';

/// Printable ASCII without a space too many: most lines of most pages.
fn is_clean_ascii(text: &str) -> bool {
    let bytes = text.as_bytes();
    let single_spaces = bytes.iter().try_fold(b' ', |last, &byte| {
        let printable = (b' '..=b'~').contains(&byte);
        (printable && !(byte == b' ' && last == b' ')).then_some(byte)
    });
    matches!(single_spaces, Some(last) if last != b' ') || bytes.is_empty()
}

pub(super) fn is_line_end(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{B}' | '\u{C}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Controls, marks of direction, zero-width characters, soft hyphens, annotation marks and
/// non-characters: nothing that a reader sees.
pub(super) fn is_unwanted(c: char) -> bool {
    matches!(
        c,
        '\u{0}'..='\u{1F}'
            | '\u{7F}'..='\u{9F}'
            | '\u{AD}'
            | '\u{34F}'
            | '\u{61C}'
            | '\u{180E}'
            | '\u{200B}'
            | '\u{200E}'
            | '\u{200F}'
            | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}'
            | '\u{FDD0}'..='\u{FDEF}'
            | '\u{FEFF}'
            | '\u{FFF0}'..='\u{FFFC}'
            | '\u{1BCA0}'..='\u{1BCA3}'
            | '\u{1D173}'..='\u{1D17A}'
            | '\u{E0000}'..='\u{E007F}'
    ) || u32::from(c) & 0xFFFE == 0xFFFE
}

/// Drops the joiners that change nothing. One is needed between the parts of an emoji, between
/// letters of a script that joins them, and after a virama (RFC 5892, appendix A).
fn needed_joiners(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut base = '\0';
    let mut last = '\0';
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        if !matches!(c, ZWNJ | ZWJ) {
            if canonical_combining_class(c) == 0 && !('\u{FE00}'..='\u{FE0F}').contains(&c) {
                base = c;
            }
            // A joiner that went may have stood between two spaces, or before the first word.
            if c == ' ' && matches!(last, ' ' | '\0') {
                continue;
            }
            kept.push(c);
            last = c;
            continue;
        }
        while rest.next_if(|next| matches!(*next, ZWNJ | ZWJ)).is_some() {}
        let next = rest.peek().copied().unwrap_or('\0');
        let needed = match c {
            ZWJ if is_pictograph(base) => is_pictograph(next) || matches!(next, '↔' | '↕'),
            ZWJ => joins_letters(base),
            _ => joins_letters(base) && joins_letters(next),
        };
        if needed {
            kept.push(c);
            last = c;
        }
    }
    kept
}

/// Letters and signs of scripts whose shapes a joiner changes: Arabic, Syriac, N'Ko, Mandaic, the
/// Indic scripts, Tibetan, Myanmar, Khmer, Mongolian.
fn joins_letters(c: char) -> bool {
    matches!(
        c,
        '\u{620}'..='\u{6FF}'
            | '\u{700}'..='\u{77F}'
            | '\u{7C0}'..='\u{DFF}'
            | '\u{F00}'..='\u{109F}'
            | '\u{1780}'..='\u{18AF}'
            | '\u{1A20}'..='\u{1C4F}'
            | '\u{A800}'..='\u{A8FF}'
            | '\u{A980}'..='\u{ABFF}'
            | '\u{FB50}'..='\u{FDCF}'
            | '\u{FE70}'..='\u{FEFC}'
            | '\u{11000}'..='\u{11FFF}'
    )
}

fn is_pictograph(c: char) -> bool {
    matches!(c, '\u{2600}'..='\u{27BF}' | '\u{2B00}'..='\u{2BFF}' | '\u{1F000}'..='\u{1FAFF}')
}

/// Han, kana and bopomofo.
pub(super) fn is_ideographic(c: char) -> bool {
    matches!(
        c,
        '\u{3005}'..='\u{3007}'
            | '\u{3041}'..='\u{30FF}'
            | '\u{3105}'..='\u{312F}'
            | '\u{31F0}'..='\u{31FF}'
            | '\u{3400}'..='\u{4DBF}'
            | '\u{4E00}'..='\u{9FFF}'
            | '\u{F900}'..='\u{FAFF}'
            | '\u{FF66}'..='\u{FF9D}'
            | '\u{20000}'..='\u{3FFFD}'
    ) && c != '\u{30FB}'
}

/// Thai, Lao, Tibetan, Myanmar and Khmer: alphabets written without spaces between words.
pub(super) fn is_unspaced_alphabet(c: char) -> bool {
    matches!(c, '\u{E00}'..='\u{EFF}' | '\u{F00}'..='\u{109F}' | '\u{1780}'..='\u{17FF}')
}
