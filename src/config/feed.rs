//! `[[feed]]` of `feeds.toml`: what is polled.

use std::time::Duration;

use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use url::Url;

use super::{
    settings::{Conflict, Schedule},
    unit,
};
use crate::source::SourceKind;

/// The feeds that newswatch polls.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Feeds {
    /// One feed or sitemap.
    pub(super) feed: Vec<Feed>,
}

/// One feed or sitemap.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Feed {
    /// Name of the feed in records, logs and commands: lower-case letters, digits and hyphens, at
    /// least one letter. It must not change, or the feed's memory is lost.
    #[serde(deserialize_with = "id")]
    #[schemars(regex(pattern = "^[a-z0-9-]*[a-z][a-z0-9-]*$"), length(max = 64), example = &"astana-times")]
    pub id: String,
    /// Address of the feed, http or https.
    #[serde(with = "unit::WebUrl")]
    #[schemars(example = &"https://astanatimes.com/feed/")]
    pub url: Url,
    /// Name of the publisher, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"The Astana Times")]
    pub name: Option<String>,
    /// Language of the articles (BCP 47), where the text itself does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "language")]
    #[schemars(with = "String", regex(pattern = LANGUAGE), example = &"en")]
    pub language: Option<String>,
    /// Country of the publisher (ISO 3166-1, two capital letters).
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "country")]
    #[schemars(with = "String", regex(pattern = "^[A-Z]{2}$"), example = &"KZ")]
    pub country: Option<String>,
    /// Words of your own for choosing feeds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(example = ["agency"])]
    pub tags: Vec<String>,
    /// Whether the address is a feed (RSS, Atom, RDF, JSON Feed) or a sitemap.
    #[serde(default)]
    pub kind: SourceKind,
    /// Whether the feed is polled.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Time between two polls before the feed's habit is known; `schedule.interval` where absent.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "unit::MaybeTime")]
    #[schemars(example = &"1h")]
    pub interval: Option<Duration>,
    /// The feed is not polled more often than this; `schedule.floor` where absent.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "unit::MaybeTime")]
    #[schemars(example = &"30m")]
    pub floor: Option<Duration>,
    /// The feed is polled at least this often; `schedule.ceiling` where absent.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "unit::MaybeTime")]
    #[schemars(example = &"6h")]
    pub ceiling: Option<Duration>,
    /// Time zone (IANA name) of dates that name none.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "unit::Zone")]
    #[schemars(example = &"Asia/Almaty")]
    pub zone: Option<TimeZone>,
}

impl Feed {
    /// The language of the articles, where the feed is polled and the language known.
    pub(super) fn polled_in(&self) -> Option<&str> {
        self.language.as_deref().filter(|_| self.enabled)
    }

    /// The feed's times against each other and against those it inherits.
    pub(super) fn conflicts(&self, schedule: &Schedule) -> Vec<Conflict<&'static str>> {
        let floor = self.floor.unwrap_or(schedule.floor);
        let ceiling = self.ceiling.unwrap_or(schedule.ceiling);
        let interval = self.interval.unwrap_or(schedule.interval);
        let mut conflicts = Vec::new();
        let text = unit::Time::text;
        if interval < floor && self.interval.is_some() {
            let message = format!(
                "`interval` ({}) is shorter than the floor ({})",
                text(interval),
                text(floor)
            );
            let help = Some("where the owner of the feed agrees, set its `floor` too".to_owned());
            conflicts.push(Conflict { keys: vec!["interval"], message, help });
        }
        if floor > ceiling {
            let message =
                format!("`floor` ({}) is longer than the ceiling ({})", text(floor), text(ceiling));
            conflicts.push(Conflict { keys: vec!["floor", "ceiling"], message, help: None });
        }
        if floor.is_zero() {
            let message = "`floor` must not be zero".to_owned();
            conflicts.push(Conflict { keys: vec!["floor"], message, help: None });
        }
        conflicts
    }
}

/// A language, and what follows it: script, region, variants.
const LANGUAGE: &str = "^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$";

/// Whether a feed can be called so.
pub fn is_id(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    text.len() <= 64 && text.chars().all(is_plain) && text.chars().any(|c| c.is_ascii_lowercase())
}

pub(super) fn id<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    from.deserialize_str(unit::Text {
        expected: "lower-case letters, digits and hyphens, at most 64, such as \"astana-times\"",
        parse: |text: &str| is_id(text).then(|| text.to_owned()),
    })
}

fn language<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let is_language = |text: &str| {
        let mut parts = text.split('-');
        let first = parts.next().unwrap_or_default();
        matches!(first.len(), 2..=3)
            && first.bytes().all(|b| b.is_ascii_lowercase())
            && parts.all(|part| {
                matches!(part.len(), 2..=8) && part.bytes().all(|b| b.is_ascii_alphanumeric())
            })
    };
    from.deserialize_str(unit::Text {
        expected: "a language tag (BCP 47), such as \"ru\" or \"sr-Latn\"",
        parse: |text: &str| is_language(text).then(|| Some(text.to_owned())),
    })
}

fn country<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    from.deserialize_str(unit::Text {
        expected: "a country code of two capital letters (ISO 3166-1), such as \"KZ\"",
        parse: |text: &str| {
            let is_country = text.len() == 2 && text.bytes().all(|b| b.is_ascii_uppercase());
            is_country.then(|| Some(text.to_owned()))
        },
    })
}

fn yes() -> bool {
    true
}
