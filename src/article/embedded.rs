//! The text of pages that JavaScript builds: it stands in a script as JSON (Next.js, Arc's Fusion,
//! an initial state), as HTML or as a list of paragraphs.

use serde_json::Value;

use super::head::Head;
use super::{body, dom, guard};

/// Values looked at in one page.
const VALUES_MAX: usize = 200_000;
/// Assignments tried in one script.
const OBJECTS_MAX: usize = 20;
/// A script shorter than this holds no article.
const SCRIPT_MIN: usize = 500;
/// Letters below which a property is no article.
const TEXT_MIN: usize = 400;

/// Names of properties that hold an article's text.
const BODY_KEYS: [&str; 18] = [
    "articlebody",
    "body",
    "bodyhtml",
    "body_html",
    "content",
    "contenthtml",
    "content_html",
    "fulltext",
    "full_text",
    "html",
    "maintext",
    "text",
    "articlecontent",
    "article_body",
    "storybody",
    "bodytext",
    "description_html",
    "detail",
];
/// Names of lists of paragraphs.
const LIST_KEYS: [&str; 12] = [
    "content_elements",
    "blocks",
    "paragraphs",
    "body",
    "content",
    "components",
    "elements",
    "children",
    "items",
    "sections",
    "articlebody",
    "modules",
];

/// The longest text that the page's scripts hold, its paragraphs apart by a blank line.
pub(super) fn find(head: &Head<'_>) -> Option<String> {
    let mut best: Option<String> = None;
    let mut left = VALUES_MAX;
    let mut flight = String::new();
    for script in &head.scripts {
        let source = dom::script_text(*script);
        if let Some(chunk) = flight_chunk(&source) {
            flight.push_str(&chunk);
            continue;
        }
        if source.len() < SCRIPT_MIN {
            continue;
        }
        for state in objects(&source) {
            search(state, &mut left, &mut best);
        }
    }
    for row in flight_rows(&flight) {
        match row {
            Row::Text(text) => {
                let text = from_string(text);
                if text.as_ref().map(String::len) > best.as_ref().map(String::len) {
                    best = text;
                }
            }
            Row::State(state) => search(state, &mut left, &mut best),
        }
    }
    best
}

/// A row of the stream by which React's server components reach the page.
enum Row<'a> {
    Text(&'a str),
    State(Value),
}

/// `self.__next_f.push([1,"..."])`: a piece of that stream.
fn flight_chunk(source: &str) -> Option<String> {
    let pushed = source.trim().strip_prefix("self.__next_f.push(")?;
    let pushed = pushed.trim_end_matches(';').strip_suffix(')')?;
    let mut parts: Vec<Value> = serde_json::from_str(pushed).ok()?;
    match parts.pop() {
        Some(Value::String(chunk)) => Some(chunk),
        _ => Some(String::new()),
    }
}

/// Rows are `id:T<length in hexadecimal>,<text>` or `id:<JSON>` and a line break.
fn flight_rows(stream: &str) -> Vec<Row<'_>> {
    let mut rows = Vec::new();
    let mut rest = stream;
    while let Some((id, after)) = rest.split_once(':') {
        if !id.trim().bytes().all(|byte| byte.is_ascii_hexdigit()) {
            // Not at a row's beginning: go on behind the line.
            rest = rest.split_once('\n').map_or("", |(_, next)| next);
            continue;
        }
        let text = after.strip_prefix('T').and_then(|row| row.split_once(','));
        let length = text.and_then(|(length, _)| usize::from_str_radix(length, 16).ok());
        if let (Some((_, text)), Some(length)) = (text, length) {
            let end = text.floor_char_boundary(length.min(text.len()));
            let (text, next) = text.split_at(end);
            rows.push(Row::Text(text));
            rest = next;
        } else {
            let (line, next) = after.split_once('\n').unwrap_or((after, ""));
            if let Ok(state) = serde_json::from_str(line) {
                rows.push(Row::State(state));
            }
            rest = next;
        }
    }
    rows
}

/// The JSON objects that a script is, or assigns, as such or in a string for `JSON.parse`.
fn objects(source: &str) -> Vec<Value> {
    if let Ok(value) = serde_json::from_str(source.trim()) {
        return vec![value];
    }
    let mut values = Vec::new();
    let mut at = 0;
    while let Some(found) = source.get(at..).and_then(|rest| memchr::memchr(b'=', rest.as_bytes()))
    {
        at += found + 1;
        let rest = source.get(at..).unwrap_or_default();
        let json = rest.trim_start();
        if json.len() < SCRIPT_MIN {
            continue;
        }
        if let Some(value) = json.strip_prefix("JSON.parse(").and_then(parsed) {
            values.push(value);
            continue;
        }
        if !json.starts_with('{') {
            continue;
        }
        let mut stream = serde_json::Deserializer::from_str(json).into_iter::<Value>();
        match stream.next() {
            Some(Ok(value)) => {
                at += rest.len() - json.len() + stream.byte_offset();
                values.push(value);
            }
            _ => at += 1,
        }
        if values.len() >= OBJECTS_MAX || at >= source.len() {
            break;
        }
    }
    values
}

/// The JSON in the string literal that `source` begins with.
fn parsed(source: &str) -> Option<Value> {
    let quote = source.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let mut literal = String::from("\"");
    let mut escaped = false;
    for c in source.chars().skip(1) {
        match c {
            // JSON knows no \'.
            '\'' if escaped => {
                literal.pop();
                literal.push(c);
            }
            _ if c == quote && !escaped => break,
            '"' if !escaped => literal.push_str("\\\""),
            _ => literal.push(c),
        }
        escaped = c == '\\' && !escaped;
    }
    literal.push('"');
    serde_json::from_str(&serde_json::from_str::<String>(&literal).ok()?).ok()
}

fn search(state: Value, left: &mut usize, best: &mut Option<String>) {
    let mut pending = vec![state];
    while let Some(value) = pending.pop() {
        if *left == 0 {
            return;
        }
        *left -= 1;
        let Value::Object(object) = value else {
            if let Value::Array(items) = value {
                pending.extend(items);
            }
            continue;
        };
        for (key, value) in object {
            let key = key.to_lowercase();
            let text = match &value {
                Value::String(text) if BODY_KEYS.contains(&key.as_str()) => from_string(text),
                Value::Array(items) if LIST_KEYS.contains(&key.as_str()) => from_list(items),
                _ => None,
            };
            if let Some(text) = text
                && best.as_ref().is_none_or(|best| text.len() > best.len())
            {
                *best = Some(text);
            }
            if matches!(value, Value::Object(_) | Value::Array(_)) {
                pending.push(value);
            }
        }
    }
}

fn from_string(text: &str) -> Option<String> {
    if text.len() < TEXT_MIN {
        return None;
    }
    if text.contains("</") {
        let html = guard::parse(text).ok()?;
        return Some(body::everything(&html)).filter(|text| text.len() >= TEXT_MIN);
    }
    let sentences = text.matches(['.', '。', '։', '।']).count();
    (sentences >= 3 && text.contains(' ')).then(|| crate::text::clean_text(text))
}

/// Arc's `content_elements` and its kin: objects with a type and a text.
fn from_list(items: &[Value]) -> Option<String> {
    let mut paragraphs = Vec::new();
    for item in items {
        let kind = item.get("type").and_then(Value::as_str).unwrap_or("text").to_lowercase();
        let is_text =
            ["text", "paragraph", "header", "heading", "p", "h2", "h3", "html", "rawhtml"]
                .contains(&kind.as_str());
        let text = ["content", "text", "html", "value"]
            .iter()
            .find_map(|key| item.get(*key).and_then(Value::as_str));
        let Some(text) = text.filter(|_| is_text) else { continue };
        if text.contains('<') {
            if let Ok(html) = guard::parse(text) {
                paragraphs.push(body::everything(&html));
            }
        } else {
            paragraphs.push(crate::text::clean_text(text));
        }
    }
    paragraphs.retain(|paragraph| !paragraph.is_empty());
    let text = paragraphs.join("\n\n");
    (text.len() >= TEXT_MIN).then_some(text)
}
