//! Where a function that is too long for one unit is cut.
//!
//! The pieces are parts of the dominator tree, so that each is entered at its head only and
//! nothing is in two of them.

use std::collections::{BTreeSet, HashSet};

use vmtrans_isa::GuestAddr;

use super::explore::Explored;

/// How often the dominators of an irreducible function are computed again.
const ROUNDS: usize = 12;

/// Heads of the pieces, without the function's own start, such that each has at most about `limit`
/// instructions. Blocks that jump tables lead to stay where the jumps are.
pub fn heads(explored: &Explored, fixed: &HashSet<GuestAddr>, limit: usize) -> Vec<GuestAddr> {
    if explored.steps.len() <= limit {
        return Vec::new();
    }
    let order = reverse_postorder(explored);
    let dominators = dominators(explored, &order);
    let movable = |block: usize| !fixed.contains(&explored.block_addr(block));
    let mut heads = cut(explored, &order, &dominators, movable, limit);
    for _ in 0..ROUNDS {
        let more = entered_elsewhere(explored, &order, &dominators, &heads);
        let more = more
            .into_iter()
            .filter(|&b| movable(b))
            .collect::<BTreeSet<_>>();
        if more.is_subset(&heads) {
            break;
        }
        heads.extend(more);
    }
    let heads = heads.into_iter().map(|block| explored.block_addr(block));
    heads.chain(within_blocks(explored, limit)).collect()
}

/// A block may be longer than a unit.
fn within_blocks(explored: &Explored, limit: usize) -> impl Iterator<Item = GuestAddr> {
    explored.blocks.iter().flat_map(move |block| {
        let cuts = (limit..block.count).step_by(limit);
        cuts.map(move |at| explored.steps[block.first + at].addr)
    })
}

fn reverse_postorder(explored: &Explored) -> Vec<usize> {
    let mut visited = vec![false; explored.blocks.len()];
    let mut order = Vec::with_capacity(explored.blocks.len());
    let mut stack = vec![(explored.entry, 0)];
    visited[explored.entry] = true;
    while let Some((block, next)) = stack.last_mut() {
        match explored.blocks[*block].successors.get(*next) {
            Some(&successor) => {
                *next += 1;
                if !std::mem::replace(&mut visited[successor], true) {
                    stack.push((successor, 0));
                }
            }
            None => {
                order.push(*block);
                stack.pop();
            }
        }
    }
    order.reverse();
    order
}

/// The immediate dominator of each block that is reachable, by Cooper, Harvey and Kennedy: "A
/// Simple, Fast Dominance Algorithm".
fn dominators(explored: &Explored, order: &[usize]) -> Vec<Option<usize>> {
    let count = explored.blocks.len();
    let mut position = vec![usize::MAX; count];
    order
        .iter()
        .enumerate()
        .for_each(|(at, &block)| position[block] = at);
    let mut predecessors = vec![Vec::new(); count];
    for &block in order {
        explored.blocks[block]
            .successors
            .iter()
            .for_each(|&s| predecessors[s].push(block));
    }
    // The deepest first: then meeting them goes up once.
    predecessors
        .iter_mut()
        .for_each(|p| p.sort_by_key(|&p| std::cmp::Reverse(position[p])));
    let mut dominators = vec![None; count];
    dominators[explored.entry] = Some(explored.entry);
    for _ in 0..ROUNDS {
        let mut changed = false;
        for &block in order.iter().skip(1) {
            let known = predecessors[block]
                .iter()
                .copied()
                .filter(|&p| dominators[p].is_some());
            let met = known.reduce(|a, b| common(&dominators, &position, a, b));
            changed |= dominators[block] != met;
            dominators[block] = met;
        }
        if !changed {
            break;
        }
    }
    dominators
}

fn common(dominators: &[Option<usize>], position: &[usize], mut a: usize, mut b: usize) -> usize {
    while a != b {
        let deeper = if position[a] > position[b] {
            &mut a
        } else {
            &mut b
        };
        *deeper = dominators[*deeper].expect("only blocks with dominators are met");
    }
    a
}

/// Cuts off the largest subtrees until what is left is short enough, from the leaves up.
fn cut(
    explored: &Explored,
    order: &[usize],
    dominators: &[Option<usize>],
    movable: impl Fn(usize) -> bool,
    limit: usize,
) -> BTreeSet<usize> {
    let mut children = vec![Vec::new(); explored.blocks.len()];
    let mut size = vec![0; explored.blocks.len()];
    let mut heads = BTreeSet::new();
    for &block in order.iter().rev() {
        let below: &mut Vec<usize> = &mut children[block];
        below.sort_by_key(|&child| (size[child], child));
        let mut total = explored.blocks[block].count;
        total += below.iter().map(|&child| size[child]).sum::<usize>();
        while total > limit
            && let Some(child) = below.pop()
        {
            if movable(child) {
                total -= size[child];
                heads.insert(child);
            }
        }
        size[block] = total;
        if let Some(parent) = dominators[block].filter(|&parent| parent != block) {
            children[parent].push(block);
        }
    }
    heads
}

/// Blocks inside of pieces that other pieces jump to.
fn entered_elsewhere(
    explored: &Explored,
    order: &[usize],
    dominators: &[Option<usize>],
    heads: &BTreeSet<usize>,
) -> BTreeSet<usize> {
    let mut piece = (0..explored.blocks.len()).collect::<Vec<_>>();
    for &block in order {
        if !heads.contains(&block) {
            piece[block] = dominators[block].map_or(block, |d| piece[d]);
        }
    }
    let edges = order.iter().flat_map(|&from| {
        explored.blocks[from]
            .successors
            .iter()
            .map(move |&to| (from, to))
    });
    edges
        .filter(|&(from, to)| piece[from] != piece[to] && to != piece[to])
        .map(|(_, to)| to)
        .collect()
}
