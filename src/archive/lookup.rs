//! Single records, and where lines stand.

use super::{
    Archive, ArchiveError, Checkpoint, Line, Position, ReadError, Record, line::LineHash, line_at,
};
use crate::jsonl::Disk;

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
        line_at(&self.disk, position).ok()?.record().ok()
    }

    /// Where the lines after a checkpoint begin.
    pub fn positions_since(
        &self,
        checkpoint: Option<Checkpoint>,
    ) -> Result<Vec<Position>, ArchiveError> {
        let lines = self.since(checkpoint)?;
        Ok(lines.filter_map(Result::ok).map(|line| line.position).collect())
    }
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
