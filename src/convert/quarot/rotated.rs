//! The weights of a rotated model, in f64, one tensor at a time from those of the plain one.

use super::plan::{Change, Planned};
use crate::codec::rotation::{Rotation, each_column, each_row, fold_norm};
use crate::convert::ConvertError;
use crate::model::double::Tensor;

/// Where weights come from: the tensor of a name, its values widened to f64 and row-major.
///
/// Its error is for what the source cannot give.
pub type Weights<'a> = dyn Fn(&str) -> Result<Tensor, ConvertError> + 'a;

/// A tensor of the rotated model, of the tensors of the plain one.
///
/// `rotation` is one of as many values as the residual stream has.
///
/// # Errors
///
/// Those of `plain`.
pub fn rotated(
    planned: &Planned,
    rotation: Rotation,
    plain: &Weights,
) -> Result<Tensor, ConvertError> {
    let (shape, mut values) = plain(&planned.source)?;
    let columns = shape.last().copied().unwrap_or(1);
    match &planned.change {
        Change::Input { norm } => {
            if let Some(norm) = norm {
                fold_norm(&mut values, &plain(norm)?.1);
            }
            each_row(&mut values, columns, |row| rotation.apply(row));
        }
        Change::Output => each_column(&mut values, columns, |column| rotation.apply(column)),
        Change::Zeroed => values.fill(0.0),
        Change::Kept => {}
    }
    Ok((shape, values))
}
