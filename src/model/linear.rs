//! Linear layers behind one trait, and what makes them: plain f32, or blocks multiplied as they are.

use std::rc::Rc;

use super::ModelError;
use super::weights::{Blocks, Tensor, Values};
use crate::codec::{decode, matmul};

/// A matrix that vectors are multiplied with.
pub trait Linear {
    /// Values of each product.
    fn rows(&self) -> usize;

    /// Values of each vector.
    fn columns(&self) -> usize;

    /// The products with the vectors in `x`, which lie one after the other, as do the products.
    ///
    /// # Errors
    ///
    /// What keeps a device from computing them.
    fn multiply(&self, x: &[f32]) -> Result<Vec<f32>, ModelError>;

    /// One row of the matrix, as an embedding is.
    ///
    /// # Errors
    ///
    /// As [`Linear::multiply`].
    fn row(&self, row: usize) -> Result<Vec<f32>, ModelError>;
}

/// What computes the products of a model.
pub trait Backend {
    /// The matrix that a tensor is. The name is for messages.
    ///
    /// # Errors
    ///
    /// Where the tensor is no matrix, or is of a kind that this does not take.
    fn linear(&self, name: &str, tensor: Tensor) -> Result<Rc<dyn Linear>, ModelError>;
}

/// Every matrix in f32; blocks are decoded when the model is loaded.
#[derive(Clone, Copy, Debug)]
pub struct Decoded;

/// Blocks as they lie in their file; there is no matrix of f32.
#[derive(Clone, Copy, Debug)]
pub struct Fused;

impl Backend for Decoded {
    fn linear(&self, name: &str, tensor: Tensor) -> Result<Rc<dyn Linear>, ModelError> {
        let (rows, columns) = tensor.sides(name)?;
        let values = match tensor.values {
            Values::Plain(values) => values,
            Values::Blocks(blocks) => {
                let mut values = vec![0.0; rows * columns];
                decode(&blocks, &mut values);
                values
            }
        };
        Ok(Rc::new(Dense { rows, columns, values }))
    }
}

impl Backend for Fused {
    fn linear(&self, name: &str, tensor: Tensor) -> Result<Rc<dyn Linear>, ModelError> {
        let (rows, columns) = tensor.sides(name)?;
        match tensor.values {
            Values::Blocks(blocks) => Ok(Rc::new(Quantized { rows, columns, blocks })),
            Values::Plain(_) => Err(ModelError::tensor(name, "is not quantized: expected blocks")),
        }
    }
}

struct Dense {
    rows: usize,
    columns: usize,
    values: Vec<f32>,
}

impl Linear for Dense {
    fn rows(&self) -> usize {
        self.rows
    }

    fn columns(&self) -> usize {
        self.columns
    }

    fn multiply(&self, x: &[f32]) -> Result<Vec<f32>, ModelError> {
        let mut products = Vec::with_capacity(x.len() / self.columns * self.rows);
        for vector in x.chunks_exact(self.columns) {
            let rows = self.values.chunks_exact(self.columns);
            products.extend(rows.map(|row| lanes(row, vector)));
        }
        Ok(products)
    }

    fn row(&self, row: usize) -> Result<Vec<f32>, ModelError> {
        Ok(self.values[row * self.columns..][..self.columns].to_vec())
    }
}

/// The sum of products, in eight sums that a compiler can keep side by side.
fn lanes(a: &[f32], b: &[f32]) -> f32 {
    let (a, rest_of_a) = a.as_chunks::<8>();
    let (b, rest_of_b) = b.as_chunks::<8>();
    let mut sums = [0.0; 8];
    for (a, b) in a.iter().zip(b) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    sums.iter().sum::<f32>() + super::arithmetic::dot(rest_of_a, rest_of_b)
}

struct Quantized {
    rows: usize,
    columns: usize,
    blocks: Blocks,
}

impl Linear for Quantized {
    fn rows(&self) -> usize {
        self.rows
    }

    fn columns(&self) -> usize {
        self.columns
    }

    fn multiply(&self, x: &[f32]) -> Result<Vec<f32>, ModelError> {
        Ok(matmul(&self.blocks, self.rows, self.columns, x))
    }

    fn row(&self, row: usize) -> Result<Vec<f32>, ModelError> {
        // A row of whole blocks, which Tensor::sides has seen to.
        let blocks = self.columns / crate::codec::BLOCK_WEIGHTS;
        let mut values = vec![0.0; self.columns];
        decode(&self.blocks[row * blocks..][..blocks], &mut values);
        Ok(values)
    }
}
