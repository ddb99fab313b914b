//! Gzip in blocks (BGZF, SAM specification section 4.1): every gzip reader reads it, and a place in
//! it is found by hopping over members of 64 KiB instead of unpacking all that stands before.
//!
//! A second extra field, `NW`, holds the CRC-32 of the member's deflate bytes, so that no flipped bit
//! of a file goes unseen, not even one that changes nothing in the unpacked text.

use std::io::{self, Read, Write};

use flate2::{Compression, read::DeflateDecoder, write::DeflateEncoder};

use crate::jsonl::DiskFile;

/// Plain bytes of a member: a member's length has to fit into 16 bits, whatever the text.
pub(super) const BLOCK: usize = 0xff00;

/// The empty member that ends a file; without it the file was cut.
const END: [u8; 28] = [
    0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff, 6, 0, b'B', b'C', 2, 0, 0x1b, 0, 3, 0, 0, 0, 0, 0, 0, 0,
    0, 0,
];
const HEADER: usize = 26;
const TRAILER: usize = 8;

/// Appends one member; `plain` is at most [`BLOCK`] bytes.
pub(super) fn write_block(plain: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(plain)?;
    let deflated = encoder.finish()?;
    let size = u16::try_from(HEADER + deflated.len() + TRAILER - 1).map_err(io::Error::other)?;
    out.extend_from_slice(&header(size, crc32fast::hash(&deflated)));
    out.extend_from_slice(&deflated);
    out.extend_from_slice(&crc32fast::hash(plain).to_le_bytes());
    out.extend_from_slice(&u32::try_from(plain.len()).map_err(io::Error::other)?.to_le_bytes());
    Ok(())
}

pub(super) fn write_end(out: &mut Vec<u8>) {
    out.extend_from_slice(&END);
}

fn header(size: u16, crc: u32) -> [u8; HEADER] {
    let [s0, s1] = size.to_le_bytes();
    let [c0, c1, c2, c3] = crc.to_le_bytes();
    [
        0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff, 14, 0, b'B', b'C', 2, 0, s0, s1, b'N', b'W', 4, 0,
        c0, c1, c2, c3,
    ]
}

/// Whether a file begins as those written here do. One wrong byte is overlooked, so that a damaged
/// file of ours is not taken for a sound one of somebody else.
pub(super) fn is_ours(file: &impl DiskFile) -> io::Result<bool> {
    let start = file.read_range(0, HEADER as u64)?;
    let resembles = |other: &[u8]| start.iter().zip(other).filter(|(a, b)| a != b).count() <= 1;
    let (size, crc) = size_and_crc(&start).unwrap_or_default();
    Ok(start.len() < HEADER || resembles(&header(size, crc)) || resembles(&END))
}

fn size_and_crc(start: &[u8]) -> Option<(u16, u32)> {
    let size = u16::from_le_bytes(start.get(16..18)?.try_into().ok()?);
    let crc = u32::from_le_bytes(start.get(22..26)?.try_into().ok()?);
    Some((size, crc))
}

/// The bytes of a member with this header, `None` where it is not one of ours.
fn member_size(start: &[u8]) -> Option<(u64, u32)> {
    let (size, crc) = size_and_crc(start)?;
    let ours = start == header(size, crc) && usize::from(size) >= HEADER + TRAILER;
    ours.then_some((u64::from(size) + 1, crc))
}

/// Reads the plain bytes, checking every byte of the file.
#[derive(Debug)]
pub(super) struct Blocks<F> {
    file: F,
    /// Of the next member.
    offset: u64,
    plain: Vec<u8>,
    read: usize,
    ended: bool,
}

impl<F: DiskFile> Blocks<F> {
    pub(super) fn new(file: F) -> Self {
        Self { file, offset: 0, plain: Vec::new(), read: 0, ended: false }
    }

    /// Moves forward by `count` plain bytes, or to the end.
    pub(super) fn skip(&mut self, mut count: u64) -> io::Result<()> {
        while let Some((size, _)) = self.next_member()? {
            let trailer = self.file.read_range(self.offset + size - 4, 4)?;
            let plain =
                trailer.try_into().map(u32::from_le_bytes).map_err(|_| damaged("is cut"))?;
            if u64::from(plain) > count {
                break;
            }
            count -= u64::from(plain);
            self.offset += size;
        }
        let skipped = io::copy(&mut self.by_ref().take(count), &mut io::sink())?;
        if skipped == count { Ok(()) } else { Err(damaged("is shorter than expected")) }
    }

    /// Size and checksum of the next member; `None` at the end of the file.
    fn next_member(&mut self) -> io::Result<Option<(u64, u32)>> {
        let start = self.file.read_range(self.offset, END.len() as u64)?;
        if start == END {
            self.ended = true;
            let rest = self.file.read_range(self.offset + END.len() as u64, 1)?;
            return if rest.is_empty() { Ok(None) } else { Err(damaged("goes on after its end")) };
        }
        match start.get(..HEADER).and_then(member_size) {
            Some(member) => Ok(Some(member)),
            None => Err(damaged("has a damaged header")),
        }
    }

    fn load(&mut self) -> io::Result<()> {
        self.plain.clear();
        self.read = 0;
        let Some((size, crc)) = self.next_member()? else { return Ok(()) };
        let body = self.file.read_range(self.offset + HEADER as u64, size - HEADER as u64)?;
        let parts = body.split_last_chunk::<TRAILER>();
        let (deflated, [p0, p1, p2, p3, l0, l1, l2, l3]) =
            parts.ok_or_else(|| damaged("is cut"))?;
        if crc32fast::hash(deflated) != crc {
            return Err(damaged("has a damaged block"));
        }
        DeflateDecoder::new(deflated).take(BLOCK as u64 + 1).read_to_end(&mut self.plain)?;
        let len = u32::from_le_bytes([*l0, *l1, *l2, *l3]);
        let plain_crc = u32::from_le_bytes([*p0, *p1, *p2, *p3]);
        if self.plain.len() as u64 != u64::from(len) || crc32fast::hash(&self.plain) != plain_crc {
            self.plain.clear();
            return Err(damaged("has a damaged block"));
        }
        self.offset += size;
        Ok(())
    }
}

impl<F: DiskFile> Read for Blocks<F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.read == self.plain.len() && !self.ended {
            self.load()?;
        }
        let rest = self.plain.get(self.read..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..count), rest.get(..count)) {
            to.copy_from_slice(from);
        }
        self.read += count;
        Ok(count)
    }
}

fn damaged(how: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the compressed file {how}"))
}
