//! Values that a program stores in pieces and loads whole.
//!
//! Compilers for RISC-V copy what may be misaligned byte by byte, through the frame where it is to
//! become a value. A load cannot be forwarded from several stores, neither by LLVM nor, in good time,
//! by the host: so it is put together here. Only stores through the same value of the same register
//! count, with nothing in between that another access could hide behind.

use std::collections::BTreeMap;

use inkwell::values::{BasicValueEnum, InstructionOpcode, IntValue};
use vmtrans_isa::Width;

use super::{Lifter, built};

/// The bytes that were stored through one register since its value or memory may have changed.
#[derive(Clone, Default)]
pub struct Pieces<'ctx> {
    base: Option<IntValue<'ctx>>,
    /// By offset: the value that was stored, and which byte of it this is.
    bytes: BTreeMap<i64, (IntValue<'ctx>, u32)>,
}

impl<'ctx> Pieces<'ctx> {
    /// Something may have changed memory.
    pub fn forget(&mut self) {
        *self = Pieces::default();
    }

    /// A store of the low bytes of a value.
    pub fn store(&mut self, address: IntValue<'ctx>, w: Width, value: IntValue<'ctx>) {
        let (base, offset) = place(address);
        if self.base != Some(base) {
            self.forget();
            self.base = Some(base);
        }
        for byte in 0..w.bytes() {
            let at = offset.wrapping_add(i64::from(byte));
            self.bytes.insert(at, (value, byte));
        }
    }

    /// The pieces that a load consists of, if there is more than one.
    fn load(
        &self,
        base: IntValue<'ctx>,
        offset: i64,
        w: Width,
    ) -> Option<Vec<(IntValue<'ctx>, u32)>> {
        let byte = |at: u32| self.bytes.get(&offset.wrapping_add(i64::from(at))).copied();
        let bytes = (0..w.bytes()).map(byte).collect::<Option<Vec<_>>>()?;
        let first = bytes[0].0;
        let in_pieces = bytes.iter().any(|(value, _)| *value != first);
        (self.base == Some(base) && in_pieces).then_some(bytes)
    }
}

impl<'ctx> Lifter<'ctx, '_> {
    /// What is at an address, put together from what was stored there.
    pub(super) fn stored_in_pieces(
        &self,
        w: Width,
        address: IntValue<'ctx>,
    ) -> Option<IntValue<'ctx>> {
        let (base, offset) = place(address);
        let bytes = self.pieces.load(base, offset, w)?;
        let ty = self.int_type(w);
        let mut whole = ty.const_zero();
        for (at, (value, byte)) in (0u64..).zip(bytes) {
            let shift = self.constant(8 * i64::from(byte));
            let value = built(self.builder.build_right_shift(value, shift, false, ""));
            let value = built(self.builder.build_int_truncate(value, self.types.i8, ""));
            let value = built(self.builder.build_int_z_extend(value, ty, ""));
            let place = ty.const_int(8 * at, false);
            let value = built(self.builder.build_left_shift(value, place, ""));
            whole = built(self.builder.build_or(whole, value, ""));
        }
        Some(whole)
    }
}

/// An address as another value and a constant distance from it.
fn place(address: IntValue<'_>) -> (IntValue<'_>, i64) {
    let sum = address
        .as_instruction()
        .filter(|i| i.get_opcode() == InstructionOpcode::Add);
    let operand = |at| sum?.get_operand(at)?.value();
    let base = operand(0).map(BasicValueEnum::into_int_value);
    let offset = operand(1).and_then(|v| v.into_int_value().get_sign_extended_constant());
    base.zip(offset).unwrap_or((address, 0))
}
