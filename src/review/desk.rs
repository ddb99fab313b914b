//! The index and the reviews together: what a command or a page asks.

use std::{
    collections::{BTreeMap, VecDeque},
    io,
    path::Path,
    rc::Rc,
};

use jiff::Timestamp;

use super::{
    Bits, Edition, Facets, Index, Item, Progress, Query, ReviewError,
    reviews::{Review, ReviewLog},
};
use crate::jsonl::Folder;

/// A reviewer's desk. One owner.
pub struct Desk {
    pub index: Index,
    log: ReviewLog,
    by_row: BTreeMap<u32, Review>,
    /// Reviews of records that the index does not have yet.
    unplaced: Vec<String>,
    progress: Progress,
    /// The last answers with their counts: a next page asks the same again.
    answers: VecDeque<Answer>,
    /// Of the index, when the answers and the reviews' rows were last looked after.
    edition: Edition,
}

/// What a query found, as long as nothing was added and nothing decided.
struct Answer {
    query: Query,
    most: usize,
    found: Rc<Bits>,
    facets: Rc<Facets>,
}

/// Answers that are remembered, of up to 125 kB a million records.
const ANSWERS: usize = 8;

impl Desk {
    /// Opens the index in `index` of the archive in `archive`, and the reviews in `reviews`.
    pub fn open(index: &Path, archive: &Path, reviews: &Path) -> Result<Self, ReviewError> {
        let index = Index::open(index, Folder::at(archive))?;
        let mut desk = Self {
            edition: index.edition(),
            index,
            log: ReviewLog::at(reviews),
            by_row: BTreeMap::new(),
            unplaced: Vec::new(),
            progress: Progress::More,
            answers: VecDeque::new(),
        };
        desk.follow_reviews()?;
        Ok(desk)
    }

    /// Takes in up to `most` new records, and what was reviewed elsewhere.
    pub fn advance(&mut self, most: usize) -> Result<Progress, ReviewError> {
        let progress = self.index.advance(most);
        // Also where it failed: then memory went back to what is committed.
        let before = std::mem::replace(&mut self.edition, self.index.edition());
        if self.edition != before {
            self.answers.clear();
        }
        if !self.edition.continues(before) {
            self.by_row.clear();
            self.unplaced = self.log.iter().map(|review| review.id.clone()).collect();
        }
        self.progress = progress?;
        let unplaced = std::mem::take(&mut self.unplaced);
        self.place(unplaced)?;
        self.follow_reviews()?;
        Ok(self.progress)
    }

    /// How far the last [`Self::advance`] came.
    pub fn progress(&self) -> Progress {
        self.progress
    }

    fn follow_reviews(&mut self) -> Result<(), ReviewError> {
        let changed = self.log.follow().map_err(ReviewError::Reviews)?;
        self.place(changed)
    }

    fn place(&mut self, ids: Vec<String>) -> Result<(), ReviewError> {
        for id in ids {
            let Some(review) = self.log.get(&id) else { continue };
            match self.index.row_of(&id)? {
                Some(row) => {
                    self.by_row.insert(row, review.clone());
                    self.answers.clear();
                }
                None => self.unplaced.push(id),
            }
        }
        Ok(())
    }

    pub fn find(&mut self, query: &Query) -> Result<Bits, ReviewError> {
        self.index.find(query, &self.by_row)
    }

    pub fn facets(&self, found: &Bits, most: usize) -> Facets {
        self.index.facets(found, &self.by_row, most)
    }

    /// What a query finds, and how many of it have which value: at most `most` values of each.
    pub fn counted(
        &mut self,
        query: &Query,
        most: usize,
    ) -> Result<(Rc<Bits>, Rc<Facets>), ReviewError> {
        let is_same = |answer: &&Answer| answer.most == most && answer.query.asks_as(query);
        if let Some(known) = self.answers.iter().find(is_same) {
            return Ok((Rc::clone(&known.found), Rc::clone(&known.facets)));
        }
        let found = Rc::new(self.find(query)?);
        let facets = Rc::new(self.facets(&found, most));
        self.answers.truncate(ANSWERS - 1);
        let answer = Answer {
            query: query.clone(),
            most,
            found: Rc::clone(&found),
            facets: Rc::clone(&facets),
        };
        self.answers.push_front(answer);
        Ok((found, facets))
    }

    pub fn review(&self, row: u32) -> Option<&Review> {
        self.by_row.get(&row)
    }

    pub fn reviews(&self) -> impl Iterator<Item = (u32, &Review)> {
        self.by_row.iter().map(|(row, review)| (*row, review))
    }

    /// A record by its id, or by the beginning of it that only one has.
    pub fn item(&self, id: &str) -> Result<Option<Item>, ReviewError> {
        match self.index.row_of(id)? {
            Some(row) => self.index.item(row),
            None => Ok(None),
        }
    }

    /// Writes a review down; it counts at once.
    pub fn decide(&mut self, review: &Review) -> Result<(), ReviewError> {
        self.log.append(review).map_err(ReviewError::Reviews)?;
        self.follow_reviews()
    }

    /// The review of a record as it is, to be changed.
    pub fn review_of(&self, id: &str, now: Timestamp) -> Review {
        let known = self.log.get(id).cloned();
        known.map_or_else(
            || Review {
                at: now,
                id: id.to_owned(),
                status: super::Status::Open,
                note: None,
                reliability: None,
                credibility: None,
            },
            |review| Review { at: now, ..review },
        )
    }
}

impl ReviewError {
    /// The archive's folder is not there.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Archive(crate::archive::ArchiveError::Io { source, .. })
            if source.kind() == io::ErrorKind::NotFound)
    }
}
