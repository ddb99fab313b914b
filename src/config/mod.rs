//! TOML to checked settings.
//!
//! `newswatch.toml` has the [`Settings`], `feeds.toml` the [`Feed`]s, `topics/` and `sites/` what is
//! looked for and how single sites are read. [`load`] finds the folder, reads all of it and reports
//! all that is wrong at once.
#![warn(missing_docs)]

mod cidr;
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
mod unit;

pub use cidr::Cidr;
pub use effective::{Change, diff, hash};
pub use feed::Feed;
pub use files::{Files, parse, read};
pub use load::{LoadOptions, load};
pub use place::Paths;
pub use report::{Document, Placed, Report};
pub use settings::*;

/// Everything that steers the program, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// `newswatch.toml`, overridden by the environment and by flags.
    pub settings: Settings,
    /// In the order of the file, switched-off ones included.
    pub feeds: Vec<Feed>,
    /// The files of `topics/`.
    pub topics: Vec<Document>,
    /// The files of `sites/`.
    pub sites: Vec<Document>,
}

impl Config {
    /// What is allowed and still not wise, a sentence each.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.settings.politeness.contact.is_none() {
            let text = "politeness.contact is not set: the owner of a site that has trouble with \
                        your requests cannot reach you, and blocks you instead";
            warnings.push(text.to_owned());
        }
        if !self.feeds.iter().any(|feed| feed.enabled) {
            warnings.push("no feed is enabled: nothing is polled".to_owned());
        }
        warnings
    }
}

/// A configuration and where it was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    /// Where its parts and the folders it names lie.
    pub paths: Paths,
}
