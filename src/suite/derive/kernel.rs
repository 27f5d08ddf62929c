//! The lawful answers to a product and to a rotation.

use super::{Blocks, block_faults};
use crate::format::Class;
use crate::suite::case::{Answer, Expect, Floats, Input, Side};
use crate::suite::exact::Format;
use crate::suite::exact::product::Product;
use crate::suite::exact::rotation::Rotation;
use crate::suite::hex::{Bits, Bits64};

/// DOT.
pub(super) fn matmul(input: &Input) -> Result<Expect, String> {
    let Input::Matmul { rows, columns, vectors, blocks, x } = input else {
        return Err("is no product".into());
    };
    if *columns == 0 {
        return Err("DOT-4 demands nothing of a matrix without columns".into());
    }
    let mut refuse = Vec::new();
    let mut faults = Vec::new();
    match block_faults(&blocks.0, u128::from(*rows) * u128::from(*columns)) {
        Blocks::Refused(classes) => faults = classes,
        Blocks::Negative => refuse.push(Class::Scale),
        Blocks::Plain => {}
    }
    if u128::from(*vectors) * u128::from(*columns) != x.0.len() as u128 {
        faults.push(Class::ShapeMismatch);
    }
    if !columns.is_multiple_of(32) {
        refuse.push(Class::Shape);
    }
    if !faults.is_empty() {
        faults.extend(refuse);
        return Ok(Expect::Refuse(faults));
    }
    let product = product(input).ok_or("nothing is demanded of such a product")?;
    product.sums().ok_or("DOT-1 demands nothing of such an x")?;
    match product.of_single_values() {
        Some(values) if refuse.is_empty() => Ok(Expect::Exact(Answer::Values(Bits(values)))),
        _ => Ok(Expect::Dot { refuse }),
    }
}

/// The product that a question asks for; `None` where it is another question, or sizes that no memory
/// holds.
pub(in crate::suite) fn product(input: &Input) -> Option<Product<'_>> {
    let Input::Matmul { rows, columns, blocks, x, .. } = input else { return None };
    let (rows, columns) = (usize::try_from(*rows).ok()?, usize::try_from(*columns).ok()?);
    Some(Product { rows, columns, blocks: &blocks.0, x: &x.0 })
}

/// ROT.
pub(super) fn rotate(input: &Input) -> Result<Expect, String> {
    let question = Rotated::of(input).ok_or("f64 in the block form, or two precisions")?;
    let rotation = question.rotation();
    let faults = rotation.faults();
    if !faults.is_empty() {
        return Ok(Expect::Refuse(faults));
    }
    let bits = rotation.rotate().ok_or("ROT demands nothing of such values")?;
    Ok(Expect::Exact(match question.format {
        Format::F32 => Answer::Values(Bits(bits.into_iter().map(|bits| bits as u32).collect())),
        _ => Answer::Doubles(Bits64(bits)),
    }))
}

/// The rotation that a question asks for, its values as bits of one width.
pub(in crate::suite) struct Rotated<'a> {
    input: &'a Input,
    pub(in crate::suite) format: Format,
    values: Vec<u64>,
    gamma: Option<Vec<u64>>,
}

impl<'a> Rotated<'a> {
    /// `None` where the question is another one, or not one that ROT answers.
    pub(in crate::suite) fn of(input: &'a Input) -> Option<Self> {
        let Input::Rotate { side, inverse, block, gamma, values, .. } = input else { return None };
        let (format, bits) = widened(values);
        let gamma = gamma.as_ref().map(widened);
        let outside = match (block, &gamma) {
            (Some(_), _) if format != Format::F32 || *side != Side::Input => true,
            (_, Some((of_gamma, _))) => *of_gamma != format || *side != Side::Input || *inverse,
            _ => false,
        };
        let gamma = gamma.map(|(_, bits)| bits);
        (!outside).then_some(Self { input, format, values: bits, gamma })
    }

    /// The question for the evaluator.
    pub(in crate::suite) fn rotation(&self) -> Rotation<'_> {
        let Input::Rotate { seed, side, inverse, rows, columns, block, .. } = self.input else {
            unreachable!("`of` saw a rotation");
        };
        Rotation {
            format: self.format,
            seed: *seed,
            output_side: *side == Side::Output,
            inverse: *inverse,
            rows: *rows,
            columns: *columns,
            block: *block,
            gamma: self.gamma.as_deref(),
            values: &self.values,
        }
    }
}

fn widened(floats: &Floats) -> (Format, Vec<u64>) {
    match floats {
        Floats::F32(bits) => (Format::F32, bits.0.iter().map(|&bits| bits.into()).collect()),
        Floats::F64(bits) => (Format::F64, bits.0.clone()),
    }
}
