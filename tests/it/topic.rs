//! A changed topic over what a run kept and rejected.

use std::{io::Write as _, process::Stdio};

use serde_json::Value;

use crate::support::workspace::{QUICK, Ran, Workspace, first_edition};

/// Some feeds failed: the demo has one that answers a web page.
const PARTIAL: i32 = 3;

const FLOODS: &str = r#"
[topic]
id = "csto-kz-2022"
name = "Everything"
threshold = 0.1
[concept.letter]
any = ["*a*", "*e*", "*и*", "*о*"]
[[rule]]
name = "a letter"
all_of = ["letter"]
score = 1.0
"#;

fn replay(workspace: &Workspace, args: &[&str]) -> Value {
    let ran = workspace.run(&[&["topic", "replay", "--json"], args].concat()).expect(&[0]);
    serde_json::from_str(&ran.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_shows_what_another_topic_would_keep_and_writes_nothing() {
    let (_site, workspace) = first_edition().await;
    workspace.run(&["once"]).expect(&[PARTIAL]);
    let rejects = workspace.path().join("state/rejects.jsonl");
    let before = (workspace.lines(), std::fs::read(&rejects).unwrap());

    let same = replay(&workspace, &[]);
    assert_eq!(same["archived"], before.0.len());
    assert!(same["rejected"].as_u64().unwrap() > 0);
    let changes = same["changes"].as_array().unwrap();
    let moved: Vec<_> = changes.iter().filter(|line| line["change"] != "rescored").collect();
    assert!(moved.is_empty(), "the same topic keeps the same articles: {moved:#?}");

    workspace.write("floods.toml", FLOODS);
    let other = replay(&workspace, &["floods.toml"]);
    let kept = |value: &Value| value["change"] == "kept";
    let kept = other["changes"].as_array().unwrap().iter().filter(|line| kept(line)).count();
    assert!(kept > 0, "{other:#}");

    assert_eq!((workspace.lines(), std::fs::read(&rejects).unwrap()), before);
    let ran = workspace.run(&["topic", "replay", "absent.toml"]).expect(&[1]);
    assert!(ran.stderr.contains("absent.toml"), "{}", ran.stderr);
}

#[test]
fn judging_ends_with_its_reader() {
    let workspace = Workspace::new(QUICK);
    let mut command = workspace.command(&["topic", "test", "--jsonl", "-"]);
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    drop(child.stdout.take());
    child.stdin.take().unwrap().write_all(b"{\"id\":1,\"title\":\"x\"}\n").unwrap();
    let ran = Ran::of(child.wait_with_output().unwrap()).expect(&[0]);
    assert_eq!(ran.stderr, "");
}
