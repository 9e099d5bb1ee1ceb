//! Files: opening, reading, writing, moving data.

use super::arguments::{
    BytesIn, BytesOut, DirFd, Fd, Hex, Mode, OpenFlags, Path, StructOut, VectorsIn, VectorsOut,
    Whence,
};
use super::errno::Errno;
use super::table::{Support, syscalls};
use super::{private, proc_files, user};
use vmtrans_isa::GuestAddr;

/// What calls lack that give the guest its own view of `/proc`.
pub(super) const OWN_FILES: &str =
    "files of /proc that are the guest's own are known by their absolute paths only";

syscalls! {
    /// Opens a file.
    openat(generic 56, x86_64 257, Support::Partial(OWN_FILES))
    |k, directory: DirFd, path: Path, flags: OpenFlags, mode: Mode|
    match proc_files::open(k, path.0, flags.0)? {
        Some(fd) => Ok(fd),
        None => k.pass_waiting(),
    };
    /// Opens a file, with a structure that says how.
    openat2(generic 437, x86_64 437, Support::Partial(OWN_FILES))
    |k, directory: DirFd, path: Path, how: GuestAddr, size: u64| {
        let flags = user::read_u64(how)?;
        let flags = u32::try_from(flags).map_err(|_| Errno::EINVAL)?;
        match proc_files::open(k, path.0, flags)? {
            Some(fd) => Ok(fd),
            None => k.pass_waiting(),
        }
    };
    /// Closes a file descriptor.
    close(generic 57, x86_64 3, Support::Full) |k, fd: Fd| {
        if private::is_private(fd.0) {
            return Err(Errno::EBADF);
        }
        k.pass()
    };
    /// Reads from a file descriptor.
    read(generic 63, x86_64 0, Support::Full) |k, fd: Fd, buffer: BytesOut, count: u64| k.pass_waiting();
    /// Writes to a file descriptor.
    write(generic 64, x86_64 1, Support::Full) |k, fd: Fd, buffer: BytesIn, count: u64| k.pass_waiting();
    /// Reads into several buffers.
    readv(generic 65, x86_64 19, Support::Full) |k, fd: Fd, vectors: VectorsOut, count: u64|
    k.pass_waiting();
    /// Writes several buffers.
    writev(generic 66, x86_64 20, Support::Full) |k, fd: Fd, vectors: VectorsIn, count: u64|
    k.pass_waiting();
    /// Reads at an offset.
    pread64(generic 67, x86_64 17, Support::Full)
    |k, fd: Fd, buffer: BytesOut, count: u64, offset: i64| k.pass_waiting();
    /// Writes at an offset.
    pwrite64(generic 68, x86_64 18, Support::Full)
    |k, fd: Fd, buffer: BytesIn, count: u64, offset: i64| k.pass_waiting();
    /// Reads into several buffers at an offset.
    preadv(generic 69, x86_64 295, Support::Full)
    |k, fd: Fd, vectors: VectorsOut, count: u64, offset: i64, high: u64| k.pass_waiting();
    /// Writes several buffers at an offset.
    pwritev(generic 70, x86_64 296, Support::Full)
    |k, fd: Fd, vectors: VectorsIn, count: u64, offset: i64, high: u64| k.pass_waiting();
    /// Reads into several buffers at an offset, with flags.
    preadv2(generic 286, x86_64 327, Support::Full)
    |k, fd: Fd, vectors: VectorsOut, count: u64, offset: i64, high: u64, flags: Hex| k.pass_waiting();
    /// Writes several buffers at an offset, with flags.
    pwritev2(generic 287, x86_64 328, Support::Full)
    |k, fd: Fd, vectors: VectorsIn, count: u64, offset: i64, high: u64, flags: Hex| k.pass_waiting();
    /// Moves the offset of a file descriptor.
    lseek(generic 62, x86_64 8, Support::Full) |k, fd: Fd, offset: i64, whence: Whence| k.pass();
    /// Copies from one file descriptor to another.
    sendfile(generic 71, x86_64 40, Support::Full)
    |k, to: Fd, from: Fd, offset: GuestAddr, count: u64| k.pass_waiting();
    /// Copies a part of one file to another.
    copy_file_range(generic 285, x86_64 326, Support::Full)
    |k, from: Fd, from_offset: GuestAddr, to: Fd, to_offset: GuestAddr, length: u64, flags: Hex|
    k.pass_waiting();
    /// Moves data between a pipe and a file descriptor.
    splice(generic 76, x86_64 275, Support::Full)
    |k, from: Fd, from_offset: GuestAddr, to: Fd, to_offset: GuestAddr, length: u64, flags: Hex|
    k.pass_waiting();
    /// Copies data from one pipe to another.
    tee(generic 77, x86_64 276, Support::Full) |k, from: Fd, to: Fd, length: u64, flags: Hex|
    k.pass_waiting();
    /// Moves memory to a pipe.
    vmsplice(generic 75, x86_64 278, Support::Full)
    |k, fd: Fd, vectors: VectorsIn, count: u64, flags: Hex| k.pass_waiting();
    /// Makes a file shorter or longer, by its path.
    truncate(generic 45, x86_64 76, Support::Full) |k, path: Path, length: i64| k.pass_path(0);
    /// Makes a file shorter or longer.
    ftruncate(generic 46, x86_64 77, Support::Full) |k, fd: Fd, length: i64| k.pass();
    /// Allocates or frees a part of a file.
    fallocate(generic 47, x86_64 285, Support::Full)
    |k, fd: Fd, mode: Hex, offset: i64, length: i64| k.pass();
    /// Says how a file will be read.
    fadvise64(generic 223, x86_64 221, Support::Full)
    |k, fd: Fd, offset: i64, length: i64, advice: i32| k.pass();
    /// Reads a part of a file ahead.
    readahead(generic 213, x86_64 187, Support::Full) |k, fd: Fd, offset: i64, count: u64| k.pass();
    /// Writes everything to disk.
    sync(generic 81, x86_64 162, Support::Full) |k| k.pass();
    /// Writes a file to disk.
    fsync(generic 82, x86_64 74, Support::Full) |k, fd: Fd| k.pass();
    /// Writes a file's data to disk.
    fdatasync(generic 83, x86_64 75, Support::Full) |k, fd: Fd| k.pass();
    /// Writes a part of a file to disk.
    sync_file_range(generic 84, x86_64 277, Support::Full)
    |k, fd: Fd, offset: i64, length: i64, flags: Hex| k.pass();
    /// Writes a file system to disk.
    syncfs(generic 267, x86_64 306, Support::Full) |k, fd: Fd| k.pass();
    /// Locks a file.
    flock(generic 32, x86_64 73, Support::Full) |k, fd: Fd, operation: i32| k.pass_waiting();
    /// Gives a lasting handle to a file.
    name_to_handle_at(generic 264, x86_64 303, Support::Full)
    |k, directory: DirFd, path: Path, handle: StructOut, mount: StructOut, flags: Hex| k.pass_path(1);
    /// Opens a file by its lasting handle.
    open_by_handle_at(generic 265, x86_64 304, Support::Full)
    |k, mount: Fd, handle: GuestAddr, flags: OpenFlags| k.pass_waiting();
}
