//! The system as a whole: names, statistics, random bytes, hardware.

use std::sync::OnceLock;

use vmtrans_isa::GuestAddr;

use super::arguments::{BytesOut, Hex, Path, RandomFlags, StructOut, UtsnameOut};
use super::errno::Errno;
use super::kernel::Kernel;
use super::table::{Support, SyscallResult, syscalls};
use super::user::{self, Record};

syscalls! {
    /// Gives the system's names; the machine is riscv64.
    uname(generic 160, x86_64 63, Support::Full) |k, names: UtsnameOut| {
        k.pass()?;
        let machine = GuestAddr::new(k.arguments[0]).wrapping_offset(4 * 65);
        user::write(machine, b"riscv64\0")?;
        Ok(0)
    };
    /// Sets the system's name.
    sethostname(generic 161, x86_64 170, Support::Full) |k, name: Path, length: u64| k.pass();
    /// Sets the system's domain.
    setdomainname(generic 162, x86_64 171, Support::Full) |k, name: Path, length: u64| k.pass();
    /// Gives memory, load and uptime.
    sysinfo(generic 179, x86_64 99, Support::Full) |k, information: StructOut| k.pass();
    /// Gives random bytes.
    getrandom(generic 278, x86_64 318, Support::Full)
    |k, buffer: BytesOut, size: u64, flags: RandomFlags| k.pass_waiting();
    /// Says what the hart can do.
    riscv_hwprobe(generic 258, x86_64 none, Support::Partial("no set of CPUs is looked for by what they can do"))
    |k, pairs: GuestAddr, count: u64, cpu_set_size: u64, cpus: GuestAddr, flags: Hex|
    hwprobe(k, pairs, count, flags.0);
    /// Switches accounting of processes.
    acct(generic 89, x86_64 163, Support::Full) |k, path: Path| k.pass();
    /// Ends the terminal's session.
    vhangup(generic 58, x86_64 153, Support::Full) |k| k.pass();
    /// Gives or sets limits of disk use.
    quotactl(generic 60, x86_64 179, Support::Full)
    |k, command: Hex, device: Path, id: i32, address: GuestAddr| k.pass();
    /// Adds a key to the kernel's key ring.
    add_key(generic 217, x86_64 248, Support::Full)
    |k, kind: Path, description: Path, payload: GuestAddr, length: u64, ring: i32| k.pass();
    /// Asks for a key of the kernel's key ring.
    request_key(generic 218, x86_64 249, Support::Full)
    |k, kind: Path, description: Path, information: Path, ring: i32| k.pass();
    /// Works with the kernel's key ring.
    keyctl(generic 219, x86_64 250, Support::Full)
    |k, operation: i32, a: Hex, b: Hex, c: Hex, d: Hex| k.pass();
}

/// Keys and values of `riscv_hwprobe` (arch/riscv/include/uapi/asm/hwprobe.h).
mod probe {
    pub(super) const VENDOR: u64 = 0;
    pub(super) const ARCHITECTURE: u64 = 1;
    pub(super) const IMPLEMENTATION: u64 = 2;
    pub(super) const BASE_BEHAVIOR: u64 = 3;
    pub(super) const EXTENSIONS: u64 = 4;
    pub(super) const PERFORMANCE: u64 = 5;
    pub(super) const ZERO_BLOCK_SIZE: u64 = 6;
    pub(super) const HIGHEST_ADDRESS: u64 = 7;
    pub(super) const MISALIGNED_SCALAR: u64 = 9;

    pub(super) const IMA: u64 = 1;
    pub(super) const MISALIGNED_FAST: u64 = 3;
    /// F and D, C, Zba, Zbb, Zbs, Zbc, Zfa, Zicond.
    pub(super) const HAD: u64 = 1 | 1 << 1 | 1 << 3 | 1 << 4 | 1 << 5 | 1 << 7 | 1 << 32 | 1 << 35;
}

fn probed(key: u64) -> Option<u64> {
    Some(match key {
        probe::VENDOR | probe::ARCHITECTURE | probe::IMPLEMENTATION => 0,
        probe::BASE_BEHAVIOR => probe::IMA,
        probe::EXTENSIONS => probe::HAD,
        probe::PERFORMANCE | probe::MISALIGNED_SCALAR => probe::MISALIGNED_FAST,
        probe::ZERO_BLOCK_SIZE => 0,
        probe::HIGHEST_ADDRESS => (1 << 38) - 1,
        _ => return None,
    })
}

fn hwprobe(k: &mut Kernel<'_>, pairs: GuestAddr, count: u64, flags: u64) -> SyscallResult {
    if flags != 0 {
        return Err(Errno::EINVAL);
    }
    let _ = k;
    let mut at = pairs;
    for _ in 0..count {
        let mut pair = Record::<16>::read(at)?;
        match probed(pair.u64(0)) {
            Some(value) => pair.put_u64(8, value),
            None => {
                pair.put_u64(0, u64::MAX);
                pair.put_u64(8, 0);
            }
        }
        pair.write(at)?;
        at = at.checked_add(16).ok_or(Errno::EFAULT)?;
    }
    Ok(0)
}

/// The text of `/proc/cpuinfo`, as Linux on riscv64 writes it.
pub(super) fn cpu_information() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| {
        let count = std::thread::available_parallelism().map_or(1, usize::from);
        (0..count)
            .map(|n| {
                format!(
                    "processor\t: {n}\nhart\t\t: {n}\n\
                     isa\t\t: rv64imafdc_zicntr_zicond_zicsr_zifencei_zfa_zba_zbb_zbc_zbs\n\
                     mmu\t\t: sv39\n\n"
                )
            })
            .collect()
    })
}
