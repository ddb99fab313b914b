//! Closed segments: dropped when they expire, compressed before.

use jiff::Timestamp;
use tokio::task::JoinSet;

use super::{Plan, reserve};
use crate::{
    archive::{self, Archive, ArchiveError, Compression, SegmentName},
    crawl::{self, Crawl},
    jsonl::Folder,
};

/// Has closed segments worked on beside the loop, where there is something to do.
pub(super) fn tidy(
    crawl: &Crawl,
    archive: &Archive,
    plan: Plan,
    now: Timestamp,
    packing: &mut JoinSet<Result<(), ArchiveError>>,
) -> anyhow::Result<()> {
    if !packing.is_empty() {
        return Ok(());
    }
    let disk = archive.disk().clone();
    let mut expired = archive.expired(plan.retention, now)?;
    // What the index has not taken note of yet must not leave before it has.
    let known = crawl::checkpoint(crawl.state())?;
    expired.retain(|name| known.is_some_and(|known| *name < known.end.segment));
    if !expired.is_empty() {
        // A power cut must not take the state back to a line that has left. Folding its log would do as
        // well, but takes room, and there may be none until something has left.
        crawl.state().sync()?;
    }
    let unpacked = if plan.compression.is_some() { archive.unpacked()? } else { Vec::new() };
    let lacks_reserve = plan.until_idle_for.is_none() && !reserve::is_kept(disk.path());
    if lacks_reserve || !(expired.is_empty() && unpacked.is_empty()) {
        packing.spawn_blocking(move || {
            let ended = tend(&disk, &expired, unpacked, plan.compression);
            if lacks_reserve && let Err(error) = reserve::keep(disk.path()) {
                tracing::debug!(%error, "no room could be set aside");
            }
            ended
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
) -> Result<(), ArchiveError> {
    let drop = |name: &SegmentName| {
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
    let mut ended = expired.iter().try_for_each(drop);
    let Some(compression) = compression else { return ended };
    for name in unpacked {
        match archive::pack(disk, name, compression) {
            Ok(()) => break,
            failed => ended = ended.and(failed),
        }
    }
    ended
}
