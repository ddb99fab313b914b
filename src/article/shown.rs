//! The dates that a page shows in `<time>` and in elements whose class says that they hold one: its
//! own of publication and of the last change, not those of its clock, its comments, its other
//! stories.

use ego_tree::{NodeId, NodeRef};
use jiff::{Timestamp, tz::TimeZone};
use scraper::Node;
use scraper::node::Element;

use super::body::lexicon;
use super::dom;
use super::head::Head;
use crate::date::{self, Dated, Hints};

/// What the page shows.
#[derive(Debug, Clone, Default)]
pub(super) struct Shown {
    pub(super) published: Option<Dated>,
    pub(super) changed: Option<Dated>,
    /// Beside other things: the site's menus, comments, other stories.
    pub(super) elsewhere: Option<Dated>,
    pub(super) changed_elsewhere: Option<Dated>,
    /// Today's above the headline: the site's clock, or of what was published today.
    pub(super) today: Option<Dated>,
}

/// In seconds.
const DAY: i64 = 86_400;
/// The date of the change is looked for among so many behind that of publication.
const CHANGE_REACH: usize = 6;
/// A line of more characters is no date.
const LINE_MAX: usize = 80;
/// A label before a date is no longer.
const LABEL_MAX: usize = 40;
/// Elements around a date whose label is looked for before them.
const LABEL_UPS: usize = 2;

/// The first date beside the article, and the first elsewhere that is not today's: what is in a
/// site's header is its clock. `<time>` is asked before classes.
pub(super) fn find(head: &Head<'_>, hints: &Hints<'_>) -> Shown {
    let around_title: Vec<NodeId> = head.headline.map_or_else(Vec::new, |title| {
        title.ancestors().map(|up| up.id()).chain([title.id()]).collect()
    });
    let mut found = Shown::default();
    let mut behind = 0;
    for node in head.times.iter().chain(&head.datelines) {
        let dated = of_element(*node, hints);
        let is_now = dated.published.as_ref().is_some_and(|dated| is_today(dated.at, hints));
        if is_apart(*node, &around_title) {
            let other = dated.published.filter(|dated| !is_today(dated.at, hints));
            found.elsewhere = found.elsewhere.or(other);
            found.changed_elsewhere = found.changed_elsewhere.or(dated.changed);
        } else if is_now && head.headline.is_some_and(|title| is_before(*node, title)) {
            found.today = found.today.or(dated.published);
        } else {
            found.published = found.published.or(dated.published);
            found.changed = found.changed.or(dated.changed);
        }
        behind += usize::from(found.published.is_some());
        if found.published.is_some() && found.changed.is_some() || behind > CHANGE_REACH {
            break;
        }
    }
    // Nothing changes before it is published: the year of "13 Aug" was guessed, or what was changed
    // is something else, the terms or an author's profile.
    if let (Some(published), Some(changed)) = (&found.published, &found.changed)
        && published.at.as_second() > changed.at.as_second() + DAY
    {
        if date::is_year_assumed(&published.raw, hints) {
            found.published.clone_from(&found.changed);
        } else {
            found.changed = None;
        }
    }
    found
}

/// Attributes in which elements have their date for machines.
const MACHINE: [&str; 6] =
    ["datetime", "title", "data-date", "data-datetime", "data-date-time", "data-timestamp"];

fn of_element(node: NodeRef<'_, Node>, hints: &Hints<'_>) -> Shown {
    let Some(element) = node.value().as_element() else { return Shown::default() };
    let is_time = element.name() == "time";
    let text = dom::text(node);
    let mut machine = element.attrs().filter(|(name, _)| MACHINE.contains(name));
    let mut shown = Shown::default();
    if let Some(dated) = machine.find_map(|(_, text)| date::parse(text, hints)) {
        shown.published = Some(dated);
    } else if is_time || text.chars().count() <= LINE_MAX {
        let labelled = Labelled::of(&text);
        let parsed = |part: Option<&str>| part.and_then(|text| date::parse(text, hints));
        shown.published = parsed(labelled.publication).or_else(|| parsed(labelled.plain));
        shown.changed = parsed(labelled.change);
    }
    if shown.changed.is_none() && is_of_change(node, element) {
        shown.changed = shown.published.take();
    }
    shown
}

/// Whether an element that does not hold the title, too, says that this is no part of the article.
fn is_apart(node: NodeRef<'_, Node>, around_title: &[NodeId]) -> bool {
    let below = node.ancestors().take_while(|up| !around_title.contains(&up.id()));
    let elements: Vec<&Element> = below.filter_map(|up| up.value().as_element()).collect();
    let in_article = elements.iter().any(|element| matches!(element.name(), "article" | "main"));
    elements.iter().any(|element| {
        let furniture = matches!(element.name(), "nav" | "aside" | "footer")
            || element.name() == "header" && !in_article;
        furniture || names(element).any(|name| lexicon::marks(name) & APART != 0)
    })
}

const APART: u32 = lexicon::RELATED | lexicon::COMMENT | lexicon::NAVIGATION;

fn names(element: &Element) -> impl Iterator<Item = &str> {
    element.attrs().filter(|(name, _)| matches!(*name, "class" | "id")).map(|(_, value)| value)
}

/// Whether a node stands before another in the page.
fn is_before(node: NodeRef<'_, Node>, other: NodeRef<'_, Node>) -> bool {
    // Nodes are numbered as they are parsed, which is the page's order but for faulty tables.
    node.id() < other.id()
}

fn is_today(at: Timestamp, hints: &Hints<'_>) -> bool {
    let zone = hints.zone.cloned().unwrap_or(TimeZone::UTC);
    let day = |at: Timestamp| at.to_zoned(zone.clone()).date();
    hints.now.is_some_and(|now| day(now) == day(at))
}

/// Whether class or label say that the date is that of a change.
fn is_of_change(node: NodeRef<'_, Node>, element: &Element) -> bool {
    let own: Vec<String> = names(element).map(str::to_lowercase).collect();
    let says = |words: &[&str]| own.iter().any(|name| words.iter().any(|word| name.contains(word)));
    // WordPress calls the date of an article that never changed both.
    says(&["updated", "modified", "lastmod"]) && !says(&["publi", "entry-date", "post-date"])
        || label(node).is_some_and(|label| tells_change(&label))
}

/// The text right before a date.
fn label(node: NodeRef<'_, Node>) -> Option<String> {
    let mut at = node;
    for _ in 0..=LABEL_UPS {
        let before = at.prev_siblings().find_map(|sibling| {
            let text = match sibling.value() {
                Node::Text(text) => text.trim().to_owned(),
                Node::Element(element) if dom::is_inline(element.name()) => dom::text(sibling),
                Node::Element(_) => return Some(None),
                _ => String::new(),
            };
            (!text.is_empty()).then_some(Some(text))
        });
        if let Some(text) = before {
            return text.filter(|text| text.chars().count() <= LABEL_MAX);
        }
        at = at.parent()?;
    }
    None
}

/// Whether a text ends with a label of a change: "Updated:".
pub(super) fn tells_change(label: &str) -> bool {
    let label = label.to_lowercase();
    let bare = label.trim_end_matches(|c: char| !c.is_alphanumeric());
    label.chars().count() <= LABEL_MAX
        && labels(bare).last().is_some_and(|(at, is_change)| {
            let rest = bare.get(*at..).unwrap_or_default();
            *is_change && !rest.contains(char::is_numeric)
        })
}

/// A line that has labels, cut at them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Labelled<'a> {
    /// What stands before the first label, or all where there is none.
    pub(super) plain: Option<&'a str>,
    pub(super) publication: Option<&'a str>,
    pub(super) change: Option<&'a str>,
}

impl<'a> Labelled<'a> {
    pub(super) fn of(line: &'a str) -> Self {
        let whole = Self { plain: Some(line), publication: None, change: None };
        let lower = line.to_lowercase();
        // Where folding moves the letters the places of the labels are not known.
        if lower.len() != line.len() {
            return whole;
        }
        let labels = labels(&lower);
        if labels.iter().all(|(_, is_change)| !is_change) {
            return whole;
        }
        let Some((first, _)) = labels.first() else { return whole };
        let ends = labels.iter().skip(1).map(|(at, _)| *at).chain([line.len()]);
        let mut cut = Self { plain: line.get(..*first), ..whole };
        for ((at, is_change), end) in labels.iter().zip(ends) {
            let part = line.get(*at..end).filter(|part| part.contains(char::is_numeric));
            let place = if *is_change { &mut cut.change } else { &mut cut.publication };
            *place = place.or(part);
        }
        cut.plain = cut.plain.filter(|part| part.contains(char::is_numeric));
        // A label behind its date: "6 January 2022, updated".
        if cut.publication.is_none() && cut.change.is_none() { whole } else { cut }
    }
}

/// The labels in a text of lower case in their order, and whether each is of a change.
fn labels(lower: &str) -> Vec<(usize, bool)> {
    let all = PUBLICATION.iter().map(|word| (*word, false));
    let all = all.chain(CHANGE.iter().map(|word| (*word, true)));
    let mut labels: Vec<(usize, bool)> = all
        .flat_map(|(word, is_change)| lower.match_indices(word).map(move |at| (at.0, is_change)))
        .filter(|(at, _)| {
            let before = lower.get(..*at).and_then(|text| text.chars().next_back());
            !before.is_some_and(|c| c.is_alphabetic() && c < '\u{2e80}')
        })
        .collect();
    labels.sort_unstable();
    labels.dedup_by_key(|(at, _)| *at);
    labels
}

/// Words that say that a date is that of publication; most are the beginning of a longer one.
const PUBLICATION: [&str; 30] = [
    "publi",
    "posted",
    "created",
    "veröffentlicht",
    "erstellt",
    "pubblicat",
    "gepubliceerd",
    "geplaatst",
    "опубликован",
    "дата публикации",
    "опубліковано",
    "апублікавана",
    "жарияланған",
    "жарияланды",
    "жарыяланган",
    "chop etilgan",
    "e’lon qilin",
    "yayın",
    "giriş",
    "dərc",
    "opublikowan",
    "zverejnen",
    "zveřejněn",
    "objavljen",
    "objavlen",
    "публикуван",
    "نشر",
    "تاریخ انتشار",
    "发布",
    "公開",
];

/// Words that say that a date is that of a change.
const CHANGE: [&str; 31] = [
    "updated",
    "last update",
    "modified",
    "edited",
    "aktualisiert",
    "geändert",
    "mis à jour",
    "mise à jour",
    "modifié",
    "actualizad",
    "atualizad",
    "modificad",
    "aggiornat",
    "modificato",
    "bijgewerkt",
    "gewijzigd",
    "uppdaterad",
    "oppdatert",
    "opdateret",
    "обновлен",
    "обновлён",
    "изменен",
    "оновлен",
    "жаңартыл",
    "yangilan",
    "güncelle",
    "yenilən",
    "aktualizac",
    "zaktualizowan",
    "更新",
    "تحديث",
];
