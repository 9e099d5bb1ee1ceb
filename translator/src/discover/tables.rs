//! Jump tables: how many entries, and where they lead.
//!
//! A table is found when the target of a jump turns out to be what a load read at
//! `base + index * scale` from memory that does not change. Too few entries are no error, since
//! the lifter's switch has a way out; too many only make blocks that are never reached.
//!
//! A relative table's base may sit in a register that callees preserve. Here, and nowhere else, they
//! are trusted to: a callee that changed it would have to leave it such that the sum of base and
//! index is still inside of the table, and then the guest itself would jump to a place that no
//! compiler made.

use vmtrans_isa::Control;
use vmtrans_isa::{GuestAddr, Width};

use super::flow::Flow;
use super::machine::{TableLoad, Test};
use super::value::{Unknown, Val};
use crate::function::JumpTable;

/// The longest table that is believed without a bound.
const UNBOUNDED: u64 = 512;
/// The longest table that is believed at all.
const LONGEST: u64 = 1 << 14;
/// How many blocks are looked through for a bound.
const LOOK_BACK: usize = 24;

/// How many entries may still be read for one function.
pub struct Budget(u64);

impl Default for Budget {
    fn default() -> Budget {
        Budget(1 << 16)
    }
}

/// A table, and whether a check of the index tells how many entries it has.
pub struct Table {
    /// The table.
    pub table: JumpTable,
    /// There is such a check.
    pub checked: bool,
}

/// Reads the table whose entry, loaded by the instruction at index `load`, a jump at the end of
/// `block` goes to after `add` is added to it.
pub fn read(
    flow: &Flow<'_>,
    budget: &mut Budget,
    block: usize,
    load: u32,
    add: u64,
) -> Option<Table> {
    let table = *flow.loads.get(&load)?;
    let entry_bytes = table.width.bytes();
    let checked = checked_bound(flow, block, table.index);
    let surely = checked.is_some();
    let bound = checked.or(flow.below.get(&table.index).copied());
    let most = bound.unwrap_or(UNBOUNDED).min(LONGEST).min(budget.0);
    let mut targets = Vec::new();
    for index in 0..most {
        let Some(target) = target(flow, &table, index, add, surely) else {
            break;
        };
        if !surely && index > 0 && is_other_object(flow, &table, index) {
            break;
        }
        targets.push(target);
    }
    budget.0 -= (targets.len() as u64).min(budget.0);
    // One entry that leads somewhere may be chance.
    let plausible = targets.len() > 1 || checked == Some(1) && targets.len() == 1;
    let table = JumpTable {
        load: load as usize,
        base: table.base,
        entry_bytes,
        complete: bound == Some(targets.len() as u64),
        targets,
    };
    plausible.then_some(Table {
        table,
        checked: surely,
    })
}

/// Where an entry leads, if that can be part of the function.
fn target(
    flow: &Flow<'_>,
    table: &TableLoad,
    index: u64,
    add: u64,
    surely: bool,
) -> Option<GuestAddr> {
    let (world, entry_bytes) = (flow.world, u64::from(table.width.bytes()));
    let at = table.base.checked_add(index * entry_bytes)?;
    let raw = Val::plain(world.guest.settled(at, table.width)?);
    let entry = if table.signed {
        raw.sext(table.width)
    } else {
        raw
    };
    let to = GuestAddr::new(entry.as_const()?.wrapping_add(add) & !1);
    let known = world.guest.is_code(to);
    let surely_code = surely && table.width == Width::W && add != 0;
    let inner = !surely && flow.explored.is_inner(to);
    (known && !inner && belongs(flow, to, surely_code)).then_some(to)
}

/// Whether a target can be part of the function. Absolute entries may also be function pointers,
/// which a tail call goes through; relative ones, as far as they are surely entries, may lead to the
/// function's cold part.
fn belongs(flow: &Flow<'_>, to: GuestAddr, surely_code: bool) -> bool {
    let (world, explored) = (flow.world, flow.explored);
    let start = explored.block_addr(explored.entry);
    match world.ranges.of(start) {
        Some(range) => range.contains(to) || surely_code && world.ranges.of(to).is_some(),
        None if to == start => true,
        None => {
            let own = world.starts.last_up_to(start);
            !world.starts.contains(to) && world.starts.last_up_to(to) == own
        }
    }
}

/// Whether something else is where an entry would be: another table of the function, or anything
/// whose address is computed somewhere.
fn is_other_object(flow: &Flow<'_>, table: &TableLoad, index: u64) -> bool {
    let offset = index * u64::from(table.width.bytes());
    let Some(at) = table.base.checked_add(offset) else {
        return true;
    };
    flow.loads.values().any(|other| other.base == at) || flow.world.objects.contains(&at)
}

/// The number that the index was found to be less than, on the only way to the jump.
fn checked_bound(flow: &Flow<'_>, block: usize, index: Unknown) -> Option<u64> {
    let mut block = block;
    for _ in 0..LOOK_BACK {
        let [before] = flow.predecessors[block][..] else {
            return None;
        };
        if block == flow.explored.entry {
            return None;
        }
        if let Some(limit) = limit_on_way(flow, before, block, index) {
            return Some(limit).filter(|&limit| limit > 0);
        }
        block = before;
    }
    None
}

/// What the branch at the end of one block says of the index in the next one.
fn limit_on_way(flow: &Flow<'_>, from: usize, to: usize, index: Unknown) -> Option<u64> {
    let last = flow.explored.last(from);
    let Control::Branch { offset } = last.control else {
        return None;
    };
    let taken = flow.explored.block_at(last.addr.wrapping_offset(offset)) == Some(to);
    let next = flow.explored.block_at(last.next()) == Some(to);
    if taken == next {
        return None;
    }
    let test = match (flow.tests[from]?, taken) {
        (test, true) => test,
        (Test::Less(a, b), false) => Test::NotLess(a, b),
        (Test::NotLess(a, b), false) => Test::Less(a, b),
        (Test::Other, false) => Test::Other,
    };
    let is_index = |v: Val| v.as_unknown() == Some(index);
    let limit = match test {
        Test::Less(a, b) if is_index(a) => b.as_const()?,
        Test::NotLess(a, b) if is_index(b) => a.as_const()?.checked_add(1)?,
        _ => return None,
    };
    (limit < 1 << 32).then_some(limit)
}
