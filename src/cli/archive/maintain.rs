//! `newswatch archive repair` and `newswatch archive reindex`.
#![expect(clippy::disallowed_methods, reason = "shell: puts the new index into its place")]

use std::{
    fs::{self, File},
    io::ErrorKind,
    path::{Path, PathBuf},
};

use anyhow::Context;
use serde_json::json;

use super::{error_words, existing};
use crate::{
    archive::{self, Archive},
    cli::{
        Exit, compose,
        format::{print_json, print_text},
        run::{QUARANTINED, STATE},
    },
    config::Loaded,
    crawl,
    state::{State, StateLock, read_rejects},
};

/// Writes damaged segments anew without what is damaged, which is kept beside them.
pub(in crate::cli) fn repair(loaded: &Loaded, json: bool) -> anyhow::Result<Exit> {
    let path = &loaded.paths.archive;
    let repair = archive::repair(&existing(path)?, super::acknowledged(loaded))
        .with_context(|| format!("cannot repair the archive {}", path.display()))?;
    // Lines stand elsewhere now.
    let indexed = if repair.rewritten.is_empty() { None } else { Some(rebuild(loaded)?) };
    let findings: Vec<String> = repair.report.findings.iter().map(error_words).collect();
    let exit = if findings.is_empty() { Exit::Success } else { Exit::Failure };
    if json {
        let rewritten = repair.rewritten.iter().map(|rewritten| {
            json!({
                "segment": rewritten.segment.to_string(),
                "records": rewritten.lines,
                "original": rewritten.original,
            })
        });
        print_json(&json!({
            "rewritten": rewritten.collect::<Vec<_>>(),
            "records": repair.report.lines,
            "indexed": indexed,
            "findings": findings,
        }))?;
        return Ok(exit);
    }
    let mut text = String::new();
    for rewritten in &repair.rewritten {
        text.push_str(&format!(
            "{} is written anew with its {} sound records; as it was it is kept in {}\n",
            rewritten.segment, rewritten.lines, rewritten.original
        ));
    }
    for finding in &findings {
        text.push_str(&format!("cannot be mended: {finding}\n"));
    }
    text.push_str(&match (repair.rewritten.len(), findings.len()) {
        (0, 0) => format!("{} records, nothing to repair\n", repair.report.lines),
        (segments, _) => format!(
            "{segments} segments written anew, {} records can be read\n",
            repair.report.lines
        ),
    });
    print_text(&text)?;
    Ok(exit)
}

/// Builds the index of the state anew from the archive and the rejects.
pub(in crate::cli) fn reindex(loaded: &Loaded, json: bool) -> anyhow::Result<Exit> {
    let records = rebuild(loaded)?;
    if json {
        print_json(&json!({ "records": records }))?;
    } else {
        print_text(&format!("{records} records are indexed\n"))?;
    }
    Ok(Exit::Success)
}

/// Until the new index is whole the old one stays. The archive is locked meanwhile.
fn rebuild(loaded: &Loaded) -> anyhow::Result<usize> {
    let paths = &loaded.paths;
    let folder = existing(&paths.archive)?;
    let settings = compose::archive(&loaded.config);
    let (archive, recovery) =
        Archive::open_to_read_all(folder, settings, super::acknowledged(loaded))
            .with_context(|| format!("cannot open the archive {}", paths.archive.display()))?;
    if let Some(quarantine) = &recovery.quarantine {
        anstream::eprintln!("newswatch: {QUARANTINED}, {}", quarantine.path);
    }
    if let Some(lost) = &recovery.lost {
        anstream::eprintln!("newswatch: {lost}; see `newswatch archive verify`");
    }
    fs::create_dir_all(&paths.state)
        .with_context(|| format!("cannot make the state folder {}", paths.state.display()))?;
    let _lock = StateLock::take(&paths.state)
        .with_context(|| format!("cannot open the state folder {}", paths.state.display()))?;
    let (index, new) = (paths.state.join(STATE), paths.state.join(format!("{STATE}.new")));
    remove(&new)?;
    let state = State::build(&new).with_context(|| format!("cannot make {}", new.display()))?;
    let records = crawl::rebuild(&state, &archive, || read_rejects(&paths.state), |_| ())?;
    drop(state);
    replace(&new, &index)?;
    Ok(records)
}

fn replace(new: &Path, index: &Path) -> anyhow::Result<()> {
    let context = || format!("cannot put the new index into the place of {}", index.display());
    File::open(new).and_then(|file| file.sync_all()).with_context(context)?;
    // The log of the old index must not be read into the new one.
    for log in ["-wal", "-shm"] {
        let mut path = index.as_os_str().to_owned();
        path.push(log);
        remove(&PathBuf::from(path))?;
    }
    fs::rename(new, index).with_context(context)?;
    let folder = index.parent().unwrap_or(index);
    File::open(folder).and_then(|folder| folder.sync_all()).with_context(context)
}

fn remove(path: &Path) -> anyhow::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}
