//! Starting a guest: load, map, make the first thread, go.

#![allow(unsafe_code)]

use std::collections::BTreeSet;
use std::ffi::CString;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU32};
use std::sync::{Arc, Mutex};

use rustix::mm::{MapFlags, ProtFlags, mmap_anonymous};
use thiserror::Error;
use vmtrans_abi::{CANONICAL_DOUBLE, CANONICAL_SINGLE, GuestState, HELPERS, IMAGE_BASE};
use vmtrans_isa::riscv::Hart;

use crate::image::{ImageError, ImageFile, Images};
use crate::linux::load::{LoadConfig, LoadError, LoadSource, Loaded, load};
use crate::linux::{self, ProcessState};
use crate::miss::Misses;
use crate::report::Program;
use crate::signals::{ProcessSignals, ThreadSignals, host};
use crate::thread::{Options, Process, Thread};
use crate::{code_cache::CodeCache, dispatch, entry, floats, stack};

/// Where an image may appear while its guest runs: called now and then until it gives one.
pub type Watch = Box<dyn Fn() -> Option<ImageFile> + Send + Sync>;

/// What to run, and how.
pub struct RunConfig {
    /// Compiled code.
    pub image: Option<ImageFile>,
    /// The guest program, where the image is not to give it.
    pub guest: Option<File>,
    /// What is executed, as it was named.
    pub path: PathBuf,
    /// The guest's arguments, its name first.
    pub arguments: Vec<CString>,
    /// Its environment.
    pub environment: Vec<CString>,
    /// What system calls are told.
    pub linux: linux::Config,
    /// Never enter compiled code.
    pub interpreter_only: bool,
    /// Say where the guest was when a signal kills it.
    pub crash_report: bool,
    /// Takes the guest addresses that were entered without compiled code, when the guest ends.
    pub on_exit: Option<Box<dyn Fn(BTreeSet<u64>) + Send + Sync>>,
    /// Gives the image that was not there at the start, or a better one.
    pub watch: Option<Watch>,
}

/// Why a guest could not be started.
#[derive(Debug, Error)]
pub enum RunError {
    /// It cannot be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// Its image cannot be used.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// It cannot be read.
    #[error("{}: cannot be read: {source}", path.display())]
    Read {
        /// The program.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There is no memory.
    #[error("no memory for {what}: {source}")]
    Memory {
        /// What it was for.
        what: &'static str,
        /// Why.
        source: io::Error,
    },
}

/// Runs a guest. Comes back only where it could not be started.
///
/// # Errors
/// [`RunError`].
pub fn run(mut config: RunConfig) -> Result<std::convert::Infallible, RunError> {
    let source = guest_source(&config)?;
    let loaded = load_guest(&config, &source)?;
    let reports = config.crash_report || config.linux.verbose;
    let program = reports.then(|| Program::keep(source.file, source.offset, source.length));
    // A report without names is better than no run.
    let program = program.and_then(Result::ok);
    // The guest is to find its own descriptors only.
    drop(config.guest.take());
    let sigreturn = sigreturn_code()?;
    let images = Images::default();
    let shift = config
        .image
        .as_ref()
        .map(|i| loaded.bias.wrapping_sub(i.manifest.guest_bias));
    let process = Process {
        linux: ProcessState::new(config.linux, loaded.program, loaded.space),
        images,
        signals: ProcessSignals::inherited(),
        misses: Misses::default(),
        options: Options {
            interpreter_only: config.interpreter_only,
            crash_report: config.crash_report,
            sigreturn,
        },
        on_exit: config.on_exit,
        watch: Mutex::new(config.watch),
        exact_faults: AtomicBool::new(config.crash_report),
        checks: AtomicU32::new(0),
        bias: loaded.bias,
        program,
    };
    let exact = config.crash_report && !config.interpreter_only;
    let image = config
        .image
        .filter(|i| !exact || i.manifest.exact_faults != 0);
    if let (Some(image), Some(shift)) = (image, shift) {
        process.images.add(image.map(shift)?);
    }
    host::install_all(&process.signals);
    let thread = Thread {
        state: Box::new(first_state(loaded.entry.get(), loaded.stack_pointer.get())),
        process: Arc::new(process),
        linux: linux::ThreadState::default(),
        signals: ThreadSignals::blocking(host::mask()),
        code: CodeCache::default(),
        depth: 0,
        interpreting: false,
    };
    let thread = Box::leak(Box::new(thread));
    point_gs_to(&raw mut *thread.state);
    dispatch::set_current(thread);
    host::install_stack();
    let source = stack::call_on_large(go);
    Err(RunError::Memory {
        what: "the host's stack",
        source,
    })
}

extern "C" fn go() -> ! {
    dispatch::run()
}

/// Where the guest program is.
fn guest_source(config: &RunConfig) -> Result<LoadSource<'_>, RunError> {
    let read = |source| RunError::Read {
        path: config.path.clone(),
        source,
    };
    let (file, offset, length) = match (&config.image, &config.guest) {
        (Some(image), _) => {
            let m = &image.manifest;
            (&image.file, m.guest_offset, m.guest_length)
        }
        (None, Some(guest)) => (guest, 0, guest.metadata().map_err(read)?.len()),
        (None, None) => unreachable!("the caller gives one of the two"),
    };
    Ok(LoadSource {
        file,
        offset,
        length,
    })
}

fn load_guest(config: &RunConfig, source: &LoadSource<'_>) -> Result<Loaded, RunError> {
    let bias = config.image.as_ref().map(|i| i.manifest.guest_bias);
    let images = IMAGE_BASE..1 << 31;
    let reserved: &[Range<u64>] = std::slice::from_ref(&images);
    let config = LoadConfig {
        path: &config.path,
        arguments: &config.arguments,
        environment: &config.environment,
        bias,
        reserved,
    };
    Ok(load(source, &config)?)
}

/// A page of the guest's with `li a7, 139; ecall`: what handlers return to.
fn sigreturn_code() -> Result<u64, RunError> {
    const CODE: [u32; 2] = [0x08b0_0893, 0x0000_0073];
    let memory = |source: rustix::io::Errno| RunError::Memory {
        what: "signal handlers",
        source: source.into(),
    };
    let protection = ProtFlags::READ | ProtFlags::WRITE;
    // SAFETY: a new mapping, of which the first eight bytes are written.
    unsafe {
        let page = mmap_anonymous(std::ptr::null_mut(), 4096, protection, MapFlags::PRIVATE)
            .map_err(memory)?;
        page.cast::<[u32; 2]>().write(CODE);
        Ok(page.expose_provenance() as u64)
    }
}

fn first_state(pc: u64, sp: u64) -> GuestState {
    let mut hart = Hart {
        pc,
        reserved_address: u64::MAX,
        ..Hart::default()
    };
    hart.x[2] = sp;
    let mut helpers = [0; HELPERS.len()];
    helpers.copy_from_slice(&entry::helpers());
    GuestState {
        hart,
        pending: AtomicU32::new(0),
        reserved: 0,
        helpers,
        host_sp: 0,
        mxcsr: floats::MXCSR,
        host_mxcsr: floats::MXCSR,
        canonical_double: CANONICAL_DOUBLE,
        canonical_single: CANONICAL_SINGLE,
        reserved_end: 0,
    }
}

/// The state of a thread that goes on where another is, for dispatchers of its own.
pub fn copy_state(state: &GuestState) -> GuestState {
    GuestState {
        hart: state.hart.clone(),
        mxcsr: state.mxcsr,
        ..first_state(state.hart.pc, state.hart.x[2])
    }
}

/// Has compiled code on this host thread find its registers there.
pub fn point_gs_to(state: *mut GuestState) {
    const ARCH_SET_GS: libc::c_ulong = 0x1001;
    // SAFETY: nothing else on x86-64 Linux uses `%gs` in user space.
    unsafe { libc::syscall(libc::SYS_arch_prctl, ARCH_SET_GS, state) };
}
