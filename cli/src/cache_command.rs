//! `vmtrans cache`: looking at the cache and tidying it.

use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail};
use vmtrans_cache::{Cache, Config, IndexState, Limits, Tally};
use vmtrans_cli::{CacheArgs, CacheCommand, EXIT_FAILURE};

/// Does what the arguments say.
///
/// # Errors
/// Where the cache cannot be read.
pub fn cache(args: &CacheArgs) -> Result<ExitCode> {
    let config = Config::from_env()?;
    let directory = config.directory.clone();
    let cache = Cache::open(config);
    let maintenance = cache.maintain()?;
    if let IndexState::Rebuilt(why) | IndexState::Unavailable(why) = maintenance.index() {
        eprintln!(
            "vmtrans: warning: the index in {}: {why}",
            directory.display()
        );
    }
    match &args.command {
        CacheCommand::Stats => {
            let stats = maintenance.stats();
            println!("{}", directory.display());
            for (kind, tally) in &stats.objects {
                print_tally(&format!("{kind}s"), *tally);
            }
            print_tally("code maps", stats.code_maps);
            print_tally("memos", stats.memos);
            print_tally("left behind", stats.leftovers);
            println!("{:<12} {:>9}", "hits", stats.hits);
        }
        CacheCommand::List => {
            for entry in maintenance.list() {
                let age = SystemTime::now()
                    .duration_since(entry.last_use)
                    .unwrap_or_default();
                println!(
                    "{} {:<6} {:>10} {:>8}s ago {:>6} hits",
                    entry.key,
                    entry.kind.to_string(),
                    entry.size,
                    age.as_secs(),
                    entry.hits
                );
            }
        }
        CacheCommand::Verify { remove } => {
            let verified = maintenance.verify(*remove, |damage| println!("{damage}"));
            println!(
                "{} sound, {} damaged",
                verified.sound.count, verified.damaged
            );
            verified
                .failures
                .iter()
                .for_each(|f| eprintln!("vmtrans: {f}"));
            if verified.damaged > 0 || !verified.failures.is_empty() {
                return Ok(ExitCode::from(EXIT_FAILURE));
            }
        }
        CacheCommand::Clean { max_size, max_age } => {
            let limits = Limits {
                max_size: max_size.as_deref().map(parse_size).transpose()?,
                max_age: max_age.as_deref().map(parse_age).transpose()?,
            };
            let cleaned = maintenance.clean(&limits);
            print_tally("removed", cleaned.removed);
            print_tally("kept", cleaned.kept);
            cleaned
                .failures
                .iter()
                .for_each(|f| eprintln!("vmtrans: {f}"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn print_tally(name: &str, tally: Tally) {
    println!("{name:<12} {:>9} {:>14} bytes", tally.count, tally.bytes);
}

/// A number with a unit, of which there is a list.
fn parse_scaled(text: &str, what: &str, units: &[(char, u64)]) -> Result<u64> {
    let (digits, scale) = match text.char_indices().next_back() {
        Some((at, last)) if !last.is_ascii_digit() => {
            let unit = units
                .iter()
                .find(|(name, _)| name.eq_ignore_ascii_case(&last));
            let Some((_, scale)) = unit else {
                bail!("{what} {text:?} ends in {last:?}, expected a digit or a unit")
            };
            (&text[..at], *scale)
        }
        _ => (text, 1),
    };
    let number = digits
        .parse::<u64>()
        .with_context(|| format!("{what} {text:?} is not a number"))?;
    number
        .checked_mul(scale)
        .with_context(|| format!("{what} {text:?} is too large"))
}

fn parse_size(text: &str) -> Result<u64> {
    parse_scaled(
        text,
        "size",
        &[
            ('k', 1 << 10),
            ('m', 1 << 20),
            ('g', 1 << 30),
            ('t', 1 << 40),
        ],
    )
}

fn parse_age(text: &str) -> Result<Duration> {
    let units = [('s', 1), ('m', 60), ('h', 60 * 60), ('d', 24 * 60 * 60)];
    parse_scaled(text, "age", &units).map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_ages_have_units() {
        assert_eq!(parse_size("17").unwrap(), 17);
        assert_eq!(parse_size("2M").unwrap(), 2 << 20);
        assert_eq!(parse_age("3d").unwrap(), Duration::from_secs(3 * 86400));
        for bad in [
            "",
            "x",
            "5q",
            "99999999999999999999",
            "18446744073709551615k",
        ] {
            assert!(parse_size(bad).is_err(), "{bad}");
        }
    }
}
