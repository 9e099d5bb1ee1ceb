//! System calls of the host, made as they are.

#![allow(unsafe_code)]

use super::errno::Errno;
use super::table::SyscallResult;

/// Makes a system call of the host with arguments of the guest.
pub(super) fn call(number: i64, arguments: &[u64; 6]) -> SyscallResult {
    let [a, b, c, d, e, f] = *arguments;
    // SAFETY: addresses among the arguments are the guest's, or of buffers that live through the
    // call; the kernel checks them. Calls that change mappings are made in `host_memory` only.
    let result = unsafe { libc::syscall(number, a, b, c, d, e, f) };
    if result == -1 {
        return Err(Errno::of(&std::io::Error::last_os_error()));
    }
    Ok(result.cast_unsigned())
}
