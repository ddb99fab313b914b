//! What a listing says, made safe to store and to show.

use url::Url;

use super::{Entry, Listing, More};
use crate::{
    canonical_url::strip_user_info,
    date::Dated,
    text::{clean_line, clean_text, is_clean},
};

/// Cleans every text once more, wherever it came from. Each field is named, so that none that is
/// added later can be forgotten.
pub(super) fn clean(listing: Listing) -> Listing {
    let Listing {
        title,
        language,
        entries,
        more,
        interval,
        skip_hours,
        skip_days,
        read_by,
        charset,
        flaws,
        is_cut,
    } = listing;
    Listing {
        title: line(title),
        language: line(language),
        entries: entries.into_iter().map(entry).collect(),
        more: more
            .into_iter()
            .map(|More { url, updated }| More { url, updated: dated(updated) })
            .collect(),
        interval,
        skip_hours,
        skip_days,
        read_by,
        charset: clean_line(&charset),
        flaws: lines(&flaws),
        is_cut,
    }
}

fn entry(entry: Entry) -> Entry {
    let Entry {
        guid,
        url,
        original_url,
        title,
        summary,
        content,
        authors,
        tags,
        published,
        updated,
        language,
        image_url,
        media,
    } = entry;
    Entry {
        guid: line(guid).map(without_credentials),
        url,
        original_url,
        title: line(title),
        summary: text(summary),
        content: text(content),
        authors: lines(&authors),
        tags: lines(&tags),
        published: dated(published),
        updated: dated(updated),
        language: line(language),
        image_url,
        media,
    }
}

/// Many an id is an address.
fn without_credentials(id: String) -> String {
    let Ok(mut url) = Url::parse(&id) else { return id };
    if strip_user_info(&mut url) { url.into() } else { id }
}

fn line(text: Option<String>) -> Option<String> {
    text.map(|text| clean_line(&text)).filter(|text| !text.is_empty())
}

fn lines(texts: &[String]) -> Vec<String> {
    texts.iter().map(|text| clean_line(text)).filter(|text| !text.is_empty()).collect()
}

/// Long texts are clean by how they are made, nearly always: looking is cheaper than cleaning.
fn text(text: Option<String>) -> Option<String> {
    let text = text.map(|text| if is_clean(&text) { text } else { clean_text(&text) });
    text.filter(|text| !text.is_empty())
}

fn dated(dated: Option<Dated>) -> Option<Dated> {
    let Dated { at, raw, precision, assumed_zone } = dated?;
    Some(Dated { at, raw: clean_line(&raw), precision, assumed_zone })
}
