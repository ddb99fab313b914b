//! Opening: what was appended after the last checkpoint, and what must not stay.

use std::io;

use super::{
    Archive, ArchiveError, Checkpoint, Damage, LineFlaw, Position, SegmentName, Settings,
    append::OpenSegment,
    dropped, head,
    line::{self, LineHash, Link},
    raw::{self, RawRef},
    read::{self, Lines, raw_lines},
    segment::{self, Form, Segment},
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
        Self::open_by(disk, settings, |disk, segments| {
            if let Some(checkpoint) = checkpoint {
                check_checkpoint(disk, segments, checkpoint)?;
            }
            Scan::of(disk, segments, checkpoint)
        })
    }

    /// Opens it for one who knows no checkpoint and is going to read every line: what was closed
    /// before `HEAD` was written is not read here, and its damage is not told.
    pub fn open_to_read_all(disk: D, settings: Settings) -> Result<(Self, Recovery), ArchiveError> {
        Self::open_by(disk, settings, |disk, segments| {
            let Ok(Some((link, name))) = head::read(disk) else {
                return Scan::of(disk, segments, None);
            };
            let mut scan = Scan { link: Some(link), ..Scan::new(None) };
            for segment in segments.iter().filter(|segment| segment.name > name) {
                scan.segment(disk, *segment, Some(segment) == segments.last())?;
            }
            // Without a sound line after it, HEAD alone does not say where the lines end.
            if scan.lines > 0 && scan.damage.is_empty() {
                return Ok(scan);
            }
            Scan::of(disk, segments, None)
        })
    }

    fn open_by(
        disk: D,
        settings: Settings,
        scan: impl FnOnce(&D, &[Segment]) -> Result<Scan, ArchiveError>,
    ) -> Result<(Self, Recovery), ArchiveError> {
        disk.create_folder("")
            .map_err(|e| ArchiveError::io("make the folder", &"of the archive", e))?;
        let lock = match disk.lock(LOCK).map_err(|e| ArchiveError::io("lock", &LOCK, e))? {
            Ok(lock) => lock,
            Err(pid) => return Err(ArchiveError::Locked { pid }),
        };
        dropped::finish(&disk)?;
        let segments =
            segment::list(&disk).map_err(|e| ArchiveError::io("list", &"the archive", e))?;
        let scan = scan(&disk, &segments)?;
        let last = segments.last().copied();
        let mut archive = Self {
            disk,
            settings,
            tip: scan.tip,
            open: None,
            warc: None,
            last: last.map(|segment| segment.name),
            appended: Vec::new(),
            stopped: false,
            _lock: lock,
        };
        let mut recovery = Recovery { lines: scan.lines, quarantine: None, damage: scan.damage };
        if let Some(Segment { name, form: Form::Plain }) = last {
            let end =
                scan.tip.filter(|tip| tip.end.segment == name).map_or(0, |tip| tip.end.offset);
            let from = Position { segment: name, offset: end };
            recovery.damage.retain(|damage| damage.position < from);
            let start =
                scan.checkpoint.filter(|c| c.end.segment == name).map_or(0, |c| c.end.offset);
            recovery.quarantine = archive.settle(from, start)?;
            archive.settle_warc(from)?;
        }
        Ok((archive, recovery))
    }

    /// The lines after a checkpoint, or all.
    pub fn since(&self, checkpoint: Option<Checkpoint>) -> Result<Lines<D>, ArchiveError> {
        Lines::from(self.disk.clone(), checkpoint.map(|checkpoint| checkpoint.end))
    }

    /// Quarantines and cuts what follows `end` in the last segment, and makes durable what stands
    /// between `start` and `end`.
    fn settle(&mut self, end: Position, start: u64) -> Result<Option<Quarantine>, ArchiveError> {
        let path = end.segment.to_string();
        let at = |action| ArchiveError::at(action, &path);
        let file = self.disk.open_to_write(&path).map_err(at("open"))?;
        let len = file.size().map_err(at("open"))?;
        let mut quarantine = None;
        if len > end.offset {
            let torn = file.read_range(end.offset, len - end.offset).map_err(at("read"))?;
            let stem = format!("{}@{}", path.trim_end_matches(".jsonl"), end.offset);
            let aside = set_aside(&self.disk, &end.segment.folder(), &stem, "torn", &torn)?;
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
        let folder = end.segment.folder();
        self.disk.create_folder(&folder).map_err(at("make the folder of"))?;
        self.disk.sync_folder(&folder).map_err(ArchiveError::sync(&folder))?;
        self.open = Some(OpenSegment { name: end.segment, file, len: end.offset });
        Ok(quarantine)
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

/// Copies bytes into a durable file of their own and gives its path. The same bytes are kept once
/// under a name, so that doing it twice is doing it once.
pub(super) fn set_aside<D: Disk>(
    disk: &D,
    folder: &str,
    stem: &str,
    ending: &str,
    bytes: &[u8],
) -> Result<String, ArchiveError> {
    for n in 1_u32.. {
        let number = if n == 1 { String::new() } else { format!("-{n}") };
        let path = format!("{stem}{number}.{ending}");
        let at = |action| ArchiveError::at(action, &path);
        match disk.open(&path) {
            Ok(file) => {
                let len = file.size().map_err(at("open"))?;
                if file.read_range(0, len).map_err(at("read"))? != bytes {
                    continue;
                }
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                let temporary = format!("{path}.tmp");
                let file = create_anew(disk, &temporary).map_err(at("create"))?;
                file.write_at(0, bytes).map_err(at("write"))?;
                file.sync().map_err(ArchiveError::sync(&path))?;
                disk.rename(&temporary, &path).map_err(at("name"))?;
            }
            Err(e) => return Err(at("open")(e)),
        }
        disk.sync_folder(folder).map_err(ArchiveError::sync(folder))?;
        return Ok(path);
    }
    Err(ArchiveError::Exhausted("file name"))
}

/// Makes an empty file in the place of what a killed process may have left of one.
pub(super) fn create_anew<D: Disk>(disk: &D, path: &str) -> io::Result<D::File> {
    match disk.remove(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
        _ => disk.create(path),
    }
}

/// The walk from the checkpoint to the end.
struct Scan {
    checkpoint: Option<Checkpoint>,
    /// What the next line has to follow; unknown after a damaged one.
    link: Option<Link>,
    tip: Option<Checkpoint>,
    lines: u64,
    damage: Vec<Damage>,
}

impl Scan {
    fn new(checkpoint: Option<Checkpoint>) -> Self {
        let tip = checkpoint.filter(|checkpoint| checkpoint.seq > 0);
        let link = tip.map(Checkpoint::link);
        Self { checkpoint, link, tip, lines: 0, damage: Vec::new() }
    }

    /// All of it.
    fn of(
        disk: &impl Disk,
        segments: &[Segment],
        checkpoint: Option<Checkpoint>,
    ) -> Result<Self, ArchiveError> {
        let mut scan = Self::new(checkpoint);
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
                self.packed(name, start);
                return Ok(());
            }
            lines => lines.map_err(|e| ArchiveError::io("read", &name, e))?,
        };
        let mut reached = start;
        for raw in lines {
            let raw = match raw {
                Err(e) if is_damage(&e) => {
                    self.packed(name, reached);
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
                Err(_) if last && self.checkpoint.is_some() => return Ok(()),
                Err((flaw, link)) => {
                    self.damage.push(Damage { position, bytes: raw.end() - raw.offset, flaw });
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
    fn packed(&mut self, segment: SegmentName, offset: u64) {
        let position = Position { segment, offset };
        self.damage.push(Damage { position, bytes: 0, flaw: LineFlaw::Packed });
        self.link = None;
    }
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
