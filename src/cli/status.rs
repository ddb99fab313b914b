//! `newswatch status`: what is known of each feed, the daemon running or not.

use std::collections::BTreeMap;

use anyhow::Context;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::json;

use super::{
    Exit, alerts, compose, control,
    format::{coming, distance, print_json, print_text, safe, several, table, waiting},
    index::STATE,
};
use crate::{
    alert::Delivery,
    config::{self, Loaded},
    crawl, daemon,
    schedule::{FeedState, Vain},
    state::{Counters, FeedRow, State, Troubled},
};

/// One feed's line.
#[derive(Debug, Serialize)]
struct FeedStatus {
    id: String,
    url: String,
    /// `ok`, `new`, `failing`, `late`, `stale`, `gone` or `off`.
    health: &'static str,
    http_status: Option<u16>,
    last_poll_at: Option<Timestamp>,
    last_success_at: Option<Timestamp>,
    last_new_at: Option<Timestamp>,
    next_at: Option<Timestamp>,
    why_then: &'static str,
    entries_per_day: Option<f64>,
    failures: u32,
    last_error: Option<String>,
    /// Where the feed lives now, if it moved: feeds.toml should say so.
    moved_to: Option<String>,
    /// Another feed that is read where this one leads.
    same_as: Option<String>,
    /// Which reader made sense of the last answer, and what was wrong with it.
    read_by: Option<String>,
    flaws: Option<String>,
    /// How many seconds later than due the last poll began, other requests to its host standing
    /// before it.
    late_s: u32,
    waiting_pages: u32,
    #[serde(flatten)]
    counters: Counters,
}

/// An alert, and how its messages arrive.
#[derive(Debug, Serialize)]
struct AlertStatus {
    id: String,
    #[serde(flatten)]
    delivery: Delivery,
}

/// The state, where there is one.
fn state(loaded: &Loaded) -> anyhow::Result<Option<State>> {
    let path = loaded.paths.state.join(STATE);
    let context = || format!("cannot read {}", path.display());
    if !path.try_exists().with_context(context)? {
        return Ok(None);
    }
    // Whether it is a database shows when it is read.
    let read = State::open_read_only(&path).and_then(|state| Ok((state.is_current()?, state)));
    let (is_current, state) = read.with_context(context)?;
    Ok(Some(state).filter(|_| is_current))
}

/// A daemon turns once a minute at least, and says so.
const SIGN_OF_LIFE_HOLDS: SignedDuration = SignedDuration::from_mins(5);

fn is_fresh(sign_of_life: Timestamp, now: Timestamp) -> bool {
    now.duration_since(sign_of_life).abs() < SIGN_OF_LIFE_HOLDS
}

fn nothing(loaded: &Loaded) -> String {
    format!("nothing was polled yet: there is no state in {}", loaded.paths.state.display())
}

/// What keeps the daemon from its work. One that runs says so itself: where the disk is full it can
/// leave no note.
pub(super) fn trouble(loaded: &Loaded, state: &State) -> anyhow::Result<Option<String>> {
    Ok(match control::trouble(&loaded.paths.state) {
        Some(told) => Some(told).filter(|told| !told.is_empty()),
        None => state.note::<Option<String>>(daemon::TROUBLE)?.flatten(),
    })
}

/// Whether a daemon has shown a sign of life lately, and does its work.
pub(super) fn check(loaded: &Loaded) -> anyhow::Result<Exit> {
    let Some(state) = state(loaded)? else { anyhow::bail!("{}", nothing(loaded)) };
    if let Some(trouble) = trouble(loaded, &state)? {
        anyhow::bail!("the daemon cannot do its work: {trouble}");
    }
    let alive: Option<Timestamp> = state.note(daemon::SIGN_OF_LIFE)?;
    let now = crate::clock::now();
    match alive {
        Some(at) if is_fresh(at, now) => Ok(Exit::Success),
        Some(at) => anyhow::bail!("the daemon's last sign of life was {}", distance(at, now)),
        None => anyhow::bail!("no daemon has run on this state"),
    }
}

pub(super) fn status(loaded: &Loaded, json: bool) -> anyhow::Result<Exit> {
    let now = crate::clock::now();
    let state = match state(loaded)? {
        Some(state) => state,
        None if json => State::in_memory()?,
        None => {
            print_text(&format!("{}\n", nothing(loaded)))?;
            return Ok(Exit::Success);
        }
    };
    let waiting = state.waiting_by_feed()?;
    let mut feeds = Vec::new();
    for feed in &loaded.config.feeds {
        let row = state.feed(&feed.id)?.unwrap_or_default();
        let waiting = waiting.get(&feed.id).copied().unwrap_or_default();
        feeds.push(feed_status(feed, row, waiting, now));
    }
    // What was true of it may have left the configuration since.
    let polled = compose::polled(&loaded.config);
    for feed in &mut feeds {
        feed.same_as = feed.same_as.take().filter(|other| polled.contains(other));
    }
    let alerts: Vec<AlertStatus> = loaded
        .config
        .alerts
        .iter()
        .map(|alert| AlertStatus {
            id: alert.id.clone(),
            delivery: Delivery::read(&alerts::folder(loaded), &alert.id),
        })
        .collect();
    let held = state.holds(now)?;
    let paused = state.paused()?;
    let troubled = state.troubled()?;
    let trouble = trouble(loaded, &state)?;
    let checkpoint = crawl::checkpoint(&state)?;
    let sign_of_life: Option<Timestamp> = state.note(daemon::SIGN_OF_LIFE)?;
    let is_running = control::is_listening(&loaded.paths.state)
        .unwrap_or_else(|| sign_of_life.is_some_and(|at| is_fresh(at, now)));
    // A figure of another version says nothing.
    let work: Option<daemon::Work> = state.note(daemon::WORK).ok().flatten();
    if json {
        let held: BTreeMap<&str, Timestamp> =
            held.iter().map(|(host, until)| (host.as_str(), *until)).collect();
        print_json(&json!({
            "daemon": { "running": is_running, "sign_of_life": sign_of_life },
            "work": work,
            "feeds": feeds,
            "held_hosts": held,
            "paused_hosts": paused,
            "alerts": alerts,
            "troubled_hosts": troubled,
            "trouble": trouble,
            "archive": { "records": checkpoint.map_or(0, |c| c.seq), "folder": loaded.paths.archive.to_string_lossy() },
        }))?;
        return Ok(Exit::Success);
    }
    let mut text = feed_table(&feeds, now);
    let mut ways: BTreeMap<&str, u32> = BTreeMap::new();
    for way in feeds.iter().filter_map(|feed| feed.read_by.as_deref()) {
        *ways.entry(way).or_default() += 1;
    }
    if !ways.is_empty() {
        let ways: Vec<String> = ways.iter().map(|(way, feeds)| format!("{feeds} {way}")).collect();
        text.push_str(&format!("feeds were read by: {}\n", ways.join(", ")));
    }
    for (host, until) in &held {
        text.push_str(&format!(
            "{} is left alone: it is asked again {}\n",
            host.as_str(),
            distance(*until, now)
        ));
    }
    for host in &troubled {
        text.push_str(&host_words(host, now));
    }
    for host in &paused {
        text.push_str(&format!("{0} is paused: `newswatch resume {0}` ends that\n", host.as_str()));
    }
    for alert in &alerts {
        text.push_str(&delivered(alert, now));
    }
    text.push_str(&match (is_running, sign_of_life) {
        (true, _) => "a daemon runs\n".to_owned(),
        (false, Some(at)) => format!("no daemon runs; one last worked {}\n", distance(at, now)),
        (false, None) => "no daemon runs\n".to_owned(),
    });
    if let Some(work) = work {
        text.push_str(&worked(&work, now));
    }
    if let Some(trouble) = trouble {
        text.push_str(&format!("trouble: {trouble}\n"));
    }
    text.push_str(&format!(
        "{} in {}\n",
        several(checkpoint.map_or(0, |checkpoint| checkpoint.seq.into()), "record"),
        loaded.paths.archive.display()
    ));
    print_text(&text)?;
    Ok(Exit::Success)
}

fn host_words(host: &Troubled, now: Timestamp) -> String {
    let trouble = match host.trouble {
        Vain::Silent => "gives no answer",
        Vain::Refusing => "gives no page that is asked for",
    };
    format!(
        "{} {trouble}, which began {}: {} for it, and it is asked again {}\n",
        host.host.as_str(),
        distance(host.since, now),
        waiting(host.waiting_pages.into()),
        coming(host.asked_again_at, now)
    )
}

fn feed_table(feeds: &[FeedStatus], now: Timestamp) -> String {
    let mut rows = table(&[
        "feed",
        "health",
        "last success",
        "next poll",
        "because",
        "new/day",
        "kept",
        "dup.",
        "rejected",
        "failed",
        "waiting",
        "remark",
    ]);
    let ago = |at: Option<Timestamp>| at.map_or_else(|| "-".to_owned(), |at| distance(at, now));
    for feed in feeds {
        rows.add_row([
            feed.id.clone(),
            feed.health.to_owned(),
            ago(feed.last_success_at),
            feed.next_at.map_or_else(|| "-".to_owned(), |at| coming(at, now)),
            feed.why_then.to_owned(),
            feed.entries_per_day.map_or_else(|| "-".to_owned(), |n| format!("{n:.1}")),
            feed.counters.kept.to_string(),
            feed.counters.duplicates.to_string(),
            feed.counters.rejected.to_string(),
            feed.counters.failed.to_string(),
            feed.waiting_pages.to_string(),
            remark(feed, now),
        ]);
    }
    format!("{rows}\n")
}

/// What the daemon's last run has done.
fn worked(work: &daemon::Work, now: Timestamp) -> String {
    let sum = |of: fn(&daemon::Fetched) -> u64| work.fetched.values().map(of).sum::<u64>();
    let read = work.fetched.values().fold(0.0, |read, fetched| read + fetched.read_seconds);
    let deaths: u64 = work.reader_deaths.by_cause().iter().map(|(_, deaths)| deaths).sum();
    format!(
        "its run began {}: {}, {} failed, {} KB read in {read:.1} s, {} not read to the end, \
         {} died, {} appended in {:.1} s\n",
        distance(work.started_at, now),
        several(sum(|fetched| fetched.answers), "answer"),
        several(sum(|fetched| fetched.errors), "request"),
        sum(|fetched| fetched.bytes) / 1000,
        several(work.reader_faults, "document"),
        several(deaths, "reader"),
        several(work.records_appended, "record"),
        work.append_seconds,
    )
}

/// Whether an alert reaches anybody.
fn delivered(alert: &AlertStatus, now: Timestamp) -> String {
    let AlertStatus { id, delivery } = alert;
    let last = match delivery.taken_at {
        Some(at) => format!("last told {}", distance(at, now)),
        None => "has told nothing yet".to_owned(),
    };
    if delivery.failures == 0 {
        return format!("the alert {id} {last}\n");
    }
    let since = delivery.failing_since.map(|at| distance(at, now)).unwrap_or_default();
    let next = delivery.next_at.map(|at| coming(at, now)).unwrap_or_default();
    format!(
        "the alert {id} is NOT DELIVERED: {} (failed {}, first {since}; tried again {next}); it {last}\n",
        safe(delivery.error.as_deref().unwrap_or("no reason is known"), 200),
        several(delivery.failures.into(), "time"),
    )
}

/// What somebody should know of a feed, the gravest first.
fn remark(feed: &FeedStatus, now: Timestamp) -> String {
    match (&feed.last_error, &feed.moved_to, feed.last_new_at, &feed.flaws) {
        (Some(error), ..) if feed.failures > 1 => {
            format!("{} ({} times in a row)", safe(error, 120), feed.failures)
        }
        (Some(error), ..) => safe(error, 120),
        _ if feed.same_as.is_some() => format!(
            "leads to the address of the feed {}: one of the two is enough",
            safe(feed.same_as.as_deref().unwrap_or_default(), 80)
        ),
        (_, Some(to), ..) => format!("moved to {}", safe(to, 120)),
        _ if feed.late_s > 0 => {
            format!(
                "polled {} min late: its host has more to do than its pace allows",
                feed.late_s / 60
            )
        }
        (_, _, Some(last), _) if feed.health == "stale" => {
            format!("the last new entry came {}", distance(last, now))
        }
        (.., Some(flaws)) => format!("faulty: {}", safe(flaws, 120)),
        _ => String::new(),
    }
}

/// A feed's health in a word, as `status` and the review's pages say it.
pub(super) fn health(feed: &config::Feed, known: &FeedState, now: Timestamp) -> &'static str {
    match () {
        () if !feed.enabled => "off",
        () if known.gone => "gone",
        () if known.failures > 0 => "failing",
        () if known.last_success_at.is_none() => "new",
        () if known.late_s > 0 => "late",
        () if known.is_stale(now) => "stale",
        () => "ok",
    }
}

fn feed_status(
    feed: &config::Feed,
    row: FeedRow,
    waiting_pages: u32,
    now: Timestamp,
) -> FeedStatus {
    let known = row.state;
    let health = health(feed, &known, now);
    FeedStatus {
        id: feed.id.clone(),
        url: feed.url.to_string(),
        health,
        http_status: known.status,
        last_poll_at: known.last_poll_at,
        last_success_at: known.last_success_at,
        last_new_at: known.last_new_at,
        next_at: known.next_at,
        why_then: known.why.words(),
        entries_per_day: known.entries_per_day(now).map(|n| (n * 10.0).round() / 10.0),
        failures: known.failures,
        last_error: known.last_error.as_ref().map(ToString::to_string),
        same_as: known.same_as.as_ref().map(ToString::to_string),
        moved_to: known.moved_to.as_ref().map(ToString::to_string),
        read_by: known.read_by.as_ref().map(ToString::to_string),
        flaws: known.flaws.as_ref().map(ToString::to_string),
        late_s: known.late_s,
        waiting_pages,
        counters: row.counters,
    }
}
