//! How far an alert has told, in a file of its own in the state folder.
#![expect(clippy::disallowed_methods, reason = "shell: a small file on the disk")]

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::Context;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{file::replace, place::day_before};
use crate::archive::{Checkpoint, LineHash, Link, Position};

/// What was told. Keys of a later version of the program are passed over: what is here is enough.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Cursor {
    /// Where the first record begins that was not told of, as the archive names places; none where
    /// the archive was empty.
    place: Option<String>,
    /// The number and the hash of the line before that, by which it is found in a repaired archive;
    /// none where the place is all that is known.
    #[serde(default)]
    seq: Option<u32>,
    #[serde(default)]
    hash: Option<String>,
    /// Nothing that was fetched up to here is to be told any more.
    #[serde(default)]
    kept_at: Option<Timestamp>,
    /// When the last digest was closed.
    pub(super) since: Timestamp,
    /// Feeds that something was told of, and what.
    pub(super) feeds: BTreeMap<String, String>,
    /// The trouble with the disk that was told of.
    pub(super) disk: Option<String>,
    /// Counts messages, so that what is said again is another message.
    #[serde(default)]
    pub(super) told: u64,
}

impl Cursor {
    /// What was kept before there was an alert is told to nobody.
    pub(super) fn new(end: Option<Checkpoint>, now: Timestamp) -> Self {
        let mut new = Self {
            place: None,
            seq: None,
            hash: None,
            kept_at: Some(now),
            since: now,
            feeds: BTreeMap::new(),
            disk: None,
            // Not that of one before whose cursor is gone.
            told: now.as_second().unsigned_abs(),
        };
        if let Some(end) = end {
            new.move_to(end);
        }
        new
    }

    /// In the place of one that cannot be read. What was kept today and yesterday is told, again or
    /// not: that is at least once for whoever was told within a day, and not the whole archive.
    fn of_yesterday(now: Timestamp) -> Self {
        let place = day_before(now).map(|start| start.to_string());
        Self { place, ..Self::new(None, now) }
    }

    pub(super) fn position(&self) -> Option<Position> {
        self.place.as_ref()?.parse().ok()
    }

    /// The last line that was told of.
    pub(super) fn last(&self) -> Option<Link> {
        Some(Link { seq: self.seq?, hash: LineHash::parse(self.hash.as_ref()?)? })
    }

    pub(super) fn kept_at(&self) -> Timestamp {
        self.kept_at.unwrap_or(self.since)
    }

    pub(super) fn is_at(&self, end: Checkpoint) -> bool {
        self.position() == Some(end.end)
            && self.last() == Some(Link { seq: end.seq, hash: end.hash })
    }

    pub(super) fn move_to(&mut self, end: Checkpoint) {
        self.place = Some(end.end.to_string());
        self.seq = Some(end.seq);
        self.hash = Some(end.hash.to_string());
    }

    /// All that was fetched up to then was told.
    pub(super) fn reach(&mut self, fetched_at: Timestamp) {
        self.kept_at = Some(self.kept_at().max(fetched_at));
    }

    /// What a file says; none where it cannot be made use of.
    fn parse(bytes: &[u8]) -> Option<Self> {
        let cursor: Self = serde_json::from_slice(bytes).ok()?;
        // Without its place it would tell of everything.
        (cursor.place.is_none() || cursor.position().is_some()).then_some(cursor)
    }
}

fn file(folder: &Path, alert: &str) -> PathBuf {
    folder.join(format!("{alert}.json"))
}

/// The cursor of an alert; none where it has not told anything yet. A damaged one is kept beside, and
/// replaced.
pub(super) fn load(folder: &Path, alert: &str, now: Timestamp) -> anyhow::Result<Option<Cursor>> {
    let path = file(folder, alert);
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    };
    if let Some(cursor) = Cursor::parse(&bytes) {
        return Ok(Some(cursor));
    }
    let aside = path.with_extension("json.damaged");
    let cursor = Cursor::of_yesterday(now);
    fs::write(&aside, &bytes)
        .and_then(|()| store(folder, alert, &cursor))
        .with_context(|| format!("cannot replace {}, which is damaged", path.display()))?;
    tracing::warn!(
        alert,
        kept = %aside.display(),
        from = cursor.place,
        "what the alert has told cannot be read: it tells, perhaps once more, what was kept since \
         yesterday, and nothing that was kept before"
    );
    Ok(Some(cursor))
}

pub(super) fn store(folder: &Path, alert: &str, cursor: &Cursor) -> io::Result<()> {
    replace(&file(folder, alert), cursor)
}
