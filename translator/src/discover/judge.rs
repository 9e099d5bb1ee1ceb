//! Which addresses that are computed, or that words of data look like, are functions.
//!
//! A wrong guess is no error, but tears a function apart, and what is torn apart runs slower.

use std::collections::BTreeSet;

use vmtrans_isa::{Control, GuestAddr};

use super::explore::Step;
use super::space::Places;
use super::waves::Waves;
use crate::guest::Range;

/// How many instructions are decoded to see whether an address can be a function's.
const PLAUSIBLE: usize = 64;

/// How far behind the last known function there may be another one.
const NEAR: u64 = 1024;

/// How sure it is that a number is an address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Trust {
    /// It is relocated, or computed as addresses are.
    Address,
    /// It may be any number.
    Number,
}

/// What became of addresses that may be functions'.
#[derive(Debug, Default)]
pub struct Judged {
    /// Functions that others should not run into.
    pub starts: BTreeSet<GuestAddr>,
    /// Entries inside of functions.
    pub entries: BTreeSet<GuestAddr>,
}

/// Judges addresses by what is known so far.
pub fn judge(waves: &Waves<'_>, candidates: &BTreeSet<GuestAddr>, trust: Trust) -> Judged {
    let covered = waves.covered();
    let known = known(waves);
    let mut judged = Judged::default();
    let mut inside = Vec::new();
    for &candidate in candidates {
        if waves.is_entry(candidate) || !waves.guest().is_code(candidate) {
            continue;
        }
        if covered.contains(candidate) {
            inside.push(candidate);
        } else if is_near_code(waves, known, candidate)
            && is_plausible(waves, candidate, &covered)
            && follows_an_end(waves, candidate)
        {
            judged.starts.insert(candidate);
        }
    }
    judge_inside(waves, &inside, trust, &mut judged);
    judged
}

/// Code that is in a function already: a function behind a call that does not return, or a label
/// of a function whose jumps are not understood.
fn judge_inside(waves: &Waves<'_>, inside: &[GuestAddr], trust: Trust, judged: &mut Judged) {
    for draft in waves.drafts() {
        let (low, high) = draft.extent();
        let from = inside.partition_point(|&c| c < low);
        let to = inside.partition_point(|&c| c <= high);
        for &candidate in &inside[from..to] {
            let explored = &draft.explored;
            let found = explored.steps.binary_search_by_key(&candidate, |s| s.addr);
            let Ok(index) = found else { continue };
            let before = index.checked_sub(1).map(|b| &explored.steps[b]);
            let called = before.is_some_and(|b| b.is_call() && b.next() == candidate);
            let label = explored.block_at(candidate).is_some();
            let free = waves.ranges().of(candidate).is_none();
            if called && !label && free && trust == Trust::Address {
                judged.starts.insert(candidate);
            } else if label && draft.facts.unresolved > 0 {
                judged.entries.insert(candidate);
            }
        }
    }
}

/// Where functions may be: executable sections, or without those from the first function that is
/// known to the last one and a bit on, since an executable segment has data as well.
fn is_near_code(waves: &Waves<'_>, known: Option<Range>, addr: GuestAddr) -> bool {
    waves.guest().has_code_sections()
        || known.is_some_and(|known| {
            let end = known.end.checked_add(NEAR).unwrap_or(known.end);
            Range {
                start: known.start,
                end,
            }
            .contains(addr)
        })
}

/// From the first function to the last one.
fn known(waves: &Waves<'_>) -> Option<Range> {
    let extents = || waves.drafts().map(super::draft::Draft::extent);
    let start = extents().map(|(low, _)| low).min()?;
    let end = extents().map(|(_, high)| high).max()?;
    let ranges = waves.ranges().hull().unwrap_or(Range { start, end });
    Some(Range {
        start: start.min(ranges.start),
        end: end.max(ranges.end),
    })
}

/// Whether what is there decodes, and reaches an end or known code.
fn is_plausible(waves: &Waves<'_>, start: GuestAddr, covered: &Places) -> bool {
    let mut addr = start;
    for _ in 0..PLAUSIBLE {
        if covered.contains(addr) {
            return addr != start;
        }
        let step = Step::at(waves.guest(), addr);
        let overlaps = step.length() == 4 && covered.contains(addr.wrapping_offset(2));
        if step.insn.is_none() || overlaps {
            return false;
        }
        if !step.falls_through() {
            return step.control != Control::Illegal;
        }
        addr = step.next();
    }
    true
}

/// Whether what is before an address may be the end of another function, or padding. An address
/// that is computed need not be a function's either: that of an array may be moved by the lowest
/// index.
fn follows_an_end(waves: &Waves<'_>, start: GuestAddr) -> bool {
    let guest = waves.guest();
    [2, 4].into_iter().any(|length| {
        let before = start.wrapping_offset(-length);
        if !guest.is_code(before) {
            return true;
        }
        let step = Step::at(guest, before);
        let padding = step
            .insn
            .is_some_and(|i| matches!(i.raw, 0x0001 | 0x0000_0013));
        step.length() == length && (!step.falls_through() || step.may_be_last() || padding)
    })
}
