//! `newswatch archive export`
#![expect(clippy::disallowed_methods, reason = "shell: writes the file that is asked for")]

use std::{
    fs::OpenOptions,
    io::{self, BufWriter, IsTerminal, Write},
    path::Path,
};

use anyhow::Context;

use super::desk;
use crate::{
    cli::Exit,
    config::Loaded,
    review::export::{Export, ExportError, Exported, Format},
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
    let out: Box<dyn Write + Send> = match output {
        None => Box::new(io::stdout()),
        Some(path) => {
            let file = OpenOptions::new().write(true).create_new(true).open(path);
            Box::new(file.with_context(|| format!("cannot make the file {}", path.display()))?)
        }
    };
    let mut desk = desk::current(loaded)?;
    let found = desk::find(&mut desk, &query)?;
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
    // A reader that closed the pipe has seen enough.
    let is_closed = |error: &anyhow::Error| {
        error.chain().any(|cause| {
            cause.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe)
        })
    };
    match written {
        Err(error) if output.is_none() && is_closed(&error) => Ok(Exit::Success),
        Err(error) if error.is::<ExportError>() && output.is_some() => {
            Err(error.context("the file that was begun is not whole"))
        }
        Err(error) => Err(error),
        Ok(()) => {
            if let Some(path) = output {
                anstream::eprintln!("{count} records written to {}", path.display());
            }
            let unread = desk.index.unread();
            desk::tell_unread(unread);
            Ok(if unread == 0 { Exit::Success } else { Exit::Failure })
        }
    }
}
