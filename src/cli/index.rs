//! The index in the state folder: opened, or built anew beside the old one.
//!
//! What the old one alone knows must not be lost, whenever the program is killed. So nothing is taken
//! from its place until the new one is whole and durable, and is called `….whole`: from then on every
//! opening ends what was begun. Until then the old one is as it was, and is looked at again.
#![expect(clippy::disallowed_methods, reason = "shell: puts the new index into its place")]

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use anyhow::Context;

use super::aside::{beside, remove, remove_logs, set_aside};
use crate::{
    archive::{self, Archive, Checkpoint},
    config::Loaded,
    crawl::{self, Rebuilt},
    jsonl::{Folder, sync_folder},
    state::{State, StateError, read_rejects},
};

/// The index in the state folder.
pub(super) const STATE: &str = "state.sqlite";

/// A new index while it is filled, and when it is whole.
const NEW: &str = ".new";
const WHOLE: &str = ".whole";

/// The index of the state, for who holds the lock of its folder.
pub(super) struct Index {
    path: PathBuf,
}

impl Index {
    /// Ends what an earlier building anew left.
    pub(super) fn of(state: &Path) -> anyhow::Result<Self> {
        let index = Self { path: state.join(STATE) };
        remove(&beside(&index.path, NEW)).with_context(|| index.cannot("open"))?;
        if fs::exists(beside(&index.path, WHOLE)).with_context(|| index.cannot("open"))? {
            // Whether the old one can do without was told before, and is not known any more.
            index.replace(true).with_context(|| index.cannot("replace"))?;
        }
        Ok(index)
    }

    pub(super) fn cannot(&self, what: &str) -> String {
        format!("cannot {what} {}", self.path.display())
    }

    /// Opens it, if it can be used.
    ///
    /// # Errors
    ///
    /// [`StateError::is_mended_by_building`] of those that [`Self::build`] is the answer to.
    pub(super) fn open(&self) -> Result<(State, Option<Checkpoint>), StateError> {
        let state = State::open(&self.path)?;
        state.check()?;
        let checkpoint = crawl::checkpoint(&state)?;
        Ok((state, checkpoint))
    }

    /// The end of the archive as the index remembers it, whatever its version and its damage. An
    /// archive that it may remember and that is not there is an error: far more often a disk is not
    /// mounted than a new one is wished for.
    pub(super) fn acknowledged(&self, loaded: &Loaded) -> anyhow::Result<Option<Checkpoint>> {
        let archive = Folder::at(&loaded.paths.archive);
        match read_acknowledged(&self.path, &archive) {
            Ok(known) => Ok(known),
            Err(error) if error.is_full() => Err(error).with_context(|| self.cannot("open")),
            Err(error) => {
                let is_begun = archive::is_begun(&archive);
                if is_begun.with_context(|| cannot_open(loaded))? {
                    return Ok(None);
                }
                let error = anyhow::Error::new(error).context(
                    "nothing of an archive is there, and what the state remembers of one cannot be \
                     read: is its disk mounted?",
                );
                Err(absent(error, loaded))
            }
        }
    }

    /// Builds it anew from the archive and the rejects, with what only the old one knows: `tell` is
    /// told what of that cannot be read. `progress` is told how many records there are so far.
    pub(super) fn build(
        &self,
        archive: &Archive,
        tell: impl FnOnce(&str),
        progress: impl FnMut(usize),
    ) -> anyhow::Result<Rebuilt> {
        let new = beside(&self.path, NEW);
        let built = self.fill(&new, archive, tell, progress);
        let (rebuilt, keep) = match built {
            Ok(built) => built,
            Err(error) => {
                // Its room may be what is missing.
                let _left_to_the_next = remove(&new);
                return Err(error);
            }
        };
        let put = || {
            File::open(&new)?.sync_all()?;
            fs::rename(&new, beside(&self.path, WHOLE))?;
            self.sync()?;
            self.replace(keep)
        };
        put().with_context(|| self.cannot("replace"))?;
        Ok(rebuilt)
    }

    /// Gives whether the old one is to be kept.
    fn fill(
        &self,
        new: &Path,
        archive: &Archive,
        tell: impl FnOnce(&str),
        progress: impl FnMut(usize),
    ) -> anyhow::Result<(Rebuilt, bool)> {
        remove(new).with_context(|| self.cannot("replace"))?;
        let old = Some(self.path.as_path());
        let old = old.filter(|old| fs::metadata(old).is_ok_and(|old| old.len() > 0));
        let built = State::build(new, old);
        let (state, left) = built.with_context(|| format!("cannot make {}", new.display()))?;
        if !left.is_empty() {
            let left = left.join(", ");
            tell(&format!(
                "of the old state index, kept as {}, not all can be taken over: lost, or a part of \
                 them, are {left}",
                beside(&self.path, ".damaged").display()
            ));
        }
        let folder = self.path.parent().unwrap_or(&self.path);
        let rebuilt = crawl::rebuild(&state, archive, || read_rejects(folder), progress)?;
        Ok((rebuilt, !left.is_empty()))
    }

    /// Puts the whole new one into the place of the old one, from wherever a kill left it.
    fn replace(&self, keep: bool) -> io::Result<()> {
        // The log of the old one must not be read into the new one.
        if keep {
            set_aside(&self.path)?;
        } else {
            remove_logs(&self.path)?;
        }
        self.sync()?;
        fs::rename(beside(&self.path, WHOLE), &self.path)?;
        self.sync()
    }

    fn sync(&self) -> io::Result<()> {
        sync_folder(self.path.parent().unwrap_or(&self.path))
    }

    /// Has the next start build it anew: it was found damaged where a start does not look. Once nobody
    /// has it open.
    pub(super) fn mark_damaged(loaded: &Loaded) {
        // Where this fails, too, a start sees as much.
        let _seen_anyway = State::mark_damaged(&loaded.paths.state.join(STATE));
    }
}

/// The end of an archive as the index in a file remembers it.
pub(super) fn read_acknowledged(
    index: &Path,
    archive: &Folder,
) -> Result<Option<Checkpoint>, StateError> {
    if !index.exists() {
        return Ok(None);
    }
    let state = State::open_read_only(index)?;
    if state.is_empty()? { Ok(None) } else { crawl::acknowledged(&state, archive) }
}

pub(super) fn cannot_open(loaded: &Loaded) -> String {
    format!("cannot open the archive {}", loaded.paths.archive.display())
}

/// What would be kept here would follow nothing, and be out of sight once the disk is mounted over it.
pub(super) fn absent(error: anyhow::Error, loaded: &Loaded) -> anyhow::Error {
    let state = loaded.paths.state.display();
    error.context(format!(
        "{}; to begin a new one, move the state folder {state} away",
        cannot_open(loaded)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{archive::Settings, canonical_url::Host};

    fn host() -> Host {
        Host::of(&"https://news.example/".parse().unwrap())
    }

    /// An index that is to be built anew, and knows that a host is paused, and an archive.
    fn unusable(folder: &Path) -> Archive {
        State::open(&folder.join(STATE)).unwrap().pause(&host()).unwrap();
        State::mark_damaged(&folder.join(STATE)).unwrap();
        let archive = Folder::at(folder.join("archive"));
        Archive::open(archive, Settings::default(), None).unwrap().0
    }

    fn build(index: &Index, archive: &Archive) -> String {
        let mut told = String::new();
        index.build(archive, |lost| lost.clone_into(&mut told), |_| ()).unwrap();
        told
    }

    /// Looks whether the host is paused yet, and nothing lies about.
    fn assert_known(folder: &Path, way: &str) {
        let index = Index::of(folder).unwrap();
        let (state, _) = index.open().unwrap();
        assert_eq!(state.paused().unwrap(), [host()], "{way}");
        for end in [NEW, WHOLE] {
            assert!(!beside(&index.path, end).exists(), "{way}");
        }
    }

    #[test]
    fn wherever_a_kill_ends_the_building_nothing_that_the_old_index_knew_is_lost() {
        for steps in 0..=6 {
            let folder = tempfile::tempdir().unwrap();
            let folder = folder.path();
            let archive = unusable(folder);
            let (old, new, whole) =
                (folder.join(STATE), folder.join("state.sqlite.new"), folder.join("whole"));
            let log = beside(&old, "-wal");
            // What the building leads to, made beside.
            let other = tempfile::tempdir().unwrap();
            fs::copy(&old, other.path().join(STATE)).unwrap();
            build(&Index::of(other.path()).unwrap(), &archive);
            fs::copy(other.path().join(STATE), &whole).unwrap();
            let taken: [&dyn Fn() -> io::Result<()>; 6] = [
                &|| fs::write(&log, "of the old one").and_then(|()| fs::write(&new, "half of it")),
                &|| fs::rename(&whole, &new),
                &|| fs::rename(&new, beside(&old, WHOLE)),
                &|| fs::rename(&old, beside(&old, ".damaged")),
                &|| fs::rename(&log, beside(&old, ".damaged-wal")),
                &|| fs::rename(beside(&old, WHOLE), &old),
            ];
            taken.iter().take(steps).try_for_each(|step| step()).unwrap();
            let index = Index::of(folder).unwrap();
            // A start builds it anew, where it is not put into its place.
            match index.open() {
                Err(error) => {
                    assert!(steps < 3 && error.is_mended_by_building(), "{steps}: {error}");
                    assert_eq!(build(&index, &archive), "", "{steps}");
                }
                Ok(_) => assert!(steps >= 3, "{steps}"),
            }
            assert_known(folder, &steps.to_string());
            let kept = fs::read(folder.join("state.sqlite.damaged-wal")).ok();
            assert_eq!(kept.is_some_and(|log| log == b"of the old one"), steps >= 3, "{steps}");
        }
    }

    #[test]
    fn an_index_that_cannot_be_read_to_its_end_is_kept_and_that_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let archive = unusable(folder.path());
        let index = Index::of(folder.path()).unwrap();
        build(&index, &archive);
        assert!(!beside(&index.path, ".damaged").exists());
        let connection = State::open(&index.path).unwrap();
        connection.connection().execute_batch("DROP TABLE hold").unwrap();
        drop(connection);
        let told = build(&index, &archive);
        assert!(told.contains("state.sqlite.damaged, ") && told.ends_with("are holds of hosts"));
        assert!(beside(&index.path, ".damaged").exists());
        assert_known(folder.path(), &told);
    }
}
