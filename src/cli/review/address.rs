//! What became of an address: its record, or why there is none.

use anyhow::Context;
use jiff::Timestamp;
use serde::Serialize;

use super::turn;
use crate::{
    canonical_url::{CanonicalUrl, Host},
    config::Loaded,
    crawl,
    review::{Desk, Item},
    state::{Pending, Reject, State, StateError, Trouble, read_rejects},
};

pub(super) enum Found {
    /// Its newest record.
    Record(Box<Item>),
    /// The last word on an article that was not kept.
    Reject(Box<Reject>),
    /// Its page is still to be read.
    Waits(Box<Waiting>),
}

/// A page that is still to be read.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Waiting {
    pub(super) url: String,
    pub(super) feed_id: String,
    /// The headline as the feed gives it.
    pub(super) title: Option<String>,
    pub(super) first_seen_at: Timestamp,
    /// When it was last asked for, how often so far, and what came of it.
    pub(super) trouble: Option<Trouble>,
    /// Its host's turn comes then at the earliest; `None` where nobody knows.
    pub(super) next_at: Option<Timestamp>,
    /// What of its host it waits for, in words.
    pub(super) because: Option<String>,
}

impl Waiting {
    fn of(page: Pending, state: &State, now: Timestamp) -> Result<Self, StateError> {
        let host = page.host();
        let held = |of: &Host| state.holds(now).map(|held| held.into_iter().find(|it| it.0 == *of));
        let (mut next_at, mut because) = (Some(page.not_before), None);
        if let Some(robots) = state.robots(&host)?
            && let Some(since) = robots.unreachable_since()
        {
            next_at = next_at.max(Some(robots.expires()));
            because = Some(format!("its robots.txt cannot be reached since {since:.0}"));
        }
        if let Some((_, until)) = held(&host)?.filter(|(_, until)| Some(*until) > next_at) {
            (next_at, because) = (Some(until), Some("it is left alone".to_owned()));
        }
        if state.paused()?.contains(&host) {
            (next_at, because) = (None, Some("it is paused".to_owned()));
        }
        Ok(Self {
            trouble: state.trouble(page.id)?,
            url: page.url.into(),
            feed_id: page.feed_id,
            title: page.entry.title,
            first_seen_at: page.first_seen_at,
            next_at,
            because: because.map(|because| format!("{}: {because}", host.as_str())),
        })
    }
}

/// `None` where it is no address. What is known of one is asked of the archive, of the state, and of
/// the rejects.
///
/// # Errors
///
/// Nothing is known of it, or something cannot be read.
pub(super) fn find(
    loaded: &Loaded,
    desk: &Desk,
    address: &str,
    now: Timestamp,
) -> anyhow::Result<Option<Found>> {
    let Some(url) = CanonicalUrl::parse(address).ok().filter(|_| address.contains('/')) else {
        return Ok(None);
    };
    let newest = |item: Item| -> anyhow::Result<_> {
        let last = desk.index.versions(item.row).last().copied().unwrap_or(item.row);
        Ok(Some(Found::Record(Box::new(desk.index.item(last)?.unwrap_or(item)))))
    };
    if let Some(item) = desk.item(&crawl::record_id(&url.key, 1))? {
        return newest(item);
    }
    let folder = &loaded.paths.state;
    let state = turn::state(loaded)
        .with_context(|| format!("cannot read the state in {}", folder.display()))?;
    let mut waits = None;
    if let Some(state) = state {
        // The article may be known by another address, too.
        if let Some(known) = state.seen(&url.key)?.and_then(|seen| seen.known)
            && let Some(item) = desk.item(&known.record_id)?
        {
            return newest(item);
        }
        let page = state.pending_at(&url.key)?;
        waits = page.map(|page| Waiting::of(page, &state, now)).transpose()?;
    }
    let rejects = read_rejects(folder);
    let reject = rejects.filter(|reject| reject.url_key == url.key || reject.url == address).last();
    match (reject, waits) {
        (Some(reject), _) => Ok(Some(Found::Reject(Box::new(reject)))),
        (None, Some(waits)) => Ok(Some(Found::Waits(Box::new(waits)))),
        (None, None) => anyhow::bail!(
            "nothing is known of {}: it is neither in the archive nor among the rejects in {}",
            crate::cli::format::safe(address, 200),
            folder.display()
        ),
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use url::Url;

    use super::*;
    use crate::{politeness::Robots, schedule::PageId, source::Entry};

    #[test]
    fn a_page_that_waits_says_what_it_waits_for_and_until_when() {
        let now: Timestamp = "2022-01-13T08:00:00Z".parse().unwrap();
        let later = |minutes| now + SignedDuration::from_mins(minutes);
        let url = Url::parse("https://news.example/1").unwrap();
        let host = Host::of(&url);
        let state = State::in_memory().unwrap();
        let page = Pending {
            id: PageId(0),
            key: CanonicalUrl::parse(url.as_str()).unwrap().key,
            url,
            feed_id: "courier".to_owned(),
            entry: Entry::default(),
            first_seen_at: now,
            not_before: later(1),
            attempts: 0,
            revisit: false,
            tried_since: None,
        };
        let id = state.add_pending(&page).unwrap().unwrap();
        let waiting = || {
            let page = state.pending(id).unwrap().unwrap();
            Waiting::of(page, &state, now).unwrap()
        };
        let known = waiting();
        assert_eq!((known.trouble, known.next_at, known.because), (None, Some(later(1)), None));
        for error in ["connection refused", "HTTP 403"] {
            state.postpone(id, 0, later(2), error, now).unwrap();
        }
        let trouble = Trouble { tries: 2, error: "HTTP 403".to_owned(), at: now };
        assert_eq!((waiting().trouble, waiting().next_at), (Some(trouble), Some(later(2))));
        let robots = Robots::unreachable(None, now);
        state.put_robots(&host, &robots).unwrap();
        assert_eq!(waiting().next_at, Some(robots.expires()));
        assert!(waiting().because.unwrap().contains("robots.txt"));
        state.put_hold(&host, later(600)).unwrap();
        assert_eq!(waiting().next_at, Some(later(600)));
        state.pause(&host).unwrap();
        let because = Some("news.example: it is paused".to_owned());
        assert_eq!((waiting().next_at, waiting().because), (None, because));
    }
}
