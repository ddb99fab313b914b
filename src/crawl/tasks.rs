//! From a job of the schedule to the request that does it.

use jiff::{SignedDuration, Timestamp};
use url::Url;

use super::{Crawl, PageWork, ROBOTS_PATIENCE, Task, Unasked, Work, poll};
use crate::{
    canonical_url::Host,
    fetch::{Request, Wanted},
    politeness::Robots,
    schedule::{
        FeedIx, Job, PageId, Vain,
        retry::{Chances, PATIENCE},
    },
    state::StateError,
};

/// How long the jobs of a host wait that come while its robots.txt is sought on another host.
const ROBOTS_ELSEWHERE: SignedDuration = SignedDuration::from_secs(30);

impl Crawl {
    /// The task for a job at a host; `None` where there is nothing to do for it there now.
    pub(super) fn task(
        &mut self,
        job: Job,
        host: &Host,
        now: Timestamp,
    ) -> Result<Option<Task>, StateError> {
        // A feed that was made due while it goes on at another host: it waits there.
        let is_elsewhere = |request: &Request| Host::of(&request.url) != *host;
        let robots_way = self.robots_ways.get(&job);
        let way = robots_way.map(|(_, request)| request).or_else(|| self.ways.get(&job));
        if way.is_some_and(is_elsewhere) {
            return Ok(None);
        }
        if let Some((of, request)) = robots_way {
            let (of, request) = (of.clone(), request.clone());
            let before = self.state.robots(&of)?;
            return Ok(Some(robots_task(of, request, job, before)));
        }
        match job {
            Job::Poll(ix) => self.poll_task(ix, now),
            Job::Part(ix, part) => self.part_task(ix, part, now),
            Job::Page(feed, id) => self.page_task(feed, id, now),
        }
    }

    fn poll_task(&mut self, ix: FeedIx, now: Timestamp) -> Result<Option<Task>, StateError> {
        let way = self.ways.remove(&Job::Poll(ix));
        let Some(feed) = self.current_feed(ix) else { return Ok(None) };
        let (kind, zone, state) = (feed.kind, feed.zone.clone(), self.feed_state(feed)?);
        let mut request =
            way.unwrap_or_else(|| Request::new(state.address(&feed.url).clone(), Wanted::Listing));
        if let Some(of) = state.validators_of.as_ref().and_then(|of| Url::parse(of).ok()) {
            request.validators = state.validators_for(&of, now);
            request.validators_of = of;
        }
        let host = Host::of(&request.url);
        if let Some(beside) = self.beside(ix, &state, &request.url, now)? {
            let late = SignedDuration::ZERO;
            let work = Work::Poll { feed: ix, kind, zone, late, beside: Some(beside) };
            return Ok(Some(Task { host, request: None, work }));
        }
        let due = state.next_at.unwrap_or(now).max(self.awake_since);
        let due = due.max(self.schedule.held_until(&host).unwrap_or(due));
        let late = now.duration_since(due).max(SignedDuration::ZERO);
        let work = Work::Poll { feed: ix, kind, zone, late, beside: None };
        self.listing_task(request, work, now)
    }

    fn part_task(
        &mut self,
        ix: FeedIx,
        id: u32,
        now: Timestamp,
    ) -> Result<Option<Task>, StateError> {
        let way = self.ways.remove(&Job::Part(ix, id));
        let Some(feed) = self.current_feed(ix) else { return Ok(None) };
        let state = self.feed_state(feed)?;
        let Some(part) = state.part(id).filter(|part| part.waiting) else { return Ok(None) };
        let mut request = way.unwrap_or_else(|| Request::new(part.url.clone(), Wanted::Listing));
        request.validators = part.validators.clone();
        request.validators_of = part.url.clone();
        let work = Work::Part { feed: ix, part: id, zone: feed.zone.clone() };
        self.listing_task(request, work, now)
    }

    /// The task that asks for a listing; for robots.txt before, where listings need its leave.
    fn listing_task(
        &mut self,
        request: Request,
        work: Work,
        now: Timestamp,
    ) -> Result<Option<Task>, StateError> {
        let host = Host::of(&request.url);
        let mut allowed = true;
        let robots = self.state.robots(&host)?;
        // Its pages may have had it asked for.
        if let Some(known) = &robots {
            self.schedule.set_crawl_delay(&host, known.crawl_delay());
        }
        if self.settings.robots_for_feeds {
            let Some(known) = robots.as_ref().filter(|robots| robots.is_fresh(now)) else {
                return Ok(self.ask_robots(host, request, work.job(), robots.as_ref(), now));
            };
            allowed = known.allows(&request.url);
        }
        Ok(Some(Task { host, request: allowed.then_some(request), work }))
    }

    fn page_task(
        &mut self,
        of: FeedIx,
        id: PageId,
        now: Timestamp,
    ) -> Result<Option<Task>, StateError> {
        let job = Job::Page(of, id);
        let way = self.ways.remove(&job);
        let begun = self.begun.remove(&job);
        let Some(pending) = self.state.pending(id)? else { return Ok(None) };
        let request = way.unwrap_or_else(|| Request::new(pending.url.clone(), Wanted::Page));
        let host = Host::of(&request.url);
        let mut unasked = None;
        if poll::page_of(&pending.entry).is_none() {
            unasked = Some(Unasked::NoAddress);
        } else if let Some(vain) = self.schedule.vain(&host, pending.due_since(), now) {
            unasked = Some(match vain {
                Vain::Silent => Unasked::HostSilent,
                Vain::Refusing => Unasked::HostRefuses,
            });
        } else {
            let robots = self.state.robots(&host)?;
            let Some(known) = robots.as_ref().filter(|robots| robots.is_fresh(now)) else {
                if let Some(begun) = begun {
                    self.begun.insert(job, begun);
                    self.ways.insert(job, request.clone());
                }
                return Ok(self.ask_robots(host, request, job, robots.as_ref(), now));
            };
            // Of a host that was met before the start, or forgotten since, the schedule does not know.
            self.schedule.set_crawl_delay(&host, known.crawl_delay());
            if !known.allows(&request.url) {
                unasked = Some(Unasked::RobotsForbid);
                if let Some(since) = known.unreachable_since() {
                    // A host that answers, and all but this, is waited for as long as one that
                    // does not, and no longer.
                    let is_over = if known.is_unanswered() {
                        let since = since.max(pending.due_since());
                        self.schedule.answers(&host) && now.duration_since(since) >= PATIENCE
                    } else {
                        now.duration_since(since) >= ROBOTS_PATIENCE
                    };
                    if !is_over {
                        // It begins anew then, from its first address.
                        self.schedule.put_back(&pending.host(), job, known.expires());
                        return Ok(None);
                    }
                    unasked = Some(Unasked::RobotsUnreachable);
                }
            }
        }
        let feed = self.feed_of(&pending)?;
        let request = unasked.is_none().then_some(request);
        let chances = Chances {
            attempts: pending.attempts,
            most: self.settings.page_attempts,
            tried_since: pending.tried_since,
            is_silent: self.schedule.is_silent(&host),
        };
        let work = Work::Page(Box::new(PageWork { pending, of, feed, chances, unasked, begun }));
        Ok(Some(Task { host, request, work }))
    }

    /// The task that asks a host for its robots.txt before `request` of `job`, unless another job
    /// has it sought elsewhere: then this one waits for that.
    fn ask_robots(
        &mut self,
        host: Host,
        request: Request,
        job: Job,
        before: Option<&Robots>,
        now: Timestamp,
    ) -> Option<Task> {
        let mut url = request.url.clone();
        if !request.redirects.is_empty() {
            self.ways.insert(job, request);
        }
        if self.robots_ways.values().any(|(of, _)| *of == host) {
            let later = now.checked_add(ROBOTS_ELSEWHERE).unwrap_or(Timestamp::MAX);
            self.schedule.put_back(&host, job, later);
            return None;
        }
        url.set_path("/robots.txt");
        url.set_query(None);
        url.set_fragment(None);
        Some(robots_task(host, Request::new(url, Wanted::Robots), job, before.cloned()))
    }
}

fn robots_task(of: Host, request: Request, for_job: Job, before: Option<Robots>) -> Task {
    let host = Host::of(&request.url);
    Task { host, request: Some(request), work: Work::Robots { of, for_job, before } }
}
