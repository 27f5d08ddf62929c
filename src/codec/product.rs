//! Products of a matrix in blocks with vectors (SPEC DOT).

use super::{BLOCK_WEIGHTS, Block, decode_block};

/// Y = W x for each vector in `x`: `rows` values a vector, vector by vector.
///
/// The blocks run over the flat matrix, so that a row may begin inside a block (DOT-4). Each weight is
/// decoded once, multiplied and added in f32, in the order of the columns.
///
/// # Panics
///
/// Where `blocks` are not those of rows times columns, or `x` is not whole vectors.
pub fn matmul(blocks: &[Block], rows: usize, columns: usize, x: &[f32]) -> Vec<f32> {
    let weights = rows * columns;
    assert_eq!(blocks.len(), weights.div_ceil(BLOCK_WEIGHTS), "blocks for {weights} weights");
    assert!(x.len().is_multiple_of(columns.max(1)), "{} values in vectors of {columns}", x.len());
    let mut products = vec![0.0; x.len() / columns.max(1) * rows];
    let mut weights = blocks.iter().flat_map(decode_block);
    for row in 0..rows {
        let row_weights: Vec<f32> = weights.by_ref().take(columns).collect();
        for (index, vector) in x.chunks(columns.max(1)).enumerate() {
            let terms = vector.iter().zip(&row_weights);
            products[index * rows + row] = terms.fold(0.0, |sum, (x, weight)| sum + weight * x);
        }
    }
    products
}
