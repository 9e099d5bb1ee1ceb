//! Which content a file had when it was last hashed, so that a start reads no megabytes.
//!
//! A file is the same as long as device, inode, size, modification time and change time are.
//! The change time is the kernel's own: no user can set it back, so a file that was changed and
//! given its old size and modification time is noticed. Three cases in which it would not be are
//! never remembered:
//!
//! - a file that changed within [`TICK`] of being read: the kernel's clock for files steps by a
//!   few milliseconds, so a later change could get the same time;
//! - a change time without nanoseconds: the file system counts whole seconds, or was made by a
//!   tool that sets all times alike (squashfs, ISO 9660), and then another file system on the
//!   same device could have an equal file of other content;
//! - a file that changed while it was being read.
//!
//! One remains: a page that some process keeps mapped for writing gets a new time with its first
//! write only, not with each. Executables are not written so.
//!
//! Does not know what the files are. A memo that is missing, unreadable or wrong costs a hashing.

use std::fs::{File, Metadata};
use std::io::Write;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;
use std::time::{Duration, SystemTime};

use rustix::fs::{Mode, OFlags};

use crate::config::Durability;
use crate::error::{Error, Result};
use crate::key::{ContentHash, Key, KeyBuilder};
use crate::publish::Temporary;
use crate::store::Cache;
use crate::trust;

/// How old a change must be before the file's times tell it from a later one. Linux steps its
/// clock for files every 1 to 10 ms.
const TICK: Duration = Duration::from_millis(20);

const MAGIC: [u8; 8] = *b"vmtrans\x03";
const MEMO_LEN: usize = 8 + IDENTITY_LEN + 32 + 32;
const IDENTITY_LEN: usize = 7 * 8;
const MODE: u32 = 0o600;
/// How often a file that changes while it is read is read again.
const ATTEMPTS: u32 = 3;
const CHUNK: usize = 1 << 17;

/// Where a content hash came from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HashSource {
    /// The file is as it was when it was hashed before; its content was not read.
    Memo,
    /// The whole file was read and hashed.
    Content,
}

/// What tells a file from others, and from itself after a change, without reading it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FileIdentity {
    fields: Fields,
    /// Whether any later change is certain to give other `fields`.
    settled: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Fields {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl FileIdentity {
    /// The identity of an open file. Take it before reading the content, never after: only then
    /// does a change in between show.
    ///
    /// # Errors
    /// What `fstat` said.
    pub fn of(file: &File) -> std::io::Result<FileIdentity> {
        // The clock first: what changes the file later has a time that is later still.
        let now = SystemTime::now();
        Ok(FileIdentity::observed(&file.metadata()?, now))
    }

    fn observed(metadata: &Metadata, now: SystemTime) -> FileIdentity {
        let fields = Fields {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        };
        FileIdentity {
            fields,
            settled: fields.are_settled(now),
        }
    }

    /// Whether the identity is old enough to be remembered.
    pub fn is_settled(&self) -> bool {
        self.settled
    }
}

/// How long before `now` a time of a file is; nothing if it is after it.
fn age((seconds, nanoseconds): (i64, i64), now: SystemTime) -> Option<Duration> {
    let nanoseconds = u32::try_from(nanoseconds).ok()?;
    let Ok(seconds) = u64::try_from(seconds) else {
        return Some(Duration::MAX);
    };
    let time = SystemTime::UNIX_EPOCH.checked_add(Duration::new(seconds, nanoseconds))?;
    now.duration_since(time).ok()
}

impl Fields {
    /// Whether any change after `now` is certain to give other times.
    fn are_settled(&self, now: SystemTime) -> bool {
        self.changed.1 != 0
            && age(self.changed, now).is_some_and(|age| age > TICK)
            // A user may set the modification time to the future, which says nothing.
            && age(self.modified, now).is_none_or(|age| age > TICK)
    }

    fn encode(&self) -> [u8; IDENTITY_LEN] {
        let Fields {
            device,
            inode,
            size,
            modified,
            changed,
        } = self;
        let parts = [
            device.to_le_bytes(),
            inode.to_le_bytes(),
            size.to_le_bytes(),
            modified.0.to_le_bytes(),
            modified.1.to_le_bytes(),
            changed.0.to_le_bytes(),
            changed.1.to_le_bytes(),
        ];
        let mut bytes = [0; IDENTITY_LEN];
        for (place, part) in bytes.chunks_exact_mut(8).zip(parts) {
            place.copy_from_slice(&part);
        }
        bytes
    }

    /// One memo for each inode, so that a changed file replaces its own.
    fn name(&self) -> Key {
        KeyBuilder::new("vmtrans cache identity name")
            .number(self.device)
            .number(self.inode)
            .finish()
    }
}

impl Cache {
    /// BLAKE3 of a file's content: from the memo if the file is as it was when last hashed.
    ///
    /// Works without a cache directory, or one that cannot be written: then it hashes each time.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::NotAFile`], or [`Error::Unsettled`] if it is being written to.
    pub fn content_hash(&self, path: &Path) -> Result<(ContentHash, HashSource)> {
        // Without NONBLOCK, opening a FIFO would wait for a writer.
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let opened = rustix::fs::open(path, flags, Mode::empty());
        let file = opened.map_err(|errno| Error::io(path, "opened")(errno.into()))?;
        self.content_hash_of(&File::from(file), path)
    }

    /// The same for a file that is open for reading, whose position is left alone. `path` is for
    /// messages only.
    ///
    /// # Errors
    /// As for [`Cache::content_hash`].
    pub fn content_hash_of(&self, file: &File, path: &Path) -> Result<(ContentHash, HashSource)> {
        let mut identity = FileIdentity::of(file).map_err(Error::io(path, "inspected"))?;
        if let Some(content) = self.recall(&identity) {
            return Ok((content, HashSource::Memo));
        }
        for _ in 0..ATTEMPTS {
            let content = hash_file(file, path)?;
            let after = FileIdentity::of(file).map_err(Error::io(path, "inspected"))?;
            if after.fields == identity.fields {
                // Without the memo everything works, only slower.
                let _ = self.remember(&identity, &content);
                return Ok((content, HashSource::Content));
            }
            identity = after;
        }
        Err(Error::Unsettled {
            path: path.to_owned(),
            attempts: ATTEMPTS,
        })
    }

    /// The content that a file of this identity had when it was last hashed.
    pub fn recall(&self, identity: &FileIdentity) -> Option<ContentHash> {
        if !identity.settled {
            return None;
        }
        let path = self.layout().identity(&identity.fields.name());
        let opened = trust::open(&path, self.user()).ok()??;
        let mut memo = [0; MEMO_LEN];
        opened.file.read_exact_at(&mut memo, 0).ok()?;
        decode_memo(&memo, &identity.fields)
    }

    /// Remembers that a file of this identity has this content, and says if it did: it does not
    /// if the file changed so lately that another change might not show.
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::ForeignDirectory`]; callers may well go on without.
    pub fn remember(&self, identity: &FileIdentity, content: &ContentHash) -> Result<bool> {
        if !identity.settled {
            return Ok(false);
        }
        let path = self.layout().identity(&identity.fields.name());
        trust::check_root(self.layout().root(), self.user())?;
        let mut temporary = Temporary::new(&path)?;
        let memo = encode_memo(&identity.fields, content);
        temporary
            .file()
            .write_all(&memo)
            .map_err(Error::io(&path, "written"))?;
        temporary.publish(MODE, Durability::Lazy)?;
        Ok(true)
    }
}

fn encode_memo(fields: &Fields, content: &ContentHash) -> Vec<u8> {
    let mut memo = Vec::with_capacity(MEMO_LEN);
    memo.extend_from_slice(&MAGIC);
    memo.extend_from_slice(&fields.encode());
    memo.extend_from_slice(content.as_bytes());
    let check = blake3::hash(&memo);
    memo.extend_from_slice(check.as_bytes());
    memo
}

fn decode_memo(memo: &[u8; MEMO_LEN], fields: &Fields) -> Option<ContentHash> {
    let content_at = MAGIC.len() + IDENTITY_LEN;
    let mut content = [0; 32];
    content.copy_from_slice(&memo[content_at..content_at + 32]);
    let content = ContentHash::from_bytes(content);
    (encode_memo(fields, &content) == memo).then_some(content)
}

/// Hashes a file from its start to its end.
pub(crate) fn hash_file(file: &File, path: &Path) -> Result<ContentHash> {
    let metadata = file.metadata().map_err(Error::io(path, "inspected"))?;
    if !metadata.is_file() {
        return Err(Error::NotAFile {
            path: path.to_owned(),
            found: trust::type_name(&metadata),
        });
    }
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; CHUNK];
    let mut offset = 0;
    loop {
        // Not mapped: another process could cut the file short, which would be a SIGBUS here.
        let count = match file.read_at(&mut buffer, offset) {
            Ok(0) => return Ok(ContentHash::from_bytes(*hasher.finalize().as_bytes())),
            Ok(count) => count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(Error::io(path, "read")(error)),
        };
        hasher.update(&buffer[..count]);
        offset += count as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settled(modified: (i64, i64), changed: (i64, i64)) -> bool {
        let now = SystemTime::UNIX_EPOCH + Duration::new(1000, 500_000_000);
        Fields {
            device: 1,
            inode: 2,
            size: 3,
            modified,
            changed,
        }
        .are_settled(now)
    }

    #[test]
    fn only_times_that_a_later_change_must_alter_are_settled() {
        assert!(settled((900, 1), (900, 1)));
        assert!(settled((-5, 0), (900, 1)));
        assert!(
            settled((2000, 0), (900, 1)),
            "a modification time may be set to the future"
        );
        assert!(!settled((900, 1), (900, 0)), "whole seconds");
        assert!(!settled((900, 1), (1000, 490_000_000)), "10 ms old");
        assert!(!settled((1000, 490_000_000), (900, 1)), "10 ms old");
        assert!(!settled((900, 1), (1000, 510_000_000)), "in the future");
    }

    #[test]
    fn every_flipped_bit_of_a_memo_is_found() {
        let fields = Fields {
            device: 1,
            inode: 2,
            size: 3,
            modified: (4, 5),
            changed: (6, 7),
        };
        let content = ContentHash::of(b"content");
        let memo: [u8; MEMO_LEN] = encode_memo(&fields, &content).try_into().expect("length");
        assert_eq!(decode_memo(&memo, &fields), Some(content));
        for bit in 0..MEMO_LEN * 8 {
            let mut flipped = memo;
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(decode_memo(&flipped, &fields), None, "bit {bit}");
        }
        let other = Fields { size: 4, ..fields };
        assert_eq!(decode_memo(&memo, &other), None);
    }
}
