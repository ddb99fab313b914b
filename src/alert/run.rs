//! Looks for what is to be told, beside the crawl, and tells it.
#![expect(clippy::disallowed_methods, reason = "shell: waits")]

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use anyhow::Context;
use jiff::{SignedDuration, Timestamp};
use tokio::{
    sync::{Notify, watch},
    task::spawn_blocking,
    time,
};

use super::{
    Alert, Every, On,
    cursor::{self, Cursor},
    form::{Item, Message},
    news::{self, ITEMS},
    send::Sender,
};
use crate::{
    archive::{self, Position},
    crawl,
    jsonl::Folder,
    politeness::backoff,
    state::{FeedRow, State},
};

/// How often there is a look without a nudge.
const LOOK: Duration = Duration::from_mins(1);
/// Nudges within this time are one: a poll brings its articles together.
const GATHER: Duration = Duration::from_secs(2);
/// The least pause after a message that was not taken, whatever the receiver says, doubled each time.
const LEAST_RETRY: SignedDuration = SignedDuration::from_secs(1);
/// The same where the receiver says nothing, doubled each time …
const FIRST_RETRY: SignedDuration = SignedDuration::from_secs(10);
/// … up to this.
const LONGEST_RETRY: SignedDuration = SignedDuration::from_hours(1);
/// A message that its receiver refuses as such so many times would keep all that come after it:
/// another one, without a word of anybody's, is sent in its place.
const REFUSALS: u32 = 3;

/// How the loop tells that something may be worth telling. Never waits.
#[derive(Debug, Clone)]
pub struct Nudge {
    notify: Arc<Notify>,
    disk: watch::Sender<Option<String>>,
}

impl Nudge {
    /// Something was kept, or a feed has failed.
    pub fn look(&self) {
        self.notify.notify_one();
    }

    /// What is wrong with the disk, if something is.
    pub fn disk(&self, trouble: Option<String>) {
        self.disk.send_replace(trouble);
        self.look();
    }
}

/// Tells people, until it is dropped.
pub struct Teller {
    alerts: watch::Receiver<Vec<Alert>>,
    /// The feeds that are polled: of others there is nothing to tell.
    polled: watch::Receiver<BTreeSet<String>>,
    sender: Sender,
    archive: Folder,
    /// The state's index.
    state: PathBuf,
    /// Where the cursors are kept.
    folder: PathBuf,
    /// Cursors that could not be stored, so that nothing is told twice where the disk is full.
    unstored: BTreeMap<String, Cursor>,
    notify: Arc<Notify>,
    disk: watch::Receiver<Option<String>>,
    pauses: BTreeMap<String, Pause>,
    now: fn() -> Timestamp,
}

/// An alert whose last message was not taken.
#[derive(Debug, Clone, Copy)]
struct Pause {
    failures: u32,
    refusals: u32,
    until: Timestamp,
}

/// What there is to tell, and the cursor once it was told.
type News = (Option<Message>, Cursor);

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
        let notify = Arc::new(Notify::new());
        let (disk, trouble) = watch::channel(None);
        let nudge = Nudge { notify: Arc::clone(&notify), disk };
        let teller = Self {
            alerts,
            polled,
            sender,
            archive,
            state,
            folder,
            unstored: BTreeMap::new(),
            notify,
            disk: trouble,
            pauses: BTreeMap::new(),
            now,
        };
        (teller, nudge)
    }

    /// Remembers where the archive ends now for alerts that have not told anything yet: what is kept
    /// from here on is theirs. Alerts that a reload brings are met at the next look.
    ///
    /// # Errors
    ///
    /// The state cannot be read, or a cursor not be stored.
    pub fn prepare(&self) -> anyhow::Result<()> {
        for alert in self.alerts.borrow().iter() {
            if cursor::load(&self.folder, &alert.id)?.is_none() {
                let new = Cursor::new(&Known::read(&self.state)?, (self.now)());
                cursor::store(&self.folder, &alert.id, &new)?;
            }
        }
        Ok(())
    }

    /// Looks and tells, for ever.
    pub async fn run(mut self) {
        loop {
            let alerts = self.alerts.borrow_and_update().clone();
            let mut again = LOOK;
            for alert in &alerts {
                match self.tell(alert).await {
                    Ok(None) => {}
                    Ok(Some(wait)) => again = again.min(wait),
                    Err(error) => {
                        tracing::error!(alert = %alert.id, "nothing can be told: {error:#}");
                    }
                }
            }
            tokio::select! {
                () = self.notify.notified() => time::sleep(GATHER).await,
                () = time::sleep(again) => {}
            }
        }
    }

    /// Tells all there is to tell by one alert. Gives when to try again, where a message was not
    /// taken.
    pub(super) async fn tell(&mut self, alert: &Alert) -> anyhow::Result<Option<Duration>> {
        loop {
            let now = (self.now)();
            if let Some(pause) = self.pauses.get(&alert.id)
                && pause.until > now
            {
                let wait = pause.until.duration_since(now);
                return Ok(Some(Duration::try_from(wait).unwrap_or_default()));
            }
            let (before, news) = self.look(alert, now).await?;
            let Some((message, after)) = news else { return Ok(None) };
            if let Some(message) = &message {
                if let Err(error) = self.send(alert, message).await {
                    self.pause(alert, &error, now);
                    continue;
                }
                self.pauses.remove(&alert.id);
            }
            if before.as_ref() != Some(&after) {
                self.store(alert, after).await?;
            }
            if message.is_none() {
                return Ok(None);
            }
        }
    }

    /// Sends a message, or, where that was refused time and again, one that says no more than that
    /// there is something.
    async fn send(&self, alert: &Alert, message: &Message) -> Result<(), super::SendError> {
        let refusals = self.pauses.get(&alert.id).map_or(0, |pause| pause.refusals);
        if refusals < REFUSALS {
            self.sender.send(&alert.way, message).await?;
            tracing::info!(alert = %alert.id, items = message.items.len(), "told");
            return Ok(());
        }
        let bare = news::refused(alert, message);
        self.sender.send(&alert.way, &bare).await?;
        tracing::error!(
            alert = %alert.id,
            subject = %message.subject,
            "a message was refused time and again: only that there is one was told"
        );
        Ok(())
    }

    async fn store(&mut self, alert: &Alert, cursor: Cursor) -> anyhow::Result<()> {
        let (folder, id, copy) = (self.folder.clone(), alert.id.clone(), cursor.clone());
        let stored = spawn_blocking(move || cursor::store(&folder, &id, &copy)).await?;
        match stored {
            Ok(()) => {
                self.unstored.remove(&alert.id);
                Ok(())
            }
            Err(error) if self.unstored.insert(alert.id.clone(), cursor).is_none() => Err(error)
                .context("the cursor cannot be stored: what is told now may be told again"),
            Err(_) => Ok(()),
        }
    }

    /// Notes that a message was not taken.
    fn pause(&mut self, alert: &Alert, error: &super::SendError, now: Timestamp) {
        let before = self.pauses.get(&alert.id);
        let failures = before.map_or(0, |pause| pause.failures) + 1;
        let refusals = before.map_or(0, |pause| pause.refusals) + u32::from(error.is_of_message());
        let backoff = |first| backoff::delay(first, failures, &alert.id).min(LONGEST_RETRY);
        let wait = match error.retry_after() {
            Some(asked) => asked.max(backoff(LEAST_RETRY)),
            None => backoff(FIRST_RETRY),
        };
        self.pauses.insert(alert.id.clone(), Pause::of(failures, refusals, wait, now));
        let cause = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
        tracing::warn!(
            alert = %alert.id,
            failures,
            cause,
            "a message was not taken, and is sent again in {wait:#}: {error}"
        );
    }

    /// The stored cursor of an alert, and what there is to tell behind it.
    async fn look(
        &self,
        alert: &Alert,
        now: Timestamp,
    ) -> anyhow::Result<(Option<Cursor>, Option<News>)> {
        let trouble = self.disk.borrow().clone();
        let (alert, archive) = (alert.clone(), self.archive.clone());
        let (state, folder) = (self.state.clone(), self.folder.clone());
        let (unstored, polled) = (self.unstored.get(&alert.id).cloned(), self.polled.clone());
        // Of many items one may be what is refused: the others must not wait for it.
        let is_refused = self.pauses.get(&alert.id).is_some_and(|pause| pause.refusals > 0);
        let most = if is_refused { 1 } else { ITEMS };
        spawn_blocking(move || {
            let stored = cursor::load(&folder, &alert.id).context("its cursor cannot be read")?;
            let mut known = Known::read(&state)?;
            known.feeds.retain(|feed| polled.borrow().contains(&feed.id));
            let cursor = unstored.or_else(|| stored.clone());
            let cursor = cursor.unwrap_or_else(|| Cursor::new(&known, now));
            let mut news = look(&alert, &archive, &known, trouble, cursor, most, now)?;
            if let Some((Some(message), after)) = &mut news {
                message.number(after.told);
                after.told += 1;
            }
            Ok((stored, news))
        })
        .await?
    }
}

impl Cursor {
    /// What was kept before there was an alert is told to nobody.
    fn new(known: &Known, now: Timestamp) -> Self {
        let place = known.end.map(|end| end.to_string());
        Self { place, since: now, feeds: BTreeMap::new(), disk: None, told: 0 }
    }
}

impl Pause {
    fn of(failures: u32, refusals: u32, wait: SignedDuration, now: Timestamp) -> Self {
        let until = now.checked_add(wait).unwrap_or(Timestamp::MAX);
        Self { failures, refusals, until }
    }
}

/// What the state says.
struct Known {
    feeds: Vec<FeedRow>,
    /// Where the part of the archive ends that is surely on the disk.
    end: Option<Position>,
}

impl Known {
    fn read(path: &std::path::Path) -> anyhow::Result<Self> {
        let state = State::open_read_only(path).context("the state cannot be read")?;
        state.freeze()?;
        let end = crawl::checkpoint(&state)?.map(|checkpoint| checkpoint.end);
        Ok(Self { feeds: state.feeds()?, end })
    }
}

/// The first of what is to be told; `None` where there is nothing, and nothing to remember.
fn look(
    alert: &Alert,
    archive: &Folder,
    known: &Known,
    trouble: Option<String>,
    mut cursor: Cursor,
    most: usize,
    now: Timestamp,
) -> anyhow::Result<Option<News>> {
    if alert.on.contains(&On::Disk)
        && let Some(message) = news::disk(alert, cursor.disk.as_ref(), trouble.as_ref())
    {
        cursor.disk = trouble;
        return Ok(Some((Some(message), cursor)));
    }
    if alert.on.contains(&On::Feed) {
        let (message, told) = news::feeds(alert, &known.feeds, &cursor.feeds, now);
        if message.is_some() || told != cursor.feeds {
            cursor.feeds = told;
            return Ok(Some((message, cursor)));
        }
    }
    if alert.on.contains(&On::Article) && news::is_due(alert.every, cursor.since, now) {
        let (items, more) = gather(alert, archive, known.end, most, &mut cursor)?;
        cursor.since = if alert.every == Every::Now { cursor.since } else { now };
        let message = (!items.is_empty()).then(|| news::articles(alert, items, more));
        return Ok(Some((message, cursor)));
    }
    Ok(Some((None, cursor)))
}

/// Articles between the cursor, which moves, and the end of what is surely on the disk: of a digest
/// all, else `most`.
fn gather(
    alert: &Alert,
    archive: &Folder,
    end: Option<Position>,
    most: usize,
    cursor: &mut Cursor,
) -> anyhow::Result<(Vec<Item>, usize)> {
    let start = cursor.place.as_deref().and_then(|place| place.parse::<Position>().ok());
    let (mut items, mut more) = (Vec::new(), 0);
    for line in archive::read_from(archive, start).context("the archive cannot be read")? {
        let line = match line {
            Ok(line) => line,
            // The rest of the archive is told of all the same; `archive verify` finds the damage.
            Err(archive::ReadError::Damaged(damage)) => {
                tracing::warn!(alert = %alert.id, %damage, "a line is passed over");
                continue;
            }
            Err(error @ archive::ReadError::Io { .. }) => {
                return Err(io::Error::other(error).into());
            }
        };
        if end.is_none_or(|end| line.position >= end) {
            break;
        }
        if alert.every == Every::Now && items.len() == most {
            break;
        }
        cursor.place = Some(line.checkpoint().end.to_string());
        match line.record() {
            Ok(record) if news::is_news(&record) && items.len() < ITEMS => {
                items.push(Item::article(&record));
            }
            Ok(record) => more += usize::from(news::is_news(&record)),
            Err(error) => tracing::warn!(alert = %alert.id, "a line is passed over: {error}"),
        }
    }
    Ok((items, more))
}
