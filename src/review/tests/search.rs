//! What queries find.

use serde_json::json;

use super::{Office, at, ids, now};
use crate::{
    review::{Key, Kind, Mark, Order, Query, Status, excerpt, marks},
    topic::{Field, Match},
};

fn languages() -> Office {
    Office::with(&[
        (
            "ru",
            json!({ "title": "ОДКБ вводит войска", "text": "Миротворцы ОДКБ прибыли в Казахстан.", "language": "ru" }),
        ),
        (
            "kk",
            json!({ "title": "ҰҚШҰ", "text": "Қазақстанға бітімгершілер келді.", "language": "kk" }),
        ),
        (
            "tr",
            json!({ "title": "KGAÖ", "text": "BARIŞ GÜCÜ ASKERLERİ KAZAKİSTAN'DA", "language": "tr" }),
        ),
        (
            "ar",
            json!({ "title": "قوات", "text": "وصلت قُوَّات حفظ السلام إلى كازاخستان.", "language": "ar" }),
        ),
        (
            "zh",
            json!({ "title": "集安组织", "text": "集体安全条约组织维和部队抵达哈萨克斯坦。", "language": "zh" }),
        ),
        (
            "ja",
            json!({ "title": "カザフスタン", "text": "平和維持部隊がカザフスタンに到着した。", "language": "ja" }),
        ),
        (
            "ko",
            json!({ "title": "카자흐스탄", "text": "평화유지군이 카자흐스탄에 도착했다.", "language": "ko" }),
        ),
        ("hi", json!({ "title": "कज़ाख़स्तान", "text": "शांति सैनिक कज़ाख़स्तान पहुँचे।", "language": "hi" })),
        (
            "th",
            json!({ "title": "ไทย", "text": "กองกำลังรักษาสันติภาพเดินทางถึงคาซัคสถาน", "language": "th" }),
        ),
        (
            "uz",
            json!({ "title": "O‘zbekiston", "text": "O‘zbekiston tinchlikparvar kuchlar haqida", "language": "uz" }),
        ),
    ])
}

#[test]
fn a_word_is_found_in_its_own_script_whatever_its_case() {
    let office = languages();
    let mut desk = office.desk();
    for (query, id) in [
        ("казахстан", "ru"),
        ("КАЗАХСТАН", "ru"),
        ("одкб", "ru"),
        ("бітімгер*", "kk"),
        ("ҚАЗАҚСТАНҒА", "kk"),
        ("barış", "tr"),
        ("BARIŞ", "tr"),
        ("kazakistan", "tr"),
        ("kgao", "tr"),
        ("قوات", "ar"),
        ("كازاخستان", "ar"),
        ("शांति", "hi"),
        ("o'zbekiston", "uz"),
        ("\"O’zbekiston tinchlik\"*", "uz"),
        ("คาซัคสถาน", "th"),
        ("สันติ", "th"),
    ] {
        assert_eq!(ids(&mut desk, query), [id], "{query}");
    }
    assert!(ids(&mut desk, "қазахстан").is_empty(), "қ is not к");
}

#[test]
fn chinese_japanese_and_korean_are_found_from_two_characters_as_they_stand() {
    let office = languages();
    let mut desk = office.desk();
    for (query, found) in [
        ("维和", vec!["zh"]),
        ("和部", vec!["zh"]),
        ("部隊", vec!["ja"]),
        ("哈萨克斯坦", vec!["zh"]),
        ("坦", vec!["zh"]),
        ("タン", vec!["ja"]),
        ("자흐", vec!["ko"]),
        ("카자흐스탄", vec!["ko"]),
        ("\"평화유지군이 카자흐스탄\"", vec!["ko"]),
        ("안전", vec![]),
        ("和维", vec![]),
        ("哈斯", vec![]),
    ] {
        assert_eq!(ids(&mut desk, query), found, "{query}");
    }
}

#[test]
fn words_join_by_and_or_not_and_parentheses() {
    let office = Office::with(&[
        ("a", json!({ "text": "alpha beta gamma" })),
        ("b", json!({ "text": "alpha delta" })),
        ("c", json!({ "text": "beta alpha" })),
    ]);
    let mut desk = office.desk();
    for (query, found) in [
        ("alpha beta", vec!["a", "c"]),
        ("\"alpha beta\"", vec!["a"]),
        ("alpha AND beta", vec!["a", "c"]),
        ("gamma OR delta", vec!["a", "b"]),
        ("gamma | delta", vec!["a", "b"]),
        ("alpha -beta", vec!["b"]),
        ("alpha NOT (gamma OR delta)", vec!["c"]),
        ("-alpha", vec![]),
        ("alpha (gamma OR delta) -lang:ru", vec!["a", "b"]),
        ("al*", vec!["a", "b", "c"]),
        ("\"beta al\"*", vec!["c"]),
        ("", vec!["a", "b", "c"]),
        ("is:latest gamma OR lang:fr", vec!["a"]),
    ] {
        assert_eq!(ids(&mut desk, query), found, "{query}");
    }
}

fn story() -> Office {
    Office::with(&[
        (
            "one",
            json!({ "title": "First", "source_domain": "news.a.example", "source_name": "Газета А",
            "language": "ru", "authors": ["Anna Berg"], "matched_terms": ["ОДКБ", "миротворцы"],
            "published_at": at(1), "topic_score": 9.5 }),
        ),
        (
            "two",
            json!({ "title": "Second", "source_domain": "b.example", "source_country": "FR",
            "feed_id": "b", "language": "sr-Latn", "cluster_id": "one", "duplicate_of": "one",
            "duplicate_class": "abridged", "published_at": at(30), "text_status": "paywalled" }),
        ),
        (
            "three",
            json!({ "record_type": "revision", "revision": 2, "revision_of": "one",
            "cluster_id": "one", "published_at": at(50), "topic": null, "topic_score": null }),
        ),
        (
            "four",
            json!({ "published_at": null, "first_seen_at": at(70), "duplicate_of": "one",
            "duplicate_class": "excerpt" }),
        ),
    ])
}

#[test]
fn fields_filter() {
    let office = story();
    let mut desk = office.desk();
    for (query, found) in [
        ("source:a.example", vec!["one", "three", "four"]),
        ("source:news.a.example", vec!["one"]),
        ("source:\"газета а\"", vec!["one"]),
        ("source:газ*", vec!["one"]),
        ("source:b.example,news.a.example", vec!["one", "two"]),
        ("feed:b", vec!["two"]),
        ("lang:ru", vec!["one"]),
        ("lang:sr", vec!["two"]),
        ("country:fr", vec!["two"]),
        ("topic:csto", vec!["one", "two", "four"]),
        ("topic:none", vec!["three"]),
        ("term:одкб", vec!["one"]),
        ("term:\"миротворцы\"", vec!["one"]),
        ("title:second", vec!["two"]),
        ("by:berg", vec!["one"]),
        ("after:2022-01-07", vec!["two", "three", "four"]),
        ("before:2022-01-07", vec!["one"]),
        ("day:2022-01-08", vec!["three", "four"]),
        ("after:2022-01-07 before:2022-01-08", vec!["two"]),
        ("after:2022 before:2021", vec![]),
        ("after:24d", vec!["three", "four"]),
        ("cluster:one", vec!["one", "two", "three"]),
        ("cluster:two", vec!["one", "two", "three"]),
        ("cluster:nobody", vec![]),
        ("is:duplicate", vec!["two"]),
        ("is:abridged", vec!["two"]),
        ("is:excerpt", vec!["four"]),
        ("is:revision", vec!["three"]),
        ("is:replaced", vec!["one"]),
        ("is:original", vec!["one", "four"]),
        ("is:paywalled", vec!["two"]),
        ("score:5", vec!["one", "two", "four"]),
        ("score:>=9.5", vec!["one"]),
        ("-is:duplicate -is:revision", vec!["one", "four"]),
    ] {
        assert_eq!(ids(&mut desk, query), found, "{query}");
    }
}

#[test]
fn what_a_query_names_and_nobody_has_is_said() {
    let office = story();
    let mut desk = office.desk();
    let query = Query::parse("source:news.a.exmple lang:zz", now()).unwrap();
    assert!(desk.find(&query).unwrap().is_empty());
    assert_eq!(
        desk.index.unknown(&query),
        [
            "no record has source:news.a.exmple; did you mean news.a.example?",
            "no record has lang:zz"
        ]
    );
}

#[test]
fn pages_follow_one_another_without_gap_or_repetition_in_every_order() {
    let records: Vec<(String, serde_json::Value)> = (0..57)
        .map(|n| {
            let at = at(i64::from(n * 7 % 13));
            (format!("r{n}"), json!({ "published_at": at, "topic_score": f64::from(n % 5) }))
        })
        .collect();
    let records: Vec<(&str, serde_json::Value)> =
        records.iter().map(|(id, record)| (id.as_str(), record.clone())).collect();
    let office = Office::with(&records);
    let mut desk = office.desk();
    let all = desk.find(&Query::parse("", now()).unwrap()).unwrap();
    for order in Order::ALL {
        let whole = desk.index.page(&all, order, None, 100);
        assert_eq!(whole.next, None);
        let mut paged = Vec::new();
        let mut after: Option<Key> = None;
        loop {
            let page = desk.index.page(&all, order, after, 10);
            paged.extend(page.rows);
            after = page.next.map(|next| next.to_string().parse().unwrap());
            if after.is_none() {
                break;
            }
        }
        assert_eq!(paged, whole.rows, "{order:?}");
        assert_eq!(paged.len(), 57);
    }
}

#[test]
fn facets_count_what_was_found() {
    let office = story();
    let mut desk = office.desk();
    let found = desk.find(&Query::parse("-is:excerpt", now()).unwrap()).unwrap();
    let facets = desk.facets(&found, 10);
    assert_eq!(facets.total, 3);
    let of = |kind: Kind| -> Vec<(&str, u32)> {
        facets.by[&kind].iter().map(|bucket| (bucket.value.as_str(), bucket.count)).collect()
    };
    assert_eq!(of(Kind::Language), [("ru", 1), ("sr-Latn", 1), ("en", 1)]);
    assert_eq!(of(Kind::Topic), [("csto", 2), ("", 1)]);
    assert_eq!(of(Kind::Term), [("ОДКБ", 1), ("миротворцы", 1)]);
    assert_eq!(facets.days.values().sum::<u32>(), 3);
    assert_eq!(facets.classes["abridged"], 1);
    assert_eq!(facets.statuses[&Status::Open], 3);
    let heat = desk.index.heat(&found, 18_998, 3, 10);
    let source = heat.iter().find(|(bucket, _)| bucket.value == "b.example").unwrap();
    assert_eq!(source.1, [0, 1, 0]);
}

#[test]
fn a_story_is_its_copies_and_versions_by_time() {
    let office = story();
    let desk = office.desk();
    let story = desk.index.story(1, 100).unwrap();
    let ids: Vec<&str> = story.items.iter().map(|item| item.record.id.as_str()).collect();
    assert_eq!(ids, ["one", "two", "three"]);
    assert_eq!(desk.index.versions(0), [0, 2]);
    assert_eq!(desk.index.versions(2), [0, 2]);
    assert_eq!(desk.index.of(1), Some(0));
}

fn marked(text: &str, query: &str, matches: &[Match]) -> String {
    let query = Query::parse(query, now()).unwrap();
    let mut out = String::new();
    let mut at = 0;
    for Mark { start, end, is_sought } in marks(text, Field::Text, matches, &query.phrases()) {
        let (open, close) = if is_sought { ('[', ']') } else { ('{', '}') };
        out.push_str(&format!("{}{open}{}{close}", &text[at..start], &text[start..end]));
        at = end;
    }
    out + &text[at..]
}

#[test]
fn what_was_found_is_marked_where_it_stands() {
    for (text, query, expected) in [
        ("Миротворцы ОДКБ в Казахстане", "казах*", "Миротворцы ОДКБ в [Казахстане]"),
        ("集体安全条约组织维和部队", "维和", "集体安全条约组织[维和]部队"),
        ("集体安全条约组织维和部队", "安全条约", "集体[安全条约]组织维和部队"),
        ("和平与维和", "和", "[和]平与维[和]"),
        ("وصلت قُوَّات حفظ السلام", "قوات", "وصلت [قُوَّات] حفظ السلام"),
        ("BARIŞ GÜCÜ İSTANBUL'da", "istanbul", "BARIŞ GÜCÜ [İSTANBUL]'da"),
        ("one two three", "\"two three\" -one", "one [two three]"),
        ("Zoë and zoe", "zoe", "[Zoë] and [zoe]"),
    ] {
        assert_eq!(marked(text, query, &[]), expected);
    }
    let found = Match {
        term: "ОДКБ".to_owned(),
        group: "organization".to_owned(),
        field: Field::Text,
        start: 3,
        end: 7,
        matched: "ОДКБ".to_owned(),
    };
    assert_eq!(marked("🙂, ОДКБ!", "", std::slice::from_ref(&found)), "🙂, {ОДКБ}!");
    assert_eq!(marked("🙂, ОДКБ!", "одкб", &[found]), "🙂, [ОДКБ]!");
}

#[test]
fn an_excerpt_stands_around_the_first_mark_and_ends_at_words() {
    let text = "word ".repeat(100) + "NEEDLE " + &"tail ".repeat(100);
    let query = Query::parse("needle", now()).unwrap();
    let all = marks(&text, Field::Text, &[], &query.phrases());
    let (piece, inside) = excerpt(&text, &all, 80);
    assert!(piece.len() <= 80 && piece.starts_with("word ") && piece.ends_with("tail"), "{piece}");
    assert_eq!(&piece[inside[0].start..inside[0].end], "NEEDLE");
    assert_eq!(excerpt("", &[], 80).0, "");
}
