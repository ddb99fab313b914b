//! The whole crawl on very many feeds for months of virtual time, three answers in ten faulty.
//!
//! Four days of 40 feeds by default; `tests/soak 90 10000` runs 90 days of 10,000.

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    sync::{Arc, RwLock},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use newswatch::{
    archive::{RecordType, Retention},
    crawl::{Feed, Work},
    daemon::{self, Command, End, Notice, Plan},
    fetch::{Fetch, FetchError, Request, Response, Room, Wanted},
    reader::InProcess,
};
use tokio::{sync::mpsc, time};

use crate::support::crawl::{self, Clock, start};

/// Entries of a feed at a time.
const WINDOW: i64 = 10;
/// An article in so many is about the topic.
const RELEVANT: i64 = 8;
const ANSWER: Duration = Duration::from_millis(300);
/// A host's requests are at least so far apart.
const REST: SignedDuration = SignedDuration::from_secs(5);
/// The longest pause that the policy knows between two polls of a feed that answers now and then: a
/// day, a tenth more of jitter, and as long again where its host is held for another feed's sake.
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_hours(2 * 27);
/// What was published so long before the end has had its time, faults or not.
const GRACE: SignedDuration = SignedDuration::from_hours(3 * 24);

/// A number that is always the same for a place and a time, and spread evenly (splitmix64).
fn chance(seed: u64, turn: u64) -> u64 {
    let mut z = seed.wrapping_add(turn.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The host of a feed: one host has a fiftieth of all, the others one to four.
fn host_of(feed: u64, feeds: u64) -> u64 {
    if feed < feeds / 50 { 0 } else { 1 + chance(1, feed) % (feeds / 3).max(1) }
}

/// Seconds between two articles of a feed: six hours for some, four days for most.
fn period(feed: u64) -> i64 {
    match chance(2, feed) % 10 {
        0 => 6 * 3600,
        1..4 => 24 * 3600,
        _ => 4 * 24 * 3600,
    }
}

/// When an article appears.
fn published(feed: u64, n: i64) -> Timestamp {
    let first = i64::try_from(chance(3, feed) % 345_600).unwrap() % period(feed);
    start() + SignedDuration::from_secs(first + n * period(feed))
}

/// The newest article of a feed at a time, negative before the first.
fn newest(feed: u64, at: Timestamp) -> i64 {
    at.duration_since(published(feed, 0)).as_secs().div_euclid(period(feed))
}

fn is_about_it(n: i64) -> bool {
    n % RELEVANT == 0
}

fn title(feed: u64, n: i64) -> String {
    let subject =
        if is_about_it(n) { "CSTO peacekeepers in Kazakhstan" } else { "Harvest in the valley" };
    format!("{subject}, report {n} of bureau {feed}")
}

fn paragraph(feed: u64, n: i64, p: i64) -> String {
    let subject = if is_about_it(n) {
        "The Collective Security Treaty Organization (CSTO) peacekeepers who came to Kazakhstan"
    } else {
        "The farmers who came to the market of the valley"
    };
    let word = |turn: u64| {
        let names = ["bridge", "airport", "station", "depot", "barracks", "square", "mill", "dam"];
        let word = chance(feed * 1000 + n.unsigned_abs(), turn + 10 * p.unsigned_abs());
        format!("{} {}", names[usize::try_from(word % 8).unwrap()], word % 9973)
    };
    format!(
        "{subject} guarded {} and {} on the orders of commander {n}-{feed}, said the spokesman of {}, \
         adding that shift {p} would follow from {} to {} before noon.",
        word(0),
        word(1),
        word(2),
        word(3),
        word(4)
    )
}

fn listing(feed: u64, newest: i64) -> String {
    let mut items = String::new();
    for n in (0..=newest).rev().take(usize::try_from(WINDOW).unwrap()) {
        items += &format!(
            "<item><title>{}</title><link>/{feed}/{n}</link><guid>{feed}-{n}</guid>\
             <description>{}</description></item>",
            title(feed, n),
            paragraph(feed, n, 0)
        );
    }
    format!("<rss version=\"2.0\"><channel><title>{feed}</title>{items}</channel></rss>")
}

fn page(feed: u64, n: i64) -> String {
    let text: String = (0..4).map(|p| format!("<p>{}</p>", paragraph(feed, n, p))).collect();
    let title = title(feed, n);
    format!("<html lang=en><title>{title}</title><article><h1>{title}</h1>{text}</article></html>")
}

/// What is remembered of a feed.
#[derive(Debug, Default, Clone)]
struct Asked {
    polls: u64,
    last: Option<Timestamp>,
    longest_pause: SignedDuration,
    announced: Articles,
    /// Those whose pages were given as they are.
    served: Articles,
}

/// Numbers of articles of a feed, as bits.
#[derive(Debug, Default, Clone)]
struct Articles(Vec<u64>);

impl Articles {
    fn add(&mut self, n: i64) {
        let word = usize::try_from(n / 64).unwrap();
        self.0.resize(self.0.len().max(word + 1), 0);
        self.0[word] |= 1 << (n % 64);
    }

    fn has(&self, n: i64) -> bool {
        let word = usize::try_from(n / 64).unwrap();
        self.0.get(word).is_some_and(|word| word & (1 << (n % 64)) != 0)
    }
}

/// What is remembered of a host.
#[derive(Debug, Default, Clone, Copy)]
struct Host {
    is_asked: bool,
    last: Option<Timestamp>,
}

#[derive(Debug, Default)]
struct Log {
    feeds: Vec<Asked>,
    hosts: BTreeMap<u64, Host>,
    requests: u64,
    pages: u64,
    faults: BTreeMap<&'static str, u64>,
}

#[derive(Debug, Clone)]
struct Web {
    clock: Clock,
    feeds: u64,
    log: Arc<RwLock<Log>>,
}

/// Status, header fields and body.
type Told = (u16, Vec<(&'static str, String)>, Vec<u8>);
type Answer = Result<Told, FetchError>;

impl Web {
    fn new(feeds: u64) -> Self {
        let log = Log {
            feeds: vec![Asked::default(); usize::try_from(feeds).unwrap()],
            ..Log::default()
        };
        Self { clock: Clock::start(), feeds, log: Arc::new(RwLock::new(log)) }
    }

    /// Notes a request that begins, and holds it to what a host may expect.
    fn begin(&self, host: u64, feed: Option<u64>, at: Timestamp) {
        let mut log = self.log.write().unwrap();
        log.requests += 1;
        let known = log.hosts.entry(host).or_default();
        assert!(!known.is_asked, "host {host} is asked twice at a time");
        let rest = known.last.map_or(REST, |last| at.duration_since(last));
        assert!(rest >= REST, "host {host} is asked again after {rest}");
        *known = Host { is_asked: true, last: Some(at) };
        if let Some(feed) = feed {
            let feed = &mut log.feeds[usize::try_from(feed).unwrap()];
            feed.polls += 1;
            let pause =
                feed.last.replace(at).map_or(SignedDuration::ZERO, |last| at.duration_since(last));
            feed.longest_pause = feed.longest_pause.max(pause);
        }
    }

    fn end(&self, host: u64) {
        self.log.write().unwrap().hosts.entry(host).or_default().is_asked = false;
    }

    /// Notes what a good answer gave: a listing its window of articles, a page one.
    fn note(&self, feed: Option<u64>, article: Option<(u64, i64)>, at: Timestamp) {
        let mut log = self.log.write().unwrap();
        if let Some(feed) = feed {
            let newest = newest(feed, at);
            let announced = &mut log.feeds[usize::try_from(feed).unwrap()].announced;
            (0..=newest)
                .rev()
                .take(usize::try_from(WINDOW).unwrap())
                .for_each(|n| announced.add(n));
        } else if let Some((feed, n)) = article {
            log.pages += 1;
            log.feeds[usize::try_from(feed).unwrap()].served.add(n);
        }
    }

    /// Three answers in ten, always the same for an address and a time.
    fn fault(&self, request: &Request, at: Timestamp) -> Option<Answer> {
        let host = request.url.host_str().unwrap();
        let name = request.url.path().bytes().chain(host.bytes());
        let seed = name.fold(7_u64, |n, b| n.wrapping_mul(31).wrapping_add(u64::from(b)));
        let chance = chance(seed, at.as_second().unsigned_abs());
        if chance % 10 >= 3 {
            return None;
        }
        let plain = |status: u16| Ok((status, Vec::new(), b"<h1>Sorry".to_vec()));
        let wait = |status: u16, seconds: u64| {
            Ok((status, vec![("retry-after", seconds.to_string())], Vec::new()))
        };
        let (name, answer): (_, Answer) = match (chance >> 8) % 14 {
            0 => ("no name", Err(FetchError::Dns("no such host".into()))),
            1 => ("no connection", Err(FetchError::Connect("refused".into()))),
            2 => ("time-out", Err(FetchError::Timeout(Duration::from_mins(1)))),
            3 => ("broken off", Err(FetchError::Protocol("the body ended early".into()))),
            4 => ("tls", Err(FetchError::Tls("expired".into()))),
            5 => ("too large", Err(FetchError::TooLarge(5 << 20))),
            6 => ("in a circle", Err(FetchError::RedirectLoop(request.url.to_string()))),
            // One that holds very many feeds back at a time could not be asked for all of them.
            8 if host != "site0.example" => ("503", wait(503, 60 + chance % 3600)),
            9 if host != "site0.example" => ("429", wait(429, 60 + chance % 3600)),
            7..10 => ("500", plain(500)),
            10 => ("403", plain(403)),
            11 => ("404", plain(404)),
            12 => ("empty", Ok((200, Vec::new(), Vec::new()))),
            _ => ("garbage", Ok((200, Vec::new(), chance.to_le_bytes().repeat(200)))),
        };
        *self.log.write().unwrap().faults.entry(name).or_default() += 1;
        Some(answer)
    }

    fn good(
        request: &Request,
        feed: Option<u64>,
        article: Option<(u64, i64)>,
        at: Timestamp,
    ) -> Told {
        if let Some(feed) = feed {
            let newest = newest(feed, at);
            let tag = format!("\"{newest}\"");
            // A quarter knows no conditional requests.
            let knows = !chance(4, feed).is_multiple_of(4);
            if knows && request.validators.etag.as_deref() == Some(tag.as_bytes()) {
                return (304, vec![("etag", tag)], Vec::new());
            }
            let headers = if knows { vec![("etag", tag)] } else { Vec::new() };
            return (200, headers, listing(feed, newest).into_bytes());
        }
        let Some((feed, n)) = article else {
            return (200, Vec::new(), b"User-agent: *\nAllow: /\n".to_vec());
        };
        let headers = vec![("content-type", "text/html; charset=utf-8".to_owned())];
        (200, headers, page(feed, n).into_bytes())
    }
}

impl Fetch for Web {
    async fn fetch(&self, request: Request) -> Result<Response, FetchError> {
        let at = self.clock.now();
        let name = request.url.host_str().unwrap();
        let host = name.trim_start_matches("site").split('.').next().unwrap().parse().unwrap();
        let mut path = request.url.path().split('/').skip(1).map(str::parse::<i64>);
        let number = path.next().and_then(Result::ok).map(i64::unsigned_abs);
        let article = number.zip(path.next().and_then(Result::ok));
        let feed = number.filter(|_| request.wanted == Wanted::Listing);
        self.begin(host, feed, at);
        let fault = self.fault(&request, at);
        let is_slow = matches!(fault, Some(Err(FetchError::Timeout(_))));
        time::sleep(if is_slow { Duration::from_mins(1) } else { ANSWER }).await;
        self.end(host);
        let answer = fault.unwrap_or_else(|| {
            let good = Self::good(&request, feed, article, at);
            if good.0 == 200 {
                self.note(feed, article, at);
            }
            Ok(good)
        });
        let (status, headers, body) = answer?;
        let headers =
            headers.into_iter().map(|(name, value)| (name.to_owned(), value.into_bytes()));
        Ok(Response {
            status,
            url: request.url,
            redirects: Vec::new(),
            headers: headers.collect(),
            body,
            at: self.clock.now(),
            took: ANSWER,
            is_cut: false,
            exchanges: vec![],
            room: Room::default(),
        })
    }
}

fn feeds(feeds: u64) -> Vec<Feed> {
    let url = |n| format!("https://site{}.example/{n}", host_of(n, feeds));
    (0..feeds).map(|n| crawl::feed(n, &url(n))).collect()
}

/// How many polls began how many seconds later than they were due.
type Late = BTreeMap<i64, u64>;

/// Seconds that a share of the polls was late at the most.
fn late_by(late: &Late, share: f64) -> i64 {
    let mut left = late.values().sum::<u64>() as f64 * share;
    let found = late.iter().find(|(_, polls)| {
        left -= **polls as f64;
        left <= 0.0
    });
    found.map_or(0, |(seconds, _)| *seconds)
}

fn number(name: &str, default: u64) -> u64 {
    env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// MiB of this process that are in memory, without what is only a file's.
fn resident() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("RssAnon")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
}

#[tokio::test(start_paused = true)]
#[expect(clippy::too_many_lines, reason = "one run, and the laws that it has to keep")]
async fn months_of_faults_lose_nothing_double_nothing_and_keep_every_feed_on_time() {
    let days = number("NEWSWATCH_SOAK_DAYS", 4);
    let count = number("NEWSWATCH_SOAK_FEEDS", 40);
    let folder = tempfile::tempdir().unwrap();
    let web = Web::new(count);
    let mut crawl = crawl::crawl(feeds(web.feeds), 200, folder.path(), web.clock.now());
    let (disk, mut stores) = crawl::stores(folder.path());
    let plan = Plan {
        concurrency: 64,
        grace: Duration::from_mins(2),
        retention: Retention::default(),
        compression: None,
        longest_sleep: daemon::LONGEST_SLEEP,
        until_idle_for: None,
    };
    let late = RwLock::new(Late::new());
    let (stop, commands) = mpsc::channel(1);
    let clock = web.clock;
    let running = daemon::run(
        &mut crawl,
        &mut stores,
        web.clone(),
        InProcess,
        plan,
        commands,
        move || clock.now(),
        |notice| {
            if let Notice::Landed(visit) = notice
                && let Work::Poll { late: by, .. } = &visit.task.work
            {
                *late.write().unwrap().entry(by.as_secs()).or_default() += 1;
            }
        },
    );
    let samples = async {
        let mut samples = Vec::new();
        let began = std::time::Instant::now();
        for day in 1..=days {
            time::sleep(Duration::from_hours(24)).await;
            if day % 10 == 0 || day == days {
                let resident = resident();
                samples.push(resident);
                let (requests, pages) = {
                    let log = web.log.read().unwrap();
                    (log.requests, log.pages)
                };
                let late = late.read().unwrap();
                let [half, most] = [0.5, 0.999].map(|share| late_by(&late, share));
                println!(
                    "day {day}: {resident:.0} MiB, {requests} requests, {pages} pages, polls late by \
                     {half} s (half), {most} s (99.9 %), {} s (all); {} s passed",
                    late.last_key_value().map_or(0, |(seconds, _)| *seconds),
                    began.elapsed().as_secs()
                );
            }
        }
        stop.send(Command::Stop).await.unwrap();
        samples
    };
    let (end, samples) = tokio::join!(running, samples);
    assert_eq!(end.unwrap(), End::Stopped);
    let end = web.clock.now();
    let log = std::mem::take(&mut *web.log.write().unwrap());
    println!("{} requests, {:?}", log.requests, log.faults);

    // One record an article, doubled or lost none.
    let mut kept = BTreeSet::new();
    for line in newswatch::archive::read(&disk).unwrap() {
        let record = line.unwrap().record().unwrap();
        if record.record_type == RecordType::Article {
            assert!(kept.insert(record.url.clone()), "{} was doubled", record.url);
        }
    }
    let (mut wanted, mut unseen, mut forgotten, mut lost) = (0, 0, Vec::new(), Vec::new());
    for feed in 0..count {
        let asked = &log.feeds[usize::try_from(feed).unwrap()];
        let host = host_of(feed, count);
        for n in (0..=newest(feed, end)).filter(|n| is_about_it(*n)) {
            let url = format!("https://site{host}.example/{feed}/{n}");
            let is_old = end.duration_since(published(feed, n)) > GRACE;
            if kept.remove(&url) {
                wanted += 1;
            } else if asked.served.has(n) {
                lost.push(url);
            } else if asked.announced.has(n) && is_old {
                forgotten.push(url);
            } else if is_old {
                unseen += 1;
            }
        }
    }
    println!(
        "{wanted} articles kept; {} read and lost, {} announced and never kept, {unseen} had left \
         their feed before it could be had again",
        lost.len(),
        forgotten.len()
    );
    assert!(wanted > 0 && kept.is_empty(), "nobody published {kept:?}");
    assert!(lost.is_empty(), "read and lost: {lost:?}");
    assert!(forgotten.is_empty(), "announced long ago and never kept: {forgotten:?}");
    assert!(unseen <= wanted / 500, "{unseen} were never seen");

    let polls = log.feeds.iter().map(|feed| feed.polls);
    let longest = log.feeds.iter().map(|feed| feed.longest_pause).max().unwrap();
    let late = late.read().unwrap();
    let worst = late.last_key_value().map_or(0, |(seconds, _)| *seconds);
    println!(
        "polls a feed: {} to {}; the longest pause of any: {longest:#}; the latest poll: {worst} s",
        polls.clone().min().unwrap(),
        polls.max().unwrap()
    );
    assert!(log.feeds.iter().all(|feed| feed.polls > 0), "a feed was never polled");
    assert!(longest <= LONGEST_PAUSE, "a feed was left alone for {longest:#}");
    // Another process's tests share this memory where the run is a short one.
    if let [_, second, .., last] = samples[..] {
        assert!(last <= second * 1.1 + 16.0, "memory grew: {samples:?}");
    }
}
