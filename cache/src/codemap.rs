//! Which entries of a guest translated code missed, so that the next translation has them.
//!
//! A list of file offsets for each guest, by content. Runs append to it; the translator reads
//! it. It is a hint: entries may be lost (to a compaction at the same time, to a full disk) and
//! are then missed and appended once more. Does not know what the offsets mean.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::path::Path;

use crate::config::Durability;
use crate::error::{Error, Result};
use crate::key::ContentHash;
use crate::publish::Temporary;
use crate::record;
use crate::store::Cache;
use crate::trust::{self, Trusted};

/// Each time that a file grows past a multiple of this, duplicates are thrown out.
const COMPACT_EVERY: u64 = 1 << 20;
/// Where a file stops growing: half a million different entries.
const MAX_FILE: u64 = 8 << 20;
/// A file may pass [`MAX_FILE`] by what several processes append at once; readers stop here.
const MAX_READ: u64 = 2 * MAX_FILE;
const MODE: u32 = 0o600;

/// The code maps of all guests.
#[derive(Clone, Copy, Debug)]
pub struct CodeMap<'c> {
    cache: &'c Cache,
}

/// What became of entries that were to be appended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Appended {
    /// They are in the file.
    All,
    /// The file holds all the entries that it may.
    Full,
}

impl Cache {
    /// The code maps that are kept beside the objects.
    pub fn code_map(&self) -> CodeMap<'_> {
        CodeMap { cache: self }
    }
}

impl CodeMap<'_> {
    /// Adds entries of a guest, by one `write`.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::ForeignDirectory`], [`Error::Damaged`] if someone else could have
    /// written the file; callers may well go on without.
    pub fn append(&self, guest: &ContentHash, entries: &[u64]) -> Result<Appended> {
        if entries.is_empty() {
            return Ok(Appended::All);
        }
        let cache = self.cache;
        let path = cache.layout().code_map(guest);
        trust::check_root(cache.layout().root(), cache.user())?;
        let records = encode(guest, entries);
        let added = records.len() as u64;
        let file = record::open_to_append(&path)?;
        let before = file
            .metadata()
            .map_err(Error::io(&path, "inspected"))?
            .len();
        if before / COMPACT_EVERY == (before + added) / COMPACT_EVERY {
            record::append(&file, &path, &records)?;
            return Ok(Appended::All);
        }
        drop(file);
        self.compact(guest, &path, entries)
    }

    /// All entries of a guest that were ever appended; none if nothing was.
    ///
    /// # Errors
    /// [`Error::Io`], or [`Error::Damaged`] if someone else could have written the file.
    pub fn read(&self, guest: &ContentHash) -> Result<BTreeSet<u64>> {
        let path = self.cache.layout().code_map(guest);
        let opened = match trust::open(&path, self.cache.user()) {
            Ok(Some(Trusted { file, .. })) => file,
            Ok(None) => return Ok(BTreeSet::new()),
            Err(Error::Damaged(damage)) => return Err(damage.remove().into()),
            Err(error) => return Err(error),
        };
        let mut bytes = Vec::new();
        opened
            .take(MAX_READ)
            .read_to_end(&mut bytes)
            .map_err(Error::io(&path, "read"))?;
        Ok(record::decode::<8>(guest.as_bytes(), &bytes)
            .map(|body| u64::from_le_bytes(*body))
            .collect())
    }

    /// Replaces the file by one that has each entry once, the new ones too if there is room.
    fn compact(&self, guest: &ContentHash, path: &Path, entries: &[u64]) -> Result<Appended> {
        let mut all = self.read(guest)?;
        let before = all.clone();
        all.extend(entries);
        let mut records = encode(guest, all.iter());
        let fits = records.len() as u64 <= MAX_FILE;
        if !fits {
            records = encode(guest, before.iter());
        }
        let mut temporary = Temporary::new(path)?;
        temporary
            .file()
            .write_all(&records)
            .map_err(Error::io(path, "written"))?;
        temporary.publish(MODE, Durability::Lazy)?;
        Ok(if fits { Appended::All } else { Appended::Full })
    }
}

/// Records of `entries`. The guest is part of each check, so that a file under another's name
/// says nothing.
fn encode<'e>(guest: &ContentHash, entries: impl IntoIterator<Item = &'e u64>) -> Vec<u8> {
    let mut records = Vec::new();
    for entry in entries {
        record::encode(guest.as_bytes(), &entry.to_le_bytes(), &mut records);
    }
    records
}
