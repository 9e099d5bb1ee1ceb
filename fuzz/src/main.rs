//! `vmtrans-fuzz`: feeds a target with inputs of its own or from files.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Parser;
use vmtrans_fuzz::Target;

/// Feed vmtrans with what nobody would write.
#[derive(Parser)]
struct Arguments {
    /// What is fed.
    #[arg(value_enum)]
    target: Target,
    /// Inputs; without any they are made.
    files: Vec<PathBuf>,
    /// The first seed.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// How many inputs are made.
    #[arg(long, default_value_t = 1000)]
    count: u64,
    /// Print each seed before it is used.
    #[arg(short, long)]
    verbose: bool,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    for file in &arguments.files {
        let input = std::fs::read(file).with_context(|| file.display().to_string())?;
        arguments.target.feed(&input);
    }
    if arguments.files.is_empty() {
        for seed in (arguments.seed..).take(usize::try_from(arguments.count)?) {
            if arguments.verbose {
                eprintln!("seed {seed}");
            }
            arguments.target.feed(&arguments.target.input(seed));
        }
    }
    Ok(())
}
