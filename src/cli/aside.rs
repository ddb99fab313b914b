//! An index that is no database any more, set aside: the next opening builds it anew.
#![expect(clippy::disallowed_methods, reason = "shell: renames the index")]

use std::{
    fs,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

/// Renames the SQLite file and what belongs to it to `….damaged`, in place of an earlier one; gives
/// the new name.
pub(super) fn set_aside(index: &Path) -> io::Result<PathBuf> {
    let ended = |end: &str| {
        let mut name = index.as_os_str().to_owned();
        name.push(end);
        PathBuf::from(name)
    };
    for end in ["-wal", "-shm"] {
        match fs::rename(ended(end), ended(&format!(".damaged{end}"))) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    let aside = ended(".damaged");
    fs::rename(index, &aside)?;
    Ok(aside)
}
