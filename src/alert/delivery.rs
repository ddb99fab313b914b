//! How the messages of an alert arrive, in a file beside its cursor: silence is what an alert looks like
//! both when all is well and when nobody is reached.
#![expect(clippy::disallowed_methods, reason = "shell: a small file on the disk")]

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::{Alert, file::replace};

/// What came of an alert's last messages. Tells people, and decides nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Delivery {
    /// When a message was last taken.
    pub taken_at: Option<Timestamp>,
    /// How often in a row none was, over restarts too, …
    pub failures: u32,
    /// … since when, …
    pub failing_since: Option<Timestamp>,
    /// … why, the last time, …
    pub error: Option<String>,
    /// … and when it is tried again.
    pub next_at: Option<Timestamp>,
}

impl Delivery {
    /// What is known of an alert: nothing where it has told nothing yet, or nothing can be read.
    pub fn read(folder: &Path, alert: &str) -> Self {
        let bytes = fs::read(file(folder, alert)).unwrap_or_default();
        serde_json::from_slice(&bytes).unwrap_or_default()
    }

    pub(super) fn taken(at: Timestamp) -> Self {
        Self { taken_at: Some(at), ..Self::default() }
    }

    /// Nothing waits to be told any more.
    pub(super) fn settled(&self) -> Self {
        Self { taken_at: self.taken_at, ..Self::default() }
    }

    pub(super) fn failed(&self, error: String, next_at: Timestamp, now: Timestamp) -> Self {
        Self {
            taken_at: self.taken_at,
            failures: self.failures.saturating_add(1),
            failing_since: self.failing_since.or(Some(now)),
            error: Some(error),
            next_at: Some(next_at),
        }
    }

    pub(super) fn store(&self, folder: &Path, alert: &str) -> io::Result<()> {
        replace(&file(folder, alert), self)
    }
}

fn file(folder: &Path, alert: &str) -> PathBuf {
    folder.join(format!("{alert}.delivery"))
}

/// How the messages of all alerts arrive that there are now.
#[derive(Debug, Clone)]
pub struct Deliveries {
    pub alerts: watch::Receiver<Vec<Alert>>,
    /// Where the cursors are kept.
    pub folder: PathBuf,
}

impl Deliveries {
    pub fn read(&self) -> Vec<(String, Delivery)> {
        let alerts = self.alerts.borrow().clone();
        let read = |alert: Alert| {
            let delivery = Delivery::read(&self.folder, &alert.id);
            (alert.id, delivery)
        };
        alerts.into_iter().map(read).collect()
    }
}
