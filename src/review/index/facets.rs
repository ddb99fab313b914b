//! From rows to what they are counted by.

use std::{cmp::Reverse, collections::BTreeMap};

use super::Index;
use crate::review::{
    bits::Bits,
    names::Kind,
    query::Status,
    reviews::Review,
    row::{Class, NameId, Row},
};

/// A value and how many records have it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Bucket {
    /// As a query writes it; empty for those that have none.
    pub value: String,
    /// What a source calls itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    pub count: u32,
}

/// How many of some records have which value, the most frequent first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facets {
    pub total: u32,
    pub by: BTreeMap<Kind, Vec<Bucket>>,
    /// By day since 1970.
    pub days: BTreeMap<u32, u32>,
    pub classes: BTreeMap<&'static str, u32>,
    pub statuses: BTreeMap<Status, u32>,
}

pub(super) const SECONDS_OF_DAY: u32 = 86_400;

impl Index {
    /// Counts the rows found by everything that can be filtered; at most `most` values of each.
    pub fn facets(&self, found: &Bits, reviews: &BTreeMap<u32, Review>, most: usize) -> Facets {
        let mut counts: BTreeMap<Kind, Vec<u32>> =
            Kind::ALL.into_iter().map(|kind| (kind, vec![0; self.names.count(kind) + 1])).collect();
        let mut facets = Facets { total: found.count(), ..Facets::default() };
        let mut classes = [0_u32; 5];
        let mut days: Vec<u32> = Vec::new();
        {
            let mut tables = counts.values_mut();
            let [Some(source), Some(feed), Some(language), Some(country), Some(topic), Some(term)] =
                std::array::from_fn(|_| tables.next())
            else {
                return facets;
            };
            for at in found.iter() {
                let Some(row) = self.rows.get(at as usize) else { break };
                add(source, row.source);
                add(feed, row.feed);
                add(language, row.language);
                add(country, row.country);
                add(topic, row.topic);
                for id in self.terms_of(at) {
                    add(term, *id);
                }
                add(&mut classes, row.class as u32);
                let day = row.at / SECONDS_OF_DAY;
                if day as usize >= days.len() {
                    days.resize(day as usize + 1, 0);
                }
                add(&mut days, day);
            }
        }
        for (kind, counts) in counts {
            let buckets = self.buckets(kind, &counts, most);
            facets.by.insert(kind, buckets);
        }
        facets.days = (0..).zip(days).filter(|(_, count)| *count > 0).collect();
        let all = [Class::Original, Class::Copy, Class::Abridged, Class::Extended, Class::Excerpt];
        facets.classes = all
            .into_iter()
            .zip(classes)
            .filter(|(_, count)| *count > 0)
            .map(|(class, count)| (class.word(), count))
            .collect();
        let mut reviewed = 0;
        for (_, review) in reviews.iter().filter(|(row, _)| found.contains(**row)) {
            if review.status != Status::Open {
                reviewed += 1;
                *facets.statuses.entry(review.status).or_default() += 1;
            }
            if review.note.as_ref().is_some_and(|note| !note.is_empty()) {
                *facets.statuses.entry(Status::Noted).or_default() += 1;
            }
        }
        facets.statuses.insert(Status::Open, facets.total - reviewed);
        facets
    }

    fn buckets(&self, kind: Kind, counts: &[u32], most: usize) -> Vec<Bucket> {
        let mut counted: Vec<(Reverse<u32>, NameId)> = (0..)
            .zip(counts)
            .filter(|(_, count)| **count > 0)
            .map(|(id, count)| (Reverse(*count), id))
            .collect();
        counted.sort_unstable();
        counted
            .into_iter()
            .take(most)
            .filter(|(_, id)| *id != 0 || !matches!(kind, Kind::Term))
            .map(|(Reverse(count), id)| {
                let name = self.names.get(kind, id);
                Bucket {
                    value: name.map_or_else(String::new, |name| name.value.clone()),
                    label: name.and_then(|name| name.label.clone()),
                    count,
                }
            })
            .collect()
    }

    /// Records by source and day, for the `most` sources with most of them, from `first` (a day
    /// since 1970) on.
    pub fn heat(
        &self,
        found: &Bits,
        first: u32,
        days: usize,
        most: usize,
    ) -> Vec<(Bucket, Vec<u32>)> {
        self.by_day(found, Kind::Source, |row| (row.source, row.at), first, days, most)
    }

    /// Records by feed and the day on which they were fetched.
    pub fn feed_days(&self, first: u32, days: usize) -> BTreeMap<String, Vec<u32>> {
        let all = self.all();
        let rows =
            self.by_day(&all, Kind::Feed, |row| (row.feed, row.fetched), first, days, usize::MAX);
        rows.into_iter().map(|(bucket, days)| (bucket.value, days)).collect()
    }

    fn by_day(
        &self,
        found: &Bits,
        kind: Kind,
        of: fn(&Row) -> (NameId, u32),
        first: u32,
        days: usize,
        most: usize,
    ) -> Vec<(Bucket, Vec<u32>)> {
        let width = self.names.count(kind) + 1;
        let mut cells = vec![0_u32; width * days];
        let mut totals = vec![0_u32; width];
        for at in found.iter() {
            let Some(row) = self.rows.get(at as usize) else { break };
            let (name, at) = of(row);
            let Some(day) = (at / SECONDS_OF_DAY).checked_sub(first) else { continue };
            if (day as usize) < days {
                add(&mut totals, name);
                let cell = name as usize * days + day as usize;
                if let Some(cell) = cells.get_mut(cell) {
                    *cell += 1;
                }
            }
        }
        let buckets = self.buckets(kind, &totals, most);
        buckets
            .into_iter()
            .map(|bucket| {
                let id = self.names.matching(kind, |name| name.value == bucket.value);
                let start = id.first().map_or(0, |id| *id as usize) * days;
                let row = cells.get(start..start + days).unwrap_or_default().to_vec();
                (bucket, row)
            })
            .collect()
    }

    /// What a source calls itself.
    pub fn label(&self, kind: Kind, value: &str) -> Option<String> {
        let id = *self.names.matching(kind, |name| name.value == value).first()?;
        self.names.get(kind, id)?.label.clone()
    }
}

fn add(counts: &mut [u32], id: u32) {
    if let Some(count) = counts.get_mut(id as usize) {
        *count += 1;
    }
}
