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
    /// Another process holds it, or the folder cannot be written to.
    pub fn take(folder: &Path) -> Result<Self> {
        match Folder::at(folder).lock(LOCK).map_err(StateError::Lock)? {
            Ok(file) => Ok(Self { _file: file }),
            Err(pid) => Err(StateError::Locked { pid }),
        }
    }
}
