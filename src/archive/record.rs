//! The record: what one line of the archive says. Schema version 1.

use jiff::Timestamp;
use schemars::{JsonSchema, generate::SchemaSettings};
use serde::{Deserialize, Serialize};

use crate::{
    article::{DateSource, Extraction, Image, TextStatus},
    canonical_url::UrlKey,
    date::Precision,
    dedup,
    topic::Match,
};

pub const SCHEMA_VERSION: u32 = 1;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RecordType {
    /// An address seen for the first time.
    Article,
    /// A changed text at a known address.
    Revision,
}

/// One line. Every key is always present, null where nothing is known. Times are RFC 3339 in UTC.
/// The archive fills in `seq`, `prev` and `crc` as it appends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Record {
    #[schemars(extend("const" = SCHEMA_VERSION))]
    pub schema_version: u32,
    pub record_type: RecordType,
    /// `a_` and 26 characters, derived from the address key and the revision.
    pub id: String,
    /// 1 for the first text at an address, then counting up.
    pub revision: u32,
    /// `id` of the record that this text replaces.
    pub revision_of: Option<String>,
    pub url: String,
    pub final_url: Option<String>,
    pub canonical_url: Option<String>,
    #[schemars(with = "String")]
    pub url_key: UrlKey,
    pub feed_id: String,
    pub feed_url: String,
    pub guid: Option<String>,
    pub source_name: Option<String>,
    pub source_domain: String,
    /// ISO 3166-1 alpha-2.
    pub source_country: Option<String>,
    pub title: Option<String>,
    /// The headline as the feed gives it.
    pub title_feed: Option<String>,
    pub authors: Vec<String>,
    pub tags: Vec<String>,
    pub section: Option<String>,
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub published_at: Option<Timestamp>,
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub modified_at: Option<Timestamp>,
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub fetched_at: Timestamp,
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub first_seen_at: Timestamp,
    pub published_raw: Option<String>,
    pub published_source: Option<DateSource>,
    pub published_precision: Option<Precision>,
    pub published_tz_assumed: Option<String>,
    /// BCP 47, told from the text.
    pub language: Option<String>,
    pub language_confidence: Option<f32>,
    /// BCP 47, as the page or the feed declares it.
    pub language_declared: Option<String>,
    /// Paragraphs apart by a blank line.
    pub text: Option<String>,
    /// The address of the licence that the page is under, or its words for it.
    #[serde(default)]
    pub licence: Option<String>,
    pub summary: Option<String>,
    /// `jsonld`, `meta`, `og` or `feed`.
    pub summary_source: Option<String>,
    pub text_status: TextStatus,
    pub word_count: u32,
    pub char_count: u32,
    pub image_url: Option<String>,
    pub media: Vec<String>,
    /// The pictures that stand in the article, with their captions.
    #[serde(default)]
    pub images: Vec<Image>,
    pub topic: Option<String>,
    pub topic_score: Option<f32>,
    pub topic_reason: Option<String>,
    pub matched_terms: Vec<String>,
    pub matches: Vec<Match>,
    /// blake3 of the normalized text.
    pub content_hash: Option<String>,
    /// The text's sketch, for finding copies.
    pub fingerprint: Option<String>,
    pub cluster_id: Option<String>,
    pub duplicate_of: Option<String>,
    /// 0 to 1, to the record in `duplicate_of` or `revision_of`.
    pub similarity: Option<f32>,
    /// What the text is to the record in `duplicate_of` or `revision_of`. An `excerpt` shares a
    /// passage with it and is no copy: its cluster is its own.
    #[serde(default)]
    pub duplicate_class: Option<dedup::Class>,
    /// What `duplicate_class` rests on.
    #[serde(default)]
    pub duplicate_evidence: Option<dedup::Evidence>,
    pub http_status: Option<u16>,
    pub content_type: Option<String>,
    pub charset: Option<String>,
    pub etag: Option<String>,
    pub last_modified: Option<String>,
    /// Where the answer that it came from is kept, if it is: `FILE:OFFSET+LENGTH sha256:HEX`, a
    /// WARC file in the archive's folder and the hash of those bytes of it.
    pub raw_ref: Option<String>,
    pub extraction: Extraction,
    pub robots_allowed: Option<bool>,
    pub crawler_version: String,
    pub config_hash: String,
    /// Counts the lines of the whole archive from 1.
    #[schemars(range(min = 1))]
    pub seq: u32,
    /// SHA-256 of the line before, without its line feed; null on the first line of an archive.
    #[schemars(extend("pattern" = "^sha256:[0-9a-f]{64}$"))]
    pub prev: Option<String>,
    /// CRC-32, as in gzip, of the line's bytes before `,"crc":`.
    #[schemars(extend("pattern" = "^crc32:[0-9a-f]{8}$"))]
    pub crc: String,
}

impl Record {
    /// What it is to the records before it.
    pub fn class(&self) -> dedup::Class {
        match self.record_type {
            RecordType::Revision => dedup::Class::Revision,
            RecordType::Article => self.duplicate_class.unwrap_or(dedup::Class::New),
        }
    }
}

/// The JSON Schema of a line, draft 2020-12.
pub fn schema() -> serde_json::Value {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let mut schema = settings.into_generator().into_root_schema_for::<Record>();
    schema.insert("title".to_owned(), "A line of a newswatch archive".into());
    schema.to_value()
}
