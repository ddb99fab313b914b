//! How a running daemon is spoken to: a line of JSON each way through a socket in the state folder.
//! Who may write to the folder's socket may give orders: its mode is 0600.
#![expect(
    clippy::disallowed_methods,
    reason = "shell: makes and asks a socket, spawns a task a connection"
)]

use std::{
    collections::VecDeque,
    fs,
    io::{self, BufRead, BufReader, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context;
use jiff::SignedDuration;
use rustix::{fs::Mode, process::umask};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt},
    net::{UnixListener, UnixStream},
    sync::{mpsc, oneshot},
    task::{AbortHandle, JoinSet},
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
    Pause(String),
    Resume(String),
    /// What keeps the daemon from its work, if something does.
    Trouble,
    /// Whether a host may be asked, by who asks for so many seconds at the most.
    Lend(String, u32),
}

impl Request {
    /// What the loop has to do; `None` for what the listener does itself.
    pub(super) fn order(self) -> Result<Option<Order>, String> {
        let named = |host: String| Host::parse(&host).ok_or_else(|| format!("{host:?} is no host"));
        Ok(match self {
            Self::Reload => None,
            Self::Poll(feed) => Some(Order::Poll(feed)),
            Self::Pause(host) => Some(Order::Pause(named(host)?)),
            Self::Resume(host) => Some(Order::Resume(named(host)?)),
            Self::Trouble => Some(Order::Trouble),
            Self::Lend(host, seconds) => {
                let time = SignedDuration::from_secs(seconds.min(LONGEST_LOAN).into());
                Some(Order::Lend(named(host)?, time))
            }
        })
    }
}

/// What came of it in words, or why nothing did.
pub(super) type Reply = Result<String, String>;

/// A request and who waits for the reply.
pub(super) type Asked = (Request, oneshot::Sender<Reply>);

/// In seconds: whoever has a host does not come back to say that it is free.
pub(super) const LONGEST_LOAN: u32 = 600;

fn socket(state: &Path) -> PathBuf {
    state.join("control.sock")
}

/// Longest line of a request, in bytes.
const LONGEST: u64 = 4096;
/// How long either side waits for the other to write its line …
const PATIENCE: Duration = Duration::from_secs(5);
/// … and for the loop to do what it was asked.
const WORK: Duration = Duration::from_mins(1);
/// How long is waited for what a daemon tells at each turn of its loop.
const TURN: Duration = Duration::from_secs(10);

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

/// Connections whose line is waited for: the oldest has to go where there are more. Whoever means to
/// ask sends the line at once.
const WAITING: usize = 64;
/// Requests that are being done.
const AT_WORK: usize = 16;

/// Passes on what is asked, for ever.
pub(super) async fn serve(listener: UnixListener, asked: mpsc::Sender<Asked>) {
    let mut waiting = JoinSet::new();
    let mut oldest = VecDeque::new();
    let mut at_work = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    oldest.retain(|one: &AbortHandle| !one.is_finished());
                    if oldest.len() >= WAITING && let Some(first) = oldest.pop_front() {
                        first.abort();
                    }
                    oldest.push_back(waiting.spawn(timeout(PATIENCE, line_of(stream))));
                }
                Err(error) => {
                    tracing::warn!(%error, "no order can be taken");
                    tokio::time::sleep(PATIENCE).await;
                }
            },
            Some(came) = waiting.join_next(), if !waiting.is_empty() => {
                if let Ok(Ok(Ok((line, stream)))) = came {
                    let asked = (at_work.len() < AT_WORK).then(|| asked.clone());
                    at_work.spawn(answer(line, stream, asked));
                }
            }
            Some(done) = at_work.join_next(), if !at_work.is_empty() => {
                if let Ok(Err(error)) = done {
                    tracing::debug!(%error, "an order was not brought to its end");
                }
            }
        }
    }
}

async fn line_of(stream: UnixStream) -> io::Result<(String, UnixStream)> {
    let mut line = String::new();
    let mut from = tokio::io::BufReader::new(stream.take(LONGEST));
    from.read_line(&mut line).await?;
    Ok((line, from.into_inner().into_inner()))
}

/// Without anybody to ask there is too much to do.
async fn answer(
    line: String,
    mut to: UnixStream,
    asked: Option<mpsc::Sender<Asked>>,
) -> anyhow::Result<()> {
    let reply: Reply = match (serde_json::from_str::<Request>(&line), asked) {
        (Err(error), _) => Err(format!("this is no request: {error}")),
        (Ok(_), None) => Err("there are too many orders at a time".to_owned()),
        (Ok(request), Some(asked)) => {
            let (reply, waits) = oneshot::channel();
            asked.send((request, reply)).await?;
            timeout(WORK, waits).await??
        }
    };
    let line = serde_json::to_string(&reply)? + "\n";
    timeout(PATIENCE, to.write_all(line.as_bytes())).await??;
    Ok(())
}

/// Whether a daemon takes orders here; `None` where that cannot be told: its path is too long for a
/// socket, or it is not for us.
pub(super) fn is_listening(state: &Path) -> Option<bool> {
    match std::os::unix::net::UnixStream::connect(socket(state)) {
        Ok(_) => Some(true),
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound
            ) =>
        {
            Some(false)
        }
        Err(_) => None,
    }
}

/// Asks the daemon that runs on the state of this configuration. As JSON, what came of it is an
/// object on standard output, also where nothing did.
pub(super) fn ask(loaded: &Loaded, request: &Request, as_json: bool) -> anyhow::Result<Exit> {
    let reply = reply(&loaded.paths.state, request)?;
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

/// What keeps the daemon that runs on this state from its work, empty where nothing does. `None` where
/// no daemon tells: none runs, it is not for us to ask, of an older version, or has no time.
pub(super) fn trouble(state: &Path) -> Option<String> {
    reply_within(state, &Request::Trouble, TURN).ok()?.ok()
}

/// What the daemon that runs on this state makes of a request.
pub(super) fn reply(state: &Path, request: &Request) -> anyhow::Result<Reply> {
    reply_within(state, request, WORK + PATIENCE)
}

fn reply_within(state: &Path, request: &Request, patience: Duration) -> anyhow::Result<Reply> {
    let path = socket(state);
    let mut stream = std::os::unix::net::UnixStream::connect(&path)
        .with_context(|| format!("no daemon answers at {}", path.display()))?;
    stream.set_read_timeout(Some(patience))?;
    stream.write_all((serde_json::to_string(request)? + "\n").as_bytes())?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).context("the daemon did not answer")?;
    serde_json::from_str(&line).context("the daemon ended before it answered")
}
