//! `vmtrans-compiler`: the executable that links LLVM. `vmtrans` starts it, so that starting a guest
//! never loads LLVM and a crash in LLVM never ends a guest.

mod inspect;

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use vmtrans_abi::WANTS_EXACT_FAULTS;
use vmtrans_cache::{Cache, Config, ContentHash, image_key};
use vmtrans_cli::{
    CodeArgs, CompileArgs, CompilerCli, CompilerCommand, EXIT_CANNOT_EXECUTE, EXIT_FAILURE,
    EXIT_NOT_FOUND,
};
use vmtrans_isa::GuestAddr;
use vmtrans_translator::codegen::OptLevel;
use vmtrans_translator::compile::{CodeOptions, Run, Stats, compile};
use vmtrans_translator::guest::Guest;

fn main() -> ExitCode {
    let cli = CompilerCli::parse();
    if matches!(cli.command, CompilerCommand::Inspect(_)) {
        // Who reads what is printed may have seen enough.
        sigpipe::reset();
    }
    let result = match &cli.command {
        CompilerCommand::Compile(args) => compile_command(args, cli.verbose),
        CompilerCommand::Inspect(args) => inspect::inspect(args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("vmtrans: {error:#}");
            ExitCode::from(exit_status(&error))
        }
    }
}

/// A missing file and a file that is no guest program have statuses of their own.
fn exit_status(error: &anyhow::Error) -> u8 {
    if let Some(Unreadable { source, .. }) = error.downcast_ref() {
        return match source.kind() {
            std::io::ErrorKind::NotFound => EXIT_NOT_FOUND,
            _ => EXIT_CANNOT_EXECUTE,
        };
    }
    if error
        .downcast_ref::<vmtrans_translator::guest::GuestError>()
        .is_some()
    {
        return EXIT_CANNOT_EXECUTE;
    }
    EXIT_FAILURE
}

/// The guest program cannot be read. That other files cannot is a failure like any.
#[derive(Debug, thiserror::Error)]
#[error("{} cannot be read", path.display())]
struct Unreadable {
    path: PathBuf,
    source: std::io::Error,
}

/// Reads a file that the arguments name.
fn read(path: &Path) -> Result<Vec<u8>> {
    let bytes = std::fs::read(path).map_err(|source| Unreadable {
        path: path.to_owned(),
        source,
    })?;
    Ok(bytes)
}

fn code_options(args: &CodeArgs) -> CodeOptions {
    let level = match args.opt_level {
        0 => OptLevel::O0,
        1 => OptLevel::O1,
        2 => OptLevel::O2,
        _ => OptLevel::O3,
    };
    CodeOptions {
        level,
        host_cpu: args.host_cpu.clone(),
        exact_faults: args.exact_faults,
    }
}

fn compile_command(args: &CompileArgs, verbose: u8) -> Result<()> {
    let guest = inspect::guest_of(&args.guest)?;
    let cache = if args.no_cache { None } else { open_cache() };
    let bar = progress_bar(args.quiet);
    let mut entries = missed_entries(cache.as_ref(), &guest);
    let mut code = code_options(&args.code);
    code.exact_faults |= entries.remove(&GuestAddr::new(WANTS_EXACT_FAULTS));
    let run = Run {
        cache: cache.as_ref(),
        jobs: args.jobs,
        build: own_hash()?,
        runner: runner()?,
        entries,
        progress: &|done, total| {
            bar.set_length(total);
            bar.set_position(done);
        },
        warn: &|what| bar.suspend(|| eprintln!("vmtrans: warning: {what}")),
    };
    let (image, stats) = compile(&guest, &code, &run)?;
    bar.finish_and_clear();
    store(args, cache.as_ref(), &guest, &image)?;
    if let Some(path) = &args.stats {
        let json = serde_json::to_string_pretty(&stats)?;
        std::fs::write(path, json).with_context(|| format!("cannot write {}", path.display()))?;
    }
    if !args.quiet {
        report(args, &stats, verbose);
    }
    Ok(())
}

fn open_cache() -> Option<Cache> {
    match Config::from_env() {
        Ok(config) => Some(Cache::open(config)),
        Err(error) => {
            eprintln!("vmtrans: warning: going on without a cache: {error}");
            None
        }
    }
}

fn progress_bar(quiet: bool) -> ProgressBar {
    if quiet {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} units, {eta} left");
    ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// Stands for this build of the translator.
fn own_hash() -> Result<[u8; 32]> {
    let mut hasher = blake3::Hasher::new();
    hasher
        .update_mmap("/proc/self/exe")
        .context("cannot read the compiler's own executable")?;
    Ok(*hasher.finalize().as_bytes())
}

/// The `vmtrans` beside this executable.
fn runner() -> Result<String> {
    let own = std::env::current_exe().context("cannot find the compiler's own executable")?;
    Ok(own.with_file_name("vmtrans").to_string_lossy().into_owned())
}

fn missed_entries(cache: Option<&Cache>, guest: &Guest) -> BTreeSet<GuestAddr> {
    let hash = ContentHash::from_bytes(*guest.hash());
    let entries = cache
        .and_then(|c| c.code_map().read(&hash).ok())
        .unwrap_or_default();
    entries.into_iter().map(GuestAddr::new).collect()
}

fn store(args: &CompileArgs, cache: Option<&Cache>, guest: &Guest, image: &[u8]) -> Result<()> {
    if let Some(path) = &args.output {
        write_atomically(path, image)
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    let Some(cache) = cache else { return Ok(()) };
    let key = image_key(guest.hash(), vmtrans_abi::CONTRACT);
    let stored = cache.put_image(&key, |file| file.write_all(image));
    match (stored, &args.output) {
        (Ok(_), _) => Ok(()),
        // The image is where it was asked for, so a cache that cannot keep it is no failure.
        (Err(error), Some(_)) => {
            eprintln!("vmtrans: warning: the image is not kept in the cache: {error}");
            Ok(())
        }
        (Err(error), None) => Err(error.into()),
    }
}

/// Writes a file that appears whole or not at all, executable.
fn write_atomically(path: &Path, content: &[u8]) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let folder = path
        .parent()
        .filter(|p| !p.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new()
        .prefix(".vmtrans-")
        .tempfile_in(folder)?;
    file.write_all(content)?;
    file.as_file()
        .set_permissions(std::fs::Permissions::from_mode(0o755))?;
    file.as_file().sync_data()?;
    file.persist(path).map_err(|e| e.error)?;
    Ok(())
}

fn report(args: &CompileArgs, stats: &Stats, verbose: u8) {
    let rate = if stats.unit_seconds > 0.0 {
        rate_of(stats.compiled_instructions, stats.unit_seconds)
    } else {
        0.0
    };
    eprintln!(
        "{}: {} units ({} compiled, {} from the cache), {} guest instructions, {:.1} % of the text, \
         {:.1} s, {rate:.0} instructions per second and thread",
        args.guest.display(),
        stats.units,
        stats.units_compiled,
        stats.units_reused,
        stats.guest_instructions,
        stats.coverage * 100.0,
        stats.seconds,
    );
    if verbose > 0 {
        eprintln!(
            "image: {} bytes; peak memory: {} bytes",
            stats.image_bytes, stats.peak_memory_bytes
        );
    }
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn rate_of(count: u64, seconds: f64) -> f64 {
    count as f64 / seconds
}
