//! Files that many processes append small records to, without a lock.
//!
//! Each record carries a check, and a reader that meets bytes which are none goes on byte by
//! byte until it finds one again. So a torn write costs its own records only, wherever the file
//! then goes on. Does not know what the records say.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use rustix::fs::{Mode, OFlags};

use crate::error::{Error, Result};
use crate::publish::make_directory;

/// Bytes of a record's check.
pub(crate) const CHECK_LEN: usize = 8;

/// The check of a record. `domain` keeps records of one file from counting in another.
pub(crate) fn check(domain: &[u8; 32], body: &[u8]) -> [u8; CHECK_LEN] {
    let hash = blake3::keyed_hash(domain, body);
    let mut check = [0; CHECK_LEN];
    check.copy_from_slice(&hash.as_bytes()[..CHECK_LEN]);
    check
}

/// Appends a body and its check.
pub(crate) fn encode(domain: &[u8; 32], body: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(body);
    out.extend_from_slice(&check(domain, body));
}

/// The bodies, `BODY` bytes each, of all whole records in `bytes`, in order.
pub(crate) fn decode<'a, const BODY: usize>(
    domain: &'a [u8; 32],
    bytes: &'a [u8],
) -> impl Iterator<Item = &'a [u8; BODY]> + 'a {
    let mut position = 0;
    std::iter::from_fn(move || {
        while let Some((body, rest)) = bytes.get(position..)?.split_first_chunk::<BODY>() {
            let found = rest.first_chunk::<CHECK_LEN>()?;
            if *found == check(domain, body) {
                position += BODY + CHECK_LEN;
                return Some(body);
            }
            position += 1;
        }
        None
    })
}

/// Opens `path` for appending, making it and its directory if need be.
pub(crate) fn open_to_append(path: &Path) -> Result<File> {
    let open = || {
        let flags = OFlags::WRONLY
            | OFlags::APPEND
            | OFlags::CREATE
            | OFlags::NOFOLLOW
            | OFlags::CLOEXEC
            | OFlags::NONBLOCK;
        rustix::fs::open(path, flags, Mode::RUSR | Mode::WUSR).map(File::from)
    };
    let mut opened = open();
    if opened
        .as_ref()
        .is_err_and(|errno| *errno == rustix::io::Errno::NOENT)
    {
        make_directory(path.parent().unwrap_or(path))?;
        opened = open();
    }
    opened.map_err(|errno| Error::io(path, "opened")(errno.into()))
}

/// Appends `records` with one `write`, so that no other process's records come between.
///
/// One that is cut short (a full disk) is gone on with, which says why it was; what it leaves is
/// a torn tail, which readers skip.
pub(crate) fn append(mut file: &File, path: &Path, records: &[u8]) -> Result<()> {
    file.write_all(records).map_err(Error::io(path, "written"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOMAIN: [u8; 32] = [7; 32];

    #[test]
    fn whole_records_are_found_among_torn_ones() {
        let mut bytes = Vec::new();
        encode(&DOMAIN, &1u64.to_le_bytes(), &mut bytes);
        bytes.extend_from_slice(&[1, 2, 3]);
        encode(&DOMAIN, &2u64.to_le_bytes(), &mut bytes);
        encode(&[8; 32], &3u64.to_le_bytes(), &mut bytes);
        encode(&DOMAIN, &4u64.to_le_bytes(), &mut bytes);
        bytes.truncate(bytes.len() - 1);
        encode(&DOMAIN, &5u64.to_le_bytes(), &mut bytes);
        let found: Vec<u64> = decode::<8>(&DOMAIN, &bytes)
            .map(|body| u64::from_le_bytes(*body))
            .collect();
        assert_eq!(found, [1, 2, 5]);
    }
}
