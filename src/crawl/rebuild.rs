//! From the archive to the index: what a crash left out, or all of it.

use url::Url;

use super::{Crawl, poll::UNKNOWN_SIGNATURE, record};
use crate::{
    archive::{Archive, ArchiveError, Checkpoint, Position, ReadError, Record},
    dedup,
    state::{Fate, Known, Reject, Seen, State, StateError},
};

/// The name of the note that holds the archive's checkpoint.
const CHECKPOINT: &str = "checkpoint";

/// How many records are taken in by one transaction.
const BATCH: usize = 1000;

/// Up to which line of the archive the index knows it.
pub fn checkpoint(state: &State) -> Result<Option<Checkpoint>, StateError> {
    let text: Option<String> = state.note(CHECKPOINT)?;
    text.map(|text| text.parse().map_err(|_| StateError::Value(text))).transpose()
}

#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    #[error(transparent)]
    State(#[from] StateError),
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// Takes the lines after the checkpoint into the index, and the rejects where the index is new.
/// Gives the number of records. Taking a line in twice is taking it in once.
pub fn rebuild<R: Iterator<Item = Reject>>(
    state: &State,
    archive: &Archive,
    rejects: impl FnOnce() -> R,
) -> Result<usize, RebuildError> {
    let mut count = 0;
    let known = checkpoint(state)?;
    if known.is_none() {
        state.begin()?;
        for reject in rejects() {
            index_reject(state, &reject)?;
        }
        state.commit()?;
    }
    let mut index = dedup::Index::open(state.connection()).map_err(StateError::from)?;
    let mut lines = archive.since(known)?.peekable();
    while lines.peek().is_some() {
        state.begin()?;
        for line in lines.by_ref().take(BATCH) {
            let line = match line {
                Ok(line) => line,
                // Opening the archive has said so.
                Err(error) if error.is_damage() => continue,
                Err(error) => return Err(error.into()),
            };
            // A record of a later version is left to the program that knows it.
            if let Ok(record) = line.record() {
                index_record(state, &mut index, &record, line.position)?;
                count += 1;
            }
            state.put_note(CHECKPOINT, &line.checkpoint().to_string())?;
        }
        state.commit()?;
    }
    if checkpoint(state)?.is_none() {
        state.put_note(CHECKPOINT, &Checkpoint::origin().to_string())?;
    }
    Ok(count)
}

fn index_record(
    state: &State,
    index: &mut dedup::Index,
    record: &Record,
    position: Position,
) -> Result<(), StateError> {
    state.put_place(&record.id, position)?;
    state.remove_pending(&record.url_key)?;
    let known = Known {
        record_id: record.id.clone(),
        revision: record.revision,
        content_hash: record.content_hash.clone(),
    };
    let parse = |url: &Option<String>| url.as_deref().and_then(|url| Url::parse(url).ok());
    let (final_url, canonical_url) = (parse(&record.final_url), parse(&record.canonical_url));
    let keys = match Url::parse(&record.url) {
        Ok(url) => {
            record::keys(&record.url_key, &url, [final_url.as_ref(), canonical_url.as_ref()])
        }
        Err(_) => vec![record.url_key.clone()],
    };
    for key in keys {
        let visits = state.seen(&key)?.map_or(0, |seen| seen.visits) + 1;
        let seen = Seen {
            fate: Fate::Kept,
            known: Some(known.clone()),
            signature: UNKNOWN_SIGNATURE,
            at: record.fetched_at,
            visits,
        };
        state.put_seen(&key, &seen)?;
    }
    if let Some(hash) = &record.content_hash {
        state.put_content(hash, &record.id)?;
    }
    record::index(index, state, record, record.fetched_at)
}

fn index_reject(state: &State, reject: &Reject) -> Result<(), StateError> {
    let fate = if reject.failed { Fate::Failed } else { Fate::Rejected };
    let visits = state.seen(&reject.url_key)?.map_or(0, |seen| seen.visits) + 1;
    let seen = Seen { fate, known: None, signature: reject.signature, at: reject.at, visits };
    state.put_seen(&reject.url_key, &seen)
}

impl Crawl {
    /// Takes note, in the open transaction, of records that were just appended and synced.
    pub fn note_appended(
        &self,
        records: &[Record],
        positions: &[Position],
        end: Option<Checkpoint>,
    ) -> Result<(), StateError> {
        for (record, position) in records.iter().zip(positions) {
            self.state.put_place(&record.id, *position)?;
            if let Some(hash) = &record.content_hash {
                self.state.put_content(hash, &record.id)?;
            }
        }
        match end {
            Some(end) => self.state.put_note(CHECKPOINT, &end.to_string()),
            None => Ok(()),
        }
    }
}
