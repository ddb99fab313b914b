//! A changed configuration, checked against the one in effect.

use std::collections::BTreeSet;

use tokio::sync::watch;

use super::{compose, service::Reload};
use crate::{
    alert::Alert,
    config::{self, Change, LoadOptions, Loaded},
};

/// The configuration in effect, and who else follows it.
pub(super) struct Effective {
    pub(super) loaded: Loaded,
    pub(super) options: LoadOptions,
    pub(super) alerts: watch::Sender<Vec<Alert>>,
    pub(super) polled: watch::Sender<BTreeSet<String>>,
}

/// Sections whose changes count only from the next start on.
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
        let changes = config::diff(&self.loaded.config, &new.config);
        for change in &changes {
            if waits(change) {
                tracing::warn!(%change, "configuration changed, from the next start on");
            } else {
                tracing::info!(%change, "configuration changed");
            }
        }
        let (old_paths, new_paths) = (&self.loaded.paths, &new.paths);
        for (what, old, new) in [
            ("archive", &old_paths.archive, &new_paths.archive),
            ("state", &old_paths.state, &new_paths.state),
        ] {
            if old != new {
                tracing::warn!(
                    folder = %old.display(),
                    next = %new.display(),
                    "the {what} stays where it is until the next start; commands look in the next \
                     folder for it, and see nothing of this daemon"
                );
            }
        }
        self.alerts.send_replace(compose::alerts(&new.config));
        self.polled.send_replace(compose::polled(&new.config));
        self.loaded = new;
        Ok((reloaded, changed(&changes)))
    }
}

fn waits(change: &Change) -> bool {
    FROM_THE_START.iter().any(|section| change.key.starts_with(section))
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
