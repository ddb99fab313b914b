//! Feeds of many languages, encodings and formats are read as they were written; and the floors of
//! reading, on the development data beside the project where it is there.

use std::{collections::BTreeSet, fs, path::Path};

use super::{
    mutate::Mutator,
    score::{self, Case, Tally},
};

/// The project's own feeds.
fn own() -> Vec<Case> {
    score::cases(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/feeds"))
}

#[test]
fn the_feeds_of_the_project_are_read_as_they_were_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/feeds");
    let there = fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name());
    let there: BTreeSet<String> = there.map(|name| name.into_string().unwrap()).collect();
    let cases = own();
    let mut expected: BTreeSet<String> = cases.iter().map(|case| case.file.clone()).collect();
    expected.insert("expected.json".to_owned());
    assert_eq!(there, expected, "each file says what it should give");
    let tally = Tally::of(&cases);
    assert_eq!(tally.right, tally.files, "{:#?}", tally.wrong);
}

#[expect(clippy::print_stdout, reason = "says why nothing is tested")]
fn cases(part: &str) -> Vec<Case> {
    let folder = score::development_data().join(part);
    let cases = score::cases(&folder);
    if cases.is_empty() {
        println!("skipped: {} is not there", Path::new("shared/bench/feeds").join(part).display());
    }
    cases
}

#[test]
fn synthetic_feeds_are_read_as_they_were_made() {
    let cases = cases("synthetic");
    let tally = Tally::of(&cases);
    assert_eq!(tally.must_right, tally.must_files, "{:#?}", tally.wrong);
    // 140 of the 147 files of the development data.
    assert!(tally.right * 147 >= tally.files * 140, "{:#?}", tally.wrong);
}

#[test]
fn collected_feeds_are_read_as_other_readers_agree() {
    let cases = cases("collected");
    let tally = Tally::of(&cases);
    // 720 of the 737 files of the development data.
    assert!(tally.right * 737 >= tally.files * 720, "{:#?}", tally.wrong);
}

/// The long run is `cargo bench --bench feeds -- --mutate 10000000`.
#[test]
fn damaged_feeds_are_read_without_a_panic() {
    let mut cases = own();
    cases.extend(self::cases("synthetic"));
    let mut mutator = Mutator::new(20_220_116);
    for case in cases.iter().cycle().take(1500) {
        let other = &cases[usize::try_from(mutator.below(cases.len() as u64)).unwrap()];
        let bytes = mutator.mutate(&case.bytes, &other.bytes);
        score::read_anything(&bytes, case.content_type.as_deref(), &case.base);
    }
}
