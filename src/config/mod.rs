//! TOML to checked settings.
//!
//! `newswatch.toml` has the [`Settings`], `feeds.toml` the [`Feed`]s, `alerts.toml` the [`Alert`]s, `topics/` and `sites/` what is
//! looked for and how single sites are read. [`load`] finds the folder, reads all of it and reports
//! all that is wrong at once.
#![warn(missing_docs)]

mod alert;
mod edit;
mod effective;
mod embedded;
mod feed;
mod feeds;
mod files;
mod layers;
mod load;
mod place;
mod reader;
mod report;
pub mod schema;
mod settings;
#[cfg(test)]
mod shipped;
#[cfg(test)]
mod tests;
mod tables;
mod unit;

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{article::SiteRules, topic};

pub use alert::Alert;
pub use edit::{EditError, add_feeds, read_feeds, remove_feed, set_enabled};
pub use effective::{Change, diff, hash, rules};
pub use feed::{Feed, is_id};
pub use files::{Files, read};
pub use load::{LoadOptions, load};
pub use place::Paths;
pub use report::{Document, Placed, Report};
pub use settings::*;

/// Everything that steers the program, checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// `newswatch.toml`, overridden by the environment and by flags.
    pub settings: Settings,
    /// In the order of the file, switched-off ones included.
    pub feeds: Vec<Feed>,
    /// Who is told what, in the order of the file.
    pub alerts: Vec<Alert>,
    /// The files of `topics/` by name.
    pub topics: Vec<Parsed<topic::Topic>>,
    /// The files of `sites/` by name.
    pub sites: Vec<Parsed<SiteRules>>,
}

/// Strangers' hosts and feeds are hardly ever meant to be asked more often than this.
const HASTE: Duration = Duration::from_secs(1);
const HASTY_FLOOR: Duration = Duration::from_mins(1);

impl Config {
    fn polled(&self) -> impl Iterator<Item = &Feed> {
        self.feeds.iter().filter(|feed| feed.enabled)
    }

    /// What is allowed and probably not meant.
    pub fn warnings(&self) -> Option<Report> {
        let mut documents = Vec::new();
        let mut warn = |document: &str, message: &str| {
            documents.push(Document::faulty(document, message));
        };
        if self.settings.politeness.contact.is_none() {
            let message = "`contact` in the section [politeness] is not set: who has trouble with \
                           your requests cannot reach you, and blocks you instead";
            warn("newswatch.toml", message);
        }
        let Settings { politeness, schedule, network, .. } = &self.settings;
        let text = unit::Time::text;
        let asks_others = self.polled().any(|feed| !network.allows(&feed.url));
        if politeness.delay < HASTE && asks_others {
            let message = format!(
                "`delay` in the section [politeness] is {}: whose site is asked more than once a \
                 second takes it for an attack, and blocks you",
                text(politeness.delay)
            );
            warn("newswatch.toml", &message);
        }
        if let Some(cidr) = network.allow.iter().find(|cidr| cidr.is_everything()) {
            let message = format!(
                "`allow` in the section [network] has {cidr}: a link or a redirect of any site may \
                 lead newswatch to what your own network keeps from others"
            );
            warn("newswatch.toml", &message);
        }
        let hasty = |feed: &&Feed| {
            feed.floor.unwrap_or(schedule.floor) < HASTY_FLOOR && !network.allows(&feed.url)
        };
        if let Some(feed) = self.polled().find(hasty) {
            let message = format!(
                "the `floor` of {} is {}: a feed that is asked more than once a minute is closed to \
                 you",
                feed.id,
                text(feed.floor.unwrap_or(schedule.floor))
            );
            warn("feeds.toml", &message);
        }
        if self.polled().next().is_none() {
            warn("feeds.toml", "no feed is enabled: nothing is polled");
        }
        if self.topics.is_empty() && self.settings.topic.keep != Keep::Everything {
            warn("topics", "there is no topic: nothing is kept");
        }
        let languages: BTreeSet<&str> = self.feeds.iter().filter_map(Feed::polled_in).collect();
        let languages: Vec<&str> = languages.into_iter().collect();
        for topic in &self.topics {
            let mut document = topic.document.clone();
            document.faults = topic.value.lints(&languages);
            documents.push(document);
        }
        Report::of_warnings(documents)
    }
}

impl Loaded {
    /// Where a file lies that the configuration names: a relative one in its folder.
    pub fn beside_config(&self, file: &Path) -> PathBuf {
        self.paths.config.as_ref().map_or_else(|| file.to_owned(), |folder| folder.join(file))
    }
}

/// The shipped feeds, as a text to start `feeds.toml` from.
pub const SHIPPED_FEEDS: &str = embedded::FEEDS;

/// A file and what it says.
#[derive(Debug, Clone)]
pub struct Parsed<T> {
    /// The file, without faults.
    pub document: Document,
    /// What it says.
    pub value: T,
}

/// A configuration and where it was found.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    /// Where its parts and the folders it names lie.
    pub paths: Paths,
}
