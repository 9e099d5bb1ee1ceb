//! What is said when a guest, or vmtrans itself, dies.

use std::fmt::Write as _;
use std::fs::File;
use std::os::unix::fs::FileExt;

use object::{Object, ObjectSymbol};

use crate::bus;
use crate::linux::private_copy;
use crate::signals::host::Info;
use crate::thread::Thread;

const NAMES: [&str; 32] = [
    "zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1", "a0", "a1", "a2", "a3", "a4",
    "a5", "a6", "a7", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4",
    "t5", "t6",
];

/// The guest program's file, for the names in it.
pub struct Program {
    file: File,
    offset: u64,
    length: u64,
}

impl Program {
    /// Keeps a file open, of which a part is the program.
    ///
    /// # Errors
    /// Where no descriptor is left.
    pub fn keep(file: &File, offset: u64, length: u64) -> std::io::Result<Program> {
        Ok(Program {
            file: private_copy(file)?.into(),
            offset,
            length,
        })
    }

    /// The name of the function at an address, as the file has it.
    fn function(&self, address: u64) -> Option<String> {
        let mut content = vec![0; usize::try_from(self.length).ok()?];
        self.file.read_exact_at(&mut content, self.offset).ok()?;
        let elf = object::File::parse(&*content).ok()?;
        let mut symbols = elf.symbols().chain(elf.dynamic_symbols());
        let found = symbols.find(|s| (s.address()..s.address() + s.size()).contains(&address))?;
        Some(found.name().ok()?.to_owned())
    }
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
    let program = t.process.program.as_ref();
    let name = program.and_then(|p| p.function(pc.wrapping_sub(t.process.bias)));
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
