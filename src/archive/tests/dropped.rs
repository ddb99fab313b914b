//! Segments leave, and what they held stays known and proven.

use jiff::{SignedDuration, Timestamp};

use super::{exchange, noon, record};
use crate::{
    archive::{
        Archive, Compression, Finding, LineFlaw, Lines, Retention, SegmentName, Settings,
        drop_segment, dropped, pack, segments_dropped, verify,
    },
    jsonl::{
        Disk,
        sim::{Faithless, Fault, SimDisk},
    },
};

const DAYS: [&str; 4] = ["2022-01-14", "2022-01-15", "2022-01-16", "2022-01-17"];

/// Two records a day, the first with its page; the first day compressed.
fn filled() -> (SimDisk, Archive<SimDisk>) {
    let disk = SimDisk::new(1, Faithless::default());
    let mut archive = Archive::open(disk.clone(), Settings::default(), None).unwrap().0;
    for day in DAYS {
        let mut records = [record(&format!("{day}a")), record(&format!("{day}b"))];
        archive.append_with(&mut records, &[vec![exchange(day, day)]], noon(day)).unwrap();
    }
    pack(&disk, segment(DAYS[0]), Compression::Zstd).unwrap();
    (disk, archive)
}

fn segment(day: &str) -> SegmentName {
    format!("2022/01/{day}.jsonl").parse().unwrap()
}

fn segments(days: &[&str]) -> Vec<SegmentName> {
    days.iter().map(|day| segment(day)).collect()
}

fn age(days: i64) -> Retention {
    Retention { age: Some(SignedDuration::from_hours(24 * days)), bytes: None }
}

fn ids(disk: &SimDisk) -> Vec<String> {
    Lines::all(disk.clone()).unwrap().map(|line| line.unwrap().record().unwrap().id).collect()
}

#[test]
fn without_a_bound_nothing_leaves() {
    let (_, archive) = filled();
    assert_eq!(archive.expired(Retention::default(), Timestamp::MAX).unwrap(), []);
}

#[test]
fn closed_segments_leave_when_all_their_lines_are_old_enough() {
    let (_, archive) = filled();
    let expired = |days, now: &str| archive.expired(age(days), now.parse().unwrap()).unwrap();
    assert_eq!(expired(1, "2022-01-15T23:59:59Z"), segments(&[]));
    assert_eq!(expired(1, "2022-01-16T00:00:00Z"), segments(&DAYS[..1]));
    assert_eq!(expired(1, "2022-01-17T00:00:00Z"), segments(&DAYS[..2]));
}

#[test]
fn a_clock_that_jumped_ahead_does_not_empty_the_archive() {
    let (_, archive) = filled();
    // The newest closed segment ends with the 16th.
    let ahead = archive.expired(age(1), "9999-01-01T00:00:00Z".parse().unwrap()).unwrap();
    assert_eq!(ahead, segments(&DAYS[..2]));
    assert_eq!(archive.expired(age(7), Timestamp::MAX).unwrap(), []);
}

#[test]
fn the_oldest_segments_leave_while_all_files_are_too_large() {
    let (disk, archive) = filled();
    let size = |path: &str| disk.bytes(path).unwrap().len() as u64;
    let total: u64 = disk
        .list()
        .unwrap()
        .iter()
        .filter(|path| path.contains("jsonl") || path.contains("warc"))
        .map(|path| size(path))
        .sum();
    let first = size("2022/01/2022-01-14.jsonl.zst") + size("2022/01/2022-01-14.warc.gz");
    let expired = |bytes| {
        let retention = Retention { age: None, bytes: Some(bytes) };
        archive.expired(retention, noon(DAYS[3])).unwrap()
    };
    assert_eq!(expired(total), segments(&[]));
    assert_eq!(expired(total - 1), segments(&DAYS[..1]));
    assert_eq!(expired(total - first), segments(&DAYS[..1]));
    assert_eq!(expired(total - first - 1), segments(&DAYS[..2]));
    // The open one never leaves.
    assert_eq!(expired(1), segments(&DAYS[..3]));
}

#[test]
fn what_was_dropped_stays_known_and_the_rest_is_still_proven() {
    let (disk, mut archive) = filled();
    let before = verify(&disk, None).unwrap();
    let first: Vec<_> = Lines::all(disk.clone()).unwrap().take(4).map(Result::unwrap).collect();
    for day in &DAYS[..2] {
        drop_segment(&disk, segment(day)).unwrap();
    }
    assert_eq!(segments_dropped(&disk).unwrap(), segments(&DAYS[..2]));
    assert!(
        disk.list()
            .unwrap()
            .iter()
            .all(|path| !path.contains("14.jsonl") && !path.contains("14.warc"))
    );
    let known: Vec<_> = DAYS[..2]
        .iter()
        .flat_map(|day| dropped(&disk, segment(day)).unwrap().map(Result::unwrap))
        .collect();
    for (line, known) in first.iter().zip(&known) {
        let record = line.record().unwrap();
        assert_eq!(
            (known.seq, &known.id, &known.url_key),
            (record.seq, &record.id, &record.url_key)
        );
        assert_eq!(known.hash, line.checkpoint().hash.to_string());
    }
    let report = verify(&disk, None).unwrap();
    assert_eq!((report.dropped, report.lines, report.raw), (4, 4, 2));
    assert!(report.findings.is_empty(), "{report:#?}");
    assert_eq!(report.tip, before.tip);
    // A hash that was noted while the line was there is still found.
    let noted = first[1].checkpoint().hash;
    assert!(verify(&disk, Some(noted)).unwrap().findings.is_empty());

    archive.append(&mut [record("next")], noon(DAYS[3])).unwrap();
    drop(archive);
    let (archive, recovery) = Archive::open(disk.clone(), Settings::default(), None).unwrap();
    assert!(recovery.damage.is_empty());
    assert_eq!(archive.checkpoint().unwrap().seq, 9);
    assert!(verify(&disk, None).unwrap().findings.is_empty());
}

#[test]
fn a_statement_that_was_changed_or_removed_is_told() {
    let (disk, _archive) = filled();
    for day in &DAYS[..2] {
        drop_segment(&disk, segment(day)).unwrap();
    }
    for path in ["2022/01/2022-01-14.dropped.gz", "2022/01/2022-01-15.dropped.gz"] {
        let bytes = disk.bytes(path).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            disk.set(path, &changed);
            assert!(!verify(&disk, None).unwrap().findings.is_empty(), "bit {bit} of {path}");
        }
        disk.forget(path);
        let report = verify(&disk, None).unwrap();
        assert!(!report.findings.is_empty(), "without {path}");
        disk.set(path, &bytes);
    }
    assert!(verify(&disk, None).unwrap().findings.is_empty());
}

#[test]
fn only_the_oldest_segment_leaves_and_only_when_its_chain_holds() {
    let (disk, _archive) = filled();
    assert!(drop_segment(&disk, segment(DAYS[1])).is_err());
    drop_segment(&disk, segment(DAYS[0])).unwrap();
    let path = "2022/01/2022-01-15.jsonl";
    let mut bytes = disk.bytes(path).unwrap();
    bytes[100] ^= 1;
    disk.set(path, &bytes);
    assert!(drop_segment(&disk, segment(DAYS[1])).is_err());
    assert_eq!(disk.bytes(path).unwrap(), bytes, "it is evidence");
    let findings = verify(&disk, None).unwrap().findings;
    assert!(findings.iter().any(|finding| matches!(finding, Finding::Damage(_))));
}

#[test]
fn a_kill_at_any_operation_of_dropping_loses_and_doubles_nothing() {
    let all: Vec<String> =
        DAYS.iter().flat_map(|day| [format!("a_{day}a"), format!("a_{day}b")]).collect();
    for position in 0.. {
        let (disk, archive) = filled();
        disk.plan(position, Fault::Kill);
        let result = drop_segment(&disk, segment(DAYS[0]));
        drop(archive);
        let is_over = disk.has_plan();
        disk.restart();
        let (_archive, _) = Archive::open(disk.clone(), Settings::default(), None).unwrap();
        let dropped: Vec<String> = segments_dropped(&disk)
            .unwrap()
            .into_iter()
            .flat_map(|name| dropped(&disk, name).unwrap().map(|line| line.unwrap().id))
            .collect();
        assert_eq!([dropped, ids(&disk)].concat(), all, "at {position}");
        assert!(verify(&disk, None).unwrap().findings.is_empty(), "at {position}");
        if is_over {
            result.unwrap();
            assert!(position > 8, "only {position} operations were tried");
            break;
        }
    }
}

#[test]
fn a_gap_holds_no_segment_back_and_stays_to_be_seen() {
    let (disk, _archive) = filled();
    // As a repair leaves it: the first line of the second day was damaged.
    let path = "2022/01/2022-01-15.jsonl";
    let bytes = disk.bytes(path).unwrap();
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    disk.set(path, &bytes[end..]);
    for (n, day) in DAYS[..3].iter().enumerate() {
        let report = verify(&disk, None).unwrap();
        let is_gap = |finding: &Finding| {
            let Finding::Damage(damage) = finding else { return false };
            damage.flaw == LineFlaw::Sequence { expected: 3, found: 4 }
        };
        assert!(matches!(&report.findings[..], [gap] if is_gap(gap)), "{n}: {report:#?}");
        assert!(report.lacks_lines(), "{n}");
        drop_segment(&disk, segment(day)).unwrap();
    }
    assert_eq!(segments_dropped(&disk).unwrap(), segments(&DAYS[..3]));
}
