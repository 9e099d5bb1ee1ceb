//! What a test program's source says of how it is built and run: lines `// name: value` at its
//! start.

/// Read from a program's source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directives {
    /// `args`: arguments, separated by spaces; `''` is an empty one and `{self}` the path of the
    /// program as built for the side that runs.
    pub args: Vec<String>,
    /// `stdin`: what it reads; `\n` is a newline.
    pub stdin: String,
    /// `flags`: more flags for both compilers.
    pub flags: Vec<String>,
    /// `host-flags`.
    pub host_flags: Vec<String>,
    /// `guest-flags`.
    pub guest_flags: Vec<String>,
    /// `skip`: who does not run it (`native`, `qemu`), followed by why.
    pub skip: Vec<(String, String)>,
}

impl Directives {
    /// Reads them.
    ///
    /// # Panics
    /// Where a name is unknown or a reason is missing.
    pub fn read(source: &str) -> Directives {
        let mut read = Directives {
            args: Vec::new(),
            stdin: String::new(),
            flags: Vec::new(),
            host_flags: Vec::new(),
            guest_flags: Vec::new(),
            skip: Vec::new(),
        };
        let lines = source.lines().map_while(|line| line.strip_prefix("// "));
        for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
            let words = || {
                value
                    .split(' ')
                    .map(|word| word.replace("''", ""))
                    .collect::<Vec<_>>()
            };
            match name {
                "args" => read.args = words(),
                "stdin" => read.stdin = value.replace("\\n", "\n"),
                "flags" => read.flags = words(),
                "host-flags" => read.host_flags = words(),
                "guest-flags" => read.guest_flags = words(),
                "skip" => read.skip.push(skip(value)),
                _ => panic!("unknown directive {name:?}"),
            }
        }
        read
    }

    /// Whether `who` does not run it.
    pub fn skips(&self, who: &str) -> bool {
        self.skip.iter().any(|(skipped, _)| skipped == who)
    }
}

fn skip(value: &str) -> (String, String) {
    let (who, why) = value.split_once(", ").expect("skip: WHO, WHY");
    assert!(matches!(who, "native" | "qemu"), "unknown {who:?}");
    (who.to_owned(), why.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_at_the_start_are_read() {
        let text = "// args: a '' {self}\n// skip: qemu, it has no such call\n\n// args: later\n";
        let read = Directives::read(text);
        assert_eq!(read.args, ["a", "", "{self}"]);
        assert!(read.skips("qemu") && !read.skips("native"));
        assert_eq!(read.stdin, "");
    }
}
