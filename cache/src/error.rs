//! What can go wrong with the cache. None of it need stop a caller: the cache saves work only.

use std::io;
use std::path::{Path, PathBuf};

/// Result of most calls of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Why the cache could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The environment names no directory.
    #[error(
        "cache directory is unknown: found none of VMTRANS_CACHE_DIR, XDG_CACHE_HOME and HOME, \
         expected one of them to hold an absolute path"
    )]
    NoDirectory,
    /// The root of the cache is another user's, who could change what is in it.
    #[error(
        "cache directory {} belongs to user {found}, expected user {expected} or root",
        path.display()
    )]
    ForeignDirectory {
        /// The root of the cache.
        path: PathBuf,
        /// User id that owns it.
        found: u32,
        /// Effective user id of this process.
        expected: u32,
    },
    /// Everyone may write to the root of the cache, and so could lead this user astray.
    #[error(
        "cache directory {} has mode {found:04o}, expected one in which not everyone may write",
        path.display()
    )]
    OpenDirectory {
        /// The root of the cache.
        path: PathBuf,
        /// Its mode.
        found: u32,
    },
    /// An object that is not what its name says. It was removed if that was possible.
    #[error(transparent)]
    Damaged(#[from] Damage),
    /// Something other than a regular file where one is needed.
    #[error("{} is {found}, expected a regular file", path.display())]
    NotAFile {
        /// What was to be read.
        path: PathBuf,
        /// What it is.
        found: &'static str,
    },
    /// A file whose content was changed each time that it was being hashed.
    #[error(
        "{} was changed during each of {attempts} attempts to hash it, expected it to stay as it is",
        path.display()
    )]
    Unsettled {
        /// What was to be hashed.
        path: PathBuf,
        /// How often it was read.
        attempts: u32,
    },
    /// More than an object may hold.
    #[error("{} would hold {found} bytes, expected at most {expected}", path.display())]
    TooLarge {
        /// Where the object would have been stored.
        path: PathBuf,
        /// Bytes of its payload.
        found: u64,
        /// The most that is stored.
        expected: u64,
    },
    /// The operating system refused: no space, no permission, a file in place of a directory.
    #[error("{} could not be {action}", path.display())]
    Io {
        /// What was to be worked on.
        path: PathBuf,
        /// What was to be done with it, as a participle: `opened`, `written`.
        action: &'static str,
        /// What the operating system said.
        source: io::Error,
    },
}

/// An object that is not what its name says, or that someone else could have written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{} is damaged ({}): found {found}, expected {expected}",
    path.display(),
    if *removed { "removed" } else { "still there" }
)]
pub struct Damage {
    /// The file.
    pub path: PathBuf,
    /// What it is or holds.
    pub found: String,
    /// What it should be or hold.
    pub expected: String,
    /// Whether it was removed. It cannot be in a directory that is read-only, for example.
    pub removed: bool,
}

impl Error {
    /// For [`Result::map_err`]: says what was being done with which file.
    pub(crate) fn io(path: &Path, action: &'static str) -> impl FnOnce(io::Error) -> Error {
        move |source| Error::Io {
            path: path.to_owned(),
            action,
            source,
        }
    }
}

impl Damage {
    /// Damage that was just found and not dealt with yet.
    pub(crate) fn new(
        path: &Path,
        found: impl std::fmt::Display,
        expected: impl std::fmt::Display,
    ) -> Damage {
        Damage {
            path: path.to_owned(),
            found: found.to_string(),
            expected: expected.to_string(),
            removed: false,
        }
    }

    /// Removes the file. A good one that another process put there in the meantime may go with
    /// it; that is only a miss.
    pub(crate) fn remove(mut self) -> Damage {
        self.removed = std::fs::remove_file(&self.path).is_ok();
        self
    }
}
