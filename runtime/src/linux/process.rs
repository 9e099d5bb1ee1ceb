//! Processes: making, executing, waiting, ending; limits and properties.

use vmtrans_isa::GuestAddr;

use super::arguments::{
    AtFlags, CloneFlags, DirFd, Environment, Fd, Hex, LimitsIn, LimitsOut, Path, PrctlOption,
    Resource, ShareFlags, Signal, Strings, StructOut, UsageOf, WaitFlags, WaitFor, WaitStatusOut,
};
use super::errno::Errno;
use super::kernel::Kernel;
use super::table::{Support, SyscallResult, syscalls};
use super::user::Record;
use super::{SyscallOutcome, clone, execute};

syscalls! {
    /// Makes a process or a thread.
    clone(generic 220, x86_64 56, Support::Partial("no threads yet: with CLONE_VM, CLONE_VFORK must be set"))
    |k, flags: CloneFlags, stack: GuestAddr, parent_tid: GuestAddr, tls: Hex, child_tid: GuestAddr|
    clone::clone(k, &clone::Request {
        flags: flags.0,
        stack,
        parent_tid,
        tls: tls.0,
        child_tid,
    });
    /// Makes a process or a thread, with a structure that says how. C libraries fall back to
    /// clone.
    clone3(generic 435, x86_64 435, Support::Refused(Errno::ENOSYS))
    |k, how: GuestAddr, size: u64| Err(Errno::ENOSYS);
    /// Executes a program.
    execve(generic 221, x86_64 59, Support::Full)
    |k, path: Path, arguments: Strings, environment: Environment|
    execute::execute(k, libc::AT_FDCWD, path.0, arguments.0, environment.0, 0);
    /// Executes a program, relative to a directory or an open file itself.
    execveat(generic 281, x86_64 322, Support::Full)
    |k, directory: DirFd, path: Path, arguments: Strings, environment: Environment, flags: AtFlags|
    execute::execute(k, directory.0, path.0, arguments.0, environment.0, flags.0.cast_signed());
    /// Ends the thread.
    exit(generic 93, x86_64 60, Support::Full) |k, status: i32|
    k.finish(SyscallOutcome::ExitThread(status & 0xff));
    /// Ends the process.
    exit_group(generic 94, x86_64 231, Support::Full) |k, status: i32|
    k.finish(SyscallOutcome::Exit(status & 0xff));
    /// Waits for a child.
    wait4(generic 260, x86_64 61, Support::Full)
    |k, process: i32, status: WaitStatusOut, flags: WaitFlags, usage: StructOut| k.pass_waiting();
    /// Waits for a child, and says what became of it in a structure.
    waitid(generic 95, x86_64 247, Support::Full)
    |k, which: WaitFor, id: i32, information: StructOut, flags: WaitFlags, usage: StructOut| k.pass_waiting();
    /// Sets where the thread's id is cleared when it ends.
    set_tid_address(generic 96, x86_64 218, Support::Full) |k, address: GuestAddr| {
        let id = k.pass()?;
        k.thread.linux.clear_child_tid = address;
        Ok(id)
    };
    /// Gives or changes properties of the process.
    prctl(generic 167, x86_64 157, Support::Partial("seccomp and what is of one machine only is refused"))
    |k, option: PrctlOption, a: Hex, b: Hex, c: Hex, d: Hex| prctl_allowed(k, option.0);
    /// Gives and sets a limit.
    prlimit64(generic 261, x86_64 302, Support::Partial("limits of memory are kept, not enforced"))
    |k, process: i32, resource: Resource, new: LimitsIn, old: LimitsOut|
    limit(k, process, resource.0, new.0, old.0);
    /// Gives a limit.
    getrlimit(generic 163, x86_64 97, Support::Full) |k, resource: Resource, limits: LimitsOut|
    limit(k, 0, resource.0, GuestAddr::new(0), limits.0);
    /// Sets a limit.
    setrlimit(generic 164, x86_64 160, Support::Partial("limits of memory are kept, not enforced"))
    |k, resource: Resource, limits: LimitsIn| limit(k, 0, resource.0, limits.0, GuestAddr::new(0));
    /// Gives what was used.
    getrusage(generic 165, x86_64 98, Support::Full) |k, who: UsageOf, usage: StructOut| k.pass();
    /// Gives or sets how the kernel treats old programs.
    personality(generic 92, x86_64 135, Support::Full) |k, persona: Hex| k.pass();
    /// Leaves namespaces and what else is shared.
    unshare(generic 97, x86_64 272, Support::Full) |k, flags: ShareFlags| k.pass();
    /// Joins a namespace.
    setns(generic 268, x86_64 308, Support::Full) |k, fd: Fd, kind: ShareFlags| k.pass();
    /// Compares what two processes share.
    kcmp(generic 272, x86_64 312, Support::Full)
    |k, first: i32, second: i32, kind: i32, a: Hex, b: Hex| k.pass();
    /// Gives a file descriptor for a process.
    pidfd_open(generic 434, x86_64 434, Support::Full) |k, process: i32, flags: Hex| k.pass();
    /// Copies another process's file descriptor.
    pidfd_getfd(generic 438, x86_64 438, Support::Full) |k, process: Fd, fd: Fd, flags: Hex| k.pass();
    /// Sends a signal to a process by its file descriptor.
    pidfd_send_signal(generic 424, x86_64 424, Support::Full)
    |k, process: Fd, signal: Signal, information: GuestAddr, flags: Hex| k.pass();
    /// Reads another process's memory.
    process_vm_readv(generic 270, x86_64 310, Support::Full)
    |k, process: i32, local: GuestAddr, locals: u64, remote: GuestAddr, remotes: u64, flags: Hex|
    k.pass();
    /// Writes another process's memory.
    process_vm_writev(generic 271, x86_64 311, Support::Full)
    |k, process: i32, local: GuestAddr, locals: u64, remote: GuestAddr, remotes: u64, flags: Hex|
    k.pass();
}

/// Options that mean the same for the guest and for the process that runs it.
const PRCTL_PASSED: &[i32] = &[
    libc::PR_SET_PDEATHSIG,
    libc::PR_GET_PDEATHSIG,
    libc::PR_GET_DUMPABLE,
    libc::PR_SET_DUMPABLE,
    libc::PR_SET_NAME,
    libc::PR_GET_NAME,
    libc::PR_GET_SECCOMP,
    libc::PR_CAPBSET_READ,
    libc::PR_CAPBSET_DROP,
    libc::PR_SET_TIMERSLACK,
    libc::PR_GET_TIMERSLACK,
    libc::PR_SET_CHILD_SUBREAPER,
    libc::PR_GET_CHILD_SUBREAPER,
    libc::PR_SET_NO_NEW_PRIVS,
    libc::PR_GET_NO_NEW_PRIVS,
    libc::PR_SET_VMA,
    libc::PR_SET_KEEPCAPS,
    libc::PR_GET_KEEPCAPS,
    libc::PR_CAP_AMBIENT,
    libc::PR_GET_SECUREBITS,
    libc::PR_SET_SECUREBITS,
];

fn prctl_allowed(k: &mut Kernel<'_>, option: i32) -> SyscallResult {
    if PRCTL_PASSED.contains(&option) {
        k.pass()
    } else {
        Err(Errno::EINVAL)
    }
}

/// Limits that would hit the translator, not the guest, are only remembered.
fn limit(
    k: &mut Kernel<'_>,
    process: i32,
    resource: i32,
    new: GuestAddr,
    old: GuestAddr,
) -> SyscallResult {
    let number = libc::SYS_prlimit64;
    let resource_word = u64::from(resource.cast_unsigned());
    let call = [
        u64::from(process.cast_unsigned()),
        resource_word,
        new.get(),
        old.get(),
        0,
        0,
    ];
    let of_memory = [libc::RLIMIT_AS, libc::RLIMIT_DATA].contains(&resource.cast_unsigned());
    let own = process == 0 || process.cast_unsigned() == std::process::id();
    if !of_memory || !own {
        return k.host(number, call);
    }
    let wanted = if new.get() == 0 {
        None
    } else {
        Some(Record::<16>::read(new)?)
    };
    if let Some(wanted) = &wanted
        && wanted.u64(0) > wanted.u64(8)
    {
        return Err(Errno::EINVAL);
    }
    let kept = k.process().kept_limit(resource);
    if old.get() != 0 {
        match kept {
            Some((soft, hard)) => {
                let mut record = Record::<16>::new();
                record.put_u64(0, soft);
                record.put_u64(8, hard);
                record.write(old)?;
            }
            None => {
                k.host(number, [0, resource_word, 0, old.get(), 0, 0])?;
            }
        }
    }
    if let Some(wanted) = wanted {
        k.process()
            .keep_limit(resource, (wanted.u64(0), wanted.u64(8)));
    }
    Ok(0)
}
