//! An article: its text with what matched, why it was kept, and its place among the others.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::{
    layout::{self, Frame, Tab},
    queue, words,
};
use crate::{
    review::{Desk, Item, Mark, Query, ReviewError, marks, names},
    topic::Field,
};

/// What the address of an article says beside its id.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    /// What was looked for: it is marked.
    pub(super) q: String,
    /// `1` loads the article's images from the network.
    pub(super) images: String,
}

/// Copies that are listed.
const COPIES: usize = 30;

pub(super) fn page(
    desk: &mut Desk,
    frame: &Frame,
    id: &str,
    asked: &Asked,
) -> Result<Option<Markup>, ReviewError> {
    let Some(item) = desk.item(id)? else { return Ok(None) };
    let query = Query::parse(&asked.q, frame.now).unwrap_or_else(|_| Query::all());
    let phrases = query.phrases();
    let record = &item.record;
    let title = words::title(&item);
    let body = words::body(&item);
    let of_title = marks(title, Field::Title, &record.matches, &phrases);
    let is_text = record.text.is_some();
    let field = if is_text { Field::Text } else { Field::Summary };
    let of_body = marks(body, field, &record.matches, &phrases);
    let versions = desk.index.items(&desk.index.versions(item.row))?;
    let story = desk.index.story(item.row, COPIES)?;
    let copies: Vec<&Item> = story
        .items
        .iter()
        .filter(|other| versions.iter().all(|version| version.row != other.row))
        .collect();
    let review = desk.review(item.row);
    let with_images = asked.images == "1";
    let body = html! {
        article.reading {
            header {
                (layout::meta(&item))
                h1 dir="auto" lang=[words::lang(&item)] { (layout::marked(title, &of_title, Some(1))) }
                @if !record.authors.is_empty() { p.byline dir="auto" { "By " (record.authors.join(", ")) } }
                p.links {
                    @if let Some(url) = words::external(record.final_url.as_deref().unwrap_or(&record.url)) {
                        a href=(url) rel="noreferrer noopener nofollow" target="_blank" { "Original" }
                    } @else { span.quiet { "Its address is no web address: " (record.url) } }
                    a href={ "/record/" (words::encoded(&record.id)) ".json" } { "Record as JSON" }
                    @if let Some(raw) = &record.raw_ref {
                        a href={ "/raw/" (words::encoded(&record.id)) } title=(raw) download { "Page as it came" }
                    }
                    @if record.image_url.is_some() && !with_images {
                        a href={ (words::list(&format!("/article/{}", words::encoded(&record.id)), &asked.q, "")) (if asked.q.is_empty() { "?" } else { "&" }) "images=1" } { "Load its image from the web" }
                    }
                    @let total = of_title.len() + of_body.len();
                    @if total > 0 { a.first href="#m1" { (words::count(u32::try_from(total).unwrap_or_default(), "mark")) } }
                }
            }
            @if with_images && let Some(image) = record.image_url.as_deref().and_then(words::external) {
                img.picture src=(image) alt="" referrerpolicy="no-referrer" loading="lazy";
                @let shown = record.images.iter().find(|shown| Some(&shown.url) == record.image_url.as_ref());
                @if let Some(caption) = shown.and_then(|shown| shown.caption.as_ref()) { p.quiet dir="auto" { (caption) } }
            }
            div.text dir="auto" lang=[words::lang(&item)] {
                @for (paragraph, inside, first) in paragraphs(body, &of_body, of_title.len() + 1) {
                    p dir="auto" { (layout::marked(paragraph, &inside, Some(first))) }
                }
                @if body.is_empty() { p.quiet { "No text could be read." } }
            }
        }
        aside.about {
            (why(&item, title, body, &of_title, &of_body))
            (queue::decide(frame, &item, review, &words::list(&format!("/article/{id}"), &asked.q, ""), true))
            (dates(&item))
            (others(&item, &versions, &copies, story.size))
            (facts(&item))
        }
    };
    let body = html! { div.article { (body) } };
    Ok(Some(layout::page(frame, Tab::None, title, &asked.q, &body)))
}

/// The paragraphs of a text, their marks counted from their own start, and the number of the first.
fn paragraphs<'a>(text: &'a str, marks: &[Mark], first: usize) -> Vec<(&'a str, Vec<Mark>, usize)> {
    let mut paragraphs = Vec::new();
    let mut number = first;
    let mut start = 0;
    for paragraph in text.split("\n\n") {
        let end = start + paragraph.len();
        let inside: Vec<Mark> = marks
            .iter()
            .filter(|mark| mark.start >= start && mark.start < end)
            .map(|mark| Mark {
                start: mark.start - start,
                end: (mark.end - start).min(paragraph.len()),
                ..*mark
            })
            .collect();
        let count = inside.len();
        if !paragraph.trim().is_empty() {
            paragraphs.push((paragraph, inside, number));
        }
        number += count;
        start = end + 2;
    }
    paragraphs
}

/// Why it was kept, and where each term stands.
fn why(item: &Item, title: &str, body: &str, of_title: &[Mark], of_body: &[Mark]) -> Markup {
    let record = &item.record;
    let mut places: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    let of =
        |text: &str, mark: &Mark| text.get(mark.start..mark.end).unwrap_or_default().to_owned();
    let all = of_title
        .iter()
        .map(|mark| of(title, mark))
        .chain(of_body.iter().map(|mark| of(body, mark)));
    for (number, surface) in (1..).zip(all) {
        places.entry(surface).or_default().push(number);
    }
    html! {
        section {
            h2 { "Why it was kept" }
            @match &record.topic_reason {
                Some(reason) => p dir="auto" { (reason) },
                None => p.quiet { "Everything is kept here; no topic gave a reason." },
            }
            @if let (Some(topic), Some(score)) = (&record.topic, record.topic_score) {
                p.quiet { "Topic " a href=(words::list("/list", &crate::review::condition("topic", topic), "")) { (topic) } ", score " (format!("{score:.1}")) }
            }
            @if !places.is_empty() {
                ul.places {
                    @for (surface, numbers) in places.iter().take(14) {
                        li {
                            bdi { (surface) } " "
                            @for number in numbers.iter().take(8) { a href={ "#m" (number) } aria-label={ "Mark " (number) ": " (surface) } { (number) } " " }
                        }
                    }
                }
            }
        }
    }
}

/// The dates, and where each came from.
fn dates(item: &Item) -> Markup {
    let record = &item.record;
    let source = serde_json::to_value(record.published_source).unwrap_or_default();
    let precision = serde_json::to_value(record.published_precision).unwrap_or_default();
    html! {
        section {
            h2 { "Dates" }
            dl {
                dt { "Published" }
                dd {
                    @if let Some(at) = record.published_at {
                        time datetime=(at) { (words::minute(at)) }
                        @if let Some(source) = source.as_str() { span.quiet { " from " (source_words(source)) } }
                        @if let Some(precision) = precision.as_str() { span.quiet { ", to the " (precision) } }
                        @if let Some(raw) = &record.published_raw { br; span.quiet { "written “" bdi { (raw) } "”" } }
                        @if let Some(zone) = &record.published_tz_assumed { br; span.quiet { "zone taken to be " (zone) } }
                    } @else { "not known" }
                }
                @if let Some(at) = record.modified_at { dt { "Changed" } dd { time datetime=(at) { (words::minute(at)) } } }
                dt { "First seen" } dd { time datetime=(record.first_seen_at) { (words::minute(record.first_seen_at)) } }
                dt { "Fetched" } dd { time datetime=(record.fetched_at) { (words::minute(record.fetched_at)) } }
            }
        }
    }
}

fn source_words(source: &str) -> &str {
    match source {
        "jsonld" => "the page's structured data",
        "meta" => "the page's metadata",
        "time" => "the page's text",
        "feed" => "the feed",
        "url" => "the address",
        other => other,
    }
}

fn others(item: &Item, versions: &[Item], copies: &[&Item], size: usize) -> Markup {
    html! {
        @if versions.len() > 1 {
            section {
                h2 { "Versions" }
                ol.plain {
                    @for (at, version) in versions.iter().enumerate() {
                        li {
                            @if version.row == item.row { strong { "version " (version.record.revision) " (this one)" } }
                            @else { a href=(layout::article_address(version, "")) { "version " (version.record.revision) } }
                            " " span.quiet { (words::minute(version.record.fetched_at)) }
                            @if let Some(before) = at.checked_sub(1).and_then(|at| versions.get(at)) {
                                " " a href={ "/compare/" (words::encoded(&before.record.id)) "/" (words::encoded(&version.record.id)) } { "what changed" }
                            }
                        }
                    }
                }
            }
        }
        @if copies.iter().any(|copy| copy.row != item.row) {
            section {
                h2 { "The same story elsewhere" }
                ul.plain {
                    @for copy in copies.iter().filter(|copy| copy.row != item.row).take(8) {
                        li {
                            a href=(layout::article_address(copy, "")) { bdi { (words::source(copy)) } }
                            " " span.quiet { (words::minute(words::at(copy))) }
                        }
                    }
                }
                p { a href={ "/story/" (words::encoded(&item.record.id)) } { "The whole story, " (size) " records" } }
            }
        }
    }
}

fn facts(item: &Item) -> Markup {
    let record = &item.record;
    html! {
        section {
            h2 { "How it was read" }
            dl {
                dt { "Source" } dd { a href=(words::list("/list", &crate::review::condition("source", names::source(record).0), "")) { (record.source_domain) } }
                dt { "Feed" } dd { a href={ "/feeds#" (record.feed_id) } { (record.feed_id) } }
                dt { "Text" } dd { (words::number(record.word_count)) " words, " (layout::text_status(item)) }
                dt { "Method" } dd { (record.extraction.method) ", confidence " (format!("{:.2}", record.extraction.confidence)) }
                @for warning in &record.extraction.warnings { dt { "Note" } dd { (warning) } }
                @if let Some(language) = &record.language {
                    dt { "Language" }
                    dd { (words::language(language)) @if let Some(sure) = record.language_confidence { span.quiet { " (" (format!("{sure:.2}")) ")" } } }
                }
                dt { "Record" } dd.id { code { (record.id) } " line " (record.seq) }
            }
        }
    }
}
