//! The record of an article, and the line of one that is not kept.

use jiff::Timestamp;
use url::Url;

use super::{
    Crawl, Judged, PageWork, Unasked, Visit,
    poll::{name_in_feed, signature},
};
use crate::{
    archive::{Record, RecordType, SCHEMA_VERSION},
    article::Extraction,
    canonical_url::{CanonicalUrl, Host, UrlKey, alias_of},
    dedup,
    state::{Counters, Reject},
    text,
    topic::Judgement,
};

/// Most distinct terms and matches that a record lists.
const MOST_MATCHES: usize = 200;

/// The record as far as one visit can tell it: not yet compared with others.
pub(super) fn record(
    crawl: &Crawl,
    work: &PageWork,
    visit: &Visit,
    judged: &Judged,
    now: Timestamp,
) -> Record {
    let Judged { article, language, judgements, .. } = judged;
    let (pending, feed) = (&work.pending, &work.feed);
    let response = visit.response.as_ref().and_then(|answer| answer.as_ref().ok());
    // Where the text is the feed's, the page's validators and type say nothing of it.
    let page = response.filter(|_| judged.page_error.is_none());
    let header = |name: &str| page.and_then(|page| page.header(name)).map(text::clean_line);
    let final_url = response.map(|response| response.url.to_string());
    let best = judgements.first();
    let published = article.published.as_ref();
    let text = Some(&article.text).filter(|text| !text.is_empty());
    Record {
        schema_version: SCHEMA_VERSION,
        record_type: RecordType::Article,
        id: id(&pending.key, 1),
        revision: 1,
        revision_of: None,
        url: pending.url.to_string(),
        canonical_url: article.canonical_url.as_ref().map(ToString::to_string),
        url_key: pending.key.clone(),
        feed_id: feed.id.clone(),
        feed_url: feed.url.to_string(),
        guid: pending.entry.guid.clone(),
        source_name: feed.name.clone().or_else(|| article.site_name.clone()),
        source_domain: Host::of(response.map_or(&pending.url, |response| &response.url))
            .domain()
            .to_owned(),
        final_url,
        source_country: feed.country.clone(),
        title: article.title.clone(),
        title_feed: pending.entry.title.clone(),
        authors: article.authors.clone(),
        tags: article.tags.clone(),
        section: article.section.clone(),
        published_at: published.map(|(dated, _)| dated.at),
        modified_at: article.modified.as_ref().map(|(dated, _)| dated.at),
        fetched_at: to_milliseconds(response.map_or(now, |response| response.at)),
        first_seen_at: to_milliseconds(pending.first_seen_at),
        published_raw: published.map(|(dated, _)| dated.raw.clone()),
        published_source: published.map(|(_, source)| *source),
        published_precision: published.map(|(dated, _)| dated.precision),
        published_tz_assumed: published.and_then(|(dated, _)| dated.assumed_zone.clone()),
        language: Some(language.language.clone()),
        language_confidence: Some(rounded(language.confidence)),
        language_declared: article
            .language_declared
            .clone()
            .or_else(|| pending.entry.language.clone())
            .or_else(|| feed.language.clone()),
        word_count: u32::try_from(text::word_count(&article.text)).unwrap_or(u32::MAX),
        char_count: u32::try_from(article.text.chars().count()).unwrap_or(u32::MAX),
        content_hash: content_hash(&article.text),
        fingerprint: text.map(|text| {
            let title = article.title.as_deref().unwrap_or_default();
            dedup::Sketch::of(title, text).fingerprint()
        }),
        text: text.cloned(),
        licence: article.licence.clone(),
        summary: article.summary.clone(),
        summary_source: article.summary_source.clone(),
        text_status: article.text_status,
        image_url: article.image_url.as_ref().map(ToString::to_string),
        media: article.media.iter().map(ToString::to_string).collect(),
        images: article.images.clone(),
        topic: best.map(|judgement| judgement.topic.clone()),
        topic_score: best.map(|judgement| rounded(judgement.score)),
        topic_reason: best.map(|judgement| judgement.reason.clone()),
        matched_terms: best.map(matched_terms).unwrap_or_default(),
        matches: best
            .map(|judgement| judgement.matches.iter().take(MOST_MATCHES).cloned().collect())
            .unwrap_or_default(),
        cluster_id: None,
        duplicate_of: None,
        similarity: None,
        duplicate_class: None,
        duplicate_evidence: None,
        http_status: response.map(|response| response.status),
        content_type: header("content-type"),
        charset: page.map(|_| article.charset.clone()),
        etag: header("etag"),
        last_modified: header("last-modified"),
        raw_ref: None,
        extraction: Extraction {
            confidence: rounded(article.extraction.confidence),
            ..article.extraction.clone()
        },
        robots_allowed: match work.unasked {
            None => Some(true),
            Some(Unasked::RobotsForbid) => Some(false),
            Some(
                Unasked::RobotsUnreachable
                | Unasked::HostSilent
                | Unasked::HostRefuses
                | Unasked::NoAddress,
            ) => None,
        },
        crawler_version: env!("CARGO_PKG_VERSION").to_owned(),
        config_hash: crawl.settings.config_hash.clone(),
        seq: 0,
        prev: None,
        crc: String::new(),
    }
}

/// Of a text; of none there is none.
pub(super) fn content_hash(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| dedup::content_hash(text))
}

/// Each term once, in the order of the matches.
fn matched_terms(judgement: &Judgement) -> Vec<String> {
    let mut terms: Vec<String> = Vec::new();
    for found in &judgement.matches {
        if !terms.contains(&found.term) && terms.len() < MOST_MATCHES {
            terms.push(found.term.clone());
        }
    }
    terms
}

/// A record's id: from its address and its revision, so that a repeat gives the same one.
pub fn id(key: &UrlKey, revision: u32) -> String {
    const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    let hash = blake3::hash(format!("{}\n{revision}", key.as_str()).as_bytes());
    let mut id = String::from("a_");
    let (mut bits, mut held) = (0_u32, 0_u32);
    for byte in hash.as_bytes().iter().take(17) {
        held = (held << 8) | u32::from(*byte);
        bits += 8;
        while bits >= 5 && id.len() < 28 {
            bits -= 5;
            let digit = DIGITS.get(((held >> bits) & 31) as usize).copied().unwrap_or(b'0');
            id.push(char::from(digit));
        }
    }
    id
}

/// The addresses that an article is known by.
#[derive(Debug)]
pub(super) struct Names {
    /// Its own; also of today's definition, where an old record's key is of an older one.
    pub(super) own: Vec<UrlKey>,
    /// What the page and the redirects claim and can be believed, as far as an address tells; of an
    /// entry without an address its name in its feed, which may be another entry's by now.
    pub(super) claimed: Vec<UrlKey>,
}

impl Names {
    pub(super) fn of(
        key: &UrlKey,
        url: Option<&CanonicalUrl>,
        feed_id: Option<&str>,
        claims: [Option<&Url>; 2],
    ) -> Self {
        let mut names = Self { own: vec![key.clone()], claimed: Vec::new() };
        let Some(url) = url else { return names };
        names.claimed.extend(feed_id.and_then(|id| name_in_feed(id, &url.fetch)));
        if url.key != *key {
            names.own.push(url.key.clone());
        }
        let claims = claims.into_iter().flatten().filter(|claim| **claim != url.fetch);
        for claim in claims.filter_map(|claim| alias_of(url, claim)) {
            if !names.own.contains(&claim.key) && !names.claimed.contains(&claim.key) {
                names.claimed.push(claim.key);
            }
        }
        names
    }
}

/// A record as the near-duplicate index sees it.
pub(super) fn document(record: &Record) -> dedup::Document {
    dedup::Document {
        id: record.id.clone(),
        url_key: record.url_key.clone(),
        title: record.title.clone().unwrap_or_default(),
        text: record.text.clone().unwrap_or_default(),
        published_at: record.published_at,
    }
}

/// What a record counts for among the ends of its feed's entries. What is abridged or extended is no
/// copy but a text of its own.
pub(super) fn counted(record: &Record) -> Counters {
    let is_excerpt = record.duplicate_class == Some(dedup::Class::Excerpt);
    match &record.duplicate_of {
        Some(_) if !is_excerpt => Counters { duplicates: 1, ..Counters::default() },
        _ => Counters { kept: 1, ..Counters::default() },
    }
}

/// What was judged of a record before, as the near-duplicate index takes it.
pub(super) fn verdict(record: &Record) -> dedup::Verdict {
    dedup::Verdict {
        class: record.class(),
        of: record.revision_of.clone().or_else(|| record.duplicate_of.clone()),
        cluster: record.cluster_id.clone().unwrap_or_else(|| record.id.clone()),
        evidence: None,
    }
}

/// The line for an entry that is not kept, with why.
pub(super) fn reject(
    work: &PageWork,
    judged: Option<&Judged>,
    reason: &str,
    most_text: usize,
    now: Timestamp,
) -> Reject {
    let article = judged.map(|judged| &judged.article);
    let text = article.map(|article| article.text.chars().take(most_text).collect::<String>());
    let best = judged.and_then(|judged| judged.judgements.first());
    Reject {
        at: now,
        url_key: work.pending.key.clone(),
        url: work.pending.url.to_string(),
        feed_id: work.pending.feed_id.clone(),
        title: judged
            .and_then(|judged| judged.article.title.clone())
            .or_else(|| work.pending.entry.title.clone()),
        language: judged.map(|judged| judged.language.language.clone()),
        score: best.map_or(0.0, |judgement| rounded(judgement.score)),
        reason: reason.to_owned(),
        missing: best.map(|judgement| judgement.missing.clone()).unwrap_or_default(),
        published_at: article
            .and_then(|article| article.published.as_ref())
            .map(|(dated, _)| dated.at),
        text: text.filter(|text| !text.is_empty()),
        failed: judged.is_none_or(|judged| judged.page_error.is_some()),
        signature: signature(&work.pending.entry),
    }
}

/// Why the topics do not want it.
pub(super) fn reason(judged: &Judged) -> String {
    match judged.judgements.first() {
        Some(judgement) => judgement.reason.clone(),
        None => "no topic is configured".to_owned(),
    }
}

/// More is noise, and some tools read no nanoseconds.
fn to_milliseconds(at: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at)
}

/// To three decimals: more are noise, and would make the same bytes depend on the machine.
pub(super) fn rounded(number: f32) -> f32 {
    (number * 1000.0).round() / 1000.0
}

pub(super) fn rounded_evidence(evidence: dedup::Evidence) -> dedup::Evidence {
    dedup::Evidence {
        containment_ab: rounded(evidence.containment_ab),
        containment_ba: rounded(evidence.containment_ba),
        jaccard: rounded(evidence.jaccard),
        title: rounded(evidence.title),
        shared_numbers: evidence.shared_numbers,
        number_share: rounded(evidence.number_share),
        lead: rounded(evidence.lead),
        hours_between: evidence.hours_between.map(rounded),
        changed: evidence.changed.map(rounded),
    }
}
