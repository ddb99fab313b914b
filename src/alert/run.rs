//! Starts a courier for each alert, beside the crawl, and has them look.

use std::{collections::BTreeSet, path::PathBuf, sync::Arc, time::Duration};

use futures_util::{StreamExt, future::join_all, stream::FuturesUnordered};
use jiff::Timestamp;
use tokio::{
    sync::{Semaphore, watch},
    time::timeout,
};

use super::{
    Alert,
    courier::Courier,
    cursor::{self, Cursor},
    look::Known,
    send::Sender,
};
use crate::jsonl::Folder;

/// How the loop tells that something may be worth telling. Never waits.
#[derive(Debug, Clone)]
pub struct Nudge {
    disk: watch::Sender<Option<String>>,
}

impl Nudge {
    /// Something was kept, or a feed has failed.
    pub fn look(&self) {
        self.disk.send_modify(|_| {});
    }

    /// What is wrong with the disk, if something is.
    pub fn disk(&self, trouble: Option<String>) {
        self.disk.send_replace(trouble);
    }
}

/// What couriers share.
#[derive(Clone)]
pub(super) struct Office {
    /// The feeds that are polled: of others there is nothing to tell.
    pub(super) polled: watch::Receiver<BTreeSet<String>>,
    pub(super) sender: Sender,
    pub(super) archive: Folder,
    /// The state's index.
    pub(super) state: PathBuf,
    /// Where the cursors are kept.
    pub(super) folder: PathBuf,
    /// What is wrong with the disk; changed by every nudge.
    pub(super) disk: watch::Receiver<Option<String>>,
    /// One reads the archive and the state at a time: many alerts cost no more memory than one.
    pub(super) looking: Arc<Semaphore>,
    pub(super) now: fn() -> Timestamp,
}

/// Tells people, until it is dropped.
pub struct Teller {
    alerts: watch::Receiver<Vec<Alert>>,
    office: Office,
}

impl Teller {
    /// `state` is the index of the state, `folder` is where the cursors are kept.
    pub fn new(
        alerts: watch::Receiver<Vec<Alert>>,
        polled: watch::Receiver<BTreeSet<String>>,
        sender: Sender,
        archive: Folder,
        state: PathBuf,
        folder: PathBuf,
        now: fn() -> Timestamp,
    ) -> (Self, Nudge) {
        let (nudge, disk) = watch::channel(None);
        let looking = Arc::new(Semaphore::new(1));
        let office = Office { polled, sender, archive, state, folder, disk, looking, now };
        (Self { alerts, office }, Nudge { disk: nudge })
    }

    /// Remembers where the archive ends now for alerts that have not told anything yet: what is kept
    /// from here on is theirs. Alerts that a reload brings are met at once.
    ///
    /// # Errors
    ///
    /// The state cannot be read, or a cursor not be stored.
    pub fn prepare(&self) -> anyhow::Result<()> {
        let Office { state, folder, now, .. } = &self.office;
        for alert in self.alerts.borrow().iter() {
            if cursor::load(folder, &alert.id, now())?.is_none() {
                let new = Cursor::new(Known::read(state, alert)?.end, now());
                cursor::store(folder, &alert.id, &new)?;
            }
        }
        Ok(())
    }

    /// Tells once what there is to tell, each alert for `patience` at the most. What was not taken by
    /// then is told the next time.
    pub async fn tell_now(self, patience: Duration) {
        let alerts = self.alerts.borrow().clone();
        let tell = async |alert: &Alert| {
            let mut courier = self.courier(&alert.id);
            match timeout(patience, courier.tell(alert)).await {
                Ok(Ok(None)) => {}
                Ok(Ok(Some(_))) | Err(_) => {
                    tracing::warn!(alert = %alert.id, "not all was told: the next pass tells the rest");
                }
                Ok(Err(error)) => {
                    tracing::error!(alert = %alert.id, "nothing can be told: {error:#}");
                }
            }
        };
        join_all(alerts.iter().map(tell)).await;
    }

    /// What tells by the alert of this id, for as long as there is one.
    pub(super) fn courier(&self, id: &str) -> Courier {
        Courier::new(id.to_owned(), self.alerts.clone(), self.office.clone())
    }

    /// Looks and tells, for ever: each alert by itself, so that none waits for the receiver of
    /// another. Dropped, it stops at once.
    pub async fn run(mut self) {
        let mut couriers = FuturesUnordered::new();
        let mut out = BTreeSet::new();
        loop {
            let ids: Vec<String> =
                self.alerts.borrow_and_update().iter().map(|alert| alert.id.clone()).collect();
            for id in ids {
                if out.insert(id.clone()) {
                    couriers.push(self.courier(&id).run());
                }
            }
            tokio::select! {
                // Its alert is gone, or was for a moment.
                Some(id) = couriers.next() => {
                    out.remove(&id);
                }
                Ok(()) = self.alerts.changed() => {}
                else => return,
            }
        }
    }
}
