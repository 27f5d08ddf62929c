//! MXFP4 in ggml's blocks (SPEC MX-1 and MX-2), with a switch at every slip that its readers have made.

use super::Faulty;
use super::fault::faults;
use super::packed::Packed;
use crate::suite::answer::Refusal;

pub(super) const MXFP4: Packed = Packed { name: "mxfp4", weights: 32, bytes: 17, scale: 0..1 };

/// What the codes of E2M1 stand for, without their sign.
pub(super) const CODES: [f32; 8] = [0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0];

faults! {
    Decode MXFP4 {
        97 Mxfp4TableNotDoubled "mxfp4-table-not-doubled"
            "Halves the scale, as for doubled codes, which it has not: values are half as large."
        97 Mxfp4ScaleNotHalved "mxfp4-scale-not-halved"
            "Doubles the codes and never halves the scale: values are twice as large."
        98 Mxfp4ExponentSigned "mxfp4-exponent-signed"
            "Takes the exponent for a signed number without a bias."
        98 Mxfp4HalvedScaleByBits "mxfp4-halved-scale-by-bits"
            "Makes the halved scale of its exponent field, which is wrong for exponents 0 and 1."
        98 Mxfp4ExponentZeroIsZero "mxfp4-exponent-zero-is-zero"
            "Takes exponent 0 for a scale of zero, as an f32 with that field would be."
        98 Mxfp4SubnormalsFlushed "mxfp4-subnormals-flushed"
            "Flushes values that are subnormal f32."
        98 Mxfp4InfinitySaturated "mxfp4-infinity-saturated"
            "Gives the largest f32 where a value is an infinity."
        98 Mxfp4LargestExponentNan "mxfp4-largest-exponent-nan"
            "Takes exponent 254 for a NaN, where it is 255."
        42 Mxfp4IntegerCodes "mxfp4-integer-codes"
            "Takes a code for a sign and an integer of 0 to 7."
        42 Mxfp4TwosComplement "mxfp4-twos-complement"
            "Takes a code for a signed nibble."
        42 Mxfp4SubnormalCodesMissed "mxfp4-subnormal-codes-missed"
            "Takes codes 0 and 1 for normal numbers, 1/2 and 3/4."
        95 Mxfp4Sequential "mxfp4-sequential"
            "Reads the codes as pairs in sequence, as OCP has it."
        95 Mxfp4HighHalfFirst "mxfp4-high-half-first"
            "Takes the high nibbles for the first half of a block."
        96 Mxfp4WideScale "mxfp4-wide-scale"
            "Takes the exponent for two bytes, so that codes begin a byte late."
        96 Mxfp4ScaleBehind "mxfp4-scale-behind"
            "Looks for the exponent behind the codes."
        79 Mxfp4LaterBlocksOfFirstScale "mxfp4-later-blocks-of-first-scale"
            "Decodes blocks behind the 2048th weight by the exponent of the first."
        107 Mxfp4GeometryOfAnother "mxfp4-geometry-of-another"
            "Takes a block for two bytes larger than it is."
        106 Mxfp4CountNarrowed "mxfp4-count-narrowed"
            "Keeps 32 bits of the number of values."
        35 Mxfp4PartialAccepted "mxfp4-partial-accepted"
            "Takes values that are not whole blocks."
        21 Mxfp4EmptyRefused "mxfp4-empty-refused"
            "Refuses an empty tensor."
        11 Mxfp4ExtentUnchecked "mxfp4-extent-unchecked"
            "Never compares the bytes with the number of values."
    }
}

impl Faulty {
    pub(super) fn decode_mxfp4(self, payload: &[u8], len: u64) -> Result<Vec<f32>, Refusal> {
        self.decode_packed(&MXFP4, payload, len, |block| {
            let scale = scale(block.slip, block.bytes[0]);
            let weight = |place| {
                let code = block.split(1..17, place);
                let value = (f64::from(number(block.slip, code)) * scale) as f32;
                match block.slip {
                    "subnormals-flushed" if value.is_subnormal() => 0.0,
                    "infinity-saturated" => value.clamp(f32::MIN, f32::MAX),
                    "largest-exponent-nan" if block.bytes[0] == 254 => f32::NAN,
                    _ => value,
                }
            };
            (0..32).map(weight).collect()
        })
    }
}

/// The scale of an exponent. As an f64 it holds the product with every code; to f32 there is one rounding, which can
/// give an infinity.
fn scale(slip: &str, exponent: u8) -> f64 {
    let scale = 2f64.powi(i32::from(exponent) - 127);
    match slip {
        "table-not-doubled" => scale / 2.0,
        "scale-not-halved" => scale * 2.0,
        "exponent-signed" => 2f64.powi(i32::from(exponent as i8)),
        "exponent-zero-is-zero" if exponent == 0 => 0.0,
        "halved-scale-by-bits" => {
            let field = u32::from(exponent).wrapping_sub(1);
            2.0 * f64::from(f32::from_bits(field << 23))
        }
        _ => scale,
    }
}

/// What a code of E2M1 stands for; code 8 is +0.
pub(super) fn number(slip: &str, code: u8) -> f32 {
    let place = code % 8;
    let magnitude = match (slip, place) {
        ("twos-complement", _) => return f32::from(code ^ 8) - 8.0,
        ("integer-codes", _) => f32::from(place),
        ("subnormal-codes-missed", 0 | 1) => 0.5 + f32::from(place) / 4.0,
        _ => CODES[usize::from(place)],
    };
    if code > 8 { -magnitude } else { magnitude }
}
