//! The whole way over the demo's site: what it promises of its content stands in the archive.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use jiff::SignedDuration;
use newswatch::{
    article::TextStatus,
    demo::{Expectation, Outcome},
};
use serde_json::{Value, json};

use crate::support::workspace::{Ran, Workspace, first_edition};

/// Some feeds failed: the demo has one that answers a web page.
const PARTIAL: i32 = 3;

#[tokio::test(flavor = "multi_thread")]
async fn one_pass_leaves_exactly_what_the_content_promises() {
    let (site, workspace) = first_edition().await;
    workspace.run(&["once"]).expect(&[PARTIAL]);
    check(&site.expected(), &workspace.records());
    check_texts(&site.expected(), &workspace.records());
    check_schema(&workspace);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_pass_adds_no_line_and_asks_no_page_again() {
    let (site, workspace) = first_edition().await;
    workspace.run(&["once"]).expect(&[PARTIAL]);
    let (lines, asked) = (workspace.lines(), site.log().len());
    workspace.run(&["once"]).expect(&[PARTIAL]);
    assert_eq!(workspace.lines(), lines);
    let feeds: BTreeSet<&str> = site.feeds.iter().map(|feed| feed.url.as_str()).collect();
    let log = site.log();
    let again: Vec<_> = log[asked..].iter().filter(|it| it.path != "/robots.txt").collect();
    assert!(again.len() >= feeds.len(), "every feed was due again: {again:#?}");
    for request in again {
        let url = format!("http://{}{}", request.host, request.path);
        assert!(feeds.contains(url.as_str()), "{request:#?}");
        let failing = site.feeds.iter().any(|feed| feed.url == url && feed.fails);
        assert!(failing || request.status == Some(304), "{request:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edited_article_becomes_a_revision_and_nothing_else_changes() {
    let (site, workspace) = first_edition().await;
    workspace.run(&["once"]).expect(&[PARTIAL]);
    let before = workspace.records();
    site.advance();
    let ran = workspace.run(&["once"]).expect(&[PARTIAL]);
    let after = workspace.records();
    assert_eq!(after[..before.len()], before[..]);
    let [revision] = &after[before.len()..] else {
        panic!("{ran:#?} {:#?}", &after[before.len()..])
    };
    let expected = site.expected().into_iter().find(|it| it.revision.is_some()).unwrap();
    let edited = expected.revision.unwrap();
    let original = before.iter().find(|record| record["title"] == expected.title).unwrap();
    assert_eq!(revision["record_type"], "revision");
    assert_eq!(revision["revision"], 2);
    assert_eq!(revision["revision_of"], original["id"]);
    assert_eq!(revision["url_key"], original["url_key"]);
    assert_eq!(revision["title"], edited.title);
    assert_eq!(revision["modified_at"], edited.modified.to_string());
    assert!(paragraphs(revision).ends_with(&edited.paragraphs), "{revision:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn hosts_are_asked_as_they_wish() {
    let (site, workspace) = first_edition().await;
    workspace.run(&["once"]).expect(&[PARTIAL]);
    let log = site.log();
    assert!(
        log.iter().all(|request| !request.path.starts_with("/zhabyq/")),
        "robots.txt forbids it"
    );
    let mut asked: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for request in &log {
        assert_eq!(request.method, "GET");
        let agent = request.user_agent.as_deref().unwrap_or_default();
        assert!(agent.starts_with("newswatch/"), "{agent}");
        assert!(agent.contains("+https://example.org/newswatch-tests"), "{agent}");
        asked.entry((&request.host, &request.path)).or_default().push(request);
    }
    for ((host, path), requests) in asked {
        let statuses: Vec<_> = requests.iter().filter_map(|request| request.status).collect();
        if statuses.first() == Some(&429) {
            let [refused, granted] = requests[..] else { panic!("{path}: {statuses:?}") };
            let waited = granted.at.duration_since(refused.at).as_secs_f32();
            assert!(waited >= 2.0, "Retry-After asks for two seconds, {path} waited {waited}");
            let end = refused.at + SignedDuration::from_secs(2);
            let on_host = log.iter().filter(|it| it.host == *host);
            let hasty: Vec<_> = on_host.filter(|it| it.at > refused.at && it.at < end).collect();
            assert!(hasty.is_empty(), "{host} was not left alone: {hasty:#?}");
        } else {
            assert_eq!(requests.len(), 1, "{host}{path} was asked {statuses:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_with_glued_paragraphs_gives_each_apart_and_its_title_once() {
    let (site, workspace) = first_edition().await;
    let ran = workspace.run(&["once", "--feed", "fil"]).expect(&[0]);
    let summary = ran.stdout.lines().any(|line| line.trim_start().starts_with("fil "));
    assert!(summary && ran.stdout.contains("the next poll is due"), "{ran:#?}");
    let expected =
        site.expected().into_iter().find(|it| it.title.starts_with("Mission achevée")).unwrap();
    let records = workspace.records();
    let record = records.iter().find(|record| record["title"] == expected.title).unwrap();
    check_texts(std::slice::from_ref(&expected), &records);
    assert_eq!(record["text"].as_str().unwrap().matches(&expected.title).count(), 0);
    assert!(record["published_at"].as_str().unwrap().starts_with("2022-01-16T"));
    assert_eq!(record["language"], "fr");
    assert_eq!(record["topic"], "csto-kz-2022");
    assert!(record["topic_reason"].as_str().is_some_and(|reason| !reason.is_empty()));
}

#[test]
fn the_demo_command_leaves_a_valid_archive_and_says_where() {
    let workspace = Workspace::new("");
    let ran = workspace.run(&["demo", "--once", "--folder", "."]).expect(&[0]);
    let folder = workspace.path().canonicalize().unwrap();
    assert!(ran.stdout.contains(folder.to_str().unwrap()), "{ran:#?}");
    for feed in ["courier", "vestnik", "bulletin-old"] {
        assert!(ran.stdout.contains(feed), "the table has a line for {feed}: {ran:#?}");
    }
    check_schema(&workspace);
    let lines = workspace.lines();
    assert!(lines.len() >= 15, "{} lines", lines.len());
    let ran = workspace.run(&["demo", "--once", "--folder", ".", "--json"]).expect(&[0]);
    let summary: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert!(summary["feeds"].is_array() && summary["next_at"].is_string(), "{summary:#}");
    assert_eq!(summary["folder"], json!(folder));
    assert_eq!(workspace.lines(), lines, "a second run adds no line");
    let ran = workspace.run(&["--config", "config", "once"]);
    assert_eq!(workspace.lines(), lines, "the site is down, nothing is lost: {ran:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_state_the_next_pass_still_adds_no_line() {
    let (_site, workspace) = first_edition().await;
    workspace.run(&["once"]).expect(&[PARTIAL]);
    let lines = workspace.lines();
    remove_state(workspace.path());
    workspace.run(&["once"]).expect(&[PARTIAL]);
    assert_eq!(workspace.lines(), lines);
}

/// Every line is what `newswatch schema record` says.
pub(crate) fn check_schema(workspace: &Workspace) {
    let Ran { stdout, .. } = workspace.run(&["schema", "record"]).expect(&[0]);
    let schema = serde_json::from_str(&stdout).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for record in workspace.records() {
        let errors: Vec<_> =
            validator.iter_errors(&record).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{}: {errors:#?}", record["id"]);
    }
}

pub(crate) fn is_kept(expectation: &Expectation) -> bool {
    matches!(expectation.outcome, Outcome::Kept(_) | Outcome::Copy)
}

/// The archive holds a record for each story that is expected, as it is expected, and no other.
pub(crate) fn check(expected: &[Expectation], records: &[Value]) {
    let mut stories: BTreeMap<&str, Vec<&Expectation>> = BTreeMap::new();
    for expectation in expected {
        stories.entry(&expectation.title).or_default().push(expectation);
    }
    let mut wanted = 0;
    for (title, expectations) in &stories {
        let found: Vec<_> = records.iter().filter(|record| record["title"] == *title).collect();
        let kept = expectations.iter().find_map(|it| match it.outcome {
            Outcome::Kept(status) => Some((*it, status)),
            Outcome::Copy => Some((*it, TextStatus::Full)),
            Outcome::Same | Outcome::OffTopic | Outcome::Lost => None,
        });
        let Some((expectation, status)) = kept else {
            assert!(found.is_empty(), "{title} is not about the topic: {found:#?}");
            continue;
        };
        wanted += 1;
        let [record] = found[..] else {
            panic!("{} records titled {title:?} ({}): {records:#?}", found.len(), expectation.why)
        };
        check_record(expectations, expectation, status, record);
    }
    assert_eq!(records.len(), wanted, "records that nobody expects: {records:#?}");
    check_copies(expected, records);
    check_chain(records);
}

fn check_record(
    expectations: &[&Expectation],
    expectation: &Expectation,
    status: TextStatus,
    record: &Value,
) {
    let Expectation { title, why, language, published, .. } = expectation;
    let path =
        |url: &str| url.split("utm_").next().unwrap().trim_end_matches(['?', '&']).to_owned();
    let url = path(record["url"].as_str().unwrap());
    assert!(expectations.iter().any(|it| path(&it.url) == url), "{title} has the address {url}");
    assert!(expectations.iter().any(|it| it.feed_id == record["feed_id"]), "{title}: {record}");
    assert_eq!(record["text_status"], json!(status), "{title} ({why}): {record:#}");
    assert_eq!(record["language"], *language, "{title}: {record:#}");
    assert_eq!(record["published_at"], published.to_string(), "{title}: {record:#}");
    assert_eq!(record["topic"], "csto-kz-2022", "{title}");
    assert!(
        record["matches"].as_array().is_some_and(|all| !all.is_empty()),
        "{title} has evidence"
    );
    let charset = if why.contains("windows-1251") { "windows-1251" } else { "UTF-8" };
    if status != TextStatus::FeedOnly {
        assert!(
            record["charset"].as_str().is_some_and(|it| it.eq_ignore_ascii_case(charset)),
            "{title}"
        );
    }
    assert_eq!(record["robots_allowed"] == false, why.contains("robots.txt"), "{title}");
}

/// Each text is read paragraph by paragraph as it was written.
fn check_texts(expected: &[Expectation], records: &[Value]) {
    let mut faults = Vec::new();
    for expectation in expected.iter().filter(|it| matches!(it.outcome, Outcome::Kept(_))) {
        let record = records.iter().find(|record| record["title"] == expectation.title).unwrap();
        let (mut found, wanted) = (paragraphs(record), &expectation.paragraphs);
        // A standfirst that the page shows above its text belongs to it.
        if found.first() == Some(&expectation.standfirst) && found.first() != wanted.first() {
            found.remove(0);
        }
        if found == *wanted {
            continue;
        }
        faults.push(expectation.title.clone());
        faults
            .extend(found.iter().filter(|it| !wanted.contains(it)).map(|it| ["  + ", it].concat()));
        faults
            .extend(wanted.iter().filter(|it| !found.contains(it)).map(|it| ["  - ", it].concat()));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// The wire story stands twice, and one of the two points at the other.
fn check_copies(expected: &[Expectation], records: &[Value]) {
    for copy in expected.iter().filter(|it| it.outcome == Outcome::Copy) {
        let of_title =
            |title: &str| records.iter().find(|record| record["title"] == title).unwrap();
        let original = expected
            .iter()
            .find(|it| it.title != copy.title && it.paragraphs.last() == copy.paragraphs.last());
        let (one, other) = (of_title(&copy.title), of_title(&original.unwrap().title));
        assert!(
            one["duplicate_of"] == other["id"] || other["duplicate_of"] == one["id"],
            "{one:#}\n{other:#}",
        );
        assert_eq!(one["cluster_id"], other["cluster_id"]);
    }
}

/// Numbers without a gap, each line bound to the one before, no record twice.
pub(crate) fn check_chain(records: &[Value]) {
    let seqs: Vec<u64> = records.iter().map(|record| record["seq"].as_u64().unwrap()).collect();
    assert_eq!(seqs, (1..=records.len() as u64).collect::<Vec<_>>());
    let ids: BTreeSet<&str> = records.iter().map(|record| record["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), records.len(), "a record stands twice");
    let texts: BTreeSet<String> = records
        .iter()
        .map(|record| format!("{} {}", record["url_key"], record["content_hash"]))
        .collect();
    assert_eq!(texts.len(), records.len(), "a text stands twice at one address");
}

fn paragraphs(record: &Value) -> Vec<String> {
    let text = record["text"].as_str().unwrap_or_default();
    text.split("\n\n").map(str::to_owned).collect()
}

/// The index is disposable: what it knew is in the archive.
fn remove_state(folder: &Path) {
    let state = folder.join("state");
    for entry in std::fs::read_dir(state).unwrap() {
        let file = entry.unwrap().path();
        if file.file_name().unwrap().to_str().unwrap().starts_with("state.sqlite") {
            std::fs::remove_file(file).unwrap();
        }
    }
}
