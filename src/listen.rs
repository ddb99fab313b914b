//! HTTP for people and programs beside us: metrics and the review. No client holds up another one,
//! or takes what the crawl needs.
#![expect(clippy::disallowed_methods, reason = "shell: spawns a task a connection, sleeps")]

use std::{convert::Infallible, time::Duration};

use axum::Router;
use hyper::server::conn::http1::Builder;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::{sleep, timeout},
};

/// Connections at a time. One beyond these is closed as soon as it comes: to let it wait would only
/// move the queue.
const MOST: usize = 128;
/// How long the head of a request may take, and a connection stand idle.
const HEAD: Duration = Duration::from_secs(10);
/// After so long a connection ends with the answer that is being sent …
const LONGEST: Duration = Duration::from_mins(5);
/// … which a client that does not read does not get.
const LAST_ANSWER: Duration = Duration::from_mins(1);
/// Where no descriptor is left, or the like.
const PAUSE: Duration = Duration::from_secs(1);

/// Answers until the future is dropped.
pub async fn serve(listener: TcpListener, router: Router) -> Infallible {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) if connections.len() < MOST => {
                    connections.spawn(answer(stream, router.clone()));
                }
                Ok(_) => {}
                Err(error) => {
                    tracing::debug!(%error, "a connection could not be taken");
                    sleep(PAUSE).await;
                }
            },
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
        }
    }
}

async fn answer(stream: TcpStream, router: Router) {
    let service = TowerToHyperService::new(router);
    let connection = Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = sleep(LONGEST) => {
            connection.as_mut().graceful_shutdown();
            timeout(LAST_ANSWER, connection).await.unwrap_or(Ok(()))
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection broke");
    }
}
