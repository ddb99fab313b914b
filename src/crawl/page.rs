//! What a page means: a record, a revision, a copy, a reject, or another try.

use std::cmp::Reverse;

use jiff::Timestamp;

use super::{
    Archived, Crawl, Effect, Event, Judged, PageReading, PageWork, Step, Visit,
    poll::signature,
    record::{self, Names},
    record_by_id,
};
use crate::{
    archive::{Record, RecordType},
    article::{Article, TextStatus},
    canonical_url::{CanonicalUrl, UrlKey},
    dedup,
    politeness::backoff,
    schedule::{Job, retry::FIRST_RETRY},
    state::{Counters, Fate, Known, Reject, Seen, StateError},
};

impl Crawl {
    pub(super) fn absorb_page(
        &mut self,
        work: &PageWork,
        visit: &Visit,
        reading: &PageReading,
        archived: &Archived<'_>,
        now: Timestamp,
        step: &mut Step,
    ) -> Result<(), StateError> {
        let attempts = work.pending.attempts + 1;
        let backoff = backoff::delay(FIRST_RETRY, attempts, work.pending.key.as_str());
        self.hold_host(visit, backoff, now, step)?;
        match reading {
            PageReading::TryAgain { error, again } => {
                // A server that says when it will be ready is taken at its word, once.
                let wait = match visit.held_for {
                    Some(wait) if attempts == 1 && !wait.is_zero() => wait,
                    wait => again.wait.max(wait.unwrap_or_default()),
                };
                let until = now.checked_add(wait).unwrap_or(Timestamp::MAX);
                self.postpone(work, again.attempts, until, error, now, step)
            }
            PageReading::Continues { request, begun } => {
                let job = Job::Page(work.of, work.pending.id);
                let since = work.pending.not_before;
                step.effects.push(Effect::Continue(job, since, request.clone(), begun.clone()));
                Ok(())
            }
            PageReading::Hopeless { error } => self.fail(work, error, now, step),
            PageReading::Ready(judged) => {
                let (keys, known) = self.identities(work, visit, judged, archived, step)?;
                if let Some(known) = known {
                    // It was kept before: what it has become is a revision, whatever it is about now.
                    return self
                        .take_known(work, visit, judged, archived, &keys, &known, now, step);
                }
                if let Some(error) = &judged.page_error {
                    step.events.push(page_failed(work, error));
                }
                if judged.keep {
                    self.take_article(work, visit, judged, archived, &keys, now, step)
                } else {
                    self.reject(work, judged, &keys, now, step)
                }
            }
        }
    }

    fn postpone(
        &self,
        work: &PageWork,
        attempts: u32,
        until: Timestamp,
        error: &str,
        now: Timestamp,
        step: &mut Step,
    ) -> Result<(), StateError> {
        let pending = &work.pending;
        self.state.postpone(pending.id, attempts, now, until)?;
        let job = Job::Page(work.of, pending.id);
        step.effects.push(Effect::PutBack(pending.host(), job, until));
        step.events.push(Event::PagePostponed {
            feed: pending.feed_id.clone(),
            url: pending.url.clone(),
            error: error.to_owned(),
            until,
        });
        Ok(())
    }

    fn fail(
        &self,
        work: &PageWork,
        error: &str,
        now: Timestamp,
        step: &mut Step,
    ) -> Result<(), StateError> {
        step.events.push(page_failed(work, error));
        step.rejects.push(record::reject(work, None, error, 0, now));
        self.done_unread(work, &[], Fate::Failed, None, now, step)?;
        self.state.count(&work.pending.feed_id, Counters { failed: 1, ..Counters::default() })
    }

    fn reject(
        &self,
        work: &PageWork,
        judged: &Judged,
        keys: &[UrlKey],
        now: Timestamp,
        step: &mut Step,
    ) -> Result<(), StateError> {
        let most = self.settings.reject_text;
        let reject: Reject = match &judged.page_error {
            Some(error) => record::reject(work, Some(judged), error, most, now),
            None => record::reject(work, Some(judged), &record::reason(judged), most, now),
        };
        let mut more = Counters::default();
        if reject.failed {
            more.failed = 1;
        } else {
            more.rejected = 1;
            step.events.push(Event::Rejected {
                feed: work.pending.feed_id.clone(),
                title: judged.article.title.clone().unwrap_or_default(),
                reason: reject.reason.clone(),
            });
        }
        let fate = if reject.failed { Fate::Failed } else { Fate::Rejected };
        step.rejects.push(reject);
        self.done(work, keys, fate, None, now, step)?;
        self.state.count(&work.pending.feed_id, more)
    }

    /// An article under an address that no record has.
    #[expect(
        clippy::too_many_arguments,
        reason = "one step of the visit, with all it has found out"
    )]
    fn take_article(
        &mut self,
        work: &PageWork,
        visit: &Visit,
        judged: &Judged,
        archived: &Archived<'_>,
        keys: &[UrlKey],
        now: Timestamp,
        step: &mut Step,
    ) -> Result<(), StateError> {
        let mut new = record::record(self, work, visit, judged, now);
        let document = record::document(&new);
        let document = dedup::Prepared::of(&document);
        let Self { index, state, .. } = &mut *self;
        let verdict = index.judge(state.connection(), &document, |id| {
            let known = record_by_id(id, state, archived, step)?;
            Some(dedup::Kept { title: known.title.unwrap_or_default(), text: known.text })
        })?;
        index.insert(state.connection(), &document, &verdict, now)?;
        new.cluster_id = Some(verdict.cluster.clone());
        new.duplicate_of.clone_from(&verdict.of);
        new.duplicate_class = Some(verdict.class).filter(|class| *class != dedup::Class::New);
        new.similarity = verdict.evidence.as_ref().map(|found| record::rounded(found.jaccard));
        new.duplicate_evidence = verdict.evidence.map(record::rounded_evidence);
        let title = new.title.clone().unwrap_or_default();
        let is_copy = record::counted(&new).duplicates > 0;
        if let Some(of) = new.duplicate_of.as_ref().filter(|_| is_copy) {
            step.events.push(Event::Copy {
                feed: work.pending.feed_id.clone(),
                id: new.id.clone(),
                of: of.clone(),
                title,
            });
            // What is abridged or extended is a text of its own.
            if !self.settings.keep_copied_text && verdict.class == dedup::Class::Copy {
                new.text = None;
            }
        } else {
            step.events.push(Event::Kept {
                feed: work.pending.feed_id.clone(),
                id: new.id.clone(),
                title,
                score: new.topic_score.unwrap_or_default(),
                revision: 1,
            });
        }
        self.keep(work, visit, keys, new, now, step)
    }

    /// An article of which there is a record: nothing, or a revision.
    #[expect(
        clippy::too_many_arguments,
        reason = "one step of the visit, with all it has found out"
    )]
    fn take_known(
        &mut self,
        work: &PageWork,
        visit: &Visit,
        judged: &Judged,
        archived: &Archived<'_>,
        keys: &[UrlKey],
        known: &Known,
        now: Timestamp,
        step: &mut Step,
    ) -> Result<(), StateError> {
        let feed = &work.pending.feed_id;
        let mut new = record::record(self, work, visit, judged, now);
        let old = record_by_id(&known.record_id, &self.state, archived, step);
        // A wall, or a part that could not be had, is no edit of the article.
        let worse = match &old {
            Some(old) => new.text_status > old.text_status,
            None => matches!(new.text_status, TextStatus::FeedOnly | TextStatus::Failed),
        };
        let old_text =
            old.as_ref().map(|old| self.text_of(old, archived, step)).unwrap_or_default();
        let changed = match dedup::revision(&old_text, new.text.as_deref().unwrap_or_default()) {
            dedup::Revision::Changed { ratio }
                if !worse && new.content_hash != known.content_hash =>
            {
                ratio
            }
            _ => {
                step.events.push(Event::Same {
                    feed: feed.clone(),
                    id: known.record_id.clone(),
                    url: work.pending.url.clone(),
                });
                let known = Some(known.clone());
                if judged.page_error.is_some() {
                    self.done_unread(work, keys, Fate::Kept, known, now, step)?;
                } else {
                    self.done(work, keys, Fate::Kept, known, now, step)?;
                }
                return self.state.count(feed, Counters { duplicates: 1, ..Counters::default() });
            }
        };
        new.record_type = RecordType::Revision;
        new.revision = known.revision + 1;
        new.revision_of = Some(known.record_id.clone());
        // Of a text that is not there any more it cannot be told.
        new.similarity = (!old_text.is_empty()).then(|| record::rounded(1.0 - changed));
        new.duplicate_class = Some(dedup::Class::Revision);
        new.id = record::id(&new.url_key, new.revision);
        let cluster = old.and_then(|old| old.cluster_id).unwrap_or_else(|| known.record_id.clone());
        new.cluster_id = Some(cluster);
        let document = record::document(&new);
        let document = dedup::Prepared::of(&document);
        self.index.insert(self.state.connection(), &document, &record::verdict(&new), now)?;
        step.events.push(Event::Kept {
            feed: feed.clone(),
            id: new.id.clone(),
            title: new.title.clone().unwrap_or_default(),
            score: new.topic_score.unwrap_or_default(),
            revision: new.revision,
        });
        self.keep(work, visit, keys, new, now, step)
    }

    fn keep(
        &self,
        work: &PageWork,
        visit: &Visit,
        keys: &[UrlKey],
        new: Record,
        now: Timestamp,
        step: &mut Step,
    ) -> Result<(), StateError> {
        let known = Known {
            record_id: new.id.clone(),
            revision: new.revision,
            content_hash: new.content_hash.clone(),
        };
        self.done(work, keys, Fate::Kept, Some(known), now, step)?;
        self.state.count(&work.pending.feed_id, record::counted(&new))?;
        let answer = visit.response.as_ref().and_then(|answer| answer.as_ref().ok());
        step.records.push(new);
        step.exchanges.push(answer.map(|answer| answer.exchanges.clone()).unwrap_or_default());
        Ok(())
    }

    /// The page is dealt with, and could not be had. What an address that was kept before has become
    /// is still to be seen: all that is remembered of it stays, also what the feed said, so that it is
    /// looked at again.
    fn done_unread(
        &self,
        work: &PageWork,
        keys: &[UrlKey],
        fate: Fate,
        known: Option<Known>,
        now: Timestamp,
        step: &mut Step,
    ) -> Result<(), StateError> {
        match self.state.seen(&work.pending.key)? {
            Some(before) if before.known.is_some() && before.visits > 0 => {
                let visits = before.visits + 1;
                self.remember(work, keys, &Seen { at: now, visits, ..before }, now, step)
            }
            _ => self.done(work, keys, fate, known, now, step),
        }
    }

    /// The page is dealt with.
    fn done(
        &self,
        work: &PageWork,
        keys: &[UrlKey],
        fate: Fate,
        known: Option<Known>,
        now: Timestamp,
        step: &mut Step,
    ) -> Result<(), StateError> {
        let pending = &work.pending;
        let visits = self.state.seen(&pending.key)?.map_or(0, |seen| seen.visits) + 1;
        let signature = signature(&pending.entry);
        self.remember(work, keys, &Seen { fate, known, signature, at: now, visits }, now, step)
    }

    /// Takes a page off the waiting list, and remembers all its addresses.
    fn remember(
        &self,
        work: &PageWork,
        keys: &[UrlKey],
        seen: &Seen,
        now: Timestamp,
        step: &mut Step,
    ) -> Result<(), StateError> {
        let PageWork { pending, of, .. } = work;
        let waiting = self.state.pending(pending.id)?;
        // The feed may have said something else of it while it was asked for.
        if waiting.is_some_and(|later| signature(&later.entry) != signature(&pending.entry)) {
            let again = self.rested_at(seen, now);
            self.state.read_again(pending.id, again)?;
            self.state.count(&pending.feed_id, Counters { entries: 1, ..Counters::default() })?;
            let job = Job::Page(*of, pending.id);
            step.effects.push(Effect::PutBack(pending.host(), job, again));
        } else {
            self.state.remove_pending(&pending.key)?;
        }
        self.state.put_seen(&pending.key, seen)?;
        for other in keys.iter().filter(|other| **other != pending.key) {
            let seen = match self.state.seen(other)? {
                // What was said of it, and when it was looked at, stays.
                Some(own) if own.visits > 0 && seen.known.is_some() => {
                    Seen { fate: seen.fate, known: seen.known.clone(), ..own }
                }
                Some(own) if own.visits > 0 => own,
                // It was not asked for itself: a feed may yet announce it, and say something else.
                _ => Seen { visits: 0, ..seen.clone() },
            };
            self.state.put_seen(other, &seen)?;
        }
        Ok(())
    }

    /// The addresses that are the article's, and its newest record under any of them.
    ///
    /// A name that a page claims may be another article's, by a broken template or a hub that many
    /// name: then their texts have nothing in common, and the claim counts for nothing.
    fn identities(
        &self,
        work: &PageWork,
        visit: &Visit,
        judged: &Judged,
        archived: &Archived<'_>,
        step: &Step,
    ) -> Result<(Vec<UrlKey>, Option<Known>), StateError> {
        // Many articles are led to one page of errors or consent: it is no name of any.
        let answer = visit.response.as_ref().and_then(|answer| answer.as_ref().ok());
        let answer = answer.filter(|_| judged.page_error.is_none());
        let canonical = answer.and(judged.article.canonical_url.as_ref());
        let claimed = [answer.map(|answer| &answer.url), canonical];
        let url = CanonicalUrl::parse(work.pending.url.as_str()).ok();
        let names =
            Names::of(&work.pending.key, url.as_ref(), Some(&work.pending.feed_id), claimed);
        let mut newest: Option<Known> = None;
        let mut keys: Vec<(UrlKey, Option<Known>)> = Vec::new();
        for key in names.own.iter().chain(&names.claimed) {
            let seen = self.state.seen(key)?;
            // An address that was never read has the record of a page that claimed it.
            let was_read = seen.as_ref().is_some_and(|seen| seen.visits > 0);
            let known = seen.and_then(|seen| seen.known);
            if was_read && names.own.contains(key) && newest.is_none() {
                newest.clone_from(&known);
            }
            keys.push((key.clone(), known));
        }
        let revision = |known: &Option<Known>| known.as_ref().map(|known| known.revision);
        let mut claims: Vec<&Known> = keys
            .iter()
            .filter(|(_, known)| revision(known) > revision(&newest))
            .filter_map(|(_, known)| known.as_ref())
            .collect();
        claims.sort_by_key(|known| Reverse(known.revision));
        if let Some(claim) =
            claims.into_iter().find(|known| self.is_related(judged, known, archived, step))
        {
            newest = Some(claim.clone());
        }
        let is_own = |key: &UrlKey| names.own.contains(key);
        keys.retain(|(key, known)| is_own(key) || known.is_none() || *known == newest);
        Ok((keys.into_iter().map(|(key, _)| key).collect(), newest))
    }

    /// Whether a text is that of a record, be it edited, cut or longer.
    fn is_related(
        &self,
        judged: &Judged,
        known: &Known,
        archived: &Archived<'_>,
        step: &Step,
    ) -> bool {
        let Article { title, text, .. } = &judged.article;
        if known.content_hash.is_some() && known.content_hash == record::content_hash(text) {
            return true;
        }
        let Some(old) = record_by_id(&known.record_id, &self.state, archived, step) else {
            return false;
        };
        let old_text = self.text_of(&old, archived, step);
        let is_bare = text.is_empty() || old_text.is_empty();
        let new = dedup::Text::of(title.as_deref().unwrap_or_default(), text);
        let old = dedup::Text::of(old.title.as_deref().unwrap_or_default(), &old_text);
        let (class, evidence) = dedup::compare(&new, &old, &[], dedup::Circumstances::default());
        class != dedup::Class::New || (is_bare && evidence.title >= SAME_TITLE)
    }

    /// The text of a record; of a copy that was kept without it, that of the first, which is nearly the
    /// same. Empty where there is none.
    fn text_of(&self, record: &Record, archived: &Archived<'_>, step: &Step) -> String {
        let first = || record_by_id(record.duplicate_of.as_deref()?, &self.state, archived, step);
        record.text.clone().or_else(|| first()?.text).unwrap_or_default()
    }
}

/// So much of the words of two titles is in both where nothing else tells that they are of one article.
const SAME_TITLE: f32 = 0.5;

fn page_failed(work: &PageWork, error: &str) -> Event {
    Event::PageFailed {
        feed: work.pending.feed_id.clone(),
        url: work.pending.url.clone(),
        error: error.to_owned(),
    }
}
