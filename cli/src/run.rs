//! `vmtrans run`: an image, or a guest program through the cache.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::ffi::CString;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use vmtrans_abi::{CONTRACT, WANTS_EXACT_FAULTS};
use vmtrans_cache::{Cache, Config, ContentHash, FileIdentity, Key, KeyBuilder, Lookup, image_key};
use vmtrans_cli::{EXIT_CANNOT_EXECUTE, EXIT_FAILURE, EXIT_NOT_FOUND, RunArgs, TierName};
use vmtrans_runtime::{ImageFile, RunConfig, RunError, Watch, linux, looks_like_image};

use crate::compiler;

/// How often it is looked whether a translation in the background is done.
const WATCH_INTERVAL: Duration = Duration::from_millis(50);

/// Runs what the arguments name. Comes back only where that could not be started.
///
/// # Errors
/// Where it could not.
pub fn run(args: &RunArgs, verbose: u8) -> Result<ExitCode> {
    let path = args.program();
    let file = File::open(path).with_context(|| format!("{} cannot be opened", path.display()))?;
    let mut header = [0; 64];
    let read = file
        .read_at(&mut header, 0)
        .with_context(|| format!("{} cannot be read", path.display()))?;
    let cache = open_cache(verbose);
    let target = if looks_like_image(&header[..read]) {
        Target::image(file, path, cache)?
    } else {
        Target::guest(file, args, cache)
    };
    let never = start(target, args, verbose)?;
    match never {}
}

/// What is run.
struct Target {
    image: Option<ImageFile>,
    guest: Option<File>,
    watch: Option<Watch>,
    guest_hash: Option<ContentHash>,
}

impl Target {
    /// An image that was named itself.
    fn image(file: File, path: &Path, cache: Option<Cache>) -> Result<Target> {
        let image = ImageFile::open(file, path)?;
        verify_once(&image, cache.as_ref())?;
        let key = image_key(&image.manifest.guest_hash, CONTRACT);
        let guest_hash = Some(ContentHash::from_bytes(image.manifest.guest_hash));
        Ok(Target {
            image: Some(image),
            guest: None,
            watch: cache.map(|cache| watch(cache, key)),
            guest_hash,
        })
    }

    /// A guest program: its image is in the cache, or is made behind it.
    fn guest(file: File, args: &RunArgs, cache: Option<Cache>) -> Target {
        let plain = |file| Target {
            image: None,
            guest: Some(file),
            watch: None,
            guest_hash: None,
        };
        let Some(cache) = cache else {
            return plain(file);
        };
        if args.tier == TierName::Interpreter {
            return plain(file);
        }
        // What is no ELF file is the loader's to refuse.
        let Ok((hash, _)) = cache.content_hash_of(&file, args.program()) else {
            return plain(file);
        };
        let key = image_key(hash.as_bytes(), CONTRACT);
        let image = cached_image(&cache, &key);
        let guest_hash = Some(hash);
        let wants_another = |image: &ImageFile| wants_another(image, &cache, &hash);
        if !args.no_background && image.as_ref().is_some_and(wants_another) {
            compiler::start_behind(args.program());
        }
        if image.is_some() {
            return Target {
                image,
                guest: Some(file),
                watch: Some(watch(cache, key)),
                guest_hash,
            };
        }
        if args.no_background {
            return Target {
                guest_hash,
                ..plain(file)
            };
        }
        if is_riscv64(&file) {
            compiler::start_behind(args.program());
        }
        Target {
            image,
            guest: Some(file),
            watch: Some(watch(cache, key)),
            guest_hash,
        }
    }
}

/// Whether it is worth starting a translation: an ELF file for riscv64.
fn is_riscv64(file: &File) -> bool {
    let mut header = [0; 20];
    file.read_exact_at(&mut header, 0).is_ok()
        && header.starts_with(b"\x7fELF\x02\x01")
        && header[18..20] == [243, 0]
}

/// The guest handles faults of its own, which was not known when its image was made.
fn wants_another(image: &ImageFile, cache: &Cache, guest: &ContentHash) -> bool {
    let is_wanted = || {
        cache
            .code_map()
            .read(guest)
            .is_ok_and(|map| map.contains(&WANTS_EXACT_FAULTS))
    };
    image.manifest.exact_faults == 0 && is_wanted()
}

fn cached_image(cache: &Cache, key: &Key) -> Option<ImageFile> {
    match cache.lookup_image(key) {
        Lookup::Found(stored) => match ImageFile::open(stored.file, &stored.path) {
            Ok(image) => Some(image),
            Err(error) => {
                eprintln!("vmtrans: warning: {error}");
                None
            }
        },
        Lookup::Missing => None,
        Lookup::Damaged(damage) => {
            eprintln!("vmtrans: warning: {damage}; translating anew");
            None
        }
        Lookup::Failed(error) => {
            eprintln!("vmtrans: warning: going on without the cache: {error}");
            None
        }
    }
}

/// Looks for the image of a translation that has been started.
fn watch(cache: Cache, key: Key) -> Watch {
    let last = Mutex::new(Instant::now());
    Box::new(move || {
        let mut last = last.lock().ok()?;
        if last.elapsed() < WATCH_INTERVAL {
            return None;
        }
        *last = Instant::now();
        match cache.lookup_image(&key) {
            Lookup::Found(stored) => ImageFile::open(stored.file, &stored.path).ok(),
            _ => None,
        }
    })
}

fn open_cache(verbose: u8) -> Option<Cache> {
    match Config::from_env() {
        Ok(config) => Some(Cache::open(config)),
        Err(error) => {
            if verbose > 0 {
                eprintln!("vmtrans: warning: going on without a cache: {error}");
            }
            None
        }
    }
}

/// Checks an image's hash, once for each identity of the file.
fn verify_once(image: &ImageFile, cache: Option<&Cache>) -> Result<()> {
    let identity = FileIdentity::of(&image.file).ok();
    // Not the content's own hash: what is remembered is that the check was passed.
    let passed = KeyBuilder::new("vmtrans image that was verified")
        .part(&image.manifest.image_hash)
        .finish();
    let passed = ContentHash::from_bytes(*passed.as_bytes());
    let known = cache
        .zip(identity.as_ref())
        .and_then(|(cache, identity)| cache.recall(identity));
    if known == Some(passed) {
        return Ok(());
    }
    image.verify()?;
    if let Some((cache, identity)) = cache.zip(identity.as_ref()) {
        // Without the memo the next start hashes again.
        let _ = cache.remember(identity, &passed);
    }
    Ok(())
}

fn start(target: Target, args: &RunArgs, verbose: u8) -> Result<Infallible> {
    let name = args
        .argv0
        .clone()
        .unwrap_or_else(|| args.program().as_os_str().to_owned());
    let arguments = std::iter::once(&name).chain(args.arguments());
    let arguments = arguments
        .map(|a| CString::new(a.clone().into_vec()))
        .collect::<Result<Vec<_>, _>>()?;
    let environment = std::env::vars_os().map(|(name, value)| {
        let mut variable = name.into_vec();
        variable.push(b'=');
        variable.extend(value.into_vec());
        CString::new(variable)
    });
    let config = RunConfig {
        image: target.image,
        guest: target.guest,
        path: args.program().to_owned(),
        arguments,
        environment: environment.collect::<Result<Vec<_>, _>>()?,
        linux: linux::Config {
            strace: strace_output(args)?,
            verbose: verbose > 0,
            run_options: options_for_children(args, verbose),
        },
        interpreter_only: args.tier == TierName::Interpreter,
        crash_report: args.crash_report,
        on_exit: target.guest_hash.map(keep_misses),
        watch: target.watch,
    };
    Ok(vmtrans_runtime::run(config)?)
}

/// A descriptor of its own, which the guest does not have.
fn strace_output(args: &RunArgs) -> Result<Option<Arc<OwnedFd>>> {
    if !args.strace {
        return Ok(None);
    }
    let own = linux::private_copy(io::stderr()).context("no descriptor for --strace")?;
    Ok(Some(Arc::new(own)))
}

/// Keeps the entries that had no compiled code for the next translation.
fn keep_misses(guest: ContentHash) -> Box<dyn Fn(BTreeSet<u64>) + Send + Sync> {
    Box::new(move |misses| {
        if misses.is_empty() {
            return;
        }
        if let Ok(config) = Config::from_env() {
            let entries = misses.into_iter().collect::<Vec<_>>();
            // A hint only.
            let _ = Cache::open(config).code_map().append(&guest, &entries);
        }
    })
}

/// Options that hold for the guest programs that the guest executes too.
fn options_for_children(args: &RunArgs, verbose: u8) -> Vec<std::ffi::OsString> {
    let mut options = Vec::new();
    let switches = [
        (args.strace, "--strace"),
        (args.crash_report, "--crash-report"),
        (args.tier == TierName::Interpreter, "--tier=interpreter"),
        (args.no_background, "--no-background"),
    ];
    options.extend(
        switches
            .into_iter()
            .filter(|(on, _)| *on)
            .map(|(_, option)| option.into()),
    );
    options.extend((0..verbose).map(|_| "--verbose".into()));
    options
}

/// The status that vmtrans ends with for an error of its own.
pub fn exit_status(error: &anyhow::Error) -> u8 {
    if let Some(error) = error.downcast_ref::<io::Error>() {
        return match error.kind() {
            io::ErrorKind::NotFound => EXIT_NOT_FOUND,
            _ => EXIT_CANNOT_EXECUTE,
        };
    }
    if error.is::<vmtrans_runtime::ImageError>() {
        return EXIT_CANNOT_EXECUTE;
    }
    match error.downcast_ref::<RunError>() {
        Some(RunError::Load(_) | RunError::Image(_) | RunError::Read { .. }) => EXIT_CANNOT_EXECUTE,
        _ => EXIT_FAILURE,
    }
}
