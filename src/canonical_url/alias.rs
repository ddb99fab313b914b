//! Whether to believe a page, or a redirect, that names another address as its own.

use url::Url;

use super::{
    CanonicalUrl,
    names::MOBILE_LABELS,
    path::{self, is_digits},
};

/// The claim of `rel=canonical`, `og:url` or a redirect as a further name of `base`, if it can be
/// one: an article's address on the same site, in the same language, on the same page of it. Home
/// and section pages are what broken templates and removed articles point to.
pub fn alias_of(base: &CanonicalUrl, claimed: &Url) -> Option<CanonicalUrl> {
    let claim = CanonicalUrl::parse(claimed.as_str()).ok()?;
    if claim.key == base.key {
        return Some(claim);
    }
    let (from, to) = (Place::of(base)?, Place::of(&claim)?);
    let believed = from.site == to.site
        && from.language_host == to.language_host
        && from.language() == to.language()
        && from.page() == to.page()
        && !to.is_section(&from)
        && !to.is_neighbour(&from);
    believed.then_some(claim)
}

/// The parts of a key that a claim is judged by.
struct Place<'a> {
    site: String,
    language_host: Option<&'a str>,
    segments: Vec<&'a str>,
    query: Vec<(&'a str, &'a str)>,
}

impl<'a> Place<'a> {
    fn of(url: &'a CanonicalUrl) -> Option<Self> {
        let key = url.key.as_str();
        let (host, rest) = key.split_once('/')?;
        let name = host.split(':').next().unwrap_or(host);
        let site = path::site(name);
        let sub = name.strip_suffix(site).unwrap_or_default().trim_end_matches('.');
        let rest = rest.split('#').next().unwrap_or_default();
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        Some(Self {
            site: site.to_owned(),
            language_host: sub.split('.').find(|label| is_language(label)),
            segments: path.split('/').filter(|s| !s.is_empty()).collect(),
            query: query
                .split('&')
                .filter(|p| !p.is_empty())
                .map(|p| p.split_once('=').unwrap_or((p, "")))
                .collect(),
        })
    }

    fn language(&self) -> Option<&str> {
        const NAMES: &[&str] = &["lang", "language", "lng", "hl", "locale"];
        let named =
            self.query.iter().find(|(name, _)| NAMES.contains(&name.to_ascii_lowercase().as_str()));
        named
            .map(|(_, value)| *value)
            .or_else(|| self.segments.first().copied().filter(|segment| is_language(segment)))
    }

    /// The part of a long article, from the query or from `/page/2`.
    fn page(&self) -> Option<&str> {
        const NAMES: &[&str] = &["page", "paged", "part", "pg", "pagen_1"];
        let number = |s: &str| s.len() <= 3 && is_digits(s);
        let named = self.query.iter().find(|(name, value)| {
            NAMES.contains(&name.to_ascii_lowercase().as_str()) && number(value)
        });
        let in_path = self.segments.windows(2).find_map(|pair| match pair {
            ["page", n] if number(n) => Some(*n),
            _ => None,
        });
        named.map(|(_, value)| *value).or(in_path).filter(|n| *n != "1")
    }

    /// Home pages, sections, tags, searches, error pages and whatever lies above `from`.
    fn is_section(&self, from: &Self) -> bool {
        const SECTIONS: &[&str] = &[
            "404",
            "error",
            "errors",
            "notfound",
            "not-found",
            "login",
            "signin",
            "subscribe",
            "search",
            "tag",
            "tags",
            "category",
            "categories",
            "rubric",
            "author",
            "authors",
            "topic",
            "topics",
            "archive",
            "home",
            "index",
            "main",
            "consent",
            "paywall",
            "register",
        ];
        let listing = self.segments.len() <= 2
            && self
                .segments
                .first()
                .is_some_and(|s| SECTIONS.contains(&s.to_ascii_lowercase().as_str()));
        let above = self.segments.len() < from.segments.len()
            && self.segments.iter().zip(&from.segments).all(|(a, b)| a == b)
            && self.query.is_empty();
        // `show.php?id=5` that claims `show.php` has lost what told it from the others.
        let lost = self.segments == from.segments
            && self.query.is_empty()
            && !from.query.is_empty()
            && !path::names_an_article(&self.segments);
        let unnamed = !path::names_an_article(&self.segments)
            && !self.query.iter().any(|(_, value)| value.bytes().any(|b| b.is_ascii_digit()))
            && (path::names_an_article(&from.segments) || self.segments.len() < 2);
        listing || above || lost || unnamed
    }

    /// The same address but for a number: the next article, not another name of this one.
    fn is_neighbour(&self, from: &Self) -> bool {
        let shape = |text: &str| -> String {
            let mut shape = String::new();
            for c in text.chars() {
                let c = if c.is_ascii_digit() { '0' } else { c };
                if c != '0' || !shape.ends_with('0') {
                    shape.push(c);
                }
            }
            shape
        };
        let address = |place: &Self| {
            let query: Vec<String> = place.query.iter().map(|(n, v)| format!("{n}={v}")).collect();
            format!("{}?{}", place.segments.join("/"), query.join("&"))
        };
        let (a, b) = (address(self), address(from));
        a != b && shape(&a) == shape(&b)
    }
}

/// ISO 639 codes and what sites of many languages use instead; `kz` and `ua` are countries by name.
fn is_language(label: &str) -> bool {
    const LANGUAGES: &[&str] = &[
        "ar", "arm", "az", "aze", "be", "bel", "bg", "bn", "bs", "ca", "ch", "cn", "cs", "cz",
        "da", "de", "el", "en", "eng", "es", "est", "et", "fa", "fi", "fr", "ge", "geo", "he",
        "hi", "hr", "hu", "hy", "id", "it", "ja", "jp", "ka", "kaz", "kg", "kir", "kk", "ko", "kr",
        "ky", "kz", "lat", "lt", "lv", "mk", "mn", "ms", "nl", "no", "ps", "pl", "pt", "qaz", "ro",
        "ru", "rus", "sk", "sl", "sq", "sr", "sv", "tg", "th", "tj", "tk", "tm", "tr", "tt", "ua",
        "uk", "ur", "uz", "uzb", "vi", "zh", "zh-cn", "zh-tw", "zh-hans", "zh-hant", "pt-br",
        "en-us", "en-gb", "es-mx", "kyr", "taj", "tur", "fra", "deu", "mundo", "oz",
    ];
    let label = label.to_ascii_lowercase();
    !MOBILE_LABELS.contains(&label.as_str()) && LANGUAGES.contains(&label.as_str())
}
