//! What reviewers decided as labelled texts, for the tests of a topic.

use serde_json::{Value, json};

use super::{Desk, Item, ReviewError, Status};
use crate::state::Reject;

/// The reviewed records, and at most `most` of the rejects, a JSON line each. A sample of rejects is
/// not reviewed: it is what the topic may have missed, to be looked through.
pub fn lines(desk: &Desk, rejects: &[Reject], most: usize) -> Result<Vec<u8>, ReviewError> {
    let mut lines = Vec::new();
    let mut push = |value: Value| {
        lines.extend_from_slice(value.to_string().as_bytes());
        lines.push(b'\n');
    };
    for (row, review) in desk.reviews() {
        let expected = match review.status {
            Status::Reviewed | Status::Flagged => "relevant",
            Status::NotRelevant => "irrelevant",
            Status::Open | Status::Noted => continue,
        };
        if let Some(item) = desk.index.item(row)? {
            push(of_record(&item, expected));
        }
    }
    sample(rejects, most).into_iter().map(of_reject).for_each(push);
    Ok(lines)
}

fn of_record(item: &Item, expected: &str) -> Value {
    let record = &item.record;
    json!({
        "id": record.id,
        "lang": record.language.as_deref().unwrap_or("und"),
        "kind": "reviewed",
        "title": record.title,
        "text": record.text,
        "url": record.url,
        "published_at": record.published_at,
        "expected": expected,
    })
}

fn of_reject(reject: &Reject) -> Value {
    json!({
        "id": reject.url_key,
        "lang": reject.language.as_deref().unwrap_or("und"),
        "kind": "reject-not-reviewed",
        "title": reject.title,
        "text": null,
        "url": reject.url,
        "published_at": null,
        "expected": "irrelevant",
    })
}

/// The rejects whose pages were read, spread over all of them; always the same of the same ones.
fn sample(rejects: &[Reject], most: usize) -> Vec<&Reject> {
    let mut read: Vec<(blake3::Hash, &Reject)> = rejects
        .iter()
        .filter(|reject| !reject.failed && reject.title.is_some())
        .map(|reject| (blake3::hash(reject.url_key.as_str().as_bytes()), reject))
        .collect();
    read.sort_by(|a, b| a.0.as_bytes().cmp(b.0.as_bytes()));
    read.dedup_by(|a, b| a.0 == b.0);
    read.into_iter().take(most).map(|(_, reject)| reject).collect()
}
