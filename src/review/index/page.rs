//! From rows to a page of them, in an order.

use std::{cmp::Reverse, collections::BinaryHeap, fmt, str::FromStr};

use super::Index;
use crate::review::{bits::Bits, row::Row};

/// In which order records are shown. The help of the command line says so in these words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Order {
    /// By time of publication, the last one first.
    #[default]
    Newest,
    /// By time of publication, the first one first.
    Oldest,
    /// The highest score of a topic first.
    Score,
    /// As they came into the archive, the last one first.
    Archived,
}

impl Order {
    pub const ALL: [Self; 4] = [Self::Newest, Self::Oldest, Self::Score, Self::Archived];

    pub fn word(self) -> &'static str {
        match self {
            Self::Newest => "newest",
            Self::Oldest => "oldest",
            Self::Score => "score",
            Self::Archived => "archived",
        }
    }

    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|order| order.word() == word)
    }

    fn key(self, at: u32, row: &Row) -> Key {
        match self {
            Self::Newest => Key(row.at, at),
            Self::Oldest => Key(u32::MAX - row.at, u32::MAX - at),
            Self::Score => Key(row.score.into(), at),
            Self::Archived => Key(at, at),
        }
    }

    fn row(self, key: Key) -> u32 {
        if self == Self::Oldest { u32::MAX - key.1 } else { key.1 }
    }
}

/// A place in an order: the page after it holds what is smaller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key(u32, u32);

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.0, self.1)
    }
}

impl FromStr for Key {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (first, second) = text.split_once('-').unwrap_or((text, ""));
        Ok(Self(first.parse()?, second.parse()?))
    }
}

/// Some rows in order, and where to go on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    pub rows: Vec<u32>,
    /// `None` where nothing follows.
    pub next: Option<Key>,
}

impl Index {
    /// Up to `most` of the rows found, from `after` on.
    pub fn page(&self, found: &Bits, order: Order, after: Option<Key>, most: usize) -> Page {
        // One more than asked for tells whether something follows.
        let mut heap = BinaryHeap::with_capacity(most + 2);
        for at in found.iter() {
            let Some(row) = self.rows.get(at as usize) else { break };
            let key = order.key(at, row);
            if after.is_some_and(|after| key >= after) {
                continue;
            }
            if heap.len() <= most {
                heap.push(Reverse(key));
            } else if heap.peek().is_some_and(|Reverse(smallest)| key > *smallest) {
                heap.pop();
                heap.push(Reverse(key));
            }
        }
        page_of(heap, most, |key| order.row(key))
    }

    /// Stories of at least two records of which one was found: by size, the largest first.
    /// The rows are those of their first records.
    pub fn stories(&self, found: &Bits, after: Option<Key>, most: usize) -> Page {
        let mut heap = BinaryHeap::with_capacity(most + 2);
        let mut met = Bits::none(self.len());
        for at in found.iter() {
            let Some(row) = self.rows.get(at as usize) else { break };
            let size = self.sizes.get(row.cluster as usize).copied().unwrap_or_default();
            if size < 2 || met.contains(row.cluster) {
                continue;
            }
            met.insert(row.cluster);
            let key = Key(size, row.cluster);
            if after.is_some_and(|after| key >= after) {
                continue;
            }
            heap.push(Reverse(key));
            if heap.len() > most + 1 {
                heap.pop();
            }
        }
        page_of(heap, most, |key| key.1)
    }
}

fn page_of(heap: BinaryHeap<Reverse<Key>>, most: usize, row: impl Fn(Key) -> u32) -> Page {
    let mut keys: Vec<Key> = heap.into_iter().map(|Reverse(key)| key).collect();
    keys.sort_unstable_by(|a, b| b.cmp(a));
    let has_more = keys.len() > most;
    keys.truncate(most);
    let next = keys.last().copied().filter(|_| has_more);
    Page { rows: keys.into_iter().map(row).collect(), next }
}
