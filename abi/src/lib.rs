//! The contract between compiled guest code and the runtime: where the guest's registers
//! live, which helpers compiled code may call, and how an image file is laid out.
//!
//! Compiler and runtime both expand what is written here, so neither can have a helper or a
//! register that the other lacks. It knows neither LLVM nor Linux.

mod host;
mod image;
mod state;

pub use host::{feature_names, features_of, host_features};
pub use image::{
    Addressing, IMAGE_BASE, IMAGE_MAGIC, LineEntry, Manifest, PT_VMTRANS, WANTS_EXACT_FAULTS,
};
/// Stands for the sources of this contract: images and runtimes fit where it is the same.
pub const CONTRACT: &[u8; 32] = include_bytes!(concat!(env!("OUT_DIR"), "/contract"));

pub use state::{
    CANONICAL_DOUBLE, CANONICAL_SINGLE, FLOAT_SLOT_REGISTERS, FLOAT_SLOTS, GuestState, HELPERS,
    Helper, INT_SLOT_REGISTERS, INT_SLOTS, StateOffset, float_slot, int_slot,
};
