//! One folded spelling of a text for matching, with the way back to the original.
//!
//! Folding is a function of one character at a time (NFKC, case, diacritics, apostrophes, dashes,
//! Arabic forms, zero-width characters), so a text folds in a stream; only decomposed Hangul and
//! kana look at the character behind. What tells words of one language apart stays: the signs of
//! the Indic scripts, the hooks and bars of Kazakh (қ is not к), the voicing of kana.

use std::{ops::Range, sync::LazyLock};

use unicode_normalization::char::{compose, decompose_compatible};

use super::clean::{is_line_end, is_unwanted};

/// A folded text. It keeps a mark every few hundred bytes; positions between two marks are found by
/// folding that piece again, which is cheaper than a full map for texts with few matches.
#[derive(Debug, Clone, Default)]
pub struct Folded {
    bytes: Vec<u8>,
    marks: Vec<Mark>,
}

#[derive(Debug, Clone, Copy)]
struct Mark {
    folded: usize,
    original: usize,
}

/// Bytes of the original between two marks.
const PIECE: usize = 256;

/// Bytes that a piece without rare characters can fold to, and a block beyond.
const ROOM: usize = 640;

impl Folded {
    fn new(text: &str) -> Self {
        let mut out = Output::with_capacity(text.len());
        let mut marks = Vec::with_capacity(text.len() / PIECE + 1);
        let table = TABLE.as_slice();
        let mut rest = text.as_bytes();
        while !rest.is_empty() {
            marks.push(Mark { folded: out.length, original: text.len() - rest.len() });
            let (piece, behind) =
                rest.split_at_checked(piece_end(table, rest)).unwrap_or((rest, &[]));
            fold_piece(table, piece, &mut out);
            rest = behind;
        }
        Self { bytes: out.into_bytes(), marks }
    }

    /// The folded text as UTF-8.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes).unwrap_or_default()
    }

    /// The bytes of `original`, the text that was folded, that gave the bytes `folded` of the
    /// folded text: whole characters, with the combining marks that follow the last one.
    pub fn original_range(&self, original: &str, folded: Range<usize>) -> Range<usize> {
        let start = self.original_char(original, folded.start).start;
        let last = self.original_char(original, folded.end.saturating_sub(1).max(folded.start));
        let tail = original.get(last.end..).unwrap_or_default();
        let marks: usize =
            tail.chars().take_while(|c| is_stripped_mark(*c)).map(char::len_utf8).sum();
        start..last.end + marks
    }

    /// The bytes of the character of `original` that gave the byte `folded`.
    fn original_char(&self, original: &str, folded: usize) -> Range<usize> {
        let next = self.marks.partition_point(|mark| mark.folded <= folded);
        let Some(mark) = next.checked_sub(1).and_then(|mark| self.marks.get(mark)) else {
            return 0..0;
        };
        let end = self.marks.get(next).map_or(original.len(), |mark| mark.original);
        let piece = original.get(mark.original..end).unwrap_or_default();
        let table = TABLE.as_slice();
        let mut length = mark.folded;
        let mut rest = piece.as_bytes();
        while !rest.is_empty() {
            let (block, bytes) = fold_first(table, rest);
            let mut behind = rest.get(bytes..).unwrap_or_default();
            match block {
                [.., RARELY] => {
                    let mut out = Output::with_capacity(0);
                    behind = fold_rare(rest, &mut out);
                    length += out.length;
                }
                [.., count] => length += usize::from(count),
            }
            if length > folded {
                let last = piece.len() - behind.len();
                let first = piece.len() - rest.len();
                return mark.original + first..mark.original + last;
            }
            rest = behind;
        }
        end..end
    }
}

/// Bytes being written, and more room behind them.
struct Output {
    bytes: Vec<u8>,
    length: usize,
}

impl Output {
    fn with_capacity(length: usize) -> Self {
        Self { bytes: vec![0; length + length / 8 + ROOM], length: 0 }
    }

    fn room(&mut self) -> &mut [u8] {
        let needed = self.length + ROOM;
        if self.bytes.len() < needed {
            self.bytes.resize(needed + needed / 4, 0);
        }
        self.bytes.get_mut(self.length..needed).unwrap_or_default()
    }

    fn extend(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(ROOM) {
            if let Some(room) = self.room().get_mut(..chunk.len()) {
                room.copy_from_slice(chunk);
                self.length += chunk.len();
            }
        }
    }

    fn into_bytes(mut self) -> Vec<u8> {
        self.bytes.truncate(self.length);
        self.bytes
    }
}

/// Folds one text.
pub fn fold(text: &str) -> Folded {
    Folded::new(text)
}

/// About [`PIECE`] bytes, cut at a character and never before one that joins the one before it, or
/// one that is left out and may stand between two that join.
fn piece_end(table: &[[u8; 4]], text: &[u8]) -> usize {
    let mut end = PIECE.min(text.len());
    while text.get(end).is_some_and(|byte| byte & 0xC0 == 0x80) {
        end += 1;
    }
    loop {
        let rest = text.get(end..).unwrap_or_default();
        let left_out = left_out(table, rest);
        match rest {
            _ if left_out > 0 => end += left_out,
            // The lead bytes of the blocks that hold such characters.
            [0xE1 | 0xE3 | 0xEF, _, _, ..]
                if rest.get(..3).and_then(decode).is_some_and(joins_before) =>
            {
                end += 3;
            }
            _ => return end,
        }
    }
}

/// The bytes of the first character if folding leaves it out, or 0.
fn left_out(table: &[[u8; 4]], bytes: &[u8]) -> usize {
    match (bytes, fold_first(table, bytes)) {
        ([] | [0..=0x7F, ..], _) => 0,
        (_, ([.., 0], length)) => {
            let c = bytes.get(..length).and_then(decode);
            if c.is_some_and(joins_before) { 0 } else { length }
        }
        ([0xF0..=0xFF, ..], _) => {
            let c = bytes.get(..4).and_then(decode);
            if c.is_some_and(|c| is_unwanted(c) || is_stripped_mark(c)) { 4 } else { 0 }
        }
        _ => 0,
    }
}

/// Writes in blocks of fixed size, of which only the first bytes count: that is several times as
/// fast as pushing them one by one.
fn fold_piece(table: &[[u8; 4]], mut bytes: &[u8], out: &mut Output) {
    while !bytes.is_empty() {
        let (behind, written) = fold_common(table, bytes, out.room());
        out.length += written;
        bytes = if behind.is_empty() { behind } else { fold_rare(behind, out) };
    }
}

/// Folds up to the first rare character or the end of the room; gives what is left, and the number
/// of bytes written.
fn fold_common<'a>(table: &[[u8; 4]], mut bytes: &'a [u8], room: &mut [u8]) -> (&'a [u8], usize) {
    let mut written = 0;
    while !bytes.is_empty() {
        if let Some((chunk, rest)) = bytes.split_first_chunk::<16>()
            && chunk.is_ascii()
            && let Some(block) = block_at::<16>(room, written)
        {
            *block = chunk.map(fold_ascii);
            written += 16;
            bytes = rest;
            continue;
        }
        if let Some((chunk, _)) = bytes.split_first_chunk::<8>() {
            let high = u64::from_le_bytes(*chunk) & 0x8080_8080_8080_8080;
            let ascii = high.trailing_zeros() as usize / 8;
            if ascii > 1
                && let Some(block) = block_at::<8>(room, written)
            {
                *block = chunk.map(fold_ascii);
                written += ascii;
                bytes = bytes.get(ascii..).unwrap_or_default();
                continue;
            }
        }
        // A word of a script without ASCII is folded without looking for ASCII at every letter.
        loop {
            let (block, length) = fold_first(table, bytes);
            let [.., count] = block;
            let Some(room) = block_at::<4>(room, written).filter(|_| count != RARELY) else {
                return (bytes, written);
            };
            *room = block;
            written += usize::from(count);
            bytes = bytes.get(length..).unwrap_or_default();
            if !matches!(bytes, [0x80..=0xFF, ..]) {
                break;
            }
        }
    }
    (bytes, written)
}

#[inline]
fn block_at<const N: usize>(room: &mut [u8], at: usize) -> Option<&mut [u8; N]> {
    room.get_mut(at..).and_then(<[u8]>::first_chunk_mut)
}

/// The first character folded: up to three bytes with their number, or [`RARE`], and the bytes of
/// the character itself.
#[inline]
fn fold_first(table: &[[u8; 4]], bytes: &[u8]) -> ([u8; 4], usize) {
    match bytes {
        [ascii @ 0..=0x7F, ..] => ([fold_ascii(*ascii), 0, 0, 1], 1),
        [a @ 0xC2..=0xDF, b, ..] => {
            let code = (usize::from(*a) & 0x1F) << 6 | usize::from(*b) & 0x3F;
            (table.get(code).copied().unwrap_or(RARE), 2)
        }
        // Most of Han and Hangul stay as they are.
        [a @ (0xE4..=0xE9 | 0xEB | 0xEC), b, c, ..] => ([*a, *b, *c, 3], 3),
        [a @ 0xE0..=0xEF, b, c, ..] => {
            let code = (usize::from(*a) & 0xF) << 12
                | (usize::from(*b) & 0x3F) << 6
                | usize::from(*c) & 0x3F;
            (table.get(code).copied().unwrap_or(RARE), 3)
        }
        _ => (RARE, 0),
    }
}

#[inline]
fn fold_ascii(byte: u8) -> u8 {
    match byte {
        b'A'..=b'Z' => byte | 0x20,
        b'\t' => b' ',
        b'\r' | 0xB | 0xC => b'\n',
        b'`' => b'\'',
        _ => byte,
    }
}

/// By code point: up to three bytes of folded text and their number, or [`RARE`].
static TABLE: LazyLock<Vec<[u8; 4]>> = LazyLock::new(|| {
    (0..=0xFFFF_u32)
        .map(|code| {
            let Some(c) = char::from_u32(code) else { return RARE };
            if may_be_joined(c) {
                return RARE;
            }
            let mut folded = String::new();
            fold_char(c, &mut folded);
            match *folded.as_bytes() {
                [] => [0, 0, 0, 0],
                [a] => [a, 0, 0, 1],
                [a, b] => [a, b, 0, 2],
                [a, b, c] => [a, b, c, 3],
                _ => RARE,
            }
        })
        .collect()
});

const RARE: [u8; 4] = [0, 0, 0, RARELY];
const RARELY: u8 = u8::MAX;

/// The way of the characters that the table does not hold.
#[cold]
fn fold_rare<'a>(bytes: &'a [u8], out: &mut Output) -> &'a [u8] {
    let length = bytes.iter().skip(1).take_while(|byte| **byte & 0xC0 == 0x80).count() + 1;
    let (first, mut rest) = bytes.split_at_checked(length).unwrap_or((bytes, &[]));
    let Some(mut c) = decode(first) else { return rest };
    if may_be_joined(c) {
        c = full_width(c);
        loop {
            let mut after = rest;
            while let length @ 1.. = left_out(&TABLE, after) {
                after = after.get(length..).unwrap_or_default();
            }
            let Some((next, behind)) = after.split_at_checked(3) else { break };
            let Some(joined) = decode(next).and_then(|next| compose(c, full_width(next))) else {
                break;
            };
            c = joined;
            rest = behind;
        }
    }
    let mut folded = String::new();
    fold_char(c, &mut folded);
    out.extend(folded.as_bytes());
    rest
}

fn decode(bytes: &[u8]) -> Option<char> {
    std::str::from_utf8(bytes).ok().and_then(|text| text.chars().next())
}

/// Folds one character on its own: the definition that the table holds.
fn fold_char(c: char, out: &mut String) {
    if is_line_end(c) {
        out.push('\n');
        return;
    }
    if c.is_whitespace() {
        out.push(' ');
        return;
    }
    // Kana and Hangul fall apart under NFKD; here they stay whole.
    if matches!(c, '\u{3041}'..='\u{3096}' | '\u{309D}'..='\u{30FF}' | '\u{AC00}'..='\u{D7A3}') {
        out.push(c);
        return;
    }
    if let Some(plain) = punctuation(c) {
        out.push(plain);
        return;
    }
    decompose_compatible(c, |part| {
        if is_line_end(part) || is_unwanted(part) || is_stripped_mark(part) {
            return;
        }
        for lower in part.to_lowercase() {
            if !is_stripped_mark(lower) {
                fold_letter(lower, out);
            }
        }
    });
}

/// Every apostrophe is `'`, every dash `-`.
fn punctuation(c: char) -> Option<char> {
    match c {
        '`' | '´' | '‘' | '’' | '‛' | '′' | '＇' | '՚' | '׳' | '᾽' | '᾿' | '῾' | 'Ꞌ' | 'ꞌ'
        | 'ʹ' | 'ʻ' | 'ʼ' | 'ʽ' | 'ʾ' | 'ʿ' | 'ˈ' | 'ˊ' | 'ˋ' => Some('\''),
        '\u{2010}'..='\u{2015}' | '−' | '﹘' | '﹣' | '－' | '֊' | '־' => Some('-'),
        '״' => Some('"'),
        _ => None,
    }
}

/// Letters whose mark Unicode does not take apart, and forms of one letter.
fn fold_letter(c: char, out: &mut String) {
    let plain = match c {
        'ß' => return out.push_str("ss"),
        'æ' => return out.push_str("ae"),
        'œ' => return out.push_str("oe"),
        'þ' => return out.push_str("th"),
        'ł' => 'l',
        'đ' | 'ð' | 'ɗ' => 'd',
        'ø' => 'o',
        'ı' => 'i',
        'ə' | 'ǝ' => 'e',
        'ħ' => 'h',
        'ŧ' => 't',
        'ŋ' => 'n',
        'ĸ' | 'ƙ' => 'k',
        'ɓ' => 'b',
        'ƴ' => 'y',
        'ƶ' => 'z',
        'ς' => 'σ',
        'ґ' => 'г',
        'ٱ' => 'ا',
        'ى' | 'ی' | 'ے' | 'ې' => 'ي',
        'ک' | 'ڪ' => 'ك',
        'ة' | 'ہ' | 'ھ' | 'ە' | 'ۃ' => 'ه',
        _ => match c.to_digit(10).or_else(|| foreign_digit(c)) {
            Some(digit) => char::from_digit(digit, 10).unwrap_or(c),
            None => c,
        },
    };
    out.push(plain);
}

/// The value of a decimal digit of another script.
fn foreign_digit(c: char) -> Option<u32> {
    let zeros =
        ['٠', '۰', '߀', '०', '০', '੦', '૦', '୦', '௦', '౦', '೦', '൦', '๐', '໐', '༠', '၀', '០'];
    zeros.iter().find_map(|zero| u32::from(c).checked_sub(u32::from(*zero)).filter(|v| *v < 10))
}

/// Marks without which the word stays the same. The vowel signs and viramas of the Indic scripts
/// are no such marks; their nuktas are.
fn is_stripped_mark(c: char) -> bool {
    matches!(
        c,
        '\u{300}'..='\u{36F}'
            | '\u{483}'..='\u{489}'
            | '\u{591}'..='\u{5BD}'
            | '\u{5BF}'..='\u{5C2}'
            | '\u{5C4}'..='\u{5C7}'
            | '\u{610}'..='\u{61A}'
            | '\u{640}'
            | '\u{64B}'..='\u{65F}'
            | '\u{670}'
            | '\u{674}'
            | '\u{6D6}'..='\u{6DC}'
            | '\u{6DF}'..='\u{6E8}'
            | '\u{6EA}'..='\u{6ED}'
            | '\u{711}'
            | '\u{730}'..='\u{74A}'
            | '\u{93C}'
            | '\u{9BC}'
            | '\u{A3C}'
            | '\u{ABC}'
            | '\u{B3C}'
            | '\u{CBC}'
            | '\u{1AB0}'..='\u{1AFF}'
            | '\u{1DC0}'..='\u{1DFF}'
            | '\u{200C}'
            | '\u{200D}'
            | '\u{20D0}'..='\u{20FF}'
            | '\u{3099}'
            | '\u{309A}'
            | '\u{FE00}'..='\u{FE0F}'
            | '\u{FE20}'..='\u{FE2F}'
            | '\u{E0100}'..='\u{E01EF}'
    )
}

/// The first parts of a Hangul syllable, and kana that can be voiced.
fn may_be_joined(c: char) -> bool {
    matches!(
        c,
        '\u{1100}'..='\u{1112}' | '\u{3046}'..='\u{306F}' | '\u{3072}' | '\u{3075}' | '\u{3078}'
            | '\u{307B}' | '\u{30A6}'..='\u{30CF}' | '\u{30D2}' | '\u{30D5}' | '\u{30D8}' | '\u{30DB}'
            | '\u{30EF}'..='\u{30F2}' | '\u{FF66}' | '\u{FF73}' | '\u{FF76}'..='\u{FF8E}' | '\u{FF9C}'
    )
}

/// What may join the character before it.
fn joins_before(c: char) -> bool {
    matches!(
        c,
        '\u{1161}'..='\u{1175}' | '\u{11A8}'..='\u{11C2}' | '\u{3099}' | '\u{309A}' | '\u{FF9E}' | '\u{FF9F}'
    )
}

fn full_width(c: char) -> char {
    if !matches!(c, '\u{FF66}'..='\u{FF9F}') {
        return c;
    }
    let mut full = c;
    decompose_compatible(c, |part| full = part);
    full
}
