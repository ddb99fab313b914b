//! What is known of all documents so far, on disk: for each its address, its text's hash, its
//! cluster and the sketch that finds its like.

use std::{borrow::Cow, collections::VecDeque, sync::Arc};

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Result, params};

use super::{
    Circumstances, Class, Document, Evidence, Kept, Sketch, Verdict, compare,
    revision::{Revision, revision},
    segment::{self, FREQUENT, Kind, Posting, Postings},
    shingle::{self, Text, mix},
};

/// Changes with whatever is stored; an index with another one is made anew.
const FORMAT: i64 = 4;
/// Documents whose postings are in memory; then they become a segment.
const RECENT: u32 = 16_384;
/// Two shared hashes make a candidate.
const SHARED: usize = 2;
/// With fewer hashes that are not boilerplate those that are count as well.
const FEW: usize = 8;
/// So many candidates are compared, those with the most shared hashes first.
const CANDIDATES: usize = 8;
/// And so many members of a candidate's cluster: its first, and the latest.
const MEMBERS: usize = 3;
/// Estimated from the sketches, a candidate must have at least this containment to be read.
const LIKELY: f32 = 0.25;
/// With less containment than this a comparison is over.
const RELATED: f32 = 0.3;
/// From this Jaccard similarity on neither boilerplate nor another candidate can change a copy.
const BEYOND_DOUBT: f32 = 0.8;
/// What so many of the last documents of a host share is the host's, not the article's.
const PEERS: usize = 8;
const PEERS_SHARING: usize = 3;
/// A shingle on more days than this is boilerplate.
const DAYS: usize = 3;
/// Seconds after which a cluster's postings are written again with another member: three days, within
/// which a copy of a copy has to come.
const REFRESH: i64 = 3 * 86_400;
/// So many texts are held ready to be compared, of so many shingles (of 16 bytes) together.
const TEXTS: usize = 256;
const TEXT_SHINGLES: usize = 1 << 18;
/// Texts shorter than this many words are alike too easily; their titles have to agree.
const SHORT: u32 = 8;

/// A document read once, to be judged and then inserted.
#[derive(Debug, Clone)]
pub struct Prepared<'d> {
    document: Cow<'d, Document>,
    text: Arc<Text>,
    /// Postings' hashes of the sketch.
    sketch: Vec<u32>,
    address: u64,
    content: u64,
    host: u32,
}

impl<'d> Prepared<'d> {
    pub fn of(document: &'d Document) -> Self {
        Self::new(Cow::Borrowed(document))
    }

    fn new(document: Cow<'d, Document>) -> Self {
        let text = Text::of(&document.title, &document.text);
        // Of titles alone only the same are told for one: "26 dead" and "164 dead" are alike as well.
        let sketch = if text.is_bare { Sketch::default() } else { Sketch::of_text(&text) };
        Self {
            sketch: sketch.hashes.iter().map(|hash| high(mix(*hash))).collect(),
            address: shingle::hash(document.url_key.as_str().as_bytes()),
            content: text.content,
            host: high(shingle::hash(document.url_key.host().as_bytes())),
            text: Arc::new(text),
            document,
        }
    }

    /// How much of the smaller of two texts is in the other, told from how many of the `usable`
    /// hashes their sketches share: of the smaller text's smallest hashes only those can be shared
    /// that are below the greatest in the sketch of the other, which has `size` shingles.
    #[expect(clippy::cast_precision_loss, reason = "an estimate of small numbers")]
    fn containment(&self, shared: usize, usable: usize, size: u32) -> f32 {
        let (own, other) = (self.text.shingles.len().max(1) as f32, size.max(1) as f32);
        let comparable = usable as f32 * (own.min(other) / own.max(other)).min(1.0);
        shared as f32 / comparable.max(1.0)
    }
}

impl Prepared<'static> {
    /// The same for one that outlives its document.
    pub fn owned(document: Document) -> Self {
        Self::new(Cow::Owned(document))
    }
}

/// The index. Its tables live in a database of the caller's and are read and written only through
/// the connection passed in, so that they can share its transaction. A transaction that is rolled
/// back leaves the index ahead of its tables: open it again.
#[derive(Debug)]
pub struct Index {
    near: Postings,
    exact: Postings,
    next: u32,
    /// Documents since the last segment.
    recent: u32,
    /// The first document of each day on which some came in.
    days: Vec<(u32, i64)>,
    texts: Texts,
}

/// The texts compared or taken in last: what is copied is copied soon, and reading a record back
/// costs more than all the rest of a judgement.
#[derive(Debug, Default)]
struct Texts {
    /// By document, the latest last.
    texts: VecDeque<(u32, Arc<Text>)>,
    shingles: usize,
}

impl Texts {
    fn get(&self, doc: u32) -> Option<Arc<Text>> {
        self.texts.iter().rev().find(|(other, _)| *other == doc).map(|(_, text)| Arc::clone(text))
    }

    fn put(&mut self, doc: u32, text: &Arc<Text>) {
        self.shingles += text.shingles.len();
        self.texts.push_back((doc, Arc::clone(text)));
        while self.texts.len() > TEXTS || self.shingles > TEXT_SHINGLES {
            let Some((_, oldest)) = self.texts.pop_front() else { break };
            self.shingles -= oldest.shingles.len();
        }
    }
}

/// A document as the index keeps it.
struct Known {
    doc: u32,
    id: String,
    cluster: u32,
    published: Option<i64>,
    address: u64,
    content: u64,
    host: u32,
}

impl Known {
    fn circumstances(&self, document: &Prepared<'_>) -> Circumstances {
        Circumstances {
            hours_between: hours(document.document.published_at, self.published),
            same_site: self.host == document.host,
        }
    }
}

impl Index {
    /// Makes the tables where they are missing; drops those of another format.
    pub fn create(connection: &Connection) -> Result<()> {
        connection.execute_batch(
            "CREATE TABLE IF NOT EXISTS dedup_meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL);",
        )?;
        let format: Option<i64> = connection
            .query_row("SELECT value FROM dedup_meta WHERE name = 'format'", [], |row| row.get(0))
            .optional()?;
        if format.is_some_and(|format| format != FORMAT) {
            connection.execute_batch(
                "DROP TABLE IF EXISTS dedup_documents; DROP TABLE IF EXISTS dedup_members;
                 DROP TABLE IF EXISTS dedup_recent; DROP TABLE IF EXISTS dedup_days;
                 DROP TABLE IF EXISTS dedup_segments; DROP TABLE IF EXISTS dedup_buckets;",
            )?;
        }
        connection.execute(
            "INSERT OR REPLACE INTO dedup_meta (name, value) VALUES ('format', ?1)",
            [FORMAT],
        )?;
        connection.execute_batch(
            "CREATE TABLE IF NOT EXISTS dedup_documents (
                 doc INTEGER PRIMARY KEY, id TEXT NOT NULL, cluster INTEGER NOT NULL,
                 published INTEGER, address INTEGER NOT NULL, content INTEGER NOT NULL,
                 host INTEGER NOT NULL, size INTEGER NOT NULL);
             CREATE TABLE IF NOT EXISTS dedup_members (
                 cluster INTEGER NOT NULL, doc INTEGER NOT NULL, PRIMARY KEY (cluster, doc)) WITHOUT ROWID;
             CREATE TABLE IF NOT EXISTS dedup_recent (
                 doc INTEGER PRIMARY KEY, sketch BLOB NOT NULL);
             CREATE TABLE IF NOT EXISTS dedup_days (doc INTEGER PRIMARY KEY, day INTEGER NOT NULL);",
        )?;
        segment::create(connection)
    }

    /// Opens the index, however large, without reading it; what has not become a segment yet is
    /// read back into memory.
    pub fn open(connection: &Connection) -> Result<Self> {
        let mut index = Self {
            near: Postings::open(connection, Kind::Near)?,
            exact: Postings::open(connection, Kind::Exact)?,
            next: connection.query_row(
                "SELECT coalesce(max(doc), 0) + 1 FROM dedup_documents",
                [],
                |row| row.get(0),
            )?,
            recent: 0,
            texts: Texts::default(),
            days: connection
                .prepare("SELECT doc, day FROM dedup_days ORDER BY doc")?
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect::<Result<_>>()?,
        };
        let mut statement = connection.prepare(
            "SELECT r.doc, d.cluster, d.address, d.content, d.host, r.sketch, d.id
             FROM dedup_recent r JOIN dedup_documents d ON d.doc = r.doc ORDER BY r.doc",
        )?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (doc, cluster): (u32, u32) = (row.get(0)?, row.get(1)?);
            let [address, content] =
                [row.get::<_, i64>(2)?, row.get(3)?].map(i64::cast_unsigned).map(high);
            let id = shingle::hash(row.get_ref(6)?.as_bytes()?);
            for hash in [address, content, row.get(4)?, high(id)] {
                index.exact.add((hash, doc));
            }
            for hash in row.get_ref(5)?.as_blob()?.as_chunks::<4>().0 {
                index.near.add((u32::from_le_bytes(*hash), cluster));
            }
            index.recent += 1;
        }
        Ok(index)
    }

    /// Documents inserted so far.
    pub fn documents(&self) -> u32 {
        self.next - 1
    }

    /// What `document` is to those inserted before. `text_of` gives the text of an archived record
    /// by its id.
    pub fn judge(
        &mut self,
        connection: &Connection,
        document: &Prepared<'_>,
        mut text_of: impl FnMut(&str) -> Option<Kept>,
    ) -> Result<Verdict> {
        if let Some(verdict) = self.by_address(connection, document, &mut text_of)? {
            return Ok(verdict);
        }
        if let Some(verdict) = self.by_content(connection, document, &mut text_of)? {
            return Ok(verdict);
        }
        let mut best: Option<(Class, Evidence, Known)> = None;
        let mut boilerplate: Option<Vec<u64>> = None;
        'candidates: for cluster in self.candidates(connection, document)? {
            for known in members(connection, cluster)? {
                let Some(other) = self.text(&known, &mut text_of) else { continue };
                let circumstances = known.circumstances(document);
                let (mut class, mut evidence) = compare(&document.text, &other, &[], circumstances);
                if evidence.containment_ab.max(evidence.containment_ba) < RELATED {
                    continue;
                }
                if evidence.jaccard < BEYOND_DOUBT {
                    if boilerplate.is_none() {
                        let found =
                            self.boilerplate(connection, document, cluster, &mut text_of)?;
                        boilerplate = Some(found);
                    }
                    let boilerplate = boilerplate.as_deref().unwrap_or_default();
                    (class, evidence) = compare(&document.text, &other, boilerplate, circumstances);
                }
                let beyond_doubt = class == Class::Copy && evidence.jaccard >= BEYOND_DOUBT;
                if class != Class::New
                    && best.as_ref().is_none_or(|(c, e, _)| better((class, &evidence), (*c, e)))
                {
                    best = Some((class, evidence, known));
                }
                if beyond_doubt {
                    break 'candidates;
                }
            }
        }
        let Some((class, evidence, known)) = best else { return Ok(new(document)) };
        let cluster = match class {
            Class::Excerpt => document.document.id.clone(),
            _ => id_of(connection, known.cluster)?,
        };
        Ok(Verdict { class, of: Some(known.id), cluster, evidence: Some(evidence) })
    }

    /// Takes a judged document in. `seen_at` is when it came: what expires is counted from it.
    /// [`Class::Same`] is not inserted: it is in.
    pub fn insert(
        &mut self,
        connection: &Connection,
        document: &Prepared<'_>,
        verdict: &Verdict,
        seen_at: Timestamp,
    ) -> Result<()> {
        if verdict.class == Class::Same {
            return Ok(());
        }
        let doc = self.next;
        let cluster = if verdict.cluster == document.document.id {
            doc
        } else {
            self.by_id(connection, &verdict.cluster)?.unwrap_or(doc)
        };
        let day = seen_at.as_second().div_euclid(86_400);
        if self.days.last().is_none_or(|(_, last)| *last != day) {
            self.days.push((doc, day));
            connection
                .prepare_cached("INSERT INTO dedup_days (doc, day) VALUES (?1, ?2)")?
                .execute(params![doc, day])?;
        }
        connection
            .prepare_cached(
                "INSERT INTO dedup_documents (doc, id, cluster, published, address, content, host, size)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute(params![
                doc,
                document.document.id,
                cluster,
                document.document.published_at.map(Timestamp::as_second),
                document.address.cast_signed(),
                document.content.cast_signed(),
                document.host,
                u32::try_from(document.text.shingles.len()).unwrap_or(u32::MAX),
            ])?;
        let mut sketch = document.sketch.clone();
        if cluster != doc {
            connection
                .prepare_cached("INSERT INTO dedup_members (cluster, doc) VALUES (?1, ?2)")?
                .execute([cluster, doc])?;
            // The cluster's postings are there already but for what this member adds, and what will
            // be forgotten long before this member is.
            let since = seen_at.as_second() - REFRESH;
            let mut found = Vec::new();
            let frequent = self.near.find_rare(connection, &sketch, 1, since, &mut found)?;
            sketch.retain(|hash| {
                !found.contains(&(*hash, cluster)) && frequent.binary_search(hash).is_err()
            });
        }
        let bytes: Vec<[u8; 4]> = sketch.iter().map(|hash| hash.to_le_bytes()).collect();
        connection
            .prepare_cached("INSERT INTO dedup_recent (doc, sketch) VALUES (?1, ?2)")?
            .execute(params![doc, bytes.as_flattened()])?;
        let id = shingle::hash(document.document.id.as_bytes());
        for hash in [high(document.address), high(document.content), document.host, high(id)] {
            self.exact.add((hash, doc));
        }
        for hash in sketch {
            self.near.add((hash, cluster));
        }
        // A copy may be archived without its text.
        if cluster == doc || verdict.class == Class::Revision {
            self.texts.put(doc, &document.text);
        }
        self.next += 1;
        self.recent += 1;
        if self.recent >= RECENT {
            self.flush(connection, seen_at)?;
        }
        Ok(())
    }

    /// The end of the last day but one on which documents came in; `None` where all came on one day.
    pub fn last_day_but_one(&self) -> Option<Timestamp> {
        let (_, day) = self.days.iter().rev().nth(1)?;
        Timestamp::from_second((day + 1) * 86_400).ok()
    }

    /// Forgets the sketches of documents that all came before `before`. Addresses and hashes of
    /// whole texts stay.
    pub fn expire(&mut self, connection: &Connection, before: Timestamp) -> Result<()> {
        // Where few come in, the recent ones are old before they are many. Whole segments leave, so
        // a sketch stays at most twice as long as it is wanted.
        let day = |doc: u32| {
            let after = self.days.partition_point(|(first, _)| *first <= doc);
            self.days.get(after.checked_sub(1)?).map(|(_, day)| *day)
        };
        let first = day(self.next - self.recent).filter(|_| self.recent > 0);
        if first.is_some_and(|day| day < before.as_second().div_euclid(86_400))
            && let Some((_, last)) = self.days.last()
        {
            let latest = Timestamp::from_second((last + 1) * 86_400).unwrap_or(Timestamp::MAX);
            self.flush(connection, latest)?;
        }
        self.near.expire(connection, before.as_second())
    }

    fn flush(&mut self, connection: &Connection, seen_at: Timestamp) -> Result<()> {
        self.near.flush(connection, seen_at.as_second())?;
        self.exact.flush(connection, seen_at.as_second())?;
        connection.execute("DELETE FROM dedup_recent", [])?;
        self.recent = 0;
        Ok(())
    }

    /// The same address: the same text, or a revision of the latest one there.
    fn by_address(
        &mut self,
        connection: &Connection,
        document: &Prepared<'_>,
        text_of: &mut impl FnMut(&str) -> Option<Kept>,
    ) -> Result<Option<Verdict>> {
        let latest = self
            .exact(connection, high(document.address))?
            .into_iter()
            .rev()
            .map(|doc| known(connection, doc))
            .find(|known| {
                known
                    .as_ref()
                    .map_or(true, |k| k.as_ref().is_some_and(|k| k.address == document.address))
            });
        let Some(known) = latest.transpose()?.flatten() else { return Ok(None) };
        let cluster = id_of(connection, known.cluster)?;
        let same = |id: String, cluster| {
            Ok(Some(Verdict { class: Class::Same, of: Some(id), cluster, evidence: None }))
        };
        if known.content == document.content {
            return same(known.id, cluster);
        }
        let circumstances = known.circumstances(document);
        let kept = text_of(&known.id).and_then(|kept| Some((kept.title, kept.text?)));
        let Some((title, text)) = kept else {
            return Ok(Some(Verdict {
                class: Class::Revision,
                of: Some(known.id),
                cluster,
                evidence: None,
            }));
        };
        match revision(&text, &document.document.text) {
            Revision::Noise => same(known.id, cluster),
            Revision::Changed { ratio } => {
                let (_, mut evidence) =
                    compare(&document.text, &Text::of(&title, &text), &[], circumstances);
                evidence.changed = Some(ratio);
                Ok(Some(Verdict {
                    class: Class::Revision,
                    of: Some(known.id),
                    cluster,
                    evidence: Some(evidence),
                }))
            }
        }
    }

    /// The same words at another address.
    fn by_content(
        &mut self,
        connection: &Connection,
        document: &Prepared<'_>,
        text_of: &mut impl FnMut(&str) -> Option<Kept>,
    ) -> Result<Option<Verdict>> {
        if document.text.weight == 0 {
            return Ok(None);
        }
        for doc in self.exact(connection, high(document.content))? {
            let known = known(connection, doc)?.filter(|known| known.content == document.content);
            let Some(known) = known else { continue };
            let circumstances = known.circumstances(document);
            let other = if let Some(text) = self.text(&known, text_of) {
                text
            } else {
                // Its words are the same, as their hash tells, be they kept or not.
                let title = text_of(&known.id).map(|kept| kept.title).unwrap_or_default();
                Arc::new(Text::of(&title, &document.document.text))
            };
            let (_, evidence) = compare(&document.text, &other, &[], circumstances);
            if document.text.words() < SHORT && evidence.title < 0.5 {
                continue;
            }
            // Headlines come back.
            let is_late = evidence.hours_between.is_some_and(|hours| hours.abs() > compare::SPAN);
            if document.text.is_bare && is_late {
                continue;
            }
            let cluster = id_of(connection, known.cluster)?;
            return Ok(Some(Verdict {
                class: Class::Copy,
                of: Some(known.id),
                cluster,
                evidence: Some(evidence),
            }));
        }
        Ok(None)
    }

    /// Clusters that share hashes with the document's sketch, the likeliest first.
    fn candidates(&mut self, connection: &Connection, document: &Prepared<'_>) -> Result<Vec<u32>> {
        let sketch = &document.sketch;
        let (wanted, few) = (SHARED.min(sketch.len()), FEW.min(sketch.len()));
        let mut found = Vec::new();
        let frequent = self.near.find_rare(connection, sketch, wanted, i64::MIN, &mut found)?;
        segment::sort(&mut found);
        found.dedup();
        let (mut hits, mut usual): (Vec<u32>, Vec<u32>) = (Vec::new(), Vec::new());
        let mut usable = sketch.len() - frequent.len();
        for run in found.chunk_by(|a, b| a.0 == b.0) {
            let boilerplate = run.len() > FREQUENT || self.days_of(run) > DAYS;
            usable -= usize::from(boilerplate);
            let hits = if boilerplate { &mut usual } else { &mut hits };
            hits.extend(run.iter().map(|(_, cluster)| cluster));
        }
        // A text that is hardly anything else is known by its boilerplate.
        if usable < few {
            for hash in frequent {
                let mut found = Vec::new();
                self.near.find(connection, hash, &mut found)?;
                usual.extend(found.iter().map(|(_, cluster)| cluster));
            }
            hits.append(&mut usual);
            usable = sketch.len();
        }
        hits.sort_unstable();
        let mut counted: Vec<(usize, u32)> = hits
            .chunk_by(|a, b| a == b)
            .filter(|run| run.len() >= wanted)
            .filter_map(|run| run.first().map(|cluster| (run.len(), *cluster)))
            .collect();
        counted.sort_unstable_by(|a, b| b.cmp(a));
        let mut likely = Vec::new();
        for (shared, cluster) in counted.into_iter().take(8 * CANDIDATES) {
            let size: u32 = connection
                .prepare_cached("SELECT size FROM dedup_documents WHERE doc = ?1")?
                .query_row([cluster], |row| row.get(0))?;
            if document.containment(shared, usable, size) >= LIKELY {
                likely.push(cluster);
            }
            if likely.len() == CANDIDATES {
                break;
            }
        }
        Ok(likely)
    }

    /// Days on which the clusters, sorted, came in.
    fn days_of(&self, clusters: &[Posting]) -> usize {
        if clusters.len() <= DAYS {
            return clusters.len();
        }
        let mut days: Vec<i64> = clusters
            .iter()
            .filter_map(|(_, cluster)| {
                let after = self.days.partition_point(|(first, _)| first <= cluster);
                self.days.get(after.checked_sub(1)?).map(|(_, day)| *day)
            })
            .collect();
        days.sort_unstable();
        days.dedup();
        days.len()
    }

    /// Shingles of the document that several of its host's last documents have as well, sorted.
    fn boilerplate(
        &mut self,
        connection: &Connection,
        document: &Prepared<'_>,
        cluster: u32,
        text_of: &mut impl FnMut(&str) -> Option<Kept>,
    ) -> Result<Vec<u64>> {
        let mut seen: Vec<u64> = Vec::new();
        let mut peers = 0;
        for doc in self.exact(connection, document.host)?.into_iter().rev() {
            let Some(known) = known(connection, doc)?.filter(|known| known.cluster != cluster)
            else {
                continue;
            };
            let Some(peer) = self.text(&known, text_of) else { continue };
            seen.extend(
                peer.set().iter().filter(|hash| document.text.set().binary_search(hash).is_ok()),
            );
            peers += 1;
            if peers == PEERS {
                break;
            }
        }
        seen.sort_unstable();
        Ok(seen
            .chunk_by(|a, b| a == b)
            .filter(|run| run.len() >= PEERS_SHARING)
            .filter_map(|run| run.first().copied())
            .collect())
    }

    /// A known text, ready to be compared.
    fn text(
        &mut self,
        known: &Known,
        text_of: &mut impl FnMut(&str) -> Option<Kept>,
    ) -> Option<Arc<Text>> {
        if let Some(text) = self.texts.get(known.doc) {
            return Some(text);
        }
        let kept = text_of(&known.id)?;
        let text = Arc::new(Text::of(&kept.title, &kept.text?));
        self.texts.put(known.doc, &text);
        Some(text)
    }

    fn exact(&mut self, connection: &Connection, hash: u32) -> Result<Vec<u32>> {
        let mut found = Vec::new();
        self.exact.find(connection, hash, &mut found)?;
        found.sort_unstable();
        found.dedup();
        Ok(found.into_iter().map(|(_, doc)| doc).collect())
    }

    /// The number of the document with this id.
    fn by_id(&mut self, connection: &Connection, id: &str) -> Result<Option<u32>> {
        for doc in self.exact(connection, high(shingle::hash(id.as_bytes())))? {
            if known(connection, doc)?.is_some_and(|known| known.id == id) {
                return Ok(Some(doc));
            }
        }
        Ok(None)
    }
}

fn new(document: &Prepared<'_>) -> Verdict {
    Verdict { class: Class::New, of: None, cluster: document.document.id.clone(), evidence: None }
}

/// Copies before abridged and extended ones before excerpts; of one class the most alike.
fn better(a: (Class, &Evidence), b: (Class, &Evidence)) -> bool {
    let rank = |class| match class {
        Class::Copy => 3,
        Class::Abridged | Class::Extended => 2,
        _ => 1,
    };
    let likeness = |evidence: &Evidence| {
        (evidence.jaccard, evidence.containment_ab.max(evidence.containment_ba))
    };
    rank(a.0) > rank(b.0) || (rank(a.0) == rank(b.0) && likeness(a.1) > likeness(b.1))
}

fn known(connection: &Connection, doc: u32) -> Result<Option<Known>> {
    connection
        .prepare_cached(
            "SELECT id, cluster, published, address, content, host FROM dedup_documents WHERE doc = ?1",
        )?
        .query_row([doc], |row| {
            Ok(Known {
                doc,
                id: row.get(0)?,
                cluster: row.get(1)?,
                published: row.get(2)?,
                address: row.get::<_, i64>(3)?.cast_unsigned(),
                content: row.get::<_, i64>(4)?.cast_unsigned(),
                host: row.get(5)?,
            })
        })
        .optional()
}

/// The first of a cluster and its latest members.
fn members(connection: &Connection, cluster: u32) -> Result<Vec<Known>> {
    let mut docs = vec![cluster];
    // A bare parameter would have SQLite plan the statement anew each time: 0 and 1 may be frequent.
    let mut statement = connection.prepare_cached(
        "SELECT doc FROM dedup_members WHERE cluster = CAST(?1 AS INTEGER) ORDER BY doc DESC",
    )?;
    for doc in statement.query_map([cluster], |row| row.get(0))?.take(MEMBERS) {
        docs.push(doc?);
    }
    docs.into_iter().filter_map(|doc| known(connection, doc).transpose()).collect()
}

fn id_of(connection: &Connection, doc: u32) -> Result<String> {
    connection
        .prepare_cached("SELECT id FROM dedup_documents WHERE doc = ?1")?
        .query_row([doc], |row| row.get(0))
}

#[expect(clippy::cast_precision_loss, reason = "hours of a few years, to be compared with days")]
fn hours(a: Option<Timestamp>, b: Option<i64>) -> Option<f32> {
    Some((a?.as_second() - b?) as f32 / 3600.0)
}

fn high(hash: u64) -> u32 {
    u32::try_from(hash >> 32).unwrap_or(u32::MAX)
}
