//! What the state knows, read anew at each scrape, all of it of one moment.

use std::{collections::BTreeSet, fmt, path::PathBuf};

use jiff::Timestamp;
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
};
use tokio::sync::watch;

use crate::{
    alert::{Deliveries, Delivery},
    crawl,
    schedule::Vain,
    state::{Counters, FeedRow, State, StateError, Troubled},
};

#[derive(Debug)]
pub(super) struct Stored {
    path: PathBuf,
    polled: watch::Receiver<BTreeSet<String>>,
    alerts: Deliveries,
}

/// A moment of the state.
struct Moment {
    feeds: Vec<(FeedRow, u32)>,
    seq: u32,
    held: usize,
    paused: usize,
    troubled: Vec<Troubled>,
}

impl Stored {
    /// `polled` are the feeds that are told of.
    pub(super) fn new(
        path: PathBuf,
        polled: watch::Receiver<BTreeSet<String>>,
        alerts: Deliveries,
    ) -> Self {
        Self { path, polled, alerts }
    }

    fn read(&self, now: Timestamp) -> Result<Moment, StateError> {
        let state = State::open_read_only(&self.path)?;
        state.freeze()?;
        let waiting = state.waiting_by_feed()?;
        let with_waiting = |row: FeedRow| {
            let waiting = waiting.get(&row.id).copied().unwrap_or_default();
            (row, waiting)
        };
        Ok(Moment {
            feeds: {
                let polled = self.polled.borrow();
                let feeds = state.feeds()?.into_iter().filter(|row| polled.contains(&row.id));
                feeds.map(with_waiting).collect()
            },
            seq: crawl::checkpoint(&state)?.map_or(0, |checkpoint| checkpoint.seq),
            held: state.holds(now)?.len(),
            paused: state.paused()?.len(),
            troubled: state.troubled()?,
        })
    }
}

impl Collector for Stored {
    fn encode(&self, mut to: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let alerts = self.alerts.read();
        let help = "How often in a row a message of an alert was not taken";
        alert_gauge(&mut to, "alert_failures", help, &alerts, |alert| {
            Some(f64::from(alert.failures))
        })?;
        let help = "When a message of an alert was last taken";
        alert_gauge(&mut to, "alert_last_taken_timestamp_seconds", help, &alerts, |alert| {
            alert.taken_at.map(seconds)
        })?;
        let moment = self.read(crate::clock::now());
        gauge(&mut to, "state_readable", "Whether the state could be read", moment.is_ok())?;
        let moment = match moment {
            Ok(moment) => moment,
            Err(error) => {
                tracing::warn!("the state cannot be read for the metrics: {error}");
                return Ok(());
            }
        };
        gauge(&mut to, "archive_seq", "Number of the archive's last line", moment.seq)?;
        let hosts = i64::try_from(moment.held).unwrap_or(i64::MAX);
        gauge(&mut to, "held_hosts", "Hosts that have asked to be left alone", hosts)?;
        let hosts = i64::try_from(moment.paused).unwrap_or(i64::MAX);
        gauge(&mut to, "paused_hosts", "Hosts that an operator has paused", hosts)?;
        let help = "Hosts that pages wait for, and that give no answer or refuse all of them";
        let mut family = to.encode_descriptor("troubled_hosts", help, None, MetricType::Gauge)?;
        for (trouble, name) in [(Vain::Silent, "silent"), (Vain::Refusing, "refusing")] {
            let hosts = moment.troubled.iter().filter(|host| host.trouble == trouble).count();
            let hosts = i64::try_from(hosts).unwrap_or(i64::MAX);
            ConstGauge::new(hosts).encode(family.encode_family(&[("trouble", name)])?)?;
        }

        let feeds = &moment.feeds;
        per_feed(&mut to, "feed_polls", "Polls of a feed", feeds, |feed| feed.counters.polls)?;
        let help = "Entries of a feed that were new or had changed";
        per_feed(&mut to, "feed_entries", help, feeds, |feed| feed.counters.entries)?;
        ends(&mut to, feeds)?;
        let help = "Pages of a feed that wait to be fetched";
        let mut waiting = to.encode_descriptor("feed_waiting", help, None, MetricType::Gauge)?;
        for (feed, pages) in feeds {
            let labels = [("feed", feed.id.as_str())];
            ConstGauge::new(i64::from(*pages)).encode(waiting.encode_family(&labels)?)?;
        }
        let help = "Polls of a feed that failed in a row";
        feed_gauge(&mut to, "feed_failures", help, feeds, |feed| {
            Some(f64::from(feed.state.failures))
        })?;
        let help = "When a feed was last read";
        feed_gauge(&mut to, "feed_last_success_timestamp_seconds", help, feeds, |feed| {
            feed.state.last_success_at.map(seconds)
        })?;
        let help = "When a feed last brought something new";
        feed_gauge(&mut to, "feed_last_new_timestamp_seconds", help, feeds, |feed| {
            feed.state.last_new_at.map(seconds)
        })?;
        let help = "When a feed is polled next";
        feed_gauge(&mut to, "feed_next_poll_timestamp_seconds", help, feeds, |feed| {
            feed.state.next_at.map(seconds)
        })
    }
}

fn seconds(at: Timestamp) -> f64 {
    at.as_duration().as_secs_f64()
}

/// An alert of which nothing is known has no line.
fn alert_gauge(
    to: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    alerts: &[(String, Delivery)],
    value: impl Fn(&Delivery) -> Option<f64>,
) -> Result<(), fmt::Error> {
    let mut family = to.encode_descriptor(name, help, None, MetricType::Gauge)?;
    for (id, delivery) in alerts {
        let Some(value) = value(delivery) else { continue };
        ConstGauge::new(value).encode(family.encode_family(&[("alert", id.as_str())])?)?;
    }
    Ok(())
}

/// One counter with a label for every end that an entry can come to.
fn ends(to: &mut DescriptorEncoder<'_>, feeds: &[(FeedRow, u32)]) -> Result<(), fmt::Error> {
    let help = "Entries of a feed, by what became of them";
    let mut family = to.encode_descriptor("feed_entry_ends", help, None, MetricType::Counter)?;
    for (feed, _) in feeds {
        let Counters { kept, duplicates, rejected, failed, .. } = feed.counters;
        for (end, count) in
            [("kept", kept), ("duplicate", duplicates), ("rejected", rejected), ("failed", failed)]
        {
            let labels = [("feed", feed.id.as_str()), ("end", end)];
            ConstCounter::new(u64::from(count)).encode(family.encode_family(&labels)?)?;
        }
    }
    Ok(())
}

fn gauge(
    to: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    value: impl Into<i64>,
) -> Result<(), fmt::Error> {
    let encoder = to.encode_descriptor(name, help, None, MetricType::Gauge)?;
    ConstGauge::new(value.into()).encode(encoder)
}

fn per_feed(
    to: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    feeds: &[(FeedRow, u32)],
    value: impl Fn(&FeedRow) -> u32,
) -> Result<(), fmt::Error> {
    let mut family = to.encode_descriptor(name, help, None, MetricType::Counter)?;
    for (feed, _) in feeds {
        let labels = [("feed", feed.id.as_str())];
        ConstCounter::new(u64::from(value(feed))).encode(family.encode_family(&labels)?)?;
    }
    Ok(())
}

/// A feed of which nothing is known has no line.
fn feed_gauge(
    to: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    feeds: &[(FeedRow, u32)],
    value: impl Fn(&FeedRow) -> Option<f64>,
) -> Result<(), fmt::Error> {
    let mut family = to.encode_descriptor(name, help, None, MetricType::Gauge)?;
    for (feed, _) in feeds {
        let Some(value) = value(feed) else { continue };
        let labels = [("feed", feed.id.as_str())];
        ConstGauge::new(value).encode(family.encode_family(&labels)?)?;
    }
    Ok(())
}
