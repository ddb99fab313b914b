//! A message, and the forms in which receivers take it. Texts are made of what strangers write: each
//! form escapes what it gives a meaning to.

use std::fmt::Write;

use jiff::Timestamp;
use quick_xml::escape::partial_escape;
use serde::Serialize;
use serde_json::{Value, json};
use url::Url;

use super::Form;
use crate::{
    archive::Record,
    text::{clean_line, escape_xml},
};

/// What a message is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Topic {
    Articles,
    Feeds,
    Disk,
    /// Sent to see whether it arrives.
    Test,
}

/// One thing to tell.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Item {
    /// One line of plain text.
    pub title: String,
    pub url: Option<String>,
    /// What else is worth a line.
    pub note: Option<String>,
    /// The record's id.
    pub id: Option<String>,
    pub feed: Option<String>,
    pub source: Option<String>,
    pub language: Option<String>,
    pub published_at: Option<Timestamp>,
    pub topic: Option<String>,
    pub score: Option<f32>,
    pub reason: Option<String>,
}

impl Item {
    /// An item that is no article.
    pub fn line(title: String) -> Self {
        Self {
            title,
            url: None,
            note: None,
            id: None,
            feed: None,
            source: None,
            language: None,
            published_at: None,
            topic: None,
            score: None,
            reason: None,
        }
    }

    pub fn article(record: &Record) -> Self {
        let title = record.title.clone().unwrap_or_else(|| record.url.clone());
        let source = record.source_name.clone().unwrap_or_else(|| record.source_domain.clone());
        let mut note = source.clone();
        if let Some(at) = record.published_at {
            write!(note, ", {}", at.strftime("%Y-%m-%d %H:%M UTC")).ok();
        }
        if let Some(language) = &record.language {
            write!(note, ", {language}").ok();
        }
        Self {
            url: Some(record.url.clone()),
            note: Some(note),
            id: Some(record.id.clone()),
            feed: Some(record.feed_id.clone()),
            source: Some(source),
            language: record.language.clone(),
            published_at: record.published_at,
            topic: record.topic.clone(),
            score: record.topic_score,
            reason: record.topic_reason.clone(),
            ..Self::line(title)
        }
    }

    /// What strangers wrote is cleaned before it is stored; but the archive may have come from
    /// elsewhere, and a server's words are in no archive.
    pub(super) fn clean(&mut self) {
        let Self { title, url, note, id, feed, source, language, topic, reason, .. } = self;
        *title = clean_line(title);
        for text in [url, note, id, feed, source, language, topic, reason].into_iter().flatten() {
            *text = clean_line(text);
        }
    }
}

/// What is sent at a time.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Message {
    pub alert: String,
    pub about: Topic,
    /// One line that says it all.
    pub subject: String,
    pub items: Vec<Item>,
    /// Items that were left out for their number.
    pub more: usize,
    /// Stands for this message however often it is sent.
    pub id: String,
}

impl Message {
    /// Makes of its id that of the message after `told` others: what is said again another time is
    /// another message.
    pub(super) fn number(&mut self, told: u64) {
        let mut hasher = blake3::Hasher::new();
        hasher.update(self.id.as_bytes()).update(&told.to_le_bytes());
        self.id = hasher.finalize().to_hex().chars().take(24).collect();
    }

    /// The text for people, without any markup.
    pub fn text(&self) -> String {
        let mut text = self.subject.clone();
        for Item { title, url, note, .. } in &self.items {
            text.push_str("\n\n");
            // A message of one item has told its title in the subject.
            text.push_str(if *title == self.subject { "" } else { title });
            for line in [note, url].into_iter().flatten() {
                text.push('\n');
                text.push_str(line);
            }
        }
        if self.more > 0 {
            write!(text, "\n\nand {} more", self.more).ok();
        }
        text.replace("\n\n\n", "\n\n")
    }

    /// What a receiver of this form is sent: how, where to and what.
    pub fn request(&self, form: Form, url: &Url) -> (&'static str, Url, Value) {
        match form {
            Form::Json => {
                let mut whole = json!(self);
                if let Value::Object(members) = &mut whole {
                    members.insert("text".to_owned(), self.text().into());
                }
                ("POST", url.clone(), whole)
            }
            Form::Slack => ("POST", url.clone(), json!({ "text": self.slack() })),
            Form::Matrix => {
                // The number of the transaction is the message's: a second one is the same to the
                // server (Matrix client-server API, "Transaction identifiers").
                let mut url = url.clone();
                if let Ok(mut path) = url.path_segments_mut() {
                    path.pop_if_empty().push(&self.id);
                }
                let message = json!({
                    "msgtype": "m.text",
                    "body": self.text(),
                    "format": "org.matrix.custom.html",
                    "formatted_body": self.html(),
                });
                ("PUT", url, message)
            }
            Form::Ntfy => {
                let topic = url.path_segments().and_then(|mut path| path.next_back());
                let topic = topic.unwrap_or_default().to_owned();
                let mut server = url.clone();
                if let Ok(mut path) = server.path_segments_mut() {
                    path.pop_if_empty().pop();
                }
                let text = self.text();
                let mut message = json!({
                    "topic": topic,
                    "title": self.subject,
                    "message": text.strip_prefix(&self.subject).unwrap_or(&text).trim(),
                });
                if let [Item { url: Some(url), .. }] = self.items.as_slice() {
                    let members = message.as_object_mut();
                    members.map(|it| it.insert("click".to_owned(), url.as_str().into()));
                }
                ("POST", server, message)
            }
        }
    }

    /// In Slack's markup, of which `&`, `<` and `>` are the only characters to escape.
    fn slack(&self) -> String {
        let mut text = format!("*{}*", partial_escape(&self.subject));
        for Item { title, url, note, .. } in &self.items {
            let title = partial_escape(title);
            match url {
                // A bar would end the address early.
                Some(url) => {
                    write!(text, "\n• <{}|{title}>", partial_escape(url).replace('|', "%7C"))
                }
                None => write!(text, "\n• {title}"),
            }
            .ok();
            if let Some(note) = note {
                write!(text, " – {}", partial_escape(note)).ok();
            }
        }
        if self.more > 0 {
            write!(text, "\nand {} more", self.more).ok();
        }
        text
    }

    fn html(&self) -> String {
        let mut text = format!("<strong>{}</strong><ul>", escape_xml(&self.subject));
        for Item { title, url, note, .. } in &self.items {
            let title = escape_xml(title);
            match url {
                Some(url) => {
                    let url = escape_xml(url);
                    write!(text, "<li><a href=\"{url}\">{title}</a>")
                }
                None => write!(text, "<li>{title}"),
            }
            .ok();
            if let Some(note) = note {
                write!(text, " – {}", escape_xml(note)).ok();
            }
            text.push_str("</li>");
        }
        text.push_str("</ul>");
        if self.more > 0 {
            write!(text, "and {} more", self.more).ok();
        }
        text
    }
}
