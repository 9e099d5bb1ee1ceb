//! The dispatcher: decides who executes the guest's next instruction, compiled code or the
//! interpreter, and takes signals in between.
//!
//! Dispatchers nest: compiled code that calls what has no compiled code, or that takes a signal,
//! waits in a frame below. That frame is only an optimisation. Any of them may be dropped, and the
//! guest goes on from its registers alone.

#![allow(unsafe_code)]

use std::cell::Cell;
use std::sync::atomic::Ordering;

use vmtrans_isa::riscv::{Reg, decode};
use vmtrans_isa::{Flow, GuestAddr, Interpreter};

use crate::bus::{DirectBus, fetch};
use crate::linux::{self, SyscallOutcome};
use crate::signals::host::Info;
use crate::signals::{self, Fault};
use crate::thread::{Process, Thread};
use crate::{entry, exit, floats};

thread_local! {
    static CURRENT: Cell<*mut Thread> = const { Cell::new(std::ptr::null_mut()) };
}

/// More dispatchers than this below each other are given up, all but the outermost.
const MAX_DEPTH: u32 = 100;

/// So many jumps are interpreted at a time.
const JUMPS: u32 = 1 << 16;

/// Bytes of the code that handlers return to.
const SIGRETURN_LENGTH: u64 = 8;

/// Where a nested dispatcher ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Resume {
    pc: u64,
    sp: u64,
    /// Frames of the guest above `sp` mean that nobody will come back here.
    drop_above: bool,
    /// How often compiled code had been given up: after the next time it is not returned to.
    given_up: u32,
}

/// Makes a thread the one that this host thread runs.
pub fn set_current(thread: *mut Thread) {
    CURRENT.set(thread);
}

/// The thread that this host thread runs; null before there is one.
pub fn current() -> *mut Thread {
    CURRENT.get()
}

fn thread<'a>() -> &'a mut Thread {
    // SAFETY: set before anything is dispatched and valid until the process ends. References to
    // it never live across a call that may dispatch.
    unsafe { &mut *current() }
}

/// Runs the current thread for ever.
pub fn run() -> ! {
    dispatch(None);
    unreachable!("the outermost dispatcher has nowhere to return to")
}

fn dispatch(resume: Option<Resume>) {
    thread().depth += 1;
    loop {
        let t = thread();
        signals::deliver_all(t);
        let (pc, sp) = (t.state.hart.pc, t.state.hart.x[Reg::SP.index()]);
        if let Some(resume) = resume {
            let dead = resume.drop_above && sp > resume.sp;
            let stale = resume.given_up != t.process.images.times_given_up();
            if dead || stale || t.depth > MAX_DEPTH {
                t.depth -= 1;
                // SAFETY: a nested dispatcher is called from a helper, which compiled code
                // called; nothing in between owns anything.
                unsafe { entry::escape() }
            }
            if resume.pc == pc && resume.sp == sp {
                break;
            }
        }
        match compiled(t, pc) {
            // SAFETY: `%gs` was set when the thread started, and the address is from an image's
            // table.
            Some(code) => unsafe { entry::enter_compiled(code) },
            None => {
                t.process.miss(pc);
                let resume = resume.map_or(u64::MAX, |r| r.pc);
                entry::enter_host(interpret_on, resume);
                thread().interpreting = false;
            }
        }
    }
    thread().depth -= 1;
}

/// Compiled code is made for rounding to nearest; under any other mode the interpreter works.
fn compiled(t: &Thread, pc: u64) -> Option<u64> {
    if t.process.options.interpreter_only || t.state.hart.frm != 0 {
        return None;
    }
    t.process.images.look_up(pc)
}

/// Interprets until there is compiled code for what comes next, or `resume` is reached.
extern "C" fn interpret_on(resume: u64) {
    let t = thread();
    t.interpreting = true;
    // Now and then the dispatcher looks whether compiled code has appeared.
    let mut left = JUMPS;
    loop {
        match step(t) {
            Flow::Next => {}
            Flow::Jumped => {
                left -= 1;
                let pc = t.state.hart.pc;
                let stop =
                    t.state.pending.load(Ordering::Relaxed) != 0 || pc == resume || left == 0;
                if stop || compiled(t, pc).is_some() {
                    return;
                }
            }
            other => {
                exception(other);
                return;
            }
        }
    }
}

/// Executes the instruction at `pc`.
#[inline(always)]
fn step(t: &mut Thread) -> Flow {
    let pc = t.state.hart.pc;
    let process = &t.process;
    let insn = match t
        .code
        .get(pc, || may_fetch(process, pc).map(|()| decode(fetch(pc))))
    {
        Ok(Some(insn)) => insn,
        Ok(None) => return Flow::Illegal,
        Err(code) => {
            signals::set_fault(t, Info::fault(libc::SIGSEGV.unsigned_abs(), code, pc));
            return Flow::Fault;
        }
    };
    // The SYSTEM opcode: the only instructions that see the accrued flags.
    if insn.raw & 0x7f == 0x73 {
        floats::to_hart(&mut t.state);
    }
    Interpreter::new(&mut t.state.hart, &mut DirectBus).step(&insn)
}

/// Whether the guest may execute what is at `pc`; the code of its `SIGSEGV` where not.
fn may_fetch(process: &Process, pc: u64) -> Result<(), i32> {
    // What handlers return to is ours.
    if pc.wrapping_sub(process.options.sigreturn) < SIGRETURN_LENGTH {
        return Ok(());
    }
    process.linux.check_fetch(GuestAddr::new(pc))
}

/// What an instruction asks for that is not a matter of registers and memory. The program counter
/// is still at it.
fn exception(flow: Flow) {
    let t = thread();
    t.interpreting = false;
    match flow {
        Flow::Ecall => system_call(t),
        Flow::Ebreak => signals::raise(t, Fault::Breakpoint),
        Flow::Misaligned => signals::raise(t, Fault::Misaligned),
        Flow::Illegal => signals::raise(t, Fault::Illegal),
        Flow::Next | Flow::Jumped | Flow::Fault => {}
    }
}

fn system_call(t: &mut Thread) {
    // A signal that came before the call is taken before it.
    if t.state.pending.load(Ordering::Relaxed) != 0 {
        return;
    }
    let outcome = linux::syscall(t);
    let t = thread();
    match outcome {
        SyscallOutcome::Return(value) => {
            t.state.hart.x[10] = value;
            t.state.hart.pc = t.state.hart.pc.wrapping_add(4);
        }
        SyscallOutcome::Interrupted { restartable } => signals::interrupted(t, restartable),
        SyscallOutcome::Replaced => {}
        SyscallOutcome::Exit(status) | SyscallOutcome::ExitThread(status) => {
            exit::process(t, status)
        }
    }
}

/// [`vmtrans_abi::Helper::Miss`].
pub extern "C" fn helper_miss() {
    let hart = &thread().state.hart;
    let pc = hart.x[Reg::RA.index()] & !1;
    dispatch(Some(Resume {
        pc,
        sp: hart.x[Reg::SP.index()],
        drop_above: true,
        given_up: thread().process.images.times_given_up(),
    }));
}

/// [`vmtrans_abi::Helper::Interpret`].
pub extern "C" fn helper_interpret() {
    let t = thread();
    let before = t.state.hart.pc;
    t.interpreting = true;
    let flow = step(t);
    t.interpreting = false;
    if !matches!(flow, Flow::Next | Flow::Jumped) {
        exception(flow);
    }
    let t = thread();
    let on = t.state.hart.pc.wrapping_sub(before);
    let goes_on = (on == 4 || on == 2) && flow != Flow::Jumped && t.state.hart.frm == 0;
    if !goes_on || t.state.pending.load(Ordering::Relaxed) != 0 {
        // SAFETY: called from compiled code; nothing here owns anything.
        unsafe { entry::escape() }
    }
}

/// [`vmtrans_abi::Helper::Safepoint`].
pub extern "C" fn helper_safepoint() {
    let t = thread();
    let before = (t.state.hart.pc, t.state.hart.x, t.state.hart.f);
    let given_up = t.process.images.times_given_up();
    signals::deliver_all(t);
    let (pc, sp) = (before.0, before.1[Reg::SP.index()]);
    let moved = thread().state.hart.pc != pc || thread().state.hart.x[Reg::SP.index()] != sp;
    if moved {
        dispatch(Some(Resume {
            pc,
            sp,
            drop_above: false,
            given_up,
        }));
    }
    let hart = &thread().state.hart;
    let stale = given_up != thread().process.images.times_given_up();
    if stale || before != (hart.pc, hart.x, hart.f) {
        // SAFETY: as above.
        unsafe { entry::escape() }
    }
}
