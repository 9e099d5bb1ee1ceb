//! What is said when a guest, or vmtrans itself, dies.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::bus;
use crate::signals::host::Info;
use crate::thread::Thread;

const NAMES: [&str; 32] = [
    "zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1", "a0", "a1", "a2", "a3", "a4",
    "a5", "a6", "a7", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4",
    "t5", "t6",
];

/// Host address of the last fault in compiled code; 0 where it was in the interpreter.
static COMPILED: AtomicU64 = AtomicU64::new(0);

/// Notes that a fault was in compiled code.
pub fn in_compiled_code(host_pc: u64) {
    COMPILED.store(host_pc, Ordering::Relaxed);
}

/// Says which instruction the guest cannot execute.
pub fn illegal(t: &Thread, pc: u64) {
    let word = bus::fetch(pc);
    tracing::warn!(
        "illegal instruction {word:#x} at {pc:#x}{}",
        function(t, pc)
    );
    if t.process.options.crash_report || t.process.linux.config.verbose {
        eprintln!(
            "vmtrans: illegal instruction {word:#x} at {pc:#x}{}",
            function(t, pc)
        );
    }
}

fn function(t: &Thread, pc: u64) -> String {
    let image = t.process.images.get();
    let host = COMPILED.load(Ordering::Relaxed);
    let name = image.and_then(|i| {
        if host != 0 {
            i.function(host)
        } else {
            i.function(i.look_up(pc)?)
        }
    });
    name.map_or_else(String::new, |name| format!(" in {name}"))
}

/// Prints where the guest was and its registers.
pub fn crash(t: &Thread, info: &Info) {
    let hart = &t.state.hart;
    let mut text = String::new();
    let _ = writeln!(
        text,
        "vmtrans: the guest died of signal {} (code {}, address {:#x}) at {:#x}{}",
        info.signal(),
        info.code(),
        info.address(),
        hart.pc,
        function(t, hart.pc),
    );
    if COMPILED.load(Ordering::Relaxed) != 0 {
        let _ = writeln!(
            text,
            "registers as compiled code last wrote them back (exact with --tier interpreter):"
        );
    }
    for (row, names) in NAMES.chunks(4).enumerate() {
        for (column, name) in names.iter().enumerate() {
            let _ = write!(text, "  {name:>4} {:016x}", hart.x[row * 4 + column]);
        }
        text.push('\n');
    }
    eprint!("{text}");
}

/// A fault that is not the guest's.
pub fn own_fault(pc: u64, info: &Info) {
    eprintln!("vmtrans: bug: fault in vmtrans itself at {pc:#x}: {info:?}");
}
