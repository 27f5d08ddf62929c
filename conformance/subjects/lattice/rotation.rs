//! The rotation, under the rules at the top of `adapter.rs`.

use std::collections::HashMap;

use lattice_inference::error::InferenceError;
use lattice_inference::quant::quarot::hadamard::RandomizedHadamard;
use lattice_inference::quant::quarot::lora::{LoraLayerMut, rotate_adapter_for_quarot};
use lattice_inference::quant::quarot::pipeline::{TensorEntry, absorb_rotations, fuse_rmsnorms};
use lattice_inference::quant::quarot::plan::RotationPlan;
use lattice_inference::quant::quarot::rmsnorm_fusion::{
    RmsNormFusionTarget, fuse_shifted_rmsnorm_into_next_layer_f64,
};
use lattice_inference::quant::quarot::rotation::{
    absorb_input_rotation, absorb_input_rotation_f64, absorb_output_rotation,
    absorb_output_rotation_f64,
};
use serde::Deserialize;

use super::{Answer, Floats, Hex, Outcome, Release};

/// The public ways to rotate, the first of them used where a request names none:
///
/// * `vector` rotates one row after the other. It alone has an inverse and the rotation in blocks.
/// * `absorb` rotates one side of a matrix.
/// * `lora` does so for a matrix of an adapter, in f32 only.
/// * `pipeline` does so for a matrix of a model, in f64 only.
pub const ENTRIES: &[&str] = &["vector", "absorb", "lora", "pipeline"];

#[derive(Deserialize)]
pub struct Request {
    entry: Option<String>,
    block: Option<usize>,
    #[serde(flatten)]
    rotation: Rotation,
    values: Floats,
    /// A norm to be folded into the values first.
    gamma: Option<Floats>,
}

/// How a matrix is to be rotated, and its extent.
#[derive(Deserialize)]
pub struct Rotation {
    pub seed: u64,
    pub inverse: bool,
    pub columns: usize,
    rows: usize,
    side: Side,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Side {
    Input,
    Output,
}

pub fn rotate<R: Release>(request: Request) -> Answer {
    let Request { entry, block, rotation, values, gamma } = request;
    let entry = entry.as_deref().unwrap_or(ENTRIES[0]);
    match (values.f32(), values.f64(), gamma.as_ref().map(Floats::f64)) {
        // The engine folds a norm in f64 only.
        (Some(values), _, None) => rotate_f32::<R>(entry, &rotation, block, values),
        // The engine rotates blocks in f32 only. A norm has the type of the values.
        (_, Some(values), None) if block.is_none() => rotate_f64(entry, &rotation, values, None),
        (_, Some(values), Some(Some(gamma))) if block.is_none() => {
            rotate_f64(entry, &rotation, values, Some(gamma))
        }
        _ => Answer::UNSUPPORTED,
    }
}

/// Rotates f32 through one of the functions.
///
/// Those for a vector are given rows only, which are parts of the values as they lie. To gather a
/// column and put it back would be to do in this file what the functions for a matrix do.
fn rotate_f32<R: Release>(
    entry: &str,
    rotation: &Rotation,
    block: Option<usize>,
    mut values: Vec<f32>,
) -> Answer {
    let rotated = match (entry, rotation.side, block, rotation.inverse) {
        ("vector", Side::Input, _, _) if !rotation.has_extent(values.len()) => None,
        ("vector", Side::Input, Some(block), _) => R::rotate_blocks(rotation, block, &mut values),
        ("vector", Side::Input, None, false) => {
            Some(rotation.vectors(&mut values, RandomizedHadamard::apply))
        }
        ("vector", Side::Input, None, true) => {
            Some(rotation.vectors(&mut values, RandomizedHadamard::apply_inverse))
        }
        ("absorb", Side::Input, None, false) => {
            Some(rotation.absorb(&mut values, absorb_input_rotation))
        }
        ("absorb", Side::Output, None, false) => {
            Some(rotation.absorb(&mut values, absorb_output_rotation))
        }
        ("lora", _, None, false) => Some(rotation.adapter(&mut values)),
        _ => None,
    };
    rotated.map_or(Answer::UNSUPPORTED, |rotated| {
        Answer::of(rotated, |()| Outcome::of_values(&values))
    })
}

/// Rotates f64 in the same way, once the engine has folded the norm.
fn rotate_f64(
    entry: &str,
    rotation: &Rotation,
    mut values: Vec<f64>,
    gamma: Option<Vec<f64>>,
) -> Answer {
    let &Rotation { rows, columns, side, inverse, .. } = rotation;
    let whole = rotation.has_extent(values.len());
    let fold = |values: &mut [f64], gamma: Option<Vec<f64>>| match gamma {
        Some(gamma) => fuse_shifted_rmsnorm_into_next_layer_f64(values, rows, columns, &gamma),
        None => Ok(()),
    };
    let rotated = match (entry, side, inverse) {
        ("vector", Side::Input, false) if whole => fold(&mut values, gamma)
            .and_then(|()| rotation.vectors(&mut values, RandomizedHadamard::apply_f64)),
        ("vector", Side::Input, true) if whole => fold(&mut values, gamma)
            .and_then(|()| rotation.vectors(&mut values, RandomizedHadamard::apply_inverse_f64)),
        ("absorb", Side::Input, false) => fold(&mut values, gamma)
            .and_then(|()| rotation.absorb(&mut values, absorb_input_rotation_f64)),
        ("absorb", Side::Output, false) => fold(&mut values, gamma)
            .and_then(|()| rotation.absorb(&mut values, absorb_output_rotation_f64)),
        ("pipeline", _, false) => rotation.pipeline(&mut values, gamma),
        _ => return Answer::UNSUPPORTED,
    };
    Answer::of(rotated, |()| Outcome::Values(Floats::F64(Hex::of(&values, f64::to_le_bytes))))
}

impl Rotation {
    /// Whether so many values are this matrix. The functions for a vector have no argument for a
    /// number of rows, so values that are not whole rows, and just these, cannot be put to them.
    fn has_extent(&self, values: usize) -> bool {
        self.rows.checked_mul(self.columns) == Some(values)
    }

    /// Puts each row to a function for one vector.
    pub fn each_row<T>(
        &self,
        values: &mut [T],
        rotate: impl Fn(&mut [T]) -> Result<(), InferenceError>,
    ) -> Result<(), InferenceError> {
        (0..self.rows).try_for_each(|row| rotate(&mut values[row * self.columns..][..self.columns]))
    }

    fn vectors<T>(
        &self,
        values: &mut [T],
        apply: fn(&RandomizedHadamard, &mut [T]) -> Result<(), InferenceError>,
    ) -> Result<(), InferenceError> {
        let hadamard = RandomizedHadamard::new(self.seed, self.columns)?;
        self.each_row(values, |row| apply(&hadamard, row))
    }

    fn absorb<T>(
        &self,
        values: &mut [T],
        absorb: fn(&mut [T], usize, usize, &RandomizedHadamard) -> Result<(), InferenceError>,
    ) -> Result<(), InferenceError> {
        let hadamard = RandomizedHadamard::new(self.seed, self.length())?;
        absorb(values, self.rows, self.columns, &hadamard)
    }

    /// The length of what is rotated.
    fn length(&self) -> usize {
        match self.side {
            Side::Input => self.columns,
            Side::Output => self.rows,
        }
    }

    /// The engine's plan says that the input side of `q_proj` and the output side of `o_proj` are
    /// rotated. The other matrix of the adapter, which then stays as it is, has no values here.
    fn adapter(&self, values: &mut [f32]) -> Result<(), InferenceError> {
        let layer = match self.side {
            Side::Input => LoraLayerMut {
                layer_idx: 0,
                module: "q_proj",
                a: values,
                b: &mut [],
                rank: self.rows,
                d_in: self.columns,
                d_out: 0,
            },
            Side::Output => LoraLayerMut {
                layer_idx: 0,
                module: "o_proj",
                a: &mut [],
                b: values,
                rank: self.columns,
                d_in: 0,
                d_out: self.rows,
            },
        };
        let plan = RotationPlan::qwen3_residual_stream_linear_layers();
        rotate_adapter_for_quarot(vec![layer], self.seed, self.length(), &plan).map(|_report| ())
    }

    /// The same plan, for a model of this matrix and its norm.
    fn pipeline(
        &self,
        values: &mut Vec<f64>,
        gamma: Option<Vec<f64>>,
    ) -> Result<(), InferenceError> {
        let norm = "input_layernorm.weight";
        let weight = match self.side {
            Side::Input => "self_attn.q_proj.weight",
            Side::Output => "self_attn.o_proj.weight",
        };
        let tensor = |name: &str, shape, data| {
            (name.to_owned(), TensorEntry { name: name.to_owned(), shape, data })
        };
        let matrix = tensor(weight, vec![self.rows, self.columns], std::mem::take(values));
        let mut model = HashMap::from([matrix]);
        if let Some(gamma) = gamma {
            model.extend([tensor(norm, vec![gamma.len()], gamma)]);
            let downstream_weights = vec![weight.to_owned()];
            let target = RmsNormFusionTarget { norm_tensor: norm.to_owned(), downstream_weights };
            fuse_rmsnorms(&mut model, &[target])?;
        }
        let plan = RotationPlan::qwen3_residual_stream_linear_layers();
        let hadamard = RandomizedHadamard::new(self.seed, self.length())?;
        absorb_rotations(&mut model, &plan, &hadamard)?;
        *values = model.remove(weight).map(|tensor| tensor.data).unwrap_or_default();
        Ok(())
    }
}
