//! What all pages share.

use maud::{DOCTYPE, Markup, html};

use super::words;
use crate::{
    review::{Item, Mark, Phrase, Progress, Review, Status, excerpt, marks},
    topic::Field,
};

/// What a page needs to know beside what it shows.
#[derive(Debug, Clone)]
pub(super) struct Frame {
    pub(super) csrf: String,
    pub(super) now: jiff::Timestamp,
    pub(super) progress: Progress,
    pub(super) records: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tab {
    Overview,
    List,
    Stories,
    Queue,
    Feeds,
    None,
}

const TABS: [(Tab, &str, &str); 5] = [
    (Tab::Overview, "/", "Overview"),
    (Tab::List, "/list", "Articles"),
    (Tab::Stories, "/stories", "Stories"),
    (Tab::Queue, "/queue", "Queue"),
    (Tab::Feeds, "/feeds", "Feeds"),
];

/// A whole page. `query` stands in the search box.
pub(super) fn page(frame: &Frame, tab: Tab, title: &str, query: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · newswatch" }
                link rel="stylesheet" href="/static/review.css";
                link rel="icon" href="/static/icon.svg" type="image/svg+xml";
                script src="/static/review.js" defer {}
            }
            body {
                a.skip href="#main" { "Skip to the content" }
                header.top {
                    a.brand href="/" { span.dot aria-hidden="true" {} "newswatch" }
                    nav aria-label="Views" {
                        @for (of, address, name) in TABS {
                            a href=(address) aria-current=[(of == tab).then_some("page")] { (name) }
                        }
                    }
                    form.search action=(if tab == Tab::Queue { "/queue" } else if tab == Tab::Stories { "/stories" } else { "/list" }) role="search" {
                        label.away for="q" { "Search the archive" }
                        input #q type="search" name="q" value=(query) dir="auto" autocomplete="off" spellcheck="false"
                            placeholder="Search: ОДКБ, \"peace keeping\", 维和, lang:kk, after:7d";
                        button type="submit" { "Search" }
                    }
                }
                @if frame.progress != Progress::Current {
                    p.banner role="status" {
                        "The archive is being indexed: " (words::number(frame.records)) " records so far. What is shown grows as it goes on."
                    }
                }
                main #main { (body) }
                footer {
                    (words::count(frame.records, "record")) " in the archive · times are UTC · "
                    span.keys { "keys: " kbd { "/" } " search, " kbd { "j" } " " kbd { "k" } " next and previous, " kbd { "Enter" } " open" }
                }
            }
        }
    }
}

/// A text with its marks. `first` numbers them, from 1 on, for links that lead to them.
pub(super) fn marked(text: &str, marks: &[Mark], first: Option<usize>) -> Markup {
    let mut pieces = Vec::with_capacity(marks.len());
    let mut at = 0;
    for (number, mark) in marks.iter().enumerate() {
        let before = text.get(at..mark.start).unwrap_or_default();
        let within = text.get(mark.start..mark.end).unwrap_or_default();
        pieces.push((
            before,
            within,
            mark.is_sought,
            first.map(|first| format!("m{}", first + number)),
        ));
        at = mark.end;
    }
    html! {
        @for (before, within, is_sought, id) in pieces {
            (before)
            mark.sought[is_sought] id=[id] { (within) }
        }
        (text.get(at..).unwrap_or_default())
    }
}

/// An article in a list.
pub(super) fn card(
    item: &Item,
    review: Option<&Review>,
    phrases: &[&Phrase],
    query: &str,
) -> Markup {
    let title = words::title(item);
    let of_title = marks(title, Field::Title, &item.record.matches, phrases);
    let body = words::body(item);
    let of_body = marks(body, Field::Text, &item.record.matches, phrases);
    let (piece, inside) = excerpt(body, &of_body, 260);
    html! {
        li.card.done[review.is_some_and(|review| review.status != Status::Open)] data-id=(item.record.id) {
            (meta(item))
            h3 dir="auto" lang=[words::lang(item)] {
                a href=(article_address(item, query)) { (marked(title, &of_title, None)) }
            }
            @if !piece.is_empty() {
                p.excerpt dir="auto" lang=[words::lang(item)] { (marked(piece, &inside, None)) "…" }
            }
            (badges(item, review))
        }
    }
}

pub(super) fn article_address(item: &Item, query: &str) -> String {
    words::list(&format!("/article/{}", words::encoded(&item.record.id)), query, "")
}

/// When, where and in which language.
pub(super) fn meta(item: &Item) -> Markup {
    let at = words::at(item);
    html! {
        p.meta {
            bdi.source { (words::source(item)) }
            @if let Some(country) = &item.record.source_country { " " span.country { (country) } }
            " · " time datetime=(at) { (words::minute(at)) }
            @if item.record.published_at.is_none() { " (first seen)" }
            @if let Some(language) = words::lang(item) { " · " (words::language(language)) }
        }
    }
}

/// What a record is to others, and what was decided of it.
pub(super) fn badges(item: &Item, review: Option<&Review>) -> Markup {
    let class = item.class.word();
    html! {
        p.badges {
            @if let Some(score) = item.record.topic_score {
                span.badge.score title="score of the topic" { (format!("{score:.1}")) }
            }
            @for term in item.record.matched_terms.iter().take(5) {
                bdi.badge.term { (words::term(term)) }
            }
            @if item.record.revision > 1 { span.badge { "version " (item.record.revision) } }
            @if item.is_replaced { span.badge.quiet { "has a later version" } }
            @if class != "original" { span.badge { (class) } }
            @if item.story > 1 {
                a.badge href={ "/story/" (words::encoded(item.record.cluster_id.as_deref().unwrap_or(&item.record.id))) } {
                    "story of " (item.story)
                }
            }
            @if !matches!(item.record.text_status, crate::article::TextStatus::Full) {
                span.badge.warn { (text_status(item)) }
            }
            @if let Some(review) = review.filter(|review| review.status != Status::Open) {
                span.badge.decided { (words::status(review.status)) }
            }
            @if let Some(note) = review.and_then(|review| review.note.as_ref()).filter(|note| !note.is_empty()) {
                span.badge.note title=(note) dir="auto" { "note: " (note.chars().take(60).collect::<String>()) }
            }
        }
    }
}

pub(super) fn text_status(item: &Item) -> &'static str {
    use crate::article::TextStatus;
    match item.record.text_status {
        TextStatus::Full => "full text",
        TextStatus::Partial => "part of the text",
        TextStatus::Paywalled => "paywalled",
        TextStatus::FeedOnly => "the feed's text only",
        TextStatus::Failed => "no text",
    }
}

/// A page that says what is wrong.
pub(super) fn trouble(frame: &Frame, title: &str, text: &str) -> Markup {
    page(
        frame,
        Tab::None,
        title,
        "",
        &html! {
            h1 { (title) }
            p.lead { (text) }
            p { a href="/" { "Back to the overview" } }
        },
    )
}
