//! What `vmtrans cache` does: statistics, lists, verification and limits.
//!
//! The objects on the disk are the truth. The index only says when they were last used, and is
//! closed again before anything is removed, so that others are kept from it for a moment only.
//! Any number of processes may maintain, read and write at once.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::time::{Duration, SystemTime};

use crate::error::{Damage, Error, Result};
use crate::index::{self, Opened};
use crate::key::Key;
use crate::layout::Kind;
use crate::scan::{self, FoundFile, FoundObject, Scan};
use crate::store::Cache;
use crate::usage::{self, Usage, Usages};
use crate::{image, spool, trust, unit};

/// How old something must be before it counts as left behind by a process that died.
const ABANDONED_AFTER: Duration = Duration::from_secs(60 * 60);
/// How long it is remembered which content a file has; afterwards it is hashed once more.
const MEMO_LIFETIME: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// The cache as it was when [`Cache::maintain`] looked through it.
pub struct Maintenance<'c> {
    cache: &'c Cache,
    entries: Vec<(Entry, FoundFile)>,
    rest: Scan,
    index: IndexState,
}

/// One object.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// What it is stored under.
    pub key: Key,
    /// What it is.
    pub kind: Kind,
    /// Bytes of its file.
    pub size: u64,
    /// When it was last read or written, as far as is known.
    pub last_use: SystemTime,
    /// How often it was read, as far as is known.
    pub hits: u64,
}

/// How the index fared. Times of last use are exact only with [`IndexState::Current`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum IndexState {
    /// It was read and brought up to date.
    Current,
    /// It misbehaved and was made anew from the objects; what it remembered is lost.
    Rebuilt(String),
    /// Another process is at it.
    Busy,
    /// It could not be used, and why.
    Unavailable(String),
}

/// A number of files and the bytes in them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Tally {
    /// Files.
    pub count: u64,
    /// Bytes.
    pub bytes: u64,
}

/// What is in the cache.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stats {
    /// Objects of each kind.
    pub objects: BTreeMap<Kind, Tally>,
    /// How often objects that are still there were read, as far as is known.
    pub hits: u64,
    /// Code maps of guests.
    pub code_maps: Tally,
    /// Which content files had.
    pub memos: Tally,
    /// Files being written, or left behind by processes that died.
    pub leftovers: Tally,
    /// Files that are not the cache's.
    pub strays: u64,
    /// Bytes of the index.
    pub index_bytes: u64,
    /// How the index fared.
    pub index: IndexState,
}

/// What to keep at most.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Limits {
    /// Bytes of all objects; those used longest ago are removed until the rest fits.
    pub max_size: Option<u64>,
    /// Time since an object was last used, and since a code map was last added to.
    pub max_age: Option<Duration>,
}

/// What [`Maintenance::clean`] did.
#[derive(Debug, Default)]
pub struct Cleaned {
    /// Objects that were removed.
    pub removed: Tally,
    /// Objects that are left.
    pub kept: Tally,
    /// Other files that were removed: left behind, code maps and memos out of date.
    pub others: Tally,
    /// What could not be removed.
    pub failures: Vec<Error>,
}

/// What [`Maintenance::verify`] found.
#[derive(Debug, Default)]
pub struct Verified {
    /// Objects that are what was stored.
    pub sound: Tally,
    /// Objects that are not.
    pub damaged: u64,
    /// What could not be read.
    pub failures: Vec<Error>,
}

impl Cache {
    /// Looks through the cache and brings the index up to date.
    ///
    /// # Errors
    /// [`Error::Io`] if a directory of the cache cannot be read. The index never is an error; see
    /// [`Stats::index`].
    pub fn maintain(&self) -> Result<Maintenance<'_>> {
        self.flush_uses();
        let mut rest = scan::scan(self.layout())?;
        let objects = std::mem::take(&mut rest.objects);
        let (usages, index) = self.usages(&objects);
        let entries = objects
            .into_iter()
            .map(|found| (entry(&found, &usages), found.file));
        let mut entries: Vec<_> = entries.collect();
        entries.sort_by_key(|(entry, _)| (entry.last_use, entry.kind, entry.key));
        Ok(Maintenance {
            cache: self,
            entries,
            rest,
            index,
        })
    }

    /// What is known of the use of `objects`. Enters in the index what was spooled.
    fn usages(&self, objects: &[FoundObject]) -> (Usages, IndexState) {
        // A cache that does not exist gets no index. Nor does one that someone else owns: what
        // this user writes there, the owner may not be able to remove.
        let exists = fs::metadata(self.layout().root()).is_ok();
        let opened = match trust::check_root(self.layout().root(), self.user()) {
            Ok(()) if exists => index::open(self.layout()),
            Ok(()) => Opened::Unavailable("there is no cache yet".to_owned()),
            Err(error) => Opened::Unavailable(error.to_string()),
        };
        let now = spool::now();
        match opened {
            Opened::Ready(index, before, rebuilt) => {
                self.set_spool_aside();
                let spooled = self.spooled_uses();
                let mut known = before.clone();
                usage::add(&mut known, &spooled.set_aside, now);
                let mut after = restrict(&known, objects);
                let state = match index.save(&before, &after) {
                    Ok(again) => {
                        self.forget_spool_set_aside();
                        rebuilt
                            .or(again)
                            .map_or(IndexState::Current, IndexState::Rebuilt)
                    }
                    Err(why) => IndexState::Unavailable(why),
                };
                usage::add(&mut after, &spooled.since, now);
                (after, state)
            }
            other => {
                let spooled = self.spooled_uses();
                let mut usages = Usages::new();
                usage::add(&mut usages, &spooled.set_aside, now);
                usage::add(&mut usages, &spooled.since, now);
                let state = match other {
                    Opened::Unavailable(why) => IndexState::Unavailable(why),
                    _ => IndexState::Busy,
                };
                (restrict(&usages, objects), state)
            }
        }
    }
}

/// What is known of `objects`, and their real sizes. An object that nobody read was last used
/// when it was written.
fn restrict(known: &Usages, objects: &[FoundObject]) -> Usages {
    let one = |found: &FoundObject| {
        let object = (found.kind, found.key);
        let known = known.get(&object).copied().unwrap_or_default();
        let last_use = known.last_use.max(seconds(found.file.modified));
        (
            object,
            Usage {
                size: found.file.size,
                last_use,
                hits: known.hits,
            },
        )
    };
    objects.iter().map(one).collect()
}

fn entry(found: &FoundObject, usages: &Usages) -> Entry {
    let usage = usages
        .get(&(found.kind, found.key))
        .copied()
        .unwrap_or_default();
    Entry {
        key: found.key,
        kind: found.kind,
        size: found.file.size,
        last_use: SystemTime::UNIX_EPOCH + Duration::from_secs(usage.last_use),
        hits: usage.hits,
    }
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs()
}

impl Maintenance<'_> {
    /// All objects, those used longest ago first.
    pub fn list(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().map(|(entry, _)| entry)
    }

    /// How the index fared.
    pub fn index(&self) -> &IndexState {
        &self.index
    }

    /// Counts and bytes.
    pub fn stats(&self) -> Stats {
        let mut objects: BTreeMap<Kind, Tally> = Kind::ALL
            .into_iter()
            .map(|kind| (kind, Tally::default()))
            .collect();
        for entry in self.list() {
            objects.entry(entry.kind).or_default().add(entry.size);
        }
        Stats {
            objects,
            hits: self.list().map(|entry| entry.hits).sum(),
            code_maps: Tally::of(&self.rest.code_maps),
            memos: Tally::of(&self.rest.memos),
            leftovers: Tally::of(&self.rest.leftovers),
            strays: self.rest.strays,
            index_bytes: scan::size_below(&self.cache.layout().index()),
            index: self.index.clone(),
        }
    }

    /// Checks every object by its hash, tells `report` of each damaged one, and removes it if
    /// `remove` says so. The memo of identities is not believed.
    pub fn verify(&self, remove: bool, mut report: impl FnMut(&Damage)) -> Verified {
        let mut verified = Verified::default();
        let dead = self
            .rest
            .dead_links
            .iter()
            .map(|(key, _)| (Kind::Image, *key));
        let objects = self.list().map(|entry| (entry.kind, entry.key)).chain(dead);
        for (kind, key) in objects {
            match self.verify_one(kind, &key) {
                Ok(Some(size)) => verified.sound.add(size),
                // Removed since the cache was looked through.
                Ok(None) => {}
                Err(Error::Damaged(damage)) => {
                    verified.damaged += 1;
                    report(&if remove { damage.remove() } else { damage });
                }
                Err(error) => verified.failures.push(error),
            }
        }
        verified
    }

    /// Bytes of a sound object; nothing if there is none.
    fn verify_one(&self, kind: Kind, key: &Key) -> Result<Option<u64>> {
        let path = self.cache.layout().object(kind, key);
        match kind {
            Kind::Image => image::verify(&path, key, self.cache.user()),
            Kind::Unit => match trust::open(&path, self.cache.user())? {
                Some(opened) => {
                    let size = opened.metadata.len();
                    unit::read(&path, key, opened).map(|_| Some(size))
                }
                None => Ok(None),
            },
        }
    }

    /// Removes what is beyond the limits, used longest ago first, and what processes that died
    /// left behind. A file that is being written, or was replaced since the cache was looked
    /// through, stays.
    pub fn clean(self, limits: &Limits) -> Cleaned {
        let now = SystemTime::now();
        let mut cleaned = Cleaned::default();
        let mut total: u64 = self.list().map(|entry| entry.size).sum();
        for (entry, file) in &self.entries {
            let too_old = limits
                .max_age
                .is_some_and(|age| older(entry.last_use, age, now));
            let too_much = limits.max_size.is_some_and(|size| total > size);
            let removed = (too_old || too_much) && cleaned.object(&self, entry, file);
            if removed {
                total -= entry.size;
                cleaned.removed.add(entry.size);
            } else {
                cleaned.kept.add(entry.size);
            }
        }
        let dead_links = self.rest.dead_links.iter().map(|(_, link)| link);
        for file in self.rest.leftovers.iter().chain(dead_links) {
            cleaned.other(file, Some(ABANDONED_AFTER), now);
        }
        for file in &self.rest.code_maps {
            cleaned.other(file, limits.max_age, now);
        }
        for file in &self.rest.memos {
            cleaned.other(file, Some(MEMO_LIFETIME), now);
        }
        cleaned
    }
}

fn older(time: SystemTime, age: Duration, now: SystemTime) -> bool {
    now.duration_since(time).is_ok_and(|found| found > age)
}

impl Cleaned {
    /// Removes an object, and says if it did.
    fn object(&mut self, from: &Maintenance<'_>, entry: &Entry, file: &FoundFile) -> bool {
        if entry.kind == Kind::Image {
            // The link first: without it the image is left over at worst.
            let link = from.cache.layout().object(entry.kind, &entry.key);
            let leads_here = image::follow(&link, &entry.key, from.cache.user())
                .is_ok_and(|found| found.is_some_and(|found| found.path == file.path));
            if !leads_here
                || !self.remove(
                    &FoundFile {
                        path: link,
                        ..file.clone()
                    },
                    false,
                )
            {
                return false;
            }
        }
        self.remove(file, true)
    }

    fn other(&mut self, file: &FoundFile, max_age: Option<Duration>, now: SystemTime) {
        let due = max_age.is_some_and(|age| older(file.modified, age, now));
        if due && self.remove(file, true) {
            self.others.add(file.size);
        }
    }

    /// Removes a file if it is there, and, with `unchanged`, still the one that was found.
    fn remove(&mut self, file: &FoundFile, unchanged: bool) -> bool {
        let path = &file.path;
        if unchanged {
            let now = fs::symlink_metadata(path).and_then(|metadata| metadata.modified());
            if now.is_ok_and(|modified| modified != file.modified) {
                return false;
            }
        }
        match fs::remove_file(path) {
            Ok(()) => true,
            Err(error) if error.kind() == io::ErrorKind::NotFound => true,
            Err(source) => {
                self.failures.push(Error::io(path, "removed")(source));
                false
            }
        }
    }
}

impl Tally {
    fn of(files: &[FoundFile]) -> Tally {
        let mut tally = Tally::default();
        files.iter().for_each(|file| tally.add(file.size));
        tally
    }

    fn add(&mut self, bytes: u64) {
        self.count += 1;
        self.bytes = self.bytes.saturating_add(bytes);
    }
}
