//! A disk that fails at every position in turn.

use std::io::ErrorKind;

use super::{exchange, noon, record};
use crate::{
    archive::{
        Archive, ArchiveError, Checkpoint, Compression, Lines, Record, Settings, pack, verify,
    },
    jsonl::{
        Disk,
        sim::{Faithless, Fault, SimDisk},
    },
};

const DAYS: [&str; 3] = ["2022-01-16", "2022-01-16", "2022-01-17"];

fn open(disk: &SimDisk, at: Option<Checkpoint>) -> Result<Archive<SimDisk>, ArchiveError> {
    Ok(Archive::open(disk.clone(), Settings { segment_bytes: 6000 }, at)?.0)
}

fn batch(n: usize) -> Vec<Record> {
    [record(&format!("{n}a")), record(&format!("{n}b"))].into()
}

fn ids(disk: &SimDisk) -> Vec<String> {
    let lines = Lines::all(disk.clone()).unwrap();
    lines.map(|line| line.unwrap().record().unwrap().id).collect()
}

/// Appends what is not yet acknowledged, packs, and goes on after a full disk.
fn work(disk: &SimDisk, done: &mut usize, at: &mut Option<Checkpoint>) -> Result<(), ArchiveError> {
    let mut archive = open(disk, *at)?;
    // What was appended and not acknowledged is there, and not to be appended again.
    let lines = archive.since(*at)?.count();
    assert_eq!(lines % 2, 0, "a batch is there whole or not at all after a mere error");
    *done += lines / 2;
    *at = archive.checkpoint();
    while let Some(day) = DAYS.get(*done) {
        let came_from = vec![exchange(&done.to_string(), "a page")];
        match archive.append_with(&mut batch(*done), &[came_from], noon(day)) {
            Ok(checkpoint) => (*at, *done) = (checkpoint, *done + 1),
            Err(ArchiveError::Full { .. }) => {}
            Err(e) => return Err(e),
        }
        for name in archive.unpacked()? {
            match pack(archive.disk(), name, Compression::Gzip) {
                Err(ArchiveError::Full { .. }) => {}
                other => other?,
            }
        }
    }
    Ok(())
}

#[test]
fn an_error_at_any_operation_loses_nothing_and_the_next_start_goes_on() {
    let expected: Vec<String> = (0..3).flat_map(batch).map(|record| record.id).collect();
    let mut injected = 0;
    for kind in [
        ErrorKind::StorageFull,
        ErrorKind::QuotaExceeded,
        ErrorKind::FileTooLarge,
        ErrorKind::ReadOnlyFilesystem,
        ErrorKind::PermissionDenied,
        ErrorKind::Other,
    ] {
        for position in 0.. {
            let disk = SimDisk::new(position, Faithless::default());
            let (mut done, mut at) = (0, None);
            disk.plan(position, Fault::Error(kind));
            let result = work(&disk, &mut done, &mut at);
            if disk.has_plan() {
                result.unwrap();
                break;
            }
            injected += 1;
            // The daemon ends at these and is started again; a full disk it sits out.
            if let Err(e) = result {
                assert!(
                    matches!(e, ArchiveError::Io { .. } | ArchiveError::Sync { .. })
                        || matches!(e, ArchiveError::Full { .. } if done == 0),
                    "{e:?}"
                );
                disk.restart();
                work(&disk, &mut done, &mut at).unwrap();
            }
            assert_eq!(ids(&disk), expected, "{kind:?} at {position}");
            assert!(verify(&disk, None).unwrap().findings.is_empty());
        }
    }
    assert!(injected > 6 * 30, "only {injected} errors were injected");
}

#[test]
fn after_a_failed_sync_nothing_more_is_written() {
    let disk = SimDisk::new(1, Faithless::default());
    let mut archive = open(&disk, None).unwrap();
    archive.append(&mut batch(0), noon("2022-01-16")).unwrap();
    // An append is a write and a sync.
    disk.plan(1, Fault::Error(ErrorKind::Other));
    let failed = archive.append(&mut batch(1)[..1], noon("2022-01-16"));
    assert!(matches!(failed, Err(ArchiveError::Sync { .. })), "{failed:?}");
    let operations = disk.operations();
    let after = archive.append(&mut batch(2), noon("2022-01-16"));
    assert!(matches!(after, Err(ArchiveError::Stopped)));
    assert_eq!(disk.operations(), operations);
}

#[test]
fn a_kill_at_any_operation_of_a_recovery_changes_nothing_about_its_outcome() {
    let path = "2022/01/2022-01-16.jsonl";
    let torn = |disk: &SimDisk| {
        let mut archive = open(disk, None).unwrap();
        let at = archive.append(&mut batch(0)[..1], noon("2022-01-16")).unwrap();
        archive.append(&mut batch(1)[..1], noon("2022-01-16")).unwrap();
        drop(archive);
        let bytes = disk.bytes(path).unwrap();
        disk.set(path, &bytes[..bytes.len() - 100]);
        at
    };
    for fault in [Fault::Kill, Fault::PowerCut] {
        for position in 0.. {
            let (killed, whole) =
                (SimDisk::new(7, Faithless::default()), SimDisk::new(7, Faithless::default()));
            let (at, _) = (torn(&killed), torn(&whole));
            killed.plan(position, fault);
            let ended = open(&killed, at).map(drop);
            if killed.has_plan() {
                ended.unwrap();
                assert!(position > 5);
                break;
            }
            killed.restart();
            open(&killed, at).unwrap();
            open(&whole, at).unwrap();
            assert_eq!(killed.bytes(path), whole.bytes(path));
            let quarantined = |disk: &SimDisk| -> Vec<Vec<u8>> {
                let mut paths = disk.list().unwrap();
                paths.retain(|path| path.ends_with("torn"));
                paths.iter().map(|path| disk.bytes(path).unwrap()).collect()
            };
            assert_eq!(quarantined(&killed), quarantined(&whole), "{fault:?} at {position}");
        }
    }
}

#[test]
fn a_last_append_cut_at_any_byte_loses_and_doubles_nothing() {
    let path = "2022/01/2022-01-16.jsonl";
    let settings = || Settings::default();
    let disk = SimDisk::new(1, Faithless::default());
    let open = |at| Archive::open(disk.clone(), settings(), at).unwrap();
    let (mut archive, _) = open(None);
    let at = archive.append(&mut batch(0), noon("2022-01-16")).unwrap();
    archive.append(&mut batch(1), noon("2022-01-16")).unwrap();
    drop(archive);
    let whole = disk.bytes(path).unwrap();
    let start = usize::try_from(at.unwrap().end.offset).unwrap();
    for cut in start..=whole.len() {
        disk.set(path, &whole[..cut]);
        let (mut archive, recovery) = open(at);
        let kept = usize::try_from(recovery.lines).unwrap();
        assert_eq!(kept, memchr::memchr_iter(b'\n', &whole[start..cut]).count());
        archive.append(&mut batch(1)[kept..], noon("2022-01-16")).unwrap();
        assert_eq!(disk.bytes(path).unwrap(), whole);
        drop(archive);
        // Without the checkpoint the same bytes give the same end.
        disk.set(path, &whole[..cut]);
        let (archive, again) = open(None);
        assert_eq!(again.lines, recovery.lines + 2);
        assert_eq!(again.quarantine, recovery.quarantine);
        assert_eq!(archive.checkpoint().map(|c| c.seq), Some(2 + u32::try_from(kept).unwrap()));
    }
}

#[test]
fn corruption_before_the_checkpoint_is_kept_and_reported_never_cut() {
    let path = "2022/01/2022-01-16.jsonl";
    let disk = SimDisk::new(1, Faithless::default());
    let open = |at| Archive::open(disk.clone(), Settings::default(), at).unwrap();
    let (mut archive, _) = open(None);
    for n in 0..3 {
        archive.append(&mut batch(n), noon("2022-01-16")).unwrap();
    }
    let at = archive.checkpoint();
    drop(archive);
    let mut bytes = disk.bytes(path).unwrap();
    bytes[1500] ^= 4;
    disk.set(path, &bytes);

    let (archive, recovery) = open(at);
    assert_eq!((recovery.lines, recovery.quarantine), (0, None));
    drop(archive);
    let (mut archive, recovery) = open(None);
    assert_eq!((recovery.lines, recovery.quarantine), (5, None));
    assert!(!recovery.damage.is_empty());
    archive.append(&mut batch(3), noon("2022-01-16")).unwrap();
    assert!(disk.bytes(path).unwrap().starts_with(&bytes));
}

#[test]
fn a_state_that_remembers_more_than_the_archive_has_is_told() {
    let disk = SimDisk::new(1, Faithless::default());
    let mut archive = open(&disk, None).unwrap();
    let first = archive.append(&mut batch(0), noon("2022-01-16")).unwrap();
    let second = archive.append(&mut batch(1)[..1], noon("2022-01-16")).unwrap();
    drop(archive);
    let path = "2022/01/2022-01-16.jsonl";
    let bytes = disk.bytes(path).unwrap();
    disk.set(path, &bytes[..usize::try_from(first.unwrap().end.offset).unwrap()]);
    assert!(matches!(open(&disk, second), Err(ArchiveError::Behind(at)) if Some(at) == second));
    open(&disk, first).unwrap();
}
