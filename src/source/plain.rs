//! HTML, as feeds carry it, to plain text.

use std::borrow::Cow;

use memchr::{memchr2, memmem};

use super::markup::{self, Markup, Piece};

/// Bytes looked at at a time.
const CHUNK: usize = 64;

/// The text of HTML, paragraphs apart by a blank line.
pub(super) fn text(html: &str) -> String {
    if !html.contains('<') {
        return clean(&paragraphs(&markup::unescape(html)));
    }
    let mut plain = String::with_capacity(html.len());
    push_plain(html, &mut plain, false);
    clean(&plain)
}

/// Cleans the paragraphs of a text whose ASCII white space is in order.
fn clean(plain: &str) -> String {
    let mut cleaned = String::with_capacity(plain.len());
    for paragraph in plain.split('\n').map(|paragraph| paragraph.trim_matches(' ')) {
        let paragraph = if is_plain_ascii(paragraph)
            || paragraph.chars().all(|c| matches!(c, ' '..='~') || is_plain(c))
        {
            Cow::Borrowed(paragraph)
        } else {
            Cow::Owned(crate::text::clean_text(paragraph))
        };
        if !paragraph.is_empty() {
            if !cleaned.is_empty() {
                cleaned.push_str("\n\n");
            }
            cleaned.push_str(&paragraph);
        }
    }
    cleaned
}

/// Many bytes are looked at at a time: within a chunk there is no early exit.
fn is_plain_ascii(text: &str) -> bool {
    let is_other = |b: &u8| u8::from(b.wrapping_sub(b' ') > b'~' - b' ');
    let chunks = text.as_bytes().chunks(CHUNK);
    chunks.into_iter().all(|chunk| chunk.iter().fold(0, |found, b| found | is_other(b)) == 0)
}

/// Characters of which texts need no cleaning, whatever their order: they are seen, they are no
/// white space but the blank, they combine with nothing and no normal form changes them. Letters
/// of the commonest scripts, the usual punctuation and pictures; others are left to be looked at.
pub(super) fn is_plain(c: char) -> bool {
    matches!(c,
        ' '..='~' | '\u{a1}'..='\u{ac}' | '\u{ae}'..='\u{24f}' | '\u{391}'..='\u{3ce}'
        | '\u{400}'..='\u{47f}' | '\u{48a}'..='\u{52f}' | '\u{531}'..='\u{58a}'
        | '\u{5d0}'..='\u{5ea}' | '\u{60c}' | '\u{61b}' | '\u{61f}'..='\u{63a}'
        | '\u{641}'..='\u{64a}' | '\u{10a0}'..='\u{10ff}' | '\u{2010}'..='\u{2027}'
        | '\u{2030}'..='\u{205e}' | '\u{20a0}'..='\u{20bf}' | '\u{2190}'..='\u{21ff}'
        | '\u{2500}'..='\u{27bf}' | '\u{3001}'..='\u{3029}' | '\u{3041}'..='\u{3096}'
        | '\u{30a1}'..='\u{30fe}' | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}'
        | '\u{ff01}'..='\u{ff5e}' | '\u{1f300}'..='\u{1f3fa}' | '\u{1f400}'..='\u{1faff}')
}

/// A text without tags: blank lines part its paragraphs, other line ends only wrap them.
fn paragraphs(text: &str) -> String {
    let mut joined = String::with_capacity(text.len());
    for line in text.lines().map(str::trim) {
        if line.is_empty() {
            joined.push('\n');
        } else {
            push_text(&mut joined, " ");
            push_text(&mut joined, line);
        }
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
            // A blank that is written as a reference, or must not break, is one like any other.
            if plain.ends_with(char::is_whitespace) && !plain.ends_with('\n') {
                plain.pop();
                push_text(plain, " ");
            }
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
            Kind::Cell => push_text(plain, " "),
            Kind::Inline | Kind::Unknown => {}
        }
    }
    push_text(plain, html.get(at..).unwrap_or_default());
}

/// Pushes a text with its ASCII white space made single blanks, none after another.
fn push_text(plain: &mut String, text: &str) {
    let is_spaced = plain.is_empty() || plain.ends_with([' ', '\n']);
    let mut rest = if is_spaced { text.trim_ascii_start() } else { text };
    if text.len() > CHUNK && is_in_order(rest.as_bytes()) {
        plain.push_str(rest);
        return;
    }
    // What is in order is copied as a whole, not word by word.
    while let Some(at) = disorder(rest.as_bytes()) {
        plain.push_str(rest.get(..at).unwrap_or_default());
        plain.push(' ');
        rest = rest.get(at..).unwrap_or_default().trim_ascii_start();
    }
    plain.push_str(rest);
}

/// Where white space begins that is more than one blank.
fn disorder(bytes: &[u8]) -> Option<usize> {
    let is_wild = |b: u8| matches!(b, b'\t' | b'\n' | b'\r');
    let found = bytes.windows(2).position(|pair| match pair {
        [first, second] => {
            is_wild(*first) || *first == b' ' && (*second == b' ' || is_wild(*second))
        }
        _ => false,
    });
    let last = || bytes.last().filter(|last| is_wild(**last)).map(|_| bytes.len() - 1);
    found.or_else(last)
}

/// Whether the only ASCII white space is single blanks.
fn is_in_order(bytes: &[u8]) -> bool {
    let is_wild = |b: &u8| u8::from(matches!(b, b'\t' | b'\n' | b'\r'));
    let is_double = |(a, b): (&u8, &u8)| u8::from(*a == b' ') & u8::from(*b == b' ');
    let mut wild = bytes.chunks(CHUNK);
    let mut pairs = bytes.chunks(CHUNK).zip(bytes.get(1..).unwrap_or_default().chunks(CHUNK));
    wild.all(|chunk| chunk.iter().fold(0, |found, b| found | is_wild(b)) == 0)
        && pairs.all(|(a, b)| a.iter().zip(b).fold(0, |found, pair| found | is_double(pair)) == 0)
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
    // XHTML may have a prefix.
    let name = name.rsplit(':').next().unwrap_or(name);
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
