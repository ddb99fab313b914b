//! What a run of the loop has done, as the metrics count it: kept in the state, for who has none.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Notice;
use crate::{
    crawl::{Visit, Work as Wanted},
    reader::Deaths,
};

/// The figures of a run since its start.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Work {
    pub started_at: Timestamp,
    /// By what was asked for.
    pub fetched: BTreeMap<String, Fetched>,
    /// Documents that were not read to their end.
    pub reader_faults: u64,
    pub reader_deaths: Deaths,
    pub records_appended: u64,
    pub appends: u64,
    /// Appending and syncing, in seconds.
    pub append_seconds: f64,
}

/// Of documents of one kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Fetched {
    pub answers: u64,
    /// Requests that no answer came to.
    pub errors: u64,
    /// Decoded bodies that were read.
    pub bytes: u64,
    /// From a body to its value, waiting for a reader included.
    pub read_seconds: f64,
}

impl Work {
    pub fn since(started_at: Timestamp) -> Self {
        Self {
            started_at,
            fetched: BTreeMap::new(),
            reader_faults: 0,
            reader_deaths: Deaths::default(),
            records_appended: 0,
            appends: 0,
            append_seconds: 0.0,
        }
    }

    pub(super) fn count(&mut self, notice: &Notice<'_>) {
        match notice {
            Notice::Turn(turn) => self.reader_deaths = turn.reader_deaths,
            Notice::Landed(visit) => self.count_visit(visit),
            Notice::Appended { records, took, .. } => {
                self.records_appended += u64::try_from(*records).unwrap_or_default();
                self.appends += 1;
                self.append_seconds += took.as_secs_f64();
            }
            _ => {}
        }
    }

    fn count_visit(&mut self, visit: &Visit) {
        let Some(answer) = &visit.response else { return };
        let fetched = self.fetched.entry(wanted(&visit.task.work).to_owned()).or_default();
        match answer {
            Ok(_) => fetched.answers += 1,
            Err(_) => fetched.errors += 1,
        }
        let Some(effort) = visit.effort else { return };
        fetched.bytes += u64::try_from(effort.bytes).unwrap_or_default();
        fetched.read_seconds += effort.took.as_secs_f64();
        self.reader_faults += u64::from(effort.fault.is_some());
    }
}

/// One word for what a task asks for.
pub fn wanted(work: &Wanted) -> &'static str {
    match work {
        Wanted::Poll { .. } | Wanted::Part { .. } => "feed",
        Wanted::Robots { .. } => "robots",
        Wanted::Page(_) => "page",
    }
}
