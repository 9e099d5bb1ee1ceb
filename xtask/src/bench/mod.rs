//! `cargo xtask bench`: speed, start-up, compile throughput and memory, all beside native
//! and QEMU in the same run.
//!
//! Nothing here judges the figures: no test depends on how fast a machine is today.

mod chart;
mod large;
mod report;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::corpus::{self, Side};
use crate::manifest::Manifest;
use crate::measure;
use crate::paths::Paths;
use crate::race::{self, Racer};
use crate::{build, process, setup, stats};
use report::{CompileStats, Compiled, Large, Program, Report, Startup};

/// How `hello` starts is measured by the median of this many.
const STARTS: usize = 50;

/// What to measure, and where to write it.
#[derive(Args)]
pub struct Options {
    /// Only programs whose name contains this
    #[arg(long, value_name = "NAME")]
    filter: Option<String>,
    /// Rounds; the least of each is taken
    #[arg(long, value_name = "N", default_value_t = 5)]
    runs: u32,
    /// Write every figure to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Draw the ratios into this file
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Also compile a generated program with about 5 MB of text, for the peak of memory
    #[arg(long)]
    large: bool,
}

/// Measures, prints, writes.
pub fn run(paths: &Paths, options: &Options) -> Result<()> {
    if options.runs == 0 {
        bail!("--runs is 0, expected at least 1");
    }
    setup::run(paths)?;
    build::run(paths)?;
    let manifest = Manifest::read(&paths.manifest())?;
    let folder = paths.target().join("bench");
    std::fs::create_dir_all(&folder).with_context(|| format!("{}", folder.display()))?;
    let bench = Bench {
        paths,
        manifest: &manifest,
        folder: &folder,
    };

    let compiled = bench.compile_busybox()?;
    let startup = bench.start_up()?;
    let programs = bench.programs(options)?;
    let large = if options.large {
        Some(bench.large()?)
    } else {
        None
    };
    let report = Report::new(options.runs, programs, startup, compiled, large)?;
    println!("\n{report}");
    if let Some(file) = &options.json {
        std::fs::write(file, report.to_json()?).with_context(|| format!("{}", file.display()))?;
    }
    if let Some(file) = &options.svg {
        std::fs::write(file, chart::draw(&report))
            .with_context(|| format!("{}", file.display()))?;
    }
    Ok(())
}

struct Bench<'a> {
    paths: &'a Paths,
    manifest: &'a Manifest,
    folder: &'a Path,
}

impl Bench<'_> {
    /// Builds one of our programs for both sides and translates it.
    fn racer(&self, name: &str) -> Result<(Racer, CompileStats)> {
        let program = self.manifest.program(name)?;
        let racer = Racer {
            native: corpus::build(self.paths, &self.manifest.compilers, program, Side::Host)?,
            guest: corpus::build(self.paths, &self.manifest.compilers, program, Side::Guest)?,
            image: self.folder.join(format!("{name}.bin")),
        };
        let compiled = self.compile(&racer.guest, &racer.image, None)?;
        Ok((racer, compiled.stats))
    }

    /// `vmtrans compile --stats`; with `fresh`, into an empty cache of that name.
    fn compile(&self, guest: &Path, image: &Path, fresh: Option<&str>) -> Result<Compiled> {
        let stats = self.folder.join("stats.json");
        let mut command = race::vmtrans(self.paths);
        if let Some(name) = fresh {
            let cache = self.folder.join(name);
            if cache.exists() {
                std::fs::remove_dir_all(&cache).with_context(|| format!("{}", cache.display()))?;
            }
            command.env("VMTRANS_CACHE_DIR", cache);
        }
        command
            .arg("compile")
            .arg(guest)
            .arg("-o")
            .arg(image)
            .arg("--stats")
            .arg(&stats);
        let run = measure::once(&mut command)?;
        Ok(Compiled {
            cost: run.cost,
            stats: CompileStats::read(&stats)?,
        })
    }

    /// Throughput, on a program that nobody here wrote, from nothing.
    fn compile_busybox(&self) -> Result<Compiled> {
        eprintln!("compiling busybox into an empty cache");
        let guest = self
            .paths
            .target()
            .join("corpus/busybox-static/usr/bin/busybox");
        self.compile(
            &guest,
            &self.folder.join("busybox.bin"),
            Some("cache-empty"),
        )
    }

    fn start_up(&self) -> Result<Startup> {
        eprintln!("starting hello {STARTS} times each");
        let (racer, _) = self.racer("hello")?;
        let mut commands = racer.commands(self.paths, &[]);
        let mut seconds = [const { Vec::new() }; 3];
        for _ in 0..STARTS {
            for (command, seconds) in commands.iter_mut().zip(&mut seconds) {
                seconds.push(measure::once(command)?.cost.wall);
            }
        }
        let [native, qemu, vmtrans] =
            seconds.map(|seconds| stats::median(&seconds).unwrap_or_default());
        Ok(Startup {
            native,
            qemu,
            vmtrans,
        })
    }

    fn programs(&self, options: &Options) -> Result<Vec<Program>> {
        let wanted = |name: &str| {
            options
                .filter
                .as_ref()
                .is_none_or(|part| name.contains(part))
        };
        let mut results = Vec::new();
        for program in &self.manifest.programs {
            if program.bench.is_empty() || !wanted(&program.name) {
                continue;
            }
            eprintln!("{}: {}", program.name, program.about);
            let (racer, compile) = self.racer(&program.name)?;
            let times = racer.race(self.paths, &program.bench, options.runs)?;
            results.push(Program {
                name: program.name.clone(),
                times,
                compile,
            });
        }
        Ok(results)
    }

    /// A large text: what compiling it takes, and that it still runs right.
    fn large(&self) -> Result<Large> {
        let (native, guest) = (
            self.folder.join("large-host"),
            self.folder.join("large-guest"),
        );
        for (side, binary) in [(Side::Host, &native), (Side::Guest, &guest)] {
            if !corpus::is_newer(binary, &[&self.paths.manifest()]) {
                eprintln!("building a large program for the {}", side.folder());
                large::build(self.folder, &self.manifest.compilers, side, binary)?;
            }
        }
        let text_bytes = large::text_bytes(&process::output(
            std::process::Command::new("readelf")
                .args(["--sections", "--wide"])
                .arg(&guest),
        )?)?;
        eprintln!("compiling its {text_bytes} bytes of text into an empty cache");
        let image = self.folder.join("large.bin");
        let compiled = self.compile(&guest, &image, Some("cache-large"))?;
        Racer {
            native,
            guest,
            image,
        }
        .race(self.paths, &[], 1)?;
        Ok(Large {
            text_bytes,
            compiled,
        })
    }
}
