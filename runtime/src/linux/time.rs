//! Time: clocks, sleeping, timers. Structures are the same on both machines.

use super::arguments::{Clock, Hex, StructOut, TimeIn, TimeOut, Timer, TimevalIn, TimevalOut};
use super::table::{Support, syscalls};
use vmtrans_isa::GuestAddr;

syscalls! {
    /// Gives a clock's time.
    clock_gettime(generic 113, x86_64 228, Support::Full) |k, clock: Clock, time: TimeOut| k.pass();
    /// Sets a clock.
    clock_settime(generic 112, x86_64 227, Support::Full) |k, clock: Clock, time: TimeIn| k.pass();
    /// Gives a clock's resolution.
    clock_getres(generic 114, x86_64 229, Support::Full) |k, clock: Clock, time: TimeOut| k.pass();
    /// Tunes a clock.
    clock_adjtime(generic 266, x86_64 305, Support::Full) |k, clock: Clock, change: GuestAddr|
    k.pass();
    /// Sleeps by a clock.
    clock_nanosleep(generic 115, x86_64 230, Support::Full)
    |k, clock: Clock, flags: Hex, time: TimeIn, left: GuestAddr| k.pass_waiting();
    /// Sleeps.
    nanosleep(generic 101, x86_64 35, Support::Full) |k, time: TimeIn, left: GuestAddr| k.pass_waiting();
    /// Gives the time of day.
    gettimeofday(generic 169, x86_64 96, Support::Full) |k, time: TimevalOut, zone: GuestAddr|
    k.pass();
    /// Sets the time of day.
    settimeofday(generic 170, x86_64 164, Support::Full) |k, time: TimevalIn, zone: GuestAddr|
    k.pass();
    /// Tunes the system's clock.
    adjtimex(generic 171, x86_64 159, Support::Full) |k, change: GuestAddr| k.pass();
    /// Gives the CPU time that was used.
    times(generic 153, x86_64 100, Support::Full) |k, times: StructOut| k.pass();
    /// Gives an interval timer's state.
    getitimer(generic 102, x86_64 36, Support::Full) |k, timer: Timer, value: StructOut| k.pass();
    /// Sets an interval timer.
    setitimer(generic 103, x86_64 38, Support::Full)
    |k, timer: Timer, value: GuestAddr, old: StructOut| k.pass();
    /// Makes a timer that sends signals.
    timer_create(generic 107, x86_64 222, Support::Full)
    |k, clock: Clock, event: GuestAddr, timer: StructOut| k.pass();
    /// Gives a timer's state.
    timer_gettime(generic 108, x86_64 224, Support::Full) |k, timer: i32, value: StructOut| k.pass();
    /// Gives how often a timer expired before its signal was taken.
    timer_getoverrun(generic 109, x86_64 225, Support::Full) |k, timer: i32| k.pass();
    /// Sets a timer.
    timer_settime(generic 110, x86_64 223, Support::Full)
    |k, timer: i32, flags: Hex, value: GuestAddr, old: StructOut| k.pass();
    /// Removes a timer.
    timer_delete(generic 111, x86_64 226, Support::Full) |k, timer: i32| k.pass();
}
