//! Workers that read what strangers wrote, for the daemon and for single commands alike.

use std::path::Path;

use url::Url;

use super::compose;
use crate::{
    article::Article,
    config::Config,
    reader::{Document, PageDocument, Pool, Read, Reading},
    source::{Listing, SourceKind},
};

/// Of the very program that runs: also where its file was replaced meanwhile.
pub(super) async fn start(config: &Config) -> anyhow::Result<Pool> {
    let this = Path::new("/proc/self/exe");
    let program = if this.exists() { this.to_owned() } else { std::env::current_exe()? };
    Ok(Pool::start(&program, compose::readers(config)).await?)
}

/// Has a listing read that `base` answered with.
pub(super) async fn listing(
    readers: &Pool,
    kind: SourceKind,
    bytes: Vec<u8>,
    content_type: Option<&str>,
    base: &Url,
) -> anyhow::Result<Listing> {
    let content_type = content_type.map(str::to_owned);
    let document = Document::Listing { kind, content_type, base: base.clone() };
    match readers.read(document, bytes).await? {
        Reading::Listing(listing, _) => Ok(listing?),
        Reading::Page(_) => anyhow::bail!("it was read as a page"),
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
        Reading::Listing(..) => anyhow::bail!("it was read as a listing"),
    }
}
