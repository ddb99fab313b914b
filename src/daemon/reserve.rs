//! Room that is set aside on the archive's disk, so that there is some to work with once it is full:
//! for a start, and for the statements that take the place of what retention drops.
#![expect(clippy::disallowed_methods, reason = "shell: a file that stands for room")]

use std::{
    fs::{self, File},
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

use rustix::fs::{FallocateFlags, fallocate, statvfs};

/// Bytes. The statement of a segment of 64 MiB takes about three.
const ROOM: u64 = 4 << 20;
/// What must be left besides, in rooms: the last of a disk is not for setting aside.
const LEFT: u64 = 4;

fn file(archive: &Path) -> PathBuf {
    archive.join(".reserve")
}

/// Whether it is set aside.
pub(super) fn is_kept(archive: &Path) -> bool {
    fs::metadata(file(archive)).is_ok_and(|file| file.len() == ROOM)
}

/// Sets it aside where the disk is not nearly full.
pub(super) fn keep(archive: &Path) -> io::Result<()> {
    let disk = statvfs(archive)?;
    if is_kept(archive) || disk.f_bavail.saturating_mul(disk.f_frsize) < ROOM * (LEFT + 1) {
        return Ok(());
    }
    let kept = File::create(file(archive))
        .and_then(|file| Ok(fallocate(&file, FallocateFlags::empty(), 0, ROOM)?));
    if kept.is_err() {
        give_up(archive)?;
    }
    kept
}

/// Makes room of it. Whether there was some.
pub(crate) fn give_up(archive: &Path) -> io::Result<bool> {
    match fs::remove_file(file(archive)) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}
