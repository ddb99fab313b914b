//! The arguments of the commands that read the archive.

use std::{net::IpAddr, path::PathBuf};

use clap::Subcommand;

use crate::review::{Order, export::Format};

const QUERIES: &str = "\
Queries: words (all have to be there), \"phrases\", prefix*, NOT without, OR, ( ); and the fields
  source:astanatimes.com  lang:ru,kk  country:KZ  topic:csto-kz-2022  term:ОДКБ  feed:ID
  title:word  by:author  after:2022-01-05  before:2022-01-10  day:2022-01-06  after:7d
  cluster:ID  is:original|duplicate|copy|abridged|extended|excerpt|revision|replaced|latest
  is:full|partial|paywalled|feed-only|failed  status:open|reviewed|flagged|not-relevant|noted
  score:5 (at least)
Days are those of UTC; before: does not include the day it names. NOT can be written as a dash
within quotes for the shell: 'ОДКБ -is:duplicate'.";

fn examples(lines: &str) -> String {
    format!("{lines}\n\n{QUERIES}")
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum ReadCommand {
    /// Lists the days of the archive: files, records, sizes.
    #[command(after_help = "Example: newswatch archive ls --json | jq '.days[-1]'")]
    Ls,
    /// Searches the full text and the fields, the newest first.
    #[command(after_help = examples(
        "Examples: newswatch archive search ОДКБ lang:ru after:2022-01-05\n          \
         newswatch archive search '\"peacekeeping forces\" OR 维和 -is:duplicate'"
    ))]
    Search {
        /// What to look for; without it, everything.
        query: Vec<String>,
        /// In which order.
        #[arg(long, value_enum, default_value_t = Order::Newest)]
        order: Order,
        /// How many records at most.
        #[arg(long, short = 'n', default_value_t = 50, value_name = "NUMBER")]
        limit: usize,
        /// Goes on after a page: the `next` of its JSON.
        #[arg(long, value_name = "KEY")]
        after: Option<String>,
    },
    /// Shows an article: its text with what matched, why it was kept, its versions and copies; or why
    /// it was not kept.
    #[command(
        after_help = "Examples: newswatch archive show $(newswatch archive search ОДКБ --json | jq -r '.records[0].id')\n          \
                      newswatch archive show https://news.example/why-is-it-not-here"
    )]
    Show {
        /// The id of a record, or the address of an article, which is sought among the rejects, too.
        #[arg(value_name = "ID|ADDRESS")]
        id: String,
        /// Words to mark in the text.
        query: Vec<String>,
    },
    /// Prints the page that a record came from, as it was kept (`archive.raw = "warc"`).
    #[command(after_help = "Example: newswatch archive raw a_… > page.html")]
    Raw {
        /// The id of a record.
        id: String,
        /// Prints the records of the WARC file instead: request and response with their headers.
        #[arg(long)]
        warc: bool,
    },
    /// Shows what changed, word by word: since the version before, or against another record.
    #[command(
        after_help = "Example: newswatch archive diff $(newswatch archive search is:revision --json | jq -r '.records[0].id')"
    )]
    Diff {
        /// The id of a record.
        id: String,
        /// The id of the record to compare with; without it, the one that the record replaces or
        /// copies.
        with: Option<String>,
    },
    /// Lists the stories that several records tell, the largest first.
    #[command(after_help = examples("Example: newswatch archive clusters after:7d"))]
    Clusters {
        /// Stories of which one record is found by this.
        query: Vec<String>,
        /// How many stories at most.
        #[arg(long, short = 'n', default_value_t = 20, value_name = "NUMBER")]
        limit: usize,
    },
    /// Counts per day, source, language, country, topic and term, with bars.
    #[command(after_help = examples("Example: newswatch archive stats lang:ru after:2022-01-01"))]
    Stats {
        /// What to count; without it, everything.
        query: Vec<String>,
        /// How many values of each.
        #[arg(long, short = 'n', default_value_t = 10, value_name = "NUMBER")]
        limit: usize,
    },
    /// Shows the last records, and with -f each new one as the daemon appends it.
    #[command(after_help = examples("Example: newswatch archive tail -f lang:kk"))]
    Tail {
        /// Goes on until it is interrupted.
        #[arg(long, short)]
        follow: bool,
        /// How many records to begin with.
        #[arg(long, short = 'n', default_value_t = 10, value_name = "NUMBER")]
        lines: usize,
        /// Only records that are found by this.
        query: Vec<String>,
    },
    /// Writes exactly what a query finds, in the order of the archive.
    #[command(after_help = examples(
        "Examples: newswatch archive export --format csv -o kazakhstan.csv topic:csto-kz-2022\n          \
         newswatch archive export --format parquet -o all.parquet"
    ))]
    Export {
        #[arg(long, short, value_enum)]
        format: Format,
        /// The file to write; it must not be there. Without it, standard output.
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
        /// What to write; without it, everything.
        query: Vec<String>,
    },
}

/// `newswatch review`
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct ReviewArgs {
    /// The address to serve on. Another one than loopback needs a token.
    #[arg(long, value_name = "ADDRESS")]
    pub(super) address: Option<IpAddr>,
    /// The port; 0 takes a free one.
    #[arg(long, value_name = "PORT")]
    pub(super) port: Option<u16>,
    /// What a browser has to show to be let in, 16 characters or more.
    #[arg(long, value_name = "TOKEN", env = "NEWSWATCH_REVIEW_TOKEN", hide_env_values = true)]
    pub(super) token: Option<String>,
    /// Does not open a browser.
    #[arg(long)]
    pub(super) no_open: bool,
}
