//! The index over small archives: what is found, counted, followed and recovered.

mod follow;
mod search;

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tempfile::TempDir;

use super::{Desk, Order, Progress, Query};
use crate::{
    archive::{Archive, Record, Settings},
    jsonl::Folder,
};

pub(super) fn now() -> Timestamp {
    "2022-02-01T00:00:00Z".parse().unwrap()
}

const RECORD: &str = r#"{
    "schema_version": 1, "record_type": "article", "id": "NAME", "revision": 1,
    "revision_of": null, "url": "https://a.example/NAME", "final_url": null,
    "canonical_url": null, "url_key": "a.example/NAME", "feed_id": "a",
    "feed_url": "https://a.example/feed", "guid": null, "source_name": "A",
    "source_domain": "a.example", "source_country": "KZ", "title": "NAME", "title_feed": null,
    "authors": [], "tags": [], "section": null, "published_at": "2022-01-06T12:00:00Z",
    "modified_at": null, "fetched_at": "2022-01-06T12:10:00Z",
    "first_seen_at": "2022-01-06T12:09:00Z", "published_raw": null, "published_source": null,
    "published_precision": null, "published_tz_assumed": null, "language": "en",
    "language_confidence": 1.0, "language_declared": null, "text": null, "summary": null,
    "summary_source": null, "text_status": "full", "word_count": 0, "char_count": 0,
    "image_url": null, "media": [], "topic": "csto", "topic_score": 5.0, "topic_reason": null,
    "matched_terms": [], "matches": [], "content_hash": null, "fingerprint": null,
    "cluster_id": "NAME", "duplicate_of": null, "similarity": null, "http_status": 200,
    "content_type": null, "charset": null, "etag": null, "last_modified": null, "raw_ref": null,
    "extraction": {"method": "jsonld", "confidence": 0.9, "warnings": []},
    "robots_allowed": true, "crawler_version": "0.1.0", "config_hash": "00", "seq": 0,
    "prev": null, "crc": ""
}"#;

/// A record; `changes` take the place of its fields.
pub(super) fn record(id: &str, changes: &Value) -> Record {
    let mut record: Value = serde_json::from_str(&RECORD.replace("NAME", id)).unwrap();
    for (key, value) in changes.as_object().unwrap() {
        record[key] = value.clone();
    }
    serde_json::from_value(record).unwrap()
}

/// An archive and its index in a folder of their own.
pub(super) struct Office {
    pub(super) folder: TempDir,
}

impl Office {
    pub(super) fn new() -> Self {
        let office = Self { folder: tempfile::tempdir().unwrap() };
        std::fs::create_dir(office.archive()).unwrap();
        office
    }

    pub(super) fn with(records: &[(&str, Value)]) -> Self {
        let office = Self::new();
        office.append("2022-01-06T13:00:00Z", records);
        office
    }

    pub(super) fn archive(&self) -> std::path::PathBuf {
        self.folder.path().join("archive")
    }

    pub(super) fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn append(&self, at: &str, records: &[(&str, Value)]) {
        let mut records: Vec<Record> =
            records.iter().map(|(id, changes)| record(id, changes)).collect();
        let (mut archive, _) =
            Archive::open(Folder::at(self.archive()), Settings::default(), None).unwrap();
        archive.append(&mut records, at.parse().unwrap()).unwrap();
    }

    pub(super) fn desk(&self) -> Desk {
        let mut desk = open(self.folder.path());
        while desk.advance(100).unwrap() != Progress::Current {}
        desk
    }
}

pub(super) fn open(folder: &Path) -> Desk {
    Desk::open(
        &folder.join("review.sqlite"),
        &folder.join("archive"),
        &folder.join("reviews.jsonl"),
    )
    .unwrap()
}

/// The ids that a query finds, in order of the archive.
pub(super) fn ids(desk: &mut Desk, query: &str) -> Vec<String> {
    let query = Query::parse(query, now()).unwrap_or_else(|error| panic!("{query}: {error}"));
    let found = desk.find(&query).unwrap();
    let mut page = desk.index.page(&found, Order::Archived, None, 1000).rows;
    page.reverse();
    let items = desk.index.items(&page).unwrap();
    items.into_iter().map(|item| item.record.id).collect()
}

pub(super) fn at(hours: i64) -> String {
    let start: Timestamp = "2022-01-06T00:00:00Z".parse().unwrap();
    (start + SignedDuration::from_hours(hours)).to_string()
}
