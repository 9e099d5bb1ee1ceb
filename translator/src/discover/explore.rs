//! Which instructions and blocks are reachable from a function's start.
//!
//! It follows direct branches and jumps, and indirect ones whose targets it is told; what values
//! registers have is not known here.

use std::collections::{BTreeMap, BTreeSet};

use vmtrans_isa::GuestAddr;
use vmtrans_isa::riscv::{Insn, Reg, decode};
use vmtrans_isa::{Control, effects};

use super::space::{Places, Ranges, Slots};
use crate::guest::{Guest, Range};

/// The second register that calls may link: that of routines which save and restore registers.
pub const ALTERNATE_LINK: Reg = Reg::new(5);

/// What all functions of a guest are explored with.
#[derive(Clone, Copy)]
pub struct World<'a> {
    /// The guest.
    pub guest: &'a Guest,
    /// Where functions start that others do not run into.
    pub starts: &'a Places,
    /// Where functions start at all.
    pub entries: &'a Places,
    /// Functions that never return.
    pub endless: &'a Places,
    /// What unwind tables and symbols say is one function.
    pub ranges: &'a Ranges,
    /// Addresses outside of the code that are computed somewhere.
    pub objects: &'a BTreeSet<GuestAddr>,
    /// Code may be in more than one function. Denied where a guest makes too much of it.
    pub shared: bool,
}

impl World<'_> {
    /// Whether this calls a function that never returns.
    pub fn is_endless_call(&self, step: &Step) -> bool {
        match step.control {
            Control::Jump {
                link: Reg::RA,
                offset,
            } => self.endless.contains(step.addr.wrapping_offset(offset)),
            _ => false,
        }
    }
}

/// Where the indirect jumps at these addresses go, as far as is known.
pub type Known = BTreeMap<GuestAddr, Vec<GuestAddr>>;

/// An instruction in place.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// Where it is.
    pub addr: GuestAddr,
    /// What it is.
    pub insn: Option<Insn>,
    /// How it ends.
    pub control: Control,
}

impl Step {
    /// Decodes what is at an address.
    pub fn at(guest: &Guest, addr: GuestAddr) -> Step {
        let insn = guest.fetch(addr).and_then(decode);
        let control = insn.map_or(Control::Illegal, |insn| effects(&insn).control);
        Step {
            addr,
            insn,
            control,
        }
    }

    /// Its length in bytes.
    pub fn length(&self) -> i64 {
        self.insn.map_or(2, |insn| i64::from(insn.len))
    }

    /// The address after it.
    pub fn next(&self) -> GuestAddr {
        self.addr.wrapping_offset(self.length())
    }

    /// Whether it is a call that comes back to the next instruction.
    pub fn is_call(&self) -> bool {
        matches!(self.control, Control::Jump { link, .. }
            | Control::JumpIndirect { link, .. } if link == Reg::RA)
    }

    /// Whether functions end with such an instruction though control may go on behind it.
    pub fn may_be_last(&self) -> bool {
        self.is_call() || self.control == Control::Ebreak
    }

    /// Whether control may go on at the next instruction.
    pub fn falls_through(&self) -> bool {
        match self.control {
            Control::Illegal => false,
            Control::Jump { .. } | Control::JumpIndirect { .. } => self.is_call(),
            _ => true,
        }
    }

    /// Whether a block ends behind it.
    pub fn ends_block(&self) -> bool {
        !self.falls_through() || matches!(self.control, Control::Branch { .. })
    }
}

/// A block: instructions `first .. first + count`.
#[derive(Clone, Debug)]
pub struct Span {
    /// Index of the first instruction.
    pub first: usize,
    /// How many.
    pub count: usize,
    /// The blocks that may come next.
    pub successors: Vec<usize>,
}

/// What is reachable.
#[derive(Debug, Default)]
pub struct Explored {
    /// The instructions by address.
    pub steps: Vec<Step>,
    /// The blocks by address.
    pub blocks: Vec<Span>,
    /// Which one the function starts with.
    pub entry: usize,
    /// Direct call targets.
    pub calls: BTreeSet<GuestAddr>,
    /// Other addresses where functions should start: tail calls, what did not fit, what comes
    /// after calls that link another register than `ra`.
    pub heads: BTreeSet<GuestAddr>,
    /// Where control goes into the middle of what was decoded otherwise.
    pub overlaps: BTreeSet<GuestAddr>,
}

impl Explored {
    /// The address of a block.
    pub fn block_addr(&self, block: usize) -> GuestAddr {
        self.steps[self.blocks[block].first].addr
    }

    /// The block that starts at an address.
    pub fn block_at(&self, addr: GuestAddr) -> Option<usize> {
        self.blocks
            .binary_search_by_key(&addr, |b| self.steps[b.first].addr)
            .ok()
    }

    /// The last instruction of a block.
    pub fn last(&self, block: usize) -> &Step {
        let span = &self.blocks[block];
        &self.steps[span.first + span.count - 1]
    }

    /// Whether an address is in the middle of an instruction of the function.
    pub fn is_inner(&self, addr: GuestAddr) -> bool {
        let before = addr.wrapping_offset(-2);
        let found = self.steps.binary_search_by_key(&before, |s| s.addr);
        found.is_ok_and(|index| self.steps[index].length() == 4)
    }

    /// Whether an instruction at this address is part of the function.
    pub fn contains(&self, addr: GuestAddr) -> bool {
        self.steps.binary_search_by_key(&addr, |s| s.addr).is_ok()
    }
}

/// What a place belongs to in the function that is being explored.
const FREE: u8 = 0;
/// The second half of an instruction.
const INNER: u8 = 1;
/// An instruction.
const INSN: u8 = 2;
/// The first instruction of a block.
const LEADER: u8 = 3;

/// Scratch memory that is kept between functions.
pub struct Scratch {
    slots: Slots,
    marks: Vec<u8>,
}

impl Scratch {
    /// For a guest's text.
    pub fn new(slots: Slots) -> Scratch {
        Scratch {
            slots,
            marks: vec![FREE; slots.count()],
        }
    }

    fn get(&self, addr: GuestAddr) -> u8 {
        self.slots.of(addr).map_or(INNER, |s| self.marks[s])
    }

    fn set(&mut self, addr: GuestAddr, mark: u8) {
        if let Some(slot) = self.slots.of(addr) {
            self.marks[slot] = mark;
        }
    }
}

/// Where the function may go on without ask.
struct Home {
    /// What it surely is.
    range: Option<Range>,
    /// From the function before to the next one, where no range is known.
    gap: Range,
}

struct Explorer<'a, 's> {
    world: World<'a>,
    start: GuestAddr,
    home: Home,
    known: &'a Known,
    /// Targets of jump tables, which are inside whatever else they are.
    forced: BTreeSet<GuestAddr>,
    limit: usize,
    scratch: &'s mut Scratch,
    work: Vec<GuestAddr>,
    out: Explored,
}

/// Explores a function of at most about `limit` instructions.
pub fn explore(
    world: World<'_>,
    start: GuestAddr,
    known: &Known,
    limit: usize,
    scratch: &mut Scratch,
) -> Explored {
    let mut explorer = Explorer {
        world,
        start,
        home: home(world, start),
        known,
        forced: known.values().flatten().copied().collect(),
        limit,
        scratch,
        work: vec![start],
        out: Explored::default(),
    };
    while let Some(addr) = explorer.work.pop() {
        explorer.block(addr);
    }
    explorer.finish()
}

/// The part of the text that is this function's own.
fn home(world: World<'_>, start: GuestAddr) -> Home {
    let before = world.starts.last_up_to(start).unwrap_or(start);
    let after = world
        .starts
        .first_after(start)
        .unwrap_or(GuestAddr::new(u64::MAX));
    let range = if world.shared {
        world.ranges.of(start)
    } else {
        None
    };
    Home {
        range,
        gap: Range {
            start: before,
            end: after,
        },
    }
}

impl Explorer<'_, '_> {
    /// Decodes from a block's start until control has to go elsewhere.
    fn block(&mut self, start: GuestAddr) {
        match self.scratch.get(start) {
            FREE if self.out.steps.len() >= self.limit && start != self.start => {
                self.out.heads.insert(start);
                return;
            }
            FREE => {}
            INNER => {
                self.out.overlaps.insert(start);
                return;
            }
            _ => return self.scratch.set(start, LEADER),
        }
        let mut addr = start;
        loop {
            let step = Step::at(self.world.guest, addr);
            if step.length() == 4 && self.scratch.get(addr.wrapping_offset(2)) != FREE {
                self.out.overlaps.insert(addr);
                return;
            }
            self.scratch
                .set(addr, if addr == start { LEADER } else { INSN });
            if step.length() == 4 {
                self.scratch.set(addr.wrapping_offset(2), INNER);
            }
            self.out.steps.push(step);
            self.note_targets(&step);
            addr = step.next();
            if step.ends_block() || !self.goes_on(&step, addr) {
                return;
            }
        }
    }

    /// Whether what follows an instruction is to be decoded as part of its block.
    fn goes_on(&mut self, step: &Step, next: GuestAddr) -> bool {
        if self.forced.contains(&next) {
            self.work.push(next);
            return false;
        }
        if self.world.starts.contains(next) || !self.world.guest.is_executable(next) {
            return false;
        }
        // A callee that does not return, or a trap, is often the last thing in a function.
        if step.may_be_last()
            && (self.world.entries.contains(next) || self.leaves_range(step, next))
        {
            return false;
        }
        if self.world.is_endless_call(step) && self.scratch.get(next) == FREE {
            return false;
        }
        match self.scratch.get(next) {
            FREE if self.out.steps.len() >= self.limit => {
                self.out.heads.insert(next);
                false
            }
            FREE => true,
            INNER => {
                self.out.overlaps.insert(next);
                false
            }
            _ => {
                self.scratch.set(next, LEADER);
                false
            }
        }
    }

    fn leaves_range(&self, step: &Step, next: GuestAddr) -> bool {
        self.world
            .ranges
            .of(step.addr)
            .is_some_and(|r| !r.contains(next))
    }

    fn note_targets(&mut self, step: &Step) {
        match step.control {
            Control::Branch { offset } => {
                self.branch(step.addr.wrapping_offset(offset));
                self.branch(step.next());
            }
            Control::Jump { link, offset } => {
                let target = step.addr.wrapping_offset(offset);
                if link == Reg::ZERO {
                    self.jump(target);
                } else {
                    self.out.calls.insert(target);
                    self.link(step, link);
                }
            }
            Control::JumpIndirect { link, .. } if link == Reg::ZERO => {
                let known = self.known;
                for &target in known.get(&step.addr).into_iter().flatten() {
                    self.jump(target);
                }
            }
            Control::JumpIndirect { link, .. } => self.link(step, link),
            _ => {}
        }
    }

    /// A routine that was called by `t0` returns by an ordinary jump.
    fn link(&mut self, step: &Step, link: Reg) {
        if link == ALTERNATE_LINK {
            self.out.heads.insert(step.next());
        }
    }

    fn jump(&mut self, target: GuestAddr) {
        match self.way(target) {
            Way::Inside => self.work.push(target),
            Way::Leaves => {}
            Way::TailCall => {
                self.out.heads.insert(target);
            }
        }
    }

    /// Compilers never call by a conditional branch, so if it does not go to a function's start, it
    /// stays in the function.
    fn branch(&mut self, target: GuestAddr) {
        match self.way(target) {
            Way::TailCall if self.world.shared => self.work.push(target),
            _ => self.jump(target),
        }
    }

    fn way(&self, target: GuestAddr) -> Way {
        if target == self.start || self.forced.contains(&target) {
            return Way::Inside;
        }
        if self.world.starts.contains(target) || !self.world.guest.is_executable(target) {
            return Way::Leaves;
        }
        let Home { range, gap } = &self.home;
        let own = range.map_or(gap.contains(target), |r| r.contains(target));
        if own {
            return Way::Inside;
        }
        // The middle of another range: a cold part that goes back, or code that functions share.
        let middle = self.world.ranges.of(target).is_some();
        match (middle, self.world.shared) {
            (true, true) => Way::Inside,
            (true, false) => Way::Leaves,
            (false, _) => Way::TailCall,
        }
    }

    fn finish(mut self) -> Explored {
        let mut steps = std::mem::take(&mut self.out.steps);
        steps.sort_unstable_by_key(|s| s.addr);
        self.out.steps = steps;
        self.make_blocks();
        for step in &self.out.steps {
            self.scratch.set(step.addr, FREE);
            if step.length() == 4 {
                self.scratch.set(step.addr.wrapping_offset(2), FREE);
            }
        }
        self.connect();
        self.out
    }

    fn make_blocks(&mut self) {
        let steps = &self.out.steps;
        let mut blocks: Vec<Span> = Vec::new();
        for (index, step) in steps.iter().enumerate() {
            let before = index.checked_sub(1).map(|before| &steps[before]);
            let joined = before.is_some_and(|b| b.next() == step.addr && !b.ends_block());
            match blocks.last_mut() {
                Some(block) if joined && self.scratch.get(step.addr) == INSN => block.count += 1,
                _ => blocks.push(Span {
                    first: index,
                    count: 1,
                    successors: Vec::new(),
                }),
            }
        }
        self.out.blocks = blocks;
        self.out.entry = self.out.block_at(self.start).unwrap_or(0);
    }

    fn connect(&mut self) {
        for block in 0..self.out.blocks.len() {
            let last = *self.out.last(block);
            let mut successors = Vec::new();
            if last.falls_through() {
                successors.extend(self.out.block_at(last.next()));
            }
            match last.control {
                Control::Branch { offset }
                | Control::Jump {
                    link: Reg::ZERO,
                    offset,
                } => {
                    successors.extend(self.out.block_at(last.addr.wrapping_offset(offset)));
                }
                Control::JumpIndirect {
                    link: Reg::ZERO, ..
                } => {
                    let targets = self.known.get(&last.addr).into_iter().flatten();
                    successors.extend(targets.filter_map(|&t| self.out.block_at(t)));
                }
                _ => {}
            }
            successors.sort_unstable();
            successors.dedup();
            self.out.blocks[block].successors = successors;
        }
    }
}

/// What a jump does.
enum Way {
    /// It stays in the function.
    Inside,
    /// It goes to another one.
    Leaves,
    /// It goes to what should be another one.
    TailCall,
}
