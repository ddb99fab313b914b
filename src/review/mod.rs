//! What was found, for people: an index over the archive, searching it, pages and exports.
//!
//! The archive is only ever read. What a reviewer decides goes to a file of its own.

mod bits;
mod desk;
mod diff;
pub mod export;
mod index;
pub mod labelled;
mod mark;
mod names;
mod query;
mod reviews;
mod row;
#[cfg(test)]
mod tests;
mod tokens;
pub mod web;

pub use bits::Bits;
pub use desk::Desk;
pub use diff::{Change, diff};
pub use index::{Bucket, Facets, Index, Item, Key, Order, Page, Progress, Story, claim};
pub use mark::{Mark, excerpt, marks};
pub use names::Kind;
pub use query::{Part, Phrase, Query, QueryError, Status, condition};
pub use reviews::{CREDIBILITY, LONGEST_NOTE, RELIABILITY, Review, ReviewLog};
pub use row::Class;

use index::Edition;
use rusqlite::ErrorCode;

use crate::archive::{ArchiveError, RawError, ReadError, RecordError};

/// Why the archive cannot be reviewed.
#[derive(Debug, thiserror::Error)]
pub enum ReviewError {
    #[error("the review's index cannot be used")]
    Sqlite(#[source] rusqlite::Error),
    #[error("the review's index is damaged: delete it, and it is built anew from the archive")]
    Index,
    #[error("reviews.jsonl cannot be read or written")]
    Reviews(std::io::Error),
    #[error("the thread of the review cannot be started")]
    Thread(std::io::Error),
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    #[error("the archive cannot be read")]
    Read(#[from] ReadError),
    #[error("a record cannot be read")]
    Record(#[from] RecordError),
    #[error(transparent)]
    Raw(#[from] RawError),
}

impl From<rusqlite::Error> for ReviewError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => Self::Index,
            _ => Self::Sqlite(error),
        }
    }
}

/// Columns that a text takes on a terminal: wide characters take two, marks none.
pub fn width(text: &str) -> usize {
    text.chars()
        .map(|c| match c {
            '\u{300}'..='\u{36F}'
            | '\u{483}'..='\u{489}'
            | '\u{591}'..='\u{5BD}'
            | '\u{610}'..='\u{61A}'
            | '\u{64B}'..='\u{65F}'
            | '\u{670}'
            | '\u{200B}'..='\u{200F}'
            | '\u{FE00}'..='\u{FE0F}'
            | '\u{20D0}'..='\u{20FF}' => 0,
            '\u{1100}'..='\u{115F}'
            | '\u{2E80}'..='\u{303E}'
            | '\u{3041}'..='\u{33FF}'
            | '\u{3400}'..='\u{4DBF}'
            | '\u{4E00}'..='\u{9FFF}'
            | '\u{A000}'..='\u{A4CF}'
            | '\u{AC00}'..='\u{D7A3}'
            | '\u{F900}'..='\u{FAFF}'
            | '\u{FE30}'..='\u{FE4F}'
            | '\u{FF00}'..='\u{FF60}'
            | '\u{FFE0}'..='\u{FFE6}'
            | '\u{1F300}'..='\u{1FAFF}'
            | '\u{20000}'..='\u{3FFFD}' => 2,
            _ => 1,
        })
        .sum()
}
