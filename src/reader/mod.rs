//! Reading what strangers publish, behind a process wall.
//!
//! [`read`] is the one pure function: bytes and rules in, a value out. [`Pool`] calls it in worker
//! processes of this same program (`worker`), which have little memory and little time: what
//! overflows their stack, fills their memory or never ends costs one worker, and is the outcome of
//! that document alone. [`InProcess`] calls it right here, for tests.

mod pool;
#[cfg(test)]
mod tests;
pub mod wire;
mod worker;

use std::{
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::{
    article::{self, Article, Expected, LeftOut, NotAnArticle, Page, SiteRules},
    source::{
        self, Found, Listing, SourceError, SourceKind,
        opml::{self, Outlines},
    },
};

pub use pool::{Pool, StartError};
pub use worker::serve;

/// What the bytes are, and everything that reading them needs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Document {
    Listing {
        kind: SourceKind,
        content_type: Option<String>,
        /// The address that answered.
        base: Url,
        /// The body is only the beginning of what was answered.
        is_cut: bool,
    },
    Page(Box<PageDocument>),
    /// A page to begin the rules of its site with.
    Draft(Box<PageDocument>),
    /// A page of whose lines those are wanted that are not in its text.
    LeftOut(Box<PageDocument>),
    /// An OPML document.
    Outlines,
    /// A page of a site whose feeds are wanted.
    Feeds {
        content_type: Option<String>,
        /// The address that answered.
        base: Url,
    },
}

/// [`article::Page`] with values of its own instead of borrowed ones.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PageDocument {
    pub content_type: Option<String>,
    pub url: Url,
    pub fetched_at: Timestamp,
    pub title: Option<String>,
    pub summary: Option<String>,
    pub content: Option<String>,
    pub published: Option<Timestamp>,
    pub language: Option<String>,
    #[serde(with = "jiff::fmt::serde::tz::optional")]
    pub zone: Option<TimeZone>,
    /// The rules of the site as they are written: compiled ones cannot cross a pipe.
    pub rules: Option<String>,
}

impl PageDocument {
    /// A page of which no feed or rule says anything.
    pub fn unannounced(url: Url, fetched_at: Timestamp) -> Self {
        Self {
            content_type: None,
            url,
            fetched_at,
            title: None,
            summary: None,
            content: None,
            published: None,
            language: None,
            zone: None,
            rules: None,
        }
    }

    fn view<'a>(&'a self, body: &'a [u8]) -> Page<'a> {
        Page {
            bytes: body,
            content_type: self.content_type.as_deref(),
            url: &self.url,
            fetched_at: self.fetched_at,
            expected: Expected {
                title: self.title.as_deref(),
                summary: self.summary.as_deref(),
                content: self.content.as_deref(),
                published: self.published,
                language: self.language.as_deref(),
                zone: self.zone.as_ref(),
            },
        }
    }
}

/// What a document says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[expect(clippy::large_enum_variant, reason = "there is one at a time, on its way to its reader")]
pub enum Reading {
    /// With the first 64 bits of the hash of its bytes.
    Listing(Result<Listing, SourceError>, u64),
    Page(Result<Article, NotAnArticle>),
    Draft(Result<String, NotAnArticle>),
    LeftOut(Vec<LeftOut>),
    Feeds(Vec<Found>),
    Outlines(Result<Outlines, SourceError>),
}

/// Why a document was not read to its end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("the document broke its reader: {0}")]
    Broke(String),
    #[error("reading the document takes more than {0:?} of computing time")]
    TooSlow(Duration),
    /// The reader came to an end that need not be the document's doing.
    #[error("the reader of the document {0}")]
    Interrupted(String),
}

impl Fault {
    /// The same document may be read another time.
    pub fn retry(&self) -> bool {
        matches!(self, Self::Interrupted(_))
    }

    /// One word, for counting.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Broke(_) => "broke",
            Self::TooSlow(_) => "too-slow",
            Self::Interrupted(_) => "interrupted",
        }
    }
}

/// All that [`Fault::kind`] may say.
pub const FAULT_KINDS: [&str; 3] = ["broke", "too-slow", "interrupted"];

/// What readers may use up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Worker processes.
    pub workers: usize,
    /// Bytes of address space of a worker.
    pub memory: u64,
    /// From the bytes to the value, for one document.
    pub time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { workers: 2, memory: 256 << 20, time: Duration::from_secs(5) }
    }
}

/// Workers that came to an end before they were replaced, by how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deaths {
    /// By a signal from outside, as the system sends where memory is short.
    pub killed: u64,
    /// For want of memory or stack.
    pub broke: u64,
    /// For want of time.
    pub too_slow: u64,
    /// In any other way.
    pub lost: u64,
}

impl Deaths {
    /// One word for each way, with how often it came.
    pub fn by_cause(self) -> [(&'static str, u64); 4] {
        let Self { killed, broke, too_slow, lost } = self;
        [("killed", killed), ("broke", broke), ("too-slow", too_slow), ("lost", lost)]
    }
}

/// Who reads documents: a pool of workers, or this process.
pub trait Read: Clone + Send + Sync + 'static {
    fn read(
        &self,
        document: Document,
        body: Vec<u8>,
    ) -> impl Future<Output = Result<Reading, Fault>> + Send;

    /// Workers that have died so far.
    fn deaths(&self) -> Deaths {
        Deaths::default()
    }
}

/// Reads in this process: what a document overflows or fills is ours.
#[derive(Debug, Clone, Copy)]
pub struct InProcess;

impl Read for InProcess {
    async fn read(&self, document: Document, body: Vec<u8>) -> Result<Reading, Fault> {
        read_caught(&document, &body)
    }
}

/// Reads a document. Pure. It may panic where the parsers do.
pub fn read(document: &Document, body: &[u8]) -> Reading {
    match document {
        Document::Listing { kind, content_type, base, is_cut } => {
            let parse = if *is_cut { source::parse_beginning } else { source::parse };
            let listing = parse(*kind, body, content_type.as_deref(), base);
            Reading::Listing(listing, short_hash(body))
        }
        Document::Page(page) => {
            let rules = page.rules.as_deref().and_then(|text| SiteRules::parse(text).ok());
            Reading::Page(article::read(&page.view(body), rules.as_ref()))
        }
        Document::Draft(page) => Reading::Draft(article::draft(&page.view(body))),
        Document::Outlines => Reading::Outlines(opml::read(body)),
        Document::LeftOut(page) => Reading::LeftOut(article::left_out(&page.view(body))),
        Document::Feeds { content_type, base } => {
            Reading::Feeds(source::discover(body, content_type.as_deref(), base))
        }
    }
}

/// As [`read`]; a panic is the document's outcome.
pub fn read_caught(document: &Document, body: &[u8]) -> Result<Reading, Fault> {
    catch_unwind(AssertUnwindSafe(|| read(document, body)))
        .map_err(|_| Fault::Broke("it panicked; please report the address".to_owned()))
}

/// First 64 bits of a document's hash.
fn short_hash(bytes: &[u8]) -> u64 {
    let hash = blake3::hash(bytes);
    hash.as_bytes().iter().take(8).fold(0, |number, byte| (number << 8) | u64::from(*byte))
}
