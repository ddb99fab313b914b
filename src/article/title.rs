//! The headline: what the page's own statements and its largest heading agree on, without the
//! site's name.

use scraper::Html;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use url::Url;

use super::head::Head;
use super::metadata::unescaped;
use super::{Page, SiteRules, dom, jsonld};

/// What stands between a headline and the site's name in `<title>`.
const SEPARATORS: [&str; 15] = [
    " | ", " - ", " – ", " — ", " :: ", " » ", " · ", " • ", " / ", " « ", " ‹ ", " : ", "ㅣ", "│",
    "｜",
];

/// The article's headline.
pub(super) fn find(
    html: &Html,
    head: &Head<'_>,
    rules: Option<&SiteRules>,
    site_name: Option<&str>,
    page: &Page<'_>,
) -> Option<String> {
    let host = page.url.host_str().unwrap_or_default();
    if let Some(title) = rules.and_then(|rules| dom::selected(html, &rules.title).next()) {
        return Some(title);
    }
    let section = super::metadata::section(head);
    let stated: Vec<String> = [
        head.article().and_then(|article| jsonld::string(article, "headline")),
        head.first_meta(&["og:title"]),
        head.first_meta(&["twitter:title", "dc.title", "title", "parsely-title", "sailthru.title"]),
        head.title.as_deref(),
    ]
    .into_iter()
    .flatten()
    .map(|text| without_site_name(&unescaped(text), site_name, host))
    .map(|text| without_section(&text, section.as_deref()))
    .filter(|text| !text.is_empty())
    .collect();
    let headings: Vec<String> = head
        .headings
        .iter()
        .map(|node| without_section(&dom::text(*node), section.as_deref()))
        .filter(|text| (4..400).contains(&text.len()))
        .collect();
    let best_heading = headings
        .iter()
        .map(|heading| (agreement(heading, &stated), heading))
        .filter(|(agreement, _)| *agreement >= 0.6)
        .max_by(|a, b| a.0.total_cmp(&b.0).then(std::cmp::Ordering::Greater))
        .map(|(_, heading)| heading)
        .or_else(|| lone_heading(head, &headings, &stated));
    let Some(heading) = best_heading else {
        return stated.into_iter().next().or_else(|| headings.into_iter().next());
    };
    if let Some(first_written) = first_written(&stated, heading, page.url) {
        return Some(first_written.clone());
    }
    // Two statements that agree to the letter are the headline as the publisher keeps it; the
    // heading then lacks the words in front or was shortened. What is added behind is a section's
    // or the site's name.
    match stated.as_slice() {
        [first, second, ..]
            if folded(first) == folded(second)
                && !folded(first).starts_with(&folded(heading))
                && !folded(heading).starts_with(&folded(first))
                && first.chars().count() < 160
                && overlap(first, heading) >= 0.4 =>
        {
            Some(first.clone())
        }
        _ => Some(heading.clone()),
    }
}

/// The headline that JSON-LD states where everything else on the page has another and the address
/// spells it: the address is made when an article is first saved, and the other headline later,
/// for search engines.
fn first_written<'a>(stated: &'a [String], heading: &str, url: &Url) -> Option<&'a String> {
    let (first, others) = stated.split_first()?;
    let heading_folded = folded(heading);
    let alone = others.len() >= 2
        && folded(first) != heading_folded
        && others.iter().all(|other| folded(other).starts_with(&heading_folded));
    let [theirs, ours] = [first.as_str(), heading].map(|title| share_in_address(url, title));
    (alone && theirs >= 0.8 && theirs >= ours + 0.25).then_some(first)
}

/// The share of the words of the address's longest part that stand in a title; 0 for an address
/// that spells none.
pub(super) fn share_in_address(url: &Url, title: &str) -> f32 {
    let parts = url.path_segments().into_iter().flatten();
    let spelled = parts
        .map(|part| {
            let part = part.rsplit_once('.').map_or(part, |(front, _)| front);
            let words = part.split(|c: char| !c.is_ascii_alphanumeric());
            let is_number = |word: &str| word.len() > 3 && word.bytes().all(|b| b.is_ascii_digit());
            words.filter(|word| !word.is_empty() && !is_number(word)).collect::<Vec<_>>()
        })
        .max_by_key(Vec::len)
        .unwrap_or_default();
    if spelled.len() < 4 {
        return 0.0;
    }
    let mut written = words(&in_ascii(title, true));
    written.extend(words(&in_ascii(title, false)));
    let found = spelled.iter().filter(|word| written.contains(&word.to_lowercase())).count();
    #[expect(clippy::cast_precision_loss, reason = "counts of words are small")]
    let share = found as f32 / spelled.len() as f32;
    share
}

/// A title in the letters that addresses are written in: `ü` becomes `ue` or `u`.
fn in_ascii(title: &str, german: bool) -> String {
    let mut out = String::with_capacity(title.len());
    for c in title.to_lowercase().chars() {
        match c {
            'ä' | 'ö' | 'ü' if german => {
                out.extend(c.nfd().next());
                out.push('e');
            }
            'ß' => out.push_str("ss"),
            'æ' => out.push_str("ae"),
            'ø' => out.push('o'),
            'ı' => out.push('i'),
            '\'' | '’' => {}
            _ => out.extend(c.nfd().filter(|c| !is_combining_mark(*c))),
        }
    }
    out
}

/// Whether a heading of the page says the same as its title, in four words or more.
pub(super) fn is_headline(head: &Head<'_>, title: &str) -> bool {
    let title = folded(title);
    title.chars().count() >= 12
        && head.headings.iter().any(|node| {
            let heading = dom::text(*node);
            words(&heading).len() >= 4 && folded(&heading) == title
        })
}

/// The only `<h1>` of a page, where it shares a word or two with what is stated: editors give the
/// page another headline than search engines.
fn lone_heading<'a>(
    head: &Head<'_>,
    headings: &'a [String],
    stated: &[String],
) -> Option<&'a String> {
    let mut firsts = head
        .headings
        .iter()
        .filter(|node| node.value().as_element().is_some_and(|e| e.name() == "h1"));
    let only = dom::text(*firsts.next()?);
    if firsts.next().is_some() || words(&only).len() < 4 || agreement(&only, stated) < 0.12 {
        return None;
    }
    headings.iter().find(|heading| **heading == only)
}

/// How much `heading` agrees with the best of what is stated, 0 to 1.
fn agreement(heading: &str, stated: &[String]) -> f32 {
    let heading_folded = folded(heading);
    let of = |text: &String| {
        // Scripts without spaces have no words to count: there one must begin with the other.
        let text_folded = folded(text);
        let begins = heading_folded.len() >= 12
            && text_folded.starts_with(&heading_folded)
            && heading_folded.len() * 2 >= text_folded.len();
        if begins { overlap(heading, text).max(0.8) } else { overlap(heading, text) }
    };
    stated.iter().map(of).fold(0.0, f32::max)
}

/// Shared words over all words (Jaccard), case and punctuation aside.
pub(super) fn overlap(a: &str, b: &str) -> f32 {
    let (a, b) = (words(a), words(b));
    if a.is_empty() || b.is_empty() {
        return 0.0;
    }
    let shared = a.iter().filter(|word| b.contains(word)).count();
    let all = a.len() + b.iter().filter(|word| !a.contains(word)).count();
    #[expect(clippy::cast_precision_loss, reason = "counts of words are small")]
    let share = shared as f32 / all as f32;
    share
}

fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .take(100)
        .map(str::to_lowercase)
        .collect()
}

/// Letters and digits only, in lower case: two spellings of one headline are equal in it.
pub(super) fn folded(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Cuts " | Opinion" and "Opinion | ", which no writer writes, and " - Section" where the page says
/// that this is the section's name.
fn without_section(title: &str, section: Option<&str>) -> String {
    let mut title = title.trim();
    while let Some((front, back)) = title.rsplit_once(" | ")
        && words(back).len() <= 2
        && words(front).len() >= 4
    {
        title = front.trim();
    }
    while let Some((front, back)) = title.split_once(" | ")
        && words(front).len() <= 2
        && words(back).len() >= 4
    {
        title = back.trim();
    }
    if let Some((front, back)) = title.rsplit_once(['-', '–'])
        && section.is_some_and(|section| folded(section) == folded(back))
        && words(front).len() >= 3
    {
        title = front.trim();
    }
    title.to_owned()
}

/// Cuts " | Site", " - Site" and "Site: " off.
fn without_site_name(title: &str, site_name: Option<&str>, host: &str) -> String {
    let site = site_name.map(folded).unwrap_or_default();
    let labels: Vec<&str> = host.split('.').filter(|label| label.len() > 3).collect();
    let is_site = |part: &str| {
        let part = folded(part);
        !part.is_empty()
            && ((!site.is_empty()
                && (part == site || site.contains(&part) || part.contains(&site)))
                || labels.iter().any(|label| {
                    let label = folded(label);
                    part.contains(&label) || label.contains(&part)
                }))
    };
    let mut title = title.trim();
    for _ in 0..3 {
        let cut = SEPARATORS
            .iter()
            .filter_map(|separator| title.rfind(separator).map(|at| (at, separator.len())))
            .max();
        match cut {
            Some((at, len)) => {
                let (front, back) = (
                    title.get(..at).unwrap_or_default(),
                    title.get(at + len..).unwrap_or_default(),
                );
                if is_site(back) && !front.trim().is_empty() && !is_site(front) {
                    title = front.trim();
                } else {
                    break;
                }
            }
            None => break,
        }
    }
    let cut = SEPARATORS
        .iter()
        .filter_map(|separator| title.find(separator).map(|at| (at, separator.len())))
        .min();
    if let Some((at, len)) = cut {
        let (front, back) =
            (title.get(..at).unwrap_or_default(), title.get(at + len..).unwrap_or_default());
        if is_site(front) && words(back).len() >= 3 {
            title = back.trim();
        }
    }
    title.to_owned()
}
