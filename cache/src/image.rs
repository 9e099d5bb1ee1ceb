//! Images: plain files that are mapped or executed where they lie.
//!
//! `images/ab/cdef…` is a symbolic link to `cdef….<content>`, the file itself, whose name says
//! which content it must have. So one rename publishes both, a reader that meets a replacement
//! half-way sees the old image or the new one, and a link that leads elsewhere is no image.
//!
//! Whether the content is right is known from the identity memo, so that a warm start reads two
//! small files and not megabytes. What changes on the disk without the kernel's knowledge shows
//! only in `verify`.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::config::Durability;
use crate::error::{Damage, Error, Result};
use crate::identity::hash_file;
use crate::key::{ContentHash, Key};
use crate::layout::{Kind, Name};
use crate::publish::{self, Temporary};
use crate::store::{Cache, Lookup};
use crate::trust::{self, Trusted};

/// Readable and executable by this user, writable by nobody.
const MODE: u32 = 0o500;
/// How often a reader follows the link anew when the image was replaced under its hands.
const ATTEMPTS: u32 = 8;

/// An image that was found and is what was stored.
#[derive(Debug)]
pub struct StoredImage {
    /// Open for reading. It stays whole even if the cache is cleaned.
    pub file: File,
    /// The file's own path, not the link's.
    pub path: PathBuf,
    /// BLAKE3 of the file.
    pub content: ContentHash,
}

/// What the link of a key leads to.
pub(crate) struct ImageLink {
    pub(crate) path: PathBuf,
    pub(crate) content: ContentHash,
}

impl Cache {
    /// Stores an image that `write` writes to an empty file, open for reading and writing.
    ///
    /// The file is synced before it appears. An image that was stored under `key` before is
    /// replaced; those who have it open or mapped keep it.
    ///
    /// # Errors
    /// [`Error::Io`] for what the operating system or `write` said, [`Error::ForeignDirectory`].
    /// Nothing is left behind.
    pub fn put_image(
        &self,
        key: &Key,
        write: impl FnOnce(&mut File) -> io::Result<()>,
    ) -> Result<StoredImage> {
        let link = self.image_path(key);
        trust::check_root(self.layout().root(), self.user())?;
        let previous = follow(&link, key, self.user()).unwrap_or(None);

        let mut temporary = Temporary::new(&link)?;
        write(temporary.file()).map_err(Error::io(&link, "written"))?;
        let content = hash_file(temporary.file(), &link)?;
        let path = image_file(&link, &content);
        // Now: once it has its name, another process may replace or remove it.
        let file = temporary.reader()?;
        temporary.rename_target(path.clone());
        temporary.publish(MODE, Durability::Synced)?;
        publish::publish_link(&file_name(&path), &link)?;

        if let Some(previous) = previous.filter(|previous| previous.path != path) {
            // Cleaning finds it if it cannot be removed now.
            let _ = fs::remove_file(previous.path);
        }
        Ok(StoredImage {
            file,
            path,
            content,
        })
    }

    /// Where the image of `key` is, or would be: a link that can be opened and executed, but
    /// whose content nobody has checked. See [`Cache::open_image`].
    pub fn image_path(&self, key: &Key) -> PathBuf {
        self.layout().object(Kind::Image, key)
    }

    /// Opens an image and checks that it is what was stored; nothing if there is none.
    ///
    /// # Errors
    /// [`Error::Damaged`] if it is not: it was removed if that was possible, and the caller goes
    /// on as if there were none. [`Error::Io`].
    pub fn open_image(&self, key: &Key) -> Result<Option<StoredImage>> {
        self.lookup_image(key).into_result()
    }

    /// The same with each outcome by name.
    pub fn lookup_image(&self, key: &Key) -> Lookup<StoredImage> {
        let found = self.find_image(key);
        if let Ok(Some(_)) = &found {
            self.record_use(Kind::Image, key);
        }
        Lookup::settle(found)
    }

    fn find_image(&self, key: &Key) -> Result<Option<StoredImage>> {
        let link = self.image_path(key);
        for _ in 0..ATTEMPTS {
            let Some(ImageLink { path, content }) = follow(&link, key, self.user())? else {
                return Ok(None);
            };
            // A missing file was replaced or cleaned since the link was read.
            let Some(Trusted { file, .. }) = trust::open(&path, self.user())? else {
                continue;
            };
            let (found, _) = self.content_hash_of(&file, &path)?;
            if found != content {
                return Err(content_damage(&path, &found, &content).into());
            }
            return Ok(Some(StoredImage {
                file,
                path,
                content,
            }));
        }
        Ok(None)
    }
}

/// Hashes the file of an image, whatever the memo says; nothing if there is none.
pub(crate) fn verify(link: &Path, key: &Key, user: u32) -> Result<Option<u64>> {
    let Some(link) = follow(link, key, user)? else {
        return Ok(None);
    };
    let Some(Trusted { file, metadata }) = trust::open(&link.path, user)? else {
        return Ok(None);
    };
    let found = hash_file(&file, &link.path)?;
    if found != link.content {
        return Err(content_damage(&link.path, &found, &link.content).into());
    }
    Ok(Some(metadata.len()))
}

fn content_damage(path: &Path, found: &ContentHash, expected: &ContentHash) -> Damage {
    Damage::new(path, format_args!("content hash {found}"), expected)
}

/// Reads the link of `key`; nothing if there is none.
///
/// # Errors
/// [`Error::Damaged`] if it is no link, or not to a file that can only be this key's.
pub(crate) fn follow(link: &Path, key: &Key, user: u32) -> Result<Option<ImageLink>> {
    let Some(target) = trust::read_link(link, user)? else {
        return Ok(None);
    };
    let fan = link.parent().map(file_name).unwrap_or_default();
    match target.to_str().and_then(|target| Name::parse(&fan, target)) {
        Some(Name::Image(named, content)) if named == *key => Ok(Some(ImageLink {
            path: image_file(link, &content),
            content,
        })),
        _ => {
            let found = format!("a link to {}", target.display());
            let expected = format!("a link to {}.<content hash>", file_name(link));
            Err(Damage::new(link, found, expected).into())
        }
    }
}

fn image_file(link: &Path, content: &ContentHash) -> PathBuf {
    link.with_file_name(format!("{}.{content}", file_name(link)))
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}
