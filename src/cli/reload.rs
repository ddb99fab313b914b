//! A changed configuration, checked against the one in effect.

use std::collections::BTreeSet;

use anyhow::Context;
use tokio::sync::watch;

use super::{compose, service::Reload};
use crate::{
    alert::Alert,
    config::{self, Change, LoadOptions, Loaded},
    jsonl::Folder,
};

/// The configuration in effect, and who else follows it.
pub(super) struct Effective {
    pub(super) loaded: Loaded,
    /// What the daemon was started with, which holds for what counts from the start.
    pub(super) started: Loaded,
    pub(super) options: LoadOptions,
    pub(super) alerts: watch::Sender<Vec<Alert>>,
    pub(super) polled: watch::Sender<BTreeSet<String>>,
}

/// Sections and settings whose changes count only from the next start on.
const FROM_THE_START: [&str; 9] = [
    "archive.",
    "state.",
    "limits.",
    "network.",
    "log.",
    "metrics.",
    "service.",
    "review.",
    "politeness.contact",
];

/// Of those sections what counts at once.
const AT_ONCE: [&str; 2] = ["state.rejects_text", "limits.page_attempts"];

impl Effective {
    /// Takes the files as they are now, where all is well with them; says what is different.
    pub(super) fn reload(&mut self) -> Reload {
        let new = config::load(&self.options)
            .map_err(|report| format!("{}`newswatch check` shows the lines", report.places()))?;
        // A start without them is meant. A daemon that runs would leave its feeds and ask strangers,
        // only because a file is being exchanged or a folder is not mounted.
        let lost = self.loaded.paths.lost_in(&new.paths);
        if !lost.is_empty() {
            let lost: Vec<String> = lost.iter().map(|path| path.display().to_string()).collect();
            return Err(format!(
                "{} was part of the configuration and is not any more: only a restart goes on without",
                lost.join(", ")
            ));
        }
        let reloaded = compose::reloaded(&new.config).map_err(|error| format!("{error:#}"))?;
        let hash = config::hash(&new.config);
        let has_other_rules = hash != config::hash(&self.loaded.config);
        if has_other_rules {
            // The archive that runs stays where it is.
            let archive = &self.started.paths.archive;
            compose::kept_rules(&new.config)
                .and_then(|rules| Ok(rules.keep(&Folder::at(archive))?))
                .with_context(|| format!("cannot keep the rules in {}", archive.display()))
                .map_err(|error| format!("{error:#}"))?;
        }
        let changes = self.changes(&new.config);
        if has_other_rules {
            tracing::info!(config_hash = hash, "what is read from now on is judged by other rules");
        }
        for change in &changes {
            if waits(change) {
                tracing::warn!(%change, "configuration changed, from the next start on");
            } else {
                tracing::info!(%change, "configuration changed");
            }
        }
        let (runs, last, next) = (&self.started.paths, &self.loaded.paths, &new.paths);
        for (what, runs, last, new) in [
            ("archive", &runs.archive, &last.archive, &next.archive),
            ("state", &runs.state, &last.state, &next.state),
        ] {
            if new != last && new != runs {
                tracing::warn!(
                    folder = %runs.display(),
                    next = %new.display(),
                    "the {what} stays where it is until the next start; commands look in the next \
                     folder for it, and see nothing of this daemon"
                );
            }
        }
        self.alerts.send_replace(compose::alerts(&new));
        self.polled.send_replace(compose::polled(&new.config));
        self.loaded = new;
        Ok((reloaded, changed(&changes)))
    }

    /// What the files say that they did not say the last time. What waits for the next start is
    /// compared with what runs: set back to that, it is no change.
    fn changes(&self, new: &config::Config) -> Vec<Change> {
        let since_start = config::diff(&self.started.config, new);
        let last = config::diff(&self.loaded.config, new).into_iter();
        let told = |change: Change| {
            if !waits(&change) {
                return Some(change);
            }
            since_start.iter().find(|known| known.key == change.key).cloned()
        };
        last.filter_map(told).collect()
    }
}

fn waits(change: &Change) -> bool {
    let key = change.key.as_str();
    FROM_THE_START.iter().any(|section| key.starts_with(section)) && !AT_ONCE.contains(&key)
}

/// What a new configuration changes, in words.
fn changed(changes: &[Change]) -> String {
    if changes.is_empty() {
        return "nothing has changed".to_owned();
    }
    let line = |change: &Change| {
        format!("{change}{}\n", if waits(change) { " (from the next start on)" } else { "" })
    };
    changes.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "test: writes a configuration")]

    use std::{collections::BTreeSet, fs};

    use super::*;

    /// Every setting with a value that is not its default.
    const OTHERS: [(&str, &str); 47] = [
        ("archive.folder", "elsewhere"),
        ("archive.rotate_size", "1MiB"),
        ("archive.compression", "none"),
        ("archive.raw", "warc"),
        ("archive.retain_age", "1000d"),
        ("archive.retain_size", "1GiB"),
        ("state.folder", "elsewhere"),
        ("state.rejects_size", "1MiB"),
        ("state.rejects_files", "77"),
        ("state.rejects_text", "77"),
        ("schedule.interval", "31m"),
        ("schedule.floor", "1m"),
        ("schedule.floor_without_validators", "11m"),
        ("schedule.ceiling", "7h"),
        ("schedule.jitter_percent", "7"),
        ("schedule.revisit_after", "7h"),
        ("politeness.contact", "https://example.org/other"),
        ("politeness.delay", "7s"),
        ("politeness.robots_for_feeds", "true"),
        ("politeness.hold_scope", "domain"),
        ("limits.concurrency", "77"),
        ("limits.connect_timeout", "7s"),
        ("limits.total_timeout", "77s"),
        ("limits.max_feed_size", "1MiB"),
        ("limits.max_page_size", "1MiB"),
        ("limits.redirects", "7"),
        ("limits.page_attempts", "7"),
        ("limits.readers", "7"),
        ("limits.reader_memory", "1GiB"),
        ("limits.read_timeout", "7s"),
        ("network.allow", "127.0.0.0/8"),
        ("network.proxy", "http://127.0.0.1:7"),
        ("topic.keep", "everything"),
        ("topic.judge_before_fetch", "true"),
        ("dedup.memory", "7d"),
        ("dedup.copies", "reference"),
        ("review.serve", "true"),
        ("review.address", "127.0.0.7"),
        ("review.port", "77"),
        ("review.hosts", "a.example"),
        ("review.token_file", "token"),
        ("log.level", "debug"),
        ("log.format", "json"),
        ("service.grace", "7s"),
        ("service.watch", "false"),
        ("metrics.listen", "127.0.0.1:7"),
        ("metrics.beyond_loopback", "true"),
    ];

    #[test]
    fn what_is_set_back_to_what_runs_is_no_change_and_what_is_not_is_told_of_what_runs() {
        let folder = tempfile::tempdir().unwrap();
        let write = |archive: &str| {
            let text = format!("[archive]\nfolder = {archive:?}\n");
            fs::write(folder.path().join("newswatch.toml"), text).unwrap();
        };
        write("one");
        let config = Some(folder.path().to_owned());
        let options = LoadOptions { config, ..LoadOptions::default() };
        let loaded = config::load(&options).unwrap();
        let mut effective = Effective {
            started: loaded.clone(),
            loaded,
            options,
            alerts: watch::channel(Vec::new()).0,
            polled: watch::channel(BTreeSet::new()).0,
        };
        for (folder, words) in [
            ("two", "archive.folder: \"one\" -> \"two\" (from the next start on)\n"),
            ("three", "archive.folder: \"one\" -> \"three\" (from the next start on)\n"),
            ("three", "nothing has changed"),
            ("one", "nothing has changed"),
        ] {
            write(folder);
            assert_eq!(effective.reload().unwrap().1, words, "{folder}");
        }
    }

    #[test]
    fn a_reload_says_of_every_setting_whether_it_counts_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let feeds = "[[feed]]\nid = \"a\"\nurl = \"https://a.example/feed\"\n";
        fs::write(folder.path().join("feeds.toml"), feeds).unwrap();
        for part in ["topics", "sites"] {
            fs::create_dir(folder.path().join(part)).unwrap();
        }
        let with = |flags: Vec<(String, String)>| {
            let config = Some(folder.path().to_owned());
            config::load(&LoadOptions { config, flags, ..LoadOptions::default() })
                .unwrap_or_else(|report| panic!("{}", report.render(false)))
                .config
        };
        // What a crawl that runs takes over.
        let taken = |config: &config::Config| {
            let mut new = compose::reloaded(config).unwrap();
            // Counts from the start.
            new.settings.share = 0;
            new.settings.config_hash.clear();
            format!("{new:?}")
        };
        let old = with(Vec::new());
        let mut tried = BTreeSet::new();
        for (key, value) in OTHERS {
            let new = with(vec![(key.to_owned(), value.to_owned())]);
            let changes = config::diff(&old, &new);
            let [change] = changes.as_slice() else { panic!("{key}: {changes:?}") };
            assert_eq!(change.key, key);
            assert_eq!(waits(change), taken(&old) == taken(&new), "{key}");
            tried.insert(key.to_owned());
        }
        let sections = serde_json::to_value(&old.settings).unwrap();
        for (section, keys) in sections.as_object().unwrap() {
            for key in keys.as_object().unwrap().keys() {
                assert!(
                    tried.contains(&format!("{section}.{key}")),
                    "{section}.{key} is not tried"
                );
            }
        }
    }
}
