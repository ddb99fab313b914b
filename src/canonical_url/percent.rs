//! Percent-encoding: what RFC 3986 calls equal, and the one spelling a key has.

use unicode_normalization::UnicodeNormalization;
use url::Url;

/// RFC 3986 section 6.2.2: escapes in upper case, unreserved characters plain. Case of scheme and
/// host, the default port and dot segments are `Url`'s own work.
pub(super) fn normalized(mut url: Url) -> Url {
    let path = unreserved(url.path());
    if path != url.path() {
        url.set_path(&path);
    }
    if let Some(query) = url.query() {
        let plain = unreserved(query);
        if plain != query {
            url.set_query(Some(&plain));
        }
    }
    url
}

fn unreserved(component: &str) -> String {
    rewrite(component, |byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            Escape::Plain
        } else {
            Escape::Keep
        }
    })
}

/// One spelling for a key: every escape decoded but those of `kept`, whose plain form would mean
/// something else; NFC; then escaped again where a URI needs it.
pub(super) fn canonical(component: &str, kept: &[u8]) -> String {
    let decoded = decode(component, kept);
    let composed: Vec<u8> = match String::from_utf8(decoded) {
        Ok(text) if text.is_ascii() => text.into_bytes(),
        Ok(text) => text.nfc().collect::<String>().into_bytes(),
        Err(e) => e.into_bytes(),
    };
    let mut out = String::with_capacity(composed.len());
    for byte in composed {
        // A percent sign here heads an escape that `decode` left standing.
        if byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte) {
            out.push(char::from(byte));
        } else {
            push_escape(&mut out, byte);
        }
    }
    out
}

/// Decodes all escapes that are valid; text that is not UTF-8 comes out with replacement characters.
pub(super) fn plain(component: &str) -> String {
    let mut bytes = Vec::with_capacity(component.len());
    for piece in pieces(component) {
        match piece {
            Piece::Byte(byte) | Piece::Escaped(byte) => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn decode(component: &str, kept: &[u8]) -> Vec<u8> {
    let mut out = String::new();
    let mut bytes = Vec::with_capacity(component.len());
    for piece in pieces(component) {
        match piece {
            Piece::Byte(b'%') => bytes.extend_from_slice(b"%25"),
            Piece::Escaped(byte) if byte == b'%' || kept.contains(&byte) => {
                out.clear();
                push_escape(&mut out, byte);
                bytes.extend_from_slice(out.as_bytes());
            }
            Piece::Byte(byte) | Piece::Escaped(byte) => bytes.push(byte),
        }
    }
    bytes
}

enum Escape {
    Plain,
    Keep,
}

fn rewrite(component: &str, rule: impl Fn(u8) -> Escape) -> String {
    let mut out = String::with_capacity(component.len());
    let mut rest = component;
    while let Some(at) = rest.find('%') {
        let (before, escape) = rest.split_at(at);
        out.push_str(before);
        let Some(byte) = hex_pair(escape.as_bytes()) else {
            out.push('%');
            rest = escape.get(1..).unwrap_or_default();
            continue;
        };
        match rule(byte) {
            Escape::Plain => out.push(char::from(byte)),
            Escape::Keep => push_escape(&mut out, byte),
        }
        rest = escape.get(3..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

enum Piece {
    Byte(u8),
    Escaped(u8),
}

fn pieces(component: &str) -> impl Iterator<Item = Piece> + '_ {
    let mut rest = component.as_bytes();
    std::iter::from_fn(move || {
        let (&byte, after) = rest.split_first()?;
        if byte == b'%'
            && let Some(escaped) = hex_pair(rest)
        {
            rest = rest.get(3..).unwrap_or_default();
            return Some(Piece::Escaped(escaped));
        }
        rest = after;
        Some(Piece::Byte(byte))
    })
}

/// The byte of the escape that `bytes` opens with.
fn hex_pair(bytes: &[u8]) -> Option<u8> {
    let high = char::from(*bytes.get(1)?).to_digit(16)?;
    let low = char::from(*bytes.get(2)?).to_digit(16)?;
    u8::try_from(high * 16 + low).ok()
}

fn push_escape(out: &mut String, byte: u8) {
    const HEX: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];
    out.push('%');
    for digit in [byte >> 4, byte & 15] {
        out.push(HEX.get(usize::from(digit)).copied().unwrap_or('0'));
    }
}
