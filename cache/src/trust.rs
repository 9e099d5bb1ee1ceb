//! Opening a file of the cache only if nobody else could have written it.
//!
//! What is in the cache is executed. So a file counts only if it is a regular file of this user
//! or of root that nobody else may write. Does not look at the content.

use std::ffi::OsString;
use std::fs::{File, Metadata};
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};

use crate::error::{Damage, Error, Result};

/// Bits of the mode that let others write.
const WRITABLE_BY_OTHERS: u32 = 0o022;

/// An open file and what the kernel says of it.
pub(crate) struct Trusted {
    pub(crate) file: File,
    pub(crate) metadata: Metadata,
}

/// Opens `path` for reading; nothing if there is none.
///
/// # Errors
/// [`Error::Damaged`], with the file still there, if someone else could have written it.
pub(crate) fn open(path: &Path, user: u32) -> Result<Option<Trusted>> {
    // A link is not followed: it could lead to any file of the same user. A FIFO must not block.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let file = match rustix::fs::open(path, flags, Mode::empty()) {
        Ok(descriptor) => File::from(descriptor),
        Err(rustix::io::Errno::NOENT) => return Ok(None),
        Err(rustix::io::Errno::LOOP) => {
            return Err(Damage::new(path, "a symbolic link", "a regular file").into());
        }
        // A socket, or a device without a driver.
        Err(rustix::io::Errno::NXIO) => {
            return Err(Damage::new(path, "a special file", "a regular file").into());
        }
        Err(errno) => return Err(Error::io(path, "opened")(errno.into())),
    };
    let metadata = file.metadata().map_err(Error::io(path, "inspected"))?;
    check(path, &metadata, user)?;
    Ok(Some(Trusted { file, metadata }))
}

/// Says if `metadata` is that of a file that someone else could have written.
fn check(path: &Path, metadata: &Metadata, user: u32) -> std::result::Result<(), Damage> {
    if !metadata.is_file() {
        return Err(Damage::new(path, type_name(metadata), "a regular file"));
    }
    check_owner(path, metadata, user)?;
    let mode = metadata.mode() & 0o7777;
    if mode & WRITABLE_BY_OTHERS != 0 {
        let found = format!("mode {mode:04o}");
        return Err(Damage::new(
            path,
            found,
            "one that only the owner may write",
        ));
    }
    Ok(())
}

/// Refuses to write below a root that is someone else's, or everyone's. One that does not exist
/// is fine.
pub(crate) fn check_root(root: &Path, user: u32) -> Result<()> {
    let found = match std::fs::metadata(root) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(Error::io(root, "inspected")(source)),
    };
    let path = || root.to_owned();
    if found.uid() != user && found.uid() != 0 {
        return Err(Error::ForeignDirectory {
            path: path(),
            found: found.uid(),
            expected: user,
        });
    }
    if found.mode() & 0o002 != 0 {
        return Err(Error::OpenDirectory {
            path: path(),
            found: found.mode() & 0o7777,
        });
    }
    Ok(())
}

/// Reads a symbolic link; nothing if there is none.
///
/// # Errors
/// [`Error::Damaged`], with the link still there, if it is none or someone else made it.
pub(crate) fn read_link(path: &Path, user: u32) -> Result<Option<PathBuf>> {
    // Opened, so that the owner asked for is that of the link read.
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let link = match rustix::fs::open(path, flags, Mode::empty()) {
        Ok(descriptor) => File::from(descriptor),
        Err(rustix::io::Errno::NOENT) => return Ok(None),
        Err(errno) => return Err(Error::io(path, "opened")(errno.into())),
    };
    let metadata = link.metadata().map_err(Error::io(path, "inspected"))?;
    if !metadata.is_symlink() {
        return Err(Damage::new(path, type_name(&metadata), "a symbolic link").into());
    }
    check_owner(path, &metadata, user)?;
    let target = rustix::fs::readlinkat(&link, c"", Vec::new());
    let target = target.map_err(|errno| Error::io(path, "read")(errno.into()))?;
    Ok(Some(PathBuf::from(OsString::from_vec(target.into_bytes()))))
}

fn check_owner(path: &Path, metadata: &Metadata, user: u32) -> std::result::Result<(), Damage> {
    if metadata.uid() == user || metadata.uid() == 0 {
        return Ok(());
    }
    let found = format!("owner user {}", metadata.uid());
    Err(Damage::new(path, found, format!("user {user} or root")))
}

/// What a thing is, with its article, for messages.
pub(crate) fn type_name(metadata: &Metadata) -> &'static str {
    let file_type = metadata.file_type();
    if file_type.is_dir() {
        "a directory"
    } else if file_type.is_symlink() {
        "a symbolic link"
    } else if file_type.is_file() {
        "a regular file"
    } else {
        "a special file"
    }
}
