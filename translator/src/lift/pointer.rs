//! Guest addresses as LLVM's pointers.

#![allow(unsafe_code)]

use inkwell::values::{IntValue, PointerValue};

use super::{Lifter, built};

impl<'ctx> Lifter<'ctx, '_> {
    /// The guest address as a pointer. As an offset from null, not a conversion, so that LLVM sees
    /// how far two addresses are apart and which way a loop goes through memory.
    pub(super) fn pointer(&self, address: IntValue<'ctx>) -> PointerValue<'ctx> {
        let null = self.types.pointer.const_null();
        let byte = self.types.i8;
        // SAFETY: what inkwell warns of are indices that do not fit the type; bytes have one index.
        let pointer = unsafe { self.builder.build_gep(byte, null, &[address], "") };
        built(pointer)
    }
}
