//! What reviewers decided: `reviews.jsonl` beside the archive, append-only.
#![expect(clippy::disallowed_methods, reason = "shell: appends to and reads reviews.jsonl")]

use std::{
    collections::BTreeMap,
    fs::{File, OpenOptions},
    io::{self, BufRead, BufReader, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::query::Status;
use crate::jsonl::{create_for_owner, sync_folder};

/// One line: all that is decided of a record from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    pub at: Timestamp,
    /// Of the record.
    pub id: String,
    #[serde(with = "status")]
    pub status: Status,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// How reliable the source is, `A` to `F`, on the Admiralty scale.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reliability: Option<char>,
    /// How credible what it says is, 1 to 6, on the Admiralty scale.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credibility: Option<u8>,
}

/// The Admiralty scale for sources.
pub const RELIABILITY: [(char, &str); 6] = [
    ('A', "completely reliable"),
    ('B', "usually reliable"),
    ('C', "fairly reliable"),
    ('D', "not usually reliable"),
    ('E', "unreliable"),
    ('F', "cannot be judged"),
];

/// The Admiralty scale for information.
pub const CREDIBILITY: [(u8, &str); 6] = [
    (1, "confirmed by other sources"),
    (2, "probably true"),
    (3, "possibly true"),
    (4, "doubtful"),
    (5, "improbable"),
    (6, "cannot be judged"),
];

/// Characters of a note.
pub const LONGEST_NOTE: usize = 4_000;

mod status {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use super::Status;

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape that serde asks for")]
    pub(super) fn serialize<S: Serializer>(status: &Status, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(status.word())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Status, D::Error> {
        let word = String::deserialize(from)?;
        Status::decided(&word).ok_or_else(|| D::Error::custom(format!("unknown status {word}")))
    }
}

impl Status {
    /// A status that a reviewer can give.
    pub fn decided(word: &str) -> Option<Self> {
        [Self::Open, Self::Reviewed, Self::Flagged, Self::NotRelevant]
            .into_iter()
            .find(|status| status.word() == word)
    }
}

/// The file, followed: other processes may append to it too.
#[derive(Debug)]
pub struct ReviewLog {
    path: PathBuf,
    /// Bytes read, whole lines.
    read: u64,
    reviews: BTreeMap<String, Review>,
}

impl ReviewLog {
    /// Names the file; it need not be there.
    pub fn at(path: &Path) -> Self {
        Self { path: path.to_owned(), read: 0, reviews: BTreeMap::new() }
    }

    /// Reads what was appended since, and gives the ids whose review is another one now. A line
    /// that cannot be read is passed over.
    pub fn follow(&mut self) -> io::Result<Vec<String>> {
        let mut file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let size = file.metadata()?.len();
        if size < self.read {
            // Cut by somebody: read anew.
            self.read = 0;
            self.reviews.clear();
        }
        if size == self.read {
            return Ok(Vec::new());
        }
        file.seek(SeekFrom::Start(self.read))?;
        let mut reader = BufReader::new(file);
        let mut changed = Vec::new();
        let mut line = Vec::new();
        loop {
            line.clear();
            let count = reader.read_until(b'\n', &mut line)?;
            if line.last() != Some(&b'\n') {
                return Ok(changed);
            }
            self.read += count as u64;
            if let Ok(review) = serde_json::from_slice::<Review>(&line) {
                changed.push(review.id.clone());
                self.reviews.insert(review.id.clone(), review);
            }
        }
    }

    pub fn get(&self, id: &str) -> Option<&Review> {
        self.reviews.get(id)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Review> {
        self.reviews.values()
    }

    /// Appends in one write and syncs. A torn line of before gets its end first.
    pub fn append(&self, review: &Review) -> io::Result<()> {
        let mut line = serde_json::to_vec(review)?;
        line.push(b'\n');
        create_for_owner(&self.path)?;
        let mut file = OpenOptions::new().create(true).read(true).append(true).open(&self.path)?;
        let is_new = file.metadata()?.len() == 0;
        if !is_new {
            let mut last = [0];
            file.seek(SeekFrom::End(-1))?;
            io::Read::read_exact(&mut file, &mut last)?;
            if last != *b"\n" {
                line.insert(0, b'\n');
            }
        }
        file.write_all(&line)?;
        file.sync_data()?;
        match self.path.parent() {
            // The file's name is durable where its folder is.
            Some(folder) if is_new => sync_folder(folder),
            _ => Ok(()),
        }
    }
}
