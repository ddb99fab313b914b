//! Proving, offline, that nothing was changed, cut or inserted.

use std::{io, ops::Range};

use super::{
    ArchiveError, Checkpoint, Damage, LineFlaw, LineHash, Position, SegmentName,
    dropped::{dropped, is_dropped, segments_dropped},
    head,
    line::{self, Link},
    pack::hash_of,
    raw::{RawRef, matching},
    read::{Source, lines_of, there},
    recover::lines,
    segment::{self, Segment},
};
use crate::jsonl::{Disk, DiskFile};

/// Something that is not as it was written.
#[derive(Debug, thiserror::Error)]
pub enum Finding {
    #[error(transparent)]
    Damage(#[from] Damage),
    #[error("{path} cannot be read to its end")]
    Unreadable { path: String, source: io::Error },
    #[error("{position}: what the record came from is not at {place} as it was written")]
    Raw { position: Position, place: String },
    #[error("{path} does not hold the same lines as the plain file beside it")]
    Differs { path: String },
    #[error("the first line is number {seq}: those before it are missing")]
    Beginning { seq: u32 },
    #[error("{path} states other lines than were there")]
    Statement { path: String },
    #[error("HEAD cannot be read")]
    BadHead { source: io::Error },
    #[error("HEAD is missing although a segment was closed")]
    NoHead,
    #[error("the line with the hash {hash}, which was given, is not there: cut off or changed")]
    Missing { hash: LineHash },
    /// A line that was durable once.
    #[error(
        "{witness} remembers line {}, {}, and the archive's last sound line is {found}: {}",
        known.seq,
        known.hash,
        match known.seq.checked_sub(*found) {
            Some(count @ 1..) => format!("{} missing or damaged", lines(count)),
            _ if *is_missing => "that line is missing or damaged".to_owned(),
            _ => "that line was changed, or it is another archive's".to_owned(),
        }
    )]
    Behind {
        known: Link,
        found: u32,
        witness: &'static str,
        /// No line has its number.
        is_missing: bool,
    },
}

/// What verifying came to. The archive is as it was written where there are no findings.
#[derive(Debug, Default)]
pub struct Report {
    pub segments: u64,
    /// Lines whose checksum holds.
    pub lines: u64,
    /// Lines that were dropped by retention, and that statements in their place prove.
    pub dropped: u64,
    /// Those of them whose `raw_ref` holds too.
    pub raw: u64,
    /// Plain bytes read.
    pub bytes: u64,
    /// The last line: keep its hash elsewhere, and nobody can cut the archive before it unseen.
    pub tip: Option<Checkpoint>,
    pub findings: Vec<Finding>,
    /// Files with bytes that a recovery cut off; they are no fault.
    pub quarantined: Vec<String>,
    /// The last line but for those of the last segment: what `HEAD` stated when that was begun.
    pub(super) closed: Option<Checkpoint>,
    /// Numbers that were passed over without damage, and that no later line has.
    gaps: Vec<Range<u32>>,
}

impl Report {
    /// Whether lines that there were are gone, not only moved.
    pub fn lacks_lines(&self) -> bool {
        !self.gaps.is_empty()
            || self.findings.iter().any(|finding| {
                matches!(
                    finding,
                    Finding::Beginning { .. } | Finding::Missing { .. } | Finding::Behind { .. }
                )
            })
    }

    fn damaged(&mut self, damage: Damage) {
        if let Some(Finding::Damage(last)) = self.findings.last_mut()
            && last.absorb(&damage)
        {
            return;
        }
        self.findings.push(damage.into());
    }
}

impl Finding {
    /// Whether `repair` takes the damage out, or writes the file anew.
    pub fn is_mended_by_repair(&self) -> bool {
        match self {
            Self::Damage(damage) => {
                !matches!(damage.flaw, LineFlaw::Sequence { .. } | LineFlaw::Previous)
            }
            Self::Unreadable { path, .. } => !path.ends_with(".dropped.gz"),
            Self::Differs { .. } | Self::BadHead { .. } | Self::NoHead => true,
            Self::Raw { .. }
            | Self::Beginning { .. }
            | Self::Statement { .. }
            | Self::Missing { .. }
            | Self::Behind { .. } => false,
        }
    }
}

/// Reads every byte of an archive, also while it is being written, compressed and dropped from.
/// `witness` is a hash that was noted
/// elsewhere (the log states it whenever a segment closes) and that some line must have.
pub fn verify(disk: &impl Disk, witness: Option<LineHash>) -> Result<Report, ArchiveError> {
    verify_with(disk, witness, None)
}

/// The same, with a further witness: the end that a state remembers.
pub fn verify_with(
    disk: &impl Disk,
    witness: Option<LineHash>,
    acknowledged: Option<Checkpoint>,
) -> Result<Report, ArchiveError> {
    let segments = segment::list(disk).map_err(ArchiveError::at("list", "the archive"))?;
    let mut report = Report::default();
    let mut expected: Vec<Expected> = Vec::new();
    expected.extend(witness.map(|hash| Expected { hash, at: None }));
    expected.extend(acknowledged.map(|known| Expected {
        hash: known.hash,
        at: Some((known.seq, known.end.segment, "the state")),
    }));
    let mut no_head = false;
    match head::read(disk) {
        Ok(Some(Checkpoint { end, seq, hash })) => {
            let at = Some((seq, end.segment, "HEAD"));
            expected.push(Expected { hash, at });
        }
        Ok(None) => no_head = true,
        Err(source) => report.findings.push(Finding::BadHead { source }),
    }
    let mut walk = Walk {
        report,
        expected,
        link: None,
        last: None,
        begun: false,
        highest: 0,
        numbers: Vec::new(),
    };
    let dropped = segments_dropped(disk).map_err(ArchiveError::at("list", "the archive"))?;
    for name in &dropped {
        walk.dropped(disk, *name);
    }
    // One that was dropped between the two looks is among both.
    let segments: Vec<Segment> =
        segments.into_iter().filter(|segment| !dropped.contains(&segment.name)).collect();
    for (n, segment) in segments.iter().enumerate() {
        if n + 1 == segments.len() {
            walk.report.closed = walk.last;
            if no_head && walk.last.is_some() {
                walk.report.findings.push(Finding::NoHead);
            }
        }
        walk.segment(disk, *segment);
    }
    let Walk { mut report, expected, numbers, .. } = walk;
    report.segments = segments.len() as u64;
    let found = report.tip.map_or(0, |tip| tip.seq);
    report.findings.extend(expected.into_iter().map(|Expected { hash, at }| match at {
        None => Finding::Missing { hash },
        Some((seq, _, witness)) => {
            let is_missing = !numbers.contains(&seq);
            Finding::Behind { known: Link { seq, hash }, found, witness, is_missing }
        }
    }));
    let paths = disk.list().map_err(ArchiveError::at("list", "the archive"))?;
    for path in paths {
        if [".torn", ".damaged"].iter().any(|end| path.ends_with(end)) {
            report.quarantined.push(path);
        } else if let Some(packed) = Segment::parse(&path) {
            // More than one form is there after a kill in the middle of compressing.
            let counts = segments.iter().find(|segment| segment.name == packed.name);
            if counts.is_some_and(|counts| *counts != packed && differ(disk, *counts, packed)) {
                report.findings.push(Finding::Differs { path });
            }
        }
    }
    report.quarantined.sort_unstable();
    Ok(report)
}

/// Whether two files of a segment, where both are there, do not hold the same.
fn differ(disk: &impl Disk, one: Segment, other: Segment) -> bool {
    let hash = |segment| Source::open(disk, segment, 0).and_then(hash_of);
    match (hash(one), hash(other)) {
        (Ok(one), Ok(other)) => one != other,
        // Compressing came to its end since the files were listed.
        (Err(e), _) | (_, Err(e)) => e.kind() != io::ErrorKind::NotFound,
    }
}

fn holds(warc: Option<&impl DiskFile>, segment: SegmentName, raw_ref: &RawRef) -> bool {
    raw_ref.segment == segment
        && warc.is_some_and(|warc| matches!(matching(warc, raw_ref), Ok(Some(_))))
}

/// A line that has to be there; but for a hash alone also its number and segment are known, and who
/// states them.
struct Expected {
    hash: LineHash,
    at: Option<(u32, SegmentName, &'static str)>,
}

struct Walk {
    report: Report,
    /// Hashes that no line had so far.
    expected: Vec<Expected>,
    /// What the next line has to follow; unknown after a damaged one.
    link: Option<Link>,
    /// The last one whose number and hash are known.
    last: Option<Checkpoint>,
    begun: bool,
    /// The highest number so far.
    highest: u32,
    /// Those of the lines met that somebody states.
    numbers: Vec<u32>,
}

impl Walk {
    /// Takes up the chain where a dropped segment left it.
    fn dropped(&mut self, disk: &impl Disk, name: SegmentName) {
        let path = name.dropped();
        let lines = match dropped(disk, name) {
            Ok(lines) => lines,
            Err(source) => {
                self.link = None;
                return self.report.findings.push(Finding::Unreadable { path, source });
            }
        };
        for line in lines {
            let link = match line.and_then(|line| line.link()) {
                Ok(link) => link,
                Err(source) => {
                    self.link = None;
                    return self.report.findings.push(Finding::Unreadable { path, source });
                }
            };
            match self.link.filter(|_| self.begun).map(|last| last.seq.saturating_add(1)) {
                Some(expected) if link.seq > expected => {
                    let position = Position { segment: name, offset: 0 };
                    let flaw = LineFlaw::Sequence { expected, found: link.seq };
                    let path = path.clone();
                    self.report.damaged(Damage { position, bytes: 0, flaw, path });
                }
                Some(expected) if link.seq < expected => {
                    self.report.findings.push(Finding::Statement { path: path.clone() });
                }
                _ => {}
            }
            self.report.dropped += 1;
            self.meet(name, link);
        }
    }

    /// Takes note of a line whose number and hash are known.
    fn meet(&mut self, segment: SegmentName, link: Link) {
        if !self.begun && link.seq != 1 {
            self.report.findings.push(Finding::Beginning { seq: link.seq });
        }
        let is_stated = |expected: &Expected| expected.at.is_some_and(|(seq, ..)| seq == link.seq);
        if self.expected.iter().any(is_stated) {
            self.numbers.push(link.seq);
        }
        self.expected.retain(|expected| {
            let is_elsewhere = |(seq, name, _)| (seq, name) != (link.seq, segment);
            expected.hash != link.hash || expected.at.is_some_and(is_elsewhere)
        });
        if link.seq <= self.highest {
            self.fill(link.seq);
        } else if self.link.is_some() && link.seq > self.highest + 1 {
            self.report.gaps.push(self.highest + 1..link.seq);
        }
        self.highest = self.highest.max(link.seq);
        self.begun = true;
        self.link = Some(link);
        let end = Position { segment, offset: 0 };
        self.last = Some(Checkpoint { end, seq: link.seq, hash: link.hash });
    }

    /// A line was moved, or stands twice: its number is not missing.
    fn fill(&mut self, seq: u32) {
        let gaps = &mut self.report.gaps;
        if let Some(at) = gaps.iter().position(|gap| gap.contains(&seq)) {
            let gap = gaps.remove(at);
            let rest = [gap.start..seq, seq + 1..gap.end];
            gaps.extend(rest.into_iter().filter(|gap| !gap.is_empty()));
        }
    }

    fn segment(&mut self, disk: &impl Disk, segment: Segment) {
        let unreadable =
            |segment: Segment, source| Finding::Unreadable { path: segment.path(), source };
        // Before the lines: of a segment that leaves it goes first.
        let warc = disk.open(&segment.name.warc()).ok();
        let (segment, lines) = match there(disk, segment, 0) {
            Ok(Some((segment, source))) => (segment, lines_of(source, 0)),
            Ok(None) => return self.dropped(disk, segment.name),
            Err(source) => {
                self.link = None;
                return self.report.findings.push(unreadable(segment, source));
            }
        };
        let is_leaving = warc.is_none() && is_dropped(disk, segment.name);
        for raw in lines {
            let raw = match raw {
                Ok(raw) => raw,
                Err(source) => {
                    self.link = None;
                    return self.report.findings.push(unreadable(segment, source));
                }
            };
            let position = Position { segment: segment.name, offset: raw.offset };
            self.report.bytes += raw.end() - raw.offset;
            let followed = if raw.whole {
                line::follow(self.link, &raw.bytes)
            } else {
                Err((LineFlaw::Torn, None))
            };
            let link = followed.map_or_else(
                |(flaw, link)| {
                    let (bytes, path) = (raw.end() - raw.offset, segment.path());
                    self.report.damaged(Damage { position, bytes, flaw, path });
                    link
                },
                Some,
            );
            if let Some(Link { seq, hash }) = link {
                self.report.lines += 1;
                match RawRef::of_line(&raw.bytes) {
                    None => {}
                    Some(Ok(_)) if is_leaving => {}
                    Some(Ok(raw_ref)) if holds(warc.as_ref(), segment.name, &raw_ref) => {
                        self.report.raw += 1;
                    }
                    Some(raw_ref) => {
                        let place = raw_ref.map_or_else(|e| e.to_string(), |r| r.to_string());
                        self.report.findings.push(Finding::Raw { position, place });
                    }
                }
                let end = Position { segment: segment.name, offset: raw.end() };
                self.report.tip = Some(Checkpoint { end, seq, hash });
                self.meet(segment.name, Link { seq, hash });
            }
            self.begun = true;
            self.link = link;
        }
    }
}
