//! Tables of operands: corners in all pairs, and random numbers that are likely to be treated
//! wrongly. It does not know which instruction gets them.

use vmtrans_isa::Fmt;

/// A small generator of numbers (SplitMix64, Steele et al. 2014).
pub struct Noise(pub u64);

impl Noise {
    /// The next 64 bits.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    /// A number below this one.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    /// One of these.
    pub fn choose<T: Copy>(&mut self, list: &[T]) -> T {
        let limit = u64::try_from(list.len()).expect("a short list");
        list[usize::try_from(self.below(limit)).expect("an index of the list")]
    }
}

/// Random triples in each table, beside the pairs of corners.
const RANDOM: usize = 2000;

/// Integers at the ends of each width.
const INTEGERS: [u64; 25] = [
    0,
    1,
    2,
    7,
    31,
    32,
    63,
    64,
    0x7f,
    0x80,
    0xff,
    0x7fff,
    0x8000,
    0xffff,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    0x1_0000_0000,
    0x7fff_ffff_ffff_ffff,
    0x8000_0000_0000_0000,
    0xffff_ffff_8000_0000,
    0xffff_ffff_7fff_ffff,
    0x8000_0000_8000_0000,
    0xffff_ffff_ffff_fffe,
    0xffff_ffff_ffff_ffff,
];

/// Positive single-precision numbers; the second half of the list is about integers.
const SINGLES: [u64; 33] = [
    0,
    1,
    2,
    0x007f_fffe,
    0x007f_ffff,
    0x0080_0000,
    0x0080_0001,
    0x00ff_ffff,
    0x0100_0000,
    0x3380_0000,
    0x3f7f_ffff,
    0x3f80_0000,
    0x3f80_0001,
    0x3fff_ffff,
    0x4000_0000,
    0x7eff_ffff,
    0x7f00_0000,
    0x7f7f_ffff,
    0x7f80_0000,
    0x7f80_0001,
    0x7fbf_ffff,
    0x7fc0_0000,
    0x7fff_ffff,
    0x3eff_ffff,
    0x3f00_0000,
    0x3fc0_0000,
    0x4020_0000,
    0x4b00_0001,
    0x4eff_ffff,
    0x4f00_0000,
    0x4f80_0000,
    0x5f00_0000,
    0x5f7f_ffff,
];

/// Positive double-precision numbers: as [`SINGLES`], and those where single precision begins,
/// ends and rounds.
const DOUBLES: [u64; 46] = [
    0,
    1,
    2,
    0x000f_ffff_ffff_fffe,
    0x000f_ffff_ffff_ffff,
    0x0010_0000_0000_0000,
    0x0010_0000_0000_0001,
    0x001f_ffff_ffff_ffff,
    0x0020_0000_0000_0000,
    0x3ca0_0000_0000_0000,
    0x3fef_ffff_ffff_ffff,
    0x3ff0_0000_0000_0000,
    0x3ff0_0000_0000_0001,
    0x3fff_ffff_ffff_ffff,
    0x4000_0000_0000_0000,
    0x7fdf_ffff_ffff_ffff,
    0x7fe0_0000_0000_0000,
    0x7fef_ffff_ffff_ffff,
    0x7ff0_0000_0000_0000,
    0x7ff0_0000_0000_0001,
    0x7ff7_ffff_ffff_ffff,
    0x7ff8_0000_0000_0000,
    0x7fff_ffff_ffff_ffff,
    0x3fdf_ffff_ffff_ffff,
    0x3fe0_0000_0000_0000,
    0x3ff8_0000_0000_0000,
    0x4004_0000_0000_0000,
    0x4330_0000_0000_0001,
    0x41df_ffff_ffc0_0000,
    0x41df_ffff_ffe0_0000,
    0x41e0_0000_0000_0000,
    0x41e0_0000_0010_0000,
    0x41ef_ffff_fff0_0000,
    0x41f0_0000_0000_0000,
    0x43df_ffff_ffff_ffff,
    0x43e0_0000_0000_0000,
    0x43ef_ffff_ffff_ffff,
    0x43f0_0000_0000_0000,
    0x47ef_ffff_efff_ffff,
    0x47ef_ffff_f000_0000,
    0x380f_ffff_e000_0000,
    0x380f_ffff_f000_0000,
    0x380f_ffff_ffff_ffff,
    0x36a0_0000_0000_0000,
    0x3690_0000_0000_0000,
    0x3690_0000_0000_0001,
];

/// Three operands of an instruction.
pub type Triple = [u64; 3];

/// Integers.
pub fn integers(noise: &mut Noise) -> Vec<Triple> {
    let mut table = pairs(&INTEGERS, noise, |_, v| v);
    table.extend((0..RANDOM).map(|_| {
        // Of all lengths, with zeros at either end.
        std::array::from_fn(|_| noise.next() >> noise.below(64) << noise.below(64))
    }));
    table
}

/// Floating-point numbers of this format.
pub fn floats(fmt: Fmt, noise: &mut Noise) -> Vec<Triple> {
    let (corners, layout) = match fmt {
        Fmt::S => (&SINGLES[..], Layout::SINGLE),
        Fmt::D => (&DOUBLES[..], Layout::DOUBLE),
    };
    let mut table = pairs(corners, noise, |noise, v| v | noise.below(2) << layout.sign);
    table.extend((0..RANDOM).map(|_| layout.random(noise)));
    if fmt == Fmt::S {
        for triple in &mut table {
            *triple = triple.map(|v| boxed(v, noise));
        }
    }
    table
}

/// A single in a register, which at times is not NaN-boxed.
fn boxed(single: u64, noise: &mut Noise) -> u64 {
    let upper = match noise.below(40) {
        0 => noise.next() >> 32,
        1 => 0xffff_fffe,
        2 => 0,
        _ => 0xffff_ffff,
    };
    upper << 32 | single
}

fn pairs(
    corners: &[u64],
    noise: &mut Noise,
    mut vary: impl FnMut(&mut Noise, u64) -> u64,
) -> Vec<Triple> {
    let mut table = Vec::new();
    for &a in corners {
        for &b in corners {
            let c = noise.choose(corners);
            table.push([a, b, c].map(|v| vary(noise, v)));
        }
    }
    table
}

/// Where the fields of a format are.
struct Layout {
    width: u64,
    bias: i64,
    sign: u64,
}

impl Layout {
    const SINGLE: Layout = Layout {
        width: 23,
        bias: 127,
        sign: 31,
    };
    const DOUBLE: Layout = Layout {
        width: 52,
        bias: 1023,
        sign: 63,
    };

    /// Operands whose product, quotient or sum is near where something changes.
    fn random(&self, noise: &mut Noise) -> Triple {
        let any = noise
            .below(u64::try_from(2 * self.bias).unwrap_or(0))
            .cast_signed();
        let near = noise.below(7).cast_signed() - 3;
        let limit = noise.choose(&[
            1 - self.bias,
            1 - self.bias - self.width.cast_signed(),
            self.bias,
            0,
        ]);
        // Unbiased, the exponents of product or quotient are at the limit.
        let other = match noise.below(3) {
            0 => limit + near - (any - self.bias) + self.bias,
            1 => any - limit + near,
            _ => any + near,
        };
        // The addend is as great as the product, or at the other end of its digits.
        let product = any + other - self.bias;
        let distance = noise.choose(&[0, self.width.cast_signed(), 2 * self.width.cast_signed()]);
        [any, other, product + near - distance].map(|exponent| self.number(exponent, noise))
    }

    /// A number with this biased exponent, or the nearest there is, and a fraction that is
    /// likely to make ties and carries.
    fn number(&self, exponent: i64, noise: &mut Noise) -> u64 {
        let ones = (1u64 << self.width) - 1;
        let fraction = match noise.below(5) {
            0 => ones >> noise.below(self.width) << noise.below(self.width),
            1 => 1 << noise.below(self.width),
            2 => noise.next() << (self.width / 2),
            _ => noise.next(),
        };
        let exponent = exponent.clamp(0, 2 * self.bias).cast_unsigned();
        noise.below(2) << self.sign | exponent << self.width | fraction & ones
    }
}
