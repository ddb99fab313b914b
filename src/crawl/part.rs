//! What comes of a part of a sitemap index.

use jiff::{SignedDuration, Timestamp};

use super::{
    Crawl, Effect, Event, Reading, Step, Visit,
    poll::{Taken, outcome_of_status},
};
use crate::{
    politeness::backoff,
    schedule::{FeedIx, Job, Outcome, PART_ATTEMPTS},
    state::{Counters, StateError},
};

/// The pause before a part is tried again, doubled with each failure.
const FIRST_RETRY: SignedDuration = SignedDuration::from_mins(5);

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
        match (&visit.reading, &visit.response) {
            (Reading::Listing { listing, .. }, _) => {
                // A part is read once for each time that it changes: all of it, or it is lost.
                let Taken { new, changed, .. } =
                    self.take_in(ix, feed, listing, u32::MAX, now, step)?;
                state.note_new(new, &feed.cadence, now);
                let entries = new + changed;
                self.state.count(&feed.id, Counters { entries, ..Counters::default() })?;
                if !listing.more.is_empty() {
                    let flaws = vec![format!("{url} is an index within an index: it is not read")];
                    step.events.push(Event::Flawed { feed: feed.id.clone(), flaws });
                }
                if listing.is_cut {
                    let flaws = listing.flaws.iter().take(1);
                    let flaws = flaws.map(|flaw| format!("{url}: {flaw}")).collect();
                    step.events.push(Event::Flawed { feed: feed.id.clone(), flaws });
                }
                step.events.push(Event::Polled {
                    feed: feed.id.clone(),
                    status: response.map(|response| response.status),
                    entries: u32::try_from(listing.entries.len()).unwrap_or(u32::MAX),
                    new,
                    changed,
                });
            }
            (Reading::Unreadable(words), _) => error = Some(words.clone()),
            (_, Some(Ok(response))) => match outcome_of_status(&visit.task, response) {
                Outcome::Failed { error: words }
                | Outcome::Gone { error: words }
                | Outcome::Offline { error: words } => error = Some(words),
                Outcome::Refused { error: words, retry_after: wait } => {
                    (error, retry_after) = (Some(words), wait.or(Some(FIRST_RETRY)));
                }
                Outcome::Unchanged { .. } | Outcome::Read { .. } => {}
            },
            (_, Some(Err(fault))) => error = Some(fault.to_string()),
            (_, None) => error = Some("robots.txt forbids it".to_owned()),
        }
        let Some(part) = state.part_mut(id) else { return Ok(()) };
        if let Some(error) = error {
            part.failures = part.failures.saturating_add(1);
            part.waiting = part.failures < PART_ATTEMPTS;
            let backoff = backoff::delay(FIRST_RETRY, part.failures.into(), url.as_str());
            let again = now.checked_add(backoff.max(retry_after.unwrap_or_default()));
            let again = again.unwrap_or(Timestamp::MAX);
            if part.waiting {
                let host = crate::canonical_url::Host::of(&url);
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
        } else {
            (part.waiting, part.failures) = (false, 0);
            if let Some(response) = response.filter(|response| response.url == url) {
                let validators = response.validators();
                if response.status == 200 || validators != crate::fetch::Validators::default() {
                    part.validators = validators;
                }
            }
        }
        self.state.put_feed(&feed.id, &state)
    }
}
