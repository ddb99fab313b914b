//! Documents and readings cross the pipe as they are.

use std::{fs, path::Path};

use proptest::prelude::*;

use super::*;

fn page() -> PageDocument {
    PageDocument {
        content_type: Some("text/html; charset=utf-8".to_owned()),
        url: Url::parse("https://news.example/a?b=c").unwrap(),
        fetched_at: "2022-01-16T12:00:00.123Z".parse().unwrap(),
        title: Some("Миротворцы ОДКБ".to_owned()),
        summary: None,
        content: Some(String::new()),
        published: Some("2022-01-16T00:00:00Z".parse().unwrap()),
        language: Some("ru".to_owned()),
        zone: Some(TimeZone::get("Asia/Almaty").unwrap()),
        rules: Some("host = \"news.example\"\nbody = \"div.text\"\n".to_owned()),
    }
}

/// What a worker makes of a job, and what comes back of its answer.
fn across(document: &Document, body: &[u8]) -> (Document, Vec<u8>, Answered) {
    let mut bytes = wire::job(document, body).unwrap();
    bytes.extend(body);
    let (mut from, mut arrived) = (bytes.as_slice(), Vec::new());
    let document = wire::next_job(&mut from, &mut arrived).unwrap().unwrap();
    assert!(wire::next_job(&mut from, &mut Vec::new()).unwrap().is_none());
    let answer = read_caught(&document, &arrived).map_err(|_| ());
    let mut bytes = Vec::new();
    wire::answer(&mut bytes, &answer).unwrap();
    let (length, rest) = bytes.split_at(4);
    assert_eq!(wire::bounded(length.try_into().unwrap()).unwrap(), rest.len());
    (document, arrived, wire::decode(rest).unwrap())
}

type Answered = Result<Reading, ()>;

#[test]
fn a_page_is_read_by_a_worker_as_it_is_read_here() {
    let document = Document::Page(Box::new(page()));
    let text = "<p>Шестая колонна ОДКБ вылетела из Алма-Аты в воскресенье утром.</p>".repeat(9);
    let html = format!("<title>Миротворцы ОДКБ</title><div class=text>{text}</div>");
    let (arrived, body, answer) = across(&document, html.as_bytes());
    assert_eq!((&arrived, body.as_slice()), (&document, html.as_bytes()));
    let Ok(Reading::Page(Ok(article))) = &answer else { panic!("{answer:?}") };
    assert_eq!(article.extraction.method, "site-rules", "the rules crossed too");
    assert_eq!(answer.unwrap(), read(&document, html.as_bytes()));
}

#[test]
#[expect(clippy::disallowed_methods, reason = "test: reads the fixtures")]
fn every_page_of_the_fixtures_crosses_unchanged() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/pages");
    let mut folders = vec![folder];
    let mut pages = 0;
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|kind| kind == "html") {
                let document = Document::Page(Box::new(page()));
                let bytes = fs::read(path).unwrap();
                assert_eq!(across(&document, &bytes).2.unwrap(), read(&document, &bytes));
                pages += 1;
            }
        }
    }
    assert!(pages > 0);
}

#[test]
fn a_feed_and_what_is_wrong_with_one_cross_unchanged() {
    let base = Url::parse("https://news.example/feed").unwrap();
    let document =
        Document::Listing { kind: SourceKind::Feed, content_type: None, base, is_cut: false };
    let item = "<item><title>a &amp; b</title><link>/x</link><guid>7</guid>\
                <pubDate>Sun, 16 Jan 2022 09:00:00 +0600</pubDate>\
                <enclosure url='/m.mp3'/><category>c</category></item>";
    let feed = format!("<rss><channel><ttl>60</ttl><skipHours><hour>3</hour></skipHours>{item}");
    for body in [feed.as_str(), "", "<html><title>no feed</title>", "{\"items\": [", "plain"] {
        assert_eq!(across(&document, body.as_bytes()).2.unwrap(), read(&document, body.as_bytes()));
    }
}

#[test]
fn what_helps_to_configure_a_site_crosses_unchanged() {
    let text = "<p>Шестая колонна ОДКБ вылетела из Алма-Аты в воскресенье утром.</p>".repeat(9);
    let html = format!(
        "<title>Миротворцы ОДКБ</title><link rel=alternate type=application/rss+xml href=/feed>\
         <article>{text}</article>"
    );
    let base = Url::parse("https://news.example/").unwrap();
    for (document, told) in [
        (Document::Draft(Box::new(page())), "host = \\\"news.example"),
        (Document::LeftOut(Box::new(page())), "LeftOut(["),
        (Document::Feeds { content_type: None, base }, "/feed"),
    ] {
        let answer = across(&document, html.as_bytes()).2.unwrap();
        assert_eq!(answer, read(&document, html.as_bytes()));
        assert!(format!("{answer:?}").contains(told), "{answer:?}");
    }
}

proptest! {
    #[test]
    fn no_bytes_from_a_worker_break_the_pool(bytes: Vec<u8>) {
        drop(wire::decode::<Answered>(&bytes));
        drop(wire::next_job(&mut bytes.as_slice(), &mut Vec::new()));
    }
}

#[test]
fn computing_for_too_long_is_told_before_the_worker_is_given_up() {
    let halves = || (0..40).map(|n| Duration::from_millis(500 * n));
    for (used, time) in halves().flat_map(|used| halves().map(move |time| (used, time))) {
        let limit = Duration::from_secs(worker::computing(used, time)).saturating_sub(used);
        assert!(time <= limit && limit < pool::patience(time), "{used:?} {time:?}: {limit:?}");
    }
}
