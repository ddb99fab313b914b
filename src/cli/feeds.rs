//! `newswatch feeds …`

use super::{
    Exit,
    format::{print_json, print_text, table},
};
use crate::config::Loaded;

pub(super) fn list(loaded: &Loaded, json: bool) -> anyhow::Result<Exit> {
    let feeds = &loaded.config.feeds;
    if json {
        print_json(feeds)?;
        return Ok(Exit::Success);
    }
    let mut table = table(&["id", "name", "language", "country", "kind", "enabled", "url"]);
    for feed in feeds {
        table.add_row([
            feed.id.clone(),
            feed.name.clone().unwrap_or_default(),
            feed.language.clone().unwrap_or_default(),
            feed.country.clone().unwrap_or_default(),
            format!("{:?}", feed.kind).to_lowercase(),
            if feed.enabled { "yes" } else { "no" }.to_owned(),
            feed.url.to_string(),
        ]);
    }
    print_text(&format!("{table}\n{} feeds\n", feeds.len()))?;
    Ok(Exit::Success)
}
