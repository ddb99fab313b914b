//! A crawl in small, on a disk that loses power: what is acknowledged is there exactly once.
//!
//! The state is a stand-in with SQLite's promises (WAL, `synchronous=NORMAL`): transactions are
//! atomic and in order, a kill keeps all of them, a power cut loses some of the last.

use std::{collections::BTreeSet, io::ErrorKind, sync::Arc};

use jiff::{SignedDuration, Timestamp};

use super::{super::line, exchange, noon, record};
use crate::{
    archive::{
        Archive, ArchiveError, Checkpoint, Compression, Lines, Record, Recovery, Retention,
        SegmentName, Settings, drop_segment, dropped, pack, segments_dropped, verify,
    },
    fetch::Exchange,
    jsonl::{
        Disk,
        sim::{Chance, Faithless, Fault, SimDisk},
    },
};

/// What a control does wrong on purpose.
#[derive(Debug, Clone, Copy, Default)]
struct Wrong {
    disk: Faithless,
    commit_before_sync: bool,
    validators_before_sync: bool,
    no_checksum: bool,
}

#[derive(Debug, Clone, Default)]
struct State {
    seen: BTreeSet<u64>,
    checkpoint: Option<Checkpoint>,
    /// The feed's validator: how many articles it had listed.
    validator: u64,
}

/// Committed transactions; those after `synced` may be lost with the power.
struct Cell {
    log: Vec<State>,
    synced: usize,
}

impl Cell {
    fn state(&self) -> State {
        self.log.last().cloned().unwrap_or_default()
    }

    fn commit(&mut self, state: State, chance: &mut Chance) {
        self.log.push(state);
        if chance.one_in(4) {
            self.synced = self.log.len();
        }
    }

    fn lose(&mut self, chance: &mut Chance) {
        let volatile = (self.log.len() - self.synced) as u64;
        let kept = self.synced + usize::try_from(chance.below(volatile + 1)).unwrap();
        self.log.truncate(kept);
        self.synced = kept;
    }
}

struct Crawl {
    disk: SimDisk,
    cell: Cell,
    chance: Chance,
    wrong: Wrong,
    now: Timestamp,
    /// Articles that the feed lists, numbered from 0.
    published: u64,
    acknowledged: BTreeSet<u64>,
    power_cuts: u64,
    faults: u64,
}

fn article(number: u64) -> Record {
    let mut record = record(&number.to_string());
    record.text = Some(format!("{number} ").repeat(usize::try_from(number * 37 % 700).unwrap()));
    record
}

/// Of two articles in three a page is kept, or two, and some pages are the same.
fn came_from(number: u64) -> Vec<Arc<Exchange>> {
    let page = |n: u64| exchange(&n.to_string(), &(n % 5).to_string().repeat(99));
    (0..number % 3).map(|part| page(number + part)).collect()
}

fn number(id: &str) -> u64 {
    id.trim_start_matches("a_").parse().unwrap()
}

impl Crawl {
    fn new(seed: u64, wrong: Wrong) -> Self {
        Self {
            disk: SimDisk::new(seed, wrong.disk),
            cell: Cell { log: Vec::new(), synced: 0 },
            chance: Chance(seed ^ 0xabcd),
            wrong,
            now: noon("2022-01-16"),
            published: 0,
            acknowledged: BTreeSet::new(),
            power_cuts: 0,
            faults: 0,
        }
    }

    /// Runs until `faults` have happened, then without any until all is quiet.
    fn run(mut self, faults: u64) -> Result<u64, String> {
        while self.faults < faults {
            let after = self.chance.below(30);
            let fault = match self.chance.below(10) {
                0..=4 => Fault::PowerCut,
                5 => Fault::Kill,
                6 | 7 => Fault::Error(ErrorKind::Other),
                _ => Fault::Error(ErrorKind::StorageFull),
            };
            self.disk.plan(after, fault);
            self.process()?;
            self.faults += 1;
            // A machine often loses its power after something else went wrong.
            if self.chance.one_in(4) {
                self.disk.cut_power();
            }
            if self.disk.restart() {
                self.cell.lose(&mut self.chance);
                self.power_cuts += 1;
            }
        }
        self.process()?;
        let articles: Vec<u64> = self.articles()?;
        let expected: Vec<u64> = (0..self.published).collect();
        let mut sorted = articles.clone();
        sorted.sort_unstable();
        if sorted == expected {
            Ok(self.power_cuts)
        } else {
            Err(format!("in the end: {articles:?}"))
        }
    }

    /// One process, from its start until a fault ends it, or some polls without one.
    fn process(&mut self) -> Result<(), String> {
        let settings = Settings { segment_bytes: 5000 };
        let mut state = self.cell.state();
        let before = self.files();
        let opened = Archive::open(self.disk.clone(), settings, state.checkpoint);
        self.check_bytes(&before)?;
        let (mut archive, recovery) = match opened {
            Ok(opened) => opened,
            Err(ArchiveError::Behind(at)) => return Err(format!("the state is ahead: {at}")),
            Err(e) => return Self::expected(&e),
        };
        self.absorb(&archive, &recovery, &mut state)?;
        self.check(&state)?;
        // Until the fault, then a little further.
        let mut quiet = 0;
        while quiet < 3 {
            quiet += u32::from(!self.disk.has_plan());
            match self.poll(&mut archive, &mut state) {
                Ok(()) | Err(ArchiveError::Full { .. }) if !self.disk.is_dead() => {}
                Ok(()) => return Ok(()),
                Err(e) => return Self::expected(&e),
            }
        }
        Ok(())
    }

    fn expected(error: &ArchiveError) -> Result<(), String> {
        match error {
            ArchiveError::Io { .. } | ArchiveError::Sync { .. } | ArchiveError::Full { .. } => {
                Ok(())
            }
            other => Err(format!("not an error of the disk: {other}")),
        }
    }

    fn absorb(
        &mut self,
        archive: &Archive<SimDisk>,
        recovery: &Recovery,
        state: &mut State,
    ) -> Result<(), String> {
        if !recovery.damage.is_empty() {
            return Err(format!("corruption without cause: {:?}", recovery.damage));
        }
        let mut lines = 0;
        for line in archive.since(state.checkpoint).map_err(|e| e.to_string())? {
            let record = line.map_err(|e| e.to_string())?.record().map_err(|e| e.to_string())?;
            state.seen.insert(number(&record.id));
            lines += 1;
        }
        if lines != recovery.lines {
            return Err(format!("{lines} lines to absorb, {} announced", recovery.lines));
        }
        state.checkpoint = Some(archive.checkpoint().unwrap_or_else(Checkpoint::origin));
        self.cell.commit(state.clone(), &mut self.chance);
        // A start folds the log into the index file, which is synced.
        self.cell.synced = self.cell.log.len();
        Ok(())
    }

    fn poll(
        &mut self,
        archive: &mut Archive<SimDisk>,
        state: &mut State,
    ) -> Result<(), ArchiveError> {
        self.now = self.now.saturating_add(SignedDuration::from_hours(7)).unwrap();
        if self.chance.one_in(8) {
            self.now = self.now.saturating_sub(SignedDuration::from_hours(50)).unwrap();
        }
        self.published += self.chance.below(3);
        for name in archive.unpacked()? {
            if self.chance.one_in(2) {
                pack(archive.disk(), name, Compression::Gzip)?;
            }
        }
        let retention = Retention { age: None, bytes: Some(30_000) };
        for name in archive.expired(retention, self.now)? {
            self.cell.synced = self.cell.log.len();
            drop_segment(archive.disk(), name)?;
        }
        if state.validator == self.published {
            return Ok(());
        }
        let listed = self.published;
        let new: Vec<u64> = (0..listed).filter(|n| !state.seen.contains(n)).collect();
        let mut records: Vec<Record> = new.iter().map(|n| article(*n)).collect();
        if self.wrong.validators_before_sync {
            state.validator = listed;
            self.cell.commit(state.clone(), &mut self.chance);
        }
        if self.wrong.commit_before_sync {
            state.seen.extend(&new);
            self.cell.commit(state.clone(), &mut self.chance);
        }
        let exchanges: Vec<Vec<Arc<Exchange>>> = new.iter().map(|n| came_from(*n)).collect();
        state.checkpoint = archive.append_with(&mut records, &exchanges, self.now)?;
        self.acknowledged.extend(&new);
        state.seen.extend(&new);
        self.cell.commit(state.clone(), &mut self.chance);
        state.validator = listed;
        self.cell.commit(state.clone(), &mut self.chance);
        Ok(())
    }

    fn articles(&self) -> Result<Vec<u64>, String> {
        let mut articles = Vec::new();
        for name in segments_dropped(&self.disk).map_err(|e| e.to_string())? {
            for line in dropped(&self.disk, name).map_err(|e| e.to_string())? {
                articles.push(number(&line.map_err(|e| e.to_string())?.id));
            }
        }
        for line in Lines::all(self.disk.clone()).map_err(|e| e.to_string())? {
            let record = line.map_err(|e| e.to_string())?.record().map_err(|e| e.to_string())?;
            articles.push(number(&record.id));
        }
        Ok(articles)
    }

    /// What holds after every start.
    fn check(&self, state: &State) -> Result<(), String> {
        let trusting = line::set_trusting(false);
        let report = verify(&self.disk, None).map_err(|e| e.to_string());
        line::set_trusting(trusting);
        if self.disk.is_dead() {
            return Ok(());
        }
        if let Some(finding) = report?.findings.first() {
            return Err(format!("verify: {finding}"));
        }
        let articles = self.articles()?;
        let distinct: BTreeSet<u64> = articles.iter().copied().collect();
        if distinct.len() != articles.len() {
            return Err(format!("doubled: {articles:?}"));
        }
        if let Some(lost) = self.acknowledged.difference(&distinct).next() {
            return Err(format!("acknowledged and lost: {lost}"));
        }
        if distinct != state.seen {
            return Err("the state has seen other articles than the archive has".to_owned());
        }
        if (0..state.validator).any(|n| !distinct.contains(&n)) {
            return Err("a validator is newer than the durable records".to_owned());
        }
        Ok(())
    }

    fn files(&self) -> Vec<(String, Vec<u8>)> {
        let paths = self.disk.list().unwrap();
        paths.into_iter().map(|path| (path.clone(), self.disk.bytes(&path).unwrap())).collect()
    }

    /// No byte disappears at a start: what is not in the archive any more is beside it.
    fn check_bytes(&self, before: &[(String, Vec<u8>)]) -> Result<(), String> {
        let after = self.files();
        for (path, bytes) in before {
            let stem = match path.split_once(".warc.") {
                Some((stem, _)) => format!("{stem}.warc"),
                _ if path.parse::<SegmentName>().is_ok() => {
                    path.trim_end_matches(".jsonl").to_owned()
                }
                _ => continue,
            };
            if after
                .iter()
                .any(|(path, _)| *path == format!("{}.dropped.gz", stem.trim_end_matches(".warc")))
            {
                continue;
            }
            let kept = self.disk.bytes(path).ok_or_else(|| format!("{path} is gone"))?;
            let cut = bytes.strip_prefix(&kept[..]).ok_or_else(|| format!("{path} changed"))?;
            let set_aside = |(name, torn): &(String, Vec<u8>)| {
                name.starts_with(&format!("{stem}@{}", kept.len())) && torn == cut
            };
            if !cut.is_empty() && !after.iter().any(set_aside) {
                return Err(format!("{} bytes of {path} are gone", cut.len()));
            }
        }
        Ok(())
    }
}

/// Runs crawls until `power_cuts` have happened; the first failure ends it.
fn crawls(wrong: Wrong, power_cuts: u64) -> Result<u64, String> {
    let mut cuts = 0;
    line::set_trusting(wrong.no_checksum);
    for seed in 0.. {
        cuts += Crawl::new(seed, wrong).run(12).map_err(|e| format!("seed {seed}: {e}"))?;
        if cuts >= power_cuts {
            break;
        }
    }
    Ok(cuts)
}

#[test]
fn ten_thousand_power_cuts_lose_and_double_nothing() {
    let cuts = crawls(Wrong::default(), 10_000).unwrap();
    assert!(cuts >= 10_000);
}

/// Each of these must be noticed, or the test above proves nothing.
fn assert_noticed(wrong: Wrong) {
    let failure = crawls(wrong, 10_000).expect_err("nothing was noticed");
    println!("{failure}");
}

#[test]
fn a_missing_sync_is_noticed() {
    assert_noticed(Wrong {
        disk: Faithless { no_sync: true, ..Default::default() },
        ..Default::default()
    });
}

#[test]
fn a_missing_sync_of_the_folder_is_noticed() {
    let disk = Faithless { no_folder_sync: true, ..Default::default() };
    assert_noticed(Wrong { disk, ..Default::default() });
}

#[test]
fn trusting_the_page_cache_after_a_failed_sync_is_noticed() {
    let disk = Faithless { no_rewrite: true, ..Default::default() };
    assert_noticed(Wrong { disk, ..Default::default() });
}

#[test]
fn a_commit_before_the_sync_is_noticed() {
    assert_noticed(Wrong { commit_before_sync: true, ..Default::default() });
}

#[test]
fn validators_stored_before_the_sync_are_noticed() {
    assert_noticed(Wrong { validators_before_sync: true, ..Default::default() });
}

#[test]
fn a_missing_checksum_is_noticed() {
    assert_noticed(Wrong { no_checksum: true, ..Default::default() });
}
