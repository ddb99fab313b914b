//! Logs, on standard error or in the journal.

use std::io::{self, IsTerminal};

use tracing_subscriber::{
    EnvFilter, Layer, Registry, fmt, layer::SubscriberExt, util::SubscriberInitExt,
};

use crate::config::{Level, Log, LogFormat};

/// Starts logging. Later calls change nothing.
pub(super) fn start(log: &Log) -> anyhow::Result<()> {
    let level = match log.level {
        Level::Error => "error",
        Level::Warn => "warn",
        Level::Info => "info",
        Level::Debug => "debug",
        Level::Trace => "trace",
    };
    // The libraries' own messages matter only to who debugs them.
    let filter = EnvFilter::new(format!("warn,newswatch={level}"));
    let layer: Box<dyn Layer<Registry> + Send + Sync> = match log.format {
        LogFormat::Text => {
            let ansi = io::stderr().is_terminal() && super::format::is_styled_stderr();
            fmt::layer().with_writer(io::stderr).with_ansi(ansi).with_target(false).boxed()
        }
        LogFormat::Json => fmt::layer().with_writer(io::stderr).json().boxed(),
        LogFormat::Journald => tracing_journald::layer()?.boxed(),
    };
    // A second start, as tests make, keeps the first one's.
    drop(tracing_subscriber::registry().with(layer.with_filter(filter)).try_init());
    Ok(())
}
