//! Readers in processes of their own: what breaks one is the outcome of one document.

use std::{
    fs,
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use newswatch::{
    reader::{Deaths, Document, Fault, Limits, PageDocument, Pool, Read as _, Reading},
    source::SourceKind,
};
use rustix::process::{Pid, Signal, kill_process};
use url::Url;

use crate::support::bombs::{self, Bomb};

const PROGRAM: &str = env!("CARGO_BIN_EXE_newswatch");

fn document(is_page: bool) -> Document {
    let url = Url::parse("https://news.example/2022/01/16/csto").unwrap();
    if !is_page {
        return Document::Listing {
            kind: SourceKind::Feed,
            content_type: None,
            base: url,
            is_cut: false,
        };
    }
    let fetched_at = "2022-01-16T12:00:00Z".parse().unwrap();
    Document::Page(Box::new(PageDocument::unannounced(url, fetched_at)))
}

const GOOD: &str = "<html><title>Mission ends</title><article><h1>Mission ends</h1><p>The mission \
    of the peacekeepers came to its end on Sunday, the ministry of defence said in a statement.";

/// A pool whose workers are told from those of other tests by their memory.
async fn pool(limits: Limits) -> (Pool, Limits) {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let memory = limits.memory + (NEXT.fetch_add(1, Ordering::Relaxed) << 12);
    let limits = Limits { memory, ..limits };
    (Pool::start(Path::new(PROGRAM), limits).await.unwrap(), limits)
}

async fn reads_well(pool: &Pool) {
    match pool.read(document(true), GOOD.as_bytes().to_vec()).await {
        Ok(Reading::Page(Ok(article))) => assert_eq!(article.title.unwrap(), "Mission ends"),
        other => panic!("{other:?}"),
    }
}

/// The living workers of a pool.
fn workers(limits: &Limits) -> Vec<Pid> {
    let memory = limits.memory.to_string();
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let Ok(pid) = entry.file_name().to_string_lossy().parse() else { continue };
        let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let words: Vec<&[u8]> = line.split(|byte| *byte == 0).collect();
        if words.get(1..3) == Some(&[b"read".as_slice(), memory.as_bytes()]) {
            found.extend(Pid::from_raw(pid));
        }
    }
    found
}

/// Peak of a worker's memory in use, in KiB.
fn peak(worker: Pid) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", worker.as_raw_nonzero())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmPeak")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// The bombs that fill the memory of their reader. All others are read, or refused in words.
const BREAKS: [&str; 1] = ["formatting that is opened again"];

#[tokio::test(flavor = "multi_thread")]
async fn no_bomb_costs_more_than_its_own_document() {
    let (pool, limits) =
        pool(Limits { workers: 1, time: Duration::from_mins(1), ..Limits::default() }).await;
    let mut highest = 0;
    for Bomb { name, is_page, bytes } in bombs::all() {
        let (began, size) = (Instant::now(), bytes.len() / 1024);
        let reading = pool.read(document(is_page), bytes).await;
        match (&reading, workers(&limits).first()) {
            (_, Some(worker)) => {
                highest = peak(*worker) / 1024;
                assert!(highest > 0 && highest <= limits.memory >> 20, "{name}: {highest} MiB");
            }
            // It broke its worker, and would break others.
            (Err(fault), None) => assert!(!fault.retry(), "{name}: {fault}"),
            (Ok(_), None) => panic!("{name}: read by nobody"),
        }
        assert!(reading.is_ok() || BREAKS.contains(&name), "{name} breaks a reader: {reading:?}");
        let outcome = match reading {
            Ok(Reading::Page(Ok(article))) => format!("{} bytes of text", article.text.len()),
            Ok(Reading::Page(Err(error))) => error.to_string(),
            Ok(Reading::Listing(Ok(listing), _)) => format!("{} entries", listing.entries.len()),
            Ok(Reading::Listing(Err(error), _)) => error.to_string(),
            Ok(other) => panic!("{other:?}"),
            Err(fault) => fault.to_string(),
        };
        let took = began.elapsed().as_secs_f32();
        println!("{name}: {size} KiB, {took:.2} s, {highest} MiB at the most so far: {outcome}");
        reads_well(&pool).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_fills_the_memory_fails_and_the_next_is_read() {
    let (pool, _) = pool(Limits { workers: 1, memory: 96 << 20, ..Limits::default() }).await;
    let page = "<p>a".repeat(1_000_000).into_bytes();
    match pool.read(document(true), page).await {
        Err(fault @ Fault::Broke(_)) => {
            assert!(fault.to_string().contains("MiB of memory"), "{fault}");
            assert!(!fault.retry());
        }
        other => panic!("{other:?}"),
    }
    reads_well(&pool).await;
}

/// Sends a document to a stopped worker, and the worker a signal.
async fn struck(signal: Signal) -> (Result<Reading, Fault>, Pool) {
    let (pool, limits) = pool(Limits { workers: 1, ..Limits::default() }).await;
    let [worker] = workers(&limits)[..] else { panic!("one worker") };
    kill_process(worker, Signal::STOP).unwrap();
    let reading = tokio::spawn({
        let pool = pool.clone();
        async move { pool.read(document(true), GOOD.as_bytes().to_vec()).await }
    });
    tokio::time::sleep(Duration::from_millis(50)).await;
    kill_process(worker, signal).unwrap();
    kill_process(worker, Signal::CONT).unwrap();
    (reading.await.unwrap(), pool)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_kills_a_worker_by_its_own_fault_is_not_tried_again() {
    for (signal, words) in [
        (Signal::XCPU, "takes more than 5s of computing time"),
        (Signal::ILL, "more stack than there is"),
        (Signal::ABORT, "MiB of memory"),
    ] {
        let (result, pool) = struck(signal).await;
        let fault = result.unwrap_err();
        assert!(fault.to_string().contains(words), "{fault}");
        assert!(!fault.retry(), "{fault}");
        reads_well(&pool).await;
        let Deaths { killed, broke, too_slow, lost } = pool.deaths();
        assert_eq!((killed, broke + too_slow, lost), (0, 1, 0), "{signal:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_whose_worker_is_killed_is_read_by_another() {
    let (result, pool) = struck(Signal::KILL).await;
    assert!(matches!(result, Ok(Reading::Page(Ok(_)))), "{result:?}");
    reads_well(&pool).await;
    assert_eq!(pool.deaths(), Deaths { killed: 1, ..Deaths::default() });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_does_not_answer_is_given_up_and_its_document_tried_later() {
    let (pool, limits) =
        pool(Limits { workers: 1, time: Duration::from_secs(1), ..Limits::default() }).await;
    let [worker] = workers(&limits)[..] else { panic!("one worker") };
    kill_process(worker, Signal::STOP).unwrap();
    let fault = pool.read(document(true), GOOD.as_bytes().to_vec()).await.unwrap_err();
    assert!(fault.retry() && fault.to_string().contains("did not end in 3s"), "{fault}");
    reads_well(&pool).await;
    assert!(!workers(&limits).contains(&worker));
    assert_eq!(pool.deaths(), Deaths { too_slow: 1, ..Deaths::default() });
}

#[tokio::test(flavor = "multi_thread")]
async fn all_idle_workers_may_be_killed_at_once() {
    let (pool, limits) = pool(Limits { workers: 2, ..Limits::default() }).await;
    for _ in 0..5 {
        tokio::join!(reads_well(&pool), reads_well(&pool), reads_well(&pool));
        for worker in workers(&limits) {
            kill_process(worker, Signal::KILL).unwrap();
        }
    }
    reads_well(&pool).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_end_with_their_pool() {
    let (pool, limits) = pool(Limits::default()).await;
    reads_well(&pool).await;
    assert_eq!(workers(&limits).len(), 1);
    drop(pool);
    let began = Instant::now();
    while !workers(&limits).is_empty() {
        assert!(began.elapsed() < Duration::from_secs(10));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_program_that_is_no_worker_is_refused_at_the_start() {
    let limits = Limits { time: Duration::from_secs(2), ..Limits::default() };
    for program in ["/bin/cat", "/nonexistent"] {
        let error = Pool::start(Path::new(program), limits).await.unwrap_err();
        assert!(error.to_string().contains(program), "{error}");
    }
}
