//! `cargo xtask`: everything that CI and a newcomer run.
//!
//! Knows how to get the tools, build the two executables, and start them; knows nothing
//! of how a guest program is translated. Every command begins with [`setup`], which is
//! quick when nothing is missing, so no command depends on another having been run.

mod apt;
mod bench;
mod build;
mod corpus;
mod demo;
mod manifest;
mod measure;
mod paths;
mod process;
mod race;
mod setup;
mod sources;
mod stats;
mod table;
mod test;

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
    /// Build vmtrans and vmtrans-compiler into target/vmtrans/bin
    Build,
    /// Translate a real program and one of ours, run them, and time them beside native and QEMU
    Demo,
    /// Run every test
    Test {
        /// Arguments for cargo test
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Measure speed, start-up and compilation beside native and QEMU
    Bench(bench::Options),
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
        Command::Build => {
            setup::run(&paths)?;
            build::run(&paths)
        }
        Command::Demo => demo::run(&paths),
        Command::Test { arguments } => test::run(&paths, arguments),
        Command::Bench(options) => bench::run(&paths, options),
        Command::Corpus => {
            setup::run(&paths)?;
            corpus::build_all(&paths)
        }
    }
}
