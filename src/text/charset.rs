//! Which encoding bytes are in, whatever they are declared to be.

use std::collections::BTreeSet;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{
    Encoding, GB18030, GBK, ISO_2022_JP, ISO_8859_2, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1250,
    WINDOWS_1252, WINDOWS_1254, WINDOWS_1257,
};

use super::language;

/// How many bytes are looked at, from a little before the first that is beyond ASCII.
const REACH: usize = 64 << 10;
/// Another encoding than the declared default makes so many letters inside words, and one of so many
/// characters beyond ASCII is one. Of 900 western texts none is read otherwise by it.
const MADE_MIN: usize = 3;
const MADE_PART: usize = 8;

/// The encoding of a label as it is met: `utf_8` is one.
pub fn known(label: &str) -> Option<&'static Encoding> {
    Encoding::for_label(label.as_bytes())
        .or_else(|| Encoding::for_label(label.replace('_', "-").as_bytes()))
}

/// The label in a Content-Type, in lower case: `windows-1251` of `text/html; charset=windows-1251`.
pub fn http_label(content_type: &str) -> Option<String> {
    let content_type = content_type.to_ascii_lowercase();
    let (_, rest) = content_type.split_once("charset")?;
    let value = rest.trim_start().strip_prefix('=')?.trim_start_matches([' ', '"', '\'']);
    let label = value.split([';', ' ', '"', '\'', ',']).next()?;
    (!label.is_empty()).then(|| label.to_owned())
}

/// What is declared: servers say ISO 8859-1 where nobody configured anything, and the document
/// knows better.
pub fn declared(
    http: Option<&'static Encoding>,
    document: Option<&'static Encoding>,
) -> Option<&'static Encoding> {
    http.filter(|http| *http != WINDOWS_1252).or(document).or(http)
}

/// The encoding to read `bytes` in that have no mark and claim to be in `declared`; `host` is where
/// they come from. Valid UTF-8 is taken for what it is.
pub fn believe(
    bytes: &[u8],
    declared: Option<&'static Encoding>,
    host: Option<&str>,
) -> &'static Encoding {
    let Some(first) = bytes.iter().position(|byte| *byte >= 0x80) else {
        return match declared {
            Some(declared) if declared.is_ascii_compatible() || declared == ISO_2022_JP => declared,
            _ => UTF_8,
        };
    };
    // Text in another encoding is almost never valid UTF-8 by chance.
    let Err(error) = std::str::from_utf8(bytes) else { return UTF_8 };
    let window = bytes.get(first.saturating_sub(256)..).unwrap_or_default();
    let window = window.get(..REACH).unwrap_or(window);
    let is_utf8 = |least| {
        let is_cut = error.valid_up_to() > first && error.valid_up_to() + 3 >= bytes.len();
        is_cut || mostly_utf8(window, least)
    };
    match declared {
        Some(declared) if declared == UTF_8 && is_utf8(2) => UTF_8,
        Some(wide) if wide == UTF_8 || wide == UTF_16LE || wide == UTF_16BE => {
            guess_by_language(window, host)
        }
        Some(default) if default == WINDOWS_1252 => {
            let guessed = guess(window, host);
            if makes_words(guessed, default, window) {
                guessed
            } else {
                of_language(default, window).unwrap_or(default)
            }
        }
        Some(declared) => {
            let strange = implausible(declared, window);
            let high = window.iter().filter(|byte| **byte >= 0x80).count();
            if strange * 50 <= high {
                return declared;
            }
            let guessed = guess(window, host);
            if implausible(guessed, window) * 2 < strange { guessed } else { declared }
        }
        None if is_utf8(10) => UTF_8,
        None => guess_by_language(window, host),
    }
}

/// Whether a text is UTF-8 with a few faults (a cut character, a foreign quotation) rather than
/// something else: over `least` characters beyond ASCII for each fault. Of text in other encodings
/// hardly a fifth reads as UTF-8 by chance.
fn mostly_utf8(window: &[u8], least: usize) -> bool {
    let (mut good, mut bad) = (0_usize, 0_usize);
    for chunk in window.utf8_chunks() {
        good += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        bad += usize::from(!chunk.invalid().is_empty());
    }
    good > least * bad
}

fn guess(window: &[u8], host: Option<&str>) -> &'static Encoding {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(window, true);
    let label = host.and_then(|host| host.rsplit('.').next());
    let plain = |label: &&str| label.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
    let label = label.filter(plain).map(str::as_bytes);
    let encoding = detector.guess(label, Utf8Detection::Allow);
    // The detector knows GBK; its superset reads the same bytes and more.
    if encoding == GBK { GB18030 } else { encoding }
}

/// A guess of the western encoding, where nothing says so, is one for want of a better.
fn guess_by_language(window: &[u8], host: Option<&str>) -> &'static Encoding {
    let guessed = guess(window, host);
    let western = guessed == WINDOWS_1252;
    western.then(|| of_language(guessed, window)).flatten().unwrap_or(guessed)
}

/// Whether another encoding than the declared one makes of a part of the bytes beyond ASCII letters
/// inside words that the declared one does not make: a pound sign or a quotation mark is none.
fn makes_words(guessed: &'static Encoding, declared: &'static Encoding, window: &[u8]) -> bool {
    let (text, _) = guessed.decode_without_bom_handling(window);
    let declared: BTreeSet<char> = declared.decode_without_bom_handling(window).0.chars().collect();
    let (mut all, mut made, mut before) = (0, 0, ' ');
    let mut characters = text.chars().peekable();
    while let Some(now) = characters.next() {
        if !now.is_ascii() {
            all += 1;
            let behind = characters.peek().is_some_and(|next| next.is_alphabetic());
            made += usize::from(
                now.is_alphabetic() && before.is_alphabetic() && behind && !declared.contains(&now),
            );
        }
        before = now;
    }
    made >= MADE_MIN && made * MADE_PART >= all
}

/// Languages, the letters that they have beyond ASCII, and the encodings in which they are met.
type Language = (&'static [&'static str], &'static str, &'static [&'static Encoding]);

/// Those that the declared default cannot write.
static OTHERS: &[Language] = &[
    (&["pl"], "ąćęłńóśźż", &[WINDOWS_1250, ISO_8859_2]),
    (&["cs"], "áčďéěíňóřšťúůýž", &[WINDOWS_1250, ISO_8859_2]),
    (&["sk"], "áäčďéíĺľňóôŕšťúýž", &[WINDOWS_1250, ISO_8859_2]),
    (&["hu"], "áéíóöőúüű", &[WINDOWS_1250, ISO_8859_2]),
    (&["hr", "sl", "sr-Latn"], "čćđšž", &[WINDOWS_1250, ISO_8859_2]),
    (&["ro"], "ăâîşţșț", &[WINDOWS_1250, ISO_8859_2]),
    (&["tr"], "çğıiöşüâîû\u{307}", &[WINDOWS_1254]),
    (&["lt"], "ąčęėįšųūž", &[WINDOWS_1257]),
    (&["lv"], "āčēģīķļņšūž", &[WINDOWS_1257]),
];
/// How sure one must be of a language.
const SURE: f32 = 0.5;

/// Another encoding, if it makes of the text one in a language of its own with the letters of that
/// language, where the declared one makes wrong letters: too short a text has few of them to count.
fn of_language(declared: &'static Encoding, window: &[u8]) -> Option<&'static Encoding> {
    let text_in =
        |encoding: &'static Encoding| without_tags(&encoding.decode_without_bom_handling(window).0);
    let text = text_in(declared);
    let mut best = None;
    for encoding in [WINDOWS_1250, ISO_8859_2, WINDOWS_1254, WINDOWS_1257] {
        let other = text_in(encoding);
        let told = language::detect(&other, &[]);
        let is_own = |(tags, _, encodings): &&Language| {
            tags.contains(&told.language.as_str()) && encodings.contains(&encoding)
        };
        let Some((_, letters, _)) = OTHERS.iter().find(is_own) else { continue };
        let (wrong, left) = (strange_letters(&text, letters), strange_letters(&other, letters));
        let is_better = best.is_none_or(|(least, _)| left < least);
        if told.confidence >= SURE && left * 4 < wrong && is_better {
            best = Some((left, encoding));
        }
    }
    best.map(|(_, encoding)| encoding)
}

/// How many characters beyond ASCII are none of a language's letters, nor signs as any language has them.
fn strange_letters(text: &str, letters: &str) -> usize {
    let mut count = 0;
    let mut before = ' ';
    let mut characters = text.chars().peekable();
    while let Some(now) = characters.next() {
        let is_inside =
            before.is_alphabetic() && characters.peek().is_some_and(|c| c.is_alphabetic());
        let is_control = ('\u{80}'..'\u{a0}').contains(&now) || now == '\u{fffd}';
        let is_own = now.to_lowercase().all(|c| letters.contains(c));
        // Dashes, quotation marks and spaces stand between letters, too.
        let is_sign = matches!(now, '\u{a1}'..='\u{bf}')
            && !matches!(now, '\u{ab}' | '\u{ad}' | '\u{bb}' | '\u{b4}' | '\u{b7}');
        let is_wrong = is_control || (now.is_alphabetic() && !is_own) || (is_sign && is_inside);
        count += usize::from(!now.is_ascii() && is_wrong);
        before = now;
    }
    count
}

fn without_tags(text: &str) -> String {
    let mut words = String::with_capacity(text.len());
    for (nth, piece) in text.split('<').enumerate() {
        // What the window begins within has no beginning.
        let text = if nth == 0 { Some(piece) } else { piece.split_once('>').map(|(_, text)| text) };
        words.push_str(text.unwrap_or_default());
        words.push(' ');
    }
    words
}

/// How many places of the decoded text no writer would have typed: undecodable bytes, control
/// characters, a capital after a small letter, a Cyrillic capital inside a word (koi8-r and
/// windows-1251 read as each other swap the cases), a Latin letter beside a Cyrillic one.
fn implausible(encoding: &'static Encoding, window: &[u8]) -> usize {
    let (text, _) = encoding.decode_without_bom_handling(window);
    let mut count = 0;
    let mut before = ' ';
    for now in text.chars() {
        let high = |c: char| c as u32 >= 0x80;
        let odd = now == '\u{fffd}'
            || ('\u{80}'..'\u{a0}').contains(&now)
            || ((high(now) || high(before))
                && before.is_alphabetic()
                && now.is_alphabetic()
                && ((now.is_uppercase() && (before.is_lowercase() || cyrillic(now)))
                    || cyrillic(before) != cyrillic(now)));
        count += usize::from(odd);
        before = now;
    }
    count
}

fn cyrillic(c: char) -> bool {
    ('\u{400}'..='\u{52f}').contains(&c)
}
