//! The command line of `vmtrans`, as clap reads it. The compiler executable shares the parts that
//! it serves; help, man page and completions are made from here.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Exit status where vmtrans itself failed.
pub const EXIT_FAILURE: u8 = 125;
/// Exit status where a file cannot be executed.
pub const EXIT_CANNOT_EXECUTE: u8 = 126;
/// Exit status where a file does not exist.
pub const EXIT_NOT_FOUND: u8 = 127;

const EXAMPLES: &str = "\
Examples:
  vmtrans compile busybox -o busybox.bin     translate once
  vmtrans run busybox.bin sh -c 'echo hi'    run the translation
  vmtrans run ./prog --its --own --options   run a guest program through the cache
  vmtrans inspect prog --function main --stage assembly
  vmtrans cache stats";

/// Runs riscv64 Linux programs on this machine, translated ahead of time.
#[derive(Debug, Parser)]
#[command(name = "vmtrans", version, about, after_help = EXAMPLES, propagate_version = true)]
pub struct Cli {
    /// Say more on standard error; twice for even more.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Translate a guest program into an image.
    Compile(CompileArgs),
    /// Run an image, or a guest program through the cache.
    Run(RunArgs),
    /// Show what translation makes of a program.
    Inspect(InspectArgs),
    /// Look at and tidy the cache.
    Cache(CacheArgs),
    /// Print shell completions.
    Completions {
        /// For which shell.
        #[arg(value_enum)]
        shell: ShellName,
    },
    /// Print the manual page.
    Man,
}

/// A shell that completions exist for.
#[derive(Clone, Copy, Debug, ValueEnum)]
#[expect(missing_docs, reason = "each is the shell's name")]
pub enum ShellName {
    Bash,
    Elvish,
    Fish,
    Powershell,
    Zsh,
}

/// The compiler executable's command line.
#[derive(Debug, Parser)]
#[command(
    name = "vmtrans-compiler",
    version,
    about = "Translates for vmtrans; called by it"
)]
pub struct CompilerCli {
    /// Say more on standard error.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// What to do.
    #[command(subcommand)]
    pub command: CompilerCommand,
}

/// What the compiler does.
#[derive(Debug, Subcommand)]
pub enum CompilerCommand {
    /// Translate a guest program into an image.
    Compile(CompileArgs),
    /// Show what translation makes of a program.
    Inspect(InspectArgs),
}

/// Options that decide what code is made.
#[derive(Clone, Debug, Args)]
pub struct CodeArgs {
    /// Optimisation level, 0 to 3.
    #[arg(short = 'O', long = "opt-level", value_name = "LEVEL", default_value_t = 2,
          value_parser = clap::value_parser!(u8).range(0..=3))]
    pub opt_level: u8,
    /// Host CPU to compile for: native, x86-64, x86-64-v2, x86-64-v3 or x86-64-v4.
    #[arg(long, value_name = "CPU", default_value = "native")]
    pub host_cpu: String,
    /// Keep the registers exact at every access to memory, for programs that handle their own
    /// faults; programs that were seen to do so are compiled like this without being asked.
    #[arg(long)]
    pub exact_faults: bool,
}

/// Arguments of `compile`.
#[derive(Clone, Debug, Args)]
pub struct CompileArgs {
    /// The guest program.
    pub guest: PathBuf,
    /// Where to write the image; without it the image goes to the cache only.
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// What code is made.
    #[command(flatten)]
    pub code: CodeArgs,
    /// How many units are compiled at a time; 0 for one on each CPU.
    #[arg(short, long, value_name = "N", default_value_t = 0)]
    pub jobs: usize,
    /// Neither read nor fill the cache.
    #[arg(long)]
    pub no_cache: bool,
    /// Write figures of the compilation to a file, as JSON.
    #[arg(long, value_name = "FILE")]
    pub stats: Option<PathBuf>,
    /// No progress bar and no summary.
    #[arg(short, long)]
    pub quiet: bool,
}

/// Which tier executes guest code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum TierName {
    /// Compiled code where there is some.
    #[default]
    Auto,
    /// The interpreter only.
    Interpreter,
}

/// Arguments of `run`.
#[derive(Clone, Debug, Args)]
pub struct RunArgs {
    /// Print each system call.
    #[arg(long)]
    pub strace: bool,
    /// When the guest dies by a signal, print its registers and where it was. An image that was not
    /// compiled with --exact-faults is interpreted, so that they are exact.
    #[arg(long)]
    pub crash_report: bool,
    /// Which tier executes guest code.
    #[arg(long, value_enum, default_value_t)]
    pub tier: TierName,
    /// The guest's argv[0], where it is not the program's path.
    #[arg(long, value_name = "NAME")]
    pub argv0: Option<std::ffi::OsString>,
    /// Do not start a translation behind the running guest.
    #[arg(long)]
    pub no_background: bool,
    /// An image or a guest program, and its arguments.
    // One list: what follows the program is the program's, options that we know too.
    #[arg(value_name = "PROGRAM", required = true, num_args = 1.., trailing_var_arg = true)]
    pub command: Vec<std::ffi::OsString>,
}

impl RunArgs {
    /// The image or the guest program.
    pub fn program(&self) -> &std::path::Path {
        self.command
            .first()
            .map_or("".as_ref(), |program| program.as_ref())
    }

    /// The guest's arguments.
    pub fn arguments(&self) -> &[std::ffi::OsString] {
        self.command.get(1..).unwrap_or_default()
    }
}

/// What `inspect` shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StageName {
    /// The guest's instructions.
    Guest,
    /// LLVM IR as lifted.
    Lifted,
    /// LLVM IR after optimisation.
    Optimised,
    /// Host assembly.
    Assembly,
}

/// Arguments of `inspect`.
#[derive(Clone, Debug, Args)]
pub struct InspectArgs {
    /// The guest program or an image.
    pub program: PathBuf,
    /// Show one function, by name or address, instead of the list of all.
    #[arg(short, long, value_name = "NAME|ADDRESS")]
    pub function: Option<String>,
    /// What to show of it.
    #[arg(short, long, value_enum, default_value = "guest")]
    pub stage: StageName,
    /// What code is made.
    #[command(flatten)]
    pub code: CodeArgs,
}

/// Arguments of `cache`.
#[derive(Clone, Debug, Args)]
pub struct CacheArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: CacheCommand,
}

/// What to do with the cache.
#[derive(Clone, Debug, Subcommand)]
pub enum CacheCommand {
    /// Count objects and bytes.
    Stats,
    /// List every object.
    List,
    /// Check every object against its hash.
    Verify {
        /// Remove those that are damaged.
        #[arg(long)]
        remove: bool,
    },
    /// Remove what was not used for longest.
    Clean {
        /// Keep at most this many bytes (K, M and G are understood).
        #[arg(long, value_name = "BYTES")]
        max_size: Option<String>,
        /// Remove what was not used for this long (s, m, h and d are understood).
        #[arg(long, value_name = "TIME")]
        max_age: Option<String>,
    },
}
