//! What there is to tell: pure. What was told before, and what is known now, in; a message out.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::{
    Alert, Every,
    form::{Item, Message, Topic},
};
use crate::{
    archive::{Record, RecordType},
    dedup,
    state::FeedRow,
    text::clean_line,
};

/// Most items of a message.
pub(super) const ITEMS: usize = 25;

/// Whether a record is news: neither a copy of another nor a new revision.
pub(super) fn is_news(record: &Record) -> bool {
    record.record_type == RecordType::Article
        && matches!(record.duplicate_class, None | Some(dedup::Class::New | dedup::Class::Excerpt))
}

/// Whether it is time for a digest that was last closed at `since`.
pub(super) fn is_due(every: Every, since: Timestamp, now: Timestamp) -> bool {
    let length = match every {
        Every::Now => return true,
        Every::Hour => SignedDuration::from_hours(1),
        Every::Day => SignedDuration::from_hours(24),
    };
    let period = |at: Timestamp| at.as_second().div_euclid(length.as_secs());
    // A digest that was closed under a clock that went ahead holds up none.
    period(now) != period(since)
}

pub(super) fn articles(alert: &Alert, items: Vec<Item>, more: usize) -> Message {
    let subject = match items.as_slice() {
        [only] if more == 0 => only.title.clone(),
        _ => format!("{} new articles", items.len() + more),
    };
    message(alert, Topic::Articles, &subject, items, more)
}

/// What is wrong with a feed, in a word and in a line.
fn health(feed: &FeedRow, failures: u32, now: Timestamp) -> Option<(&'static str, String)> {
    let FeedRow { id, state, .. } = feed;
    if state.gone {
        return Some(("gone", format!("The feed {id} is gone: its server says so (410)")));
    }
    if state.failures >= failures {
        let error = state.last_error.as_deref().unwrap_or("no reason is known");
        let times = state.failures;
        return Some((
            "failing",
            format!("The feed {id} has failed {times} times in a row: {error}"),
        ));
    }
    if state.is_stale(now) {
        let last = state.last_new_at.map(|at| at.strftime("%Y-%m-%d").to_string());
        let last = last.unwrap_or_default();
        return Some(("stale", format!("The feed {id} has brought nothing new since {last}")));
    }
    None
}

/// What is told of feeds, and what is then known to have been told of each.
pub(super) fn feeds(
    alert: &Alert,
    feeds: &[FeedRow],
    told: &BTreeMap<String, String>,
    now: Timestamp,
) -> (Option<Message>, BTreeMap<String, String>) {
    let mut lines = Vec::new();
    let mut next = BTreeMap::new();
    for feed in feeds {
        let before = told.get(&feed.id);
        match health(feed, alert.failures, now) {
            Some((word, line)) => {
                if before.is_none_or(|before| before != word) {
                    lines.push(line);
                }
                next.insert(feed.id.clone(), word.to_owned());
            }
            // One failure less than told of is no recovery.
            None if feed.state.failures > 0 && before.is_some() => {
                next.extend(before.map(|before| (feed.id.clone(), before.clone())));
            }
            None if before.is_some() => lines.push(format!("The feed {} is well again", feed.id)),
            None => {}
        }
    }
    let subject = match lines.as_slice() {
        [] => return (None, next),
        [only] => only.clone(),
        _ => format!("{} feeds need a look or are well again", lines.len()),
    };
    let more = lines.len().saturating_sub(ITEMS);
    lines.truncate(ITEMS);
    let items = lines.into_iter().map(Item::line).collect();
    (Some(message(alert, Topic::Feeds, &subject, items, more)), next)
}

/// What is told of the disk.
pub(super) fn disk(
    alert: &Alert,
    told: Option<&String>,
    trouble: Option<&String>,
) -> Option<Message> {
    let line = match (told, trouble) {
        (None, Some(trouble)) => format!("Nothing is fetched until there is room: {trouble}"),
        (Some(_), None) => "There is room on the disk again: the work goes on".to_owned(),
        _ => return None,
    };
    Some(message(alert, Topic::Disk, &line.clone(), vec![Item::line(line)], 0))
}

/// What is sent in the place of a message that its receiver will not have: nothing of what a stranger
/// wrote is in it.
pub(super) fn refused(alert: &Alert, message: &Message) -> Message {
    let count = message.items.len() + message.more;
    let what = match message.about {
        Topic::Articles if count == 1 => "a new article".to_owned(),
        Topic::Articles => format!("{count} new articles"),
        Topic::Feeds => "the state of feeds".to_owned(),
        Topic::Disk => "the disk".to_owned(),
        Topic::Test => "a test".to_owned(),
    };
    let subject = format!("A message of newswatch about {what} was refused here");
    let ids = message.items.iter().filter_map(|item| item.id.as_deref());
    let items = ids.map(|id| Item::line(format!("newswatch archive show {id}"))).collect();
    Message { id: message.id.clone(), ..self::message(alert, message.about, &subject, items, 0) }
}

/// A message whose id follows from what it says, of which nothing is a control character or turns
/// the writing round.
pub(super) fn message(
    alert: &Alert,
    about: Topic,
    subject: &str,
    mut items: Vec<Item>,
    more: usize,
) -> Message {
    let subject = clean_line(subject);
    items.iter_mut().for_each(Item::clean);
    let mut hasher = blake3::Hasher::new();
    for text in [&alert.id, &subject] {
        hasher.update(text.as_bytes()).update(&[0]);
    }
    for item in &items {
        hasher.update(item.id.as_ref().unwrap_or(&item.title).as_bytes()).update(&[0]);
    }
    let id = hasher.finalize().to_hex().chars().take(24).collect();
    Message { alert: alert.id.clone(), about, subject, items, more, id }
}
