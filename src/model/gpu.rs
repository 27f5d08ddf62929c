//! The linear layers on a device: blocks go from their file into a buffer, and vectors to and fro.

use std::rc::Rc;

use super::ModelError;
use super::linear::{Backend, Linear};
use super::weights::{Tensor, Values};
use crate::gpu::{Device, GpuError, Matrix};

impl From<GpuError> for ModelError {
    fn from(error: GpuError) -> Self {
        Self::Backend(error.to_string())
    }
}

impl Backend for Device {
    fn linear(&self, name: &str, tensor: Tensor) -> Result<Rc<dyn Linear>, ModelError> {
        let (rows, columns) = tensor.sides(name)?;
        match tensor.values {
            Values::Blocks(blocks) => Ok(Rc::new(self.upload(name, &blocks, rows, columns)?)),
            Values::Plain(_) => Err(ModelError::tensor(name, "is not quantized: expected blocks")),
        }
    }
}

impl Linear for Matrix {
    fn rows(&self) -> usize {
        Self::rows(self)
    }

    fn columns(&self) -> usize {
        Self::columns(self)
    }

    fn multiply(&self, x: &[f32]) -> Result<Vec<f32>, ModelError> {
        Ok(Self::multiply(self, x, x.len() / Self::columns(self).max(1))?)
    }

    fn row(&self, row: usize) -> Result<Vec<f32>, ModelError> {
        Ok(Self::row(self, row)?)
    }
}
