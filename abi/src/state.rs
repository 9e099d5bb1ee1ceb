//! Guest state in memory, and the registers that stay in host registers between functions.
//!
//! Every compiled guest function and every helper has one signature: LLVM's `x86_regcallcc`,
//! which passes and returns [`INT_SLOTS`] in `rax rcx rdx rdi rsi r8 r9 r12 r13 r14 r15` and
//! [`FLOAT_SLOTS`] in `xmm0`…`xmm3`. All other guest registers are in [`GuestState`], which
//! `%gs` points to. `rbx`, `rbp` and `xmm8`…`xmm15` are preserved by a call.
//!
//! A guest function returns to its host caller with the guest's return address in the first
//! slot (`ra`). The caller checks it against the address it put there; where they differ it
//! jumps to [`Helper::Escape`], with the slots as the call left them.

use std::mem::offset_of;
use std::sync::atomic::AtomicU32;

use vmtrans_isa::riscv::{FReg, Hart, Reg};

/// The integer registers that are passed and returned in host registers, in that order:
/// `ra sp s0 s1 s2 a0 a1 a2 a3 a4 a5`.
pub const INT_SLOTS: [Reg; 11] = [
    Reg::RA,
    Reg::SP,
    Reg::new(8),
    Reg::new(9),
    Reg::new(18),
    Reg::new(10),
    Reg::new(11),
    Reg::new(12),
    Reg::new(13),
    Reg::new(14),
    Reg::new(15),
];

/// The floating-point registers that are passed and returned in host registers: `fa0`…`fa3`.
/// More would cost every function that has calls, of which few pass so many.
pub const FLOAT_SLOTS: [FReg; 4] = [FReg::new(10), FReg::new(11), FReg::new(12), FReg::new(13)];

/// The host registers of [`INT_SLOTS`], by LLVM's `x86_regcallcc`.
pub const INT_SLOT_REGISTERS: &[&str; INT_SLOTS.len()] = &[
    "rax", "rcx", "rdx", "rdi", "rsi", "r8", "r9", "r12", "r13", "r14", "r15",
];

/// The host registers of [`FLOAT_SLOTS`].
pub const FLOAT_SLOT_REGISTERS: &[&str; FLOAT_SLOTS.len()] = &["xmm0", "xmm1", "xmm2", "xmm3"];

/// The slot of an integer register, if it has one.
pub fn int_slot(r: Reg) -> Option<usize> {
    INT_SLOTS.iter().position(|&s| s == r)
}

/// The slot of a floating-point register, if it has one.
pub fn float_slot(r: FReg) -> Option<usize> {
    FLOAT_SLOTS.iter().position(|&s| s == r)
}

macro_rules! helpers {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// What compiled code may call in the runtime. Each is called through its pointer in
        /// [`GuestState::helpers`], with the signature of a guest function. The caller has
        /// written back every register that is not in a slot, and `pc`.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(usize)]
        pub enum Helper {
            $($(#[$doc])* $name,)*
        }

        /// All helpers, in the order of their pointers.
        pub const HELPERS: &[Helper] = &[$(Helper::$name,)*];
    };
}

helpers! {
    /// Runs the guest function at `pc`, which has no compiled code, until it returns to
    /// `ra` with the same `sp`; then returns as that function would.
    Miss,
    /// Gives up all host frames and goes on at the guest address in the first slot (`ra`), without
    /// its lowest bit. Does not return, so it is jumped to from anywhere in a function.
    Escape,
    /// Executes the one instruction at `pc` as the interpreter does: system calls, CSRs,
    /// breakpoints, illegal instructions, rare roundings. Returns where the guest goes on
    /// with the next instruction, escapes where it does not.
    Interpret,
    /// A safepoint at `pc` with [`GuestState::pending`] set: takes signals. Unlike the others it
    /// is called as `void ()` with LLVM's `preserve_allcc`: it preserves every host register,
    /// vector registers in full width included, and its caller has written back all guest
    /// registers, those in slots too. Returns only where signal handlers left every guest
    /// register and `pc` as they were, and escapes where they did not; so compiled code goes on
    /// with the values that it has.
    Safepoint,
}

/// Everything compiled code reaches through `%gs`.
#[repr(C, align(64))]
pub struct GuestState {
    /// The guest's registers. Those in slots are stale while compiled code runs.
    pub hart: Hart,
    /// Not zero where something waits for the next safepoint.
    pub pending: AtomicU32,
    /// Keeps `helpers` aligned.
    pub reserved: u32,
    /// Addresses of the helpers, by [`Helper`].
    pub helpers: [u64; HELPERS.len()],
    /// The host stack pointer that [`Helper::Escape`] goes back to.
    pub host_sp: u64,
    /// The host's `mxcsr` while the guest runs: rounding mode and sticky flags of the guest.
    pub mxcsr: u32,
    /// The host's `mxcsr` outside.
    pub host_mxcsr: u32,
    /// [`CANONICAL_DOUBLE`]. In memory that is surely there: compiled code loads it under a mask that
    /// is nearly never set, which takes the host a hundred cycles where the page has not been touched.
    pub canonical_double: u64,
    /// [`CANONICAL_SINGLE`].
    pub canonical_single: u32,
    /// 0
    pub reserved_end: u32,
}

/// The NaN that operations on doubles give (RISC-V unprivileged manual, "NaN Generation and
/// Propagation").
pub const CANONICAL_DOUBLE: u64 = 0x7ff8_0000_0000_0000;

/// The NaN that operations on singles give.
pub const CANONICAL_SINGLE: u32 = 0x7fc0_0000;

/// Byte offsets into [`GuestState`] for compiled code.
#[derive(Clone, Copy, Debug)]
pub struct StateOffset(u32);

impl StateOffset {
    /// An integer register.
    pub fn x(r: Reg) -> StateOffset {
        StateOffset::of(offset_of!(GuestState, hart) + offset_of!(Hart, x) + 8 * r.index())
    }
    /// A floating-point register.
    pub fn f(r: FReg) -> StateOffset {
        StateOffset::of(offset_of!(GuestState, hart) + offset_of!(Hart, f) + 8 * r.index())
    }
    /// The program counter.
    pub fn pc() -> StateOffset {
        StateOffset::of(offset_of!(GuestState, hart) + offset_of!(Hart, pc))
    }
    /// The accrued floating-point flags, 32 bits, without those in `mxcsr`.
    pub fn fflags() -> StateOffset {
        StateOffset::of(offset_of!(GuestState, hart) + offset_of!(Hart, fflags))
    }
    /// The address that `lr` reserved.
    pub fn reserved_address() -> StateOffset {
        StateOffset::of(offset_of!(GuestState, hart) + offset_of!(Hart, reserved_address))
    }
    /// The value that `lr` saw.
    pub fn reserved_value() -> StateOffset {
        StateOffset::of(offset_of!(GuestState, hart) + offset_of!(Hart, reserved_value))
    }
    /// The safepoint flag, 32 bits.
    pub fn pending() -> StateOffset {
        StateOffset::of(offset_of!(GuestState, pending))
    }
    /// The guest's `mxcsr`, stale while compiled code runs.
    pub fn mxcsr() -> StateOffset {
        StateOffset::of(offset_of!(GuestState, mxcsr))
    }
    /// [`CANONICAL_DOUBLE`].
    pub fn canonical_double() -> StateOffset {
        StateOffset::of(offset_of!(GuestState, canonical_double))
    }
    /// [`CANONICAL_SINGLE`].
    pub fn canonical_single() -> StateOffset {
        StateOffset::of(offset_of!(GuestState, canonical_single))
    }
    /// A helper's address.
    pub fn helper(h: Helper) -> StateOffset {
        StateOffset::of(offset_of!(GuestState, helpers) + 8 * h as usize)
    }
    /// In bytes.
    pub const fn get(self) -> u32 {
        self.0
    }

    fn of(bytes: usize) -> StateOffset {
        StateOffset(u32::try_from(bytes).expect("the state is small"))
    }
}
