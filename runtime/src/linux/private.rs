//! Descriptors that the guest has not: it neither finds them in its way nor can close them.

use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::sync::Mutex;

use super::state::lock;

/// Guests take the lowest numbers; few are allowed more than this.
const HIGH: RawFd = 900;

/// The numbers of all. They are few, and stay open for as long as the process lives.
static PRIVATE: Mutex<Vec<RawFd>> = Mutex::new(Vec::new());

/// A copy of a descriptor that is not the guest's, for as long as the process lives.
///
/// # Errors
/// Where no descriptor is left.
pub fn private_copy(fd: impl AsFd) -> std::io::Result<OwnedFd> {
    let copy = rustix::io::fcntl_dupfd_cloexec(&fd, HIGH)
        .or_else(|_| rustix::io::fcntl_dupfd_cloexec(&fd, 0))?;
    lock(&PRIVATE).push(copy.as_raw_fd());
    Ok(copy)
}

/// Whether a descriptor is not the guest's.
pub(super) fn is_private(fd: RawFd) -> bool {
    lock(&PRIVATE).contains(&fd)
}

/// The descriptors that are not the guest's, in order.
pub(super) fn private_descriptors() -> Vec<RawFd> {
    let mut all = lock(&PRIVATE).clone();
    all.sort_unstable();
    all
}
