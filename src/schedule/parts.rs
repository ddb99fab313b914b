//! The parts of a sitemap index: which of them to read, and when.
//!
//! An index of a news site names parts back to its founding. The newest are read: each when the
//! index gives it another time, or, where it gives none, with every poll of the index,
//! conditionally.

use std::cmp::Reverse;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use url::Url;

use super::FeedState;
use crate::fetch::Validators;

/// How many parts of one index are watched.
pub const MOST_PARTS: usize = 10;
/// How often a part is tried before it waits for the next poll of its index.
pub const ATTEMPTS: u8 = 3;

/// A part that is watched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Its name within the feed, never used again for another part.
    pub id: u32,
    pub url: Url,
    /// When it changed last, as the index says.
    pub updated: Option<Timestamp>,
    pub validators: Validators,
    /// It is to be read.
    pub waiting: bool,
    /// Attempts in a row that failed.
    pub failures: u8,
    /// The log has said that it is faulty: it says so once.
    #[serde(default)]
    pub warned: bool,
}

impl FeedState {
    pub fn part(&self, id: u32) -> Option<&Part> {
        self.parts.iter().find(|part| part.id == id)
    }

    pub fn part_mut(&mut self, id: u32) -> Option<&mut Part> {
        self.parts.iter_mut().find(|part| part.id == id)
    }

    /// Takes note of what an index names. Gives the parts that are to be read from now on and were
    /// not before.
    pub fn plan_parts(&mut self, named: &[(Url, Option<Timestamp>)]) -> Vec<u32> {
        let mut newest: Vec<&(Url, Option<Timestamp>)> = named.iter().collect();
        newest.sort_by_cached_key(|(url, updated)| Reverse((*updated, age_key(url))));
        newest.dedup_by(|a, b| a.0 == b.0);
        newest.truncate(MOST_PARTS);
        let beyond_known = self.parts.iter().map(|part| part.id.saturating_add(1)).max();
        let mut next_id = self.next_part.max(beyond_known.unwrap_or_default());
        let mut planned = Vec::new();
        let mut parts = Vec::new();
        for (url, updated) in newest {
            let known = self.parts.iter().find(|part| part.url == *url);
            let mut part = known.cloned().unwrap_or_else(|| {
                let id = next_id;
                next_id = next_id.saturating_add(1);
                let (url, validators) = (url.clone(), Validators::default());
                Part {
                    id,
                    url,
                    updated: None,
                    validators,
                    waiting: false,
                    failures: 0,
                    warned: false,
                }
            });
            let is_news = known.is_none()
                || updated.is_none()
                || part.updated != *updated
                || part.failures > 0;
            if is_news && !part.waiting {
                (part.waiting, part.failures) = (true, 0);
                planned.push(part.id);
            }
            part.updated = *updated;
            parts.push(part);
        }
        (self.parts, self.next_part) = (parts, next_id);
        planned
    }

    /// The index has not changed: what it gives no times for, or could not be read, is asked again.
    pub fn replan_parts(&mut self) -> Vec<u32> {
        let again =
            |part: &&mut Part| !part.waiting && (part.updated.is_none() || part.failures > 0);
        let mut planned = Vec::new();
        for part in self.parts.iter_mut().filter(again) {
            (part.waiting, part.failures) = (true, 0);
            planned.push(part.id);
        }
        planned
    }
}

/// Orders parts without times, the newest last: those about news, then by the numbers in their
/// names (`sitemap-2022-01.xml`, `sitemap12.xml`).
fn age_key(url: &Url) -> (bool, Vec<u64>) {
    let path = url.path().to_ascii_lowercase();
    let numbers = path.split(|c: char| !c.is_ascii_digit()).filter_map(|n| n.parse().ok());
    (path.contains("news"), numbers.collect())
}
