//! Two texts side by side: how much of each is in the other, and what that makes of them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Class, shingle::Text};

/// What a verdict rests on. `a` is the document judged, `b` the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// Share of `a`'s shingles that are in `b`, 0 to 1.
    pub containment_ab: f32,
    /// Share of `b`'s shingles that are in `a`, 0 to 1.
    pub containment_ba: f32,
    /// Shared shingles of all shingles, 0 to 1.
    pub jaccard: f32,
    /// Shared words of the titles, of all their words, 0 to 1.
    pub title: f32,
    /// Numbers of two digits or more that are in both.
    pub shared_numbers: u32,
    /// Of the numbers of the text with fewer, the share that is in both; 1 where one has none.
    pub number_share: f32,
    /// Share of the opening shingles of one text that are anywhere in the other; the greater of two.
    pub lead: f32,
    /// Hours from `b`'s publication to `a`'s, where both are known.
    pub hours_between: Option<f32>,
    /// Of a revision, the share of its words that changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed: Option<f32>,
}

/// How two texts stand to each other outside of their words.
#[derive(Debug, Clone, Copy, Default)]
pub struct Circumstances {
    /// Hours from the older text's publication to the new one's, where both are known.
    pub hours_between: Option<f32>,
    /// Both stand on one site, where the like of a text is more often the next of a series.
    pub same_site: bool,
}

/// A text is a copy of another from this containment on.
const CONTAINED: f32 = 0.6;
/// And from this Jaccard similarity; below it, it is abridged, extended or an excerpt.
const ALIKE: f32 = 0.4;
/// Of a text longer by this factor only an excerpt can be had.
const EXCERPT: f32 = 0.15;
/// A story's copies appear within this time, in hours; the same words later are the next of a series.
pub(super) const SPAN: f32 = 72.0;
/// Of a series only the frame is shared and hardly a number: the least share on one site, and on two.
const NUMBERS_OF_ONE_SITE: f32 = 0.4;
const NUMBERS_OF_TWO_SITES: f32 = 0.15;
/// One number alone may be the one that was corrected, where the words are the same to this degree.
const CORRECTED: f32 = 0.7;
/// Cuts, insertions and agencies' lines leave one of two copies' openings in the other. Where less of
/// it is there than this, either the lead was written anew or another story stands before the same
/// background, or in the same frame.
const LEAD: f32 = 0.82;
/// Then it is the same story only under the same title on another site (on one, that is a column's),
const TITLED: f32 = 0.9;
/// or where hardly more than a lead can have been written anew: a little more of it with its figures.
const REWRITTEN: f32 = 0.65;
const REWRITTEN_WITH_FIGURES: f32 = 0.6;
const SAME_FIGURES: f32 = 0.9;
/// So many shingles are the opening.
const OPENING: usize = 30;

/// Compares `a`, the new text, with `b`, without the shingles in `boilerplate` (sorted).
pub fn compare(
    a: &Text,
    b: &Text,
    boilerplate: &[u64],
    circumstances: Circumstances,
) -> (Class, Evidence) {
    let own = |set: &[u64]| -> Vec<u64> {
        set.iter().copied().filter(|hash| boilerplate.binary_search(hash).is_err()).collect()
    };
    let (a_set, b_set) = (own(a.set()), own(b.set()));
    let shared = shared(&a_set, &b_set);
    let all = a_set.len() + b_set.len() - shared;
    let fewer = a.numbers.len().min(b.numbers.len());
    let shared_numbers = self::shared(&a.numbers, &b.numbers);
    let titles = self::shared(&a.title, &b.title);
    let evidence = Evidence {
        containment_ab: share(shared, a_set.len()),
        containment_ba: share(shared, b_set.len()),
        jaccard: share(shared, all),
        title: share(titles, a.title.len() + b.title.len() - titles),
        shared_numbers: u32::try_from(shared_numbers).unwrap_or(u32::MAX),
        number_share: if fewer == 0 { 1.0 } else { share(shared_numbers, fewer) },
        lead: lead(a, b, boilerplate).max(lead(b, a, boilerplate)),
        hours_between: circumstances.hours_between,
        changed: None,
    };
    let next_of_series = if circumstances.same_site {
        evidence.number_share < NUMBERS_OF_ONE_SITE
    } else {
        let corrected = fewer == 1 && evidence.jaccard >= CORRECTED;
        evidence.number_share < NUMBERS_OF_TWO_SITES && !corrected
    };
    let class = if next_of_series {
        Class::New
    } else {
        class(&evidence, circumstances.same_site, a_set.len(), b_set.len())
    };
    (class, evidence)
}

fn class(evidence: &Evidence, same_site: bool, a: usize, b: usize) -> Class {
    let apart = evidence.hours_between.is_some_and(|hours| hours.abs() > SPAN);
    let same_figures = evidence.shared_numbers > 0 && evidence.number_share >= SAME_FIGURES;
    let alike = if same_figures { REWRITTEN_WITH_FIGURES } else { REWRITTEN };
    let titled = evidence.title >= TITLED && !same_site;
    let other_story = evidence.lead < LEAD && evidence.jaccard < alike && !titled;
    if apart || other_story {
        return Class::New;
    }
    let within = evidence.containment_ab >= CONTAINED;
    let around = evidence.containment_ba >= CONTAINED;
    if (within || around) && evidence.jaccard >= ALIKE {
        Class::Copy
    } else if within {
        if share(a, b) < EXCERPT { Class::Excerpt } else { Class::Abridged }
    } else if around {
        if share(b, a) < EXCERPT { Class::Excerpt } else { Class::Extended }
    } else {
        Class::New
    }
}

/// Share of `a`'s opening that is anywhere in `b`.
fn lead(a: &Text, b: &Text, boilerplate: &[u64]) -> f32 {
    let opening: Vec<&u64> = a
        .shingles
        .iter()
        .filter(|hash| boilerplate.binary_search(hash).is_err())
        .take(OPENING)
        .collect();
    let found = opening.iter().filter(|hash| b.set().binary_search(hash).is_ok()).count();
    share(found, opening.len())
}

/// Size of the intersection of two sorted sets.
fn shared(a: &[u64], b: &[u64]) -> usize {
    let (mut a, mut b) = (a.iter().peekable(), b.iter().peekable());
    let mut count = 0;
    while let (Some(x), Some(y)) = (a.peek(), b.peek()) {
        match x.cmp(y) {
            std::cmp::Ordering::Less => {
                a.next();
            }
            std::cmp::Ordering::Greater => {
                b.next();
            }
            std::cmp::Ordering::Equal => {
                count += 1;
                a.next();
                b.next();
            }
        }
    }
    count
}

/// `part` of `whole`, 0 of nothing.
#[expect(clippy::cast_precision_loss, reason = "a text has fewer than 2^24 words")]
fn share(part: usize, whole: usize) -> f32 {
    if whole == 0 { 0.0 } else { part as f32 / whole as f32 }
}
