//! `docs/syscalls.md`, written from the table.

use std::fmt::Write as _;

use super::table::{Row, Support, rows};

const HEAD: &str = "\
# System calls

Written from the table in `runtime/src/linux`; `VMTRANS_BLESS=1 cargo test -p vmtrans-runtime`
renews it. A number that is not here gives the guest `ENOSYS`, and a line in the log with `-v`.

| number | x86-64 | name | support | what it does |
|---|---|---|---|---|
";

/// The text of `docs/syscalls.md`.
pub fn document() -> String {
    rows().fold(HEAD.to_owned(), |mut text, row| {
        let Row {
            name, generic, doc, ..
        } = row;
        let host = row.x86_64.map_or_else(|| "none".into(), |n| n.to_string());
        let support = match row.support {
            Support::Full => "full".to_owned(),
            Support::Partial(missing) => format!("partial: {missing}"),
            Support::Refused(error) => format!("refused: {error:?}"),
        };
        let doc = doc.split_whitespace().collect::<Vec<_>>().join(" ");
        let arguments = row.arguments.join(", ");
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "| {generic} | {host} | `{name}({arguments})` | {support} | {doc} |"
        );
        text
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::table::rows;
    use super::document;

    #[test]
    fn the_document_is_current() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/syscalls.md");
        if std::env::var_os("VMTRANS_BLESS").is_some() {
            std::fs::write(&path, document()).expect("the document can be written");
        }
        let found = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            found == document(),
            "{} is out of date; VMTRANS_BLESS=1 renews it",
            path.display()
        );
    }

    /// The headers of both machines are the witness for the numbers.
    #[test]
    fn numbers_are_those_of_the_headers() {
        let generic = numbers("/usr/riscv64-linux-gnu/include/asm-generic/unistd.h");
        let host = numbers("/usr/include/x86_64-linux-gnu/asm/unistd_64.h");
        let of_machine = [("riscv_flush_icache", 259), ("riscv_hwprobe", 258)];
        for row in rows() {
            // Calls that are newer than the headers are not checked.
            let known = generic
                .iter()
                .chain(&host)
                .any(|(name, _)| name == row.name);
            if !known {
                assert!(
                    of_machine.contains(&(row.name, row.generic)) || row.generic > 450,
                    "{} is in no header",
                    row.name
                );
                continue;
            }
            let find = |table: &[(String, u16)]| {
                table
                    .iter()
                    .find(|(name, _)| name == row.name)
                    .map(|(_, number)| *number)
            };
            assert_eq!(find(&generic), Some(row.generic), "{}", row.name);
            if row.x86_64.is_some() {
                assert_eq!(find(&host), row.x86_64, "{}", row.name);
            }
        }
    }

    fn numbers(header: &str) -> Vec<(String, u16)> {
        let text = std::fs::read_to_string(header)
            .unwrap_or_else(|error| panic!("{header}: {error}; it comes with the cross compiler"));
        text.lines()
            .filter_map(|line| {
                let mut words = line.strip_prefix("#define __NR")?.split_whitespace();
                // Calls with a 64-bit offset are defined as `__NR3264_…` first.
                let name = words.next()?;
                let name = name
                    .strip_prefix("3264_")
                    .or_else(|| name.strip_prefix('_'))?;
                let name = if name == "fstatat" {
                    "newfstatat"
                } else {
                    name
                };
                Some((name.to_owned(), words.next()?.parse().ok()?))
            })
            .collect()
    }
}
