//! The pages over plain HTTP: who is let in, and what they answer.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use newswatch::{
    archive::{Archive, Record, Settings},
    jsonl::Folder,
};

use super::{Served, append_harm, office};
use crate::support::{
    bombs,
    daemon::{Daemon, wait_until},
    server::{Server, answer},
    workspace::{QUICK, Workspace},
};

/// An answer: status, headers in lower case, body.
struct Answer {
    status: u16,
    head: String,
    body: String,
}

/// One request, its headers as given.
fn ask(served: &Served, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let mut stream = TcpStream::connect(served.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut request = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
    if !headers.iter().any(|(name, _)| *name == "Host") {
        request.push_str(&format!("Host: {}\r\n", served.address()));
    }
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    if method == "POST" {
        request.push_str("Content-Type: application/x-www-form-urlencoded\r\n");
        request.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    stream.write_all(format!("{request}\r\n{body}").as_bytes()).unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, head: head.to_lowercase(), body: body.to_owned() }
}

fn get(served: &Served, path: &str) -> Answer {
    ask(served, "GET", path, &[], "")
}

/// A value of the first form on a page.
fn hidden(page: &str, name: &str) -> String {
    let (_, rest) = page.split_once(&format!("name=\"{name}\" value=\"")).unwrap();
    rest.split('"').next().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_answers_with_a_strict_policy_and_escapes_what_the_web_wrote() {
    let workspace = office().await;
    let id = append_harm(&workspace);
    let served = Served::start(&workspace, &[]);
    let mut listed = get(&served, "/list?q=Zugzwang");
    for _ in 0..50 {
        if listed.body.contains(&id) {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
        listed = get(&served, "/list?q=Zugzwang");
    }
    assert!(listed.body.contains(&id), "{}", listed.body);
    let article = format!("/article/{id}?q=Zugzwang");
    let (story, compare) = (format!("/story/{id}"), format!("/compare/{id}/{id}"));
    let pages = [
        "/",
        "/list",
        "/list?q=sorce:x",
        "/queue",
        "/stories",
        "/feeds",
        &article,
        &story,
        &compare,
        "/no",
    ];
    for path in pages {
        let answer = get(&served, path);
        assert_eq!(answer.status, if path == "/no" { 404 } else { 200 }, "{path}: {}", answer.body);
        assert!(
            answer.head.contains("content-security-policy: default-src 'none'"),
            "{}",
            answer.head
        );
        assert!(answer.head.contains("x-content-type-options: nosniff"), "{}", answer.head);
        for harm in [
            "<script>document",
            "<img src=http",
            "<svg/onload",
            "href=\"javascript",
            "src=\"javascript",
            "\u{1b}",
        ] {
            assert!(!answer.body.contains(harm), "{path} has {harm:?}");
        }
        assert_eq!(answer.body.matches("<script").count(), 1, "{path}: only our own");
        assert!(!answer.body.contains(" style=") && !answer.body.contains("<style"), "{path}");
        assert!(!answer.body.contains("onclick"), "{path}");
    }
    let with_images = get(&served, &format!("/article/{id}?images=1"));
    assert!(with_images.head.contains("img-src 'self' https: http:"), "{}", with_images.head);
    assert!(!with_images.body.contains("<img"), "javascript: is no image");
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_do_not_lead_here_and_forms_of_other_pages_are_turned_away() {
    let workspace = office().await;
    let served = Served::start(&workspace, &[]);
    for (host, status) in [
        ("evil.example", 421),
        ("evil.example:80", 421),
        ("localhost", 200),
        ("[::1]:9", 200),
        ("8.8.8.8", 421),
    ] {
        assert_eq!(ask(&served, "GET", "/", &[("Host", host)], "").status, status, "{host}");
    }
    assert_eq!(ask(&served, "DELETE", "/", &[], "").status, 405);
    let queue = get(&served, "/queue?q=").body;
    let (csrf, id) = (hidden(&queue, "csrf"), hidden(&queue, "id"));
    let form = |csrf: &str, more: &str| format!("csrf={csrf}&id={id}&{more}");
    let flag = form(&csrf, "status=flagged");
    let foreign = [("Origin", "http://evil.example")];
    assert_eq!(ask(&served, "POST", "/review", &foreign, &flag).status, 403);
    assert_eq!(
        ask(&served, "POST", "/review", &[("Sec-Fetch-Site", "cross-site")], &flag).status,
        403
    );
    assert_eq!(ask(&served, "POST", "/review", &[], &form("00", "status=flagged")).status, 403);
    assert_eq!(ask(&served, "POST", "/feeds/test", &[], "csrf=00&id=courier").status, 403);
    assert!(!workspace.path().join("reviews.jsonl").exists(), "nothing was decided");
    let own = [("Origin", served.origin.as_str()), ("Sec-Fetch-Site", "same-origin")];
    let decided =
        ask(&served, "POST", "/review", &own, &form(&csrf, "status=flagged&next=//evil.example/"));
    assert_eq!(decided.status, 303, "{}", decided.body);
    assert!(
        decided.head.contains("location: /queue\r\n") || decided.head.ends_with("location: /queue"),
        "{}",
        decided.head
    );
    assert_eq!(ask(&served, "POST", "/review", &own, &form(&csrf, "status=gone")).status, 404);
    assert_eq!(
        ask(
            &served,
            "POST",
            "/review",
            &own,
            &form(&csrf, "reliability=B&credibility=2&note=says+who")
        )
        .status,
        303
    );
    let lines = std::fs::read_to_string(workspace.path().join("reviews.jsonl")).unwrap();
    let last: serde_json::Value = serde_json::from_str(lines.lines().last().unwrap()).unwrap();
    assert_eq!(
        (&last["status"], &last["reliability"], &last["credibility"]),
        (&"flagged".into(), &"B".into(), &2.into()),
        "the note left the flag"
    );
    assert!(get(&served, "/list?q=status:flagged").body.contains(&id));
    let labelled = get(&served, "/labelled.jsonl").body;
    assert!(
        labelled.contains("\"expected\":\"relevant\"") && labelled.contains("reject-not-reviewed"),
        "{labelled}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn another_address_needs_a_token_and_lets_in_who_shows_it() {
    let workspace = office().await;
    workspace.run(&["review", "--no-open", "--address", "0.0.0.0", "--port", "0"]).expect(&[1]);
    workspace.run(&["review", "--no-open", "--token", "short", "--port", "0"]).expect(&[1]);
    let served = Served::start(&workspace, &["--token", "0123456789abcdef"]);
    for path in ["/", "/list", "/export.csv", "/labelled.jsonl"] {
        let answer = get(&served, path);
        assert_eq!(answer.status, 401);
        assert!(!answer.body.contains("Казахстан"), "{path}");
    }
    assert_eq!(get(&served, "/login?token=wrong").status, 401);
    let entered = get(&served, "/login?token=0123456789abcdef");
    assert_eq!(entered.status, 303);
    let cookie = entered.head.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap();
    assert!(cookie.contains("httponly") && cookie.contains("samesite=strict"), "{cookie}");
    assert!(!cookie.contains("0123456789abcdef"), "the cookie is not the token");
    let cookie = cookie.split(';').next().unwrap();
    assert_eq!(ask(&served, "GET", "/", &[("Cookie", cookie)], "").status, 200);
    assert_eq!(ask(&served, "GET", "/", &[("Cookie", "newswatch_review=00")], "").status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_is_written_out_as_it_is_and_a_feed_is_tested() {
    let workspace = office().await;
    let served = Served::start(&workspace, &[]);
    for _ in 0..50 {
        if get(&served, "/list").body.contains("<strong>19</strong>") {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    let csv = get(&served, "/export.csv?q=lang%3Aru");
    assert!(csv.head.contains("content-disposition: attachment; filename=\"newswatch.csv\""));
    let body = dechunked(&csv);
    let rows = csv::Reader::from_reader(body.trim_start_matches('\u{feff}').as_bytes())
        .into_records()
        .count();
    assert_eq!(rows, 3, "two articles and a revision");
    let lines = dechunked(&get(&served, "/export.jsonl"));
    assert_eq!(lines.lines().map(str::to_owned).collect::<Vec<_>>(), workspace.lines());
    assert_eq!(get(&served, "/export.csv?q=%28").status, 400);
    let segment = &workspace.segments()[0];
    let text = std::fs::read_to_string(segment).unwrap();
    std::fs::write(segment, text.replacen("\"crc\":\"", "\"crC\":\"", 1)).unwrap();
    let lines = dechunked(&get(&served, "/export.jsonl"));
    assert_eq!(lines.lines().count(), 18, "a line that was damaged meanwhile costs no other");
    let feeds = get(&served, "/feeds").body;
    let tested = ask(
        &served,
        "POST",
        "/feeds/test",
        &[],
        &format!("csrf={}&id=nobody", hidden(&feeds, "csrf")),
    );
    assert!(tested.body.contains("no feed is called"), "{}", tested.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_is_tested_in_a_worker() {
    let [feed, _] = bombs::heavy();
    let server = Server::of_answers(move |_| answer("200 OK", &[], feed.as_bytes())).await;
    let workspace = Workspace::new(QUICK);
    workspace.write(
        "config/feeds.toml",
        &format!("[[feed]]\nid = \"heavy\"\nurl = \"{}\"\nenabled = false\n", server.url("/feed")),
    );
    workspace.run(&["once"]).expect(&[0]);
    for (memory, words) in [("256MiB", "4900 entries"), ("64MiB", "more than 64 MiB of memory")] {
        let served =
            Served::start(&workspace, &["--set", &format!("limits.reader_memory={memory}")]);
        let form = format!("csrf={}&id=heavy", hidden(&get(&served, "/feeds").body, "csrf"));
        let tested = ask(&served, "POST", "/feeds/test", &[], &form);
        assert!(tested.body.contains(words), "{}", tested.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_is_tested_only_when_its_host_may_be_asked_with_a_daemon_and_without() {
    let rss =
        "<rss version='2.0'><channel><item><guid>1</guid><title>One</title></item></channel></rss>";
    let server = Server::of_answers(move |path| match path {
        "/feed" => answer("302 Found", &[("location", "/moved")], b""),
        _ => answer("200 OK", &[], rss.as_bytes()),
    })
    .await;
    let workspace = Workspace::new(QUICK);
    let feed = format!("[[feed]]\nid = \"courier\"\nurl = \"{}\"\n", server.url("/feed"));
    workspace.write("config/feeds.toml", &format!("{feed}enabled = false\n"));
    workspace.run(&["once"]).expect(&[0]);
    workspace.write("config/feeds.toml", &feed);
    let host = server.address().to_string();
    let tested = |settings: &[&str]| {
        let served = Served::start(&workspace, settings);
        let form = format!("csrf={}&id=courier", hidden(&get(&served, "/feeds").body, "csrf"));
        let tests = [(); 2].map(|()| ask(&served, "POST", "/feeds/test", &[], &form).body);
        (tests, server.requests().len())
    };
    // Nobody else asks, but did so just now.
    let ([first, _], requests) = tested(&["--set", "politeness.delay=1m"]);
    assert!(first.contains("is left alone until"), "{first}");
    assert_eq!(requests, 0);
    // Then a second test comes too early for the host.
    let slow = ["--set", "politeness.delay=2s"];
    std::thread::sleep(Duration::from_secs(2));
    let ([first, second], requests) = tested(&slow);
    assert!(first.contains("1 entries"), "{first}");
    assert!(second.contains("is left alone until"), "{second}");
    assert_eq!(requests, 2, "the feed and where it leads");
    // The daemon says when. It has none of our settings.
    let settings = QUICK.replace("delay = \"0s\"", "delay = \"10m\"");
    workspace.write("config/newswatch.toml", &settings);
    let daemon = Daemon::start(&workspace);
    wait_until("the feed is polled", || !server.requests().is_empty());
    let ([first, _], requests) = tested(&[]);
    assert!(first.contains("is left alone until"), "{first}");
    workspace.run(&["pause", &host]).expect(&[0]);
    let ([paused, _], more) = tested(&[]);
    assert!(paused.contains("is paused"), "{paused}");
    assert_eq!((requests, more), (0, 0));
    // What it has left in the state holds without it, too.
    assert!(daemon.stop().success());
    let ([paused, _], requests) = tested(&[]);
    assert!(paused.contains("is paused"), "{paused}");
    assert_eq!(requests, 0);
}

fn dechunked(answer: &Answer) -> String {
    if !answer.head.contains("transfer-encoding: chunked") {
        return answer.body.clone();
    }
    let (mut text, mut rest) = (Vec::new(), answer.body.as_bytes());
    while let Some(end) = rest.windows(2).position(|two| two == b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).unwrap(), 16).unwrap();
        text.extend_from_slice(&rest[end + 2..end + 2 + size]);
        rest = &rest[end + 4 + size..];
        if size == 0 {
            break;
        }
    }
    String::from_utf8(text).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_source_of_an_article_leads_to_what_has_the_same_source() {
    let workspace = office().await;
    let served = Served::start(&workspace, &[]);
    let id = workspace.records()[0]["id"].as_str().unwrap().to_owned();
    let mut page = get(&served, &format!("/article/{id}"));
    for _ in 0..50 {
        if page.status == 200 {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
        page = get(&served, &format!("/article/{id}"));
    }
    let (_, link) = page.body.split_once("Source</dt><dd><a href=\"").unwrap();
    let listed = get(&served, &link.split('"').next().unwrap().replace("&amp;", "&"));
    assert!(listed.body.contains(&id), "{link}");
}

/// Three records of one text and minute, each longer than the one before; the last is a later version.
fn append_story(workspace: &Workspace) -> [&'static str; 3] {
    let ids = ["a_1", "a_2", "a_3"];
    let mut records = Vec::new();
    for (at, id) in ids.into_iter().enumerate() {
        let mut value = workspace.records()[0].clone();
        value["id"] = id.into();
        value["url_key"] = format!("story.example/{id}").into();
        value["cluster_id"] = "a_1".into();
        value["published_at"] = "2022-01-20T12:00:00Z".into();
        value["text"] = "The same words. ".repeat(at + 1).into();
        value["source_name"] = format!("Paper {id}").into();
        value["source_domain"] = format!("{id}.example").into();
        if at > 0 {
            value["duplicate_of"] = "a_1".into();
            value["duplicate_class"] = "extended".into();
        }
        if at == 2 {
            value["record_type"] = "revision".into();
        }
        records.push(serde_json::from_value::<Record>(value).unwrap());
    }
    let folder = Folder::at(workspace.path().join("archive"));
    let (mut archive, _) = Archive::open(folder, Settings::default(), None).unwrap();
    let now = records[0].fetched_at;
    archive.append(&mut records, now).unwrap();
    ids
}

#[tokio::test(flavor = "multi_thread")]
async fn every_view_of_a_story_names_the_same_first() {
    let workspace = office().await;
    let [cluster, first, _] = append_story(&workspace);
    let json = |args: &[&str]| -> serde_json::Value {
        serde_json::from_str(&workspace.run(args).expect(&[0]).stdout).unwrap()
    };
    let stories = json(&["archive", "clusters", "--json"]);
    let story = &stories["stories"][0];
    assert_eq!((&story["cluster_id"], &story["first"]), (&cluster.into(), &first.into()));
    let report = json(&["archive", "dedup-report", "--json"]);
    let story = &report["largest"][0];
    assert_eq!((&story["cluster_id"], &story["first"]), (&cluster.into(), &first.into()));
    let served = Served::start(&workspace, &[]);
    for path in ["/stories", "/story/a_1"] {
        let page = get(&served, path).body;
        let (_, lead) = page.split_once("3 records").unwrap();
        let source = lead.split("<bdi>").nth(1).unwrap().split('<').next().unwrap();
        assert_eq!(source, format!("Paper {first}"), "{path}");
    }
}
