//! All functions: each one found may tell of others, and may show that one found before was taken
//! to be longer than it is.
//!
//! Functions are drafted in waves, in parallel; what a wave tells is put together in the order of
//! addresses, so the result does not depend on threads.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use rayon::prelude::*;
use vmtrans_isa::GuestAddr;

use super::draft::{Draft, Memory};
use super::explore::World;
use super::returns;
use super::space::{Places, Ranges, Slots};
use crate::guest::Guest;

/// Waves until what is still found is left to the runtime.
const WAVES: usize = 512;
/// How often a function is drafted again because another one starts in it.
const ATTEMPTS: u32 = 8;
/// Functions between two looks at the budget.
const CHUNK: usize = 256;
/// Functions inside of others that are drafted at once.
const ENTRIES: usize = 512;
/// Instructions that those of a small guest may have.
const REPEATED: u64 = 1 << 17;

/// The functions of a guest, on the way to being known.
pub struct Waves<'a> {
    guest: &'a Guest,
    ranges: &'a Ranges,
    slots: Slots,
    /// Functions that others do not run into.
    starts: Places,
    /// All functions.
    entries: Places,
    /// Functions that never return.
    endless: Places,
    /// Addresses outside of the code that are computed somewhere.
    objects: BTreeSet<GuestAddr>,
    drafts: BTreeMap<GuestAddr, Draft>,
    memories: Mutex<Vec<Memory>>,
    /// Instructions that were looked at.
    work: u64,
    /// Instructions of functions inside of others.
    repeated: u64,
    /// How many may be looked at before code is no longer shared.
    budget: u64,
}

impl<'a> Waves<'a> {
    /// No function yet.
    pub fn new(guest: &'a Guest, ranges: &'a Ranges) -> Waves<'a> {
        let slots = Slots::new(guest);
        Waves {
            guest,
            ranges,
            slots,
            starts: Places::new(slots),
            entries: Places::new(slots),
            endless: Places::new(slots),
            objects: BTreeSet::new(),
            drafts: BTreeMap::new(),
            memories: Mutex::new(Vec::new()),
            work: 0,
            repeated: 0,
            budget: (1 << 20) + slots.count() as u64 * 3,
        }
    }

    /// Instructions that were looked at, as often as they were.
    pub fn work(&self) -> u64 {
        self.work
    }

    /// The functions, and where those start that others do not run into.
    pub fn finish(self) -> (BTreeMap<GuestAddr, Draft>, Places) {
        (self.drafts, self.starts)
    }

    /// The functions so far.
    pub fn drafts(&self) -> impl Iterator<Item = &Draft> {
        self.drafts.values()
    }

    /// Adds functions that others do not run into, and all that they lead to.
    pub fn add(&mut self, starts: BTreeSet<GuestAddr>) {
        self.settle(starts, BTreeSet::new());
    }

    /// Adds functions inside of others, which go on running through them.
    pub fn add_entries(&mut self, entries: BTreeSet<GuestAddr>) {
        self.settle(BTreeSet::new(), entries);
    }

    /// Drafts functions until nothing new turns up; those inside of others come last.
    fn settle(&mut self, starts: BTreeSet<GuestAddr>, entries: BTreeSet<GuestAddr>) {
        let mut found = Found { starts, entries };
        for _ in 0..WAVES {
            let starts = std::mem::take(&mut found.starts);
            let new = starts
                .into_iter()
                .filter(|&s| self.is_new_start(s))
                .collect::<Vec<_>>();
            for &start in &new {
                self.starts.insert(start);
                self.entries.insert(start);
            }
            let mut pending = self.affected(&new);
            pending.extend(new);
            if pending.is_empty() {
                pending = self.next_entries(&mut found.entries);
            }
            if pending.is_empty() {
                break;
            }
            self.draft(&pending, &mut found);
        }
    }

    /// Takes some entries to draft next, as long as what they repeat of other functions is in
    /// proportion to the text.
    fn next_entries(&mut self, left: &mut BTreeSet<GuestAddr>) -> BTreeSet<GuestAddr> {
        left.retain(|&e| self.guest.is_executable(e) && !self.entries.contains(e));
        let mut next = BTreeSet::new();
        while next.len() < ENTRIES
            && self.repeated < self.slots.count() as u64 / 2 + REPEATED
            && let Some(entry) = left.pop_first()
        {
            self.entries.insert(entry);
            next.insert(entry);
        }
        next
    }

    /// Whether code may still be in more than one function.
    fn may_share(&self) -> bool {
        self.work < self.budget
    }

    fn is_new_start(&self, start: GuestAddr) -> bool {
        self.guest.is_executable(start)
            && !self.starts.contains(start)
            && self.slots.of(start).is_some()
    }

    /// Finds what can only be seen from all functions: which of them never return, and where the
    /// objects are that a table of unknown length may end at. Drafts again those for which that is
    /// news.
    pub fn look_around(&mut self) {
        let never = returns::never(&self.drafts);
        let endless = never.into_iter().filter(|&s| self.endless.insert(s));
        let endless = endless.collect::<BTreeSet<_>>();
        let objects = self
            .drafts
            .values()
            .flat_map(|d| d.facts.objects.iter().copied());
        let objects = objects
            .filter(|o| !self.objects.contains(o))
            .collect::<BTreeSet<_>>();
        let news = self.drafts.values().filter(|draft| {
            let tables = &draft.facts.open_tables;
            let ended = tables
                .iter()
                .any(|t| objects.range(t.start..t.end).next().is_some());
            ended || !endless.is_disjoint(&draft.explored.calls)
        });
        let news = news.map(|draft| draft.start).collect::<BTreeSet<_>>();
        self.objects.extend(objects);
        let mut found = Found::default();
        self.draft(&news, &mut found);
        self.settle(found.starts, found.entries);
    }

    /// Functions in which one of these starts is, or might be.
    fn affected(&self, new: &[GuestAddr]) -> BTreeSet<GuestAddr> {
        let affected = self.drafts.values().filter(|draft| {
            let (low, high) = draft.extent();
            let from = new.partition_point(|&s| s <= low);
            let to = new.partition_point(|&s| s <= high);
            let loose = self.ranges.of(draft.start).is_none();
            let inside =
                |s: &GuestAddr| *s != draft.start && (loose || draft.explored.contains(*s));
            draft.attempts < ATTEMPTS && new[from.min(to)..to].iter().any(inside)
        });
        affected.map(|draft| draft.start).collect()
    }

    /// Drafts functions, and adds to what is found where others should start because of them.
    fn draft(&mut self, pending: &BTreeSet<GuestAddr>, found: &mut Found) {
        let pending = pending.iter().copied().collect::<Vec<_>>();
        for chunk in pending.chunks(CHUNK) {
            let drafts = chunk
                .par_iter()
                .map(|&start| self.draft_one(start))
                .collect::<Vec<_>>();
            for mut draft in drafts {
                self.work += draft.cost;
                if !self.starts.contains(draft.start) {
                    self.repeated += draft.explored.steps.len() as u64;
                }
                found.starts.extend(draft.starts());
                let overlaps = draft.explored.overlaps.iter().copied();
                found
                    .entries
                    .extend(overlaps.filter(|&o| self.guest.is_code(o)));
                if let Some(before) = self.drafts.get(&draft.start) {
                    draft.attempts = before.attempts + 1;
                }
                self.drafts.insert(draft.start, draft);
            }
        }
    }

    fn draft_one(&self, start: GuestAddr) -> Draft {
        let world = World {
            guest: self.guest,
            starts: &self.starts,
            entries: &self.entries,
            endless: &self.endless,
            objects: &self.objects,
            ranges: self.ranges,
            shared: self.may_share(),
        };
        let spare = self.memories.lock().ok().and_then(|mut spare| spare.pop());
        let mut memory = spare.unwrap_or_else(|| Memory::new(self.slots));
        let draft = Draft::new(world, start, &mut memory);
        if let Ok(mut spare) = self.memories.lock() {
            spare.push(memory);
        }
        draft
    }

    /// Whether a function starts at an address.
    pub fn is_entry(&self, addr: GuestAddr) -> bool {
        self.entries.contains(addr)
    }

    /// The guest.
    pub fn guest(&self) -> &'a Guest {
        self.guest
    }

    /// What unwind tables and symbols say is one function.
    pub fn ranges(&self) -> &'a Ranges {
        self.ranges
    }

    /// The places of all instructions in functions.
    pub fn covered(&self) -> Places {
        let mut covered = Places::new(self.slots);
        for step in self.drafts.values().flat_map(|d| &d.explored.steps) {
            covered.insert(step.addr);
        }
        covered
    }
}

/// Where functions should start.
#[derive(Default)]
struct Found {
    /// Functions that others do not run into.
    starts: BTreeSet<GuestAddr>,
    /// Functions inside of others.
    entries: BTreeSet<GuestAddr>,
}
