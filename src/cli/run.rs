//! `newswatch run` and `newswatch once`.
#![expect(clippy::disallowed_methods, reason = "shell: reads the clock, waits for room")]

use std::{path::Path, thread, time::Duration};

use anyhow::Context;
use jiff::{SignedDuration, Timestamp};
use sd_notify::NotifyState;
use serde_json::{Value, json};
use tokio::{
    net::TcpListener,
    sync::{mpsc, watch},
};

use super::{
    Exit, alerts, compose, control,
    format::{coming, is_styled_stderr, print_json, print_text, waiting},
    index::{Index, STATE, absent, cannot_open},
    logging,
    progress::{Progress, Tally},
    readers,
    reload::Effective,
    review,
    service::{self, Files, Inputs, Listening},
};
use crate::{
    alert,
    archive::{self, Archive, Checkpoint},
    config::{self, LoadOptions, Loaded},
    crawl::{self, Crawl, Event, Rebuilt},
    daemon::{self, End, Notice, Plan, Stores, reserve},
    fetch::HttpClient,
    jsonl::Folder,
    metrics::{self, Metrics},
    state::{RejectLog, State, StateLock, read_rejects},
};

/// A pass ends when nothing is due within this time: long enough for a short `Retry-After`.
const PATIENCE: SignedDuration = SignedDuration::from_secs(60);

/// How often a start without room is tried again.
const ROOM_RETRY: Duration = Duration::from_secs(5);

/// What is said where bytes were cut off the archive's end.
pub(super) const QUARANTINED: &str = "the archive ended in bytes that are not its next lines, as a \
    kill leaves them: they were moved to a file of their own";

/// Opens archive and state, and recovers what a crash left between the two.
pub(super) fn open(loaded: &Loaded, now: Timestamp) -> anyhow::Result<(Crawl, Stores)> {
    let (paths, settings) = (&loaded.paths, &loaded.config.settings);
    // Before anything is read: another archive's records must not come among those of this one.
    let lock = StateLock::take(&paths.state)
        .with_context(|| format!("cannot open the state folder {}", paths.state.display()))?;
    let index = Index::of(&paths.state)?;
    let (known, checkpoint) = match index.open() {
        Ok((state, checkpoint)) => (Ok(state), checkpoint),
        Err(error) if error.is_mended_by_building() => (Err(error.into()), None),
        Err(error) => return Err(error).with_context(|| index.cannot("open")),
    };
    let (archive, is_that_of_state) = open_archive(loaded, &index, known.is_ok(), checkpoint)?;
    let take_up = |state: State| -> anyhow::Result<Crawl> {
        catch_up(&state, &archive, &paths.state)?;
        // Durable before anything is appended: without a checkpoint it could not be told what of the
        // archive's end was acknowledged when the power fails.
        state.close().context("cannot sync the state index")?;
        let (rules, settings) =
            (compose::rules(&loaded.config)?, compose::settings(&loaded.config));
        Ok(Crawl::new(compose::feeds(&loaded.config), rules, settings, state, now)?)
    };
    let taken_up = known.and_then(|state| is_that_of_state.then(|| take_up(state)).transpose());
    let crawl = match taken_up {
        Ok(Some(crawl)) => crawl,
        Err(error) if !daemon::is_mended_by_building(&error) => return Err(error),
        unusable => {
            if let Err(error) = unusable {
                let error = format!("{error:#}");
                tracing::warn!(error, "the state index is built anew");
            } else {
                tracing::warn!(
                    archive = %paths.archive.display(),
                    "the archive is not the one that the state remembers: the index is built anew"
                );
            }
            let mut progress = service::Rebuilding::new(crate::clock::now());
            let records = |records| progress.tell(records, crate::clock::now());
            tell(index.build(&archive, |lost| tracing::warn!("{lost}"), records)?);
            let (state, _) = index.open().with_context(|| index.cannot("open"))?;
            take_up(state)?
        }
    };
    let rejects =
        RejectLog::open(&paths.state, settings.state.rejects_size, settings.state.rejects_files)
            .with_context(|| format!("cannot open rejects.jsonl in {}", paths.state.display()))?;
    let rules = Some(compose::kept_rules(&loaded.config)?);
    Ok((crawl, Stores { archive, rejects, rules, lock }))
}

/// Opens the archive from where the state remembers it, and says what was wrong with its end. Gives
/// with it whether it is the one that the index was made of.
fn open_archive(
    loaded: &Loaded,
    index: &Index,
    is_usable: bool,
    checkpoint: Option<Checkpoint>,
) -> anyhow::Result<(Archive, bool)> {
    let folder = Folder::at(&loaded.paths.archive);
    let settings = compose::archive(&loaded.config);
    // Of an index that is built anew nothing is believed but where the archive ended: what was
    // acknowledged stays, damaged or not, and its numbers are not used again.
    let open_anew = || -> anyhow::Result<_> {
        let acknowledged = index.acknowledged(loaded)?;
        Ok(Archive::open_to_read_all(folder.clone(), settings.clone(), acknowledged))
    };
    let (opened, is_that_of_state) = match checkpoint {
        Some(_) => match Archive::open(folder.clone(), settings.clone(), checkpoint) {
            // The archive is the truth.
            Err(archive::ArchiveError::Behind(_)) => (open_anew()?, false),
            opened => (opened, true),
        },
        None if is_usable => {
            (Archive::open_to_read_all(folder.clone(), settings.clone(), None), true)
        }
        None => (open_anew()?, false),
    };
    let (archive, recovery) = opened.map_err(|error| {
        let is_absent = matches!(error, archive::ArchiveError::Absent(_));
        let error = anyhow::Error::new(error);
        if is_absent { absent(error, loaded) } else { error.context(cannot_open(loaded)) }
    })?;
    if let Some(quarantine) = &recovery.quarantine {
        tracing::warn!(
            path = %quarantine.path,
            bytes = quarantine.bytes,
            "{QUARANTINED}"
        );
    }
    for damage in &recovery.damage {
        tracing::error!(%damage, "the archive is damaged; see `newswatch archive verify`");
    }
    if let Some(lost) = &recovery.lost {
        tracing::error!(
            next = archive.checkpoint().map_or(0, |tip| tip.seq) + 1,
            "{lost}; see `newswatch archive verify`, and, where an older backup was put back, \
             \"Keep it\" in the README"
        );
    }
    Ok((archive, is_that_of_state))
}

/// Takes into the state what the archive and the rejects know and it does not.
fn catch_up(state: &State, archive: &Archive, folder: &Path) -> anyhow::Result<()> {
    let mut progress = service::Rebuilding::new(crate::clock::now());
    let rebuilt = crawl::rebuild(
        state,
        archive,
        || read_rejects(folder),
        |records| progress.tell(records, crate::clock::now()),
    )?;
    tell(rebuilt);
    Ok(())
}

fn tell(rebuilt: Rebuilt) {
    if rebuilt.records > 0 {
        let records = rebuilt.records;
        tracing::info!(records, "took records of the archive into the state index");
    }
    if let Some(gaps) = rebuilt.gaps() {
        tracing::error!("{gaps}; see `newswatch archive verify`");
    }
}

/// [`open`] for the daemon: where there is no room it says so, and waits until there is some.
fn open_when_there_is_room(loaded: &Loaded) -> anyhow::Result<(Crawl, Stores)> {
    let mut is_told = false;
    loop {
        match open(loaded, crate::clock::now()) {
            Err(error)
                if daemon::is_full(&error)
                    && reserve::give_up(&loaded.paths.archive).unwrap_or(false) =>
            {
                tracing::warn!("{error:#}: the room that was set aside for this is given up");
            }
            Err(error) if daemon::is_full(&error) => {
                if !std::mem::replace(&mut is_told, true) {
                    tracing::error!("{error:#}: nothing is done until there is room");
                }
                // It is neither ready nor failed: what manages services is to wait as well.
                let patience = u32::try_from((ROOM_RETRY * 12).as_micros()).unwrap_or(u32::MAX);
                service::notify(&[
                    NotifyState::ExtendTimeoutUsec(patience),
                    NotifyState::Status("waits for room on the disk"),
                ]);
                thread::sleep(ROOM_RETRY);
            }
            opened => {
                if is_told && opened.is_ok() {
                    tracing::info!("there is room again");
                }
                return opened;
            }
        }
    }
}

/// The daemon.
pub(super) fn run(
    loaded: &Loaded,
    options: &LoadOptions,
    listening: Listening,
) -> anyhow::Result<Exit> {
    // Before what may take long: a change meanwhile is one, too.
    let files = Files::new(loaded.config.settings.service.watch.then(|| loaded.paths.clone()));
    logging::start(&loaded.config.settings.log)?;
    let (mut crawl, mut stores) = open_when_there_is_room(loaded)?;
    tracing::info!(
        feeds = crawl.schedule().feeds(),
        archive = %loaded.paths.archive.display(),
        state = %loaded.paths.state.display(),
        version = env!("CARGO_PKG_VERSION"),
        config_hash = config::hash(&loaded.config),
        "newswatch runs"
    );
    let client = HttpClient::new(compose::fetch(&loaded.config))?;
    let (tell, told_by) = watch::channel(compose::alerts(loaded));
    let (name, polled) = watch::channel(compose::polled(&loaded.config));
    let (loaded_now, options) = (loaded.clone(), options.clone());
    let started = loaded_now.clone();
    let mut effective =
        Effective { loaded: loaded_now, started, options, alerts: tell, polled: name };
    let reload = move || effective.reload();
    let settings = &loaded.config.settings;
    let Listening { runtime, hangups } = listening;
    let end = runtime.block_on(async {
        let (ask, asked) = mpsc::channel(4);
        let (send, commands) = mpsc::channel(4);
        let mut beside = service::listen(send, Inputs { reload, files, hangups, asked })?;
        let readers = readers::start(&loaded.config).await?;
        match control::bind(&loaded.paths.state) {
            Ok(listener) => drop(beside.spawn(control::serve(listener, ask))),
            // A path that is too long for a socket, or a file system without them.
            Err(error) => tracing::warn!("no orders are taken: {error:#}"),
        }
        let deliveries =
            alert::Deliveries { alerts: told_by.clone(), folder: alerts::folder(loaded) };
        let metrics = Metrics::new(loaded.paths.state.join(STATE), polled.clone(), deliveries);
        if let Some(address) = settings.metrics.listen {
            let listener = TcpListener::bind(address)
                .await
                .with_context(|| format!("cannot listen for metrics on {address}"))?;
            let served = metrics::serve(listener, metrics.clone());
            beside.spawn(async move { match served.await {} });
        }
        let (told, nudge) = alert::Teller::new(
            told_by,
            polled,
            alert::Sender::new(client.clone()),
            Folder::at(&loaded.paths.archive),
            loaded.paths.state.join(STATE),
            alerts::folder(loaded),
            crate::clock::now,
        );
        match told.prepare().context("the alerts cannot remember what they tell") {
            // They tell from here on all the same, and it is stored when there is room.
            Err(error) if daemon::is_full(&error) => tracing::warn!("{error:#}"),
            prepared => prepared?,
        }
        beside.spawn(told.run());
        service::notify(&[NotifyState::Ready]);
        let mut teller = service::Teller::new(settings.limits.total_timeout + HANGS);
        let plan = plan(settings, None);
        let now = crate::clock::now;
        let crawling =
            daemon::run(&mut crawl, &mut stores, client, readers, plan, commands, now, |notice| {
                teller.tell(&notice, now());
                metrics.count(&notice, now());
                nudged(&nudge, &notice);
                log(&notice);
            });
        let end = tokio::select! {
            end = crawling => end,
            never = review::beside(loaded) => match never {},
        };
        // A program that an alert runs ends with the daemon.
        beside.shutdown().await;
        end
    });
    // A DNS look-up that is still going on must not hold up the end.
    runtime.shutdown_background();
    let end = end.and_then(|end| close(&crawl).map(|()| end));
    let end = end.inspect_err(|error| mark(loaded, crawl, error))?;
    Ok(match end {
        End::Interrupted => Exit::Interrupted,
        End::Idle | End::Stopped => Exit::Success,
    })
}

/// Has the alerts looked at where there may be something to tell.
fn nudged(nudge: &alert::Nudge, notice: &Notice<'_>) {
    match notice {
        Notice::Appended { .. } | Notice::Event(Event::FeedFailed { .. }) => nudge.look(),
        Notice::DiskFull(error) => nudge.disk(Some(format!("{error:#}"))),
        Notice::DiskBack => nudge.disk(None),
        _ => {}
    }
}

/// A task that is out for this much longer than its exchange may take hangs: it waits for a reader
/// that never comes, or for a name server that the system never gives up.
const HANGS: Duration = Duration::from_mins(2);

/// One pass over the feeds that are due, or over one feed.
pub(super) fn once(loaded: &Loaded, feed: Option<&str>, json: bool) -> anyhow::Result<Exit> {
    logging::start(&loaded.config.settings.log)?;
    if let Some(id) = feed
        && !loaded.config.feeds.iter().any(|feed| feed.id == id && feed.enabled)
    {
        anyhow::bail!("no enabled feed is called {id:?}; `newswatch feeds list` shows them");
    }
    let (mut crawl, mut stores) = open(loaded, crate::clock::now())?;
    let teller = alerts::ready(loaded)?;
    let pass = match pass(loaded, &mut crawl, &mut stores, feed) {
        Ok(pass) => pass,
        Err(error) => {
            mark(loaded, crawl, &error);
            return Err(error);
        }
    };
    let now = crate::clock::now();
    let next = crawl.schedule().next_poll();
    if json {
        print_json(&pass.summary(&crawl))?;
    } else {
        if pass.due > 0 {
            print_text(&format!("{}\n", pass.tally.table()))?;
        }
        print_text(&after_pass(&crawl, pass.due, next, now))?;
    }
    if let Some(teller) = teller.filter(|_| pass.exit() != Exit::Interrupted) {
        alerts::tell(teller)?;
    }
    Ok(pass.exit())
}

fn after_pass(crawl: &Crawl, due: usize, next: Option<Timestamp>, now: Timestamp) -> String {
    let mut text = String::new();
    if due == 0 {
        text.push_str("no feed is due; ");
    }
    match next {
        Some(at) => text.push_str(&format!("the next poll is due {}\n", coming(at, now))),
        None => text.push_str("no feed waits to be polled\n"),
    }
    text.push_str(&still_waiting(crawl.schedule().waiting_pages()));
    text
}

/// A line of its own; empty where no page waits.
pub(super) fn still_waiting(pages: usize) -> String {
    if pages == 0 {
        return String::new();
    }
    format!("{} to be read later\n", waiting(pages as u64))
}

/// What one pass did.
pub(super) struct Pass {
    pub(super) tally: Tally,
    /// Feeds that were due.
    pub(super) due: usize,
    end: End,
}

impl Pass {
    /// It as data, with what comes next.
    pub(super) fn summary(&self, crawl: &Crawl) -> Value {
        json!({
            "feeds": self.tally.rows(),
            "next_at": crawl.schedule().next_poll(),
            "waiting_pages": crawl.schedule().waiting_pages(),
        })
    }

    pub(super) fn exit(&self) -> Exit {
        match self.end {
            End::Interrupted | End::Stopped => Exit::Interrupted,
            End::Idle if self.tally.has_failures() => Exit::Partial,
            End::Idle => Exit::Success,
        }
    }
}

/// Polls what is due once, reads what waits, and closes the stores.
pub(super) fn pass(
    loaded: &Loaded,
    crawl: &mut Crawl,
    stores: &mut Stores,
    feed: Option<&str>,
) -> anyhow::Result<Pass> {
    let due = crawl.only_once(feed, crate::clock::now())?;
    let client = HttpClient::new(compose::fetch(&loaded.config))?;
    let mut progress = Progress::start(due, is_styled_stderr());
    let mut tally = Tally::default();
    let Listening { runtime, hangups } = Listening::start()?;
    let end = runtime.block_on(async {
        let readers = readers::start(&loaded.config).await?;
        let (send, commands) = mpsc::channel(4);
        let (_, asked) = mpsc::channel(1);
        let reload = || Err("a single pass takes no other configuration".to_owned());
        let files = Files::new(None);
        let _beside = service::listen(send, Inputs { reload, files, hangups, asked })?;
        let plan = plan(&loaded.config.settings, Some(PATIENCE));
        let now = crate::clock::now;
        daemon::run(crawl, stores, client, readers, plan, commands, now, |notice| {
            progress.show(&notice);
            if let Notice::Event(event) = &notice {
                tally.add(event);
            }
            log(&notice);
        })
        .await
    });
    runtime.shutdown_background();
    progress.finish();
    let closed = close(crawl);
    let end = end?;
    closed?;
    Ok(Pass { tally, due, end })
}

fn plan(settings: &config::Settings, until_idle_for: Option<SignedDuration>) -> Plan {
    Plan {
        concurrency: settings.limits.concurrency as usize,
        grace: settings.service.grace,
        compression: compose::compression(settings),
        retention: compose::retention(settings),
        longest_sleep: daemon::LONGEST_SLEEP.min(service::ping_every()),
        until_idle_for,
    }
}

fn close(crawl: &Crawl) -> anyhow::Result<()> {
    crawl.state().close().context("cannot close the state index")
}

/// Has the next start build the index anew that ended this one: a start looks through a part of it.
fn mark(loaded: &Loaded, crawl: Crawl, error: &anyhow::Error) {
    drop(crawl);
    if daemon::is_mended_by_building(error) {
        Index::mark_damaged(loaded);
    }
}

/// Each event once, where it is handled.
fn log(notice: &Notice<'_>) {
    let event = match notice {
        Notice::Turn(_) | Notice::Landed(_) | Notice::Appended { .. } => return,
        Notice::DiskFull(error) => {
            tracing::error!("{error:#}: nothing is fetched until there is room");
            return;
        }
        Notice::DiskBack => {
            tracing::info!("there is room again: what waited is written");
            return;
        }
        Notice::Stopping(in_flight) => {
            tracing::info!(in_flight, "stopping once what is in flight has landed");
            return;
        }
        Notice::Event(event) => event,
    };
    match event {
        Event::Polled { feed, status, entries, new, changed } => {
            tracing::info!(feed.id = %feed, status, entries, new, changed, "polled");
        }
        Event::Flawed { feed, flaws } => {
            tracing::warn!(feed.id = %feed, flaws = %flaws.join("; "), "the feed is faulty and was read all the same");
        }
        Event::FeedFailed { feed, error, failures, .. } => {
            tracing::warn!(feed.id = %feed, failures, "the feed could not be read: {error}");
        }
        Event::FeedMoved { feed, to } => {
            tracing::warn!(feed.id = %feed, to = %to, "the feed has moved for good; please write its new address into feeds.toml");
        }
        Event::FeedTwice { feed, other, at } => {
            tracing::warn!(feed.id = %feed, other = %other, address = %at, "the feed leads to the address of another one: one of the two is enough");
        }
        Event::FeedMovedBack { feed } => {
            tracing::warn!(feed.id = %feed, "the feed answers at its configured address again, and is asked there");
        }
        Event::Kept { feed, id, title, score, revision } => {
            tracing::info!(feed.id = %feed, record = %id, score = format_args!("{score:.1}"), revision, "kept: {title:?}");
        }
        Event::Copy { feed, id, of, title } => {
            tracing::info!(feed.id = %feed, record = %id, of = %of, "kept as a copy: {title:?}");
        }
        Event::Same { feed, id, url } => {
            tracing::debug!(feed.id = %feed, record = %id, url = %url, "the same text as before");
        }
        Event::Rejected { feed, title, reason } => {
            tracing::debug!(feed.id = %feed, "not kept: {title:?}: {reason}");
        }
        Event::PageFailed { feed, url, error } => {
            tracing::info!(feed.id = %feed, url = %url, "the page could not be read: {error}");
        }
        Event::PagePostponed { feed, url, error, until } => {
            tracing::info!(feed.id = %feed, url = %url, until = %until, "the page is tried again later: {error}");
        }
        Event::FeedStale { feed, last_new_at } => {
            tracing::warn!(feed.id = %feed, last_new_at = %last_new_at, "the feed answers but has had no new entry for far longer than usual");
        }
        Event::HostLate { host, feed, late } => {
            tracing::warn!(host = host.as_str(), feed.id = %feed, late_s = late.as_secs(), "the host cannot be asked as often as its feeds' intervals say: its polls are late");
        }
        Event::RobotsUnreachable { host, error } => {
            tracing::warn!(
                host = host.as_str(),
                "the host's pages wait, its robots.txt cannot be reached: {error}"
            );
        }
        Event::HostHeld { host, until } => {
            tracing::warn!(host = host.as_str(), until = %until, "the host asks to be left alone");
        }
    }
}
