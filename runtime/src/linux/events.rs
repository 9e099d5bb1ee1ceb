//! Waiting for events: poll, select, epoll, and descriptors that are events.

use vmtrans_isa::GuestAddr;

use super::arguments::{BytesIn, EpollChange, Fd, FdFlags, Hex, SignalSet, StructOut, TimeIn};
use super::errno::Errno;
use super::kernel::Kernel;
use super::table::{Support, SyscallResult, syscalls};
use super::user::{self, Record};

syscalls! {
    /// Waits for one of several file descriptors.
    ppoll(generic 73, x86_64 271, Support::Full)
    |k, fds: StructOut, count: u32, timeout: TimeIn, mask: SignalSet, mask_size: u64|
    with_mask(k, mask.0, mask_size, |k, mask| {
        let [fds, count, timeout, ..] = k.arguments;
        k.pass_waiting_with([fds, count, timeout, mask, 8, 0])
    });
    /// Waits for file descriptors in three sets.
    pselect6(generic 72, x86_64 270, Support::Full)
    |k, count: i32, read: GuestAddr, write: GuestAddr, except: GuestAddr, timeout: TimeIn, mask: GuestAddr|
    select(k, mask);
    /// Makes an epoll instance.
    epoll_create1(generic 20, x86_64 291, Support::Full) |k, flags: FdFlags| k.pass();
    /// Changes what an epoll instance watches.
    epoll_ctl(generic 21, x86_64 233, Support::Full)
    |k, epoll: Fd, change: EpollChange, fd: Fd, event: GuestAddr| {
        let mut arguments = k.arguments;
        if event.get() == 0 {
            return k.pass();
        }
        let packed = packed(&Record::read(event)?);
        arguments[3] = packed.as_ptr().expose_provenance() as u64;
        k.pass_with(arguments)
    };
    /// Waits for events of an epoll instance.
    epoll_pwait(generic 22, x86_64 281, Support::Full)
    |k, epoll: Fd, events: StructOut, most: i32, timeout: i32, mask: SignalSet, mask_size: u64|
    with_mask(k, mask.0, mask_size, |k, mask| epoll_wait(k, events.0, most, mask));
    /// Waits for events of an epoll instance, for a more exact time.
    epoll_pwait2(generic 441, x86_64 441, Support::Full)
    |k, epoll: Fd, events: StructOut, most: i32, timeout: TimeIn, mask: SignalSet, mask_size: u64|
    with_mask(k, mask.0, mask_size, |k, mask| epoll_wait(k, events.0, most, mask));
    /// Makes a counter that can be waited for.
    eventfd2(generic 19, x86_64 290, Support::Full) |k, value: u32, flags: FdFlags| k.pass();
    /// Makes a timer that can be waited for.
    timerfd_create(generic 85, x86_64 283, Support::Full)
    |k, clock: super::arguments::Clock, flags: FdFlags| k.pass();
    /// Sets a timer that can be waited for.
    timerfd_settime(generic 86, x86_64 286, Support::Full)
    |k, fd: Fd, flags: Hex, new: GuestAddr, old: GuestAddr| k.pass();
    /// Gives a timer's state.
    timerfd_gettime(generic 87, x86_64 287, Support::Full) |k, fd: Fd, value: GuestAddr| k.pass();
    /// Makes a descriptor from which signals are read.
    signalfd4(generic 74, x86_64 289, Support::Full)
    |k, fd: Fd, mask: SignalSet, mask_size: u64, flags: FdFlags| k.pass();
    /// Watches whole file systems.
    fanotify_init(generic 262, x86_64 300, Support::Full) |k, flags: Hex, event_flags: Hex| k.pass();
    /// Changes what is watched of file systems.
    fanotify_mark(generic 263, x86_64 301, Support::Full)
    |k, fd: Fd, flags: Hex, mask: Hex, directory: Fd, path: BytesIn| k.pass();
}

/// Bytes of a guest's `struct epoll_event`; x86-64 packs it.
const EVENT: usize = 16;
const PACKED_EVENT: usize = 12;
/// The kernel's `EP_MAX_EVENTS`.
const MOST_EVENTS: usize = i32::MAX as usize / PACKED_EVENT;

fn packed(event: &Record<EVENT>) -> [u8; PACKED_EVENT] {
    let mut packed = [0; PACKED_EVENT];
    packed[..4].copy_from_slice(&event.bytes()[..4]);
    packed[4..].copy_from_slice(&event.bytes()[8..]);
    packed
}

fn unpacked(packed: &[u8]) -> [u8; EVENT] {
    let mut event = [0; EVENT];
    event[..4].copy_from_slice(&packed[..4]);
    event[8..].copy_from_slice(&packed[4..]);
    event
}

fn epoll_wait(k: &mut Kernel<'_>, to: GuestAddr, most: i32, mask: u64) -> SyscallResult {
    /// More events than this at a time are left for the next call, which is always allowed.
    const AT_A_TIME: usize = 4096;
    let most = usize::try_from(most).map_err(|_| Errno::EINVAL)?;
    if most == 0 || most > MOST_EVENTS {
        return Err(Errno::EINVAL);
    }
    let most = most.min(AT_A_TIME);
    let mut events = vec![0; most * PACKED_EVENT];
    let mut arguments = k.arguments;
    arguments[1] = events.as_mut_ptr().expose_provenance() as u64;
    arguments[2] = most as u64;
    arguments[4] = mask;
    arguments[5] = 8;
    let count = k.pass_waiting_with(arguments)?;
    let count_events = usize::try_from(count).unwrap_or(0).min(most);
    let unpacked = events
        .chunks_exact(PACKED_EVENT)
        .take(count_events)
        .flat_map(unpacked)
        .collect::<Vec<_>>();
    user::write(to, &unpacked)?;
    Ok(count)
}

/// Calls with the address of a signal mask for the host, or 0.
fn with_mask(
    k: &mut Kernel<'_>,
    mask: GuestAddr,
    size: u64,
    call: impl FnOnce(&mut Kernel<'_>, u64) -> SyscallResult,
) -> SyscallResult {
    if mask.get() == 0 {
        return call(k, 0);
    }
    if size != 8 {
        return Err(Errno::EINVAL);
    }
    let mask = user::read_u64(mask)?;
    call_with_mask(k, mask, call)
}

/// Calls while the guest's signal mask is another.
fn call_with_mask(
    k: &mut Kernel<'_>,
    mask: u64,
    call: impl FnOnce(&mut Kernel<'_>, u64) -> SyscallResult,
) -> SyscallResult {
    let host_mask = crate::signals::begin_temporary_mask(k.thread, mask);
    let result = call(k, (&raw const host_mask).expose_provenance() as u64);
    crate::signals::end_temporary_mask(k.thread, result == Err(Errno::EINTR));
    result
}

/// pselect6's last argument points to the mask's address and size.
fn select(k: &mut Kernel<'_>, mask: GuestAddr) -> SyscallResult {
    let [count, read, write, except, timeout, _] = k.arguments;
    let (address, size) = match mask.get() {
        0 => (0, 0),
        _ => {
            let pair = Record::<16>::read(mask)?;
            (pair.u64(0), pair.u64(8))
        }
    };
    with_mask(k, GuestAddr::new(address), size, |k, mask| {
        let pair = [mask, 8];
        let pair = if mask == 0 {
            0
        } else {
            pair.as_ptr().expose_provenance() as u64
        };
        k.pass_waiting_with([count, read, write, except, timeout, pair])
    })
}

#[cfg(test)]
mod tests {
    use super::{Record, packed, unpacked};

    #[test]
    fn events_are_packed_and_unpacked() {
        let mut event = Record::<16>::new();
        event.put_u32(0, 0x8000_0011);
        event.put_u64(8, 0x0123_4567_89ab_cdef);
        let host = packed(&event);
        assert_eq!(host[..4], 0x8000_0011u32.to_le_bytes());
        assert_eq!(host[4..], 0x0123_4567_89ab_cdefu64.to_le_bytes());
        assert_eq!(unpacked(&host), *event.bytes());
    }
}
