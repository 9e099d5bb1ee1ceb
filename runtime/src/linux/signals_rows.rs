//! Signals: rows only. What they do is in `signals`.

use super::arguments::{
    ActionIn, ActionOut, MaskChange, Signal, SignalSet, SignalSetOut, StructOut, TimeIn,
};
use super::errno::Errno;
use super::table::{Support, syscalls};
use super::{SyscallOutcome, user};
use crate::signals;
use vmtrans_isa::GuestAddr;

syscalls! {
    /// Changes or gives what a signal does.
    rt_sigaction(generic 134, x86_64 13, Support::Full)
    |k, signal: Signal, new: ActionIn, old: ActionOut, set_size: u64|
    signals::rt_sigaction(k.thread, signal.0, new.0, old.0, set_size);
    /// Changes or gives which signals are blocked.
    rt_sigprocmask(generic 135, x86_64 14, Support::Full)
    |k, how: MaskChange, new: SignalSet, old: SignalSetOut, set_size: u64|
    signals::rt_sigprocmask(k.thread, how.0, new.0, old.0, set_size);
    /// Gives which signals are pending.
    rt_sigpending(generic 136, x86_64 127, Support::Full) |k, set: SignalSetOut, set_size: u64|
    signals::rt_sigpending(k.thread, set.0, set_size);
    /// Waits for a signal with another mask.
    rt_sigsuspend(generic 133, x86_64 130, Support::Full) |k, mask: SignalSet, set_size: u64| {
        if set_size != 8 {
            return Err(Errno::EINVAL);
        }
        let mask = user::read_u64(mask.0)?;
        signals::rt_sigsuspend(k.thread, mask)
    };
    /// Takes a signal that is pending, or waits for one.
    rt_sigtimedwait(generic 137, x86_64 128, Support::Full)
    |k, set: SignalSet, information: StructOut, timeout: TimeIn, set_size: u64|
    signals::rt_sigtimedwait(k.thread, set.0, information.0, timeout.0, set_size);
    /// Goes back to where a signal interrupted.
    rt_sigreturn(generic 139, x86_64 15, Support::Full) |k| {
        signals::rt_sigreturn(k.thread)?;
        k.finish(SyscallOutcome::Replaced)
    };
    /// Changes or gives the stack for signal handlers.
    sigaltstack(generic 132, x86_64 131, Support::Full) |k, new: GuestAddr, old: StructOut|
    signals::sigaltstack(k.thread, new, old.0);
    /// Sends a signal to a process.
    kill(generic 129, x86_64 62, Support::Full) |k, process: i32, signal: Signal| k.pass();
    /// Sends a signal to a thread.
    tkill(generic 130, x86_64 200, Support::Full) |k, thread: i32, signal: Signal| k.pass();
    /// Sends a signal to a thread of a process.
    tgkill(generic 131, x86_64 234, Support::Full)
    |k, process: i32, thread: i32, signal: Signal| k.pass();
    /// Sends a signal with information to a process.
    rt_sigqueueinfo(generic 138, x86_64 129, Support::Full)
    |k, process: i32, signal: Signal, information: GuestAddr| k.pass();
    /// Sends a signal with information to a thread.
    rt_tgsigqueueinfo(generic 240, x86_64 297, Support::Full)
    |k, process: i32, thread: i32, signal: Signal, information: GuestAddr| k.pass();
    /// Goes on with a call that a stop interrupted; the host does that by itself.
    restart_syscall(generic 128, x86_64 219, Support::Refused(Errno::EINTR)) |k| Err(Errno::EINTR);
}
