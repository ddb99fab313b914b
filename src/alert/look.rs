//! What there is to tell by one alert, from its cursor, the archive and the state.

use std::{collections::BTreeMap, io, path::Path};

use anyhow::Context;
use jiff::Timestamp;

use super::{
    Alert, Every, On,
    cursor::Cursor,
    form::{Item, Message},
    news::{self, ITEMS},
};
use crate::{
    archive::{self, Position},
    crawl,
    jsonl::Folder,
    state::{FeedRow, State},
};

/// What there is to tell, and the cursor once it was told.
pub(super) type News = (Option<Message>, Cursor);

impl Cursor {
    /// What was kept before there was an alert is told to nobody.
    pub(super) fn new(known: &Known, now: Timestamp) -> Self {
        let place = known.end.map(|end| end.to_string());
        Self { place, since: now, feeds: BTreeMap::new(), disk: None, told: 0 }
    }
}

/// What the state says.
pub(super) struct Known {
    /// None where the alert is not on feeds.
    pub(super) feeds: Vec<FeedRow>,
    /// Where the part of the archive ends that is surely on the disk.
    end: Option<Position>,
}

impl Known {
    pub(super) fn read(path: &Path, alert: &Alert) -> anyhow::Result<Self> {
        let state = State::open_read_only(path).context("the state cannot be read")?;
        state.freeze()?;
        let end = crawl::checkpoint(&state)?.map(|checkpoint| checkpoint.end);
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
    Ok((None, cursor))
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
