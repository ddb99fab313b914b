//! Opening: what was appended after the last checkpoint, and what must not stay.

use std::io;

use super::{
    Archive, ArchiveError, Checkpoint, Damage, LineFlaw, Position, Settings,
    append::OpenSegment,
    dropped, durable, head,
    line::{self, LineHash, Link},
    raw::{self, RawRef},
    read::{self, Lines, raw_lines},
    segment::{self, Form, Segment, SegmentName},
};
use crate::jsonl::{Disk, DiskFile};

/// What opening found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Recovery {
    /// Lines after the checkpoint: the state has to absorb them, by [`Archive::since`].
    pub lines: u64,
    /// The torn end, now in a file of its own.
    pub quarantine: Option<Quarantine>,
    /// Corruption: lines that were durable once. They are kept as they are.
    pub damage: Vec<Damage>,
    /// The end of the archive is not the one that was acknowledged.
    pub lost: Option<Lost>,
}

/// Acknowledged lines at the end that are not there or damaged. Their numbers are not used again: the
/// chain goes on from the last of them, so that verifying tells the gap for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "line {} was acknowledged, and the archive's last sound line is {found}: {} missing or damaged",
    acknowledged.seq,
    lines(acknowledged.seq.saturating_sub(*found))
)]
pub struct Lost {
    /// The last one.
    pub acknowledged: Link,
    /// The number of the last one that is there; 0 where there is none.
    pub found: u32,
}

/// Bytes that were cut off the last segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantine {
    /// Where they were.
    pub from: Position,
    pub bytes: u64,
    /// Where they are, relative to the archive's folder.
    pub path: String,
}

pub(super) const LOCK: &str = ".lock";

impl<D: Disk> Archive<D> {
    /// Locks the archive, makes it where there is none, and recovers.
    ///
    /// From the checkpoint on, whole lines with the next `seq` stay. What follows them at the end of
    /// the last segment is copied to a `.torn` file, synced, and then cut. Without a checkpoint the
    /// durable end is unknown, so only what follows the last whole line is cut. Anything bad before
    /// is corruption: reported and kept.
    pub fn open(
        disk: D,
        settings: Settings,
        checkpoint: Option<Checkpoint>,
    ) -> Result<(Self, Recovery), ArchiveError> {
        Self::open_by(disk, settings, checkpoint, |disk, segments, known| {
            if let Some(checkpoint) = checkpoint {
                check_checkpoint(disk, segments, checkpoint)?;
            }
            Scan::of(disk, segments, checkpoint, known)
        })
    }

    /// Opens it for one who is going to read every line: what was closed before `HEAD` was written
    /// is not read here, and its damage is not told.
    ///
    /// `acknowledged` is the end that a state remembers, whether or not the archive still has that
    /// line. What stands before it is never cut: it is corruption.
    pub fn open_to_read_all(
        disk: D,
        settings: Settings,
        acknowledged: Option<Checkpoint>,
    ) -> Result<(Self, Recovery), ArchiveError> {
        Self::open_by(disk, settings, acknowledged, |disk, segments, known| {
            let Some(head) = known.head else { return Scan::of(disk, segments, None, known) };
            let (link, name) = (Some(head.link()), head.end.segment);
            let mut scan = Scan { link, ..Scan::new(None, known) };
            for segment in segments.iter().filter(|segment| segment.name > name) {
                scan.segment(disk, *segment, Some(segment) == segments.last())?;
            }
            // Without a sound line after it, HEAD alone does not say where the lines end.
            if scan.lines > 0 && scan.damage.is_empty() {
                return Ok(scan);
            }
            Scan::of(disk, segments, None, known)
        })
    }

    fn open_by(
        disk: D,
        settings: Settings,
        acknowledged: Option<Checkpoint>,
        scan: impl FnOnce(&D, &[Segment], Known) -> Result<Scan, ArchiveError>,
    ) -> Result<(Self, Recovery), ArchiveError> {
        // Before anything is made: the next start must find it as it is, and so must its owner.
        if let Some(known) = acknowledged.filter(|known| known.seq > 0)
            && !is_begun(&disk).map_err(ArchiveError::at("list", "the archive"))?
        {
            return Err(ArchiveError::Absent(known));
        }
        disk.create_folder("")
            .map_err(|e| ArchiveError::io("make the folder", &"of the archive", e))?;
        let lock = match disk.lock(LOCK).map_err(|e| ArchiveError::io("lock", &LOCK, e))? {
            Ok(lock) => lock,
            Err(pid) => return Err(ArchiveError::Locked { pid }),
        };
        dropped::finish(&disk)?;
        let segments =
            segment::list(&disk).map_err(|e| ArchiveError::io("list", &"the archive", e))?;
        let known = Known { acknowledged, head: head::read(&disk).ok().flatten() };
        let scan = scan(&disk, &segments, known)?;
        let last = segments.last().copied();
        let (tip, lost) = known.end_after(scan.tip);
        let mut archive = Self {
            disk,
            settings,
            tip,
            open: None,
            warc: None,
            last: last.map(|segment| segment.name),
            appended: Vec::new(),
            stopped: false,
            _lock: lock,
        };
        let mut recovery =
            Recovery { lines: scan.lines, damage: scan.damage, lost, quarantine: None };
        if let Some(Segment { name, form: Form::Plain }) = last {
            let within = |checkpoint: Option<Checkpoint>| {
                checkpoint.filter(|at| at.end.segment == name).map_or(0, |at| at.end.offset)
            };
            let end = within(scan.tip);
            let from = Position { segment: name, offset: end.max(within(acknowledged)) };
            recovery.damage.retain(|damage| damage.position < from);
            let (settled, quarantine) = archive.settle(from, within(scan.checkpoint))?;
            recovery.quarantine = quarantine;
            if settled.len > end {
                // Nothing is written after what is damaged: it may have no line feed.
                drop(settled);
                let next = name.next_part().or_else(|| name.tomorrow());
                archive.begin(next.ok_or(ArchiveError::Exhausted("segment"))?)?;
            } else {
                archive.open = Some(settled);
                archive.settle_warc(from)?;
            }
        }
        // From here on the archive itself tells what it lost.
        if let Some(tip) = archive.tip.filter(|_| lost.is_some())
            && head::read(&archive.disk).ok().flatten().map(Checkpoint::link) != Some(tip.link())
        {
            head::write(&archive.disk, tip)?;
        }
        Ok((archive, recovery))
    }

    /// The lines after a checkpoint, or all.
    pub fn since(&self, checkpoint: Option<Checkpoint>) -> Result<Lines<D>, ArchiveError> {
        Lines::from(self.disk.clone(), checkpoint.map(|checkpoint| checkpoint.end))
    }

    /// Quarantines and cuts what follows `end` in the last segment, and makes durable what stands
    /// between `start` and `end`.
    fn settle(
        &self,
        end: Position,
        start: u64,
    ) -> Result<(OpenSegment<D::File>, Option<Quarantine>), ArchiveError> {
        let path = end.segment.to_string();
        let at = |action| ArchiveError::at(action, &path);
        let file = self.disk.open_to_write(&path).map_err(at("open"))?;
        let len = file.size().map_err(at("open"))?;
        let mut quarantine = None;
        // It is shorter where it was cut.
        let end = Position { offset: end.offset.min(len), ..end };
        if len > end.offset {
            let torn = file.read_range(end.offset, len - end.offset).map_err(at("read"))?;
            let stem = format!("{}@{}", path.trim_end_matches(".jsonl"), end.offset);
            let aside = durable::set_aside(&self.disk, &stem, "torn", &torn)?;
            quarantine = Some(Quarantine { from: end, bytes: torn.len() as u64, path: aside });
        }
        // After a failed sync the kernel may hold lines that never reached the disk and call them
        // clean. Written anew they are dirty, and the sync below means what it says.
        let kept = file.read_range(start, end.offset - start).map_err(at("read"))?;
        if !kept.is_empty() {
            file.write_at(start, &kept).map_err(at("write"))?;
        }
        // The cut, too, may have been made by a start that failed before it was durable: once a
        // later segment exists, nobody would look for the torn line here again.
        file.set_len(end.offset).map_err(at("cut"))?;
        file.sync().map_err(ArchiveError::sync(&path))?;
        // A killed process may have made the file and not its name durable.
        self.disk.create_folder(&end.segment.folder()).map_err(at("make the folder of"))?;
        durable::sync_name(&self.disk, &path)?;
        Ok((OpenSegment { name: end.segment, file, len: end.offset }, quarantine))
    }

    /// Sets aside what was kept for lines that were not written any more.
    fn settle_warc(&self, end: Position) -> Result<(), ArchiveError> {
        let path = end.segment.warc();
        let file = match self.disk.open_to_write(&path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
            opened => opened.map_err(ArchiveError::at("open", &path))?,
        };
        let segment = Segment { name: end.segment, form: Form::Plain };
        let at = |e| ArchiveError::io("read", &end.segment, e);
        let mut stated = 0;
        for raw in raw_lines(&self.disk, segment, 0).map_err(at)? {
            let raw_ref = RawRef::of_line(&raw.map_err(at)?.bytes).and_then(Result::ok);
            let raw_ref = raw_ref.filter(|raw_ref| raw_ref.segment == end.segment);
            stated = stated.max(raw_ref.map_or(0, |raw_ref| raw_ref.end()));
        }
        raw::settle(&self.disk, end.segment, &file, stated)
    }
}

/// What is known of the archive's end but from its lines.
#[derive(Debug, Clone, Copy)]
struct Known {
    /// Up to where all was durable once.
    acknowledged: Option<Checkpoint>,
    head: Option<Checkpoint>,
}

impl Known {
    fn latest(self) -> Option<Checkpoint> {
        self.head.into_iter().chain(self.acknowledged).max_by_key(|known| known.seq)
    }

    /// The line that the next one follows: the last one that is there, or the one after it that is
    /// remembered.
    fn end_after(self, tip: Option<Checkpoint>) -> (Option<Checkpoint>, Option<Lost>) {
        let found = tip.map_or(0, |tip| tip.seq);
        let Some(known) = self.latest().filter(|known| known.seq > found) else {
            return (tip, None);
        };
        let lost = Lost { acknowledged: known.link(), found };
        (Some(known), Some(lost))
    }
}

/// So many lines, and the verb.
pub(super) fn lines(count: u32) -> String {
    if count == 1 { "1 line is".to_owned() } else { format!("{count} lines are") }
}

/// The walk from the checkpoint to the end.
struct Scan {
    checkpoint: Option<Checkpoint>,
    known: Known,
    /// What the next line has to follow; unknown after a damaged one.
    link: Option<Link>,
    tip: Option<Checkpoint>,
    lines: u64,
    damage: Vec<Damage>,
}

impl Scan {
    fn new(checkpoint: Option<Checkpoint>, known: Known) -> Self {
        let tip = checkpoint.filter(|checkpoint| checkpoint.seq > 0);
        let link = tip.map(Checkpoint::link);
        Self { checkpoint, known, link, tip, lines: 0, damage: Vec::new() }
    }

    /// All of it.
    fn of(
        disk: &impl Disk,
        segments: &[Segment],
        checkpoint: Option<Checkpoint>,
        known: Known,
    ) -> Result<Self, ArchiveError> {
        let mut scan = Self::new(checkpoint, known);
        for segment in segments {
            scan.segment(disk, *segment, Some(segment) == segments.last())?;
        }
        Ok(scan)
    }

    fn segment(
        &mut self,
        disk: &impl Disk,
        segment: Segment,
        last: bool,
    ) -> Result<(), ArchiveError> {
        let name = segment.name;
        let start = match self.checkpoint {
            Some(checkpoint) if name < checkpoint.end.segment => return Ok(()),
            Some(checkpoint) if name == checkpoint.end.segment => checkpoint.end.offset,
            _ => 0,
        };
        let lines = match raw_lines(disk, segment, start) {
            Err(e) if is_damage(&e) => {
                self.packed(segment, start);
                return Ok(());
            }
            lines => lines.map_err(|e| ArchiveError::io("read", &name, e))?,
        };
        let acknowledged = self.known.acknowledged.filter(|known| known.end.segment == name);
        let acknowledged = acknowledged.map_or(0, |known| known.end.offset);
        let mut reached = start;
        for raw in lines {
            let raw = match raw {
                Err(e) if is_damage(&e) => {
                    self.packed(segment, reached);
                    return Ok(());
                }
                raw => raw.map_err(|e| ArchiveError::io("read", &name, e))?,
            };
            reached = raw.end();
            let position = Position { segment: name, offset: raw.offset };
            let followed = if raw.whole {
                line::follow(self.link, &raw.bytes)
            } else {
                Err((LineFlaw::Torn, None))
            };
            let link = match followed {
                Ok(link) => Some(link),
                // Nothing after the checkpoint in the last segment is known to have been durable.
                Err(_) if last && self.checkpoint.is_some() && raw.offset >= acknowledged => {
                    // Unless it follows a line that is known and lost.
                    let known = self.known.latest().map(Checkpoint::link);
                    match line::follow(known.or(self.link), &raw.bytes) {
                        Ok(link) if raw.whole => Some(link),
                        _ => return Ok(()),
                    }
                }
                Err((flaw, link)) => {
                    let (bytes, path) = (raw.end() - raw.offset, segment.path());
                    let damage = Damage { position, bytes, flaw, path };
                    if !self.damage.last_mut().is_some_and(|last| last.absorb(&damage)) {
                        self.damage.push(damage);
                    }
                    link
                }
            };
            if let Some(link) = link {
                let end = Position { segment: name, offset: raw.end() };
                self.tip = Some(Checkpoint { end, seq: link.seq, hash: link.hash });
                self.lines += 1;
            }
            self.link = link;
        }
        Ok(())
    }

    /// Notes that a compressed segment cannot be read from `offset` on.
    fn packed(&mut self, segment: Segment, offset: u64) {
        self.damage.push(Damage::of_block(segment, offset));
        self.link = None;
    }
}

/// Whether the folder has anything of an archive, and is more than the place where one is to be mounted.
pub fn is_begun(disk: &impl Disk) -> io::Result<bool> {
    let paths = match disk.list() {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(false),
        paths => paths?,
    };
    Ok(paths.iter().any(|path| {
        path == head::HEAD
            || Segment::parse(path).is_some()
            || SegmentName::of_dropped(path).is_some()
    }))
}

/// Whether the bytes are bad, other than the disk.
pub(super) fn is_damage(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof)
}

/// Whether the archive holds the checkpoint's line where the checkpoint says.
fn check_checkpoint(
    disk: &impl Disk,
    segments: &[Segment],
    checkpoint: Checkpoint,
) -> Result<(), ArchiveError> {
    if checkpoint.seq == 0 {
        return Ok(());
    }
    let end = checkpoint.end;
    let path = end.segment.to_string();
    let at = |action| ArchiveError::at(action, &path);
    let behind = || ArchiveError::Behind(checkpoint);
    let mut segments = segments.iter();
    let segment = *segments.find(|segment| segment.name == end.segment).ok_or_else(behind)?;
    let line = match segment.form {
        Form::Plain => {
            let file = disk.open(&path).map_err(at("open"))?;
            line_before(&file, end.offset).map_err(at("read"))?
        }
        // Only right after the last segment was compressed by somebody else.
        Form::Gzip | Form::Zstd => {
            let lines = raw_lines(disk, segment, 0).map_err(at("read"))?;
            let mut lines = lines.map_while(Result::ok);
            lines.find(|line| line.end() == end.offset && line.whole).map(|line| line.bytes)
        }
    };
    let line = line.filter(|line| LineHash::of(line) == checkpoint.hash).ok_or_else(behind)?;
    // Lines of a later version before this one are noticed when the index is built anew.
    Ok(read::check_version(read::version(&line), checkpoint.seq, end.segment)?)
}

/// The line that ends at `end`, without its line feed.
fn line_before(file: &impl DiskFile, end: u64) -> io::Result<Option<Vec<u8>>> {
    let mut window = 64 << 10;
    loop {
        let start = end.saturating_sub(window);
        let mut bytes = file.read_range(start, end - start)?;
        if bytes.len() as u64 != end - start || bytes.pop() != Some(b'\n') {
            return Ok(None);
        }
        match bytes.iter().rposition(|b| *b == b'\n') {
            Some(feed) => return Ok(Some(bytes.split_off(feed + 1))),
            None if start == 0 => return Ok(Some(bytes)),
            None => window *= 4,
        }
    }
}
