//! Nothing is changed, cut or inserted unseen.

use super::{noon, record};
use crate::{
    archive::{Archive, Finding, LineFlaw, Lines, Position, Settings, line_at, pack, verify},
    jsonl::{
        Disk,
        sim::{Faithless, SimDisk},
    },
};

/// Two compressed segments and an open one, small enough to be tried at every bit.
fn archive() -> SimDisk {
    let disk = SimDisk::new(1, Faithless::default());
    let (mut archive, _) = Archive::open(disk.clone(), Settings::default(), None).unwrap();
    for day in ["2022-01-16", "2022-01-17", "2022-01-18"] {
        archive.append(&mut [record(day), record(&format!("{day}-2"))], noon(day)).unwrap();
    }
    for name in archive.unpacked().unwrap() {
        pack(&disk, name).unwrap();
    }
    disk
}

const PATHS: [&str; 4] = [
    "2022/01/2022-01-16.jsonl.gz",
    "2022/01/2022-01-17.jsonl.gz",
    "2022/01/2022-01-18.jsonl",
    "HEAD",
];

fn is_clean(disk: &SimDisk) -> bool {
    verify(disk, None).unwrap().findings.is_empty()
}

#[test]
fn no_flipped_bit_goes_unseen() {
    let disk = archive();
    assert!(is_clean(&disk));
    assert_eq!(disk.list().unwrap(), PATHS);
    for path in PATHS {
        let mut bytes = disk.bytes(path).unwrap();
        for bit in 0..bytes.len() * 8 {
            bytes[bit / 8] ^= 1 << (bit % 8);
            disk.set(path, &bytes);
            assert!(!is_clean(&disk), "bit {bit} of {path}");
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
        disk.set(path, &bytes);
    }
    assert!(is_clean(&disk));
}

#[test]
fn no_cut_goes_unseen_where_the_last_hash_is_known() {
    let disk = archive();
    let tip = verify(&disk, None).unwrap().tip.unwrap().hash;
    for path in PATHS {
        let bytes = disk.bytes(path).unwrap();
        for len in 0..bytes.len() {
            disk.set(path, &bytes[..len]);
            let report = verify(&disk, Some(tip)).unwrap();
            assert!(!report.findings.is_empty(), "{len} bytes of {path}");
        }
        disk.forget(path);
        assert!(!verify(&disk, Some(tip)).unwrap().findings.is_empty(), "{path} removed");
        disk.set(path, &bytes);
    }
}

#[test]
fn a_line_that_is_removed_repeated_moved_or_inserted_is_told() {
    let disk = SimDisk::new(1, Faithless::default());
    let (mut archive, _) = Archive::open(disk.clone(), Settings::default(), None).unwrap();
    let mut records = ["a", "b", "c", "d"].map(record);
    archive.append(&mut records, noon("2022-01-16")).unwrap();
    let path = "2022/01/2022-01-16.jsonl";
    let bytes = disk.bytes(path).unwrap();
    let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    let findings = |order: &[usize]| {
        disk.set(path, &order.iter().flat_map(|n| lines[*n]).copied().collect::<Vec<u8>>());
        verify(&disk, None).unwrap().findings
    };
    assert!(findings(&[0, 1, 2, 3]).is_empty());
    for order in [&[1, 2, 3][..], &[0, 2, 3], &[0, 1, 1, 2, 3], &[0, 2, 1, 3], &[0, 1, 2, 0, 3]] {
        assert!(!findings(order).is_empty(), "{order:?}");
    }
    assert!(matches!(findings(&[1, 2, 3])[..], [Finding::Beginning { seq: 2 }]));

    // Another archive's second line has the right number, but follows another line.
    let other = SimDisk::new(1, Faithless::default());
    let (mut archive, _) = Archive::open(other.clone(), Settings::default(), None).unwrap();
    archive.append(&mut ["x", "b", "c", "d"].map(record), noon("2022-01-16")).unwrap();
    let foreign = other.bytes(path).unwrap();
    let foreign: Vec<&[u8]> = foreign.split_inclusive(|byte| *byte == b'\n').collect();
    disk.set(path, &[lines[0], foreign[1], lines[2], lines[3]].concat());
    let findings = verify(&disk, None).unwrap().findings;
    assert!(matches!(&findings[0], Finding::Damage(damage) if damage.flaw == LineFlaw::Previous));
}

#[test]
fn every_line_is_found_again_by_its_place_in_a_plain_and_in_a_compressed_segment() {
    let disk = SimDisk::new(1, Faithless::default());
    let (mut archive, _) = Archive::open(disk.clone(), Settings::default(), None).unwrap();
    let mut records: Vec<_> = (0..300).map(|n| record(&format!("r{n}"))).collect();
    for record in &mut records {
        record.text = record.text.as_ref().map(|text| text.repeat(20));
    }
    archive.append(&mut records, noon("2022-01-16")).unwrap();
    archive.append(&mut [record("last")], noon("2022-01-17")).unwrap();
    let places = |disk: &SimDisk| -> Vec<Position> {
        Lines::all(disk.clone()).unwrap().map(|line| line.unwrap().position).collect()
    };
    let plain = places(&disk);
    for pass in ["plain", "compressed"] {
        assert_eq!(places(&disk), plain, "{pass}");
        for (place, record) in plain.iter().zip(&records) {
            assert_eq!(line_at(&disk, *place).unwrap().record().unwrap(), *record, "{pass}");
            assert_eq!(place.to_string().parse(), Ok(*place));
        }
        let inside = Position { offset: plain[5].offset + 1, ..plain[5] };
        assert!(line_at(&disk, inside).is_err());
        for name in archive.unpacked().unwrap() {
            let before = disk.bytes(&name.to_string()).unwrap();
            pack(&disk, name).unwrap();
            assert_eq!(disk.bytes(&name.to_string()), None);
            let packed = disk.bytes(&format!("{name}.gz")).unwrap();
            assert!(packed.len() > 65_536 / 8, "more than one block");
            let mut plain = Vec::new();
            let mut decoder = flate2::read::MultiGzDecoder::new(&packed[..]);
            std::io::copy(&mut decoder, &mut plain).unwrap();
            assert_eq!(plain, before, "other readers of gzip see the same");
        }
    }
}

#[test]
fn a_segment_that_somebody_else_compressed_is_read_as_well() {
    let disk = archive();
    let before: Vec<_> = Lines::all(disk.clone()).unwrap().map(Result::unwrap).collect();
    let path = "2022/01/2022-01-18.jsonl";
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut encoder, &disk.bytes(path).unwrap()).unwrap();
    disk.forget(path);
    disk.set(&format!("{path}.gz"), &encoder.finish().unwrap());
    let after: Vec<_> = Lines::all(disk.clone()).unwrap().map(Result::unwrap).collect();
    assert_eq!(after, before);
    assert!(is_clean(&disk));
    let at = verify(&disk, None).unwrap().tip;
    assert_eq!(line_at(&disk, after[5].position).unwrap(), after[5]);

    // It was the open one: the next line goes to the next part of the day.
    let (mut archive, recovery) = Archive::open(disk.clone(), Settings::default(), at).unwrap();
    assert_eq!(recovery.lines, 0);
    let end = archive.append(&mut [record("next")], noon("2022-01-18")).unwrap().unwrap().end;
    assert_eq!(end.segment.to_string(), "2022/01/2022-01-18_0002.jsonl");
    assert!(is_clean(&disk));
}
