//! The loads of a container: a file that is accepted, and its refusals, each an accepted control and one
//! fault, with the repairs of what depends on it, so that the one guard under test is all that stands
//! between the loader and a wrong tensor.

use std::fmt::Display;

use super::Draft;
use crate::suite::case::{Change, Edit, File, Special};
use crate::suite::feature::Feature;
use crate::suite::hex::Bytes;
use crate::suite::operation::FormatId;
use crate::suite::question::{Load, Question};

/// Offsets in the header that KHQ4 and KHF1 share.
pub(super) const NDIM: u64 = 8;
pub(super) const SHAPE: u64 = 12;
/// The number of values in a file of one dimension.
pub(super) const COUNT_1D: u64 = 20;
/// The payload of a file of one dimension.
pub(super) const PAYLOAD_1D: u64 = 28;

/// A container, as the builders of its loads see it.
pub(super) struct Loads {
    pub format: FormatId,
    /// What the ids begin with.
    pub prefix: &'static str,
    pub version: u32,
    /// The header's name for the number of values.
    pub count: &'static str,
    /// The payload of so many values.
    pub payload: fn(u64) -> Vec<u8>,
    pub clauses: Clauses,
}

/// Where SPEC.md says what a loader checks.
pub(super) struct Clauses {
    pub magic: &'static str,
    pub version: &'static str,
    /// That the dimensions are there.
    pub dimensions: &'static str,
    /// That the shape's product is the number of values.
    pub mismatch: &'static str,
    /// That the shape's product does not overflow.
    pub overflow: &'static str,
    /// That sizes fit the machine.
    pub width: &'static str,
    pub short_payload: &'static str,
    pub trailing: &'static str,
    /// That the shape is the one that the caller requires.
    pub caller: &'static str,
    /// That there is a file.
    pub file: &'static str,
}

impl Loads {
    fn ask(
        &self,
        id: impl Display,
        clause: &str,
        class: u8,
        note: impl Into<String>,
        load: Load,
    ) -> Draft {
        let id = format!("{}/{id}", self.prefix);
        Draft::new(id, clause, note, Question::Load(load)).class(class)
    }

    fn of(&self, path: File) -> Load {
        Load { format: self.format, path, expected_shape: None, address_width: None }
    }

    pub fn case(
        &self,
        id: impl Display,
        clause: &str,
        class: u8,
        note: impl Into<String>,
        path: File,
    ) -> Draft {
        self.ask(id, clause, class, note, self.of(path))
    }

    pub fn refusal(
        &self,
        id: impl Display,
        clause: &str,
        class: u8,
        note: impl Into<String>,
        control: &str,
        edits: Vec<Edit>,
    ) -> Draft {
        self.case(id, clause, class, note, File::Patch(edits)).control(control)
    }

    /// The file ends at each place before the end of a header of `len` bytes (class 1).
    pub fn header_cuts(
        &self,
        control: &str,
        len: u64,
        clause: fn(u64) -> &'static str,
    ) -> Vec<Draft> {
        let cut = |at: u64| {
            let note = format!("the file ends after {at} of the header's {len} bytes");
            let edits = vec![fault("length", truncate(at))];
            self.refusal(format!("header-cut-{at:02}"), clause(at), 1, note, control, edits)
        };
        (0..len).map(cut).collect()
    }

    pub fn magic(&self, id: &str, class: u8, note: &str, control: &str, bytes: &[u8]) -> Draft {
        let edits = vec![fault("magic", overwrite(0, bytes))];
        self.refusal(format!("magic-{id}"), self.clauses.magic, class, note, control, edits)
    }

    pub fn version(&self, id: &str, note: &str, control: &str, version: u32) -> Draft {
        let edits = vec![fault("version", overwrite(4, &version.to_le_bytes()))];
        self.refusal(format!("version-{id}"), self.clauses.version, 4, note, control, edits)
    }

    /// Every field of a header of one dimension in big-endian order.
    pub fn big_endian(&self, id: &str, note: &str, control: &str, len: u64) -> Draft {
        let edits = vec![
            fault("version", overwrite(4, &self.version.to_be_bytes())),
            fault("ndim", overwrite(NDIM, &1u32.to_be_bytes())),
            fault("shape[0]", overwrite(SHAPE, &len.to_be_bytes())),
            fault(self.count, overwrite(COUNT_1D, &len.to_be_bytes())),
        ];
        self.refusal(format!("big-endian-{id}"), self.clauses.version, 3, note, control, edits)
    }

    /// Another number of dimensions than is there.
    pub fn ndim(
        &self,
        id: &str,
        class: u8,
        note: impl Into<String>,
        control: &str,
        ndim: u32,
    ) -> Draft {
        let edits = vec![announced(ndim)];
        self.refusal(format!("ndim-{id}"), self.clauses.dimensions, class, note, control, edits)
    }

    /// Another size of the dimension that stands at `at`.
    pub fn size(
        &self,
        id: &str,
        class: u8,
        note: &str,
        control: &str,
        at: u64,
        size: u64,
    ) -> Draft {
        let edits = vec![fault("shape", number(at, size))];
        self.refusal(format!("shape-{id}"), self.clauses.mismatch, class, note, control, edits)
    }

    /// Another number of values, which stands at `at`, and the payload of it.
    pub fn counted(&self, at: u64, count: u64, payload: Change) -> Vec<Edit> {
        vec![fault(self.count, number(at, count)), repair("payload", payload)]
    }

    /// A shape whose product wraps to `wrapped` in 64 bits (classes 16 and 17).
    pub fn overflow(
        &self,
        id: &str,
        note: String,
        control: &str,
        shape: &[u64],
        wrapped: u64,
    ) -> Draft {
        let class = if wrapped == 0 { 17 } else { 16 };
        let edits = self.reshape_over(shape, wrapped, wrapped);
        self.refusal(format!("product-{id}"), self.clauses.overflow, class, note, control, edits)
    }

    /// Sizes are computed as on a machine of 32 bits.
    pub fn narrow(
        &self,
        id: &str,
        class: u8,
        note: &str,
        control: &str,
        edits: Vec<Edit>,
    ) -> Draft {
        let load = Load { address_width: Some(32), ..self.of(File::Patch(edits)) };
        self.ask(format!("width-32-{id}"), self.clauses.width, class, note, load)
            .control(control)
            .requires(Feature::Width32)
    }

    /// The caller requires a shape (class 24).
    pub fn expecting(
        &self,
        id: impl Display,
        note: impl Into<String>,
        path: File,
        shape: &[u64],
    ) -> Draft {
        let load = Load { expected_shape: Some(shape.to_vec()), ..self.of(path) };
        self.ask(id, self.clauses.caller, 24, note, load).requires(Feature::ExpectedShape)
    }

    /// The caller requires another shape than the control `has`.
    pub fn expecting_other(&self, id: &str, control: &str, shape: &[u64], has: &[u64]) -> Draft {
        let required = if shape.is_empty() { "a scalar".into() } else { format!("{shape:?}") };
        let found = if has.is_empty() { "is a scalar".into() } else { format!("has {has:?}") };
        let note = format!("the caller requires {required}, the file {found}");
        self.expecting(id, note, File::Patch(Vec::new()), shape).control(control)
    }

    pub fn cut(&self, id: impl Display, class: u8, note: &str, control: &str, len: u64) -> Draft {
        let edits = vec![fault("length", truncate(len))];
        let clause = self.clauses.short_payload;
        self.refusal(format!("payload-{id}"), clause, class, note, control, edits)
    }

    pub fn trailing(&self, id: &str, note: &str, control: &str, bytes: &[u8]) -> Draft {
        let edits = vec![fault("end", append(bytes))];
        self.refusal(format!("trailing-{id}"), self.clauses.trailing, 5, note, control, edits)
    }

    /// What is no file (classes 7 and 8): refused without hanging. The notes of the two links are given:
    /// that to nothing, then that to a directory.
    pub fn specials(&self, control: &str, [dangling, linked]: [&str; 2]) -> Vec<Draft> {
        let fifo = "a FIFO without a writer: opening it must not hang";
        let device = "the null device, which reads as an empty file";
        [
            ("no-file", 8, "nothing lies at the path", Special::Missing),
            ("dangling-symlink", 8, dangling, Special::DanglingSymlink),
            ("directory", 7, "a directory", Special::Directory),
            ("symlink-to-directory", 7, linked, Special::SymlinkToDirectory),
            ("fifo", 7, fifo, Special::Fifo),
            ("device", 7, device, Special::Device),
            ("socket", 7, "a socket", Special::Socket),
        ]
        .into_iter()
        .map(|(id, class, note, special)| {
            self.case(id, self.clauses.file, class, note, File::Special(special)).control(control)
        })
        .collect()
    }

    /// Replaces the one dimension and the number of values of the empty control.
    pub fn reshape(&self, shape: &[u64], count: u64) -> Vec<Edit> {
        let sizes: Vec<u8> = shape.iter().flat_map(|size| size.to_le_bytes()).collect();
        let mut edits = Vec::new();
        if shape.len() != 1 {
            edits.push(repair("ndim", overwrite(NDIM, &(shape.len() as u32).to_le_bytes())));
        }
        edits.push(fault("shape", Change::Remove { offset: SHAPE, count: 8 }));
        if !sizes.is_empty() {
            edits.push(fault("shape", Change::Insert { offset: SHAPE, bytes: Bytes(sizes) }));
        }
        if count != 0 {
            edits.push(repair(self.count, number(SHAPE + 8 * shape.len() as u64, count)));
        }
        edits
    }

    /// As [`Self::reshape`], over the payload of `there` values.
    pub fn reshape_over(&self, shape: &[u64], count: u64, there: u64) -> Vec<Edit> {
        let mut edits = self.reshape(shape, count);
        if there != 0 {
            edits.push(repair("payload", append(&(self.payload)(there))));
        }
        edits
    }
}

/// The fault itself.
pub(super) fn fault(field: impl Into<String>, change: Change) -> Edit {
    Edit { field: field.into(), repair: false, change }
}

/// The repair of a field that depends on the fault.
pub(super) fn repair(field: impl Into<String>, change: Change) -> Edit {
    Edit { field: field.into(), repair: true, change }
}

/// So many dimensions are announced.
pub(super) fn announced(ndim: u32) -> Edit {
    fault("ndim", overwrite(NDIM, &ndim.to_le_bytes()))
}

pub(super) fn overwrite(offset: u64, bytes: &[u8]) -> Change {
    Change::Overwrite { offset, bytes: Bytes(bytes.to_vec()) }
}

/// A number of 64 bits.
pub(super) fn number(offset: u64, number: u64) -> Change {
    overwrite(offset, &number.to_le_bytes())
}

pub(super) fn append(bytes: &[u8]) -> Change {
    Change::Append { bytes: Bytes(bytes.to_vec()) }
}

pub(super) fn truncate(len: u64) -> Change {
    Change::Truncate { len }
}
