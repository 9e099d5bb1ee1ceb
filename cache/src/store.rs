//! The cache itself: put and get.
//!
//! Does not touch the index: what it needs to know of an object is in the object's file.

use std::fs;
use std::io::{Read, Write};
use std::sync::Mutex;

use crate::config::{Config, Durability};
use crate::error::{Damage, Error, Result};
use crate::key::Key;
use crate::layout::{Kind, Layout};
use crate::spool::Pending;
use crate::{trust, unit};

/// A store of objects in a directory that any number of processes share.
///
/// Dropping it writes down what was used; nothing else depends on that it is dropped.
#[derive(Debug)]
pub struct Cache {
    layout: Layout,
    unit_durability: Durability,
    user: u32,
    pub(crate) uses: Mutex<Pending>,
}

/// What came of looking for an object.
#[derive(Debug)]
pub enum Lookup<T> {
    /// It is there and is what was stored.
    Found(T),
    /// There is none.
    Missing,
    /// There is one that must not be used. It was removed if that was possible; the caller says
    /// so once and goes on as if there were none.
    Damaged(Damage),
    /// The cache could not be read; the caller says so once and goes on as if there were none.
    Failed(Error),
}

impl<T> Lookup<T> {
    /// Removes what is damaged.
    pub(crate) fn settle(found: Result<Option<T>>) -> Lookup<T> {
        match found {
            Ok(Some(object)) => Lookup::Found(object),
            Ok(None) => Lookup::Missing,
            Err(Error::Damaged(damage)) => Lookup::Damaged(damage.remove()),
            Err(error) => Lookup::Failed(error),
        }
    }

    /// For callers that report any error and then go on without.
    ///
    /// # Errors
    /// [`Error::Damaged`] for [`Lookup::Damaged`], the error of [`Lookup::Failed`].
    pub fn into_result(self) -> Result<Option<T>> {
        match self {
            Lookup::Found(object) => Ok(Some(object)),
            Lookup::Missing => Ok(None),
            Lookup::Damaged(damage) => Err(damage.into()),
            Lookup::Failed(error) => Err(error),
        }
    }
}

impl Cache {
    /// Opens a cache. Touches no file: the directory appears with the first write, and what is
    /// wrong with it shows in the first call that needs it.
    pub fn open(config: Config) -> Cache {
        let Config {
            directory,
            unit_durability,
        } = config;
        Cache {
            layout: Layout::new(directory),
            unit_durability,
            user: rustix::process::geteuid().as_raw(),
            uses: Mutex::default(),
        }
    }

    /// Stores an object, in place of any other under that key. An image is stored as with
    /// [`Cache::put_image`].
    ///
    /// # Errors
    /// [`Error::Io`] (no space, no permission, a file in place of a directory),
    /// [`Error::ForeignDirectory`], [`Error::TooLarge`]. Nothing is left behind.
    pub fn put(&self, kind: Kind, key: &Key, payload: &[u8]) -> Result<()> {
        match kind {
            Kind::Unit => {
                trust::check_root(self.layout.root(), self.user)?;
                let path = self.layout.object(kind, key);
                unit::write(&path, key, payload, self.unit_durability)
            }
            Kind::Image => self
                .put_image(key, |file| file.write_all(payload))
                .map(drop),
        }
    }

    /// Reads an object whole and checks it; nothing if there is none.
    ///
    /// # Errors
    /// [`Error::Damaged`] if it is not what was stored: it was removed if that was possible, and
    /// the caller goes on as if there were none. [`Error::Io`].
    pub fn get(&self, kind: Kind, key: &Key) -> Result<Option<Vec<u8>>> {
        self.lookup(kind, key).into_result()
    }

    /// The same with each outcome by name.
    pub fn lookup(&self, kind: Kind, key: &Key) -> Lookup<Vec<u8>> {
        match kind {
            Kind::Unit => {
                let found = self.find_unit(key);
                if let Ok(Some(_)) = &found {
                    self.record_use(kind, key);
                }
                Lookup::settle(found)
            }
            Kind::Image => match self.lookup_image(key) {
                Lookup::Found(mut image) => {
                    let mut content = Vec::new();
                    match image.file.read_to_end(&mut content) {
                        Ok(_) => Lookup::Found(content),
                        Err(source) => Lookup::Failed(Error::io(&image.path, "read")(source)),
                    }
                }
                Lookup::Missing => Lookup::Missing,
                Lookup::Damaged(damage) => Lookup::Damaged(damage),
                Lookup::Failed(error) => Lookup::Failed(error),
            },
        }
    }

    /// Whether there is an object. It may still turn out to be damaged.
    pub fn contains(&self, kind: Kind, key: &Key) -> bool {
        fs::metadata(self.layout.object(kind, key)).is_ok_and(|found| found.is_file())
    }

    fn find_unit(&self, key: &Key) -> Result<Option<Vec<u8>>> {
        let path = self.layout.object(Kind::Unit, key);
        match trust::open(&path, self.user)? {
            Some(opened) => unit::read(&path, key, opened).map(Some),
            None => Ok(None),
        }
    }

    pub(crate) fn layout(&self) -> &Layout {
        &self.layout
    }

    pub(crate) fn user(&self) -> u32 {
        self.user
    }
}
