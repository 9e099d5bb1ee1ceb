//! `--strace`: a line for each system call, in the form of strace(1).

use vmtrans_isa::GuestAddr;

use super::arguments::{low_half, low_half_signed};
use super::errno::Errno;
use super::table::{Row, SyscallResult};
use super::user;

/// Bytes of a string or buffer that are shown.
const SHOWN: usize = 32;
/// Strings of an argument vector, and elements of arrays, that are shown.
const SHOWN_ELEMENTS: u32 = 16;

/// A line that is being written.
pub(super) struct Line<'a> {
    text: String,
    arguments: &'a [u64; 6],
    /// Which argument is being shown.
    index: usize,
    result: Option<SyscallResult>,
}

/// The first part of a line: the name, and the arguments up to the first that the call fills.
pub(super) fn before<'a>(row: &Row, arguments: &'a [u64; 6]) -> Line<'a> {
    let mut line = Line {
        text: format!("{}(", row.name),
        arguments,
        index: 0,
        result: None,
    };
    while line.index < row.show.len() && !row.show[line.index].filled {
        line.show_next(row);
    }
    line
}

/// The rest of it.
pub(super) fn after(mut line: Line<'_>, row: &Row, result: SyscallResult) -> String {
    line.result = Some(result);
    while line.index < row.show.len() {
        line.show_next(row);
    }
    line.text.push_str(") = ");
    line.text.push_str(&result_text(row, result));
    line.text
}

/// The line of a call that does not return.
pub(super) fn unfinished(line: Line<'_>, result: &str) -> String {
    format!("{}) = {result}", line.text)
}

/// The line of a call that is not in the table.
pub(super) fn unknown(number: u64, arguments: &[u64; 6]) -> String {
    let [a, b, c, d, e, f] = arguments;
    let error = error_text(Errno::ENOSYS);
    format!("syscall_{number}({a:#x}, {b:#x}, {c:#x}, {d:#x}, {e:#x}, {f:#x}) = {error}")
}

fn result_text(row: &Row, result: SyscallResult) -> String {
    match result {
        Err(error) => error_text(error),
        Ok(value) if matches!(row.name, "mmap" | "mremap" | "brk" | "shmat") => {
            format!("{value:#x}")
        }
        Ok(value) => value.cast_signed().to_string(),
    }
}

fn error_text(error: Errno) -> String {
    format!("-1 {} ({})", error.name(), error.text())
}

impl Line<'_> {
    fn show_next(&mut self, row: &Row) {
        if self.index > 0 {
            self.text.push_str(", ");
        }
        (row.show[self.index].show)(self, self.arguments[self.index]);
        self.index += 1;
    }

    /// The argument after the one that is shown.
    pub(super) fn next_argument(&self) -> u64 {
        self.arguments
            .get(self.index + 1)
            .copied()
            .unwrap_or_default()
    }

    /// What the call returned, 0 for an error.
    pub(super) fn result_or_zero(&self) -> u64 {
        self.result.and_then(Result::ok).unwrap_or_default()
    }

    pub(super) fn text(&mut self, text: &str) {
        self.text.push_str(text);
    }

    pub(super) fn address(&mut self, address: u64) {
        match address {
            0 => self.text("NULL"),
            _ => self.text(&format!("{address:#x}")),
        }
    }

    /// What a call filled, or its address where it failed.
    pub(super) fn filled(&mut self, address: GuestAddr, show: impl FnOnce(&mut Self, GuestAddr)) {
        match self.result {
            Some(Ok(_)) => show(self, address),
            _ => self.address(address.get()),
        }
    }

    pub(super) fn string(&mut self, address: GuestAddr) {
        match user::string(address, 4096) {
            Ok(string) => self.quoted(string.to_bytes(), 256),
            Err(_) => self.address(address.get()),
        }
    }

    pub(super) fn string_if_good(&mut self, address: GuestAddr) {
        self.filled(address, |line, address| match line.result {
            // readlinkat writes no zero byte, getcwd counts it.
            Some(Ok(length)) => line.bytes(address, length),
            _ => line.string(address),
        });
    }

    pub(super) fn bytes(&mut self, address: GuestAddr, length: u64) {
        if matches!(self.result, Some(Err(_))) {
            return self.address(address.get());
        }
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        // One more than is shown, so that what was left out is seen.
        let mut buffer = vec![0; length.min(SHOWN + 1)];
        match user::read(address, &mut buffer) {
            Ok(()) => self.quoted(&buffer, SHOWN),
            Err(_) => self.address(address.get()),
        }
    }

    fn quoted(&mut self, bytes: &[u8], limit: usize) {
        self.text.push('"');
        for &byte in &bytes[..bytes.len().min(limit)] {
            match byte {
                b'\n' => self.text.push_str("\\n"),
                b'\t' => self.text.push_str("\\t"),
                b'\r' => self.text.push_str("\\r"),
                b'"' => self.text.push_str("\\\""),
                b'\\' => self.text.push_str("\\\\"),
                0x20..=0x7e => self.text.push(char::from(byte)),
                _ => self.text.push_str(&format!("\\{byte:o}")),
            }
        }
        self.text.push('"');
        if bytes.len() > limit {
            self.text.push_str("...");
        }
    }

    pub(super) fn strings(&mut self, address: GuestAddr) {
        if address.get() == 0 {
            return self.text("NULL");
        }
        self.text("[");
        for index in 0.. {
            let pointer = address.wrapping_offset(8 * i64::from(index));
            match user::read_u64(pointer) {
                Ok(0) => break,
                Ok(_) if index >= SHOWN_ELEMENTS => {
                    self.text(", ...");
                    break;
                }
                Ok(string) => {
                    self.text(if index > 0 { ", " } else { "" });
                    self.string(GuestAddr::new(string));
                }
                Err(_) => {
                    self.text("?");
                    break;
                }
            }
        }
        self.text("]");
    }

    pub(super) fn count_of_strings(&mut self, address: GuestAddr) {
        self.address(address.get());
        let pointers = (0..1 << 20).map(|n: i64| user::read_u64(address.wrapping_offset(8 * n)));
        let count = pointers.take_while(|p| p.is_ok_and(|p| p != 0)).count();
        self.text(&format!(" /* {count} vars */"));
    }

    pub(super) fn vectors(&mut self, address: GuestAddr, count: u64) {
        self.text("[");
        let mut left = self.result.map_or(u64::MAX, |r| r.unwrap_or_default());
        for index in 0..count.min(SHOWN_ELEMENTS.into()) {
            let mut vector = [0; 16];
            let at = address.wrapping_offset((16 * index).cast_signed());
            if user::read(at, &mut vector).is_err() {
                self.text("?");
                break;
            }
            let (base, length) = vector.split_at(8);
            let number = |b: &[u8]| b.iter().rev().fold(0, |n, &b| n << 8 | u64::from(b));
            self.text(if index > 0 {
                ", {iov_base="
            } else {
                "{iov_base="
            });
            self.bytes(GuestAddr::new(number(base)), number(length).min(left));
            left = left.saturating_sub(number(length));
            self.text(&format!(", iov_len={}}}", number(length)));
        }
        self.text("]");
    }

    fn fields<const N: usize>(&mut self, address: GuestAddr) -> Option<user::Record<N>> {
        let record = user::Record::read(address).ok();
        if record.is_none() {
            self.address(address.get());
        }
        record
    }

    pub(super) fn time(&mut self, address: GuestAddr, fraction: &str) {
        let Some(time) = self.fields::<16>(address) else {
            return;
        };
        let (seconds, rest) = (time.u64(0).cast_signed(), time.u64(8).cast_signed());
        self.text(&format!("{{tv_sec={seconds}, {fraction}={rest}}}"));
    }

    pub(super) fn array_of_i32(&mut self, address: GuestAddr, count: usize) {
        let mut bytes = vec![0; 4 * count];
        if user::read(address, &mut bytes).is_err() {
            return self.address(address.get());
        }
        let numbers = bytes
            .chunks_exact(4)
            .map(|c| i32::from_le_bytes([c[0], c[1], c[2], c[3]]).to_string())
            .collect::<Vec<_>>();
        self.text(&format!("[{}]", numbers.join(", ")));
    }

    pub(super) fn limits(&mut self, address: GuestAddr) {
        let Some(limits) = self.fields::<16>(address) else {
            return;
        };
        let shown = |limit: u64| match limit {
            u64::MAX => "RLIM64_INFINITY".into(),
            _ => limit.to_string(),
        };
        let (current, most) = (shown(limits.u64(0)), shown(limits.u64(8)));
        self.text(&format!("{{rlim_cur={current}, rlim_max={most}}}"));
    }

    pub(super) fn stat(&mut self, address: GuestAddr) {
        let Some(stat) = self.fields::<128>(address) else {
            return;
        };
        let (mode, size) = (stat.u32(16), stat.u64(48));
        let kind = match mode & libc::S_IFMT {
            libc::S_IFREG => "S_IFREG",
            libc::S_IFDIR => "S_IFDIR",
            libc::S_IFLNK => "S_IFLNK",
            libc::S_IFCHR => "S_IFCHR",
            libc::S_IFBLK => "S_IFBLK",
            libc::S_IFIFO => "S_IFIFO",
            libc::S_IFSOCK => "S_IFSOCK",
            _ => "0",
        };
        let bits = mode & !libc::S_IFMT;
        self.text(&format!(
            "{{st_mode={kind}|0{bits:o}, st_size={size}, ...}}"
        ));
    }

    pub(super) fn wait_status(&mut self, address: GuestAddr) {
        if address.get() == 0 {
            return self.text("NULL");
        }
        let Some(record) = self.fields::<4>(address) else {
            return;
        };
        let status = record.u32(0).cast_signed();
        let text = if libc::WIFEXITED(status) {
            format!(
                "[{{WIFEXITED(s) && WEXITSTATUS(s) == {}}}]",
                libc::WEXITSTATUS(status)
            )
        } else if libc::WIFSIGNALED(status) {
            format!(
                "[{{WIFSIGNALED(s) && WTERMSIG(s) == {}}}]",
                signal_name(libc::WTERMSIG(status))
            )
        } else {
            format!("[{status:#x}]")
        };
        self.text(&text);
    }

    pub(super) fn utsname(&mut self, address: GuestAddr) {
        let mut names = [0; 6 * 65];
        if user::read(address, &mut names).is_err() {
            return self.address(address.get());
        }
        let name = |at: usize| {
            let name = &names[65 * at..65 * (at + 1)];
            let end = name.iter().position(|&b| b == 0).unwrap_or(65);
            String::from_utf8_lossy(&name[..end]).into_owned()
        };
        self.text(&format!(
            "{{sysname=\"{}\", machine=\"{}\", ...}}",
            name(0),
            name(4)
        ));
    }

    pub(super) fn socket_address(&mut self, address: GuestAddr, length: u64) {
        let mut bytes = vec![0; usize::try_from(length).unwrap_or(usize::MAX).min(110)];
        if address.get() == 0 || bytes.len() < 2 || user::read(address, &mut bytes).is_err() {
            return self.address(address.get());
        }
        let family = i32::from(u16::from_le_bytes([bytes[0], bytes[1]]));
        match (family, &bytes[2..]) {
            (libc::AF_UNIX, path) => {
                self.text("{sa_family=AF_UNIX, sun_path=");
                let abstract_name = path.first() == Some(&0);
                let end = path.iter().position(|&b| b == 0).filter(|_| !abstract_name);
                self.quoted(&path[..end.unwrap_or(path.len())], 108);
                self.text("}");
            }
            (libc::AF_INET, [p, q, a, b, c, d, ..]) => {
                let port = u16::from_be_bytes([*p, *q]);
                self.text(&format!(
                    "{{sa_family=AF_INET, sin_port=htons({port}), sin_addr=inet_addr(\"{a}.{b}.{c}.{d}\")}}"
                ));
            }
            _ => self.text(&format!("{{sa_family={family}, ...}}")),
        }
    }

    pub(super) fn signal(&mut self, number: i32) {
        self.text(&signal_name(number));
    }

    /// riscv64's `struct sigaction` has no restorer: handler, flags, mask.
    pub(super) fn signal_action(&mut self, address: GuestAddr) {
        if address.get() == 0 {
            return self.text("NULL");
        }
        let Some(action) = self.fields::<24>(address) else {
            return;
        };
        let handler = match action.u64(0) {
            0 => "SIG_DFL".to_owned(),
            1 => "SIG_IGN".to_owned(),
            handler => format!("{handler:#x}"),
        };
        self.text(&format!("{{sa_handler={handler}, sa_mask="));
        self.set_bits(action.u64(16));
        self.text(", sa_flags=");
        let names = [
            (libc::SA_NOCLDSTOP, "SA_NOCLDSTOP"),
            (libc::SA_NOCLDWAIT, "SA_NOCLDWAIT"),
            (libc::SA_SIGINFO, "SA_SIGINFO"),
            (libc::SA_ONSTACK, "SA_ONSTACK"),
            (libc::SA_RESTART, "SA_RESTART"),
            (libc::SA_NODEFER, "SA_NODEFER"),
            (libc::SA_RESETHAND, "SA_RESETHAND"),
        ];
        let names = names.map(|(bit, name)| (i128::from(bit), name));
        self.flags(low_half(action.u64(8)), "0", &names);
        self.text("}");
    }

    pub(super) fn signal_set(&mut self, address: GuestAddr) {
        if address.get() == 0 {
            return self.text("NULL");
        }
        let Some(set) = self.fields::<8>(address) else {
            return;
        };
        self.set_bits(set.u64(0));
    }

    fn set_bits(&mut self, bits: u64) {
        // The set's complement is shorter where most are in it.
        let (mark, bits) = if bits.count_ones() > 32 {
            ("~", !bits)
        } else {
            ("", bits)
        };
        let names = (0..64)
            .filter(|n| bits >> n & 1 == 1)
            .map(|n| signal_name(n + 1).trim_start_matches("SIG").to_owned())
            .collect::<Vec<_>>();
        self.text(&format!("{mark}[{}]", names.join(" ")));
    }

    pub(super) fn flags(&mut self, value: u32, none: &str, names: &[(i128, &str)]) {
        let mut left = value;
        let mut shown = Vec::new();
        // O_SYNC holds the bits of O_DSYNC, O_TMPFILE those of O_DIRECTORY: the larger come first.
        let mut names = names.to_vec();
        names.sort_by_key(|(bits, _)| std::cmp::Reverse(low_bits(*bits).count_ones()));
        for (bits, name) in names {
            let bits = low_bits(bits);
            if bits != 0 && left & bits == bits {
                shown.push(name.to_owned());
                left &= !bits;
            }
        }
        if left != 0 {
            shown.push(format!("{left:#x}"));
        }
        if shown.is_empty() {
            shown.push(none.to_owned());
        }
        self.text(&shown.join("|"));
    }

    pub(super) fn choice(&mut self, raw: u64, names: &[(i128, &str)]) {
        let value = low_half_signed(raw);
        match names
            .iter()
            .find(|(number, _)| *number == i128::from(value))
        {
            Some((_, name)) => self.text(name),
            None => self.text(&format!("{value:#x}")),
        }
    }
}

/// The bits of a constant of libc, whatever its type.
fn low_bits(bits: i128) -> u32 {
    u64::try_from(bits & i128::from(u32::MAX)).map_or(0, low_half)
}

/// A signal's name, as strace has it.
pub(super) fn signal_name(number: i32) -> String {
    const NAMES: [&str; 31] = [
        "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2",
        "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG",
        "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
    ];
    let name = usize::try_from(number)
        .ok()
        .and_then(|n| NAMES.get(n.wrapping_sub(1)));
    match name {
        Some(name) => format!("SIG{name}"),
        None if (32..=64).contains(&number) => format!("SIGRT_{}", number - 32),
        None => number.to_string(),
    }
}
