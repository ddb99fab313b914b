//! A day of 100,000 feeds on 24,000 hosts, one with 14,000 of them and fifteen with 900: peak of
//! the fetches, lateness, memory and processor time.
//!
//! ```text
//! cargo bench --bench schedule
//! ```
//!
//! The clock is virtual; answers take 300 ms, and as many are awaited at once as the shipped
//! settings allow. Feeds publish from once a month to a hundred times a day; three in four know
//! conditional requests, one in ten has a `max-age` of an hour, one in fifty fails. The processor's
//! time is that of the schedule and the policy, without what the state index reads and writes.
//! Memory is the growth of the resident set of a process of its own in which a whole crawl takes the
//! state up: configured feeds, schedule, hosts, and the state index's cache.

#![expect(
    clippy::disallowed_methods,
    reason = "shell: measures time and memory; it is no part of the library"
)]
#![expect(clippy::print_stdout, reason = "its output is its purpose")]
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    reason = "a benchmark may stop at a fault, and its figures need no more"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    process::Command,
    sync::Arc,
};

use jiff::{SignedDuration, Timestamp};
use newswatch::{
    canonical_url::Host,
    crawl::{self, Crawl, HoldScope, Keep, Rules},
    fetch::Validators,
    politeness::pace::Rest,
    schedule::{Cadence, FeedIx, FeedState, Job, Next, Outcome, Schedule},
    source::SourceKind,
    state::State,
    topic::Topics,
};

const FEEDS: usize = 100_000;
const HOSTS: usize = 24_000;
/// Feeds of the largest host, and of each of the fifteen next.
const LARGEST: usize = 14_000;
const LARGE: usize = 900;
const CONCURRENCY: usize = 16;
const ANSWER: SignedDuration = SignedDuration::from_millis(300);
const WINDOW: u32 = 20;

fn main() {
    let start: Timestamp = "2022-01-05T00:00:00Z".parse().expect("a time");
    let end = start + SignedDuration::from_hours(48);
    let mut arguments = std::env::args().skip_while(|argument| argument != "--memory").skip(1);
    if let Some(path) = arguments.next() {
        return whole_crawl(Path::new(&path), end);
    }
    let feeds = feeds();
    let mut schedule = Schedule::new(Rest::default(), CONCURRENCY / 4);
    // What the state index keeps of the feeds.
    let mut states = Vec::with_capacity(FEEDS);
    for feed in &feeds {
        let mut state = FeedState::new(&feed.url);
        state.place_first(&feed.id, &feed.cadence, start);
        schedule.add_feed(&feed.url, state.next_at);
        states.push(state);
    }
    for day in 1..=2 {
        let cpu = processor_seconds();
        let from = start + SignedDuration::from_hours(24 * (day - 1));
        let figures = run_day(&mut schedule, &feeds, &mut states, from);
        let seconds = processor_seconds() - cpu;
        report(day, &figures, seconds);
    }
    // A process of its own, in which nothing but the crawl has taken memory.
    let folder = std::env::temp_dir().join(format!("newswatch-bench-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder");
    let path = folder.join("state.sqlite");
    let state = State::open(&path).expect("a state");
    state.begin().expect("a transaction");
    for (feed, known) in feeds.iter().zip(&states) {
        state.put_feed(&feed.id, known).expect("room for a feed");
    }
    state.commit().expect("a transaction");
    drop(state);
    let program = std::env::current_exe().expect("this program");
    let child = Command::new(program).arg("--memory").arg(&path).status();
    child.expect("this program once more");
    fs::remove_dir_all(&folder).ok();
}

/// The feeds, the large hosts' first.
fn feeds() -> Vec<crawl::Feed> {
    let host_of = |n: usize| match n {
        _ if n < LARGEST => 0,
        _ if n < LARGEST + 15 * LARGE => 1 + (n - LARGEST) / LARGE,
        _ => 16 + (n - LARGEST - 15 * LARGE) % (HOSTS - 16),
    };
    let cadence = Arc::new(Cadence::default());
    (0..FEEDS)
        .map(|n| {
            let host = host_of(n);
            let url = format!("https://www.publisher-{host}.example/section/{n}/feed.xml");
            crawl::Feed {
                id: format!("publisher-{host}-section-{n}"),
                url: url.parse().expect("an address"),
                kind: SourceKind::Feed,
                name: Some(format!("Publisher {host}")),
                language: Some("en".to_owned()),
                country: None,
                tags: Vec::new(),
                zone: None,
                cadence: Arc::clone(&cadence),
            }
        })
        .collect()
}

#[derive(Default)]
struct Figures {
    by_second: Vec<u32>,
    /// Polls by the seconds between due and asked, on hosts with few feeds …
    late: BTreeMap<i64, u32>,
    /// … and on those with many.
    late_large: BTreeMap<i64, u32>,
    most_in_flight: usize,
}

/// A day of the schedule, answer by answer.
fn run_day(
    schedule: &mut Schedule,
    feeds: &[crawl::Feed],
    states: &mut [FeedState],
    from: Timestamp,
) -> Figures {
    let until = from + SignedDuration::from_hours(24);
    let mut figures = Figures { by_second: vec![0; 86_400], ..Figures::default() };
    let mut in_flight: BTreeSet<(Timestamp, FeedIx)> = BTreeSet::new();
    let mut hosts: BTreeMap<FeedIx, Host> = BTreeMap::new();
    let mut now = from;
    loop {
        let mut due = None;
        while in_flight.len() < CONCURRENCY {
            match schedule.next(now) {
                Next::Fetch { job: Job::Poll(ix), host } => {
                    let asked = states[ix.get()].next_at;
                    let late = now.duration_since(asked.unwrap_or(now)).as_secs();
                    let is_large = ix.get() < LARGEST + 15 * LARGE;
                    let lates = if is_large { &mut figures.late_large } else { &mut figures.late };
                    *lates.entry(late).or_default() += 1;
                    let second = usize::try_from(now.duration_since(from).as_secs());
                    figures.by_second[second.unwrap_or(0).min(86_399)] += 1;
                    in_flight.insert((now + ANSWER, ix));
                    hosts.insert(ix, host);
                    figures.most_in_flight = figures.most_in_flight.max(in_flight.len());
                }
                Next::Fetch { .. } | Next::Wait => break,
                Next::WaitUntil(at) => {
                    due = Some(at);
                    break;
                }
            }
        }
        let back = in_flight.first().map(|(at, _)| *at);
        let Some(next) = due.into_iter().chain(back).min().filter(|at| *at < until) else { break };
        now = now.max(next);
        while let Some(&(at, ix)) = in_flight.first().filter(|(at, _)| *at <= now) {
            in_flight.remove(&(at, ix));
            answer(schedule, ix, &feeds[ix.get()], &mut states[ix.get()], now);
            if let Some(host) = hosts.remove(&ix) {
                schedule.release(&host, SignedDuration::ZERO, now);
            }
        }
    }
    // What is in flight at midnight lands.
    for (_, ix) in in_flight {
        answer(schedule, ix, &feeds[ix.get()], &mut states[ix.get()], until);
        if let Some(host) = hosts.remove(&ix) {
            schedule.release(&host, SignedDuration::ZERO, until);
        }
    }
    figures
}

/// Applies what the feed says at `now`: a function of its number and the time.
fn answer(
    schedule: &mut Schedule,
    ix: FeedIx,
    feed: &crawl::Feed,
    state: &mut FeedState,
    now: Timestamp,
) {
    let n = ix.get();
    // From once a month to a hundred times a day, evenly on a logarithmic scale.
    let share = (n * 7919 % 1000) as f64 / 1000.0;
    let every = (30.0 * 86_400.0) * (1.0_f64 / 3000.0).powf(share);
    let published = |at: Timestamp| (at.as_second() as f64 / every + share).floor();
    let window = f64::from(WINDOW);
    let new = state
        .last_poll_at
        .map_or(window, |last| (published(now) - published(last)).clamp(0.0, window));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 20")]
    let new = new as u32;
    let has_validators = !n.is_multiple_of(4);
    let etag = has_validators.then(|| format!("\"{}\"", published(now)).into_bytes());
    let validators = Validators {
        last_modified: has_validators.then(|| b"Wed, 05 Jan 2022 00:00:00 GMT".to_vec()),
        etag,
    };
    let freshness = (n % 10 == 3).then_some(SignedDuration::from_hours(1));
    let outcome = if n % 50 == 7 {
        Outcome::Failed { error: "HTTP 500: the server failed".to_owned() }
    } else if new == 0 && has_validators && state.last_success_at.is_some() {
        Outcome::Unchanged { validators, freshness }
    } else {
        Outcome::Read {
            validators,
            body_hash: u64::from(new),
            entries: WINDOW,
            new,
            freshness,
            ttl: None,
            skip_hours: Vec::new(),
            skip_days: Vec::new(),
        }
    };
    *state = std::mem::take(state).after(&outcome, &feed.url, &feed.id, &feed.cadence, now);
    schedule.set_feed(ix, state.address(&feed.url), state.next_at);
}

fn report(day: i64, figures: &Figures, seconds: f64) {
    let polls: u32 = figures.by_second.iter().sum();
    let mean = f64::from(polls) / 86_400.0;
    let peak = figures.by_second.iter().max().copied().unwrap_or(0);
    println!(
        "day {day}: {polls} polls, {mean:.1} a second, at most {peak} ({:.1} times the mean) and {} in flight",
        f64::from(peak) / mean,
        figures.most_in_flight
    );
    println!(
        "day {day}: {seconds:.2} s of processor time, {:.2} µs a poll",
        seconds * 1e6 / f64::from(polls)
    );
    for (late, hosts) in [
        (&figures.late, "hosts with few feeds"),
        (&figures.late_large, "the sixteen hosts with 900 feeds and more"),
    ] {
        let all: u32 = late.values().sum();
        let at = |share: f64| {
            let mut before = f64::from(all) * share;
            let found = late.iter().find(|(_, polls)| {
                before -= f64::from(**polls);
                before < 0.0
            });
            found.map_or(0, |(seconds, _)| *seconds)
        };
        println!("day {day}: {hosts}: polls late by {} s (p50), {} s (p99)", at(0.5), at(0.99));
    }
}

/// The memory of a crawl that takes these states up after a restart.
fn whole_crawl(path: &Path, now: Timestamp) {
    let before = resident();
    let settings = crawl::Settings {
        rest: Rest::default(),
        share: 4,
        robots_for_feeds: false,
        hold_scope: HoldScope::Host,
        revisit_after: SignedDuration::from_mins(30),
        judge_before_fetch: false,
        copy_memory: SignedDuration::from_hours(24),
        page_attempts: 5,
        keep_copied_text: true,
        reject_text: 4000,
        config_hash: String::new(),
    };
    let topics = Topics::new(Vec::new()).expect("no topics");
    let rules = Rules { sites: BTreeMap::new(), topics, keep: Keep::Relevant };
    let cpu = processor_seconds();
    let state = State::open(path).expect("a state");
    let crawl = Crawl::new(feeds(), rules, settings, state, now).expect("a crawl");
    println!("a crawl of all starts in {:.1} s of processor time", processor_seconds() - cpu);
    let bytes = (resident() - before) as f64 / FEEDS as f64;
    println!("whole crawl: {bytes:.0} bytes of memory a feed (resident set)");
    drop(crawl);
}

/// Bytes of the process that are in memory.
fn resident() -> i64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes =
        line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse::<i64>().ok());
    kilobytes.unwrap_or_default() * 1024
}

/// Seconds that this thread was on a processor.
fn processor_seconds() -> f64 {
    let times = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = times.split(' ').next().and_then(|time| time.parse::<f64>().ok());
    nanoseconds.unwrap_or_default() / 1e9
}
