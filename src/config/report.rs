//! All faults of all files, as they are shown.

use std::fmt;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use serde::Serialize;

use crate::fault::Fault;

/// A file, or one variable of the environment, and what is wrong in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Path of the file, `environment` or `command line`.
    pub name: String,
    /// What is in it; spans of the faults count its bytes.
    pub text: String,
    /// In any order.
    pub faults: Vec<Fault>,
}

impl Document {
    /// A document of which no fault is known.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self { name: name.into(), text: text.into(), faults: Vec::new() }
    }

    /// A document whose text cannot be had.
    pub fn faulty(name: impl Into<String>, message: impl Into<String>) -> Self {
        let fault = Fault { span: 0..0, message: message.into(), help: None };
        Self { name: name.into(), text: String::new(), faults: vec![fault] }
    }
}

/// Why a configuration is refused, or what in it is probably not meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    severity: Severity,
    documents: Vec<Document>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Severity {
    Error,
    Warning,
}

/// One fault with its place, for programs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Placed<'a> {
    /// [`Document::name`]
    pub file: &'a str,
    /// Counted from 1.
    pub line: usize,
    /// In characters, counted from 1.
    pub column: usize,
    /// What is wrong.
    pub message: &'a str,
    /// What was expected, or what to write instead.
    pub help: Option<&'a str>,
}

impl Report {
    /// The report of the documents that have faults, or none where none has.
    pub fn of(documents: impl IntoIterator<Item = Document>) -> Option<Self> {
        Self::new(Severity::Error, documents)
    }

    /// The same, where the faults are none that refuse the configuration.
    pub fn of_warnings(documents: impl IntoIterator<Item = Document>) -> Option<Self> {
        Self::new(Severity::Warning, documents)
    }

    fn new(severity: Severity, documents: impl IntoIterator<Item = Document>) -> Option<Self> {
        let mut documents: Vec<Document> =
            documents.into_iter().filter(|document| !document.faults.is_empty()).collect();
        for document in &mut documents {
            document.faults.sort_by_key(|fault| fault.span.start);
        }
        (!documents.is_empty()).then_some(Self { severity, documents })
    }

    /// The faults by document and place.
    pub fn faults(&self) -> impl Iterator<Item = Placed<'_>> {
        self.documents.iter().flat_map(|document| {
            document.faults.iter().map(|fault| {
                let (line, column) = position(&document.text, fault.span.start);
                Placed {
                    file: &document.name,
                    line,
                    column,
                    message: &fault.message,
                    help: fault.help.as_deref(),
                }
            })
        })
    }

    /// A line for each fault, for a log: nothing of the files, where passwords may stand, is shown.
    pub fn places(&self) -> String {
        let line = |fault: Placed<'_>| {
            let Placed { file, line, column, message, help } = fault;
            let help = help.map(|help| format!(" ({help})")).unwrap_or_default();
            format!("{file}:{line}:{column}: {message}{help}\n")
        };
        self.faults().map(line).collect()
    }

    /// The faults with their lines and carets, and their number at the end.
    pub fn render(&self, is_styled: bool) -> String {
        let renderer = if is_styled { Renderer::styled() } else { Renderer::plain() };
        let mut text = String::new();
        for document in &self.documents {
            for fault in &document.faults {
                text += &renderer.render(&[group(self.severity, document, fault)]);
                text += "\n\n";
            }
        }
        let count = self.faults().count();
        let plural = if count == 1 { "" } else { "s" };
        let kind = match self.severity {
            Severity::Error => "fault",
            Severity::Warning => "warning",
        };
        text + &format!("{count} {kind}{plural} in the configuration\n")
    }
}

impl From<Document> for Report {
    fn from(document: Document) -> Self {
        Self { severity: Severity::Error, documents: vec![document] }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(&self.render(false))
    }
}

impl std::error::Error for Report {}

fn group<'a>(severity: Severity, document: &'a Document, fault: &'a Fault) -> Group<'a> {
    let level = match severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level.primary_title(fault.message.as_str());
    let text = document.text.as_str();
    if text.is_empty() {
        let group = title.element(Origin::path(document.name.as_str()));
        return match &fault.help {
            Some(help) => group.element(Level::HELP.message(help.as_str())),
            None => group,
        };
    }
    // Only the lines of the fault are given away: the cost is theirs and not the file's.
    let start = text.floor_char_boundary(fault.span.start);
    let end = text.ceil_char_boundary(fault.span.end.max(start));
    let (before, rest) = text.split_at(start);
    let first = before.rfind('\n').map_or(0, |newline| newline + 1);
    let within = end - start;
    let last = rest
        .get(within..)
        .and_then(|after| after.find('\n'))
        .map_or(text.len(), |newline| end + newline);
    let annotation =
        AnnotationKind::Primary.span(start - first..end - first).label(fault.help.as_deref());
    title.element(
        Snippet::source(text.get(first..last).unwrap_or_default())
            .line_start(position(text, start).0)
            .path(document.name.as_str())
            .annotation(annotation),
    )
}

/// Line and column of a byte, counted from 1.
pub(super) fn position(text: &str, byte: usize) -> (usize, usize) {
    let before = text.get(..byte.min(text.len())).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    (line, column)
}
