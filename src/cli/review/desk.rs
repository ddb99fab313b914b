//! Opening the desk, up to date.
#![expect(clippy::disallowed_methods, reason = "shell: makes the state folder, reads the clock")]

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::Context;
use jiff::Timestamp;
use rusqlite::ErrorCode;

use super::super::{aside::set_aside, format::is_styled_stderr};
use crate::{
    config::Loaded,
    jsonl::create_for_owner,
    review::{Bits, Desk, Progress, Query, ReviewError},
    state::has_no_room,
};

/// Records between two looks at the clock.
const STEP: usize = 500;

/// The review's index in the state folder.
pub(in crate::cli) const INDEX: &str = "review.sqlite";

/// Where the reviews of an archive are kept: beside it.
pub(super) fn reviews(archive: &Path) -> PathBuf {
    archive.with_file_name("reviews.jsonl")
}

/// Opens the desk as it is.
pub(super) fn open(loaded: &Loaded) -> anyhow::Result<Desk> {
    let paths = &loaded.paths;
    let context = || format!("cannot read the archive {}", paths.archive.display());
    if !paths.archive.try_exists().with_context(context)? {
        anyhow::bail!("there is no archive in {}", paths.archive.display());
    }
    fs::create_dir_all(&paths.state)
        .with_context(|| format!("cannot make the state folder {}", paths.state.display()))?;
    let index = paths.state.join(INDEX);
    // Where it cannot be made, opening it says so.
    let _made_by_sqlite = create_for_owner(&index);
    open_at(&index, &paths.archive, tell).map_err(|error| {
        let words = match &error {
            ReviewError::Archive(_) | ReviewError::Read(_) => {
                format!("cannot read the archive {}", paths.archive.display())
            }
            ReviewError::Reviews(_) => "cannot open the review".to_owned(),
            _ => format!("cannot open the review's index {}", index.display()),
        };
        anyhow::Error::new(error).context(words)
    })
}

fn tell(words: &str) {
    anstream::eprintln!("newswatch: {words}");
}

/// Opens the desk; an index that is damaged is set aside and built anew, and `tell` is told.
pub(super) fn open_at(
    index: &Path,
    archive: &Path,
    tell: impl FnOnce(&str),
) -> Result<Desk, ReviewError> {
    let open = || Desk::open(index, archive, &reviews(archive));
    match open() {
        Err(ReviewError::Index) => {
            let Ok(aside) = set_aside(index) else { return Err(ReviewError::Index) };
            let (index, aside) = (index.display(), aside.display());
            tell(&format!("{index} is damaged: it is kept as {aside}, and built anew"));
            open()
        }
        opened => opened.or_else(|error| for_this_once(error, index, archive, tell)),
    }
}

/// Opens the desk with an index that goes with it, where none can be kept in its folder.
fn for_this_once(
    error: ReviewError,
    index: &Path,
    archive: &Path,
    tell: impl FnOnce(&str),
) -> Result<Desk, ReviewError> {
    let refused = match &error {
        ReviewError::Sqlite(error) if has_no_room(error) => "is on a full disk",
        ReviewError::Sqlite(error) if is_not_writable(error) => "cannot be written to",
        _ => return Err(error),
    };
    let folder = index.parent().unwrap_or(index).display();
    tell(&format!("{folder} {refused}: the archive is indexed for this once"));
    // SQLite's name for a file that goes with its connection.
    Desk::open(Path::new(""), archive, &reviews(archive))
}

fn is_not_writable(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly))
}

/// Opens the desk and takes in what is new.
pub(super) fn current(loaded: &Loaded) -> anyhow::Result<Desk> {
    let mut desk = open(loaded)?;
    if let Err(error) = take_in(&mut desk) {
        let index = loaded.paths.state.join(INDEX);
        desk = for_this_once(error, &index, &loaded.paths.archive, tell)?;
        take_in(&mut desk)?;
    }
    if let Some(words) = desk.index.newer() {
        anstream::eprintln!(
            "newswatch: {words} ({} lines of the archive are left out)",
            desk.index.passed_over()
        );
    } else if desk.index.passed_over() > 0 {
        anstream::eprintln!(
            "newswatch: {} of the archive cannot be read; see `newswatch archive verify`",
            match desk.index.passed_over() {
                1 => "1 part".to_owned(),
                parts => format!("{parts} parts"),
            }
        );
    }
    Ok(desk)
}

/// Takes in all that is new; where that takes long, says so.
fn take_in(desk: &mut Desk) -> Result<(), ReviewError> {
    let mut said = Instant::now();
    let mut has_said = false;
    // What another process has committed will do.
    while desk.advance(STEP)? == Progress::More {
        if is_styled_stderr() && said.elapsed() > Duration::from_millis(500) {
            anstream::eprint!("\rindexing the archive: {} records", desk.index.len());
            (said, has_said) = (Instant::now(), true);
        }
    }
    if has_said {
        anstream::eprintln!();
    }
    Ok(())
}

/// Says how many of the records that were asked for cannot be read any more.
pub(super) fn tell_unread(count: u32) {
    if count > 0 {
        anstream::eprintln!(
            "newswatch: {count} of the records found cannot be read any more and are left out; see \
             `newswatch archive verify`"
        );
    }
}

pub(super) fn now() -> Timestamp {
    crate::clock::now()
}

/// Reads a query, or says where it is wrong.
pub(super) fn query(text: &str) -> anyhow::Result<Query> {
    Query::parse(text, now()).map_err(|error| {
        let help = error.help.as_ref().map(|help| format!("\n{help}")).unwrap_or_default();
        anyhow::anyhow!("the query is wrong:\n{}{help}", error.pointed(text))
    })
}

/// The rows that a query finds; what it names and nobody has is said on standard error.
pub(super) fn find(desk: &mut Desk, query: &Query) -> anyhow::Result<Bits> {
    for words in desk.index.unknown(query) {
        anstream::eprintln!("newswatch: {words}");
    }
    Ok(desk.find(query)?)
}
