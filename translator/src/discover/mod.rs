//! Which functions a guest has, of which blocks they consist, and what its instructions surely
//! compute.
//!
//! It starts from symbols, unwind tables, relocations and words that point to code, follows control
//! from there, and ends where nothing more turns up. Nothing is found by decoding what nobody refers
//! to. What is missed is not lost: the runtime interprets it and tells of it the next time.
//!
//! Results do not depend on the number of threads. Work and memory are proportional to the text,
//! whatever the guest's file says.

mod draft;
mod explore;
mod flow;
mod judge;
mod machine;
mod notes;
mod returns;
mod seeds;
mod space;
mod split;
mod tables;
mod unwind;
mod value;
mod waves;

use std::collections::{BTreeMap, BTreeSet};

use vmtrans_isa::GuestAddr;

use crate::function::{Beginning, Function};
use crate::guest::{Guest, Range};
use draft::Draft;
use judge::{Trust, judge};
use seeds::Seeds;
use space::{Places, Ranges, Slots};
use waves::Waves;

/// Rounds of looking at pointers, each of which may lead to code that has more of them.
const POINTER_ROUNDS: usize = 16;
/// A guest addresses its data absolutely if one of so many instructions does.
const ABSOLUTE_SHARE: usize = 1000;

/// What was found.
#[derive(Clone, Debug)]
pub struct Discovery {
    /// The functions by address. Where two have code in common, both have it.
    pub functions: Vec<Function>,
    /// Part of the guest's code that is in functions: of its executable sections, or of its
    /// executable segments where it has no section headers.
    pub coverage: f64,
    /// How it came about.
    pub statistics: Statistics,
}

/// Numbers about a discovery.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Bytes of code in functions, each counted once.
    pub covered_bytes: u64,
    /// Bytes of code.
    pub code_bytes: u64,
    /// Instructions in functions, as often as they are in one.
    pub instructions: u64,
    /// Instructions that were looked at, as often as they were.
    pub work: u64,
    /// Blocks in functions.
    pub blocks: u64,
    /// Jump tables.
    pub jump_tables: u64,
    /// Indirect jumps that may go anywhere, without returns.
    pub unresolved_jumps: u64,
    /// Ranges that unwind tables and symbols gave.
    pub ranges: u64,
    /// Landing pads of exceptions.
    pub landing_pads: u64,
}

/// Finds the functions of a guest. `extra_entries` are addresses, without the bias, that were
/// reached in earlier runs and had no function.
pub fn discover(guest: &Guest, extra_entries: &BTreeSet<GuestAddr>) -> Discovery {
    let seeds = Seeds::new(guest);
    let ranges = Ranges::new(seeds.ranges.clone());
    let mut waves = Waves::new(guest, &ranges);
    waves.add(seeds.starts.clone());
    waves.look_around();
    let extra = extra_entries.iter().map(|e| guest.biased(e.get()));
    let mut entries = extra.filter(|e| e.get() % 2 == 0).collect::<BTreeSet<_>>();
    for _ in 0..POINTER_ROUNDS {
        let computed = waves.drafts().flat_map(|d| &d.facts.pointers);
        let addresses = computed.chain(&seeds.relocated).copied().collect();
        let mut judged = judge(&waves, &addresses, Trust::Address);
        entries.append(&mut judged.entries);
        // What is only a number counts once nothing is left that is more.
        if judged.starts.is_empty() {
            judged = judge(&waves, &seeds.words, Trust::Number);
            entries.append(&mut judged.entries);
        }
        if judged.starts.is_empty() {
            break;
        }
        waves.add(judged.starts);
        waves.look_around();
    }
    entries.extend(&seeds.landing_pads);
    waves.add_entries(entries);
    finish(guest, &seeds, waves)
}

fn finish(guest: &Guest, seeds: &Seeds, waves: Waves<'_>) -> Discovery {
    let work = waves.work();
    let (mut drafts, starts) = waves.finish();
    forget_doubtful_addresses(&mut drafts);
    let mut statistics = measure(guest, &drafts);
    statistics.work = work;
    statistics.ranges = seeds.ranges.len() as u64;
    statistics.landing_pads = seeds.landing_pads.len() as u64;
    let cuts = drafts.values().flat_map(|d| d.cuts.iter().copied());
    let cuts = cuts.collect::<BTreeSet<_>>();
    let functions = drafts.into_values().map(|draft| {
        let name = seeds.name(draft.start);
        let beginning = if !starts.contains(draft.start) {
            Beginning::Inner
        } else if cuts.contains(&draft.start) {
            Beginning::Cut
        } else {
            Beginning::Own
        };
        draft.finish(name, beginning)
    });
    let functions = functions.collect::<Vec<_>>();
    let tables = functions
        .iter()
        .flat_map(|f| &f.insns)
        .filter(|i| i.note.table.is_some());
    statistics.jump_tables = tables.count() as u64;
    Discovery {
        functions,
        coverage: statistics.coverage(),
        statistics,
    }
}

/// In a guest that addresses its data relative to the program counter, an immediate that happens to
/// be the number of an address is a number.
fn forget_doubtful_addresses(drafts: &mut BTreeMap<GuestAddr, Draft>) {
    let accesses = drafts
        .values()
        .map(|d| d.facts.absolute_accesses)
        .sum::<usize>();
    let instructions = drafts
        .values()
        .map(|d| d.explored.steps.len())
        .sum::<usize>();
    if accesses > instructions / ABSOLUTE_SHARE {
        return;
    }
    for draft in drafts.values_mut() {
        let facts = &mut draft.facts;
        for &index in &facts.absolute {
            facts.notes[index].result = None;
        }
    }
}

fn measure(guest: &Guest, drafts: &BTreeMap<GuestAddr, Draft>) -> Statistics {
    let mut statistics = Statistics::default();
    let mut covered = Places::new(Slots::new(guest));
    for draft in drafts.values() {
        statistics.instructions += draft.explored.steps.len() as u64;
        statistics.blocks += draft.explored.blocks.len() as u64;
        statistics.unresolved_jumps += draft.facts.unresolved as u64;
        for step in draft
            .explored
            .steps
            .iter()
            .filter(|s| guest.is_code(s.addr))
        {
            covered.insert(step.addr);
            if step.length() == 4 {
                covered.insert(step.addr.wrapping_offset(2));
            }
        }
    }
    statistics.covered_bytes = covered.len() * 2;
    statistics.code_bytes = guest.code_ranges().iter().map(Range::bytes).sum();
    statistics
}

impl Statistics {
    /// Part of the code that is in functions, from 0 to 1.
    pub fn coverage(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a share for people to read")]
        let share = self.covered_bytes as f64 / self.code_bytes.max(1) as f64;
        share
    }
}
