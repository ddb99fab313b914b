//! The query and the route of a key: what is left when tracking, sessions and presentation are out.

use url::Url;

use super::{
    Rules,
    names::{
        AMP_PARAMETERS, BY_VALUE, CLICK_SUFFIXES, CONTENT_WORDS, LISTINGS, NO_IDS, PLACES, SCRIPTS,
        SECTIONS, SESSION_PARAMETERS, SITE_PARAMETERS, Shape, Sure, TRACKING, TRACKING_PREFIXES,
        TRACKING_SUFFIXES, VENDOR_PREFIXES, VENDOR_WORDS, WAYS,
    },
    path::{is_digits, names_an_article, under},
    percent,
};

/// Characters whose escape in a query means something else than they do themselves.
const KEPT: &[u8] = b"&=#+;";
/// A longer name of a parameter, in bytes, is nobody's.
const LONGEST_NAME: usize = 128;
/// In a query that is not made of names and values a slash divides, too.
const KEPT_BARE: &[u8] = b"&=#+;/?";

/// The sorted query and the `#!…` or `#/…` route, both without what does not tell articles apart.
pub(super) fn query(url: &Url, host: &str, path: &str, rules: &mut Rules) -> (String, String) {
    let mut route = route(url.fragment(), host, path, rules);
    let mut read = Vec::new();
    for part in parts(url.query().unwrap_or_default()) {
        let part = Parameter::read(part);
        // Google's AJAX crawling scheme: the route, as a crawler asks for it.
        if part.name == "_escaped_fragment_" && !part.value.is_empty() && route.is_empty() {
            route = format!("#!{}", percent::canonical(&part.raw_value, b"#"));
            rules.add("escaped-fragment");
            continue;
        }
        let noise = noise(&part, host, path);
        read.push((part, noise));
    }
    let in_doubt = |noise: &Option<(_, Sure)>| noise.is_some_and(|(_, sure)| sure != Sure::Always);
    let doubt = read.iter().any(|(_, noise)| in_doubt(noise));
    let named = if doubt { Named::by(path) } else { Named::Open };
    let by_query = named != Named::Listing
        && read.iter().any(|(part, noise)| noise.is_none() && part.names_a_page());
    let mut order = Vec::new();
    for (part, noise) in read {
        let dropped = noise.filter(|(_, sure)| match sure {
            Sure::Always => true,
            Sure::OnSlug => named >= Named::Slug || by_query,
            Sure::OnPage => named == Named::Article || by_query,
            Sure::OnPath => named == Named::Article,
        });
        match dropped {
            Some((rule, _)) => rules.add(rule),
            None => order.push(part.spelling),
        }
    }
    let mut parts = order.clone();
    parts.sort();
    parts.dedup();
    if parts != order {
        rules.add("query-order");
    }
    (parts.join("&"), route)
}

/// `/news/1&utm_source=x`: the address with a question mark where tracking was put on without one.
pub(super) fn lost_mark(url: &Url) -> Option<Url> {
    const MARKS: &[&str] = &["&", ";", "%3F", "%26"];
    let path = url.path();
    let (at, mark) = path.match_indices(['&', ';', '%']).find_map(|(at, _)| {
        let rest = path.get(at..)?;
        let mark = MARKS.iter().find(|mark| rest.starts_with(**mark))?;
        opens_with_tracking(rest.get(mark.len()..)?).then_some((at, mark.len()))
    })?;
    let own = path.get(at + mark..)?;
    let query = url.query().map_or_else(|| own.to_owned(), |query| format!("{own}&{query}"));
    let mut mended = url.clone();
    mended.set_path(path.get(..at)?);
    mended.set_query(Some(&query));
    Some(mended)
}

/// Whether a part of a query could tell one page from another.
pub(super) fn tells_apart(part: &str, host: &str, path: &str) -> bool {
    !matches!(noise(&Parameter::read(part), host, path), Some((_, Sure::Always)))
}

/// The parts of a query. A tracking parameter that was put on with a second `?`, or with `;`, is one.
fn parts(query: &str) -> impl Iterator<Item = &str> {
    query
        .split('&')
        .flat_map(|part| {
            let mut rest = Some(part);
            std::iter::from_fn(move || {
                let part = rest?;
                let at = part
                    .match_indices(['?', ';'])
                    .map(|(at, _)| at)
                    .find(|at| part.get(at + 1..).is_some_and(opens_with_tracking));
                rest = at.and_then(|at| part.get(at + 1..));
                at.map_or(Some(part), |at| part.get(..at))
            })
        })
        .filter(|part| !part.is_empty())
}

/// Whether `text` opens with `name=` of a parameter that is tracking wherever it stands.
pub(super) fn opens_with_tracking(text: &str) -> bool {
    // Asked at every mark of an address, it must not read on to the end of it.
    let end = text.bytes().take(LONGEST_NAME).position(|byte| byte == b'=');
    end.and_then(|end| text.get(..end))
        .map(|name| percent::plain(name).to_ascii_lowercase())
        .is_some_and(|name| is_tracking_name(&name) || is_vendor_name(&name))
}

/// What a path names, by its looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Named {
    /// A search or a list, which any parameter may filter.
    Listing,
    /// A script, a section or the home page: the query names the article, if any.
    Open,
    /// Two words, or a number further up: an article, or a section.
    Slug,
    Article,
}

impl Named {
    fn by(path: &str) -> Self {
        let path = percent::plain(path);
        let segments: Vec<&str> = path.split('/').filter(|s| !s.is_empty()).collect();
        let last = segments.last().copied().unwrap_or_default().to_ascii_lowercase();
        let (stem, extension) = last.split_once('.').unwrap_or((&last, ""));
        let is_digit = |c: char| c.is_ascii_digit();
        if extension.is_empty() && LISTINGS.contains(&stem) {
            Self::Listing
        } else if SECTIONS.contains(&stem) && !path.contains(is_digit)
            || SCRIPTS.contains(&extension) && !path.contains(is_digit)
        {
            Self::Open
        } else if names_an_article(&segments) || last.contains(is_digit) {
            Self::Article
        } else if (stem.contains('-') || path.contains(is_digit))
            && !stem.split('-').any(|word| LISTINGS.contains(&word) || SECTIONS.contains(&word))
        {
            Self::Slug
        } else {
            Self::Open
        }
    }
}

/// One `name=value`, in the key's spelling and as it reads decoded.
struct Parameter {
    spelling: String,
    /// Decoded, lower case.
    name: String,
    /// Decoded.
    value: String,
    raw_value: String,
}

impl Parameter {
    fn read(part: &str) -> Self {
        let spaced = part.replace('+', "%20");
        let (raw_name, raw_value) = spaced.split_once('=').unwrap_or((&spaced, ""));
        let spelling = if raw_value.is_empty() {
            percent::canonical(raw_name, KEPT_BARE)
        } else {
            let name = percent::canonical(raw_name, KEPT);
            format!("{name}={}", percent::canonical(raw_value, KEPT))
        };
        Self {
            spelling,
            // What is left of an entity that was decoded by halves.
            name: percent::plain(raw_name)
                .to_ascii_lowercase()
                .trim_start_matches("amp;")
                .to_owned(),
            value: percent::plain(raw_value),
            raw_value: raw_value.to_owned(),
        }
    }

    /// Whether it looks like the id of an article.
    fn names_a_page(&self) -> bool {
        if NO_IDS.contains(&self.name.as_str()) || self.name.starts_with("pagen_") {
            return false;
        }
        let text = if self.value.is_empty() { &self.name } else { &self.value };
        text.bytes().any(|b| b.is_ascii_digit())
    }
}

/// A fragment is a place on the page, unless it is the address of a page made by a script.
fn route(fragment: Option<&str>, host: &str, path: &str, rules: &mut Rules) -> String {
    let Some(fragment) = fragment else { return String::new() };
    let (place, query) = fragment.split_once('?').unwrap_or((fragment, ""));
    let place = percent::canonical(place, b"#?/").trim_end_matches('/').to_owned();
    // `#!` and `#/` alone name no page.
    if !place.starts_with(['!', '/']) || place.len() < 2 {
        rules.add("fragment");
        return String::new();
    }
    let kept: Vec<String> = query
        .split('&')
        .filter(|part| !part.is_empty())
        .map(Parameter::read)
        .filter(|part| !matches!(noise(part, host, path), Some((_, Sure::Always))))
        .map(|part| part.spelling)
        .collect();
    if kept.is_empty() { format!("#{place}") } else { format!("#{place}?{}", kept.join("&")) }
}

/// The rule by which a parameter tells no articles apart, and how sure that is.
fn noise(part: &Parameter, host: &str, path: &str) -> Option<(&'static str, Sure)> {
    let name = part.name.as_str();
    let value = part.value.as_str();
    if is_tracking_name(name) || of_site(host, path, name) {
        return Some(("tracking-parameter", Sure::Always));
    }
    if is_vendor_name(name) {
        let sure = if is_id(value) { Sure::OnPage } else { Sure::Always };
        return Some(("tracking-parameter", sure));
    }
    if SESSION_PARAMETERS.contains(&name) || name.starts_with("aspsessionid") {
        let sure = if is_digits(value) && value.len() < 7 { Sure::OnSlug } else { Sure::Always };
        return Some(("session-parameter", sure));
    }
    if AMP_PARAMETERS.contains(&name) && is_flag(value.trim_end_matches('/')) {
        return Some(("amp-parameter", Sure::Always));
    }
    BY_VALUE
        .iter()
        .find(|(names, shape, _)| names.contains(&name) && fits(*shape, value, path, host))
        .map(|(_, shape, sure)| (rule_of(*shape), *sure))
        .or_else(|| of_vendor(name, value).map(|sure| ("tracking-parameter", sure)))
}

fn rule_of(shape: Shape) -> &'static str {
    match shape {
        Shape::Print(_) => "print-parameter",
        Shape::Amp => "amp-parameter",
        Shape::Mobile => "mobile-parameter",
        Shape::Session | Shape::Starts(_) => "session-parameter",
        _ => "tracking-parameter",
    }
}

/// Tracking whatever the value.
fn is_tracking_name(name: &str) -> bool {
    TRACKING.binary_search(&name).is_ok()
        || begins(name, TRACKING_PREFIXES).is_some()
        // Sprout Social's `sf123456789=1`.
        || name.strip_prefix("sf").is_some_and(|rest| rest.len() >= 6 && is_digits(rest))
}

/// Tracking unless the value is a number: `mc_vid=71` may be somebody's video.
fn is_vendor_name(name: &str) -> bool {
    begins(name, VENDOR_PREFIXES).is_some_and(|word| VENDOR_WORDS.contains(&word))
}

/// Tracking by a part of the name; a number could be the id of something.
fn of_vendor(name: &str, value: &str) -> Option<Sure> {
    let ends = |suffixes: &[&str]| suffixes.iter().find_map(|suffix| name.strip_suffix(suffix));
    if let Some(head) = ends(CLICK_SUFFIXES) {
        return (!head.is_empty() && !is_id(value)).then_some(Sure::Always);
    }
    if let Some(head) = ends(TRACKING_SUFFIXES) {
        return match value {
            "0" => Some(Sure::Always),
            _ if CONTENT_WORDS.contains(&head) || is_id(value) => None,
            // Anybody has a source of something.
            _ if name.ends_with("_source") && !has_word(value, &[WAYS]) => Some(Sure::OnPath),
            _ => Some(Sure::OnSlug),
        };
    }
    (begins(name, VENDOR_PREFIXES).is_some() && !is_id(value)).then_some(Sure::OnPath)
}

/// What follows the one of `prefixes` that `name` opens with.
fn begins<'a>(name: &'a str, prefixes: &[&str]) -> Option<&'a str> {
    prefixes.iter().find_map(|prefix| name.strip_prefix(prefix)).filter(|rest| !rest.is_empty())
}

fn of_site(host: &str, path: &str, name: &str) -> bool {
    SITE_PARAMETERS.iter().any(|(place, names)| {
        let (site, below) = place.split_once('/').unwrap_or((place, ""));
        names.contains(&name)
            && under(host, site)
            && path.strip_prefix('/').is_some_and(|path| path.starts_with(below))
    })
}

fn fits(shape: Shape, value: &str, path: &str, host: &str) -> bool {
    match shape {
        Shape::NotNumber => !is_digits(value),
        Shape::NotId => !is_id(value),
        Shape::Channel => has_word(value, &[WAYS, PLACES]),
        Shape::Way => has_word(value, &[WAYS]),
        Shape::Session => is_session(value),
        Shape::Flag | Shape::Print(true) => is_flag(value),
        Shape::Print(false) => {
            matches!(value.to_ascii_lowercase().as_str(), "print" | "printable" | "printer")
        }
        Shape::Number => {
            value.len() >= 5 && is_digits(value) && !is_date(value)
                || value.contains('.') && is_digits(&value.replace('.', ""))
        }
        Shape::Amp => matches!(value.to_ascii_lowercase().as_str(), "amp" | "amp-type"),
        Shape::Mobile => {
            matches!(value, "0" | "1") && (host.ends_with(".blogspot.com") || is_blogger_path(path))
        }
        Shape::OneOf(values) => values.contains(&value.to_ascii_lowercase().as_str()),
        Shape::Starts(head) => value.to_ascii_lowercase().starts_with(head),
    }
}

/// Whether a word of `value` is one of those. A value with a slash is a route, if it is no address.
fn has_word(value: &str, words: &[&[&str]]) -> bool {
    let lower = value.to_ascii_lowercase();
    (!lower.contains('/') || lower.starts_with("http"))
        && lower
            .split(|c: char| !c.is_ascii_alphanumeric())
            .any(|word| words.iter().any(|words| words.contains(&word)))
}

/// Blogger's own address of a post, also under the blog's own domain: `/2022/01/slug.html`.
fn is_blogger_path(path: &str) -> bool {
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    let [year, month, slug] = segments.as_slice() else { return false };
    year.len() == 4
        && is_digits(year)
        && month.len() == 2
        && is_digits(month)
        && slug.strip_suffix(".html").is_some()
}

/// A number that may be the id of something, rather than of a click.
fn is_id(value: &str) -> bool {
    is_digits(value) && value.len() <= 12
}

/// `20220106`.
fn is_date(value: &str) -> bool {
    let part = |range: std::ops::Range<usize>| {
        value.get(range).and_then(|s| s.parse::<u32>().ok()).unwrap_or_default()
    };
    value.len() == 8
        && (1900..2100).contains(&part(0..4))
        && (1..=12).contains(&part(4..6))
        && (1..=31).contains(&part(6..8))
}

fn is_flag(value: &str) -> bool {
    matches!(value.to_ascii_lowercase().as_str(), "" | "1" | "true" | "yes" | "y" | "on" | "t")
}

/// A hash in hexadecimal, or letters and digits through each other. A few letters before or behind
/// a row of digits (`AKR20220106123400080`) are an article's id, words with hyphens and capitals with
/// digits may be, and 24 hexadecimal digits are what a document database names a document by.
fn is_session(value: &str) -> bool {
    let bytes = value.as_bytes();
    let digits = bytes.iter().filter(|b| b.is_ascii_digit()).count();
    let changes = bytes
        .windows(2)
        .filter(|pair| pair.iter().filter(|b| b.is_ascii_digit()).count() == 1)
        .count();
    let hex = bytes.iter().all(u8::is_ascii_hexdigit);
    let mixed = hex
        || bytes.iter().all(u8::is_ascii_alphanumeric) && bytes.iter().any(u8::is_ascii_lowercase);
    match bytes.len() {
        24 if hex => false,
        32 | 40 | 64 if hex => digits > 0 && digits < bytes.len(),
        length => length >= 20 && mixed && changes >= 5,
    }
}
