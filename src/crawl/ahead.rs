//! Reading the archive ahead of the index, on threads of their own: unpacking, checking, parsing and
//! cutting a text into shingles take far longer than what is written of it.

use std::{
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread::Scope,
};

use jiff::Timestamp;
use url::Url;

use super::record::{self, Names};
use crate::{
    archive::{Checkpoint, Line, Lines, Position, ReadError, Record, RecordError},
    article::TextStatus,
    canonical_url::{CanonicalUrl, UrlKey},
    dedup,
    state::{Counters, Known},
};

/// Parsing takes about twice as long as unpacking, which one thread does, and as long as writing.
const PARSERS: usize = 2;
/// Lines handed over at once, and their bytes but for the last one's, and such lots that wait: what
/// bounds the memory.
const LOT: usize = 512;
const LOT_BYTES: usize = 2 << 20;
const LOTS: usize = 2;

/// Lines that are taken in together.
pub(super) struct Lot {
    pub(super) lines: Vec<Result<Taken, ReadError>>,
    /// Up to where the archive is known with them: a hash of a whole line, and so made once a lot.
    pub(super) end: Option<Checkpoint>,
}

/// A line, by its number, and what the index takes of its record.
pub(super) struct Taken {
    pub(super) seq: u32,
    pub(super) record: Result<Box<Ready>, RecordError>,
}

/// What the index takes of a record.
pub(super) struct Ready {
    pub(super) id: String,
    pub(super) position: Position,
    pub(super) url_key: UrlKey,
    pub(super) feed_id: String,
    pub(super) counted: Counters,
    pub(super) names: Names,
    pub(super) known: Known,
    pub(super) revision_of: Option<String>,
    pub(super) fetched_at: Timestamp,
    pub(super) document: dedup::Prepared<'static>,
    pub(super) verdict: dedup::Verdict,
}

type RawLot = Vec<Result<Line, ReadError>>;

/// The lots in order.
pub(super) struct Ahead {
    /// One for each thread that parses. They have the lots by turns, the first the next one.
    parsed: Vec<Receiver<Lot>>,
    turn: usize,
}

impl Ahead {
    /// Starts reading.
    pub(super) fn start<'scope>(scope: &'scope Scope<'scope, '_>, lines: Lines) -> Self {
        let (mut raw, mut parsed) = (Vec::new(), Vec::new());
        for _ in 0..PARSERS {
            let (send_raw, lots) = sync_channel::<RawLot>(LOTS);
            let (send, receive) = sync_channel(LOTS);
            scope.spawn(move || parse(&lots, &send));
            raw.push(send_raw);
            parsed.push(receive);
        }
        scope.spawn(move || read(lines, &raw));
        Self { parsed, turn: 0 }
    }
}

impl Iterator for Ahead {
    type Item = Lot;

    fn next(&mut self) -> Option<Self::Item> {
        // Whose turn it is has no more, when nobody has.
        let lot = self.parsed.get(self.turn)?.recv().ok()?;
        self.turn = (self.turn + 1) % PARSERS;
        Some(lot)
    }
}

/// Ends early when nobody takes the lots any more.
fn read(mut lines: Lines, parsers: &[SyncSender<RawLot>]) {
    for parser in parsers.iter().cycle() {
        let lot = lot(&mut lines);
        if lot.is_empty() || parser.send(lot).is_err() {
            return;
        }
    }
}

fn lot(lines: &mut Lines) -> RawLot {
    let (mut lot, mut bytes) = (Vec::with_capacity(LOT), 0);
    while lot.len() < LOT
        && bytes < LOT_BYTES
        && let Some(line) = lines.next()
    {
        bytes += line.as_ref().map_or(0, |line| line.bytes.len());
        lot.push(line);
    }
    lot
}

fn parse(lots: &Receiver<RawLot>, send: &SyncSender<Lot>) {
    for lot in lots {
        let last = lot.iter().rev().find_map(|line| line.as_ref().ok());
        let end = last.map(Line::checkpoint);
        let lines = lot.into_iter().map(|line| line.map(|line| taken(&line))).collect();
        if send.send(Lot { lines, end }).is_err() {
            return;
        }
    }
}

fn taken(line: &Line) -> Taken {
    let record = line.record().map(|record| Box::new(ready(record, line.position)));
    Taken { seq: line.seq, record }
}

fn ready(record: Record, position: Position) -> Ready {
    let url = CanonicalUrl::parse(&record.url).ok();
    // As at the time: what gave no text is no name of the article.
    let is_read = record.text_status < TextStatus::FeedOnly;
    let claimed =
        [&record.final_url, &record.canonical_url].map(|url| url.as_ref().filter(|_| is_read));
    let mut document = record::document(&record);
    if let Some(url) = &url {
        document.url_key = url.key.clone();
    }
    Ready {
        position,
        names: names(&record.url_key, url.as_ref(), Some(&record.feed_id), claimed),
        known: Known {
            record_id: record.id.clone(),
            revision: record.revision,
            content_hash: record.content_hash.clone(),
        },
        fetched_at: record.fetched_at,
        verdict: record::verdict(&record),
        counted: record::counted(&record),
        revision_of: record.revision_of,
        feed_id: record.feed_id,
        document: dedup::Prepared::owned(document),
        id: record.id,
        url_key: record.url_key,
    }
}

/// The addresses of a record by its own, by where that led, and by what the page calls itself.
pub(super) fn names(
    key: &UrlKey,
    url: Option<&CanonicalUrl>,
    feed_id: Option<&str>,
    claimed: [Option<&String>; 2],
) -> Names {
    let [last, canonical] = claimed.map(|url| url.and_then(|url| Url::parse(url).ok()));
    Names::of(key, url, feed_id, [last.as_ref(), canonical.as_ref()])
}
