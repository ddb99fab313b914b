//! From a skeleton, with feed-rs's reading beside it, to a listing.

use std::{borrow::Cow, collections::BTreeSet, time::Duration};

use feed_rs::model;
use url::Url;

use super::{
    Entry, Listing, ReadBy,
    markup::{Markup, Piece, SECTION_END, Tag, unescape},
    plain,
    skeleton::{self, Field, Name, RawEntry, Root, Skeleton},
    strict,
};
use crate::{
    canonical_url::{CanonicalUrl, LONGEST, strip_user_info},
    date::{self, Dated, Hints},
    text::{clean_line, language::tag as language_tag},
};

/// Flaws beyond these say nothing new.
const MOST_FLAWS: usize = 20;

/// Reads the feed whose root element begins at `start`.
pub(super) fn read(
    markup: &Markup<'_>,
    root: Root,
    tag: Tag<'_>,
    start: usize,
    base: &Url,
) -> Listing {
    let skeleton = skeleton::read(markup, root, tag, start);
    let mut flaws = Flaws::default();
    if start > 0 && !markup.text.get(..start).is_none_or(is_prolog) {
        flaws.add("something stands before the feed".to_owned());
    }
    if let Some(name) = skeleton.unclosed {
        flaws.add(format!("<{name}> is not closed"));
    }
    if skeleton.is_cut {
        flaws.add(format!("only the first {} entries were read", skeleton::MOST_ENTRIES));
    }
    let reading = strict::read(markup.text, &skeleton)
        .map_err(|reason| format!("not read by feed-rs: {reason}"));
    let read_by = match reading {
        Ok(feed) if feed.entries.len() == skeleton.entries.len() => ReadBy::FeedRs,
        Ok(feed) if feed.entries.len() > skeleton.entries.len() => {
            return Assembly { base, skeleton: &skeleton, flaws }.without_skeleton(feed);
        }
        Ok(feed) => {
            let (strict, all) = (feed.entries.len(), skeleton.entries.len());
            flaws.add(format!("feed-rs finds {strict} of {all} entries"));
            ReadBy::Lenient
        }
        Err(reason) => {
            flaws.add(reason);
            ReadBy::Lenient
        }
    };
    Assembly { base, skeleton: &skeleton, flaws }.listing(read_by)
}

/// Whether nothing but comments, instructions and blanks stand before the root element.
fn is_prolog(text: &str) -> bool {
    let markup = Markup::new(text);
    let mut at = 0;
    while let Some(open) = markup.next(at) {
        let blank = text.get(at..open).is_some_and(|text| text.trim().is_empty());
        let (piece, end) = markup.piece(open);
        if !blank || !matches!(piece, Piece::Other) {
            return false;
        }
        at = end;
    }
    text.get(at..).is_some_and(|text| text.trim().is_empty())
}

/// What was wrong, without repetition.
#[derive(Default)]
pub(super) struct Flaws {
    seen: BTreeSet<String>,
    pub(super) list: Vec<String>,
}

impl Flaws {
    pub(super) fn add(&mut self, flaw: String) {
        if self.list.len() < MOST_FLAWS && self.seen.insert(flaw.clone()) {
            self.list.push(flaw);
        }
    }
}

struct Assembly<'s, 'a> {
    base: &'s Url,
    skeleton: &'s Skeleton<'a>,
    flaws: Flaws,
}

impl Assembly<'_, '_> {
    fn listing(mut self, read_by: ReadBy) -> Listing {
        let skeleton = self.skeleton;
        let first = |name| skeleton.fields.iter().find(|field| field.name == name);
        let language = first(Name::Language)
            .and_then(|field| language_tag(&text_of(field)))
            .or_else(|| language(skeleton.tag));
        let base = rebase(self.base, skeleton.tag);
        let authors = authors(skeleton.fields.iter());
        let context = Context { base: &base, language: language.as_deref(), authors: &authors };
        let mut entries = Vec::with_capacity(skeleton.entries.len());
        for raw in &skeleton.entries {
            entries.push(self.entry(raw, &context));
        }
        let title = first(Name::Title).or_else(|| first(Name::OtherTitle));
        Listing {
            title: title.map(title_of).filter(|title| !title.is_empty()),
            interval: interval(skeleton),
            skip_hours: skip_hours(skeleton),
            skip_days: skip_days(skeleton),
            language,
            entries,
            flaws: self.flaws.list,
            ..Listing::bare(read_by)
        }
    }

    fn entry(&mut self, raw: &RawEntry<'_>, context: &Context<'_>) -> Entry {
        let first = |name| raw.all(name).next();
        let base = rebase(context.base, raw.tag);
        let titles = raw.all(Name::Title).chain(raw.all(Name::OtherTitle)).map(title_of);
        let declared = first(Name::Language).and_then(|field| language_tag(&text_of(field)));
        let entry_language = declared.or_else(|| language(raw.tag));
        let hint = entry_language.as_deref().or(context.language);
        let published = [Name::Published, Name::Issued, Name::Date, Name::Created];
        let published = published.into_iter().flat_map(|name| raw.all(name));
        let mut authors = authors(raw.fields.iter());
        if authors.is_empty() && self.skeleton.root == Root::Atom {
            authors.extend_from_slice(context.authors);
        }
        let mut media = Vec::new();
        for url in media_urls(raw).filter_map(|address| resolve(&base, &address)) {
            if !media.contains(&url) {
                media.push(url);
            }
        }
        let (url, guid) = (link(raw, &base), guid(raw));
        if url.is_none() {
            self.flaws.add("an entry has no link".to_owned());
        }
        Entry {
            url,
            guid,
            original_url: first(Name::OriginalLink)
                .and_then(|field| resolve(&base, &text_of(field))),
            title: titles.into_iter().find(|title| !title.is_empty()),
            summary: summary(raw),
            content: content(raw),
            authors,
            tags: tags(raw),
            published: self.date(published, hint),
            updated: self.date(raw.all(Name::Updated), hint),
            language: entry_language,
            image_url: image(raw).and_then(|address| resolve(&base, &address)),
            media,
        }
    }

    /// The first date that can be read.
    fn date<'f, 'a: 'f>(
        &mut self,
        fields: impl Iterator<Item = &'f Field<'a>>,
        language: Option<&str>,
    ) -> Option<Dated> {
        let hints = Hints { language, ..Hints::default() };
        for field in fields {
            let text = text_of(field);
            if let Some(dated) = date::parse(&text, &hints) {
                return Some(dated);
            }
            let text: String = clean_line(&text).chars().take(80).collect();
            if !text.is_empty() {
                self.flaws.add(format!("no date: {text:?}"));
            }
        }
        None
    }

    /// feed-rs found entries that the skeleton has not: what it says is all there is.
    fn without_skeleton(self, feed: model::Feed) -> Listing {
        let base = self.base;
        let mut listing = self.listing(ReadBy::FeedRs);
        listing.entries = feed.entries.into_iter().map(|entry| bare_entry(entry, base)).collect();
        listing
    }
}

/// What the feed says of all its entries.
struct Context<'a> {
    base: &'a Url,
    language: Option<&'a str>,
    authors: &'a [String],
}

fn bare_entry(entry: model::Entry, base: &Url) -> Entry {
    let link = entry.links.iter().find(|link| link.rel.as_deref().is_none_or(|r| r == "alternate"));
    Entry {
        guid: Some(entry.id).filter(|id| !id.is_empty()),
        url: link.and_then(|link| resolve(base, &link.href)),
        title: entry.title.map(|title| plain::line(&title.content)),
        summary: entry.summary.map(|summary| plain::text(&summary.content)),
        content: entry.content.and_then(|content| content.body).map(|body| plain::text(&body)),
        authors: entry.authors.into_iter().filter_map(|person| person.name).collect(),
        tags: entry.categories.into_iter().map(|category| category.term).collect(),
        language: entry.language.as_deref().and_then(language_tag),
        ..Entry::default()
    }
}

/// The text of a field: references resolved outside of CDATA sections, tags left as they are.
fn text_of<'a>(field: &Field<'a>) -> Cow<'a, str> {
    text(field.inner).0
}

/// The text of an element's content, and whether it has elements of its own.
fn text(inner: &str) -> (Cow<'_, str>, bool) {
    if let Some(section) = single_section(inner) {
        return (Cow::Borrowed(section), false);
    }
    let markup = Markup::new(inner);
    if markup.next(0).is_none() {
        return (unescape(inner), false);
    }
    let (mut joined, mut has_elements, mut at) = (String::new(), false, 0);
    while let Some(open) = markup.next(at) {
        joined.push_str(&unescape(inner.get(at..open).unwrap_or_default()));
        let (piece, end) = markup.piece(open);
        match piece {
            Piece::Cdata(section) => joined.push_str(section),
            Piece::Start(_) | Piece::End { .. } => {
                has_elements = true;
                joined.push_str(inner.get(open..end).unwrap_or_default());
            }
            Piece::Text => joined.push_str(inner.get(open..end).unwrap_or_default()),
            Piece::Other => {}
        }
        at = end;
    }
    joined.push_str(&unescape(inner.get(at..).unwrap_or_default()));
    (Cow::Owned(joined), has_elements)
}

fn title_of(field: &Field<'_>) -> String {
    plain::line(&text_of(field))
}

/// The one CDATA section that a content consists of, as most do.
fn single_section(inner: &str) -> Option<&str> {
    let section = inner.trim().strip_prefix("<![CDATA[")?;
    let end = SECTION_END.find(section.as_bytes())?;
    (end + 3 == section.len()).then(|| section.get(..end)).flatten()
}

/// The plain text of a long field.
fn long_text(field: &Field<'_>) -> Option<String> {
    let (text, has_elements) = text(field.inner);
    let kind = field.tag.attribute("type").unwrap_or_default();
    // "text" is what many say of their HTML.
    let is_html = has_elements
        || !matches!(&*kind, "text/plain" | "text")
        || text.contains("</")
        || text.contains("<br");
    let mut plain = if is_html { plain::text(&text) } else { crate::text::clean_text(&text) };
    // Markup that was escaped twice.
    if plain.starts_with('<') && (plain.contains("</") || plain.contains("/>")) {
        plain = plain::text(&plain);
    }
    (!plain.is_empty()).then_some(plain)
}

fn summary(raw: &RawEntry<'_>) -> Option<String> {
    let fields = raw.all(Name::Summary).chain(raw.all(Name::OtherSummary));
    fields.into_iter().find_map(long_text)
}

fn content(raw: &RawEntry<'_>) -> Option<String> {
    let fields = [Name::FullText, Name::Encoded, Name::Content];
    fields.into_iter().flat_map(|name| raw.all(name)).find_map(long_text)
}

fn guid(raw: &RawEntry<'_>) -> Option<String> {
    let id = raw.all(Name::Id).map(|field| clean_line(&text_of(field)));
    let about = || raw.tag.attribute("rdf:about").or_else(|| raw.tag.attribute("about"));
    id.into_iter()
        .find(|id| !id.is_empty())
        .or_else(|| about().map(|about| clean_line(&about)).filter(|about| !about.is_empty()))
}

/// The article's address: a link of the entry, else a guid or an `rdf:about` that is one.
fn link(raw: &RawEntry<'_>, base: &Url) -> Option<Url> {
    let mut others = None;
    for field in raw.all(Name::Link) {
        let base = rebase(base, field.tag);
        let text = text_of(field);
        let is_atom = text.trim().is_empty();
        let address = if is_atom {
            field.tag.attribute("href")
        } else if text.contains('<') {
            // Some write HTML's link into it.
            let anchor =
                children(&text).find_map(|(tag, _)| Some(tag.attribute("href")?.into_owned()));
            Some(Cow::Owned(anchor.unwrap_or_else(|| plain::line(&text))))
        } else {
            Some(text)
        };
        let Some(url) = address.and_then(|address| resolve(&base, &address)) else { continue };
        let relation = field.tag.attribute("rel").map(|rel| rel.to_ascii_lowercase());
        match relation.as_deref() {
            // An element of no vocabulary, which may as well be a picture's address.
            _ if field.tag.name.eq_ignore_ascii_case("url") => others = others.or(Some(url)),
            None
            | Some("" | "alternate" | "http://www.iana.org/assignments/relation/alternate") => {
                if is_page(&field.tag) {
                    return Some(url);
                }
                others.get_or_insert(url);
            }
            Some("self" | "related" | "via" | "canonical" | "original") => {
                others.get_or_insert(url);
            }
            Some(_) => {}
        }
    }
    let mut guids = raw.all(Name::Id).filter_map(|field| {
        let text = text_of(field);
        let is_absolute = text.trim_start().to_ascii_lowercase().starts_with("http");
        let is_permalink =
            || field.tag.attribute("isPermaLink").is_some_and(|is| is.eq_ignore_ascii_case("true"));
        let is_address = is_absolute || text.contains('/') && is_permalink();
        is_address.then(|| resolve(base, &text)).flatten()
    });
    let about = || raw.tag.attribute("rdf:about").and_then(|about| resolve(base, &about));
    let original = || raw.all(Name::OriginalLink).find_map(|field| resolve(base, &text_of(field)));
    guids.next().or_else(about).or_else(original).or(others)
}

/// Whether a link is to what a reader opens, not to a form for programs such as JSON.
fn is_page(link: &Tag<'_>) -> bool {
    link.attribute("type").is_none_or(|kind| {
        let kind = kind.trim().to_ascii_lowercase();
        kind.is_empty() || kind.starts_with("text/") || kind.contains("html")
    })
}

/// An absolute http or https address of a length that can be asked for, without user name and password:
/// the page is asked for without, as it is by a reader.
pub(super) fn resolve(base: &Url, address: &str) -> Option<Url> {
    let address = address.trim();
    if address.is_empty() || address.len() > LONGEST {
        return None;
    }
    let is_whole = ["http://", "https://"].iter().any(|scheme| {
        address.strip_prefix(scheme).is_some_and(|rest| rest.starts_with(char::is_alphanumeric))
    });
    if !is_whole {
        // It may lack what it is relative to, or only its scheme; others are broken.
        return CanonicalUrl::join(base, address).ok().map(|url| url.fetch);
    }
    let mut url = Url::parse(address).ok()?;
    strip_user_info(&mut url);
    (url.as_str().len() <= LONGEST).then_some(url)
}

/// The base that holds within an element.
fn rebase<'b>(base: &'b Url, tag: Tag<'_>) -> Cow<'b, Url> {
    if !tag.attributes.contains("base") {
        return Cow::Borrowed(base);
    }
    let own = tag.attribute("xml:base").and_then(|own| resolve(base, &own));
    own.map_or(Cow::Borrowed(base), Cow::Owned)
}

fn language(tag: Tag<'_>) -> Option<String> {
    language_tag(&tag.attribute("xml:lang")?)
}

fn authors<'f, 'a: 'f>(fields: impl Iterator<Item = &'f Field<'a>>) -> Vec<String> {
    let mut authors = Vec::new();
    for field in fields.filter(|field| matches!(field.name, Name::Author | Name::Creator)) {
        let (text, has_elements) = text(field.inner);
        let name =
            if has_elements { child_text(field.inner, "name") } else { Some(text.into_owned()) };
        let Some(name) = name.map(|name| person(&plain::line(&name))) else { continue };
        if !name.is_empty() && !authors.contains(&name) {
            authors.push(name);
        }
    }
    authors
}

/// The text of the first child with a local name.
fn child_text(inner: &str, name: &str) -> Option<String> {
    children(inner).find(|(tag, _)| tag.split_name().1.eq_ignore_ascii_case(name)).map(|(_, t)| t)
}

/// The child elements of a field, each with its text; elements without content too.
fn children(inner: &str) -> impl Iterator<Item = (Tag<'_>, String)> {
    let markup = Markup::new(inner);
    let mut at = 0;
    std::iter::from_fn(move || {
        while let Some(open) = markup.next(at) {
            let (piece, end) = markup.piece(open);
            at = end;
            if let Piece::Start(tag) = piece {
                let (text, after) = leaf(&markup, end);
                at = after;
                return Some((tag, text));
            }
        }
        None
    })
}

/// The text from `from` to the next tag.
pub(super) fn leaf(markup: &Markup<'_>, from: usize) -> (String, usize) {
    let (mut joined, mut at) = (String::new(), from);
    loop {
        let open = markup.next(at).unwrap_or(markup.text.len());
        joined.push_str(&unescape(markup.text.get(at..open).unwrap_or_default()));
        if open == markup.text.len() {
            return (joined, open);
        }
        let (piece, end) = markup.piece(open);
        match piece {
            Piece::Cdata(section) => joined.push_str(section),
            Piece::Other => {}
            Piece::Text => joined.push('<'),
            Piece::Start(_) | Piece::End { .. } => return (joined, open),
        }
        at = end;
    }
}

/// The name in `editor@example.org (Name)` and `Name <editor@example.org>`.
fn person(text: &str) -> String {
    let is_address = |word: &str| word.contains('@') && !word.contains(char::is_whitespace);
    let bare = |text: &str| {
        let trimmed =
            text.trim_matches(|c: char| c.is_whitespace() || "()[]<>,;（）\"".contains(c));
        trimmed.strip_prefix("mailto:").unwrap_or(trimmed).to_owned()
    };
    if !text.contains('@') {
        return text.to_owned();
    }
    let parts = text.split(['(', ')', '<', '>', '（', '）', ',', ';']).filter_map(|part| {
        let words = part.split_whitespace().filter(|word| !is_address(word));
        let words: Vec<&str> = words.collect();
        (!words.is_empty()).then(|| words.join(" "))
    });
    parts.map(|part| bare(&part)).find(|name| !name.is_empty()).unwrap_or_else(|| bare(text))
}

fn tags(raw: &RawEntry<'_>) -> Vec<String> {
    let mut tags = Vec::new();
    for field in raw.all(Name::Category) {
        let text = text_of(field);
        let text = if text.trim().is_empty() {
            field.tag.attribute("label").or_else(|| field.tag.attribute("term")).unwrap_or_default()
        } else {
            text
        };
        let tag = plain::line(&text);
        if !tag.is_empty() && !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    tags
}

fn media_urls<'r>(raw: &'r RawEntry<'_>) -> impl Iterator<Item = String> + 'r {
    raw.fields.iter().filter_map(|field| match field.name {
        Name::Enclosure | Name::MediaContent => {
            let url = field.tag.attribute("url").or_else(|| field.tag.attribute("href"))?;
            Some(url.into_owned())
        }
        Name::Link if field.tag.attribute("rel").is_some_and(|rel| rel == "enclosure") => {
            field.tag.attribute("href").map(Cow::into_owned)
        }
        _ => None,
    })
}

fn image(raw: &RawEntry<'_>) -> Option<String> {
    let attribute = |field: &Field<'_>, name: &str| field.tag.attribute(name).map(Cow::into_owned);
    let is_image = |field: &&Field<'_>| {
        let kind = field.tag.attribute("type").or_else(|| field.tag.attribute("medium"));
        match kind {
            Some(kind) => kind.starts_with("image"),
            None => attribute(field, "url").is_some_and(|url| is_picture(&url)),
        }
    };
    let media = raw.all(Name::MediaContent).chain(raw.all(Name::Enclosure)).find(is_image);
    let own = || {
        let field = raw.all(Name::Image).next()?;
        let url = child_text(field.inner, "url").unwrap_or_else(|| text_of(field).into_owned());
        Some(url).filter(|url| !url.trim().is_empty()).or_else(|| attribute(field, "href"))
    };
    media
        .and_then(|field| attribute(field, "url"))
        .or_else(|| {
            let thumbnail = raw.all(Name::Thumbnail).next()?;
            attribute(thumbnail, "url").or_else(|| attribute(thumbnail, "href"))
        })
        .or_else(own)
}

/// Whether an address says by its end that it is a picture's.
fn is_picture(address: &str) -> bool {
    const ENDS: [&str; 6] = ["jpg", "jpeg", "png", "webp", "gif", "avif"];
    let path = address.split(['?', '#']).next().unwrap_or_default();
    path.rsplit_once('.').is_some_and(|(_, end)| ENDS.iter().any(|e| end.eq_ignore_ascii_case(e)))
}

/// `ttl` in minutes, else the period of the syndication module over its frequency.
fn interval(skeleton: &Skeleton<'_>) -> Option<Duration> {
    let text = |name| {
        let field = skeleton.fields.iter().find(|field| field.name == name)?;
        Some(text_of(field).trim().to_ascii_lowercase())
    };
    let positive = |text: String| text.parse::<u32>().ok().filter(|number| *number > 0);
    if let Some(minutes) = text(Name::TimeToLive).and_then(positive) {
        return Some(Duration::from_secs(u64::from(minutes) * 60));
    }
    let hours = match text(Name::UpdatePeriod)?.as_str() {
        "hourly" => 1,
        "daily" => 24,
        "weekly" => 7 * 24,
        "monthly" => 30 * 24,
        "yearly" => 365 * 24,
        _ => return None,
    };
    let frequency = text(Name::UpdateFrequency).and_then(positive).unwrap_or(1);
    Some(Duration::from_secs(hours * 3600) / frequency)
}

fn skipped<'s>(skeleton: &'s Skeleton<'_>, name: Name) -> impl Iterator<Item = String> + 's {
    let fields = skeleton.fields.iter().filter(move |field| field.name == name);
    fields.flat_map(|field| children(field.inner)).map(|(_, text)| text.trim().to_ascii_lowercase())
}

/// Hour 24 is an older way to say 0.
fn skip_hours(skeleton: &Skeleton<'_>) -> Vec<u8> {
    let hours = skipped(skeleton, Name::SkipHours).filter_map(|text| text.parse::<u8>().ok());
    let hours: BTreeSet<u8> = hours.filter(|hour| *hour <= 24).map(|hour| hour % 24).collect();
    hours.into_iter().collect()
}

fn skip_days(skeleton: &Skeleton<'_>) -> Vec<u8> {
    const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let days = skipped(skeleton, Name::SkipDays).filter_map(|text| {
        let day = DAYS.iter().position(|day| text.starts_with(day))?;
        u8::try_from(day + 1).ok()
    });
    let days: BTreeSet<u8> = days.collect();
    days.into_iter().collect()
}
