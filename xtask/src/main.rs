//! `cargo xtask`: everything that CI and a newcomer run.
//!
//! Knows how to get the tools, build the two executables, and start them; knows nothing
//! of how a guest program is translated. Every command begins with [`setup`], which is
//! quick when nothing is missing, so no command depends on another having been run.

mod apt;
mod corpus;
mod manifest;
mod paths;
mod process;
mod setup;
mod sources;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Set up, build, show, test and measure vmtrans.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Install what is missing and fetch QEMU and the guest packages
    Setup,
    /// Build the programs of the corpus for the host and for the guest
    Corpus,
}

fn main() -> ExitCode {
    match run(&Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: &Command) -> Result<()> {
    let paths = paths::Paths::find()?;
    match command {
        Command::Setup => setup::run(&paths),
        Command::Corpus => {
            setup::run(&paths)?;
            corpus::build_all(&paths)
        }
    }
}
