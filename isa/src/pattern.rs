//! Bit patterns of instructions, written as the manual prints them and checked when compiled.
//!
//! A pattern is a list of tokens from the most significant bit down:
//!
//! | token | meaning |
//! |---|---|
//! | `0110011` | fixed bits |
//! | `-----` | bits that the manual reserves and tells implementations to ignore |
//! | `rd`, `rs1`, `rs2`, `rs3` | registers, 5 bits |
//! | `rd'`, `rs1'`, `rs2'` | compressed registers, 3 bits: x8 to x15 |
//! | `rd/rs1`, `rd'/rs1'` | destination and first source in one field |
//! | `rd!=0`, `rd!=0,2` | a register field that must not hold these numbers |
//! | `imm[12\|10:5]` | pieces of a signed immediate, from the high bit of the field down |
//! | `uimm[..]`, `shamt[..]` | the same, zero-extended |
//! | `nzimm[..]`, `nzuimm[..]` | the same, and it must not be zero |
//! | `rm`, `csr`, `aq`, `rl`, `pred`, `succ` | as the manual names them |
//!
//! It knows field names and widths, not what an instruction does.

/// One field of a pattern.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FieldKind {
    /// Destination register, 5 bits.
    Rd,
    /// First source register, 5 bits.
    Rs1,
    /// Second source register, 5 bits.
    Rs2,
    /// Third source register, 5 bits.
    Rs3,
    /// Compressed destination register `rd'`, 3 bits: x8 to x15.
    RdC,
    /// Compressed source `rs1'`, 3 bits.
    Rs1C,
    /// Compressed source `rs2'`, 3 bits.
    Rs2C,
    /// Rounding mode, 3 bits; the reserved modes 5 and 6 do not match.
    Rm,
    /// CSR number, 12 bits.
    Csr,
    /// Acquire bit.
    Aq,
    /// Release bit.
    Rl,
    /// Predecessor set of a fence, 4 bits.
    Pred,
    /// Successor set of a fence, 4 bits.
    Succ,
    /// Some bits of the immediate; where they go is in [`Field::imm_low`].
    Imm,
}

/// A field in place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Field {
    /// What it is.
    pub kind: FieldKind,
    /// Its lowest bit in the instruction.
    pub shift: u8,
    /// Its width in bits.
    pub width: u8,
    /// For an immediate: the lowest bit of the value that these bits make.
    pub imm_low: u8,
    /// A number that a register field must not hold (`rd!=0`); `u8::MAX` for none.
    pub not: u8,
    /// A second number it must not hold (`rd!=0,2`); `u8::MAX` for none.
    pub not2: u8,
}

impl Field {
    const NONE: Field = Field {
        kind: FieldKind::Imm,
        shift: 0,
        width: 0,
        imm_low: 0,
        not: u8::MAX,
        not2: u8::MAX,
    };

    /// What the field holds in these bits.
    pub const fn get(&self, bits: u32) -> u32 {
        (bits >> self.shift) & low_mask(self.width)
    }

    /// The instruction's bits that the field covers.
    pub const fn mask(&self) -> u32 {
        low_mask(self.width) << self.shift
    }

    /// The constraint of this field alone holds.
    const fn admits(&self, bits: u32) -> bool {
        let value = self.get(bits);
        match self.kind {
            FieldKind::Rm => value != 5 && value != 6,
            _ => value != self.not as u32 && value != self.not2 as u32,
        }
    }
}

/// The most fields that a pattern may have; a split immediate counts once for each piece.
pub const MAX_FIELDS: usize = 12;

/// Which bits are fixed, and where the fields are.
#[derive(Clone, Copy, Debug)]
pub struct Pattern {
    /// Ones where the instruction's bit is fixed.
    pub mask: u32,
    /// The fixed bits.
    pub value: u32,
    /// Ones where the instruction's bit is ignored (`-`).
    pub ignored: u32,
    /// 16 or 32.
    pub bits: u8,
    /// The fields; only the first `count` are used.
    pub fields: [Field; MAX_FIELDS],
    /// How many fields there are.
    pub count: u8,
    /// The immediate is sign-extended (`imm`), not zero-extended (`uimm`, `shamt`).
    pub imm_signed: bool,
    /// Bits of the immediate, counting the implied low zeros; 0 where there is none.
    pub imm_width: u8,
    /// The immediate must not be zero (`nzimm`, `nzuimm`).
    pub imm_nonzero: bool,
    /// Some field has a constraint, so that `mask` and `value` do not decide alone.
    pub constrained: bool,
}

/// `width` ones, from bit 0.
const fn low_mask(width: u8) -> u32 {
    if width == 0 {
        0
    } else {
        u32::MAX >> (32 - width)
    }
}

/// `bits << width`, also for a width of 32.
const fn shift_in(bits: u32, width: u8) -> u32 {
    if width >= 32 { 0 } else { bits << width }
}

impl Pattern {
    /// Reads a pattern. In a `const` a wrong one does not compile.
    pub const fn parse(text: &str) -> Pattern {
        let mut parser = Parser::new(text.as_bytes());
        while parser.at < parser.text.len() {
            parser.token();
        }
        parser.finish()
    }

    /// The fields that there are.
    pub fn fields(&self) -> &[Field] {
        &self.fields[..usize::from(self.count)]
    }

    /// Fixed bits and constraints hold.
    #[inline]
    pub const fn matches(&self, bits: u32) -> bool {
        bits & self.mask == self.value && (!self.constrained || self.admits(bits))
    }

    /// The constraints hold.
    pub const fn admits(&self, bits: u32) -> bool {
        let mut immediate = 0;
        let mut n = 0;
        while n < self.count as usize {
            let field = &self.fields[n];
            if !field.admits(bits) {
                return false;
            }
            if matches!(field.kind, FieldKind::Imm) {
                immediate |= field.get(bits);
            }
            n += 1;
        }
        !self.imm_nonzero || immediate != 0
    }

    /// The immediate in these bits; 0 where the pattern has none.
    pub fn immediate(&self, bits: u32) -> i64 {
        let mut value = 0i64;
        for field in self.fields() {
            if field.kind == FieldKind::Imm {
                value |= i64::from(field.get(bits)) << field.imm_low;
            }
        }
        if self.imm_signed {
            let unused = 64 - self.imm_width;
            value << unused >> unused
        } else {
            value
        }
    }

    /// An instruction of this pattern whose free bits come from `noise`, constraints honoured.
    /// Ignored bits are zero.
    pub fn sample(&self, noise: u64) -> u32 {
        let noise = (noise ^ (noise >> 32)) & u64::from(u32::MAX);
        let free = low_mask(self.bits) & !self.mask & !self.ignored;
        let mut bits = self.value | (u32::try_from(noise).unwrap_or(0) & free);
        for field in self.fields() {
            while !field.admits(bits) {
                let next = (field.get(bits) + 1) & low_mask(field.width);
                bits = bits & !field.mask() | next << field.shift;
            }
        }
        if self.imm_nonzero && self.immediate(bits) == 0 {
            let piece = self
                .fields()
                .iter()
                .find(|field| field.kind == FieldKind::Imm);
            bits |= piece.map_or(0, |field| 1 << field.shift);
        }
        bits
    }
}

/// What [`Pattern::parse`] has read so far. Shifts count from the top until the end is known.
struct Parser<'a> {
    text: &'a [u8],
    at: usize,
    pattern: Pattern,
    /// The name that the immediate goes by, as (start, end).
    imm_name: (usize, usize),
    /// The immediate's bits that are there.
    imm_seen: u32,
}

impl<'a> Parser<'a> {
    const fn new(text: &'a [u8]) -> Parser<'a> {
        let pattern = Pattern {
            mask: 0,
            value: 0,
            ignored: 0,
            bits: 0,
            fields: [Field::NONE; MAX_FIELDS],
            count: 0,
            imm_signed: false,
            imm_width: 0,
            imm_nonzero: false,
            constrained: false,
        };
        Parser {
            text,
            at: 0,
            pattern,
            imm_name: (0, 0),
            imm_seen: 0,
        }
    }

    const fn peek(&self) -> u8 {
        if self.at < self.text.len() {
            self.text[self.at]
        } else {
            b' '
        }
    }

    const fn expect(&mut self, byte: u8) {
        assert!(self.peek() == byte, "pattern: unexpected character");
        self.at += 1;
    }

    const fn number(&mut self) -> u8 {
        assert!(self.peek().is_ascii_digit(), "pattern: number expected");
        let mut value = 0;
        while self.peek().is_ascii_digit() {
            value = value * 10 + (self.peek() - b'0');
            self.at += 1;
        }
        value
    }

    const fn is(&self, name: (usize, usize), expected: &str) -> bool {
        self.same(name, expected.as_bytes())
    }

    const fn same(&self, (start, end): (usize, usize), expected: &[u8]) -> bool {
        if end - start != expected.len() {
            return false;
        }
        let mut n = 0;
        while n < expected.len() {
            if self.text[start + n] != expected[n] {
                return false;
            }
            n += 1;
        }
        true
    }

    /// Takes the next `width` bits of the instruction.
    const fn take(&mut self, width: u8, mask: u32, value: u32, ignored: u32) {
        let p = &mut self.pattern;
        assert!(p.bits + width <= 32, "pattern: more than 32 bits");
        p.bits += width;
        p.mask = shift_in(p.mask, width) | mask;
        p.value = shift_in(p.value, width) | value;
        p.ignored = shift_in(p.ignored, width) | ignored;
    }

    const fn push(&mut self, kind: FieldKind, width: u8, imm_low: u8) {
        let p = &mut self.pattern;
        assert!((p.count as usize) < MAX_FIELDS, "pattern: too many fields");
        let field = Field {
            kind,
            shift: p.bits,
            width,
            imm_low,
            not: u8::MAX,
            not2: u8::MAX,
        };
        p.fields[p.count as usize] = field;
        p.count += 1;
    }

    const fn token(&mut self) {
        match self.peek() {
            b' ' => self.at += 1,
            b'0' => self.fixed(1, 0, 0),
            b'1' => self.fixed(1, 1, 0),
            b'-' => self.fixed(0, 0, 1),
            _ => self.field(),
        }
    }

    const fn fixed(&mut self, mask: u32, value: u32, ignored: u32) {
        self.take(1, mask, value, ignored);
        self.at += 1;
    }

    const fn field(&mut self) {
        let start = self.at;
        while !matches!(self.peek(), b' ' | b'[' | b'!') {
            self.at += 1;
        }
        let name = (start, self.at);
        if self.peek() == b'[' {
            return self.immediate(name);
        }
        let (kind, second, width) = self.kind(name);
        self.push(kind, width, 0);
        if self.peek() == b'!' {
            self.constraint();
        }
        if let Some(second) = second {
            self.push(second, width, 0);
        }
        if matches!(kind, FieldKind::Rm) {
            self.pattern.constrained = true;
        }
        self.take(width, 0, 0, 0);
    }

    const fn kind(&self, name: (usize, usize)) -> (FieldKind, Option<FieldKind>, u8) {
        let names = [
            ("rd", FieldKind::Rd, None, 5),
            ("rs1", FieldKind::Rs1, None, 5),
            ("rs2", FieldKind::Rs2, None, 5),
            ("rs3", FieldKind::Rs3, None, 5),
            ("rd/rs1", FieldKind::Rd, Some(FieldKind::Rs1), 5),
            ("rd'", FieldKind::RdC, None, 3),
            ("rs1'", FieldKind::Rs1C, None, 3),
            ("rs2'", FieldKind::Rs2C, None, 3),
            ("rd'/rs1'", FieldKind::RdC, Some(FieldKind::Rs1C), 3),
            ("rm", FieldKind::Rm, None, 3),
            ("csr", FieldKind::Csr, None, 12),
            ("aq", FieldKind::Aq, None, 1),
            ("rl", FieldKind::Rl, None, 1),
            ("pred", FieldKind::Pred, None, 4),
            ("succ", FieldKind::Succ, None, 4),
        ];
        let mut n = 0;
        while n < names.len() {
            if self.is(name, names[n].0) {
                return (names[n].1, names[n].2, names[n].3);
            }
            n += 1;
        }
        panic!("pattern: unknown field");
    }

    /// `!=0` or `!=0,2`, for the field just pushed.
    const fn constraint(&mut self) {
        self.expect(b'!');
        self.expect(b'=');
        let last = self.pattern.count as usize - 1;
        self.pattern.fields[last].not = self.number();
        if self.peek() == b',' {
            self.at += 1;
            self.pattern.fields[last].not2 = self.number();
        }
        self.pattern.constrained = true;
    }

    /// `imm[12|10:5]`, from the bracket on.
    const fn immediate(&mut self, name: (usize, usize)) {
        let signed = self.is(name, "imm") || self.is(name, "nzimm");
        let nonzero = self.is(name, "nzimm") || self.is(name, "nzuimm");
        let plain = self.is(name, "uimm") || self.is(name, "shamt");
        assert!(signed || nonzero || plain, "pattern: unknown field");
        if self.imm_seen == 0 {
            self.imm_name = name;
        }
        let (_, first) = self.text.split_at(self.imm_name.0);
        let (first, _) = first.split_at(self.imm_name.1 - self.imm_name.0);
        assert!(
            self.same(name, first),
            "pattern: one immediate with two names"
        );
        self.pattern.imm_signed = signed;
        self.pattern.imm_nonzero = nonzero;
        self.pattern.constrained |= nonzero;
        while self.peek() != b']' {
            self.at += 1; // `[` or `|`
            self.piece();
            assert!(
                matches!(self.peek(), b'|' | b']'),
                "pattern: unexpected character"
            );
        }
        self.at += 1;
    }

    /// `12` or `10:5`.
    const fn piece(&mut self) {
        let high = self.number();
        let mut low = high;
        if self.peek() == b':' {
            self.at += 1;
            low = self.number();
        }
        assert!(
            low <= high && high < 32,
            "pattern: bits of an immediate run from high to low"
        );
        let width = high - low + 1;
        let bits = low_mask(width) << low;
        assert!(
            self.imm_seen & bits == 0,
            "pattern: a bit of the immediate twice"
        );
        self.imm_seen |= bits;
        if self.pattern.imm_width <= high {
            self.pattern.imm_width = high + 1;
        }
        self.push(FieldKind::Imm, width, low);
        self.take(width, 0, 0, 0);
    }

    const fn finish(self) -> Pattern {
        let mut pattern = self.pattern;
        assert!(
            pattern.bits == 16 || pattern.bits == 32,
            "pattern: neither 16 nor 32 bits"
        );
        let compressed = pattern.value & 3 != 3;
        assert!(
            pattern.mask & 3 == 3,
            "pattern: the low two bits, which give the length, vary"
        );
        assert!(
            compressed == (pattern.bits == 16),
            "pattern: the low two bits belie the length"
        );
        if self.imm_seen != 0 {
            let gaps = low_mask(pattern.imm_width) & !self.imm_seen;
            assert!(
                gaps & (gaps + 1) == 0,
                "pattern: a bit of the immediate is missing"
            );
        }
        let mut n = 0;
        while n < pattern.count as usize {
            let field = &mut pattern.fields[n];
            // So far `shift` counts the bits above the field.
            field.shift = pattern.bits - field.shift - field.width;
            n += 1;
        }
        pattern
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_split_immediate_is_put_together() {
        let branch = Pattern::parse("imm[12|10:5] rs2 rs1 000 imm[4:1|11] 1100011");
        assert_eq!((branch.mask, branch.value), (0x707f, 0x63));
        assert_eq!(branch.immediate(0xfe00_0ee3), -4);
        assert_eq!(branch.immediate(0x0000_0863), 16);
        let shift = Pattern::parse("000 shamt[5] rd/rs1!=0 shamt[4:0] 10");
        assert_eq!(shift.immediate(0x157e), 63);
        assert!(!shift.matches(0x007e) && shift.matches(0x157e));
    }

    #[test]
    fn samples_match() {
        let pattern = Pattern::parse("011 nzimm[17] rd!=0,2 nzimm[16:12] 01");
        for noise in 0..0x2_0000u64 {
            assert!(pattern.matches(pattern.sample(noise)));
        }
    }

    #[test]
    fn wrong_patterns_are_refused() {
        for wrong in [
            "0000001 rs2 rs1 100 rd 011001",
            "0000001 rs2 rs4 100 rd 0110011",
            "0000001 rs2 rs1 100 rd 0110001",
            "imm[12|10:6] 0 rs2 rs1 000 imm[4:1|11] 1100011",
            "imm[12|10:5] rs2 rs1 000 imm[5:2|11] 1100011",
            "imm[12|10:5] rs2 rs1 000 uimm[4:1|11] 1100011",
        ] {
            assert!(
                std::panic::catch_unwind(|| Pattern::parse(wrong)).is_err(),
                "{wrong}"
            );
        }
    }
}
