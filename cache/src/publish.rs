//! Making a file appear whole, under its name, or not at all.

use std::fs::{self, DirBuilder, File, Permissions};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use rustix::fs::{Mode, OFlags};

use crate::config::Durability;
use crate::error::{Error, Result};
use crate::layout::TEMPORARY_PREFIX;

/// How often another unused name is tried.
const ATTEMPTS: u32 = 16;

/// A file that is being written. Dropped before [`Temporary::publish`], it is removed; a process
/// that is killed leaves it to the next cleaning.
pub(crate) struct Temporary {
    file: File,
    name: TemporaryName,
    target: PathBuf,
}

/// Removes what has this name when dropped.
struct TemporaryName(Option<PathBuf>);

impl Drop for TemporaryName {
    fn drop(&mut self) {
        if let Some(path) = self.0.take() {
            // Whatever the reason that this fails, cleaning will find the file again.
            let _ = fs::remove_file(path);
        }
    }
}

impl Temporary {
    /// Starts a file that shall become `target`, and the directories to it.
    pub(crate) fn new(target: &Path) -> Result<Temporary> {
        let (file, path) = create_unused(target, |path| {
            let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
            let descriptor = rustix::fs::open(path, flags, Mode::RUSR | Mode::WUSR)?;
            Ok(File::from(descriptor))
        })?;
        let name = TemporaryName(Some(path));
        Ok(Temporary {
            file,
            name,
            target: target.to_owned(),
        })
    }

    /// What to write to.
    pub(crate) fn file(&mut self) -> &mut File {
        &mut self.file
    }

    /// The file once more, for reading only. It stays open after [`Temporary::publish`].
    pub(crate) fn reader(&self) -> Result<File> {
        File::open(self.name.path()).map_err(Error::io(&self.target, "opened"))
    }

    /// What the file shall be called, once its content says so.
    pub(crate) fn rename_target(&mut self, target: PathBuf) {
        self.target = target;
    }

    /// Gives the file its mode and its name, in place of any other of that name.
    pub(crate) fn publish(mut self, mode: u32, durability: Durability) -> Result<()> {
        let finish = || {
            self.file.set_permissions(Permissions::from_mode(mode))?;
            if durability == Durability::Synced {
                self.file.sync_data()?;
            }
            fs::rename(self.name.path(), &self.target)
        };
        finish().map_err(Error::io(&self.target, "written"))?;
        self.name.0 = None;
        Ok(())
    }
}

impl TemporaryName {
    fn path(&self) -> &Path {
        self.0.as_deref().unwrap_or(Path::new(""))
    }
}

/// Makes `target` a symbolic link to `content`, in place of any other file of that name.
pub(crate) fn publish_link(content: &str, target: &Path) -> Result<()> {
    let ((), path) = create_unused(target, |path| symlink(content, path))?;
    let mut name = TemporaryName(Some(path));
    fs::rename(name.path(), target).map_err(Error::io(target, "written"))?;
    name.0 = None;
    Ok(())
}

/// Creates something under an unused name beside `target`, making the directory if need be.
fn create_unused<T>(
    target: &Path,
    create: impl Fn(&Path) -> io::Result<T>,
) -> Result<(T, PathBuf)> {
    let directory = target.parent().unwrap_or(Path::new("."));
    let mut attempt = 0;
    loop {
        let path = directory.join(unused_name());
        attempt += 1;
        match create(&path) {
            Ok(created) => return Ok((created, path)),
            Err(error) if attempt == ATTEMPTS => return Err(Error::io(target, "created")(error)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => make_directory(directory)?,
            Err(error) => return Err(Error::io(target, "created")(error)),
        }
    }
}

/// Makes a directory, and those above it, for this user only.
pub(crate) fn make_directory(directory: &Path) -> Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
        .map_err(Error::io(directory, "created"))
}

/// A name that no other thread, process or machine uses at this time, most likely; whoever
/// creates the file makes sure.
fn unused_name() -> String {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let count = COUNTER.fetch_add(1, Ordering::Relaxed);
    let mut hasher = RandomState::new().build_hasher();
    hasher.write_u64(count);
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    hasher.write_u128(now.as_nanos());
    format!(
        "{TEMPORARY_PREFIX}{}-{count}-{:016x}",
        std::process::id(),
        hasher.finish()
    )
}
