//! SPEC ROT, in f32 and f64.

use num_traits::Float as Real;

use super::refused;
use crate::codec::Rotation;
use crate::codec::rotation::{each_column, each_row, fold_norm};
use crate::format::Class;
use crate::subject::Response;
use crate::suite::floats::Floats;
use crate::suite::hex::{Bits, Bits64};
use crate::suite::operation::FormatId;
use crate::suite::question::{Rotate, Side};

pub(super) fn rotate(question: &Rotate) -> Response<Floats> {
    if question.format != FormatId::QUAROT {
        return Response::Unsupported;
    }
    let singles = |values: Vec<f32>| Floats::F32(Bits::of(&values));
    let doubles = |values: Vec<f64>| Floats::F64(Bits64::of(&values));
    match (&question.values, &question.gamma) {
        (Floats::F32(values), None) => rotated(question, values.values(), None).map(singles),
        (Floats::F32(values), Some(Floats::F32(gamma))) => {
            rotated(question, values.values(), Some(gamma.values())).map(singles)
        }
        // The block form is for f32, and so far for rows.
        (Floats::F64(_), _) if question.block.is_some() => Response::Unsupported,
        (Floats::F64(values), None) => rotated(question, values.values(), None).map(doubles),
        (Floats::F64(values), Some(Floats::F64(gamma))) => {
            rotated(question, values.values(), Some(gamma.values())).map(doubles)
        }
        _ => Response::Unsupported,
    }
}

fn rotated<T: Real>(
    question: &Rotate,
    mut values: Vec<T>,
    gamma: Option<Vec<T>>,
) -> Response<Vec<T>> {
    let Rotate { seed, side, inverse, rows, columns, block, .. } = *question;
    if block.is_some() && side == Side::Output || gamma.is_some() && inverse {
        return Response::Unsupported;
    }
    let length = if side == Side::Input { columns } else { rows };
    let rotation = match block {
        None => Rotation::plain(seed, length),
        Some(run) => Rotation::in_runs(seed, length, run),
    };
    let rotation = match rotation {
        Ok(rotation) => rotation,
        Err(error) => return refused(Class::Shape, error.to_string()),
    };
    if rows.checked_mul(columns) != Some(values.len() as u64) {
        let detail = format!("{rows} rows of {columns} values, not {}", values.len());
        return refused(Class::ShapeMismatch, detail);
    }
    if let Some(gamma) = gamma.as_ref().filter(|gamma| gamma.len() as u64 != columns) {
        let detail = format!("a norm of {} values for {columns} columns", gamma.len());
        return refused(Class::ShapeMismatch, detail);
    }
    if values.is_empty() {
        return Response::Done(values);
    }
    if let Some(gamma) = gamma {
        fold_norm(&mut values, &gamma);
    }
    let turn = |line: &mut [T]| if inverse { rotation.invert(line) } else { rotation.apply(line) };
    match side {
        Side::Input => each_row(&mut values, columns as usize, turn),
        Side::Output => each_column(&mut values, columns as usize, turn),
    }
    Response::Done(values)
}
