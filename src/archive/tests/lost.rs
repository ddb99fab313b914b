//! Acknowledged lines at the end of the archive that are damaged or gone.

use super::{noon, record};
use crate::{
    archive::{
        Archive, ArchiveError, Checkpoint, Finding, LineFlaw, Lines, Recovery, Settings, repair,
        verify, verify_with,
    },
    jsonl::{
        Disk,
        sim::{Faithless, Fault, SimDisk},
    },
};

const CLOSED: &str = "2022/01/2022-01-16.jsonl";
const OPEN: &str = "2022/01/2022-01-17.jsonl";

/// Two closed lines and three open ones, all acknowledged.
fn archive() -> (SimDisk, Checkpoint) {
    let disk = SimDisk::new(1, Faithless::default());
    let (mut archive, _) = Archive::open(disk.clone(), Settings::default(), None).unwrap();
    archive.append(&mut ["a", "b"].map(record), noon("2022-01-16")).unwrap();
    archive.append(&mut ["c", "d", "e"].map(record), noon("2022-01-17")).unwrap();
    let at = archive.checkpoint().unwrap();
    (disk, at)
}

/// Opens as a start does, and gives what the state then knows.
fn start(disk: &SimDisk, at: Checkpoint) -> (Archive<SimDisk>, Recovery, Checkpoint) {
    let opened = Archive::open(disk.clone(), Settings::default(), Some(at));
    let (archive, recovery) = match opened {
        Err(ArchiveError::Behind(_)) => {
            Archive::open_to_read_all(disk.clone(), Settings::default(), Some(at)).unwrap()
        }
        opened => opened.unwrap(),
    };
    let last = Lines::all(disk.clone()).unwrap().filter_map(Result::ok).last();
    (archive, recovery, last.unwrap().checkpoint())
}

/// The bytes of all segments and of what is set aside.
fn bytes(disk: &SimDisk) -> Vec<Vec<u8>> {
    let mut paths = disk.list().unwrap();
    paths.retain(|path| path.starts_with("2022/"));
    paths.sort();
    paths.iter().map(|path| disk.bytes(path).unwrap()).filter(|bytes| !bytes.is_empty()).collect()
}

/// Ways to lose acknowledged lines at the end, and how many sound ones are left.
fn losses() -> Vec<(&'static str, SimDisk, Checkpoint, u32)> {
    let mut losses = Vec::new();
    let mut lose = |how, left, change: &dyn Fn(&mut Vec<u8>)| {
        let (disk, at) = archive();
        let mut bytes = disk.bytes(OPEN).unwrap();
        change(&mut bytes);
        disk.set(OPEN, &bytes);
        losses.push((how, disk, at, left));
    };
    lose("a changed byte", 4, &|bytes| {
        let at = bytes.len() - 600;
        bytes[at] ^= 1;
    });
    lose("zeros", 3, &|bytes| {
        let from = bytes.len() - 3000;
        bytes[from..].fill(0);
    });
    lose("a cut inside a line", 4, &|bytes| bytes.truncate(bytes.len() - 99));
    lose("a missing line", 4, &|bytes| {
        let end = bytes[..bytes.len() - 1].iter().rposition(|byte| *byte == b'\n').unwrap();
        bytes.truncate(end + 1);
    });
    lose("an empty file", 2, &Vec::clear);
    let (disk, at) = archive();
    disk.forget(OPEN);
    losses.push(("a missing file", disk, at, 2));
    losses
}

#[test]
fn acknowledged_lines_that_are_damaged_or_gone_are_told_and_kept_and_their_numbers_stay_theirs() {
    for (how, disk, at, left) in losses() {
        let report = verify_with(&disk, None, Some(at)).unwrap();
        let is_told = report.findings.iter().any(|finding| {
            matches!(finding, Finding::Behind { known, found, witness: "the state", is_missing: true }
                if known.seq == at.seq && *found == left)
        });
        assert!(is_told, "{how}: {:?}", report.findings);

        let before = bytes(&disk);
        let (archive, recovery, known) = start(&disk, at);
        let lost = recovery.lost.unwrap();
        assert_eq!((lost.acknowledged.seq, lost.found), (5, left), "{how}");
        assert_eq!(recovery.quarantine, None, "{how}");
        assert_eq!(known.seq, left, "{how}");
        assert_eq!(bytes(&disk), before, "{how}: nothing is cut");
        drop(archive);
        // The archive tells it by itself from now on, and starting twice is starting once.
        assert!(!verify(&disk, None).unwrap().findings.is_empty(), "{how}");
        let paths = disk.list().unwrap();
        let (mut archive, again, known) = start(&disk, known);
        assert_eq!(again.lost, Some(lost), "{how}");
        assert_eq!((disk.list().unwrap(), bytes(&disk)), (paths, before), "{how}");

        let mut next = [record("next")];
        archive.append(&mut next, noon("2022-01-17")).unwrap();
        assert_eq!((next[0].seq, &next[0].prev), (6, &Some(at.hash.to_string())), "{how}");
        drop(archive);
        // Killed before the state takes note of it.
        let (mut archive, recovery, known) = start(&disk, known);
        assert_eq!((recovery.lines, recovery.lost), (1, None), "{how}");
        assert_eq!((recovery.quarantine, known.seq), (None, 6), "{how}");
        archive.append(&mut [record("more")], noon("2022-01-18")).unwrap();
        drop(archive);
        let findings = verify(&disk, None).unwrap().findings;
        assert!(!findings.is_empty(), "{how}: the gap is told for ever");
        let (archive, ..) = start(&disk, known);
        assert_eq!(archive.checkpoint().unwrap().seq, 7, "{how}");
        drop(archive);
        // Repairing takes the damage out and not the gap.
        let left = repair(&disk, None).unwrap().report.findings;
        let gap = |finding: &Finding| {
            matches!(finding, Finding::Damage(damage)
                if matches!(damage.flaw, LineFlaw::Sequence { found: 6, .. }))
        };
        assert!(matches!(&left[..], [finding] if gap(finding)), "{how}: {left:?}");
    }
}

#[test]
fn a_kill_at_any_operation_of_such_a_start_forgets_nothing() {
    for n in 0..losses().len() {
        for position in 0.. {
            let (how, disk, at, left) = losses().swap_remove(n);
            let before = bytes(&disk);
            disk.plan(position, Fault::PowerCut);
            let opened = Archive::open_to_read_all(disk.clone(), Settings::default(), Some(at));
            if disk.has_plan() {
                drop(opened.unwrap());
                assert!(position > 3, "{how}");
                break;
            }
            drop(opened);
            disk.restart();
            let (archive, recovery, _) = start(&disk, at);
            assert_eq!(archive.checkpoint().unwrap().seq, 5, "{how} at {position}");
            assert_eq!(recovery.lost.unwrap().found, left, "{how} at {position}");
            assert_eq!(bytes(&disk), before, "{how} at {position}");
        }
    }
}

#[test]
fn an_archive_that_is_not_there_is_not_begun_anew_while_a_state_remembers_it() {
    let (_, at) = archive();
    let empty = SimDisk::new(2, Faithless::default());
    for open in [Archive::open, Archive::open_to_read_all] {
        let opened = open(empty.clone(), Settings::default(), Some(at));
        assert!(matches!(opened, Err(ArchiveError::Absent(known)) if known == at));
    }
    assert_eq!(empty.list().unwrap(), [""; 0], "nothing is made where a disk may be mounted");
    // A state that remembers no line has no archive to miss.
    let origin = Some(Checkpoint::origin());
    drop(Archive::open(empty.clone(), Settings::default(), origin).unwrap());
}

#[test]
fn another_archive_is_not_continued_by_the_numbers_of_the_one_that_the_state_remembers() {
    let (_, at) = archive();
    let other = SimDisk::new(2, Faithless::default());
    let (mut archive, _) = Archive::open(other.clone(), Settings::default(), None).unwrap();
    let mut records: Vec<_> = (0..6).map(|n| record(&format!("other{n}"))).collect();
    archive.append(&mut records, noon("2022-01-16")).unwrap();
    drop(archive);
    let opened = Archive::open(other.clone(), Settings::default(), Some(at));
    assert!(matches!(opened, Err(ArchiveError::Behind(_))));
    let (archive, recovery) =
        Archive::open_to_read_all(other.clone(), Settings::default(), Some(at)).unwrap();
    assert_eq!((archive.checkpoint().unwrap().seq, recovery.lost), (6, None));
    assert_eq!(other.bytes(CLOSED).map(|bytes| bytes.is_empty()), Some(false));
}

/// Cuts an archive of two days at each of its last `span` bytes, with only the first day acknowledged
/// and with all of it.
fn cut_at_each_of_the_last(span: usize) {
    let disk = SimDisk::new(1, Faithless::default());
    let (mut archive, _) = Archive::open(disk.clone(), Settings::default(), None).unwrap();
    archive.append(&mut ["a", "b"].map(record), noon("2022-01-16")).unwrap();
    let first_day = archive.checkpoint().unwrap();
    let mut open = Vec::new();
    for n in 0.. {
        archive.append(&mut [record(&format!("n{n}"))], noon("2022-01-17")).unwrap();
        open = disk.bytes(OPEN).unwrap();
        if open.len() >= span {
            break;
        }
    }
    let all = archive.checkpoint().unwrap();
    drop(archive);
    let closed = disk.bytes(CLOSED).unwrap();
    let head = disk.bytes("HEAD").unwrap();
    for len in open.len() - span..open.len() {
        let left = &open[..len];
        let whole = left.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let lines = u32::try_from(left.split(|byte| *byte == b'\n').count() - 1).unwrap();
        for acknowledged in [first_day, all] {
            let disk = SimDisk::new(1, Faithless::default());
            for (path, bytes) in [(CLOSED, &closed[..]), (OPEN, left), ("HEAD", &head)] {
                disk.set(path, bytes);
            }
            let (archive, recovery, known) = start(&disk, acknowledged);
            assert_eq!(known.seq, 2 + lines, "{len}");
            if acknowledged == all {
                assert_eq!(recovery.lost.map(|lost| lost.found), Some(known.seq), "{len}");
                assert_eq!(archive.checkpoint().unwrap().seq, all.seq, "{len}");
                assert_eq!(disk.bytes(OPEN).unwrap(), left, "{len}");
            } else {
                assert_eq!(recovery.lost, None, "{len}");
                assert_eq!(disk.bytes(OPEN).unwrap(), left[..whole], "{len}");
                let torn = recovery.quarantine.map(|aside| disk.bytes(&aside.path).unwrap());
                assert_eq!(torn.unwrap_or_default(), left[whole..], "{len}");
            }
        }
    }
}

#[test]
fn a_cut_at_any_byte_loses_no_whole_line() {
    cut_at_each_of_the_last(4 << 10);
}

/// Run by hand: `cargo test --lib the_last_64_kib -- --ignored`.
#[test]
#[ignore = "takes minutes; every byte of a shorter end is tried above"]
fn a_cut_at_any_byte_of_the_last_64_kib_loses_no_whole_line() {
    cut_at_each_of_the_last(64 << 10);
}
