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
    let mut out = String::with_capacity(component.len());
    let mut rest = component;
    while let Some((before, behind)) = rest.split_once('%') {
        out.push_str(before);
        let Some(byte) = hex_pair(behind.as_bytes()) else {
            out.push('%');
            rest = behind;
            continue;
        };
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.extend(escape(byte).map(char::from));
        }
        rest = behind.get(2..).unwrap_or_default();
    }
    out.push_str(rest);
    out
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
            out.extend(escape(byte).map(char::from));
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
    let mut bytes = Vec::with_capacity(component.len());
    for piece in pieces(component) {
        match piece {
            Piece::Byte(b'%') => bytes.extend(escape(b'%')),
            Piece::Escaped(byte) if byte == b'%' || kept.contains(&byte) => {
                bytes.extend(escape(byte));
            }
            Piece::Byte(byte) | Piece::Escaped(byte) => bytes.push(byte),
        }
    }
    bytes
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
            && let Some(escaped) = hex_pair(after)
        {
            rest = rest.get(3..).unwrap_or_default();
            return Some(Piece::Escaped(escaped));
        }
        rest = after;
        Some(Piece::Byte(byte))
    })
}

/// The byte of the two hexadecimal digits that `bytes` opens with.
fn hex_pair(bytes: &[u8]) -> Option<u8> {
    let high = char::from(*bytes.first()?).to_digit(16)?;
    let low = char::from(*bytes.get(1)?).to_digit(16)?;
    u8::try_from(high * 16 + low).ok()
}

fn escape(byte: u8) -> [u8; 3] {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let digit = |half: u8| DIGITS.get(usize::from(half)).copied().unwrap_or(b'0');
    [b'%', digit(byte >> 4), digit(byte & 15)]
}
