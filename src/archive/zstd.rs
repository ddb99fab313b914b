//! Zstandard in frames with a seek table (Zstandard Seekable Format 0.1.0), which every zstd reads.
//!
//! A skippable frame before the table holds the CRC-32 of each frame.

use std::io;

use super::blocks::{BLOCK, Index, Member, damaged};
use crate::jsonl::DiskFile;

const SKIPPABLE: u32 = 0x184d_2a50;
const SEEK_TABLE: u32 = 0x184d_2a5e;
const SEEKABLE: u32 = 0x8f92_eab1;
/// Number of frames, descriptor, magic number.
const FOOTER: u64 = 9;
/// Magic number and length.
const HEADER: u64 = 8;

/// Opens a file: an empty skippable frame. By it a file that lost its end is known as ours.
const START: [u8; 8] = [0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0];

/// The frames written so far.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// Compressed size, plain size, checksum.
    frames: Vec<[u32; 3]>,
}

/// Appends one frame.
pub(super) fn pack(plain: &[u8], table: &mut Table, out: &mut Vec<u8>) -> io::Result<()> {
    table.start(out);
    let frame = zstd::bulk::compress(plain, zstd::DEFAULT_COMPRESSION_LEVEL)?;
    let size = |len: usize| u32::try_from(len).map_err(io::Error::other);
    table.frames.push([size(frame.len())?, size(plain.len())?, crc32fast::hash(&frame)]);
    out.extend_from_slice(&frame);
    Ok(())
}

pub(super) fn unpack(frame: &[u8]) -> io::Result<Vec<u8>> {
    if frame == START { Ok(Vec::new()) } else { zstd::bulk::decompress(frame, BLOCK) }
}

impl Table {
    fn start(&mut self, out: &mut Vec<u8>) {
        if self.frames.is_empty() {
            self.frames.push([8, 0, crc32fast::hash(&START)]);
            out.extend_from_slice(&START);
        }
    }

    pub(super) fn finish(&mut self, out: &mut Vec<u8>) -> io::Result<()> {
        self.start(out);
        let mut put = |word: u32| out.extend_from_slice(&word.to_le_bytes());
        let count = u32::try_from(self.frames.len()).map_err(io::Error::other)?;
        put(SKIPPABLE);
        put(4 * count);
        self.frames.iter().for_each(|[_, _, crc]| put(*crc));
        put(SEEK_TABLE);
        put(8 * count + 9);
        for [size, plain, _] in &self.frames {
            put(*size);
            put(*plain);
        }
        put(count);
        out.push(0);
        out.extend_from_slice(&SEEKABLE.to_le_bytes());
        Ok(())
    }
}

/// Finds the frames; `None` where the file was written by another program.
pub(super) fn index(file: &impl DiskFile) -> io::Result<Option<Index>> {
    let size = file.size()?;
    let footer = file.read_range(size.saturating_sub(FOOTER), FOOTER)?;
    let start = file.read_range(0, START.len() as u64)?;
    // One wrong byte is overlooked, so that a damaged file of ours is not taken for a sound one of
    // somebody else.
    if start.iter().zip(&START).filter(|(a, b)| a != b).count() > 1 {
        return Ok(None);
    }
    let table = read_table(file, size, &footer)?;
    Ok(Some(table.unwrap_or_else(|| Index {
        members: Vec::new(),
        fault: Some(damaged("has a damaged seek table")),
    })))
}

fn read_table(file: &impl DiskFile, size: u64, footer: &[u8]) -> io::Result<Option<Index>> {
    let Some(count) = footer.first_chunk().map(|bytes| u64::from(u32::from_le_bytes(*bytes)))
    else {
        return Ok(None);
    };
    let len = HEADER + 4 * count + HEADER + 8 * count + FOOTER;
    let Some(start) = size.checked_sub(len) else { return Ok(None) };
    let bytes = file.read_range(start, len)?;
    let words: Vec<u32> =
        bytes.as_chunks().0.iter().map(|word| u32::from_le_bytes(*word)).collect();
    let frames = usize::try_from(count).map_err(io::Error::other)?;
    let (crcs, sizes) = (words.get(2..2 + frames), words.get(4 + frames..4 + 3 * frames));
    let (Some(crcs), Some(sizes)) = (crcs, sizes) else { return Ok(None) };
    let sizes = sizes.as_chunks::<2>().0;
    let frames = sizes.iter().zip(crcs).map(|([size, plain], crc)| [*size, *plain, *crc]).collect();
    let mut table = Table { frames };
    // One spelling only, so that no flipped bit of the table goes unseen.
    let mut expected = Vec::new();
    table.finish(&mut expected)?;
    let mut offset = 0;
    let mut members = Vec::new();
    for [size, plain, crc] in table.frames {
        let size = u64::from(size);
        members.push(Member { offset, size, plain, crc });
        offset += size;
    }
    let whole = expected == bytes && offset == start;
    Ok(whole.then_some(Index { members, fault: None }))
}
