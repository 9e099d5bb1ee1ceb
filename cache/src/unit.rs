//! A unit's file: a header that says what follows, then the payload.
//!
//! ```text
//! 0   8  "vmtrans\x02"
//! 8   4  kind
//! 12  4  format of this header
//! 16  8  bytes of payload
//! 24 32  key, so that a file under another's name is found out
//! 56 32  BLAKE3 of the payload
//! ```
//!
//! Numbers are little-endian. Every byte of the file is covered by one check or another.

use std::io::{Read, Write};
use std::path::Path;

use crate::config::Durability;
use crate::error::{Damage, Error, Result};
use crate::key::{ContentHash, Key};
use crate::layout::Kind;
use crate::publish::Temporary;
use crate::trust::Trusted;

const MAGIC: [u8; 8] = *b"vmtrans\x02";
const FORMAT: u32 = 1;
const HEADER_LEN: usize = 88;
/// Nobody may write it, so that it can only be replaced whole.
const MODE: u32 = 0o400;

/// The most bytes that a unit may have: far beyond any real one, and little enough that a
/// damaged file does not make a reader ask for all memory.
const MAX_PAYLOAD: u64 = 1 << 30;

struct Header {
    kind: Kind,
    length: u64,
    key: Key,
    payload: ContentHash,
}

impl Header {
    fn encode(&self) -> Vec<u8> {
        let Header {
            kind,
            length,
            key,
            payload,
        } = self;
        let mut bytes = Vec::with_capacity(HEADER_LEN);
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&kind.number().to_le_bytes());
        bytes.extend_from_slice(&FORMAT.to_le_bytes());
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(key.as_bytes());
        bytes.extend_from_slice(payload.as_bytes());
        bytes
    }
}

/// Stores a unit at `path`.
pub(crate) fn write(path: &Path, key: &Key, payload: &[u8], durability: Durability) -> Result<()> {
    let length = payload.len() as u64;
    if length > MAX_PAYLOAD {
        let path = path.to_owned();
        return Err(Error::TooLarge {
            path,
            found: length,
            expected: MAX_PAYLOAD,
        });
    }
    let header = Header {
        kind: Kind::Unit,
        length,
        key: *key,
        payload: ContentHash::of(payload),
    };
    let mut temporary = Temporary::new(path)?;
    let file = temporary.file();
    file.write_all(&header.encode())
        .map_err(Error::io(path, "written"))?;
    file.write_all(payload)
        .map_err(Error::io(path, "written"))?;
    temporary.publish(MODE, durability)
}

/// Reads a unit and checks every byte of it.
///
/// # Errors
/// [`Error::Damaged`], with the file still there, if it is not what was written under `key`.
pub(crate) fn read(path: &Path, key: &Key, opened: Trusted) -> Result<Vec<u8>> {
    let Trusted { mut file, metadata } = opened;
    let Some(length) = metadata.len().checked_sub(HEADER_LEN as u64) else {
        let found = format!("{} bytes", metadata.len());
        let expected = format!("at least {HEADER_LEN}");
        return Err(Damage::new(path, found, expected).into());
    };
    let mut header = [0; HEADER_LEN];
    file.read_exact(&mut header)
        .map_err(Error::io(path, "read"))?;
    let payload_hash = check_header(path, key, length, &header)?;

    let mut payload = Vec::new();
    let capacity = usize::try_from(length).unwrap_or(usize::MAX);
    let no_memory = |_| Error::io(path, "read")(std::io::ErrorKind::OutOfMemory.into());
    payload.try_reserve_exact(capacity).map_err(no_memory)?;
    file.take(length)
        .read_to_end(&mut payload)
        .map_err(Error::io(path, "read"))?;
    let found = ContentHash::of(&payload);
    if found != payload_hash {
        let found = format!("payload hash {found}");
        return Err(Damage::new(path, found, payload_hash).into());
    }
    Ok(payload)
}

/// Holds each field against what it must be, and returns the hash that the payload must have.
fn check_header(
    path: &Path,
    key: &Key,
    length: u64,
    header: &[u8; HEADER_LEN],
) -> std::result::Result<ContentHash, Damage> {
    let mut stored_hash = [0; 32];
    stored_hash.copy_from_slice(&header[56..]);
    let payload = ContentHash::from_bytes(stored_hash);
    let expected = Header {
        kind: Kind::Unit,
        length,
        key: *key,
        payload,
    }
    .encode();
    let fields = [
        ("magic", 0..8),
        ("kind", 8..12),
        ("format", 12..16),
        ("key", 24..56),
    ];
    for (name, range) in fields {
        if header[range.clone()] != expected[range.clone()] {
            let found = format!("{name} {}", hex(&header[range.clone()]));
            return Err(Damage::new(path, found, hex(&expected[range])));
        }
    }
    let mut stored_length = [0; 8];
    stored_length.copy_from_slice(&header[16..24]);
    let stored_length = u64::from_le_bytes(stored_length);
    if stored_length != length {
        let found = format!("{length} bytes of payload");
        return Err(Damage::new(path, found, stored_length));
    }
    if length > MAX_PAYLOAD {
        let found = format!("{length} bytes of payload");
        return Err(Damage::new(path, found, format!("at most {MAX_PAYLOAD}")));
    }
    Ok(payload)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
