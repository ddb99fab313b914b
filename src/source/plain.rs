//! HTML, as feeds carry it, to plain text.

use memchr::{memchr2, memmem};

use super::markup::{self, Markup, Piece};

/// Elements whose text is none of the article.
const UNREADABLE: &[&str] =
    &["script", "style", "iframe", "object", "svg", "noscript", "template", "select"];

/// Elements that stand apart from their neighbours.
const BLOCKS: &[&str] = &[
    "address",
    "article",
    "aside",
    "blockquote",
    "center",
    "dd",
    "details",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "li",
    "main",
    "nav",
    "ol",
    "p",
    "pre",
    "section",
    "summary",
    "table",
    "tr",
    "ul",
];

/// Elements within a line.
const INLINES: &[&str] = &[
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "br", "cite", "code", "del", "dfn", "em",
    "font", "i", "img", "ins", "kbd", "mark", "nobr", "q", "s", "samp", "small", "span", "strike",
    "strong", "sub", "sup", "td", "th", "time", "tt", "u", "var", "wbr", "embed", "video", "audio",
    "source", "picture", "input", "button", "label", "param", "caption", "tbody", "thead", "body",
    "html", "head", "link", "meta", "title",
];

/// The text of HTML, paragraphs apart by a blank line.
pub(super) fn text(html: &str) -> String {
    let mut plain = String::with_capacity(html.len());
    // Without any markup the line breaks are all that tells the paragraphs.
    let has_markup = html.contains('<');
    push_plain(html, &mut plain, has_markup, false);
    crate::text::clean_text(&plain)
}

/// The text of HTML in one line. Only tags that HTML knows are taken for tags: "a <b and c>" stays.
pub(super) fn line(html: &str) -> String {
    if memchr2(b'<', b'&', html.as_bytes()).is_none() {
        return crate::text::clean_line(html);
    }
    let mut plain = String::with_capacity(html.len());
    push_plain(html, &mut plain, true, true);
    crate::text::clean_line(&plain)
}

fn push_plain(html: &str, plain: &mut String, joins_lines: bool, known_tags_only: bool) {
    let markup = Markup::new(html);
    let mut unclosed = [false; UNREADABLE.len()];
    let mut at = 0;
    let push = |plain: &mut String, text: &str| {
        if joins_lines && text.bytes().any(|b| b == b'\n' || b == b'\r') {
            plain.extend(text.chars().map(|c| if matches!(c, '\n' | '\r') { ' ' } else { c }));
        } else {
            plain.push_str(text);
        }
    };
    while let Some(found) = memchr2(b'<', b'&', html.as_bytes().get(at..).unwrap_or_default()) {
        push(plain, html.get(at..at + found).unwrap_or_default());
        at += found;
        if html.as_bytes().get(at) == Some(&b'&') {
            at += markup::push_reference(html.get(at..).unwrap_or_default(), plain);
            continue;
        }
        let (piece, end) = markup.piece(at);
        match piece {
            Piece::Start(tag) => {
                let kind = kind(tag.name);
                if known_tags_only && kind == Kind::Unknown {
                    push(plain, html.get(at..=at).unwrap_or_default());
                    at += 1;
                    continue;
                }
                at = end;
                if let Kind::Unreadable(index) = kind
                    && !tag.is_empty
                    && let Some(unclosed) = unclosed.get_mut(index)
                    && !*unclosed
                {
                    match element_end(&markup, end, tag.name) {
                        Some(end) => at = end,
                        None => *unclosed = true,
                    }
                }
                separate(tag.name, kind, plain);
            }
            Piece::End { name } => {
                let kind = kind(name);
                if known_tags_only && kind == Kind::Unknown {
                    push(plain, html.get(at..=at).unwrap_or_default());
                    at += 1;
                    continue;
                }
                separate(name, kind, plain);
                at = end;
            }
            Piece::Cdata(text) => {
                push(plain, text);
                at = end;
            }
            Piece::Other => at = end,
            Piece::Text => {
                push(plain, html.get(at..end).unwrap_or_default());
                at = end;
            }
        }
    }
    push(plain, html.get(at..).unwrap_or_default());
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Its index among `UNREADABLE`.
    Unreadable(usize),
    Block,
    Inline,
    Unknown,
}

fn kind(name: &str) -> Kind {
    let is_in = |names: &[&str]| names.iter().any(|known| known.eq_ignore_ascii_case(name));
    if is_in(INLINES) {
        Kind::Inline
    } else if is_in(BLOCKS) {
        Kind::Block
    } else {
        let index = UNREADABLE.iter().position(|known| known.eq_ignore_ascii_case(name));
        index.map_or(Kind::Unknown, Kind::Unreadable)
    }
}

fn separate(name: &str, kind: Kind, plain: &mut String) {
    match kind {
        Kind::Block => plain.push_str("\n\n"),
        Kind::Inline if name.eq_ignore_ascii_case("br") => plain.push('\n'),
        Kind::Inline if name.eq_ignore_ascii_case("td") || name.eq_ignore_ascii_case("th") => {
            plain.push(' ');
        }
        _ => {}
    }
}

/// The end of an element whose content is skipped; `None` where it is never closed.
fn element_end(markup: &Markup<'_>, from: usize, name: &str) -> Option<usize> {
    let mut at = from;
    while let Some(found) = memmem::find(markup.bytes_from(at), b"</") {
        let (piece, end) = markup.piece(at + found);
        if let Piece::End { name: found } = piece
            && found.eq_ignore_ascii_case(name)
        {
            return Some(end);
        }
        at = end;
    }
    None
}
