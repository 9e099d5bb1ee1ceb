//! Programs that Debian built do under vmtrans what they do under QEMU, from an image and in the
//! interpreter.

use std::path::{Path, PathBuf};

use vmtrans_tests::compare::{compiled, expect_same};
use vmtrans_tests::{Outcome, Sandbox, tools};

fn packaged(package: &str, path: &str) -> PathBuf {
    let folder = tools::target_folder().join("corpus").join(package);
    let program = folder.join(path);
    assert!(
        program.is_file(),
        "{}: `cargo xtask setup` fetches it",
        program.display()
    );
    program
}

/// Runs each command of a program three times, and expects the same.
#[track_caller]
fn check(name: &str, program: &Path, commands: &[&[&str]]) {
    let image = compiled(program, name, "debian-images", &[]);
    for &command in commands {
        let outcome = |run: &dyn Fn(&Sandbox) -> vmtrans_tests::Start| -> Outcome {
            let sandbox = Sandbox::new();
            std::fs::write(sandbox.cwd().join("text"), TEXT).expect("a file in an empty folder");
            run(&sandbox).args(command).input(TEXT).outcome()
        };
        let qemu = outcome(&|s| s.start(tools::qemu()).arg(program));
        let from_image = outcome(&|s| s.run(&image));
        let interpreted = outcome(&|s| {
            let start = s.vmtrans("run").arg("--no-background");
            start.args(["--tier", "interpreter"]).arg(program)
        });
        expect_same(
            &format!("{name} {command:?}: QEMU and image"),
            &qemu,
            &from_image,
        );
        expect_same(
            &format!("{name} {command:?}: QEMU and interpreter"),
            &qemu,
            &interpreted,
        );
    }
}

const TEXT: &str = "the quick brown fox\njumps over\nthe lazy dog\n\n17 4 23\n";

fn script() -> String {
    let path = tools::tests_folder().join("debian/shell.sh");
    path.to_str().expect("UTF-8").to_owned()
}

#[test]
fn busybox() {
    let program = packaged("busybox-static", "usr/bin/busybox");
    let script = script();
    check(
        "busybox",
        &program,
        &[
            &["sh", &script, "one", "two"],
            &["sha256sum", "text"],
            &["md5sum", "text"],
            &[
                "awk",
                "{ n += NF; printf \"%s|%5.2f\\n\", $1, NR / 3 } END { print n, sqrt(n), 0/1 }",
                "text",
            ],
            &["sed", "-n", "-E", "s/([a-z]+) ([a-z]+)/\\2 \\1/p", "text"],
            &["sort", "-r", "text"],
            &["grep", "-c", "-E", "o.*[rv]", "text"],
            &["wc"],
            &["od", "-A", "x", "-t", "x1z"],
            &["tr", "a-z", "A-Z"],
            &["dc", "-e", "2 100 ^ p"],
            &["seq", "3", "7", "40"],
            &[
                "tar", "c", "--mtime", "@0", "--owner", "0", "--group", "0", "text",
            ],
            &[
                "sh",
                "-c",
                "gzip -c text | gunzip | cmp - text && echo same",
            ],
            &["find", ".", "-name", "t*"],
            &["expr", "6", "*", "7"],
            &["cat", "absent"],
            &["false"],
            &["no-such-applet"],
        ],
    );
}

#[test]
fn bash() {
    let program = packaged("bash-static", "usr/bin/bash-static");
    let script = script();
    let arrays = "declare -A m; for w in $(<text); do (( m[$w]++ )); done; \
                  for k in \"${!m[@]}\"; do echo \"$k ${m[$k]}\"; done | sort; [[ fox =~ ^f(.)x$ ]] && \
                  echo ${BASH_REMATCH[1]}; printf '%08.3f %q\\n' 3.14159 'a b'; echo ${PWD##*/}";
    check(
        "bash",
        &program,
        &[
            &[&script, "one"],
            &["-c", arrays],
            &["-c", "ulimit -n; exit 300"],
        ],
    );
}

#[test]
fn mksh() {
    let script = script();
    for (name, path) in [
        ("mksh-musl", "usr/lib/riscv64-linux-musl/bin/mksh"),
        ("mksh-klibc", "usr/lib/klibc/bin/mksh"),
        ("lksh", "usr/bin/lksh"),
    ] {
        let program = packaged("mksh", path);
        let typed = "typeset -i16 x=255; echo $x; print -r -- ${x#16#}; set -A a 3 1 2; echo ${a[*]} ${#a[*]}";
        check(name, &program, &[&[&script, "one", "two"], &["-c", typed]]);
    }
}
