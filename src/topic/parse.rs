//! A topic file to a [`Topic`], or all its faults.

use jiff::civil::Date;
use serde::Deserialize;
use toml::{
    Spanned,
    de::{DeTable, DeValue, ValueDeserializer},
};

use super::{Boost, Concept, Ignore, Near, Place, Rule, Slot, Topic, Undated, Window, term::Term};
use crate::{
    fault::Fault,
    text::{self, translit},
};

pub(super) fn parse(text: &str) -> Result<Topic, Vec<Fault>> {
    let mut faults = Vec::new();
    let (file, errors) = DeTable::parse_recoverable(text);
    faults.extend(errors.iter().map(fault_of));
    if !faults.is_empty() {
        return Err(faults);
    }
    let mut raw = RawFile::default();
    for (key, value) in file.into_inner() {
        match key.get_ref().as_ref() {
            "topic" => raw.topic = section(value, &mut faults),
            "concept" => raw.concepts = concepts(value, &mut faults),
            "rule" => raw.rules = sections(value, &mut faults),
            "ignore" => raw.ignores = sections(value, &mut faults),
            name => faults.push(Fault {
                span: key.span(),
                message: format!("unknown table `{name}`"),
                help: Some("expected `topic`, `concept.<name>`, `rule` or `ignore`".to_owned()),
            }),
        }
    }
    let topic = raw.check(text, &mut faults);
    match topic {
        Some(topic) if faults.is_empty() => Ok(topic),
        _ => Err(faults),
    }
}

#[derive(Default)]
struct RawFile {
    topic: Option<RawTopic>,
    concepts: Vec<Concept>,
    rules: Vec<RawRule>,
    ignores: Vec<RawIgnore>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTopic {
    id: Spanned<String>,
    name: String,
    #[serde(default)]
    description: String,
    threshold: Spanned<f32>,
    passing: Option<Spanned<f32>>,
    #[serde(default)]
    boost: RawBoost,
    lead: Option<usize>,
    window: Option<RawWindow>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, expecting = "a table, such as { title = 3.0, lead = 1.5 }")]
struct RawBoost {
    title: Option<Spanned<f32>>,
    lead: Option<Spanned<f32>>,
    body: Option<Spanned<f32>>,
    aside: Option<Spanned<f32>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table, such as { from = 2022-01-05, to = 2022-02-01 }")]
struct RawWindow {
    from: Option<Spanned<toml::value::Datetime>>,
    to: Option<Spanned<toml::value::Datetime>>,
    undated: Option<Undated>,
    inside: Option<Spanned<f32>>,
    outside: Option<Spanned<f32>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRule {
    name: Spanned<String>,
    #[serde(default)]
    all_of: Vec<Spanned<String>>,
    #[serde(default)]
    any_of: Vec<Spanned<String>>,
    #[serde(default)]
    none_of: Vec<Spanned<String>>,
    near: Option<RawNear>,
    places: Option<Vec<Place>>,
    times: Option<Spanned<usize>>,
    score: Spanned<f32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table, such as { within = 20 }")]
struct RawNear {
    within: Spanned<u32>,
    unit: Option<Unit>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Unit {
    Words,
    Sentences,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawIgnore {
    concept: Spanned<String>,
    beside: Option<Spanned<String>>,
    within: Option<Spanned<u32>>,
    unless: Option<Spanned<String>>,
    listed_with: Option<Spanned<String>>,
    at_least: Option<Spanned<usize>>,
}

fn fault_of(error: &toml::de::Error) -> Fault {
    Fault {
        span: error.span().unwrap_or_default(),
        message: error
            .message()
            .trim_end_matches('.')
            .replace('\n', ", ")
            // The names of types do not say what is wrong with quotation marks where there should be
            // none, or with brackets that are missing.
            .replace("a TOML datetime", "a date without quotation marks, such as 2022-01-05")
            .replace("expected f32", "expected a number without quotation marks, such as 1.5")
            .replace("expected usize", "expected a whole number without quotation marks")
            .replace("expected u32", "expected a whole number without quotation marks")
            .replace("expected a sequence", "expected a list, such as [\"one\", \"two\"]"),
        help: None,
    }
}

fn section<'de, T: Deserialize<'de>>(
    value: Spanned<DeValue<'de>>,
    faults: &mut Vec<Fault>,
) -> Option<T> {
    let span = value.span();
    T::deserialize(ValueDeserializer::from(value))
        .map_err(|error| {
            let mut fault = fault_of(&error);
            if fault.span.is_empty() {
                fault.span = span;
            }
            faults.push(fault);
        })
        .ok()
}

fn sections<'de, T: Deserialize<'de>>(
    value: Spanned<DeValue<'de>>,
    faults: &mut Vec<Fault>,
) -> Vec<T> {
    let span = value.span();
    if let DeValue::Array(tables) = value.into_inner() {
        return tables.into_iter().filter_map(|table| section(table, faults)).collect();
    }
    faults.push(fault(span, "expected tables", "write `[[rule]]` or `[[ignore]]`"));
    Vec::new()
}

fn fault(span: std::ops::Range<usize>, message: impl Into<String>, help: &str) -> Fault {
    Fault { span, message: message.into(), help: (!help.is_empty()).then(|| help.to_owned()) }
}

fn concepts(value: Spanned<DeValue<'_>>, faults: &mut Vec<Fault>) -> Vec<Concept> {
    let span = value.span();
    let DeValue::Table(table) = value.into_inner() else {
        faults.push(fault(span, "expected tables", "write `[concept.<name>]`"));
        return Vec::new();
    };
    let mut concepts = Vec::new();
    for (name, value) in table {
        let span = value.span();
        let DeValue::Table(languages) = value.into_inner() else {
            faults.push(fault(span, "expected a table", "write `[concept.<name>]`"));
            continue;
        };
        let name = name.into_inner().into_owned();
        let mut concept = Concept { name, span, terms: Vec::new(), languages: Vec::new() };
        for (key, value) in languages {
            match (key.get_ref().as_ref(), value.get_ref()) {
                ("only", DeValue::Table(_)) => {
                    let DeValue::Table(only) = value.into_inner() else { continue };
                    for (language, value) in only {
                        add_terms(&mut concept, &language, value, true, faults);
                    }
                }
                _ => add_terms(&mut concept, &key, value, false, faults),
            }
        }
        if concept.terms.is_empty() {
            let message = format!("concept `{}` has no terms", concept.name);
            faults.push(fault(concept.span.clone(), message, "write `any = [\"term\"]`"));
        }
        concepts.push(concept);
    }
    concepts
}

fn add_terms(
    concept: &mut Concept,
    language: &Spanned<std::borrow::Cow<'_, str>>,
    value: Spanned<DeValue<'_>>,
    only: bool,
    faults: &mut Vec<Fault>,
) {
    let code = language.get_ref().as_ref();
    let is_code = (2..=3).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_lowercase());
    if !is_code || only && code == "any" {
        let message = format!("`{code}` is neither `any` nor a language");
        let help = "write a language as two or three small letters (ISO 639), as in `ru`";
        faults.push(fault(language.span(), message, help));
        return;
    }
    let Some(spelled) = section::<Vec<Spanned<String>>>(value, faults) else { return };
    for spelled in spelled {
        match Term::parse(spelled.get_ref()) {
            Ok(mut term) => {
                term.span = spelled.span();
                code.clone_into(&mut term.language);
                term.only = only.then(|| text::language::primary(code).to_owned());
                concept.terms.extend(twins(&term, code));
                concept.terms.push(term);
            }
            Err(message) => faults.push(fault(spelled.span(), message, "")),
        }
    }
    if code != "any" && !concept.languages.iter().any(|known| known == code) {
        concept.languages.push(code.to_owned());
    }
}

/// A Serbian, Uzbek or Kazakh term in the language's other alphabets.
fn twins(term: &Term, language: &str) -> impl Iterator<Item = Term> {
    let others = translit::others(&term.spelled, language).into_iter();
    let twins = others.filter_map(|other| Term::parse(&other).ok());
    twins.filter(|twin| twin.words != term.words).map(|twin| Term {
        spelled: term.spelled.clone(),
        span: term.span.clone(),
        language: term.language.clone(),
        twin: true,
        only: term.only.clone(),
        ..twin
    })
}

impl RawFile {
    fn check(self, text: &str, faults: &mut Vec<Fault>) -> Option<Topic> {
        let concepts = self.concepts;
        let mut rules = Vec::new();
        for rule in self.rules {
            if let Some(rule) = rule.check(&concepts, faults) {
                rules.push(rule);
            }
        }
        let ignores =
            self.ignores.into_iter().filter_map(|raw| raw.check(&concepts, faults)).collect();
        if rules.is_empty() && faults.is_empty() {
            let end = text.len();
            faults.push(fault(end..end, "a topic needs a rule", "write `[[rule]]`"));
        }
        let Some(raw) = self.topic else {
            if faults.is_empty() {
                faults.push(fault(0..0, "the table `[topic]` is missing", "write `[topic]`"));
            }
            return None;
        };
        let id = raw.id.get_ref();
        let slug = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
        if id.is_empty() || id.len() > 64 || !id.bytes().all(slug) {
            let message = format!("`{id}` is no id of a topic");
            let help = "write up to 64 small letters, digits, `-` and `_`";
            faults.push(fault(raw.id.span(), message, help));
        }
        let threshold = finite(&raw.threshold, faults)?;
        if threshold <= 0.0 {
            faults.push(fault(raw.threshold.span(), "the threshold must be above 0", ""));
        }
        let passing = match &raw.passing {
            Some(passing) => finite(passing, faults)?,
            None => threshold * 0.3,
        };
        if passing > threshold {
            let span = raw.passing.map_or(0..0, |passing| passing.span());
            faults.push(fault(span, "`passing` must not be above `threshold`", ""));
        }
        Some(Topic {
            id: raw.id.into_inner(),
            name: raw.name,
            description: raw.description,
            threshold,
            threshold_span: raw.threshold.span(),
            passing,
            boost: raw.boost.check(faults)?,
            lead: raw.lead.unwrap_or(600),
            window: match raw.window {
                Some(window) => Some(window.check(faults)?),
                None => None,
            },
            concepts,
            rules,
            ignores,
        })
    }
}

fn finite(number: &Spanned<f32>, faults: &mut Vec<Fault>) -> Option<f32> {
    let value = *number.get_ref();
    if value.abs() <= 1000.0 {
        return Some(value);
    }
    faults.push(fault(number.span(), "expected a number from -1000 to 1000", ""));
    None
}

impl RawBoost {
    fn check(&self, faults: &mut Vec<Fault>) -> Option<Boost> {
        let standard = Boost::default();
        Some(Boost {
            title: factor(self.title.as_ref(), standard.title, 100.0, faults)?,
            lead: factor(self.lead.as_ref(), standard.lead, 100.0, faults)?,
            body: factor(self.body.as_ref(), standard.body, 100.0, faults)?,
            aside: factor(self.aside.as_ref(), standard.aside, 100.0, faults)?,
        })
    }
}

impl RawWindow {
    fn check(self, faults: &mut Vec<Fault>) -> Option<Window> {
        let from = match &self.from {
            Some(from) => Some(date(from, faults)?),
            None => None,
        };
        let to = match &self.to {
            Some(to) => Some(date(to, faults)?),
            None => None,
        };
        if from.is_some() && to.is_some() && from > to {
            let span = self.to.map_or(0..0, |to| to.span());
            faults.push(fault(span, "the window ends before it begins", ""));
        }
        let inside = factor(self.inside.as_ref(), 1.0, 10.0, faults)?;
        let outside = factor(self.outside.as_ref(), 0.5, 1.0, faults)?;
        Some(Window { from, to, undated: self.undated.unwrap_or(Undated::Keep), inside, outside })
    }
}

fn factor(
    written: Option<&Spanned<f32>>,
    standard: f32,
    most: f32,
    faults: &mut Vec<Fault>,
) -> Option<f32> {
    let Some(written) = written else { return Some(standard) };
    if (0.0..=most).contains(written.get_ref()) {
        return Some(*written.get_ref());
    }
    faults.push(fault(written.span(), format!("expected a factor from 0 to {most}"), ""));
    None
}

fn date(raw: &Spanned<toml::value::Datetime>, faults: &mut Vec<Fault>) -> Option<Date> {
    let written = raw.get_ref();
    let date = written.date.filter(|_| written.time.is_none()).and_then(|date| {
        let month = i8::try_from(date.month).ok()?;
        Date::new(i16::try_from(date.year).ok()?, month, i8::try_from(date.day).ok()?).ok()
    });
    if date.is_none() {
        faults.push(fault(raw.span(), "expected a date", "write it as in `2022-01-05`"));
    }
    date
}

impl RawRule {
    fn check(self, concepts: &[Concept], faults: &mut Vec<Fault>) -> Option<Rule> {
        let before = faults.len();
        let mut slots: Vec<Slot> =
            self.all_of.iter().map(|names| slot(names, concepts, faults)).collect();
        let mut any_of: Option<Slot> = None;
        for names in &self.any_of {
            let part = slot(names, concepts, faults);
            match &mut any_of {
                None => any_of = Some(part),
                Some(any_of) if any_of.place == part.place => any_of.concepts.extend(part.concepts),
                Some(_) => {
                    let help = "name the place with each of them, or write a rule for each place";
                    faults.push(fault(names.span(), "`any_of` looks in one place", help));
                }
            }
        }
        slots.extend(any_of);
        let none_of = self.none_of.iter().map(|names| slot(names, concepts, faults)).collect();
        if self.all_of.is_empty() && self.any_of.is_empty() {
            let help = "write `all_of = [\"concept\"]` or `any_of = [\"concept\"]`";
            faults.push(fault(self.name.span(), "the rule looks for nothing", help));
        }
        if self.places.as_ref().is_some_and(Vec::is_empty) {
            let help = "name some of `title`, `lead`, `body`, `aside`, or leave `places` out";
            faults.push(fault(self.name.span(), "the rule looks nowhere", help));
        }
        let times = self.times.as_ref().map_or(1, |times| *times.get_ref());
        if times == 0 {
            let span = self.times.as_ref().map_or(0..0, Spanned::span);
            faults.push(fault(span, "`times` must be 1 at least", ""));
        }
        let near = self.near.map(|near| match near.unit {
            Some(Unit::Sentences) => Near::Sentences(*near.within.get_ref()),
            _ => Near::Words(*near.within.get_ref()),
        });
        let score = finite(&self.score, faults)?;
        (faults.len() == before).then(|| Rule {
            span: self.name.span(),
            name: self.name.into_inner(),
            slots,
            none_of,
            near,
            places: self.places.unwrap_or_else(|| Place::ALL.to_vec()),
            times,
            score,
        })
    }
}

/// `kazakhstan`, `kazakhstan|tokayev`, `title:kazakhstan`.
fn slot(written: &Spanned<String>, concepts: &[Concept], faults: &mut Vec<Fault>) -> Slot {
    let (place, names) = match written.get_ref().split_once(':') {
        None => (None, written.get_ref().as_str()),
        Some((place, names)) => {
            let found = Place::ALL.into_iter().find(|known| known.name() == place.trim());
            if found.is_none() {
                let message = format!("`{place}` is no place");
                let help = "the places are `title`, `lead`, `body` and `aside`";
                faults.push(fault(written.span(), message, help));
            }
            (found, names)
        }
    };
    let names = names.split('|').map(|name| Spanned::new(written.span(), name.trim()));
    let concepts = names.filter_map(|name| concept_named(&name, concepts, faults)).collect();
    Slot { concepts, place }
}

fn concept_named(
    name: &Spanned<&str>,
    concepts: &[Concept],
    faults: &mut Vec<Fault>,
) -> Option<usize> {
    let found = concepts.iter().position(|concept| concept.name == **name.get_ref());
    if found.is_none() {
        let known: Vec<&str> = concepts.iter().map(|concept| concept.name.as_str()).collect();
        let message = format!("there is no concept `{}`", name.get_ref());
        let help = match text::nearest(name.get_ref(), known.iter().copied()) {
            Some(nearest) => format!("did you mean `{nearest}`?"),
            None => format!("the concepts are: {}", known.join(", ")),
        };
        faults.push(fault(name.span(), message, &help));
    }
    found
}

impl RawIgnore {
    fn check(self, concepts: &[Concept], faults: &mut Vec<Fault>) -> Option<Ignore> {
        let mut find = |name: &Spanned<String>| {
            concept_named(&Spanned::new(name.span(), name.get_ref().as_str()), concepts, faults)
        };
        let concept = find(&self.concept);
        let help = "write `beside` and `within`, or `listed_with` and `at_least`";
        match (self.beside, self.listed_with) {
            (Some(beside), None) if self.at_least.is_none() => {
                let beside = find(&beside);
                let within = self.within.map_or(10, Spanned::into_inner);
                let mut unless = Vec::new();
                if let Some(names) = self.unless {
                    let slot = slot(&names, concepts, faults);
                    if slot.place.is_some() {
                        let help = "write the concept alone: it counts where it is near";
                        faults.push(fault(names.span(), "`unless` takes no place", help));
                    }
                    unless = slot.concepts;
                }
                Some(Ignore::Beside { concept: concept?, beside: beside?, within, unless })
            }
            (None, Some(peers)) if self.within.is_none() && self.unless.is_none() => {
                let peers = find(&peers);
                let at_least = self.at_least.map_or(2, Spanned::into_inner);
                Some(Ignore::Listed { concept: concept?, peers: peers?, at_least })
            }
            _ => {
                let message = "it is not clear what to ignore";
                faults.push(fault(self.concept.span(), message, help));
                None
            }
        }
    }
}
