//! One alphabet of a language into its other one, for terms.

/// A text of `language` in each of its other alphabets: Serbian and Uzbek from Latin into Cyrillic
/// and back, Kazakh from Cyrillic into Latin and Arabic.
pub(crate) fn others(text: &str, language: &str) -> Vec<String> {
    match language {
        "sr" => vec![convert(text, SERBIAN)],
        "uz" => vec![convert(text, UZBEK)],
        // An acronym is another one there: `ҚР` would be `QR`.
        "kk" if is_cyrillic(text) && !text.starts_with('=') => {
            vec![convert(text, KAZAKH_LATIN), convert(text, KAZAKH_ARABIC)]
        }
        _ => Vec::new(),
    }
}

fn is_cyrillic(text: &str) -> bool {
    text.chars().any(|c| ('\u{400}'..='\u{52F}').contains(&c))
}

/// The other alphabet and Cyrillic, longest Latin first: `nj` is one letter.
const SERBIAN: &[(&str, &str)] = &[
    ("lj", "љ"),
    ("nj", "њ"),
    ("dž", "џ"),
    ("a", "а"),
    ("b", "б"),
    ("v", "в"),
    ("g", "г"),
    ("d", "д"),
    ("đ", "ђ"),
    ("e", "е"),
    ("ž", "ж"),
    ("z", "з"),
    ("i", "и"),
    ("j", "ј"),
    ("k", "к"),
    ("l", "л"),
    ("m", "м"),
    ("n", "н"),
    ("o", "о"),
    ("p", "п"),
    ("r", "р"),
    ("s", "с"),
    ("t", "т"),
    ("ć", "ћ"),
    ("u", "у"),
    ("f", "ф"),
    ("h", "х"),
    ("c", "ц"),
    ("č", "ч"),
    ("š", "ш"),
];

const UZBEK: &[(&str, &str)] = &[
    ("sh", "ш"),
    ("ch", "ч"),
    ("yo", "ё"),
    ("yu", "ю"),
    ("ya", "я"),
    ("ts", "ц"),
    ("o'", "ў"),
    ("g'", "ғ"),
    ("a", "а"),
    ("b", "б"),
    ("d", "д"),
    ("e", "е"),
    ("f", "ф"),
    ("g", "г"),
    ("h", "ҳ"),
    ("i", "и"),
    ("j", "ж"),
    ("k", "к"),
    ("l", "л"),
    ("m", "м"),
    ("n", "н"),
    ("o", "о"),
    ("p", "п"),
    ("q", "қ"),
    ("r", "р"),
    ("s", "с"),
    ("t", "т"),
    ("u", "у"),
    ("v", "в"),
    ("x", "х"),
    ("y", "й"),
    ("z", "з"),
    ("'", "ъ"),
    ("e", "э"),
];

/// As the press writes it, without its accents.
const KAZAKH_LATIN: &[(&str, &str)] = &[
    ("a", "а"),
    ("a", "ә"),
    ("b", "б"),
    ("v", "в"),
    ("g", "г"),
    ("g", "ғ"),
    ("d", "д"),
    ("e", "е"),
    ("j", "ж"),
    ("z", "з"),
    ("i", "и"),
    ("i", "й"),
    ("k", "к"),
    ("q", "қ"),
    ("l", "л"),
    ("m", "м"),
    ("n", "н"),
    ("n", "ң"),
    ("o", "о"),
    ("o", "ө"),
    ("p", "п"),
    ("r", "р"),
    ("s", "с"),
    ("t", "т"),
    ("y", "у"),
    ("u", "ұ"),
    ("u", "ү"),
    ("f", "ф"),
    ("h", "х"),
    ("h", "һ"),
    ("ch", "ч"),
    ("sh", "ш"),
    ("sh", "щ"),
    ("y", "ы"),
    ("i", "і"),
    ("e", "э"),
    ("io", "ё"),
    ("iy", "ю"),
    ("ia", "я"),
    ("ts", "ц"),
    ("", "ъ"),
    ("", "ь"),
];

/// Without the sign of soft words, which folding leaves out.
const KAZAKH_ARABIC: &[(&str, &str)] = &[
    ("ا", "а"),
    ("ا", "ә"),
    ("ب", "б"),
    ("ۆ", "в"),
    ("گ", "г"),
    ("ع", "ғ"),
    ("د", "д"),
    ("ە", "е"),
    ("ج", "ж"),
    ("ز", "з"),
    ("ي", "и"),
    ("ي", "й"),
    ("ك", "к"),
    ("ق", "қ"),
    ("ل", "л"),
    ("م", "м"),
    ("ن", "н"),
    ("ڭ", "ң"),
    ("و", "о"),
    ("و", "ө"),
    ("پ", "п"),
    ("ر", "р"),
    ("س", "с"),
    ("ت", "т"),
    ("ۋ", "у"),
    ("ۇ", "ұ"),
    ("ۇ", "ү"),
    ("ف", "ф"),
    ("ح", "х"),
    ("ھ", "һ"),
    ("چ", "ч"),
    ("ش", "ш"),
    ("شش", "щ"),
    ("ى", "ы"),
    ("ى", "і"),
    ("ە", "э"),
    ("يو", "ё"),
    ("يۋ", "ю"),
    ("يا", "я"),
    ("تس", "ц"),
    ("", "ъ"),
    ("", "ь"),
];

fn convert(text: &str, letters: &[(&str, &str)]) -> String {
    let cyrillic = is_cyrillic(text);
    let lower = text.to_lowercase().replace(['‘', '’', 'ʻ', 'ʼ', '`'], "'");
    // An exact term is an acronym: it keeps its capitals.
    let capital = text.starts_with('=');
    let mut converted = String::with_capacity(text.len() * 2);
    let mut rest = lower.as_str();
    while let Some(c) = rest.chars().next() {
        let pair = letters.iter().find_map(|(latin, other)| {
            let (from, to) = if cyrillic { (*other, *latin) } else { (*latin, *other) };
            rest.strip_prefix(from).map(|behind| (to, behind))
        });
        if let Some((to, behind)) = pair {
            converted.push_str(to);
            rest = behind;
        } else {
            converted.push(c);
            rest = rest.get(c.len_utf8()..).unwrap_or_default();
        }
    }
    if capital { converted.to_uppercase() } else { converted }
}
