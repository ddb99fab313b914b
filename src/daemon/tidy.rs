//! Closed segments: dropped when they expire, compressed before.

use std::collections::BTreeSet;

use anyhow::Context;
use jiff::Timestamp;
use tokio::task::{JoinError, JoinSet};

use super::{Plan, reserve};
use crate::{
    archive::{self, Archive, ArchiveError, Compression, SegmentName},
    crawl::{self, Crawl},
    jsonl::Folder,
};

/// What is being done to closed segments, and what could not be.
#[derive(Debug, Default)]
pub(super) struct Tidying {
    pub(super) packing: JoinSet<Tended>,
    /// Segments with damaged lines: reading them again would find nothing else, until they are
    /// repaired, which takes a restart.
    damaged: BTreeSet<SegmentName>,
    /// What was told, which is not told again each minute.
    told: Option<String>,
    /// The day on which all this was found.
    day: i64,
}

/// What came of the work on closed segments.
#[derive(Debug)]
pub(super) struct Tended {
    pub(super) damaged: BTreeSet<SegmentName>,
    pub(super) ended: Result<(), ArchiveError>,
}

impl Tidying {
    /// Takes note of what came of it. The segment is still there as it was: it is tried again.
    pub(super) fn end(&mut self, tended: Result<Tended, JoinError>) -> anyhow::Result<()> {
        let tended = tended.context("work on a closed segment ended without a result")?;
        self.damaged.extend(tended.damaged);
        let failed = tended.ended.err().map(|error| format!("{:#}", anyhow::Error::from(error)));
        if let Some(error) = failed.as_ref().filter(|_| failed != self.told) {
            tracing::error!(%error, "a closed segment could not be compressed or dropped");
        }
        let is_told_of_these = !self.damaged.is_empty();
        self.told = failed.or_else(|| self.told.take().filter(|_| is_told_of_these));
        Ok(())
    }
}

/// Has closed segments worked on beside the loop, where there is something to do.
pub(super) fn tidy(
    crawl: &Crawl,
    archive: &Archive,
    plan: Plan,
    now: Timestamp,
    tidying: &mut Tidying,
) -> anyhow::Result<()> {
    if !tidying.packing.is_empty() {
        return Ok(());
    }
    let day = now.as_second().div_euclid(86_400);
    if std::mem::replace(&mut tidying.day, day) != day {
        // What holds up compressing and retention is told each day.
        tidying.damaged.clear();
        tidying.told = None;
    }
    let disk = archive.disk().clone();
    let mut expired = archive.expired(plan.retention, now)?;
    // What the index has not taken note of yet must not leave before it has.
    let known = crawl::checkpoint(crawl.state())?;
    expired.retain(|name| known.is_some_and(|known| *name < known.end.segment));
    // Only the oldest may leave.
    let stays = expired.iter().position(|name| tidying.damaged.contains(name));
    expired.truncate(stays.unwrap_or(expired.len()));
    if !expired.is_empty() {
        // A power cut must not take the state back to a line that has left. Folding its log would do as
        // well, but takes room, and there may be none until something has left.
        crawl.state().sync()?;
    }
    let mut unpacked = if plan.compression.is_some() { archive.unpacked()? } else { Vec::new() };
    unpacked.retain(|name| !tidying.damaged.contains(name));
    let lacks_reserve = plan.until_idle_for.is_none() && !reserve::is_kept(disk.path());
    if lacks_reserve || !(expired.is_empty() && unpacked.is_empty()) {
        tidying.packing.spawn_blocking(move || {
            let tended = tend(&disk, &expired, unpacked, plan.compression);
            if lacks_reserve && let Err(error) = reserve::keep(disk.path()) {
                tracing::debug!(%error, "no room could be set aside");
            }
            tended
        });
    }
    Ok(())
}

/// Drops what has expired, and compresses the oldest plain segment. A damaged one is not dropped,
/// since it is evidence, and holds no other up.
pub(super) fn tend(
    disk: &Folder,
    expired: &[SegmentName],
    mut unpacked: Vec<SegmentName>,
    compression: Option<Compression>,
) -> Tended {
    let mut damaged = BTreeSet::new();
    let mut drop = |name: &SegmentName| {
        match archive::drop_segment(disk, *name) {
            // What takes its place needs some.
            Err(full) if full.is_full() && reserve::give_up(disk.path()).unwrap_or(false) => {
                archive::drop_segment(disk, *name)?;
            }
            dropped => dropped?,
        }
        unpacked.retain(|other| other != name);
        tracing::info!(archive.segment = %name, "segment dropped: retention");
        Ok(())
    };
    let mut ended: Result<(), ArchiveError> = Ok(());
    for name in expired {
        ended = drop(name);
        if let Err(error) = &ended {
            damaged.extend(error.is_damage().then_some(*name));
            break;
        }
    }
    let Some(compression) = compression else { return Tended { damaged, ended } };
    for name in unpacked {
        match archive::pack(disk, name, compression) {
            Ok(()) => break,
            Err(error) => {
                damaged.extend(error.is_damage().then_some(name));
                ended = ended.and(Err(error));
            }
        }
    }
    Tended { damaged, ended }
}
