//! What a visit comes to.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use url::Url;

use super::{Begun, Work};
use crate::{
    archive::Record,
    canonical_url::Host,
    fetch::{Exchange, Request},
    schedule::{FeedIx, Heard, Job, Standing},
    state::Reject,
};

/// What happened, for logs, progress and tables.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    Polled {
        feed: String,
        status: Option<u16>,
        entries: u32,
        new: u32,
        changed: u32,
    },
    /// Said once a feed, and each time that it grows too large: a document that could only be read by
    /// being lenient, or not to its end.
    Flawed {
        feed: String,
        flaws: Vec<String>,
    },
    FeedFailed {
        feed: String,
        status: Option<u16>,
        error: String,
        failures: u32,
    },
    FeedMoved {
        feed: String,
        to: Url,
    },
    /// The configured address has the feed again.
    FeedMovedBack {
        feed: String,
    },
    /// Said once: another feed is read at the address to which this one leads.
    FeedTwice {
        feed: String,
        other: String,
        at: Url,
    },
    Kept {
        feed: String,
        id: String,
        title: String,
        score: f32,
        revision: u32,
    },
    Copy {
        feed: String,
        id: String,
        of: String,
        title: String,
    },
    /// The same text at a known address, or at another spelling of it.
    Same {
        feed: String,
        id: String,
        url: Url,
    },
    Rejected {
        feed: String,
        title: String,
        reason: String,
    },
    PageFailed {
        feed: String,
        url: Url,
        error: String,
    },
    PagePostponed {
        feed: String,
        url: Url,
        error: String,
        until: Timestamp,
    },
    HostHeld {
        host: Host,
        until: Timestamp,
    },
    /// Said once: the pages of a host wait, because its robots.txt cannot be reached.
    RobotsUnreachable {
        host: Host,
        error: String,
    },
    /// Said once a day and host: more is to be asked of it than its pace allows.
    HostLate {
        host: Host,
        feed: String,
        late: SignedDuration,
    },
    /// Said once: a feed that used to have news has had none for long.
    FeedStale {
        feed: String,
        last_new_at: Timestamp,
    },
}

/// What a settled visit changes in memory.
#[derive(Debug)]
pub enum Effect {
    /// Where and when a feed is asked next.
    SetFeed(FeedIx, Box<Url>, Option<Timestamp>),
    Hold(Host, Timestamp),
    /// What a host had to say, and what stands against it from now on.
    Heard(Host, Heard, Box<Standing>),
    CrawlDelay(Host, Option<SignedDuration>),
    /// A job waits at a host: it is new, comes again, or had to wait for robots.txt.
    PutBack(Host, Job, Timestamp),
    /// An answer led to another host: the job goes on there.
    GoOn(Box<Work>, Box<Request>),
    /// The article of a page goes on behind a link. It waits since the time at which the page was due, so
    /// that the next page stands before those that are yet to be begun.
    Continue(Job, Timestamp, Box<Request>, Box<Begun>),
    Late(Host, Timestamp),
    /// Where a feed leads, if elsewhere.
    Leads(FeedIx, Option<Box<Url>>),
}

/// What a visit comes to.
#[derive(Debug, Default)]
pub struct Step {
    pub records: Vec<Record>,
    /// Of each record what it came from, where that is to be kept; of an article in parts, each part.
    pub exchanges: Vec<Vec<Arc<Exchange>>>,
    pub rejects: Vec<Reject>,
    pub effects: Vec<Effect>,
    pub events: Vec<Event>,
}
