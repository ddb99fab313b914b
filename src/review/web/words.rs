//! Words for people: languages, times, numbers.

use jiff::{Timestamp, tz::TimeZone};

use crate::review::{Item, Status};

/// The English name of a language, or its code.
pub(super) fn language(code: &str) -> String {
    let primary = code.split('-').next().unwrap_or(code);
    let Some((_, name)) = LANGUAGES.iter().find(|(known, _)| *known == primary) else {
        return code.to_owned();
    };
    match code.split_once('-') {
        Some((_, script)) => format!("{name} ({script})"),
        None => (*name).to_owned(),
    }
}

const LANGUAGES: [(&str, &str); 68] = [
    ("af", "Afrikaans"),
    ("am", "Amharic"),
    ("ar", "Arabic"),
    ("az", "Azerbaijani"),
    ("be", "Belarusian"),
    ("bg", "Bulgarian"),
    ("bn", "Bengali"),
    ("bo", "Tibetan"),
    ("bs", "Bosnian"),
    ("ca", "Catalan"),
    ("cs", "Czech"),
    ("da", "Danish"),
    ("de", "German"),
    ("el", "Greek"),
    ("en", "English"),
    ("es", "Spanish"),
    ("et", "Estonian"),
    ("fa", "Persian"),
    ("fi", "Finnish"),
    ("fr", "French"),
    ("gu", "Gujarati"),
    ("he", "Hebrew"),
    ("hi", "Hindi"),
    ("hr", "Croatian"),
    ("hu", "Hungarian"),
    ("hy", "Armenian"),
    ("id", "Indonesian"),
    ("it", "Italian"),
    ("ja", "Japanese"),
    ("ka", "Georgian"),
    ("kk", "Kazakh"),
    ("km", "Khmer"),
    ("kmr", "Kurdish"),
    ("ko", "Korean"),
    ("ky", "Kyrgyz"),
    ("lo", "Lao"),
    ("lt", "Lithuanian"),
    ("lv", "Latvian"),
    ("mk", "Macedonian"),
    ("mn", "Mongolian"),
    ("mr", "Marathi"),
    ("ms", "Malay"),
    ("my", "Burmese"),
    ("ne", "Nepali"),
    ("nl", "Dutch"),
    ("no", "Norwegian"),
    ("pl", "Polish"),
    ("ps", "Pashto"),
    ("pt", "Portuguese"),
    ("ro", "Romanian"),
    ("ru", "Russian"),
    ("sk", "Slovak"),
    ("sl", "Slovenian"),
    ("sq", "Albanian"),
    ("sr", "Serbian"),
    ("sv", "Swedish"),
    ("sw", "Swahili"),
    ("ta", "Tamil"),
    ("tg", "Tajik"),
    ("th", "Thai"),
    ("tk", "Turkmen"),
    ("tr", "Turkish"),
    ("tt", "Tatar"),
    ("ug", "Uyghur"),
    ("uk", "Ukrainian"),
    ("ur", "Urdu"),
    ("uz", "Uzbek"),
    ("zh", "Chinese"),
];

/// `6 Jan 2022, 12:00`, in UTC.
pub(super) fn minute(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%-d %b %Y, %H:%M").to_string()
}

/// `2022-01-06`
pub(super) fn day(day: u32) -> String {
    let at = Timestamp::from_second(i64::from(day) * 86_400).unwrap_or_default();
    at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d").to_string()
}

/// `6 Jan`, in January or first of all with the year.
pub(super) fn short_day(day: u32, with_year: bool) -> String {
    let at = Timestamp::from_second(i64::from(day) * 86_400).unwrap_or_default();
    let form = if with_year { "%-d %b %Y" } else { "%-d %b" };
    at.to_zoned(TimeZone::UTC).strftime(form).to_string()
}

/// `3 h ago`, `in 14 min`.
pub(super) fn distance(at: Timestamp, now: Timestamp) -> String {
    let seconds = at.as_second() - now.as_second();
    let length = length(seconds.abs());
    if seconds < 0 { format!("{length} ago") } else { format!("in {length}") }
}

/// `90 s`, `14 min`, `3 h`, `2 d`.
pub(super) fn length(seconds: i64) -> String {
    match seconds {
        s if s < 90 => format!("{s} s"),
        s if s < 90 * 60 => format!("{} min", (s + 30) / 60),
        s if s < 36 * 3600 => format!("{} h", (s + 1800) / 3600),
        s => format!("{} d", (s + 43_200) / 86_400),
    }
}

/// `12,345`
pub(super) fn number(number: u32) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 article`, `2 articles`.
pub(super) fn count(count: u32, one: &str) -> String {
    format!("{} {one}{}", number(count), if count == 1 { "" } else { "s" })
}

pub(super) fn source(item: &Item) -> &str {
    item.record.source_name.as_deref().unwrap_or(&item.record.source_domain)
}

pub(super) fn title(item: &Item) -> &str {
    item.record.title.as_deref().filter(|title| !title.is_empty()).unwrap_or("(untitled)")
}

pub(super) fn body(item: &Item) -> &str {
    item.record.text.as_deref().or(item.record.summary.as_deref()).unwrap_or_default()
}

pub(super) fn at(item: &Item) -> Timestamp {
    item.record.published_at.unwrap_or(item.record.first_seen_at)
}

pub(super) fn status(status: Status) -> &'static str {
    match status {
        Status::Open => "Not reviewed",
        Status::Reviewed => "Reviewed",
        Status::Flagged => "Flagged",
        Status::NotRelevant => "Not relevant",
        Status::Noted => "With a note",
    }
}

/// A part of an address, escaped.
pub(super) fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// The address of a list.
pub(super) fn list(path: &str, query: &str, sort: &str) -> String {
    let mut address = path.to_owned();
    if !query.is_empty() {
        address.push_str(&format!("?q={}", encoded(query)));
    }
    if !sort.is_empty() && sort != "newest" {
        address.push_str(&format!("{}sort={sort}", if query.is_empty() { '?' } else { '&' }));
    }
    address
}

/// An address of the web that a link may lead to.
pub(super) fn external(address: &str) -> Option<&str> {
    let is_web = address.starts_with("https://") || address.starts_with("http://");
    is_web.then_some(address).filter(|address| url::Url::parse(address).is_ok())
}

/// The language attribute of a text: nothing where it is not known.
pub(super) fn lang(item: &Item) -> Option<&str> {
    item.record.language.as_deref().filter(|language| *language != "und")
}

/// A term as a topic file writes it, its open end shown as one.
pub(super) fn term(term: &str) -> String {
    term.replace('*', "…").trim_start_matches('=').to_owned()
}
