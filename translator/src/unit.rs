//! A translation unit: a guest function freed of where it lies in memory.
//!
//! Guest addresses outside of the unit are numbered references; the lifter sees only the numbers,
//! and the linker gives them their values. So the same function in two programs, or in two
//! versions of one, is one unit with one key, even where its callees and its data have moved.

use std::collections::{BTreeMap, HashMap};

use vmtrans_isa::GuestAddr;
use vmtrans_isa::riscv::{Insn, Reg};
use vmtrans_isa::{Control, effects};

use crate::function::Function;

/// Number of a guest address that a unit refers to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct RefId(pub u32);

/// Where control goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Target {
    /// The block of the unit at this offset from its start.
    Inside(i64),
    /// The guest function at this reference.
    Outside(RefId),
}

/// A jump table whose entries all lead into the unit.
#[derive(Clone, Debug)]
pub struct UnitTable {
    /// Index of the instruction that loads an entry.
    pub load: usize,
    /// Address of the first entry.
    pub base: RefId,
    /// Bytes in an entry.
    pub entry_bytes: u32,
    /// A check of the index says that there are no more entries.
    pub complete: bool,
    /// Offsets of the blocks that the entries lead to.
    pub targets: Vec<i64>,
}

/// An instruction of a unit.
#[derive(Clone, Debug)]
pub struct UnitInsn {
    /// From the unit's start, in bytes.
    pub offset: i64,
    /// `None` where nothing decodes.
    pub insn: Option<Insn>,
    /// The address that it writes to `rd`.
    pub result: Option<RefId>,
    /// The address that it accesses.
    pub address: Option<RefId>,
    /// Where a direct or resolved jump, call or branch goes.
    pub target: Option<Target>,
    /// The table that it jumps through.
    pub table: Option<UnitTable>,
    /// It jumps with the stack pointer that the unit was entered with.
    pub frame_is_gone: bool,
}

/// A basic block of a unit.
#[derive(Clone, Debug)]
pub struct UnitBlock {
    /// Index of its first instruction.
    pub first: usize,
    /// How many instructions.
    pub count: usize,
    /// Where it goes on when its last instruction falls through.
    pub next: Target,
}

/// A guest function without addresses.
#[derive(Clone, Debug)]
pub struct Unit {
    /// Instructions by offset.
    pub insns: Vec<UnitInsn>,
    /// Blocks by offset; the one at 0 is the entry.
    pub blocks: BTreeMap<i64, UnitBlock>,
    /// How many references it has.
    pub references: u32,
}

/// What a program adds to a [`Unit`]: the values of its references.
#[derive(Clone, Debug)]
pub struct Placement {
    /// Guest address of the unit's start.
    pub start: GuestAddr,
    /// Guest addresses by [`RefId`].
    pub references: Vec<GuestAddr>,
    /// The function's name.
    pub name: Option<String>,
}

impl Unit {
    /// Splits a function into what it does and where it is.
    pub fn new(function: &Function) -> (Unit, Placement) {
        let mut numbering = Numbering::default();
        let insns = function
            .insns
            .iter()
            .map(|located| numbering.insn(function, located))
            .collect::<Vec<_>>();
        let blocks = function
            .blocks
            .iter()
            .map(|(&addr, block)| {
                let last = &function.insns[block.first + block.count - 1];
                let length = last.insn.map_or(2, |insn| i64::from(insn.len));
                let next = numbering.target(function, last.addr.wrapping_offset(length));
                let unit_block = UnitBlock {
                    first: block.first,
                    count: block.count,
                    next,
                };
                (offset(function, addr), unit_block)
            })
            .collect();
        let references = numbering.addresses;
        let unit = Unit {
            insns,
            blocks,
            references: u32::try_from(references.len()).unwrap_or(0),
        };
        let placement = Placement {
            start: function.start,
            references,
            name: function.name.clone(),
        };
        (unit, placement)
    }

    /// The unit's content for its cache key: everything that its object depends on, and nothing
    /// that depends on where it lies.
    pub fn content(&self) -> Vec<u8> {
        let Unit {
            insns,
            blocks,
            references,
        } = self;
        let mut out = Vec::with_capacity(insns.len() * 16);
        out.extend(references.to_le_bytes());
        for insn in insns {
            put_insn(&mut out, insn);
        }
        for (offset, UnitBlock { first, count, next }) in blocks {
            out.extend(offset.to_le_bytes());
            out.extend((*first as u64).to_le_bytes());
            out.extend((*count as u64).to_le_bytes());
            put_target(&mut out, Some(*next));
        }
        out
    }
}

/// A reference is 32 bits wide, or relative to the code. What is farther is computed as the guest
/// does.
fn is_near(start: GuestAddr, addr: GuestAddr) -> bool {
    const LOW: u64 = 1 << 31;
    let distance = addr.wrapping_distance(start).cast_signed().unsigned_abs();
    if start.get() < LOW {
        addr.get() < LOW
    } else {
        distance < 1 << 30
    }
}

fn offset(function: &Function, addr: GuestAddr) -> i64 {
    addr.wrapping_distance(function.start).cast_signed()
}

fn put_insn(out: &mut Vec<u8>, insn: &UnitInsn) {
    let UnitInsn {
        offset,
        insn,
        result,
        address,
        target,
        table,
        frame_is_gone,
    } = insn;
    out.extend(offset.to_le_bytes());
    let placed = result.is_some() || address.is_some() || target.is_some();
    match insn {
        None => out.push(0),
        // The immediate is in the references; the registers are not.
        Some(insn) if placed => {
            let f = &insn.fields;
            out.extend([1, insn.len, f.rd.number(), f.rs1.number(), f.rs2.number()]);
            out.extend((insn.row.index() as u64).to_le_bytes());
            out.extend([
                f.rm as u8,
                u8::from(f.ordering.acquire),
                u8::from(f.ordering.release),
            ]);
        }
        Some(insn) => {
            out.extend([2, insn.len]);
            out.extend(insn.raw.to_le_bytes());
        }
    }
    for reference in [result, address] {
        out.extend(reference.map_or(u32::MAX, |r| r.0).to_le_bytes());
    }
    put_target(out, *target);
    out.push(u8::from(*frame_is_gone));
    let Some(UnitTable {
        load,
        base,
        entry_bytes,
        complete,
        targets,
    }) = table
    else {
        return out.push(0);
    };
    out.push(1);
    out.extend((*load as u64).to_le_bytes());
    out.extend(base.0.to_le_bytes());
    out.extend(entry_bytes.to_le_bytes());
    out.push(u8::from(*complete));
    out.extend((targets.len() as u64).to_le_bytes());
    targets.iter().for_each(|t| out.extend(t.to_le_bytes()));
}

fn put_target(out: &mut Vec<u8>, target: Option<Target>) {
    match target {
        None => out.push(0),
        Some(Target::Inside(offset)) => {
            out.push(1);
            out.extend(offset.to_le_bytes());
        }
        Some(Target::Outside(RefId(id))) => {
            out.push(2);
            out.extend(id.to_le_bytes());
        }
    }
}

/// Numbers addresses in the order in which they are met.
#[derive(Default)]
struct Numbering {
    ids: HashMap<GuestAddr, RefId>,
    addresses: Vec<GuestAddr>,
}

impl Numbering {
    fn id(&mut self, addr: GuestAddr) -> RefId {
        *self.ids.entry(addr).or_insert_with(|| {
            self.addresses.push(addr);
            RefId(u32::try_from(self.addresses.len() - 1).expect("a function is limited in size"))
        })
    }

    fn target(&mut self, function: &Function, addr: GuestAddr) -> Target {
        if function.blocks.contains_key(&addr) {
            Target::Inside(offset(function, addr))
        } else {
            Target::Outside(self.id(addr))
        }
    }

    fn insn(&mut self, function: &Function, located: &crate::function::Located) -> UnitInsn {
        let start = function.start;
        let note = &located.note;
        let near = |addr: Option<GuestAddr>| addr.filter(|&a| is_near(start, a));
        let control = located.insn.map(|insn| effects(&insn).control);
        let direct = match control {
            Some(Control::Branch { offset } | Control::Jump { offset, .. }) => {
                Some(located.addr.wrapping_offset(offset))
            }
            _ => near(note.target),
        };
        let table = note.table.as_ref().map(|table| UnitTable {
            load: table.load,
            base: self.id(table.base),
            entry_bytes: table.entry_bytes,
            complete: table.complete,
            targets: table.targets.iter().map(|&t| offset(function, t)).collect(),
        });
        UnitInsn {
            offset: offset(function, located.addr),
            insn: located.insn,
            result: near(note.result).map(|a| self.id(a)),
            address: near(note.address).map(|a| self.id(a)),
            target: direct.map(|a| match control {
                // A call leaves even where it goes to a block of its own function.
                Some(
                    Control::Jump { link: Reg::RA, .. }
                    | Control::JumpIndirect { link: Reg::RA, .. },
                ) => Target::Outside(self.id(a)),
                _ => self.target(function, a),
            }),
            table,
            frame_is_gone: note.frame_is_gone,
        }
    }
}
