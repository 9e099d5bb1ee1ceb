//! Numbers that a seed decides.

/// SplitMix64.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The sequence of a seed.
    pub fn new(seed: u64) -> Random {
        Random(seed)
    }

    /// The next number.
    pub fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let x = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }

    /// 32 bits.
    pub fn half_word(&mut self) -> u32 {
        u32::try_from(self.word() >> 32).unwrap_or(0)
    }

    /// 16 bits.
    pub fn short(&mut self) -> u16 {
        u16::try_from(self.word() >> 48).unwrap_or(0)
    }

    /// 8 bits.
    pub fn byte(&mut self) -> u8 {
        u8::try_from(self.word() >> 56).unwrap_or(0)
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: usize) -> usize {
        let limit = limit.max(1) as u64;
        usize::try_from(self.word() % limit).unwrap_or(0)
    }

    /// A number that programs have trouble with, or any.
    pub fn edge(&mut self) -> u64 {
        let any = self.word();
        let edges = [
            0,
            1,
            2,
            4095,
            4096,
            1 << 31,
            1 << 32,
            1 << 38,
            1 << 63,
            u64::MAX,
            u64::MAX - 4095,
        ];
        match self.below(4) {
            0 => any,
            1 => any >> self.below(64),
            2 => edges[self.below(edges.len())].wrapping_sub(self.word() % 3),
            _ => edges[self.below(edges.len())],
        }
    }
}
