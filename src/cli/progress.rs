//! What a pass does, while it runs and when it has ended.

use std::{
    collections::BTreeMap,
    io::{self, IsTerminal},
};

use comfy_table::Table;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::format::{safe, table};
use crate::{
    crawl::Event,
    daemon::{Notice, Turn},
};

/// A line on the terminal that shows how far a pass is. Nothing on a pipe.
#[derive(Debug)]
pub(super) struct Progress {
    bar: Option<ProgressBar>,
    polled: u64,
}

impl Progress {
    pub(super) fn start(feeds: usize, is_styled: bool) -> Self {
        let style = "{spinner} {pos}/{len} feeds  {msg}";
        let bar = (io::stderr().is_terminal() && is_styled).then(|| {
            let bar = ProgressBar::new(feeds as u64);
            if let Ok(style) = ProgressStyle::with_template(style) {
                bar.set_style(style);
            }
            bar
        });
        Self { bar, polled: 0 }
    }

    pub(super) fn show(&mut self, notice: &Notice<'_>) {
        let Some(bar) = &self.bar else { return };
        match notice {
            Notice::Event(Event::Polled { .. } | Event::FeedFailed { .. }) => {
                self.polled += 1;
                bar.set_position(self.polled);
            }
            Notice::Turn(Turn { in_flight, waiting_pages, .. }) => {
                bar.set_message(format!(
                    "{in_flight} requests in flight, {waiting_pages} pages wait"
                ));
                bar.tick();
            }
            _ => {}
        }
    }

    pub(super) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// What became of one feed in a pass.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Row {
    pub(super) feed: String,
    /// The HTTP status of the poll; null where there was no answer.
    pub(super) status: Option<u16>,
    pub(super) entries: u32,
    pub(super) new: u32,
    pub(super) kept: u32,
    pub(super) duplicates: u32,
    pub(super) rejected: u32,
    /// Pages that could not be read, and the feed itself.
    pub(super) errors: u32,
    /// The last error in words.
    pub(super) error: Option<String>,
    #[serde(skip)]
    failed: bool,
}

/// A pass by feed.
#[derive(Debug, Default)]
pub(super) struct Tally(BTreeMap<String, Row>);

impl Tally {
    pub(super) fn add(&mut self, event: &Event) {
        let (Event::Polled { feed, .. }
        | Event::Flawed { feed, .. }
        | Event::FeedFailed { feed, .. }
        | Event::FeedMoved { feed, .. }
        | Event::FeedMovedBack { feed }
        | Event::FeedTwice { feed, .. }
        | Event::Kept { feed, .. }
        | Event::Copy { feed, .. }
        | Event::Same { feed, .. }
        | Event::Rejected { feed, .. }
        | Event::PageFailed { feed, .. }
        | Event::PagePostponed { feed, .. }) = event
        else {
            return;
        };
        let row = self.0.entry(feed.clone()).or_default();
        row.feed.clone_from(feed);
        match event {
            Event::Polled { status, entries, new, .. } => {
                row.status = *status;
                row.entries += entries;
                row.new += new;
            }
            Event::FeedFailed { error, status, .. } => {
                row.status = *status;
                row.errors += 1;
                row.failed = true;
                row.error = Some(error.clone());
            }
            Event::Kept { .. } => row.kept += 1,
            Event::Copy { .. } | Event::Same { .. } => row.duplicates += 1,
            Event::Rejected { .. } => row.rejected += 1,
            Event::PageFailed { error, .. } | Event::PagePostponed { error, .. } => {
                row.errors += 1;
                row.error = Some(error.clone());
            }
            Event::Flawed { .. }
            | Event::FeedMoved { .. }
            | Event::FeedMovedBack { .. }
            | Event::FeedTwice { .. }
            | Event::FeedStale { .. }
            | Event::HostHeld { .. }
            | Event::RobotsUnreachable { .. }
            | Event::HostLate { .. } => {}
        }
    }

    pub(super) fn rows(&self) -> Vec<&Row> {
        self.0.values().collect()
    }

    pub(super) fn has_failures(&self) -> bool {
        self.0.values().any(|row| row.failed)
    }

    pub(super) fn table(&self) -> Table {
        let mut table = table(&[
            "feed",
            "status",
            "entries",
            "new",
            "kept",
            "duplicates",
            "rejected",
            "errors",
            "",
        ]);
        for row in self.0.values() {
            table.add_row([
                row.feed.clone(),
                row.status.map_or_else(|| "-".to_owned(), |status| status.to_string()),
                row.entries.to_string(),
                row.new.to_string(),
                row.kept.to_string(),
                row.duplicates.to_string(),
                row.rejected.to_string(),
                row.errors.to_string(),
                safe(row.error.as_deref().unwrap_or_default(), 60),
            ]);
        }
        table
    }
}
