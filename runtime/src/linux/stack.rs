//! The stack that a program starts with, as Linux on riscv64 lays it out.
//!
//! From the stack pointer up: argc, argv, 0, envp, 0, the auxiliary vector, random bytes, then
//! the strings in the order of their pointers, the path of the executable, and a zero word.

use std::ffi::CString;

/// What the stack is made of.
pub(super) struct StartVector<'a> {
    pub(super) arguments: &'a [CString],
    pub(super) environment: &'a [CString],
    /// The path that was executed (`AT_EXECFN`).
    pub(super) executable: &'a CString,
    /// Entries but for `AT_RANDOM`, `AT_EXECFN` and `AT_NULL`, which are added here.
    pub(super) auxiliary: &'a [(u64, u64)],
    pub(super) random: [u8; 16],
}

/// A stack that is ready to be written.
#[derive(Debug)]
pub(super) struct Stack {
    /// Where its bytes start: the stack pointer, a multiple of 16.
    pub(super) pointer: u64,
    pub(super) bytes: Vec<u8>,
    /// The auxiliary vector among them.
    pub(super) auxiliary: Vec<u8>,
}

/// Keys of the auxiliary vector (include/uapi/linux/auxvec.h).
pub(super) mod key {
    pub(in super::super) const NULL: u64 = 0;
    pub(in super::super) const PHDR: u64 = 3;
    pub(in super::super) const PHENT: u64 = 4;
    pub(in super::super) const PHNUM: u64 = 5;
    pub(in super::super) const PAGESZ: u64 = 6;
    pub(in super::super) const BASE: u64 = 7;
    pub(in super::super) const FLAGS: u64 = 8;
    pub(in super::super) const ENTRY: u64 = 9;
    pub(in super::super) const UID: u64 = 11;
    pub(in super::super) const EUID: u64 = 12;
    pub(in super::super) const GID: u64 = 13;
    pub(in super::super) const EGID: u64 = 14;
    pub(in super::super) const HWCAP: u64 = 16;
    pub(in super::super) const CLKTCK: u64 = 17;
    pub(in super::super) const SECURE: u64 = 23;
    pub(in super::super) const RANDOM: u64 = 25;
    pub(in super::super) const EXECFN: u64 = 31;
    pub(in super::super) const MINSIGSTKSZ: u64 = 51;
}

/// Lays a stack out below `top`, which is a multiple of 16. `None` where it needs more than
/// `limit` bytes.
pub(super) fn build(start: &StartVector<'_>, top: u64, limit: u64) -> Option<Stack> {
    let pointers = start.arguments.len() + start.environment.len() + 3;
    let auxiliary_words = 2 * (start.auxiliary.len() + 3);
    let strings_size = start
        .arguments
        .iter()
        .chain(start.environment)
        .chain([start.executable])
        .map(|s| s.as_bytes_with_nul().len() as u64)
        .sum::<u64>();
    let words_size = 8 * (pointers + auxiliary_words) as u64;
    let needed = strings_size + words_size + 64;
    if needed > limit {
        return None;
    }
    let strings = top - 8 - strings_size;
    let random = strings / 16 * 16 - 16;
    let pointer = (random - words_size) / 16 * 16;

    let mut at = strings;
    let mut place = |string: &CString| {
        let address = at;
        at += string.as_bytes_with_nul().len() as u64;
        address
    };
    let mut words = vec![start.arguments.len() as u64];
    words.extend(start.arguments.iter().map(&mut place));
    words.push(0);
    words.extend(start.environment.iter().map(&mut place));
    words.push(0);
    let auxiliary_at = 8 * words.len();
    words.extend(
        start
            .auxiliary
            .iter()
            .flat_map(|&(key, value)| [key, value]),
    );
    words.extend([
        key::RANDOM,
        random,
        key::EXECFN,
        place(start.executable),
        key::NULL,
        0,
    ]);

    let size = usize::try_from(top - pointer).ok()?;
    let mut bytes = words
        .iter()
        .flat_map(|w| w.to_le_bytes())
        .collect::<Vec<_>>();
    let auxiliary = bytes[auxiliary_at..].to_vec();
    bytes.resize(usize::try_from(random - pointer).ok()?, 0);
    bytes.extend(start.random);
    bytes.resize(usize::try_from(strings - pointer).ok()?, 0);
    for string in start
        .arguments
        .iter()
        .chain(start.environment)
        .chain([start.executable])
    {
        bytes.extend(string.as_bytes_with_nul());
    }
    bytes.resize(size, 0);
    Some(Stack {
        pointer,
        bytes,
        auxiliary,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOP: u64 = 0x40_0000;

    fn strings(strings: &[&str]) -> Vec<CString> {
        strings
            .iter()
            .map(|s| CString::new(*s).expect("no zero bytes"))
            .collect()
    }

    fn word(stack: &Stack, address: u64) -> u64 {
        let at = usize::try_from(address - stack.pointer).expect("it is in the stack");
        u64::from_le_bytes(stack.bytes[at..at + 8].try_into().expect("eight bytes"))
    }

    fn text(stack: &Stack, address: u64) -> &str {
        let at = usize::try_from(address - stack.pointer).expect("it is in the stack");
        let bytes = stack.bytes[at..]
            .split(|&b| b == 0)
            .next()
            .expect("there is a first part");
        std::str::from_utf8(bytes).expect("the test is ASCII")
    }

    #[test]
    fn a_program_finds_everything() {
        for extra in 0..16 {
            let arguments = strings(&["prog", "", &"x".repeat(extra)]);
            let environment = strings(&["A=1"]);
            let start = StartVector {
                arguments: &arguments,
                environment: &environment,
                executable: &strings(&["./prog"])[0],
                auxiliary: &[(key::PAGESZ, 4096)],
                random: [7; 16],
            };
            let stack = build(&start, TOP, 1 << 20).expect("it fits");
            let sp = stack.pointer;
            assert_eq!(sp % 16, 0);
            assert_eq!(sp + stack.bytes.len() as u64, TOP);
            assert_eq!(word(&stack, sp), 3);
            assert_eq!(text(&stack, word(&stack, sp + 8)), "prog");
            assert_eq!(text(&stack, word(&stack, sp + 16)), "");
            assert_eq!(text(&stack, word(&stack, sp + 24)).len(), extra);
            assert_eq!(word(&stack, sp + 32), 0);
            assert_eq!(text(&stack, word(&stack, sp + 40)), "A=1");
            assert_eq!(word(&stack, sp + 48), 0);
            let auxiliary = (0..8)
                .map(|n| word(&stack, sp + 56 + 8 * n))
                .collect::<Vec<_>>();
            assert_eq!(auxiliary[..3], [key::PAGESZ, 4096, key::RANDOM]);
            assert_eq!(word(&stack, auxiliary[3]), 0x0707_0707_0707_0707);
            assert_eq!(text(&stack, auxiliary[5]), "./prog");
            assert_eq!(auxiliary[6..], [key::NULL, 0]);
            assert_eq!(stack.auxiliary.len(), 64);
        }
    }

    #[test]
    fn too_many_arguments_are_refused() {
        let arguments = strings(&["0123456789"; 100]);
        let executable = &strings(&["prog"])[0];
        let start = StartVector {
            arguments: &arguments,
            environment: &[],
            executable,
            auxiliary: &[],
            random: [0; 16],
        };
        assert!(build(&start, TOP, 1024).is_none());
        assert!(build(&start, TOP, 4096).is_some());
    }
}
