//! The overview: what happened when, where, in which languages; what is new; how the daemon fares.

use maud::{Markup, html};

use super::{
    chart,
    feeds::Daemon,
    layout::{self, Frame, Tab},
    words,
};
use crate::review::{Desk, Kind, Order, Query, ReviewError, condition};

/// Days of the heat map.
const DAYS: usize = 21;
const SOURCES: usize = 12;

pub(super) fn page(
    desk: &mut Desk,
    frame: &Frame,
    daemon: Option<&Daemon>,
) -> Result<Markup, ReviewError> {
    let everything = Query::all();
    let (found, facets) = desk.counted(&everything, 12)?;
    let last = facets.days.last_key_value().map_or(0, |(day, _)| *day);
    let first = last.saturating_sub(u32::try_from(DAYS).unwrap_or_default() - 1);
    let heat = desk.index.heat(&found, first, DAYS, SOURCES);
    let newest = desk.index.page(&found, Order::Newest, None, 8);
    let newest = desk.index.items(&newest.rows)?;
    let since = condition("after", &words::day(first));
    let recent = Query::parse(&since, frame.now).unwrap_or(everything);
    let recent = desk.find(&recent)?;
    let stories = desk.index.stories(&recent, None, 6);
    let stories = desk.index.origins(&stories.rows)?;
    let body = html! {
        h1.away { "Overview" }
        section.panel aria-labelledby="h-time" {
            div.head {
                h2 #h-time { "Articles per day" }
                p.quiet { (words::count(facets.total, "article")) }
            }
            (chart::timeline(&facets.days, list))
        }
        div.columns {
            div.wide {
                (daemon_panel(daemon, frame))
                section.panel aria-labelledby="h-new" {
                    div.head { h2 #h-new { "Newest articles" } a href="/list" { "All articles" } }
                    ul.cards {
                        @for item in &newest { (layout::card(item, desk.review(item.row), &[], "")) }
                        @if newest.is_empty() { li.quiet { "The archive is empty as yet." } }
                    }
                }
            }
            div.narrow {
                (mix("Languages", Kind::Language, &facets))
                (mix("Terms", Kind::Term, &facets))
                section.panel aria-labelledby="h-stories" {
                    div.head { h2 #h-stories { "Most repeated stories" } a href="/stories" { "All stories" } }
                    ol.plain {
                        @for item in &stories {
                            li {
                                a dir="auto" lang=[words::lang(item)] href={ "/story/" (words::encoded(&item.record.id)) } { (words::title(item)) }
                                " " span.quiet { (words::count(item.story, "record")) ", first " bdi { (words::source(item)) } }
                            }
                        }
                        @if stories.is_empty() { li.quiet { "No text was repeated in the last days." } }
                    }
                }
            }
        }
        section.panel aria-labelledby="h-heat" {
            div.head { h2 #h-heat { "Sources by day" } p.quiet { "the last " (DAYS) " days with articles" } }
            (heat_map(&heat, first))
        }
    };
    Ok(layout::page(frame, Tab::Overview, "Overview", "", &body))
}

fn list(conditions: &[(&str, &str)]) -> String {
    let conditions: Vec<String> =
        conditions.iter().map(|(field, value)| condition(field, value)).collect();
    words::list("/list", &conditions.join(" "), "")
}

fn mix(title: &str, kind: Kind, facets: &crate::review::Facets) -> Markup {
    let buckets = facets.by.get(&kind).map(Vec::as_slice).unwrap_or_default();
    let most = buckets.first().map_or(1, |bucket| bucket.count);
    let id = format!("h-{}", kind.field());
    html! {
        section.panel aria-labelledby=(id) {
            div.head { h2 id=(id) { (title) } }
            ul.mix {
                @for bucket in buckets.iter().take(10).filter(|bucket| !bucket.value.is_empty()) {
                    li {
                        a href=(list(&[(kind.field(), &bucket.value)])) {
                            bdi {
                                @if kind == Kind::Language { (words::language(&bucket.value)) } @else { (words::term(&bucket.value)) }
                            }
                            " " span.count { (words::number(bucket.count)) }
                        }
                        (chart::share(bucket.count, most))
                    }
                }
                @if buckets.is_empty() { li.quiet { "None yet." } }
            }
        }
    }
}

fn heat_map(heat: &[(crate::review::Bucket, Vec<u32>)], first: u32) -> Markup {
    let most = heat.iter().flat_map(|(_, days)| days).copied().max().unwrap_or(1);
    html! {
        div.scroll tabindex="0" role="group" aria-label="Sources by day" {
            table.heat {
                thead {
                    tr {
                        th scope="col" { "Source" }
                        @for at in 0..DAYS {
                            @let day = first + u32::try_from(at).unwrap_or_default();
                            th.day scope="col" { abbr title=(words::day(day)) { (words::day(day).get(8..).unwrap_or_default()) } }
                        }
                    }
                }
                tbody {
                    @for (source, days) in heat {
                        tr {
                            th scope="row" {
                                a href=(list(&[("source", &source.value)])) {
                                    bdi { (source.label.as_deref().unwrap_or(&source.value)) }
                                }
                            }
                            @for (at, count) in days.iter().enumerate() {
                                @let day = words::day(first + u32::try_from(at).unwrap_or_default());
                                @if *count == 0 {
                                    td.cell.d0 {}
                                } @else {
                                    td class={ "cell d" (chart::depth(*count, most)) } {
                                        a href=(list(&[("source", &source.value), ("day", &day)])) title={ (day) ": " (words::count(*count, "article")) } { (count) }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn daemon_panel(daemon: Option<&Daemon>, frame: &Frame) -> Markup {
    html! {
        section.panel.daemon aria-labelledby="h-daemon" {
            div.head { h2 #h-daemon { "The daemon" } a href="/feeds" { "All feeds" } }
            @match daemon {
                None => p.quiet { "There is no state of a daemon beside this archive." },
                Some(daemon) => {
                    p { (daemon.words(frame.now)) }
                    @if let Some(trouble) = &daemon.trouble { p.alarm { "Trouble: " (trouble) } }
                    @let failing: Vec<_> = daemon.feeds.iter().filter(|feed| feed.is_failing()).collect();
                    @if failing.is_empty() {
                        p.quiet { "No feed is failing." }
                    } @else {
                        p.alarm { (words::count(u32::try_from(failing.len()).unwrap_or_default(), "feed")) " failing:" }
                        ul.plain {
                            @for feed in failing.iter().take(4) {
                                li { a href={ "/feeds#" (feed.id) } { (feed.id) } " " span.quiet { (feed.error.as_deref().unwrap_or_default()) } }
                            }
                        }
                    }
                }
            }
        }
    }
}
