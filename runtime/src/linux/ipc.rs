//! System V's shared memory, semaphores and messages, and POSIX message queues.

use std::ops::Range;

use vmtrans_guest_elf::PAGE_SIZE;
use vmtrans_isa::GuestAddr;

use super::address_space::{self, Backing, MAPPING_TOP, Mapping};
use super::arguments::{BytesIn, BytesOut, Fd, Hex, Mode, Path, StructOut, TimeIn};
use super::errno::Errno;
use super::host_memory::{self, Request};
use super::kernel::Kernel;
use super::table::{Support, SyscallResult, syscalls};
use super::user::Record;

syscalls! {
    /// Gives the queue of a key.
    msgget(generic 186, x86_64 68, Support::Full) |k, key: Hex, flags: Hex| k.pass();
    /// Controls a queue.
    msgctl(generic 187, x86_64 71, Support::Full) |k, queue: i32, command: i32, buffer: GuestAddr|
    k.pass();
    /// Receives a message from a queue.
    msgrcv(generic 188, x86_64 70, Support::Full)
    |k, queue: i32, message: StructOut, size: u64, kind: i64, flags: Hex| k.pass_waiting();
    /// Sends a message to a queue.
    msgsnd(generic 189, x86_64 69, Support::Full)
    |k, queue: i32, message: GuestAddr, size: u64, flags: Hex| k.pass_waiting();
    /// Gives the semaphores of a key.
    semget(generic 190, x86_64 64, Support::Full) |k, key: Hex, count: i32, flags: Hex| k.pass();
    /// Controls semaphores.
    semctl(generic 191, x86_64 66, Support::Full)
    |k, set: i32, index: i32, command: i32, argument: Hex|
    semaphore_control(k, command, GuestAddr::new(argument.0));
    /// Changes semaphores, waiting for a limited time.
    semtimedop(generic 192, x86_64 220, Support::Full)
    |k, set: i32, operations: GuestAddr, count: u64, timeout: TimeIn| k.pass_waiting();
    /// Changes semaphores.
    semop(generic 193, x86_64 65, Support::Full) |k, set: i32, operations: GuestAddr, count: u64|
    k.pass_waiting();
    /// Gives the shared memory of a key.
    shmget(generic 194, x86_64 29, Support::Full) |k, key: Hex, size: u64, flags: Hex| k.pass();
    /// Controls shared memory.
    shmctl(generic 195, x86_64 31, Support::Full) |k, segment: i32, command: i32, buffer: GuestAddr|
    k.pass();
    /// Maps shared memory.
    shmat(generic 196, x86_64 30, Support::Full) |k, segment: i32, address: GuestAddr, flags: Hex|
    attach(k, segment, address, flags.0);
    /// Unmaps shared memory.
    shmdt(generic 197, x86_64 67, Support::Full) |k, address: GuestAddr| detach(k, address);
    /// Opens a message queue.
    mq_open(generic 180, x86_64 240, Support::Full)
    |k, name: Path, flags: super::arguments::OpenFlags, mode: Mode, attributes: GuestAddr| k.pass();
    /// Removes a message queue.
    mq_unlink(generic 181, x86_64 241, Support::Full) |k, name: Path| k.pass();
    /// Sends to a message queue.
    mq_timedsend(generic 182, x86_64 242, Support::Full)
    |k, queue: Fd, message: BytesIn, length: u64, priority: u32, timeout: TimeIn| k.pass_waiting();
    /// Receives from a message queue.
    mq_timedreceive(generic 183, x86_64 243, Support::Full)
    |k, queue: Fd, message: BytesOut, length: u64, priority: StructOut, timeout: TimeIn| k.pass_waiting();
    /// Asks for a signal when a message comes.
    mq_notify(generic 184, x86_64 244, Support::Full) |k, queue: Fd, event: GuestAddr| k.pass();
    /// Gives and sets a message queue's attributes.
    mq_getsetattr(generic 185, x86_64 245, Support::Full)
    |k, queue: Fd, new: GuestAddr, old: StructOut| k.pass();
    /// Makes a context for asynchronous input and output.
    io_setup(generic 0, x86_64 206, Support::Partial("its ring is not among the guest's mappings"))
    |k, count: u32, context: StructOut| k.pass();
    /// Removes a context for asynchronous input and output.
    io_destroy(generic 1, x86_64 207, Support::Full) |k, context: Hex| k.pass();
    /// Submits asynchronous input and output.
    io_submit(generic 2, x86_64 209, Support::Full) |k, context: Hex, count: i64, blocks: GuestAddr|
    k.pass();
    /// Cancels asynchronous input or output.
    io_cancel(generic 3, x86_64 210, Support::Full)
    |k, context: Hex, block: GuestAddr, result: StructOut| k.pass();
    /// Gives what asynchronous input and output is done.
    io_getevents(generic 4, x86_64 208, Support::Full)
    |k, context: Hex, least: i64, most: i64, events: StructOut, timeout: TimeIn| k.pass_waiting();
}

/// x86-64's `struct semid64_ds` has a spare word after each of its two times.
const HOST_SET: [usize; 3] = [48, 64, 80];
/// Where the generic one has last operation, last change and number of semaphores.
const GUEST_SET: [usize; 3] = [48, 56, 64];
/// Bytes of `struct ipc64_perm`, with which both begin.
const PERMISSIONS: usize = 48;

fn semaphore_control(k: &mut Kernel<'_>, command: i32, buffer: GuestAddr) -> SyscallResult {
    const SEM_STAT: i32 = 18;
    const SEM_STAT_ANY: i32 = 20;
    /// C libraries may say that they know the structures of 64-bit times.
    const IPC_64: i32 = 0x100;
    let mut host = Record::<104>::new();
    let mut arguments = k.arguments;
    arguments[2] = u64::from((command & !IPC_64).cast_unsigned());
    match command & !IPC_64 {
        libc::IPC_SET => {
            let guest = Record::<88>::read(buffer)?;
            for at in (0..PERMISSIONS).step_by(8) {
                host.put_u64(at, guest.u64(at));
            }
            arguments[3] = host.bytes().as_ptr().expose_provenance() as u64;
            k.pass_with(arguments)
        }
        libc::IPC_STAT | SEM_STAT | SEM_STAT_ANY => {
            arguments[3] = host.bytes_mut().as_mut_ptr().expose_provenance() as u64;
            let result = k.pass_with(arguments)?;
            semaphores_to_generic(&host).write(buffer)?;
            Ok(result)
        }
        _ => k.pass_with(arguments),
    }
}

fn semaphores_to_generic(host: &Record<104>) -> Record<88> {
    let mut guest = Record::<88>::new();
    for at in (0..PERMISSIONS).step_by(8) {
        guest.put_u64(at, host.u64(at));
    }
    for (from, to) in HOST_SET.into_iter().zip(GUEST_SET) {
        guest.put_u64(to, host.u64(from));
    }
    guest
}

fn attach(k: &mut Kernel<'_>, segment: i32, address: GuestAddr, flags: u64) -> SyscallResult {
    let flags = super::arguments::low_half_signed(flags);
    let mut status = Record::<112>::new();
    let buffer = status.bytes_mut().as_mut_ptr().expose_provenance() as u64;
    let id = u64::from(segment.cast_unsigned());
    k.host(
        libc::SYS_shmctl,
        [id, libc::IPC_STAT.cast_unsigned().into(), buffer, 0, 0, 0],
    )?;
    // `shm_segsz` follows `shm_perm`.
    let length = status.u64(PERMISSIONS).next_multiple_of(PAGE_SIZE);
    let protection = match flags & libc::SHM_RDONLY {
        0 => libc::PROT_READ | libc::PROT_WRITE,
        _ => libc::PROT_READ,
    };
    let name = format!("/SYSV{:08x}", status.u32(0));
    let backing = Backing {
        name: name.into(),
        device: 0,
        inode: id.max(1),
        offset: 0,
    };
    let mapping = Mapping::backed(protection.cast_unsigned(), true, backing);
    let claim = Request {
        address: 0,
        length,
        protection: 0,
        flags: libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
        fd: -1,
        offset: 0,
    };
    let mut space = k.space();
    let at = if address.get() == 0 {
        host_memory::map_anywhere(&mut space, claim, PAGE_SIZE, MAPPING_TOP, mapping.clone())?
    } else {
        let at = match flags & libc::SHM_RND {
            0 => address.get(),
            _ => address.get() / PAGE_SIZE * PAGE_SIZE,
        };
        let range = address_space::pages(GuestAddr::new(at), length).ok_or(Errno::EINVAL)?;
        let replaces = flags & libc::SHM_REMAP != 0;
        if !at.is_multiple_of(PAGE_SIZE) || !replaces && !space.parts(range.clone()).is_empty() {
            return Err(Errno::EINVAL);
        }
        host_memory::map_over(
            &space,
            &Request {
                address: at,
                ..claim
            },
        )?;
        space.insert(range, mapping);
        at
    };
    drop(space);
    let remap = u64::from((flags | libc::SHM_REMAP).cast_unsigned());
    let result = k.host(libc::SYS_shmat, [id, at, remap, 0, 0, 0]);
    if result.is_err() {
        super::memory::unmap(k, at..at + length)?;
    }
    result
}

fn detach(k: &mut Kernel<'_>, address: GuestAddr) -> SyscallResult {
    let Some(backing) = k.space().at(address).and_then(|m| m.backing.clone()) else {
        return Err(Errno::EINVAL);
    };
    let is_shared_memory = backing
        .name
        .as_os_str()
        .as_encoded_bytes()
        .starts_with(b"/SYSV");
    if !is_shared_memory || !address.get().is_multiple_of(PAGE_SIZE) {
        return Err(Errno::EINVAL);
    }
    let result = k.pass()?;
    let mut space = k.space();
    let parts = space.parts(address.get()..address_space::ADDRESS_LIMIT);
    // Another attachment of the same memory may follow directly.
    let same = |part: &Range<u64>, m: &Mapping| {
        m.backing.as_ref().is_some_and(|b| *b == backing)
            && m.backing_offset == part.start - address.get()
    };
    for (part, _) in parts.into_iter().take_while(|(part, m)| same(part, m)) {
        space.remove(part);
    }
    Ok(result)
}

#[cfg(test)]
mod tests {
    use super::{Record, semaphores_to_generic};

    #[test]
    fn the_status_of_semaphores_is_converted() {
        let mut host = Record::<104>::new();
        for (at, value) in [(0, 1), (40, 2), (48, 3), (64, 4), (80, 5)] {
            host.put_u64(at, value);
        }
        let guest = semaphores_to_generic(&host);
        assert_eq!([0, 40, 48, 56, 64].map(|at| guest.u64(at)), [1, 2, 3, 4, 5]);
    }
}
