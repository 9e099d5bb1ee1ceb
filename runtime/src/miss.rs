//! Which guest addresses were entered without compiled code, for the next translation.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// More are not kept: a guest that has so many needs another remedy.
const LIMIT: usize = 1 << 16;

/// A bounded set of guest addresses.
#[derive(Debug, Default)]
pub struct Misses {
    entries: Mutex<BTreeSet<u64>>,
}

impl Misses {
    /// Adds an address.
    pub fn add(&self, pc: u64) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() < LIMIT {
            entries.insert(pc);
        }
    }

    /// Takes all of them.
    pub fn take(&self) -> BTreeSet<u64> {
        std::mem::take(&mut *self.entries.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
