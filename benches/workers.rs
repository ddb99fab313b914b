//! How fast pages are read in workers, against reading them in this process.
//!
//! `cargo bench --bench workers -- SET_DIR...`, each with `html/<id>.html.gz` as for `extraction`.
//! Both ways read every page three times with two readers, in turns; the best round of each counts.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a program that measures, outside the library"
)]

use std::{
    io::Read as _,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use newswatch::reader::{Document, InProcess, Limits, PageDocument, Pool, Read};
use tokio::task::JoinSet;
use url::Url;

const READERS: usize = 2;
const ROUNDS: usize = 3;

fn main() -> anyhow::Result<()> {
    let sets: Vec<PathBuf> =
        std::env::args().skip(1).filter(|it| it != "--bench").map(PathBuf::from).collect();
    if sets.is_empty() {
        println!("no set given: cargo bench --bench workers -- SET_DIR...");
        return Ok(());
    }
    let mut pages = Vec::new();
    for set in &sets {
        pages.extend(load(set)?);
    }
    let bytes: usize = pages.iter().map(Vec::len).sum();
    println!("{} pages, {:.1} MB, {READERS} readers", pages.len(), bytes as f64 / 1e6);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(READERS).enable_all().build()?;
    let limits = Limits { workers: READERS, ..Limits::default() };
    let program = Path::new(env!("CARGO_BIN_EXE_newswatch"));
    let pool = runtime.block_on(Pool::start(program, limits))?;
    let (mut here, mut there) = (Duration::MAX, Duration::MAX);
    for _ in 0..ROUNDS {
        here = here.min(runtime.block_on(all(InProcess, &pages)));
        there = there.min(runtime.block_on(all(pool.clone(), &pages)));
    }
    let rate = |took: Duration| pages.len() as f64 / took.as_secs_f64();
    println!("in this process {:7.0} pages/s", rate(here));
    println!("in workers      {:7.0} pages/s", rate(there));
    println!("workers at {:.2} of the rate of this process", rate(there) / rate(here));
    Ok(())
}

/// Reads all pages, a few more at a time than there are readers, as the daemon does.
async fn all(reader: impl Read, pages: &[Vec<u8>]) -> Duration {
    let started = Instant::now();
    let mut tasks = JoinSet::new();
    for body in pages {
        if tasks.len() == 2 * READERS {
            tasks.join_next().await;
        }
        let (reader, body) = (reader.clone(), body.clone());
        tasks.spawn(async move { reader.read(document(), body).await.is_ok() });
    }
    while tasks.join_next().await.is_some() {}
    started.elapsed()
}

fn document() -> Document {
    let Ok(url) = Url::parse("https://news.example/2022/01/16/article") else {
        unreachable!("this is an address")
    };
    Document::Page(Box::new(PageDocument::unannounced(url, jiff::Timestamp::UNIX_EPOCH)))
}

fn load(set: &Path) -> anyhow::Result<Vec<Vec<u8>>> {
    let mut files: Vec<_> = std::fs::read_dir(set.join("html"))?
        .map(|file| Ok(file?.path()))
        .collect::<std::io::Result<_>>()?;
    files.sort();
    files
        .into_iter()
        .map(|file| {
            let mut bytes = Vec::new();
            flate2::read::GzDecoder::new(std::fs::File::open(file)?).read_to_end(&mut bytes)?;
            Ok(bytes)
        })
        .collect()
}
