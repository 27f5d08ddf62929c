//! The canonical encoder of SPEC ENC, each f32 operation an exact one and a rounding, with every
//! lawful variant; and the bound within which another encoder is acceptable (ENC-B1).

use num_traits::ToPrimitive;

use super::Source;
use super::khq4::{BYTES, ExactBlock, WEIGHTS};
use super::rows::{each_block, encodings, shape_faults};
use crate::format::Class;
use crate::suite::answer::Encoded;
use crate::suite::exact::number::{Exact, Float, Rounded, round, round_half_away};
use crate::suite::exact::source::widened;
use crate::suite::lawful::Lawful;
use crate::suite::question::Mode;

/// Blocks of one case whose minimum may be a zero: either sign of each is lawful (ENC-Z1), which doubles
/// the encodings.
pub const MOST_ZERO_MINIMA: usize = 8;

/// Why values have no canonical encoding; indices are those of the flat tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// ENC-S2.
    NonFinite {
        /// The first value that is not finite.
        index: usize,
    },
    /// ENC-M2.
    Scale {
        /// The block.
        block: usize,
    },
    /// ENC-M3.
    Bias {
        /// The block.
        block: usize,
    },
}

/// A lawful encoding and the behaviours that name it; none where there is but one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variant {
    /// Names of SPEC.md, such as `padding-zero`.
    pub behaviours: Vec<&'static str>,
    /// The blocks' bytes.
    pub payload: Vec<u8>,
}

/// ENC, and ERR-2 for the classes of several faults.
pub(super) fn lawful(source: &Source<'_>) -> Lawful<Encoded> {
    let Some(mode) = source.mode else { return Lawful::undemanded("ENC asks for a mode") };
    let (values, symmetric) = (widened(source.values), mode == Mode::Symmetric);
    let (mut faults, overflows) = shape_faults(source.shape, values.len());
    let evaluated = evaluate_each(&values, symmetric);
    faults.extend(evaluated.iter().filter_map(|block| block.as_ref().err()).map(
        |fault| match fault {
            Fault::NonFinite(_) => Class::NonFinite,
            Fault::Scale => Class::Scale,
            Fault::Bias => Class::Bias,
        },
    ));
    if !faults.is_empty() {
        faults.extend(overflows.then_some(Class::Overflow));
        return Lawful::Refuse(faults);
    }
    let zeros = values.chunks(WEIGHTS).filter(|block| has_zero_minimum(block)).count();
    if zeros > MOST_ZERO_MINIMA && !symmetric {
        let why = format!("{zeros} blocks have a minimum of zero, more than {MOST_ZERO_MINIMA}");
        return Lawful::undemanded(why);
    }
    match evaluated.into_iter().collect::<Result<Vec<_>, _>>() {
        Ok(evaluated) => encodings(variants(&evaluated, values.len()), overflows),
        Err(fault) => Lawful::undemanded(format!("{fault:?}")),
    }
}

/// Whether the least of f32 values (as bits) is a zero.
pub(super) fn has_zero_minimum(block: &[u32]) -> bool {
    block.iter().map(|&bits| f32::from_bits(bits)).fold(f32::INFINITY, f32::min) == 0.0
}

/// How far a payload is from its source, by ENC-B1.
pub(super) fn margin_of(source: &Source<'_>, given: &Encoded) -> Option<Margin> {
    let symmetric = source.mode? == Mode::Symmetric;
    margin(&widened(source.values), &given.blocks.0, symmetric)
}

/// A block's scale and bias before they are stored, and the block that they give.
#[derive(Clone)]
struct Evaluated {
    scale: Exact,
    bias: Exact,
    degenerate: bool,
    zero_bias: bool,
    block: ExactBlock,
}

/// Every lawful canonical encoding of f32 `values` (as bits), the preferred one first.
///
/// # Errors
///
/// [`Refusal`], for the first value or block at fault.
pub fn encode(values: &[u32], symmetric: bool) -> Result<Vec<Variant>, Refusal> {
    Ok(variants(&evaluate_all(values, symmetric)?, values.len()))
}

/// The encodings of `count` values in evaluated blocks.
fn variants(evaluated: &[Evaluated], count: usize) -> Vec<Variant> {
    let partial = count % WEIGHTS;
    let mut variants = vec![Variant {
        behaviours: Vec::new(),
        payload: evaluated.iter().flat_map(|one| one.block.write()).collect(),
    }];
    if partial != 0 {
        let mut blocks: Vec<_> = evaluated.iter().map(|one| one.block.clone()).collect();
        blocks.last_mut().expect("a partial block").nibbles[partial..].fill(0);
        let payload: Vec<u8> = blocks.iter().flat_map(ExactBlock::write).collect();
        if payload != variants[0].payload {
            variants[0].behaviours.push("padding-formula");
            variants.push(Variant { behaviours: vec!["padding-zero"], payload });
        }
    }
    let zeros = evaluated.iter().enumerate().filter(|(_, one)| one.zero_bias);
    double_by_zeros(&mut variants, zeros.map(|(index, one)| (index, one.block.bias)));
    variants
}

/// The encodings that differ from `payload` in the sign of a minimum that is a zero (ENC-Z1), which is
/// that of each block in `zeros`: its index, and its bias as it stands.
pub(super) fn zero_minimum_variants(payload: Vec<u8>, zeros: &[(usize, u16)]) -> Vec<Variant> {
    let mut variants = vec![Variant { behaviours: Vec::new(), payload }];
    double_by_zeros(&mut variants, zeros.iter().copied());
    variants
}

fn double_by_zeros(variants: &mut Vec<Variant>, zeros: impl Iterator<Item = (usize, u16)>) {
    for (index, bias) in zeros {
        let sign = index * BYTES + 3;
        let set = bias == 0x8000;
        let names = ["zero-bias-positive", "zero-bias-negative"];
        let flip = |mut payload: Vec<u8>| {
            payload[sign] ^= 0x80;
            payload
        };
        double(variants, names[usize::from(set)], names[usize::from(!set)], flip);
    }
}

/// Doubles the variants by a change that is lawful for each of them.
pub(super) fn double(
    variants: &mut Vec<Variant>,
    here: &'static str,
    there: &'static str,
    change: impl Fn(Vec<u8>) -> Vec<u8>,
) {
    let others: Vec<_> = variants
        .iter()
        .map(|variant| {
            let mut behaviours = variant.behaviours.clone();
            behaviours.push(there);
            Variant { behaviours, payload: change(variant.payload.clone()) }
        })
        .collect();
    variants.iter_mut().for_each(|variant| variant.behaviours.push(here));
    variants.extend(others);
}

fn evaluate_all(values: &[u32], symmetric: bool) -> Result<Vec<Evaluated>, Refusal> {
    let numbered = evaluate_each(values, symmetric).into_iter().enumerate();
    let refused = |(block, evaluated): (usize, Result<Evaluated, Fault>)| {
        evaluated.map_err(|fault| match fault {
            Fault::NonFinite(place) => Refusal::NonFinite { index: block * WEIGHTS + place },
            Fault::Scale => Refusal::Scale { block },
            Fault::Bias => Refusal::Bias { block },
        })
    };
    numbered.map(refused).collect()
}

/// Why a block has no encoding.
#[derive(Clone, Copy, Debug)]
enum Fault {
    /// ENC-S2, of the value at this place.
    NonFinite(usize),
    /// ENC-M2.
    Scale,
    /// ENC-M3.
    Bias,
}

/// Each block, or why it has no encoding.
fn evaluate_each(values: &[u32], symmetric: bool) -> Vec<Result<Evaluated, Fault>> {
    let all = each_block(values, WEIGHTS, |block| Some(evaluate(block, symmetric)));
    all.expect("every block comes to something")
}

fn evaluate(bits: &[u32], symmetric: bool) -> Result<Evaluated, Fault> {
    let exact = |(place, &bits): (usize, &u32)| {
        Float::F32.value(bits.into()).ok_or(Fault::NonFinite(place))
    };
    let real: Vec<Exact> = bits.iter().enumerate().map(exact).collect::<Result<_, _>>()?;
    let one = Exact::scaled(1, 0);
    let zero = Exact::zero();
    let f32_of = |number: &Exact| round(number, &one, Float::F32);
    let f16_of = |number: &Exact| round(number, &one, Float::F16);
    let min = real.iter().min().unwrap_or(&zero);
    let max = real.iter().max().unwrap_or(&zero);
    let amax = real.iter().map(Exact::abs).max().unwrap_or_else(Exact::zero);

    // ENC-A1, A2 and Y1: the span of the block and its part for one step.
    let span = if symmetric { Some(amax) } else { f32_of(&(max - min)).value() };
    let parts = Exact::scaled(if symmetric { 7 } else { 15 }, 0);
    let span = span.ok_or(Fault::Scale)?;
    let candidate = finite(round(&span, &parts, Float::F32));

    // ENC-D1.
    let degenerate = f16_of(&candidate).value().is_some_and(|stored| stored.is_zero());
    let scale = if degenerate { one.clone() } else { candidate };
    let bias = if symmetric { &Exact::scaled(-8, 0) * &scale } else { min.clone() };

    // ENC-M1 to M3.
    let (stored_scale, stored_bias) = (f16_of(&scale), f16_of(&bias));
    if stored_scale.value().is_none() {
        return Err(Fault::Scale);
    }
    if stored_bias.value().is_none() {
        return Err(Fault::Bias);
    }

    // ENC-Q1, Q2, A4 and Y3; a padding slot is packed as 0.0 would be (ENC-P1).
    let inverse = finite(round(&one, &scale, Float::F32));
    let nibble = |value: &Exact| {
        let offset = if symmetric { value.clone() } else { finite(f32_of(&(value - min))) };
        let steps = round_half_away(&finite(f32_of(&(&offset * &inverse))));
        let steps = if symmetric { steps + 8 } else { steps };
        steps.clamp(0.into(), 15.into()).to_u8().expect("clamped to a nibble")
    };
    let nibbles = (0..WEIGHTS).map(|index| nibble(real.get(index).unwrap_or(&zero))).collect();

    let zero_bias = !symmetric && min.is_zero();
    let negative_zero = zero_bias && bits.contains(&0x8000_0000) && !bits.contains(&0);
    let bias_bits = if negative_zero { 0x8000 } else { stored_bias.bits(Float::F16) as u16 };
    let scale_bits = stored_scale.bits(Float::F16) as u16;
    let block = ExactBlock { scale: scale_bits, bias: bias_bits, nibbles };
    Ok(Evaluated { scale, bias, degenerate, zero_bias, block })
}

/// The value of what the checks before have bounded.
fn finite(rounded: Rounded) -> Exact {
    rounded.value().expect("bounded by the span and the stored scale")
}

/// How far a payload is from its values, in units of what ENC-B1 allows: at most 1 is acceptable.
#[derive(Clone, Debug, PartialEq)]
pub struct Margin {
    /// Index in the flat tensor of the value that is furthest off.
    pub index: usize,
    /// Its error, as a share of its bound (for people).
    pub share: f64,
    /// Whether every value is within its bound (decided exactly).
    pub acceptable: bool,
}

/// Judges any encoder's `payload` for `values` by ENC-B1. `None` where the values have no encoding
/// or the payload is not their blocks with finite scales and biases.
pub fn margin(values: &[u32], payload: &[u8], symmetric: bool) -> Option<Margin> {
    let evaluated = evaluate_all(values, symmetric).ok()?;
    if payload.len() != evaluated.len() * BYTES {
        return None;
    }
    let mut worst = Margin { index: 0, share: 0.0, acceptable: true };
    let blocks = payload.chunks(BYTES).map(ExactBlock::read);
    for (number, (one, block)) in evaluated.iter().zip(blocks).enumerate() {
        let finite = |half: u16| Float::F16.value(half.into());
        finite(block.scale).filter(|scale| !scale.is_zero()).and(finite(block.bias))?;
        let first = number * WEIGHTS;
        let real = &values[first..values.len().min(first + WEIGHTS)];
        let bound = bound(one, real, symmetric);
        for (offset, &bits) in real.iter().enumerate() {
            let value = Float::F32.value(bits.into())?;
            let error = (&block.exact_weight(offset) - &value).abs();
            worst.acceptable &= error <= bound;
            let share = match (error.approximate(), bound.approximate()) {
                (0.0, _) => 0.0,
                (error, bound) => error / bound,
            };
            if share > worst.share {
                worst = Margin { index: first + offset, share, ..worst };
            }
        }
    }
    Some(worst)
}

/// ENC-B1, multiplied out: the error that is allowed for each value of a block.
fn bound(one: &Evaluated, real: &[u32], symmetric: bool) -> Exact {
    let stored = |half: u16| Float::F16.value(half.into()).expect("checked when evaluated");
    let bias_rounding = (&stored(one.block.bias) - &one.bias).abs();
    if one.degenerate {
        let values = || real.iter().filter_map(|&bits| Float::F32.value(bits.into()));
        let span = if symmetric {
            values().map(|value| value.abs()).max()
        } else {
            values().max().zip(values().min()).map(|(max, min)| &max - &min)
        };
        return &span.unwrap_or_else(Exact::zero) + &bias_rounding;
    }
    let half_step = &one.scale * &Exact::scaled(1, -1);
    let scale_rounding = &(&stored(one.block.scale) - &one.scale).abs() * &Exact::scaled(15, 0);
    let reach = &one.bias.abs() + &(&one.scale * &Exact::scaled(16, 0));
    let own_rounding = &reach * &Exact::scaled(1, -23);
    &(&half_step + &scale_rounding) + &(&bias_rounding + &own_rounding)
}
