//! The frame on the guest's stack while a handler runs: `struct rt_sigframe` of riscv64 Linux
//! (arch/riscv/kernel/signal.c, asm/ucontext.h, asm/sigcontext.h).

use vmtrans_isa::GuestAddr;
use vmtrans_isa::riscv::Hart;

use super::{Action, SA_ONSTACK};
use crate::floats;
use crate::guest_memory::{self, BadAddress};
use crate::signals::host::Info;
use crate::thread::Thread;

const INFO: usize = 0;
const CONTEXT: usize = 128;
const STACK: usize = CONTEXT + 16;
const MASK: usize = CONTEXT + 40;
/// `uc_mcontext`: pc, x1 to x31, f0 to f31, fcsr.
const PC: usize = CONTEXT + 176;
const FLOATS: usize = PC + 256;
const FCSR: usize = FLOATS + 256;
const LENGTH: usize = CONTEXT + 960;

const SS_ONSTACK: u32 = 1;
const SS_DISABLE: u32 = 2;

struct Frame([u8; LENGTH]);

impl Frame {
    fn put(&mut self, at: usize, value: u64) {
        self.0[at..at + 8].copy_from_slice(&value.to_le_bytes());
    }
    fn get(&self, at: usize) -> u64 {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&self.0[at..at + 8]);
        u64::from_le_bytes(bytes)
    }
}

/// The thread's stack pointer is on its alternate stack.
pub fn on_alternate(t: &Thread) -> bool {
    let (start, length) = t.signals.alternate;
    t.state.hart.x[2].wrapping_sub(start).wrapping_sub(1) < length
}

/// `ss_flags` of the alternate stack.
pub fn stack_flags(t: &Thread) -> u32 {
    match t.signals.alternate.1 {
        0 => SS_DISABLE,
        _ if on_alternate(t) => SS_ONSTACK,
        _ => 0,
    }
}

/// Saves the thread's registers on the stack that the action asks for and makes it begin the
/// handler.
pub fn push(t: &mut Thread, info: &Info, action: Action) -> Result<(), BadAddress> {
    floats::to_hart(&mut t.state);
    let (start, length) = t.signals.alternate;
    let alternate = action.flags & SA_ONSTACK != 0 && length != 0 && !on_alternate(t);
    let top = if alternate {
        start.wrapping_add(length)
    } else {
        t.state.hart.x[2]
    };
    let sp = top.wrapping_sub(LENGTH as u64) & !15;
    let mut frame = Frame([0; LENGTH]);
    frame.0[INFO..INFO + 128].copy_from_slice(info.bytes());
    frame.put(STACK, start);
    frame.put(STACK + 8, stack_flags(t).into());
    frame.put(STACK + 16, length);
    frame.put(MASK, t.signals.mask);
    let hart = &mut t.state.hart;
    frame.put(PC, hart.pc);
    for n in 1..32 {
        frame.put(PC + 8 * n, hart.x[n]);
    }
    for n in 0..32 {
        frame.put(FLOATS + 8 * n, hart.f[n]);
    }
    frame.put(FCSR, (hart.frm << 5 | hart.fflags).into());
    guest_memory::write(GuestAddr::new(sp), &frame.0)?;
    hart.x[1] = t.process.options.sigreturn;
    hart.x[2] = sp;
    hart.x[10] = info.signal().into();
    hart.x[11] = sp + INFO as u64;
    hart.x[12] = sp + CONTEXT as u64;
    hart.pc = action.handler;
    Ok(())
}

/// Puts back what is in the frame at the stack pointer. Gives the mask to go on with.
pub fn pop(t: &mut Thread) -> Result<u64, BadAddress> {
    let mut frame = Frame([0; LENGTH]);
    guest_memory::read(GuestAddr::new(t.state.hart.x[2]), &mut frame.0)?;
    // What compiled code raised belongs to the flags that are replaced.
    floats::to_hart(&mut t.state);
    let hart: &mut Hart = &mut t.state.hart;
    hart.pc = frame.get(PC) & !1;
    for n in 1..32 {
        hart.x[n] = frame.get(PC + 8 * n);
    }
    for n in 0..32 {
        hart.f[n] = frame.get(FLOATS + 8 * n);
    }
    let [fcsr, ..] = frame.get(FCSR).to_le_bytes();
    hart.frm = u32::from(fcsr >> 5);
    hart.fflags = u32::from(fcsr & 31);
    let disabled = frame.get(STACK + 8) & u64::from(SS_DISABLE) != 0;
    t.signals.alternate = if disabled {
        (0, 0)
    } else {
        (frame.get(STACK), frame.get(STACK + 16))
    };
    Ok(frame.get(MASK))
}
