//! Groups of MLX by the letter of SPEC MLX, exactly.

use num_traits::ToPrimitive;

use super::block::{ExactBlock, WEIGHTS};
use super::number::{Exact, Format, rint, round};

/// f32 bits of the least scale.
const LEAST_SCALE: u64 = 0x33d6_bf95;

/// The encoding of f16 `values` (as bits), group by group (MLX-2); `None` where nothing is demanded.
///
/// # Panics
///
/// Where the values are not whole groups.
pub fn encode(values: &[u16]) -> Option<Vec<u8>> {
    let groups: Vec<Vec<u8>> = values.chunks(WEIGHTS).map(encode_group).collect::<Option<_>>()?;
    Some(groups.concat())
}

fn encode_group(bits: &[u16]) -> Option<Vec<u8>> {
    assert_eq!(bits.len(), WEIGHTS, "a whole group");
    let one = Exact::scaled(1, 0);
    let f32_of = |number: &Exact| round(number, &one, Format::F32).value();
    let quotient = |top: &Exact, bottom: &Exact| round(top, bottom, Format::F32).value();
    let values: Vec<Exact> =
        bits.iter().map(|&bits| Format::F16.value(bits.into())).collect::<Option<_>>()?;
    let (low, high) = (values.iter().min()?, values.iter().max()?);
    let span = f32_of(&(high - low))?;
    let least = Format::F32.value(LEAST_SCALE)?;
    let step = quotient(&span, &Exact::scaled(15, 0))?.max(least);
    let (edge, step) = if low.abs() > high.abs() { (low, step) } else { (high, -&step) };
    let steps = rint(&quotient(edge, &step)?);
    let (scale, bias) = match steps.to_i64()? {
        0 => (step, Exact::zero()),
        steps => (quotient(edge, &Exact::scaled(steps, 0))?, edge.clone()),
    };
    let nibble = |value: &Exact| {
        let steps = quotient(&f32_of(&(value - &bias))?, &scale)?;
        rint(&steps).clamp(0.into(), 15.into()).to_u8()
    };
    let nibbles = values.iter().map(nibble).collect::<Option<_>>()?;
    let half = |number: &Exact| round(number, &one, Format::F16).bits(Format::F16) as u16;
    Some(ExactBlock { scale: half(&scale), bias: half(&bias), nibbles }.write())
}
