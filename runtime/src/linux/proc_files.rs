//! Files of `/proc` that would show the translator: the guest gets its own view of them.
//!
//! They are known by their paths, which must be absolute and in their usual form.

use std::ffi::CString;
use std::io::Write;
use std::os::fd::{AsFd, IntoRawFd};
use std::os::unix::ffi::OsStrExt;

use rustix::fs::MemfdFlags;
use vmtrans_isa::GuestAddr;

use super::errno::Errno;
use super::kernel::Kernel;
use super::state::ProcessState;
use super::{clone, system, user};

/// A file that is another for the guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OwnFile {
    Executable,
    Maps,
    CommandLine,
    AuxiliaryVector,
    CpuInformation,
}

/// Longest path of one of these files.
const LONGEST: usize = "/proc/thread-self/cmdline".len() + 20;

/// Opens one of these files. Gives its descriptor, or `None` for any other path.
pub(super) fn open(k: &mut Kernel<'_>, path: GuestAddr, flags: u32) -> Result<Option<u64>, Errno> {
    match find(path)? {
        None => Ok(None),
        Some(OwnFile::Executable) => {
            // The path is the second argument, here and in openat2.
            k.pass_path(1).map(Some)
        }
        Some(file) => {
            let accesses = (libc::O_ACCMODE | libc::O_TRUNC).cast_unsigned();
            if flags & accesses != 0 {
                return Err(Errno::EACCES);
            }
            open_text(&text(k.process(), file), flags).map(Some)
        }
    }
}

/// The path to use in place of one that names another file for the guest.
pub(super) fn replacement(k: &Kernel<'_>, path: GuestAddr) -> Result<Option<CString>, Errno> {
    Ok(match find(path)? {
        Some(OwnFile::Executable) => CString::new(executable(k)).ok(),
        _ => None,
    })
}

/// What a symbolic link that is another for the guest points to.
pub(super) fn link_target(k: &Kernel<'_>, path: GuestAddr) -> Result<Option<Vec<u8>>, Errno> {
    Ok(match find(path)? {
        Some(OwnFile::Executable) => Some(executable(k)),
        _ => None,
    })
}

fn executable(k: &Kernel<'_>) -> Vec<u8> {
    k.process().program.path.as_os_str().as_bytes().to_vec()
}

fn find(path: GuestAddr) -> Result<Option<OwnFile>, Errno> {
    // Most paths are told apart by their first bytes; a bad address is left to the host.
    let mut start = [0; 6];
    if user::read(path, &mut start).is_err() || start != *b"/proc/" {
        return Ok(None);
    }
    match user::string(path, LONGEST + 1) {
        Ok(path) => Ok(classify(path.to_bytes())),
        Err(Errno::ENAMETOOLONG) => Ok(None),
        Err(error) => Err(error),
    }
}

fn classify(path: &[u8]) -> Option<OwnFile> {
    let path = std::str::from_utf8(path).ok()?.strip_prefix("/proc/")?;
    if path == "cpuinfo" {
        return Some(OwnFile::CpuInformation);
    }
    let (process, file) = path.split_once('/')?;
    let own = matches!(process, "self" | "thread-self")
        || process
            .parse::<u32>()
            .is_ok_and(|id| id == std::process::id());
    match file {
        _ if !own => None,
        "exe" => Some(OwnFile::Executable),
        "maps" => Some(OwnFile::Maps),
        "cmdline" => Some(OwnFile::CommandLine),
        "auxv" => Some(OwnFile::AuxiliaryVector),
        _ => None,
    }
}

fn text(process: &ProcessState, file: OwnFile) -> Vec<u8> {
    match file {
        OwnFile::Executable => Vec::new(),
        OwnFile::Maps => process.space().to_maps().into_bytes(),
        OwnFile::CommandLine => process.program.command_line.clone(),
        OwnFile::AuxiliaryVector => process.program.auxiliary_vector.clone(),
        OwnFile::CpuInformation => system::cpu_information().into(),
    }
}

/// A descriptor to read a text from.
fn open_text(text: &[u8], flags: u32) -> Result<u64, Errno> {
    let close = flags & libc::O_CLOEXEC.cast_unsigned() != 0;
    let memfd = if close {
        MemfdFlags::CLOEXEC
    } else {
        MemfdFlags::empty()
    };
    let fd = rustix::fs::memfd_create("vmtrans-proc", memfd).map_err(clone::errno)?;
    let mut file = std::fs::File::from(fd);
    file.write_all(text).map_err(|error| Errno::of(&error))?;
    rustix::fs::seek(file.as_fd(), rustix::fs::SeekFrom::Start(0)).map_err(clone::errno)?;
    u64::try_from(file.into_raw_fd()).map_err(|_| Errno::EBADF)
}

#[cfg(test)]
mod tests {
    use super::{OwnFile, classify};

    #[test]
    fn own_files_are_known_by_every_name() {
        let own = format!("/proc/{}/maps", std::process::id());
        assert_eq!(classify(own.as_bytes()), Some(OwnFile::Maps));
        assert_eq!(classify(b"/proc/self/exe"), Some(OwnFile::Executable));
        assert_eq!(
            classify(b"/proc/thread-self/cmdline"),
            Some(OwnFile::CommandLine)
        );
        assert_eq!(classify(b"/proc/cpuinfo"), Some(OwnFile::CpuInformation));
        for other in [
            "/proc/1/exe",
            "/proc/self/status",
            "/proc/self",
            "/proc/meminfo",
            "/proc/",
        ] {
            assert_eq!(classify(other.as_bytes()), None, "{other}");
        }
    }
}
