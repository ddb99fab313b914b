//! What came back, into the archive and the index.

use std::time::Duration;

use anyhow::Context;
use jiff::Timestamp;
use tokio::time;

use super::{Notice, Stores};
use crate::{
    archive::ArchiveError,
    crawl::{self, Crawl, Step, Visit},
};

/// What is to be written. Nothing is fetched while there is no room for it.
#[derive(Debug, Default)]
pub(super) struct Unwritten {
    /// What came back.
    pub(super) visits: Vec<Visit>,
    /// The archive has records that the index could not take note of.
    pub(super) behind: bool,
    /// A configuration that is to be taken.
    pub(super) reload: Option<Box<crawl::Reloaded>>,
}

impl Unwritten {
    /// The records of a step are in the archive, but the index could not take note of them. They
    /// are taken in from there, as after a crash. Gives the visits that they are of, with what these
    /// come to; the others remain as if nothing had been decided about them.
    fn fall_behind(&mut self, step: Step, shares: &[Share]) -> (Vec<Visit>, Step) {
        self.behind = true;
        let (mut done, mut of_done) = (Vec::new(), Step::default());
        let (mut effects, mut events) = (step.effects.into_iter(), step.events.into_iter());
        for (visit, share) in std::mem::take(&mut self.visits).into_iter().zip(shares) {
            let effects = effects.by_ref().take(share.effects);
            let events = events.by_ref().take(share.events);
            if share.records > 0 {
                of_done.effects.extend(effects);
                of_done.events.extend(events);
                done.push(visit);
            } else {
                effects.for_each(drop);
                events.for_each(drop);
                self.visits.push(visit);
            }
        }
        (done, of_done)
    }
}

/// How much of a step one visit came to.
#[derive(Debug, Clone, Copy)]
struct Share {
    records: usize,
    effects: usize,
    events: usize,
}

impl Share {
    fn of(step: &Step) -> Self {
        Self { records: step.records.len(), effects: step.effects.len(), events: step.events.len() }
    }

    fn since(self, before: Self) -> Self {
        Self {
            records: self.records - before.records,
            effects: self.effects - before.effects,
            events: self.events - before.events,
        }
    }
}

/// Takes what waits in, visits in the one order in which nothing is lost and nothing doubled: decide
/// inside a transaction, append the records and sync them, commit, and only then act on it.
pub(super) fn write(
    crawl: &mut Crawl,
    stores: &mut Stores,
    unwritten: &mut Unwritten,
    now: Timestamp,
    notice: &mut impl FnMut(Notice<'_>),
) -> anyhow::Result<()> {
    crawl.follow_clock(now)?;
    if unwritten.behind {
        crawl.catch_up(&stores.archive)?;
        unwritten.behind = false;
    }
    if !unwritten.visits.is_empty() {
        write_visits(crawl, stores, unwritten, now, notice)?;
    }
    if let Some(new) = &unwritten.reload {
        crawl.prepare(new, now)?;
    }
    if let Some(new) = unwritten.reload.take() {
        crawl.reconfigure(*new, now)?;
    }
    Ok(())
}

fn write_visits(
    crawl: &mut Crawl,
    stores: &mut Stores,
    unwritten: &mut Unwritten,
    now: Timestamp,
    notice: &mut impl FnMut(Notice<'_>),
) -> anyhow::Result<()> {
    let mut step = Step::default();
    let (shares, took) = match decide_and_append(crawl, stores, &unwritten.visits, now, &mut step) {
        Ok(decided) => decided,
        Err(error) => {
            undo(crawl, stores)?;
            return Err(error);
        }
    };
    let appended = took.map(|took| Notice::Appended {
        records: step.records.len(),
        seq: step.records.last().map_or(0, |record| record.seq),
        took,
    });
    // From here on the records are on disk.
    let noted = match appended {
        Some(_) => crawl.note_appended(
            &step.records,
            stores.archive.last_positions(),
            stores.archive.checkpoint(),
        ),
        None => Ok(()),
    };
    let committed = noted.and_then(|()| crawl.state().commit());
    let (done, step) = match &committed {
        Ok(()) => (std::mem::take(&mut unwritten.visits), step),
        Err(_) if appended.is_some() => {
            let done = unwritten.fall_behind(step, &shares);
            undo(crawl, stores)?;
            done
        }
        Err(_) => {
            undo(crawl, stores)?;
            (Vec::new(), Step::default())
        }
    };
    crawl.settle(&done, step.effects, now);
    appended.into_iter().for_each(&mut *notice);
    for event in &step.events {
        notice(Notice::Event(event));
    }
    committed.context("the state index could not take note of what was read")
}

/// Undoes what was decided: nothing of it is known, nor why it was not kept. What has no record yet is
/// decided again.
fn undo(crawl: &mut Crawl, stores: &mut Stores) -> anyhow::Result<()> {
    crawl.rollback()?;
    stores.rejects.undo().context("cannot write rejects.jsonl in the state folder")
}

/// Writes into the open transaction what visits come to, and appends their records. Gives what
/// each came to, and how long the append took where there was something to append.
fn decide_and_append(
    crawl: &mut Crawl,
    stores: &mut Stores,
    visits: &[Visit],
    now: Timestamp,
    step: &mut Step,
) -> anyhow::Result<(Vec<Share>, Option<Duration>)> {
    crawl.state().begin()?;
    let mut shares = Vec::new();
    for visit in visits {
        let before = Share::of(step);
        crawl.absorb(visit, &|place| stores.archive.read_at(place), now, step)?;
        shares.push(Share::of(step).since(before));
    }
    stores
        .rejects
        .append(&step.rejects)
        .context("cannot write rejects.jsonl in the state folder")?;
    if step.records.is_empty() {
        return Ok((shares, None));
    }
    let began = time::Instant::now();
    append(stores, step, now).with_context(|| {
        format!("cannot append to the archive in {}", stores.archive.disk().path().display())
    })?;
    Ok((shares, Some(began.elapsed())))
}

fn append(stores: &mut Stores, step: &mut Step, now: Timestamp) -> Result<(), ArchiveError> {
    if let Some(rules) = &stores.rules {
        rules.keep(stores.archive.disk())?;
        stores.rules = None;
    }
    stores.archive.append_with(&mut step.records, &step.exchanges, now).map(drop)
}
