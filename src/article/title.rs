//! The headline: what the page's own statements and its largest heading agree on, without the
//! site's name.

use scraper::Html;

use super::head::Head;
use super::metadata::unescaped;
use super::{Page, SiteRules, dom, jsonld};

/// What stands between a headline and the site's name in `<title>`.
const SEPARATORS: [&str; 12] =
    [" | ", " - ", " – ", " — ", " :: ", " » ", " · ", " • ", " / ", " « ", " ‹ ", " : "];

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
    let stated: Vec<String> = [
        head.article().and_then(|article| jsonld::string(article, "headline")),
        head.first_meta(&["og:title"]),
        head.first_meta(&["twitter:title", "dc.title", "title", "parsely-title", "sailthru.title"]),
        head.title.as_deref(),
    ]
    .into_iter()
    .flatten()
    .map(|text| without_site_name(&unescaped(text), site_name, host))
    .filter(|text| !text.is_empty())
    .collect();
    let headings: Vec<String> = head
        .headings
        .iter()
        .map(|node| dom::text(*node))
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
    // Two statements that agree to the letter are the headline as the publisher keeps it; the
    // heading then carries a section's name in front or was shortened.
    match stated.as_slice() {
        [first, second, ..]
            if folded(first) == folded(second)
                && folded(first) != folded(heading)
                && first.chars().count() < 160
                && overlap(first, heading) >= 0.4 =>
        {
            Some(first.clone())
        }
        _ => Some(heading.clone()),
    }
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
    stated.iter().map(|text| overlap(heading, text)).fold(0.0, f32::max)
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
