//! What was measured: as a table for people and as JSON for everything else.

use std::fmt;
use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::measure::Cost;
use crate::race::Times;
use crate::stats;
use crate::table::{Table, ratio, seconds};

/// Everything that one run of the benchmark found.
#[derive(Serialize)]
pub struct Report {
    /// The processor's name, since figures of two machines say nothing about each other.
    processor: String,
    cores: usize,
    runs: u32,
    /// Each program's figures.
    pub programs: Vec<Program>,
    /// The geometric means over the programs; none where the filter left none.
    pub means: Option<Means>,
    startup_seconds: Startup,
    compile_busybox: Compiled,
    #[serde(skip_serializing_if = "Option::is_none")]
    large: Option<Large>,
}

/// One program's figures.
#[derive(Serialize)]
pub struct Program {
    /// Its name in the manifest.
    pub name: String,
    /// The least of the runs.
    #[serde(flatten)]
    pub times: Times,
    /// What translating it took, with the cache as it was.
    pub compile: CompileStats,
}

/// Geometric means of the ratios of wall times.
#[derive(Clone, Copy, Serialize)]
pub struct Means {
    /// How many times slower than native.
    pub vmtrans_to_native: f64,
    /// How many times slower than native QEMU is.
    pub qemu_to_native: f64,
    /// How many times faster than QEMU.
    pub qemu_to_vmtrans: f64,
}

/// Seconds from start to end of `hello`, the medians.
#[derive(Serialize)]
pub struct Startup {
    /// On the machine itself.
    pub native: f64,
    /// Under QEMU.
    pub qemu: f64,
    /// From the image.
    pub vmtrans: f64,
}

/// What `vmtrans compile --stats` writes.
#[derive(Clone, Serialize, Deserialize)]
pub struct CompileStats {
    /// Guest instructions in all units.
    pub guest_instructions: u64,
    /// Guest instructions in the units that were compiled now.
    pub compiled_instructions: u64,
    /// Units in the program.
    pub units: u64,
    /// Units that were compiled now.
    pub units_compiled: u64,
    /// Units that came from the cache.
    pub units_reused: u64,
    /// Units that could not be compiled and are left to the interpreter.
    pub units_failed: u64,
    /// Part of the guest's executable segments that units cover.
    pub coverage: f64,
    /// Seconds of the whole compilation.
    pub seconds: f64,
    /// Threads that compiled.
    pub threads: u64,
    /// The largest resident set of the compiler.
    pub peak_memory_bytes: u64,
    /// Bytes of the image.
    pub image_bytes: u64,
}

/// A compilation: the compiler's own account, and what the system says it cost.
#[derive(Serialize)]
pub struct Compiled {
    /// By the system.
    pub cost: Cost,
    /// By the compiler.
    pub stats: CompileStats,
}

/// The compilation of a large text.
#[derive(Serialize)]
pub struct Large {
    /// Size of the guest's `.text`.
    pub text_bytes: u64,
    /// What it took.
    pub compiled: Compiled,
}

impl CompileStats {
    /// Reads the file that the compiler wrote.
    pub fn read(file: &Path) -> Result<CompileStats> {
        let text = std::fs::read_to_string(file).with_context(|| format!("{}", file.display()))?;
        serde_json::from_str(&text).with_context(|| format!("{}", file.display()))
    }
}

impl Compiled {
    /// Guest instructions per second and core: by the processor time of the whole compiler,
    /// reading, discovery and linking included.
    fn throughput(&self) -> f64 {
        #[expect(
            clippy::cast_precision_loss,
            reason = "a count of instructions is far below 2^52"
        )]
        let instructions = self.stats.compiled_instructions as f64;
        instructions / self.cost.processor
    }

    fn peak_memory_mib(&self) -> u64 {
        self.cost
            .peak_memory_bytes
            .max(self.stats.peak_memory_bytes)
            >> 20
    }
}

impl Means {
    fn of(programs: &[Program]) -> Option<Means> {
        let mean = |figure: fn(&Times) -> f64| {
            stats::geometric_mean(programs.iter().map(|program| figure(&program.times)))
        };
        Some(Means {
            vmtrans_to_native: mean(Times::vmtrans_to_native)?,
            qemu_to_native: mean(Times::qemu_to_native)?,
            qemu_to_vmtrans: mean(Times::qemu_to_vmtrans)?,
        })
    }
}

impl Report {
    /// Puts the parts together and adds the means and the machine.
    pub fn new(
        runs: u32,
        programs: Vec<Program>,
        startup_seconds: Startup,
        compile_busybox: Compiled,
        large: Option<Large>,
    ) -> Result<Report> {
        let means = Means::of(&programs);
        let cpus = std::fs::read_to_string("/proc/cpuinfo").context("/proc/cpuinfo")?;
        let name = cpus
            .lines()
            .find_map(|line| line.strip_prefix("model name"));
        let processor = name
            .unwrap_or_default()
            .trim_start_matches(['\t', ' ', ':'])
            .to_owned();
        let cores = std::thread::available_parallelism()?.get();
        Ok(Report {
            processor,
            cores,
            runs,
            programs,
            means,
            startup_seconds,
            compile_busybox,
            large,
        })
    }

    /// As JSON.
    pub fn to_json(&self) -> Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// The processor and the number of runs, in words.
    pub fn conditions(&self) -> String {
        format!(
            "{}, {} cores, the least of {} runs",
            self.processor, self.cores, self.runs
        )
    }

    fn table(&self) -> Table {
        let mut table = Table::new(&[
            "program",
            "native",
            "QEMU",
            "vmtrans",
            "vmtrans/native",
            "QEMU/native",
            "QEMU/vmtrans",
        ]);
        for program in &self.programs {
            let times = &program.times;
            table.row(vec![
                program.name.clone(),
                seconds(times.native.wall),
                seconds(times.qemu.wall),
                seconds(times.vmtrans.wall),
                ratio(times.vmtrans_to_native()),
                ratio(times.qemu_to_native()),
                ratio(times.qemu_to_vmtrans()),
            ]);
        }
        if let Some(means) = &self.means {
            table.row(vec![
                "geometric mean".to_owned(),
                String::new(),
                String::new(),
                String::new(),
                ratio(means.vmtrans_to_native),
                ratio(means.qemu_to_native),
                ratio(means.qemu_to_vmtrans),
            ]);
        }
        table
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            formatter,
            "{}; wall time\n\n{}",
            self.conditions(),
            self.table()
        )?;
        let startup = &self.startup_seconds;
        writeln!(
            formatter,
            "start of hello: native {}, QEMU {}, vmtrans {}",
            seconds(startup.native),
            seconds(startup.qemu),
            seconds(startup.vmtrans),
        )?;
        write_compiled(formatter, "busybox", &self.compile_busybox)?;
        if let Some(large) = &self.large {
            let name = format!("a text of {:.1} MB", megabytes(large.text_bytes));
            write_compiled(formatter, &name, &large.compiled)?;
        }
        Ok(())
    }
}

fn write_compiled(
    formatter: &mut fmt::Formatter<'_>,
    name: &str,
    compiled: &Compiled,
) -> fmt::Result {
    writeln!(
        formatter,
        "compiling {name}: {} guest instructions in {} by {} threads, {:.0} per second and core, \
         peak memory {} MiB",
        compiled.stats.compiled_instructions,
        seconds(compiled.cost.wall),
        compiled.stats.threads,
        compiled.throughput(),
        compiled.peak_memory_mib(),
    )
}

fn megabytes(bytes: u64) -> f64 {
    #[expect(
        clippy::cast_precision_loss,
        reason = "a file's size is far below 2^52"
    )]
    let bytes = bytes as f64;
    bytes / 1e6
}

#[cfg(test)]
pub mod tests {
    use super::*;

    fn cost(wall: f64) -> Cost {
        Cost {
            wall,
            processor: wall,
            peak_memory_bytes: 3 << 20,
        }
    }

    fn stats() -> CompileStats {
        CompileStats {
            guest_instructions: 50_000,
            compiled_instructions: 50_000,
            units: 10,
            units_compiled: 10,
            units_reused: 0,
            units_failed: 0,
            coverage: 1.0,
            seconds: 1.0,
            threads: 2,
            peak_memory_bytes: 1 << 20,
            image_bytes: 1,
        }
    }

    /// A report of two programs, for this file's tests and the chart's.
    pub fn sample() -> Report {
        let program = |name: &str, qemu, vmtrans| Program {
            name: name.to_owned(),
            times: Times {
                native: cost(1.0),
                qemu: cost(qemu),
                vmtrans: cost(vmtrans),
            },
            compile: stats(),
        };
        let programs = vec![program("first", 8.0, 1.0), program("second", 2.0, 4.0)];
        let startup = Startup {
            native: 0.0006,
            qemu: 0.01,
            vmtrans: 0.002,
        };
        let compiled = Compiled {
            cost: cost(2.0),
            stats: stats(),
        };
        Report::new(5, programs, startup, compiled, None).expect("a report")
    }

    #[test]
    fn means_are_geometric() {
        let means = sample().means.expect("two programs");
        assert!((means.vmtrans_to_native - 2.0).abs() < 1e-12);
        assert!((means.qemu_to_native - 4.0).abs() < 1e-12);
        assert!((means.qemu_to_vmtrans - 2.0).abs() < 1e-12);
    }

    #[test]
    fn throughput_is_by_processor_time_and_memory_the_larger_account() {
        let text = sample().to_string();
        assert!(
            text.contains("25000 per second and core, peak memory 3 MiB"),
            "{text}"
        );
    }

    #[test]
    fn json_holds_wall_and_processor_time() {
        let json: serde_json::Value =
            serde_json::from_str(&sample().to_json().expect("json")).expect("json");
        assert_eq!(json["programs"][1]["vmtrans"]["wall"], 4.0);
        assert_eq!(json["programs"][1]["qemu"]["processor"], 2.0);
    }
}
