//! The crawl frontier: which host may be asked, and for what.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use url::Url;

use super::{
    hosts::{HostIx, HostQueue, Hosts, Waiting},
    reach::{Heard, Silence, Standing, Vain},
};
use crate::{
    canonical_url::Host,
    politeness::{earlier, pace::Rest},
};

/// A feed's place in the schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FeedIx(u32);

impl FeedIx {
    /// Stands for all feeds that left the configuration before the start: their pages wait still.
    pub(crate) const GONE: Self = Self(u32::MAX);

    pub(crate) fn of(place: usize) -> Self {
        Self(u32::try_from(place).unwrap_or(u32::MAX))
    }

    pub fn get(self) -> usize {
        self.0 as usize
    }
}

/// A waiting page, by its number in the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PageId(pub i64);

/// What a free host is to be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Job {
    Poll(FeedIx),
    /// A part of a feed that is a sitemap index.
    Part(FeedIx, u32),
    /// A page that a feed has named.
    Page(FeedIx, PageId),
}

/// What the caller has to do now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Do this; the host is taken until [`Schedule::release`].
    Fetch { job: Job, host: Host },
    /// Nothing is due before this time.
    WaitUntil(Timestamp),
    /// Nothing is due before something in flight comes back, or ever.
    Wait,
}

/// Why a host may not be asked now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotReady {
    #[error("is paused")]
    Paused,
    #[error("is being asked just now")]
    Busy,
    #[error("is left alone until {0}")]
    Until(Timestamp),
}

/// A feed as the schedule sees it.
#[derive(Debug)]
struct Feed {
    host: HostIx,
    /// When it is to be polled; while it is, when it was to be.
    due: Option<Timestamp>,
    /// It left the configuration: it keeps its place and is polled no more.
    removed: bool,
}

/// The pages of one feed, at all hosts.
#[derive(Debug)]
struct Line {
    /// How many wait, and how many are asked for.
    waiting: usize,
    asked: usize,
    /// When the last of them was given out.
    last: Timestamp,
    /// The hosts where one waits, with when it may be asked for.
    hosts: BTreeSet<(Timestamp, HostIx)>,
    /// Where the feed stands in `Schedule::turns`.
    listed: Option<(Timestamp, Timestamp)>,
}

/// Everything that waits, by host.
///
/// Feeds and parts go before pages, and the feeds that have pages waiting take turns: a page waits for
/// its host, and for a bounded number of pages of each other feed, however many pages on however many
/// slow hosts another feed names.
#[derive(Debug)]
pub struct Schedule {
    feeds: Vec<Feed>,
    hosts: Hosts,
    /// The hosts that have a feed or a part to be asked for, with when they may be.
    listings: BTreeSet<(Timestamp, HostIx)>,
    /// Of the feeds that have pages waiting.
    lines: BTreeMap<FeedIx, Line>,
    /// The feeds of which a page may be asked for: from when on, and when the last one was.
    turns: BTreeSet<(Timestamp, Timestamp, FeedIx)>,
    rest: Rest,
    /// Pages that wait, of all feeds.
    pages: usize,
    /// So many pages of one feed are asked for at once, so that those of slow hosts leave room.
    share: usize,
    /// Each feed is polled once more at the most.
    once: bool,
    silence: Silence,
}

impl Schedule {
    /// At most `share` pages of one feed are given out at once.
    pub fn new(rest: Rest, share: usize) -> Self {
        Self {
            feeds: Vec::new(),
            hosts: Hosts::default(),
            listings: BTreeSet::new(),
            lines: BTreeMap::new(),
            turns: BTreeSet::new(),
            rest,
            pages: 0,
            share,
            once: false,
            silence: Silence::default(),
        }
    }

    /// Adds a feed that is asked at `address`. Without a due time it waits for [`Self::set_feed`].
    pub fn add_feed(&mut self, address: &Url, due: Option<Timestamp>) -> FeedIx {
        let host = self.hosts.ix(&Host::of(address));
        let ix = FeedIx::of(self.feeds.len());
        self.feeds.push(Feed { host, due, removed: false });
        self.with_host(host, |queue| {
            queue.homed += 1;
            queue.feeds.extend(due.map(|due| (due, ix)));
        });
        ix
    }

    /// How many feeds are polled.
    pub fn feeds(&self) -> usize {
        self.feeds.iter().filter(|feed| !feed.removed).count()
    }

    /// When the next poll is due, in one pass too.
    pub fn next_poll(&self) -> Option<Timestamp> {
        self.feeds.iter().filter(|feed| !feed.removed).filter_map(|feed| feed.due).min()
    }

    /// Moves a feed to where and when it is asked next.
    pub fn set_feed(&mut self, ix: FeedIx, address: &Url, due: Option<Timestamp>) {
        let host = self.hosts.ix(&Host::of(address));
        let Some(feed) = self.feeds.get_mut(ix.get()).filter(|feed| !feed.removed) else { return };
        let (old_host, old_due) = (feed.host, feed.due);
        (feed.host, feed.due) = (host, due);
        self.with_host(old_host, |queue| {
            queue.homed -= 1;
            old_due.is_some_and(|old| queue.feeds.remove(&(old, ix)))
        });
        let due = due.filter(|_| !self.once);
        self.with_host(host, |queue| {
            queue.homed += 1;
            queue.feeds.extend(due.map(|due| (due, ix)));
        });
    }

    /// A feed that waits longer than until `latest` waits until then. Gives whether it did.
    pub fn bring_forward(&mut self, ix: FeedIx, latest: Timestamp) -> bool {
        let Some(feed) = self.feeds.get_mut(ix.get()) else { return false };
        let Some(due) = feed.due.filter(|due| *due > latest) else { return false };
        feed.due = Some(latest);
        let host = feed.host;
        self.with_host(host, |queue| {
            if queue.feeds.remove(&(due, ix)) {
                queue.feeds.insert((latest, ix));
            }
        });
        true
    }

    /// A feed left the configuration.
    pub fn remove_feed(&mut self, ix: FeedIx) {
        if let Some(feed) = self.feeds.get_mut(ix.get()).filter(|feed| !feed.removed) {
            (feed.removed, feed.due) = (true, None);
            let host = feed.host;
            self.with_host(host, |queue| {
                queue.homed -= 1;
                queue.feeds.retain(|(_, other)| *other != ix);
            });
        }
    }

    /// How long hosts are left alone between two requests.
    pub fn set_rest(&mut self, rest: Rest) {
        self.rest = rest;
    }

    /// Makes one pass of it: no feed is polled but by [`Self::poll_now`].
    pub fn only_once(&mut self) {
        for host in self.hosts.all() {
            self.with_host(host, |queue| queue.feeds.clear());
        }
        self.once = true;
    }

    /// Makes a feed due at `now`, whenever it was.
    pub fn poll_now(&mut self, ix: FeedIx, now: Timestamp) {
        let Some(feed) = self.feeds.get_mut(ix.get()).filter(|feed| !feed.removed) else { return };
        let (host, due) = (feed.host, feed.due.replace(now));
        self.with_host(host, |queue| {
            queue.feeds.remove(&(due.unwrap_or(now), ix));
            queue.feeds.insert((now, ix));
        });
    }

    /// What to do at `now`. A job that is given out takes its host until [`Self::release`].
    pub fn next(&mut self, now: Timestamp) -> Next {
        let listing = self.listings.first().filter(|(at, _)| *at <= now).map(|(_, host)| *host);
        let found = match (listing, self.turns.first()) {
            (Some(host), _) => self.listing_at(host, now).map(|found| (host, found)),
            (None, Some(&(at, _, feed))) if at <= now => self.page_of(feed),
            _ => return self.due_since().map_or(Next::Wait, Next::WaitUntil),
        };
        // A host is listed for the time at which its first job is due.
        let Some((host, (due, job))) = found else { return Next::Wait };
        self.take(host, due, job, now)
    }

    /// The listing that is due at a host, or the page whose turn it is there.
    fn listing_at(&self, host: HostIx, now: Timestamp) -> Option<(Timestamp, Job)> {
        let queue = self.hosts.get(host)?;
        let feed = queue.feeds.first().map(|(due, feed)| (*due, Job::Poll(*feed)));
        let part = queue.parts.first().map(|(due, (feed, id))| (*due, Job::Part(*feed, *id)));
        let listing = feed.into_iter().chain(part).min();
        if !queue.polled || queue.pages_from() > now {
            return listing;
        }
        let of_feed = |(feed, waiting): (&FeedIx, &Waiting)| {
            let line = self.lines.get(feed).filter(|line| line.asked < self.share)?;
            let (due, page) = waiting.pages.first().filter(|(due, _)| *due <= now)?;
            Some((line.last, *due, Job::Page(*feed, *page)))
        };
        let page = queue.pages.iter().filter_map(of_feed).min();
        page.map(|(_, due, job)| (due, job)).or(listing)
    }

    /// The first page of a feed, and its host.
    fn page_of(&self, feed: FeedIx) -> Option<(HostIx, (Timestamp, Job))> {
        let &(_, host) = self.lines.get(&feed)?.hosts.first()?;
        let waiting = self.hosts.get(host)?.pages.get(&feed)?;
        let (due, page) = waiting.pages.first()?;
        Some((host, (*due, Job::Page(feed, *page))))
    }

    fn take(&mut self, host: HostIx, due: Timestamp, job: Job, now: Timestamp) -> Next {
        let Some(queue) = self.hosts.get_mut(host) else { return Next::Wait };
        match job {
            Job::Poll(feed) => _ = queue.feeds.remove(&(due, feed)),
            Job::Part(feed, id) => _ = queue.parts.remove(&(due, (feed, id))),
            Job::Page(feed, page) => {
                queue.pages.entry(feed).and_modify(|it| _ = it.pages.remove(&(due, page)));
                self.pages -= 1;
                if let Some(line) = self.lines.get_mut(&feed) {
                    (line.waiting, line.asked, line.last) = (line.waiting - 1, line.asked + 1, now);
                }
            }
        }
        queue.polled = !matches!(job, Job::Page(..));
        queue.busy = Some(job);
        queue.paced_before = queue.pace;
        queue.pace.start(&self.rest, now);
        let name = queue.name.clone();
        self.relist(host);
        Next::Fetch { job, host: name }
    }

    /// Until when a host was or is held, if it ever was.
    pub fn held_until(&self, host: &Host) -> Option<Timestamp> {
        let queue = self.hosts.named(host)?;
        queue.pace.held_until()
    }

    /// The request to `host` has ended, which took so long to answer: it rests and is free again.
    pub fn release(&mut self, host: &Host, answer_time: SignedDuration, now: Timestamp) {
        let host = self.hosts.ix(host);
        let rest = self.rest.clone();
        self.free(host, |queue| queue.pace.finish(&rest, answer_time, now));
    }

    /// Nothing was asked of `host` for the job it was taken for: it is free without a rest. What has
    /// been learned of it meanwhile stays.
    pub fn release_unasked(&mut self, host: &Host) {
        let host = self.hosts.ix(host);
        self.free(host, |queue| queue.pace.take_back_start(&queue.paced_before));
    }

    /// Leaves `host` to somebody else for so long, as if a request of that length began, if one could.
    pub fn lend(
        &mut self,
        host: &Host,
        time: SignedDuration,
        now: Timestamp,
    ) -> Result<(), NotReady> {
        let ix = self.hosts.ix(host);
        let rest = self.rest.clone();
        let Some(queue) = self.hosts.get(ix) else { return Ok(()) };
        match queue.pace.ready_at() {
            _ if queue.paused => return Err(NotReady::Paused),
            _ if queue.busy.is_some() => return Err(NotReady::Busy),
            at if at > now => return Err(NotReady::Until(at)),
            _ => {}
        }
        self.with_host(ix, |queue| queue.pace.lend(&rest, time, now));
        Ok(())
    }

    /// What stands against `host`, and will once what it was heard to say is noted.
    pub fn standing(&self, host: &Host, heard: Heard, now: Timestamp) -> (Standing, Standing) {
        let known = self.hosts.named(host).map(|queue| queue.standing.clone());
        let before = known.unwrap_or_default();
        let after = before.after(heard, host, self.silence.answered_at, now);
        (before, after)
    }

    /// What came of a request to `host`, and what stands against it now. One that gives no answer
    /// twice, or refuses several pages in a row, is left alone for a while.
    pub fn note_heard(&mut self, host: &Host, heard: Heard, standing: Standing, now: Timestamp) {
        let ix = self.hosts.ix(host);
        let was_well = self.hosts.get(ix).is_some_and(|queue| queue.is_well);
        match heard {
            Heard::Nothing if was_well => self.silence.fall(host, now),
            Heard::Nothing => {}
            _ => self.silence.end(now),
        }
        let is_excused = was_well && self.silence.is_wide(now);
        self.with_host(ix, |queue| {
            queue.was_asked = true;
            queue.is_well = heard != Heard::Nothing || is_excused;
            queue.set_standing(standing);
        });
    }

    /// What stood against `host` at the last stop.
    pub fn set_standing(&mut self, host: &Host, standing: Standing) {
        let host = self.hosts.ix(host);
        self.with_host(host, |queue| queue.set_standing(standing));
    }

    /// The host of a feed answered when it was last asked, before the start.
    pub fn was_well(&mut self, ix: FeedIx) {
        let Some(host) = self.feeds.get(ix.get()).map(|feed| feed.host) else { return };
        self.with_host(host, |queue| queue.is_well = true);
    }

    /// The last request to `host` had no answer.
    pub fn is_silent(&self, host: &Host) -> bool {
        self.hosts.named(host).is_some_and(|queue| queue.standing.silent.is_some())
    }

    /// The last request to `host` since the start had an answer.
    pub fn answers(&self, host: &Host) -> bool {
        let answers = |queue: &HostQueue| queue.was_asked && queue.standing.silent.is_none();
        self.hosts.named(host).is_some_and(answers)
    }

    /// Why a page of `host` that has been due `since` is given up without asking for it, if it is.
    pub fn vain(&self, host: &Host, since: Timestamp, now: Timestamp) -> Option<Vain> {
        self.hosts.named(host)?.standing.vain(since, now)
    }

    /// Several hosts that used to answer were asked of late, and none has answered since.
    pub fn is_offline(&self, now: Timestamp) -> bool {
        self.silence.is_wide(now)
    }

    fn free(&mut self, host: HostIx, rest: impl FnOnce(&mut HostQueue)) {
        let mut done = None;
        self.with_host(host, |queue| {
            done = queue.busy.take();
            rest(queue);
        });
        if let Some(Job::Page(feed, _)) = done
            && let Some(line) = self.lines.get_mut(&feed)
        {
            line.asked -= 1;
            self.list_feed(feed);
        }
    }

    /// A job waits at a host, until `at`: a new one, or one that was given out and comes again, or
    /// goes on elsewhere.
    pub fn put_back(&mut self, host: &Host, job: Job, at: Timestamp) {
        let host = self.hosts.ix(host);
        if let Job::Page(feed, page) = job {
            let line = self.lines.entry(feed).or_insert_with(Line::new);
            let Some(queue) = self.hosts.get_mut(host) else { return };
            let is_new = queue.pages.entry(feed).or_default().pages.insert((at, page));
            line.waiting += usize::from(is_new);
            self.pages += usize::from(is_new);
        }
        self.with_host(host, |queue| match job {
            Job::Poll(ix) => _ = queue.feeds.insert((at, ix)),
            Job::Part(ix, id) => _ = queue.parts.insert((at, (ix, id))),
            Job::Page(..) => {}
        });
    }

    /// The pause between two starts that a host's robots.txt asks for.
    pub fn set_crawl_delay(&mut self, host: &Host, delay: Option<SignedDuration>) {
        let host = self.hosts.ix(host);
        self.with_host(host, |queue| queue.pace.set_crawl_delay(delay));
    }

    /// Nothing is asked of `host` before `until`.
    pub fn hold(&mut self, host: &Host, until: Timestamp) {
        let host = self.hosts.ix(host);
        self.with_host(host, |queue| queue.pace.hold(until));
    }

    /// Nothing is asked of any host of the registrable domain of `host` before `until`.
    pub fn hold_domain(&mut self, host: &Host, until: Timestamp) {
        self.hold(host, until);
        let domain = host.domain();
        self.hosts.hold_domain(domain, until);
        for host in self.hosts.all() {
            self.with_host(host, |queue| {
                if queue.name.domain() == domain {
                    queue.pace.hold(until);
                }
            });
        }
    }

    /// Gives out no job of `host` until it is resumed.
    pub fn pause(&mut self, host: &Host) {
        let host = self.hosts.ix(host);
        self.with_host(host, |queue| queue.paused = true);
    }

    pub fn resume(&mut self, host: &Host) {
        let host = self.hosts.ix(host);
        self.with_host(host, |queue| queue.paused = false);
    }

    /// Forgets the hosts of which nothing is known that still counts at `now`: strangers name new ones
    /// for ever. Their Crawl-delay is in their robots.txt, for [`Self::set_crawl_delay`] to say again.
    pub fn forget_idle(&mut self, now: Timestamp) {
        self.hosts.retain(|queue| !queue.is_idle(now));
        self.hosts.forget_holds(now);
    }

    /// The clock was set back by so much: all that waits does so as long as it would have.
    pub fn set_back(&mut self, by: SignedDuration) {
        for feed in &mut self.feeds {
            feed.due = feed.due.map(|at| earlier(at, by));
        }
        self.listings.clear();
        self.turns.clear();
        for line in self.lines.values_mut() {
            line.last = earlier(line.last, by);
            line.hosts.clear();
            line.listed = None;
        }
        for held in self.hosts.held_mut() {
            *held = earlier(*held, by);
        }
        self.silence.set_back(by);
        for queue in self.hosts.iter_mut() {
            queue.standing.set_back(by);
            queue.pace.set_back(by);
            queue.paced_before.set_back(by);
            set_back(&mut queue.feeds, by);
            set_back(&mut queue.parts, by);
            for waiting in queue.pages.values_mut() {
                set_back(&mut waiting.pages, by);
                waiting.listed = None;
            }
            queue.listed = None;
        }
        for host in self.hosts.all() {
            self.relist(host);
        }
    }

    /// Since when, or from when on, the first of the waiting jobs can be given out.
    pub fn due_since(&self) -> Option<Timestamp> {
        let listing = self.listings.first().map(|(at, _)| *at);
        listing.into_iter().chain(self.turns.first().map(|(at, ..)| *at)).min()
    }

    /// When the host of a feed may be asked again.
    pub fn host_ready_at(&self, ix: FeedIx) -> Option<Timestamp> {
        let host = self.feeds.get(ix.get())?.host;
        self.hosts.get(host).map(|queue| queue.pace.ready_at())
    }

    /// The host of a feed where nothing is asked of it until it is resumed.
    pub fn paused_host(&self, ix: FeedIx) -> Option<&Host> {
        let host = self.feeds.get(ix.get())?.host;
        self.hosts.get(host).filter(|queue| queue.paused).map(|queue| &queue.name)
    }

    /// Requests that were given out and have not come back.
    pub fn in_flight(&self) -> usize {
        self.hosts.iter().filter(|queue| queue.busy.is_some()).count()
    }

    /// Pages that wait.
    pub fn waiting_pages(&self) -> usize {
        self.pages
    }

    fn with_host<T>(&mut self, host: HostIx, change: impl FnOnce(&mut HostQueue) -> T) {
        if let Some(queue) = self.hosts.get_mut(host) {
            change(queue);
        }
        self.relist(host);
    }

    /// Puts a host where it belongs in `listings`, and in the lines of the feeds whose pages wait there.
    fn relist(&mut self, host: HostIx) {
        let Some(queue) = self.hosts.get_mut(host) else { return };
        let is_free = queue.busy.is_none() && !queue.paused;
        let (ready_at, pages_from) = (queue.pace.ready_at(), queue.pages_from());
        let at = |due: Timestamp| is_free.then_some(due.max(ready_at));
        let (feed, part) = (queue.feeds.first().map(|f| f.0), queue.parts.first().map(|p| p.0));
        let listing = feed.into_iter().chain(part).min();
        move_to(&mut self.listings, host, &mut queue.listed, listing.and_then(at));
        let mut moved = Vec::new();
        queue.pages.retain(|feed, waiting| {
            let new = waiting.pages.first().and_then(|(due, _)| at((*due).max(pages_from)));
            if let Some(line) = self.lines.get_mut(feed).filter(|_| waiting.listed != new) {
                move_to(&mut line.hosts, host, &mut waiting.listed, new);
                moved.push(*feed);
            }
            !waiting.pages.is_empty()
        });
        for feed in moved {
            self.list_feed(feed);
        }
    }

    /// Puts a feed where it belongs in `turns`, and forgets a line without pages.
    fn list_feed(&mut self, feed: FeedIx) {
        let Some(line) = self.lines.get_mut(&feed) else { return };
        let first = line.hosts.first().filter(|_| line.asked < self.share);
        let new = first.map(|(at, _)| ((*at).max(line.last), line.last));
        if line.listed != new {
            if let Some((at, last)) = line.listed {
                self.turns.remove(&(at, last, feed));
            }
            self.turns.extend(new.map(|(at, last)| (at, last, feed)));
            line.listed = new;
        }
        if line.waiting == 0 && line.asked == 0 {
            self.lines.remove(&feed);
        }
    }

    /// The hosts of feeds, and those that something is awaited of.
    pub fn known_hosts(&self) -> impl Iterator<Item = &Host> {
        let is_known = |queue: &&HostQueue| {
            let waits = !(queue.parts.is_empty() && queue.pages.is_empty());
            queue.homed > 0 || waits || queue.busy.is_some()
        };
        self.hosts.iter().filter(is_known).map(|queue| &queue.name)
    }

    /// Hosts with when they may be asked again.
    #[cfg(test)]
    pub fn hosts(&self) -> impl Iterator<Item = (&Host, Timestamp)> {
        self.hosts.iter().map(|queue| (&queue.name, queue.pace.ready_at()))
    }
}

impl Line {
    fn new() -> Self {
        // A clock may stand before 1970.
        let last = Timestamp::MIN;
        Self { waiting: 0, asked: 0, last, hosts: BTreeSet::new(), listed: None }
    }
}

/// Moves a host in a list from where it stands to `new`.
fn move_to(
    list: &mut BTreeSet<(Timestamp, HostIx)>,
    host: HostIx,
    old: &mut Option<Timestamp>,
    new: Option<Timestamp>,
) {
    if *old != new {
        if let Some(old) = *old {
            list.remove(&(old, host));
        }
        list.extend(new.map(|new| (new, host)));
        *old = new;
    }
}

fn set_back<T: Ord>(waiting: &mut BTreeSet<(Timestamp, T)>, by: SignedDuration) {
    *waiting =
        std::mem::take(waiting).into_iter().map(|(at, job)| (earlier(at, by), job)).collect();
}
