//! The code is laid out as ARCHITECTURE.md says.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub(crate) fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.ends_with("target") {
            // What the peers' benchmark was built to.
        } else if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

/// The names that follow `crate::` in code, whether alone or first in a braced list.
fn imports(code: &str) -> BTreeSet<String> {
    let code: String = code
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n");
    let mut names = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        let (mut depth, mut name, mut in_path) = (0, String::new(), false);
        for c in rest.chars() {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            if depth <= 1 && (c.is_alphanumeric() || c == '_') {
                name.push(c);
                continue;
            }
            if !name.is_empty() && !in_path {
                names.insert(name.clone());
            }
            name.clear();
            // What follows a colon belongs to the name before it, until a comma.
            in_path = (in_path || c == ':') && c != ',';
            if depth == 0 {
                break;
            }
        }
    }
    names
}

/// What each module may import: `None` for anything.
fn table() -> BTreeMap<String, Option<BTreeSet<String>>> {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let rows = text.lines().skip_while(|line| !line.starts_with("| module |")).skip(2);
    let rows = rows.take_while(|line| line.starts_with('|'));
    let names = |cell: &str| -> BTreeSet<String> {
        cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    };
    rows.map(|row| {
        let cells: Vec<&str> = row.split('|').collect();
        let allowed = (!cells[3].contains("anything")).then(|| names(cells[3]));
        (names(cells[1]).pop_first().unwrap(), allowed)
    })
    .collect()
}

#[test]
fn modules_import_what_the_architecture_says_and_nothing_else() {
    let table = table();
    let library = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let modules: BTreeSet<&str> = library
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'))
        .collect();
    assert_eq!(modules, table.keys().map(String::as_str).collect());
    for (module, allowed) in &table {
        let mut files = Vec::new();
        let folder = root().join("src").join(module);
        if folder.is_dir() {
            rust_files(&folder, &mut files);
        } else {
            files.push(folder.with_extension("rs"));
        }
        // Tests may look at a stage's neighbours.
        files.retain(|file| {
            !file.components().any(|part| part.as_os_str().to_str().unwrap().starts_with("tests"))
        });
        let mut used = BTreeSet::new();
        for file in files {
            used.extend(imports(&fs::read_to_string(file).unwrap()));
        }
        used.retain(|name| name != module && modules.contains(name.as_str()));
        if let Some(allowed) = allowed {
            assert_eq!(&used, allowed, "imports of {module}: the code left, the table right");
        }
    }
}

#[test]
fn every_file_opens_with_what_it_is() {
    let mut files = Vec::new();
    for folder in ["src", "tests", "benches"] {
        rust_files(&root().join(folder), &mut files);
    }
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.starts_with("//! "), "{} does not open with //!", file.display());
    }
}
