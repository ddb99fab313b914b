//! Small helpers over scraper's tree. All walks are loops: depth is the page's, not ours.

use ego_tree::NodeRef;
use ego_tree::iter::Edge;
use scraper::node::Element;
use scraper::{Html, Node, Selector};

/// The value of an attribute. `Element::attr` interns the name at every call; this compares.
pub(super) fn attr<'a>(element: &'a Element, name: &str) -> Option<&'a str> {
    element.attrs().find(|(key, _)| *key == name).map(|(_, value)| value)
}

/// The text below a node, without scripts and styles; block elements and `<br>` leave a space.
pub(super) fn text(node: NodeRef<'_, Node>) -> String {
    let mut text = String::new();
    let mut skipping = 0_usize;
    for edge in node.traverse() {
        match edge {
            Edge::Open(node) => match node.value() {
                Node::Text(part) if skipping == 0 => text.push_str(part),
                Node::Element(element) if is_silent(element.name()) => skipping += 1,
                Node::Element(element) if !is_inline(element.name()) => text.push(' '),
                _ => {}
            },
            Edge::Close(node) => {
                if let Node::Element(element) = node.value() {
                    if is_silent(element.name()) {
                        skipping -= 1;
                    } else if !is_inline(element.name()) {
                        text.push(' ');
                    }
                }
            }
        }
    }
    crate::text::clean_line(&text)
}

/// The text of a `<script>`, as written.
pub(super) fn script_text(node: NodeRef<'_, Node>) -> String {
    node.children().filter_map(|child| child.value().as_text().map(|text| &**text)).collect()
}

/// Elements whose text no reader sees.
pub(super) fn is_silent(tag: &str) -> bool {
    matches!(
        tag,
        "script"
            | "style"
            | "noscript"
            | "template"
            | "svg"
            | "math"
            | "iframe"
            | "select"
            | "option"
            | "datalist"
            | "textarea"
            | "object"
            | "video"
            | "audio"
            | "canvas"
            | "map"
            | "head"
            | "title"
    )
}

/// Elements that do not end a paragraph.
pub(super) fn is_inline(tag: &str) -> bool {
    matches!(
        tag,
        "a" | "abbr"
            | "acronym"
            | "b"
            | "bdi"
            | "bdo"
            | "big"
            | "cite"
            | "code"
            | "data"
            | "del"
            | "dfn"
            | "em"
            | "font"
            | "i"
            | "img"
            | "ins"
            | "kbd"
            | "label"
            | "mark"
            | "nobr"
            | "picture"
            | "q"
            | "rp"
            | "rt"
            | "ruby"
            | "s"
            | "samp"
            | "small"
            | "source"
            | "span"
            | "strike"
            | "strong"
            | "sub"
            | "sup"
            | "time"
            | "tt"
            | "u"
            | "var"
            | "wbr"
    )
}

/// The texts of what the selectors match, or their `datetime` or `content`; the first selector
/// that matches anything is the one that counts.
pub(super) fn selected<'a>(
    html: &'a Html,
    selectors: &'a [Selector],
) -> impl Iterator<Item = String> + 'a {
    let matching = selectors.iter().find(|selector| html.select(selector).next().is_some());
    matching
        .into_iter()
        .flat_map(|selector| html.select(selector))
        .map(|element| {
            attr(element.value(), "datetime")
                .or_else(|| attr(element.value(), "content"))
                .map_or_else(|| text(*element), crate::text::clean_line)
        })
        .filter(|text| !text.is_empty())
}
