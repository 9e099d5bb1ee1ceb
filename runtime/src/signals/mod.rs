//! Signals: what the guest asked for, how the host's signals become the guest's, and the frames
//! on the guest's stack.
//!
//! A handler of the guest runs at a safepoint, never in the host's handler: that one notes the
//! signal, sets `pending`, and blocks all others until the guest has taken this one. So the kernel
//! keeps the queue, its order and what is blocked.

mod calls;
mod frame;
pub mod host;

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

pub use calls::{
    rt_sigaction, rt_sigpending, rt_sigprocmask, rt_sigreturn, rt_sigsuspend, rt_sigtimedwait,
    sigaltstack,
};

use crate::thread::Thread;
use crate::{entry, exit};
use host::Info;

/// Highest signal number.
pub const COUNT: u32 = 64;
/// `SIG_DFL`
pub const DEFAULT: u64 = 0;
/// `SIG_IGN`
pub const IGNORE: u64 = 1;

const SA_ONSTACK: u64 = 0x0800_0000;
const SA_RESTART: u64 = 0x1000_0000;
const SA_NODEFER: u64 = 0x4000_0000;
const SA_RESETHAND: u64 = 0x8000_0000;

/// What a signal does (Linux `struct sigaction` of riscv64).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Action {
    /// Guest address, [`DEFAULT`] or [`IGNORE`].
    pub handler: u64,
    /// `SA_…`
    pub flags: u64,
    /// Blocked while the handler runs.
    pub mask: u64,
}

/// What the guest does with signals.
#[derive(Debug)]
pub struct ProcessSignals {
    actions: Mutex<[Action; COUNT as usize + 1]>,
}

/// A thread's signals.
#[derive(Clone, Debug, Default)]
pub struct ThreadSignals {
    /// Blocked for the guest.
    pub mask: u64,
    /// `sigaltstack`: address and length; a length of 0 is none.
    alternate: (u64, u64),
    /// A system call that a signal ended, and whether its kind may be made again.
    interrupted: Option<bool>,
    /// An exception of the guest's own instruction.
    fault: Option<Info>,
}

/// An exception that an instruction raises.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// `ebreak`
    Breakpoint,
    /// Not an instruction.
    Illegal,
    /// A misaligned atomic access.
    Misaligned,
}

impl ThreadSignals {
    /// As inherited: some may be blocked.
    pub fn blocking(mask: u64) -> ThreadSignals {
        ThreadSignals {
            mask,
            ..ThreadSignals::default()
        }
    }
}

impl ProcessSignals {
    /// As the process was started: some signals may be ignored.
    pub fn inherited() -> ProcessSignals {
        let mut actions = [Action::default(); COUNT as usize + 1];
        for signal in 1..=COUNT {
            if host::is_ignored(signal) {
                actions[signal as usize].handler = IGNORE;
            }
        }
        ProcessSignals {
            actions: Mutex::new(actions),
        }
    }

    /// What a signal does.
    pub fn action(&self, signal: u32) -> Action {
        let actions = self.actions.lock().unwrap_or_else(PoisonError::into_inner);
        actions.get(signal as usize).copied().unwrap_or_default()
    }

    /// What all signals do, to be put back by [`ProcessSignals::restore`].
    pub fn snapshot(&self) -> [Action; COUNT as usize + 1] {
        *self.actions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Undoes what a child that shares memory has done. The host's actions were never shared.
    pub fn restore(&self, actions: &[Action; COUNT as usize + 1]) {
        *self.actions.lock().unwrap_or_else(PoisonError::into_inner) = *actions;
    }

    fn set(&self, signal: u32, action: Action) {
        let mut actions = self.actions.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = actions.get_mut(signal as usize) {
            *entry = action;
        }
    }
}

/// Bit of a signal in a mask.
pub fn bit(signal: u32) -> u64 {
    1 << (signal - 1)
}

/// Raises an exception at the thread's program counter.
pub fn raise(t: &mut Thread, fault: Fault) {
    let pc = t.state.hart.pc;
    let (signal, code) = match fault {
        Fault::Breakpoint => (libc::SIGTRAP, libc::TRAP_BRKPT),
        Fault::Illegal => (libc::SIGILL, host::ILL_ILLOPC),
        Fault::Misaligned => (libc::SIGBUS, libc::BUS_ADRALN),
    };
    if fault == Fault::Illegal {
        crate::report::illegal(t, pc);
    }
    set_fault(t, Info::fault(signal.unsigned_abs(), code, pc));
}

/// Notes an exception for the dispatcher.
pub fn set_fault(t: &mut Thread, info: Info) {
    t.signals.fault = Some(info);
    t.state.pending.store(1, Ordering::Relaxed);
}

/// A system call was ended by a signal, before it did anything. Its program counter and arguments
/// are still there.
pub fn interrupted(t: &mut Thread, restartable: bool) {
    t.signals.interrupted = Some(restartable);
    t.state.pending.store(1, Ordering::Relaxed);
}

/// Takes all signals that wait, before any of their handlers begins, as Linux does: the frames lie
/// above each other, and the handler of the last one runs first.
pub fn deliver_all(t: &mut Thread) {
    // The next one that waits is noted as soon as the mask allows it, within `deliver`.
    while t.state.pending.load(Ordering::Relaxed) != 0 {
        deliver(t);
    }
}

/// Takes one signal: sets the thread up to run its handler, or ends the process.
fn deliver(t: &mut Thread) {
    t.state.pending.store(0, Ordering::Relaxed);
    let info = t.signals.fault.take().or_else(host::take);
    let interrupted = t.signals.interrupted.take();
    let Some(info) = info else {
        // Nothing came after all, and the call is made again.
        return;
    };
    let action = t.process.signals.action(info.signal());
    if let Some(restartable) = interrupted
        && !(restartable && action.flags & SA_RESTART != 0 && action.handler > IGNORE)
        && action.handler > IGNORE
    {
        t.state.hart.x[10] = i64::from(-libc::EINTR).cast_unsigned();
        t.state.hart.pc = t.state.hart.pc.wrapping_add(4);
    }
    let blocked = info.is_exception() && t.signals.mask & bit(info.signal()) != 0;
    match action.handler {
        IGNORE if !info.is_exception() => host::set_mask(t.signals.mask),
        DEFAULT | IGNORE => exit::by_signal(t, &info),
        _ if blocked => exit::by_signal(t, &info),
        _ => run_handler(t, &info, action),
    }
}

fn run_handler(t: &mut Thread, info: &Info, action: Action) {
    let signal = info.signal();
    if frame::push(t, info, action).is_err() {
        // No stack to run the handler on: Linux forces the default action of SIGSEGV.
        let fault = Info::fault(
            libc::SIGSEGV.unsigned_abs(),
            host::SEGV_MAPERR,
            t.state.hart.x[2],
        );
        exit::by_signal(t, &fault);
    }
    t.signals.mask |= action.mask;
    if action.flags & SA_NODEFER == 0 {
        t.signals.mask |= bit(signal);
    }
    if action.flags & SA_RESETHAND != 0 {
        t.process.signals.set(signal, Action::default());
        host::install(signal, Action::default());
    }
    host::set_mask(t.signals.mask);
}

/// Makes a system call that may block; a signal for the guest ends it, or keeps it from beginning.
pub fn safe_syscall(t: &mut Thread, number: i64, arguments: [u64; 6]) -> u64 {
    let pending = t.state.pending.as_ptr().cast_const();
    entry::safe_syscall(number.cast_unsigned(), &arguments, pending)
}

/// The host's mask for a call that changes the mask while it waits.
pub fn begin_temporary_mask(_: &mut Thread, mask: u64) -> u64 {
    host::blockable(mask)
}

/// After such a call. The kernel has put the mask back; a signal that ended the call was noted
/// whether it is blocked now or not, as Linux delivers it.
pub fn end_temporary_mask(_: &mut Thread, _interrupted: bool) {}

/// The child of a fork has none of its parent's pending signals.
pub fn after_fork(t: &mut Thread) {
    let _ = host::take();
    t.state.pending.store(0, Ordering::Relaxed);
    host::set_mask(t.signals.mask);
}

/// What the next program inherits: the mask, and which signals are ignored.
pub fn before_execute(t: &mut Thread) {
    host::set_mask(t.signals.mask);
    host::forget_exceptions(&t.process.signals);
}

/// The program goes on after all.
pub fn after_failed_execute(_: &mut Thread) {
    host::install_exceptions();
}
