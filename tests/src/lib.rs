//! What the end-to-end tests share: programs built for the host and for the guest, started
//! natively, under QEMU and by vmtrans, each in a folder of its own and never for longer than a
//! while.
//!
//! It knows vmtrans only as two executables, so that the tests see what a user sees.

pub mod build;
pub mod compare;
pub mod directives;
pub mod elf;
pub mod process;
pub mod rowcheck;
pub mod sandbox;
pub mod tools;

pub use build::{Side, program};
pub use process::{Ending, Outcome, Start};
pub use sandbox::Sandbox;
