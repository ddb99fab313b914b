//! A body's content encoding undone, within a limit.

use std::io::{self, Read};

use brotli_decompressor::Decompressor;
use flate2::{
    bufread::GzDecoder,
    read::{DeflateDecoder, ZlibDecoder},
};

/// What is asked for.
pub(super) const ACCEPTED: &str = "gzip, br, zstd";

/// Windows beyond 8 MiB are not for the web (RFC 9659).
const ZSTD_WINDOW_LOG: u32 = 23;

/// A file that is packed in pieces has some hundreds of members; more are made to keep us busy.
const GZIP_MEMBERS: usize = 1000;

/// Why a body cannot be had as it was meant.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    TooLarge,
    Encoding(String),
}

/// The one encoding that `Content-Encoding` names, in lower case; none for a plain body. One on top
/// of another is refused: nobody needs it but to hide a bomb.
pub(super) fn encoding<'a>(values: impl Iterator<Item = &'a [u8]>) -> Result<Option<String>, Flaw> {
    let mut encodings = values
        .flat_map(|value| value.split(|b| *b == b','))
        .map(|name| String::from_utf8_lossy(name.trim_ascii()).to_ascii_lowercase())
        .filter(|name| !name.is_empty() && name != "identity");
    let Some(encoding) = encodings.next() else { return Ok(None) };
    if let Some(second) = encodings.next() {
        let stacked = format!("stacked content encodings: {second} on {encoding}");
        return Err(Flaw::Encoding(stacked));
    }
    match encoding.as_str() {
        "gzip" | "x-gzip" | "deflate" | "br" | "zstd" => Ok(Some(encoding)),
        // A charset or nothing at all in the wrong field: the bytes are plain.
        "utf-8" | "utf8" | "none" | "binary" | "8bit" => Ok(None),
        _ => Err(Flaw::Encoding(format!("unknown content encoding {encoding:?}"))),
    }
}

/// Whether a file is packed by itself, whatever its headers say.
pub(super) fn is_gzip(body: &[u8]) -> bool {
    body.starts_with(b"\x1f\x8b\x08")
}

/// Decodes a body, to `limit` bytes at the most. With a flaw comes what was decoded before it.
/// Nothing in any encoding is nothing.
pub(super) fn decode(encoding: &str, body: &[u8], limit: usize) -> (Vec<u8>, Option<Flaw>) {
    let mut decoded = Vec::new();
    if body.is_empty() {
        return (decoded, None);
    }
    let flaw = match encoding {
        // Reserved in RFC 7932 §9.1, and elsewhere the sign for a window of up to 1 GiB.
        "br" if body.first().is_some_and(|first| first & 0x7f == 0x11) => {
            Some(Flaw::Encoding("the brotli window is too large".to_owned()))
        }
        "br" => read(Decompressor::new(body, 16 * 1024), limit, &mut decoded),
        "zstd" => match zstd_reader(body) {
            Ok(reader) => read(reader, limit, &mut decoded),
            Err(error) => Some(broken(&error)),
        },
        // The method "deflate" in the low half of the first byte: the zlib frame of the standard,
        // which some servers leave out.
        "deflate" if body.first().is_some_and(|first| first & 15 == 8) => {
            read(ZlibDecoder::new(body), limit, &mut decoded)
        }
        "deflate" => read(DeflateDecoder::new(body), limit, &mut decoded),
        _ => gunzip(body, limit, &mut decoded),
    };
    (decoded, flaw)
}

/// Reads one member after the other, and passes over what follows the last one.
fn gunzip(mut body: &[u8], limit: usize, decoded: &mut Vec<u8>) -> Option<Flaw> {
    for _ in 0..GZIP_MEMBERS {
        let flaw = read(GzDecoder::new(&mut body), limit, decoded);
        if flaw.is_some() || !is_gzip(body) {
            return flaw;
        }
    }
    Some(Flaw::Encoding("the content encoding has too many parts".to_owned()))
}

fn zstd_reader(body: &[u8]) -> io::Result<impl Read> {
    let mut reader = zstd::stream::read::Decoder::with_buffer(body)?;
    reader.window_log_max(ZSTD_WINDOW_LOG)?;
    Ok(reader)
}

/// Appends what `reader` gives until `decoded` is as long as `limit`.
fn read(reader: impl Read, limit: usize, decoded: &mut Vec<u8>) -> Option<Flaw> {
    let room = limit.saturating_sub(decoded.len());
    let one_more = u64::try_from(room).unwrap_or(u64::MAX).saturating_add(1);
    let outcome = reader.take(one_more).read_to_end(decoded);
    if decoded.len() > limit {
        decoded.truncate(limit);
        return Some(Flaw::TooLarge);
    }
    outcome.err().as_ref().map(broken)
}

fn broken(error: &io::Error) -> Flaw {
    Flaw::Encoding(format!("the content encoding is broken: {error}"))
}
