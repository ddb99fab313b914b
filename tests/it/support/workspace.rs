//! A folder with a configuration, an archive and a state of its own, and the program run in it.

use std::{
    collections::BTreeMap,
    fs,
    io::Read,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use flate2::read::MultiGzDecoder;
use newswatch::demo::Site;
use serde_json::Value;
use tempfile::TempDir;

/// Settings for a test: no rest between requests, every feed due again at once, loopback allowed.
pub(crate) const QUICK: &str = r#"
[schedule]
interval = "1ms"
floor = "1ms"
floor_without_validators = "1ms"
ceiling = "1ms"
jitter_percent = 0
revisit_after = "1ms"

[politeness]
delay = "0s"
contact = "https://example.org/newswatch-tests"

[limits]
connect_timeout = "2s"
total_timeout = "3s"

[network]
allow = ["127.0.0.0/8"]
"#;

/// The same, with feeds that are due again after so long.
pub(crate) fn quick_every(interval: &str) -> String {
    QUICK.replace("\"1ms\"", &format!("{interval:?}"))
}

/// The demo in its first edition, which stays, and its workspace.
pub(crate) async fn first_edition() -> (Site, Workspace) {
    let site = Site::start().await.unwrap();
    site.edit_after(None);
    let workspace = Workspace::of_demo(&site);
    (site, workspace)
}

/// The same, with feeds that are due again after so long.
pub(crate) async fn first_edition_every(interval: &str) -> (Site, Workspace) {
    let (site, workspace) = first_edition().await;
    workspace.write("config/newswatch.toml", &quick_every(interval));
    (site, workspace)
}

pub(crate) struct Workspace {
    folder: TempDir,
}

impl Workspace {
    pub(crate) fn new(settings: &str) -> Self {
        let workspace = Self { folder: tempfile::tempdir().unwrap() };
        workspace.write("config/newswatch.toml", settings);
        workspace
    }

    /// The demo's configuration with the quick settings.
    pub(crate) fn of_demo(site: &Site) -> Self {
        let workspace = Self { folder: tempfile::tempdir().unwrap() };
        site.write_config(workspace.path()).unwrap();
        workspace.write("config/newswatch.toml", QUICK);
        workspace
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let file = self.path().join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    /// The program with nothing of this process's environment that could steer it.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_newswatch"));
        command.args(args).current_dir(self.path()).env_clear().env("HOME", self.path());
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        Ran::of(self.command(args).output().unwrap())
    }

    /// The archive's plain segments, the oldest first.
    pub(crate) fn segments(&self) -> Vec<PathBuf> {
        files(&self.path().join("archive"), ".jsonl")
    }

    /// The archive's lines in the order in which they were written, also of segments that are
    /// packed.
    pub(crate) fn lines(&self) -> Vec<String> {
        let mut texts = BTreeMap::new();
        for file in files(&self.path().join("archive"), ".jsonl.gz") {
            let mut text = String::new();
            let mut packed = MultiGzDecoder::new(fs::File::open(&file).unwrap());
            packed.read_to_string(&mut text).unwrap();
            texts.insert(file.with_extension(""), text);
        }
        for file in self.segments() {
            let text = fs::read_to_string(&file).unwrap();
            texts.insert(file, text);
        }
        texts.values().flat_map(|text| text.lines().map(str::to_owned)).collect()
    }

    /// How many lines end with a line feed: a killed writer can leave a torn one.
    pub(crate) fn whole_lines(&self) -> usize {
        self.segments()
            .into_iter()
            .flat_map(|file| fs::read(file).unwrap())
            .filter(|b| *b == b'\n')
            .count()
    }

    pub(crate) fn records(&self) -> Vec<Value> {
        self.lines().iter().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// The files of an archive whose names end so, by name, which is by day.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(folder) else { continue };
        for path in entries.map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.to_str().unwrap().ends_with(ending) {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

/// How a run of the program ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    pub(crate) fn of(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    pub(crate) fn expect(self, codes: &[i32]) -> Self {
        assert!(self.code.is_some_and(|code| codes.contains(&code)), "{self:#?}");
        self
    }
}
