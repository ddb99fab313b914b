//! The index follows the archive, and knows when it is of another one.
#![expect(clippy::disallowed_methods, reason = "test: looks at files")]

use serde_json::json;

use super::{Office, ids, now, open};
use crate::{
    archive::{Compression, drop_segment, pack},
    canonical_url::UrlKey,
    jsonl::Folder,
    review::{Progress, Query, Status, labelled},
    state::Reject,
};

#[test]
fn what_is_appended_later_is_found_without_opening_anew() {
    let office = Office::with(&[("a", json!({ "text": "alpha" }))]);
    let mut desk = office.desk();
    assert_eq!(ids(&mut desk, "alpha"), ["a"]);
    office.append("2022-01-07T01:00:00Z", &[("b", json!({ "text": "alpha" }))]);
    assert_eq!(desk.advance(10).unwrap(), Progress::Current);
    assert_eq!(ids(&mut desk, "alpha"), ["a", "b"]);
    drop(desk);
    assert_eq!(ids(&mut open(office.folder.path()), "alpha"), ["a", "b"], "it was stored");
}

#[test]
fn a_reader_sees_what_another_process_took_in() {
    let office = Office::with(&[("a", json!({ "text": "alpha" }))]);
    let (mut one, mut two) = (office.desk(), office.desk());
    office.append("2022-01-07T01:00:00Z", &[("b", json!({ "text": "alpha", "language": "fr" }))]);
    assert_eq!(one.advance(10).unwrap(), Progress::Current);
    assert_eq!(two.advance(10).unwrap(), Progress::Current);
    assert_eq!(ids(&mut two, "alpha lang:fr"), ["b"]);
    office.append("2022-01-08T01:00:00Z", &[("c", json!({ "text": "alpha" }))]);
    assert_eq!(two.advance(10).unwrap(), Progress::Current);
    assert_eq!(one.advance(10).unwrap(), Progress::Current);
    assert_eq!(ids(&mut one, "alpha"), ["a", "b", "c"]);
}

#[test]
fn records_are_read_after_their_segment_was_compressed() {
    let office =
        Office::with(&[("a", json!({ "text": "alpha" })), ("b", json!({ "text": "beta" }))]);
    office.append("2022-01-07T01:00:00Z", &[("c", json!({ "text": "alpha" }))]);
    let mut desk = office.desk();
    pack(
        &Folder::at(office.archive()),
        "2022/01/2022-01-06.jsonl".parse().unwrap(),
        Compression::Gzip,
    )
    .unwrap();
    assert_eq!(ids(&mut desk, "alpha OR beta"), ["a", "b", "c"]);
}

#[test]
fn what_the_archive_dropped_is_found_and_counted_no_more() {
    let office = Office::with(&[
        ("a", json!({ "text": "alpha", "language": "kk" })),
        ("b", json!({ "text": "alpha", "cluster_id": "a", "language": "kk" })),
    ]);
    let later = ["c", "d", "e", "f"].map(|id| (id, json!({ "text": "alpha" })));
    office.append("2022-01-07T01:00:00Z", &later);
    office.append("2022-01-08T01:00:00Z", &[("g", json!({ "text": "alpha", "cluster_id": "a" }))]);
    let mut desk = office.desk();
    let everything = Query::parse("", now()).unwrap();
    assert_eq!(desk.counted(&everything, 9).unwrap().0.count(), 7);
    let drop_day = |day: &str| {
        let name = format!("2022/01/{day}.jsonl").parse().unwrap();
        let archive = Folder::at(office.archive());
        pack(&archive, name, Compression::Gzip).unwrap();
        drop_segment(&archive, name).unwrap();
    };
    drop_day("2022-01-06");
    assert_eq!(desk.advance(10).unwrap(), Progress::Current);
    assert_eq!(desk.counted(&everything, 9).unwrap().0.count(), 5, "no answer is remembered");
    for desk in [&mut desk, &mut office.desk()] {
        assert_eq!(ids(desk, "alpha"), ["c", "d", "e", "f", "g"]);
        assert!(ids(desk, "lang:kk").is_empty());
        assert!(desk.item("a").unwrap().is_none());
        let query = Query::parse("", now()).unwrap();
        let found = desk.find(&query).unwrap();
        assert_eq!(found.iter().collect::<Vec<_>>(), [2, 3, 4, 5, 6]);
        let facets = format!("{:?}", desk.facets(&found, 9));
        assert!(!facets.contains("kk"), "{facets}");
        assert_eq!(
            desk.index.stories(&found, None, 9).rows,
            [0_u32; 0],
            "of the story one record is left"
        );
    }
    // Now most are gone, and the index is made anew of what is left.
    drop_day("2022-01-07");
    while desk.advance(10).unwrap() != Progress::Current {}
    assert_eq!(ids(&mut desk, "alpha"), ["g"]);
    assert_eq!(desk.index.len(), 1);
}

#[test]
fn what_is_new_is_told_from_what_was_known_also_where_rows_are_counted_anew() {
    let office = Office::with(&[("a", json!({})), ("b", json!({})), ("c", json!({}))]);
    office.append("2022-01-07T01:00:00Z", &[("d", json!({}))]);
    let mut desk = office.desk();
    let known = desk.index.last_seq();
    assert_eq!((known, desk.index.row_after(known).unwrap()), (4, 4));
    office.append("2022-01-08T01:00:00Z", &[("e", json!({})), ("f", json!({}))]);
    let (archive, day) =
        (Folder::at(office.archive()), "2022/01/2022-01-06.jsonl".parse().unwrap());
    drop_segment(&archive, day).unwrap();
    while desk.advance(10).unwrap() != Progress::Current {}
    assert_eq!(desk.index.len(), 3, "without what has left, rows are counted anew");
    let first = desk.index.row_after(known).unwrap();
    let rows: Vec<u32> = (first..desk.index.len()).collect();
    let new = desk.index.items(&rows).unwrap().into_iter().map(|item| item.record.seq);
    assert_eq!(new.collect::<Vec<_>>(), [5, 6]);
    assert_eq!(desk.index.row_after(desk.index.last_seq()).unwrap(), desk.index.len());
    assert_eq!(desk.index.row_after(0).unwrap(), 0);
}

#[test]
fn a_review_stays_with_its_record_where_an_index_is_built_anew_as_long_as_before() {
    let office = Office::with(&[("a", json!({})), ("b", json!({}))]);
    office.append("2022-01-07T01:00:00Z", &[("c", json!({}))]);
    let mut desk = office.desk();
    let mut review = desk.review_of("a", now());
    review.status = Status::Flagged;
    desk.decide(&review).unwrap();
    assert_eq!(ids(&mut desk, "status:flagged"), ["a"]);
    office.append("2022-01-08T01:00:00Z", &[("d", json!({})), ("e", json!({}))]);
    let (archive, day) =
        (Folder::at(office.archive()), "2022/01/2022-01-06.jsonl".parse().unwrap());
    pack(&archive, day, Compression::Gzip).unwrap();
    drop_segment(&archive, day).unwrap();
    while desk.advance(10).unwrap() != Progress::Current {}
    assert_eq!(ids(&mut desk, ""), ["c", "d", "e"]);
    assert!(ids(&mut desk, "status:flagged").is_empty());
}

#[test]
fn what_cannot_be_read_any_more_is_left_out_of_the_labelled_texts_and_counted() {
    let office =
        Office::with(&[("a", json!({ "text": "alpha" })), ("b", json!({ "text": "beta" }))]);
    let mut desk = office.desk();
    for id in ["a", "b"] {
        let mut review = desk.review_of(id, now());
        review.status = Status::Reviewed;
        desk.decide(&review).unwrap();
    }
    let day = office.archive().join("2022/01/2022-01-06.jsonl");
    let text = std::fs::read_to_string(&day).unwrap();
    std::fs::write(&day, text.replace("alpha", "alphA")).unwrap();
    let lines = String::from_utf8(labelled::lines(&desk, &[]).unwrap()).unwrap();
    assert!(lines.contains("beta") && lines.lines().count() == 1, "{lines}");
    assert_eq!(desk.index.unread(), 1);
}

fn reject(n: u32, reason: &str) -> Reject {
    Reject {
        at: now(),
        url_key: UrlKey::verbatim(&format!("a.example/{n}")),
        url: format!("https://a.example/{n}"),
        feed_id: "a".to_owned(),
        title: Some(format!("Title {n}")),
        language: None,
        score: 0.0,
        reason: reason.to_owned(),
        missing: Vec::new(),
        published_at: None,
        text: None,
        failed: n.is_multiple_of(3),
        signature: 0,
    }
}

#[test]
fn a_labelled_reject_has_all_that_it_was_judged_by() {
    let desk = Office::with(&[("a", json!({}))]).desk();
    let published_at = Some("2022-01-06T12:00:00Z".parse().unwrap());
    let text = Some("Troops came.".to_owned());
    let reject = Reject { published_at, text, ..reject(1, "beyond the window") };
    let line = labelled::lines(&desk, &[reject]).unwrap();
    let line: serde_json::Value = serde_json::from_slice(&line).unwrap();
    assert_eq!(line["text"], "Troops came.");
    assert_eq!(line["published_at"], "2022-01-06T12:00:00Z");
    assert_eq!((&line["title"], &line["url"]), (&json!("Title 1"), &json!("https://a.example/1")));
}

#[test]
fn a_sample_of_rejects_is_spread_over_all_of_them_and_has_the_last_word_of_each() {
    let old = (0..30_000).map(|n| reject(n, "old"));
    let sample = labelled::sample(old.chain((0..30_000).map(|n| reject(n, "new"))), 50);
    assert_eq!(sample.len(), 50);
    assert!(sample.iter().all(|one| !one.failed && one.reason == "new"));
    let late = |one: &Reject| one.url.len() == 23 && *one.url > *"https://a.example/20000";
    assert!(sample.iter().any(late), "{sample:#?}");
}

#[test]
fn the_index_of_an_archive_that_was_exchanged_is_built_anew() {
    let office =
        Office::with(&[("a", json!({ "text": "alpha" })), ("b", json!({ "text": "alpha" }))]);
    drop(office.desk());
    let day = office.archive().join("2022/01/2022-01-06.jsonl");
    std::fs::remove_file(&day).unwrap();
    {
        let rest = "HEAD";
        let _gone = std::fs::remove_file(office.archive().join(rest));
    }
    office.append("2022-01-06T13:00:00Z", &[("z", json!({ "text": "omega" }))]);
    let mut desk = office.desk();
    assert_eq!(ids(&mut desk, ""), ["z"]);
    assert!(ids(&mut desk, "alpha").is_empty());
}

#[test]
fn a_damaged_line_is_passed_over_and_counted_once() {
    let office = Office::with(&[
        ("a", json!({ "text": "alpha" })),
        ("b", json!({ "text": "alpha" })),
        ("c", json!({ "text": "alpha" })),
    ]);
    let day = office.archive().join("2022/01/2022-01-06.jsonl");
    let text = std::fs::read_to_string(&day).unwrap();
    std::fs::write(&day, text.replace("/b\"", "/B\"")).unwrap();
    let mut desk = office.desk();
    desk.advance(10).unwrap();
    assert_eq!(ids(&mut desk, "alpha"), ["a", "c"]);
    assert_eq!(desk.index.passed_over(), 1);
}

#[test]
fn many_chunks_are_loaded_as_they_were_stored() {
    let records: Vec<(String, serde_json::Value)> = (0..2_500)
        .map(|n| (format!("r{n}"), json!({ "language": format!("l{}", n % 7), "matched_terms": [format!("t{}", n % 3), "x"] })))
        .collect();
    let records: Vec<(&str, serde_json::Value)> =
        records.iter().map(|(id, record)| (id.as_str(), record.clone())).collect();
    let office = Office::with(&records);
    let mut built = office.desk();
    let mut loaded = open(office.folder.path());
    for query in ["lang:l3", "term:t1 lang:l2", "term:x"] {
        let query = Query::parse(query, now()).unwrap();
        let found = built.find(&query).unwrap();
        assert!(found.count() > 100);
        assert_eq!(found, loaded.find(&query).unwrap());
        assert_eq!(built.facets(&found, 9), loaded.facets(&found, 9));
    }
}

#[test]
fn a_review_counts_at_once_and_after_a_restart_and_the_last_one_wins() {
    let office = Office::with(&[("a", json!({})), ("b", json!({}))]);
    let mut desk = office.desk();
    for (id, status) in
        [("a", Status::Flagged), ("b", Status::Reviewed), ("a", Status::NotRelevant)]
    {
        let mut review = desk.review_of(id, now());
        review.status = status;
        review.note = Some("says who?".to_owned());
        desk.decide(&review).unwrap();
    }
    for desk in [&mut desk, &mut office.desk()] {
        assert_eq!(ids(desk, "status:not-relevant"), ["a"]);
        assert_eq!(ids(desk, "status:reviewed"), ["b"]);
        assert_eq!(ids(desk, "status:noted"), ["a", "b"]);
        assert!(ids(desk, "status:open").is_empty());
    }
    let lines = std::fs::read_to_string(office.path("reviews.jsonl")).unwrap();
    assert_eq!(lines.lines().count(), 3, "nothing is overwritten: {lines}");
}

#[test]
fn a_torn_review_loses_only_itself() {
    let office = Office::with(&[("a", json!({})), ("b", json!({}))]);
    std::fs::write(office.path("reviews.jsonl"), "{\"at\":\"2022-01-").unwrap();
    let mut desk = office.desk();
    let mut review = desk.review_of("b", now());
    review.status = Status::Flagged;
    desk.decide(&review).unwrap();
    assert_eq!(ids(&mut desk, "status:flagged"), ["b"]);
}
