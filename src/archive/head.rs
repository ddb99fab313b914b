//! `archive/HEAD`: what the chain came to when the last segment was closed.

use std::io;

use serde::Deserialize;

use super::{ArchiveError, Checkpoint, LineHash, Position, SegmentName, durable};
use crate::jsonl::{Disk, DiskFile};

pub(super) const HEAD: &str = "HEAD";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    seq: u32,
    /// Of the line with that number.
    hash: String,
    segment: String,
}

/// Replaces the file in one step.
pub(super) fn write(disk: &impl Disk, tip: Checkpoint) -> Result<(), ArchiveError> {
    durable::replace(disk, HEAD, text(tip.seq, tip.hash, tip.end.segment).as_bytes())?;
    tracing::info!(
        archive.seq = tip.seq,
        archive.head = %tip.hash,
        archive.segment = %tip.end.segment,
        "segment closed"
    );
    Ok(())
}

/// The one spelling, so that no flipped bit of the file goes unseen.
fn text(seq: u32, hash: LineHash, segment: SegmentName) -> String {
    format!("{{\"seq\":{seq},\"hash\":\"{hash}\",\"segment\":\"{segment}\"}}\n")
}

/// What the file states, but for where in the segment the line ends; `Ok(None)` where there is no file.
pub(super) fn read(disk: &impl Disk) -> io::Result<Option<Checkpoint>> {
    let file = match disk.open(HEAD) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(e),
    };
    let bytes = file.read_range(0, file.size()?.min(4096))?;
    let head: Head = serde_json::from_slice(&bytes)?;
    let hash = LineHash::parse(&head.hash).ok_or(io::ErrorKind::InvalidData)?;
    let segment = head.segment.parse().map_err(io::Error::other)?;
    if text(head.seq, hash, segment).as_bytes() != bytes {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let end = Position { segment, offset: 0 };
    Ok(Some(Checkpoint { end, seq: head.seq, hash }))
}
