//! Keeping an archive in order: repairing it, and rebuilding what is derived from it.

use std::{collections::BTreeSet, fs};

use newswatch::demo::Site;
use serde_json::Value;

use crate::support::workspace::Workspace;

fn json(workspace: &Workspace, args: &[&str], exits: &[i32]) -> Value {
    serde_json::from_str(&workspace.run(args).expect(exits).stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuilt_index_knows_what_the_old_one_knew() {
    let site = Site::start().await.unwrap();
    site.edit_after(None);
    let workspace = Workspace::of_demo(&site);
    workspace.run(&["once"]).expect(&[0, 3]);
    let (lines, records) = (workspace.lines(), workspace.records());
    let reindexed = json(&workspace, &["--json", "archive", "reindex"], &[0]);
    assert_eq!(reindexed["records"], records.len());
    assert!(!workspace.path().join("state/state.sqlite.new").exists());
    workspace.run(&["once"]).expect(&[0, 3]);
    assert_eq!(workspace.lines(), lines, "nothing is taken for new");

    let report = json(&workspace, &["--json", "archive", "dedup-report"], &[0]);
    let copies = records.iter().filter(|record| record["duplicate_class"] == "copy").count();
    assert!(copies > 0);
    assert_eq!(report["records"], records.len());
    assert_eq!(report["classes"]["copy"], copies);
    let largest = &report["largest"][0];
    assert!(largest["records"].as_u64().unwrap() > 1, "{report:#}");
    let text = workspace.run(&["archive", "dedup-report"]).expect(&[0]).stdout;
    assert!(text.contains(largest["cluster_id"].as_str().unwrap()), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_is_no_database_is_set_aside_and_built_anew() {
    let site = Site::start().await.unwrap();
    site.edit_after(None);
    let workspace = Workspace::of_demo(&site);
    workspace.run(&["once"]).expect(&[0, 3]);
    let lines = workspace.lines();
    let listed = json(&workspace, &["--json", "archive", "ls"], &[0]);
    let junk = "no database ".repeat(1000);
    for name in ["state.sqlite", "review.sqlite"] {
        workspace.write(&format!("state/{name}"), &junk);
    }
    let ran = workspace.run(&["status"]).expect(&[1]);
    assert!(ran.stderr.contains("state.sqlite: the state index is damaged: delete it"), "{ran:#?}");
    let lock =
        fs::OpenOptions::new().write(true).open(workspace.path().join("archive/.lock")).unwrap();
    lock.lock().unwrap();
    workspace.run(&["once"]).expect(&[75]);
    assert!(!workspace.path().join("state/state.sqlite.damaged").exists(), "it is somebody else's");
    drop(lock);
    let ran = workspace.run(&["once"]).expect(&[0, 3]);
    assert!(ran.stderr.contains("state index is damaged"), "{ran:#?}");
    assert_eq!(workspace.lines(), lines, "nothing is taken for new");

    let ran = workspace.run(&["--json", "archive", "ls"]).expect(&[0]);
    assert_eq!(serde_json::from_str::<Value>(&ran.stdout).unwrap(), listed);
    assert!(ran.stderr.contains("review.sqlite is damaged: it is kept as"), "{ran:#?}");
    for name in ["state.sqlite", "review.sqlite"] {
        let kept = workspace.path().join(format!("state/{name}.damaged"));
        assert_eq!(fs::read_to_string(kept).unwrap(), junk);
    }

    // What cannot be read is named, and is not the index.
    fs::rename(workspace.path().join("archive"), workspace.path().join("moved")).unwrap();
    workspace.write("archive", "");
    let ran = workspace.run(&["archive", "ls"]).expect(&[1]);
    let is_told = ran.stderr.starts_with("newswatch: cannot read the archive ");
    assert!(is_told && !ran.stderr.contains("index"), "{ran:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn repairing_keeps_every_sound_line_and_the_damaged_file() {
    let site = Site::start().await.unwrap();
    site.edit_after(None);
    let workspace = Workspace::of_demo(&site);
    workspace.run(&["once"]).expect(&[0, 3]);
    let sound = json(&workspace, &["--json", "archive", "repair"], &[0]);
    assert_eq!(sound["rewritten"], serde_json::json!([]));

    let before = ids(&workspace);
    let segment = workspace.segments().remove(0);
    let mut bytes = fs::read(&segment).unwrap();
    let lines = bytes.split(|byte| *byte == b'\n').count() - 1;
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&segment, &bytes).unwrap();
    workspace.run(&["archive", "verify"]).expect(&[1]);
    let repaired = json(&workspace, &["--json", "archive", "repair"], &[1]);
    assert_eq!(repaired["records"], lines - 1, "{repaired:#}");
    assert_eq!(repaired["indexed"], lines - 1, "{repaired:#}");
    let original = repaired["rewritten"][0]["original"].as_str().unwrap();
    assert_eq!(fs::read(workspace.path().join("archive").join(original)).unwrap(), bytes);
    assert_eq!(workspace.lines().len(), lines - 1);
    let verified = workspace.run(&["archive", "verify"]).expect(&[1]).stdout;
    let told = format!("kept by a repair, no fault: {original}\n");
    assert!(verified.contains(&told), "{verified}");
    // The lost article is read again.
    workspace.run(&["once"]).expect(&[0, 3]);
    assert_eq!(ids(&workspace), before);
}

fn ids(workspace: &Workspace) -> BTreeSet<String> {
    workspace.records().iter().map(|record| record["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_rebuilt_under_a_running_daemon() {
    let site = Site::start().await.unwrap();
    let workspace = Workspace::of_demo(&site);
    workspace.run(&["once"]).expect(&[0, 3]);
    let lock =
        fs::OpenOptions::new().write(true).open(workspace.path().join("archive/.lock")).unwrap();
    lock.lock().unwrap();
    let before = fs::read(workspace.path().join("state/state.sqlite")).unwrap();
    workspace.run(&["archive", "reindex"]).expect(&[75]);
    workspace.run(&["archive", "repair"]).expect(&[75]);
    assert_eq!(fs::read(workspace.path().join("state/state.sqlite")).unwrap(), before);
}
