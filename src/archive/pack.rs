//! Compressing closed segments, without a moment in which their lines are not on the disk.

use std::{
    cmp::Ordering,
    io::{self, Read},
};

use sha2::{Digest, Sha256};

use super::{
    Archive, ArchiveError, SegmentName,
    blocks::BLOCK,
    durable, gzip,
    line::{self, LineFlaw},
    read::{Source, raw_lines},
    recover::is_damage,
    segment::{self, Form, Segment},
    zstd,
};
use crate::jsonl::{Disk, DiskFile};

/// How closed segments are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Every tool reads it.
    Gzip,
    /// Smaller and faster.
    Zstd,
}

impl<D: Disk> Archive<D> {
    /// Closed segments that are still plain, oldest first: work for [`pack`].
    pub fn unpacked(&self) -> Result<Vec<SegmentName>, ArchiveError> {
        let segments =
            segment::list(&self.disk).map_err(ArchiveError::at("list", "the archive"))?;
        let closed = segments.into_iter().filter(|segment| Some(segment.name) != self.last);
        Ok(closed.filter(|segment| segment.form == Form::Plain).map(|s| s.name).collect())
    }

    /// The archive's disk, for [`pack`] on a thread of its own.
    pub fn disk(&self) -> &D {
        &self.disk
    }
}

/// Replaces a closed plain segment by a compressed file of the same bytes. Only the holder of the
/// archive's lock may call it; appending may go on meanwhile, since closed segments never change.
///
/// The compressed file is written under another name, synced, read back and compared by hash, then
/// named, and the name synced, before the plain one goes. After a kill at any point, call it again.
/// A segment with a damaged line stays as it is: it is evidence.
pub fn pack<D: Disk>(
    disk: &D,
    name: SegmentName,
    compression: Compression,
) -> Result<(), ArchiveError> {
    let form = match compression {
        Compression::Gzip => Form::Gzip,
        Compression::Zstd => Form::Zstd,
    };
    let plain = name.to_string();
    let packed = form.path(name);
    one_form(disk, name)?;
    match disk.open(&plain) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        opened => drop(opened.map_err(ArchiveError::at("open", &plain))?),
    }
    let state = state(disk, Segment { name, form: Form::Plain });
    if state.map_err(ArchiveError::at("read", &plain))? == State::Damaged {
        let source = io::Error::new(
            io::ErrorKind::InvalidData,
            "lines of it are damaged; see `newswatch archive verify`",
        );
        return Err(ArchiveError::io("compress", &plain, source));
    }
    let source = Source::open(disk, Segment { name, form: Form::Plain }, 0);
    let source = source.map_err(ArchiveError::at("open", &plain))?;
    durable::replace_compressed(disk, &packed, form, source, ArchiveError::at("compress", &plain))?;
    disk.remove(&plain).map_err(ArchiveError::at("remove", &plain))?;
    durable::sync_name(disk, &plain)
}

/// How much of what was written a file holds by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    /// A line does not, or the file cannot be read to its end.
    Damaged,
    /// Each line does, and some do not follow one another.
    Gaps,
    Whole,
}

fn state(disk: &impl Disk, segment: Segment) -> io::Result<State> {
    let (mut state, mut link) = (State::Whole, None);
    let lines = match raw_lines(disk, segment, 0) {
        Err(e) if is_damage(&e) => return Ok(State::Damaged),
        lines => lines?,
    };
    for raw in lines {
        let raw = match raw {
            Err(e) if is_damage(&e) => return Ok(State::Damaged),
            raw => raw?,
        };
        link = match line::follow(link, &raw.bytes) {
            Ok(own) if raw.whole => Some(own),
            Err((LineFlaw::Sequence { .. } | LineFlaw::Previous, own)) if raw.whole => {
                state = State::Gaps;
                own
            }
            _ => return Ok(State::Damaged),
        };
    }
    Ok(state)
}

/// Where a closed segment is there in more than one form with other lines in each, as a broken-off
/// `gunzip --keep` leaves it: sets the one aside that is damaged or only the start of the other, and
/// gives where it is kept. Where that does not settle it, both stay.
pub(super) fn one_form<D: Disk>(
    disk: &D,
    name: SegmentName,
) -> Result<Option<String>, ArchiveError> {
    let plain = Segment { name, form: Form::Plain };
    let path = plain.path();
    let at = |action| ArchiveError::at(action, &path);
    for form in [Form::Gzip, Form::Zstd] {
        let packed = Segment { name, form };
        match (disk.open(&plain.path()), disk.open(&packed.path())) {
            (Ok(_), Ok(_)) => {}
            (Err(e), _) | (_, Err(e)) if e.kind() == io::ErrorKind::NotFound => continue,
            (Err(e), _) | (_, Err(e)) => return Err(at("open")(e)),
        }
        let open = |segment| Source::open(disk, segment, 0);
        let order = match open(plain).and_then(|one| compare(one, open(packed)?)) {
            Err(e) if is_damage(&e) => None,
            order => order.map_err(at("read"))?,
        };
        if order == Some(Ordering::Equal) {
            continue;
        }
        let (one, other) = (
            state(disk, plain).map_err(at("read"))?,
            state(disk, packed).map_err(ArchiveError::at("read", &packed.path()))?,
        );
        let counts = match one.cmp(&other) {
            Ordering::Equal if one == State::Damaged => None,
            Ordering::Equal => order,
            better => Some(better),
        };
        let loser = match counts {
            Some(Ordering::Greater) => packed,
            Some(Ordering::Less) => plain,
            _ => {
                let source = io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!(
                        "{} holds other lines; set the wrong one of the two aside",
                        packed.path()
                    ),
                );
                return Err(at("compress")(source));
            }
        };
        let kept = keep_aside(disk, loser)?;
        disk.remove(&loser.path()).map_err(ArchiveError::at("remove", &loser.path()))?;
        durable::sync_name(disk, &loser.path())?;
        tracing::error!(
            path = %loser.path(),
            kept = %kept,
            "a segment was there twice with different lines: the damaged or shorter one is set aside"
        );
        return Ok(Some(kept));
    }
    Ok(None)
}

/// Copies a segment's file as it is to a file beside it, and gives its path.
pub(super) fn keep_aside(disk: &impl Disk, segment: Segment) -> Result<String, ArchiveError> {
    let path = segment.path();
    let file = disk.open(&path).map_err(ArchiveError::at("open", &path))?;
    let bytes = file.size().and_then(|size| file.read_range(0, size));
    let bytes = bytes.map_err(ArchiveError::at("read", &path))?;
    durable::set_aside(disk, &path.replace(".jsonl", ""), "damaged", &bytes)
}

/// `Less` where the first is only the start of the second, `None` where their bytes differ.
fn compare(mut one: impl Read, mut other: impl Read) -> io::Result<Option<Ordering>> {
    let (mut first, mut second) = (Vec::new(), Vec::new());
    loop {
        first.clear();
        second.clear();
        one.by_ref().take(BLOCK as u64).read_to_end(&mut first)?;
        other.by_ref().take(BLOCK as u64).read_to_end(&mut second)?;
        if first != second {
            let shorter = first.len().min(second.len());
            let alike = first.get(..shorter) == second.get(..shorter);
            return Ok(alike.then(|| first.len().cmp(&second.len())));
        }
        if first.is_empty() {
            return Ok(Some(Ordering::Equal));
        }
    }
}

/// Writes `plain` in blocks and gives its SHA-256.
pub(super) fn compress(
    mut plain: impl Read,
    form: Form,
    file: &impl DiskFile,
) -> io::Result<[u8; 32]> {
    let mut hash = Sha256::new();
    let mut offset = 0;
    let (mut block, mut out) = (Vec::new(), Vec::new());
    let mut table = zstd::Table::default();
    loop {
        block.clear();
        out.clear();
        plain.by_ref().take(BLOCK as u64).read_to_end(&mut block)?;
        hash.update(&block);
        match form {
            Form::Plain => out.clone_from(&block),
            Form::Gzip if block.is_empty() => gzip::finish(&mut out),
            Form::Gzip => gzip::pack(&block, &mut out)?,
            Form::Zstd if block.is_empty() => table.finish(&mut out)?,
            Form::Zstd => zstd::pack(&block, &mut table, &mut out)?,
        }
        file.write_at(offset, &out)?;
        offset += out.len() as u64;
        if block.is_empty() {
            return Ok(hash.finalize().into());
        }
    }
}

pub(super) fn hash_of(mut source: impl Read) -> io::Result<[u8; 32]> {
    let mut hash = Sha256::new();
    let mut block = vec![0; BLOCK];
    loop {
        match source.read(&mut block)? {
            0 => return Ok(hash.finalize().into()),
            count => hash.update(block.get(..count).unwrap_or_default()),
        }
    }
}
