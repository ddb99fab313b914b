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
    registry::{Metric, Registry},
};
use tokio::sync::watch;

use crate::{
    alert::Deliveries,
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

/// Registers a metric, and gives it.
fn put<M: Metric + Clone>(registry: &mut Registry, name: &str, help: &str, metric: M) -> M {
    registry.register(name, help, metric.clone());
    metric
}

impl Counts {
    /// All of them, registered in the order in which they are shown.
    fn registered(registry: &mut Registry) -> Self {
        let version = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "The program that runs", version);
        let counts = Self {
            answers: put(
                registry,
                "responses",
                "Answers to requests, by status",
                Family::default(),
            ),
            fetch_times: put(
                registry,
                "fetch_seconds",
                "From a request to the end of its answer",
                Family::new_with_constructor(times),
            ),
            bytes: put(registry, "fetched_bytes", "Bytes of bodies, decoded", Family::default()),
            read_times: put(
                registry,
                "read_seconds",
                "From a body to its value, waiting for a reader included",
                Family::new_with_constructor(times),
            ),
            reader_faults: put(
                registry,
                "reader_faults",
                "Documents that were not read to their end",
                Family::default(),
            ),
            reader_deaths: put(
                registry,
                "reader_deaths",
                "Workers for reading that ended before their time",
                Family::default(),
            ),
            postponed: put(
                registry,
                "pages_postponed",
                "Pages that are tried again later",
                Counter::default(),
            ),
            holds: put(
                registry,
                "host_holds",
                "Times a host asked to be left alone",
                Counter::default(),
            ),
            in_flight: put(
                registry,
                "requests_in_flight",
                "Tasks that are fetched or read",
                Gauge::default(),
            ),
            oldest: put(
                registry,
                "oldest_request_seconds",
                "How long the oldest of them is out",
                Gauge::default(),
            ),
            waiting: put(
                registry,
                "waiting_pages",
                "Pages that wait to be fetched",
                Gauge::default(),
            ),
            overdue: put(
                registry,
                "overdue_seconds",
                "How long a job that could be done waits for others",
                Gauge::default(),
            ),
            turned_at: put(
                registry,
                "last_turn_timestamp_seconds",
                "When the loop last turned",
                Gauge::default(),
            ),
            disk_trouble: put(
                registry,
                "disk_full",
                "Whether nothing is fetched for want of room on the disk",
                Gauge::default(),
            ),
            records: put(
                registry,
                "records_appended",
                "Records that this process has appended",
                Counter::default(),
            ),
            append_times: put(
                registry,
                "append_seconds",
                "Appending records and syncing them",
                times(),
            ),
            stopping: Gauge::default(),
        };
        counts.begin();
        counts
    }

    /// What counts from its first time on tells nothing of that first time.
    fn begin(&self) {
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
    }
}

/// The loop turns once a minute at least.
const LONGEST_TURN: Duration = Duration::from_mins(5);

impl Metrics {
    /// `state` is the index that the daemon writes, `polled` the feeds that it polls now.
    pub fn new(
        state: PathBuf,
        polled: watch::Receiver<BTreeSet<String>>,
        alerts: Deliveries,
    ) -> Self {
        let mut registry = Registry::with_prefix("newswatch");
        let counts = Counts::registered(&mut registry);
        registry.register_collector(Box::new(stored::Stored::new(state, polled, alerts)));
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
