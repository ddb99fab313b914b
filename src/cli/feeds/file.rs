//! The file `feeds.toml` as the commands change it.
#![expect(clippy::disallowed_methods, reason = "shell: reads and replaces feeds.toml")]

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, fchown},
    path::{Path, PathBuf},
};

use anyhow::Context;

use super::super::{Exit, format::is_styled_stderr, format::print_text};
use crate::{
    config::{self, EditError, Feed, Loaded},
    jsonl::sync_folder,
};

pub(super) struct FeedsFile<'a> {
    loaded: &'a Loaded,
    path: PathBuf,
    /// It is not there yet: the shipped feeds, which were in effect without it, go into it first.
    is_new: bool,
    text: String,
}

impl<'a> FeedsFile<'a> {
    /// The file in use, or the one that would be used if it were there.
    pub(super) fn open(loaded: &'a Loaded) -> anyhow::Result<Self> {
        let paths = &loaded.paths;
        if let Some(path) = &paths.feeds {
            // A link stays one: what it points at is replaced.
            let path = path.canonicalize().unwrap_or_else(|_| path.clone());
            let text = fs::read_to_string(&path)
                .with_context(|| format!("cannot read {}", path.display()))?;
            return Ok(Self { loaded, path, is_new: false, text });
        }
        let own = paths.searched.iter().find(|folder| folder.ends_with("newswatch"));
        let folder = paths.config.as_ref().or(own).or_else(|| paths.searched.first());
        let folder = folder.context("there is no folder for feeds.toml; name one by --config")?;
        let path = folder.join("feeds.toml");
        // The schema that its first line names is not beside it.
        let lines = config::SHIPPED_FEEDS.split_inclusive('\n');
        let text: String = lines
            .skip_while(|line| line.starts_with("#:schema") || line.trim().is_empty())
            .collect();
        Ok(Self { loaded, path, is_new: true, text })
    }

    /// Adds feeds, and prints them as they are written.
    pub(super) fn add(mut self, feeds: &[Feed], dry_run: bool) -> anyhow::Result<Exit> {
        if feeds.is_empty() {
            return Ok(Exit::Success);
        }
        let before = self.text.clone();
        self.text = config::add_feeds(&before, feeds).with_context(|| self.fault())?;
        let alone = config::add_feeds("", feeds)?;
        print_text(alone.trim_start_matches('\n'))?;
        if !dry_run {
            self.write()?;
        }
        Ok(Exit::Success)
    }

    /// Changes all feeds of the ids, or none.
    pub(super) fn change(
        mut self,
        ids: &[String],
        change: impl Fn(&str, &str) -> Result<String, EditError>,
    ) -> anyhow::Result<()> {
        let before = self.text.clone();
        for id in ids {
            self.text = change(&self.text, id).with_context(|| self.fault())?;
        }
        if self.text == before {
            anstream::eprintln!("nothing to change in {}", self.path.display());
            return Ok(());
        }
        self.write()
    }

    fn fault(&self) -> String {
        format!("{} stays as it is", self.path.display())
    }

    /// Replaces the file in one step, if what it would be is free of faults.
    fn write(&self) -> anyhow::Result<()> {
        let name = self.path.display().to_string();
        let schedule = &self.loaded.config.settings.schedule;
        if let Err(report) = config::read_feeds(&name, &self.text, schedule) {
            anyhow::bail!("{}\n{}", self.fault(), report.render(is_styled_stderr()));
        }
        let folder = self.path.parent().unwrap_or_else(|| Path::new("."));
        fs::create_dir_all(folder)
            .map_err(anyhow::Error::from)
            .and_then(|()| replace(&self.path, &self.text))
            // The new name is durable where its folder is.
            .and_then(|()| Ok(sync_folder(folder)?))
            .with_context(|| format!("cannot write {name}"))?;
        if self.is_new {
            anstream::eprintln!("wrote {name}, which begins with the feeds that were built in");
        } else {
            let when = if self.loaded.config.settings.service.watch {
                "within seconds"
            } else {
                "on `newswatch reload` or SIGHUP"
            };
            anstream::eprintln!("changed {name}; a running newswatch takes it {when}");
        }
        Ok(())
    }
}

/// Replaces a file by a text in one step. The new file is its owner's and group's as the old one was,
/// or whoever read that one, such as the daemon, could not read this one.
fn replace(path: &Path, text: &str) -> anyhow::Result<()> {
    let old = match fs::metadata(path) {
        Ok(old) => Some(old),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error.into()),
    };
    let new = path.with_extension("toml.new");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    if old.is_some() {
        // Nobody's to read before it is known whose.
        options.mode(0o600);
    }
    let mut file = options.open(&new)?;
    let mut fill = || {
        if let Some(old) = &old {
            let (owner, group) = (old.uid(), old.gid());
            fchown(&file, Some(owner), Some(group)).with_context(|| {
                format!("it cannot be kept the file of user {owner} and group {group}: change it as that user, or as root")
            })?;
            file.set_permissions(old.permissions())?;
        }
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        anyhow::Ok(fs::rename(&new, path)?)
    };
    fill().inspect_err(|_| drop(fs::remove_file(&new)))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_file_that_is_replaced_stays_its_owners_and_groups() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("feeds.toml");
        replace(&path, "# new").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        // Only root gives files away, and has nobody else's to replace otherwise.
        if rustix::process::geteuid().is_root() {
            std::os::unix::fs::chown(&path, Some(10_001), Some(10_002)).unwrap();
        }
        let of = |path: &Path| {
            let metadata = fs::metadata(path).unwrap();
            (metadata.uid(), metadata.gid(), metadata.permissions().mode() & 0o777)
        };
        let before = of(&path);
        replace(&path, "# newer").unwrap();
        assert_eq!(of(&path), before);
        assert_eq!(fs::read_to_string(&path).unwrap(), "# newer");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
