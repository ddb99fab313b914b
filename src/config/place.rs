//! Where a configuration is looked for, and where the folders it names lie.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde::Serialize;

const SYSTEM: &str = "/etc/newswatch";

/// Which configuration was taken, and the folders in use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Paths {
    /// The configuration folder, or null: what is built into the program.
    #[serde(serialize_with = "words::of_any")]
    pub config: Option<PathBuf>,
    /// `newswatch.toml`, null where the built-in one stands in for it; the other parts likewise.
    #[serde(serialize_with = "words::of_any")]
    pub settings: Option<PathBuf>,
    /// `feeds.toml`
    #[serde(serialize_with = "words::of_any")]
    pub feeds: Option<PathBuf>,
    /// `alerts.toml`
    #[serde(serialize_with = "words::of_any")]
    pub alerts: Option<PathBuf>,
    /// `topics/`
    #[serde(serialize_with = "words::of_any")]
    pub topics: Option<PathBuf>,
    /// `sites/`
    #[serde(serialize_with = "words::of_any")]
    pub sites: Option<PathBuf>,
    /// Folder of the archive, absolute.
    #[serde(serialize_with = "words::of_one")]
    pub archive: PathBuf,
    /// Folder of the state, absolute.
    #[serde(serialize_with = "words::of_one")]
    pub state: PathBuf,
    /// The folders that were looked at, in order.
    #[serde(serialize_with = "words::of_all")]
    pub searched: Vec<PathBuf>,
}

/// Paths in JSON, which is UTF-8: what is not in a name is replaced.
mod words {
    use std::path::{Path, PathBuf};

    use serde::Serializer;

    pub(super) fn of_one<S: Serializer>(path: &Path, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&path.to_string_lossy())
    }

    #[expect(clippy::ref_option, reason = "serde gives the field as it is")]
    pub(super) fn of_any<S: Serializer>(path: &Option<PathBuf>, to: S) -> Result<S::Ok, S::Error> {
        match path {
            Some(path) => of_one(path, to),
            None => to.serialize_none(),
        }
    }

    pub(super) fn of_all<S: Serializer>(paths: &[PathBuf], to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(paths.iter().map(|path| path.to_string_lossy()))
    }
}

impl Paths {
    /// The parts that are not there in `new`. A configuration that lies elsewhere now is one, too:
    /// with it the archive and the state would.
    pub fn lost_in(&self, new: &Self) -> Vec<PathBuf> {
        if self.config.is_some() && self.config != new.config {
            return self.config.iter().cloned().collect();
        }
        let parts = [
            (&self.settings, &new.settings),
            (&self.feeds, &new.feeds),
            (&self.alerts, &new.alerts),
            (&self.topics, &new.topics),
            (&self.sites, &new.sites),
        ];
        let lost = parts.into_iter().filter(|(_, new)| new.is_none());
        lost.filter_map(|(old, _)| old.clone()).collect()
    }
}

/// What relative folders are relative to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bases {
    pub(super) archive: PathBuf,
    pub(super) state: PathBuf,
}

/// The folders to look at when none is given, in order: `./config`, the user's, the system's.
pub(super) fn candidates(env: &BTreeMap<String, String>, cwd: &Path) -> Vec<PathBuf> {
    let user = xdg(env, "XDG_CONFIG_HOME", ".config").map(|folder| folder.join("newswatch"));
    [Some(cwd.join("config")), user, Some(SYSTEM.into())].into_iter().flatten().collect()
}

/// What relative folders are relative to. It depends on where the configuration lies and not on
/// where the program is started, or a second start would begin a second archive:
/// a folder `config` belongs to the folder around it; the user's configuration and the built-in one
/// go with the user's data and state folders, the system's with `/var/lib/newswatch`; any other
/// folder holds its data itself.
pub(super) fn bases(config: Option<&Path>, env: &BTreeMap<String, String>, cwd: &Path) -> Bases {
    let users = xdg(env, "XDG_CONFIG_HOME", ".config").map(|folder| folder.join("newswatch"));
    let both = |folder: &Path| Bases { archive: folder.to_owned(), state: folder.to_owned() };
    match config {
        Some(folder) if folder == Path::new(SYSTEM) => both(Path::new("/var/lib/newswatch")),
        Some(folder) if Some(folder) != users.as_deref() => match folder.parent() {
            Some(parent) if folder.ends_with("config") => both(parent),
            _ => both(folder),
        },
        _ => {
            let of = |variable, fallback| {
                xdg(env, variable, fallback)
                    .map_or_else(|| cwd.to_owned(), |base| base.join("newswatch"))
            };
            Bases {
                archive: of("XDG_DATA_HOME", ".local/share"),
                state: of("XDG_STATE_HOME", ".local/state"),
            }
        }
    }
}

/// The folder that a setting names. A leading `~` is the user's home, as a shell has it.
pub(super) fn folder(base: &Path, named: &Path, env: &BTreeMap<String, String>) -> PathBuf {
    match (named.strip_prefix("~"), env.get("HOME")) {
        (Ok(below_home), Some(home)) => Path::new(home).join(below_home),
        _ => base.join(named),
    }
}

/// A folder of the XDG Base Directory Specification; a relative one is ignored, as it says.
fn xdg(env: &BTreeMap<String, String>, variable: &str, fallback: &str) -> Option<PathBuf> {
    let absolute = |name: &str| env.get(name).map(PathBuf::from).filter(|path| path.is_absolute());
    absolute(variable).or_else(|| absolute("HOME").map(|home| home.join(fallback)))
}
