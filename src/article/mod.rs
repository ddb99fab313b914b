//! A page's bytes to title, text and metadata.

mod authors;
pub mod body;
mod charset;
mod dates;
mod dom;
mod draft;
mod embedded;
mod guard;
mod head;
mod jsonld;
mod metadata;
mod refuse;
mod rules;
mod shown;
mod status;
#[cfg(test)]
mod tests;
mod title;

use jiff::{Timestamp, tz::TimeZone};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::date::Dated;
use body::Anchors;
pub use body::LeftOut;
pub use draft::draft;
use head::Head;
use refuse::Evidence;
pub use rules::SiteRules;

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
    /// The page's structured data (schema.org).
    Jsonld,
    /// A `meta` element in the page's head.
    Meta,
    /// The page as it is shown: a `time` element, or a line beside the headline.
    Time,
    /// The feed's entry.
    Feed,
    /// The address.
    Url,
}

/// How much of the article the text is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum TextStatus {
    /// All of it, as far as the page tells.
    Full,
    /// A part: the page or its next one broke off, or leads on to the rest.
    Partial,
    /// What stands before a wall for payment or registration.
    Paywalled,
    /// The page could not be had or gave less than the feed: this is the feed's own text.
    FeedOnly,
    /// No text was found.
    Failed,
}

/// How the text was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Extraction {
    /// `jsonld`, `site-rules`, `generic`, `noscript`, `script-state`, `feed` or `none`.
    pub method: String,
    /// 0 to 1.
    pub confidence: f32,
    /// What a reader of the record should know, in words.
    pub warnings: Vec<String>,
    /// The texts of the page that there were to choose from.
    #[serde(default)]
    pub candidates: Vec<Candidate>,
}

/// A text that the page could be read as.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Candidate {
    /// As [`Extraction::method`].
    pub method: String,
    /// How many words it has.
    pub words: u32,
    /// The share of its runs of three words that the chosen text has too, 0 to 1.
    pub shared: f32,
}

/// A picture of an article.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Image {
    /// Absolute.
    pub url: String,
    /// What the page says of it, with the credit where they are one line. No part of the text.
    pub caption: Option<String>,
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
    /// The pictures that stand in the article, in its order.
    pub images: Vec<Image>,
    /// `rel=canonical`, else `og:url`, absolute, as declared: a claim, not a truth.
    pub canonical_url: Option<Url>,
    pub site_name: Option<String>,
    /// The address of the licence it is under, or the words the page has for it.
    pub licence: Option<String>,
    /// Where an article in parts goes on, as the site's rules find it.
    pub next_page: Option<Url>,
    pub text: String,
    pub summary: Option<String>,
    /// `jsonld`, `meta`, `og` or `feed`.
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

/// Reads a page. Pure: the same bytes and rules give the same article. Never panics.
///
/// # Errors
/// The page is no article, or breaks a bound that keeps reading cheap.
pub fn read(page: &Page<'_>, rules: Option<&SiteRules>) -> Result<Article, NotAnArticle> {
    read_with(page, rules, body::Model::shipped())
}

/// Reads a page with another choice of blocks, to measure it.
#[doc(hidden)]
pub fn read_with(
    page: &Page<'_>,
    rules: Option<&SiteRules>,
    model: &body::Model,
) -> Result<Article, NotAnArticle> {
    refuse::by_bytes(page.bytes, page.content_type)?;
    let decoded = charset::decode(page);
    let html = guard::parse(&decoded.text)?;
    let mut head = Head::collect(&html, page.url);
    let around = Around::find(&html, &mut head, rules, page);
    let language_declared = metadata::language(&head);
    let language = rules
        .and_then(|rules| rules.language.as_deref())
        .or(language_declared.as_deref())
        .or(page.expected.language);
    let zone = rules.and_then(|rules| rules.zone.as_ref()).or(page.expected.zone);
    let mut dates = dates::find(&html, &head, rules, page, language, zone);
    let body = body::read(&html, &head, rules, &around.anchors(&head, page), model);
    let Around { site_name, title, summary, mut authors } = around;
    if let Some(beside) = &body.beside {
        let published = || dates::stated_beside(beside.published.as_deref()?, page, language, zone);
        dates.published = dates.published.or_else(published);
        if authors.is_empty() {
            authors.clone_from(&beside.authors);
        }
    }
    refuse::by_content(
        &head,
        &Evidence {
            url: page.url,
            title: title.as_deref(),
            words: body.words,
            linked: body.linked,
            text: &body.text,
            visible: &body.visible,
            visible_words: body.visible_words,
            link_words: body.link_words,
            published: dates.published.is_some(),
            headlined: title.as_deref().is_some_and(|title| {
                title::is_headline(&head, title) || title::share_in_address(page.url, title) > 0.4
            }),
        },
    )?;
    let (mut text_status, reason) = status::of(&head, &body.text, &body.visible);
    let mut warnings: Vec<String> = decoded.warning().into_iter().chain(reason).collect();
    let mut next_page = rules.and_then(|rules| rules.next_page_of(&html, page.url));
    let (mut text, mut method, mut confidence) = (body.text, body.method, body.confidence);
    if let Some(fuller) = page.expected.content.and_then(|content| fuller(content, &text)) {
        (text, method, confidence, text_status) = (fuller, "feed", 0.5, TextStatus::FeedOnly);
        next_page = None;
        warnings.push("the page gives less than the feed".to_owned());
    }
    Ok(Article {
        authors,
        published: dates.published,
        modified: dates.modified,
        section: metadata::section(&head),
        tags: metadata::tags(&head),
        image_url: metadata::image(&head, page.url),
        media: metadata::media(&head, page.url),
        images: metadata::images(&head, body.pictures, page.url),
        canonical_url: metadata::canonical(&head, page.url),
        licence: metadata::licence(&head),
        next_page,
        text,
        summary_source: summary.as_ref().map(|(_, source)| (*source).to_owned()),
        summary: summary.map(|(text, _)| text),
        text_status,
        charset: decoded.encoding.name().to_ascii_lowercase(),
        extraction: Extraction {
            method: method.to_owned(),
            confidence,
            warnings,
            candidates: body.candidates,
        },
        title,
        language_declared,
        site_name,
    })
}

/// What the page says of the article beside its text.
struct Around {
    site_name: Option<String>,
    title: Option<String>,
    /// With its source.
    summary: Option<(String, &'static str)>,
    authors: Vec<String>,
}

impl Around {
    /// Notes the headline's place in `head`: what is beside it is found from there.
    fn find(
        html: &scraper::Html,
        head: &mut Head<'_>,
        rules: Option<&SiteRules>,
        page: &Page<'_>,
    ) -> Self {
        let site_name = metadata::site_name(head);
        let title = title::find(html, head, rules, site_name.as_deref(), page);
        head.headline = title::place(head, title.as_deref());
        Self {
            title,
            summary: metadata::summary(head),
            authors: authors::find(html, head, rules, site_name.as_deref(), page),
            site_name,
        }
    }

    fn anchors<'a>(&'a self, head: &'a Head<'_>, page: &Page<'a>) -> Anchors<'a> {
        Anchors {
            title: self.title.as_deref(),
            authors: &self.authors,
            site_name: self.site_name.as_deref(),
            summary: self.summary.as_ref().map(|(text, _)| &**text).or(page.expected.summary),
            stated_body: head.article().and_then(|article| jsonld::string(article, "articleBody")),
            live: jsonld::has_type(&head.ld, "LiveBlogPosting"),
        }
    }
}

/// The feed's own text where it has clearly more words than the page's.
fn fuller(content: &str, text: &str) -> Option<String> {
    let content = plain(content);
    let (theirs, ours) = (crate::text::word_count(&content), crate::text::word_count(text));
    (theirs >= 20 && theirs * 10 > ours * 13).then_some(content)
}

/// A piece of HTML, such as a feed's content, as text: paragraphs apart by a blank line.
pub fn plain(html: &str) -> String {
    guard::parse(html).map_or_else(|_| String::new(), |html| body::everything(&html))
}

/// The blocks of a page with their features, for training the choice of blocks.
#[doc(hidden)]
pub fn blocks(page: &Page<'_>) -> Vec<body::BlockView> {
    anchored(page, body::views)
}

/// What the generic reading leaves out of the text, in the page's order: lines of a sentence's
/// length that are not beyond doubt furniture.
pub fn left_out(page: &Page<'_>) -> Vec<LeftOut> {
    anchored(page, body::left_out)
}

fn anchored<T>(page: &Page<'_>, look: impl Fn(&scraper::Html, &Anchors<'_>) -> Vec<T>) -> Vec<T> {
    let decoded = charset::decode(page);
    let Ok(html) = guard::parse(&decoded.text) else { return Vec::new() };
    let mut head = Head::collect(&html, page.url);
    let around = Around::find(&html, &mut head, None, page);
    look(&html, &around.anchors(&head, page))
}

/// The names of the features of [`blocks`].
#[doc(hidden)]
pub fn block_features() -> &'static [&'static str] {
    body::feature_names()
}
