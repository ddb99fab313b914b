//! The query and the route of a key: what is left when tracking, sessions and presentation are out.

use url::Url;

use super::{
    Rules,
    names::{
        AMP_PARAMETERS, BY_VALUE, CHANNELS, SESSION_PARAMETERS, SITE_PARAMETERS, Shape, TRACKING,
        TRACKING_PREFIXES, TRACKING_SUFFIXES,
    },
    percent,
};

/// Characters whose escape in a query means something else than they do themselves.
const KEPT: &[u8] = b"&=#+;";
/// In a query that is not made of names and values a slash divides, too.
const KEPT_BARE: &[u8] = b"&=#+;/?";

/// The sorted query and the `#!…` or `#/…` route, both without what does not tell articles apart.
pub(super) fn query(url: &Url, host: &str, path: &str, rules: &mut Rules) -> (String, String) {
    let mut route = route(url.fragment(), host, path, rules);
    let mut parts = Vec::new();
    let mut order = Vec::new();
    for part in url.query().unwrap_or_default().split('&') {
        if part.is_empty() {
            continue;
        }
        let part = Parameter::read(part);
        // Google's AJAX crawling scheme: the route, as a crawler asks for it.
        if part.name == "_escaped_fragment_" && !part.value.is_empty() && route.is_empty() {
            route = format!("#!{}", percent::canonical(&part.raw_value, b"#"));
            rules.add("escaped-fragment");
            continue;
        }
        if let Some(rule) = reason_to_drop(&part, host, path) {
            rules.add(rule);
            continue;
        }
        order.push(part.spelling.clone());
        parts.push(part.spelling);
    }
    parts.sort();
    parts.dedup();
    if parts != order {
        rules.add("query-order");
    }
    (parts.join("&"), route)
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
            name: percent::plain(raw_name).to_ascii_lowercase(),
            value: percent::plain(raw_value),
            raw_value: raw_value.to_owned(),
        }
    }
}

/// A fragment is a place on the page, unless it is the address of a page made by a script.
fn route(fragment: Option<&str>, host: &str, path: &str, rules: &mut Rules) -> String {
    let Some(fragment) = fragment else { return String::new() };
    let is_route = fragment.len() > 2 && (fragment.starts_with('!') || fragment.starts_with('/'));
    if !is_route {
        rules.add("fragment");
        return String::new();
    }
    let (place, query) = fragment.split_once('?').unwrap_or((fragment, ""));
    let place = percent::canonical(place, b"#?/").trim_end_matches('/').to_owned();
    let kept: Vec<String> = query
        .split('&')
        .filter(|part| !part.is_empty())
        .map(Parameter::read)
        .filter(|part| reason_to_drop(part, host, path).is_none())
        .map(|part| part.spelling)
        .collect();
    if place.len() < 2 {
        return String::new();
    }
    if kept.is_empty() { format!("#{place}") } else { format!("#{place}?{}", kept.join("&")) }
}

fn reason_to_drop(part: &Parameter, host: &str, path: &str) -> Option<&'static str> {
    let name = part.name.as_str();
    let value = part.value.as_str();
    if is_tracking(name, value) || of_site(host, name) {
        return Some("tracking-parameter");
    }
    if SESSION_PARAMETERS.contains(&name) || name.starts_with("aspsessionid") {
        return Some("session-parameter");
    }
    if AMP_PARAMETERS.contains(&name) && is_flag(value) {
        return Some("amp-parameter");
    }
    match BY_VALUE
        .iter()
        .find(|(names, shape)| names.contains(&name) && fits(*shape, value, path, host))
    {
        Some((_, Shape::Print(_))) => Some("print-parameter"),
        Some((_, Shape::Amp)) => Some("amp-parameter"),
        Some((_, Shape::Mobile)) => Some("mobile-parameter"),
        Some((_, Shape::Session)) => Some("session-parameter"),
        Some(_) => Some("tracking-parameter"),
        None => None,
    }
}

fn is_tracking(name: &str, value: &str) -> bool {
    TRACKING.binary_search(&name).is_ok()
        || TRACKING_PREFIXES
            .iter()
            .any(|prefix| name.starts_with(prefix) && name.len() > prefix.len())
        || TRACKING_SUFFIXES.iter().any(|suffix| name.ends_with(suffix))
        || (name.ends_with("_source") && (!is_number(value) || value == "0"))
}

fn of_site(host: &str, name: &str) -> bool {
    SITE_PARAMETERS.iter().any(|(site, names)| {
        let on_site = match site.strip_suffix(".*") {
            Some(label) => host.split('.').any(|l| l == label),
            None => host == *site || host.strip_suffix(site).is_some_and(|h| h.ends_with('.')),
        };
        on_site && names.contains(&name)
    })
}

fn fits(shape: Shape, value: &str, path: &str, host: &str) -> bool {
    match shape {
        Shape::NotNumber => !is_number(value),
        Shape::Channel => {
            let lower = value.to_ascii_lowercase();
            lower.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| CHANNELS.contains(&word))
        }
        Shape::Session => is_session(value),
        Shape::Flag | Shape::Print(true) => is_flag(value),
        Shape::Print(false) => {
            matches!(value.to_ascii_lowercase().as_str(), "print" | "printable" | "printer")
        }
        Shape::Number => {
            value.len() >= 5 && is_number(value)
                || value.contains('.') && is_number(&value.replace('.', ""))
        }
        Shape::Amp => value.eq_ignore_ascii_case("amp"),
        Shape::Mobile => {
            matches!(value, "0" | "1") && (host.ends_with(".blogspot.com") || is_blogger_path(path))
        }
        Shape::OneOf(values) => values.contains(&value.to_ascii_lowercase().as_str()),
    }
}

/// Blogger's own address of a post, also under the blog's own domain: `/2022/01/slug.html`.
fn is_blogger_path(path: &str) -> bool {
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    let [year, month, slug] = segments.as_slice() else { return false };
    year.len() == 4
        && is_number(year)
        && month.len() == 2
        && is_number(month)
        && slug.strip_suffix(".html").is_some()
}

fn is_number(value: &str) -> bool {
    !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit())
}

fn is_flag(value: &str) -> bool {
    matches!(value.to_ascii_lowercase().as_str(), "" | "1" | "true" | "yes" | "y" | "on" | "t")
}

/// Long, without spaces, digits and letters mixed, or hexadecimal: no number and no word.
fn is_session(value: &str) -> bool {
    let plain = value.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_$.,~".contains(&b));
    let digit = value.bytes().any(|b| b.is_ascii_digit());
    let letter = value.bytes().any(|b| b.is_ascii_alphabetic());
    let words = value
        .split(['-', '_'])
        .filter(|w| w.len() > 1 && w.bytes().all(|b| b.is_ascii_lowercase()))
        .count();
    value.len() >= 16 && plain && digit && letter && words < 2
}
