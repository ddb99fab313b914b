//! JSON-LD as pages write it: with raw line breaks in strings, comments around, lists and graphs
//! in any order.

use serde_json::{Map, Value};

/// Objects kept of one page.
const OBJECTS_MAX: usize = 500;

/// Adds every typed object of `script` to `objects`, outermost first.
pub(super) fn collect(script: &str, objects: &mut Vec<Value>) {
    let Some(value) = parse(script) else { return };
    let mut pending = vec![value];
    while let Some(value) = pending.pop() {
        if objects.len() >= OBJECTS_MAX {
            return;
        }
        match value {
            Value::Array(items) => pending.extend(items.into_iter().rev()),
            Value::Object(mut object) => {
                if let Some(graph) = object.remove("@graph") {
                    pending.push(graph);
                }
                for key in ["mainEntity", "mainEntityOfPage"] {
                    if object.get(key).is_some_and(|inner| inner.get("headline").is_some()) {
                        pending.extend(object.get(key).cloned());
                    }
                }
                objects.push(Value::Object(object));
            }
            _ => {}
        }
    }
}

fn parse(script: &str) -> Option<Value> {
    let script = script.trim().trim_end_matches(';').trim();
    let script = script.strip_prefix("<!--").unwrap_or(script);
    let script = script.strip_suffix("-->").unwrap_or(script);
    let script = script.trim().strip_prefix("//<![CDATA[").unwrap_or(script);
    let script = script.strip_suffix("//]]>").unwrap_or(script).trim();
    serde_json::from_str(script).ok().or_else(|| serde_json::from_str(&mended(script)).ok())
}

/// Raw control characters inside strings, which JSON forbids and pages contain, become spaces;
/// a comma before a closing bracket goes.
fn mended(script: &str) -> String {
    let mut out = String::with_capacity(script.len());
    let (mut quoted, mut escaped) = (false, false);
    for c in script.chars() {
        if quoted {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => quoted = false,
                _ => {}
            }
            out.push(if c.is_control() { ' ' } else { c });
            continue;
        }
        match c {
            '"' => quoted = true,
            '}' | ']' => {
                let kept = out.trim_end().trim_end_matches(',').len();
                out.truncate(kept);
            }
            _ => {}
        }
        out.push(c);
    }
    out
}

/// The place of the object that describes the article: the one with a text, else with a headline.
/// Of several, it is the one that `is_this` says it is; other stories of the page are none.
pub(super) fn article(
    objects: &[Value],
    is_this: impl Fn(&Value) -> Option<bool>,
) -> Option<usize> {
    let articles = objects.iter().enumerate().filter(|(_, object)| is_article(object));
    let judged: Vec<(usize, &Value, Option<bool>)> =
        articles.map(|(at, object)| (at, object, is_this(object))).collect();
    let has = |key: &str, wanted: Option<bool>| {
        let mut wanted = judged.iter().filter(|(_, _, is_this)| *is_this == wanted);
        wanted.find(|(_, object, _)| string(object, key).is_some()).map(|(at, _, _)| *at)
    };
    let known = || has("articleBody", Some(true)).or_else(|| has("headline", Some(true)));
    let any = || has("articleBody", None).or_else(|| has("headline", None));
    let first = || judged.iter().find(|(_, _, is_this)| is_this.is_none()).map(|(at, _, _)| *at);
    known().or_else(any).or_else(first)
}

/// The object that describes the page, where that is no list or person's page.
pub(super) fn page(objects: &[Value]) -> Option<&Value> {
    let is_page = |object: &&Value| {
        types(object).any(|kind| matches!(kind.rsplit('/').next(), Some("WebPage" | "ItemPage")))
    };
    objects.iter().find(is_page)
}

/// Whether an object's type is a kind of article.
pub(super) fn is_article(object: &Value) -> bool {
    types(object).any(|kind| {
        let kind = kind.rsplit(['/', ':']).next().unwrap_or(kind);
        kind.ends_with("Article")
            || kind.ends_with("Posting") && kind != "JobPosting"
            || matches!(kind, "Report" | "Review" | "CreativeWork" | "Blog" | "ArticleSeries")
            || kind.ends_with("NewsArticle")
    })
}

/// The posts of a live blog, each with its time and headline, as far as they are stated.
pub(super) fn posts(objects: &[Value]) -> Option<String> {
    let updates = objects.iter().find_map(|object| object.get("liveBlogUpdate")?.as_array())?;
    let mut lines = Vec::new();
    for update in updates.iter().take(OBJECTS_MAX) {
        let Some(body) = string(update, "articleBody") else { continue };
        lines.extend(string(update, "datePublished").map(crate::text::clean_line));
        lines.extend(string(update, "headline").map(super::metadata::unescaped));
        lines.push(super::body::stated_text(body));
    }
    Some(lines.join("\n\n")).filter(|text| !text.is_empty())
}

/// Whether an object of that type is on the page.
pub(super) fn has_type(objects: &[Value], name: &str) -> bool {
    objects.iter().any(|object| types(object).any(|kind| kind.rsplit('/').next() == Some(name)))
}

/// The object's types: `@type` is a string or a list.
pub(super) fn types(object: &Value) -> impl Iterator<Item = &str> {
    let kind = object.get("@type");
    kind.and_then(Value::as_str)
        .into_iter()
        .chain(kind.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str))
}

/// A text property: a string, the first of a list, or the `@value` or `name` of an object.
pub(super) fn string<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    let mut value = object.get(key)?;
    for _ in 0..4 {
        match value {
            Value::String(text) => return Some(text.trim()).filter(|text| !text.is_empty()),
            Value::Array(items) => value = items.first()?,
            Value::Object(inner) => value = first_of(inner, &["@value", "name", "url", "@id"])?,
            _ => return None,
        }
    }
    None
}

fn first_of<'a>(object: &'a Map<String, Value>, keys: &[&str]) -> Option<&'a Value> {
    keys.iter().find_map(|key| object.get(*key))
}
