//! Precision and recall on labelled texts, by language and kind.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
struct Labelled {
    id: String,
    lang: String,
    kind: String,
    title: Option<String>,
    text: Option<String>,
    url: Option<String>,
    published_at: Option<Timestamp>,
    expected: Outcome,
}

#[derive(Default, Clone, Copy)]
struct Counts {
    hit: u16,
    false_alarm: u16,
    miss: u16,
    rightly_left: u16,
}

impl Counts {
    fn add(&mut self, expected: bool, found: bool) {
        match (expected, found) {
            (true, true) => self.hit += 1,
            (false, true) => self.false_alarm += 1,
            (true, false) => self.miss += 1,
            (false, false) => self.rightly_left += 1,
        }
    }

    fn precision(self) -> f32 {
        ratio(self.hit, self.hit + self.false_alarm)
    }

    fn recall(self) -> f32 {
        ratio(self.hit, self.hit + self.miss)
    }

    fn f1(self) -> f32 {
        ratio(2 * self.hit, 2 * self.hit + self.false_alarm + self.miss)
    }
}

fn ratio(part: u16, whole: u16) -> f32 {
    if whole == 0 { 1.0 } else { f32::from(part) / f32::from(whole) }
}

fn read(lines: &str) -> Vec<Labelled> {
    let lines = lines.lines().filter(|line| !line.is_empty());
    lines.map(|line| serde_json::from_str(line).expect("a labelled text")).collect()
}

/// Judges a labelled set, prints the table, and gives the counts over all.
fn measure(topic: &str, labelled: Vec<Labelled>) -> Counts {
    let topics = Topics::new(vec![Topic::parse(topic).expect("a valid topic")]).expect("compiles");
    let mut all = Counts::default();
    let mut by_language: BTreeMap<String, Counts> = BTreeMap::new();
    let mut by_kind: BTreeMap<String, Counts> = BTreeMap::new();
    for labelled in labelled {
        let text = Text {
            title: labelled.title.as_deref().unwrap_or_default(),
            text: labelled.text.as_deref().unwrap_or_default(),
            language: Some(&labelled.lang),
            url: labelled.url.as_deref(),
            published: labelled.published_at,
            ..Text::default()
        };
        let judgement = topics.judge(&text).remove(0);
        let expected = labelled.expected == Outcome::Relevant;
        let found = judgement.outcome == Outcome::Relevant;
        if expected != found {
            println!(
                "{} {}: {:?}, not {:?}: {} | {:?}",
                labelled.id,
                labelled.kind,
                judgement.outcome,
                labelled.expected,
                judgement.reason,
                judgement.rules
            );
        }
        all.add(expected, found);
        by_language.entry(labelled.lang).or_default().add(expected, found);
        by_kind.entry(labelled.kind).or_default().add(expected, found);
    }
    let total = [("all".to_owned(), all)];
    for (name, counts) in
        by_language.iter().chain(&by_kind).chain(total.iter().map(|(a, b)| (a, b)))
    {
        println!(
            "{name:12} P {:.3}  R {:.3}  F1 {:.3}  ({} relevant, {} not)",
            counts.precision(),
            counts.recall(),
            counts.f1(),
            counts.hit + counts.miss,
            counts.false_alarm + counts.rightly_left,
        );
    }
    all
}

const SHIPPED: &str = include_str!("../../config/topics/csto-kazakhstan.toml");
const LABELLED: &str = include_str!("../../tests/fixtures/topics/csto-kz-2022.jsonl");

fn assert_floors(counts: Counts, floor: f32) {
    assert!(counts.precision() >= floor, "precision {}", counts.precision());
    assert!(counts.recall() >= floor, "recall {}", counts.recall());
}

#[test]
fn the_shipped_topic_tells_the_labelled_texts_apart() {
    assert_floors(measure(SHIPPED, read(LABELLED)), 0.98);
}

/// Texts by writers who had not seen the topic, in twelve rounds (`a-` to `i-`, `l-` to `n-`); all is
/// invented, also what they have people say. At their first reading 36 of the 251 relevant texts of the
/// first five rounds were missed and one irrelevant one was taken; then the rules' scores were fitted to
/// them. Of the next three rounds, 333 texts, precision was 0.99, mentions in passing counted as wrong,
/// and recall 0.96; then what guards, bakeries and airfields this mission had was named in more
/// languages. Of the round after them, 100 texts that nothing was fitted to, both were 0.98. The rounds
/// `l-` to `n-`, 325 texts in 75 languages, are of two or three sentences, half of those of `n-` under a
/// title that names nothing: at their first reading precision was 0.97 and recall 0.86, 0.74 and 0.51;
/// then words were added where languages had none, and rules for such titles.
#[test]
fn the_shipped_topic_holds_on_texts_by_writers_who_had_not_seen_it() {
    let counts = measure(
        SHIPPED,
        read(include_str!("../../tests/fixtures/topics/csto-kz-2022-blind.jsonl")),
    );
    assert!(counts.precision() >= 0.96, "precision {}", counts.precision());
    assert!(counts.recall() >= 0.94, "recall {}", counts.recall());
}

/// What lies around the mission: what else Russia and the country send each other, those who comment
/// on the mission from outside, what was written years later, and languages with few words in the
/// topic. The texts `k-` were written when the rules stood: 25 of their 27 relevant ones were found at
/// the first reading, with one mention in passing.
#[test]
fn the_shipped_topic_tells_what_lies_around_the_mission_apart() {
    let around = include_str!("../../tests/fixtures/topics/csto-kz-2022-around.jsonl");
    let counts = measure(SHIPPED, read(around));
    assert!(counts.precision() >= 0.96, "precision {}", counts.precision());
    assert!(counts.recall() >= 0.94, "recall {}", counts.recall());
}

#[test]
fn a_topic_of_another_kind_tells_its_labelled_texts_apart() {
    let counts = measure(
        include_str!("../../tests/fixtures/topics/greece-wildfires.toml"),
        read(include_str!("../../tests/fixtures/topics/greece-wildfires.jsonl")),
    );
    assert_floors(counts, 0.98);
}

/// Pages leave headlines of other stories in the text: behind it, before it, on one line.
#[test]
fn headlines_of_other_stories_in_the_text_change_little() {
    let join: [fn(&str, &[&str]) -> String; 3] = [
        |text, heads| format!("{text}\n\n{}", heads.join("\n\n")),
        |text, heads| format!("{}\n\n{text}", heads.join("\n")),
        |text, heads| format!("{text}\n\n+ {}", heads.join(" | ")),
    ];
    for join in join {
        assert_floors(measure(SHIPPED, leaked(join)), 0.97);
    }
}

/// The labelled articles with three headlines of their language, two of which would tell otherwise.
fn leaked(join: fn(&str, &[&str]) -> String) -> Vec<Labelled> {
    let mut labelled = read(LABELLED);
    labelled.retain(|one| one.expected != Outcome::Passing && one.title.is_some());
    let title = |one: &Labelled| one.title.clone().unwrap_or_default();
    let headlines = |relevant: bool, lang: &str| -> Vec<String> {
        let wanted =
            |one: &&Labelled| (one.expected == Outcome::Relevant) == relevant && one.lang == lang;
        labelled.iter().filter(wanted).map(title).collect()
    };
    let texts = labelled.iter().enumerate().filter_map(|(at, one)| {
        let text = one.text.as_deref()?;
        let others = headlines(one.expected != Outcome::Relevant, &one.lang);
        let like = headlines(false, "en");
        let pick = |from: &[String], at: usize| from.get(at % from.len().max(1)).cloned();
        let heads = [pick(&others, at), pick(&like, at), pick(&others, at + 1)];
        let heads: Vec<&str> = heads.iter().flatten().map(String::as_str).collect();
        Some(join(text, &heads))
    });
    let texts: Vec<String> = texts.collect();
    labelled.retain(|one| one.text.is_some());
    for (one, text) in labelled.iter_mut().zip(texts) {
        one.text = Some(text);
    }
    labelled
}
