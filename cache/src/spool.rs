//! What was used, written down for whoever maintains the cache.
//!
//! Small records at the end of one file. Best effort: a use that is lost makes an object look
//! older than it is, nothing more. Does not know of the index.

use std::fs;
use std::io::{ErrorKind, Read};
use std::path::Path;
use std::time::SystemTime;

use crate::error::{Error, Result};
use crate::key::Key;
use crate::layout::Kind;
use crate::record;
use crate::store::Cache;
use crate::trust::{self, Trusted};

/// Bytes of a record without its check: key, kind, seconds since 1970.
const BODY: usize = 32 + 4 + 8;
const DOMAIN: [u8; 32] = *b"vmtrans cache spool of uses v1\0\0";
/// Where the spool stops growing if nobody maintains the cache: 80,000 uses.
const MAX_SPOOL: u64 = 4 << 20;
/// How many uses of units are kept back, to be written at once.
const BATCH: usize = 64;

/// One use of an object.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Use {
    pub(crate) kind: Kind,
    pub(crate) key: Key,
    /// Seconds since 1970.
    pub(crate) time: u64,
}

/// Uses that are not written yet, as records.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    records: Vec<u8>,
    count: usize,
}

impl Use {
    fn encode(&self, out: &mut Vec<u8>) {
        let Use { kind, key, time } = self;
        let mut body = [0; BODY];
        body[..32].copy_from_slice(key.as_bytes());
        body[32..36].copy_from_slice(&kind.number().to_le_bytes());
        body[36..].copy_from_slice(&time.to_le_bytes());
        record::encode(&DOMAIN, &body, out);
    }

    fn decode(body: &[u8; BODY]) -> Option<Use> {
        let (key, rest) = body.split_first_chunk::<32>()?;
        let (kind, rest) = rest.split_first_chunk::<4>()?;
        Some(Use {
            kind: Kind::from_number(u32::from_le_bytes(*kind))?,
            key: Key::from_bytes(*key),
            time: u64::from_le_bytes(*rest.first_chunk::<8>()?),
        })
    }
}

impl Cache {
    /// Notes that an object was used. Images at once, since who runs one may never return.
    pub(crate) fn record_use(&self, kind: Kind, key: &Key) {
        let Ok(mut pending) = self.uses.lock() else {
            return;
        };
        Use {
            kind,
            key: *key,
            time: now(),
        }
        .encode(&mut pending.records);
        pending.count += 1;
        if kind == Kind::Image || pending.count >= BATCH {
            self.write_uses(&mut pending);
        }
    }

    /// Writes down what was kept back.
    pub(crate) fn flush_uses(&self) {
        if let Ok(mut pending) = self.uses.lock() {
            self.write_uses(&mut pending);
        }
    }

    /// Uses that were written down, those set aside and those since then.
    pub(crate) fn spooled_uses(&self) -> SpooledUses {
        let read = |path: &Path| read(path, self.user()).unwrap_or_default();
        SpooledUses {
            set_aside: read(&self.layout().spool_set_aside()),
            since: read(&self.layout().spool()),
        }
    }

    /// Sets aside what was written down so far, so that it can be entered in the index and then
    /// removed. What was set aside before and not removed (the process died) is kept: then this
    /// does nothing.
    pub(crate) fn set_spool_aside(&self) {
        let aside = self.layout().spool_set_aside();
        let vacant = fs::symlink_metadata(&aside).is_err_and(|e| e.kind() == ErrorKind::NotFound);
        if vacant {
            // A writer that has the file open already still appends to it, and may be too late
            // for the reader; see the head of this file.
            let _ = fs::rename(self.layout().spool(), aside);
        }
    }

    /// Removes what was set aside: it is in the index.
    pub(crate) fn forget_spool_set_aside(&self) {
        // If it cannot be removed, some uses count twice.
        let _ = fs::remove_file(self.layout().spool_set_aside());
    }

    fn write_uses(&self, pending: &mut Pending) {
        if pending.count > 0 && trust::check_root(self.layout().root(), self.user()).is_ok() {
            // See the head of this file.
            let _ = append(&self.layout().spool(), &pending.records);
        }
        *pending = Pending::default();
    }
}

/// What the spool holds.
#[derive(Default)]
pub(crate) struct SpooledUses {
    /// Set aside by [`Cache::set_spool_aside`].
    pub(crate) set_aside: Vec<Use>,
    /// Written since then.
    pub(crate) since: Vec<Use>,
}

fn read(path: &Path, user: u32) -> Result<Vec<Use>> {
    let Some(Trusted { file, .. }) = trust::open(path, user)? else {
        return Ok(Vec::new());
    };
    let mut bytes = Vec::new();
    file.take(2 * MAX_SPOOL)
        .read_to_end(&mut bytes)
        .map_err(Error::io(path, "read"))?;
    Ok(record::decode::<BODY>(&DOMAIN, &bytes)
        .filter_map(Use::decode)
        .collect())
}

impl Drop for Cache {
    fn drop(&mut self) {
        let mut pending = self.uses.get_mut().map(std::mem::take).unwrap_or_default();
        self.write_uses(&mut pending);
    }
}

fn append(path: &Path, records: &[u8]) -> Result<()> {
    let file = record::open_to_append(path)?;
    let length = file.metadata().map_err(Error::io(path, "inspected"))?.len();
    if length >= MAX_SPOOL {
        return Ok(());
    }
    record::append(&file, path, records)
}

/// Seconds since 1970.
pub(crate) fn now() -> u64 {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs()
}
