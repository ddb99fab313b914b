//! What an answer says. Pure, in three steps: [`document`] takes out what has to be read, a reader
//! reads it, [`conclude`] makes something of it.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use super::{Begun, PageWork, Rules, Task, Unasked, Work, continued};
use crate::{
    article::{Article, DateSource, Extraction, TextStatus},
    date::Dated,
    fetch::{FetchError, Request, Response, Room},
    politeness::{Robots, retry_after},
    reader::{self, Document, Fault, PageDocument},
    schedule::{
        Heard,
        retry::{Again, Trouble},
    },
    source::{Entry, Listing, SourceKind},
    text,
    text::Detected,
    topic::{Judgement, Text},
};

/// A task that came back.
#[derive(Debug)]
pub struct Visit {
    pub task: Task,
    /// The answer without its body; `None` where nothing was asked.
    pub response: Option<Result<Response, FetchError>>,
    /// How long the host took, as a clock tells that nobody sets; zero where it broke off.
    pub answer_time: SignedDuration,
    /// How long the host asks to be left alone; zero where it does not say how long.
    pub held_for: Option<SignedDuration>,
    pub reading: Reading,
    /// Where something was read.
    pub effort: Option<Effort>,
}

impl Visit {
    /// What the host had to say, where it was asked.
    pub(super) fn heard(&self) -> Option<Heard> {
        match (self.response.as_ref()?, &self.task.work) {
            (Ok(response), Work::Page(work)) => Some(match response.status {
                200..300 => Heard::Page,
                // Page after page it is no word on a page: the server wants no crawler …
                401..=403 => Heard::Refusal(work.pending.id),
                // … or cannot serve one now.
                429 | 500..600 => Heard::Failure(work.pending.id),
                _ => Heard::Answer,
            }),
            // It was us who did not go there.
            (Err(FetchError::Denied(_)), _) => None,
            (Err(error), _) if error.is_silence() => Some(Heard::Nothing),
            (Ok(_) | Err(_), _) => Some(Heard::Answer),
        }
    }
}

#[derive(Debug)]
pub enum Reading {
    Listing {
        listing: Box<Listing>,
        body_hash: u64,
    },
    Robots(Robots),
    Page(PageReading),
    /// The answer leads to another host.
    Elsewhere(Box<Request>),
    /// There is nothing to read: the answer alone tells what happened (304, an error, a status).
    Nothing,
    /// The body could not be read as what was asked for, in words.
    Unreadable(String),
}

#[derive(Debug)]
pub enum PageReading {
    /// An article, from its page or from the feed's own text.
    Ready(Box<Judged>),
    /// The page could not be had, and may be had later.
    TryAgain { error: String, again: Again },
    /// The article goes on at another page.
    Continues { request: Box<Request>, begun: Box<Begun> },
    /// Neither the page nor the feed has a text or title to judge.
    Hopeless { error: String },
}

/// An article with everything that can be said of it without looking elsewhere.
#[derive(Debug)]
pub struct Judged {
    pub article: Article,
    pub language: Detected,
    /// What the topics say, the best first; empty where no topic is configured.
    pub judgements: Vec<Judgement>,
    /// It is to become a record.
    pub keep: bool,
    /// Why the page itself could not be read, where the text is the feed's.
    pub page_error: Option<String>,
}

/// What came of reading a document.
#[derive(Debug)]
pub struct Found {
    pub outcome: Result<reader::Reading, Fault>,
    pub effort: Effort,
}

/// What reading a document took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effort {
    /// Length of the body.
    pub bytes: usize,
    /// From the body to the value, waiting for a reader included.
    pub took: Duration,
    /// [`Fault::kind`], where it was not read to its end.
    pub fault: Option<&'static str>,
}

/// What a reader has to read of an answer, where there is something. Takes the body out of it.
pub fn document(
    rules: &Rules,
    task: &Task,
    response: Option<&mut Response>,
) -> Option<(Document, Vec<u8>)> {
    let response = response?;
    let content_type = || response.header("content-type").map(str::to_owned);
    let listing = |kind: SourceKind, response: &Response| Document::Listing {
        kind,
        content_type: content_type(),
        base: response.url.clone(),
        is_cut: response.is_cut,
    };
    let document = match &task.work {
        Work::Poll { kind, .. } if response.status == 200 => listing(*kind, response),
        Work::Part { .. } if response.status == 200 => listing(SourceKind::Sitemap, response),
        Work::Page(work) if (200..300).contains(&response.status) => {
            let PageWork { pending, feed, .. } = &**work;
            let entry = &pending.entry;
            Document::Page(Box::new(PageDocument {
                content_type: content_type(),
                url: response.url.clone(),
                fetched_at: response.at,
                title: entry.title.clone(),
                summary: entry.summary.clone(),
                // The feed's text is compared with the first page only.
                content: entry.content.clone().filter(|_| work.begun.is_none()),
                published: entry.published.as_ref().map(|dated| dated.at),
                language: entry.language.as_ref().or(feed.language.as_ref()).cloned(),
                zone: feed.zone.clone(),
                rules: rules.site(&response.url).map(|site| site.text.clone()),
            }))
        }
        Work::Poll { .. } | Work::Part { .. } | Work::Page(_) | Work::Robots { .. } => return None,
    };
    Some((document, std::mem::take(&mut response.body)))
}

/// Makes of an answer, and of what a reader found in it, what the crawl takes in. Never panics: a
/// panic is that document's outcome.
pub fn conclude(
    rules: &Rules,
    task: Task,
    response: Option<Result<Response, FetchError>>,
    found: Option<Found>,
    now: Timestamp,
) -> Visit {
    let effort = match (&found, &task.work, &response) {
        (Some(found), ..) => Some(found.effort),
        // Read here, and at once.
        (None, Work::Robots { .. }, Some(Ok(response))) => {
            Some(Effort { bytes: response.body.len(), took: Duration::ZERO, fault: None })
        }
        _ => None,
    };
    let took = match &response {
        Some(Ok(response)) => response.took,
        Some(Err(FetchError::Timeout(after))) => *after,
        Some(Err(_)) | None => Duration::ZERO,
    };
    let answer_time = SignedDuration::try_from(took).unwrap_or(SignedDuration::MAX);
    let held_for = response.as_ref().and_then(|answer| held_for(answer.as_ref().ok()?));
    let outcome = found.map(|found| found.outcome);
    let reading =
        catch_unwind(AssertUnwindSafe(|| read_task(rules, &task, response.as_ref(), outcome, now)))
            .unwrap_or_else(|_| {
                let error = "the document broke newswatch; please report its address";
                match &task.work {
                    Work::Page(work) => Reading::Page(from_feed(rules, work, error, now)),
                    // Whoever waits for it waits for an answer.
                    Work::Robots { before, .. } => {
                        Reading::Robots(Robots::unreachable(before.as_ref(), now))
                    }
                    _ => Reading::Unreadable(error.to_owned()),
                }
            });
    // A record tells of its article's first page, and comes from all of them.
    let response = match (&task.work, &reading) {
        (Work::Page(work), Reading::Page(PageReading::Ready(_))) => match &work.begun {
            Some(begun) => {
                Some(Ok(begun.with(response.as_ref().and_then(|answer| answer.as_ref().ok()))))
            }
            None => response,
        },
        _ => response,
    };
    let response = response.map(|answer| {
        answer.map(|mut response| {
            response.body = Vec::new();
            // An article is small, and what continues it may be long in coming.
            if matches!(reading, Reading::Page(_)) {
                response.room = Room::default();
            }
            // Where the text is the feed's, or there is none, the page says nothing of it.
            let is_wanted = matches!(&reading, Reading::Page(PageReading::Ready(judged)) if judged.page_error.is_none());
            if !is_wanted {
                response.exchanges.clear();
            }
            response
        })
    });
    Visit { task, response, answer_time, held_for, reading, effort }
}

/// The wait that an answer asks for. A 429 is about all requests, also where it does not say for how long.
fn held_for(response: &Response) -> Option<SignedDuration> {
    let wait = retry_after::wait(&response.headers, response.at);
    match response.status {
        429 => Some(wait.unwrap_or_default()),
        408 | 425 | 500..600 => wait.filter(|wait| !wait.is_zero()),
        _ => None,
    }
}

/// All three steps in this process.
#[cfg(test)]
pub(super) fn read(
    rules: &Rules,
    task: Task,
    mut response: Option<Result<Response, FetchError>>,
    now: Timestamp,
) -> Visit {
    let answer = response.as_mut().and_then(|answer| answer.as_mut().ok());
    let found = document(rules, &task, answer).map(|(document, body)| Found {
        outcome: reader::read_caught(&document, &body),
        effort: Effort { bytes: body.len(), took: Duration::ZERO, fault: None },
    });
    conclude(rules, task, response, found, now)
}

fn read_task(
    rules: &Rules,
    task: &Task,
    response: Option<&Result<Response, FetchError>>,
    found: Option<Result<reader::Reading, Fault>>,
    now: Timestamp,
) -> Reading {
    let wanted = task.request.as_ref().map(|request| request.wanted);
    if let (Some(Ok(response)), Some(wanted)) = (response, wanted)
        && let Some(onward) = response.onward(wanted)
    {
        return Reading::Elsewhere(Box::new(onward));
    }
    match &task.work {
        Work::Poll { zone, .. } | Work::Part { zone, .. } => read_listing(zone.as_ref(), found),
        Work::Robots { before, .. } => Reading::Robots(match response {
            Some(Ok(response)) => {
                Robots::from_answer(response.status, &response.body, before.as_ref(), now)
            }
            // A circle of redirects leads to no file (RFC 9309 §2.3.1.2).
            Some(Err(FetchError::TooManyRedirects(_) | FetchError::RedirectLoop(_))) => {
                Robots::unavailable(now)
            }
            // Waiting would help nothing: the request for the page itself says what is wrong.
            Some(Err(FetchError::Denied(_))) => Robots::denied(now),
            Some(Err(error)) if error.is_silence() => Robots::unanswered(before.as_ref(), now),
            _ => Robots::unreachable(before.as_ref(), now),
        }),
        Work::Page(work) => Reading::Page(read_page(rules, work, response, found, now)),
    }
}

fn read_listing(zone: Option<&TimeZone>, found: Option<Result<reader::Reading, Fault>>) -> Reading {
    match found {
        Some(Ok(reader::Reading::Listing(Ok(mut listing), body_hash))) => {
            listing.set_zone(zone);
            Reading::Listing { listing: Box::new(listing), body_hash }
        }
        Some(Ok(reader::Reading::Listing(Err(error), _))) => {
            Reading::Unreadable(text::clean_line(&error.to_string()))
        }
        Some(Err(fault)) => Reading::Unreadable(text::clean_line(&fault.to_string())),
        Some(Ok(_)) | None => Reading::Nothing,
    }
}

fn read_page(
    rules: &Rules,
    work: &PageWork,
    response: Option<&Result<Response, FetchError>>,
    found: Option<Result<reader::Reading, Fault>>,
    now: Timestamp,
) -> PageReading {
    let response = match response {
        None => {
            return from_feed(
                rules,
                work,
                work.unasked.map_or("nothing was asked", Unasked::words),
                now,
            );
        }
        Some(Err(error)) => {
            let trouble = match error {
                FetchError::Dns(_) | FetchError::Connect(_) => Some(Trouble::Unreachable),
                FetchError::Timeout(_) => Some(Trouble::NoAnswer),
                error => error.retry().then_some(Trouble::Failed),
            };
            return give_up_or_retry(rules, work, &error.to_string(), trouble, now);
        }
        Some(Ok(response)) => response,
    };
    match found {
        Some(Ok(reader::Reading::Page(Ok(article)))) => {
            return match continued::follow(work, response, article) {
                Ok(article) => PageReading::Ready(Box::new(judge(rules, work, article, None, now))),
                Err(continues) => continues,
            };
        }
        Some(Ok(reader::Reading::Page(Err(error)))) => {
            return from_feed(rules, work, &error.to_string(), now);
        }
        // A page that breaks its reader is not given to another: it would break that one too.
        Some(Err(fault)) => {
            let trouble = fault.retry().then_some(Trouble::Failed);
            return give_up_or_retry(rules, work, &fault.to_string(), trouble, now);
        }
        Some(Ok(_)) | None => {}
    }
    let trouble = match response.status {
        429 | 408 | 425 | 500..600 => Some(Trouble::Failed),
        // What continues an article is not new: it stays away.
        status if is_refusal(status) && work.begun.is_none() => Some(Trouble::Refused),
        _ => None,
    };
    give_up_or_retry(rules, work, &status_words(response.status), trouble, now)
}

/// A status that is often no last word: of a cache that is behind its feed, of a filter for a while.
fn is_refusal(status: u16) -> bool {
    matches!(status, 403 | 404)
}

fn give_up_or_retry(
    rules: &Rules,
    work: &PageWork,
    error: &str,
    trouble: Option<Trouble>,
    now: Timestamp,
) -> PageReading {
    let name = work.pending.key.as_str();
    match trouble.and_then(|trouble| work.chances.after(trouble, name, now)) {
        Some(again) => PageReading::TryAgain { error: text::clean_line(error), again },
        None => from_feed(rules, work, error, now),
    }
}

/// The article as the feed alone gives it.
fn from_feed(rules: &Rules, work: &PageWork, error: &str, now: Timestamp) -> PageReading {
    let error = &text::clean_line(error);
    if let Some(begun) = &work.begun {
        let article = continued::unfinished(begun, error);
        return PageReading::Ready(Box::new(judge(rules, work, article, None, now)));
    }
    let entry = &work.pending.entry;
    let text = entry.content.as_ref().or(entry.summary.as_ref()).cloned().unwrap_or_default();
    if text.is_empty() && entry.title.is_none() {
        return PageReading::Hopeless { error: error.to_owned() };
    }
    let article = Article {
        title: entry.title.clone(),
        authors: Vec::new(),
        published: None,
        modified: None,
        language_declared: None,
        section: None,
        tags: Vec::new(),
        image_url: None,
        media: Vec::new(),
        images: Vec::new(),
        canonical_url: None,
        site_name: None,
        licence: None,
        next_page: None,
        text_status: if text.is_empty() { TextStatus::Failed } else { TextStatus::FeedOnly },
        extraction: Extraction {
            method: if text.is_empty() { "none" } else { "feed" }.to_owned(),
            confidence: if entry.content.is_some() { 0.7 } else { 0.3 },
            warnings: vec![format!("the page could not be read: {error}")],
            candidates: Vec::new(),
        },
        text,
        summary: None,
        summary_source: None,
        charset: "utf-8".to_owned(),
    };
    PageReading::Ready(Box::new(judge(rules, work, article, Some(error.to_owned()), now)))
}

/// Completes the page's article with what the feed says, tells its language and asks the topics.
fn judge(
    rules: &Rules,
    work: &PageWork,
    mut article: Article,
    page_error: Option<String>,
    now: Timestamp,
) -> Judged {
    complete(&mut article, &work.pending.entry, now);
    let declared = [
        article.language_declared.as_deref(),
        work.pending.entry.language.as_deref(),
        work.feed.language.as_deref(),
    ];
    let priors: Vec<&str> = declared.into_iter().flatten().collect();
    let title = article.title.as_deref().unwrap_or_default();
    // One page mixes languages and scripts: the body tells, and the title only where there is none.
    let sample = if article.text.is_empty() { title } else { &article.text };
    let language = text::language::detect(sample, &priors);
    let judgements = rules.topics.judge(&Text {
        title,
        summary: article.summary.as_deref().unwrap_or_default(),
        text: &article.text,
        language: Some(&language.language),
        url: Some(work.pending.url.as_str()),
        published: article.published.as_ref().map(|(dated, _)| dated.at),
    });
    let best = judgements.first().map(|judgement| judgement.outcome);
    let keep = rules.keep.takes(best);
    Judged { article, language, judgements, keep, page_error }
}

/// A publisher's clock and zone may be wrong by this; what is dated later has another date.
const AHEAD_MAX: SignedDuration = SignedDuration::from_hours(48);

fn complete(article: &mut Article, entry: &Entry, now: Timestamp) {
    let Article { published, modified, extraction, .. } = article;
    let mut believed = |dated: Option<(Dated, DateSource)>| {
        let (dated, source) = dated?;
        let is_ahead = dated.at.duration_since(now) > AHEAD_MAX;
        if is_ahead {
            let warning = format!("dated in the future, which is not believed: {}", dated.raw);
            extraction.warnings.push(warning);
        }
        (!is_ahead).then_some((dated, source))
    };
    let of_feed = |dated: &Option<Dated>| dated.clone().map(|dated| (dated, DateSource::Feed));
    *published = believed(published.take()).or_else(|| believed(of_feed(&entry.published)));
    *modified = believed(modified.take()).or_else(|| believed(of_feed(&entry.updated)));

    if article.title.is_none() {
        article.title.clone_from(&entry.title);
    }
    if article.authors.is_empty() {
        article.authors.clone_from(&entry.authors);
    }
    for tag in &entry.tags {
        if !article.tags.contains(tag) {
            article.tags.push(tag.clone());
        }
    }
    if article.image_url.is_none() {
        article.image_url.clone_from(&entry.image_url);
    }
    for medium in &entry.media {
        if !article.media.contains(medium) {
            article.media.push(medium.clone());
        }
    }
    if article.summary.is_none() && entry.summary.is_some() {
        article.summary.clone_from(&entry.summary);
        article.summary_source = Some("feed".to_owned());
    }
}

/// A status in words, as logs and tables show it.
pub fn status_words(status: u16) -> String {
    let meaning = match status {
        401 => "the server wants a password",
        402 | 403 => "the server refuses us",
        404 => "not found",
        410 => "gone",
        408 | 504 => "the server took too long",
        429 => "too many requests",
        451 => "withheld for legal reasons",
        500 => "the server failed",
        502 => "the server's back end failed",
        503 => "the server is not available",
        304 => "not modified",
        300..=399 => "a redirect without a target",
        _ => "an unexpected answer",
    };
    format!("HTTP {status}: {meaning}")
}
