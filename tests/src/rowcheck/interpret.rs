//! A generated program by the tables' meanings alone: memory, two system calls, nothing else of
//! vmtrans.

use vmtrans_isa::riscv::{Hart, Insn, decode};
use vmtrans_isa::{AmoOp, Bus, Fault, Flow, Interpreter, Ordering, Width};

/// Runs the file at `base`, with memory until `end`, from `entry`; what it wrote.
pub fn interpret(file: &[u8], base: u64, end: u64, entry: u64) -> Vec<u8> {
    let size = usize::try_from(end - base).expect("a small program");
    let mut memory = Memory {
        base,
        bytes: file.to_vec(),
    };
    memory.bytes.resize(size, 0);
    let mut decoded = vec![None; file.len().div_ceil(2)];
    let mut hart = Hart {
        pc: entry,
        reserved_address: u64::MAX,
        ..Hart::default()
    };
    let mut out = Vec::new();
    loop {
        let insn = fetch(&memory, &mut decoded, hart.pc);
        match Interpreter::new(&mut hart, &mut memory).step(&insn) {
            Flow::Next | Flow::Jumped => {}
            Flow::Ecall if hart.x[17] == 93 => return out,
            Flow::Ecall => {
                let (from, length) = (memory.at(hart.x[11]), hart.x[12]);
                let to = from + usize::try_from(length).expect("a small output");
                out.extend(&memory.bytes[from..to]);
                hart.x[10] = length;
                hart.pc += 4;
            }
            flow => panic!("{flow:?} at {:#x}", hart.pc),
        }
    }
}

/// The instruction at `pc`. The programs do not change themselves.
fn fetch(memory: &Memory, decoded: &mut [Option<Insn>], pc: u64) -> Insn {
    let at = memory.at(pc);
    *decoded[at / 2].get_or_insert_with(|| {
        let bits = memory.word(at, 4);
        decode(u32::try_from(bits).expect("four bytes"))
            .unwrap_or_else(|| panic!("{bits:#x} at {pc:#x} does not decode"))
    })
}

struct Memory {
    base: u64,
    bytes: Vec<u8>,
}

impl Memory {
    fn at(&self, address: u64) -> usize {
        let at = address.checked_sub(self.base).map(usize::try_from);
        let at = at.and_then(Result::ok);
        at.filter(|&at| at + 8 <= self.bytes.len())
            .unwrap_or_else(|| panic!("{address:#x} is outside of the program"))
    }

    fn word(&self, at: usize, length: usize) -> u64 {
        let bytes = self.bytes[at..at + length].iter().rev();
        bytes.fold(0, |word, &byte| word << 8 | u64::from(byte))
    }
}

impl Bus for Memory {
    fn load(&mut self, w: Width, address: u64) -> Result<u64, Fault> {
        let length = usize::try_from(w.bytes()).expect("few bytes");
        Ok(self.word(self.at(address), length))
    }

    fn store(&mut self, w: Width, address: u64, v: u64) -> Result<(), Fault> {
        let at = self.at(address);
        let bytes = self.bytes[at..].iter_mut().zip(v.to_le_bytes());
        for (to, from) in bytes.take(usize::try_from(w.bytes()).expect("few bytes")) {
            *to = from;
        }
        Ok(())
    }

    fn load_reserved(
        &mut self,
        hart: &mut Hart,
        w: Width,
        _: Ordering,
        address: u64,
    ) -> Result<u64, Fault> {
        hart.reserved_address = address;
        self.load(w, address)
    }

    fn store_conditional(
        &mut self,
        hart: &mut Hart,
        w: Width,
        _: Ordering,
        address: u64,
        v: u64,
    ) -> Result<bool, Fault> {
        let stores = hart.reserved_address == address;
        hart.reserved_address = u64::MAX;
        if stores {
            self.store(w, address, v)?;
        }
        Ok(stores)
    }

    /// As the manual's table has it, apart from the interpreter's own.
    fn amo(
        &mut self,
        op: AmoOp,
        w: Width,
        _: Ordering,
        address: u64,
        v: u64,
    ) -> Result<u64, Fault> {
        let old = self.load(w, address)?;
        // Both in the upper end of 64 bits, where all comparisons are those of 64 bits.
        let unused = 64 - w.bits();
        let (a, b) = (old << unused, v << unused);
        let signed = |v: u64| v.cast_signed();
        let new = match op {
            AmoOp::Swap => b,
            AmoOp::Add => a.wrapping_add(b),
            AmoOp::Xor => a ^ b,
            AmoOp::And => a & b,
            AmoOp::Or => a | b,
            AmoOp::Min if signed(a) < signed(b) => a,
            AmoOp::Max if signed(a) > signed(b) => a,
            AmoOp::Min | AmoOp::Max => b,
            AmoOp::Minu => a.min(b),
            AmoOp::Maxu => a.max(b),
        };
        self.store(w, address, new >> unused)?;
        Ok(old)
    }

    fn fence(&mut self, _: u32, _: u32) {}

    fn fence_i(&mut self) {}

    fn cycle(&mut self) -> u64 {
        0
    }

    fn time(&mut self) -> u64 {
        0
    }

    fn instret(&mut self) -> u64 {
        0
    }
}
