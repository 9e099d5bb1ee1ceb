//! Bugs that were mended: the smallest program for each, run as `programs.rs` runs the larger
//! ones.

use vmtrans_tests::compare::{Tier, check};
use vmtrans_tests::tools;

#[test]
fn none_comes_back() {
    let entries =
        std::fs::read_dir(tools::tests_folder().join("bugs")).expect("the folder of bugs");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    for path in paths.filter(|path| path.extension().is_some_and(|e| e == "c" || e == "cpp")) {
        let name = path
            .file_stem()
            .expect("a file has a name")
            .to_string_lossy()
            .into_owned();
        check(&name, Tier::Image);
        check(&name, Tier::Interpreter);
    }
}
