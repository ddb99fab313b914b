//! The loop: clock, tasks, disk and signals around a crawl.
#![expect(clippy::disallowed_methods, reason = "shell: spawns the tasks and sleeps")]

pub(crate) mod reserve;
#[cfg(test)]
mod tests;
mod tidy;
mod work;
mod write;

use std::{
    cell::RefCell, collections::BTreeMap, panic::AssertUnwindSafe, sync::Arc, time::Duration,
};

use anyhow::Context;
use futures_util::FutureExt;
use jiff::{SignedDuration, Timestamp};
use tokio::{
    sync::{mpsc, oneshot},
    task::{self, JoinSet},
    time,
};

use crate::{
    archive::{Archive, ArchiveError, Compression, KeptRules, Retention},
    canonical_url::Host,
    crawl::{self, Crawl, Do, Effort, Event, Found, RebuildError, Visit},
    fetch::{Fetch, FetchError, Response},
    jsonl,
    reader::{Deaths, Fault, Read},
    state::{RejectLog, StateError, StateLock},
};

use tidy::{Tidying, tidy};
pub use work::{Fetched, Work, wanted};
use write::{Unwritten, write};

/// How the loop runs.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// Requests in flight at once, over all hosts.
    pub concurrency: usize,
    /// How long a stop waits for what is in flight.
    pub grace: Duration,
    /// How segments are compressed once they are closed, if they are.
    pub compression: Option<Compression>,
    /// What leaves the archive.
    pub retention: Retention,
    /// The loop turns at least so often, to show that it lives.
    pub longest_sleep: Duration,
    /// Ends when nothing is in flight and nothing is due within this time; for ever where `None`.
    pub until_idle_for: Option<SignedDuration>,
}

/// What the outside wants of the loop.
#[derive(Debug)]
pub enum Command {
    Stop,
    /// A stop that the user asked for at the terminal.
    Interrupt,
    Reload(Box<crawl::Reloaded>),
    /// Something that somebody waits to hear about.
    Order(Order, oneshot::Sender<Result<String, String>>),
}

/// What an operator asks of a running daemon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// Polls this feed as soon as its host may be asked.
    Poll(String),
    /// Asks nothing of this host until it is resumed, over restarts too.
    Pause(Host),
    Resume(Host),
    /// Leaves this host to who asks, for so long at the most.
    Lend(Host, SignedDuration),
    /// Tells what keeps it from its work: of a full disk no note can be left on that disk.
    Trouble,
}

/// What the loop tells of its work.
#[derive(Debug)]
pub enum Notice<'a> {
    Event(&'a Event),
    /// A turn of the loop.
    Turn(Turn),
    /// A task came back, and is about to be written.
    Landed(&'a Visit),
    /// Records are on disk: how many, the number of the last, and how long append and sync took.
    Appended {
        records: usize,
        seq: u32,
        took: Duration,
    },
    /// The disk is full: nothing is fetched until there is room.
    DiskFull(&'a anyhow::Error),
    DiskBack,
    /// A stop was asked for; this many requests are still in flight.
    Stopping(usize),
}

/// What is in flight, what waits, and when something is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Turn {
    pub in_flight: usize,
    /// How long the oldest task has been in flight.
    pub oldest: Duration,
    pub waiting_pages: usize,
    pub due: Option<Timestamp>,
    /// How long something that is due has had to wait for others.
    pub overdue: SignedDuration,
    /// Workers that have died in this run.
    pub reader_deaths: Deaths,
}

/// How the loop ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Idle,
    Stopped,
    Interrupted,
}

/// A wall clock can jump: no reading of it is slept on for longer.
pub const LONGEST_SLEEP: Duration = Duration::from_mins(1);
/// How often the figures in the state are renewed, at the most.
const NOTE_WORK: Duration = Duration::from_secs(10);
/// A request that takes longer makes room for another, so that slow hosts hold up no others …
const SLOW: Duration = Duration::from_secs(5);
/// … until there are this many times as many as are wanted.
const MOST_SLOW: usize = 4;
/// How often a full disk is tried again.
const FULL_RETRY: Duration = Duration::from_secs(15);

/// Notes in the state that tell others how the loop fares: when it last turned …
pub const SIGN_OF_LIFE: &str = "sign-of-life";
/// … what keeps it from its work, in words …
pub const TROUBLE: &str = "trouble";
/// … and the [`Work`] of the run.
pub const WORK: &str = "work";

/// What the loop writes to.
#[derive(Debug)]
pub struct Stores {
    pub archive: Archive,
    pub rejects: RejectLog,
    /// Kept before the first record that is judged by them.
    pub rules: Option<KeptRules>,
    /// The state folder is ours as long as we may write to it.
    pub lock: StateLock,
}

/// Runs a crawl until it is stopped, or idle where the plan says so.
///
/// # Errors
///
/// A disk that cannot be written to, a full one apart. Nothing that the network does.
#[expect(
    clippy::too_many_lines,
    clippy::too_many_arguments,
    reason = "one loop, one select: its turns and its seams read best in one place"
)]
pub async fn run(
    crawl: &mut Crawl,
    stores: &mut Stores,
    fetch: impl Fetch,
    reader: impl Read,
    plan: Plan,
    mut commands: mpsc::Receiver<Command>,
    now: impl Fn() -> Timestamp + Clone + Send + 'static,
    mut notice: impl FnMut(Notice<'_>),
) -> anyhow::Result<End> {
    let mut tasks: JoinSet<Visit> = JoinSet::new();
    let mut started: BTreeMap<task::Id, time::Instant> = BTreeMap::new();
    let mut unwritten = Unwritten::default();
    // In words, why there is no room.
    let mut full: Option<String> = None;
    let mut tidying = Tidying::default();
    let mut stop_by: Option<time::Instant> = None;
    let mut stopped = End::Stopped;
    let mut listening = true;
    let mut shown_alive = Timestamp::MIN;
    let mut expired_on = None;
    let (work, mut work_noted_at) = (RefCell::new(Work::since(now())), None);
    let mut notice = |told: Notice<'_>| {
        work.borrow_mut().count(&told);
        notice(told);
    };
    note(crawl, TROUBLE, &None::<String>);
    // What waits was placed by the clock of the last run.
    if let Some(alive) = crawl.state().note(SIGN_OF_LIFE)? {
        crawl.was_asked_at(alive);
    }
    loop {
        match write(crawl, stores, &mut unwritten, now(), &mut notice) {
            Ok(()) => {
                if full.take().is_some() {
                    note(crawl, TROUBLE, &None::<String>);
                    notice(Notice::DiskBack);
                }
            }
            // Whoever started a single pass is told, and starts another.
            Err(error) if is_full(&error) && plan.until_idle_for.is_some() => return Err(error),
            Err(error) if is_full(&error) => {
                if full.is_none() {
                    full = Some(format!("{error:#}"));
                    note(crawl, TROUBLE, &full);
                    notice(Notice::DiskFull(&error));
                }
                if stop_by.is_some() {
                    return Err(error);
                }
            }
            Err(error) => return Err(error),
        }
        // Either way: a clock may be set back.
        if now().duration_since(shown_alive).abs() >= SignedDuration::from_mins(1) {
            shown_alive = now();
            let day = shown_alive.as_second().div_euclid(86_400);
            crawl.forget_idle_hosts(shown_alive);
            if expired_on != Some(day)
                && has_room(crawl.forget_old_texts(shown_alive))?
                && has_room(crawl.forget_old_hosts(shown_alive))?
            {
                expired_on = Some(day);
            }
            if stop_by.is_none() {
                has_room(tidy(crawl, &stores.archive, plan, shown_alive, &mut tidying))?;
            }
            note(crawl, SIGN_OF_LIFE, &shown_alive);
        }
        if work_noted_at.is_none_or(|at: time::Instant| at.elapsed() >= NOTE_WORK) {
            work_noted_at = Some(time::Instant::now());
            note(crawl, WORK, &*work.borrow());
        }
        let mut due = None;
        let mut slots = slots(&started, plan.concurrency);
        while stop_by.is_none() && full.is_none() && slots > 0 {
            match crawl.next(now())? {
                Do::Task(task) => {
                    let (fetch, reader, now) = (fetch.clone(), reader.clone(), now.clone());
                    let spawned = tasks.spawn(visit(crawl.rules(), *task, fetch, reader, now));
                    started.insert(spawned.id(), time::Instant::now());
                    slots -= 1;
                }
                Do::WaitUntil(at) => {
                    due = Some(at);
                    break;
                }
                Do::Wait => break,
            }
        }
        let waits_since = crawl.schedule().due_since().filter(|_| due.is_none());
        notice(Notice::Turn(Turn {
            in_flight: tasks.len(),
            oldest: started.values().min().map(time::Instant::elapsed).unwrap_or_default(),
            waiting_pages: crawl.schedule().waiting_pages(),
            due,
            overdue: waits_since.map_or(SignedDuration::ZERO, |since| now().duration_since(since)),
            reader_deaths: reader.deaths(),
        }));
        // Nobody else would do what was begun: a single pass may be all that there ever is.
        if tasks.is_empty() && tidying.packing.is_empty() && full.is_none() {
            if stop_by.is_some() {
                note(crawl, WORK, &*work.borrow());
                return Ok(stopped);
            }
            if let Some(patience) = plan.until_idle_for
                && due.is_none_or(|at| at.duration_since(now()) > patience)
            {
                note(crawl, WORK, &*work.borrow());
                return Ok(End::Idle);
            }
        }
        let sleep = match due {
            _ if full.is_some() => FULL_RETRY.min(plan.longest_sleep),
            Some(at) => Duration::try_from(at.duration_since(now()))
                .unwrap_or_default()
                .clamp(Duration::from_millis(1), plan.longest_sleep),
            None if slots == 0 => until_slots(&started, plan.concurrency).min(plan.longest_sleep),
            None => plan.longest_sleep,
        };
        tokio::select! {
            biased;
            command = commands.recv(), if listening => match command {
                // A second interrupt does not wait for what is in flight.
                Some(Command::Interrupt) if stop_by.is_some() => return Ok(End::Interrupted),
                Some(command @ (Command::Stop | Command::Interrupt)) => {
                    if matches!(command, Command::Interrupt) {
                        stopped = End::Interrupted;
                    }
                    notice(Notice::Stopping(tasks.len()));
                    unwritten.reload = None;
                    stop_by.get_or_insert_with(|| time::Instant::now() + plan.grace);
                }
                Some(Command::Reload(new)) => unwritten.reload = Some(new),
                Some(Command::Order(order, reply)) => {
                    let answer = match obey(crawl, order, full.as_deref(), now()) {
                        Err(error) if error.is_full() => {
                            Err(format!("nothing was changed: {:#}", anyhow::Error::from(error)))
                        }
                        answer => answer?,
                    };
                    // Whoever asked may not have waited.
                    drop(reply.send(answer));
                }
                None => listening = false,
            },
            Some(joined) = tasks.join_next_with_id(), if !tasks.is_empty() => {
                let mut next = Some(joined);
                while let Some(joined) = next {
                    let (id, visit) = joined.context("a task ended without a result")?;
                    started.remove(&id);
                    notice(Notice::Landed(&visit));
                    unwritten.visits.push(visit);
                    next = tasks.try_join_next_with_id();
                }
            }
            Some(ended) = tidying.packing.join_next(), if !tidying.packing.is_empty() => {
                tidying.end(ended)?;
            }
            () = time::sleep_until(stop_by.unwrap_or_else(time::Instant::now)), if stop_by.is_some() => {
                // What is in flight is asked for again after the next start.
                return Ok(stopped);
            }
            () = time::sleep(sleep) => {}
        }
    }
}

/// How many more requests there may be.
fn slots(started: &BTreeMap<task::Id, time::Instant>, wanted: usize) -> usize {
    let quick = started.values().filter(|at| at.elapsed() < SLOW).count();
    wanted.saturating_sub(quick).min((wanted * MOST_SLOW).saturating_sub(started.len()))
}

/// When there is room for another: when the next of them is slow.
fn until_slots(started: &BTreeMap<task::Id, time::Instant>, wanted: usize) -> Duration {
    // One may have become slow since it was last asked.
    if slots(started, wanted) > 0 {
        return Duration::from_millis(1);
    }
    let left = started.values().map(|at| SLOW.saturating_sub(at.elapsed()));
    left.filter(|left| !left.is_zero()).min().unwrap_or(LONGEST_SLEEP)
}

/// Leaves a note in the state. It is for people: where it cannot be left, the work goes on.
fn note<T: serde::Serialize>(crawl: &Crawl, name: &str, value: &T) {
    if let Err(error) = crawl.state().put_note(name, value) {
        tracing::debug!(%error, "a note could not be left in the state");
    }
}

/// Does what an operator asks, and says what came of it or why it cannot be done.
fn obey(
    crawl: &mut Crawl,
    order: Order,
    trouble: Option<&str>,
    now: Timestamp,
) -> Result<Result<String, String>, StateError> {
    Ok(match order {
        Order::Poll(id) => match crawl.poll_now(&id, now) {
            Some(_) if let Some(host) = crawl.paused_host(&id) => Ok(format!(
                "{id} waits: its host is paused; `newswatch resume {}` ends that",
                host.as_str()
            )),
            Some(at) if at > now => {
                Ok(format!("{id} is polled at {at}: its host rests until then"))
            }
            Some(_) => Ok(format!("{id} is polled now")),
            None => Err(format!("no enabled feed is called {id:?}")),
        },
        Order::Pause(host) => {
            crawl.pause(&host)?;
            let known = match crawl.like_unknown(&host)? {
                None => String::new(),
                Some(like) => unknown(&like),
            };
            Ok(format!("nothing is asked of {} until it is resumed{known}", host.as_str()))
        }
        Order::Resume(host) if crawl.resume(&host)? => {
            Ok(format!("{} is asked again", host.as_str()))
        }
        Order::Lend(host, time) => match crawl.lend(&host, time, now)? {
            Ok(()) => Ok(format!("{} may be asked", host.as_str())),
            Err(reason) => Err(format!("{} {reason}", host.as_str())),
        },
        Order::Resume(host) => Err(format!("{} was not paused", host.as_str())),
        Order::Trouble => Ok(trouble.unwrap_or_default().to_owned()),
    })
}

/// Says that a host is unknown: a slip of the pen would pause nothing, and nobody would know. It may
/// be the host of pages to come.
fn unknown(like: &[&Host]) -> String {
    let like: Vec<&str> = like.iter().take(3).map(|host| host.as_str()).collect();
    let meant = if like.is_empty() {
        String::new()
    } else {
        format!(": did you mean {}?", like.join(" or "))
    };
    format!("; no feed and no waiting page is there now{meant}")
}

async fn visit(
    rules: Arc<crawl::Rules>,
    task: crawl::Task,
    fetch: impl Fetch,
    reader: impl Read,
    now: impl Fn() -> Timestamp,
) -> Visit {
    let response = match &task.request {
        None => None,
        Some(request) => {
            let answer = AssertUnwindSafe(fetch.fetch(request.clone())).catch_unwind().await;
            Some(answer.unwrap_or_else(|_| {
                Err(FetchError::Protocol("the answer broke the client".to_owned()))
            }))
        }
    };
    read_answer(&rules, task, response, &reader, now).await
}

/// Has an answer read, and concludes what it says.
pub async fn read_answer(
    rules: &crawl::Rules,
    task: crawl::Task,
    mut response: Option<Result<Response, FetchError>>,
    reader: &impl Read,
    now: impl FnOnce() -> Timestamp,
) -> Visit {
    let answer = response.as_mut().and_then(|answer| answer.as_mut().ok());
    let found = match crawl::document(rules, &task, answer) {
        None => None,
        Some((document, body)) => {
            let (began, bytes) = (time::Instant::now(), body.len());
            let outcome = reader.read(document, body).await;
            let fault = outcome.as_ref().err().map(Fault::kind);
            Some(Found { outcome, effort: Effort { bytes, took: began.elapsed(), fault } })
        }
    };
    crawl::conclude(rules, task, response, found, now())
}

/// Whether it was done. Where there was no room for it, it is to be tried again later.
fn has_room(done: Result<(), impl Into<anyhow::Error>>) -> anyhow::Result<bool> {
    match done.map_err(Into::into) {
        Ok(()) => Ok(true),
        Err(error) if is_full(&error) => {
            tracing::warn!("{error:#}: tried again when there is room");
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

/// Whether there was no room on a disk, and nothing else is wrong.
pub fn is_full(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause.downcast_ref::<StateError>().is_some_and(StateError::is_full)
            || cause.downcast_ref::<ArchiveError>().is_some_and(ArchiveError::is_full)
            || cause.downcast_ref::<RebuildError>().is_some_and(RebuildError::is_full)
            || cause.downcast_ref::<std::io::Error>().is_some_and(jsonl::is_full)
    })
}

/// Whether the index is at fault, and one that is built anew in its place is not.
pub fn is_mended_by_building(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let of_state = match cause.downcast_ref::<RebuildError>() {
            Some(RebuildError::State(error)) => Some(error),
            _ => cause.downcast_ref::<StateError>(),
        };
        of_state.is_some_and(StateError::is_mended_by_building)
    })
}
