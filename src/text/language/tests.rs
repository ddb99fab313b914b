//! Tests of telling the language.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

const HELD_OUT: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/language/held-out.tsv"));

/// Floors of macro accuracy over languages.
const TITLES: f32 = 0.98;
const PARAGRAPHS: f32 = 0.98;
const TOPIC: f32 = 0.98;

fn language(text: &str) -> String {
    detect(text, &[]).language
}

/// Right answers and texts by language, and what was answered instead.
type Tally = BTreeMap<String, (usize, usize, Vec<String>)>;

fn tally(texts: impl Iterator<Item = (String, String)>) -> Tally {
    let mut tally = Tally::new();
    for (expected, text) in texts {
        let answer = language(&text);
        let entry = tally.entry(expected.clone()).or_default();
        entry.1 += 1;
        if answer == expected {
            entry.0 += 1;
        } else {
            entry.2.push(format!("{answer}: {text:.60}"));
        }
    }
    tally
}

#[expect(clippy::cast_precision_loss, reason = "hundreds of texts")]
fn macro_accuracy(name: &str, tally: &Tally) -> f32 {
    let accuracy: f32 =
        tally.values().map(|(right, all, _)| *right as f32 / *all as f32).sum::<f32>()
            / tally.len() as f32;
    println!("{name}: macro accuracy {accuracy:.4} over {} languages", tally.len());
    for (language, (right, all, wrong)) in tally {
        if right < all {
            println!("  {language} {right} of {all}: {wrong:?}");
        }
    }
    accuracy
}

/// Any text of a JSONL fixture or bench file, with the language that it is labelled with.
fn labelled(file: &str, fields: &[&str]) -> Vec<(String, String)> {
    file.lines()
        .filter_map(|line| {
            let row: serde_json::Value = serde_json::from_str(line).ok()?;
            let text: Vec<&str> = fields.iter().filter_map(|field| row[field].as_str()).collect();
            (!text.is_empty()).then(|| Some((row["lang"].as_str()?.to_owned(), text.join("\n"))))?
        })
        .collect()
}

#[test]
fn texts_that_the_model_has_not_seen_are_told_apart() {
    let rows: Vec<(String, String)> = HELD_OUT
        .lines()
        .filter_map(|line| line.split_once('\t'))
        .map(|(language, text)| (language.to_owned(), text.to_owned()))
        .collect();
    assert!(rows.len() > 120);
    let is_title = |text: &str| text.chars().count() < 90;
    let titles = tally(rows.iter().filter(|(_, text)| is_title(text)).cloned());
    let paragraphs = tally(rows.iter().filter(|(_, text)| !is_title(text)).cloned());
    assert!(macro_accuracy("titles", &titles) >= TITLES);
    assert!(macro_accuracy("paragraphs", &paragraphs) >= PARAGRAPHS);
}

#[test]
fn the_labelled_texts_of_the_topic_fixture_are_told_apart() {
    let file = include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/fixtures/topics/csto-kz-2022.jsonl"
    ));
    // Serbian and Uzbek are labelled without their script.
    let texts = labelled(file, &["title", "text"]).into_iter().map(|(language, text)| {
        let latin =
            text.chars().filter(char::is_ascii_alphabetic).count() * 2 > text.chars().count();
        let tag = match language.as_str() {
            "sr" if latin => "sr-Latn",
            "uz" if !latin => "uz-Cyrl",
            // No class of its own: its texts are told as Indonesian.
            "ms" => "id",
            // One language in four standards; Bosnian and Montenegrin are told as Croatian.
            "bs" => "hr",
            other => other,
        };
        (tag.to_owned(), text)
    });
    assert!(macro_accuracy("topic fixture", &tally(texts)) >= TOPIC);
}

#[test]
#[expect(clippy::disallowed_methods, reason = "reads the development data, where there is any")]
fn the_development_set_of_extracted_articles_is_told_apart() {
    for set in ["aeb", "aed", "fundus"] {
        let path =
            format!("{}/../shared/bench/extraction/{set}/truth.jsonl", env!("CARGO_MANIFEST_DIR"));
        let Ok(file) = std::fs::read_to_string(&path) else {
            println!("{set}: the development data is absent");
            continue;
        };
        let tally = tally(labelled(&file, &["text"]).into_iter());
        macro_accuracy(set, &tally);
        let (right, all) = tally.values().fold((0, 0), |sum, row| (sum.0 + row.0, sum.1 + row.1));
        println!("{set}: {right} of {all}");
        assert!(right * 100 >= all * 95, "{set}: {right} of {all}");
    }
}

#[test]
fn a_script_of_one_language_answers_at_once() {
    for (text, expected) in [
        ("Հայաստան", "hy"),
        ("საქართველო", "ka"),
        ("ישראל", "he"),
        ("Ελλάδα", "el"),
        ("대한민국", "ko"),
        ("ประเทศไทย", "th"),
        ("東京で会見", "ja"),
        ("哈萨克斯坦", "zh"),
    ] {
        assert_eq!(language(text), expected, "{text}");
    }
}

#[test]
fn a_name_in_latin_letters_does_not_turn_the_text() {
    assert_eq!(language("Компания Google Inc. открыла офис в Москве"), "ru");
    assert_eq!(language("台积电 TSMC 在 Arizona 建厂"), "zh");
    assert_eq!(language("Apple представила новый iPhone 15 Pro Max в Cupertino"), "ru");
    assert_eq!(language("AppleがiPhone 15 Pro Maxを発表"), "ja");
    assert_eq!(language("A slogan that went round the world: Слава Україні"), "en");
}

#[test]
fn letters_tell_a_language_that_the_model_takes_for_a_relative() {
    for (text, expected) in [
        ("Өфөлә торлаҡ хаҡтары күтәрелде", "ba"),
        ("Reseı desantshylary Almatyǵa jetti", "kk-Latn"),
        ("رەسەي اسكەرى قازاقستاننان شىعا باستادى ۇلتتىق", "kk-Arab"),
        ("ئۇيغۇر يېزىقى ئەرەب ھەرپلىرىگە ئاساسلانغان", "ug"),
        ("الحكومة تعلن عن مساعدات جديدة للأسر", "ar"),
        ("Газета «Башҡортостан» вышла с новым приложением", "ru"),
    ] {
        assert_eq!(language(text), expected, "{text}");
    }
}

#[test]
fn every_language_that_is_told_is_known_as_such() {
    for code in ["ru", "sr", "uz", "kmr", "he", "mr", "ja", "ko", "zh", "am"] {
        assert!(is_told(code), "{code}");
    }
    for code in ["ua", "nb", "ms", "cz", "xx", "ru-RU"] {
        assert!(!is_told(code), "{code}");
    }
}

#[test]
fn nothing_is_told_from_no_letters() {
    for text in ["", "   ", "2022-01-06 12:30", "🇰🇿 — !!", "x"] {
        let detected = detect(text, &["kk"]);
        assert_eq!(detected.language, "und", "{text:?}");
    }
}

#[test]
fn a_prior_tips_a_close_decision_and_makes_none() {
    let close = "Tokajev";
    let tipped = detect(close, &["cs-CZ"]);
    assert!(["cs", "und"].contains(&tipped.language.as_str()), "{tipped:?}");
    let clear = "Рыбаков спасли после двух ночей в штормовом море";
    for prior in ["bg", "en", "uk", "zh", ""] {
        assert_eq!(detect(clear, &[prior]).language, "ru", "{prior}");
    }
    assert_eq!(detect("首相会見", &["ja"]).language, "ja");
}

#[test]
fn a_long_text_is_told_from_its_beginning() {
    let text = "Рибалок врятували після двох ночей у штормовому морі. ".repeat(20_000);
    assert_eq!(detect(&text, &[]), detect(&text[..text.floor_char_boundary(SAMPLE)], &[]));
}

proptest! {
    #[test]
    fn any_text_gets_an_answer_the_same_each_time(text in "\\PC{0,200}", prior in "\\PC{0,8}") {
        let detected = detect(&text, &[&prior]);
        prop_assert!((0.0..=1.0).contains(&detected.confidence));
        prop_assert!(!detected.language.is_empty());
        prop_assert_eq!(detected, detect(&text, &[&prior]));
    }
}
