//! Gzip in blocks (BGZF, SAM specification section 4.1), which every gzip reader reads.
//!
//! A second extra field, `NW`, holds the CRC-32 of what follows the header of a member.

use std::io::{self, Read, Write};

use flate2::{Compression, read::DeflateDecoder, write::DeflateEncoder};

use super::blocks::{BLOCK, Index, Member, damaged};
use crate::jsonl::DiskFile;

/// The empty member that ends a file; without it the file was cut.
const END: [u8; 28] = [
    0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff, 6, 0, b'B', b'C', 2, 0, 0x1b, 0, 3, 0, 0, 0, 0, 0, 0, 0,
    0, 0,
];
const HEADER: usize = 26;
/// CRC-32 and length of the plain bytes.
const TRAILER: usize = 8;

/// Appends one member; `plain` is at most [`BLOCK`] bytes.
pub(super) fn pack(plain: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(plain)?;
    let mut body = encoder.finish()?;
    body.extend_from_slice(&crc32fast::hash(plain).to_le_bytes());
    body.extend_from_slice(&u32::try_from(plain.len()).map_err(io::Error::other)?.to_le_bytes());
    let size = u16::try_from(HEADER + body.len() - 1).map_err(io::Error::other)?;
    out.extend_from_slice(&header(size, crc32fast::hash(&body)));
    out.extend_from_slice(&body);
    Ok(())
}

pub(super) fn finish(out: &mut Vec<u8>) {
    out.extend_from_slice(&END);
}

/// Unpacks a member without its header.
pub(super) fn unpack(body: &[u8]) -> io::Result<Vec<u8>> {
    let (deflated, trailer) =
        body.split_last_chunk::<TRAILER>().ok_or_else(|| damaged("is cut"))?;
    let mut plain = Vec::with_capacity(BLOCK);
    DeflateDecoder::new(deflated).take(BLOCK as u64 + 1).read_to_end(&mut plain)?;
    match trailer.first_chunk() {
        Some(crc) if *crc == crc32fast::hash(&plain).to_le_bytes() => Ok(plain),
        _ => Err(damaged("has a damaged block")),
    }
}

fn header(size: u16, crc: u32) -> [u8; HEADER] {
    let [s0, s1] = size.to_le_bytes();
    let [c0, c1, c2, c3] = crc.to_le_bytes();
    [
        0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff, 14, 0, b'B', b'C', 2, 0, s0, s1, b'N', b'W', 4, 0,
        c0, c1, c2, c3,
    ]
}

/// Length of the whole member less 1, and checksum of what follows its header.
fn size_and_crc(start: &[u8]) -> Option<(u16, u32)> {
    let size = u16::from_le_bytes(start.get(16..18)?.try_into().ok()?);
    let crc = u32::from_le_bytes(start.get(22..26)?.try_into().ok()?);
    Some((size, crc))
}

/// Finds the members; `None` where the file was written by another program.
pub(super) fn index(file: &impl DiskFile) -> io::Result<Option<Index>> {
    if !is_ours(file)? {
        return Ok(None);
    }
    let mut index = Index::default();
    let mut offset = 0;
    loop {
        let start = file.read_range(offset, END.len() as u64)?;
        if start == END {
            let rest = file.read_range(offset + END.len() as u64, 1)?;
            index.fault = (!rest.is_empty()).then(|| damaged("goes on after its end"));
            break;
        }
        let found = size_and_crc(&start).filter(|(size, crc)| {
            start.starts_with(&header(*size, *crc)) && usize::from(*size) >= HEADER + TRAILER
        });
        let Some((size, crc)) = found else {
            index.fault = Some(damaged("has a damaged header"));
            break;
        };
        let next = offset + u64::from(size) + 1;
        let Ok(plain) = file.read_range(next - 4, 4)?.try_into() else {
            index.fault = Some(damaged("is cut"));
            break;
        };
        let (offset_of_body, plain) = (offset + HEADER as u64, u32::from_le_bytes(plain));
        let size = next - offset_of_body;
        index.members.push(Member { offset: offset_of_body, size, plain, crc });
        offset = next;
    }
    Ok(Some(index))
}

/// Whether a file begins as those written here do. One wrong byte is overlooked, so that a damaged
/// file of ours is not taken for a sound one of somebody else.
fn is_ours(file: &impl DiskFile) -> io::Result<bool> {
    let start = file.read_range(0, HEADER as u64)?;
    let resembles = |other: &[u8]| start.iter().zip(other).filter(|(a, b)| a != b).count() <= 1;
    let (size, crc) = size_and_crc(&start).unwrap_or_default();
    Ok(start.len() < HEADER || resembles(&header(size, crc)) || resembles(&END))
}
