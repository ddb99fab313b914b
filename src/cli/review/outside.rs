//! What the pages ask of the world around the archive: the daemon's state, the rejects, a feed now.
#![expect(
    clippy::disallowed_types,
    reason = "one test of a feed at a time, beside the loop and its state"
)]

use std::sync::Arc;

use anyhow::Context;
use jiff::Timestamp;
use tokio::sync::Mutex;

use super::turn::Turns;
use crate::{
    canonical_url::CanonicalUrl,
    cli::{index::STATE, readers, status},
    config::{self, Loaded},
    daemon,
    fetch::{Request, Wanted},
    review::{
        labelled,
        web::{Daemon, FeedTest, FeedView, Outside},
    },
    state::{State, read_rejects},
};

/// Entries of a tested feed that are shown.
const ENTRIES: usize = 20;

pub(super) fn of(loaded: Arc<Loaded>, now: fn() -> Timestamp) -> Outside {
    let turns = Arc::<Mutex<Turns>>::default();
    let (for_test, for_rejects) = (Arc::clone(&loaded), Arc::clone(&loaded));
    Outside {
        daemon: Box::new(move || {
            let read = daemon_of(&loaded, now());
            read.inspect_err(|error| {
                tracing::debug!("the daemon's state cannot be read: {error:#}");
            })
            .ok()
            .flatten()
        }),
        test: Box::new(move |id| {
            let (loaded, turns, id) = (Arc::clone(&for_test), Arc::clone(&turns), id.to_owned());
            Box::pin(async move {
                test(&loaded, &turns, &id).await.map_err(|error| format!("{error:#}"))
            })
        }),
        rejects: Box::new(move |most| {
            labelled::sample(read_rejects(&for_rejects.paths.state), most)
        }),
        now,
    }
}

fn daemon_of(loaded: &Loaded, now: Timestamp) -> anyhow::Result<Option<Daemon>> {
    let path = loaded.paths.state.join(STATE);
    if !path.try_exists()? {
        return Ok(None);
    }
    let state = State::open_read_only(&path)?;
    let mut feeds = Vec::new();
    for feed in &loaded.config.feeds {
        let row = state.feed(&feed.id)?.unwrap_or_default();
        feeds.push(view(feed, row, now));
    }
    Ok(Some(Daemon {
        feeds,
        alive_at: state.note(daemon::SIGN_OF_LIFE)?,
        trouble: status::trouble(loaded, &state)?,
        waiting_pages: state.waiting_by_feed()?.values().sum(),
    }))
}

fn view(feed: &config::Feed, row: crate::state::FeedRow, now: Timestamp) -> FeedView {
    let known = row.state;
    FeedView {
        id: feed.id.clone(),
        name: feed.name.clone(),
        url: feed.url.to_string(),
        health: status::health(feed, &known, now),
        last_success_at: known.last_success_at,
        next_at: known.next_at,
        why_then: known.why.words(),
        error: known.last_error.as_ref().map(ToString::to_string),
        failures: known.failures,
        kept: row.counters.kept,
        duplicates: row.counters.duplicates,
        rejected: row.counters.rejected,
        failed: row.counters.failed,
    }
}

/// Asks a feed once, if its host may be asked now.
async fn test(loaded: &Loaded, turns: &Mutex<Turns>, id: &str) -> anyhow::Result<FeedTest> {
    let feed = loaded.config.feeds.iter().find(|feed| feed.id == id);
    let feed = feed.with_context(|| format!("no feed is called {id:?}"))?;
    let url = CanonicalUrl::parse(feed.url.as_str())?.fetch;
    let mut turns =
        turns.try_lock().map_err(|_| anyhow::anyhow!("another feed is being tested"))?;
    let response = turns.fetch(loaded, Request::new(url, Wanted::Listing)).await?;
    drop(turns);
    if response.status != 200 {
        anyhow::bail!("it answers {}", crate::crawl::status_words(response.status));
    }
    let kind = response.header("content-type");
    let readers = readers::start(&loaded.config).await?;
    let (bytes, is_cut) = (response.body.clone(), response.is_cut);
    let mut listing =
        readers::listing(&readers, feed.kind, bytes, kind, &response.url, is_cut).await?;
    listing.set_zone(feed.zone.as_ref());
    let entries = listing.entries.iter().take(ENTRIES).map(|entry| {
        (
            entry.title.clone().unwrap_or_else(|| "(untitled)".to_owned()),
            entry.url.as_ref().map(ToString::to_string).unwrap_or_default(),
            entry.published.as_ref().or(entry.updated.as_ref()).map(|dated| dated.at),
        )
    });
    Ok(FeedTest {
        entries: entries.collect(),
        count: listing.entries.len(),
        title: listing.title,
        read_by: format!("{:?}", listing.read_by),
        flaws: listing.flaws,
    })
}
