//! Making an archive readable again, without losing a byte of it.

use std::io;

use super::{
    ArchiveError, Checkpoint, Damage, Report, SegmentName, durable, head, line,
    pack::{keep_aside, one_form},
    read::{check, raw_lines},
    recover::{LOCK, is_damage},
    segment::{self, Form, Segment},
    verify, verify_with,
};
use crate::jsonl::{Disk, DiskFile};

/// What repairing did, and what it could not mend.
#[derive(Debug)]
pub struct Repair {
    /// Segments that are new files now: places in them have changed, so build the state anew.
    pub rewritten: Vec<Rewritten>,
    /// Files that were there beside a sound one of the same segment with more lines: where they are.
    pub set_aside: Vec<String>,
    /// What verifying finds now: the gaps that damaged lines left.
    pub report: Report,
}

/// A segment that was written anew with the lines whose checksum holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rewritten {
    pub segment: SegmentName,
    pub lines: u64,
    /// Those of them that another tool had given the line ends of its system (`\r\n`).
    pub line_ends: u64,
    /// What is not in the new file.
    pub removed: Vec<Damage>,
    /// Whether it was the end of the archive: of how many lines it was cannot be told from these.
    pub at_end: bool,
    /// The file as it was, relative to the archive's folder.
    pub original: String,
}

/// A compressed file has fewer members; another's decoder may fail for ever at one place.
const MAX_ERRORS: usize = 4096;

/// Writes every segment with damaged lines anew without them, and keeps the file as it was beside
/// it. Nothing is rewritten where lines are missing or the chain is broken: that is evidence.
///
/// `acknowledged` is the end that a state remembers.
pub fn repair<D: Disk>(disk: &D, acknowledged: Option<Checkpoint>) -> Result<Repair, ArchiveError> {
    let _lock = match disk.lock(LOCK).map_err(ArchiveError::at("lock", LOCK))? {
        Ok(lock) => lock,
        Err(pid) => return Err(ArchiveError::Locked { pid }),
    };
    let mut rewritten = Vec::new();
    let list = || segment::list(disk).map_err(ArchiveError::at("list", "the archive"));
    let mut set_aside_whole = Vec::new();
    for segment in list()? {
        match one_form(disk, segment.name) {
            Ok(kept) => set_aside_whole.extend(kept),
            // Both are damaged, or both are sound: that is for a person, and verifying tells it.
            Err(ArchiveError::Io { source, .. }) if is_damage(&source) => {}
            Err(error) => return Err(error),
        }
    }
    for segment in list()? {
        let path = segment.path();
        let salvaged = salvage(disk, segment).map_err(ArchiveError::at("read", &path))?;
        if !salvaged.is_sound() {
            let original = rewrite(disk, segment, &salvaged.bytes)?;
            let Salvaged { lines, line_ends, removed, ends_damaged: at_end, .. } = salvaged;
            let segment = segment.name;
            rewritten.push(Rewritten { segment, lines, line_ends, removed, at_end, original });
        }
    }
    let last = list()?.last().map(|segment| segment.name);
    for rewritten in &mut rewritten {
        rewritten.at_end &= Some(rewritten.segment) == last;
    }
    mend_head(disk)?;
    Ok(Repair {
        set_aside: set_aside_whole,
        rewritten,
        report: verify_with(disk, None, acknowledged)?,
    })
}

/// Writes `HEAD` anew where it is missing or cannot be read. One that states a line which is not
/// there is evidence.
fn mend_head(disk: &impl Disk) -> Result<(), ArchiveError> {
    let at = |action| ArchiveError::at(action, head::HEAD);
    let is_missing = match head::read(disk) {
        Ok(head) => head.is_none(),
        Err(e) if !is_damage(&e) => return Err(at("read")(e)),
        Err(_) => {
            let file = disk.open(head::HEAD).map_err(at("open"))?;
            let bytes = file.size().and_then(|size| file.read_range(0, size));
            durable::set_aside(disk, head::HEAD, "damaged", &bytes.map_err(at("read"))?)?;
            disk.remove(head::HEAD).map_err(at("remove"))?;
            true
        }
    };
    match verify(disk, None)?.closed {
        Some(closed) if is_missing => head::write(disk, closed),
        _ => Ok(()),
    }
}

/// What can be read of a segment.
#[derive(Default)]
struct Salvaged {
    /// Of the lines whose checksum holds.
    bytes: Vec<u8>,
    lines: u64,
    line_ends: u64,
    removed: Vec<Damage>,
    /// Whether damage stands after the last of the lines.
    ends_damaged: bool,
}

impl Salvaged {
    fn is_sound(&self) -> bool {
        self.removed.is_empty() && self.line_ends == 0
    }

    fn keep(&mut self, line: &[u8]) {
        self.bytes.extend_from_slice(line);
        self.bytes.push(b'\n');
        self.lines += 1;
        self.ends_damaged = false;
    }

    fn remove(&mut self, damage: Damage) {
        self.ends_damaged = true;
        if !self.removed.last_mut().is_some_and(|last| last.absorb(&damage)) {
            self.removed.push(damage);
        }
    }
}

fn salvage<D: Disk>(disk: &D, segment: Segment) -> io::Result<Salvaged> {
    let (mut salvaged, mut errors) = (Salvaged::default(), 0);
    let mut lines = match raw_lines(disk, segment, 0) {
        Err(e) if is_damage(&e) => {
            salvaged.remove(Damage::of_block(segment, 0));
            return Ok(salvaged);
        }
        lines => lines?,
    };
    loop {
        let offset = lines.offset();
        match lines.next() {
            None => return Ok(salvaged),
            Some(Ok(raw)) => {
                // Whoever edits it on another system ends its lines otherwise.
                let unended = raw.bytes.strip_suffix(b"\r").filter(|_| raw.whole);
                if let Some(line) = unended.filter(|line| line::seal(line).is_ok()) {
                    salvaged.keep(line);
                    salvaged.line_ends += 1;
                    continue;
                }
                match check(segment, raw) {
                    Ok(line) => salvaged.keep(&line.bytes),
                    Err(damage) => salvaged.remove(damage),
                }
            }
            // Reading goes on with the next block.
            Some(Err(e)) if is_damage(&e) => {
                salvaged.remove(Damage::of_block(segment, offset));
                errors += 1;
                if errors == MAX_ERRORS {
                    return Ok(salvaged);
                }
            }
            Some(Err(e)) => return Err(e),
        }
    }
}

/// Gives where the file is kept as it was.
fn rewrite<D: Disk>(disk: &D, segment: Segment, lines: &[u8]) -> Result<String, ArchiveError> {
    let original = keep_aside(disk, segment)?;
    durable::replace(disk, &segment.name.to_string(), lines)?;
    if segment.form != Form::Plain {
        let old = segment.path();
        disk.remove(&old).map_err(ArchiveError::at("remove", &old))?;
        durable::sync_name(disk, &old)?;
    }
    Ok(original)
}
