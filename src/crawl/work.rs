//! What there is to do.

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use super::{Begun, Beside, Feed};
use crate::{
    canonical_url::Host,
    fetch::Request,
    politeness::Robots,
    schedule::{FeedIx, Job, retry::Chances},
    source::SourceKind,
    state::Pending,
};

/// One thing to do.
#[derive(Debug, Clone)]
pub struct Task {
    pub host: Host,
    /// `None` where there is nothing to ask: robots.txt forbids the page.
    pub request: Option<Request>,
    pub work: Work,
}

#[derive(Debug, Clone)]
pub enum Work {
    Poll {
        feed: FeedIx,
        kind: SourceKind,
        /// Of dates that name none.
        zone: Option<TimeZone>,
        /// How much later than it was due the poll begins.
        late: SignedDuration,
        /// It is not asked for now.
        beside: Option<Beside>,
    },
    /// A part of a sitemap index.
    Part {
        feed: FeedIx,
        part: u32,
        zone: Option<TimeZone>,
    },
    /// The robots.txt of host `of`, because `for_job` waits for it. The task's own host is another
    /// one where the file redirects there.
    Robots {
        of: Host,
        for_job: Job,
        before: Option<Robots>,
    },
    Page(Box<PageWork>),
}

impl Work {
    /// The job of the schedule that this is done for.
    pub(super) fn job(&self) -> Job {
        match self {
            Self::Poll { feed, .. } => Job::Poll(*feed),
            Self::Part { feed, part, .. } => Job::Part(*feed, *part),
            Self::Robots { for_job, .. } => *for_job,
            Self::Page(work) => Job::Page(work.of, work.pending.id),
        }
    }
}

#[derive(Debug, Clone)]
pub struct PageWork {
    pub pending: Pending,
    /// In whose line it waited.
    pub of: FeedIx,
    pub feed: Feed,
    /// What is left to be tried.
    pub chances: Chances,
    pub unasked: Option<Unasked>,
    /// The pages of the article before the one that this is about.
    pub begun: Option<Box<Begun>>,
}

/// Why a page is not asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unasked {
    RobotsForbid,
    RobotsUnreachable,
    /// Its host has given no answer for days, or only refusals for hours: the page is given up.
    HostSilent,
    HostRefuses,
    /// The entry names no page: it is all there is.
    NoAddress,
}

impl Unasked {
    pub fn words(self) -> &'static str {
        match self {
            Self::RobotsForbid => "robots.txt forbids the page",
            Self::RobotsUnreachable => "the host's robots.txt cannot be reached",
            Self::HostSilent => "the host has given no answer for days",
            Self::HostRefuses => "the host refuses every page",
            Self::NoAddress => "the entry has no address",
        }
    }
}

/// What the caller has to do now.
#[derive(Debug)]
pub enum Do {
    Task(Box<Task>),
    WaitUntil(Timestamp),
    /// Until something in flight comes back, or for ever.
    Wait,
}
