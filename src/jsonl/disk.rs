//! The storage seam: what an archive asks of a disk, so that tests can put a failing one in its place.

use std::io::{self, Read};

/// A folder on a disk. Paths are relative to it, with `/`.
///
/// Nothing is durable before it is synced: a file's bytes and length by [`DiskFile::sync`], its
/// existence and name by [`Disk::sync_folder`] on the folder that holds it.
pub trait Disk: Clone {
    type File: DiskFile;
    /// Held as long as the lock is.
    type Lock;

    /// Takes the lock file at `path`, or says who holds it: `Ok(Err(pid))`.
    fn lock(&self, path: &str) -> io::Result<Result<Self::Lock, Option<u32>>>;
    /// Paths of all files, in any order.
    fn list(&self) -> io::Result<Vec<String>>;
    /// Opens an existing file for reading.
    fn open(&self, path: &str) -> io::Result<Self::File>;
    /// Opens an existing file for reading and writing.
    fn open_to_write(&self, path: &str) -> io::Result<Self::File>;
    /// Makes an empty file; fails where the name is taken.
    fn create(&self, path: &str) -> io::Result<Self::File>;
    /// Replaces what `to` names, in one step.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    fn remove(&self, path: &str) -> io::Result<()>;
    /// Makes a folder with its parents, all of them durable.
    fn create_folder(&self, path: &str) -> io::Result<()>;
    /// Makes the names in a folder durable; `""` is the root.
    fn sync_folder(&self, path: &str) -> io::Result<()>;
}

pub trait DiskFile {
    fn size(&self) -> io::Result<u64>;
    /// Reads up to `buffer.len()` bytes; 0 at the end of the file.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;
    /// Reads `len` bytes, fewer where the file ends before.
    fn read_range(&self, offset: u64, len: u64) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; usize::try_from(len).map_err(io::Error::other)?];
        let mut filled = 0;
        while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.read_at(offset + filled as u64, rest)? {
                0 => break,
                count => filled += count,
            }
        }
        bytes.truncate(filled);
        Ok(bytes)
    }
    /// Writes all of `bytes`; on an error any part of them may be there.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()>;
    fn set_len(&self, len: u64) -> io::Result<()>;
    /// Makes bytes and length durable. Never call it again after it failed: the kernel may have
    /// dropped the unwritten pages and would then answer that all is well.
    fn sync(&self) -> io::Result<()>;
}

/// Reads a file from an offset on.
#[derive(Debug)]
pub struct ReadFrom<F> {
    pub file: F,
    pub offset: u64,
}

impl<F: DiskFile> Read for ReadFrom<F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read_at(self.offset, buffer)?;
        self.offset += count as u64;
        Ok(count)
    }
}
