//! Changes to the text of `feeds.toml` that keep its comments, its order and its spelling.

use toml_edit::{Array, ArrayOfTables, DocumentMut, Item, Table, value};

use super::{Document, Feed, Report, feeds, settings::Schedule};
use crate::source::SourceKind;

/// Why a file is left as it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The file is no TOML.
    #[error("it is not valid TOML: {0}")]
    Toml(String),
    /// `feed = [{ … }]`, which cannot take comments.
    #[error("its feeds are not written below lines [[feed]]")]
    Inline,
    /// No feed has this id.
    #[error("it has no feed with the id {0:?}")]
    Unknown(String),
}

/// The feeds that a text of `feeds.toml` names, if it is free of faults. `name` is the file's, for
/// the report.
pub fn read_feeds(name: &str, text: &str, schedule: &Schedule) -> Result<Vec<Feed>, Report> {
    let mut document = Document::new(name, text);
    let feeds = feeds::read(&mut document, schedule);
    Report::of([document]).map_or(Ok(feeds), Err)
}

/// Adds feeds after the last one.
pub fn add_feeds(text: &str, feeds: &[Feed]) -> Result<String, EditError> {
    let mut document = parse(text)?;
    // What stands in a file without feeds stands before the first one.
    let trailing = document.trailing().as_str().unwrap_or_default().to_owned();
    let tables = tables(&mut document)?;
    let is_first = tables.is_empty();
    for feed in feeds {
        let mut table = table(feed);
        if !(is_first && tables.is_empty()) {
            table.decor_mut().set_prefix("\n");
        } else if !trailing.is_empty() {
            table.decor_mut().set_prefix(format!("{trailing}\n"));
        }
        tables.push(table);
    }
    if is_first && !feeds.is_empty() {
        document.set_trailing("");
    }
    Ok(document.to_string())
}

/// Takes a feed out, with the comment lines right above it. Those further up, such as the heading
/// of a group, stay.
pub fn remove_feed(text: &str, id: &str) -> Result<String, EditError> {
    let mut document = parse(text)?;
    let trailing = document.trailing().as_str().unwrap_or_default().to_owned();
    let tables = tables(&mut document)?;
    let place = place(tables, id)?;
    let stays = tables.get(place).map(|table| heading(table).to_owned()).unwrap_or_default();
    tables.remove(place);
    match tables.get_mut(place) {
        Some(next) if !stays.is_empty() => {
            let prefix = format!("{stays}{}", prefix(next).trim_start_matches('\n'));
            next.decor_mut().set_prefix(prefix);
        }
        None if !stays.trim().is_empty() => {
            document.set_trailing(format!("{}\n{trailing}", stays.trim_end()));
        }
        _ => {}
    }
    Ok(document.to_string())
}

/// Switches a feed on or off.
pub fn set_enabled(text: &str, id: &str, enabled: bool) -> Result<String, EditError> {
    let mut document = parse(text)?;
    let tables = tables(&mut document)?;
    let place = place(tables, id)?;
    if let Some(table) = tables.get_mut(place) {
        match table.get_mut("enabled").and_then(Item::as_value_mut) {
            Some(written) => {
                let decor = written.decor().clone();
                *written = enabled.into();
                *written.decor_mut() = decor;
            }
            None if enabled => {}
            None => drop(table.insert("enabled", value(false))),
        }
    }
    Ok(document.to_string())
}

fn parse(text: &str) -> Result<DocumentMut, EditError> {
    text.parse().map_err(|error: toml_edit::TomlError| EditError::Toml(error.message().to_owned()))
}

fn tables(document: &mut DocumentMut) -> Result<&mut ArrayOfTables, EditError> {
    let feeds = document.entry("feed").or_insert(Item::ArrayOfTables(ArrayOfTables::new()));
    feeds.as_array_of_tables_mut().ok_or(EditError::Inline)
}

fn place(tables: &ArrayOfTables, id: &str) -> Result<usize, EditError> {
    let is_it = |table: &Table| table.get("id").and_then(Item::as_str) == Some(id);
    tables.iter().position(is_it).ok_or_else(|| EditError::Unknown(id.to_owned()))
}

fn prefix(table: &Table) -> &str {
    table.decor().prefix().and_then(|prefix| prefix.as_str()).unwrap_or_default()
}

/// What stands above a feed and is not about it alone: up to the last empty line.
fn heading(table: &Table) -> &str {
    let prefix = prefix(table);
    match prefix.rfind("\n\n") {
        Some(end) => prefix.get(..end + 2).unwrap_or_default(),
        None => "",
    }
}

fn table(feed: &Feed) -> Table {
    let mut table = Table::new();
    let mut text = |key: &str, text: &str| drop(table.insert(key, value(text)));
    text("id", &feed.id);
    text("url", feed.url.as_str());
    let optional = [("name", &feed.name), ("language", &feed.language), ("country", &feed.country)];
    for (key, given) in optional {
        if let Some(given) = given {
            text(key, given);
        }
    }
    if feed.kind == SourceKind::Sitemap {
        text("kind", "sitemap");
    }
    if !feed.tags.is_empty() {
        table.insert("tags", value(feed.tags.iter().collect::<Array>()));
    }
    if !feed.enabled {
        table.insert("enabled", value(false));
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"#:schema schema/feeds.json

# My feeds.

# ---- Agencies ----

# the one with the bad zone
[[feed]]
id = "one"   # first
url = "https://one.example/feed"

[[feed]]
url = 'https://two.example/feed'
id = 'two'
enabled = true # for now

# ---- Papers ----

[[feed]]
id = "three"
url = "https://three.example/feed"
# the end
"#;

    fn new() -> Feed {
        let text = "[[feed]]\nid = \"new\"\nurl = \"https://new.example/feed\"\nname = \"A \\\"B\\\"\"\n\
                    kind = \"sitemap\"\ntags = [\"x\", \"y\"]\n";
        read_feeds("test", text, &Schedule::default()).unwrap().remove(0)
    }

    #[test]
    fn a_feed_is_added_after_the_last_one_and_nothing_else_changes() {
        let added = add_feeds(FILE, &[new()]).unwrap();
        let (head, tail) = FILE.split_once("# the end").unwrap();
        assert!(added.starts_with(head), "{added}");
        assert!(added.contains("# the end"), "{added} {tail}");
        let feeds = read_feeds("test", &added, &Schedule::default()).unwrap();
        assert_eq!(feeds.len(), 4);
        assert_eq!(feeds.last(), Some(&new()));
    }

    #[test]
    fn a_file_without_feeds_keeps_its_comments_before_the_first() {
        let added = add_feeds("# My feeds.\n", &[new(), Feed { id: "b".into(), ..new() }]).unwrap();
        assert!(added.starts_with("# My feeds.\n\n[[feed]]\nid = \"new\"\n"), "{added}");
        assert!(added.contains("\n\n[[feed]]\nid = \"b\"\n"), "{added}");
        assert_eq!(add_feeds("", &[new()]).unwrap().matches("[[feed]]").count(), 1);
    }

    #[test]
    fn a_removed_feed_takes_its_own_comment_with_it_and_leaves_headings() {
        let removed = remove_feed(FILE, "one").unwrap();
        assert!(!removed.contains("bad zone") && !removed.contains("one.example"), "{removed}");
        assert!(
            removed.contains("# ---- Agencies ----\n\n[[feed]]\nurl = 'https://two"),
            "{removed}"
        );
        let removed = remove_feed(&removed, "three").unwrap();
        assert!(removed.contains("# ---- Papers ----"), "{removed}");
        let removed = remove_feed(&removed, "two").unwrap();
        for comment in ["#:schema", "# My feeds.", "# ---- Agencies ----", "# ---- Papers ----"] {
            assert!(removed.contains(comment), "{removed}");
        }
        assert_eq!(read_feeds("test", &removed, &Schedule::default()), Ok(vec![]));
        assert_eq!(remove_feed(&removed, "two"), Err(EditError::Unknown("two".to_owned())));
    }

    #[test]
    fn a_feed_is_switched_off_and_on_in_its_place() {
        let off = set_enabled(FILE, "two", false).unwrap();
        assert_eq!(off, FILE.replace("enabled = true # for now", "enabled = false # for now"));
        assert_eq!(set_enabled(&off, "two", true).unwrap(), FILE);
        assert_eq!(set_enabled(FILE, "one", true).unwrap(), FILE);
        let off = set_enabled(FILE, "one", false).unwrap();
        let place = "url = \"https://one.example/feed\"\n";
        assert_eq!(off, FILE.replace(place, &format!("{place}enabled = false\n")));
        assert_eq!(set_enabled(FILE, "four", true), Err(EditError::Unknown("four".to_owned())));
    }
}
