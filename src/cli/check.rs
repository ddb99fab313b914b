//! `newswatch check`: is the configuration free of faults?

use std::path::PathBuf;

use serde_json::json;

use super::{
    Exit, compose,
    format::{is_styled_stderr, print_json, print_text},
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
    let built_in = |path: &Option<PathBuf>| match (&loaded.paths.config, path) {
        (Some(_), None) => " built-in",
        _ => "",
    };
    print_text(&format!(
        "no faults in {}: {}{} feeds ({enabled} enabled), {}{} topics, rules for {} sites\n\
         archive {}\nstate   {}\n",
        config.as_deref().unwrap_or("the built-in configuration"),
        loaded.config.feeds.len(),
        built_in(&loaded.paths.feeds),
        loaded.config.topics.len(),
        built_in(&loaded.paths.topics),
        rules.sites.len(),
        loaded.paths.archive.display(),
        loaded.paths.state.display(),
    ))?;
    Ok(Exit::Success)
}

/// A report's faults as data.
pub(super) fn faults(report: &Report) -> Vec<Placed<'_>> {
    report.faults().collect()
}
