//! Keeps in the archive's folder by which rules its records were made.
#![expect(clippy::disallowed_methods, reason = "shell: a file beside the archive")]

use std::{
    fs::{self, File},
    io::{self, Write},
    path::Path,
};

use anyhow::Context;

use crate::{
    config::{self, Config},
    jsonl::sync_folder,
};

/// Writes the rules under the hash that records name, where they are not there yet: as long as a record
/// is kept it can be told by which topic it was judged.
pub(super) fn keep(archive: &Path, config: &Config) -> anyhow::Result<()> {
    let folder = archive.join("rules");
    let path = folder.join(format!("{}.json", config::hash(config)));
    write(archive, &folder, &path, config)
        .with_context(|| format!("cannot keep the rules in {}", path.display()))
}

fn write(archive: &Path, folder: &Path, path: &Path, config: &Config) -> io::Result<()> {
    if path.try_exists()? {
        return Ok(());
    }
    match fs::create_dir(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let new = path.with_extension("json.tmp");
    let mut file = File::create(&new)?;
    serde_json::to_writer_pretty(&mut file, &config::rules(config))?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    sync_folder(folder)?;
    sync_folder(archive)
}
