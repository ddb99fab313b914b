//! The manual pages.
#![expect(clippy::disallowed_methods, reason = "shell: writes the pages")]

use std::{fs, io, path::Path};

use anyhow::Context;
use clap::{Command, CommandFactory};
use clap_mangen::Man;

use super::args::Args;

/// The page of the program itself.
pub(super) fn page() -> io::Result<String> {
    rendered(&Man::new(Args::command()), "EXIT STATUS")
}

/// Writes a page for each command into a folder.
pub(super) fn pages(folder: &Path) -> anyhow::Result<()> {
    let mut program = Args::command().disable_help_subcommand(true);
    program.build();
    let written = program.get_subcommands().try_for_each(|command| of_command(command, folder));
    written
        .and_then(|()| write(program, "EXIT STATUS", folder))
        .with_context(|| format!("cannot write pages into {}", folder.display()))
}

fn of_command(command: &Command, folder: &Path) -> io::Result<()> {
    if command.is_hide_set() {
        return Ok(());
    }
    command.get_subcommands().try_for_each(|command| of_command(command, folder))?;
    write(command.clone(), "EXAMPLES", folder)
}

fn write(command: Command, last: &str, folder: &Path) -> io::Result<()> {
    let man = Man::new(command);
    fs::write(folder.join(man.get_filename()), rendered(&man, last)?)
}

/// What stands at the end of a command's help has a name of its own in a manual (man-pages(7)).
fn rendered(man: &Man, last: &str) -> io::Result<String> {
    let mut page = Vec::new();
    man.render(&mut page)?;
    Ok(String::from_utf8_lossy(&page).replace("\n.SH EXTRA\n", &format!("\n.SH \"{last}\"\n")))
}
