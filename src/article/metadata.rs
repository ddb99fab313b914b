//! Language, section, tags, pictures, addresses and the like, each from the first place that
//! states it.

use serde_json::Value;
use url::Url;

use super::head::Head;
use super::{Image, jsonld};
use crate::{
    canonical_url::strip_user_info,
    text::{self, clean_line},
};

/// Tags kept of one page.
const TAGS_MAX: usize = 50;
/// Pictures and videos kept of one page.
const MEDIA_MAX: usize = 50;

/// BCP 47 as declared: `<html lang>`, JSON-LD `inLanguage`, `og:locale`, `content-language`.
pub(super) fn language(head: &Head<'_>) -> Option<String> {
    let article = head.article();
    head.html_lang
        .or_else(|| article.and_then(|article| jsonld::string(article, "inLanguage")))
        .or_else(|| head.first_meta(&["og:locale", "content-language", "language", "dc.language"]))
        .and_then(text::language::tag)
}

pub(super) fn site_name(head: &Head<'_>) -> Option<String> {
    let publisher = || head.article().and_then(|article| jsonld::string(article, "publisher"));
    head.first_meta(&["og:site_name", "application-name"])
        .or_else(publisher)
        .map(unescaped)
        .filter(|name| !name.is_empty() && name.len() < 120 && !name.starts_with("http"))
}

pub(super) fn section(head: &Head<'_>) -> Option<String> {
    let stated = head.article().and_then(|article| jsonld::string(article, "articleSection"));
    stated
        .or_else(|| {
            head.first_meta(&["article:section", "parsely-section", "section", "sailthru.section"])
        })
        .map(unescaped)
        .filter(|section| !section.is_empty() && section.len() < 200)
}

/// All that the page calls a section: what titles are followed by.
pub(super) fn sections(head: &Head<'_>) -> Vec<String> {
    let metas = head
        .metas
        .iter()
        .filter(|(key, _)| key.ends_with("section") || key.ends_with("category"))
        .map(|(_, value)| unescaped(value));
    let crumbs = head
        .ld
        .iter()
        .filter_map(|object| object.get("itemListElement")?.as_array())
        .flatten()
        .filter_map(|item| {
            jsonld::string(item, "name").or_else(|| jsonld::string(item.get("item")?, "name"))
        })
        .map(unescaped);
    let mut sections: Vec<String> = section(head).into_iter().chain(metas).chain(crumbs).collect();
    sections.retain(|section| !section.is_empty() && section.len() < 200);
    sections
}

pub(super) fn tags(head: &Head<'_>) -> Vec<String> {
    let mut tags: Vec<String> = Vec::new();
    let mut add = |text: &str, split: bool| {
        let parts: Vec<&str> = if split { text.split([',', ';']).collect() } else { vec![text] };
        for part in parts {
            let tag = unescaped(part);
            let known = tags.iter().any(|known| known.to_lowercase() == tag.to_lowercase());
            if !tag.is_empty() && tag.chars().count() <= 80 && !known && tags.len() < TAGS_MAX {
                tags.push(tag);
            }
        }
    };
    for value in head.all_metas("article:tag") {
        add(value, value.matches(',').count() > 1);
    }
    match head.article().and_then(|article| article.get("keywords")) {
        Some(Value::String(text)) => add(text, true),
        Some(Value::Array(items)) => {
            items.iter().filter_map(Value::as_str).for_each(|item| add(item, false));
        }
        _ => {}
    }
    for key in ["news_keywords", "parsely-tags", "keywords"] {
        if let Some(value) = head.first_meta(&[key]) {
            add(value, true);
        }
    }
    tags
}

/// The page's summary and where it comes from.
pub(super) fn summary(head: &Head<'_>) -> Option<(String, &'static str)> {
    let stated = head.article().and_then(|article| jsonld::string(article, "description"));
    let candidates = [
        (stated, "jsonld"),
        (head.first_meta(&["og:description"]), "og"),
        (head.first_meta(&["description", "twitter:description", "dc.description"]), "meta"),
    ];
    candidates.into_iter().find_map(|(text, source)| {
        let text = unescaped(text?);
        (text.chars().count() >= 20).then_some((text, source))
    })
}

pub(super) fn image(head: &Head<'_>, base: &Url) -> Option<Url> {
    let stated = || head.article().and_then(|article| jsonld::string(article, "image"));
    head.first_meta(&["og:image", "og:image:url", "og:image:secure_url", "twitter:image"])
        .or_else(stated)
        .or_else(|| head.first_meta(&["twitter:image:src", "thumbnail", "image"]))
        .and_then(|address| web_url(address, base))
}

/// Pictures and videos that the page declares, the lead picture first.
pub(super) fn media(head: &Head<'_>, base: &Url) -> Vec<Url> {
    let mut media: Vec<Url> = Vec::new();
    let mut add = |address: &str| {
        if let Some(url) = web_url(address, base)
            && media.len() < MEDIA_MAX
            && !media.contains(&url)
        {
            media.push(url);
        }
    };
    for key in ["og:image", "twitter:image", "og:video", "og:video:url", "og:audio"] {
        head.all_metas(key).for_each(&mut add);
    }
    for key in ["image", "video", "thumbnailUrl"] {
        let Some(value) = head.article().and_then(|article| article.get(key)) else { continue };
        let items = value.as_array().map_or_else(|| std::slice::from_ref(value), Vec::as_slice);
        for item in items {
            let address = ["contentUrl", "url", "embedUrl"]
                .iter()
                .find_map(|key| item.get(*key).and_then(Value::as_str))
                .or_else(|| item.as_str());
            if let Some(address) = address {
                add(address);
            }
        }
    }
    media
}

/// The pictures among the text, then those that JSON-LD gives a caption.
pub(super) fn images(
    head: &Head<'_>,
    found: Vec<(String, Option<String>)>,
    base: &Url,
) -> Vec<Image> {
    let value = head.article().and_then(|article| article.get("image"));
    let items = value.map_or(&[][..], |value| {
        value.as_array().map_or_else(|| std::slice::from_ref(value), Vec::as_slice)
    });
    let stated = items.iter().filter_map(|item| {
        let address = jsonld::string(item, "contentUrl").or_else(|| jsonld::string(item, "url"))?;
        Some((address.to_owned(), Some(unescaped(jsonld::string(item, "caption")?))))
    });
    let mut images: Vec<Image> = Vec::new();
    for (address, caption) in found.into_iter().chain(stated) {
        let Some(url) = web_url(&address, base).map(String::from) else { continue };
        let caption = caption.filter(|caption| !caption.is_empty());
        if let Some(known) = images.iter_mut().find(|image| image.url == url) {
            known.caption = known.caption.take().or(caption);
        } else if images.len() < MEDIA_MAX {
            images.push(Image { url, caption });
        }
    }
    images
}

/// `license` of JSON-LD, `<link rel=license>`, Dublin Core's rights.
pub(super) fn licence(head: &Head<'_>) -> Option<String> {
    let stated = head.article().and_then(|article| jsonld::string(article, "license"));
    stated
        .or(head.licence)
        .or_else(|| head.first_meta(&["dc.rights.license", "dcterms.license", "dc.rights"]))
        .map(unescaped)
        .filter(|licence| !licence.is_empty() && licence.len() < 300)
}

/// What the page says its own address is.
pub(super) fn canonical(head: &Head<'_>, base: &Url) -> Option<Url> {
    head.canonical
        .or_else(|| head.first_meta(&["og:url"]))
        .and_then(|address| web_url(address, base))
}

fn web_url(address: &str, base: &Url) -> Option<Url> {
    let address = unescaped(address);
    if address.is_empty() || address.len() > 4096 {
        return None;
    }
    let mut url =
        base.join(&address).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    strip_user_info(&mut url);
    Some(url)
}

/// A cleaned line with the character references that JSON-LD and meta tags carry doubly escaped.
pub(super) fn unescaped(text: &str) -> String {
    if !text.contains('&') && !text.contains('<') {
        return clean_line(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(rest.get(..at).unwrap_or_default());
        rest = rest.get(at..).unwrap_or_default();
        let end = rest.bytes().take(12).position(|byte| byte == b';');
        let reference = end.and_then(|end| rest.get(1..end)).and_then(character);
        if let (Some(c), Some(end)) = (reference, end) {
            out.push(c);
            rest = rest.get(end + 1..).unwrap_or_default();
        } else {
            out.push('&');
            rest = rest.get(1..).unwrap_or_default();
        }
    }
    out.push_str(rest);
    clean_line(&out)
}

fn character(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok()?,
            None => number.parse().ok()?,
        };
        return char::from_u32(code);
    }
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => ' ',
        "shy" => '\u{ad}',
        "ndash" => '–',
        "mdash" => '—',
        "hellip" => '…',
        "lsquo" => '‘',
        "rsquo" => '’',
        "sbquo" => '‚',
        "ldquo" => '“',
        "rdquo" => '”',
        "bdquo" => '„',
        "laquo" => '«',
        "raquo" => '»',
        "auml" => 'ä',
        "ouml" => 'ö',
        "uuml" => 'ü',
        "Auml" => 'Ä',
        "Ouml" => 'Ö',
        "Uuml" => 'Ü',
        "szlig" => 'ß',
        "eacute" => 'é',
        "egrave" => 'è',
        "agrave" => 'à',
        "ccedil" => 'ç',
        "ntilde" => 'ñ',
        "oacute" => 'ó',
        "iacute" => 'í',
        "aacute" => 'á',
        "uacute" => 'ú',
        _ => return None,
    })
}
