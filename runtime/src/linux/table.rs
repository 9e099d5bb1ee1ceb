//! The table of system calls: what a row is, how it is written, how it is found.
//!
//! One row holds a call's name, both its numbers, its typed arguments, how well it is supported
//! and what it does. The dispatcher, `--strace` and `docs/syscalls.md` are readers of the rows.

use super::arguments::Show;
use super::errno::Errno;
use super::kernel::Kernel;

/// How well a system call is supported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    /// As Linux does it.
    Full,
    /// As Linux does it, but for what is named here.
    Partial(&'static str),
    /// It fails always, with this error.
    Refused(Errno),
}

/// What a call gives the guest.
pub type SyscallResult = Result<u64, Errno>;

/// A system call.
pub struct Row {
    /// Its name.
    pub name: &'static str,
    /// What it does.
    pub doc: &'static str,
    /// Its number on riscv64 and every other machine with Linux's generic table.
    pub generic: u16,
    /// Its number on x86-64, where there is one.
    pub x86_64: Option<u16>,
    /// How well it is supported.
    pub support: Support,
    /// Names of the arguments.
    pub arguments: &'static [&'static str],
    pub(super) show: &'static [Show],
    pub(super) body: fn(&mut Kernel<'_>, &[u64; 6]) -> SyscallResult,
}

/// Rows of a family of system calls:
///
/// ```text
/// /// Reads from a file descriptor.
/// read(generic 63, x86_64 0, Support::Full) |k, fd: Fd, buffer: BytesOut, count: u64| k.pass();
/// ```
///
/// A call that x86-64 lacks has `none` for its number there.
macro_rules! syscalls {
    ($(
        $(#[doc = $doc:literal])+
        $name:ident(generic $generic:literal, x86_64 $x86_64:tt, $support:expr)
        |$k:ident $(, $argument:ident: $type:ty)* $(,)?| $body:expr;
    )*) => {
        pub(super) const ROWS: &[$crate::linux::table::Row] = &[$(
            $crate::linux::table::Row {
                name: stringify!($name),
                doc: concat!($($doc, "\n"),+),
                generic: $generic,
                x86_64: syscalls!(@number $x86_64),
                support: $support,
                arguments: &[$(stringify!($argument)),*],
                show: &[$($crate::linux::arguments::Show::of::<$type>()),*],
                body: {
                    fn $name(
                        $k: &mut $crate::linux::kernel::Kernel<'_>,
                        raw: &[u64; 6],
                    ) -> $crate::linux::table::SyscallResult {
                        let raw = &mut raw.iter().copied();
                        $(let $argument =
                            <$type as $crate::linux::arguments::Argument>::of(
                                raw.next().unwrap_or_default(),
                            );)*
                        // A call that is passed on as it is does not look at its arguments.
                        let _ = (&$k, &raw, $(&$argument),*);
                        $body
                    }
                    $name
                },
            },
        )*];
    };
    (@number none) => { None };
    (@number $number:literal) => { Some($number) };
}
pub(super) use syscalls;

const FAMILIES: &[&[Row]] = &[
    super::files::ROWS,
    super::status::ROWS,
    super::directories::ROWS,
    super::attributes::ROWS,
    super::descriptors::ROWS,
    super::events::ROWS,
    super::memory::ROWS,
    super::process::ROWS,
    super::scheduling::ROWS,
    super::time::ROWS,
    super::identity::ROWS,
    super::sockets::ROWS,
    super::ipc::ROWS,
    super::signals_rows::ROWS,
    super::system::ROWS,
    super::refused::ROWS,
];

/// One more than the highest number.
const NUMBERS: usize = 512;

static BY_NUMBER: [Option<&'static Row>; NUMBERS] = {
    let mut table = [None; NUMBERS];
    let mut family = 0;
    while family < FAMILIES.len() {
        let rows = FAMILIES[family];
        let mut row = 0;
        while row < rows.len() {
            let number = rows[row].generic as usize;
            assert!(table[number].is_none(), "two rows have one number");
            table[number] = Some(&rows[row]);
            row += 1;
        }
        family += 1;
    }
    table
};

/// The row of a guest's system call.
pub(super) fn row(number: u64) -> Option<&'static Row> {
    usize::try_from(number)
        .ok()
        .and_then(|n| BY_NUMBER.get(n).copied().flatten())
}

/// All rows, by number.
pub fn rows() -> impl Iterator<Item = &'static Row> {
    BY_NUMBER.iter().flatten().copied()
}
