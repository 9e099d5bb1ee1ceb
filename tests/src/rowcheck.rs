//! Guest programs that execute rows of the instruction tables on many operands and print what came
//! of it, so that QEMU, the interpreter and compiled code can be held against each other.
//!
//! A program is a function for each row; it loads operands, executes one sampled instruction, and
//! stores its result. It knows encodings from the tables only through `llvm-mc`'s check of them.

use vmtrans_isa::riscv::{FReg, Fields, Insn, Reg, Row, decode, encode, rows, sample};
use vmtrans_isa::{Control, FieldKind, effects};

use crate::elf::TinyElf;

/// What a program shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shows {
    /// Results, so that floating point is compiled as in any program.
    Results,
    /// Results and the accrued exception flags, under each dynamic rounding mode.
    Flags,
}

/// Samples of each row.
const CASES: usize = 48;
/// Where results go.
const OUT: u32 = 0x40_0000;
/// Where loads and stores go, in the middle of a page.
const SCRATCH: u32 = 0x80_0800;
/// File and program headers of a program with two segments.
const HEADERS: u64 = 64 + 2 * 56;
const BASE: u64 = 0x10000;

const ZERO: Reg = Reg::ZERO;
const SP: Reg = Reg::SP;
const OPERANDS: Reg = Reg::new(8);
const RESULTS: Reg = Reg::new(9);
const A: Reg = Reg::new(10);
const B: Reg = Reg::new(11);
const C: Reg = Reg::new(12);
const D: Reg = Reg::new(13);
const TEMPORARY: Reg = Reg::new(14);
const MEMORY: Reg = Reg::new(15);

/// Operands that are likely to be treated wrongly.
const CORNERS: [u64; 34] = [
    0,
    1,
    u64::MAX,
    0x8000_0000_0000_0000,
    0x7fff_ffff_ffff_ffff,
    0x8000_0000,
    0x7fff_ffff,
    0xffff_ffff,
    0xffff_ffff_8000_0000,
    0x3ff0_0000_0000_0000,
    0xbff0_0000_0000_0000,
    0x3ff0_0000_0000_0001,
    0x0010_0000_0000_0000,
    0x000f_ffff_ffff_ffff,
    0x8000_0000_0000_0001,
    0x7fef_ffff_ffff_ffff,
    0x7ff0_0000_0000_0000,
    0xfff0_0000_0000_0000,
    0x7ff8_0000_0000_0000,
    0xfff8_0000_0000_1234,
    0x7ff0_0000_0000_0001,
    0x41df_ffff_ffe0_0000,
    0x43e0_0000_0000_0000,
    0x3fe0_0000_0000_0000,
    0x3ff8_0000_0000_0000,
    0xffff_ffff_3f80_0000,
    0xffff_ffff_bf80_0001,
    0xffff_ffff_0080_0000,
    0xffff_ffff_807f_ffff,
    0xffff_ffff_7f7f_ffff,
    0xffff_ffff_7f80_0000,
    0xffff_ffff_7fc0_0000,
    0xffff_ffff_7f80_0001,
    0xffff_ffff_4f00_0000,
];

/// A small generator of numbers (SplitMix64, Steele et al. 2014).
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    fn operand(&mut self) -> u64 {
        let noise = self.next();
        match noise % 8 {
            0..=3 => CORNERS[usize::try_from(noise >> 8).unwrap_or(0) % CORNERS.len()],
            // A boxed single, a small number, any bits.
            4 => self.next() | 0xffff_ffff << 32,
            5 => self.next() % 64,
            // Doubles near each other, so that sums cancel.
            6 => 0x3ff0_0000_0000_0000 | self.next() >> 20,
            _ => self.next(),
        }
    }
}

/// A program and what its output is made of.
pub struct Program {
    /// The ELF file.
    pub elf: Vec<u8>,
    /// For each row in it, its name and how many bytes of output it has.
    pub rows: Vec<(&'static str, usize)>,
}

/// Which rows are executed: all but those that transfer control or touch CSRs and fences.
fn wanted(row: &Row, shows: Shows) -> bool {
    let Some(insn) = decode(sample(row, 0)) else {
        return false;
    };
    let e = effects(&insn);
    let plain = e.control == Control::None && e.csr.is_none() && !e.fence && !e.fence_i;
    plain && (shows == Shows::Results || e.raises_fp)
}

/// Makes a program from the rows of these extensions; all of them where the list is empty.
pub fn generate(seed: u64, shows: Shows, extensions: &[&str]) -> Program {
    let chosen = rows()
        .filter(|row| extensions.is_empty() || extensions.contains(&row.extension))
        .filter(|row| wanted(row, shows));
    let mut maker = Maker {
        noise: Noise(seed),
        shows,
        data: Vec::new(),
        code: Vec::new(),
        results: 0,
    };
    let mut functions = Vec::new();
    let mut names = Vec::new();
    for row in chosen {
        let (start, before) = (maker.code.len(), maker.results);
        maker.row(row);
        functions.push(start);
        names.push((row.name, maker.results - before));
    }
    let elf = maker.finish(&functions);
    Program { elf, rows: names }
}

struct Maker {
    noise: Noise,
    shows: Shows,
    data: Vec<u8>,
    code: Vec<u8>,
    results: usize,
}

fn find(name: &str) -> &'static Row {
    rows()
        .find(|row| row.name == name)
        .unwrap_or_else(|| panic!("no row {name}"))
}

impl Maker {
    fn emit(&mut self, name: &str, fields: Fields) {
        let bits = encode(find(name), &fields)
            .unwrap_or_else(|| panic!("{name} {fields:?} does not encode"));
        self.code.extend(bits.to_le_bytes());
    }

    fn i_type(&mut self, name: &str, rd: Reg, rs1: Reg, imm: i64) {
        self.emit(
            name,
            Fields {
                rd,
                rs1,
                imm,
                ..Fields::NONE
            },
        );
    }

    fn store(&mut self, name: &str, rs2: Reg, base: Reg, imm: i64) {
        self.emit(
            name,
            Fields {
                rs1: base,
                rs2,
                imm,
                ..Fields::NONE
            },
        );
    }

    fn constant(&mut self, rd: Reg, value: u32) {
        let low = (i64::from(value) << 52) >> 52;
        let high = i64::from(value) - low;
        self.emit(
            "Lui",
            Fields {
                rd,
                imm: high,
                ..Fields::NONE
            },
        );
        self.i_type("Addi", rd, rd, low);
    }

    fn row(&mut self, row: &'static Row) {
        for case in 0..CASES {
            let Some(insn) = self.sampled(row) else {
                continue;
            };
            self.case(&insn, case);
        }
        self.i_type("Jalr", ZERO, Reg::RA, 0);
    }

    /// An instruction of the row on our registers, with whatever else it has at random.
    fn sampled(&mut self, row: &'static Row) -> Option<Insn> {
        let mut bits = sample(row, self.noise.next());
        for field in row.pattern.fields() {
            let number = match field.kind {
                FieldKind::Rd => D,
                FieldKind::Rs1 | FieldKind::Rs1C => A,
                FieldKind::Rs2 | FieldKind::Rs2C => B,
                FieldKind::Rs3 => C,
                FieldKind::RdC => D,
                _ => continue,
            };
            let number = u32::from(number.number()) & ((1 << field.width) - 1);
            let mask = ((1u32 << field.width) - 1) << field.shift;
            bits = bits & !mask | number << field.shift;
        }
        decode(bits).filter(|insn| insn.row.row().name == row.name)
    }

    fn case(&mut self, insn: &Insn, case: usize) {
        let e = effects(insn);
        for n in 0..3 {
            let operand = self.noise.operand();
            self.data.extend(operand.to_le_bytes());
            self.i_type("Ld", Reg::new(10 + n), OPERANDS, 8 * i64::from(n));
            self.i_type("Fld", Reg::new(10 + n), OPERANDS, 8 * i64::from(n));
        }
        // A destination that is read too must have a known value.
        self.i_type("Addi", D, C, 0);
        self.i_type("Fld", D, OPERANDS, 0);
        self.i_type("Addi", SP, MEMORY, 0);
        self.i_type("Addi", OPERANDS, OPERANDS, 24);
        let touches = e.loads || e.stores;
        if touches {
            self.store("Sd", C, MEMORY, 0);
            self.i_type("Addi", A, MEMORY, 0);
        }
        if self.shows == Shows::Flags {
            let mode = u32::try_from(case % 5).unwrap_or(0);
            self.emit(
                "Csrrwi",
                Fields {
                    csr: 2,
                    imm: mode.into(),
                    ..Fields::NONE
                },
            );
            self.emit(
                "Csrrwi",
                Fields {
                    csr: 1,
                    ..Fields::NONE
                },
            );
        }
        let bytes = insn.raw.to_le_bytes();
        self.code.extend(&bytes[..usize::from(insn.len)]);
        if self.shows == Shows::Flags {
            self.emit(
                "Csrrs",
                Fields {
                    rd: TEMPORARY,
                    csr: 1,
                    ..Fields::NONE
                },
            );
            self.emit(
                "Csrrwi",
                Fields {
                    csr: 2,
                    ..Fields::NONE
                },
            );
            self.result(TEMPORARY);
        }
        if e.stores {
            let base = if e.reads.contains(SP.number()) {
                SP
            } else {
                MEMORY
            };
            let offset = if e.atomic { 0 } else { insn.fields.imm };
            self.i_type("Ld", TEMPORARY, base, offset);
            self.result(TEMPORARY);
        }
        for number in e.writes.iter() {
            self.result(Reg::new(number));
        }
        for number in e.fwrites.iter() {
            self.store("Fsd", Reg::new(FReg::new(number).number()), RESULTS, 0);
            self.advance();
        }
    }

    fn result(&mut self, register: Reg) {
        self.store("Sd", register, RESULTS, 0);
        self.advance();
    }

    fn advance(&mut self) {
        self.i_type("Addi", RESULTS, RESULTS, 8);
        self.results += 8;
    }

    /// Puts data, functions and the code that calls them together.
    fn finish(mut self, functions: &[usize]) -> Vec<u8> {
        let data = u32::try_from(BASE + HEADERS).expect("a low address");
        let functions_length = self.code.len();
        self.constant(OPERANDS, data);
        self.constant(RESULTS, OUT);
        self.constant(MEMORY, SCRATCH);
        for &function in functions {
            let distance =
                i64::try_from(function).unwrap_or(0) - i64::try_from(self.code.len()).unwrap_or(0);
            self.emit(
                "Jal",
                Fields {
                    rd: Reg::RA,
                    imm: distance,
                    ..Fields::NONE
                },
            );
        }
        let length = u32::try_from(self.results).expect("not so many");
        self.i_type("Addi", A, ZERO, 1);
        self.constant(B, OUT);
        self.constant(C, length);
        for (call, status) in [(64, 1), (93, 0)] {
            self.i_type("Addi", A, ZERO, status);
            self.i_type("Addi", Reg::new(17), ZERO, call);
            self.emit("Ecall", Fields::NONE);
        }
        let entry = BASE + HEADERS + (self.data.len() + functions_length) as u64;
        let content = [self.data, self.code].concat();
        let size = HEADERS + content.len() as u64;
        TinyElf::new(&[])
            .and_segment(|s| {
                s.p_flags = 6;
                s.p_vaddr = OUT.into();
                s.p_memsz = 0x80_0000;
            })
            .with(|elf| {
                elf.content = content;
                elf.e_entry = entry;
                elf.segments[0].p_filesz = size;
                elf.segments[0].p_memsz = size;
            })
            .bytes()
    }
}
