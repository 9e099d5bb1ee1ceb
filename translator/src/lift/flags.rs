//! Which programs look at floating-point flags, and which instructions only save them and put them
//! back. Nothing is known here of how either is lifted.

use std::collections::{HashMap, HashSet};

use vmtrans_isa::riscv::{Csr, Reg};
use vmtrans_isa::{Control, Effects};

use super::flow::{effects_of, successors};
use crate::boundary::{Boundary, Way};
use crate::unit::{Target, Unit};

/// Part of a pair that saves the flags and puts them back.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum KeptFlags {
    /// Reads the flags; what was read is overwritten before it gets anywhere.
    Unread,
    /// Reads the flags; what was read may still be in its register where the unit is left.
    Leaked,
    /// Puts them back.
    Restored,
}

/// The unit looks at floating-point flags. To set them is not to look.
pub fn observes_flags(unit: &Unit) -> bool {
    let known = effects_of(unit);
    let kept = kept_flags(unit, &known, &Boundary::default());
    reads_flags(unit, &known, &kept)
}

/// Some access to the flags, other than those that keep them, has a result.
pub(super) fn reads_flags(
    unit: &Unit,
    known: &[Option<Effects>],
    kept: &HashMap<usize, KeptFlags>,
) -> bool {
    let mut insns = unit.insns.iter().zip(known).enumerate();
    insns.any(|(index, (insn, known))| {
        let csr = known.as_ref().and_then(|e| e.csr);
        matches!(csr, Some(Csr::FFLAGS | Csr::FCSR))
            && insn.insn.is_some_and(|i| i.fields.rd != Reg::ZERO)
            && !kept.contains_key(&index)
    })
}

/// Finds pairs that save the flags and put them back, in one block, with nothing in between that
/// leaves the unit or looks at what was saved: compilers write them around comparisons that are to
/// raise none.
pub(super) fn kept_flags(
    unit: &Unit,
    known: &[Option<Effects>],
    boundary: &Boundary,
) -> HashMap<usize, KeptFlags> {
    let mut kept = HashMap::new();
    for (&at, block) in &unit.blocks {
        let end = block.first + block.count;
        let mut saved: Option<(usize, Reg)> = None;
        for index in block.first..end {
            let (Some(insn), Some(effects)) = (unit.insns[index].insn, &known[index]) else {
                break;
            };
            let is_flags = effects.csr == Some(Csr::FFLAGS);
            let f = insn.fields;
            // csrrw with a register.
            let puts_back = is_flags && f.rd == Reg::ZERO && insn.raw >> 12 & 7 == 1;
            saved = match saved {
                _ if is_flags && !effects.csr_written && f.rd != Reg::ZERO => Some((index, f.rd)),
                Some((read, register)) if puts_back && f.rs1 == register => {
                    if let Some(saved) = fate(unit, known, boundary, register, at, index + 1) {
                        kept.extend([(read, saved), (index, KeptFlags::Restored)]);
                    }
                    None
                }
                Some((_, register))
                    if effects.writes.contains(register.number())
                        || effects.reads.contains(register.number()) =>
                {
                    None
                }
                _ if effects.csr.is_some() || effects.control != Control::None => None,
                other => other,
            };
        }
    }
    kept
}

/// What becomes of saved flags in a register from `index` on, in the block at `at`. `None` where the
/// unit looks at them, or returns them.
fn fate(
    unit: &Unit,
    known: &[Option<Effects>],
    boundary: &Boundary,
    register: Reg,
    at: i64,
    index: usize,
) -> Option<KeptFlags> {
    let is_result = register == Reg::new(10) || register == Reg::new(11);
    let mut fate = KeptFlags::Unread;
    let mut seen = HashSet::new();
    let mut work = vec![(at, index)];
    'paths: while let Some((at, first)) = work.pop() {
        let block = &unit.blocks[&at];
        let leaves = |way| match boundary.needs(way) >> register.number() & 1 {
            0 => KeptFlags::Unread,
            _ => KeptFlags::Leaked,
        };
        let rest = known.iter().enumerate().take(block.first + block.count);
        for (index, effects) in rest.skip(first) {
            match effects {
                Some(effects) if effects.reads.contains(register.number()) => return None,
                Some(effects) if effects.writes.contains(register.number()) => continue 'paths,
                Some(_) => {}
                None => fate = KeptFlags::Leaked,
            }
            let is_call = |link| link == Reg::RA;
            match effects.as_ref().map_or(Control::Illegal, |e| e.control) {
                Control::Jump { link, .. } | Control::JumpIndirect { link, .. }
                    if is_call(link) =>
                {
                    fate = fate.max(leaves(Way::At(index)));
                    continue 'paths;
                }
                Control::JumpIndirect { .. } if is_result => return None,
                Control::JumpIndirect { .. } => fate = fate.max(leaves(Way::At(index))),
                Control::Branch { .. } | Control::Jump { .. } => {
                    if let Some(Target::Outside(_)) = unit.insns[index].target {
                        fate = fate.max(leaves(Way::At(index)));
                    }
                }
                _ => {}
            }
        }
        if matches!(block.next, Target::Outside(_)) {
            fate = fate.max(leaves(Way::Behind(at)));
        }
        let next = successors(unit, at).into_iter();
        let new = next.filter(|&next| seen.insert(next));
        work.extend(new.map(|next| (next, unit.blocks[&next].first)));
    }
    Some(fate)
}
