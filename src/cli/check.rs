//! `newswatch check`: is the configuration free of faults?

use std::path::PathBuf;

use serde_json::json;

use super::{
    Exit, compose,
    format::{is_styled_stderr, print_json, print_text, several},
};
use crate::config::{self, LoadOptions, Placed, Report};

pub(super) fn check(options: &LoadOptions, json: bool) -> anyhow::Result<Exit> {
    let loaded = match config::load(options) {
        Ok(loaded) => loaded,
        Err(report) => {
            if json {
                print_json(&json!({ "ok": false, "faults": faults(&report) }))?;
            } else {
                anstream::eprintln!("{}", report.render(is_styled_stderr()));
            }
            return Ok(Exit::BadConfiguration);
        }
    };
    let rules = compose::rules(&loaded.config)?;
    let enabled = loaded.config.feeds.iter().filter(|feed| feed.enabled).count();
    let warnings = loaded.config.warnings();
    let config = loaded.paths.config.as_ref().map(|path| path.display().to_string());
    if json {
        print_json(&json!({
            "ok": true,
            "faults": [],
            "warnings": warnings.as_ref().map(faults).unwrap_or_default(),
            "config": config,
            "archive": loaded.paths.archive.to_string_lossy(),
            "state": loaded.paths.state.to_string_lossy(),
            "feeds": loaded.config.feeds.len(),
            "feeds_enabled": enabled,
            "topics": loaded.config.topics.len(),
            "sites": rules.sites.len(),
            "config_hash": config::hash(&loaded.config),
        }))?;
        return Ok(Exit::Success);
    }
    if let Some(warnings) = &warnings {
        anstream::eprintln!("{}", warnings.render(is_styled_stderr()));
    }
    // Whoever has a topic of their own may not expect feeds that they have not chosen.
    let counted = |count: usize, path: &Option<PathBuf>, noun: &str| {
        let is_built_in = loaded.paths.config.is_some() && path.is_none();
        let kind = if is_built_in { "built-in " } else { "" };
        several(count as u64, &format!("{kind}{noun}"))
    };
    print_text(&format!(
        "no faults in {}: {} ({enabled} enabled), {}, rules for {}\n\
         archive {}\nstate   {}\n",
        config.as_deref().unwrap_or("the built-in configuration"),
        counted(loaded.config.feeds.len(), &loaded.paths.feeds, "feed"),
        counted(loaded.config.topics.len(), &loaded.paths.topics, "topic"),
        several(rules.sites.len() as u64, "site"),
        loaded.paths.archive.display(),
        loaded.paths.state.display(),
    ))?;
    Ok(Exit::Success)
}

/// A report's faults as data.
pub(super) fn faults(report: &Report) -> Vec<Placed<'_>> {
    report.faults().collect()
}
