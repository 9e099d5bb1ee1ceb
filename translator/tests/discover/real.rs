//! Debian's own programs, where the corpus was fetched.

use std::path::Path;

use vmtrans_translator::guest::Guest;

use crate::build::find;

#[test]
fn busybox() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/corpus");
    let path = corpus.join("busybox-static/usr/bin/busybox");
    let Ok(bytes) = std::fs::read(&path) else {
        eprintln!(
            "{} is not there; cargo xtask test fetches it",
            path.display()
        );
        return;
    };
    let found = find(&Guest::new(bytes, &path).expect("a guest program"));
    let statistics = found.statistics;
    assert!(found.coverage >= 0.95, "{statistics:?}");
    assert!(statistics.jump_tables >= 200, "{statistics:?}");
    let distinct = statistics.covered_bytes / 2;
    assert!(statistics.instructions < distinct * 3 / 2, "{statistics:?}");
    assert!(found.functions.len() > 3000, "{}", found.functions.len());
}
