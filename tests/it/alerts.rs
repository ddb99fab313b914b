//! Alerts arrive: at a webhook, in the mail, at a program; at least once, also over a kill.

use std::{
    collections::BTreeSet,
    fs,
    io::{BufRead as _, BufReader, Write as _},
    net::{SocketAddr, TcpListener},
    sync::{
        Arc, RwLock,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
};

use newswatch::demo::{Fault, Site};
use rustix::process::Signal;
use serde_json::Value;
use wiremock::{
    Mock, MockServer, Request, ResponseTemplate,
    matchers::{header, method, path, path_regex},
};

use crate::{
    demo,
    support::{
        daemon::{Daemon, wait_until},
        workspace::{QUICK, Workspace, first_edition_every},
    },
};

/// The titles of all stories that become a record and are no copy.
fn wanted(site: &Site) -> BTreeSet<String> {
    let kept = site
        .expected()
        .into_iter()
        .filter(|it| demo::is_kept(it) && !matches!(it.outcome, newswatch::demo::Outcome::Copy));
    kept.map(|it| it.title).collect()
}

fn titles(message: &Value) -> Vec<String> {
    let items = message["items"].as_array().unwrap();
    items.iter().map(|item| item["title"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_kept_article_is_told_over_refusals_and_a_kill() {
    let (site, workspace) = first_edition_every("500ms").await;
    let server = MockServer::start().await;
    let (asked, taken) = (Arc::new(AtomicUsize::new(0)), Arc::new(RwLock::new(Vec::new())));
    let log = Arc::clone(&taken);
    Mock::given(method("POST"))
        .and(header("authorization", "Bearer sesame"))
        .respond_with(move |request: &Request| {
            if asked.fetch_add(1, Ordering::Relaxed) < 2 {
                return ResponseTemplate::new(503).insert_header("retry-after", "1");
            }
            log.write().unwrap().extend(titles(&serde_json::from_slice(&request.body).unwrap()));
            ResponseTemplate::new(200)
        })
        .mount(&server)
        .await;
    workspace.write("config/token", "sesame\n");
    workspace.write(
        "config/alerts.toml",
        &format!(
            "[[alert]]\nid = \"desk\"\nwebhook = \"{}/hook\"\ntoken_file = \"token\"\n",
            server.uri()
        ),
    );
    let daemon = Daemon::start(&workspace);
    wait_until("something is kept", || workspace.whole_lines() > 2);
    daemon.signal(Signal::KILL);
    drop(daemon);
    let daemon = Daemon::start(&workspace);
    let wanted = wanted(&site);
    wait_until("each article is told", || {
        let told: BTreeSet<String> = taken.read().unwrap().iter().cloned().collect();
        told.is_superset(&wanted)
    });
    let end: usize = workspace.lines().iter().map(|line| line.len() + 1).sum();
    let cursor = workspace.path().join("state/alerts/desk.json");
    wait_until("that is remembered", || {
        fs::read_to_string(&cursor).unwrap().contains(&format!("jsonl:{end}\""))
    });
    assert!(daemon.stop().success());

    // What was told is told no more.
    let before = taken.read().unwrap().len();
    let daemon = Daemon::start(&workspace);
    wait_until("it runs", || workspace.run(&["reload"]).code == Some(0));
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    assert!(daemon.stop().success());
    assert_eq!(taken.read().unwrap().len(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_receiver_refuses_keeps_no_other_article_and_no_other_alert() {
    let (site, workspace) = first_edition_every("500ms").await;
    let wanted = wanted(&site);
    let refused = wanted.first().unwrap().clone();
    let server = MockServer::start().await;
    let (asked, taken) = (Arc::new(AtomicUsize::new(0)), Arc::new(RwLock::new(Vec::new())));
    let (count, log, title) = (Arc::clone(&asked), Arc::clone(&taken), refused.clone());
    // It has something against one title, and no idea of time.
    Mock::given(path("/picky"))
        .respond_with(move |request: &Request| {
            count.fetch_add(1, Ordering::Relaxed);
            let message: Value = serde_json::from_slice(&request.body).unwrap();
            if message.to_string().contains(&title) {
                return ResponseTemplate::new(413).insert_header("retry-after", "0");
            }
            let mut log = log.write().unwrap();
            log.push(message["subject"].as_str().unwrap().to_owned());
            log.extend(titles(&message));
            ResponseTemplate::new(200)
        })
        .mount(&server)
        .await;
    let others = Arc::new(RwLock::new(Vec::new()));
    let log = Arc::clone(&others);
    Mock::given(path("/other"))
        .respond_with(move |request: &Request| {
            log.write().unwrap().extend(titles(&serde_json::from_slice(&request.body).unwrap()));
            ResponseTemplate::new(200)
        })
        .mount(&server)
        .await;
    let alert =
        |id: &str| format!("[[alert]]\nid = \"{id}\"\nwebhook = \"{}/{id}\"\n", server.uri());
    workspace.write("config/alerts.toml", &(alert("picky") + &alert("other")));
    let daemon = Daemon::start(&workspace);
    let told = |log: &RwLock<Vec<String>>| -> BTreeSet<String> {
        log.read().unwrap().iter().cloned().collect()
    };
    wait_until("each article is told to the other", || told(&others).is_superset(&wanted));
    wait_until("that one was refused is told", || {
        told(&taken).contains("A message of newswatch about a new article was refused here")
    });
    let rest: BTreeSet<String> = wanted.iter().filter(|it| **it != refused).cloned().collect();
    wait_until("each other article is told", || told(&taken).is_superset(&rest));
    assert!(asked.load(Ordering::Relaxed) < 100, "no storm of requests");
    assert!(daemon.stop().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_digest_waits_for_the_end_of_its_day_and_is_one_message() {
    let (site, workspace) = first_edition_every("500ms").await;
    let server = MockServer::start().await;
    let taken = Arc::new(RwLock::new(Vec::new()));
    let log = Arc::clone(&taken);
    Mock::given(method("POST"))
        .respond_with(move |request: &Request| {
            log.write().unwrap().push(serde_json::from_slice::<Value>(&request.body).unwrap());
            ResponseTemplate::new(200)
        })
        .mount(&server)
        .await;
    let alert =
        format!("[[alert]]\nid = \"desk\"\nevery = \"day\"\nwebhook = \"{}\"\n", server.uri());
    workspace.write("config/alerts.toml", &alert);
    let cursor = |since: &str| {
        let known = format!("{{\"place\":null,\"since\":{since:?},\"feeds\":{{}},\"disk\":null}}");
        workspace.write("state/alerts/desk.json", &known);
    };
    // The day is not over.
    cursor("9000-01-01T00:00:00Z");
    let daemon = Daemon::start(&workspace);
    let kept = site.expected().iter().filter(|it| demo::is_kept(it)).count();
    wait_until("everything is kept", || workspace.whole_lines() >= kept);
    assert!(daemon.stop().success());
    assert!(taken.read().unwrap().is_empty());
    // Now it is.
    cursor("2022-01-01T00:00:00Z");
    let daemon = Daemon::start(&workspace);
    wait_until("the digest comes", || !taken.read().unwrap().is_empty());
    wait_until("that is remembered", || {
        let known = fs::read_to_string(workspace.path().join("state/alerts/desk.json")).unwrap();
        !known.contains("2022-01-01")
    });
    assert!(daemon.stop().success());
    let wanted = wanted(&site);
    let taken = taken.read().unwrap();
    let [digest] = &taken[..] else { panic!("{taken:#?}") };
    assert_eq!(titles(digest).into_iter().collect::<BTreeSet<_>>(), wanted, "{digest:#}");
    assert_eq!(digest["subject"], format!("{} new articles", wanted.len()), "{digest:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_that_fails_and_recovers_is_told_to_a_program() {
    let (site, workspace) = first_edition_every("1h").await;
    let told = workspace.path().join("told");
    workspace.write(
        "config/alerts.toml",
        &format!(
            "[[alert]]\nid = \"admin\"\non = [\"feed\"]\nfailures = 1\n\
             command = [\"/bin/sh\", \"-c\", \"cat >> {0}; echo >> {0}\"]\n",
            told.display()
        ),
    );
    let feed = &site.feeds[0];
    site.script(&feed.url, Some(Fault::Status(500)));
    let daemon = Daemon::start(&workspace);
    let tells = |words: &str| {
        fs::read_to_string(&told).unwrap_or_default().lines().any(|line| line.contains(words))
    };
    wait_until("it runs", || workspace.run(&["poll", &feed.id]).code == Some(0));
    let fails = format!("The feed {} has failed 1 times in a row: HTTP 500", feed.id);
    wait_until("the failure is told", || tells(&fails));
    site.script(&feed.url, None);
    workspace.run(&["poll", &feed.id]).expect(&[0]);
    // A recovery brings articles, which have the alerts looked at.
    wait_until("the recovery is told", || tells(&format!("The feed {} is well again", feed.id)));
    assert!(daemon.stop().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_single_pass_tells_what_was_kept_and_what_was_not_taken_is_told_by_the_next() {
    let (site, workspace) = first_edition_every("1h").await;
    let script = "test -e open && cat >> told && echo >> told";
    workspace.write(
        "config/alerts.toml",
        &format!("[[alert]]\nid = \"desk\"\ncommand = [\"/bin/sh\", \"-c\", {script:?}]\n"),
    );
    let told = || {
        let lines = fs::read_to_string(workspace.path().join("told")).unwrap_or_default();
        let told: Vec<_> =
            lines.lines().flat_map(|line| titles(&serde_json::from_str(line).unwrap())).collect();
        told
    };
    let ran = workspace.run(&["once"]).expect(&[3]);
    assert!(ran.stderr.contains("the next pass tells the rest"), "{ran:#?}");
    assert!(told().is_empty());
    workspace.write("open", "");
    for _ in 0..2 {
        workspace.run(&["once"]).expect(&[0, 3]);
        assert_eq!(told().len(), wanted(&site).len(), "each once");
        assert_eq!(told().into_iter().collect::<BTreeSet<_>>(), wanted(&site));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_ends_with_the_daemon_and_cannot_speak_for_it() {
    let (_site, workspace) = first_edition_every("500ms").await;
    let file = |name: &str| workspace.path().join(name);
    let script = "env > env; sleep 777 & echo $! > new; mv new pid; wait";
    workspace.write(
        "config/alerts.toml",
        &format!("[[alert]]\nid = \"desk\"\ncommand = [\"/bin/sh\", \"-c\", {script:?}]\n"),
    );
    let daemon = Daemon::start_with(&workspace, &[("NOTIFY_SOCKET", "@nobody")]);
    wait_until("the program runs", || file("pid").exists());
    let env = fs::read_to_string(file("env")).unwrap();
    assert!(env.contains("PWD=") && !env.contains("NOTIFY_SOCKET"), "{env}");
    assert!(daemon.stop().success());
    let sleep = fs::read_to_string(file("pid")).unwrap();
    let stat = format!("/proc/{}/stat", sleep.trim());
    wait_until("what it started ends", || {
        let stat = fs::read_to_string(&stat).unwrap_or_default();
        stat.is_empty() || stat.contains(") Z ")
    });
}

/// Takes one mail, and gives its envelope and text.
fn mail_server() -> (SocketAddr, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (send, mails) = mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut to = stream.unwrap();
            let mut from = BufReader::new(to.try_clone().unwrap());
            to.write_all(b"220 mail.test\r\n").unwrap();
            let (mut mail, mut line, mut in_text) = (String::new(), String::new(), false);
            while from.read_line(&mut line).is_ok_and(|length| length > 0) {
                let answer = match line.split_whitespace().next().unwrap_or_default() {
                    "." if in_text => {
                        in_text = false;
                        send.send(std::mem::take(&mut mail)).ok();
                        "250 taken"
                    }
                    _ if in_text => {
                        mail.push_str(&line);
                        ""
                    }
                    "EHLO" => "250-mail.test\r\n250 AUTH PLAIN",
                    "DATA" => {
                        in_text = true;
                        "354 go on"
                    }
                    "QUIT" => "221 bye",
                    _ => {
                        mail.push_str(&line);
                        "250 ok"
                    }
                };
                if !answer.is_empty() {
                    to.write_all(format!("{answer}\r\n").as_bytes()).unwrap();
                }
                line.clear();
            }
        }
    });
    (address, mails)
}

#[test]
fn a_test_message_arrives_in_the_mail() {
    let (address, mails) = mail_server();
    let workspace = Workspace::new(QUICK);
    workspace.write(
        "config/alerts.toml",
        &format!(
            "[[alert]]\nid = \"mail\"\nsmtp = \"smtp://desk%40example.org@{address}\"\n\
             password_file = \"secret\"\nfrom = \"newswatch <newswatch@example.org>\"\nto = [\"desk@example.org\", \"Ana <ana@example.org>\"]\n"
        ),
    );
    workspace.write("config/secret", "sesame\n");
    workspace.run(&["alerts", "test", "mail"]).expect(&[0]);
    let mail = mails.recv_timeout(std::time::Duration::from_secs(30)).unwrap();
    for part in [
        // NUL, the name, NUL, "sesame".
        "AUTH PLAIN AGRlc2tAZXhhbXBsZS5vcmcAc2VzYW1l",
        "MAIL FROM:<newswatch@example.org>",
        "RCPT TO:<desk@example.org>",
        "RCPT TO:<ana@example.org>",
        "Subject: A test of newswatch's alerts",
        "Whoever reads this is told from now on",
    ] {
        assert!(mail.contains(part), "{part}: {mail}");
    }
    let ran = workspace.run(&["alerts", "test", "nobody"]).expect(&[1]);
    assert!(ran.stderr.contains("no alert is called \"nobody\""), "{ran:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_form_is_sent_as_its_receiver_takes_it_and_none_to_a_private_address() {
    let server = MockServer::start().await;
    let taken = || ResponseTemplate::new(200);
    Mock::given(method("PUT"))
        .and(path_regex("^/rooms/!r:x/send/m.room.message/[0-9a-f]{24}$"))
        .respond_with(taken())
        .expect(1)
        .mount(&server)
        .await;
    Mock::given(method("POST")).and(path("/")).respond_with(taken()).expect(1).mount(&server).await;
    Mock::given(method("POST"))
        .and(path("/slack"))
        .respond_with(taken())
        .expect(1)
        .mount(&server)
        .await;
    Mock::given(path("/moved"))
        .respond_with(ResponseTemplate::new(307).insert_header("location", "/slack"))
        .mount(&server)
        .await;
    let uri = server.uri();
    let alerts: String = [
        ("matrix", "matrix", format!("{uri}/rooms/!r:x/send/m.room.message")),
        ("ntfy", "ntfy", format!("{uri}/newswatch")),
        ("slack", "slack", format!("{uri}/slack")),
        ("moved", "json", format!("{uri}/moved")),
        ("private", "json", "http://10.0.0.1/hook".to_owned()),
    ]
    .into_iter()
    .map(|(id, form, url)| {
        format!("[[alert]]\nid = \"{id}\"\nform = \"{form}\"\nwebhook = \"{url}\"\n")
    })
    .collect();
    let workspace = Workspace::new(QUICK);
    workspace.write("config/alerts.toml", &alerts);
    for id in ["matrix", "ntfy", "slack"] {
        workspace.run(&["alerts", "test", id]).expect(&[0]);
    }
    let ran = workspace.run(&["alerts", "test", "private"]).expect(&[1]);
    assert!(ran.stderr.contains("a private address"), "{ran:#?}");
    let ran = workspace.run(&["alerts", "test", "moved"]).expect(&[1]);
    assert!(ran.stderr.contains("HTTP 307"), "{ran:#?}");
}

#[test]
fn a_faulty_alert_is_told_with_its_line() {
    let workspace = Workspace::new(QUICK);
    for (line, words) in [
        ("", "the alert says nowhere to send"),
        ("command = [\"a\"]\nwebhook = \"http://a.example/\"", "several ways to send"),
        ("smtp = \"smtp://a.example\"", "needs a sender and a receiver"),
        ("webhok = \"http://a.example/\"", "did you mean `webhook`?"),
        ("on = [\"articles\"]", "did you mean \"article\"?"),
        ("smtp = \"smtp://a:b@a.example\"", "without password"),
    ] {
        workspace.write("config/alerts.toml", &format!("[[alert]]\nid = \"a\"\n{line}\n"));
        let ran = workspace.run(&["check"]).expect(&[78]);
        assert!(ran.stderr.contains(words) && ran.stderr.contains("alerts.toml:"), "{ran:#?}");
    }
}
