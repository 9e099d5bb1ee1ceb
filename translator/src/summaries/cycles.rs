//! Ways without an end through a graph.

/// The nodes that a depth-first walk comes back to while they are on its way: every cycle has one.
/// `ways` are the successors of each node.
pub(super) fn entered_again(ways: &[Vec<usize>]) -> Vec<bool> {
    let mut again = vec![false; ways.len()];
    let mut open = vec![false; ways.len()];
    let mut seen = vec![false; ways.len()];
    for root in 0..ways.len() {
        // A node, and whether all that it leads to is done.
        let mut stack = vec![(root, false)];
        while let Some((at, done)) = stack.pop() {
            if done {
                open[at] = false;
            } else if open[at] {
                again[at] = true;
            } else if !std::mem::replace(&mut seen[at], true) {
                open[at] = true;
                stack.push((at, true));
                stack.extend(ways[at].iter().rev().map(|&to| (to, false)));
            }
        }
    }
    again
}

#[cfg(test)]
mod tests {
    use super::entered_again;

    #[test]
    fn every_cycle_has_one() {
        // 0 → 1 → 2 → 1, 2 → 3, 3 → 3, 4 → 3
        let ways = [vec![1], vec![2], vec![1, 3], vec![3], vec![3]];
        assert_eq!(entered_again(&ways), [false, true, false, true, false]);
    }
}
