//! The control and status registers that user code can see, by number and name.
//!
//! What reading and writing them does is up to each reader of the tables.

/// A control and status register.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Csr(u16);

impl Csr {
    /// Accrued floating-point exception flags.
    pub const FFLAGS: Csr = Csr(0x001);
    /// Floating-point rounding mode.
    pub const FRM: Csr = Csr(0x002);
    /// Both: the mode in bits 7 to 5, the flags below.
    pub const FCSR: Csr = Csr(0x003);
    /// Clock cycles, read-only.
    pub const CYCLE: Csr = Csr(0xc00);
    /// Wall-clock time, read-only.
    pub const TIME: Csr = Csr(0xc01);
    /// Instructions retired, read-only.
    pub const INSTRET: Csr = Csr(0xc02);

    /// The register with the low twelve bits of this number.
    pub const fn new(number: u32) -> Csr {
        let [low, high, ..] = number.to_le_bytes();
        Csr(u16::from_le_bytes([low, high & 0xf]))
    }

    /// 0 to 0xfff.
    pub const fn number(self) -> u16 {
        self.0
    }

    /// The number's top bits say that it cannot be written
    /// (privileged architecture, "CSR Address Mapping Conventions").
    pub const fn is_read_only(self) -> bool {
        self.0 >> 10 == 3
    }

    /// The manual's name, for those that are here.
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Csr::FFLAGS => Some("fflags"),
            Csr::FRM => Some("frm"),
            Csr::FCSR => Some("fcsr"),
            Csr::CYCLE => Some("cycle"),
            Csr::TIME => Some("time"),
            Csr::INSTRET => Some("instret"),
            _ => None,
        }
    }
}
