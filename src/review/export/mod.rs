//! A query's result for other programs, one file a format.

mod csv;
mod parquet;
mod peers;
mod rss;
mod sqlite;
mod table;
#[cfg(test)]
mod tests;

use std::{
    io::{self, Write},
    path::Path,
};

use super::{Item, Review};

/// What can be written. The help of the command line says so in these words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For spreadsheets: UTF-8 with a byte order mark, formulas disarmed.
    Csv,
    /// The lines of the archive as they are.
    Jsonl,
    /// Columns, compressed: DuckDB, pandas, Spark.
    Parquet,
    /// A database of one table; needs --output.
    Sqlite,
    /// For a feed reader.
    Rss,
    /// JSON lines as news-please writes them.
    NewsPlease,
    /// JSON lines as trafilatura writes them.
    Trafilatura,
}

/// A record on its way out.
#[derive(Debug, Clone, Copy)]
pub struct Exported<'a> {
    pub item: &'a Item,
    /// Its line, as it stands in the archive.
    pub line: &'a [u8],
    pub review: Option<&'a Review>,
}

#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    #[error("cannot write the export")]
    Io(#[from] io::Error),
    #[error("cannot write Parquet")]
    Parquet(#[from] ::parquet::errors::ParquetError),
    #[error("cannot write SQLite")]
    Sqlite(#[from] rusqlite::Error),
    #[error("cannot write JSON")]
    Json(#[source] serde_json::Error),
    #[error("a SQLite database is written to a file: name one with --output")]
    NeedsFile,
}

// A pipe that was closed and a disk that is full are such, whoever wrote to them.

impl From<::csv::Error> for ExportError {
    fn from(error: ::csv::Error) -> Self {
        let words = error.to_string();
        match error.into_kind() {
            ::csv::ErrorKind::Io(error) => Self::Io(error),
            _ => Self::Io(io::Error::other(words)),
        }
    }
}

impl From<serde_json::Error> for ExportError {
    fn from(error: serde_json::Error) -> Self {
        if error.is_io() { Self::Io(error.into()) } else { Self::Json(error) }
    }
}

/// An export being written.
pub struct Export<W: Write + Send>(Kind<W>);

enum Kind<W: Write + Send> {
    Csv(Box<::csv::Writer<W>>),
    Jsonl(W),
    Parquet(Box<parquet::Table<W>>),
    Sqlite(rusqlite::Connection),
    Rss(W),
    NewsPlease(W),
    Trafilatura(W),
}

impl<W: Write + Send> Export<W> {
    /// Begins an export to `out`, or for SQLite in the file at `path`. `title` names what was asked.
    pub fn start(
        format: Format,
        mut out: W,
        path: Option<&Path>,
        title: &str,
    ) -> Result<Self, ExportError> {
        Ok(Self(match format {
            Format::Csv => Kind::Csv(Box::new(csv::start(out)?)),
            Format::Jsonl => Kind::Jsonl(out),
            Format::Parquet => Kind::Parquet(Box::new(parquet::Table::start(out)?)),
            Format::Sqlite => Kind::Sqlite(sqlite::start(path.ok_or(ExportError::NeedsFile)?)?),
            Format::Rss => {
                rss::start(&mut out, title)?;
                Kind::Rss(out)
            }
            Format::NewsPlease => Kind::NewsPlease(out),
            Format::Trafilatura => Kind::Trafilatura(out),
        }))
    }

    pub fn push(&mut self, one: Exported<'_>) -> Result<(), ExportError> {
        match &mut self.0 {
            Kind::Csv(writer) => csv::push(writer, one)?,
            Kind::Jsonl(out) => {
                out.write_all(one.line)?;
                out.write_all(b"\n")?;
            }
            Kind::Parquet(table) => table.push(one)?,
            Kind::Sqlite(connection) => sqlite::push(connection, one)?,
            Kind::Rss(out) => rss::push(out, &one.item.record)?,
            Kind::NewsPlease(out) => {
                serde_json::to_writer(&mut *out, &peers::news_please(&one.item.record))?;
                out.write_all(b"\n")?;
            }
            Kind::Trafilatura(out) => {
                serde_json::to_writer(&mut *out, &peers::trafilatura(&one.item.record))?;
                out.write_all(b"\n")?;
            }
        }
        Ok(())
    }

    pub fn finish(self) -> Result<(), ExportError> {
        match self.0 {
            Kind::Csv(mut writer) => writer.flush()?,
            Kind::Jsonl(mut out) | Kind::NewsPlease(mut out) | Kind::Trafilatura(mut out) => {
                out.flush()?;
            }
            Kind::Parquet(table) => table.finish()?,
            Kind::Sqlite(connection) => sqlite::finish(&connection)?,
            Kind::Rss(mut out) => {
                rss::finish(&mut out)?;
                out.flush()?;
            }
        }
        Ok(())
    }
}
