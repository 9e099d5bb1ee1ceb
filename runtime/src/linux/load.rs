//! Loading a guest program: segments, heap, stack.
//!
//! Only as much of the file is read as its headers say; memory that a program asks for beyond its
//! file is reserved, not touched.

use std::ffi::{CString, OsStr};
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use vmtrans_guest_elf::{ElfError, GuestElf, Kind, PAGE_SIZE, Segment, Source};
use vmtrans_isa::GuestAddr;

use super::address_space::{AddressSpace, Backing, MAPPING_TOP, Mapping};
use super::errno::Errno;
use super::host_memory::{self, Request};
use super::stack::{self, StartVector, key};
use super::state::Program;
use super::user;

/// First address after the stack.
const STACK_TOP: u64 = 0x40_0000_0000 - PAGE_SIZE;
/// The stack is not larger than this, whatever its limit is.
const STACK_MOST: u64 = 1 << 30;
/// And not smaller.
const STACK_LEAST: u64 = 128 << 10;
/// Where Linux puts programs that may be anywhere, under Sv39 and without randomisation.
const PIE_BASE: u64 = 0x2a_aaaa_a000;
/// Where their heap starts, so that what is mapped after them is not in its way.
const PIE_HEAP: u64 = 0x2c_0000_0000;
/// Letters of the extensions that `AT_HWCAP` names.
const EXTENSIONS: &[u8] = b"IMAFDC";
/// Ticks of `times` in a second, on every Linux.
const CLOCK_TICKS: u64 = 100;
/// Bytes of a signal frame: `siginfo` and `ucontext` with the state of F and D.
const SIGNAL_FRAME: u64 = 1088;

/// Where a guest program's bytes are.
#[derive(Clone, Copy, Debug)]
pub struct LoadSource<'a> {
    /// The program itself, or an image that has it inside.
    pub file: &'a File,
    /// Where it starts, a multiple of the page size.
    pub offset: u64,
    /// Its length in bytes.
    pub length: u64,
}

impl Source for LoadSource<'_> {
    fn length(&self) -> io::Result<u64> {
        Ok(self.length)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.file
            .read_exact_at(buffer, self.offset.saturating_add(offset))
    }
}

/// What a program is started with.
#[derive(Clone, Debug)]
pub struct LoadConfig<'a> {
    /// What is executed, as it was named: `AT_EXECFN`, and in messages.
    pub path: &'a Path,
    /// Its arguments, with its name first.
    pub arguments: &'a [CString],
    /// Its environment.
    pub environment: &'a [CString],
    /// What is added to the addresses of a program that may be anywhere; `None` to choose.
    pub bias: Option<u64>,
    /// Ranges that are not to become the guest's.
    pub reserved: &'a [Range<u64>],
}

/// A program that is ready to start.
#[derive(Debug)]
pub struct Loaded {
    /// Where it starts.
    pub entry: GuestAddr,
    /// Its stack pointer.
    pub stack_pointer: GuestAddr,
    /// What was added to its addresses.
    pub bias: u64,
    /// Its memory.
    pub space: AddressSpace,
    /// What `/proc/self` says of it.
    pub program: Program,
    /// Its file.
    pub elf: GuestElf,
}

/// Why a program could not be loaded.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each field is in the message")]
pub enum LoadError {
    /// The file is no guest program.
    #[error(transparent)]
    Elf(#[from] ElfError),
    /// It is dynamically linked.
    #[error(
        "{} needs the interpreter {}, which is not supported, expected a static program",
        path.display(), interpreter.display()
    )]
    Dynamic { path: PathBuf, interpreter: PathBuf },
    /// Its addresses are taken, or there is no memory for it.
    #[error("{} cannot be mapped at {start:#x} to {end:#x}", path.display())]
    Map {
        path: PathBuf,
        start: u64,
        end: u64,
        source: Errno,
    },
    /// There is no memory for its stack.
    #[error("{} cannot have a stack of {size} bytes", path.display())]
    Stack {
        path: PathBuf,
        size: u64,
        source: Errno,
    },
    /// Its arguments and environment do not fit on its stack.
    #[error("{} has arguments and environment of {found} bytes, expected at most {limit}", path.display())]
    TooManyArguments {
        path: PathBuf,
        found: u64,
        limit: u64,
    },
}

/// Maps a program and makes its stack.
pub fn load(source: &LoadSource<'_>, config: &LoadConfig<'_>) -> Result<Loaded, LoadError> {
    let elf = GuestElf::parse_from(source, config.path)?;
    if let Kind::Dynamic { interpreter, .. } = &elf.kind {
        let (path, interpreter) = (config.path.into(), interpreter.clone());
        return Err(LoadError::Dynamic { path, interpreter });
    }
    let mut space = AddressSpace::default();
    for range in config.reserved {
        space.reserve(range.clone());
    }
    let program_path = absolute(config.path);
    let mut loader = Loader {
        source,
        elf: &elf,
        config,
        space,
        name: &program_path,
        bias: 0,
    };
    loader.reserve()?;
    for segment in &elf.segments {
        loader.map_segment(segment)?;
    }
    loader.release_holes()?;
    loader.place_heap();
    let (stack_pointer, auxiliary_vector) = loader.make_stack()?;
    name_thread(config.path);
    let Loader { space, bias, .. } = loader;
    let command_line = config
        .arguments
        .iter()
        .flat_map(|a| a.as_bytes_with_nul())
        .copied()
        .collect();
    Ok(Loaded {
        entry: GuestAddr::new(elf.entry.get() + bias),
        stack_pointer,
        bias,
        space,
        program: Program {
            path: program_path,
            command_line,
            auxiliary_vector,
        },
        elf,
    })
}

/// What `ps` shows is the program. Linux keeps the first 15 bytes of the name.
fn name_thread(path: &Path) {
    let name = c_string(path.file_name().unwrap_or_default());
    // A name that cannot be set is only missing where one looks for it.
    let _ = rustix::thread::set_name(&name);
}

fn absolute(path: &Path) -> PathBuf {
    std::fs::canonicalize(path).unwrap_or_else(|_| path.into())
}

struct Loader<'a> {
    source: &'a LoadSource<'a>,
    elf: &'a GuestElf,
    config: &'a LoadConfig<'a>,
    space: AddressSpace,
    /// As `/proc/self/maps` names the file.
    name: &'a Path,
    bias: u64,
}

impl Loader<'_> {
    /// Takes all of the program's addresses at once, and decides on them if they are open.
    fn reserve(&mut self) -> Result<(), LoadError> {
        let span = self.elf.span();
        let (start, length) = (span.start.get(), span.end.get() - span.start.get());
        let request = Request {
            address: start,
            length,
            protection: 0,
            flags: libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
            fd: -1,
            offset: 0,
        };
        if self.elf.is_position_independent() {
            let alignment = self.elf.alignment;
            let wanted = match self.config.bias {
                Some(bias) => start.wrapping_add(bias),
                None => PIE_BASE.next_multiple_of(alignment) + start % alignment,
            };
            let placed = self.reserve_at(&Request {
                address: wanted,
                ..request
            });
            let address = match placed {
                Err(_) if self.config.bias.is_none() => host_memory::map_anywhere(
                    &mut self.space,
                    request,
                    alignment,
                    MAPPING_TOP,
                    Mapping::anonymous(0),
                )
                .map_err(|error| self.map_error(start..start + length, error))?,
                placed => placed?,
            };
            self.bias = address.wrapping_sub(start);
        } else {
            self.reserve_at(&request)?;
        }
        Ok(())
    }

    fn reserve_at(&mut self, request: &Request) -> Result<u64, LoadError> {
        let range = request.address..request.address.saturating_add(request.length);
        if self.space.is_reserved(&range) {
            return Err(self.map_error(range, Errno::EEXIST));
        }
        host_memory::map_new(request).map_err(|error| self.map_error(range.clone(), error))?;
        self.space.insert(range, Mapping::anonymous(0));
        Ok(request.address)
    }

    fn map_error(&self, range: Range<u64>, source: Errno) -> LoadError {
        let path = self.config.path.into();
        LoadError::Map {
            path,
            start: range.start,
            end: range.end,
            source,
        }
    }

    /// Maps what of a segment is in the file, then the memory beyond it.
    fn map_segment(&mut self, segment: &Segment) -> Result<(), LoadError> {
        let start = segment.address.get() + self.bias;
        let file_end = start + segment.file_size;
        let end = start + segment.memory_size;
        let first_page = start / PAGE_SIZE * PAGE_SIZE;
        let file_pages_end = match segment.file_size {
            0 => first_page,
            _ => file_end.next_multiple_of(PAGE_SIZE),
        };
        let protection = protection(segment);
        if segment.file_size > 0 {
            self.map_file(segment, first_page..file_pages_end)?;
            if segment.memory_size > segment.file_size {
                self.clear(file_end..file_pages_end, segment)?;
            }
        }
        if end > file_pages_end {
            let range = file_pages_end..end.next_multiple_of(PAGE_SIZE);
            self.map_over(
                &Request {
                    address: range.start,
                    length: range.end - range.start,
                    protection,
                    flags: libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
                    fd: -1,
                    offset: 0,
                },
                Mapping::anonymous(protection),
            )?;
        }
        Ok(())
    }

    fn map_file(&mut self, segment: &Segment, range: Range<u64>) -> Result<(), LoadError> {
        let offset = segment.offset / PAGE_SIZE * PAGE_SIZE;
        let protection = protection(segment);
        let (device, inode) = self
            .source
            .file
            .metadata()
            .map_or((0, 0), |file| (file.dev(), file.ino()));
        let backing = Backing {
            name: self.name.into(),
            device,
            inode,
            offset,
        };
        self.map_over(
            &Request {
                address: range.start,
                length: range.end - range.start,
                protection,
                flags: libc::MAP_PRIVATE,
                fd: self.source.file.as_raw_fd(),
                offset: self.source.offset + offset,
            },
            Mapping::backed(protection, false, backing),
        )
    }

    fn map_over(&mut self, request: &Request, mapping: Mapping) -> Result<(), LoadError> {
        let range = request.address..request.address + request.length;
        host_memory::map_over(&self.space, request)
            .map_err(|error| self.map_error(range.clone(), error))?;
        self.space.insert(range, mapping);
        Ok(())
    }

    /// Zeroes the rest of the last page that came from the file.
    fn clear(&self, range: Range<u64>, segment: &Segment) -> Result<(), LoadError> {
        let length = usize::try_from(range.end - range.start).unwrap_or(0);
        let page = range.start / PAGE_SIZE * PAGE_SIZE..range.end;
        let zero = |range: &Range<u64>| user::write(GuestAddr::new(range.start), &vec![0; length]);
        let cleared = if segment.write || range.is_empty() {
            zero(&range)
        } else {
            let writable = (libc::PROT_READ | libc::PROT_WRITE).cast_unsigned();
            host_memory::protect(page.clone(), writable)
                .and_then(|()| zero(&range))
                .and_then(|()| host_memory::protect(page, protection(segment)))
        };
        cleared.map_err(|error| self.map_error(range, error))
    }

    /// Gives back what is between the segments.
    fn release_holes(&mut self) -> Result<(), LoadError> {
        let mut at = self.elf.span().start.get() + self.bias;
        for segment in &self.elf.segments {
            let start = (segment.address.get() + self.bias) / PAGE_SIZE * PAGE_SIZE;
            if at < start {
                host_memory::unmap(at..start).map_err(|error| self.map_error(at..start, error))?;
                self.space.remove(at..start);
            }
            at = (segment.end().get() + self.bias).next_multiple_of(PAGE_SIZE);
        }
        Ok(())
    }

    fn place_heap(&mut self) {
        let start = if self.elf.is_position_independent() {
            PIE_HEAP
        } else {
            self.elf.span().end.get()
        };
        self.space.heap_start = start;
        self.space.heap_end = start;
    }

    /// Gives the stack pointer and the bytes of the auxiliary vector.
    fn make_stack(&mut self) -> Result<(GuestAddr, Vec<u8>), LoadError> {
        let size = stack_size();
        let path = || self.config.path.to_path_buf();
        let execute = if self.elf.executable_stack {
            libc::PROT_EXEC
        } else {
            0
        };
        let protection = (libc::PROT_READ | libc::PROT_WRITE | execute).cast_unsigned();
        let request = Request {
            address: STACK_TOP - size,
            length: size,
            protection,
            flags: libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
            fd: -1,
            offset: 0,
        };
        host_memory::map_new(&request).map_err(|source| LoadError::Stack {
            path: path(),
            size,
            source,
        })?;
        let name = Backing {
            name: "[stack]".into(),
            device: 0,
            inode: 0,
            offset: 0,
        };
        let mapping = Mapping::backed(protection, false, name);
        self.space.insert(STACK_TOP - size..STACK_TOP, mapping);

        let executable = c_string(self.config.path.as_os_str());
        let start = StartVector {
            arguments: self.config.arguments,
            environment: self.config.environment,
            executable: &executable,
            auxiliary: &self.auxiliary(),
            random: random(),
        };
        // Linux leaves three quarters of the stack to the program.
        let limit = size / 4;
        let too_many = || LoadError::TooManyArguments {
            path: path(),
            found: start
                .arguments
                .iter()
                .chain(start.environment)
                .map(|s| s.count_bytes() as u64 + 9)
                .sum(),
            limit,
        };
        let stack = stack::build(&start, STACK_TOP, limit).ok_or_else(too_many)?;
        user::write(GuestAddr::new(stack.pointer), &stack.bytes).map_err(|source| {
            LoadError::Stack {
                path: path(),
                size,
                source,
            }
        })?;
        Ok((GuestAddr::new(stack.pointer), stack.auxiliary))
    }

    /// In the order of Linux. There is no vDSO and, on riscv64, no platform string.
    fn auxiliary(&self) -> Vec<(u64, u64)> {
        let headers = &self.elf.program_headers;
        let (user, group) = (rustix::process::getuid(), rustix::process::getgid());
        let (euser, egroup) = (rustix::process::geteuid(), rustix::process::getegid());
        let capabilities = EXTENSIONS
            .iter()
            .fold(0, |bits, letter| bits | 1 << (letter - b'A'));
        vec![
            (key::MINSIGSTKSZ, SIGNAL_FRAME),
            (key::HWCAP, capabilities),
            (key::PAGESZ, PAGE_SIZE),
            (key::CLKTCK, CLOCK_TICKS),
            (
                key::PHDR,
                headers.address.map_or(0, |a| a.get() + self.bias),
            ),
            (key::PHENT, 56),
            (key::PHNUM, headers.count.into()),
            (key::BASE, 0),
            (key::FLAGS, 0),
            (key::ENTRY, self.elf.entry.get() + self.bias),
            (key::UID, user.as_raw().into()),
            (key::EUID, euser.as_raw().into()),
            (key::GID, group.as_raw().into()),
            (key::EGID, egroup.as_raw().into()),
            (key::SECURE, u64::from(user != euser || group != egroup)),
        ]
    }
}

fn protection(segment: &Segment) -> u32 {
    let bit = |set: bool, bit: i32| if set { bit.cast_unsigned() } else { 0 };
    bit(segment.read, libc::PROT_READ)
        | bit(segment.write, libc::PROT_WRITE)
        | bit(segment.execute, libc::PROT_EXEC)
}

fn stack_size() -> u64 {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Stack).current;
    limit.map_or(STACK_MOST, |limit| {
        limit.clamp(STACK_LEAST, STACK_MOST) / PAGE_SIZE * PAGE_SIZE
    })
}

fn random() -> [u8; 16] {
    let mut random = [0; 16];
    // What is missing right after the machine's start stays zero; the guest only seeds with it.
    let _ = rustix::rand::getrandom(&mut random, rustix::rand::GetRandomFlags::NONBLOCK);
    random
}

fn c_string(string: &OsStr) -> CString {
    // A path that was opened has no zero byte in it.
    CString::new(string.as_bytes()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
