//! Which of the values that are known are worth a note, and what else they tell.

use vmtrans_isa::GuestAddr;

use super::explore::Step;
use super::flow::Facts;
use super::machine::Seen;
use super::value::{Origin, Val};
use crate::guest::Guest;

impl Facts {
    /// Takes down what the instruction at this index did.
    pub(super) fn note(&mut self, guest: &Guest, steps: &[Step], index: usize, seen: &Seen) {
        if let Some((_, value)) = seen.write
            && (!seen.fresh || is_relative(value))
            && let Some(result) = self.address(guest, steps, value)
        {
            self.notes[index].result = Some(result);
            if !is_relative(value) {
                self.absolute.push(index);
            }
            if !seen.fresh {
                let kind = if guest.is_code(result) {
                    &mut self.pointers
                } else {
                    &mut self.objects
                };
                kind.insert(result);
            }
        }
        if let Some(value) = seen.address
            && let Some(address) = self.address(guest, steps, value)
        {
            self.notes[index].address = Some(address);
            if !is_relative(value) && guest.is_writable(address) {
                self.absolute_accesses += 1;
            }
        }
    }

    /// The guest address that a value surely is. A `lui` becomes one only when something adds to
    /// it or accesses memory there: alone it may be any number.
    fn address(&mut self, guest: &Guest, steps: &[Step], value: Val) -> Option<GuestAddr> {
        match value {
            Val::Const(value, Origin::Pc) => Some(GuestAddr::new(value)),
            Val::Const(value, Origin::Lui(at)) => {
                let (address, at) = (GuestAddr::new(value), at as usize);
                let upper = steps[at].insn?.fields.imm.cast_unsigned();
                if !guest.is_mapped(address) {
                    return None;
                }
                self.notes[at].result = Some(GuestAddr::new(upper));
                self.absolute.push(at);
                Some(address)
            }
            _ => None,
        }
    }
}

/// Whether a value comes from the program counter.
fn is_relative(value: Val) -> bool {
    matches!(value, Val::Const(_, Origin::Pc))
}
