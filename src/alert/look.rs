//! What there is to tell by one alert, from its cursor, the archive and the state.

use std::path::Path;

use anyhow::Context;
use jiff::Timestamp;

use super::{
    Alert, Every, On,
    cursor::Cursor,
    form::{Item, Message},
    news::{self, ITEMS},
    place::untold,
};
use crate::{
    archive::{Checkpoint, ReadError},
    crawl,
    jsonl::Folder,
    state::{FeedRow, State},
};

/// What there is to tell, and the cursor once it was told.
pub(super) type News = (Option<Message>, Cursor);

/// What the state says.
pub(super) struct Known {
    /// None where the alert is not on feeds.
    pub(super) feeds: Vec<FeedRow>,
    /// Where the part of the archive ends that is surely on the disk.
    pub(super) end: Option<Checkpoint>,
}

impl Known {
    pub(super) fn read(path: &Path, alert: &Alert) -> anyhow::Result<Self> {
        let state = State::open_read_only(path).context("the state cannot be read")?;
        state.freeze()?;
        let end = crawl::checkpoint(&state)?;
        let feeds = if alert.on.contains(&On::Feed) { state.feeds()? } else { Vec::new() };
        Ok(Self { feeds, end })
    }
}

/// The first of what is to be told.
pub(super) fn look(
    alert: &Alert,
    archive: &Folder,
    known: &Known,
    trouble: Option<String>,
    mut cursor: Cursor,
    most: usize,
    now: Timestamp,
) -> anyhow::Result<News> {
    if alert.on.contains(&On::Disk)
        && let Some(message) = news::disk(alert, cursor.disk.as_ref(), trouble.as_ref())
    {
        cursor.disk = trouble;
        return Ok((Some(message), cursor));
    }
    if alert.on.contains(&On::Feed) {
        let (message, told) = news::feeds(alert, &known.feeds, &cursor.feeds, now);
        if message.is_some() || told != cursor.feeds {
            cursor.feeds = told;
            return Ok((message, cursor));
        }
    }
    if alert.on.contains(&On::Article) && news::is_due(alert.every, cursor.since, now) {
        let (items, more) = gather(alert, archive, known.end, most, &mut cursor)?;
        cursor.since = if alert.every == Every::Now { cursor.since } else { now };
        let message = (!items.is_empty()).then(|| news::articles(alert, items, more));
        return Ok((message, cursor));
    }
    if let (false, Some(end)) = (alert.on.contains(&On::Article), known.end) {
        // Whoever comes to be told of articles is told of those that are kept from then on.
        cursor.move_to(end);
    }
    Ok((None, cursor))
}

/// Articles between the cursor, which moves, and the end of what is surely on the disk: of a digest
/// all, else `most`.
fn gather(
    alert: &Alert,
    archive: &Folder,
    end: Option<Checkpoint>,
    most: usize,
    cursor: &mut Cursor,
) -> anyhow::Result<(Vec<Item>, usize)> {
    let (mut items, mut more) = (Vec::new(), 0);
    let Some(end) = end.filter(|end| !cursor.is_at(*end)) else { return Ok((items, more)) };
    for line in untold(archive, cursor, end, &alert.id)? {
        let line = match line {
            Ok(line) => line,
            // The rest of the archive is told of all the same; `archive verify` finds the damage.
            Err(ReadError::Damaged(damage)) => {
                tracing::warn!(alert = %alert.id, %damage, "a line is passed over");
                continue;
            }
            Err(error @ (ReadError::Io { .. } | ReadError::Dropped { .. })) => {
                return Err(error.into());
            }
        };
        if line.position >= end.end {
            break;
        }
        if alert.every == Every::Now && items.len() == most {
            return Ok((items, more));
        }
        cursor.move_to(line.checkpoint());
        let record = match line.record() {
            Ok(record) => record,
            Err(error) => {
                tracing::warn!(alert = %alert.id, "a line is passed over: {error}");
                continue;
            }
        };
        cursor.reach(record.fetched_at);
        if news::is_news(&record) && items.len() < ITEMS {
            items.push(Item::article(&record));
        } else {
            more += usize::from(news::is_news(&record));
        }
    }
    cursor.move_to(end);
    Ok((items, more))
}
