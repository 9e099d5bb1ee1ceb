//! Guest instruction sets as tables: one row an instruction, holding its encoding, its
//! assembly text and its meaning. The decoder, the disassembler, the interpreter, the
//! lifter and the fuzz sampler are readers of the rows.
//!
//! This crate knows nothing of LLVM, Linux or ELF, and has no unsafe code.
#![forbid(unsafe_code)]

mod addr;
mod arith;
mod effects;
mod interp;
mod pattern;
pub mod riscv;
mod sem;
pub mod softfloat;

pub use addr::GuestAddr;
pub use effects::{Control, Effects, RegSet, effects};
pub use interp::{Bus, Fault, Flow, Interpreter};
pub use pattern::{Field, FieldKind, Pattern};
pub use sem::{AmoOp, CsrOp, Fmt, IntTy, Ordering, Rm, Sem, Width};
