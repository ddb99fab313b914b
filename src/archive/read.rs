//! Reading lines in the order in which they were written.

use std::{
    io::{self, BufReader, Read},
    vec,
};

use flate2::bufread::MultiGzDecoder;

use super::{
    ArchiveError, LineFlaw, Position, Record, SCHEMA_VERSION, SegmentName,
    blocks::Blocks,
    dropped::is_dropped,
    line::{self, LineHash},
    recover::is_damage,
    segment::{self, Form, Segment},
};
use crate::jsonl::{Disk, DiskFile, Folder, RawLine, RawLines, ReadFrom};

const BUFFER: usize = 256 << 10;

type Buffered<F> = BufReader<ReadFrom<F>>;

/// The plain bytes of a segment, however they lie on the disk.
pub(super) enum Source<F> {
    Plain(ReadFrom<F>),
    Blocks(Blocks<F>),
    /// Compressed by somebody else.
    Gzip(Box<MultiGzDecoder<Buffered<F>>>),
    Zstd(Box<zstd::Decoder<'static, Buffered<F>>>),
}

impl<F: DiskFile> Source<F> {
    /// Begins at `offset` of the plain bytes.
    pub(super) fn open<D: Disk<File = F>>(
        disk: &D,
        segment: Segment,
        offset: u64,
    ) -> io::Result<Self> {
        Self::of(disk.open(&segment.path())?, segment.form, offset)
    }

    pub(super) fn of(file: F, form: Form, offset: u64) -> io::Result<Self> {
        if form == Form::Plain {
            return Ok(Self::Plain(ReadFrom { file, offset }));
        }
        if let Some(index) = Blocks::open(&file, form)? {
            return Ok(Self::Blocks(Blocks::new(file, form, index, offset)?));
        }
        let packed = BufReader::with_capacity(BUFFER, ReadFrom { file, offset: 0 });
        let mut plain = match form {
            Form::Zstd => Self::Zstd(Box::new(zstd::Decoder::with_buffer(packed)?)),
            _ => Self::Gzip(Box::new(MultiGzDecoder::new(packed))),
        };
        io::copy(&mut plain.by_ref().take(offset), &mut io::sink())?;
        Ok(plain)
    }
}

impl<F: DiskFile> Read for Source<F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(source) => source.read(buffer),
            Self::Blocks(source) => source.read(buffer),
            Self::Gzip(source) => source.read(buffer).map_err(undecodable),
            Self::Zstd(source) => source.read(buffer).map_err(undecodable),
        }
    }
}

/// Decoders have several kinds of errors for bad bytes; what the disk says has a number.
fn undecodable(error: io::Error) -> io::Error {
    let is_bytes = error.raw_os_error().is_none() && error.kind() != io::ErrorKind::Interrupted;
    if is_bytes { io::Error::new(io::ErrorKind::InvalidData, error) } else { error }
}

type Raw<F> = RawLines<BufReader<Source<F>>>;

/// The lines of a segment from `offset` of its plain bytes on.
pub(super) fn raw_lines<D: Disk>(
    disk: &D,
    segment: Segment,
    offset: u64,
) -> io::Result<Raw<D::File>> {
    Ok(lines_of(Source::open(disk, segment, offset)?, offset))
}

/// The lines of a source that was opened at `offset`.
pub(super) fn lines_of<F: DiskFile>(source: Source<F>, offset: u64) -> Raw<F> {
    RawLines::new(BufReader::with_capacity(BUFFER, source), offset)
}

/// Opens a segment that was listed in this form, in whatever form it is there by now: whoever
/// compresses or repairs may be ahead of a reader. `None` where it was dropped.
pub(super) fn there<D: Disk>(
    disk: &D,
    listed: Segment,
    offset: u64,
) -> io::Result<Option<(Segment, Source<D::File>)>> {
    for form in [listed.form, Form::Plain, Form::Gzip, Form::Zstd] {
        let segment = Segment { form, ..listed };
        match Source::open(disk, segment, offset) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            source => return Ok(Some((segment, source?))),
        }
    }
    if is_dropped(disk, listed.name) { Ok(None) } else { Err(io::ErrorKind::NotFound.into()) }
}

/// A line whose checksum holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub position: Position,
    pub seq: u32,
    pub prev: Option<LineHash>,
    /// Without the line feed.
    pub bytes: Vec<u8>,
}

/// Why a line whose checksum holds does not give a record.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    #[error(
        "line {seq} of {segment} has schema version {version}; this program knows versions up to \
         {SCHEMA_VERSION}: use a newer newswatch"
    )]
    Newer { seq: u32, segment: SegmentName, version: u32 },
    #[error("line {seq} is not a record")]
    Json { seq: u32, source: serde_json::Error },
}

impl RecordError {
    /// A later version of the program wrote the line.
    pub fn is_newer(&self) -> bool {
        matches!(self, Self::Newer { .. })
    }
}

impl Line {
    /// Reads the record of any schema version up to this program's.
    pub fn record(&self) -> Result<Record, RecordError> {
        let record: Result<Record, _> = serde_json::from_slice(&self.bytes);
        // What has no key that is unknown here may still mean something else by one.
        let version = match &record {
            Ok(record) => Some(record.schema_version),
            Err(_) => version(&self.bytes),
        };
        check_version(version, self.seq, self.position.segment)?;
        record.map_err(|source| RecordError::Json { seq: self.seq, source })
    }
}

/// Refuses the schema version of a line that a later version of the program wrote.
pub(super) fn check_version(
    version: Option<u32>,
    seq: u32,
    segment: SegmentName,
) -> Result<(), RecordError> {
    match version.filter(|version| *version > SCHEMA_VERSION) {
        Some(version) => Err(RecordError::Newer { seq, segment, version }),
        None => Ok(()),
    }
}

/// The schema version of a line, whatever else it has.
pub(super) fn version(line: &[u8]) -> Option<u32> {
    #[derive(serde::Deserialize)]
    struct Version {
        schema_version: u32,
    }
    serde_json::from_slice(line).ok().map(|Version { schema_version }| schema_version)
}

/// Bytes of a segment that are not lines of the archive. They are never changed by reading.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {flaw}", self.place())]
pub struct Damage {
    pub position: Position,
    /// How many there are of them; 0 where that is not known.
    pub bytes: u64,
    pub flaw: LineFlaw,
    /// The file that they are in.
    pub path: String,
}

impl Damage {
    fn place(&self) -> String {
        let Position { segment, offset } = self.position;
        let offset = if self.path == segment.to_string() {
            format!("{}:{offset}", self.path)
        } else {
            format!("{}: unpacked byte {offset}", self.path)
        };
        if self.bytes == 0 { offset } else { format!("{offset} ({} bytes)", self.bytes) }
    }

    /// Takes in what follows at once, where neither is a line: noise has many line feeds.
    pub(super) fn absorb(&mut self, next: &Self) -> bool {
        let is_noise = |damage: &Self| matches!(damage.flaw, LineFlaw::Form | LineFlaw::Torn);
        let Position { segment, offset } = self.position;
        let follows = next.position == Position { segment, offset: offset + self.bytes };
        let absorbs = follows && is_noise(self) && is_noise(next);
        self.bytes += if absorbs { next.bytes } else { 0 };
        absorbs
    }

    pub(super) fn of_block(segment: Segment, offset: u64) -> Self {
        let position = Position { segment: segment.name, offset };
        Self { position, bytes: 0, flaw: LineFlaw::Packed, path: segment.path() }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// A line, or all that follows in a compressed file. The reading goes on after it.
    #[error("the archive is damaged")]
    Damaged(#[from] Damage),
    /// Retention was faster. Reading on meets no such line.
    #[error("{segment} was dropped from the archive")]
    Dropped { segment: SegmentName },
    /// The disk fails.
    #[error("cannot read {path}")]
    Io { path: String, source: io::Error },
}

/// All lines from a place on. The last line is not given before its line feed is there: it may still
/// be being written.
pub struct Lines<D: Disk = Folder> {
    disk: D,
    /// Segments still to open, and the offset at which to begin in the next one.
    segments: vec::IntoIter<Segment>,
    offset: u64,
    current: Option<(Segment, Raw<D::File>)>,
}

/// Reads an archive's lines, also while it is being written.
pub fn read(folder: &Folder) -> Result<Lines, ArchiveError> {
    Lines::all(folder.clone())
}

/// Reads an archive's lines from a place on, also while it is being written; all of them without one.
pub fn read_from(folder: &Folder, start: Option<Position>) -> Result<Lines, ArchiveError> {
    Lines::from(folder.clone(), start)
}

impl<D: Disk> Lines<D> {
    pub(super) fn all(disk: D) -> Result<Self, ArchiveError> {
        let segments =
            segment::list(&disk).map_err(|e| ArchiveError::io("list", &"the archive", e))?;
        Ok(Self { disk, segments: segments.into_iter(), offset: 0, current: None })
    }

    pub(super) fn from(disk: D, start: Option<Position>) -> Result<Self, ArchiveError> {
        let mut lines = Self::all(disk)?;
        if let Some(start) = start {
            let mut segments: Vec<Segment> = lines.segments.collect();
            segments.retain(|segment| segment.name >= start.segment);
            let begins = segments.first().is_some_and(|segment| segment.name == start.segment);
            lines.offset = if begins { start.offset } else { 0 };
            lines.segments = segments.into_iter();
        }
        Ok(lines)
    }
}

impl<D: Disk> Iterator for Lines<D> {
    type Item = Result<Line, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (segment, mut lines) = if let Some(current) = self.current.take() {
                current
            } else {
                let segment = self.segments.next()?;
                let offset = std::mem::take(&mut self.offset);
                match there(&self.disk, segment, offset) {
                    Ok(Some((segment, source))) => (segment, lines_of(source, offset)),
                    // Since this began; what it held is known elsewhere.
                    Ok(None) => continue,
                    Err(source) => return Some(Err(unreadable(segment, offset, source))),
                }
            };
            let raw = match lines.next() {
                None => continue,
                Some(Err(source)) => {
                    return Some(Err(unreadable(segment, lines.offset(), source)));
                }
                Some(Ok(raw)) => raw,
            };
            // Nothing follows a torn last line, so only there the segment is left without a word.
            let last = self.segments.as_slice().is_empty();
            self.current = Some((segment, lines));
            if !raw.whole && last {
                continue;
            }
            return Some(check(segment, raw).map_err(ReadError::Damaged));
        }
    }
}

pub(super) fn unreadable(segment: Segment, offset: u64, source: io::Error) -> ReadError {
    if is_damage(&source) {
        return Damage::of_block(segment, offset).into();
    }
    ReadError::Io { path: segment.path(), source }
}

pub(super) fn check(segment: Segment, raw: RawLine) -> Result<Line, Damage> {
    let position = Position { segment: segment.name, offset: raw.offset };
    let seal = if raw.whole { line::seal(&raw.bytes) } else { Err(LineFlaw::Torn) };
    match seal {
        Ok(seal) => Ok(Line { position, seq: seal.seq, prev: seal.prev, bytes: raw.bytes }),
        Err(flaw) => {
            let bytes = raw.end() - raw.offset;
            Err(Damage { position, bytes, flaw, path: segment.path() })
        }
    }
}
