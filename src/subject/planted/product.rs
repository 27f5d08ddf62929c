//! Products (SPEC DOT), with a switch at every slip that kernels have made.

use half::f16;

use super::fault::faults;
use super::{BLOCK, Fault, Faulty, WEIGHTS, refusal};
use crate::format::Class;
use crate::suite::answer::Refusal;
use crate::suite::question::Matmul;

faults! {
    Matmul KHQ4 {
        50 RowsFlooredToTile "rows-floored-to-tile"
            "Dispatches whole tiles of 8 rows only: the rows behind them are never written."
        50 LastRowUnwritten "last-row-unwritten"
            "Dispatches one row too few: the last one is never written."
        51 ColumnsFloored "columns-floored"
            "Counts the blocks of a row by a division: columns behind the last whole one are lost."
        51 RowsAlignedToBlocks "rows-aligned-to-blocks"
            "Takes each row to begin with the block that holds its first weight."
        51 LastBlockOfRowSkipped "last-block-of-row-skipped"
            "Ends each row one block early."
        52 RowOffsetWraps "row-offset-wraps"
            "Keeps the offset of a row in 16 bits: rows behind 65536 weights are those before."
        52 FirstVectorForAll "first-vector-for-all"
            "Multiplies with the first vector whichever is asked for."
        52 ProductTransposed "product-transposed"
            "Writes the product row by row where it is to be vector by vector."
        53 ProductBiasDropped "product-bias-dropped"
            "Leaves the bias out of the product."
        53 BiasCountedPerLane "bias-counted-per-lane"
            "Adds the bias once for each of the four lanes that share a block."
        53 FirstBiasForRow "first-bias-for-row"
            "Factors the bias of a row's first block out of the whole row."
        54 ProductScaleAbsolute "product-scale-absolute"
            "Drops the sign of the scale in the product."
        42 ProductNibblesSwapped "product-nibbles-swapped"
            "Takes the even weight of a pair from the high half of its byte, in the kernel only."
        42 ProductSplitHalf "product-split-half"
            "Takes weights j and j + 16 from one byte, in the kernel only."
        41 ProductSymmetric "product-symmetric"
            "Multiplies with (q - 8) * s and never looks at the bias."
        11 FirstScaleForRow "first-scale-for-row"
            "Computes a row with the scale of its first block."
        34 AccumulatorNotCleared "accumulator-not-cleared"
            "Adds each row to the sum of the one before."
        46 XThroughF16 "xthrough-f16"
            "Rounds the vectors to f16 without saying so."
        50 ProductEmptyRefused "product-empty-refused"
            "Refuses a product without rows or without vectors."
        44 HalfAccumulator "half-accumulator"
            "Rounds the sum to f16 behind each block."
        35 ProductExtentUnchecked "product-extent-unchecked"
            "Never compares rows and columns with what is there: it computes with what it finds."
    }
}

/// Rows that a kernel computes at once, where its fault is about tiles.
const TILE: usize = 8;

/// Values of a product that are computed.
const MOST_PRODUCTS: usize = 1 << 20;

/// Lanes that share a block, where a fault counts something once for each.
const LANES: f32 = 4.0;

/// A block, read.
struct Read {
    scale: f32,
    bias: f32,
    nibbles: [u8; WEIGHTS],
}

impl Faulty {
    pub(super) fn product(self, request: &Matmul) -> Result<Vec<f32>, Refusal> {
        let size = |size: u64| {
            usize::try_from(size).map_err(|_| refusal(Class::TruncatedPayload, "too large"))
        };
        let (rows, mut columns) = (size(request.rows)?, size(request.columns)?);
        let vectors = size(request.vectors)?;
        let x = request.x.singles().ok_or_else(|| refusal(Class::ShapeMismatch, "x is f32"))?;
        let values = |count: Option<usize>| count.filter(|count| *count == x.len());
        if values(vectors.checked_mul(columns)).is_none()
            && !self.has(Fault::ProductExtentUnchecked)
        {
            return Err(refusal(Class::ShapeMismatch, format!("{} values of x", x.len())));
        }
        if (rows == 0 || vectors == 0) && self.has(Fault::ProductEmptyRefused) {
            return Err(refusal(Class::ShapeMismatch, "nothing to compute"));
        }
        let stride = columns;
        if self.has(Fault::ColumnsFloored) {
            columns -= columns % WEIGHTS;
        }
        if stride == 0 {
            return Err(refusal(Class::Shape, "a matrix without columns"));
        }
        let count = rows.checked_mul(stride).map(|weights| weights as u64);
        let count = count.ok_or_else(|| refusal(Class::TruncatedPayload, "too many weights"))?;
        if !self.has(Fault::ProductExtentUnchecked) {
            self.decode_payload(&request.blocks.0, count)?;
        }
        let blocks = self.product_blocks(&request.blocks.0);
        Ok(self.products(&blocks, (rows, columns), stride, vectors, &x))
    }

    fn product_blocks(self, payload: &[u8]) -> Vec<Read> {
        let half = |bytes: &[u8]| self.widen([bytes[0], bytes[1]]);
        let read = |block: &[u8; BLOCK]| {
            let nibble = |index: usize| {
                let (byte, high) = match self.fault {
                    Some(Fault::ProductNibblesSwapped) => (index / 2, index.is_multiple_of(2)),
                    Some(Fault::ProductSplitHalf) => (index % 16, index / 16 == 1),
                    _ => (index / 2, index % 2 == 1),
                };
                if high { block[4 + byte] >> 4 } else { block[4 + byte] & 15 }
            };
            let scale = half(&block[..2]);
            let absolute = self.has(Fault::ProductScaleAbsolute);
            Read {
                scale: if absolute { scale.abs() } else { scale },
                bias: half(&block[2..4]),
                nibbles: std::array::from_fn(nibble),
            }
        };
        payload.as_chunks::<BLOCK>().0.iter().map(read).collect()
    }

    fn products(
        self,
        blocks: &[Read],
        (rows, columns): (usize, usize),
        stride: usize,
        vectors: usize,
        x: &[f32],
    ) -> Vec<f32> {
        let computed = match self.fault {
            Some(Fault::RowsFlooredToTile) => rows - rows % TILE,
            Some(Fault::LastRowUnwritten) => rows.saturating_sub(1),
            _ => rows,
        };
        // More is only asked for by a fault.
        let mut products = vec![0.0; rows.saturating_mul(vectors).min(MOST_PRODUCTS)];
        for vector in 0..vectors.min(MOST_PRODUCTS) {
            let from = if self.has(Fault::FirstVectorForAll) { 0 } else { vector * stride };
            let x = &x[from.min(x.len())..];
            let mut carried = 0.0;
            for row in 0..computed {
                let place = match self.fault {
                    Some(Fault::ProductTransposed) => row * vectors + vector,
                    _ => vector * rows + row,
                };
                let sum = self.dot(blocks, row * stride, columns, x);
                let kept = if self.has(Fault::AccumulatorNotCleared) { carried } else { 0.0 };
                carried = sum + kept;
                if let Some(product) = products.get_mut(place) {
                    *product = carried;
                }
            }
        }
        products
    }

    /// One row, from the weight `first` on.
    fn dot(self, blocks: &[Read], first: usize, columns: usize, x: &[f32]) -> f32 {
        let first = match self.fault {
            Some(Fault::RowOffsetWraps) => first & 0xffff,
            _ => first,
        };
        let rounded = |value: f32| f16::from_f32(value).to_f32();
        let last = match self.fault {
            Some(Fault::LastBlockOfRowSkipped) => columns.saturating_sub(WEIGHTS),
            _ => columns,
        };
        // A row may begin inside a block (DOT-4).
        let aligned = self.has(Fault::RowsAlignedToBlocks);
        let first = if aligned { first / WEIGHTS * WEIGHTS } else { first };
        let (mut sum, mut done) = (0.0f32, 0);
        let x = &x[..last.min(x.len())];
        while done < x.len() {
            let Some(block) = blocks.get((first + done) / WEIGHTS) else { break };
            let within = (first + done) % WEIGHTS;
            let x = &x[done..x.len().min(done + WEIGHTS - within)];
            done += x.len();
            let product = |(&nibble, &x): (&u8, &f32)| match self.fault {
                Some(Fault::XThroughF16) => f32::from(nibble) * rounded(x),
                Some(Fault::ProductSymmetric) => (f32::from(nibble) - 8.0) * x,
                _ => f32::from(nibble) * x,
            };
            let quantized: f32 = block.nibbles[within..].iter().zip(x).map(product).sum();
            let of_bias: f32 = x.iter().sum();
            let bias = match self.fault {
                Some(Fault::ProductBiasDropped | Fault::ProductSymmetric) => 0.0,
                Some(Fault::BiasCountedPerLane) => LANES * block.bias,
                Some(Fault::FirstBiasForRow) => blocks[first / WEIGHTS].bias,
                _ => block.bias,
            };
            let scale = match self.fault {
                Some(Fault::FirstScaleForRow) => blocks[first / WEIGHTS].scale,
                _ => block.scale,
            };
            sum += scale * quantized + bias * of_bias;
            if self.has(Fault::HalfAccumulator) {
                sum = rounded(sum);
            }
        }
        sum
    }
}
