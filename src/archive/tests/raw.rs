//! What records came from, kept beside them.

use std::io::{Read, Write};

use flate2::{Compression, write::GzEncoder};

use super::{exchange, noon, record};
use crate::{
    archive::{Archive, Finding, RawError, RawRef, Record, Settings, raw_of, verify},
    fetch::Exchange,
    jsonl::{
        Disk,
        sim::{Faithless, SimDisk},
    },
};

const WARC: &str = "2022/01/2022-01-16.warc.gz";

fn disk() -> SimDisk {
    SimDisk::new(1, Faithless::default())
}

fn open(disk: &SimDisk) -> Archive<SimDisk> {
    Archive::open(disk.clone(), Settings::default(), None).unwrap().0
}

/// Appends a record for each page.
fn append(archive: &mut Archive<SimDisk>, pages: &[(&str, &str)]) -> Vec<Record> {
    let mut records: Vec<Record> = pages.iter().map(|(name, _)| record(name)).collect();
    let exchanges: Vec<_> = pages.iter().map(|(name, page)| vec![exchange(name, page)]).collect();
    archive.append_with(&mut records, &exchanges, noon("2022-01-16")).unwrap();
    records
}

fn place(record: &Record) -> RawRef {
    record.raw_ref.as_deref().unwrap().parse().unwrap()
}

#[test]
fn a_record_leads_to_the_page_that_it_came_from() {
    let disk = disk();
    let mut archive = open(&disk);
    let records = append(&mut archive, &[("a", "<p>first"), ("b", "<p>second")]);
    assert_eq!(raw_of(&disk, &records[0]).unwrap().page, b"<p>first");
    assert_eq!(raw_of(&disk, &records[1]).unwrap().page, b"<p>second");
    assert_eq!(records[0].raw_ref, Some(place(&records[0]).to_string()));
    assert!(matches!(raw_of(&disk, &record("c")), Err(RawError::None)));
    let report = verify(&disk, None).unwrap();
    assert_eq!((report.raw, report.findings.len()), (2, 0));
}

#[test]
fn a_page_is_kept_as_it_came_and_given_without_its_encoding() {
    let disk = disk();
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all("жаңалық".as_bytes()).unwrap();
    let mut came = Exchange::clone(&exchange("a", ""));
    came.body = packed.finish().unwrap();
    came.headers.push(("content-encoding".to_owned(), b"gzip".to_vec()));
    let mut records = [record("a")];
    open(&disk).append_with(&mut records, &[vec![came.into()]], noon("2022-01-16")).unwrap();
    assert_eq!(raw_of(&disk, &records[0]).unwrap().page, "жаңалық".as_bytes());
}

#[test]
fn an_article_in_parts_leads_to_all_its_pages() {
    let disk = disk();
    let mut archive = open(&disk);
    let pages = |names: &[&str]| names.iter().map(|name| exchange(name, name)).collect::<Vec<_>>();
    let mut records = ["a", "b", "c"].map(record);
    // The middle one's last page is one that stands in the file already.
    let came_from = [pages(&["one", "two"]), pages(&["three", "four", "two"]), pages(&[])];
    archive.append_with(&mut records, &came_from, noon("2022-01-16")).unwrap();
    assert_eq!(raw_of(&disk, &records[0]).unwrap().page, b"one\ntwo");
    assert_eq!(raw_of(&disk, &records[1]).unwrap().page, b"three\nfour\ntwo");
    assert!(matches!(raw_of(&disk, &records[2]), Err(RawError::None)));
    // A file of its own, in which what the revisit refers to comes first.
    let whole = raw_of(&disk, &records[1]).unwrap().records;
    let mut kinds = Vec::new();
    let mut rest = &whole[..];
    while !rest.is_empty() {
        let mut text = String::new();
        flate2::bufread::GzDecoder::new(&mut rest).read_to_string(&mut text).unwrap();
        kinds.extend(text.lines().find_map(|l| l.strip_prefix("WARC-Type: ").map(str::to_owned)));
    }
    let own = ["response", "request", "response", "request", "revisit", "request"];
    assert_eq!(kinds[kinds.len() - 6..], own);
    assert_eq!(kinds[..kinds.len() - 6], ["response", "request"]);
    let report = verify(&disk, None).unwrap();
    assert_eq!((report.raw, report.findings.len()), (2, 0));
}

#[test]
fn an_equal_payload_of_the_same_file_is_kept_once() {
    let disk = disk();
    let mut archive = open(&disk);
    let page = "0123456789abcdef".repeat(1 << 12);
    let first = append(&mut archive, &[("a", &page)]);
    let again = append(&mut archive, &[("b", &page), ("c", "another")]);
    for record in [&first[0], &again[0]] {
        assert_eq!(raw_of(&disk, record).unwrap().page, page.as_bytes());
    }
    assert_eq!(raw_of(&disk, &again[1]).unwrap().page, b"another");
    // A revisit is checked with what it refers to.
    let whole = disk.bytes(WARC).unwrap();
    let (start, end) = (place(&first[0]).offset, place(&first[0]).length + place(&first[0]).offset);
    for at in (start..end).map(|at| usize::try_from(at).unwrap()) {
        let mut changed = whole.clone();
        changed[at] ^= 0x10;
        disk.set(WARC, &changed);
        if let Ok(raw) = raw_of(&disk, &again[0]) {
            assert_eq!(raw.page, page.as_bytes(), "byte {at}");
        }
        assert!(raw_of(&disk, &first[0]).is_err(), "byte {at}");
    }
    disk.set(WARC, &whole);
    // After a restart what stands in the file is not known any more: nothing but room is lost.
    drop(archive);
    let third = append(&mut open(&disk), &[("d", &page)]);
    assert_eq!(raw_of(&disk, &third[0]).unwrap().page, page.as_bytes());
}

#[test]
fn every_changed_byte_of_a_kept_page_is_found() {
    let disk = disk();
    let records = append(&mut open(&disk), &[("a", "<p>first"), ("b", "<p>second")]);
    let bytes = disk.bytes(WARC).unwrap();
    let start = usize::try_from(place(&records[0]).offset).unwrap();
    for at in start..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        disk.set(WARC, &changed);
        let report = verify(&disk, None).unwrap();
        assert!(matches!(report.findings[..], [Finding::Raw { .. }]), "byte {at}: {report:#?}");
        let damaged = records.iter().filter(|r| raw_of(&disk, r).is_err()).count();
        assert_eq!(damaged, 1, "byte {at}");
    }
    disk.remove(WARC).unwrap();
    assert_eq!(verify(&disk, None).unwrap().findings.len(), 2);
}

#[test]
fn a_torn_end_that_no_line_states_is_set_aside() {
    let disk = disk();
    let records = append(&mut open(&disk), &[("a", "<p>first")]);
    let whole = disk.bytes(WARC).unwrap();
    disk.set(WARC, &[&whole[..], b"half a rec"].concat());
    let mut archive = open(&disk);
    assert_eq!(disk.bytes(WARC).unwrap(), whole);
    let aside = format!("2022/01/2022-01-16.warc@{}.torn", whole.len());
    assert_eq!(disk.bytes(&aside).unwrap(), b"half a rec");
    let next = append(&mut archive, &[("b", "<p>second")]);
    assert_eq!(place(&next[0]).offset, place(&records[0]).offset + place(&records[0]).length);
    assert_eq!(verify(&disk, None).unwrap().raw, 2);
}

#[test]
fn a_text_that_quotes_a_reference_is_no_reference() {
    let disk = disk();
    let mut record = record("a");
    record.text = Some(r#"","raw_ref":"2022/01/2022-01-16.warc.gz:0+1 sha256:00""#.to_owned());
    open(&disk).append(&mut [record], noon("2022-01-16")).unwrap();
    let report = verify(&disk, None).unwrap();
    assert_eq!((report.lines, report.raw, report.findings.len()), (1, 0, 0));
}
