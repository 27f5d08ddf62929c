//! Bytes and floats as the protocol writes them.

use serde::{Deserialize, Serialize};

/// Bytes, written in JSON as lowercase hexadecimal digits.
#[derive(Deserialize)]
#[serde(try_from = "String")]
pub struct Hex(pub Vec<u8>);

impl Hex {
    /// The bits of each value, so that the sign of a zero and the payload of a NaN arrive too.
    pub fn of<T: Copy, const N: usize>(values: &[T], bytes: fn(T) -> [u8; N]) -> Hex {
        Hex(values.iter().copied().flat_map(bytes).collect())
    }

    /// Whole values, or `None` where the bytes end inside one.
    pub(super) fn values<T, const N: usize>(&self, value: fn([u8; N]) -> T) -> Option<Vec<T>> {
        let (values, rest) = self.0.as_chunks::<N>();
        rest.is_empty().then(|| values.iter().copied().map(value).collect())
    }
}

impl TryFrom<String> for Hex {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Hex, &'static str> {
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        if !rest.is_empty() {
            return Err("an odd number of hexadecimal digits");
        }
        let digit = |character: u8| char::from(character).to_digit(16);
        pairs
            .iter()
            .map(|&[high, low]| Some((digit(high)? << 4 | digit(low)?) as u8))
            .collect::<Option<_>>()
            .map(Hex)
            .ok_or("not a hexadecimal digit")
    }
}

impl Serialize for Hex {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let digits = b"0123456789abcdef";
        let text: String = (self.0.iter())
            .flat_map(|byte| [byte >> 4, byte & 15])
            .map(|nibble| char::from(digits[usize::from(nibble)]))
            .collect();
        serializer.serialize_str(&text)
    }
}

/// Values of one type, which is their one key.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Floats {
    F16(Hex),
    Bf16(Hex),
    F32(Hex),
    F64(Hex),
    /// A type that a later protocol may add.
    #[serde(untagged)]
    Other(serde_json::Value),
}

impl Floats {
    pub(super) fn of_f32(values: &[f32]) -> Floats {
        Floats::F32(Hex::of(values, f32::to_le_bytes))
    }

    /// The values, or `None` where they are not f32 or end inside one.
    pub fn f32(&self) -> Option<Vec<f32>> {
        match self {
            Floats::F32(values) => values.values(f32::from_le_bytes),
            _ => None,
        }
    }

    /// The same for f64.
    pub fn f64(&self) -> Option<Vec<f64>> {
        match self {
            Floats::F64(values) => values.values(f64::from_le_bytes),
            _ => None,
        }
    }
}
