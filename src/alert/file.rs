//! What is known of an alert, in small files of the state folder.
#![expect(clippy::disallowed_methods, reason = "shell: a small file on the disk")]

use std::{
    fs::{self, File},
    io::{self, Write},
    path::Path,
};

use serde::Serialize;

use crate::jsonl::sync_folder;

/// Replaces a file in one step: whoever reads it, and a crash, finds the old one or the new one.
pub(super) fn replace(path: &Path, value: &impl Serialize) -> io::Result<()> {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder)?;
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    let mut file = File::create(&new)?;
    file.write_all(&serde_json::to_vec(value)?)?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    sync_folder(folder)
}
