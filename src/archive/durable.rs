//! Files that are there whole and for good, or not at all, wherever the power goes.

use std::io;

use super::{
    ArchiveError,
    pack::{compress, hash_of},
    read::Source,
    segment::Form,
};
use crate::jsonl::{Disk, DiskFile};

/// Puts a file of these bytes at `path`, also in the place of another.
pub(super) fn replace<D: Disk>(disk: &D, path: &str, bytes: &[u8]) -> Result<(), ArchiveError> {
    let (temporary, ()) = write(disk, path, |temporary, file| {
        file.write_at(0, bytes).map_err(ArchiveError::at("write", temporary))
    })?;
    name(disk, &temporary, path)
}

/// Puts what `plain` reads at `path`, compressed and read back. `failed` says what went wrong where
/// that was not the disk below `path`.
pub(super) fn replace_compressed<D: Disk>(
    disk: &D,
    path: &str,
    form: Form,
    plain: impl io::Read,
    failed: impl FnOnce(io::Error) -> ArchiveError,
) -> Result<(), ArchiveError> {
    let (temporary, hash) =
        write(disk, path, |_, file| compress(plain, form, file).map_err(failed))?;
    let back = disk.open(&temporary).and_then(|file| Source::of(file, form, 0)).and_then(hash_of);
    if back.map_err(ArchiveError::at("read back", &temporary))? != hash {
        let source = io::Error::new(io::ErrorKind::InvalidData, "other bytes than were written");
        return Err(ArchiveError::io("read back", &temporary, source));
    }
    name(disk, &temporary, path)
}

/// Copies bytes into a durable file of their own and gives its path. The same bytes are kept once
/// under a name, so that doing it twice is doing it once.
pub(super) fn set_aside<D: Disk>(
    disk: &D,
    stem: &str,
    ending: &str,
    bytes: &[u8],
) -> Result<String, ArchiveError> {
    for n in 1_u32.. {
        let number = if n == 1 { String::new() } else { format!("-{n}") };
        let path = format!("{stem}{number}.{ending}");
        let at = |action| ArchiveError::at(action, &path);
        match disk.open(&path) {
            Ok(file) => {
                let len = file.size().map_err(at("open"))?;
                if file.read_range(0, len).map_err(at("read"))? != bytes {
                    continue;
                }
                // A killed process may have named it and no more.
                sync_name(disk, &path)?;
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound => replace(disk, &path, bytes)?,
            Err(e) => return Err(at("open")(e)),
        }
        return Ok(path);
    }
    Err(ArchiveError::Exhausted("file name"))
}

/// Makes durable that a file is there under its name, or is not.
pub(super) fn sync_name(disk: &impl Disk, path: &str) -> Result<(), ArchiveError> {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    disk.sync_folder(folder).map_err(ArchiveError::sync(folder))
}

/// Writes a durable file beside the place that it is for.
fn write<D: Disk, T>(
    disk: &D,
    path: &str,
    fill: impl FnOnce(&str, &D::File) -> Result<T, ArchiveError>,
) -> Result<(String, T), ArchiveError> {
    // Not a name that somebody's `*.jsonl*` would take for a segment.
    let temporary = format!("{}.tmp", path.replace(".jsonl", ""));
    // What a killed process may have left of one.
    match disk.remove(&temporary) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => {}
        removed => removed.map_err(ArchiveError::at("remove", &temporary))?,
    }
    let file = disk.create(&temporary).map_err(ArchiveError::at("create", &temporary))?;
    let filled = fill(&temporary, &file).inspect_err(|_| {
        // What could not be finished must not fill a disk that has no room for it. Where it stays,
        // the next attempt begins with it.
        drop(disk.remove(&temporary));
    })?;
    file.sync().map_err(ArchiveError::sync(&temporary))?;
    Ok((temporary, filled))
}

fn name(disk: &impl Disk, temporary: &str, path: &str) -> Result<(), ArchiveError> {
    disk.rename(temporary, path).map_err(ArchiveError::at("name", path))?;
    sync_name(disk, path)
}
