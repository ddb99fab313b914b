//! Tests of what a full disk does, with an index that may only have so many pages.

use std::collections::BTreeSet;

use url::Url;

use super::{tidy::tend, *};
use crate::{
    archive::{self, Settings as ArchiveSettings},
    crawl::{
        Feed, Reloaded,
        tests::{rules, settings},
    },
    fetch::{Request, Room},
    jsonl::Folder,
    reader::InProcess,
    schedule::Cadence,
    source::SourceKind,
    state::{Counters, State, read_rejects},
};

const SITES: usize = 60;

fn start() -> Timestamp {
    "2022-01-13T08:00:00Z".parse().unwrap()
}

/// Sites with one article each, of which every fourth is about something else.
#[derive(Debug, Clone, Copy)]
struct Web;

fn is_about_it(site: usize) -> bool {
    site % 4 != 3
}

impl Fetch for Web {
    async fn fetch(&self, request: Request) -> Result<Response, FetchError> {
        let host = request.url.host_str().unwrap().to_owned();
        let site: usize = host.trim_matches(|c: char| !c.is_ascii_digit()).parse().unwrap();
        let subject = if is_about_it(site) {
            "CSTO peacekeepers in Kazakhstan"
        } else {
            "Farmers of the northern valley"
        };
        let body = match request.url.path() {
            "/feed" => format!(
                "<rss version=\"2.0\"><channel><title>{host}</title><item><title>{subject} {site}</title>\
                 <link>https://{host}/news</link><guid>{site}</guid></item></channel></rss>"
            ),
            "/news" => {
                let paragraph = |n: usize| {
                    let number = site * 100 + n;
                    format!(
                        "<p>{subject} were seen at the bridge number {number} on the orders of major \
                         {number}a, said spokesman {number}b of {host}, and shift {number}c follows.</p>"
                    )
                };
                let paragraphs: String = (0..5).map(paragraph).collect();
                format!(
                    "<html lang=en><head><title>{subject} {site}</title></head><body><article>\
                     <h1>{subject} {site}</h1>{paragraphs}</article></body></html>"
                )
            }
            _ => String::new(),
        };
        Ok(Response {
            status: 200,
            url: request.url,
            redirects: vec![],
            headers: vec![],
            body: body.into_bytes(),
            at: start(),
            took: Duration::ZERO,
            is_cut: false,
            exchanges: vec![],
            room: Room::default(),
        })
    }
}

fn feeds(count: usize) -> Vec<Feed> {
    let feed = |n| Feed {
        id: format!("feed-{n}"),
        url: Url::parse(&format!("https://site{n}.example/feed")).unwrap(),
        kind: SourceKind::Feed,
        name: None,
        language: Some("en".into()),
        country: None,
        tags: vec![],
        zone: None,
        cadence: Arc::default(),
    };
    (0..count).map(feed).collect()
}

fn plan() -> Plan {
    Plan {
        concurrency: 8,
        grace: Duration::from_secs(20),
        compression: None,
        retention: Retention::default(),
        longest_sleep: LONGEST_SLEEP,
        until_idle_for: None,
    }
}

/// The time by tokio's clock, which a test may pause.
fn clock() -> impl Fn() -> Timestamp + Copy {
    let began = time::Instant::now();
    move || start() + SignedDuration::try_from(began.elapsed()).unwrap()
}

fn config(feeds: Vec<Feed>) -> Reloaded {
    Reloaded { feeds, rules: rules(), settings: settings() }
}

/// A crawl with its stores, and what it told.
struct Bench {
    folder: tempfile::TempDir,
    crawl: Crawl,
    stores: Stores,
    unwritten: Unwritten,
    events: Vec<Event>,
    appended: usize,
}

impl Bench {
    fn new(feeds: Vec<Feed>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let Reloaded { feeds, rules, settings } = config(feeds);
        let disk = Folder::at(folder.path().join("archive"));
        let (archive, _) = Archive::open(disk, ArchiveSettings::default(), None).unwrap();
        let state = State::open(&folder.path().join("state.sqlite")).unwrap();
        crawl::rebuild(&state, &archive, std::iter::empty, |_| ()).unwrap();
        let crawl = Crawl::new(feeds, rules, settings, state, start()).unwrap();
        let rejects = RejectLog::open(folder.path(), 1 << 20, 2).unwrap();
        let lock = StateLock::take(folder.path()).unwrap();
        let stores = Stores { archive, rejects, rules: None, lock };
        let (unwritten, events) = (Unwritten::default(), vec![]);
        Self { folder, crawl, stores, unwritten, events, appended: 0 }
    }

    fn pages(&self) -> i64 {
        let connection = self.crawl.state().connection();
        connection.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap()
    }

    /// From now on the index has room for no more pages than so many.
    fn limit(&self, pages: i64) {
        let connection = self.crawl.state().connection();
        connection.pragma_update(None, "max_page_count", pages).unwrap();
    }

    /// Lets everything that is due come back.
    async fn fetch(&mut self, now: Timestamp) {
        while let Do::Task(task) = self.crawl.next(now).unwrap() {
            let visit = visit(self.crawl.rules(), *task, Web, InProcess, || now).await;
            self.unwritten.visits.push(visit);
        }
    }

    fn write(&mut self, now: Timestamp) -> anyhow::Result<()> {
        let Self { crawl, stores, unwritten, events, appended, .. } = self;
        write(crawl, stores, unwritten, now, &mut |notice| match notice {
            Notice::Event(event) => events.push(event.clone()),
            Notice::Appended { records, .. } => *appended += records,
            _ => {}
        })
    }

    fn records(&self) -> Vec<archive::Record> {
        archive::read(&Folder::at(self.folder.path().join("archive")))
            .unwrap()
            .map(|line| line.unwrap().record().unwrap())
            .collect()
    }
}

#[tokio::test]
async fn records_that_the_full_index_cannot_note_are_neither_lost_nor_doubled() {
    let mut bench = Bench::new(feeds(SITES));
    let mut now = start();
    for n in 0..SITES {
        bench.crawl.poll_now(&format!("feed-{n}"), now);
    }
    // The feeds, the robots.txt of their hosts, and the articles.
    for _ in 0..2 {
        bench.fetch(now).await;
        assert_eq!(bench.unwritten.visits.len(), SITES);
        bench.write(now).unwrap();
        now += SignedDuration::from_mins(1);
    }
    bench.fetch(now).await;
    assert_eq!(bench.unwritten.visits.len(), SITES);
    let wanted = (0..SITES).filter(|site| is_about_it(*site)).count();
    // Deciding takes twenty pages, and taking note of what was appended ten more.
    let ballast = "CREATE TABLE ballast (of TEXT PRIMARY KEY, bytes BLOB);
        CREATE TRIGGER deciding AFTER INSERT ON seen
        BEGIN INSERT OR IGNORE INTO ballast VALUES ('deciding', zeroblob(80000)); END;
        CREATE TRIGGER noting AFTER INSERT ON place
        BEGIN INSERT OR IGNORE INTO ballast VALUES ('noting', zeroblob(40000)); END;";
    bench.crawl.state().connection().execute_batch(ballast).unwrap();
    let (mut limit, mut was_refused, mut was_behind) = (bench.pages(), false, false);
    // Room comes page by page.
    loop {
        bench.limit(limit);
        let Err(error) = bench.write(now) else { break };
        assert!(is_full(&error), "{error:#}");
        if bench.unwritten.behind {
            was_behind = true;
            assert_eq!(bench.unwritten.visits.len(), SITES - wanted);
            assert_eq!(bench.records().len(), wanted);
        } else if !was_behind {
            was_refused = true;
            assert_eq!(bench.unwritten.visits.len(), SITES);
            assert_eq!(bench.records().len(), 0);
        }
        limit += 1;
    }
    assert!(was_refused && was_behind);
    let records = bench.records();
    let ids: BTreeSet<&str> = records.iter().map(|record| &*record.id).collect();
    assert_eq!((records.len(), ids.len(), bench.appended), (wanted, wanted, wanted));
    for record in &records {
        let place = bench.crawl.state().place(&record.id).unwrap().unwrap();
        assert_eq!(bench.stores.archive.read_at(place).as_ref(), Some(record));
    }
    // Each is told once, and nothing waits or is asked for again.
    let kept = bench.events.iter().filter(|event| matches!(event, Event::Kept { .. }));
    assert_eq!(kept.count(), wanted);
    let rejected = bench.events.iter().filter(|event| matches!(event, Event::Rejected { .. }));
    assert_eq!(rejected.count(), SITES - wanted);
    assert_eq!(read_rejects(bench.folder.path()).count(), SITES - wanted);
    for feed in bench.crawl.state().feeds().unwrap() {
        let Counters { entries, kept, duplicates, rejected, failed, .. } = feed.counters;
        assert_eq!((entries, kept + duplicates + rejected + failed), (1, 1), "{}", feed.id);
    }
    assert!(bench.crawl.state().waiting().unwrap().is_empty());
    for n in 0..SITES {
        bench.crawl.poll_now(&format!("feed-{n}"), now);
    }
    for _ in 0..2 {
        now += SignedDuration::from_mins(1);
        bench.fetch(now).await;
        bench.write(now).unwrap();
    }
    assert_eq!(bench.crawl.schedule().waiting_pages(), 0);
    assert_eq!(bench.records(), records);
}

#[tokio::test]
async fn a_configuration_that_the_full_index_cannot_take_is_taken_when_there_is_room() {
    let mut bench = Bench::new(feeds(1));
    bench.limit(bench.pages());
    bench.unwritten.reload = Some(Box::new(config(feeds(300))));
    for _ in 0..2 {
        let error = bench.write(start()).unwrap_err();
        assert!(is_full(&error), "{error:#}");
        assert!(!has_room(Err::<(), _>(error)).unwrap());
        assert_eq!(bench.crawl.schedule().feeds(), 1);
    }
    bench.limit(1 << 20);
    bench.write(start()).unwrap();
    assert!(bench.unwritten.reload.is_none());
    assert_eq!(bench.crawl.schedule().feeds(), 300);
    assert_eq!(bench.crawl.state().feeds().unwrap().len(), 300);
}

#[tokio::test]
async fn a_single_pass_that_finds_the_disk_full_fails_and_the_next_one_does_its_work() {
    let mut bench = Bench::new(feeds(SITES));
    bench.limit(bench.pages());
    let once = Plan { until_idle_for: Some(SignedDuration::from_secs(1)), ..plan() };
    for is_full_now in [true, false] {
        let (_send, commands) = mpsc::channel(1);
        let now = crate::clock::now;
        let ended =
            run(&mut bench.crawl, &mut bench.stores, Web, InProcess, once, commands, now, |_| ())
                .await;
        assert_eq!(ended.as_ref().is_err_and(is_full), is_full_now, "{ended:?}");
        bench.crawl.rollback().unwrap();
        bench.limit(1 << 20);
    }
}

#[tokio::test(start_paused = true)]
async fn an_order_or_a_configuration_that_finds_the_disk_full_does_not_end_the_daemon() {
    let mut bench = Bench::new(vec![]);
    bench.limit(bench.pages());
    let (send, commands) = mpsc::channel(1);
    let mut told = Vec::new();
    let plan = plan();
    let running =
        run(&mut bench.crawl, &mut bench.stores, Web, InProcess, plan, commands, start, |notice| {
            told.extend(matches!(notice, Notice::DiskFull(_)).then_some(()));
        });
    let orders = async {
        let order = async |order| {
            let (reply, answer) = oneshot::channel();
            send.send(Command::Order(order, reply)).await.unwrap();
            answer.await.unwrap()
        };
        let host = |n| Host::of(&Url::parse(&format!("https://{n:060}.example/")).unwrap());
        let mut n = 0;
        let refused = loop {
            match order(Order::Pause(host(n))).await {
                Ok(_) => n += 1,
                Err(words) => break words,
            }
        };
        assert!(refused.contains("nothing was changed") && refused.contains("full"), "{refused}");
        // It still obeys.
        assert!(order(Order::Resume(host(n))).await.unwrap_err().contains("was not paused"));
        assert!(order(Order::Resume(host(0))).await.unwrap().contains("is asked again"));
        send.send(Command::Reload(Box::new(config(feeds(300))))).await.unwrap();
        time::sleep(Duration::from_mins(5)).await;
        assert!(order(Order::Poll("feed-0".into())).await.is_err());
        send.send(Command::Stop).await.unwrap();
    };
    let (end, ()) = tokio::join!(running, orders);
    assert_eq!(end.unwrap(), End::Stopped);
    assert_eq!(told.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_hosts_of_feeds_that_left_are_forgotten_within_minutes() {
    let mut bench = Bench::new(feeds(SITES));
    let now = clock();
    let (send, commands) = mpsc::channel(1);
    let running =
        run(&mut bench.crawl, &mut bench.stores, Web, InProcess, plan(), commands, now, |_| {});
    let orders = async {
        time::sleep(Duration::from_hours(2)).await;
        send.send(Command::Reload(Box::new(config(feeds(1))))).await.unwrap();
        time::sleep(Duration::from_mins(5)).await;
        send.send(Command::Stop).await.unwrap();
    };
    let (end, ()) = tokio::join!(running, orders);
    assert_eq!(end.unwrap(), End::Stopped);
    assert_eq!(bench.records().len(), (0..SITES).filter(|site| is_about_it(*site)).count());
    assert_eq!(bench.crawl.schedule().hosts().count(), 1);
}

/// All sites but the last never end their answers.
#[derive(Debug, Clone)]
struct Tarpits(mpsc::UnboundedSender<time::Instant>);

impl Fetch for Tarpits {
    async fn fetch(&self, request: Request) -> Result<Response, FetchError> {
        if request.url.host_str() != Some("site30.example") {
            let patience = Duration::from_mins(1);
            time::sleep(patience).await;
            return Err(FetchError::Timeout(patience));
        }
        if request.url.path() == "/feed" {
            self.0.send(time::Instant::now()).unwrap();
        }
        Web.fetch(request).await
    }
}

#[tokio::test(start_paused = true)]
async fn hosts_that_never_end_their_answers_hold_up_no_other() {
    let mut feeds = feeds(31);
    let often = SignedDuration::from_secs(20);
    let (floor, floor_without_validators) = (often, often);
    let cadence =
        Cadence { interval: often, floor, floor_without_validators, ceiling: often, jitter: 0.0 };
    for feed in &mut feeds {
        feed.cadence = Arc::new(cadence);
    }
    let mut bench = Bench::new(feeds);
    let (began, now) = (time::Instant::now(), clock());
    let (send, commands) = mpsc::channel(1);
    let (polled, mut polls) = mpsc::unbounded_channel();
    let web = Tarpits(polled);
    let running =
        run(&mut bench.crawl, &mut bench.stores, web, InProcess, plan(), commands, now, |_| {});
    let stop = async {
        time::sleep(Duration::from_mins(10)).await;
        send.send(Command::Stop).await.unwrap();
    };
    let (end, ()) = tokio::join!(running, stop);
    assert_eq!(end.unwrap(), End::Stopped);
    let mut times = vec![began];
    while let Ok(at) = polls.try_recv() {
        times.push(at);
    }
    let longest = times.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap();
    assert!(
        longest < Duration::from_mins(1),
        "{longest:?} between two of {} polls",
        times.len() - 1
    );
}

#[tokio::test]
async fn what_the_index_knows_leaves_although_its_log_cannot_be_folded_and_nothing_else_does() {
    let mut bench = Bench::new(vec![]);
    let sample = include_str!("../../tests/fixtures/archive/v1.jsonl").lines().next().unwrap();
    let mut known = Vec::new();
    for day in ["2022-01-13", "2022-01-14", "2022-01-15", "2022-01-16"] {
        let mut records = [serde_json::from_str(sample).unwrap()];
        let noon = format!("{day}T12:00:00Z").parse().unwrap();
        bench.stores.archive.append(&mut records, noon).unwrap();
        known.push(bench.stores.archive.checkpoint());
    }
    let retention = Retention { age: None, bytes: Some(1) };
    let plan = Plan { retention, until_idle_for: Some(SignedDuration::ZERO), ..plan() };
    let Bench { crawl, stores, .. } = &bench;
    // The index knows nothing, then the second day, then all.
    for (known, dropped) in [(None, 0), (known[1], 1), (known[3], 3)] {
        crawl.note_appended(&[], &[], known).unwrap();
        // In a transaction SQLite refuses to fold its log.
        crawl.state().begin().unwrap();
        assert!(crawl.state().close().is_err());
        let mut tidying = Tidying::default();
        tidy(crawl, &stores.archive, plan, start(), &mut tidying).unwrap();
        while let Some(tended) = tidying.packing.join_next().await {
            tended.unwrap().ended.unwrap();
        }
        crawl.state().rollback().unwrap();
        assert_eq!(stores.archive.dropped().unwrap().len(), dropped, "{known:?}");
    }
}

#[test]
fn a_damaged_segment_stays_and_the_others_are_compressed_all_the_same() {
    let mut bench = Bench::new(feeds(4));
    let days = ["2022-01-13", "2022-01-14", "2022-01-15"];
    let sample = include_str!("../../tests/fixtures/archive/v1.jsonl").lines().next().unwrap();
    for day in days {
        let mut records = [serde_json::from_str(sample).unwrap()];
        let noon = format!("{day}T12:00:00Z").parse().unwrap();
        bench.stores.archive.append(&mut records, noon).unwrap();
    }
    let folder = bench.folder.path().join("archive/2022/01");
    let first = folder.join("2022-01-13.jsonl");
    let text = std::fs::read_to_string(&first).unwrap();
    std::fs::write(&first, text.replacen("article", "particle", 1)).unwrap();
    let archive = &bench.stores.archive;
    let age = Some(SignedDuration::from_hours(24));
    let expired =
        archive.expired(Retention { age, bytes: None }, start() + SignedDuration::from_hours(2000));
    let expired = expired.unwrap();
    assert_eq!(expired.len(), 1);
    for _ in 0..2 {
        let unpacked = archive.unpacked().unwrap();
        assert!(tend(archive.disk(), &expired, unpacked, Some(Compression::Gzip)).ended.is_err());
    }
    let there = |name: &str| folder.join(name).exists();
    assert!(there("2022-01-13.jsonl"), "it is evidence");
    assert!(there("2022-01-14.jsonl.gz") && there("2022-01-15.jsonl"));
}

/// An archive of a segment of so many bytes and more a day, the last one open, and the crawl that
/// knows it.
fn with_segments(days: &[&str], text: usize) -> Bench {
    let mut bench = Bench::new(vec![]);
    let sample = include_str!("../../tests/fixtures/archive/v1.jsonl").lines().next().unwrap();
    for day in days {
        let mut record: archive::Record = serde_json::from_str(sample).unwrap();
        record.text = Some("ab cd ".repeat(text / 6));
        let noon = format!("{day}T12:00:00Z").parse().unwrap();
        bench.stores.archive.append(&mut [record], noon).unwrap();
    }
    bench.crawl.note_appended(&[], &[], bench.stores.archive.checkpoint()).unwrap();
    bench
}

#[tokio::test]
async fn a_single_pass_ends_when_the_segment_that_it_began_to_compress_is_compressed() {
    let mut bench = with_segments(&["2022-01-14", "2022-01-15"], 16 << 20);
    let once = Plan {
        until_idle_for: Some(SignedDuration::ZERO),
        compression: Some(Compression::Gzip),
        ..plan()
    };
    let (_send, commands) = mpsc::channel(1);
    let now = crate::clock::now;
    let ended =
        run(&mut bench.crawl, &mut bench.stores, Web, InProcess, once, commands, now, |_| ()).await;
    assert_eq!(ended.unwrap(), End::Idle);
    let packed = bench.folder.path().join("archive/2022/01/2022-01-14.jsonl.gz");
    assert!(packed.exists());
    assert!(!packed.with_extension("").exists());
}

#[tokio::test]
async fn a_damaged_segment_is_read_once_a_day() {
    let mut bench = with_segments(&["2022-01-13", "2022-01-14", "2022-01-15"], 6);
    let first = bench.folder.path().join("archive/2022/01/2022-01-13.jsonl");
    let text = std::fs::read_to_string(&first).unwrap();
    std::fs::write(&first, text.replacen("ab cd", "ab xy", 1)).unwrap();
    let plan = Plan {
        retention: Retention { age: None, bytes: Some(1) },
        compression: Some(Compression::Gzip),
        until_idle_for: Some(SignedDuration::ZERO),
        ..plan()
    };
    let Bench { crawl, stores, .. } = &mut bench;
    let mut tidying = Tidying::default();
    for (hours, is_read) in [(0, true), (1, false), (2, false), (24, true), (25, false)] {
        let now = start() + SignedDuration::from_hours(hours);
        tidy(crawl, &stores.archive, plan, now, &mut tidying).unwrap();
        assert_eq!(!tidying.packing.is_empty(), is_read, "{hours}");
        while let Some(tended) = tidying.packing.join_next().await {
            tidying.end(tended).unwrap();
        }
    }
    assert!(first.exists(), "it is evidence");
    assert_eq!(stores.archive.unpacked().unwrap().len(), 1, "the other one is compressed");
}
