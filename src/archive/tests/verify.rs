//! Nothing is changed, cut or inserted unseen.

use std::{cell::Cell, io, rc::Rc};

use super::{exchange, noon, record};
use crate::{
    archive::{
        Archive, Compression, Finding, LineFlaw, Lines, Position, RawRef, Settings, drop_segment,
        line_at, pack, repair, verify,
    },
    jsonl::{
        Disk,
        sim::{Chance, Faithless, SimDisk},
    },
};

/// A segment in each compressed form and an open one, small enough to be tried at every bit.
fn archive() -> SimDisk {
    let disk = SimDisk::new(1, Faithless::default());
    let (mut archive, _) = Archive::open(disk.clone(), Settings::default(), None).unwrap();
    for day in ["2022-01-16", "2022-01-17", "2022-01-18"] {
        archive.append(&mut [record(day), record(&format!("{day}-2"))], noon(day)).unwrap();
    }
    for (name, compression) in archive.unpacked().unwrap().into_iter().zip(COMPRESSIONS) {
        pack(&disk, name, compression).unwrap();
    }
    disk
}

const COMPRESSIONS: [Compression; 2] = [Compression::Gzip, Compression::Zstd];

const PATHS: [&str; 4] = [
    "2022/01/2022-01-16.jsonl.gz",
    "2022/01/2022-01-17.jsonl.zst",
    "2022/01/2022-01-18.jsonl",
    "HEAD",
];

fn is_clean(disk: &SimDisk) -> bool {
    verify(disk, None).unwrap().findings.is_empty()
}

#[test]
fn opening_by_head_finds_the_same_end_as_reading_everything() {
    let disk = archive();
    for damaged in [false, true] {
        if damaged {
            let mut bytes = disk.bytes(PATHS[2]).unwrap();
            bytes[40] ^= 1;
            disk.set(PATHS[2], &bytes);
        }
        let all = Archive::open(disk.clone(), Settings::default(), None).unwrap().0.checkpoint();
        let (archive, _) =
            Archive::open_to_read_all(disk.clone(), Settings::default(), None).unwrap();
        assert_eq!(archive.checkpoint(), all);
    }
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

/// Run by hand: `cargo test --lib a_million_flipped_bits -- --ignored`.
#[test]
#[ignore = "takes minutes; every bit of a smaller archive is tried above"]
fn a_million_flipped_bits_and_none_goes_unseen() {
    let disk = archive();
    let (mut archive, _) = Archive::open(disk.clone(), Settings::default(), None).unwrap();
    let exchanges = ["a", "b"].map(|name| vec![exchange(name, "page")]);
    archive.append_with(&mut ["a", "b"].map(record), &exchanges, noon("2022-01-19")).unwrap();
    drop_segment(&disk, "2022/01/2022-01-16.jsonl".parse().unwrap()).unwrap();
    assert!(is_clean(&disk));
    let warc = "2022/01/2022-01-19.warc.gz";
    let mut chance = Chance(2022);
    let paths = disk.list().unwrap();
    assert_eq!(paths.len(), 6, "{paths:?}");
    // What no line states opens the file: the program's name and the like.
    let first = disk.bytes("2022/01/2022-01-19.jsonl").unwrap();
    let first = RawRef::of_line(&first).unwrap().unwrap().offset;
    for flip in 0..1_000_000 {
        let path = &paths[usize::try_from(chance.below(6)).unwrap()];
        let mut bytes = disk.bytes(path).unwrap();
        let bits = bytes.len() as u64 * 8;
        let from = if path == warc { first * 8 } else { 0 };
        let bit = usize::try_from(from + chance.below(bits - from)).unwrap();
        bytes[bit / 8] ^= 1 << (bit % 8);
        disk.set(path, &bytes);
        assert!(!is_clean(&disk), "flip {flip}: bit {bit} of {path}");
        bytes[bit / 8] ^= 1 << (bit % 8);
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
    let report = |order: &[usize]| {
        disk.set(path, &order.iter().flat_map(|n| lines[*n]).copied().collect::<Vec<u8>>());
        verify(&disk, None).unwrap()
    };
    let findings = |order: &[usize]| report(order).findings;
    assert!(findings(&[0, 1, 2, 3]).is_empty());
    for order in [&[1, 2, 3][..], &[0, 2, 3], &[0, 1, 1, 2, 3], &[0, 2, 1, 3], &[0, 1, 2, 0, 3]] {
        assert!(!findings(order).is_empty(), "{order:?}");
    }
    assert!(matches!(findings(&[1, 2, 3])[..], [Finding::Beginning { seq: 2 }]));
    for (order, is_gone) in [
        (&[1, 2, 3][..], true),
        (&[0, 2, 3], true),
        (&[0, 3, 1], true),
        (&[0, 1, 1, 2, 3], false),
        (&[0, 2, 1, 3], false),
        (&[0, 2, 3, 1], false),
        (&[0, 3, 1, 2], false),
    ] {
        assert_eq!(report(order).lacks_lines(), is_gone, "{order:?}");
    }

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
    for compression in COMPRESSIONS {
        let disk = SimDisk::new(1, Faithless::default());
        let (mut archive, _) = Archive::open(disk.clone(), Settings::default(), None).unwrap();
        let mut records: Vec<_> = (0..100).map(|n| record(&format!("r{n}"))).collect();
        for (n, record) in records.iter_mut().enumerate() {
            record.text = record.text.as_ref().map(|text| text.repeat(n));
        }
        archive.append(&mut records, noon("2022-01-16")).unwrap();
        let plain = archive.last_positions().to_vec();
        archive.append(&mut [record("last")], noon("2022-01-17")).unwrap();
        let places: Vec<Position> =
            Lines::all(disk.clone()).unwrap().map(|line| line.unwrap().position).collect();
        assert_eq!(places[..100], plain);
        let check = || {
            for (place, record) in plain.iter().zip(&records) {
                assert_eq!(line_at(&disk, *place).unwrap().record().unwrap(), *record);
                assert_eq!(place.to_string().parse(), Ok(*place));
            }
            let inside = Position { offset: plain[5].offset + 1, ..plain[5] };
            assert!(line_at(&disk, inside).is_err());
        };
        check();
        let name = archive.unpacked().unwrap()[0];
        let before = disk.bytes(&name.to_string()).unwrap();
        assert!(before.len() > 200_000, "more than one block");
        pack(&disk, name, compression).unwrap();
        assert_eq!(disk.bytes(&name.to_string()), None);
        check();
        // Other readers see the same.
        let mut unpacked = Vec::new();
        match compression {
            Compression::Gzip => {
                let packed = disk.bytes(&format!("{name}.gz")).unwrap();
                let mut decoder = flate2::read::MultiGzDecoder::new(&packed[..]);
                io::copy(&mut decoder, &mut unpacked).unwrap();
            }
            Compression::Zstd => {
                let packed = disk.bytes(&format!("{name}.zst")).unwrap();
                zstd::stream::copy_decode(&packed[..], &mut unpacked).unwrap();
            }
        }
        assert_eq!(unpacked, before);
    }
}

#[test]
fn a_segment_that_somebody_else_compressed_is_read_as_well() {
    let disk = archive();
    let before: Vec<_> = Lines::all(disk.clone()).unwrap().map(Result::unwrap).collect();
    let path = "2022/01/2022-01-18.jsonl";
    let zstd_path = "2022/01/2022-01-17.jsonl";
    let mut plain = Vec::new();
    let packed = disk.bytes(&format!("{zstd_path}.zst")).unwrap();
    zstd::stream::copy_decode(&packed[..], &mut plain).unwrap();
    disk.set(&format!("{zstd_path}.zst"), &zstd::encode_all(&plain[..], 1).unwrap());
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    io::Write::write_all(&mut encoder, &disk.bytes(path).unwrap()).unwrap();
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

#[test]
fn repairing_loses_no_byte_and_keeps_every_line_whose_checksum_holds() {
    let whole = archive();
    for path in &PATHS[..3] {
        let bytes = whole.bytes(path).unwrap();
        for position in (0..bytes.len()).step_by(97) {
            let disk = archive();
            let mut changed = bytes.clone();
            changed[position] ^= 1;
            disk.set(path, &changed);
            let repaired = repair(&disk, None).unwrap();
            assert_eq!(repaired.rewritten.len(), 1, "{path} at {position}");
            let original = &repaired.rewritten[0].original;
            assert_eq!(disk.bytes(original).unwrap(), changed);
            let lines: Vec<_> = Lines::all(disk.clone()).unwrap().map(Result::unwrap).collect();
            // In a compressed file of one block both lines go with it.
            assert!(lines.len() >= 4, "{path} at {position}: {} lines", lines.len());
            assert_eq!(repaired.report.lines, lines.len() as u64);

            let again = repair(&disk, None).unwrap();
            assert!(again.rewritten.is_empty());
            assert_eq!(again.report.quarantined, repaired.report.quarantined);
        }
    }
    let repaired = repair(&whole, None).unwrap();
    assert!(repaired.rewritten.is_empty() && repaired.report.findings.is_empty());
}

#[test]
fn a_head_that_cannot_be_read_is_set_aside_and_written_anew() {
    let disk = archive();
    disk.set("HEAD", b"{\"seq\":4");
    assert!(!is_clean(&disk));
    let report = repair(&disk, None).unwrap().report;
    assert!(report.findings.is_empty(), "{:?}", report.findings);
    assert_eq!(disk.bytes("HEAD.damaged").unwrap(), b"{\"seq\":4");
}

/// Two closed segments, the first of them compressed, and its plain bytes.
fn compressed() -> (SimDisk, Vec<u8>) {
    let disk = SimDisk::new(1, Faithless::default());
    let (mut archive, _) = Archive::open(disk.clone(), Settings::default(), None).unwrap();
    for day in ["2022-01-16", "2022-01-17", "2022-01-18"] {
        archive.append(&mut ["a", "b", "c"].map(record), noon(day)).unwrap();
    }
    let plain = disk.bytes(DAY).unwrap();
    pack(&disk, DAY.parse().unwrap(), Compression::Gzip).unwrap();
    (disk, plain)
}

const DAY: &str = "2022/01/2022-01-16.jsonl";
const DAY_GZ: &str = "2022/01/2022-01-16.jsonl.gz";

#[test]
fn a_part_of_a_segment_unpacked_beside_it_never_takes_its_place() {
    let (whole, plain) = compressed();
    let packed = whole.bytes(DAY_GZ).unwrap();
    let second = plain.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    // Nothing, a line, cut inside a line, and one damaged byte.
    let mut changed = plain.clone();
    changed[second + 9] ^= 1;
    for part in [&plain[..0], &plain[..second], &plain[..second + 99], &changed] {
        let (disk, _) = compressed();
        disk.set(DAY, part);
        pack(&disk, DAY.parse().unwrap(), Compression::Gzip).unwrap();
        assert_eq!(disk.bytes(DAY_GZ).as_ref(), Some(&packed));
        assert_eq!(disk.bytes(DAY), None);
        assert_eq!(disk.bytes("2022/01/2022-01-16.damaged").unwrap(), part);
        assert!(is_clean(&disk));
    }
    // Retention and repairing look at the same.
    let (disk, _) = compressed();
    disk.set(DAY, &plain[..second]);
    let repaired = repair(&disk, None).unwrap();
    assert_eq!(repaired.set_aside, ["2022/01/2022-01-16.damaged"]);
    assert!(repaired.report.findings.is_empty() && repaired.rewritten.is_empty());
    disk.set(DAY, &plain[..second]);
    drop_segment(&disk, DAY.parse().unwrap()).unwrap();
    assert_eq!(verify(&disk, None).unwrap().dropped, 3);
}

#[test]
fn a_damaged_compressed_file_is_kept_where_the_plain_one_beside_it_is_whole() {
    let (disk, plain) = compressed();
    let mut packed = disk.bytes(DAY_GZ).unwrap();
    packed[99] ^= 1;
    disk.set(DAY_GZ, &packed);
    disk.set(DAY, &plain);
    pack(&disk, DAY.parse().unwrap(), Compression::Gzip).unwrap();
    assert_eq!(disk.bytes("2022/01/2022-01-16.gz.damaged").unwrap(), packed);
    assert!(is_clean(&disk));
}

#[test]
fn two_sound_files_with_other_lines_and_a_damaged_plain_one_are_left_alone() {
    let (disk, plain) = compressed();
    let other = SimDisk::new(1, Faithless::default());
    let (mut archive, _) = Archive::open(other.clone(), Settings::default(), None).unwrap();
    archive.append(&mut ["x", "y", "z"].map(record), noon("2022-01-16")).unwrap();
    let foreign = other.bytes(DAY).unwrap();
    for (path, plain) in [(DAY, foreign), ("2022/01/2022-01-17.jsonl", plain[..99].to_vec())] {
        disk.set(path, &plain);
        let before = disk.list().unwrap();
        assert!(pack(&disk, path.parse().unwrap(), Compression::Gzip).is_err());
        assert_eq!((disk.list().unwrap(), disk.bytes(path).unwrap()), (before, plain));
    }
}

#[test]
fn line_ends_of_another_system_are_mended_and_every_record_stays() {
    let (disk, plain) = compressed();
    let path = "2022/01/2022-01-18.jsonl";
    let text = String::from_utf8(disk.bytes(path).unwrap()).unwrap();
    disk.set(path, text.replace('\n', "\r\n").as_bytes());
    assert!(!is_clean(&disk));
    let repaired = repair(&disk, None).unwrap();
    assert_eq!((repaired.rewritten[0].line_ends, repaired.rewritten[0].lines), (3, 3));
    assert!(repaired.report.findings.is_empty() && !plain.is_empty());
    assert_eq!(disk.bytes(path).unwrap(), text.as_bytes());
}

#[test]
fn noise_is_one_finding_and_what_is_taken_out_is_counted() {
    let (disk, _) = compressed();
    let path = "2022/01/2022-01-18.jsonl";
    let mut bytes = disk.bytes(path).unwrap();
    let sound = bytes.len();
    bytes.extend((0..9000).map(|n| if n % 7 == 0 { b'\n' } else { 0xF5 }));
    disk.set(path, &bytes);
    let findings = verify(&disk, None).unwrap().findings;
    let [Finding::Damage(noise)] = &findings[..] else { panic!("{findings:?}") };
    assert_eq!((noise.position.offset, noise.bytes), (sound as u64, 9000));
    let rewritten = repair(&disk, None).unwrap().rewritten.remove(0);
    assert!(rewritten.at_end);
    let words = format!("{path}:{sound} (9000 bytes): does not end with seq, prev and crc");
    assert_eq!(rewritten.removed.iter().map(ToString::to_string).collect::<Vec<_>>(), [words]);
    assert!(is_clean(&disk));
}

#[test]
fn a_missing_head_is_written_anew_and_states_the_last_closed_line() {
    let (disk, _) = compressed();
    let head = disk.bytes("HEAD").unwrap();
    for damage in [None, Some(&head[..9])] {
        disk.forget("HEAD");
        if let Some(bytes) = damage {
            disk.set("HEAD", bytes);
        }
        assert!(!is_clean(&disk));
        assert!(repair(&disk, None).unwrap().report.findings.is_empty());
        assert_eq!(disk.bytes("HEAD").unwrap(), head);
    }
}

#[test]
fn a_gap_says_how_many_lines_are_missing_and_a_place_names_the_file_that_is_there() {
    let (disk, _) = compressed();
    let path = "2022/01/2022-01-17.jsonl";
    let bytes = disk.bytes(path).unwrap();
    let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    disk.set(path, lines[2]);
    pack(&disk, path.parse().unwrap(), Compression::Gzip).unwrap();
    let words: Vec<String> =
        verify(&disk, None).unwrap().findings.iter().map(ToString::to_string).collect();
    let told = "2022/01/2022-01-17.jsonl.gz: unpacked byte 0 (";
    assert!(words[0].starts_with(told), "{words:?}");
    assert!(words[0].ends_with("its seq is 6, not 4: 2 lines are missing before it"), "{words:?}");
}

/// A disk on which something happens when it is asked for the `left`-th time.
#[derive(Clone)]
struct Meanwhile {
    disk: SimDisk,
    left: Rc<Cell<usize>>,
    act: fn(&SimDisk),
}

impl Meanwhile {
    fn tick(&self) {
        if let Some(left) = self.left.get().checked_sub(1) {
            self.left.set(left);
            if left == 0 {
                (self.act)(&self.disk);
            }
        }
    }
}

impl Disk for Meanwhile {
    type File = <SimDisk as Disk>::File;
    type Lock = <SimDisk as Disk>::Lock;

    fn lock(&self, path: &str) -> io::Result<Result<Self::Lock, Option<u32>>> {
        self.disk.lock(path)
    }

    fn list(&self) -> io::Result<Vec<String>> {
        self.tick();
        self.disk.list()
    }

    fn open(&self, path: &str) -> io::Result<Self::File> {
        self.tick();
        self.disk.open(path)
    }

    fn open_to_write(&self, path: &str) -> io::Result<Self::File> {
        self.disk.open_to_write(path)
    }

    fn create(&self, path: &str) -> io::Result<Self::File> {
        self.disk.create(path)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.disk.rename(from, to)
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        self.disk.remove(path)
    }

    fn create_folder(&self, path: &str) -> io::Result<()> {
        self.disk.create_folder(path)
    }

    fn sync_folder(&self, path: &str) -> io::Result<()> {
        self.disk.sync_folder(path)
    }
}

/// Three days with a page each, all but the last closed.
fn with_pages() -> SimDisk {
    let disk = SimDisk::new(1, Faithless::default());
    let (mut archive, _) = Archive::open(disk.clone(), Settings::default(), None).unwrap();
    for day in ["2022-01-16", "2022-01-17", "2022-01-18"] {
        let mut records = [record(day), record(&format!("{day}-2"))];
        archive.append_with(&mut records, &[vec![exchange(day, day)]], noon(day)).unwrap();
    }
    disk
}

#[test]
fn what_is_compressed_or_dropped_while_it_is_read_is_found_where_it_is_by_then() {
    let compress = |disk: &SimDisk| {
        for day in [DAY, "2022/01/2022-01-17.jsonl"] {
            pack(disk, day.parse().unwrap(), Compression::Gzip).unwrap();
        }
    };
    let drop = |disk: &SimDisk| {
        for day in [DAY, "2022/01/2022-01-17.jsonl"] {
            drop_segment(disk, day.parse().unwrap()).unwrap();
        }
    };
    let acts: [fn(&SimDisk); 2] = [compress, drop];
    for (is_dropping, act) in [false, true].into_iter().zip(acts) {
        for n in 1.. {
            let [verified, read] = [(); 2].map(|()| Meanwhile {
                disk: with_pages(),
                left: Rc::new(Cell::new(n)),
                act,
            });
            let report = verify(&verified, None).unwrap();
            assert!(report.findings.is_empty(), "{is_dropping}, {n}: {report:#?}");
            assert_eq!(report.lines + report.dropped, 6, "{is_dropping}, {n}");
            let lines = Lines::all(read.clone()).unwrap().map(|line| line.unwrap().seq);
            let lines: Vec<u32> = lines.collect();
            let first = if is_dropping { 5 } else { 1 };
            assert!((first..=6).all(|seq| lines.contains(&seq)), "{n}: {lines:?}");
            if verified.left.get() > 0 {
                assert!(n > 8, "{n}");
                break;
            }
        }
    }
}
