//! Who wrote it: persons, without "By", titles, dates and links.

use scraper::Html;
use serde_json::Value;

use super::head::Head;
use super::metadata::unescaped;
use super::{SiteRules, dom};

/// Authors kept of one page.
const AUTHORS_MAX: usize = 20;

pub(super) fn find(
    html: &Html,
    head: &Head<'_>,
    rules: Option<&SiteRules>,
    site_name: Option<&str>,
) -> Vec<String> {
    let mut authors = Vec::new();
    if let Some(rules) = rules {
        dom::selected(html, &rules.authors).for_each(|text| authors.extend(names(&text)));
        if !authors.is_empty() {
            return authors;
        }
    }
    if let Some(author) = head.article().and_then(|article| article.get("author")) {
        from_jsonld(author, &mut authors);
    }
    if authors.is_empty() {
        for key in
            ["author", "article:author", "parsely-author", "byl", "dc.creator", "sailthru.author"]
        {
            for value in head.all_metas(key) {
                authors.extend(names(&unescaped(value)));
            }
            if !authors.is_empty() {
                break;
            }
        }
    }
    if authors.is_empty() {
        for node in &head.bylines {
            let text = dom::text(*node);
            if text.chars().count() <= 100 {
                authors.extend(names(&text));
            }
            if !authors.is_empty() {
                break;
            }
        }
    }
    let _ = site_name;
    let mut kept: Vec<String> = Vec::new();
    for author in authors {
        if kept.len() < AUTHORS_MAX
            && !kept.iter().any(|known| known.to_lowercase() == author.to_lowercase())
        {
            kept.push(author);
        }
    }
    kept
}

fn from_jsonld(author: &Value, authors: &mut Vec<String>) {
    match author {
        Value::String(text) => authors.extend(names(&unescaped(text))),
        Value::Array(items) => {
            for item in items {
                match item {
                    Value::Array(_) => {}
                    other => from_jsonld(other, authors),
                }
            }
        }
        Value::Object(object) => match object.get("name") {
            Some(Value::String(name)) => authors.extend(names(&unescaped(name))),
            Some(Value::Array(items)) => {
                for name in items.iter().filter_map(Value::as_str) {
                    authors.extend(names(&unescaped(name)));
                }
            }
            _ => {}
        },
        _ => {}
    }
}

/// The names in a byline.
fn names(text: &str) -> Vec<String> {
    let text = text.trim();
    let lower = text.to_lowercase();
    let mut start = 0;
    for prefix in ["by:", "by ", "von ", "par ", "por ", "di ", "door ", "av ", "af "] {
        if lower.starts_with(prefix) {
            start = prefix.len();
        }
    }
    let text = text.get(start..).unwrap_or(text);
    text.split([',', ';', '|'])
        .flat_map(|part| part.split(" and "))
        .flat_map(|part| part.split(" & "))
        .map(str::trim)
        .filter(|name| is_name(name))
        .map(ToOwned::to_owned)
        .collect()
}

fn is_name(name: &str) -> bool {
    let len = name.chars().count();
    (2..=60).contains(&len)
        && !name.contains("http")
        && !name.contains('@')
        && !name.contains('/')
        && name.split_whitespace().count() <= 6
        && !name.bytes().any(|byte| byte.is_ascii_digit())
}
