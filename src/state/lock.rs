//! One writer for a state folder, whatever archive it writes to.

use std::path::Path;

use super::{Result, StateError};
use crate::jsonl::{Disk as _, Folder};

const LOCK: &str = "state.lock";

/// Held by who writes to a state folder: its index is made of one archive, and another's would be
/// mixed into it. Ends with the value, and with the process.
#[derive(Debug)]
pub struct StateLock {
    _file: std::fs::File,
}

impl StateLock {
    /// # Errors
    ///
    /// Another process holds it, or the folder cannot be made or written to.
    pub fn take(folder: &Path) -> Result<Self> {
        let folder = Folder::at(folder);
        folder.create_folder("").map_err(StateError::Lock)?;
        match folder.lock(LOCK).map_err(StateError::Lock)? {
            Ok(file) => Ok(Self { _file: file }),
            Err(pid) => Err(StateError::Locked { pid }),
        }
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "test: gives a folder away")]
mod tests {
    use super::*;

    #[test]
    fn root_makes_nothing_in_a_folder_of_somebody_elses() {
        let folder = tempfile::tempdir().unwrap();
        // Its own it may lock, and one that is not there yet.
        let own = folder.path().join("own");
        assert!(StateLock::take(&own).is_ok());
        if !rustix::process::geteuid().is_root() {
            println!("the rest skipped: only root gives folders away");
            return;
        }
        std::os::unix::fs::chown(folder.path(), Some(10_001), None).unwrap();
        let Err(StateError::Lock(error)) = StateLock::take(folder.path()) else {
            panic!("taken");
        };
        assert!(error.to_string().contains("sudo -u '#10001'"), "{error}");
        let names =
            std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
        assert_eq!(names.collect::<Vec<_>>(), ["own"]);
        // What is made anew is its maker's.
        assert!(StateLock::take(&folder.path().join("one/two")).is_ok());
        assert!(StateLock::take(&own).is_ok());
    }
}
