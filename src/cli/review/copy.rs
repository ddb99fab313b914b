//! `newswatch archive export`
#![expect(clippy::disallowed_methods, reason = "shell: writes the file that is asked for")]

use std::{
    fs::{self, OpenOptions},
    io::{self, BufWriter, IsTerminal, Write},
    path::Path,
};

use anyhow::Context;

use super::desk;
use crate::{
    cli::{Exit, format::is_closed_pipe},
    config::Loaded,
    review::export::{Export, Exported, Format},
};

pub(super) fn export(
    loaded: &Loaded,
    format: Format,
    output: Option<&Path>,
    text: &str,
) -> anyhow::Result<Exit> {
    let query = desk::query(text)?;
    if format == Format::Parquet && output.is_none() && io::stdout().is_terminal() {
        anyhow::bail!("Parquet is not for a terminal: name a file with --output");
    }
    let mut desk = desk::current(loaded)?;
    let found = desk::find(&mut desk, &query)?;
    // What fails before leaves no file, which would be in the way of the next try.
    let out: Box<dyn Write + Send> = match output {
        None => Box::new(io::stdout()),
        Some(path) => {
            let file = OpenOptions::new().write(true).create_new(true).open(path);
            Box::new(file.with_context(|| format!("cannot make the file {}", path.display()))?)
        }
    };
    let mut count = 0_u32;
    let written = (|| {
        let mut export = Export::start(format, BufWriter::new(out), output, text)?;
        for row in found.iter() {
            let Some((item, line)) = desk.index.whole(row)? else { continue };
            let review = desk.review(row);
            export.push(Exported { item: &item, line: &line.bytes, review })?;
            count += 1;
        }
        export.finish()?;
        anyhow::Ok(())
    })();
    match (written, output) {
        // A reader that closed the pipe has seen enough.
        (Err(error), None) if is_closed_pipe(&error) => Ok(Exit::Success),
        // A part would pass for all that was found.
        (Err(error), Some(path)) if fs::remove_file(path).is_err() => {
            Err(error.context(format!("{} was begun and is not whole", path.display())))
        }
        (Err(error), _) => Err(error),
        (Ok(()), output) => {
            if let Some(path) = output {
                anstream::eprintln!("{count} records written to {}", path.display());
            }
            let unread = desk.index.unread();
            desk::tell_unread(unread);
            Ok(if unread == 0 { Exit::Success } else { Exit::Failure })
        }
    }
}
