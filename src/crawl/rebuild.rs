//! From the archive to the index: what a crash left out, or all of it.

use std::{iter, thread};

use jiff::Timestamp;

use super::{
    Crawl,
    ahead::{self, Ahead, Ready},
    poll::UNKNOWN_SIGNATURE,
    record::Names,
};
use crate::{
    archive::{
        self, Archive, ArchiveError, Checkpoint, Dropped, Position, ReadError, Record, RecordError,
    },
    canonical_url::CanonicalUrl,
    dedup,
    jsonl::Disk,
    state::{CHECKPOINT, FIRST_LINE, Fate, Known, Reject, Seen, State, StateError},
};

/// Up to which line of the archive the index knows it.
pub fn checkpoint(state: &State) -> Result<Option<Checkpoint>, StateError> {
    let text: Option<String> = state.note(CHECKPOINT)?;
    text.map(|text| text.parse().map_err(|_| StateError::Value(text))).transpose()
}

/// The same, if the archive is the one that the index was made of, as far as either tells. What another
/// archive has lost says nothing of this one.
pub fn acknowledged<D: Disk>(state: &State, archive: &D) -> Result<Option<Checkpoint>, StateError> {
    let known: Option<String> = state.note(FIRST_LINE)?;
    let first = archive::first_line(archive).ok().flatten();
    let is_other = known.zip(first).is_some_and(|(known, first)| known != first.to_string());
    Ok(checkpoint(state)?.filter(|checkpoint| checkpoint.seq > 0 && !is_other))
}

#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    #[error(transparent)]
    State(#[from] StateError),
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A line of a later version of the program. Nothing from it on is taken in.
    #[error(transparent)]
    Record(#[from] RecordError),
}

impl Rebuilt {
    /// What is missing, in words.
    pub fn gaps(self) -> Option<String> {
        let damaged = match self.damaged {
            0 => None,
            1 => Some("1 part of the archive is damaged".to_owned()),
            parts => Some(format!("{parts} parts of the archive are damaged")),
        };
        let missing = match self.missing {
            0 => None,
            1 => Some("1 line of the archive is missing".to_owned()),
            lines => Some(format!("{lines} lines of the archive are missing")),
        }
        .map(|missing| missing + ", as the numbers of the others tell");
        let gaps: Vec<String> = damaged.into_iter().chain(missing).collect();
        (!gaps.is_empty()).then(|| gaps.join(", and "))
    }
}

impl RebuildError {
    /// The disk has no room: wait and try again.
    pub fn is_full(&self) -> bool {
        match self {
            Self::State(error) => error.is_full(),
            Self::Archive(error) => error.is_full(),
            Self::Read(_) | Self::Record(_) => false,
        }
    }
}

/// What taking lines in came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rebuilt {
    pub records: usize,
    /// Places that cannot be read: lines, and the rests of compressed files.
    pub damaged: usize,
    /// Lines that there were, as the numbers of the others tell, and that are not there.
    pub missing: u32,
}

/// Takes the lines after the checkpoint into the index, and the rejects where the index is new.
/// Tells `progress` how many records there are so far. What is damaged is passed over. Taking a line
/// in twice is taking it in once.
pub fn rebuild<R: Iterator<Item = Reject>>(
    state: &State,
    archive: &Archive,
    rejects: impl FnOnce() -> R,
    mut progress: impl FnMut(usize),
) -> Result<Rebuilt, RebuildError> {
    let mut rebuilt = Rebuilt::default();
    let known = checkpoint(state)?;
    let known_before = known.map(|known| known.seq).or(state.known_before()?);
    let mut last = known.map_or(0, |known| known.seq);
    if known.is_none() {
        state.begin()?;
        for reject in rejects() {
            index_reject(state, &reject)?;
        }
        for name in archive.dropped()? {
            for dropped in archive.lines_dropped(name)? {
                last = last.max(dropped.seq);
                index_dropped(state, &dropped)?;
            }
        }
        state.commit()?;
    }
    let mut index = dedup::Index::open(state.connection()).map_err(StateError::from)?;
    let since = archive.since(known)?;
    thread::scope(|scope| -> Result<(), RebuildError> {
        for lot in Ahead::start(scope, since) {
            state.begin()?;
            for line in lot.lines {
                match line {
                    Ok(taken) => {
                        match taken.record {
                            Ok(ready) => {
                                end_waiting(state, &ready, taken.seq, known_before)?;
                                index_record(state, &mut index, &ready)?;
                                rebuilt.records += 1;
                            }
                            // Passed over, it would be archived once more.
                            Err(error) if error.is_newer() => return Err(error.into()),
                            Err(error) => {
                                let error = anyhow::Error::from(error);
                                tracing::error!("a line of the archive is passed over: {error:#}");
                            }
                        }
                        let between = taken.seq.saturating_sub(last.saturating_add(1));
                        rebuilt.missing = rebuilt.missing.saturating_add(between);
                        last = taken.seq;
                    }
                    Err(error) if error.is_damage() => {
                        rebuilt.damaged += 1;
                        let error = anyhow::Error::from(error);
                        tracing::error!("a part of the archive is passed over: {error:#}");
                    }
                    Err(error) => return Err(error.into()),
                }
            }
            if let Some(end) = lot.end {
                state.put_note(CHECKPOINT, &end.to_string())?;
            }
            state.commit()?;
            progress(rebuilt.records);
        }
        Ok(())
    })?;
    if checkpoint(state)?.is_none() {
        state.put_note(CHECKPOINT, &Checkpoint::origin().to_string())?;
    }
    state.end_taking_over()?;
    // Where it cannot be read the lines above have told.
    if let Ok(Some(first)) = archive::first_line(archive.disk()) {
        state.put_note(FIRST_LINE, &first.to_string())?;
    }
    let end = archive.checkpoint().map_or(0, |end| end.seq);
    rebuilt.missing = rebuilt.missing.saturating_add(end.saturating_sub(last));
    Ok(rebuilt)
}

/// Who waited for a record waits no more; it was counted when it came to wait. Whoever waits for what
/// the index knew, up to the line `known`, waits for a revision of it. Where nobody can tell what it
/// knew, what is to be read once more is.
fn end_waiting(
    state: &State,
    ready: &Ready,
    line: u32,
    known: Option<u32>,
) -> Result<(), StateError> {
    let waited = match known {
        Some(known) => line > known && state.remove_pending(&ready.url_key)?,
        None => state.remove_announced(&ready.url_key)?,
    };
    if waited {
        state.count(&ready.feed_id, ready.counted)?;
    }
    Ok(())
}

fn index_record(state: &State, index: &mut dedup::Index, ready: &Ready) -> Result<(), StateError> {
    state.put_place(&ready.id, ready.position)?;
    let Ready { names, known, revision_of, fetched_at, .. } = ready;
    index_kept(state, names, known, revision_of.as_deref(), *fetched_at)?;
    index.insert(state.connection(), &ready.document, &ready.verdict, ready.fetched_at)?;
    Ok(())
}

/// A record that left the archive stays known by its addresses.
fn index_dropped(state: &State, dropped: &Dropped) -> Result<(), StateError> {
    let url = CanonicalUrl::parse(&dropped.url).ok();
    let claimed = [dropped.final_url.as_ref(), dropped.canonical_url.as_ref()];
    let names = ahead::names(&dropped.url_key, url.as_ref(), None, claimed);
    let known = Known {
        record_id: dropped.id.clone(),
        revision: dropped.revision,
        content_hash: dropped.content_hash.clone(),
    };
    index_kept(state, &names, &known, None, dropped.fetched_at)
}

/// As a visit does that kept the record, or what was kept: see `Crawl::identities`.
fn index_kept(
    state: &State,
    names: &Names,
    known: &Known,
    revision_of: Option<&str>,
    at: Timestamp,
) -> Result<(), StateError> {
    let (fate, signature) = (Fate::Kept, UNKNOWN_SIGNATURE);
    let mut before: Vec<String> = revision_of.map(str::to_owned).into_iter().collect();
    for key in &names.own {
        let seen = state.seen(key)?;
        let visits = seen.as_ref().map_or(0, |seen| seen.visits) + 1;
        before.extend(seen.and_then(|seen| seen.known).map(|known| known.record_id));
        state.put_seen(key, &Seen { fate, known: Some(known.clone()), signature, at, visits })?;
    }
    for key in &names.claimed {
        let known = Some(known.clone());
        let seen = match state.seen(key)? {
            None => Seen { fate, known, signature, at, visits: 0 },
            // The name is another article's.
            Some(Seen { known: Some(other), .. }) if !before.contains(&other.record_id) => continue,
            Some(seen) => Seen { fate, known, ..seen },
        };
        state.put_seen(key, &seen)?;
    }
    Ok(())
}

fn index_reject(state: &State, reject: &Reject) -> Result<(), StateError> {
    let fate = if reject.failed { Fate::Failed } else { Fate::Rejected };
    let key =
        CanonicalUrl::parse(&reject.url).map_or_else(|_| reject.url_key.clone(), |url| url.key);
    let visits = state.seen(&key)?.map_or(0, |seen| seen.visits) + 1;
    let seen = Seen { fate, known: None, signature: reject.signature, at: reject.at, visits };
    state.put_seen(&key, &seen)
}

impl Crawl {
    /// Takes in what the archive has beyond the checkpoint, as a start does. On an error it is to be
    /// called again: taking a line in twice is taking it in once.
    pub fn catch_up(&mut self, archive: &Archive) -> Result<(), RebuildError> {
        self.state.rollback()?;
        let taken = rebuild(&self.state, archive, iter::empty::<Reject>, |_| ());
        // Undoes what a failure has left, and opens the index of texts anew.
        self.rollback()?;
        taken.map(drop)
    }

    /// Takes note, in the open transaction, of records that were just appended and synced.
    pub fn note_appended(
        &self,
        records: &[Record],
        positions: &[Position],
        end: Option<Checkpoint>,
    ) -> Result<(), StateError> {
        for (record, position) in records.iter().zip(positions) {
            self.state.put_place(&record.id, *position)?;
        }
        let Some(end) = end else { return Ok(()) };
        if let Some(Record { seq: 1, .. }) = records.first() {
            let second = records.get(1).and_then(|record| record.prev.clone());
            self.state.put_note(FIRST_LINE, &second.unwrap_or_else(|| end.hash.to_string()))?;
        }
        self.state.put_note(CHECKPOINT, &end.to_string())
    }
}
