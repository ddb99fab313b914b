//! What the user keeps: records in daily segments of JSON lines, each line bound to the one before.
//!
//! Order: [`Archive::append`] writes a batch and syncs it; only then may the state remember it, in
//! one transaction with the returned [`Checkpoint`]. [`Archive::open`] finds what was appended after
//! the last checkpoint, so a kill between the two loses nothing and doubles nothing.

mod append;
mod blocks;
mod dropped;
mod durable;
mod gzip;
mod head;
mod line;
mod lookup;
mod pack;
mod raw;
mod read;
mod record;
mod recover;
mod repair;
mod rules;
mod segment;
#[cfg(test)]
mod tests;
mod verify;
mod warc;
mod zstd;

use std::{fmt, io};

use crate::jsonl::is_full;

pub use append::{Archive, Settings};
pub use dropped::{Dropped, Retention, drop_segment, dropped, is_dropped, segments_dropped};
pub use line::{LineFlaw, LineHash, Link};
pub use lookup::{first_line, line_at};
pub use pack::{Compression, pack};
pub use raw::{Raw, RawError, RawRef, raw_of};
pub use read::{Damage, Line, Lines, ReadError, RecordError, read, read_from};
pub use record::{Record, RecordType, SCHEMA_VERSION, schema};
pub use recover::{Lost, Quarantine, Recovery, is_begun};
pub use repair::{Repair, Rewritten, repair};
pub use rules::KeptRules;
pub use segment::{Checkpoint, NotAPlace, Position, SegmentName};
pub use verify::{Finding, Report, verify, verify_with};

/// Why the archive cannot be opened or written.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    #[error("the archive is in use by another process{}: stop it first", pid.map(|pid| format!(" (pid {pid})")).unwrap_or_default())]
    Locked { pid: Option<u32> },
    /// Nothing was appended and the archive is whole: stop fetching, append the same records later.
    #[error("no room to write {path}")]
    Full { path: String, source: io::Error },
    #[error("cannot {action} {path}")]
    Io { action: &'static str, path: String, source: io::Error },
    /// Whether the last records are durable is unknown. End the process; the next start finds out.
    #[error("cannot sync {path}")]
    Sync { path: String, source: io::Error },
    #[error("an earlier sync of the archive failed: start anew")]
    Stopped,
    /// The archive was cut, exchanged or moved: build the state anew from what is there.
    #[error("the state remembers line {} ending at {}, which the archive does not have", .0.seq, .0.end)]
    Behind(Checkpoint),
    /// Nothing of it is there: its disk is not mounted, its folder was emptied, or it is another one.
    #[error(
        "the state remembers line {} of it, and nothing of an archive is there: is its disk mounted?",
        .0.seq
    )]
    Absent(Checkpoint),
    #[error("the archive has no number left for another {0}")]
    Exhausted(&'static str),
    /// A later version of the program wrote the last line.
    #[error(transparent)]
    Newer(#[from] RecordError),
    #[error("cannot write record {id} as JSON")]
    Json { id: String, source: serde_json::Error },
}

impl ArchiveError {
    fn io(action: &'static str, path: &dyn fmt::Display, source: io::Error) -> Self {
        let path = path.to_string();
        if is_full(&source) {
            Self::Full { path, source }
        } else {
            Self::Io { action, path, source }
        }
    }

    /// Bytes of the archive are not as they were written.
    pub fn is_damage(&self) -> bool {
        matches!(self, Self::Io { source, .. } if recover::is_damage(source))
    }

    fn is_sync(&self) -> bool {
        matches!(self, Self::Sync { .. })
    }

    fn at(action: &'static str, path: &str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::io(action, &path, source)
    }

    fn sync(path: &str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Sync { path: path.to_owned(), source }
    }
}
