//! Tiny guest programs made by hand, right and wrong in each field.

/// `li a7, 93; li a0, 42; ecall`: ends with status 42.
pub const EXIT_42: [u32; 3] = [0x05d0_0893, 0x02a0_0513, 0x0000_0073];

/// What the ELF header of [`TinyElf`] takes.
const HEADER: u64 = 64;
/// What each of its program headers takes.
const PROGRAM_HEADER: u64 = 56;
const PT_LOAD: u32 = 1;

/// A program header.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "named as in the ELF specification")]
pub struct Segment {
    pub p_type: u32,
    pub p_flags: u32,
    pub p_offset: u64,
    pub p_vaddr: u64,
    pub p_filesz: u64,
    pub p_memsz: u64,
    pub p_align: u64,
}

/// An ELF file of headers and code.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "named as in the ELF specification")]
pub struct TinyElf {
    pub ei_class: u8,
    pub ei_data: u8,
    pub e_type: u16,
    pub e_machine: u16,
    pub e_version: u32,
    pub e_entry: u64,
    pub e_phentsize: u16,
    pub segments: Vec<Segment>,
    /// What follows the program headers.
    pub content: Vec<u8>,
}

impl Default for TinyElf {
    fn default() -> TinyElf {
        TinyElf::new(&EXIT_42)
    }
}

impl TinyElf {
    /// A good program of one segment that holds these instructions.
    pub fn new(code: &[u32]) -> TinyElf {
        let content = code
            .iter()
            .flat_map(|word| word.to_le_bytes())
            .collect::<Vec<_>>();
        let size = HEADER + PROGRAM_HEADER + content.len() as u64;
        let segment = Segment {
            p_type: PT_LOAD,
            p_flags: 5,
            p_offset: 0,
            p_vaddr: 0x10000,
            p_filesz: size,
            p_memsz: size,
            p_align: 4096,
        };
        TinyElf {
            ei_class: 2,
            ei_data: 1,
            e_type: 2,
            e_machine: 243,
            e_version: 1,
            e_entry: 0x10000 + HEADER + PROGRAM_HEADER,
            e_phentsize: 56,
            segments: vec![segment],
            content,
        }
    }

    /// Changes it.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut TinyElf)) -> TinyElf {
        change(&mut self);
        self
    }

    /// Adds a segment, for which the file has no bytes of its own.
    #[must_use]
    pub fn and_segment(mut self, change: impl FnOnce(&mut Segment)) -> TinyElf {
        let mut segment = Segment {
            p_flags: 6,
            p_vaddr: 0x20000,
            p_filesz: 0,
            ..self.segments[0]
        };
        change(&mut segment);
        self.segments.push(segment);
        // The code has moved behind one more header.
        self.e_entry += PROGRAM_HEADER;
        self.segments[0].p_filesz += PROGRAM_HEADER;
        self.segments[0].p_memsz += PROGRAM_HEADER;
        self
    }

    /// The file.
    pub fn bytes(&self) -> Vec<u8> {
        let mut out = vec![0x7f, b'E', b'L', b'F', self.ei_class, self.ei_data, 1];
        out.resize(16, 0);
        out.extend(self.e_type.to_le_bytes());
        out.extend(self.e_machine.to_le_bytes());
        out.extend(self.e_version.to_le_bytes());
        for word in [self.e_entry, HEADER, 0] {
            out.extend(word.to_le_bytes());
        }
        out.extend(5u32.to_le_bytes());
        let count = u16::try_from(self.segments.len()).expect("few segments");
        for half in [64, self.e_phentsize, count, 64, 0, 0] {
            out.extend(half.to_le_bytes());
        }
        for s in &self.segments {
            out.extend(s.p_type.to_le_bytes());
            out.extend(s.p_flags.to_le_bytes());
            for word in [
                s.p_offset, s.p_vaddr, s.p_vaddr, s.p_filesz, s.p_memsz, s.p_align,
            ] {
                out.extend(word.to_le_bytes());
            }
        }
        out.extend(&self.content);
        out
    }
}
