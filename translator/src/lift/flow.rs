//! Which guest registers a unit has to write back and which it has to read again, block by block.
//!
//! A register outside of the slots lives in guest state between functions. It is *dirty* where it
//! may differ from its copy there, and *live* where its copy in the unit is still needed. Both are
//! ordinary data-flow problems over bit sets: bits 0 to 31 are `x`, 32 to 63 are `f`.

use std::collections::{BTreeMap, HashMap, HashSet};

use vmtrans_abi::{FLOAT_SLOTS, INT_SLOTS};
use vmtrans_isa::riscv::{Csr, Reg};
use vmtrans_isa::{Control, Effects, Rm, effects};

use super::LiftOptions;
use super::flags::{KeptFlags, kept_flags, reads_flags};
use super::forms::{Forms, forms};
use super::loops;
use crate::boundary::{self, Boundary, Regs, Way};
use crate::unit::{Target, Unit, UnitInsn};

/// What an instruction is to the flow of registers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Stays within the unit.
    Plain,
    /// Leaves the unit for a guest function or the interpreter and comes back.
    Sync(Sync),
    /// Leaves the unit for good.
    Exit,
    /// Leaves it on one of two ways.
    MayExit,
}

/// Who is called.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sync {
    /// A guest function.
    Call,
    /// The interpreter, for one instruction.
    Interpret,
}

/// The registers that are passed in host registers.
pub fn slots(vectors: bool) -> Regs {
    let ints = INT_SLOTS.iter().fold(0, |set, r| set | 1 << r.number());
    let floats = FLOAT_SLOTS.iter().filter(|_| vectors);
    floats.fold(ints, |set, r| set | 1 << (32 + r.number()))
}

/// What is known of each instruction and block.
pub struct Flow {
    /// The unit uses the host's vector registers. One that does not leaves the floating-point slots
    /// where they are, and need not pass them on.
    pub vectors: bool,
    /// The slots that the unit has to do with.
    pub slots: Regs,
    /// By index of instruction.
    pub kinds: Vec<Kind>,
    /// Registers read, by index of instruction.
    pub reads: Vec<Regs>,
    /// Registers written, by index of instruction.
    pub writes: Vec<Regs>,
    /// Dirty where a block begins.
    pub dirty_in: BTreeMap<i64, Regs>,
    /// Live where a block begins.
    pub live_in: BTreeMap<i64, Regs>,
    /// Live where a block ends.
    pub live_out: BTreeMap<i64, Regs>,
    /// Live right after an instruction that is a [`Kind::Sync`].
    pub live_after: HashMap<usize, Regs>,
    /// Accesses that are made for their own sake: what they load or store changes nothing.
    pub seen: HashSet<usize>,
    /// Registers are written back before anything that may fault, so none is dirty.
    exact_faults: bool,
    /// Flags are raised exactly.
    pub exact_flags: bool,
    /// Accesses to the flags that only keep them as they are, where they are not exact.
    pub kept: HashMap<usize, KeptFlags>,
    /// The forms of floating-point registers where blocks begin.
    pub forms: BTreeMap<i64, Forms>,
    /// Blocks that begin with a safepoint.
    pub headers: HashSet<i64>,
}

impl Flow {
    /// Analyses a unit.
    pub fn new(unit: &Unit, options: &LiftOptions, boundary: &Boundary) -> Flow {
        let known = effects_of(unit);
        let kept = kept_flags(unit, &known, boundary);
        let exact_flags = options.exact_flags || reads_flags(unit, &known, &kept);
        let kinds = unit
            .insns
            .iter()
            .zip(&known)
            .enumerate()
            .map(|(index, (insn, known))| {
                if !exact_flags && kept.contains_key(&index) {
                    Kind::Plain
                } else if lacks_host(insn, known.as_ref(), options) {
                    Kind::Sync(Sync::Interpret)
                } else {
                    kind(insn, known.as_ref(), exact_flags)
                }
            })
            .collect::<Vec<_>>();
        let sets = |get: fn(&Effects) -> Regs| {
            let sets = known.iter().map(|e| e.as_ref().map_or(0, get));
            sets.collect::<Vec<_>>()
        };
        let (reads, writes) = (sets(boundary::reads), sets(boundary::writes));
        let carry_less = |i: &UnitInsn| {
            let row = i.insn.map(|i| i.row.row());
            row.is_some_and(|row| row.extension == "zbc")
        };
        let vectors = reads.iter().chain(&writes).any(|set| set >> 32 != 0)
            || unit.insns.iter().any(carry_less);
        let mut headers = loops::polled(unit, &known, &kinds, boundary);
        headers.extend(boundary.safepoint.then_some(0));
        let forms = match vectors {
            true => forms(unit, &known, &kinds),
            false => BTreeMap::new(),
        };
        let mut flow = Flow {
            forms,
            vectors,
            slots: slots(vectors),
            kinds,
            reads,
            writes,
            dirty_in: BTreeMap::new(),
            live_in: BTreeMap::new(),
            live_out: BTreeMap::new(),
            live_after: HashMap::new(),
            seen: HashSet::new(),
            exact_faults: options.exact_faults,
            exact_flags,
            kept,
            headers,
        };
        flow.solve_dirty(unit);
        flow.solve_live(unit, boundary);
        flow.seen = seen_accesses(unit, &known, &flow);
        flow
    }

    /// In the rest of a block, and after it, the register is written before anything looks at it.
    /// Where the unit is left it is looked at.
    fn is_unread(&self, register: Regs, rest: std::ops::Range<usize>, live_out: Regs) -> bool {
        for index in rest {
            if self.reads[index] & register != 0 || self.kinds[index] != Kind::Plain {
                return false;
            }
            if self.writes[index] & register != 0 {
                return true;
            }
        }
        live_out & register == 0
    }

    /// All registers that the unit touches.
    pub fn used(&self) -> Regs {
        self.reads
            .iter()
            .chain(&self.writes)
            .fold(self.slots, |set, regs| set | regs)
    }

    fn solve_dirty(&mut self, unit: &Unit) {
        let mut work = unit.blocks.keys().copied().collect::<Vec<_>>();
        work.reverse();
        unit.blocks.keys().for_each(|&b| {
            self.dirty_in.insert(b, 0);
        });
        while let Some(at) = work.pop() {
            let block = &unit.blocks[&at];
            let mut dirty = self.dirty_in[&at];
            for index in block.first..block.first + block.count {
                dirty = self.dirty_after(index, dirty);
            }
            for successor in successors(unit, at) {
                let entry = self
                    .dirty_in
                    .get_mut(&successor)
                    .expect("successors are blocks");
                if dirty & !*entry != 0 {
                    *entry |= dirty;
                    work.push(successor);
                }
            }
        }
    }

    /// The dirty registers after an instruction.
    pub fn dirty_after(&self, index: usize, before: Regs) -> Regs {
        match self.kinds[index] {
            Kind::Sync(_) => 0,
            _ if self.exact_faults => 0,
            _ => before | (self.writes[index] & !self.slots),
        }
    }

    fn solve_live(&mut self, unit: &Unit, boundary: &Boundary) {
        let mut predecessors: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
        for &at in unit.blocks.keys() {
            self.live_in.insert(at, 0);
            self.live_out.insert(at, 0);
            for successor in successors(unit, at) {
                predecessors.entry(successor).or_default().push(at);
            }
        }
        let mut work = unit.blocks.keys().copied().collect::<Vec<_>>();
        while let Some(at) = work.pop() {
            let out = successors(unit, at)
                .iter()
                .fold(0, |set, s| set | self.live_in[s]);
            let live = self.live_before(unit, boundary, at, out);
            self.live_out.insert(at, out);
            if live != self.live_in[&at] {
                self.live_in.insert(at, live);
                work.extend(predecessors.get(&at).into_iter().flatten());
            }
        }
    }

    fn live_before(&mut self, unit: &Unit, boundary: &Boundary, at: i64, out: Regs) -> Regs {
        let block = &unit.blocks[&at];
        let mut dirty = Vec::with_capacity(block.count);
        let mut now = self.dirty_in[&at];
        for index in block.first..block.first + block.count {
            dirty.push(now);
            now = self.dirty_after(index, now);
        }
        let mut live = out;
        if let Target::Outside(_) = block.next {
            live |= boundary.needs(Way::Behind(at)) & (self.slots | now);
        }
        for index in (block.first..block.first + block.count).rev() {
            let passed = self.slots | dirty[index - block.first];
            let (reads, writes) = (self.reads[index], self.writes[index]);
            let way_out = || boundary.needs(Way::At(index));
            live = match self.kinds[index] {
                Kind::Plain => live & !writes | reads,
                Kind::Sync(sync) => {
                    self.live_after.insert(index, live);
                    match sync {
                        // The link register is written before control leaves.
                        Sync::Call => way_out() & passed & !writes | reads,
                        Sync::Interpret => passed | reads,
                    }
                }
                Kind::Exit => way_out() & (passed | writes & !self.slots) | reads,
                Kind::MayExit => live & !writes | reads | way_out() & passed,
            };
        }
        live
    }
}

/// The blocks that may follow a block.
pub fn successors(unit: &Unit, at: i64) -> Vec<i64> {
    let block = &unit.blocks[&at];
    let last = &unit.insns[block.first + block.count - 1];
    let control = last
        .insn
        .map_or(Control::Illegal, |insn| effects(&insn).control);
    let mut out = Vec::new();
    let falls = match control {
        Control::Illegal => false,
        Control::Jump { link, .. } | Control::JumpIndirect { link, .. } => link == Reg::RA,
        _ => true,
    };
    if let (true, Target::Inside(next)) = (falls, block.next) {
        out.push(next);
    }
    let is_call = matches!(control, Control::Jump { .. } | Control::JumpIndirect { .. }) && falls;
    if let (false, Some(Target::Inside(target))) = (is_call, last.target) {
        out.push(target);
    }
    if let Some(table) = &last.table {
        out.extend(&table.targets);
    }
    out.sort_unstable();
    out.dedup();
    out
}

pub(super) fn effects_of(unit: &Unit) -> Vec<Option<Effects>> {
    let known = unit.insns.iter();
    known.map(|i| i.insn.map(|insn| effects(&insn))).collect()
}

/// Loads whose result nobody looks at, and stores of what was just loaded from the same place. They
/// are in a program to be made, since each may fault; LLVM would leave them out.
fn seen_accesses(unit: &Unit, known: &[Option<Effects>], flow: &Flow) -> HashSet<usize> {
    let mut seen = HashSet::new();
    for (at, block) in &unit.blocks {
        let mut loaded: Option<(Reg, Reg, i64)> = None;
        let end = block.first + block.count;
        let insns = unit.insns.iter().zip(known).enumerate();
        for (index, (insn, effects)) in insns.take(end).skip(block.first) {
            let (Some(insn), Some(effects)) = (insn.insn, effects) else {
                break;
            };
            let f = insn.fields;
            if effects.stores && !effects.atomic && loaded == Some((f.rs2, f.rs1, f.imm)) {
                seen.insert(index);
            }
            let is_load = effects.loads && !effects.atomic;
            if is_load && flow.is_unread(flow.writes[index], index + 1..end, flow.live_out[at]) {
                seen.insert(index);
            }
            match loaded {
                _ if is_load => loaded = (f.rd != f.rs1).then_some((f.rd, f.rs1, f.imm)),
                // As compilers extend what they loaded.
                Some((value, ..))
                    if insn.row.row().name == "Andi" && f.rd == value && f.rs1 == value => {}
                Some((value, base, _))
                    if effects.writes.contains(value.number())
                        || effects.writes.contains(base.number()) =>
                {
                    loaded = None;
                }
                _ => {}
            }
        }
    }
    seen
}

/// The host's instructions for it are not to be used, or no symbol reaches its address.
fn lacks_host(insn: &UnitInsn, known: Option<&Effects>, options: &LiftOptions) -> bool {
    let (Some(decoded), Some(known)) = (insn.insn, known) else {
        return false;
    };
    let row = decoded.row.row();
    let has = |feature| options.has_feature(feature);
    let rounds = known.to_integer && known.rounding != Some(Rm::Rtz) || known.to_integral;
    row.extension == "zbc" && !has("pclmul")
        || row.name == "Auipc" && insn.result.is_none()
        || known.fused && !has("fma")
        || rounds && !has("sse4.1")
}

fn kind(insn: &UnitInsn, known: Option<&Effects>, exact_flags: bool) -> Kind {
    let Some(known) = known else {
        return Kind::Exit;
    };
    match known.control {
        Control::Jump { link, .. } | Control::JumpIndirect { link, .. } if link == Reg::RA => {
            Kind::Sync(Sync::Call)
        }
        Control::Jump { .. } | Control::JumpIndirect { .. } => match insn.target {
            Some(Target::Inside(_)) => Kind::Plain,
            // A table's default leaves.
            None if insn.table.is_some() => Kind::MayExit,
            _ => Kind::Exit,
        },
        Control::Branch { .. } => match insn.target {
            Some(Target::Inside(_)) => Kind::Plain,
            _ => Kind::MayExit,
        },
        Control::Illegal => Kind::Exit,
        Control::Ecall | Control::Ebreak => Kind::Sync(Sync::Interpret),
        Control::None if interpreted(known, exact_flags) => Kind::Sync(Sync::Interpret),
        Control::None => Kind::Plain,
    }
}

/// Left to the interpreter: what is rare, and what LLVM may not reorder or fold.
fn interpreted(known: &Effects, exact_flags: bool) -> bool {
    let csr = match known.csr {
        // Compiled code runs only while frm is 0, so reading it needs no help.
        Some(Csr::FRM) => known.csr_written,
        Some(Csr::FFLAGS) => !exact_flags,
        Some(Csr::FCSR) => !exact_flags || known.csr_written,
        Some(_) => true,
        None => false,
    };
    let rounding = match known.rounding {
        None | Some(Rm::Rne | Rm::Dyn) => false,
        Some(Rm::Rmm) => !known.to_integer || exact_flags,
        Some(Rm::Rtz | Rm::Rdn | Rm::Rup) => !known.to_integer,
    };
    // No host instruction raises the same flags.
    let unlike_host = exact_flags && known.to_integral;
    csr || rounding || known.fence_i || unlike_host
}
