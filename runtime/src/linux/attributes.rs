//! Attributes of files: mode, owner, times, extended attributes.

use super::arguments::{AtFlags, BytesIn, BytesOut, DirFd, Fd, Hex, Mode, Path};
use super::table::{Support, syscalls};
use vmtrans_isa::GuestAddr;

syscalls! {
    /// Changes the mode of an open file.
    fchmod(generic 52, x86_64 91, Support::Full) |k, fd: Fd, mode: Mode| k.pass();
    /// Changes the mode of a file.
    fchmodat(generic 53, x86_64 268, Support::Full) |k, directory: DirFd, path: Path, mode: Mode|
    k.pass();
    /// Changes the mode of a file, with flags.
    fchmodat2(generic 452, x86_64 452, Support::Full)
    |k, directory: DirFd, path: Path, mode: Mode, flags: AtFlags| k.pass();
    /// Changes the owner of a file.
    fchownat(generic 54, x86_64 260, Support::Full)
    |k, directory: DirFd, path: Path, user: i32, group: i32, flags: AtFlags| k.pass();
    /// Changes the owner of an open file.
    fchown(generic 55, x86_64 93, Support::Full) |k, fd: Fd, user: i32, group: i32| k.pass();
    /// Changes the times of a file.
    utimensat(generic 88, x86_64 280, Support::Full)
    |k, directory: DirFd, path: Path, times: GuestAddr, flags: AtFlags| k.pass();
    /// Changes the permission bits that new files do not get.
    umask(generic 166, x86_64 95, Support::Full) |k, mask: Mode| k.pass();
    /// Sets an extended attribute.
    setxattr(generic 5, x86_64 188, Support::Full)
    |k, path: Path, name: Path, value: BytesIn, size: u64, flags: Hex| k.pass();
    /// Sets an extended attribute of a symbolic link.
    lsetxattr(generic 6, x86_64 189, Support::Full)
    |k, path: Path, name: Path, value: BytesIn, size: u64, flags: Hex| k.pass();
    /// Sets an extended attribute of an open file.
    fsetxattr(generic 7, x86_64 190, Support::Full)
    |k, fd: Fd, name: Path, value: BytesIn, size: u64, flags: Hex| k.pass();
    /// Gives an extended attribute.
    getxattr(generic 8, x86_64 191, Support::Full)
    |k, path: Path, name: Path, value: BytesOut, size: u64| k.pass();
    /// Gives an extended attribute of a symbolic link.
    lgetxattr(generic 9, x86_64 192, Support::Full)
    |k, path: Path, name: Path, value: BytesOut, size: u64| k.pass();
    /// Gives an extended attribute of an open file.
    fgetxattr(generic 10, x86_64 193, Support::Full)
    |k, fd: Fd, name: Path, value: BytesOut, size: u64| k.pass();
    /// Lists extended attributes.
    listxattr(generic 11, x86_64 194, Support::Full) |k, path: Path, list: BytesOut, size: u64|
    k.pass();
    /// Lists extended attributes of a symbolic link.
    llistxattr(generic 12, x86_64 195, Support::Full) |k, path: Path, list: BytesOut, size: u64|
    k.pass();
    /// Lists extended attributes of an open file.
    flistxattr(generic 13, x86_64 196, Support::Full) |k, fd: Fd, list: BytesOut, size: u64|
    k.pass();
    /// Removes an extended attribute.
    removexattr(generic 14, x86_64 197, Support::Full) |k, path: Path, name: Path| k.pass();
    /// Removes an extended attribute of a symbolic link.
    lremovexattr(generic 15, x86_64 198, Support::Full) |k, path: Path, name: Path| k.pass();
    /// Removes an extended attribute of an open file.
    fremovexattr(generic 16, x86_64 199, Support::Full) |k, fd: Fd, name: Path| k.pass();
}
