//! The queue: decide of one article after the other, by keys or buttons.

use maud::{Markup, html};

use super::{
    layout::{self, Frame, Tab},
    list, words,
};
use crate::{
    review::{
        CREDIBILITY, Desk, Item, LONGEST_NOTE, Order, Phrase, Query, RELIABILITY, Review,
        ReviewError, Status, excerpt, marks,
    },
    topic::Field,
};

/// Articles of a page.
const PER_PAGE: usize = 15;
/// Characters of an article's text.
const EXCERPT: usize = 700;

/// What is asked for where nothing is.
const OPEN: &str = "status:open";

/// What a form says of a record. What it does not name stays as it is.
#[derive(Debug, Clone, Default, serde::Deserialize)]
pub(super) struct Decision {
    pub(super) csrf: String,
    pub(super) id: String,
    pub(super) status: Option<String>,
    pub(super) note: Option<String>,
    pub(super) reliability: Option<String>,
    pub(super) credibility: Option<String>,
    /// Where to go on.
    pub(super) next: Option<String>,
}

impl Decision {
    /// The review as this form changes it; `None` where it says what there is not.
    pub(super) fn apply(&self, mut review: Review) -> Option<Review> {
        if let Some(status) = &self.status {
            review.status = Status::decided(status)?;
        }
        if let Some(note) = &self.note {
            let note: String = note.trim().chars().take(LONGEST_NOTE).collect();
            review.note = Some(crate::text::clean_text(&note)).filter(|note| !note.is_empty());
        }
        if let Some(letter) = &self.reliability {
            review.reliability = match letter.chars().next() {
                None => None,
                Some(letter) => Some(RELIABILITY.iter().find(|(known, _)| *known == letter)?.0),
            };
        }
        if let Some(digit) = &self.credibility {
            review.credibility = match digit.as_str() {
                "" => None,
                digit => Some(CREDIBILITY.iter().find(|(known, _)| known.to_string() == digit)?.0),
            };
        }
        Some(review)
    }

    /// Where to go on: a page of this site.
    pub(super) fn target(&self) -> &str {
        let is_ours = |next: &&str| {
            next.starts_with('/') && !next.starts_with("//") && !next.contains(['\\', '\r', '\n'])
        };
        self.next.as_deref().filter(is_ours).unwrap_or("/queue")
    }
}

pub(super) fn page(
    desk: &mut Desk,
    frame: &Frame,
    asked: &list::Asked,
) -> Result<Markup, ReviewError> {
    let text = if asked.q.trim().is_empty() { OPEN } else { &asked.q };
    let query = match Query::parse(text, frame.now) {
        Ok(query) => query,
        Err(error) => return Ok(list::faulty(frame, Tab::Queue, &asked.q, &error)),
    };
    let (found, facets) = desk.counted(&query, 1)?;
    let page = desk.index.page(&found, Order::Newest, asked.key(), PER_PAGE);
    let items = desk.index.items(&page.rows)?;
    let (_, all) = desk.counted(&Query::all(), 1)?;
    let count = |status| all.statuses.get(&status).copied().unwrap_or_default();
    let decided = all.total - count(Status::Open);
    let phrases = query.phrases();
    let here = words::list("/queue", &asked.q, "");
    let body = html! {
        h1 { "Queue" }
        div.head {
            p.lead { strong { (words::number(facets.total)) } " to look at · " (words::number(decided)) " of " (words::number(all.total)) " decided" }
            p.sort {
                @for status in [Status::Open, Status::Flagged, Status::Reviewed, Status::NotRelevant] {
                    @let query = query.with("status", status.word());
                    a href=(words::list("/queue", &query, "")) { (words::status(status)) " " span.count { (words::number(count(status))) } }
                }
                a href="/labelled.jsonl" download { "Labelled texts" }
            }
        }
        (list::chips(&query, "", "/queue"))
        p.keys {
            kbd { "j" } " " kbd { "k" } " next, previous · " kbd { "r" } " reviewed · " kbd { "f" } " flag · "
            kbd { "x" } " not relevant · " kbd { "n" } " note · " kbd { "u" } " undo · " kbd { "/" } " search"
        }
        @if items.is_empty() { p.empty { "There is nothing to decide here." } }
        ol.queue { @for item in &items { (entry(frame, item, desk.review(item.row), &phrases, &here)) } }
        (list::pager(&page, asked, "/queue"))
    };
    Ok(layout::page(frame, Tab::Queue, "Queue", &asked.q, &body))
}

fn entry(
    frame: &Frame,
    item: &Item,
    review: Option<&Review>,
    phrases: &[&Phrase],
    here: &str,
) -> Markup {
    let title = words::title(item);
    let of_title = marks(title, Field::Title, &item.record.matches, phrases);
    let body = words::body(item);
    let of_body = marks(body, Field::Text, &item.record.matches, phrases);
    let (piece, inside) = excerpt(body, &of_body, EXCERPT);
    let status = review.map_or(Status::Open, |review| review.status);
    html! {
        li.entry #{ "e-" (item.record.id) } tabindex="-1" data-id=(item.record.id) data-status=(status.word()) {
            (layout::meta(item))
            h2 dir="auto" lang=[words::lang(item)] { a href=(layout::article_address(item, "")) { (layout::marked(title, &of_title, None)) } }
            div.excerpt dir="auto" lang=[words::lang(item)] {
                @for paragraph in split(piece, &inside) { p dir="auto" { (layout::marked(paragraph.0, &paragraph.1, None)) } }
            }
            @if let Some(reason) = &item.record.topic_reason { p.reason dir="auto" { (reason) } }
            (layout::badges(item, review))
            (decide(frame, item, review, &format!("{here}#e-{}", item.record.id), false))
        }
    }
}

fn split<'a>(
    text: &'a str,
    marks: &[crate::review::Mark],
) -> Vec<(&'a str, Vec<crate::review::Mark>)> {
    let mut start = 0;
    text.split("\n\n")
        .map(|paragraph| {
            let end = start + paragraph.len();
            let inside = marks
                .iter()
                .filter(|mark| mark.start >= start && mark.end <= end)
                .map(|mark| crate::review::Mark {
                    start: mark.start - start,
                    end: mark.end - start,
                    ..*mark
                })
                .collect();
            start = end + 2;
            (paragraph, inside)
        })
        .collect()
}

/// The form by which a record is decided.
pub(super) fn decide(
    frame: &Frame,
    item: &Item,
    review: Option<&Review>,
    next: &str,
    is_open: bool,
) -> Markup {
    let status = review.map_or(Status::Open, |review| review.status);
    let id = &item.record.id;
    let choices = [
        (Status::Reviewed, "Reviewed", Some("r")),
        (Status::Flagged, "Flag", Some("f")),
        (Status::NotRelevant, "Not relevant", Some("x")),
        (Status::Open, "Undecided", None),
    ];
    html! {
        section.decide {
            @if is_open { h2 { "Your review" } }
            form.quick method="post" action="/review" {
                input type="hidden" name="csrf" value=(frame.csrf);
                input type="hidden" name="id" value=(id);
                input type="hidden" name="next" value=(next);
                @for (choice, name, key) in choices {
                    button type="submit" name="status" value=(choice.word()) data-key=[key] aria-pressed=(if choice == status { "true" } else { "false" }) { (name) }
                }
            }
            details open[review.is_some_and(|review| review.note.is_some() || review.reliability.is_some())] {
                summary { "Note and rating" }
                form.note method="post" action="/review" {
                    input type="hidden" name="csrf" value=(frame.csrf);
                    input type="hidden" name="id" value=(id);
                    input type="hidden" name="next" value=(next);
                    label { "Note" textarea name="note" rows="2" maxlength=(LONGEST_NOTE) dir="auto" { (review.and_then(|review| review.note.as_deref()).unwrap_or_default()) } }
                    label { "Source"
                        select name="reliability" {
                            option value="" { "not rated" }
                            @for (letter, meaning) in RELIABILITY {
                                option value=(letter) selected[review.and_then(|review| review.reliability) == Some(letter)] { (letter) " · " (meaning) }
                            }
                        }
                    }
                    label { "Information"
                        select name="credibility" {
                            option value="" { "not rated" }
                            @for (digit, meaning) in CREDIBILITY {
                                option value=(digit) selected[review.and_then(|review| review.credibility) == Some(digit)] { (digit) " · " (meaning) }
                            }
                        }
                    }
                    button type="submit" { "Save" }
                }
            }
        }
    }
}
