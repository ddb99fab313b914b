//! Making an archive readable again, without losing a byte of it.

use std::io;

use super::{
    ArchiveError, Checkpoint, Report, SegmentName, head, line,
    pack::{keep_aside, one_form},
    read::raw_lines,
    recover::{LOCK, create_anew, is_damage, set_aside},
    segment::{self, Form, Segment},
    verify_with,
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
        let (bytes, lines, sound) =
            salvage(disk, segment).map_err(ArchiveError::at("read", &path))?;
        if !sound {
            let original = rewrite(disk, segment, &bytes)?;
            rewritten.push(Rewritten { segment: segment.name, lines, original });
        }
    }
    if let Err(e) = head::read(disk) {
        let at = |action| ArchiveError::at(action, head::HEAD);
        if !is_damage(&e) {
            return Err(at("read")(e));
        }
        let file = disk.open(head::HEAD).map_err(at("open"))?;
        let bytes = file.size().and_then(|size| file.read_range(0, size)).map_err(at("read"))?;
        set_aside(disk, "", head::HEAD, "damaged", &bytes)?;
        if let Some(tip) = verify_with(disk, None, None)?.tip {
            head::write(disk, tip)?;
        }
    }
    Ok(Repair {
        set_aside: set_aside_whole,
        rewritten,
        report: verify_with(disk, None, acknowledged)?,
    })
}

/// The lines whose checksum holds, their number, and whether that is all there is.
fn salvage<D: Disk>(disk: &D, segment: Segment) -> io::Result<(Vec<u8>, u64, bool)> {
    let (mut kept, mut count, mut errors) = (Vec::new(), 0, 0);
    let mut sound = true;
    let lines = match raw_lines(disk, segment, 0) {
        Err(e) if is_damage(&e) => return Ok((kept, count, false)),
        lines => lines?,
    };
    for raw in lines {
        match raw {
            Ok(raw) if raw.whole && line::seal(&raw.bytes).is_ok() => {
                kept.extend_from_slice(&raw.bytes);
                kept.push(b'\n');
                count += 1;
            }
            Ok(_) => sound = false,
            // Reading goes on with the next block.
            Err(e) if is_damage(&e) && errors < MAX_ERRORS => {
                sound = false;
                errors += 1;
            }
            Err(e) if is_damage(&e) => break,
            Err(e) => return Err(e),
        }
    }
    Ok((kept, count, sound))
}

/// Gives where the file is kept as it was.
fn rewrite<D: Disk>(disk: &D, segment: Segment, lines: &[u8]) -> Result<String, ArchiveError> {
    let (old, folder) = (segment.path(), segment.name.folder());
    let at = |action| ArchiveError::at(action, &old);
    let sync_folder = || disk.sync_folder(&folder).map_err(ArchiveError::sync(&folder));
    let original = keep_aside(disk, segment)?;

    let new = segment.name.to_string();
    let temporary = format!("{}.tmp", new.trim_end_matches(".jsonl"));
    let file = create_anew(disk, &temporary).map_err(ArchiveError::at("create", &temporary))?;
    file.write_at(0, lines).map_err(ArchiveError::at("write", &temporary))?;
    file.sync().map_err(ArchiveError::sync(&temporary))?;
    disk.rename(&temporary, &new).map_err(ArchiveError::at("name", &new))?;
    sync_folder()?;
    if segment.form != Form::Plain {
        disk.remove(&old).map_err(at("remove"))?;
        sync_folder()?;
    }
    Ok(original)
}
