//! Parquet: the table by columns, compressed, as DuckDB, pandas and Spark read it.

use std::{io::Write, sync::Arc};

use parquet::{
    basic::{Compression, ZstdLevel},
    data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type},
    file::{
        properties::WriterProperties,
        writer::{SerializedColumnWriter, SerializedFileWriter},
    },
    schema::parser::parse_message_type,
};

use super::{
    ExportError, Exported,
    table::{COLUMNS, Cell, Type, cells},
};

/// Records of a row group: a few tens of megabytes.
const GROUP: usize = 4_096;

pub(super) struct Table<W: Write + Send> {
    writer: SerializedFileWriter<W>,
    rows: Vec<[Cell; COLUMNS.len()]>,
}

impl<W: Write + Send> Table<W> {
    pub(super) fn start(out: W) -> Result<Self, ExportError> {
        let columns = COLUMNS.map(|(name, kind)| match kind {
            Type::Text => format!("optional binary {name} (STRING);"),
            Type::Integer => format!("optional int64 {name};"),
            Type::Real => format!("optional double {name};"),
            Type::Time => format!("optional int64 {name} (TIMESTAMP(MILLIS,true));"),
        });
        let schema = parse_message_type(&format!("message newswatch {{ {} }}", columns.join(" ")))?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_created_by(concat!("newswatch ", env!("CARGO_PKG_VERSION")).to_owned())
            .build();
        let writer = SerializedFileWriter::new(out, Arc::new(schema), Arc::new(properties))?;
        Ok(Self { writer, rows: Vec::new() })
    }

    pub(super) fn push(&mut self, one: Exported<'_>) -> Result<(), ExportError> {
        self.rows.push(cells(one));
        if self.rows.len() >= GROUP { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), ExportError> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let mut group = self.writer.next_row_group()?;
        for (at, (_, kind)) in COLUMNS.iter().enumerate() {
            let Some(column) = group.next_column()? else { break };
            write(column, *kind, self.rows.iter().filter_map(|row| row.get(at)))?;
        }
        group.close()?;
        self.rows.clear();
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<(), ExportError> {
        self.flush()?;
        self.writer.close()?;
        Ok(())
    }
}

fn write<'a>(
    mut column: SerializedColumnWriter<'_>,
    kind: Type,
    cells: impl Iterator<Item = &'a Cell>,
) -> Result<(), ExportError> {
    let (mut texts, mut integers, mut reals) = (Vec::new(), Vec::new(), Vec::new());
    let mut defined = Vec::new();
    for cell in cells {
        defined.push(i16::from(*cell != Cell::None));
        match cell {
            Cell::None => {}
            Cell::Text(text) => texts.push(ByteArray::from(text.as_str())),
            Cell::Integer(number) => integers.push(*number),
            Cell::Real(number) => reals.push(*number),
            Cell::Time(at) => integers.push(at.as_millisecond()),
        }
    }
    match kind {
        Type::Text => column.typed::<ByteArrayType>().write_batch(&texts, Some(&defined), None)?,
        Type::Integer | Type::Time => {
            column.typed::<Int64Type>().write_batch(&integers, Some(&defined), None)?
        }
        Type::Real => column.typed::<DoubleType>().write_batch(&reals, Some(&defined), None)?,
    };
    column.close()?;
    Ok(())
}
