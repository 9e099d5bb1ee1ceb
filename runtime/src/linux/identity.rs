//! Who a process is: users, groups, capabilities, process groups and sessions.

use super::arguments::{IntOut, StructOut};
use super::table::{Support, syscalls};
use vmtrans_isa::GuestAddr;

syscalls! {
    /// Gives the process id.
    getpid(generic 172, x86_64 39, Support::Full) |k| k.pass();
    /// Gives the parent's process id.
    getppid(generic 173, x86_64 110, Support::Full) |k| k.pass();
    /// Gives the thread id.
    gettid(generic 178, x86_64 186, Support::Full) |k| k.pass();
    /// Gives the real user id.
    getuid(generic 174, x86_64 102, Support::Full) |k| k.pass();
    /// Gives the effective user id.
    geteuid(generic 175, x86_64 107, Support::Full) |k| k.pass();
    /// Gives the real group id.
    getgid(generic 176, x86_64 104, Support::Full) |k| k.pass();
    /// Gives the effective group id.
    getegid(generic 177, x86_64 108, Support::Full) |k| k.pass();
    /// Sets user ids.
    setuid(generic 146, x86_64 105, Support::Full) |k, user: u32| k.pass();
    /// Sets group ids.
    setgid(generic 144, x86_64 106, Support::Full) |k, group: u32| k.pass();
    /// Sets real and effective user id.
    setreuid(generic 145, x86_64 113, Support::Full) |k, real: i32, effective: i32| k.pass();
    /// Sets real and effective group id.
    setregid(generic 143, x86_64 114, Support::Full) |k, real: i32, effective: i32| k.pass();
    /// Sets real, effective and saved user id.
    setresuid(generic 147, x86_64 117, Support::Full)
    |k, real: i32, effective: i32, saved: i32| k.pass();
    /// Gives real, effective and saved user id.
    getresuid(generic 148, x86_64 118, Support::Full)
    |k, real: IntOut, effective: IntOut, saved: IntOut| k.pass();
    /// Sets real, effective and saved group id.
    setresgid(generic 149, x86_64 119, Support::Full)
    |k, real: i32, effective: i32, saved: i32| k.pass();
    /// Gives real, effective and saved group id.
    getresgid(generic 150, x86_64 120, Support::Full)
    |k, real: IntOut, effective: IntOut, saved: IntOut| k.pass();
    /// Sets the user id for file access.
    setfsuid(generic 151, x86_64 122, Support::Full) |k, user: u32| k.pass();
    /// Sets the group id for file access.
    setfsgid(generic 152, x86_64 123, Support::Full) |k, group: u32| k.pass();
    /// Gives supplementary groups.
    getgroups(generic 158, x86_64 115, Support::Full) |k, size: i32, groups: StructOut| k.pass();
    /// Sets supplementary groups.
    setgroups(generic 159, x86_64 116, Support::Full) |k, size: i32, groups: GuestAddr| k.pass();
    /// Gives capabilities.
    capget(generic 90, x86_64 125, Support::Full) |k, header: GuestAddr, data: StructOut| k.pass();
    /// Sets capabilities.
    capset(generic 91, x86_64 126, Support::Full) |k, header: GuestAddr, data: GuestAddr| k.pass();
    /// Puts a process into a process group.
    setpgid(generic 154, x86_64 109, Support::Full) |k, process: i32, group: i32| k.pass();
    /// Gives a process's group.
    getpgid(generic 155, x86_64 121, Support::Full) |k, process: i32| k.pass();
    /// Gives a process's session.
    getsid(generic 156, x86_64 124, Support::Full) |k, process: i32| k.pass();
    /// Starts a session.
    setsid(generic 157, x86_64 112, Support::Full) |k| k.pass();
}
