//! What the body of a system call works with: the calling thread, and the host.

use std::ops::Range;
use std::sync::MutexGuard;

use vmtrans_isa::GuestAddr;

use super::address_space::AddressSpace;
use super::errno::Errno;
use super::state::ProcessState;
use super::table::{Row, SyscallResult};
use super::{SyscallOutcome, host_call, user};
use crate::entry;
use crate::thread::Thread;

/// A system call in progress.
pub(super) struct Kernel<'a> {
    pub(super) thread: &'a mut Thread,
    pub(super) row: &'static Row,
    pub(super) arguments: [u64; 6],
    /// What becomes of the thread, where it is not that the call returns.
    pub(super) outcome: Option<SyscallOutcome>,
}

impl Kernel<'_> {
    /// Makes the same call with the same arguments on the host. Addresses are the same there.
    pub(super) fn pass(&mut self) -> SyscallResult {
        self.pass_with(self.arguments)
    }

    /// Makes the same call with other arguments on the host.
    pub(super) fn pass_with(&mut self, arguments: [u64; 6]) -> SyscallResult {
        match self.row.x86_64 {
            Some(number) => self.host(i64::from(number), arguments),
            None => Err(Errno::ENOSYS),
        }
    }

    /// Makes a call on the host that does not wait for anything.
    pub(super) fn host(&mut self, number: i64, arguments: [u64; 6]) -> SyscallResult {
        host_call::call(number, &arguments)
    }

    /// As [`Kernel::pass`], for a call that may wait: a signal for the guest ends it, even one
    /// that comes just before it begins.
    pub(super) fn pass_waiting(&mut self) -> SyscallResult {
        self.pass_waiting_with(self.arguments)
    }

    /// As [`Kernel::pass_with`], for a call that may wait.
    pub(super) fn pass_waiting_with(&mut self, arguments: [u64; 6]) -> SyscallResult {
        let number = self.row.x86_64.ok_or(Errno::ENOSYS)?;
        let pending = self.thread.state.pending.as_ptr();
        Errno::check(entry::safe_syscall(number.into(), &arguments, pending))
    }

    /// Makes the same call on the host with a path in place of the argument at `index`, where
    /// that names something which is another for the guest.
    pub(super) fn pass_path(&mut self, index: usize) -> SyscallResult {
        let path = GuestAddr::new(self.arguments[index]);
        match super::proc_files::replacement(self, path)? {
            None => self.pass(),
            Some(path) => {
                let mut arguments = self.arguments;
                arguments[index] = path.as_ptr().expose_provenance() as u64;
                self.pass_with(arguments)
            }
        }
    }

    pub(super) fn process(&self) -> &ProcessState {
        &self.thread.process.linux
    }

    pub(super) fn space(&self) -> MutexGuard<'_, AddressSpace> {
        self.process().space()
    }

    /// Says that code in a range is no longer what it was.
    pub(super) fn code_changed(&mut self, range: Range<u64>) {
        self.thread.code_changed(range);
    }

    /// Ends the call in another way than by returning.
    pub(super) fn finish(&mut self, outcome: SyscallOutcome) -> SyscallResult {
        self.outcome = Some(outcome);
        Ok(0)
    }

    /// Writes a path or another string with its zero byte to a buffer of the guest.
    pub(super) fn write_truncated(&self, to: GuestAddr, bytes: &[u8], limit: u64) -> SyscallResult {
        let length = usize::try_from(limit)
            .unwrap_or(usize::MAX)
            .min(bytes.len());
        user::write(to, &bytes[..length])?;
        Ok(length as u64)
    }
}
