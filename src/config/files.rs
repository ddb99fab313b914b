//! From the texts of the files and the environment to a checked configuration.

use std::collections::BTreeMap;

use super::{
    Config, feeds, layers,
    report::{Document, Report},
};
use crate::fault::Fault;

/// The texts of a configuration.
#[derive(Debug, Clone)]
pub struct Files {
    /// `newswatch.toml`
    pub settings: Document,
    /// `feeds.toml`
    pub feeds: Document,
    /// `topics/*.toml`
    pub topics: Vec<Document>,
    /// `sites/*.toml`
    pub sites: Vec<Document>,
}

/// Reads and checks everything that needs no network. `env` is the whole environment, `flags` are
/// settings as `section.key` and value; they override the environment, and it the file.
pub fn read(
    mut files: Files,
    env: &BTreeMap<String, String>,
    flags: &[(String, String)],
) -> Result<Config, Report> {
    let mut layers = layers::documents(files.settings, env, flags);
    let settings = layers::settings(&mut layers);
    let feeds = feeds::read(&mut files.feeds, &settings.schedule);
    let (topics, sites) = (files.topics.clone(), files.sites.clone());
    let documents = layers.into_iter().chain([files.feeds]).chain(files.topics).chain(files.sites);
    match Report::of(documents) {
        Some(report) => Err(report),
        None => Ok(Config { settings, feeds, topics, sites }),
    }
}

/// Parses a document and keeps what is wrong in it for the report.
pub fn parse<T>(
    document: &mut Document,
    parse: impl FnOnce(&str) -> Result<T, Vec<Fault>>,
) -> Option<T> {
    parse(&document.text).map_err(|faults| document.faults.extend(faults)).ok()
}
