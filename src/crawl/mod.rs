//! The whole way as one state machine: what to do next, and what to make of what came back.
//!
//! [`Crawl::next`] gives out tasks, [`document`] and [`conclude`] turn an answer into a value (pure,
//! in the task, with a reader between them), and [`Crawl::absorb`] decides what the value means. `absorb` writes into the state's open
//! transaction and returns records to append and effects to apply; only when the records are on
//! disk does the caller commit and [`Crawl::settle`] the effects. A visit whose records could not
//! be written has thus changed nothing and can be absorbed again.

mod ahead;
mod beside;
mod continued;
mod feeds;
mod page;
mod part;
mod poll;
mod read;
mod rebuild;
mod record;
mod step;
mod tasks;
#[cfg(test)]
pub(crate) mod tests;
mod work;

use std::{collections::BTreeMap, sync::Arc};

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};
use url::Url;

pub use beside::Beside;
pub use continued::Begun;
pub use feeds::Reloaded;
#[cfg(test)]
use read::read;
pub use read::{
    Effort, Found, Judged, PageReading, Reading, Visit, conclude, document, status_words,
};
pub use rebuild::{RebuildError, Rebuilt, acknowledged, checkpoint, rebuild};
pub use record::id as record_id;
pub use step::{Effect, Event, Step};
pub use work::{Do, PageWork, Task, Unasked, Work};

use crate::{
    archive::{Position, Record},
    article::SiteRules,
    canonical_url::Host,
    dedup,
    fetch::Request,
    politeness::{earlier, pace::Rest},
    schedule::{Cadence, FeedIx, FeedState, Job, Next, Schedule, retry::FIRST_RETRY},
    source::SourceKind,
    state::{Pending, State, StateError},
    topic::{self, Topics},
};

/// A feed as the configuration gives it, and as the state keeps what a record says of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Feed {
    pub id: String,
    pub url: Url,
    #[serde(skip)]
    pub kind: SourceKind,
    pub name: Option<String>,
    pub language: Option<String>,
    pub country: Option<String>,
    pub tags: Vec<String>,
    #[serde(with = "jiff::fmt::serde::tz::optional")]
    pub zone: Option<TimeZone>,
    /// Most feeds share one.
    #[serde(skip)]
    pub cadence: Arc<Cadence>,
}

/// Which judged texts become records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Keep {
    #[default]
    Relevant,
    /// Passing mentions too.
    Passing,
    /// Every article, whatever the topics say.
    Everything,
}

impl Keep {
    /// Whether an article is kept; `best` is the outcome of the topic that it fits best.
    pub fn takes(self, best: Option<topic::Outcome>) -> bool {
        match self {
            Self::Everything => true,
            Self::Passing => {
                matches!(best, Some(topic::Outcome::Relevant | topic::Outcome::Passing))
            }
            Self::Relevant => best == Some(topic::Outcome::Relevant),
        }
    }
}

/// What a 429 or 503 holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HoldScope {
    #[default]
    Host,
    Domain,
}

/// What reading and judging needs, shared with the tasks.
#[derive(Debug)]
pub struct Rules {
    /// By host name.
    pub sites: BTreeMap<String, SiteRules>,
    pub topics: Topics,
    pub keep: Keep,
}

impl Rules {
    /// The rules for a host: its own, or those of the name it stands under.
    pub fn site(&self, url: &Url) -> Option<&SiteRules> {
        let mut name = url.host_str()?;
        if let Some(rules) = url.port().and_then(|port| self.sites.get(&format!("{name}:{port}"))) {
            return Some(rules);
        }
        loop {
            if let Some(rules) = self.sites.get(name) {
                return Some(rules);
            }
            (_, name) = name.split_once('.')?;
        }
    }
}

/// How the crawl behaves.
#[derive(Debug, Clone)]
pub struct Settings {
    pub rest: Rest,
    /// So many pages that one feed names are asked for at once. Counts from the start.
    pub share: usize,
    pub robots_for_feeds: bool,
    pub hold_scope: HoldScope,
    /// A known article whose entry changed is read again, but not within this time.
    pub revisit_after: SignedDuration,
    /// How often a page is tried before the feed's own text has to do.
    pub page_attempts: u32,
    /// An entry whose title and texts in the feed touch no topic is rejected without its page.
    pub judge_before_fetch: bool,
    /// So many code points of the text of what is not kept are remembered.
    pub reject_text: usize,
    /// How long a text is remembered for finding its copies.
    pub copy_memory: SignedDuration,
    /// A copy is stored with its text; else as a link to the first one only.
    pub keep_copied_text: bool,
    pub config_hash: String,
}

/// How long pages wait for a robots.txt that cannot be reached, before the feed's own text has to
/// do.
const ROBOTS_PATIENCE: SignedDuration = SignedDuration::from_hours(6);

impl Feed {
    /// The name to show: its own, or its id.
    pub fn label(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.id)
    }

    /// Stands in for a feed of which nothing is known any more.
    fn gone(pending: &Pending) -> Self {
        Self {
            id: pending.feed_id.clone(),
            url: pending.url.clone(),
            kind: SourceKind::Feed,
            name: None,
            language: None,
            country: None,
            tags: Vec::new(),
            zone: None,
            cadence: Arc::default(),
        }
    }
}

/// The crawl: configuration, schedule and state. The loop owns it.
#[derive(Debug)]
pub struct Crawl {
    feeds: Vec<Feed>,
    by_id: BTreeMap<String, usize>,
    /// Where feeds lead that may lead elsewhere.
    ends: beside::Ends,
    schedule: Schedule,
    state: State,
    /// The near-duplicate index. Its tables are in the state's file and share its transactions.
    index: dedup::Index,
    rules: Arc<Rules>,
    settings: Settings,
    /// Where jobs go on whose address redirects to another host.
    ways: BTreeMap<Job, Request>,
    /// Articles of which not all pages have been read. Those are forgotten at a stop, and begin anew.
    begun: BTreeMap<Job, Box<Begun>>,
    /// The same for the robots.txt of a host that a job waits for.
    robots_ways: BTreeMap<Job, (Host, Request)>,
    /// Since when the crawl has been asked without a pause what to do.
    awake_since: Timestamp,
    last_asked_at: Timestamp,
    /// When the log last said that a host cannot keep up.
    late_hosts: BTreeMap<Host, Timestamp>,
}

const DAY: SignedDuration = SignedDuration::from_hours(24);
/// A pause in the asking that is a stop of the program or of the machine, not a long turn.
const STOP: SignedDuration = SignedDuration::from_mins(5);
/// Clocks are put right by less than this all the time.
const SET_BACK: SignedDuration = SignedDuration::from_secs(2);

impl Crawl {
    /// Takes up the feeds where the state left them.
    pub fn new(
        feeds: Vec<Feed>,
        rules: Rules,
        settings: Settings,
        state: State,
        now: Timestamp,
    ) -> Result<Self, StateError> {
        let index = dedup::Index::open(state.connection()).map_err(StateError::from)?;
        let mut crawl = Self {
            index,
            feeds: Vec::with_capacity(feeds.len()),
            by_id: BTreeMap::new(),
            ends: beside::Ends::default(),
            schedule: Schedule::new(settings.rest.clone(), settings.share),
            state,
            rules: Arc::new(rules),
            settings,
            ways: BTreeMap::new(),
            begun: BTreeMap::new(),
            robots_ways: BTreeMap::new(),
            awake_since: now,
            last_asked_at: now,
            late_hosts: BTreeMap::new(),
        };
        crawl.state.begin()?;
        for feed in feeds {
            let state = crawl.placed(&feed, now)?;
            crawl.state.put_feed(&feed.id, &state)?;
            crawl.note_feed(&feed)?;
            crawl.add_feed(feed, &state, now);
        }
        crawl.state.commit()?;
        for (host, until) in crawl.state.holds(now)? {
            crawl.hold(&host, until);
        }
        for (host, standing) in crawl.state.standings()? {
            crawl.schedule.set_standing(&host, standing);
        }
        for host in crawl.state.paused()? {
            crawl.schedule.pause(&host);
        }
        for (page, feed, host, not_before) in crawl.state.waiting()? {
            let feed = crawl.by_id.get(&feed).map_or(FeedIx::GONE, |place| FeedIx::of(*place));
            crawl.schedule.put_back(&host, Job::Page(feed, page), not_before);
        }
        Ok(crawl)
    }

    pub fn rules(&self) -> Arc<Rules> {
        Arc::clone(&self.rules)
    }

    pub fn state(&self) -> &State {
        &self.state
    }

    pub fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// The feed at a place of the schedule, if the configuration still has it so.
    fn current_feed(&self, ix: FeedIx) -> Option<&Feed> {
        let feed = self.feeds.get(ix.get())?;
        (self.by_id.get(&feed.id) == Some(&ix.get())).then_some(feed)
    }

    /// What is known of a feed, with what earlier visits of the same transaction found out.
    fn feed_state(&self, feed: &Feed) -> Result<FeedState, StateError> {
        Ok(self.state.feed(&feed.id)?.map(|row| row.state).unwrap_or_default())
    }

    /// What to do at `now`.
    pub fn next(&mut self, now: Timestamp) -> Result<Do, StateError> {
        self.follow_clock(now)?;
        if now.duration_since(self.last_asked_at) > STOP {
            self.awake_since = now;
        }
        self.last_asked_at = now;
        loop {
            let (job, host) = match self.schedule.next(now) {
                Next::Fetch { job, host } => (job, host),
                Next::WaitUntil(at) => return Ok(Do::WaitUntil(at)),
                Next::Wait => return Ok(Do::Wait),
            };
            match self.task(job, &host, now)? {
                Some(task) => return Ok(Do::Task(Box::new(task))),
                None => self.schedule.release_unasked(&host),
            }
        }
    }

    /// When somebody last asked what to do, before this start.
    pub fn was_asked_at(&mut self, at: Timestamp) {
        self.last_asked_at = self.last_asked_at.max(at);
    }

    /// Where the clock was set back, nothing that waits may wait until it has caught up: to be told
    /// the time before anything is decided by it.
    pub fn follow_clock(&mut self, now: Timestamp) -> Result<(), StateError> {
        let by = self.last_asked_at.duration_since(now);
        if by < SET_BACK {
            return Ok(());
        }
        self.in_transaction(|| self.set_back_state(by))?;
        self.schedule.set_back(by);
        (self.awake_since, self.last_asked_at) = (now, now);
        self.late_hosts.clear();
        Ok(())
    }

    fn set_back_state(&self, by: SignedDuration) -> Result<(), StateError> {
        self.state.set_back(by)?;
        for mut row in self.state.feeds()? {
            row.state.next_at = row.state.next_at.map(|at| earlier(at, by));
            self.state.put_feed(&row.id, &row.state)?;
        }
        Ok(())
    }

    /// Takes in what came back. Writes into the state's open transaction and adds to `step`;
    /// changes nothing else. `archived` reads a record that is already on disk.
    pub fn absorb(
        &mut self,
        visit: &Visit,
        archived: &Archived<'_>,
        now: Timestamp,
        step: &mut Step,
    ) -> Result<(), StateError> {
        self.hear(visit, now, step)?;
        match (&visit.task.work, &visit.reading) {
            (work, Reading::Elsewhere(request)) => {
                step.effects.push(Effect::GoOn(Box::new(work.clone()), request.clone()));
            }
            (Work::Poll { feed, beside: Some(beside), .. }, _) => {
                if let Some(known) = self.current_feed(*feed) {
                    self.absorb_beside(*feed, known, beside, step)?;
                }
            }
            (Work::Poll { feed, late, .. }, _) => {
                self.absorb_poll(*feed, *late, visit, now, step)?;
            }
            (Work::Part { feed, part, .. }, _) => {
                self.absorb_part(*feed, *part, visit, now, step)?;
            }
            (Work::Robots { of, for_job, before }, Reading::Robots(robots)) => {
                let was_reached =
                    before.as_ref().is_none_or(|before| before.unreachable_since().is_none());
                if was_reached && robots.unreachable_since().is_some() {
                    let error = match &visit.response {
                        Some(Ok(response)) => status_words(response.status),
                        Some(Err(error)) => error.to_string(),
                        None => String::new(),
                    };
                    step.events.push(Event::RobotsUnreachable { host: of.clone(), error });
                }
                self.hold_host(visit, FIRST_RETRY, now, step)?;
                self.state.put_robots(of, robots)?;
                step.effects.push(Effect::CrawlDelay(of.clone(), robots.crawl_delay()));
                step.effects.push(Effect::PutBack(of.clone(), *for_job, now));
            }
            (Work::Page(work), Reading::Page(reading)) => {
                self.absorb_page(work, visit, reading, archived, now, step)?;
            }
            (Work::Robots { .. } | Work::Page(_), _) => {}
        }
        Ok(())
    }

    /// Takes note of what an answer, or none, says of its host.
    fn hear(&self, visit: &Visit, now: Timestamp, step: &mut Step) -> Result<(), StateError> {
        let Some(heard) = visit.heard() else { return Ok(()) };
        let host = &visit.task.host;
        let (before, after) = self.schedule.standing(host, heard, now);
        if after != before {
            self.state.put_standing(host, &after)?;
        }
        step.effects.push(Effect::Heard(host.clone(), heard, Box::new(after)));
        Ok(())
    }

    /// Leaves a host alone that asks for it, `usual` long where it does not say how long.
    fn hold_host(
        &self,
        visit: &Visit,
        usual: SignedDuration,
        now: Timestamp,
        step: &mut Step,
    ) -> Result<(), StateError> {
        let Some(wait) = visit.held_for else { return Ok(()) };
        let wait = if wait.is_zero() { usual } else { wait };
        self.hold_until(&visit.task.host, now.checked_add(wait).unwrap_or(Timestamp::MAX), step)
    }

    fn hold_until(&self, host: &Host, until: Timestamp, step: &mut Step) -> Result<(), StateError> {
        self.state.put_hold(host, until)?;
        step.events.push(Event::HostHeld { host: host.clone(), until });
        step.effects.push(Effect::Hold(host.clone(), until));
        Ok(())
    }

    /// Applies in memory what committed visits have changed, and frees their hosts.
    pub fn settle(&mut self, visits: &[Visit], effects: Vec<Effect>, now: Timestamp) {
        for effect in effects {
            match effect {
                Effect::SetFeed(ix, address, due) => self.schedule.set_feed(ix, &address, due),
                Effect::Hold(host, until) => self.hold(&host, until),
                Effect::CrawlDelay(host, delay) => self.schedule.set_crawl_delay(&host, delay),
                Effect::PutBack(host, job, at) => self.schedule.put_back(&host, job, at),
                Effect::GoOn(work, request) => {
                    // Behind no page that came after it.
                    let since = match &*work {
                        Work::Page(page) => page.pending.not_before,
                        _ => now,
                    };
                    self.schedule.put_back(&Host::of(&request.url), work.job(), since);
                    match *work {
                        Work::Robots { of, for_job, .. } => {
                            self.robots_ways.insert(for_job, (of, *request));
                        }
                        work => {
                            let job = work.job();
                            self.ways.insert(job, *request);
                            if let Work::Page(page) = work
                                && let Some(begun) = page.begun
                            {
                                self.begun.insert(job, begun);
                            }
                        }
                    }
                }
                Effect::Continue(job, since, request, begun) => {
                    self.schedule.put_back(&Host::of(&request.url), job, since);
                    self.ways.insert(job, *request);
                    self.begun.insert(job, begun);
                }
                Effect::Leads(ix, to) => {
                    if let Some(feed) = self.feeds.get(ix.get()) {
                        self.ends.put(ix, &feed.url, to.map(|to| *to));
                    }
                }
                Effect::Heard(host, heard, standing) => {
                    self.schedule.note_heard(&host, heard, *standing, now);
                }
                Effect::Late(host, at) => drop(self.late_hosts.insert(host, at)),
            }
        }
        for visit in visits {
            if matches!(visit.reading, Reading::Robots(_)) {
                self.robots_ways.remove(&visit.task.work.job());
            }
            if visit.task.request.is_some() {
                self.schedule.release(&visit.task.host, visit.answer_time, now);
            } else {
                self.schedule.release_unasked(&visit.task.host);
            }
        }
    }

    fn hold(&mut self, host: &Host, until: Timestamp) {
        match self.settings.hold_scope {
            HoldScope::Host => self.schedule.hold(host, until),
            HoldScope::Domain => self.schedule.hold_domain(host, until),
        }
    }

    /// Undoes what visits that could not be written have left in the state's open transaction.
    pub fn rollback(&mut self) -> Result<(), StateError> {
        self.state.rollback()?;
        self.index = dedup::Index::open(self.state.connection())?;
        Ok(())
    }

    /// Forgets in memory what is of hosts that nothing is awaited of.
    pub fn forget_idle_hosts(&mut self, now: Timestamp) {
        self.schedule.forget_idle(now);
        self.late_hosts.retain(|_, at| now.duration_since(*at) < DAY);
    }

    /// Forgets in the state what hosts asked for that were not asked for long.
    pub fn forget_old_hosts(&self, now: Timestamp) -> Result<(), StateError> {
        self.in_transaction(|| self.state.forget_hosts(now))
    }

    /// Forgets the sketches of texts that are older than the settings say: what comes from now on
    /// is compared with younger texts only. A clock that jumped ahead must not have all forgotten: time
    /// is counted to the last day but one on which a text came, if that is earlier.
    pub fn forget_old_texts(&mut self, now: Timestamp) -> Result<(), StateError> {
        let Some(surely) = self.index.last_day_but_one() else { return Ok(()) };
        let before =
            now.min(surely).checked_sub(self.settings.copy_memory).unwrap_or(Timestamp::MIN);
        self.state.begin()?;
        let expired = self.index.expire(self.state.connection(), before);
        let expired = expired.map_err(StateError::from).and_then(|()| self.state.commit());
        if expired.is_err() {
            self.rollback()?;
        }
        expired
    }

    /// Writes to the state all of it or nothing.
    fn in_transaction(
        &self,
        write: impl FnOnce() -> Result<(), StateError>,
    ) -> Result<(), StateError> {
        self.state.begin()?;
        let written = write().and_then(|()| self.state.commit());
        if written.is_err() {
            self.state.rollback()?;
        }
        written
    }
}

/// A record of this step, or of the archive.
fn record_by_id(id: &str, state: &State, archived: &Archived<'_>, step: &Step) -> Option<Record> {
    if let Some(record) = step.records.iter().find(|record| record.id == id) {
        return Some(record.clone());
    }
    archived(state.place(id).ok()??).filter(|record| record.id == id)
}

/// Reads the record at a place of the archive.
pub type Archived<'a> = dyn Fn(Position) -> Option<Record> + 'a;
