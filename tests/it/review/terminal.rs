//! `newswatch archive …` as a person types it.

use std::{
    io::{BufRead, BufReader},
    os::unix::fs::MetadataExt as _,
    process::Stdio,
    time::Duration,
};

use serde_json::Value;
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::path};

use super::{append_harm, office};
use crate::support::workspace::{QUICK, Workspace};

#[tokio::test(flavor = "multi_thread")]
async fn the_archive_is_searched_shown_compared_and_counted_at_the_terminal() {
    let workspace = office().await;
    let before = std::fs::read(first_file(&workspace)).unwrap();
    let json = |args: &[&str]| -> Value {
        let ran = workspace.run(args).expect(&[0]);
        serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}", ran.stdout))
    };
    let found = json(&["archive", "search", "ОДКБ", "lang:ru", "NOT", "is:revision", "--json"]);
    assert_eq!(found["total"], 2);
    let id = found["records"][0]["id"].as_str().unwrap();
    let shown = workspace.run(&["archive", "show", id, "ОДКБ"]).expect(&[0]).stdout;
    assert!(
        shown.contains("why") && shown.contains("ОДКБ") && !shown.contains('\u{1b}'),
        "{shown}"
    );
    let revision = json(&["archive", "search", "is:revision", "--json"]);
    let revision = revision["records"][0]["id"].as_str().unwrap();
    let changed = workspace.run(&["archive", "diff", revision]).expect(&[0]).stdout;
    assert!(changed.contains("{+") && changed.contains("--- a_"), "{changed}");
    assert_eq!(json(&["archive", "ls", "--json"])["records"], 19);
    let stats = json(&["archive", "stats", "lang:en,ru,fr,hy,kk,ar,zh -is:revision", "--json"]);
    assert_eq!(stats["records"], 18);
    assert_eq!(stats["languages"][0]["value"], "en");
    let stories = json(&["archive", "clusters", "--json"]);
    assert_eq!(stories["stories"][0]["records"], 2);
    let last = workspace.run(&["archive", "tail", "-n", "1", "--json"]).expect(&[0]).stdout;
    assert_eq!(serde_json::from_str::<Value>(&last).unwrap()["record_type"], "revision");
    assert_eq!(std::fs::read(first_file(&workspace)).unwrap(), before, "the archive is only read");
    for format in ["csv", "jsonl", "parquet", "rss", "news-please", "trafilatura", "sqlite"] {
        let name = format!("out.{format}");
        workspace
            .run(&["archive", "export", "--format", format, "-o", &name, "lang:kk"])
            .expect(&[0]);
        assert!(std::fs::metadata(workspace.path().join(&name)).unwrap().len() > 500, "{format}");
        workspace.run(&["archive", "export", "--format", format, "-o", &name]).expect(&[1]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn root_who_looks_at_another_users_archive_shuts_nobody_out() {
    if !rustix::process::geteuid().is_root() {
        println!("skipped: only root gives folders away");
        return;
    }
    let workspace = office().await;
    let state = workspace.path().join("state");
    let index = state.join("review.sqlite");
    assert!(!index.exists());
    std::os::unix::fs::chown(&state, Some(10_001), Some(10_002)).unwrap();
    workspace.run(&["archive", "search", "lang:ru"]).expect(&[0]);
    let made = std::fs::metadata(index).unwrap();
    assert_eq!((made.uid(), made.gid()), (10_001, 10_002));
}

#[tokio::test(flavor = "multi_thread")]
async fn following_ends_with_its_reader() {
    let workspace = office().await;
    let mut command = workspace.command(&["archive", "tail", "-n", "1", "--follow", "--json"]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.ends_with("}\n"), "{line:?}");
    let ended = (0..600).find_map(|_| {
        std::thread::sleep(Duration::from_millis(50));
        child.try_wait().unwrap()
    });
    if ended.is_none() {
        child.kill().unwrap();
    }
    child.wait().unwrap();
    assert_eq!(ended.and_then(|status| status.code()), Some(0));
}

fn first_file(workspace: &Workspace) -> std::path::PathBuf {
    let mut path = workspace.path().join("archive");
    while path.is_dir() {
        let mut entries: Vec<_> =
            std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()).collect();
        entries.retain(|path| path.is_dir() || path.extension().is_some_and(|end| end == "jsonl"));
        entries.sort();
        path = entries.remove(0);
    }
    path
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_web_wrote_never_steers_the_terminal() {
    let workspace = office().await;
    let id = append_harm(&workspace);
    for args in [
        vec!["archive", "search", "Zugzwang"],
        vec!["archive", "show", &id],
        vec!["archive", "diff", &id, &id],
        vec!["archive", "stats"],
        vec!["archive", "clusters"],
        vec!["archive", "tail"],
        vec!["archive", "export", "--format", "csv", "Zugzwang"],
        vec!["archive", "export", "--format", "rss", "Zugzwang"],
    ] {
        let ran = workspace.run(&args).expect(&[0]);
        let raw = ran.stdout.chars().find(|c| c.is_control() && !matches!(c, '\n' | '\r'));
        assert_eq!(raw, None, "{args:?}: {}", ran.stdout.escape_debug());
        if args[1] != "export" {
            assert!(!ran.stdout.contains('\u{202e}'), "{args:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_query_is_told_with_its_place_and_help_has_examples() {
    let workspace = office().await;
    let ran = workspace.run(&["archive", "search", "sorce:x"]).expect(&[1]);
    assert!(ran.stderr.contains("sorce:x\n^^^^^ there is no field `sorce`"), "{}", ran.stderr);
    let ran = workspace.run(&["archive", "show", "a_nobody"]).expect(&[1]);
    assert!(ran.stderr.contains("no record has the id"), "{}", ran.stderr);
    for command in ["ls", "search", "show", "diff", "clusters", "stats", "tail", "export"] {
        let help = workspace.run(&["archive", command, "--help"]).expect(&[0]).stdout;
        assert!(help.contains("Example"), "{command}: {help}");
    }
    assert!(workspace.run(&["review", "--help"]).expect(&[0]).stdout.contains("Example"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_shows_its_record_or_why_there_is_none() {
    let workspace = office().await;
    let record = &workspace.records()[0];
    let shown = workspace.run(&["archive", "show", record["url"].as_str().unwrap(), "--json"]);
    let shown: Value = serde_json::from_str(&shown.expect(&[0]).stdout).unwrap();
    assert_eq!(shown["record"]["url_key"], record["url_key"]);
    // Its topic, as it was when the record was judged by it.
    let rules = format!("archive/rules/{}.json", record["config_hash"].as_str().unwrap());
    let rules = std::fs::read_to_string(workspace.path().join(rules)).unwrap();
    let rules: Value = serde_json::from_str(&rules).unwrap();
    let topic = rules["topics"][record["topic"].as_str().unwrap()].as_str().unwrap();
    assert!(topic.contains(record["matched_terms"][0].as_str().unwrap()), "{topic}");
    let rejects = std::fs::read_to_string(workspace.path().join("state/rejects.jsonl")).unwrap();
    let last: Value = serde_json::from_str(rejects.lines().last().unwrap()).unwrap();
    let address = last["url"].as_str().unwrap();
    let shown = workspace.run(&["archive", "show", address]).expect(&[0]).stdout;
    assert!(shown.starts_with("not kept") && shown.contains(address), "{shown}");
    assert!(shown.contains(last["reason"].as_str().unwrap()), "{shown}");
    let shown = workspace.run(&["archive", "show", address, "--json"]).expect(&[0]).stdout;
    assert_eq!(serde_json::from_str::<Value>(&shown).unwrap()["reject"], last);
    let ran = workspace.run(&["archive", "show", "https://nobody.example/1"]).expect(&[1]);
    assert!(ran.stderr.contains("nothing is known of https://nobody.example/1"), "{ran:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_whose_page_waits_shows_what_was_answered_and_when_it_is_asked_next() {
    let server = MockServer::start().await;
    let page = format!("{}/refused", server.uri());
    let rss = format!(
        "<rss version=\"2.0\"><channel><item><title>A headline</title><link>{page}</link></item>\
         </channel></rss>"
    );
    for (at, answer) in [
        ("/feed", ResponseTemplate::new(200).set_body_string(rss)),
        ("/refused", ResponseTemplate::new(403)),
    ] {
        Mock::given(path(at)).respond_with(answer).mount(&server).await;
    }
    let workspace = Workspace::new(QUICK);
    let feed = format!("[[feed]]\nid = \"courier\"\nurl = \"{}/feed\"\n", server.uri());
    workspace.write("config/feeds.toml", &feed);
    workspace.run(&["once"]);
    let shown = workspace.run(&["archive", "show", &page]).expect(&[0]).stdout;
    assert!(shown.starts_with("waits to be read: A headline\n"), "{shown}");
    for words in ["1 time, last ", "HTTP 403: the server refuses us", "in 15 min", "courier"] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    let shown = workspace.run(&["archive", "show", &page, "--json"]).expect(&[0]).stdout;
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown["waiting"]["trouble"]["tries"], 1, "{shown}");
}

#[test]
fn an_export_that_fails_leaves_no_file_in_the_way_of_the_next() {
    let workspace = Workspace::new(QUICK);
    let ran = workspace.run(&["archive", "export", "--format", "csv", "-o", "x.csv"]).expect(&[1]);
    assert!(ran.stderr.contains("there is no archive"), "{ran:#?}");
    assert!(!workspace.path().join("x.csv").exists());
}
