//! Single records, and where lines stand.

use std::io::{self, BufReader};

use super::{
    Archive, ArchiveError, Checkpoint, Line, Position, ReadError, Record,
    dropped::{dropped, segments_dropped},
    line::{self, LineHash},
    read::{check, raw_lines, there, unreadable},
    segment::{self, Form, Segment},
};
use crate::jsonl::{Disk, RawLines};

/// Lines are a few kilobytes; a large buffer would be read in vain.
const BUFFER: usize = 16 << 10;

/// The hash of the archive's first line, dropped or not: what tells one archive from another. `None`
/// where there is no line, or none that is sound.
pub fn first_line<D: Disk>(disk: &D) -> io::Result<Option<LineHash>> {
    if let Some(name) = segments_dropped(disk)?.first() {
        let first = dropped(disk, *name)?.next().transpose()?;
        return Ok(first.and_then(|dropped| LineHash::parse(&dropped.hash)));
    }
    for segment in segment::list(disk)? {
        if let Some(raw) = raw_lines(disk, segment, 0)?.next() {
            return Ok(line::follow(None, &raw?.bytes).ok().map(|link| link.hash));
        }
    }
    Ok(None)
}

impl Line {
    /// The checkpoint of one who knows the archive up to this line.
    pub fn checkpoint(&self) -> Checkpoint {
        let offset = self.position.offset + self.bytes.len() as u64 + 1;
        let end = Position { segment: self.position.segment, offset };
        Checkpoint { end, seq: self.seq, hash: LineHash::of(&self.bytes) }
    }
}

impl<D: Disk> Archive<D> {
    /// The record at a place; `None` where there is none that can be read.
    pub fn read_at(&self, position: Position) -> Option<Record> {
        let record = line_at(&self.disk, position).ok()?.record();
        record.inspect_err(|error| tracing::warn!("a record cannot be compared: {error}")).ok()
    }

    /// Where the lines of the last append begin.
    pub fn last_positions(&self) -> &[Position] {
        &self.appended
    }
}

/// Reads the line at a place. In a compressed segment 64 KiB more than the line are unpacked.
pub fn line_at<D: Disk>(disk: &D, position: Position) -> Result<Line, ReadError> {
    let plain = Segment { name: position.segment, form: Form::Plain };
    let found = there(disk, plain, position.offset);
    let found = found.map_err(|e| unreadable(plain, position.offset, e))?;
    let (segment, source) = found.ok_or(ReadError::Dropped { segment: plain.name })?;
    let reader = BufReader::with_capacity(BUFFER, source);
    let raw = RawLines::new(reader, position.offset).next();
    let raw = raw.unwrap_or_else(|| Err(io::ErrorKind::UnexpectedEof.into()));
    Ok(check(segment, raw.map_err(|e| unreadable(segment, position.offset, e))?)?)
}

impl ArchiveError {
    /// The disk has no room: wait and try again.
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Full { .. })
    }
}

impl ReadError {
    /// A line that was durable once and is damaged: it is reported and passed over.
    pub fn is_damage(&self) -> bool {
        matches!(self, Self::Damaged(_))
    }
}
