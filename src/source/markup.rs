//! Tags, attributes, references: markup read without asking that it be right. Every function is
//! linear in what it reads.

use std::{borrow::Cow, cell::Cell, sync::LazyLock};

use html5ever::data::{C1_REPLACEMENTS, NAMED_ENTITIES};
use memchr::{
    memchr, memchr2,
    memmem::{self, Finder},
};

/// The longest name of a character reference: `CounterClockwiseContourIntegral`.
const LONGEST_REFERENCE: usize = 31;

/// Searchers that are made once: making one costs more than a short search.
pub(super) static SECTION: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("<![CDATA["));
pub(super) static SECTION_END: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("]]>"));

#[cfg(test)]
thread_local! {
    /// Bytes of the pieces that this thread has read, again and again ones as often.
    pub(super) static BYTES_READ: Cell<usize> = const { Cell::new(0) };
}

/// What begins at a `<`.
#[derive(Debug, Clone, Copy)]
pub(super) enum Piece<'a> {
    Start(Tag<'a>),
    End {
        name: &'a str,
    },
    /// The text of a CDATA section.
    Cdata(&'a str),
    /// A comment, a processing instruction, a document type.
    Other,
    /// A `<` that opens nothing.
    Text,
}

/// A start tag.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tag<'a> {
    /// With its prefix.
    pub(super) name: &'a str,
    /// What stands between the name and the end of the tag.
    pub(super) attributes: &'a str,
    pub(super) is_empty: bool,
}

impl<'a> Tag<'a> {
    /// The prefix (`""` for none) and the local name.
    pub(super) fn split_name(&self) -> (&'a str, &'a str) {
        // Names are short: a plain loop is faster than a search.
        let colon = self.name.bytes().position(|b| b == b':');
        let (prefix, local) = colon.map_or((0, 0), |colon| (colon, colon + 1));
        (self.name.get(..prefix).unwrap_or_default(), self.name.get(local..).unwrap_or_default())
    }

    /// The value of an attribute with its references resolved. `name` is compared without regard
    /// to case; the first of several wins.
    pub(super) fn attribute(&self, name: &str) -> Option<Cow<'a, str>> {
        if self.attributes.is_empty() {
            return None;
        }
        let value = attributes(self.attributes).find(|(found, _)| found.eq_ignore_ascii_case(name));
        value.map(|(_, value)| unescape(value))
    }
}

/// The attributes of a tag, unresolved.
pub(super) fn attributes(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        loop {
            rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/' || c == '=');
            if rest.is_empty() {
                return None;
            }
            let length = rest.find(|c: char| c.is_whitespace() || c == '=' || c == '/');
            let length = length.unwrap_or(rest.len());
            let (name, after) = rest.split_at_checked(length)?;
            rest = after;
            let Some(value) = after.trim_start().strip_prefix('=') else { continue };
            let value = value.trim_start();
            let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
            let (value, after) = if let Some(quote) = quote {
                let value = value.get(1..).unwrap_or_default();
                value.split_once(quote).unwrap_or((value, ""))
            } else {
                let length = value.find(char::is_whitespace).unwrap_or(value.len());
                value.split_at_checked(length)?
            };
            rest = after;
            return Some((name, value));
        }
    })
}

/// A text with markup, and what is known of it: an end that was sought once in vain is not sought
/// again, else a text of nothing but openings would cost its length squared.
pub(super) struct Markup<'a> {
    pub(super) text: &'a str,
    no_comment_end: Cell<bool>,
    no_subset_end: Cell<bool>,
    /// The `]]>` that was found last, and whence.
    section_end: Cell<Option<(usize, usize)>>,
}

impl<'a> Markup<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            text,
            no_comment_end: Cell::new(false),
            no_subset_end: Cell::new(false),
            section_end: Cell::new(None),
        }
    }

    pub(super) fn bytes_from(&self, at: usize) -> &'a [u8] {
        self.text.as_bytes().get(at..).unwrap_or_default()
    }

    /// The next `<` from `at` on.
    pub(super) fn next(&self, at: usize) -> Option<usize> {
        memchr(b'<', self.bytes_from(at)).map(|found| at + found)
    }

    /// Reads what begins at the `<` at `at`, and where it ends.
    pub(super) fn piece(&self, at: usize) -> (Piece<'a>, usize) {
        let (piece, end) = self.piece_at(at);
        #[cfg(test)]
        BYTES_READ.with(|read| read.set(read.get() + end - at));
        (piece, end)
    }

    fn piece_at(&self, at: usize) -> (Piece<'a>, usize) {
        let text = self.text;
        let rest = self.bytes_from(at);
        match rest.get(1) {
            Some(b'/') => {
                let name = name(text, at + 2);
                let after = at + 2 + name.len();
                let end = match memchr2(b'>', b'<', self.bytes_from(after)) {
                    Some(stop) if self.bytes_from(after).get(stop) == Some(&b'>') => {
                        after + stop + 1
                    }
                    Some(stop) => after + stop,
                    None => text.len(),
                };
                (Piece::End { name }, end)
            }
            Some(b'!') if rest.starts_with(b"<!--") => self.comment(at),
            Some(b'!') if rest.starts_with(b"<![CDATA[") => self.section(at + 9),
            Some(b'!') => (Piece::Other, self.declaration_end(at)),
            Some(b'?') => {
                let end = memchr(b'>', rest).map_or(text.len(), |end| at + end + 1);
                (Piece::Other, end)
            }
            Some(first) if is_name_start(*first) => start_tag(text, at),
            _ => (Piece::Text, at + 1),
        }
    }

    fn comment(&self, at: usize) -> (Piece<'a>, usize) {
        let from = at + 4;
        if !self.no_comment_end.get() {
            if let Some(end) = memmem::find(self.bytes_from(from), b"-->") {
                return (Piece::Other, from + end + 3);
            }
            self.no_comment_end.set(true);
        }
        (Piece::Text, from)
    }

    /// A section up to `]]>`. Where another one opens before, or none ends, its own end was
    /// forgotten, and it ends at the next end tag.
    fn section(&self, from: usize) -> (Piece<'a>, usize) {
        let inner = |end: usize| self.text.get(from..end).unwrap_or_default();
        let end = match self.section_end.get() {
            Some((whence, end)) if whence <= from && from <= end => end,
            _ => {
                let found = SECTION_END.find(self.bytes_from(from));
                let end = found.map_or(self.text.len(), |found| from + found);
                self.section_end.set(Some((from, end)));
                end
            }
        };
        let is_ended = end < self.text.len();
        if is_ended && SECTION.find(inner(end).as_bytes()).is_none() {
            return (Piece::Cdata(inner(end)), end + 3);
        }
        let end = memmem::find(self.bytes_from(from), b"</");
        let end = end.map_or(self.text.len(), |found| from + found);
        (Piece::Cdata(inner(end)), end)
    }

    /// The end of a document type with its internal subset.
    fn declaration_end(&self, at: usize) -> usize {
        let bytes = self.bytes_from(at);
        let Some(first) = memchr2(b'>', b'[', bytes) else { return self.text.len() };
        if bytes.get(first) == Some(&b'[') && !self.no_subset_end.get() {
            if let Some(close) = memmem::find(bytes, b"]>") {
                return at + close + 2;
            }
            self.no_subset_end.set(true);
        }
        memchr(b'>', bytes).map_or(self.text.len(), |close| at + close + 1)
    }
}

fn is_name_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

fn name(text: &str, at: usize) -> &str {
    let rest = text.get(at..).unwrap_or_default();
    let ends = |b: u8| b.is_ascii_whitespace() || matches!(b, b'>' | b'/' | b'<' | b'=');
    let length = rest.bytes().position(ends).unwrap_or(rest.len());
    rest.get(..length).unwrap_or_default()
}

/// A start tag up to its `>`: quoted values may contain one. A quotation that is never closed, or
/// closed only after another tag began, ends with its tag.
fn start_tag(text: &str, at: usize) -> (Piece<'_>, usize) {
    let bytes = text.as_bytes();
    let name = name(text, at + 1);
    let from = at + 1 + name.len();
    if bytes.get(from) == Some(&b'>') {
        return (Piece::Start(Tag { name, attributes: "", is_empty: false }), from + 1);
    }
    let mut position = from;
    let (stop, end) = loop {
        let rest = bytes.get(position..).unwrap_or_default();
        let Some(found) = rest.iter().position(|b| matches!(b, b'>' | b'<' | b'"' | b'\'')) else {
            break (text.len(), text.len());
        };
        let here = position + found;
        match rest.get(found) {
            Some(b'>') => break (here, here + 1),
            Some(b'<') => break (here, here),
            Some(quote) => {
                let before = bytes.get(from..here).unwrap_or_default().trim_ascii_end();
                let after = bytes.get(here + 1..).unwrap_or_default();
                position = here + 1;
                if before.last() == Some(&b'=')
                    && let Some(length) = memchr2(*quote, b'<', after)
                    && after.get(length) == Some(quote)
                {
                    position = here + 1 + length + 1;
                }
            }
            None => break (text.len(), text.len()),
        }
    };
    let attributes = text.get(from..stop).unwrap_or_default();
    let is_empty = attributes.ends_with('/');
    let attributes = attributes.strip_suffix('/').unwrap_or(attributes).trim_ascii();
    (Piece::Start(Tag { name, attributes, is_empty }), end)
}

/// Resolves character references: the predefined, the numeric and the named ones of HTML. What is
/// none stays as it is; numbers that stand for no character vanish; numbers from 128 to 159 mean
/// windows-1252 (HTML Standard section 13.2.5.80).
pub(super) fn unescape(text: &str) -> Cow<'_, str> {
    let Some(first) = memchr(b'&', text.as_bytes()) else { return Cow::Borrowed(text) };
    let mut resolved = String::with_capacity(text.len());
    let mut rest = text;
    let mut next = Some(first);
    while let Some(at) = next {
        let (before, reference) = rest.split_at_checked(at).unwrap_or((rest, ""));
        resolved.push_str(before);
        let length = push_reference(reference, &mut resolved);
        rest = reference.get(length..).unwrap_or_default();
        next = memchr(b'&', rest.as_bytes());
    }
    resolved.push_str(rest);
    Cow::Owned(resolved)
}

/// Resolves the reference at the start of `text`; its length.
pub(super) fn push_reference(text: &str, into: &mut String) -> usize {
    let bytes = text.as_bytes();
    if let Some(b'#') = bytes.get(1) {
        let hexadecimal = matches!(bytes.get(2), Some(b'x' | b'X'));
        let (start, radix) = if hexadecimal { (3, 16) } else { (2, 10) };
        let digits = text.get(start..).unwrap_or_default();
        let length = digits.bytes().take_while(|b| char::from(*b).is_digit(radix)).count();
        if length > 0 {
            let number = digits.get(..length).and_then(|d| u32::from_str_radix(d, radix).ok());
            into.extend(number.and_then(character));
            let end = start + length;
            return end + usize::from(bytes.get(end) == Some(&b';'));
        }
    } else {
        let letters = bytes.iter().skip(1).take(LONGEST_REFERENCE);
        let end = 1 + letters.take_while(|b| b.is_ascii_alphanumeric()).count();
        // Some old names need no semicolon: "&amp b", but not "&notify", which is a longer word;
        // and in addresses "&copy=1" stays.
        let length = match bytes.get(end) {
            Some(b';') => end + 1,
            Some(b'=') => 0,
            _ => end,
        };
        let before = into.len();
        into.extend(text.get(1..length).and_then(named).into_iter().flatten());
        if into.len() > before {
            return length;
        }
    }
    into.push('&');
    1
}

/// The one or two characters of a name, which ends with its semicolon where it has one.
fn named(name: &str) -> Option<impl Iterator<Item = char>> {
    let (first, second) = match name {
        "amp;" => ('&' as u32, 0),
        "lt;" => ('<' as u32, 0),
        "gt;" => ('>' as u32, 0),
        "quot;" => ('"' as u32, 0),
        _ => *NAMED_ENTITIES.get(name)?,
    };
    // Zero stands for none. The table holds the beginnings of names, too, as two zeros.
    Some([first, second].into_iter().filter(|number| *number != 0).filter_map(char::from_u32))
}

fn character(number: u32) -> Option<char> {
    if let Some(replacement) =
        number.checked_sub(0x80).and_then(|at| C1_REPLACEMENTS.get(at as usize))
    {
        return *replacement;
    }
    let allowed = |c: &char| !c.is_control() || matches!(c, '\t' | '\n' | '\r');
    char::from_u32(number).filter(allowed).filter(|c| !matches!(c, '\u{fffe}' | '\u{ffff}'))
}
