//! In which form each floating-point register comes to a block: as the format that the guest last
//! wrote there, so that no code has to find it out while it runs.
//!
//! A register that comes in two formats, or from guest state, comes as its 64 bits. How a form is
//! turned into another is not known here.

use std::collections::BTreeMap;

use vmtrans_isa::{Effects, Fmt};

use super::flow::{Kind, successors};
use crate::unit::Unit;

/// What a floating-point register holds where a block begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// A double, or any 64 bits.
    Double,
    /// A single.
    Single,
}

impl Form {
    /// What both can be turned into.
    fn meet(self, other: Form) -> Form {
        if self == other { self } else { Form::Double }
    }

    /// What an instruction leaves in a register that it writes.
    fn written(effects: &Effects) -> Form {
        match effects.float_format {
            Some(Fmt::S) => Form::Single,
            _ => Form::Double,
        }
    }
}

/// By register; `None` where control does not come from anywhere.
pub type Forms = [Option<Form>; 32];

/// The forms where blocks begin.
pub fn forms(unit: &Unit, known: &[Option<Effects>], kinds: &[Kind]) -> BTreeMap<i64, Forms> {
    let mut forms = unit
        .blocks
        .keys()
        .map(|&at| (at, [None; 32]))
        .collect::<BTreeMap<_, Forms>>();
    // Entered from guest state.
    forms.insert(0, [Some(Form::Double); 32]);
    let mut work = unit.blocks.keys().rev().copied().collect::<Vec<_>>();
    while let Some(at) = work.pop() {
        let mut now = forms[&at];
        let block = &unit.blocks[&at];
        for index in block.first..block.first + block.count {
            match (&known[index], kinds[index]) {
                // What a call leaves is read from guest state.
                (_, Kind::Sync(_)) => now = [Some(Form::Double); 32],
                (Some(effects), _) => {
                    for r in effects.fwrites.iter() {
                        now[usize::from(r)] = Some(Form::written(effects));
                    }
                }
                (None, _) => {}
            }
        }
        for next in successors(unit, at) {
            let before = forms[&next];
            let met: Forms = std::array::from_fn(|r| match (before[r], now[r]) {
                (Some(a), Some(b)) => Some(a.meet(b)),
                (a, b) => a.or(b),
            });
            if met != before {
                forms.insert(next, met);
                work.push(next);
            }
        }
    }
    forms
}
