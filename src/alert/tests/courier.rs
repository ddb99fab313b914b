//! Told once, told soon, and told again where it was not taken.
#![expect(clippy::disallowed_methods, reason = "looks at a cursor and an archive")]

use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    sync::{
        Arc, RwLock,
        atomic::{AtomicI64, Ordering},
    },
    thread,
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::sync::watch;
use url::Url;

use super::{
    super::{Alert, Delivery, Form, Nudge, On, Sender, Teller, Way, courier::Courier},
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
    teller: Teller,
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
        let desk = Self { folder, alert, _ends: (alerts.0, polled.0, nudge), teller, courier };
        desk.keep(&["first", "second", "third"]);
        desk
    }

    /// Archives articles, and has the index take note of them.
    fn keep(&self, titles: &[&str]) {
        self.keep_at(titles, now());
    }

    fn keep_at(&self, titles: &[&str], at: Timestamp) {
        let state = State::open(&self.folder.path().join("state.sqlite")).unwrap();
        let disk = Folder::at(self.folder.path().join("archive"));
        let before = crawl::checkpoint(&state).unwrap();
        let (mut archive, _) = Archive::open(disk, Settings::default(), before).unwrap();
        let sample =
            include_str!("../../../tests/fixtures/archive/v1.jsonl").lines().next().unwrap();
        let record = |title: &&str| Record {
            id: format!("a_{}", blake3::hash(title.as_bytes()).to_hex()),
            title: Some((*title).to_owned()),
            fetched_at: at,
            ..serde_json::from_str(sample).unwrap()
        };
        let mut records: Vec<Record> = titles.iter().map(record).collect();
        archive.append(&mut records, at).unwrap();
        crawl::rebuild(&state, &archive, std::iter::empty, |_| {}).unwrap();
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
    let mut desk = Desk::new(mail_to(server));
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
    let (server, taken) = picky_mail_server("no article has this");
    let mut desk = Desk::new(mail_to(server));
    let cursor = desk.folder.path().join("alerts/desk.json");
    let stored = || std::fs::read_to_string(&cursor).unwrap();
    let told = || taken.read().unwrap().0.len();
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
    assert_eq!((told(), stored()), (1, before.clone()));
    desk.keep(&["fourth"]);
    desk.tell().await.unwrap();
    assert_eq!((told(), stored()), (2, before.clone()));
    std::fs::remove_file(&full).unwrap();
    desk.tell().await.unwrap();
    assert_eq!(told(), 2);
    assert_ne!(stored(), before);
    desk.tell().await.unwrap();
    assert_eq!(told(), 2);
}

/// Answers each message as `think` says, and counts them.
fn webhook(mut think: impl FnMut(Value) -> String + Send + 'static) -> (Way, Arc<AtomicI64>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
    let asked = Arc::new(AtomicI64::new(0));
    let count = Arc::clone(&asked);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut to = stream.unwrap();
            let mut from = BufReader::new(to.try_clone().unwrap());
            let (mut line, mut length) = (String::new(), 0);
            while from.read_line(&mut line).is_ok_and(|length| length > 2) {
                let line = std::mem::take(&mut line).to_lowercase();
                if let Some(text) = line.strip_prefix("content-length: ") {
                    length = text.trim().parse().unwrap();
                }
            }
            let mut body = vec![0; length];
            from.read_exact(&mut body).unwrap();
            count.fetch_add(1, Ordering::Relaxed);
            let answer = think(serde_json::from_slice(&body).unwrap());
            let end = "content-length: 0\r\nconnection: close\r\n\r\n";
            write!(to, "HTTP/1.1 {answer}\r\n{end}").unwrap();
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
async fn a_rest_that_was_begun_under_a_clock_that_was_ahead_is_over_when_that_is_set_back() {
    let mut taken = ["200 taken", "429 later\r\nretry-after: 1000"].map(str::to_owned).to_vec();
    let (way, asked) = webhook(move |_| taken.pop().unwrap_or_default());
    let mut desk = Desk::new(way);
    passed().store(365 * 86_400, Ordering::Relaxed);
    assert!(desk.courier.tell(&desk.alert).await.unwrap().is_some());
    passed().store(0, Ordering::Relaxed);
    assert_eq!(desk.courier.tell(&desk.alert).await.unwrap(), None);
    assert_eq!(asked.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn how_messages_arrive_is_kept_for_those_who_ask() {
    let mut answers = ["200 taken", "500 no", "500 no"].map(str::to_owned).to_vec();
    let (way, _) = webhook(move |_| answers.pop().unwrap_or_default());
    let mut desk = Desk::new(way);
    let folder = desk.folder.path().join("alerts");
    assert_eq!(Delivery::read(&folder, "desk"), Delivery::default());
    let wait = desk.courier.tell(&desk.alert).await.unwrap().unwrap();
    let failed = Delivery::read(&folder, "desk");
    assert_eq!((failed.failures, failed.taken_at, failed.failing_since), (1, None, Some(now())));
    assert!(failed.error.unwrap().contains("HTTP 500"));
    assert_eq!(failed.next_at, Some(now() + SignedDuration::try_from(wait).unwrap()));
    // A start does not begin to count anew.
    desk.courier = desk.teller.courier("desk");
    desk.courier.tell(&desk.alert).await.unwrap();
    assert_eq!(Delivery::read(&folder, "desk").failures, 2);
    desk.tell().await.unwrap();
    let well = Delivery::read(&folder, "desk");
    assert!(well.failures == 0 && well.error.is_none() && well.taken_at > Some(now()), "{well:?}");
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
    let (tells, told) = notes();
    let (hangs, asked) = webhook(|_| {
        loop {
            thread::park();
        }
    });
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
    let wait_for = async |count| {
        for _ in 0..6000 {
            if told.read().unwrap().len() >= count {
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
    wait_for(5).await;
    desk.keep(&["fifth"]);
    nudge.look();
    wait_for(7).await;
    assert_eq!(asked.load(Ordering::Relaxed), 1);
    teller.abort();
}

/// The titles that a receiver was told of.
type Told = Arc<RwLock<Vec<String>>>;

/// Takes everything.
fn notes() -> (Way, Told) {
    let told = Told::default();
    let log = Arc::clone(&told);
    let (way, _) = webhook(move |message| {
        let items = message["items"].as_array().unwrap();
        let titles = items.iter().map(|item| item["title"].as_str().unwrap().to_owned());
        log.write().unwrap().extend(titles);
        "200 taken".to_owned()
    });
    (way, told)
}

fn noted(told: &Told) -> Vec<String> {
    std::mem::take(&mut told.write().unwrap())
}

impl Desk {
    fn archive(&self) -> std::path::PathBuf {
        self.folder.path().join("archive")
    }

    fn segment(&self) -> std::path::PathBuf {
        self.archive().join("2022/01/2022-01-16.jsonl")
    }

    /// Has the index forget all, and read the archive.
    fn rebuild(&self) {
        let new = self.folder.path().join("new.sqlite");
        let (state, _) = State::build(&new, None).unwrap();
        let disk = Folder::at(self.archive());
        let (archive, _) = Archive::open_to_read_all(disk, Settings::default(), None).unwrap();
        crawl::rebuild(&state, &archive, std::iter::empty, |_| {}).unwrap();
        drop(state);
        std::fs::rename(new, self.folder.path().join("state.sqlite")).unwrap();
    }
}

#[tokio::test]
async fn an_archive_that_was_repaired_is_told_on_where_it_was_left() {
    let (way, told) = notes();
    let mut desk = Desk::new(way);
    desk.tell().await.unwrap();
    assert_eq!(noted(&told), ["first", "second", "third"]);
    for (hours, damaged, new) in [(1, 0, "fourth"), (2, 2, "fifth")] {
        // The line is lost, be it one of those before or the very last one that was told of.
        let mut bytes = std::fs::read(desk.segment()).unwrap();
        let starts = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
        let start = [0].into_iter().chain(starts.map(|(at, _)| at + 1)).nth(damaged).unwrap();
        bytes[start + 100] = 0;
        std::fs::write(desk.segment(), bytes).unwrap();
        let repair = crate::archive::repair(&Folder::at(desk.archive()), None).unwrap();
        assert_eq!(repair.rewritten.len(), 1);
        desk.rebuild();
        desk.keep_at(&[new], now() + SignedDuration::from_hours(hours));
        desk.tell().await.unwrap();
        assert_eq!(noted(&told), [new]);
    }
}

#[tokio::test]
async fn of_an_archive_that_was_exchanged_all_is_told_that_was_kept_since() {
    let (way, told) = notes();
    let mut desk = Desk::new(way);
    desk.tell().await.unwrap();
    let before = noted(&told);
    // A new one, shorter at first, and one that is as long but another.
    for (hours, titles) in [(1, &["new"][..]), (2, &["a", "b", "c", "d"])] {
        std::fs::rename(desk.archive(), desk.folder.path().join(format!("old{hours}"))).unwrap();
        desk.rebuild();
        desk.keep_at(titles, now() + SignedDuration::from_hours(hours));
        desk.tell().await.unwrap();
        assert_eq!(noted(&told), titles);
    }
    // The first one comes back.
    std::fs::remove_dir_all(desk.archive()).unwrap();
    std::fs::rename(desk.folder.path().join("old1"), desk.archive()).unwrap();
    desk.rebuild();
    desk.tell().await.unwrap();
    assert_eq!(noted(&told), [""; 0], "{before:?} are known");
    desk.keep_at(&["last"], now() + SignedDuration::from_hours(3));
    desk.tell().await.unwrap();
    assert_eq!(noted(&told), ["last"]);
}

#[tokio::test]
async fn a_cursor_that_cannot_be_read_is_set_aside_and_the_last_day_is_told() {
    let (way, told) = notes();
    let mut desk = Desk::new(way);
    desk.tell().await.unwrap();
    noted(&told);
    desk.keep_at(&["later"], now() + SignedDuration::from_hours(100));
    passed().fetch_add(100 * 3600, Ordering::Relaxed);
    let cursor = desk.folder.path().join("alerts/desk.json");
    let sound = std::fs::read_to_string(&cursor).unwrap();
    let elsewhere = sound.replace("2022/01", "never");
    for damaged in ["", "{\"place\":", "[1]", elsewhere.as_str()] {
        std::fs::write(&cursor, damaged).unwrap();
        desk.teller.prepare().unwrap();
        desk.tell().await.unwrap();
        assert_eq!(noted(&told), ["later"], "neither nothing nor the whole archive");
        let aside = cursor.with_extension("json.damaged");
        assert_eq!(std::fs::read_to_string(aside).unwrap(), damaged);
        desk.tell().await.unwrap();
        assert_eq!(noted(&told), [""; 0]);
    }
    // A later version of the program may have written what this one does not know.
    std::fs::write(&cursor, sound.replacen('{', "{\"new\":1,", 1)).unwrap();
    desk.tell().await.unwrap();
    assert_eq!(noted(&told), ["later"]);
    // An earlier one had less.
    let place = r#"{"place":"2022/01/2022-01-20.jsonl:0","since":"2022-01-20T16:00:00Z","feeds":{},"disk":null}"#;
    std::fs::write(&cursor, place).unwrap();
    desk.tell().await.unwrap();
    assert_eq!(noted(&told), ["later"]);
}

#[tokio::test]
async fn an_alert_that_comes_to_be_on_articles_tells_those_that_are_kept_from_then_on() {
    let (way, told) = notes();
    let mut desk = Desk::new(way);
    desk.alert.on = vec![On::Disk];
    desk.tell().await.unwrap();
    desk.alert.on = vec![On::Article];
    desk.tell().await.unwrap();
    assert_eq!(noted(&told), [""; 0]);
    desk.keep(&["fourth"]);
    desk.tell().await.unwrap();
    assert_eq!(noted(&told), ["fourth"]);
}
