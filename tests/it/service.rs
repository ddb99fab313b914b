//! The daemon as a service: its manager, its operator, its files, its figures.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    os::unix::{
        fs::PermissionsExt as _,
        net::{UnixDatagram, UnixStream},
    },
    path::Path,
    time::Duration,
};

use newswatch::canonical_url::Host;
use rustix::process::{Signal, kill_process};
use serde_json::Value;
use url::Url;

use crate::{
    demo,
    support::{
        daemon::{Daemon, free_address, get, wait_until},
        server::{Server, answer},
        workspace::{QUICK, Workspace, first_edition_every, quick_every},
    },
};

#[tokio::test(flavor = "multi_thread")]
async fn the_service_manager_is_told_of_start_reload_life_and_end() {
    let (_site, workspace) = first_edition_every("500ms").await;
    let path = workspace.path().join("notify");
    let manager = UnixDatagram::bind(&path).unwrap();
    manager.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    let daemon = Daemon::start_with(&workspace, &[("NOTIFY_SOCKET", path.to_str().unwrap())]);
    let expect = |word: &str| {
        let mut buffer = [0; 4096];
        loop {
            let length = manager.recv(&mut buffer).unwrap_or_else(|e| panic!("no {word}: {e}"));
            let message = String::from_utf8(buffer[..length].to_vec()).unwrap();
            if message.lines().any(|line| line.starts_with(word)) {
                return message;
            }
        }
    };
    expect("READY=1");
    let turn = expect("WATCHDOG=1");
    assert!(turn.contains("STATUS=") && turn.contains("requests in flight"), "{turn}");

    daemon.signal(Signal::HUP);
    assert!(expect("RELOADING=1").contains("MONOTONIC_USEC="));
    expect("READY=1");
    workspace.write("config/newswatch.toml", &quick_every("500ms").replace("delay", "dealy"));
    daemon.signal(Signal::HUP);
    expect("RELOADING=1");
    expect("READY=1");
    wait_until("the fault is told", || daemon.log().contains("did you mean `delay`?"));
    expect("WATCHDOG=1");

    daemon.signal(Signal::TERM);
    expect("STOPPING=1");
    assert!(daemon.stop().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_watchdog_is_fed_as_often_as_the_manager_wants_it() {
    let (_site, workspace) = first_edition_every("1h").await;
    let path = workspace.path().join("notify");
    let manager = UnixDatagram::bind(&path).unwrap();
    manager.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    let env = [("NOTIFY_SOCKET", path.to_str().unwrap()), ("WATCHDOG_USEC", "2000000")];
    let daemon = Daemon::start_with(&workspace, &env);
    let (mut pings, mut buffer) = (0, [0; 4096]);
    // Without it they come once a minute when the first polls are done.
    while pings < 12 {
        let length = manager.recv(&mut buffer).unwrap();
        let message = std::str::from_utf8(&buffer[..length]).unwrap();
        pings += usize::from(message.contains("WATCHDOG=1") && message.contains("0 requests"));
    }
    assert!(daemon.stop().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_daemon_takes_orders_through_its_socket() {
    let (site, workspace) = first_edition_every("1h").await;
    let ran = workspace.run(&["reload"]).expect(&[1]);
    assert!(ran.stderr.contains("no daemon answers"), "{ran:#?}");
    let daemon = Daemon::start(&workspace);
    let socket = workspace.path().join("state/control.sock");
    wait_until("there is a socket", || socket.exists());
    assert_eq!(fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o600);

    let feed = &site.feeds[0];
    let asked = || site.log().iter().filter(|it| feed.url.ends_with(&it.path)).count();
    let host = Host::of(&Url::parse(&feed.url).unwrap());
    let host = host.as_str();
    let ran = workspace.run(&["poll", &feed.id]).expect(&[0]);
    assert!(ran.stdout.contains(&feed.id), "{ran:#?}");
    wait_until("the feed is polled", || asked() > 0);
    let ran = workspace.run(&["poll", "no-such"]).expect(&[1]);
    assert!(ran.stderr.contains("no enabled feed is called \"no-such\""), "{ran:#?}");

    for none in ["*", "", "a b"] {
        let ran = workspace.run(&["pause", none]).expect(&[1]);
        assert!(ran.stderr.contains("is no host"), "{ran:#?}");
    }
    // Pages may lead there some day; a slip of the pen is told.
    for (slip, words) in [
        (host.replace("127.0.0.", "127.0.0.2"), format!("is there now: did you mean {host}")),
        (
            "elsewhere.example".to_owned(),
            "until it is resumed; no feed and no waiting page".to_owned(),
        ),
    ] {
        let ran = workspace.run(&["pause", &slip]).expect(&[0]);
        assert!(ran.stdout.contains(&words), "{ran:#?}");
        workspace.run(&["resume", &slip]).expect(&[0]);
    }
    // However it is asked: another program may write to the socket.
    let shouted = format!("{{\"pause\":\"HTTP://{}/x\"}}\n", host.to_ascii_uppercase());
    let mut stream = UnixStream::connect(&socket).unwrap();
    stream.write_all(shouted.as_bytes()).unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    assert!(
        reply.contains(&format!("nothing is asked of {host} until it is resumed\"")),
        "{reply}"
    );
    assert_eq!(status(&workspace)["paused_hosts"], serde_json::json!([host]));
    assert!(daemon.stop().success());
    let daemon = Daemon::start(&workspace);
    wait_until("there is a socket", || workspace.run(&["poll", &feed.id]).code == Some(0));
    let before = asked();
    let other = site.feeds.iter().find(|it| !it.url.contains(host)).unwrap();
    let others = || site.log().iter().filter(|it| other.url.ends_with(&it.path)).count();
    let others_before = others();
    let ran = workspace.run(&["poll", &feed.id, "--json"]).expect(&[0]);
    let reply: Value = serde_json::from_str(&ran.stdout).unwrap();
    let words = format!("its host is paused; `newswatch resume {host}` ends that");
    assert!(reply["message"].as_str().unwrap().ends_with(&words), "{ran:#?}");
    workspace.run(&["poll", &other.id]).expect(&[0]);
    wait_until("another feed is polled", || others() > others_before);
    assert_eq!(asked(), before, "the host is paused, over a restart too");
    workspace.run(&["resume", host]).expect(&[0]);
    wait_until("the host is asked again", || asked() > before);
    let ran = workspace.run(&["resume", host, "--json"]).expect(&[1]);
    let reply: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(
        reply,
        serde_json::json!({ "ok": false, "message": format!("{host} was not paused") })
    );

    let ran = workspace.run(&["reload"]).expect(&[0]);
    assert_eq!(ran.stdout, "nothing has changed\n");
    let ran = workspace.run(&["reload", "--json"]).expect(&[0]);
    let reply: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(reply, serde_json::json!({ "ok": true, "message": "nothing has changed" }));
    workspace.write(
        "config/newswatch.toml",
        &quick_every("1h").replace("delay = \"0s\"", "delay = \"1ms\""),
    );
    let ran = workspace.run(&["reload"]).expect(&[0]);
    assert_eq!(ran.stdout, "politeness.delay: \"0s\" -> \"1ms\"\n");
    workspace.write("config/newswatch.toml", "[politeness]\ndelay = 1\n");
    let ran = workspace.run(&["reload"]);
    assert!(ran.stderr.contains("expected a duration"), "{ran:#?}");
    assert!(daemon.stop().success());
}

fn status(workspace: &Workspace) -> Value {
    serde_json::from_str(&workspace.run(&["status", "--json"]).expect(&[0]).stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_file_is_taken_without_being_asked() {
    let (_site, workspace) = first_edition_every("500ms").await;
    let daemon = Daemon::start(&workspace);
    wait_until("it runs", || workspace.run(&["reload"]).code == Some(0));
    workspace.write("config/newswatch.toml", &quick_every("700ms"));
    wait_until("the change is told", || {
        daemon.log().contains("schedule.interval: \"500ms\" -> \"700ms\"")
    });
    assert!(daemon.stop().success());
}

/// The metrics by name and labels.
fn samples(text: &str) -> BTreeMap<String, f64> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let (name, value) = line.rsplit_once(' ').unwrap();
            (name.to_owned(), value.parse().unwrap())
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::float_cmp, reason = "the figures are whole numbers")]
async fn the_figures_add_up_and_are_those_of_the_status() {
    let (site, workspace) = first_edition_every("500ms").await;
    let address = free_address();
    workspace.write(
        "config/newswatch.toml",
        &(quick_every("1h") + &format!("\n[metrics]\nlisten = \"{address}\"\n")),
    );
    workspace.write("config/alerts.toml", "[[alert]]\nid = \"desk\"\ncommand = [\"/bin/false\"]\n");
    let daemon = Daemon::start(&workspace);
    wait_until("it is ready", || get(address, "/readyz").is_some_and(|(code, _)| code == 200));
    assert_eq!(get(address, "/healthz").unwrap().0, 200);
    assert_eq!(get(address, "/other").unwrap().0, 404);
    let scrape = || samples(&get(address, "/metrics").unwrap().1);
    // What has not happened yet is told as well: else its first time would be no increase.
    let first = scrape();
    for name in [
        "newswatch_reader_faults_total{kind=\"broke\"}",
        "newswatch_reader_deaths_total{cause=\"killed\"}",
    ] {
        assert_eq!(first.get(name), Some(&0.0), "{name}");
    }
    for feed in &site.feeds {
        workspace.run(&["poll", &feed.id]).expect(&[0]);
    }
    let wanted = site.expected().iter().filter(|it| demo::is_kept(it)).count();
    wait_until("everything is done", || {
        let now = scrape();
        let idle = ["newswatch_waiting_pages", "newswatch_requests_in_flight"];
        let polled = |feed: &str| {
            now.get(&format!("newswatch_feed_polls_total{{feed=\"{feed}\"}}"))
                .is_some_and(|n| *n > 0.0)
        };
        workspace.whole_lines() >= wanted
            && now["newswatch_alert_failures{alert=\"desk\"}"] > 0.0
            && idle.iter().all(|name| now[*name] == 0.0)
            && site.feeds.iter().all(|feed| polled(&feed.id))
    });

    let samples = scrape();
    assert!(samples["newswatch_fetched_bytes_total{wanted=\"robots\"}"] > 0.0);
    let sum = |name: &str, feed: &str| -> f64 {
        let of_feed = samples.iter().filter(|(key, _)| {
            key.starts_with(&format!("{name}{{")) && key.contains(&format!("feed=\"{feed}\""))
        });
        of_feed.map(|(_, value)| value).sum()
    };
    let status = status(&workspace);
    let mut kept = 0.0;
    for feed in status["feeds"].as_array().unwrap() {
        let id = feed["id"].as_str().unwrap();
        let entries = sum("newswatch_feed_entries_total", id);
        let ends = sum("newswatch_feed_entry_ends_total", id);
        assert_eq!(entries, ends + sum("newswatch_feed_waiting", id), "{id}");
        assert_eq!(feed["entries"], entries, "{feed:#}");
        for (end, key) in [("kept", "kept"), ("duplicate", "duplicates"), ("failed", "failed")] {
            let name = format!("newswatch_feed_entry_ends_total{{feed=\"{id}\",end=\"{end}\"}}");
            assert_eq!(feed[key], samples[&name], "{name}");
        }
        kept += feed["kept"].as_f64().unwrap();
    }
    assert!(kept > 0.0);
    let told = &status["alerts"][0];
    assert!(told["id"] == "desk" && told["failures"].as_u64() > Some(0), "{told:#}");
    let told = workspace.run(&["status"]).expect(&[0]).stdout;
    assert!(told.contains("the alert desk is NOT DELIVERED: the program /bin/false"), "{told}");
    assert_eq!(samples["newswatch_archive_seq"], workspace.lines().len() as f64);
    for name in named_in_contrib() {
        let known = samples.keys().any(|key| key.split('{').next() == Some(name.as_str()));
        assert!(known, "{name} is not served");
    }

    // Nobody is to be woken for a feed that is polled no more.
    let gone = &site.feeds[0].id;
    workspace.run(&["feeds", "disable", gone]).expect(&[0]);
    workspace.run(&["reload"]).expect(&[0]);
    let of_gone = format!("feed=\"{gone}\"");
    assert!(!scrape().keys().any(|key| key.contains(&of_gone)));
    daemon.stop();
}

/// The metrics that the dashboard and the alert rules are about. Both files are well formed.
fn named_in_contrib() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("contrib");
    let dashboard = fs::read_to_string(folder.join("grafana/newswatch.json")).unwrap();
    let rules = fs::read_to_string(folder.join("prometheus/newswatch.rules.yml")).unwrap();
    let mut queries = Vec::new();
    let panels: Value = serde_json::from_str(&dashboard).unwrap();
    for panel in panels["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().unwrap() {
            queries.push(target["expr"].as_str().unwrap().to_owned());
        }
    }
    let documents = yaml_rust2::YamlLoader::load_from_str(&rules).unwrap();
    let rules = documents[0]["groups"][0]["rules"].as_vec().unwrap();
    for rule in rules {
        assert!(rule["alert"].as_str().is_some() && rule["labels"]["severity"].as_str().is_some());
        assert!(rule["annotations"]["summary"].as_str().is_some(), "{rule:?}");
        queries.push(rule["expr"].as_str().unwrap().to_owned());
    }
    assert!(queries.len() >= 25, "{queries:#?}");
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let words = queries.iter().flat_map(|query| query.split(|c| !is_name(c)));
    words.filter(|word| word.starts_with("newswatch_")).map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_readers_and_a_stop_at_any_moment_lose_nothing() {
    let (site, workspace) = first_edition_every("500ms").await;
    for _ in 0..3 {
        let daemon = Daemon::start(&workspace);
        // Before that it is stopped by the signal itself.
        wait_until("readers are there", || !daemon.children().is_empty());
        // A document gets a third reader; what kills that too is tried again a minute later.
        for _ in 0..2 {
            std::thread::sleep(Duration::from_millis(150));
            for worker in daemon.children() {
                // It may have ended by itself.
                kill_process(worker, Signal::KILL).ok();
            }
        }
        let status = daemon.stop();
        assert!(status.success(), "{status}");
    }
    let daemon = Daemon::start(&workspace);
    let wanted = site.expected().iter().filter(|it| demo::is_kept(it)).count();
    wait_until("everything is written", || workspace.whole_lines() >= wanted);
    assert!(daemon.stop().success());
    demo::check(&site.expected(), &workspace.records());
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_stop_in_the_middle_of_a_request_take_nothing_from_the_crawl() {
    let (site, workspace) = first_edition_every("500ms").await;
    let address = free_address();
    let metrics = format!("\n[metrics]\nlisten = \"{address}\"\n");
    workspace.write("config/newswatch.toml", &(quick_every("500ms") + &metrics));
    let daemon = Daemon::start(&workspace);
    wait_until("it is ready", || get(address, "/readyz").is_some_and(|(code, _)| code == 200));
    let before = daemon.descriptors();
    let half: Vec<TcpStream> = (0..600)
        .map(|_| {
            let mut stream = TcpStream::connect(address).unwrap();
            // Those beyond the bound are closed at once.
            stream.write_all(b"GET /metrics HTTP/1.1\r\nhost: x\r\n").ok();
            stream
        })
        .collect();
    let socket = workspace.path().join("state/control.sock");
    let orders: Vec<UnixStream> = (0..600).map(|_| UnixStream::connect(&socket).unwrap()).collect();
    wait_until("few of them are held", || daemon.descriptors() < before + 200);
    workspace.run(&["poll", &site.feeds[0].id]).expect(&[0]);
    wait_until("others are served", || {
        get(address, "/healthz").is_some_and(|(code, _)| code == 200)
    });
    wait_until("the descriptors are free", || daemon.descriptors() < before + 50);
    drop((half, orders));
    assert!(daemon.stop().success());
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::float_cmp, reason = "the figures are whole")]
async fn a_host_that_refuses_every_page_is_in_the_status_and_in_the_figures() {
    let server = Server::of_answers(|path| {
        let items: String = (0..4).map(|n| format!("<item><link>/{n}</link></item>")).collect();
        match path {
            "/feed" => {
                let feed = format!("<rss version=\"2.0\"><channel>{items}</channel></rss>");
                answer("200 OK", &[], feed.as_bytes())
            }
            "/robots.txt" => answer("404 Not Found", &[], b""),
            _ => answer("403 Forbidden", &[], b"no crawlers"),
        }
    })
    .await;
    let address = free_address();
    let metrics = format!("\n[metrics]\nlisten = \"{address}\"\n");
    let workspace = Workspace::new(&(quick_every("1h") + &metrics));
    let feed = server.url("/feed");
    workspace.write("config/feeds.toml", &format!("[[feed]]\nid = \"walled\"\nurl = \"{feed}\"\n"));
    let daemon = Daemon::start(&workspace);
    wait_until("it is ready", || get(address, "/readyz").is_some_and(|(code, _)| code == 200));
    workspace.run(&["poll", "walled"]).expect(&[0]);
    let hosts = |trouble: &str| {
        let samples = samples(&get(address, "/metrics").unwrap().1);
        samples[&format!("newswatch_troubled_hosts{{trouble=\"{trouble}\"}}")]
    };
    wait_until("the host is known to refuse", || hosts("refusing") == 1.0);
    assert_eq!(hosts("silent"), 0.0);
    let told = &status(&workspace)["troubled_hosts"][0];
    assert_eq!(told["trouble"], "refusing", "{told}");
    // The fourth is not asked for to be refused as well.
    assert_eq!(told["waiting_pages"], 4, "{told}");
    let words = workspace.run(&["status"]).expect(&[0]).stdout;
    assert!(words.contains("gives no page that is asked for"), "{words}");
    assert!(words.contains(": 4 pages wait for it, and it is asked again in "), "{words}");
    assert!(daemon.stop().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_has_one_shape_before_during_and_after_a_run() {
    let (site, workspace) = first_edition_every("1h").await;
    let keys =
        |status: &Value| -> Vec<String> { status.as_object().unwrap().keys().cloned().collect() };
    let before = status(&workspace);
    assert_eq!(before["daemon"]["running"], false);
    assert_eq!(before["feeds"].as_array().unwrap().len(), site.feeds.len());
    assert!(before["held_hosts"].is_object() && before["archive"]["folder"].is_string());
    // A file without anything in it is no state.
    workspace.write("state/state.sqlite", "");
    assert_eq!(status(&workspace), before);
    let ran = workspace.run(&["status"]).expect(&[0]);
    assert!(ran.stdout.contains("nothing was polled yet"), "{ran:#?}");

    let daemon = Daemon::start(&workspace);
    wait_until("it runs", || status(&workspace)["daemon"]["running"] == true);
    assert_eq!(keys(&status(&workspace)), keys(&before));
    let polls = |status: &Value| -> u64 {
        let feeds = status["feeds"].as_array().unwrap();
        feeds.iter().map(|feed| feed["polls"].as_u64().unwrap()).sum()
    };
    for times in [1, 2] {
        daemon.children().into_iter().for_each(|it| kill_process(it, Signal::KILL).unwrap());
        for feed in &site.feeds {
            workspace.run(&["poll", &feed.id]).expect(&[0]);
        }
        let wanted = times * site.feeds.len() as u64;
        wait_until("all are polled", || polls(&status(&workspace)) >= wanted);
    }
    assert!(daemon.stop().success());

    let after = status(&workspace);
    assert_eq!(keys(&after), keys(&before));
    assert_eq!(after["daemon"]["running"], false);
    let work = &after["work"];
    assert!(work["reader_deaths"]["killed"].as_u64().unwrap() > 0, "{work:#}");
    assert!(work["fetched"]["page"]["bytes"].as_u64().unwrap() > 0, "{work:#}");
    assert_eq!(work["records_appended"], workspace.whole_lines(), "{work:#}");
    assert_eq!(after["archive"]["records"], workspace.whole_lines());
    let ran = workspace.run(&["status"]).expect(&[0]);
    assert!(ran.stdout.contains("no daemon runs; one last worked"), "{ran:#?}");
}

#[test]
fn a_single_pass_that_is_over_is_no_daemon() {
    let workspace = Workspace::new(QUICK);
    workspace.write("config/feeds.toml", "");
    workspace.run(&["once"]).expect(&[0]);
    let daemon = &status(&workspace)["daemon"];
    assert_eq!(daemon["running"], false);
    // It was alive a moment ago all the same.
    assert!(daemon["sign_of_life"].is_string(), "{daemon}");
    let ran = workspace.run(&["status"]).expect(&[0]);
    assert!(ran.stdout.contains("no daemon runs; one last worked"), "{ran:#?}");
}

#[test]
fn who_may_only_read_the_state_sees_its_status() {
    let workspace = Workspace::new(QUICK);
    workspace.write("config/feeds.toml", "");
    workspace.run(&["once"]).expect(&[0]);
    let state = workspace.path().join("state");
    let mode =
        |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    for file in fs::read_dir(&state).unwrap() {
        mode(&file.unwrap().path(), 0o444);
    }
    mode(&state, 0o555);
    mode(workspace.path(), 0o755);
    let plain = workspace.command(&["status", "--json"]);
    // Root may do everything: somebody else asks then.
    let mut command = if rustix::process::getuid().is_root() {
        let mut other = std::process::Command::new("setpriv");
        other.args(["--reuid", "65534", "--regid", "65534", "--clear-groups"]);
        other.arg(plain.get_program()).args(plain.get_args()).current_dir(workspace.path());
        for (name, value) in plain.get_envs() {
            if let Some(value) = value {
                other.env(name, value);
            }
        }
        other
    } else {
        plain
    };
    let ran = command.output();
    mode(&state, 0o755);
    let Ok(ran) = ran else {
        println!("skipped: there is no setpriv");
        return;
    };
    let told = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{told}");
}
