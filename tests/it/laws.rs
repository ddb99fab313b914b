//! The laws that the fuzzer looks for breaches of, held against the fixtures, what was made of them,
//! and what has once broken them.

use std::{fs, path::Path};

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

#[test]
fn what_has_once_broken_a_law_keeps_it() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/broken");
    let mut files = 0;
    for (name, law) in LAWS {
        for file in fs::read_dir(folder.join(name)).into_iter().flatten() {
            let file = file.unwrap().path();
            println!("{}", file.display());
            law(&fs::read(file).unwrap());
            files += 1;
        }
    }
    assert!(files > 0);
}
