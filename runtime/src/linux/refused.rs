//! Calls that are refused, and why each is: they are for the host's administrator, or would act
//! on the translator where the guest means itself.

use super::arguments::{Fd, Hex, Path};
use super::errno::Errno;
use super::table::{Support, syscalls};
use vmtrans_isa::GuestAddr;

syscalls! {
    /// Reads or clears the kernel's log.
    syslog(generic 116, x86_64 103, Support::Refused(Errno::EPERM))
    |k, action: i32, buffer: GuestAddr, length: i32| Err(Errno::EPERM);
    /// Restarts or stops the machine.
    reboot(generic 142, x86_64 169, Support::Refused(Errno::EPERM))
    |k, magic: Hex, magic2: Hex, command: Hex, argument: GuestAddr| Err(Errno::EPERM);
    /// Loads a kernel to start.
    kexec_load(generic 104, x86_64 246, Support::Refused(Errno::EPERM))
    |k, entry: Hex, count: u64, segments: GuestAddr, flags: Hex| Err(Errno::EPERM);
    /// Loads a kernel to start, from a file.
    kexec_file_load(generic 294, x86_64 320, Support::Refused(Errno::EPERM))
    |k, kernel: Fd, initrd: Fd, length: u64, command_line: Path, flags: Hex| Err(Errno::EPERM);
    /// Loads a kernel module.
    init_module(generic 105, x86_64 175, Support::Refused(Errno::EPERM))
    |k, image: GuestAddr, length: u64, parameters: Path| Err(Errno::EPERM);
    /// Loads a kernel module from a file.
    finit_module(generic 273, x86_64 313, Support::Refused(Errno::EPERM))
    |k, fd: Fd, parameters: Path, flags: Hex| Err(Errno::EPERM);
    /// Removes a kernel module.
    delete_module(generic 106, x86_64 176, Support::Refused(Errno::EPERM))
    |k, name: Path, flags: Hex| Err(Errno::EPERM);
    /// Swaps to a file.
    swapon(generic 224, x86_64 167, Support::Refused(Errno::EPERM)) |k, path: Path, flags: Hex|
    Err(Errno::EPERM);
    /// Ends swapping to a file.
    swapoff(generic 225, x86_64 168, Support::Refused(Errno::EPERM)) |k, path: Path|
    Err(Errno::EPERM);
    /// Looks into and changes another process; it would see the translator.
    ptrace(generic 117, x86_64 101, Support::Refused(Errno::EPERM))
    |k, request: i32, process: i32, address: GuestAddr, data: Hex| Err(Errno::EPERM);
    /// Filters system calls; it would filter the translator's.
    seccomp(generic 277, x86_64 317, Support::Refused(Errno::ENOSYS))
    |k, operation: u32, flags: Hex, arguments: GuestAddr| Err(Errno::ENOSYS);
    /// Loads programs into the kernel.
    bpf(generic 280, x86_64 321, Support::Refused(Errno::EPERM))
    |k, command: i32, attributes: GuestAddr, size: u32| Err(Errno::EPERM);
    /// Counts hardware events; it would count the translator's.
    perf_event_open(generic 241, x86_64 298, Support::Refused(Errno::ENOSYS))
    |k, attributes: GuestAddr, process: i32, cpu: i32, group: Fd, flags: Hex| Err(Errno::ENOSYS);
    /// Handles page faults in user space.
    userfaultfd(generic 282, x86_64 323, Support::Refused(Errno::ENOSYS)) |k, flags: Hex|
    Err(Errno::ENOSYS);
    /// Makes a ring of requests to the kernel, which would bypass this table.
    io_uring_setup(generic 425, x86_64 425, Support::Refused(Errno::ENOSYS))
    |k, entries: u32, parameters: GuestAddr| Err(Errno::ENOSYS);
    /// Hands a ring's requests to the kernel.
    io_uring_enter(generic 426, x86_64 426, Support::Refused(Errno::ENOSYS))
    |k, fd: Fd, submit: u32, wait: u32, flags: Hex, signals: GuestAddr, size: u64|
    Err(Errno::ENOSYS);
    /// Registers what a ring's requests use.
    io_uring_register(generic 427, x86_64 427, Support::Refused(Errno::ENOSYS))
    |k, fd: Fd, operation: u32, argument: GuestAddr, count: u32| Err(Errno::ENOSYS);
    /// Restricts file access; it would restrict the translator's.
    landlock_create_ruleset(generic 444, x86_64 444, Support::Refused(Errno::ENOSYS))
    |k, attributes: GuestAddr, size: u64, flags: Hex| Err(Errno::ENOSYS);
    /// Locks memory to a protection key.
    pkey_mprotect(generic 288, x86_64 329, Support::Refused(Errno::ENOSYS))
    |k, address: GuestAddr, length: u64, protection: Hex, key: i32| Err(Errno::ENOSYS);
    /// Makes a protection key.
    pkey_alloc(generic 289, x86_64 330, Support::Refused(Errno::ENOSYS)) |k, flags: Hex, rights: Hex|
    Err(Errno::ENOSYS);
    /// Frees a protection key.
    pkey_free(generic 290, x86_64 331, Support::Refused(Errno::ENOSYS)) |k, key: i32|
    Err(Errno::ENOSYS);
    /// Was for an NFS server in the kernel.
    nfsservctl(generic 42, x86_64 180, Support::Refused(Errno::ENOSYS))
    |k, command: i32, argument: GuestAddr, result: GuestAddr| Err(Errno::ENOSYS);
    /// Maps pages of a file in another order.
    remap_file_pages(generic 234, x86_64 216, Support::Refused(Errno::ENOSYS))
    |k, address: GuestAddr, size: u64, protection: Hex, offset: u64, flags: Hex| Err(Errno::ENOSYS);
}
