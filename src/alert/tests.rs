//! What is told, in which form, and once.
#![expect(clippy::disallowed_methods, reason = "looks at a cursor")]

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    sync::{
        Arc, RwLock,
        atomic::{AtomicI64, Ordering},
    },
    thread,
};

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tokio::sync::watch;
use url::Url;

use super::{
    Alert, Every, Form, Nudge, On, Sender, Teller, Way,
    form::{Item, Message, Topic},
    news,
};
use crate::{
    archive::{Archive, Record, Settings},
    crawl,
    fetch::{self, HttpClient},
    jsonl::Folder,
    schedule::FeedState,
    state::{FeedRow, State},
};

fn alert() -> Alert {
    Alert {
        id: "desk".to_owned(),
        on: vec![On::Article, On::Feed, On::Disk],
        every: Every::Now,
        failures: 3,
        way: Way::Command(vec!["true".to_owned()]),
    }
}

fn now() -> Timestamp {
    "2022-01-16T12:00:00Z".parse().unwrap()
}

fn item(title: &str) -> Item {
    Item {
        url: Some("https://news.example/?a=<b>|&c=\"d\"".to_owned()),
        note: Some("The <Courier>, 2022-01-16".to_owned()),
        id: Some(format!("a_{title}")),
        ..Item::line(title.to_owned())
    }
}

fn one() -> Message {
    news::articles(&alert(), vec![item("*A* <b> & `c` | @room")], 0)
}

#[test]
fn each_form_escapes_what_it_gives_a_meaning_to() {
    let url = Url::parse("https://hooks.example/services/1").unwrap();
    let (method, to, body) = one().request(Form::Slack, &url);
    assert_eq!((method, &to), ("POST", &url));
    assert_eq!(
        body["text"],
        "**A* &lt;b&gt; &amp; `c` | @room*\n• <https://news.example/?a=&lt;b&gt;%7C&amp;c=\"d\"|*A* \
         &lt;b&gt; &amp; `c` | @room> – The &lt;Courier&gt;, 2022-01-16"
    );

    let room = "https://matrix.example/_matrix/client/v3/rooms/!r:example/send/m.room.message";
    let (method, to, body) = one().request(Form::Matrix, &Url::parse(room).unwrap());
    assert_eq!(method, "PUT");
    assert_eq!(to.as_str(), format!("{room}/{}", one().id));
    assert_eq!(
        body["formatted_body"],
        "<strong>*A* &lt;b&gt; &amp; `c` | @room</strong><ul><li><a href=\"https://news.example/?a=\
         &lt;b&gt;|&amp;c=&quot;d&quot;\">*A* &lt;b&gt; &amp; `c` | @room</a> – The &lt;Courier&gt;, \
         2022-01-16</li></ul>"
    );

    let topic = Url::parse("https://ntfy.example/sub/newswatch").unwrap();
    let (method, to, body) = one().request(Form::Ntfy, &topic);
    assert_eq!((method, to.as_str()), ("POST", "https://ntfy.example/sub"));
    assert_eq!(body["topic"], "newswatch");
    assert_eq!(body["title"], "*A* <b> & `c` | @room");
    assert_eq!(body["click"], "https://news.example/?a=<b>|&c=\"d\"");

    let (_, _, body) = one().request(Form::Json, &url);
    assert_eq!(body["items"][0]["id"], "a_*A* <b> & `c` | @room");
    assert_eq!(body["about"], json!(Topic::Articles));
}

#[test]
fn a_message_that_is_sent_again_is_the_same_and_another_is_another() {
    assert_eq!(one().id, one().id);
    assert_ne!(one().id, news::articles(&alert(), vec![item("b")], 0).id);
    // What is told again later, as that a disk is full, is not taken for the earlier one.
    let numbered = |told| {
        let mut message = one();
        message.number(told);
        message.id
    };
    assert_eq!(numbered(1), numbered(1));
    assert_ne!(numbered(1), numbered(2));
    let many = news::articles(&alert(), vec![item("a"), item("b")], 3);
    assert_eq!(many.subject, "5 new articles");
    assert!(many.text().ends_with("and 3 more"), "{}", many.text());
}

#[test]
fn a_digest_is_due_once_its_hour_or_day_is_over() {
    let at = |text: &str| -> Timestamp { text.parse().unwrap() };
    let since = at("2022-01-16T12:10:00Z");
    assert!(news::is_due(Every::Now, since, since));
    assert!(!news::is_due(Every::Hour, since, at("2022-01-16T12:59:59Z")));
    assert!(news::is_due(Every::Hour, since, at("2022-01-16T13:00:00Z")));
    assert!(!news::is_due(Every::Day, since, at("2022-01-16T23:59:59Z")));
    assert!(news::is_due(Every::Day, since, at("2022-01-17T00:00:00Z")));
}

fn feed(failures: u32) -> FeedRow {
    let last_error = (failures > 0).then(|| "HTTP 500".into());
    let state = FeedState { failures, last_error, ..FeedState::default() };
    FeedRow { id: "courier".to_owned(), state, ..FeedRow::default() }
}

#[test]
fn a_feed_is_told_to_fail_once_and_to_be_well_again_once() {
    let mut told = BTreeMap::new();
    let mut tell = |failures: u32| {
        let (message, next) = news::feeds(&alert(), &[feed(failures)], &told, now());
        told = next;
        message.map(|message| message.subject)
    };
    assert_eq!(tell(0), None);
    assert_eq!(tell(2), None, "not yet");
    assert_eq!(tell(3).unwrap(), "The feed courier has failed 3 times in a row: HTTP 500");
    assert_eq!(tell(4), None, "it is known");
    assert_eq!(tell(1), None, "no recovery: the state was begun anew meanwhile");
    assert_eq!(tell(0).unwrap(), "The feed courier is well again");
    assert_eq!(tell(0), None);
}

#[test]
fn a_feed_that_falls_silent_or_is_gone_is_told() {
    let mut silent = feed(0);
    silent.state.new_entries = 100;
    silent.state.first_success_at = now().checked_sub(SignedDuration::from_hours(24 * 30)).ok();
    silent.state.last_new_at = now().checked_sub(SignedDuration::from_hours(24 * 20)).ok();
    let (message, told) = news::feeds(&alert(), &[silent.clone()], &BTreeMap::new(), now());
    assert!(message.unwrap().subject.contains("has brought nothing new since 2021-12-27"));
    silent.state.gone = true;
    let (message, told) = news::feeds(&alert(), &[silent.clone()], &told, now());
    assert!(message.unwrap().subject.contains("is gone"));
    assert_eq!(news::feeds(&alert(), &[silent], &told, now()).0, None);
    assert_eq!(news::feeds(&alert(), &[], &told, now()).0, None, "it left the configuration");
}

#[test]
fn a_full_disk_is_told_once_and_room_once() {
    let trouble = "no room to write".to_owned();
    let subject = |told: Option<&String>, trouble: Option<&String>| {
        news::disk(&alert(), told, trouble).map(|message| message.subject)
    };
    assert!(subject(None, Some(&trouble)).unwrap().contains("no room to write"));
    assert_eq!(subject(Some(&trouble), Some(&trouble)), None);
    assert!(subject(Some(&trouble), None).unwrap().contains("There is room"));
    assert_eq!(subject(None, None), None);
}

/// Three articles, and what tells of them by one alert.
struct Office {
    folder: tempfile::TempDir,
    alert: Alert,
    _ends: (watch::Sender<Vec<Alert>>, watch::Sender<BTreeSet<String>>, Nudge),
    teller: Teller,
}

/// Seconds that have passed for these tests; each begins at another time.
static PASSED: AtomicI64 = AtomicI64::new(0);

impl Office {
    fn new(way: Way) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let alert = Alert { on: vec![On::Article], way, ..alert() };
        let (alerts, polled) =
            (watch::channel(vec![alert.clone()]), watch::channel(BTreeSet::new()));
        let state = folder.path().join("state.sqlite");
        drop(State::open(&state).unwrap());
        let now = || now() + SignedDuration::from_secs(PASSED.load(Ordering::Relaxed));
        let (teller, nudge) = Teller::new(
            alerts.1,
            polled.1,
            Sender::new(HttpClient::new(fetch::Settings::default()).unwrap()),
            Folder::at(folder.path().join("archive")),
            state,
            folder.path().join("alerts"),
            now,
        );
        teller.prepare().unwrap();
        let office = Self { folder, alert, _ends: (alerts.0, polled.0, nudge), teller };
        office.keep(&["first", "second", "third"]);
        office
    }

    /// Archives articles, and has the index take note of them.
    fn keep(&self, titles: &[&str]) {
        let state = State::open(&self.folder.path().join("state.sqlite")).unwrap();
        let disk = Folder::at(self.folder.path().join("archive"));
        let before = crawl::checkpoint(&state).unwrap();
        let (mut archive, _) = Archive::open(disk, Settings::default(), before).unwrap();
        let sample = include_str!("../../tests/fixtures/archive/v1.jsonl").lines().next().unwrap();
        let record = |title: &&str| Record {
            id: format!("a_{}", blake3::hash(title.as_bytes()).to_hex()),
            title: Some((*title).to_owned()),
            ..serde_json::from_str(sample).unwrap()
        };
        let mut records: Vec<Record> = titles.iter().map(record).collect();
        archive.append(&mut records, now()).unwrap();
        crawl::rebuild(&state, &archive, std::iter::empty, |_| {}).unwrap();
    }

    /// Tells all that there is, waiting as long as it takes.
    async fn tell(&mut self) -> anyhow::Result<()> {
        for _ in 0..20 {
            let Some(wait) = self.teller.tell(&self.alert).await? else { return Ok(()) };
            let seconds = i64::try_from(wait.as_secs()).unwrap() + 1;
            PASSED.fetch_add(seconds, Ordering::Relaxed);
        }
        panic!("it never ends");
    }
}

/// The subjects of the mails that were taken, and how many came.
type Mails = Arc<RwLock<(Vec<String>, usize)>>;

/// Takes mails, but for those whose text has the word in it.
fn picky_mail_server(word: &'static str) -> (Url, Mails) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = Url::parse(&format!("smtp://{}", listener.local_addr().unwrap())).unwrap();
    let taken = Mails::default();
    let log = Arc::clone(&taken);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut to = stream.unwrap();
            let from = BufReader::new(to.try_clone().unwrap());
            to.write_all(b"220 mail.test\r\n").unwrap();
            let mut mail: Option<String> = None;
            for line in from.lines().map_while(Result::ok) {
                let answer = match (&mut mail, line.as_str()) {
                    (Some(text), ".") => {
                        let mut log = log.write().unwrap();
                        log.1 += 1;
                        let is_refused = text.contains(word);
                        let subject = text.lines().find_map(|it| it.strip_prefix("Subject: "));
                        if !is_refused {
                            log.0.extend(subject.map(str::to_owned));
                        }
                        mail = None;
                        if is_refused { "554 5.7.1 no such words here" } else { "250 taken" }
                    }
                    (Some(text), line) => {
                        text.push_str(&format!("{line}\n"));
                        continue;
                    }
                    (None, "DATA") => {
                        mail = Some(String::new());
                        "354 go on"
                    }
                    (None, "QUIT") => "221 bye",
                    (None, _) => "250 ok",
                };
                to.write_all(format!("{answer}\r\n").as_bytes()).unwrap();
            }
        }
    });
    (url, taken)
}

fn mail_to(server: Url) -> Way {
    let (from, to) = ("newswatch@example.org".to_owned(), vec!["desk@example.org".to_owned()]);
    Way::Mail { server, password: None, from, to }
}

#[tokio::test]
async fn a_mail_that_is_refused_for_good_is_sent_without_its_words_and_keeps_no_other() {
    let (server, taken) = picky_mail_server("second");
    let mut office = Office::new(mail_to(server));
    office.tell().await.unwrap();
    let refused = "A message of newswatch about a new article was refused here";
    let (subjects, asked) = taken.read().unwrap().clone();
    assert_eq!(subjects, ["first", refused, "third"]);
    // All three, then the first, the second until it is given up, its bare message, the third.
    assert!(asked <= 8, "no storm of mails: {asked}");
    // What comes later is told as ever.
    office.keep(&["fourth"]);
    office.tell().await.unwrap();
    assert_eq!(taken.read().unwrap().0.last().unwrap(), "fourth");
}

#[tokio::test]
async fn what_is_told_is_told_once_while_its_cursor_finds_no_room_and_the_cursor_is_stored_later() {
    let (server, taken) = picky_mail_server("no article has this");
    let mut office = Office::new(mail_to(server));
    let cursor = office.folder.path().join("alerts/desk.json");
    let stored = || std::fs::read_to_string(&cursor).unwrap();
    let told = || taken.read().unwrap().0.len();
    let before = stored();
    // A file that is always full.
    let full = cursor.with_extension("json.new");
    std::os::unix::fs::symlink("/dev/full", &full).unwrap();
    let error = office.tell().await.unwrap_err();
    assert!(crate::daemon::is_full(&error), "{error:#}");
    assert!(error.to_string().contains("the cursor cannot be stored"), "{error:#}");
    for _ in 0..3 {
        office.tell().await.unwrap();
    }
    assert_eq!((told(), stored()), (1, before.clone()));
    office.keep(&["fourth"]);
    office.tell().await.unwrap();
    assert_eq!((told(), stored()), (2, before.clone()));
    std::fs::remove_file(&full).unwrap();
    office.tell().await.unwrap();
    assert_eq!(told(), 2);
    assert_ne!(stored(), before);
    office.tell().await.unwrap();
    assert_eq!(told(), 2);
}
