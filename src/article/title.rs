//! The headline: what the page's own statements and its largest heading agree on, without the
//! site's name.

use ego_tree::NodeRef;
use scraper::{Html, Node};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use url::Url;

use super::head::Head;
use super::metadata::unescaped;
use super::{Page, SiteRules, dom, jsonld};
use crate::text::{is_spaceless, subsequence};

/// What stands between a headline and the site's name in `<title>`.
const SEPARATORS: [&str; 16] = [
    " | ", " - ", " – ", " — ", " :: ", " » ", " · ", " • ", " / ", " « ", " ‹ ", " > ", " : ",
    "ㅣ", "│", "｜",
];

/// No site's name has more words.
const SITE_WORDS: usize = 6;

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
    let sections = super::metadata::sections(head);
    let is_site = |part: &str| names_site(part, site_name, host);
    let raw: Vec<String> = [
        head.article().and_then(|article| jsonld::string(article, "headline")),
        head.first_meta(&["og:title"]),
        head.first_meta(&["twitter:title", "dc.title", "title", "parsely-title", "sailthru.title"]),
        head.title.as_deref(),
    ]
    .into_iter()
    .flatten()
    .map(unescaped)
    .collect();
    let stated: Vec<String> = raw
        .iter()
        .map(|text| without_site_name(text, site_name, host))
        .map(|text| without_section(&text, &sections))
        .filter(|text| !text.is_empty() && !is_sites(text, site_name, host))
        .collect();
    let headings: Vec<String> = head
        .headings
        .iter()
        .map(|node| without_kicker(*node, &stated))
        .map(|text| without_section(&text, &sections))
        .filter(|text| (4..400).contains(&text.len()) && !is_sites(text, site_name, host))
        .collect();
    let parts: Vec<String> =
        raw.iter().filter_map(|text| longest_part(text, site_name, host)).collect();
    let best_heading = headings
        .iter()
        .map(|heading| {
            // A part of a title counts less than any that agrees with the whole.
            let is_part = parts.contains(&folded(heading));
            (agreement(heading, &stated).max(if is_part { 0.65 } else { 0.0 }), heading)
        })
        .filter(|(agreement, _)| *agreement >= 0.6)
        .max_by(|a, b| a.0.total_cmp(&b.0).then(std::cmp::Ordering::Greater))
        .map(|(_, heading)| heading)
        .or_else(|| {
            let is_own = |text: &str| is_sites(text, site_name, host);
            lone_heading(head, &headings, &stated, is_site, is_own)
        });
    let Some(heading) = best_heading else {
        let texts = html.tree.nodes().filter_map(|node| shown_text(node, &raw));
        return { texts }
            .max_by_key(String::len)
            .or_else(|| stated.into_iter().next())
            .or_else(|| headings.into_iter().next());
    };
    if let Some(spelled) =
        first_written(&stated, heading, page.url).or_else(|| spelled(&stated, heading, page.url))
    {
        return Some(spelled.clone());
    }
    if let Some((title, others)) = stated.split_last()
        && folded(title) == folded(heading)
        && let Some(headline) = others.iter().find(|other| is_behind_colon(other, heading))
    {
        return Some(headline.clone());
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

/// A text of the page that begins or ends a title, where the rest of it stands behind a separator:
/// names of sections or of the site.
fn shown_text(node: NodeRef<'_, Node>, titles: &[String]) -> Option<String> {
    let text = node.value().as_text()?.trim();
    let holder = node.parent()?.value().as_element()?.name();
    // The text of a longer line is no headline.
    if dom::is_silent(holder) || !(8..400).contains(&text.len()) {
        return None;
    }
    let text = crate::text::clean_line(text);
    let is_long = words(&text).len() >= 3 || text.chars().filter(|c| is_spaceless(*c)).count() >= 8;
    // Scripts without spaces have none around it.
    let tight = |mark: char| text.contains(is_spaceless) && "|-–—_｜：".contains(mark);
    let is_part = |title: &String| {
        let behind = title.strip_prefix(&text).is_some_and(|rest| {
            rest.starts_with(tight) || SEPARATORS.iter().any(|mark| rest.starts_with(mark))
        });
        behind
            || title.strip_suffix(&text).is_some_and(|rest| {
                rest.ends_with(tight) || SEPARATORS.iter().any(|mark| rest.ends_with(mark))
            })
    };
    (is_long && titles.iter().any(is_part)).then_some(text)
}

/// The headline that JSON-LD states where everything else on the page has another and the address
/// spells it, word by word or far better: the address is made when an article is first saved, and the other headline later,
/// for search engines.
fn first_written<'a>(stated: &'a [String], heading: &str, url: &Url) -> Option<&'a String> {
    let (first, others) = stated.split_first()?;
    let heading_folded = folded(heading);
    let alone = others.len() >= 2
        && folded(first) != heading_folded
        && others.iter().all(|other| folded(other).starts_with(&heading_folded));
    let [theirs, ours] = [first.as_str(), heading].map(|title| share_in_address(url, title));
    (alone && theirs >= 0.8 && (theirs >= ours + 0.25 || (theirs >= 0.99 && ours < 0.95)))
        .then_some(first)
}

/// Whether a heading is that headline with a line above it, ended by a colon.
fn is_behind_colon(headline: &str, heading: &str) -> bool {
    let rest = heading.split_once(": ").map(|(_, rest)| folded(rest));
    words(headline).len() >= 4 && rest.is_some_and(|rest| rest == folded(headline))
}

/// What `<title>` and another place state and the address spells, where no place states the heading.
fn spelled<'a>(stated: &'a [String], heading: &str, url: &Url) -> Option<&'a String> {
    let (title, others) = stated.split_last()?;
    let fold = folded(title);
    let heading_folded = folded(heading);
    let repeated = others.iter().any(|other| folded(other) == fold)
        && !stated.iter().any(|stated| folded(stated) == heading_folded);
    let [theirs, ours] = [title.as_str(), heading].map(|title| share_in_address(url, title));
    (repeated && theirs >= 0.6 && theirs >= ours + 0.2).then_some(title)
}

/// The share of the words of the address's longest part that stand in a title in that order; 0 for
/// an address that spells none.
pub(super) fn share_in_address(url: &Url, title: &str) -> f32 {
    let parts = url.path_segments().into_iter().flatten();
    let spelled = parts
        .map(|part| {
            let part = part.rsplit_once('.').map_or(part, |(front, _)| front);
            let words = part.split(|c: char| !c.is_ascii_alphanumeric());
            // Years and the numbers of articles, alone or behind a letter.
            let is_number = |word: &str| word.bytes().filter(u8::is_ascii_digit).count() > 3;
            words.filter(|word| !word.is_empty() && !is_number(word)).collect::<Vec<_>>()
        })
        .max_by_key(Vec::len)
        .unwrap_or_default();
    if spelled.len() < 4 {
        return 0.0;
    }
    let spelled: Vec<String> = spelled.iter().map(|word| word.to_lowercase()).collect();
    let in_order =
        |german| subsequence(&spelled, &words(&in_ascii(title, german)), |a, b| is_same(a, b));
    let found = in_order(true).max(in_order(false));
    #[expect(clippy::cast_precision_loss, reason = "counts of words are small")]
    let share = found as f32 / spelled.len() as f32;
    share
}

/// Whether two words are the same but for an ending.
fn is_same(a: &str, b: &str) -> bool {
    a == b || (a.len().min(b.len()) > 4 && (a.starts_with(b) || b.starts_with(a)))
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

/// The heading that says what the title says; where none does, the first `<h1>` that says anything:
/// menus and notices above it have headings too.
pub(super) fn place<'a>(head: &Head<'a>, title: Option<&str>) -> Option<NodeRef<'a, Node>> {
    let says = title.and_then(|title| {
        let fold = folded(title);
        let is_same = |node: &&NodeRef<'a, Node>| folded(&dom::text(**node)) == fold;
        let is_near = |node: &&NodeRef<'a, Node>| overlap(&dom::text(**node), title) >= 0.5;
        let mut all = head.headings.iter().chain(&head.subheadings);
        all.find(is_same).or_else(|| head.headings.iter().find(is_near))
    });
    let is_first = |node: &&NodeRef<'a, Node>| {
        node.value().as_element().is_some_and(|element| element.name() == "h1")
            && !dom::text(**node).is_empty()
    };
    says.or_else(|| head.headings.iter().find(is_first)).or_else(|| head.headings.first()).copied()
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

/// Whether a text is the name of the site or of its host and nothing else.
fn is_sites(text: &str, site_name: Option<&str>, host: &str) -> bool {
    let fold = folded(text);
    let mut labels = host.split('.').filter(|label| label.len() > 3).map(folded);
    // Some give each page its headline as the site's name.
    let is_short = words(text).len() <= SITE_WORDS;
    is_short && site_name.is_some_and(|site| folded(site) == fold)
        || labels.any(|label| label == fold)
}

/// The only `<h1>` of a page, where it shares a word or two with what is stated: editors give the
/// page another headline than search engines. One of few words must begin what is stated.
fn lone_heading<'a>(
    head: &Head<'_>,
    headings: &'a [String],
    stated: &[String],
    is_site: impl Fn(&str) -> bool,
    is_own: impl Fn(&str) -> bool,
) -> Option<&'a String> {
    let mut firsts = head
        .headings
        .iter()
        .filter(|node| node.value().as_element().is_some_and(|e| e.name() == "h1"))
        .map(|node| dom::text(*node))
        .filter(|text| !is_own(text));
    let only = firsts.next()?;
    if firsts.next().is_some() {
        return None;
    }
    let fold = folded(&only);
    let begins = fold.chars().count() >= 8
        && stated.iter().any(|text| folded(text).starts_with(&fold))
        && !is_site(&only);
    // Some share every page under the site's name: then its head says nothing of the article.
    let unsaid = head.first_meta(&["og:title"]).is_some_and(&is_own);
    let needed = if unsaid { 0.0 } else { 0.12 };
    let plausible = begins || (words(&only).len() >= 4 && agreement(&only, stated) >= needed);
    headings.iter().find(|heading| plausible && **heading == only)
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
/// that this is a section's name.
fn without_section(title: &str, sections: &[String]) -> String {
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
    if let Some((front, back)) = title.rsplit_once(['-', '–', '—'])
        && sections.iter().any(|section| folded(section) == folded(back))
        && words(front).len() >= 3
    {
        title = front.trim();
    }
    title.to_owned()
}

/// A heading's text without the line above or below the headline that stands in an element of its
/// own, where the page states the rest, or that stands before a colon, where the page shares the
/// rest under that title.
fn without_kicker(node: NodeRef<'_, Node>, stated: &[String]) -> String {
    let text = dom::text(node);
    let fold = folded(&text);
    if stated.iter().any(|stated| folded(stated) == fold) {
        return text;
    }
    let in_parts = node.children().filter(|child| child.value().is_element()).count() > 0;
    let rest = stated.iter().find(|stated| {
        let stated = folded(stated);
        stated.chars().count() >= 12
            && in_parts
            && (fold.ends_with(&stated) || fold.starts_with(&stated))
    });
    rest.cloned().unwrap_or(text)
}

/// Cuts " | Site", " - Site" and "Site: " off.
fn without_site_name(title: &str, site_name: Option<&str>, host: &str) -> String {
    let is_site = |part: &str| names_site(part, site_name, host);
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

/// Whether a part of a title is the name of the site, or of its host.
fn names_site(part: &str, site_name: Option<&str>, host: &str) -> bool {
    let part = folded(part);
    let site = site_name.map(folded).unwrap_or_default();
    let mut labels = host.split('.').filter(|label| label.len() > 3).map(folded);
    !part.is_empty()
        && ((!site.is_empty() && (site.contains(&part) || part.contains(&site)))
            || labels.any(|label| {
                (part.contains(&label) && part.len() <= 4 * label.len()) || label.contains(&part)
            }))
}

/// The longest part of a title between its separators, but for the site's name.
fn longest_part(title: &str, site_name: Option<&str>, host: &str) -> Option<String> {
    let mut parts = vec![title];
    for separator in SEPARATORS {
        parts = parts.into_iter().flat_map(|part| part.split(separator)).collect();
    }
    let is_headline =
        |part: &&str| folded(part).chars().count() >= 8 && !names_site(part, site_name, host);
    let longest = parts.into_iter().filter(is_headline).max_by_key(|part| part.chars().count());
    longest.map(folded)
}
