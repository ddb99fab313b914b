//! The laws that the fuzzer looks for breaches of, held against the fixtures and against what has once
//! broken them.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::fuzz;

type Law = fn(&[u8]);

const LAWS: [(&str, Law); 9] = [
    ("feeds", fuzz::feeds),
    ("pages", fuzz::pages),
    ("robots", fuzz::robots),
    ("archive", fuzz::archive),
    ("topics", fuzz::topics),
    ("urls", fuzz::urls),
    ("config", fuzz::config),
    ("headers", fuzz::headers),
    ("wire", fuzz::wire),
];

/// What each law is held against besides what has once broken it: folders and files of the project,
/// and whether each line or cell of a file is an input of its own.
const INPUTS: [(&str, &[&str], bool); 9] = [
    ("feeds", &["tests/fixtures/pages", "tests/fixtures/broken/feeds"], false),
    ("pages", &["tests/fixtures/pages"], false),
    ("robots", &["tests/fixtures/broken/robots"], false),
    ("archive", &["tests/fixtures/archive"], true),
    ("topics", &["config/topics"], false),
    ("urls", &["tests/fixtures/addresses.tsv", "tests/fixtures/broken/urls"], true),
    ("config", &["config/newswatch.toml", "config/feeds.toml", "config/alerts.toml"], false),
    ("headers", &["tests/fixtures/addresses.tsv"], true),
    ("wire", &["tests/fixtures/pages"], false),
];

fn files(path: &Path) -> Vec<PathBuf> {
    if path.is_file() {
        return vec![path.to_owned()];
    }
    let entries = fs::read_dir(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file()).collect()
}

#[test]
fn the_laws_hold_for_the_fixtures() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (name, law) in LAWS {
        let (_, folders, in_pieces) = INPUTS.iter().find(|(of, ..)| *of == name).unwrap();
        let mut inputs = 0;
        for (at, file) in folders.iter().flat_map(|folder| files(&root.join(folder))).enumerate() {
            println!("{name}: {}", file.display());
            let bytes = fs::read(file).unwrap();
            let pieces: Vec<&[u8]> = if *in_pieces {
                bytes.split(|byte| matches!(byte, b'\n' | b'\t')).collect()
            } else {
                vec![&bytes]
            };
            for piece in pieces {
                // The first byte of a configuration says which of its files it is.
                let which = if name == "config" { at.to_string() } else { String::new() };
                law(&[which.as_bytes(), piece].concat());
                inputs += 1;
            }
        }
        assert!(inputs > 0, "nothing is held to the law {name}");
    }
}

#[test]
fn what_has_once_broken_a_law_keeps_it() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/broken");
    let mut files = 0;
    for (name, law) in LAWS {
        // Not every law has been broken.
        for file in fs::read_dir(folder.join(name)).into_iter().flatten() {
            let file = file.unwrap().path();
            println!("{}", file.display());
            law(&fs::read(file).unwrap());
            files += 1;
        }
    }
    assert!(files > 0);
}
