//! Decoded instructions of the interpreter, by guest address.

use vmtrans_isa::riscv::Insn;

const ENTRIES: usize = 1 << 14;

/// A direct-mapped cache of decoded instructions.
#[derive(Default)]
pub struct CodeCache {
    entries: Vec<(u64, Option<Insn>)>,
}

/// An address at which no instruction can be.
const NOWHERE: u64 = 1;

impl CodeCache {
    /// The instruction at `pc`, which `decode` makes where it is not known, or says why it cannot.
    #[inline]
    pub fn get<E>(
        &mut self,
        pc: u64,
        decode: impl FnOnce() -> Result<Option<Insn>, E>,
    ) -> Result<Option<Insn>, E> {
        if self.entries.is_empty() {
            self.entries.resize(ENTRIES, (NOWHERE, None));
        }
        let [low, high, ..] = (pc >> 1).to_le_bytes();
        let entry = &mut self.entries[usize::from(u16::from_le_bytes([low, high])) % ENTRIES];
        if entry.0 != pc {
            *entry = (pc, decode()?);
        }
        Ok(entry.1)
    }

    /// Forgets everything.
    pub fn forget(&mut self) {
        self.entries.clear();
    }
}
