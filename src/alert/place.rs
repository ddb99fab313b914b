//! Where a cursor stands in an archive that may have been repaired, cut or exchanged meanwhile.

use anyhow::Context;
use jiff::{SignedDuration, Timestamp};

use super::cursor::Cursor;
use crate::{
    archive::{self, Checkpoint, Line, LineHash, Link, Position, ReadError},
    jsonl::Folder,
};

type Untold = Box<dyn Iterator<Item = Result<Line, ReadError>>>;

/// The lines after the last one that was told of. `end` is where the archive ends.
pub(super) fn untold(
    archive: &Folder,
    cursor: &Cursor,
    end: Checkpoint,
    alert: &str,
) -> anyhow::Result<Untold> {
    let read_from = |start: Option<Position>| {
        archive::read_from(archive, start).context("the archive cannot be read")
    };
    let start = cursor.position();
    let mut lines = read_from(start)?;
    let (Some(place), Some(last)) = (start, cursor.last()) else { return Ok(Box::new(lines)) };
    // Who comes next names who was before.
    let next = lines.next();
    if matches!(&next, Some(Ok(line)) if line.prev == Some(last.hash)) {
        return Ok(Box::new(next.into_iter().chain(lines)));
    }
    // The line has been moved within its segment, or is gone, or the next one is damaged.
    let segment = Some(Position { offset: 0, ..place });
    let first = read_from(segment)?.find_map(Result::ok);
    let segment = segment.filter(|_| first.is_some_and(|line| line.seq <= last.seq));
    if end.seq >= last.seq && read_from(segment)?.find_map(|line| at(last, line)) != Some(false) {
        return Ok(Box::new(
            read_from(segment)?.skip_while(move |line| is_until(line, |line| line.seq <= last.seq)),
        ));
    }
    let kept_at = cursor.kept_at();
    tracing::warn!(
        alert,
        seq = last.seq,
        since = %kept_at,
        "the archive is not the one that was told of: what was kept since then is told"
    );
    let lines = read_from(day_before(kept_at))?;
    Ok(Box::new(lines.skip_while(move |line| {
        is_until(line, |line| line.record().is_ok_and(|record| record.fetched_at <= kept_at))
    })))
}

/// Whether the first line that is not before `last` can be of the same archive; not known of a line
/// before.
fn at(last: Link, line: Result<Line, ReadError>) -> Option<bool> {
    let line = line.ok().filter(|line| line.seq >= last.seq)?;
    Some(line.seq > last.seq || LineHash::of(&line.bytes) == last.hash)
}

/// Whether a line belongs to those at the start that are passed over; damaged ones among them do.
fn is_until(line: &Result<Line, ReadError>, is_told: impl FnOnce(&Line) -> bool) -> bool {
    match line {
        Ok(line) => is_told(line),
        Err(error) => error.is_damage(),
    }
}

/// Where the archive has what was kept on the day (UTC) before: clocks are set back, too.
pub(super) fn day_before(at: Timestamp) -> Option<Position> {
    let day = at.checked_sub(SignedDuration::from_hours(24)).unwrap_or(at);
    day.strftime("%Y/%m/%Y-%m-%d.jsonl:0").to_string().parse().ok()
}
