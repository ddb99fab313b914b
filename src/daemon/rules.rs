//! Keeps in the archive's folder by which rules its records were made.
#![expect(clippy::disallowed_methods, reason = "shell: a file beside the archive")]

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use anyhow::Context;

use crate::jsonl::sync_folder;

/// The rules that decide over records, under the hash that records name: as long as a record is kept it
/// can be told by which topic it was judged.
#[derive(Debug)]
pub struct KeptRules {
    archive: PathBuf,
    hash: String,
    text: Vec<u8>,
}

impl KeptRules {
    /// `text` is what `hash` stands for.
    pub fn new(archive: &Path, hash: String, text: Vec<u8>) -> Self {
        Self { archive: archive.to_owned(), hash, text }
    }

    /// Writes them where they are not there yet.
    pub fn keep(&self) -> anyhow::Result<()> {
        let folder = self.archive.join("rules");
        let path = folder.join(format!("{}.json", self.hash));
        self.write(&folder, &path)
            .with_context(|| format!("cannot keep the rules in {}", path.display()))
    }

    fn write(&self, folder: &Path, path: &Path) -> io::Result<()> {
        if path.try_exists()? {
            return Ok(());
        }
        match fs::create_dir(folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        let new = path.with_extension("json.tmp");
        let mut file = File::create(&new)?;
        file.write_all(&self.text)?;
        file.sync_all()?;
        fs::rename(&new, path)?;
        sync_folder(folder)?;
        sync_folder(&self.archive)
    }
}
