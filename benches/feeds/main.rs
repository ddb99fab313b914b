//! How many feeds are read right, and how fast.
//!
//! ```text
//! cargo bench --bench feeds -- [FOLDER] [--jsonl] [--wrong] [--flaws]
//! cargo bench --bench feeds -- [FOLDER] --mutate COUNT [--seed NUMBER]
//! ```
//!
//! FOLDER holds an `expected.json` and the files it names, or folders that do; without it, the
//! development data beside the project is taken. `--jsonl` prints what was read, one line a file,
//! and nothing else on standard output; `--wrong` and `--flaws` say more. `--mutate` reads COUNT
//! damaged copies of the files and stops at a panic.

#![expect(
    clippy::disallowed_methods,
    reason = "shell: reads the data and measures time; it is no part of the library"
)]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "its output is its purpose")]
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a benchmark may stop at a fault"
)]

mod mutate;
mod score;

use std::{
    fs,
    panic::catch_unwind,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use newswatch::source::{Listing, SourceError};
use serde_json::{Value, json};

use self::score::{Case, Tally};

/// Timed rounds; the fastest counts.
const ROUNDS: usize = 5;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let has = |name: &str| arguments.iter().any(|argument| argument == name);
    let number = |name: &str| -> Option<u64> {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1)?.parse().ok()
    };
    let values = ["--mutate", "--seed"];
    let is_value = |at: usize| at > 0 && values.contains(&arguments[at - 1].as_str());
    let folder =
        (0..arguments.len()).find(|at| !arguments[*at].starts_with("--") && !is_value(*at));
    let folder = folder.map_or_else(score::development_data, |at| PathBuf::from(&arguments[at]));

    std::panic::set_hook(Box::new(|info| {
        if !newswatch::source::expects_panic() {
            eprintln!("{info}");
        }
    }));
    let parts = parts(&folder);
    if parts.is_empty() {
        eprintln!(
            "{}: no expected.json in it or in a folder of it: nothing to measure",
            folder.display()
        );
        return;
    }
    let cases: Vec<Vec<Case>> = parts.iter().map(|part| score::cases(part)).collect();
    if let Some(count) = number("--mutate") {
        mutate_all(&cases, count, number("--seed").unwrap_or(1));
    } else if has("--jsonl") {
        cases.iter().flatten().for_each(|case| println!("{}", line(case, &case.read())));
    } else {
        for (part, cases) in parts.iter().zip(&cases) {
            report(part, cases, has("--wrong"), has("--flaws"));
        }
        for (part, cases) in parts.iter().zip(&cases) {
            speed(part, cases);
        }
    }
}

/// The folder itself, or the folders in it, that hold an `expected.json`.
fn parts(folder: &Path) -> Vec<PathBuf> {
    let holds = |folder: &PathBuf| folder.join("expected.json").is_file();
    let mut parts = vec![folder.to_owned()];
    parts.extend(fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()));
    parts.sort();
    parts.retain(holds);
    parts
}

fn report(part: &Path, cases: &[Case], show_wrong: bool, show_flaws: bool) {
    let tally = Tally::of(cases);
    let name = part.file_name().unwrap_or_default().to_string_lossy().into_owned();
    println!("{name}: {} of {} files all right", tally.right, tally.files);
    if tally.must_files > 0 {
        println!(
            "{name}: {} of {} files of level must all right",
            tally.must_right, tally.must_files
        );
    }
    let ways: Vec<String> =
        tally.ways.iter().map(|(way, count)| format!("{count} {way}")).collect();
    println!("{name}: read by: {}", ways.join(", "));
    if show_wrong {
        for (file, wrong) in &tally.wrong {
            println!("  {file}");
            for fault in wrong {
                println!("    {fault}");
            }
        }
    }
    if show_flaws {
        tally.flaws.iter().for_each(|(flaw, count)| println!("  {count:4} {flaw}"));
    }
}

/// Speed beside feed-rs alone, on the files of which feed-rs alone reads all entries.
fn speed(part: &Path, cases: &[Case]) {
    let alone = |case: &Case| catch_unwind(|| feed_rs::parser::parse(case.bytes.as_slice()));
    std::panic::set_hook(Box::new(|_| {}));
    let readable: Vec<&Case> = cases
        .iter()
        .filter(|case| {
            let count = case.expected["entries"].as_array().map(Vec::len);
            matches!(alone(case), Ok(Ok(feed)) if Some(feed.entries.len()) == count)
        })
        .collect();
    let bytes: usize = readable.iter().map(|case| case.bytes.len()).sum();
    let fastest = |read: &dyn Fn(&Case)| {
        let round = || {
            let start = Instant::now();
            for case in &readable {
                read(case);
            }
            start.elapsed()
        };
        (0..ROUNDS).map(|_| round()).min().unwrap_or(Duration::MAX)
    };
    let theirs = fastest(&|case| drop(std::hint::black_box(alone(case))));
    let ours = fastest(&|case| drop(std::hint::black_box(case.read())));
    let rate = |time: Duration| {
        #[expect(clippy::cast_precision_loss, reason = "megabytes need no more")]
        let bytes = bytes as f64;
        bytes / 1e6 / time.as_secs_f64()
    };
    let name = part.file_name().unwrap_or_default().to_string_lossy().into_owned();
    println!(
        "{name}: {:.1} MB/s, feed-rs alone {:.1} MB/s: {:.2} times its speed, on {} files that it reads",
        rate(ours),
        rate(theirs),
        theirs.as_secs_f64() / ours.as_secs_f64(),
        readable.len(),
    );
}

/// What was read, in the field names of `expected.json` where it has them.
fn line(case: &Case, read: &Result<Listing, SourceError>) -> Value {
    let listing = match read {
        Ok(listing) => listing,
        Err(error) => {
            return json!({"file": case.file, "error": true, "reason": error.to_string()});
        }
    };
    let entry = |entry: &newswatch::source::Entry| {
        json!({
            "id": entry.guid,
            "link": entry.original_url.as_ref().or(entry.url.as_ref()),
            "feed_link": entry.url,
            "title": entry.title,
            "published": entry.published.as_ref().or(entry.updated.as_ref()).map(score::second),
            "updated": entry.updated.as_ref().map(score::second),
            "summary": entry.summary,
            "content": entry.content,
            "authors": entry.authors,
            "tags": entry.tags,
            "language": entry.language,
            "image": entry.image_url,
            "media": entry.media,
        })
    };
    json!({
        "file": case.file,
        "error": false,
        "feed_title": listing.title,
        "language": listing.language,
        "n": listing.entries.len(),
        "read_by": listing.read_by,
        "charset": listing.charset,
        "flaws": listing.flaws,
        "entries": listing.entries.iter().map(entry).collect::<Vec<_>>(),
    })
}

/// Reads damaged copies; a panic of ours or a reading of over five seconds stops it.
fn mutate_all(cases: &[Vec<Case>], count: u64, seed: u64) {
    let cases: Vec<&Case> = cases.iter().flatten().collect();
    let mut mutator = mutate::Mutator::new(seed);
    let (start, mut slowest) = (Instant::now(), Duration::ZERO);
    for turn in 0..count {
        let case = cases[usize::try_from(mutator.below(cases.len() as u64)).expect("an index")];
        let other = cases[usize::try_from(mutator.below(cases.len() as u64)).expect("an index")];
        let bytes = mutator.mutate(&case.bytes, &other.bytes);
        let began = Instant::now();
        score::read_anything(&bytes, case.content_type.as_deref(), &case.base);
        let took = began.elapsed();
        assert!(took < Duration::from_secs(5), "{took:?} for turn {turn} of {}", case.file);
        slowest = slowest.max(took);
    }
    let rate = count_per_second(count, start.elapsed());
    println!("{count} damaged feeds read without a panic, {rate:.0} a second, slowest {slowest:?}");
}

fn count_per_second(count: u64, time: Duration) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a rate needs no more")]
    let count = count as f64;
    count / time.as_secs_f64()
}
