//! `newswatch demo`: the main job on a news site that this program brings along.
#![expect(clippy::disallowed_methods, reason = "shell: writes the demo's configuration")]

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context;
use tokio::runtime::Runtime;

use super::{
    Exit,
    args::{Common, Demo},
    format::{is_styled_stderr, print_text},
    load_options, logging, run,
};
use crate::{config, demo::Site};

pub(super) fn demo(demo: &Demo, common: &Common) -> anyhow::Result<Exit> {
    let folder = std::path::absolute(&demo.folder)?;
    fs::create_dir_all(folder.join("config/sites"))
        .with_context(|| format!("cannot make the folder {}", folder.display()))?;
    // A runtime of its own: the site has to answer while the crawl's runtime comes and goes.
    let runtime = Runtime::new().context("cannot start the runtime")?;
    let site = runtime.block_on(Site::start_in(&folder))?;
    write_config(&folder, &site)?;
    let mut options = load_options(common)?;
    options.config = Some(folder.join("config"));
    let loaded = match config::load(&options) {
        Ok(loaded) => loaded,
        Err(report) => {
            anstream::eprintln!("{}", report.render(is_styled_stderr()));
            return Ok(Exit::BadConfiguration);
        }
    };
    logging::start(&loaded.config.settings.log)?;
    anstream::eprintln!(
        "A news site of {} feeds answers on 127.0.0.1. The daemon now crawls it as it would any other.",
        site.feeds.len()
    );
    let (mut crawl, mut stores) = run::open(&loaded, jiff::Timestamp::now())?;
    let pass = run::pass(&loaded, &mut crawl, &mut stores, None)?;
    if pass.due > 0 {
        print_text(&format!("{}\n", pass.tally.table()))?;
    }
    print_text(&guide(&folder, pass.due))?;
    let exit = pass.exit();
    if demo.once {
        // One feed is there to show how a failure looks.
        return Ok(if exit == Exit::Partial { Exit::Success } else { exit });
    }
    drop((crawl, stores));
    anstream::eprintln!("The daemon goes on polling; stop it with Ctrl-C.");
    run::run(&loaded, &options)
}

fn write_config(folder: &Path, site: &Site) -> anyhow::Result<()> {
    let mut feeds = String::new();
    for feed in &site.feeds {
        write!(
            feeds,
            "[[feed]]\nid = {:?}\nurl = {:?}\nname = {:?}\nlanguage = {:?}\ncountry = {:?}\n\n",
            feed.id, feed.url, feed.name, feed.language, feed.country
        )?;
    }
    let mut files = vec![
        (PathBuf::from("feeds.toml"), feeds),
        (PathBuf::from("newswatch.toml"), SETTINGS.to_owned()),
    ];
    for (host, rules) in site.rules() {
        let path = Path::new("sites").join(host.replace(':', "_")).with_added_extension("toml");
        files.push((path, rules.to_owned()));
    }
    for (path, text) in files {
        let path = folder.join("config").join(path);
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

/// The demo's hosts are on this machine and can be asked quickly; nothing else differs.
const SETTINGS: &str = r#"# Written by `newswatch demo`.
[schedule]
interval = "20s"
floor = "10s"
floor_without_validators = "15s"
revisit_after = "1s"

[politeness]
contact = "http://127.0.0.1/demo"
delay = "100ms"

[network]
allow = ["127.0.0.0/8"]

[log]
level = "warn"
"#;

fn guide(folder: &Path, due: usize) -> String {
    let archive = folder.join("archive");
    let archive = archive.display();
    let mut text = String::new();
    if due == 0 {
        text.push_str("No feed is due yet: this folder was crawled a moment ago.\n");
    }
    text.push_str(&format!(
        "The archive is in {archive}, one line a record. Look at it with\n\n  \
         jq -r '[.published_at, .language, .title] | @tsv' {archive}/*/*/*.jsonl\n  \
         duckdb -c \"SELECT language, count(*) FROM read_json('{archive}/*/*/*.jsonl') GROUP BY ALL\"\n  \
         newswatch --config {} status\n\n",
        folder.join("config").display()
    ));
    text
}
