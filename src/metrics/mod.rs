//! What the daemon counts of its work, for Prometheus, and whether it is well.
//!
//! What this process has done is counted here as it happens. What became of each feed and entry is
//! in the state (`stored`), and read from there at each scrape: so it outlasts a restart, is the same
//! that `newswatch status` shows, and adds up: entries = kept + duplicates + rejected + failed +
//! waiting.

mod server;
mod stored;

use std::{collections::BTreeSet, path::PathBuf, sync::Arc, time::Duration};

use jiff::Timestamp;
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
        info::Info,
    },
    registry::Registry,
};
use tokio::sync::watch;

use crate::{
    crawl::{Event, Visit},
    daemon::{self, Notice, Turn},
    reader::{Deaths, FAULT_KINDS},
};

pub use server::serve;

/// Everything that is counted. Clones share it.
#[derive(Debug, Clone)]
pub struct Metrics {
    registry: Arc<Registry>,
    counts: Counts,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answer {
    wanted: &'static str,
    /// The HTTP status, or `error` where there was no answer.
    status: String,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Wanted {
    wanted: &'static str,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Kind {
    kind: &'static str,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Cause {
    cause: &'static str,
}

type Times<L> = Family<L, Histogram, fn() -> Histogram>;

#[derive(Debug, Clone)]
struct Counts {
    answers: Family<Answer, Counter>,
    fetch_times: Times<Wanted>,
    bytes: Family<Wanted, Counter>,
    read_times: Times<Wanted>,
    reader_faults: Family<Kind, Counter>,
    reader_deaths: Family<Cause, Counter>,
    postponed: Counter,
    holds: Counter,
    in_flight: Gauge,
    oldest: Gauge<f64, std::sync::atomic::AtomicU64>,
    waiting: Gauge,
    overdue: Gauge<f64, std::sync::atomic::AtomicU64>,
    turned_at: Gauge,
    disk_trouble: Gauge,
    stopping: Gauge,
    records: Counter,
    append_times: Histogram,
}

/// From a millisecond to half a minute.
fn times() -> Histogram {
    Histogram::new(exponential_buckets(0.001, 2.0, 16))
}

impl Counts {
    fn new() -> Self {
        Self {
            answers: Family::default(),
            fetch_times: Family::new_with_constructor(times),
            bytes: Family::default(),
            read_times: Family::new_with_constructor(times),
            reader_faults: Family::default(),
            reader_deaths: Family::default(),
            postponed: Counter::default(),
            holds: Counter::default(),
            in_flight: Gauge::default(),
            oldest: Gauge::default(),
            waiting: Gauge::default(),
            overdue: Gauge::default(),
            turned_at: Gauge::default(),
            disk_trouble: Gauge::default(),
            stopping: Gauge::default(),
            records: Counter::default(),
            append_times: times(),
        }
    }

    fn register(&self, registry: &mut Registry) {
        let version = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "The program that runs", version);
        registry.register("responses", "Answers to requests, by status", self.answers.clone());
        registry.register(
            "fetch_seconds",
            "From a request to the end of its answer",
            self.fetch_times.clone(),
        );
        registry.register("fetched_bytes", "Bytes of bodies, decoded", self.bytes.clone());
        registry.register(
            "read_seconds",
            "From a body to its value, waiting for a reader included",
            self.read_times.clone(),
        );
        registry.register(
            "reader_faults",
            "Documents that were not read to their end",
            self.reader_faults.clone(),
        );
        registry.register(
            "reader_deaths",
            "Workers for reading that ended before their time",
            self.reader_deaths.clone(),
        );
        // What counts from its first time on tells nothing of that first time.
        for kind in FAULT_KINDS {
            drop(self.reader_faults.get_or_create(&Kind { kind }));
        }
        for (cause, _) in Deaths::default().by_cause() {
            drop(self.reader_deaths.get_or_create(&Cause { cause }));
        }
        for wanted in ["feed", "page", "robots"] {
            let wanted = Wanted { wanted };
            drop(self.bytes.get_or_create(&wanted));
            drop(self.fetch_times.get_or_create(&wanted));
            drop(self.read_times.get_or_create(&wanted));
        }
        registry.register(
            "pages_postponed",
            "Pages that are tried again later",
            self.postponed.clone(),
        );
        registry.register("host_holds", "Times a host asked to be left alone", self.holds.clone());
        registry.register(
            "requests_in_flight",
            "Tasks that are fetched or read",
            self.in_flight.clone(),
        );
        registry.register(
            "oldest_request_seconds",
            "How long the oldest of them is out",
            self.oldest.clone(),
        );
        registry.register("waiting_pages", "Pages that wait to be fetched", self.waiting.clone());
        registry.register(
            "overdue_seconds",
            "How long a job that could be done waits for others",
            self.overdue.clone(),
        );
        registry.register(
            "last_turn_timestamp_seconds",
            "When the loop last turned",
            self.turned_at.clone(),
        );
        registry.register(
            "disk_full",
            "Whether nothing is fetched for want of room on the disk",
            self.disk_trouble.clone(),
        );
        registry.register(
            "records_appended",
            "Records that this process has appended",
            self.records.clone(),
        );
        registry.register(
            "append_seconds",
            "Appending records and syncing them",
            self.append_times.clone(),
        );
    }
}

/// The loop turns once a minute at least.
const LONGEST_TURN: Duration = Duration::from_mins(5);

impl Metrics {
    /// `state` is the index that the daemon writes, `polled` the feeds that it polls now.
    pub fn new(state: PathBuf, polled: watch::Receiver<BTreeSet<String>>) -> Self {
        let counts = Counts::new();
        let mut registry = Registry::with_prefix("newswatch");
        counts.register(&mut registry);
        registry.register_collector(Box::new(stored::Stored::new(state, polled)));
        Self { registry: Arc::new(registry), counts }
    }

    /// Counts what the loop tells.
    pub fn count(&self, notice: &Notice<'_>, now: Timestamp) {
        let counts = &self.counts;
        match notice {
            Notice::Turn(Turn {
                in_flight,
                oldest,
                waiting_pages,
                overdue,
                reader_deaths,
                due: _,
            }) => {
                for (cause, deaths) in reader_deaths.by_cause() {
                    let counter = counts.reader_deaths.get_or_create(&Cause { cause });
                    counter.inc_by(deaths.saturating_sub(counter.get()));
                }
                counts.in_flight.set(signed(*in_flight));
                counts.oldest.set(oldest.as_secs_f64());
                counts.waiting.set(signed(*waiting_pages));
                counts.overdue.set(overdue.as_secs_f64().max(0.0));
                counts.turned_at.set(now.as_second());
            }
            Notice::Landed(visit) => self.count_visit(visit),
            Notice::Appended { records, took, .. } => {
                counts.records.inc_by(u64::try_from(*records).unwrap_or_default());
                counts.append_times.observe(took.as_secs_f64());
            }
            Notice::DiskFull(_) => _ = counts.disk_trouble.set(1),
            Notice::DiskBack => _ = counts.disk_trouble.set(0),
            Notice::Stopping(_) => _ = counts.stopping.set(1),
            Notice::Event(Event::PagePostponed { .. }) => _ = counts.postponed.inc(),
            Notice::Event(Event::HostHeld { .. }) => _ = counts.holds.inc(),
            Notice::Event(_) => {}
        }
    }

    fn count_visit(&self, visit: &Visit) {
        let Some(answer) = &visit.response else { return };
        let wanted = daemon::wanted(&visit.task.work);
        let status = match answer {
            Ok(response) => response.status.to_string(),
            Err(_) => "error".to_owned(),
        };
        self.counts.answers.get_or_create(&Answer { wanted, status }).inc();
        let wanted = Wanted { wanted };
        if let Ok(response) = answer {
            let took = response.took.as_secs_f64();
            self.counts.fetch_times.get_or_create(&wanted).observe(took);
        }
        let Some(effort) = visit.effort else { return };
        let bytes = u64::try_from(effort.bytes).unwrap_or_default();
        self.counts.bytes.get_or_create(&wanted).inc_by(bytes);
        self.counts.read_times.get_or_create(&wanted).observe(effort.took.as_secs_f64());
        if let Some(kind) = effort.fault {
            self.counts.reader_faults.get_or_create(&Kind { kind }).inc();
        }
    }

    /// All that is counted, in the text format of Prometheus. Reads the state's index.
    pub fn text(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }

    /// The loop turns: where it does not, the process is to be started anew.
    pub fn is_alive(&self, now: Timestamp) -> bool {
        let turned_at = self.counts.turned_at.get();
        turned_at > 0 && now.as_second().abs_diff(turned_at) < LONGEST_TURN.as_secs()
    }

    /// It does its work: it is alive, has room on the disk, and is not about to end.
    pub fn is_ready(&self, now: Timestamp) -> bool {
        self.is_alive(now) && self.counts.disk_trouble.get() == 0 && self.counts.stopping.get() == 0
    }
}

fn signed(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
