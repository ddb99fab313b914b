//! Printing: data to standard output, safe for a terminal.

use std::io::{self, IsTerminal, Write};

use comfy_table::{ContentArrangement, LineStyle, Table, presets::NOTHING};
use jiff::{SignedDuration, Timestamp};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde::Serialize;

/// Writes a text to standard output. A reader that closed the pipe has seen enough.
pub(super) fn print_text(text: &str) -> io::Result<()> {
    write_out(anstream::stdout().lock(), text.as_bytes())
}

/// Whether what failed is a write to a reader that has closed the pipe.
pub(super) fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe)
    })
}

/// Writes bytes to standard output as they are, which is no terminal.
pub(super) fn print_bytes(bytes: &[u8]) -> io::Result<()> {
    write_out(io::stdout().lock(), bytes)
}

fn write_out(mut out: impl Write, bytes: &[u8]) -> io::Result<()> {
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// What is not seen is written as an escape: the same JSON, but no orders to a terminal.
pub(super) fn print_json(value: &impl Serialize) -> io::Result<()> {
    print_text(&(escaped(&serde_json::to_string_pretty(value)?) + "\n"))
}

/// These stand only within strings, of which JSON itself escapes the controls below the space.
fn escaped(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for c in json.chars() {
        if matches!(c, '\u{7f}'..='\u{9f}') || is_direction(c) {
            escaped.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            escaped.push(c);
        }
    }
    escaped
}

/// Marks that turn the direction of a line.
fn is_direction(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether standard output is a pipe or a socket whose reader has gone.
pub(super) fn is_stdout_closed() -> bool {
    let stdout = io::stdout();
    let mut asked = [PollFd::new(&stdout, PollFlags::empty())];
    poll(&mut asked, Some(&Timespec::default())).is_ok()
        && asked.iter().any(|told| told.revents().contains(PollFlags::ERR))
}

pub(super) fn is_styled_stderr() -> bool {
    anstream::AutoStream::choice(&io::stderr()) != anstream::ColorChoice::Never
}

pub(super) fn is_terminal_stdout() -> bool {
    io::stdout().is_terminal()
}

/// A plain table with a header, as wide as the terminal, or as wide as it needs on a pipe.
pub(super) fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table
        .load_style(NOTHING.header_separator(LineStyle::none().fill('─').junction('─')))
        .set_header(header.to_vec());
    if is_terminal_stdout() {
        table.set_content_arrangement(ContentArrangement::Dynamic);
    }
    table
}

/// Text from the web for a terminal: one line, without control characters, of bounded length.
pub(super) fn safe(text: &str, longest: usize) -> String {
    let mut safe: String = text
        .chars()
        .map(|c| if c.is_control() || is_direction(c) { ' ' } else { c })
        .take(longest + 1)
        .collect();
    if safe.chars().count() > longest {
        safe.pop();
        safe.push('…');
    }
    safe
}

/// `1 record`, `2 records`.
pub(super) fn several(count: u64, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// `1 page waits`, `2 pages wait`.
pub(super) fn waiting(pages: u64) -> String {
    format!("{} {}", several(pages, "page"), if pages == 1 { "waits" } else { "wait" })
}

/// `1 record is`, `2 records are`.
pub(super) fn counted(count: u64, noun: &str) -> String {
    format!("{} {}", several(count, noun), if count == 1 { "is" } else { "are" })
}

/// `in 14 min`, `3 h ago`: the largest unit that says enough.
pub(super) fn distance(at: Timestamp, now: Timestamp) -> String {
    let distance = at.duration_since(now);
    let length = duration(distance.abs());
    if distance.is_negative() { format!("{length} ago") } else { format!("in {length}") }
}

/// When something is to come: `in 14 min`, or `now` where it is late.
pub(super) fn coming(at: Timestamp, now: Timestamp) -> String {
    if at <= now { "now".to_owned() } else { distance(at, now) }
}

fn duration(length: SignedDuration) -> String {
    match length.as_secs() {
        s if s < 90 => format!("{s} s"),
        s if s < 90 * 60 => format!("{} min", (s + 30) / 60),
        s if s < 36 * 3600 => format!("{} h", (s + 1800) / 3600),
        s => format!("{} d", (s + 43_200) / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_a_thing_is_told_as_one() {
        let told = [0, 1, 2].map(|count| (several(count, "line"), counted(count, "line")));
        let told = told.each_ref().map(|(several, counted)| (&**several, &**counted));
        assert_eq!(
            told,
            [("0 lines", "0 lines are"), ("1 line", "1 line is"), ("2 lines", "2 lines are")]
        );
    }

    #[test]
    fn what_is_to_come_is_never_told_as_past() {
        let now = "2022-01-06T12:00:00Z".parse().unwrap();
        for (at, told) in [("2022-01-06T12:14:00Z", "in 14 min"), ("2022-01-06T11:59:24Z", "now")] {
            assert_eq!(coming(at.parse().unwrap(), now), told);
        }
    }

    #[test]
    fn what_is_not_seen_is_escaped_in_json_and_means_the_same() {
        let value = serde_json::json!({ "a\u{202e}": "b\u{9b}31m\u{2066}\u{7f}\n\u{1b}é" });
        let text = escaped(&serde_json::to_string_pretty(&value).unwrap());
        assert!(
            !text.contains(|c: char| c != '\n' && (c.is_control() || is_direction(c))),
            "{text}"
        );
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
    }
}
