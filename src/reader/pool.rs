//! The workers: started when there is work, one job each at a time, replaced when they die.
#![expect(clippy::disallowed_methods, reason = "shell: starts processes")]

use std::{
    io,
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use rustix::pipe::fcntl_setpipe_size;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    process::{Child, ChildStdin, ChildStdout, Command},
    sync::{mpsc, oneshot},
    task::JoinSet,
    time,
};

use super::{
    Deaths, Document, Fault, Limits, Read, Reading, SourceKind,
    wire::{self, Answer},
};

/// A worker is replaced after so many jobs: what its memory has been cut up into goes with it.
const JOBS: u32 = 1000;
/// Bytes of the pipe to a worker: the most that Linux lets any user have.
const PIPE: usize = 1 << 20;
/// The kernel's numbers of the signals that say something of a document.
const SIGABRT: i32 = 6;
const SIGBUS: i32 = 7;
const SIGILL: i32 = 4;
const SIGSEGV: i32 = 11;
const SIGTRAP: i32 = 5;
const SIGXCPU: i32 = 24;

/// Reads in worker processes. Clones share them; they end with the last clone.
#[derive(Debug, Clone)]
pub struct Pool {
    asks: mpsc::Sender<Ask>,
    died: Died,
}

/// Shared by all that see workers end.
#[derive(Debug, Clone, Default)]
struct Died(Arc<[AtomicU64; 4]>);

impl Died {
    fn count(&self, end: End) {
        if let Some(deaths) = self.0.get(end as usize) {
            deaths.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn so_far(&self) -> Deaths {
        let [killed, broke, too_slow, lost] =
            self.0.each_ref().map(|deaths| deaths.load(Ordering::Relaxed));
        Deaths { killed, broke, too_slow, lost }
    }
}

/// In the order of the fields of [`Deaths`].
#[derive(Debug, Clone, Copy)]
enum End {
    Killed,
    Broke,
    TooSlow,
    Lost,
}

impl End {
    fn of(status: ExitStatus) -> Self {
        match status.signal() {
            Some(SIGXCPU) => Self::TooSlow,
            Some(SIGABRT | SIGSEGV | SIGBUS | SIGILL | SIGTRAP) => Self::Broke,
            Some(_) => Self::Killed,
            None => Self::Lost,
        }
    }
}

#[derive(Debug)]
struct Ask {
    document: Document,
    body: Vec<u8>,
    answer: oneshot::Sender<Result<Reading, Fault>>,
}

/// Why documents cannot be read in workers here.
#[derive(Debug, thiserror::Error)]
#[error("no worker process for reading can be started by {program}")]
pub struct StartError {
    program: String,
    source: io::Error,
}

impl Pool {
    /// Workers are this program itself, run as `program read`. One is started to see that it works.
    ///
    /// # Errors
    ///
    /// No process can be started, or it does not do the work of a worker.
    pub async fn start(program: &Path, limits: Limits) -> Result<Self, StartError> {
        let died = Died::default();
        let launcher =
            Launcher { program: Arc::new(program.to_owned()), limits, died: died.clone() };
        let failed =
            |source| StartError { program: launcher.program.display().to_string(), source };
        let first = launcher.start_and_greet().await.map_err(failed)?;
        let (asks, queue) = mpsc::channel(1);
        // Ends when the last sender is gone, which is with the last clone of the pool.
        tokio::spawn(dispatch(queue, launcher, first));
        Ok(Self { asks, died })
    }
}

impl Read for Pool {
    async fn read(&self, document: Document, body: Vec<u8>) -> Result<Reading, Fault> {
        let ended = || Fault::Interrupted("was stopped".to_owned());
        let (answer, answered) = oneshot::channel();
        self.asks.send(Ask { document, body, answer }).await.map_err(|_| ended())?;
        answered.await.map_err(|_| ended())?
    }

    fn deaths(&self) -> Deaths {
        self.died.so_far()
    }
}

/// Gives each job to a worker that has none.
async fn dispatch(mut asks: mpsc::Receiver<Ask>, launcher: Launcher, first: Worker) {
    let mut idle = vec![first];
    let mut busy: JoinSet<Option<Worker>> = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            Some(back) = busy.join_next(), if !busy.is_empty() => {
                idle.extend(back.ok().flatten());
            }
            ask = asks.recv(), if busy.len() < launcher.limits.workers => match ask {
                Some(ask) => {
                    busy.spawn(work(idle.pop(), launcher.clone(), ask));
                }
                None => return,
            },
        }
    }
}

/// Does one job, and gives back the worker if it is fit for another. A worker that was killed from
/// outside is no fault of the document: another one gets the job, and a third.
async fn work(worker: Option<Worker>, launcher: Launcher, ask: Ask) -> Option<Worker> {
    let Ask { document, body, answer } = ask;
    let mut worker = worker;
    for is_last in [false, false, true] {
        let mut hired = match worker.take().map_or_else(|| launcher.start(), Ok) {
            Ok(worker) => worker,
            Err(error) => {
                let words = format!("could not be started: {error}");
                // Whoever asked may be gone.
                drop(answer.send(Err(Fault::Interrupted(words))));
                return None;
            }
        };
        let patience = patience(launcher.limits.time);
        let result = match time::timeout(patience, hired.read(&document, &body)).await {
            Ok(Ok(answer)) => {
                hired.jobs += 1;
                worker = (hired.jobs < JOBS).then_some(hired);
                answer.map_err(|()| Fault::Broke("it panicked; please report the address".into()))
            }
            Ok(Err(error)) => {
                let status = hired.end().await;
                launcher.died.count(status.as_ref().map_or(End::Lost, |status| End::of(*status)));
                match status {
                    Ok(status) if !is_last && is_killed(status) => continue,
                    Ok(status) => Err(launcher.verdict(status)),
                    Err(_) => Err(Fault::Interrupted(format!("was lost: {error}"))),
                }
            }
            Err(_) => {
                launcher.died.count(End::TooSlow);
                Err(Fault::Interrupted(format!("did not end in {patience:?}")))
            }
        };
        drop(answer.send(result));
        return worker;
    }
    None
}

/// How long a worker is waited for. Its own clock counts computing time and is the shorter one, also
/// rounded up to seconds: what is slow by this one waits for a machine that has no time for it.
pub(super) fn patience(time: Duration) -> Duration {
    time + Duration::from_secs(2)
}

/// How a worker is started.
#[derive(Debug, Clone)]
struct Launcher {
    program: Arc<PathBuf>,
    limits: Limits,
    died: Died,
}

impl Launcher {
    fn start(&self) -> io::Result<Worker> {
        let mut child = Command::new(&*self.program)
            .arg("read")
            .arg(self.limits.memory.to_string())
            .arg(self.limits.time.as_millis().to_string())
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // The terminal's interrupt is for the daemon, which lets what is in flight land.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        let (Some(to), Some(from)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::Error::other("it has no pipes"));
        };
        // Most pages fit into this at once. Where the system allows no more, they go in parts.
        fcntl_setpipe_size(&to, PIPE).ok();
        Ok(Worker { child, to, from, jobs: 0 })
    }

    /// A worker that has shown that it works. One that is killed meanwhile has shown nothing.
    async fn start_and_greet(&self) -> io::Result<Worker> {
        for _ in 0..2 {
            let mut worker = self.start()?;
            match worker.greet(self.limits.time).await {
                Ok(()) => return Ok(worker),
                Err(_) if worker.end().await.is_ok_and(is_killed) => {}
                Err(error) => return Err(error),
            }
        }
        let mut worker = self.start()?;
        worker.greet(self.limits.time).await?;
        Ok(worker)
    }

    /// What the death of a worker says of its document.
    fn verdict(&self, status: ExitStatus) -> Fault {
        match status.signal() {
            Some(SIGXCPU) => Fault::TooSlow(self.limits.time),
            Some(SIGABRT) => Fault::Broke(format!(
                "it takes more than {} MiB of memory, or more stack than there is",
                self.limits.memory >> 20
            )),
            Some(SIGSEGV | SIGBUS | SIGILL | SIGTRAP) => {
                Fault::Broke("it takes more stack than there is".to_owned())
            }
            Some(signal) => Fault::Interrupted(format!("was killed by signal {signal}")),
            None => Fault::Interrupted(format!("ended with {status}")),
        }
    }
}

/// By a signal that nobody but another process sends.
fn is_killed(status: ExitStatus) -> bool {
    matches!(End::of(status), End::Killed)
}

#[derive(Debug)]
struct Worker {
    child: Child,
    to: ChildStdin,
    from: ChildStdout,
    jobs: u32,
}

impl Worker {
    async fn read(&mut self, document: &Document, body: &[u8]) -> io::Result<Answer> {
        let head = wire::job(document, body).map_err(io::Error::other)?;
        self.to.write_all(&head).await?;
        self.to.write_all(body).await?;
        self.to.flush().await?;
        let mut length = [0; 4];
        self.from.read_exact(&mut length).await?;
        let mut answer = vec![0; wire::bounded(length)?];
        self.from.read_exact(&mut answer).await?;
        wire::decode(&answer)
    }

    /// The first word: an empty page must be called empty.
    async fn greet(&mut self, time: Duration) -> io::Result<()> {
        let base = url::Url::parse("http://localhost/").map_err(io::Error::other)?;
        let document = Document::Listing {
            kind: SourceKind::default(),
            content_type: None,
            base,
            is_cut: false,
        };
        let answer = time::timeout(time, self.read(&document, b"")).await;
        match answer.map_err(io::Error::other)?? {
            Ok(Reading::Listing(Err(crate::source::SourceError::Empty), _)) => Ok(()),
            other => Err(io::Error::other(format!("it answers {other:?}"))),
        }
    }

    /// Waits for the end of a worker whose pipe broke.
    async fn end(mut self) -> io::Result<ExitStatus> {
        drop((self.to, self.from));
        if let Ok(status) = time::timeout(Duration::from_secs(1), self.child.wait()).await {
            return status;
        }
        self.child.kill().await?;
        Err(io::Error::other("it broke the protocol"))
    }
}
