//! A disk that does what real ones may do: it forgets what was not synced, tears and reorders
//! writes, fails, and loses power.

use std::{cell::RefCell, collections::BTreeMap, io, rc::Rc};

use super::{Disk, DiskFile};

/// What real disks tear at.
const SECTOR: u64 = 512;

/// Chance that can be run again (`SplitMix64`, Steele et al. 2014).
#[derive(Debug, Clone)]
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    pub(crate) fn one_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }
}

/// What befalls the operation that changes the disk next but `Plan::after`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The process ends; what it wrote stays in the page cache.
    Kill,
    /// As `Kill`, and what was not synced is lost in part.
    PowerCut,
    /// The one operation fails with this error, a write after part of it.
    Error(io::ErrorKind),
}

/// What the disk is made not to do, so that tests can show that they would notice.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Faithless {
    pub(crate) no_sync: bool,
    pub(crate) no_folder_sync: bool,
    /// Writing bytes that the page cache already holds does nothing.
    pub(crate) no_rewrite: bool,
}

#[derive(Debug, Clone)]
enum Pending {
    Write(u64, Vec<u8>),
    Len(u64),
}

#[derive(Debug, Clone, Default)]
struct Inode {
    /// What a process sees.
    cached: Vec<u8>,
    durable: Vec<u8>,
    pending: Vec<Pending>,
}

#[derive(Debug, Clone)]
enum NameChange {
    Link(String, usize),
    Unlink(String),
    Rename(String, String, usize),
}

impl NameChange {
    fn folder(&self) -> &str {
        let (Self::Link(path, _) | Self::Unlink(path) | Self::Rename(_, path, _)) = self;
        path.rsplit_once('/').map_or("", |(folder, _)| folder)
    }

    fn apply(self, names: &mut BTreeMap<String, usize>) {
        match self {
            Self::Link(path, inode) => drop(names.insert(path, inode)),
            Self::Unlink(path) => drop(names.remove(&path)),
            Self::Rename(from, to, inode) => {
                names.remove(&from);
                names.insert(to, inode);
            }
        }
    }
}

#[derive(Debug)]
struct World {
    chance: Chance,
    faithless: Faithless,
    inodes: Vec<Inode>,
    names: BTreeMap<String, usize>,
    durable_names: BTreeMap<String, usize>,
    changes: Vec<NameChange>,
    plan: Option<(u64, Fault)>,
    /// Operations that change the disk, so far.
    operations: u64,
    dead: bool,
    power_cut: bool,
    locked: bool,
}

/// Handles share one disk.
#[derive(Debug, Clone)]
pub(crate) struct SimDisk(Rc<RefCell<World>>);

#[derive(Debug)]
pub(crate) struct SimFile(Rc<RefCell<World>>, usize);

#[derive(Debug)]
pub(crate) struct SimLock(Rc<RefCell<World>>);

impl Drop for SimLock {
    fn drop(&mut self) {
        self.0.borrow_mut().locked = false;
    }
}

impl SimDisk {
    pub(crate) fn new(seed: u64, faithless: Faithless) -> Self {
        Self(Rc::new(RefCell::new(World {
            chance: Chance(seed),
            faithless,
            inodes: Vec::new(),
            names: BTreeMap::new(),
            durable_names: BTreeMap::new(),
            changes: Vec::new(),
            plan: None,
            operations: 0,
            dead: false,
            power_cut: false,
            locked: false,
        })))
    }

    /// Lets `fault` befall the operation after the next `after` ones.
    pub(crate) fn plan(&self, after: u64, fault: Fault) {
        let mut world = self.0.borrow_mut();
        world.plan = Some((world.operations + after, fault));
    }

    pub(crate) fn operations(&self) -> u64 {
        self.0.borrow().operations
    }

    /// Whether the process was ended by a fault.
    pub(crate) fn is_dead(&self) -> bool {
        self.0.borrow().dead
    }

    /// Cuts the power now.
    pub(crate) fn cut_power(&self) {
        let mut world = self.0.borrow_mut();
        world.dead = true;
        world.power_cut = true;
    }

    /// Starts the next process; says whether the power had been cut.
    pub(crate) fn restart(&self) -> bool {
        let mut world = self.0.borrow_mut();
        world.plan = None;
        world.dead = false;
        let power_cut = std::mem::take(&mut world.power_cut);
        if power_cut {
            world.lose();
        }
        power_cut
    }

    /// Whether a planned fault is still to come.
    pub(crate) fn has_plan(&self) -> bool {
        let world = self.0.borrow();
        world.plan.is_some_and(|(at, _)| at >= world.operations)
    }

    /// What a process reads in a file.
    pub(crate) fn bytes(&self, path: &str) -> Option<Vec<u8>> {
        let world = self.0.borrow();
        world.names.get(path).map(|inode| world.inodes[*inode].cached.clone())
    }

    /// Removes a file, durably.
    pub(crate) fn forget(&self, path: &str) {
        let mut world = self.0.borrow_mut();
        world.names.remove(path);
        world.durable_names.remove(path);
    }

    /// Sets a file's bytes, durably.
    pub(crate) fn set(&self, path: &str, bytes: &[u8]) {
        let mut world = self.0.borrow_mut();
        let inode = Inode { cached: bytes.to_vec(), durable: bytes.to_vec(), pending: Vec::new() };
        let number = *world.names.get(path).unwrap_or(&world.inodes.len());
        match world.inodes.get_mut(number) {
            Some(there) => *there = inode,
            None => world.inodes.push(inode),
        }
        world.names.insert(path.to_owned(), number);
        world.durable_names.insert(path.to_owned(), number);
    }
}

impl World {
    /// Counts an operation and lets the planned fault happen. `Ok(true)`: it happens half.
    fn operate(&mut self) -> io::Result<Option<Fault>> {
        if self.dead {
            return Err(io::Error::other("the process is dead"));
        }
        let due = self.plan.filter(|(at, _)| *at == self.operations).map(|(_, fault)| fault);
        self.operations += 1;
        if let Some(fault @ (Fault::Kill | Fault::PowerCut)) = due {
            self.dead = true;
            self.power_cut = fault == Fault::PowerCut;
        }
        Ok(due)
    }

    /// For operations that happen as a whole or not at all.
    fn operate_whole(&mut self) -> io::Result<()> {
        match self.operate()? {
            None => Ok(()),
            Some(fault) => Err(error(fault)),
        }
    }

    fn lose(&mut self) {
        let Self { chance, inodes, .. } = self;
        for inode in inodes {
            inode.lose(chance);
            inode.cached.clone_from(&inode.durable);
        }
        // Journals keep the order of changes to names; nothing says that they have to.
        let changes = std::mem::take(&mut self.changes);
        let ordered = self.chance.one_in(2);
        let kept = self.chance.below(changes.len() as u64 + 1);
        for (n, change) in changes.into_iter().enumerate() {
            let survives = if ordered { (n as u64) < kept } else { self.chance.one_in(2) };
            if survives {
                change.apply(&mut self.durable_names);
            }
        }
        self.names.clone_from(&self.durable_names);
    }

    fn inode(&self, path: &str) -> io::Result<usize> {
        if self.dead {
            return Err(io::Error::other("the process is dead"));
        }
        self.names.get(path).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl Inode {
    /// Lets some of what is pending reach the disk, and forgets the rest.
    fn lose(&mut self, chance: &mut Chance) {
        let disorderly = chance.one_in(2);
        for pending in std::mem::take(&mut self.pending) {
            match pending {
                Pending::Len(len) if chance.one_in(2) => resize(&mut self.durable, len),
                Pending::Len(_) => {}
                Pending::Write(offset, bytes) => self.tear(chance, disorderly, offset, &bytes),
            }
        }
    }

    /// Lets some sectors of a write reach the disk.
    fn tear(&mut self, chance: &mut Chance, disorderly: bool, offset: u64, bytes: &[u8]) {
        let end = offset + bytes.len() as u64;
        let whole = chance.one_in(4);
        let reached = offset + chance.below(bytes.len() as u64 + 1);
        // The new length may be there before the bytes.
        if chance.one_in(2) && self.durable.len() < usize::try_from(end).unwrap() {
            resize(&mut self.durable, end);
        }
        let mut start = offset;
        while start < end {
            let stop = end.min((start / SECTOR + 1) * SECTOR);
            let survives = whole || if disorderly { chance.one_in(2) } else { stop <= reached };
            if survives {
                let range = |at: u64| usize::try_from(at - offset).unwrap();
                put(&mut self.durable, start, &bytes[range(start)..range(stop)]);
            }
            start = stop;
        }
    }
}

fn error(fault: Fault) -> io::Error {
    match fault {
        Fault::Error(kind) => kind.into(),
        Fault::Kill | Fault::PowerCut => io::Error::other("the process is dead"),
    }
}

fn resize(bytes: &mut Vec<u8>, len: u64) {
    bytes.resize(usize::try_from(len).unwrap(), 0);
}

fn put(bytes: &mut Vec<u8>, offset: u64, new: &[u8]) {
    let start = usize::try_from(offset).unwrap();
    if bytes.len() < start + new.len() {
        bytes.resize(start + new.len(), 0);
    }
    bytes[start..start + new.len()].copy_from_slice(new);
}

impl Disk for SimDisk {
    type File = SimFile;
    type Lock = SimLock;

    fn lock(&self, _: &str) -> io::Result<Result<SimLock, Option<u32>>> {
        let mut world = self.0.borrow_mut();
        if std::mem::replace(&mut world.locked, true) {
            return Ok(Err(Some(1)));
        }
        Ok(Ok(SimLock(Rc::clone(&self.0))))
    }

    fn list(&self) -> io::Result<Vec<String>> {
        Ok(self.0.borrow().names.keys().cloned().collect())
    }

    fn open(&self, path: &str) -> io::Result<SimFile> {
        let inode = self.0.borrow().inode(path)?;
        Ok(SimFile(Rc::clone(&self.0), inode))
    }

    fn open_to_write(&self, path: &str) -> io::Result<SimFile> {
        self.open(path)
    }

    fn create(&self, path: &str) -> io::Result<SimFile> {
        let mut world = self.0.borrow_mut();
        world.operate_whole()?;
        if world.names.contains_key(path) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        world.inodes.push(Inode::default());
        let inode = world.inodes.len() - 1;
        world.names.insert(path.to_owned(), inode);
        world.changes.push(NameChange::Link(path.to_owned(), inode));
        Ok(SimFile(Rc::clone(&self.0), inode))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut world = self.0.borrow_mut();
        world.operate_whole()?;
        let inode = world.inode(from)?;
        let change = NameChange::Rename(from.to_owned(), to.to_owned(), inode);
        change.clone().apply(&mut world.names);
        world.changes.push(change);
        Ok(())
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        let mut world = self.0.borrow_mut();
        world.inode(path)?;
        world.operate_whole()?;
        world.names.remove(path);
        world.changes.push(NameChange::Unlink(path.to_owned()));
        Ok(())
    }

    fn create_folder(&self, _: &str) -> io::Result<()> {
        self.0.borrow_mut().operate_whole()
    }

    fn sync_folder(&self, path: &str) -> io::Result<()> {
        let mut world = self.0.borrow_mut();
        world.operate_whole()?;
        if world.faithless.no_folder_sync {
            return Ok(());
        }
        let changes = std::mem::take(&mut world.changes);
        for change in changes {
            if change.folder() == path {
                change.apply(&mut world.durable_names);
            } else {
                world.changes.push(change);
            }
        }
        Ok(())
    }
}

impl DiskFile for SimFile {
    fn size(&self) -> io::Result<u64> {
        Ok(self.0.borrow().inodes[self.1].cached.len() as u64)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let world = self.0.borrow();
        if world.dead {
            return Err(io::Error::other("the process is dead"));
        }
        let cached = &world.inodes[self.1].cached;
        let rest = cached.get(usize::try_from(offset).unwrap()..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut world = self.0.borrow_mut();
        let fault = world.operate()?;
        let count = if fault.is_some() {
            world.chance.below(bytes.len() as u64 + 1)
        } else {
            bytes.len() as u64
        };
        let bytes = &bytes[..usize::try_from(count).unwrap()];
        let no_rewrite = world.faithless.no_rewrite;
        let inode = &mut world.inodes[self.1];
        let there = inode.cached.get(usize::try_from(offset).unwrap()..).unwrap_or_default();
        if !(no_rewrite && there.starts_with(bytes)) {
            put(&mut inode.cached, offset, bytes);
            inode.pending.push(Pending::Write(offset, bytes.to_vec()));
        }
        fault.map_or(Ok(()), |fault| Err(error(fault)))
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut world = self.0.borrow_mut();
        world.operate_whole()?;
        let inode = &mut world.inodes[self.1];
        resize(&mut inode.cached, len);
        inode.pending.push(Pending::Len(len));
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        let mut world = self.0.borrow_mut();
        let fault = world.operate()?;
        let World { chance, faithless, inodes, .. } = &mut *world;
        let no_sync = faithless.no_sync;
        let inode = &mut inodes[self.1];
        match fault {
            // Some pages arrived; the kernel calls all of them clean.
            Some(Fault::Error(kind)) => {
                inode.lose(chance);
                Err(kind.into())
            }
            Some(fault) => Err(error(fault)),
            None if no_sync => Ok(()),
            None => {
                for pending in std::mem::take(&mut inode.pending) {
                    match pending {
                        Pending::Len(len) => resize(&mut inode.durable, len),
                        Pending::Write(offset, bytes) => put(&mut inode.durable, offset, &bytes),
                    }
                }
                Ok(())
            }
        }
    }
}
