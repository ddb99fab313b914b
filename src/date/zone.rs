//! Time zones as dates name them: offsets, abbreviations, IANA names.

use std::sync::LazyLock;

use jiff::tz::{Offset, TimeZone, TimeZoneDatabase};

/// The IANA data built into the program: the same on every machine.
static DATABASE: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// Abbreviations with their offset from UTC in minutes. RFC 822 fixes the North American ones;
/// others are those that news sites write. Where one stands for several zones the one with more
/// news in it is taken, unless the language of the page decides (`by_language`).
const OFFSETS: &[(&str, i32)] = &[
    ("GMT", 0),
    ("UTC", 0),
    ("UT", 0),
    ("Z", 0),
    ("WET", 0),
    ("WEST", 60),
    ("BST", 60),
    ("IST", 330),
    ("CET", 60),
    ("CEST", 120),
    ("MET", 60),
    ("MEST", 120),
    ("MEZ", 60),
    ("MESZ", 120),
    ("WAT", 60),
    ("CAT", 120),
    ("SAST", 120),
    ("EET", 120),
    ("EEST", 180),
    ("IDT", 180),
    ("EAT", 180),
    ("FET", 180),
    ("MSD", 240),
    ("GST", 240),
    ("AZT", 240),
    ("AMT", 240),
    ("AFT", 270),
    ("PKT", 300),
    ("UZT", 300),
    ("TJT", 300),
    ("TMT", 300),
    ("AQTT", 300),
    ("ORAT", 300),
    ("NPT", 345),
    ("KGT", 360),
    ("BDT", 360),
    ("MMT", 390),
    ("ICT", 420),
    ("WIB", 420),
    ("HKT", 480),
    ("SGT", 480),
    ("MYT", 480),
    ("PHT", 480),
    ("PHST", 480),
    ("WITA", 480),
    ("AWST", 480),
    ("ULAT", 480),
    ("JST", 540),
    ("KST", 540),
    ("WIT", 540),
    ("ACST", 570),
    ("AEST", 600),
    ("ACDT", 630),
    ("AEDT", 660),
    ("NZST", 720),
    ("NZDT", 780),
    ("BRT", -180),
    ("ART", -180),
    ("CLT", -240),
    ("CLST", -180),
    ("COT", -300),
    ("PET", -300),
    ("VET", -240),
    ("NST", -210),
    ("NDT", -150),
    ("AST", -240),
    ("ADT", -180),
    ("EST", -300),
    ("EDT", -240),
    ("ET", -300),
    ("CST", -360),
    ("CDT", -300),
    ("MST", -420),
    ("MDT", -360),
    ("PST", -480),
    ("PDT", -420),
    ("AKST", -540),
    ("AKDT", -480),
    ("HST", -600),
];

/// Abbreviations of zones whose offset has changed under one name.
const NAMES: &[(&str, &str)] = &[
    ("MSK", "Europe/Moscow"),
    ("МСК", "Europe/Moscow"),
    ("ALMT", "Asia/Almaty"),
    ("SAMT", "Europe/Samara"),
    ("YEKT", "Asia/Yekaterinburg"),
    ("OMST", "Asia/Omsk"),
    ("NOVT", "Asia/Novosibirsk"),
    ("KRAT", "Asia/Krasnoyarsk"),
    ("IRKT", "Asia/Irkutsk"),
    ("YAKT", "Asia/Yakutsk"),
    ("VLAT", "Asia/Vladivostok"),
    ("MAGT", "Asia/Magadan"),
    ("PETT", "Asia/Kamchatka"),
    ("TRT", "Europe/Istanbul"),
    ("TSI", "Europe/Istanbul"),
    ("GET", "Asia/Tbilisi"),
    ("IRST", "Asia/Tehran"),
    ("IRDT", "Asia/Tehran"),
];

/// The zone of an abbreviation, in upper case. `language` is a BCP 47 primary subtag.
pub(super) fn abbreviation(name: &str, language: Option<&str>) -> Option<TimeZone> {
    if let Some(zone) = by_language(name, language) {
        return iana(zone);
    }
    if let Some((_, minutes)) = OFFSETS.iter().find(|(known, _)| *known == name) {
        return if *minutes == 0 { Some(TimeZone::UTC) } else { offset(minutes * 60) };
    }
    NAMES.iter().find(|(known, _)| *known == name).and_then(|(_, zone)| iana(zone))
}

fn by_language(name: &str, language: Option<&str>) -> Option<&'static str> {
    match (name, language?) {
        ("IST", "he") => Some("Asia/Jerusalem"),
        ("IST", "ga") => Some("Europe/Dublin"),
        ("CST", "zh") => Some("Asia/Shanghai"),
        ("BST", "bn") => Some("Asia/Dhaka"),
        ("AST", "ar") => Some("Asia/Riyadh"),
        ("AMT", "pt") => Some("America/Manaus"),
        _ => None,
    }
}

/// Stems, folded, of the words by which pages name the zone of a time.
const STEMS: &[(&str, &str)] = &[
    ("московск", "Europe/Moscow"),
    ("мск", "Europe/Moscow"),
    ("киев", "Europe/Kyiv"),
    ("киів", "Europe/Kyiv"),
    ("минск", "Europe/Minsk"),
    ("астан", "Asia/Almaty"),
    ("нур-султан", "Asia/Almaty"),
    ("алмат", "Asia/Almaty"),
    ("бишкек", "Asia/Bishkek"),
    ("ташкент", "Asia/Tashkent"),
    ("душанб", "Asia/Dushanbe"),
    ("ереван", "Asia/Yerevan"),
];

/// The zone that a word, folded, names.
pub(super) fn in_words(word: &str) -> Option<TimeZone> {
    STEMS.iter().find(|(stem, _)| word.starts_with(stem)).and_then(|(_, zone)| iana(zone))
}

/// A zone by its IANA name.
pub(super) fn iana(name: &str) -> Option<TimeZone> {
    DATABASE.get(name).ok()
}

/// A fixed offset from UTC in seconds, at most 15 hours either way.
pub(super) fn offset(seconds: i32) -> Option<TimeZone> {
    if seconds.unsigned_abs() > 15 * 3600 {
        return None;
    }
    Offset::from_seconds(seconds).ok().map(TimeZone::fixed)
}

/// What to call a zone in a record: its IANA name or its offset.
pub(super) fn name(zone: &TimeZone) -> String {
    if let Some(name) = zone.iana_name() {
        return name.to_owned();
    }
    match zone.to_fixed_offset() {
        Ok(offset) => {
            let minutes = offset.seconds() / 60;
            let sign = if minutes < 0 { '-' } else { '+' };
            format!("{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
        }
        Err(_) => "local".to_owned(),
    }
}
