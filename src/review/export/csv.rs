//! CSV that a spreadsheet opens as it is meant: UTF-8 told by a byte order mark, no formulas.

use std::io::Write;

use csv::Writer;

use super::{
    ExportError, Exported,
    table::{COLUMNS, Cell, cells},
};

pub(super) fn start<W: Write>(mut out: W) -> Result<Writer<W>, ExportError> {
    out.write_all("\u{feff}".as_bytes())?;
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
    writer.write_record(COLUMNS.map(|(name, _)| name))?;
    Ok(writer)
}

pub(super) fn push<W: Write>(writer: &mut Writer<W>, one: Exported<'_>) -> Result<(), ExportError> {
    let fields = cells(one).map(|cell| match cell {
        Cell::None => String::new(),
        Cell::Text(text) => guarded(&text),
        Cell::Integer(number) => number.to_string(),
        Cell::Real(number) => number.to_string(),
        Cell::Time(at) => at.to_string(),
    });
    Ok(writer.write_record(fields)?)
}

/// Characters in a cell of Excel; what is longer spills into the next rows.
const LONGEST: usize = 32_767;

/// A text that no spreadsheet takes for a formula (OWASP, "CSV Injection"), cut at what a cell holds.
fn guarded(text: &str) -> String {
    let is_formula = text
        .trim_start_matches([' ', '\u{a0}'])
        .starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    // Excel counts UTF-16 units.
    let mut units = usize::from(is_formula);
    let kept =
        text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).take_while(|c| {
            units += c.len_utf16();
            units <= LONGEST
        });
    let mark = if is_formula { "'" } else { "" };
    mark.chars().chain(kept).collect()
}
