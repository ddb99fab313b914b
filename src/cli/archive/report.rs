//! `newswatch archive dedup-report`.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet},
};

use anyhow::Context;
use jiff::Timestamp;
use serde_json::json;

use super::existing;
use crate::{
    archive::{self, Record},
    cli::{
        Exit,
        format::{print_json, print_text, safe, table},
    },
    config::Loaded,
    dedup::{self, Class},
    text::with_causes,
};

/// What is known of a cluster of more than one record.
#[derive(Default)]
struct Cluster {
    records: u32,
    domains: BTreeSet<String>,
    earliest: Option<Timestamp>,
    latest: Option<Timestamp>,
    origin: Option<Origin>,
}

/// The record that a cluster goes back to, as far as it was read.
struct Origin {
    id: String,
    title: String,
    text: String,
    domain: String,
    published_at: Option<Timestamp>,
}

impl Origin {
    fn of(record: Record) -> Self {
        Self {
            id: record.id,
            title: record.title.unwrap_or_default(),
            text: record.text.unwrap_or_default(),
            domain: record.source_domain,
            published_at: record.published_at,
        }
    }

    fn claim(&self) -> dedup::Claim<'_> {
        dedup::Claim {
            id: &self.id,
            published_at: self.published_at,
            title: &self.title,
            text: &self.text,
            source: &self.domain,
        }
    }
}

impl Cluster {
    fn add(&mut self, record: Record) {
        self.records += 1;
        self.domains.insert(record.source_domain.clone());
        if let Some(at) = record.published_at {
            self.earliest = Some(self.earliest.map_or(at, |earliest| earliest.min(at)));
            self.latest = Some(self.latest.map_or(at, |latest| latest.max(at)));
        }
        let new = Origin::of(record);
        let stays = self.origin.as_ref().is_some_and(|old| {
            dedup::first(&[old.claim(), new.claim()]).is_some_and(|first| first.id == old.id)
        });
        if !stays {
            self.origin = Some(new);
        }
    }

    fn hours(&self) -> Option<i64> {
        Some(self.latest?.duration_since(self.earliest?).as_hours())
    }
}

/// Tells what was found to be the same: how many of each class, and the largest clusters with whom
/// they go back to.
pub(in crate::cli) fn dedup_report(
    loaded: &Loaded,
    top: usize,
    json: bool,
) -> anyhow::Result<Exit> {
    let folder = existing(&loaded.paths.archive)?;
    let (newer, unread) = (Cell::new(false), RefCell::new(BTreeSet::new()));
    let records = || -> anyhow::Result<_> {
        let lines = archive::read(&folder)
            .with_context(|| format!("cannot read {}", loaded.paths.archive.display()))?;
        Ok(lines.filter_map(|line| {
            let record = match line {
                Ok(line) => line.record(),
                Err(error) => {
                    unread.borrow_mut().insert(with_causes(&error));
                    return None;
                }
            };
            if let Err(error) = &record
                && error.is_newer()
                && !newer.replace(true)
            {
                anstream::eprintln!("newswatch: {error} (such lines are left out)");
            }
            record.ok()
        }))
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
    let mut largest: Vec<(u32, &String)> = sizes.iter().map(|(id, size)| (*size, id)).collect();
    largest.sort_unstable_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    largest.truncate(top);
    let mut clusters: BTreeMap<String, Cluster> =
        largest.iter().map(|(_, id)| ((*id).clone(), Cluster::default())).collect();
    for record in records()? {
        let id = record.cluster_id.as_ref().unwrap_or(&record.id);
        if let Some(cluster) = clusters.get_mut(id) {
            cluster.add(record);
        }
    }
    let unread = unread.into_inner();
    for words in &unread {
        anstream::eprintln!("newswatch: left out, see `newswatch archive verify`: {words}");
    }
    let exit = if unread.is_empty() { Exit::Success } else { Exit::Failure };
    let named = classes.iter().map(|(class, count)| (name(*class), *count));
    let total: u64 = classes.values().sum();
    if json {
        let clusters = largest.iter().filter_map(|(_, id)| {
            let cluster = clusters.get(*id)?;
            let origin = cluster.origin.as_ref();
            Some(json!({
                "cluster_id": id,
                "records": cluster.records,
                "domains": cluster.domains,
                "hours": cluster.hours(),
                "first": origin.map(|origin| &origin.id),
                "first_domain": origin.map(|origin| &origin.domain),
                "title": origin.map(|origin| &origin.title),
            }))
        });
        print_json(&json!({
            "records": total,
            "unread": unread,
            "classes": named.collect::<BTreeMap<_, _>>(),
            "clusters": sizes.len(),
            "largest": clusters.collect::<Vec<_>>(),
        }))?;
        return Ok(exit);
    }
    let mut text = format!("{total} records");
    for (name, count) in named {
        text.push_str(&format!(", {count} {name}"));
    }
    text.push_str(&format!("; {} clusters of more than one\n", sizes.len()));
    if !largest.is_empty() {
        let mut rows = table(&["records", "sites", "hours", "first", "title", "cluster"]);
        for (_, id) in &largest {
            let Some(cluster) = clusters.get(*id) else { continue };
            let origin = cluster.origin.as_ref();
            rows.add_row([
                cluster.records.to_string(),
                cluster.domains.len().to_string(),
                cluster.hours().map_or_else(|| "-".to_owned(), |hours| hours.to_string()),
                origin.map_or_else(String::new, |origin| safe(&origin.domain, 30)),
                origin.map_or_else(String::new, |origin| safe(&origin.title, 60)),
                safe(id, 40),
            ]);
        }
        text.push_str(&format!("{rows}\n"));
    }
    print_text(&text)?;
    Ok(exit)
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
