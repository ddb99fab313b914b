//! The arguments, as clap reads them and `--help` explains them.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

use super::review;

const EXIT_CODES: &str = "\
Exit codes: 0 success, 1 failure, 2 wrong usage, 3 some feeds failed, 75 another instance holds \
the archive or the state folder, 78 faulty configuration, 130 interrupted.";

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
    /// A configuration folder, or the newswatch.toml in it. Without it: what the environment variable
    /// `NEWSWATCH_CONFIG` names, ./config, `$XDG_CONFIG_HOME/newswatch`, /etc/newswatch, then what is
    /// built in.
    #[arg(long, short, global = true, value_name = "PATH")]
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
    ///
    /// Then it tells whom alerts.toml names, each for half a minute at the most: what was not taken is
    /// told by the next pass.
    #[command(after_help = "Example: newswatch once --feed the-astana-times")]
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
    /// Who is told of kept articles, of feeds that fail, of a full disk.
    Alerts {
        #[command(subcommand)]
        command: AlertsCommand,
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
    /// Shows what was found in the browser, on a page on this machine: search, stories, a queue.
    #[command(after_help = "Example: newswatch review --port 8010")]
    Review(review::ReviewArgs),
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
        /// Prints nothing: succeeds where a daemon has shown a sign of life within five minutes, and
        /// no full disk keeps it from its work.
        #[arg(long)]
        check: bool,
    },
    /// Has the running daemon take a changed configuration, and says what is different in it.
    ///
    /// A faulty one is refused with all its faults, and the old one stays.
    #[command(after_help = "Example: newswatch reload")]
    Reload,
    /// Has the running daemon poll a feed as soon as its host may be asked.
    #[command(after_help = "Example: newswatch poll the-astana-times")]
    Poll {
        /// The id of the feed.
        feed: String,
    },
    /// Has the running daemon ask nothing of a host until it is resumed.
    ///
    /// It may be a host to come; where no feed and no waiting page is there, it says so.
    #[command(after_help = "Example: newswatch pause news.example")]
    Pause {
        /// The host, as in its addresses, with its port where that is not the usual one.
        host: String,
    },
    /// Has the running daemon ask a paused host again.
    #[command(after_help = "Example: newswatch resume news.example")]
    Resume {
        /// The host.
        host: String,
    },
    /// Reads documents from standard input: what `run` starts for reading.
    #[command(hide = true)]
    Read {
        /// Bytes of memory.
        memory: u64,
        /// Milliseconds for one document.
        time: u64,
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
    Man {
        /// Writes a page for each command into this folder instead.
        #[arg(long)]
        folder: Option<PathBuf>,
    },
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
    /// Adds a feed, or the feeds of a site, to feeds.toml.
    ///
    /// A site's feeds are those that its page links, the sitemaps that its robots.txt names, and
    /// else what is found at the usual paths. Every address is asked once, hosts at their pace.
    #[command(after_help = "Example: newswatch feeds add astanatimes.com --choose 1 --country KZ")]
    Add(FeedsAdd),
    /// Adds the feeds of an OPML file that are not configured yet to feeds.toml.
    ///
    /// Ids that `feeds export` wrote are kept where they are free. What is left out is told with the reason.
    #[command(after_help = "Example: newswatch feeds import subscriptions.opml --dry-run")]
    Import {
        /// The file; `-` reads standard input.
        file: String,
        /// Prints what would be added, and leaves the file as it is.
        #[arg(long)]
        dry_run: bool,
    },
    /// Prints the configured feeds as OPML, which other feed readers import.
    #[command(after_help = "Example: newswatch feeds export > newswatch.opml")]
    Export,
    /// Polls feeds again that were switched off.
    #[command(after_help = "Example: newswatch feeds enable the-astana-times")]
    Enable {
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
    },
    /// Switches feeds off; they stay in feeds.toml, and what is known of them in the state.
    #[command(after_help = "Example: newswatch feeds disable the-astana-times tengrinews")]
    Disable {
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
    },
    /// Takes feeds out of feeds.toml, with the comment right above them.
    #[command(after_help = "Example: newswatch feeds remove the-astana-times")]
    Remove {
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct FeedsAdd {
    /// The address of a feed, a sitemap or a site. Without a scheme it is asked by https, and by http
    /// where nothing answers there.
    pub(super) url: String,
    /// Which feeds to add where a site has several: numbers of the list, as in `1,3`, or `all`.
    /// Without it, the terminal is asked.
    #[arg(long, value_name = "NUMBERS")]
    pub(super) choose: Option<String>,
    /// The id to give the feed, in place of one made of its host.
    #[arg(long)]
    pub(super) id: Option<String>,
    /// Name of the publisher, in place of the feed's title.
    #[arg(long)]
    pub(super) name: Option<String>,
    /// Language of the articles (BCP 47), in place of what the feed declares.
    #[arg(long)]
    pub(super) language: Option<String>,
    /// Country of the publisher (ISO 3166-1, two capital letters).
    #[arg(long)]
    pub(super) country: Option<String>,
    /// A word of your own for choosing feeds. May be given several times.
    #[arg(long)]
    pub(super) tag: Vec<String>,
    /// Prints what would be added, and leaves the file as it is.
    #[arg(long)]
    pub(super) dry_run: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum AlertsCommand {
    /// Sends a message by an alert, and says whether it was taken.
    #[command(after_help = "Example: newswatch alerts test desk")]
    Test {
        /// The id of the alert.
        alert: String,
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
    /// Prints a rules file for a page's site to begin with, for `config/sites/<host>.toml`.
    #[command(after_help = "Example: newswatch site new https://example.org/news/1 > \
                      config/sites/example.org.toml")]
    New {
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
    /// Judges the archive and the remembered rejects by a changed topic: what would be kept, dropped,
    /// rescored. Writes nothing.
    #[command(after_help = "Example: newswatch topic replay config/topics/changed.toml")]
    Replay {
        /// A topic file that takes the place of the configured topic with its id; without it, the
        /// configured topics as they are now. `-` reads standard input.
        topic: Option<String>,
    },
    /// Prints a commented topic file to start from.
    #[command(after_help = "Example: newswatch topic new > config/topics/wildfires.toml")]
    New,
}

#[derive(Debug, Subcommand)]
pub(super) enum ArchiveCommand {
    #[command(flatten)]
    Read(review::ReadCommand),
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
    ///
    /// What they do not tell is taken over from the old index: the pages that wait, pauses and holds
    /// of hosts, the feeds' records, and what feeds said of their articles.
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
    /// alerts.toml
    Alerts,
    /// One line of the archive.
    Record,
}

fn setting(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("expected SECTION.KEY=VALUE")?;
    Ok((key.trim().to_owned(), value.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::config::{self, LoadOptions};

    fn helps(command: &clap::Command, helps: &mut Vec<String>) {
        helps.extend(command.get_after_help().map(ToString::to_string));
        command.get_subcommands().for_each(|command| self::helps(command, helps));
    }

    #[test]
    fn the_feeds_and_topics_that_examples_name_are_there() {
        let options = LoadOptions { cwd: "/nonexistent".into(), ..LoadOptions::default() };
        let config = config::load(&options).unwrap().config;
        let is_feed = |id: &str| config.feeds.iter().any(|feed| feed.id == id);
        let is_topic = |id: &str| config.topics.iter().any(|topic| topic.value.id() == id);
        let mut all = Vec::new();
        helps(&Args::command(), &mut all);
        let (mut feeds, mut topics) = (0, 0);
        for help in &all {
            for word in help.split_whitespace() {
                if let Some(id) = word.strip_prefix("topic:") {
                    assert!(is_topic(id), "{help}");
                    topics += 1;
                }
            }
            let takes_feeds = [" --feed ", " poll ", " enable ", " disable ", "feeds remove "];
            for ids in takes_feeds.iter().filter_map(|before| Some(help.split_once(before)?.1)) {
                for id in ids.split_whitespace() {
                    assert!(is_feed(id), "{help}");
                    feeds += 1;
                }
            }
        }
        assert!(feeds >= 5 && topics >= 2, "{feeds} {topics}");
    }
}
