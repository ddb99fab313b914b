//! The articles of the demo, as their files give them.

use jiff::Timestamp;
use serde::Deserialize;

use super::markup::{Block, blocks};

/// One file of `content/`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Article {
    /// The file's name, without its ending.
    #[serde(skip)]
    pub(super) name: &'static str,
    /// The host that publishes it.
    pub(super) outlet: String,
    /// Path and query under which it lives.
    pub(super) path: String,
    /// What the feed appends to the address.
    #[serde(default)]
    pub(super) tracking: String,
    pub(super) title: String,
    pub(super) standfirst: String,
    pub(super) author: String,
    /// RFC 3339, with the publisher's offset.
    pub(super) published: String,
    pub(super) section: String,
    pub(super) tags: Vec<String>,
    pub(super) markup: Markup,
    #[serde(default)]
    pub(super) quirk: Quirk,
    pub(super) expect: Expect,
    /// Of which article this is a copy: its body is taken, between `lead_in` and `tail`.
    pub(super) copy_of: Option<String>,
    #[serde(default)]
    pub(super) lead_in: String,
    pub(super) tail: Option<String>,
    /// Why it is here, and why that is expected of it.
    pub(super) why: String,
    /// See [`blocks`].
    pub(super) body: String,
    pub(super) second_address: Option<SecondAddress>,
    pub(super) revised: Option<Revised>,
}

/// How the page is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Markup {
    /// Semantic elements, described by JSON-LD.
    JsonLd,
    /// Plain `div`s, described by meta tags.
    Meta,
    /// Title twice, paragraphs and subheadings in one block.
    Glued,
    /// Layout tables: cannot be read without a site's rule.
    Odd,
}

/// What is special about how the page is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Quirk {
    #[default]
    None,
    /// The first request is answered 429 with Retry-After.
    Busy,
    /// 410; the feed carries the whole text.
    Gone,
    Paywall,
    #[serde(rename = "windows-1251")]
    Windows1251,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Expect {
    Full,
    Paywalled,
    FeedOnly,
    Copy,
    OffTopic,
}

/// The same page under another address, in another feed.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SecondAddress {
    pub(super) feed: String,
    pub(super) path: String,
}

/// What the article becomes in the second edition.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Revised {
    /// RFC 3339, with the publisher's offset.
    pub(super) at: String,
    pub(super) title: String,
    pub(super) body: String,
}

/// The article's face in one edition.
#[derive(Debug, Clone)]
pub(super) struct Edition<'a> {
    pub(super) article: &'a Article,
    pub(super) title: &'a str,
    /// RFC 3339, with the publisher's offset.
    pub(super) updated: &'a str,
    pub(super) blocks: Vec<Block>,
}

impl Article {
    pub(super) fn edition(&self, second: bool) -> Edition<'_> {
        match self.revised.as_ref().filter(|_| second) {
            Some(revised) => Edition {
                article: self,
                title: &revised.title,
                updated: &revised.at,
                blocks: blocks(&revised.body),
            },
            None => Edition {
                article: self,
                title: &self.title,
                updated: &self.published,
                blocks: blocks(&self.body),
            },
        }
    }

    pub(super) fn published_at(&self) -> Timestamp {
        instant(&self.published)
    }
}

/// The instant of a date of a content file; a test holds that all of them can be read.
pub(super) fn instant(date: &str) -> Timestamp {
    date.parse().unwrap_or(Timestamp::UNIX_EPOCH)
}

/// All articles, newest first; a copy has its body.
pub(super) fn all() -> Result<Vec<Article>, toml::de::Error> {
    let mut articles = Vec::new();
    for (name, text) in FILES {
        let mut article: Article = toml::from_str(text)?;
        article.name = name;
        articles.push(article);
    }
    let bodies: Vec<(&str, String)> =
        articles.iter().map(|article| (article.name, article.body.trim().to_owned())).collect();
    for article in &mut articles {
        let original = bodies.iter().find(|(name, _)| Some(*name) == article.copy_of.as_deref());
        if let Some((_, body)) = original {
            article.body = format!("{}{body}", article.lead_in);
        }
    }
    articles.sort_by_key(|article| std::cmp::Reverse(article.published_at()));
    Ok(articles)
}

macro_rules! files {
    ($($name:literal)*) => {
        &[$(($name, include_str!(concat!("content/", $name, ".toml")))),*]
    };
}

const FILES: &[(&str, &str)] = files! {
    "bulletin-bazaar"
    "bulletin-road"
    "bulletin-stoves"
    "caoyuan-bingxue"
    "caoyuan-cheli"
    "caoyuan-fenxi"
    "courier-airport"
    "courier-golan"
    "courier-mission"
    "courier-skating"
    "courier-wire"
    "dala-arhiv"
    "dala-dombyra"
    "dala-shygaru"
    "fil-arrivee"
    "fil-retrait"
    "fil-trains"
    "lusabats-tatron"
    "lusabats-veradardz"
    "lusabats-voroshum"
    "masar-insihab"
    "masar-qimma"
    "masar-tumur"
    "meridian-grain"
    "meridian-summit"
    "meridian-wire"
    "vestnik-bolnica"
    "vestnik-ohrana"
    "vestnik-vyvod"
};
