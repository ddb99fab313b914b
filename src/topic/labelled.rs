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

/// Judges a labelled set, prints the table, and gives the counts over all.
fn measure(topic: &str, labelled: &str) -> Counts {
    let topics = Topics::new(vec![Topic::parse(topic).expect("a valid topic")]).expect("compiles");
    let mut all = Counts::default();
    let mut by_language: BTreeMap<String, Counts> = BTreeMap::new();
    let mut by_kind: BTreeMap<String, Counts> = BTreeMap::new();
    for line in labelled.lines().filter(|line| !line.is_empty()) {
        let labelled: Labelled = serde_json::from_str(line).expect("a labelled text");
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

#[test]
fn the_shipped_topic_tells_the_labelled_texts_apart() {
    let counts = measure(
        include_str!("../../config/topics/csto-kazakhstan.toml"),
        include_str!("../../tests/fixtures/topics/csto-kz-2022.jsonl"),
    );
    assert!(counts.precision() >= 0.98, "precision {}", counts.precision());
    assert!(counts.recall() >= 0.98, "recall {}", counts.recall());
}

#[test]
fn a_topic_of_another_kind_tells_its_labelled_texts_apart() {
    let counts = measure(
        include_str!("../../tests/fixtures/topics/greece-wildfires.toml"),
        include_str!("../../tests/fixtures/topics/greece-wildfires.jsonl"),
    );
    assert!(counts.precision() >= 0.98, "precision {}", counts.precision());
    assert!(counts.recall() >= 0.98, "recall {}", counts.recall());
}
