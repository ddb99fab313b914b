//! An index that cannot be used, set aside: another is built in its place.
#![expect(clippy::disallowed_methods, reason = "shell: renames the index")]

use std::{
    fs,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

/// What SQLite keeps beside its file.
const LOGS: [&str; 2] = ["-wal", "-shm"];

/// A file beside the index: of the same name, with this end.
pub(super) fn beside(index: &Path, end: &str) -> PathBuf {
    let mut name = index.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

/// Renames the SQLite file and what belongs to it to `….damaged`, in place of an earlier one; gives
/// the new name. Called again after a kill, it goes on.
pub(super) fn set_aside(index: &Path) -> io::Result<PathBuf> {
    let aside = beside(index, ".damaged");
    // The file first: where it is gone, the logs beside `….damaged` are not an earlier one's.
    if fs::exists(index)? {
        remove_logs(&aside)?;
        fs::rename(index, &aside)?;
    }
    for log in LOGS {
        unless_missing(fs::rename(beside(index, log), beside(&aside, log)))?;
    }
    Ok(aside)
}

/// Removes an index; one that is not there is no fault.
pub(super) fn remove(index: &Path) -> io::Result<()> {
    unless_missing(fs::remove_file(index))?;
    remove_logs(index)
}

/// Removes what belongs to an index, and not the index itself.
pub(super) fn remove_logs(index: &Path) -> io::Result<()> {
    LOGS.iter().try_for_each(|log| unless_missing(fs::remove_file(beside(index, log))))
}

fn unless_missing(done: io::Result<()>) -> io::Result<()> {
    done.or_else(|error| if error.kind() == ErrorKind::NotFound { Ok(()) } else { Err(error) })
}
