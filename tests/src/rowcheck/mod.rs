//! Guest programs that execute rows of the instruction tables on many operands and print what came
//! of it, so that QEMU, the interpreter and compiled code can be held against each other.
//!
//! A program has a function for each instruction: a loop over a table of operands, which executes
//! the instruction, keeps its results, and prints them at the end. It knows encodings from the
//! tables only through `llvm-mc`'s check of them, and no meaning.

mod assembler;
mod interpret;
mod operands;
mod variants;

use vmtrans_isa::riscv::{Fields, Reg, Row, disassemble, rows};
use vmtrans_isa::{Control, Fmt, GuestAddr};

use crate::elf::TinyElf;
use assembler::Assembler;
use operands::{Noise, Triple};
use variants::{A, B, C, D, Variant, variants, wanted};

/// What a program shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shows {
    /// Results, so that floating point is compiled as in any program.
    Results,
    /// Results and the accrued exception flags, under each dynamic rounding mode.
    Flags,
}

/// Where the program's bytes are.
const BASE: u64 = 0x10000;
/// File and program headers of a program with two segments.
const HEADERS: u64 = 64 + 2 * 56;
/// Where a function's results go.
const OUT: u64 = 0x40_0000;
/// Where loads and stores go, in the middle of a page.
const SCRATCH: u64 = 0x48_0800;
/// What follows `OUT`.
const OUT_SIZE: u64 = 0x10_0000;

const OPERANDS: Reg = Reg::new(8);
const RESULTS: Reg = Reg::new(9);
const TEMPORARY: Reg = Reg::new(14);
const MEMORY: Reg = Reg::new(15);
const CALL: Reg = Reg::new(17);
const END: Reg = Reg::new(18);
const RETURN: Reg = Reg::new(20);

const FFLAGS: u32 = 1;
const FRM: u32 = 2;
const FCSR: u32 = 3;

/// A program and what its output is made of.
pub struct Program {
    /// The ELF file.
    pub elf: Vec<u8>,
    entry: u64,
    tables: [Vec<Triple>; 3],
    functions: Vec<Function>,
}

/// What one instruction prints: for each operands of its table, some words.
struct Function {
    row: &'static str,
    at: usize,
    text: String,
    table: usize,
    words: usize,
}

/// Makes a program from the rows of these extensions.
pub fn generate(seed: u64, shows: Shows, extensions: &[&str]) -> Program {
    let noise = &mut Noise(seed);
    let tables = [
        operands::integers(noise),
        operands::floats(Fmt::S, noise),
        operands::floats(Fmt::D, noise),
    ];
    let mut maker = Maker {
        shows,
        bounds: bounds(&tables),
        asm: Assembler::default(),
        functions: Vec::new(),
    };
    maker.flush();
    let chosen = rows()
        .filter(|row| extensions.contains(&row.extension))
        .filter(|row| wanted(row, shows));
    for row in chosen {
        for variant in variants(row, shows, noise) {
            maker.function(row, &variant);
        }
    }
    let entry = maker.start();
    let data = tables.iter().flatten().flatten();
    let mut content = data.flat_map(|word| word.to_le_bytes()).collect::<Vec<_>>();
    let entry = BASE + HEADERS + content.len() as u64 + entry.cast_unsigned();
    content.extend(&maker.asm.code);
    Program {
        elf: elf(content, entry),
        entry,
        tables,
        functions: maker.functions,
    }
}

/// From where to where each table is.
fn bounds(tables: &[Vec<Triple>; 3]) -> [(u64, u64); 3] {
    let mut end = BASE + HEADERS;
    tables.each_ref().map(|table| {
        let start = end;
        end += 24 * table.len() as u64;
        (start, end)
    })
}

fn elf(content: Vec<u8>, entry: u64) -> Vec<u8> {
    let size = HEADERS + content.len() as u64;
    TinyElf::new(&[])
        .and_segment(|s| {
            s.p_flags = 6;
            s.p_vaddr = OUT;
            s.p_memsz = OUT_SIZE;
        })
        .with(|elf| {
            elf.content = content;
            elf.e_entry = entry;
            elf.segments[0].p_filesz = size;
            elf.segments[0].p_memsz = size;
        })
        .bytes()
}

/// The table for a row that reads floating point: the format of its operands ends its name.
fn table(row: &Row, variant: &Variant) -> usize {
    let format = row.mnemonic().rsplit('.').next();
    match format {
        _ if variant.effects.freads.is_empty() => 0,
        Some("s" | "w" | "fsw") => 1,
        _ => 2,
    }
}

struct Maker {
    shows: Shows,
    bounds: [(u64, u64); 3],
    asm: Assembler,
    functions: Vec<Function>,
}

impl Maker {
    /// The first function: prints what is between [`OUT`] and [`RESULTS`].
    fn flush(&mut self) {
        let asm = &mut self.asm;
        asm.constant(B, OUT);
        asm.emit("Sub", three(C, RESULTS, B));
        let again = asm.here();
        asm.immediate("Addi", A, Reg::ZERO, 1);
        asm.immediate("Addi", CALL, Reg::ZERO, 64);
        asm.ecall();
        let end = asm.here() + 16;
        asm.branch("Bge", Reg::ZERO, A, end);
        asm.emit("Add", three(B, B, A));
        asm.emit("Sub", three(C, C, A));
        asm.branch("Bne", C, Reg::ZERO, again);
        asm.immediate("Jalr", Reg::ZERO, Reg::RA, 0);
    }

    /// Calls all functions and ends; where it starts.
    fn start(&mut self) -> i64 {
        let entry = self.asm.here();
        for function in &self.functions {
            let at = i64::try_from(function.at).expect("a short program");
            self.asm.jump(Reg::RA, at);
        }
        self.asm.immediate("Addi", A, Reg::ZERO, 0);
        self.asm.immediate("Addi", CALL, Reg::ZERO, 93);
        self.asm.ecall();
        entry
    }

    /// A loop over the operands.
    fn function(&mut self, row: &Row, variant: &Variant) {
        let table = table(row, variant);
        let (start, end) = self.bounds[table];
        let at = self.asm.code.len();
        self.asm.copy(RETURN, Reg::RA);
        self.asm.constant(OPERANDS, start);
        self.asm.constant(END, end);
        self.asm.constant(RESULTS, OUT);
        self.asm.constant(MEMORY, SCRATCH);
        self.asm.copy(Reg::SP, MEMORY);
        self.asm.set_csr(FRM, variant.mode);
        if variant.effects.atomic {
            // So that no reservation is left from the function before.
            self.asm.emit("ScD", three(Reg::ZERO, MEMORY, Reg::ZERO));
        }
        let again = self.asm.here();
        self.operands(variant);
        self.before(variant);
        self.asm.insn(&variant.insn);
        let words = self.results(variant);
        self.asm.immediate("Addi", OPERANDS, OPERANDS, 24);
        self.asm.immediate("Addi", RESULTS, RESULTS, words * 8);
        self.asm.branch("Bltu", OPERANDS, END, again);
        self.asm.set_csr(FCSR, 0);
        self.asm.jump(Reg::RA, 0);
        self.asm.copy(Reg::RA, RETURN);
        self.asm.immediate("Jalr", Reg::ZERO, Reg::RA, 0);
        let text = disassemble(&variant.insn, GuestAddr::new(0));
        self.functions.push(Function {
            row: row.name,
            at,
            text: format!("{} ({text}, frm {})", row.name, variant.mode),
            table,
            words: usize::try_from(words).expect("few words"),
        });
    }

    fn operands(&mut self, variant: &Variant) {
        let effects = &variant.effects;
        let floats = effects.freads.union(effects.fwrites);
        for (register, offset) in [(A, 0), (B, 8), (C, 16), (D, 16)] {
            self.asm.immediate("Ld", register, OPERANDS, offset);
            if !floats.is_empty() {
                self.asm.immediate("Fld", register, OPERANDS, offset);
            }
        }
    }

    /// Makes memory, a jump's target and control registers what they are to be.
    fn before(&mut self, variant: &Variant) {
        let effects = &variant.effects;
        if effects.loads || effects.stores {
            let offset = match effects.atomic {
                true => 0,
                false => variant.insn.fields.imm,
            };
            self.asm.immediate("Addi", TEMPORARY, MEMORY, offset);
            self.asm.store("Sd", C, TEMPORARY, 0);
            self.asm.copy(A, MEMORY);
        }
        if variant.insn.row.row().name.starts_with("Sc") && variant.number % 2 == 1 {
            let lr = if variant.insn.row.row().name == "ScW" {
                "LrW"
            } else {
                "LrD"
            };
            self.asm.emit(lr, three(Reg::ZERO, A, Reg::ZERO));
        }
        if let Control::JumpIndirect { offset, .. } = effects.control {
            // Behind these two, the jump and what it skips. Bit 0 does not count.
            let distance = 8 + i64::from(variant.insn.len) + 4;
            let low = i64::from(offset % 2 == 0 && variant.number % 2 == 1);
            self.asm.immediate("Auipc", A, Reg::ZERO, 0);
            self.asm.immediate("Addi", A, A, distance - offset + low);
        }
        if effects.csr.is_some() {
            let fields = Fields {
                csr: FCSR,
                ..three(Reg::ZERO, B, Reg::ZERO)
            };
            self.asm.emit("Csrrw", fields);
        }
        if self.shows == Shows::Flags {
            self.asm.set_csr(FFLAGS, 0);
        }
    }

    /// Keeps what the instruction did; how many words that is.
    fn results(&mut self, variant: &Variant) -> i64 {
        let effects = &variant.effects;
        let mut words = 0;
        let mut keep = |asm: &mut Assembler, name: &str, register: Reg| {
            asm.store(name, register, RESULTS, 8 * words);
            words += 1;
        };
        if effects.control != Control::None {
            self.asm.immediate("Addi", D, D, 1);
        }
        for number in effects.writes.iter() {
            keep(&mut self.asm, "Sd", Reg::new(number));
        }
        for number in effects.fwrites.iter() {
            keep(&mut self.asm, "Fsd", Reg::new(number));
        }
        if !effects.writes.contains(D.number()) && effects.fwrites.is_empty() {
            keep(&mut self.asm, "Sd", D);
        }
        if effects.loads || effects.stores {
            self.asm.immediate("Ld", A, TEMPORARY, 0);
            keep(&mut self.asm, "Sd", A);
        }
        if effects.csr.is_some() || self.shows == Shows::Flags {
            self.asm.get_csr(TEMPORARY, FCSR);
            keep(&mut self.asm, "Sd", TEMPORARY);
        }
        words
    }
}

fn three(rd: Reg, rs1: Reg, rs2: Reg) -> Fields {
    Fields {
        rd,
        rs1,
        rs2,
        ..Fields::NONE
    }
}

/// How many differences are shown.
const SHOWN: usize = 30;

impl Program {
    /// The rows that it executes, each once or more.
    pub fn rows(&self) -> impl Iterator<Item = &'static str> {
        self.functions.iter().map(|f| f.row)
    }

    /// How many bytes it prints.
    pub fn output_size(&self) -> usize {
        let size = |f: &Function| 8 * f.words * self.tables[f.table].len();
        self.functions.iter().map(size).sum()
    }

    /// How many times it executes one of the instructions.
    pub fn cases(&self) -> usize {
        let cases = |f: &Function| self.tables[f.table].len();
        self.functions.iter().map(cases).sum()
    }

    /// What it prints, by the tables' meanings.
    pub fn interpret(&self) -> Vec<u8> {
        interpret::interpret(&self.elf, BASE, OUT + OUT_SIZE, self.entry)
    }

    /// The first difference of two outputs, for each instruction that has some.
    pub fn difference(&self, expected: &[u8], found: &[u8]) -> Option<String> {
        let mut at = 0;
        let mut wrong = Vec::new();
        for function in &self.functions {
            let case = 8 * function.words;
            let length = case * self.tables[function.table].len();
            let part = |bytes: &[u8]| bytes.get(at..at + length).unwrap_or_default().to_vec();
            wrong.extend(self.compare(function, &part(expected), &part(found)));
            at += length;
        }
        let count = wrong.len();
        wrong.truncate(SHOWN);
        (count != 0).then(|| format!("{count} instructions differ:\n{}", wrong.join("\n")))
    }

    fn compare(&self, function: &Function, expected: &[u8], found: &[u8]) -> Option<String> {
        let table = &self.tables[function.table];
        let case = 8 * function.words;
        if expected.len() != found.len() {
            return Some(format!(
                "{}: {} bytes, expected {}",
                function.text,
                found.len(),
                expected.len()
            ));
        }
        let mut cases = table
            .iter()
            .zip(expected.chunks(case).zip(found.chunks(case)));
        let (operands, (expected, found)) = cases.find(|(_, (e, f))| e != f)?;
        let others = cases.filter(|(_, (e, f))| e != f).count();
        Some(format!(
            "{}: of {operands:x?} {:x?}, expected {:x?}; and {others} others",
            function.text,
            words(found),
            words(expected),
        ))
    }
}

fn words(bytes: &[u8]) -> Vec<u64> {
    let word = |bytes: &[u8]| {
        bytes
            .iter()
            .rev()
            .fold(0, |word, &byte| word << 8 | u64::from(byte))
    };
    bytes.chunks(8).map(word).collect()
}
