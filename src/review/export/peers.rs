//! The JSON of other tools, so that what was built on them goes on working: news-please
//! (<https://github.com/fhamborg/news-please>) and trafilatura (<https://trafilatura.readthedocs.io>).

use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Value, json};

use crate::archive::Record;

/// One article as news-please writes it to JSON.
pub(super) fn news_please(record: &Record) -> Value {
    let date = |at: Option<Timestamp>| {
        at.map(|at| at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S").to_string())
    };
    json!({
        "authors": record.authors,
        "date_download": date(Some(record.fetched_at)),
        "date_modify": date(record.modified_at),
        "date_publish": date(record.published_at),
        "description": record.summary,
        "filename": format!("{}.json", record.id),
        "image_url": record.image_url,
        "language": record.language,
        "localpath": Value::Null,
        "maintext": record.text,
        "source_domain": record.source_domain,
        "title": record.title,
        "title_page": record.title,
        "title_rss": record.title_feed,
        "url": record.url,
    })
}

/// One article as trafilatura writes it to JSON with metadata.
pub(super) fn trafilatura(record: &Record) -> Value {
    let day = |at: Timestamp| at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d").to_string();
    json!({
        "title": record.title,
        "author": joined(&record.authors),
        "hostname": record.source_domain,
        "date": record.published_at.map(day),
        "fingerprint": record.fingerprint,
        "id": record.id,
        "license": record.licence,
        "comments": "",
        "raw_text": record.text,
        "text": record.text,
        "language": record.language,
        "image": record.image_url,
        "pagetype": "article",
        "filedate": day(record.fetched_at),
        "source": record.final_url.as_ref().unwrap_or(&record.url),
        "source-hostname": record.source_name.as_ref().unwrap_or(&record.source_domain),
        "excerpt": record.summary,
        "categories": record.section,
        "tags": joined(&record.tags),
    })
}

fn joined(list: &[String]) -> Option<String> {
    (!list.is_empty()).then(|| list.join("; "))
}
