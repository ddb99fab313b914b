//! Bytes to text: compression, byte order mark, HTTP charset, XML declaration, then a guess.

use std::{borrow::Cow, io::Read};

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, GB18030, ISO_2022_JP, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use url::Url;

/// What is read of one document, in bytes, before and after decompression.
pub(super) const MOST_BYTES: usize = 15 << 20;

/// How many bytes are looked at to find a declaration or to guess.
const DECLARATION_REACH: usize = 1024;
const GUESS_REACH: usize = 256 << 10;

pub(super) struct Decoded<'a> {
    /// Without byte order mark, XML declaration and control characters.
    pub(super) text: Cow<'a, str>,
    /// WHATWG name of the encoding.
    pub(super) charset: &'static str,
    pub(super) flaws: Vec<String>,
}

/// The bytes of a gzip body that no Content-Encoding tells of, or the bytes themselves.
pub(super) fn inflate<'a>(bytes: &'a [u8], flaws: &mut Vec<String>) -> Cow<'a, [u8]> {
    let cut = |bytes: &'a [u8]| bytes.get(..MOST_BYTES).unwrap_or(bytes);
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        if bytes.len() > MOST_BYTES {
            flaws.push(too_long());
        }
        return Cow::Borrowed(cut(bytes));
    }
    let mut inflated = Vec::new();
    let limit = u64::try_from(MOST_BYTES).unwrap_or(u64::MAX);
    let mut reader = flate2::read::MultiGzDecoder::new(bytes).take(limit);
    if reader.read_to_end(&mut inflated).is_err() {
        flaws.push("the compressed body is damaged or cut off".to_owned());
    }
    if inflated.len() >= MOST_BYTES {
        flaws.push(too_long());
    }
    Cow::Owned(inflated)
}

fn too_long() -> String {
    format!("only the first {} MiB were read", MOST_BYTES >> 20)
}

/// Decodes a document. Valid UTF-8 is taken for what it is, whatever it is declared to be.
pub(super) fn decode<'a>(bytes: &'a [u8], content_type: Option<&str>, base: &Url) -> Decoded<'a> {
    let mut flaws = Vec::new();
    let (encoding, bytes) = match mark(bytes) {
        Some(Mark::Utf32 { big_endian }) => {
            let text = utf32(bytes, big_endian);
            return Decoded {
                text: Cow::Owned(tidy(&text).into_owned()),
                charset: "UTF-32",
                flaws,
            };
        }
        Some(Mark::Known(encoding, length)) => {
            (Some(encoding), bytes.get(length..).unwrap_or_default())
        }
        None => (None, bytes),
    };
    let encoding = match (encoding, str::from_utf8(bytes)) {
        (Some(encoding), _) => encoding,
        (None, Ok(text)) if !is_seven_bit(bytes, content_type) => {
            return Decoded { text: tidy(text), charset: UTF_8.name(), flaws };
        }
        (None, Ok(_)) => ISO_2022_JP,
        (None, Err(error)) => choose(bytes, error.valid_up_to(), content_type, base, &mut flaws),
    };
    let (text, had_errors) = encoding.decode_without_bom_handling(bytes);
    if had_errors {
        flaws.push(format!("some bytes are no {}", encoding.name()));
    }
    let text = match text {
        Cow::Borrowed(text) => tidy(text),
        Cow::Owned(text) => match tidy(&text) {
            Cow::Borrowed(_) => Cow::Owned(text),
            Cow::Owned(tidied) => Cow::Owned(tidied),
        },
    };
    Decoded { text, charset: encoding.name(), flaws }
}

/// Whether valid UTF-8 is declared to be the one encoding that says everything in seven bits.
fn is_seven_bit(bytes: &[u8], content_type: Option<&str>) -> bool {
    let escapes = || memchr::memchr(0x1b, bytes).is_some();
    let labels = [content_type.and_then(http_charset), declared_charset(bytes)];
    labels.iter().flatten().filter_map(|label| known(label)).any(|e| e == ISO_2022_JP) && escapes()
}

enum Mark {
    /// An encoding, and the length of its mark.
    Known(&'static Encoding, usize),
    Utf32 {
        big_endian: bool,
    },
}

/// A byte order mark, or the pattern that `<` leaves in wide encodings (XML 1.0 appendix F).
fn mark(bytes: &[u8]) -> Option<Mark> {
    Some(match bytes {
        [0xff, 0xfe, 0, 0, ..] | [b'<', 0, 0, 0, ..] => Mark::Utf32 { big_endian: false },
        [0, 0, 0xfe, 0xff, ..] | [0, 0, 0, b'<', ..] => Mark::Utf32 { big_endian: true },
        [0xef, 0xbb, 0xbf, ..] => Mark::Known(UTF_8, 3),
        [0xff, 0xfe, ..] => Mark::Known(UTF_16LE, 2),
        [0xfe, 0xff, ..] => Mark::Known(UTF_16BE, 2),
        [b'<' | b'{', 0, second, 0, ..] if *second != 0 => Mark::Known(UTF_16LE, 0),
        [0, b'<' | b'{', 0, second, ..] if *second != 0 => Mark::Known(UTF_16BE, 0),
        _ => return None,
    })
}

fn utf32(bytes: &[u8], big_endian: bool) -> String {
    let (units, _) = bytes.as_chunks::<4>();
    let number = if big_endian { u32::from_be_bytes } else { u32::from_le_bytes };
    let characters = units.iter().map(|unit| char::from_u32(number(*unit)).unwrap_or('\u{fffd}'));
    characters.filter(|c| *c != '\u{feff}').collect()
}

/// The encoding of a text that is no UTF-8.
fn choose(
    bytes: &[u8],
    valid_up_to: usize,
    content_type: Option<&str>,
    base: &Url,
    flaws: &mut Vec<String>,
) -> &'static Encoding {
    let http = content_type.and_then(http_charset);
    let declared = declared_charset(bytes);
    let http = http.as_deref().and_then(|label| label_or_flaw(label, flaws));
    let declared = declared.as_deref().and_then(|label| label_or_flaw(label, flaws));
    // Servers send ISO 8859-1 where nobody configured anything: the document knows better.
    let named = match (http, declared) {
        (Some(http), Some(declared)) if http == WINDOWS_1252 => Some(declared),
        (Some(http), _) => Some(http),
        (None, declared) => declared,
    };
    match named {
        Some(encoding) if encoding == UTF_8 => {
            if mostly_utf8(bytes, valid_up_to, 2) {
                return UTF_8;
            }
            flaws.push("declared as UTF-8, but it is not".to_owned());
            guess(bytes, base)
        }
        Some(encoding) if encoding == UTF_16LE || encoding == UTF_16BE => guess(bytes, base),
        Some(encoding) => encoding,
        None if mostly_utf8(bytes, valid_up_to, 10) => UTF_8,
        None => {
            flaws.push("the encoding is not declared".to_owned());
            guess(bytes, base)
        }
    }
}

fn label_or_flaw(label: &str, flaws: &mut Vec<String>) -> Option<&'static Encoding> {
    let encoding = known(label);
    if encoding.is_none() {
        flaws.push(format!("declares the unknown encoding {label:?}"));
    }
    encoding
}

fn known(label: &str) -> Option<&'static Encoding> {
    Encoding::for_label(label.as_bytes())
        .or_else(|| Encoding::for_label(label.replace('_', "-").as_bytes()))
}

/// Whether a text is UTF-8 with a few faults (a cut character, a foreign quotation) rather than
/// something else: over `least` characters beyond ASCII for each fault. Of text in other encodings
/// hardly a fifth reads as UTF-8 by chance.
fn mostly_utf8(bytes: &[u8], valid_up_to: usize, least: usize) -> bool {
    // Cut in its last character.
    if valid_up_to + 3 >= bytes.len() && !bytes.is_ascii() {
        let valid = bytes.get(..valid_up_to).unwrap_or_default();
        if !valid.is_ascii() {
            return true;
        }
    }
    let (mut good, mut bad) = (0_usize, 0_usize);
    for chunk in bytes.get(..GUESS_REACH).unwrap_or(bytes).utf8_chunks() {
        good += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        bad += usize::from(!chunk.invalid().is_empty());
    }
    good > least * bad
}

fn guess(bytes: &[u8], base: &Url) -> &'static Encoding {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    let start = bytes.get(..GUESS_REACH).unwrap_or(bytes);
    detector.feed(start, start.len() == bytes.len());
    let label = base.domain().and_then(|domain| domain.rsplit('.').next());
    let plain = |label: &&str| label.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
    let label = label.filter(plain).map(str::as_bytes);
    let encoding = detector.guess(label, Utf8Detection::Allow);
    // The detector knows GBK; its superset reads the same bytes and more.
    if encoding == encoding_rs::GBK { GB18030 } else { encoding }
}

/// The charset parameter of a Content-Type.
fn http_charset(content_type: &str) -> Option<String> {
    content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let value = value.trim().trim_matches(['"', '\'']);
        (name.trim().eq_ignore_ascii_case("charset") && !value.is_empty())
            .then(|| value.to_ascii_lowercase())
    })
}

/// The encoding that an XML declaration names, also where blanks stand before it.
fn declared_charset(bytes: &[u8]) -> Option<String> {
    let start = bytes.get(..DECLARATION_REACH).unwrap_or(bytes);
    let at = memchr::memmem::find(start, b"<?xml")?;
    let declaration = start.get(at..)?;
    let end = memchr::memmem::find(declaration, b"?>").unwrap_or(declaration.len());
    let declaration = String::from_utf8_lossy(declaration.get(..end)?);
    let (_, rest) = declaration.split_once("encoding")?;
    let value = rest.trim_start().strip_prefix('=')?.trim_start();
    let value = value.trim_start_matches(['"', '\'']);
    let length = value.find(|c: char| c == '"' || c == '\'' || c.is_whitespace());
    let label = value.get(..length.unwrap_or(value.len()))?;
    (!label.is_empty()).then(|| label.to_ascii_lowercase())
}

/// Takes out what no XML reader wants: the control characters.
fn tidy(text: &str) -> Cow<'_, str> {
    let is_control = |b: u8| b < 0x20 && !matches!(b, b'\t' | b'\n' | b'\r');
    // Whole chunks without an early exit are looked at many bytes at a time.
    let has_control = |chunk: &[u8]| chunk.iter().fold(false, |found, b| found | is_control(*b));
    if !text.as_bytes().chunks(1024).any(has_control) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().filter(|c| !u8::try_from(*c).is_ok_and(is_control)).collect())
}
