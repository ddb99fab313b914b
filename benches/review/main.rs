//! How the review fares with a large archive: `cargo bench --bench review -- [RECORDS] [FOLDER]`.
//!
//! The archive is made by the generator beside this file, closed days compressed as the daemon does
//! it; a folder that is named is kept, and used again. Floors: first page within 1 s of the start,
//! search p99 and list page under 100 ms, under 300 MB, 10,000 new records in under 5 s.
#![expect(clippy::disallowed_methods, reason = "shell: a bench reads a clock and files")]
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "a bench prints, stops at a fault, and rounds"
)]

mod generator;

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use generator::Generator;
use jiff::{SignedDuration, Timestamp};
use newswatch::{
    archive::{self, Archive, Compression, Settings},
    jsonl::Folder,
    review::{Desk, Order, Progress, Query},
};

/// Five queries in each of ten languages: an acronym, a name, a word, a prefix or a phrase, and one
/// with a field.
const QUERIES: [&str; 50] = [
    "ОДКБ",
    "Казахстан",
    "миротвор*",
    "\"вывод войск\"",
    "Токаев lang:ru after:2021-02",
    "CSTO",
    "kazakhstan",
    "peacekeep*",
    "\"troop withdrawal\"",
    "Tokayev country:GB is:original",
    "ҰҚШҰ",
    "қазақстан",
    "бітімгер*",
    "Тоқаев әскер",
    "Қазақстан source:news-2.example",
    "KGAÖ",
    "KAZAKİSTAN",
    "\"barış gücü\"",
    "çekil*",
    "Tokayev lang:tr before:2021-03",
    "كازاخستان",
    "\"معاهدة الأمن الجماعي\"",
    "توكاييف",
    "انسحاب قوات",
    "كازاخ* is:duplicate",
    "集安组织",
    "哈萨克斯坦",
    "维和",
    "撤军 OR 托卡耶夫",
    "哈萨克 lang:zh -撤军",
    "カザフスタン",
    "集団安全保障条約",
    "平和",
    "撤退 トカエフ",
    "カザフ day:2021-01-20",
    "카자흐스탄",
    "집단안보조약기구",
    "평화유지",
    "철수 토카예프",
    "카자흐 is:revision",
    "OTSC",
    "\"maintien de la paix\"",
    "Tokaiev",
    "retrait term:OTSC",
    "kazakh* lang:fr",
    "OVKS",
    "Kasachstan",
    "Friedens*",
    "Abzug Tokajew",
    "(Kasachstan OR Kazakhstan) score:5",
];

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let count: usize = args.first().map_or(20_000, |count| count.parse().unwrap());
    let temporary = tempfile::tempdir().unwrap();
    let folder = args.get(1).map_or_else(|| temporary.path().to_owned(), PathBuf::from);
    let archive = folder.join("archive");
    if !archive.exists() {
        let started = Instant::now();
        make(&archive, count);
        println!("archive of {count} records made in {:.0} s", started.elapsed().as_secs_f64());
    }
    println!("archive: {} MB on disk", size(&archive) >> 20);
    let (index, reviews) = (folder.join("review.sqlite"), folder.join("reviews.jsonl"));
    build(&index, &archive, &reviews);
    measure(&index, &archive, &reviews);
    append(&index, &archive, &reviews);
}

/// A year of days where there are a million.
fn make(folder: &Path, count: usize) {
    fs::create_dir_all(folder).unwrap();
    let start: Timestamp = "2021-01-01T00:00:00Z".parse().unwrap();
    let mut generator = Generator::new(start);
    let (mut archive, _) = Archive::open(Folder::at(folder), Settings::default(), None).unwrap();
    let mut batch = Vec::new();
    for number in 0..count {
        batch.push(generator.record(number));
        if batch.len() == 500 || number + 1 == count {
            let now = start + SignedDuration::from_secs(number as i64 * 21);
            archive.append(&mut batch, now).unwrap();
            batch.clear();
            for name in archive.unpacked().unwrap() {
                archive::pack(archive.disk(), name, Compression::Gzip).unwrap();
            }
        }
    }
}

fn build(index: &Path, archive: &Path, reviews: &Path) {
    let started = Instant::now();
    let mut desk = Desk::open(index, archive, reviews).unwrap();
    let known = desk.index.len();
    while desk.advance(1_000).unwrap() != Progress::Current {}
    let taken = desk.index.len() - known;
    let seconds = started.elapsed().as_secs_f64();
    println!(
        "index: {taken} records in {seconds:.1} s ({:.0}/s), {} MB",
        f64::from(taken) / seconds,
        size(index.parent().unwrap()).saturating_sub(size(archive)) >> 20
    );
}

fn measure(index: &Path, archive: &Path, reviews: &Path) {
    let now: Timestamp = "2022-02-01T00:00:00Z".parse().unwrap();
    let started = Instant::now();
    let mut desk = Desk::open(index, archive, reviews).unwrap();
    let opened = started.elapsed();
    assert_eq!(desk.advance(1).unwrap(), Progress::Current);
    let everything = Query::parse("", now).unwrap();
    list(&mut desk, &everything);
    println!(
        "open: {:.0} ms; first page after {:.0} ms; memory {} MB",
        millis(opened),
        millis(started.elapsed()),
        memory()
    );
    for (name, rounds) in [("cold", 1), ("warm", 3)] {
        let (mut searches, mut pages, mut slowest) = (Vec::new(), Vec::new(), (0.0, ""));
        for text in (0..rounds).flat_map(|_| QUERIES) {
            // Another number of rows forgets the answers: each search is made anew.
            desk.index.forget();
            let query = Query::parse(text, now).unwrap();
            let started = Instant::now();
            let found = desk.find(&query).unwrap();
            let rows = desk.index.page(&found, Order::Newest, None, 25);
            searches.push(started.elapsed());
            let facets = desk.facets(&found, 12);
            let items = desk.index.items(&rows.rows).unwrap();
            assert!(items.len() == rows.rows.len() && facets.total >= items.len() as u32);
            pages.push(started.elapsed());
            if millis(started.elapsed()) > slowest.0 {
                slowest = (millis(started.elapsed()), text);
            }
            if name == "cold" && std::env::var_os("VERBOSE").is_some() {
                println!(
                    "{text}: {} in {:.1} ms, page {:.1} ms",
                    facets.total,
                    millis(*searches.last().unwrap()),
                    millis(*pages.last().unwrap())
                );
            }
        }
        println!(
            "{name}: search p50 {:.1} ms, p99 {:.1} ms; whole page with counts and texts p50 {:.1} ms, p99 {:.1} ms, slowest {}",
            at(&mut searches, 50),
            at(&mut searches, 99),
            at(&mut pages, 50),
            at(&mut pages, 99),
            slowest.1
        );
    }
    let mut lists = Vec::new();
    let mut after = None;
    for _ in 0..40 {
        let started = Instant::now();
        let (found, _) = desk.counted(&everything, 12).unwrap();
        let page = desk.index.page(&found, Order::Newest, after, 25);
        desk.index.items(&page.rows).unwrap();
        lists.push(started.elapsed());
        after = page.next;
    }
    println!(
        "list of everything, 40 pages: p50 {:.1} ms, p99 {:.1} ms; memory {} MB, at most {} MB",
        at(&mut lists, 50),
        at(&mut lists, 99),
        memory(),
        most_memory()
    );
}

fn list(desk: &mut Desk, query: &Query) {
    let (found, _) = desk.counted(query, 12).unwrap();
    let page = desk.index.page(&found, Order::Newest, None, 25);
    desk.index.items(&page.rows).unwrap();
}

/// 10,000 records more, and the time until they are found.
fn append(index: &Path, folder: &Path, reviews: &Path) {
    let mut desk = Desk::open(index, folder, reviews).unwrap();
    while desk.advance(1_000).unwrap() != Progress::Current {}
    let known = desk.index.len() as usize;
    let start: Timestamp = "2021-01-01T00:00:00Z".parse().unwrap();
    let (mut archive, _) = Archive::open(Folder::at(folder), Settings::default(), None).unwrap();
    let mut generator = Generator::new(start);
    for part in 0..20 {
        let first = known + part * 500;
        let mut batch: Vec<_> = (first..first + 500).map(|n| generator.record(n)).collect();
        archive.append(&mut batch, start + SignedDuration::from_secs(first as i64 * 21)).unwrap();
    }
    let started = Instant::now();
    while desk.advance(1_000).unwrap() != Progress::Current {}
    println!(
        "10,000 new records: {:.2} s; memory {} MB, at most {} MB",
        started.elapsed().as_secs_f64(),
        memory(),
        most_memory()
    );
}

fn at(times: &mut [Duration], percent: usize) -> f64 {
    times.sort_unstable();
    millis(times[(times.len() * percent / 100).min(times.len() - 1)])
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn memory() -> u64 {
    of_status("VmRSS:")
}

fn most_memory() -> u64 {
    of_status("VmHWM:")
}

fn of_status(name: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|line| line.trim().split(' ').next()?.parse::<u64>().ok()).unwrap_or_default()
        >> 10
}

fn size(path: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(path) else {
        return fs::metadata(path).map_or(0, |file| file.len());
    };
    entries.map(|entry| size(&entry.unwrap().path())).sum()
}
