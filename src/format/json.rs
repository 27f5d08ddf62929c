//! JSON of a model's files, read strictly, so that everybody who reads a file reads the same of it: no key
//! twice in an object, no number that f64 cannot hold, nothing behind the value.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeOwned, Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::FormatError;
use super::index::{from_json, text_of};
use super::names::shortened;

/// Reads JSON of at most [`LONGEST_INDEX`](super::index::LONGEST_INDEX) bytes as a `T`.
///
/// # Errors
///
/// `index_size`; `index` at the byte where it is no UTF-8, no JSON or no `T`, where a key is there for the
/// second time and where a number is beyond the range of f64.
pub(crate) fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, FormatError> {
    let text = text_of(bytes)?;
    // No tree is built to look for keys that are there twice.
    from_json::<Strict>(text)?;
    from_json(text)
}

/// Any value, of which nothing is kept.
struct Strict;

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Strict)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Self;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value of JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<Self, A::Error> {
        while values.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self, A::Error> {
        let mut keys: HashSet<Cow<str>> = HashSet::new();
        while let Some(Key(key)) = map.next_key()? {
            if keys.contains(&key) {
                let key = shortened(&key);
                return Err(A::Error::custom(format_args!("the key {key:?} is there twice")));
            }
            keys.insert(key);
            map.next_value::<Self>()?;
        }
        Ok(self)
    }
}

/// A key, borrowed where it has no escapes.
#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn what_is_strict_is_read_as_it_is() {
        let text = r#"{"a":[null,true,1,-1,1.5,1e308,"b\n",{}],"c":{"a":1},"\u0061b":{"a":2}}"#;
        let expected: Value = serde_json::from_str(text).expect("JSON");
        assert_eq!(read::<Value>(text.as_bytes()), Ok(expected));
    }

    #[test]
    fn a_key_is_the_same_however_it_is_spelt() {
        for (text, offset) in [
            (r#"{"ab":1,"a\u0062":2}"#, 16),
            (r#"[{"a":{"ab":1,"c":0,"ab":1}}]"#, 23),
            (r#"{"":0,"":0}"#, 7),
        ] {
            let error = read::<Value>(text.as_bytes()).expect_err("a key twice");
            assert!(error.detail.contains("is there twice"), "{error}");
            assert_eq!(error.offset, offset, "{text}: {error}");
        }
        let long = "k".repeat(100_000);
        let error = read::<Value>(format!("{{\"{long}\":1,\"{long}\":1}}").as_bytes());
        assert!(error.expect_err("a key twice").detail.len() < 200);
    }
}
