//! What files are: status, access, file systems.
//!
//! `struct stat` is laid out differently on the two machines; everything else here is the same.

use vmtrans_isa::GuestAddr;

use super::arguments::{AccessMode, AtFlags, DirFd, Fd, Hex, Path, PathOut, StatOut, StructOut};
use super::errno::Errno;
use super::kernel::Kernel;
use super::proc_files;
use super::table::{Support, SyscallResult, syscalls};
use super::user::Record;

syscalls! {
    /// Gives the status of a file by its path.
    newfstatat(generic 79, x86_64 262, Support::Full)
    |k, directory: DirFd, path: Path, status: StatOut, flags: AtFlags|
    with_host_stat(k, status.0, |k, buffer| {
        let mut arguments = k.arguments;
        arguments[2] = buffer;
        pass_status(k, arguments, flags.0)
    });
    /// Gives the status of an open file.
    fstat(generic 80, x86_64 5, Support::Full) |k, fd: Fd, status: StatOut|
    with_host_stat(k, status.0, |k, buffer| {
        let arguments = k.arguments;
        k.pass_with([arguments[0], buffer, 0, 0, 0, 0])
    });
    /// Gives the status of a file, with what is asked for.
    statx(generic 291, x86_64 332, Support::Full)
    |k, directory: DirFd, path: Path, flags: AtFlags, mask: Hex, status: StructOut| {
        let arguments = k.arguments;
        pass_status(k, arguments, flags.0)
    };
    /// Says whether a file may be accessed by the real user.
    faccessat(generic 48, x86_64 269, Support::Full)
    |k, directory: DirFd, path: Path, mode: AccessMode| k.pass_path(1);
    /// Says whether a file may be accessed, with flags.
    faccessat2(generic 439, x86_64 439, Support::Full)
    |k, directory: DirFd, path: Path, mode: AccessMode, flags: AtFlags| k.pass_path(1);
    /// Reads a symbolic link.
    readlinkat(generic 78, x86_64 267, Support::Partial(super::files::OWN_FILES))
    |k, directory: DirFd, path: Path, buffer: PathOut, size: u64|
    match proc_files::link_target(k, path.0)? {
        Some(_) if size.cast_signed() <= 0 => Err(Errno::EINVAL),
        Some(target) => k.write_truncated(buffer.0, &target, size),
        None => k.pass(),
    };
    /// Gives the status of the file system that a path is on.
    statfs(generic 43, x86_64 137, Support::Full) |k, path: Path, status: StructOut| k.pass_path(0);
    /// Gives the status of the file system that an open file is on.
    fstatfs(generic 44, x86_64 138, Support::Full) |k, fd: Fd, status: StructOut| k.pass();
}

/// Passes a call whose path is followed or not as its flags say.
fn pass_status(k: &mut Kernel<'_>, mut arguments: [u64; 6], flags: u32) -> SyscallResult {
    let follow = flags & libc::AT_SYMLINK_NOFOLLOW.cast_unsigned() == 0;
    let path = GuestAddr::new(arguments[1]);
    let other = if follow {
        proc_files::replacement(k, path)?
    } else {
        None
    };
    if let Some(path) = &other {
        arguments[1] = path.as_ptr().expose_provenance() as u64;
    }
    k.pass_with(arguments)
}

/// Calls with the address of a host `struct stat` and gives the guest what is in it.
fn with_host_stat(
    k: &mut Kernel<'_>,
    to: GuestAddr,
    call: impl FnOnce(&mut Kernel<'_>, u64) -> SyscallResult,
) -> SyscallResult {
    let mut stat = [0; 18];
    let result = call(k, stat.as_mut_ptr().expose_provenance() as u64)?;
    to_generic(&stat).write(to)?;
    Ok(result)
}

/// x86-64's `struct stat` (arch/x86/include/uapi/asm/stat.h) as words, in the generic layout
/// (include/uapi/asm-generic/stat.h).
fn to_generic(host: &[u64; 18]) -> Record<128> {
    let mut guest = Record::new();
    let [
        device,
        inode,
        links,
        mode_and_user,
        group,
        special,
        size,
        block_size,
        blocks,
        ..,
    ] = *host;
    guest.put_u64(0, device);
    guest.put_u64(8, inode);
    guest.put_u32(16, low(mode_and_user));
    // The field is narrower here; no file system has so many links.
    guest.put_u32(20, u32::try_from(links).unwrap_or(u32::MAX));
    guest.put_u32(24, low(mode_and_user >> 32));
    guest.put_u32(28, low(group));
    guest.put_u64(32, special);
    guest.put_u64(48, size);
    guest.put_u32(56, low(block_size));
    guest.put_u64(64, blocks);
    for (at, time) in (72..).step_by(8).zip(&host[9..15]) {
        guest.put_u64(at, *time);
    }
    guest
}

fn low(word: u64) -> u32 {
    super::arguments::low_half(word)
}

#[cfg(test)]
mod tests {
    use super::to_generic;

    #[test]
    fn every_field_of_stat_arrives() {
        let mut host = [0; 18];
        for (word, value) in host.iter_mut().zip(0x11..) {
            *word = value;
        }
        host[3] = 1000 << 32 | 0o100_644;
        host[4] = 100;
        let guest = to_generic(&host);
        assert_eq!([guest.u64(0), guest.u64(8)], [0x11, 0x12]);
        assert_eq!([guest.u32(16), guest.u32(20)], [0o100_644, 0x13]);
        assert_eq!([guest.u32(24), guest.u32(28)], [1000, 100]);
        assert_eq!(
            [guest.u64(32), guest.u64(40), guest.u64(48)],
            [0x16, 0, 0x17]
        );
        assert_eq!([guest.u32(56), guest.u32(60)], [0x18, 0]);
        assert_eq!(guest.u64(64), 0x19);
        let times = [72, 80, 88, 96, 104, 112].map(|at| guest.u64(at));
        assert_eq!(times, [0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f]);
    }
}
