//! When each object was last used and how often, as far as anyone remembers.
//!
//! Does not know where that is kept. Nothing but the order of eviction depends on it.

use std::collections::BTreeMap;

use crate::key::Key;
use crate::layout::Kind;
use crate::spool::Use;

/// What is remembered of one object.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Usage {
    /// Bytes.
    pub(crate) size: u64,
    /// Seconds since 1970.
    pub(crate) last_use: u64,
    /// How often it was read.
    pub(crate) hits: u64,
}

/// What is remembered of all objects.
pub(crate) type Usages = BTreeMap<(Kind, Key), Usage>;

/// Adds uses. Those in the future count as now: a clock was wrong, and must not keep an object
/// for ever.
pub(crate) fn add(usages: &mut Usages, uses: &[Use], now: u64) {
    for Use { kind, key, time } in uses {
        let usage = usages.entry((*kind, *key)).or_default();
        usage.last_use = usage.last_use.max((*time).min(now));
        usage.hits = usage.hits.saturating_add(1);
    }
}
