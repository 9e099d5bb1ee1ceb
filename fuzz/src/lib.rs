//! Fuzz targets: a function from bytes that must neither panic nor take long, and a generator of
//! bytes for each, so that a fixed count runs everywhere and repeats from its seed.
//!
//! A coverage-guided fuzzer can feed the same targets by files (`vmtrans-fuzz TARGET FILE`).

mod elf;
mod lift;
mod random;

pub use random::Random;

/// What is fed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Target {
    /// A guest's file: headers, segments, symbols, relocations.
    Elf,
    /// A guest's instructions: decoding, discovery, lifting, code generation.
    Lift,
}

impl Target {
    /// Feeds one input.
    ///
    /// # Panics
    /// Where vmtrans has a bug.
    pub fn feed(self, input: &[u8]) {
        match self {
            Target::Elf => elf::feed(input),
            Target::Lift => lift::feed(input),
        }
    }

    /// The input that a seed stands for.
    pub fn input(self, seed: u64) -> Vec<u8> {
        let mut random = Random::new(seed);
        match self {
            Target::Elf => elf::input(&mut random),
            Target::Lift => lift::input(&mut random),
        }
    }
}
