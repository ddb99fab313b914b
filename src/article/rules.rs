//! `config/sites/<host>.toml`: how to read the pages of one site.

use std::ops::Range;

use jiff::tz::TimeZone;
use scraper::{Html, Selector};
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use url::Url;

use super::dom;
use crate::{fault::Fault, text};

/// How to read the pages of one site: `config/sites/<host>.toml`, compiled.
#[derive(Debug, Clone, Default)]
pub struct SiteRules {
    /// The host the rules are for; its subdomains are meant too.
    pub host: String,
    /// The zone of dates that name none.
    pub zone: Option<TimeZone>,
    /// BCP 47.
    pub language: Option<String>,
    /// The first selector that matches wins; all its matches are the text.
    pub body: Vec<Selector>,
    pub title: Vec<Selector>,
    pub authors: Vec<Selector>,
    pub published: Vec<Selector>,
    /// Elements that are no part of the text, inside or outside of `body`.
    pub remove: Vec<Selector>,
    /// The link to the next part of an article in parts: the crawl joins them.
    pub next_page: Vec<Selector>,
    /// The file as it is written: what crosses a pipe in place of the compiled rules.
    pub text: String,
}

const KEYS: [&str; 9] =
    ["host", "zone", "language", "body", "title", "authors", "published", "remove", "next_page"];

impl SiteRules {
    /// Reads a file's text, or tells all its faults.
    ///
    /// # Errors
    /// Every fault of the file with its place: a misspelt key, a wrong type, a selector that does
    /// not compile, a zone that does not exist.
    pub fn parse(toml_text: &str) -> Result<Self, Vec<Fault>> {
        let (table, errors) = DeTable::parse_recoverable(toml_text);
        let mut faults: Vec<Fault> = errors
            .into_iter()
            .map(|error| Fault {
                span: error.span().unwrap_or(0..0),
                message: error.message().to_owned(),
                help: None,
            })
            .collect();
        let mut rules = Self { text: toml_text.to_owned(), ..Self::default() };
        for (key, value) in table.get_ref() {
            rules.set(key, value, &mut faults);
        }
        if rules.host.is_empty() && !table.get_ref().contains_key("host") {
            faults.push(Fault {
                span: 0..0,
                message: "`host` is missing".to_owned(),
                help: Some("write `host = \"example.org\"`".to_owned()),
            });
        }
        faults.sort_by_key(|fault| fault.span.start);
        if faults.is_empty() { Ok(rules) } else { Err(faults) }
    }

    /// Where an article in parts goes on.
    pub(super) fn next_page_of(&self, html: &Html, page: &Url) -> Option<Url> {
        let mut links = self.next_page.iter().flat_map(|selector| html.select(selector));
        let mut here = page.clone();
        here.set_fragment(None);
        links.find_map(|link| {
            let mut next = page.join(dom::attr(link.value(), "href")?).ok()?;
            next.set_fragment(None);
            (next != here && matches!(next.scheme(), "http" | "https")).then_some(next)
        })
    }

    fn set(
        &mut self,
        key: &Spanned<std::borrow::Cow<'_, str>>,
        value: &Spanned<DeValue<'_>>,
        faults: &mut Vec<Fault>,
    ) {
        match key.get_ref().as_ref() {
            "host" => self.host = host(value, faults).unwrap_or_default(),
            "zone" => self.zone = zone(value, faults),
            "language" => self.language = language(value, faults),
            "body" => self.body = selectors(value, faults),
            "title" => self.title = selectors(value, faults),
            "authors" => self.authors = selectors(value, faults),
            "published" => self.published = selectors(value, faults),
            "remove" => self.remove = selectors(value, faults),
            "next_page" => self.next_page = selectors(value, faults),
            unknown => faults.push(Fault {
                span: key.span(),
                message: format!("unknown key `{unknown}`"),
                help: Some(match text::nearest(unknown, KEYS) {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None => format!("the keys are {}", KEYS.join(", ")),
                }),
            }),
        }
    }
}

fn string<'a>(value: &'a Spanned<DeValue<'_>>, faults: &mut Vec<Fault>) -> Option<&'a str> {
    let text = value.get_ref().as_str();
    if text.is_none() {
        faults.push(Fault {
            span: value.span(),
            message: format!("expected a text, found {}", value.get_ref().type_str()),
            help: None,
        });
    }
    text
}

fn host(value: &Spanned<DeValue<'_>>, faults: &mut Vec<Fault>) -> Option<String> {
    let text = string(value, faults)?;
    let parsed = url::Host::parse(text).ok().map(|host| host.to_string());
    if parsed.is_none() || !text.contains('.') {
        faults.push(fault(value.span(), format!("`{text}` is no host name"), "like `example.org`"));
        return None;
    }
    parsed
}

fn zone(value: &Spanned<DeValue<'_>>, faults: &mut Vec<Fault>) -> Option<TimeZone> {
    let text = string(value, faults)?;
    let zone = TimeZone::get(text).ok();
    if zone.is_none() {
        let message = format!("`{text}` is no time zone");
        faults.push(fault(value.span(), message, "a zone's name, like `Asia/Almaty`"));
    }
    zone
}

fn language(value: &Spanned<DeValue<'_>>, faults: &mut Vec<Fault>) -> Option<String> {
    let text = string(value, faults)?;
    let tag = text::language::tag(text);
    if tag.is_none() {
        let message = format!("`{text}` is no language tag");
        faults.push(fault(value.span(), message, "BCP 47, like `ru` or `pt-BR`"));
    }
    tag
}

/// A selector or a list of selectors.
fn selectors(value: &Spanned<DeValue<'_>>, faults: &mut Vec<Fault>) -> Vec<Selector> {
    let items: Vec<&Spanned<DeValue<'_>>> = match value.get_ref() {
        DeValue::Array(items) => items.iter().collect(),
        _ => vec![value],
    };
    let mut selectors = Vec::new();
    for item in items {
        let Some(text) = string(item, faults) else { continue };
        match Selector::parse(text) {
            Ok(selector) => selectors.push(selector),
            Err(error) => {
                let message = format!("`{text}` is no CSS selector: {error}");
                faults.push(fault(item.span(), message, "like `div.article__text`"));
            }
        }
    }
    selectors
}

fn fault(span: Range<usize>, message: String, help: &str) -> Fault {
    Fault { span, message, help: Some(help.to_owned()) }
}
