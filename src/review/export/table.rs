//! The columns of the formats that have columns.

use jiff::Timestamp;

use super::Exported;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    Text,
    Integer,
    Real,
    Time,
}

/// A value of a row.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell {
    None,
    Text(String),
    Integer(i64),
    Real(f64),
    Time(Timestamp),
}

pub(super) const COLUMNS: [(&str, Type); 50] = [
    ("id", Type::Text),
    ("published_at", Type::Time),
    ("source_name", Type::Text),
    ("source_domain", Type::Text),
    ("source_country", Type::Text),
    ("language", Type::Text),
    ("title", Type::Text),
    ("url", Type::Text),
    ("canonical_url", Type::Text),
    ("authors", Type::Text),
    ("section", Type::Text),
    ("tags", Type::Text),
    ("summary", Type::Text),
    ("text", Type::Text),
    ("text_status", Type::Text),
    ("word_count", Type::Integer),
    ("topic", Type::Text),
    ("topic_score", Type::Real),
    ("topic_reason", Type::Text),
    ("matched_terms", Type::Text),
    ("record_type", Type::Text),
    ("revision", Type::Integer),
    ("revision_of", Type::Text),
    ("cluster_id", Type::Text),
    ("duplicate_of", Type::Text),
    ("duplicate_class", Type::Text),
    ("similarity", Type::Real),
    ("feed_id", Type::Text),
    ("image_url", Type::Text),
    ("first_seen_at", Type::Time),
    ("fetched_at", Type::Time),
    ("modified_at", Type::Time),
    ("review", Type::Text),
    ("note", Type::Text),
    ("reliability", Type::Text),
    ("credibility", Type::Integer),
    ("seq", Type::Integer),
    ("published_raw", Type::Text),
    ("published_source", Type::Text),
    ("published_precision", Type::Text),
    ("published_tz_assumed", Type::Text),
    ("final_url", Type::Text),
    ("guid", Type::Text),
    ("content_hash", Type::Text),
    ("raw_ref", Type::Text),
    ("http_status", Type::Integer),
    ("charset", Type::Text),
    ("extraction", Type::Text),
    ("licence", Type::Text),
    ("duplicate_evidence", Type::Text),
];

/// The values of a record, in the order of [`COLUMNS`].
pub(super) fn cells(one: Exported<'_>) -> [Cell; COLUMNS.len()] {
    let record = &one.item.record;
    let text = |text: &Option<String>| text.clone().map_or(Cell::None, Cell::Text);
    let list = |list: &[String]| {
        if list.is_empty() { Cell::None } else { Cell::Text(list.join("; ")) }
    };
    let real = |number: Option<f32>| {
        // The digits of the record, not those of its binary form.
        number.and_then(|n| n.to_string().parse().ok()).map_or(Cell::None, Cell::Real)
    };
    let time = |at: Option<Timestamp>| at.map_or(Cell::None, Cell::Time);
    let of_review = |value: Option<String>| value.map_or(Cell::None, Cell::Text);
    [
        Cell::Text(record.id.clone()),
        time(record.published_at),
        text(&record.source_name),
        Cell::Text(record.source_domain.clone()),
        text(&record.source_country),
        text(&record.language),
        text(&record.title),
        Cell::Text(record.url.clone()),
        text(&record.canonical_url),
        list(&record.authors),
        text(&record.section),
        list(&record.tags),
        text(&record.summary),
        text(&record.text),
        word(&record.text_status),
        Cell::Integer(record.word_count.into()),
        text(&record.topic),
        real(record.topic_score),
        text(&record.topic_reason),
        list(&record.matched_terms),
        word(&record.record_type),
        Cell::Integer(record.revision.into()),
        text(&record.revision_of),
        text(&record.cluster_id),
        text(&record.duplicate_of),
        record.duplicate_class.as_ref().map_or(Cell::None, word),
        real(record.similarity),
        Cell::Text(record.feed_id.clone()),
        text(&record.image_url),
        time(Some(record.first_seen_at)),
        time(Some(record.fetched_at)),
        time(record.modified_at),
        of_review(one.review.map(|review| review.status.word().to_owned())),
        of_review(one.review.and_then(|review| review.note.clone())),
        of_review(one.review.and_then(|review| review.reliability).map(String::from)),
        one.review
            .and_then(|review| review.credibility)
            .map_or(Cell::None, |credibility| Cell::Integer(credibility.into())),
        Cell::Integer(record.seq.into()),
        text(&record.published_raw),
        record.published_source.as_ref().map_or(Cell::None, word),
        record.published_precision.as_ref().map_or(Cell::None, word),
        text(&record.published_tz_assumed),
        text(&record.final_url),
        text(&record.guid),
        text(&record.content_hash),
        text(&record.raw_ref),
        record.http_status.map_or(Cell::None, |status| Cell::Integer(status.into())),
        text(&record.charset),
        Cell::Text(record.extraction.method.clone()),
        text(&record.licence),
        record.duplicate_evidence.as_ref().map_or(Cell::None, json),
    ]
}

/// A value of several parts, as the record has it: databases take JSON apart.
fn json(value: &impl serde::Serialize) -> Cell {
    serde_json::to_string(value).map_or(Cell::None, Cell::Text)
}

/// A value of a closed list, as JSON spells it.
fn word(value: &impl serde::Serialize) -> Cell {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => Cell::Text(word),
        _ => Cell::None,
    }
}
