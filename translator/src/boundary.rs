//! What a unit is told of the units around it: which guest registers have to be right where control
//! goes over to them. It is part of a unit's key.
//!
//! How that is found out is not known here.

use std::collections::{BTreeMap, BTreeSet};

use vmtrans_isa::{Effects, RegSet};

/// A set of guest registers: bits 0 to 31 are `x`, 32 to 63 are `f`.
pub type Regs = u64;

/// The integer and the floating-point registers of two sets.
fn both(ints: RegSet, floats: RegSet) -> Regs {
    u64::from(ints.bits()) | u64::from(floats.bits()) << 32
}

/// The registers that an instruction reads. `x0` is in no set.
pub fn reads(effects: &Effects) -> Regs {
    both(effects.reads, effects.freads) & !1
}

/// The registers that an instruction writes.
pub fn writes(effects: &Effects) -> Regs {
    both(effects.writes, effects.fwrites) & !1
}

/// What one unit is told: the registers that have to be right where control leaves it. Where nothing
/// is said, all.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Boundary {
    /// By index of an instruction that calls, jumps or branches out of the unit.
    at: BTreeMap<usize, Regs>,
    /// By offset of a block that runs into another unit.
    behind: BTreeMap<i64, Regs>,
    /// Signals are taken where the unit is entered: it may be on a way from unit to unit that has no
    /// end.
    pub safepoint: bool,
    /// Calls, by index of instruction, of units that take signals where they are entered.
    pub safepoint_calls: BTreeSet<usize>,
}

/// Where control leaves a unit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    /// By the instruction at this index.
    At(usize),
    /// Behind the last instruction of the block at this offset.
    Behind(i64),
}

impl Boundary {
    /// Registers may be looked at everywhere.
    #[must_use]
    pub fn with_all_registers(self) -> Boundary {
        Boundary {
            at: BTreeMap::new(),
            behind: BTreeMap::new(),
            ..self
        }
    }

    /// What has to be right on a way out.
    pub fn needs(&self, way: Way) -> Regs {
        let known = match way {
            Way::At(index) => self.at.get(&index),
            Way::Behind(block) => self.behind.get(&block),
        };
        known.copied().unwrap_or(Regs::MAX)
    }

    /// Only these have to be right on a way out.
    pub fn insert(&mut self, way: Way, needed: Regs) {
        match way {
            Way::At(index) => self.at.insert(index, needed),
            Way::Behind(block) => self.behind.insert(block, needed),
        };
    }

    /// For the unit's key. The ways out are in the unit, and come in their order.
    pub fn content(&self) -> Vec<u8> {
        let Boundary {
            at,
            behind,
            safepoint,
            safepoint_calls,
        } = self;
        let places = at.keys().map(|&index| index as u64);
        let places = places.chain(behind.keys().map(|offset| offset.cast_unsigned()));
        let sets = at.values().chain(behind.values()).copied();
        let calls = safepoint_calls.iter().map(|&index| index as u64);
        let first = [u64::from(*safepoint), at.len() as u64, behind.len() as u64];
        let all = first.into_iter().chain(places).chain(sets).chain(calls);
        all.flat_map(u64::to_le_bytes).collect()
    }
}
