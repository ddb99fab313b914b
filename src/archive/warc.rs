//! WARC 1.1 (ISO 28500:2017): an exchange as records, a gzip member each.

use std::{
    fmt::{Display, Write as _},
    io::{self, Read, Write},
};

use flate2::{Compression, bufread::GzDecoder, write::GzEncoder};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::line::LineHash;
use crate::fetch::Exchange;

/// Where a revisit's payload stands in the same file, as `offset+length`: a field of our own.
const REFERS_TO_PLACE: &str = "X-Refers-To-Place";
/// Fields of a body that is not kept as it was chunked: kept under another name.
const OF_THE_WAY: [&str; 2] = ["transfer-encoding", "connection"];
/// No record is unpacked beyond this.
const LONGEST: u64 = 128 << 20;

/// The response that has a payload, as a revisit names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Original {
    id: String,
    url: String,
    date: String,
    pub(super) offset: u64,
    length: u64,
}

/// The record that opens a file.
pub(super) fn info(name: &str, at: Timestamp) -> io::Result<Vec<u8>> {
    let block = format!(
        "software: newswatch/{}\r\nformat: WARC File Format 1.1\r\n\
         conformsTo: http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/\r\n",
        env!("CARGO_PKG_VERSION")
    );
    let mut head = Head::new("warcinfo", &id("warcinfo", name, &date(at)), &date(at));
    head.field("WARC-Filename", name);
    head.field("Content-Type", "application/warc-fields");
    head.member(block.as_bytes())
}

/// The response, or a revisit where `original` has the same payload, and then the request. Gives
/// also what a revisit of this response will name it by.
pub(super) fn exchange(
    exchange: &Exchange,
    original: Option<&Original>,
    offset: u64,
) -> io::Result<(Vec<u8>, Original)> {
    let (url, date) = (exchange.url.to_string(), date(exchange.at));
    let payload = LineHash::of(&exchange.body);
    let kind = if original.is_some() { "revisit" } else { "response" };
    let id = id(kind, &url, &format!("{date}\n{payload}"));
    let mut head = Head::new(kind, &id, &date);
    head.field("WARC-Target-URI", &url);
    if let Some(peer) = exchange.peer {
        head.field("WARC-IP-Address", peer);
    }
    if exchange.is_http2 {
        head.field("WARC-Protocol", "h2");
    }
    head.field("WARC-Payload-Digest", payload);
    head.field("Content-Type", "application/http; msgtype=response");
    let mut block = format!("HTTP/1.1 {} {}\r\n", exchange.status, exchange.reason).into_bytes();
    fields(&exchange.headers, &mut block);
    if let Some(original) = original {
        head.field(
            "WARC-Profile",
            "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest",
        );
        head.field("WARC-Refers-To", &original.id);
        head.field("WARC-Refers-To-Target-URI", &original.url);
        head.field("WARC-Refers-To-Date", &original.date);
        head.field(REFERS_TO_PLACE, format!("{}+{}", original.offset, original.length));
    } else {
        block.extend_from_slice(&exchange.body);
    }
    let mut bytes = head.member(&block)?;
    bytes.extend(request(exchange, &id, &url, &date)?);
    let length = bytes.len() as u64;
    Ok((bytes, Original { id, url, date, offset, length }))
}

fn request(exchange: &Exchange, response: &str, url: &str, date: &str) -> io::Result<Vec<u8>> {
    let mut head = Head::new("request", &id("request", response, ""), date);
    head.field("WARC-Target-URI", url);
    head.field("WARC-Concurrent-To", response);
    head.field("Content-Type", "application/http; msgtype=request");
    let target = &exchange.url[url::Position::BeforePath..url::Position::AfterQuery];
    let host = &exchange.url[url::Position::BeforeHost..url::Position::AfterPort];
    let mut block = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n").into_bytes();
    fields(&exchange.request, &mut block);
    head.member(&block)
}

fn fields(fields: &[(String, Vec<u8>)], block: &mut Vec<u8>) {
    for (name, value) in fields {
        if OF_THE_WAY.contains(&name.as_str()) {
            block.extend_from_slice(b"x-archive-orig-");
        }
        block.extend_from_slice(name.as_bytes());
        block.extend_from_slice(b": ");
        // As it came it has none; a line break would make two fields of it.
        block.extend(value.iter().map(|b| if matches!(b, b'\r' | b'\n') { b' ' } else { *b }));
        block.extend_from_slice(b"\r\n");
    }
    block.extend_from_slice(b"\r\n");
}

/// To the millisecond: `2022-01-16T11:00:00.123Z`.
fn date(at: Timestamp) -> String {
    format!("{at:.3}")
}

/// A name that no other record has: a UUID of version 8 (RFC 9562 §5.8) over what it is of.
fn id(kind: &str, of: &str, more: &str) -> String {
    let hash = Sha256::digest(format!("{kind}\n{of}\n{more}"));
    let mut digits = String::new();
    for (at, byte) in hash.iter().take(16).enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            digits.push('-');
        }
        let byte = match at {
            6 => byte & 0x0f | 0x80,
            8 => byte & 0x3f | 0x80,
            _ => *byte,
        };
        // Writing to a string does not fail.
        write!(digits, "{byte:02x}").ok();
    }
    format!("<urn:uuid:{digits}>")
}

/// The head of a record.
struct Head(String);

impl Head {
    fn new(kind: &str, id: &str, date: &str) -> Self {
        let mut head = Self("WARC/1.1\r\n".to_owned());
        head.field("WARC-Type", kind);
        head.field("WARC-Record-ID", id);
        head.field("WARC-Date", date);
        head
    }

    fn field(&mut self, name: &str, value: impl Display) {
        write!(self.0, "{name}: {value}\r\n").ok();
    }

    /// The record with its block, packed.
    fn member(mut self, block: &[u8]) -> io::Result<Vec<u8>> {
        self.field("WARC-Block-Digest", LineHash::of(block));
        self.field("Content-Length", block.len());
        let mut packed = GzEncoder::new(Vec::new(), Compression::default());
        packed.write_all(self.0.as_bytes())?;
        packed.write_all(b"\r\n")?;
        packed.write_all(block)?;
        packed.write_all(b"\r\n\r\n")?;
        packed.finish()
    }
}

/// Header fields, names in lower case, values as bytes.
type Fields = Vec<(String, Vec<u8>)>;

/// A record, unpacked, and its parts.
#[derive(Debug)]
pub(super) struct Unpacked {
    head: Fields,
    block: Vec<u8>,
}

/// Unpacks the first record that `packed` gives, and leaves what comes after it.
pub(super) fn unpack(packed: &mut &[u8]) -> io::Result<Unpacked> {
    let mut bytes = Vec::new();
    GzDecoder::new(packed).take(LONGEST).read_to_end(&mut bytes)?;
    let (head, rest) = split_head(&bytes).ok_or(io::ErrorKind::InvalidData)?;
    let head = parse(head);
    let length = value(&head, "content-length").and_then(|length| length.parse().ok());
    let block = length.and_then(|length| rest.get(..length)).ok_or(io::ErrorKind::InvalidData)?;
    Ok(Unpacked { block: block.to_owned(), head })
}

impl Unpacked {
    /// Offset and length of what has the payload instead, if this is a revisit.
    pub(super) fn refers_to(&self) -> Option<(u64, u64)> {
        let place = value(&self.head, &REFERS_TO_PLACE.to_ascii_lowercase())?;
        let (offset, length) = place.split_once('+')?;
        Some((offset.parse().ok()?, length.parse().ok()?))
    }

    /// The hash of the payload, also where that stands elsewhere; a request has none.
    pub(super) fn payload(&self) -> Option<LineHash> {
        LineHash::parse(value(&self.head, "warc-payload-digest")?)
    }

    /// The HTTP fields and the payload.
    pub(super) fn http(self) -> io::Result<(Fields, Vec<u8>)> {
        let (head, body) = split_head(&self.block).ok_or(io::ErrorKind::InvalidData)?;
        Ok((parse(head), body.to_owned()))
    }
}

fn split_head(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = memchr::memmem::find(bytes, b"\r\n\r\n")?;
    let (head, rest) = bytes.split_at_checked(end)?;
    Some((head, rest.get(4..)?))
}

fn parse(head: &[u8]) -> Fields {
    let lines = head.split(|byte| *byte == b'\n').skip(1);
    let field = |line: &[u8]| {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let (name, value) = line.split_at_checked(colon)?;
        let name = String::from_utf8_lossy(name).to_ascii_lowercase();
        Some((name, value.get(1..)?.trim_ascii().to_owned()))
    };
    lines.filter_map(field).collect()
}

fn value<'h>(head: &'h [(String, Vec<u8>)], name: &str) -> Option<&'h str> {
    let value = head.iter().find(|(known, _)| known == name).map(|(_, value)| value)?;
    std::str::from_utf8(value).ok()
}
