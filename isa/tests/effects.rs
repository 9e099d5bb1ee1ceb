//! What single instructions are said to touch, and what folding knows of them.

mod support;

use support::{Noise, row};
use vmtrans_isa::riscv::{
    Csr, Fields, Folded, Insn, Reg, decode, disassemble, effects, encode, fold,
};
use vmtrans_isa::{Control, GuestAddr, RegSet, Width};

const A0: Reg = Reg::new(10);
const A1: Reg = Reg::new(11);
const A2: Reg = Reg::new(12);
const PC: GuestAddr = GuestAddr::new(0x1000);

fn insn(mnemonic: &str, fields: Fields) -> Insn {
    decode(encode(row(mnemonic), &fields).expect("encodes")).expect("decodes")
}

fn set(registers: &[Reg]) -> RegSet {
    let mut set = RegSet::EMPTY;
    registers.iter().for_each(|r| set.insert(r.number()));
    set
}

#[test]
fn registers_and_memory_are_noted() {
    let load = effects(&insn(
        "ld",
        Fields {
            rd: A0,
            rs1: A1,
            imm: 8,
            ..Fields::NONE
        },
    ));
    assert_eq!((load.reads, load.writes), (set(&[A1]), set(&[A0])));
    assert!(load.loads && !load.stores && !load.atomic && load.width == Some(Width::D));

    let store = effects(&insn(
        "c.sdsp",
        Fields {
            rs2: A0,
            imm: 8,
            ..Fields::NONE
        },
    ));
    assert_eq!(
        (store.reads, store.writes),
        (set(&[A0, Reg::SP]), RegSet::EMPTY)
    );
    assert!(store.stores && !store.loads);

    let amo = Fields {
        rd: A0,
        rs1: A1,
        rs2: A2,
        ..Fields::NONE
    };
    let amo = effects(&insn("amoor.w", amo));
    assert!(amo.loads && amo.stores && amo.atomic && amo.width == Some(Width::W));

    let to_zero = effects(&insn(
        "add",
        Fields {
            rs1: Reg::ZERO,
            rs2: A1,
            ..Fields::NONE
        },
    ));
    assert_eq!((to_zero.reads, to_zero.writes), (set(&[A1]), RegSet::EMPTY));

    let double = effects(&insn(
        "c.fld",
        Fields {
            rd: A0,
            rs1: A1,
            ..Fields::NONE
        },
    ));
    assert_eq!((double.fwrites, double.writes), (set(&[A0]), RegSet::EMPTY));
    assert!(!double.raises_fp);
}

#[test]
fn control_is_noted() {
    let control = |mnemonic, fields| effects(&insn(mnemonic, fields)).control;
    let fields = Fields::NONE;
    assert_eq!(control("addi", fields), Control::None);
    assert_eq!(
        control("beq", Fields { imm: -8, ..fields }),
        Control::Branch { offset: -8 }
    );
    assert_eq!(
        control(
            "jal",
            Fields {
                rd: Reg::RA,
                imm: 2048,
                ..fields
            }
        ),
        Control::Jump {
            link: Reg::RA,
            offset: 2048
        }
    );
    assert_eq!(
        control(
            "jalr",
            Fields {
                rs1: A0,
                imm: -4,
                ..fields
            }
        ),
        Control::JumpIndirect {
            link: Reg::ZERO,
            base: A0,
            offset: -4
        }
    );
    assert_eq!(
        control(
            "c.jr",
            Fields {
                rs1: Reg::RA,
                ..fields
            }
        ),
        Control::JumpIndirect {
            link: Reg::ZERO,
            base: Reg::RA,
            offset: 0
        }
    );
    assert_eq!(control("ecall", fields), Control::Ecall);
    assert_eq!(control("c.ebreak", fields), Control::Ebreak);
    assert_eq!(control("c.unimp", fields), Control::Illegal);
}

#[test]
fn control_and_status_registers_are_noted() {
    let read = effects(&insn(
        "csrrs",
        Fields {
            rd: A0,
            csr: 0xc00,
            ..Fields::NONE
        },
    ));
    assert_eq!((read.csr, read.csr_written), (Some(Csr::CYCLE), false));
    let write = effects(&insn(
        "csrrw",
        Fields {
            rs1: A0,
            csr: 2,
            ..Fields::NONE
        },
    ));
    assert_eq!((write.csr, write.csr_written), (Some(Csr::FRM), true));
    assert_eq!((write.reads, write.writes), (set(&[A0]), RegSet::EMPTY));
}

#[test]
fn known_values_are_folded() {
    let fold =
        |mnemonic, fields| fold(&insn(mnemonic, fields), PC, |r| (r == A1).then_some(0x5000));
    let auipc = fold(
        "auipc",
        Fields {
            rd: A0,
            imm: 0x2000,
            ..Fields::NONE
        },
    );
    assert_eq!(auipc.write, Some((A0, Some(0x3000))));

    let load = fold(
        "lw",
        Fields {
            rd: A0,
            rs1: A1,
            imm: -4,
            ..Fields::NONE
        },
    );
    assert_eq!((load.write, load.address), (Some((A0, None)), Some(0x4ffc)));
    assert_eq!(load.base, Some((A1, -4)));

    let frame = fold(
        "c.addi16sp",
        Fields {
            imm: -64,
            ..Fields::NONE
        },
    );
    assert_eq!(
        (frame.write, frame.copy),
        (Some((Reg::SP, None)), Some((Reg::SP, -64)))
    );

    let call = fold(
        "jalr",
        Fields {
            rd: Reg::RA,
            rs1: A1,
            imm: 7,
            ..Fields::NONE
        },
    );
    assert_eq!(
        (call.write, call.target),
        (Some((Reg::RA, Some(0x1004))), Some(0x5006))
    );

    let unknown = fold(
        "jalr",
        Fields {
            rs1: A2,
            ..Fields::NONE
        },
    );
    assert_eq!(unknown, Folded::default());

    let branch = fold(
        "beq",
        Fields {
            rs1: A1,
            imm: 16,
            ..Fields::NONE
        },
    );
    assert_eq!((branch.target, branch.taken), (Some(0x1010), Some(false)));
}

/// A guest's code is any bits at all.
#[test]
fn no_bits_panic_a_reader() {
    let mut noise = Noise(6);
    for _ in 0..200_000 {
        let [a, b, c, d, ..] = noise.next().to_le_bytes();
        let Some(insn) = decode(u32::from_le_bytes([a, b, c, d])) else {
            continue;
        };
        assert!(!disassemble(&insn, PC).is_empty());
        assert_ne!(effects(&insn).reads.bits() & 1, 1);
        let value = noise.next();
        fold(&insn, PC, |_| Some(value));
    }
}
