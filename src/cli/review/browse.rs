//! `newswatch archive ls`, `search`, `show`, `raw`, `diff`, `clusters`, `stats`.

use anyhow::Context;
use jiff::Timestamp;
use serde_json::json;

use super::{
    address::{self, Found},
    desk, print, screen,
};
use crate::{
    cli::{
        Exit,
        format::{is_terminal_stdout, print_bytes, print_json, print_text, safe, table},
    },
    config::Loaded,
    jsonl::{Disk, DiskFile, Folder},
    review::{self, Change, Desk, Item, Kind, Order, Phrase},
};

/// The days of the archive.
pub(super) fn ls(loaded: &Loaded, json: bool) -> anyhow::Result<Exit> {
    let desk = desk::current(loaded)?;
    let folder = Folder::at(&loaded.paths.archive);
    let mut days = Vec::new();
    for (segment, records) in desk.index.segments()? {
        let forms = ["", ".gz", ".zst"].map(|end| format!("{segment}{end}"));
        let found = forms.iter().find_map(|path| Some((path, folder.open(path).ok()?)));
        let bytes = found.as_ref().and_then(|(_, file)| file.size().ok()).unwrap_or_default();
        let path = found.map_or_else(|| segment.to_string(), |(path, _)| path.clone());
        days.push((segment.day().to_string(), path, records, bytes));
    }
    let records: u32 = days.iter().map(|(_, _, records, _)| records).sum();
    let bytes: u64 = days.iter().map(|(_, _, _, bytes)| bytes).sum();
    if json {
        let days: Vec<_> = days
            .iter()
            .map(|(day, path, records, bytes)| {
                json!({ "day": day, "file": path, "records": records, "bytes": bytes })
            })
            .collect();
        print_json(&json!({ "days": days, "records": records, "bytes": bytes }))?;
        return Ok(Exit::Success);
    }
    let mut rows = table(&["day", "records", "size", "file"]);
    for (day, path, records, bytes) in &days {
        rows.add_row([day.clone(), records.to_string(), size(*bytes), path.clone()]);
    }
    screen::show(&format!(
        "{rows}\n{records} records, {} in {}\n",
        size(bytes),
        loaded.paths.archive.display()
    ))?;
    Ok(Exit::Success)
}

fn size(bytes: u64) -> String {
    match bytes {
        n if n < 10 << 10 => format!("{n} B"),
        n if n < 10 << 20 => format!("{} KiB", n >> 10),
        n => format!("{} MiB", n >> 20),
    }
}

pub(super) fn search(
    loaded: &Loaded,
    text: &str,
    order: Order,
    limit: usize,
    after: Option<&str>,
    json: bool,
) -> anyhow::Result<Exit> {
    let query = desk::query(text)?;
    let after = after
        .map(|key| {
            key.parse::<review::Key>().ok().with_context(|| format!("{key:?} is no page's `next`"))
        })
        .transpose()?;
    let mut desk = desk::current(loaded)?;
    let found = desk::find(&mut desk, &query)?;
    let page = desk.index.page(&found, order, after, limit.clamp(1, 10_000));
    let items = desk.index.items(&page.rows)?;
    desk::tell_unread(desk.index.unread());
    let total = found.count();
    if json {
        let records: Vec<_> = items.iter().map(|item| &item.record).collect();
        let next = page.next.map(|next| next.to_string());
        print_json(&json!({ "total": total, "next": next, "records": records }))?;
        return Ok(Exit::Success);
    }
    let phrases = query.phrases();
    let columns = screen::columns();
    let mut shown = String::new();
    for item in &items {
        shown.push_str(&print::entry(item, desk.review(item.row), &phrases, columns));
        shown.push('\n');
    }
    shown.push_str(&summary(total, items.len(), page.next));
    screen::show(&shown)?;
    Ok(Exit::Success)
}

fn summary(total: u32, shown: usize, next: Option<review::Key>) -> String {
    match (total, next) {
        (0, _) => "nothing was found\n".to_owned(),
        (1, _) => "1 record\n".to_owned(),
        (total, None) => format!("{total} records\n"),
        (total, Some(next)) => {
            format!("{shown} of {total} records; the next ones: --after {next}\n")
        }
    }
}

/// The record with an id.
fn item(desk: &Desk, id: &str) -> anyhow::Result<Item> {
    desk.item(id)?.with_context(|| {
        format!("no record has the id {:?}; `newswatch archive search` shows ids", safe(id, 60))
    })
}

pub(super) fn show(loaded: &Loaded, id: &str, text: &str, json: bool) -> anyhow::Result<Exit> {
    let now = crate::clock::now();
    let query = desk::query(text)?;
    let desk = desk::current(loaded)?;
    let found = match desk.item(id)? {
        Some(item) => Some(Found::Record(Box::new(item))),
        None => address::find(loaded, &desk, id, now)?,
    };
    let item = match found {
        Some(Found::Record(item)) => *item,
        Some(Found::Reject(reject)) if json => {
            print_json(&json!({ "reject": reject }))?;
            return Ok(Exit::Success);
        }
        Some(Found::Reject(reject)) => {
            screen::show(&print::reject(&reject, screen::columns()))?;
            return Ok(Exit::Success);
        }
        Some(Found::Waits(waiting)) if json => {
            print_json(&json!({ "waiting": waiting }))?;
            return Ok(Exit::Success);
        }
        Some(Found::Waits(waiting)) => {
            screen::show(&print::waiting(&waiting, now))?;
            return Ok(Exit::Success);
        }
        None => item(&desk, id)?,
    };
    let versions = desk.index.items(&desk.index.versions(item.row))?;
    let story = desk.index.story(item.row, 100)?;
    if json {
        let ids = |items: &[Item]| -> Vec<String> {
            items.iter().map(|item| item.record.id.clone()).collect()
        };
        print_json(&json!({
            "record": item.record,
            "versions": ids(&versions),
            "story": ids(&story.items),
            "review": desk.review(item.row),
        }))?;
        return Ok(Exit::Success);
    }
    let phrases: Vec<&Phrase> = query.phrases();
    let mut shown = print::article(&item, desk.review(item.row), &phrases, screen::columns());
    list(&mut shown, "Versions", &versions, &item);
    let copies: Vec<Item> = story
        .items
        .into_iter()
        .filter(|other| versions.iter().all(|version| version.row != other.row))
        .collect();
    list(&mut shown, "The same story elsewhere", &copies, &item);
    screen::show(&shown)?;
    Ok(Exit::Success)
}

/// Writes the page that a record came from, or the records of the WARC file.
pub(super) fn raw(loaded: &Loaded, id: &str, warc: bool) -> anyhow::Result<Exit> {
    let desk = desk::current(loaded)?;
    let item = item(&desk, id)?;
    let raw = desk.index.raw(&item.record)?;
    let bytes = if warc { raw.records } else { raw.page };
    if is_terminal_stdout() {
        if warc {
            anyhow::bail!("WARC records are not for a terminal: redirect them to a file");
        }
        // What a stranger wrote must not steer the terminal.
        let text = String::from_utf8_lossy(&bytes);
        let steers = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
        screen::show(&text.replace(steers, "\u{fffd}"))?;
        return Ok(Exit::Success);
    }
    print_bytes(&bytes).context("cannot write to standard output")?;
    Ok(Exit::Success)
}

fn list(shown: &mut String, title: &str, items: &[Item], this: &Item) {
    let others = items.iter().filter(|item| item.row != this.row).count();
    if others == 0 {
        return;
    }
    shown.push_str(&format!("\n{}{title}{}\n", screen::BOLD, screen::RESET));
    for item in items {
        let at = item.record.published_at.unwrap_or(item.record.first_seen_at);
        let source = item.record.source_name.as_deref().unwrap_or(&item.record.source_domain);
        let this = if item.row == this.row { "  (this one)" } else { "" };
        shown.push_str(&format!(
            "{}  {}  {}  {}{this}\n",
            print::minute(at),
            safe(&item.record.id, 40),
            safe(source, 40),
            item.class.word(),
        ));
    }
}

pub(super) fn diff(
    loaded: &Loaded,
    id: &str,
    with: Option<&str>,
    json: bool,
) -> anyhow::Result<Exit> {
    let desk = desk::current(loaded)?;
    let new = item(&desk, id)?;
    let old = if let Some(with) = with {
        item(&desk, with)?
    } else {
        let row = desk.index.of(new.row).with_context(|| {
            format!(
                "{} replaces and copies no other record: name the one to compare with",
                safe(id, 60)
            )
        })?;
        desk.index.item(row)?.context("the record that it names is not in the archive")?
    };
    let text = |item: &Item| {
        let record = &item.record;
        let title = record.title.as_deref().unwrap_or_default();
        format!(
            "{title}\n\n{}\n",
            record.text.as_deref().or(record.summary.as_deref()).unwrap_or_default()
        )
    };
    let (before, after) = (text(&old), text(&new));
    let changes = review::diff(&before, &after);
    if json {
        let changes: Vec<_> = changes
            .iter()
            .map(|change| match change {
                Change::Same(text) => json!({ "same": text }),
                Change::Removed(text) => json!({ "removed": text }),
                Change::Added(text) => json!({ "added": text }),
            })
            .collect();
        print_json(&json!({ "old": old.record.id, "new": new.record.id, "changes": changes }))?;
        return Ok(Exit::Success);
    }
    let head = |item: &Item| {
        let at: Timestamp = item.record.published_at.unwrap_or(item.record.first_seen_at);
        let source = item.record.source_name.as_deref().unwrap_or(&item.record.source_domain);
        format!("{}  {}  {}", safe(&item.record.id, 40), print::minute(at), safe(source, 40))
    };
    let mut shown = format!(
        "{}--- {}{}\n{}+++ {}{}\n\n",
        screen::RED,
        head(&old),
        screen::RESET,
        screen::GREEN,
        head(&new),
        screen::RESET
    );
    shown.push_str(&print::changes(&changes));
    screen::show(&shown)?;
    Ok(Exit::Success)
}

pub(super) fn clusters(
    loaded: &Loaded,
    text: &str,
    limit: usize,
    json: bool,
) -> anyhow::Result<Exit> {
    let query = desk::query(text)?;
    let mut desk = desk::current(loaded)?;
    let found = desk::find(&mut desk, &query)?;
    let page = desk.index.stories(&found, None, limit.clamp(1, 10_000));
    let firsts = desk.index.origins(&page.rows)?;
    if json {
        let stories: Vec<_> = firsts
            .iter()
            .map(|item| {
                json!({
                    "cluster_id": item.record.cluster_id.as_ref().unwrap_or(&item.record.id),
                    "first": item.record.id,
                    "records": item.story,
                    "title": item.record.title,
                    "source": item.record.source_domain,
                    "published_at": item.record.published_at,
                })
            })
            .collect();
        print_json(&json!({ "stories": stories }))?;
        return Ok(Exit::Success);
    }
    let mut rows = table(&["records", "first published", "by", "title", "id"]);
    for item in &firsts {
        let record = &item.record;
        rows.add_row([
            item.story.to_string(),
            print::minute(record.published_at.unwrap_or(record.first_seen_at)),
            safe(record.source_name.as_deref().unwrap_or(&record.source_domain), 30),
            safe(record.title.as_deref().unwrap_or("(untitled)"), 80),
            safe(&record.id, 40),
        ]);
    }
    screen::show(&format!("{rows}\n"))?;
    Ok(Exit::Success)
}

pub(super) fn stats(loaded: &Loaded, text: &str, limit: usize, json: bool) -> anyhow::Result<Exit> {
    let query = desk::query(text)?;
    let mut desk = desk::current(loaded)?;
    let found = desk::find(&mut desk, &query)?;
    let facets = desk.facets(&found, limit);
    let day = |day: u32| {
        let at = Timestamp::from_second(i64::from(day) * 86_400).unwrap_or_default();
        print::minute(at).split(' ').next().unwrap_or_default().to_owned()
    };
    let kinds = [
        ("sources", Kind::Source),
        ("languages", Kind::Language),
        ("countries", Kind::Country),
        ("topics", Kind::Topic),
        ("terms", Kind::Term),
    ];
    if json {
        let days: serde_json::Map<_, _> =
            facets.days.iter().map(|(at, count)| (day(*at), (*count).into())).collect();
        let mut value = json!({ "records": facets.total, "days": days, "kinds": facets.classes });
        for (name, kind) in kinds {
            if let Some(map) = value.as_object_mut() {
                map.insert(name.to_owned(), serde_json::to_value(facets.by.get(&kind))?);
            }
        }
        print_json(&value)?;
        return Ok(Exit::Success);
    }
    if facets.total == 0 {
        print_text("nothing was found\n")?;
        return Ok(Exit::Success);
    }
    let columns = screen::columns();
    let mut shown = format!("{} records\n\n", facets.total);
    let days: Vec<(String, u32)> = facets.days.iter().map(|(at, n)| (day(*at), *n)).collect();
    let last = days.get(days.len().saturating_sub(31)..).unwrap_or_default();
    let title =
        if last.len() < days.len() { "Per day, the last 31 with records" } else { "Per day" };
    shown.push_str(&print::bars(title, last, columns));
    for (name, kind) in kinds {
        let buckets = facets.by.get(&kind).map(Vec::as_slice).unwrap_or_default();
        let counts: Vec<(String, u32)> = buckets
            .iter()
            .map(|bucket| {
                let name = if bucket.value.is_empty() { "(none)" } else { &bucket.value };
                let label = bucket.label.as_deref().filter(|label| *label != name);
                (
                    label.map_or_else(|| name.to_owned(), |label| format!("{name} ({label})")),
                    bucket.count,
                )
            })
            .collect();
        if !counts.is_empty() {
            shown.push('\n');
            let mut title = name.to_owned();
            title.get_mut(..1).into_iter().for_each(str::make_ascii_uppercase);
            shown.push_str(&print::bars(&title, &counts, columns));
        }
    }
    screen::show(&shown)?;
    Ok(Exit::Success)
}
