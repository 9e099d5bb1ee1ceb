//! Scheduling, priorities, and waiting on memory.

use super::arguments::{FutexOperation, Hex, StructOut, TimeOut};
use super::errno::Errno;
use super::table::{Support, syscalls};
use vmtrans_isa::GuestAddr;

syscalls! {
    /// Waits for a change of memory, or wakes who waits.
    futex(generic 98, x86_64 202, Support::Full)
    |k, word: GuestAddr, operation: FutexOperation, value: u32, timeout: Hex, other: GuestAddr, value3: Hex|
    k.pass_waiting();
    /// Waits for a change of several words.
    futex_waitv(generic 449, x86_64 449, Support::Full)
    |k, waiters: GuestAddr, count: u32, flags: Hex, timeout: GuestAddr, clock: i32| k.pass_waiting();
    /// Remembers where the thread's list of robust futexes starts.
    set_robust_list(generic 99, x86_64 273, Support::Full) |k, head: GuestAddr, length: u64| {
        let result = k.pass()?;
        k.thread.linux.robust_list = head;
        Ok(result)
    };
    /// Gives where a thread's list of robust futexes starts.
    get_robust_list(generic 100, x86_64 274, Support::Full)
    |k, thread: i32, head: StructOut, length: StructOut| k.pass();
    /// Gives the CPU to others.
    sched_yield(generic 124, x86_64 24, Support::Full) |k| k.pass();
    /// Sets scheduling parameters.
    sched_setparam(generic 118, x86_64 142, Support::Full) |k, process: i32, parameters: GuestAddr|
    k.pass();
    /// Gives scheduling parameters.
    sched_getparam(generic 121, x86_64 143, Support::Full) |k, process: i32, parameters: StructOut|
    k.pass();
    /// Sets the scheduling policy.
    sched_setscheduler(generic 119, x86_64 144, Support::Full)
    |k, process: i32, policy: i32, parameters: GuestAddr| k.pass();
    /// Gives the scheduling policy.
    sched_getscheduler(generic 120, x86_64 145, Support::Full) |k, process: i32| k.pass();
    /// Sets on which CPUs a thread may run.
    sched_setaffinity(generic 122, x86_64 203, Support::Full)
    |k, process: i32, size: u64, mask: GuestAddr| k.pass();
    /// Gives on which CPUs a thread may run.
    sched_getaffinity(generic 123, x86_64 204, Support::Full)
    |k, process: i32, size: u64, mask: StructOut| k.pass();
    /// Gives the highest priority of a policy.
    sched_get_priority_max(generic 125, x86_64 146, Support::Full) |k, policy: i32| k.pass();
    /// Gives the lowest priority of a policy.
    sched_get_priority_min(generic 126, x86_64 147, Support::Full) |k, policy: i32| k.pass();
    /// Gives the length of a time slice.
    sched_rr_get_interval(generic 127, x86_64 148, Support::Full)
    |k, process: i32, interval: TimeOut| k.pass();
    /// Sets policy and parameters in one structure.
    sched_setattr(generic 274, x86_64 314, Support::Full)
    |k, process: i32, attributes: GuestAddr, flags: Hex| k.pass();
    /// Gives policy and parameters in one structure.
    sched_getattr(generic 275, x86_64 315, Support::Full)
    |k, process: i32, attributes: StructOut, size: u32, flags: Hex| k.pass();
    /// Sets the nice value.
    setpriority(generic 140, x86_64 141, Support::Full) |k, which: i32, who: i32, priority: i32|
    k.pass();
    /// Gives the nice value.
    getpriority(generic 141, x86_64 140, Support::Full) |k, which: i32, who: i32| k.pass();
    /// Gives the CPU that the thread runs on.
    getcpu(generic 168, x86_64 309, Support::Full) |k, cpu: GuestAddr, node: GuestAddr, unused: Hex|
    k.pass();
    /// Registers memory that is kept consistent with the CPU a thread runs on.
    rseq(generic 293, x86_64 334, Support::Refused(Errno::ENOSYS))
    |k, area: GuestAddr, length: u32, flags: Hex, signature: Hex| Err(Errno::ENOSYS);
    /// Sets where a thread's memory comes from.
    set_mempolicy(generic 237, x86_64 238, Support::Full) |k, mode: i32, mask: GuestAddr, nodes: u64|
    k.pass();
    /// Gives where memory comes from.
    get_mempolicy(generic 236, x86_64 239, Support::Full)
    |k, mode: StructOut, mask: StructOut, nodes: u64, address: GuestAddr, flags: Hex| k.pass();
    /// Sets where a range of memory comes from.
    mbind(generic 235, x86_64 237, Support::Full)
    |k, address: GuestAddr, length: u64, mode: i32, mask: GuestAddr, nodes: u64, flags: Hex| k.pass();
}
