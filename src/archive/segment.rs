//! The files of an archive: their names, their order, and places in them.

use std::{fmt, io, str::FromStr};

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use super::line::{LineHash, Link};
use crate::jsonl::Disk;

/// What stands beside a segment is named like it but for its ending.
const WARC: &str = ".warc.gz";
const DROPPED: &str = ".dropped.gz";

/// One file of lines: a UTC day and the part of it, counted from 1. In order of their paths, also as
/// plain strings, segments are in order of their lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SegmentName {
    day: Date,
    part: u16,
}

impl SegmentName {
    /// The first segment of the day of `now`.
    pub(super) fn of_day(now: Timestamp) -> Self {
        let day = now.to_zoned(TimeZone::UTC).date();
        // A path has four digits for the year; only a broken clock stands before the year 0.
        Self { day: day.max(jiff::civil::date(0, 1, 1)), part: 1 }
    }

    pub(super) fn next_part(self) -> Option<Self> {
        let part = self.part.checked_add(1).filter(|part| *part <= 9999)?;
        Some(Self { part, ..self })
    }

    pub(super) fn tomorrow(self) -> Option<Self> {
        Some(Self { day: self.day.tomorrow().ok()?, part: 1 })
    }

    pub fn day(self) -> Date {
        self.day
    }

    /// The path of what records of this segment came from, where that is kept.
    pub(super) fn warc(self) -> String {
        self.beside(WARC)
    }

    /// Reads what [`Self::warc`] gives.
    pub(super) fn of_warc(path: &str) -> Option<Self> {
        Self::of_beside(path, WARC)
    }

    /// The path of the statement that takes the place of a dropped segment.
    pub(super) fn dropped(self) -> String {
        self.beside(DROPPED)
    }

    /// Reads what [`Self::dropped`] gives.
    pub(super) fn of_dropped(path: &str) -> Option<Self> {
        Self::of_beside(path, DROPPED)
    }

    fn beside(self, ending: &str) -> String {
        format!("{}{ending}", self.to_string().trim_end_matches(".jsonl"))
    }

    fn of_beside(path: &str, ending: &str) -> Option<Self> {
        format!("{}.jsonl", path.strip_suffix(ending)?).parse().ok()
    }

    /// The folder, relative to the archive's.
    pub(super) fn folder(self) -> String {
        format!("{:04}/{:02}", self.day.year(), self.day.month())
    }
}

/// The path of the plain file, relative to the archive's folder: `2022/01/2022-01-16.jsonl`, the
/// second of a day `2022/01/2022-01-16_0002.jsonl`.
impl fmt::Display for SegmentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.folder(), self.day)?;
        if self.part > 1 {
            write!(f, "_{:04}", self.part)?;
        }
        f.write_str(".jsonl")
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a place in an archive")]
pub struct NotAPlace(pub(super) String);

impl FromStr for SegmentName {
    type Err = NotAPlace;

    fn from_str(path: &str) -> Result<Self, NotAPlace> {
        let parse = || {
            let stem = path.strip_suffix(".jsonl")?.rsplit('/').next()?;
            let (day, part) = match stem.split_once('_') {
                Some((day, part)) => (day, part.parse().ok()?),
                None => (stem, 1),
            };
            let name = Self { day: day.parse().ok()?, part };
            // One spelling only: what is written otherwise is not ours.
            (name.to_string() == path).then_some(name)
        };
        parse().ok_or_else(|| NotAPlace(path.to_owned()))
    }
}

/// Where a line begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    pub segment: SegmentName,
    /// Bytes from the start of the plain segment, also where it is compressed now.
    pub offset: u64,
}

/// `2022/01/2022-01-16.jsonl:4711`
impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.segment, self.offset)
    }
}

impl FromStr for Position {
    type Err = NotAPlace;

    fn from_str(text: &str) -> Result<Self, NotAPlace> {
        let not = || NotAPlace(text.to_owned());
        let (segment, offset) = text.rsplit_once(':').ok_or_else(not)?;
        Ok(Self { segment: segment.parse()?, offset: offset.parse().map_err(|_| not())? })
    }
}

/// The end of what is durable, as the state remembers it in the transaction that also remembers
/// what the lines before it say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checkpoint {
    /// Where the last line ends.
    pub end: Position,
    /// Of the last line.
    pub seq: u32,
    /// Of the last line.
    pub hash: LineHash,
}

impl Checkpoint {
    /// The end of an archive without a line. Who remembers this knows that no line is durable, which
    /// is more than to know nothing.
    pub fn origin() -> Self {
        let segment = SegmentName { day: jiff::civil::date(0, 1, 1), part: 1 };
        let hash = LineHash::of(b"");
        Self { end: Position { segment, offset: 0 }, seq: 0, hash }
    }

    pub(super) fn link(self) -> Link {
        Link { seq: self.seq, hash: self.hash }
    }
}

/// `2022/01/2022-01-16.jsonl:4711 12 sha256:…`: one text for the state to keep.
impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.end, self.seq, self.hash)
    }
}

impl FromStr for Checkpoint {
    type Err = NotAPlace;

    fn from_str(text: &str) -> Result<Self, NotAPlace> {
        let mut words = text.split(' ');
        let mut parse = || {
            let end = words.next()?.parse().ok()?;
            let seq = words.next()?.parse().ok()?;
            let hash = LineHash::parse(words.next()?)?;
            words.next().is_none().then_some(Self { end, seq, hash })
        };
        parse().ok_or_else(|| NotAPlace(text.to_owned()))
    }
}

/// How the bytes of a segment lie on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Form {
    Plain,
    Gzip,
    Zstd,
}

impl Form {
    pub(super) fn path(self, name: SegmentName) -> String {
        match self {
            Self::Plain => name.to_string(),
            Self::Gzip => format!("{name}.gz"),
            Self::Zstd => format!("{name}.zst"),
        }
    }
}

/// A segment that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Segment {
    pub(super) name: SegmentName,
    pub(super) form: Form,
}

impl Segment {
    pub(super) fn path(self) -> String {
        self.form.path(self.name)
    }

    pub(super) fn parse(path: &str) -> Option<Self> {
        let packed = [(".gz", Form::Gzip), (".zst", Form::Zstd)];
        let packed = packed.iter().find_map(|(end, form)| Some((path.strip_suffix(end)?, *form)));
        let (plain, form) = packed.unwrap_or((path, Form::Plain));
        Some(Self { name: plain.parse().ok()?, form })
    }
}

/// All segments in order. Where a segment is there in two forms, compressing it did not come to its
/// end: the plain one counts.
pub(super) fn list(disk: &impl Disk) -> io::Result<Vec<Segment>> {
    let mut segments: Vec<Segment> =
        disk.list()?.iter().filter_map(|path| Segment::parse(path)).collect();
    segments.sort_unstable();
    segments.dedup_by_key(|segment| segment.name);
    Ok(segments)
}
