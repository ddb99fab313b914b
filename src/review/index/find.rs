//! From a query to rows, and from rows to a page and its counts.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
    fmt,
    rc::Rc,
    str::FromStr,
};

use super::{Index, take::row_of};
use crate::{
    review::{
        ReviewError,
        bits::Bits,
        names::{Kind, Name},
        query::{Column, Filter, Is, Node, Phrase, Query, Status},
        reviews::Review,
        row::{Class, NameId, Row},
    },
    text::{self, fold},
};

/// Answers of the full-text table that are remembered.
const ANSWERS: usize = 24;

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

/// A condition on a row, made ready.
enum Test {
    /// By the number of the name.
    Names(fn(&Row) -> NameId, Vec<bool>),
    Terms(Vec<bool>),
    From(u32),
    Before(u32),
    Cluster(Option<u32>),
    Is(Is),
    In(Bits),
    Score(u16),
}

pub(super) const SECONDS_OF_DAY: u32 = 86_400;

impl Index {
    /// The rows that a query asks for. `reviews` says where records stand in the queue.
    pub fn find(
        &mut self,
        query: &Query,
        reviews: &BTreeMap<u32, Review>,
    ) -> Result<Bits, ReviewError> {
        if self.answers_of != self.edition() {
            self.answers.clear();
            self.answers_of = self.edition();
        }
        let mut found = self.eval(&query.root, reviews)?;
        found.clear_before(self.gone);
        Ok(found)
    }

    /// Forgets the answers of the full-text table.
    #[doc(hidden)]
    pub fn forget(&mut self) {
        self.answers.clear();
    }

    fn eval(&mut self, node: &Node, reviews: &BTreeMap<u32, Review>) -> Result<Bits, ReviewError> {
        if let Some(expression) = expression(node) {
            return Ok((*self.matching(&expression)?).clone());
        }
        match node {
            Node::All(nodes) => {
                let (texts, others): (Vec<&Node>, Vec<&Node>) =
                    nodes.iter().partition(|node| expression(node).is_some());
                let mut tests = Vec::new();
                let mut rest = Vec::new();
                for node in others {
                    match node {
                        Node::Filter(filter) => tests.push(self.test(filter, reviews)?),
                        other => rest.push(other),
                    }
                }
                let mut found = match joined(&texts) {
                    Some(expression) => (*self.matching(&expression)?).clone(),
                    None => Bits::all(self.len()),
                };
                for node in rest {
                    found.and(&self.eval(node, reviews)?);
                }
                if !tests.is_empty() {
                    let passed = self.passing(&found, &tests);
                    found = passed;
                }
                Ok(found)
            }
            Node::Any(nodes) => {
                let mut found = Bits::none(self.len());
                for node in nodes {
                    found.or(&self.eval(node, reviews)?);
                }
                Ok(found)
            }
            Node::Not(node) => {
                let mut found = self.eval(node, reviews)?;
                found.invert();
                Ok(found)
            }
            Node::Filter(filter) => {
                let test = self.test(filter, reviews)?;
                Ok(self.passing(&Bits::all(self.len()), &[test]))
            }
            Node::Text(_) => Ok(Bits::none(self.len())),
        }
    }

    /// The rows whose text an FTS5 expression matches.
    fn matching(&mut self, expression: &str) -> Result<Rc<Bits>, ReviewError> {
        if let Some(known) = self.answers.get(expression) {
            return Ok(Rc::clone(known));
        }
        let mut found = Bits::none(self.len());
        let mut statement =
            self.connection.prepare_cached("SELECT rowid FROM text WHERE text MATCH ?1")?;
        let mut rows = statement.query([expression])?;
        while let Some(row) = rows.next()? {
            found.insert(row.get(0)?);
        }
        drop(rows);
        drop(statement);
        let found = Rc::new(found);
        if self.answers.len() >= ANSWERS {
            self.answers.clear();
        }
        self.answers.insert(expression.to_owned(), Rc::clone(&found));
        Ok(found)
    }

    fn passing(&self, among: &Bits, tests: &[Test]) -> Bits {
        let mut passed = Bits::none(self.len());
        for at in among.iter() {
            let Some(row) = self.rows.get(at as usize) else { break };
            if tests.iter().all(|test| self.passes(at, row, test)) {
                passed.insert(at);
            }
        }
        passed
    }

    fn passes(&self, at: u32, row: &Row, test: &Test) -> bool {
        let is_in = |set: &[bool], id: NameId| set.get(id as usize).copied().unwrap_or_default();
        match test {
            Test::Names(name, set) => is_in(set, name(row)),
            Test::Terms(set) => self.terms_of(at).iter().any(|term| is_in(set, *term)),
            Test::From(second) => row.at >= *second,
            Test::Before(second) => row.at < *second,
            Test::Cluster(cluster) => Some(row.cluster) == *cluster,
            Test::In(bits) => bits.contains(at),
            Test::Score(score) => row.score >= *score,
            Test::Is(is) => {
                let replaced = self.replaced.get(at as usize).copied().unwrap_or_default();
                match is {
                    Is::Original => !row.class.is_duplicate() && !row.is_revision,
                    Is::Duplicate => row.class.is_duplicate(),
                    Is::Copy => row.class == Class::Copy,
                    Is::Abridged => row.class == Class::Abridged,
                    Is::Extended => row.class == Class::Extended,
                    Is::Excerpt => row.class == Class::Excerpt,
                    Is::Revision => row.is_revision,
                    Is::Replaced => replaced,
                    Is::Latest => !replaced,
                    Is::Text(status) => row.status == *status,
                }
            }
        }
    }

    fn test(&self, filter: &Filter, reviews: &BTreeMap<u32, Review>) -> Result<Test, ReviewError> {
        let second = |at: i64| u32::try_from(at.max(0)).unwrap_or(u32::MAX);
        Ok(match filter {
            Filter::Name(kind, values) => {
                let mut set = vec![false; self.names.count(*kind) + 1];
                for value in values {
                    for id in self.names.matching(*kind, |name| is_named(*kind, name, value)) {
                        if let Some(member) = set.get_mut(id as usize) {
                            *member = true;
                        }
                    }
                    if let ("none", Some(none)) = (value.as_str(), set.first_mut()) {
                        *none = true;
                    }
                }
                match kind {
                    Kind::Source => Test::Names(|row| row.source, set),
                    Kind::Feed => Test::Names(|row| row.feed, set),
                    Kind::Language => Test::Names(|row| row.language, set),
                    Kind::Country => Test::Names(|row| row.country, set),
                    Kind::Topic => Test::Names(|row| row.topic, set),
                    Kind::Term => Test::Terms(set),
                }
            }
            Filter::From(at) => Test::From(second(*at)),
            Filter::Before(at) => Test::Before(second(*at)),
            Filter::Cluster(id) => Test::Cluster(self.story_of(id)?),
            Filter::Is(is) => Test::Is(*is),
            Filter::Score(score) => Test::Score(*score),
            Filter::Status(status) => {
                let mut bits = Bits::none(self.len());
                let fits = |review: &Review| match status {
                    Status::Noted => review.note.as_ref().is_some_and(|note| !note.is_empty()),
                    // Told by what is not in the list.
                    Status::Open => review.status != Status::Open,
                    other => review.status == *other,
                };
                for (row, _) in reviews.iter().filter(|(_, review)| fits(review)) {
                    bits.insert(*row);
                }
                if *status == Status::Open {
                    bits.invert();
                }
                Test::In(bits)
            }
        })
    }

    /// The first row of the story that a record belongs to.
    fn story_of(&self, id: &str) -> Result<Option<u32>, ReviewError> {
        let row = row_of(&self.connection, id)?;
        Ok(row.and_then(|row| self.rows.get(row as usize)).map(|row| row.cluster))
    }

    /// What a query names and the archive does not have, in words.
    pub fn unknown(&self, query: &Query) -> Vec<String> {
        let mut words = Vec::new();
        self.unknown_in(&query.root, &mut words);
        words
    }

    fn unknown_in(&self, node: &Node, words: &mut Vec<String>) {
        match node {
            Node::All(nodes) | Node::Any(nodes) => {
                for node in nodes {
                    self.unknown_in(node, words);
                }
            }
            Node::Not(node) => self.unknown_in(node, words),
            Node::Filter(Filter::Name(kind, values)) => {
                for value in values.iter().filter(|value| *value != "none") {
                    if !self.names.matching(*kind, |name| is_named(*kind, name, value)).is_empty() {
                        continue;
                    }
                    let mut text =
                        format!("no record has {}", super::super::condition(kind.field(), value));
                    if let Some(near) = text::nearest(value, self.names.values(*kind)) {
                        text.push_str(&format!("; did you mean {near}?"));
                    }
                    words.push(text);
                }
            }
            Node::Filter(_) | Node::Text(_) => {}
        }
    }

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

fn page_of(heap: BinaryHeap<Reverse<Key>>, most: usize, row: impl Fn(Key) -> u32) -> Page {
    let mut keys: Vec<Key> = heap.into_iter().map(|Reverse(key)| key).collect();
    keys.sort_unstable_by(|a, b| b.cmp(a));
    let has_more = keys.len() > most;
    keys.truncate(most);
    let next = keys.last().copied().filter(|_| has_more);
    Page { rows: keys.into_iter().map(row).collect(), next }
}

/// Whether a value of a query means a name: as it is written, the domain that it is a part of, what
/// the source calls itself, a primary language with its scripts, or the beginning with a `*`.
fn is_named(kind: Kind, name: &Name, value: &str) -> bool {
    let wanted = fold(value);
    let wanted = wanted.as_str();
    let is = |text: &str| {
        let folded = fold(text);
        match wanted.strip_suffix('*') {
            Some(stem) => folded.as_str().starts_with(stem),
            None => folded.as_str() == wanted,
        }
    };
    if is(&name.value) || name.label.as_deref().is_some_and(is) {
        return true;
    }
    match kind {
        Kind::Source => name.value.strip_suffix(value).is_some_and(|front| front.ends_with('.')),
        Kind::Language => name.value.strip_prefix(wanted).is_some_and(|tail| tail.starts_with('-')),
        _ => false,
    }
}

/// The FTS5 expression of what asks for text alone.
fn expression(node: &Node) -> Option<String> {
    match node {
        Node::Text(phrase) => Some(of_phrase(phrase)),
        Node::Any(nodes) => {
            let parts: Option<Vec<String>> = nodes.iter().map(expression).collect();
            parts.filter(|parts| !parts.is_empty()).map(|parts| format!("({})", parts.join(" OR ")))
        }
        Node::All(nodes) => {
            let nodes: Vec<&Node> = nodes.iter().collect();
            if nodes.iter().all(|node| is_text(node)) { joined(&nodes) } else { None }
        }
        Node::Not(_) | Node::Filter(_) => None,
    }
}

fn is_text(node: &Node) -> bool {
    match node {
        Node::Text(_) => true,
        Node::All(nodes) | Node::Any(nodes) => nodes.iter().all(is_text),
        Node::Not(_) | Node::Filter(_) => false,
    }
}

fn joined(nodes: &[&Node]) -> Option<String> {
    let parts: Option<Vec<String>> = nodes.iter().map(|node| expression(node)).collect();
    parts.filter(|parts| !parts.is_empty()).map(|parts| format!("({})", parts.join(" AND ")))
}

fn of_phrase(phrase: &Phrase) -> String {
    let column = match phrase.column {
        None => "",
        Some(Column::Title) => "title : ",
        Some(Column::Byline) => "byline : ",
    };
    // A token has letters and digits only.
    let star = if phrase.is_prefix { " *" } else { "" };
    format!("{column}\"{}\"{star}", phrase.tokens.join(" "))
}
