//! Postings: which documents or clusters have a hash. Recent ones in memory, the others in sorted
//! segments on disk that only ever merge, so that an insertion never touches an old page.
//!
//! A segment is cut into buckets by the leading bits of the hash, one row each, and has a blocked
//! Bloom filter (Putze, Sanders and Singler, "Cache-, hash- and space-efficient Bloom filters",
//! 2007) that keeps most lookups away from the disk.

use rusqlite::{Connection, OptionalExtension, Result, params};

use super::shingle::mix;

/// A hash in more postings than this is boilerplate; no more of them are kept in one place.
pub(super) const FREQUENT: usize = 64;

/// So many segments of one level become one of the next.
const FAN_OUT: usize = 4;
/// Segments of this level are left as they are, which bounds the memory that a merge takes.
const LAST_LEVEL: u32 = 3;
/// Postings in a bucket: about half a kilobyte.
const BUCKET: u64 = 128;

/// What a posting leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Hashes of sketches to clusters. Expires.
    Near = 0,
    /// Hashes of addresses, contents and hosts to documents. Stays.
    Exact = 1,
}

/// A hash, and the cluster or document it leads to.
pub(super) type Posting = (u32, u32);

/// Sorts as tuples are sorted, by one comparison each.
pub(super) fn sort(postings: &mut [Posting]) {
    postings.sort_unstable_by_key(|(hash, value)| u64::from(*hash) << 32 | u64::from(*value));
}

pub(super) fn create(connection: &Connection) -> Result<()> {
    connection.execute_batch(
        "CREATE TABLE IF NOT EXISTS dedup_segments (
             segment INTEGER PRIMARY KEY, kind INTEGER NOT NULL, level INTEGER NOT NULL,
             bits INTEGER NOT NULL, base INTEGER NOT NULL, latest INTEGER NOT NULL,
             filter BLOB NOT NULL);
         CREATE TABLE IF NOT EXISTS dedup_buckets (
             bucket INTEGER PRIMARY KEY, data BLOB NOT NULL);",
    )
}

/// Postings of one kind.
#[derive(Debug)]
pub(super) struct Postings {
    kind: Kind,
    recent: Recent,
    segments: Vec<Segment>,
    frequent: Frequent,
}

impl Postings {
    /// Reads what segments there are; their filters are read when first asked.
    pub(super) fn open(connection: &Connection, kind: Kind) -> Result<Self> {
        let mut statement = connection.prepare(
            "SELECT segment, level, bits, base, latest FROM dedup_segments WHERE kind = ?1 ORDER BY segment",
        )?;
        let segments = statement
            .query_map([kind as u32], |row| {
                Ok(Segment {
                    number: row.get(0)?,
                    level: row.get(1)?,
                    bits: row.get(2)?,
                    base: row.get(3)?,
                    latest: row.get(4)?,
                    filter: Vec::new(),
                })
            })?
            .collect::<Result<_>>()?;
        Ok(Self { kind, recent: Recent::default(), segments, frequent: Frequent::default() })
    }

    pub(super) fn add(&mut self, posting: Posting) {
        self.recent.add(posting);
    }

    /// Appends to `found` what the hash leads to: of a frequent one the newest, at least.
    pub(super) fn find(
        &mut self,
        connection: &Connection,
        hash: u32,
        found: &mut Vec<Posting>,
    ) -> Result<()> {
        let mark = Mark::of(hash);
        for segment in &mut self.segments {
            segment.load_filter(connection)?;
            if segment.may_have(&mark) {
                segment.find(connection, hash, found)?;
            }
        }
        if self.recent.may_have(hash) {
            self.recent.find(hash, found);
        }
        Ok(())
    }

    /// Appends to `found` what those of the hashes lead to that are not in more than [`FREQUENT`]
    /// postings of one place, and returns the others, sorted. A segment that has fewer than `least`
    /// of them is passed over: a document's postings are all in one. So is one whose last posting is
    /// from before `since`, in seconds.
    pub(super) fn find_rare(
        &mut self,
        connection: &Connection,
        hashes: &[u32],
        least: usize,
        since: i64,
        found: &mut Vec<Posting>,
    ) -> Result<Vec<u32>> {
        let (mut rare, mut frequent) = (Vec::with_capacity(hashes.len()), Vec::new());
        // All are asked for before any is followed: the memory answers them together.
        let recent: Vec<bool> = hashes.iter().map(|hash| self.recent.may_have(*hash)).collect();
        for (hash, recent) in hashes.iter().zip(recent) {
            let before = found.len();
            if recent && !self.frequent.has(*hash) {
                self.recent.find(*hash, found);
            }
            if self.frequent.has(*hash) || self.frequent.learn(*hash, before, found) {
                frequent.push(*hash);
            } else {
                rare.push(Mark::of(*hash));
            }
        }
        let mut likely = Vec::with_capacity(rare.len());
        for segment in self.segments.iter_mut().filter(|segment| segment.latest >= since) {
            segment.load_filter(connection)?;
            likely.clear();
            likely.extend(rare.iter().filter(|mark| segment.may_have(mark)).map(|mark| mark.hash));
            if likely.len() >= least {
                for hash in &likely {
                    let before = found.len();
                    segment.find(connection, *hash, found)?;
                    if self.frequent.learn(*hash, before, found) {
                        frequent.push(*hash);
                    }
                }
            }
        }
        frequent.sort_unstable();
        frequent.dedup();
        found.retain(|(hash, _)| frequent.binary_search(hash).is_err());
        Ok(frequent)
    }

    /// Moves the recent postings into a segment. `latest` is the time of the last, in seconds.
    pub(super) fn flush(&mut self, connection: &Connection, latest: i64) -> Result<()> {
        let postings = self.recent.take();
        if postings.is_empty() {
            return Ok(());
        }
        let mut writer =
            Writer::new(connection, Self::next(connection)?, postings.len() as u64, &postings);
        writer.write(&postings)?;
        let segment = writer.finish(self.kind, 0, latest)?;
        self.segments.push(segment);
        self.merge(connection)
    }

    /// Drops the segments whose last posting is older than `before`, in seconds.
    pub(super) fn expire(&mut self, connection: &Connection, before: i64) -> Result<()> {
        for segment in self.segments.extract_if(.., |segment| segment.latest < before) {
            segment.delete(connection)?;
            self.frequent = Frequent::default();
        }
        Ok(())
    }

    fn merge(&mut self, connection: &Connection) -> Result<()> {
        for level in 0..LAST_LEVEL {
            let of_level = self.segments.iter().filter(|segment| segment.level == level).count();
            if of_level < FAN_OUT {
                return Ok(());
            }
            let sources: Vec<Segment> =
                self.segments.extract_if(.., |segment| segment.level == level).collect();
            let number = Self::next(connection)?;
            let merged = merge(connection, self.kind, number, level + 1, &sources)?;
            for source in sources {
                source.delete(connection)?;
            }
            self.segments.push(merged);
        }
        Ok(())
    }

    fn next(connection: &Connection) -> Result<i64> {
        connection.query_row(
            "SELECT coalesce(max(segment), 0) + 1 FROM dedup_segments",
            [],
            |row| row.get(0),
        )
    }
}

/// Hashes found to be frequent, as many as there is room for: to ask for them again would take
/// longer than for all the others. They stay so until postings expire.
#[derive(Debug)]
struct Frequent {
    /// The hash and one, so that none is 0; its place is by its trailing bits.
    hashes: Vec<u64>,
}

impl Default for Frequent {
    fn default() -> Self {
        Self { hashes: vec![0; 1 << 12] }
    }
}

impl Frequent {
    fn place(&self, hash: u32) -> usize {
        hash as usize % self.hashes.len()
    }

    fn has(&self, hash: u32) -> bool {
        self.hashes.get(self.place(hash)) == Some(&(u64::from(hash) + 1))
    }

    /// Whether what was found from `before` on is too much; then it is taken back.
    fn learn(&mut self, hash: u32, before: usize, found: &mut Vec<Posting>) -> bool {
        let frequent = found.len() - before > FREQUENT;
        let place = self.place(hash);
        if frequent && let Some(known) = self.hashes.get_mut(place) {
            *known = u64::from(hash) + 1;
            found.truncate(before);
        }
        frequent
    }
}

/// Postings that no segment holds yet, in the order they came, chained by the leading bits of the
/// hash.
#[derive(Debug)]
struct Recent {
    /// A bit for each beginning of a hash that is there, small enough to stay near the processor: of
    /// what is asked for hardly anything is there.
    marks: Vec<u64>,
    /// Where the last posting of each chain is, counted from 1; 0 where there is none.
    heads: Vec<u32>,
    /// Each with the one before it in its chain.
    postings: Vec<(Posting, u32)>,
}

const MARK_BITS: u32 = 22;
const HEAD_BITS: u32 = 18;

impl Default for Recent {
    fn default() -> Self {
        let (marks, heads) = (vec![0; 1 << (MARK_BITS - 6)], vec![0; 1 << HEAD_BITS]);
        Self { marks, heads, postings: Vec::new() }
    }
}

impl Recent {
    fn add(&mut self, posting: Posting) {
        let (word, bit) = mark(posting.0);
        if let Some(head) = self.heads.get_mut(chain(posting.0))
            && let Some(marks) = self.marks.get_mut(word)
        {
            *marks |= bit;
            self.postings.push((posting, *head));
            *head = u32::try_from(self.postings.len()).unwrap_or(0);
        }
    }

    fn may_have(&self, hash: u32) -> bool {
        let (word, bit) = mark(hash);
        self.marks.get(word).is_some_and(|marks| marks & bit != 0)
    }

    /// The newest: enough to know that a hash is frequent.
    fn find(&self, hash: u32, found: &mut Vec<Posting>) {
        let mut place = self.heads.get(chain(hash)).copied().unwrap_or(0);
        let mut left = FREQUENT + 1;
        while left > 0
            && let Some(before) = place.checked_sub(1)
            && let Some((posting, next)) = self.postings.get(before as usize)
        {
            if posting.0 == hash {
                found.push(*posting);
                left -= 1;
            }
            place = *next;
        }
    }

    fn take(&mut self) -> Vec<Posting> {
        self.marks.fill(0);
        self.heads.fill(0);
        let mut postings: Vec<Posting> =
            self.postings.drain(..).map(|(posting, _)| posting).collect();
        sort(&mut postings);
        newest(&postings)
    }
}

fn chain(hash: u32) -> usize {
    (hash >> (32 - HEAD_BITS)) as usize
}

/// The word and the bit of it that stand for a hash.
fn mark(hash: u32) -> (usize, u64) {
    let place = hash >> (32 - MARK_BITS);
    ((place >> 6) as usize, 1 << (place & 63))
}

#[derive(Debug)]
struct Segment {
    number: i64,
    level: u32,
    /// Leading bits of a hash that choose the bucket.
    bits: u32,
    /// The smallest value, from which the others are counted.
    base: u32,
    latest: i64,
    /// Empty until first asked.
    filter: Vec<u64>,
}

impl Segment {
    fn load_filter(&mut self, connection: &Connection) -> Result<()> {
        if self.filter.is_empty() {
            let mut statement = connection
                .prepare_cached("SELECT filter FROM dedup_segments WHERE segment = ?1")?;
            let mut rows = statement.query([self.number])?;
            if let Some(row) = rows.next()? {
                let words = row.get_ref(0)?.as_blob()?.as_chunks::<8>().0;
                self.filter = words.iter().map(|word| u64::from_le_bytes(*word)).collect();
            }
        }
        Ok(())
    }

    fn may_have(&self, mark: &Mark) -> bool {
        let (blocks, _) = self.filter.as_chunks::<BLOCK>();
        blocks.get(mark.block(blocks.len())).is_some_and(|block| {
            let missing = block.iter().zip(mark.bits).map(|(word, bits)| bits & !word);
            missing.fold(0, |all, bits| all | bits) == 0
        })
    }

    fn find(&self, connection: &Connection, hash: u32, found: &mut Vec<Posting>) -> Result<()> {
        let bucket = bucket_of(hash, self.bits);
        let mut statement =
            connection.prepare_cached("SELECT data FROM dedup_buckets WHERE bucket = ?1")?;
        let mut rows = statement.query([row_of(self.number, bucket)])?;
        if let Some(row) = rows.next()? {
            let data = row.get_ref(0)?.as_blob()?;
            for posting in decode(data, start_of(bucket, self.bits), self.base) {
                if posting.0 == hash {
                    found.push(posting);
                } else if posting.0 > hash {
                    break;
                }
            }
        }
        Ok(())
    }

    fn read(&self, connection: &Connection, bucket: u32) -> Result<Vec<Posting>> {
        let data: Option<Vec<u8>> = connection
            .prepare_cached("SELECT data FROM dedup_buckets WHERE bucket = ?1")?
            .query_row([row_of(self.number, bucket)], |row| row.get(0))
            .optional()?;
        Ok(decode(&data.unwrap_or_default(), start_of(bucket, self.bits), self.base).collect())
    }

    fn delete(&self, connection: &Connection) -> Result<()> {
        connection
            .prepare_cached("DELETE FROM dedup_buckets WHERE bucket >= ?1 AND bucket < ?2")?
            .execute([row_of(self.number, 0), row_of(self.number + 1, 0)])?;
        connection
            .prepare_cached("DELETE FROM dedup_segments WHERE segment = ?1")?
            .execute([self.number])?;
        Ok(())
    }
}

/// Merges bucket by bucket, so that the memory needed is one bucket's of each source.
fn merge(
    connection: &Connection,
    kind: Kind,
    number: i64,
    level: u32,
    sources: &[Segment],
) -> Result<Segment> {
    let coarse = sources.iter().map(|segment| segment.bits).min().unwrap_or(0);
    let mut entries = 0_u64;
    for source in sources {
        let blocks: i64 = connection.query_row(
            "SELECT length(filter) / 64 FROM dedup_segments WHERE segment = ?1",
            [source.number],
            |row| row.get(0),
        )?;
        entries += u64::try_from(blocks).unwrap_or(0) * KEYS_A_BLOCK;
    }
    let lowest = sources.iter().map(|segment| segment.base).min().unwrap_or(0);
    let latest = sources.iter().map(|segment| segment.latest).max().unwrap_or(0);
    let mut writer = Writer::new(connection, number, entries, &[(0, lowest)]);
    for prefix in 0..1_u32 << coarse {
        let mut postings = Vec::new();
        for source in sources {
            let finer = source.bits - coarse;
            for part in 0..1_u32 << finer {
                postings.append(&mut source.read(connection, (prefix << finer) + part)?);
            }
        }
        sort(&mut postings);
        postings.dedup();
        writer.write(&newest(&postings))?;
    }
    writer.finish(kind, level, latest)
}

/// Of a hash with too many postings, the newest: enough to know that it is frequent.
fn newest(postings: &[Posting]) -> Vec<Posting> {
    let mut kept = Vec::with_capacity(postings.len());
    for run in postings.chunk_by(|a, b| a.0 == b.0) {
        let skip = run.len().saturating_sub(FREQUENT + 1);
        kept.extend_from_slice(run.get(skip..).unwrap_or_default());
    }
    kept
}

/// Writes a segment's postings, given in the order of their hashes.
struct Writer<'c> {
    connection: &'c Connection,
    number: i64,
    bits: u32,
    base: u32,
    filter: Vec<u64>,
}

/// Words of a filter that one hash may set: a line of the processor's cache.
const BLOCK: usize = 8;
/// Ten bits a key: of a hundred hashes that are not there about one seems to be.
const KEYS_A_BLOCK: u64 = 51;

impl<'c> Writer<'c> {
    fn new(connection: &'c Connection, number: i64, entries: u64, postings: &[Posting]) -> Self {
        let blocks = usize::try_from(entries.div_ceil(KEYS_A_BLOCK)).unwrap_or(1).max(1);
        Self {
            connection,
            number,
            bits: (entries / BUCKET).max(1).ilog2(),
            base: postings.iter().map(|(_, value)| *value).min().unwrap_or(0),
            filter: vec![0; blocks * BLOCK],
        }
    }

    /// `postings` begin and end at the borders of buckets.
    fn write(&mut self, postings: &[Posting]) -> Result<()> {
        let mut insert = self
            .connection
            .prepare_cached("INSERT INTO dedup_buckets (bucket, data) VALUES (?1, ?2)")?;
        let bits = self.bits;
        for run in postings.chunk_by(|a, b| bucket_of(a.0, bits) == bucket_of(b.0, bits)) {
            let bucket = run.first().map_or(0, |(hash, _)| bucket_of(*hash, bits));
            let data = encode(run, start_of(bucket, bits), self.base);
            insert.execute(params![row_of(self.number, bucket), data])?;
            let (blocks, _) = self.filter.as_chunks_mut::<BLOCK>();
            for (hash, _) in run {
                let mark = Mark::of(*hash);
                if let Some(block) = blocks.get_mut(mark.block(blocks.len())) {
                    block.iter_mut().zip(mark.bits).for_each(|(word, bits)| *word |= bits);
                }
            }
        }
        Ok(())
    }

    fn finish(self, kind: Kind, level: u32, latest: i64) -> Result<Segment> {
        let bytes: Vec<u8> = self.filter.iter().flat_map(|word| word.to_le_bytes()).collect();
        self.connection
            .prepare_cached(
                "INSERT INTO dedup_segments (segment, kind, level, bits, base, latest, filter)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                self.number,
                kind as u32,
                level,
                self.bits,
                self.base,
                latest,
                bytes
            ])?;
        Ok(Segment {
            number: self.number,
            level,
            bits: self.bits,
            base: self.base,
            latest,
            filter: self.filter,
        })
    }
}

/// What a hash leaves in a block of a filter.
struct Mark {
    hash: u32,
    bits: [u64; BLOCK],
}

impl Mark {
    fn of(hash: u32) -> Self {
        let mut bits = [0; BLOCK];
        let mut places = mix(u64::from(hash));
        for _ in 0..6 {
            if let Some(word) = bits.get_mut((places >> 6) as usize % BLOCK) {
                *word |= 1_u64 << (places & 63);
            }
            places >>= 9;
        }
        Self { hash, bits }
    }

    /// Which of so many blocks it is in.
    fn block(&self, blocks: usize) -> usize {
        usize::try_from((u64::from(self.hash) * blocks as u64) >> 32).unwrap_or(0)
    }
}

fn bucket_of(hash: u32, bits: u32) -> u32 {
    if bits == 0 { 0 } else { hash >> (32 - bits) }
}

/// The smallest hash of a bucket.
fn start_of(bucket: u32, bits: u32) -> u32 {
    if bits == 0 { 0 } else { bucket << (32 - bits) }
}

fn row_of(segment: i64, bucket: u32) -> i64 {
    (segment << 24) | i64::from(bucket)
}

fn encode(postings: &[Posting], start: u32, base: u32) -> Vec<u8> {
    let mut data = Vec::with_capacity(postings.len() * 5);
    let mut before = start;
    for (hash, value) in postings {
        push_varint(&mut data, hash - before);
        push_varint(&mut data, value - base);
        before = *hash;
    }
    data
}

fn decode(data: &[u8], start: u32, base: u32) -> impl Iterator<Item = Posting> + '_ {
    let mut data = data.iter();
    let mut hash = start;
    std::iter::from_fn(move || {
        hash = hash.wrapping_add(varint(&mut data)?);
        Some((hash, base.wrapping_add(varint(&mut data)?)))
    })
}

/// LEB128.
fn push_varint(data: &mut Vec<u8>, mut value: u32) {
    while value >= 0x80 {
        data.push(low_bits(value) | 0x80);
        value >>= 7;
    }
    data.push(low_bits(value));
}

fn low_bits(value: u32) -> u8 {
    u8::try_from(value & 0x7f).unwrap_or(0x7f)
}

fn varint<'a>(data: &mut impl Iterator<Item = &'a u8>) -> Option<u32> {
    let mut value = 0;
    let mut shift = 0;
    loop {
        let byte = *data.next()?;
        value |= u32::from(byte & 0x7f).checked_shl(shift)?;
        if byte < 0x80 {
            return Some(value);
        }
        shift += 7;
    }
}
