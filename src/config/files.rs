//! From the texts of the files and the environment to a checked configuration.

use std::collections::BTreeMap;

use super::{
    Config, Parsed, alert, feeds, layers, reader,
    report::{Document, Report},
};
use crate::{article::SiteRules, fault::Fault, topic::Topic};

/// The texts of a configuration.
#[derive(Debug, Clone)]
pub struct Files {
    /// `newswatch.toml`
    pub settings: Document,
    /// `feeds.toml`
    pub feeds: Document,
    /// `alerts.toml`
    pub alerts: Document,
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
    let alerts = alert::read(&mut files.alerts);
    let topics = parse(&mut files.topics, Topic::parse, Topic::id);
    let sites = parse(&mut files.sites, SiteRules::parse, |rules| &rules.host);
    let documents = layers
        .into_iter()
        .chain([files.feeds, files.alerts])
        .chain(files.topics)
        .chain(files.sites);
    match Report::of(documents) {
        Some(report) => Err(report),
        None => Ok(Config { settings, feeds, alerts, topics, sites }),
    }
}

/// Parses documents of one kind, each of which has a name that no other may have.
fn parse<T>(
    documents: &mut [Document],
    parse: impl Fn(&str) -> Result<T, Vec<Fault>>,
    name: impl Fn(&T) -> &str,
) -> Vec<Parsed<T>> {
    let mut parsed = Vec::<Parsed<T>>::new();
    // A document with faults could not be read: its text is not there to be parsed.
    for document in documents.iter_mut().filter(|document| document.faults.is_empty()) {
        let value = match parse(&document.text) {
            Ok(value) => value,
            Err(faults) => {
                document.faults = faults.into_iter().map(reader::in_words).collect();
                continue;
            }
        };
        let name_of = name(&value);
        if let Some(first) = parsed.iter().find(|other| name(&other.value) == name_of) {
            let quoted = format!("\"{name_of}\"");
            let start = document.text.find(&quoted).unwrap_or_default();
            document.faults.push(Fault {
                span: start..start + quoted.len(),
                message: format!("`{name_of}` is used twice"),
                help: Some(format!("{} has it too", first.document.name)),
            });
        }
        parsed.push(Parsed { document: document.clone(), value });
    }
    parsed
}
