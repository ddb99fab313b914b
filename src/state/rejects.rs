//! What was not kept, and why: `rejects.jsonl`, append-only, rotated. It is also the review's
//! sample of what a topic might have missed.
#![expect(clippy::disallowed_methods, reason = "shell: appends to and reads rejects.jsonl")]

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufRead, BufReader, Write},
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{canonical_url::UrlKey, jsonl::sync_folder};

/// One line of `rejects.jsonl`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reject {
    pub at: Timestamp,
    pub url_key: UrlKey,
    pub url: String,
    pub feed_id: String,
    pub title: Option<String>,
    pub language: Option<String>,
    pub score: f32,
    /// One sentence: why it was not kept.
    pub reason: String,
    /// What the topic looked for and did not find.
    pub missing: Vec<String>,
    pub published_at: Option<Timestamp>,
    /// The beginning of the text, for the review of what a topic missed.
    pub text: Option<String>,
    /// `false` where the page was read, `true` where it could not be.
    pub failed: bool,
    /// Hash of what the feed said of it.
    pub signature: i64,
}

/// The open file, and the older ones beside it: `rejects.1.jsonl` is the last one closed.
#[derive(Debug)]
pub struct RejectLog {
    folder: PathBuf,
    file: File,
    size: u64,
    /// The size before the last append.
    before: u64,
    max_size: u64,
    max_files: u32,
}

fn name(folder: &Path, age: u32) -> PathBuf {
    match age {
        0 => folder.join("rejects.jsonl"),
        age => folder.join(format!("rejects.{age}.jsonl")),
    }
}

/// The age of a file of the log, by its name.
fn age(name: &str) -> Option<u32> {
    match name.strip_prefix("rejects.")?.strip_suffix("jsonl")? {
        "" => Some(0),
        number => number.strip_suffix('.')?.parse().ok(),
    }
}

impl RejectLog {
    /// Opens the log for appending. A torn last line gets its end, so that the next line is whole.
    pub fn open(folder: &Path, max_size: u64, max_files: u32) -> io::Result<Self> {
        let path = name(folder, 0);
        let torn = fs::read(&path).is_ok_and(|bytes| bytes.last().is_some_and(|b| *b != b'\n'));
        let mut file = OpenOptions::new().create(true).append(true).open(&path)?;
        if torn {
            file.write_all(b"\n")?;
        }
        sync_folder(folder)?;
        let size = file.metadata()?.len();
        Ok(Self { folder: folder.to_owned(), file, size, before: size, max_size, max_files })
    }

    /// Appends in one write, and syncs: what is committed next says of these addresses that they are
    /// known, and a power cut must not take the lines that say why.
    pub fn append(&mut self, rejects: &[Reject]) -> io::Result<()> {
        self.before = self.size;
        let mut lines = Vec::new();
        for reject in rejects {
            serde_json::to_writer(&mut lines, reject)?;
            lines.push(b'\n');
        }
        if lines.is_empty() {
            return Ok(());
        }
        if self.size > 0 && self.size + lines.len() as u64 > self.max_size {
            self.rotate()?;
        }
        if let Err(error) = self.file.write_all(&lines).and_then(|()| self.file.sync_data()) {
            // What is half there must not run into what is written next.
            self.file.set_len(self.size)?;
            return Err(error);
        }
        self.size += lines.len() as u64;
        Ok(())
    }

    /// Takes back what was appended last: what it stands for was not committed.
    pub fn undo(&mut self) -> io::Result<()> {
        if self.size > self.before {
            self.file.set_len(self.before)?;
            self.size = self.before;
        }
        Ok(())
    }

    /// Whatever of it fails is done when it is called again, and no file is moved twice.
    fn rotate(&mut self) -> io::Result<()> {
        let is_free = |age: &u32| !name(&self.folder, *age).exists();
        let free = (0..self.max_files).find(is_free).unwrap_or(self.max_files);
        for age in (0..free).rev() {
            fs::rename(name(&self.folder, age), name(&self.folder, age + 1))?;
        }
        self.file = OpenOptions::new().create(true).append(true).open(name(&self.folder, 0))?;
        (self.size, self.before) = (0, 0);
        sync_folder(&self.folder)
    }
}

/// Every whole line of the log and its rotated parts, oldest first; broken lines are passed over.
pub fn read_rejects(folder: &Path) -> impl Iterator<Item = Reject> {
    let named = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut ages: Vec<u32> = named.filter_map(|file| age(file.file_name().to_str()?)).collect();
    ages.sort_unstable_by(|a, b| b.cmp(a));
    let folder = folder.to_owned();
    ages.into_iter()
        .filter_map(move |age| File::open(name(&folder, age)).ok())
        .flat_map(|file| BufReader::new(file).split(b'\n').map_while(Result::ok))
        .filter_map(|line| serde_json::from_slice(&line).ok())
}
