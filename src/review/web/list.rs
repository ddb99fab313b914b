//! The list: one search box, counts as plain links, so that every view has an address.

use maud::{Markup, html};

use super::{
    chart,
    layout::{self, Frame, Tab},
    words,
};
use crate::review::{
    Bucket, Desk, Facets, Key, Kind, Order, Query, QueryError, ReviewError, Status,
};

/// Articles of a page.
pub(super) const PER_PAGE: usize = 25;
/// Values of a facet.
const VALUES: usize = 9;

/// What the address of a list says.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    pub(super) q: String,
    pub(super) sort: String,
    pub(super) after: String,
}

impl Asked {
    pub(super) fn order(&self) -> Order {
        Order::of_word(&self.sort).unwrap_or_default()
    }

    pub(super) fn key(&self) -> Option<Key> {
        self.after.parse().ok()
    }
}

pub(super) fn page(desk: &mut Desk, frame: &Frame, asked: &Asked) -> Result<Markup, ReviewError> {
    let query = match Query::parse(&asked.q, frame.now) {
        Ok(query) => query,
        Err(error) => return Ok(faulty(frame, Tab::List, &asked.q, &error)),
    };
    let unknown = desk.index.unknown(&query);
    let (found, facets) = desk.counted(&query, VALUES)?;
    let page = desk.index.page(&found, asked.order(), asked.key(), PER_PAGE);
    let items = desk.index.items(&page.rows)?;
    let phrases = query.phrases();
    let sort = asked.order().word();
    let address = |query: &str| words::list("/list", query, sort);
    let body = html! {
        h1.away { "Articles" }
        (chips(&query, sort, "/list"))
        div.browse {
            aside.facets aria-label="Filters" {
                details open {
                    summary { "Filters" }
                    (facet_lists(&facets, &query, &address))
                }
            }
            div.results {
                div.head {
                    p.total { strong { (words::number(facets.total)) } (if facets.total == 1 { " article" } else { " articles" }) }
                    p.sort {
                        @for order in Order::ALL {
                            a href=(words::list("/list", &asked.q, order.word())) aria-current=[(order == asked.order()).then_some("true")] { (order.word()) }
                        }
                        span.out {
                            a href=(words::list("/export.csv", &asked.q, "")) download { "CSV" }
                            a href=(words::list("/export.jsonl", &asked.q, "")) download { "JSONL" }
                            a href=(words::list("/queue", &asked.q, "")) { "Review these" }
                        }
                    }
                }
                @for words in &unknown { p.hint { (words) } }
                @if facets.days.len() > 1 {
                    (chart::timeline(&facets.days, |conditions| {
                        let mut text = query.clone();
                        for (field, value) in conditions {
                            text = Query::parse(&text.with(field, value), frame.now).unwrap_or(text);
                        }
                        words::list("/list", text.text(), sort)
                    }))
                }
                @if items.is_empty() {
                    (nothing(&asked.q))
                }
                ol.cards { @for item in &items { (layout::card(item, desk.review(item.row), &phrases, &asked.q)) } }
                (pager(&page, asked, "/list"))
            }
        }
    };
    Ok(layout::page(frame, Tab::List, "Articles", &asked.q, &body))
}

/// A page with what is wrong in the query.
pub(super) fn faulty(frame: &Frame, tab: Tab, text: &str, error: &QueryError) -> Markup {
    let span = error.span.clone();
    let body = html! {
        h1 { "The query is not understood" }
        pre.query dir="auto" {
            (text.get(..span.start).unwrap_or_default())
            mark.wrong { (text.get(span.clone()).filter(|wrong| !wrong.is_empty()).unwrap_or("␣")) }
            (text.get(span.end..).unwrap_or_default())
        }
        p.alarm { (error.message) }
        @if let Some(help) = &error.help { p { (help) } }
        (help())
    };
    layout::page(frame, tab, "Query", text, &body)
}

pub(super) fn nothing(query: &str) -> Markup {
    html! {
        div.empty {
            p { "Nothing was found." }
            @if !query.is_empty() { (help()) }
        }
    }
}

fn help() -> Markup {
    const HELP: [(&str, &str); 9] = [
        ("мир войска", "both words"),
        ("\"peace keeping\"", "a phrase"),
        ("казах*", "words that begin so"),
        ("维和", "two characters are enough"),
        ("withdrawal -is:duplicate", "without copies"),
        ("OTSC OR ОДКБ", "either"),
        ("lang:kk source:akorda.kz", "fields"),
        ("after:2022-01-05 before:2022-01-10", "a time; before does not include its day"),
        ("term:ОДКБ score:5 status:open", "what matched, how strongly, not yet reviewed"),
    ];
    html! {
        table.help {
            caption { "What can be asked" }
            @for (query, what) in HELP {
                tr { th scope="row" { a href=(words::list("/list", query, "")) { code { (query) } } } td { (what) } }
            }
        }
    }
}

/// The conditions of a query, each with a way out of it.
pub(super) fn chips(query: &Query, sort: &str, path: &str) -> Markup {
    html! {
        @if !query.parts().is_empty() {
            p.chips aria-label="Conditions" role="group" {
                @for part in query.parts() {
                    @let text = query.text().get(part.span.clone()).unwrap_or_default();
                    a.chip href=(words::list(path, &query.without(part), sort)) aria-label={ "Without " (text) } {
                        bdi { (text) } span aria-hidden="true" { " ×" }
                    }
                }
            }
        }
    }
}

fn facet_lists(facets: &Facets, query: &Query, address: &impl Fn(&str) -> String) -> Markup {
    let names = [
        (Kind::Language, "Language"),
        (Kind::Source, "Source"),
        (Kind::Country, "Country"),
        (Kind::Term, "Term"),
        (Kind::Topic, "Topic"),
    ];
    let statuses =
        [Status::Open, Status::Reviewed, Status::Flagged, Status::NotRelevant, Status::Noted];
    html! {
        section {
            h2 { "Review" }
            ul {
                @for status in statuses {
                    @if let Some(count) = facets.statuses.get(&status).filter(|count| **count > 0) {
                        (facet(&address(&query.with("status", status.word())), words::status(status), *count))
                    }
                }
            }
        }
        @for (kind, name) in names {
            @let buckets = facets.by.get(&kind).map(Vec::as_slice).unwrap_or_default();
            @if !buckets.is_empty() {
                section {
                    h2 { (name) }
                    ul { @for bucket in buckets { (value(kind, bucket, query, address)) } }
                }
            }
        }
        section {
            h2 { "Kind" }
            ul {
                @for (class, count) in &facets.classes {
                    (facet(&address(&query.with("is", class)), class, *count))
                }
            }
        }
    }
}

fn value(kind: Kind, bucket: &Bucket, query: &Query, address: &impl Fn(&str) -> String) -> Markup {
    let name = match (kind, bucket.value.as_str()) {
        (_, "") => "none".to_owned(),
        (Kind::Language, code) => words::language(code),
        (Kind::Term, term) => words::term(term),
        (_, value) => bucket.label.clone().unwrap_or_else(|| value.to_owned()),
    };
    let value = if bucket.value.is_empty() { "none" } else { &bucket.value };
    facet(&address(&query.with(kind.field(), value)), &name, bucket.count)
}

fn facet(address: &str, name: &str, count: u32) -> Markup {
    html! {
        li { a href=(address) { bdi { (name) } " " span.count { (words::number(count)) } } }
    }
}

/// The way to the next page.
pub(super) fn pager(page: &crate::review::Page, asked: &Asked, path: &str) -> Markup {
    html! {
        nav.pager aria-label="Pages" {
            @if !asked.after.is_empty() {
                a href=(words::list(path, &asked.q, &asked.sort)) { "First page" }
            }
            @if let Some(next) = page.next {
                @let address = words::list(path, &asked.q, &asked.sort);
                a.next rel="next" href={ (address) (if address.contains('?') { "&" } else { "?" }) "after=" (next) } { "Next page" }
            }
        }
    }
}
