//! Text made safe to stand in HTML, XML and JSON-LD.

use crate::text::escape_xml;

/// JSON that may stand in a `script` element: it cannot close it.
pub(super) fn script_json(value: &serde_json::Value) -> String {
    value.to_string().replace("</", "<\\/")
}

/// What `write` makes of each item, one after the other.
pub(super) fn each<T>(items: impl IntoIterator<Item = T>, write: impl Fn(T) -> String) -> String {
    items.into_iter().map(write).collect::<Vec<_>>().concat()
}

/// A piece of an article's body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Block {
    Paragraph(String),
    Heading(String),
    Quote(String),
    List(Vec<String>),
    /// What follows is for subscribers.
    Wall,
}

/// Reads a body: blocks apart by a blank line; `## ` a heading, `> ` a quotation, `- ` list items,
/// `---` the wall, anything else a paragraph.
pub(super) fn blocks(body: &str) -> Vec<Block> {
    body.split("\n\n").map(str::trim).filter(|block| !block.is_empty()).map(block).collect()
}

fn block(text: &str) -> Block {
    if text == "---" {
        return Block::Wall;
    }
    if let Some(heading) = text.strip_prefix("## ") {
        return Block::Heading(heading.to_owned());
    }
    if let Some(quote) = text.strip_prefix("> ") {
        return Block::Quote(quote.to_owned());
    }
    if text.starts_with("- ") {
        return Block::List(
            text.lines().map(|line| line.trim_start_matches("- ").to_owned()).collect(),
        );
    }
    Block::Paragraph(text.to_owned())
}

/// The blocks as HTML, and whether there is a wall: nothing behind it is written.
pub(super) fn html(blocks: &[Block]) -> (String, bool) {
    let wall = blocks.iter().position(|block| *block == Block::Wall);
    let html = each(blocks.iter().take(wall.unwrap_or(blocks.len())), |block| match block {
        Block::Paragraph(text) => format!("<p>{}</p>\n", escape_xml(text)),
        Block::Heading(text) => format!("<h2>{}</h2>\n", escape_xml(text)),
        Block::Quote(text) => format!("<blockquote><p>{}</p></blockquote>\n", escape_xml(text)),
        Block::List(items) => {
            let items = each(items, |item| format!("<li>{}</li>\n", escape_xml(item)));
            format!("<ul>\n{items}</ul>\n")
        }
        Block::Wall => String::new(),
    });
    (html, wall.is_some())
}
