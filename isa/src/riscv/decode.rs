//! From bits to rows: lookup tables that the compiler builds from the patterns.
//!
//! A 32-bit instruction is looked up by `opcode` and `funct3`, and where several rows share
//! these, by `funct7` also. What is left is a list of at most a handful of candidates.

use super::row::{Fields, Insn, RowId};
use super::{ROWS, Row};

/// Length in bytes of the instruction that starts with these 16 bits: 2 or 4.
/// Longer encodings are not in use; they count as 4 and do not decode.
#[inline]
pub const fn length(low16: u16) -> u8 {
    if low16 & 3 == 3 { 4 } else { 2 }
}

/// Decodes the instruction at the start of these four bytes, least significant first.
/// `None` is an illegal instruction, or one of an extension that is not here.
#[inline]
pub fn decode(bits: u32) -> Option<Insn> {
    let (start, raw, len) = if bits & 3 == 3 {
        (INDEX.long(bits), bits, 4)
    } else {
        (INDEX.short[short_key(bits)], bits & 0xffff, 2)
    };
    let candidates = &INDEX.candidates[usize::from(start)..];
    for &id in candidates {
        let Some(row) = ROWS.get(usize::from(id)) else {
            break;
        };
        if row.pattern.matches(raw) {
            let fields = Fields::extract(&row.pattern, raw);
            return Some(Insn {
                fields,
                raw,
                row: RowId(id),
                len,
            });
        }
    }
    None
}

/// `opcode[6:2]` and `funct3`.
const LONG_KEY: u32 = 0x707c;
/// `funct7`.
const FUNCT7: u32 = 0xfe00_0000;
/// Bits 15..10, 6..5 and the quadrant.
const SHORT_KEY: u32 = 0xfc63;
/// How many rows may share opcode and `funct3` before `funct7` is looked at.
const FEW: usize = 3;
/// How many (opcode, funct3) may be split further.
const SPLITS: usize = 48;
/// Entries of all candidate lists with their ends.
const CANDIDATES: usize = 4096;
/// Marks an entry that is the number of a table by `funct7`, not of a list.
const SPLIT: u16 = 0x8000;
/// Ends a list.
const END: u16 = u16::MAX;

const fn long_key(bits: u32) -> usize {
    ((bits >> 2 & 31) << 3 | bits >> 12 & 7) as usize
}

const fn short_key(bits: u32) -> usize {
    ((bits >> 10 & 63) << 4 | (bits >> 5 & 3) << 2 | bits & 3) as usize
}

/// The reverse of [`long_key`].
const fn long_bits(key: usize) -> u32 {
    let key = number(key);
    (key >> 3) << 2 | (key & 7) << 12 | 3
}

/// The reverse of [`short_key`].
const fn short_bits(key: usize) -> u32 {
    let key = number(key);
    (key >> 4) << 10 | (key >> 2 & 3) << 5 | key & 3
}

/// A table index as bits; they have at most ten.
#[expect(
    clippy::cast_possible_truncation,
    reason = "indices into tables of 1024"
)]
const fn number(index: usize) -> u32 {
    assert!(index < 1024);
    index as u32
}

/// A position in a table as an entry of another.
#[expect(clippy::cast_possible_truncation, reason = "checked")]
const fn entry(position: usize) -> u16 {
    assert!(position < SPLIT as usize);
    position as u16
}

struct Index {
    /// By [`long_key`]: where its list starts, or [`SPLIT`] and which table of `split`.
    long: [u16; 256],
    split: [[u16; 128]; SPLITS],
    /// By [`short_key`]: where its list starts.
    short: [u16; 1024],
    candidates: [u16; CANDIDATES],
}

static INDEX: Index = Builder::build();

impl Index {
    #[inline]
    fn long(&self, bits: u32) -> u16 {
        let first = self.long[long_key(bits)];
        if first & SPLIT == 0 {
            return first;
        }
        self.split[usize::from(first & !SPLIT)][(bits >> 25) as usize]
    }
}

struct Builder {
    index: Index,
    splits: usize,
    used: usize,
}

impl Builder {
    const fn build() -> Index {
        let index = Index {
            long: [0; 256],
            split: [[0; 128]; SPLITS],
            short: [0; 1024],
            candidates: [END; CANDIDATES],
        };
        // List 0 is the empty one.
        let mut builder = Builder {
            index,
            splits: 0,
            used: 1,
        };
        let mut key = 0;
        while key < 256 {
            builder.index.long[key] = builder.long(long_bits(key));
            key += 1;
        }
        key = 0;
        while key < 1024 {
            if key & 3 != 3 {
                let bits = short_bits(key);
                builder.index.short[key] = builder.list(&ALL, ROWS.len(), SHORT_KEY, bits);
            }
            key += 1;
        }
        builder.index
    }

    const fn long(&mut self, bits: u32) -> u16 {
        let (rows, count) = compatible(&ALL, ROWS.len(), LONG_KEY | 3, bits);
        if count <= FEW {
            return self.list(&rows, count, 0, 0);
        }
        assert!(self.splits < SPLITS, "decoder: raise SPLITS");
        let table = self.splits;
        self.splits += 1;
        let mut funct7 = 0;
        while funct7 < 128 {
            let bits = number(funct7) << 25;
            self.index.split[table][funct7] = self.list(&rows, count, FUNCT7, bits);
            funct7 += 1;
        }
        entry(table) | SPLIT
    }

    /// The list of those `rows` that these key bits do not exclude.
    const fn list(&mut self, rows: &Rows, count: usize, key: u32, bits: u32) -> u16 {
        let (rows, count) = compatible(rows, count, key, bits);
        if count == 0 {
            return 0;
        }
        let start = self.used;
        assert!(start + count < CANDIDATES, "decoder: raise CANDIDATES");
        let mut n = 0;
        while n < count {
            self.index.candidates[start + n] = rows[n];
            n += 1;
        }
        self.used += count + 1;
        entry(start)
    }
}

type Rows = [u16; ROWS.len()];

const ALL: Rows = {
    let mut all = [0; ROWS.len()];
    let mut n = 0;
    while n < all.len() {
        all[n] = entry(n);
        n += 1;
    }
    all
};

/// Those of the first `count` rows whose fixed bits agree with `bits` where `key` is set.
const fn compatible(rows: &Rows, count: usize, key: u32, bits: u32) -> (Rows, usize) {
    let mut found = [0; ROWS.len()];
    let mut used = 0;
    let mut n = 0;
    while n < count {
        let row: &Row = &ROWS[rows[n] as usize];
        if (row.pattern.value ^ bits) & row.pattern.mask & key == 0 {
            found[used] = rows[n];
            used += 1;
        }
        n += 1;
    }
    (found, used)
}
