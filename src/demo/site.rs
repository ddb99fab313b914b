//! The demo on sockets of the loopback interface.
#![expect(
    clippy::disallowed_methods,
    reason = "shell: listens on loopback, keeps its ports in a file"
)]

use std::{
    collections::BTreeMap,
    convert::Infallible,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
};

use anyhow::Context as _;
use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, StatusCode, header},
    response::Response,
};
use bytes::Bytes;
use futures_util::stream;
use jiff::Timestamp;
use tokio::{net::TcpListener, task::JoinSet};

use super::{
    answer::{Answer, Asked, Fault, Memory, answer},
    expected::{self, Expectation},
    outlet::{self, DemoFeed, World},
};

/// The first of the ports that a fresh folder gets; a host each, counting up.
const FIRST_PORT: u16 = 28_610;
pub(super) const PORTS_FILE: &str = "demo-ports.toml";

/// A running demo; it stops when dropped.
#[derive(Debug)]
pub struct Site {
    /// What a configuration needs to read it.
    pub feeds: Vec<DemoFeed>,
    shared: Arc<Shared>,
    _serving: JoinSet<()>,
}

/// A request as it came, for assertions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedRequest {
    pub at: Timestamp,
    /// `127.0.0.1:28610`.
    pub host: String,
    pub method: String,
    /// Path and query.
    pub path: String,
    /// As answered; `None` where nothing was.
    pub status: Option<u16>,
    pub if_none_match: Option<String>,
    pub user_agent: Option<String>,
}

/// Handlers run at the same time and share what was asked before. The locks are held for one
/// computation and never over an await.
#[derive(Debug)]
struct Shared {
    world: World,
    memory: RwLock<Memory>,
    log: RwLock<Vec<LoggedRequest>>,
}

impl Site {
    /// Starts on free ports.
    pub async fn start() -> anyhow::Result<Self> {
        Self::serve(listen(|_, _| 0).await?)
    }

    /// Starts on the ports that `folder` remembers, so that a state and an archive in it know the
    /// addresses. A folder without them gets the usual ports, or free ones where these are in use,
    /// and remembers them.
    pub async fn start_in(folder: &Path) -> anyhow::Result<Self> {
        let file = folder.join(PORTS_FILE);
        if let Some(ports) = remembered(&file)? {
            let listeners = listen(|outlet, _| ports.get(outlet).copied().unwrap_or_default());
            return Self::serve(listeners.await.with_context(|| {
                format!("the demo in {} needs the ports it had before", folder.display())
            })?);
        }
        let usual = listen(|_, place| FIRST_PORT.saturating_add(place)).await;
        let site = Self::serve(match usual {
            Ok(listeners) => listeners,
            Err(_) => listen(|_, _| 0).await?,
        })?;
        std::fs::write(&file, toml::to_string(&site.shared.world.ports)?)
            .with_context(|| format!("cannot write {}", file.display()))?;
        Ok(site)
    }

    fn serve(listeners: Vec<(String, TcpListener)>) -> anyhow::Result<Self> {
        let mut ports = BTreeMap::new();
        for (outlet, listener) in &listeners {
            ports.insert(outlet.clone(), listener.local_addr()?.port());
        }
        let world = World::new(ports)?;
        let feeds = world.feeds();
        let shared = Arc::new(Shared {
            world,
            memory: RwLock::new(Memory::default()),
            log: RwLock::new(Vec::new()),
        });
        let mut serving = JoinSet::new();
        for (outlet, listener) in listeners {
            let router =
                Router::new().fallback(handle).with_state((Arc::clone(&shared), outlet.clone()));
            serving.spawn(async move {
                if let Err(error) = axum::serve(listener, router).await {
                    tracing::error!(outlet, %error, "the demo's host stopped");
                }
            });
        }
        Ok(Self { feeds, shared, _serving: serving })
    }

    /// Writes the folder `config` into `folder`: settings, the demo's feeds, the rules for its site
    /// that needs some. The topics are those that are built in. Returns the path of `config`.
    pub fn write_config(&self, folder: &Path) -> anyhow::Result<PathBuf> {
        let config = folder.join("config");
        let feeds = toml::to_string(&BTreeMap::from([("feed", &self.feeds)]))?;
        let files = [
            ("newswatch.toml", include_str!("content/newswatch.toml")),
            ("feeds.toml", feeds.as_str()),
            ("sites/127.0.0.1.toml", include_str!("content/rules.toml")),
        ];
        std::fs::create_dir_all(config.join("sites"))
            .with_context(|| format!("cannot create {}", config.display()))?;
        for (name, text) in files {
            let file = config.join(name);
            std::fs::write(&file, text)
                .with_context(|| format!("cannot write {}", file.display()))?;
        }
        Ok(config)
    }

    /// What one pass has to leave, a line for each line of each feed.
    pub fn expected(&self) -> Vec<Expectation> {
        expected::of(&self.shared.world)
    }

    /// Brings out the second edition of revised articles.
    pub fn advance(&self) {
        self.memory(|memory| memory.second_edition = true);
    }

    /// After how many answers of its feed the second edition comes out by itself; it does after one
    /// unless told otherwise, and with `None` only when [advanced](Self::advance).
    pub fn edit_after(&self, answers: Option<u32>) {
        self.memory(|memory| memory.edit_after = answers);
    }

    /// Makes an address of the site answer a fault, or with `None` what it has.
    /// An address that is not the site's changes nothing.
    pub fn script(&self, url: &str, fault: Option<Fault>) {
        let Some((outlet, path)) = self.place(url) else { return };
        self.memory(|memory| match fault {
            Some(fault) => memory.faults.insert((outlet, path), fault),
            None => memory.faults.remove(&(outlet, path)),
        });
    }

    /// All requests so far, in the order in which they came.
    pub fn log(&self) -> Vec<LoggedRequest> {
        self.shared.log.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn memory<T>(&self, change: impl FnOnce(&mut Memory) -> T) {
        change(&mut self.shared.memory.write().unwrap_or_else(PoisonError::into_inner));
    }

    fn place(&self, url: &str) -> Option<(String, String)> {
        let url: url::Url = url.parse().ok()?;
        let port = url.port()?;
        let (outlet, _) = self.shared.world.ports.iter().find(|(_, own)| **own == port)?;
        Some((outlet.clone(), url.path().to_owned()))
    }
}

/// The ports in a file, by outlet; `None` where there is no such file.
fn remembered(file: &Path) -> anyhow::Result<Option<BTreeMap<String, u16>>> {
    match std::fs::read_to_string(file) {
        // Killed as it was made.
        Ok(text) if text.is_empty() => Ok(None),
        Ok(text) => toml::from_str(&text)
            .map(Some)
            .with_context(|| format!("{} does not hold the demo's ports", file.display())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", file.display())),
    }
}

/// A listener for each outlet, on the port that `port` makes of its id and its place; 0 is any.
async fn listen(port: impl Fn(&str, u16) -> u16) -> anyhow::Result<Vec<(String, TcpListener)>> {
    let mut listeners = Vec::new();
    for (place, outlet) in (0..).zip(outlet::outlets()?) {
        let port = port(&outlet.id, place);
        let listener = TcpListener::bind(("127.0.0.1", port))
            .await
            .with_context(|| format!("cannot listen on 127.0.0.1:{port}"))?;
        listeners.push((outlet.id, listener));
    }
    Ok(listeners)
}

async fn handle(
    State((shared, outlet)): State<(Arc<Shared>, String)>,
    request: Request,
) -> Response {
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned();
    let if_none_match = text(request.headers(), header::IF_NONE_MATCH);
    let user_agent = text(request.headers(), header::USER_AGENT);
    let asked =
        Asked { outlet: outlet.clone(), path: path.clone(), if_none_match: if_none_match.clone() };
    let answer = {
        let mut memory = shared.memory.write().unwrap_or_else(PoisonError::into_inner);
        answer(&shared.world, &mut memory, &asked)
    };
    let status = match &answer {
        Answer::Whole { status, .. } => Some(*status),
        Answer::Cut => Some(200),
        Answer::Hang => None,
    };
    shared.log.write().unwrap_or_else(PoisonError::into_inner).push(LoggedRequest {
        at: crate::clock::now(),
        host: shared.world.host(&outlet),
        method: request.method().to_string(),
        path,
        status,
        if_none_match,
        user_agent,
    });
    match answer {
        Answer::Whole { status, headers, body } => respond(status, headers, Body::from(body)),
        Answer::Cut => {
            let pieces = [
                Ok(Bytes::from_static(b"<?xml version=\"1.0\"?><rss><channel><title>")),
                Err(std::io::Error::from(std::io::ErrorKind::ConnectionAborted)),
            ];
            let headers = vec![("content-type", "application/rss+xml".to_owned())];
            respond(200, headers, Body::from_stream(stream::iter(pieces)))
        }
        Answer::Hang => match std::future::pending::<Infallible>().await {},
    }
}

fn respond(status: u16, headers: Vec<(&'static str, String)>, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
    for (name, value) in headers {
        if let Ok(value) = value.parse() {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    response
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}
