//! The archive on a real folder.
#![expect(clippy::disallowed_methods, reason = "tests look at the files themselves")]

mod dropped;
mod faults;
mod lost;
mod power;
mod raw;
mod verify;

use std::{fmt::Write, fs, path::Path, sync::Arc};

use jiff::Timestamp;

use super::*;
use crate::{
    fetch::Exchange,
    jsonl::{Disk, Folder},
};

const RECORD: &str = r#"{
        "schema_version": 1, "record_type": "article", "id": "a_NAME", "revision": 1,
        "revision_of": null, "url": "https://news.example/NAME?a=1", "final_url": null,
        "canonical_url": null, "url_key": "news.example/NAME", "feed_id": "example-ru",
        "feed_url": "https://news.example/rss", "guid": null, "source_name": "Пример",
        "source_domain": "news.example", "source_country": "KZ",
        "title": "ОДКБ \"миротворцы\"\\\n", "title_feed": null, "authors": ["Ә. Б."], "tags": [],
        "section": null, "published_at": "2022-01-16T10:20:30Z", "modified_at": null,
        "fetched_at": "2022-01-16T11:00:00.123456Z", "first_seen_at": "2022-01-16T11:00:00Z",
        "published_raw": "16.01.2022 16:20", "published_source": "jsonld",
        "published_precision": "minute", "published_tz_assumed": "Asia/Almaty", "language": "ru",
        "language_confidence": 0.93, "language_declared": "ru-KZ",
        "text": "Первый абзац NAME.\n\nВторой 🙂 абзац.", "summary": null,
        "summary_source": null, "text_status": "full", "word_count": 5, "char_count": 33,
        "image_url": null, "media": [], "topic": "csto-kazakhstan", "topic_score": 0.75,
        "topic_reason": "names the organization", "matched_terms": ["ОДКБ"],
        "matches": [{"term": "ОДКБ", "group": "organization", "field": "title", "start": 0,
                     "end": 4, "matched": "ОДКБ"}],
        "content_hash": null, "fingerprint": null, "cluster_id": null, "duplicate_of": null,
        "similarity": null, "http_status": 200, "content_type": "text/html", "charset": "utf-8",
        "etag": null, "last_modified": null, "raw_ref": null,
        "extraction": {"method": "jsonld", "confidence": 0.9, "warnings": []},
        "robots_allowed": true, "crawler_version": "0.1.0", "config_hash": "00ff", "seq": 0,
        "prev": null, "crc": ""
    }"#;

/// A record with a text of its own; `seq`, `prev` and `crc` are the archive's to fill in.
pub(super) fn record(name: &str) -> Record {
    serde_json::from_str(&RECORD.replace("NAME", name)).unwrap()
}

/// What a page of this text came in, at the hour of [`RECORD`].
pub(super) fn exchange(name: &str, page: &str) -> Arc<Exchange> {
    let field = |name: &str, value: &str| (name.to_owned(), value.as_bytes().to_vec());
    Arc::new(Exchange {
        url: format!("https://news.example/{name}?a=1").parse().unwrap(),
        at: "2022-01-16T11:00:00.123456Z".parse().unwrap(),
        peer: Some([192, 0, 2, 7].into()),
        is_http2: false,
        request: vec![field("user-agent", "newswatch/0")],
        status: 200,
        reason: "OK",
        headers: vec![
            field("content-type", "text/html; charset=utf-8"),
            field("transfer-encoding", "chunked"),
        ],
        body: page.as_bytes().to_vec(),
    })
}

pub(super) fn noon(day: &str) -> Timestamp {
    format!("{day}T12:00:00Z").parse().unwrap()
}

fn open(folder: &Path, checkpoint: Option<Checkpoint>) -> (Archive, Recovery) {
    Archive::open(Folder::at(folder), Settings::default(), checkpoint).unwrap()
}

fn ids(folder: &Path) -> Vec<String> {
    read(&Folder::at(folder)).unwrap().map(|line| line.unwrap().record().unwrap().id).collect()
}

#[test]
fn what_is_appended_is_read_back_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let (mut archive, recovery) = open(folder.path(), None);
    assert_eq!(recovery, Recovery::default());
    let mut first = [record("one"), record("two")];
    let checkpoint = archive.append(&mut first, noon("2022-01-16")).unwrap();
    let mut second = [record("three")];
    archive.append(&mut second, noon("2022-01-17")).unwrap();
    drop(archive);

    let (archive, recovery) = open(folder.path(), checkpoint);
    assert_eq!((recovery.lines, recovery.quarantine, recovery.damage), (1, None, vec![]));
    let records = |checkpoint| -> Vec<Record> {
        archive.since(checkpoint).unwrap().map(|line| line.unwrap().record().unwrap()).collect()
    };
    assert_eq!(records(checkpoint), second);
    assert_eq!(records(None), [&first[..], &second[..]].concat());
    let paths = ["2022/01/2022-01-16.jsonl", "2022/01/2022-01-17.jsonl"];
    assert!(paths.iter().all(|path| folder.path().join(path).is_file()));
    assert_eq!(records(None).iter().map(|r| r.seq).collect::<Vec<_>>(), [1, 2, 3]);
}

#[test]
fn a_second_writer_is_told_who_holds_the_archive() {
    let folder = tempfile::tempdir().unwrap();
    let (archive, _) = open(folder.path(), None);
    let second = Archive::open(Folder::at(folder.path()), Settings::default(), None);
    let pid = std::process::id();
    assert!(matches!(second, Err(ArchiveError::Locked { pid: Some(p) }) if p == pid));
    drop(archive);
    open(folder.path(), None);
}

#[test]
fn a_last_append_cut_at_any_byte_is_quarantined_once_and_can_be_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("2022/01/2022-01-16.jsonl");
    let (mut archive, _) = open(folder.path(), None);
    let checkpoint = archive.append(&mut [record("one")], noon("2022-01-16")).unwrap();
    let mut batch = [record("two"), record("three")];
    archive.append(&mut batch, noon("2022-01-16")).unwrap();
    drop(archive);
    let whole = fs::read(&path).unwrap();
    let start = usize::try_from(checkpoint.unwrap().end.offset).unwrap();
    let ends: Vec<usize> = (0..whole.len()).filter(|i| whole[*i] == b'\n').collect();

    for cut in (start..=whole.len()).filter(|cut| cut % 101 == 0 || ends.contains(cut)) {
        fs::write(&path, &whole[..cut]).unwrap();
        let (archive, first) = open(folder.path(), checkpoint);
        drop(archive);
        let (mut archive, again) = open(folder.path(), checkpoint);
        assert_eq!((&again.quarantine, again.lines), (&None, first.lines), "recovered twice");

        let kept = ends.iter().filter(|end| **end < cut).count();
        assert_eq!(ids(folder.path()).len(), kept);
        let torn = cut - (ends[kept - 1] + 1);
        assert_eq!(first.quarantine.as_ref().map_or(0, |q| q.bytes), torn as u64);
        if let Some(quarantine) = &first.quarantine {
            let bytes = fs::read(folder.path().join(&quarantine.path)).unwrap();
            assert_eq!(bytes, whole[cut - torn..cut]);
        }
        // What was not acknowledged comes again.
        archive.append(&mut batch.clone()[kept - 1..], noon("2022-01-16")).unwrap();
        assert_eq!(ids(folder.path()), ["a_one", "a_two", "a_three"]);
        assert_eq!(fs::read(&path).unwrap(), whole);
    }
}

#[test]
fn every_line_validates_against_the_published_schema() {
    let folder = tempfile::tempdir().unwrap();
    let (mut archive, _) = open(folder.path(), None);
    archive.append(&mut [record("one"), record("two")], noon("2022-01-16")).unwrap();
    let validator = jsonschema::options().should_validate_formats(true).build(&schema()).unwrap();
    for line in read(&Folder::at(folder.path())).unwrap() {
        let mut value: serde_json::Value = serde_json::from_slice(&line.unwrap().bytes).unwrap();
        assert!(validator.is_valid(&value), "{:?}", validator.validate(&value));
        for key in value.as_object().unwrap().clone().keys() {
            let mut without = value.clone();
            without.as_object_mut().unwrap().remove(key);
            assert!(!validator.is_valid(&without), "{key} is not required");
        }
        value["fetched_at"] = "yesterday".into();
        assert!(!validator.is_valid(&value));
    }
}

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/archive");

#[test]
fn lines_of_every_schema_version_give_the_records_written_beside_them() {
    let versions = 1..=SCHEMA_VERSION;
    for version in versions {
        let lines = fs::read_to_string(format!("{FIXTURES}/v{version}.jsonl")).unwrap();
        let expected = fs::read_to_string(format!("{FIXTURES}/v{version}.expected.txt")).unwrap();
        let mut link = None;
        let mut found = String::new();
        for bytes in lines.lines().map(str::as_bytes) {
            link = Some(line::follow(link, bytes).unwrap());
            let position = "2022/01/2022-01-16.jsonl:0".parse().unwrap();
            let read = Line { position, seq: 0, prev: None, bytes: bytes.to_vec() };
            writeln!(found, "{:#?}", read.record().unwrap()).unwrap();
        }
        assert_eq!(found, expected, "version {version}");
    }
}

#[test]
fn a_record_with_a_number_that_json_lacks_can_be_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let (mut archive, _) = open(folder.path(), None);
    let mut odd = record("odd");
    odd.extraction.confidence = f32::NAN;
    odd.similarity = Some(f32::INFINITY);
    archive.append(&mut [odd], noon("2022-01-16")).unwrap();
    assert_eq!(ids(folder.path()), ["a_odd"]);
}

#[test]
fn a_line_of_a_newer_schema_is_told_from_a_damaged_one() {
    let line = |text: &str| {
        let position = "2022/01/2022-01-16.jsonl:0".parse().unwrap();
        Line { position, seq: 7, prev: None, bytes: text.as_bytes().to_vec() }
    };
    let newer = line(r#"{"schema_version":2,"text":{"ru":"…"},"seq":7}"#).record();
    assert!(matches!(newer, Err(RecordError::Newer { seq: 7, version: 2, .. })), "{newer:?}");
    let words = newer.unwrap_err().to_string();
    assert!(
        words.starts_with("line 7 of 2022/01/2022-01-16.jsonl has schema version 2;"),
        "{words}"
    );
    // Also where it has no key that this version lacks.
    let alike = Record { schema_version: 9, ..record("alike") };
    let alike = line(&serde_json::to_string(&alike).unwrap()).record();
    assert!(matches!(alike, Err(RecordError::Newer { version: 9, .. })), "{alike:?}");
    let bad = line(r#"{"schema_version":1,"seq":7}"#).record();
    assert!(matches!(bad, Err(RecordError::Json { seq: 7, .. })), "{bad:?}");
}

#[test]
fn an_archive_that_a_newer_program_went_on_with_is_not_opened_for_writing() {
    let folder = tempfile::tempdir().unwrap();
    let (mut archive, _) = open(folder.path(), None);
    let newer = Record { schema_version: 9, ..record("newer") };
    let checkpoint = archive.append(&mut [record("old"), newer], noon("2022-01-16")).unwrap();
    drop(archive);
    let disk = Folder::at(folder.path());
    let words = Archive::open(disk, Settings::default(), checkpoint).unwrap_err().to_string();
    assert!(
        words.starts_with("line 2 of 2022/01/2022-01-16.jsonl has schema version 9"),
        "{words}"
    );
}

/// The script of the published description, run as a reader would.
#[test]
fn the_published_script_and_verifying_agree() {
    let description = include_str!("../../../docs/archive-format.md");
    let script = description.split("```python\n").nth(1).unwrap().split("```").next().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (mut archive, _) = open(folder.path(), None);
    for day in ["2022-01-16", "2022-01-17", "2022-01-18"] {
        archive.append(&mut [record("one"), record(day)], noon(day)).unwrap();
    }
    let closed = archive.unpacked().unwrap();
    pack(archive.disk(), closed[0], Compression::Gzip).unwrap();
    let run = || {
        let mut python = std::process::Command::new("python3");
        python.arg("-c").arg(script).arg(folder.path()).output()
    };
    let Ok(output) = run() else {
        println!("skipped: there is no python3");
        return;
    };
    let tip = archive.checkpoint().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert_eq!(printed, format!("6 \"{}\"\n", tip.hash), "{:?}", output.stderr);

    let files = || -> Vec<(std::path::PathBuf, Vec<u8>)> {
        let paths = Folder::at(folder.path()).list().unwrap();
        let paths = paths.iter().map(|path| folder.path().join(path));
        paths.map(|path| (path.clone(), fs::read(path).unwrap())).collect()
    };
    let whole = files();
    let agree = |what: &str, is_proven: bool| {
        let output = run().unwrap();
        let printed = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.success(), is_proven, "{what}: {printed}");
        assert!(!printed.contains("Traceback"), "{what}: {printed}");
        let findings = verify(&Folder::at(folder.path()), None).unwrap().findings;
        assert_eq!(findings.is_empty(), is_proven, "{what}: {findings:?}");
        for (path, _) in files() {
            fs::remove_file(path).unwrap();
        }
        for (path, bytes) in &whole {
            fs::write(path, bytes).unwrap();
        }
    };
    let [first, second, open] = ["16.jsonl.gz", "17.jsonl", "18.jsonl"]
        .map(|name| folder.path().join(format!("2022/01/2022-01-{name}")));
    let text = fs::read_to_string(&second).unwrap();
    fs::write(&second, text.replace("\"KZ\"", "\"RU\"")).unwrap();
    agree("a changed byte", false);
    for (path, cut) in [(&first, 40), (&open, 40), (&second, 1)] {
        let bytes = fs::read(path).unwrap();
        fs::write(path, &bytes[..bytes.len() - cut]).unwrap();
        agree("a cut file", false);
    }
    let mut bytes = fs::read(&first).unwrap();
    bytes[200] ^= 1;
    fs::write(&first, bytes).unwrap();
    agree("a damaged block", false);
    let mut plain = Vec::new();
    let mut packed = flate2::read::MultiGzDecoder::new(fs::File::open(&first).unwrap());
    io::copy(&mut packed, &mut plain).unwrap();
    fs::write(first.with_extension(""), plain).unwrap();
    agree("plain and compressed", true);
    let days = ["2022/01/2022-01-16.jsonl", "2022/01/2022-01-17.jsonl"];
    let drop_days = || {
        for day in days {
            drop_segment(archive.disk(), day.parse().unwrap()).unwrap();
        }
    };
    drop_days();
    agree("what was dropped", true);
    drop_days();
    fs::remove_file(folder.path().join("2022/01/2022-01-16.dropped.gz")).unwrap();
    agree("a missing statement", false);
    agree("as it was", true);
}
