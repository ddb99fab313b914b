//! `/metrics`, `/healthz` and `/readyz` over HTTP.

use std::{convert::Infallible, sync::Arc};

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use tokio::{net::TcpListener, sync::Semaphore, task::spawn_blocking};

use super::Metrics;

/// The content type of the text.
const TEXT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// Scrapes at a time: each reads the state.
const SCRAPES: usize = 2;

#[derive(Clone)]
struct Served {
    metrics: Metrics,
    scrapes: Arc<Semaphore>,
}

/// Answers until the future is dropped.
pub async fn serve(listener: TcpListener, metrics: Metrics) -> Infallible {
    let served = Served { metrics, scrapes: Arc::new(Semaphore::new(SCRAPES)) };
    let router = Router::new()
        .route("/metrics", get(scrape))
        .route("/healthz", get(health))
        .route("/readyz", get(ready))
        .with_state(served);
    crate::listen::serve(listener, router).await
}

async fn scrape(State(served): State<Served>) -> Response {
    let Ok(_permit) = served.scrapes.try_acquire() else {
        return (StatusCode::TOO_MANY_REQUESTS, "too many scrapes at a time\n").into_response();
    };
    let metrics = served.metrics.clone();
    match spawn_blocking(move || metrics.text()).await {
        Ok(Ok(text)) => ([(header::CONTENT_TYPE, TEXT)], text).into_response(),
        _ => (StatusCode::INTERNAL_SERVER_ERROR, "the metrics cannot be written\n").into_response(),
    }
}

async fn health(State(served): State<Served>) -> (StatusCode, &'static str) {
    if served.metrics.is_alive(crate::clock::now()) {
        (StatusCode::OK, "alive\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "the loop does not turn\n")
    }
}

async fn ready(State(served): State<Served>) -> (StatusCode, &'static str) {
    if served.metrics.is_ready(crate::clock::now()) {
        (StatusCode::OK, "ready\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not at work\n")
    }
}
