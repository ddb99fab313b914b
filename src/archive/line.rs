//! The form of a line: a record, closed by its number, the hash of the line before and a checksum.
//!
//! Checked as bytes, so that a line of any schema version can be, and no parser comes between.
//! `docs/archive-format.md` describes it for other languages.

use std::fmt;

use sha2::{Digest, Sha256};

use super::{Record, recover::lines};

/// SHA-256 of a line without its line feed; written as `sha256:` and 64 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LineHash([u8; 32]);

impl LineHash {
    pub fn of(line: &[u8]) -> Self {
        Self(Sha256::digest(line).into())
    }

    /// Reads what [`fmt::Display`] writes, and nothing else.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix("sha256:")?.as_bytes();
        if digits.len() != 64 {
            return None;
        }
        let mut hash = [0; 32];
        for (byte, pair) in hash.iter_mut().zip(digits.as_chunks::<2>().0) {
            *byte = hex_digit(pair[0])? << 4 | hex_digit(pair[1])?;
        }
        Some(Self(hash))
    }
}

impl fmt::Display for LineHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sha256:")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

fn hex_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    }
}

/// What closes a line, once its checksum holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seal {
    pub(super) seq: u32,
    pub(super) prev: Option<LineHash>,
}

/// Why a line is not one of the archive's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LineFlaw {
    #[error("does not end with seq, prev and crc")]
    Form,
    #[error("its checksum does not hold")]
    Checksum,
    #[error("its line feed is missing")]
    Torn,
    #[error("the compressed file is damaged from here on")]
    Packed,
    #[error("its seq is {found}, not {expected}: {}", misplaced(*expected, *found))]
    Sequence { expected: u32, found: u32 },
    #[error("its prev is not the hash of the line before, which was changed or exchanged")]
    Previous,
}

fn misplaced(expected: u32, found: u32) -> String {
    match found.checked_sub(expected) {
        None | Some(0) => "it was repeated or moved".to_owned(),
        Some(count) => format!("{} missing before it", lines(count)),
    }
}

/// Fills in `seq`, `prev` and `crc`, and appends the line with its line feed to `out`.
pub(super) fn write(
    record: &mut Record,
    seal: Seal,
    out: &mut Vec<u8>,
) -> Result<LineHash, serde_json::Error> {
    record.seq = seal.seq;
    record.prev = seal.prev.map(|hash| hash.to_string());
    record.crc.clear();
    // JSON has no such number; null in its place could not be read back.
    if !record.extraction.confidence.is_finite() {
        record.extraction.confidence = 0.0;
    }
    let start = out.len();
    serde_json::to_writer(&mut *out, record)?;
    out.truncate(out.len() - EMPTY_CRC.len());
    record.crc = checksum(out.get(start..).unwrap_or_default());
    out.extend_from_slice(b",\"crc\":\"");
    out.extend_from_slice(record.crc.as_bytes());
    out.extend_from_slice(b"\"}");
    let hash = LineHash::of(out.get(start..).unwrap_or_default());
    out.push(b'\n');
    Ok(hash)
}

const EMPTY_CRC: &[u8] = b",\"crc\":\"\"}";

/// CRC-32 as in gzip, of the line's bytes before `,"crc":`.
fn checksum(body: &[u8]) -> String {
    format!("crc32:{:08x}", crc32fast::hash(body))
}

/// Checks a line's form and checksum.
pub(super) fn seal(line: &[u8]) -> Result<Seal, LineFlaw> {
    let (body, crc) = split_crc(line).ok_or(LineFlaw::Form)?;
    if checksum(body).as_bytes() != crc && !trusting() {
        return Err(LineFlaw::Checksum);
    }
    read_seal(body).ok_or(LineFlaw::Form)
}

/// Whether checksums go unchecked: a control of the tests, which must then fail.
fn trusting() -> bool {
    #[cfg(test)]
    return control::TRUSTING.get();
    #[cfg(not(test))]
    false
}

#[cfg(test)]
pub(super) use control::set_trusting;

#[cfg(test)]
mod control {
    use std::cell::Cell;

    thread_local!(pub(super) static TRUSTING: Cell<bool> = const { Cell::new(false) });

    /// Gives what was set before.
    pub(in super::super) fn set_trusting(trusting: bool) -> bool {
        TRUSTING.replace(trusting)
    }
}

fn split_crc(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let line = line.strip_suffix(b"\"}")?;
    let (rest, crc) = line.split_at_checked(line.len().checked_sub("crc32:01234567".len())?)?;
    Some((rest.strip_suffix(b",\"crc\":\"")?, crc))
}

fn read_seal(body: &[u8]) -> Option<Seal> {
    let (body, prev) = if let Some(body) = body.strip_suffix(b",\"prev\":null") {
        (body, None)
    } else {
        let body = body.strip_suffix(b"\"")?;
        let (body, hash) = body.split_at_checked(body.len().checked_sub("sha256:".len() + 64)?)?;
        let hash = LineHash::parse(std::str::from_utf8(hash).ok()?)?;
        (body.strip_suffix(b",\"prev\":\"")?, Some(hash))
    };
    let digits = body.iter().rev().take_while(|b| b.is_ascii_digit()).count();
    let (body, seq) = body.split_at_checked(body.len() - digits)?;
    body.strip_suffix(b",\"seq\":")?;
    Some(Seal { seq: std::str::from_utf8(seq).ok()?.parse().ok()?, prev })
}

/// The chain of lines up to here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// Of the last line.
    pub seq: u32,
    pub hash: LineHash,
}

/// Checks a line by itself, and as the one after `last`; where there is none before, any number may
/// begin. The link is the line's own whenever its checksum holds.
pub(super) fn follow(last: Option<Link>, line: &[u8]) -> Result<Link, (LineFlaw, Option<Link>)> {
    let seal = seal(line).map_err(|flaw| (flaw, None))?;
    let own = Link { seq: seal.seq, hash: LineHash::of(line) };
    let Some(last) = last else { return Ok(own) };
    let expected = last.seq.saturating_add(1);
    if seal.seq != expected {
        return Err((LineFlaw::Sequence { expected, found: seal.seq }, Some(own)));
    }
    if seal.prev != Some(last.hash) {
        return Err((LineFlaw::Previous, Some(own)));
    }
    Ok(own)
}
