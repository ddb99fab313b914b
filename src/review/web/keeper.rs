//! The one owner of the desk while pages are served: a thread that answers, and between two answers
//! takes in what is new.

use std::{
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::Duration,
};

use tokio::sync::oneshot;

use crate::review::{Desk, Progress, ReviewError};

type Ask = Box<dyn FnOnce(&mut Desk) + Send>;

/// Whom the pages ask.
#[derive(Clone)]
pub struct Keeper {
    asks: mpsc::Sender<Ask>,
}

/// The thread ended.
#[derive(Debug, thiserror::Error)]
#[error("the review has stopped")]
pub(super) struct Stopped;

/// Records taken in between two looks at what is asked.
const STEP: usize = 100;
/// Between two looks at the archive.
const REST: Duration = Duration::from_secs(1);

impl Keeper {
    /// Starts the thread with a desk that is opened on it. It ends with the last keeper.
    pub async fn start(
        open: impl FnOnce() -> Result<Desk, ReviewError> + Send + 'static,
    ) -> Result<Self, ReviewError> {
        let (asks, asked) = mpsc::channel::<Ask>();
        let (opened, is_open) = oneshot::channel();
        let work = move || {
            let mut desk = match open() {
                Ok(desk) => desk,
                Err(error) => {
                    // Whoever started it waits for this word.
                    return drop(opened.send(Err(error)));
                }
            };
            drop(opened.send(Ok(())));
            keep(&mut desk, &asked);
        };
        let spawned = thread::Builder::new().name("review".to_owned()).spawn(work);
        spawned.map_err(ReviewError::Thread)?;
        is_open.await.unwrap_or(Err(ReviewError::Index))?;
        Ok(Self { asks })
    }

    /// Has the desk asked, in turn.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&mut Desk) -> T + Send + 'static,
    ) -> Result<T, Stopped> {
        let (answer, answered) = oneshot::channel();
        let ask: Ask = Box::new(move |desk| {
            // Whoever asked may have gone away.
            drop(answer.send(question(desk)));
        });
        self.asks.send(ask).map_err(|_| Stopped)?;
        answered.await.map_err(|_| Stopped)
    }
}

fn keep(desk: &mut Desk, asked: &mpsc::Receiver<Ask>) {
    let mut rest = Duration::ZERO;
    let mut has_failed = false;
    loop {
        match asked.recv_timeout(rest) {
            Ok(ask) => {
                ask(desk);
                // Others who wait go first.
                for ask in asked.try_iter() {
                    ask(desk);
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        rest = match desk.advance(STEP) {
            Ok(Progress::More) => Duration::ZERO,
            Ok(Progress::Current | Progress::Elsewhere) => {
                has_failed = false;
                REST
            }
            Err(error) => {
                if !error.is_missing() && !has_failed {
                    has_failed = true;
                    let error = anyhow::Error::from(error);
                    tracing::error!(
                        error = format_args!("{error:#}"),
                        "the review's index cannot follow the archive"
                    );
                }
                REST
            }
        };
    }
}
