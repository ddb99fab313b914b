//! Who wrote it: the names in a byline, without "By", offices, dates and links.

use ego_tree::NodeRef;
use scraper::{Html, Node};
use serde_json::Value;

use super::body::lexicon;
use super::head::Head;
use super::metadata::unescaped;
use super::{SiteRules, dom, title};

/// Authors kept of one page.
const AUTHORS_MAX: usize = 20;
/// A byline is shorter; what is longer is a biography.
const BYLINE_MAX: usize = 160;

pub(super) fn find(
    html: &Html,
    head: &Head<'_>,
    rules: Option<&SiteRules>,
    site_name: Option<&str>,
) -> Vec<String> {
    if let Some(rules) = rules {
        let selected: Vec<String> =
            dom::selected(html, &rules.authors).flat_map(|text| names(&text)).collect();
        if !selected.is_empty() {
            return unique(selected, None);
        }
    }
    let mut stated = Vec::new();
    if let Some(author) = head.article().and_then(|article| article.get("author")) {
        from_jsonld(author, &head.ld, &mut stated);
    }
    let stated = unique(stated, site_name);
    let sources = [stated, unique(from_meta(head), site_name), unique(from_page(head), site_name)];
    let labelled = if sources.iter().all(Vec::is_empty) {
        unique(from_label(html, head), site_name)
    } else {
        Vec::new()
    };
    // A publisher in place of a person is the answer only where no other place names one.
    let named_by_site = |names: &Vec<String>| {
        names.iter().all(|name| site_name.is_some_and(|site| is_site(name, site)))
    };
    let person = sources.iter().find(|names| !names.is_empty() && !named_by_site(names));
    let any = person.or_else(|| sources.iter().find(|names| !names.is_empty()));
    any.cloned().unwrap_or(labelled)
}

fn from_meta(head: &Head<'_>) -> Vec<String> {
    const KEYS: [&str; 10] = [
        "author",
        "article:author",
        "parsely-author",
        "byl",
        "dc.creator",
        "dcterms.creator",
        "sailthru.author",
        "article.author",
        "cxenseparse:author",
        "authors",
    ];
    KEYS.iter()
        .map(|key| head.all_metas(key).flat_map(|value| names(&unescaped(value))).collect())
        .find(|names: &Vec<String>| !names.is_empty())
        .unwrap_or_default()
}

/// What stands behind "Author:" below the headline, in whatever element.
fn from_label(html: &Html, head: &Head<'_>) -> Vec<String> {
    let headline = head.headline.map(|node| node.id());
    let is_own = |node: &NodeRef<'_, Node>| {
        let other = lexicon::COMMENT | lexicon::RELATED | lexicon::NAVIGATION;
        !node.ancestors().filter_map(|up| up.value().as_element()).any(|element| {
            dom::is_silent(element.name())
                || dom::attr(element, "class").is_some_and(|name| lexicon::marks(name) & other != 0)
        })
    };
    let below = html.tree.nodes().skip_while(|node| headline.is_some_and(|at| node.id() != at));
    let mut texts = below.filter_map(|node| Some((node, node.value().as_text()?.trim())));
    while let Some((node, text)) = texts.next() {
        let labelled = text.split_once(COLONS).filter(|(label, _)| is_label(label));
        let Some((_, named)) = labelled else { continue };
        if text.chars().count() > BYLINE_MAX || !is_own(&node) {
            continue;
        }
        let named = named.trim();
        let named = if named.is_empty() {
            texts.find(|(_, text)| !text.is_empty()).map_or("", |(_, text)| text)
        } else {
            named
        };
        let found = if named.chars().count() <= BYLINE_MAX { names(named) } else { Vec::new() };
        if !found.is_empty() {
            return found;
        }
    }
    Vec::new()
}

/// Microdata, links to authors' pages, elements that class or rel call a byline.
fn from_page(head: &Head<'_>) -> Vec<String> {
    let props = head.props.iter().filter(|(name, _)| *name == "author").map(|(_, node)| *node);
    let linked = || {
        head.bylines.iter().copied().filter(|node| {
            node.value().as_element().is_some_and(|element| {
                element.name() == "a" || dom::attr(element, "rel") == Some("author")
            })
        })
    };
    for nodes in [props.collect::<Vec<_>>(), linked().collect(), head.bylines.clone()] {
        let mut found = Vec::new();
        for node in nodes {
            let text = dom::text(node);
            if text.chars().count() <= BYLINE_MAX {
                found.extend(names(&text));
            }
            // The next byline belongs to another story.
            if !found.is_empty() {
                return found;
            }
        }
    }
    Vec::new()
}

/// `objects` are all of the page: an author may be named in one of its own.
pub(super) fn from_jsonld(author: &Value, objects: &[Value], authors: &mut Vec<String>) {
    let items = author.as_array().map_or_else(|| std::slice::from_ref(author), Vec::as_slice);
    for item in items.iter().take(AUTHORS_MAX) {
        let referred = || {
            let id = item.get("@id")?.as_str()?;
            let is_it = |object: &&Value| object.get("@id").and_then(Value::as_str) == Some(id);
            objects.iter().filter(is_it).find_map(|object| object.get("name"))
        };
        let name = item.get("name").or_else(referred).unwrap_or(item);
        let listed = name.as_array().map_or_else(|| std::slice::from_ref(name), Vec::as_slice);
        for name in listed.iter().filter_map(Value::as_str) {
            authors.extend(names(&unescaped(name)));
        }
    }
}

fn unique(names: Vec<String>, site_name: Option<&str>) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for name in names {
        let folded = title::folded(&name);
        if kept.len() < AUTHORS_MAX && !kept.iter().any(|known| title::folded(known) == folded) {
            kept.push(name);
        }
    }
    // Beside persons, neither the site itself nor an agency is an author.
    let is_person =
        |name: &String| !is_agency(name) && !site_name.is_some_and(|site| is_site(name, site));
    if kept.iter().any(is_person) {
        kept.retain(is_person);
    }
    kept
}

fn is_agency(name: &str) -> bool {
    let name = title::folded(name);
    AGENCIES.contains(&name.strip_prefix("the").unwrap_or(&name))
}

fn is_site(name: &str, site: &str) -> bool {
    let (name, site) = (title::folded(name), title::folded(site));
    !name.is_empty()
        && (name == site || format!("{site}com") == name || format!("the{name}") == site)
}

/// News agencies and wire services, folded.
const AGENCIES: [&str; 30] = [
    "associatedpress",
    "ap",
    "apnews",
    "reuters",
    "afp",
    "agencefrancepresse",
    "dpa",
    "apa",
    "sda",
    "kna",
    "epd",
    "sid",
    "ansa",
    "efe",
    "europapress",
    "lusa",
    "ritzau",
    "ntb",
    "tt",
    "pap",
    "anadoluajansı",
    "anadoluagency",
    "tass",
    "тасс",
    "риановости",
    "интерфакс",
    "xinhua",
    "新华社",
    "bloomberg",
    "pressassociation",
];

/// What publishing systems and desks write where no person is named, folded.
const PLACEHOLDERS: [&str; 18] = [
    "admin",
    "administrator",
    "superuser",
    "root",
    "webmaster",
    "editor",
    "editors",
    "editorial",
    "newsroom",
    "newsdesk",
    "redaktion",
    "redaktor",
    "redakcja",
    "redazione",
    "redacción",
    "redação",
    "rédaction",
    "редакция",
];

/// What stands before names without a colon, in lower case, and never is a name itself.
const PREFIXES: [&str; 33] = [
    "by",
    "written by",
    "words by",
    "story by",
    "posted by",
    "reported by",
    "a cura di",
    "ein beitrag von",
    "escrito por",
    "propos recueillis par",
    "opracował",
    "opracowała",
    "автор",
    "авторы",
    "подготовил",
    "подготовила",
    "муаллиф",
    "muallif",
    "γράφει ο",
    "γράφει η",
    "του",
    "της",
    "كتب",
    "كتبت",
    "بقلم",
    "מאת",
    "โดย",
    "tác giả",
    "文/",
    "记者",
    "記者",
    "本报记者",
    "本報記者",
];
/// Words before names that begin names too: what is left must be a full one.
const AMBIGUOUS: [&str; 13] =
    ["von", "par", "por", "di", "de", "door", "av", "af", "oleh", "nga", "theo", "text", "tekst"];
/// What stands between a label and what it says.
const COLONS: [char; 3] = [':', '：', '՝'];
/// A label has no more words.
const LABEL_WORDS: usize = 3;
/// Words that say that the author follows, in a line of its own, in lower case.
const LABELS: [&str; 43] = [
    "author",
    "authors",
    "written by",
    "автор",
    "авторы",
    "автор статьи",
    "автор текста",
    "автори",
    "авторка",
    "автору",
    "аўтар",
    "авторлар",
    "муаллиф",
    "жазған",
    "сурвалжлагч",
    "autor",
    "autora",
    "autorka",
    "autors",
    "autorius",
    "auteur",
    "autore",
    "awtor",
    "szerző",
    "συντάκτης",
    "yazar",
    "yazan",
    "muhabir",
    "müəllif",
    "muallif",
    "penulis",
    "opracował",
    "tác giả",
    "հեղինակ",
    "ავტორი",
    "بقلم",
    "نویسنده",
    "تحریر",
    "מאת",
    "लेखक",
    "作者",
    "记者",
    "記者",
];
/// Words of labels that name somebody else: who took the pictures, who told it first.
const OTHERS: [&str; 22] = [
    "photo",
    "photos",
    "image",
    "images",
    "picture",
    "pictures",
    "video",
    "foto",
    "fotos",
    "bild",
    "bilder",
    "grafik",
    "фото",
    "видео",
    "сурет",
    "source",
    "quelle",
    "источник",
    "来源",
    "写真",
    "사진",
    "图",
];
/// What stands between a name and another, or what its bearer is.
const SEPARATORS: [char; 7] = [',', '，', ';', '|', '•', '·', '\n'];
/// Words between two names.
const CONJUNCTIONS: [&str; 13] = [
    " and ", " & ", " und ", " et ", " og ", " och ", " и ", " ve ", " with ", " avec ", " mit ",
    " con ", " y ",
];
/// What follows a name and is none: offices and agencies' tails.
const TAILS: [&str; 22] = [
    " chief",
    " senior",
    " deputy",
    " 기자",
    " 특파원",
    " 記者",
    " the associated press",
    " staff writer",
    " staff reporter",
    " staff",
    " correspondent",
    " columnist",
    " reporter",
    " contributor",
    " editor",
    " for ",
    " in ",
    " aus ",
    " à ",
    " - ",
    " – ",
    " / ",
];
/// Words that are an office, never a name.
const OFFICES: [&str; 28] = [
    "корреспондент",
    "журналист",
    "обозреватель",
    "редактор",
    "posted",
    "bearbeiten",
    "writer",
    "editor",
    "reporter",
    "correspondent",
    "officer",
    "head of",
    "journalist",
    "staff",
    "columnist",
    "contributing",
    "published",
    "updated",
    "photo",
    "image",
    "getty",
    "min read",
    "read more",
    "follow",
    "credit",
    "director",
    "professor of",
    "producer",
];

/// The names in a byline.
pub(super) fn names(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let text = outside_brackets(text.trim());
    for (at, part) in text.split(SEPARATORS).enumerate() {
        let Some(part) = without_label(part) else { continue };
        for (at_conjunction, part) in people(part).into_iter().enumerate() {
            let Some(name) = name(part) else { continue };
            // Behind a person stands what they are, or where.
            let behind_comma = at > 0 && at_conjunction == 0;
            let after_person = found.last().is_some_and(|last| last.contains(' '));
            if !(behind_comma && after_person && is_no_person(part)) {
                found.push(name);
            }
        }
    }
    found
}

/// A byline without what stands in brackets: initials, an agency, whose the pictures are.
fn outside_brackets(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut depth = 0_usize;
    for c in text.chars() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' if depth > 0 => depth -= 1,
            _ if depth == 0 => kept.push(c),
            _ => {}
        }
    }
    kept
}

/// What stands behind a label; `None` where that is no author. No name holds a colon.
fn without_label(part: &str) -> Option<&str> {
    let part = part.trim();
    let Some((label, rest)) = part.split_once(COLONS) else { return Some(part) };
    let label = label.trim().to_lowercase();
    let mut words = label.split_whitespace();
    let rest = rest.trim();
    if words.any(|word| OTHERS.contains(&word)) || (rest.is_empty() && is_label(&label)) {
        None
    } else if rest.is_empty() || label.split_whitespace().count() > LABEL_WORDS {
        Some(part)
    } else {
        Some(rest)
    }
}

fn is_label(text: &str) -> bool {
    let text = text.trim().to_lowercase();
    LABELS.contains(&text.as_str())
}

/// The people of a part without commas. "Ortega y Gasset" is one: a single word behind a full name
/// and "y" is its end.
fn people(part: &str) -> Vec<&str> {
    let mut people = vec![part];
    for conjunction in CONJUNCTIONS {
        people = people
            .into_iter()
            .flat_map(|part| {
                let is_one = conjunction == " y "
                    && part.split_once(conjunction).is_some_and(|(front, back)| {
                        front.trim().contains(' ') && !back.trim().contains(' ') && !is_agency(back)
                    });
                if is_one { vec![part] } else { part.split(conjunction).collect() }
            })
            .collect();
    }
    people
}

/// Whether what stands behind a person and a comma is a job or a remark.
fn is_no_person(part: &str) -> bool {
    let lower = part.to_lowercase();
    let is_office = OFFICES.iter().any(|office| has_words(&lower, office));
    let begins_low =
        part.trim_start().starts_with(char::is_lowercase) && without_prefix(part) == part;
    is_office || begins_low
}

/// Without "By", twice where it stands twice: "By von Felix Kern".
fn without_prefix(text: &str) -> &str {
    let mut text = text;
    for _ in 0..2 {
        let lower = text.to_lowercase();
        let rest_of = |prefix: &str| {
            // Folding may change lengths; the prefixes are looked for in the text as written.
            lower.starts_with(prefix).then(|| text.get(prefix.len()..)).flatten().filter(|rest| {
                prefix.ends_with(|c| c == '/' || crate::text::is_spaceless(c))
                    || !rest.starts_with(char::is_alphanumeric)
            })
        };
        let strip = |rest: &'_ str| rest.trim_start_matches(['-', '–', ' ', '\u{a0}']).len();
        let plain = PREFIXES.iter().filter_map(|prefix| rest_of(prefix)).map(strip).min();
        let full = |rest: &&str| rest.trim().contains(' ') || is_agency(rest);
        let other = || AMBIGUOUS.iter().find_map(|prefix| rest_of(prefix).filter(full)).map(strip);
        let Some(left) = plain.or_else(other).filter(|left| *left > 0) else { break };
        text = text.get(text.len() - left..).unwrap_or_default().trim();
    }
    text
}

fn name(part: &str) -> Option<String> {
    let marks = ['.', ':', '：', '-', '–', '—', '*', '"', '【', '】'];
    let mut part =
        without_prefix(part.trim().trim_matches(marks).trim()).trim_matches(marks).trim();
    if let Some(at) = part.find('／').filter(|at| *at > 0) {
        part = part.get(..at).unwrap_or(part).trim();
    }
    let lower = part.to_lowercase();
    if lower.len() == part.len() {
        let whole = |tail: &str| {
            let at = lower.find(tail)?;
            let next = lower.get(at + tail.len()..)?.chars().next();
            let ends = tail.ends_with(' ') || !next.is_some_and(char::is_alphanumeric);
            (ends && at > 2).then_some(at)
        };
        let cut = TAILS.iter().filter_map(|tail| whole(tail)).min();
        part = cut.and_then(|at| part.get(..at)).unwrap_or(part).trim();
    }
    // "Kim Lee Feb 6": a day behind the name goes with its month.
    let mut words: Vec<&str> = part.split_whitespace().collect();
    if words.len() >= 4 && words.last().is_some_and(|last| last.bytes().all(|b| b.is_ascii_digit()))
    {
        words.truncate(words.len() - 2);
    }
    if words.iter().any(|word| word.bytes().all(|b| b.is_ascii_digit())) {
        return None;
    }
    let part = words.join(" ");
    let len = part.chars().count();
    let lower = part.to_lowercase();
    let plausible = (2..=60).contains(&len)
        && part.split_whitespace().count() <= 6
        && part.starts_with(|c: char| c.is_alphabetic())
        && !part.contains(['@', '/', '{', '<', '='])
        && !lower.contains("http")
        && !lower.contains("www.")
        && part.bytes().filter(u8::is_ascii_digit).count() <= 2
        && !OFFICES.iter().any(|office| has_words(&lower, office))
        && !PREFIXES.contains(&lower.as_str())
        && !is_label(&lower)
        && !PLACEHOLDERS.contains(&title::folded(&lower).as_str());
    plausible.then_some(part)
}

/// Whether `words` stand in `text` as whole words.
fn has_words(text: &str, words: &str) -> bool {
    text.match_indices(words).any(|(at, _)| {
        let before = text.get(..at).and_then(|front| front.chars().last());
        let after = text.get(at + words.len()..).and_then(|back| back.chars().next());
        !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
    })
}
