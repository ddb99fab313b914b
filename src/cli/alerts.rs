//! `newswatch alerts`: who is told what.

use std::{path::PathBuf, time::Duration};

use anyhow::Context;
use tokio::{
    runtime::Runtime,
    signal::unix::{SignalKind, signal},
    sync::watch,
};

use super::{Exit, compose, format::print_text, index::STATE};
use crate::{
    alert::{Sender, Teller},
    config::Loaded,
    daemon,
    fetch::HttpClient,
    jsonl::Folder,
};

/// How long each alert may take at the end of a single pass.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where alerts remember what they have told, and how it arrived.
pub(super) fn folder(loaded: &Loaded) -> PathBuf {
    loaded.paths.state.join("alerts")
}

/// Sends a message that only shows whether messages arrive.
pub(super) fn test(loaded: &Loaded, id: &str) -> anyhow::Result<Exit> {
    let alerts = compose::alerts(loaded);
    let alert = alerts.iter().find(|alert| alert.id == id);
    let alert = alert.with_context(|| format!("no alert is called {id:?}"))?;
    let sender = Sender::new(HttpClient::new(compose::fetch(&loaded.config))?);
    let runtime = Runtime::new().context("cannot start the runtime")?;
    runtime.block_on(sender.test(alert))?;
    print_text(&format!("a message was taken by {id}\n"))?;
    Ok(Exit::Success)
}

/// What tells of a single pass, made ready before it begins; `None` where nobody is told.
pub(super) fn ready(loaded: &Loaded) -> anyhow::Result<Option<Teller>> {
    let alerts = compose::alerts(loaded);
    if alerts.is_empty() {
        return Ok(None);
    }
    let state = &loaded.paths.state;
    let (teller, _) = Teller::new(
        watch::channel(alerts).1,
        watch::channel(compose::polled(&loaded.config)).1,
        Sender::new(HttpClient::new(compose::fetch(&loaded.config))?),
        Folder::at(&loaded.paths.archive),
        state.join(STATE),
        folder(loaded),
        crate::clock::now,
    );
    match teller.prepare().context("the alerts cannot remember what they tell") {
        Err(error) if daemon::is_full(&error) => tracing::warn!("{error:#}"),
        prepared => prepared?,
    }
    Ok(Some(teller))
}

/// Tells of a single pass, until it is interrupted.
pub(super) fn tell(teller: Teller) -> anyhow::Result<()> {
    let runtime = Runtime::new().context("cannot start the runtime")?;
    runtime.block_on(async {
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            () = teller.tell_now(PATIENCE) => {}
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
        anyhow::Ok(())
    })?;
    runtime.shutdown_background();
    Ok(())
}
