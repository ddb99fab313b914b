//! Finds the configuration and reads its files.
#![expect(
    clippy::disallowed_methods,
    reason = "shell: reads the configuration files and the environment"
)]

use std::{
    collections::BTreeMap,
    env,
    ffi::OsString,
    fs::{self, FileType},
    io::{self, ErrorKind},
    path::{Component, Path, PathBuf},
};

use super::{
    Loaded, Paths, embedded,
    files::{self, Files},
    place,
    report::{Document, Report},
};

/// What decides which configuration is taken, and what overrides it.
#[derive(Debug, Clone, Default)]
pub struct LoadOptions {
    /// `--config`: a configuration folder, or the file in it that stands for `newswatch.toml`.
    pub config: Option<PathBuf>,
    /// Settings given as flags: `section.key` and value. They override everything.
    pub flags: Vec<(String, String)>,
    /// `NEWSWATCH__SECTION__KEY` overrides the file; `HOME` and `XDG_*` say where to look.
    pub env: BTreeMap<String, String>,
    /// The current folder, absolute.
    pub cwd: PathBuf,
}

impl LoadOptions {
    /// With the environment and the current folder of this process.
    pub fn of_process(config: Option<PathBuf>) -> io::Result<Self> {
        let text = |(name, value): (OsString, OsString)| {
            Some((name.into_string().ok()?, value.to_string_lossy().into_owned()))
        };
        let env = env::vars_os().filter_map(text).collect();
        // Files of variables leave those empty that are not set.
        let named = || env::var_os("NEWSWATCH_CONFIG").filter(|path| !path.is_empty());
        let config = config.or_else(|| named().map(PathBuf::from));
        Ok(Self { config, flags: Vec::new(), env, cwd: env::current_dir()? })
    }
}

/// Finds, reads and checks the configuration. The report holds all that is wrong, not the first.
pub fn load(options: &LoadOptions) -> Result<Loaded, Report> {
    let reader = Reader { cwd: &options.cwd };
    let found = find(options, &reader).map_err(Report::from)?;
    let files = Files {
        settings: reader.file(found.settings.as_deref(), "newswatch.toml", embedded::SETTINGS),
        feeds: reader.file(found.feeds.as_deref(), "feeds.toml", embedded::FEEDS),
        alerts: reader.file(found.alerts.as_deref(), "alerts.toml", embedded::ALERTS),
        topics: reader.folder(found.topics.as_deref(), "topics", embedded::TOPICS),
        sites: reader.folder(found.sites.as_deref(), "sites", embedded::SITES),
    };
    let config = files::read(files, &options.env, &options.flags)?;
    let bases = place::bases(found.folder.as_deref(), &options.env, &options.cwd);
    let paths = Paths {
        archive: place::folder(&bases.archive, &config.settings.archive.folder, &options.env),
        state: place::folder(&bases.state, &config.settings.state.folder, &options.env),
        config: found.folder,
        settings: found.settings,
        feeds: found.feeds,
        alerts: found.alerts,
        topics: found.topics,
        sites: found.sites,
        searched: found.searched,
    };
    match misplaced(&paths) {
        Some(message) => {
            let settings = paths.settings.as_deref();
            let name =
                settings.map_or_else(|| "built-in newswatch.toml".to_owned(), |it| reader.name(it));
            Err(Document::faulty(name, message).into())
        }
        None => Ok(Loaded { config, paths }),
    }
}

/// Archive and state that cannot be made where they are to lie, or of which one would be kept, moved
/// away or deleted with the other or with the configuration.
fn misplaced(paths: &Paths) -> Option<String> {
    let places =
        [("`archive.folder`", settled(&paths.archive)), ("`state.folder`", settled(&paths.state))];
    for (key, place) in &places {
        // What cannot be looked at is told by whoever opens it.
        let there = place.ancestors().find_map(|path| Some((path, kind(path).transpose()?)));
        if let Some((path, Ok(kind))) = there
            && !kind.is_dir()
        {
            return Some(format!("{key} is {}: {} is no folder", place.display(), path.display()));
        }
    }
    let [archive, state] = &places;
    let config =
        ("the configuration", settled(paths.config.as_deref().unwrap_or_else(|| Path::new(""))));
    let mut pairs = vec![(archive, state), (state, archive)];
    if paths.config.is_some() {
        pairs.extend([(archive, &config), (state, &config)]);
    }
    pairs.into_iter().find(|((_, outer), (_, inner))| inner.starts_with(outer)).map(
        |((outer, place), (inner, within))| {
            let lies = if place == within {
                "is the same folder".to_owned()
            } else {
                format!("lies in it, in {}", within.display())
            };
            format!("{outer} is {}, and {inner} {lies}: each needs its own", place.display())
        },
    )
}

/// A path without links, also where its end is not there yet.
fn settled(path: &Path) -> PathBuf {
    let real = path.ancestors().find_map(|there| Some((there, there.canonicalize().ok()?)));
    let Some((there, mut settled)) = real else { return path.to_owned() };
    for part in path.strip_prefix(there).unwrap_or(path).components() {
        match part {
            Component::ParentDir => _ = settled.pop(),
            part => settled.push(part),
        }
    }
    settled
}

/// The configuration folder and those of its five parts that it has.
struct Found {
    folder: Option<PathBuf>,
    settings: Option<PathBuf>,
    feeds: Option<PathBuf>,
    alerts: Option<PathBuf>,
    topics: Option<PathBuf>,
    sites: Option<PathBuf>,
    searched: Vec<PathBuf>,
}

const FILES: [&str; 3] = ["newswatch.toml", "feeds.toml", "alerts.toml"];
const FOLDERS: [&str; 2] = ["topics", "sites"];

fn find(options: &LoadOptions, reader: &Reader<'_>) -> Result<Found, Document> {
    let (searched, folder, file) = if let Some(given) = &options.config {
        let path = options.cwd.join(given);
        let unreadable = |error| reader.unreadable(&path, &error);
        if kind(&path).map_err(unreadable)?.is_some_and(|kind| kind.is_file()) {
            (vec![path.clone()], path.parent().map(Path::to_owned), Some(path))
        } else if has_files(&path).map_err(unreadable)? || has_folders(&path).map_err(unreadable)? {
            (vec![path.clone()], Some(path), None)
        } else {
            let message = "this is no configuration: neither a file nor a folder with \
                           newswatch.toml, feeds.toml, alerts.toml, topics/ or sites/";
            return Err(Document::faulty(path.display().to_string(), message));
        }
    } else {
        let searched = place::candidates(&options.env, &options.cwd);
        let mut folder = None;
        for path in &searched {
            // Where a folder above it is closed to this user, nobody put it there for them.
            if kind(path).is_ok_and(|kind| kind.is_some_and(|kind| kind.is_dir()))
                && is_ours(path).map_err(|error| reader.unreadable(path, &error))?
            {
                folder = Some(path.clone());
                break;
            }
        }
        (searched, folder, None)
    };
    let part = |name: &str| {
        let Some(path) = folder.as_ref().map(|folder| folder.join(name)) else { return Ok(None) };
        let kind = kind(&path).map_err(|error| reader.unreadable(&path, &error))?;
        Ok(kind.map(|_| path))
    };
    Ok(Found {
        settings: match file {
            Some(file) => Some(file),
            None => part("newswatch.toml")?,
        },
        feeds: part("feeds.toml")?,
        alerts: part("alerts.toml")?,
        topics: part("topics")?,
        sites: part("sites")?,
        folder,
        searched,
    })
}

/// What lies there, nothing being no error. A folder that may not be looked into is one: what it
/// holds must not be passed over as if it were not there.
fn kind(path: &Path) -> io::Result<Option<FileType>> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(Some(metadata.file_type())),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Whether one of the names in a folder is of a kind.
fn has(folder: &Path, names: &[&str], is_kind: fn(&FileType) -> bool) -> io::Result<bool> {
    for name in names {
        if kind(&folder.join(name))?.is_some_and(|kind| is_kind(&kind)) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn has_files(folder: &Path) -> io::Result<bool> {
    has(folder, &FILES, FileType::is_file)
}

fn has_folders(folder: &Path) -> io::Result<bool> {
    has(folder, &FOLDERS, FileType::is_dir)
}

/// Whether a folder that was not named is a configuration. A folder `config` may belong to another
/// program: there a folder counts only with a file in it as ours are.
fn is_ours(folder: &Path) -> io::Result<bool> {
    if has_files(folder)? {
        return Ok(true);
    }
    if !folder.ends_with("config") {
        return has_folders(folder);
    }
    for name in FOLDERS {
        let part = folder.join(name);
        if kind(&part)?.is_some_and(|kind| kind.is_dir()) && !toml_files(&part)?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Reads files under names that are short below the current folder.
struct Reader<'a> {
    cwd: &'a Path,
}

impl Reader<'_> {
    fn file(&self, path: Option<&Path>, name: &str, built_in: &str) -> Document {
        match path {
            Some(path) => self.read(path),
            None => Document::new(format!("built-in {name}"), built_in),
        }
    }

    fn folder(&self, path: Option<&Path>, name: &str, built_in: &[(&str, &str)]) -> Vec<Document> {
        match path.map(|path| (path, toml_files(path))) {
            Some((_, Ok(paths))) => {
                let read = paths.iter().map(|path| self.read(path));
                // One with nothing in it is still to be written, often by this very command: a shell
                // makes the file before it starts what fills it.
                read.filter(|it| !it.text.is_empty() || !it.faults.is_empty()).collect()
            }
            Some((path, Err(error))) => vec![self.unreadable(path, &error)],
            None => built_in
                .iter()
                .map(|(file, text)| Document::new(format!("built-in {name}/{file}"), *text))
                .collect(),
        }
    }

    fn read(&self, path: &Path) -> Document {
        match fs::read_to_string(path) {
            Ok(text) => Document::new(self.name(path), text),
            Err(error) => self.unreadable(path, &error),
        }
    }

    fn unreadable(&self, path: &Path, error: &io::Error) -> Document {
        Document::faulty(self.name(path), format!("cannot be read: {error}"))
    }

    fn name(&self, path: &Path) -> String {
        path.strip_prefix(self.cwd).unwrap_or(path).display().to_string()
    }
}

/// The TOML files of a folder by name.
fn toml_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}
