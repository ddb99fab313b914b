//! Telling people: of kept articles, of feeds that fail or fall silent, of trouble with the disk.
//!
//! Alerts are sent beside the crawl and never hold it up: what is to be told is read from the
//! archive behind a stored cursor, and from the state. The cursor moves once a message was taken, so
//! each article is told at least once, however often the daemon or the receiver falls over.

mod courier;
mod cursor;
mod delivery;
mod file;
mod form;
mod look;
mod news;
mod place;
mod run;
mod send;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

pub use delivery::{Deliveries, Delivery};
pub use form::{Item, Message, Topic};
pub use run::{Nudge, Teller};
pub use send::{SendError, Sender};

/// What is told.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum On {
    /// a kept article; not its copies and revisions
    Article,
    /// a feed that fails, is gone or falls silent, and when it is well again
    Feed,
    /// a full disk, and when there is room again
    Disk,
}

/// How articles are gathered. Feeds and disks are told at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Every {
    /// as soon as they are kept
    #[default]
    Now,
    /// in one message an hour
    Hour,
    /// in one message a day (UTC)
    Day,
}

/// What the receiver of a webhook takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// an object with all that is known of each article
    #[default]
    Json,
    /// an incoming webhook of Slack, Mattermost or Rocket.Chat
    Slack,
    /// a room of Matrix: the address ends in `/rooms/ROOM/send/m.room.message`
    Matrix,
    /// a topic of ntfy: the address of the topic
    Ntfy,
}

/// Who is told what, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// Names the stored cursor.
    pub id: String,
    pub on: Vec<On>,
    pub every: Every,
    /// A feed is told to fail after so many failures in a row.
    pub failures: u32,
    pub way: Way,
}

/// How a message travels. Files hold secrets, and are read anew for each message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    Webhook {
        url: Url,
        form: Form,
        /// File with a bearer token.
        token: Option<PathBuf>,
    },
    Mail {
        /// `smtps://user@host`, `smtp://host:587?tls=required`, `smtp://localhost`.
        server: Url,
        /// File with the password of the user.
        password: Option<PathBuf>,
        from: String,
        to: Vec<String>,
    },
    /// A program with its arguments, which gets the JSON form on its standard input.
    Command(Vec<String>),
}
