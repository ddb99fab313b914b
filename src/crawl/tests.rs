//! Tests of the crawl, step by step: ask for a task, answer it, look at what it made.
#![expect(clippy::unnecessary_wraps, reason = "answers of one type, of which some are errors")]

use std::cell::RefCell;

use jiff::{SignedDuration, Timestamp};
use url::Url;

use super::*;
use crate::{
    archive::{self, Archive, RecordType},
    article::TextStatus,
    canonical_url::{CanonicalUrl, Host, UrlKey},
    fetch::{Exchange, FetchError, Redirect, Response, Room, Validators},
    jsonl::Folder,
    politeness::Robots,
    schedule::PageId,
    state::{Counters, Fate, Reject, Seen},
    topic::Topic,
};

fn start() -> Timestamp {
    "2022-01-13T08:00:00Z".parse().unwrap()
}

/// A crawl of one feed, its clock, and what it has archived.
struct Bench {
    crawl: Crawl,
    now: Timestamp,
    archived: RefCell<Vec<Record>>,
    rejects: Vec<Reject>,
    events: Vec<Event>,
    /// Of each record, the addresses of what is kept with it.
    came_from: Vec<Vec<Url>>,
}

type Answer = Result<(u16, &'static str, String), FetchError>;

pub(crate) fn rules() -> Rules {
    let topic = Topic::parse(include_str!("../../config/topics/csto-kazakhstan.toml")).unwrap();
    Rules {
        sites: BTreeMap::new(),
        topics: Topics::new(vec![topic]).unwrap(),
        keep: Keep::Relevant,
    }
}

pub(crate) fn settings() -> Settings {
    Settings {
        rest: Rest::default(),
        share: 4,
        robots_for_feeds: false,
        hold_scope: HoldScope::Host,
        revisit_after: SignedDuration::from_mins(1),
        judge_before_fetch: false,
        reject_text: 100,
        copy_memory: SignedDuration::from_hours(24 * 30),
        page_attempts: 3,
        keep_copied_text: true,
        config_hash: "test".into(),
    }
}

impl Bench {
    fn new() -> Self {
        Self::with(State::in_memory().unwrap(), settings())
    }

    fn with(state: State, settings: Settings) -> Self {
        let feed = Feed {
            id: "courier".into(),
            url: Url::parse("https://news.example/feed").unwrap(),
            kind: SourceKind::Feed,
            name: Some("The Courier".into()),
            language: Some("en".into()),
            country: Some("KZ".into()),
            tags: vec![],
            zone: None,
            cadence: Cadence { jitter: 0.0, ..Cadence::default() }.into(),
        };
        let crawl = Crawl::new(vec![feed], rules(), settings, state, start()).unwrap();
        let mut bench = Self {
            crawl,
            now: start(),
            archived: RefCell::default(),
            rejects: vec![],
            events: vec![],
            came_from: vec![],
        };
        bench.crawl.schedule.poll_now(FeedIx::of(0), start());
        bench
    }

    /// Does the next task that is due before `until`, and gives the address that was asked.
    fn step(&mut self, until: Timestamp, web: &dyn Fn(&Url) -> Answer) -> Option<String> {
        let task = self.task(until)?;
        Some(self.land(task, web))
    }

    /// The next task that is due before `until`.
    fn task(&mut self, until: Timestamp) -> Option<Task> {
        loop {
            match self.crawl.next(self.now).unwrap() {
                Do::Task(task) => return Some(*task),
                Do::WaitUntil(at) if at <= until => self.now = at,
                Do::WaitUntil(_) | Do::Wait => return None,
            }
        }
    }

    /// Answers a task, takes in what comes of it, and gives the address that was asked.
    fn land(&mut self, task: Task, web: &dyn Fn(&Url) -> Answer) -> String {
        let asked = task.request.as_ref().map(|request| request.url.clone());
        let response = asked.as_ref().map(|url| {
            web(url).map(|(status, headers, body)| Response {
                status,
                url: led_to(headers).unwrap_or_else(|| url.clone()),
                is_cut: false,
                exchanges: (status == 200).then(|| exchange(url)).into_iter().collect(),
                room: Room::some(),
                redirects: led_to(headers)
                    .or_else(|| leads_on(headers))
                    .map(|to| Redirect { status: 301, from: url.clone(), to })
                    .into_iter()
                    .collect(),
                headers: headers
                    .split('\n')
                    .filter_map(|line| line.split_once(": "))
                    .map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()))
                    .collect(),
                body: body.into_bytes(),
                at: self.now,
                took: std::time::Duration::ZERO,
            })
        });
        let visit = read(&self.crawl.rules(), task, response, self.now);
        let mut step = Step::default();
        self.crawl.state.begin().unwrap();
        // A record stands at the offset of its number.
        let archived =
            |at: Position| self.archived.borrow().get(usize::try_from(at.offset).unwrap()).cloned();
        self.crawl.absorb(&visit, &archived, self.now, &mut step).unwrap();
        let before = self.archived.borrow().len();
        let positions: Vec<Position> = (before..before + step.records.len())
            .map(|n| format!("2022/01/2022-01-13.jsonl:{n}").parse().unwrap())
            .collect();
        self.crawl.note_appended(&step.records, &positions, None).unwrap();
        self.crawl.state.commit().unwrap();
        self.crawl.settle(&[visit], step.effects, self.now);
        self.archived.borrow_mut().extend(step.records);
        let kept = step.exchanges.iter().map(|pages| pages.iter().map(|p| p.url.clone()).collect());
        self.came_from.extend(kept);
        self.rejects.extend(step.rejects);
        self.events.extend(step.events);
        asked.map(String::from).unwrap_or_default()
    }

    /// Does all that is due within `hours`, and gives the addresses asked.
    fn run(&mut self, hours: i64, web: &dyn Fn(&Url) -> Answer) -> Vec<String> {
        let until = self.now + SignedDuration::from_hours(hours);
        let mut asked = Vec::new();
        while let Some(url) = self.step(until, web) {
            asked.push(url);
        }
        self.now = until;
        asked
    }

    fn records(&self) -> Vec<Record> {
        self.archived.borrow().clone()
    }

    fn counters(&self) -> Counters {
        self.crawl.state.feed("courier").unwrap().unwrap().counters
    }
}

/// What went over the wire, as far as the crawl cares.
fn exchange(url: &Url) -> Arc<Exchange> {
    Arc::new(Exchange {
        url: url.clone(),
        at: start(),
        peer: None,
        is_http2: false,
        request: vec![],
        status: 200,
        reason: "OK",
        headers: vec![],
        body: vec![],
    })
}

fn ok(body: impl Into<String>) -> Answer {
    Ok((200, "content-type: text/html; charset=utf-8", body.into()))
}

/// Where an answer leads on to, at another host.
fn leads_on(headers: &str) -> Option<Url> {
    headers.lines().find_map(|line| line.strip_prefix("location: "))?.parse().ok()
}

/// Where an answer came from in the end, as a test says it.
fn led_to(headers: &str) -> Option<Url> {
    headers.lines().find_map(|line| line.strip_prefix("x-final: "))?.parse().ok()
}

fn status(status: u16, headers: &'static str) -> Answer {
    Ok((status, headers, String::new()))
}

fn feed(items: &[(&str, &str)]) -> Answer {
    let items: String = items
        .iter()
        .map(|(title, rest)| format!("<item><title>{title}</title>{rest}</item>"))
        .collect();
    ok(format!("<rss version=\"2.0\"><channel><title>The Courier</title>{items}</channel></rss>"))
}

const MISSION: &str = "CSTO peacekeepers begin to leave Kazakhstan";

fn page(title: &str, head: &str) -> Answer {
    let paragraphs: String = ["first", "second", "third", "fourth"]
        .iter()
        .map(|nth| {
            format!(
                "<p>The {nth} column of the peacekeepers whom the Collective Security Treaty \
                 Organization had sent to Kazakhstan left its barracks on Thursday, said the \
                 commander of the {nth} column, and reached the airfield near Almaty by noon.</p>"
            )
        })
        .collect();
    ok(format!(
        "<html lang=en><head><title>{title}</title>{head}</head><body><article><h1>{title}</h1>\
         {paragraphs}</article></body></html>"
    ))
}

#[test]
fn an_article_is_polled_read_judged_and_kept() {
    let mut bench = Bench::new();
    let asked = bench.run(1, &|url| match url.path() {
        "/feed" => feed(&[(MISSION, "<link>https://news.example/a?utm_source=rss</link>")]),
        "/robots.txt" => status(404, ""),
        _ => page(MISSION, ""),
    });
    assert_eq!(
        asked[..3],
        [
            "https://news.example/feed",
            "https://news.example/robots.txt",
            "https://news.example/a?utm_source=rss",
        ]
    );
    let records = bench.records();
    let [record] = &records[..] else { panic!("{} records", records.len()) };
    assert_eq!((record.url_key.as_str(), record.text_status), ("news.example/a", TextStatus::Full));
    assert_eq!(record.robots_allowed, Some(true));
    assert!(record.topic_reason.as_ref().unwrap().contains("CSTO"), "{:?}", record.topic_reason);
    let counters = bench.counters();
    assert_eq!((counters.entries, counters.kept), (1, 1));
}

#[test]
fn one_article_under_two_addresses_is_one_record() {
    let mut bench = Bench::new();
    let canonical = "<link rel=canonical href=\"https://news.example/2022/01/csto-leaves-17\">";
    bench.run(1, &|url| match url.path() {
        "/feed" => feed(&[
            (MISSION, "<link>https://news.example/2022/01/csto-leaves-17</link>"),
            (MISSION, "<link>https://news.example/world/csto-leaves-17</link>"),
        ]),
        "/robots.txt" => status(404, ""),
        _ => page(MISSION, canonical),
    });
    assert_eq!(bench.records().len(), 1);
    assert!(bench.events.iter().any(|event| matches!(event, Event::Same { .. })));
    let counters = bench.counters();
    assert_eq!((counters.entries, counters.kept, counters.duplicates), (2, 1, 1));
}

#[test]
fn a_copy_that_is_kept_as_a_reference_leaves_its_text_to_the_first() {
    let mut bench = Bench::new();
    bench.crawl.settings.keep_copied_text = false;
    let edited = RefCell::new(false);
    let web = |url: &Url| match url.path() {
        "/feed" => {
            let date = if *edited.borrow() { "Friday" } else { "Thursday" };
            let items = ["a", "b", "c"].map(|path| {
                format!("<link>https://news.example/{path}</link><description>{date}</description>")
            });
            feed(&items.each_ref().map(|item| (MISSION, item.as_str())))
        }
        "/robots.txt" => status(404, ""),
        _ if *edited.borrow() => page(MISSION, "").map(|(status, headers, body)| {
            (status, headers, body.replacen("Almaty by noon", "Almaty at dawn", 1))
        }),
        _ => page(MISSION, ""),
    };
    bench.run(1, &web);
    let records = bench.records();
    let [first, copies @ ..] = &records[..] else { panic!("no record") };
    assert!(first.text.is_some() && first.duplicate_of.is_none());
    assert_eq!(copies.len(), 2);
    for copy in copies {
        assert_eq!((copy.text.as_ref(), &copy.duplicate_of), (None, &Some(first.id.clone())));
        assert_eq!((copy.word_count, &copy.content_hash), (first.word_count, &first.content_hash));
    }
    // A revision of a copy is compared with the text that the first has for it.
    *edited.borrow_mut() = true;
    bench.run(12, &web);
    let records = bench.records();
    let revision = records.iter().find(|record| record.revision_of.as_ref() == Some(&copies[0].id));
    let similarity = revision.expect("a revision").similarity.unwrap();
    assert!((0.9..1.0).contains(&similarity), "{similarity}");
}

#[test]
fn a_page_that_is_refused_holds_its_host_and_is_tried_again() {
    let mut bench = Bench::new();
    let refused = RefCell::new(0);
    let web = |url: &Url| match url.path() {
        "/feed" => feed(&[(MISSION, "<link>https://news.example/a</link>")]),
        "/robots.txt" => status(404, ""),
        _ if *refused.borrow() == 0 => {
            *refused.borrow_mut() += 1;
            status(429, "retry-after: 1200")
        }
        _ => page(MISSION, ""),
    };
    while bench.records().is_empty() {
        bench.step(start() + SignedDuration::from_hours(2), &web).expect("more to do");
    }
    assert!(bench.now >= start() + SignedDuration::from_secs(1200), "asked again at {}", bench.now);
    assert_eq!(bench.records().len(), 1);
}

#[test]
fn a_refusal_holds_its_host_whatever_was_asked_and_how_often() {
    let items =
        [(MISSION, "<link>https://a.example/1</link>"), ("B", "<link>https://a.example/2</link>")];
    let hour = SignedDuration::from_hours(1);
    for (refused, most) in [("/robots.txt", 3), ("/1", 1)] {
        let mut bench = Bench::new();
        bench.crawl.settings.page_attempts = most;
        let until = start() + SignedDuration::from_hours(3);
        let mut asked: Vec<(Timestamp, String)> = vec![];
        while let Some(url) = bench.step(until, &|url| match url.path() {
            "/feed" => feed(&items),
            path if path == refused => status(429, "retry-after: 3600"),
            "/robots.txt" => status(404, ""),
            _ => page(MISSION, ""),
        }) {
            asked.push((bench.now, url));
        }
        asked.retain(|(_, url)| url.contains("a.example"));
        let place = asked.iter().position(|(_, url)| url.ends_with(refused)).unwrap();
        let [before, after, ..] = &asked[place..] else { panic!("{asked:?}") };
        assert!(after.0.duration_since(before.0) >= hour, "{refused}: {asked:?}");
    }
}

/// When a page is asked for within an hour whose host always gives this answer.
fn asked_when_refused(code: u16, fields: &'static str) -> Vec<Timestamp> {
    let mut bench = Bench::new();
    let until = start() + SignedDuration::from_hours(1);
    let mut asked = vec![];
    while let Some(url) = bench.step(until, &|url| match url.path() {
        "/feed" => feed(&[(MISSION, "<link>https://a.example/1</link>")]),
        "/robots.txt" => status(404, ""),
        _ => status(code, fields),
    }) {
        asked.extend(url.ends_with("/1").then_some(bench.now));
    }
    asked
}

#[test]
fn a_server_is_taken_at_its_word_for_a_short_wait_once() {
    let asked = asked_when_refused(429, "retry-after: 7");
    let [first, second, third] = asked[..] else { panic!("{asked:?}") };
    assert!((7..12).contains(&second.duration_since(first).as_secs()), "{asked:?}");
    assert!(third.duration_since(second) > SignedDuration::from_mins(1), "{asked:?}");
}

#[test]
fn a_host_that_asks_for_no_wait_is_not_asked_again_at_once() {
    let asked = asked_when_refused(503, "retry-after: 0");
    let [first, second, third] = asked[..] else { panic!("{asked:?}") };
    assert!(second.duration_since(first) >= SignedDuration::from_mins(1), "{asked:?}");
    assert!(third.duration_since(second) > SignedDuration::from_mins(1), "{asked:?}");
}

#[test]
fn what_a_host_has_asked_for_holds_for_its_feeds_after_a_restart() {
    let host = |name| Host::parse(name).unwrap();
    let state = State::in_memory().unwrap();
    let hour = SignedDuration::from_hours(1);
    state.put_hold(&host("img.news.example"), start() + hour).unwrap();
    let robots = Robots::parse(b"User-agent: *\nCrawl-delay: 120", start());
    state.put_robots(&host("news.example"), &robots).unwrap();
    let mut bench = Bench::with(state, Settings { hold_scope: HoldScope::Domain, ..settings() });
    assert!(bench.step(start(), &|_| feed(&[])).is_none(), "its domain is held");
    bench.step(start() + hour, &|_| feed(&[])).unwrap();
    let ready_at = bench.crawl.schedule.host_ready_at(FeedIx::of(0)).unwrap();
    assert_eq!(ready_at.duration_since(start() + hour), SignedDuration::from_secs(120));
}

#[test]
fn what_is_judged_by_its_feed_again_is_not_counted_as_new() {
    let mut bench = Bench::with(
        State::in_memory().unwrap(),
        Settings { judge_before_fetch: true, ..settings() },
    );
    let polls = RefCell::new(0);
    bench.run(6, &|_| {
        *polls.borrow_mut() += 1;
        let text =
            format!("<description>The harvest is late, part {}</description>", polls.borrow());
        feed(&[("Farmers of the valley", &format!("<link>https://news.example/a</link>{text}"))])
    });
    let found: Vec<(u32, u32)> = bench
        .events
        .iter()
        .filter_map(|event| match event {
            Event::Polled { new, changed, .. } => Some((*new, *changed)),
            _ => None,
        })
        .collect();
    assert_eq!(found[0], (1, 0));
    assert!(found.len() > 3 && found[1..].iter().all(|found| *found == (0, 1)), "{found:?}");
    let counters = bench.counters();
    assert_eq!(counters.entries, counters.rejected);
}

#[test]
fn what_cannot_be_had_leaves_the_feeds_own_text() {
    let text = "<description>The CSTO peacekeepers have begun to leave Kazakhstan, the \
                organization said on Thursday.</description>";
    for answer in [status(404, ""), status(403, ""), Err(FetchError::TooLarge(5)), ok("")] {
        let mut bench = Bench::new();
        bench.run(2, &|url| match url.path() {
            "/feed" => feed(&[(MISSION, &format!("<link>https://news.example/a</link>{text}"))]),
            "/robots.txt" => status(404, ""),
            _ => answer.clone(),
        });
        let records = bench.records();
        assert_eq!(records.len(), 1, "{answer:?}");
        assert_eq!(records[0].text_status, TextStatus::FeedOnly);
        assert_eq!(records[0].extraction.warnings.len(), 1);
    }
}

#[test]
fn a_host_that_fails_is_tried_again_before_the_feed_has_to_do() {
    let mut bench = Bench::new();
    let asked = bench.run(24, &|url| match url.path() {
        "/feed" => feed(&[(MISSION, "<link>https://pages.example/a</link>")]),
        "/robots.txt" => status(404, ""),
        _ => status(500, ""),
    });
    assert_eq!(asked.iter().filter(|url| url.ends_with("/a")).count(), 3);
    assert_eq!(bench.records()[0].text_status, TextStatus::Failed);
}

const ARTICLE: &str = "https://pages.example/a";

/// What the web says of a feed and of the page of its one entry.
fn one_entry(url: &Url, page: impl FnOnce() -> Answer) -> Answer {
    match url.path() {
        "/feed" => feed(&[(MISSION, &format!("<link>{ARTICLE}</link>"))]),
        "/robots.txt" => status(404, ""),
        _ => page(),
    }
}

fn asked_for_article(asked: &[String]) -> usize {
    asked.iter().filter(|url| *url == ARTICLE).count()
}

#[test]
fn a_page_that_is_not_there_yet_when_it_is_announced_is_asked_for_again() {
    for code in [403, 404] {
        let mut bench = Bench::new();
        bench.crawl.settings.page_attempts = 9;
        let asked = RefCell::new(0);
        bench.run(6, &|url| {
            one_entry(url, || {
                *asked.borrow_mut() += 1;
                if *asked.borrow() < 4 { status(code, "") } else { page(MISSION, "") }
            })
        });
        assert_eq!(*asked.borrow(), 4);
        assert_eq!(bench.records()[0].text_status, TextStatus::Full, "after {code}");
    }
}

#[test]
fn a_page_that_stays_away_is_given_up_after_hours_and_one_that_is_gone_at_once() {
    for (code, times) in [(403, 4), (404, 4), (410, 1), (451, 1)] {
        let mut bench = Bench::new();
        bench.crawl.settings.page_attempts = 9;
        let asked = bench.run(6, &|url| one_entry(url, || status(code, "")));
        assert_eq!(asked_for_article(&asked), times, "{code}");
        assert_eq!(bench.records()[0].text_status, TextStatus::Failed);
    }
}

#[test]
fn a_host_that_refuses_every_page_is_asked_seldom_and_the_feeds_text_has_to_do() {
    let mut bench = Bench::new();
    bench.crawl.settings.page_attempts = 9;
    let web = |url: &Url| match url.path() {
        "/feed" => {
            let links: Vec<String> =
                (0..300).map(|n| format!("<link>https://pages.example/{n}</link>")).collect();
            feed(&links.iter().map(|link| (MISSION, link.as_str())).collect::<Vec<_>>())
        }
        "/robots.txt" => status(404, ""),
        _ => status(403, ""),
    };
    let asked = bench.run(24, &web);
    let pages = asked.iter().filter(|url| url.starts_with("https://pages.example/")).count();
    assert!((5..25).contains(&pages), "{pages} requests");
    assert_eq!(bench.crawl.schedule.waiting_pages(), 0, "all are given up");
    let standings = bench.crawl.state.standings().unwrap();
    assert!(standings[0].1.told().is_some());
}

fn down() -> Answer {
    Err(FetchError::Connect("Connection refused".into()))
}

fn slow() -> Answer {
    Err(FetchError::Timeout(std::time::Duration::from_mins(1)))
}

#[test]
fn what_waits_while_no_host_answers_is_read_soon_after() {
    for fault in [down, slow] {
        let mut bench = Bench::new();
        bench.crawl.settings.page_attempts = 8;
        let asked = bench.run(1, &|url| one_entry(url, || status(503, "")));
        assert_eq!(asked_for_article(&asked), 6, "two tries are left");
        let asked = bench.run(24 * 4, &|_| fault());
        assert!((50..2000).contains(&asked.len()), "{} requests", asked.len());
        assert_eq!(bench.rejects.len() + bench.records().len(), 0);
        let polls = RefCell::new(0);
        bench.run(2, &|url| {
            *polls.borrow_mut() += u32::from(url.path() == "/feed");
            one_entry(url, || page(MISSION, ""))
        });
        assert_eq!(bench.records()[0].text_status, TextStatus::Full);
        assert!(*polls.borrow() > 1, "the feed is back in its rhythm");
    }
}

#[test]
fn a_host_that_answers_nothing_is_waited_for_and_given_up_after_days() {
    let text = "<description>The CSTO peacekeepers have begun to leave Kazakhstan.</description>";
    let web = |url: &Url, page: Answer| match (url.host_str(), url.path()) {
        (_, "/feed") => feed(&[(MISSION, &format!("<link>{ARTICLE}</link>{text}"))]),
        (Some("pages.example"), _) => page,
        _ => status(404, ""),
    };
    // The robots.txt of the host is not known, or is.
    for hours_before in [0, 1] {
        let mut bench = Bench::new();
        bench.run(hours_before, &|url| match url.path() {
            "/feed" => ok("<rss version=\"2.0\"><channel/></rss>"),
            _ => status(404, ""),
        });
        if hours_before > 0 {
            let host = Host::parse("pages.example").unwrap();
            bench.crawl.state.put_robots(&host, &Robots::unavailable(bench.now)).unwrap();
        }
        bench.run(60, &|url| web(url, down()));
        assert_eq!(bench.records().len(), 0, "it is waited for");
        let asked = bench.run(24, &|url| web(url, down()));
        assert!(asked.len() < 24 * 4, "{} requests in a day", asked.len());
        assert_eq!(bench.records()[0].text_status, TextStatus::FeedOnly);
    }
}

/// Announces pages at a host, which is down.
fn forty_pages_of_a_dead_host(url: &Url) -> Answer {
    let links: Vec<String> =
        (0..40).map(|n| format!("<link>https://pages.example/{n}</link>")).collect();
    let items: Vec<(&str, &str)> = links.iter().map(|link| (MISSION, link.as_str())).collect();
    match (url.host_str(), url.path()) {
        (Some("pages.example"), _) => down(),
        (_, "/feed") => feed(&items),
        _ => status(404, ""),
    }
}

#[test]
fn all_pages_of_a_dead_host_are_given_up_after_three_days() {
    let mut bench = Bench::new();
    let host = Host::parse("pages.example").unwrap();
    bench.crawl.settings.page_attempts = 9;
    bench.crawl.state.put_robots(&host, &Robots::unavailable(bench.now)).unwrap();
    bench.run(70, &forty_pages_of_a_dead_host);
    assert_eq!(bench.crawl.schedule.waiting_pages(), 40);
    bench.run(20, &forty_pages_of_a_dead_host);
    assert_eq!(bench.crawl.schedule.waiting_pages(), 0);
}

#[test]
fn a_restart_after_days_gives_up_no_page_unasked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.sqlite");
    let mut bench = Bench::with(State::open(&path).unwrap(), settings());
    bench.run(2, &forty_pages_of_a_dead_host);
    drop(bench);
    for days in [4, 8] {
        let mut bench = Bench::with(State::open(&path).unwrap(), settings());
        bench.now = start() + SignedDuration::from_hours(24 * days);
        bench.run(12, &|_| down());
        assert_eq!(bench.crawl.schedule.waiting_pages(), 40, "nobody answers");
    }
    let mut bench = Bench::with(State::open(&path).unwrap(), settings());
    bench.now = start() + SignedDuration::from_hours(24 * 9);
    bench.run(3, &|url| match url.host_str() {
        Some("pages.example") if url.path() != "/robots.txt" => page(MISSION, ""),
        _ => forty_pages_of_a_dead_host(&Url::parse("https://news.example/robots.txt").unwrap()),
    });
    assert_eq!(bench.crawl.schedule.waiting_pages(), 0);
    assert!(bench.rejects.iter().all(|reject| !reject.failed));
    assert!(bench.crawl.state.standings().unwrap().is_empty());
}

#[test]
fn a_page_that_is_always_too_slow_is_given_up_though_its_host_answers_others() {
    let mut bench = Bench::new();
    let asked = bench.run(12, &|url| match url.path() {
        "/feed" => feed(&[(MISSION, "<link>https://news.example/a</link>")]),
        "/robots.txt" => status(404, ""),
        _ => slow(),
    });
    let times = asked.iter().filter(|url| url.ends_with("/a")).count();
    assert!((3..15).contains(&times), "{times} times");
    assert_eq!(bench.records().len(), 1);
}

#[test]
fn what_one_answer_has_held_stays_held_for_a_task_that_asks_nothing() {
    let mut bench = Bench::new();
    bench.crawl.settings.hold_scope = HoldScope::Domain;
    let (one, other) =
        (Host::parse("a.news.example").unwrap(), Host::parse("b.news.example").unwrap());
    let schedule = &mut bench.crawl.schedule;
    schedule.put_back(&one, Job::Page(FeedIx::GONE, PageId(7)), start());
    while let Next::Fetch { host, .. } = schedule.next(start()) {
        assert!(host == one || host.as_str() == "news.example");
    }
    let held = start() + SignedDuration::from_hours(3);
    schedule.hold_domain(&other, held);
    schedule.release_unasked(&one);
    schedule.put_back(&one, Job::Page(FeedIx::GONE, PageId(8)), start());
    assert_eq!(schedule.held_until(&one), Some(held));
    assert_eq!(schedule.next(start()), Next::WaitUntil(held));
}

#[test]
fn a_robots_txt_that_cannot_be_reached_is_waited_for_and_one_that_forbids_is_obeyed() {
    let mut bench = Bench::new();
    let asked = bench.run(2, &|url| match url.path() {
        "/feed" => feed(&[(MISSION, "<link>https://pages.example/a</link>")]),
        _ => status(500, ""),
    });
    assert!(!asked.iter().any(|url| url.ends_with("/a")), "asked without knowing: {asked:?}");
    assert_eq!(bench.records().len(), 0, "it is waited for");
    bench.run(24, &|url| match url.path() {
        "/robots.txt" => ok("User-agent: *\nDisallow: /"),
        _ => status(304, ""),
    });
    assert_eq!(bench.records()[0].robots_allowed, Some(false));
}

#[test]
fn a_denied_address_fails_at_once_with_its_reason() {
    let mut bench = Bench::new();
    let items = [
        ("A walk in the mountains", "<link>http://10.0.0.1/x</link>"),
        (MISSION, "<link>http://localhost:81/y</link>"),
    ];
    bench.run(1, &|url| match url.path() {
        "/feed" => feed(&items),
        _ => Err(FetchError::Denied("10.0.0.1 is a private address".to_owned())),
    });
    let Counters { entries, kept, failed, .. } = bench.counters();
    assert_eq!((entries, kept, failed), (2, 1, 1), "the feed has a word on one of them");
    assert!(bench.rejects[0].reason.contains("10.0.0.1 is a private address"));
    let told = |event: &&Event| matches!(event, Event::PageFailed { error, .. } if error.contains("not allowed"));
    assert_eq!(bench.events.iter().filter(told).count(), 2);
}

#[test]
fn pages_that_wait_for_a_robots_txt_are_not_silent_about_it() {
    let mut bench = Bench::new();
    bench.run(2, &|url| match url.path() {
        "/feed" => feed(&[(MISSION, "<link>https://pages.example/a</link>")]),
        _ => Err(FetchError::Connect("refused".to_owned())),
    });
    let told: Vec<&Event> = bench
        .events
        .iter()
        .filter(|event| matches!(event, Event::RobotsUnreachable { .. }))
        .collect();
    let [Event::RobotsUnreachable { host, error }] = &told[..] else { panic!("{told:?}") };
    assert_eq!((host.as_str(), error.as_str()), ("pages.example", "no connection: refused"));
}

#[test]
fn a_name_and_a_password_in_a_link_are_neither_sent_nor_stored() {
    let mut bench = Bench::new();
    let asked = bench.run(1, &|url| match url.path() {
        "/feed" => feed(&[(
            MISSION,
            "<link>https://user:secret@news.example/a</link>\
             <guid>https://user:secret@news.example/a</guid>\
             <enclosure url='https://user:secret@news.example/v.mp4' type='video/mp4'/>",
        )]),
        "/a" => page(
            MISSION,
            "<link rel='canonical' href='https://user:secret@news.example/b'>\
             <meta property='og:image' content='https://user:secret@news.example/i.jpg'>",
        ),
        _ => status(404, ""),
    });
    assert!(asked.contains(&"https://news.example/a".to_owned()), "{asked:?}");
    let told = serde_json::to_string(&bench.records()).unwrap();
    assert!(told.contains("news.example/i.jpg") && told.contains("news.example/v.mp4"), "{told}");
    assert!(!told.contains("secret"), "{told}");
}

#[test]
fn a_robots_txt_from_before_a_clock_was_set_back_is_asked_for_again() {
    let mut bench = Bench::new();
    let listed =
        |name: &str| feed(&[(MISSION, &format!("<link>https://pages.example/{name}</link>"))]);
    bench.now = start() + SignedDuration::from_hours(24 * 3650);
    let allows = |url: &Url| match url.path() {
        "/feed" => listed("a"),
        "/robots.txt" => status(404, ""),
        _ => page(MISSION, ""),
    };
    bench.run(1, &allows);
    assert_eq!(bench.records().len(), 1);
    bench.now = start();
    let asked = bench.run(2, &|url| match url.path() {
        "/feed" => listed("b"),
        "/robots.txt" => ok("User-agent: *\nDisallow: /"),
        _ => panic!("asked {url}"),
    });
    assert!(asked.iter().any(|url| url.ends_with("/robots.txt")), "{asked:?}");
}

#[test]
fn an_entry_without_an_address_is_kept_as_the_feed_gives_it() {
    let mut bench = Bench::new();
    let text = "<guid isPermaLink=\"false\">flash-1</guid><description>CSTO peacekeepers leave \
                Kazakhstan, the organization says.</description>";
    let asked = bench.run(2, &|url| match url.path() {
        "/feed" => feed(&[(MISSION, text)]),
        _ => panic!("asked {url}"),
    });
    assert!(asked.iter().filter(|url| url.is_empty()).count() == 1, "{asked:?}");
    assert_eq!(bench.records().len(), 1);
}

#[test]
fn an_entry_of_nothing_but_a_text_is_kept() {
    let mut bench = Bench::new();
    let text = |town: &str| {
        format!("<description>CSTO peacekeepers leave {town} in Kazakhstan, it says.</description>")
    };
    bench.run(24, &|url| match url.path() {
        "/feed" => feed(&[("", &text("Almaty")), ("", &text("Astana"))]),
        _ => panic!("asked {url}"),
    });
    let records = bench.records();
    assert_eq!(records.len(), 2, "{records:#?}");
    assert!(records.iter().all(|record| record.title.is_none() && record.text.is_some()));
}

#[test]
fn a_date_in_the_future_is_not_believed() {
    let head = "<meta property=article:published_time content=2031-05-06T07:08:09Z>";
    let rows = [
        // The page's date, the feed's, and which is kept.
        ("", "2099-01-01", None),
        (head, "Thu, 13 Jan 2022 07:00:00 GMT", Some("2022-01-13T07:00:00Z")),
        // A zone that was read wrongly.
        ("", "Fri, 14 Jan 2022 08:00:00 GMT", Some("2022-01-14T08:00:00Z")),
    ];
    for (head, date, kept) in rows {
        let mut bench = Bench::new();
        let item = format!("<link>/a</link><pubDate>{date}</pubDate>");
        bench.run(2, &|url| match url.path() {
            "/feed" => feed(&[(MISSION, &item)]),
            "/a" => page(MISSION, head),
            _ => status(404, ""),
        });
        let records = bench.records();
        let [record] = &records[..] else { panic!("{records:#?}") };
        let at = record.published_at.map(|at| at.to_string());
        assert_eq!(at.as_deref(), kept, "{date}");
        let warned = record.extraction.warnings.iter().any(|w| w.contains("in the future"));
        assert_eq!(warned, !date.starts_with("Fri"), "{:?}", record.extraction.warnings);
    }
}

#[test]
fn a_changed_entry_is_read_again_and_becomes_a_revision_only_where_its_text_changed() {
    let mut bench = Bench::new();
    let web = |edition: &'static str, paragraph: &'static str| {
        move |url: &Url| match url.path() {
            "/feed" => feed(&[(edition, "<link>https://news.example/a</link>")]),
            "/robots.txt" => status(404, ""),
            _ => page(MISSION, "").map(|(status, headers, body)| {
                (status, headers, body.replace("</article>", &format!("{paragraph}</article>")))
            }),
        }
    };
    bench.run(1, &web(MISSION, ""));
    bench.run(2, &web("CSTO peacekeepers leave Kazakhstan", ""));
    assert_eq!(bench.records().len(), 1, "another headline in the feed, the same text");
    let update = "<p>On Friday the commander added that the last two hundred soldiers would stay at \
                  the airfield until engineers had inspected its northern runway for damage.</p>";
    bench.run(4, &web("CSTO peacekeepers have left", update));
    let records = bench.records();
    let [first, second] = &records[..] else { panic!("{} records", records.len()) };
    assert_eq!(second.record_type, RecordType::Revision);
    assert_eq!((second.revision, second.revision_of.as_ref()), (2, Some(&first.id)));
    assert_eq!(second.cluster_id, first.cluster_id);
}

#[test]
fn what_is_about_something_else_is_remembered_with_what_was_missing() {
    let mut bench = Bench::new();
    let web = |url: &Url| match url.path() {
        "/feed" => feed(&[("Rink saves its season", "<link>https://news.example/b</link>")]),
        "/robots.txt" => status(404, ""),
        _ => page("Rink saves its season", "").map(|(status, headers, body)| {
            let body = body.replace("Collective Security Treaty Organization", "rink");
            (status, headers, body.replace("peacekeepers", "skaters").replace("Kazakhstan", "town"))
        }),
    };
    let asked = bench.run(12, &web);
    assert_eq!(bench.records().len(), 0);
    assert_eq!(bench.rejects.len(), 1);
    assert!(!bench.rejects[0].failed && !bench.rejects[0].reason.is_empty());
    assert_eq!(
        asked.iter().filter(|url| url.ends_with("/b")).count(),
        1,
        "read once, not at every poll"
    );
}

#[test]
fn a_visit_that_is_rolled_back_can_be_taken_in_again_and_counts_once() {
    let mut bench = Bench::new();
    let web = |url: &Url| match url.path() {
        "/feed" => feed(&[(MISSION, "<link>https://news.example/a</link>")]),
        "/robots.txt" => status(404, ""),
        _ => page(MISSION, ""),
    };
    let until = start() + SignedDuration::from_hours(1);
    bench.step(until, &web);
    bench.step(until, &web);
    let Do::WaitUntil(at) = bench.crawl.next(bench.now).unwrap() else { panic!("the host rests") };
    let Do::Task(task) = bench.crawl.next(at).unwrap() else { panic!("the page is due") };
    let (status, _, body) = page(MISSION, "").unwrap();
    let response = Response {
        status,
        url: task.request.as_ref().unwrap().url.clone(),
        redirects: vec![],
        headers: vec![],
        body: body.into_bytes(),
        at,
        took: std::time::Duration::ZERO,
        is_cut: false,
        exchanges: vec![],
        room: Room::default(),
    };
    let visit = read(&bench.crawl.rules(), *task, Some(Ok(response)), at);
    for landed in [false, false, true] {
        let mut step = Step::default();
        bench.crawl.state.begin().unwrap();
        bench.crawl.absorb(&visit, &|_| None, at, &mut step).unwrap();
        assert_eq!(step.records.len(), 1);
        if landed {
            bench.crawl.state.commit().unwrap();
        } else {
            bench.crawl.rollback().unwrap();
        }
    }
    assert_eq!(bench.counters().kept, 1);
    assert_eq!(bench.crawl.state.waiting().unwrap(), []);
}

/// A page of an article in parts: `nth` of it, with a paragraph that stands on all, and the link on.
fn part(nth: &str, link: &str) -> Answer {
    page(MISSION, "<link rel=license href=\"https://licence.example/by/4.0\">").map(
        |(status, headers, body)| {
            let notice = "<p>This report of the Collective Security Treaty Organization's mission to \
                          Kazakhstan comes in several parts, one for each week that it lasted.</p>";
            let on = format!("{notice}</article><a class=next href=\"{link}\">Next page</a>");
            let body = body.replace("column", &format!("{nth} column"));
            (status, headers, body.replace("</article>", &on))
        },
    )
}

fn in_parts() -> Bench {
    let mut bench = Bench::new();
    let rules = "host = \"news.example\"\nnext_page = \"a.next\"\n";
    let site = SiteRules::parse(rules).unwrap();
    let rules = Arc::get_mut(&mut bench.crawl.rules).unwrap();
    rules.sites.insert("news.example".to_owned(), site);
    bench
}

#[test]
fn an_article_in_parts_is_one_record_of_all_its_pages_each_asked_for_in_its_turn() {
    let mut bench = in_parts();
    let times = RefCell::new(Vec::new());
    let web = |url: &Url| match (url.path(), url.query()) {
        ("/feed", _) => feed(&[(MISSION, "<link>https://news.example/a</link>")]),
        ("/robots.txt", _) => status(404, ""),
        (_, None) => part("red", "?page=2"),
        (_, Some("page=2")) => part("green", "?page=3"),
        // The last page leads back to the first.
        _ => part("blue", "/a"),
    };
    let until = start() + SignedDuration::from_mins(5);
    while let Some(url) = bench.step(until, &web) {
        times.borrow_mut().push((bench.now, url));
    }
    let times = times.into_inner();
    let pages: Vec<&(Timestamp, String)> =
        times.iter().filter(|(_, url)| url.contains("/a")).collect();
    let asked: Vec<&str> = pages.iter().map(|(_, url)| url.as_str()).collect();
    let first = "https://news.example/a";
    assert_eq!(asked, [first, "https://news.example/a?page=2", "https://news.example/a?page=3"]);
    for pair in pages.windows(2) {
        assert!(pair[1].0 > pair[0].0, "the host has its rest: {pages:?}");
    }
    let records = bench.records();
    let [record] = &records[..] else { panic!("{} records", records.len()) };
    let text = record.text.as_deref().unwrap();
    let places = ["red", "green", "blue"].map(|nth| text.find(&format!("{nth} column")).unwrap());
    assert!(places.is_sorted(), "{text}");
    assert_eq!(text.matches("comes in several parts").count(), 1, "{text}");
    assert_eq!(text.split("\n\n").count(), 13, "{text}");
    assert_eq!((record.text_status, record.final_url.as_deref()), (TextStatus::Full, Some(first)));
    assert_eq!(record.licence.as_deref(), Some("https://licence.example/by/4.0"));
    let [came_from] = &bench.came_from[..] else { panic!("{:?}", bench.came_from) };
    assert_eq!(came_from.iter().map(Url::as_str).collect::<Vec<_>>(), asked);
}

#[test]
fn an_article_in_parts_is_read_to_its_end_before_the_next_one_is_begun() {
    let mut bench = in_parts();
    let until = start() + SignedDuration::from_hours(2);
    let mut asked = Vec::new();
    while let Some(url) = bench.step(until, &|url| match (url.path(), url.query()) {
        ("/feed", _) => {
            let items = ["a", "b", "c", "d"]
                .map(|path| (path, format!("<link>https://news.example/{path}</link>")));
            feed(&items.each_ref().map(|(title, link)| (*title, link.as_str())))
        }
        ("/robots.txt", _) => status(404, ""),
        (_, None) => part("red", "?page=2"),
        (_, Some("page=2")) => part("green", "?page=3"),
        _ => part("blue", "?page=2"),
    }) {
        let begun: Vec<&Box<Begun>> = bench.crawl.begun.values().collect();
        assert!(begun.len() <= 1, "{begun:?}");
        assert!(
            begun.iter().all(|begun| begun.response.room.is_none()),
            "the next page may need it"
        );
        asked.extend(url.strip_prefix("https://news.example/").map(str::to_owned));
    }
    asked.retain(|path| !["feed", "robots.txt"].contains(&path.as_str()));
    assert_eq!(asked.len(), 12, "{asked:?}");
    for article in asked.chunks(3) {
        let first = &article[0];
        assert_eq!(article[1..], [format!("{first}?page=2"), format!("{first}?page=3")]);
    }
}

#[test]
fn an_article_whose_next_page_cannot_be_had_is_partial_and_says_why() {
    let forbids = ok("User-agent: *\nDisallow: /b");
    let table: [(&str, Answer, Answer, &str); 4] = [
        ("?page=2", status(404, ""), status(404, ""), "could not be read: HTTP 404"),
        ("?page=2", status(500, ""), status(404, ""), "could not be read: HTTP 500"),
        ("/b", part("green", ""), forbids, "robots.txt forbids the page"),
        ("https://other.example/b", part("green", ""), status(404, ""), "is not asked for"),
    ];
    for (link, answer, robots, why) in table {
        let mut bench = in_parts();
        bench.run(24, &|url| match (url.path(), url.query()) {
            ("/feed", _) => feed(&[(MISSION, "<link>https://news.example/a</link>")]),
            ("/robots.txt", _) => robots.clone(),
            ("/a", None) => part("red", link),
            _ => answer.clone(),
        });
        let records = bench.records();
        let [record] = &records[..] else { panic!("{} records, {why}", records.len()) };
        assert_eq!(record.text_status, TextStatus::Partial, "{why}");
        assert!(record.text.as_deref().unwrap().contains("red column"));
        let warnings = &record.extraction.warnings;
        assert!(warnings.iter().any(|warning| warning.contains(why)), "{why}: {warnings:?}");
        assert_eq!(record.final_url.as_deref(), Some("https://news.example/a"));
        assert_eq!(bench.came_from[0][0].as_str(), "https://news.example/a", "{why}");
        assert_eq!(bench.came_from[0].len(), 1, "{why}");
    }
}

#[test]
fn a_record_with_a_key_of_an_older_definition_is_known_by_todays() {
    let mut bench = Bench::new();
    bench.run(2, &|url| match url.path() {
        "/feed" => feed(&[(MISSION, "<link>https://pages.example/a</link>")]),
        "/robots.txt" => status(404, ""),
        _ => page(MISSION, ""),
    });
    let mut records = bench.records();
    records[0].url_key = UrlKey::verbatim("pages.example/a?as=before");
    let folder = tempfile::tempdir().unwrap();
    let disk = Folder::at(folder.path());
    let (mut archive, _) = Archive::open(disk, archive::Settings::default(), None).unwrap();
    archive.append(&mut records, start()).unwrap();
    let state = State::in_memory().unwrap();
    let mut told = 0;
    let rebuilt = rebuild(&state, &archive, std::iter::empty, |records| told = records).unwrap();
    let records = rebuilt.records;
    assert!(records > 0 && told == records, "{told} of {records}");
    let seen = state.seen(&CanonicalUrl::parse("https://pages.example/a").unwrap().key).unwrap();
    assert_eq!(seen.unwrap().fate, Fate::Kept);
}

/// A feed of one entry, its page, and the paragraph that the page gains.
fn edited(title: &'static str, answer: Option<u16>, more: &'static str) -> impl Fn(&Url) -> Answer {
    move |url: &Url| match (url.path(), answer) {
        ("/feed", _) => feed(&[(title, "<link>https://news.example/a</link>")]),
        ("/robots.txt", _) => status(404, ""),
        (_, Some(code)) => status(code, ""),
        _ => page(MISSION, "").map(|(status, headers, body)| {
            (status, headers, body.replace("</article>", &format!("{more}</article>")))
        }),
    }
}

const EDIT: &str = "<p>On Friday the commander added that the last two hundred soldiers would stay at \
    the airfield until engineers had inspected its northern runway for damage.</p>";
const EDITED: &str = "CSTO peacekeepers stay in Kazakhstan";

fn revisions(bench: &Bench) -> Vec<(u32, TextStatus)> {
    bench.records().iter().map(|record| (record.revision, record.text_status)).collect()
}

/// A feed that is said to be unchanged from its last edition on: what it says at each poll.
fn editions(said: &[(&str, &str)], poll: usize) -> Answer {
    if poll >= said.len() {
        return status(304, "");
    }
    let answer = feed(&said[poll..=poll]);
    answer.map(|(status, _, body)| (status, "content-type: text/xml\netag: \"1\"", body))
}

/// A crawl that reads a page again after three hours at the soonest.
fn patient() -> Bench {
    let revisit_after = SignedDuration::from_hours(3);
    Bench::with(State::in_memory().unwrap(), Settings { revisit_after, ..settings() })
}

fn count(asked: &[String], path: &str) -> usize {
    asked.iter().filter(|url| url.ends_with(path)).count()
}

#[test]
fn a_change_that_is_announced_soon_and_once_is_read_when_its_rest_is_over() {
    let mut bench = patient();
    let polls = std::cell::Cell::new(0);
    let link = "<link>https://news.example/a</link>";
    let web = |url: &Url| match url.path() {
        "/feed" => editions(&[(MISSION, link), (EDITED, link)], polls.replace(polls.get() + 1)),
        _ if polls.get() < 2 => edited(MISSION, None, "")(url),
        _ => edited(MISSION, None, EDIT)(url),
    };
    let before = bench.run(2, &web);
    assert!(polls.get() > 2, "the change was announced, and a 304 came after it");
    assert_eq!((count(&before, "/a"), bench.records().len()), (1, 1), "its rest is not over");
    let after = bench.run(48, &web);
    assert_eq!(count(&after, "/a"), 1, "{after:?}");
    assert_eq!(revisions(&bench), [(1, TextStatus::Full), (2, TextStatus::Full)]);
    let counters = bench.counters();
    assert_eq!((counters.entries, counters.kept), (2, 2));
}

#[test]
fn an_entry_that_changes_again_while_its_page_waits_is_read_once_for_all_that_was_said() {
    let mut bench = patient();
    let polls = std::cell::Cell::new(0);
    let link = "<link>https://news.example/a</link>";
    let said = [MISSION, EDITED, "CSTO peacekeepers leave Kazakhstan after all"];
    let asked = bench.run(48, &|url| match url.path() {
        "/feed" => {
            let poll = polls.replace(polls.get() + 1).min(said.len() - 1);
            feed(&[(said[poll], link)])
        }
        _ => edited(MISSION, None, "")(url),
    });
    assert_eq!(count(&asked, "/a"), 2, "{asked:?}");
}

#[test]
fn of_entries_with_one_link_the_first_speaks_for_it() {
    let mut bench = patient();
    let link = "<link>https://news.example/a</link>";
    let asked = bench.run(72, &|url| match url.path() {
        "/feed" => feed(&[(EDITED, link), (MISSION, link)]),
        _ => edited(MISSION, None, "")(url),
    });
    assert!(count(&asked, "/feed") > 2);
    assert_eq!(count(&asked, "/a"), 1, "{asked:?}");
    assert_eq!(bench.records()[0].title_feed.as_deref(), Some(EDITED));
    assert_eq!(bench.counters().entries, 1);
}

#[test]
fn a_change_that_is_announced_while_the_page_is_asked_for_is_read_too() {
    let mut bench = patient();
    let polls = std::cell::Cell::new(0);
    let link = "<link>https://pages.example/a</link>";
    let later = start() + SignedDuration::from_hours(2);
    let web = |more: &'static str| {
        let polls = &polls;
        move |url: &Url| match url.path() {
            "/feed" => editions(&[(MISSION, link), (EDITED, link)], polls.replace(polls.get() + 1)),
            _ => edited(MISSION, None, more)(url),
        }
    };
    assert_eq!(bench.step(later, &web("")).unwrap(), "https://news.example/feed");
    assert_eq!(bench.step(later, &web("")).unwrap(), "https://pages.example/robots.txt");
    let page = bench.task(later).unwrap();
    assert!(matches!(page.work, Work::Page(_)));
    assert_eq!(bench.step(later, &web("")).unwrap(), "https://news.example/feed");
    bench.land(page, &web(""));
    assert_eq!(revisions(&bench), [(1, TextStatus::Full)]);
    bench.run(48, &web(EDIT));
    assert_eq!(revisions(&bench), [(1, TextStatus::Full), (2, TextStatus::Full)]);
    let counters = bench.counters();
    assert_eq!((counters.entries, counters.kept), (2, 2));
}

#[test]
fn an_article_that_another_page_names_as_its_own_is_read_when_it_is_announced() {
    let mut bench = patient();
    let polls = std::cell::Cell::new(0);
    let said = [
        ("Rink saves its season", "<link>https://news.example/2022/rink-saves-season</link>"),
        (MISSION, "<link>https://news.example/2022/csto-leaves-almaty</link>"),
    ];
    let asked = bench.run(2, &|url| match url.path() {
        "/feed" => editions(&said, polls.replace(polls.get() + 1)),
        "/robots.txt" => status(404, ""),
        "/2022/csto-leaves-almaty" => page(MISSION, ""),
        _ => ok("<html lang=en><head><title>Rink saves its season</title><link rel=canonical \
                 href=\"https://news.example/2022/csto-leaves-almaty\"></head><body><article>\
                 <p>The rink in the valley has ice again, said its warden on Thursday, and the \
                 skaters may come back from Saturday on until the end of the winter.</p>\
                 </article></body></html>"),
    });
    assert_eq!(count(&asked, "/2022/csto-leaves-almaty"), 1, "{asked:?}");
    assert_eq!(revisions(&bench), [(1, TextStatus::Full)]);
}

/// Another article about the mission than [`page`].
fn thanks(head: &str) -> Answer {
    ok(format!(
        "<html lang=en><head><title>Parliament thanks CSTO</title>{head}</head><body><article>\
         <p>Members of the lower house in Nur-Sultan voted on Friday to thank the Collective Security \
         Treaty Organization for its peacekeepers, whose help the president of Kazakhstan praised.</p>\
         <p>In the same session the ministers explained why teachers will earn more from spring on, \
         and why the railway to the north is to have a second track within three years.</p>\
         </article></body></html>"
    ))
}

const HUB: &str = "<link rel=canonical href=\"https://news.example/2022/csto-live-updates\">";
/// Only a part of the text is there.
const WALL: &str = "<script type=\"application/ld+json\">{\"@type\":\"NewsArticle\",\
    \"isAccessibleForFree\":false}</script>";

const LEAVES: &str = "csto-leaves-almaty";
const THANKS: &str = "parliament-thanks-csto";
const LIVE: &str = "csto-live-updates";

/// Two hours of a feed whose articles, by title and path, all name the last one's address as their own;
/// the first one's text goes on with `more`, and the second is behind `wall`.
fn with_a_hub(bench: &mut Bench, items: &[(&str, &str)], more: &str, wall: &str) {
    let link = |path: &str| format!("<link>https://news.example/2022/{path}</link>");
    let items: Vec<_> = items.iter().map(|(title, path)| (*title, link(path))).collect();
    let items: Vec<_> = items.iter().map(|(title, link)| (*title, link.as_str())).collect();
    bench.run(2, &|url| match url.path().trim_start_matches("/2022/") {
        "/feed" => feed(&items),
        "/robots.txt" => status(404, ""),
        THANKS => thanks(&format!("{HUB}{wall}")),
        LIVE => ok("<html lang=en><head><title>Kazakhstan, live</title></head><body><article>\
            <p>09:40 Flights to Almaty start again, the CSTO contingent hands the airport over to \
            Kazakhstan, says its ministry of transport.</p><p>09:10 Shops have opened, and the networks \
            work for some hours, our reporter writes from Kazakhstan.</p></article>"),
        _ => page(MISSION, HUB).map(|(status, headers, body)| {
            (status, headers, body.replace("</article>", &format!("{more}</article>")))
        }),
    });
}

/// The index that is made of the records of a bench.
fn rebuilt(bench: &Bench) -> State {
    let folder = tempfile::tempdir().unwrap();
    let disk = Folder::at(folder.path());
    let (mut archive, _) = Archive::open(disk, archive::Settings::default(), None).unwrap();
    archive.append(&mut bench.records(), start()).unwrap();
    let state = State::in_memory().unwrap();
    rebuild(&state, &archive, std::iter::empty, |_| ()).unwrap();
    state
}

fn known(state: &State, address: &str) -> Option<String> {
    let key = CanonicalUrl::parse(address).unwrap().key;
    state.seen(&key).unwrap()?.known.map(|known| known.record_id)
}

#[test]
fn articles_that_name_one_address_as_their_own_are_articles_of_their_own() {
    for wall in ["", WALL] {
        let mut bench = Bench::new();
        with_a_hub(&mut bench, &[("A", LEAVES)], "", wall);
        with_a_hub(&mut bench, &[("A", LEAVES), ("B", THANKS)], "", wall);
        with_a_hub(&mut bench, &[("A", LEAVES), ("B", THANKS), ("C", LIVE)], "", wall);
        let records = bench.records();
        let [first, second, third] = &records[..] else { panic!("{} records", records.len()) };
        for (record, path) in [(first, LEAVES), (second, THANKS), (third, LIVE)] {
            assert_eq!(record.url_key.as_str(), format!("news.example/2022/{path}"));
            assert_eq!((record.record_type, record.revision), (RecordType::Article, 1), "{wall}");
            assert_eq!(record.cluster_id.as_ref(), Some(&record.id), "{path}");
        }
        // The edit of one is a revision of that one.
        with_a_hub(&mut bench, &[("Edited", LEAVES), ("B", THANKS), ("C", LIVE)], EDIT, wall);
        let records = bench.records();
        assert_eq!(records.len(), 4);
        assert_eq!(records[3].revision_of.as_ref(), Some(&records[0].id));
        let anew = rebuilt(&bench);
        for path in [LEAVES, THANKS, LIVE] {
            let address = format!("https://news.example/2022/{path}");
            let before = known(&bench.crawl.state, &address);
            assert_eq!(known(&anew, &address), before, "{path}");
            assert!(before.is_some());
        }
    }
}

#[test]
fn what_names_a_known_article_as_its_own_and_has_more_text_is_a_revision_of_it() {
    let mut bench = Bench::new();
    let names = "<link rel=canonical href=\"https://news.example/2022/csto-leaves-almaty\">";
    let article = ("A", "<link>https://news.example/2022/csto-leaves-almaty</link>");
    let other = ("A", "<link>https://news.example/world/2022/csto-leaves-almaty</link>");
    for items in [&[article][..], &[article, other]] {
        bench.run(2, &|url| match url.path() {
            "/feed" => feed(items),
            "/robots.txt" => status(404, ""),
            path => page(MISSION, names).map(|(status, headers, body)| {
                let more = if path.starts_with("/world") { EDIT } else { "" };
                (status, headers, body.replace("</article>", &format!("{more}</article>")))
            }),
        });
    }
    assert_eq!(revisions(&bench), [(1, TextStatus::Full), (2, TextStatus::Full)]);
    let anew = rebuilt(&bench);
    for (_, link) in [article, other] {
        let address = link.trim_start_matches("<link>").trim_end_matches("</link>");
        assert_eq!(known(&anew, address), Some(bench.records()[1].id.clone()), "{address}");
    }
}

#[test]
fn an_article_that_another_named_as_its_own_is_read_also_after_the_index_was_made_anew() {
    let mut bench = Bench::new();
    with_a_hub(&mut bench, &[("A", LEAVES)], "", "");
    let before = bench.records();
    let mut bench = Bench::with(rebuilt(&bench), settings());
    bench.archived.replace(before);
    with_a_hub(&mut bench, &[("A", LEAVES), ("C", LIVE)], "", "");
    assert_eq!(revisions(&bench), [(1, TextStatus::Full); 2]);
}

#[test]
fn a_page_whose_feed_left_the_configuration_is_archived_as_that_feeds() {
    let mut bench = Bench::new();
    bench.crawl.schedule.pause(&Host::of(&Url::parse("https://pages.example/").unwrap()));
    let web = |url: &Url| match url.path() {
        "/feed" => feed(&[(MISSION, "<link>https://pages.example/a</link>")]),
        "/robots.txt" => status(404, ""),
        _ => page(MISSION, ""),
    };
    let mut feed = bench.crawl.feeds[0].clone();
    feed.zone = Some(TimeZone::get("Asia/Almaty").unwrap());
    let new = |feeds| Reloaded { feeds, rules: rules(), settings: settings() };
    let reload = |bench: &mut Bench, feeds: Vec<Feed>| {
        bench.crawl.prepare(&new(feeds.clone()), bench.now).unwrap();
        bench.crawl.reconfigure(new(feeds), bench.now).unwrap();
    };
    reload(&mut bench, vec![feed.clone()]);
    bench.run(1, &web);
    reload(&mut bench, vec![]);
    let (id, ..) = bench.crawl.state.waiting().unwrap()[0];
    let pending = bench.crawl.state.pending(id).unwrap().unwrap();
    let noted = bench.crawl.feed_of(&pending).unwrap();
    assert_eq!((noted.language, noted.zone), (feed.language.clone(), feed.zone.clone()));
    bench.crawl.schedule.resume(&Host::of(&Url::parse("https://pages.example/").unwrap()));
    bench.run(1, &web);
    let records = bench.records();
    let [record] = &records[..] else { panic!("{} records", records.len()) };
    assert_eq!((record.feed_id.as_str(), record.feed_url.as_str()), ("courier", feed.url.as_str()));
    assert_eq!(record.source_name, feed.name);
    assert_eq!(record.source_country, feed.country);
}

/// Gives the feed of a bench another address.
fn move_feed(bench: &mut Bench, address: &str) {
    let feed = Feed { url: Url::parse(address).unwrap(), ..bench.crawl.feeds[0].clone() };
    let new = || Reloaded { feeds: vec![feed.clone()], rules: rules(), settings: settings() };
    bench.crawl.prepare(&new(), bench.now).unwrap();
    bench.crawl.reconfigure(new(), bench.now).unwrap();
    bench.crawl.poll_now("courier", bench.now).unwrap();
}

#[test]
fn entries_without_an_address_are_known_when_their_feed_has_another() {
    let text = |town: &str, guid: u32| {
        format!(
            "<guid isPermaLink=\"false\">{guid}</guid><description>CSTO peacekeepers leave {town} in \
             Kazakhstan, and the airport is handed over to its owners before the end of the week, the \
             organization says.</description>"
        )
    };
    let poll = |bench: &mut Bench, items: &[String]| {
        let items: Vec<(&str, &str)> = items.iter().map(|item| (MISSION, item.as_str())).collect();
        bench.run(2, &|_| feed(&items));
    };
    for is_rebuilt in [false, true] {
        let mut bench = Bench::new();
        let mut items = vec![text("Almaty", 1), text("Astana", 2)];
        poll(&mut bench, &items);
        assert_eq!(bench.records().len(), 2);
        if is_rebuilt {
            let before = bench.records();
            bench = Bench::with(rebuilt(&bench), settings());
            bench.archived.replace(before);
        }
        move_feed(&mut bench, "https://feeds.example/new");
        poll(&mut bench, &items);
        assert_eq!(bench.records().len(), 2, "{is_rebuilt}");
        assert_eq!(bench.rejects.len(), 0);
        let other = "<guid isPermaLink=\"false\">2</guid><description>Parliament thanks the CSTO for \
                     its mission to Kazakhstan, and teachers will earn more from spring on, as the \
                     ministers explained.</description>";
        move_feed(&mut bench, "https://other.example/feed");
        items[0] = items[0].replace("handed over", "handed back");
        items[1] = other.to_owned();
        poll(&mut bench, &items);
        let told: Vec<_> = bench.records().iter().map(|r| (r.record_type, r.revision)).collect();
        assert_eq!(told.len(), 4, "{is_rebuilt}");
        assert_eq!(
            told[2..],
            [(RecordType::Revision, 2), (RecordType::Article, 1)],
            "{is_rebuilt}"
        );
    }
}

#[test]
fn pages_that_are_to_be_read_again_leave_room_for_those_that_never_were() {
    let mut bench = patient();
    bench.crawl.schedule.pause(&Host::of(&Url::parse("https://pages.example/").unwrap()));
    let address = |n: u32| format!("https://pages.example/{n}");
    let known = |n: u32| {
        let (fate, at) = (Fate::Rejected, start());
        let seen = Seen { fate, known: None, signature: 1, at, visits: 1 };
        bench.crawl.state.put_seen(&CanonicalUrl::parse(&address(n)).unwrap().key, &seen)
    };
    (0..6000).try_for_each(known).unwrap();
    for listed in [0..3000, 3000..6100] {
        bench.crawl.poll_now("courier", bench.now).unwrap();
        bench.step(start() + SignedDuration::from_hours(1), &|_| {
            let items: String = listed
                .clone()
                .map(|n| format!("<item><title>{n}</title><link>{}</link></item>", address(n)))
                .collect();
            ok(format!("<rss version=\"2.0\"><channel>{items}</channel></rss>"))
        });
    }
    let mut revisits = [0, 0];
    for (id, ..) in bench.crawl.state.waiting().unwrap() {
        revisits[usize::from(bench.crawl.state.pending(id).unwrap().unwrap().revisit)] += 1;
    }
    assert_eq!(revisits, [100, 5000]);
    assert!(bench.events.iter().any(|event| matches!(event, Event::Flawed { .. })), "it says so");
}

#[test]
fn a_page_of_errors_is_no_name_of_the_articles_that_are_led_to_it() {
    for target in ["page-not-found", "404.html", "we-value-your-privacy"] {
        let header = format!("x-final: https://news.example/{target}").leak();
        let mut bench = Bench::new();
        bench.run(12, &|url| match url.path() {
            "/feed" => feed(&[
                (MISSION, "<link>https://news.example/2022/01/13/csto-leaves-almaty</link>"),
                (
                    "CSTO summit on Kazakhstan unrest ends",
                    "<link>https://news.example/2022/01/13/summit-ends</link>",
                ),
            ]),
            "/robots.txt" => status(404, ""),
            _ => status(404, header),
        });
        let mut titles: Vec<_> = bench.records().into_iter().filter_map(|r| r.title).collect();
        titles.sort();
        assert_eq!(titles, [MISSION, "CSTO summit on Kazakhstan unrest ends"], "{target}");
    }
}

/// Two feeds of which one leads to the other one's address, by way of `old`; when that address was asked,
/// and which hosts.
fn asked_twice(old: &str, hours: i64) -> (Bench, Vec<Timestamp>, Vec<String>) {
    let mut bench = Bench::new();
    let own = bench.crawl.feeds[0].clone();
    let old = Feed { id: "also".into(), url: Url::parse(old).unwrap(), ..own.clone() };
    let new = Reloaded { feeds: vec![old, own], rules: rules(), settings: settings() };
    bench.crawl.prepare(&new, start()).unwrap();
    bench.crawl.reconfigure(new, start()).unwrap();
    bench.crawl.schedule.poll_now(FeedIx::of(1), start());
    let web = |url: &Url| match (url.host_str().unwrap(), url.path()) {
        ("old.example", _) => status(301, "location: https://news.example/feed"),
        (_, "/old") => {
            let headers = "content-type: text/xml\nx-final: https://news.example/feed";
            feed(&[]).map(|(status, _, body)| (status, headers, body))
        }
        _ => feed(&[]),
    };
    let until = start() + SignedDuration::from_hours(hours);
    let (mut times, mut asked) = (Vec::new(), Vec::new());
    while let Some(url) = bench.step(until, &web) {
        if url.starts_with("https://news.example") {
            times.push(bench.now);
        }
        asked.extend((!url.is_empty()).then_some(url));
    }
    (bench, times, asked)
}

#[test]
fn feeds_that_lead_to_one_address_keep_its_floor_together_and_this_is_said_once() {
    for old in ["https://old.example/feed", "https://news.example/old"] {
        let (bench, times, asked) = asked_twice(old, 48);
        let floor = Cadence::default().floor_without_validators;
        let rests: Vec<_> = times.windows(2).map(|two| two[1].duration_since(two[0])).collect();
        assert!(times.len() > 20, "{old}: {times:?}");
        // It is not known of an address that was never asked where it leads.
        let first = usize::from(old.ends_with("/old"));
        assert!(rests[first..].iter().all(|rest| *rest >= floor), "{old}: {rests:?}");
        assert!(asked.iter().any(|url| url == old), "{old}: it is looked at now and then");
        let said =
            |event: &&Event| matches!(event, Event::FeedTwice { feed, .. } if feed == "also");
        assert_eq!(bench.events.iter().filter(said).count(), 1, "{old}: {:?}", bench.events);
        let known = |id: &str| bench.crawl.state.feed(id).unwrap().unwrap().state;
        assert_eq!(known("also").same_as.as_deref(), Some("courier"), "{old}");
        assert_eq!((known("courier").same_as, known("also").failures), (None, 0), "{old}");
    }
}

#[test]
fn a_feed_that_is_made_due_while_it_goes_on_elsewhere_is_asked_there_only() {
    let mut bench = Bench::new();
    let web = |url: &Url| match url.host_str() {
        Some("news.example") => Ok((302, "location: https://feeds.example/feed", String::new())),
        _ => feed(&[]),
    };
    let until = start() + SignedDuration::from_mins(5);
    assert_eq!(bench.step(until, &web).unwrap(), "https://news.example/feed");
    bench.crawl.poll_now("courier", bench.now).unwrap();
    let asked = bench.run(12, &web);
    assert_eq!(asked[..2], ["https://feeds.example/feed", "https://news.example/feed"]);
    assert_eq!(bench.crawl.schedule.in_flight(), 0, "no host is taken for good");
    assert!(asked.len() > 10, "{asked:?}");
}

#[test]
fn a_feed_that_leads_to_a_page_for_a_while_has_not_moved_there() {
    let mut bench = Bench::new();
    let broken = |url: &Url| match url.path() {
        "/feed" => Ok((
            200,
            "content-type: text/html\nx-final: https://news.example/",
            "<html><body><p>We are working on it</p></body></html>".into(),
        )),
        _ => status(404, ""),
    };
    bench.run(40, &broken);
    bench.run(48, &edited(MISSION, None, ""));
    assert_eq!(bench.records().len(), 1);
}

#[test]
fn an_edit_whose_page_cannot_be_had_at_once_is_found_later() {
    for code in [403, 404] {
        let mut bench = Bench::new();
        bench.run(3, &edited(MISSION, None, ""));
        bench.run(3, &edited(EDITED, Some(code), ""));
        bench.run(48, &edited(EDITED, None, EDIT));
        let full = TextStatus::Full;
        assert_eq!(revisions(&bench), [(1, full), (2, full)], "{code}");
    }
}

#[test]
fn what_failed_is_tried_again_when_the_feed_says_something_else_of_it() {
    let mut bench = Bench::new();
    bench.run(3, &edited("Breaking: more soon", Some(404), ""));
    assert_eq!((bench.records().len(), bench.rejects.len()), (0, 1));
    bench.run(48, &edited(MISSION, None, ""));
    assert_eq!(revisions(&bench), [(1, TextStatus::Full)]);
}

#[test]
fn a_headline_off_the_topic_does_not_have_the_record_forgotten() {
    let mut bench = Bench::new();
    bench.crawl.settings.judge_before_fetch = true;
    bench.run(3, &edited(MISSION, None, ""));
    bench.run(3, &edited("Rink saves its season", None, ""));
    bench.run(24, &edited(EDITED, None, ""));
    assert_eq!(revisions(&bench), [(1, TextStatus::Full)]);
}

#[test]
fn a_revisit_that_fails_does_not_have_the_record_forgotten() {
    let mut bench = Bench::new();
    bench.crawl.feeds[0].kind = SourceKind::Sitemap;
    let site = |day: &'static str, answer: Option<u16>, more: &'static str| {
        move |url: &Url| match url.path() {
            "/feed" => ok(format!(
                "<?xml version=\"1.0\"?><urlset \
                 xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\"><url>\
                 <loc>https://news.example/a</loc><lastmod>{day}</lastmod></url></urlset>"
            )),
            _ => edited(MISSION, answer, more)(url),
        }
    };
    bench.run(3, &site("2022-01-13T08:00:00Z", None, ""));
    bench.run(24, &site("2022-01-13T10:00:00Z", Some(404), ""));
    bench.run(24 * 10, &site("2022-01-15T10:00:00Z", None, EDIT));
    assert_eq!(revisions(&bench), [(1, TextStatus::Full), (2, TextStatus::Full)]);
}

#[test]
fn a_wall_or_a_missing_part_is_no_revision() {
    let site = |title: &'static str, broken: bool| {
        move |url: &Url| match (url.path(), url.query()) {
            ("/feed", _) => feed(&[(title, "<link>https://news.example/a</link>")]),
            ("/robots.txt", _) => status(404, ""),
            (_, None) => part("red", "?page=2"),
            _ if broken => status(404, ""),
            _ => part("green", "/a"),
        }
    };
    let mut bench = in_parts();
    bench.run(3, &site(MISSION, false));
    bench.run(3, &site(EDITED, true));
    assert_eq!(revisions(&bench), [(1, TextStatus::Full)]);
}

#[test]
fn a_text_that_only_the_feed_gives_has_revisions_too() {
    let mut bench = Bench::new();
    let web = |text: &'static str| {
        move |url: &Url| match url.path() {
            "/feed" => feed(&[(
                MISSION,
                &format!(
                    "<guid isPermaLink=\"false\">flash-1</guid><description>{text}</description>"
                ),
            )]),
            _ => status(404, ""),
        }
    };
    bench.run(2, &web("CSTO peacekeepers leave Kazakhstan, the organization says."));
    bench.run(
        24,
        &web("CSTO peacekeepers will stay in Kazakhstan for another month after all, the \
              organization says, since the airport is not safe."),
    );
    assert_eq!(bench.records().iter().map(|r| r.revision).collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn pages_that_are_refused_without_a_time_hold_their_host() {
    let mut bench = Bench::new();
    let tries = std::cell::Cell::new(0);
    bench.run(48, &|url| match url.path() {
        "/feed" => feed(&[
            ("One", "<link>https://pages.example/a</link>"),
            ("Two", "<link>https://pages.example/b</link>"),
            ("Three", "<link>https://pages.example/c</link>"),
        ]),
        "/robots.txt" => status(404, ""),
        _ => {
            tries.set(tries.get() + 1);
            if tries.get() <= 2 { status(429, "") } else { page(MISSION, "") }
        }
    });
    let holds = bench.events.iter().filter(|event| matches!(event, Event::HostHeld { .. })).count();
    assert_eq!((holds, tries.get()), (2, 5));
    assert_eq!(bench.rejects.len(), 0);
}

#[test]
fn a_clock_that_jumps_ahead_has_no_text_forgotten() {
    let mut bench = Bench::new();
    bench.run(1, &edited(MISSION, None, ""));
    bench.crawl.forget_old_texts("2038-01-19T00:00:00Z".parse().unwrap()).unwrap();
    bench.run(12, &|url| match url.path() {
        "/feed" => feed(&[(MISSION, "<link>https://news.example/b</link>")]),
        "/robots.txt" => status(404, ""),
        _ => page(MISSION, "").map(|(status, headers, body)| {
            (status, headers, body.replacen("Almaty by noon", "Almaty at dawn", 1))
        }),
    });
    let classes: Vec<_> = bench.records().iter().map(|record| record.duplicate_class).collect();
    assert_eq!(classes, [None, Some(dedup::Class::Copy)]);
}

#[test]
fn a_feed_that_announces_more_than_can_wait_is_taken_in_bit_by_bit() {
    let mut bench = Bench::new();
    bench.crawl.schedule.pause(&Host::of(&Url::parse("https://pages.example/").unwrap()));
    let polls = std::cell::Cell::new(0);
    let web = |url: &Url| match url.path() {
        "/feed" => {
            polls.set(polls.get() + 1);
            let items: String = (0..4000)
                .map(|n| {
                    let n = n + 4000 * polls.get();
                    format!("<item><title>{n}</title><link>https://pages.example/{n}</link></item>")
                })
                .collect();
            let body = format!("<rss version=\"2.0\"><channel>{items}</channel></rss>");
            Ok((200, "content-type: text/xml\netag: \"1\"", body))
        }
        _ => status(404, ""),
    };
    bench.run(6, &web);
    assert!(polls.get() > 3);
    assert_eq!(bench.crawl.state.waiting().unwrap().len(), 10_000);
    let state = bench.crawl.state.feed("courier").unwrap().unwrap().state;
    assert_eq!(state.validators, Validators::default());
}

#[test]
fn entries_that_all_link_to_the_home_page_are_articles_of_their_own() {
    let titles = [
        "CSTO leaves Almaty in Kazakhstan",
        "CSTO summit on Kazakhstan ends",
        "CSTO hands airport to Kazakhstan",
    ];
    for guid in
        ["<guid isPermaLink=\"false\">flash-NUMBER</guid>", "<guid>https://news.example/</guid>"]
    {
        let mut bench = Bench::new();
        let items: Vec<String> = (0..3)
            .map(|n| {
                format!(
                    "<link>https://news.example/</link>{}<description>CSTO peacekeepers leave the \
                     {n} town of Kazakhstan, the organization says on its {n} day.</description>",
                    guid.replace("NUMBER", &n.to_string())
                )
            })
            .collect();
        let asked = bench.run(24, &|url| match url.path() {
            "/feed" => {
                feed(&titles.iter().zip(&items).map(|(t, i)| (*t, i.as_str())).collect::<Vec<_>>())
            }
            _ => status(404, ""),
        });
        assert!(!asked.contains(&"https://news.example/".to_owned()));
        let mut kept: Vec<_> = bench.records().into_iter().filter_map(|r| r.title).collect();
        kept.sort();
        assert_eq!(kept, [titles[2], titles[0], titles[1]]);
    }
}

#[test]
fn gaps_are_named_where_there_are_some_and_no_others() {
    let words = |damaged, missing| Rebuilt { damaged, missing, records: 7 }.gaps();
    assert_eq!(words(0, 0), None);
    for (damaged, missing, told) in [
        (1, 0, "1 part of the archive is damaged"),
        (0, 13, "13 lines of the archive are missing, as the numbers of the others tell"),
        (
            2,
            1,
            "2 parts of the archive are damaged, and 1 line of the archive is missing, as the numbers \
             of the others tell",
        ),
    ] {
        assert_eq!(words(damaged, missing).as_deref(), Some(told));
    }
}

#[test]
fn a_part_of_a_sitemap_is_taken_in_as_there_is_room_and_this_is_said_once() {
    let mut bench = Bench::new();
    bench.crawl.feeds[0].kind = SourceKind::Sitemap;
    bench.crawl.schedule.pause(&Host::parse("pages.example").unwrap());
    let asked = bench.run(20, &|url| match url.path() {
        "/feed" => ok("<sitemapindex><sitemap><loc>https://news.example/part.xml</loc>\
                       <lastmod>2022-01-13</lastmod></sitemap></sitemapindex>"),
        "/part.xml" => {
            let page = |n: u32| format!("<url><loc>https://pages.example/{n}</loc></url>");
            ok(format!("<urlset>{}</urlset>", (0..10_200).map(page).collect::<String>()))
        }
        _ => status(404, ""),
    });
    let times = asked.iter().filter(|url| url.ends_with("/part.xml")).count();
    assert!((3..=4).contains(&times), "{times} times");
    assert_eq!(bench.crawl.schedule.waiting_pages(), 10_000);
    let flawed = bench.events.iter().filter(|event| matches!(event, Event::Flawed { .. }));
    assert_eq!(flawed.count(), 1);
}

#[test]
fn feeds_that_are_dead_excuse_no_other_dead_ones() {
    let mut bench = Bench::new();
    for id in ["one", "other"] {
        let url = Url::parse(&format!("https://{id}.example/feed")).unwrap();
        let new = Feed { id: id.into(), url, ..bench.crawl.feeds[0].clone() };
        let state = FeedState { next_at: Some(start()), ..FeedState::new(&new.url) };
        bench.crawl.state.put_feed(id, &state).unwrap();
        bench.crawl.add_feed(new, &state, start());
    }
    bench.run(11, &|url| match url.host_str() {
        Some("news.example") => Ok((
            200,
            "content-type: text/xml\ncache-control: max-age=43200",
            "<rss version=\"2.0\"><channel/></rss>".to_owned(),
        )),
        _ => down(),
    });
    for id in ["one", "other"] {
        let failures = bench.crawl.state.feed(id).unwrap().unwrap().state.failures;
        assert!(failures >= 4, "{id}: {failures}");
    }
}
