//! A guest address, which is not a host number.

use std::fmt;

/// An address in the guest's address space.
///
/// There is deliberately no `From<usize>`, no `Deref` and no `+`: an address that
/// wraps is either a bug or a guest's trick, so each caller says which it expects.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[repr(transparent)]
pub struct GuestAddr(u64);

impl GuestAddr {
    /// The address with this number.
    pub const fn new(address: u64) -> GuestAddr {
        GuestAddr(address)
    }

    /// The address as a number.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// `base + offset` as the guest CPU computes it: wrapping.
    pub const fn wrapping_offset(self, offset: i64) -> GuestAddr {
        GuestAddr(self.0.wrapping_add_signed(offset))
    }

    /// `base + offset`, or `None` where the address space ends before.
    pub const fn checked_add(self, offset: u64) -> Option<GuestAddr> {
        match self.0.checked_add(offset) {
            Some(sum) => Some(GuestAddr(sum)),
            None => None,
        }
    }

    /// Bytes from `base` up to here, wrapping.
    pub const fn wrapping_distance(self, base: GuestAddr) -> u64 {
        self.0.wrapping_sub(base.0)
    }
}

impl fmt::Display for GuestAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

impl fmt::Debug for GuestAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}
