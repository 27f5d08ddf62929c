//! Texts and floats as C has them.

use std::ffi::{CStr, CString, c_void};

use crate::suite::floats::{Float, Floats};
use crate::suite::hex::{Bits, Bits16, Bits64};
use crate::suite::operation::FormatId;

/// The name of a format.
pub(super) fn c_name(format: FormatId) -> CString {
    CString::new(format.name()).expect("a format's name has no zero byte")
}

/// The name of a type.
pub(super) fn c_float(float: Float) -> &'static CStr {
    match float {
        Float::F16 => c"f16",
        Float::Bf16 => c"bf16",
        Float::F32 => c"f32",
        Float::F64 => c"f64",
    }
}

/// The type of that name, and the bytes of a value.
pub(super) fn named(name: &str) -> Option<(Float, usize)> {
    let floats = [(Float::F16, 2), (Float::Bf16, 2), (Float::F32, 4), (Float::F64, 8)];
    floats.into_iter().find(|(float, _)| float.name() == name)
}

/// Floats as the machine has them, in an allocation that is exactly as long as they are.
pub(super) enum Values {
    Two(Float, Box<[u16]>),
    Four(Box<[u32]>),
    Eight(Box<[u64]>),
}

impl Values {
    pub fn of(floats: &Floats) -> Self {
        match floats {
            Floats::F16(Bits16(bits)) | Floats::Bf16(Bits16(bits)) => {
                Self::Two(floats.float(), bits.as_slice().into())
            }
            Floats::F32(Bits(bits)) => Self::Four(bits.as_slice().into()),
            Floats::F64(Bits64(bits)) => Self::Eight(bits.as_slice().into()),
        }
    }

    /// The name of their type.
    pub fn float(&self) -> &'static CStr {
        c_float(match self {
            Self::Two(float, _) => *float,
            Self::Four(_) => Float::F32,
            Self::Eight(_) => Float::F64,
        })
    }

    /// Their number.
    pub fn len(&self) -> usize {
        match self {
            Self::Two(_, bits) => bits.len(),
            Self::Four(bits) => bits.len(),
            Self::Eight(bits) => bits.len(),
        }
    }

    /// The first one.
    pub fn as_ptr(&self) -> *const c_void {
        match self {
            Self::Two(_, bits) => bits.as_ptr().cast(),
            Self::Four(bits) => bits.as_ptr().cast(),
            Self::Eight(bits) => bits.as_ptr().cast(),
        }
    }
}

/// Floats from the bytes of a library, as the machine has them.
pub(super) fn floats(float: Float, bytes: &[u8]) -> Floats {
    let two = || Bits16(bytes.as_chunks().0.iter().map(|&bits| u16::from_ne_bytes(bits)).collect());
    match float {
        Float::F16 => Floats::F16(two()),
        Float::Bf16 => Floats::Bf16(two()),
        Float::F32 => {
            let bits = bytes.as_chunks().0.iter().map(|&bits| u32::from_ne_bytes(bits));
            Floats::F32(Bits(bits.collect()))
        }
        Float::F64 => {
            let bits = bytes.as_chunks().0.iter().map(|&bits| u64::from_ne_bytes(bits));
            Floats::F64(Bits64(bits.collect()))
        }
    }
}
