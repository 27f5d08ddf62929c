//! Payloads and floats as lowercase hex, the only form in which they stand in JSON.

use std::fmt;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Bytes, as `"0a0b"`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Bytes(pub Vec<u8>);

impl Bytes {
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
            /// The values, little-endian, as the protocol carries them.
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
                let digits = 2 * size_of::<$word>();
                let word = |word: &str| {
                    if word.len() == digits && word.bytes().all(|digit| digit.is_ascii_hexdigit()) {
                        return <$word>::from_str_radix(word, 16).map_err(|error| error.to_string());
                    }
                    Err(format!("{word:?} is not the {digits} hex digits of an {}", $float))
                };
                text.split_ascii_whitespace().map(word).collect::<Result<_, _>>().map(Self)
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
    /// f32 values by their bit patterns, as `"40a00000 40c00000"`: one word of eight digits a value,
    /// most significant digit first.
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
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

/// All of them are strings in JSON, in debug output and in the schema.
macro_rules! as_hex_text {
    ($type:ty, $pattern:literal) => {
        impl fmt::Debug for $type {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(formatter, "\"{self}\"")
            }
        }

        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
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
as_hex_text!(Bits, "^([0-9a-f]{8}( [0-9a-f]{8})*)?$");
as_hex_text!(Bits16, "^([0-9a-f]{4}( [0-9a-f]{4})*)?$");
as_hex_text!(Bits64, "^([0-9a-f]{16}( [0-9a-f]{16})*)?$");
