//! Told once, told soon, and told again where it was not taken.
#![expect(clippy::disallowed_methods, reason = "looks at a cursor and at what a program was told")]

use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    sync::{
        Arc, RwLock,
        atomic::{AtomicI64, Ordering},
    },
    thread,
    time::Duration,
};

use jiff::SignedDuration;
use tokio::sync::watch;
use url::Url;

use super::{
    super::{Alert, Form, Nudge, On, Sender, Teller, Way, courier::Courier},
    alert, now,
};
use crate::{
    archive::{Archive, Record, Settings},
    crawl,
    fetch::{self, HttpClient},
    jsonl::Folder,
    state::State,
};

/// Three articles, and what tells of them by one alert.
struct Desk {
    folder: tempfile::TempDir,
    alert: Alert,
    _ends: (watch::Sender<Vec<Alert>>, watch::Sender<BTreeSet<String>>, Nudge),
    courier: Courier,
}

thread_local! {
    /// Seconds that have passed for a test.
    static PASSED: Arc<AtomicI64> = Arc::default();
}

fn passed() -> Arc<AtomicI64> {
    PASSED.with(Arc::clone)
}

/// Reaches receivers on this machine, however long they take.
fn client() -> HttpClient {
    let allow = vec!["127.0.0.0/8".parse().unwrap()];
    let total_timeout = Duration::from_hours(1);
    HttpClient::new(fetch::Settings { total_timeout, allow, ..fetch::Settings::default() }).unwrap()
}

impl Desk {
    fn new(way: Way) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let alert = Alert { on: vec![On::Article], way, ..alert() };
        let (alerts, polled) =
            (watch::channel(vec![alert.clone()]), watch::channel(BTreeSet::new()));
        let state = folder.path().join("state.sqlite");
        drop(State::open(&state).unwrap());
        let now = || now() + SignedDuration::from_secs(passed().load(Ordering::Relaxed));
        let (teller, nudge) = Teller::new(
            alerts.1,
            polled.1,
            Sender::new(client()),
            Folder::at(folder.path().join("archive")),
            state,
            folder.path().join("alerts"),
            now,
        );
        teller.prepare().unwrap();
        let courier = teller.courier("desk");
        let desk = Self { folder, alert, _ends: (alerts.0, polled.0, nudge), courier };
        desk.keep(&["first", "second", "third"]);
        desk
    }

    /// Archives articles, and has the index take note of them.
    fn keep(&self, titles: &[&str]) {
        let state = State::open(&self.folder.path().join("state.sqlite")).unwrap();
        let disk = Folder::at(self.folder.path().join("archive"));
        let before = crawl::checkpoint(&state).unwrap();
        let (mut archive, _) = Archive::open(disk, Settings::default(), before).unwrap();
        let sample =
            include_str!("../../../tests/fixtures/archive/v1.jsonl").lines().next().unwrap();
        let record = |title: &&str| Record {
            id: format!("a_{}", blake3::hash(title.as_bytes()).to_hex()),
            title: Some((*title).to_owned()),
            ..serde_json::from_str(sample).unwrap()
        };
        let mut records: Vec<Record> = titles.iter().map(record).collect();
        archive.append(&mut records, now()).unwrap();
        crawl::rebuild(&state, &archive, std::iter::empty).unwrap();
    }

    /// Tells all that there is, waiting as long as it takes.
    async fn tell(&mut self) -> anyhow::Result<()> {
        for _ in 0..20 {
            let Some(wait) = self.courier.tell(&self.alert).await? else { return Ok(()) };
            let seconds = i64::try_from(wait.as_secs()).unwrap() + 1;
            passed().fetch_add(seconds, Ordering::Relaxed);
        }
        panic!("it never ends");
    }
}

/// Subjects of mails that were taken, and how many came.
type Mails = (Vec<String>, usize);

/// Takes mails, but for those whose text has the word in it. Gives their subjects and how many there
/// were.
fn picky_mail_server(word: &'static str) -> (Url, Arc<RwLock<Mails>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = Url::parse(&format!("smtp://{}", listener.local_addr().unwrap())).unwrap();
    let taken = Arc::new(RwLock::new((Vec::new(), 0)));
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

#[tokio::test]
async fn a_mail_that_is_refused_for_good_is_sent_without_its_words_and_keeps_no_other() {
    let (server, taken) = picky_mail_server("second");
    let (from, to) = ("newswatch@example.org".to_owned(), vec!["desk@example.org".to_owned()]);
    let mut desk = Desk::new(Way::Mail { server, password: None, from, to });
    desk.tell().await.unwrap();
    let refused = "A message of newswatch about a new article was refused here";
    let (subjects, asked) = taken.read().unwrap().clone();
    assert_eq!(subjects, ["first", refused, "third"]);
    // All three, then the first, the second until it is given up, its bare message, the third.
    assert!(asked <= 8, "no storm of mails: {asked}");
    // What comes later is told as ever.
    desk.keep(&["fourth"]);
    desk.tell().await.unwrap();
    assert_eq!(taken.read().unwrap().0.last().unwrap(), "fourth");
}

#[tokio::test]
async fn what_is_told_is_told_once_while_its_cursor_finds_no_room_and_the_cursor_is_stored_later() {
    let told = tempfile::NamedTempFile::new().unwrap();
    let script = format!("cat >> {0}; echo >> {0}", told.path().display());
    let mut desk = Desk::new(Way::Command(vec!["/bin/sh".into(), "-c".into(), script]));
    let cursor = desk.folder.path().join("alerts/desk.json");
    let stored = || std::fs::read_to_string(&cursor).unwrap();
    let lines = || std::fs::read_to_string(told.path()).unwrap().lines().count();
    let before = stored();
    // A file that is always full.
    let full = cursor.with_extension("json.new");
    std::os::unix::fs::symlink("/dev/full", &full).unwrap();
    let error = desk.tell().await.unwrap_err();
    assert!(crate::daemon::is_full(&error), "{error:#}");
    assert!(error.to_string().contains("the cursor cannot be stored"), "{error:#}");
    for _ in 0..3 {
        desk.tell().await.unwrap();
    }
    assert_eq!((lines(), stored()), (1, before.clone()));
    desk.keep(&["fourth"]);
    desk.tell().await.unwrap();
    assert_eq!((lines(), stored()), (2, before.clone()));
    std::fs::remove_file(&full).unwrap();
    desk.tell().await.unwrap();
    assert_eq!(lines(), 2);
    assert_ne!(stored(), before);
    desk.tell().await.unwrap();
    assert_eq!(lines(), 2);
}

/// Answers each request after `think`, which is given how many there were before.
fn webhook(think: impl Fn(usize) -> String + Send + 'static) -> (Way, Arc<AtomicI64>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
    let asked = Arc::new(AtomicI64::new(0));
    let count = Arc::clone(&asked);
    thread::spawn(move || {
        for (before, stream) in listener.incoming().enumerate() {
            let mut to = stream.unwrap();
            let mut from = BufReader::new(to.try_clone().unwrap());
            let mut line = String::new();
            while from.read_line(&mut line).is_ok_and(|length| length > 2) {
                line.clear();
            }
            count.fetch_add(1, Ordering::Relaxed);
            let answer = think(before);
            write!(to, "HTTP/1.1 {answer}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
                .unwrap();
        }
    });
    (Way::Webhook { url, form: Form::Json, token: None }, asked)
}

#[tokio::test]
async fn a_receiver_that_takes_long_to_fail_is_left_alone_as_long_as_any_other() {
    let clock = passed();
    let (way, asked) = webhook(move |_| {
        clock.fetch_add(1000, Ordering::Relaxed);
        "500 broken".to_owned()
    });
    let mut desk = Desk::new(way);
    let wait = desk.courier.tell(&desk.alert).await.unwrap().unwrap();
    assert!(wait >= Duration::from_secs(5), "{wait:?}");
    assert_eq!(asked.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_receiver_is_believed_to_want_no_more_than_an_hour_of_rest() {
    let (way, _) = webhook(|_| "429 later\r\nretry-after: 99999999".to_owned());
    let mut desk = Desk::new(way);
    let wait = desk.courier.tell(&desk.alert).await.unwrap().unwrap();
    assert!((1800..=3600).contains(&wait.as_secs()), "{wait:?}");
}

#[tokio::test]
async fn an_alert_whose_settings_were_mended_is_not_kept_waiting() {
    let (broken, _) = webhook(|_| "429 later\r\nretry-after: 1000".to_owned());
    let (mended, asked) = webhook(|_| "200 taken".to_owned());
    let mut desk = Desk::new(broken);
    assert!(desk.courier.tell(&desk.alert).await.unwrap().is_some());
    assert!(desk.courier.tell(&desk.alert).await.unwrap().is_some());
    desk.alert.way = mended;
    assert_eq!(desk.courier.tell(&desk.alert).await.unwrap(), None);
    assert_eq!(asked.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_receiver_that_hangs_keeps_no_other_alert_waiting() {
    let told = tempfile::NamedTempFile::new().unwrap();
    let script = format!("cat >> {0}; echo >> {0}", told.path().display());
    let (hangs, asked) = webhook(|_| {
        loop {
            thread::park();
        }
    });
    let tells = Way::Command(vec!["/bin/sh".into(), "-c".into(), script]);
    let desk = Desk::new(hangs.clone());
    let named = |id: &str, way| Alert { id: id.to_owned(), way, ..desk.alert.clone() };
    let alerts = vec![named("a", hangs), named("b", tells.clone())];
    let (more, alerts) = watch::channel(alerts);
    let (_polled, polled) = watch::channel(BTreeSet::new());
    let (state, archive) =
        (desk.folder.path().join("state.sqlite"), desk.folder.path().join("archive"));
    let folder = desk.folder.path().join("alerts");
    let sender = Sender::new(client());
    let (teller, nudge) =
        Teller::new(alerts, polled, sender, Folder::at(archive), state, folder, now);
    teller.prepare().unwrap();
    desk.keep(&["fourth"]);
    let teller = tokio::spawn(teller.run());
    let lines = || std::fs::read_to_string(told.path()).unwrap().lines().count();
    let wait_for = async |count| {
        for _ in 0..6000 {
            if lines() >= count {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("it is not told");
    };
    wait_for(1).await;
    while asked.load(Ordering::Relaxed) == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // It hangs, and what comes now is told all the same; also by an alert that is new.
    let cursor = desk.folder.path().join("alerts/desk.json");
    std::fs::copy(cursor, desk.folder.path().join("alerts/c.json")).unwrap();
    more.send_modify(|alerts| alerts.push(named("c", tells)));
    wait_for(2).await;
    desk.keep(&["fifth"]);
    nudge.look();
    wait_for(4).await;
    assert_eq!(asked.load(Ordering::Relaxed), 1);
    teller.abort();
}
