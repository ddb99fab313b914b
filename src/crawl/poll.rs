//! What a listing means: new entries wait, known ones that changed wait again.

use std::{collections::BTreeSet, time::Duration};

use jiff::{SignedDuration, Timestamp};
use url::Url;

use super::{Crawl, DAY, Effect, Event, Feed, Reading, Step, Task, Visit, read::status_words};
use crate::{
    canonical_url::{CanonicalUrl, Host, UrlKey},
    fetch::{FetchError, Request, Response, Validators},
    politeness::{freshness, retry_after},
    schedule::{FeedIx, FeedState, Job, Outcome, PageId},
    source::{Entry, Listing, More, ReadBy},
    state::{Counters, Fate, Pending, Reject, Seen, StateError},
    topic::Text,
};

/// Characters of the flaws that are remembered.
const LONGEST_FLAWS: usize = 300;

impl Crawl {
    pub(super) fn absorb_poll(
        &self,
        ix: FeedIx,
        late: SignedDuration,
        visit: &Visit,
        now: Timestamp,
        step: &mut Step,
    ) -> Result<(), StateError> {
        // The configuration may have lost the feed while it was asked.
        let Some(feed) = self.current_feed(ix) else { return Ok(()) };
        let before = self.feed_state(feed)?;
        let mut state = before.clone();
        let response = visit.response.as_ref().and_then(|answer| answer.as_ref().ok());
        let host = &visit.task.host;
        state.status = response.map(|response| response.status);
        state.note_lateness(late, &feed.cadence);
        let mut more = Counters { polls: 1, ..Counters::default() };
        let mut outcome = match (&visit.reading, &visit.response) {
            (Reading::Listing { listing, body_hash }, Some(Ok(response))) => {
                let Taken { new, changed, is_cut } = self.take_in(ix, feed, listing, now, step)?;
                if is_cut && !state.is_full {
                    step.events.push(Event::Flawed {
                        feed: feed.id.clone(),
                        flaws: vec![NO_ROOM.to_owned()],
                    });
                }
                state.is_full = is_cut;
                more.entries = new + changed;
                note_reading(&mut state, feed, listing, step);
                let entries = u32::try_from(listing.entries.len()).unwrap_or(u32::MAX);
                step.events.push(Event::Polled {
                    feed: feed.id.clone(),
                    status: state.status,
                    entries,
                    new,
                    changed,
                });
                Outcome::Read {
                    // What was left must not be hidden behind a 304.
                    validators: if is_cut { Validators::default() } else { response.validators() },
                    body_hash: *body_hash,
                    entries,
                    new,
                    freshness: freshness::lifetime(&response.headers, response.at),
                    ttl: listing.interval.map(signed),
                    skip_hours: listing.skip_hours.clone(),
                    skip_days: listing.skip_days.clone(),
                }
            }
            (Reading::Unreadable(error), _) => Outcome::Failed { error: error.clone() },
            (_, Some(Ok(response))) => outcome_of_status(&visit.task, response),
            (_, Some(Err(error))) => self.outcome_of_error(error, now),
            (_, None) => Outcome::Failed { error: "robots.txt forbids the feed".to_owned() },
        };
        // A page of excuses that a feed leads to for a while is not where it has moved.
        let is_feed = matches!(outcome, Outcome::Read { .. } | Outcome::Unchanged { .. });
        if let Some(response) = response.filter(|_| is_feed) {
            note_redirect(&mut state, response, now);
            self.note_end(ix, feed, &mut state, &response.url, step);
        }
        // Validators are those of the address that answered.
        let address = match (response, &visit.task.request) {
            (Some(response), _) => response.url.clone(),
            (None, Some(request)) => request.url.clone(),
            (None, None) => state.address(&feed.url).clone(),
        };
        if address != feed.url {
            outcome.note_asked(&address);
        }
        let mut state = state.after(&outcome, &address, &feed.id, &feed.cadence, now);
        let planned = match (&outcome, &visit.reading) {
            (Outcome::Read { .. }, Reading::Listing { listing, .. }) => {
                let part = |more: &More| (more.url.clone(), more.updated.as_ref().map(|d| d.at));
                state.plan_parts(&listing.more.iter().map(part).collect::<Vec<_>>())
            }
            (Outcome::Unchanged { .. }, _) => state.replan_parts(),
            _ => Vec::new(),
        };
        for part in planned.iter().filter_map(|id| state.part(*id)) {
            let job = Job::Part(ix, part.id);
            step.effects.push(Effect::PutBack(Host::of(&part.url), job, now));
        }
        match &outcome {
            Outcome::Unchanged { .. } => step.events.push(Event::Polled {
                feed: feed.id.clone(),
                status: Some(304),
                entries: 0,
                new: 0,
                changed: 0,
            }),
            Outcome::Refused { .. } => {
                if let Some(until) = state.next_at {
                    self.hold_until(host, until, step)?;
                }
            }
            _ => {}
        }
        self.tell(feed, host, &before, &state, now, step);
        self.state.put_feed(&feed.id, &state)?;
        self.state.count(&feed.id, more)?;
        let address = Box::new(state.address(&feed.url).clone());
        step.effects.push(Effect::SetFeed(ix, address, state.next_at));
        Ok(())
    }

    /// What came of asking for a listing that could not be had.
    pub(super) fn outcome_of_error(&self, error: &FetchError, now: Timestamp) -> Outcome {
        if error.is_silence() && self.schedule.is_offline(now) {
            return Outcome::Offline { error: format!("{error}; nothing else answers either") };
        }
        Outcome::Failed { error: error.to_string() }
    }

    /// Says what a poll has changed for the worse, or for good.
    fn tell(
        &self,
        feed: &Feed,
        host: &Host,
        before: &FeedState,
        after: &FeedState,
        now: Timestamp,
        step: &mut Step,
    ) {
        let id = || feed.id.clone();
        if after.moved_to != before.moved_to
            && let Some(to) = &after.moved_to
        {
            step.events.push(Event::FeedMoved { feed: id(), to: (**to).clone() });
        }
        if let (Some(_), None) = (&before.moved_to, &after.moved_to) {
            step.events.push(Event::FeedMovedBack { feed: id() });
        }
        if let Some(error) = &after.last_error {
            step.events.push(Event::FeedFailed {
                feed: id(),
                status: after.status,
                error: error.to_string(),
                failures: after.failures,
            });
        }
        let was_stale = before.is_stale(before.last_poll_at.unwrap_or(now));
        if let Some(last_new_at) = after.last_new_at.filter(|_| !was_stale && after.is_stale(now)) {
            step.events.push(Event::FeedStale { feed: id(), last_new_at });
        }
        let was_said = self.late_hosts.get(host).is_some_and(|at| now.duration_since(*at) < DAY);
        if after.late_s > 0 && !was_said {
            let late = SignedDuration::from_secs(i64::from(after.late_s));
            step.events.push(Event::HostLate { host: host.clone(), feed: id(), late });
            step.effects.push(Effect::Late(host.clone(), now));
        }
    }

    /// Puts what is new or changed on the waiting list, where there is room for it.
    pub(super) fn take_in(
        &self,
        ix: FeedIx,
        feed: &Feed,
        listing: &Listing,
        now: Timestamp,
        step: &mut Step,
    ) -> Result<Taken, StateError> {
        let mut room = MOST_WAITING - self.state.waiting_of(&feed.id, MOST_WAITING)?;
        let mut taken = Taken::default();
        // What the configuration says weighs more than what the whole feed declares.
        let declared = listing.language.as_ref().filter(|_| feed.language.is_none());
        let announced = |entry: &Entry| {
            let language = entry.language.as_ref().or(declared).cloned();
            Entry { language, ..entry.clone() }
        };
        let mut met = BTreeSet::new();
        for entry in &listing.entries {
            let Some(address) = address_of(entry, &feed.url) else { continue };
            // Of entries with one address the first speaks for it, now and at the next poll.
            if !met.insert(address.key.clone()) {
                continue;
            }
            let said = signature(entry);
            if let Some(waiting) = self.state.pending_at(&address.key)? {
                // What its page is read for is what the feed says by then.
                if waiting.feed_id == feed.id && signature(&waiting.entry) != said {
                    self.state.put_entry(waiting.id, &announced(entry))?;
                }
                continue;
            }
            let mut seen = self.state.seen(&address.key)?;
            if seen.is_none()
                && let Some(name) = name_in_feed(&feed.id, &address.fetch)
            {
                // The same, said at a former address of the feed.
                seen = self.state.seen(&name)?.filter(|seen| seen.signature == said);
            }
            let is_kept = seen.as_ref().is_some_and(|seen| seen.known.is_some());
            let visits = seen.as_ref().map_or(0, |seen| seen.visits);
            let rested_at = seen.as_ref().map_or(now, |seen| self.rested_at(seen, now));
            let revisit = match seen {
                None => false,
                Some(seen) if seen.signature == said => continue,
                Some(seen) if seen.signature == UNKNOWN_SIGNATURE && visits > 0 => {
                    // Taken from the archive, which does not keep what the feed said: from now on
                    // a change is a change of this.
                    self.state.put_seen(&address.key, &Seen { signature: said, ..seen })?;
                    continue;
                }
                Some(_) => true,
            };
            if self.settings.judge_before_fetch
                && !is_kept
                && !self.touches_a_topic(
                    entry,
                    feed.language.as_deref().or(listing.language.as_deref()),
                )
            {
                if rested_at > now {
                    continue;
                }
                let (fate, signature) = (Fate::Rejected, said);
                let seen = Seen { fate, known: None, signature, at: now, visits };
                self.state.put_seen(&address.key, &seen)?;
                self.state.count(&feed.id, Counters { rejected: 1, ..Counters::default() })?;
                step.rejects.push(unasked(entry, address, feed, now));
                *taken.counter(revisit) += 1;
                continue;
            }
            // What is to be read again may wait for days, and must leave room for what is new.
            if room == 0 || (revisit && room <= ROOM_FOR_NEW) {
                taken.is_cut = true;
                continue;
            }
            room -= 1;
            // A change that was announced once may be behind a 304 from now on: it waits for its
            // time. An address that was but another page's name was never read itself.
            let not_before = if visits == 0 { now } else { rested_at };
            let pending = Pending {
                id: PageId(0),
                key: address.key,
                url: address.fetch,
                feed_id: feed.id.clone(),
                entry: announced(entry),
                first_seen_at: now,
                not_before,
                attempts: 0,
                tried_since: None,
                revisit,
            };
            if let Some(id) = self.state.add_pending(&pending)? {
                step.effects.push(Effect::PutBack(pending.host(), Job::Page(ix, id), not_before));
                *taken.counter(revisit) += 1;
            }
        }
        Ok(taken)
    }

    /// Any word of any topic is in what the feed says.
    fn touches_a_topic(&self, entry: &Entry, language: Option<&str>) -> bool {
        let judgements = self.rules.topics.judge(&Text {
            title: entry.title.as_deref().unwrap_or_default(),
            summary: entry.summary.as_deref().unwrap_or_default(),
            text: entry.content.as_deref().unwrap_or_default(),
            language: entry.language.as_deref().or(language),
            url: entry.url.as_ref().map(Url::as_str),
            published: entry.published.as_ref().map(|dated| dated.at),
        });
        judgements.iter().any(|judgement| !judgement.matches.is_empty())
    }

    /// When a known address may be looked at again: some time after the last look. The time grows with
    /// each look, for feeds that say something new at every poll.
    pub(super) fn rested_at(&self, seen: &Seen, now: Timestamp) -> Timestamp {
        let doubled = 2_i32.pow(seen.visits.clamp(1, 10) - 1);
        let rest = self.settings.revisit_after.checked_mul(doubled).unwrap_or(SignedDuration::MAX);
        // Either way: a clock may have been set back since.
        let left = rest.saturating_sub(now.duration_since(seen.at).abs());
        now.checked_add(left.max(SignedDuration::ZERO)).unwrap_or(Timestamp::MAX)
    }
}

/// So many pages of a feed wait at the most: what a feed announces must not fill the disk.
const MOST_WAITING: u32 = 10_000;
/// And so many of these places are for pages that were never read.
const ROOM_FOR_NEW: u32 = MOST_WAITING / 2;

/// What is said where there is no room for all.
pub(super) const NO_ROOM: &str =
    "too many of its pages wait already: the rest is taken in at later polls";

/// What a listing has come to.
#[derive(Debug, Default)]
pub(super) struct Taken {
    /// Entries that were new, and that were known and have changed.
    pub(super) new: u32,
    pub(super) changed: u32,
    /// There was no room for all.
    pub(super) is_cut: bool,
}

impl Taken {
    fn counter(&mut self, was_known: bool) -> &mut u32 {
        if was_known { &mut self.changed } else { &mut self.new }
    }
}

/// The line for an entry that is rejected without its page.
fn unasked(entry: &Entry, address: CanonicalUrl, feed: &Feed, now: Timestamp) -> Reject {
    Reject {
        at: now,
        url_key: address.key,
        url: address.fetch.into(),
        feed_id: feed.id.clone(),
        title: entry.title.clone(),
        language: None,
        score: 0.0,
        reason: "the feed's title and summary touch no topic; the page was not fetched".to_owned(),
        missing: Vec::new(),
        published_at: entry.published.as_ref().map(|dated| dated.at),
        text: None,
        failed: false,
        signature: signature(entry),
    }
}

/// The page that an entry announces; a counting redirector's target where the feed names it. Tickers
/// link all their entries to the home page, which tells of none of them.
pub(super) fn page_of(entry: &Entry) -> Option<&Url> {
    let has_text = entry.summary.is_some() || entry.content.is_some();
    let url = entry.original_url.as_ref().or(entry.url.as_ref())?;
    let is_home = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    Some(url).filter(|_| !(is_home && has_text))
}

/// The address of an entry. One that names none is a part of its feed, by its id, its title or its
/// text, in that order; a title alone is what is left of an entry where a feed breaks off.
fn address_of(entry: &Entry, feed_url: &Url) -> Option<CanonicalUrl> {
    if let Some(url) = page_of(entry) {
        return CanonicalUrl::parse(url.as_str()).ok();
    }
    let text = entry.summary.as_ref().or(entry.content.as_ref());
    let title = entry.title.as_ref().filter(|_| text.is_some());
    let link = entry.url.as_ref().map(Url::as_str);
    let guid = entry.guid.as_ref().filter(|guid| Some(guid.as_str()) != link);
    let name = guid.or(title).or(text)?;
    let mut url = feed_url.clone();
    url.set_fragment(Some(&format!("{ENTRY}{}", blake3::hash(name.as_bytes()).to_hex())));
    CanonicalUrl::parse(url.as_str()).ok()
}

/// What the address of an entry that names none has for a fragment, before the hash of its name.
const ENTRY: &str = "!entry=";

/// Another name of an entry without an address, for when its feed has another: by the feed's id.
pub(super) fn name_in_feed(feed_id: &str, url: &Url) -> Option<UrlKey> {
    let entry = url.fragment()?.strip_prefix(ENTRY)?;
    Some(UrlKey::verbatim(&format!("feed {feed_id}#{ENTRY}{entry}")))
}

/// Stands for what a feed said of an article where only its record is left.
pub(super) const UNKNOWN_SIGNATURE: i64 = 0;

/// Hash of what a feed says of an article; another one is a reason to read the page again.
pub(super) fn signature(entry: &Entry) -> i64 {
    let mut hasher = blake3::Hasher::new();
    let updated =
        entry.updated.as_ref().or(entry.published.as_ref()).map(|dated| dated.at.to_string());
    // Without a page the feed's text is the article.
    let text = entry.content.as_ref().filter(|_| page_of(entry).is_none());
    for part in [entry.title.as_ref(), entry.summary.as_ref(), updated.as_ref(), text] {
        hasher.update(part.map(String::as_bytes).unwrap_or_default());
        hasher.update(&[0]);
    }
    let mut bytes = [0; 8];
    hasher.finalize_xof().fill(&mut bytes);
    i64::from_le_bytes(bytes).max(i64::MIN + 1).abs() | 1
}

pub(super) fn outcome_of_status(task: &Task, response: &Response) -> Outcome {
    let error = status_words(response.status);
    let was_conditional = task.request.as_ref().is_some_and(Request::is_conditional);
    match response.status {
        304 if !was_conditional => Outcome::Failed {
            error: format!("{error}, although nothing was said of what is known"),
        },
        304 => Outcome::Unchanged {
            validators: response.validators(),
            freshness: freshness::lifetime(&response.headers, response.at),
        },
        410 => Outcome::Gone { error: format!("{error} for good, the server says") },
        429 => Outcome::Refused {
            error,
            retry_after: retry_after::wait(&response.headers, response.at),
        },
        503 => match retry_after::wait(&response.headers, response.at) {
            Some(wait) => Outcome::Refused { error, retry_after: Some(wait) },
            None => Outcome::Failed { error },
        },
        _ => Outcome::Failed { error },
    }
}

/// Only a chain that is permanent from its first hop to its last moves a feed.
fn note_redirect(state: &mut FeedState, response: &Response, now: Timestamp) {
    if matches!(response.status, 200 | 304) {
        let asked = response.redirects.first().map_or(&response.url, |hop| &hop.from);
        let to = response.has_moved_for_good().then_some(&response.url);
        state.note_way(asked, to, now);
    }
}

/// Which way a listing was read; what was wrong with it is said once.
fn note_reading(state: &mut FeedState, feed: &Feed, listing: &Listing, step: &mut Step) {
    state.read_by = Some(listing.read_by.words().into());
    let flaws: String = listing.flaws.join("; ").chars().take(LONGEST_FLAWS).collect();
    state.flaws = (!flaws.is_empty()).then(|| flaws.into());
    let is_new = !state.warned && (listing.read_by == ReadBy::Lenient || state.flaws.is_some());
    let is_newly_cut = listing.is_cut && !state.is_cut;
    state.is_cut = listing.is_cut;
    if is_new || is_newly_cut {
        state.warned = true;
        let flaws = listing.flaws.clone();
        step.events.push(Event::Flawed { feed: feed.id.clone(), flaws });
    }
}

fn signed(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}
