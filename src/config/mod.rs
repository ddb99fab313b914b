//! TOML to checked settings.
//!
//! `newswatch.toml` has the [`Settings`], `feeds.toml` the [`Feed`]s, `topics/` and `sites/` what is
//! looked for and how single sites are read. [`load`] finds the folder, reads all of it and reports
//! all that is wrong at once.

mod cidr;
mod effective;
mod embedded;
mod feed;
mod load;
mod place;
mod read;
mod reader;
mod report;
pub mod schema;
mod settings;
#[cfg(test)]
mod tests;
mod unit;

pub use cidr::Cidr;
pub use effective::{Change, diff, hash};
pub use feed::Feed;
pub use load::{LoadOptions, load};
pub use place::Paths;
pub use read::{Files, config};
pub use report::{Document, Placed, Report};
pub use settings::*;

/// Everything that steers the program, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    pub settings: Settings,
    /// In the order of the file, switched-off ones included.
    pub feeds: Vec<Feed>,
    /// The files of `topics/`.
    pub topics: Vec<Document>,
    /// The files of `sites/`.
    pub sites: Vec<Document>,
}

/// A configuration and where it was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    pub config: Config,
    pub paths: Paths,
}
