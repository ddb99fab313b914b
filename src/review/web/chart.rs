//! Charts drawn on the server: presentation attributes and classes only, since the pages' policy
//! forbids styles in elements.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::words;

/// Bars that a timeline has at most; more days become weeks or months.
const MOST_BARS: usize = 120;

/// One bar: from a day on, up to another one.
struct Bar {
    from: u32,
    until: u32,
    count: u32,
}

/// Articles per day, each bar a link that `address` makes of its condition.
pub(super) fn timeline(
    days: &BTreeMap<u32, u32>,
    address: impl Fn(&[(&str, &str)]) -> String,
) -> Markup {
    let (Some((first, _)), Some((last, _))) = (days.first_key_value(), days.last_key_value())
    else {
        return html! { p.quiet { "Nothing was published in this time." } };
    };
    let (bars, unit) = bars(days, *first, *last);
    let most = bars.iter().map(|bar| bar.count).max().unwrap_or(1).max(1);
    let width = 10 * bars.len().max(12);
    let peak = bars.iter().max_by_key(|bar| (bar.count, std::cmp::Reverse(bar.from)));
    html! {
        figure.timeline {
            svg viewBox={ "0 0 " (width) " 100" } preserveAspectRatio="none" role="group"
                aria-label={ "Articles per " (unit) } {
                @for (at, bar) in bars.iter().enumerate() {
                    @let height = if bar.count == 0 { 0 } else { (bar.count * 96 / most).max(2) };
                    @let name = format!("{}: {}", range(bar), words::count(bar.count, "article"));
                    @if bar.count == 0 {
                        rect.none x=(at * 10 + 1) y="98" width="8" height="2" {}
                    } @else {
                        a href=(link(bar, &address)) aria-label=(name) {
                            title { (name) }
                            rect.hit x=(at * 10) y="0" width="10" height="100" {}
                            rect.bar x=(at * 10 + 1) y=(100 - height) width="8" height=(height) {}
                        }
                    }
                }
            }
            figcaption {
                span { (words::short_day(*first, true)) }
                @if let Some(peak) = peak {
                    span.peak { "peak " (words::number(peak.count)) " · " (range(peak)) }
                }
                span { (words::short_day(*last, true)) }
            }
        }
    }
}

fn bars(days: &BTreeMap<u32, u32>, first: u32, last: u32) -> (Vec<Bar>, &'static str) {
    let span = (last - first) as usize + 1;
    let (step, unit) = match span {
        span if span <= MOST_BARS => (1, "day"),
        span if span <= MOST_BARS * 7 => (7, "week"),
        // An archive with dates of long ago gets as many days to a bar as it needs.
        span => (u32::try_from(span.div_ceil(MOST_BARS)).unwrap_or(u32::MAX).max(30), "period"),
    };
    let mut bars = Vec::new();
    let mut from = first;
    while from <= last {
        let until = from.saturating_add(step);
        let count = days.range(from..until).map(|(_, count)| count).sum();
        bars.push(Bar { from, until, count });
        from = until;
    }
    (bars, unit)
}

fn range(bar: &Bar) -> String {
    if bar.until - bar.from == 1 {
        words::short_day(bar.from, true)
    } else {
        format!("{} to {}", words::short_day(bar.from, true), words::short_day(bar.until - 1, true))
    }
}

fn link(bar: &Bar, address: &impl Fn(&[(&str, &str)]) -> String) -> String {
    if bar.until - bar.from == 1 {
        address(&[("day", &words::day(bar.from))])
    } else {
        address(&[("after", &words::day(bar.from)), ("before", &words::day(bar.until))])
    }
}

/// A share as a bar.
pub(super) fn share(count: u32, most: u32) -> Markup {
    let width = (u64::from(count) * 100).div_ceil(u64::from(most.max(1)));
    html! {
        svg.share viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true" {
            rect.track width="100" height="4" {}
            rect.bar width=(width) height="4" {}
        }
    }
}

/// Which of five depths a count has.
pub(super) fn depth(count: u32, most: u32) -> u32 {
    if count == 0 { 0 } else { 1 + (count * 4).saturating_sub(1) / most.max(1) }.min(5)
}

/// A feed's last days: a bar each.
pub(super) fn strip(days: &[u32], first: u32) -> Markup {
    let most = days.iter().copied().max().unwrap_or_default().max(1);
    let total: u32 = days.iter().sum();
    html! {
        svg.strip viewBox={ "0 0 " (days.len() * 6) " 20" } role="img"
            aria-label={ (words::count(total, "article")) " in the " (days.len()) " days from " (words::short_day(first, false)) } {
            @for (at, count) in days.iter().enumerate() {
                @let height = if *count == 0 { 1 } else { (count * 20 / most).max(3) };
                rect.bar[*count > 0].none[*count == 0] x=(at * 6) y=(20 - height) width="5" height=(height) {}
            }
        }
    }
}
