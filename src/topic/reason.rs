//! A judgement in one readable sentence.

use std::{collections::BTreeSet, fmt::Write};

use super::{
    Outcome, Place,
    judge::{Case, Timing},
};

pub(super) fn sentence(case: &Case<'_>) -> String {
    let threshold = case.topic.threshold;
    let mut sentence = String::new();
    let strongest = case
        .holdings
        .iter()
        .filter(|holding| holding.gain > 0.0)
        .max_by(|a, b| a.gain.total_cmp(&b.gain));
    let verdict = match case.outcome() {
        Outcome::Relevant => "Relevant",
        Outcome::Passing => "A passing mention",
        Outcome::Irrelevant => "Not relevant",
    };
    sentence.push_str(verdict);
    let strongest =
        strongest.and_then(|holding| Some((holding, case.topic.rules.get(holding.rule)?)));
    if let Some((holding, rule)) = strongest {
        let found: Vec<String> = holding.evidence.iter().map(|at| describe(case, *at)).collect();
        let _written = write!(sentence, ": {} by {}", rule.name, listed(&found));
        let further = further(case, &holding.evidence);
        if !further.is_empty() {
            let _written = write!(sentence, "; also {}", listed(&further));
        }
    } else {
        let found = first_of_each(case);
        if found.is_empty() {
            sentence.push_str(": none of the concepts is in the text");
        } else {
            let verb = if found.len() == 1 { "was" } else { "were" };
            let _written = write!(sentence, ": only {} {verb} found", listed(&found));
        }
    }
    let lowering: Vec<&str> = case
        .holdings
        .iter()
        .filter(|holding| holding.gain < 0.0)
        .filter_map(|holding| Some(case.topic.rules.get(holding.rule)?.name.as_str()))
        .collect();
    if !lowering.is_empty() {
        let _written = write!(sentence, "; lowered by {}", lowering.join(", "));
    }
    match case.timing {
        Timing::Outside => sentence.push_str("; outside the topic's window"),
        Timing::Doubted => sentence.push_str("; without a date, as if outside the topic's window"),
        Timing::Inside | Timing::Undated => {}
    }
    let _written = write!(sentence, "; score {:.1} of {threshold:.1} needed.", case.score);
    sentence
}

fn describe(case: &Case<'_>, at: usize) -> String {
    let Some(occurrence) = case.occurrences.get(at) else { return String::new() };
    let concept = case.topic.concepts.get(occurrence.hit.concept);
    let surface = case.fields.get(occurrence.field).and_then(|field| {
        let hit = occurrence.hit;
        let range = field.folded.original_range(field.original, hit.start..hit.end);
        field.original.get(range)
    });
    let place = match occurrence.place {
        Place::Title => "the title",
        Place::Lead => "the lead",
        Place::Body => "the body",
        Place::Aside => "a short line",
    };
    let name = concept.map_or("", |concept| concept.name.as_str());
    format!("{name} “{}” in {place}", surface.unwrap_or_default())
}

/// One occurrence of each concept by which other rules hold, and not the strongest one.
fn further(case: &Case<'_>, told: &[usize]) -> Vec<String> {
    let concept = |at: &usize| case.occurrences.get(*at).map(|one| one.hit.concept);
    let mut seen: BTreeSet<usize> = told.iter().filter_map(concept).collect();
    let holdings = case.holdings.iter().filter(|holding| holding.gain > 0.0);
    holdings
        .flat_map(|holding| &holding.evidence)
        .filter(|at| concept(at).is_some_and(|concept| seen.insert(concept)))
        .map(|at| describe(case, *at))
        .collect()
}

fn first_of_each(case: &Case<'_>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let counted = case.occurrences.iter().enumerate().filter(|(_, one)| !one.ignored);
    counted
        .filter(|(_, one)| seen.insert(one.hit.concept))
        .map(|(at, _)| describe(case, at))
        .collect()
}

fn listed(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
