//! What several tests need.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use tempfile::TempDir;
use vmtrans_cache::{Cache, Config, Key, KeyBuilder};

/// A cache in a directory of its own, which goes with it.
pub struct Scratch {
    pub cache: Cache,
    pub directory: PathBuf,
    _parent: TempDir,
}

pub fn scratch() -> Scratch {
    let parent = TempDir::new().expect("temporary directory");
    let directory = parent.path().join("cache");
    Scratch {
        cache: open(&directory),
        directory,
        _parent: parent,
    }
}

pub fn open(directory: &Path) -> Cache {
    Cache::open(Config::at(directory))
}

pub fn key(number: u64) -> Key {
    KeyBuilder::new("vmtrans cache tests")
        .number(number)
        .finish()
}

/// The file of an object.
pub fn path_of(directory: &Path, kind: &str, key: &Key) -> PathBuf {
    let hex = key.to_string();
    directory.join(kind).join(&hex[..2]).join(&hex[2..])
}

/// Writes a file of the cache, whatever its mode.
pub fn overwrite(path: &Path, content: &[u8]) {
    let mode = fs::metadata(path).expect("file to overwrite").permissions();
    fs::set_permissions(path, Permissions::from_mode(0o600)).expect("chmod");
    fs::write(path, content).expect("overwrite");
    fs::set_permissions(path, mode).expect("chmod back");
}

/// Sets the modification time of a file.
pub fn set_age(path: &Path, age: Duration) {
    let file = fs::File::open(path).expect("file to age");
    file.set_modified(SystemTime::now() - age)
        .expect("set time");
}

/// All files below a directory.
pub fn files_below(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|t| t.is_dir()) {
            files.extend(files_below(&entry.path()));
        } else {
            files.push(entry.path());
        }
    }
    files
}

pub fn temporaries(directory: &Path) -> Vec<PathBuf> {
    let is_temporary = |path: &PathBuf| {
        path.file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with(".tmp-"))
    };
    files_below(directory)
        .into_iter()
        .filter(is_temporary)
        .collect()
}

/// Long enough that a file's times are settled.
pub fn settle() {
    std::thread::sleep(Duration::from_millis(60));
}

pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Says that a part of a test cannot be had here.
pub fn skip(what: &str) {
    eprintln!("SKIPPED: {what}");
}

/// A file system in memory, unmounted when dropped.
pub struct Tmpfs(TempDir);

impl Tmpfs {
    /// Nothing if this process may not mount.
    pub fn new(options: &str) -> Option<Tmpfs> {
        let parent = TempDir::new().ok()?;
        let mounted = mount(&["-t", "tmpfs", "-o", options, "none"], parent.path());
        mounted.then_some(Tmpfs(parent))
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn remount(&self, options: &str) {
        assert!(
            mount(&["-o", &format!("remount,{options}")], self.path()),
            "remount {options}"
        );
    }
}

fn mount(arguments: &[&str], target: &Path) -> bool {
    let output = Command::new("mount").args(arguments).arg(target).output();
    output.is_ok_and(|output| output.status.success())
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.path()).output();
    }
}

/// Numbers that look random and are the same in each run.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        // splitmix64
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).expect("below a usize")
    }
}
