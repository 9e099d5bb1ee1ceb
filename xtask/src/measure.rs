//! Runs a command once and tells how long it took, what it used and what it printed; and
//! runs several in turn, keeping the least of each.
//!
//! In turn, because a machine's speed drifts: a ratio of two runs that are seconds apart
//! means more than one of two batches that are minutes apart.

use std::io::Read;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::Serialize;
use wait4::Wait4;

use crate::process;

/// One run of a command.
pub struct Run {
    /// Times and memory.
    pub cost: Cost,
    /// What it printed.
    pub output: Vec<u8>,
}

/// What a run cost.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Cost {
    /// Seconds by the clock on the wall.
    pub wall: f64,
    /// Processor seconds, user and system together, of the process and those it waited for.
    pub processor: f64,
    /// The largest resident set of one of those processes.
    pub peak_memory_bytes: u64,
}

impl Cost {
    /// The lesser of each figure.
    fn least(self, other: Cost) -> Cost {
        Cost {
            wall: self.wall.min(other.wall),
            processor: self.processor.min(other.processor),
            peak_memory_bytes: self.peak_memory_bytes.min(other.peak_memory_bytes),
        }
    }
}

/// Runs a command that must succeed; its errors are shown, its output is kept.
pub fn once(command: &mut Command) -> Result<Run> {
    let line = process::display(command);
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let start = Instant::now();
    let mut child = command
        .spawn()
        .with_context(|| format!("{line}: could not be started"))?;
    let mut output = Vec::new();
    if let Some(mut stdout) = child.stdout.take() {
        stdout
            .read_to_end(&mut output)
            .with_context(|| line.clone())?;
    }
    let used = child.wait4().with_context(|| line.clone())?;
    let wall = start.elapsed();
    if !used.status.success() {
        bail!("{line}: {}", used.status);
    }
    let processor: Duration = used.rusage.utime + used.rusage.stime;
    let cost = Cost {
        wall: wall.as_secs_f64(),
        processor: processor.as_secs_f64(),
        peak_memory_bytes: used.rusage.maxrss,
    };
    Ok(Run { cost, output })
}

/// Runs the commands in turn, `rounds` times; gives the least cost of each.
///
/// All must print the same, every time: a fast wrong answer is no measurement.
pub fn in_turn<const N: usize>(commands: &mut [Command; N], rounds: u32) -> Result<[Cost; N]> {
    let mut least: [Option<Cost>; N] = [None; N];
    let mut expected: Option<(String, Vec<u8>)> = None;
    for _ in 0..rounds {
        for (command, least) in commands.iter_mut().zip(&mut least) {
            let run = once(command)?;
            *least = Some(least.map_or(run.cost, |least| least.least(run.cost)));
            match &expected {
                None => expected = Some((process::display(command), run.output)),
                Some((_, output)) if *output == run.output => {}
                Some((first, output)) => bail!(
                    "{} printed {:?}, expected {:?} as printed by {first}",
                    process::display(command),
                    shorten(&run.output),
                    shorten(output),
                ),
            }
        }
    }
    let mut costs = [Cost {
        wall: 0.0,
        processor: 0.0,
        peak_memory_bytes: 0,
    }; N];
    for (cost, least) in costs.iter_mut().zip(least) {
        *cost = least.context("no rounds were asked for")?;
    }
    Ok(costs)
}

fn shorten(output: &[u8]) -> String {
    let text = String::from_utf8_lossy(output);
    text.chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_run_is_timed_and_its_output_kept() {
        let run = once(&mut shell("sleep 0.05; echo done")).expect("run");
        assert_eq!(run.output, b"done\n");
        assert!(run.cost.wall >= 0.05, "{:?}", run.cost);
        assert!(run.cost.peak_memory_bytes > 100_000, "{:?}", run.cost);
    }

    #[test]
    fn a_failure_names_the_command_and_its_status() {
        let error = once(&mut shell("exit 3"))
            .err()
            .expect("a failure")
            .to_string();
        assert!(
            error.contains("sh -c exit 3") && error.contains('3'),
            "{error}"
        );
    }

    #[test]
    fn outputs_that_differ_are_refused() {
        let error = in_turn(&mut [shell("echo a"), shell("echo b")], 1).expect_err("they differ");
        let text = error.to_string();
        assert!(
            text.contains("\"b\\n\"") && text.contains("\"a\\n\""),
            "{text}"
        );
    }
}
