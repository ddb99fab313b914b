//! `newswatch alerts`: who is told what.

use anyhow::Context;
use tokio::runtime::Runtime;

use super::{Exit, compose, format::print_text};
use crate::{alert::Sender, config::Loaded, fetch::HttpClient};

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
