//! Untrusted HTML to a tree, in bounded work.
//!
//! html5ever is quadratic in the depth of the open elements, in the attributes of one tag, and in
//! the formatting elements that every `<p>` opens again. So attributes are counted before it is
//! given a byte, and the tree is measured after every few kilobytes.

use html5ever::driver;
use html5ever::tendril::{StrTendril, TendrilSink};
use scraper::{Html, HtmlTreeSink};

use super::NotAnArticle;

/// The deepest of some thousand pages looked at is 165; browsers stop at 512.
const DEPTH_MAX: usize = 512;
/// The largest of them has 10,000 elements, about 30,000 nodes.
const NODES_MAX: usize = 400_000;
/// The largest of them has 99.
const ATTRIBUTES_MAX: usize = 1_000;
/// The tree is measured after every so many bytes: what one step can add stays small.
const STEP: usize = 4096;

/// Parses a page, or says which bound it breaks.
pub(super) fn parse(text: &str) -> Result<Html, NotAnArticle> {
    if attributes_exceed(text.as_bytes(), ATTRIBUTES_MAX) {
        return Err(NotAnArticle::Hostile(format!("{ATTRIBUTES_MAX} attributes on a tag")));
    }
    let sink = HtmlTreeSink::new(Html::new_document());
    let mut parser = driver::parse_document(sink, driver::ParseOpts::default());
    let mut rest = text;
    while !rest.is_empty() {
        let (step, after) = rest.split_at(rest.floor_char_boundary(STEP.min(rest.len())));
        parser.process(StrTendril::from(step));
        rest = after;
        let html = parser.tokenizer.sink.sink.0.borrow();
        let newest = html.tree.nodes().next_back();
        if newest.is_some_and(|node| node.ancestors().nth(DEPTH_MAX).is_some()) {
            return Err(NotAnArticle::Hostile(format!("{DEPTH_MAX} levels")));
        }
        if html.tree.values().len() > NODES_MAX {
            return Err(NotAnArticle::Hostile(format!("{NODES_MAX} nodes")));
        }
    }
    Ok(parser.finish())
}

/// Whether a tag has more than `max` attributes. One pass, without a tree: quotes are honoured,
/// comments and the text of scripts and styles are passed over.
fn attributes_exceed(bytes: &[u8], max: usize) -> bool {
    let mut at = 0;
    while let Some(open) = bytes.get(at..).and_then(|rest| memchr::memchr(b'<', rest)) {
        at += open + 1;
        let Some(rest) = bytes.get(at..) else { return false };
        if rest.starts_with(b"!--") {
            at += memchr::memmem::find(rest, b"-->").unwrap_or(rest.len());
            continue;
        }
        if !rest.first().is_some_and(u8::is_ascii_alphabetic) {
            continue;
        }
        let tag = Tag::scan(rest);
        if tag.attributes > max {
            return true;
        }
        at += tag.len;
        let raw_text_end: &[u8] = match () {
            () if starts_with_ignoring_case(rest, b"script") => b"</script",
            () if starts_with_ignoring_case(rest, b"style") => b"</style",
            () => continue,
        };
        at += find_ignoring_case(bytes.get(at..).unwrap_or_default(), raw_text_end);
    }
    false
}

/// A start tag as far as the guard needs it.
struct Tag {
    len: usize,
    attributes: usize,
}

impl Tag {
    /// `bytes` begin after the `<`.
    fn scan(bytes: &[u8]) -> Self {
        let mut quote = None;
        let mut attributes = 0;
        let mut between = false;
        let mut after_equals = false;
        for (len, byte) in bytes.iter().enumerate() {
            match (quote, byte) {
                (Some(open), _) => {
                    if *byte == open {
                        quote = None;
                        between = true;
                    }
                }
                (None, b'>') => return Self { len, attributes },
                (None, b'"' | b'\'') if after_equals => {
                    quote = Some(*byte);
                    after_equals = false;
                }
                (None, b' ' | b'\t' | b'\n' | b'\r' | b'\x0c' | b'/') => between = true,
                (None, b'=') => {
                    after_equals = true;
                    between = false;
                }
                (None, _) => {
                    attributes += usize::from(between && !after_equals);
                    between = false;
                    after_equals = false;
                }
            }
        }
        Self { len: bytes.len(), attributes }
    }
}

fn starts_with_ignoring_case(bytes: &[u8], word: &[u8]) -> bool {
    bytes.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word))
}

/// Where `word`, which begins with `<`, begins in `bytes`; their length where it does not.
fn find_ignoring_case(bytes: &[u8], word: &[u8]) -> usize {
    memchr::memchr_iter(b'<', bytes)
        .find(|at| bytes.get(*at..).is_some_and(|rest| starts_with_ignoring_case(rest, word)))
        .unwrap_or(bytes.len())
}
