//! What formats have in common whose rows are whole blocks (GGML-1, MLX-1): the extent of a payload, the
//! shape of a source, and rows that are laid flat or refused.

use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;

use super::khq4::extent_fault;
use super::khq4_encode::Variant;
use super::{Geometry, Source};
use crate::format::Class;
use crate::suite::answer::Encoded;
use crate::suite::exact::files::fold;
use crate::suite::exact::number::Float;
use crate::suite::floats::Floats;
use crate::suite::hex::Bits;
use crate::suite::lawful::{Behaviour, Lawful};

/// What is right for a shape and `count` values, and whether the product of the shape overflows on its
/// way to zero, which is a fault of one behaviour only (KHQ4-H6).
pub(super) fn shape_faults(shape: &[u64], count: usize) -> (BTreeSet<Class>, bool) {
    let (product, widest) = fold(shape);
    let mismatch = (product != count as u128).then_some(Class::ShapeMismatch);
    (mismatch.into_iter().collect(), widest >> 64 != 0)
}

/// The encodings under the behaviours that they show.
pub(super) fn encodings(variants: Vec<Variant>, overflows: bool) -> Lawful<Encoded> {
    let encoding = |variant: Variant| {
        Behaviour::answers(&variant.behaviours.join("+"), Encoded::of(variant.payload))
    };
    let mut behaviours: Vec<_> = variants.into_iter().map(encoding).collect();
    if overflows {
        // There are no values, and so but one encoding.
        behaviours[0].name = "zero-first".into();
        behaviours.push(Behaviour::refuses("fold-left", Class::Overflow));
    }
    Lawful::one_of(behaviours)
}

/// What may be answered when whole blocks are decoded; `decode` gives the f32 bits of a payload.
pub(super) fn decode_rows(
    geometry: Geometry,
    blocks: &Encoded,
    count: u64,
    to: Float,
    decode: impl FnOnce(&[u8]) -> Result<Vec<u32>, &'static str>,
) -> Lawful<Floats> {
    if to != Float::F32 {
        return Lawful::undemanded(format!("values of {}", to.name()));
    }
    if blocks.tensor_scale.is_some() {
        return Lawful::undemanded("the format has no scale of a tensor");
    }
    if !count.is_multiple_of(geometry.weights as u64) {
        return Lawful::refuse([Class::Shape]);
    }
    if let Some(class) = extent_fault(&blocks.blocks.0, count.into(), geometry) {
        return Lawful::refuse([class]);
    }
    match decode(&blocks.blocks.0) {
        Ok(values) => Lawful::One(Floats::F32(Bits(values))),
        Err(why) => Lawful::undemanded(why),
    }
}

/// What may be answered where a code of zero with a sign gives +0 or -0 (MX-2, NV-2); `decode` is told which.
pub(super) fn signed_or_not(decode: impl Fn(bool) -> Lawful<Floats>) -> Lawful<Floats> {
    let (positive, signed) = (decode(false), decode(true));
    match (positive, signed) {
        (Lawful::One(positive), Lawful::One(signed)) if positive != signed => Lawful::OneOf(vec![
            Behaviour::answers("zero-positive", positive),
            Behaviour::answers("zero-signed", signed),
        ]),
        (positive, _) => positive,
    }
}

/// What comes of each run of `size` items, in order; runs that are equal are evaluated once. The first
/// that gives nothing ends it.
pub(super) fn each_block<K: Eq + Hash, T: Clone>(
    items: &[K],
    size: usize,
    evaluate: impl Fn(&[K]) -> Option<T>,
) -> Option<Vec<T>> {
    let mut known: HashMap<&[K], T> = HashMap::new();
    let one = |block| {
        if let Some(one) = known.get(block) {
            return Some(one.clone());
        }
        let one = evaluate(block)?;
        known.insert(block, one.clone());
        Some(one)
    };
    items.chunks(size).map(one).collect()
}

/// What may be answered when rows of values of type `of` are encoded; `encode` gives the lawful
/// encodings of values laid flat, the preferred one first.
pub(super) fn encode_rows(
    weights: usize,
    source: &Source<'_>,
    of: Float,
    encode: impl FnOnce(&[u64]) -> Result<Vec<Variant>, &'static str>,
) -> Lawful<Encoded> {
    if source.values.float() != of || source.mode.is_some() {
        return Lawful::undemanded(format!("sources are {}, without a mode", of.name()));
    }
    let count = source.values.len();
    let (mut faults, overflows) = shape_faults(source.shape, count);
    if !count.is_multiple_of(weights) {
        faults.insert(Class::Shape);
    }
    if !faults.is_empty() {
        faults.extend(overflows.then_some(Class::Overflow));
        return Lawful::Refuse(faults);
    }
    let flat = match encode(&source.values.bits()) {
        Ok(variants) => encodings(variants, overflows),
        Err(why) => return Lawful::undemanded(why),
    };
    match source.shape.last() {
        Some(columns) if !columns.is_multiple_of(weights as u64) => or_whole_rows(flat),
        _ => flat,
    }
}

/// GGML-1: rows that are not whole blocks may be refused.
fn or_whole_rows(flat: Lawful<Encoded>) -> Lawful<Encoded> {
    let mut behaviours = match flat {
        Lawful::One(answer) => vec![Behaviour::answers("flat-rows", answer)],
        Lawful::OneOf(behaviours) => behaviours,
        other => return other,
    };
    behaviours.push(Behaviour::refuses("whole-rows", Class::Shape));
    Lawful::OneOf(behaviours)
}
