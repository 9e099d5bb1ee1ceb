//! Executing programs: guests and images go back into vmtrans, everything else to the host.

#![allow(unsafe_code)]

use std::ffi::{CStr, CString, OsStr};
use std::fs::File;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::Path;

use vmtrans_guest_elf::GuestElf;
use vmtrans_isa::GuestAddr;

use super::errno::Errno;
use super::kernel::Kernel;
use super::table::SyscallResult;
use super::{proc_files, strace, user};
use crate::image::{ImageFile, looks_like_image};

/// The executable of this process, whatever it was started as.
const SELF: &CStr = c"/proc/self/exe";
/// How often an interpreter of a script may be a script.
const SCRIPT_DEPTH: usize = 5;
/// Linux's `MAX_ARG_STRLEN`.
const LONGEST_ARGUMENT: usize = 131_072;
/// No more strings than this are read: they could not be handed on.
const MOST_ARGUMENTS: usize = 1 << 20;
/// Bytes of a script's first line that Linux looks at (`BINPRM_BUF_SIZE`).
const FIRST_LINE: usize = 256;

/// How a program is to be executed.
enum Plan {
    /// As the guest asked, by the host.
    Host,
    /// By vmtrans: the guest program, and its arguments.
    Guest {
        program: CString,
        arguments: Vec<CString>,
    },
}

/// Executes a program in place of this one. Returns where that failed.
pub(super) fn execute(
    k: &mut Kernel<'_>,
    directory: RawFd,
    path: GuestAddr,
    arguments: GuestAddr,
    environment: GuestAddr,
    flags: i32,
) -> SyscallResult {
    if flags & !(libc::AT_EMPTY_PATH | libc::AT_SYMLINK_NOFOLLOW) != 0 {
        return Err(Errno::EINVAL);
    }
    let path = match proc_files::replacement(k, path)? {
        Some(path) => path,
        None => user::string(path, libc::PATH_MAX.cast_unsigned() as usize)?,
    };
    let mut arguments = strings(arguments)?;
    let environment = strings(environment)?;
    if arguments.is_empty() {
        // As Linux does since 5.18: programs may rely on argv[0].
        arguments.push(CString::default());
    }
    let target = Target {
        directory,
        path,
        flags,
    };
    let error = match plan(&target, &arguments)? {
        Plan::Host => replace_process(k, &target, &arguments, &environment),
        Plan::Guest { program, arguments } => {
            let arguments = run_arguments(k, program, arguments);
            let runner = Target {
                directory: libc::AT_FDCWD,
                path: SELF.into(),
                flags: 0,
            };
            replace_process(k, &runner, &arguments, &environment)
        }
    };
    Err(error)
}

/// A file, named as execveat does.
struct Target {
    directory: RawFd,
    path: CString,
    flags: i32,
}

fn strings(address: GuestAddr) -> Result<Vec<CString>, Errno> {
    let mut strings = Vec::new();
    if address.get() == 0 {
        return Ok(strings);
    }
    let mut at = address;
    loop {
        match user::read_u64(at)? {
            0 => return Ok(strings),
            _ if strings.len() >= MOST_ARGUMENTS => return Err(Errno::E2BIG),
            string => {
                let string = user::string(GuestAddr::new(string), LONGEST_ARGUMENT);
                strings.push(string.map_err(|error| match error {
                    Errno::ENAMETOOLONG => Errno::E2BIG,
                    other => other,
                })?);
            }
        }
        at = at.checked_add(8).ok_or(Errno::EFAULT)?;
    }
}

fn plan(target: &Target, arguments: &[CString]) -> Result<Plan, Errno> {
    // What cannot be opened or is no file, the host refuses with the right error; what may be
    // executed but not read cannot be a guest program, as vmtrans must read it.
    let Ok(file) = open(target) else {
        return Ok(Plan::Host);
    };
    if !may_execute(target, &file) {
        return Ok(Plan::Host);
    }
    let Some(name) = lasting_name(target, &file) else {
        return Ok(Plan::Host);
    };
    follow_scripts(file, name, arguments)
}

/// Goes from a script to its interpreter until there is a program.
fn follow_scripts(file: File, name: CString, arguments: &[CString]) -> Result<Plan, Errno> {
    let (mut file, mut name) = (file, name);
    let mut arguments = arguments.to_vec();
    for _ in 0..SCRIPT_DEPTH {
        let mut start = [0; FIRST_LINE];
        let length = read_start(&file, &mut start);
        let start = &start[..length];
        if is_guest(start) {
            GuestElf::parse_from(&file, Path::new(OsStr::from_bytes(name.to_bytes())))
                .map_err(|_| Errno::ENOEXEC)?;
            return Ok(Plan::Guest {
                program: name,
                arguments,
            });
        }
        if is_image(&file, start, &name) {
            return Ok(Plan::Guest {
                program: name,
                arguments,
            });
        }
        let Some((interpreter, argument)) = interpreter(start) else {
            return Ok(Plan::Host);
        };
        let mut replaced = vec![interpreter.clone()];
        replaced.extend(argument);
        replaced.push(name);
        replaced.extend(arguments.drain(1..));
        arguments = replaced;
        let target = Target {
            directory: libc::AT_FDCWD,
            path: interpreter,
            flags: 0,
        };
        let Ok(opened) = open(&target) else {
            return Ok(Plan::Host);
        };
        if !may_execute(&target, &opened) {
            return Ok(Plan::Host);
        }
        (file, name) = (opened, target.path);
    }
    Err(Errno::ELOOP)
}

fn read_start(file: &File, start: &mut [u8]) -> usize {
    let mut length = 0;
    while length < start.len() {
        match file.read_at(&mut start[length..], length as u64) {
            Ok(count) if count > 0 => length += count,
            _ => break,
        }
    }
    length
}

/// Whether a file starts as an ELF file for RISC-V does, of whatever class.
fn is_guest(start: &[u8]) -> bool {
    start.starts_with(b"\x7fELF") && start.get(18..20) == Some(&[243, 0])
}

/// Whether a file is an image that this process could run. It would start a runner by itself, but
/// perhaps another one, and without this one's options.
fn is_image(file: &File, start: &[u8], name: &CStr) -> bool {
    let path = Path::new(OsStr::from_bytes(name.to_bytes()));
    looks_like_image(start)
        && file
            .try_clone()
            .is_ok_and(|file| ImageFile::open(file, path).is_ok())
}

/// The interpreter of a script and its one argument, as Linux reads the first line.
fn interpreter(start: &[u8]) -> Option<(CString, Option<CString>)> {
    let line = start.strip_prefix(b"#!")?;
    let line = match line.iter().position(|&b| b == b'\n') {
        Some(end) => &line[..end],
        // A line that is cut off must at least name the interpreter whole.
        None if start.len() == FIRST_LINE && !has_second_word(line) => return None,
        None => line,
    };
    let line = line
        .split(|&b| b == 0)
        .next()
        .unwrap_or_default()
        .trim_ascii();
    let end = line
        .iter()
        .position(|b| matches!(b, b' ' | b'\t'))
        .unwrap_or(line.len());
    let (interpreter, argument) = (&line[..end], line[end..].trim_ascii());
    if interpreter.is_empty() {
        return None;
    }
    let argument = if argument.is_empty() {
        None
    } else {
        CString::new(argument).ok()
    };
    Some((CString::new(interpreter).ok()?, argument))
}

fn has_second_word(line: &[u8]) -> bool {
    line.trim_ascii_start()
        .iter()
        .any(|b| matches!(b, b' ' | b'\t'))
}

fn open(target: &Target) -> Result<File, Errno> {
    let mut flags = libc::O_RDONLY | libc::O_CLOEXEC | libc::O_NONBLOCK | libc::O_NOCTTY;
    if target.flags & libc::AT_SYMLINK_NOFOLLOW != 0 {
        flags |= libc::O_NOFOLLOW;
    }
    if target.path.is_empty() && target.flags & libc::AT_EMPTY_PATH != 0 {
        // Opened anew, since the guest's descriptor may be one that cannot be read (O_PATH).
        let path = format!("/proc/self/fd/{}", target.directory);
        return File::open(path).map_err(|error| Errno::of(&error));
    }
    // SAFETY: the path is a string that lives through the call.
    let fd = unsafe { libc::openat(target.directory, target.path.as_ptr(), flags) };
    owned(fd).map(File::from)
}

fn owned(fd: RawFd) -> Result<OwnedFd, Errno> {
    if fd < 0 {
        return Err(Errno::of(&std::io::Error::last_os_error()));
    }
    // SAFETY: the descriptor was just made and is nobody else's.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

fn may_execute(target: &Target, file: &File) -> bool {
    let regular = file.metadata().is_ok_and(|m| m.is_file());
    let flags = libc::AT_EACCESS | target.flags;
    // SAFETY: the path is a string that lives through the call.
    let access =
        unsafe { libc::faccessat(target.directory, target.path.as_ptr(), libc::X_OK, flags) };
    regular && access == 0
}

/// A name by which the file is found when this process's descriptors are closed.
fn lasting_name(target: &Target, file: &File) -> Option<CString> {
    let relative_to_directory =
        target.directory != libc::AT_FDCWD && !target.path.to_bytes().starts_with(b"/");
    if !relative_to_directory {
        return Some(target.path.clone());
    }
    let link = std::fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd())).ok()?;
    if link.exists() {
        return CString::new(link.as_os_str().as_bytes()).ok();
    }
    // It has no name any more: a descriptor that stays open through execution stands for it.
    // SAFETY: F_DUPFD takes no pointer.
    let fd = unsafe { libc::fcntl(file.as_raw_fd(), libc::F_DUPFD, 100) };
    CString::new(format!("/proc/self/fd/{fd}"))
        .ok()
        .filter(|_| fd >= 0)
}

/// The command line that runs a guest program.
fn run_arguments(k: &Kernel<'_>, program: CString, arguments: Vec<CString>) -> Vec<CString> {
    let mut arguments = arguments.into_iter();
    let options = k.process().config.run_options.iter();
    let options = options.filter_map(|o| CString::new(o.as_bytes()).ok());
    let mut command = vec![CString::from(c"vmtrans"), CString::from(c"run")];
    command.extend(options);
    // One word, so that a name that starts with a dash is no option.
    let mut name = b"--argv0=".to_vec();
    name.extend(arguments.next().unwrap_or_default().into_bytes());
    command.extend(CString::new(name));
    command.push(c"--".into());
    command.push(program);
    command.extend(arguments);
    command
}

fn pointers(strings: &[CString]) -> Vec<*const libc::c_char> {
    strings
        .iter()
        .map(|s| s.as_ptr())
        .chain([std::ptr::null()])
        .collect()
}

/// Executes on the host. Gives why that failed.
fn replace_process(
    k: &mut Kernel<'_>,
    target: &Target,
    arguments: &[CString],
    environment: &[CString],
) -> Errno {
    if let Some(fd) = &k.process().config.strace {
        let line = strace::unfinished(strace::before(k.row, &k.arguments), "0");
        super::report(k.process(), fd.as_ref(), &line);
    }
    crate::signals::before_execute(k.thread);
    let (arguments, environment) = (pointers(arguments), pointers(environment));
    // SAFETY: the path is a string, both vectors hold strings and end with a null pointer; all
    // live through the call.
    unsafe {
        libc::syscall(
            libc::SYS_execveat,
            target.directory,
            target.path.as_ptr(),
            arguments.as_ptr(),
            environment.as_ptr(),
            target.flags,
        )
    };
    let error = Errno::of(&std::io::Error::last_os_error());
    crate::signals::after_failed_execute(k.thread);
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &[u8]) -> Option<(String, Option<String>)> {
        let text = |s: CString| s.into_string().expect("the test is ASCII");
        interpreter(line).map(|(i, a)| (text(i), a.map(text)))
    }

    #[test]
    fn first_lines_of_scripts() {
        let sh = || "/bin/sh".to_owned();
        assert_eq!(words(b"#!/bin/sh\necho"), Some((sh(), None)));
        assert_eq!(words(b"#! /bin/sh -e  \n"), Some((sh(), Some("-e".into()))));
        assert_eq!(words(b"#!/bin/sh a b\n"), Some((sh(), Some("a b".into()))));
        assert_eq!(words(b"#!/bin/sh"), Some((sh(), None)));
        assert_eq!(words(b"#!\n"), None);
        assert_eq!(words(b"\x7fELF"), None);
        let mut long = b"#!/".to_vec();
        long.resize(FIRST_LINE, b'x');
        assert_eq!(words(&long), None);
    }

    #[test]
    fn guests_are_told_by_their_machine() {
        let mut start = b"\x7fELF\x02\x01\x01".to_vec();
        start.resize(64, 0);
        assert!(!is_guest(&start));
        start[18] = 243;
        assert!(is_guest(&start));
        assert!(!is_guest(&start[..18]));
    }
}
