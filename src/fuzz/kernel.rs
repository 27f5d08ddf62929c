//! Targets whose input is a computation: [`matmul`] and [`rotate`]. Sizes are small and come first, a
//! byte each; the numbers follow, little-endian, and what is missing of them is zero.

use super::oracle::{ask_twice, case, verdict};
use super::{Finding, Verdict};
use crate::subject::{Implementation, Request};
use crate::suite::answer::Refusal;
use crate::suite::exact::blocks::khq4::{BYTES, WEIGHTS};
use crate::suite::floats::Floats;
use crate::suite::hex::{Bits, Bits64, Bytes};
use crate::suite::operation::FormatId;
use crate::suite::question::{Matmul, Question, Rotate, Side};

/// The head of a product's input: rows, columns, vectors, and what is left out.
pub(super) const PRODUCT_HEAD: usize = 4;

/// The head of a rotation's input: the seed, flags, rows, columns, and the length of a run.
pub(super) const ROTATION_HEAD: usize = 12;

/// The next bytes of an input; what is missing is zero.
fn take(rest: &mut &[u8], count: usize) -> Vec<u8> {
    let (found, behind) = rest.split_at(rest.len().min(count));
    *rest = behind;
    let mut taken = found.to_vec();
    taken.resize(count, 0);
    taken
}

/// The product that an input asks for. An even byte for the columns is whole blocks; of the last byte of
/// the head, the lowest bit takes a byte of the blocks away, the next a value of x.
pub fn product(input: &[u8]) -> Matmul {
    let mut rest = input;
    let head = take(&mut rest, PRODUCT_HEAD);
    let rows = usize::from(head[0] % 10);
    let columns = match usize::from(head[1]) {
        even if even % 2 == 0 => WEIGHTS * (1 + even / 2 % 4),
        odd => odd % 100,
    };
    let vectors = usize::from(head[2] % 4);
    let mut blocks = take(&mut rest, (rows * columns).div_ceil(WEIGHTS) * BYTES);
    if head[3] & 1 == 1 {
        blocks.pop();
    }
    let mut x: Vec<u32> = take(&mut rest, 4 * vectors * columns)
        .as_chunks()
        .0
        .iter()
        .map(|&value| u32::from_le_bytes(value))
        .collect();
    if head[3] & 2 == 2 {
        x.pop();
    }
    let [rows, columns, vectors] = [rows, columns, vectors].map(|size| size as u64);
    let (format, blocks, x) = (FormatId::KHQ4, Bytes(blocks), Floats::F32(Bits(x)));
    Matmul { format, rows, columns, vectors, blocks, x }
}

/// The rotation that an input asks for. The flags are, from the lowest: f64, output side, inverse, runs,
/// norm, one value fewer. Lengths are powers of two up to 2^5, or from 240 on what the byte is less 200.
pub fn rotation(input: &[u8]) -> Rotate {
    let mut rest = input;
    let head = take(&mut rest, ROTATION_HEAD);
    let flag = |bit: u32| head[8] >> bit & 1 == 1;
    let length = |byte: u8| match byte {
        240.. => u64::from(byte) - 200,
        _ => 1 << (byte % 6),
    };
    let (few, long) = (u64::from(head[9] % 4), length(head[10]));
    let runs = flag(3) && !flag(0) && !flag(1);
    let norm = flag(4) && !flag(1) && !flag(2);
    let (rows, columns) = if flag(1) { (long, few) } else { (few, long) };
    let floats = |count: u64, rest: &mut &[u8]| {
        let whole = "whole values are taken";
        if flag(0) {
            let bytes = Bytes(take(rest, 8 * count as usize));
            Floats::F64(Bits64::from_le_bytes(&bytes).expect(whole))
        } else {
            let bytes = Bytes(take(rest, 4 * count as usize));
            Floats::F32(Bits::from_le_bytes(&bytes).expect(whole))
        }
    };
    let gamma = norm.then(|| floats(columns, &mut rest));
    let count = (rows * columns).saturating_sub(flag(5).into());
    Rotate {
        format: FormatId::QUAROT,
        seed: u64::from_le_bytes(head[..8].try_into().expect("eight bytes")),
        side: if flag(1) { Side::Output } else { Side::Input },
        inverse: flag(2),
        rows,
        columns,
        block: runs.then(|| length(head[11])),
        gamma,
        values: floats(count, &mut rest),
    }
}

/// A product, within its bound or refused as it must be.
pub(super) fn matmul(
    implementation: &dyn Implementation,
    input: &[u8],
) -> Result<Verdict, Finding> {
    ask(implementation, Question::Matmul(product(input)), "matmul")
}

/// A rotation, canonical or within its bound, or refused as it must be.
pub(super) fn rotate(
    implementation: &dyn Implementation,
    input: &[u8],
) -> Result<Verdict, Finding> {
    ask(implementation, Question::Rotate(rotation(input)), "rotate")
}

/// Where nothing is demanded of the result, there still must be one, twice the same, or a refusal.
fn ask(
    implementation: &dyn Implementation,
    question: Question,
    place: &str,
) -> Result<Verdict, Finding> {
    let request = Request::of(question.at(String::new()));
    let Some(given) = ask_twice(implementation, &request, &place, None)? else {
        return Ok(Verdict::Refused(None));
    };
    match (case(question), given) {
        (Ok(case), given) => verdict(&case, &given, &place),
        (Err(_), Err(Refusal { class, .. })) => Ok(Verdict::Refused(class)),
        (Err(_), _) => Ok(Verdict::Accepted),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_bytes_are_a_computation() {
        for input in [&[][..], &[1], &[9, 4, 3, 3, 1, 2], &[255; 300], &[3, 33, 1, 0]] {
            let Matmul { rows, columns, vectors, blocks, x, .. } = product(input);
            assert!(rows < 10 && columns <= 128 && vectors < 4);
            assert!(blocks.0.len() as u64 <= (rows * columns).div_ceil(32) * 20);
            assert!(x.len() as u64 <= vectors * columns);
            let Rotate { rows, columns, values, .. } = rotation(input);
            assert!(values.len() as u64 <= rows * columns && rows * columns <= 3 * 55);
        }
    }
}
