//! `newswatch feeds …`: the configured feeds, and changes to `feeds.toml`.

mod add;
mod discovery;
mod file;

pub(super) use add::add;

use std::{collections::BTreeSet, io::Read};

use anyhow::Context;
use url::Url;

use self::file::FeedsFile;
use super::{
    Exit,
    format::{print_json, print_text, safe, several, table},
    input, readers,
};
use crate::{
    canonical_url::Host,
    config::{self, Feed, Loaded},
    source::{SourceKind, opml},
    text::clean_line,
};

pub(super) fn list(loaded: &Loaded, json: bool) -> anyhow::Result<Exit> {
    let feeds = &loaded.config.feeds;
    if json {
        print_json(feeds)?;
        return Ok(Exit::Success);
    }
    let mut table = table(&["id", "name", "language", "country", "kind", "enabled", "url"]);
    for feed in feeds {
        table.add_row([
            feed.id.clone(),
            feed.name.clone().unwrap_or_default(),
            feed.language.clone().unwrap_or_default(),
            feed.country.clone().unwrap_or_default(),
            format!("{:?}", feed.kind).to_lowercase(),
            if feed.enabled { "yes" } else { "no" }.to_owned(),
            feed.url.to_string(),
        ]);
    }
    print_text(&format!("{table}\n{}\n", several(feeds.len() as u64, "feed")))?;
    Ok(Exit::Success)
}

/// Adds the feeds of an OPML file that are not configured yet; asks nothing of the network.
pub(super) fn import(loaded: &Loaded, name: &str, dry_run: bool) -> anyhow::Result<Exit> {
    let mut bytes = Vec::new();
    input::lines(name)?.read_to_end(&mut bytes).with_context(|| format!("cannot read {name}"))?;
    let outlines = input::in_runtime(async {
        let readers = readers::start(&loaded.config).await?;
        readers::outlines(&readers, bytes).await
    });
    let outlines = outlines.with_context(|| format!("{name} is no list of feeds"))?;
    for (what, why) in &outlines.left_out {
        anstream::eprintln!("left out: {}: {}", safe(what, 200), safe(why, 200));
    }
    let known: BTreeSet<&Url> = loaded.config.feeds.iter().map(|feed| &feed.url).collect();
    let found = outlines.feeds.len();
    let new: Vec<opml::Subscription> =
        outlines.feeds.into_iter().filter(|feed| !known.contains(&feed.feed)).collect();
    let (new_feeds, configured) = (new.len(), found - new.len());
    let new = named(new, ids(loaded));
    anstream::eprintln!(
        "new: {new_feeds} of {}; configured already: {configured}",
        several(found as u64, "feed"),
    );
    FeedsFile::open(loaded)?.add(&new, dry_run)
}

/// The feeds as they are configured: with the ids they came with, where these can be kept.
fn named(subscriptions: Vec<opml::Subscription>, mut taken: BTreeSet<String>) -> Vec<Feed> {
    let own = |feed: opml::Subscription| {
        let id = feed.id.clone().filter(|id| config::is_id(id) && taken.insert(id.clone()));
        (feed, id)
    };
    let owned: Vec<_> = subscriptions.into_iter().map(own).collect();
    let named = owned.into_iter().map(|(subscription, own)| {
        let language = subscription.language.as_deref().and_then(language);
        let id = own.unwrap_or_else(|| {
            let id = free_id(&subscription.feed, language.as_deref(), &mut taken);
            if let Some(other) = &subscription.id {
                let other = safe(other, 80);
                anstream::eprintln!("{id}: the id {other:?} is taken, or can be none");
            }
            id
        });
        let url = subscription.feed;
        Feed {
            name: subscription.title,
            language,
            tags: subscription.groups,
            ..feed(id, url, SourceKind::Feed)
        }
    });
    named.collect()
}

/// Prints the configured feeds as OPML. Who reads it polls all of them as feeds: sitemaps and feeds
/// that are switched off are left out, and told of.
pub(super) fn export(loaded: &Loaded) -> anyhow::Result<Exit> {
    let told = |feed: &&Feed| feed.kind == SourceKind::Feed && feed.enabled;
    let (feeds, others): (Vec<&Feed>, Vec<&Feed>) = loaded.config.feeds.iter().partition(told);
    let subscriptions: Vec<opml::Subscription> = feeds
        .into_iter()
        .map(|feed| opml::Subscription {
            feed: feed.url.clone(),
            id: Some(feed.id.clone()),
            title: Some(feed.name.clone().unwrap_or_else(|| feed.id.clone())),
            site: None,
            language: feed.language.clone(),
            groups: feed.tags.clone(),
        })
        .collect();
    print_text(&opml::write("newswatch feeds", &subscriptions))?;
    if !others.is_empty() {
        let ids: Vec<&str> = others.iter().map(|feed| feed.id.as_str()).collect();
        anstream::eprintln!(
            "left out, as OPML cannot say that they are sitemaps or switched off: {}",
            ids.join(", ")
        );
    }
    Ok(Exit::Success)
}

pub(super) fn set_enabled(loaded: &Loaded, ids: &[String], enabled: bool) -> anyhow::Result<Exit> {
    FeedsFile::open(loaded)?
        .change(ids, |text, id| config::set_enabled(text, id, enabled))
        .map(|()| Exit::Success)
}

pub(super) fn remove(loaded: &Loaded, ids: &[String]) -> anyhow::Result<Exit> {
    FeedsFile::open(loaded)?.change(ids, config::remove_feed).map(|()| Exit::Success)
}

/// A feed with nothing but what it must have.
fn feed(id: String, url: Url, kind: SourceKind) -> Feed {
    Feed {
        id,
        url,
        name: None,
        language: None,
        country: None,
        tags: Vec::new(),
        kind,
        enabled: true,
        interval: None,
        floor: None,
        ceiling: None,
        zone: None,
    }
}

fn ids(loaded: &Loaded) -> BTreeSet<String> {
    loaded.config.feeds.iter().map(|feed| feed.id.clone()).collect()
}

/// An id that no feed has: the name of the site, with the language or a number where that is taken.
/// Takes it.
fn free_id(url: &Url, language: Option<&str>, taken: &mut BTreeSet<String>) -> String {
    let host = Host::of(url);
    let domain = host.domain();
    let label = match domain.parse::<std::net::IpAddr>() {
        Ok(_) => domain,
        Err(_) => domain.split('.').next().unwrap_or(domain),
    };
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let label: String = label.chars().map(plain).take(48).collect();
    let label = label.trim_matches('-');
    let has_letter = label.bytes().any(|b| b.is_ascii_lowercase());
    let label = if has_letter { label.to_owned() } else { format!("feed-{label}") };
    let in_language = language.map(|language| format!("{label}-{}", language.to_ascii_lowercase()));
    let numbered = (2_u32..).map(|number| format!("{label}-{number}"));
    let mut names = [label.clone()].into_iter().chain(in_language).chain(numbered);
    let id = names.find(|id| !taken.contains(id)).unwrap_or(label);
    taken.insert(id.clone());
    id
}

/// A language as a feed declares it (`en_US`, `RU`), as the configuration wants it.
fn language(declared: &str) -> Option<String> {
    let declared = clean_line(declared).replace('_', "-");
    let (primary, rest) = match declared.split_once('-') {
        Some((primary, rest)) => (primary, Some(rest)),
        None => (declared.as_str(), None),
    };
    let primary = primary.to_ascii_lowercase();
    let is_primary =
        matches!(primary.len(), 2..=3) && primary.bytes().all(|b| b.is_ascii_lowercase());
    let is_part =
        |part: &str| matches!(part.len(), 2..=8) && part.bytes().all(|b| b.is_ascii_alphanumeric());
    let rest = rest.filter(|rest| rest.split('-').all(is_part));
    let language = rest.map_or_else(|| primary.clone(), |rest| format!("{primary}-{rest}"));
    (is_primary && primary != "und").then_some(language)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_named_after_the_site_and_never_taken_twice() {
        let mut taken = BTreeSet::from(["inform".to_owned()]);
        let mut id = |url: &str, language| free_id(&url.parse().unwrap(), language, &mut taken);
        assert_eq!(id("https://www.bbc.co.uk/feed", None), "bbc");
        assert_eq!(id("https://www.inform.kz/rss/kaz.xml", Some("kk")), "inform-kk");
        assert_eq!(id("https://www.inform.kz/rss/kaz2.xml", Some("kk")), "inform-2");
        assert_eq!(id("http://127.0.0.1:8080/feed", None), "feed-127-0-0-1");
    }

    #[test]
    fn a_declared_language_becomes_one_that_the_configuration_takes() {
        let rows = [
            ("en_US", Some("en-US")),
            ("RU", Some("ru")),
            ("ru-ru", Some("ru-ru")),
            ("Russian", None),
            ("", None),
            ("und", None),
            ("kk-", Some("kk")),
        ];
        for (declared, expected) in rows {
            assert_eq!(language(declared).as_deref(), expected, "{declared}");
        }
    }
}
