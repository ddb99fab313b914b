//! What a query's text means, and what is said of a wrong one.

use jiff::Timestamp;

use super::{Node, Query, condition};

fn now() -> Timestamp {
    "2022-02-01T12:00:00Z".parse().unwrap()
}

#[test]
fn a_wrong_query_is_told_with_its_place() {
    for (query, message, place) in [
        ("\"alpha", "the quotation mark is not closed", 0),
        ("(alpha", "the parenthesis is not closed", 0),
        ("alpha)", "there is no parenthesis that this one closes", 5),
        ("alpha OR", "OR needs something on both sides", 6),
        ("OR alpha", "OR needs something on both sides", 0),
        ("AND alpha", "AND needs something on both sides", 0),
        ("alpha NOT", "NOT needs something behind it", 6),
        ("()", "nothing stands in the parentheses", 0),
        ("a sorce:b", "there is no field `sorce`; did you mean `source:`?", 2),
        ("is:duplicat", "`is:` does not know `duplicat`; did you mean `duplicate`?", 3),
        (
            "status:done",
            "`status:` does not know `done`; it knows open, reviewed, flagged, not-relevant, noted",
            7,
        ),
        ("after:soon", "`soon` is no date; write 2022-01-05, 2022-01, 2022, 7d, 36h, today", 6),
        (
            "after:2022-02-30",
            "`2022-02-30` is no date; write 2022-01-05, 2022-01, 2022, 7d, 36h, today",
            6,
        ),
        ("lang:", "`lang:` needs a value", 0),
        ("score:high", "`score:` needs a number, such as score:5", 6),
        ("\"!?\"", "there is no letter and no digit to look for", 0),
    ] {
        let error = Query::parse(query, now()).unwrap_err();
        assert_eq!((error.to_string().as_str(), error.span.start), (message, place), "{query}");
    }
}

#[test]
fn the_place_is_shown_below_the_query_whatever_its_script() {
    let error = Query::parse("维和 sorce:x", now()).unwrap_err();
    assert_eq!(error.pointed("维和 sorce:x"), "维和 sorce:x\n     ^^^^^ there is no field `sorce`");
}

#[test]
fn an_address_and_a_lone_dash_are_no_field_and_no_not() {
    for query in ["https://a.example/b", "alpha - beta", "12:30", "covid-19"] {
        let parsed = Query::parse(query, now()).unwrap();
        assert!(!matches!(parsed.root, Node::Filter(_) | Node::Not(_)), "{query}");
    }
}

#[test]
fn parts_are_taken_out_and_put_in() {
    let query = Query::parse("alpha lang:ru (b OR c) -source:\"x y\"", now()).unwrap();
    let fields: Vec<Option<&str>> = query.parts().iter().map(|part| part.field).collect();
    assert_eq!(fields, [None, Some("lang"), None, None]);
    assert_eq!(query.without(&query.parts()[1]), "alpha (b OR c) -source:\"x y\"");
    assert_eq!(query.without(&query.parts()[3]), "alpha lang:ru (b OR c)");
    assert_eq!(query.with("lang", "kk"), "alpha (b OR c) -source:\"x y\" lang:kk");
    assert_eq!(
        query.with("source", "The Times"),
        "alpha lang:ru (b OR c) -source:\"x y\" source:\"The Times\""
    );
    assert_eq!(condition("term", "ОДКБ"), "term:ОДКБ");
    let one_of = Query::parse("alpha OR beta", now()).unwrap();
    assert_eq!(one_of.with("lang", "ru"), "(alpha OR beta) lang:ru");
}

proptest::proptest! {
    #[test]
    fn any_text_is_a_query_or_a_fault_within_it(text in "\\PC{0,40}") {
        match Query::parse(&text, now()) {
            Ok(query) => {
                for part in query.parts() {
                    assert!(text.get(part.span.clone()).is_some());
                    let _ = query.without(part);
                }
            }
            Err(error) => assert!(text.get(error.span.clone()).is_some(), "{error:?}"),
        }
    }
}
