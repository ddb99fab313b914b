//! The lenient reader: finds the feed, its entries and their fields in any text that looks like
//! one, well-formed or not. It cuts out slices and leaves their decoding to `feed`.
//!
//! Names are matched without regard to case; a prefix means what it is declared to mean or, where
//! it is not declared, what everybody uses it for. Items end at their end tag, at the next item, or
//! at the end of the text; an element that is never closed ends at the next tag. The cost is linear
//! in the length of the text.

use std::ops::Range;

use super::markup::{Markup, Piece, Tag};

/// Entries beyond these are left out.
pub(super) const MOST_ENTRIES: usize = 5000;
/// Fields of one entry beyond these are left out.
const MOST_FIELDS: usize = 500;
/// Searches for the ends of unknown elements may fail over so many times the length of the text
/// before no more are made.
const MOST_VAIN_READINGS: usize = 4;
/// Unknown names of one entry that are remembered to have no end tag.
const MOST_ENDLESS: usize = 16;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Root {
    Rss,
    Rdf,
    Atom,
    /// A lone Atom entry.
    Entry,
    UrlSet,
    SitemapIndex,
}

/// The least that Atom allows for marked-up text.
const EMPTY_MARKUP: &str = "<div xmlns=\"http://www.w3.org/1999/xhtml\">x</div>";

/// What a field of a feed or an entry is, whatever the format calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Name {
    Title,
    /// A title of another vocabulary (Dublin Core, iTunes, Media RSS).
    OtherTitle,
    Link,
    OriginalLink,
    Id,
    Published,
    Issued,
    Date,
    Created,
    Updated,
    Summary,
    OtherSummary,
    Content,
    /// RSS's `content:encoded` and the like.
    Encoded,
    FullText,
    Author,
    Creator,
    /// Somebody who answers for the feed.
    Contact,
    Category,
    Enclosure,
    MediaContent,
    Thumbnail,
    Image,
    Language,
    TimeToLive,
    UpdatePeriod,
    UpdateFrequency,
    SkipHours,
    SkipDays,
    /// Descended into.
    Group,
    /// Skipped with all it contains.
    Skipped,
    Entry,
}

impl Name {
    /// A field that holds a text of any length, whose form says nothing of the feed's.
    pub(super) fn is_long(self) -> bool {
        matches!(
            self,
            Self::Summary | Self::OtherSummary | Self::Content | Self::Encoded | Self::FullText
        )
    }
}

/// An element of interest.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field<'a> {
    pub(super) name: Name,
    pub(super) tag: Tag<'a>,
    pub(super) inner: &'a str,
}

#[derive(Debug)]
pub(super) struct RawEntry<'a> {
    pub(super) tag: Tag<'a>,
    pub(super) fields: Vec<Field<'a>>,
}

impl<'a> RawEntry<'a> {
    pub(super) fn all(&self, name: Name) -> impl Iterator<Item = &Field<'a>> {
        self.fields.iter().filter(move |field| field.name == name)
    }
}

/// Bytes of the text that are left out, and what stands for them.
#[derive(Debug)]
pub(super) struct Cut {
    pub(super) bytes: Range<usize>,
    pub(super) stand_in: &'static str,
}

#[derive(Debug)]
pub(super) struct Skeleton<'a> {
    pub(super) root: Root,
    /// Where the root element begins.
    pub(super) start: usize,
    pub(super) tag: Tag<'a>,
    pub(super) fields: Vec<Field<'a>>,
    pub(super) entries: Vec<RawEntry<'a>>,
    /// What feed-rs need not see of the entries, in order: long texts, and elements of vocabularies
    /// that say nothing of what an entry is.
    pub(super) cuts: Vec<Cut>,
    /// More entries than are kept.
    pub(super) is_cut: bool,
    /// An element that should be closed is not.
    pub(super) unclosed: Option<&'a str>,
}

/// Finds the root element of a feed or a sitemap.
pub(super) fn root<'a>(markup: &Markup<'a>) -> Option<(Root, Tag<'a>, usize)> {
    let mut at = 0;
    while let Some(open) = markup.next(at) {
        let (piece, end) = markup.piece(open);
        if let Piece::Start(tag) = piece {
            let (_, local) = tag.split_name();
            let root = match local.to_ascii_lowercase().as_str() {
                "rss" | "channel" => Some(Root::Rss),
                "rdf" => Some(Root::Rdf),
                "feed" => Some(Root::Atom),
                "entry" => Some(Root::Entry),
                "urlset" => Some(Root::UrlSet),
                "sitemapindex" => Some(Root::SitemapIndex),
                // The text goes on as a page.
                "body" | "head" => return None,
                _ => None,
            };
            if let Some(root) = root {
                return Some((root, tag, open));
            }
        }
        at = end;
    }
    None
}

/// Reads the feed whose root element begins at `start`.
pub(super) fn read<'a>(
    markup: &Markup<'a>,
    root: Root,
    tag: Tag<'a>,
    start: usize,
) -> Skeleton<'a> {
    let mut reader = Reader {
        markup,
        prefixes: Vec::new(),
        vain_bytes: markup.text.len().saturating_mul(MOST_VAIN_READINGS),
        vain_names: 0,
        endless: Vec::new(),
        open: None,
        skeleton: Skeleton {
            root,
            start,
            tag,
            fields: Vec::new(),
            entries: Vec::new(),
            cuts: Vec::new(),
            is_cut: false,
            unclosed: None,
        },
    };
    reader.run();
    reader.skeleton
}

/// A vocabulary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Space {
    /// RSS of all versions, Atom, and elements without a prefix.
    Core,
    Content,
    DublinCore,
    Terms,
    Media,
    Itunes,
    Syndication,
    Feedburner,
    /// What publishers of magazines add.
    Prism,
    Other,
}

struct Reader<'m, 'a> {
    markup: &'m Markup<'a>,
    prefixes: Vec<(&'a str, Space)>,
    /// Bytes that may still be searched in vain for the ends of unknown elements.
    vain_bytes: usize,
    /// Names, as bits, whose end was sought in vain in the open entry.
    vain_names: u64,
    /// Unknown names that have no end tag in the rest of the open entry.
    endless: Vec<&'a str>,
    /// Qualified name of the entry that is being read.
    open: Option<&'a str>,
    skeleton: Skeleton<'a>,
}

/// Where an element ends.
enum End {
    /// The end of its content, and the end of its end tag.
    At(usize, usize),
    /// It has no end tag before here.
    Missing(usize),
    /// Nor has any other of its name.
    Endless(usize),
}

impl<'a> Reader<'_, 'a> {
    fn run(&mut self) {
        let mut at = self.skeleton.start;
        while let Some(open) = self.markup.next(at) {
            let (piece, end) = self.markup.piece(open);
            at = match piece {
                Piece::Start(tag) => {
                    if tag.attributes.contains("xmlns:") {
                        self.declare(tag);
                    }
                    let name = self.name(tag);
                    if name == Some(Name::Entry) {
                        if !self.begin_entry(tag) {
                            break;
                        }
                        end
                    } else {
                        self.element(tag, name, open..end)
                    }
                }
                Piece::End { name } => {
                    if self.open == Some(name) {
                        self.open = None;
                    } else if self.is_root_end(name) {
                        break;
                    }
                    end
                }
                Piece::Cdata(_) | Piece::Other | Piece::Text => end,
            };
        }
        if let Some(name) = self.open {
            self.skeleton.unclosed.get_or_insert(name);
        }
    }

    /// The root's end tag is the end of the feed once it has had entries; what follows is another.
    fn is_root_end(&mut self, name: &str) -> bool {
        if name != self.skeleton.tag.name || self.skeleton.entries.is_empty() {
            return false;
        }
        if let Some(open) = self.open.take() {
            self.skeleton.unclosed.get_or_insert(open);
        }
        name != "channel"
    }

    fn begin_entry(&mut self, tag: Tag<'a>) -> bool {
        if let Some(open) = self.open.take() {
            self.skeleton.unclosed.get_or_insert(open);
        }
        if self.skeleton.entries.len() >= MOST_ENTRIES {
            self.skeleton.is_cut = true;
            return false;
        }
        self.vain_names = 0;
        self.endless.clear();
        self.open = (!tag.is_empty).then_some(tag.name);
        let fields = Vec::with_capacity(12);
        self.skeleton.entries.push(RawEntry { tag, fields });
        true
    }

    /// Takes an element of the feed or of the open entry; where reading goes on.
    fn element(&mut self, tag: Tag<'a>, name: Option<Name>, bytes: Range<usize>) -> usize {
        let Range { start, end } = bytes;
        // A feed within an entry is another's: it is passed over like what is unknown.
        let is_root = tag.name == self.skeleton.tag.name && self.open.is_none();
        if name == Some(Name::Group) || is_root {
            return end;
        }
        // Unknown elements of the feed may hold its entries: they are entered.
        if name.is_none()
            && (self.open.is_none() || self.vain_bytes == 0 || self.endless.contains(&tag.name))
        {
            return end;
        }
        let bit = name.map_or(0, |name| 1_u64 << (name as u32));
        let next = || self.markup.next(end).unwrap_or(self.markup.text.len());
        let (inner, after) = if tag.is_empty {
            self.cut(tag, name, start..end, end..end);
            ("", end)
        } else if self.vain_names & bit != 0 {
            (self.slice(end, next()), next())
        } else {
            let found = self.end_of(tag.name, end);
            match found {
                End::At(inner_end, after) => {
                    self.cut(tag, name, start..after, end..inner_end);
                    (self.slice(end, inner_end), after)
                }
                End::Missing(stop) | End::Endless(stop) => {
                    self.vain_names |= bit;
                    if name.is_none() || name == Some(Name::Skipped) {
                        if matches!(found, End::Endless(_)) && self.endless.len() < MOST_ENDLESS {
                            self.endless.push(tag.name);
                        }
                        self.vain_bytes = self.vain_bytes.saturating_sub(stop - end);
                        return end;
                    }
                    self.skeleton.unclosed.get_or_insert(tag.name);
                    let is_long = name.is_some_and(Name::is_long);
                    let stop = if is_long { stop } else { next().min(stop) };
                    // The end of the document cut the address.
                    if stop == self.markup.text.len()
                        && matches!(name, Some(Name::Link | Name::Id | Name::OriginalLink))
                    {
                        return stop;
                    }
                    (self.slice(end, stop), stop)
                }
            }
        };
        let Some(name) = name.filter(|name| *name != Name::Skipped) else { return after };
        let fields = match (self.open, self.skeleton.entries.last_mut()) {
            (Some(_), Some(entry)) => &mut entry.fields,
            _ => &mut self.skeleton.fields,
        };
        if fields.len() < MOST_FIELDS {
            fields.push(Field { name, tag, inner });
        }
        after
    }

    /// Notes what an element of an entry, with the bytes of its content, may leave out.
    fn cut(
        &mut self,
        tag: Tag<'_>,
        name: Option<Name>,
        element: Range<usize>,
        inner: Range<usize>,
    ) {
        if self.open.is_none() {
            return;
        }
        let (bytes, stand_in) = match name {
            None
            | Some(Name::Skipped | Name::MediaContent | Name::Thumbnail | Name::OtherTitle) => {
                (element, "")
            }
            Some(name) if name.is_long() && !inner.is_empty() => {
                let is_markup = tag.attribute("type").is_some_and(|kind| kind.contains("xhtml"));
                (inner, if is_markup { EMPTY_MARKUP } else { "x" })
            }
            Some(_) => return,
        };
        self.skeleton.cuts.push(Cut { bytes, stand_in });
    }

    fn slice(&self, from: usize, to: usize) -> &'a str {
        self.markup.text.get(from..to).unwrap_or_default()
    }

    /// Finds the end tag of an element whose content begins at `from`, within the open entry.
    fn end_of(&self, name: &str, from: usize) -> End {
        let mut depth = 0_usize;
        let mut has_ends = false;
        let missing =
            |stop, has_ends| if has_ends { End::Missing(stop) } else { End::Endless(stop) };
        let mut at = from;
        while let Some(open) = self.markup.next(at) {
            let (piece, end) = self.markup.piece(open);
            match piece {
                Piece::End { name: found } if found == name => {
                    if depth == 0 {
                        return End::At(open, end);
                    }
                    has_ends = true;
                    depth -= 1;
                }
                Piece::End { name: found }
                    if self.open == Some(found) || found == self.skeleton.tag.name =>
                {
                    return missing(open, has_ends);
                }
                Piece::Start(tag) if tag.name == name && !tag.is_empty => depth += 1,
                Piece::Start(tag) if self.is_entry(tag) => {
                    return missing(open, has_ends);
                }
                _ => {}
            }
            at = end;
        }
        missing(self.markup.text.len(), has_ends)
    }

    /// Remembers the prefixes that a tag declares.
    fn declare(&mut self, tag: Tag<'a>) {
        for (name, address) in super::markup::attributes(tag.attributes) {
            let Some(prefix) = name.strip_prefix("xmlns:") else { continue };
            if let Some(space) = space_of_address(address)
                && self.prefixes.len() < 64
                && !self.prefixes.contains(&(prefix, space))
            {
                self.prefixes.push((prefix, space));
            }
        }
    }

    fn space(&self, prefix: &str) -> Space {
        if prefix.is_empty() {
            return Space::Core;
        }
        let declared = self.prefixes.iter().find(|(known, _)| *known == prefix);
        let undeclared = || {
            // `<r:rss>`: RSS has no address of its own that could be declared.
            let of_root = self.skeleton.tag.split_name().0;
            let is_rss = self.skeleton.root == Root::Rss && prefix == of_root;
            if is_rss { Space::Core } else { space_of_prefix(prefix) }
        };
        declared.map_or_else(undeclared, |(_, space)| *space)
    }

    fn name(&self, tag: Tag<'a>) -> Option<Name> {
        let (prefix, local) = tag.split_name();
        let mut buffer = [0_u8; 24];
        let lower = buffer.get_mut(..local.len())?;
        lower.copy_from_slice(local.as_bytes());
        lower.make_ascii_lowercase();
        let local = str::from_utf8(lower).ok()?;
        match self.space(prefix) {
            Space::Core => self.core_name(local),
            Space::Content => (local == "encoded").then_some(Name::Encoded),
            Space::DublinCore => Some(match local {
                "title" => Name::OtherTitle,
                "date" => Name::Date,
                "issued" => Name::Issued,
                "created" => Name::Created,
                "modified" => Name::Updated,
                "creator" => Name::Creator,
                "author" => Name::Author,
                "subject" => Name::Category,
                "description" => Name::OtherSummary,
                "language" => Name::Language,
                _ => return None,
            }),
            Space::Terms => Some(match local {
                "issued" | "available" => Name::Issued,
                "created" => Name::Created,
                "modified" => Name::Updated,
                "date" => Name::Date,
                "creator" => Name::Creator,
                "abstract" => Name::OtherSummary,
                _ => return None,
            }),
            Space::Media => Some(match local {
                "title" => Name::OtherTitle,
                "description" => Name::OtherSummary,
                "content" => Name::MediaContent,
                "thumbnail" => Name::Thumbnail,
                "group" => Name::Group,
                _ => return None,
            }),
            Space::Itunes => Some(match local {
                "title" => Name::OtherTitle,
                "author" => Name::Creator,
                "summary" => Name::OtherSummary,
                "image" => Name::Thumbnail,
                _ => return None,
            }),
            Space::Syndication => Some(match local {
                "updateperiod" => Name::UpdatePeriod,
                "updatefrequency" => Name::UpdateFrequency,
                _ => return None,
            }),
            Space::Feedburner => (local == "origlink").then_some(Name::OriginalLink),
            Space::Prism => (local == "publicationdate").then_some(Name::Date),
            // Yandex News and its kin: the article's text under any prefix, and Turbo pages.
            Space::Other => {
                let turbo = local == "content" && prefix.eq_ignore_ascii_case("turbo");
                (turbo || matches!(local, "full-text" | "fulltext")).then_some(Name::FullText)
            }
        }
    }

    fn is_entry(&self, tag: Tag<'_>) -> bool {
        let (prefix, local) = tag.split_name();
        let known = local.eq_ignore_ascii_case("item") || local.eq_ignore_ascii_case("entry");
        known && self.space(prefix) == Space::Core
    }

    fn core_name(&self, local: &str) -> Option<Name> {
        let within_entry = self.open.is_some();
        Some(match local {
            "item" | "entry" => Name::Entry,
            "title" => Name::Title,
            "link" => Name::Link,
            "url" if within_entry => Name::Link,
            "guid" | "id" => Name::Id,
            "pubdate" | "published" | "publishdate" | "publicationdate" | "pub_date"
            | "publish_date" | "publication_date" | "published_at" | "datepublished"
            | "date_published" | "pubtime" => Name::Published,
            "issued" => Name::Issued,
            "date" => Name::Date,
            "created" => Name::Created,
            "updated" | "modified" | "lastbuilddate" => Name::Updated,
            "description" | "summary" => Name::Summary,
            "content" | "body" => Name::Content,
            "encoded" => Name::Encoded,
            "full-text" | "fulltext" => Name::FullText,
            "author" => Name::Author,
            "managingeditor" | "webmaster" => Name::Contact,
            "creator" => Name::Creator,
            "category" => Name::Category,
            "enclosure" => Name::Enclosure,
            "image" if within_entry => Name::Image,
            "language" => Name::Language,
            "ttl" => Name::TimeToLive,
            "skiphours" => Name::SkipHours,
            "skipdays" => Name::SkipDays,
            "image" | "textinput" | "source" | "contributor" | "generator" | "cloud" => {
                Name::Skipped
            }
            _ => return None,
        })
    }
}

/// The vocabulary of a namespace name; publishers write them with and without the last slash, with
/// `https` and in several spellings.
fn space_of_address(address: &str) -> Option<Space> {
    let address = address.to_ascii_lowercase();
    let has = |part: &str| address.contains(part);
    Some(if has("purl.org/rss/1.0/modules/content") || has("purl.org/net/rss1.1/payload") {
        Space::Content
    } else if has("purl.org/rss/1.0/modules/syndication") {
        Space::Syndication
    } else if has("purl.org/dc/terms") {
        Space::Terms
    } else if has("purl.org/dc/") {
        Space::DublinCore
    } else if has("search.yahoo.com/mrss") || has("video.search.yahoo.com") {
        Space::Media
    } else if has("itunes.com/dtds") || has("itunes.apple.com/") {
        Space::Itunes
    } else if has("feedburner.com/") {
        Space::Feedburner
    } else if has("prismstandard.org/") {
        Space::Prism
    } else if has("w3.org/2005/atom") || has("purl.org/atom/") || has("/rss/1.0/modules") {
        if has("modules") { Space::Other } else { Space::Core }
    } else if has("purl.org/rss/1.0")
        || has("my.netscape.com/rdf/simple/0.9")
        || has("channel.netscape.com/rdf/simple/0.9")
        || has("backend.userland.com/rss")
        || has("blogs.law.harvard.edu/tech/rss")
    {
        Space::Core
    } else {
        return None;
    })
}

fn space_of_prefix(prefix: &str) -> Space {
    match prefix.to_ascii_lowercase().as_str() {
        "content" => Space::Content,
        "dc" => Space::DublinCore,
        "dcterms" | "dct" => Space::Terms,
        "media" | "mrss" => Space::Media,
        "itunes" => Space::Itunes,
        "sy" | "syn" => Space::Syndication,
        "feedburner" => Space::Feedburner,
        "prism" => Space::Prism,
        "atom" | "atom10" | "a10" | "rss" | "rss1" => Space::Core,
        _ => Space::Other,
    }
}
