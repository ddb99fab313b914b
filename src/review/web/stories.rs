//! Stories: the copies of a text by time, who was first, and how they differ.

use maud::{Markup, html};

use super::{
    compare,
    layout::{self, Frame, Tab},
    list, words,
};
use crate::review::{Desk, Item, Query, ReviewError};

/// Copies of a story that are listed.
const MOST: usize = 200;

/// The list of stories.
pub(super) fn index(
    desk: &mut Desk,
    frame: &Frame,
    asked: &list::Asked,
) -> Result<Markup, ReviewError> {
    let query = match Query::parse(&asked.q, frame.now) {
        Ok(query) => query,
        Err(error) => return Ok(list::faulty(frame, Tab::Stories, &asked.q, &error)),
    };
    let found = desk.find(&query)?;
    let page = desk.index.stories(&found, asked.key(), list::PER_PAGE);
    let firsts = desk.index.origins(&page.rows)?;
    let body = html! {
        h1 { "Stories" }
        p.lead { "Texts that stand at several addresses, or changed after they were published; the most repeated first." }
        (list::chips(&query, "", "/stories"))
        ol.cards {
            @for item in &firsts {
                li.card {
                    h3 dir="auto" lang=[words::lang(item)] { a href={ "/story/" (words::encoded(&item.record.id)) } { (words::title(item)) } }
                    p.meta { strong { (words::count(item.story, "record")) } " · first " bdi { (words::source(item)) } ", " (words::minute(words::at(item))) }
                }
            }
        }
        @if firsts.is_empty() { p.empty { "No story was told more than once." } }
        (list::pager(&page, asked, "/stories"))
    };
    Ok(layout::page(frame, Tab::Stories, "Stories", &asked.q, &body))
}

/// One story; `with` is the id of the copy that is compared with the first one.
pub(super) fn page(
    desk: &Desk,
    frame: &Frame,
    id: &str,
    with: &str,
) -> Result<Option<Markup>, ReviewError> {
    let Some(item) = desk.item(id)? else { return Ok(None) };
    let story = desk.index.story(item.row, MOST)?;
    let origin = desk.index.origins(&[item.row])?.first().map(|origin| origin.row);
    let origin = story.items.iter().find(|copy| Some(copy.row) == origin);
    let Some(first) = origin.or_else(|| story.items.first()) else { return Ok(None) };
    let other = story
        .items
        .iter()
        .find(|copy| copy.record.id == with)
        .or_else(|| story.items.iter().find(|copy| copy.row != first.row));
    let body = html! {
        h1 dir="auto" lang=[words::lang(first)] { (words::title(first)) }
        p.lead {
            (words::count(u32::try_from(story.size).unwrap_or(u32::MAX), "record"))
            ", first published by " strong { bdi { (words::source(first)) } } " on " (words::minute(words::at(first))) "."
        }
        div.scroll tabindex="0" role="group" aria-label="Copies by time" {
            table.copies {
                thead { tr { th scope="col" { "When" } th scope="col" { "After" } th scope="col" { "Source" } th scope="col" { "Headline" } th scope="col" { "What it is" } th scope="col" { "Compare" } } }
                tbody {
                    @for copy in &story.items {
                        tr.first[copy.row == first.row] {
                            td { time datetime=(words::at(copy)) { (words::minute(words::at(copy))) } }
                            td { (after(first, copy)) }
                            td { bdi { (words::source(copy)) } @if let Some(country) = &copy.record.source_country { " " span.quiet { (country) } } }
                            td dir="auto" lang=[words::lang(copy)] { a href=(layout::article_address(copy, "")) { (words::title(copy)) } }
                            td { (relation(first, copy)) }
                            td {
                                @if copy.row != first.row {
                                    a href={ "/story/" (words::encoded(id)) "?with=" (words::encoded(&copy.record.id)) "#sides" }
                                        aria-current=[other.is_some_and(|other| other.row == copy.row).then_some("true")]
                                        aria-label={ "Compare with " (words::source(copy)) } { "compare" }
                                }
                            }
                        }
                    }
                }
            }
        }
        @if story.size > story.items.len() { p.quiet { "The first " (story.items.len()) " are listed." } }
        @if let Some(other) = other {
            h2 #sides { "Side by side" }
            (compare::sides(first, other))
        }
    };
    Ok(Some(layout::page(frame, Tab::Stories, words::title(first), "", &body)))
}

fn after(first: &Item, copy: &Item) -> Markup {
    let seconds = words::at(copy).as_second() - words::at(first).as_second();
    html! {
        @if copy.row == first.row { span.badge.decided { "first" } }
        @else if seconds < 60 { "same minute" }
        @else { "+ " (words::length(seconds)) }
    }
}

fn relation(first: &Item, copy: &Item) -> Markup {
    html! {
        @if copy.row == first.row { "the first known" }
        @else if copy.record.revision > 1 { "version " (copy.record.revision) }
        @else { (copy.class.word()) }
        @if let Some(similarity) = copy.record.similarity { span.quiet { ", " (format!("{:.0}%", similarity * 100.0)) " alike" } }
    }
}
