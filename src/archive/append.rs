//! The one writer.

use std::sync::Arc;

use jiff::Timestamp;

use super::{
    ArchiveError, Checkpoint, Position, Record, SegmentName, durable, head,
    line::{self, Link, Seal},
    raw::{OpenWarc, RawRef},
};
use crate::{
    fetch::Exchange,
    jsonl::{Disk, DiskFile, Folder},
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Bytes after which a day's segment is closed and its next part begins.
    pub segment_bytes: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { segment_bytes: 64 << 20 }
    }
}

/// An archive open for appending: there is one writer, held apart by a lock on the folder.
#[derive(Debug)]
pub struct Archive<D: Disk = Folder> {
    pub(super) disk: D,
    pub(super) settings: Settings,
    /// The last line; `None` while there is none.
    pub(super) tip: Option<Checkpoint>,
    pub(super) open: Option<OpenSegment<D::File>>,
    /// What records of the open segment came from, once something was kept.
    pub(super) warc: Option<OpenWarc<D::File>>,
    /// The last segment's name, also where it cannot be appended to.
    pub(super) last: Option<SegmentName>,
    /// Where the lines of the last append begin.
    pub(super) appended: Vec<Position>,
    /// After a failed sync nothing may be written any more.
    pub(super) stopped: bool,
    pub(super) _lock: D::Lock,
}

#[derive(Debug)]
pub(super) struct OpenSegment<F> {
    pub(super) name: SegmentName,
    pub(super) file: F,
    /// Durable bytes.
    pub(super) len: u64,
}

impl<D: Disk> Archive<D> {
    /// The end of what is durable; `None` while the archive is empty.
    pub fn checkpoint(&self) -> Option<Checkpoint> {
        self.tip
    }

    /// Appends a batch with one write and syncs it, filling in `seq`, `prev` and `crc` of each record.
    ///
    /// The segment is that of the day of `now`, or the last one where the clock went back, so that a
    /// closed segment never changes. On an error nothing of the batch counts as written.
    pub fn append(
        &mut self,
        records: &mut [Record],
        now: Timestamp,
    ) -> Result<Option<Checkpoint>, ArchiveError> {
        self.append_with(records, &[], now)
    }

    /// The same, and keeps what records came from: of each in turn its pages, where there are some.
    /// That is durable before the line is written, which states in `raw_ref` where it is.
    pub fn append_with(
        &mut self,
        records: &mut [Record],
        exchanges: &[Vec<Arc<Exchange>>],
        now: Timestamp,
    ) -> Result<Option<Checkpoint>, ArchiveError> {
        if self.stopped {
            return Err(ArchiveError::Stopped);
        }
        let Some(mut batch) = Batch::of(records, self.tip)? else { return Ok(self.tip) };
        let kept = exchanges.iter().filter(|pages| !pages.is_empty()).count() as u64;
        self.choose_segment(batch.bytes.len() as u64 + kept * RawRef::LONGEST, now)?;
        if kept > 0 {
            self.keep(records, exchanges, now).inspect_err(|e| self.stopped |= e.is_sync())?;
            let Some(stating) = Batch::of(records, self.tip)? else { return Ok(self.tip) };
            batch = stating;
        }
        let Some(open) = &mut self.open else { return Ok(self.tip) };
        if let Err(written) = open.file.write_at(open.len, &batch.bytes) {
            // What is half there must not stay in the way of readers and of the retry. The cut is
            // synced too: the retry may go to the next segment, and then nothing else would.
            let cut = open.file.set_len(open.len).and_then(|()| open.file.sync());
            if let Err(source) = cut {
                self.stopped = true;
                return Err(ArchiveError::Sync { path: open.name.to_string(), source });
            }
            if let Some(warc) = self.warc.as_mut().filter(|_| kept > 0) {
                warc.take_back().inspect_err(|_| self.stopped = true)?;
            }
            return Err(ArchiveError::io("write", &open.name, written));
        }
        if let Err(source) = open.file.sync() {
            self.stopped = true;
            return Err(ArchiveError::Sync { path: open.name.to_string(), source });
        }
        let segment = open.name;
        let position = |start| Position { segment, offset: open.len + start };
        self.appended = batch.starts.into_iter().map(position).collect();
        open.len += batch.bytes.len() as u64;
        let end = Position { segment: open.name, offset: open.len };
        self.tip = Some(Checkpoint { end, seq: batch.link.seq, hash: batch.link.hash });
        Ok(self.tip)
    }

    /// Writes and syncs what records came from.
    fn keep(
        &mut self,
        records: &mut [Record],
        exchanges: &[Vec<Arc<Exchange>>],
        now: Timestamp,
    ) -> Result<(), ArchiveError> {
        let Some(open) = &self.open else { return Ok(()) };
        let warc = match self.warc.take().filter(|warc| warc.segment() == open.name) {
            Some(warc) => warc,
            None => OpenWarc::open(&self.disk, open.name)?,
        };
        self.warc.insert(warc).write(records, exchanges, now)
    }

    /// Opens the next segment where the last one is of an earlier day, full, or closed.
    fn choose_segment(&mut self, batch: u64, now: Timestamp) -> Result<(), ArchiveError> {
        let today = SegmentName::of_day(now);
        let full = self
            .open
            .as_ref()
            .is_none_or(|open| open.len > 0 && open.len + batch > self.settings.segment_bytes);
        let name = match self.last {
            Some(last) if last.day() >= today.day() => {
                if !full {
                    return Ok(());
                }
                let next = last.next_part().or_else(|| last.tomorrow());
                next.ok_or(ArchiveError::Exhausted("segment"))?
            }
            _ => today,
        };
        self.begin(name)
    }

    /// Closes the last segment and opens a new one.
    pub(super) fn begin(&mut self, name: SegmentName) -> Result<(), ArchiveError> {
        if let Some(tip) = self.tip {
            head::write(&self.disk, tip).inspect_err(|e| self.stopped |= e.is_sync())?;
        }
        let folder = name.folder();
        self.disk.create_folder(&folder).map_err(ArchiveError::at("make the folder", &folder))?;
        let path = name.to_string();
        let file = self.disk.create(&path).map_err(ArchiveError::at("create", &path))?;
        durable::sync_name(&self.disk, &path).inspect_err(|_| self.stopped = true)?;
        self.last = Some(name);
        self.open = Some(OpenSegment { name, file, len: 0 });
        Ok(())
    }
}

/// Records as lines.
struct Batch {
    bytes: Vec<u8>,
    /// Where each line begins.
    starts: Vec<u64>,
    /// Of the last line.
    link: Link,
}

impl Batch {
    /// Numbers and seals the records; `None` where there are none.
    fn of(records: &mut [Record], tip: Option<Checkpoint>) -> Result<Option<Self>, ArchiveError> {
        let (mut bytes, mut starts) = (Vec::new(), Vec::new());
        let mut last = tip.map(Checkpoint::link);
        let is_empty = records.is_empty();
        for record in records {
            let seq = last.map_or(Some(1), |link| link.seq.checked_add(1));
            let seq = seq.ok_or(ArchiveError::Exhausted("line"))?;
            starts.push(bytes.len() as u64);
            let seal = Seal { seq, prev: last.map(|link| link.hash) };
            let hash = line::write(record, seal, &mut bytes)
                .map_err(|source| ArchiveError::Json { id: record.id.clone(), source })?;
            last = Some(Link { seq, hash });
        }
        Ok(last.filter(|_| !is_empty).map(|link| Self { bytes, starts, link }))
    }
}
