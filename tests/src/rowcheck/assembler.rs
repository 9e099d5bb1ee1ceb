//! A small assembler over the tables' own encoder, which `llvm-mc` checks.

use vmtrans_isa::riscv::{Fields, Insn, Reg, Row, encode, rows};

/// The row of this name.
pub fn find(name: &str) -> &'static Row {
    rows()
        .find(|row| row.name == name)
        .unwrap_or_else(|| panic!("no row {name}"))
}

/// Code that grows.
#[derive(Default)]
pub struct Assembler {
    /// The instructions so far.
    pub code: Vec<u8>,
}

impl Assembler {
    /// Where the next instruction will be, from the start.
    pub fn here(&self) -> i64 {
        i64::try_from(self.code.len()).expect("a short program")
    }

    /// An instruction as it is.
    pub fn insn(&mut self, insn: &Insn) {
        let bytes = insn.raw.to_le_bytes();
        self.code.extend(&bytes[..usize::from(insn.len)]);
    }

    /// An instruction of this row.
    pub fn emit(&mut self, name: &str, fields: Fields) {
        let bits = encode(find(name), &fields)
            .unwrap_or_else(|| panic!("{name} {fields:?} does not encode"));
        self.code.extend(bits.to_le_bytes());
    }

    /// One with a destination, a source and an immediate.
    pub fn immediate(&mut self, name: &str, rd: Reg, rs1: Reg, imm: i64) {
        let fields = Fields {
            rd,
            rs1,
            imm,
            ..Fields::NONE
        };
        self.emit(name, fields);
    }

    /// A store, or a branch that compares `rs1` with `rs2`.
    pub fn store(&mut self, name: &str, rs2: Reg, rs1: Reg, imm: i64) {
        let fields = Fields {
            rs1,
            rs2,
            imm,
            ..Fields::NONE
        };
        self.emit(name, fields);
    }

    /// A branch to where `target` is.
    pub fn branch(&mut self, name: &str, rs1: Reg, rs2: Reg, target: i64) {
        self.store(name, rs2, rs1, target - self.here());
    }

    /// A call of, or a jump to, where `target` is.
    pub fn jump(&mut self, link: Reg, target: i64) {
        let fields = Fields {
            rd: link,
            imm: target - self.here(),
            ..Fields::NONE
        };
        self.emit("Jal", fields);
    }

    /// Copies a register.
    pub fn copy(&mut self, rd: Reg, rs1: Reg) {
        self.immediate("Addi", rd, rs1, 0);
    }

    /// A constant of up to 31 bits.
    pub fn constant(&mut self, rd: Reg, value: u64) {
        let value = value.cast_signed();
        let low = value << 52 >> 52;
        let fields = Fields {
            rd,
            imm: value - low,
            ..Fields::NONE
        };
        self.emit("Lui", fields);
        self.immediate("Addi", rd, rd, low);
    }

    /// Writes a control and status register.
    pub fn set_csr(&mut self, csr: u32, value: u8) {
        let fields = Fields {
            csr,
            imm: value.into(),
            ..Fields::NONE
        };
        self.emit("Csrrwi", fields);
    }

    /// Reads a control and status register.
    pub fn get_csr(&mut self, rd: Reg, csr: u32) {
        let fields = Fields {
            rd,
            csr,
            ..Fields::NONE
        };
        self.emit("Csrrs", fields);
    }

    /// A system call.
    pub fn ecall(&mut self) {
        self.emit("Ecall", Fields::NONE);
    }
}
