//! The answers that records came from, in WARC files beside the segments.
//!
//! `2022/01/2022-01-16.warc.gz` belongs to the segment of that name. What a record came from is
//! durable before its line is written, and the line states where it is and its hash, so that the
//! chain of lines covers it too. A revisit names a response of the same file: each stands alone.

use std::{collections::BTreeMap, fmt, io, str::FromStr, sync::Arc};

use jiff::Timestamp;

use super::{
    ArchiveError, NotAPlace, Record, SegmentName, durable,
    line::LineHash,
    warc::{self, Original},
};
use crate::{
    fetch::{self, Exchange},
    jsonl::{Disk, DiskFile},
};

/// More of a page is not unpacked.
const LONGEST_PAGE: usize = 64 << 20;

/// Where the answer that a record came from is kept, or the answers, where the article is in parts.
///
/// `2022/01/2022-01-16.warc.gz:4711+9321 sha256:…`: the file, relative to the archive's folder, the
/// offset and length of each response and its request in it, one after the other, and the hash of
/// those bytes as they stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RawRef {
    pub segment: SegmentName,
    pub offset: u64,
    pub length: u64,
    pub hash: LineHash,
}

impl RawRef {
    /// No reference is longer, in bytes.
    pub(super) const LONGEST: u64 = 160;

    pub(super) fn end(&self) -> u64 {
        self.offset.saturating_add(self.length)
    }

    /// The reference that a line states. What looks like one inside a text has its quotes escaped.
    pub(super) fn of_line(line: &[u8]) -> Option<Result<Self, NotAPlace>> {
        const KEY: &[u8] = b",\"raw_ref\":\"";
        let start = memchr::memmem::find(line, KEY)? + KEY.len();
        let text = line.get(start..)?.split(|byte| *byte == b'"').next()?;
        let text = String::from_utf8_lossy(text);
        Some(text.parse())
    }
}

impl fmt::Display for RawRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}+{} {}", self.segment.warc(), self.offset, self.length, self.hash)
    }
}

impl FromStr for RawRef {
    type Err = NotAPlace;

    fn from_str(text: &str) -> Result<Self, NotAPlace> {
        let parse = || {
            let (place, hash) = text.split_once(' ')?;
            let (path, range) = place.rsplit_once(':')?;
            let (offset, length) = range.split_once('+')?;
            Some(Self {
                segment: SegmentName::of_warc(path)?,
                offset: offset.parse().ok()?,
                length: length.parse().ok()?,
                hash: LineHash::parse(hash)?,
            })
        };
        parse().ok_or_else(|| NotAPlace(text.to_owned()))
    }
}

/// Why a kept answer cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum RawError {
    #[error("the record names no kept answer")]
    None,
    #[error(transparent)]
    NotAPlace(#[from] NotAPlace),
    #[error("cannot read {path}")]
    Io { path: String, source: io::Error },
    #[error("the kept answer at {0} is not as it was written")]
    Changed(Box<RawRef>),
}

/// An answer as it is kept.
#[derive(Debug)]
pub struct Raw {
    /// WARC records as they stand in the file, a gzip member each: a `.warc.gz` file of their own.
    /// Of a revisit the response that it refers to comes first.
    pub records: Vec<u8>,
    /// The page, freed of its content encoding; of an article in parts one behind the other, a line
    /// each at least.
    pub page: Vec<u8>,
}

/// Reads the answer that a record came from, once its hash holds.
pub fn raw_of<D: Disk>(disk: &D, record: &Record) -> Result<Raw, RawError> {
    let raw_ref: RawRef = record.raw_ref.as_deref().ok_or(RawError::None)?.parse()?;
    let path = raw_ref.segment.warc();
    let read = || -> io::Result<Option<Raw>> {
        let file = disk.open(&path)?;
        let Some(members) = matching(&file, &raw_ref)? else { return Ok(None) };
        let (mut records, mut pages) = (Vec::new(), Vec::new());
        let mut rest = &members[..];
        while !rest.is_empty() {
            let mut unpacked = warc::unpack(&mut rest)?;
            let Some(payload) = unpacked.payload() else { continue };
            if let Some((offset, length)) = unpacked.refers_to() {
                let original = file.read_range(offset, length)?;
                unpacked = warc::unpack(&mut &original[..])?;
                records.extend(original);
            }
            let (fields, body) = unpacked.http()?;
            // What a revisit refers to is covered by this hash alone.
            if payload != LineHash::of(&body) {
                return Ok(None);
            }
            pages.push(fetch::decoded(&fields, body, LONGEST_PAGE));
        }
        records.extend(members);
        Ok(Some(Raw { records, page: pages.join(&b'\n') }))
    };
    match read() {
        Ok(Some(raw)) => Ok(raw),
        Ok(None) => Err(RawError::Changed(Box::new(raw_ref))),
        Err(source) => Err(RawError::Io { path, source }),
    }
}

/// The bytes that a reference names, where they have its hash.
pub(super) fn matching(file: &impl DiskFile, raw_ref: &RawRef) -> io::Result<Option<Vec<u8>>> {
    // A damaged length must not ask for all memory.
    if raw_ref.end() > file.size()? {
        return Ok(None);
    }
    let bytes = file.read_range(raw_ref.offset, raw_ref.length)?;
    Ok(Some(bytes).filter(|bytes| LineHash::of(bytes) == raw_ref.hash))
}

/// The WARC file of the open segment.
#[derive(Debug)]
pub(super) struct OpenWarc<F> {
    segment: SegmentName,
    file: F,
    /// Durable bytes.
    len: u64,
    /// The same before the last write.
    before: u64,
    /// By the hash of their payload, the responses written since the file was opened.
    payloads: BTreeMap<LineHash, Original>,
}

impl<F: DiskFile> OpenWarc<F> {
    /// Opens the file of a segment, and makes it where it is missing.
    pub(super) fn open<D: Disk<File = F>>(
        disk: &D,
        segment: SegmentName,
    ) -> Result<Self, ArchiveError> {
        let path = segment.warc();
        let file = match disk.open_to_write(&path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                let file = disk.create(&path).map_err(ArchiveError::at("create", &path))?;
                durable::sync_name(disk, &path)?;
                file
            }
            opened => opened.map_err(ArchiveError::at("open", &path))?,
        };
        let len = file.size().map_err(ArchiveError::at("open", &path))?;
        Ok(Self { segment, file, len, before: len, payloads: BTreeMap::new() })
    }

    pub(super) fn segment(&self) -> SegmentName {
        self.segment
    }

    /// Writes what records came from, syncs it, and has each record state where its own is.
    pub(super) fn write(
        &mut self,
        records: &mut [Record],
        exchanges: &[Vec<Arc<Exchange>>],
        now: Timestamp,
    ) -> Result<(), ArchiveError> {
        let path = self.segment.warc();
        self.before = self.len;
        let bytes = self.pack(records, exchanges, now).map_err(ArchiveError::at("pack", &path))?;
        if let Err(written) = self.file.write_at(self.len, &bytes) {
            self.take_back()?;
            return Err(ArchiveError::io("write", &path, written));
        }
        self.file.sync().map_err(ArchiveError::sync(&path))?;
        self.len += bytes.len() as u64;
        Ok(())
    }

    fn pack(
        &mut self,
        records: &mut [Record],
        exchanges: &[Vec<Arc<Exchange>>],
        now: Timestamp,
    ) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        if self.len == 0 {
            let path = self.segment.warc();
            bytes = warc::info(path.rsplit('/').next().unwrap_or_default(), now)?;
        }
        for (record, pages) in records.iter_mut().zip(exchanges).filter(|(_, p)| !p.is_empty()) {
            let offset = self.len + bytes.len() as u64;
            let mut members = Vec::new();
            for page in pages {
                let payload = LineHash::of(&page.body);
                let original = self.payloads.get(&payload);
                let place = offset + members.len() as u64;
                let (packed, own) = warc::exchange(page, original, place)?;
                if original.is_none() {
                    self.payloads.insert(payload, own);
                }
                members.extend(packed);
            }
            let (length, hash) = (members.len() as u64, LineHash::of(&members));
            let raw_ref = RawRef { segment: self.segment, offset, length, hash };
            record.raw_ref = Some(raw_ref.to_string());
            bytes.extend(members);
        }
        Ok(bytes)
    }

    /// Cuts the last write off: no line states it after all.
    pub(super) fn take_back(&mut self) -> Result<(), ArchiveError> {
        self.len = self.before;
        self.payloads.retain(|_, original| original.offset < self.before);
        let cut = self.file.set_len(self.len).and_then(|()| self.file.sync());
        cut.map_err(ArchiveError::sync(&self.segment.warc()))
    }
}

/// Copies what stands beyond `end` in a segment's WARC file, which no line states, to a file of its
/// own, and cuts it.
pub(super) fn settle<D: Disk>(
    disk: &D,
    segment: SegmentName,
    file: &D::File,
    end: u64,
) -> Result<(), ArchiveError> {
    let path = segment.warc();
    let at = |action| ArchiveError::at(action, &path);
    let len = file.size().map_err(at("open"))?;
    if len > end {
        let torn = file.read_range(end, len - end).map_err(at("read"))?;
        let stem = format!("{}@{end}", path.trim_end_matches(".gz"));
        durable::set_aside(disk, &stem, "torn", &torn)?;
        file.set_len(end).map_err(at("cut"))?;
    }
    file.sync().map_err(ArchiveError::sync(&path))
}
