//! What other programs get.
#![expect(clippy::disallowed_methods, reason = "test: looks at files")]

use parquet::{
    file::reader::{FileReader, SerializedFileReader},
    record::RowAccessor,
};
use serde_json::{Value, json};

use super::{Export, ExportError, Exported, Format};
use crate::review::{Query, tests};

fn office() -> tests::Office {
    tests::Office::with(&[
        (
            "a",
            json!({ "title": "=HYPERLINK(\"http://x\")", "text": "Миротворцы, \"ОДКБ\"\n\n\u{1b}[31mred",
            "published_source": "jsonld", "authors": ["Anna", "Бек"], "topic_score": 9.3, "summary": "<b>&", "image_url": "https://a.example/i.png" }),
        ),
        (
            "b",
            json!({ "title": " -1+1", "licence": "CC BY 4.0", "text": null, "topic_score": null, "published_at": null,
            "duplicate_of": "a", "duplicate_evidence": {
                "containment_ab": 0.9, "containment_ba": 0.7, "jaccard": 0.65, "title": 1.0,
                "shared_numbers": 3, "number_share": 1.0, "lead": 0.8, "hours_between": null } }),
        ),
    ])
}

fn export(format: Format, path: Option<&std::path::Path>) -> Vec<u8> {
    let office = office();
    let mut desk = office.desk();
    let mut bytes = Vec::new();
    let mut export = Export::start(format, &mut bytes, path, "a & b").unwrap();
    let found = desk.find(&Query::parse("", tests::now()).unwrap()).unwrap();
    for row in found.iter() {
        let line = desk.index.line(row).unwrap().unwrap();
        let item = desk.index.item(row).unwrap().unwrap();
        export.push(Exported { item: &item, line: &line.bytes, review: None }).unwrap();
    }
    export.finish().unwrap();
    bytes
}

#[test]
fn csv_opens_in_a_spreadsheet_without_formulas_and_in_the_right_script() {
    let bytes = export(Format::Csv, None);
    assert!(bytes.starts_with(b"\xef\xbb\xbfid,published_at,"));
    let mut reader = csv::Reader::from_reader(&bytes[3..]);
    let title = reader.headers().unwrap().iter().position(|name| name == "title").unwrap();
    let text = reader.headers().unwrap().iter().position(|name| name == "text").unwrap();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(&rows[0][title], "'=HYPERLINK(\"http://x\")");
    assert_eq!(&rows[0][text], "Миротворцы, \"ОДКБ\"\n\n[31mred");
    assert_eq!(&rows[1][title], "' -1+1");
    let headers = reader.headers().unwrap();
    let of_dates = headers.iter().position(|name| name == "published_source").unwrap();
    assert_eq!(&rows[0][of_dates], "jsonld");
    assert_eq!(&rows[1][of_dates], "");
}

#[test]
fn jsonl_is_the_archive_line_by_line() {
    let bytes = export(Format::Jsonl, None);
    let office = office();
    let day = std::fs::read(office.archive().join("2022/01/2022-01-06.jsonl")).unwrap();
    assert_eq!(bytes, day);
}

#[test]
fn parquet_is_read_back_with_its_types_and_nulls() {
    let bytes = export(Format::Parquet, None);
    let reader = SerializedFileReader::new(bytes::Bytes::from(bytes)).unwrap();
    let rows: Vec<_> = reader.get_row_iter(None).unwrap().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0].get_string(0).unwrap(), "a");
    assert_eq!(rows[0].get_timestamp_millis(1).unwrap(), 1_641_470_400_000);
    assert!((rows[0].get_double(17).unwrap() - 9.3).abs() < 1e-12);
    assert!(rows[1].get_timestamp_millis(1).is_err(), "null");
}

#[test]
fn sqlite_has_one_table_to_ask() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.sqlite");
    export(Format::Sqlite, Some(&path));
    let connection = rusqlite::Connection::open(&path).unwrap();
    let title: String = connection
        .query_row("SELECT title FROM articles WHERE topic_score > 9", [], |row| row.get(0))
        .unwrap();
    assert_eq!(title, "=HYPERLINK(\"http://x\")");
}

#[test]
fn what_a_duplicate_rests_on_is_in_every_table_as_the_record_has_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.sqlite");
    export(Format::Sqlite, Some(&path));
    let connection = rusqlite::Connection::open(&path).unwrap();
    let asked = "SELECT json_extract(duplicate_evidence, '$.containment_ab'), duplicate_evidence
                 FROM articles WHERE duplicate_evidence IS NOT NULL";
    let (share, evidence) = connection
        .query_row(asked, [], |row| Ok((row.get::<_, f64>(0)?, row.get::<_, String>(1)?)))
        .unwrap();
    assert!((share - 0.9).abs() < 1e-12, "{evidence}");
    let csv = String::from_utf8(export(Format::Csv, None)).unwrap();
    assert!(csv.contains(&evidence.replace('"', "\"\"")), "{csv}");
    let bytes = export(Format::Parquet, None);
    let reader = SerializedFileReader::new(bytes::Bytes::from(bytes)).unwrap();
    let row = reader.get_row_iter(None).unwrap().map(Result::unwrap).nth(1).unwrap();
    let column = row.get_column_iter().position(|(name, _)| name == "duplicate_evidence").unwrap();
    assert_eq!(row.get_string(column).unwrap(), &evidence);
}

#[test]
fn rss_is_a_feed_that_our_own_reader_takes_without_complaint() {
    let bytes = export(Format::Rss, None);
    let base = "https://a.example/".parse().unwrap();
    let listing =
        crate::source::parse(crate::source::SourceKind::Feed, &bytes, None, &base).unwrap();
    assert_eq!(listing.flaws, Vec::<String>::new());
    assert_eq!(listing.title.as_deref(), Some("newswatch: a & b"));
    assert_eq!(listing.entries.len(), 2);
    assert_eq!(
        listing.entries[0].published.as_ref().unwrap().at.to_string(),
        "2022-01-06T12:00:00Z"
    );
    let text = String::from_utf8(bytes).unwrap();
    assert!(!text.contains('\u{1b}') && text.contains("&lt;b&gt;&amp;"), "{text}");
}

#[test]
fn the_fields_of_other_tools_are_all_there() {
    for (format, fields) in [
        (
            Format::NewsPlease,
            vec!["maintext", "date_publish", "title_rss", "source_domain", "authors"],
        ),
        (Format::Trafilatura, vec!["text", "date", "hostname", "source-hostname", "fingerprint"]),
    ] {
        let bytes = export(format, None);
        let lines: Vec<Value> = bytes
            .split(|b| *b == b'\n')
            .filter(|l| !l.is_empty())
            .map(|l| serde_json::from_slice(l).unwrap())
            .collect();
        assert_eq!(lines.len(), 2);
        for field in fields {
            assert!(lines[0].get(field).is_some(), "{format:?} {field}");
        }
    }
    let lines = String::from_utf8(export(Format::Trafilatura, None)).unwrap();
    assert!(lines.contains("\"license\":\"CC BY 4.0\""), "{lines}");
    let lines = export(Format::NewsPlease, None);
    let first: Value =
        serde_json::from_slice(lines.split(|b| *b == b'\n').next().unwrap()).unwrap();
    assert_eq!(first["date_publish"], "2022-01-06 12:00:00");
}

#[test]
fn a_closed_pipe_is_told_as_one_by_every_format_of_lines() {
    struct Closed;
    impl std::io::Write for Closed {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }
    }
    let office = office();
    let desk = office.desk();
    let (item, line) = desk.index.whole(0).unwrap().unwrap();
    for format in [Format::Csv, Format::Jsonl, Format::Rss, Format::NewsPlease, Format::Trafilatura]
    {
        let written = Export::start(format, Closed, None, "").and_then(|mut export| {
            export.push(Exported { item: &item, line: &line.bytes, review: None })?;
            export.finish()
        });
        let error = written.unwrap_err();
        let ExportError::Io(error) = &error else { panic!("{format:?}: {error:?}") };
        assert_eq!(error.kind(), std::io::ErrorKind::BrokenPipe, "{format:?}");
    }
}
