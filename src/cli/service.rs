//! The daemon towards its service manager and its operator: signals, orders and changed files in,
//! notifications out.
#![expect(clippy::disallowed_methods, reason = "shell: listens for signals, looks at files")]

use std::{collections::BTreeMap, fs, path::PathBuf, time::Duration};

use anyhow::Context;
use jiff::{SignedDuration, Timestamp};
use sd_notify::NotifyState;
use tokio::{
    runtime::Runtime,
    signal::unix::{Signal, SignalKind, signal},
    sync::mpsc,
    task::JoinSet,
    time,
};

use super::{
    control::{Asked, Reply},
    format::coming,
};
use crate::{
    config::Paths,
    crawl::Reloaded,
    daemon::{Command, Notice, Turn},
};

/// A configuration that is to be taken, and what is different in it; or why the old one stays.
pub(super) type Reload = Result<(Reloaded, String), String>;

/// What comes from outside, apart from signals.
pub(super) struct Inputs<R> {
    /// Checks the configuration.
    pub(super) reload: R,
    /// Where changed files are looked for.
    pub(super) files: Files,
    pub(super) hangups: Signal,
    /// Orders of an operator. It may have no sender.
    pub(super) asked: mpsc::Receiver<Asked>,
}

/// How often the files of the configuration are looked at. A change is taken when it has stood for
/// as long: an editor or a package manager is done then.
const LOOK: Duration = Duration::from_secs(2);

/// A runtime for which hangups wait as orders to reload: they do not end the process any more.
pub(super) struct Listening {
    pub(super) runtime: Runtime,
    pub(super) hangups: Signal,
}

impl Listening {
    pub(super) fn start() -> anyhow::Result<Self> {
        let runtime = Runtime::new().context("cannot start the runtime")?;
        let hangups = runtime.block_on(async { signal(SignalKind::hangup()) })?;
        Ok(Self { runtime, hangups })
    }
}

/// Turns signals, orders and changed files into commands for the loop until the set is dropped.
pub(super) fn listen(
    commands: mpsc::Sender<Command>,
    inputs: Inputs<impl FnMut() -> Reload + Send + 'static>,
) -> anyhow::Result<JoinSet<()>> {
    let Inputs { mut reload, mut files, hangups: mut hup, mut asked } = inputs;
    let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let mut listener = JoinSet::new();
    listener.spawn(async move {
        let mut look = time::interval(LOOK);
        look.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
        loop {
            let command = tokio::select! {
                _ = term.recv() => Some(Command::Stop),
                _ = int.recv() => Some(Command::Interrupt),
                _ = hup.recv() => take(&mut reload, &mut files).0,
                _ = look.tick(), if files.is_watching() => {
                    if files.have_changed() { take(&mut reload, &mut files).0 } else { None }
                }
                Some((request, reply)) = asked.recv() => {
                    let (command, words) = match request.order() {
                        Ok(Some(order)) => {
                            if commands.send(Command::Order(order, reply)).await.is_err() {
                                return;
                            }
                            continue;
                        }
                        Ok(None) => take(&mut reload, &mut files),
                        Err(words) => (None, Err(words)),
                    };
                    // Whoever asked may not have waited.
                    drop(reply.send(words));
                    command
                }
            };
            if let Some(command) = command
                && commands.send(command).await.is_err()
            {
                return;
            }
        }
    });
    Ok(listener)
}

/// Checks the configuration: a command to take it where it is sound, and what to say.
fn take(reload: &mut impl FnMut() -> Reload, files: &mut Files) -> (Option<Command>, Reply) {
    // What changes from here on is another change; what is told now is not told again.
    files.note();
    match NotifyState::monotonic_usec_now() {
        Ok(at) => notify(&[NotifyState::Reloading, at]),
        Err(error) => tracing::debug!(%error, "no monotonic clock"),
    }
    let new = reload();
    notify(&[NotifyState::Ready]);
    match new {
        Ok((new, words)) => (Some(Command::Reload(Box::new(new))), Ok(words)),
        Err(words) => {
            tracing::error!("the changed configuration is faulty, the old one stays:\n{words}");
            (None, Err(format!("the old configuration stays:\n{words}")))
        }
    }
}

/// The configuration's files as they were when last looked at.
pub(super) struct Files {
    paths: Option<Paths>,
    taken: Prints,
    seen: Prints,
}

/// When each file was written, and its length.
type Prints = BTreeMap<PathBuf, (Option<std::time::SystemTime>, u64)>;

impl Files {
    /// Watches nothing without paths.
    pub(super) fn new(paths: Option<Paths>) -> Self {
        let taken = paths.as_ref().map(prints).unwrap_or_default();
        Self { paths, seen: taken.clone(), taken }
    }

    fn is_watching(&self) -> bool {
        self.paths.is_some()
    }

    /// They are not as they were taken, and have not changed since the last look.
    fn have_changed(&mut self) -> bool {
        let now = self.now();
        let stands = now == self.seen && now != self.taken;
        self.seen = now;
        stands
    }

    /// They are taken as they are.
    fn note(&mut self) {
        self.taken = self.now();
        self.seen.clone_from(&self.taken);
    }

    fn now(&self) -> Prints {
        self.paths.as_ref().map(prints).unwrap_or_default()
    }
}

/// The files that the configuration is read from, and those beside them.
fn prints(paths: &Paths) -> Prints {
    let mut prints = Prints::new();
    let mut note = |path: PathBuf| {
        if let Ok(file) = fs::metadata(&path) {
            prints.insert(path, (file.modified().ok(), file.len()));
        }
    };
    let folder = paths.config.as_ref();
    let folders = [folder.cloned(), paths.topics.clone(), paths.sites.clone()];
    for folder in folders.into_iter().flatten() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            if entry.path().extension().is_some_and(|kind| kind == "toml") {
                note(entry.path());
            }
        }
    }
    paths.settings.iter().cloned().for_each(note);
    prints
}

/// Tells the service manager; without one there is nobody to tell.
pub(super) fn notify(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(%error, "the service manager could not be told");
    }
}

/// How often the manager wants a sign of life, if it does: twice as often as it would give us up.
pub(super) fn ping_every() -> Duration {
    sd_notify::watchdog_enabled().map_or(Duration::MAX, |patience| patience / 2)
}

/// Tells of an index that is built anew: of an archive of years that takes longer than a service
/// manager waits for a start.
pub(super) struct Rebuilding {
    told_at: Timestamp,
}

/// How often that is told …
const TELL: SignedDuration = SignedDuration::from_secs(5);
/// … and how long, in microseconds, the manager may then wait for the next time.
const MORE: u32 = 120_000_000;

impl Rebuilding {
    pub(super) fn new(now: Timestamp) -> Self {
        Self { told_at: now }
    }

    /// So many records are taken in.
    pub(super) fn tell(&mut self, records: usize, now: Timestamp) {
        if now.duration_since(self.told_at).abs() < TELL {
            return;
        }
        self.told_at = now;
        tracing::info!(records, "the state index is being built from the archive");
        let status = format!("{records} records of the archive are indexed");
        notify(&[NotifyState::ExtendTimeoutUsec(MORE), NotifyState::Status(&status)]);
    }
}

/// Passes the loop's turns on as status and watchdog, once a second at the most, or as often as the
/// manager wants it.
///
/// A turn shows that the scheduler and the writer work: both are the loop's own. That the fetcher
/// works shows in how long its oldest task has been out: one that outlives all its time-outs hangs,
/// and then the watchdog is left to bite.
pub(super) struct Teller {
    longest: Duration,
    told_at: Timestamp,
    rest: SignedDuration,
}

impl Teller {
    /// `longest`: no task is out for longer unless something hangs.
    pub(super) fn new(longest: Duration) -> Self {
        let rest = ping_every().min(Duration::from_secs(2)) / 2;
        let rest = SignedDuration::try_from(rest).unwrap_or_default();
        Self { longest, told_at: Timestamp::MIN, rest }
    }

    pub(super) fn tell(&mut self, notice: &Notice<'_>, now: Timestamp) {
        match notice {
            Notice::Turn(turn) if now.duration_since(self.told_at).abs() >= self.rest => {
                self.told_at = now;
                let status = status(turn, now);
                let status = NotifyState::Status(&status);
                if turn.oldest <= self.longest {
                    notify(&[NotifyState::Watchdog, status]);
                } else {
                    notify(&[status]);
                }
            }
            Notice::Stopping(_) => notify(&[NotifyState::Stopping]),
            _ => {}
        }
    }
}

fn status(turn: &Turn, now: Timestamp) -> String {
    let Turn { in_flight, waiting_pages, due, .. } = turn;
    let next = due.map(|at| format!(", next {}", coming(at, now))).unwrap_or_default();
    format!("{in_flight} requests in flight, {waiting_pages} pages wait{next}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_hangup_has_told_of_a_file_is_not_told_again_for_the_change() {
        let folder = tempfile::tempdir().unwrap();
        let options = crate::config::LoadOptions {
            cwd: folder.path().to_owned(),
            ..crate::config::LoadOptions::default()
        };
        let write = |text: &str| {
            fs::create_dir_all(folder.path().join("config")).unwrap();
            fs::write(folder.path().join("config/newswatch.toml"), text).unwrap();
        };
        write("");
        let mut files = Files::new(Some(crate::config::load(&options).unwrap().paths));
        let looks = |files: &mut Files| [files.have_changed(), files.have_changed()];
        write("wrong");
        assert_eq!(looks(&mut files), [false, true], "once it has stood for as long as a look");
        assert!(take(&mut || Err("wrong".to_owned()), &mut files).0.is_none());
        assert_eq!(looks(&mut files), [false, false]);
        write("also wrong");
        assert!(take(&mut || Err("wrong".to_owned()), &mut files).0.is_none());
        assert_eq!(looks(&mut files), [false, false]);
        write("right");
        assert_eq!(looks(&mut files), [false, true]);
    }
}
