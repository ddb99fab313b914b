//! What is wrong in a configuration file, and where.

use std::ops::Range;

/// One fault. A parser of a file collects all it finds; `config` prints them with their lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Bytes of the file's text that are wrong; empty at the place where something is missing.
    pub span: Range<usize>,
    /// What is wrong, lower case, without full stop.
    pub message: String,
    /// What was expected, or what to write instead ("did you mean `interval`?").
    pub help: Option<String>,
}
