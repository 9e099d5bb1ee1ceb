//! What discovery knows of a guest value: constants, `base + index * 2^n`, entries of jump tables.
//!
//! It knows how values combine, not which instruction combines them.

use vmtrans_isa::Width;

/// Where a constant came from, which decides whether it may be called an address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin {
    /// An immediate.
    Plain,
    /// Computed from the program counter.
    Pc,
    /// Computed from the `lui` at this index.
    Lui(u32),
    /// Read from memory that never changes.
    Loaded,
    /// Known only if callees and the kernel keep the registers that they should. Good for finding
    /// jump tables, never for a note.
    Assumed,
}

impl Origin {
    /// The origin of the sum of two constants.
    fn sum(self, other: Origin) -> Origin {
        match (self, other) {
            (Origin::Plain, o) | (o, Origin::Plain) => o,
            (Origin::Assumed | Origin::Loaded, _) | (_, Origin::Assumed | Origin::Loaded) => {
                Origin::Assumed
            }
            (Origin::Lui(at), Origin::Lui(_)) => Origin::Lui(at),
            _ => Origin::Plain,
        }
    }
}

/// The name of an unknown value: equal names are equal values, up to the extension of 32 bits.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct Unknown(pub u32);

/// A guest value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Val {
    /// This number.
    Const(u64, Origin),
    /// `base + unknown * 2^shift`.
    Linear {
        /// Value where the unknown is 0.
        base: u64,
        /// What is scaled.
        index: Unknown,
        /// The scale, as a power of two.
        shift: u8,
        /// The base comes from a constant that may be an address.
        rooted: bool,
    },
    /// What the load at this index read from a table in read-only memory, plus `add`.
    Entry {
        /// Index of the load.
        load: u32,
        /// Added to what it read.
        add: u64,
    },
    /// Anything.
    Any,
}

impl Val {
    /// An immediate.
    pub const fn plain(value: u64) -> Val {
        Val::Const(value, Origin::Plain)
    }

    /// A name for a value of which nothing is known.
    pub const fn unknown(index: Unknown) -> Val {
        Val::Linear {
            base: 0,
            index,
            shift: 0,
            rooted: false,
        }
    }

    /// The name, where the value is nothing but an unknown.
    pub fn as_unknown(self) -> Option<Unknown> {
        match self.as_index() {
            Val::Linear {
                base: 0,
                index,
                shift: 0,
                ..
            } => Some(index),
            _ => None,
        }
    }

    /// What was read from an array as an index for another one.
    fn as_index(self) -> Val {
        match self {
            // No instruction gives x0 a value, so this name is free.
            Val::Entry { load, add: 0 } => Val::unknown(Unknown(load.wrapping_mul(32))),
            other => other,
        }
    }

    /// The number, whatever its origin.
    pub fn as_const(self) -> Option<u64> {
        match self {
            Val::Const(value, _) => Some(value),
            _ => None,
        }
    }

    /// The same value behind a call that should have kept its register.
    pub fn assumed(self) -> Option<Val> {
        match self {
            Val::Const(value, _) => Some(Val::Const(value, Origin::Assumed)),
            Val::Linear { .. } => Some(self),
            Val::Entry { .. } | Val::Any => None,
        }
    }

    /// `self + other`, wrapping.
    pub fn add(self, other: Val) -> Val {
        match (self, other) {
            (Val::Const(a, o), Val::Const(b, p)) => Val::Const(a.wrapping_add(b), o.sum(p)),
            (
                Val::Linear {
                    base,
                    index,
                    shift,
                    rooted,
                },
                Val::Const(c, o),
            )
            | (
                Val::Const(c, o),
                Val::Linear {
                    base,
                    index,
                    shift,
                    rooted,
                },
            ) => {
                let rooted = rooted || o != Origin::Plain;
                Val::Linear {
                    base: base.wrapping_add(c),
                    index,
                    shift,
                    rooted,
                }
            }
            (Val::Entry { load, add }, Val::Const(c, _))
            | (Val::Const(c, _), Val::Entry { load, add }) => Val::Entry {
                load,
                add: add.wrapping_add(c),
            },
            _ => Val::Any,
        }
    }

    /// `self - other`, wrapping.
    pub fn sub(self, other: Val) -> Val {
        match (self, other) {
            (_, Val::Const(c, Origin::Plain)) => self.add(Val::plain(c.wrapping_neg())),
            (Val::Const(a, _), Val::Const(b, _)) => Val::plain(a.wrapping_sub(b)),
            _ => Val::Any,
        }
    }

    /// `self << n`.
    pub fn shl(self, w: Width, n: Val) -> Val {
        let Some(n) = n.as_const() else {
            return Val::Any;
        };
        let n = n & u64::from(w.bits() - 1);
        match self.as_index() {
            Val::Const(a, Origin::Plain | Origin::Lui(_)) => Val::plain(a << n).sext(w),
            Val::Linear {
                base,
                index,
                shift,
                rooted: false,
            } if n + u64::from(shift) < 64 => {
                let shift = shift + u8::try_from(n).unwrap_or(0);
                Val::Linear {
                    base: base << n,
                    index,
                    shift,
                    rooted: false,
                }
            }
            _ => Val::Any,
        }
    }

    /// `self >> n`, logical or (as far as this goes) arithmetic: undoes a shift to the left.
    pub fn shr(self, w: Width, n: Val) -> Val {
        let Some(n) = n.as_const() else {
            return Val::Any;
        };
        match self.as_index() {
            Val::Const(a, Origin::Plain) if w == Width::D => Val::plain(a >> (n & 63)),
            Val::Linear {
                base: 0,
                index,
                shift,
                rooted: false,
            } if w == Width::D && n <= u64::from(shift) => {
                let shift = shift - u8::try_from(n).unwrap_or(0);
                Val::Linear {
                    base: 0,
                    index,
                    shift,
                    rooted: false,
                }
            }
            _ => Val::Any,
        }
    }

    /// `self & other`; a mask that clears bit 0 only, as every indirect jump has, keeps all.
    pub fn and(self, other: Val) -> Val {
        match (self, other) {
            (Val::Const(a, Origin::Plain), Val::Const(b, Origin::Plain)) => Val::plain(a & b),
            (Val::Const(a, o), Val::Const(b, Origin::Plain)) if b == !1 => Val::Const(a & b, o),
            (Val::Entry { .. }, Val::Const(b, Origin::Plain)) if b == !1 => self,
            _ => Val::Any,
        }
    }

    /// Sign-extends the low bits.
    pub fn sext(self, w: Width) -> Val {
        match self {
            Val::Const(a, o) => {
                let unused = 64 - w.bits();
                Val::Const(
                    (a << unused)
                        .cast_signed()
                        .wrapping_shr(unused)
                        .cast_unsigned(),
                    o,
                )
            }
            _ => self.extended(w),
        }
    }

    /// Zero-extends the low bits.
    pub fn zext(self, w: Width) -> Val {
        match self {
            Val::Const(a, o) => Val::Const(a & (u64::MAX >> (64 - w.bits())), o),
            _ => self.extended(w),
        }
    }

    /// An unknown keeps its name when its 32 bits are extended: what a table's index is called
    /// decides only how many entries are read.
    fn extended(self, w: Width) -> Val {
        match self.as_index() {
            Val::Linear {
                base: 0, shift: 0, ..
            } if matches!(w, Width::W | Width::D) => self,
            Val::Linear {
                base,
                index,
                shift,
                rooted: false,
            } if w == Width::W && base >> 32 == 0 => Val::Linear {
                base,
                index,
                shift,
                rooted: false,
            },
            _ => Val::Any,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INDEX: Val = Val::unknown(Unknown(7));

    #[test]
    fn a_shift_there_and_back_scales() {
        let there = INDEX.shl(Width::D, Val::plain(32));
        let scaled = there.shr(Width::D, Val::plain(30));
        assert_eq!(
            scaled,
            Val::Linear {
                base: 0,
                index: Unknown(7),
                shift: 2,
                rooted: false
            }
        );
        let table = scaled.add(Val::Const(0x1000, Origin::Pc));
        assert_eq!(
            table,
            Val::Linear {
                base: 0x1000,
                index: Unknown(7),
                shift: 2,
                rooted: true
            }
        );
    }

    #[test]
    fn constants_remember_what_they_are_made_of() {
        let upper = Val::Const(0x12000, Origin::Lui(3));
        assert_eq!(
            upper.add(Val::plain(0x34)),
            Val::Const(0x12034, Origin::Lui(3))
        );
        assert_eq!(upper.shl(Width::D, Val::plain(4)), Val::plain(0x12_0000));
        let pc = Val::Const(0x4000, Origin::Pc);
        assert_eq!(pc.sub(pc), Val::plain(0));
        assert_eq!(Val::plain(0xffff_ffff).sext(Width::W), Val::plain(u64::MAX));
    }
}
