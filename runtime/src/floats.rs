//! The guest's floating-point flags are in two places: those that compiled code raised are in the
//! host's `mxcsr`, those that the interpreter raised in `fflags`.

use vmtrans_abi::GuestState;

/// `mxcsr` with all exceptions masked, rounding to nearest, no flag set (Intel SDM 1, 10.2.3).
pub const MXCSR: u32 = 0x1f80;

/// Host flag bits and the guest's: invalid, division by zero, overflow, underflow, inexact.
const FLAGS: [(u32, u32); 5] = [(1, 16), (4, 8), (8, 4), (16, 2), (32, 1)];

/// Moves the flags of compiled code to `fflags`, before the guest may look.
pub fn to_hart(state: &mut GuestState) {
    if state.mxcsr & 0x3f != 0 {
        for (host, guest) in FLAGS {
            if state.mxcsr & host != 0 {
                state.hart.fflags |= guest;
            }
        }
        state.mxcsr &= !0x3f;
    }
}
