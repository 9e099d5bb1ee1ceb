//! The three ways to run a program that are held against each other: built for this machine,
//! under QEMU, and translated by vmtrans.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;
use serde::Serialize;

use crate::measure::{self, Cost};
use crate::paths::Paths;
use crate::process;

/// A program in its three forms.
pub struct Racer {
    /// Built for this machine.
    pub native: PathBuf,
    /// Built for the guest.
    pub guest: PathBuf,
    /// What `vmtrans compile` made of the guest's.
    pub image: PathBuf,
}

/// The least cost of each form.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Times {
    /// On the machine itself.
    pub native: Cost,
    /// Under QEMU's user mode.
    pub qemu: Cost,
    /// From the translated image.
    pub vmtrans: Cost,
}

impl Times {
    /// How many times slower than native the translated program is.
    pub fn vmtrans_to_native(&self) -> f64 {
        self.vmtrans.wall / self.native.wall
    }

    /// How many times slower than native QEMU is.
    pub fn qemu_to_native(&self) -> f64 {
        self.qemu.wall / self.native.wall
    }

    /// How many times faster than QEMU the translated program is.
    pub fn qemu_to_vmtrans(&self) -> f64 {
        self.qemu.wall / self.vmtrans.wall
    }
}

impl Racer {
    /// The commands for native, QEMU and vmtrans, in this order.
    pub fn commands(&self, paths: &Paths, arguments: &[String]) -> [Command; 3] {
        let mut native = Command::new(&self.native);
        let mut qemu = Command::new(paths.qemu());
        let mut vmtrans = vmtrans(paths);
        qemu.arg(&self.guest);
        vmtrans.arg("run").arg(&self.image);
        for command in [&mut native, &mut qemu, &mut vmtrans] {
            command.args(arguments);
        }
        [native, qemu, vmtrans]
    }

    /// Runs the three in turn, `rounds` times.
    pub fn race(&self, paths: &Paths, arguments: &[String], rounds: u32) -> Result<Times> {
        let [native, qemu, vmtrans] =
            measure::in_turn(&mut self.commands(paths, arguments), rounds)?;
        Ok(Times {
            native,
            qemu,
            vmtrans,
        })
    }
}

/// The `vmtrans` command, with a cache of its own so that measuring leaves the person's
/// alone.
pub fn vmtrans(paths: &Paths) -> Command {
    let mut command = Command::new(paths.binaries().join("vmtrans"));
    command.env("VMTRANS_CACHE_DIR", paths.target().join("vmtrans/cache"));
    command
}

/// `vmtrans compile GUEST -o IMAGE`, its progress shown.
pub fn compile(paths: &Paths, guest: &Path, image: &Path) -> Result<()> {
    process::run(
        vmtrans(paths)
            .arg("compile")
            .arg(guest)
            .arg("-o")
            .arg(image),
    )
}
