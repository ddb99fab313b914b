//! By which rules the records were made, in a file beside them.

use std::io;

use super::{ArchiveError, durable};
use crate::jsonl::Disk;

/// The rules that decide over records, under the hash that records name: as long as a record is kept it
/// can be told by which topic it was judged.
#[derive(Debug)]
pub struct KeptRules {
    hash: String,
    text: Vec<u8>,
}

impl KeptRules {
    /// `text` is what `hash` stands for.
    pub fn new(hash: String, text: Vec<u8>) -> Self {
        Self { hash, text }
    }

    /// Writes them where they are not there yet.
    pub fn keep(&self, disk: &impl Disk) -> Result<(), ArchiveError> {
        const FOLDER: &str = "rules";
        let path = format!("{FOLDER}/{}.json", self.hash);
        match disk.open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                disk.create_folder(FOLDER).map_err(ArchiveError::at("make the folder", FOLDER))?;
                durable::replace(disk, &path, &self.text)
            }
            opened => opened.map(drop).map_err(ArchiveError::at("open", &path)),
        }
    }
}
