//! What kind a file is, by its first bytes: for the error of a reader that expects another kind.
//!
//! ```
//! use q4proof::format::kind::{Expected, FileKind};
//!
//! let kind = FileKind::of(b"GGUF\x03\0\0\0");
//! assert_eq!(kind, Some(FileKind::Gguf));
//! let words = Expected::Tensor.differs_from(b"GGUF\x03\0\0\0");
//! assert_eq!(words.as_deref(), Some("is a GGUF file, expected a .q4 or .f16 file"));
//! ```

use super::{khf1, khq4};

/// Bytes at the start of a file that are looked at.
pub const LOOKED_AT: usize = 512;

/// A kind of file that is known by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// No bytes at all.
    Empty,
    /// The text that Git has in the place of a large file.
    LfsPointer,
    /// A page of a web server.
    Html,
    /// Weights of llama.cpp.
    Gguf,
    /// Weights of Hugging Face.
    Safetensors,
    /// What `torch.save` writes today.
    Zip,
    /// What `torch.save` wrote before, and `pickle.dump` writes.
    Pickle,
    /// Compressed bytes.
    Gzip,
    /// Text behind a mark of its encoding: UTF-8 or UTF-16.
    ByteOrderMark,
    /// A tensor in 4-bit blocks.
    Khq4,
    /// A tensor of f16.
    Khf1,
}

impl FileKind {
    /// The kind of a file that begins with these bytes; `None` where they are of no kind that is known.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let begins = |with: &[u8]| bytes.starts_with(with);
        if bytes.is_empty() {
            return Some(Self::Empty);
        }
        if begins(&khq4::MAGIC) {
            return Some(Self::Khq4);
        }
        if begins(&khf1::MAGIC) {
            return Some(Self::Khf1);
        }
        if begins(b"GGUF") {
            return Some(Self::Gguf);
        }
        if begins(b"version https://git-lfs.github.com/spec/") {
            return Some(Self::LfsPointer);
        }
        if begins(b"PK\x03\x04") || begins(b"PK\x05\x06") {
            return Some(Self::Zip);
        }
        if begins(b"\x1f\x8b") {
            return Some(Self::Gzip);
        }
        if begins(b"\xef\xbb\xbf") || begins(b"\xff\xfe") || begins(b"\xfe\xff") {
            return Some(Self::ByteOrderMark);
        }
        // Protocols 2 to 5, of which each pickle names its own first.
        if matches!(bytes, [0x80, 2..=5, ..]) {
            return Some(Self::Pickle);
        }
        if is_html(bytes) {
            return Some(Self::Html);
        }
        is_safetensors(bytes).then_some(Self::Safetensors)
    }

    /// What it is, with an article.
    fn noun(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::LfsPointer => "a Git LFS pointer",
            Self::Html => "an HTML page",
            Self::Gguf => "a GGUF file",
            Self::Safetensors => "a safetensors file",
            Self::Zip => "a zip archive",
            Self::Pickle => "a Python pickle",
            Self::Gzip => "a gzip file",
            Self::ByteOrderMark => "a byte order mark",
            Self::Khq4 => "a KHQ4 file",
            Self::Khf1 => "a KHF1 file",
        }
    }

    /// It as the predicate of a sentence about a file.
    pub fn predicate(self) -> String {
        let verb = if self == Self::ByteOrderMark { "begins with" } else { "is" };
        format!("{verb} {}", self.noun())
    }

    /// What can be done about it.
    fn advice(self) -> Option<&'static str> {
        match self {
            Self::LfsPointer => Some("`git lfs pull` fetches the file itself"),
            Self::Html => Some("it may be the error page or login page of a server"),
            Self::Zip | Self::Pickle => Some(
                "torch.save may have written it: load it with torch, and write it with \
                 safetensors.torch.save_file",
            ),
            Self::Gzip => Some("gunzip unpacks it"),
            Self::ByteOrderMark => Some("save it as UTF-8 without the mark"),
            _ => None,
        }
    }
}

/// What a reader expects a file to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// KHQ4 or KHF1.
    Tensor,
    /// Tensors with their names.
    Safetensors,
    /// A configuration, an index or a tokenizer.
    Json,
}

impl Expected {
    /// What a file is that begins with these bytes and is another one, and what was expected; `None` where
    /// it may be the expected one, or nobody knows what it is.
    pub fn differs_from(self, bytes: &[u8]) -> Option<String> {
        let kind = FileKind::of(bytes)?;
        let (words, advice) = match (self, kind) {
            (Self::Tensor, FileKind::Khq4 | FileKind::Khf1) => return None,
            (Self::Safetensors, FileKind::Safetensors) => return None,
            (Self::Tensor, FileKind::Safetensors) => {
                ("a .q4 or .f16 file", Some("`q4proof encode` makes them of it"))
            }
            (Self::Tensor, _) => ("a .q4 or .f16 file", kind.advice()),
            (Self::Safetensors, FileKind::Khq4 | FileKind::Khf1) => {
                ("a safetensors file", Some("`q4proof decode` makes one of it"))
            }
            (Self::Safetensors, _) => ("a safetensors file", kind.advice()),
            (Self::Json, _) => ("JSON", kind.advice()),
        };
        let advice = advice.map_or(String::new(), |advice| format!(": {advice}"));
        Some(format!("{}, expected {words}{advice}", kind.predicate()))
    }
}

/// Whether these bytes begin a page, behind white space and in letters of any case.
fn is_html(bytes: &[u8]) -> bool {
    let text = bytes.trim_ascii_start();
    let begins =
        |with: &[u8]| text.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with));
    begins(b"<!doctype html") || begins(b"<html")
}

/// Whether these bytes begin as a safetensors file does: a length, and a header that is an object.
fn is_safetensors(bytes: &[u8]) -> bool {
    const LONGEST_HEADER: u64 = 100_000_000;
    let Some((length, header)) = bytes.split_first_chunk() else { return false };
    let length = u64::from_le_bytes(*length);
    (2..=LONGEST_HEADER).contains(&length) && header.starts_with(b"{")
}
