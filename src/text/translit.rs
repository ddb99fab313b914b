//! One alphabet of a language into its other one, for terms.

/// Serbian Latin into Cyrillic, or Cyrillic into Latin where the text has Cyrillic.
pub(crate) fn serbian(text: &str) -> String {
    convert(text, SERBIAN)
}

/// Uzbek Latin into Cyrillic, or Cyrillic into Latin where the text has Cyrillic.
pub(crate) fn uzbek(text: &str) -> String {
    convert(text, UZBEK)
}

/// Latin and Cyrillic, longest Latin first: `nj` is one letter.
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

fn convert(text: &str, letters: &[(&str, &str)]) -> String {
    let cyrillic = text.chars().any(|c| ('\u{400}'..='\u{52F}').contains(&c));
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
