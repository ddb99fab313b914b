//! The hosts of the demo and their feeds.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::article::{self, Article};

/// A feed of the demo, as a configuration needs it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DemoFeed {
    pub id: String,
    pub url: String,
    pub name: String,
    /// BCP 47.
    pub language: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// It is there to show how a failure looks: its address answers a web page.
    #[serde(skip)]
    pub fails: bool,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Outlet {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) language: String,
    pub(super) country: String,
    /// Paths that robots.txt forbids.
    #[serde(default)]
    pub(super) disallow: Vec<String>,
    #[serde(rename = "feed")]
    pub(super) feeds: Vec<Feed>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Feed {
    pub(super) id: String,
    pub(super) path: String,
    pub(super) format: Format,
    /// Only articles of this section.
    pub(super) section: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Format {
    Rss,
    Atom,
    Json,
    /// RSS that breaks off in its last item.
    Truncated,
    /// A web page where a feed is expected.
    Page,
}

/// The words that stand around an article, in one language.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Furniture {
    pub(super) nav: Vec<String>,
    pub(super) also: String,
    pub(super) most_read: String,
    pub(super) share: String,
    pub(super) cookies: String,
    pub(super) accept: String,
    pub(super) newsletter: String,
    pub(super) by: String,
    pub(super) tags: String,
    pub(super) footer: String,
    pub(super) wall: String,
}

/// All that is served.
#[derive(Debug)]
pub(super) struct World {
    pub(super) outlets: Vec<Outlet>,
    /// Newest first.
    pub(super) articles: Vec<Article>,
    pub(super) furniture: BTreeMap<String, Furniture>,
    /// By outlet.
    pub(super) ports: BTreeMap<String, u16>,
}

impl World {
    pub(super) fn new(ports: BTreeMap<String, u16>) -> Result<Self, toml::de::Error> {
        Ok(Self {
            outlets: outlets()?,
            articles: article::all()?,
            furniture: toml::from_str(include_str!("content/furniture.toml"))?,
            ports,
        })
    }

    pub(super) fn outlet(&self, id: &str) -> Option<&Outlet> {
        self.outlets.iter().find(|outlet| outlet.id == id)
    }

    /// `127.0.0.1:28610`.
    pub(super) fn host(&self, outlet: &str) -> String {
        format!("127.0.0.1:{}", self.ports.get(outlet).copied().unwrap_or_default())
    }

    /// The absolute address of a path of an outlet.
    pub(super) fn address(&self, outlet: &str, path: &str) -> String {
        format!("http://{}{path}", self.host(outlet))
    }

    /// The articles that an outlet publishes, newest first.
    pub(super) fn articles_of<'a>(&'a self, outlet: &str) -> impl Iterator<Item = &'a Article> {
        self.articles.iter().filter(move |article| article.outlet == outlet)
    }

    /// The articles that a feed lists, with the address it gives each.
    pub(super) fn listed<'a>(
        &'a self,
        outlet: &'a Outlet,
        feed: &'a Feed,
    ) -> impl Iterator<Item = (&'a Article, String)> {
        self.articles_of(&outlet.id)
            .filter(|article| feed.section.as_ref().is_none_or(|name| *name == article.section))
            .map(|article| (article, self.address(&outlet.id, &link(article, feed))))
    }

    pub(super) fn feeds(&self) -> Vec<DemoFeed> {
        let mut feeds = Vec::new();
        for outlet in &self.outlets {
            for feed in &outlet.feeds {
                feeds.push(DemoFeed {
                    id: feed.id.clone(),
                    url: self.address(&outlet.id, &feed.path),
                    name: outlet.name.clone(),
                    language: outlet.language.clone(),
                    country: outlet.country.clone(),
                    fails: feed.format == Format::Page,
                });
            }
        }
        feeds
    }
}

pub(super) fn outlets() -> Result<Vec<Outlet>, toml::de::Error> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Outlets {
        outlet: Vec<Outlet>,
    }
    Ok(toml::from_str::<Outlets>(include_str!("content/outlets.toml"))?.outlet)
}

/// Path and query by which a feed links to an article.
fn link(article: &Article, feed: &Feed) -> String {
    match article.second_address.as_ref().filter(|second| second.feed == feed.id) {
        Some(second) => second.path.clone(),
        None if feed.section.is_some() => {
            format!("{}?utm_source={}&utm_medium=rss", article.path, feed.id)
        }
        None => format!("{}{}", article.path, article.tracking),
    }
}
