//! The addresses of the review, and what answers at each.

use std::{pin::Pin, sync::Arc};

use axum::{
    Form, Router,
    body::Body,
    extract::{Path, Query as Asking, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use futures_util::stream;
use jiff::Timestamp;
use maud::{Markup, html};
use tokio::{sync::mpsc, task::spawn_blocking};

use super::{
    article, compare,
    feeds::{self, Daemon, FeedTest},
    gate::{self, Gate, Refusal},
    keeper::{Keeper, Stopped},
    layout::{self, Frame, Tab},
    list, overview, queue, stories, words,
};
use crate::{
    review::{
        Desk, Query, ReviewError,
        export::{Export, Exported, Format},
        labelled,
    },
    state::Reject,
};

/// A feed being asked.
pub type Testing = Pin<Box<dyn Future<Output = Result<FeedTest, String>> + Send>>;

/// What the pages ask of the world around the archive.
pub struct Outside {
    /// What is known of the daemon; `None` where there is no state.
    pub daemon: Box<dyn Fn() -> Option<Daemon> + Send + Sync>,
    /// Asks a feed once, by its id.
    pub test: Box<dyn Fn(&str) -> Testing + Send + Sync>,
    /// At most so many of what was not kept, as [`labelled::sample`] takes them.
    pub rejects: Box<dyn Fn(usize) -> Vec<Reject> + Send + Sync>,
    pub now: fn() -> Timestamp,
}

#[derive(Clone)]
struct App {
    keeper: Keeper,
    gate: Arc<Gate>,
    outside: Arc<Outside>,
}

/// All pages, behind the gate.
pub fn router(keeper: Keeper, gate: Gate, outside: Outside) -> Router {
    let app = App { keeper, gate: Arc::new(gate), outside: Arc::new(outside) };
    Router::new()
        .route("/", get(of_overview))
        .route("/list", get(of_list))
        .route("/article/{id}", get(of_article))
        .route("/record/{file}", get(of_record))
        .route("/raw/{id}", get(of_raw))
        .route("/compare/{old}/{new}", get(of_compare))
        .route("/stories", get(of_stories))
        .route("/story/{id}", get(of_story))
        .route("/queue", get(of_queue))
        .route("/review", post(decide))
        .route("/labelled.jsonl", get(of_labelled))
        .route("/feeds", get(of_feeds))
        .route("/feeds/test", post(test_feed))
        .route("/export.csv", get(export_csv))
        .route("/export.jsonl", get(export_jsonl))
        .route("/login", get(login_form).post(login))
        .route("/static/{name}", get(of_static))
        .fallback(nowhere)
        .layer(middleware::from_fn_with_state(app.clone(), guard))
        .with_state(app)
}

/// Turns away who is not to come in, and tells the browser what a page may do.
async fn guard(State(app): State<App>, request: Request, next: Next) -> Response {
    let checked = app.gate.check(request.method(), request.uri().path(), request.headers());
    let mut response = match checked {
        Ok(()) => next.run(request).await,
        Err(Refusal::Token) => {
            (StatusCode::UNAUTHORIZED, page_of(&token_page(&app, false))).into_response()
        }
        Err(refusal) => {
            let (status, words) = match refusal {
                Refusal::Host => {
                    (StatusCode::MISDIRECTED_REQUEST, "This name does not lead here.\n")
                }
                Refusal::Method => (StatusCode::METHOD_NOT_ALLOWED, "Only GET and POST.\n"),
                _ => (StatusCode::FORBIDDEN, "The form came from another page.\n"),
            };
            (status, words).into_response()
        }
    };
    let headers = response.headers_mut();
    let fixed = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // A form needs its origin told to its own page; others are told nothing.
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin"));
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("same-origin"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if !headers.contains_key(header::CONTENT_SECURITY_POLICY)
        && let Ok(policy) = HeaderValue::from_str(&gate::policy(false))
    {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// What went wrong while a page was made.
enum Trouble {
    Review(ReviewError),
    Stopped,
    NotFound,
}

impl From<Stopped> for Trouble {
    fn from(_: Stopped) -> Self {
        Self::Stopped
    }
}

impl From<ReviewError> for Trouble {
    fn from(error: ReviewError) -> Self {
        Self::Review(error)
    }
}

type Answer = Result<Response, Trouble>;

impl IntoResponse for Trouble {
    fn into_response(self) -> Response {
        let (status, words) = match self {
            Self::Review(error) => {
                let error = anyhow::Error::from(error);
                tracing::error!(
                    error = format_args!("{error:#}"),
                    "a page of the review could not be made"
                );
                (
                    StatusCode::INTERNAL_SERVER_ERROR,
                    format!("The page could not be made: {error:#}.\n"),
                )
            }
            Self::Stopped => {
                (StatusCode::SERVICE_UNAVAILABLE, "The review is stopping.\n".to_owned())
            }
            Self::NotFound => (StatusCode::NOT_FOUND, "There is no such record.\n".to_owned()),
        };
        (status, words).into_response()
    }
}

impl App {
    /// Asks what reads a disk: on a thread that may wait for it.
    async fn ask_outside<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Outside) -> T + Send + 'static,
    ) -> Result<T, Stopped> {
        let outside = Arc::clone(&self.outside);
        spawn_blocking(move || question(&outside)).await.map_err(|_| Stopped)
    }

    fn frame(&self, desk: &Desk) -> Frame {
        Frame {
            csrf: self.gate.csrf().to_owned(),
            now: (self.outside.now)(),
            progress: desk.progress(),
            records: desk.index.count(),
        }
    }

    /// Has a page made by the keeper of the desk.
    async fn make<F>(&self, make: F) -> Result<Markup, Trouble>
    where
        F: FnOnce(&mut Desk, &Frame) -> Result<Option<Markup>, ReviewError> + Send + 'static,
    {
        let app = self.clone();
        let made = self.keeper.ask(move |desk| {
            let frame = app.frame(desk);
            make(desk, &frame)
        });
        made.await??.ok_or(Trouble::NotFound)
    }
}

/// A page; characters that HTML does not know, which the web may have written, are shown as such.
fn page_of(markup: &Markup) -> Response {
    let steers = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    let text = markup.0.replace(steers, "\u{fffd}");
    ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], text).into_response()
}

async fn of_overview(State(app): State<App>) -> Answer {
    let daemon = app.ask_outside(|outside| (outside.daemon)()).await?;
    let made = app.make(move |desk, frame| overview::page(desk, frame, daemon.as_ref()).map(Some));
    Ok(page_of(&made.await?))
}

async fn of_list(State(app): State<App>, Asking(asked): Asking<list::Asked>) -> Answer {
    Ok(page_of(&app.make(move |desk, frame| list::page(desk, frame, &asked).map(Some)).await?))
}

async fn of_article(
    State(app): State<App>,
    Path(id): Path<String>,
    Asking(asked): Asking<article::Asked>,
) -> Answer {
    let with_images = asked.images == "1";
    let made = app.make(move |desk, frame| article::page(desk, frame, &id, &asked)).await?;
    let mut response = page_of(&made);
    if let Ok(policy) = HeaderValue::from_str(&gate::policy(with_images)) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    Ok(response)
}

async fn of_record(State(app): State<App>, Path(file): Path<String>) -> Answer {
    let id = file.strip_suffix(".json").unwrap_or(&file).to_owned();
    let line = app.keeper.ask(move |desk| match desk.index.row_of(&id)? {
        Some(row) => desk.index.line(row),
        None => Ok(None),
    });
    let line = line.await??.ok_or(Trouble::NotFound)?;
    Ok(([(header::CONTENT_TYPE, "application/json")], line.bytes).into_response())
}

/// The page that a record came from: to be saved, never to be shown. It is a stranger's.
async fn of_raw(State(app): State<App>, Path(id): Path<String>) -> Answer {
    let page = app.keeper.ask(move |desk| {
        let Some(item) = desk.item(&id)?.filter(|item| item.record.raw_ref.is_some()) else {
            return Ok(None);
        };
        let name = format!("{}.html.txt", words::encoded(&item.record.id));
        Ok(Some((name, desk.index.raw(&item.record)?.page)))
    });
    let page: Result<_, ReviewError> = page.await?;
    let (name, page) = page?.ok_or(Trouble::NotFound)?;
    Ok(download(&name, "text/plain", Body::from(page)))
}

async fn of_compare(State(app): State<App>, Path((old, new)): Path<(String, String)>) -> Answer {
    Ok(page_of(&app.make(move |desk, frame| compare::page(desk, frame, &old, &new)).await?))
}

async fn of_stories(State(app): State<App>, Asking(asked): Asking<list::Asked>) -> Answer {
    Ok(page_of(&app.make(move |desk, frame| stories::index(desk, frame, &asked).map(Some)).await?))
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct With {
    with: String,
}

async fn of_story(
    State(app): State<App>,
    Path(id): Path<String>,
    Asking(asked): Asking<With>,
) -> Answer {
    Ok(page_of(&app.make(move |desk, frame| stories::page(desk, frame, &id, &asked.with)).await?))
}

async fn of_queue(State(app): State<App>, Asking(asked): Asking<list::Asked>) -> Answer {
    Ok(page_of(&app.make(move |desk, frame| queue::page(desk, frame, &asked).map(Some)).await?))
}

async fn decide(
    State(app): State<App>,
    headers: HeaderMap,
    Form(decision): Form<queue::Decision>,
) -> Answer {
    if !app.gate.is_csrf(&decision.csrf) {
        return Ok((StatusCode::FORBIDDEN, "The form is not of this page: load it anew.\n")
            .into_response());
    }
    let now = (app.outside.now)();
    let next = decision.target().to_owned();
    let decided = app.keeper.ask(move |desk| {
        if desk.index.row_of(&decision.id)?.is_none() {
            return Ok(None);
        }
        match decision.apply(desk.review_of(&decision.id, now)) {
            Some(review) => desk.decide(&review).map(Some),
            None => Ok(None),
        }
    });
    decided.await??.ok_or(Trouble::NotFound)?;
    let wants_json = headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.starts_with("application/json"));
    Ok(if wants_json {
        StatusCode::NO_CONTENT.into_response()
    } else {
        Redirect::to(&next).into_response()
    })
}

/// Rejects that are written out beside the reviewed records.
const SAMPLE: usize = 50;

async fn of_labelled(State(app): State<App>) -> Answer {
    let rejects = app.ask_outside(|outside| (outside.rejects)(SAMPLE)).await?;
    let lines = app.keeper.ask(move |desk| {
        let unread = desk.index.unread();
        let lines = labelled::lines(desk, &rejects);
        warn_unread(desk.index.unread() - unread);
        lines
    });
    let lines = lines.await??;
    Ok(download("labelled.jsonl", "application/x-ndjson", Body::from(lines)))
}

/// A file that is downloaded has no place for it.
fn warn_unread(count: u32) {
    if count > 0 {
        tracing::warn!(
            records = count,
            "an export leaves out what cannot be read any more: see `newswatch archive verify`"
        );
    }
}

async fn of_feeds(State(app): State<App>) -> Answer {
    let daemon = app.ask_outside(|outside| (outside.daemon)()).await?;
    let made =
        app.make(move |desk, frame| Ok(Some(feeds::page(desk, frame, daemon.as_ref(), None))));
    Ok(page_of(&made.await?))
}

#[derive(serde::Deserialize)]
struct Test {
    csrf: String,
    id: String,
}

async fn test_feed(State(app): State<App>, Form(test): Form<Test>) -> Answer {
    if !app.gate.is_csrf(&test.csrf) {
        return Ok((StatusCode::FORBIDDEN, "The form is not of this page: load it anew.\n")
            .into_response());
    }
    let result = (app.outside.test)(&test.id).await;
    let daemon = app.ask_outside(|outside| (outside.daemon)()).await?;
    let made = app.make(move |desk, frame| {
        Ok(Some(feeds::page(desk, frame, daemon.as_ref(), Some((&test.id, &result)))))
    });
    Ok(page_of(&made.await?))
}

async fn export_csv(State(app): State<App>, Asking(asked): Asking<list::Asked>) -> Answer {
    let body = export(&app, &asked.q, Format::Csv).await?;
    Ok(body
        .map_or_else(bad_query, |body| download("newswatch.csv", "text/csv; charset=utf-8", body)))
}

async fn export_jsonl(State(app): State<App>, Asking(asked): Asking<list::Asked>) -> Answer {
    let body = export(&app, &asked.q, Format::Jsonl).await?;
    Ok(body
        .map_or_else(bad_query, |body| download("newswatch.jsonl", "application/x-ndjson", body)))
}

fn bad_query() -> Response {
    (StatusCode::BAD_REQUEST, "The query is not understood.\n").into_response()
}

fn download(name: &str, kind: &'static str, body: Body) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    response
}

/// Hands on what is written to it.
struct Spool(mpsc::UnboundedSender<Vec<u8>>);

impl std::io::Write for Spool {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let sent = self.0.send(bytes.to_vec());
        sent.map(|()| bytes.len()).map_err(|_| std::io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Records written between two other questions to the desk.
const EXPORTED_AT_ONCE: usize = 100;

/// An export in pieces, made as fast as it is taken; `None` where the query is faulty.
async fn export(app: &App, query: &str, format: Format) -> Result<Option<Body>, Trouble> {
    let Ok(query) = Query::parse(query, (app.outside.now)()) else { return Ok(None) };
    let title = query.text().to_owned();
    let rows = app
        .keeper
        .ask(move |desk| desk.find(&query).map(|found| found.iter().collect::<Vec<u32>>()));
    let mut rows = rows.await??;
    rows.reverse();
    let (send, mut written) = mpsc::unbounded_channel();
    let Ok(export) = Export::start(format, Spool(send), None, &title) else { return Ok(None) };
    let keeper = app.keeper.clone();
    let pieces = stream::unfold((Some(export), rows), move |(export, mut rows)| {
        let keeper = keeper.clone();
        let piece = rows.split_off(rows.len().saturating_sub(EXPORTED_AT_ONCE));
        async move {
            let mut export = export?;
            let is_last = rows.is_empty();
            let done = keeper.ask(move |desk| {
                let unread = desk.index.unread();
                for row in piece.into_iter().rev() {
                    let Some((item, line)) = desk.index.whole(row)? else { continue };
                    let review = desk.review(row);
                    export.push(Exported { item: &item, line: &line.bytes, review })?;
                }
                warn_unread(desk.index.unread() - unread);
                if is_last {
                    export.finish()?;
                    return anyhow::Ok(None);
                }
                Ok(Some(export))
            });
            match done.await {
                Ok(Ok(export)) => Some((Ok(()), (export, rows))),
                Ok(Err(error)) => {
                    Some((Err(std::io::Error::other(format!("{error:#}"))), (None, rows)))
                }
                Err(error) => Some((Err(std::io::Error::other(error)), (None, rows))),
            }
        }
    });
    let bytes = futures_util::StreamExt::map(pieces, move |done: std::io::Result<()>| {
        done.map(|()| {
            let mut bytes = Vec::new();
            while let Ok(more) = written.try_recv() {
                bytes.extend(more);
            }
            bytes::Bytes::from(bytes)
        })
    });
    Ok(Some(Body::from_stream(bytes)))
}

fn token_page(app: &App, is_wrong: bool) -> Markup {
    let frame = Frame {
        csrf: String::new(),
        now: (app.outside.now)(),
        progress: crate::review::Progress::Current,
        records: 0,
    };
    layout::page(
        &frame,
        Tab::None,
        "Token",
        "",
        &html! {
            h1 { "A token is needed" }
            p.lead { "It stands where the review was started." }
            @if is_wrong { p.alarm { "That is not the token." } }
            form.login method="post" action="/login" {
                label { "Token" input type="password" name="token" autocomplete="current-password" required; }
                button type="submit" { "Open" }
            }
        },
    )
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Token {
    token: String,
}

async fn login_form(State(app): State<App>, Asking(asked): Asking<Token>) -> Response {
    if asked.token.is_empty() {
        page_of(&token_page(&app, false))
    } else {
        let_in(&app, &asked.token)
    }
}

async fn login(State(app): State<App>, Form(asked): Form<Token>) -> Response {
    let_in(&app, &asked.token)
}

fn let_in(app: &App, token: &str) -> Response {
    match app.gate.cookie(token).and_then(|cookie| HeaderValue::from_str(&cookie).ok()) {
        Some(cookie) => {
            let mut response = Redirect::to("/").into_response();
            response.headers_mut().insert(header::SET_COOKIE, cookie);
            response
        }
        None => (StatusCode::UNAUTHORIZED, page_of(&token_page(app, true))).into_response(),
    }
}

async fn of_static(Path(name): Path<String>) -> Response {
    let (kind, text) = match name.as_str() {
        "review.css" => ("text/css; charset=utf-8", include_str!("assets/review.css")),
        "review.js" => ("text/javascript; charset=utf-8", include_str!("assets/review.js")),
        "icon.svg" => ("image/svg+xml", include_str!("assets/icon.svg")),
        _ => return (StatusCode::NOT_FOUND, "There is no such file.\n").into_response(),
    };
    let headers = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-cache")];
    (headers, text).into_response()
}

async fn nowhere(State(app): State<App>) -> Answer {
    let made = app.make(|_, frame| {
        Ok(Some(layout::trouble(
            frame,
            "There is no such page",
            "The address is not one of the review's.",
        )))
    });
    Ok((StatusCode::NOT_FOUND, page_of(&made.await?)).into_response())
}
