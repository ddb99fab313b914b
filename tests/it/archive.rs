//! Keeping an archive in order: repairing it, and rebuilding what is derived from it.

use std::{collections::BTreeSet, fs};

use jiff::Timestamp;
use newswatch::{
    canonical_url::{CanonicalUrl, Host},
    demo::Site,
    fetch::Validators,
    schedule::{FeedState, PageId},
    source::Entry,
    state::{Pending, State},
};
use serde_json::Value;

use crate::support::workspace::{Workspace, first_edition, first_edition_every};

fn json(workspace: &Workspace, args: &[&str], exits: &[i32]) -> Value {
    serde_json::from_str(&workspace.run(args).expect(exits).stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuilt_index_knows_what_the_old_one_knew() {
    let (_site, workspace) = first_edition().await;
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
    let (_site, workspace) = first_edition().await;
    workspace.run(&["once"]).expect(&[0, 3]);
    let lines = workspace.lines();
    let listed = json(&workspace, &["--json", "archive", "ls"], &[0]);
    let junk = "no database ".repeat(1000);
    for name in ["state.sqlite", "review.sqlite"] {
        workspace.write(&format!("state/{name}"), &junk);
    }
    let ran = workspace.run(&["status"]).expect(&[1]);
    assert!(
        ran.stderr.contains("state.sqlite: the state index is damaged (file is not"),
        "{ran:#?}"
    );
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
    let ran = workspace.run(&["archive", "ls"]).expect(&[78]);
    let is_told = ran.stderr.contains("`archive.folder`") && ran.stderr.contains("is no folder");
    assert!(is_told && !ran.stderr.contains("index"), "{ran:#?}");
}

/// Overwrites the page of the index where a table begins.
fn damage(workspace: &Workspace, table: &str) {
    let path = workspace.path().join("state/state.sqlite");
    let state = State::open_read_only(&path).unwrap();
    let sql = "SELECT rootpage FROM sqlite_master WHERE name = ?1";
    let root: u32 = state.connection().query_row(sql, [table], |row| row.get(0)).unwrap();
    drop(state);
    let mut bytes = fs::read(&path).unwrap();
    bytes[(root as usize - 1) * 4096..][..4096].fill(0xa5);
    fs::write(&path, bytes).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_with_a_damaged_page_is_built_anew_with_what_the_others_tell() {
    let (_site, workspace) = first_edition_every("1h").await;
    workspace.run(&["once"]).expect(&[0, 3]);
    let (lines, index) = (workspace.lines(), workspace.path().join("state/state.sqlite"));
    let host = Host::of(&"https://news.example/".parse().unwrap());
    let at = "2040-01-01T00:00:00Z".parse().unwrap();
    {
        let state = State::open(&index).unwrap();
        state.pause(&host).unwrap();
        state.put_hold(&host, at).unwrap();
        let address = CanonicalUrl::parse("https://news.example/a").unwrap();
        let page = Pending {
            id: PageId(0),
            key: address.key,
            url: address.fetch,
            feed_id: "gone".into(),
            entry: Entry::default(),
            first_seen_at: at,
            not_before: at,
            attempts: 0,
            tried_since: None,
            revisit: false,
        };
        state.add_pending(&page).unwrap().unwrap();
        state.close().unwrap();
    }
    let sound = fs::read(&index).unwrap();
    let tables = [
        ("meta", "pauses of hosts"),
        ("feed", "records of feeds"),
        ("pending", "pages that wait"),
        ("robots", "robots.txt of hosts"),
        ("hold", "holds of hosts"),
        ("seen", "what feeds said of their articles"),
        ("place", ""),
        ("sqlite_autoindex_pending_1", ""),
    ];
    for (table, lost) in tables {
        for command in [&["once"][..], &["archive", "reindex"]] {
            fs::write(&index, &sound).unwrap();
            damage(&workspace, table);
            let ran = workspace.run(command).expect(&[0, 3]);
            let _of_a_start = workspace.run(&["once"]).expect(&[0, 3]);
            assert_eq!(workspace.lines(), lines, "{table}: nothing is taken for new");
            // What a start does not come by, it does not see.
            if !["seen", "place"].contains(&table) || command != ["once"] {
                assert_eq!(ran.stderr.contains("not all"), !lost.is_empty(), "{table}: {ran:#?}");
                assert!(ran.stderr.contains(lost), "{table}: {ran:#?}");
            }
            let state = State::open(&index).unwrap();
            let known = [
                ("meta", state.paused().unwrap().len()),
                ("hold", state.holds(Timestamp::MIN).unwrap().len()),
                ("pending", state.waiting().unwrap().len()),
            ];
            for (of, rows) in known {
                assert_eq!(rows, usize::from(of != table), "{table}: {of}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_that_ends_a_pass_is_mended_by_the_next_start() {
    let (_site, workspace) = first_edition().await;
    workspace.run(&["once"]).expect(&[0, 3]);
    let lines = workspace.lines();
    {
        let state = State::open(&workspace.path().join("state/state.sqlite")).unwrap();
        for row in state.feeds().unwrap() {
            // No 304 is to hide the entries.
            let known = FeedState { validators: Validators::default(), ..row.state };
            state.put_feed(&row.id, &known).unwrap();
        }
        state.close().unwrap();
    }
    damage(&workspace, "seen");
    let ran = workspace.run(&["once"]).expect(&[1]);
    assert!(ran.stderr.contains("the state index is damaged"), "{ran:#?}");
    let ran = workspace.run(&["once"]).expect(&[0, 3]);
    assert!(ran.stderr.contains("what feeds said of their articles"), "{ran:#?}");
    assert_eq!(workspace.lines(), lines, "nothing is taken for new");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_that_is_not_mounted_is_not_begun_anew_whatever_the_index_is() {
    let (_site, workspace) = first_edition_every("1h").await;
    workspace.run(&["once"]).expect(&[0, 3]);
    let (archive, moved) = (workspace.path().join("archive"), workspace.path().join("moved"));
    let lines = workspace.lines();
    for way in ["of another version", "damaged"] {
        if way == "damaged" {
            damage(&workspace, "meta");
        } else {
            let state = State::open(&workspace.path().join("state/state.sqlite")).unwrap();
            state.connection().pragma_update(None, "user_version", 4711).unwrap();
            state.close().unwrap();
        }
        fs::rename(&archive, &moved).unwrap();
        fs::create_dir(&archive).unwrap();
        for command in [&["once"][..], &["archive", "reindex"]] {
            let ran = workspace.run(command).expect(&[1]);
            let is_told = ran.stderr.contains("nothing of an archive is there");
            assert!(is_told && ran.stderr.contains("is its disk mounted"), "{way}: {ran:#?}");
        }
        assert_eq!(fs::read_dir(&archive).unwrap().count(), 0, "{way}");
        fs::remove_dir(&archive).unwrap();
        fs::rename(&moved, &archive).unwrap();
        workspace.run(&["once"]).expect(&[0, 3]);
        assert_eq!(workspace.lines(), lines, "{way}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn repairing_keeps_every_sound_line_and_the_damaged_file() {
    let (_site, workspace) = first_edition().await;
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

/// The index of the state is deleted, and a compressed file has a damaged block.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_left_of_a_damaged_archive_is_read_and_what_is_not_is_told() {
    let (_site, workspace) = first_edition().await;
    workspace.run(&["once"]).expect(&[0, 3]);
    let segment = workspace.segments().remove(0);
    // A day before: the next pass closes and compresses it.
    let (name, day) = (segment.file_name().unwrap().to_str().unwrap(), "2022-01-16.jsonl");
    let old = workspace.path().join("archive/2022/01").join(day);
    fs::create_dir_all(old.parent().unwrap()).unwrap();
    fs::rename(&segment, &old).unwrap();
    for index in ["state.sqlite", "review.sqlite"] {
        let _none = fs::remove_file(workspace.path().join("state").join(index));
    }
    fs::write(segment.parent().unwrap().join(name), "").unwrap();
    workspace.run(&["once"]).expect(&[0, 3]);
    let packed = old.with_extension("jsonl.gz");
    let mut bytes = fs::read(&packed).unwrap();
    let last = bytes.len() - 60;
    bytes[last] ^= 1;
    fs::write(&packed, &bytes).unwrap();
    fs::remove_file(workspace.path().join("state/state.sqlite")).unwrap();

    for command in [&["archive", "reindex"][..], &["archive", "dedup-report"]] {
        let ran = workspace.run(command).expect(&[1]);
        assert!(ran.stderr.contains("`newswatch archive verify`"), "{ran:#?}");
    }
    fs::remove_file(workspace.path().join("state/state.sqlite")).unwrap();
    for _ in 0..2 {
        let listed = workspace.run(&["archive", "ls"]).expect(&[0]);
        assert!(listed.stderr.contains("1 part of the archive cannot be read"), "{listed:#?}");
    }
    let ran = workspace.run(&["once"]).expect(&[0, 3]);
    let told = "2022/01/2022-01-16.jsonl.gz: unpacked byte";
    assert!(ran.stderr.contains(told), "the file that there is: {ran:#?}");
    // What was in the damaged part is read again.
    assert!(fs::metadata(&segment).unwrap().len() > 0, "{ran:#?}");
    let ran = workspace.run(&["archive", "verify"]).expect(&[1]);
    assert!(ran.stdout.contains("newswatch archive repair"), "{ran:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_last_line_that_was_acknowledged_is_kept_and_told() {
    let (_site, workspace) = first_edition().await;
    workspace.run(&["once"]).expect(&[0, 3]);
    let before = workspace.records();
    let segment = workspace.segments().remove(0);
    let mut bytes = fs::read(&segment).unwrap();
    let at = bytes.len() - 600;
    bytes[at] ^= 1;
    fs::write(&segment, &bytes).unwrap();
    let count = before.len();
    let ran = workspace.run(&["once"]).expect(&[0, 3]);
    let told = format!("line {count} was acknowledged, and the archive's last sound line is");
    assert!(ran.stderr.contains(&told), "{ran:#?}");
    assert_eq!(fs::read(&segment).unwrap(), bytes, "it is evidence");
    // The article is read again, under the next number.
    let next = workspace.segments().remove(1);
    let record: Value =
        serde_json::from_str(fs::read_to_string(next).unwrap().lines().next().unwrap()).unwrap();
    assert_eq!(record["seq"], count + 1);
    assert_eq!(record["id"], before[count - 1]["id"]);
    workspace.run(&["archive", "verify"]).expect(&[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_state_of_another_archive_says_nothing_of_this_one() {
    let site = Site::start().await.unwrap();
    let [ours, other] = [(); 2].map(|()| Workspace::of_demo(&site));
    for workspace in [&ours, &other] {
        workspace.run(&["once"]).expect(&[0, 3]);
    }
    // The other archive is sound, and shorter than what our state remembers.
    let segment = other.segments().remove(0);
    let lines: Vec<String> = other.lines().into_iter().take(3).collect();
    fs::write(&segment, lines.join("\n") + "\n").unwrap();
    fs::remove_dir_all(other.path().join("state")).unwrap();
    other.run(&["archive", "verify"]).expect(&[0]);
    let there = format!("archive.folder={}", other.path().join("archive").display());
    for command in [&["archive", "verify"][..], &["archive", "reindex"], &["archive", "repair"]] {
        ours.run(&[command, &["--set", &there]].concat()).expect(&[0]);
    }
    assert!(!other.path().join("archive/HEAD").exists());
    other.run(&["archive", "verify"]).expect(&[0]);
    // And back again, with a state that is of the other one.
    let before = ours.lines();
    ours.run(&["once"]).expect(&[0, 3]);
    assert_eq!(ours.lines()[..before.len()], before);
    ours.run(&["archive", "verify"]).expect(&[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_that_is_not_there_is_not_begun_anew_before_the_state_is_moved_away() {
    let (_site, workspace) = first_edition().await;
    workspace.run(&["once"]).expect(&[0, 3]);
    let lines = workspace.lines();
    let [archive, disk, state] =
        ["archive", "disk", "state"].map(|name| workspace.path().join(name));
    fs::rename(&archive, &disk).unwrap();
    for command in [&["once"][..], &["run"], &["archive", "reindex"]] {
        // Nothing is mounted, and what is to be mounted on is or is not there.
        for is_folder in [false, true] {
            let _there = fs::remove_dir(&archive);
            if is_folder {
                fs::create_dir(&archive).unwrap();
            }
            let ran = workspace.run(command).expect(&[1]);
            let told = if is_folder { "is its disk mounted?" } else { "archive" };
            assert!(ran.stderr.contains(told), "{ran:#?}");
            assert_eq!(fs::read_dir(&archive).map_or(0, Iterator::count), 0, "{ran:#?}");
        }
    }
    let ran = workspace.run(&["once"]).expect(&[1]);
    let next = format!("to begin a new one, move the state folder {} away", state.display());
    assert!(ran.stderr.contains(&next), "{ran:#?}");

    // Mounted again, it goes on.
    fs::remove_dir(&archive).unwrap();
    fs::rename(&disk, &archive).unwrap();
    workspace.run(&["once"]).expect(&[0, 3]);
    assert_eq!(workspace.lines(), lines);
    workspace.run(&["archive", "verify"]).expect(&[0]);
    // What the message says is what it takes.
    fs::rename(&archive, &disk).unwrap();
    fs::rename(&state, workspace.path().join("old")).unwrap();
    workspace.run(&["once"]).expect(&[0, 3]);
    assert_eq!(workspace.lines().len(), lines.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn rejects_that_may_not_grow_are_a_full_disk() {
    let site = Site::start().await.unwrap();
    let workspace = Workspace::of_demo(&site);
    workspace.run(&["once"]).expect(&[0, 3]);
    let rejects = workspace.path().join("state/rejects.jsonl");
    let line = fs::read_to_string(&rejects).unwrap().lines().next().unwrap().to_owned() + "\n";
    fs::write(&rejects, line.repeat((3 << 20) / line.len())).unwrap();
    fs::remove_dir_all(workspace.path().join("archive")).unwrap();
    for name in ["state.sqlite", "state.sqlite-wal", "state.sqlite-shm"] {
        fs::remove_file(workspace.path().join("state").join(name)).ok();
    }
    let run = |command: &str| {
        let script = "ulimit -f 5800; exec timeout 6 \"$0\" \"$@\"";
        let ran = std::process::Command::new("sh")
            .args(["-c", script, env!("CARGO_BIN_EXE_newswatch"), command])
            .current_dir(workspace.path())
            .env_clear()
            .env("HOME", workspace.path())
            .env("PATH", "/usr/bin:/bin")
            .output()
            .unwrap();
        (ran.status.code(), String::from_utf8_lossy(&ran.stderr).into_owned())
    };
    let (code, stderr) = run("once");
    assert_eq!(code, Some(1), "{stderr}");
    assert!(stderr.contains("cannot write rejects.jsonl in the state folder"), "{stderr}");
    let (_, stderr) = run("run");
    assert!(stderr.contains("nothing is fetched until there is room"), "{stderr}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_of_file_sizes_is_an_error_that_says_so_and_kills_nobody() {
    let site = Site::start().await.unwrap();
    let workspace = Workspace::of_demo(&site);
    let ran = std::process::Command::new("sh")
        .args(["-c", "ulimit -f 16; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_newswatch")])
        .arg("once")
        .current_dir(workspace.path())
        .env_clear()
        .env("HOME", workspace.path())
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&ran.stderr);
    assert_eq!(ran.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("a file may not grow any more"), "{stderr}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_is_read_where_nothing_may_be_written() {
    use std::os::unix::fs::PermissionsExt;

    if rustix::process::geteuid().is_root() {
        println!("skipped: root may write anywhere");
        return;
    }
    let site = Site::start().await.unwrap();
    let workspace = Workspace::of_demo(&site);
    workspace.run(&["once"]).expect(&[0, 3]);
    let folder = workspace.path().join("state");
    let set = |mode| fs::set_permissions(&folder, fs::Permissions::from_mode(mode)).unwrap();
    set(0o555);
    let ran = ["status", "archive ls", "archive verify", "archive search CSTO"]
        .map(|command| workspace.run(&command.split(' ').collect::<Vec<_>>()));
    set(0o755);
    for ran in ran {
        ran.expect(&[0]);
    }
}
