//! Tells by one alert what there is to tell, one message at a time.
#![expect(clippy::disallowed_methods, reason = "shell: waits")]

use std::time::Duration;

use anyhow::Context;
use jiff::{SignedDuration, Timestamp};
use tokio::{sync::watch, task::spawn_blocking, time};

use super::{
    Alert, SendError,
    cursor::{self, Cursor},
    delivery::Delivery,
    form::Message,
    look::{self, Known, News},
    news::{self, ITEMS},
    run::Office,
};
use crate::{politeness::backoff, text::clean_line};

/// How often there is a look without a nudge.
const LOOK: Duration = Duration::from_mins(1);
/// Nudges within this time are one: a poll brings its articles together.
const GATHER: Duration = Duration::from_secs(2);
/// The least pause after a message that was not taken, whatever the receiver says, doubled each time.
const LEAST_RETRY: SignedDuration = SignedDuration::from_secs(1);
/// The same where the receiver says nothing, doubled each time …
const FIRST_RETRY: SignedDuration = SignedDuration::from_secs(10);
/// … up to this, whatever the receiver says.
const LONGEST_RETRY: SignedDuration = SignedDuration::from_hours(1);
/// A message that its receiver refuses as such so many times would keep all that come after it:
/// another one, without a word of anybody's, is sent in its place.
const REFUSALS: u32 = 3;

pub(super) struct Courier {
    id: String,
    alerts: watch::Receiver<Vec<Alert>>,
    office: Office,
    /// What was last told by.
    known_as: Option<Alert>,
    /// A cursor that could not be stored, so that nothing is told twice where the disk is full.
    unstored: Option<Cursor>,
    /// The last message was not taken.
    pause: Option<Pause>,
    /// What is known of how messages arrive, once that was looked at.
    delivery: Option<Delivery>,
}

/// After a message that was not taken.
#[derive(Debug, Clone, Copy)]
struct Pause {
    failures: u32,
    refusals: u32,
    until: Timestamp,
}

impl Courier {
    pub(super) fn new(id: String, alerts: watch::Receiver<Vec<Alert>>, office: Office) -> Self {
        Self { id, alerts, office, known_as: None, unstored: None, pause: None, delivery: None }
    }

    /// Looks and tells until there is no such alert any more. Gives its id back.
    pub(super) async fn run(mut self) -> String {
        while let Some(alert) = self.alert() {
            let again = match self.tell(&alert).await {
                Ok(again) => again.unwrap_or(LOOK).min(LOOK),
                Err(error) => {
                    tracing::error!(alert = %self.id, "nothing can be told: {error:#}");
                    LOOK
                }
            };
            tokio::select! {
                Ok(()) = self.office.disk.changed() => time::sleep(GATHER).await,
                Ok(()) = self.alerts.changed() => {}
                () = time::sleep(again) => {}
            }
        }
        self.id
    }

    /// The alert as it is configured now.
    fn alert(&mut self) -> Option<Alert> {
        let alerts = self.alerts.borrow_and_update();
        alerts.iter().find(|alert| alert.id == self.id).cloned()
    }

    /// Tells all there is to tell. Gives when to try again, where a message was not taken or the
    /// configuration changed meanwhile.
    pub(super) async fn tell(&mut self, alert: &Alert) -> anyhow::Result<Option<Duration>> {
        let told = self.tell_all(alert).await;
        let now = (self.office.now)();
        match &told {
            Ok(None) => self.note(now, |known, _| known.settled()).await,
            Ok(Some(_)) => {}
            Err(error) => {
                let again = SignedDuration::try_from(LOOK).unwrap_or_default();
                let next = now.checked_add(again).unwrap_or(now);
                let error = clean_line(&format!("nothing can be told: {error:#}"));
                self.note(now, |known, now| known.failed(error, next, now)).await;
            }
        }
        told
    }

    async fn tell_all(&mut self, alert: &Alert) -> anyhow::Result<Option<Duration>> {
        if self.known_as.as_ref() != Some(alert) {
            // What was mended is not kept waiting for its faults.
            self.pause = None;
            self.known_as = Some(alert.clone());
        }
        loop {
            let now = (self.office.now)();
            let wait = self.pause.map(|pause| pause.until.duration_since(now));
            // A longer one was begun under a clock that has been set back since.
            if let Some(wait) = wait.filter(|wait| wait.is_positive() && *wait <= LONGEST_RETRY) {
                return Ok(Some(Duration::try_from(wait).unwrap_or_default()));
            }
            let (before, news) = self.look(alert, now).await?;
            let (message, after) = news;
            if let Some(message) = &message {
                if let Err(error) = self.send(alert, message).await {
                    self.pause(&error).await;
                    continue;
                }
                self.pause = None;
                self.note((self.office.now)(), |_, now| Delivery::taken(now)).await;
            }
            if before.as_ref() != Some(&after) {
                self.store(after).await?;
            }
            if message.is_none() {
                return Ok(None);
            }
            if self.alerts.has_changed().unwrap_or_default() {
                return Ok(Some(Duration::ZERO));
            }
        }
    }

    /// Sends a message, or, where that was refused time and again, one that says no more than that
    /// there is something.
    async fn send(&self, alert: &Alert, message: &Message) -> Result<(), SendError> {
        let sender = &self.office.sender;
        if self.pause.is_none_or(|pause| pause.refusals < REFUSALS) {
            sender.send(&alert.way, message).await?;
            tracing::info!(alert = %alert.id, items = message.items.len(), "told");
            return Ok(());
        }
        let bare = news::refused(alert, message);
        sender.send(&alert.way, &bare).await?;
        tracing::error!(
            alert = %alert.id,
            subject = %message.subject,
            "a message was refused time and again: only that there is one was told"
        );
        Ok(())
    }

    async fn store(&mut self, cursor: Cursor) -> anyhow::Result<()> {
        let (folder, id, copy) = (self.office.folder.clone(), self.id.clone(), cursor.clone());
        let stored = spawn_blocking(move || cursor::store(&folder, &id, &copy)).await?;
        match stored {
            Ok(()) => {
                self.unstored = None;
                Ok(())
            }
            Err(error) if self.unstored.replace(cursor).is_none() => Err(error)
                .context("the cursor cannot be stored: what is told now may be told again"),
            Err(_) => Ok(()),
        }
    }

    /// Notes that a message was not taken. The receiver may have kept it for long: the pause begins
    /// now.
    async fn pause(&mut self, error: &SendError) {
        let failures = self.pause.map_or(0, |pause| pause.failures) + 1;
        let refusals = self.pause.map_or(0, |pause| pause.refusals);
        let refusals = refusals + u32::from(error.is_of_message());
        let backoff = |first| backoff::delay(first, failures, &self.id);
        let wait = match error.retry_after() {
            Some(asked) => asked.max(backoff(LEAST_RETRY)),
            None => backoff(FIRST_RETRY),
        };
        let wait = wait.min(LONGEST_RETRY);
        let until = (self.office.now)().checked_add(wait).unwrap_or(Timestamp::MAX);
        self.pause = Some(Pause { failures, refusals, until });
        let cause = std::error::Error::source(error);
        let cause = cause.map(|cause| format!(": {cause}")).unwrap_or_default();
        let error = clean_line(&format!("{error}{cause}"));
        tracing::warn!(
            alert = %self.id,
            failures,
            "a message was not taken, and is sent again in {:#}: {error}",
            SignedDuration::from_secs(wait.as_secs().max(1)),
        );
        self.note((self.office.now)(), |known, now| known.failed(error, until, now)).await;
    }

    /// Keeps how the messages arrive, for those who ask. Where it cannot be kept they are told by the
    /// log alone.
    async fn note(&mut self, now: Timestamp, next: impl FnOnce(&Delivery, Timestamp) -> Delivery) {
        let (folder, id) = (self.office.folder.clone(), self.id.clone());
        let known = if let Some(known) = self.delivery.take() {
            known
        } else {
            let (folder, id) = (folder.clone(), id.clone());
            spawn_blocking(move || Delivery::read(&folder, &id)).await.unwrap_or_default()
        };
        let next = next(&known, now);
        self.delivery = Some(next.clone());
        if next == known {
            return;
        }
        let stored = spawn_blocking(move || next.store(&folder, &id)).await;
        if let Ok(Err(error)) = stored {
            tracing::debug!(alert = %self.id, %error, "how messages arrive cannot be stored");
        }
    }

    /// The stored cursor, and what there is to tell behind it.
    async fn look(&self, alert: &Alert, now: Timestamp) -> anyhow::Result<(Option<Cursor>, News)> {
        let _one_at_a_time = self.office.looking.clone().acquire_owned().await?;
        let trouble = self.office.disk.borrow().clone();
        let (alert, office, unstored) = (alert.clone(), self.office.clone(), self.unstored.clone());
        // Of many items one may be what is refused: the others must not wait for it.
        let is_refused = self.pause.is_some_and(|pause| pause.refusals > 0);
        let most = if is_refused { 1 } else { ITEMS };
        spawn_blocking(move || {
            let stored = cursor::load(&office.folder, &alert.id, now)?;
            let mut known = Known::read(&office.state, &alert)?;
            known.feeds.retain(|feed| office.polled.borrow().contains(&feed.id));
            let cursor = unstored.or_else(|| stored.clone());
            let cursor = cursor.unwrap_or_else(|| Cursor::new(known.end, now));
            let mut news = look::look(&alert, &office.archive, &known, trouble, cursor, most, now)?;
            if let (Some(message), after) = &mut news {
                message.number(after.told);
                after.told += 1;
            }
            Ok((stored, news))
        })
        .await?
    }
}
