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
    let headline = head.headings.first().map(NodeRef::id);
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
        let lower = text.chars().take(LABEL_MAX).collect::<String>().to_lowercase();
        let Some(label) = LABELS.iter().find(|label| lower.starts_with(**label)) else { continue };
        if text.chars().count() > BYLINE_MAX || !is_own(&node) {
            continue;
        }
        let named = text.get(label.len()..).map_or("", str::trim);
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
fn from_jsonld(author: &Value, objects: &[Value], authors: &mut Vec<String>) {
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
    "рианновости",
    "интерфакс",
    "xinhua",
    "新华社",
    "bloomberg",
    "pressassociation",
];

/// What stands before names, in lower case.
const PREFIXES: [&str; 34] = [
    "by:",
    "by ",
    "written by",
    "words by",
    "story by",
    "posted by",
    "reported by",
    "von ",
    "par ",
    "por ",
    "di ",
    "door ",
    "av ",
    "af ",
    "tekst:",
    "text:",
    "texte:",
    "autor:",
    "author:",
    "автор:",
    "автор",
    "авторы:",
    "текст:",
    "автори:",
    "жазған:",
    "yazar:",
    "yazan:",
    "haber:",
    "muhabir:",
    "redazione:",
    "a cura di",
    "oleh",
    "penulis:",
    "文/",
];
/// No label has more characters.
const LABEL_MAX: usize = 20;
/// What names the author of a text in a line of its own, in lower case.
const LABELS: [&str; 20] = [
    "author:",
    "authors:",
    "written by:",
    "автор:",
    "авторы:",
    "автор статьи:",
    "автор текста:",
    "автори:",
    "авторка:",
    "аўтар:",
    "авторлар:",
    "autor:",
    "autorka:",
    "auteur:",
    "auteur :",
    "autore:",
    "yazar:",
    "müəllif:",
    "muallif:",
    "ავტორი:",
];
/// What stands between names.
const SEPARATORS: [&str; 15] = [
    ",", ";", "|", "•", "·", "\n", " and ", " & ", " und ", " et ", " og ", " och ", " y ", " и ",
    " ve ",
];
/// What follows a name and is none: offices and agencies' tails.
const TAILS: [&str; 18] = [
    " 기자",
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
const OFFICES: [&str; 24] = [
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
    let mut text = text.trim();
    for _ in 0..2 {
        let lower = text.to_lowercase();
        let prefix = PREFIXES.iter().find(|prefix| lower.starts_with(**prefix));
        // Folding may change lengths; the prefixes are looked for in the text as written.
        let cut = prefix.and_then(|prefix| text.get(prefix.len()..));
        text = cut.map_or(text, str::trim);
    }
    let mut parts = vec![text];
    for separator in SEPARATORS {
        parts = parts.into_iter().flat_map(|part| part.split(separator)).collect();
    }
    parts.into_iter().filter_map(name).collect()
}

fn name(part: &str) -> Option<String> {
    let mut part = part.trim().trim_matches(['.', ':', '-', '–', '—', '*', '"']).trim();
    if let Some(at) = part.find(['(', '[']).filter(|at| *at > 0) {
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
        && !PREFIXES.iter().any(|prefix| prefix.trim() == lower);
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
