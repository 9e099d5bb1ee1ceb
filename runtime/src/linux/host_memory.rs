//! Host calls that change mappings. Callers answer for the ranges: each is the guest's, or is
//! taken with `MAP_FIXED_NOREPLACE`.

#![allow(unsafe_code)]

use std::ops::Range;
use std::os::fd::RawFd;

use super::address_space::{AddressSpace, Mapping};
use super::errno::Errno;

/// What is to be mapped where.
#[derive(Clone, Copy, Debug)]
pub struct Request {
    /// First byte, a multiple of the page size.
    pub address: u64,
    /// Bytes.
    pub length: u64,
    /// As the guest sees it.
    pub protection: u32,
    /// `MAP_…`, without the flags that say where.
    pub flags: i32,
    /// The file, -1 for none.
    pub fd: RawFd,
    /// Where in the file.
    pub offset: u64,
}

/// What the host is asked for: the guest's code is never executed by the host, but must be read.
pub fn host_protection(guest: u32) -> i32 {
    let guest = guest.cast_signed() & (libc::PROT_READ | libc::PROT_WRITE | libc::PROT_EXEC);
    match guest & libc::PROT_EXEC {
        0 => guest,
        _ => guest & !libc::PROT_EXEC | libc::PROT_READ,
    }
}

/// Maps at the address where nothing is mapped; `EEXIST` where something is.
pub fn map_new(request: &Request) -> Result<u64, Errno> {
    map(request, libc::MAP_FIXED_NOREPLACE)
}

/// Maps at the address in place of what is there, all of which must be the guest's or free.
///
/// What is not the guest's yet is claimed first, so that nothing of the host's is replaced.
pub fn map_over(space: &AddressSpace, request: &Request) -> Result<u64, Errno> {
    let range = request.address..request.address + request.length;
    if space.is_reserved(&range) {
        return Err(Errno::ENOMEM);
    }
    let mut claimed = Vec::new();
    let result =
        claim(space.gaps(range), &mut claimed).and_then(|()| map(request, libc::MAP_FIXED));
    if result.is_err() {
        for gap in claimed {
            // It was just claimed, so that this cannot fail for a reason of its own.
            let _ = unmap(gap);
        }
    }
    result
}

fn claim(gaps: Vec<Range<u64>>, claimed: &mut Vec<Range<u64>>) -> Result<(), Errno> {
    for gap in gaps {
        let request = Request {
            address: gap.start,
            length: gap.end - gap.start,
            protection: 0,
            flags: libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
            fd: -1,
            offset: 0,
        };
        map_new(&request).map_err(|error| match error {
            Errno::EEXIST => Errno::ENOMEM,
            other => other,
        })?;
        claimed.push(gap);
    }
    Ok(())
}

/// Maps where there is room, the highest place first that is below `top`, and notes it.
pub fn map_anywhere(
    space: &mut AddressSpace,
    request: Request,
    alignment: u64,
    mut top: u64,
    mapping: Mapping,
) -> Result<u64, Errno> {
    loop {
        let address = space
            .find_free(request.length, alignment, top)
            .ok_or(Errno::ENOMEM)?;
        match map_new(&Request { address, ..request }) {
            Ok(_) => {
                space.insert(address..address + request.length, mapping);
                return Ok(address);
            }
            // Something of the host's is in the way.
            Err(Errno::EEXIST) => top = address + request.length - 1,
            Err(error) => return Err(error),
        }
    }
}

fn map(request: &Request, placing: i32) -> Result<u64, Errno> {
    let Request {
        address,
        length,
        protection,
        flags,
        fd,
        offset,
    } = *request;
    let pointer = std::ptr::without_provenance_mut(usize::try_from(address).unwrap_or(0));
    // SAFETY: with MAP_FIXED_NOREPLACE nothing is replaced; with MAP_FIXED `map_over` has made
    // sure that all of the range is the guest's. No reference of ours points there.
    let mapped = unsafe {
        libc::mmap(
            pointer,
            usize::try_from(length).map_err(|_| Errno::ENOMEM)?,
            host_protection(protection),
            flags & !(libc::MAP_FIXED | libc::MAP_FIXED_NOREPLACE) | placing,
            fd,
            offset.cast_signed(),
        )
    };
    if mapped == libc::MAP_FAILED {
        return Err(Errno::of(&std::io::Error::last_os_error()));
    }
    let mapped = mapped.addr() as u64;
    if mapped != address {
        // A kernel before 4.17 takes MAP_FIXED_NOREPLACE for a hint.
        let _ = unmap(mapped..mapped + length);
        return Err(Errno::EEXIST);
    }
    Ok(mapped)
}

/// Unmaps a range that is the guest's.
pub fn unmap(range: Range<u64>) -> Result<(), Errno> {
    let (pointer, length) = host_range(range);
    // SAFETY: the caller says that the range is the guest's, to which no reference of ours points.
    check(unsafe { libc::munmap(pointer, length) })
}

/// Changes what may be done with a range that is the guest's.
pub fn protect(range: Range<u64>, protection: u32) -> Result<(), Errno> {
    let (pointer, length) = host_range(range);
    // SAFETY: as for `unmap`.
    check(unsafe { libc::mprotect(pointer, length, host_protection(protection)) })
}

/// Tells the host how a range that is the guest's will be used.
pub fn advise(range: Range<u64>, advice: i32) -> Result<(), Errno> {
    let (pointer, length) = host_range(range);
    // SAFETY: as for `unmap`.
    check(unsafe { libc::madvise(pointer, length, advice) })
}

/// Changes the size of a mapping that is the guest's, without moving it.
pub fn resize(old: Range<u64>, new_length: u64) -> Result<(), Errno> {
    let (pointer, length) = host_range(old);
    let new_length = usize::try_from(new_length).map_err(|_| Errno::ENOMEM)?;
    // SAFETY: as for `unmap`; without MREMAP_MAYMOVE nothing else is replaced.
    let moved = unsafe { libc::mremap(pointer, length, new_length, 0) };
    if moved == libc::MAP_FAILED {
        Err(Errno::of(&std::io::Error::last_os_error()))
    } else {
        Ok(())
    }
}

/// Moves a mapping that is the guest's to a range that is the guest's too.
pub fn relocate(old: Range<u64>, new: Range<u64>, keep_old: bool) -> Result<(), Errno> {
    let (pointer, length) = host_range(old);
    let (target, new_length) = host_range(new);
    let keep = if keep_old { libc::MREMAP_DONTUNMAP } else { 0 };
    let flags = libc::MREMAP_MAYMOVE | libc::MREMAP_FIXED | keep;
    // SAFETY: as for `unmap`, of both ranges.
    let moved = unsafe { libc::mremap(pointer, length, new_length, flags, target) };
    if moved == libc::MAP_FAILED {
        Err(Errno::of(&std::io::Error::last_os_error()))
    } else {
        Ok(())
    }
}

fn host_range(range: Range<u64>) -> (*mut libc::c_void, usize) {
    let address = usize::try_from(range.start).unwrap_or(0);
    let length = usize::try_from(range.end - range.start).unwrap_or(0);
    (std::ptr::without_provenance_mut(address), length)
}

fn check(result: i32) -> Result<(), Errno> {
    if result == 0 {
        Ok(())
    } else {
        Err(Errno::of(&std::io::Error::last_os_error()))
    }
}
