//! `newswatch archive tail`
#![expect(clippy::disallowed_methods, reason = "shell: waits between two looks")]

use std::{thread, time::Duration};

use super::{desk, print, screen};
use crate::{
    cli::{
        Exit,
        format::{is_stdout_closed, print_text},
    },
    config::Loaded,
    review::{Order, Progress},
};

/// Between two looks at the archive.
const REST: Duration = Duration::from_millis(500);

pub(super) fn tail(
    loaded: &Loaded,
    text: &str,
    lines: usize,
    follow: bool,
    json: bool,
) -> anyhow::Result<Exit> {
    let query = desk::query(text)?;
    let mut desk = desk::current(loaded)?;
    let found = desk::find(&mut desk, &query)?;
    let mut rows = desk.index.page(&found, Order::Archived, None, lines.min(10_000)).rows;
    rows.reverse();
    let phrases = query.phrases();
    let columns = screen::columns();
    // Not the row: an index that is made anew without what has left counts its rows anew.
    let mut seen = desk.index.last_seq();
    loop {
        for item in desk.index.items(&rows)? {
            if json {
                print_text(&(serde_json::to_string(&item.record)? + "\n"))?;
            } else {
                print_text(
                    &(print::entry(&item, desk.review(item.row), &phrases, columns) + "\n"),
                )?;
            }
        }
        if !follow {
            return Ok(Exit::Success);
        }
        loop {
            // Nobody reads on: also where nothing more is written that would fail.
            if is_stdout_closed() {
                return Ok(Exit::Success);
            }
            if desk.index.last_seq() > seen {
                break;
            }
            thread::sleep(REST);
            while desk.advance(1_000)? == Progress::More {}
        }
        let found = desk.find(&query)?;
        let first = desk.index.row_after(seen)?;
        rows = found.iter().filter(|row| *row >= first).collect();
        seen = desk.index.last_seq();
    }
}
