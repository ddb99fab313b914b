//! Retention: the oldest closed segments leave, and a statement of their lines takes their place.
//!
//! The statement of `2022/01/2022-01-16.jsonl` is `2022/01/2022-01-16.dropped.gz`: for each line its
//! number, its hash and what it is known by. So the rest of the chain is proven as before, and
//! nothing that was archived once is archived anew, also when the index is rebuilt.

use std::{
    collections::BTreeSet,
    io::{self, BufReader},
};

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};

use super::{
    Archive, ArchiveError, SegmentName,
    blocks::Blocks,
    durable,
    line::{self, LineFlaw, LineHash, Link},
    pack::one_form,
    read::raw_lines,
    segment::{self, Form, Segment},
};
use crate::{
    canonical_url::UrlKey,
    jsonl::{Disk, DiskFile, RawLines},
};

/// What is kept. Whole closed segments leave, the oldest first; nothing does without a bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Retention {
    /// A segment leaves when all its lines are older than this.
    pub age: Option<SignedDuration>,
    /// Bytes of all files together, as they are on the disk.
    pub bytes: Option<u64>,
}

/// A line that was dropped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dropped {
    #[serde(default)]
    pub seq: u32,
    /// Of the line, as `prev` of the one after it.
    #[serde(default)]
    pub hash: String,
    pub id: String,
    pub revision: u32,
    pub url: String,
    pub final_url: Option<String>,
    pub canonical_url: Option<String>,
    pub url_key: UrlKey,
    pub content_hash: Option<String>,
    pub fetched_at: Timestamp,
}

impl<D: Disk> Archive<D> {
    /// The closed segments that are to leave at `now`, the oldest first: work for [`drop_segment`].
    ///
    /// A clock that jumped ahead must not empty the archive. So time is counted to the end of the
    /// newest closed segment's day, if that is earlier.
    pub fn expired(
        &self,
        retention: Retention,
        now: Timestamp,
    ) -> Result<Vec<SegmentName>, ArchiveError> {
        if retention == Retention::default() {
            return Ok(Vec::new());
        }
        let at = |e| ArchiveError::io("list", &"the archive", e);
        let mut closed = segment::list(&self.disk).map_err(at)?;
        closed.retain(|segment| Some(segment.name) != self.last);
        let ends = |name: SegmentName| {
            let after = name.day().tomorrow().unwrap_or_else(|_| name.day());
            after.to_zoned(TimeZone::UTC).map_or(Timestamp::MAX, |zoned| zoned.timestamp())
        };
        let newest = closed.last().map_or(now, |segment| ends(segment.name));
        let before = retention
            .age
            .map_or(Timestamp::MIN, |age| now.min(newest).checked_sub(age).unwrap_or_default());
        let mut sizes = Vec::new();
        for segment in &closed {
            let (lines, warc) = (segment.path(), segment.name.warc());
            sizes
                .push(size(&self.disk, &lines).map_err(at)? + size(&self.disk, &warc).map_err(at)?);
        }
        let mut total: u64 = sizes.iter().sum();
        if let Some(open) = self.last {
            total += size(&self.disk, &open.to_string()).map_err(at)?;
            total += size(&self.disk, &open.warc()).map_err(at)?;
        }
        let mut expired = Vec::new();
        for (segment, size) in closed.iter().zip(sizes) {
            let is_old = ends(segment.name) <= before;
            if !is_old && retention.bytes.is_none_or(|bytes| total <= bytes) {
                break;
            }
            total -= size;
            expired.push(segment.name);
        }
        Ok(expired)
    }

    /// The segments that were dropped, in order.
    pub fn dropped(&self) -> Result<Vec<SegmentName>, ArchiveError> {
        segments_dropped(&self.disk).map_err(ArchiveError::at("list", "the archive"))
    }

    /// What the lines of a dropped segment were; those that cannot be read are for `verify` to tell.
    pub fn lines_dropped(&self, name: SegmentName) -> Result<Vec<Dropped>, ArchiveError> {
        let lines = dropped(&self.disk, name).map_err(ArchiveError::at("read", &name.dropped()))?;
        Ok(lines.filter_map(Result::ok).collect())
    }
}

fn size(disk: &impl Disk, path: &str) -> io::Result<u64> {
    match disk.open(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(0),
        opened => opened?.size(),
    }
}

/// Puts a statement in the place of the oldest segment. Only the holder of the archive's lock may
/// call it, and not for the open segment.
///
/// The statement is durable and read back before the segment goes. After a kill at any point
/// [`Archive::open`] goes on. A segment with a line that is damaged or was exchanged stays: it is
/// evidence. A gap is as plain in the statement as in the segment, so one that a repair left, or a
/// disk, holds nothing up.
pub fn drop_segment<D: Disk>(disk: &D, name: SegmentName) -> Result<(), ArchiveError> {
    let path = name.to_string();
    let at = |action| ArchiveError::at(action, &path);
    one_form(disk, name)?;
    let segments = segment::list(disk).map_err(at("list"))?;
    let Some(segment) = segments.first().copied().filter(|segment| segment.name == name) else {
        return Err(at("drop")(io::Error::other("it is not the oldest segment")));
    };
    let mut link = match segments_dropped(disk).map_err(at("list"))?.last() {
        Some(last) => last_link(disk, *last).map_err(at("read what was dropped before"))?,
        None => None,
    };
    let mut statement = Vec::new();
    for raw in raw_lines(disk, segment, 0).map_err(at("read"))? {
        let raw = raw.map_err(at("read"))?;
        let broken = |e: &dyn std::fmt::Display| {
            at("drop")(io::Error::new(io::ErrorKind::InvalidData, e.to_string()))
        };
        let own = match line::follow(link, &raw.bytes) {
            Err((LineFlaw::Sequence { expected, found }, Some(own))) if found > expected => own,
            followed => followed.map_err(|(flaw, _)| broken(&flaw))?,
        };
        let mut dropped: Dropped = serde_json::from_slice(&raw.bytes).map_err(|e| broken(&e))?;
        (dropped.seq, dropped.hash) = (own.seq, own.hash.to_string());
        serde_json::to_writer(&mut statement, &dropped).map_err(|e| broken(&e))?;
        statement.push(b'\n');
        link = Some(own);
    }
    let path = name.dropped();
    let failed = ArchiveError::at("write", &path);
    durable::replace_compressed(disk, &path, Form::Gzip, &statement[..], failed)?;
    remove(disk, name)
}

/// Removes the files of a segment that has a statement, once its name is durable: also where a
/// killed process gave it.
fn remove(disk: &impl Disk, name: SegmentName) -> Result<(), ArchiveError> {
    durable::sync_name(disk, &name.dropped())?;
    for path in &files(name) {
        match disk.remove(path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            removed => removed.map_err(ArchiveError::at("remove", path))?,
        }
    }
    durable::sync_name(disk, &name.to_string())
}

/// The files that a segment may have. The lines come last: until they are gone, it is there.
fn files(name: SegmentName) -> [String; 4] {
    let [plain, gzip, zstd] = [Form::Plain, Form::Gzip, Form::Zstd].map(|form| form.path(name));
    [name.warc(), zstd, gzip, plain]
}

/// Goes on where a kill has left a segment beside its statement.
pub(super) fn finish(disk: &impl Disk) -> Result<(), ArchiveError> {
    let paths = disk.list().map_err(ArchiveError::at("list", "the archive"))?;
    for name in paths.iter().filter_map(|path| SegmentName::of_dropped(path)) {
        if files(name).iter().any(|file| paths.contains(file)) {
            remove(disk, name)?;
        }
    }
    Ok(())
}

/// The segments that were dropped, in order. One whose file is still there counts as not dropped.
pub fn segments_dropped(disk: &impl Disk) -> io::Result<Vec<SegmentName>> {
    let paths = disk.list()?;
    let mut names: Vec<SegmentName> =
        paths.iter().filter_map(|path| SegmentName::of_dropped(path)).collect();
    let there: BTreeSet<SegmentName> =
        paths.iter().filter_map(|path| Some(Segment::parse(path)?.name)).collect();
    names.retain(|name| !there.contains(name));
    names.sort_unstable();
    Ok(names)
}

/// Whether a statement stands for a segment: it was dropped, or is about to be.
pub fn is_dropped(disk: &impl Disk, name: SegmentName) -> bool {
    disk.open(&name.dropped()).is_ok()
}

/// What the lines of a dropped segment were.
pub fn dropped<D: Disk>(
    disk: &D,
    name: SegmentName,
) -> io::Result<impl Iterator<Item = io::Result<Dropped>> + use<D>> {
    let file = disk.open(&name.dropped())?;
    let damaged = || io::Error::new(io::ErrorKind::InvalidData, "the statement is damaged");
    let index = Blocks::open(&file, Form::Gzip)?.ok_or_else(damaged)?;
    let plain = BufReader::new(Blocks::new(file, Form::Gzip, index, 0)?);
    Ok(RawLines::new(plain, 0).map(|raw| Ok(serde_json::from_slice(&raw?.bytes)?)))
}

/// The chain up to the end of a dropped segment; `None` where it was empty.
fn last_link(disk: &impl Disk, name: SegmentName) -> io::Result<Option<Link>> {
    let mut last = None;
    for dropped in dropped(disk, name)? {
        last = Some(dropped?.link()?);
    }
    Ok(last)
}

impl Dropped {
    /// The chain up to this line.
    pub(super) fn link(&self) -> io::Result<Link> {
        let hash = LineHash::parse(&self.hash).ok_or(io::ErrorKind::InvalidData)?;
        Ok(Link { seq: self.seq, hash })
    }
}
