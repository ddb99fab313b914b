//! A page's bytes to title, text and metadata.

use jiff::{Timestamp, tz::TimeZone};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::date::Dated;

/// What is read: the bytes of one response and what is known of them beforehand.
#[derive(Debug, Clone, Copy)]
pub struct Page<'a> {
    pub bytes: &'a [u8],
    /// The HTTP header's value.
    pub content_type: Option<&'a str>,
    /// The address that answered.
    pub url: &'a Url,
    /// Relative dates ("2 hours ago") are counted from here.
    pub fetched_at: Timestamp,
    /// What the feed said of it.
    pub expected: Expected<'a>,
}

/// What the feed says of an article: agreement with it tells the text from the rest of the page.
#[derive(Debug, Clone, Copy, Default)]
pub struct Expected<'a> {
    pub title: Option<&'a str>,
    pub summary: Option<&'a str>,
    pub content: Option<&'a str>,
    pub published: Option<Timestamp>,
    pub language: Option<&'a str>,
    /// The feed's zone, where its dates and pages name none.
    pub zone: Option<&'a TimeZone>,
}

/// Where a date came from.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum DateSource {
    Jsonld,
    Meta,
    Time,
    Feed,
    Url,
}

/// How much of the article the text is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum TextStatus {
    Full,
    Partial,
    Paywalled,
    /// The page could not be had or gave less than the feed: this is the feed's own text.
    FeedOnly,
    Failed,
}

/// How the text was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Extraction {
    /// `jsonld`, `microdata`, `site-rules`, `generic`, `script-state`, `feed` or `none`.
    pub method: String,
    /// 0 to 1.
    pub confidence: f32,
    /// What a reader of the record should know, in words.
    pub warnings: Vec<String>,
}

/// An article as the page gives it. Texts are cleaned; paragraphs are apart by a blank line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Article {
    pub title: Option<String>,
    pub authors: Vec<String>,
    pub published: Option<(Dated, DateSource)>,
    pub modified: Option<(Dated, DateSource)>,
    /// `<html lang>` and its kin, BCP 47, as declared.
    pub language_declared: Option<String>,
    pub section: Option<String>,
    pub tags: Vec<String>,
    pub image_url: Option<Url>,
    pub media: Vec<Url>,
    /// `rel=canonical`, else `og:url`, absolute, as declared: a claim, not a truth.
    pub canonical_url: Option<Url>,
    pub site_name: Option<String>,
    pub text: String,
    pub summary: Option<String>,
    /// `jsonld`, `meta` or `og`.
    pub summary_source: Option<String>,
    pub text_status: TextStatus,
    /// WHATWG label of the encoding the bytes were decoded from.
    pub charset: String,
    pub extraction: Extraction,
}

/// Why a page is not kept as an article.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum NotAnArticle {
    #[error("the page is empty")]
    Empty,
    #[error("the page is not HTML but {0}")]
    NotHtml(String),
    #[error("the page is an error page sent as a success: {0}")]
    ErrorPage(String),
    #[error("the page asks for consent before it shows its text")]
    ConsentPage,
    #[error("the page is a home or section page")]
    FrontPage,
    #[error("the page has no text without JavaScript")]
    NeedsJavaScript,
    #[error("the page nests or repeats its elements beyond {0}")]
    Hostile(String),
}

/// How to read the pages of one site: `config/sites/<host>.toml`, compiled.
#[derive(Debug, Clone, Default)]
pub struct SiteRules {
    pub host: String,
    pub zone: Option<TimeZone>,
    pub language: Option<String>,
    pub body: Vec<scraper::Selector>,
    pub title: Vec<scraper::Selector>,
    pub authors: Vec<scraper::Selector>,
    pub published: Vec<scraper::Selector>,
    pub remove: Vec<scraper::Selector>,
}

/// Reads a page. Pure: the same bytes and rules give the same article. Never panics.
pub fn read(page: &Page<'_>, rules: Option<&SiteRules>) -> Result<Article, NotAnArticle> {
    let _ = (page, rules);
    Err(NotAnArticle::Empty)
}
