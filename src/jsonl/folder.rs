//! A real folder.
#![expect(clippy::disallowed_methods, reason = "shell: the disk")]

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read, Seek, Write},
    os::unix::fs::{FileExt, MetadataExt as _, fchown},
    path::{Path, PathBuf},
};

use super::{Disk, DiskFile};

/// A folder of the file system. Links are followed, other than regular files are passed over.
#[derive(Debug, Clone)]
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    /// Names a folder without touching it.
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    pub fn path(&self) -> &Path {
        &self.root
    }

    fn join(&self, path: &str) -> PathBuf {
        if path.is_empty() { self.root.clone() } else { self.root.join(path) }
    }

    /// Root may make files anywhere. In a folder of another user's they would be root's, and shut that
    /// user out, whose service it most likely is. A folder that is still to be made is its maker's.
    fn refuse_foreign_root(&self) -> io::Result<()> {
        let owner = fs::metadata(&self.root).map_or(0, |folder| folder.uid());
        if owner == 0 || !rustix::process::geteuid().is_root() {
            return Ok(());
        }
        let folder = self.root.display();
        Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            format!(
                "{folder} is the folder of user {owner}, whom files of root would shut out: \
                 run it as that user, by `sudo -u '#{owner}' newswatch …`"
            ),
        ))
    }

    fn walk(folder: &Path, prefix: &str, paths: &mut Vec<String>) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            // A name that is not UTF-8 is none of ours.
            let Ok(name) = entry.file_name().into_string() else { continue };
            let metadata = match fs::metadata(entry.path()) {
                Ok(metadata) => metadata,
                // Gone since, or a link to nowhere.
                Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
                Err(e) => return Err(e),
            };
            if metadata.is_dir() {
                Self::walk(&entry.path(), &format!("{prefix}{name}/"), paths)?;
            } else if metadata.is_file() {
                paths.push(format!("{prefix}{name}"));
            }
        }
        Ok(())
    }
}

/// Makes the file that is about to be written, where root would make it in a folder of another user's:
/// it is then that user's, and shuts nobody out.
pub fn create_for_owner(path: &Path) -> io::Result<()> {
    let folder = fs::metadata(named(path.parent().unwrap_or(path)))?;
    if folder.uid() == 0 || !rustix::process::geteuid().is_root() {
        return Ok(());
    }
    match OpenOptions::new().write(true).create_new(true).open(path) {
        Ok(file) => fchown(&file, Some(folder.uid()), Some(folder.gid())),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

/// Makes the names in a folder of the file system durable: of a file that is new, renamed or gone.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(named(folder))?.sync_all()
}

/// The working folder has no name as a parent.
fn named(folder: &Path) -> &Path {
    if folder.as_os_str().is_empty() { Path::new(".") } else { folder }
}

impl Disk for Folder {
    type File = File;
    type Lock = File;

    fn lock(&self, path: &str) -> io::Result<Result<File, Option<u32>>> {
        self.refuse_foreign_root()?;
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(self.join(path))?;
        match file.try_lock() {
            Ok(()) => {
                file.set_len(0)?;
                file.rewind()?;
                // The number only helps a person; on a full disk the lock holds without it.
                match writeln!(file, "{}", std::process::id()) {
                    Err(e) if !super::is_full(&e) => Err(e),
                    _ => Ok(Ok(file)),
                }
            }
            Err(TryLockError::WouldBlock) => {
                let mut pid = String::new();
                file.read_to_string(&mut pid)?;
                Ok(Err(pid.trim().parse().ok()))
            }
            Err(TryLockError::Error(e)) => Err(e),
        }
    }

    fn list(&self) -> io::Result<Vec<String>> {
        let mut paths = Vec::new();
        Self::walk(&self.root, "", &mut paths)?;
        Ok(paths)
    }

    fn open(&self, path: &str) -> io::Result<File> {
        File::open(self.join(path))
    }

    fn open_to_write(&self, path: &str) -> io::Result<File> {
        OpenOptions::new().read(true).write(true).open(self.join(path))
    }

    fn create(&self, path: &str) -> io::Result<File> {
        OpenOptions::new().read(true).write(true).create_new(true).open(self.join(path))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.join(from), self.join(to))
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        fs::remove_file(self.join(path))
    }

    fn create_folder(&self, path: &str) -> io::Result<()> {
        self.refuse_foreign_root()?;
        let folder = self.join(path);
        let missing =
            self.root.ancestors().take_while(|f| !f.as_os_str().is_empty() && !f.exists());
        let parents = missing.count();
        fs::create_dir_all(&folder)?;
        // Also folders that are there: a killed process may have made them and not synced.
        let own = Path::new(path).components().count();
        for made in folder.ancestors().take(own + parents) {
            sync_folder(made.parent().unwrap_or(made))?;
        }
        Ok(())
    }

    fn sync_folder(&self, path: &str) -> io::Result<()> {
        sync_folder(&self.join(path))
    }
}

impl DiskFile for File {
    fn size(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match FileExt::read_at(self, buffer, offset) {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                other => return other,
            }
        }
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.write_all_at(bytes, offset)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        Self::set_len(self, len)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }
}
