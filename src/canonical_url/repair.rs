//! Addresses as feeds and pages really write them, mended until they parse.

use url::Url;

use super::{PASSES, Rules, percent};

/// Reads an absolute address, and mends it again until nothing changes, so that what is stored
/// reads as itself. The error is a reason in words.
pub(super) fn absolute(address: &str, rules: &mut Rules) -> Result<Url, String> {
    let mut text = address.to_owned();
    let mut url = once(&text, rules)?;
    for _ in 0..PASSES {
        if url.as_str() == text {
            break;
        }
        text = url.into();
        url = once(&text, rules)?;
    }
    Ok(url)
}

fn once(address: &str, rules: &mut Rules) -> Result<Url, String> {
    let tidied = tidy(address, rules);
    let text = joined_query(scheme(&tidied, rules), rules);
    let url = check(Url::parse(&text).map_err(|e| e.to_string())?)?;
    let bare = !tidied.starts_with("//") && !names_a_scheme(&tidied.to_ascii_lowercase());
    if bare && !looks_like_a_host(url.host_str().unwrap_or_default()) {
        return Err("it has neither scheme nor host".to_owned());
    }
    Ok(url)
}

/// Reads an address found on the page `base`.
pub(super) fn relative(base: &Url, address: &str, rules: &mut Rules) -> Result<Url, String> {
    let mut text = tidy(address, rules);
    // `//https://host/`: the scheme was put behind the mark of an address without one.
    if let Some(rest) = text.strip_prefix("//")
        && scheme_at(&rest.to_ascii_lowercase()).is_some()
    {
        rules.add("repaired-scheme");
        text = rest.to_owned();
    }
    let lower = text.to_ascii_lowercase();
    let text = if names_a_scheme(&lower) {
        scheme(&text, rules)
    } else if names_the_host(base, &lower) {
        rules.add("repaired-scheme");
        format!("{}://{text}", base.scheme())
    } else {
        let url = check(base.join(&text).map_err(|e| e.to_string())?)?;
        return absolute(url.as_str(), rules);
    };
    let url = check(Url::parse(&joined_query(text, rules)).map_err(|e| e.to_string())?)?;
    absolute(url.as_str(), rules)
}

fn check(url: Url) -> Result<Url, String> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("{} is not http or https", url.scheme()));
    }
    match url.host_str() {
        None | Some("") => Err("it has no host".to_owned()),
        Some(host) if !is_a_name(host) => Err(format!("{host:?} is no host")),
        Some(_) => Ok(url),
    }
}

/// Whether a host is made of letters, digits and hyphens, without an empty label, or is an address.
pub(super) fn is_a_name(host: &str) -> bool {
    if host.starts_with('[') {
        return true;
    }
    let host = host.strip_suffix('.').unwrap_or(host);
    let letter = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    host.split('.').all(|label| !label.is_empty() && label.bytes().all(letter))
}

/// Without a scheme a word or a file name could pass for a host.
fn looks_like_a_host(name: &str) -> bool {
    const FILES: &[&str] =
        &["html", "htm", "shtml", "php", "asp", "aspx", "jsp", "xml", "pdf", "jpg", "png"];
    match name.trim_end_matches('.').rsplit_once('.') {
        Some((_, last)) => !FILES.contains(&last),
        None => name == "localhost",
    }
}

/// White space, quotes and brackets around it, entities in it, unfilled templates behind it.
fn tidy(address: &str, rules: &mut Rules) -> String {
    let mut text = address.to_owned();
    let noise = |c: char| {
        c.is_whitespace() && c != '\u{85}'
            || c.is_ascii_control()
            || matches!(c, '\u{feff}' | '\u{200b}'..='\u{200f}')
    };
    let trimmed = text.trim_matches(noise);
    if trimmed.len() != text.len() {
        rules.add("white-space");
        text = trimmed.to_owned();
    }
    if let Some(decoded) = without_entities(&text) {
        rules.add("html-entities");
        text = decoded;
    }
    // As RFC 1738 once advised to write an address in a text.
    if text.get(..4).is_some_and(|head| head.eq_ignore_ascii_case("url:"))
        && let Some(rest) = text.get(4..).map(str::trim_start)
        && scheme_at(&rest.to_ascii_lowercase()).is_some()
    {
        rules.add("repaired-scheme");
        text = rest.to_owned();
    }
    let opened = text.trim_start_matches(['"', '\'', '<', '(', '[', '«', '“', '‘']);
    let quoted = opened.len() != text.len();
    let mut rest = opened;
    for _ in 0..PASSES {
        let shorter = without_stray_end(rest, quoted);
        if shorter.len() == rest.len() {
            break;
        }
        rest = shorter;
    }
    if rest.len() != text.len() {
        rules.add("stray-characters");
        text = rest.to_owned();
    }
    if let Some(plain) = disguised(&text) {
        rules.add("repaired-scheme");
        text = plain;
    }
    text
}

/// An address escaped as a whole, typed in full width, or written so that nobody follows it by
/// mistake: `hxxps://example[.]kz/`.
fn disguised(text: &str) -> Option<String> {
    let lower = text.get(..14).unwrap_or(text).to_ascii_lowercase();
    if lower.starts_with("http%3a%2f%2f") || lower.starts_with("https%3a%2f%2f") {
        return Some(percent::plain(text));
    }
    let host = text.find("//").map_or(0, |at| at + 2);
    let end = text.get(host..).unwrap_or_default().find('/').map_or(text.len(), |at| host + at);
    let (head, tail) = text.split_at_checked(end)?;
    if !head.contains(['[', '(', '：', '／']) {
        return None;
    }
    let plain = head.replace("[.]", ".").replace("(.)", ".").replace("[:]", ":");
    let plain = plain.replacen('：', ":", 1).replacen("／／", "//", 1);
    (plain != head).then(|| plain + tail)
}

/// A query may end in anything; behind a path a quotation mark is the sentence's, and a closing
/// bracket that nothing opens.
fn without_stray_end(text: &str, quoted: bool) -> &str {
    const QUOTES: [char; 8] = ['"', '<', '>', '»', '”', '’', '“', '`'];
    const BRACKETS: [(char, char, &str); 3] =
        [(')', '(', "%28"), (']', '[', "%5b"), ('}', '{', "%7b")];
    let is_query = text.contains('?') && !quoted;
    // What is taken off opens nothing, so that what opens something can be asked for but once.
    let opens = |(_, open, escaped): (char, char, &str)| {
        text.contains(open)
            || text.contains(escaped)
            || text.contains(escaped.to_ascii_uppercase().as_str())
    };
    let closes = text.contains([')', ']', '}']);
    let opened = BRACKETS.map(|bracket| closes && opens(bracket));
    let is_stray = |c: char| {
        let alone = |((close, ..), opened): (&(char, _, _), bool)| *close == c && !opened;
        QUOTES.contains(&c) || quoted && c == '\'' || BRACKETS.iter().zip(opened).any(alone)
    };
    let mut rest = text;
    loop {
        let before = rest.len();
        rest = rest.trim_end_matches('&');
        if !is_query {
            // Behind a bracket or a quotation mark a full stop is the sentence's, too.
            let stem = rest.trim_end_matches(['.', ',', ';', ':', '!']);
            let shorter = stem.trim_end_matches(is_stray);
            rest =
                if shorter.len() < stem.len() { shorter } else { rest.trim_end_matches(is_stray) };
        }
        if rest.len() == before {
            return without_template(rest);
        }
    }
}

/// `…/{user_name}` and `…/{{slug}}`: a template that nobody filled in.
fn without_template(text: &str) -> &str {
    if !text.ends_with('}') {
        return text;
    }
    let Some((before, last)) = text.rsplit_once('/') else { return text };
    let template = last.starts_with('{');
    if template && before.contains("://") && !before.contains(['?', '#']) { before } else { text }
}

/// Undoes references, also where the ampersand of one was escaped time and again: `&amp;amp;quot;`.
fn without_entities(text: &str) -> Option<String> {
    const AMPERSANDS: [&str; 6] = ["amp;", "AMP;", "#38;", "#038;", "#x26;", "#X26;"];
    const OTHERS: [(&str, char); 11] = [
        ("#x2F;", '/'),
        ("#47;", '/'),
        ("#x3D;", '='),
        ("#61;", '='),
        ("equals;", '='),
        ("quot;", '"'),
        ("#34;", '"'),
        ("lt;", '<'),
        ("gt;", '>'),
        ("nbsp;", '\u{a0}'),
        ("#160;", '\u{a0}'),
    ];
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('&') {
        out.push_str(before);
        rest = behind;
        while let Some(behind) = AMPERSANDS.iter().find_map(|name| rest.strip_prefix(name)) {
            rest = behind;
        }
        let other = OTHERS.iter().find_map(|(name, c)| Some((rest.strip_prefix(name)?, *c)));
        let (behind, c) = other.unwrap_or((rest, '&'));
        out.push(c);
        rest = behind;
    }
    out.push_str(rest);
    (out.len() < text.len()).then_some(out)
}

/// Gives the text exactly one scheme.
fn scheme(text: &str, rules: &mut Rules) -> String {
    let mut rest = text;
    let mut secure = None;
    loop {
        let lower = rest.to_ascii_lowercase();
        let Some((length, found)) = scheme_at(&lower) else { break };
        // Behind the first scheme only an unmistakable second one counts: `http://http.example/`.
        let plain = lower.get(..length).is_some_and(|s| s.contains("//"));
        if secure.is_some() && !plain {
            break;
        }
        let exact = matches!(lower.get(..length), Some("http://" | "https://"));
        if secure.is_some() || !exact {
            rules.add("repaired-scheme");
        }
        secure = found.or(secure).or(Some(true));
        rest = rest.get(length..).unwrap_or_default();
    }
    let rest = rest.trim_start_matches(|c: char| c.is_whitespace() || "/\\:".contains(c));
    match secure {
        Some(true) => format!("https://{rest}"),
        Some(false) => format!("http://{rest}"),
        None if names_a_scheme(&text.to_ascii_lowercase()) => text.to_owned(),
        None => {
            rules.add("repaired-scheme");
            format!("https://{rest}")
        }
    }
}

/// The length of a scheme, right or misspelt, at the head of `lower`, and whether it is https.
fn scheme_at(lower: &str) -> Option<(usize, Option<bool>)> {
    const FORMS: &[(&str, Option<bool>)] = &[
        ("view-source:", None),
        ("feed://", None),
        ("feed:", None),
        ("https", Some(true)),
        ("hxxps", Some(true)),
        ("htttps", Some(true)),
        ("htps", Some(true)),
        ("ttps", Some(true)),
        ("http", Some(false)),
        ("hxxp", Some(false)),
        ("htttp", Some(false)),
        ("htp", Some(false)),
        ("ttp", Some(false)),
    ];
    for (form, secure) in FORMS {
        let Some(rest) = lower.strip_prefix(form) else { continue };
        if secure.is_none() {
            return Some((form.len(), *secure));
        }
        let marks = rest.len() - rest.trim_start_matches([':', ';', '/', '\\']).len();
        let mark = rest.get(..marks).unwrap_or_default();
        if mark.contains(':') || mark.contains(';') || mark.starts_with("//") {
            return Some((form.len() + marks, *secure));
        }
    }
    None
}

/// Whether a scheme opens the address, be it one that we cannot fetch (`mailto:`). A host with a
/// port is none: `example.com:8080`.
fn names_a_scheme(lower: &str) -> bool {
    if scheme_at(lower).is_some() {
        return true;
    }
    let Some((name, rest)) = lower.split_once(':') else { return false };
    let word = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "+-".contains(c));
    word && !rest.starts_with(|c: char| c.is_ascii_digit())
}

/// Whether a relative-looking address opens with a host: `www.example.kz/news/1`, or the name of
/// the page's own site.
fn names_the_host(base: &Url, lower: &str) -> bool {
    let first = lower.split(['/', '?', '#', ':']).next().unwrap_or_default();
    let host = base.host_str().unwrap_or_default();
    let plain = |name: &str| name.strip_prefix("www.").unwrap_or(name).to_owned();
    let www = first.starts_with("www.") && first.matches('.').count() >= 2;
    www || (first.contains('.') && plain(first) == plain(host))
}

/// `http://example.com&a=1`: the question mark was lost.
fn joined_query(text: String, rules: &mut Rules) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text };
    let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    let (host, tail) = rest.split_at(end);
    if !tail.starts_with('?')
        && let Some((host, query)) = host.split_once('&')
    {
        rules.add("repaired-query");
        return format!("{scheme}://{host}/?{query}{tail}");
    }
    text
}
