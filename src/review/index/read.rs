//! Rows back to records.

use super::{Index, take::row_of};
use crate::{
    archive::{Line, Position, Raw, ReadError, Record, SegmentName, line_at, raw_of},
    review::{ReviewError, row::Class},
};

/// A record and its place among the others.
#[derive(Debug, Clone)]
pub struct Item {
    pub row: u32,
    pub record: Record,
    /// Records of its story, itself included.
    pub story: u32,
    pub class: Class,
    /// Whether a later record replaces it.
    pub is_replaced: bool,
}

/// The records of a story: those with the same text at other addresses, and the versions of each.
#[derive(Debug, Clone)]
pub struct Story {
    /// By time of publication.
    pub items: Vec<Item>,
    /// All of them, also those that are not among `items`.
    pub size: usize,
}

impl Index {
    /// The row of a record.
    pub fn row_of(&self, id: &str) -> Result<Option<u32>, ReviewError> {
        Ok(row_of(&self.connection, id)?.filter(|row| *row >= self.gone))
    }

    /// The record of a row, read from the archive.
    pub fn item(&self, row: u32) -> Result<Option<Item>, ReviewError> {
        match self.line(row)? {
            Some(line) => self.item_of(row, &line),
            None => Ok(None),
        }
    }

    fn item_of(&self, row: u32, line: &Line) -> Result<Option<Item>, ReviewError> {
        let Some(known) = self.rows.get(row as usize) else { return Ok(None) };
        Ok(Some(Item {
            row,
            record: line.record()?,
            story: self.sizes.get(known.cluster as usize).copied().unwrap_or(1),
            class: known.class,
            is_replaced: self.replaced.get(row as usize).copied().unwrap_or_default(),
        }))
    }

    /// The records of rows; those that cannot be read any more are left out, and counted.
    pub fn items(&self, rows: &[u32]) -> Result<Vec<Item>, ReviewError> {
        let mut items = Vec::with_capacity(rows.len());
        for row in rows {
            items.extend(self.whole(*row)?.map(|(item, _)| item));
        }
        Ok(items)
    }

    /// A record and its line; `None`, and counted, where it cannot be read any more.
    pub fn whole(&self, row: u32) -> Result<Option<(Item, Line)>, ReviewError> {
        let line = match self.line(row) {
            Err(ReviewError::Read(error)) if error.is_damage() => {
                self.unread.set(self.unread.get().saturating_add(1));
                return Ok(None);
            }
            line => line?,
        };
        let Some(line) = line else { return Ok(None) };
        Ok(self.item_of(row, &line)?.map(|item| (item, line)))
    }

    /// A record's line, as it stands in the archive.
    pub fn line(&self, row: u32) -> Result<Option<Line>, ReviewError> {
        if row < self.gone {
            return Ok(None);
        }
        let Some(position) = self.position(row)? else { return Ok(None) };
        match line_at(&self.archive, position) {
            // The next look leaves out its rows.
            Err(ReadError::Dropped { .. }) => Ok(None),
            line => Ok(Some(line?)),
        }
    }

    /// The number of the last line taken in; 0 where there is none.
    pub fn last_seq(&self) -> u32 {
        self.checkpoint.map_or(0, |checkpoint| checkpoint.seq)
    }

    /// The first row whose line comes after the one with this number.
    pub fn row_after(&self, seq: u32) -> Result<u32, ReviewError> {
        let (mut first, mut end) = (self.gone, self.len());
        while first < end {
            let middle = first.midpoint(end);
            match self.line(middle) {
                Ok(Some(line)) if line.seq > seq => end = middle,
                Ok(_) => first = middle + 1,
                // What is damaged is not shown either; its neighbours tell where to look on.
                Err(ReviewError::Read(error)) if error.is_damage() => {
                    let mut rows = middle + 1..end;
                    let next = rows.find_map(|row| self.line(row).ok().flatten());
                    if next.is_some_and(|line| line.seq <= seq) {
                        first = middle + 1;
                    } else {
                        end = middle;
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(first)
    }

    /// The answer that a record came from, as it is kept.
    pub fn raw(&self, record: &Record) -> Result<Raw, ReviewError> {
        Ok(raw_of(&self.archive, record)?)
    }

    fn position(&self, row: u32) -> Result<Option<Position>, ReviewError> {
        use rusqlite::OptionalExtension;
        let place: Option<(i64, i64)> = self
            .connection
            .prepare_cached("SELECT segment, start FROM article WHERE row = ?1")?
            .query_row([row], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let Some((segment, start)) = place else { return Ok(None) };
        let segment = usize::try_from(segment - 1).ok().and_then(|at| self.segments.get(at));
        let segment = *segment.ok_or(ReviewError::Index)?;
        let offset = u64::try_from(start).map_err(|_| ReviewError::Index)?;
        Ok(Some(Position { segment, offset }))
    }

    /// The story of a row: at most `most` of its records.
    pub fn story(&self, row: u32, most: usize) -> Result<Story, ReviewError> {
        let cluster = self.rows.get(row as usize).map(|row| row.cluster);
        let mut rows: Vec<(u32, u32)> = (0..)
            .zip(&self.rows)
            .filter(|(at, row)| *at >= self.gone && Some(row.cluster) == cluster)
            .map(|(at, row)| (row.at, at))
            .collect();
        let size = rows.len();
        rows.sort_unstable();
        rows.truncate(most);
        let rows: Vec<u32> = rows.into_iter().map(|(_, at)| at).collect();
        Ok(Story { items: self.items(&rows)?, size })
    }

    /// The rows of all versions of an article, the first one first.
    pub fn versions(&self, row: u32) -> Vec<u32> {
        let older = |at: u32| {
            let row = self.rows.get(at as usize).filter(|row| row.is_revision)?;
            row.of.checked_sub(1)
        };
        let mut versions = vec![row];
        let mut at = row;
        while let Some(before) = older(at).filter(|before| *before < at) {
            versions.insert(0, before);
            at = before;
        }
        let mut last = row;
        if self.replaced.get(row as usize).copied().unwrap_or_default() {
            for later in row + 1..self.len() {
                if older(later) == Some(last) {
                    versions.push(later);
                    last = later;
                }
            }
        }
        versions
    }

    /// The archive's files and their records.
    pub fn segments(&self) -> Result<Vec<(SegmentName, u32)>, ReviewError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT segment, count(*) FROM article WHERE row >= ?1
             GROUP BY segment ORDER BY segment",
        )?;
        let rows =
            statement.query_map([self.gone], |row| Ok((row.get::<_, i64>(0)?, row.get(1)?)))?;
        let mut segments = Vec::new();
        for row in rows {
            let (number, count) = row?;
            let at = usize::try_from(number - 1).ok();
            let name = at.and_then(|at| self.segments.get(at));
            segments.push((*name.ok_or(ReviewError::Index)?, count));
        }
        Ok(segments)
    }

    /// The record that a row is a copy, a revision or an excerpt of.
    pub fn of(&self, row: u32) -> Option<u32> {
        self.rows.get(row as usize)?.of.checked_sub(1)
    }
}
