//! The command line: statuses, options, and what commands print.

use std::process::Command;

use vmtrans_tests::compare::image;
use vmtrans_tests::{Ending, Sandbox, Side, program, tools};

#[test]
fn vmtrans_is_static_and_the_compiler_has_llvm() {
    let ldd = |path| Command::new("ldd").arg(path).output().expect("ldd");
    let own = String::from_utf8_lossy(&ldd(tools::vmtrans()).stdout).into_owned();
    assert!(!own.contains("libLLVM") && !own.contains("=>"), "{own}");
    let compiler = String::from_utf8_lossy(&ldd(tools::compiler()).stdout).into_owned();
    assert!(compiler.contains("libLLVM"), "{compiler}");
}

#[test]
fn help_has_examples() {
    let sandbox = Sandbox::new();
    let help = sandbox.vmtrans("--help").succeed();
    for part in ["Usage", "compile", "run", "inspect", "cache", "Examples:"] {
        assert!(help.out().contains(part), "expected {part}: {help:?}");
    }
    for command in ["compile", "run", "inspect", "cache", "completions"] {
        let help = sandbox.vmtrans(command).arg("--help").succeed();
        assert!(help.out().contains("Usage: "), "{help:?}");
    }
    assert!(
        sandbox
            .vmtrans("--version")
            .succeed()
            .out()
            .starts_with("vmtrans ")
    );
}

#[test]
fn completions_and_manual() {
    let sandbox = Sandbox::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let text = sandbox.vmtrans("completions").arg(shell).succeed().out();
        assert!(
            text.contains("crash-report") && text.contains("compile"),
            "{shell}"
        );
    }
    let script = sandbox.vmtrans("completions").arg("bash").succeed().out();
    sandbox
        .start("/bin/bash")
        .args(["-n"])
        .input(script)
        .succeed();
    let manual = sandbox.vmtrans("man").succeed().out();
    assert!(
        manual.starts_with(".ie") || manual.contains(".TH vmtrans"),
        "{manual}"
    );
    for part in ["crash\\-report", "opt\\-level", "Examples"] {
        assert!(manual.contains(part), "expected {part}");
    }
}

#[test]
fn environment_and_arguments_pass_through() {
    let sandbox = Sandbox::new();
    let guest = program("arguments", Side::Guest);
    let arguments = ["--strace", "-v", "--", "", "--tier=interpreter"];
    let native = sandbox
        .start(program("arguments", Side::Host))
        .args(arguments);
    let expected = native.env("FOR_THE_GUEST", "a=b\nc").outcome();
    for start in [sandbox.run(image("arguments")), sandbox.run(&guest)] {
        let outcome = start
            .args(arguments)
            .env("FOR_THE_GUEST", "a=b\nc")
            .outcome();
        assert_eq!(outcome.out(), expected.out());
        assert_eq!(outcome.err(), "");
        assert_eq!(outcome.ending, expected.ending);
    }
    // `--` before the program is the command's own.
    let start = sandbox
        .vmtrans("run")
        .args(["--no-background", "--"])
        .arg(&guest)
        .arg("x");
    assert_eq!(start.outcome().ending, Ending::Status(2));
}

#[test]
fn the_guests_name_can_be_given() {
    let sandbox = Sandbox::new();
    let source = sandbox.path("name.c");
    std::fs::write(
        &source,
        "#include <stdio.h>\nint main(int c, char **v) { return c != 1 || puts(v[0]) < 0; }",
    )
    .expect("a source");
    let guest = sandbox.path("name");
    vmtrans_tests::build::compile(Side::Guest, &source, &guest, []);
    let start = sandbox
        .vmtrans("run")
        .args(["--no-background", "--argv0", "another name"]);
    assert_eq!(start.arg(&guest).succeed().out(), "another name\n");
    assert_eq!(
        sandbox.run(&guest).succeed().out(),
        format!("{}\n", guest.display())
    );
}

#[test]
fn calls_are_traced() {
    let sandbox = Sandbox::new();
    let start = sandbox.vmtrans("run").args(["--no-background", "--strace"]);
    let outcome = start.arg(image("files")).succeed();
    let expected = sandbox
        .start(program("files", Side::Host))
        .cwd(sandbox.path("cache"))
        .outcome();
    assert_eq!(outcome.out(), expected.out());
    let text = outcome.err();
    for part in [
        "openat(AT_FDCWD, \"a\"",
        "O_CREAT",
        "= -1 EEXIST",
        "renameat2(",
        "exit_group(0)",
    ] {
        assert!(text.contains(part), "expected {part} in\n{text}");
    }
}

/// An unknown call is an error for the guest and a line in the log.
#[test]
fn unknown_calls_are_logged() {
    let sandbox = Sandbox::new();
    let start = sandbox.vmtrans("run").args(["--no-background", "-v"]);
    let outcome = start.arg(image("identity")).outcome();
    let lines = outcome
        .err()
        .lines()
        .filter(|line| line.contains("9999"))
        .count();
    assert_eq!(lines, 1, "{outcome:?}");
}

#[test]
fn functions_can_be_inspected() {
    let sandbox = Sandbox::new();
    let guest = program("calls", Side::Guest);
    let inspect = || sandbox.vmtrans("inspect").arg(&guest);
    let list = inspect().succeed().out();
    assert!(
        list.lines().any(|line| line.ends_with(" variadic")),
        "{list}"
    );
    assert!(
        list.lines()
            .last()
            .is_some_and(|line| line.contains(" functions, ")),
        "{list}"
    );
    let stages = [
        ("guest", &["<variadic>:", "c.jr ra"][..]),
        ("lifted", &["define ", "regcallcc"]),
        ("optimised", &["define ", "ret"]),
        ("assembly", &[".text", "ret"]),
    ];
    for (stage, parts) in stages {
        let text = inspect()
            .args(["-f", "variadic", "--stage", stage])
            .succeed()
            .out();
        for part in parts {
            assert!(text.contains(part), "expected {part} in {stage}:\n{text}");
        }
    }
    let outcome = inspect().args(["-f", "no_such_function"]).outcome();
    outcome.expect_failure(125, &["calls", "no function no_such_function"]);
    // An image shows the functions of its guest.
    let of_image = sandbox
        .vmtrans("inspect")
        .arg(image("calls"))
        .succeed()
        .out();
    assert!(
        of_image.lines().any(|line| line.ends_with(" variadic")),
        "{of_image}"
    );
}

#[test]
fn the_cache_can_be_looked_at_and_tidied() {
    let sandbox = Sandbox::new();
    sandbox
        .compile(program("static_pie", Side::Guest))
        .succeed();
    let cache = |arguments: &[&str]| sandbox.vmtrans("cache").args(arguments).succeed().out();
    let stats = cache(&["stats"]);
    assert!(
        stats.contains("units") && stats.contains("images"),
        "{stats}"
    );
    let list = cache(&["list"]);
    assert!(list.lines().any(|line| line.contains(" image ")), "{list}");
    assert!(
        list.lines().filter(|line| line.contains(" unit ")).count() > 3,
        "{list}"
    );
    cache(&["clean", "--max-size", "0"]);
    assert_eq!(cache(&["list"]), "");
    let bad = sandbox
        .vmtrans("cache")
        .args(["clean", "--max-size", "many"])
        .outcome();
    bad.expect_failure(125, &["many"]);
}
