//! What became of an address: its record, or why there is none.

use anyhow::Context;

use super::turn;
use crate::{
    canonical_url::CanonicalUrl,
    config::Loaded,
    crawl,
    review::{Desk, Item},
    state::{Reject, read_rejects},
};

pub(super) enum Found {
    /// Its newest record.
    Record(Box<Item>),
    /// The last word on an article that was not kept.
    Reject(Box<Reject>),
    /// Its page is still to be read.
    Waits,
}

/// `None` where it is no address. What is known of one is asked of the archive, of the state, and of
/// the rejects.
///
/// # Errors
///
/// Nothing is known of it, or something cannot be read.
pub(super) fn find(loaded: &Loaded, desk: &Desk, address: &str) -> anyhow::Result<Option<Found>> {
    let Some(url) = CanonicalUrl::parse(address).ok().filter(|_| address.contains('/')) else {
        return Ok(None);
    };
    let newest = |item: Item| -> anyhow::Result<_> {
        let last = desk.index.versions(item.row).last().copied().unwrap_or(item.row);
        Ok(Some(Found::Record(Box::new(desk.index.item(last)?.unwrap_or(item)))))
    };
    if let Some(item) = desk.item(&crawl::record_id(&url.key, 1))? {
        return newest(item);
    }
    let folder = &loaded.paths.state;
    let state = turn::state(loaded)
        .with_context(|| format!("cannot read the state in {}", folder.display()))?;
    let mut waits = false;
    if let Some(state) = state {
        // The article may be known by another address, too.
        if let Some(known) = state.seen(&url.key)?.and_then(|seen| seen.known)
            && let Some(item) = desk.item(&known.record_id)?
        {
            return newest(item);
        }
        waits = state.pending_at(&url.key)?.is_some();
    }
    let rejects = read_rejects(folder);
    match rejects.filter(|reject| reject.url_key == url.key || reject.url == address).last() {
        Some(reject) => Ok(Some(Found::Reject(Box::new(reject)))),
        None if waits => Ok(Some(Found::Waits)),
        None => anyhow::bail!(
            "nothing is known of {}: it is neither in the archive nor among the rejects in {}",
            crate::cli::format::safe(address, 200),
            folder.display()
        ),
    }
}
