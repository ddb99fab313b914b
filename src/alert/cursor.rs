//! How far an alert has told, in a file of its own in the state folder.
#![expect(clippy::disallowed_methods, reason = "shell: a small file on the disk")]

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What was told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Cursor {
    /// Where the first record begins that was not told of, as the archive names places; none where
    /// the archive was empty.
    pub(super) place: Option<String>,
    /// When the last digest was closed.
    pub(super) since: Timestamp,
    /// Feeds that something was told of, and what.
    pub(super) feeds: BTreeMap<String, String>,
    /// The trouble with the disk that was told of.
    pub(super) disk: Option<String>,
    /// How many messages were told.
    #[serde(default)]
    pub(super) told: u64,
}

fn file(folder: &Path, alert: &str) -> PathBuf {
    folder.join(format!("{alert}.json"))
}

/// The cursor of an alert; none where it has not told anything yet.
pub(super) fn load(folder: &Path, alert: &str) -> io::Result<Option<Cursor>> {
    match fs::read(file(folder, alert)) {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(io::Error::other),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Replaces the file in one step: a crash leaves the old one or the new one.
pub(super) fn store(folder: &Path, alert: &str, cursor: &Cursor) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let path = file(folder, alert);
    let new = path.with_extension("json.new");
    let mut writer = File::create(&new)?;
    writer.write_all(&serde_json::to_vec(cursor)?)?;
    writer.sync_all()?;
    fs::rename(&new, &path)?;
    File::open(folder)?.sync_all()
}
