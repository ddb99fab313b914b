//! `[[alert]]` of `alerts.toml`: who is told what.

use std::path::PathBuf;

use lettre::message::Mailbox;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use toml::Table;
use url::Url;

use super::{
    feed::id,
    report::Document,
    schema,
    settings::Conflict,
    tables::{self, Entry},
    unit,
};
use crate::{
    alert::{Every, Form, On},
    fault::Fault,
};

/// Who is told of articles, feeds and disks.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Alerts {
    /// One receiver.
    pub(super) alert: Vec<Alert>,
}

/// One receiver. It has exactly one of `webhook`, `smtp` and `command`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Alert {
    /// Name of the alert in logs and commands: lower-case letters, digits and hyphens, at least one
    /// letter. What was told is remembered under it.
    #[serde(deserialize_with = "id")]
    #[schemars(regex(pattern = "^[a-z0-9-]*[a-z][a-z0-9-]*$"), length(max = 64), example = &"desk")]
    pub id: String,
    /// What is told: "article", a kept article, not its copies and revisions; "feed", a feed that
    /// fails, is gone or falls silent, and when it is well again; "disk", a full disk.
    #[serde(default = "article")]
    pub on: Vec<On>,
    /// How articles are gathered. Feeds and disks are told at once.
    #[serde(default)]
    pub every: Every,
    /// A feed is told to fail after so many failures in a row.
    #[serde(default = "three")]
    #[schemars(range(min = 1, max = 1000))]
    pub failures: u32,
    /// Address that messages are posted to. Private addresses have to be opened by `network.allow`.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "web_url")]
    #[schemars(with = "unit::WebUrl", example = &"https://hooks.example.org/newswatch")]
    pub webhook: Option<Url>,
    /// What the receiver of the webhook takes.
    #[serde(default)]
    pub form: Form,
    /// File with the bearer token of the webhook. A relative one lies in the configuration's folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", example = &"/etc/newswatch/matrix-token")]
    pub token_file: Option<PathBuf>,
    /// Mail server: smtps:// for TLS, smtp:// for none, with `?tls=required` for STARTTLS.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "mail_server")]
    #[schemars(with = "String", regex(pattern = "^smtps?://"), example = &"smtps://desk@mail.example.org")]
    pub smtp: Option<Url>,
    /// File with the password of the user in the mail server's address. A relative one lies in the
    /// configuration's folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", example = &"/etc/newswatch/smtp-password")]
    pub password_file: Option<PathBuf>,
    /// Sender of the mails.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "mailbox")]
    #[schemars(with = "String", example = &"newswatch <newswatch@example.org>")]
    pub from: Option<String>,
    /// Receivers of the mails.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "mailboxes")]
    #[schemars(example = ["desk@example.org"])]
    pub to: Vec<String>,
    /// Program and its arguments. It reads a message in JSON from its standard input; it is run
    /// again later where it fails, or has not ended within 30 seconds: then it is killed with all
    /// that it started.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(example = ["/usr/local/bin/tell", "--desk"])]
    pub command: Vec<String>,
}

impl Entry for Alert {
    const NAME: &'static str = "alert";

    fn sample() -> Table {
        Table::from_iter([("id".to_owned(), "a".into())])
    }
}

impl Alert {
    /// An alert that has no way to travel, or several, or half of one.
    fn conflicts(&self) -> Vec<Conflict<&'static str>> {
        let (webhook, smtp) = (self.webhook.is_some(), self.smtp.is_some());
        let ways = [webhook, smtp, !self.command.is_empty()];
        let mut conflicts = Vec::new();
        let mut say = |keys: &[&'static str], message: &str, help: Option<&str>| {
            let help = help.map(str::to_owned);
            conflicts.push(Conflict { keys: keys.to_vec(), message: message.to_owned(), help });
        };
        match ways.into_iter().filter(|way| *way).count() {
            1 => {}
            0 => say(
                &["id"],
                "the alert says nowhere to send",
                Some("give it one of `webhook`, `smtp` and `command`"),
            ),
            _ => say(
                &["command", "smtp"],
                "the alert has several ways to send",
                Some("write an alert for each"),
            ),
        }
        if self.on.is_empty() {
            say(
                &["on"],
                "the alert is on nothing",
                Some("expected \"article\", \"feed\" or \"disk\""),
            );
        }
        if smtp && (self.from.is_none() || self.to.is_empty()) {
            say(&["smtp"], "a mail needs a sender and a receiver", Some("write `from` and `to`"));
        }
        if self.password_file.is_some()
            && self.smtp.as_ref().is_none_or(|url| url.username().is_empty())
        {
            say(
                &["password_file"],
                "a password needs a user",
                Some("write the user into the address: smtps://user@host"),
            );
        }
        conflicts
    }
}

/// The alerts of the document that will do; what is wrong with the others goes to its faults.
pub(super) fn read(document: &mut Document) -> Vec<Alert> {
    let alerts = tables::read::<Alert>(document, &schema::alerts());
    let faults: &mut Vec<Fault> = &mut document.faults;
    tables::repeated(&alerts, &document.text, "id", |alert| &alert.id, faults);
    for (alert, leaves) in &alerts {
        for conflict in alert.conflicts() {
            let place = conflict.keys.iter().find_map(|key| leaves.get(*key));
            faults.extend(place.map(|leaf| conflict.at(leaf.span.clone())));
        }
    }
    alerts.into_iter().map(|(alert, _)| alert).collect()
}

fn article() -> Vec<On> {
    vec![On::Article]
}

fn three() -> u32 {
    3
}

fn web_url<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Url>, D::Error> {
    unit::WebUrl::deserialize(from).map(Some)
}

fn mail_server<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Url>, D::Error> {
    from.deserialize_str(unit::Text {
        expected: "the address of a mail server without password, such as \"smtps://desk@mail.example.org\"",
        parse: |text: &str| {
            let url = Url::parse(text).ok()?;
            let is_mail = matches!(url.scheme(), "smtp" | "smtps") && url.has_host();
            (is_mail && url.password().is_none()).then_some(Some(url))
        },
    })
}

const MAILBOX: &str = "a mail address, such as \"desk@example.org\" or \"Desk <desk@example.org>\"";

fn is_mailbox(text: &str) -> bool {
    text.parse::<Mailbox>().is_ok()
}

fn mailbox<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    from.deserialize_str(unit::Text {
        expected: MAILBOX,
        parse: |text: &str| is_mailbox(text).then(|| Some(text.to_owned())),
    })
}

fn mailboxes<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    let texts: Vec<String> = Deserialize::deserialize(from)?;
    match texts.iter().find(|text| !is_mailbox(text)) {
        None => Ok(texts),
        Some(wrong) => Err(serde::de::Error::custom(format!("\"{wrong}\", expected {MAILBOX}"))),
    }
}
