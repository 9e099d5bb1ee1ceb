//! `vmtrans`: the command that people use. It runs guests itself and leaves translation to
//! `vmtrans-compiler`, which lies beside it; so it never loads LLVM.

mod cache_command;
mod compiler;
mod run;

use std::io::Write;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use vmtrans_cli::{Cli, Command, EXIT_FAILURE, ShellName};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    log(cli.verbose);
    if !matches!(cli.command, Command::Run(_)) {
        // Who reads what is printed may have seen enough.
        sigpipe::reset();
    }
    let result = match &cli.command {
        Command::Run(args) => run::run(args, cli.verbose),
        Command::Compile(_) | Command::Inspect(_) => compiler::replace_process(),
        Command::Cache(args) => cache_command::cache(args),
        Command::Completions { shell } => completions(*shell),
        Command::Man => man(),
    };
    match result {
        Ok(status) => status,
        Err(error) => {
            eprintln!("vmtrans: {error:#}");
            ExitCode::from(run::exit_status(&error))
        }
    }
}

/// What is traced goes to standard error, where it was asked for.
fn log(verbose: u8) {
    let level = match verbose {
        // Not even prepared: every guest's start would pay for it.
        0 => return,
        1 => tracing::Level::WARN,
        2 => tracing::Level::DEBUG,
        _ => tracing::Level::TRACE,
    };
    let log = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(std::io::stderr);
    log.without_time().with_target(false).init();
}

/// Prints help to standard output and errors to standard error.
fn usage(error: &clap::Error) -> ExitCode {
    // A closed pipe is the reader's business.
    let _ = error.print();
    if error.use_stderr() {
        ExitCode::from(EXIT_FAILURE)
    } else {
        ExitCode::SUCCESS
    }
}

fn completions(shell: ShellName) -> anyhow::Result<ExitCode> {
    use clap_complete::Shell;
    let shell = match shell {
        ShellName::Bash => Shell::Bash,
        ShellName::Elvish => Shell::Elvish,
        ShellName::Fish => Shell::Fish,
        ShellName::Powershell => Shell::PowerShell,
        ShellName::Zsh => Shell::Zsh,
    };
    clap_complete::generate(
        shell,
        &mut Cli::command(),
        "vmtrans",
        &mut std::io::stdout(),
    );
    Ok(ExitCode::SUCCESS)
}

/// One page that holds the commands' own pages too.
fn man() -> anyhow::Result<ExitCode> {
    let mut out = std::io::stdout();
    let mut command = Cli::command();
    command.build();
    clap_mangen::Man::new(command.clone()).render(&mut out)?;
    for sub in command.get_subcommands().filter(|c| c.get_name() != "help") {
        let name = format!("vmtrans-{}", sub.get_name());
        let page = clap_mangen::Man::new(sub.clone().display_name(name.clone()).bin_name(name));
        page.render_name_section(&mut out)?;
        page.render_synopsis_section(&mut out)?;
        page.render_options_section(&mut out)?;
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}
