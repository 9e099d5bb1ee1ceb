//! The same inputs each time, few enough for every run of the tests.

use std::panic::{AssertUnwindSafe, catch_unwind};

use vmtrans_fuzz::Target;

fn feed(target: Target, count: u64) {
    for seed in 0..count {
        let input = target.input(seed);
        let fed = catch_unwind(AssertUnwindSafe(|| target.feed(&input)));
        assert!(fed.is_ok(), "{target:?}: seed {seed}");
    }
}

#[test]
fn elf() {
    feed(Target::Elf, 20_000);
}

#[test]
fn lift() {
    feed(Target::Lift, 150);
}
