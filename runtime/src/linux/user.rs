//! Copies between the guest's memory and ours. A bad address is `EFAULT`, never a fault.

use std::ffi::CString;

use vmtrans_isa::GuestAddr;

use super::errno::Errno;
use crate::guest_memory;

/// Fills a buffer from the guest's memory.
pub(super) fn read(address: GuestAddr, buffer: &mut [u8]) -> Result<(), Errno> {
    guest_memory::read(address, buffer).map_err(|_| Errno::EFAULT)
}

/// Writes bytes to the guest's memory.
pub(super) fn write(address: GuestAddr, bytes: &[u8]) -> Result<(), Errno> {
    guest_memory::write(address, bytes).map_err(|_| Errno::EFAULT)
}

/// Reads a 64-bit number.
pub(super) fn read_u64(address: GuestAddr) -> Result<u64, Errno> {
    let mut bytes = [0; 8];
    read(address, &mut bytes)?;
    Ok(u64::from_le_bytes(bytes))
}

/// Writes a 32-bit number.
pub(super) fn write_u32(address: GuestAddr, value: u32) -> Result<(), Errno> {
    write(address, &value.to_le_bytes())
}

/// Reads a string that ends with a zero byte, which is among its first `limit` bytes;
/// `ENAMETOOLONG` where it is not.
pub(super) fn string(address: GuestAddr, limit: usize) -> Result<CString, Errno> {
    const PAGE: u64 = 4096;
    let mut bytes = Vec::new();
    let mut at = address;
    while bytes.len() < limit {
        // Up to the end of the page: the next one need not be there. Most strings are short.
        let to_page_end = usize::try_from(PAGE - at.get() % PAGE).unwrap_or(0);
        let chunk = to_page_end.min(limit - bytes.len()).min(256);
        let start = bytes.len();
        bytes.resize(start + chunk, 0);
        read(at, &mut bytes[start..])?;
        if let Some(end) = bytes[start..].iter().position(|&b| b == 0) {
            bytes.truncate(start + end);
            return CString::new(bytes).map_err(|_| Errno::EFAULT);
        }
        at = at.checked_add(chunk as u64).ok_or(Errno::EFAULT)?;
    }
    Err(Errno::ENAMETOOLONG)
}

/// A structure in the guest's memory, read and written by the offsets of its fields.
pub(super) struct Record<const N: usize>([u8; N]);

impl<const N: usize> Record<N> {
    /// One with all bytes zero.
    pub(super) fn new() -> Record<N> {
        Record([0; N])
    }

    /// Copies it from the guest.
    pub(super) fn read(address: GuestAddr) -> Result<Record<N>, Errno> {
        let mut record = Record::new();
        read(address, &mut record.0)?;
        Ok(record)
    }

    /// Copies it to the guest.
    pub(super) fn write(&self, address: GuestAddr) -> Result<(), Errno> {
        write(address, &self.0)
    }

    /// The 64-bit field at this offset.
    pub(super) fn u64(&self, at: usize) -> u64 {
        let mut field = [0; 8];
        field.copy_from_slice(&self.0[at..at + 8]);
        u64::from_le_bytes(field)
    }

    /// The 32-bit field at this offset.
    pub(super) fn u32(&self, at: usize) -> u32 {
        let mut field = [0; 4];
        field.copy_from_slice(&self.0[at..at + 4]);
        u32::from_le_bytes(field)
    }

    /// Sets the 64-bit field at this offset.
    pub(super) fn put_u64(&mut self, at: usize, value: u64) {
        self.0[at..at + 8].copy_from_slice(&value.to_le_bytes());
    }

    /// Sets the 32-bit field at this offset.
    pub(super) fn put_u32(&mut self, at: usize, value: u32) {
        self.0[at..at + 4].copy_from_slice(&value.to_le_bytes());
    }

    /// Its bytes, for the host to fill.
    pub(super) fn bytes_mut(&mut self) -> &mut [u8; N] {
        &mut self.0
    }

    /// Its bytes.
    pub(super) fn bytes(&self) -> &[u8; N] {
        &self.0
    }
}
