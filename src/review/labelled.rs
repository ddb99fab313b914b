//! What reviewers decided as labelled texts, for the tests of a topic.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Desk, Item, ReviewError, Status};
use crate::state::Reject;

/// The reviewed records and a sample of the rejects, a JSON line each. The sample is not reviewed: it
/// is what the topic may have missed, to be looked through.
pub fn lines(desk: &Desk, rejects: &[Reject]) -> Result<Vec<u8>, ReviewError> {
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
        if let Some((item, _)) = desk.index.whole(row)? {
            push(of_record(&item, expected));
        }
    }
    rejects.iter().map(of_reject).for_each(push);
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
        "text": reject.text,
        "url": reject.url,
        "published_at": reject.published_at,
        "expected": "irrelevant",
    })
}

/// At most `most` of the rejects whose pages were read, spread over all of them: always the same of
/// the same ones. Of an article that was rejected again the last word counts.
pub fn sample(rejects: impl Iterator<Item = Reject>, most: usize) -> Vec<Reject> {
    let mut sample = BTreeMap::new();
    for reject in rejects.filter(|reject| !reject.failed && reject.title.is_some()) {
        sample.insert(*blake3::hash(reject.url_key.as_str().as_bytes()).as_bytes(), reject);
        if sample.len() > most {
            sample.pop_last();
        }
    }
    sample.into_values().collect()
}
