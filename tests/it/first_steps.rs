//! What somebody meets who tries newswatch for the first time.

use std::fs;

use crate::support::workspace::{QUICK, Ran, Workspace};

#[test]
fn before_the_first_run_the_state_is_said_to_be_missing_and_nothing_else() {
    let workspace = Workspace::new(QUICK);
    let ran = workspace.run(&["status", "--check"]).expect(&[1]);
    assert!(ran.stderr.starts_with("newswatch: nothing was polled yet"), "{ran:#?}");
    let ran = workspace.run(&["status"]).expect(&[0]);
    assert!(ran.stdout.starts_with("nothing was polled yet"), "{ran:#?}");
}

#[test]
fn a_folder_whose_name_is_no_utf_8_is_worked_in_and_told() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt as _};
    let workspace = Workspace::new(QUICK);
    let folder = workspace.path().join(OsStr::from_bytes(b"caf\xe9"));
    fs::create_dir(&folder).unwrap();
    fs::rename(workspace.path().join("config"), folder.join("config")).unwrap();
    fs::write(folder.join("config/feeds.toml"), "").unwrap();
    let run = |args: &[&str]| {
        let ran = workspace.command(args).current_dir(&folder).output().unwrap();
        Ran::of(ran).expect(&[0]).stdout
    };
    run(&["once"]);
    let json = |args: &[&str]| serde_json::from_str::<serde_json::Value>(&run(args)).unwrap();
    let paths = json(&["paths", "--json"]);
    let archive = paths["archive"].as_str().unwrap();
    assert!(archive.ends_with("/caf\u{fffd}/archive"), "{paths}");
    assert_eq!(json(&["status", "--json"])["archive"]["folder"], archive);
    for args in [&["check", "--json"][..], &["archive", "verify", "--json"]] {
        assert!(json(args).is_object());
    }
}

#[test]
fn rules_drafted_from_a_file_say_that_the_host_is_missing() {
    let workspace = Workspace::new(QUICK);
    let words = "There are some words of an article in this paragraph, and some more. ".repeat(8);
    let page = format!(
        "<html><head><title>The headline</title></head><body><article><h1>The headline</h1>\
         <p>{words}</p><p>Here too. {words}</p></article></body></html>"
    );
    workspace.write("page.html", &page);
    let ran = workspace.run(&["site", "new", "page.html"]).expect(&[0]);
    for told in [&ran.stderr, &ran.stdout] {
        assert!(told.contains("write the site's for file.invalid"), "{ran:#?}");
    }
    let rules: toml::Table = ran.stdout.parse().unwrap();
    assert_eq!(rules["host"].as_str(), Some("file.invalid"));
}

#[test]
fn a_fault_is_told_as_the_readme_shows_it() {
    let readme = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let (_, rest) = readme.split_once("```text\nerror:").unwrap();
    let (sample, _) = rest.split_once("```").unwrap();
    let workspace = Workspace::new(QUICK);
    let feed = "\n[[feed]]\nid = \"astana-times\"\nurl = \"https://astanatimes.com/feed/\"\n\
                language = \"en\"\nintervall = \"20m\"\n";
    workspace.write("config/feeds.toml", feed);
    let ran = workspace.run(&["check"]).expect(&[78]);
    assert_eq!(ran.stderr.trim_end(), format!("error:{}", sample.trim_end()));
}

#[test]
fn feeds_that_nobody_has_chosen_are_called_built_in() {
    let workspace = Workspace::new(QUICK);
    let said = |workspace: &Workspace| workspace.run(&["check"]).expect(&[0]).stdout;
    assert!(said(&workspace).contains(" built-in feeds ("), "{}", said(&workspace));
    workspace.write("config/feeds.toml", "[[feed]]\nid = \"a\"\nurl = \"https://a.example/rss\"\n");
    assert!(said(&workspace).contains(": 1 feed (1 enabled)"), "{}", said(&workspace));
}

#[test]
fn a_state_that_may_not_be_looked_at_is_not_said_to_be_missing() {
    let workspace = Workspace::new(QUICK);
    // What leads to itself is closed to root, too.
    std::os::unix::fs::symlink("state", workspace.path().join("state")).unwrap();
    for args in [&["status"][..], &["status", "--check"]] {
        let ran = workspace.run(args).expect(&[1]);
        assert!(ran.stderr.starts_with("newswatch: cannot read "), "{ran:#?}");
    }
}

#[test]
fn an_empty_variable_names_no_configuration() {
    let workspace = Workspace::new(QUICK);
    fs::create_dir(workspace.path().join("other")).unwrap();
    fs::write(workspace.path().join("other/feeds.toml"), "").unwrap();
    for (named, taken) in [("", "config"), ("other", "other")] {
        let mut command = workspace.command(&["paths"]);
        let ran = Ran::of(command.env("NEWSWATCH_CONFIG", named).output().unwrap()).expect(&[0]);
        let line = ran.stdout.lines().next().unwrap();
        assert!(line.ends_with(&format!("/{taken}")), "{named:?}: {ran:#?}");
    }
}

#[test]
fn a_check_says_where_archive_and_state_are() {
    let workspace = Workspace::new(QUICK);
    fs::rename(workspace.path().join("config"), workspace.path().join("second")).unwrap();
    let said = workspace.run(&["check", "--config", "second"]).expect(&[0]).stdout;
    let lines: Vec<_> = said.lines().skip(1).collect();
    let folder = workspace.path().join("second");
    let expected = ["archive", "state"].map(|it| format!("{it:7} {}", folder.join(it).display()));
    assert_eq!(lines, expected);
}
