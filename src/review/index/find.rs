//! From a query to rows.

use std::{collections::BTreeMap, rc::Rc};

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
