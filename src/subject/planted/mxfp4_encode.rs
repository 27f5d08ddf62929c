//! Encoding to MXFP4 (SPEC MX-3), with a switch at every slip that encoders of it have made.

use super::fault::faults;
use super::mxfp4::{CODES, MXFP4};
use super::packed::in_half;
use super::{Faulty, refusal};
use crate::format::Class;
use crate::suite::answer::Refusal;
use crate::suite::question::Encode;

faults! {
    Encode MXFP4 {
        38 Mxfp4LargestOfMaximum "mxfp4-largest-of-maximum"
            "Takes the maximum for the largest magnitude: values below zero saturate."
        98 Mxfp4ExponentCeil "mxfp4-exponent-ceil"
            "Takes the least exponent under which no value is beyond the largest code."
        98 Mxfp4ExponentRounded "mxfp4-exponent-rounded"
            "Rounds the largest magnitude to a code before it takes the exponent."
        98 Mxfp4ExponentOneMore "mxfp4-exponent-one-more"
            "Has a bias of 128: scales are twice as large."
        98 Mxfp4ExponentOfLargest "mxfp4-exponent-of-largest"
            "Never takes the exponent of the largest code from that of the largest magnitude."
        98 Mxfp4ExponentOfHalf "mxfp4-exponent-of-half"
            "Takes the exponent from the largest magnitude as f16 holds it."
        98 Mxfp4InverseOverflows "mxfp4-inverse-overflows"
            "Multiplies by the inverse of the halved scale, which is an infinity for exponent 0."
        39 Mxfp4FlatScaleOne "mxfp4-flat-scale-one"
            "Gives a block of zeros the scale 1."
        44 Mxfp4TiesAway "mxfp4-ties-away"
            "Takes the code farther from zero in the middle of two."
        44 Mxfp4TiesEven "mxfp4-ties-even"
            "Takes the even code in the middle of two, as conversions to E2M1 do."
        44 Mxfp4CodeCut "mxfp4-code-cut"
            "Takes the largest code that is not beyond the value."
        40 Mxfp4CodeWraps "mxfp4-code-wraps"
            "Lets a value that is nearer to 8 than to 6 wrap to code 0."
        104 Mxfp4NegativeZeroCode "mxfp4-negative-zero-code"
            "Writes code 8 for what is below zero and rounds to it."
        48 Mxfp4SubnormalsFlushedEncode "mxfp4-subnormals-flushed-encode"
            "Flushes subnormal values."
        95 Mxfp4SequentialEncode "mxfp4-sequential-encode"
            "Writes the codes as pairs in sequence, as OCP has it."
        95 Mxfp4HighHalfFirstEncode "mxfp4-high-half-first-encode"
            "Writes the first half of a block into the high nibbles."
        45 Mxfp4RowsPadded "mxfp4-rows-padded"
            "Fills each row up to whole blocks."
        47 Mxfp4ShapeUnchecked "mxfp4-shape-unchecked"
            "Never compares the shape with the number of values."
    }
}

impl Faulty {
    pub(super) fn encode_mxfp4(self, question: &Encode) -> Result<Vec<u8>, Refusal> {
        let values = question.values.singles();
        let mut values = values.ok_or_else(|| refusal(Class::ShapeMismatch, "sources are f32"))?;
        let slip = self.slip(MXFP4.name);
        if slip == "subnormals-flushed-encode" {
            values.iter_mut().filter(|value| value.is_subnormal()).for_each(|value| *value = 0.0);
        }
        let blocks = MXFP4.rows(slip).blocks(&question.shape, &values)?;
        Ok(blocks.into_iter().flat_map(|block| encode_block(slip, block)).collect())
    }
}

fn encode_block(slip: &str, values: &[f32]) -> Vec<u8> {
    let largest = values.iter().fold(0f32, |largest, &value| match slip {
        "largest-of-maximum" => largest.max(value),
        _ => largest.max(value.abs()),
    });
    let exponent = match slip {
        "flat-scale-one" if largest == 0.0 => 127,
        _ if largest == 0.0 => 0,
        _ => exponent(slip, largest),
    };
    let filled = values.iter().copied().chain(std::iter::repeat(0.0)).take(MXFP4.weights);
    let codes: Vec<u8> = filled.map(|value| code(slip, value, exponent)).collect();
    let pair = |at: usize| match slip {
        "sequential-encode" => codes[2 * at] | codes[2 * at + 1] << 4,
        "high-half-first-encode" => codes[at + 16] | codes[at] << 4,
        _ => codes[at] | codes[at + 16] << 4,
    };
    [exponent].into_iter().chain((0..16).map(pair)).collect()
}

/// The exponent for a largest magnitude: two less than the exponent field, since the largest code is between 4 and 8.
fn exponent(slip: &str, largest: f32) -> u8 {
    let field = |bits: u32| (bits >> 23) as u8;
    let bits = largest.to_bits();
    let (field, less) = match slip {
        // One more above 6/4 of a power of two.
        "exponent-ceil" => (field(bits + 0x3f_ffff), 2),
        // One more from 7/4 of a power of two on.
        "exponent-rounded" => (field(bits + 0x20_0000), 2),
        "exponent-of-half" => (field(in_half(largest).to_bits()), 2),
        "exponent-one-more" => (field(bits), 1),
        "exponent-of-largest" => (field(bits), 0),
        _ => (field(bits), 2),
    };
    field.saturating_sub(less)
}

/// The code that is nearest to a value; of two such codes the one nearer to zero.
fn code(slip: &str, value: f32, exponent: u8) -> u8 {
    let scale = 2f64.powi(i32::from(exponent) - 127);
    let steps = match slip {
        "inverse-overflows" => f64::from(value.abs() * (2.0 / scale) as f32) / 2.0,
        _ => f64::from(value.abs()) / scale,
    };
    let is_above = |&at: &usize| {
        let (lower, upper) = (f64::from(CODES[at]), f64::from(CODES[at + 1]));
        let middle = (lower + upper) / 2.0;
        match slip {
            "ties-away" => steps >= middle,
            "ties-even" => steps > middle || steps == middle && at % 2 == 1,
            "code-cut" => steps >= upper,
            _ => steps > middle,
        }
    };
    let magnitude = match slip {
        "code-wraps" if steps > 7.0 => 0,
        _ => (0..7).filter(is_above).count() as u8,
    };
    let has_sign = magnitude > 0 || slip == "negative-zero-code";
    if value.is_sign_negative() && has_sign { magnitude + 8 } else { magnitude }
}
