//! The daemon on a scripted web, in virtual time: thirty days in seconds, and laws over the log.

use std::{
    sync::{Arc, RwLock},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use newswatch::{
    archive::{Record, Retention},
    crawl::Feed,
    daemon::{self, Command, End, Plan},
    fetch::{Fetch, FetchError, Request, Response, Room},
    reader::InProcess,
};
use tokio::{sync::mpsc, time};

use crate::support::crawl::{self, Clock, start};

const DAYS: i64 = 30;
const HOSTS: usize = 3;
/// An article every so often on each host; every third is about the topic.
const EVERY: i64 = 3 * 3600;
const WINDOW: i64 = 10;

#[derive(Debug, Clone, PartialEq, Eq)]
struct Asked {
    at: Timestamp,
    back: Timestamp,
    url: String,
    conditional: bool,
    status: u16,
}

/// Three sites that publish on schedule, answer in 300 ms, and know conditional requests.
#[derive(Debug, Clone)]
struct Web {
    clock: Clock,
    log: Arc<RwLock<Vec<Asked>>>,
}

impl Web {
    fn new() -> Self {
        Self { clock: Clock::start(), log: Arc::default() }
    }

    fn newest(at: Timestamp) -> i64 {
        at.duration_since(start()).as_secs() / EVERY
    }

    fn answer(request: &Request, at: Timestamp) -> (u16, Option<String>, String) {
        let host = request.url.host_str().unwrap();
        let newest = Self::newest(at);
        match request.url.path() {
            "/robots.txt" => (200, None, "User-agent: *\nDisallow: /private/\n".into()),
            "/feed" => {
                let etag = format!("\"{newest}\"");
                if request.validators.etag.as_deref() == Some(etag.as_bytes()) {
                    return (304, Some(etag), String::new());
                }
                let items: String = (0..=newest)
                    .rev()
                    .take(usize::try_from(WINDOW).unwrap())
                    .map(|n| {
                        format!(
                            "<item><title>{}</title><link>https://{host}{}</link><guid>{n}</guid></item>",
                            title(host, n),
                            path(n),
                        )
                    })
                    .collect();
                let body = format!(
                    "<rss version=\"2.0\"><channel><title>{host}</title>{items}</channel></rss>"
                );
                (200, Some(etag), body)
            }
            path => match path.rsplit('/').next().and_then(|n| n.parse().ok()) {
                Some(n) => (200, None, page(host, n)),
                None => (404, None, String::new()),
            },
        }
    }
}

fn path(n: i64) -> String {
    // Every tenth lies where robots.txt forbids.
    if n % 10 == 9 { format!("/private/{n}") } else { format!("/news/{n}") }
}

fn is_about_it(n: i64) -> bool {
    n % 3 == 0
}

fn title(host: &str, n: i64) -> String {
    if is_about_it(n) {
        format!("CSTO peacekeepers in Kazakhstan, report {n} of {host}")
    } else {
        format!("Harvest news number {n} from {host}")
    }
}

fn page(host: &str, n: i64) -> String {
    let places = ["bridge", "airport", "station", "depot", "barracks", "square", "mill"];
    let place = places.into_iter().cycle().nth(usize::try_from(n % 7).unwrap()).unwrap();
    let subject = if is_about_it(n) {
        "The Collective Security Treaty Organization (CSTO) peacekeepers who came to Kazakhstan"
    } else {
        "The farmers who came to the market of the valley"
    };
    let paragraphs: String = (0..5)
        .map(|p| {
            format!(
                "<p>{subject} guarded the {place} number {n}{p} on the orders of commander {}{p}, said \
                 spokesman {} of {host}, adding that shift {} would follow at hour {}.</p>",
                n * 7 + p,
                n * 13 + p,
                n * 31 + p,
                (n + p) % 24
            )
        })
        .collect();
    format!(
        "<html lang=en><head><title>{0}</title></head><body><article><h1>{0}</h1>{paragraphs}</article></body></html>",
        title(host, n)
    )
}

impl Fetch for Web {
    async fn fetch(&self, request: Request) -> Result<Response, FetchError> {
        let at = self.clock.now();
        time::sleep(Duration::from_millis(300)).await;
        let (status, etag, body) = Self::answer(&request, at);
        let back = self.clock.now();
        self.log.write().unwrap().push(Asked {
            at,
            back,
            url: request.url.to_string(),
            conditional: request.validators.etag.is_some(),
            status,
        });
        let mut headers = vec![("content-type".to_owned(), b"text/html; charset=utf-8".to_vec())];
        headers.extend(etag.map(|etag| ("etag".to_owned(), etag.into_bytes())));
        Ok(Response {
            status,
            url: request.url,
            redirects: vec![],
            headers,
            body: body.into_bytes(),
            at: back,
            took: Duration::from_millis(300),
            is_cut: false,
            exchanges: vec![],
            room: Room::default(),
        })
    }
}

fn feeds() -> Vec<Feed> {
    (0..HOSTS).map(|n| crawl::feed(n, &format!("https://site{n}.example/feed"))).collect()
}

async fn month(folder: &std::path::Path) -> (Vec<Asked>, Vec<Record>) {
    run(folder, DAYS, |at| at).await
}

/// Days by a clock that may be wrong.
async fn run(
    folder: &std::path::Path,
    days: i64,
    shown: fn(Timestamp) -> Timestamp,
) -> (Vec<Asked>, Vec<Record>) {
    let web = Web::new();
    let (disk, mut stores) = crawl::stores(folder);
    let mut crawl = crawl::crawl(feeds(), 4000, folder, shown(web.clock.now()));
    let plan = Plan {
        concurrency: 8,
        grace: Duration::from_secs(20),
        compression: None,
        retention: Retention::default(),
        longest_sleep: daemon::LONGEST_SLEEP,
        until_idle_for: None,
    };
    let (stop, commands) = mpsc::channel(1);
    let clock = web.clock;
    let running = daemon::run(
        &mut crawl,
        &mut stores,
        web.clone(),
        InProcess,
        plan,
        commands,
        move || shown(clock.now()),
        |_| {},
    );
    let after = Duration::from_secs(u64::try_from(days * 86_400).unwrap());
    let (end, ()) = tokio::join!(running, async {
        time::sleep(after).await;
        stop.send(Command::Stop).await.unwrap();
    });
    assert_eq!(end.unwrap(), End::Stopped);
    let records = newswatch::archive::read(&disk)
        .unwrap()
        .map(|line| line.unwrap().record().unwrap())
        .collect();
    let log = web.log.read().unwrap().clone();
    (log, records)
}

#[tokio::test(start_paused = true)]
async fn thirty_days_of_polling_keep_all_laws_and_give_the_same_log_twice() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (log, records) = month(one.path()).await;

    for host in 0..HOSTS {
        let of_host: Vec<&Asked> =
            log.iter().filter(|a| a.url.contains(&format!("site{host}."))).collect();
        for (before, after) in of_host.iter().zip(of_host.iter().skip(1)) {
            assert!(after.at >= before.back, "two requests at a time: {before:?} {after:?}");
            let gap = after.at.duration_since(before.at);
            assert!(gap >= SignedDuration::from_secs(5), "not left alone: {before:?} {after:?}");
        }
        let robots = of_host.iter().filter(|a| a.url.ends_with("/robots.txt")).count();
        assert!(
            (1..=usize::try_from(DAYS).unwrap() + 1).contains(&robots),
            "{robots} times robots.txt"
        );
        let polls: Vec<&&Asked> = of_host.iter().filter(|a| a.url.ends_with("/feed")).collect();
        assert!(polls.iter().skip(1).all(|a| a.conditional), "a poll without validators");
        assert!(polls.iter().any(|a| a.status == 304));
        for (before, after) in polls.iter().zip(polls.iter().skip(1)) {
            assert!(after.at.duration_since(before.at) >= SignedDuration::from_mins(15));
        }
    }
    let mut pages: Vec<&str> =
        log.iter().map(|a| a.url.as_str()).filter(|url| url.contains("/news/")).collect();
    assert!(!log.iter().any(|a| a.url.contains("/private/")), "robots.txt was not obeyed");
    pages.sort_unstable();
    let asked = pages.len();
    pages.dedup();
    assert_eq!(asked, pages.len(), "a page was fetched twice");

    // Everything published an hour before the end and allowed was read, and what is about it kept.
    let newest = Web::newest(start() + SignedDuration::from_hours(24 * DAYS - 4));
    for host in 0..HOSTS {
        for n in (0..=newest).filter(|n| n % 10 != 9) {
            let url = format!("https://site{host}.example/news/{n}");
            assert!(pages.contains(&url.as_str()), "missed {url}");
            let kept = records.iter().filter(|record| record.url == url).count();
            assert_eq!(kept, usize::from(is_about_it(n)), "{url}");
        }
    }

    let (again, records_again) = month(two.path()).await;
    assert_eq!(log, again);
    assert_eq!(records, records_again);
}

/// What a clock shows that goes wrong after a day, and is put right after two.
const CLOCKS: [fn(Timestamp) -> Timestamp; 6] = [
    |at| if is_second_day(at) { at - SignedDuration::from_hours(2) } else { at },
    |at| if is_second_day(at) { at + SignedDuration::from_hours(24) } else { at },
    |at| if is_second_day(at) { at - SignedDuration::from_hours(24 * 365 * 62) } else { at },
    |at| if is_second_day(at) { at + SignedDuration::from_hours(24 * 365 * 7900) } else { at },
    |at| at - SignedDuration::from_hours(24 * 365 * 62),
    |at| at + SignedDuration::from_hours(24 * 365 * 7900),
];

fn is_second_day(at: Timestamp) -> bool {
    (24..48).contains(&at.duration_since(start()).as_hours())
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_wrong_or_jumps_makes_no_storm_and_no_stall() {
    const DAYS: i64 = 3;
    let polls = |log: &[Asked], host: u32| -> Vec<Timestamp> {
        let feed = format!("https://site{host}.example/feed");
        log.iter().filter(|asked| asked.url == feed).map(|asked| asked.at).collect()
    };
    let longest = |polls: &[Timestamp]| {
        polls.windows(2).map(|pair| pair[1].duration_since(pair[0])).max().unwrap()
    };
    let folder = tempfile::tempdir().unwrap();
    let (right, _) = run(folder.path(), DAYS, |at| at).await;
    for (number, clock) in CLOCKS.into_iter().enumerate() {
        let folder = tempfile::tempdir().unwrap();
        let (log, _) = run(folder.path(), DAYS, clock).await;
        for host in 0..u32::try_from(HOSTS).unwrap() {
            let (usual, found) = (polls(&right, host), polls(&log, host));
            let by = format!("clock {number}, host {host}");
            assert!(found.len() * 10 >= usual.len() * 7, "{by}: {} polls", found.len());
            assert!(found.len() * 10 <= usual.len() * 14, "{by}: {} polls", found.len());
            let more = SignedDuration::from_hours(1);
            assert!(longest(&found) <= longest(&usual) + more, "{by}: {}", longest(&found));
        }
    }
}
