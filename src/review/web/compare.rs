//! Two records side by side, word by word.

use maud::{Markup, html};

use super::{
    layout::{self, Frame, Tab},
    words,
};
use crate::review::{Change, Desk, Item, ReviewError, diff};

pub(super) fn page(
    desk: &Desk,
    frame: &Frame,
    old: &str,
    new: &str,
) -> Result<Option<Markup>, ReviewError> {
    let (Some(old), Some(new)) = (desk.item(old)?, desk.item(new)?) else { return Ok(None) };
    let body = html! {
        h1 { "What changed" }
        (sides(&old, &new))
    };
    Ok(Some(layout::page(frame, Tab::None, "What changed", "", &body)))
}

/// Both texts, the words that only one has marked.
pub(super) fn sides(old: &Item, new: &Item) -> Markup {
    let text = |item: &Item| format!("{}\n\n{}", words::title(item), words::body(item));
    let (before, after) = (text(old), text(new));
    let changes = diff(&before, &after);
    let left: Vec<Change<'_>> =
        changes.iter().copied().filter(|change| !matches!(change, Change::Added(_))).collect();
    let right: Vec<Change<'_>> =
        changes.iter().copied().filter(|change| !matches!(change, Change::Removed(_))).collect();
    html! {
        div.sides {
            (side(old, &left))
            (side(new, &right))
        }
    }
}

fn side(item: &Item, changes: &[Change<'_>]) -> Markup {
    html! {
        section.side {
            h2 { a href=(layout::article_address(item, "")) { bdi { (words::source(item)) } } }
            p.quiet { time datetime=(words::at(item)) { (words::minute(words::at(item))) } " · version " (item.record.revision) }
            div.text dir="auto" lang=[words::lang(item)] {
                @for change in changes {
                    @match change {
                        Change::Same(text) => (text),
                        Change::Removed(text) => del { (text) },
                        Change::Added(text) => ins { (text) },
                    }
                }
            }
        }
    }
}
