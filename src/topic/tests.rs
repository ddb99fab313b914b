use super::*;

const SHIPPED: &str = include_str!("../../config/topics/csto-kazakhstan.toml");

fn shipped() -> Topics {
    Topics::new(vec![Topic::parse(SHIPPED).expect("the shipped topic is valid")]).expect("compiles")
}

#[test]
fn the_shipped_topic_keeps_the_mission_and_says_why() {
    let text = Text {
        title: "Миротворцы ОДКБ покидают Казахстан",
        text: "Вывод контингента начался в четверг.",
        ..Text::default()
    };
    let judgement = shipped().judge(&text).remove(0);
    assert_eq!(judgement.outcome, Outcome::Relevant, "{judgement:#?}");
    assert!(judgement.reason.contains("“ОДКБ” in the title"), "{}", judgement.reason);
    let country = judgement.matches.iter().find(|found| found.group == "kazakhstan").unwrap();
    assert_eq!((country.start, country.end, country.matched.as_str()), (25, 34, "Казахстан"));
}

#[test]
fn a_text_about_something_else_is_not_relevant_and_says_what_is_missing() {
    let text = Text { title: "Rain in Spain", text: "It rained.", ..Text::default() };
    let judgement = shipped().judge(&text).remove(0);
    assert_eq!(judgement.outcome, Outcome::Irrelevant);
    assert!(judgement.missing.contains(&"csto".to_owned()), "{judgement:#?}");
}
