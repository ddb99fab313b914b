//! Text from the web on a terminal: wrapped, marked, never raw; and the pager.
#![expect(
    clippy::disallowed_methods,
    reason = "shell: asks the environment for the pager and the width"
)]

use std::{
    env,
    io::{self, Write},
    ops::Range,
    process::{Command, Stdio},
};

use super::super::format::{is_terminal_stdout, print_text};
use crate::review::{Mark, width};

pub(super) const BOLD: &str = "\x1b[1m";
pub(super) const DIM: &str = "\x1b[2m";
pub(super) const RED: &str = "\x1b[31m";
pub(super) const GREEN: &str = "\x1b[32m";
pub(super) const CYAN: &str = "\x1b[36m";
pub(super) const YELLOW: &str = "\x1b[33m";
pub(super) const INVERSE: &str = "\x1b[7m";
pub(super) const RESET: &str = "\x1b[0m";

/// Columns of a line that is read with ease.
const LONGEST_LINE: usize = 100;

/// Columns to write in: those of the terminal, as `git` asks for them.
pub(super) fn columns() -> usize {
    let told = env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let own = || comfy_table::Table::new().width().map(usize::from);
    let asked = if is_terminal_stdout() { told.or_else(own) } else { told };
    asked.unwrap_or(80).clamp(30, LONGEST_LINE)
}

/// Text from the web without what could steer a terminal; line ends stay.
pub(super) fn tame(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' => '\n',
            '\t' => ' ',
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
            c if c.is_control() => '\u{fffd}',
            c => c,
        })
        .collect()
}

/// Lines of at most so many columns, as ranges of bytes; a paragraph's end ends a line.
pub(super) fn wrap(text: &str, columns: usize) -> Vec<Range<usize>> {
    let mut lines = Vec::new();
    let mut start = 0;
    // The last place at which the line may end, and where the next one begins then.
    let mut chance: Option<(usize, usize)> = None;
    let mut used = 0;
    let mut before_is_wide = false;
    for (at, c) in text.char_indices() {
        if c == '\n' {
            lines.push(start..at);
            (start, chance, used) = (at + 1, None, 0);
            continue;
        }
        let behind = at + c.len_utf8();
        let columns_of_c = width(text.get(at..behind).unwrap_or_default());
        if c.is_whitespace() {
            chance = Some((at, behind));
        } else if (columns_of_c == 2 || before_is_wide) && at > start && !closes(c) {
            chance = Some((at, at));
        }
        before_is_wide = columns_of_c == 2;
        used += columns_of_c;
        if used > columns && !c.is_whitespace() {
            let (end, next) = chance.unwrap_or((at, at));
            lines.push(start..end);
            (start, chance) = (next, None);
            used = width(text.get(start..behind).unwrap_or_default());
        }
    }
    lines.push(start..text.len());
    lines
}

/// What does not begin a line.
fn closes(c: char) -> bool {
    matches!(
        c,
        '。' | '，' | '、' | '！' | '？' | '；' | '：' | '」' | '』' | '）' | '》' | '”' | '’'
    )
}

/// A wrapped text with its marks in colours, each line behind `indent`.
pub(super) fn marked(text: &str, marks: &[Mark], columns: usize, indent: &str) -> String {
    let mut out = String::new();
    for line in wrap(text, columns.saturating_sub(width(indent))) {
        out.push_str(indent);
        let mut at = line.start;
        for mark in marks.iter().filter(|mark| mark.start < line.end && mark.end > line.start) {
            let (start, end) = (mark.start.max(at), mark.end.min(line.end));
            out.push_str(&tame(text.get(at..start).unwrap_or_default()));
            out.push_str(if mark.is_sought { INVERSE } else { YELLOW });
            out.push_str(&tame(text.get(start..end).unwrap_or_default()));
            out.push_str(RESET);
            at = end;
        }
        out.push_str(&tame(text.get(at..line.end).unwrap_or_default()));
        out.push('\n');
    }
    out
}

/// Shows a text: on a terminal through the pager, as `git` does it (`NEWSWATCH_PAGER`, `PAGER`,
/// `less`), where it is longer than `less -F` shows at once; without colours where `NO_COLOR` says so.
pub(super) fn show(text: &str) -> io::Result<()> {
    if !is_terminal_stdout() {
        return print_text(text);
    }
    let pager = env::var("NEWSWATCH_PAGER").or_else(|_| env::var("PAGER"));
    let pager = pager.unwrap_or_else(|_| "less".to_owned());
    let mut words = pager.split_whitespace();
    let Some(program) = words.next().filter(|program| *program != "cat") else {
        return print_text(text);
    };
    let mut command = Command::new(program);
    command.args(words).stdin(Stdio::piped());
    if env::var_os("LESS").is_none() {
        command.env("LESS", "FRX");
    }
    let Ok(mut child) = command.spawn() else { return print_text(text) };
    let plain = anstream::stdout().current_choice() == anstream::ColorChoice::Never;
    let text = if plain { anstream::adapter::strip_str(text).to_string() } else { text.to_owned() };
    if let Some(mut stdin) = child.stdin.take() {
        match stdin.write_all(text.as_bytes()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => return Err(error),
            _ => {}
        }
    }
    child.wait().map(|_| ())
}

/// A bar of up to `columns` columns, in eighths.
pub(super) fn bar(count: u32, most: u32, columns: u32) -> String {
    let eighths = u64::from(count) * u64::from(columns) * 8 / u64::from(most.max(1));
    let eighths = eighths.max(u64::from(count > 0));
    let full = usize::try_from(eighths / 8).unwrap_or_default();
    let rest = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let rest = usize::try_from(eighths % 8).ok().and_then(|at| rest.get(at)).unwrap_or(&"");
    "█".repeat(full) + rest
}

#[cfg(test)]
mod tests {
    //! Lines for a terminal.

    use super::{bar, marked, tame, wrap};
    use crate::review::{Mark, width};

    fn lines(text: &str, columns: usize) -> Vec<&str> {
        wrap(text, columns).into_iter().map(|line| &text[line]).collect()
    }

    #[test]
    fn lines_end_at_words_and_between_wide_characters() {
        assert_eq!(lines("one two three four", 9), ["one two", "three", "four"]);
        assert_eq!(lines("a\n\nb", 9), ["a", "", "b"]);
        assert_eq!(lines("哈萨克斯坦维和部队。抵达", 10), ["哈萨克斯坦", "维和部队。", "抵达"]);
        assert_eq!(lines("unbreakableword", 5), ["unbre", "akabl", "eword"]);
        for line in lines(&"слово и ещё ".repeat(50), 33) {
            assert!(width(line) <= 33, "{line}");
        }
    }

    #[test]
    fn what_could_steer_a_terminal_is_shown_as_a_replacement() {
        assert_eq!(
            tame("a\x1b[31mb\u{9b}c\u{202e}d\r\ne\x07"),
            "a\u{fffd}[31mb\u{fffd}c\u{fffd}d\u{fffd}\ne\u{fffd}"
        );
        let mark = Mark { start: 2, end: 5, is_sought: true };
        let shown = marked("a \x1b]0;x\x07", &[mark], 80, "");
        assert_eq!(shown, "a \x1b[7m\u{fffd}]0\x1b[0m;x\u{fffd}\n");
    }

    #[test]
    fn a_mark_that_is_broken_by_a_line_is_marked_on_both() {
        let mark = Mark { start: 0, end: 7, is_sought: false };
        assert_eq!(
            marked("one two", &[mark], 4, "  "),
            "  \x1b[33mon\x1b[0m\n  \x1b[33me\x1b[0m\n  \x1b[33mtw\x1b[0m\n  \x1b[33mo\x1b[0m\n"
        );
    }

    #[test]
    fn a_bar_shows_that_there_is_something() {
        assert_eq!((bar(0, 9, 8).as_str(), bar(1, 100_000, 8).as_str()), ("", "▏"));
        assert_eq!(bar(5, 10, 8), "████");
    }
}
