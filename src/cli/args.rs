//! The arguments, as clap reads them and `--help` explains them.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

const EXIT_CODES: &str = "\
Exit codes: 0 success, 1 failure, 2 wrong usage, 3 some feeds failed, 75 another instance holds \
the archive, 78 faulty configuration, 130 interrupted.";

/// Polls news feeds, reads the articles, keeps those about a topic, and appends them to a plain
/// JSONL archive.
#[derive(Debug, Parser)]
#[command(name = "newswatch", version, max_term_width = 100, after_help = EXIT_CODES)]
pub(super) struct Args {
    #[command(flatten)]
    pub(super) common: Common,
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, clap::Args)]
pub(super) struct Common {
    /// A configuration folder, or the newswatch.toml in it. Without it: ./config,
    /// $XDG_CONFIG_HOME/newswatch, /etc/newswatch, then what is built in.
    #[arg(long, short, global = true, env = "NEWSWATCH_CONFIG", value_name = "PATH")]
    pub(super) config: Option<PathBuf>,
    /// Overrides one setting, such as `--set politeness.delay=10s`. May be given several times;
    /// the environment variable `NEWSWATCH__POLITENESS__DELAY` does the same.
    #[arg(long, global = true, value_name = "SECTION.KEY=VALUE", value_parser = setting)]
    pub(super) set: Vec<(String, String)>,
    /// The least urgent kind of message on standard error: error, warn, info, debug or trace.
    #[arg(long, global = true, value_name = "LEVEL")]
    pub(super) log_level: Option<String>,
    /// Prints data as JSON.
    #[arg(long, global = true)]
    pub(super) json: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Runs the daemon: polls the feeds on schedule until it is stopped.
    ///
    /// SIGTERM and SIGINT stop it once what is in flight has landed; SIGHUP takes the changed
    /// configuration, if that is free of faults.
    #[command(after_help = "Example: newswatch run --config /etc/newswatch")]
    Run,
    /// Polls the feeds that are due once, reads their new articles, and ends with a summary.
    #[command(after_help = "Example: newswatch once --feed astana-times")]
    Once {
        /// Polls only this feed, due or not.
        #[arg(long, value_name = "ID")]
        feed: Option<String>,
    },
    /// Checks the configuration, and reports all its faults with their lines.
    #[command(after_help = "Example: newswatch check --config ./config")]
    Check,
    /// Shows the main job at work: a news site on this machine, crawled over real HTTP.
    #[command(after_help = "Example: newswatch demo --once")]
    Demo(Demo),
    /// The configured feeds.
    Feeds {
        #[command(subcommand)]
        command: FeedsCommand,
    },
    /// What is known of each feed: last success, next poll and why then, failures in words.
    #[command(
        after_help = "Example: newswatch status --json | jq '.feeds[] | select(.failures > 0)'"
    )]
    Status {
        /// Prints nothing: succeeds where a daemon has shown a sign of life within five minutes.
        #[arg(long)]
        check: bool,
    },
    /// Which configuration is taken, and where the archive and the state are.
    Paths,
    /// Prints a JSON Schema.
    #[command(after_help = "Example: newswatch schema record > record.schema.json")]
    Schema { of: Schema },
    /// Prints a completion script for a shell.
    #[command(
        after_help = "Example: newswatch completions bash > /etc/bash_completion.d/newswatch"
    )]
    Completions { shell: clap_complete::Shell },
    /// Prints the manual page.
    #[command(after_help = "Example: newswatch man | man -l -")]
    Man,
}

#[derive(Debug, Subcommand)]
pub(super) enum FeedsCommand {
    /// Lists the configured feeds.
    #[command(after_help = "Example: newswatch feeds list --json | jq -r '.[].url'")]
    List,
}

#[derive(Debug, clap::Args)]
pub(super) struct Demo {
    /// Ends after one pass instead of polling on.
    #[arg(long)]
    pub(super) once: bool,
    /// Folder for the demo's configuration, archive and state.
    #[arg(long, value_name = "FOLDER", default_value = "demo-archive")]
    pub(super) folder: PathBuf,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Schema {
    /// newswatch.toml
    Config,
    /// feeds.toml
    Feeds,
    /// One line of the archive.
    Record,
}

fn setting(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("expected SECTION.KEY=VALUE")?;
    Ok((key.trim().to_owned(), value.trim().to_owned()))
}
