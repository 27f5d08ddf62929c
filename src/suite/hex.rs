//! Payloads and floats as lowercase hex, the only form in which they stand in JSON. Floats stand there by
//! their bytes, little-endian, as they lie in memory.

use std::fmt;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Bytes, as `"0a0b"`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Bytes(pub Vec<u8>);

impl Bytes {
    fn in_json(&self) -> String {
        self.to_string()
    }

    /// Reads hex of either case and no other character.
    ///
    /// # Errors
    ///
    /// What is wrong, for a person.
    pub fn parse(text: &str) -> Result<Self, String> {
        if !text.len().is_multiple_of(2) {
            return Err(format!("hex of {} digits is not whole bytes", text.len()));
        }
        let digit = |digit: u8| {
            (digit as char)
                .to_digit(16)
                .ok_or_else(|| format!("{:?} is no hex digit", digit as char))
        };
        let pair = |pair: &[u8; 2]| Ok((16 * digit(pair[0])? + digit(pair[1])?) as u8);
        text.as_bytes().as_chunks::<2>().0.iter().map(pair).collect::<Result<_, _>>().map(Self)
    }
}

/// Floats of one width by their bit patterns.
macro_rules! float_bits {
    ($(#[doc = $about:literal])* $type:ident, $word:ty, $float:literal) => {
        $(#[doc = $about])*
        #[derive(Clone, Default, PartialEq, Eq)]
        pub struct $type(pub Vec<$word>);

        impl $type {
            /// The bytes of the values, little-endian.
            pub fn to_le_bytes(&self) -> Bytes {
                Bytes(self.0.iter().flat_map(|bits| bits.to_le_bytes()).collect())
            }

            /// The inverse of [`Self::to_le_bytes`].
            ///
            /// # Errors
            ///
            /// Where the bytes are not whole values.
            pub fn from_le_bytes(bytes: &Bytes) -> Result<Self, String> {
                let (whole, rest) = bytes.0.as_chunks();
                if !rest.is_empty() {
                    return Err(format!("{} bytes are not whole {} values", bytes.0.len(), $float));
                }
                Ok(Self(whole.iter().map(|&value| <$word>::from_le_bytes(value)).collect()))
            }

            fn parse(text: &str) -> Result<Self, String> {
                Bytes::parse(text).and_then(|bytes| Self::from_le_bytes(&bytes))
            }

            fn in_json(&self) -> String {
                self.to_le_bytes().to_string()
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                for (index, bits) in self.0.iter().enumerate() {
                    let space = if index == 0 { "" } else { " " };
                    write!(formatter, "{space}{bits:0digits$x}", digits = 2 * size_of::<$word>())?;
                }
                Ok(())
            }
        }
    };
}

float_bits! {
    /// f32 values by their bit patterns. In JSON they are their bytes, little-endian: `"0000a0400000c040"`;
    /// for a person they are words of eight digits, most significant digit first: `40a00000 40c00000`.
    Bits, u32, "f32"
}

float_bits! {
    /// f16 values, as [`Bits`], in words of four digits.
    Bits16, u16, "f16"
}

float_bits! {
    /// f64 values, as [`Bits`], in words of sixteen digits.
    Bits64, u64, "f64"
}

impl Bits {
    /// The bit patterns of `values`.
    pub fn of(values: &[f32]) -> Self {
        Self(values.iter().map(|value| value.to_bits()).collect())
    }

    /// The values as floats.
    pub fn values(&self) -> Vec<f32> {
        self.0.iter().map(|&bits| f32::from_bits(bits)).collect()
    }
}

impl Bits64 {
    /// The bit patterns of `values`.
    pub fn of(values: &[f64]) -> Self {
        Self(values.iter().map(|value| value.to_bits()).collect())
    }

    /// The values as floats.
    pub fn values(&self) -> Vec<f64> {
        self.0.iter().map(|&bits| f64::from_bits(bits)).collect()
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = String::with_capacity(2 * self.0.len());
        for &byte in &self.0 {
            text.push(char::from(DIGITS[usize::from(byte >> 4)]));
            text.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
        formatter.write_str(&text)
    }
}

/// All of them are strings in JSON and in the schema, and a text in debug output.
macro_rules! as_hex_text {
    ($type:ty, $pattern:literal) => {
        impl fmt::Debug for $type {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(formatter, "\"{self}\"")
            }
        }

        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.in_json())
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                if text.bytes().any(|digit| digit.is_ascii_uppercase()) {
                    return Err(D::Error::custom("hex has capital letters, expected lowercase digits"));
                }
                Self::parse(&text).map_err(D::Error::custom)
            }
        }

        #[cfg(feature = "cli")]
        impl schemars::JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "pattern": $pattern })
            }
        }
    };
}

as_hex_text!(Bytes, "^([0-9a-f]{2})*$");
as_hex_text!(Bits, "^([0-9a-f]{8})*$");
as_hex_text!(Bits16, "^([0-9a-f]{4})*$");
as_hex_text!(Bits64, "^([0-9a-f]{16})*$");
