//! Bytes to text: BOM, then the HTTP header, then `<meta>`, then a guess; a declaration that the
//! bytes contradict is seen through.

use std::{borrow::Cow, collections::BTreeSet};

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// How far into the page a `<meta charset>` is looked for. Browsers stop at 1,024 bytes; pages
/// that put scripts before it exist.
const META_WINDOW: usize = 8192;
/// How many bytes the guesser is shown.
const GUESS_WINDOW: usize = 65_536;
/// Another encoding than the declared default makes so many letters inside words, and one of so many
/// characters beyond ASCII is one. Of 900 western texts none is read otherwise by it.
const MADE_MIN: usize = 3;
const MADE_PART: usize = 8;

/// A decoded page.
pub(super) struct Decoded<'a> {
    pub(super) text: Cow<'a, str>,
    pub(super) encoding: &'static Encoding,
    /// What was declared and not believed.
    pub(super) disbelieved: Option<&'static Encoding>,
}

/// Decodes a page; what cannot be decoded becomes U+FFFD.
pub(super) fn decode<'a>(bytes: &'a [u8], content_type: Option<&str>) -> Decoded<'a> {
    if let Some((encoding, bom)) = Encoding::for_bom(bytes) {
        let (text, _) = encoding.decode_without_bom_handling(bytes.get(bom..).unwrap_or_default());
        return Decoded { text, encoding, disbelieved: None };
    }
    if let Some(encoding) = utf16_without_bom(bytes) {
        let (text, _) = encoding.decode_without_bom_handling(bytes);
        return Decoded { text, encoding, disbelieved: None };
    }
    // Servers and templates say ISO 8859-1 where nobody configured anything.
    let declared = content_type
        .and_then(charset_parameter)
        .filter(|http| *http != WINDOWS_1252)
        .or_else(|| meta_charset(bytes))
        .or_else(|| content_type.and_then(charset_parameter));
    let encoding = believe(bytes, declared);
    let (text, _) = encoding.decode_without_bom_handling(bytes);
    Decoded { text, encoding, disbelieved: declared.filter(|declared| *declared != encoding) }
}

/// Latin text in UTF-16 has a NUL in every second byte.
fn utf16_without_bom(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = bytes.get(..64)?;
    let nul_at = |odd: usize| {
        head.iter().enumerate().filter(|(i, byte)| i % 2 == odd && **byte == 0).count()
    };
    match (nul_at(0), nul_at(1)) {
        (even, odd) if even > 24 && odd < 4 => Some(UTF_16BE),
        (even, odd) if odd > 24 && even < 4 => Some(UTF_16LE),
        _ => None,
    }
}

/// The encoding to use for `bytes` that claim to be in `declared`.
fn believe(bytes: &[u8], declared: Option<&'static Encoding>) -> &'static Encoding {
    let first_high = bytes.iter().position(|byte| *byte >= 0x80 || *byte == 0x1b);
    let Some(first_high) = first_high else { return declared.unwrap_or(UTF_8) };
    // Text in another encoding is almost never valid UTF-8 by chance.
    if std::str::from_utf8(bytes).is_ok() && declared != Some(encoding_rs::ISO_2022_JP) {
        return UTF_8;
    }
    let window = bytes.get(first_high.saturating_sub(256)..).unwrap_or_default();
    let window = window.get(..GUESS_WINDOW.min(window.len())).unwrap_or_default();
    match declared {
        Some(default) if default == WINDOWS_1252 => {
            let guessed = guess(window);
            if makes_words(guessed, default, window) { guessed } else { default }
        }
        Some(declared) if implausible(declared, window) * 50 <= high_bytes(window) => declared,
        Some(declared) => {
            let guessed = guess(window);
            if implausible(guessed, window) * 2 < implausible(declared, window) {
                guessed
            } else {
                declared
            }
        }
        None if implausible(UTF_8, window) * 50 <= high_bytes(window) => UTF_8,
        None => guess(window),
    }
}

/// Whether another encoding than the declared one makes of a part of the bytes beyond ASCII letters
/// inside words that the declared one does not make: a pound sign or a quotation mark is none.
fn makes_words(guessed: &'static Encoding, declared: &'static Encoding, window: &[u8]) -> bool {
    let (text, _) = guessed.decode_without_bom_handling(window);
    let declared: BTreeSet<char> = declared.decode_without_bom_handling(window).0.chars().collect();
    let mut all = 0;
    let mut made = 0;
    let mut before = ' ';
    let mut characters = text.chars().peekable();
    while let Some(now) = characters.next() {
        if !now.is_ascii() {
            all += 1;
            let behind = characters.peek().is_some_and(|next| next.is_alphabetic());
            made += usize::from(
                now.is_alphabetic() && before.is_alphabetic() && behind && !declared.contains(&now),
            );
        }
        before = now;
    }
    made >= MADE_MIN && made * MADE_PART >= all
}

fn guess(window: &[u8]) -> &'static Encoding {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    detector.feed(window, true);
    detector.guess(None, Utf8Detection::Allow)
}

fn high_bytes(window: &[u8]) -> usize {
    window.iter().filter(|byte| **byte >= 0x80).count()
}

/// How many places of the decoded text no writer would have typed: undecodable bytes, control
/// characters, a capital after a small letter, a Cyrillic capital inside a word (koi8-r and
/// windows-1251 read as each other swap the cases), a Latin letter beside a Cyrillic one.
fn implausible(encoding: &'static Encoding, window: &[u8]) -> usize {
    let (text, _) = encoding.decode_without_bom_handling(window);
    let mut count = 0;
    let mut before = ' ';
    for now in text.chars() {
        let high = |c: char| c as u32 >= 0x80;
        let odd = now == '\u{fffd}'
            || ('\u{80}'..'\u{a0}').contains(&now)
            || ((high(now) || high(before))
                && before.is_alphabetic()
                && now.is_alphabetic()
                && ((now.is_uppercase() && (before.is_lowercase() || cyrillic(now)))
                    || cyrillic(before) != cyrillic(now)));
        count += usize::from(odd);
        before = now;
    }
    count
}

fn cyrillic(c: char) -> bool {
    ('\u{400}'..='\u{52f}').contains(&c)
}

/// `text/html; charset=windows-1251` to its encoding.
fn charset_parameter(content_type: &str) -> Option<&'static Encoding> {
    let at = content_type.to_ascii_lowercase().find("charset")?;
    let label = content_type.get(at + "charset".len()..)?.trim_start().strip_prefix('=')?;
    let label = label.trim_matches([' ', '"', '\'']);
    let label = label.split([';', ' ', '"', '\'', ',']).next()?;
    Encoding::for_label(label.as_bytes())
}

/// The first `charset=` inside a `<meta>` or an XML declaration of the page's head.
fn meta_charset(bytes: &[u8]) -> Option<&'static Encoding> {
    let window = bytes.get(..META_WINDOW.min(bytes.len()))?;
    let mut from = 0;
    while let Some(at) = memchr::memchr(b'<', window.get(from..)?) {
        let tag = window.get(from + at..)?;
        let end = memchr::memchr(b'>', tag).unwrap_or(tag.len());
        let head = tag.get(..end)?.to_ascii_lowercase();
        if head.starts_with(b"<meta") || head.starts_with(b"<?xml") {
            let text = String::from_utf8_lossy(&head);
            let found = ["charset=", "encoding="].iter().find_map(|key| {
                let (_, value) = text.split_once(key)?;
                let value = value.trim_start_matches(['"', '\'', ' ']);
                let label = value.split(['"', '\'', ';', ' ', '/', '?']).next()?;
                Encoding::for_label(label.as_bytes())
            });
            // A page that could be read this far is not in UTF-16, whatever it says.
            match found {
                Some(encoding) if encoding == UTF_16LE || encoding == UTF_16BE => {
                    return Some(UTF_8);
                }
                Some(encoding) => return Some(encoding),
                None => {}
            }
        }
        from += at + 1;
    }
    None
}
