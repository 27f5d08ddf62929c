//! A matrix in the adapter's memory, and what is computed with it (SPEC DOT).

use std::fmt;
use std::sync::Arc;

use wgpu::Buffer;
use zerocopy::IntoBytes;

use super::GpuError;
use super::context::Context;
use super::kernels::Kernel;
use super::launch::{Launch, floats};
use crate::codec::{Block, block_count};

/// Columns from which on 32 rows of them would exceed the kernels' 32-bit arithmetic.
const COLUMNS_END: usize = 1 << 27;

/// A matrix of blocks, in a buffer of the device that it was uploaded to.
#[derive(Clone)]
pub struct Matrix {
    context: Arc<Context>,
    name: String,
    blocks: Option<Buffer>,
    rows: usize,
    columns: usize,
}

impl fmt::Debug for Matrix {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, rows, columns, .. } = self;
        write!(formatter, "Matrix({name}: {rows} rows of {columns})")
    }
}

impl Matrix {
    pub(super) fn new(
        context: Arc<Context>,
        name: &str,
        blocks: &[Block],
        rows: usize,
        columns: usize,
    ) -> Result<Self, GpuError> {
        if columns == 0 || columns >= COLUMNS_END {
            let most_columns = COLUMNS_END - 1;
            return Err(GpuError::Shape { name: name.to_owned(), rows, columns, most_columns });
        }
        // Beyond 64 bits there are no such blocks either.
        checked_extent(name, blocks, (rows as u64).saturating_mul(columns as u64))?;
        let blocks = match blocks {
            // A buffer cannot be empty.
            [] => None,
            blocks => Some(context.guarded(|| context.blocks(name, blocks))?),
        };
        Ok(Self { context, name: name.to_owned(), blocks, rows, columns })
    }

    /// Its rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Its columns.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Y = W x for `vectors` vectors of `columns` values each, one behind the other: `rows` values a
    /// vector, vector by vector. One vector takes the kernel `matvec`, several take `matmul`; a head over
    /// a vocabulary is such a product with many rows.
    ///
    /// # Errors
    ///
    /// [`GpuError::Extent`], where `inputs` are not `vectors * columns` values;
    /// [`GpuError::TooLarge`], [`GpuError::TooManyGroups`], [`GpuError::Adapter`],
    /// [`GpuError::Unwritten`].
    pub fn multiply(&self, inputs: &[f32], vectors: usize) -> Result<Vec<f32>, GpuError> {
        let Self { context, rows, columns, .. } = self;
        if vectors.checked_mul(*columns) != Some(inputs.len()) {
            return Err(GpuError::Extent {
                what: format!("{vectors} vectors for {}", self.name),
                found: inputs.len() as u64,
                expected: (vectors as u64).saturating_mul(*columns as u64),
            });
        }
        let (Some(blocks), false) = (&self.blocks, inputs.is_empty()) else {
            return Ok(Vec::new());
        };
        let kernel = if vectors == 1 { Kernel::Matvec } else { Kernel::Matmul };
        let launch = Launch { kernel, rows: *rows, columns: *columns, vectors, row: 0 };
        context.guarded(|| {
            let x = context.storage("the vectors", inputs.as_bytes())?;
            context.launch(&launch, blocks, Some(&x)).map(floats)
        })
    }

    /// One row, decoded: `columns` values, bit for bit those of [`decode`](fn@crate::codec::decode). With a
    /// vocabulary's embeddings for rows this is the embedding of a token.
    ///
    /// # Errors
    ///
    /// [`GpuError::Row`], where there is no such row; [`GpuError::Adapter`],
    /// [`GpuError::Unwritten`].
    pub fn row(&self, row: usize) -> Result<Vec<f32>, GpuError> {
        let Self { context, rows, columns, .. } = self;
        let (Some(blocks), true) = (&self.blocks, row < *rows) else {
            return Err(GpuError::Row { name: self.name.clone(), row, rows: *rows });
        };
        let launch =
            Launch { kernel: Kernel::Row, rows: *rows, columns: *columns, vectors: 0, row };
        context.guarded(|| context.launch(&launch, blocks, None).map(floats))
    }
}

/// That `blocks` are just those of `weights` values (SPEC DEC-4, DOT-5).
pub(super) fn checked_extent(what: &str, blocks: &[Block], weights: u64) -> Result<(), GpuError> {
    let (found, expected) = (blocks.len() as u64, block_count(weights));
    if found == expected {
        return Ok(());
    }
    Err(GpuError::Extent { what: format!("{what}, in blocks"), found, expected })
}
