//! Bytes to text: BOM, then the HTTP header, then `<meta>`, then a guess; a declaration that the
//! bytes contradict is seen through.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

use super::Page;
use crate::text::charset;

/// How far into the page a `<meta charset>` is looked for. Browsers stop at 1,024 bytes; pages
/// that put scripts before it exist.
const META_WINDOW: usize = 8192;

/// A decoded page.
pub(super) struct Decoded<'a> {
    pub(super) text: Cow<'a, str>,
    pub(super) encoding: &'static Encoding,
    /// What was declared and not believed.
    pub(super) disbelieved: Option<&'static Encoding>,
}

impl Decoded<'_> {
    pub(super) fn warning(&self) -> Option<String> {
        let (says, is) = (self.disbelieved?.name(), self.encoding.name());
        Some(format!("the page says {says} and is read as {is}"))
    }
}

/// Decodes a page; what cannot be decoded becomes U+FFFD.
pub(super) fn decode<'a>(page: &Page<'a>) -> Decoded<'a> {
    let bytes = page.bytes;
    if let Some((encoding, bom)) = Encoding::for_bom(bytes) {
        let (text, _) = encoding.decode_without_bom_handling(bytes.get(bom..).unwrap_or_default());
        return Decoded { text, encoding, disbelieved: None };
    }
    if let Some(encoding) = utf16_without_bom(bytes) {
        let (text, _) = encoding.decode_without_bom_handling(bytes);
        return Decoded { text, encoding, disbelieved: None };
    }
    let http = page.content_type.and_then(charset::http_label);
    let http = http.and_then(|label| charset::known(&label));
    let declared = charset::declared(http, meta_charset(bytes));
    let encoding = charset::believe(bytes, declared, page.url.domain());
    let (text, _) = encoding.decode_without_bom_handling(bytes);
    Decoded { text, encoding, disbelieved: declared.filter(|declared| *declared != encoding) }
}

/// Latin text in UTF-16 has a NUL in every second byte.
fn utf16_without_bom(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = bytes.get(..64)?;
    let nul_at = |odd: usize| {
        head.iter().enumerate().filter(|(i, byte)| i % 2 == odd && **byte == 0).count()
    };
    match (nul_at(0), nul_at(1)) {
        (even, odd) if even > 24 && odd < 4 => Some(UTF_16BE),
        (even, odd) if odd > 24 && even < 4 => Some(UTF_16LE),
        _ => None,
    }
}

/// The first `charset=` inside a `<meta>` or an XML declaration of the page's head.
fn meta_charset(bytes: &[u8]) -> Option<&'static Encoding> {
    let window = bytes.get(..META_WINDOW.min(bytes.len()))?;
    let mut from = 0;
    while let Some(at) = memchr::memchr(b'<', window.get(from..)?) {
        let tag = window.get(from + at..)?;
        let end = memchr::memchr(b'>', tag).unwrap_or(tag.len());
        let head = tag.get(..end)?.to_ascii_lowercase();
        if head.starts_with(b"<meta") || head.starts_with(b"<?xml") {
            let text = String::from_utf8_lossy(&head);
            let found = ["charset=", "encoding="].iter().find_map(|key| {
                let (_, value) = text.split_once(key)?;
                let value = value.trim_start_matches(['"', '\'', ' ']);
                let label = value.split(['"', '\'', ';', ' ', '/', '?']).next()?;
                charset::known(label)
            });
            // A page that could be read this far is not in UTF-16, whatever it says.
            match found {
                Some(encoding) if encoding == UTF_16LE || encoding == UTF_16BE => {
                    return Some(UTF_8);
                }
                Some(encoding) => return Some(encoding),
                None => {}
            }
        }
        from += at + 1;
    }
    None
}
