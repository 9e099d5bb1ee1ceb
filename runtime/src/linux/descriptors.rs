//! File descriptors: copies, flags, pipes, device control.

use super::arguments::{FcntlCommand, Fd, FdFlags, FdPairOut, Hex, IoctlRequest};
use super::errno::Errno;
use super::kernel::Kernel;
use super::private;
use super::table::{Support, SyscallResult, syscalls};

syscalls! {
    /// Copies a file descriptor.
    dup(generic 23, x86_64 32, Support::Full) |k, fd: Fd| k.pass();
    /// Copies a file descriptor to a given number.
    dup3(generic 24, x86_64 292, Support::Full) |k, from: Fd, to: Fd, flags: FdFlags| {
        if private::is_private(to.0) {
            return Err(Errno::EBADF);
        }
        k.pass()
    };
    /// Gives or changes properties of a file descriptor. Numbers, flags and `struct flock` are
    /// the same on both machines.
    fcntl(generic 25, x86_64 72, Support::Full) |k, fd: Fd, command: FcntlCommand, argument: Hex|
    k.pass_waiting();
    /// Controls a device.
    ioctl(generic 29, x86_64 16, Support::Partial("requests that are not in the table are passed on as they are"))
    |k, fd: Fd, request: IoctlRequest, argument: Hex| {
        if !super::ioctl::is_known(request.0) && k.process().config.verbose {
            tracing::warn!("ioctl request {:#x} is not in the table, it is passed on", request.0);
        }
        k.pass_waiting()
    };
    /// Makes a pipe.
    pipe2(generic 59, x86_64 293, Support::Full) |k, fds: FdPairOut, flags: FdFlags| k.pass();
    /// Closes a range of file descriptors.
    close_range(generic 436, x86_64 436, Support::Full) |k, first: u32, last: u32, flags: Hex|
    close_range_but_private(k, first, last);
    /// Gives or changes the priority of a process's input and output.
    ioprio_set(generic 30, x86_64 251, Support::Full) |k, which: i32, who: i32, priority: i32|
    k.pass();
    /// Gives the priority of a process's input and output.
    ioprio_get(generic 31, x86_64 252, Support::Full) |k, which: i32, who: i32| k.pass();
}

/// Closes a range in pieces around the descriptors that are not the guest's.
fn close_range_but_private(k: &mut Kernel<'_>, first: u32, last: u32) -> SyscallResult {
    if first > last {
        return Err(Errno::EINVAL);
    }
    let flags = k.arguments[2];
    let mut start = u64::from(first);
    for fd in private::private_descriptors() {
        let fd = u64::from(fd.cast_unsigned());
        if (start..=u64::from(last)).contains(&fd) {
            if start < fd {
                k.pass_with([start, fd - 1, flags, 0, 0, 0])?;
            }
            start = fd + 1;
        }
    }
    if start > u64::from(last) {
        return Ok(0);
    }
    k.pass_with([start, u64::from(last), flags, 0, 0, 0])
}
