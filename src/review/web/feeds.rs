//! The feeds: how each fares, and what it gives when it is asked now.

use std::collections::BTreeMap;

use jiff::Timestamp;
use maud::{Markup, html};

use super::{
    chart,
    layout::{self, Frame, Tab},
    words,
};
use crate::review::{Desk, condition};

/// Days of a feed's strip.
const DAYS: usize = 14;

/// How the daemon fares, running or not.
#[derive(Debug, Clone, Default)]
pub struct Daemon {
    pub feeds: Vec<FeedView>,
    /// When it last showed a sign of life.
    pub alive_at: Option<Timestamp>,
    /// What keeps it from its work, in words.
    pub trouble: Option<String>,
    pub waiting_pages: u32,
}

/// A feed as the configuration and the state know it.
#[derive(Debug, Clone, Default)]
pub struct FeedView {
    pub id: String,
    pub name: Option<String>,
    pub url: String,
    /// `ok`, `new`, `failing`, `late`, `stale`, `gone` or `off`.
    pub health: &'static str,
    pub last_success_at: Option<Timestamp>,
    pub next_at: Option<Timestamp>,
    pub why_then: &'static str,
    pub error: Option<String>,
    pub failures: u32,
    pub kept: u32,
    pub duplicates: u32,
    pub rejected: u32,
    pub failed: u32,
}

/// What a feed gave when it was asked.
#[derive(Debug, Clone, Default)]
pub struct FeedTest {
    pub title: Option<String>,
    pub read_by: String,
    pub flaws: Vec<String>,
    /// Title, address and date of its first entries.
    pub entries: Vec<(String, String, Option<Timestamp>)>,
    /// All of them.
    pub count: usize,
}

impl FeedView {
    pub(super) fn is_failing(&self) -> bool {
        matches!(self.health, "failing" | "gone" | "stale")
    }
}

impl Daemon {
    /// What it is doing, in a sentence.
    pub(super) fn words(&self, now: Timestamp) -> String {
        let polled = self.feeds.iter().filter(|feed| feed.health != "off").count();
        let alive = match self.alive_at {
            None => "has not run yet".to_owned(),
            Some(at) if now.as_second() - at.as_second() < 300 => "is running".to_owned(),
            Some(at) => format!("last ran {}", words::distance(at, now)),
        };
        let next = self
            .feeds
            .iter()
            .filter_map(|feed| feed.next_at)
            .min()
            .map(|at| {
                if at > now {
                    format!(", next poll {}", words::distance(at, now))
                } else {
                    ", a poll is due".to_owned()
                }
            })
            .unwrap_or_default();
        format!(
            "It {alive}; {polled} feeds, {} waiting{next}.",
            words::count(self.waiting_pages, "page")
        )
    }
}

pub(super) fn page(
    desk: &Desk,
    frame: &Frame,
    daemon: Option<&Daemon>,
    test: Option<(&str, &Result<FeedTest, String>)>,
) -> Markup {
    let today = u32::try_from(frame.now.as_second().max(0) / 86_400).unwrap_or_default();
    let first = today.saturating_sub(u32::try_from(DAYS).unwrap_or_default() - 1);
    let days = desk.index.feed_days(first, DAYS);
    let body = html! {
        h1 { "Feeds" }
        @if let Some((id, result)) = test { (tested(id, result)) }
        @match daemon {
            None => p.empty { "There is no state of a daemon beside this archive." },
            Some(daemon) => {
                p.lead { (daemon.words(frame.now)) }
                @if let Some(trouble) = &daemon.trouble { p.alarm { "Trouble: " (trouble) } }
                (table(daemon, frame, &days, first))
            }
        }
    };
    layout::page(frame, Tab::Feeds, "Feeds", "", &body)
}

fn table(daemon: &Daemon, frame: &Frame, days: &BTreeMap<String, Vec<u32>>, first: u32) -> Markup {
    let none = vec![0; DAYS];
    html! {
        div.scroll tabindex="0" role="group" aria-label="Feeds" {
            table.feeds {
                thead { tr {
                    th scope="col" { "Feed" } th scope="col" { "Health" } th scope="col" { "Kept, last " (DAYS) " days" }
                    th scope="col" { "Last success" } th scope="col" { "Next poll" } th scope="col" { "Kept / copies / rejected / failed" } th scope="col" { "Test" }
                } }
                tbody {
                    @for feed in &daemon.feeds {
                        tr #(feed.id) {
                            th scope="row" {
                                a href=(words::list("/list", &condition("feed", &feed.id), "")) { bdi { (feed.name.as_deref().unwrap_or(&feed.id)) } }
                                br; span.quiet { (feed.id) }
                            }
                            td { span class={ "health " (feed.health) } { (feed.health) } }
                            td { (chart::strip(days.get(&feed.id).unwrap_or(&none), first)) }
                            td { @match feed.last_success_at { Some(at) => time datetime=(at) { (words::distance(at, frame.now)) }, None => span.quiet { "never" } } }
                            td {
                                @match feed.next_at { Some(at) if at > frame.now => time datetime=(at) { (words::distance(at, frame.now)) }, Some(at) => time datetime=(at) { "due" }, None => "-" }
                                br; span.quiet { (feed.why_then) }
                            }
                            td { (words::number(feed.kept)) " / " (words::number(feed.duplicates)) " / " (words::number(feed.rejected)) " / " (words::number(feed.failed)) }
                            td {
                                form method="post" action="/feeds/test" {
                                    input type="hidden" name="csrf" value=(frame.csrf);
                                    button type="submit" name="id" value=(feed.id) aria-label={ "Test now: " (feed.id) } { "Test now" }
                                }
                            }
                        }
                        @if let Some(error) = &feed.error {
                            tr.error { td colspan="7" dir="auto" { (error) @if feed.failures > 1 { " (" (feed.failures) " times in a row)" } } }
                        }
                    }
                }
            }
        }
    }
}

fn tested(id: &str, result: &Result<FeedTest, String>) -> Markup {
    html! {
        section.panel.tested role="status" {
            h2 { "What " (id) " gives now" }
            @match result {
                Err(error) => p.alarm { (error) },
                Ok(test) => {
                    p { bdi { (test.title.as_deref().unwrap_or("(untitled)")) } ": " (test.count) " entries, read by " (test.read_by) }
                    @for flaw in &test.flaws { p.alarm { (flaw) } }
                    ol.plain {
                        @for (title, url, at) in &test.entries {
                            li dir="auto" {
                                @match words::external(url) {
                                    Some(url) => a href=(url) rel="noreferrer noopener nofollow" target="_blank" { (title) },
                                    None => (title),
                                }
                                @if let Some(at) = at { " " span.quiet { (words::minute(*at)) } }
                            }
                        }
                    }
                }
            }
        }
    }
}
