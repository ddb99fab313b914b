//! The text of pages that JavaScript builds: it stands in a script as JSON (Next.js, Arc's Fusion,
//! an initial state), as HTML, as a list of paragraphs or as a tree of an editor's blocks.

use std::rc::Rc;

use serde_json::{Map, Value};

use super::head::Head;
use super::{authors, body, dom, guard};

/// Values looked at in one page.
const VALUES_MAX: usize = 200_000;
/// Assignments tried in one script.
const OBJECTS_MAX: usize = 20;
/// A script shorter than this holds no article.
const SCRIPT_MIN: usize = 500;
/// Bytes, words and ends of sentences below which a property is no article.
const TEXT_MIN: usize = 400;
const WORDS_MIN: usize = 30;
const SENTENCES_MIN: usize = 3;
/// The paragraphs of an article have more words on the whole, the entries of a menu fewer.
const WORDS_OF_PARAGRAPH: usize = 5;
/// What tells when and by whom is looked for in so many objects around a text.
const AROUND: u8 = 3;

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
/// Names of what holds a block's text, or the blocks below it.
const TEXT_KEYS: [&str; 5] = ["content", "text", "html", "value", "innerHTML"];
const INNER_KEYS: [&str; 13] = [
    "children",
    "content",
    "data",
    "model",
    "attributes",
    "blocks",
    "nodes",
    "items",
    "spans",
    "value",
    "text",
    "body",
    "innerBlocks",
];
/// Names of what an object is.
const KIND_KEYS: [&str; 6] = ["type", "_type", "nodeType", "__typename", "kind", "blockName"];
/// Kinds of blocks, letters only, and beginnings of such; of all others nothing is read.
const KINDS: [&str; 8] = ["p", "h", "block", "html", "rawhtml", "li", "ul", "ol"];
const KINDS_BEGIN: [&str; 14] = [
    "text",
    "paragraph",
    "header",
    "heading",
    "unstyled",
    "quote",
    "blockquote",
    "listitem",
    "bulletedlist",
    "bulletlist",
    "orderedlist",
    "unorderedlist",
    "numberedlist",
    "root",
];
/// Kinds of what stands within a line.
const INLINE: [&str; 14] = [
    "a",
    "b",
    "em",
    "entity",
    "fragment",
    "hyperlink",
    "i",
    "inline",
    "link",
    "mark",
    "span",
    "strong",
    "text",
    "textinline",
];
/// Names of the date of publication, letters only.
const PUBLISHED: [&str; 14] = [
    "publishedat",
    "publishdate",
    "publisheddate",
    "published",
    "publicationdate",
    "datepublished",
    "firstpublishdate",
    "firstpublished",
    "firstpublishedat",
    "publishtime",
    "publishedtime",
    "pubdate",
    "displaydate",
    "date",
];
const AUTHORS: [&str; 5] = ["authors", "author", "byline", "bylines", "credits"];

/// A text, and what stands beside it.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) text: String,
    pub(super) beside: Rc<Beside>,
}

/// What the objects around a text say of it, the nearest first.
#[derive(Debug, Default)]
pub(super) struct Beside {
    /// As written: a date, or seconds.
    pub(super) published: Option<String>,
    pub(super) authors: Vec<String>,
}

/// The longest text that the page's scripts hold, its paragraphs apart by a blank line.
pub(super) fn find(head: &Head<'_>) -> Option<Found> {
    let mut best: Option<Found> = None;
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
                keep_longer(&mut best, from_string(text), &Rc::default());
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

fn keep_longer(best: &mut Option<Found>, text: Option<String>, beside: &Rc<Beside>) {
    if let Some(text) = text
        && best.as_ref().is_none_or(|best| text.len() > best.text.len())
    {
        *best = Some(Found { text, beside: Rc::clone(beside) });
    }
}

fn search(state: Value, left: &mut usize, best: &mut Option<Found>) {
    let mut pending = vec![(state, Rc::<Beside>::default(), 0_u8)];
    while let Some((value, around, distance)) = pending.pop() {
        if *left == 0 {
            return;
        }
        *left -= 1;
        let object = match value {
            Value::Object(object) => object,
            Value::Array(items) => {
                pending.extend(items.into_iter().map(|item| (item, Rc::clone(&around), distance)));
                continue;
            }
            _ => continue,
        };
        let (beside, distance) = beside(&object, around, distance);
        for (key, value) in object {
            let key = key.to_lowercase();
            match value {
                Value::String(text) if BODY_KEYS.contains(&key.as_str()) => {
                    // An editor's blocks, kept as text.
                    if text.starts_with(['{', '['])
                        && let Ok(inner) = serde_json::from_str(&text)
                    {
                        pending.push((inner, Rc::clone(&beside), distance));
                    } else {
                        keep_longer(best, from_string(&text), &beside);
                    }
                }
                Value::Array(items) => {
                    if LIST_KEYS.contains(&key.as_str()) {
                        keep_longer(best, from_list(&items, left), &beside);
                    }
                    pending.push((Value::Array(items), Rc::clone(&beside), distance));
                }
                Value::Object(_) => pending.push((value, Rc::clone(&beside), distance)),
                _ => {}
            }
        }
    }
}

/// What an object says of when and by whom, and else those around it, and how far away that was said.
fn beside(object: &Map<String, Value>, around: Rc<Beside>, distance: u8) -> (Rc<Beside>, u8) {
    let named = |names: &'static [&str]| {
        let of = move |name: &&str| object.iter().find(|(key, _)| letters(key) == **name);
        names.iter().filter_map(of).map(|(_, value)| value)
    };
    let published = named(&PUBLISHED).find_map(|value| match value {
        Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
        Value::Number(seconds) => Some(seconds.to_string()),
        _ => None,
    });
    let mut names = Vec::new();
    for value in named(&AUTHORS) {
        authors::from_jsonld(value.get("by").unwrap_or(value), &[], &mut names);
    }
    let near = distance < AROUND;
    if published.is_none() && names.is_empty() {
        return if near { (around, distance + 1) } else { (Rc::default(), 0) };
    }
    let around = if near { around } else { Rc::default() };
    let published = published.or_else(|| around.published.clone());
    if names.is_empty() {
        names.clone_from(&around.authors);
    }
    (Rc::new(Beside { published, authors: names }), 0)
}

fn letters(name: &str) -> String {
    name.chars().filter(|c| c.is_alphabetic()).flat_map(char::to_lowercase).collect()
}

/// Whether a text reads as sentences do, and not as names, styles or code in one piece.
fn is_prose(text: &str) -> bool {
    const ENDS: [char; 14] =
        ['.', '!', '?', '。', '！', '？', '։', '।', '۔', '؟', '።', '။', '།', '\n'];
    text.len() >= TEXT_MIN
        && text.matches(ENDS).count() >= SENTENCES_MIN
        && crate::text::word_count(text) >= WORDS_MIN
}

fn from_string(text: &str) -> Option<String> {
    if text.contains("</") {
        let html = guard::parse(text).ok().filter(|_| text.len() >= TEXT_MIN)?;
        return Some(body::everything(&html)).filter(|text| text.len() >= TEXT_MIN);
    }
    is_prose(text).then(|| crate::text::clean_text(text))
}

/// A list of paragraphs: Arc's `content_elements`, the trees of Sanity, Contentful, Slate, Lexical,
/// `ProseMirror`, Editor.js and their kin.
fn from_list(items: &[Value], left: &mut usize) -> Option<String> {
    let mut paragraphs: Vec<String> = Vec::new();
    for item in items {
        let mut block = String::new();
        match item {
            Value::String(text) => block.push_str(text),
            Value::Object(object) => write(object, &mut block, true, left),
            _ => {}
        }
        let text = if block.contains(['<', '&']) {
            guard::parse(&block).map_or_else(|_| String::new(), |html| body::everything(&html))
        } else {
            crate::text::clean_text(&block)
        };
        paragraphs.push(text);
    }
    paragraphs.retain(|paragraph| !paragraph.is_empty());
    let text = paragraphs.join("\n\n");
    let words = crate::text::word_count(&text);
    (is_prose(&text) && words >= WORDS_OF_PARAGRAPH * paragraphs.len()).then_some(text)
}

/// Writes the text of an object and of what is below it; blocks stand in lines of their own.
fn write(object: &Map<String, Value>, out: &mut String, is_block: bool, left: &mut usize) {
    let kind = KIND_KEYS.iter().find_map(|key| object.get(*key)?.as_str());
    // "core/paragraph", "heading-2", "list_item".
    let kind = kind.map(|kind| letters(kind.rsplit(['/', '.', ':']).next().unwrap_or(kind)));
    let kind = kind.as_deref();
    if matches!(kind, Some("hardbreak" | "linebreak" | "br")) {
        out.push('\n');
    }
    let is_inline = kind.is_none_or(|kind| INLINE.contains(&kind));
    let is_text = is_inline
        || kind.is_some_and(|kind| {
            KINDS.contains(&kind) || KINDS_BEGIN.iter().any(|begin| kind.starts_with(begin))
        });
    if *left == 0 || !is_text {
        return;
    }
    *left -= 1;
    if !is_inline {
        end_line(out);
    }
    let own = TEXT_KEYS.iter().find_map(|key| object.get(*key)?.as_str());
    if let Some(text) = own {
        // Lines that nothing says are blocks: a sentence's end and no space before the next.
        if out.ends_with(['.', '!', '?', '”', '»']) && !text.starts_with(char::is_whitespace) {
            end_line(out);
        }
        out.push_str(text);
    } else if kind.is_some() || !is_block {
        for inner in INNER_KEYS.iter().filter_map(|key| object.get(*key)) {
            below(inner, out, left);
        }
    }
    if !is_inline {
        end_line(out);
    }
}

fn below(value: &Value, out: &mut String, left: &mut usize) {
    match value {
        Value::Object(object) => write(object, out, false, left),
        Value::Array(items) => items.iter().for_each(|item| match item {
            Value::String(text) => {
                end_line(out);
                out.push_str(text);
            }
            item => below(item, out, left),
        }),
        _ => {}
    }
}

fn end_line(out: &mut String) {
    if !out.is_empty() && !out.ends_with('\n') {
        out.push('\n');
    }
}
