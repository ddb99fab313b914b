//! How a running daemon is spoken to: a line of JSON each way through a socket in the state folder.
//! Who may write to the folder's socket may give orders: its mode is 0600.
#![expect(clippy::disallowed_methods, reason = "shell: makes and asks a socket")]

use std::{
    fs,
    io::{self, BufRead, BufReader, Write},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context;
use rustix::{fs::Mode, process::umask};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt},
    net::UnixListener,
    sync::{mpsc, oneshot},
    time::timeout,
};

use super::{
    Exit,
    format::{print_json, print_text},
};
use crate::{canonical_url::Host, config::Loaded, daemon::Order};

/// What may be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Request {
    Reload,
    Poll(String),
    Pause(Host),
    Resume(Host),
}

impl Request {
    /// What the loop has to do; `None` for what the listener does itself.
    pub(super) fn order(self) -> Option<Order> {
        match self {
            Self::Reload => None,
            Self::Poll(feed) => Some(Order::Poll(feed)),
            Self::Pause(host) => Some(Order::Pause(host)),
            Self::Resume(host) => Some(Order::Resume(host)),
        }
    }
}

/// What came of it in words, or why nothing did.
pub(super) type Reply = Result<String, String>;

/// A request and who waits for the reply.
pub(super) type Asked = (Request, oneshot::Sender<Reply>);

fn socket(state: &Path) -> PathBuf {
    state.join("control.sock")
}

/// Longest line of a request, in bytes.
const LONGEST: u64 = 4096;
/// How long either side waits for the other to write its line …
const PATIENCE: Duration = Duration::from_secs(5);
/// … and for the loop to do what it was asked.
const WORK: Duration = Duration::from_mins(1);

/// Makes the socket. The state folder is locked by this process, so what lies there is a dead one's.
pub(super) fn bind(state: &Path) -> anyhow::Result<UnixListener> {
    let path = socket(state);
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => {
            // Never open to others, not for a moment: the mode is that of the bind itself.
            let before = umask(Mode::from_raw_mode(0o177));
            let listener = UnixListener::bind(&path);
            umask(before);
            listener
        }
    }
    .with_context(|| format!("cannot make the socket {}", path.display()))
}

/// Passes on what is asked, one connection after the other, for ever.
pub(super) async fn serve(listener: UnixListener, asked: mpsc::Sender<Asked>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                if let Err(error) = answer(stream, &asked).await {
                    tracing::debug!(%error, "an order was not brought to its end");
                }
            }
            Err(error) => {
                tracing::warn!(%error, "no order can be taken");
                tokio::time::sleep(PATIENCE).await;
            }
        }
    }
}

async fn answer(
    mut stream: tokio::net::UnixStream,
    asked: &mpsc::Sender<Asked>,
) -> anyhow::Result<()> {
    let (from, mut to) = stream.split();
    let mut line = String::new();
    let mut from = tokio::io::BufReader::new(from.take(LONGEST));
    timeout(PATIENCE, from.read_line(&mut line)).await??;
    let reply: Reply = match serde_json::from_str::<Request>(&line) {
        Err(error) => Err(format!("this is no request: {error}")),
        Ok(request) => {
            let (reply, waits) = oneshot::channel();
            asked.send((request, reply)).await?;
            timeout(WORK, waits).await??
        }
    };
    let line = serde_json::to_string(&reply)? + "\n";
    timeout(PATIENCE, to.write_all(line.as_bytes())).await??;
    Ok(())
}

/// Asks the daemon that runs on the state of this configuration. As JSON, what came of it is an
/// object on standard output, also where nothing did.
pub(super) fn ask(loaded: &Loaded, request: &Request, as_json: bool) -> anyhow::Result<Exit> {
    let path = socket(&loaded.paths.state);
    let mut stream = UnixStream::connect(&path)
        .with_context(|| format!("no daemon answers at {}", path.display()))?;
    stream.set_read_timeout(Some(WORK + PATIENCE))?;
    stream.write_all((serde_json::to_string(request)? + "\n").as_bytes())?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).context("the daemon did not answer")?;
    let reply: Reply =
        serde_json::from_str(&line).context("the daemon ended before it answered")?;
    if as_json {
        let (Ok(words) | Err(words)) = &reply;
        print_json(&json!({ "ok": reply.is_ok(), "message": words.trim_end() }))?;
    }
    match reply {
        Ok(_) if as_json => Ok(Exit::Success),
        Ok(words) => {
            print_text(&format!("{}\n", words.trim_end()))?;
            Ok(Exit::Success)
        }
        Err(words) => anyhow::bail!("{}", words.trim_end()),
    }
}
