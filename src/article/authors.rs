//! Who wrote it: the names in a byline, without "By", offices, dates and links.

use ego_tree::NodeRef;
use scraper::node::Element;
use scraper::{Html, Node};
use serde_json::Value;

use super::body::lexicon;
use super::head::Head;
use super::metadata::unescaped;
use super::{Page, SiteRules, dom, jsonld, title};
use crate::date;

/// Authors kept of one page.
const AUTHORS_MAX: usize = 20;
/// A byline is shorter; what is longer is a biography.
const BYLINE_MAX: usize = 160;
/// A list of more names is of all who write for the site.
const LISTED_MAX: usize = 6;
/// Letters beside the host's in a site's name: "The", ".com".
const BESIDE_HOST: usize = 4;
/// Pieces of text below the headline among which "By" leads to the author.
const BYLINE_PIECES: usize = 12;
/// Names that belong together stand in one of so many elements around them, which has no more
/// letters besides.
const FRAME_UPS: usize = 3;
const BESIDE_NAMES: usize = 12;

pub(super) fn find(
    html: &Html,
    head: &Head<'_>,
    rules: Option<&SiteRules>,
    site_name: Option<&str>,
    page: &Page<'_>,
) -> Vec<String> {
    let host = page.url.host_str().unwrap_or_default();
    if let Some(rules) = rules {
        let selected: Vec<String> =
            dom::selected(html, &rules.authors).flat_map(|text| names(&text)).collect();
        if !selected.is_empty() {
            return unique(selected, None);
        }
    }
    let mut stated = Vec::new();
    // Publishing systems name the author of the page where they describe no article.
    let described = head.article().or_else(|| jsonld::page(&head.ld));
    if let Some(author) = described.and_then(|described| described.get("author")) {
        from_jsonld(author, &head.ld, &mut stated);
    }
    let mut sources = vec![
        unique(stated, site_name),
        unique(from_meta(head), site_name),
        unique(from_page(head), site_name),
    ];
    // A publisher in place of a person is the answer only where no other place names one.
    let named_by_site =
        |names: &Vec<String>| names.iter().all(|name| is_of_site(name, site_name, host));
    if sources.iter().all(named_by_site) {
        sources.push(unique(from_label(html, head), site_name));
    }
    let person = sources.iter().find(|names| !named_by_site(names));
    let best = person.or_else(|| sources.iter().find(|names| !names.is_empty()));
    let Some(best) = best else { return Vec::new() };
    // Some name the first author to machines, and all of them elsewhere.
    let is_longer = |names: &&Vec<String>| {
        names.len() <= LISTED_MAX
            && best.iter().all(|name| names.contains(name))
            && names.iter().all(|name| best.contains(name) || is_full_name(name))
    };
    sources.iter().filter(is_longer).max_by_key(|names| names.len()).unwrap_or(best).clone()
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

/// What stands behind "Author:" below the headline, in whatever element; right below it, what stands
/// behind "By".
fn from_label(html: &Html, head: &Head<'_>) -> Vec<String> {
    let headline = head.headline.map(|node| node.id());
    let below = html.tree.nodes().skip_while(|node| headline.is_some_and(|at| node.id() != at));
    let texts = below.filter_map(|node| Some((node, node.value().as_text()?.trim())));
    let mut texts = texts.filter(|(node, text)| !text.is_empty() && !is_silent(*node)).enumerate();
    while let Some((at, (node, text))) = texts.next() {
        let found = reporters(text);
        if !found.is_empty() && doubts(node, head) == 0 {
            return found;
        }
        let is_short = text.chars().count() <= BYLINE_MAX;
        let labelled = text.split_once(COLONS).filter(|(label, _)| is_label(label));
        let parts = text.split(['|', '•', '·']).map(str::trim);
        let led = parts
            .filter(|_| at <= BYLINE_PIECES && head.headline.is_some())
            .find(|part| is_bare(part) || without_prefix(part) != *part);
        if !is_short || doubts(node, head) != 0 || (labelled.is_none() && led.is_none()) {
            continue;
        }
        let named = labelled.map_or_else(|| led.unwrap_or_default(), |(_, named)| named.trim());
        let named = if named.is_empty() || is_bare(named) {
            texts.next().map_or("", |(_, (_, text))| text)
        } else {
            named
        };
        let found = if named.chars().count() <= BYLINE_MAX { names(named) } else { Vec::new() };
        if !found.is_empty() && (labelled.is_some() || found.iter().all(|name| is_full_name(name)))
        {
            return found;
        }
    }
    Vec::new()
}

/// The reporters that a Chinese dateline names in brackets: "电（记者李四、王五）".
fn reporters(text: &str) -> Vec<String> {
    let bracketed =
        text.split(['（', '(']).skip(1).filter_map(|rest| rest.split(['）', ')']).next());
    let mut named = bracketed
        .filter_map(|text| text.strip_prefix("记者").or_else(|| text.strip_prefix("記者")));
    let named = named.next().unwrap_or_default().trim().replace([' ', '、'], "，");
    let names = names(&named).into_iter();
    names.filter(|name| (2..=4).contains(&name.chars().count())).collect()
}

/// Whether a text is "By" or the like.
fn is_bare(text: &str) -> bool {
    let lower = text.to_lowercase();
    PREFIXES.contains(&&*lower) || PREPOSITIONS.contains(&&*lower)
}

fn is_silent(node: NodeRef<'_, Node>) -> bool {
    let mut around = node.ancestors().filter_map(|up| up.value().as_element());
    around.any(|element| dom::is_silent(element.name()))
}

/// What the markup around a node, or the node's own, says against its naming the author: that it is
/// of comments, other stories or a menu. What is around the headline too says nothing.
fn doubts(node: NodeRef<'_, Node>, head: &Head<'_>) -> u32 {
    const DOUBTS: u32 = lexicon::COMMENT | lexicon::RELATED | lexicon::NAVIGATION;
    let holds_headline = |up: &NodeRef<'_, Node>| {
        head.headline.is_some_and(|headline| headline.ancestors().any(|at| at.id() == up.id()))
    };
    let apart = std::iter::once(node).chain(node.ancestors()).take_while(|up| !holds_headline(up));
    let attrs = apart.filter_map(|up| up.value().as_element()).flat_map(Element::attrs);
    let names = attrs.filter(|(name, _)| matches!(*name, "class" | "id"));
    names.fold(0, |marks, (_, name)| marks | lexicon::marks(name)) & DOUBTS
}

/// Microdata, links to authors' pages, elements that class or rel call a byline; those of other
/// stories only where the article has none.
fn from_page(head: &Head<'_>) -> Vec<String> {
    let is_button = |node: &NodeRef<'_, Node>| {
        std::iter::once(*node)
            .chain(node.ancestors())
            .any(|up| up.value().as_element().is_some_and(|element| element.name() == "button"))
    };
    let props = head.props.iter().filter(|(name, _)| *name == "author").map(|(_, node)| *node);
    let is_link = |node: &NodeRef<'_, Node>| {
        node.value().as_element().is_some_and(|element| {
            element.name() == "a" || dom::attr(element, "rel") == Some("author")
        })
    };
    let marked = head.bylines.iter().copied().filter(|node| !is_button(node));
    let kinds: [Vec<NodeRef<'_, Node>>; 3] =
        [props.collect(), marked.clone().filter(is_link).collect(), marked.collect()];
    for nodes in &kinds {
        for is_sure in [true, false] {
            let own = nodes.iter().copied().filter(|node| match doubts(*node, head) {
                0 => is_sure,
                doubts => !is_sure && doubts & lexicon::COMMENT == 0,
            });
            let own: Vec<NodeRef<'_, Node>> = own.collect();
            // The next byline belongs to another story.
            let first = own.iter().find(|node| !names_in(**node).is_empty());
            if let Some(first) = first {
                return beside(*first, &own);
            }
        }
    }
    Vec::new()
}

/// The names in a byline and in those that stand with it in an element of hardly any other words.
fn beside(first: NodeRef<'_, Node>, bylines: &[NodeRef<'_, Node>]) -> Vec<String> {
    let letters = |text: &str| title::folded(text).chars().count();
    let frames = first.ancestors().filter(|up| up.value().is_element()).take(FRAME_UPS);
    let lists = frames.filter_map(|frame| {
        let inside = |node: &&NodeRef<'_, Node>| node.ancestors().any(|up| up.id() == frame.id());
        let mut names: Vec<String> =
            bylines.iter().filter(inside).flat_map(|node| names_in(*node)).collect();
        let mut is_first = true;
        names.retain(|name| std::mem::take(&mut is_first) || is_full_name(name));
        let all: usize = names.iter().map(|name| letters(name)).sum();
        (letters(&dom::text(frame)) <= all + BESIDE_NAMES).then_some(names)
    });
    lists.last().unwrap_or_else(|| names_in(first))
}

/// The names in an element that is a byline. Full names in elements of their own, with nothing
/// between them, are one each.
fn names_in(node: NodeRef<'_, Node>) -> Vec<String> {
    let text = dom::text(node);
    if text.chars().count() > BYLINE_MAX {
        return Vec::new();
    }
    let mut inside = parts(node);
    while let [only] = inside.as_slice() {
        inside = parts(*only);
    }
    let made = |node: &NodeRef<'_, Node>| {
        let element = node.value().as_element()?;
        Some((element.name().to_owned(), dom::attr(element, "class").map(str::to_owned)))
    };
    let is_full = |child: &NodeRef<'_, Node>| is_full_name(&dom::text(*child));
    let are_alike = inside.windows(2).all(|pair| {
        let [a, b] = pair else { return false };
        made(a).is_some() && made(a) == made(b)
    });
    if inside.len() < 2 || !are_alike || !inside.iter().all(is_full) {
        return names(&text);
    }
    inside.iter().flat_map(|child| names(&dom::text(*child))).collect()
}

/// Whether a name has the form of a person's full one.
fn is_full_name(name: &str) -> bool {
    let is_of_name = |word: &str| {
        let particle = word.chars().count() <= 3 || word == "della";
        particle || !word.starts_with(char::is_lowercase)
    };
    let words = name.split(' ').count();
    let letters = |c: char| c.is_alphanumeric() || " .-'’‐".contains(c);
    let spaceless = name.contains(crate::text::is_spaceless);
    name.chars().all(letters)
        && name.split(' ').all(is_of_name)
        && !name.ends_with(|c: char| c.is_ascii_digit())
        && !name.rsplit(' ').next().is_some_and(|last| last.starts_with(char::is_lowercase))
        && ((2..=4).contains(&words) || spaceless)
}

/// The children of a node that say something.
fn parts(node: NodeRef<'_, Node>) -> Vec<NodeRef<'_, Node>> {
    let says = |child: &NodeRef<'_, Node>| match child.value() {
        Node::Text(text) => !text.trim().is_empty(),
        Node::Element(_) => !dom::text(*child).is_empty(),
        _ => false,
    };
    node.children().filter(says).collect()
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

/// Whether a name is that of the site, as a whole or some words of it, or of its host.
fn is_of_site(name: &str, site_name: Option<&str>, host: &str) -> bool {
    let words = |text: &str| text.split_whitespace().map(title::folded).collect::<Vec<_>>();
    let own = words(name);
    let in_site = site_name.is_some_and(|site| {
        is_site(name, site) || words(site).windows(own.len().max(1)).any(|part| part == own)
    });
    let folded = title::folded(name);
    let mut labels = host.split('.').filter(|label| label.len() > 3).map(title::folded);
    in_site
        || labels.any(|label| folded.contains(&label) && folded.len() <= label.len() + BESIDE_HOST)
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

/// What publishing systems and desks write where no person is named, and what buttons beside a
/// byline say, folded.
const PLACEHOLDERS: [&str; 42] = [
    "alleartikel",
    "allposts",
    "morestories",
    "facebook",
    "twitter",
    "linkedin",
    "instagram",
    "telegram",
    "whatsapp",
    "youtube",
    "email",
    "website",
    "rss",
    "name",
    "login",
    "share",
    "folgen",
    "suivre",
    "seguir",
    "segui",
    "подписаться",
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
    "agencies",
    "agenturen",
    "وكالات",
    "redaktor",
    "redakcja",
    "redazione",
    "redacción",
    "redação",
    "rédaction",
    "редакция",
];

/// What stands before names without a colon, in lower case, and never is a name itself.
const PREFIXES: [&str; 50] = [
    "by",
    "author",
    "posts by",
    "all posts by",
    "view all posts by",
    "more from",
    "more by",
    "about the author",
    "autor",
    "autorin",
    "vom",
    "alles von",
    "alle artikel von",
    "alle beiträge von",
    "beiträge von",
    "eingestellt von",
    "geschrieben von",
    "publié par",
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
/// Those of them that are no name alone.
const PREPOSITIONS: [&str; 6] = ["von", "par", "por", "door", "av", "af"];
/// What stands between a label and what it says.
const COLONS: [char; 3] = [':', '：', '՝'];
/// A label has no more words.
const LABEL_WORDS: usize = 3;
/// Words that say that the author follows, in a line of its own, in lower case.
const LABELS: [&str; 58] = [
    "author",
    "authors",
    "autorin",
    "autoren",
    "autorinnen",
    "autores",
    "autori",
    "autorzy",
    "auteurs",
    "autrice",
    "撰文",
    "文",
    "written by",
    "автор",
    "авторы",
    "text",
    "texte",
    "texto",
    "testo",
    "tekst",
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
const TAILS: [&str; 26] = [
    " im gespräch",
    " sagt",
    " says",
    " alle artikel",
    " / ",
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
    // A slash between blanks parts them as a bar does.
    let text = outside_brackets(text.trim()).replace(" / ", " | ");
    let mut parts = text.split(SEPARATORS).enumerate().peekable();
    while let Some((at, part)) = parts.next() {
        let Some(part) = without_label(part) else { continue };
        let dated = parts.peek().is_some_and(|(_, next)| next.trim().starts_with(char::is_numeric));
        for (at_conjunction, part) in people(without_day(part, dated)).into_iter().enumerate() {
            let Some(name) = name(part) else { continue };
            // Behind a person stands what they are, where, or for whom.
            let behind_comma = at > 0 && at_conjunction == 0;
            let after_person = found.last().is_some_and(|last| last.contains(' '));
            if !(behind_comma && after_person && is_no_person(part)) {
                found.push(name);
            }
        }
    }
    found
}

/// Without the day of the week that a date begins with: "Kim Lee Thursday".
fn without_day(part: &str, dated: bool) -> &str {
    let Some((front, last)) = part.trim().rsplit_once(' ') else { return part };
    // Short forms are names too.
    let is_day = date::is_weekday(last) && (dated || last.chars().count() > 5);
    let front = front.trim_end();
    if !is_day || !front.contains(' ') {
        return part;
    }
    front.strip_suffix(" am").unwrap_or(front)
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
    // "Text: Kim Lee Photos: Omar Field": a second label ends the first one's names.
    let rest = rest.split_once(COLONS).and_then(|(front, _)| front.rsplit_once(' ')).map_or(
        rest,
        |(names, label)| {
            if OTHERS.contains(&&*label.to_lowercase()) { names.trim() } else { rest }
        },
    );
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

/// Whether what stands behind a person and a comma is a job, a degree, a place, a publisher or a
/// remark. A single word is one of these.
fn is_no_person(part: &str) -> bool {
    let part = part.trim();
    let lower = part.to_lowercase();
    let rest = without_prefix(part);
    let begins_low = part.starts_with(char::is_lowercase) && rest == part;
    let is_word = !rest.contains(' ') && !rest.contains(crate::text::is_spaceless);
    let named = |names: &[&str]| names.iter().any(|name| has_words(&lower, name));
    begins_low || is_word || named(&OFFICES) || named(&PUBLISHERS) || PLACES.contains(&&*lower)
}

/// Words in the names of those for whom one writes.
const PUBLISHERS: [&str; 32] = [
    "agency",
    "agentur",
    "broadcasting",
    "bureau",
    "chronicle",
    "correo",
    "daily",
    "dispatch",
    "gazette",
    "globe",
    "herald",
    "independent",
    "journal",
    "magazine",
    "media",
    "network",
    "news",
    "newspaper",
    "newspapers",
    "observer",
    "post",
    "press",
    "radio",
    "report",
    "standard",
    "sun",
    "telegraph",
    "times",
    "tribune",
    "tv",
    "university",
    "zeitung",
];

/// Places of more than one word that correspondents write from, in lower case.
const PLACES: [&str; 20] = [
    "abu dhabi",
    "addis abeba",
    "buenos aires",
    "cape town",
    "den haag",
    "hong kong",
    "kuala lumpur",
    "los angeles",
    "mexico city",
    "new delhi",
    "new york",
    "rio de janeiro",
    "san francisco",
    "santiago de chile",
    "sankt petersburg",
    "st. petersburg",
    "são paulo",
    "tel aviv",
    "the hague",
    "washington d.c.",
];

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
        let full = |rest: &&str| {
            rest.trim().contains(' ')
                || is_agency(rest)
                || PLACEHOLDERS.contains(&&*title::folded(rest))
        };
        // A byline that begins small begins with no name.
        let begins_low = text.starts_with(char::is_lowercase);
        let other = || {
            let mut rests = AMBIGUOUS.iter().filter_map(|prefix| rest_of(prefix));
            rests.find(|rest| begins_low || full(rest)).map(strip)
        };
        // "ByKim Lee": the page keeps the two apart by style alone.
        let glued = || {
            text.strip_prefix("By").filter(|rest| rest.starts_with(char::is_uppercase)).map(strip)
        };
        let left = plain.or_else(other).or_else(glued).filter(|left| *left > 0);
        let Some(left) = left else { break };
        text = text.get(text.len() - left..).unwrap_or_default().trim();
    }
    text
}

fn name(part: &str) -> Option<String> {
    let stopped = part.trim_end().ends_with('.');
    let marks = ['.', ':', '：', '-', '–', '—', '*', '"', '【', '】'];
    let mut part =
        without_prefix(part.trim().trim_matches(marks).trim()).trim_matches(marks).trim();
    // "Kim Lee/AP": a slash parts a person from whom they write for.
    let is_cut = |at: &usize| {
        let front = part.get(..*at).unwrap_or_default().trim();
        part.get(*at..).is_some_and(|back| back.starts_with('／')) && *at > 0 || front.contains(' ')
    };
    if let Some(at) = part.find(['／', '/']).filter(is_cut) {
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
    let mut part = words.join(" ");
    let len = part.chars().count();
    let lower = part.to_lowercase();
    let plausible = (2..=60).contains(&len)
        && part.chars().filter(|c| crate::text::is_spaceless(*c)).count() <= 30
        && part.split_whitespace().count() <= 6
        && part.starts_with(|c: char| c.is_alphabetic())
        && !part.contains(['@', '/', '{', '<', '='])
        && !lower.contains("http")
        && !lower.contains("www.")
        && part.bytes().filter(u8::is_ascii_digit).count() <= 2
        && !OFFICES.iter().any(|office| has_words(&lower, office))
        && !PREFIXES.contains(&lower.as_str())
        && !PREPOSITIONS.contains(&&*lower)
        && !is_label(&lower)
        && !PLACEHOLDERS.contains(&title::folded(&lower).as_str());
    // The full stop that was cut off is that of "Jr." or of initials.
    let is_short = |last: &&str| {
        matches!(*last, "Jr" | "Sr") || last.split('.').all(|letter| letter.chars().count() == 1)
    };
    if stopped && words.last().is_some_and(is_short) {
        part.push('.');
    }
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
