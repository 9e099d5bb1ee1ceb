//! The few host instructions that no unit has.

use vmtrans_abi::{Addressing, Helper, StateOffset};

/// Appends code that sets `pc` to a guest address and goes to the helper for misses. Returns the
/// offset at which the address is to be written: 32 bits, sign-extended or relative to the end of
/// the field.
pub fn miss(addressing: Addressing, text: &mut Vec<u8>) -> u64 {
    let pc = StateOffset::pc().get().to_le_bytes();
    let site = match addressing {
        Addressing::Absolute => {
            // movq $address, %gs:pc
            text.extend([0x65, 0x48, 0xc7, 0x04, 0x25]);
            text.extend(pc);
            let site = text.len();
            text.extend([0; 4]);
            site
        }
        Addressing::Relative => {
            // leaq address(%rip), %r11; movq %r11, %gs:pc
            text.extend([0x4c, 0x8d, 0x1d]);
            let site = text.len();
            text.extend([0; 4]);
            text.extend([0x65, 0x4c, 0x89, 0x1c, 0x25]);
            text.extend(pc);
            site
        }
    };
    // jmpq *%gs:helper
    text.extend([0x65, 0xff, 0x24, 0x25]);
    text.extend(StateOffset::helper(Helper::Miss).get().to_le_bytes());
    site as u64
}

/// Appends code that goes to the helper for calls that came back elsewhere.
pub fn mismatch(text: &mut Vec<u8>) {
    // jmpq *%gs:helper
    text.extend([0x65, 0xff, 0x24, 0x25]);
    text.extend(StateOffset::helper(Helper::Escape).get().to_le_bytes());
}
