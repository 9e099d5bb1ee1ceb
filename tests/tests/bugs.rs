//! Bugs that were mended: the smallest program for each, run as `programs.rs` runs the larger
//! ones.

use std::path::Path;

use vmtrans_tests::compare::{Tier, check};
use vmtrans_tests::tools;

#[test]
fn none_comes_back() {
    let entries =
        std::fs::read_dir(tools::tests_folder().join("bugs")).expect("the folder of bugs");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let sources = paths.filter(|path| path.extension().is_some_and(|e| e == "c" || e == "cpp"));
    let back = sources.filter(|path| !is_mended(path)).collect::<Vec<_>>();
    assert!(back.is_empty(), "{back:?}: see above");
}

fn is_mended(path: &Path) -> bool {
    let name = path
        .file_stem()
        .expect("a file has a name")
        .to_string_lossy()
        .into_owned();
    let tiers = [Tier::Image, Tier::Interpreter];
    tiers
        .into_iter()
        .all(|tier| std::panic::catch_unwind(|| check(&name, tier)).is_ok())
}
