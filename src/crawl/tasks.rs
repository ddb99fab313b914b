//! From a job of the schedule to the request that does it.

use jiff::Timestamp;
use url::Url;

use super::{Crawl, Feed, PageWork, ROBOTS_PATIENCE, Task, Unasked, Work, poll};
use crate::{
    canonical_url::Host,
    fetch::{Request, Validators, Wanted},
    politeness::Robots,
    schedule::{FeedIx, Job, PageId},
    state::StateError,
};

impl Crawl {
    /// The task for a job; `None` where there is nothing to do for it now.
    pub(super) fn task(&mut self, job: Job, now: Timestamp) -> Result<Option<Task>, StateError> {
        match job {
            Job::Poll(ix) => self.poll_task(ix, now),
            Job::Page(id) => self.page_task(id, now),
        }
    }

    fn poll_task(&mut self, ix: FeedIx, now: Timestamp) -> Result<Option<Task>, StateError> {
        let Some((feed, scheduled)) = self.feeds.get(ix.get()).zip(self.schedule.feed(ix)) else {
            return Ok(None);
        };
        let url = scheduled.state.address(&feed.url).clone();
        let host = Host::of(&url);
        let mut allowed = true;
        if self.settings.robots_for_feeds {
            let robots = self.state.robots(&host)?;
            match robots.as_ref().filter(|robots| robots.expires() > now) {
                Some(robots) => allowed = robots.allows(&url),
                None => return Ok(Some(robots_task(host, &url, Job::Poll(ix), robots))),
            }
        }
        let validators = scheduled.state.validators_for(&url, now);
        let request = Request { url, wanted: Wanted::Listing, validators };
        let request = allowed.then_some(request);
        Ok(Some(Task { host, request, work: Work::Poll { feed: ix, kind: feed.kind } }))
    }

    fn page_task(&mut self, id: PageId, now: Timestamp) -> Result<Option<Task>, StateError> {
        let Some(pending) = self.state.pending(id)? else { return Ok(None) };
        let host = pending.host();
        let mut unasked = None;
        if poll::page_of(&pending.entry).is_none() {
            unasked = Some(Unasked::NoAddress);
        } else {
            let robots = self.state.robots(&host)?;
            let Some(robots) = robots.as_ref().filter(|robots| robots.expires() > now) else {
                return Ok(Some(robots_task(host, &pending.url, Job::Page(id), robots)));
            };
            if !robots.allows(&pending.url) {
                unasked = Some(Unasked::RobotsForbid);
                if let Some(since) = robots.unreachable_since() {
                    if now.duration_since(since) < ROBOTS_PATIENCE {
                        self.schedule.put_back(&host, Job::Page(id), robots.expires());
                        return Ok(None);
                    }
                    unasked = Some(Unasked::RobotsUnreachable);
                }
            }
        }
        let feed = match self.by_id.get(&pending.feed_id).and_then(|ix| self.feeds.get(*ix)) {
            Some(feed) => feed.clone(),
            None => Feed::gone(&pending),
        };
        let request = unasked.is_none().then(|| Request {
            url: pending.url.clone(),
            wanted: Wanted::Page,
            validators: Validators::default(),
        });
        let last_attempt = pending.attempts + 1 >= self.settings.page_attempts;
        let work = Work::Page(Box::new(PageWork { pending, feed, last_attempt, unasked }));
        Ok(Some(Task { host, request, work }))
    }
}

fn robots_task(host: Host, url: &Url, for_job: Job, before: Option<Robots>) -> Task {
    let mut url = url.clone();
    url.set_path("/robots.txt");
    url.set_query(None);
    url.set_fragment(None);
    let request = Request { url, wanted: Wanted::Robots, validators: Validators::default() };
    Task { host, request: Some(request), work: Work::Robots { for_job, before } }
}
