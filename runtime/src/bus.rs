//! The interpreter's memory: guest addresses are host addresses. A bad one is a fault of this
//! process, which the fault handler turns into the guest's.

#![allow(unsafe_code)]

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::SeqCst, fence};

use vmtrans_isa::riscv::Hart;
use vmtrans_isa::{AmoOp, Bus, Fault, Ordering, Width};

/// Direct access to the guest's memory.
pub struct DirectBus;

fn read<T: Copy>(address: u64) -> T {
    let pointer = std::ptr::with_exposed_provenance::<T>(to_host(address));
    // SAFETY: the guest's accesses are its own affair: it may only reach what is mapped, and a
    // fault goes to the guest. Volatile, since other threads and processes may write there.
    unsafe { read_unaligned_volatile(pointer) }
}

fn write<T: Copy>(address: u64, value: T) {
    let pointer = std::ptr::with_exposed_provenance_mut::<T>(to_host(address));
    // SAFETY: as for reading.
    unsafe { write_unaligned_volatile(pointer, value) }
}

fn to_host(address: u64) -> usize {
    usize::try_from(address).expect("hosts have 64 bits")
}

#[repr(C, packed)]
#[derive(Clone, Copy)]
struct Unaligned<T: Copy>(T);

unsafe fn read_unaligned_volatile<T: Copy>(pointer: *const T) -> T {
    // SAFETY: the caller's; a packed structure has no alignment.
    unsafe { pointer.cast::<Unaligned<T>>().read_volatile().0 }
}

unsafe fn write_unaligned_volatile<T: Copy>(pointer: *mut T, value: T) {
    // SAFETY: as above.
    unsafe {
        pointer
            .cast::<Unaligned<T>>()
            .write_volatile(Unaligned(value))
    }
}

fn atomic32<'a>(address: u64) -> &'a AtomicU32 {
    // SAFETY: aligned, as the caller has checked; a bad address faults like any other access.
    unsafe { AtomicU32::from_ptr(std::ptr::with_exposed_provenance_mut(to_host(address))) }
}

fn atomic64<'a>(address: u64) -> &'a AtomicU64 {
    // SAFETY: as above.
    unsafe { AtomicU64::from_ptr(std::ptr::with_exposed_provenance_mut(to_host(address))) }
}

fn aligned(w: Width, address: u64) -> Result<(), Fault> {
    if address.is_multiple_of(u64::from(w.bytes())) {
        Ok(())
    } else {
        Err(Fault::Misaligned)
    }
}

fn low32(v: u64) -> u32 {
    let [a, b, c, d, ..] = v.to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}

fn sign_extend(v: u32) -> u64 {
    i64::from(v.cast_signed()).cast_unsigned()
}

impl Bus for DirectBus {
    #[inline]
    fn load(&mut self, w: Width, address: u64) -> Result<u64, Fault> {
        Ok(match w {
            Width::B => read::<u8>(address).into(),
            Width::H => read::<u16>(address).into(),
            Width::W => read::<u32>(address).into(),
            Width::D => read::<u64>(address),
        })
    }
    #[inline]
    fn store(&mut self, w: Width, address: u64, v: u64) -> Result<(), Fault> {
        let [a, b, c, d, ..] = v.to_le_bytes();
        match w {
            Width::B => write(address, a),
            Width::H => write(address, u16::from_le_bytes([a, b])),
            Width::W => write(address, u32::from_le_bytes([a, b, c, d])),
            Width::D => write(address, v),
        }
        Ok(())
    }
    fn load_reserved(
        &mut self,
        hart: &mut Hart,
        w: Width,
        _: Ordering,
        address: u64,
    ) -> Result<u64, Fault> {
        aligned(w, address)?;
        let value = match w {
            Width::D => atomic64(address).load(SeqCst),
            _ => sign_extend(atomic32(address).load(SeqCst)),
        };
        hart.reserved_address = address;
        hart.reserved_value = value;
        Ok(value)
    }
    fn store_conditional(
        &mut self,
        hart: &mut Hart,
        w: Width,
        _: Ordering,
        address: u64,
        v: u64,
    ) -> Result<bool, Fault> {
        aligned(w, address)?;
        let reserved = std::mem::replace(&mut hart.reserved_address, u64::MAX);
        if reserved != address {
            return Ok(false);
        }
        let seen = hart.reserved_value;
        Ok(match w {
            Width::D => atomic64(address)
                .compare_exchange(seen, v, SeqCst, SeqCst)
                .is_ok(),
            _ => atomic32(address)
                .compare_exchange(low32(seen), low32(v), SeqCst, SeqCst)
                .is_ok(),
        })
    }
    fn amo(
        &mut self,
        op: AmoOp,
        w: Width,
        _: Ordering,
        address: u64,
        v: u64,
    ) -> Result<u64, Fault> {
        aligned(w, address)?;
        if w == Width::D {
            let (a, signed) = (atomic64(address), v.cast_signed());
            return Ok(match op {
                AmoOp::Swap => a.swap(v, SeqCst),
                AmoOp::Add => a.fetch_add(v, SeqCst),
                AmoOp::Xor => a.fetch_xor(v, SeqCst),
                AmoOp::And => a.fetch_and(v, SeqCst),
                AmoOp::Or => a.fetch_or(v, SeqCst),
                AmoOp::Minu => a.fetch_min(v, SeqCst),
                AmoOp::Maxu => a.fetch_max(v, SeqCst),
                AmoOp::Min => a.update(SeqCst, SeqCst, |o| {
                    o.cast_signed().min(signed).cast_unsigned()
                }),
                AmoOp::Max => a.update(SeqCst, SeqCst, |o| {
                    o.cast_signed().max(signed).cast_unsigned()
                }),
            });
        }
        let (a, v) = (atomic32(address), low32(v));
        let signed = v.cast_signed();
        Ok(sign_extend(match op {
            AmoOp::Swap => a.swap(v, SeqCst),
            AmoOp::Add => a.fetch_add(v, SeqCst),
            AmoOp::Xor => a.fetch_xor(v, SeqCst),
            AmoOp::And => a.fetch_and(v, SeqCst),
            AmoOp::Or => a.fetch_or(v, SeqCst),
            AmoOp::Minu => a.fetch_min(v, SeqCst),
            AmoOp::Maxu => a.fetch_max(v, SeqCst),
            AmoOp::Min => a.update(SeqCst, SeqCst, |o| {
                o.cast_signed().min(signed).cast_unsigned()
            }),
            AmoOp::Max => a.update(SeqCst, SeqCst, |o| {
                o.cast_signed().max(signed).cast_unsigned()
            }),
        }))
    }
    fn fence(&mut self, _: u32, _: u32) {
        fence(SeqCst);
    }
    fn fence_i(&mut self) {}
    fn cycle(&mut self) -> u64 {
        // SAFETY: every x86-64 has it.
        unsafe { core::arch::x86_64::_rdtsc() }
    }
    fn time(&mut self) -> u64 {
        // 10 MHz, as the common boards and QEMU have it.
        let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
        (now.tv_sec.cast_unsigned()).wrapping_mul(10_000_000) + now.tv_nsec.cast_unsigned() / 100
    }
    fn instret(&mut self) -> u64 {
        self.cycle()
    }
}

/// The instruction bytes at `pc`: four, or two at the end of a page where two are enough.
pub fn fetch(pc: u64) -> u32 {
    let low = read::<u16>(pc);
    if low & 3 != 3 {
        return low.into();
    }
    u32::from(low) | u32::from(read::<u16>(pc.wrapping_add(2))) << 16
}
