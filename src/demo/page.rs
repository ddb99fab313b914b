//! The demo's pages: an article among all that stands around one on a news site.

use serde_json::json;

use super::{
    article::{Article, Edition, Markup, Quirk, instant},
    markup::{self, Block, each, script_json},
    outlet::{Furniture, Outlet, World},
};
use crate::text::escape_xml;

/// The page of an article.
pub(super) fn write(world: &World, outlet: &Outlet, edition: &Edition<'_>) -> Option<String> {
    let words = world.furniture.get(&outlet.language)?;
    let article = edition.article;
    let main = match article.markup {
        Markup::JsonLd => semantic(edition, words),
        Markup::Meta => plain(edition, words),
        Markup::Glued => glued(edition, words),
        Markup::Odd => odd(world, outlet, edition, words),
    };
    let mut html = head(world, outlet, edition);
    html.push_str(&top(outlet, words));
    html.push_str(&main);
    html.push_str(&bottom(world, outlet, Some(article), words));
    Some(html)
}

/// The front page: what the outlet publishes, for a person who looks at the demo in a browser.
pub(super) fn front(world: &World, outlet: &Outlet) -> Option<String> {
    let words = world.furniture.get(&outlet.language)?;
    Some(format!(
        "{}<title>{}</title>\n</head>\n{}{}",
        opening(outlet, "utf-8"),
        escape_xml(&outlet.name),
        top(outlet, words),
        bottom(world, outlet, None, words),
    ))
}

fn opening(outlet: &Outlet, charset: &str) -> String {
    let direction = if outlet.language == "ar" { " dir=\"rtl\"" } else { "" };
    format!(
        "<!DOCTYPE html>\n<html lang=\"{}\"{direction}>\n<head>\n<meta charset=\"{charset}\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n",
        outlet.language,
    )
}

fn head(world: &World, outlet: &Outlet, edition: &Edition<'_>) -> String {
    let article = edition.article;
    let charset = match article.quirk {
        Quirk::Windows1251 => "windows-1251",
        _ => "utf-8",
    };
    let opening = opening(outlet, charset);
    let title = escape_xml(edition.title);
    let name = escape_xml(&outlet.name);
    if article.markup == Markup::Odd {
        return format!("{opening}<title>{name} :: {title}</title>\n</head>\n");
    }
    let address = escape_xml(&world.address(&outlet.id, &article.path));
    let image = escape_xml(&world.address(&outlet.id, &format!("/images/{}.jpg", article.name)));
    let described = match article.markup {
        Markup::JsonLd => json_ld(world, outlet, edition),
        Markup::Glued => glued_meta(outlet, article),
        Markup::Meta | Markup::Odd => meta(edition),
    };
    format!(
        "{opening}<title>{title} | {name}</title>\n<link rel=\"canonical\" href=\"{address}\">\n\
         <meta property=\"og:type\" content=\"article\">\n\
         <meta property=\"og:title\" content=\"{title}\">\n\
         <meta property=\"og:site_name\" content=\"{name}\">\n\
         <meta property=\"og:image\" content=\"{image}\">\n{described}</head>\n",
    )
}

fn json_ld(world: &World, outlet: &Outlet, edition: &Edition<'_>) -> String {
    let article = edition.article;
    let mut value = json!({
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": edition.title,
        "description": article.standfirst,
        "datePublished": article.published,
        "dateModified": edition.updated,
        "articleSection": article.section,
        "keywords": article.tags,
        "inLanguage": outlet.language,
        "author": { "@type": "Person", "name": article.author },
        "publisher": { "@type": "NewsMediaOrganization", "name": outlet.name },
        "mainEntityOfPage": world.address(&outlet.id, &article.path),
        "image": [world.address(&outlet.id, &format!("/images/{}.jpg", article.name))],
    });
    if article.quirk == Quirk::Paywall
        && let Some(map) = value.as_object_mut()
    {
        map.insert("isAccessibleForFree".to_owned(), json!(false));
    }
    format!(
        "<meta name=\"description\" content=\"{}\">\n\
         <script type=\"application/ld+json\">{}</script>\n",
        escape_xml(&article.standfirst),
        script_json(&value),
    )
}

fn meta(edition: &Edition<'_>) -> String {
    let article = edition.article;
    let tags = each(&article.tags, |tag| {
        format!("<meta property=\"article:tag\" content=\"{}\">\n", escape_xml(tag))
    });
    format!(
        "<meta name=\"description\" content=\"{0}\">\n\
         <meta property=\"og:description\" content=\"{0}\">\n\
         <meta name=\"author\" content=\"{1}\">\n\
         <meta property=\"article:published_time\" content=\"{2}\">\n\
         <meta property=\"article:modified_time\" content=\"{3}\">\n\
         <meta property=\"article:section\" content=\"{4}\">\n{tags}",
        escape_xml(&article.standfirst),
        escape_xml(&article.author),
        article.published,
        edition.updated,
        escape_xml(&article.section),
    )
}

/// A description with the date and the site's name at its end, and a date whose offset has no colon.
fn glued_meta(outlet: &Outlet, article: &Article) -> String {
    format!(
        "<meta name=\"description\" content=\"{} {}, {}\">\n\
         <meta property=\"article:published_time\" content=\"{}\">\n",
        escape_xml(&article.standfirst),
        instant(&article.published).strftime("%d.%m.%Y"),
        escape_xml(&outlet.name),
        article.published.replace("+03:00", "+0300"),
    )
}

fn top(outlet: &Outlet, words: &Furniture) -> String {
    let nav = each(words.nav.iter().enumerate(), |(at, name)| {
        format!("<li><a href=\"/section/{at}\">{}</a></li>", escape_xml(name))
    });
    format!(
        "<body>\n<div class=\"cookie-notice\" role=\"dialog\"><p>{}</p>\
         <button type=\"button\">{}</button></div>\n\
         <header class=\"site-header\"><a class=\"logo\" href=\"/\">{}</a>\n\
         <nav class=\"main-nav\"><ul>{nav}</ul></nav></header>\n",
        escape_xml(&words.cookies),
        escape_xml(&words.accept),
        escape_xml(&outlet.name),
    )
}

fn share(words: &Furniture) -> String {
    let links = each(["Telegram", "WhatsApp", "VK", "X"], |name| {
        format!("<li><a href=\"#\" rel=\"nofollow\">{name}</a></li>")
    });
    format!(
        "<div class=\"share-bar\"><span>{}</span><ul>{links}</ul></div>\n",
        escape_xml(&words.share)
    )
}

fn tags(article: &Article, words: &Furniture) -> String {
    let links =
        each(&article.tags, |tag| format!("<a href=\"/tag\" rel=\"tag\">{}</a> ", escape_xml(tag)));
    format!("<div class=\"tags\">{}: {links}</div>\n", escape_xml(&words.tags))
}

fn body(edition: &Edition<'_>, words: &Furniture) -> String {
    let (text, walled) = markup::html(&edition.blocks);
    let wall = if walled {
        format!(
            "<div class=\"paywall\"><p>{}</p><a class=\"button\" href=\"/subscribe\">+</a></div>\n",
            escape_xml(&words.wall),
        )
    } else {
        String::new()
    };
    let tail = each(&edition.article.tail, |tail| format!("<p>{}</p>\n", escape_xml(tail)));
    format!("{text}{wall}{tail}")
}

fn semantic(edition: &Edition<'_>, words: &Furniture) -> String {
    let article = edition.article;
    format!(
        "<main><article>\n<header><h1>{}</h1>\n<p class=\"standfirst\">{}</p>\n\
         <p class=\"byline\">{} <a rel=\"author\" href=\"/authors\">{}</a> \
         <time datetime=\"{}\">{}</time></p></header>\n{}\
         <figure><img src=\"/images/{}.jpg\" alt=\"\"><figcaption>{}</figcaption></figure>\n\
         <div class=\"article-body\">\n{}</div>\n{}</article></main>\n",
        escape_xml(edition.title),
        escape_xml(&article.standfirst),
        escape_xml(&words.by),
        escape_xml(&article.author),
        article.published,
        visible_date(&article.published),
        share(words),
        article.name,
        escape_xml(&article.section),
        body(edition, words),
        tags(article, words),
    )
}

fn plain(edition: &Edition<'_>, words: &Furniture) -> String {
    let article = edition.article;
    format!(
        "<div class=\"wrap\"><div class=\"col-main\">\n<div class=\"crumbs\">{}</div>\n\
         <h1 class=\"headline\">{}</h1>\n<div class=\"info\">{} · {} {}</div>\n\
         <div class=\"story-text\">\n{}</div>\n{}{}</div></div>\n",
        escape_xml(&article.section),
        escape_xml(edition.title),
        visible_date(&article.published),
        escape_xml(&words.by),
        escape_xml(&article.author),
        body(edition, words),
        tags(article, words),
        share(words),
    )
}

/// The title a second time, all paragraphs in one `div`, two line breaks or a bare `div` between
/// them, and subheadings that touch the words after them.
fn glued(edition: &Edition<'_>, words: &Furniture) -> String {
    let article = edition.article;
    let mut pieces = Vec::new();
    let mut after_paragraph = false;
    for block in &edition.blocks {
        match block {
            Block::Heading(heading) => pieces.push(format!("<h3>{}</h3>", escape_xml(heading))),
            Block::Paragraph(paragraph) if after_paragraph => {
                pieces.push(format!("<br><br>{}", escape_xml(paragraph)));
            }
            Block::Paragraph(paragraph) => pieces.push(escape_xml(paragraph)),
            Block::Quote(_) | Block::List(_) | Block::Wall => {}
        }
        after_paragraph = matches!(block, Block::Paragraph(_));
    }
    let text = pieces.concat();
    format!(
        "<div class=\"article\"><div class=\"article__header\">\
         <div class=\"article__date\">{}</div><h1 class=\"article__title\">{title}</h1></div>\n\
         <div class=\"article__photo\"><img src=\"/images/{}.jpg\" alt=\"{title}\" \
         title=\"{title}\"></div>\n<div class=\"article__announce\">\
         <div class=\"announce-title\">{title}</div><div class=\"announce-text\">{}</div></div>\n\
         <div class=\"article__body\"><div><div>{text}</div></div></div>\n{}{}</div>\n",
        visible_date(&article.published),
        article.name,
        escape_xml(&article.standfirst),
        share(words),
        tags(article, words),
        title = escape_xml(edition.title),
    )
}

/// Tables for layout and `font` elements for paragraphs, beside a column of readers' letters that
/// has more text in real paragraphs than the article.
fn odd(world: &World, outlet: &Outlet, edition: &Edition<'_>, words: &Furniture) -> String {
    let article = edition.article;
    let text = each(&edition.blocks, |block| match block {
        Block::Paragraph(text) => {
            format!("<font class=\"tx\">{}</font><br><br>\n", escape_xml(text))
        }
        _ => String::new(),
    });
    let others = world.articles_of(&outlet.id).filter(|other| other.name != article.name);
    let letters = each(others.flat_map(|other| other.body.split("\n\n")), |paragraph| {
        format!("<p>{}</p>\n", escape_xml(paragraph.trim()))
    });
    format!(
        "<table class=\"pg\"><tr><td class=\"namakner\"><b>{}</b>\n{letters}</td>\n\
         <td class=\"nyut\"><span class=\"vern\">{}</span>\n<span class=\"or\">{}</span>\n\
         <span class=\"hegh\">{}</span>\n<div class=\"bnagir\">{text}</div></td></tr></table>\n",
        escape_xml(&words.also),
        escape_xml(edition.title),
        visible_date(&article.published),
        escape_xml(&article.author),
    )
}

/// Teasers of the outlet's other stories, the newsletter's box, the footer.
fn bottom(world: &World, outlet: &Outlet, but: Option<&Article>, words: &Furniture) -> String {
    let others = world
        .articles_of(&outlet.id)
        .filter(|article| but.is_none_or(|but| but.name != article.name));
    let teasers = each(others, |article| {
        format!(
            "<li class=\"teaser\"><a href=\"{}\"><h3>{}</h3></a><p>{}</p></li>\n",
            escape_xml(&article.path),
            escape_xml(&article.title),
            escape_xml(&article.standfirst),
        )
    });
    format!(
        "<aside class=\"related\"><h2>{}</h2><ul>\n{teasers}</ul></aside>\n\
         <section class=\"newsletter\"><p>{}</p></section>\n\
         <footer class=\"site-footer\"><p>© 2022 {}. {}</p></footer>\n</body>\n</html>\n",
        escape_xml(if but.is_some() { &words.also } else { &words.most_read }),
        escape_xml(&words.newsletter),
        escape_xml(&outlet.name),
        escape_xml(&words.footer),
    )
}

/// `16.01.2022, 10:42`, as the publisher's clock shows it.
fn visible_date(published: &str) -> String {
    let part = |from: usize, to: usize| published.get(from..to).unwrap_or_default();
    format!("{}.{}.{}, {}", part(8, 10), part(5, 7), part(0, 4), part(11, 16))
}
