//! What changes a guest's memory before its own code reads it: dynamic relocations, and those to
//! indirect functions that a static program applies to itself.

use goblin::container::{Container, Ctx, Endian};
use goblin::elf::ProgramHeader;
use goblin::elf::dynamic::Dynamic;
use goblin::elf::reloc::{R_RISCV_IRELATIVE, R_RISCV_RELATIVE, RelocSection};
use vmtrans_isa::{GuestAddr, Width};

use super::Guest;

const RELA_SIZE: u64 = 24;
const DT_RELR: u64 = 36;
const DT_RELRSZ: u64 = 35;

/// What a word becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Relocated {
    /// This address.
    Address(GuestAddr),
    /// What the function at this address returns.
    Resolved(GuestAddr),
    /// Something that depends on other files.
    Unknown,
}

/// A word that is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Relocation {
    /// Where it is.
    pub address: GuestAddr,
    /// What it becomes.
    pub to: Relocated,
}

/// All relocations, by address.
pub(super) fn read(guest: &Guest, headers: &[ProgramHeader]) -> Vec<Relocation> {
    let context = Ctx::new(Container::Big, Endian::Little);
    let mut found = indirect_functions(guest);
    if let Ok(Some(dynamic)) = Dynamic::parse(guest.bytes(), headers, context) {
        let info = &dynamic.info;
        for (offset, size) in [(info.rela, info.relasz), (info.jmprel, info.pltrelsz)] {
            let size = size - size % usize::try_from(RELA_SIZE).unwrap_or(24);
            if offset
                .checked_add(size)
                .is_some_and(|end| end <= guest.bytes().len())
                && let Ok(section) = RelocSection::parse(guest.bytes(), offset, size, true, context)
            {
                found.extend(section.iter().map(|r| relocation(guest, &r)));
            }
        }
        found.extend(packed(guest, &dynamic));
    }
    found.sort_unstable();
    found.dedup_by_key(|r| r.address);
    found
}

fn relocation(guest: &Guest, r: &goblin::elf::Reloc) -> Relocation {
    let value = guest.biased(r.r_addend.unwrap_or(0).cast_unsigned());
    let to = match r.r_type {
        R_RISCV_RELATIVE => Relocated::Address(value),
        R_RISCV_IRELATIVE => Relocated::Resolved(value),
        _ => Relocated::Unknown,
    };
    Relocation {
        address: guest.biased(r.r_offset),
        to,
    }
}

/// A static program has no dynamic section, but the table of relocations to indirect functions that
/// its start-up code goes through is in its read-only data, wherever that is.
fn indirect_functions(guest: &Guest) -> Vec<Relocation> {
    let mut found = Vec::new();
    for (range, write) in guest.data_ranges().filter(|(_, write)| !write) {
        debug_assert!(!write);
        let mut at = GuestAddr::new(range.start.get().next_multiple_of(8));
        let end = range.end.get().saturating_sub(RELA_SIZE);
        while at.get() <= end && at >= range.start {
            let word = |offset| {
                guest
                    .number(at.wrapping_offset(offset), Width::D)
                    .unwrap_or(0)
            };
            if word(8) == u64::from(R_RISCV_IRELATIVE) {
                let (address, resolver) = (guest.biased(word(0)), guest.biased(word(16)));
                if guest.is_writable(address) && guest.is_executable(resolver) {
                    found.push(Relocation {
                        address,
                        to: Relocated::Resolved(resolver),
                    });
                }
            }
            at = at.wrapping_offset(8);
        }
    }
    found
}

/// `DT_RELR`: addresses of relative relocations, as words and bitmaps of words that follow.
fn packed(guest: &Guest, dynamic: &Dynamic) -> Vec<Relocation> {
    let value = |tag| {
        dynamic
            .dyns
            .iter()
            .find(|d| d.d_tag == tag)
            .map(|d| d.d_val)
    };
    let (Some(table), Some(size)) = (value(DT_RELR), value(DT_RELRSZ)) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    let mut add = |address: GuestAddr| {
        if let Some(word) = guest.number(address, Width::D) {
            found.push(Relocation {
                address,
                to: Relocated::Address(guest.biased(word)),
            });
        }
    };
    let mut next = GuestAddr::default();
    for index in 0..size / 8 {
        let at = guest.biased(table.wrapping_add(index * 8));
        let Some(word) = guest.number(at, Width::D) else {
            break;
        };
        if word % 2 == 0 {
            let address = guest.biased(word);
            add(address);
            next = address.wrapping_offset(8);
        } else {
            let bits = (0..63i64).filter(|bit| word >> (bit + 1) & 1 != 0);
            bits.for_each(|bit| add(next.wrapping_offset(bit * 8)));
            next = next.wrapping_offset(63 * 8);
        }
    }
    found
}
