//! Memory: break, mappings, protection.
//!
//! What the guest may execute is readable on the host, never executable: the host executes
//! translations. Calls that name a range are kept to what is the guest's in it.

use std::ops::Range;

use vmtrans_guest_elf::PAGE_SIZE;
use vmtrans_isa::GuestAddr;

use super::address_space::{self, ADDRESS_LIMIT, AddressSpace, Backing, MAPPING_TOP, Mapping};
use super::arguments::{Advice, Fd, Hex, MapFlags, Protection, RemapFlags};
use super::errno::Errno;
use super::host_memory::{self, Request};
use super::kernel::Kernel;
use super::table::{Support, SyscallResult, syscalls};

syscalls! {
    /// Moves the end of the heap.
    brk(generic 214, x86_64 12, Support::Full) |k, end: GuestAddr| brk_to(k, end);
    /// Maps a file or fresh memory.
    mmap(generic 222, x86_64 9, Support::Partial("MAP_GROWSDOWN memory does not grow"))
    |k, address: GuestAddr, length: u64, protection: Protection, flags: MapFlags, fd: Fd, offset: Hex|
    mmap_request(k, &Request {
        address: address.get(),
        length,
        protection: protection.0,
        flags: flags.0.cast_signed(),
        fd: fd.0,
        offset: offset.0,
    });
    /// Removes mappings.
    munmap(generic 215, x86_64 11, Support::Full) |k, address: GuestAddr, length: u64| {
        let range = aligned_range(address, length)?.ok_or(Errno::EINVAL)?;
        if range.is_empty() {
            return Err(Errno::EINVAL);
        }
        unmap(k, range)
    };
    /// Changes what may be done with memory.
    mprotect(generic 226, x86_64 10, Support::Full)
    |k, address: GuestAddr, length: u64, protection: Protection| {
        let range = aligned_range(address, length)?.ok_or(Errno::ENOMEM)?;
        protect(k, range, protection.0)
    };
    /// Changes the size of a mapping, or moves it.
    mremap(generic 216, x86_64 25, Support::Full)
    |k, old: GuestAddr, old_length: u64, new_length: u64, flags: RemapFlags, new: GuestAddr|
    remap(k, old, old_length, new_length, flags.0.cast_signed(), new);
    /// Says how memory will be used.
    madvise(generic 233, x86_64 28, Support::Full)
    |k, address: GuestAddr, length: u64, advice: Advice| {
        let range = aligned_range(address, length)?.ok_or(Errno::ENOMEM)?;
        advise(k, range, advice.0)
    };
    /// Writes a mapped file's changes back.
    msync(generic 227, x86_64 26, Support::Full) |k, address: GuestAddr, length: u64, flags: Hex|
    pass_if_covered(k, address, length);
    /// Says which pages are in memory.
    mincore(generic 232, x86_64 27, Support::Full)
    |k, address: GuestAddr, length: u64, pages: GuestAddr|
    pass_if_covered(k, address, length);
    /// Keeps pages in memory.
    mlock(generic 228, x86_64 149, Support::Full) |k, address: GuestAddr, length: u64|
    pass_if_covered(k, address, length);
    /// Keeps pages in memory, once they are there.
    mlock2(generic 284, x86_64 325, Support::Full)
    |k, address: GuestAddr, length: u64, flags: Hex|
    pass_if_covered(k, address, length);
    /// Lets pages be swapped out again.
    munlock(generic 229, x86_64 150, Support::Full) |k, address: GuestAddr, length: u64|
    pass_if_covered(k, address, length);
    /// Keeps all pages in memory.
    mlockall(generic 230, x86_64 151, Support::Partial("the translator's own pages too"))
    |k, flags: Hex| k.pass();
    /// Lets all pages be swapped out again.
    munlockall(generic 231, x86_64 152, Support::Full) |k| k.pass();
    /// Makes a file that is only in memory.
    memfd_create(generic 279, x86_64 319, Support::Full)
    |k, name: super::arguments::Path, flags: Hex| k.pass();
    /// Makes other threads see this one's earlier accesses in order.
    membarrier(generic 283, x86_64 324, Support::Full) |k, command: i32, flags: Hex, cpu: i32|
    k.pass();
    /// Makes what was written to memory visible to instruction fetches.
    riscv_flush_icache(generic 259, x86_64 none, Support::Full)
    |k, start: GuestAddr, end: GuestAddr, flags: Hex| {
        if flags.0 & !1 != 0 {
            return Err(Errno::EINVAL);
        }
        k.code_changed(start.get()..end.get());
        Ok(0)
    };
}

/// Flags that say nothing to the host, or say something else on x86-64 (`MAP_32BIT`).
const FLAGS_LEFT_OUT: i32 = 0x40 | libc::MAP_GROWSDOWN | libc::MAP_DENYWRITE | libc::MAP_EXECUTABLE;

fn page_up(length: u64) -> Result<u64, Errno> {
    length
        .checked_next_multiple_of(PAGE_SIZE)
        .filter(|&l| l <= ADDRESS_LIMIT)
        .ok_or(Errno::ENOMEM)
}

/// The pages of a range that must start at one; `None` where they are beyond the guest's part.
fn aligned_range(address: GuestAddr, length: u64) -> Result<Option<Range<u64>>, Errno> {
    if !address.get().is_multiple_of(PAGE_SIZE) {
        return Err(Errno::EINVAL);
    }
    Ok(address_space::pages(address, length))
}

fn brk_to(k: &mut Kernel<'_>, end: GuestAddr) -> SyscallResult {
    let mut space = k.space();
    let (start, current) = (space.heap_start, space.heap_end);
    let (Ok(old_top), Ok(new_top)) = (page_up(current), page_up(end.get())) else {
        return Ok(current);
    };
    if end.get() < start {
        return Ok(current);
    }
    if new_top > old_top && grow_heap(&mut space, old_top..new_top).is_err() {
        return Ok(current);
    }
    if new_top < old_top {
        host_memory::unmap(new_top..old_top)?;
        space.remove(new_top..old_top);
    }
    space.heap_end = end.get();
    Ok(end.get())
}

fn grow_heap(space: &mut AddressSpace, range: Range<u64>) -> Result<(), Errno> {
    if !space.parts(range.clone()).is_empty() || space.is_reserved(&range) {
        return Err(Errno::ENOMEM);
    }
    let protection = (libc::PROT_READ | libc::PROT_WRITE).cast_unsigned();
    host_memory::map_new(&Request {
        address: range.start,
        length: range.end - range.start,
        protection,
        flags: libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
        fd: -1,
        offset: 0,
    })?;
    let offset = range.start - page_up(space.heap_start)?;
    let name = Backing {
        name: "[heap]".into(),
        device: 0,
        inode: 0,
        offset: 0,
    };
    let mapping = Mapping {
        backing_offset: offset,
        ..Mapping::backed(protection, false, name)
    };
    space.insert(range, mapping);
    Ok(())
}

fn mmap_request(k: &mut Kernel<'_>, asked: &Request) -> SyscallResult {
    if asked.length == 0 || !asked.offset.is_multiple_of(PAGE_SIZE) {
        return Err(Errno::EINVAL);
    }
    let huge = asked.flags & libc::MAP_HUGETLB != 0;
    let alignment = if huge { 2 << 20 } else { PAGE_SIZE };
    let length = page_up(asked.length)?.next_multiple_of(alignment);
    let flags = asked.flags & !FLAGS_LEFT_OUT;
    let request = Request {
        length,
        flags,
        ..*asked
    };
    let mapping = mapping_for(&request);
    let fixed = flags & (libc::MAP_FIXED | libc::MAP_FIXED_NOREPLACE) != 0;
    if !fixed {
        return place(k, &request, alignment, mapping);
    }
    if !request.address.is_multiple_of(PAGE_SIZE) {
        return Err(Errno::EINVAL);
    }
    let range =
        address_space::pages(GuestAddr::new(request.address), length).ok_or(Errno::ENOMEM)?;
    let mut space = k.space();
    let address = if flags & libc::MAP_FIXED_NOREPLACE != 0 {
        if space.is_reserved(&range) || !space.parts(range.clone()).is_empty() {
            return Err(Errno::EEXIST);
        }
        host_memory::map_new(&request)?
    } else {
        host_memory::map_over(&space, &request)?
    };
    let changed = space.has_executable(range.clone());
    space.insert(range.clone(), mapping);
    drop(space);
    if changed {
        k.code_changed(range);
    }
    Ok(address)
}

/// Maps where the guest leaves the address open: at its hint if that is free.
fn place(k: &mut Kernel<'_>, request: &Request, alignment: u64, mapping: Mapping) -> SyscallResult {
    let mut space = k.space();
    let hint = request.address / alignment * alignment;
    if hint != 0
        && let Some(range) = address_space::pages(GuestAddr::new(hint), request.length)
        && space.parts(range.clone()).is_empty()
        && !space.is_reserved(&range)
        && host_memory::map_new(&Request {
            address: hint,
            ..*request
        })
        .is_ok()
    {
        space.insert(range, mapping);
        return Ok(hint);
    }
    host_memory::map_anywhere(&mut space, *request, alignment, MAPPING_TOP, mapping)
}

/// What `/proc/self/maps` will say of a mapping.
fn mapping_for(request: &Request) -> Mapping {
    let shared = request.flags & libc::MAP_SHARED != 0;
    if request.flags & libc::MAP_ANONYMOUS != 0 {
        return Mapping {
            shared,
            ..Mapping::anonymous(request.protection)
        };
    }
    let link = format!("/proc/self/fd/{}", request.fd);
    let file = std::fs::metadata(&link);
    let name = std::fs::read_link(&link).unwrap_or_default();
    let (device, inode) = file.map_or((0, 0), |m| {
        use std::os::unix::fs::MetadataExt as _;
        (m.dev(), m.ino())
    });
    let backing = Backing {
        name,
        device,
        inode,
        offset: request.offset,
    };
    Mapping::backed(request.protection, shared, backing)
}

pub(super) fn unmap(k: &mut Kernel<'_>, range: Range<u64>) -> SyscallResult {
    let mut space = k.space();
    let changed = space.has_executable(range.clone());
    for (part, _) in space.parts(range.clone()) {
        host_memory::unmap(part.clone())?;
        space.remove(part);
    }
    drop(space);
    if changed {
        k.code_changed(range);
    }
    Ok(0)
}

fn protect(k: &mut Kernel<'_>, range: Range<u64>, protection: u32) -> SyscallResult {
    let all = (libc::PROT_READ | libc::PROT_WRITE | libc::PROT_EXEC).cast_unsigned();
    let grows = (libc::PROT_GROWSDOWN | libc::PROT_GROWSUP).cast_unsigned();
    if protection & !(all | grows) != 0 {
        return Err(Errno::EINVAL);
    }
    let mut space = k.space();
    let changed = space.has_executable(range.clone());
    // As the kernel does, everything before the first gap is changed.
    let gap = space.gaps(range.clone()).first().cloned();
    let end = gap.as_ref().map_or(range.end, |g| g.start);
    for (part, _) in space.parts(range.start..end) {
        host_memory::protect(part.clone(), protection)?;
        space.protect(part, protection & all);
    }
    drop(space);
    if changed || protection & libc::PROT_EXEC.cast_unsigned() != 0 {
        k.code_changed(range);
    }
    if gap.is_some() {
        Err(Errno::ENOMEM)
    } else {
        Ok(0)
    }
}

fn advise(k: &mut Kernel<'_>, range: Range<u64>, advice: i32) -> SyscallResult {
    let space = k.space();
    let gap = !space.covers(range.clone());
    let mut changed = false;
    for (part, mapping) in space.parts(range.clone()) {
        host_memory::advise(part, advice)?;
        changed |= mapping.is_executable();
    }
    drop(space);
    let drops = matches!(
        advice,
        libc::MADV_DONTNEED | libc::MADV_FREE | libc::MADV_REMOVE
    );
    if changed && drops {
        k.code_changed(range);
    }
    if gap { Err(Errno::ENOMEM) } else { Ok(0) }
}

fn pass_if_covered(k: &mut Kernel<'_>, address: GuestAddr, length: u64) -> SyscallResult {
    let range = address_space::pages(address, length).ok_or(Errno::ENOMEM)?;
    if !k.space().covers(range) {
        return Err(Errno::ENOMEM);
    }
    k.pass()
}

fn remap(
    k: &mut Kernel<'_>,
    old: GuestAddr,
    old_length: u64,
    new_length: u64,
    flags: i32,
    new: GuestAddr,
) -> SyscallResult {
    let known = libc::MREMAP_MAYMOVE | libc::MREMAP_FIXED | libc::MREMAP_DONTUNMAP;
    let fixed = flags & libc::MREMAP_FIXED != 0;
    let may_move = flags & libc::MREMAP_MAYMOVE != 0;
    let keep = flags & libc::MREMAP_DONTUNMAP != 0;
    if flags & !known != 0 || new_length == 0 || (fixed || keep) && !may_move {
        return Err(Errno::EINVAL);
    }
    let from = aligned_range(old, old_length)?.ok_or(Errno::EFAULT)?;
    let new_length = page_up(new_length)?;
    if keep && new_length != from.end - from.start || from.is_empty() {
        return Err(Errno::EINVAL);
    }
    if !k.space().covers(from.clone()) {
        return Err(Errno::EFAULT);
    }
    if fixed {
        let to = aligned_range(new, new_length)?.ok_or(Errno::EINVAL)?;
        if to.start < from.end && from.start < to.end {
            return Err(Errno::EINVAL);
        }
        unmap(k, to.clone())?;
        return move_to(k, from, to, keep);
    }
    let length = from.end - from.start;
    if new_length <= length && !keep {
        unmap(k, from.start + new_length..from.end)?;
        return Ok(from.start);
    }
    if !keep && grow_in_place(k, from.clone(), new_length) {
        return Ok(from.start);
    }
    if !may_move {
        return Err(Errno::ENOMEM);
    }
    let address = k
        .space()
        .find_free(new_length, PAGE_SIZE, MAPPING_TOP)
        .ok_or(Errno::ENOMEM)?;
    move_to(k, from, address..address + new_length, keep)
}

fn grow_in_place(k: &mut Kernel<'_>, from: Range<u64>, new_length: u64) -> bool {
    let mut space = k.space();
    let more = from.end..from.start + new_length;
    let free = space.parts(more.clone()).is_empty() && !space.is_reserved(&more);
    // The kernel resizes one mapping, not several.
    let [(_, mapping)] = &space.parts(from.clone())[..] else {
        return false;
    };
    if !free || host_memory::resize(from.clone(), new_length).is_err() {
        return false;
    }
    space.insert(from.start..from.start + new_length, mapping.clone());
    true
}

/// Moves a mapping to a range that is free. The range is claimed first, so that nothing of the
/// host's is replaced.
fn move_to(k: &mut Kernel<'_>, from: Range<u64>, to: Range<u64>, keep: bool) -> SyscallResult {
    let mut space = k.space();
    let changed = space.has_executable(from.clone());
    let Some((_, mapping)) = space.parts(from.clone()).into_iter().next() else {
        return Err(Errno::EFAULT);
    };
    host_memory::map_over(
        &space,
        &Request {
            address: to.start,
            length: to.end - to.start,
            protection: 0,
            flags: libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
            fd: -1,
            offset: 0,
        },
    )?;
    if let Err(error) = host_memory::relocate(from.clone(), to.clone(), keep) {
        // The claim is given up; that it fails is no worse than the error itself.
        let _ = host_memory::unmap(to);
        return Err(error);
    }
    if !keep {
        space.remove(from.clone());
    }
    space.insert(to.clone(), mapping);
    drop(space);
    if changed {
        k.code_changed(from);
    }
    Ok(to.start)
}
