//! A discovered guest function: what discovery hands to the lifter.
//!
//! It says where control may go and which values are guest addresses, so that the lifter never
//! needs an absolute address and a unit's object can be shared by programs that place it
//! elsewhere.

use std::collections::BTreeMap;

use vmtrans_isa::GuestAddr;
use vmtrans_isa::riscv::Insn;

/// What discovery knows of an instruction beyond its encoding.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Note {
    /// The value written to `rd` is always this guest address.
    pub result: Option<GuestAddr>,
    /// The load, store or atomic always accesses this guest address.
    pub address: Option<GuestAddr>,
    /// The indirect jump always goes here.
    pub target: Option<GuestAddr>,
    /// The indirect jump goes through a table.
    pub table: Option<JumpTable>,
    /// The indirect jump is made with the stack pointer that the function was entered with, as
    /// tail calls are.
    pub frame_is_gone: bool,
}

/// A table of code addresses in read-only memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JumpTable {
    /// The load, as an index into [`Function::insns`], that reads an entry.
    pub load: usize,
    /// Address of the first entry.
    pub base: GuestAddr,
    /// Bytes in an entry: 4 or 8.
    pub entry_bytes: u32,
    /// A check of the index says that there are no more entries.
    pub complete: bool,
    /// Where each entry leads, inside the function.
    pub targets: Vec<GuestAddr>,
}

/// An instruction in place.
#[derive(Clone, Debug)]
pub struct Located {
    /// Where it is.
    pub addr: GuestAddr,
    /// What it is; `None` where nothing decodes (executing it is an illegal instruction).
    pub insn: Option<Insn>,
    /// What discovery knows of it.
    pub note: Note,
}

/// A basic block: instructions `first .. first + count` of the function, entered at the first and
/// left at the last only.
#[derive(Clone, Debug)]
pub struct Block {
    /// Index of the first instruction.
    pub first: usize,
    /// How many instructions; at least one.
    pub count: usize,
}

/// What the beginning of a function is to others.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Beginning {
    /// No other function has it.
    Own,
    /// The continuation of a function that was too long for one unit.
    Cut,
    /// In the middle of another function, which runs through it.
    Inner,
}

/// A translation unit's guest code: all blocks reachable from `start` without passing another
/// function's entry.
#[derive(Clone, Debug)]
pub struct Function {
    /// Its entry, also the address of one of the blocks.
    pub start: GuestAddr,
    /// What its beginning is to others.
    pub beginning: Beginning,
    /// Its name, where a symbol gives one.
    pub name: Option<String>,
    /// All instructions, sorted by address.
    pub insns: Vec<Located>,
    /// The blocks by the address of their first instruction. Where the end of a block, a branch or a
    /// jump leads to an address that is no key here, control leaves the function.
    pub blocks: BTreeMap<GuestAddr, Block>,
}
