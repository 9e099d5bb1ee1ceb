//! Corner cases of meanings, with the results that the manual gives.

mod support;

use support::{Noise, row};
use vmtrans_isa::riscv::{Fields, Hart, Insn, Reg, decode, encode};
use vmtrans_isa::{AmoOp, Bus, Fault, Flow, GuestAddr, Interpreter, Ordering, Rm, Width, riscv};

/// A little memory from address 0, and clocks that stand still.
struct Memory(Vec<u8>);

impl Memory {
    fn at(&mut self, w: Width, address: u64) -> Result<&mut [u8], Fault> {
        let start = usize::try_from(address).map_err(|_| Fault::Access)?;
        let end = start.checked_add(w.bytes() as usize).ok_or(Fault::Access)?;
        self.0.get_mut(start..end).ok_or(Fault::Access)
    }

    fn aligned(w: Width, address: u64) -> Result<(), Fault> {
        if address.is_multiple_of(u64::from(w.bytes())) {
            Ok(())
        } else {
            Err(Fault::Misaligned)
        }
    }
}

impl Bus for Memory {
    fn load(&mut self, w: Width, address: u64) -> Result<u64, Fault> {
        let bytes = self.at(w, address)?;
        let mut value = [0; 8];
        value[..bytes.len()].copy_from_slice(bytes);
        Ok(u64::from_le_bytes(value))
    }
    fn store(&mut self, w: Width, address: u64, v: u64) -> Result<(), Fault> {
        let bytes = self.at(w, address)?;
        bytes.copy_from_slice(&v.to_le_bytes()[..bytes.len()]);
        Ok(())
    }
    fn load_reserved(
        &mut self,
        hart: &mut Hart,
        w: Width,
        _: Ordering,
        address: u64,
    ) -> Result<u64, Fault> {
        Memory::aligned(w, address)?;
        let value = self.load(w, address)?;
        (hart.reserved_address, hart.reserved_value) = (address, value);
        Ok(value)
    }
    fn store_conditional(
        &mut self,
        hart: &mut Hart,
        w: Width,
        _: Ordering,
        address: u64,
        v: u64,
    ) -> Result<bool, Fault> {
        Memory::aligned(w, address)?;
        let reserved = std::mem::replace(&mut hart.reserved_address, u64::MAX) == address;
        if reserved {
            self.store(w, address, v)?;
        }
        Ok(reserved)
    }
    fn amo(
        &mut self,
        op: AmoOp,
        w: Width,
        _: Ordering,
        address: u64,
        v: u64,
    ) -> Result<u64, Fault> {
        Memory::aligned(w, address)?;
        let old = self.load(w, address)?;
        let new = match op {
            AmoOp::Swap => v,
            AmoOp::Add => old.wrapping_add(v),
            _ => unreachable!("not in these tests"),
        };
        self.store(w, address, new)?;
        Ok(old)
    }
    fn fence(&mut self, _: u32, _: u32) {}
    fn fence_i(&mut self) {}
    fn cycle(&mut self) -> u64 {
        100
    }
    fn time(&mut self) -> u64 {
        200
    }
    fn instret(&mut self) -> u64 {
        300
    }
}

const A0: Reg = Reg::new(10);
const A1: Reg = Reg::new(11);
const A2: Reg = Reg::new(12);
const PC: u64 = 0x1000;

fn insn(mnemonic: &str, fields: Fields) -> Insn {
    let bits = encode(row(mnemonic), &fields);
    let bits = bits.unwrap_or_else(|| panic!("{mnemonic} cannot have {fields:?}"));
    decode(bits).expect("what is encoded decodes")
}

fn hart(a1: u64, a2: u64) -> Hart {
    let mut hart = Hart {
        pc: PC,
        reserved_address: u64::MAX,
        ..Hart::default()
    };
    (hart.x[A1.index()], hart.x[A2.index()]) = (a1, a2);
    hart
}

fn step(hart: &mut Hart, memory: &mut Memory, insn: &Insn) -> Flow {
    Interpreter::new(hart, memory).step(insn)
}

/// What `mnemonic a0, a1, a2` gives.
fn binary(mnemonic: &str, a1: u64, a2: u64) -> u64 {
    let fields = Fields {
        rd: A0,
        rs1: A1,
        rs2: A2,
        ..Fields::NONE
    };
    result(mnemonic, fields, a1, a2)
}

/// What `mnemonic a0, a1, imm` gives; also for instructions without an immediate.
fn unary(mnemonic: &str, a1: u64, imm: i64) -> u64 {
    result(
        mnemonic,
        Fields {
            rd: A0,
            rs1: A1,
            imm,
            ..Fields::NONE
        },
        a1,
        0,
    )
}

fn result(mnemonic: &str, fields: Fields, a1: u64, a2: u64) -> u64 {
    let mut hart = hart(a1, a2);
    let flow = step(&mut hart, &mut Memory(Vec::new()), &insn(mnemonic, fields));
    assert_eq!((flow, hart.pc), (Flow::Next, PC + 4), "{mnemonic}");
    hart.x[A0.index()]
}

const MIN: u64 = 1 << 63;
const MIN_W: u64 = 0xffff_ffff_8000_0000;
const MINUS_1: u64 = u64::MAX;

#[test]
fn division_does_not_trap() {
    for (mnemonic, n, d, expected) in [
        ("div", 7, 0, MINUS_1),
        ("div", MIN, MINUS_1, MIN),
        ("div", MINUS_1 - 6, 2, MINUS_1 - 2),
        ("divu", 7, 0, MINUS_1),
        ("divu", MIN, MINUS_1, 0),
        ("rem", 7, 0, 7),
        ("rem", MIN, MINUS_1, 0),
        ("rem", MINUS_1 - 6, 2, MINUS_1),
        ("remu", 7, 0, 7),
        ("remu", MIN, MINUS_1, MIN),
        ("divw", 7, 0, MINUS_1),
        ("divw", 7, 1 << 32, MINUS_1),
        ("divw", 0x8000_0000, MINUS_1, MIN_W),
        ("divuw", 7, 1 << 32, MINUS_1),
        ("divuw", 0x8000_0000, 1, MIN_W),
        ("remw", 0x8000_0000, 1 << 32, MIN_W),
        ("remw", MIN_W, MINUS_1, 0),
        ("remuw", 0x8000_0000, 0, MIN_W),
        ("remuw", 0xffff_ffff_0000_0007, 0xffff_ffff_0000_0004, 3),
    ] {
        assert_eq!(
            binary(mnemonic, n, d),
            expected,
            "{mnemonic} {n:#x}, {d:#x}"
        );
    }
}

#[test]
fn products_have_the_right_high_half() {
    assert_eq!(binary("mulh", MINUS_1, MINUS_1), 0);
    assert_eq!(binary("mulh", MIN, MIN), 1 << 62);
    assert_eq!(binary("mulhu", MINUS_1, MINUS_1), MINUS_1 - 1);
    assert_eq!(binary("mulhsu", MINUS_1, MINUS_1), MINUS_1);
    assert_eq!(binary("mulhsu", MIN, MINUS_1), MIN);
    assert_eq!(binary("mulw", 0x1_0001, 0x8000), MIN_W | 0x8000);
}

#[test]
fn shifts_use_the_low_bits_of_the_amount() {
    assert_eq!(binary("sll", 3, 65), 6);
    assert_eq!(binary("srl", MIN, 127), 1);
    assert_eq!(binary("sra", MIN, 63), MINUS_1);
    assert_eq!(binary("sllw", 1, 31), MIN_W);
    assert_eq!(binary("sllw", 1, 32), 1);
    assert_eq!(binary("srlw", MIN_W, 31), 1);
    assert_eq!(binary("srlw", MINUS_1, 0), MINUS_1);
    assert_eq!(binary("sraw", 0x8000_0000, 4), 0xffff_ffff_f800_0000);
    assert_eq!(unary("sraiw", 0x1_8000_0000, 31), MINUS_1);
    assert_eq!(unary("srliw", 0xffff_ffff_8000_0000, 31), 1);
    assert_eq!(unary("slli.uw", MINUS_1, 4), 0xf_ffff_fff0);
}

#[test]
fn immediates_are_sign_extended_first() {
    assert_eq!(unary("sltiu", MINUS_1 - 1, -1), 1);
    assert_eq!(unary("xori", 5, -1), !5);
    assert_eq!(unary("addiw", 0x7fff_ffff, 1), MIN_W);
    let lui = Fields {
        rd: A0,
        imm: -4096,
        ..Fields::NONE
    };
    assert_eq!(result("lui", lui, 0, 0), MINUS_1 << 12);
    assert_eq!(result("auipc", lui, 0, 0), 0);
}

#[test]
fn bits_are_counted_and_turned() {
    for (mnemonic, a, expected) in [
        ("clz", 0, 64),
        ("clzw", 0, 32),
        ("clzw", 0xffff_ffff_0000_0001, 31),
        ("ctz", 0, 64),
        ("ctzw", 1 << 32, 32),
        ("cpop", MINUS_1, 64),
        ("cpopw", MINUS_1, 32),
        ("sext.b", 0x80, MINUS_1 << 7),
        ("sext.h", 0x8000, MINUS_1 << 15),
        ("zext.h", MINUS_1, 0xffff),
        ("orc.b", 0x0100_8000_0010_ff00, 0xff00_ff00_00ff_ff00),
        ("rev8", 0x0102_0304_0506_0708, 0x0807_0605_0403_0201),
    ] {
        assert_eq!(unary(mnemonic, a, 0), expected, "{mnemonic} {a:#x}");
    }
    for n in 0..64 {
        let a = 0x8123_4567_89ab_cdefu64;
        assert_eq!(binary("rol", a, u64::from(n)), a.rotate_left(n));
        assert_eq!(binary("ror", a, u64::from(n)), a.rotate_right(n));
        assert_eq!(unary("rori", a, i64::from(n)), a.rotate_right(n));
        let word = |w: u32| i64::from(w.cast_signed()).cast_unsigned();
        assert_eq!(
            binary("rolw", a, u64::from(n)),
            word(0x89ab_cdefu32.rotate_left(n))
        );
        assert_eq!(
            binary("rorw", a, u64::from(n)),
            word(0x89ab_cdefu32.rotate_right(n))
        );
        assert_eq!(binary("bclr", a, u64::from(n)), a & !(1 << n));
        assert_eq!(binary("bext", a, u64::from(n)), a >> n & 1);
        assert_eq!(unary("binvi", a, i64::from(n)), a ^ 1 << n);
        assert_eq!(unary("bseti", a, i64::from(n)), a | 1 << n);
    }
}

#[test]
fn extremes_are_chosen_by_sign() {
    assert_eq!(binary("max", MINUS_1, 1), 1);
    assert_eq!(binary("maxu", MINUS_1, 1), MINUS_1);
    assert_eq!(binary("min", MINUS_1, 1), MINUS_1);
    assert_eq!(binary("minu", MINUS_1, 1), 1);
    assert_eq!(binary("czero.eqz", 5, 0), 0);
    assert_eq!(binary("czero.eqz", 5, 9), 5);
    assert_eq!(binary("czero.nez", 5, 0), 5);
    assert_eq!(binary("czero.nez", 5, 9), 0);
}

#[test]
fn carryless_products_have_three_views() {
    // (x + 1)^2 = x^2 + 1, without a carry.
    assert_eq!(binary("clmul", 3, 3), 5);
    assert_eq!(binary("clmulh", MIN, MIN), 1 << 62);
    assert_eq!(binary("clmulr", MIN, MIN), MIN);
    assert_eq!(binary("clmulr", MIN, 1), 1);
    assert_eq!(binary("clmulh", MINUS_1, MINUS_1), 0x5555_5555_5555_5555);
}

#[test]
fn addresses_are_scaled_and_extended() {
    assert_eq!(binary("sh3add", 5, 1000), 1040);
    assert_eq!(binary("sh1add.uw", MINUS_1, 0), 0x1_ffff_fffe);
    assert_eq!(binary("add.uw", MINUS_1, 1), 1 << 32);
}

#[test]
fn x0_stays_zero() {
    let mut hart = hart(1, 2);
    let add = insn(
        "add",
        Fields {
            rs1: A1,
            rs2: A2,
            ..Fields::NONE
        },
    );
    assert_eq!(step(&mut hart, &mut Memory(Vec::new()), &add), Flow::Next);
    assert_eq!(hart.x[0], 0);
}

#[test]
fn jumps_link_after_the_target_is_known() {
    let mut hart = hart(0x2003, 0);
    let jalr = insn(
        "jalr",
        Fields {
            rd: A1,
            rs1: A1,
            imm: 4,
            ..Fields::NONE
        },
    );
    assert_eq!(
        step(&mut hart, &mut Memory(Vec::new()), &jalr),
        Flow::Jumped
    );
    assert_eq!((hart.pc, hart.x[A1.index()]), (0x2006, PC + 4));

    hart.pc = PC;
    let jump = insn(
        "c.jalr",
        Fields {
            rs1: A1,
            ..Fields::NONE
        },
    );
    assert_eq!(
        step(&mut hart, &mut Memory(Vec::new()), &jump),
        Flow::Jumped
    );
    assert_eq!((hart.pc, hart.x[1]), (PC + 4, PC + 2));
}

#[test]
fn a_branch_to_itself_is_taken() {
    let mut hart = hart(1, 2);
    let branch = insn(
        "bne",
        Fields {
            rs1: A1,
            rs2: A2,
            ..Fields::NONE
        },
    );
    assert_eq!(
        step(&mut hart, &mut Memory(Vec::new()), &branch),
        Flow::Jumped
    );
    assert_eq!(hart.pc, PC);
}

#[test]
fn traps_stay_at_the_instruction() {
    for (bits, expected) in [
        (0x0000_0073, Flow::Ecall),
        (0x0010_0073, Flow::Ebreak),
        (0x9002, Flow::Ebreak),
        (0x0000, Flow::Illegal),
        (0xc000_1073, Flow::Illegal),
        (0x7c00_2573, Flow::Illegal),
    ] {
        let mut hart = hart(0, 0);
        let insn = decode(bits).expect("decodes");
        assert_eq!(
            step(&mut hart, &mut Memory(Vec::new()), &insn),
            expected,
            "{bits:#x}"
        );
        assert_eq!(hart.pc, PC, "{bits:#x}");
    }
}

#[test]
fn loads_extend_and_faults_change_nothing() {
    let mut memory = Memory(vec![0xff; 16]);
    let mut hart = hart(0, 0);
    for (mnemonic, expected) in [
        ("lb", MINUS_1),
        ("lbu", 0xff),
        ("lhu", 0xffff),
        ("lwu", 0xffff_ffff),
        ("ld", MINUS_1),
    ] {
        let load = insn(
            mnemonic,
            Fields {
                rd: A0,
                rs1: A1,
                imm: 3,
                ..Fields::NONE
            },
        );
        assert_eq!(step(&mut hart, &mut memory, &load), Flow::Next);
        assert_eq!(hart.x[A0.index()], expected, "{mnemonic}");
    }
    hart = self::hart(9, 0);
    hart.x[A0.index()] = 77;
    let load = insn(
        "ld",
        Fields {
            rd: A0,
            rs1: A1,
            ..Fields::NONE
        },
    );
    assert_eq!(step(&mut hart, &mut memory, &load), Flow::Fault);
    assert_eq!((hart.x[A0.index()], hart.pc), (77, PC));
}

#[test]
fn atomics_give_the_old_value_and_must_be_aligned() {
    let mut memory = Memory(0x8000_0000u64.to_le_bytes().to_vec());
    let mut hart = hart(0, 1);
    let fields = Fields {
        rd: A0,
        rs1: A1,
        rs2: A2,
        ..Fields::NONE
    };
    assert_eq!(
        step(&mut hart, &mut memory, &insn("amoadd.w", fields)),
        Flow::Next
    );
    assert_eq!(hart.x[A0.index()], MIN_W);
    assert_eq!(memory.load(Width::D, 0), Ok(0x8000_0001));

    let reserve = Fields {
        rs2: Reg::ZERO,
        ..fields
    };
    assert_eq!(
        step(&mut hart, &mut memory, &insn("lr.w", reserve)),
        Flow::Next
    );
    assert_eq!(hart.x[A0.index()], MIN_W | 1);
    for failed in [0, 1] {
        assert_eq!(
            step(&mut hart, &mut memory, &insn("sc.w", fields)),
            Flow::Next
        );
        assert_eq!(hart.x[A0.index()], failed);
    }

    hart = self::hart(2, 1);
    assert_eq!(
        step(&mut hart, &mut memory, &insn("amoadd.w", fields)),
        Flow::Misaligned
    );
    assert_eq!((hart.x[A0.index()], hart.pc), (0, PC));
}

#[test]
fn csrs_are_masked_and_shared() {
    let mut hart = hart(MINUS_1, 0);
    let mut memory = Memory(Vec::new());
    let mut csr = |mnemonic, csr, rs1, imm| {
        let fields = Fields {
            rd: A0,
            rs1,
            csr,
            imm,
            ..Fields::NONE
        };
        assert_eq!(
            step(&mut hart, &mut memory, &insn(mnemonic, fields)),
            Flow::Next
        );
        hart.x[A0.index()]
    };
    assert_eq!(csr("csrrw", 3, A1, 0), 0);
    assert_eq!(csr("csrrci", 1, Reg::ZERO, 3), 0x1f);
    assert_eq!(csr("csrrwi", 2, Reg::ZERO, 1), 7);
    assert_eq!(csr("csrrs", 3, Reg::ZERO, 0), 0x3c);
    assert_eq!(csr("csrrs", 0xc00, Reg::ZERO, 0), 100);
    assert_eq!(csr("csrrci", 0xc01, Reg::ZERO, 0), 200);
    assert_eq!(csr("csrrc", 0xc02, Reg::ZERO, 0), 300);
}

/// Folding with all registers known must agree with running.
#[test]
fn folding_agrees_with_running() {
    let mut noise = Noise(5);
    for row in riscv::rows() {
        for _ in 0..50 {
            let insn = decode(riscv::sample(row, noise.next())).expect("a sample decodes");
            let effects = riscv::effects(&insn);
            if effects.loads || effects.stores || effects.csr.is_some() {
                continue;
            }
            let mut hart = hart(0, 0);
            hart.x[1..].fill_with(|| noise.next());
            let before = hart.x;
            let folded = riscv::fold(&insn, GuestAddr::new(PC), |r| Some(before[r.index()]));
            let flow = step(&mut hart, &mut Memory(Vec::new()), &insn);
            if let Some((r, Some(value))) = folded.write {
                assert_eq!(hart.x[r.index()], value, "{}", row.name);
                if let Some((base, offset)) = folded.copy {
                    let sum = before[base.index()].wrapping_add_signed(offset);
                    assert_eq!(sum, value, "{}", row.name);
                }
            }
            if flow == Flow::Jumped {
                assert_eq!(folded.target, Some(hart.pc), "{}", row.name);
            }
            assert_ne!(folded.taken, Some(flow == Flow::Next), "{}", row.name);
            for r in 1..32 {
                let written = effects.writes.contains(r);
                assert!(written || hart.x[usize::from(r)] == before[usize::from(r)]);
            }
        }
    }
}

#[test]
fn a_reserved_rounding_mode_is_illegal_only_where_it_is_used() {
    let (rd, rs1, rs2) = (A0, A1, A2);
    let add = |rm| {
        let fields = Fields {
            rd,
            rs1,
            rs2,
            rm,
            ..Fields::NONE
        };
        insn("fadd.d", fields)
    };
    let memory = &mut Memory(Vec::new());
    for frm in 5..8 {
        let mut hart = hart(0, 0);
        (hart.frm, hart.f[A1.index()]) = (frm, 1.5f64.to_bits());
        assert_eq!(step(&mut hart, memory, &add(Rm::Dyn)), Flow::Illegal);
        assert_eq!((hart.pc, hart.f[A0.index()]), (PC, 0));
        assert_eq!(step(&mut hart, memory, &add(Rm::Rtz)), Flow::Next);
        assert_eq!(hart.f[A0.index()], 1.5f64.to_bits());
    }
}

#[test]
fn flags_accrue() {
    let memory = &mut Memory(Vec::new());
    let mut hart = hart(0, 0);
    (hart.fflags, hart.f[A1.index()]) = (8, 1.5f64.to_bits());
    let fields = Fields {
        rd: A0,
        rs1: A1,
        ..Fields::NONE
    };
    assert_eq!(
        step(&mut hart, memory, &insn("fcvt.w.d", fields)),
        Flow::Next
    );
    // Inexact beside the division by zero that was there.
    assert_eq!((hart.x[A0.index()], hart.fflags), (2, 9));
}
