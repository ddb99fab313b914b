//! Names of the days of the week: they tell the day from the month in `01/06/2022`.

use std::sync::LazyLock;

use jiff::civil::Weekday;

use super::lexicon::fold;

/// The days that a folded word may mean, one bit each from Monday; in the page's language where
/// that knows the word, else in any.
pub(super) fn days(word: &str, language: Option<&str>) -> u8 {
    let named = |tag: Option<&str>| {
        let days = NAMES.iter().filter(|(of, _, _)| tag.is_none_or(|tag| *of == tag));
        let same = days.filter(|(_, name, _)| name == word);
        same.fold(0, |bits, (_, _, day)| bits | 1 << day)
    };
    match language.map(|tag| named(Some(tag))) {
        Some(days) if days != 0 => days,
        _ => named(None),
    }
}

pub(super) fn bit(day: Weekday) -> u8 {
    1 << day.to_monday_zero_offset()
}

static NAMES: LazyLock<Vec<(&str, String, u8)>> = LazyLock::new(|| {
    let mut names = Vec::new();
    for (tag, days) in DAYS {
        for (day, alternatives) in (0..).zip(days) {
            names.extend(alternatives.split(' ').map(|name| (tag, fold(name), day)));
        }
    }
    names
});

/// Monday to Sunday, alternatives apart by a blank.
const DAYS: [(&str, [&str; 7]); 17] = [
    (
        "en",
        [
            "monday mon",
            "tuesday tue tues",
            "wednesday wed",
            "thursday thu thur thurs",
            "friday fri",
            "saturday sat",
            "sunday sun",
        ],
    ),
    (
        "ru",
        [
            "понедельник пн",
            "вторник вт",
            "среда ср",
            "четверг чт",
            "пятница пт",
            "суббота сб",
            "воскресенье вс",
        ],
    ),
    (
        "uk",
        [
            "понеділок пн",
            "вівторок вт",
            "середа ср",
            "четвер чт",
            "п\'ятниця пт",
            "субота сб",
            "неділя нд",
        ],
    ),
    (
        "kk",
        [
            "дүйсенбі дс",
            "сейсенбі сс",
            "сәрсенбі ср",
            "бейсенбі бс",
            "жұма жм",
            "сенбі сб",
            "жексенбі жс",
        ],
    ),
    (
        "fr",
        [
            "lundi lun",
            "mardi mar",
            "mercredi mer",
            "jeudi jeu",
            "vendredi ven",
            "samedi sam",
            "dimanche dim",
        ],
    ),
    (
        "de",
        [
            "montag mo",
            "dienstag di",
            "mittwoch mi",
            "donnerstag do",
            "freitag fr",
            "samstag sonnabend sa",
            "sonntag so",
        ],
    ),
    (
        "es",
        [
            "lunes lun",
            "martes mar",
            "miércoles mié",
            "jueves jue",
            "viernes vie",
            "sábado sáb",
            "domingo dom",
        ],
    ),
    (
        "pt",
        [
            "segunda seg",
            "terça ter",
            "quarta qua",
            "quinta qui",
            "sexta sex",
            "sábado sáb",
            "domingo dom",
        ],
    ),
    (
        "it",
        [
            "lunedì lun",
            "martedì mar",
            "mercoledì mer",
            "giovedì gio",
            "venerdì ven",
            "sabato sab",
            "domenica dom",
        ],
    ),
    (
        "nl",
        [
            "maandag ma",
            "dinsdag di",
            "woensdag wo",
            "donderdag do",
            "vrijdag vr",
            "zaterdag za",
            "zondag zo",
        ],
    ),
    (
        "pl",
        [
            "poniedziałek pon",
            "wtorek wt",
            "środa śr",
            "czwartek czw",
            "piątek pt",
            "sobota sob",
            "niedziela nie",
        ],
    ),
    (
        "sv",
        [
            "måndag mån",
            "tisdag tis",
            "onsdag ons",
            "torsdag tor",
            "fredag fre",
            "lördag lör",
            "söndag sön",
        ],
    ),
    (
        "da",
        [
            "mandag man",
            "tirsdag tirs",
            "onsdag ons",
            "torsdag tors",
            "fredag fre",
            "lørdag lør",
            "søndag søn",
        ],
    ),
    (
        "tr",
        [
            "pazartesi pzt",
            "salı sal",
            "çarşamba çar",
            "perşembe per",
            "cuma cum",
            "cumartesi cmt",
            "pazar paz",
        ],
    ),
    (
        "id",
        [
            "senin sen",
            "selasa sel",
            "rabu rab",
            "kamis kam",
            "jumat jum",
            "sabtu sab",
            "minggu min",
        ],
    ),
    ("ar", ["الاثنين", "الثلاثاء", "الأربعاء", "الخميس", "الجمعة", "السبت", "الأحد"]),
    (
        "el",
        [
            "δευτέρα δευ",
            "τρίτη τρι",
            "τετάρτη τετ",
            "πέμπτη πεμ",
            "παρασκευή παρ",
            "σάββατο σαβ",
            "κυριακή κυρ",
        ],
    ),
];
