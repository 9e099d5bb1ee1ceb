//! What is noted of single instructions.

use vmtrans_isa::GuestAddr;
use vmtrans_translator::discover::Discovery;
use vmtrans_translator::function::Note;
use vmtrans_translator::guest::Guest;

use crate::build::{assemble, find, guest};

/// The guest, what is found in it, and its only function.
fn only(source: &str) -> (Guest, Discovery) {
    let program = assemble(source);
    let guest = guest(&program);
    let found = find(&guest);
    (guest, found)
}

fn notes(found: &Discovery, start: GuestAddr) -> Vec<Note> {
    let function = found
        .functions
        .iter()
        .find(|f| f.start == start)
        .expect("a function");
    function.insns.iter().map(|i| i.note.clone()).collect()
}

#[test]
fn addresses_are_noted_where_they_are_made_and_used() {
    let (guest, found) = only(
        "
        .option norelax
        .globl _start
        _start:
            auipc a0, %pcrel_hi(data)
            addi a1, a0, %pcrel_lo(_start)
            lw a2, 8(a1)
            sw a2, 4(a1)
            add a3, a1, a2
            ret
        .data
        data: .dword 0, 0
        ",
    );
    let notes = notes(&found, guest.entry());
    let data = notes[1].result.expect("an address");
    assert!(guest.is_writable(data));
    assert!(notes[0].result.is_some());
    assert_eq!(notes[2].address, Some(data.wrapping_offset(8)));
    assert_eq!(notes[3].address, Some(data.wrapping_offset(4)));
    assert_eq!(
        notes[4],
        Note::default(),
        "a sum with an unknown is unknown"
    );
}

#[test]
fn a_call_by_two_instructions_is_direct() {
    let (guest, found) = only(
        "
        .option norelax
        .globl _start
        _start:
            auipc ra, %pcrel_hi(f)
            jalr ra, %pcrel_lo(_start)(ra)
            ret
        f:  ret
        ",
    );
    assert_eq!(found.functions.len(), 2);
    let notes = notes(&found, guest.entry());
    assert_eq!(notes[1].target, Some(found.functions[1].start));
}

#[test]
fn nothing_is_known_behind_a_call() {
    let (guest, found) = only(
        "
        .option norelax
        .globl _start
        _start:
            lla s0, data
            mv s1, ra
            call f
            lw a0, 0(s0)
            ecall
            lw a0, 0(s0)
            lw a0, 0(x0)
            jr s1
        f:  ret
        .data
        data: .dword 0
        ",
    );
    let notes = notes(&found, guest.entry());
    assert!(notes[1].result.is_some());
    let (jump, others) = notes[5..].split_last().expect("instructions");
    assert!(others.iter().all(|n| *n == Note::default()), "{notes:?}");
    // But callees give the stack pointer back.
    let frame_is_gone = Note {
        frame_is_gone: true,
        ..Note::default()
    };
    assert_eq!(*jump, frame_is_gone);
}

#[test]
fn a_jump_within_a_frame_is_no_tail_call() {
    let (guest, found) = only(
        "
        .globl _start
        _start:
            addi sp, sp, -32
            beqz a0, 1f
            jr a1
        1:  addi sp, sp, 32
            beqz a2, 2f
            jr a1
        2:  sub sp, sp, a3
            jr a1
        ",
    );
    let notes = notes(&found, guest.entry());
    let gone = |at: usize| notes[at].frame_is_gone;
    assert_eq!([gone(2), gone(5), gone(7)], [false, true, false]);
}

#[test]
fn ways_that_meet_must_agree() {
    let (guest, found) = only(
        "
        .option norelax
        .globl _start
        _start:
            lla a1, one
            lla a2, one
            beqz a0, 1f
            lla a2, two
        1:  lw a3, 0(a1)
            lw a4, 0(a2)
            addi a0, a0, 1
            bnez a0, 1b
            ret
        .data
        one: .dword 0
        two: .dword 0
        ",
    );
    let notes = notes(&found, guest.entry());
    assert_eq!(notes[7].address, notes[1].result, "the same on all ways");
    assert_eq!(notes[8].address, None, "one or two");
}

#[test]
fn absolute_addresses_are_noted_in_programs_that_use_them() {
    let source = |body: &str| {
        format!(
            "
            .option norelax
            .globl _start
            _start: {body}
                ret
            .data
            .balign 4096
            data: .dword 0
            "
        )
    };
    let absolute = "
        lui a5, %hi(data)
        lw a0, %lo(data)(a5)
        addi a1, a5, %lo(data)
    ";
    let (guest, found) = only(&source(absolute));
    let noted = notes(&found, guest.entry());
    let data = noted[2].result.expect("an address");
    assert_eq!(noted[1].address, Some(data));
    assert!(noted[0].result.is_some());
    // The same number in a program that does not is a number.
    let (guest, found) = only(&source("lui a5, %hi(data)\n addi a1, a5, %lo(data)"));
    let noted = notes(&found, guest.entry());
    assert_eq!(noted, vec![Note::default(); 3]);
}

#[test]
fn a_pointer_that_never_changes_is_a_target() {
    let (guest, found) = only(
        "
        .option norelax
        .globl _start
        _start:
            lla a5, pointer
            ld a5, 0(a5)
            jr a5
        f:  ret
        .section .rodata
        .balign 8
        pointer: .dword f
        ",
    );
    let notes = notes(&found, guest.entry());
    assert!(notes[3].target.is_some());
    assert_eq!(notes[2].result, None, "it is loaded, not computed");
}
