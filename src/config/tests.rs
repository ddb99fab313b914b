//! Every fault is told where it is; layers and places come in their order.
#![expect(clippy::disallowed_methods, reason = "test: lays out folders to be found")]

use std::{
    collections::BTreeMap, fs, os::unix::fs::PermissionsExt as _, path::Path, time::Duration,
};

use proptest::prelude::*;

use super::{
    Config, Document, Files, LoadOptions, Report, Settings, diff, hash, load, place, read, rules,
    unit,
};

fn files(settings: &str, feeds: &str) -> Files {
    Files {
        settings: Document::new("config/newswatch.toml", settings),
        alerts: Document::new("alerts.toml", ""),
        feeds: Document::new("config/feeds.toml", feeds),
        topics: Vec::new(),
        sites: Vec::new(),
    }
}

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn check(settings: &str, feeds: &str, env: &[(&str, &str)]) -> Result<Config, Report> {
    read(files(settings, feeds), &map(env), &[])
}

fn faults(settings: &str, feeds: &str, env: &[(&str, &str)]) -> String {
    check(settings, feeds, env).unwrap_err().render(false)
}

const FEED: &str = "[[feed]]\nid = \"one\"\nurl = \"https://example.org/rss\"\n";

#[test]
fn all_faults_of_two_files_and_the_environment_are_told_at_once() {
    let settings = "[schedul]\n[schedule]\nintervall = \"30m\"\nfloor = 15\nceiling = \"1w\"\n\
        concurrency = 3\n[limits]\nredirects = 99\nmax_page_size = \"5 MB\"\n[archive]\n\
        compression = \"gzp\"\n[network]\nallow = [\"10.0.0.0/8\", \"10.0.0.0/33\"]\n\
        [log]\nlevel = true\n";
    let feeds = "[[feed]]\nid = \"one\"\nurl = \"https://example.org/rss\"\ntag = []\n\n\
        [[feed]]\nid = \"one\"\nurl = \"https://example.org/rss\"\ninterval = \"5m\"\n\n\
        [[feed]]\nurl = \"ftp://example.org\"\nzone = \"+06\"\nlanguage = \"Русский\"\n";
    let env = [("NEWSWATCH__SCHEDULE__FLOOR", "5x"), ("NEWSWATCH__LIMITS__CONCURENCY", "4")];
    insta::assert_snapshot!(faults(settings, feeds, &env));
}

#[test]
fn broken_toml_is_told_with_the_faults_around_it() {
    insta::assert_snapshot!(faults(
        "[schedule]\ninterval = \"30m\ninterval = \"1h\"\nfloor 15m\n[limit]\n[log\nlevel = \"inf\"\n",
        "[[feed]]\nid = one\nurl = \"https://example.org/\"\n[[feed]]\nid = \"two\"\nid = \"three\"\n",
        &[]
    ));
}

#[test]
fn what_stands_in_the_wrong_place_is_told_its_own() {
    insta::assert_snapshot!(faults(
        "interval = \"1h\"\nlog = \"debug\"\n[[feed]]\nid = \"a\"\n[[schedule]]\n",
        "[feed]\nid = \"a\"\n[schedule]\ninterval = \"1h\"\n",
        &[]
    ));
}

#[test]
fn values_that_contradict_each_other_are_told_where_they_are_written() {
    insta::assert_snapshot!(faults(
        "[schedule]\ninterval = \"5m\"\n[limits]\nconnect_timeout = \"0s\"\nmax_page_size = \"0B\"\n",
        &format!("{FEED}floor = \"2d\"\n"),
        &[("NEWSWATCH__LIMITS__TOTAL_TIMEOUT", "5s"), ("NEWSWATCH__SCHEDULE__CEILING", "10m")]
    ));
}

#[test]
fn topics_and_sites_are_checked_with_the_rest() {
    let mut files = files("", FEED);
    files.topics = vec![Document::new("topics/a.toml", "[topic]\nid = \"a\"\nnam = \"A\"\n")];
    files.sites = vec![
        Document::new("sites/a.toml", "host = \"a.org\"\nbody = [\"p[\"]\n"),
        Document::new("sites/b.toml", "host = \"b.org\"\n"),
        Document::new("sites/c.toml", "zone = \"Asia/Almaty\"\nhost = \"b.org\"\n"),
    ];
    insta::assert_snapshot!(read(files, &BTreeMap::new(), &[]).unwrap_err().render(false));
}

#[test]
fn what_is_probably_not_meant_is_a_warning() {
    let config = check("", &format!("{FEED}enabled = false\n"), &[]).unwrap();
    insta::assert_snapshot!(config.warnings().unwrap().render(false));
}

#[test]
fn what_strangers_would_block_us_for_is_a_warning() {
    let warned = |settings: &str, feeds: &str| {
        let settings = format!(
            "[politeness]\ncontact = \"https://example.org/\"\n{settings}[topic]\nkeep = \"everything\"\n"
        );
        let warnings = check(&settings, feeds, &[]).unwrap().warnings();
        warnings.map(|warnings| warnings.places()).unwrap_or_default()
    };
    let own = "[[feed]]\nid = \"own\"\nurl = \"http://10.1.2.3/rss\"\n";
    let allow = "[network]\nallow = [\"10.1.2.0/24\"]\n";
    assert_eq!(warned("delay = \"1s\"\n", FEED), "");
    for delay in ["0s", "999ms"] {
        let delay = format!("delay = {delay:?}\n");
        assert!(warned(&delay, FEED).contains("`delay`"), "{delay}");
        assert!(warned(&delay, own).contains("`delay`"), "{delay}");
        // Whoever asks hosts of their own alone knows what they bear.
        assert_eq!(warned(&format!("{delay}{allow}"), own), "", "{delay}");
        let both = format!("{own}{FEED}");
        assert!(warned(&format!("{delay}{allow}"), &both).contains("`delay`"), "{delay}");
    }
    let floor = "[schedule]\nfloor = \"1ms\"\n";
    assert!(warned(floor, FEED).contains("the `floor` of one is 1ms"));
    assert_eq!(warned(&format!("{floor}{allow}"), own), "");
    assert!(warned("", &format!("{FEED}floor = \"30s\"\n")).contains("the `floor` of one is 30s"));
    for all in ["0.0.0.0/0", "::/0"] {
        let allow = format!("[network]\nallow = [{all:?}]\n");
        assert!(warned(&allow, FEED).contains(&format!("has {all}")), "{all}");
    }
}

#[test]
fn numbers_are_given_to_other_machines_only_where_that_is_said() {
    let of =
        |more: &str| check(&format!("[metrics]\nlisten = \"0.0.0.0:9464\"\n{more}"), FEED, &[]);
    let refused = of("").unwrap_err().places();
    assert!(refused.contains("beyond_loopback = true"), "{refused}");
    assert!(of("beyond_loopback = true\n").is_ok());
}

#[test]
fn archive_and_state_are_folders_of_their_own() {
    let root = tempfile::tempdir().unwrap();
    let config = root.path().join("config");
    fs::create_dir(&config).unwrap();
    fs::write(config.join("newswatch.toml"), "").unwrap();
    fs::write(root.path().join("file"), "").unwrap();
    fs::create_dir(root.path().join("kept")).unwrap();
    std::os::unix::fs::symlink(root.path().join("kept"), root.path().join("link")).unwrap();
    let refused = |archive: &str, state: &str| {
        let flag = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        let flags = vec![flag("archive.folder", archive), flag("state.folder", state)];
        let options = LoadOptions { cwd: root.path().to_owned(), flags, ..LoadOptions::default() };
        load(&options).err().map(|report| report.places())
    };
    for (archive, state) in
        [("archive", "state"), ("kept/a", "kept/b"), ("config/archive", "state")]
    {
        assert_eq!(refused(archive, state), None, "{archive} {state}");
    }
    for (archive, state, words) in [
        ("kept", "kept", "the same folder"),
        ("kept", "link", "the same folder"),
        ("kept", "other/../kept/state", "`state.folder` lies in it"),
        ("state/archive", "state", "`archive.folder` lies in it"),
        ("config", "state", "the configuration is the same folder"),
        ("archive", ".", "lies in it"),
        ("/dev/null", "state", "no folder"),
        ("archive", "file/state", "no folder"),
    ] {
        let told = refused(archive, state).unwrap_or_default();
        assert!(told.contains(words), "{archive} {state}: {told}");
    }
}

#[test]
fn a_wrong_variable_is_told_by_its_name() {
    insta::assert_snapshot!(faults(
        "",
        FEED,
        &[
            ("NEWSWATCH__LIMITS__CONCURRENCY", "many"),
            ("NEWSWATCH__NETWORK__ALLOW", "10.0.0.0/8, 10.1"),
            ("NEWSWATCH__POLITENESS__CONTACT", ""),
            ("NEWSWATCH__POLITENESS__ROBOTS_FOR_FEEDS", "yes"),
            ("NEWSWATCH__SCHEDULE", "30m"),
            ("NEWSWATCH__SHEDULE__INTERVAL", "30m"),
        ]
    ));
}

#[test]
fn a_report_gives_programs_file_line_column_and_help() {
    let report = check("[log]\n  levl = \"info\"\n", FEED, &[]).unwrap_err();
    let faults: Vec<_> = report.faults().collect();
    let json = serde_json::to_string(&faults).unwrap();
    assert_eq!(
        json,
        r#"[{"file":"config/newswatch.toml","line":2,"column":3,"message":"unknown key `levl`","help":"did you mean `level`?"}]"#
    );
}

#[test]
fn a_flag_overrides_the_environment_and_it_the_file_and_it_the_default() {
    let text = "[schedule]\ninterval = \"1h\"\nfloor = \"20m\"\nceiling = \"2d\"\n";
    let env = [
        ("NEWSWATCH__SCHEDULE__INTERVAL", "2h"),
        ("NEWSWATCH__SCHEDULE__CEILING", "3d"),
        ("NEWSWATCH__NETWORK__ALLOW", "10.0.0.0/8,fd00::/8"),
        ("NEWSWATCH__TOPIC__JUDGE_BEFORE_FETCH", "true"),
        ("NEWSWATCH__LIMITS__REDIRECTS", "3"),
        ("NEWSWATCH_CONFIG", "not a setting"),
    ];
    let flags = [("schedule.interval".to_owned(), "3h".to_owned())];
    let settings = read(files(text, FEED), &map(&env), &flags).unwrap().settings;
    let hours = |hours| Duration::from_hours(hours);
    assert_eq!(settings.schedule.interval, hours(3));
    assert_eq!(settings.schedule.ceiling, hours(72));
    assert_eq!(settings.schedule.floor, Duration::from_mins(20));
    assert_eq!(settings.schedule.floor_without_validators, hours(1));
    assert_eq!(settings.network.allow.len(), 2);
    assert!(settings.topic.judge_before_fetch);
    assert_eq!(settings.limits.redirects, 3);
}

#[test]
fn a_list_is_given_by_commas_or_as_the_file_has_it() {
    let of = |value: &str| {
        let flags = [("network.allow".to_owned(), value.to_owned())];
        read(files("", FEED), &BTreeMap::new(), &flags).map(|config| config.settings.network.allow)
    };
    let two = of("10.0.0.0/8, fd00::/8").unwrap();
    assert_eq!(two.len(), 2);
    for same in
        [r#"["10.0.0.0/8", "fd00::/8"]"#, "['10.0.0.0/8','fd00::/8',]", "10.0.0.0/8,fd00::/8"]
    {
        assert_eq!(of(same).unwrap(), two, "{same}");
    }
    assert!(of("[]").unwrap().is_empty());
    let report = of(r#"["10.0.0.0/8", "10.1"]"#).unwrap_err().render(false);
    assert!(report.contains("command line:1:30"), "{report}");
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_are_read() {
    let config = check("\u{feff}[log]\r\nlevel = \"warn\"\r\n", FEED, &[]).unwrap();
    assert_eq!(config.settings.log.level, super::Level::Warn);
}

#[test]
fn folders_lie_where_the_configuration_says_wherever_the_program_is_started() {
    let env = map(&[("HOME", "/home/a")]);
    let xdg = map(&[("HOME", "/home/a"), ("XDG_CONFIG_HOME", "/c"), ("XDG_DATA_HOME", "/d")]);
    let cases = [
        (Some("/srv/config"), &env, "/srv", "/srv"),
        (Some("/srv/watch"), &env, "/srv/watch", "/srv/watch"),
        (
            Some("/home/a/.config/newswatch"),
            &env,
            "/home/a/.local/share/newswatch",
            "/home/a/.local/state/newswatch",
        ),
        (Some("/c/newswatch"), &xdg, "/d/newswatch", "/home/a/.local/state/newswatch"),
        (Some("/etc/newswatch"), &env, "/var/lib/newswatch", "/var/lib/newswatch"),
        (None, &env, "/home/a/.local/share/newswatch", "/home/a/.local/state/newswatch"),
        (None, &BTreeMap::new(), "/now", "/now"),
    ];
    for (config, env, archive, state) in cases {
        let bases = place::bases(config.map(Path::new), env, Path::new("/now"));
        assert_eq!(
            (bases.archive.as_path(), bases.state.as_path()),
            (Path::new(archive), Path::new(state)),
            "{config:?}"
        );
    }
    let folder = |named: &str| place::folder(Path::new("/base"), Path::new(named), &env);
    assert_eq!(folder("archive"), Path::new("/base/archive"));
    assert_eq!(folder("/data"), Path::new("/data"));
    assert_eq!(folder("~/data"), Path::new("/home/a/data"));
}

#[test]
fn the_first_of_the_folders_that_has_a_configuration_is_taken() {
    let root = tempfile::tempdir().unwrap();
    let cwd = root.path().join("work");
    let user = root.path().join("home/.config/newswatch");
    fs::create_dir_all(cwd.join("config/topics")).unwrap();
    fs::create_dir_all(&user).unwrap();
    fs::write(user.join("newswatch.toml"), "[log]\nlevel = \"warn\"\n").unwrap();
    let env = map(&[("HOME", root.path().join("home").to_str().unwrap())]);
    let options = LoadOptions { env, cwd: cwd.clone(), ..LoadOptions::default() };

    let loaded = load(&options).unwrap();
    assert_eq!(loaded.paths.config, Some(user.clone()), "a folder `config` of somebody else");
    assert_eq!(loaded.paths.settings, Some(user.join("newswatch.toml")));
    assert_eq!(loaded.paths.feeds, None);
    assert_eq!(loaded.config.feeds.len(), 110, "a part that is not there is the built-in one");
    assert_eq!(loaded.paths.archive, root.path().join("home/.local/share/newswatch/archive"));

    fs::write(cwd.join("config/feeds.toml"), FEED).unwrap();
    let loaded = load(&options).unwrap();
    assert_eq!(loaded.paths.config, Some(cwd.join("config")));
    assert_eq!(loaded.config.feeds.len(), 1);
    assert_eq!(loaded.config.settings, Settings::default());
    assert_eq!(loaded.paths.archive, cwd.join("archive"));

    let given = cwd.join("other.toml");
    fs::write(&given, "[archive]\nfolder = \"kept\"\n").unwrap();
    let loaded =
        load(&LoadOptions { config: Some("other.toml".into()), ..options.clone() }).unwrap();
    assert_eq!(loaded.paths.settings, Some(given));
    assert_eq!(loaded.paths.archive, cwd.join("kept"));

    let missing = LoadOptions { config: Some("nowhere".into()), ..options };
    let report = load(&missing).unwrap_err().render(false);
    assert!(report.contains("nowhere") && report.contains("no configuration"), "{report}");
}

#[test]
fn a_folder_with_a_topic_of_ours_is_taken_and_its_other_parts_are_the_built_in_ones() {
    let root = tempfile::tempdir().unwrap();
    let topics = root.path().join("config/topics");
    fs::create_dir_all(&topics).unwrap();
    let options = LoadOptions { cwd: root.path().to_owned(), ..LoadOptions::default() };
    fs::write(topics.join("readme.md"), "").unwrap();
    assert_eq!(load(&options).unwrap().paths.config, None, "nothing in it is ours");

    let topic = include_str!("../../config/topics/csto-kazakhstan.toml");
    fs::write(topics.join("mine.toml"), topic.replace("csto-kz-2022", "mine")).unwrap();
    let loaded = load(&options).unwrap();
    assert_eq!(loaded.paths.config, Some(root.path().join("config")));
    assert_eq!(loaded.paths.topics, Some(topics));
    let ids: Vec<&str> = loaded.config.topics.iter().map(|topic| topic.value.id()).collect();
    assert_eq!(ids, ["mine"], "the folder takes the place of the built-in set");
    assert_eq!(loaded.config.feeds.len(), 110);
    assert_eq!(loaded.config.settings, Settings::default());
    assert_eq!(loaded.config.sites.len(), 2);

    // As a shell leaves it for `newswatch site new … > config/sites/a.toml` to fill.
    fs::create_dir(root.path().join("config/sites")).unwrap();
    fs::write(root.path().join("config/sites/a.toml"), "").unwrap();
    assert!(load(&options).unwrap().config.sites.is_empty());
}

#[test]
fn a_folder_with_any_part_of_a_configuration_is_one() {
    for part in ["newswatch.toml", "feeds.toml", "alerts.toml"] {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("config");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join(part), "").unwrap();
        let found = |config: Option<&str>| {
            let options = LoadOptions {
                cwd: root.path().to_owned(),
                config: config.map(Into::into),
                ..LoadOptions::default()
            };
            load(&options).unwrap().paths.config
        };
        assert_eq!(found(None).as_ref(), Some(&folder), "{part}");
        assert_eq!(found(Some("config")).as_ref(), Some(&folder), "{part}");
    }
}

/// Whoever may read everything, as root may, is refused by a link that leads to itself instead.
#[test]
fn a_folder_that_cannot_be_read_is_a_fault_and_never_the_built_in_configuration() {
    let root = tempfile::tempdir().unwrap();
    let config = root.path().join("config");
    fs::create_dir(&config).unwrap();
    fs::write(config.join("feeds.toml"), FEED).unwrap();
    fs::set_permissions(&config, fs::Permissions::from_mode(0o000)).unwrap();
    let closed = fs::read_dir(&config).is_err();
    if !closed {
        fs::remove_file(config.join("feeds.toml")).unwrap();
        std::os::unix::fs::symlink("newswatch.toml", config.join("newswatch.toml")).unwrap();
    }
    for given in [None, Some("config".into())] {
        let options = LoadOptions {
            config: given.clone(),
            cwd: root.path().to_owned(),
            ..LoadOptions::default()
        };
        let report = load(&options).map(|loaded| loaded.paths).unwrap_err().render(false);
        let words = if closed { "Permission denied" } else { "symbolic links" };
        let is_told = report.contains("cannot be read: ") && report.contains(words);
        assert!(is_told && report.contains("--> config\n"), "{given:?}: {report}");
    }
    fs::set_permissions(&config, fs::Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn a_file_that_cannot_be_read_is_a_fault_beside_the_others() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("newswatch.toml"), [0xff, 0xfe]).unwrap();
    fs::write(root.path().join("feeds.toml"), "[[feed]]\n").unwrap();
    let options = LoadOptions {
        config: Some(".".into()),
        cwd: root.path().to_owned(),
        ..LoadOptions::default()
    };
    insta::assert_snapshot!(load(&options).unwrap_err().render(false));
}

#[test]
fn the_built_in_configuration_is_the_shipped_folder() {
    let options = LoadOptions { cwd: "/nonexistent".into(), ..LoadOptions::default() };
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let built_in = load(&options).unwrap();
    let shipped = load(&LoadOptions { cwd: root.to_owned(), ..options }).unwrap();
    assert_eq!(built_in.paths.config, None);
    assert_eq!(shipped.paths.config, Some(root.join("config")));
    assert_eq!(built_in.config.settings, Settings::default());
    assert_eq!(diff(&built_in.config, &shipped.config), []);
}

#[test]
fn the_hash_is_of_what_decides_over_a_record_and_not_of_how_it_is_said() {
    let two = "[[feed]]\nid = \"two\"\nurl = \"https://example.org/2\"\n";
    let of = |settings: &str, feeds: &str| hash(&check(settings, feeds, &[]).unwrap());
    let plain = of("", FEED);
    assert_eq!(plain.len(), 18);
    for settings in [
        "# a comment\n[topic]\nkeep = \"relevant\"",
        "[log]\nlevel = \"debug\"\n[politeness]\ndelay = \"7s\"",
        "[schedule]\ninterval = \"31m\"",
    ] {
        assert_eq!(plain, of(settings, &format!("{two}{FEED}")), "{settings}");
    }
    for settings in ["[topic]\nkeep = \"everything\"", "[dedup]\nmemory = \"7d\""] {
        assert_ne!(plain, of(settings, FEED), "{settings}");
    }
    let with = |site: &str| {
        let mut files = files("", FEED);
        files.sites = vec![Document::new("sites/a.toml", site)];
        let config = read(files, &BTreeMap::new(), &[]).unwrap();
        (hash(&config), rules(&config))
    };
    let (russian, text) = with("host = \"a.org\"\nlanguage = \"ru\"");
    assert_eq!(russian, with("# of a site\nlanguage = \"ru\"\nhost = \"a.org\"").0);
    assert_ne!(russian, with("host = \"a.org\"\nlanguage = \"kk\"").0);
    assert_eq!(text["config_hash"], russian);
    assert_eq!(text["sites"]["a.org"], "host = \"a.org\"\nlanguage = \"ru\"");
}

#[test]
fn a_change_is_told_in_words() {
    let mut files = files("", FEED);
    files.sites = vec![
        Document::new("sites/a.toml", "host = \"a.org\"\nlanguage = \"ru\""),
        Document::new("sites/b.toml", "host = \"b.org\""),
    ];
    let old = read(files.clone(), &BTreeMap::new(), &[]).unwrap();
    let two = "[[feed]]\nid = \"two\"\nurl = \"https://example.org/2\"\n";
    let feeds = format!("{FEED}interval = \"1h\"\n{two}");
    files.settings.text = "[schedule]\ninterval = \"45m\"\n".to_owned();
    files.feeds.text = feeds;
    files.sites = vec![
        Document::new("sites/a.toml", "host = \"a.org\"\nlanguage = \"kk\""),
        Document::new("sites/c.toml", "host = \"c.org\""),
    ];
    let new = read(files, &BTreeMap::new(), &[]).unwrap();
    let words: Vec<String> = diff(&old, &new).iter().map(ToString::to_string).collect();
    assert_eq!(
        words,
        [
            "feed one.interval: unset -> \"1h\"",
            "feed two: added",
            "schedule.interval: \"30m\" -> \"45m\"",
            "site a.org: changed",
            "site b.org: removed",
            "site c.org: added",
        ]
    );
}

#[test]
fn no_secret_is_told_with_a_change() {
    let with = |alert: &str, proxy: &str| {
        let mut files = files(&format!("[network]\nproxy = {proxy:?}\n"), FEED);
        files.alerts.text = format!("[[alert]]\nid = \"a\"\n{alert}\n");
        read(files, &BTreeMap::new(), &[]).unwrap()
    };
    let words = |old: &Config, new: &Config| -> Vec<String> {
        diff(old, new).iter().map(ToString::to_string).collect()
    };
    let hook = |rest: &str| format!("webhook = \"https://hooks.example.org{rest}\"");
    let old = with(&hook("/T0/sesame?key=sesame"), "http://me:sesame@a.example.org:3128");
    let new = with(&hook("/T0/other?key=sesame"), "http://me:other@a.example.org:3128");
    assert_eq!(words(&old, &new), ["alert a.webhook: changed", "network.proxy: changed"]);
    let new = with("command = [\"tell\", \"sesame\"]", "https://b.example.org");
    assert_eq!(
        words(&old, &new),
        [
            "alert a.command: unset -> [\"tell\", …]",
            "alert a.webhook: \"https://hooks.example.org/…\" -> unset",
            "network.proxy: \"http://a.example.org:3128/…\" -> \"https://b.example.org/…\"",
        ]
    );
    let mail = |user: &str| {
        let to = "from = \"a@example.org\"\nto = [\"b@example.org\"]";
        with(&format!("smtp = \"smtps://{user}@mail.example.org\"\n{to}"), "http://a.example.org")
    };
    assert_eq!(words(&mail("desk"), &mail("sesame")), ["alert a.smtp: changed"]);
}

#[test]
fn durations_and_sizes_carry_their_unit() {
    let second = 1000;
    let durations = [
        ("250ms", Some(250)),
        ("90s", Some(90 * second)),
        ("1h30m", Some(90 * 60 * second)),
        ("1h 30m", Some(90 * 60 * second)),
        (" 2 d ", Some(48 * 3600 * second)),
        ("0s", Some(0)),
        ("", None),
        ("30", None),
        ("m", None),
        ("1.5h", None),
        ("-1h", None),
        ("1h30", None),
        ("1w", None),
        ("99999999999999999999s", None),
        ("999999999999999999d", None),
    ];
    for (text, milliseconds) in durations {
        assert_eq!(unit::Time::parse(text), milliseconds.map(Duration::from_millis), "{text:?}");
    }
    let sizes =
        [("5MiB", Some(5 << 20)), ("5 MB", Some(5_000_000)), ("1kB", Some(1000)), ("5", None)];
    for (text, bytes) in sizes {
        assert_eq!(unit::Size::parse(text), bytes, "{text:?}");
    }
}

proptest! {
    #[test]
    fn a_duration_is_read_as_it_was_written(milliseconds in 0..u64::from(u32::MAX) * 1000) {
        let duration = Duration::from_millis(milliseconds);
        prop_assert_eq!(unit::Time::parse(&unit::Time::text(duration)), Some(duration));
    }

    /// A slip of any kind in a real file gives a configuration or a report, never a panic.
    #[test]
    fn a_damaged_file_is_reported(cut in 0.0..1.0f64, length in 0..60usize, junk in ".{0,12}") {
        let feeds = include_str!("../../config/feeds.toml");
        let settings = include_str!("../../config/newswatch.toml");
        let damage = |text: &str| {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a place in the text")]
            let start = text.floor_char_boundary((cut * text.len() as f64) as usize);
            let end = text.ceil_char_boundary((start + length).min(text.len()));
            format!("{}{junk}{}", &text[..start], &text[end..])
        };
        if let Err(report) = check(&damage(settings), &damage(feeds), &[]) {
            prop_assert!(report.render(true).len() > 10);
            prop_assert!(report.faults().all(|fault| fault.line > 0));
        }
    }
}
