//! The index as files: what SQLite leaves to the system.
#![expect(clippy::disallowed_methods, reason = "shell: syncs the index's files")]

use std::{
    fs::{self, File},
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

use crate::jsonl::sync_folder;

/// Makes durable what was committed. It is in the write-ahead log, which SQLite itself syncs but now
/// and then (`synchronous=NORMAL`). Takes no room, unlike folding the log.
pub(super) fn sync(index: &Path) -> io::Result<()> {
    match File::open(log(index)) {
        Ok(log) => log.sync_all()?,
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    File::open(index)?.sync_all()?;
    sync_folder(folder(index))
}

/// Whether what was committed last stands beside the index.
pub(super) fn has_log(index: &Path) -> bool {
    fs::metadata(log(index)).is_ok_and(|log| log.len() > 0)
}

/// Whether there is room for another file beside the index. SQLite does not tell why one cannot be
/// made.
pub(super) fn has_inodes(index: &Path) -> bool {
    // Some file systems count none.
    rustix::fs::statvfs(folder(index)).is_ok_and(|room| room.f_files == 0 || room.f_favail > 0)
}

fn log(index: &Path) -> PathBuf {
    let mut log = index.as_os_str().to_owned();
    log.push("-wal");
    log.into()
}

fn folder(index: &Path) -> &Path {
    let folder = index.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or_else(|| Path::new("."))
}
