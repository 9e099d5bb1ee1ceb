//! What is remembered of objects from one maintenance to the next, in `sled`.
//!
//! `sled` 0.34 is fast and survives being killed, but panics on a flipped bit, refuses a second
//! process and fails on a full disk. So nothing depends on it but the order of eviction:
//!
//! - every call is made on a thread of its own, which may panic or never return;
//! - an index that misbehaves is renamed aside, and a new one is made from the objects;
//! - a lock of our own tells another process that has it open from damage;
//! - every value carries a check.
//!
//! Only this module touches `sled`.

use std::any::Any;
use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::mem::ManuallyDrop;
use std::panic::{self, AssertUnwindSafe};
use std::path::PathBuf;
use std::sync::{Once, mpsc};
use std::thread;
use std::time::Duration;

use crate::key::Key;
use crate::layout::{Kind, Layout};
use crate::publish::make_directory;
use crate::record;
use crate::usage::{Usage, Usages};

/// How long a call may take before the index counts as damaged. Opening one of a million
/// records takes about a second.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often, and after how long, one is opened again that a child of this process has open.
const LOCK_ATTEMPTS: u32 = 20;
const LOCK_PAUSE: Duration = Duration::from_millis(10);
/// How names of threads begin whose panics are not shown: `sled`'s own, and ours for it.
const QUIET_THREADS: &str = "sled-";
const VALUE_LEN: usize = 3 * 8;
const DOMAIN: &[u8; 32] = b"vmtrans cache index values v1\0\0\0";
/// Bytes that `sled` may keep in memory.
const CACHE_BYTES: u64 = 32 << 20;

/// The index, open, and nobody else has it.
pub(crate) struct Index {
    layout: Layout,
    db: sled::Db,
    /// Unlocked when dropped, after `db`.
    _lock: Lock,
}

/// A lock on a file.
struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing the file would do, but not while a child that another thread is starting still
        // has it open as well.
        let _ = self.0.unlock();
    }
}

/// What came of opening the index.
pub(crate) enum Opened {
    /// It is open and says this. If it had to be made anew, why.
    Ready(Index, Usages, Option<String>),
    /// Another process has it open.
    Busy,
    /// It cannot be had now: no space, no permission.
    Unavailable(String),
}

/// Why a call failed.
#[derive(Debug)]
enum Fault {
    /// The file system refused; the index may be whole.
    Refused(String),
    /// Something has it open. Having our lock, this is a child of this process that is just
    /// being started and still has all its files.
    Locked,
    /// It panicked, did not return, or says that it is corrupt.
    Damaged(String),
}

/// Opens the index, or makes a new one if it misbehaves.
pub(crate) fn open(layout: &Layout) -> Opened {
    let lock = match lock(layout) {
        Ok(Some(lock)) => lock,
        Ok(None) => return Opened::Busy,
        Err(why) => return Opened::Unavailable(why),
    };
    let (why, opened) = match load_when_closed(layout) {
        Err(Fault::Damaged(why)) => {
            let opened = set_aside(layout).and_then(|()| load(layout));
            (Some(why), opened)
        }
        opened => (None, opened),
    };
    match opened {
        Ok((db, usages)) => Opened::Ready(
            Index {
                layout: layout.clone(),
                db,
                _lock: lock,
            },
            usages,
            why,
        ),
        Err(Fault::Locked) => Opened::Busy,
        Err(Fault::Refused(again) | Fault::Damaged(again)) => Opened::Unavailable(again),
    }
}

impl Index {
    /// Makes the index say `after`, given that it says `before`, and closes it. If it had to be
    /// made anew for that, says why.
    ///
    /// # Errors
    /// Why it does not say `after` now.
    pub(crate) fn save(self, before: &Usages, after: &Usages) -> Result<Option<String>, String> {
        let Index { layout, db, _lock } = self;
        let mut why = None;
        let mut saved = store(db, before, after);
        if let Err(Fault::Damaged(damage)) = saved {
            why = Some(damage);
            saved = set_aside(&layout)
                .and_then(|()| load(&layout))
                .and_then(|(db, empty)| store(db, &empty, after));
        }
        match saved {
            Ok(()) => Ok(why),
            Err(Fault::Locked) => Err("another process has it open".to_owned()),
            Err(Fault::Refused(again) | Fault::Damaged(again)) => Err(again),
        }
    }
}

/// Takes the lock; nothing if another process has it.
fn lock(layout: &Layout) -> Result<Option<Lock>, String> {
    let path = layout.index_lock();
    let fail = |error: std::io::Error| format!("{}: {error}", path.display());
    make_directory(path.parent().unwrap_or(&path)).map_err(|error| error.to_string())?;
    let file = File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(fail)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(Lock(file))),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(fail(error)),
    }
}

/// Renames the index, in place of the one that was renamed before.
fn set_aside(layout: &Layout) -> Result<(), Fault> {
    let aside = layout.damaged_index();
    let removed = match fs::symlink_metadata(&aside) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(&aside),
        Ok(_) => fs::remove_file(&aside),
        Err(_) => Ok(()),
    };
    removed
        .and_then(|()| fs::rename(layout.index(), &aside))
        .map_err(|error| Fault::Refused(format!("{}: {error}", aside.display())))
}

/// Loads it, and waits for a child that still has it open.
fn load_when_closed(layout: &Layout) -> Result<(sled::Db, Usages), Fault> {
    for _ in 0..LOCK_ATTEMPTS {
        match load(layout) {
            Err(Fault::Locked) => thread::sleep(LOCK_PAUSE),
            loaded => return loaded,
        }
    }
    Err(Fault::Locked)
}

fn load(layout: &Layout) -> Result<(sled::Db, Usages), Fault> {
    let path = layout.index();
    guarded(move || {
        // See `closing`.
        let db = ManuallyDrop::new(open_db(path)?);
        let mut usages = Usages::new();
        for item in db.iter() {
            let (name, value) = item?;
            // What fails its check is remembered no more.
            if let Some((object, usage)) = decode(&name, &value) {
                usages.insert(object, usage);
            }
        }
        Ok((ManuallyDrop::into_inner(db), usages))
    })
}

/// Calls `work`, then closes `db`, except if `work` panics: closing could then panic as well,
/// which would end the process.
fn closing<T>(db: sled::Db, work: impl FnOnce(&sled::Db) -> sled::Result<T>) -> sled::Result<T> {
    let db = ManuallyDrop::new(db);
    let done = work(&db);
    drop(ManuallyDrop::into_inner(db));
    done
}

fn open_db(path: PathBuf) -> sled::Result<sled::Db> {
    sled::Config::new()
        .path(path)
        .cache_capacity(CACHE_BYTES)
        // Flushed once, when all is written.
        .flush_every_ms(None)
        .open()
}

/// Writes what differs, flushes and closes.
fn store(db: sled::Db, before: &Usages, after: &Usages) -> Result<(), Fault> {
    let mut changes = Vec::new();
    for (object, usage) in after {
        if before.get(object) != Some(usage) {
            changes.push((name(object), Some(encode(object, usage))));
        }
    }
    let gone = before.keys().filter(|object| !after.contains_key(object));
    changes.extend(gone.map(|object| (name(object), None)));
    let write = move |db: &sled::Db| {
        for (name, value) in changes {
            match value {
                Some(value) => db.insert(name, value)?,
                None => db.remove(name)?,
            };
        }
        db.flush().map(drop)
    };
    guarded(move || closing(db, write))
}

fn name((kind, key): &(Kind, Key)) -> Vec<u8> {
    let mut name = kind.number().to_le_bytes().to_vec();
    name.extend_from_slice(key.as_bytes());
    name
}

fn encode(object: &(Kind, Key), usage: &Usage) -> Vec<u8> {
    let Usage {
        size,
        last_use,
        hits,
    } = usage;
    let mut value = Vec::with_capacity(VALUE_LEN + record::CHECK_LEN);
    for number in [size, last_use, hits] {
        value.extend_from_slice(&number.to_le_bytes());
    }
    let check = check(&name(object), &value);
    value.extend_from_slice(&check);
    value
}

fn decode(name: &[u8], value: &[u8]) -> Option<((Kind, Key), Usage)> {
    let (numbers, found) = value.split_first_chunk::<VALUE_LEN>()?;
    if *found != check(name, numbers) {
        return None;
    }
    let (kind, key) = name.split_first_chunk::<4>()?;
    let kind = Kind::from_number(u32::from_le_bytes(*kind))?;
    let key = Key::from_bytes(key.try_into().ok()?);
    let (size, rest) = numbers.split_first_chunk::<8>()?;
    let (last_use, hits) = rest.split_first_chunk::<8>()?;
    let usage = Usage {
        size: u64::from_le_bytes(*size),
        last_use: u64::from_le_bytes(*last_use),
        hits: u64::from_le_bytes(hits.try_into().ok()?),
    };
    Some(((kind, key), usage))
}

fn check(name: &[u8], numbers: &[u8]) -> [u8; record::CHECK_LEN] {
    record::check(DOMAIN, &[name, numbers].concat())
}

/// Calls `sled` on a thread of its own and waits for it, but not for ever: when one of `sled`'s
/// own threads panics, the caller may wait for its answer without end.
fn guarded<T: Send + 'static>(
    call: impl FnOnce() -> sled::Result<T> + Send + 'static,
) -> Result<T, Fault> {
    silence_quiet_threads();
    let (sender, receiver) = mpsc::channel();
    let body = move || {
        let outcome = panic::catch_unwind(AssertUnwindSafe(call));
        // Nobody listens any more if it took too long.
        let _ = sender.send(outcome);
    };
    thread::Builder::new()
        .name(format!("{QUIET_THREADS}guard"))
        .spawn(body)
        .map_err(|error| Fault::Refused(format!("no thread for the index: {error}")))?;
    match receiver.recv_timeout(PATIENCE) {
        Ok(Ok(Ok(value))) => Ok(value),
        Ok(Ok(Err(error))) => Err(fault(&error)),
        Ok(Err(panic)) => Err(Fault::Damaged(format!("panic: {}", panic_text(&*panic)))),
        Err(_) => Err(Fault::Damaged(format!("no answer in {PATIENCE:?}"))),
    }
}

fn fault(error: &sled::Error) -> Fault {
    const REFUSALS: [ErrorKind; 5] = [
        ErrorKind::StorageFull,
        ErrorKind::QuotaExceeded,
        ErrorKind::PermissionDenied,
        ErrorKind::ReadOnlyFilesystem,
        ErrorKind::OutOfMemory,
    ];
    match error {
        sled::Error::Io(io) if REFUSALS.contains(&io.kind()) => Fault::Refused(io.to_string()),
        // There is no kind of error for it.
        sled::Error::Io(io) if io.to_string().starts_with("could not acquire lock") => {
            Fault::Locked
        }
        other => Fault::Damaged(one_line(&other.to_string())),
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    one_line(&text.unwrap_or_else(|| "without a message".to_owned()))
}

/// The first line, and not all of that: `sled` prints whole pages of its memory.
fn one_line(text: &str) -> String {
    text.lines()
        .next()
        .unwrap_or_default()
        .chars()
        .take(160)
        .collect()
}

/// Keeps panics of the threads for `sled` from being printed. Those of all others go where they
/// went before.
fn silence_quiet_threads() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let others = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let quiet = thread::current()
                .name()
                .is_some_and(|n| n.starts_with(QUIET_THREADS));
            if !quiet {
                others(info);
            }
        }));
    });
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// The only test here that comes near the hook, which is set once in a process.
    #[test]
    fn a_panic_is_damage_and_is_not_shown() {
        static SHOWN: AtomicUsize = AtomicUsize::new(0);
        panic::set_hook(Box::new(|_| {
            SHOWN.fetch_add(1, Ordering::SeqCst);
        }));
        let outcome = guarded(|| -> sled::Result<()> { panic!("line one\nline two") });
        assert!(matches!(&outcome, Err(Fault::Damaged(why)) if why == "panic: line one"));
        assert_eq!(SHOWN.load(Ordering::SeqCst), 0);
        thread::spawn(|| panic!("shown"))
            .join()
            .expect_err("panicked");
        assert_eq!(SHOWN.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn every_flipped_bit_of_a_record_is_found() {
        let object = (Kind::Image, Key::from_bytes([7; 32]));
        let usage = Usage {
            size: 1,
            last_use: 2,
            hits: 3,
        };
        let (name, value) = (name(&object), encode(&object, &usage));
        assert_eq!(decode(&name, &value), Some((object, usage)));
        let whole = [&*name, &*value].concat();
        for bit in 0..whole.len() * 8 {
            let mut flipped = whole.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let (name, value) = flipped.split_at(name.len());
            assert_eq!(decode(name, value), None, "bit {bit}");
        }
    }
}
