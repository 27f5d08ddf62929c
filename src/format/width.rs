//! Size arithmetic for a machine of a given address width (KHQ4-H8).
//!
//! The width is a parameter so that what a 32-bit machine must refuse is run everywhere.

/// The number of bits in an address, and so the largest size that a machine can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressWidth {
    /// Sizes up to 2^32 - 1.
    Bits32,
    /// Sizes up to 2^64 - 1.
    Bits64,
}

impl AddressWidth {
    /// The width of the machine that this runs on.
    pub const NATIVE: Self =
        if cfg!(target_pointer_width = "32") { Self::Bits32 } else { Self::Bits64 };

    /// The largest size.
    pub const fn max(self) -> u64 {
        match self {
            Self::Bits32 => u32::MAX as u64,
            Self::Bits64 => u64::MAX,
        }
    }

    /// `size`, where it fits.
    pub fn fit(self, size: u64) -> Option<u64> {
        (size <= self.max()).then_some(size)
    }

    /// `left * right`, where it fits.
    pub fn multiply(self, left: u64, right: u64) -> Option<u64> {
        left.checked_mul(right).and_then(|product| self.fit(product))
    }
}
