//! What a topic's rules make of what stands in a text.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;

use super::{
    Field, Ignore, Judgement, Match, Near, Outcome, Place, Rule, Slot, Text, Topic, Undated,
    Window,
    layout::Layout,
    matcher::{Hit, Matcher},
    reason,
};
use crate::text::{Folded, fold, is_spaceless};

pub(super) fn judge(topics: &[Topic], matcher: &Matcher, text: &Text<'_>) -> Vec<Judgement> {
    let fields = read(matcher, topics.len(), text);
    let mut judgements: Vec<Judgement> = topics
        .iter()
        .enumerate()
        .map(|(at, topic)| Case::new(topic, at, &fields, text).judgement())
        .collect();
    judgements.sort_by(|a, b| a.outcome.cmp(&b.outcome).then(b.score.total_cmp(&a.score)));
    judgements
}

/// Folds the fields of `text` and finds the terms of all topics in them.
pub(super) fn read<'a>(matcher: &Matcher, topics: usize, text: &Text<'a>) -> Vec<Read<'a>> {
    let language = text.language.map(|tag| tag.split('-').next().unwrap_or(tag));
    let fields =
        [(Field::Title, text.title), (Field::Summary, text.summary), (Field::Text, text.text)];
    fields
        .into_iter()
        .filter(|(_, original)| !original.is_empty())
        .map(|(field, original)| {
            let folded = fold(original);
            let hits = matcher.hits(original, &folded, language, topics);
            Read { field, original, folded, hits }
        })
        .collect()
}

/// A field of the text as it was read.
pub(super) struct Read<'a> {
    pub(super) field: Field,
    pub(super) original: &'a str,
    pub(super) folded: Folded,
    /// By topic.
    pub(super) hits: Vec<Vec<Hit>>,
}

/// An occurrence with its place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Occurrence {
    pub(super) hit: Hit,
    pub(super) field: usize,
    pub(super) place: Place,
    /// Words before it in the field, in quarters of a word.
    pub(super) word: u32,
    pub(super) sentence: u32,
    /// Does not count; see [`Ignore`].
    pub(super) ignored: bool,
}

impl Occurrence {
    /// The headline of another story says nothing of the text beside it.
    fn speaks_of(&self, other: &Self) -> bool {
        self.place != Place::Aside || other.place == Place::Aside
    }
}

/// A rule that holds: what it gives and by which occurrences.
#[derive(Debug, Clone)]
pub(super) struct Holding {
    pub(super) rule: usize,
    pub(super) gain: f32,
    pub(super) evidence: Vec<usize>,
}

/// Where the date of a text lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Timing {
    /// In the topic's window, or it has none.
    Inside,
    Outside,
    /// It has no date, and counts as it is.
    Undated,
    /// It has no date, and counts as one outside.
    Doubted,
}

/// One topic before one text.
pub(super) struct Case<'a> {
    pub(super) topic: &'a Topic,
    pub(super) fields: &'a [Read<'a>],
    /// In order of field and place.
    pub(super) occurrences: Vec<Occurrence>,
    pub(super) holdings: Vec<Holding>,
    pub(super) timing: Timing,
    /// What the topic's window makes of that: the score is multiplied by it.
    pub(super) window: f32,
    pub(super) score: f32,
}

impl<'a> Case<'a> {
    pub(super) fn new(
        topic: &'a Topic,
        at: usize,
        fields: &'a [Read<'a>],
        text: &Text<'_>,
    ) -> Self {
        let timing = topic.window.map_or(Timing::Inside, |window| window.timing(text));
        let mut case = Self {
            topic,
            fields,
            occurrences: Vec::new(),
            holdings: Vec::new(),
            timing,
            window: topic.window.map_or(1.0, |window| window.factor(timing)),
            score: 0.0,
        };
        let found: BTreeSet<usize> = fields
            .iter()
            .flat_map(|field| field.hits.get(at).into_iter().flatten())
            .map(|hit| hit.concept)
            .collect();
        if found.is_empty() {
            return case;
        }
        for (index, field) in fields.iter().enumerate() {
            let hits = field.hits.get(at).map_or(&[][..], Vec::as_slice);
            place(topic, index, field, hits, text.title, &mut case.occurrences);
        }
        case.ignore();
        for (index, rule) in topic.rules.iter().enumerate() {
            let possible =
                |slot: &Slot| slot.concepts.iter().any(|concept| found.contains(concept));
            if rule.slots.iter().all(possible)
                && let Some((gain, evidence)) = case.hold(rule)
            {
                case.holdings.push(Holding { rule: index, gain, evidence });
            }
        }
        let sum: f32 = case.holdings.iter().map(|holding| holding.gain).sum();
        case.score = if sum > 0.0 { sum * case.window } else { 0.0 };
        case
    }

    pub(super) fn outcome(&self) -> Outcome {
        if self.score >= self.topic.threshold {
            Outcome::Relevant
        } else if self.score > 0.0 && self.score >= self.topic.passing {
            Outcome::Passing
        } else {
            Outcome::Irrelevant
        }
    }

    pub(super) fn judgement(&self) -> Judgement {
        let outcome = self.outcome();
        let missing = if outcome == Outcome::Relevant { Vec::new() } else { self.missing() };
        Judgement {
            topic: self.topic.id.clone(),
            outcome,
            score: (self.score * 100.0).round() / 100.0,
            reason: reason::sentence(self),
            rules: self
                .holdings
                .iter()
                .filter_map(|holding| self.topic.rules.get(holding.rule))
                .map(|rule| rule.name.clone())
                .collect(),
            matches: self.matches(),
            missing,
        }
    }

    /// The concepts that the rules look for and the text has not.
    fn missing(&self) -> Vec<String> {
        let found: BTreeSet<usize> = self
            .occurrences
            .iter()
            .filter(|occurrence| !occurrence.ignored)
            .map(|occurrence| occurrence.hit.concept)
            .collect();
        let mut missing = BTreeSet::new();
        for rule in self.topic.rules.iter().filter(|rule| rule.score > 0.0) {
            for slot in &rule.slots {
                if !slot.concepts.iter().any(|concept| found.contains(concept)) {
                    missing.extend(&slot.concepts);
                }
            }
        }
        missing
            .into_iter()
            .filter_map(|at: &usize| Some(self.topic.concepts.get(*at)?.name.clone()))
            .collect()
    }

    /// The occurrences that count, as evidence; of each concept the first in each field.
    fn matches(&self) -> Vec<Match> {
        let mut times: BTreeMap<(usize, usize), usize> = BTreeMap::new();
        let counted = self.occurrences.iter().filter(|occurrence| {
            let times = times.entry((occurrence.field, occurrence.hit.concept)).or_default();
            *times += usize::from(!occurrence.ignored);
            !occurrence.ignored && *times <= MOST_MATCHES
        });
        counted.filter_map(|occurrence| self.evidence(occurrence)).collect()
    }

    /// An occurrence with its place in code points of its field as given.
    pub(super) fn evidence(&self, occurrence: &Occurrence) -> Option<Match> {
        let field = self.fields.get(occurrence.field)?;
        let concept = self.topic.concepts.get(occurrence.hit.concept)?;
        let hit = occurrence.hit;
        let range = field.folded.original_range(field.original, hit.start..hit.end);
        let matched = field.original.get(range.clone())?;
        let start = code_points(field.original.get(..range.start)?);
        Some(Match {
            term: concept.terms.get(hit.term)?.spelled.clone(),
            group: concept.name.clone(),
            field: field.field,
            start,
            end: start + code_points(matched),
            matched: matched.to_owned(),
        })
    }

    /// Marks the occurrences that do not count.
    fn ignore(&mut self) {
        for ignore in &self.topic.ignores {
            let ignored: Vec<usize> = match ignore {
                Ignore::Beside { concept, beside, within, unless } => {
                    let is_beside = |at: &usize| {
                        self.stands_beside(*at, *concept, *within, &[*beside])
                            && !self.stands_beside(*at, *concept, *within, unless)
                    };
                    (0..self.occurrences.len()).filter(is_beside).collect()
                }
                Ignore::Listed { concept, peers, at_least } => (0..self.occurrences.len())
                    .filter(|at| self.is_listed(*at, *concept, *peers, *at_least))
                    .collect(),
            };
            for at in ignored {
                if let Some(occurrence) = self.occurrences.get_mut(at) {
                    occurrence.ignored = true;
                }
            }
        }
    }

    /// Whether an occurrence of `concept` has one of `others` near it.
    fn stands_beside(&self, at: usize, concept: usize, within: u32, others: &[usize]) -> bool {
        let Some(one) = self.occurrences.get(at).filter(|one| one.hit.concept == concept) else {
            return false;
        };
        let near = |other: &&Occurrence| {
            let same_field = other.field == one.field
                && other.word.abs_diff(one.word) <= within.saturating_mul(4);
            // What a title is about, the lead says.
            same_field || (one.place == Place::Title && other.place == Place::Lead)
        };
        let is_other =
            |other: &Occurrence| others.contains(&other.hit.concept) && other.speaks_of(one);
        let before = self.occurrences.iter().take(at).rev().take(NEIGHBOURS).take_while(near);
        let after = self.occurrences.iter().skip(at + 1).take(NEIGHBOURS).take_while(near);
        before.chain(after).any(is_other)
    }

    /// A list: its members follow each other with one word between at most.
    fn is_listed(&self, at: usize, concept: usize, peers: usize, at_least: usize) -> bool {
        let Some(one) = self.occurrences.get(at).filter(|one| one.hit.concept == concept) else {
            return false;
        };
        let count = |neighbours: &mut dyn Iterator<Item = &Occurrence>| {
            let mut last = one;
            let mut terms = 0;
            for other in neighbours {
                if other.hit.concept != peers && other.hit.concept != concept {
                    continue;
                }
                if other.field != one.field || other.word.abs_diff(last.word) > 2 * 4 {
                    break;
                }
                terms += usize::from(other.hit.concept == peers);
                last = other;
            }
            terms
        };
        let before = count(&mut self.occurrences.iter().take(at).rev().take(NEIGHBOURS));
        let after = count(&mut self.occurrences.iter().skip(at + 1).take(NEIGHBOURS));
        before + after >= at_least
    }

    /// What `rule` gives and by which occurrences, if it holds.
    fn hold(&self, rule: &Rule) -> Option<(f32, Vec<usize>)> {
        let counts = |occurrence: &Occurrence| {
            !occurrence.ignored && rule.places.contains(&occurrence.place)
        };
        if rule.times > 1 {
            for slot in &rule.slots {
                let times = self
                    .occurrences
                    .iter()
                    .filter(|one| counts(one) && slot.takes(one.hit.concept, one.place))
                    .count();
                if times < rule.times {
                    return None;
                }
            }
        }
        match rule.near {
            Some(near) => self.hold_near(rule, near, counts),
            None => self.hold_anywhere(rule, counts),
        }
    }

    fn hold_anywhere(
        &self,
        rule: &Rule,
        counts: impl Fn(&Occurrence) -> bool,
    ) -> Option<(f32, Vec<usize>)> {
        let mut best: Vec<Option<usize>> = vec![None; rule.slots.len()];
        for (at, one) in self.occurrences.iter().enumerate().filter(|(_, one)| !one.ignored) {
            let excludes = |slot: &Slot| {
                slot.takes(one.hit.concept, one.place) && (slot.place.is_some() || counts(one))
            };
            if rule.none_of.iter().any(excludes) {
                return None;
            }
            if !counts(one) {
                continue;
            }
            for (slot, best) in rule.slots.iter().zip(&mut best) {
                let better = best
                    .and_then(|best| self.occurrences.get(best))
                    .is_none_or(|best| self.boost(one) > self.boost(best));
                if slot.takes(one.hit.concept, one.place) && better {
                    *best = Some(at);
                }
            }
        }
        let evidence: Option<Vec<usize>> = best.into_iter().collect();
        let evidence = evidence?;
        Some((rule.score * self.mean_boost(evidence.iter().copied()), evidence))
    }

    /// The instance with the highest boost, of those that are near enough.
    fn hold_near(
        &self,
        rule: &Rule,
        near: Near,
        counts: impl Fn(&Occurrence) -> bool,
    ) -> Option<(f32, Vec<usize>)> {
        let mut best: Option<(f32, Vec<usize>)> = None;
        let mut last: Vec<Option<usize>> = vec![None; rule.slots.len()];
        let mut field = usize::MAX;
        for (at, one) in self.occurrences.iter().enumerate() {
            if one.field != field {
                field = one.field;
                last.fill(None);
            }
            if !counts(one) {
                continue;
            }
            let mut fills = false;
            for (slot, last) in rule.slots.iter().zip(&mut last) {
                if slot.takes(one.hit.concept, one.place) {
                    *last = Some(at);
                    fills = true;
                }
            }
            if !fills {
                continue;
            }
            // `None` is less than any place: a slot is not yet filled.
            let Some(begin) = last.iter().min().copied().flatten() else { continue };
            if !self.occurrences.get(begin).is_some_and(|first| near.reaches(first, one)) {
                continue;
            }
            let boost = self.mean_boost(last.iter().copied().flatten());
            if best.as_ref().is_some_and(|(best, _)| *best >= boost) {
                continue;
            }
            if self.is_spoilt(rule, near, begin, at) {
                continue;
            }
            best = Some((boost, last.iter().copied().flatten().collect()));
        }
        best.map(|(boost, evidence)| (rule.score * boost, evidence))
    }

    /// Whether one of the rule's `none_of` stands as near to the instance as its parts may stand
    /// to each other.
    fn is_spoilt(&self, rule: &Rule, near: Near, first: usize, last: usize) -> bool {
        if rule.none_of.is_empty() {
            return false;
        }
        let (Some(begin), Some(end)) = (self.occurrences.get(first), self.occurrences.get(last))
        else {
            return false;
        };
        let from = first.saturating_sub(NEIGHBOURS);
        self.occurrences.iter().skip(from).take(last - from + NEIGHBOURS).any(|one| {
            one.field == begin.field
                && rule.none_of.iter().any(|slot| slot.takes(one.hit.concept, one.place))
                && one.speaks_of(begin)
                && (near.reaches(one, begin) || near.reaches(end, one))
        })
    }

    fn boost(&self, occurrence: &Occurrence) -> f32 {
        self.topic.boost.of(occurrence.place)
    }

    fn mean_boost(&self, evidence: impl Iterator<Item = usize>) -> f32 {
        let (mut sum, mut count) = (0.0, 0_u16);
        for one in evidence.filter_map(|at| self.occurrences.get(at)) {
            sum += self.boost(one);
            count = count.saturating_add(1);
        }
        sum / f32::from(count.max(1))
    }
}

/// How many occurrences before and after one are looked at: a page of nothing but terms is judged
/// in linear time.
const NEIGHBOURS: usize = 100;

/// Of one concept in one field; a page that repeats a word a thousand times needs no thousand
/// proofs.
const MOST_MATCHES: usize = 10;

fn code_points(text: &str) -> u32 {
    u32::try_from(text.chars().count()).unwrap_or(u32::MAX)
}

impl Near {
    fn reaches(self, one: &Occurrence, other: &Occurrence) -> bool {
        match self {
            Self::Words(within) => one.word.abs_diff(other.word) <= within.saturating_mul(4),
            Self::Sentences(within) => one.sentence.abs_diff(other.sentence) <= within,
        }
    }
}

impl Window {
    fn timing(&self, text: &Text<'_>) -> Timing {
        let Some(published) = text.published else {
            return match self.undated {
                Undated::Keep => Timing::Undated,
                Undated::Doubt => Timing::Doubted,
            };
        };
        let day = published.to_zoned(TimeZone::UTC).date();
        let early = self.from.is_some_and(|from| day < from);
        let late = self.to.is_some_and(|to| day > to);
        if early || late { Timing::Outside } else { Timing::Inside }
    }

    fn factor(&self, timing: Timing) -> f32 {
        match timing {
            Timing::Inside => self.inside,
            Timing::Undated => 1.0,
            Timing::Outside | Timing::Doubted => self.outside,
        }
    }

    /// The highest factor that a text can have.
    pub(super) fn highest(&self) -> f32 {
        let undated = if self.undated == Undated::Keep { 1.0 } else { self.outside };
        self.inside.max(self.outside).max(undated)
    }
}

/// Gives the hits of one field their places and positions.
fn place(
    topic: &Topic,
    index: usize,
    field: &Read<'_>,
    hits: &[Hit],
    title: &str,
    occurrences: &mut Vec<Occurrence>,
) {
    if hits.is_empty() {
        return;
    }
    let folded = field.folded.as_str();
    let layout = match field.field {
        Field::Title => Layout::TITLE,
        Field::Summary => Layout::SUMMARY,
        Field::Text => Layout::of_text(folded, title, topic.lead),
    };
    let mut counter = Counter::default();
    let mut characters = folded.char_indices();
    for hit in hits {
        counter.advance(&mut characters, hit.start);
        occurrences.push(Occurrence {
            hit: *hit,
            field: index,
            place: layout.place(hit.start),
            word: counter.quarters,
            sentence: counter.sentence,
            ignored: false,
        });
    }
}

/// Counts words and sentences up to a place.
#[derive(Default)]
struct Counter {
    quarters: u32,
    sentence: u32,
    in_word: bool,
    /// The end of a sentence was read, but no word of the next one.
    ended: bool,
}

impl Counter {
    fn advance(&mut self, characters: &mut std::str::CharIndices<'_>, to: usize) {
        while characters.offset() < to
            && let Some((_, c)) = characters.next()
        {
            if matches!(c, '\n' | '!' | '?' | '。' | '！' | '？' | '।' | '؟' | '։') {
                self.ended = true;
                self.in_word = false;
            } else if c == '.' {
                let rest = characters.as_str();
                self.ended |= !rest.starts_with(char::is_alphanumeric);
                self.in_word = false;
            } else if c.is_alphanumeric() {
                self.sentence += u32::from(self.ended);
                self.ended = false;
                let hangul = ('\u{AC00}'..='\u{D7A3}').contains(&c);
                if is_spaceless(c) && !hangul {
                    self.quarters += if c < '\u{2000}' { 1 } else { 2 };
                    self.in_word = false;
                } else if !self.in_word {
                    self.quarters += 4;
                    self.in_word = true;
                }
            } else if c != '\'' && !unicode_normalization::char::is_combining_mark(c) {
                self.in_word = false;
            }
        }
    }
}
