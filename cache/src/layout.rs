//! Where everything is below the root of a cache, and how files there are called.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::key::{ContentHash, Key};

/// What an object is. Each kind has keys of its own.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Kind {
    /// One translated guest function, stored with a header and read into memory.
    Unit,
    /// A linked file, stored as it is, to be mapped or executed.
    Image,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 2] = [Kind::Unit, Kind::Image];

    /// The directory that holds objects of this kind.
    pub(crate) const fn directory(self) -> &'static str {
        match self {
            Kind::Unit => "units",
            Kind::Image => "images",
        }
    }

    /// How files name this kind.
    pub(crate) const fn number(self) -> u32 {
        match self {
            Kind::Unit => 1,
            Kind::Image => 2,
        }
    }

    /// The inverse of [`Kind::number`].
    pub(crate) fn from_number(number: u32) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.number() == number)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Kind::Unit => "unit",
            Kind::Image => "image",
        })
    }
}

/// Directories of small files beside the objects.
pub(crate) const CODE_MAPS: &str = "codemap";
pub(crate) const IDENTITIES: &str = "identity";
pub(crate) const SPOOL: &str = "spool";

/// Starts the name of a file that is being written.
pub(crate) const TEMPORARY_PREFIX: &str = ".tmp-";

/// A root directory and what is where in it.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    root: PathBuf,
}

impl Layout {
    pub(crate) fn new(root: PathBuf) -> Layout {
        Layout { root }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The object's own file (a unit) or the link to it (an image).
    pub(crate) fn object(&self, kind: Kind, key: &Key) -> PathBuf {
        fan_out(&self.root, kind.directory(), &key.to_string())
    }

    pub(crate) fn identity(&self, name: &Key) -> PathBuf {
        fan_out(&self.root, IDENTITIES, &name.to_string())
    }

    pub(crate) fn code_map(&self, guest: &ContentHash) -> PathBuf {
        self.root.join(CODE_MAPS).join(guest.to_string())
    }

    pub(crate) fn spool(&self) -> PathBuf {
        self.root.join(SPOOL).join("uses")
    }

    pub(crate) fn spool_set_aside(&self) -> PathBuf {
        self.root.join(SPOOL).join("uses.aside")
    }

    /// Held by whoever has the index open. Beside the index, which may be renamed.
    #[cfg(feature = "index")]
    pub(crate) fn index_lock(&self) -> PathBuf {
        self.root.join(SPOOL).join("index.lock")
    }

    pub(crate) fn index(&self) -> PathBuf {
        self.root.join("index")
    }

    /// Where the last index that misbehaved is kept, for whoever wants to know why.
    #[cfg(feature = "index")]
    pub(crate) fn damaged_index(&self) -> PathBuf {
        self.root.join("index.damaged")
    }
}

/// `root/directory/ab/cdef…`: 256 directories, since some file systems and tools are slow with
/// very large ones.
fn fan_out(root: &Path, directory: &str, hex: &str) -> PathBuf {
    let mut path = PathBuf::with_capacity(root.as_os_str().len() + directory.len() + 68);
    path.push(root);
    path.push(directory);
    path.push(&hex[..2]);
    path.push(&hex[2..]);
    path
}

/// What the name of a file in a fan-out directory says that it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Name {
    /// `cdef…`
    Object(Key),
    /// `cdef….<content>`
    Image(Key, ContentHash),
}

impl Name {
    /// Reads the name `file` in the directory `ab`; nothing for any other name.
    pub(crate) fn parse(fan: &str, file: &str) -> Option<Name> {
        let (rest, content) = match file.split_once('.') {
            Some((rest, content)) => (rest, Some(content)),
            None => (file, None),
        };
        if fan.len() != 2 {
            return None;
        }
        let key = Key::from_str(&format!("{fan}{rest}")).ok()?;
        match content {
            Some(content) => Some(Name::Image(key, content.parse().ok()?)),
            None => Some(Name::Object(key)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        let layout = Layout::new("/c".into());
        let key = Key::from_bytes([0xab; 32]);
        let path = layout.object(Kind::Unit, &key);
        assert_eq!(
            path.to_str(),
            Some(&*format!("/c/units/ab/{}", "ab".repeat(31)))
        );
        let rest = "ab".repeat(31);
        assert_eq!(Name::parse("ab", &rest), Some(Name::Object(key)));
        let content = ContentHash::of(b"");
        let image = format!("{rest}.{content}");
        assert_eq!(Name::parse("ab", &image), Some(Name::Image(key, content)));
        for (fan, file) in [
            ("a", &*rest),
            ("ab", ".tmp-1"),
            ("ab", "x"),
            ("abab", &rest[2..]),
        ] {
            assert_eq!(Name::parse(fan, file), None, "{fan}/{file}");
        }
    }

    #[test]
    fn numbers_of_kinds_are_inverse() {
        for kind in Kind::ALL {
            assert_eq!(Kind::from_number(kind.number()), Some(kind));
        }
        assert_eq!(Kind::from_number(0), None);
    }
}
