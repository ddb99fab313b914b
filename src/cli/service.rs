//! The daemon towards its service manager: signals in, notifications out.
#![expect(clippy::disallowed_methods, reason = "shell: listens for signals")]

use jiff::Timestamp;
use sd_notify::NotifyState;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::mpsc,
    task::JoinSet,
};

use super::format::distance;
use crate::{
    crawl::Reloaded,
    daemon::{Command, Notice},
};

/// Turns signals into commands for the loop until the set is dropped. `reload` checks the
/// configuration and gives what is to be taken, or `None` to keep the old one.
pub(super) fn listen(
    commands: mpsc::Sender<Command>,
    mut reload: impl FnMut() -> Option<Reloaded> + Send + 'static,
) -> anyhow::Result<JoinSet<()>> {
    let (mut term, mut int, mut hup) = (
        signal(SignalKind::terminate())?,
        signal(SignalKind::interrupt())?,
        signal(SignalKind::hangup())?,
    );
    let mut listener = JoinSet::new();
    listener.spawn(async move {
        loop {
            let command = tokio::select! {
                _ = term.recv() => Some(Command::Stop),
                _ = int.recv() => Some(Command::Interrupt),
                _ = hup.recv() => {
                    match NotifyState::monotonic_usec_now() {
                        Ok(at) => notify(&[NotifyState::Reloading, at]),
                        Err(error) => tracing::debug!(%error, "no monotonic clock"),
                    }
                    let new = reload();
                    notify(&[NotifyState::Ready]);
                    new.map(|new| Command::Reload(Box::new(new)))
                }
            };
            if let Some(command) = command
                && commands.send(command).await.is_err()
            {
                return;
            }
        }
    });
    Ok(listener)
}

/// Tells the service manager; without one there is nobody to tell.
pub(super) fn notify(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(%error, "the service manager could not be told");
    }
}

/// Passes the loop's turns on as status and watchdog.
pub(super) fn tell(notice: &Notice<'_>, now: Timestamp) {
    match notice {
        Notice::Turn { in_flight, waiting_pages, due } => {
            let next = due.map(|at| format!(", next {}", distance(at, now))).unwrap_or_default();
            let status =
                format!("{in_flight} requests in flight, {waiting_pages} pages wait{next}");
            notify(&[NotifyState::Watchdog, NotifyState::Status(&status)]);
        }
        Notice::Stopping(_) => notify(&[NotifyState::Stopping]),
        _ => {}
    }
}
