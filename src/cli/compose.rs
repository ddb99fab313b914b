//! From the checked configuration to the settings of the stages.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use jiff::SignedDuration;

use crate::{
    alert, archive,
    article::SiteRules,
    config::{self, Config, Loaded},
    crawl, fetch,
    politeness::pace::Rest,
    reader,
    schedule::Cadence,
    topic::Topics,
};

fn enabled(config: &Config) -> impl Iterator<Item = &config::Feed> {
    config.feeds.iter().filter(|feed| feed.enabled)
}

/// The feeds that are polled.
pub(super) fn feeds(config: &Config) -> Vec<crawl::Feed> {
    let schedule = &config.settings.schedule;
    let cadence =
        |interval: Option<Duration>, floor: Option<Duration>, ceiling: Option<Duration>| Cadence {
            interval: signed(interval.unwrap_or(schedule.interval)),
            floor: signed(floor.unwrap_or(schedule.floor)),
            floor_without_validators: signed(floor.unwrap_or(schedule.floor_without_validators)),
            ceiling: signed(ceiling.unwrap_or(schedule.ceiling)),
            jitter: f64::from(schedule.jitter_percent) / 100.0,
        };
    let usual = Arc::new(cadence(None, None, None));
    enabled(config)
        .map(|feed| crawl::Feed {
            id: feed.id.clone(),
            url: feed.url.clone(),
            kind: feed.kind,
            name: feed.name.clone(),
            language: feed.language.clone(),
            country: feed.country.clone(),
            tags: feed.tags.clone(),
            zone: feed.zone.clone(),
            cadence: match (feed.interval, feed.floor, feed.ceiling) {
                (None, None, None) => Arc::clone(&usual),
                (interval, floor, ceiling) => Arc::new(cadence(interval, floor, ceiling)),
            },
        })
        .collect()
}

/// What reading and judging needs.
pub(super) fn rules(config: &Config) -> anyhow::Result<crawl::Rules> {
    let topics = config.topics.iter().map(|topic| topic.value.clone()).collect();
    let sites: BTreeMap<String, SiteRules> =
        config.sites.iter().map(|site| (site.value.host.clone(), site.value.clone())).collect();
    Ok(crawl::Rules {
        sites,
        topics: Topics::new(topics)?,
        keep: match config.settings.topic.keep {
            config::Keep::Relevant => crawl::Keep::Relevant,
            config::Keep::Passing => crawl::Keep::Passing,
            config::Keep::Everything => crawl::Keep::Everything,
        },
    })
}

pub(super) fn settings(config: &Config) -> crawl::Settings {
    let politeness = &config.settings.politeness;
    // Three feeds whose pages all hang leave room for what others have.
    let share = (config.settings.limits.concurrency / 4).max(1);
    crawl::Settings {
        rest: Rest { delay: signed(politeness.delay), ..Rest::default() },
        share: share as usize,
        robots_for_feeds: politeness.robots_for_feeds,
        hold_scope: match politeness.hold_scope {
            config::HoldScope::Host => crawl::HoldScope::Host,
            config::HoldScope::Domain => crawl::HoldScope::Domain,
        },
        revisit_after: signed(config.settings.schedule.revisit_after),
        judge_before_fetch: config.settings.topic.judge_before_fetch,
        reject_text: usize::try_from(config.settings.state.rejects_text).unwrap_or(usize::MAX),
        copy_memory: signed(config.settings.dedup.memory),
        page_attempts: config.settings.limits.page_attempts,
        keep_copied_text: config.settings.dedup.copies == config::Copies::Full,
        config_hash: config::hash(config),
    }
}

pub(super) fn reloaded(config: &Config) -> anyhow::Result<crawl::Reloaded> {
    Ok(crawl::Reloaded { feeds: feeds(config), rules: rules(config)?, settings: settings(config) })
}

/// What bounds and opens the network.
pub(super) fn fetch(config: &Config) -> fetch::Settings {
    let (limits, network) = (&config.settings.limits, &config.settings.network);
    let bytes = |size: u64| usize::try_from(size).unwrap_or(usize::MAX);
    fetch::Settings {
        contact: config.settings.politeness.contact.as_ref().map(ToString::to_string),
        connect_timeout: limits.connect_timeout,
        head_timeout: limits.total_timeout.min(fetch::Settings::default().head_timeout),
        total_timeout: limits.total_timeout,
        longest_page: bytes(limits.max_page_size),
        longest_listing: bytes(limits.max_feed_size),
        redirects: limits.redirects as usize,
        allow: network.allow.clone(),
        proxy: network.proxy.clone(),
        keep_exchanges: config.settings.archive.raw == config::Raw::Warc,
        ..fetch::Settings::default()
    }
}

/// The feeds that are polled, by their ids.
pub(super) fn polled(config: &Config) -> BTreeSet<String> {
    enabled(config).map(|feed| feed.id.clone()).collect()
}

/// Who is told what.
pub(super) fn alerts(loaded: &Loaded) -> Vec<alert::Alert> {
    loaded.config.alerts.iter().filter_map(|written| alert(loaded, written)).collect()
}

/// An alert; none where it says nowhere to send, which the check of the configuration refuses.
fn alert(loaded: &Loaded, written: &config::Alert) -> Option<alert::Alert> {
    let beside = |file: &Option<PathBuf>| file.as_ref().map(|file| loaded.beside_config(file));
    let way = if let Some(url) = &written.webhook {
        let (form, token) = (written.form, beside(&written.token_file));
        alert::Way::Webhook { url: url.clone(), form, token }
    } else if let Some(server) = &written.smtp {
        alert::Way::Mail {
            server: server.clone(),
            password: beside(&written.password_file),
            from: written.from.clone()?,
            to: written.to.clone(),
        }
    } else {
        alert::Way::Command(Some(written.command.clone()).filter(|words| !words.is_empty())?)
    };
    Some(alert::Alert {
        id: written.id.clone(),
        on: written.on.clone(),
        every: written.every,
        failures: written.failures,
        way,
    })
}

/// What readers may use up.
pub(super) fn readers(config: &Config) -> reader::Limits {
    let limits = &config.settings.limits;
    reader::Limits {
        workers: limits.readers as usize,
        memory: limits.reader_memory,
        time: limits.read_timeout,
    }
}

/// What the hash in a record stands for, to be kept beside the records.
pub(super) fn kept_rules(config: &Config) -> anyhow::Result<archive::KeptRules> {
    let text = serde_json::to_vec_pretty(&config::rules(config))?;
    Ok(archive::KeptRules::new(config::hash(config), text))
}

pub(super) fn archive(config: &Config) -> archive::Settings {
    archive::Settings { segment_bytes: config.settings.archive.rotate_size }
}

/// How closed segments are compressed.
pub(super) fn compression(settings: &config::Settings) -> Option<archive::Compression> {
    match settings.archive.compression {
        config::Compression::None => None,
        config::Compression::Gzip => Some(archive::Compression::Gzip),
        config::Compression::Zstd => Some(archive::Compression::Zstd),
    }
}

/// What leaves the archive.
pub(super) fn retention(settings: &config::Settings) -> archive::Retention {
    let archive = &settings.archive;
    archive::Retention { age: archive.retain_age.map(signed), bytes: archive.retain_size }
}

fn signed(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}
