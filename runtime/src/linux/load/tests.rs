//! Programs that are loaded into the process that tests: each at addresses of its own.

use std::io::{Read, Seek, Write};

use super::*;

/// What a small program is made of: one segment of text, one of data.
struct Small {
    kind: u16,
    text: u64,
    data: u64,
    data_memory: u64,
}

const TEXT_BYTE: u8 = 0x13;
const DATA_BYTE: u8 = 0x77;
/// Bytes of data in the file.
const DATA_SIZE: u16 = 0x123;

impl Small {
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = b"\x7fELF\x02\x01\x01".to_vec();
        bytes.resize(16, 0);
        bytes.extend(self.kind.to_le_bytes());
        bytes.extend(243u16.to_le_bytes());
        bytes.extend(1u32.to_le_bytes());
        bytes.extend(
            [self.text + 0x400, 64, 0]
                .iter()
                .flat_map(|w: &u64| w.to_le_bytes()),
        );
        bytes.extend(0u32.to_le_bytes());
        bytes.extend([64u16, 56, 2, 0, 0, 0].iter().flat_map(|h| h.to_le_bytes()));
        for (flags, words) in [
            (5u32, [0, self.text, self.text, 0x1000, 0x1000, 0x1000]),
            (
                6,
                [
                    0x1000,
                    self.data,
                    self.data,
                    DATA_SIZE.into(),
                    self.data_memory,
                    0x1000,
                ],
            ),
        ] {
            bytes.extend(1u32.to_le_bytes());
            bytes.extend(flags.to_le_bytes());
            bytes.extend(words.iter().flat_map(|w| w.to_le_bytes()));
        }
        bytes.resize(0x1000, TEXT_BYTE);
        bytes.resize(0x1000 + usize::from(DATA_SIZE), DATA_BYTE);
        bytes
    }
}

fn file(bytes: &[u8]) -> File {
    let fd = rustix::fs::memfd_create("guest", rustix::fs::MemfdFlags::CLOEXEC).expect("a memfd");
    let mut file = File::from(fd);
    file.write_all(bytes).expect("there is memory");
    file
}

fn load_bytes(bytes: &[u8], arguments: &[CString]) -> Result<Loaded, LoadError> {
    // What follows a program in an image must not be seen in its memory.
    let mut image = vec![0xee; 0x2000];
    image.extend(bytes);
    image.resize(image.len().next_multiple_of(0x1000) + 0x1000, 0xee);
    let file = file(&image);
    let source = LoadSource {
        file: &file,
        offset: 0x2000,
        length: bytes.len() as u64,
    };
    load(
        &source,
        &LoadConfig {
            path: Path::new("guest"),
            arguments,
            environment: &[],
            bias: None,
            reserved: &[],
        },
    )
}

fn memory<const N: usize>(address: u64) -> [u8; N] {
    let mut bytes = [0; N];
    user::read(GuestAddr::new(address), &mut bytes).expect("it is mapped");
    bytes
}

/// The stack has one place, so that only one program can be loaded at a time.
static ONE: std::sync::Mutex<()> = std::sync::Mutex::new(());

fn unload(loaded: &Loaded) {
    for (range, _) in loaded.space.mappings() {
        host_memory::unmap(range).expect("it was mapped");
    }
}

#[test]
fn a_static_program_is_mapped_and_its_bss_is_zero() {
    let _one = ONE.lock();
    let small = Small {
        kind: 2,
        text: 0x1234_0000,
        data: 0x1234_4000,
        data_memory: 0x3000,
    };
    let arguments = [c"name".into(), c"x".into()];
    let loaded = load_bytes(&small.bytes(), &arguments).expect("it is right");
    assert_eq!(loaded.entry.get(), 0x1234_0400);
    assert_eq!(loaded.bias, 0);
    assert_eq!(memory(0x1234_0fff), [TEXT_BYTE]);
    assert_eq!(memory(0x1234_4122), [DATA_BYTE, 0, 0]);
    assert_eq!(memory(0x1234_4ffe), [0; 4]);
    assert_eq!(memory(0x1234_6fff), [0]);
    let lines = loaded.space.to_maps();
    let lines = lines.lines().collect::<Vec<_>>();
    assert!(
        lines[0].starts_with("12340000-12341000 r-xp 00000000"),
        "{}",
        lines[0]
    );
    assert!(
        lines[1].starts_with("12344000-12345000 rw-p 00001000"),
        "{}",
        lines[1]
    );
    assert!(
        lines[2].starts_with("12345000-12347000 rw-p 00000000 00:00 0"),
        "{}",
        lines[2]
    );
    assert!(lines[3].ends_with("[stack]"), "{}", lines[3]);
    assert_eq!(loaded.space.heap_start, 0x1234_7000);
    // The hole between the segments is free again.
    let hole = Request {
        address: 0x1234_1000,
        length: 0x3000,
        protection: 0,
        flags: libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
        fd: -1,
        offset: 0,
    };
    host_memory::map_new(&hole).expect("nothing is there");
    host_memory::unmap(0x1234_1000..0x1234_4000).expect("it was mapped");
    assert_eq!(memory(loaded.stack_pointer.get()), 2u64.to_le_bytes());
    assert_eq!(loaded.program.command_line, b"name\0x\0");
    unload(&loaded);
}

#[test]
fn memory_is_reserved_and_not_touched() {
    let _one = ONE.lock();
    let data_memory = 64 << 30;
    let small = Small {
        kind: 2,
        text: 0x2234_0000,
        data: 0x2234_4000,
        data_memory,
    };
    let loaded = load_bytes(&small.bytes(), &[]).expect("it is right");
    let mut status = String::new();
    let mut file = File::open("/proc/self/status").expect("it is there");
    file.read_to_string(&mut status).expect("it can be read");
    file.rewind().expect("it can be read again");
    let resident = status.lines().find_map(|line| {
        line.strip_prefix("VmRSS:")?
            .trim()
            .strip_suffix(" kB")?
            .parse()
            .ok()
    });
    assert!(
        resident.is_some_and(|kib: u64| kib < 1 << 20),
        "{resident:?}"
    );
    assert_eq!(memory(0x2234_4000 + data_memory - 1), [0]);
    unload(&loaded);
}

#[test]
fn a_program_that_may_be_anywhere_gets_a_place() {
    let _one = ONE.lock();
    let small = Small {
        kind: 3,
        text: 0,
        data: 0x4000,
        data_memory: 0x3000,
    };
    let loaded = load_bytes(&small.bytes(), &[]).expect("it is right");
    assert_eq!(loaded.bias, PIE_BASE);
    assert_eq!(loaded.entry.get(), PIE_BASE + 0x400);
    assert_eq!(memory(PIE_BASE + 0x4000), [DATA_BYTE]);
    // Another one finds its place taken; only the stack is in its way then.
    let again = load_bytes(&small.bytes(), &[]).expect_err("there is one stack");
    assert!(again.to_string().contains("cannot have a stack"), "{again}");
    unload(&loaded);
}

#[test]
fn what_is_in_the_way_is_an_error() {
    let _one = ONE.lock();
    let taken = Request {
        address: 0x3234_1000,
        length: 0x1000,
        protection: 0,
        flags: libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
        fd: -1,
        offset: 0,
    };
    host_memory::map_new(&taken).expect("nothing is there");
    let small = Small {
        kind: 2,
        text: 0x3234_0000,
        data: 0x3234_4000,
        data_memory: 0x3000,
    };
    let error = load_bytes(&small.bytes(), &[]).expect_err("its place is taken");
    assert_eq!(
        error.to_string(),
        "guest cannot be mapped at 0x32340000 to 0x32347000"
    );
    host_memory::unmap(0x3234_1000..0x3234_2000).expect("it was mapped");
}

#[test]
fn arguments_have_a_limit() {
    let _one = ONE.lock();
    let small = Small {
        kind: 2,
        text: 0x4234_0000,
        data: 0x4234_4000,
        data_memory: 0x3000,
    };
    let long = CString::new(vec![b'x'; 1 << 17]).expect("no zero bytes");
    let error = load_bytes(&small.bytes(), &vec![long; 1 << 12]).expect_err("it is too much");
    assert!(
        error
            .to_string()
            .starts_with("guest has arguments and environment of 536"),
        "{error}"
    );
    for range in [
        0x4234_0000..0x4234_1000,
        0x4234_4000..0x4234_7000,
        STACK_TOP - stack_size()..STACK_TOP,
    ] {
        host_memory::unmap(range).expect("it was mapped");
    }
}
