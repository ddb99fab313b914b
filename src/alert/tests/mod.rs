//! What is told, and in which form.

mod courier;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use url::Url;

use super::{
    Alert, Every, Form, On, Way,
    form::{Item, Message, Topic},
    news,
};
use crate::{schedule::FeedState, state::FeedRow};

fn alert() -> Alert {
    Alert {
        id: "desk".to_owned(),
        on: vec![On::Article, On::Feed, On::Disk],
        every: Every::Now,
        failures: 3,
        way: Way::Command(vec!["true".to_owned()]),
    }
}

fn now() -> Timestamp {
    "2022-01-16T12:00:00Z".parse().unwrap()
}

fn item(title: &str) -> Item {
    Item {
        url: Some("https://news.example/?a=<b>|&c=\"d\"".to_owned()),
        note: Some("The <Courier>, 2022-01-16".to_owned()),
        id: Some(format!("a_{title}")),
        ..Item::line(title.to_owned())
    }
}

fn one() -> Message {
    news::articles(&alert(), vec![item("*A* <b> & `c` | @room")], 0)
}

#[test]
fn each_form_escapes_what_it_gives_a_meaning_to() {
    let url = Url::parse("https://hooks.example/services/1").unwrap();
    let (method, to, body) = one().request(Form::Slack, &url);
    assert_eq!((method, &to), ("POST", &url));
    assert_eq!(
        body["text"],
        "**A* &lt;b&gt; &amp; `c` | @room*\n• <https://news.example/?a=&lt;b&gt;%7C&amp;c=\"d\"|*A* \
         &lt;b&gt; &amp; `c` | @room> – The &lt;Courier&gt;, 2022-01-16"
    );

    let room = "https://matrix.example/_matrix/client/v3/rooms/!r:example/send/m.room.message";
    let (method, to, body) = one().request(Form::Matrix, &Url::parse(room).unwrap());
    assert_eq!(method, "PUT");
    assert_eq!(to.as_str(), format!("{room}/{}", one().id));
    assert_eq!(
        body["formatted_body"],
        "<strong>*A* &lt;b&gt; &amp; `c` | @room</strong><ul><li><a href=\"https://news.example/?a=\
         &lt;b&gt;|&amp;c=&quot;d&quot;\">*A* &lt;b&gt; &amp; `c` | @room</a> – The &lt;Courier&gt;, \
         2022-01-16</li></ul>"
    );

    let topic = Url::parse("https://ntfy.example/sub/newswatch").unwrap();
    let (method, to, body) = one().request(Form::Ntfy, &topic);
    assert_eq!((method, to.as_str()), ("POST", "https://ntfy.example/sub"));
    assert_eq!(body["topic"], "newswatch");
    assert_eq!(body["title"], "*A* <b> & `c` | @room");
    assert_eq!(body["click"], "https://news.example/?a=<b>|&c=\"d\"");

    let (_, _, body) = one().request(Form::Json, &url);
    assert_eq!(body["items"][0]["id"], "a_*A* <b> & `c` | @room");
    assert_eq!(body["about"], json!(Topic::Articles));
}

#[test]
fn a_message_that_is_sent_again_is_the_same_and_another_is_another() {
    assert_eq!(one().id, one().id);
    assert_ne!(one().id, news::articles(&alert(), vec![item("b")], 0).id);
    // What is told again later, as that a disk is full, is not taken for the earlier one.
    let numbered = |told| {
        let mut message = one();
        message.number(told);
        message.id
    };
    assert_eq!(numbered(1), numbered(1));
    assert_ne!(numbered(1), numbered(2));
    let many = news::articles(&alert(), vec![item("a"), item("b")], 3);
    assert_eq!(many.subject, "5 new articles");
    assert!(many.text().ends_with("and 3 more"), "{}", many.text());
}

#[test]
fn a_digest_is_due_once_its_hour_or_day_is_over() {
    let at = |text: &str| -> Timestamp { text.parse().unwrap() };
    let since = at("2022-01-16T12:10:00Z");
    assert!(news::is_due(Every::Now, since, since));
    assert!(!news::is_due(Every::Hour, since, at("2022-01-16T12:59:59Z")));
    assert!(news::is_due(Every::Hour, since, at("2022-01-16T13:00:00Z")));
    assert!(!news::is_due(Every::Day, since, at("2022-01-16T23:59:59Z")));
    assert!(news::is_due(Every::Day, since, at("2022-01-17T00:00:00Z")));
    // It was closed under a clock that was a year ahead.
    assert!(news::is_due(Every::Hour, at("2023-01-16T12:00:00Z"), since));
    assert!(news::is_due(Every::Day, at("2023-01-16T12:00:00Z"), since));
}

fn feed(failures: u32) -> FeedRow {
    let last_error = (failures > 0).then(|| "HTTP 500".into());
    let state = FeedState { failures, last_error, ..FeedState::default() };
    FeedRow { id: "courier".to_owned(), state, ..FeedRow::default() }
}

#[test]
fn a_feed_is_told_to_fail_once_and_to_be_well_again_once() {
    let mut told = BTreeMap::new();
    let mut tell = |failures: u32| {
        let (message, next) = news::feeds(&alert(), &[feed(failures)], &told, now());
        told = next;
        message.map(|message| message.subject)
    };
    assert_eq!(tell(0), None);
    assert_eq!(tell(2), None, "not yet");
    assert_eq!(tell(3).unwrap(), "The feed courier has failed 3 times in a row: HTTP 500");
    assert_eq!(tell(4), None, "it is known");
    assert_eq!(tell(1), None, "no recovery: the state was begun anew meanwhile");
    assert_eq!(tell(0).unwrap(), "The feed courier is well again");
    assert_eq!(tell(0), None);
}

#[test]
fn a_feed_that_falls_silent_or_is_gone_is_told() {
    let mut silent = feed(0);
    silent.state.new_entries = 100;
    silent.state.first_success_at = now().checked_sub(SignedDuration::from_hours(24 * 30)).ok();
    silent.state.last_new_at = now().checked_sub(SignedDuration::from_hours(24 * 20)).ok();
    let (message, told) = news::feeds(&alert(), &[silent.clone()], &BTreeMap::new(), now());
    assert!(message.unwrap().subject.contains("has brought nothing new since 2021-12-27"));
    silent.state.gone = true;
    let (message, told) = news::feeds(&alert(), &[silent.clone()], &told, now());
    assert!(message.unwrap().subject.contains("is gone"));
    assert_eq!(news::feeds(&alert(), &[silent], &told, now()).0, None);
    assert_eq!(news::feeds(&alert(), &[], &told, now()).0, None, "it left the configuration");
}

#[test]
fn a_full_disk_is_told_once_and_room_once() {
    let trouble = "no room to write".to_owned();
    let subject = |told: Option<&String>, trouble: Option<&String>| {
        news::disk(&alert(), told, trouble).map(|message| message.subject)
    };
    assert!(subject(None, Some(&trouble)).unwrap().contains("no room to write"));
    assert_eq!(subject(Some(&trouble), Some(&trouble)), None);
    assert!(subject(Some(&trouble), None).unwrap().contains("There is room"));
    assert_eq!(subject(None, None), None);
}

#[test]
fn nothing_that_a_stranger_wrote_turns_the_writing_round_or_steers_a_terminal() {
    let bad = "a\u{202E}b\u{9B}31m\u{1B}[2J\u{7}\nc";
    let is_clean = |message: &Message| {
        let texts = [json!(message).to_string(), message.text()];
        let forms = [Form::Json, Form::Slack, Form::Matrix, Form::Ntfy].map(|form| {
            let url = Url::parse("https://hooks.example/a").unwrap();
            message.request(form, &url).2.to_string()
        });
        for text in texts.iter().chain(&forms) {
            let is_bad = |c: char| c.is_control() && c != '\n' || c == '\u{202E}';
            // In JSON they are escaped.
            let escaped = ["\\u001b", "\\u0007", "\\u202e"].iter().any(|it| text.contains(it));
            assert!(!escaped && !text.contains(is_bad), "{text:?}");
        }
    };
    let mut failing = feed(3);
    failing.state.last_error = Some(bad.into());
    is_clean(&news::feeds(&alert(), &[failing], &BTreeMap::new(), now()).0.unwrap());
    is_clean(&news::disk(&alert(), None, Some(&bad.to_owned())).unwrap());
    let some = || Some(bad.to_owned());
    let item = Item {
        url: some(),
        note: some(),
        id: some(),
        feed: some(),
        source: some(),
        language: some(),
        topic: some(),
        reason: some(),
        ..Item::line(bad.to_owned())
    };
    let message = news::articles(&alert(), vec![item], 0);
    assert_eq!(message.subject, "ab31m[2J c");
    is_clean(&message);
    is_clean(&news::refused(&alert(), &message));
}
