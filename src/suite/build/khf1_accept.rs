//! KHF1: files that every loader accepts, which are the controls of the refusals, and the files that a
//! writer writes.

use super::loads::{Clauses, Loads, PAYLOAD_1D, fault, overwrite};
use super::{Draft, shape_name};
use crate::suite::case::{Edit, File};
use crate::suite::exact::files::khf1;
use crate::suite::floats::Floats;
use crate::suite::hex::{Bits16, Bytes};
use crate::suite::operation::FormatId;
use crate::suite::question::{Question, Tensor};

pub(super) const KHF1: Loads = Loads {
    format: FormatId::KHF1,
    prefix: "load-khf1",
    version: 1,
    count: "numel",
    payload: |count| Bits16(plain_values(count)).to_le_bytes().0,
    clauses: Clauses {
        magic: "KHF1-H1",
        version: "KHF1-H1",
        dimensions: "KHF1-H2",
        mismatch: "KHF1-H2",
        overflow: "KHF1-H2",
        width: "KHF1-H3",
        short_payload: "KHF1-P1",
        trailing: "KHF1-P1",
        caller: "KHF1-P3",
        file: "KHF1-A1",
    },
};

/// The controls that the refusals are made from.
pub(super) const THREE: &str = "load-khf1/accept-1d-3";
pub(super) const MATRIX: &str = "load-khf1/accept-2d-2x4";
pub(super) const EMPTY: &str = "load-khf1/accept-empty-0";
pub(super) const SCALAR: &str = "load-khf1/accept-0d";
pub(super) const LONG: &str = "load-khf1/accept-1d-40";

/// The control of the saves that are refused.
const SAVED: &str = "save-khf1/1d-4";

/// Values of all kinds, no two alike: normal numbers, whose bytes differ in every order.
fn plain_values(count: u64) -> Vec<u16> {
    let value = |index: u64| {
        let sign = if index % 3 == 1 { 0x8000 } else { 0 };
        sign + 0x2c01 + 0x0123 * (index % 37) as u16
    };
    (0..count).map(value).collect()
}

fn file(shape: &[u64], values: &[u16]) -> File {
    File::Bytes(Bytes(khf1::write(shape, values.len() as u64, values)))
}

fn sound(shape: &[u64]) -> File {
    file(shape, &plain_values(shape.iter().product()))
}

pub(super) fn loads() -> Vec<Draft> {
    [shapes(), empties(), values(), expected_shapes()].concat()
}

/// KHF1-H2, over ndim 0 to 4 and beyond.
fn shapes() -> Vec<Draft> {
    let shapes: [&[u64]; 15] = [
        &[],
        &[1],
        &[2],
        &[3],
        &[31],
        &[40],
        &[200],
        &[2, 4],
        &[4, 2],
        &[1, 7],
        &[2, 3, 5],
        &[2, 2, 2, 2],
        &[1, 1, 3, 1, 1],
        &[1, 1, 1, 1, 1, 1, 2, 1, 1],
        &[5, 1],
    ];
    let draft = |shape: &&[u64]| {
        let note = format!("shape {shape:?}, {} values", shape.iter().product::<u64>());
        let class = if shape.is_empty() || shape.len() > 4 { 22 } else { 34 };
        let id = format!("accept-{}", shape_name(shape));
        KHF1.case(id, "KHF1-H2", class, note, sound(shape))
    };
    shapes.iter().map(draft).collect()
}

/// KHQ4-H7 and H6, for KHF1.
fn empties() -> Vec<Draft> {
    let shapes: [(&str, &[u64]); 4] =
        [("0", &[0]), ("0x3", &[0, 3]), ("3x0", &[3, 0]), ("0x2p33x2p33", &[0, 1 << 33, 1 << 33])];
    let empty = |(id, shape): (&str, &[u64])| {
        let note = format!("shape {shape:?} holds no value: no payload");
        KHF1.case(format!("accept-empty-{id}"), "KHF1-H2", 21, note, file(shape, &[]))
    };
    let folded = |(id, shape): (&str, &[u64])| {
        let note = format!("shape {shape:?}: a fold overflows before it meets the zero");
        let (id, edits) = (format!("zero-after-overflow-{id}"), KHF1.reshape(shape, 0));
        KHF1.refusal(id, "KHF1-H2", 18, note, EMPTY, edits)
    };
    let after: [(&str, &[u64]); 2] =
        [("2p33", &[1 << 33, 1 << 33, 0]), ("2p63", &[1 << 63, 2, 0, 5])];
    shapes.into_iter().map(empty).chain(after.into_iter().map(folded)).collect()
}

/// KHF1-P2 at its edges: bits are kept.
fn values() -> Vec<Draft> {
    let of = |id: &str, class: u8, note: &str, values: &[u16]| {
        let path = file(&[values.len() as u64], values);
        KHF1.case(format!("values-{id}"), "KHF1-P2", class, note, path)
    };
    vec![
        of("zeros", 36, "both zeros, their signs kept", &[0x0000, 0x8000, 0x3c00]),
        of("negative-zero", 36, "-0 alone", &[0x8000]),
        of("smallest-subnormal", 36, "2^-24 and -2^-24", &[0x0001, 0x8001]),
        of("largest-subnormal", 36, "1023 * 2^-24 and its negative", &[0x03ff, 0x83ff]),
        of(
            "subnormals",
            36,
            "subnormals between normal numbers",
            &[0x3c00, 0x0155, 0xbc00, 0x82aa],
        ),
        of("smallest-normal", 36, "2^-14", &[0x0400, 0x8400, 0x0401]),
        of("largest", 32, "65504 and its negative", &[0x7bff, 0xfbff]),
        of("from-32768", 32, "the greatest exponent", &[0x7800, 0xf800, 0x7801]),
        of("all-digits", 46, "numbers that need all eleven digits", &[0x3fff, 0x3801, 0xbd55]),
        of("low-byte-first", 43, "each is another number in the other order", &[0x1234, 0x3412]),
    ]
}

/// KHF1-P3: the shape that the caller requires is the file's.
fn expected_shapes() -> Vec<Draft> {
    let shapes: [&[u64]; 3] = [&[2, 4], &[], &[2, 3, 5]];
    let draft = |shape: &[u64]| {
        let note = format!("the caller requires {shape:?}");
        KHF1.expecting(format!("expected-{}", shape_name(shape)), note, sound(shape), shape)
    };
    shapes.into_iter().map(draft).collect()
}

/// Files that a writer writes, and tensors that must not be written.
pub(super) fn saves() -> Vec<Draft> {
    let save = |shape: &[u64], values: &[u16]| {
        let values = Floats::F16(Bits16(values.to_vec()));
        Question::save(FormatId::KHF1, Tensor::of_values(shape, values))
    };
    let shapes: [&[u64]; 10] = [
        &[],
        &[1],
        &[4],
        &[33],
        &[2, 4],
        &[4, 2],
        &[2, 3, 5],
        &[0],
        &[0, 1 << 40],
        &[1, 1, 1, 1, 2],
    ];
    let plain = |shape: &[u64]| {
        let class = match shape {
            [] => 22,
            [0, _] => 19,
            [0] => 21,
            [_] => 3,
            _ => 24,
        };
        let values = plain_values(shape.iter().product());
        let note = format!("shape {shape:?}, {} values", values.len());
        let id = format!("save-khf1/{}", shape_name(shape));
        Draft::new(id, "KHF1-A1", note, save(shape, &values)).class(class)
    };
    let one = |id: &str, class: u8, note: &str, values: &[u16]| {
        let input = save(&[values.len() as u64], values);
        Draft::new(format!("save-khf1/{id}"), "KHF1-P2", note, input).class(class)
    };
    let refused = |id: &str, clause: &str, note: &str, shape: &[u64], values: &[u16]| {
        Draft::new(format!("save-khf1/{id}"), clause, note, save(shape, values))
            .class(6)
            .control(SAVED)
    };
    let four = [0x3c00, 0xbc00, 0x4000, 0x3801];
    let with = |at: usize, bits: u16| {
        let mut values = four;
        values[at] = bits;
        values
    };
    let mut drafts: Vec<Draft> = shapes.into_iter().map(plain).collect();
    drafts.extend([
        one("zeros", 36, "both zeros, their signs kept", &[0x8000, 0x0000]),
        one("subnormals", 48, "subnormals, kept", &[0x0001, 0x8001, 0x03ff, 0x0200]),
        one("subnormal-alone", 48, "2^-24 alone", &[0x0001]),
        one("negative-zero-alone", 36, "-0 alone", &[0x8000]),
        one("largest", 49, "65504 and its negative", &[0x7bff, 0xfbff]),
        one("low-byte-first", 43, "numbers whose bytes differ", &[0x1234, 0x9c01]),
        refused("shape-too-small", "KHF1-H2", "shape [3] for 4 values", &[3], &four),
        refused("shape-too-large", "KHF1-H2", "shape [2, 3] for 4 values", &[2, 3], &four),
        refused(
            "shape-wraps",
            "KHF1-H2",
            "a product of 2^64 + 4 for 4 values",
            &[(1 << 62) + 1, 4],
            &four,
        ),
        refused("value-nan", "KHF1-P2", "the third value is a NaN", &[4], &with(2, 0x7e00)),
        refused("value-signalling-nan", "KHF1-P2", "the last is a NaN", &[4], &with(3, 0xfc01)),
        refused("value-infinite", "KHF1-P2", "the first value is infinite", &[4], &with(0, 0x7c00))
            .class(49),
        refused(
            "value-negative-infinity",
            "KHF1-P2",
            "the last is -infinity",
            &[4],
            &with(3, 0xfc00),
        ),
    ]);
    drafts
}

/// The edit of one value of a file of one dimension.
pub(super) fn value(index: u64, bits: u16) -> Edit {
    fault(format!("value {index}"), overwrite(PAYLOAD_1D + 2 * index, &bits.to_le_bytes()))
}
