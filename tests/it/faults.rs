//! Bad input and bad disks: one clear message each, the status shows it, nothing is lost.

use std::{
    fs,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use newswatch::{
    archive::{self, Archive, Record},
    demo::{Fault, Site},
    jsonl::Folder,
};
use serde_json::Value;

use crate::{
    demo,
    support::{
        daemon::wait_until,
        workspace::{QUICK, Workspace, first_edition},
    },
};

/// What a feed's address answers, and what the message says of it.
const FAULTS: [(&str, Fault, &str); 6] = [
    ("fil", Fault::Page, "web page"),
    ("dala", Fault::Empty, "empty"),
    ("masar", Fault::Status(500), "500"),
    ("lusabats", Fault::Status(404), "404"),
    ("caoyuan", Fault::Hang, "no answer within"),
    ("vestnik", Fault::Close, "broke"),
];

#[tokio::test(flavor = "multi_thread")]
async fn each_bad_feed_gives_one_message_that_names_it_and_loses_nothing() {
    let (site, workspace) = first_edition().await;
    let url = |id: &str| site.feeds.iter().find(|feed| feed.id == id).unwrap().url.clone();
    for (feed, fault, _) in FAULTS {
        site.script(&url(feed), Some(fault));
    }
    let ran = workspace.run(&["once"]).expect(&[3]);
    let status = workspace.run(&["status", "--json"]).expect(&[0]);
    let status: Value = serde_json::from_str(&status.stdout).unwrap();
    for (feed, _, words) in FAULTS {
        let name = format!("feed.id={feed} ");
        let messages: Vec<_> = ran
            .stderr
            .lines()
            .filter(|line| line.contains("WARN") && line.contains(&name))
            .collect();
        let [message] = messages[..] else { panic!("{feed}: {ran:#?}") };
        assert!(message.contains(words), "{message}");
        let feeds = status["feeds"].as_array().unwrap();
        let of_feed = feeds.iter().find(|it| it["id"] == feed).unwrap();
        assert!(of_feed["last_error"].as_str().is_some_and(|it| it.contains(words)), "{of_feed:#}");
        assert_eq!(of_feed["failures"], 1, "{of_feed:#}");
        site.script(&url(feed), None);
    }
    // A failing feed is asked again later by itself; by name it is asked at once.
    for (feed, ..) in FAULTS {
        workspace.run(&["once", "--feed", feed]).expect(&[0]);
    }
    demo::check(&site.expected(), &workspace.records());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_that_cannot_be_written_is_named_and_nothing_is_fetched() {
    let site = Site::start().await.unwrap();
    let workspace = Workspace::of_demo(&site);
    // A file where the folder should be stops root too.
    workspace.write("archive", "");
    let ran = workspace.run(&["once"]).expect(&[78]);
    let path = workspace.path().join("archive");
    assert!(ran.stderr.contains(path.to_str().unwrap()), "{ran:#?}");
    assert!(site.log().is_empty(), "{:#?}", site.log());
    fs::remove_file(path).unwrap();
    workspace.run(&["once"]).expect(&[3]);
    demo::check(&site.expected(), &workspace.records());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_instance_is_refused_at_once() {
    let site = Site::start().await.unwrap();
    let workspace = Workspace::of_demo(&site);
    let mut daemon = workspace.command(&["run"]).stderr(Stdio::null()).spawn().unwrap();
    wait_until("the daemon writes", || workspace.whole_lines() > 0);
    let ran = workspace.run(&["once"]);
    // The same state under another archive is the daemon's all the same.
    let apart = workspace.run(&["once", "--set", "archive.folder=trial"]);
    let alive = daemon.try_wait().unwrap().is_none();
    daemon.kill().unwrap();
    daemon.wait().unwrap();
    for ran in [ran, apart] {
        let ran = ran.expect(&[75]);
        let words = format!("the state is in use by another process (pid {})", daemon.id());
        assert!(ran.stderr.contains(&words), "{ran:#?}");
    }
    assert!(alive && !workspace.path().join("trial").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_of_a_newer_version_is_not_written_and_its_readers_say_what_they_leave_out() {
    let site = Site::start().await.unwrap();
    let workspace = Workspace::of_demo(&site);
    workspace.run(&["once"]).expect(&[3]);
    let folder = Folder::at(workspace.path().join("archive"));
    let lines: Vec<_> = archive::read(&folder).unwrap().map(Result::unwrap).collect();
    let last = lines.last().unwrap();
    let record = Record {
        schema_version: 9,
        id: "a_newer".into(),
        url: "https://newer.example/".into(),
        ..last.record().unwrap()
    };
    let settings = archive::Settings::default();
    let (mut writer, _) = Archive::open(folder, settings, Some(last.checkpoint())).unwrap();
    writer.append(&mut [record], last.record().unwrap().fetched_at).unwrap();
    drop(writer);
    let words = format!("line {} of {}", last.seq + 1, last.position.segment);
    let rest = "has schema version 9; this program knows versions up to 1: use a newer newswatch";
    let words = format!("{words} {rest}");
    let segment = workspace.path().join("archive").join(last.position.segment.to_string());
    let before = fs::read(&segment).unwrap();
    let asked = site.log().len();
    for args in [&["once"][..], &["run"], &["archive", "reindex"]] {
        let ran = workspace.run(args).expect(&[1]);
        assert!(ran.stderr.contains(&words), "{ran:#?}");
    }
    // Also where there is no index any more.
    fs::remove_dir_all(workspace.path().join("state")).unwrap();
    let ran = workspace.run(&["once"]).expect(&[1]);
    assert!(ran.stderr.contains(&words), "{ran:#?}");
    assert_eq!(site.log().len(), asked);
    assert_eq!(fs::read(&segment).unwrap(), before);
    for args in [
        &["archive", "search", "csto"][..],
        &["archive", "export", "--format", "jsonl"],
        &["archive", "dedup-report"],
    ] {
        let ran = workspace.run(args).expect(&[0]);
        assert!(ran.stderr.contains(&words), "{ran:#?}");
        assert!(!ran.stderr.contains("verify"), "{ran:#?}");
        assert!(!ran.stdout.contains("a_newer") && !ran.stdout.is_empty(), "{ran:#?}");
    }
    let ran = workspace.run(&["archive", "verify"]).expect(&[0]);
    assert!(ran.stdout.contains("unchanged since they were written"), "{ran:#?}");
}

const NEWSWATCH: &str = env!("CARGO_BIN_EXE_newswatch");

/// A small file system for the archive, filled by the first argument. `room` makes room, `stop` ends
/// the daemon and saves the archive.
const FULL_DISK: &str = r#"
set -e
mount -t tmpfs -o size=512k,nr_inodes=64 tmpfs archive
eval "$1"; shift
touch mounted
"$@" & daemon=$!
until [ -e room ]; do sleep 0.1; done
rm archive/.filler*
until [ -e stop ]; do sleep 0.1; cp -r archive/. saved 2>/dev/null || true; done
kill "$daemon"; wait "$daemon" || true
cp -r archive/. saved
"#;

/// Full but for a few pages.
const NO_BYTES: &str = "head -c 500k /dev/zero > archive/.filler";
/// Full but for the inode that the lock takes.
const NO_INODES: &str =
    "i=0; while touch archive/.filler$i 2> /dev/null; do i=$((i+1)); done; rm archive/.filler0";

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_stops_the_work_says_so_and_is_resumed_when_there_is_room() {
    full(NO_BYTES).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_without_inodes_stops_the_work_and_is_resumed_when_there_are_some() {
    full(NO_INODES).await;
}

async fn full(fill: &str) {
    let (site, workspace) = first_edition().await;
    fs::create_dir(workspace.path().join("archive")).unwrap();
    fs::create_dir(workspace.path().join("saved")).unwrap();
    let (stderr, told) = (workspace.path().join("stderr"), workspace.path().join("told"));
    workspace.write(
        "config/alerts.toml",
        "[[alert]]\nid = \"admin\"\non = [\"disk\"]\n\
         command = [\"/bin/sh\", \"-c\", \"cat >> told; echo >> told\"]\n",
    );
    let Some(mut shell) = mounted(&workspace, FULL_DISK, &[fill, NEWSWATCH, "run"]) else { return };
    let log = || fs::read_to_string(&stderr).unwrap();
    wait_until("the full disk is told", || log().contains("until there is room"));
    let ran = workspace.run(&["status", "--json"]).expect(&[0]);
    let status: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert!(
        status["trouble"].as_str().is_some_and(|it| it.contains("no room to write")),
        "{status:#}"
    );
    let times = log().lines().filter(|line| line.contains("until there is room")).count();
    assert_eq!(times, 1, "{}", log());
    let alerts = || fs::read_to_string(&told).unwrap_or_default();
    wait_until("somebody is told", || alerts().contains("Nothing is fetched until there is room"));
    workspace.write("room", "");
    wait_until("the work is resumed", || log().contains("there is room again"));
    wait_until("that is told too", || alerts().contains("There is room on the disk again"));
    assert_eq!(alerts().lines().count(), 2, "{}", alerts());
    let wanted = site.expected().iter().filter(|it| demo::is_kept(it)).count();
    let saved = Workspace::new(QUICK);
    let copy = || {
        Command::new("rm").args(["-rf", "archive"]).current_dir(saved.path()).status().unwrap();
        let from = workspace.path().join("saved");
        Command::new("cp")
            .arg("-r")
            .arg(from)
            .arg("archive")
            .current_dir(saved.path())
            .status()
            .unwrap();
        saved.whole_lines()
    };
    wait_until("everything is written", || copy() >= wanted);
    workspace.write("stop", "");
    shell.0.wait().unwrap();
    copy();
    demo::check(&site.expected(), &saved.records());
}

/// The same, full before the start, for the state: the archive is written elsewhere.
const FULL_START: &str = r#"
set -e
mount -t tmpfs -o size=16m,nr_inodes=64 tmpfs state
eval "$1"; shift
touch mounted
"$1" once 2> once.stderr && code=0 || code=$?
echo $code > once.code
"$@" & daemon=$!
until [ -e room ]; do sleep 0.1; done
kill -0 "$daemon"
rm state/.filler*
until [ -e stop ]; do sleep 0.1; done
kill "$daemon"; wait "$daemon"
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_start_on_a_full_disk_waits_for_room_and_a_single_pass_says_what_to_do() {
    for fill in [
        "head -c 20m /dev/zero > state/.filler 2> /dev/null || true",
        "i=0; while touch state/.filler$i 2> /dev/null; do i=$((i+1)); done",
    ] {
        let (site, workspace) = first_edition().await;
        fs::create_dir(workspace.path().join("state")).unwrap();
        let read = |name: &str| {
            fs::read_to_string(workspace.path().join(name)).unwrap_or_default().trim().to_owned()
        };
        let Some(mut shell) = mounted(&workspace, FULL_START, &[fill, NEWSWATCH, "run"]) else {
            return;
        };
        wait_until("the daemon waits", || read("stderr").contains("nothing is done until"));
        assert_eq!(read("once.code"), "1");
        let words = read("once.stderr");
        let [error, advice] = words.lines().collect::<Vec<_>>()[..] else { panic!("{words}") };
        assert!(error.starts_with("newswatch: cannot ") && error.contains("state"), "{error}");
        assert_eq!(advice, "there is no room on the disk: make some, and run it again");
        assert_eq!(read("stderr").lines().count(), 1, "{}", read("stderr"));
        assert!(site.log().is_empty(), "{:#?}", site.log());
        workspace.write("room", "");
        wait_until("it runs", || read("stderr").contains("newswatch runs"));
        assert!(read("stderr").contains("there is room again"), "{}", read("stderr"));
        wait_until("it writes", || workspace.whole_lines() > 0);
        workspace.write("stop", "");
        assert!(shell.0.wait().unwrap().success(), "{}", read("stderr"));
    }
}

/// A first run fills archive and state, on one disk, with segments that are closed; somebody else
/// fills the rest. The second run is to drop some of them.
const FULL_RETENTION: &str = r#"
set -e
mount -t tmpfs -o size=32m tmpfs disk
touch mounted
"$1" run --set archive.rotate_size=8KiB & daemon=$!
until [ -e disk/archive/.reserve ] && [ "$(ls disk/archive/*/*/*.jsonl* 2>/dev/null | wc -l)" -gt 8 ]
do sleep 0.1; done
kill "$daemon"; wait "$daemon"
"$1" archive verify > before
head -c 50m /dev/zero > disk/.filler 2> /dev/null || true
"$@" & daemon=$!
until [ -e stop ]; do sleep 0.1; ls disk/archive/*/* > listed; done
rm disk/.filler
kill "$daemon"; wait "$daemon"
"$1" archive verify > after
"$1" status --json > status
"#;

#[tokio::test(flavor = "multi_thread")]
async fn retention_frees_room_on_a_disk_that_is_full_at_the_start() {
    let site = Site::start().await.unwrap();
    let workspace = Workspace::of_demo(&site);
    fs::create_dir(workspace.path().join("disk")).unwrap();
    let settings = format!(
        "{QUICK}\n[archive]\nfolder = \"disk/archive\"\n[state]\nfolder = \"disk/state\"\n"
    );
    workspace.write("config/newswatch.toml", &settings);
    let read = |name: &str| fs::read_to_string(workspace.path().join(name)).unwrap_or_default();
    let limits = ["--set", "archive.retain_size=16KiB", "--set", "archive.rotate_size=8KiB"];
    let args = [&[NEWSWATCH, "run"], &limits[..]].concat();
    let Some(mut shell) = mounted(&workspace, FULL_RETENTION, &args) else { return };
    wait_until("segments are dropped", || read("listed").matches(".dropped.gz").count() > 3);
    workspace.write("stop", "");
    assert!(shell.0.wait().unwrap().success(), "{}", read("stderr"));
    assert!(read("stderr").contains("newswatch runs"), "{}", read("stderr"));
    // The chain holds, and nothing that left is archived anew.
    for report in ["before", "after"] {
        assert!(read(report).contains("unchanged since they were written"), "{}", read(report));
    }
}

/// Archive and state are on one disk, which fills while the daemon runs. What is asked meanwhile is asked
/// from within.
const FULL_MEANWHILE: &str = r#"
set -e
mount -t tmpfs -o size=32m tmpfs disk
touch mounted
program=$1
"$@" & daemon=$!
until grep -q "kept: " stderr; do sleep 0.1; done
until grep -q "until there is room" stderr
do head -c 40m /dev/zero >> disk/.filler 2> /dev/null || true; sleep 0.1; done
ask() {
    name=$1; shift
    "$program" "$@" > $name.out 2> $name.err && code=0 || code=$?
    echo $code > $name.code
}
ask status status --json
ask full status --check
ask search archive search --json
ask export archive export --format csv -o disk/export.csv
ls disk > listed
rm disk/.filler
until grep -q "there is room again" stderr; do sleep 0.1; done
ask well status --check
kill "$daemon"; wait "$daemon"
"#;

#[tokio::test(flavor = "multi_thread")]
async fn on_a_full_disk_the_status_tells_so_and_the_archive_is_read_all_the_same() {
    let (_site, workspace) = first_edition().await;
    fs::create_dir(workspace.path().join("disk")).unwrap();
    let folders = "[archive]\nfolder = \"disk/archive\"\n[state]\nfolder = \"disk/state\"\n";
    workspace.write("config/newswatch.toml", &format!("{QUICK}\n{folders}"));
    let Some(mut shell) = mounted(&workspace, FULL_MEANWHILE, &[NEWSWATCH, "run"]) else { return };
    shell.0.wait().unwrap();
    let read = |name: &str| fs::read_to_string(workspace.path().join(name)).unwrap_or_default();
    let json = |name: &str| serde_json::from_str::<Value>(&read(name)).unwrap();
    assert!(json("status.out")["trouble"].is_string(), "{}", read("status.out"));
    assert_eq!(read("full.code"), "1\n");
    assert!(read("full.err").contains("cannot do its work"), "{}", read("full.err"));
    assert_eq!(read("search.code"), "0\n", "{}", read("search.err"));
    assert!(json("search.out")["total"].as_u64().unwrap() > 0);
    assert!(read("search.err").contains("is on a full disk"), "{}", read("search.err"));
    assert_eq!(read("export.code"), "1\n");
    assert!(!read("listed").contains("export.csv"), "{}", read("export.err"));
    assert_eq!(read("well.code"), "0\n", "{}", read("well.err"));
}

/// A shell with a file system of its own. It ends with the test, and all that it started with it.
struct Mounted(Child);

impl Drop for Mounted {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().unwrap();
    }
}

/// A shell that runs the script in a mount namespace of its own, once it has mounted; what it and the
/// daemon say is in the file `stderr`. Where it cannot mount, a reason is printed.
fn mounted(workspace: &Workspace, script: &str, args: &[&str]) -> Option<Mounted> {
    let shell = Command::new("unshare")
        .args(["--fork", "--pid", "--kill-child", "--mount", "--map-root-user"])
        .args(["sh", "-c", script, "sh"])
        .args(args)
        .current_dir(workspace.path())
        .env("HOME", workspace.path())
        .stderr(fs::File::create(workspace.path().join("stderr")).unwrap())
        .spawn();
    let Ok(mut shell) = shell.map(Mounted) else {
        println!("skipped: there is no `unshare` to mount a small file system with");
        return None;
    };
    let mounted = workspace.path().join("mounted");
    let started = Instant::now();
    while !mounted.exists() {
        if shell.0.try_wait().unwrap().is_some() || started.elapsed() > Duration::from_secs(10) {
            let stderr = fs::read_to_string(workspace.path().join("stderr")).unwrap();
            println!("skipped: no file system can be mounted: {stderr}");
            return None;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Some(shell)
}
