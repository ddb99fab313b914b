//! Workers that read what strangers wrote, for the daemon and for single commands alike.

use std::path::Path;

use url::Url;

use super::compose;
use crate::{
    article::{Article, LeftOut},
    config::Config,
    reader::{Document, PageDocument, Pool, Read, Reading},
    source::{Found, Listing, SourceKind, opml::Outlines},
};

/// Of the very program that runs: also where its file was replaced meanwhile.
pub(super) async fn start(config: &Config) -> anyhow::Result<Pool> {
    let this = Path::new("/proc/self/exe");
    let program = if this.exists() { this.to_owned() } else { std::env::current_exe()? };
    Ok(Pool::start(&program, compose::readers(config)).await?)
}

/// Has a listing read that `base` answered with, or its beginning.
pub(super) async fn listing(
    readers: &Pool,
    kind: SourceKind,
    bytes: Vec<u8>,
    content_type: Option<&str>,
    base: &Url,
    is_cut: bool,
) -> anyhow::Result<Listing> {
    let content_type = content_type.map(str::to_owned);
    let document = Document::Listing { kind, content_type, base: base.clone(), is_cut };
    match readers.read(document, bytes).await? {
        Reading::Listing(listing, _) => Ok(listing?),
        _ => mistaken(),
    }
}

/// Has the feeds found that a page of `base` names.
pub(super) async fn feeds(
    readers: &Pool,
    bytes: Vec<u8>,
    content_type: Option<&str>,
    base: &Url,
) -> anyhow::Result<Vec<Found>> {
    let content_type = content_type.map(str::to_owned);
    match readers.read(Document::Feeds { content_type, base: base.clone() }, bytes).await? {
        Reading::Feeds(found) => Ok(found),
        _ => mistaken(),
    }
}

/// Has a list of feeds read.
pub(super) async fn outlines(readers: &Pool, bytes: Vec<u8>) -> anyhow::Result<Outlines> {
    match readers.read(Document::Outlines, bytes).await? {
        Reading::Outlines(outlines) => Ok(outlines?),
        _ => mistaken(),
    }
}

/// Has a page read.
pub(super) async fn article(
    readers: &Pool,
    page: PageDocument,
    bytes: Vec<u8>,
) -> anyhow::Result<Article> {
    match readers.read(Document::Page(Box::new(page)), bytes).await? {
        Reading::Page(article) => Ok(article?),
        _ => mistaken(),
    }
}

/// Has the rules of a page's site drafted.
pub(super) async fn draft(
    readers: &Pool,
    page: PageDocument,
    bytes: Vec<u8>,
) -> anyhow::Result<String> {
    match readers.read(Document::Draft(Box::new(page)), bytes).await? {
        Reading::Draft(draft) => Ok(draft?),
        _ => mistaken(),
    }
}

/// Has the lines of a page found that are not in its text.
pub(super) async fn left_out(
    readers: &Pool,
    page: PageDocument,
    bytes: Vec<u8>,
) -> anyhow::Result<Vec<LeftOut>> {
    match readers.read(Document::LeftOut(Box::new(page)), bytes).await? {
        Reading::LeftOut(lines) => Ok(lines),
        _ => mistaken(),
    }
}

fn mistaken<T>() -> anyhow::Result<T> {
    anyhow::bail!("it was read as something else")
}
