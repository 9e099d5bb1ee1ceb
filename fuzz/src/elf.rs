//! A guest's file with anything in it.

use std::path::Path;

use vmtrans_tests::elf::TinyElf;
use vmtrans_translator::discover::discover;
use vmtrans_translator::guest::Guest;

use crate::random::Random;

/// Reads it as runtime and translator do, and looks for functions in what is accepted.
pub(crate) fn feed(input: &[u8]) {
    let path = Path::new("input");
    let read = vmtrans_guest_elf::GuestElf::parse(input, path);
    let guest = Guest::new(input.to_vec(), path);
    assert_eq!(
        read.is_ok(),
        guest.is_ok(),
        "one reads what the other refuses"
    );
    match guest {
        Ok(guest) => drop(discover(&guest, &std::collections::BTreeSet::new())),
        Err(error) => assert!(
            error.to_string().contains("input"),
            "{error}: names no file"
        ),
    }
}

/// A good file of which some fields or bytes are others.
pub(crate) fn input(random: &mut Random) -> Vec<u8> {
    let code = (0..random.below(32))
        .map(|_| random.half_word() | 3)
        .collect::<Vec<_>>();
    let mut elf = TinyElf::new(&code);
    for _ in 0..random.below(3) {
        let (address, size, kind) = (random.edge(), random.edge(), random.below(8));
        elf = elf.and_segment(|s| {
            (s.p_vaddr, s.p_memsz) = (address, size);
            s.p_type = [1, 1, 1, 2, 3, 7, 0x6474_e550, 6][kind];
        });
    }
    if random.below(2) == 0 {
        change_segment(&mut elf, random);
    }
    if random.below(8) == 0 {
        elf.e_entry = random.edge();
    }
    elf.e_type = [2, 2, 3, 3, random.short()][random.below(5)];
    let mut bytes = elf.bytes();
    for _ in 0..random.below(4) {
        let at = random.below(bytes.len());
        bytes[at] = random.byte();
    }
    if random.below(6) == 0 {
        bytes.truncate(random.below(bytes.len()));
    }
    bytes
}

fn change_segment(elf: &mut TinyElf, random: &mut Random) {
    let at = random.below(elf.segments.len());
    let segment = &mut elf.segments[at];
    let value = random.edge();
    match random.below(6) {
        0 => segment.p_offset = value,
        1 => segment.p_vaddr = value,
        2 => segment.p_filesz = value,
        3 => segment.p_memsz = value,
        4 => segment.p_align = value,
        _ => segment.p_flags = random.half_word(),
    }
}
