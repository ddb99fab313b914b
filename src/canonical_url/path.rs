//! The host and the path of a key.

use super::{
    Rules,
    names::{AMP_FOR, BLOG_PLATFORMS, INDEX_FILES, MOBILE_LABELS, SAME_SITES, SESSION_PARAMETERS},
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

/// Whether `host` is `site` or below it; `google.*` is Google under any suffix.
pub(super) fn under(host: &str, site: &str) -> bool {
    match site.strip_suffix(".*") {
        // The list of suffixes is asked only about a host that has the label.
        Some(label) => {
            host.split('.').any(|own| own == label)
                && psl::domain_str(host).unwrap_or(host).split('.').next() == Some(label)
        }
        None => host.strip_suffix(site).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')),
    }
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
pub(super) fn path(path: &str, host: &str, rules: &mut Rules) -> String {
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
    without_white_space(&mut segments, rules);
    if empties > u32::from(trailing || path == "/") {
        rules.add("duplicate-slashes");
    }
    if trailing && !segments.is_empty() {
        rules.add("trailing-slash");
    }
    without_session(&mut segments, rules);
    without_site_name(&mut segments, host, rules);
    without_presentation(&mut segments, host, rules);
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

/// White space that was escaped along with the address it stood behind.
fn without_white_space(segments: &mut Vec<String>, rules: &mut Rules) {
    const SPACES: [&str; 5] = ["%20", "%0A", "%0D", "%09", "%C2%A0"];
    let Some(last) = segments.last_mut().filter(|last| last.contains('%')) else { return };
    while let Some(shorter) = SPACES.iter().find_map(|space| Some(last.strip_suffix(space)?.len()))
    {
        last.truncate(shorter);
        rules.add("white-space");
    }
    if last.is_empty() {
        segments.pop();
    }
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

/// `amp.example.com/example/2022/…`: a host for the AMP form of several sites names them again.
fn without_site_name(segments: &mut Vec<String>, host: &str, rules: &mut Rules) {
    let own = |first: &String| site(host).split('.').next() == Some(first.as_str());
    if host.starts_with("amp.") && segments.len() > 2 && segments.first().is_some_and(own) {
        segments.remove(0);
        rules.add("amp-path");
    }
}

/// AMP and print forms, only where what is left still names an article: `/tag/amp` is a tag.
fn without_presentation(segments: &mut Vec<String>, host: &str, rules: &mut Rules) {
    // WordPress: further comments on the same article.
    let comments = segments.last().and_then(|last| last.strip_prefix("comment-page-"));
    if segments.len() > 1 && comments.is_some_and(is_digits) {
        segments.pop();
        rules.add("comment-page");
    }
    without_word_for_article(segments, host, rules);
    if let Some((plain, rule)) = segments.last().and_then(|last| without_mark(last)) {
        segments.pop();
        segments.push(plain);
        rules.add(rule);
    }
    // Two publishing systems name the AMP form of their pages so: `/amp_articleshow/88730123.cms`,
    // `/amp_liveblog/…`, and `articleViewAmp.html`.
    let is_cms = segments.last().and_then(|last| last.strip_suffix(".cms")).is_some_and(is_digits);
    if is_cms
        && let [.., form, _] = segments.as_mut_slice()
        && let Some(plain) = form.strip_prefix("amp_")
    {
        *form = plain.to_owned();
        rules.add("amp-path");
    }
    if let Some(last) = segments.last_mut().filter(|last| *last == "articleViewAmp.html") {
        "articleView.html".clone_into(last);
        rules.add("amp-path");
    }
    without_amp_segment(segments, rules);
    let is_print = |s: &String| s.eq_ignore_ascii_case("print");
    let last_is = |form: &str| segments.last().is_some_and(|s| s.eq_ignore_ascii_case(form));
    // A page for slow lines behind an article's own address.
    let lite = last_is("lite");
    if lite || last_is("print") || segments.first().is_some_and(is_print) {
        let form = |s: &String| is_print(s) || lite && s.eq_ignore_ascii_case("lite");
        let rest: Vec<&String> = segments.iter().filter(|s| !form(s)).collect();
        let numbered = |s: &&String| s.bytes().filter(u8::is_ascii_digit).count() >= 4;
        let article = if lite { rest.iter().any(numbered) } else { names_an_article(&rest) };
        if article && !ends_in_a_date(&rest) {
            *segments = rest.into_iter().cloned().collect();
            rules.add(if lite { "lite-path" } else { "print-path" });
        }
    }
}

/// `amp` may stand for a word that says no more than "article". The publishing system of RFE/RL and
/// VOA has `/amp/a-slug/31643123.html` for `/a/a-slug/31643123.html`, whoever's site it is; of others
/// the word must be known, since `/news/1` and `/doc/1` may be two articles.
fn without_word_for_article(segments: &mut Vec<String>, host: &str, rules: &mut Rules) {
    let Some((first, rest)) = segments.split_first_mut() else { return };
    let is_amp = first.eq_ignore_ascii_case("amp");
    if (is_amp || first == "a")
        && let [last] | [_, last] = &*rest
        && let Some(id) = last.strip_suffix(".html")
        && is_digits(id)
        && id.len() >= 6
    {
        rules.add(if is_amp { "amp-path" } else { "article-path" });
        segments.remove(0);
    } else if is_amp
        && !rest.is_empty()
        && let Some((_, word)) = AMP_FOR.iter().find(|(site, _)| under(host, site))
    {
        rules.add("amp-path");
        (*word).clone_into(first);
    }
}

fn without_amp_segment(segments: &mut Vec<String>, rules: &mut Rules) {
    let is_amp =
        |s: &str| ["amp", "amp.html", "amphtml"].iter().any(|form| s.eq_ignore_ascii_case(form));
    // The first page of the AMP form, behind an article with a number.
    if let [.., article, amp, one] = segments.as_slice()
        && is_amp(amp)
        && one == "1"
        && ends_in_an_id(article)
    {
        segments.truncate(segments.len().saturating_sub(2));
        rules.add("amp-path");
    }
    // Another publishing system puts the number behind: `/a-slug/amp-11641450000.html`.
    if let [.., slug, last] = segments.as_slice()
        && slug.contains('-')
        && let Some(id) = last.strip_prefix("amp-")
        && id.strip_suffix(".html").is_some_and(|id| id.len() >= 8 && ends_in_an_id(id))
    {
        let joined = format!("{slug}-{id}");
        segments.truncate(segments.len().saturating_sub(2));
        segments.push(joined);
        rules.add("amp-path");
    }
    // What goes with the word: Globo's `/google/amp/`, and `/amp/story/` of the publishing system
    // Quintype, whose articles stand under their section.
    let with = match segments.as_slice() {
        [google, amp, _, ..] if google == "google" && is_amp(amp) => 2,
        [amp, story, section, _, ..]
            if is_amp(amp)
                && story == "story"
                && section.bytes().all(|b| b.is_ascii_alphabetic() || b == b'-') =>
        {
            2
        }
        _ => 0,
    };
    let tail = segments.get(with..).unwrap_or_default();
    let rest: Vec<&String> = tail.iter().filter(|s| !is_amp(s)).collect();
    let last = segments.last().is_some_and(|s| is_amp(s));
    // A form of a page follows its name; few sections are called by two words.
    let slug = rest.last().is_some_and(|last| last.contains('-'));
    let number = last && rest.len() > 1 && rest.last().is_some_and(|s| is_digits(s));
    // And so does a code of letters and digits, before which it stands: `/article/amp/idUSKBN2JG0I3`.
    let code = |s: &&String| s.len() >= 8 && s.bytes().any(|b| b.is_ascii_digit());
    let code = !last && rest.last().is_some_and(code);
    let is_subject = |s: &String| matches!(s.as_str(), "tag" | "tags" | "topic" | "topics");
    if segments.windows(2).any(|pair| matches!(pair, [a, b] if is_subject(a) && is_amp(b))) {
        return;
    }
    if rest.len() != segments.len()
        && (slug || number || code || names_an_article(&rest))
        && !(last && ends_in_a_date(&rest))
    {
        *segments = rest.into_iter().cloned().collect();
        rules.add("amp-path");
    }
}

/// A last segment without the mark of its printed form, `a~print.html`, or of its AMP form: `1.amp`,
/// `1.amp.html`, `a~amp.html`, `a!amp`, and, since an amplifier is called an amp, `-amp` and `_amp` only
/// behind a number or a hash. And the rule.
fn without_mark(last: &str) -> Option<(String, &'static str)> {
    let lower = last.to_ascii_lowercase();
    let file = [".html", ".htm"].into_iter().find(|end| lower.ends_with(end)).unwrap_or_default();
    let (stem, extension) = last.split_at_checked(last.len().saturating_sub(file.len()))?;
    if let Some(plain) = stem.strip_suffix("~print").filter(|plain| !plain.is_empty()) {
        return Some((format!("{plain}{extension}"), "print-path"));
    }
    let plain = stem.get(..stem.len().saturating_sub(4))?;
    let mark = stem.get(plain.len()..)?.to_ascii_lowercase();
    let marked = match mark.as_str() {
        ".amp" | "~amp" | "!amp" => true,
        "-amp" => ends_in_an_id(plain),
        "_amp" => !file.is_empty() && plain.split(['-', '_']).any(ends_in_an_id),
        _ => false,
    };
    (marked && plain.len() > 1).then(|| (format!("{plain}{extension}"), "amp-path"))
}

/// Whether its last word is a number of five digits or more, or a hash of eight hexadecimal ones.
fn ends_in_an_id(segment: &str) -> bool {
    let stem = segment.split('.').next().unwrap_or(segment);
    let word = stem.rsplit(['-', '_']).next().unwrap_or(stem);
    let number = word.len() >= 5 && is_digits(word);
    let hash = word.len() >= 8
        && word.bytes().all(|b| b.is_ascii_hexdigit())
        && word.bytes().any(|b| b.is_ascii_digit());
    number || hash
}

/// Whether nothing follows a day, a month or a year: below it `amp` is the name of an article.
fn ends_in_a_date(segments: &[&String]) -> bool {
    let is_year = |s: &str| s.len() == 4 && is_digits(s);
    let is_part = |s: &str| s.len() <= 2 && is_digits(s);
    match segments {
        [year] => is_year(year),
        [.., year, month] if is_year(year) => is_part(month),
        [.., year, month, day] => is_year(year) && is_part(month) && is_part(day),
        _ => false,
    }
}

pub(super) fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
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
