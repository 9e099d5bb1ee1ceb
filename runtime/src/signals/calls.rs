//! The system calls about signals. Their rows in the table call these.

#![allow(unsafe_code)]

use vmtrans_isa::GuestAddr;

use super::{Action, COUNT, bit, frame, host};
use crate::guest_memory;
use crate::linux::Errno;
use crate::thread::Thread;

type Result = std::result::Result<u64, Errno>;

const SET_LENGTH: u64 = 8;
/// `MINSIGSTKSZ`
const MIN_STACK: u64 = 2048;

fn read<const N: usize>(address: GuestAddr) -> std::result::Result<[u64; N], Errno> {
    let mut words = [0; N];
    for (n, word) in words.iter_mut().enumerate() {
        let mut bytes = [0; 8];
        let at = address.wrapping_offset(8 * i64::try_from(n).unwrap_or(0));
        guest_memory::read(at, &mut bytes).map_err(|_| Errno::EFAULT)?;
        *word = u64::from_le_bytes(bytes);
    }
    Ok(words)
}

fn write<const N: usize>(address: GuestAddr, words: [u64; N]) -> std::result::Result<(), Errno> {
    let bytes = words
        .iter()
        .flat_map(|w| w.to_le_bytes())
        .collect::<Vec<_>>();
    guest_memory::write(address, &bytes).map_err(|_| Errno::EFAULT)
}

fn check_length(length: u64) -> std::result::Result<(), Errno> {
    if length == SET_LENGTH {
        Ok(())
    } else {
        Err(Errno::EINVAL)
    }
}

/// `rt_sigaction`
///
/// # Errors
/// `EINVAL`, `EFAULT`.
pub fn rt_sigaction(
    t: &mut Thread,
    signal: i32,
    new: GuestAddr,
    old: GuestAddr,
    length: u64,
) -> Result {
    check_length(length)?;
    let signal = u32::try_from(signal).map_err(|_| Errno::EINVAL)?;
    let fixed = [libc::SIGKILL, libc::SIGSTOP].contains(&signal.cast_signed());
    if signal == 0 || signal > COUNT || (new.get() != 0 && fixed) {
        return Err(Errno::EINVAL);
    }
    let before = t.process.signals.action(signal);
    if new.get() != 0 {
        let [handler, flags, mask] = read(new)?;
        let fixed = bit(libc::SIGKILL.unsigned_abs()) | bit(libc::SIGSTOP.unsigned_abs());
        let action = Action {
            handler,
            flags,
            mask: mask & !fixed,
        };
        t.process.signals.set(signal, action);
        host::install(signal, action);
        let is_fault = [libc::SIGSEGV, libc::SIGBUS].contains(&signal.cast_signed());
        if is_fault && handler > super::IGNORE {
            t.process.want_exact_faults();
            t.leave_compiled_code();
        }
    }
    if old.get() != 0 {
        write(old, [before.handler, before.flags, before.mask])?;
    }
    Ok(0)
}

/// `rt_sigprocmask`
///
/// # Errors
/// `EINVAL`, `EFAULT`.
pub fn rt_sigprocmask(
    t: &mut Thread,
    how: i32,
    new: GuestAddr,
    old: GuestAddr,
    length: u64,
) -> Result {
    check_length(length)?;
    let before = t.signals.mask;
    if new.get() != 0 {
        let [set] = read(new)?;
        let set = set & !bit(libc::SIGKILL.unsigned_abs()) & !bit(libc::SIGSTOP.unsigned_abs());
        t.signals.mask = match how {
            libc::SIG_BLOCK => before | set,
            libc::SIG_UNBLOCK => before & !set,
            libc::SIG_SETMASK => set,
            _ => return Err(Errno::EINVAL),
        };
        host::set_mask(t.signals.mask);
    }
    if old.get() != 0 {
        write(old, [before])?;
    }
    Ok(0)
}

/// `rt_sigpending`
///
/// # Errors
/// `EINVAL`, `EFAULT`.
pub fn rt_sigpending(_: &mut Thread, set: GuestAddr, length: u64) -> Result {
    check_length(length)?;
    let mut pending = 0u64;
    // SAFETY: the kernel writes eight bytes.
    unsafe { libc::syscall(libc::SYS_rt_sigpending, &raw mut pending, 8usize) };
    write(set, [pending])?;
    Ok(0)
}

/// `rt_sigsuspend`
///
/// # Errors
/// `EINTR`, always.
pub fn rt_sigsuspend(t: &mut Thread, mask: u64) -> Result {
    let mask = host::blockable(mask);
    let address = (&raw const mask).expose_provenance() as u64;
    let arguments = [address, SET_LENGTH, 0, 0, 0, 0];
    Errno::check(super::safe_syscall(t, libc::SYS_rt_sigsuspend, arguments))
}

/// `rt_sigtimedwait`
///
/// # Errors
/// As Linux.
pub fn rt_sigtimedwait(
    t: &mut Thread,
    set: GuestAddr,
    information: GuestAddr,
    timeout: GuestAddr,
    length: u64,
) -> Result {
    let arguments = [set.get(), information.get(), timeout.get(), length, 0, 0];
    Errno::check(super::safe_syscall(t, libc::SYS_rt_sigtimedwait, arguments))
}

/// `rt_sigreturn`
///
/// # Errors
/// `EFAULT` where the frame cannot be read.
pub fn rt_sigreturn(t: &mut Thread) -> Result {
    let mask = frame::pop(t).map_err(|_| Errno::EFAULT)?;
    t.signals.mask = mask;
    host::set_mask(mask);
    Ok(0)
}

/// `sigaltstack`
///
/// # Errors
/// `EPERM` on that stack, `ENOMEM`, `EINVAL`, `EFAULT`.
pub fn sigaltstack(t: &mut Thread, new: GuestAddr, old: GuestAddr) -> Result {
    let (start, length) = t.signals.alternate;
    let flags = frame::stack_flags(t);
    if new.get() != 0 {
        let [start, flags, length] = read(new)?;
        if frame::on_alternate(t) {
            return Err(Errno::EPERM);
        }
        // SS_DISABLE is 2; SS_AUTODISARM and SS_ONSTACK change nothing here.
        t.signals.alternate = match flags & 3 {
            2 => (0, 0),
            3 => return Err(Errno::EINVAL),
            _ if length < MIN_STACK => return Err(Errno::ENOMEM),
            _ => (start, length),
        };
    }
    if old.get() != 0 {
        write(old, [start, flags.into(), length])?;
    }
    Ok(0)
}
