//! From a guest ELF to a host image: discovery, lifting, optimisation, code generation, linking.
//!
//! It does not know how a guest is run.

pub mod boundary;
pub mod codegen;
pub mod compile;
pub mod discover;
pub mod function;
pub mod guest;
pub mod lift;
pub mod link;
pub mod summaries;
pub mod unit;
