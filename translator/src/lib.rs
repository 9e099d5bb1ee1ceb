//! From a guest ELF to a host image: discovery, lifting, optimisation, code generation, linking.
//!
//! It does not know how a guest is run.

pub mod discover;
pub mod function;
