//! `vmtrans inspect`: shows what each stage of translation makes of a function.

use std::mem::offset_of;
use std::path::Path;

use anyhow::{Context, Result, bail};
use vmtrans_abi::{IMAGE_MAGIC, Manifest};
use vmtrans_cli::{InspectArgs, StageName};
use vmtrans_isa::GuestAddr;
use vmtrans_isa::riscv::disassemble;
use vmtrans_translator::codegen::Compiler;
use vmtrans_translator::compile::prepare;
use vmtrans_translator::discover::{Discovery, discover};
use vmtrans_translator::function::Function;
use vmtrans_translator::guest::Guest;

/// Prints what was asked for to standard output.
///
/// # Errors
/// Where the program cannot be read, or has no such function.
pub fn inspect(args: &InspectArgs) -> Result<()> {
    let guest = guest_of(&args.program)?;
    let discovery = discover(&guest, &std::collections::BTreeSet::new());
    let Some(wanted) = &args.function else {
        list(&discovery);
        return Ok(());
    };
    let function = find(&discovery, wanted)
        .with_context(|| format!("{} has no function {wanted}", args.program.display()))?;
    if args.stage == StageName::Guest {
        print_guest(function);
        return Ok(());
    }
    let code = crate::code_options(&args.code);
    let start = function.start;
    let prepared = prepare(&guest, &discovery, &code)?;
    let compiler = Compiler::new(&prepared.lift, code.level)?;
    let mut units = prepared.units.iter();
    let unit = units.find(|u| u.placement.start == start);
    let unit = unit.context("bug: a function without a unit")?;
    let stages = compiler.stages(&unit.unit, &unit.boundary)?;
    match args.stage {
        StageName::Guest => bail!("shown before"),
        StageName::Lifted => print!("{}", stages.lifted),
        StageName::Optimised => print!("{}", stages.optimised),
        StageName::Assembly => print!("{}", stages.assembly),
    }
    Ok(())
}

/// The guest program, or the one inside an image.
///
/// # Errors
/// Where the file cannot be read, or is neither.
pub fn guest_of(path: &Path) -> Result<Guest> {
    let bytes = crate::read(path)?;
    let inner = inside_image(&bytes).map(<[u8]>::to_vec);
    Ok(Guest::new(inner.unwrap_or(bytes), path)?)
}

fn inside_image(bytes: &[u8]) -> Option<&[u8]> {
    let magic = bytes.windows(8).take(4096).position(|w| w == IMAGE_MAGIC)?;
    let number = |at: usize| {
        let field = bytes.get(magic + at..magic + at + 8)?;
        usize::try_from(u64::from_le_bytes(field.try_into().ok()?)).ok()
    };
    let start = number(offset_of!(Manifest, guest_offset))?;
    let length = number(offset_of!(Manifest, guest_length))?;
    bytes.get(start..start.checked_add(length)?)
}

fn list(discovery: &Discovery) {
    println!("{:>18} {:>8} {:>7}  name", "address", "insns", "blocks");
    for f in &discovery.functions {
        let name = f.name.as_deref().unwrap_or("-");
        println!(
            "{:>18} {:>8} {:>7}  {name}",
            f.start.to_string(),
            f.insns.len(),
            f.blocks.len()
        );
    }
    println!(
        "{} functions, {:.1} % of the executable segments",
        discovery.functions.len(),
        discovery.coverage * 100.0
    );
}

fn find<'d>(discovery: &'d Discovery, wanted: &str) -> Option<&'d Function> {
    let number = wanted
        .strip_prefix("0x")
        .and_then(|n| u64::from_str_radix(n, 16).ok());
    discovery.functions.iter().find(|f| {
        f.name.as_deref() == Some(wanted) || number.is_some_and(|n| f.start == GuestAddr::new(n))
    })
}

fn print_guest(function: &Function) {
    println!(
        "{} <{}>:",
        function.start,
        function.name.as_deref().unwrap_or("-")
    );
    for located in &function.insns {
        if function.blocks.contains_key(&located.addr) {
            println!("  {}:", located.addr);
        }
        let text = located.insn.map_or("does not decode".to_owned(), |i| {
            disassemble(&i, located.addr)
        });
        let note = &located.note;
        let mut notes = String::new();
        for (what, value) in [
            ("=", note.result),
            ("[]", note.address),
            ("->", note.target),
        ] {
            if let Some(value) = value {
                notes.push_str(&format!("  {what} {value}"));
            }
        }
        if let Some(table) = &note.table {
            notes.push_str(&format!(
                "  table at {} of {}",
                table.base,
                table.targets.len()
            ));
        }
        println!("    {:>10}  {text}{notes}", located.addr.to_string());
    }
}
