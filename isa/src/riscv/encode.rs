//! From fields to bits: the reverse of decoding, for tests and generators of programs.

use super::row::{Fields, Row};
use crate::arith;
use crate::pattern::{Field, FieldKind};

/// The instruction of this row with these fields. `None` where it has no such instruction:
/// a field that the row lacks is not zero, a value does not fit, or a constraint is broken.
pub fn encode(row: &Row, fields: &Fields) -> Option<u32> {
    let pattern = &row.pattern;
    let bits = pattern.fields().iter().fold(pattern.value, |bits, field| {
        bits | (value(field, fields) << field.shift) & field.mask()
    });
    // Whatever did not fit comes back as something else.
    (pattern.matches(bits) && Fields::extract(pattern, bits) == *fields).then_some(bits)
}

/// What the field is to hold; bits above its width do not matter.
fn value(field: &Field, fields: &Fields) -> u32 {
    match field.kind {
        // Of x8 to x15, a compressed field holds the low three bits.
        FieldKind::Rd | FieldKind::RdC => u32::from(fields.rd.number()),
        FieldKind::Rs1 | FieldKind::Rs1C => u32::from(fields.rs1.number()),
        FieldKind::Rs2 | FieldKind::Rs2C => u32::from(fields.rs2.number()),
        FieldKind::Rs3 => u32::from(fields.rs3.number()),
        FieldKind::Rm => fields.rm as u32,
        FieldKind::Csr => fields.csr,
        FieldKind::Aq => u32::from(fields.ordering.acquire),
        FieldKind::Rl => u32::from(fields.ordering.release),
        FieldKind::Pred => u32::from(fields.pred),
        FieldKind::Succ => u32::from(fields.succ),
        FieldKind::Imm => arith::low_word(arith::unsigned(fields.imm >> field.imm_low)),
    }
}
