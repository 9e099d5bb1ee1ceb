//! What is in the directories of a cache.
//!
//! Trusts names only as far as they say what a file would be; does not open files. Files that
//! appear or go in the meantime are seen or not.

use std::collections::HashSet;
use std::fs::{self, DirEntry, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::error::{Error, Result};
use crate::key::{ContentHash, Key};
use crate::layout::{CODE_MAPS, IDENTITIES, Kind, Layout, Name, SPOOL, TEMPORARY_PREFIX};

/// A file that was found.
#[derive(Clone, Debug)]
pub(crate) struct FoundFile {
    pub(crate) path: PathBuf,
    /// Bytes.
    pub(crate) size: u64,
    pub(crate) modified: SystemTime,
}

/// An object that was found.
#[derive(Clone, Debug)]
pub(crate) struct FoundObject {
    pub(crate) kind: Kind,
    pub(crate) key: Key,
    /// The object's file; for an image the one that its link leads to.
    pub(crate) file: FoundFile,
}

/// All that was found.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    pub(crate) objects: Vec<FoundObject>,
    /// Links that lead to no image. One may also be damaged.
    pub(crate) dead_links: Vec<(Key, FoundFile)>,
    /// Files that are being written, or were when their writer died, and images that no link
    /// leads to, since they were replaced or their writer died between the two.
    pub(crate) leftovers: Vec<FoundFile>,
    pub(crate) memos: Vec<FoundFile>,
    pub(crate) code_maps: Vec<FoundFile>,
    /// Files with names that nothing here gives.
    pub(crate) strays: u64,
}

/// Looks through all directories but the index.
///
/// # Errors
/// [`Error::Io`] if one that exists cannot be read.
pub(crate) fn scan(layout: &Layout) -> Result<Scan> {
    let mut scan = Scan::default();
    for kind in Kind::ALL {
        each_fan(&layout.root().join(kind.directory()), |fan, directory| {
            scan.objects_in(kind, fan, directory)
        })?;
    }
    each_fan(&layout.root().join(IDENTITIES), |fan, directory| {
        for file in files_in(directory)? {
            match Name::parse(fan, &file.name) {
                Some(Name::Object(_)) => scan.memos.push(file.found),
                _ => scan.other(file),
            }
        }
        Ok(())
    })?;
    for file in files_in(&layout.root().join(CODE_MAPS))? {
        match file.name.parse::<ContentHash>() {
            Ok(_) => scan.code_maps.push(file.found),
            Err(_) => scan.other(file),
        }
    }
    let spool = files_in(&layout.root().join(SPOOL))?;
    let temporary = spool.into_iter().filter(NamedFile::is_temporary);
    scan.leftovers.extend(temporary.map(|file| file.found));
    Ok(scan)
}

/// Bytes of all files below `directory`.
pub(crate) fn size_below(directory: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(directory) else {
        return 0;
    };
    let size = |entry: DirEntry| match entry.metadata() {
        Ok(found) if found.is_dir() => size_below(&entry.path()),
        Ok(found) => found.len(),
        Err(_) => 0,
    };
    entries.flatten().map(size).sum()
}

impl Scan {
    fn objects_in(&mut self, kind: Kind, fan: &str, directory: &Path) -> Result<()> {
        let mut linked = HashSet::new();
        let mut images = Vec::new();
        for file in files_in(directory)? {
            match (kind, Name::parse(fan, &file.name)) {
                (Kind::Unit, Some(Name::Object(key))) => {
                    self.objects.push(FoundObject {
                        kind,
                        key,
                        file: file.found,
                    });
                }
                (Kind::Image, Some(Name::Object(key))) => match linked_image(fan, &file) {
                    Some(image) => {
                        linked.insert(image.path.clone());
                        self.objects.push(FoundObject {
                            kind,
                            key,
                            file: image,
                        });
                    }
                    None => self.dead_links.push((key, file.found)),
                },
                (Kind::Image, Some(Name::Image(..))) => images.push(file.found),
                _ => self.other(file),
            }
        }
        self.leftovers.extend(
            images
                .into_iter()
                .filter(|image| !linked.contains(&image.path)),
        );
        Ok(())
    }

    fn other(&mut self, file: NamedFile) {
        if file.is_temporary() {
            self.leftovers.push(file.found);
        } else {
            self.strays += 1;
        }
    }
}

/// The image that a link leads to; nothing if the link is none, or dead.
fn linked_image(fan: &str, link: &NamedFile) -> Option<FoundFile> {
    let target = fs::read_link(&link.found.path).ok()?;
    match Name::parse(fan, target.to_str()?)? {
        Name::Image(key, _) if Name::parse(fan, &link.name) == Some(Name::Object(key)) => {}
        _ => return None,
    }
    let path = link.found.path.with_file_name(target);
    let metadata = fs::symlink_metadata(&path).ok()?;
    Some(found_file(path, &metadata))
}

struct NamedFile {
    name: String,
    found: FoundFile,
}

impl NamedFile {
    fn is_temporary(&self) -> bool {
        self.name.starts_with(TEMPORARY_PREFIX)
    }
}

fn found_file(path: PathBuf, metadata: &Metadata) -> FoundFile {
    let modified = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
    FoundFile {
        path,
        size: metadata.len(),
        modified,
    }
}

/// Visits the directories `00` to `ff` that exist.
fn each_fan(directory: &Path, mut visit: impl FnMut(&str, &Path) -> Result<()>) -> Result<()> {
    for entry in read_dir(directory)? {
        let name = entry.file_name();
        // One that is no directory gives an error below, as it does to whoever writes there.
        if let Some(fan) = name.to_str().filter(|name| name.len() == 2) {
            visit(fan, &entry.path())?;
        }
    }
    Ok(())
}

/// Everything in a directory except directories.
fn files_in(directory: &Path) -> Result<Vec<NamedFile>> {
    let mut files = Vec::new();
    for entry in read_dir(directory)? {
        // Gone since the directory was read.
        let Ok(metadata) = entry.metadata() else {
            continue;
        };
        if !metadata.is_dir() {
            let name = entry.file_name().to_string_lossy().into_owned();
            files.push(NamedFile {
                name,
                found: found_file(entry.path(), &metadata),
            });
        }
    }
    Ok(files)
}

fn read_dir(directory: &Path) -> Result<Vec<DirEntry>> {
    let read = || fs::read_dir(directory)?.collect::<io::Result<Vec<DirEntry>>>();
    match read() {
        Ok(entries) => Ok(entries),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(source) => Err(Error::io(directory, "read")(source)),
    }
}
