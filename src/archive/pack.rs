//! Compressing closed segments, without a moment in which their lines are not on the disk.

use std::io::{self, Read};

use sha2::{Digest, Sha256};

use super::{
    Archive, ArchiveError, SegmentName,
    blocks::BLOCK,
    gzip,
    read::Source,
    recover::create_anew,
    segment::{self, Form, Segment},
    zstd,
};
use crate::jsonl::{Disk, DiskFile};

/// How closed segments are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Every tool reads it.
    Gzip,
    /// Smaller and faster.
    Zstd,
}

impl<D: Disk> Archive<D> {
    /// Closed segments that are still plain, oldest first: work for [`pack`].
    pub fn unpacked(&self) -> Result<Vec<SegmentName>, ArchiveError> {
        let segments =
            segment::list(&self.disk).map_err(ArchiveError::at("list", "the archive"))?;
        let closed = segments.into_iter().filter(|segment| Some(segment.name) != self.last);
        Ok(closed.filter(|segment| segment.form == Form::Plain).map(|s| s.name).collect())
    }

    /// The archive's disk, for [`pack`] on a thread of its own.
    pub fn disk(&self) -> &D {
        &self.disk
    }
}

/// Replaces a closed plain segment by a compressed file of the same bytes. Only the holder of the
/// archive's lock may call it; appending may go on meanwhile, since closed segments never change.
///
/// The compressed file is written under another name, synced, read back and compared by hash, then
/// named, and the name synced, before the plain one goes. After a kill at any point, call it again.
pub fn pack<D: Disk>(
    disk: &D,
    name: SegmentName,
    compression: Compression,
) -> Result<(), ArchiveError> {
    let form = match compression {
        Compression::Gzip => Form::Gzip,
        Compression::Zstd => Form::Zstd,
    };
    let folder = name.folder();
    let plain = name.to_string();
    let packed = form.path(name);
    // Not a name that somebody's `*.jsonl*` would take for a segment.
    let temporary = format!("{}.tmp", packed.replace(".jsonl", ""));

    let file = create_anew(disk, &temporary).map_err(ArchiveError::at("create", &temporary))?;
    let source = Source::open(disk, Segment { name, form: Form::Plain }, 0);
    let source = source.map_err(ArchiveError::at("open", &plain))?;
    let hash = compress(source, form, &file)
        .inspect_err(|_| leave_room(disk, &temporary))
        .map_err(ArchiveError::at("compress", &plain))?;
    file.sync().map_err(ArchiveError::sync(&temporary))?;
    let back = disk.open(&temporary).and_then(|file| Source::of(file, form, 0)).and_then(hash_of);
    if back.map_err(ArchiveError::at("read back", &temporary))? != hash {
        let source = io::Error::new(io::ErrorKind::InvalidData, "other bytes than were written");
        return Err(ArchiveError::io("read back", &temporary, source));
    }
    disk.rename(&temporary, &packed).map_err(ArchiveError::at("name", &packed))?;
    disk.sync_folder(&folder).map_err(ArchiveError::sync(&folder))?;
    disk.remove(&plain).map_err(ArchiveError::at("remove", &plain))?;
    disk.sync_folder(&folder).map_err(ArchiveError::sync(&folder))
}

/// What could not be finished must not fill a disk that has no room for it.
pub(super) fn leave_room(disk: &impl Disk, temporary: &str) {
    // Where it stays, the next attempt begins with it.
    drop(disk.remove(temporary));
}

/// Writes `plain` in blocks and gives its SHA-256.
pub(super) fn compress(
    mut plain: impl Read,
    form: Form,
    file: &impl DiskFile,
) -> io::Result<[u8; 32]> {
    let mut hash = Sha256::new();
    let mut offset = 0;
    let (mut block, mut out) = (Vec::new(), Vec::new());
    let mut table = zstd::Table::default();
    loop {
        block.clear();
        out.clear();
        plain.by_ref().take(BLOCK as u64).read_to_end(&mut block)?;
        hash.update(&block);
        match form {
            Form::Plain => out.clone_from(&block),
            Form::Gzip if block.is_empty() => gzip::finish(&mut out),
            Form::Gzip => gzip::pack(&block, &mut out)?,
            Form::Zstd if block.is_empty() => table.finish(&mut out)?,
            Form::Zstd => zstd::pack(&block, &mut table, &mut out)?,
        }
        file.write_at(offset, &out)?;
        offset += out.len() as u64;
        if block.is_empty() {
            return Ok(hash.finalize().into());
        }
    }
}

pub(super) fn hash_of(mut source: impl Read) -> io::Result<[u8; 32]> {
    let mut hash = Sha256::new();
    let mut block = vec![0; BLOCK];
    loop {
        match source.read(&mut block)? {
            0 => return Ok(hash.finalize().into()),
            count => hash.update(block.get(..count).unwrap_or_default()),
        }
    }
}
