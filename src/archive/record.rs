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
    /// The version of this description: 1. Another one where a key changes its meaning.
    #[schemars(extend("const" = SCHEMA_VERSION))]
    pub schema_version: u32,
    /// `article` for the first text at an address, `revision` for a changed one.
    pub record_type: RecordType,
    /// `a_` and 26 characters, derived from the address key and the revision.
    pub id: String,
    /// 1 for the first text at an address, then counting up.
    pub revision: u32,
    /// `id` of the record that this text replaces.
    pub revision_of: Option<String>,
    /// The address as the feed announced it, without a name and password, before any redirect.
    pub url: String,
    /// The address that answered, after all redirects; null where nothing was asked or answered.
    pub final_url: Option<String>,
    /// The address that the page itself names as its own (`link rel=canonical`, `og:url`, JSON-LD).
    pub canonical_url: Option<String>,
    /// What identifies the address, whatever its scheme, tracking and order of parameters;
    /// `newswatch url` prints it. The `id` is made of it.
    #[schemars(with = "String")]
    pub url_key: UrlKey,
    /// The `id` in feeds.toml of the feed that announced it first.
    pub feed_id: String,
    /// The address of that feed as feeds.toml had it.
    pub feed_url: String,
    /// The entry's own id in the feed (`guid` of RSS, `id` of Atom), as it is written there.
    pub guid: Option<String>,
    /// The name of the source: that of the feed in feeds.toml, else the one that the page gives its
    /// site.
    pub source_name: Option<String>,
    /// The registrable domain of the address that answered, else of `url`: `bbc.co.uk` for
    /// `news.bbc.co.uk`.
    pub source_domain: String,
    /// The country of the source, ISO 3166-1 alpha-2, as feeds.toml says it.
    pub source_country: Option<String>,
    /// The headline: the page's, else the feed's.
    pub title: Option<String>,
    /// The headline as the feed gives it.
    pub title_feed: Option<String>,
    /// Names of the authors, in the page's order, else the feed's.
    pub authors: Vec<String>,
    /// Key words that the page or the feed gives the article, as they are written.
    pub tags: Vec<String>,
    /// The section of the site that the page says it is in.
    pub section: Option<String>,
    /// When it was published, in UTC, by the source in `published_source`. No more exact than
    /// `published_precision`.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub published_at: Option<Timestamp>,
    /// When it was last changed, as the page or the feed says.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub modified_at: Option<Timestamp>,
    /// When the head of its answer arrived; where nothing was asked, when the text of the feed was
    /// judged. To the millisecond.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub fetched_at: Timestamp,
    /// When a feed first announced it to us; of a revision, when it announced the change. To the
    /// millisecond.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub first_seen_at: Timestamp,
    /// The date as it was written, from which `published_at` was read.
    pub published_raw: Option<String>,
    /// Where the date was found.
    pub published_source: Option<DateSource>,
    /// How exactly the date was written. Of a `day` the time of day in `published_at` means
    /// nothing.
    pub published_precision: Option<Precision>,
    /// The zone that was taken because the date names none: an IANA name or an offset. Null where
    /// it names one.
    pub published_tz_assumed: Option<String>,
    /// The language of the text, BCP 47, told from its words; `und` where it cannot be told.
    pub language: Option<String>,
    /// How sure that is, 0 to 1.
    pub language_confidence: Option<f32>,
    /// The language as the page, else the feed, else feeds.toml declares it, BCP 47.
    pub language_declared: Option<String>,
    /// The article without headline, captions and what surrounds it; paragraphs are apart by a
    /// blank line. Null where there is none, and in a copy where `dedup.copies = "reference"`.
    pub text: Option<String>,
    /// The address of the licence that the page is under, or its words for it.
    #[serde(default)]
    pub licence: Option<String>,
    /// The standfirst or description, not a part of `text`, from the source in `summary_source`.
    pub summary: Option<String>,
    /// `jsonld`, `meta`, `og` or `feed`.
    pub summary_source: Option<String>,
    /// How much of the article `text` is.
    pub text_status: TextStatus,
    /// Words of the text that was judged; a Han or kana character weighs half a word, a letter of
    /// Thai, Lao, Khmer, Myanmar or Tibetan a quarter.
    pub word_count: u32,
    /// Code points of the text that was judged.
    pub char_count: u32,
    /// The picture that the page gives for previews.
    pub image_url: Option<String>,
    /// Addresses of audio, video and other enclosures that the page and the feed name.
    pub media: Vec<String>,
    /// The pictures that stand in the article, with their captions.
    #[serde(default)]
    pub images: Vec<Image>,
    /// The `id` of the topic that the article fits best. `config_hash` says by which text of it.
    pub topic: Option<String>,
    /// The topic's score, 0 and up; what is kept has reached the topic's `threshold`, unless
    /// `topic.keep` takes more.
    pub topic_score: Option<f32>,
    /// Why, in one sentence.
    pub topic_reason: Option<String>,
    /// The terms of the topic that were found, each once, as the topic file writes them; 200 at the
    /// most.
    pub matched_terms: Vec<String>,
    /// Each occurrence of a term, with its field and its place there; 200 at the most.
    pub matches: Vec<Match>,
    /// blake3 of the text's words, in hexadecimal: equal whatever the case, the punctuation and the
    /// white space.
    pub content_hash: Option<String>,
    /// The text's sketch, for finding copies: eight 64-bit hashes of its runs of words, the
    /// smallest first, each as sixteen hexadecimal digits.
    pub fingerprint: Option<String>,
    /// `id` of the first record of its story: its own where it opens one. All copies and revisions
    /// share it.
    pub cluster_id: Option<String>,
    /// `id` of the record whose text it repeats, or shares a passage with where `duplicate_class`
    /// is `excerpt`.
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
    /// The status of the answer that it came from (RFC 9110); null where none came.
    pub http_status: Option<u16>,
    /// The answer's Content-Type; null where the text is the feed's.
    pub content_type: Option<String>,
    /// The encoding in which the page was read, as the WHATWG's standard names it; null where the
    /// text is the feed's.
    pub charset: Option<String>,
    /// The answer's `ETag`; null where the text is the feed's.
    pub etag: Option<String>,
    /// The answer's Last-Modified, as it was written; null where the text is the feed's.
    pub last_modified: Option<String>,
    /// Where the answer that it came from is kept, if it is: `FILE:OFFSET+LENGTH sha256:HEX`, a
    /// WARC file in the archive's folder and the hash of those bytes of it.
    pub raw_ref: Option<String>,
    /// How the text was found in the page.
    pub extraction: Extraction,
    /// Whether robots.txt allowed the page to be read. Null where it could not be reached, or there
    /// was no page to ask for.
    pub robots_allowed: Option<bool>,
    /// The version of newswatch that made the record.
    pub crawler_version: String,
    /// Stands for what decided over the record: the topics, the rules for sites, and the settings
    /// `topic` and `dedup`. They are in `rules/HASH.json` in the archive's folder.
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

#[cfg(test)]
mod tests {
    use serde_json::Value;

    /// Names of what a schema has no words for, and of what it describes.
    fn look(schema: &Value, path: &str, without: &mut Vec<String>) {
        let described = |value: &Value| value.get("description").is_some();
        for (name, value) in schema["properties"].as_object().into_iter().flatten() {
            if !described(value) {
                without.push(format!("{path}.{name}"));
            }
        }
        let variants = schema["oneOf"].as_array().into_iter().flatten();
        let plain = schema["enum"].as_array().into_iter().flatten();
        without.extend(variants.filter(|it| !described(it)).map(|it| format!("{path}: {it}")));
        without.extend(plain.map(|it| format!("{path}: {it}")));
        for (name, value) in schema["$defs"].as_object().into_iter().flatten() {
            look(value, name, without);
        }
    }

    #[test]
    fn the_schema_says_of_every_key_and_word_what_it_means() {
        let schema = super::schema();
        assert!(schema["properties"].as_object().unwrap().len() > 60);
        let mut without = Vec::new();
        look(&schema, "record", &mut without);
        assert!(without.is_empty(), "{without:#?}");
    }
}
