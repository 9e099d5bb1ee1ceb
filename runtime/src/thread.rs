//! A guest thread and its process: what dispatch, signals and system calls share.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use vmtrans_abi::{GuestState, WANTS_EXACT_FAULTS};

use crate::code_cache::CodeCache;
use crate::image::{Image, Images};
use crate::linux;
use crate::miss::Misses;
use crate::report::Program;
use crate::signals::{ProcessSignals, ThreadSignals};
use crate::start::Watch;

/// What all threads of a guest process share.
pub struct Process {
    /// What the system calls keep.
    pub linux: linux::ProcessState,
    /// Compiled code that is mapped.
    pub images: Images,
    /// What the guest does with signals.
    pub signals: ProcessSignals,
    /// Entries that have no compiled code.
    pub misses: Misses,
    /// How guest code is executed.
    pub options: Options,
    /// Takes the misses when the guest ends.
    pub on_exit: Option<Box<dyn Fn(BTreeSet<u64>) + Send + Sync>>,
    /// Gives an image that appears while the guest runs.
    pub watch: Mutex<Option<Watch>>,
    /// Compiled code is entered only if state is exact in it at every access to memory.
    pub exact_faults: AtomicBool,
    /// How often the dispatcher came by without compiled code.
    pub checks: AtomicU32,
    /// The guest program's file, where it is to be reported where the guest was.
    pub program: Option<Program>,
    /// What was added to the guest program's addresses.
    pub bias: u64,
}

impl Process {
    /// The guest goes on at `pc`, for which there is no compiled code.
    pub fn miss(&self, pc: u64) {
        if self.options.interpreter_only {
            return;
        }
        match self.images.get() {
            Some(image) if image.text.contains(&pc) => self.misses.add(pc.wrapping_sub(self.bias)),
            Some(_) => {}
            None => self.look_for_image(),
        }
    }

    /// The guest is going to handle faults of its own, so from here on its state is to be exact
    /// wherever it accesses memory. Compiled code that does not keep it so is given up, and the next
    /// translation is told.
    pub fn want_exact_faults(&self) {
        if self.options.interpreter_only || self.exact_faults.swap(true, Ordering::Relaxed) {
            return;
        }
        self.misses.add(WANTS_EXACT_FAULTS);
        if !self.images.get().is_some_and(Image::has_exact_faults) {
            self.images.give_up();
        }
    }

    /// Now and then, looks whether the image has appeared.
    fn look_for_image(&self) {
        if !self
            .checks
            .fetch_add(1, Ordering::Relaxed)
            .is_multiple_of(16)
        {
            return;
        }
        let mut watch = self.watch.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(image) = watch.as_ref().and_then(|watch| watch()) else {
            return;
        };
        if self.exact_faults.load(Ordering::Relaxed) && image.manifest.exact_faults == 0 {
            return;
        }
        *watch = None;
        self.images.make_room();
        let shift = self.bias.wrapping_sub(image.manifest.guest_bias);
        match image.map(shift) {
            Ok(image) => self.images.add(image),
            Err(error) => tracing::debug!("{error}"),
        }
    }
}

/// How guest code is executed and reported.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Never enter compiled code.
    pub interpreter_only: bool,
    /// Say where a guest was when a signal kills it.
    pub crash_report: bool,
    /// Guest address of the code that returns from signal handlers.
    pub sigreturn: u64,
}

/// A thread of the guest.
pub struct Thread {
    /// Registers, where compiled code finds them.
    pub state: Box<GuestState>,
    /// Its process.
    pub process: Arc<Process>,
    /// What the system calls keep.
    pub linux: linux::ThreadState,
    /// Its signals.
    pub signals: ThreadSignals,
    /// Decoded instructions.
    pub code: CodeCache,
    /// How many dispatchers are below each other on the host's stack.
    pub depth: u32,
    /// The interpreter is in the middle of an instruction, with exact registers.
    pub interpreting: bool,
}

impl Thread {
    /// The next time compiled code looks, it is left for the dispatcher with all its frames.
    pub fn leave_compiled_code(&self) {
        self.state.pending.store(1, Ordering::Relaxed);
    }

    /// Says that code in a range is no longer what it was.
    pub fn code_changed(&mut self, range: Range<u64>) {
        self.code.forget();
        let before = self.process.images.times_given_up();
        self.process.images.forget(range);
        if self.process.images.times_given_up() != before {
            self.leave_compiled_code();
        }
    }
}
