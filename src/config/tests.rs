//! The shipped files are what the types say, and every fault is told where it is.

mod shipped;

use std::{collections::BTreeMap, path::Path};

use super::*;

fn nowhere() -> LoadOptions {
    LoadOptions { cwd: "/nonexistent".into(), ..LoadOptions::default() }
}

#[test]
fn the_built_in_configuration_is_the_shipped_folder() {
    let built_in = load(&nowhere()).unwrap();
    let shipped = LoadOptions { cwd: env!("CARGO_MANIFEST_DIR").into(), ..nowhere() };
    let shipped = load(&shipped).unwrap();
    assert_eq!(built_in.config.settings, Settings::default());
    assert_eq!(hash(&built_in.config), hash(&shipped.config));
    assert_eq!(diff(&built_in.config, &shipped.config), []);
    assert_eq!(
        shipped.paths.config.as_deref(),
        Some(&*Path::new(env!("CARGO_MANIFEST_DIR")).join("config"))
    );
}

#[test]
fn the_shipped_feeds_are_in_27_languages() {
    let loaded = load(&nowhere()).unwrap();
    let languages: std::collections::BTreeSet<_> =
        loaded.config.feeds.iter().filter_map(|feed| feed.language.as_deref()).collect();
    assert_eq!(loaded.config.feeds.len(), 110);
    assert_eq!(languages.len(), 27, "{languages:?}");
}

fn read_with(settings: &str, feeds: &str, env: &[(&str, &str)]) -> Result<Config, Report> {
    let files = Files {
        settings: Document::new("config/newswatch.toml", settings),
        feeds: Document::new("config/feeds.toml", feeds),
        topics: Vec::new(),
        sites: Vec::new(),
    };
    let env: BTreeMap<String, String> =
        env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    config(files, &env, &[])
}

#[test]
fn all_faults_of_two_files_and_the_environment_are_told_at_once() {
    let settings = "[schedul]\n[schedule]\nintervall = \"30m\"\nfloor = 15\nceiling = \"1w\"\n\
        concurrency = 3\n[limits]\nredirects = 99\nmax_page_size = \"5 MB\"\n[archive]\n\
        compression = \"gzp\"\n[network]\nallow = [\"10.0.0.0/8\", \"10.0.0.0/33\"]\n[log]\nlevel = true\n";
    let feeds = "[[feed]]\nid = \"one\"\nurl = \"https://example.org/rss\"\ntag = []\n\n\
        [[feed]]\nid = \"one\"\nurl = \"https://example.org/rss\"\ninterval = \"5m\"\n\n\
        [[feed]]\nurl = \"ftp://example.org\"\nzone = \"+06\"\nlanguage = \"Русский\"\n";
    let env = [("NEWSWATCH__SCHEDULE__FLOOR", "5x"), ("NEWSWATCH__LIMITS__CONCURENCY", "4")];
    let report = read_with(settings, feeds, &env).unwrap_err();
    insta::assert_snapshot!(report.render(false));
}
