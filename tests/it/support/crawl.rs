//! A whole crawl in virtual time: its clock, its settings and its stores.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use jiff::{SignedDuration, Timestamp};
use newswatch::{
    archive::{Archive, Settings as ArchiveSettings},
    crawl::{Crawl, Feed, HoldScope, Keep, Rules, Settings},
    daemon::Stores,
    jsonl::Folder,
    politeness::pace::Rest,
    source::SourceKind,
    state::{RejectLog, State, StateLock},
    topic::{Topic, Topics},
};
use tokio::time::Instant;
use url::Url;

/// When virtual time begins.
pub(crate) fn start() -> Timestamp {
    "2022-01-05T00:00:00Z".parse().unwrap()
}

/// The time by tokio's clock, which a test may pause.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock(Instant);

impl Clock {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn now(self) -> Timestamp {
        start() + SignedDuration::try_from(self.0.elapsed()).unwrap()
    }
}

pub(crate) fn feed(n: impl std::fmt::Display, url: &str) -> Feed {
    Feed {
        id: format!("feed-{n}"),
        url: Url::parse(url).unwrap(),
        kind: SourceKind::Feed,
        name: None,
        language: Some("en".into()),
        country: None,
        tags: Vec::new(),
        zone: None,
        cadence: Arc::default(),
    }
}

/// A crawl for the shipped topic. `reject_text` is how much of a rejected text is kept, in bytes.
pub(crate) fn crawl(feeds: Vec<Feed>, reject_text: usize, folder: &Path, now: Timestamp) -> Crawl {
    let topic = Topic::parse(include_str!("../../../config/topics/csto-kazakhstan.toml")).unwrap();
    let rules = Rules {
        sites: BTreeMap::new(),
        topics: Topics::new(vec![topic]).unwrap(),
        keep: Keep::Relevant,
    };
    let settings = Settings {
        rest: Rest::default(),
        share: 4,
        robots_for_feeds: false,
        hold_scope: HoldScope::Host,
        revisit_after: SignedDuration::from_mins(30),
        judge_before_fetch: false,
        reject_text,
        copy_memory: SignedDuration::from_hours(24 * 30),
        page_attempts: 5,
        keep_copied_text: true,
        config_hash: "test".into(),
    };
    let state = State::open(&folder.join("state.sqlite")).unwrap();
    Crawl::new(feeds, rules, settings, state, now).unwrap()
}

/// The archive's folder, and the stores of a daemon.
pub(crate) fn stores(folder: &Path) -> (Folder, Stores) {
    let disk = Folder::at(folder.join("archive"));
    let (archive, _) = Archive::open(disk.clone(), ArchiveSettings::default(), None).unwrap();
    let rejects = RejectLog::open(folder, 1 << 20, 2).unwrap();
    (disk, Stores { archive, rejects, rules: None, lock: StateLock::take(folder).unwrap() })
}
