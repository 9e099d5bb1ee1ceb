//! Copies between the guest's memory and ours, where a bad address is an error and not a fault.

use vmtrans_isa::GuestAddr;

use crate::entry;

/// Part of the range is not mapped, or not for this access.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BadAddress;

/// Fills a buffer from the guest's memory.
///
/// # Errors
/// [`BadAddress`]; the buffer may be filled in part.
pub fn read(address: GuestAddr, buffer: &mut [u8]) -> Result<(), BadAddress> {
    let to = buffer.as_mut_ptr().expose_provenance() as u64;
    done(entry::copy(to, address.get(), buffer.len() as u64))
}

/// Writes bytes to the guest's memory.
///
/// # Errors
/// [`BadAddress`]; some bytes may have been written.
pub fn write(address: GuestAddr, bytes: &[u8]) -> Result<(), BadAddress> {
    let from = bytes.as_ptr().expose_provenance() as u64;
    done(entry::copy(address.get(), from, bytes.len() as u64))
}

fn done(left: u64) -> Result<(), BadAddress> {
    if left == 0 { Ok(()) } else { Err(BadAddress) }
}
