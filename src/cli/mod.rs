//! The command line: one function a subcommand.
//!
//! Standard output is data, standard error is logs and progress.

mod alerts;
mod archive;
mod args;
mod aside;
mod check;
mod compose;
mod control;
mod demo;
mod feeds;
mod format;
mod index;
mod input;
mod logging;
mod man;
mod progress;
mod readers;
mod reload;
mod replay;
mod review;
mod run;
mod service;
mod site;
mod status;
mod topic;
mod url;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use tokio::signal::unix::{SignalKind, signal};

use self::{
    args::{AlertsCommand, ArchiveCommand, Args, Command, FeedsCommand, Schema, TopicCommand},
    control::Request,
    format::{is_styled_stderr, print_json, print_text},
    service::Listening,
};
use crate::config::{self, LoadOptions, Loaded};

/// How the program ends, by `sysexits.h` where it has a number for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    Success = 0,
    Failure = 1,
    /// Some feeds failed.
    Partial = 3,
    /// Another instance holds the archive or the state.
    Locked = 75,
    BadConfiguration = 78,
    Interrupted = 130,
}

/// Has a write beyond a limit of file sizes (`ulimit -f`) fail, as on a full disk. Unheeded, the
/// signal that comes with it would end the process in the middle of its work.
fn heed_file_limit() {
    let kind = SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build();
    // The handler stays when the runtime goes.
    if let Err(error) = runtime.and_then(|runtime| runtime.block_on(async { signal(kind) })) {
        tracing::debug!(%error, "a limit of file sizes ends the program");
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Reads the arguments and runs the command.
pub fn main() -> ExitCode {
    let args = Args::parse();
    quiet_expected_panics();
    heed_file_limit();
    match dispatch(args) {
        Ok(exit) => exit.into(),
        Err(error) => {
            anstream::eprintln!("newswatch: {error:#}");
            if crate::daemon::is_full(&error) {
                anstream::eprintln!("there is no room on the disk: make some, and run it again");
            }
            let locked = error.chain().any(|cause| {
                matches!(cause.downcast_ref(), Some(crate::archive::ArchiveError::Locked { .. }))
                    || matches!(cause.downcast_ref(), Some(crate::state::StateError::Locked { .. }))
            });
            if locked { Exit::Locked } else { Exit::Failure }.into()
        }
    }
}

/// A panic of feed-rs is caught and told as a flaw of its feed: nobody need read of it here.
fn quiet_expected_panics() {
    let tell = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !crate::source::expects_panic() {
            tell(panic);
        }
    }));
}

fn dispatch(args: Args) -> anyhow::Result<Exit> {
    let json = args.common.json;
    let with = |work: &dyn Fn(&Loaded) -> anyhow::Result<Exit>| {
        configured(&load_options(&args.common)?, json, work)
    };
    let order = |order: Request| with(&|loaded| control::ask(loaded, &order, json));
    match args.command {
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Args::command(), "newswatch", &mut script);
            print_text(&String::from_utf8_lossy(&script))?;
            Ok(Exit::Success)
        }
        Command::Man { folder: Some(folder) } => {
            man::pages(&folder)?;
            Ok(Exit::Success)
        }
        Command::Man { folder: None } => {
            print_text(&man::page()?)?;
            Ok(Exit::Success)
        }
        Command::Schema { of } => {
            let schema = match of {
                Schema::Config => config::schema::settings(),
                Schema::Feeds => config::schema::feeds(),
                Schema::Alerts => config::schema::alerts(),
                Schema::Record => serde_json::to_value(crate::archive::schema())?,
            };
            print_json(&schema)?;
            Ok(Exit::Success)
        }
        Command::Demo(ref demo) => demo::demo(demo, &args.common),
        Command::Url { ref address } => url::url(address, json),
        Command::Topic { command: TopicCommand::New } => topic::new(),
        Command::Archive { command: ArchiveCommand::Dedup { ref jsonl } } => {
            archive::dedup_lines(jsonl)
        }
        Command::Read { memory, time } => {
            crate::reader::serve(memory, std::time::Duration::from_millis(time))?;
            Ok(Exit::Success)
        }
        Command::Check => {
            let options = load_options(&args.common)?;
            check::check(&options, json)
        }
        Command::Run => {
            // Before anything else, which may take long.
            let listening = Listening::start()?;
            let options = load_options(&args.common)?;
            configured(&options, json, |loaded| run::run(loaded, &options, listening))
        }
        Command::Paths => with(&|loaded| paths(loaded, json)),
        Command::Once { ref feed } => with(&|loaded| run::once(loaded, feed.as_deref(), json)),
        Command::Status { check: true } => with(&status::check),
        Command::Status { check: false } => with(&|loaded| status::status(loaded, json)),
        Command::Alerts { command: AlertsCommand::Test { ref alert } } => {
            with(&|loaded| alerts::test(loaded, alert))
        }
        Command::Reload => order(Request::Reload),
        Command::Poll { feed } => order(Request::Poll(feed)),
        Command::Pause { host } => order(Request::Pause(host)),
        Command::Resume { host } => order(Request::Resume(host)),
        Command::Site { ref command } => with(&|loaded| site::run(loaded, command, json)),
        Command::Review(ref review) => with(&|loaded| review::review(loaded, review)),
        Command::Topic { ref command } => with(&|loaded| topics(command, loaded, json)),
        Command::Feeds { ref command } => with(&|loaded| feeds(command, loaded, json)),
        Command::Archive { ref command } => with(&|loaded| archives(command, loaded, json)),
    }
}

/// Does what needs a sound configuration.
fn configured(
    options: &LoadOptions,
    json: bool,
    work: impl FnOnce(&Loaded) -> anyhow::Result<Exit>,
) -> anyhow::Result<Exit> {
    match load(options, json)? {
        Some(loaded) => work(&loaded),
        None => Ok(Exit::BadConfiguration),
    }
}

fn topics(command: &TopicCommand, loaded: &Loaded, json: bool) -> anyhow::Result<Exit> {
    match command {
        TopicCommand::New => topic::new(),
        TopicCommand::Test { text, jsonl: true } => topic::test_lines(loaded, text),
        TopicCommand::Test { text, jsonl: false } => topic::test(loaded, text, json),
        TopicCommand::Replay { topic } => replay::replay(loaded, topic.as_deref(), json),
    }
}

fn feeds(command: &FeedsCommand, loaded: &Loaded, json: bool) -> anyhow::Result<Exit> {
    match command {
        FeedsCommand::List => feeds::list(loaded, json),
        FeedsCommand::Test { feed, sitemap } => {
            let kind = sitemap.then_some(crate::source::SourceKind::Sitemap);
            site::test_feed(loaded, feed, kind, json)
        }
        FeedsCommand::Add(wish) => feeds::add(loaded, wish),
        FeedsCommand::Import { file, dry_run } => feeds::import(loaded, file, *dry_run),
        FeedsCommand::Export => feeds::export(loaded),
        FeedsCommand::Enable { ids } => feeds::set_enabled(loaded, ids, true),
        FeedsCommand::Disable { ids } => feeds::set_enabled(loaded, ids, false),
        FeedsCommand::Remove { ids } => feeds::remove(loaded, ids),
    }
}

fn archives(command: &ArchiveCommand, loaded: &Loaded, json: bool) -> anyhow::Result<Exit> {
    match command {
        ArchiveCommand::Read(command) => review::read(loaded, command, json),
        ArchiveCommand::Verify { witness } => archive::verify(loaded, witness.as_deref(), json),
        ArchiveCommand::Repair => archive::repair(loaded, json),
        ArchiveCommand::Reindex => archive::reindex(loaded, json),
        ArchiveCommand::DedupReport { top } => archive::dedup_report(loaded, *top, json),
        ArchiveCommand::Dedup { jsonl } => archive::dedup_lines(jsonl),
    }
}

fn load_options(common: &args::Common) -> anyhow::Result<LoadOptions> {
    let mut options = LoadOptions::of_process(common.config.clone())?;
    options.flags.clone_from(&common.set);
    if let Some(level) = &common.log_level {
        options.flags.push(("log.level".to_owned(), level.clone()));
    }
    Ok(options)
}

/// Loads the configuration; where it is faulty, says so and gives `None`.
fn load(options: &LoadOptions, json: bool) -> anyhow::Result<Option<Loaded>> {
    match config::load(options) {
        Ok(loaded) => Ok(Some(loaded)),
        Err(report) => {
            if json {
                print_json(&check::faults(&report))?;
            }
            anstream::eprintln!("{}", report.render(is_styled_stderr()));
            Ok(None)
        }
    }
}

fn paths(loaded: &Loaded, json: bool) -> anyhow::Result<Exit> {
    let paths = &loaded.paths;
    if json {
        print_json(paths)?;
        return Ok(Exit::Success);
    }
    let show = |path: &Option<std::path::PathBuf>| match path {
        Some(path) => path.display().to_string(),
        None => "built in".to_owned(),
    };
    let mut lines = vec![
        format!("configuration  {}", show(&paths.config)),
        format!("settings       {}", show(&paths.settings)),
        format!("feeds          {}", show(&paths.feeds)),
        format!("alerts         {}", show(&paths.alerts)),
        format!("topics         {}", show(&paths.topics)),
        format!("sites          {}", show(&paths.sites)),
        format!("archive        {}", paths.archive.display()),
        format!("state          {}", paths.state.display()),
        "looked at, in this order:".to_owned(),
    ];
    lines.extend(paths.searched.iter().map(|path| format!("  {}", path.display())));
    print_text(&(lines.join("\n") + "\n"))?;
    Ok(Exit::Success)
}
