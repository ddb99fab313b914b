//! Texts that many records share, and their numbers.

use std::{collections::BTreeMap, net::IpAddr};

use rusqlite::{Connection, params};

use super::row::NameId;
use crate::archive::Record;

/// Under what a record's source is filed, and what that is called beside.
pub(super) fn source(record: &Record) -> (&str, Option<&str>) {
    let (name, domain) = (record.source_name.as_deref(), record.source_domain.as_str());
    match name {
        // An address in place of a name says nothing of who publishes there.
        Some(name) if domain.parse::<IpAddr>().is_ok() => (name, None),
        name => (domain, name),
    }
}

/// What a name names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Source,
    Feed,
    Language,
    Country,
    Topic,
    Term,
}

impl Kind {
    pub(super) const ALL: [Self; 6] =
        [Self::Source, Self::Feed, Self::Language, Self::Country, Self::Topic, Self::Term];

    /// As a query writes it.
    pub fn field(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Feed => "feed",
            Self::Language => "lang",
            Self::Country => "country",
            Self::Topic => "topic",
            Self::Term => "term",
        }
    }
}

/// One name; of a source also what it calls itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) value: String,
    pub(super) label: Option<String>,
}

/// The names of one kind.
#[derive(Debug, Default)]
struct Table {
    /// By number less 1.
    names: Vec<Name>,
    numbers: BTreeMap<String, NameId>,
}

/// All names, in memory and in the index's file.
#[derive(Debug, Default)]
pub(super) struct Names {
    tables: BTreeMap<Kind, Table>,
}

pub(super) fn create(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(
        "CREATE TABLE name (
             kind INTEGER NOT NULL, id INTEGER NOT NULL, value TEXT NOT NULL, label TEXT,
             PRIMARY KEY (kind, id)
         ) WITHOUT ROWID;",
    )
}

impl Names {
    pub(super) fn load(connection: &Connection) -> rusqlite::Result<Self> {
        let mut names = Self::default();
        let mut statement = connection
            .prepare_cached("SELECT value, label FROM name WHERE kind = ?1 ORDER BY id")?;
        for kind in Kind::ALL {
            let mut table = Table::default();
            let rows = statement.query_map([kind as i64], |row| {
                Ok(Name { value: row.get(0)?, label: row.get(1)? })
            })?;
            for name in rows {
                table.push(name?);
            }
            names.tables.insert(kind, table);
        }
        Ok(names)
    }

    /// The number of a name, which is stored where it is new; 0 for none.
    pub(super) fn intern(
        &mut self,
        connection: &Connection,
        kind: Kind,
        value: Option<&str>,
        label: Option<&str>,
    ) -> rusqlite::Result<NameId> {
        let Some(value) = value.filter(|value| !value.is_empty()) else { return Ok(0) };
        let table = self.tables.entry(kind).or_default();
        let id = if let Some(id) = table.numbers.get(value) {
            let name = table.names.get_mut(*id as usize - 1);
            match name {
                Some(name) if label.is_some() && name.label.as_deref() != label => {
                    name.label = label.map(str::to_owned);
                }
                _ => return Ok(*id),
            }
            *id
        } else {
            table.push(Name { value: value.to_owned(), label: label.map(str::to_owned) })
        };
        connection
            .prepare_cached("INSERT OR REPLACE INTO name VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![kind as i64, id, value, label])?;
        Ok(id)
    }

    pub(super) fn get(&self, kind: Kind, id: NameId) -> Option<&Name> {
        self.tables.get(&kind)?.names.get((id as usize).checked_sub(1)?)
    }

    /// The numbers of all names of a kind that `fits` takes.
    pub(super) fn matching(&self, kind: Kind, fits: impl Fn(&Name) -> bool) -> Vec<NameId> {
        let names = self.tables.get(&kind).map(|table| table.names.as_slice()).unwrap_or_default();
        (1..).zip(names).filter(|(_, name)| fits(name)).map(|(id, _)| id).collect()
    }

    pub(super) fn values(&self, kind: Kind) -> impl Iterator<Item = &str> {
        self.tables
            .get(&kind)
            .into_iter()
            .flat_map(|table| table.names.iter())
            .map(|n| n.value.as_str())
    }

    pub(super) fn count(&self, kind: Kind) -> usize {
        self.tables.get(&kind).map_or(0, |table| table.names.len())
    }
}

impl Table {
    fn push(&mut self, name: Name) -> NameId {
        let id = NameId::try_from(self.names.len() + 1).unwrap_or(NameId::MAX);
        self.numbers.insert(name.value.clone(), id);
        self.names.push(name);
        id
    }
}
