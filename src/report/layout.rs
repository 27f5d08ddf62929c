//! The bytes of a KHQ4 or KHF1 file, field by field (SPEC sections 3 and 10), read without judging:
//! whatever is in a field, its neighbours are where the header says.

use crate::format::khf1;
use crate::suite::exact::blocks::{BlockFormat, khq4::Khq4};
use crate::suite::operation::FormatId;

/// Dimensions that are shown.
const MOST_DIMENSIONS: u64 = 8;

/// A field, or what there is of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Where it begins, in bytes from the start of the file.
    pub offset: u64,
    /// Its length in the file.
    pub len: u64,
    /// Its bytes; fewer than `len` where not all are shown.
    pub bytes: Vec<u8>,
    /// Its name, as SPEC.md has it.
    pub name: String,
    /// Its value in words.
    pub value: String,
}

/// Reads fields one after another from the first bytes of a file.
struct Reader<'a> {
    bytes: &'a [u8],
    file_len: u64,
    at: u64,
    fields: Vec<Field>,
}

/// The format that a file says it is; KHQ4 where it says neither.
pub fn format_of(bytes: &[u8]) -> FormatId {
    if bytes.starts_with(&khf1::MAGIC) { FormatId::KHF1 } else { FormatId::KHQ4 }
}

/// The fields of a file of `file_len` bytes, of which `bytes` are the first; of its blocks or values
/// the first `most`.
pub fn fields(bytes: &[u8], file_len: u64, most: u64) -> Vec<Field> {
    let mut reader = Reader { bytes, file_len, at: 0, fields: Vec::new() };
    // A field that is cut is the last one.
    let (complete, last) = match format_of(bytes) {
        FormatId::KHF1 => {
            (reader.header("numel").and_then(|count| reader.values(count, most)), "value")
        }
        _ => {
            let count = reader.header("original_len");
            (count.and_then(|count| reader.blocks(&Khq4, count, most)), "block")
        }
    };
    if complete.is_some() && reader.at < file_len {
        reader.gap(file_len, "trailing bytes", &format!("behind the last {last}"));
    }
    reader.fields
}

/// The fields of a payload of blocks apart from a file, which are those of `original_len` values; of its
/// blocks the first `most`.
pub fn payload(format: &dyn BlockFormat, bytes: &[u8], original_len: u64, most: u64) -> Vec<Field> {
    let file_len = bytes.len() as u64;
    let mut reader = Reader { bytes, file_len, at: 0, fields: Vec::new() };
    if reader.blocks(format, original_len, most).is_some() && reader.at < file_len {
        reader.gap(file_len, "trailing bytes", "behind the last block");
    }
    reader.fields
}

impl Reader<'_> {
    /// The header's fields; the number of values, where the file reaches so far.
    fn header(&mut self, count: &str) -> Option<u64> {
        self.field(4, "magic", |bytes| format!("{:?}", String::from_utf8_lossy(bytes)))?;
        self.number(4, "version")?;
        let ndim = self.number(4, "ndim")?;
        for index in 0..ndim.min(MOST_DIMENSIONS) {
            self.number(8, &format!("shape[{index}]"))?;
        }
        if ndim > MOST_DIMENSIONS {
            let name = format!("shape[{MOST_DIMENSIONS}] to shape[{}]", ndim - 1);
            // At most 2^32 - 1 dimensions of 8 bytes: cannot wrap.
            self.gap(12 + 8 * ndim, &name, "")?;
        }
        self.number(8, count)
    }

    fn values(&mut self, numel: u64, most: u64) -> Option<()> {
        let shown = numel.min(most);
        for index in 0..shown {
            let number = |bytes: &[u8]| half(u16::from_le_bytes([bytes[0], bytes[1]]));
            self.field(khf1::VALUE_BYTES, &format!("value {index}"), number)?;
        }
        self.rest("value", shown, numel, khf1::VALUE_BYTES)
    }

    fn blocks(&mut self, format: &dyn BlockFormat, original_len: u64, most: u64) -> Option<()> {
        let size = format.geometry();
        let count = original_len.div_ceil(size.weights as u64);
        let mut shown = 0;
        for index in 0..count.min(most) {
            let len = size.bytes as u64;
            if self.remaining() < len {
                return self.gap(self.at + len, &format!("block {index}"), "");
            }
            let start = usize::try_from(self.at).ok()?;
            let Some(bytes) = self.bytes.get(start..start + size.bytes) else {
                break;
            };
            let real = original_len - index * size.weights as u64;
            let real = usize::try_from(real).unwrap_or(usize::MAX).min(size.weights);
            for field in format.fields(bytes, real) {
                let name = format!("block {index} {}", field.name);
                self.field(field.bytes.len() as u64, &name, |_| field.value)?;
            }
            shown += 1;
        }
        self.rest("block", shown, count, size.bytes as u64)
    }

    /// Of `count` blocks or values of `len` bytes, those behind the first `shown`.
    fn rest(&mut self, what: &str, shown: u64, count: u64, len: u64) -> Option<()> {
        if shown == count {
            return Some(());
        }
        let name = match count - shown {
            1 => format!("{what} {shown}"),
            _ => format!("{what} {shown} to {what} {}", count - 1),
        };
        // No file reaches as far as the end of 64 bits.
        let end = (count - shown).saturating_mul(len).saturating_add(self.at);
        self.gap(end, &name, "")
    }

    fn remaining(&self) -> u64 {
        self.file_len.saturating_sub(self.at)
    }

    /// A little-endian number of `len` bytes.
    fn number(&mut self, len: u64, name: &str) -> Option<u64> {
        let mut number = None;
        self.field(len, name, |bytes| {
            let value = bytes.iter().rev().fold(0, |value, &byte| value << 8 | u64::from(byte));
            number = Some(value);
            value.to_string()
        })?;
        number
    }

    /// A field of `len` bytes; nothing, where the file or what is known of it ends before its end.
    fn field(&mut self, len: u64, name: &str, value: impl FnOnce(&[u8]) -> String) -> Option<()> {
        let start = usize::try_from(self.at).ok()?;
        let end = usize::try_from(self.at + len).ok()?;
        match self.bytes.get(start..end) {
            Some(bytes) => {
                self.fields.push(Field {
                    offset: self.at,
                    len,
                    bytes: bytes.to_vec(),
                    name: name.to_owned(),
                    value: value(bytes),
                });
                self.at += len;
                Some(())
            }
            None => {
                self.gap(self.at + len, name, "")?;
                None
            }
        }
    }

    /// Bytes that are named and not read, up to `end`; nothing, where the file ends before.
    fn gap(&mut self, end: u64, name: &str, value: &str) -> Option<()> {
        let there = end.min(self.file_len).saturating_sub(self.at);
        let expected = end - self.at;
        let cut = there < expected;
        let value = if cut {
            format!("the file ends after {there} of its {expected} bytes")
        } else if value.is_empty() {
            "not shown".to_owned()
        } else {
            value.to_owned()
        };
        let start = usize::try_from(self.at).ok()?.min(self.bytes.len());
        let known = &self.bytes[start..];
        let bytes = known[..known.len().min(usize::try_from(there).ok()?)].to_vec();
        self.fields.push(Field {
            offset: self.at,
            len: there,
            bytes,
            name: name.to_owned(),
            value,
        });
        self.at += there;
        (!cut).then_some(())
    }
}

/// An f16 in words.
pub fn half(bits: u16) -> String {
    half::f16::from_bits(bits).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite::exact::files::khq4 as file;
    use crate::suite::hex::Bytes;

    const WORKED: &str = "4b48513402000000010000000300000000000000030000000000000044300045700f0000000000000000000000000000";

    fn worked() -> Vec<u8> {
        Bytes::parse(WORKED).expect("hex").0
    }

    fn in_words(bytes: &[u8], most_blocks: u64) -> Vec<String> {
        let show = |field: Field| {
            format!("{}+{} {} = {}", field.offset, field.len, field.name, field.value)
        };
        fields(bytes, bytes.len() as u64, most_blocks).into_iter().map(show).collect()
    }

    #[test]
    fn the_worked_example_reads_as_in_the_spec() {
        let expected = [
            "0+4 magic = \"KHQ4\"",
            "4+4 version = 2",
            "8+4 ndim = 1",
            "12+8 shape[0] = 3",
            "20+8 original_len = 3",
            "28+2 block 0 scale = 0.13330078",
            "30+2 block 0 bias = 5",
            "32+16 block 0 nibbles = 07f | padding 00000000000000000000000000000",
        ];
        assert_eq!(in_words(&worked(), 4), expected);
    }

    #[test]
    fn a_file_of_any_length_is_read_to_its_end_and_no_farther() {
        for len in 0..=worked().len() {
            let read = fields(&worked()[..len], len as u64, 4);
            let mut at = 0;
            for field in &read {
                assert_eq!(field.offset, at);
                at += field.len;
            }
            assert_eq!(at, len as u64);
            let cut = read.last().is_some_and(|field| field.value.contains("the file ends after"));
            assert_eq!(cut, len < worked().len(), "{len} bytes");
        }
    }

    #[test]
    fn a_hostile_header_is_read_without_being_believed() {
        let mut bytes = worked();
        bytes[8..12].fill(0xff);
        let lines = in_words(&bytes, 4);
        assert!(lines[2].contains("ndim = 4294967295"), "{lines:?}");
        assert!(lines.last().is_some_and(|line| line.contains("the file ends after")), "{lines:?}");

        let mut bytes = worked();
        bytes[20..28].fill(0xff);
        let lines = in_words(&bytes, 4);
        assert_eq!(
            lines.last().map(String::as_str),
            Some("48+0 block 1 = the file ends after 0 of its 20 bytes")
        );

        let mut bytes = worked();
        bytes[20..28].fill(0);
        let lines = in_words(&bytes, 4);
        assert_eq!(
            lines.last().map(String::as_str),
            Some("28+20 trailing bytes = behind the last block")
        );
    }

    #[test]
    fn a_file_of_f16_is_read_value_by_value() {
        let mut bytes = crate::suite::exact::files::khf1::write(&[3], 3, &[0x3c00, 0xb800, 1]);
        let lines = in_words(&bytes, 2);
        assert_eq!(lines[0], "0+4 magic = \"KHF1\"");
        assert_eq!(
            lines[4..],
            [
                "20+8 numel = 3",
                "28+2 value 0 = 1",
                "30+2 value 1 = -0.5",
                "32+2 value 2 = not shown",
            ]
        );
        bytes[20..28].fill(0xff);
        let lines = in_words(&bytes, 2);
        assert!(
            lines.last().is_some_and(|line| line.contains("the file ends after 2")),
            "{lines:?}"
        );
    }

    #[test]
    fn blocks_beyond_those_asked_for_are_named() {
        let lines = in_words(&worked(), 0);
        assert_eq!(lines.last().map(String::as_str), Some("28+20 block 0 = not shown"));
    }

    #[test]
    fn dimensions_beyond_the_eighth_are_named_together() {
        let behind = |dimensions: &[u64]| {
            let lines = in_words(&file::write(dimensions, 1, &worked()[28..]), 0);
            lines.into_iter().skip_while(|line| *line != "68+8 shape[7] = 1").collect::<Vec<_>>()
        };
        let expected = ["68+8 shape[7] = 1", "76+8 original_len = 1", "84+20 block 0 = not shown"];
        assert_eq!(behind(&[1; 8]), expected);
        let expected = [
            "68+8 shape[7] = 1",
            "76+8 shape[8] to shape[8] = not shown",
            "84+8 original_len = 1",
            "92+20 block 0 = not shown",
        ];
        assert_eq!(behind(&[1; 9]), expected);
    }
}
