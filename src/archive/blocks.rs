//! Compressed segments: a series of members that are unpacked each by itself, so that a place is
//! found without unpacking all that stands before it.

use std::io::{self, Read};

use super::{gzip, segment::Form, zstd};
use crate::jsonl::DiskFile;

/// Plain bytes of a member. A gzip member's length has to fit into 16 bits, whatever the text.
pub(super) const BLOCK: usize = 0xff00;

/// One member of a compressed file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Member {
    /// Of its compressed bytes.
    pub(super) offset: u64,
    pub(super) size: u64,
    /// Bytes that it unpacks to.
    pub(super) plain: u32,
    /// CRC-32 of its compressed bytes: no flipped bit goes unseen, not even one that changes
    /// nothing in the unpacked text.
    pub(super) crc: u32,
}

/// Where the members are, and what is wrong after the last one of them.
#[derive(Debug, Default)]
pub(super) struct Index {
    pub(super) members: Vec<Member>,
    pub(super) fault: Option<io::Error>,
}

/// Reads the plain bytes, checking every byte of the file.
#[derive(Debug)]
pub(super) struct Blocks<F> {
    file: F,
    form: Form,
    members: std::vec::IntoIter<Member>,
    fault: Option<io::Error>,
    plain: Vec<u8>,
    read: usize,
}

impl<F: DiskFile> Blocks<F> {
    /// `None` where the file was compressed by somebody else.
    pub(super) fn open(file: &F, form: Form) -> io::Result<Option<Index>> {
        match form {
            Form::Plain => Ok(None),
            Form::Gzip => gzip::index(file),
            Form::Zstd => zstd::index(file),
        }
    }

    /// Begins at an offset of the plain bytes.
    pub(super) fn new(file: F, form: Form, index: Index, mut offset: u64) -> io::Result<Self> {
        let mut members = index.members;
        let skipped = members.iter().take_while(|member| {
            // From the start on, also a member without plain bytes is checked.
            let skips = offset > 0 && u64::from(member.plain) <= offset;
            offset -= if skips { u64::from(member.plain) } else { 0 };
            skips
        });
        let skipped = skipped.count();
        members.drain(..skipped);
        let members = members.into_iter();
        let mut blocks =
            Self { file, form, members, fault: index.fault, plain: Vec::new(), read: 0 };
        io::copy(&mut blocks.by_ref().take(offset), &mut io::sink())?;
        Ok(blocks)
    }

    fn load(&mut self, member: Member) -> io::Result<()> {
        let packed = self.file.read_range(member.offset, member.size)?;
        if packed.len() as u64 != member.size || crc32fast::hash(&packed) != member.crc {
            return Err(damaged("has a damaged block"));
        }
        self.plain = match self.form {
            Form::Plain => packed,
            Form::Gzip => gzip::unpack(&packed)?,
            Form::Zstd => zstd::unpack(&packed)?,
        };
        self.read = 0;
        if self.plain.len() as u64 != u64::from(member.plain) {
            self.plain.clear();
            return Err(damaged("has a damaged block"));
        }
        Ok(())
    }
}

impl<F: DiskFile> Read for Blocks<F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.read == self.plain.len() {
            let Some(member) = self.members.next() else {
                return self.fault.take().map_or(Ok(0), Err);
            };
            self.load(member)?;
        }
        let rest = self.plain.get(self.read..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..count), rest.get(..count)) {
            to.copy_from_slice(from);
        }
        self.read += count;
        Ok(count)
    }
}

pub(super) fn damaged(how: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the compressed file {how}"))
}
