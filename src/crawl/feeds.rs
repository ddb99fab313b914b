//! Which feeds there are: another configuration, and what is asked for by hand.

use std::{collections::BTreeMap, sync::Arc};

use jiff::{SignedDuration, Timestamp};

use super::{Crawl, Feed, Rules, Settings};
use crate::{
    canonical_url::Host,
    schedule::{FeedIx, FeedState, Job, NotReady},
    state::{Pending, StateError},
};

/// A configuration that was checked and is to be taken.
#[derive(Debug)]
pub struct Reloaded {
    pub feeds: Vec<Feed>,
    pub rules: Rules,
    pub settings: Settings,
}

impl Crawl {
    /// What is known of a feed, with a time for its first poll.
    pub(super) fn placed(&self, feed: &Feed, now: Timestamp) -> Result<FeedState, StateError> {
        let mut state = self.feed_state(feed)?;
        if !state.is_of(&feed.url) {
            // Another address under the same name: what was learned of the old one does not hold.
            state = FeedState::new(&feed.url);
        }
        state.place_first(&feed.id, &feed.cadence, now);
        Ok(state)
    }

    /// Keeps what records say of a feed, for those of its pages that wait when it leaves the
    /// configuration.
    pub(super) fn note_feed(&self, feed: &Feed) -> Result<(), StateError> {
        self.state.put_note(&note_of(&feed.id), feed)
    }

    /// The feed that announced a page.
    pub(super) fn feed_of(&self, pending: &Pending) -> Result<Feed, StateError> {
        if let Some(feed) = self.by_id.get(&pending.feed_id).and_then(|ix| self.feeds.get(*ix)) {
            return Ok(feed.clone());
        }
        let noted = self.state.note(&note_of(&pending.feed_id))?;
        Ok(noted.unwrap_or_else(|| Feed::gone(pending)))
    }

    pub(super) fn add_feed(&mut self, feed: Feed, state: &FeedState, now: Timestamp) {
        let parts: Vec<(Host, u32)> = state
            .parts
            .iter()
            .filter(|part| part.waiting)
            .map(|part| (Host::of(&part.url), part.id))
            .collect();
        let ix = self.schedule.add_feed(state.address(&feed.url), state.next_at);
        if state.was_answered() {
            self.schedule.was_well(ix);
        }
        for (host, part) in parts {
            self.schedule.put_back(&host, Job::Part(ix, part), now);
        }
        self.ends.put(ix, &feed.url, state.leads_to.as_deref().cloned());
        self.by_id.insert(feed.id.clone(), self.feeds.len());
        self.feeds.push(feed);
    }

    /// Writes what another configuration changes in the state, all of it or nothing:
    /// [`Self::reconfigure`] writes nothing any more.
    pub fn prepare(&self, new: &Reloaded, now: Timestamp) -> Result<(), StateError> {
        self.in_transaction(|| {
            new.feeds.iter().try_for_each(|feed| {
                self.note_feed(feed)?;
                let known = self.by_id.get(&feed.id).and_then(|place| self.feeds.get(*place));
                let state = match known.filter(|known| known.url == feed.url) {
                    None => self.placed(feed, now)?,
                    Some(known) if known.cadence == feed.cadence => return Ok(()),
                    Some(_) => {
                        let mut state = self.feed_state(feed)?;
                        let latest = latest_poll(feed, now);
                        if state.failures > 0 || state.next_at.is_none_or(|at| at <= latest) {
                            return Ok(());
                        }
                        state.next_at = Some(latest);
                        state
                    }
                };
                self.state.put_feed(&feed.id, &state)
            })
        })
    }

    /// Takes another configuration, for which the state was prepared: feeds that stay keep all that
    /// was learned of them, and nothing that is in flight or waits is lost.
    pub fn reconfigure(&mut self, new: Reloaded, now: Timestamp) -> Result<(), StateError> {
        let staying: BTreeMap<&str, &Feed> =
            new.feeds.iter().map(|feed| (feed.id.as_str(), feed)).collect();
        let stays = |feed: &Feed| staying.get(&*feed.id).is_some_and(|new| new.url == feed.url);
        let known = self.by_id.values().copied();
        let gone: Vec<FeedIx> = known
            .filter(|place| self.feeds.get(*place).is_some_and(|feed| !stays(feed)))
            .map(FeedIx::of)
            .collect();
        for ix in gone {
            self.schedule.remove_feed(ix);
            if let Some(feed) = self.feeds.get(ix.get()) {
                self.by_id.remove(&feed.id);
                self.ends.remove(ix, &feed.url);
            }
        }
        self.rules = Arc::new(new.rules);
        self.schedule.set_rest(new.settings.rest.clone());
        self.settings = new.settings;
        for feed in new.feeds {
            let Some(place) = self.by_id.get(&feed.id).copied() else {
                let state = self.placed(&feed, now)?;
                self.add_feed(feed, &state, now);
                continue;
            };
            if self.feeds.get(place).is_some_and(|old| old.cadence != feed.cadence) {
                self.set_cadence(place, &feed, now)?;
            }
            if let Some(old) = self.feeds.get_mut(place) {
                *old = feed;
            }
        }
        Ok(())
    }

    /// A feed's cadence was changed: it counts from the next poll on, and where the feed would now
    /// wait longer than its ceiling it waits no longer than that.
    fn set_cadence(&mut self, place: usize, feed: &Feed, now: Timestamp) -> Result<(), StateError> {
        if self.feed_state(feed)?.failures == 0 {
            self.schedule.bring_forward(FeedIx::of(place), latest_poll(feed, now));
        }
        Ok(())
    }

    /// Makes one pass of it: the feeds that are due (never polled ones are) are polled once, and no
    /// others; with `chosen`, only that one, due or not. Gives how many will be.
    pub fn only_once(&mut self, chosen: Option<&str>, now: Timestamp) -> Result<usize, StateError> {
        self.schedule.only_once();
        let mut due = 0;
        for (id, place) in &self.by_id {
            let is_due = if let Some(chosen) = chosen {
                id == chosen
            } else {
                let state = self.state.feed(id)?.map(|row| row.state).unwrap_or_default();
                let never = state.last_poll_at.is_none() && !state.gone;
                never || state.next_at.is_some_and(|at| at <= now)
            };
            if is_due {
                self.schedule.poll_now(FeedIx::of(*place), now);
                due += 1;
            }
        }
        Ok(due)
    }

    /// Makes a feed due. Gives when its host may be asked; `None` where there is no such feed.
    pub fn poll_now(&mut self, id: &str, now: Timestamp) -> Option<Timestamp> {
        let ix = FeedIx::of(*self.by_id.get(id)?);
        self.schedule.poll_now(ix, now);
        self.schedule.host_ready_at(ix)
    }

    /// The host of a feed where it is paused.
    pub fn paused_host(&self, id: &str) -> Option<&Host> {
        self.schedule.paused_host(FeedIx::of(*self.by_id.get(id)?))
    }

    /// Leaves a host to somebody else for so long, if it may be asked now.
    pub fn lend(
        &mut self,
        host: &Host,
        time: SignedDuration,
        now: Timestamp,
    ) -> Result<Result<(), NotReady>, StateError> {
        // As before a poll.
        if let Some(known) = self.state.robots(host)? {
            self.schedule.set_crawl_delay(host, known.crawl_delay());
        }
        Ok(self.schedule.lend(host, time, now))
    }

    /// Asks nothing of a host until it is resumed. Outlasts a restart.
    pub fn pause(&mut self, host: &Host) -> Result<(), StateError> {
        self.state.pause(host)?;
        self.schedule.pause(host);
        Ok(())
    }

    /// Of a host that no feed and no page is at, nor was lately: those that may be meant. `None` where
    /// it is known.
    pub fn like_unknown(&self, host: &Host) -> Result<Option<Vec<&Host>>, StateError> {
        let known: Vec<&Host> = self.schedule.known_hosts().collect();
        if known.contains(&host) || self.state.robots(host)?.is_some() {
            return Ok(None);
        }
        let bound = (host.as_str().len() / 4).max(1);
        let distance = |other: &Host| strsim::osa_distance(host.as_str(), other.as_str());
        let is_like = |other: &&Host| host.domain() == other.domain() || distance(other) <= bound;
        let mut like: Vec<&Host> = known.into_iter().filter(is_like).collect();
        like.sort_by_key(|other| distance(other));
        Ok(Some(like))
    }

    /// Whether the host was paused.
    pub fn resume(&mut self, host: &Host) -> Result<bool, StateError> {
        let was_paused = self.state.resume(host)?;
        self.schedule.resume(host);
        Ok(was_paused)
    }
}

/// The name of the note that holds a feed.
fn note_of(id: &str) -> String {
    format!("feed {id}")
}

/// When a feed whose cadence was changed is polled at the latest.
fn latest_poll(feed: &Feed, now: Timestamp) -> Timestamp {
    now.checked_add(feed.cadence.ceiling).unwrap_or(Timestamp::MAX)
}
