//! The demo's feeds: RSS, Atom, JSON Feed.

use serde_json::json;

use super::{
    article::{Article, Edition, Quirk, instant},
    markup::{self, each},
    outlet::{Feed, Format, Outlet, World},
};
use crate::text::escape_xml;

/// The document and its content type.
pub(super) fn write(
    world: &World,
    outlet: &Outlet,
    feed: &Feed,
    second: bool,
) -> (String, &'static str) {
    let items: Vec<(Edition<'_>, String)> =
        world.listed(outlet, feed).map(|(article, link)| (article.edition(second), link)).collect();
    match feed.format {
        Format::Rss => (rss(world, outlet, &items), "application/rss+xml; charset=utf-8"),
        Format::Truncated => (truncated(world, outlet, &items), "application/rss+xml"),
        Format::Atom => (atom(world, outlet, feed, &items), "application/atom+xml"),
        Format::Json => (json_feed(world, outlet, feed, &items), "application/feed+json"),
        Format::Page => (moved(outlet), "text/html; charset=utf-8"),
    }
}

fn rss(world: &World, outlet: &Outlet, items: &[(Edition<'_>, String)]) -> String {
    let items = each(items, |(edition, link)| rss_item(world, edition, link));
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <rss version=\"2.0\" xmlns:content=\"http://purl.org/rss/1.0/modules/content/\" \
         xmlns:dc=\"http://purl.org/dc/elements/1.1/\">\n<channel>\n<title>{}</title>\n\
         <link>{}</link>\n<description>{0}</description>\n<language>{}</language>\n\
         {items}</channel>\n</rss>\n",
        escape_xml(&outlet.name),
        world.address(&outlet.id, "/"),
        outlet.language,
    )
}

fn rss_item(world: &World, edition: &Edition<'_>, link: &str) -> String {
    let article = edition.article;
    let categories =
        each(&article.tags, |tag| format!("<category>{}</category>\n", escape_xml(tag)));
    let content = if article.quirk == Quirk::Gone {
        format!(
            "<content:encoded><![CDATA[{}]]></content:encoded>\n",
            markup::html(&edition.blocks).0
        )
    } else {
        String::new()
    };
    format!(
        "<item>\n<title>{}</title>\n<link>{}</link>\n<guid isPermaLink=\"false\">{}</guid>\n\
         <dc:creator>{}</dc:creator>\n<pubDate>{}</pubDate>\n{categories}\
         <description><![CDATA[<p>{}</p>]]></description>\n{content}</item>\n",
        escape_xml(edition.title),
        escape_xml(link),
        escape_xml(&guid(world, article)),
        escape_xml(&article.author),
        article.published_at().strftime("%a, %d %b %Y %H:%M:%S GMT"),
        escape_xml(&article.standfirst),
    )
}

/// As a connection leaves it that dies in the title of the last item.
fn truncated(world: &World, outlet: &Outlet, items: &[(Edition<'_>, String)]) -> String {
    let xml = rss(world, outlet, items);
    let last_title = xml.rfind("<item>").and_then(|item| {
        let title = xml.get(item..)?.find("<title>")?;
        Some(item + title + "<title>".len() + 6)
    });
    last_title.and_then(|end| xml.get(..end)).unwrap_or(&xml).to_owned()
}

fn atom(world: &World, outlet: &Outlet, feed: &Feed, items: &[(Edition<'_>, String)]) -> String {
    let updated = items.iter().map(|(edition, _)| instant(edition.updated)).max();
    let entries = each(items, |(edition, link)| {
        let article = edition.article;
        format!(
            "<entry>\n<title>{}</title>\n<id>{}</id>\n<link href=\"{}\"/>\n\
             <published>{}</published>\n<updated>{}</updated>\n\
             <author><name>{}</name></author>\n<summary>{}</summary>\n</entry>\n",
            escape_xml(edition.title),
            escape_xml(&guid(world, article)),
            escape_xml(link),
            article.published,
            edition.updated,
            escape_xml(&article.author),
            escape_xml(&article.standfirst),
        )
    });
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
         <feed xmlns=\"http://www.w3.org/2005/Atom\" xml:lang=\"{}\">\n<title>{}</title>\n\
         <id>{}</id>\n<link rel=\"self\" href=\"{2}\"/>\n<updated>{}</updated>\n\
         {entries}</feed>\n",
        outlet.language,
        escape_xml(&outlet.name),
        world.address(&outlet.id, &feed.path),
        updated.unwrap_or_default(),
    )
}

fn json_feed(
    world: &World,
    outlet: &Outlet,
    feed: &Feed,
    items: &[(Edition<'_>, String)],
) -> String {
    let items: Vec<_> = items
        .iter()
        .map(|(edition, link)| {
            let article = edition.article;
            json!({
                "id": guid(world, article),
                "url": link,
                "title": edition.title,
                "summary": article.standfirst,
                "content_text": article.standfirst,
                "date_published": article.published,
                "authors": [{ "name": article.author }],
                "tags": article.tags,
            })
        })
        .collect();
    json!({
        "version": "https://jsonfeed.org/version/1.1",
        "title": outlet.name,
        "home_page_url": world.address(&outlet.id, "/"),
        "feed_url": world.address(&outlet.id, &feed.path),
        "language": outlet.language,
        "items": items,
    })
    .to_string()
}

/// What an address that once was a feed often answers, with status 200.
fn moved(outlet: &Outlet) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"{}\"><head><meta charset=\"utf-8\"><title>{} has moved</title>\
         </head><body><h1>Our feeds have moved</h1><p>Please look for them on the front page.</p>\
         </body></html>\n",
        outlet.language,
        escape_xml(&outlet.name),
    )
}

fn guid(world: &World, article: &Article) -> String {
    world.address(&article.outlet, &article.path)
}
