//! The interpreter: the tables' meanings computed on a [`Hart`], one instruction at a time.
//!
//! It is the tier of last resort and the witness for the lifter. Memory and time are behind
//! [`Bus`]; it knows nothing of system calls, signals or where instructions come from.

mod sem;

use crate::arith;
use crate::riscv::{self, Csr, Hart, Insn};
use crate::sem::{AmoOp, Ordering, Rm, Width};

/// A memory access that did not happen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// An atomic access to an address that is not a multiple of its size.
    Misaligned,
    /// Nothing there, or not permitted. The bus remembers what it wants to tell of it.
    Access,
}

/// What an interpreter needs of the world around the hart.
pub trait Bus {
    /// Loads `w` bytes, zero-extended. Any alignment.
    fn load(&mut self, w: Width, address: u64) -> Result<u64, Fault>;
    /// Stores the low `w` bytes. Any alignment.
    fn store(&mut self, w: Width, address: u64, v: u64) -> Result<(), Fault>;
    /// Load-reserved, zero- or sign-extended. The reservation may be kept in `hart`.
    fn load_reserved(
        &mut self,
        hart: &mut Hart,
        w: Width,
        o: Ordering,
        address: u64,
    ) -> Result<u64, Fault>;
    /// Store-conditional: true where it stored. Either way the reservation is gone.
    fn store_conditional(
        &mut self,
        hart: &mut Hart,
        w: Width,
        o: Ordering,
        address: u64,
        v: u64,
    ) -> Result<bool, Fault>;
    /// Atomic read-modify-write: the old value, zero- or sign-extended.
    fn amo(&mut self, op: AmoOp, w: Width, o: Ordering, address: u64, v: u64)
    -> Result<u64, Fault>;
    /// Orders memory accesses; `pred` and `succ` as in the instruction (bits i, o, r, w).
    fn fence(&mut self, pred: u32, succ: u32);
    /// Makes stores to instruction memory visible to fetches.
    fn fence_i(&mut self);
    /// The `cycle` CSR.
    fn cycle(&mut self) -> u64;
    /// The `time` CSR.
    fn time(&mut self) -> u64;
    /// The `instret` CSR.
    fn instret(&mut self) -> u64;
}

/// How an instruction ended. In all cases but the first two, `hart.pc` is still at the
/// instruction and it has had no effect.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Flow {
    /// `hart.pc` is at the instruction that follows.
    Next,
    /// `hart.pc` is where the instruction went.
    Jumped,
    /// Environment call.
    Ecall,
    /// Breakpoint.
    Ebreak,
    /// Illegal instruction.
    Illegal,
    /// Misaligned atomic access.
    Misaligned,
    /// The bus refused a memory access.
    Fault,
}

/// One hart and its bus.
pub struct Interpreter<'a, B: Bus> {
    /// Architectural state.
    pub hart: &'a mut Hart,
    /// Memory and clocks.
    pub bus: &'a mut B,
    flow: Flow,
    len: u8,
    /// The state before an access that faulted, since the meaning runs on to its end.
    before_fault: Option<Hart>,
}

impl<'a, B: Bus> Interpreter<'a, B> {
    /// An interpreter of this hart.
    #[inline]
    pub fn new(hart: &'a mut Hart, bus: &'a mut B) -> Self {
        Interpreter {
            hart,
            bus,
            flow: Flow::Next,
            len: 0,
            before_fault: None,
        }
    }

    /// Executes the instruction, which is the one at `hart.pc`.
    #[inline]
    pub fn step(&mut self, insn: &Insn) -> Flow {
        if self.hart.frm > 4 && insn.fields.rm == Rm::Dyn {
            return Flow::Illegal;
        }
        self.flow = Flow::Next;
        self.len = insn.len;
        riscv::execute(self, insn);
        match self.flow {
            Flow::Next => self.hart.pc = self.after(),
            Flow::Misaligned | Flow::Fault => self.undo(),
            _ => {}
        }
        self.flow
    }

    /// The address of the instruction that follows.
    #[inline]
    fn after(&self) -> u64 {
        self.hart.pc.wrapping_add(u64::from(self.len))
    }

    #[inline]
    fn jump_to(&mut self, target: u64) {
        self.hart.pc = target;
        self.flow = Flow::Jumped;
    }

    /// What came of an access; after a fault the meaning goes on with zero.
    #[inline]
    fn access<T: Default>(&mut self, result: Result<T, Fault>) -> T {
        match result {
            Ok(value) => value,
            Err(fault) => {
                self.fault(fault);
                T::default()
            }
        }
    }

    #[cold]
    fn fault(&mut self, fault: Fault) {
        self.flow = match fault {
            Fault::Misaligned => Flow::Misaligned,
            Fault::Access => Flow::Fault,
        };
        self.before_fault = Some(self.hart.clone());
    }

    #[cold]
    fn undo(&mut self) {
        if let Some(hart) = self.before_fault.take() {
            *self.hart = hart;
        }
    }

    /// The value of a CSR, if it is one that user code may read.
    fn csr_read(&mut self, csr: Csr) -> Option<u64> {
        let hart = &self.hart;
        match csr {
            Csr::FFLAGS => Some(u64::from(hart.fflags)),
            Csr::FRM => Some(u64::from(hart.frm)),
            Csr::FCSR => Some(u64::from(hart.frm << 5 | hart.fflags)),
            Csr::CYCLE => Some(self.bus.cycle()),
            Csr::TIME => Some(self.bus.time()),
            Csr::INSTRET => Some(self.bus.instret()),
            _ => None,
        }
    }

    /// Bits that a CSR does not have are ignored.
    fn csr_write(&mut self, csr: Csr, value: u64) {
        let value = arith::low_word(value);
        match csr {
            Csr::FFLAGS => self.hart.fflags = value & 0x1f,
            Csr::FRM => self.hart.frm = value & 7,
            Csr::FCSR => {
                self.hart.fflags = value & 0x1f;
                self.hart.frm = value >> 5 & 7;
            }
            _ => self.flow = Flow::Illegal,
        }
    }
}
