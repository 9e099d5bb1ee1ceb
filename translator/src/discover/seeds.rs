//! Where functions are before any code was looked at: symbols, unwind tables, relocations, words
//! that point to code.

use std::collections::{BTreeMap, BTreeSet};

use vmtrans_isa::GuestAddr;

use super::unwind::{self, Unwind};
use crate::guest::{FunctionSymbol, Guest, Range, Relocated};

/// What is known from the start.
#[derive(Debug, Default)]
pub struct Seeds {
    /// Addresses where functions start.
    pub starts: BTreeSet<GuestAddr>,
    /// What is one function, or a part of one.
    pub ranges: Vec<Range>,
    /// Where exceptions land.
    pub landing_pads: BTreeSet<GuestAddr>,
    /// Addresses that relocated words get.
    pub relocated: BTreeSet<GuestAddr>,
    /// Numbers of words that may be addresses.
    pub words: BTreeSet<GuestAddr>,
    /// Names and sizes by address.
    pub names: BTreeMap<GuestAddr, (String, u64)>,
}

impl Seeds {
    /// Reads them.
    pub fn new(guest: &Guest) -> Seeds {
        let Unwind {
            ranges,
            landing_pads,
        } = unwind::read(guest);
        let mut seeds = Seeds {
            ranges,
            landing_pads,
            ..Seeds::default()
        };
        seeds.starts.insert(guest.entry());
        seeds.starts.extend(seeds.ranges.iter().map(|r| r.start));
        for symbol in guest.function_symbols() {
            seeds.add_symbol(symbol);
        }
        seeds.add_relocations(guest);
        if !guest.is_position_independent() {
            seeds.add_words(guest);
        }
        seeds
    }

    fn add_symbol(&mut self, symbol: FunctionSymbol) {
        let FunctionSymbol {
            name,
            address,
            size,
        } = symbol;
        self.starts.insert(address);
        if let Some(end) = address.checked_add(size).filter(|_| size > 0) {
            self.ranges.push(Range {
                start: address,
                end,
            });
        }
        // Of several names the shortest, and of these the first.
        let shorter = |old: &(String, u64)| (name.len(), &name) < (old.0.len(), &old.0);
        if self.names.get(&address).is_none_or(shorter) {
            self.names.insert(address, (name, size));
        }
    }

    fn add_relocations(&mut self, guest: &Guest) {
        for relocation in guest.relocations() {
            match relocation.to {
                Relocated::Address(to) if guest.is_code(to) => {
                    self.relocated.insert(to);
                }
                Relocated::Resolved(to) if guest.is_code(to) => {
                    self.starts.insert(to);
                }
                _ => {}
            }
        }
    }

    /// Words of a program at fixed addresses, in tables and variables of all kinds.
    fn add_words(&mut self, guest: &Guest) {
        let (text, length) = guest.text_range();
        for (range, _) in guest.data_ranges() {
            let first = GuestAddr::new(range.start.get().next_multiple_of(8));
            for (index, word) in (0i64..).zip(guest.read_on(first).chunks_exact(8)) {
                let value = word.iter().rev().fold(0, |v, &b| v << 8 | u64::from(b));
                let to = GuestAddr::new(value);
                if to.wrapping_distance(text) >= length || !guest.is_code(to) {
                    continue;
                }
                // Two instructions may look like a pointer.
                if !guest.has_code_sections() || !guest.is_code(first.wrapping_offset(index * 8)) {
                    self.words.insert(to);
                }
            }
        }
    }

    /// The name for a function: that of its symbol, or a place in the one around it.
    pub fn name(&self, start: GuestAddr) -> Option<String> {
        let (&at, (name, size)) = self.names.range(..=start).next_back()?;
        match start.wrapping_distance(at) {
            0 => Some(name.clone()),
            offset if offset < *size => Some(format!("{name}+{offset:#x}")),
            _ => None,
        }
    }
}
