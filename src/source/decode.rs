//! Bytes to text: compression, byte order mark, HTTP charset, XML declaration, then a guess.

use std::{borrow::Cow, io::Read};

use crate::text::charset;
use encoding_rs::{Encoding, ISO_2022_JP, UTF_8, UTF_16BE, UTF_16LE};

/// What is read of a packed body, in bytes. Of a plain one all is read: who fetched it has a limit.
const MOST_BYTES: usize = 15 << 20;

/// How many bytes are looked at to find a declaration.
const DECLARATION_REACH: usize = 1024;

pub(super) struct Decoded<'a> {
    /// Without byte order mark, XML declaration and control characters.
    pub(super) text: Cow<'a, str>,
    /// WHATWG name of the encoding.
    pub(super) charset: &'static str,
    pub(super) flaws: Vec<String>,
}

/// The bytes of a gzip body that no Content-Encoding tells of, or the bytes themselves.
pub(super) fn inflate<'a>(bytes: &'a [u8], flaws: &mut Vec<String>) -> Cow<'a, [u8]> {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return Cow::Borrowed(bytes);
    }
    let mut inflated = Vec::new();
    let limit = u64::try_from(MOST_BYTES).unwrap_or(u64::MAX);
    let mut reader = flate2::read::MultiGzDecoder::new(bytes).take(limit);
    if reader.read_to_end(&mut inflated).is_err() {
        flaws.push("the compressed body is damaged or cut off".to_owned());
    }
    if inflated.len() >= MOST_BYTES {
        flaws.push(format!("only the first {} MiB were read", MOST_BYTES >> 20));
    }
    Cow::Owned(inflated)
}

/// Decodes a document, which comes from `host`. Valid UTF-8 is taken for what it is, whatever it is
/// declared to be.
pub(super) fn decode<'a>(
    bytes: &'a [u8],
    content_type: Option<&str>,
    host: Option<&str>,
) -> Decoded<'a> {
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
        (None, Err(_)) => choose(bytes, content_type, host, &mut flaws),
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
    let labels = [content_type.and_then(charset::http_label), declared_charset(bytes)];
    labels.iter().flatten().filter_map(|label| charset::known(label)).any(|e| e == ISO_2022_JP)
        && escapes()
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
    content_type: Option<&str>,
    host: Option<&str>,
    flaws: &mut Vec<String>,
) -> &'static Encoding {
    let http = content_type.and_then(charset::http_label);
    let http = http.and_then(|label| label_or_flaw(&label, flaws));
    let document = declared_charset(bytes).and_then(|label| label_or_flaw(&label, flaws));
    let declared = charset::declared(http, document);
    let encoding = charset::believe(bytes, declared, host);
    match declared {
        Some(declared) if declared != encoding => {
            flaws.push(format!("declared as {}, but it is not", declared.name()));
        }
        None if encoding != UTF_8 => flaws.push("the encoding is not declared".to_owned()),
        _ => {}
    }
    encoding
}

fn label_or_flaw(label: &str, flaws: &mut Vec<String>) -> Option<&'static Encoding> {
    let encoding = charset::known(label);
    if encoding.is_none() {
        flaws.push(format!("declares the unknown encoding {label:?}"));
    }
    encoding
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
