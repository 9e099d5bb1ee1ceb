//! The whole way from a guest ELF to an image, unit by unit, through the cache.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rayon::prelude::*;
use thiserror::Error;
use vmtrans_abi::{Addressing, CONTRACT, features_of};
use vmtrans_cache::{Cache, Key, KeyBuilder, Kind, Lookup};
use vmtrans_isa::GuestAddr;

use crate::boundary::Boundary;
use crate::codegen::{CodegenError, Compiler, OptLevel, host_cpu};
use crate::discover::{Discovery, discover};
use crate::guest::Guest;
use crate::lift::{LiftOptions, observes_flags};
use crate::link::{ImageInputs, LinkError, LinkUnit, UnitObject, link};
use crate::summaries::boundaries;
use crate::unit::{Placement, Unit};

/// What decides the code that is made.
#[derive(Clone, Debug)]
pub struct CodeOptions {
    /// How much is spent on it.
    pub level: OptLevel,
    /// Host CPU as LLVM names it; `native` for this host.
    pub host_cpu: String,
    /// Keep state exact at every access to memory, for a program that handles its own faults.
    pub exact_faults: bool,
}

/// How a compilation is done, which does not change its result.
pub struct Run<'a> {
    /// Where units are looked up and kept.
    pub cache: Option<&'a Cache>,
    /// Threads; 0 for one on each CPU.
    pub jobs: usize,
    /// Stands for this build of the translator.
    pub build: [u8; 32],
    /// Path of the program that runs images.
    pub runner: String,
    /// Entries that earlier runs missed, as offsets of the guest's addresses without bias.
    pub entries: BTreeSet<GuestAddr>,
    /// Called for each unit that is done, with how many there are.
    pub progress: &'a (dyn Fn(u64, u64) + Sync),
    /// Called for what is wrong but does not stop the compilation.
    pub warn: &'a (dyn Fn(String) + Sync),
}

/// What was done.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub struct Stats {
    /// Guest instructions in all units.
    pub guest_instructions: u64,
    /// Guest instructions in the units that were compiled.
    pub compiled_instructions: u64,
    /// Units in the image.
    pub units: u64,
    /// Units that LLVM compiled.
    pub units_compiled: u64,
    /// Units from the cache.
    pub units_reused: u64,
    /// Units that could not be compiled and are left to the interpreter.
    pub units_failed: u64,
    /// Part of the guest's executable segments that units cover.
    pub coverage: f64,
    /// Wall-clock seconds.
    pub seconds: f64,
    /// Seconds of all threads that compiled units.
    pub unit_seconds: f64,
    /// Threads that compiled units.
    pub threads: u64,
    /// Peak resident memory in bytes.
    pub peak_memory_bytes: u64,
    /// Bytes of the image.
    pub image_bytes: u64,
}

/// What stops a compilation.
#[derive(Debug, Error)]
pub enum CompileError {
    /// LLVM cannot do it at all.
    #[error(transparent)]
    Codegen(#[from] CodegenError),
    /// The image cannot be linked.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// No such CPU.
    #[error(
        "host CPU {0} is not known, expected native, x86-64, x86-64-v2, x86-64-v3 or x86-64-v4"
    )]
    HostCpu(String),
    /// A unit made the lifter panic, which has said why.
    #[error("bug: the lifter panicked")]
    Bug,
    /// The threads cannot be started.
    #[error("compile threads cannot be started: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
}

/// Translates a guest into an image.
///
/// # Errors
/// Where the host is not supported or the image cannot be linked. A unit that fails is left out.
pub fn compile(
    guest: &Guest,
    code: &CodeOptions,
    run: &Run<'_>,
) -> Result<(Vec<u8>, Stats), CompileError> {
    let begin = Instant::now();
    let discovery = discover(guest, &run.entries);
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(run.jobs)
        .stack_size(64 << 20)
        .build()?;
    let Prepared { units, lift } = pool.install(|| prepare(guest, &discovery, code))?;
    Compiler::new(&lift, code.level)?;
    let work = Work::new(&lift, code.level, run, units.len() as u64);
    let units = units.into_par_iter();
    // A compiler costs about as much as a small unit, so each stretch of units shares one.
    let compilers = || Compiler::new(&lift, code.level).expect("one was made before");
    let units = pool.install(|| {
        let results = units.map_init(compilers, |compiler, unit| work.unit(compiler, unit));
        results.flatten().collect::<Vec<_>>()
    });
    let (text_base, text_length) = guest.text_range();
    let inputs = ImageInputs {
        guest: guest.bytes(),
        guest_hash: *guest.hash(),
        build_hash: *build_key(&lift, code.level, run).as_bytes(),
        host_features: features_of(&lift.features),
        addressing: lift.addressing,
        exact_faults: lift.exact_faults,
        guest_bias: guest.bias(),
        text_base,
        text_length,
        guest_end: guest.end(),
        runner: run.runner.clone(),
    };
    let image = link(&inputs, &units)?;
    let mut stats = work.stats(&discovery);
    stats.seconds = begin.elapsed().as_secs_f64();
    stats.threads = pool.current_num_threads() as u64;
    stats.units = units.len() as u64;
    stats.image_bytes = image.len() as u64;
    stats.peak_memory_bytes = peak_memory();
    Ok((image, stats))
}

/// Host CPUs that images may be made for, with their features as LLVM writes them (the levels of
/// the x86-64 psABI, section 3.1.1).
const HOST_CPUS: [(&str, &str); 4] = [
    ("x86-64", ""),
    ("x86-64-v2", "+sse3,+ssse3,+sse4.1,+sse4.2,+popcnt,+cx16"),
    ("x86-64-v3", V3),
    ("x86-64-v4", V4),
];
const V3: &str =
    "+sse3,+ssse3,+sse4.1,+sse4.2,+popcnt,+cx16,+avx,+avx2,+fma,+f16c,+bmi,+bmi2,+lzcnt,+movbe";
const V4: &str = "+sse3,+ssse3,+sse4.1,+sse4.2,+popcnt,+cx16,+avx,+avx2,+fma,+f16c,+bmi,+bmi2,+lzcnt,\
                  +movbe,+avx512f,+avx512bw,+avx512cd,+avx512dq,+avx512vl";

/// A unit, what it is told of others, and where it is.
#[derive(Clone, Debug)]
pub struct PreparedUnit {
    /// The guest function.
    pub unit: Unit,
    /// What it is told.
    pub boundary: Boundary,
    /// Where it is.
    pub placement: Placement,
}

/// A guest's units, ready to be compiled each on its own.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// In the order of their addresses.
    pub units: Vec<PreparedUnit>,
    /// How they are lifted; what one of them does may matter to all.
    pub lift: LiftOptions,
}

/// Makes units of a guest's functions, and finds out what each is to be told of the others.
///
/// # Errors
/// [`CompileError::HostCpu`].
pub fn prepare(
    guest: &Guest,
    discovery: &Discovery,
    code: &CodeOptions,
) -> Result<Prepared, CompileError> {
    let functions = &discovery.functions;
    let units = functions.par_iter().map(Unit::new).collect::<Vec<_>>();
    let lift = lift_options(
        guest,
        code,
        units.par_iter().any(|(u, _)| observes_flags(u)),
    )?;
    let beginnings = functions.iter().map(|f| f.beginning);
    let boundaries = boundaries(&units, &beginnings.collect::<Vec<_>>()).into_iter();
    let boundaries = boundaries.map(|boundary| match code.exact_faults {
        // A program that handles faults sees every register at every access.
        true => boundary.with_all_registers(),
        false => boundary,
    });
    let units = units.into_iter().zip(boundaries);
    let units = units.map(|((unit, placement), boundary)| PreparedUnit {
        unit,
        boundary,
        placement,
    });
    Ok(Prepared {
        units: units.collect(),
        lift,
    })
}

fn lift_options(
    guest: &Guest,
    code: &CodeOptions,
    exact_flags: bool,
) -> Result<LiftOptions, CompileError> {
    let (cpu, features) = match code.host_cpu.as_str() {
        "native" => host_cpu(),
        other => {
            let known = HOST_CPUS.iter().find(|(name, _)| *name == other);
            let (name, features) = known.ok_or_else(|| CompileError::HostCpu(other.to_owned()))?;
            ((*name).to_owned(), (*features).to_owned())
        }
    };
    let addressing = if guest.is_position_independent() {
        Addressing::Relative
    } else {
        Addressing::Absolute
    };
    Ok(LiftOptions {
        addressing,
        cpu,
        features,
        lines: true,
        exact_flags,
        exact_faults: code.exact_faults,
    })
}

/// The key under which a guest's image is kept, which the runtime can compute without LLVM.
fn build_key(lift: &LiftOptions, level: OptLevel, run: &Run<'_>) -> Key {
    let LiftOptions {
        addressing,
        cpu,
        features,
        lines,
        exact_flags,
        exact_faults,
    } = lift;
    KeyBuilder::new("vmtrans translator and options")
        .part(&run.build)
        .part(CONTRACT)
        .part(cpu.as_bytes())
        .part(features.as_bytes())
        .number(u64::from(*addressing as u32))
        .number(u64::from(*lines))
        .number(u64::from(*exact_flags))
        .number(u64::from(*exact_faults))
        .number(u64::from(level.number()))
        .finish()
}

/// Compiles units on several threads.
struct Work<'a> {
    run: &'a Run<'a>,
    build: Key,
    total: u64,
    done: AtomicU64,
    compiled: AtomicU64,
    compiled_instructions: AtomicU64,
    reused: AtomicU64,
    failed: AtomicU64,
    nanoseconds: AtomicU64,
}

impl<'a> Work<'a> {
    fn new(lift: &LiftOptions, level: OptLevel, run: &'a Run<'a>, total: u64) -> Work<'a> {
        let build = build_key(lift, level, run);
        let zero = || AtomicU64::new(0);
        Work {
            run,
            build,
            total,
            done: zero(),
            compiled: zero(),
            compiled_instructions: zero(),
            reused: zero(),
            failed: zero(),
            nanoseconds: zero(),
        }
    }

    fn unit(&self, compiler: &Compiler, prepared: PreparedUnit) -> Option<LinkUnit> {
        let begin = Instant::now();
        // A bug in lifting one function must not cost the others.
        let attempt = AssertUnwindSafe(|| self.object(compiler, &prepared));
        let result = catch_unwind(attempt).unwrap_or(Err(CompileError::Bug));
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        (self.run.progress)(done, self.total);
        let placement = prepared.placement;
        let spent = u64::try_from(begin.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.nanoseconds.fetch_add(spent, Ordering::Relaxed);
        match result {
            Ok(object) => Some(LinkUnit { placement, object }),
            Err(error) => {
                self.failed.fetch_add(1, Ordering::Relaxed);
                (self.run.warn)(format!(
                    "unit at {} is left to the interpreter: {error}",
                    placement.start
                ));
                None
            }
        }
    }

    fn object(
        &self,
        compiler: &Compiler,
        prepared: &PreparedUnit,
    ) -> Result<UnitObject, CompileError> {
        let PreparedUnit {
            unit,
            boundary,
            placement,
        } = prepared;
        let key = KeyBuilder::new("vmtrans translation unit")
            .part(self.build.as_bytes())
            .part(&unit.content())
            .part(&boundary.content())
            .finish();
        if let Some(bytes) = self.cached(&key)
            && let Ok(object) = UnitObject::read(&bytes, placement.start)
        {
            self.reused.fetch_add(1, Ordering::Relaxed);
            return Ok(object);
        }
        let bytes = compiler.compile(unit, boundary)?;
        self.compiled.fetch_add(1, Ordering::Relaxed);
        self.compiled_instructions
            .fetch_add(unit.insns.len() as u64, Ordering::Relaxed);
        if let Some(cache) = self.run.cache
            && let Err(error) = cache.put(Kind::Unit, &key, &bytes)
        {
            (self.run.warn)(format!(
                "the unit at {} is not kept: {error}",
                placement.start
            ));
        }
        Ok(UnitObject::read(&bytes, placement.start)?)
    }

    fn cached(&self, key: &Key) -> Option<Vec<u8>> {
        match self.run.cache?.lookup(Kind::Unit, key) {
            Lookup::Found(bytes) => Some(bytes),
            Lookup::Damaged(damage) => {
                (self.run.warn)(damage.to_string());
                None
            }
            _ => None,
        }
    }

    fn stats(&self, discovery: &Discovery) -> Stats {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Stats {
            guest_instructions: discovery
                .functions
                .iter()
                .map(|f| f.insns.len() as u64)
                .sum(),
            compiled_instructions: get(&self.compiled_instructions),
            units_compiled: get(&self.compiled),
            units_reused: get(&self.reused),
            units_failed: get(&self.failed),
            coverage: discovery.coverage,
            unit_seconds: Duration::from_nanos(get(&self.nanoseconds)).as_secs_f64(),
            ..Stats::default()
        }
    }
}

fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status
        .lines()
        .find_map(|l| l.strip_prefix("VmHWM:"))
        .unwrap_or_default();
    let kib = line
        .trim()
        .trim_end_matches("kB")
        .trim()
        .parse::<u64>()
        .unwrap_or(0);
    kib * 1024
}
