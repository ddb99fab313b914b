//! What is allowed in a topic file and probably not meant.

use std::{collections::BTreeSet, ops::Range};

use super::{Concept, Near, Rule, Slot, Topic, term::Term};
use crate::{fault::Fault, text::language};

pub(super) fn lints(topic: &Topic, feed_languages: &[&str]) -> Vec<Fault> {
    let mut lints = Vec::new();
    let used = used_concepts(topic);
    for (index, concept) in topic.concepts.iter().enumerate() {
        for (at, term) in concept.terms.iter().enumerate().filter(|(_, term)| !term.twin) {
            lints.extend(too_short(term));
            lints.extend(search_expression(term));
            lints.extend(shadowed(concept, at, term));
        }
        lints.extend(never_told(concept));
        if used.contains(&index) {
            lints.extend(without_languages(concept, feed_languages));
        } else {
            let message = format!("no rule uses the concept `{}`", concept.name);
            lints.push(lint(concept.span.clone(), message, "name it in a rule, or delete it"));
        }
    }
    lints.extend(topic.rules.iter().filter_map(never_matches));
    lints.extend(same_names(topic));
    lints.extend(unreachable_threshold(topic));
    lints
}

fn lint(span: Range<usize>, message: String, help: &str) -> Fault {
    Fault { span, message, help: (!help.is_empty()).then(|| help.to_owned()) }
}

fn used_concepts(topic: &Topic) -> BTreeSet<usize> {
    let in_rules = topic
        .rules
        .iter()
        .flat_map(|rule| rule.slots.iter().chain(&rule.none_of).flat_map(|slot| &slot.concepts));
    let in_ignores = topic.ignores.iter().flat_map(super::Ignore::concepts);
    in_rules.copied().chain(in_ignores).collect()
}

/// Under 4 letters, or under 2 in a script without spaces. One fewer is enough for a whole word
/// (`rus`, `=UN`), and where signs above and below carry the vowels (Arabic, Hebrew, Indic).
fn too_short(term: &Term) -> Option<Fault> {
    let folded = term.words.iter().flat_map(|word| &word.spellings).flat_map(|word| word.chars());
    let vowelless = folded.into_iter().all(|c| matches!(c, '\u{590}'..='\u{DFF}'));
    let closed = term.words.iter().all(|word| !word.open_left && !word.open_right);
    let least = match () {
        () if term.is_spaceless() || (closed && term.exact.is_some()) => 2,
        () => 4 - usize::from(vowelless) - usize::from(closed),
    };
    (term.letters() < least).then(|| {
        let message = format!("the term `{}` is short: it will be found in much", term.spelled);
        lint(term.span.clone(), message, "write a longer term, a phrase, or `=` for exact case")
    })
}

/// What other programs take for an operator, a field or a pattern is none here: a term is words.
fn search_expression(term: &Term) -> Option<Fault> {
    let tokens: Vec<&str> = term.spelled.split_whitespace().collect();
    let is_operator = |token: &&str| {
        let before_a_word =
            |rest: &str| rest.starts_with(|c: char| c.is_alphanumeric() || c == '(');
        (tokens.len() > 1 && matches!(*token, "AND" | "OR" | "NOT" | "NEAR"))
            || token.strip_prefix(['-', '+', '!']).is_some_and(before_a_word)
            || is_field(token)
    };
    let is_pattern = term.spelled.contains(['?', '(', ')', '|', '[', ']', '{', '}', '\\', '^'])
        || (term.spelled.len() > 1 && term.spelled.starts_with('/') && term.spelled.ends_with('/'));
    (is_pattern || tokens.iter().any(is_operator)).then(|| {
        let words = term.words.iter().filter_map(|word| word.spellings.first());
        let words = words.map(String::as_str).collect::<Vec<_>>().join(" ");
        let message = format!("the term `{}` is looked for as the words `{words}`", term.spelled);
        let help = "write each wording as a term of its own, with `*` where a word may go on, and \
                    conditions as rules";
        lint(term.span.clone(), message, help)
    })
}

/// `title:dam`. An ending after an abbreviation (`CSTO:s`) is none.
fn is_field(token: &str) -> bool {
    token.split_once(':').is_some_and(|(field, value)| {
        field.len() > 1
            && field.chars().all(|c| c.is_ascii_lowercase())
            && value.chars().filter(|c| c.is_alphanumeric()).nth(1).is_some()
    })
}

/// A term that another one finds as well, of the same language or of all.
fn shadowed(concept: &Concept, at: usize, term: &Term) -> Option<Fault> {
    // In another alphabet of its language it may find what no other one does.
    let is_shadowed = |twin: &Term| {
        concept.terms.iter().any(|other| other.span != term.span && other.covers(twin))
    };
    let mut twins = concept.terms.iter().filter(|one| one.twin && one.span == term.span);
    if !twins.all(is_shadowed) {
        return None;
    }
    let shadow = concept.terms.iter().enumerate().find(|(other_at, other)| {
        *other_at != at
            && !other.twin
            && (other.language == term.language || other.language == "any")
            && other.covers(term)
            && (!term.covers(other) || *other_at < at)
    });
    shadow.filter(|(_, shadow)| shadow.span != term.span).map(|(_, shadow)| {
        let message = format!("`{}` finds all that `{}` finds", shadow.spelled, term.spelled);
        lint(term.span.clone(), message, "delete it")
    })
}

/// Languages under `only` that no text is ever told to be in, such as `ua` for `uk`.
fn never_told(concept: &Concept) -> Vec<Fault> {
    let mut seen = BTreeSet::new();
    let terms = concept.terms.iter().filter_map(|term| Some((term, term.only.as_deref()?)));
    let untold = terms.filter(|(_, only)| !language::is_told(only) && seen.insert(*only));
    let lints = untold.map(|(term, only)| {
        let message = format!("no text is told to be in `{only}`: its terms are never looked for");
        let help = "write another language under `only`, or the terms under the concept itself";
        lint(term.span.clone(), message, help)
    });
    lints.collect()
}

/// Rules of one name: a record names the rules that held, and one of them was perhaps copied.
fn same_names(topic: &Topic) -> Vec<Fault> {
    let mut seen = BTreeSet::new();
    let again = topic.rules.iter().filter(|rule| !seen.insert(rule.name.as_str()));
    let message = |rule: &Rule| format!("another rule is called `{}` as well", rule.name);
    again
        .map(|rule| lint(rule.span.clone(), message(rule), "give each rule a name of its own"))
        .collect()
}

fn without_languages(concept: &Concept, feed_languages: &[&str]) -> Option<Fault> {
    // Terms for any language may serve them all.
    let for_any = concept.terms.iter().any(|term| term.language == "any");
    if concept.languages.is_empty() || for_any {
        return None;
    }
    let missing: BTreeSet<&str> = feed_languages
        .iter()
        .map(|tag| tag.split('-').next().unwrap_or(tag))
        .filter(|language| !concept.languages.iter().any(|known| known == language))
        .collect();
    let missing: Vec<&str> = missing.into_iter().collect();
    (!missing.is_empty()).then(|| {
        let message = format!(
            "the concept `{}` has no terms for languages of the feeds: {}",
            concept.name,
            missing.join(", ")
        );
        lint(concept.span.clone(), message, "add terms, or an empty list where `any` serves it")
    })
}

fn never_matches(rule: &Rule) -> Option<Fault> {
    let excludes = |wanted: &Slot, concept: usize| {
        let places = rule.places.iter().filter(|place| wanted.takes(concept, **place));
        let mut slots = places.map(|place| rule.none_of.iter().any(|no| no.takes(concept, *place)));
        slots.all(|excluded| excluded)
    };
    let excluded =
        rule.slots.iter().any(|slot| slot.concepts.iter().all(|one| excludes(slot, *one)));
    let nowhere =
        rule.slots.iter().any(|slot| slot.place.is_some_and(|place| !rule.places.contains(&place)));
    let apart = matches!(rule.near, Some(Near::Words(0))) && rule.slots.len() > 1;
    let message = match () {
        () if nowhere => {
            format!("the rule `{}` can never hold: `places` leaves out where it looks", rule.name)
        }
        () if excluded => {
            format!("the rule `{}` can never hold: `none_of` names what it looks for", rule.name)
        }
        () if apart => format!("the rule `{}` can hardly hold: within 0 words", rule.name),
        () if rule.score.abs() < f32::EPSILON => format!("the rule `{}` gives no score", rule.name),
        () => return None,
    };
    Some(lint(rule.span.clone(), message, ""))
}

fn unreachable_threshold(topic: &Topic) -> Option<Fault> {
    let boost = &topic.boost;
    let most = boost.title.max(boost.lead).max(boost.body).max(boost.aside);
    let window = topic.window.map_or(1.0, |window| window.highest());
    let sum: f32 = topic.rules.iter().map(|rule| rule.score.max(0.0) * most * window).sum();
    (sum < topic.threshold).then(|| {
        let message = format!(
            "all rules together give {sum:.1} at most, and the threshold is {:.1}: nothing can be relevant",
            topic.threshold
        );
        lint(topic.threshold_span.clone(), message, "lower the threshold, or raise the scores")
    })
}
