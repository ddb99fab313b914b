//! Reads `feeds.toml`.

use toml::Table;

use super::{
    feed::Feed,
    report::Document,
    schema,
    settings::Schedule,
    tables::{self, Entry},
};

impl Entry for Feed {
    const NAME: &'static str = "feed";

    fn sample() -> Table {
        let mut table = Table::new();
        table.insert("id".to_owned(), "a".into());
        table.insert("url".to_owned(), "http://localhost/".into());
        table
    }
}

/// The feeds of the document that will do; what is wrong with the others goes to its faults.
pub(super) fn read(document: &mut Document, schedule: &Schedule) -> Vec<Feed> {
    let feeds = tables::read::<Feed>(document, &schema::feeds());
    let faults = &mut document.faults;
    tables::repeated(&feeds, &document.text, "id", |feed| &feed.id, faults);
    tables::repeated(&feeds, &document.text, "url", |feed| feed.url.as_str(), faults);
    for (feed, leaves) in &feeds {
        for conflict in feed.conflicts(schedule) {
            let place = conflict.keys.iter().find_map(|key| leaves.get(*key));
            faults.extend(place.map(|leaf| conflict.at(leaf.span.clone())));
        }
    }
    feeds.into_iter().map(|(feed, _)| feed).collect()
}
