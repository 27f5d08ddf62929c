//! Values of f16: those of a KHF1 file, read and written, and those that blocks decode to (SPEC KHF1 and
//! F16), with a switch at every place where they have been spoiled.

use half::f16;

use super::decode::flushed;
use super::fault::faults;
use super::load::FileFormat;
use super::load::Loader;
use super::{Fault, Faulty, WEIGHTS, refusal};
use crate::format::Class;
use crate::suite::answer::Refusal;

faults! {
    Load KHF1 {
        13 NumelProductWraps "numel-product-wraps"
            "Lets 2 numel wrap: 2^63 + k values take the bytes of k, and a wrong tensor is loaded."
        36 NanValueAccepted "nan-value-accepted"
            "Takes a value that is NaN."
        36 InfiniteValueAccepted "infinite-value-accepted"
            "Takes an infinite value."
        36 SubnormalValueRefused "subnormal-value-refused"
            "Refuses subnormal values, which are lawful."
        36 NegativeZeroValueRefused "negative-zero-value-refused"
            "Refuses -0, which is lawful, as where bits above 7c00 pass for NaN."
        36 ValueSubnormalsFlushed "value-subnormals-flushed"
            "Flushes subnormal values to zero on the way in."
        36 ValueSignedZeroLost "value-signed-zero-lost"
            "Gives +0 for a value of -0."
        43 ValuesBigEndian "values-big-endian"
            "Reads each value with its high byte first."
        46 ValuesThroughBf16 "values-through-bf16"
            "Takes the values through bf16: three of their ten digits are lost."
        34 LastValueUnwritten "last-value-unwritten"
            "Leaves the last value zero, as where a loop ends one early."
        34 LastValueDropped "last-value-dropped"
            "Hands on all values but the last."
    }
    Save KHF1 {
        43 SaveHalvesBigEndian "save-halves-big-endian"
            "Writes each value with its high byte first."
        48 SaveHalvesSubnormalsFlushed "save-halves-subnormals-flushed"
            "Flushes subnormal values to zero when it writes them."
        36 SaveHalvesSignedZeroLost "save-halves-signed-zero-lost"
            "Writes +0 for a value of -0."
        6 SaveHalvesNanUnchecked "save-halves-nan-unchecked"
            "Writes NaN, which its reader refuses."
        6 SaveHalvesInfinityUnchecked "save-halves-infinity-unchecked"
            "Writes infinities, which its reader refuses."
        49 SaveHalvesSaturated "save-halves-saturated"
            "Writes 65504 of its sign for an infinity, which is to be refused."
    }
    Decode KHQ4 {
        49 HalfOverflowStored "half-overflow-stored"
            "Hands on an infinity where f16 cannot hold the value of a valid block."
        49 HalfSaturated "half-saturated"
            "Cuts a value that f16 cannot hold to 65504: silently another value."
        44 HalfCut "half-cut"
            "Cuts each sum to f16: every second one is one bit too near to zero."
        48 HalfSubnormalsFlushed "half-subnormals-flushed"
            "Flushes results that are subnormal in f16 to zero."
        36 HalfSignedZeroLost "half-signed-zero-lost"
            "Gives +0 where the value is -0, in f16 only."
    }
}

/// Values that are not there are given as zeros for no more than this many.
const ZERO_FILLED: u64 = 4096;

impl Faulty {
    /// The bits of the values in a payload, at most `numel`; what is missing is zero, where that is not
    /// much.
    pub(super) fn halves(self, payload: &[u8], numel: u64) -> Vec<u16> {
        let read = |bytes: &[u8; 2]| {
            let value = match self.has(Fault::ValuesBigEndian) {
                true => f16::from_be_bytes(*bytes),
                false => f16::from_le_bytes(*bytes),
            };
            self.kept(value).to_bits()
        };
        let mut values: Vec<u16> = payload.as_chunks().0.iter().map(read).collect();
        if values.len() as u64 >= numel || numel <= ZERO_FILLED {
            values.resize(numel as usize, 0);
        }
        match (self.fault, values.last_mut()) {
            (Some(Fault::LastValueUnwritten), Some(last)) => *last = 0,
            (Some(Fault::LastValueDropped), Some(_)) => drop(values.pop()),
            _ => {}
        }
        values
    }

    /// What becomes of a value on its way through a loader.
    fn kept(self, value: f16) -> f16 {
        match self.fault {
            Some(Fault::ValueSubnormalsFlushed) => flushed(value),
            Some(Fault::ValueSignedZeroLost) if value.to_f32() == 0.0 => f16::ZERO,
            Some(Fault::ValuesThroughBf16) => {
                f16::from_f32(half::bf16::from_f32(value.to_f32()).to_f32())
            }
            _ => value,
        }
    }

    /// The bits of the values of a KHF1 file as they are written.
    pub(super) fn written_halves(self, values: &[u16]) -> Vec<u8> {
        let write = |&bits: &u16| {
            let value = f16::from_bits(bits);
            match self.fault {
                Some(Fault::SaveHalvesBigEndian) => value.to_be_bytes(),
                Some(Fault::SaveHalvesSubnormalsFlushed) => flushed(value).to_le_bytes(),
                Some(Fault::SaveHalvesSignedZeroLost) if value.to_f32() == 0.0 => [0; 2],
                Some(Fault::SaveHalvesSaturated) if value.is_infinite() => {
                    f16::MAX.copysign(value).to_le_bytes()
                }
                _ => bits.to_le_bytes(),
            }
        };
        values.iter().flat_map(write).collect()
    }

    /// F16-1 to F16-3.
    pub(super) fn decode_to_half(
        self,
        payload: &[u8],
        original_len: u64,
    ) -> Result<Vec<u16>, Refusal> {
        let sums = self.decode_payload(payload, original_len)?;
        let halves = sums.iter().enumerate().map(|(index, &sum)| {
            let exact = self.exact_sum(payload, index).unwrap_or(sum.into());
            match self.fault {
                Some(Fault::HalfCut) => cut(exact),
                Some(Fault::HalfSubnormalsFlushed) => flushed(nearest(exact)),
                Some(Fault::HalfSignedZeroLost) if exact == 0.0 => f16::ZERO,
                Some(Fault::HalfSaturated) => saturated(nearest(exact)),
                _ => nearest(exact),
            }
        });
        let halves: Vec<f16> = halves.collect();
        let passes = self.has(Fault::HalfOverflowStored);
        match halves.iter().position(|half| half.is_infinite()) {
            Some(index) if !passes => {
                Err(refusal(Class::Value, format!("value {index} overflows f16")))
            }
            _ => Ok(halves.into_iter().map(f16::to_bits).collect()),
        }
    }

    /// The sum before its rounding to f32, where no fault has made it another number.
    fn exact_sum(self, payload: &[u8], index: usize) -> Option<f64> {
        if super::decode::FAULTS.iter().any(|entry| Some(entry.fault) == self.fault) {
            return None;
        }
        let block = payload.get(index / WEIGHTS * super::BLOCK..)?.get(..super::BLOCK)?;
        let number = |low: u8, high: u8| f16::from_le_bytes([low, high]).to_f64();
        let place = index % WEIGHTS;
        let nibble = (block[4 + place / 2] >> (4 * (place % 2))) & 15;
        Some(f64::from(nibble) * number(block[0], block[1]) + number(block[2], block[3]))
    }
}

/// The f16 below or equal in magnitude.
fn cut(exact: f64) -> f16 {
    let half = nearest(exact);
    match half.to_f64().abs() > exact.abs() {
        true => f16::from_bits(half.to_bits() - 1),
        false => half,
    }
}

/// The nearest f16, found among the neighbours of what a conversion by way of f32 gives.
fn nearest(exact: f64) -> f16 {
    let guess = f16::from_f32(exact as f32);
    // Where an infinity begins: 65520, which is halfway to the next f16 that there would be.
    if exact.abs() >= 65520.0 || guess.to_f64() == exact {
        return guess;
    }
    let near = [guess.to_bits().wrapping_sub(1), guess.to_bits(), guess.to_bits().wrapping_add(1)];
    let away = |bits: u16| (f16::from_bits(bits).to_f64() - exact).abs();
    let finite = near.into_iter().filter(|&bits| f16::from_bits(bits).is_finite());
    let same_sign = finite.filter(|bits| bits >> 15 == guess.to_bits() >> 15);
    let closest = same_sign.min_by(|&left, &right| {
        away(left).total_cmp(&away(right)).then((left & 1).cmp(&(right & 1)))
    });
    closest.map_or(guess, f16::from_bits)
}

fn saturated(half: f16) -> f16 {
    if half.is_infinite() { f16::MAX.copysign(half) } else { half }
}

impl Loader {
    /// A reader of KHF1 that lacks the guard of `fault`.
    pub(super) fn of_halves(fault: Option<Fault>) -> Self {
        let faulty = Faulty::new(fault);
        Self { faulty, format: FileFormat::Khf1, width: usize::BITS, map: false }
    }
}
