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
    /// `$XDG_CONFIG_HOME/newswatch`, /etc/newswatch, then what is built in.
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
    /// How the pages of a site are read.
    Site {
        #[command(subcommand)]
        command: SiteCommand,
    },
    /// Topics: what is looked for.
    Topic {
        #[command(subcommand)]
        command: TopicCommand,
    },
    /// The archive.
    Archive {
        #[command(subcommand)]
        command: ArchiveCommand,
    },
    /// Shows what identifies an address: what is fetched, the key, and the rules applied.
    #[command(
        after_help = "Example: newswatch url --json 'https://m.news.example/a?utm_source=rss'"
    )]
    Url {
        /// The address; `-` reads one a line from standard input.
        address: String,
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
    /// Shows what a feed gives and how it was read.
    #[command(after_help = "Example: newswatch feeds test https://astanatimes.com/feed/")]
    Test {
        /// The id of a configured feed, an address, a file, or `-`.
        feed: String,
        /// Reads a sitemap.
        #[arg(long)]
        sitemap: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum SiteCommand {
    /// Shows how a page is read: title, authors, dates, text, and which way of reading won.
    #[command(after_help = "Example: newswatch site test page.html --json | jq .text")]
    Test {
        /// An address, a file, or `-`.
        page: String,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum TopicCommand {
    /// Explains what the topics say of a text: a page, or plain text with its title in the first line.
    #[command(
        after_help = "Example: newswatch topic test --jsonl articles.jsonl > judgements.jsonl"
    )]
    Test {
        /// An address, a file, or `-`.
        text: String,
        /// Reads one article a line (`id, title, text, url, published_at`) and writes one judgement
        /// a line.
        #[arg(long)]
        jsonl: bool,
    },
    /// Prints a commented topic file to start from.
    #[command(after_help = "Example: newswatch topic new > config/topics/wildfires.toml")]
    New,
}

#[derive(Debug, Subcommand)]
pub(super) enum ArchiveCommand {
    /// Proves, offline, that nothing in the archive was changed, cut or inserted.
    #[command(after_help = "Example: newswatch archive verify --witness sha256:…")]
    Verify {
        /// A hash noted elsewhere that some line must have.
        #[arg(long, value_name = "HASH")]
        witness: Option<String>,
    },
    /// Writes damaged segments anew without their damaged lines, which are kept beside them.
    ///
    /// No byte is lost: each file stays as it was under another name. What cannot be mended, such as
    /// a gap, is told.
    #[command(after_help = "Example: newswatch archive repair --json")]
    Repair,
    /// Builds the index of the state anew from the archive's lines and the rejects.
    #[command(after_help = "Example: newswatch archive reindex")]
    Reindex,
    /// Tells which records were found to be copies: by class, and the largest clusters with the
    /// record that each goes back to.
    #[command(after_help = "Example: newswatch archive dedup-report --json | jq .classes")]
    DedupReport {
        /// How many clusters are listed.
        #[arg(long, value_name = "NUMBER", default_value_t = 20)]
        top: usize,
    },
    /// Judges articles, one a line (`id, url, title, text, published_at`): new, copy, abridged,
    /// extended, excerpt, revision or same; of which id, and on what evidence.
    #[command(after_help = "Example: newswatch archive dedup --jsonl articles.jsonl")]
    Dedup {
        /// The articles; `-` reads standard input.
        #[arg(long, value_name = "FILE")]
        jsonl: String,
    },
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
