//! `newswatch archive dedup-report`.

use std::{
    cell::{Cell, RefCell},
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use anyhow::Context;
use jiff::Timestamp;
use serde_json::json;

use super::existing;
use crate::{
    archive::{self, ArchiveError, Line, ReadError, Record, RecordType},
    cli::{
        Exit,
        format::{print_json, print_text, safe, table},
    },
    config::Loaded,
    dedup::{self, Class},
    jsonl::Folder,
    review::claim,
    text::with_causes,
};

/// What is known of a cluster of more than one record.
#[derive(Default)]
struct Cluster {
    records: u32,
    domains: BTreeSet<String>,
    earliest: Option<Timestamp>,
    latest: Option<Timestamp>,
    /// The record that it goes back to, as far as was read.
    origin: Option<Record>,
}

impl Cluster {
    fn add(&mut self, record: Record) {
        self.records += 1;
        self.domains.insert(record.source_domain.clone());
        if let Some(at) = record.published_at {
            self.earliest = Some(self.earliest.map_or(at, |earliest| earliest.min(at)));
            self.latest = Some(self.latest.map_or(at, |latest| latest.max(at)));
        }
        // A later version of an article is none.
        let is_version = |record: &Record| record.record_type == RecordType::Revision;
        let stays =
            self.origin.as_ref().is_some_and(|old| match (is_version(old), is_version(&record)) {
                (false, false) => dedup::first(&[claim(old), claim(&record)])
                    .is_some_and(|first| first.id == old.id),
                (_, is_version) => is_version,
            });
        if !stays {
            self.origin = Some(record);
        }
    }

    fn hours(&self) -> Option<i64> {
        Some(self.latest?.duration_since(self.earliest?).as_hours())
    }
}

/// What was found to be the same.
struct Found {
    classes: BTreeMap<Class, u64>,
    /// How many clusters have more than one record.
    clusters: usize,
    /// With their ids, by the number of their records.
    largest: Vec<(String, Cluster)>,
    /// Why something could not be read.
    unread: BTreeSet<String>,
}

/// Tells what was found to be the same: how many of each class, and the largest clusters with whom
/// they go back to.
pub(in crate::cli) fn dedup_report(
    loaded: &Loaded,
    top: usize,
    json: bool,
) -> anyhow::Result<Exit> {
    let found = find(&existing(&loaded.paths.archive)?, top)
        .with_context(|| format!("cannot read {}", loaded.paths.archive.display()))?;
    for words in &found.unread {
        anstream::eprintln!("newswatch: left out, see `newswatch archive verify`: {words}");
    }
    if json {
        print_json(&as_json(&found))?;
    } else {
        print_text(&as_text(&found))?;
    }
    Ok(if found.unread.is_empty() { Exit::Success } else { Exit::Failure })
}

/// Reads the archive twice: its clusters need not fit into memory, the largest do.
fn find(folder: &Folder, top: usize) -> Result<Found, ArchiveError> {
    let (newer, unread) = (Cell::new(false), RefCell::new(BTreeSet::new()));
    let records = || {
        let readable = |line: Result<Line, ReadError>| {
            let line = line.inspect_err(|error| {
                unread.borrow_mut().insert(with_causes(error));
            });
            let record = line.ok()?.record();
            if let Err(error) = &record
                && error.is_newer()
                && !newer.replace(true)
            {
                anstream::eprintln!("newswatch: {error} (such lines are left out)");
            }
            record.ok()
        };
        archive::read(folder).map(|lines| lines.filter_map(readable))
    };
    let mut classes: BTreeMap<Class, u64> = BTreeMap::new();
    let mut sizes: BTreeMap<String, u32> = BTreeMap::new();
    for record in records()? {
        let class = record.class();
        *classes.entry(class).or_default() += 1;
        if matches!(class, Class::Copy | Class::Abridged | Class::Extended) {
            *sizes.entry(record.cluster_id.unwrap_or_default()).or_default() += 1;
        }
    }
    let clusters = sizes.len();
    let mut largest: Vec<(String, u32)> = sizes.into_iter().collect();
    largest.sort_by_key(|(_, size)| Reverse(*size));
    largest.truncate(top);
    let mut by_id: BTreeMap<&str, Cluster> =
        largest.iter().map(|(id, _)| (id.as_str(), Cluster::default())).collect();
    for record in records()? {
        let id = record.cluster_id.as_ref().unwrap_or(&record.id);
        if let Some(cluster) = by_id.get_mut(id.as_str()) {
            cluster.add(record);
        }
    }
    let largest =
        largest.iter().filter_map(|(id, _)| Some((id.clone(), by_id.remove(id.as_str())?)));
    let largest = largest.collect();
    Ok(Found { classes, clusters, largest, unread: unread.into_inner() })
}

fn as_json(found: &Found) -> serde_json::Value {
    let named = found.classes.iter().map(|(class, count)| (name(*class), *count));
    let largest = found.largest.iter().map(|(id, cluster)| {
        let origin = cluster.origin.as_ref();
        json!({
            "cluster_id": id,
            "records": cluster.records,
            "domains": cluster.domains,
            "hours": cluster.hours(),
            "first": origin.map(|origin| &origin.id),
            "first_domain": origin.map(|origin| &origin.source_domain),
            "title": origin.map(|origin| origin.title.as_deref().unwrap_or_default()),
        })
    });
    json!({
        "records": found.classes.values().sum::<u64>(),
        "unread": found.unread,
        "classes": named.collect::<BTreeMap<_, _>>(),
        "clusters": found.clusters,
        "largest": largest.collect::<Vec<_>>(),
    })
}

fn as_text(found: &Found) -> String {
    let mut text = format!("{} records", found.classes.values().sum::<u64>());
    for (class, count) in &found.classes {
        text.push_str(&format!(", {count} {}", name(*class)));
    }
    text.push_str(&format!("; {} clusters of more than one\n", found.clusters));
    if !found.largest.is_empty() {
        let mut rows = table(&["records", "sites", "hours", "first", "title", "cluster"]);
        for (id, cluster) in &found.largest {
            let origin = cluster.origin.as_ref();
            rows.add_row([
                cluster.records.to_string(),
                cluster.domains.len().to_string(),
                cluster.hours().map_or_else(|| "-".to_owned(), |hours| hours.to_string()),
                origin.map_or_else(String::new, |origin| safe(&origin.source_domain, 30)),
                origin.map_or_else(String::new, |origin| {
                    safe(origin.title.as_deref().unwrap_or_default(), 60)
                }),
                safe(id, 40),
            ]);
        }
        text.push_str(&format!("{rows}\n"));
    }
    text
}

fn name(class: Class) -> &'static str {
    match class {
        Class::New => "new",
        Class::Copy => "copy",
        Class::Abridged => "abridged",
        Class::Extended => "extended",
        Class::Excerpt => "excerpt",
        Class::Revision => "revision",
        Class::Same => "same",
    }
}
