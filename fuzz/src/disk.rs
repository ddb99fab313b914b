//! A disk in memory, for archives that live as long as one input.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    io::{self, ErrorKind},
    rc::Rc,
};

use newswatch::jsonl::{Disk, DiskFile};

type Bytes = Rc<RefCell<Vec<u8>>>;

/// Handles share one disk.
#[derive(Debug, Clone, Default)]
pub struct MemoryDisk(Rc<RefCell<BTreeMap<String, Bytes>>>);

impl MemoryDisk {
    pub fn put(&self, path: &str, bytes: &[u8]) {
        self.0.borrow_mut().insert(path.to_owned(), Rc::new(RefCell::new(bytes.to_vec())));
    }

    /// What is in a file; nothing where there is none.
    pub fn bytes(&self, path: &str) -> Vec<u8> {
        self.0.borrow().get(path).map(|bytes| bytes.borrow().clone()).unwrap_or_default()
    }
}

#[derive(Debug)]
pub struct MemoryFile(Bytes);

impl Disk for MemoryDisk {
    type File = MemoryFile;
    type Lock = ();

    fn lock(&self, _: &str) -> io::Result<Result<(), Option<u32>>> {
        Ok(Ok(()))
    }

    fn list(&self) -> io::Result<Vec<String>> {
        Ok(self.0.borrow().keys().cloned().collect())
    }

    fn open(&self, path: &str) -> io::Result<MemoryFile> {
        let file = self.0.borrow().get(path).map(Rc::clone);
        file.map(MemoryFile).ok_or_else(|| ErrorKind::NotFound.into())
    }

    fn open_to_write(&self, path: &str) -> io::Result<MemoryFile> {
        self.open(path)
    }

    fn create(&self, path: &str) -> io::Result<MemoryFile> {
        if self.0.borrow().contains_key(path) {
            return Err(ErrorKind::AlreadyExists.into());
        }
        self.put(path, b"");
        self.open(path)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut files = self.0.borrow_mut();
        let file = files.remove(from).ok_or(ErrorKind::NotFound)?;
        files.insert(to.to_owned(), file);
        Ok(())
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        self.0.borrow_mut().remove(path).map(drop).ok_or_else(|| ErrorKind::NotFound.into())
    }

    fn create_folder(&self, _: &str) -> io::Result<()> {
        Ok(())
    }

    fn sync_folder(&self, _: &str) -> io::Result<()> {
        Ok(())
    }
}

impl DiskFile for MemoryFile {
    fn size(&self) -> io::Result<u64> {
        Ok(self.0.borrow().len() as u64)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = self.0.borrow();
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
        let count = (bytes.len() - start).min(buffer.len());
        buffer[..count].copy_from_slice(&bytes[start..start + count]);
        Ok(count)
    }

    fn write_at(&self, offset: u64, new: &[u8]) -> io::Result<()> {
        let mut bytes = self.0.borrow_mut();
        let start = usize::try_from(offset).map_err(io::Error::other)?;
        let end = start + new.len();
        if bytes.len() < end {
            bytes.resize(end, 0);
        }
        bytes[start..end].copy_from_slice(new);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.borrow_mut().resize(usize::try_from(len).map_err(io::Error::other)?, 0);
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}
