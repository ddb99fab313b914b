//! The hosts of a schedule, and what waits at each.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{
    frontier::{FeedIx, Job, PageId},
    reach::Standing,
};
use crate::{canonical_url::Host, politeness::pace::Pace};

/// A host's place in [`Hosts`], until it is forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct HostIx(u32);

/// What is known of a host, and what waits there.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each says something else of the host")]
pub(super) struct HostQueue {
    pub(super) name: Host,
    pub(super) pace: Pace,
    /// The pace before the job that the host is taken for.
    pub(super) paced_before: Pace,
    /// How many feeds are asked here, due or not.
    pub(super) homed: u32,
    pub(super) feeds: BTreeSet<(Timestamp, FeedIx)>,
    pub(super) parts: BTreeSet<(Timestamp, (FeedIx, u32))>,
    pub(super) pages: BTreeMap<FeedIx, Waiting>,
    /// Where the host stands in `Schedule::listings`; `None` while it is asked or has no listing.
    pub(super) listed: Option<Timestamp>,
    /// What it is asked for.
    pub(super) busy: Option<Job>,
    /// Nothing is asked of it until it is resumed.
    pub(super) paused: bool,
    pub(super) standing: Standing,
    /// It was asked since the start.
    pub(super) was_asked: bool,
    /// It answered when it was last asked, outages apart.
    pub(super) is_well: bool,
    /// The last job was a poll: then it is the pages' turn, so that neither starves the other.
    pub(super) polled: bool,
}

/// The pages of one feed that wait at one host.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    pub(super) pages: BTreeSet<(Timestamp, PageId)>,
    /// Where the host stands in the feed's [`Line`].
    pub(super) listed: Option<Timestamp>,
}

/// All that are known.
#[derive(Debug, Default)]
pub(super) struct Hosts {
    places: Vec<Option<Box<HostQueue>>>,
    by_name: BTreeMap<Host, HostIx>,
    /// Places that were left.
    free: Vec<HostIx>,
    /// Registrable domains of which nothing is asked before a time, also of hosts yet to come.
    held: BTreeMap<String, Timestamp>,
}

impl HostQueue {
    fn new(name: Host) -> Self {
        Self {
            name,
            pace: Pace::default(),
            paced_before: Pace::default(),
            homed: 0,
            feeds: BTreeSet::new(),
            parts: BTreeSet::new(),
            pages: BTreeMap::new(),
            listed: None,
            busy: None,
            paused: false,
            standing: Standing::default(),
            was_asked: false,
            is_well: false,
            polled: false,
        }
    }

    /// Nothing of it is awaited, and it may be asked as if it had never been.
    pub(super) fn is_idle(&self, now: Timestamp) -> bool {
        self.homed == 0
            && self.feeds.is_empty()
            && self.parts.is_empty()
            && self.pages.is_empty()
            && self.busy.is_none()
            && !self.paused
            && self.pace.ready_at() <= now
            && self.standing.is_over(now)
    }
}

impl Hosts {
    /// The place of a host, which is known from now on.
    pub(super) fn ix(&mut self, name: &Host) -> HostIx {
        if let Some(&ix) = self.by_name.get(name) {
            return ix;
        }
        let ix = self.free.pop().unwrap_or_else(|| {
            self.places.push(None);
            HostIx(u32::try_from(self.places.len() - 1).unwrap_or(u32::MAX))
        });
        let mut queue = HostQueue::new(name.clone());
        if !self.held.is_empty()
            && let Some(until) = self.held.get(name.domain())
        {
            queue.pace.hold(*until);
        }
        if let Some(place) = self.places.get_mut(ix.0 as usize) {
            *place = Some(Box::new(queue));
        }
        self.by_name.insert(name.clone(), ix);
        ix
    }

    pub(super) fn get(&self, ix: HostIx) -> Option<&HostQueue> {
        self.places.get(ix.0 as usize)?.as_deref()
    }

    pub(super) fn get_mut(&mut self, ix: HostIx) -> Option<&mut HostQueue> {
        self.places.get_mut(ix.0 as usize)?.as_deref_mut()
    }

    pub(super) fn named(&self, name: &Host) -> Option<&HostQueue> {
        self.get(*self.by_name.get(name)?)
    }

    pub(super) fn all(&self) -> Vec<HostIx> {
        self.by_name.values().copied().collect()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &HostQueue> {
        self.places.iter().flatten().map(|queue| &**queue)
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut HostQueue> {
        self.places.iter_mut().flatten().map(|queue| &mut **queue)
    }

    /// Holds what will be known of a domain; what is known is for the caller.
    pub(super) fn hold_domain(&mut self, domain: &str, until: Timestamp) {
        let held = self.held.entry(domain.to_owned()).or_insert(until);
        *held = until.max(*held);
    }

    pub(super) fn held_mut(&mut self) -> impl Iterator<Item = &mut Timestamp> {
        self.held.values_mut()
    }

    /// Forgets holds that are over.
    pub(super) fn forget_holds(&mut self, now: Timestamp) {
        self.held.retain(|_, until| *until > now);
    }

    /// Forgets the others.
    pub(super) fn retain(&mut self, is_kept: impl Fn(&HostQueue) -> bool) {
        for (place, ix) in self.places.iter_mut().zip(0..) {
            if let Some(queue) = place.take_if(|queue| !is_kept(queue)) {
                self.by_name.remove(&queue.name);
                self.free.push(HostIx(ix));
            }
        }
    }
}
