//! The host and the path of a key.

use super::{
    Rules,
    names::{BLOG_PLATFORMS, INDEX_FILES, MOBILE_LABELS, SAME_SITES, SESSION_PARAMETERS},
    percent,
};

/// Characters whose escape in a path means something else than they do themselves.
const KEPT: &[u8] = b"/?#\\;=+";

/// Drops the labels that only choose a presentation. A label that names a language or a section
/// (`kz.`, `ru.`, `news.`) is another page and stays.
pub(super) fn host(host: &str, rules: &mut Rules) -> String {
    let name = host.trim_end_matches('.');
    if name.len() != host.len() {
        rules.add("trailing-dot");
    }
    if name.starts_with('[') || name.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return name.to_owned();
    }
    let mut labels: Vec<&str> = name.split('.').collect();
    while labels.len() > 2 && labels.first().is_some_and(|label| is_www(label)) {
        labels.remove(0);
        rules.add("www");
    }
    let bare = labels.join(".");
    let own = site(&bare).split('.').count();
    let mut kept: Vec<&str> = Vec::with_capacity(labels.len());
    let sub = labels.len().saturating_sub(own);
    for (place, label) in labels.iter().enumerate() {
        if place < sub && MOBILE_LABELS.contains(label) {
            rules.add(if *label == "amp" { "amp-host" } else { "mobile-host" });
        } else {
            kept.push(label);
        }
    }
    while kept.len() > 2 && kept.first().is_some_and(|label| is_www(label)) {
        kept.remove(0);
        rules.add("www");
    }
    same_site(kept.join("."), rules)
}

/// The part of a host below which one publisher writes: the registrable domain, or on a platform
/// for blogs the blog's own name.
pub(super) fn site(host: &str) -> &str {
    let domain = psl::domain_str(host).unwrap_or(host);
    if BLOG_PLATFORMS.contains(&domain) {
        let sub = host.len().saturating_sub(domain.len() + 1);
        let start = host.get(..sub).and_then(|s| s.rfind('.')).map_or(0, |dot| dot + 1);
        return host.get(start..).unwrap_or(host);
    }
    domain
}

/// `www`, `www2`, `www34`.
fn is_www(label: &str) -> bool {
    label.strip_prefix("www").is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit()))
}

/// Hosts that are one site under two names.
fn same_site(host: String, rules: &mut Rules) -> String {
    // Blogger serves every blog under the suffix of the reader's country.
    if let Some((blog, country)) = host.split_once(".blogspot.")
        && !blog.contains('.')
        && country != "com"
    {
        rules.add("blogspot-country");
        return format!("{blog}.blogspot.com");
    }
    match SAME_SITES.iter().find(|(name, _)| *name == host) {
        Some((_, site)) => {
            rules.add("host-alias");
            (*site).to_owned()
        }
        None => host,
    }
}

/// The path of a key: `/`, or segments without a slash behind the last.
pub(super) fn path(path: &str, rules: &mut Rules) -> String {
    let mut segments: Vec<String> = Vec::new();
    let mut empties = 0_u32;
    for segment in path.split('/').skip(1) {
        // An address inside a path keeps its two slashes.
        let inside = segments.last().is_some_and(|s| matches!(s.as_str(), "http:" | "https:"));
        if segment.is_empty() && !inside {
            empties += 1;
        } else {
            segments.push(percent::canonical(segment, KEPT));
        }
    }
    let trailing = path.len() > 1 && path.ends_with('/');
    if segments.last().is_some_and(String::is_empty) {
        segments.pop();
        empties += 1;
    }
    if empties > u32::from(trailing || path == "/") {
        rules.add("duplicate-slashes");
    }
    if trailing && !segments.is_empty() {
        rules.add("trailing-slash");
    }
    without_session(&mut segments, rules);
    without_presentation(&mut segments, rules);
    let index =
        segments.last().is_some_and(|s| INDEX_FILES.contains(&s.to_ascii_lowercase().as_str()));
    if index {
        segments.pop();
        rules.add("index-file");
    }
    let key = format!("/{}", segments.join("/"));
    if key != path && rules.0.is_empty() {
        rules.add("path-encoding");
    }
    key
}

/// `;jsessionid=…` behind a segment, and the `(S(…))` segment of a session without cookies.
fn without_session(segments: &mut Vec<String>, rules: &mut Rules) {
    let before = segments.len();
    segments.retain(|segment| !is_cookieless_session(segment));
    let mut found = segments.len() != before;
    for segment in segments.iter_mut() {
        let Some((name, parameters)) = segment.split_once(';') else { continue };
        let kept: Vec<&str> = parameters
            .split(';')
            .filter(|p| {
                let parameter = p.split('=').next().unwrap_or_default().to_ascii_lowercase();
                !SESSION_PARAMETERS.contains(&parameter.as_str())
            })
            .collect();
        if kept.len() != parameters.split(';').count() {
            found = true;
            *segment = [&[name], kept.as_slice()].concat().join(";");
        }
    }
    segments.retain(|segment| !segment.is_empty());
    if found {
        rules.add("session-path");
    }
}

/// ASP.NET writes `(S(id))`, or several such groups in one pair of parentheses, or the bare id.
fn is_cookieless_session(segment: &str) -> bool {
    let Some(inner) = segment.strip_prefix('(').and_then(|s| s.strip_suffix(')')) else {
        return false;
    };
    let is_id = |id: &str| {
        id.len() >= 15 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    if is_id(inner) {
        return inner.len() == 24;
    }
    let mut groups = inner.split(')').filter(|group| !group.is_empty()).peekable();
    groups.peek().is_some()
        && inner.ends_with(')')
        && groups.all(|group| {
            group.split_once('(').is_some_and(|(kind, id)| {
                kind.len() == 1 && (is_id(id) || (kind.eq_ignore_ascii_case("x") && id == "1"))
            })
        })
}

/// AMP and print forms, only where what is left still names an article: `/tag/amp` is a tag.
fn without_presentation(segments: &mut Vec<String>, rules: &mut Rules) {
    let stem = |last: &str| {
        let lower = last.to_ascii_lowercase();
        if let Some(plain) = lower.strip_suffix(".amp") {
            return last.get(..plain.len()).map(str::to_owned);
        }
        [".amp.html", ".amp.htm"].iter().any(|end| lower.ends_with(end)).then(|| {
            let (name, extension) = last.rsplit_once('.').unwrap_or((last, ""));
            format!("{}.{extension}", name.get(..name.len() - 4).unwrap_or(name))
        })
    };
    if let Some(last) = segments.last_mut()
        && let Some(plain) = stem(last).filter(|plain| plain.len() > 1)
    {
        *last = plain;
        rules.add("amp-path");
    }
    for segment in segments.iter_mut() {
        // Two publishing systems name the AMP form of their article page so.
        let plain = match segment.as_str() {
            "amp_articleshow" => "articleshow",
            "articleViewAmp.html" => "articleView.html",
            _ => continue,
        };
        plain.clone_into(segment);
        rules.add("amp-path");
    }
    let is_amp =
        |s: &str| matches!(s.to_ascii_lowercase().as_str(), "amp" | "amp.html" | "amphtml");
    let rest: Vec<&String> = segments.iter().filter(|s| !is_amp(s)).collect();
    // A form of a page follows its name; few sections are called by two words.
    let slug = rest.last().is_some_and(|last| last.contains('-'));
    if rest.len() != segments.len() && (slug || names_an_article(&rest)) {
        segments.retain(|s| !is_amp(s));
        rules.add("amp-path");
    }
    let is_print = |s: &String| s.eq_ignore_ascii_case("print");
    let at_end = segments.last().is_some_and(is_print);
    let at_head = segments.first().is_some_and(is_print);
    if at_end || at_head {
        let rest: Vec<&String> = segments.iter().filter(|s| !is_print(s)).collect();
        if names_an_article(&rest) {
            segments.retain(|s| !is_print(s));
            rules.add("print-path");
        }
    }
}

/// Whether the segments name one article rather than a section, a tag or a home page: a number, a
/// date, a slug of several words, or a document's file name.
pub(super) fn names_an_article(segments: &[impl AsRef<str>]) -> bool {
    let Some(last) = segments.last() else { return false };
    let last = last.as_ref().to_ascii_lowercase();
    let digits = |s: &str| s.split(|c: char| !c.is_ascii_digit()).any(|run| run.len() >= 4);
    let plain = percent::plain(&last);
    let words = plain.split(['-', '_']).filter(|w| !w.is_empty()).count();
    let file = [".html", ".htm", ".shtml"].iter().any(|end| last.ends_with(end));
    segments.iter().any(|s| digits(s.as_ref()) && !s.as_ref().contains('%'))
        || digits(&plain)
        || words >= 3
        || (words == 2 && (!plain.is_ascii() || plain.bytes().any(|b| b.is_ascii_digit())))
        || file
}
