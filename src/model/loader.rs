//! Tensors of a model with the shapes that its configuration wants.

use std::rc::Rc;

use super::ModelError;
use super::linear::{Backend, Linear};
use super::weights::{Tensor, Values, Weights};

/// Takes tensors out of the weights, matrices by way of the backend.
pub(super) struct Loader<'a> {
    pub(super) weights: &'a dyn Weights,
    pub(super) backend: &'a dyn Backend,
}

impl Loader<'_> {
    /// A matrix of these sides.
    pub(super) fn matrix(
        &self,
        name: &str,
        rows: usize,
        columns: usize,
    ) -> Result<Rc<dyn Linear>, ModelError> {
        let tensor = self.tensor(name, &[rows, columns])?;
        self.backend.linear(name, tensor)
    }

    /// The values of a tensor of this shape, which is no matrix of a product.
    pub(super) fn vector(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, ModelError> {
        match self.tensor(name, shape)?.values {
            Values::Plain(values) => Ok(values),
            Values::Blocks(_) => Err(ModelError::tensor(name, "is quantized: expected values")),
        }
    }

    fn tensor(&self, name: &str, shape: &[usize]) -> Result<Tensor, ModelError> {
        let tensor = self.weights.tensor(name)?;
        let tensor = tensor.ok_or_else(|| ModelError::Missing(name.to_owned()))?;
        if tensor.shape == shape {
            return Ok(tensor);
        }
        let (name, expected) = (name.to_owned(), shape.to_vec());
        Err(ModelError::Shape { name, found: tensor.shape, expected })
    }
}
