//! The shipped files as they are built into the program. A part that the configuration folder does
//! not have is taken from here.

pub(super) const SETTINGS: &str = include_str!("../../config/newswatch.toml");
pub(super) const FEEDS: &str = include_str!("../../config/feeds.toml");
pub(super) const ALERTS: &str = include_str!("../../config/alerts.toml");

/// Name and text of each file of `config/topics`.
pub(super) const TOPICS: &[(&str, &str)] =
    &[("csto-kazakhstan.toml", include_str!("../../config/topics/csto-kazakhstan.toml"))];

/// Name and text of each file of `config/sites`.
pub(super) const SITES: &[(&str, &str)] = &[
    ("gazette.example.toml", include_str!("../../config/sites/gazette.example.toml")),
    ("magazine.example.toml", include_str!("../../config/sites/magazine.example.toml")),
];
