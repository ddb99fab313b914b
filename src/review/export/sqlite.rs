//! A SQLite database of one table, as Datasette and every SQL tool read it.

use std::path::Path;

use rusqlite::{Connection, params_from_iter, types::Value};

use super::{
    ExportError, Exported,
    table::{COLUMNS, Cell, Type, cells},
};

/// Begins a table in one transaction; the database must not have one of that name.
pub(super) fn start(path: &Path) -> Result<Connection, ExportError> {
    let connection = Connection::open(path)?;
    let columns = COLUMNS.map(|(name, kind)| {
        let kind = match kind {
            Type::Text | Type::Time => "TEXT",
            Type::Integer => "INTEGER",
            Type::Real => "REAL",
        };
        format!("{name} {kind}{}", if name == "id" { " PRIMARY KEY" } else { "" })
    });
    connection.execute_batch(&format!(
        "BEGIN; CREATE TABLE articles ({}) WITHOUT ROWID;",
        columns.join(", ")
    ))?;
    Ok(connection)
}

pub(super) fn push(connection: &Connection, one: Exported<'_>) -> Result<(), ExportError> {
    let marks = ["?"; COLUMNS.len()].join(", ");
    let values = cells(one).map(|cell| match cell {
        Cell::None => Value::Null,
        Cell::Text(text) => Value::Text(text),
        Cell::Integer(number) => Value::Integer(number),
        Cell::Real(number) => Value::Real(number),
        Cell::Time(at) => Value::Text(at.to_string()),
    });
    connection
        .prepare_cached(&format!("INSERT INTO articles VALUES ({marks})"))?
        .execute(params_from_iter(values))?;
    Ok(())
}

pub(super) fn finish(connection: &Connection) -> Result<(), ExportError> {
    Ok(connection.execute_batch(
        "CREATE INDEX articles_published ON articles (published_at);
         CREATE INDEX articles_source ON articles (source_domain);
         COMMIT;",
    )?)
}
