//! The host's side of signals: handlers, masks, and the one signal that waits for a safepoint.

#![allow(unsafe_code)]

use std::cell::UnsafeCell;
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use libc::{c_int, c_void, siginfo_t, ucontext_t};

use super::{Action, DEFAULT, IGNORE, ProcessSignals, bit};
use crate::thread::Thread;
use crate::{dispatch, entry};

/// Raised by an instruction when the guest has a fault; never blocked on the host.
const EXCEPTIONS: [c_int; 5] = [
    libc::SIGSEGV,
    libc::SIGBUS,
    libc::SIGFPE,
    libc::SIGILL,
    libc::SIGTRAP,
];

/// Flags of the guest's action that mean the same to the host's kernel.
const PASSED_FLAGS: u64 = 1 | 2; // SA_NOCLDSTOP, SA_NOCLDWAIT

/// `si_code` of an address that is not mapped, and of an illegal opcode (signal.h).
pub const SEGV_MAPERR: c_int = 1;
/// See [`SEGV_MAPERR`].
pub const ILL_ILLOPC: c_int = 1;

/// Bytes of `siginfo_t`, the same on riscv64 and x86-64.
const INFO_LENGTH: usize = 128;

/// What is known of a signal: `siginfo_t`.
#[derive(Clone, Copy)]
pub struct Info([u8; INFO_LENGTH]);

impl std::fmt::Debug for Info {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Info({}, {}, {:#x})",
            self.signal(),
            self.code(),
            self.address()
        )
    }
}

impl Info {
    /// An exception at a guest address.
    pub fn fault(signal: u32, code: c_int, address: u64) -> Info {
        let mut bytes = [0; INFO_LENGTH];
        bytes[..4].copy_from_slice(&signal.to_le_bytes());
        bytes[8..12].copy_from_slice(&code.to_le_bytes());
        bytes[16..24].copy_from_slice(&address.to_le_bytes());
        Info(bytes)
    }

    fn from_host(info: &siginfo_t) -> Info {
        let mut bytes = [0; INFO_LENGTH];
        let from = (&raw const *info).cast::<u8>();
        // SAFETY: the structure has this length.
        unsafe { std::ptr::copy_nonoverlapping(from, bytes.as_mut_ptr(), INFO_LENGTH) };
        Info(bytes)
    }

    fn word(&self, at: usize) -> [u8; 4] {
        [self.0[at], self.0[at + 1], self.0[at + 2], self.0[at + 3]]
    }

    /// `si_signo`
    pub fn signal(&self) -> u32 {
        u32::from_le_bytes(self.word(0))
    }

    /// `si_code`
    pub fn code(&self) -> i32 {
        i32::from_le_bytes(self.word(8))
    }

    /// `si_addr`
    pub fn address(&self) -> u64 {
        let (low, high) = (
            u32::from_le_bytes(self.word(16)),
            u32::from_le_bytes(self.word(20)),
        );
        u64::from(high) << 32 | u64::from(low)
    }

    /// An instruction raised it, and nobody sent it.
    pub fn is_exception(&self) -> bool {
        let signal = self.signal().cast_signed();
        EXCEPTIONS.contains(&signal) && self.code() > 0 && self.code() != libc::SI_KERNEL
            || (signal == libc::SIGSEGV || signal == libc::SIGBUS) && self.code() == libc::SI_KERNEL
    }

    /// As the guest sees it.
    pub fn bytes(&self) -> &[u8; INFO_LENGTH] {
        &self.0
    }
}

/// The signal that waits, of one thread.
struct Slot {
    full: AtomicBool,
    info: UnsafeCell<Info>,
}

thread_local! {
    static SLOT: Slot = const { Slot { full: AtomicBool::new(false), info: UnsafeCell::new(Info([0; INFO_LENGTH])) } };
}

/// Takes the signal that waits. All others stay blocked until the mask is set.
pub fn take() -> Option<Info> {
    SLOT.with(|slot| {
        if !slot.full.load(Ordering::Acquire) {
            return None;
        }
        // SAFETY: while the slot is full all signals that would fill it are blocked.
        let info = unsafe { *slot.info.get() };
        slot.full.store(false, Ordering::Release);
        Some(info)
    })
}

/// A mask without the exceptions, which must reach us.
pub fn blockable(mask: u64) -> u64 {
    EXCEPTIONS
        .iter()
        .fold(mask, |m, &s| m & !bit(s.unsigned_abs()))
}

/// Blocks what the guest blocks.
pub fn set_mask(mask: u64) {
    let mask = blockable(mask);
    // The kernel's call, since the library's leaves out signals that it keeps for itself.
    // SAFETY: the kernel reads eight bytes.
    unsafe {
        libc::syscall(
            libc::SYS_rt_sigprocmask,
            libc::SIG_SETMASK,
            &raw const mask,
            0usize,
            8usize,
        );
    }
}

/// What is blocked now.
pub fn mask() -> u64 {
    let mut mask = 0u64;
    // SAFETY: the kernel writes eight bytes.
    unsafe {
        libc::syscall(
            libc::SYS_rt_sigprocmask,
            libc::SIG_BLOCK,
            0usize,
            &raw mut mask,
            8usize,
        );
    }
    mask
}

static IGNORED_AT_START: AtomicU64 = AtomicU64::new(0);

/// Notes which signals were ignored before Rust's own start ignores `SIGPIPE`.
#[used]
#[unsafe(link_section = ".init_array")]
static NOTE_IGNORED: extern "C" fn() = {
    extern "C" fn note() {
        let mut ignored = 0;
        for signal in 1..=31 {
            let mut action = MaybeUninit::<libc::sigaction>::zeroed();
            // SAFETY: it writes a structure of that type.
            let known =
                unsafe { libc::sigaction(signal, std::ptr::null(), action.as_mut_ptr()) } == 0;
            // SAFETY: zeroed or written.
            if known && unsafe { action.assume_init() }.sa_sigaction == libc::SIG_IGN {
                ignored |= bit(signal.unsigned_abs());
            }
        }
        IGNORED_AT_START.store(ignored, Ordering::Relaxed);
    }
    note
};

/// The process was started with this signal ignored.
pub fn is_ignored(signal: u32) -> bool {
    IGNORED_AT_START.load(Ordering::Relaxed) & bit(signal) != 0
}

fn set_action(signal: c_int, handler: usize, flags: c_int) {
    let mut action = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: all-zero is a valid action; handlers are of the type that the flags say.
    unsafe {
        let a = &mut *action.as_mut_ptr();
        a.sa_sigaction = handler;
        a.sa_flags = flags;
        libc::sigfillset(&raw mut a.sa_mask);
        libc::sigaction(signal, action.as_ptr(), std::ptr::null_mut());
    }
}

/// Has the host do with a signal what the guest asks for.
pub fn install(signal: u32, action: Action) {
    let signal = signal.cast_signed();
    if EXCEPTIONS.contains(&signal) {
        return;
    }
    let passed = i32::try_from(action.flags & PASSED_FLAGS).unwrap_or(0);
    match action.handler {
        DEFAULT => set_action(signal, libc::SIG_DFL, passed),
        IGNORE => set_action(signal, libc::SIG_IGN, passed),
        _ => {
            let flags = libc::SA_SIGINFO | libc::SA_ONSTACK | passed;
            set_action(signal, note as *const () as usize, flags);
        }
    }
}

/// Catches the exceptions, and gives Rust's handling of `SIGPIPE` up.
pub fn install_all(signals: &ProcessSignals) {
    install_exceptions();
    install(
        libc::SIGPIPE.unsigned_abs(),
        signals.action(libc::SIGPIPE.unsigned_abs()),
    );
}

/// Catches the exceptions.
pub fn install_exceptions() {
    for signal in EXCEPTIONS {
        let flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
        set_action(signal, exception as *const () as usize, flags);
    }
}

/// Leaves to the next program the exceptions that the guest ignores.
pub fn forget_exceptions(signals: &ProcessSignals) {
    for signal in EXCEPTIONS {
        if signals.action(signal.unsigned_abs()).handler == IGNORE {
            set_action(signal, libc::SIG_IGN, 0);
        }
    }
}

/// Ends the process as this signal does by itself.
pub fn die(signal: u32) -> ! {
    let signal = signal.cast_signed();
    set_action(signal, libc::SIG_DFL, 0);
    // SAFETY: plain system calls.
    unsafe {
        let mask = !bit(signal.unsigned_abs());
        libc::syscall(
            libc::SYS_rt_sigprocmask,
            libc::SIG_SETMASK,
            &raw const mask,
            0usize,
            8usize,
        );
        libc::syscall(libc::SYS_tgkill, libc::getpid(), libc::gettid(), signal);
        libc::_exit(128 + signal)
    }
}

/// Gives the thread a stack for the host's handlers.
pub fn install_stack() {
    const LENGTH: usize = 64 << 10;
    let memory = Box::leak(vec![0u8; LENGTH].into_boxed_slice());
    let stack = libc::stack_t {
        ss_sp: memory.as_mut_ptr().cast(),
        ss_flags: 0,
        ss_size: LENGTH,
    };
    // SAFETY: the memory is never freed.
    unsafe { libc::sigaltstack(&raw const stack, std::ptr::null_mut()) };
}

const RIP: usize = libc::REG_RIP as usize;
const RSP: usize = libc::REG_RSP as usize;

fn register(context: &ucontext_t, index: usize) -> u64 {
    context.uc_mcontext.gregs[index].cast_unsigned()
}

/// The handler of every signal that the guest handles.
extern "C" fn note(_: c_int, info: *mut siginfo_t, context: *mut c_void) {
    // SAFETY: the kernel gives both, for as long as the handler runs.
    let (info, context) = unsafe { (&*info, &mut *context.cast::<ucontext_t>()) };
    take_note(info, context);
}

fn take_note(info: &siginfo_t, context: &mut ucontext_t) {
    SLOT.with(|slot| {
        // SAFETY: empty, since this handler is blocked while it is full.
        unsafe { *slot.info.get() = Info::from_host(info) };
        slot.full.store(true, Ordering::Release);
    });
    // SAFETY: only a field that is atomic is used.
    if let Some(t) = unsafe { dispatch::current().as_ref() } {
        t.state.pending.store(1, Ordering::Relaxed);
    }
    let all = blockable(u64::MAX);
    let mask = (&raw mut context.uc_sigmask).cast::<u64>();
    // SAFETY: the kernel's mask is the first eight bytes.
    unsafe { mask.write(all) };
    let pc = register(context, RIP);
    if let Some(abort) = entry::abort_of_syscall(pc) {
        context.uc_mcontext.gregs[RIP] = abort.cast_signed();
    }
}

/// The handler of exceptions: the guest's own, ours while copying from a bad address, or a bug.
extern "C" fn exception(signal: c_int, info: *mut siginfo_t, context: *mut c_void) {
    // SAFETY: the kernel gives both, for as long as the handler runs.
    let (info, context) = unsafe { (&*info, &mut *context.cast::<ucontext_t>()) };
    let pc = register(context, RIP);
    if let Some(end) = entry::end_of_copy(pc) {
        context.uc_mcontext.gregs[RIP] = end.cast_signed();
        return;
    }
    let what = Info::from_host(info);
    // SAFETY: the thread is interrupted at an access of the guest or is not touched.
    let Some(t) = (unsafe { dispatch::current().as_mut() }) else {
        die(signal.unsigned_abs())
    };
    if !what.is_exception() {
        let action = t.process.signals.action(signal.unsigned_abs());
        match action.handler {
            DEFAULT => die(signal.unsigned_abs()),
            IGNORE => {}
            _ => take_note(info, context),
        }
        return;
    }
    let landing = guest_fault(t, pc, what, context);
    match landing {
        Some(landing) => {
            context.uc_mcontext.gregs[RIP] = landing.cast_signed();
            context.uc_mcontext.gregs[RSP] = t.state.host_sp.cast_signed();
        }
        None => {
            crate::report::own_fault(pc, &what);
            die(signal.unsigned_abs())
        }
    }
}

/// If the guest raised this, notes it and says where the thread goes on.
fn guest_fault(t: &mut Thread, pc: u64, what: Info, context: &ucontext_t) -> Option<u64> {
    let compiled = t
        .process
        .images
        .get()
        .filter(|image| image.code.contains(&pc));
    let landing = if let Some(image) = compiled {
        t.state.hart.pc = image.guest_pc(pc)?;
        entry::landing_from_guest()
    } else if t.interpreting {
        entry::landing_from_host()
    } else {
        return None;
    };
    // Non-canonical addresses raise #GP, which the kernel reports without an address.
    let at_kernel = what.code() == libc::SI_KERNEL;
    let info = if at_kernel {
        Info::fault(what.signal(), SEGV_MAPERR, u64::MAX)
    } else {
        what
    };
    let _ = context;
    super::set_fault(t, info);
    t.interpreting = false;
    Some(landing)
}
