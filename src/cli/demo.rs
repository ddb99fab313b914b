//! `newswatch demo`: the main job on a news site that this program brings along.
#![expect(clippy::disallowed_methods, reason = "shell: writes the demo's configuration")]

use std::{fs, path::Path};

use anyhow::Context;
use serde_json::json;
use tokio::runtime::Runtime;

use super::{
    Exit,
    args::{Common, Demo},
    format::{is_styled_stderr, print_json, print_text},
    load_options, logging, run,
    service::Listening,
};
use crate::{config, demo::Site};

pub(super) fn demo(demo: &Demo, common: &Common) -> anyhow::Result<Exit> {
    let folder = std::path::absolute(&demo.folder)?;
    fs::create_dir_all(&folder)
        .with_context(|| format!("cannot make the folder {}", folder.display()))?;
    // A runtime of its own: the site has to answer while the crawl's runtime comes and goes.
    let runtime = Runtime::new().context("cannot start the runtime")?;
    let site = runtime.block_on(Site::start_in(&folder))?;
    let mut options = load_options(common)?;
    options.config = Some(site.write_config(&folder)?);
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
    let (mut crawl, mut stores) = run::open(&loaded, crate::clock::now())?;
    let pass = run::pass(&loaded, &mut crawl, &mut stores, None)?;
    if common.json {
        let mut summary = pass.summary(&crawl);
        if let Some(summary) = summary.as_object_mut() {
            summary.insert("folder".to_owned(), json!(folder));
        }
        print_json(&summary)?;
    } else {
        if pass.due > 0 {
            print_text(&format!("{}\n", pass.tally.table()))?;
        }
        print_text(&guide(&folder, pass.due, crawl.schedule().waiting_pages()))?;
    }
    let exit = pass.exit();
    if demo.once || exit == Exit::Interrupted {
        // One feed is there to show how a failure looks.
        return Ok(if exit == Exit::Partial { Exit::Success } else { exit });
    }
    drop((crawl, stores));
    anstream::eprintln!("The daemon goes on polling; stop it with Ctrl-C.");
    run::run(&loaded, &options, Listening::start()?)
}

fn guide(folder: &Path, due: usize, waiting: usize) -> String {
    let archive = folder.join("archive");
    let archive = archive.display();
    let mut text = String::new();
    if due == 0 {
        text.push_str("No feed is due yet: this folder was crawled a moment ago.\n");
    }
    text.push_str(&run::still_waiting(waiting));
    let config = folder.join("config");
    let config = config.display();
    text.push_str(&format!(
        "The archive is in {archive}, one line a record. Look at it with\n\n  \
         jq -r '[.published_at, .language, .title] | @tsv' {archive}/*/*/*.jsonl\n  \
         duckdb -c \"SELECT language, count(*) FROM read_json('{archive}/*/*/*.jsonl') GROUP BY ALL\"\n  \
         newswatch --config {config} review\n  \
         newswatch --config {config} status\n\n"
    ));
    text
}
