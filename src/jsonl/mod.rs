//! Lines of JSON on a disk: the storage seam, and reading lines without trusting the last one.

mod disk;
mod folder;
#[cfg(test)]
pub(crate) mod sim;

use std::io::{self, BufRead, Read};

pub use disk::{Disk, DiskFile, ReadFrom};
pub use folder::{Folder, create_for_owner, sync_folder};

/// No line is longer, in bytes; a longer one is read in pieces of this size that are not whole.
pub const MAX_LINE: u64 = 64 << 20;

/// Whether there was no room for a write: on the disk, of the user's share of it, or by a limit of how
/// long files may be.
pub fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
    )
}

/// What stands between two line feeds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawLine {
    /// Bytes from the start of the (unpacked) file to the line's first.
    pub offset: u64,
    /// Without the line feed.
    pub bytes: Vec<u8>,
    /// Whether its line feed is there. A line without it may still be being written.
    pub whole: bool,
}

impl RawLine {
    /// The offset of the line after.
    pub fn end(&self) -> u64 {
        self.offset + self.bytes.len() as u64 + u64::from(self.whole)
    }
}

/// The lines of a reader, with their offsets; memory is bounded by one line.
#[derive(Debug)]
pub struct RawLines<R> {
    reader: R,
    offset: u64,
}

impl<R: BufRead> RawLines<R> {
    /// `offset` is where `reader` stands in its file.
    pub fn new(reader: R, offset: u64) -> Self {
        Self { reader, offset }
    }

    /// Where the next line begins, also where it cannot be read.
    pub fn offset(&self) -> u64 {
        self.offset
    }
}

impl<R: BufRead> Iterator for RawLines<R> {
    type Item = io::Result<RawLine>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut bytes = Vec::new();
        if let Err(e) = self.reader.by_ref().take(MAX_LINE).read_until(b'\n', &mut bytes) {
            return Some(Err(e));
        }
        if bytes.is_empty() {
            return None;
        }
        let whole = bytes.pop_if(|b| *b == b'\n').is_some();
        let line = RawLine { offset: self.offset, bytes, whole };
        self.offset = line.end();
        Some(Ok(line))
    }
}
