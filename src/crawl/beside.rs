//! Feeds that lead to one address: each has its own, and redirects make them one. What is asked there
//! keeps the floor, whichever of them asks.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use url::Url;

use super::{Crawl, Effect, Event, Feed, Step};
use crate::{
    schedule::{FeedIx, FeedState, Why, hash},
    state::StateError,
};

/// A feed is not asked for now: another one that leads to the same address was a short while ago.
#[derive(Debug, Clone)]
pub struct Beside {
    at: Url,
    until: Timestamp,
}

/// Where feeds lead, as far as is known; found by the address, however many feeds there are.
#[derive(Debug, Default)]
pub(super) struct Ends {
    /// Of feeds that lead elsewhere than to the address of their own.
    elsewhere: BTreeMap<FeedIx, Url>,
    /// Hashes of the addresses where feeds end.
    by_address: BTreeSet<(u64, FeedIx)>,
}

impl Ends {
    /// A feed with an address of its own leads to `to`, or to that.
    pub(super) fn put(&mut self, ix: FeedIx, own: &Url, to: Option<Url>) {
        self.remove(ix, own);
        self.by_address.insert((hash(to.as_ref().unwrap_or(own)), ix));
        self.elsewhere.extend(to.map(|to| (ix, to)));
    }

    pub(super) fn remove(&mut self, ix: FeedIx, own: &Url) {
        let before = self.elsewhere.remove(&ix);
        self.by_address.remove(&(hash(before.as_ref().unwrap_or(own)), ix));
    }

    /// The feeds that end at an address, and perhaps others.
    fn near(&self, address: &Url) -> impl Iterator<Item = FeedIx> {
        let hash = hash(address);
        let range = (hash, FeedIx::of(0))..=(hash, FeedIx::GONE);
        self.by_address.range(range).map(|(_, ix)| *ix)
    }
}

impl Crawl {
    /// The other feeds that lead to an address.
    fn others_at<'a>(
        &'a self,
        ix: FeedIx,
        address: &'a Url,
    ) -> impl Iterator<Item = (FeedIx, &'a Feed)> {
        let others = self.ends.near(address).filter(move |other| *other != ix);
        let known = others.filter_map(|other| Some((other, self.current_feed(other)?)));
        known.filter(move |(other, feed)| {
            self.ends.elsewhere.get(other).unwrap_or(&feed.url) == address
        })
    }

    /// Whether a feed whose poll goes to `address` now has to wait for the floor of the others that are
    /// read where it leads. One that is asked for by hand has not.
    pub(super) fn beside(
        &self,
        ix: FeedIx,
        state: &FeedState,
        address: &Url,
        now: Timestamp,
    ) -> Result<Option<Beside>, StateError> {
        let is_by_hand = state.last_poll_at.is_some() && state.next_at.is_none_or(|at| at > now);
        if is_by_hand {
            return Ok(None);
        }
        let end = self.ends.elsewhere.get(&ix).filter(|end| *end != address);
        let mut longest: Option<Beside> = None;
        for at in [Some(address), end].into_iter().flatten() {
            for (_, other) in self.others_at(ix, at) {
                let known = self.feed_state(other)?;
                // Of one that is led here it is only known that its answers came from here.
                let is_own = other.url == *at;
                let asked_at = if is_own { known.last_poll_at } else { known.last_success_at };
                // A clock may have been set back since.
                let Some(asked_at) = asked_at.filter(|at| *at <= now) else { continue };
                let until = asked_at.checked_add(known.floor(&other.cadence));
                let until = until.unwrap_or(Timestamp::MAX);
                if until > now && longest.as_ref().is_none_or(|longest| longest.until < until) {
                    longest = Some(Beside { at: at.clone(), until });
                }
            }
        }
        Ok(longest)
    }

    /// Takes in that a feed was not asked for.
    pub(super) fn absorb_beside(
        &self,
        ix: FeedIx,
        feed: &Feed,
        beside: &Beside,
        step: &mut Step,
    ) -> Result<(), StateError> {
        let mut state = self.feed_state(feed)?;
        (state.next_at, state.why) = (Some(beside.until), Why::Beside);
        self.note_end(ix, feed, &mut state, &beside.at, step);
        self.state.put_feed(&feed.id, &state)?;
        let address = Box::new(state.address(&feed.url).clone());
        step.effects.push(Effect::SetFeed(ix, address, state.next_at));
        Ok(())
    }

    /// Takes note of where a feed leads, and says once where another one is read there: of two, the one
    /// that has the address of its own is meant.
    pub(super) fn note_end(
        &self,
        ix: FeedIx,
        feed: &Feed,
        state: &mut FeedState,
        end: &Url,
        step: &mut Step,
    ) {
        let is_own = feed.url == *end;
        state.leads_to = (!is_own).then(|| Box::new(end.clone()));
        let other = self
            .others_at(ix, end)
            .filter(|(place, other)| !is_own && (other.url == *end || *place < ix))
            .min_by_key(|(place, other)| (other.url != *end, *place));
        let same_as = other.map(|(_, other)| other.id.as_str());
        if let Some(other) = same_as.filter(|other| state.same_as.as_deref() != Some(*other)) {
            let (feed, other) = (feed.id.clone(), other.to_owned());
            step.events.push(Event::FeedTwice { feed, other, at: end.clone() });
        }
        state.same_as = same_as.map(Into::into);
        step.effects.push(Effect::Leads(ix, state.leads_to.clone()));
    }
}
