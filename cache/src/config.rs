//! Where the cache is and how much it does against power failure.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// Whether an object is on the disk before it gets its name.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Durability {
    /// The kernel writes it when it likes. After a power failure the object may be torn; the
    /// next reader finds that by its hash, removes it, and the unit is translated again.
    #[default]
    Lazy,
    /// `fdatasync` before the rename: what has a name is whole, even after a power failure.
    Synced,
}

/// How to open a cache.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Config {
    /// Absolute path of the cache's root. It need not exist; the first write makes it.
    pub directory: PathBuf,
    /// For units. [`Durability::Lazy`] unless changed: there are thousands of them, each costs
    /// an `fdatasync` of some milliseconds, and every read checks the hash anyway. Images are
    /// always synced, since there are few and their content is not read at every start.
    pub unit_durability: Durability,
}

impl Config {
    /// The user's cache: `$VMTRANS_CACHE_DIR`, else `$XDG_CACHE_HOME/vmtrans`, else
    /// `$HOME/.cache/vmtrans`.
    ///
    /// An empty variable counts as unset, and so do relative `XDG_CACHE_HOME` and `HOME` (the
    /// former as its specification demands). A relative `VMTRANS_CACHE_DIR` is taken from the
    /// current directory now, so that it stays the same when the guest changes directory.
    ///
    /// # Errors
    /// [`Error::NoDirectory`] if no variable names one.
    pub fn from_env() -> Result<Config> {
        resolve(|name| env::var_os(name)).map(Config::at)
    }

    /// A cache at `directory`, with everything else as by default.
    pub fn at(directory: impl AsRef<Path>) -> Config {
        let directory = directory.as_ref();
        // Fails only for an empty path or without a current directory; opening tells then.
        let directory = std::path::absolute(directory).unwrap_or_else(|_| directory.to_owned());
        Config {
            directory,
            unit_durability: Durability::default(),
        }
    }
}

fn resolve(variable: impl Fn(&str) -> Option<OsString>) -> Result<PathBuf> {
    let path = |name: &str| variable(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    if let Some(chosen) = path("VMTRANS_CACHE_DIR") {
        return Ok(chosen);
    }
    if let Some(caches) = path("XDG_CACHE_HOME").filter(|p| p.is_absolute()) {
        return Ok(caches.join("vmtrans"));
    }
    if let Some(home) = path("HOME").filter(|p| p.is_absolute()) {
        return Ok(home.join(".cache/vmtrans"));
    }
    Err(Error::NoDirectory)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(variables: &[(&str, &str)]) -> Option<PathBuf> {
        resolve(|name| {
            variables
                .iter()
                .find(|(n, _)| *n == name)
                .map(|(_, value)| OsString::from(value))
        })
        .ok()
    }

    #[test]
    fn the_first_usable_variable_wins() {
        let all = [
            ("VMTRANS_CACHE_DIR", "/v"),
            ("XDG_CACHE_HOME", "/x"),
            ("HOME", "/h"),
        ];
        assert_eq!(with(&all), Some("/v".into()));
        assert_eq!(with(&all[1..]), Some("/x/vmtrans".into()));
        assert_eq!(with(&all[2..]), Some("/h/.cache/vmtrans".into()));
        assert_eq!(with(&[]), None);
        let unusable = [
            ("VMTRANS_CACHE_DIR", ""),
            ("XDG_CACHE_HOME", "x"),
            ("HOME", "/h"),
        ];
        assert_eq!(with(&unusable), Some("/h/.cache/vmtrans".into()));
    }

    #[test]
    fn a_relative_directory_is_fixed_when_configured() {
        assert!(Config::at("here").directory.is_absolute());
    }
}
