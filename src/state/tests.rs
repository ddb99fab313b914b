//! Tests of the state index.
#![expect(clippy::disallowed_methods, reason = "tears a file as a crash would")]

use jiff::Timestamp;
use url::Url;

use super::*;
use crate::{
    archive::{Archive, Record, Settings},
    canonical_url::{CanonicalUrl, Host, UrlKey},
    crawl,
    jsonl::Folder,
    politeness::Robots,
    schedule::{FeedState, PageId},
    source::Entry,
};

fn now() -> Timestamp {
    "2022-01-16T08:00:00.123Z".parse().unwrap()
}

fn pending(address: &str) -> Pending {
    let address = CanonicalUrl::parse(address).unwrap();
    Pending {
        id: PageId(0),
        key: address.key,
        url: address.fetch,
        feed_id: "courier".into(),
        entry: Entry { title: Some("Миротворцы".into()), ..Entry::default() },
        first_seen_at: now(),
        not_before: now(),
        attempts: 0,
        tried_since: None,
        revisit: false,
    }
}

#[test]
fn an_index_is_synced_whatever_its_folder_is_called() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt as _};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(OsStr::from_bytes(b"caf\xe9.sqlite"));
    let state = State::open(&path).unwrap();
    state.sync().unwrap();
    std::fs::remove_file(&path).unwrap();
    assert!(matches!(state.sync(), Err(StateError::Sync(_))), "nothing was looked at");
}

#[test]
fn a_page_waits_once_under_all_its_addresses() {
    let state = State::in_memory().unwrap();
    let page = pending("https://www.news.example/a?utm_source=rss");
    let id = state.add_pending(&page).unwrap().unwrap();
    assert_eq!(state.add_pending(&pending("http://news.example/a")).unwrap(), None);
    assert_eq!(state.pending(id).unwrap().unwrap(), Pending { id, ..page.clone() });
    assert_eq!(state.pending_at(&page.key).unwrap(), state.pending(id).unwrap());
    state.remove_pending(&page.key).unwrap();
    assert_eq!(state.pending(id).unwrap(), None);
}

#[test]
fn what_is_rolled_back_never_was() {
    let state = State::in_memory().unwrap();
    state.begin().unwrap();
    state.put_feed("courier", &FeedState { failures: 3, ..FeedState::default() }).unwrap();
    state.rollback().unwrap();
    state.rollback().unwrap();
    assert_eq!(state.feed("courier").unwrap(), None);
}

#[test]
fn a_feed_keeps_its_state_and_adds_up_its_counters() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.sqlite");
    let known = FeedState {
        next_at: Some(now()),
        validators: crate::fetch::Validators {
            etag: Some(b"\"\xff\xfe\"".to_vec()),
            last_modified: Some(b"yesterday, honestly".to_vec()),
        },
        validators_of: Some("https://news.example/feed".into()),
        ..FeedState::default()
    };
    {
        let state = State::open(&path).unwrap();
        state.put_feed("courier", &known).unwrap();
        state
            .count("courier", Counters { polls: 1, entries: 3, kept: 1, ..Counters::default() })
            .unwrap();
        state.count("courier", Counters { rejected: 2, ..Counters::default() }).unwrap();
        state.put_feed("courier", &known).unwrap();
    }
    let row = State::open_read_only(&path).unwrap().feed("courier").unwrap().unwrap();
    assert_eq!(row.state, known);
    let counters = Counters { polls: 1, entries: 3, kept: 1, rejected: 2, ..Counters::default() };
    assert_eq!(row.counters, counters);
}

#[test]
fn holds_last_until_they_are_over() {
    let state = State::in_memory().unwrap();
    let host = Host::of(&Url::parse("https://news.example:8443/").unwrap());
    state.put_hold(&host, now()).unwrap();
    state.put_hold(&host, now() - jiff::SignedDuration::from_hours(1)).unwrap();
    assert_eq!(state.holds(now()).unwrap(), []);
    let before = now() - jiff::SignedDuration::from_secs(1);
    assert_eq!(
        state.holds(before).unwrap(),
        [(host, now() - jiff::SignedDuration::from_micros(0))]
    );
}

#[test]
fn what_hosts_asked_for_is_forgotten_two_days_after_it_counts_no_more() {
    let state = State::in_memory().unwrap();
    let host = Host::of(&Url::parse("https://news.example/").unwrap());
    let hours = jiff::SignedDuration::from_hours;
    // A robots.txt counts for a day.
    state.put_robots(&host, &Robots::parse(b"User-agent: *\nDisallow: /x", now())).unwrap();
    state.put_hold(&host, now() + hours(70)).unwrap();
    for (hour, is_there) in [(0, true), (71, true), (73, false)] {
        state.forget_hosts(now() + hours(hour)).unwrap();
        assert_eq!(state.robots(&host).unwrap().is_some(), is_there, "{hour}");
        let holds = state.holds(Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(holds.is_empty(), hour > 70, "{hour}");
    }
}

#[test]
fn an_index_of_another_version_or_that_was_found_damaged_is_not_opened() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.sqlite");
    drop(State::open(&path).unwrap());
    State::mark_damaged(&path).unwrap();
    assert!(matches!(State::open(&path), Err(StateError::Damaged(_))));
    let connection = Connection::open(&path).unwrap();
    connection.pragma_update(None, "user_version", 4711).unwrap();
    assert!(matches!(State::open(&path), Err(StateError::Outdated)));
}

fn reject(n: u32) -> Reject {
    Reject {
        at: now(),
        url_key: CanonicalUrl::parse(&format!("https://news.example/{n}")).unwrap().key,
        url: format!("https://news.example/{n}"),
        feed_id: "courier".into(),
        title: Some(format!("Title {n}")),
        language: Some("en".into()),
        score: 0.5,
        reason: "the organization is not named".into(),
        missing: vec!["csto".into()],
        published_at: None,
        text: Some("The text".into()),
        failed: false,
        signature: 1,
    }
}

#[test]
fn rejects_are_rotated_and_read_back_in_order_and_a_torn_line_costs_only_itself() {
    let folder = tempfile::tempdir().unwrap();
    let size = serde_json::to_string(&reject(10)).unwrap().len() as u64 + 1;
    let mut log = RejectLog::open(folder.path(), 3 * size, 2).unwrap();
    for n in 10..18 {
        log.append(&[reject(n)]).unwrap();
    }
    drop(log);
    let path = folder.path().join("rejects.jsonl");
    let mut torn = std::fs::File::options().append(true).open(&path).unwrap();
    std::io::Write::write_all(&mut torn, b"{\"at\":\"2022-01-").unwrap();
    let mut log = RejectLog::open(folder.path(), 30 * size, 2).unwrap();
    log.append(&[reject(18)]).unwrap();
    let read: Vec<Reject> = read_rejects(folder.path()).collect();
    assert_eq!(read, (10..19).map(reject).collect::<Vec<_>>());
}

#[test]
fn a_rotation_that_broke_off_is_ended_by_the_next_and_hides_no_older_file() {
    let folder = tempfile::tempdir().unwrap();
    let size = serde_json::to_string(&reject(10)).unwrap().len() as u64 + 1;
    let mut log = RejectLog::open(folder.path(), size, 3).unwrap();
    for n in 10..13 {
        log.append(&[reject(n)]).unwrap();
    }
    // The files were moved, and none could be opened.
    let path = |name: &str| folder.path().join(name);
    std::fs::rename(path("rejects.2.jsonl"), path("rejects.3.jsonl")).unwrap();
    std::fs::rename(path("rejects.1.jsonl"), path("rejects.2.jsonl")).unwrap();
    std::fs::rename(path("rejects.jsonl"), path("rejects.1.jsonl")).unwrap();
    let read = || read_rejects(folder.path()).collect::<Vec<Reject>>();
    assert_eq!(read(), (10..13).map(reject).collect::<Vec<_>>());
    log.append(&[reject(13)]).unwrap();
    assert_eq!(read(), (10..14).map(reject).collect::<Vec<_>>());
    // The same with the move of the last file missing: nothing is moved beyond the gap.
    std::fs::rename(path("rejects.3.jsonl"), path("rejects.4.jsonl")).unwrap();
    log.append(&[reject(14)]).unwrap();
    assert_eq!(read(), (10..15).map(reject).collect::<Vec<_>>());
}

#[test]
fn rejects_that_are_taken_back_were_never_there() {
    let folder = tempfile::tempdir().unwrap();
    let size = serde_json::to_string(&reject(10)).unwrap().len() as u64 + 1;
    let mut log = RejectLog::open(folder.path(), 2 * size, 2).unwrap();
    let read = || read_rejects(folder.path()).map(|reject| reject.url).collect::<Vec<_>>();
    for n in 10..14 {
        log.append(&[reject(n + 10)]).unwrap();
        log.undo().unwrap();
        log.undo().unwrap();
        log.append(&[]).unwrap();
        log.undo().unwrap();
        log.append(&[reject(n)]).unwrap();
    }
    let kept: Vec<String> = (10..14).map(|n| reject(n).url).collect();
    assert_eq!(read(), kept);
}

/// An index of an archive of one article, and the address of that article. What feeds said, what
/// waits, what is held and paused stands in no archive.
fn grown(folder: &Path) -> (State, Archive, UrlKey) {
    let archive = Folder::at(folder.join("archive"));
    let (mut archive, _) = Archive::open(archive, Settings::default(), None).unwrap();
    let sample = include_str!("../../tests/fixtures/archive/v1.jsonl").lines().next().unwrap();
    let mut records: [Record; 1] = [serde_json::from_str(sample).unwrap()];
    archive.append(&mut records, now()).unwrap();
    let [Record { url, .. }] = &records;
    let key = CanonicalUrl::parse(url).unwrap().key;
    let state = State::open(&folder.join("state.sqlite")).unwrap();
    crawl::rebuild(&state, &archive, std::iter::empty, |_| ()).unwrap();
    let seen = state.seen(&key).unwrap().unwrap();
    state.put_seen(&key, &Seen { signature: 77, visits: 3, ..seen }).unwrap();
    let rejected = Seen { fate: Fate::Rejected, known: None, signature: 78, at: now(), visits: 1 };
    let passed_over = CanonicalUrl::parse("https://news.example/passed-over").unwrap().key;
    state.put_seen(&passed_over, &rejected).unwrap();
    let host = pending("https://news.example/a").host();
    state.add_pending(&pending("https://news.example/a")).unwrap().unwrap();
    state.add_pending(&Pending { revisit: true, ..pending(url) }).unwrap().unwrap();
    state.put_hold(&host, now()).unwrap();
    state.put_robots(&host, &Robots::parse(b"", now())).unwrap();
    state.pause(&host).unwrap();
    let feed = FeedState {
        habit_s: 4711,
        validators: crate::fetch::Validators { etag: Some(b"1".to_vec()), last_modified: None },
        validators_of: Some("https://news.example/feed".into()),
        gone: true,
        ..FeedState::default()
    };
    state.put_feed("courier", &feed).unwrap();
    state.count("courier", Counters { kept: 5, ..Counters::default() }).unwrap();
    (state, archive, key)
}

/// Takes the archive in, and looks whether all is known that was.
fn assert_known(state: &State, archive: &Archive, key: &UrlKey, way: &str) {
    crawl::rebuild(state, archive, std::iter::empty, |_| ()).unwrap();
    let seen = state.seen(key).unwrap().unwrap();
    assert_eq!((seen.fate, seen.signature, seen.visits), (Fate::Kept, 77, 3), "{way}");
    let passed_over = CanonicalUrl::parse("https://news.example/passed-over").unwrap().key;
    let passed_over = state.seen(&passed_over).unwrap().unwrap();
    assert_eq!((passed_over.fate, passed_over.signature), (Fate::Rejected, 78), "{way}");
    let waiting = state.waiting().unwrap();
    assert_eq!(waiting.len(), 2, "{way}: what waits for a change of what is archived waits on");
    let page = pending("https://news.example/a");
    let waits = |key: &UrlKey| state.pending_at(key).unwrap().is_some();
    assert!(waits(&page.key) && waits(key), "{way}");
    let before = now() - jiff::SignedDuration::from_secs(1);
    assert_eq!(state.holds(before).unwrap().len(), 1, "{way}");
    assert!(state.robots(&page.host()).unwrap().is_some(), "{way}");
    assert_eq!(state.paused().unwrap(), [page.host()], "{way}");
    let feed = state.feed("courier").unwrap().unwrap();
    assert_eq!((feed.state.habit_s, feed.state.gone, feed.counters.kept), (4711, true, 5), "{way}");
    assert_eq!(feed.state.validators, crate::fetch::Validators::default(), "{way}: a 304 may hide");
    let tables = "SELECT count(*) FROM sqlite_master WHERE name LIKE 'before%'";
    let left: i64 = state.connection.query_row(tables, [], |row| row.get(0)).unwrap();
    assert_eq!(left, 0, "{way}");
}

/// Builds the index of a folder anew, beside the old one.
fn built(folder: &Path) -> (State, Vec<&'static str>) {
    let new = folder.join("new.sqlite");
    if new.exists() {
        std::fs::remove_file(&new).unwrap();
    }
    State::build(&new, Some(&folder.join("state.sqlite"))).unwrap()
}

#[test]
fn an_index_that_is_built_anew_keeps_what_no_archive_tells() {
    for version in [
        VERSION,
        (TABLES - 1) << 16 | i64::from(KEY_VERSION),
        DAMAGED << 16 | i64::from(KEY_VERSION),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let (state, archive, key) = grown(folder.path());
        state.connection.pragma_update(None, "user_version", version).unwrap();
        drop(state);
        let (state, left) = built(folder.path());
        assert_eq!(left, [""; 0]);
        assert_known(&state, &archive, &key, &format!("{version:x}"));
    }
}

#[test]
fn an_article_that_the_archive_lost_is_no_longer_known() {
    let folder = tempfile::tempdir().unwrap();
    let (state, archive, key) = grown(folder.path());
    drop((state, archive));
    let other = Folder::at(folder.path().join("other"));
    let (other, _) = Archive::open(other, Settings::default(), None).unwrap();
    let (state, _) = built(folder.path());
    crawl::rebuild(&state, &other, std::iter::empty, |_| ()).unwrap();
    assert_eq!(state.seen(&key).unwrap(), None);
}

#[test]
fn what_cannot_be_read_of_an_older_index_is_told_and_the_rest_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let (state, archive, key) = grown(folder.path());
    state
        .connection
        .execute_batch("UPDATE feed SET state = '['; ALTER TABLE pending DROP COLUMN entry;")
        .unwrap();
    drop(state);
    let (state, left) = built(folder.path());
    assert_eq!(left, ["pages that wait", "records of feeds"]);
    crawl::rebuild(&state, &archive, std::iter::empty, |_| ()).unwrap();
    assert_eq!(state.seen(&key).unwrap().unwrap().signature, 77);
    assert_eq!(state.paused().unwrap().len(), 1);
    assert_eq!((state.feeds().unwrap(), state.waiting().unwrap()), (vec![], vec![]));

    std::fs::write(folder.path().join("state.sqlite"), "no database ".repeat(1000)).unwrap();
    assert_eq!(built(folder.path()).1.len(), 6);
}

/// What of an index no archive tells, each under its name.
fn known(state: &State) -> Vec<(&'static str, Vec<String>)> {
    let rows = |sql: &str| -> Vec<String> {
        let mut statement = state.connection.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.collect::<rusqlite::Result<_>>().unwrap()
    };
    let table = if rows("SELECT name FROM sqlite_master").iter().any(|name| name == "before_seen") {
        "before_seen"
    } else {
        "seen"
    };
    vec![
        ("pages that wait", rows("SELECT id || key || entry || attempts FROM pending ORDER BY id")),
        ("holds of hosts", rows("SELECT host || until FROM hold ORDER BY host")),
        ("robots.txt of hosts", rows("SELECT host || rules FROM robots ORDER BY host")),
        ("records of feeds", rows("SELECT id || kept FROM feed ORDER BY id")),
        ("pauses of hosts", rows("SELECT value FROM meta WHERE name = 'paused-hosts'")),
        (
            "what feeds said of their articles",
            rows(&format!("SELECT hex(key) || signature FROM {table} ORDER BY key")),
        ),
    ]
}

#[test]
fn whatever_page_of_an_index_is_damaged_the_rest_is_kept_and_what_is_lost_is_told() {
    const PAGE: usize = 4096;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.sqlite");
    let (state, archive, _) = grown(folder.path());
    state.begin().unwrap();
    for n in 0..40 {
        let page = pending(&format!("https://news{n}.example/a"));
        // Every fifth runs over into pages of its own.
        let summary = "миротворцы ".repeat(if n % 5 == 0 { 400 } else { 10 });
        let entry = Entry { summary: Some(summary), ..page.entry.clone() };
        let (host, feed) = (page.host(), FeedState { habit_s: n, ..FeedState::default() });
        state.add_pending(&Pending { entry, ..page }).unwrap().unwrap();
        state.put_robots(&host, &Robots::parse(&[b'#'; 500], now())).unwrap();
        state.put_hold(&host, now()).unwrap();
        state.put_feed(&format!("feed{n}"), &feed).unwrap();
    }
    state.commit().unwrap();
    let whole = known(&state);
    drop((state, archive));
    let sound = std::fs::read(&path).unwrap();
    assert!(sound.len() / PAGE > 30, "{}", sound.len());
    let mut lost_in_part = std::collections::BTreeSet::new();
    for at in 0..sound.len() / PAGE {
        for junk in [0, 0xa5] {
            let mut bytes = sound.clone();
            bytes[at * PAGE..][..PAGE].fill(junk);
            std::fs::write(&path, &bytes).unwrap();
            let (state, left) = built(folder.path());
            for ((what, whole), (_, kept)) in whole.iter().zip(known(&state)) {
                assert_eq!(*whole != kept, left.contains(what), "page {at}: {what}");
                assert!(kept.iter().all(|row| whole.contains(row)), "page {at}: {what}");
                if left == [*what] && !kept.is_empty() {
                    lost_in_part.insert(*what);
                }
            }
        }
    }
    // Of those that are on more than one page.
    for what in ["pages that wait", "records of feeds"] {
        assert!(lost_in_part.contains(what), "{lost_in_part:?}");
    }
}

#[test]
fn since_when_a_page_is_tried_in_vain_is_known_also_in_the_index_of_an_earlier_version() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.sqlite");
    let state = State::open(&path).unwrap();
    let id = state.add_pending(&pending("https://news.example/a")).unwrap().unwrap();
    state.connection().execute_batch("ALTER TABLE pending DROP COLUMN tried_since").unwrap();
    drop(state);
    let state = State::open(&path).unwrap();
    let (first, then) = (now() + HOUR, now() + HOUR * 2);
    assert_eq!(state.pending(id).unwrap().unwrap().due_since(), now());
    state.postpone(id, 1, then, "down", first).unwrap();
    state.postpone(id, 1, then + HOUR, "down", then).unwrap();
    assert_eq!(state.pending(id).unwrap().unwrap().due_since(), first);
    state.set_back(HOUR).unwrap();
    assert_eq!(state.pending(id).unwrap().unwrap().due_since(), now());
    state.read_again(id, then).unwrap();
    assert_eq!(state.pending(id).unwrap().unwrap().due_since(), then);
}

const HOUR: jiff::SignedDuration = jiff::SignedDuration::from_hours(1);
