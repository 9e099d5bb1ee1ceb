//! Types of arguments: what a system call's body gets, and how `--strace` shows it.

use vmtrans_isa::GuestAddr;

use super::strace::Line;

/// A type that an argument may have.
pub(super) trait Argument: Sized {
    /// Whether the call fills it, so that it can be shown only afterwards.
    const FILLED: bool = false;
    /// The argument in a register, as Linux reads it there: of an `int`, the upper half is
    /// ignored.
    fn of(raw: u64) -> Self;
    /// Writes it as strace does.
    fn show(line: &mut Line<'_>, raw: u64);
}

/// How an argument is shown.
#[derive(Clone, Copy)]
pub(super) struct Show {
    pub(super) filled: bool,
    pub(super) show: fn(&mut Line<'_>, u64),
}

impl Show {
    pub(super) const fn of<A: Argument>() -> Show {
        Show {
            filled: A::FILLED,
            show: A::show,
        }
    }
}

/// The low half of a register, as C's `int` has it.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the upper half of a register is ignored"
)]
pub(super) const fn low_half(raw: u64) -> u32 {
    raw as u32
}

/// The low half of a register with its sign.
pub(super) const fn low_half_signed(raw: u64) -> i32 {
    low_half(raw).cast_signed()
}

impl Argument for u64 {
    fn of(raw: u64) -> u64 {
        raw
    }
    fn show(line: &mut Line<'_>, raw: u64) {
        line.text(&raw.to_string());
    }
}

impl Argument for i64 {
    fn of(raw: u64) -> i64 {
        raw.cast_signed()
    }
    fn show(line: &mut Line<'_>, raw: u64) {
        line.text(&raw.cast_signed().to_string());
    }
}

impl Argument for u32 {
    fn of(raw: u64) -> u32 {
        low_half(raw)
    }
    fn show(line: &mut Line<'_>, raw: u64) {
        line.text(&low_half(raw).to_string());
    }
}

impl Argument for i32 {
    fn of(raw: u64) -> i32 {
        low_half_signed(raw)
    }
    fn show(line: &mut Line<'_>, raw: u64) {
        line.text(&low_half_signed(raw).to_string());
    }
}

impl Argument for GuestAddr {
    fn of(raw: u64) -> GuestAddr {
        GuestAddr::new(raw)
    }
    fn show(line: &mut Line<'_>, raw: u64) {
        line.address(raw);
    }
}

/// Pointers that are shown by what they point to.
macro_rules! pointers {
    ($($(#[$doc:meta])* $type:ident($filled:literal) |$line:ident, $address:ident| $show:expr;)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy)]
            #[allow(dead_code, reason = "a call that is passed on does not look at it")]
            pub(super) struct $type(pub(super) GuestAddr);

            impl Argument for $type {
                const FILLED: bool = $filled;
                fn of(raw: u64) -> $type {
                    $type(GuestAddr::new(raw))
                }
                fn show($line: &mut Line<'_>, raw: u64) {
                    let $address = GuestAddr::new(raw);
                    $show;
                }
            }
        )*
    };
}

pointers! {
    /// A string that ends with a zero byte: a path, a name.
    Path(false) |line, address| line.string(address);
    /// Bytes that the call reads; the next argument says how many.
    BytesIn(false) |line, address| line.bytes(address, line.next_argument());
    /// Bytes that the call writes; its result says how many.
    BytesOut(true) |line, address| line.bytes(address, line.result_or_zero());
    /// A string that the call writes.
    PathOut(true) |line, address| line.string_if_good(address);
    /// Pointers to strings, the last of which is null.
    Strings(false) |line, address| line.strings(address);
    /// The environment: pointers to strings, of which only the number is shown.
    Environment(false) |line, address| line.count_of_strings(address);
    /// A `struct sigaction`.
    ActionIn(false) |line, address| line.signal_action(address);
    /// A `struct sigaction` that the call writes.
    ActionOut(true) |line, address| line.filled(address, Line::signal_action);
    /// An array of `struct iovec` that the call reads; the next argument says how many.
    VectorsIn(false) |line, address| line.vectors(address, line.next_argument());
    /// An array of `struct iovec` whose buffers the call writes.
    VectorsOut(true) |line, address| line.vectors(address, line.next_argument());
    /// A `struct timespec`.
    TimeIn(false) |line, address| line.time(address, "tv_nsec");
    /// A `struct timespec` that the call writes.
    TimeOut(true) |line, address| line.filled(address, |l, a| l.time(a, "tv_nsec"));
    /// A `struct timeval`.
    TimevalIn(false) |line, address| line.time(address, "tv_usec");
    /// A `struct timeval` that the call writes.
    TimevalOut(true) |line, address| line.filled(address, |l, a| l.time(a, "tv_usec"));
    /// Two file descriptors that the call makes.
    FdPairOut(true) |line, address| line.filled(address, |l, a| l.array_of_i32(a, 2));
    /// A number that the call writes.
    IntOut(true) |line, address| line.filled(address, |l, a| l.array_of_i32(a, 1));
    /// A set of signals.
    SignalSet(false) |line, address| line.signal_set(address);
    /// A set of signals that the call writes.
    SignalSetOut(true) |line, address| line.filled(address, Line::signal_set);
    /// A `struct stat` that the call writes.
    StatOut(true) |line, address| line.filled(address, Line::stat);
    /// A `struct rlimit64`.
    LimitsIn(false) |line, address| line.limits(address);
    /// A `struct rlimit64` that the call writes.
    LimitsOut(true) |line, address| line.filled(address, Line::limits);
    /// The status of a process that ended.
    WaitStatusOut(true) |line, address| line.filled(address, Line::wait_status);
    /// Names of the system.
    UtsnameOut(true) |line, address| line.filled(address, Line::utsname);
    /// A socket address; the next argument is its length.
    SocketAddress(false) |line, address| line.socket_address(address, line.next_argument());
    /// A structure that the call writes, of which only the address is shown.
    StructOut(true) |line, address| line.address(address.get());
}

/// Numbers that are shown in their own way.
macro_rules! numbers {
    ($($(#[$doc:meta])* $type:ident($of:ident -> $inner:ty) |$line:ident, $value:ident| $show:expr;)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy)]
            #[allow(dead_code, reason = "a call that is passed on does not look at it")]
            pub(super) struct $type(pub(super) $inner);

            impl Argument for $type {
                fn of(raw: u64) -> $type {
                    $type($of(raw))
                }
                fn show($line: &mut Line<'_>, raw: u64) {
                    let $value = $of(raw);
                    $show;
                }
            }
        )*
    };
}

const fn whole(raw: u64) -> u64 {
    raw
}

numbers! {
    /// A file descriptor.
    Fd(low_half_signed -> i32) |line, value| line.text(&value.to_string());
    /// What a relative path is relative to.
    DirFd(low_half_signed -> i32) |line, value| match value {
        libc::AT_FDCWD => line.text("AT_FDCWD"),
        _ => line.text(&value.to_string()),
    };
    /// Permission bits.
    Mode(low_half -> u32) |line, value| line.text(&match value {
        0 => "000".to_owned(),
        _ => format!("0{value:o}"),
    });
    /// A number that is shown in hexadecimal.
    Hex(whole -> u64) |line, value| line.text(&format!("{value:#x}"));
    /// A signal.
    Signal(low_half_signed -> i32) |line, value| line.signal(value);
    /// The request of an ioctl.
    IoctlRequest(low_half -> u32) |line, value| line.text(&super::ioctl::name(value));
    /// A device's number.
    Device(whole -> u64) |line, value| line.text(&format!(
        "makedev({:#x}, {:#x})",
        libc::major(value),
        libc::minor(value)
    ));
}

/// Sets of bits: what is shown for none, then the names in libc.
macro_rules! flags {
    ($($(#[$doc:meta])* $type:ident($none:literal: $($name:ident)*);)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy)]
            #[allow(dead_code, reason = "a call that is passed on does not look at it")]
            pub(super) struct $type(pub(super) u32);

            impl Argument for $type {
                fn of(raw: u64) -> $type {
                    $type(low_half(raw))
                }
                fn show(line: &mut Line<'_>, raw: u64) {
                    line.flags(low_half(raw), $none, &[$((i128::from(libc::$name), stringify!($name))),*]);
                }
            }
        )*
    };
}

flags! {
    /// How a file is opened.
    OpenFlags("O_RDONLY": O_WRONLY O_RDWR O_CREAT O_EXCL O_NOCTTY O_TRUNC O_APPEND O_NONBLOCK
        O_SYNC O_DSYNC O_ASYNC O_DIRECT O_TMPFILE O_DIRECTORY O_NOFOLLOW O_NOATIME O_CLOEXEC
        O_PATH);
    /// How a file is to be accessible.
    AccessMode("F_OK": R_OK W_OK X_OK);
    /// How a path is looked up.
    AtFlags("0": AT_SYMLINK_NOFOLLOW AT_REMOVEDIR AT_SYMLINK_FOLLOW AT_NO_AUTOMOUNT
        AT_EMPTY_PATH AT_STATX_FORCE_SYNC AT_STATX_DONT_SYNC);
    /// What may be done with memory.
    Protection("PROT_NONE": PROT_READ PROT_WRITE PROT_EXEC PROT_GROWSDOWN PROT_GROWSUP);
    /// How memory is mapped.
    MapFlags("0": MAP_SHARED MAP_PRIVATE MAP_FIXED MAP_ANONYMOUS MAP_GROWSDOWN MAP_DENYWRITE
        MAP_EXECUTABLE MAP_LOCKED MAP_NORESERVE MAP_POPULATE MAP_NONBLOCK MAP_STACK MAP_HUGETLB
        MAP_SYNC MAP_FIXED_NOREPLACE);
    /// How a mapping is moved.
    RemapFlags("0": MREMAP_MAYMOVE MREMAP_FIXED MREMAP_DONTUNMAP);
    /// Namespaces and what else processes share.
    ShareFlags("0": CLONE_VM CLONE_FS CLONE_FILES CLONE_SIGHAND CLONE_PTRACE CLONE_VFORK
        CLONE_PARENT CLONE_THREAD CLONE_NEWNS CLONE_SYSVSEM CLONE_SETTLS CLONE_PARENT_SETTID
        CLONE_CHILD_CLEARTID CLONE_DETACHED CLONE_UNTRACED CLONE_CHILD_SETTID CLONE_NEWCGROUP
        CLONE_NEWUTS CLONE_NEWIPC CLONE_NEWUSER CLONE_NEWPID CLONE_NEWNET CLONE_IO);
    /// What is waited for.
    WaitFlags("0": WNOHANG WUNTRACED WEXITED WCONTINUED WNOWAIT);
    /// How messages are sent and received.
    MessageFlags("0": MSG_OOB MSG_PEEK MSG_DONTROUTE MSG_CTRUNC MSG_TRUNC MSG_DONTWAIT MSG_EOR
        MSG_WAITALL MSG_NOSIGNAL MSG_MORE MSG_ERRQUEUE MSG_CMSG_CLOEXEC MSG_FASTOPEN);
    /// How random bytes are had.
    RandomFlags("0": GRND_NONBLOCK GRND_RANDOM GRND_INSECURE);
    /// How a file is renamed.
    RenameFlags("0": RENAME_NOREPLACE RENAME_EXCHANGE RENAME_WHITEOUT);
    /// Flags of a descriptor of one of the `…fd` calls or of a pipe, all of which are `O_…`.
    FdFlags("0": O_NONBLOCK O_CLOEXEC O_DIRECT);
}

/// One of several numbers, with the names in libc.
macro_rules! choices {
    ($($(#[$doc:meta])* $type:ident($($name:ident)*);)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy)]
            #[allow(dead_code, reason = "a call that is passed on does not look at it")]
            pub(super) struct $type(pub(super) i32);

            impl Argument for $type {
                fn of(raw: u64) -> $type {
                    $type(low_half_signed(raw))
                }
                fn show(line: &mut Line<'_>, raw: u64) {
                    line.choice(raw, &[$((i128::from(libc::$name), stringify!($name))),*]);
                }
            }
        )*
    };
}

choices! {
    /// What an offset is counted from.
    Whence(SEEK_SET SEEK_CUR SEEK_END SEEK_DATA SEEK_HOLE);
    /// A command of fcntl.
    FcntlCommand(F_DUPFD F_GETFD F_SETFD F_GETFL F_SETFL F_GETLK F_SETLK F_SETLKW F_SETOWN
        F_GETOWN F_OFD_GETLK F_OFD_SETLK F_OFD_SETLKW F_SETLEASE F_GETLEASE
        F_NOTIFY F_DUPFD_CLOEXEC F_SETPIPE_SZ F_GETPIPE_SZ F_ADD_SEALS F_GET_SEALS);
    /// A clock.
    Clock(CLOCK_REALTIME CLOCK_MONOTONIC CLOCK_PROCESS_CPUTIME_ID CLOCK_THREAD_CPUTIME_ID
        CLOCK_MONOTONIC_RAW CLOCK_REALTIME_COARSE CLOCK_MONOTONIC_COARSE CLOCK_BOOTTIME
        CLOCK_REALTIME_ALARM CLOCK_BOOTTIME_ALARM CLOCK_TAI);
    /// A limited resource.
    Resource(RLIMIT_CPU RLIMIT_FSIZE RLIMIT_DATA RLIMIT_STACK RLIMIT_CORE RLIMIT_RSS RLIMIT_NPROC
        RLIMIT_NOFILE RLIMIT_MEMLOCK RLIMIT_AS RLIMIT_LOCKS RLIMIT_SIGPENDING RLIMIT_MSGQUEUE
        RLIMIT_NICE RLIMIT_RTPRIO RLIMIT_RTTIME);
    /// What memory is used for.
    Advice(MADV_NORMAL MADV_RANDOM MADV_SEQUENTIAL MADV_WILLNEED MADV_DONTNEED MADV_FREE
        MADV_REMOVE MADV_DONTFORK MADV_DOFORK MADV_MERGEABLE MADV_UNMERGEABLE MADV_HUGEPAGE
        MADV_NOHUGEPAGE MADV_DONTDUMP MADV_DODUMP MADV_WIPEONFORK MADV_KEEPONFORK MADV_COLD
        MADV_PAGEOUT);
    /// What a signal mask is changed by.
    MaskChange(SIG_BLOCK SIG_UNBLOCK SIG_SETMASK);
    /// A family of sockets.
    SocketFamily(AF_UNSPEC AF_UNIX AF_INET AF_INET6 AF_NETLINK AF_PACKET AF_VSOCK);
    /// What is changed in a set of watched descriptors.
    EpollChange(EPOLL_CTL_ADD EPOLL_CTL_DEL EPOLL_CTL_MOD);
    /// What of a process is asked or changed.
    PrctlOption(PR_SET_PDEATHSIG PR_GET_PDEATHSIG PR_GET_DUMPABLE PR_SET_DUMPABLE PR_SET_NAME
        PR_GET_NAME PR_GET_SECCOMP PR_SET_SECCOMP PR_CAPBSET_READ PR_CAPBSET_DROP
        PR_SET_TIMERSLACK PR_GET_TIMERSLACK PR_SET_MM PR_SET_CHILD_SUBREAPER
        PR_GET_CHILD_SUBREAPER PR_SET_NO_NEW_PRIVS PR_GET_NO_NEW_PRIVS PR_SET_VMA
        PR_SET_KEEPCAPS PR_GET_KEEPCAPS PR_CAP_AMBIENT);
    /// Which timer.
    Timer(ITIMER_REAL ITIMER_VIRTUAL ITIMER_PROF);
    /// Whose resources.
    UsageOf(RUSAGE_SELF RUSAGE_CHILDREN RUSAGE_THREAD);
    /// What a waiter waits for.
    WaitFor(P_ALL P_PID P_PGID P_PIDFD);
}

/// What a new process shares with its parent; in the low byte, the signal at its end.
#[derive(Clone, Copy)]
pub(super) struct CloneFlags(pub(super) u32);

impl Argument for CloneFlags {
    fn of(raw: u64) -> CloneFlags {
        CloneFlags(low_half(raw))
    }
    fn show(line: &mut Line<'_>, raw: u64) {
        let (flags, signal) = (raw & !0xff, raw & 0xff);
        if flags != 0 {
            ShareFlags::show(line, flags);
            line.text(if signal != 0 { "|" } else { "" });
        }
        if flags == 0 || signal != 0 {
            Signal::show(line, signal);
        }
    }
}

/// What is done with a futex.
#[derive(Clone, Copy)]
#[expect(dead_code, reason = "the call is passed on")]
pub(super) struct FutexOperation(pub(super) i32);

impl Argument for FutexOperation {
    fn of(raw: u64) -> FutexOperation {
        FutexOperation(low_half_signed(raw))
    }
    fn show(line: &mut Line<'_>, raw: u64) {
        let modifiers = [
            (libc::FUTEX_PRIVATE_FLAG, "|FUTEX_PRIVATE_FLAG"),
            (libc::FUTEX_CLOCK_REALTIME, "|FUTEX_CLOCK_REALTIME"),
        ];
        let operation = modifiers
            .iter()
            .fold(low_half_signed(raw), |o, (bit, _)| o & !bit);
        let names = [
            "FUTEX_WAIT",
            "FUTEX_WAKE",
            "FUTEX_FD",
            "FUTEX_REQUEUE",
            "FUTEX_CMP_REQUEUE",
            "FUTEX_WAKE_OP",
            "FUTEX_LOCK_PI",
            "FUTEX_UNLOCK_PI",
            "FUTEX_TRYLOCK_PI",
            "FUTEX_WAIT_BITSET",
            "FUTEX_WAKE_BITSET",
            "FUTEX_WAIT_REQUEUE_PI",
            "FUTEX_CMP_REQUEUE_PI",
            "FUTEX_LOCK_PI2",
        ];
        let name = usize::try_from(operation).ok().and_then(|o| names.get(o));
        line.text(&name.map_or_else(|| operation.to_string(), ToString::to_string));
        for (bit, name) in modifiers {
            if low_half_signed(raw) & bit != 0 {
                line.text(name);
            }
        }
    }
}
