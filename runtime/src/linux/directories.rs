//! Directories and names.

use super::arguments::{
    AtFlags, BytesOut, Device, DirFd, Fd, Hex, Mode, Path, PathOut, RenameFlags,
};
use super::table::{Support, syscalls};
use vmtrans_isa::GuestAddr;

syscalls! {
    /// Lists a directory.
    getdents64(generic 61, x86_64 217, Support::Full) |k, fd: Fd, entries: GuestAddr, size: u64|
    k.pass();
    /// Gives the path of the working directory.
    getcwd(generic 17, x86_64 79, Support::Full) |k, buffer: PathOut, size: u64| k.pass();
    /// Changes the working directory.
    chdir(generic 49, x86_64 80, Support::Full) |k, path: Path| k.pass_path(0);
    /// Changes the working directory to an open one.
    fchdir(generic 50, x86_64 81, Support::Full) |k, fd: Fd| k.pass();
    /// Changes the root directory.
    chroot(generic 51, x86_64 161, Support::Partial("guest programs executed afterwards need /proc there"))
    |k, path: Path| k.pass();
    /// Makes a directory.
    mkdirat(generic 34, x86_64 258, Support::Full) |k, directory: DirFd, path: Path, mode: Mode|
    k.pass();
    /// Makes a file of any type.
    mknodat(generic 33, x86_64 259, Support::Full)
    |k, directory: DirFd, path: Path, mode: Mode, device: Device| k.pass();
    /// Removes a name.
    unlinkat(generic 35, x86_64 263, Support::Full)
    |k, directory: DirFd, path: Path, flags: AtFlags| k.pass();
    /// Gives a file another name.
    linkat(generic 37, x86_64 265, Support::Full)
    |k, from_directory: DirFd, from: Path, to_directory: DirFd, to: Path, flags: AtFlags| k.pass();
    /// Makes a symbolic link.
    symlinkat(generic 36, x86_64 266, Support::Full) |k, target: Path, directory: DirFd, path: Path|
    k.pass();
    /// Renames a file.
    renameat2(generic 276, x86_64 316, Support::Full)
    |k, from_directory: DirFd, from: Path, to_directory: DirFd, to: Path, flags: RenameFlags|
    k.pass();
    /// Watches for file events.
    inotify_init1(generic 26, x86_64 294, Support::Full) |k, flags: super::arguments::FdFlags|
    k.pass();
    /// Adds to what is watched.
    inotify_add_watch(generic 27, x86_64 254, Support::Full) |k, fd: Fd, path: Path, mask: Hex|
    k.pass();
    /// Takes from what is watched.
    inotify_rm_watch(generic 28, x86_64 255, Support::Full) |k, fd: Fd, watch: i32| k.pass();
    /// Mounts a file system.
    mount(generic 40, x86_64 165, Support::Full)
    |k, source: Path, target: Path, kind: Path, flags: Hex, data: GuestAddr| k.pass();
    /// Unmounts a file system.
    umount2(generic 39, x86_64 166, Support::Full) |k, target: Path, flags: Hex| k.pass();
    /// Changes the root file system.
    pivot_root(generic 41, x86_64 155, Support::Full) |k, new: Path, old: Path| k.pass();
    /// Looks for a name in the kernel's cache of directory entries.
    lookup_dcookie(generic 18, x86_64 none, Support::Refused(super::errno::Errno::ENOSYS))
    |k, cookie: Hex, buffer: BytesOut, size: u64| Err(super::errno::Errno::ENOSYS);
}
