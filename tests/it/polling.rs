//! The polling policy over real HTTP: a server on loopback answers by a script and records what it
//! is asked; the clock is the test's own, so that months pass in a second.

use std::{
    collections::BTreeMap,
    sync::{Arc, RwLock},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use newswatch::{
    crawl::{Crawl, Do, Event, Feed, HoldScope, Keep, Rules, Settings, Step},
    daemon,
    fetch::{self, Fetch as _, HttpClient},
    politeness::pace::Rest,
    reader::InProcess,
    schedule::Cadence,
    source::SourceKind,
    state::State,
    topic::Topics,
};
use tokio::io::AsyncWriteExt as _;
use url::Url;

use crate::support::server::{Server, answer};

/// What a path answers, turn by turn; the last answer stays.
type Script = BTreeMap<&'static str, Vec<Vec<u8>>>;

async fn serve(script: Script) -> Server {
    let turns: Arc<RwLock<BTreeMap<String, usize>>> = Arc::default();
    Server::of_answers(move |path| {
        // No page that is asked for again.
        let Some(answers) = script.get(path) else { return answer("410 Gone", &[], b"") };
        let mut turns = turns.write().unwrap();
        let turn = turns.entry(path.to_owned()).or_default();
        *turn += 1;
        answers[(*turn - 1).min(answers.len() - 1)].clone()
    })
    .await
}

fn script(paths: impl IntoIterator<Item = (&'static str, Vec<Vec<u8>>)>) -> Script {
    paths.into_iter().collect()
}

fn rss(title: &str) -> String {
    format!("<rss version=\"2.0\"><channel><title>{title}</title></channel></rss>")
}

fn ok(fields: &[(&str, &str)]) -> Vec<u8> {
    answer("200 OK", fields, rss("a feed").as_bytes())
}

fn not_modified(fields: &[(&str, &str)]) -> Vec<u8> {
    answer("304 Not Modified", fields, b"")
}

fn fails(status: &str) -> Vec<u8> {
    answer(status, &[], b"no")
}

fn leads(status: &str, to: &str) -> Vec<u8> {
    answer(status, &[("location", to)], b"")
}

fn start() -> Timestamp {
    "2022-01-05T00:00:00Z".parse().unwrap()
}

const MINUTE: SignedDuration = SignedDuration::from_mins(1);
const HOUR: SignedDuration = SignedDuration::from_hours(1);
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// A request as the server saw it, at the test's time.
#[derive(Debug, Clone)]
struct Asked {
    at: Timestamp,
    host: String,
    path: String,
    head: String,
}

impl Asked {
    /// The value of a header, byte by byte.
    fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (field, value) = line.split_once(": ")?;
            field.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    fn conditions(&self) -> (Option<&str>, Option<&str>) {
        (self.header("if-none-match"), self.header("if-modified-since"))
    }
}

fn feed(id: &str, url: Url) -> Feed {
    Feed {
        id: id.to_owned(),
        url,
        kind: SourceKind::Feed,
        name: None,
        language: None,
        country: None,
        tags: vec![],
        zone: None,
        cadence: Cadence { jitter: 0.0, ..Cadence::default() }.into(),
    }
}

fn settings() -> Settings {
    Settings {
        rest: Rest { answer_times: 0.0, ..Rest::default() },
        share: 4,
        robots_for_feeds: false,
        hold_scope: HoldScope::Host,
        revisit_after: MINUTE,
        judge_before_fetch: false,
        copy_memory: DAY,
        page_attempts: 3,
        keep_copied_text: true,
        reject_text: 4000,
        config_hash: "test".into(),
    }
}

/// A crawl, its clock, and what it did.
struct Client<'s> {
    crawl: Crawl,
    http: HttpClient,
    servers: Vec<&'s Server>,
    now: Timestamp,
    log: Vec<Asked>,
    events: Vec<(Timestamp, Event)>,
}

impl<'s> Client<'s> {
    fn new(servers: &[&'s Server], feeds: Vec<Feed>) -> Self {
        Self::with(servers, feeds, settings(), State::in_memory().unwrap(), start())
    }

    fn with(
        servers: &[&'s Server],
        feeds: Vec<Feed>,
        settings: Settings,
        state: State,
        now: Timestamp,
    ) -> Self {
        let rules = Rules {
            sites: BTreeMap::new(),
            topics: Topics::new(vec![]).unwrap(),
            keep: Keep::Relevant,
        };
        let http = HttpClient::new(fetch::Settings {
            contact: Some("https://example.org/newswatch-tests".to_owned()),
            allow: vec!["127.0.0.0/8".parse().unwrap()],
            total_timeout: Duration::from_millis(700),
            longest_listing: 1 << 20,
            ..fetch::Settings::default()
        })
        .unwrap();
        let crawl = Crawl::new(feeds, rules, settings, state, now).unwrap();
        let servers = servers.to_vec();
        Self { crawl, http, servers, now, log: vec![], events: vec![] }
    }

    /// The daemon's loop, one request at a time, up to a time or a number of requests.
    async fn run(&mut self, until: Timestamp, most: usize) {
        let mut asked = 0;
        while asked < most {
            let task = match self.crawl.next(self.now).unwrap() {
                Do::Task(task) => *task,
                Do::WaitUntil(at) if at <= until => {
                    // As the daemon, which looks up at least once a minute.
                    self.now = at.min(self.now + MINUTE);
                    continue;
                }
                Do::WaitUntil(_) | Do::Wait => {
                    self.now = until;
                    return;
                }
            };
            let response = match &task.request {
                None => None,
                Some(request) => {
                    asked += 1;
                    let mut answer = self.http.fetch(request.clone()).await;
                    if let Ok(response) = &mut answer {
                        response.at = self.now;
                    }
                    Some(answer)
                }
            };
            for server in &self.servers {
                let host = server.address().to_string();
                self.log.extend(server.requests().into_iter().map(|head| Asked {
                    at: self.now,
                    host: host.clone(),
                    path: head.split(' ').nth(1).unwrap().to_owned(),
                    head,
                }));
            }
            let rules = self.crawl.rules();
            let visit = daemon::read_answer(&rules, task, response, &InProcess, || self.now).await;
            let mut step = Step::default();
            self.crawl.state().begin().unwrap();
            self.crawl.absorb(&visit, &|_| None, self.now, &mut step).unwrap();
            self.crawl.state().commit().unwrap();
            self.crawl.settle(&[visit], step.effects, self.now);
            self.events.extend(step.events.into_iter().map(|event| (self.now, event)));
        }
    }

    async fn run_for(&mut self, time: SignedDuration) {
        self.run(self.now + time, usize::MAX).await;
    }

    /// Requests for a path.
    fn of(&self, path: &str) -> Vec<&Asked> {
        self.log.iter().filter(|asked| asked.path == path).collect()
    }

    /// The times between the requests for a path.
    fn gaps(&self, path: &str) -> Vec<SignedDuration> {
        let asked = self.of(path);
        asked.windows(2).map(|pair| pair[1].at.duration_since(pair[0].at)).collect()
    }

    fn state(&self, id: &str) -> newswatch::schedule::FeedState {
        self.crawl.state().feed(id).unwrap().unwrap().state
    }

    fn errors(&self) -> Vec<&str> {
        self.events
            .iter()
            .filter_map(|(_, event)| match event {
                Event::FeedFailed { error, .. } => Some(error.as_str()),
                _ => None,
            })
            .collect()
    }
}

#[tokio::test]
async fn validators_are_sent_back_byte_by_byte_and_replaced_by_every_200_and_304() {
    let odd = "\"\u{e9}, 'x' \"";
    let server = serve(script([(
        "/feed?a=1&b",
        vec![
            ok(&[("etag", "\"a\""), ("last-modified", "Wed, 5 jan 22 00:00:00 +0000 ")]),
            not_modified(&[("etag", "W/\"b\"")]),
            not_modified(&[]),
            // The same body with another tag.
            ok(&[("etag", odd)]),
            not_modified(&[]),
        ],
    )]))
    .await;
    let mut client = Client::new(&[&server], vec![feed("one", server.url("/feed?a=1&b"))]);
    client.run(start() + DAY * 3, 6).await;
    let log = client.of("/feed?a=1&b");
    let conditions: Vec<_> = log.iter().map(|asked| asked.conditions()).collect();
    // A header's text is its UTF-8 here, read as Latin-1 by the log.
    let odd: String = odd.bytes().map(char::from).collect();
    let expected = [
        (None, None),
        (Some("\"a\""), Some("Wed, 5 jan 22 00:00:00 +0000")),
        (Some("W/\"b\""), None),
        (Some("W/\"b\""), None),
        (Some(&*odd), None),
        (Some(&*odd), None),
    ];
    assert_eq!(conditions, expected);
    for asked in &log {
        let agent = concat!("newswatch/", env!("CARGO_PKG_VERSION"));
        let agent = format!("{agent} (+https://example.org/newswatch-tests)");
        assert_eq!(asked.header("user-agent"), Some(agent.as_str()));
        for field in ["cookie", "referer", "authorization", "from"] {
            assert_eq!(asked.header(field), None);
        }
    }
}

#[tokio::test]
async fn only_a_200_that_could_be_read_leaves_validators() {
    let page = answer("200 OK", &[("etag", "\"page\"")], b"<html><body>Sorry</body></html>");
    let server = serve(script([(
        "/feed",
        vec![ok(&[("etag", "\"1\"")]), page, fails("500 x"), not_modified(&[])],
    )]))
    .await;
    let mut client = Client::new(&[&server], vec![feed("one", server.url("/feed"))]);
    client.run(start() + DAY * 3, 4).await;
    let tags: Vec<_> = client.of("/feed").iter().map(|asked| asked.conditions().0).collect();
    assert_eq!(tags, [None, Some("\"1\""), Some("\"1\""), Some("\"1\"")]);
}

/// Says 304 to whoever sends a validator, though the feed changes daily.
async fn lying_server() -> Server {
    let turn = std::sync::atomic::AtomicU32::new(0);
    Server::start(move |head, mut socket| {
        let turn = turn.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        async move {
            let bytes = if head.contains("if-none-match") {
                not_modified(&[])
            } else {
                answer("200 OK", &[("etag", "\"same\"")], rss(&format!("turn {turn}")).as_bytes())
            };
            socket.write_all(&bytes).await.ok();
            socket.shutdown().await.ok();
        }
    })
    .await
}

#[tokio::test]
async fn a_false_304_is_found_out_after_eight_days_and_the_server_no_longer_trusted() {
    let server = lying_server().await;
    let mut client = Client::new(&[&server], vec![feed("one", server.url("/feed"))]);
    client.run_for(DAY * 15).await;
    let full: Vec<Timestamp> =
        client.log.iter().filter(|a| a.conditions().0.is_none()).map(|a| a.at).collect();
    let gaps: Vec<SignedDuration> =
        full.windows(2).map(|pair| pair[1].duration_since(pair[0])).collect();
    assert!(gaps[0] >= DAY * 8 && gaps[0] < DAY * 10, "{gaps:?}");
    assert!(gaps.len() >= 3 && gaps[1..].iter().all(|gap| *gap >= DAY), "{gaps:?}");
    assert!(client.state("one").distrusted);
}

#[tokio::test]
async fn a_429_holds_the_whole_host_for_as_long_as_it_asks_and_no_other() {
    let late = |seconds: i64| {
        let at = (start() + SignedDuration::from_secs(seconds)).strftime("%a, %d %b %Y %T GMT");
        (at.to_string(), start().strftime("%a, %d %b %Y %T GMT").to_string())
    };
    let (until, date) = late(3 * 3600);
    let rows = [
        // What is sent beside the 429, and how long everything rests at least.
        (vec![("retry-after", "7200")], HOUR * 2),
        (vec![("retry-after", until.as_str()), ("date", date.as_str())], HOUR * 3),
        // The first backoff is the feed's interval, less a tenth at the most.
        (vec![], MINUTE * 27),
        (vec![("retry-after", "1")], MINUTE * 27),
        (vec![("retry-after", "soon")], MINUTE * 27),
    ];
    for (fields, rest) in rows {
        let server = serve(script([
            ("/one", vec![answer("429 x", &fields, b""), ok(&[])]),
            ("/two", vec![ok(&[("etag", "\"2\"")])]),
        ]))
        .await;
        let other = serve(script([("/three", vec![ok(&[("etag", "\"3\"")])])])).await;
        let feeds = vec![
            feed("one", server.url("/one")),
            feed("two", server.url("/two")),
            feed("three", other.url("/three")),
        ];
        let mut client = Client::new(&[&server, &other], feeds);
        client.run_for(HOUR * 6).await;
        let refused = client.of("/one")[0].at;
        let back = client.of("/one")[1].at;
        assert!(back.duration_since(refused) >= rest, "{fields:?}: {back}");
        let host = server.address().to_string();
        let held =
            |asked: &&Asked| asked.host == host && asked.at > refused && asked.at < refused + rest;
        assert!(!client.log.iter().any(|asked| held(&asked)), "{fields:?}: {:?}", client.log);
        assert!(client.of("/three").len() > 3);
        assert!(client.events.iter().any(|(_, event)| matches!(event, Event::HostHeld { .. })));
        assert_eq!(client.state("one").failures, 0);
    }
}

#[tokio::test]
async fn a_503_holds_the_host_only_where_it_says_how_long() {
    for (fields, is_held) in [(vec![("retry-after", "7200")], true), (vec![], false)] {
        let server = serve(script([
            ("/one", vec![answer("503 x", &fields, b""), ok(&[])]),
            ("/two", vec![ok(&[("etag", "\"2\"")])]),
        ]))
        .await;
        let feeds = vec![feed("one", server.url("/one")), feed("two", server.url("/two"))];
        let mut client = Client::new(&[&server], feeds);
        client.run_for(HOUR * 6).await;
        let refused = client.of("/one")[0].at;
        let during = client.log.iter().filter(|a| a.at > refused && a.at < refused + HOUR * 2);
        assert_eq!(during.count() == 0, is_held, "{:?}", client.log);
    }
}

#[tokio::test]
async fn the_hold_of_a_host_outlives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve(script([
        ("/one", vec![answer("429 x", &[("retry-after", "36000")], b"")]),
        ("/two", vec![ok(&[])]),
    ]))
    .await;
    let feeds = || vec![feed("one", server.url("/one")), feed("two", server.url("/two"))];
    let state = || State::open(&folder.path().join("state.sqlite")).unwrap();
    let mut client = Client::with(&[&server], feeds(), settings(), state(), start());
    while client.of("/one").is_empty() {
        client.run(start() + DAY, 1).await;
    }
    let now = client.now + MINUTE;
    drop(client);
    let mut client = Client::with(&[&server], feeds(), settings(), state(), now);
    client.run_for(HOUR * 9).await;
    assert!(client.log.is_empty(), "{:?}", client.log);
    client.run_for(HOUR * 2).await;
    assert!(!client.log.is_empty());
}

#[tokio::test]
async fn a_permanent_redirect_is_believed_after_three_answers_over_a_day() {
    for status in ["301 x", "308 x"] {
        let server = serve(script([
            ("/old", vec![leads(status, "/new")]),
            ("/new", vec![ok(&[("etag", "\"new\"")]), not_modified(&[])]),
        ]))
        .await;
        let mut client = Client::new(&[&server], vec![feed("one", server.url("/old"))]);
        client.run_for(DAY * 3).await;
        let (old, new) = (client.of("/old"), client.of("/new"));
        assert!(old.len() >= 3 && new.len() > old.len(), "{} {}", old.len(), new.len());
        let (first, last) = (old[0].at, old[old.len() - 1].at);
        assert!(last.duration_since(first) >= DAY && last.duration_since(first) < DAY + HOUR * 3);
        assert!(old.iter().all(|asked| asked.conditions() == (None, None)));
        // Followed as soon as the host may be asked again, with what this address itself has sent before.
        let rest = new[0].at.duration_since(old[0].at);
        assert!((5..10).contains(&rest.as_secs()), "{rest}");
        assert_eq!(new[0].conditions().0, None);
        assert!(new[1..].iter().all(|asked| asked.conditions().0 == Some("\"new\"")));
        let moved = Event::FeedMoved { feed: "one".to_owned(), to: server.url("/new") };
        assert_eq!(client.events.iter().filter(|(_, event)| *event == moved).count(), 1);
    }
}

#[tokio::test]
async fn a_temporary_redirect_is_followed_and_never_believed() {
    for status in ["302 x", "303 x", "307 x"] {
        let server = serve(script([
            ("/old", vec![leads(status, "/new")]),
            ("/new", vec![ok(&[("etag", "\"new\"")]), not_modified(&[])]),
        ]))
        .await;
        let mut client = Client::new(&[&server], vec![feed("one", server.url("/old"))]);
        client.run_for(DAY * 4).await;
        assert_eq!(client.of("/old").len(), client.of("/new").len());
        assert_eq!(client.state("one").moved_to, None);
    }
}

#[tokio::test]
async fn a_redirect_that_changes_its_mind_starts_its_three_answers_anew() {
    let mut answers = vec![leads("301 x", "/new"); 40];
    answers.push(leads("302 x", "/new"));
    answers.extend(vec![leads("301 x", "/new"); 2]);
    answers.push(leads("301 x", "/newer"));
    let server =
        serve(script([("/old", answers), ("/new", vec![ok(&[])]), ("/newer", vec![ok(&[])])]))
            .await;
    let cadence = Cadence { ceiling: HOUR / 2, ..*feed("x", server.url("/")).cadence };
    let cadence = Cadence { floor_without_validators: HOUR / 2, ..cadence }.into();
    let mut client =
        Client::new(&[&server], vec![Feed { cadence, ..feed("one", server.url("/old")) }]);
    client.run_for(HOUR * 23).await;
    assert_eq!(client.state("one").moved_to, None);
    client.run_for(DAY * 3).await;
    assert_eq!(client.state("one").moved_to.as_deref(), Some(&server.url("/newer")));
}

#[tokio::test]
async fn a_circle_of_redirects_backs_off() {
    let server =
        serve(script([("/a", vec![leads("301 x", "/b")]), ("/b", vec![leads("301 x", "/a")])]))
            .await;
    let mut client = Client::new(&[&server], vec![feed("one", server.url("/a"))]);
    client.run_for(DAY * 4).await;
    assert!(client.errors()[0].contains("circle"), "{:?}", client.errors());
    let gaps = client.gaps("/a");
    assert!(gaps.windows(2).take(5).all(|pair| pair[1] > pair[0]), "{gaps:?}");
    assert_eq!(client.state("one").moved_to, None);
}

#[tokio::test]
async fn a_410_that_stands_for_a_day_stops_the_feed_and_says_so() {
    let server = serve(script([("/feed", vec![ok(&[]), fails("410 Gone")])])).await;
    let mut client = Client::new(&[&server], vec![feed("one", server.url("/feed"))]);
    client.run_for(DAY * 60).await;
    let asked = client.of("/feed");
    assert!((4..=9).contains(&asked.len()), "asked {} times", asked.len());
    let said_for = asked[asked.len() - 1].at.duration_since(asked[1].at);
    assert!((DAY..DAY * 2).contains(&said_for), "{said_for:?}");
    assert!(client.errors()[0].contains("gone for good"), "{:?}", client.errors());
    assert!(client.state("one").gone);
}

#[tokio::test]
async fn a_410_that_was_a_slip_costs_the_feed_one_poll() {
    let server = serve(script([(
        "/feed",
        vec![ok(&[]), fails("410 Gone"), ok(&[]), fails("410 Gone"), ok(&[])],
    )]))
    .await;
    let mut client = Client::new(&[&server], vec![feed("one", server.url("/feed"))]);
    client.run_for(DAY * 2).await;
    assert!(client.of("/feed").len() > 20, "asked {} times", client.of("/feed").len());
    assert_eq!((client.state("one").gone, client.state("one").failures), (false, 0));
}

#[tokio::test]
async fn a_304_to_a_request_without_conditions_is_a_failure() {
    let server = serve(script([("/feed", vec![not_modified(&[])])])).await;
    let mut client = Client::new(&[&server], vec![feed("one", server.url("/feed"))]);
    client.run_for(DAY).await;
    assert!(client.errors()[0].contains("HTTP 304: not modified"), "{:?}", client.errors());
    assert_eq!(client.state("one").last_success_at, None);
    let gaps = client.gaps("/feed");
    assert!(gaps.windows(2).take(3).all(|pair| pair[1] > pair[0]), "{gaps:?}");
}

#[tokio::test]
async fn a_404_is_soft_and_recovers() {
    let mut answers = vec![ok(&[("etag", "\"1\"")])];
    answers.extend(vec![fails("404 Not Found"); 8]);
    answers.push(ok(&[("etag", "\"2\"")]));
    answers.push(not_modified(&[]));
    let server = serve(script([("/feed", answers)])).await;
    let mut client = Client::new(&[&server], vec![feed("one", server.url("/feed"))]);
    client.run_for(DAY * 5).await;
    let gaps = client.gaps("/feed");
    // The waits before the second to the eighth failure double, up to a day, with a tenth of jitter.
    for (turn, gap) in gaps[1..8].iter().enumerate() {
        let wait = (MINUTE * 30 * (1 << turn)).min(DAY);
        assert!(*gap >= wait * 9 / 10 && *gap <= wait * 11 / 10 + MINUTE, "{turn}: {gaps:?}");
    }
    assert!(gaps[9] <= HOUR && client.of("/feed").len() > 20, "{gaps:?}");
    let state = client.state("one");
    assert_eq!((state.failures, state.last_error), (0, None));
}

#[tokio::test]
async fn a_feed_that_fails_for_a_year_is_asked_weekly_in_the_end_and_never_dropped() {
    let server = serve(script([("/feed", vec![fails("500 x")])])).await;
    let mut client = Client::new(&[&server], vec![feed("one", server.url("/feed"))]);
    client.run_for(DAY * 365).await;
    let gaps = client.gaps("/feed");
    assert!(gaps[6..30].iter().all(|gap| *gap >= HOUR * 21 && *gap <= DAY), "{gaps:?}");
    assert!(gaps[30..].iter().all(|gap| *gap >= DAY * 6 && *gap <= DAY * 8), "{gaps:?}");
    assert!(gaps.len() > 70, "{}", gaps.len());
    assert_eq!(client.errors().len(), gaps.len() + 1);
}

#[tokio::test]
async fn a_gzip_bomb_a_slow_body_and_a_dead_server_fail_and_back_off() {
    use std::io::Write as _;
    let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    bomb.write_all(&vec![b' '; 64 << 20]).unwrap();
    let bomb = bomb.finish().unwrap();
    let server = Server::start(move |head, mut socket| {
        let bomb = bomb.clone();
        async move {
            if head.starts_with("GET /bomb") {
                let bytes = answer("200 OK", &[("content-encoding", "gzip")], &bomb);
                socket.write_all(&bytes).await.ok();
            } else if head.starts_with("GET /slow") {
                socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n<rss>").await.ok();
                tokio::time::sleep(Duration::from_secs(20)).await;
            }
            // Else nothing is said at all.
        }
    })
    .await;
    for (path, words) in [
        ("/bomb", "first 1048576 bytes, which limits.max_feed_size"),
        ("/slow", "no answer within"),
        ("/dead", ""),
    ] {
        let mut client = Client::new(&[&server], vec![feed("one", server.url(path))]);
        client.run(start() + DAY, 3).await;
        assert!(client.errors()[0].contains(words), "{:?}", client.errors());
        let gaps = client.gaps(path);
        assert!(gaps[0] >= MINUTE * 27 && gaps[1] >= MINUTE * 54, "{path}: {gaps:?}");
    }
}

#[tokio::test]
async fn a_feed_of_a_wrong_content_type_is_read_and_the_log_says_once_what_is_wrong() {
    let body = "<rss><channel><title>A & B</title><item><guid isPermaLink=true>x</guid>";
    let feed_bytes = answer("200 OK", &[("content-type", "image/png")], body.as_bytes());
    let server = serve(script([("/feed", vec![feed_bytes])])).await;
    let mut client = Client::new(&[&server], vec![feed("one", server.url("/feed"))]);
    client.run_for(DAY).await;
    let polled =
        |(_, event): &&(Timestamp, Event)| matches!(event, Event::Polled { entries: 1, .. });
    assert!(client.events.iter().filter(polled).count() > 3);
    let flawed = |(_, event): &&(Timestamp, Event)| matches!(event, Event::Flawed { .. });
    assert_eq!(client.events.iter().filter(flawed).count(), 1);
    let state = client.state("one");
    assert_eq!(state.read_by.as_deref(), Some("lenient"));
    assert!(state.flaws.is_some() && state.failures == 0);
}

#[tokio::test]
async fn of_a_feed_that_is_too_large_the_whole_entries_that_fit_are_read_and_the_rest_is_told() {
    let text = "A text. ".repeat(100);
    let entry = |n| format!("<item><guid>{n:05}</guid><description>{text}</description></item>");
    let body = |entries| {
        let entries: String = (0..entries).map(entry).collect();
        format!("<rss version=\"2.0\"><channel><title>a feed</title>{entries}</channel></rss>")
    };
    let (whole, large) = (body(10), body(2000));
    // The last one may lack its end.
    let fits = large[..1 << 20].matches("<item>").count() - 1;
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    std::io::Write::write_all(&mut packed, large.as_bytes()).unwrap();
    let packed = packed.finish().unwrap();
    let unannounced = [b"HTTP/1.1 200 OK\r\n\r\n", large.as_bytes()].concat();
    let answers = vec![
        answer("200 OK", &[], whole.as_bytes()),
        answer("200 OK", &[], large.as_bytes()),
        answer("200 OK", &[("content-encoding", "gzip")], &packed),
        unannounced,
        answer("200 OK", &[], whole.as_bytes()),
    ];
    let server = serve(script([("/feed", answers)])).await;
    let mut client = Client::new(&[&server], vec![feed("one", server.url("/feed"))]);
    let mut flaws = Vec::new();
    for _ in 0..5 {
        client.run(start() + DAY * 9, 1).await;
        flaws.push(client.state("one").flaws.map(String::from));
    }
    let entries: Vec<usize> = client
        .events
        .iter()
        .filter_map(|(_, event)| match event {
            Event::Polled { entries, .. } => Some(*entries as usize),
            _ => None,
        })
        .collect();
    // The packing takes some bytes of the mebibyte that comes.
    assert_eq!(entries, [10, fits, fits - 1, fits, 10]);
    for (n, flaws) in flaws.iter().enumerate() {
        let is_told = flaws.as_ref().is_some_and(|it| it.contains("limits.max_feed_size"));
        assert_eq!(is_told, (1..4).contains(&n), "{n}: {flaws:?}");
    }
    let tells = |(_, event): &&(Timestamp, Event)| matches!(event, Event::Flawed { flaws, .. } if flaws[0].contains("limits.max_feed_size"));
    assert_eq!(client.events.iter().filter(tells).count(), 1);
}

#[tokio::test]
async fn max_age_counts_after_a_304_too_and_without_validators_an_hour_is_the_floor() {
    let server = serve(script([
        (
            "/fresh",
            vec![ok(&[("etag", "\"1\"")]), not_modified(&[("cache-control", "max-age=14400")])],
        ),
        ("/bare", vec![ok(&[])]),
        (
            "/ttl",
            vec![answer(
                "200 OK",
                &[("etag", "\"1\"")],
                b"<rss><channel><title>x</title><ttl>300</ttl></channel></rss>",
            )],
        ),
    ]))
    .await;
    let feeds = ["/fresh", "/bare", "/ttl"].map(|path| feed(&path[1..], server.url(path)));
    let mut client = Client::new(&[&server], feeds.to_vec());
    client.run_for(DAY).await;
    assert!(client.gaps("/fresh")[1..].iter().all(|gap| *gap >= HOUR * 4));
    assert!(client.gaps("/bare").iter().all(|gap| *gap >= HOUR));
    assert!(client.gaps("/ttl").iter().all(|gap| *gap >= HOUR * 5));
}

#[tokio::test]
async fn a_restart_polls_nothing_early() {
    let folder = tempfile::tempdir().unwrap();
    let state = || State::open(&folder.path().join("state.sqlite")).unwrap();
    let server = serve(script([
        (
            "/one",
            vec![ok(&[("etag", "\"1\"")]), not_modified(&[("cache-control", "max-age=9000")])],
        ),
        ("/two", vec![ok(&[("etag", "\"2\"")]), fails("500 x")]),
        ("/three", vec![ok(&[])]),
    ]))
    .await;
    let paths = ["/one", "/two", "/three"];
    let feeds = || paths.map(|path| feed(&path[1..], server.url(path))).to_vec();
    let mut now = start();
    let mut log: Vec<Asked> = Vec::new();
    for restart in 0..40 {
        let mut client = Client::with(&[&server], feeds(), settings(), state(), now);
        let due: BTreeMap<&str, Option<Timestamp>> =
            paths.iter().map(|path| (*path, client.state(&path[1..]).next_at)).collect();
        client.run_for(MINUTE * 20).await;
        for path in paths {
            let first = client.of(path).first().map(|asked| asked.at);
            assert!(first.is_none() || first >= due[path], "{restart} {path}: {first:?} {due:?}");
        }
        now = client.now;
        log.append(&mut client.log);
    }
    // The same as without restarts: validators are kept too, and only first requests lack them.
    for path in ["/one", "/two"] {
        let bare = log.iter().filter(|a| a.path == path && a.conditions().0.is_none());
        assert_eq!(bare.count(), 1, "{path}");
    }
    assert!(log.len() > 15, "{}", log.len());
}

/// Each host's requests in order of time, with the least time between two starts.
fn least_gap(log: &[Asked], host: &str) -> SignedDuration {
    let times: Vec<Timestamp> = log.iter().filter(|a| a.host == host).map(|a| a.at).collect();
    times.windows(2).map(|pair| pair[1].duration_since(pair[0])).min().unwrap()
}

fn items(links: &[String]) -> Vec<u8> {
    let items: String = links
        .iter()
        .map(|link| format!("<item><title>{link}</title><link>{link}</link></item>"))
        .collect();
    let feed = format!("<rss version=\"2.0\"><channel><title>x</title>{items}</channel></rss>");
    answer("200 OK", &[("etag", "\"1\"")], feed.as_bytes())
}

#[tokio::test]
async fn a_host_is_left_five_seconds_between_two_starts_and_as_long_as_its_crawl_delay_says() {
    for (robots, gap) in [("", 5), ("User-agent: *\nCrawl-delay: 17", 17)] {
        let links: Vec<String> = (0..12).map(|n| format!("/page{n}")).collect();
        let server = serve(script([
            ("/robots.txt", vec![answer("200 OK", &[], robots.as_bytes())]),
            ("/one", vec![items(&links)]),
            ("/two", vec![ok(&[("etag", "\"2\"")])]),
        ]))
        .await;
        let feeds = vec![feed("one", server.url("/one")), feed("two", server.url("/two"))];
        let mut client = Client::new(&[&server], feeds);
        client.run_for(HOUR * 3).await;
        assert_eq!(client.log.iter().filter(|a| a.path.starts_with("/page")).count(), 12);
        let host = server.address().to_string();
        let after_robots = client.log.iter().position(|a| a.path == "/robots.txt").unwrap() + 1;
        let least = least_gap(&client.log[after_robots..], &host);
        assert_eq!(least, SignedDuration::from_secs(gap));
    }
}

#[tokio::test]
async fn a_crawl_delay_outlasts_restarts_and_hosts_that_are_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let links: Vec<String> = (0..30).map(|n| format!("/page{n}")).collect();
    let server = serve(script([
        ("/robots.txt", vec![answer("200 OK", &[], b"User-agent: *\nCrawl-delay: 17")]),
        ("/one", vec![items(&links)]),
    ]))
    .await;
    let mut now = start();
    let mut log: Vec<Asked> = Vec::new();
    // It is asked for once a day: what follows knows it from the state alone.
    for restart in 0..4 {
        let state = State::open(&folder.path().join("state.sqlite")).unwrap();
        // Nothing holds the host in memory but its pages.
        let feeds = if restart == 0 { vec![feed("one", server.url("/one"))] } else { vec![] };
        let mut client = Client::with(&[&server], feeds, settings(), state, now);
        for _ in 0..40 {
            client.run_for(MINUTE).await;
            client.crawl.forget_idle_hosts(client.now);
            if client.log.iter().filter(|asked| asked.path.starts_with("/page")).count() > 6 {
                break;
            }
        }
        now = client.now;
        let pages = client.log.iter().position(|asked| asked.path.starts_with("/page")).unwrap();
        let least = least_gap(&client.log[pages..], &server.address().to_string());
        assert!(least >= SignedDuration::from_secs(17), "{restart}: {least:?}");
        log.append(&mut client.log);
    }
    assert_eq!(log.iter().filter(|asked| asked.path == "/robots.txt").count(), 1);
}

#[tokio::test]
async fn a_page_that_leads_to_another_host_is_paced_there_and_asks_that_hosts_robots_txt() {
    let there = serve(script([
        ("/robots.txt", vec![answer("200 OK", &[], b"User-agent: *\nDisallow: /private")]),
        ("/public", vec![answer("200 OK", &[("content-type", "text/html")], b"<p>hello")]),
        ("/private", vec![answer("200 OK", &[("content-type", "text/html")], b"<p>secret")]),
    ]))
    .await;
    let (public, private) = (there.url("/public"), there.url("/private"));
    let here = Server::of_answers(move |path| match path {
        "/feed" => items(&["/a".to_owned(), "/b".to_owned(), "/c".to_owned()]),
        "/a" | "/c" => leads("301 x", public.as_str()),
        "/b" => leads("302 x", private.as_str()),
        _ => answer("404 Not Found", &[], b""),
    })
    .await;
    let mut client = Client::new(&[&here, &there], vec![feed("one", here.url("/feed"))]);
    client.run_for(HOUR).await;
    let asked: Vec<&str> = client
        .log
        .iter()
        .filter(|asked| asked.host == there.address().to_string())
        .map(|asked| asked.path.as_str())
        .collect();
    assert_eq!(asked, ["/robots.txt", "/public", "/public"]);
    for server in [&here, &there] {
        let least = least_gap(&client.log, &server.address().to_string());
        assert!(least >= SignedDuration::from_secs(5), "{least:?}");
    }
    assert_eq!(client.crawl.schedule().in_flight(), 0);
    assert_eq!(client.crawl.schedule().waiting_pages(), 0);
}

#[tokio::test]
async fn a_hop_on_the_same_host_is_a_request_like_any_other() {
    let server = Server::of_answers(|path| match path {
        "/feed" => items(&["/a".to_owned(), "/b".to_owned(), "/c".to_owned()]),
        "/robots.txt" => leads("301 x", "/rules"),
        "/rules" => answer("200 OK", &[], b"User-agent: *\nDisallow: /private\nCrawl-delay: 9"),
        "/a" | "/b" => leads("301 x", "/hop"),
        "/hop" => leads("302 x", "/public"),
        "/c" => leads("302 x", "/private"),
        _ => answer("200 OK", &[("content-type", "text/html")], b"<p>hello"),
    })
    .await;
    let mut client = Client::new(&[&server], vec![feed("one", server.url("/feed"))]);
    client.run_for(HOUR / 2).await;
    let asked: Vec<&str> =
        client.log.iter().map(|asked| &*asked.path).filter(|path| *path != "/feed").collect();
    let expected =
        ["/robots.txt", "/rules", "/a", "/hop", "/public", "/b", "/hop", "/public", "/c"];
    assert_eq!(asked, expected);
    let rules = client.log.iter().position(|asked| asked.path == "/rules").unwrap();
    let host = server.address().to_string();
    assert!(least_gap(&client.log[..=rules], &host) >= SignedDuration::from_secs(5));
    assert!(least_gap(&client.log[rules + 1..], &host) >= SignedDuration::from_secs(9));
    assert_eq!(client.crawl.schedule().waiting_pages(), 0);
}

#[tokio::test]
async fn a_robots_txt_on_another_host_is_sought_there_once_and_holds_for_the_first() {
    let there = serve(script([(
        "/robots.txt",
        vec![answer("200 OK", &[], b"User-agent: *\nDisallow: /b\nCrawl-delay: 9")],
    )]))
    .await;
    let robots = there.url("/robots.txt");
    let here = Server::of_answers(move |path| match path {
        "/feed" => items(&["/a".to_owned(), "/b".to_owned(), "/c".to_owned()]),
        "/robots.txt" => leads("301 x", robots.as_str()),
        _ => answer("404 Not Found", &[], b""),
    })
    .await;
    let mut client = Client::new(&[&here, &there], vec![feed("one", here.url("/feed"))]);
    client.run_for(HOUR / 2).await;
    assert_eq!(client.of("/robots.txt").len(), 2);
    let mut pages: Vec<&Asked> = client.log.iter().filter(|a| a.path.len() == 2).collect();
    assert_eq!(pages.len(), 2, "{pages:?}");
    assert!(pages[1].at.duration_since(pages[0].at) >= SignedDuration::from_secs(9), "{pages:?}");
    pages.sort_by_key(|asked| &asked.path);
    assert_eq!((&*pages[0].path, &*pages[1].path), ("/a", "/c"));
}

#[tokio::test]
async fn a_feed_that_leads_to_another_host_is_polled_there_with_that_hosts_validators() {
    let there =
        serve(script([("/feed", vec![ok(&[("etag", "\"there\"")]), not_modified(&[])])])).await;
    let target = there.url("/feed");
    let here = Server::of_answers(move |_| leads("302 x", target.as_str())).await;
    let mut client = Client::new(&[&here, &there], vec![feed("one", here.url("/old"))]);
    client.run(start() + DAY, 6).await;
    assert!(client.of("/old").iter().all(|asked| asked.conditions().0.is_none()));
    let tags: Vec<_> = client.of("/feed").iter().map(|asked| asked.conditions().0).collect();
    assert_eq!(tags, [None, Some("\"there\""), Some("\"there\"")]);
    assert_eq!(client.state("one").last_success_at, Some(client.now));
}

fn index(parts: &[(&str, &str)]) -> Vec<u8> {
    let parts: String = parts
        .iter()
        .map(|(loc, lastmod)| format!("<sitemap><loc>{loc}</loc>{lastmod}</sitemap>"))
        .collect();
    answer("200 OK", &[], format!("<sitemapindex>{parts}</sitemapindex>").as_bytes())
}

fn part(pages: &[&str]) -> Vec<u8> {
    let urls: String = pages.iter().map(|page| format!("<url><loc>{page}</loc></url>")).collect();
    answer("200 OK", &[("etag", "\"p\"")], format!("<urlset>{urls}</urlset>").as_bytes())
}

#[tokio::test]
async fn the_parts_of_a_sitemap_index_are_read_when_they_are_new_also_after_a_restart() {
    const JAN: &str = "<lastmod>2022-01-05T00:00:00Z</lastmod>";
    const FEB: &str = "<lastmod>2022-02-05T00:00:00Z</lastmod>";
    let folder = tempfile::tempdir().unwrap();
    let state = || State::open(&folder.path().join("state.sqlite")).unwrap();
    let both = |news| index(&[("/old.xml", JAN), ("/news.xml", news)]);
    let mut turns = vec![both(JAN); 5];
    turns.push(both(FEB));
    let server = serve(script([
        ("/index.xml", turns),
        ("/old.xml", vec![fails("500 x"), part(&["/1"])]),
        ("/news.xml", vec![part(&["/2"]), part(&["/2", "/3"])]),
    ]))
    .await;
    let feeds =
        || vec![Feed { kind: SourceKind::Sitemap, ..feed("map", server.url("/index.xml")) }];
    let mut client = Client::with(&[&server], feeds(), settings(), state(), start());
    // The index and nothing else: what it names is not lost by a stop.
    client.run(start() + DAY, 1).await;
    let (now, mut log) = (client.now, client.log);
    let mut client = Client::with(&[&server], feeds(), settings(), state(), now);
    client.run(now + DAY * 2, usize::MAX).await;
    log.append(&mut client.log);
    let asked = |path: &str| log.iter().filter(|asked| asked.path == path).count();
    assert!(asked("/index.xml") > 6, "{log:?}");
    assert_eq!((asked("/old.xml"), asked("/news.xml")), (2, 2), "{log:?}");
    assert_eq!((asked("/1"), asked("/2"), asked("/3")), (1, 1, 1));
    assert!(client.errors().iter().any(|error| error.contains("/old.xml: HTTP 500")));
}

#[tokio::test]
async fn of_an_index_without_times_the_newest_ten_parts_are_asked_conditionally() {
    let names: Vec<String> = (1..=30).map(|n| format!("/sitemap-{n}.xml")).collect();
    let parts: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "")).collect();
    let index = index(&parts);
    let server = Server::start(move |head, mut socket| {
        let index = index.clone();
        async move {
            let path = head.split(' ').nth(1).unwrap_or_default();
            let bytes = match path {
                "/index.xml" => index,
                _ if !path.starts_with("/sitemap") => answer("404 Not Found", &[], b""),
                _ if head.contains("if-none-match") => not_modified(&[]),
                _ => part(&[&format!("{path}.html")]),
            };
            socket.write_all(&bytes).await.ok();
            socket.shutdown().await.ok();
        }
    })
    .await;
    let mut client = Client::new(
        &[&server],
        vec![Feed { kind: SourceKind::Sitemap, ..feed("map", server.url("/index.xml")) }],
    );
    client.run_for(HOUR * 3).await;
    let polls = client.of("/index.xml").len();
    for (n, name) in (1..).zip(&names) {
        let asked = client.of(name);
        assert_eq!(asked.len(), if n > 20 { polls } else { 0 }, "{name}");
        assert!(asked.iter().skip(1).all(|asked| asked.conditions().0 == Some("\"p\"")));
    }
}

#[tokio::test]
async fn a_host_that_cannot_be_asked_as_often_as_its_feeds_want_is_reported_once_a_day() {
    let server = serve(script([("/feed", vec![ok(&[("etag", "\"1\"")])])])).await;
    let feeds: Vec<Feed> =
        (0..40).map(|n| feed(&format!("feed-{n}"), server.url(&format!("/feed?{n}")))).collect();
    let slow = Settings {
        rest: Rest { delay: MINUTE * 2, answer_times: 0.0, ..Rest::default() },
        ..settings()
    };
    let mut client = Client::with(&[&server], feeds, slow, State::in_memory().unwrap(), start());
    client.run_for(DAY).await;
    let late: Vec<&Event> = client
        .events
        .iter()
        .map(|(_, event)| event)
        .filter(|event| matches!(event, Event::HostLate { .. }))
        .collect();
    assert!(matches!(late[..], [Event::HostLate { late, .. }] if *late > MINUTE), "{late:?}");
    let least = least_gap(&client.log, &server.address().to_string());
    assert_eq!(least, MINUTE * 2);
}

#[tokio::test]
async fn a_sleep_of_the_machine_makes_no_feed_late() {
    let server = serve(script([("/feed", vec![ok(&[("etag", "\"1\"")])])])).await;
    let mut client = Client::new(&[&server], vec![feed("one", server.url("/feed"))]);
    client.run_for(HOUR * 3).await;
    client.now += DAY;
    client.run_for(HOUR * 3).await;
    assert!(!client.events.iter().any(|(_, event)| matches!(event, Event::HostLate { .. })));
    assert_eq!(client.state("one").late_s, 0);
}

#[tokio::test]
async fn a_feed_that_falls_silent_is_called_stale_once() {
    let server = serve(script([(
        "/feed",
        vec![items(&["/a".to_owned()]), items(&["/b".to_owned()]), not_modified(&[])],
    )]))
    .await;
    let mut client = Client::new(&[&server], vec![feed("one", server.url("/feed"))]);
    client.run_for(DAY * 30).await;
    let stale: Vec<Timestamp> = client
        .events
        .iter()
        .filter(|(_, event)| matches!(event, Event::FeedStale { .. }))
        .map(|(at, _)| *at)
        .collect();
    assert!(
        matches!(stale[..], [at] if at > start() + DAY * 7 && at < start() + DAY * 9),
        "{stale:?}"
    );
}

#[tokio::test]
async fn dates_without_a_zone_are_read_in_the_feeds_own() {
    let body = "<rss version=\"2.0\"><channel><title>x</title><item><link>/a</link>\
        <pubDate>2022-01-16 10:00:00</pubDate></item></channel></rss>";
    let server = serve(script([("/feed", vec![answer("200 OK", &[], body.as_bytes())])])).await;
    let zone = jiff::tz::TimeZone::get("Asia/Almaty").unwrap();
    let mut client = Client::new(
        &[&server],
        vec![Feed { zone: Some(zone), ..feed("one", server.url("/feed")) }],
    );
    client.run(start() + HOUR, 1).await;
    let (page, ..) = client.crawl.state().waiting().unwrap()[0].clone();
    let published = client.crawl.state().pending(page).unwrap().unwrap().entry.published.unwrap();
    // Almaty was six hours ahead then.
    assert_eq!(published.at, "2022-01-16T04:00:00Z".parse().unwrap());
    assert_eq!(published.assumed_zone.as_deref(), Some("Asia/Almaty"));
}
