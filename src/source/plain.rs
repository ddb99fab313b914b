//! HTML, as feeds carry it, to plain text.

use memchr::{memchr2, memmem};

use super::markup::{self, Markup, Piece};

/// The text of HTML, paragraphs apart by a blank line.
pub(super) fn text(html: &str) -> String {
    if !html.contains('<') {
        return crate::text::clean_text(&paragraphs(&markup::unescape(html)));
    }
    let mut plain = String::with_capacity(html.len());
    push_plain(html, &mut plain, false);
    crate::text::clean_text(&plain)
}

/// A text without tags: blank lines part its paragraphs, other line ends only wrap them.
fn paragraphs(text: &str) -> String {
    let mut joined = String::with_capacity(text.len());
    for line in text.lines().map(str::trim) {
        joined.push_str(if line.is_empty() { "\n" } else { " " });
        joined.push_str(line);
    }
    joined
}

/// The text of HTML in one line. Only tags that HTML knows are taken for tags: "2 <3" stays.
pub(super) fn line(html: &str) -> String {
    if memchr2(b'<', b'&', html.as_bytes()).is_none() {
        return crate::text::clean_line(html);
    }
    let mut plain = String::with_capacity(html.len());
    push_plain(html, &mut plain, true);
    crate::text::clean_line(&plain)
}

fn push_plain(html: &str, plain: &mut String, known_tags_only: bool) {
    let markup = Markup::new(html);
    let mut unclosed = [false; UNREADABLE.len()];
    let mut at = 0;
    while let Some(found) = memchr2(b'<', b'&', markup.bytes_from(at)) {
        push_text(plain, html.get(at..at + found).unwrap_or_default());
        at += found;
        if html.as_bytes().get(at) == Some(&b'&') {
            at += markup::push_reference(html.get(at..).unwrap_or_default(), plain);
            continue;
        }
        let (piece, end) = markup.piece(at);
        let name = match piece {
            Piece::Start(tag) => tag.name,
            Piece::End { name } => name,
            Piece::Cdata(text) => {
                push_text(plain, text);
                at = end;
                continue;
            }
            Piece::Other => {
                at = end;
                continue;
            }
            Piece::Text => {
                push_text(plain, html.get(at..end).unwrap_or_default());
                at = end;
                continue;
            }
        };
        let kind = kind(name);
        if known_tags_only && kind == Kind::Unknown {
            plain.push('<');
            at += 1;
            continue;
        }
        at = end;
        match kind {
            Kind::Unreadable(index) => {
                if let Piece::Start(tag) = piece
                    && !tag.is_empty
                    && let Some(unclosed) = unclosed.get_mut(index)
                    && !*unclosed
                {
                    match element_end(&markup, end, name) {
                        Some(end) => at = end,
                        None => *unclosed = true,
                    }
                }
            }
            Kind::Block | Kind::Break => plain.push('\n'),
            Kind::Cell => plain.push(' '),
            Kind::Inline | Kind::Unknown => {}
        }
    }
    push_text(plain, html.get(at..).unwrap_or_default());
}

/// Pushes a text with its white space made single blanks: what is in order is copied as a whole.
fn push_text(plain: &mut String, text: &str) {
    let unruly = |bytes: &[u8; 2]| {
        matches!(bytes, [b'\t' | b'\n' | b'\r', _] | [_, b'\t' | b'\n' | b'\r'] | [b' ', b' '])
    };
    if text.len() > 1 && !text.as_bytes().array_windows().any(unruly) {
        plain.push_str(text);
        return;
    }
    if text.starts_with(|c: char| c.is_ascii_whitespace()) {
        plain.push(' ');
    }
    let mut words = text.split_ascii_whitespace();
    if let Some(first) = words.next() {
        plain.push_str(first);
        for word in words {
            plain.push(' ');
            plain.push_str(word);
        }
        if text.ends_with(|c: char| c.is_ascii_whitespace()) {
            plain.push(' ');
        }
    }
}

/// What an element means for the text around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Its text is none of the article; its index among `UNREADABLE`.
    Unreadable(usize),
    /// It stands apart from its neighbours.
    Block,
    Break,
    Cell,
    /// It stands within a line.
    Inline,
    Unknown,
}

const UNREADABLE: &[&str] =
    &["script", "style", "iframe", "object", "svg", "noscript", "template", "select"];

fn kind(name: &str) -> Kind {
    let mut buffer = [0_u8; 12];
    let Some(lower) = buffer.get_mut(..name.len()) else { return Kind::Unknown };
    lower.copy_from_slice(name.as_bytes());
    lower.make_ascii_lowercase();
    match &*lower {
        b"br" => Kind::Break,
        b"td" | b"th" => Kind::Cell,
        b"p" | b"div" | b"li" | b"ul" | b"ol" | b"h1" | b"h2" | b"h3" | b"h4" | b"h5" | b"h6"
        | b"tr" | b"table" | b"blockquote" | b"figure" | b"figcaption" | b"section"
        | b"article" | b"header" | b"footer" | b"hr" | b"pre" | b"dl" | b"dt" | b"dd"
        | b"address" | b"aside" | b"center" | b"details" | b"fieldset" | b"main" | b"nav"
        | b"summary" | b"form" => Kind::Block,
        b"a" | b"abbr" | b"acronym" | b"b" | b"bdi" | b"bdo" | b"big" | b"cite" | b"code"
        | b"del" | b"dfn" | b"em" | b"font" | b"i" | b"img" | b"ins" | b"kbd" | b"mark"
        | b"nobr" | b"q" | b"s" | b"samp" | b"small" | b"span" | b"strike" | b"strong" | b"sub"
        | b"sup" | b"time" | b"tt" | b"u" | b"var" | b"wbr" | b"embed" | b"video" | b"audio"
        | b"source" | b"picture" | b"input" | b"button" | b"label" | b"param" | b"caption"
        | b"tbody" | b"thead" | b"body" | b"html" | b"head" | b"link" | b"meta" | b"title" => {
            Kind::Inline
        }
        name => {
            let index = UNREADABLE.iter().position(|known| known.as_bytes() == name);
            index.map_or(Kind::Unknown, Kind::Unreadable)
        }
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
