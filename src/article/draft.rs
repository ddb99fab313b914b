//! A starting rules file for a site, from what one of its pages has.

use std::collections::BTreeMap;

use ego_tree::NodeRef;
use scraper::{ElementRef, Html, Node, Selector};

use super::head::Head;
use super::{NotAnArticle, Page, charset, dom, guard, metadata, read, title};

/// Elements looked at: pages of news have some thousands.
const ELEMENTS_MAX: usize = 50_000;

/// `config/sites/<host>.toml` as far as a page tells it; what it does not tell stands there as a
/// comment. Selectors are only written where they find what the generic reader found.
///
/// # Errors
/// The page is no article.
pub fn draft(page: &Page<'_>) -> Result<String, NotAnArticle> {
    let article = read(page, None)?;
    let decoded = charset::decode(page);
    let html = guard::parse(&decoded.text)?;
    let head = Head::collect(&html, page.url);
    let host = page.url.host_str().unwrap_or_default();
    let host = host.strip_prefix("www.").unwrap_or(host);
    let mut toml = format!("# Drafted from {}\nhost = {}\n", page.url, quoted(host));
    let mut line = |key: &str, value: Option<String>, hint: &str| {
        toml += &match value {
            Some(value) => format!("{key} = {}\n", quoted(&value)),
            None => format!("# {key} = {hint}\n"),
        };
    };
    line("language", metadata::language(&head), "\"ru\"");
    line("zone", None, "\"Asia/Almaty\"");
    line("body", body_selector(&html, &article.text), "\"div.article__text\"");
    let headline = article.title.as_deref().unwrap_or_default();
    line(
        "title",
        first_selector(&html, &head.headings, |text| {
            title::folded(text) == title::folded(headline)
        }),
        "\"h1\"",
    );
    line(
        "authors",
        first_selector(&html, &head.bylines, |text| {
            article.authors.first().is_some_and(|name| text.contains(name.as_str()))
                && text.chars().count() < 160
        }),
        "\".byline\"",
    );
    line("published", first_selector(&html, &head.times, |text| !text.is_empty()), "\"time\"");
    line("remove", None, "[\".related\", \".newsletter\"]");
    line("next_page", None, "\"a[rel=next]\"");
    Ok(toml)
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// The innermost element that holds nearly all paragraphs of the text.
fn body_selector(html: &Html, text: &str) -> Option<String> {
    let mut wanted: BTreeMap<&str, bool> = text.split("\n\n").map(|line| (line, false)).collect();
    let mut held: BTreeMap<ego_tree::NodeId, usize> = BTreeMap::new();
    let mut found = 0_usize;
    for node in html.tree.nodes().take(ELEMENTS_MAX) {
        let Node::Element(element) = node.value() else { continue };
        if dom::is_inline(element.name()) || !holds_text(node) {
            continue;
        }
        let own = dom::text(node);
        if let Some(seen @ false) = wanted.get_mut(own.as_str()) {
            *seen = true;
            found += 1;
            for up in node.ancestors().filter(|up| up.value().is_element()) {
                *held.entry(up.id()).or_insert(0) += 1;
            }
        }
    }
    if found < 2 {
        return None;
    }
    let innermost = held
        .iter()
        .filter(|(_, count)| **count * 10 >= found * 9)
        .filter_map(|(id, _)| html.tree.get(*id))
        .max_by_key(|node| node.ancestors().count())?;
    let selector = selector(innermost)?;
    let compiled = Selector::parse(&selector).ok()?;
    // One that finds other parts of the page too would be worse than none.
    (html.select(&compiled).count() == 1).then_some(selector)
}

/// Whether text stands in it directly: an element of paragraphs is none.
fn holds_text(node: NodeRef<'_, Node>) -> bool {
    node.children().any(|child| match child.value() {
        Node::Text(text) => !text.trim().is_empty(),
        Node::Element(element) => dom::is_inline(element.name()),
        _ => false,
    })
}

/// The selector of the first element whose text is as asked, where it is the first that it finds.
fn first_selector(
    html: &Html,
    nodes: &[NodeRef<'_, Node>],
    is_wanted: impl Fn(&str) -> bool,
) -> Option<String> {
    let node = nodes.iter().copied().find(|node| is_wanted(&dom::text(*node)))?;
    let selector = selector(node)?;
    let compiled = Selector::parse(&selector).ok()?;
    let first = html.select(&compiled).next().map(|element: ElementRef<'_>| element.id());
    (first == Some(node.id())).then_some(selector)
}

/// Tag and first telling class, or id: names with digits are made by machines and change.
fn selector(node: NodeRef<'_, Node>) -> Option<String> {
    let element = node.value().as_element()?;
    let telling = |name: &&str| {
        !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_alphabetic() || b"-_".contains(&byte))
    };
    let class =
        dom::attr(element, "class").and_then(|value| value.split_whitespace().find(telling));
    let id = dom::attr(element, "id").filter(telling);
    Some(match (class, id) {
        (Some(class), _) => format!("{}.{class}", element.name()),
        (None, Some(id)) => format!("{}#{id}", element.name()),
        (None, None) => element.name().to_owned(),
    })
}
