//! What comes of a part of a sitemap index.

use jiff::{SignedDuration, Timestamp};

use super::{
    Crawl, Effect, Event, Reading, Step, Visit,
    poll::{NO_ROOM, Taken, outcome_of_status},
};
use crate::{
    canonical_url::Host,
    fetch::Validators,
    politeness::backoff,
    schedule::{FeedIx, Job, Outcome, PART_ATTEMPTS},
    state::{Counters, StateError},
};

/// The pause before a part is tried again, doubled with each failure.
const FIRST_RETRY: SignedDuration = SignedDuration::from_mins(5);
/// When a part is read again of which there was no room for all.
const ROOM_AGAIN: SignedDuration = SignedDuration::from_hours(6);

impl Crawl {
    pub(super) fn absorb_part(
        &self,
        ix: FeedIx,
        id: u32,
        visit: &Visit,
        now: Timestamp,
        step: &mut Step,
    ) -> Result<(), StateError> {
        let Some(feed) = self.current_feed(ix) else { return Ok(()) };
        let mut state = self.feed_state(feed)?;
        let Some(url) = state.part(id).map(|part| part.url.clone()) else { return Ok(()) };
        let response = visit.response.as_ref().and_then(|answer| answer.as_ref().ok());
        let (mut error, mut retry_after) = (None, None);
        let (mut flaws, mut is_left, mut is_offline) = (Vec::new(), false, false);
        match (&visit.reading, &visit.response) {
            (Reading::Listing { listing, .. }, _) => {
                let Taken { new, changed, is_cut } = self.take_in(ix, feed, listing, now, step)?;
                is_left = is_cut;
                state.note_new(new, &feed.cadence, now);
                let entries = new + changed;
                self.state.count(&feed.id, Counters { entries, ..Counters::default() })?;
                if !listing.more.is_empty() {
                    flaws.push(format!("{url} is an index within an index: it is not read"));
                }
                let of_cut = listing.flaws.iter().take(usize::from(listing.is_cut));
                flaws.extend(of_cut.map(|flaw| format!("{url}: {flaw}")));
                flaws.extend(is_cut.then(|| format!("{url}: {NO_ROOM}")));
                step.events.push(Event::Polled {
                    feed: feed.id.clone(),
                    status: response.map(|response| response.status),
                    entries: u32::try_from(listing.entries.len()).unwrap_or(u32::MAX),
                    new,
                    changed,
                });
            }
            (Reading::Unreadable(words), _) => error = Some(words.clone()),
            (_, Some(answer)) => {
                let outcome = match answer {
                    Ok(response) => outcome_of_status(&visit.task, response),
                    Err(fault) => self.outcome_of_error(fault, now),
                };
                is_offline = matches!(outcome, Outcome::Offline { .. });
                match outcome {
                    Outcome::Failed { error: words }
                    | Outcome::Gone { error: words }
                    | Outcome::Offline { error: words } => error = Some(words),
                    Outcome::Refused { error: words, retry_after: wait } => {
                        (error, retry_after) = (Some(words), wait.or(Some(FIRST_RETRY)));
                    }
                    Outcome::Unchanged { .. } | Outcome::Read { .. } => {}
                }
            }
            (_, None) => error = Some("robots.txt forbids it".to_owned()),
        }
        let Some(part) = state.part_mut(id) else { return Ok(()) };
        if !flaws.is_empty() && !part.warned {
            part.warned = true;
            step.events.push(Event::Flawed { feed: feed.id.clone(), flaws });
        }
        let host = Host::of(&url);
        if let Some(error) = error {
            part.failures = part.failures.saturating_add(u8::from(!is_offline));
            part.waiting = part.failures < PART_ATTEMPTS;
            let backoff = backoff::delay(FIRST_RETRY, part.failures.into(), url.as_str());
            let again = now.checked_add(backoff.max(retry_after.unwrap_or_default()));
            let again = again.unwrap_or(Timestamp::MAX);
            if part.waiting {
                step.effects.push(Effect::PutBack(host, Job::Part(ix, id), again));
            }
            if retry_after.is_some() {
                self.hold_until(&visit.task.host, again, step)?;
            }
            let error = format!("{url}: {error}");
            step.events.push(Event::FeedFailed {
                feed: feed.id.clone(),
                status: response.map(|response| response.status),
                error: error.clone(),
                failures: state.failures,
            });
            state.last_error = Some(error.into());
        } else if is_left {
            // It is read once for each time that it changes: all of it, or it is lost.
            (part.waiting, part.failures, part.validators) = (true, 0, Validators::default());
            let again = now.checked_add(ROOM_AGAIN).unwrap_or(Timestamp::MAX);
            step.effects.push(Effect::PutBack(host, Job::Part(ix, id), again));
        } else {
            (part.waiting, part.failures) = (false, 0);
            if let Some(response) = response.filter(|response| response.url == url) {
                let validators = response.validators();
                if response.status == 200 || validators != Validators::default() {
                    part.validators = validators;
                }
            }
        }
        self.state.put_feed(&feed.id, &state)
    }
}
