//! Every stage of a judgement, for a person who works on a topic file.

use serde::Serialize;

use super::{
    Judgement, Match, Text, Topics,
    judge::{self, Case},
    matcher,
};

/// How one topic came to its judgement.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    pub judgement: Judgement,
    /// From this score on the text is relevant.
    pub threshold: f32,
    /// From this score on it mentions the topic in passing.
    pub passing: f32,
    /// By what the window multiplied the sum of the rules.
    pub window: f32,
    /// All occurrences of terms, in order of field and place.
    pub found: Vec<Found>,
    /// All rules, in the order of the file.
    pub rules: Vec<RuleTrace>,
}

/// One occurrence of a term.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Found {
    #[serde(flatten)]
    pub occurrence: Match,
    /// `title`, `lead`, `body` or `aside`.
    pub place: &'static str,
    /// Whether it counts, or an `[[ignore]]` of the topic took it out.
    pub counts: bool,
    /// The words around it.
    pub snippet: String,
}

/// What became of one rule.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RuleTrace {
    pub rule: String,
    /// Score times boost; 0 where the rule does not hold.
    pub gain: f32,
    /// By which of [`Explanation::found`] it holds.
    pub evidence: Vec<usize>,
    /// Why it does not hold.
    pub failed: Option<String>,
}

/// Judges `text` like [`Topics::judge`], in the order of the topics, and shows every stage.
pub fn explain(topics: &Topics, text: &Text<'_>) -> Vec<Explanation> {
    let fields = judge::read(&topics.matcher, topics.topics.len(), text);
    let cases = topics.topics.iter().enumerate();
    cases.map(|(at, topic)| explanation(&Case::new(topic, at, &fields, text))).collect()
}

fn explanation(case: &Case<'_>) -> Explanation {
    let topic = case.topic;
    let found = case.occurrences.iter().filter_map(|occurrence| {
        let field = case.fields.get(occurrence.field)?;
        Some(Found {
            occurrence: case.evidence(occurrence)?,
            place: occurrence.place.name(),
            counts: !occurrence.ignored,
            snippet: snippet(field, occurrence.hit),
        })
    });
    let rules = topic.rules.iter().enumerate().map(|(at, rule)| {
        let holding = case.holdings.iter().find(|holding| holding.rule == at);
        RuleTrace {
            rule: rule.name.clone(),
            gain: holding.map_or(0.0, |holding| holding.gain),
            evidence: holding.map(|holding| holding.evidence.clone()).unwrap_or_default(),
            failed: holding.is_none().then(|| failure(case, at)),
        }
    });
    Explanation {
        judgement: case.judgement(),
        threshold: topic.threshold,
        passing: topic.passing,
        window: case.window,
        found: found.collect(),
        rules: rules.collect(),
    }
}

/// What a rule that does not hold lacks.
fn failure(case: &Case<'_>, rule: usize) -> String {
    let Some(rule) = case.topic.rules.get(rule) else { return String::new() };
    for slot in &rule.slots {
        let counted = case.occurrences.iter().filter(|one| {
            !one.ignored
                && rule.places.contains(&one.place)
                && slot.takes(one.hit.concept, one.place)
        });
        let times = counted.count();
        if times < rule.times {
            let names: Vec<&str> = slot
                .concepts
                .iter()
                .filter_map(|at| Some(case.topic.concepts.get(*at)?.name.as_str()))
                .collect();
            let place =
                slot.place.map_or(String::new(), |place| format!(" in the {}", place.name()));
            return format!("{}{place}: {times} of {} needed", names.join(" or "), rule.times);
        }
    }
    "what it looks for is there, but too far apart or beside what it excludes".to_owned()
}

/// About forty code points on both sides, cut at spaces.
fn snippet(field: &judge::Read<'_>, hit: matcher::Hit) -> String {
    let range = field.folded.original_range(field.original, hit.start..hit.end);
    let before = field.original.get(..range.start).unwrap_or_default();
    let after = field.original.get(range.end..).unwrap_or_default();
    let from = before.char_indices().rev().nth(SIDE).map_or(0, |(at, _)| at);
    let to = after.char_indices().nth(SIDE).map_or(after.len(), |(at, _)| at);
    let before = before.get(from..).unwrap_or_default();
    let before = match before.split_once(char::is_whitespace) {
        Some((_, whole)) if from > 0 => whole,
        _ => before,
    };
    let matched = field.original.get(range).unwrap_or_default();
    let short = after.get(..to).unwrap_or_default();
    let short = match short.rsplit_once(char::is_whitespace) {
        Some((whole, _)) if to < after.len() => whole,
        _ => short,
    };
    format!("{before}{matched}{short}").replace('\n', " ")
}

const SIDE: usize = 40;
