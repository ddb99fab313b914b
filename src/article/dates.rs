//! When it was published and changed: JSON-LD, meta tags, what the page shows ([`shown`]), its
//! address.

use ego_tree::NodeRef;
use jiff::{Timestamp, tz::TimeZone};
use scraper::Html;
use serde_json::Value;

use super::head::Head;
use super::shown::{self, Shown};
use super::{DateSource, Page, SiteRules, dom, jsonld, title};
use crate::date::{self, Dated, Hints};

/// The published and the modified date.
pub(super) struct Dates {
    pub(super) published: Option<(Dated, DateSource)>,
    pub(super) modified: Option<(Dated, DateSource)>,
}

const PUBLISHED: [&str; 16] = [
    "article:published_time",
    "og:article:published_time",
    "datepublished",
    "og:published_time",
    "parsely-pub-date",
    "sailthru.date",
    "dc.date.issued",
    "dcterms.created",
    "publishdate",
    "pubdate",
    "publish-date",
    "cxenseparse:recs:publishtime",
    "dc.date",
    "date",
    "article.published",
    "datecreated",
];
const MODIFIED: [&str; 5] = [
    "article:modified_time",
    "og:article:modified_time",
    "og:updated_time",
    "datemodified",
    "last-modified",
];

pub(super) fn find(
    html: &Html,
    head: &Head<'_>,
    rules: Option<&SiteRules>,
    page: &Page<'_>,
    language: Option<&str>,
    zone: Option<&TimeZone>,
) -> Dates {
    let hints = Hints { zone, language, now: Some(page.fetched_at) };
    let stated = |keys: &[&str]| {
        let article = head.article().or_else(|| jsonld::page(&head.ld))?;
        keys.iter().find_map(|key| {
            let text = article.get(*key).and_then(Value::as_str)?;
            date::parse(text, &hints)
        })
    };
    let selected = rules.and_then(|rules| {
        let mut texts = dom::selected(html, &rules.published);
        let dated = texts.find_map(|text| date::parse(&text, &hints))?;
        Some((dated, DateSource::Time))
    });
    let in_time = |dated: Dated| (dated, DateSource::Time);
    let mut of_page: Option<Shown> = None;
    let mut shown = || of_page.get_or_insert_with(|| shown::find(head, &hints)).clone();
    let published = selected
        .or_else(|| {
            stated(&["datePublished", "dateCreated", "uploadDate"])
                .map(|dated| (dated, DateSource::Jsonld))
        })
        .or_else(|| from_meta(head, &PUBLISHED, &hints))
        .or_else(|| from_props(head, "datePublished", &hints))
        .or_else(|| shown().published.map(in_time))
        .or_else(|| from_url(page, &hints))
        .or_else(|| from_text(html, head, &hints))
        .or_else(|| shown().today.or_else(|| shown().elsewhere).map(in_time))
        // Some themes call the only date the one of the last change.
        .or_else(|| shown().changed.or_else(|| shown().changed_elsewhere).map(in_time));
    let modified = stated(&["dateModified"])
        .map(|dated| (dated, DateSource::Jsonld))
        .or_else(|| from_meta(head, &MODIFIED, &hints))
        .or_else(|| from_props(head, "dateModified", &hints))
        .or_else(|| shown().changed.map(in_time));
    Dates { published, modified }
}

/// The date that the page's state has beside the text.
pub(super) fn stated_beside(
    text: &str,
    page: &Page<'_>,
    language: Option<&str>,
    zone: Option<&TimeZone>,
) -> Option<(Dated, DateSource)> {
    let dated = date::parse(text, &Hints { zone, language, now: None })?;
    (dated.at <= page.fetched_at).then_some((dated, DateSource::Meta))
}

fn from_meta(head: &Head<'_>, keys: &[&str], hints: &Hints<'_>) -> Option<(Dated, DateSource)> {
    let dated = keys.iter().find_map(|key| date::parse(head.first_meta(&[key])?, hints))?;
    Some((dated, DateSource::Meta))
}

fn from_props(head: &Head<'_>, prop: &str, hints: &Hints<'_>) -> Option<(Dated, DateSource)> {
    let dated = head.props.iter().filter(|(name, _)| *name == prop).find_map(|(_, node)| {
        let element = node.value().as_element()?;
        let machine = dom::attr(element, "datetime").or_else(|| dom::attr(element, "content"));
        match machine {
            Some(text) => date::parse(text, hints),
            None => date::parse(&dom::text(*node), hints),
        }
    })?;
    Some((dated, DateSource::Meta))
}

/// Pieces of text around the headline that are looked at, and how long one with a date is at most.
const PIECES_BEFORE: usize = 12;
const PIECES_BEHIND: usize = 40;
const PIECE_MAX: usize = 60;
/// No page is older.
const OLDEST: &str = "1991-08-06T00:00:00Z";

/// Letters of a line that is the headline because `<title>` begins or ends with it.
const HEADLINE_MIN: usize = 12;

/// A short line with a day and a year beside the first headline.
fn from_text(html: &Html, head: &Head<'_>, hints: &Hints<'_>) -> Option<(Dated, DateSource)> {
    let heading = head.headline.map(|node| node.id());
    let window_title = head.title.as_deref().map(title::folded).unwrap_or_default();
    // Old pages have no headings.
    let is_headline = |node: NodeRef<'_, scraper::Node>| match (heading, node.value().as_text()) {
        (Some(heading), _) => node.id() == heading,
        (None, Some(text)) => {
            let text = title::folded(text);
            text.chars().count() >= HEADLINE_MIN
                && (window_title.starts_with(&text) || window_title.ends_with(&text))
        }
        (None, None) => false,
    };
    let mut pieces: Vec<&str> = Vec::new();
    let mut headline_at = None;
    for node in html.tree.nodes() {
        let silent = |node: NodeRef<'_, scraper::Node>| {
            node.parent()
                .and_then(|up| up.value().as_element())
                .is_some_and(|element| dom::is_silent(element.name()) || element.name() == "title")
        };
        if headline_at.is_none() && is_headline(node) && !silent(node) {
            headline_at = Some(pieces.len());
        }
        if let Some(text) = node.value().as_text()
            && !text.trim().is_empty()
            && !silent(node)
        {
            pieces.push(text.trim());
        }
        if headline_at.is_some_and(|at| pieces.len() > at + PIECES_BEHIND) {
            break;
        }
    }
    let at = headline_at?;
    let (before, behind) = pieces.split_at(at.min(pieces.len()));
    let before = before.iter().rev().take(PIECES_BEFORE);
    let behind = behind.iter().zip(pieces.iter().skip(at.saturating_sub(1)));
    let before = before.zip(std::iter::repeat(&""));
    let dated = behind.chain(before).find_map(|(text, label)| {
        let text = match shown::Labelled::of(text) {
            labelled if labelled.publication.is_some() => labelled.publication?,
            _ if shown::tells_change(label) => return None,
            labelled => labelled.plain?,
        };
        // Without a clock no year is guessed. A number alone is anything.
        let is_number = !text.contains(|c: char| !c.is_numeric() && !c.is_whitespace());
        let dated = (!is_number && text.chars().count() <= PIECE_MAX)
            .then(|| date::parse(text, &Hints { now: None, ..hints.clone() }))
            .flatten()?;
        let since = OLDEST.parse().is_ok_and(|oldest: Timestamp| oldest <= dated.at);
        (since && hints.now.is_none_or(|now| dated.at <= now)).then_some(dated)
    })?;
    Some((dated, DateSource::Time))
}

/// `/2022/01/16/` or `/20220116/` in the path.
fn from_url(page: &Page<'_>, hints: &Hints<'_>) -> Option<(Dated, DateSource)> {
    // "%D8" holds no digits of a date.
    let path = percent_encoding::percent_decode_str(page.url.path()).decode_utf8_lossy();
    let digits: Vec<&str> = path.split(|c: char| !c.is_ascii_digit()).collect();
    // An empty part stands where more than one character is between two numbers.
    let written = digits
        .windows(3)
        .find_map(|parts| match parts {
            [year, month, day]
                if year.len() == 4
                    && (1..=2).contains(&month.len())
                    && (1..=2).contains(&day.len()) =>
            {
                plausible(year, month, day)
            }
            _ => None,
        })
        .or_else(|| {
            digits
                .iter()
                .filter(|part| part.len() == 8)
                .find_map(|part| plausible(part.get(..4)?, part.get(4..6)?, part.get(6..8)?))
        })?;
    let mut dated = date::parse(&written, hints)?;
    dated.precision = date::Precision::Day;
    Some((dated, DateSource::Url))
}

fn plausible(year: &str, month: &str, day: &str) -> Option<String> {
    let number = |text: &str| text.parse::<u16>().ok();
    let (y, m, d) = (number(year)?, number(month)?, number(day)?);
    ((1995..2100).contains(&y) && (1..=12).contains(&m) && (1..=31).contains(&d))
        .then(|| format!("{y:04}-{m:02}-{d:02}"))
}
